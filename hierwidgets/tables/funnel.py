"""Where divergences gather: in the neck of which group term's funnel, and what would help.

Betancourt and Girolami (2015), Hamiltonian Monte Carlo for hierarchical models, in Current Trends in
Bayesian Methodology with Applications.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from hierwidgets import priors
from hierwidgets.tables.diagnostics import diagnostics, moments
from hierwidgets.tables.mixing import mixing
from hierwidgets.tables.trace import divergences

if TYPE_CHECKING:
    from hierwidgets.fit import Fit
    from hierwidgets.terms import Effect

LEAST = 3
NECK = 0.1
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

    A term is accused when at least three divergences stand lower on its log scale than chance
    allows (`lower` above 0.5), or when it is centred, its scale itself mixes badly and draws
    diverged: a sampler that hardly enters the neck has few divergences to show for it.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    DataFrame
        ``term, factor, scale, parameterization, divergences, chance, lower, upper, share, rhat,
        ess_bulk, unmixed, accused, why, next``: the accused first, then by `chance`. ``rhat`` and
        ``ess_bulk`` are those of the log scale, ``unmixed`` whether they are beyond chance; ``next``
        is a line of Python, or "".

    Examples
    --------
    >>> funnels(fit)[["term", "chance", "lower", "accused", "next"]]  # doctest: +SKIP
    """
    diverging = divergences(fit)
    count = int(diverging.sum())
    rows = []
    for effect in fit.effects:
        scale = log_scale(fit, effect)
        found = neck(scale, diverging, len(fit.effects))
        mixed = diagnostics(scale[..., None])
        rhat, ess = float(mixed.rhat[0]), float(mixed.ess_bulk[0])
        unmixed = bool(mixing(scale[..., None], mixed).failing[0])
        why = _why(effect, found, count, unmixed)
        rows.append(
            {
                "term": effect.term,
                "factor": effect.factor,
                "scale": effect.scale,
                "parameterization": effect.parameterization,
                "divergences": count,
                **found._asdict(),
                "rhat": rhat,
                "ess_bulk": ess,
                "unmixed": unmixed,
                "accused": bool(why),
                "why": why,
                "next": advice(fit, effect) if why else "",
            }
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    order = table.assign(key=table["chance"].fillna(-1.0)).sort_values(
        ["accused", "key"], ascending=False, kind="stable"
    )
    return order.drop(columns="key").reset_index(drop=True)


COLUMNS = [
    *("term", "factor", "scale", "parameterization", "divergences", "chance", "lower", "upper"),
    *("share", "rhat", "ess_bulk", "unmixed", "accused", "why", "next"),
]


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


def advice(fit: Fit, effect: Effect) -> str:
    """The refit that should empty a funnel's neck, as a line of Python."""
    name = fit.name
    accept = f"target_accept={ACCEPT}"
    if effect.parameterization == "centered":
        written = {e.parameterization for e in fit.effects}
        which = "True" if written == {"centered"} else f"{{{effect.term!r}: True}}"
        return f"{name}.refit(noncentered={which}, {accept})"
    return f"{name}.refit(target_accept={BETTER})"


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


def _why(effect: Effect, found: Neck, count: int, mixes_badly: bool) -> str:
    if count >= LEAST and found.lower > 0.5:
        return (
            f"{100 * found.share:.0f} % of {count} divergences lie in the lowest tenth of its scale; a divergent "
            f"draw has a lower scale than another with probability {found.chance:.2f} "
            f"({found.lower:.2f} to {found.upper:.2f})"
        )
    if count > 0 and effect.parameterization == "centered" and mixes_badly and found.chance > 0.5:
        return "it is centred, its scale mixes badly, and draws diverged: the sampler hardly enters its neck"
    return ""
