"""Where divergences gather: in the neck of which group term's funnel, and what would help.

Betancourt and Girolami (2015), Hamiltonian Monte Carlo for hierarchical models, in Current Trends in
Bayesian Methodology with Applications. Papaspiliopoulos, Roberts and Sköld (2007), A general framework
for the parametrization of hierarchical models, Statistical Science 22, 59-73: centred is the better form
where the data say more of a group than its prior does.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from hierwidgets import checks, priors
from hierwidgets.tables.diagnostics import diagnostics, moments
from hierwidgets.tables.mixing import mixing
from hierwidgets.tables.trace import divergences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hierwidgets.fit import Fit
    from hierwidgets.terms import Effect

LEAST = 3
NECK = 0.1
HALF = 0.5
KNOWN = 0.5
ACCEPT = 0.95
BETTER = 0.99
TIGHTER = 0.5
Axis = Literal["sampled", "effect"]
AXES = ("sampled", "effect")


class Neck(NamedTuple):
    """How much lower the log scale is where the sampler diverged.

    Attributes
    ----------
    chance : float
        That a divergent draw has a lower log scale than another draw; 0.5 if they are alike.
    lower, upper : float
        Of `chance`.
    share : float
        Of divergences in the lowest tenth of the log scale; 0.1 if they are alike.
    """

    chance: float
    lower: float
    upper: float
    share: float


def neck(log_scale: np.ndarray, diverging: np.ndarray, terms: int = 1) -> Neck:
    """How much divergences gather where a scale is small.

    `chance` is the Mann-Whitney statistic, U / (n m), ties counted half. Its interval is that of
    draws that are alike, ``chance ± z sqrt((1/12) (1/n + 1/m + 1/(n m)))``, with z the normal
    quantile of 95 % for as many terms at once (Bonferroni). It takes divergences for independent of
    one another, which a chain that sticks makes too narrow; and it knows where a trajectory began,
    not where it broke off.

    Parameters
    ----------
    log_scale : ndarray, shape (chain, draw)
    diverging : ndarray of bool, shape (chain, draw)
    terms : int
        Compared at once.

    Returns
    -------
    Neck
        Of draws whose log scale is finite; NaN without divergences, or with nothing else.

    Examples
    --------
    >>> neck(np.array([[0.0, 1.0, 2.0, 3.0]]), np.array([[True, False, False, False]])).chance
    1.0
    """
    there = np.isfinite(log_scale)
    log_scale, diverging = log_scale[there], diverging[there]
    low, others = log_scale[diverging], log_scale[~diverging]
    n, m = len(low), len(others)
    if n == 0 or m == 0:
        return Neck(np.nan, np.nan, np.nan, np.nan)
    ranks = stats.rankdata(np.concatenate([low, others]))
    above = ranks[:n].sum() - n * (n + 1) / 2
    chance = 1 - above / (n * m)
    half = stats.norm.ppf(1 - 0.025 / terms) * np.sqrt((1 / n + 1 / m + 1 / (n * m)) / 12)
    share = float(np.mean(low <= np.quantile(log_scale, NECK)))
    return Neck(
        float(chance), max(0.0, float(chance - half)), min(1.0, float(chance + half)), share
    )


def funnels(fit: Fit) -> pd.DataFrame:
    """Every group term by how much divergences gather in the neck of its funnel.

    A centred term whose `weight` is above a half has no neck and is never accused. Another is when
    divergent draws are lower on its log scale, and three of them lower than chance allows (`lower`
    above 0.5), or half of them in its lowest tenth, or its scale itself mixes badly: a sampler that
    hardly enters the neck has few divergences to show for it. A non-centred term is accused when three
    divergences are lower than chance allows and no centred term is accused.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    DataFrame
        ``term, factor, scale, parameterization, divergences, chance, lower, upper, share, weight,
        rhat, ess_bulk, unmixed, accused, why, next``: the accused first, then by `chance`. ``weight``
        is that of `weight`; ``rhat`` and ``ess_bulk`` are those of the log scale, ``unmixed`` whether
        they are beyond chance; ``next`` is a line of Python, or "".

    Examples
    --------
    >>> funnels(fit)[["term", "chance", "lower", "weight", "accused", "next"]]  # doctest: +SKIP
    """
    diverging = divergences(fit)
    count = int(diverging.sum())
    rows = []
    for effect in fit.effects:
        scale = log_scale(fit, effect)
        found = neck(scale, diverging, len(fit.effects))
        mixed = diagnostics(scale[..., None])
        unmixed = bool(mixing(scale[..., None], mixed).failing[0])
        known = weight(fit, effect)
        rows.append(
            {
                "term": effect.term,
                "factor": effect.factor,
                "scale": effect.scale,
                "parameterization": effect.parameterization,
                "divergences": count,
                **found._asdict(),
                "weight": known,
                "rhat": float(mixed.rhat[0]),
                "ess_bulk": float(mixed.ess_bulk[0]),
                "unmixed": unmixed,
                "why": _why(effect, found, count, known, mixes_badly=unmixed),
            }
        )
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name not in LAST])
    table["accused"] = table["why"] != ""
    centred = table["parameterization"] == "centered"
    if (table["accused"] & centred).any():
        table["accused"] &= centred
    table["why"] = table["why"].where(table["accused"], "")
    told = zip(fit.effects, table["accused"], strict=True)
    table["next"] = [advice(fit, [effect]) if accused else "" for effect, accused in told]
    order = table.assign(key=table["chance"].fillna(-1.0)).sort_values(
        ["accused", "key"], ascending=False, kind="stable"
    )
    return order[COLUMNS].reset_index(drop=True)


LAST = ("accused", "next")
COLUMNS = [
    *("term", "factor", "scale", "parameterization", "divergences", "chance", "lower", "upper"),
    *("share", "weight", "rhat", "ess_bulk", "unmixed", "accused", "why", "next"),
]


def weight(fit: Fit, effect: Effect) -> float:
    """How much of its least-known group the rows decide where the scale is small, from 0 to 1.

    τ² / (τ² + v), with τ the scale's tenth percentile and v the largest posterior variance of a group's
    difference from the mean of the groups, times J / (J - 1) for J groups. Near the shrinkage weight
    of that group in the neck, and above it where the scale is uncertain, whatever the family.

    Examples
    --------
    >>> weight(fit, fit.effects[0])  # doctest: +SKIP
    """
    u = effect.draws(fit.posterior)
    count = u.shape[-1]
    with np.errstate(invalid="ignore", over="ignore"):
        if count > 1:
            u = (u - u.mean(axis=-1, keepdims=True)) * np.sqrt(count / (count - 1))
        low = np.exp(2 * np.quantile(log_scale(fit, effect), NECK))
        return float(low / (low + u.var(axis=(0, 1)).max()))


def necked(table: pd.DataFrame) -> list[str]:
    """The terms that would be better non-centred: the accused, else centred ones that have a neck.

    Of the latter only those whose scale mixes badly, where there are any.

    Parameters
    ----------
    table : DataFrame
        Of `funnels`.
    """
    if table.empty:
        return []
    centred = table["parameterization"] == "centered"
    some = table["accused"] & centred
    if not some.any():
        some = centred & ~(table["weight"] > KNOWN)
        if (some & table["unmixed"]).any():
            some &= table["unmixed"]
    return table.loc[some, "term"].tolist()


def log_scale(fit: Fit, effect: Effect) -> np.ndarray:
    """The logarithm of a group scale, shape (chain, draw)."""
    return np.log(np.maximum(effect.scale_draws(fit.posterior), np.finfo(float).tiny))


def sampled(fit: Fit, effect: Effect, axis: Axis = "sampled") -> np.ndarray:
    """What stands against the log scale, shape (chain, draw, groups).

    The effects u, or for a non-centred term, when `axis` is "sampled", the offsets u / sigma that
    the sampler moves in their place. Of correlated terms these are the offsets before they are
    rotated apart.
    """
    values = effect.draws(fit.posterior)
    if axis == "effect" or effect.parameterization == "centered":
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        return values / np.exp(log_scale(fit, effect))[..., None]


def loosest(fit: Fit, effect: Effect) -> int:
    """The place of the group whose effect the data say least about, of those with finite draws."""
    sd = moments(effect.draws(fit.posterior))[1]
    return int(np.nan_to_num(sd, nan=-1.0).argmax())


def advice(fit: Fit, effects: Sequence[Effect]) -> str:
    """The refit that should empty these terms' necks, as a line of Python; the others stay as they are."""
    centred = [effect for effect in effects if effect.parameterization == "centered"]
    if not centred:
        return f"{fit.name}.refit(target_accept={BETTER})"
    which = "True" if len(centred) == len(fit.effects) else {e.term: True for e in centred}
    return f"{fit.name}.refit(noncentered={which}, target_accept={ACCEPT})"


