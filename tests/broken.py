"""Broken posteriors: each is a sound one with something done to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

import hierwidgets as hw
from tests.synthetic import made_up

CHAINS, DRAWS = 3, 60
LENGTHS = (60, 45, 30)
WHOLE = made_up(["a", "b", "c", "d"], chains=CHAINS, draws=DRAWS)

Parts = tuple[xr.Dataset, xr.Dataset | None]


def record(chains: int = CHAINS, draws: int = DRAWS) -> xr.Dataset:
    """What nutpie keeps of itself, made up."""
    rng = np.random.default_rng(1)
    shape, dims = (chains, draws), ("chain", "draw")
    return xr.Dataset(
        {
            "diverging": (dims, rng.random(shape) < 0.1),
            "energy": (dims, rng.normal(size=shape)),
            "depth": (dims, rng.integers(2, 6, shape)),
            "maxdepth_reached": (dims, rng.random(shape) < 0.05),
            "step_size_bar": (dims, np.full(shape, 0.3)),
        }
    )


def fit_of(change: Callable[[xr.Dataset, xr.Dataset], Parts]) -> hw.Fit:
    """The sound fit, changed."""
    posterior, stats = change(WHOLE.posterior.copy(deep=True), record())
    groups = {"posterior": posterior} | ({} if stats is None else {"sample_stats": stats})
    return hw.wrap(WHOLE.model, xr.DataTree.from_dict(groups))


def put(name: str, value: Any, at: Any = ...) -> Callable[..., Parts]:
    """With this value there, or with what a function makes of the values."""

    def change(posterior: xr.Dataset, stats: xr.Dataset) -> Parts:
        values = posterior[name].to_numpy().copy()
        values[at] = value(values[at]) if callable(value) else value
        return posterior.assign({name: (posterior[name].dims, values)}), stats

    return change


def every(function: Callable[[xr.DataArray], Any]) -> Callable[..., Parts]:
    """With every variable so changed."""
    return lambda posterior, stats: (
        posterior.assign({name: function(one) for name, one in posterior.data_vars.items()}),
        stats,
    )


def only(**at: Any) -> Callable[..., Parts]:
    """Of these chains or draws alone."""
    return lambda posterior, stats: (posterior.isel(at), stats.isel(at))


def chain(values: xr.DataArray, function: Callable[[np.ndarray], Any]) -> Any:
    """With its second chain so changed."""
    out = values.to_numpy().copy()
    out[1] = function(out)
    return values.dims, out


def padded(posterior: xr.Dataset, stats: xr.Dataset) -> Parts:
    """As an aborted sampler pads: floats with NaN, integers and flags with 0."""
    gone = np.arange(DRAWS) >= np.array(LENGTHS)[:, None]
    there = xr.DataArray(~gone, dims=("chain", "draw"))
    stats = stats.map(
        lambda one: one.where(there, LOST if one.dtype.kind == "f" else 0).astype(one.dtype)
    )
    return posterior.where(there), stats


def with_more(**more: Any) -> Callable[..., Parts]:
    """With a variable of no term."""
    return lambda posterior, stats: (posterior.assign(more), stats)


def stats_as(function: Callable[[xr.Dataset], xr.Dataset | None]) -> Callable[..., Parts]:
    """With another record of the sampler."""
    return lambda posterior, stats: (posterior, function(stats))


def typed(dtype: Any) -> Callable[..., Parts]:
    """With `x` of another kind of number."""
    return lambda posterior, stats: (posterior.assign(x=posterior["x"].astype(dtype)), stats)


def odd(posterior: xr.Dataset, stats: xr.Dataset) -> Parts:
    """Draws before chains, one of them twice, and variables of no term: NaN, words, without draws."""
    more = {"other": (DIMS, np.full((CHAINS, DRAWS), LOST)), "alone": 3.0}
    words = {"word": (DIMS, np.full((CHAINS, DRAWS), "a"))}
    draws = [0, *range(DRAWS - 1)]
    return (
        posterior.assign(more | words).assign_coords(draw=draws).transpose("draw", "chain", ...),
        stats.assign_coords(draw=draws).transpose("draw", "chain"),
    )


DIMS = ("chain", "draw")
LOST = np.nan
WIDE = np.exp(np.random.default_rng(3).normal(0, 200, (CHAINS, DRAWS)))

# By what is broken: what is done, and the parameter that the refusal names.
REFUSED: dict[str, tuple[Callable[..., Parts], str]] = {
    "one NaN": (put("x", LOST, (1, 7)), "x"),
    "one NaN in a scale": (put("1|g_sigma", LOST, (1, 7)), "1|g_sigma"),
    "a chain all NaN": (put("Intercept", LOST, 2), "Intercept"),
    "a chain without draws": (every(lambda one: chain(one, lambda _: LOST)), "Intercept"),
    "all NaN": (put("x", LOST), "x"),
    "all NaN in sigma": (put("sigma", LOST), "sigma"),
    "nothing but NaN": (every(lambda one: one * LOST), "Intercept"),
    "padded with NaN": (padded, "Intercept"),
    "an infinite draw": (put("Intercept", np.inf, (0, 3)), "Intercept"),
    "a draw at minus infinity": (put("x", -np.inf, (0, 3)), "x"),
    "an infinite scale": (put("1|g_sigma", np.inf, (0, 3)), "1|g_sigma"),
    "effects all NaN": (put("1|g", LOST), "1|g[a]"),
    "one group NaN": (put("1|g", LOST, (..., 2)), "1|g[c]"),
    "sigma 0": (put("sigma", 0.0), "sigma"),
    "sigma as good as 0": (put("sigma", 1e-320), "sigma"),
    "a negative sigma": (put("sigma", -1.0, (0, 0)), "sigma"),
    "negative scales": (put("x|g_sigma", np.negative), "x|g_sigma"),
    "beyond float32": (put("Intercept", lambda values: values * 1e286), "Intercept"),
    "effects beyond float32": (put("1|g", lambda values: values * 1e286), "1|g[a]"),
    "everything far out": (every(lambda one: one * 1e200), "Intercept"),
    "at the end of float64": (put("x", lambda values: np.sign(values - 1) * 1.7e308), "x"),
    "a scale that wanders": (with_more(**{"1|g_sigma": (DIMS, WIDE)}), "1|g_sigma"),
    "one draw": (only(draw=[0]), "Intercept"),
    "one draw of one chain": (only(draw=[0], chain=[0]), "Intercept"),
    "three draws": (only(draw=[0, 1, 2]), "Intercept"),
}

OPENED: dict[str, Callable[..., Parts]] = {
    "a constant": put("x", 1.0),
    "a scale that is 0": put("1|g_sigma", 0.0),
    "next to 0": put("x", lambda values: values * 1e-320),
    "a scale next to 0": put("1|g_sigma", 1e-320),
    "one chain": only(chain=[0]),
    "a chain that is stuck": every(lambda one: chain(one, lambda values: values[1, :1])),
    "two chains alike": every(lambda one: chain(one, lambda values: values[0])),
    "integers": typed(int),
    "float32": lambda posterior, stats: (posterior.astype(np.float32), stats),
    "odd forms": odd,
}

# Which no view but those that diagnose looks at.
RECORDS: dict[str, Callable[..., Parts]] = {
    "no record": stats_as(lambda _: None),
    "a record of fewer draws": stats_as(lambda stats: stats.isel(draw=slice(0, 40))),
    "a record of more draws": stats_as(lambda _: record(draws=90)),
    "a record of one chain": stats_as(lambda stats: stats.isel(chain=[0])),
    "a record of NaN": stats_as(lambda stats: stats * LOST),
    "an infinite energy": stats_as(
        lambda stats: stats.assign(energy=stats["energy"].where(stats["energy"] < 2, np.inf))
    ),
    "energies far out": stats_as(lambda stats: stats.assign(energy=stats["energy"] * 1e290)),
    "one energy": stats_as(lambda stats: stats.assign(energy=stats["energy"] * 0)),
    "all divergent": stats_as(lambda stats: stats.assign(diverging=stats["diverging"] | True)),
    "flags with further dimensions": stats_as(
        lambda stats: stats.assign(diverging=stats["diverging"].expand_dims(q=2))
    ),
    "words for flags": stats_as(
        lambda stats: stats.assign(diverging=stats["diverging"].astype(str))
    ),
}

# Not of this model: refused by `wrap`, which names what is wrong.
FOREIGN: dict[str, tuple[Callable[..., Parts], str]] = {
    "no Intercept": (lambda p, s: (p.drop_vars("Intercept"), s), "no 'Intercept'"),
    "no slope": (lambda p, s: (p.drop_vars("x"), s), "no 'x'"),
    "no sigma": (lambda p, s: (p.drop_vars("sigma"), s), "no 'sigma'"),
    "no scale": (lambda p, s: (p.drop_vars("1|g_sigma"), s), "no '1|g_sigma'"),
    "no draws": (only(draw=[]), "no draws"),
    "no chains": (only(chain=[]), "no draws"),
    "objects": (typed(object), "'x' are of dtype object"),
    "complex numbers": (typed(complex), "'x' are of dtype complex128"),
}
