"""What no weight of a draw can show: supports never visited, and a mode hidden near zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from hierwidgets.weights import densities
from hierwidgets.weights.errors import Sizes, ess
from hierwidgets.weights.pool import mixture

__all__ = ["Change", "Prior"]

GRID = 61
DECADES = 3


class Prior(Protocol):
    """A family of `hierwidgets.weights.densities` and its arguments."""

    @property
    def family(self) -> str:
        """Its name."""
        ...

    @property
    def args(self) -> Mapping[str, Any]:
        """Arguments by name: numbers, or one for each element of the parameter."""
        ...


@dataclass(frozen=True)
class Change:
    """
    The priors behind a reweighting.

    Attributes
    ----------
    target : dict
        Parameter -> prior.
    members : list of dict
        The same of each fit of the pool.
    scales : dict
        Group scale -> its draws, (elements, N) or (N,).
    """

    target: Mapping[str, Prior]
    members: Sequence[Mapping[str, Prior]]
    scales: Mapping[str, np.ndarray] = field(default_factory=dict)

    def obstacle(self, sizes: Sizes, f: np.ndarray) -> str:
        """Why these draws cannot serve the target whatever their weights, or nothing."""
        if sentence := self._support():
            return sentence
        for name, draws in self.scales.items():
            if name in self.target and self.hidden(name, draws, sizes, f) >= 1:
                return (
                    f"The prior of {name} now favours values nearer to zero than any draw: a mode "
                    "there could not be seen."
                )
        return ""

    def _support(self) -> str:
        short = [self._narrower(member) for member in self.members]
        if not all(short):
            return ""
        name = short[0][0]
        low, high = densities.support(self.target[name].family, self.target[name].args)
        return (
            f"The prior of {name} allows values from {np.min(low):g} to {np.max(high):g}, some of "
            "which no fit allowed, so no draw can speak for them."
        )

    def _narrower(self, member: Mapping[str, Prior]) -> list[str]:
        """Parameters for which a fit allowed less than the target does."""
        out: list[str] = []
        for name, prior in self.target.items():
            low, high = densities.support(prior.family, prior.args)
            least, most = densities.support(member[name].family, member[name].args)
            if np.any(np.less(low, least)) or np.any(np.greater(high, most)):
                out.append(name)
        return out

    def hidden(self, name: str, draws: np.ndarray, sizes: Sizes, f: np.ndarray) -> float:
        """
        A bound on the target's mass where a scale is smaller than all its draws.

        ``3 / ESS`` times the largest ratio of the priors there over its mean: with so many
        independent draws none of which fell there, the fits have less mass there than 3 / ESS
        (in 95 % of cases). 1 or more: a mode near zero may be hidden.
        """
        rows = np.atleast_2d(draws)
        return max(self._hidden(name, row, e, sizes, f) for e, row in enumerate(rows))

    def _hidden(
        self, name: str, draws: np.ndarray, element: int, sizes: Sizes, f: np.ndarray
    ) -> float:
        n = [chains * count for chains, count in sizes]
        priors = [member[name] for member in self.members]
        smallest = float(draws.min())
        if smallest <= 0:
            return 0.0
        below = smallest * np.logspace(-DECADES, 0, GRID)

        def log_ratio(x: np.ndarray) -> np.ndarray:
            L = np.stack([_log(prior, element, x) for prior in priors])
            with np.errstate(invalid="ignore"):
                return _log(self.target[name], element, x) - mixture(L, n, f)

        inside, outside = log_ratio(draws), log_ratio(below)
        high = float(np.nanmax(inside))
        if high == -np.inf:
            return np.inf
        mean = high + np.log(np.mean(np.exp(inside - high)))
        size = float(ess(draws, sizes).sum())
        return float(3 / size * np.exp(min(np.nanmax(outside) - mean, 700.0)))


def _log(prior: Prior, element: int, x: np.ndarray) -> np.ndarray:
    args = {
        key: np.ravel(value)[min(element, np.size(value) - 1)] for key, value in prior.args.items()
    }
    return densities.log_density(prior.family, args, x)
