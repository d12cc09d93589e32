"""What the prior lab shows: quantities of a pool of fits, before and after their priors are changed."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from hierwidgets import priors, terms
from hierwidgets.tables import broken, heavy, icc, reweight
from hierwidgets.tables.trace import places
from hierwidgets.tables.units import population_draws
from hierwidgets.weights import estimates

if TYPE_CHECKING:
    from hierwidgets.fit import Fit
    from hierwidgets.priors import Setting
    from hierwidgets.terms import Effect
    from hierwidgets.weights import gate

__all__ = ["Quantity", "effects", "member", "members", "quantities", "summary"]

PROBABILITIES = (0.025, 0.25, 0.5, 0.75, 0.975)
FIELDS = ["mean", "mean_mcse", "sd", "sd_mcse", "lower", "upper"]
_KNOWN: WeakKeyDictionary[Fit, list[Quantity]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Quantity:
    """A number whose posterior is shown.

    Attributes
    ----------
    name : str
    parameter : str
        The top-level parameter whose prior's row shows it, or "".
    shown : bool
        Whether the table lists it; an intercept at the mean of the predictors is only drawn.
    draws : ndarray, shape (chain, draw)
    """

    name: str
    parameter: str
    shown: bool
    draws: np.ndarray


def quantities(fit: Fit) -> list[Quantity]:
    """Every quantity of a fit: top-level parameters, correlations, shares of variance, new groups.

    A new group is the population's value plus the group scale times a number from the standard Normal,
    or Student t, of the effects, drawn once for each draw of the posterior. It is missing for others.
    """
    if fit not in _KNOWN:
        _KNOWN[fit] = [*_parameters(fit), *_shares(fit), *_new_groups(fit)]
    return _KNOWN[fit]


def effects(fit: Fit, term: str) -> np.ndarray:
    """The whole effect of every group, population and deviation, shape (chain, draw, groups)."""
    effect = fit.effect(term)
    return effect.draws(fit.posterior) + population_draws(fit, effect)[..., None]


def members(fit: Fit) -> list[Fit]:
    """The fits of its pool, itself first: evidence is measured against its own priors."""
    return [fit, *(other for other in fit.pool if other is not fit)]


def member(fit: Fit) -> dict[str, np.ndarray]:
    """Draws of one fit as the page holds them: ``x/<parameter>`` (elements, N), ``quantities`` (Q, N).

    N runs over the chains, one after another.
    """
    columns = {
        f"x/{one.parameter}": majored(priors.draws(fit, one.parameter))
        for one in priors.top(fit)
        if not one.fixed
    }
    values = np.stack([one.draws.ravel() for one in quantities(fit)])
    return {**columns, "quantities": values.astype(np.float32)}


def majored(draws: np.ndarray) -> np.ndarray:
    """Draws (chain, draw, elements) as (elements, N) in the page's precision."""
    return np.ascontiguousarray(draws.reshape(-1, draws.shape[-1]).T, np.float32)


def scale_label(effect: Effect) -> str:
    """The quantity that is the scale of an effect."""
    inner = ", ".join(str(at) for dim, at in effect.at.items() if dim != effect.factor_dim)
    return f"{effect.scale}[{inner}]" if inner else effect.scale


def why_not(fit: Fit) -> str:
    """Why the model cannot be refitted in the background, or nothing."""
    from hierwidgets import recipes

    try:
        recipes.of(fit)
    except ValueError as error:
        return str(error)
    return ""


def summary(fit: Fit, settings: Mapping[str, Setting]) -> pd.DataFrame:
    """The quantities before and after their priors are changed, each with its Monte Carlo error.

    Parameters
    ----------
    fit : Fit
    settings : dict
        Of every top-level prior, by parameter.

    Returns
    -------
    DataFrame
        One row a quantity: quantity; before_mean, before_mean_mcse, before_sd, before_sd_mcse,
        before_lower, before_upper (95 %) under the fitted priors; the same without ``before_`` under
        these; verdict and reason. Where a refit is needed the numbers after are NaN.

    Examples
    --------
    >>> summary(fit, changed(top(fit), {"1|Subject_sigma": hw.Prior("HalfNormal", sigma=10)}))
    """
    fitted = {one.parameter: one.setting for one in priors.top(fit)}
    pool = reweight.pool(fit)
    before, after = (reweight.judged(pool, each) for each in (fitted, settings))
    first = _summarised(pool, before).add_prefix("before_")
    second = _summarised(pool, after)
    if after.verdict == "needs a refit":
        second = second * np.nan
    names = [one.name for one in quantities(fit)]
    table = pd.concat([pd.DataFrame({"quantity": names}), first, second], axis=1)
    table = table.assign(verdict=after.verdict, reason=after.reason)
    shown = [one.shown for one in quantities(fit)]
    return table[shown].reset_index(drop=True)


def _summarised(pool: reweight.Pool, judgement: gate.Judgement) -> pd.DataFrame:
    probabilities = (PROBABILITIES[0], PROBABILITIES[-1])
    ends = [estimates.quantiles(judgement.weights, row, probabilities) for row in pool.quantities]
    lower, upper = np.transpose(ends)
    columns = [judgement.mean, judgement.mcse_mean, judgement.sd, judgement.mcse_sd, lower, upper]
    return pd.DataFrame(dict(zip(FIELDS, columns, strict=True)))


def _parameters(fit: Fit) -> list[Quantity]:
    """Every scalar of no group term, and each intercept as its prior sees it.

    Not those that are none of the model's own and have draws that are no numbers.
    """
    own = broken.needed(fit.model)
    out: list[Quantity] = []
    tops = {one.parameter: one for one in priors.top(fit)}
    for place in places(fit):
        if place.term:
            continue
        values = place.draws(fit)
        if place.variable not in own and not (np.abs(values) < broken.FAR).all():
            continue
        one = tops.get(place.variable)
        plain = one is None or one.kind == "correlation"
        seen = values if plain else priors.draws(fit, place.variable)
        same = np.array_equal(seen, values)
        for i, name in enumerate(place.names):
            parameter = place.variable if one is not None and same else ""
            out.append(Quantity(name, parameter, True, values[..., i]))
            if not same:
                said = f"{name} at the mean of the predictors"
                out.append(Quantity(said, place.variable, False, seen[..., i]))
    return out


def _shares(fit: Fit) -> list[Quantity]:
    shares = icc.share_draws(icc.decompose(fit))
    shape = tuple(fit.posterior.sizes[dim] for dim in terms.MAIN_DIMS)
    return [
        Quantity(f"ICC of {factor}", "", True, share.reshape(shape))
        for factor, share in shares.items()
        if factor
    ]


def _new_groups(fit: Fit) -> list[Quantity]:
    out: list[Quantity] = []
    for effect in fit.effects:
        population = population_draws(fit, effect)
        seed = [zlib.crc32(effect.term.encode()), fit.pool.index(fit)]
        z = heavy.standard(effect, fit.posterior, np.random.default_rng(seed))
        if z is None:
            continue
        values = population + effect.scale_draws(fit.posterior) * z
        out.append(Quantity(f"a new group of {effect.term}", "", True, values))
    return out
