"""The density of a left-out group's rows at every draw, with all that is new in it integrated out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hierwidgets import models, responses, terms
from hierwidgets.tables.altered import DISTRIBUTIONS
from hierwidgets.tables.densities import DENSITIES, rowwise
from hierwidgets.tables.integrate import LADDERS, Rule, log_integral, settled

if TYPE_CHECKING:
    import xarray as xr

    from hierwidgets.fit import Fit
    from hierwidgets.terms import Effect

_BATCH = 200_000
_TRIED = 64
_COARSEST = 1e-3
Some = slice | np.ndarray


@dataclass(frozen=True)
class Density:
    """Log density (draws,) of a group's rows, or the reason why there is none."""

    log: np.ndarray | None
    reason: str = ""


class Draws:
    """The draws that the densities of left-out groups need, taken out of a posterior once.

    Parameters
    ----------
    fit : Fit
        The model with all its rows.
    posterior : Dataset, optional
        Another posterior of the same parameters, such as one without some groups; the fit's own by
        default.
    """

    def __init__(self, fit: Fit, posterior: xr.Dataset | None = None) -> None:
        self.fit = fit
        self.posterior = fit.posterior if posterior is None else posterior
        sizes = self.posterior.sizes
        self.sizes = (int(sizes["chain"]), int(sizes["draw"]))
        self.count = self.sizes[0] * self.sizes[1]
        self.reason = _refused(fit)
        if self.reason:
            return
        model = fit.model
        names = _names(fit)
        self.constants = {
            name: _constant(fit, self.posterior, name)
            for name in names
            if name not in model.conditional_parameters
        }
        self.parts = {
            name: _Part.of(fit, self.posterior, name)
            for name in names
            if name in model.conditional_parameters
        }

    def density(self, mine: np.ndarray) -> Density:
        """Log density of these rows when no other row informs the effects that only they have.

        Parameters
        ----------
        mine : ndarray of int
            Rows of the fit.

        Returns
        -------
        Density
        """
        if self.reason:
            return Density(None, self.reason)
        rows = _Rows(self, mine)
        if reason := rows.refused():
            return Density(None, reason)
        rule, error = rows.rule()
        if not error <= _COARSEST:
            return Density(None, f"its integral does not settle with {rule.nodes} nodes")
        step = max(1, _BATCH // len(mine))
        parts = [
            log_integral(rows.at(some), some.stop - some.start, rows.effects, rule)
            for some in _slices(self.count, step)
        ]
        return Density(np.concatenate(parts))

    def root(self, varying: list[Effect], some: Some) -> np.ndarray:
        """R with R R' the covariance of effects of one grouping, shape (some, K, K)."""
        tau = np.stack([e.scale_draws(self.posterior).ravel()[some] for e in varying], axis=1)
        if len(varying) == 1:
            return tau[:, :, None]
        values, vectors = np.linalg.eigh(_correlation(varying, self.posterior, some))
        return tau[:, :, None] * (vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :])


@dataclass(frozen=True)
class _Part:
    """A modelled parameter: the population's share, and the effects of groups at their draws."""

    design: terms.Common
    beta: np.ndarray
    effects: list[tuple[Effect, np.ndarray]]
    inverse: Callable[[np.ndarray], np.ndarray]
    link: str

    @classmethod
    def of(cls, fit: Fit, posterior: xr.Dataset, name: str) -> _Part:
        design = terms.common(fit.model, name)
        beta = design.draws(posterior)
        return cls(
            design,
            beta.reshape(-1, beta.shape[-1]),
            [(e, _by_label(e, posterior)) for e in fit.effects if e.component == name],
            fit.model.family.link[name].linkinv,
            terms.link_name(fit.model, name),
        )

    def eta(self, mine: np.ndarray, known: dict[str, np.ndarray], some: Some) -> np.ndarray:
        """The linear predictor without the effects that are new, shape (some, rows)."""
        out = self.beta[some] @ self.design.X[mine].T
        out += self.design.offset[mine]
        for effect, draws in self.effects:
            if known[effect.factor].any():
                multiplier = effect.predictor[mine] * known[effect.factor]
                out += draws[some][:, effect.index[mine]] * multiplier
        return out


@dataclass(frozen=True)
class _New:
    """The effects of one level that has no other rows: what they multiply, shape (rows, K)."""

    component: str
    varying: list[Effect]
    Z: np.ndarray


