"""New groups as the other groups foresee them: replications that have not seen the group."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hierwidgets import responses
from hierwidgets.progress import bar
from hierwidgets.tables import ppc
from hierwidgets.tables.left_out import Draws
from hierwidgets.tables.loo_groups import Grouping, held_weights
from hierwidgets.tables.ppc_altered import drawn
from hierwidgets.tables.ppc_draws import (
    DRAWS,
    SEED,
    Parameters,
    Replications,
    fresh,
    replications,
)

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

MOST_GROUPS = 100
MOST_DRAWS = 1000


class Held(NamedTuple):
    """Replications of each group by draws weighted as if it were not among the data.

    Attributes
    ----------
    made : Replications
    khat : ndarray, shape (groups,)
        Pareto k of a group's weights; NaN where it was left in.
    """

    made: Replications
    khat: np.ndarray


def held_out(
    fit: Fit,
    factor: str,
    slope: np.ndarray | None = None,
    draws: int = DRAWS,
    random_seed: int = SEED,
) -> Held:
    """New groups in place of those of a factor, each drawn from what the other groups tell.

    The replications of `ppc_draws.replications` with ``new=factor`` come from a posterior that has
    seen the group: one far from the others widens the population's scale and hides in it. Here each
    group's parameters are drawn with the Pareto-smoothed weights of leaving it out, its own effects
    integrated out. Of more than 100 groups those that surprise most are treated so.

    Parameters
    ----------
    fit : Fit
    factor : str
    slope : ndarray, shape (rows,), optional
        The predictor by which groups are ranked where there are many.
    draws : int
    random_seed : int

    Returns
    -------
    Held
        Groups whose density is not at hand, see `hierwidgets.tables.loo_groups`, are left in.

    References
    ----------
    Marshall and Spiegelhalter (2007), Bayesian Analysis 2(2), 409-444, on replications that leave the
    group out; Vehtari, Simpson, Gelman, Yao and Gabry (2024), JMLR 25(72), on the weights.

    Examples
    --------
    >>> held_out(fit, "Subject").khat.max()
    """
    made = replications(fit, new=factor, draws=draws, random_seed=random_seed)
    left = Grouping.of(fit, factor)
    khat = np.full(len(left.groups), np.nan)
    total = int(fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"])
    source = fit.posterior.isel(draw=slice(None, None, max(1, total // MOST_DRAWS)))
    known = Draws(fit, source)
    rng = np.random.default_rng(random_seed + 1)
    renewed = fresh(fit, factor)
    rest = responses.altered(fit.model)
    replicated = made.replicated.copy()
    chosen = _most_surprising(made, left, slope)
    with bar(f"taking out {len(chosen)} groups of {factor}", len(chosen)) as done:
        for j in chosen:
            done(1)
            rows = np.flatnonzero(left.index == j)
            found = known.density(rows)
            if found.log is None or not (found.log < np.inf).all():
                continue
            weights, khat[j] = held_weights(found.log, known.sizes)
            at = resampled(weights, len(replicated), rng)
            parameters = Parameters(fit, source, at, renewed, rng, rows=rows)
            trials = None if made.trials is None else made.trials[rows]
            own = None if rest is None else rest.of(rows)
            replicated[:, rows] = drawn(fit.family, rng, trials, own, parameters.all())
    return Held(Replications(made.observed, replicated, made.trials, made.discrete), khat)


def resampled(weights: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """So many draws in proportion to their weights, by one uniform number, in random order.

    Systematic resampling: Kitagawa (1996), Journal of Computational and Graphical Statistics 5, 1-25.

    Examples
    --------
    >>> import numpy as np
    >>> sorted(resampled(np.array([0.5, 0.0, 0.5]), 4, np.random.default_rng(1)).tolist())
    [0, 0, 2, 2]
    """
    at = (np.arange(count) + rng.random()) / count
    found = np.searchsorted(np.cumsum(weights), at)
    return rng.permutation(np.minimum(found, len(weights) - 1))


def _most_surprising(made: Replications, left: Grouping, slope: np.ndarray | None) -> np.ndarray:
    if len(left.groups) <= MOST_GROUPS:
        return np.arange(len(left.groups))
    return ppc.of_groups(made, left.index, "battery", slope).index[:MOST_GROUPS].to_numpy()
