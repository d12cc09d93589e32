"""Fits of one model under other priors, compiled once: the priors' numbers are data of the model.

A `Job` is plain text and numbers, so that any executor can run it, in another process or on another
machine. Where it runs, the programs it compiled are kept for the next job.
"""

from __future__ import annotations

import json
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hierwidgets import allowed, checks, priors, recipes, sampling
from hierwidgets.correlated import Joint
from hierwidgets.tables.diagnostics import diagnostics

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import bambi as bmb
    import xarray as xr

    from hierwidgets.fit import Fit
    from hierwidgets.priors import Setting

MOST_KEPT = 4
WORST_RHAT = 1.05


@dataclass(frozen=True)
class Job:
    """One refit: a model's recipe as JSON, all its top-level priors, and how long to sample."""

    recipe: str
    settings: dict[str, Setting]
    plan: sampling.Plan

    @property
    def program(self) -> tuple[Any, ...]:
        """What the compiled program depends on: the families, but none of the numbers."""
        shapes = (
            (name, one.family, tuple((key, np.ndim(arg)) for key, arg in one.args.items()))
            for name, one in self.settings.items()
        )
        return self.recipe, tuple(shapes)


def job(
    fit: Fit,
    settings: dict[str, Setting],
    plan: sampling.Plan,
    noncentered: bool | Mapping[str, bool] | None = None,
) -> Job:
    """The refit of a fit's model under these settings of all its top-level priors.

    `noncentered` changes how group terms are written, of all of them or by name.

    Raises
    ------
    ValueError
        For a model that cannot be built again from text, such as one with a function in its priors.
    """
    movable = {one.parameter for one in priors.top(fit) if not one.fixed}
    kept = {name: one for name, one in settings.items() if name in movable}
    return Job(_recipe_of(fit, noncentered), kept, plan)


def _recipe_of(fit: Fit, noncentered: bool | Mapping[str, bool] | None = None) -> str:
    recipe: dict[str, Any] = {**recipes.of(fit), "name": "", "dropped": 0}
    if noncentered is not None:
        recipe["priors"] = recipes.written(fit, recipe["priors"], noncentered)
        checks.group_priors(recipes.model(recipe))
    return json.dumps(recipe, allow_nan=True, sort_keys=True)


def run(
    given: Job,
    tell: Callable[[int, int, int], None] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> xr.DataTree:
    """Do a job: draws as Bambi gives them, equal in law to those of a new fit under the priors.

    Raises
    ------
    hierwidgets.sampling.StoppedError
        `stopped` said so.
    hierwidgets.sampling.InterruptedSamplingError
        Interrupted: a part of a refit is not kept.
    """
    values = {
        f"{name}:{key}": np.asarray(arg, float)
        for name, one in given.settings.items()
        for key, arg in one.args.items()
        if key != "size"
    }
    tree = sampling.run(_PROGRAMS.compiled(given).given(values), given.plan, tell, stopped)
    if sampling.kept(tree, given.plan.draws, given.plan.chains):
        raise sampling.InterruptedSamplingError(
            "The refit was interrupted half-way, so it is not used."
        )
    return tree


def model(given: Job) -> bmb.Model:
    """The plain Bambi model of a job, unbuilt."""
    return priors.at(recipes.model(json.loads(given.recipe)), given.settings)


def refit(
    fit: Fit,
    changes: Mapping[str, Any],
    plan: sampling.Plan,
    executor: Executor | None = None,
    noncentered: bool | Mapping[str, bool] | None = None,
) -> Fit:
    """`Fit.refit`."""
    given = job(fit, priors.changed(priors.top(fit), changes), plan, noncentered)
    tree = executor.submit(run, given).result() if executor is not None else run(given)
    new = _fit(fit, given, tree)
    if sentence := unsettled(new):
        warnings.warn(f"The refit stands alone: {sentence}", UserWarning, stacklevel=3)
        return new
    return _in_pool(fit, new)


def joined(fit: Fit, given: Job, tree: xr.DataTree) -> Fit:
    """The refit as a `Fit` of the same pool.

    Raises
    ------
    ValueError
        The refit has not converged: draws of it would spoil the pool.
    """
    new = _fit(fit, given, tree)
    if sentence := unsettled(new):
        raise ValueError(sentence)
    return _in_pool(fit, new)


def _fit(fit: Fit, given: Job, tree: xr.DataTree) -> Fit:
    from hierwidgets.fit import Fit

    tree["posterior"].attrs["partial"] = ""
    new = Fit(model(given), tree, name=fit.name, dropped=fit.dropped, executor=fit.executor)
    new.origin = fit
    return new


def _in_pool(fit: Fit, new: Fit) -> Fit:
    """A refit that mixed, of a fit that did not, leaves it and its like behind."""
    from hierwidgets.tables.reweight import unmixed

    fit.pool.append(new)
    spoilt = unmixed(fit) and not unmixed(new)
    new.pool = [one for one in fit.pool if not unmixed(one)] if spoilt else fit.pool
    return new


def unsettled(fit: Fit) -> str:
    """Why the chains of a fit cannot be trusted, or nothing: R-hat of the top-level parameters."""
    names = [one.parameter for one in priors.top(fit)]
    values = np.concatenate([priors.draws(fit, name) for name in names], axis=2)
    rhat, ess_bulk, _ = diagnostics(values)
    if np.nanmax(rhat) <= WORST_RHAT:
        return ""
    return (
        f"its chains did not mix (R-hat up to {np.nanmax(rhat):.2f}, effective sample size down to "
        f"{np.nanmin(ess_bulk):.0f}), so it does not join the pool. Sample longer with draws= and "
        "tune=, or choose a less extreme prior."
    )


class _Programs:
    """The last few compiled programs of this process."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Any, ...], sampling.Compiled] = OrderedDict()

    def compiled(self, given: Job) -> sampling.Compiled:
        with sampling.BUILDING:
            if given.program not in self._kept:
                built = as_data(model(given))
                built.build()
                self._kept[given.program] = sampling.Compiled.of(built)
            self._kept.move_to_end(given.program)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return self._kept[given.program]


_PROGRAMS = _Programs()


def as_data(plain: bmb.Model) -> bmb.Model:
    """The model itself, each number of its top-level priors data named ``"<parameter>:<argument>"``."""

    def made(_name: str, prior: Any) -> Any:
        import bambi as bmb

        if isinstance(prior, Joint):
            return replace(prior, as_data=True)
        if prior.dist is not None or not _numeric(prior):
            return prior
        return bmb.Prior(
            prior.name,
            auto_scale=False,
            dist=_Dynamic(prior.name, tuple(_numeric(prior))),
            noncentered=prior.noncentered,
            **prior.args,
        )

    return priors.under(plain, made)


def _numeric(prior: Any) -> list[str]:
    return [
        key
        for key, arg in prior.args.items()
        if isinstance(arg, (int, float, np.ndarray, np.number))
    ]


@dataclass(frozen=True)
class _Dynamic:
    """A distribution of PyMC whose numbers become data of the model being built."""

    family: str
    numeric: tuple[str, ...]

    def __call__(self, label: str, dims: Any = None, **args: Any) -> Any:
        import pymc as pm

        for key in self.numeric:
            args[key] = pm.Data(f"{label}:{key}", np.asarray(args[key], float))
        return allowed.distribution(self.family)(label, dims=dims, **args)
