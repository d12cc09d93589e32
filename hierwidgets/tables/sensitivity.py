"""Power-scaling: whether the posterior follows its priors, its data, or both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from hierwidgets import checks, priors, terms
from hierwidgets.tables import loo
from hierwidgets.tables.log_likelihood import total
from hierwidgets.tables.priors import quantities
from hierwidgets.weights import densities, power

if TYPE_CHECKING:
    from hierwidgets.fit import Fit
    from hierwidgets.priors import Setting, Top

__all__ = [
    "BY",
    "CANNOT_TELL",
    "CONFLICT",
    "DOUBTFUL",
    "LIMIT",
    "NONE",
    "STRONG",
    "diagnosis",
    "log_priors",
    "sensitivity",
    "unscaled",
]

By = Literal["all", "group", "prior"]
BY: tuple[By, ...] = ("all", "group", "prior")
LIMIT = 0.05
DOUBTFUL = 0.7
CONFLICT = "prior-data conflict"
STRONG = "strong prior / weak likelihood"
CANNOT_TELL = "cannot tell by power-scaling: refit"
NONE = "none"
ALL = "all priors"
GROUPS = ("population effects", "group scales", "family parameters", "correlations")
_FOUND: WeakKeyDictionary[Fit, pd.DataFrame] = WeakKeyDictionary()


@dataclass(frozen=True)
class _Component:
    by: By
    name: str
    setting: str
    log_density: np.ndarray


def sensitivity(fit: Fit, by: By = "all") -> pd.DataFrame:
    """How much every quantity moves when priors, or the likelihood, are made stronger or weaker.

    A density is raised to the powers 0.99 and 1.01 by reweighting the draws. Only top-level priors are
    scaled, never the distribution of group effects given their scale, so that centred and non-centred
    models answer the same; an intercept's prior is taken where Bambi has it, at the mean of the
    predictors.

    Parameters
    ----------
    fit : Fit
        Its own draws; those of its refits have other priors.
    by : {"all", "group", "prior"}
        What is scaled at once: all top-level priors, those of one group (population effects, group
        scales, family parameters, correlations), or one prior alone.

    Returns
    -------
    DataFrame
        One row for each quantity and each thing scaled: quantity; scaled (its name); setting (the
        prior, "" for several); prior and likelihood, the sensitivity to either (change of the
        cumulative Jensen-Shannon distance with log2 of the power; 0.05 is the distance of two normal
        distributions a quarter of a standard deviation apart); prior_khat and likelihood_khat, the
        Pareto k of the reweighting, -inf where there is nothing to smooth; diagnosis, as `diagnosis`
        gives it; next, the line of Python to go on with. Where a row's density is zero at some draw the
        likelihood cannot be scaled: NaN, with a Pareto k of inf.

    Raises
    ------
    ValueError
        An unknown ``by``, or a row whose log likelihood is not a number.

    References
    ----------
    Kallioinen, Paananen, Bürkner and Vehtari (2024), Detecting and diagnosing prior and likelihood
    sensitivity with power-scaling, Statistics and Computing 34, 57, doi:10.1007/s11222-023-10366-5.

    Examples
    --------
    >>> sensitivity(fit, by="prior").query("diagnosis != 'none'")
    """
    checks.one_of(by, BY, "a way to scale the priors")
    if fit not in _FOUND:
        _FOUND[fit] = _computed(fit)
    table = _FOUND[fit]
    table = table[table["by"] == by].drop(columns="by").reset_index(drop=True)
    return table.assign(next=[f"{fit.name}.{line}" if line else "" for line in table["next"]])


def diagnosis(prior: float, prior_khat: float, likelihood: float, likelihood_khat: float) -> str:
    """What two sensitivities say together.

    Where a Pareto k that the answer rests on is 0.7 or more there is none.

    Examples
    --------
    >>> diagnosis(prior=0.2, prior_khat=0.1, likelihood=0.01, likelihood_khat=0.1)
    'strong prior / weak likelihood'
    """
    if prior_khat >= DOUBTFUL:
        return CANNOT_TELL
    if prior < LIMIT:
        return NONE
    if likelihood_khat >= DOUBTFUL:
        return CANNOT_TELL
    return CONFLICT if likelihood >= LIMIT else STRONG


def log_priors(fit: Fit) -> dict[str, np.ndarray]:
    """The log density of each top-level prior that can be scaled, at every draw.

    Returns
    -------
    dict
        Arrays of shape (chain, draw) by parameter, summed over its elements.
    """
    return {
        one.parameter: _log_density(one.setting, priors.draws(fit, one.parameter))
        for one in priors.top(fit)
        if not _why_not(one)
    }


def impossible(fit: Fit) -> str:
    """Which rows have density zero at some draws, so that the likelihood cannot be scaled; or nothing."""
    return "" if np.isfinite(total(fit)).all() else loo.impossible(fit)


def unscaled(fit: Fit) -> dict[str, str]:
    """The top-level priors that are not scaled, each with the reason."""
    found = {one.parameter: _why_not(one) for one in priors.top(fit)}
    smooth = "it belongs to a Gaussian process, whose priors are not read"
    return {**{k: why for k, why in found.items() if why}, **dict.fromkeys(_smooths(fit), smooth)}


def _smooths(fit: Fit) -> list[str]:
    return list(terms.smooths(fit.model))


def _why_not(one: Top) -> str:
    if one.setting.family == "Flat":
        return "a flat prior has nothing to scale"
    return one.fixed


def _log_density(setting: Setting, draws: np.ndarray) -> np.ndarray:
    args = {name: np.asarray(arg, float) for name, arg in setting.args.items()}
    return densities.log_density(setting.family, args, draws).sum(axis=-1)


def _computed(fit: Fit) -> pd.DataFrame:
    shown = [one for one in quantities(fit) if one.shown]
    tops = {one.parameter: one for one in priors.top(fit)}
    parts = _components(fit, tops)
    whole = {f"{part.by}/{part.name}": part.log_density.ravel() for part in parts}
    likelihood = total(fit).ravel()
    scalable = bool(np.isfinite(likelihood).all())
    whole["likelihood"] = likelihood if scalable else np.zeros(len(likelihood))
    found = power.sensitivity(whole, np.stack([one.draws.ravel() for one in shown]))
    if not scalable:
        found.cjs[-1], found.khat[-1] = np.nan, np.inf
    alone = [i for i, part in enumerate(parts) if part.by == "prior"]
    rows = []
    for j, quantity in enumerate(shown):
        driver = max(alone, key=lambda i, j=j: found.cjs[i, j], default=None)
        moved = None if driver is None else tops[parts[driver].name]
        for i, part in enumerate(parts):
            one = {
                "prior": found.cjs[i, j],
                "prior_khat": found.khat[i],
                "likelihood": found.cjs[-1, j],
                "likelihood_khat": found.khat[-1],
            }
            says = diagnosis(**one)
            own = tops[part.name] if part.by == "prior" else moved
            rows.append(
                {
                    "by": part.by,
                    "quantity": quantity.name,
                    "scaled": part.name,
                    "setting": part.setting,
                    **one,
                    "diagnosis": says,
                    "next": _next(says, quantity.name, own),
                }
            )
    return pd.DataFrame(rows)


def _components(fit: Fit, tops: dict[str, Top]) -> list[_Component]:
    each = log_priors(fit)
    nothing = np.zeros(tuple(fit.posterior.sizes[dim] for dim in terms.MAIN_DIMS))
    whole = _Component("all", ALL, "", sum(each.values(), nothing))
    groups = {name: _group(fit, tops[name]) for name in each}
    grouped = [
        _Component("group", group, "", _sum([each[name] for name in each if groups[name] == group]))
        for group in GROUPS
        if group in groups.values()
    ]
    single = [
        _Component("prior", name, str(tops[name].setting), values) for name, values in each.items()
    ]
    return [whole, *grouped, *single]


def _sum(values: Sequence[np.ndarray]) -> np.ndarray:
    return np.sum(values, axis=0)


def _group(fit: Fit, one: Top) -> str:
    if one.kind == "correlation":
        return "correlations"
    if one.parameter in {effect.location for effect in fit.effects}:
        return "population effects"
    if one.parameter.startswith(tuple(f"{effect.variable}_" for effect in fit.effects)):
        return "group scales"
    design = terms.common(fit.model, terms.parent(fit.model))
    population = {name for name, _ in design.variables}
    return "population effects" if one.parameter in population else "family parameters"


def _next(says: str, quantity: str, one: Top | None) -> str:
    """The line of Python that looks further: the prior's row in the lab, or a refit under another."""
    if says == NONE or one is None:
        return ""
    if says == CANNOT_TELL and one.setting.family in priors.SCALES:
        return f"refit({{{_text(one.parameter)}: {_wider(one)}}})"
    return f"priors(quantity={_text(quantity)})  # move the prior of {one.parameter}"


def _wider(one: Top) -> str:
    """The same prior with its scale doubled, as one writes it."""
    args = {key: np.asarray(arg, float) for key, arg in one.setting.args.items() if key != "size"}
    args[priors.SCALES[one.setting.family]] *= 2
    if one.kind == "correlation":
        return f"{float(args['eta']):g}"
    given = ", ".join(f"{key}={arg.tolist()!r}" for key, arg in args.items())
    return f"hw.Prior({_text(one.setting.family)}, {given})"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
