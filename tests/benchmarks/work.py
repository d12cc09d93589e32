"""The measurements: the package beside its peers, in the same run."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import hierwidgets as hw
from hierwidgets.views.columns import unpack
from tests.synthetic import made_up


@dataclass(frozen=True)
class Result:
    """One line of the report."""

    work: str
    ours: str
    peer: str
    ratio: str
    bound: str
    within: bool


def fastest(work: Callable[[], object], times: int) -> float:
    """Seconds of the fastest run."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def import_seconds(module: str, times: int = 3) -> float:
    code = f"import time; a = time.perf_counter(); import {module}; print(time.perf_counter() - a)"
    command = [sys.executable, "-c", code]
    return min(float(subprocess.check_output(command, text=True)) for _ in range(times))


def imports() -> list[Result]:
    ours, peer = import_seconds("hierwidgets"), import_seconds("bambi")
    return [
        Result(
            "import hierwidgets, beside import bambi",
            seconds(ours),
            seconds(peer),
            f"1/{peer / ours:.0f}",
            "< 0.5 s and at most 1/10",
            ours < 0.5 and ours <= peer / 10,
        )
    ]


def compared(work: str, peer: str, ours: float, theirs: float, bound: float) -> Result:
    return Result(
        f"{work}, beside {peer}",
        seconds(ours),
        seconds(theirs),
        f"{theirs / ours:.0f} x",
        f"{bound:.0f} x faster",
        theirs / ours >= bound,
    )


def caterpillar(groups: int = 1000) -> Result:
    """From the call to the DataFrame and the specification, against ArviZ's forest."""
    import arviz as az

    fits = [_many(groups, seed) for seed in range(4)]
    fits.pop().caterpillar()

    def ours() -> None:
        view = fits.pop().caterpillar(sort="size")
        assert len(view.data) == groups
        assert unpack(view.specs)

    mine = fastest(ours, 3)
    tree = _many(groups, 0).idata
    theirs = fastest(lambda: az.plot_forest(tree, var_names=["1|g"], backend="matplotlib"), 1)
    return compared(f"caterpillar of {groups:,} groups", "plot_forest", mine, theirs, 20)


def trace(parameters: int = 500) -> Result:
    """All the view needs of many parameters, against ArviZ's trace and density of the same."""
    return _diagnosed("trace", "plot_trace_dist", lambda fit: fit.trace(), parameters)


def ranks(parameters: int = 100) -> Result:
    """Diagnostics and rank plots of many parameters, against ArviZ's rank plots of the same."""
    return _diagnosed(
        "convergence", "plot_rank", lambda fit: fit.convergence(show="parameters"), parameters
    )


def _diagnosed(work: str, peer: str, view: Callable[[hw.Fit], Any], parameters: int) -> Result:
    import arviz as az

    fits = [_many(parameters // 2, seed) for seed in range(4)]
    view(fits.pop())

    def ours() -> None:
        made = view(fits.pop())
        assert len(made.data) >= parameters
        assert unpack(made.specs)

    mine = fastest(ours, 3)
    tree = _many(parameters // 2, 0).idata
    plot = getattr(az, peer)
    with az.rc_context({"plot.max_subplots": 10 * parameters}):
        theirs = fastest(lambda: plot(tree, var_names=["1|g", "x|g"], backend="matplotlib"), 1)
    return compared(f"{work} of {parameters} parameters", peer, mine, theirs, 50)


def log_likelihood() -> Result:
    """Pointwise, of every draw and row of radon, against Bambi's."""
    from hierwidgets.tables.log_likelihood import log_likelihood as ours

    data = hw.example("radon")
    formula = "log_radon ~ floor + (1 | county)"
    fits = [
        hw.fit(formula, data, draws=250, tune=250, random_seed=1, progress=False) for _ in range(3)
    ]
    peer = fits[0]
    mine = fastest(lambda: ours(fits.pop()), 3)
    theirs = fastest(
        lambda: peer.model.compute_log_likelihood(peer.idata.copy(deep=True), inplace=False), 2
    )
    return compared("pointwise log likelihood", "Model.compute_log_likelihood", mine, theirs, 8)


def _many(groups: int, seed: int) -> hw.Fit:
    """An intercept and a slope for each group, 4 chains of 1,000 draws."""
    return made_up([f"group {j}" for j in range(groups)], seed=seed, chains=4, draws=1000)
