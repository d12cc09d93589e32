"""Thousands of damaged and rewritten files: does loading refuse, and do nothing else?

``python -m tests.benchmarks.damage 2000 [seed]``: so many of each kind of `tests.mutations`, in a
process of its own for each hundred, so that a crash of the HDF5 library is counted and not the end.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

import numpy as np

import hierwidgets as hw
from tests import mutations
from tests.synthetic import made_up

AT_ONCE = 100
SECONDS = 120


def batch(kind: int, first: int, good: Path, folder: Path) -> Counter[str]:
    """A hundred files of one kind, by seed."""
    warnings.simplefilter("ignore")
    fit = hw.load(good)
    found: Counter[str] = Counter()
    for seed in range(first, first + AT_ONCE):
        path = folder / f"{kind}-{seed}.nc"
        said = mutations.made(mutations.KINDS[kind], good, path, np.random.default_rng(seed))
        if not said:
            found["not made"] += 1
            continue
        signal.alarm(SECONDS)
        with mutations.watched() as seen:
            try:
                found[mutations.outcome(path, fit)] += 1
            except Exception as error:  # noqa: BLE001
                seen.append(f"{type(error).__name__}: {str(error)[:300]}")
        signal.alarm(0)
        path.unlink(missing_ok=True)
        if seen:
            found["wrong"] += 1
            print(f"  seed {seed}, {said}: {seen}")
    return found


def main(count: int, seed: int) -> None:
    """Print how many were refused, the same, another, wrong or ended the process."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        good = made_up(["a", "b", "c"], draws=20).save(folder / "good.nc")
        for kind, change in enumerate(mutations.KINDS):
            total: Counter[str] = Counter()
            for first in range(seed, seed + count, AT_ONCE):
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                    try:
                        total += pool.submit(batch, kind, first, good, folder).result()
                    except BrokenProcessPool:
                        total["process ended"] += 1
                        print(f"  the process ended between seeds {first} and {first + AT_ONCE}")
            print(f"{change.__name__}: {dict(total)}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
