import subprocess
import sys

MODULES = "densities, errors, estimates, gate, pool, power, smoothing, traps"


def test_the_floor_needs_neither_bambi_nor_widgets():
    code = (
        f"import sys; from hierwidgets.weights import {MODULES}; "
        "print(*({'bambi', 'pymc', 'altair', 'anywidget', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
