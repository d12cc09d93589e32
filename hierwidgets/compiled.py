"""Altered responses of families that have no closed form here, as PyMC has them.

With `terms`, `models` and `responses`, the only module that knows Bambi's internals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hierwidgets import responses, terms

if TYPE_CHECKING:
    import bambi as bmb
    import xarray as xr

__all__ = ["altered_log_likelihood", "drawn_within"]


def _distribution(model: bmb.Model, posterior: xr.Dataset) -> Any:
    """The distribution of the response at every draw, as PyMC has it: (chain, draw, rows).

    Without weights, bounds and censoring, which Bambi 0.21 leaves out as well.
    """
    import xarray as xr
    from bambi.families.family import get_response_dist

    tree = xr.DataTree.from_dict({"posterior": posterior})
    with_rows: Any = model.predict(tree, kind="response_params", inplace=False)
    values, _ = model.family._make_dist_kwargs_and_coords(  # noqa: SLF001
        model, with_rows["posterior"].to_dataset()
    )
    return get_response_dist(model.family).dist(**values)


def altered_log_likelihood(model: bmb.Model, posterior: xr.Dataset) -> np.ndarray:
    """That of a weighted, censored, truncated or constrained response, by PyMC: (chain, draw, rows)."""
    import pymc as pm

    rest, y = responses.altered(model), terms.response(model)
    found: Any = _distribution(model, posterior)
    if rest is None or rest.weights is not None:
        weights = 1.0 if rest is None else rest.weights
        return np.asarray(pm.logp(found, y).eval()) * weights
    if rest.status is not None:
        lower = np.where(rest.status == -1, y, -np.inf)
        upper = np.where(rest.status == 1, y, np.inf)
        return np.asarray(pm.logp(pm.Censored.dist(found, lower, upper), y).eval())
    return np.asarray(pm.logp(_bounded(found, rest), y).eval())


def drawn_within(
    model: bmb.Model, posterior: xr.Dataset, rest: responses.Altered, random_seed: int
) -> np.ndarray:
    """Replicated responses (chain, draw, rows) between bounds, by PyMC."""
    import pymc as pm

    found = _bounded(_distribution(model, posterior), rest)
    return np.asarray(pm.draw(found, random_seed=random_seed))


def _bounded(found: Any, rest: responses.Altered) -> Any:
    import pymc as pm

    lower, upper = (
        None if ends is None or np.isinf(ends).all() else ends for ends in (rest.lower, rest.upper)
    )
    return pm.Truncated.dist(found, lower=lower, upper=upper)
