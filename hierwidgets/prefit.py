"""Refits laid over a slider's range beforehand, each where the gauge is worst."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hierwidgets import checks, priors, refits
from hierwidgets.tables import reweight

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import xarray as xr

    from hierwidgets import sampling
    from hierwidgets.fit import Fit

POINTS = 25
RANGE = (1 / 50, 10.0)


def prefit(
    fit: Fit,
    parameter: str,
    plan: sampling.Plan,
    *,
    values: Sequence[float] | None = None,
    most: int = 5,
    at_once: int = 1,
    executor: Executor | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """`Fit.prefit`."""
    tops = priors.top(fit)
    known = {one.parameter: one for one in tops}
    one = known[checks.one_of(parameter, list(known), "a parameter with a top-level prior")]
    argument, grid = points(one, values)
    most, at_once = checks.positive_int(most, "most"), checks.positive_int(at_once, "at_once")
    table = _table(fit, one, argument, grid)
    notes: dict[int, str] = {}
    while len(notes) < most:
        places = worst(table["verdict"] != "reliable", set(notes))
        places = places[: min(at_once, most - len(notes))]
        if not places:
            break
        jobs = {
            i: refits.job(fit, priors.changed(tops, {parameter: _at(one, argument, grid[i])}), plan)
            for i in places
        }
        for i, tree in _done(jobs, executor):
            notes[i] = _joined(fit, jobs[i], tree)
        table = _table(fit, one, argument, grid)
        if progress:
            at = ", ".join(f"{grid[i]:.3g}" for i in places)
            reliable = int((table["verdict"] == "reliable").sum())
            print(f"{parameter}: {argument} = {at}; {reliable} of {len(grid)} values reliable")  # noqa: T201
    fitted = [notes.get(i) == "" for i in range(len(grid))]
    return table.assign(fitted=fitted, note=[notes.get(i, "") for i in range(len(grid))])


def _done(
    jobs: dict[int, refits.Job], executor: Executor | None
) -> Iterator[tuple[int, xr.DataTree]]:
    if executor is None:
        for i, job in jobs.items():
            yield i, refits.run(job)
        return
    running = {i: executor.submit(refits.run, job) for i, job in jobs.items()}
    for i, future in running.items():
        yield i, future.result()


def _joined(fit: Fit, job: refits.Job, tree: xr.DataTree) -> str:
    """Let a refit join the pool, or say why it does not."""
    try:
        refits.joined(fit, job, tree)
    except ValueError as error:
        return str(error)
    return ""


def points(one: priors.Top, values: Sequence[float] | None) -> tuple[str, np.ndarray]:
    """The argument that a slider moves, and where on its range to look."""
    if one.fixed:
        raise ValueError(f"The prior of {one.parameter!r} cannot be changed here: {one.fixed}.")
    scale = priors.scale_argument(one)
    if values is not None:
        grid = np.unique(np.asarray(values, float))
        if grid.size == 0 or not np.all(np.isfinite(grid)):
            raise ValueError(f"values must be finite numbers for {scale} of {one.parameter!r}.")
        return scale, grid
    now = float(np.max(np.asarray(one.setting.args[scale])))
    return scale, np.geomspace(RANGE[0] * now, RANGE[1] * now, POINTS)


def worst(unreliable: Sequence[bool], tried: set[int]) -> list[int]:
    """The middles of the stretches that cannot be believed, the longest first, none tried before."""
    flags = np.asarray(unreliable, bool)
    edges = np.flatnonzero(np.diff(np.r_[0, flags.astype(int), 0]))
    stretches = sorted(edges.reshape(-1, 2).tolist(), key=lambda s: s[0] - s[1])
    found: list[int] = []
    for start, end in stretches:
        middle = (start + end - 1) / 2
        free = [i for i in range(start, end) if i not in tried]
        if free:
            found.append(min(free, key=lambda i: abs(i - middle)))
    return found


def _at(one: priors.Top, argument: str, value: float) -> priors.Setting:
    now = np.asarray(one.setting.args[argument], float)
    moved = now * (value / now.max()) if now.ndim else value
    return priors.Setting(
        one.setting.family, {**one.setting.args, argument: np.asarray(moved).tolist()}
    )


def _table(fit: Fit, one: priors.Top, argument: str, grid: np.ndarray) -> pd.DataFrame:
    drawn = reweight.pool(fit)
    rows: list[dict[str, Any]] = []
    for value in grid:
        settings = {**drawn.settings[0], one.parameter: _at(one, argument, value)}
        found = reweight.judged(drawn, settings)
        rows.append(
            {argument: value, "verdict": found.verdict, "khat": found.khat, "ess": found.ess}
        )
    return pd.DataFrame(rows)
