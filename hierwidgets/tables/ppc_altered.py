"""Replications of truncated and constrained responses, and censored ones completed by the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hierwidgets import compiled, responses, terms
from hierwidgets.tables.altered import DISCRETE, log_mass
from hierwidgets.tables.ppc_families import FAMILIES

if TYPE_CHECKING:
    import xarray as xr

    from hierwidgets.fit import Fit
    from hierwidgets.responses import Altered

__all__ = ["by_pymc", "censored", "drawn", "places", "said", "within"]

_TRIES = 20
_HALVINGS = 80


def drawn(
    family: str,
    rng: np.random.Generator,
    trials: np.ndarray | None,
    rest: Altered | None,
    values: Sequence[np.ndarray],
) -> np.ndarray:
    """Replications (draws, rows) from the parameters, within the bounds of the response."""
    if rest is None or rest.lower is None or rest.upper is None:
        return FAMILIES[family].draw(rng, trials, *values)
    return within(family, rng, rest.lower, rest.upper, values)


def within(
    family: str,
    rng: np.random.Generator,
    lower: np.ndarray,
    upper: np.ndarray,
    values: Sequence[np.ndarray],
) -> np.ndarray:
    """Draws (draws, rows) between bounds, both included.

    Those outside are drawn again, some times, and then by inverting the distribution function.
    """
    shape = np.broadcast_shapes(*(one.shape for one in values), (1, len(lower)))
    flat = [np.broadcast_to(one, shape).reshape(1, -1) for one in values]
    low, high = (np.broadcast_to(end, shape).ravel() for end in (lower, upper))
    found = FAMILIES[family].draw(rng, None, *flat)[0]
    for _ in range(_TRIES):
        out = np.flatnonzero((found < low) | (found > high))
        if not len(out):
            break
        found[out] = FAMILIES[family].draw(rng, None, *(one[:, out] for one in flat))[0]
    out = np.flatnonzero((found < low) | (found > high))
    if len(out):
        some = [one[:, out] for one in flat]
        found[out] = _inverted(family, rng.random(len(out)), low[out], high[out], some)
    return found.reshape(shape)


def _inverted(
    family: str,
    share: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    values: Sequence[np.ndarray],
) -> np.ndarray:
    """Where so large a share of the mass between the bounds lies below, by bisection."""
    whole = log_mass(family, low, high, values)[0]
    discrete = family in DISCRETE

    def below(y: np.ndarray) -> np.ndarray:
        ends = np.where(low == -np.inf, -np.inf, low)
        at = np.floor(y) if discrete else y
        with np.errstate(invalid="ignore"):
            return np.exp(log_mass(family, ends, at, values)[0] - whole)

    reach = np.ones(len(low))
    left = np.where(low == -np.inf, np.minimum(high, 0.0) - 1, low)
    right = np.where(high == np.inf, np.maximum(low, 0.0) + 1, high)
    for _ in range(_HALVINGS):
        more, less = below(right) < share, below(left) > share
        more &= high == np.inf
        less &= low == -np.inf
        if not (more.any() or less.any()):
            break
        reach *= 2
        right, left = np.where(more, right + reach, right), np.where(less, left - reach, left)
    for _ in range(_HALVINGS):
        middle = (left + right) / 2
        enough = below(middle) >= share
        left, right = np.where(enough, left, middle), np.where(enough, middle, right)
    return np.clip(np.floor(right) if discrete else right, low, high)


def censored(fit: Fit, random_seed: int) -> np.ndarray:
    """A censored response (rows,), completed: what was censored is drawn beyond its limit.

    All from one draw of the posterior, as if the values had been seen. Gelman, Van Mechelen, Verbeke,
    Heitjan and Meulders (2005), Biometrics 61, 74-85, check models so where data are missing.
    """
    from hierwidgets.tables.ppc_draws import Parameters, closed

    y, rest = terms.response(fit.model), responses.altered(fit.model)
    if rest is None or rest.status is None:
        return y
    rng = np.random.default_rng(random_seed + 2)
    sizes = fit.posterior.sizes
    chosen = rng.integers(int(sizes["chain"] * sizes["draw"]), size=1)
    lower = np.where(rest.status == 1, y, -np.inf)
    upper = np.where(rest.status == -1, y, np.inf)
    if closed(fit):
        values = Parameters(fit, fit.posterior, chosen, set(), rng).all()
        new = within(fit.family, rng, lower, upper, values)[0]
    else:
        at = np.unravel_index(int(chosen[0]), (sizes["chain"], sizes["draw"]))
        one = fit.posterior.isel(chain=[int(at[0])], draw=[int(at[1])])
        new = by_pymc(fit, one, random_seed, responses.Altered(lower=lower, upper=upper))[0]
    return np.where(rest.status == 0, y, new)


def by_pymc(fit: Fit, source: xr.Dataset, random_seed: int, rest: Altered) -> np.ndarray:
    """Draws (draws, rows) between bounds, for a family that is not drawn here."""
    drawn_ = compiled.drawn_within(fit.model, source, rest, random_seed)
    return drawn_.reshape(-1, drawn_.shape[-1]).astype(float)


def places(
    family: str,
    rest: Altered,
    y: np.ndarray,
    v: np.ndarray,
    values: Sequence[np.ndarray],
) -> np.ndarray:
    """The predictive probability of less than each observed value, shape (draws, rows).

    A bounded one within its bounds; of a censored row only an interval is known, and a random place in
    it is taken, as for a discrete response.
    """
    discrete = family in DISCRETE
    nowhere = np.full(len(y), -np.inf)
    if rest.lower is not None and rest.upper is not None:
        whole = log_mass(family, rest.lower, rest.upper, values)
        ends = rest.lower
    else:
        whole, ends = np.zeros(()), nowhere

    def below(at: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            share = np.exp(log_mass(family, ends, at, values) - whole)
        return np.where(at < ends, 0.0, np.nan_to_num(share))

    high = below(y)
    low = below(y - 1) if discrete else high
    if rest.status is not None:
        right, left = rest.status == 1, rest.status == -1
        low = np.where(left, 0.0, low)
        high = np.where(right, 1.0, high)
    return low + v * (high - low)


def said(fit: Fit) -> list[str]:
    """What a predictive check does with an altered response, in words."""
    rest = responses.altered(fit.model)
    if rest is None:
        return []
    if rest.weights is not None:
        return ["Each row is replicated once, whatever its weight."]
    if rest.status is None:
        return ["Replications lie within the bounds of the response, as the data do."]
    count, rows = int((rest.status != 0).sum()), len(rest.status)
    told = (
        f"{count:,} of {rows:,} rows are censored. In their places stand values drawn once from the model "
        "beyond their limits, and replications are of the response without censoring; PIT values take "
        "a random place beyond the limit."
    )
    return [told]