class _Rows:
    """The rows of a left-out group, and what is new in them."""

    def __init__(self, draws: Draws, mine: np.ndarray) -> None:
        fit = draws.fit
        self.draws, self.mine = draws, mine
        self.y = terms.response(fit.model)[mine]
        self.known = {e.factor: ~_only_here(e, mine) for e in fit.effects}
        new = [one for name in draws.parts for one in _new(fit, name, mine, self.known)]
        self.parent = terms.parent(fit.model)
        parent = draws.parts[self.parent]
        rest = responses.altered(fit.model)
        rest = None if rest is None else rest.of(mine)
        self.exact = fit.family == "gaussian" and parent.link == "identity" and rest is None
        inside = {self.parent} if self.exact else set[str]()
        self.inner = [one for one in new if one.component in inside]
        self.outer = [one for one in new if one.component not in inside]
        self.several = fit.family == "t"
        self.effects = sum(len(one.varying) for one in self.outer)
        links = {name: part.link for name, part in draws.parts.items()}
        self.density = rowwise(fit.family, links, rest)

    def refused(self) -> str:
        """Why these rows' integral is not done, or nothing."""
        if self.several and any(one.component != self.parent for one in self.outer):
            return "effects on the scale of a Student t are new in it, which may have several modes"
        most = 1 if self.several else max(LADDERS)
        if self.effects <= most:
            return ""
        return (
            f"{self.effects} effects are new in it, and no closed form integrates them: quadrature is "
            f"done over {most} at most" + (" where there may be several modes" * self.several)
        )

    def rule(self) -> tuple[Rule, float]:
        """The rule that suffices where scales are largest and on evenly spaced draws."""
        if not self.effects:
            return Rule(1), 0.0
        count = self.draws.count
        even = np.linspace(0, count - 1, min(_TRIED, count)).astype(int)
        roots = [np.abs(self.draws.root(one.varying, slice(None))) for one in self.outer]
        widest = np.sum([root.sum(axis=(1, 2)) for root in roots], axis=0)
        largest = np.argsort(widest)[-min(_TRIED, count) :]
        some = np.unique(np.concatenate([even, largest]))
        return settled(self.at(some), len(some), self.effects, self._narrowest(some))

    def _narrowest(self, some: np.ndarray) -> float | None:
        """About the width of the narrowest of several modes: all rows of a Student t at one place."""
        if not self.several:
            return None
        (one,) = self.outer
        draws = self.draws
        if "sigma" in draws.parts:
            part = draws.parts["sigma"]
            sigma = part.inverse(part.eta(self.mine, self.known, some))
        else:
            sigma = draws.constants["sigma"][some]
        widest = np.abs(one.Z).max() * np.abs(draws.root(one.varying, some)).max(axis=(1, 2))
        return float(
            np.min(sigma.min(axis=1) / np.maximum(widest, 1e-300)) / np.sqrt(len(self.mine))
        )

    def at(self, some: Some) -> Callable[[np.ndarray], np.ndarray]:
        """Log density at some draws, a function of the standardised effects to integrate over."""
        draws = self.draws
        etas = {name: p.eta(self.mine, self.known, some) for name, p in draws.parts.items()}
        constants = {name: values[some] for name, values in draws.constants.items()}
        roots = [draws.root(one.varying, some) for one in self.outer]
        inner = [draws.root(one.varying, some) for one in self.inner]
        Z = np.concatenate([one.Z for one in self.inner], axis=1) if inner else None
        R = _diagonal(inner) if inner else None

        def log(z: np.ndarray) -> np.ndarray:
            moved, start = dict(etas), 0
            for one, root in zip(self.outer, roots, strict=True):
                own = z[:, start : start + len(one.varying)]
                start += len(one.varying)
                move = (root @ own[..., None])[..., 0] @ one.Z.T
                moved[one.component] = moved[one.component] + move
            if Z is None or R is None:
                return self.density(self.y, moved, constants, draws.parts).sum(axis=1)
            sigma = (
                draws.parts["sigma"].inverse(moved["sigma"])
                if "sigma" in moved
                else constants["sigma"]
            )
            return normal(self.y - moved[self.parent], sigma, Z, R)

        return log


def normal(residual: np.ndarray, sigma: np.ndarray, Z: np.ndarray, R: np.ndarray) -> np.ndarray:
    """Log density of Normal(0, Z R R' Z' + diag(sigma^2)) at the residuals of each draw.

    By the K x K system of the effects, never by the n x n covariance of the rows.

    Parameters
    ----------
    residual : ndarray, shape (draws, n)
    sigma : ndarray, shape (draws, n) or (draws, 1)
    Z : ndarray, shape (n, K)
    R : ndarray, shape (draws, K, K)
        A root of the covariance of the effects.

    Returns
    -------
    ndarray, shape (draws,)

    References
    ----------
    Woodbury's identity and the matrix determinant lemma: Harville (1997), Matrix Algebra From a
    Statistician's Perspective, sections 18.1 and 18.2.
    """
    n, K = Z.shape
    inverse = 1 / sigma**2
    weights = np.broadcast_to(inverse, residual.shape)
    gram = (weights @ (Z[:, :, None] * Z[:, None, :]).reshape(n, K * K)).reshape(-1, K, K)
    turned = np.swapaxes(R, 1, 2)
    system = np.eye(K) + turned @ gram @ R
    side = (turned @ ((residual * weights) @ Z)[..., None])[..., 0]
    lower = np.linalg.cholesky(system)
    solved = np.linalg.solve(lower, side[..., None])[..., 0]
    square = (weights * residual**2).sum(axis=1) - (solved**2).sum(axis=1)
    scale = 2 * np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
    scale = scale + 2 * np.log(np.broadcast_to(sigma, residual.shape)).sum(axis=1)
    return -0.5 * (n * np.log(2 * np.pi) + scale + square)


