"""What the sampler kept of itself: energy, divergences, depth of its trees, size of its steps.

Betancourt (2016), Diagnosing suboptimal cotangent disintegrations in Hamiltonian Monte Carlo,
arXiv:1604.00695.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hierwidgets.tables.curves import kde, power
from hierwidgets.tables.held import held
from hierwidgets.terms import MAIN_DIMS

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

LIMIT = 0.3
FLAGS = ("divergences", "tree depth limit")
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
        Flags as bool, False where a chain holds no draw; numbers as float, NaN there, as where they
        are not finite. None where the sampler kept no such record, or one that is not of these draws.
    """
    stats = fit.idata.children.get("sample_stats", {})
    there = held(fit)
    for known in KNOWN[name]:
        if known not in stats or not _of_these(stats[known], there.shape):
            continue
        values = stats[known].transpose(*MAIN_DIMS).to_numpy().astype(float)
        values = np.where(there & np.isfinite(values), values, np.nan)
        if np.isnan(values).all():
            continue
        return values > 0 if name in FLAGS else values
    return None


def other(fit: Fit) -> str:
    """The records that are not of the posterior's draws, in words; or nothing."""
    stats = fit.idata.children.get("sample_stats", {})
    shape = tuple(fit.posterior.sizes[dim] for dim in MAIN_DIMS)
    found = [
        known
        for names in KNOWN.values()
        for known in names
        if known in stats and not _of_these(stats[known], shape)
    ]
    return ", ".join(found)


def _of_these(values: Any, shape: tuple[int, ...]) -> bool:
    if set(values.dims) != set(MAIN_DIMS) or values.dtype.kind not in "fiub":
        return False
    return tuple(values.sizes[dim] for dim in MAIN_DIMS) == shape


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
        anew cannot carry the sampler across its energies. Of the finite ones; NaN with fewer than two.

    Examples
    --------
    >>> bfmi(np.array([[0.0, 1.0, 0.0, 1.0]]))
    array([3.])
    """
    return np.array([_bfmi(chain[np.isfinite(chain)]) for chain in energy])


def _bfmi(energy: np.ndarray) -> float:
    if len(energy) < 2 or energy.min() == energy.max():
        return np.nan
    energy = energy / power(np.abs(energy).max())
    return float(np.square(np.diff(energy)).mean() / np.var(energy, ddof=1))


def chains(fit: Fit) -> pd.DataFrame:
    """What the sampler kept, by chain.

    Returns
    -------
    DataFrame
        ``chain, draws`` (that it holds), ``divergences, depth_limit`` (draws that reached the limit),
        ``depth`` (the largest), ``step_size`` (the last), ``bfmi``; NaN where there is no record.
    """
    draws = held(fit).sum(axis=1)

    def column(name: str, of: Callable[[np.ndarray], float]) -> list[float]:
        values = statistic(fit, name)
        if values is None:
            return [np.nan] * len(draws)
        rows = [row[np.isfinite(row)] for row in values.astype(float)]
        return [of(row) if len(row) else np.nan for row in rows]

    return pd.DataFrame(
        {
            "chain": np.arange(len(draws)),
            "draws": draws,
            "divergences": column("divergences", np.sum),
            "depth_limit": column("tree depth limit", np.sum),
            "depth": column("tree depth", np.max),
            "step_size": column("step size", lambda row: row[-1]),
            "bfmi": column("energy", _bfmi),
        }
    )


def curves(fit: Fit) -> pd.DataFrame:
    """The density of the energies about their mean, and of its steps, all chains together.

    Returns
    -------
    DataFrame
        ``kind`` ("energy" or "step"), ``value``, ``density``, of finite ones; no rows without a record.
    """
    energy = statistic(fit, "energy")
    if energy is None:
        return pd.DataFrame({"kind": [], "value": [], "density": []})
    chains = [chain[np.isfinite(chain)] for chain in energy]
    every = np.concatenate(chains)
    size = power(np.abs(every).max(initial=0))
    steps = np.concatenate([np.diff(chain / size) for chain in chains])
    parts = [pd.DataFrame({"kind": [], "value": [], "density": []})]
    for kind, values in (("energy", every / size), ("step", steps)):
        if len(values) == 0:
            continue
        x, height = kde(values - values.mean() if kind == "energy" else values)
        parts.append(pd.DataFrame({"kind": kind, "value": x * size, "density": height / size}))
    return pd.concat(parts[1:] or parts, ignore_index=True)
