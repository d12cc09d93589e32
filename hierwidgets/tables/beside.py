"""A Gaussian group's own estimate with the effects of other groupings integrated out.

Given the scales, the rows of group j that the model leaves to its own effects have the covariance
R_j = sum_o Z_o Sigma_o Z_o' + sigma^2 I, over the groupings o beside its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse import linalg as sparse_linalg

from hierwidgets import models, terms
from hierwidgets.tables import heavy

if TYPE_CHECKING:
    from hierwidgets.fit import Fit
    from hierwidgets.terms import Effect

MOST_DRAWS = 1000
FAIR_DRAWS = 200
LEAST_DRAWS = 16
SEED = 20262
# Multiplications: some seconds with FAIR_DRAWS or more, and what a view may take at the most.
_CHEAP, _WORK = 2e7, 5e10
_BATCH = 4_000_000
_DIRECT = 4_000


@dataclass(frozen=True)
class Whole:
    """One group: the mean estimate (K,) and variance and weight (K, K) over draws, and one setting.

    ``precision`` and ``score`` are those at the posterior means of all scales.
    """

    estimate: np.ndarray
    variance: np.ndarray
    weight: np.ndarray
    precision: np.ndarray
    score: np.ndarray


@dataclass(frozen=True)
class _Other:
    """One other grouping: levels (rows,), columns (rows, K), Sigma (settings, K, K)."""

    index: np.ndarray
    Z: np.ndarray
    Sigma: np.ndarray


def factors(fit: Fit, varying: list[Effect]) -> list[str]:
    """The groupings beside that of `varying` in the same linear predictor."""
    component, factor = varying[0].component, varying[0].factor
    names = [e.factor for e in fit.effects if e.component == component and e.factor != factor]
    return list(dict.fromkeys(names))


def reason(fit: Fit, varying: list[Effect]) -> str:
    """Why the other groupings cannot be integrated out in closed form, or nothing."""
    component = varying[0].component
    if fit.family != "gaussian" or terms.link_name(fit.model, component) != "identity":
        return "outside Gaussian models with the identity link"
    if smooth := terms.smooths(fit.model):
        return f"beside the Gaussian process {smooth[0]}"
    by_name = {e.variable: e.factor for e in fit.effects}
    names = factors(fit, varying)
    odd = [name for name in models.not_normal(fit.model, component) if by_name[name] in names]
    return f"where the effects of {odd[0]} are not Normal around zero" if odd else ""


class Beside:
    """The rows of a model as one grouping sees them, other groupings as part of the noise.

    The settings are draws chosen at random, at most `MOST_DRAWS` where they are cheap and `FAIR_DRAWS`
    else, and at last the posterior means of the scales. Fewer where the groups of others meet so much
    that the work would grow out of hand, never fewer than `LEAST_DRAWS`.

    Parameters
    ----------
    fit : Fit
        Gaussian with the identity link.
    varying : list of Effect
        All that varies over the grouping.
    inverse_scale : ndarray, shape (rows,)
        One over the residual scale, at its posterior mean.
    """

    def __init__(self, fit: Fit, varying: list[Effect], inverse_scale: np.ndarray) -> None:
        posterior, component = fit.posterior, varying[0].component
        self.Z = np.column_stack([effect.predictor for effect in varying])
        self.w = inverse_scale[:, None]
        by_factor = {
            name: [e for e in fit.effects if e.component == component and e.factor == name]
            for name in factors(fit, varying)
        }
        sizes = [_cells(varying[0].index, own[0].index) for own in by_factor.values()]
        order = np.argsort([-size.sum() for size in sizes], kind="stable")
        work = _work([sizes[i] for i in order])
        total = int(posterior.sizes["chain"] * posterior.sizes["draw"])
        most = np.clip(_CHEAP / max(work, 1.0), FAIR_DRAWS, MOST_DRAWS)
        count = int(np.clip(_WORK / max(work, 1.0), LEAST_DRAWS, most))
        # At random: successive draws of a sampler lean to opposite sides, so that every second is no sample.
        chosen = np.random.default_rng(SEED).permutation(total)[: min(count, total)]
        self.picks = np.sort(chosen)
        beside = list(by_factor.values())
        self.others = [
            _Other(
                own[0].index,
                np.column_stack([e.predictor for e in own]),
                self._settings(own, fit),
            )
            for own in (beside[i] for i in order)
        ]
        self.varying, self.posterior = varying, posterior
        self.Sigma = self._settings(varying, fit)
        scale = terms.residual_scale(fit.model, posterior)
        self.ratio = np.ones(len(self.picks) + 1)
        if scale is not None and scale.ndim == 2:
            self.ratio[:-1] = (scale.ravel()[self.picks] / scale.mean()) ** 2
        design = terms.common(fit.model, component)
        X = design.X - self.Z @ terms.population_weights(design, varying)
        kept = np.abs(X).max(axis=0, initial=0.0) > 1e-9 * np.abs(design.X).max(axis=0, initial=0.0)
        beta = design.draws(posterior, varying[0].response).reshape(total, -1)[:, kept]
        chosen, mean = beta[self.picks], beta.mean(axis=0)
        self.beta = np.vstack([chosen - chosen.mean(axis=0) + mean, mean])
        y = terms.response(fit.model) - design.offset
        self.response = np.column_stack([y, X[:, kept]])

    def _settings(self, varying: list[Effect], fit: Fit) -> np.ndarray:
        """Sigma at each setting, shape (settings, K, K)."""
        tau = np.stack([e.scale_draws(fit.posterior).ravel() for e in varying], axis=1)
        rho = terms.correlation_draws(varying, fit.posterior)
        chosen = rho if len(rho) == 1 else rho[self.picks]
        some = tau[self.picks]
        mean = tau.mean(axis=0)
        last = mean[:, None] * rho.mean(axis=0) * mean
        return np.concatenate([some[:, :, None] * chosen * some[:, None, :], last[None]])

    def group(self, mine: np.ndarray, whole: bool) -> Whole:
        """What the rows `mine` of one group say; `whole` if they can tell all effects apart."""
        K = self.Z.shape[1]
        turn = np.eye(K)
        Z = self.Z[mine] * self.w[mine]
        if whole:
            norms = np.linalg.norm(Z, axis=0)
            turn = np.linalg.inv(np.linalg.qr(Z / norms, mode="r")) / norms[:, None]
        columns = np.hstack([Z @ turn, self.response[mine] * self.w[mine]])
        Q = self._products(columns, mine)
        P = Q[:, :K, :K]
        s = Q[:, :K, K] - (Q[:, :K, K + 1 :] @ self.beta[..., None])[..., 0]
        if not whole:
            nothing = np.full((K, K), np.nan)
            return Whole(nothing[0], nothing, nothing, P[-1], s[-1])
        b = np.linalg.solve(P, s[..., None])[:-1, :, 0].mean(axis=0) @ turn.T
        V = turn @ np.linalg.inv(P) @ turn.T
        # Sigma (Sigma + V)^-1, by symmetry the transpose of (Sigma + V)^-1 Sigma.
        Sigma = self._own(mine)
        W = np.linalg.solve(Sigma + V[:-1], Sigma).mean(axis=0).T
        back = np.linalg.inv(turn)
        precision = back.T @ P[-1] @ back
        return Whole(b, V[:-1].mean(axis=0), W, precision, precision @ b)

    def _own(self, mine: np.ndarray) -> np.ndarray:
        """Sigma of the group of these rows at each draw: of Student-t effects it is the group's own."""
        if not heavy.odd(self.varying):
            return self.Sigma[:-1]
        if not heavy.mixture(self.varying):
            return np.full(self.Sigma[:-1].shape, np.nan)
        group = int(self.varying[0].index[mine[0]])
        return heavy.covariance(self.varying, self.posterior, group)[self.picks]

    def _products(self, columns: np.ndarray, mine: np.ndarray) -> np.ndarray:
        """B' R^-1 B of weighted columns B, shape (settings, m, m), by Woodbury's identity.

        The grouping with the most levels goes first, level by level; what remains of others is
        dense.
        """
        first, *rest = self.others
        m = columns.shape[1]
        blocks = [columns]
        priors: list[tuple[int, np.ndarray]] = []
        for other in rest:
            levels, at = np.unique(other.index[mine], return_inverse=True)
            Ko = other.Z.shape[1]
            wide = np.zeros((len(mine), len(levels), Ko))
            wide[np.arange(len(mine)), at] = other.Z[mine] * self.w[mine]
            blocks.append(wide.reshape(len(mine), -1))
            priors.append((len(levels), other.Sigma))
        B = np.hstack(blocks)
        order = np.argsort(first.index[mine], kind="stable")
        level = first.index[mine][order]
        starts = np.flatnonzero(np.r_[True, level[1:] != level[:-1]])
        Z1 = (first.Z[mine] * self.w[mine])[order]
        cross = np.add.reduceat(Z1[:, :, None] * B[order][:, None, :], starts, axis=0)
        own = np.add.reduceat(Z1[:, :, None] * Z1[:, None, :], starts, axis=0)
        base = B.T @ B
        L, K1, wide = cross.shape
        flat = cross.reshape(L * K1, wide)
        step = max(1, _BATCH // (L * K1 * (wide + K1) + 3 * wide**2))
        parts = []
        for start in range(0, len(self.ratio), step):
            some = slice(start, start + step)
            ratio = self.ratio[some, None, None]
            inner = _inner(own, first.Sigma[some], ratio[..., None])
            pulled = (inner @ cross).reshape(-1, L * K1, wide)
            products = base / ratio - flat.T @ pulled / ratio**2
            if wide > m:
                rest_of = [(count, Sigma[some]) for count, Sigma in priors]
                products = _schur(products, m, rest_of)
            parts.append(products)
        return np.concatenate(parts)

    def complete(self, shared: np.ndarray) -> np.ndarray:
        """Generalised least squares of the `shared` effects (K,) from all rows at the last setting."""
        Z = self.Z[:, shared] * self.w
        norms = np.linalg.norm(Z, axis=0)
        turn = np.linalg.inv(np.linalg.qr(Z / norms, mode="r")) / norms[:, None]
        residual = (self.response[:, 0] - self.response[:, 1:] @ self.beta[-1]) * self.w[:, 0]
        B = np.column_stack([Z @ turn, residual])
        U = sparse.hstack([self._rooted(other) for other in self.others]).tocsc()
        A = (sparse.eye_array(U.shape[1]) + U.T @ U).tocsc()
        side = U.T @ B
        sizes = sorted(other.Z.shape[1] * (int(other.index.max()) + 1) for other in self.others)
        Q = B.T @ B - side.T @ _solve(A, side, direct=sum(sizes[:-1]) <= _DIRECT)
        return turn @ np.linalg.solve(Q[:-1, :-1], Q[:-1, -1])

    def _rooted(self, other: _Other) -> sparse.csr_array:
        """Weighted columns of one grouping times a root of its covariance, sparse."""
        values, vectors = np.linalg.eigh(other.Sigma[-1])
        Z = other.Z @ (vectors * np.sqrt(np.maximum(values, 0.0))) * self.w
        n, K = Z.shape
        columns = other.index[:, None] * K + np.arange(K)
        rows = np.repeat(np.arange(n), K)
        shape = (n, K * (int(other.index.max()) + 1))
        return sparse.csr_array((Z.ravel(), (rows, columns.ravel())), shape=shape)


def _cells(index: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How many levels of another grouping each group meets."""
    pairs = np.unique(np.stack([index, other]), axis=1)
    return np.bincount(pairs[0], minlength=int(index.max()) + 1)


def _work(sizes: list[np.ndarray]) -> float:
    """About how many multiplications one setting needs over all groups."""
    dense = sum((size.astype(float) for size in sizes[1:]), np.zeros(len(sizes[0])))
    return float((sizes[0] * (dense + 4) ** 2 + dense**3).sum())


def _inner(own: np.ndarray, Sigma: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """(Sigma^-1 + G_l)^-1 of every level, Sigma singular or not, shape (settings, levels, K, K)."""
    prior = Sigma[:, None]
    if own.shape[-1] == 1:
        return prior / (1 + own * prior / ratio)
    system = np.eye(own.shape[-1]) + prior @ own / ratio
    return np.linalg.solve(system, np.broadcast_to(prior, system.shape))


def _schur(Q: np.ndarray, m: int, priors: list[tuple[int, np.ndarray]]) -> np.ndarray:
    """The first m rows and columns when the effects behind the rest are integrated out too."""
    size = Q.shape[1] - m
    Sigma = np.zeros((len(Q), size, size))
    at = 0
    for count, block in priors:
        K = block.shape[1]
        for _ in range(count):
            Sigma[:, at : at + K, at : at + K] = block
            at += K
    rest, cross = Q[:, m:, m:], Q[:, m:, :m]
    solved = np.linalg.solve(np.eye(size) + Sigma @ rest, Sigma @ cross)
    return Q[:, :m, :m] - np.swapaxes(cross, 1, 2) @ solved


def _solve(A: sparse.csc_array, side: np.ndarray, *, direct: bool) -> np.ndarray:
    """A^-1 side: factored where that stays sparse, else by conjugate gradients."""
    if direct:
        return sparse_linalg.splu(A).solve(side)
    scaled = sparse.diags_array(1 / A.diagonal())
    found = [
        sparse_linalg.cg(A, column, rtol=1e-12, maxiter=5_000, M=scaled)[0] for column in side.T
    ]
    return np.column_stack(found)
