"""The fitted lines of groups: no, partial and complete pooling against a predictor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from hierwidgets import checks, design, terms
from hierwidgets.tables import beside, groups
from hierwidgets.tables.settings import Axis, axis, settings
from hierwidgets.tables.shrinkage import shrinkage

if TYPE_CHECKING:
    from hierwidgets.fit import Fit
    from hierwidgets.terms import Effect

MOST_DRAWS = 500
KINDS = ("partial_pooling", "lower", "upper", "no_pooling", "complete_pooling")
_BATCH = 4_000_000
_ONE_CURVE = (
    checks.REAL
    | checks.COUNTS
    | checks.POSITIVE
    | checks.UNIT_INTERVAL
    | checks.TRIALS
    | {"bernoulli"}
) - {"vonmises"}


@dataclass(frozen=True)
class Own:
    """What each group of a factor says of itself: estimates (G, K), complete (K,), and why not."""

    effects: list[Effect]
    tables: list[pd.DataFrame] = field(repr=False)

    @property
    def estimate(self) -> np.ndarray:
        """No-pooling estimates, shape (groups, effects)."""
        return np.column_stack([table["no_pooling"].to_numpy() for table in self.tables])

    @property
    def complete(self) -> np.ndarray:
        """Complete-pooling estimates, shape (effects,)."""
        return np.array([table["complete_pooling"].iloc[0] for table in self.tables])


@dataclass(frozen=True)
class Curves:
    """Lines of g groups at the p points of an axis, each (g, p), by scale and by `KINDS`."""

    axis: Axis
    values: dict[str, dict[str, np.ndarray]]


def factors(fit: Fit) -> list[str]:
    """The grouping factors whose groups differ in the mean, in the formula's order.

    Raises
    ------
    ValueError
        If there are none, or the family has no single curve for a group.
    """
    component = terms.parent(fit.model)
    known = checks.ORDERED | _ONE_CURVE
    if fit.family not in known or any(effect.response for effect in fit.effects):
        raise ValueError(
            f"groups() draws one curve for each group, and a model of the {fit.family} family has "
            "none or several."
        )
    if smooth := terms.smooths(fit.model):
        raise ValueError(f"groups() cannot draw the Gaussian process {smooth[0]!r}.")
    found = [effect.factor for effect in fit.effects if effect.component == component]
    if not found:
        fit.effect()
        raise ValueError(
            f"No group term of {fit.formula!r} is about {component!r}: the groups have the same "
            "curve. caterpillar() shows how they differ."
        )
    return list(dict.fromkeys(found))


def scales(fit: Fit) -> list[str]:
    """The scales that lines can be drawn on: "response", "link", or both.

    They are one under the identity link. Ordered categories have the link scale alone.
    """
    if fit.family in checks.ORDERED:
        return ["link"]
    plain = terms.link_name(fit.model, terms.parent(fit.model)) == "identity"
    return ["response"] if plain else ["response", "link"]


def own(fit: Fit, factor: str) -> Own:
    """The groups' own estimates of every effect that varies over `factor`, in the posterior's order."""
    component = terms.parent(fit.model)
    varying = [e for e in fit.effects if e.factor == factor and e.component == component]
    tables = [
        shrinkage(fit, effect.term).set_index("group").loc[effect.groups].reset_index()
        for effect in varying
    ]
    return Own(varying, tables)


def curves(
    fit: Fit, own: Own, along: Axis, positions: Sequence[int] | np.ndarray | None = None
) -> Curves:
    """Lines of the groups at `positions`, all by default, on every scale of the fit."""
    every = range(len(own.effects[0].groups))
    chosen = np.asarray(list(every if positions is None else positions), int)
    if not len(chosen):
        empty = {kind: np.zeros((0, len(along.at))) for kind in KINDS}
        return Curves(along, dict.fromkeys(scales(fit), empty))
    step = max(1, _BATCH // (MOST_DRAWS * len(along.at)))
    parts = [
        _curves(fit, own, along, chosen[start : start + step])
        for start in range(0, len(chosen), step)
    ]
    return Curves(
        along,
        {
            scale: {kind: np.concatenate([p[scale][kind] for p in parts]) for kind in KINDS}
            for scale in scales(fit)
        },
    )


def _curves(
    fit: Fit, own: Own, along: Axis, chosen: np.ndarray
) -> dict[str, dict[str, np.ndarray]]:
    model, posterior, component = fit.model, fit.posterior, terms.parent(fit.model)
    first = own.effects[0]
    data = settings(fit, first, along, chosen)
    X, offset = design.common_at(model, component, data)
    Z = design.effects_at(model, component, own.effects, data)
    fitted = terms.common(model, component)
    beta = _flat(fitted.draws(posterior))
    at = np.repeat(chosen, len(along.at))
    picks = thinned(len(beta))

    population = offset + X @ beta.mean(axis=0)
    draws = offset + beta[picks] @ X.T
    other, other_draws = _others(fit, first, chosen, data, picks)
    mean = population + other
    draws += other_draws
    for k, effect in enumerate(own.effects):
        u = _flat(effect.draws(posterior))
        mean = mean + Z[:, k] * u.mean(axis=0)[at]
        draws += Z[:, k] * u[picks][:, at]

    within = terms.population_weights(fitted, own.effects) @ beta.mean(axis=0)
    held = other if beside.reason(fit, own.effects) else 0.0
    rest = population + held - Z @ within
    link = {
        "partial_pooling": mean,
        **_band(draws),
        "no_pooling": rest + (Z * own.estimate[at]).sum(axis=1),
        "complete_pooling": rest + Z @ own.complete,
    }
    found = {"link": link}
    if scales(fit) == ["response"]:
        found = {"response": link}
    elif "response" in scales(fit):
        response = design.inverse(model, component, draws)
        found["response"] = {
            "partial_pooling": response.mean(axis=0),
            **_band(response),
            "no_pooling": design.inverse(model, component, link["no_pooling"]),
            "complete_pooling": design.inverse(model, component, link["complete_pooling"]),
        }
    shape = (len(chosen), len(along.at))
    return {
        scale: {kind: found[scale][kind].reshape(shape) for kind in KINDS} for scale in scales(fit)
    }


def _others(
    fit: Fit, effect: Effect, chosen: np.ndarray, data: pd.DataFrame, picks: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What other groupings add: the mean of their effects over the rows of each group."""
    others = [
        e for e in fit.effects if e.component == effect.component and e.factor != effect.factor
    ]
    points = len(data) // len(chosen)
    mean, draws = np.zeros(len(data)), np.zeros((len(picks), len(data)))
    if not others:
        return mean, draws
    Z = design.effects_at(fit.model, effect.component, others, data)
    n = groups.sizes(effect)
    for k, other in enumerate(others):
        counts = sparse.csr_matrix(
            (1 / n[effect.index], (effect.index, other.index)),
            shape=(len(n), len(other.groups)),
        )[chosen]
        u = _flat(other.draws(fit.posterior))
        mean += Z[:, k] * np.repeat(counts @ u.mean(axis=0), points)
        draws += Z[:, k] * np.repeat((counts @ u[picks].T).T, points, axis=1)
    return mean, draws


