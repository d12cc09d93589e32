"""Refits without one group each: the same priors, number for number, on the rows that remain."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import as_completed
from typing import TYPE_CHECKING, Any

import numpy as np

from hierwidgets import priors, recipes, sampling, terms
from hierwidgets import refits as compiled
from hierwidgets.tables.left_out import Draws
from hierwidgets.tables.loo_groups import Grouping, Held, averaged
from hierwidgets.weights import densities

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import xarray as xr

    from hierwidgets.fit import Fit

__all__ = ["job", "refits", "score"]

_STOPPED = (KeyboardInterrupt, sampling.InterruptedSamplingError)


def refits(
    fit: Fit,
    left: Grouping,
    groups: list[str],
    *,
    into: dict[str, Held],
    executor: Executor | None,
    plan: sampling.Plan | None,
    progress: bool,
) -> None:
    """Fit without each of these groups, writing each group's elpd as it comes.

    An interrupt ends it and keeps those that are done.
    """
    sizes = fit.posterior.sizes
    asked = plan or sampling.Plan(sizes["draw"], max(1000, sizes["draw"]), sizes["chain"])
    jobs = {group: job(fit, left.rows(group), asked) for group in groups}
    for group in [g for g, made in jobs.items() if isinstance(made, str)]:
        into[group] = Held(np.nan, np.nan, np.nan, str(jobs.pop(group)))
    ready = {g: made for g, made in jobs.items() if isinstance(made, compiled.Job)}
    count = 0
    try:
        for group, given, tree in _done(ready, executor):
            count += 1
            into[group] = score(fit, left.rows(group), given, tree)
            if progress:
                print(f"{left.factor} {group}: fitted without it, {count} of {len(ready)}")  # noqa: T201
    except _STOPPED:
        if progress:
            print(f"Stopped: {count} of {len(ready)} refits are done and kept.")  # noqa: T201


def job(fit: Fit, rows: np.ndarray, plan: sampling.Plan) -> compiled.Job | str:
    """The refit without these rows, or the reason why it would be another model.

    Raises
    ------
    ValueError
        For a model that cannot be built again from text.
    """
    keep = np.setdiff1d(np.arange(len(fit.data)), rows)
    if not len(keep):
        return "there are no other rows to fit"
    whole = compiled.job(fit, {one.parameter: one.setting for one in priors.top(fit)}, plan)
    recipe = json.loads(whole.recipe)
    recipe["data"] = {
        name: recipes.some(column, keep.tolist()) for name, column in recipe["data"].items()
    }
    if "index" in recipe:
        recipe["index"] = recipes.some(recipe["index"], keep.tolist())
    given = compiled.Job(json.dumps(recipe, sort_keys=True), whole.settings, plan)
    try:
        reduced = compiled.model(given)
    except ValueError as error:
        return f"the model cannot be made without it: {error}"
    return _changed(fit.model, reduced, keep) or given


def score(fit: Fit, rows: np.ndarray, given: compiled.Job, tree: xr.DataTree) -> Held:
    """The elpd of these rows under a fit without them, effects new in them integrated out."""
    from hierwidgets.fit import Fit

    tree["posterior"].attrs["partial"] = ""
    without = Fit(compiled.model(given), tree)
    if sentence := compiled.unsettled(without):
        return Held(np.nan, np.nan, np.nan, f"refitted without it, {_first(sentence)}")
    draws = Draws(fit, without.posterior)
    found = draws.density(rows)
    return averaged(found, draws, _recentred(fit, without))


def _first(sentence: str) -> str:
    return sentence.split(", so it does not join", 1)[0]


def _done(
    jobs: dict[str, compiled.Job], executor: Executor | None
) -> Iterator[tuple[str, compiled.Job, xr.DataTree]]:
    if executor is None:
        for group, given in jobs.items():
            yield group, given, compiled.run(given)
        return
    running: dict[Any, str] = {executor.submit(compiled.run, g): name for name, g in jobs.items()}
    try:
        for future in as_completed(running):
            group = running[future]
            yield group, jobs[group], future.result()
    finally:
        for future in running:
            future.cancel()


def _recentred(fit: Fit, without: Fit) -> np.ndarray:
    """Log weights (draws,) that give intercepts the prior they have in the whole fit.

    Bambi's prior of an intercept is on its value at the mean of the predictors, and leaving rows out
    moves that mean.
    """
    posterior = without.posterior
    total = np.zeros(int(posterior.sizes["chain"] * posterior.sizes["draw"]))
    for one in priors.top(fit):
        if one.fixed or one.kind != "location":
            continue
        there = priors.draws(without, one.parameter)
        here = priors.draws(fit, one.parameter, posterior)
        if here is not there and not np.array_equal(here, there):
            family, args = one.setting.family, one.setting.args
            ratio = densities.log_density(family, args, here)
            ratio = ratio - densities.log_density(family, args, there)
            total += ratio.sum(axis=-1).ravel()
    return total


def _changed(model: Any, reduced: Any, keep: np.ndarray) -> str:
    """Why the model without the rows would not be the same model, or nothing."""
    for name in model.conditional_parameters:
        whole, part = terms.common(model, name), terms.common(reduced, name)
        if whole.names != part.names:
            lost = [label for label in whole.names if label not in part.names]
            what = f"{lost[0]} has" if lost else "the predictors have"
            return f"{what} no rows in the other groups, so they do not inform it"
        if not np.allclose(whole.X[keep], part.X, rtol=1e-9, atol=1e-12):
            return (
                "the formula computes a predictor from all rows, as scale() does, so it would "
                "change without these: make it a column first"
            )
    for whole, part in zip(terms.effects(model), terms.effects(reduced), strict=False):
        if whole.term != part.term or not np.allclose(whole.predictor[keep], part.predictor):
            return f"{whole.term} would be another term without these rows"
    return ""
