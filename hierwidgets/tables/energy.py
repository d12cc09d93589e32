"""What the sampler kept of itself: energy, divergences, depth of its trees, size of its steps.

Betancourt (2016), Diagnosing suboptimal cotangent disintegrations in Hamiltonian Monte Carlo,
arXiv:1604.00695.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hierwidgets.tables.curves import kde
from hierwidgets.terms import MAIN_DIMS

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

LIMIT = 0.3
KNOWN = {
    "divergences": ("diverging",),
    "energy": ("energy",),
    "tree depth": ("depth", "tree_depth"),
    "tree depth limit": ("maxdepth_reached", "reached_max_treedepth"),
    "step size": ("step_size_bar", "step_size"),
}


def statistic(fit: Fit, name: str) -> np.ndarray | None:
    """A record of the sampler, shape (chain, draw), whatever this sampler calls it.

    Parameters
    ----------
    fit : Fit
    name : {"divergences", "energy", "tree depth", "tree depth limit", "step size"}

    Returns
    -------
    ndarray or None
        None where the sampler kept no such record.
    """
    stats = fit.idata.children.get("sample_stats")
    if stats is None:
        return None
    for known in KNOWN[name]:
        if known in stats:
            return stats[known].transpose(*MAIN_DIMS).to_numpy()
    return None


def missing(fit: Fit) -> list[str]:
    """What the sampler kept no record of."""
    return [name for name in KNOWN if statistic(fit, name) is None]


def bfmi(energy: np.ndarray) -> np.ndarray:
    """The estimated Bayesian fraction of missing information of each chain.

    Parameters
    ----------
    energy : ndarray, shape (chain, draw)

    Returns
    -------
    ndarray, shape (chain,)
        The mean square of the steps of energy over its variance; small where momenta that are drawn
        anew cannot carry the sampler across its energies.

    Examples
    --------
    >>> bfmi(np.array([[0.0, 1.0, 0.0, 1.0]]))
    array([3.])
    """
    steps = np.square(np.diff(energy, axis=1)).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return steps / np.var(energy, axis=1, ddof=1)


def chains(fit: Fit) -> pd.DataFrame:
    """What the sampler kept, by chain.

    Returns
    -------
    DataFrame
        ``chain, divergences, depth_limit`` (draws that reached the limit), ``depth`` (the largest),
        ``step_size``, ``bfmi``; NaN where there is no record.
    """
    count = fit.posterior.sizes["chain"]

    def column(name: str, over: str) -> np.ndarray:
        values = statistic(fit, name)
        if values is None:
            return np.full(count, np.nan)
        values = values.astype(float)
        return values.sum(axis=1) if over == "sum" else values.max(axis=1)

    energy = statistic(fit, "energy")
    step = statistic(fit, "step size")
    return pd.DataFrame(
        {
            "chain": np.arange(count),
            "divergences": column("divergences", "sum"),
            "depth_limit": column("tree depth limit", "sum"),
            "depth": column("tree depth", "max"),
            "step_size": np.full(count, np.nan) if step is None else step[:, -1].astype(float),
            "bfmi": np.full(count, np.nan) if energy is None else bfmi(energy.astype(float)),
        }
    )


def curves(fit: Fit) -> pd.DataFrame:
    """The density of the energies about their mean, and of its steps, all chains together.

    Returns
    -------
    DataFrame
        ``kind`` ("energy" or "step"), ``value``, ``density``; no rows without a record.
    """
    energy = statistic(fit, "energy")
    if energy is None:
        return pd.DataFrame({"kind": [], "value": [], "density": []})
    energy = energy.astype(float)
    parts = []
    for kind, values in (("energy", energy - energy.mean()), ("step", np.diff(energy, axis=1))):
        x, height = kde(values.ravel())
        parts.append(pd.DataFrame({"kind": kind, "value": x, "density": height}))
    return pd.concat(parts, ignore_index=True)
