"""Fits whose posterior is made up: the scales and coefficients given, the group effects drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

import hierwidgets as hw
from hierwidgets import terms
from hierwidgets.models import build
from hierwidgets.sampling import LEAST_DRAWS


def pinned(
    formula: str, data: pd.DataFrame, given: dict[str, Any], seed: int = 0, draws: int = 1
) -> hw.Fit:
    """A fit with these parameters: a number in all draws, or an array (chains, draws).

    One draw is one repeated, as often as views ask for.
    """
    rng = np.random.default_rng(seed)
    noisy, draws = draws > 1, max(draws, LEAST_DRAWS)
    model, _ = build(formula, data)
    chains = 2
    found: dict[str, Any] = {
        name: (("chain", "draw"), np.broadcast_to(value, (chains, draws)).copy())
        for name, value in given.items()
        if "|" not in name or name.endswith("_sigma")
    }
    coords: dict[str, Any] = {"chain": range(chains), "draw": range(draws)}
    for effect in terms.effects(model):
        centre = np.asarray(given.get(effect.variable, np.zeros(len(effect.levels))), float)
        noise = rng.normal(size=(chains, draws, len(effect.levels))) if noisy else 0.0
        values = np.broadcast_to(centre + noise, (chains, draws, len(effect.levels))).copy()
        found[effect.variable] = (("chain", "draw", effect.factor_dim), values)
        coords[effect.factor_dim] = effect.levels
    posterior = xr.Dataset(found, coords=coords)
    return hw.wrap(model, xr.DataTree.from_dict({"posterior": posterior}))