def tighter(fit: Fit, effect: Effect) -> str:
    """A refit under half as wide a prior of the group scale, or nothing where it cannot be changed."""
    known = {one.parameter: one for one in priors.top(fit)}
    one = known.get(effect.scale)
    if one is None or one.fixed:
        return ""
    argument = priors.scale_argument(one)
    now = one.setting.args[argument]
    if not isinstance(now, float):
        return ""
    narrow = now / TIGHTER if argument == "lam" else now * TIGHTER
    kept = {**one.setting.args, argument: float(f"{narrow:.3g}")}
    given = ", ".join(f"{key}={value!r}" for key, value in kept.items())
    prior = f'hw.Prior("{one.setting.family}", {given})'
    named = json.dumps(effect.scale, ensure_ascii=False)
    return f"{fit.name}.refit({{{named}: {prior}}}, target_accept={ACCEPT})"


def _why(effect: Effect, found: Neck, count: int, known: float, *, mixes_badly: bool) -> str:
    centred = effect.parameterization == "centered"
    if count == 0 or not found.chance > 0.5 or (centred and known > KNOWN):
        return ""
    beyond = count >= LEAST and found.lower > 0.5
    if beyond or (centred and found.share >= HALF):
        return (
            f"{100 * found.share:.0f} % of {count} divergence{checks.plural(count)} lie in the lowest tenth of its "
            f"scale; a divergent draw has a lower scale than another with probability {found.chance:.2f} "
            f"({found.lower:.2f} to {found.upper:.2f})"
        )
    if centred and mixes_badly:
        return "it is centred, its scale mixes badly, and draws diverged: the sampler hardly enters its neck"
    return ""