def _refused(fit: Fit) -> str:
    """Why this model has no density of left-out groups here, or nothing."""
    model = fit.model
    if smooth := terms.smooths(model):
        return f"the Gaussian process {smooth[0]} is not computed here"
    rest = responses.altered(model)
    if rest is not None and rest.weights is None and fit.family not in DISTRIBUTIONS:
        return f"the distribution of the {fit.family} family between bounds is not computed here"
    if fit.family not in {*DENSITIES, "cumulative"}:
        return f"the density of the {fit.family} family is not computed here"
    for component in model.conditional_parameters:
        if other := models.not_normal(model, component):
            return f"the effects of {other[0]} are not Normal around zero"
    return ""


def _names(fit: Fit) -> tuple[str, ...]:
    if fit.family == "cumulative":
        return (terms.parent(fit.model), "threshold")
    return DENSITIES[fit.family][0]


def _constant(fit: Fit, posterior: xr.Dataset, name: str) -> np.ndarray:
    if name == "threshold":
        alias = fit.model.marginal_parameters[name].alias
        values = posterior[str(alias or name)].transpose(*terms.MAIN_DIMS, ...).to_numpy()
        return values.reshape(-1, values.shape[-1])
    found = terms.constant_draws(fit.model, posterior, name)
    if found is None:
        raise ValueError(f"The family {fit.family!r} has no parameter {name!r}.")
    return found.reshape(-1, 1)


def _by_label(effect: Effect, posterior: xr.Dataset) -> np.ndarray:
    """Draws (draws, groups) in the order of the effect's groups; zero for those that are not there."""
    chosen = posterior[effect.variable].sel(effect.at)
    values = chosen.transpose(*terms.MAIN_DIMS, effect.factor_dim).to_numpy()
    values = values.reshape(-1, values.shape[-1])
    place = {str(label): i for i, label in enumerate(posterior[effect.factor_dim].to_numpy())}
    out = np.zeros((len(values), len(effect.groups)))
    there = [i for i, group in enumerate(effect.groups) if group in place]
    picked = values[:, [place[effect.groups[i]] for i in there]]
    shape = (posterior.sizes["chain"], posterior.sizes["draw"], len(there))
    out[:, there] = effect.deviations(picked.reshape(shape), posterior).reshape(picked.shape)
    return out


def _correlation(varying: list[Effect], posterior: xr.Dataset, some: Some) -> np.ndarray:
    found = terms.correlation_draws(varying, posterior)
    return found if len(found) == 1 else found[some]


def _only_here(effect: Effect, mine: np.ndarray) -> np.ndarray:
    """Whether each row is in a level of the factor that has no row but these."""
    everywhere = np.bincount(effect.index, minlength=len(effect.groups))
    here = np.bincount(effect.index[mine], minlength=len(effect.groups))
    return (here == everywhere)[effect.index[mine]]


def _new(fit: Fit, component: str, mine: np.ndarray, known: dict[str, np.ndarray]) -> list[_New]:
    grouped: dict[str, list[Effect]] = {}
    for effect in fit.effects:
        if effect.component == component:
            grouped.setdefault(effect.factor, []).append(effect)
    found = []
    for factor, varying in grouped.items():
        index = varying[0].index[mine]
        for level in np.unique(index[~known[factor]]):
            inside = index == level
            Z = np.stack([e.predictor[mine] * inside for e in varying], axis=1)
            used = np.flatnonzero(np.any(Z != 0, axis=0))
            if len(used):
                found.append(_New(component, [varying[i] for i in used], Z[:, used]))
    return found


def _diagonal(blocks: list[np.ndarray]) -> np.ndarray:
    """Blocks (draws, K, K) along the diagonal of one (draws, sum K, sum K)."""
    if len(blocks) == 1:
        return blocks[0]
    size = sum(block.shape[1] for block in blocks)
    out = np.zeros((len(blocks[0]), size, size))
    start = 0
    for block in blocks:
        end = start + block.shape[1]
        out[:, start:end, start:end] = block
        start = end
    return out


def _slices(count: int, step: int) -> list[slice]:
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]