def thinned(count: int) -> np.ndarray:
    """Positions of at most 500 of `count` draws, evenly spaced."""
    return np.unique(np.linspace(0, count - 1, min(count, MOST_DRAWS)).round().astype(int))


def _flat(draws: np.ndarray) -> np.ndarray:
    return draws.reshape(-1, draws.shape[-1])


def _band(draws: np.ndarray) -> dict[str, np.ndarray]:
    lower, upper = np.quantile(draws, [0.025, 0.975], axis=0)
    return {"lower": lower, "upper": upper}


def lines(
    fit: Fit,
    factor: str | None = None,
    x: str | None = None,
    groups: Sequence[str] | None = None,
    scale: str | None = None,
) -> pd.DataFrame:
    """No, partial and complete pooling of each group along a predictor.

    Other numeric predictors are held at the group's own mean, categorical ones at its most frequent
    level, other groupings at the mean of their effects over the group's rows.

    Parameters
    ----------
    fit : Fit
    factor : str, optional
        A grouping factor; the first by default.
    x : str, optional
        A column of the data, or ``""`` for the order of a group's rows. By default the first varying
        slope's predictor, or the first numeric one, or the first.
    groups : list of str, optional
        Labels; all by default.
    scale : {"response", "link"}, optional

    Returns
    -------
    DataFrame
        factor, group, x, partial_pooling (posterior mean), lower and upper (its equal-tailed 95 %
        interval), no_pooling and complete_pooling. At most 25 points a group, over the range of all
        rows; the levels themselves where the model reads `x` as categories. The interval, and the
        mean on the response scale of a link that is not the identity, are those of 500 draws, evenly
        spaced. ``no_pooling`` holds all that does not vary over `factor` at its posterior mean; it
        is NaN where a group has no estimate of its own.

    Raises
    ------
    ValueError
        An unknown factor, column, group or scale, or a family without one curve a group.

    Examples
    --------
    >>> lines(fit, "Subject", "Days", ["308"])[["x", "no_pooling", "partial_pooling"]]
    """
    known = factors(fit)
    chosen = known[0] if factor is None else checks.one_of(factor, known, "a grouping factor")
    mine = own(fit, chosen)
    labels = mine.effects[0].groups
    wanted = labels if groups is None else list(groups)
    positions = [labels.index(checks.one_of(g, labels, f"a group of {chosen!r}")) for g in wanted]
    on = scales(fit)[0] if scale is None else checks.one_of(scale, scales(fit), "a scale")
    along = axis(fit, mine.effects[0], x)
    found = curves(fit, mine, along, positions)
    points = len(along.at)
    shown = np.array(along.levels, object)[along.at.astype(int)] if along.levels else along.at
    return pd.DataFrame(
        {
            "factor": chosen,
            "group": np.repeat(np.array(wanted, object), points),
            "x": np.tile(shown, len(wanted)),
            **{kind: values.ravel() for kind, values in found.values[on].items()},
        }
    )
