"""Fits whose posterior is made up: as many groups as wanted, with any label, and no sampling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

import hierwidgets as hw
from hierwidgets import models
from hierwidgets.models import build

AWKWARD = [
    "<img src=x onerror=alert(1)>",
    "</script>",
    "<!-- comment",
    "😀",
    "",
    "x" * 300,
    "שלום עולם",
    "__proto__",
    "constructor",
    "10",
    "9",
    "2024-01-01 00:00:00",
]


def made_up(groups: Sequence[str], seed: int = 0, chains: int = 2, draws: int = 200) -> hw.Fit:
    """A fit of ``y ~ x + (x | g)`` whose group effects are drawn from a normal distribution."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 9, len(groups))
    g = np.repeat(np.array(groups, object), sizes)
    data = pd.DataFrame({"g": g, "x": rng.normal(size=len(g)), "y": rng.normal(size=len(g))})
    model, _ = build("y ~ x + (x | g)", data)
    labels = sorted(groups)
    each = rng.uniform(0.3, 1.2, len(labels))

    def group_effects(scale: float) -> tuple[tuple[str, ...], np.ndarray]:
        centres = rng.normal(0, scale, len(labels))
        noise = rng.normal(size=(chains, draws, len(labels)))
        return ("chain", "draw", "g__factor_dim"), centres + scale / 2 * each * noise

    def scalar(mean: float, sd: float) -> tuple[tuple[str, ...], np.ndarray]:
        return ("chain", "draw"), rng.normal(mean, sd, (chains, draws))

    posterior = xr.Dataset(
        {
            "Intercept": scalar(10, 0.2),
            "x": scalar(1, 0.1),
            "sigma": scalar(1, 0.02),
            "1|g_sigma": scalar(2, 0.1),
            "x|g_sigma": scalar(1, 0.05),
            "1|g": group_effects(2),
            "x|g": group_effects(1),
        },
        coords={"chain": range(chains), "draw": range(draws), "g__factor_dim": labels},
    )
    return hw.wrap(model, xr.DataTree.from_dict({"posterior": posterior}))


POSITIVE = {"sigma", "alpha", "kappa", "nu"}


def made_up_of(formula: Any, data: pd.DataFrame, **options: Any) -> hw.Fit:
    """A fit whose posterior is made up, as its parameters range, without sampling."""
    model, _ = build(formula, data, **options)
    model.build()
    rng = np.random.default_rng(5)
    built = model.backend.model
    variables = {}
    for name in models.stored(model):
        if name.endswith(("_offset", "_cpc")):
            continue
        dims = built.named_vars_to_dims.get(name, ())
        values = rng.normal(0, 0.5, (2, 40, *(len(built.coords[dim]) for dim in dims)))
        if name.endswith("_corr"):
            r = np.tanh(values[..., 0, 1])
            values = np.eye(2) + (1 - np.eye(2)) * r[..., None, None]
        elif name.endswith("_sigma") or name in POSITIVE:
            values = np.exp(values)
        elif name == "threshold":
            values = np.sort(values, axis=-1)
        variables[name] = (("chain", "draw", *dims), values)
    coords = {d: list(built.coords[d]) for _, (dims, _) in variables.items() for d in dims[2:]}
    posterior = xr.Dataset(variables, {**coords, "chain": range(2), "draw": range(40)})
    return hw.wrap(model, xr.DataTree.from_dict({"posterior": posterior}))
