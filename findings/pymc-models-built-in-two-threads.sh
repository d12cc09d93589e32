#!/bin/sh
# pymc 6.4.0 with pytensor 3.3.7: a model that is built in one thread changes how another thread compiles.
#
# A good guess: a model belongs to the thread that builds it (PyMC keeps its stack of models by thread), so
# two threads may each build and compile their own. In fact, wherever a shape is given, PyMC empties
# pytensor.config.cxx for a moment, and that configuration is one for all threads. What another thread
# compiles in that moment is fused as if there were no compiler, to 32 operands a loop, and warns that "Loop
# fusion failed" now and then, for no reason in its own model. One lock around building and compiling helps.
#
# Seen: while one thread makes Normal variables with a shape, another reads both the compiler's path and "".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  pymc==6.4.0 pytensor==3.3.7 scipy==1.18.1 numpy==2.5.5 arviz==1.3.0 xarray==2026.9.0
cat > "$folder/seen.py" <<'PY'
import threading

import pymc as pm
import pytensor

if not pytensor.config.cxx:
    raise SystemExit("Needs a C++ compiler on the path, to be seen to go away.")
seen, done = set(), threading.Event()


def watch():
    while not done.is_set():
        seen.add(pytensor.config.cxx == "")


watcher = threading.Thread(target=watch)
watcher.start()
for _ in range(500):
    with pm.Model():
        pm.Normal("effect", 0, 1, shape=3)
done.set()
watcher.join()
print(f"seen by the other thread: compiler there {False in seen}, compiler gone {True in seen}")
assert seen == {False, True}
PY
"$folder/venv/bin/python" -W ignore "$folder/seen.py"
