"""Draws as tables: diagnostics per parameter, and the lines, densities and ranks of a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hierwidgets.checks import one_of
from hierwidgets.tables import energy
from hierwidgets.tables.curves import decimate, kde, rank_counts
from hierwidgets.tables.diagnostics import described, moments
from hierwidgets.tables.held import held
from hierwidgets.terms import MAIN_DIMS, Effect

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

__all__ = [
    "decimate",
    "density",
    "divergences",
    "divergent",
    "draws",
    "first",
    "kde",
    "left_out",
    "lines",
    "parameters",
    "rank_counts",
    "ranks",
]


@dataclass(frozen=True)
class Place:
    """Where a posterior variable, or a slice of it, keeps its scalars."""

    variable: str
    at: dict[str, Any]
    names: list[str]
    term: str = ""
    factor: str = ""
    groups: list[str] = field(default_factory=list)
    effect: Effect | None = None

    def draws(self, fit: Fit) -> np.ndarray:
        """Shape (chain, draw, len(names))."""
        if self.effect is not None:
            return self.effect.values(fit.posterior)
        values = fit.posterior[self.variable].sel(self.at).transpose(*MAIN_DIMS, ...)
        return np.asarray(values, dtype=float).reshape(*values.shape[:2], -1)


def places(fit: Fit) -> Iterator[Place]:
    """Every scalar of the posterior by name: the top-level variables, then each group term.

    Of a correlation matrix each pair stands once; what it is computed from is left out.
    """
    varying = fit.effects
    inner = {effect.variable for effect in varying}
    inner |= {f"{name}_offset" for name in inner}
    inner |= {f"{effect.joint}_cpc" for effect in varying}
    pairs = {effect.correlation: effect.joint for effect in varying if effect.joint}
    for name, values in fit.posterior.data_vars.items():
        further = [dim for dim in values.dims if dim not in MAIN_DIMS]
        if name in inner or any(str(dim).startswith("__") for dim in further):
            continue
        if not set(MAIN_DIMS) <= set(values.dims) or values.dtype.kind not in "fiub":
            continue
        if name in pairs:
            yield from _pairs(str(name), pairs[str(name)], fit)
            continue
        labels = [""]
        for dim in further:
            labels = [
                f"{label}, {level}" if label else str(level)
                for label in labels
                for level in values[dim].values
            ]
        yield Place(
            str(name), {}, [f"{name}[{label}]" for label in labels] if further else [str(name)]
        )
    for effect in varying:
        names = [f"{effect.term}[{group}]" for group in effect.groups]
        yield Place(
            effect.variable, effect.at, names, effect.term, effect.factor, effect.groups, effect
        )


def _pairs(variable: str, joint: str, fit: Fit) -> Iterator[Place]:
    labels = [str(label) for label in fit.posterior[f"{joint}__effect"].values]
    for one, other in combinations(labels, 2):
        at = {f"{joint}__effect": one, f"{joint}__effect_bis": other}
        yield Place(variable, at, [f"{variable}[{one}, {other}]"])


def parameters(fit: Fit, *, groups: bool = True) -> pd.DataFrame:
    """
    Summary and diagnostics of every scalar of the posterior.

    Parameters
    ----------
    fit : Fit
    groups : bool
        With those of the group terms.

    Returns
    -------
    DataFrame
        ``parameter, term, factor, group, mean, sd, lower, upper`` (95 %), ``rhat, ess_bulk,
        ess_tail``: top-level parameters first, with empty ``term``, ``factor`` and ``group``. NaN of
        parameters with draws that are not finite.

    Examples
    --------
    >>> parameters(fit).sort_values("rhat", ascending=False)  # doctest: +SKIP
    """
    wanted = [place for place in places(fit) if groups or not place.term]
    return pd.concat([_summary(fit, place) for place in wanted], ignore_index=True)


def _summary(fit: Fit, place: Place) -> pd.DataFrame:
    values = place.draws(fit)
    (rhat, ess_bulk, ess_tail), (lower, upper) = described(values, (0.025, 0.975))
    mean, sd = moments(values)
    return pd.DataFrame(
        {
            "parameter": place.names,
            "term": place.term,
            "factor": place.factor,
            "group": place.groups or "",
            "mean": mean,
            "sd": sd,
            "lower": lower,
            "upper": upper,
            "rhat": rhat,
            "ess_bulk": ess_bulk,
            "ess_tail": ess_tail,
        }
    )


def draws(fit: Fit, parameters: Sequence[str]) -> np.ndarray:
    """
    Posterior draws of chosen scalars.

    Parameters
    ----------
    fit : Fit
    parameters : sequence of str
        Names as in :func:`parameters`.

    Returns
    -------
    (chain, draw, len(parameters)) array

    Raises
    ------
    ValueError
        For a name that the posterior does not have; the nearest one is named.

    Examples
    --------
    >>> draws(fit, ["Intercept", "1|Subject[308]"]).shape  # doctest: +SKIP
    (4, 1000, 2)
    """
    where = {name: (place, i) for place in places(fit) for i, name in enumerate(place.names)}
    sizes = fit.posterior.sizes
    found = np.empty((len(parameters), sizes["chain"], sizes["draw"]))
    wanted: dict[int, tuple[Place, list[int], list[int]]] = {}
    for row, name in enumerate(parameters):
        if name not in where:
            one_of(name, list(where), "a parameter of this fit")
        place, i = where[name]
        _, rows, columns = wanted.setdefault(id(place), (place, [], []))
        rows.append(row)
        columns.append(i)
    for place, rows, columns in wanted.values():
        found[rows] = np.moveaxis(place.draws(fit), -1, 0)[columns]
    return np.moveaxis(found, 0, -1)


def divergences(fit: Fit) -> np.ndarray:
    """
    Which draws ended in a divergence.

    Returns
    -------
    (chain, draw) bool array
        All False when the sampler kept no such record, and where a chain holds no draw.
    """
    found = energy.statistic(fit, "divergences")
    if found is None:
        return np.zeros(tuple(fit.posterior.sizes[dim] for dim in MAIN_DIMS), dtype=bool)
    return found


def lines(fit: Fit, parameters: Sequence[str], pixels: int = 600) -> pd.DataFrame:
    """
    The draws of each chain as a line of bounded length.

    Returns
    -------
    DataFrame
        ``parameter, chain, draw, value``; at most ``2 * pixels + 2`` rows a chain, by
        :func:`decimate`. Chains and draws count from 0. NaN, a gap in the line, where a draw is not
        finite.
    """

    def rows(values: np.ndarray) -> dict[str, np.ndarray]:
        values = np.where(np.isfinite(values), values, np.nan)
        kept = decimate(values, pixels)
        return {"draw": kept, "value": values[kept]}

    return _per_chain(fit, parameters, rows, ["draw", "value"])


def density(fit: Fit, parameters: Sequence[str]) -> pd.DataFrame:
    """
    The marginal density of each chain.

    Returns
    -------
    DataFrame
        ``parameter, chain, value, density``; 128 points a chain, by :func:`kde` of its finite draws,
        none without any.
    """

    def rows(values: np.ndarray) -> dict[str, np.ndarray]:
        values = values[np.isfinite(values)]
        x, height = kde(values) if len(values) else (values, values)
        return {"value": x, "density": height}

    return _per_chain(fit, parameters, rows, ["value", "density"])


def ranks(fit: Fit, parameters: Sequence[str], bins: int = 20) -> pd.DataFrame:
    """
    How the ranks of the draws over all chains fall to each chain.

    Returns
    -------
    DataFrame
        ``parameter, chain, bin, lower, upper, count, expected``: ranks from ``lower`` to
        ``upper``, their ``count`` by :func:`rank_counts` and the count that chains which agree
        are ``expected`` to have. Draws that are not finite have no rank.
    """
    values = draws(fit, parameters)
    chains = values.shape[0]
    finite = np.isfinite(values).sum(axis=1)
    edges = np.linspace(0, finite.sum(axis=0), bins + 1)
    tables = [
        pd.DataFrame(
            {
                "parameter": name,
                "chain": np.repeat(np.arange(chains), bins),
                "bin": np.tile(np.arange(bins), chains),
                "lower": np.tile(edges[:-1, column], chains),
                "upper": np.tile(edges[1:, column], chains),
                "count": rank_counts(values[:, :, column], bins).reshape(-1),
                "expected": np.repeat(finite[:, column] / bins, bins),
            }
        )
        for column, name in enumerate(parameters)
    ]
    return _join(tables, ["parameter", "chain", "bin", "lower", "upper", "count", "expected"])


def divergent(fit: Fit, parameters: Sequence[str]) -> pd.DataFrame:
    """
    Where each divergent draw stands.

    Returns
    -------
    DataFrame
        ``parameter, chain, draw, value``; no rows when nothing diverged, nor where a draw is not
        finite.
    """
    chain, draw = np.nonzero(divergences(fit))
    values = draws(fit, parameters)
    tables = [
        pd.DataFrame(
            {"parameter": name, "chain": chain, "draw": draw, "value": values[chain, draw, column]}
        )
        for column, name in enumerate(parameters)
    ]
    found = _join(tables, ["parameter", "chain", "draw", "value"])
    return found[np.isfinite(found["value"].to_numpy(float))].reset_index(drop=True)


def left_out(fit: Fit, parameters: Sequence[str]) -> np.ndarray:
    """
    How many draws of each parameter no picture shows, as they are not finite.

    Returns
    -------
    (len(parameters),) int array
        Of the draws that the chains hold.
    """
    return (~np.isfinite(draws(fit, parameters)[held(fit)])).sum(axis=0)


def first(fit: Fit) -> str:
    """The name of the first scalar of the posterior."""
    return next(name for place in places(fit) for name in place.names)


def _per_chain(
    fit: Fit,
    parameters: Sequence[str],
    rows: Callable[[np.ndarray], dict[str, np.ndarray]],
    columns: list[str],
) -> pd.DataFrame:
    values = draws(fit, parameters)
    tables = [
        pd.DataFrame({"parameter": name, "chain": chain, **rows(values[chain, :, column])})
        for column, name in enumerate(parameters)
        for chain in range(values.shape[0])
    ]
    return _join(tables, ["parameter", "chain", *columns])


def _join(tables: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    if not tables:
        return pd.DataFrame(columns=columns)
    return pd.concat(tables, ignore_index=True)
