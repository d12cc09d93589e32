"""How far each group is pulled to the mean when the group scales are moved."""

from __future__ import annotations

import numpy as np

__all__ = ["slide"]


def slide(
    precision: np.ndarray,
    score: np.ndarray,
    scales: np.ndarray,
    correlation: np.ndarray | None = None,
    free: np.ndarray | None = None,
    *,
    fixed: np.ndarray | None = None,
    place: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""
    Estimates of every group at given group scales, by the partial-pooling formula.

    With :math:`\Sigma = \mathrm{diag}(\mathtt{scales}) R \,\mathrm{diag}(\mathtt{scales})`, precision matrices :math:`P_j` and
    no-pooling estimates :math:`b_j` (so ``score`` is :math:`P_j b_j`),

    .. math::

        c &= \Big(\sum_j (\Sigma + P_j^{-1})^{-1}\Big)^{-1} \sum_j (\Sigma + P_j^{-1})^{-1} b_j \\
        \hat\beta_j &= (P_j + \Sigma^{-1})^{-1} (P_j b_j + \Sigma^{-1} c) \\
        w_j &= \mathrm{diag}\big((P_j + \Sigma^{-1})^{-1} P_j\big)

    written as :math:`(I + P_j \Sigma)^{-1}` and :math:`(I + \Sigma P_j)^{-1}`, in which neither
    :math:`P_j` nor :math:`\Sigma` is inverted: a group that cannot tell its own slope (singular
    :math:`P_j`) borrows it, and a scale of 0 is complete pooling.

    Parameters
    ----------
    precision : (G, K, K) array
        Inverse variance of each group's own estimates, on the link scale. A group with NaN in it
        gets NaN back and does not move the centre.
    score : (G, K) array
        ``precision @ no_pooling``, per group.
    scales : (K,) array
        Standard deviation of each effect between groups; finite, 0 or more.
    correlation : (K, K) array, optional
        R, the correlation of the effects between groups; independent by default.
    free : (K,) bool array, optional
        False for an effect that the population does not have: its centre is `fixed`. All True by
        default.
    fixed : (K,) array, optional
        The centre of effects that are not free, where their prior gives it as a number; 0 by
        default.
    place : (K, K) array, optional
        Gives the effects at another place, T b for b, from `hierwidgets.tables.place.turn`: what is
        returned is T beta_j, the diagonal of T W_j T^-1, and T c.

    Returns
    -------
    estimates : (G, K) array
    weight : (G, K) array
        Share of the group's own estimate, 0 to 1 for a single effect.
    centre : (K,) array
        The population's effects at these scales (generalised least squares).

    Raises
    ------
    ValueError
        When the shapes disagree, a scale is negative or not finite, or the groups together do
        not determine the population's effects.

    References
    ----------
    Gelman and Hill (2007), Data Analysis Using Regression and Multilevel/Hierarchical Models,
    equation 12.1; Robinson (1991), That BLUP is a good thing, Statistical Science 6(1).

    Examples
    --------
    >>> import numpy as np
    >>> estimates, weight, centre = slide(
    ...     np.array([[[1.0]], [[1.0]]]), np.array([[0.0], [4.0]]), np.array([1.0])
    ... )
    >>> estimates[:, 0].tolist(), weight[:, 0].tolist(), centre.tolist()
    ([1.0, 3.0], [0.5, 0.5], [2.0])
    """
    precision = np.asarray(precision, dtype=float)
    score = np.asarray(score, dtype=float)
    scales = np.asarray(scales, dtype=float)
    groups, effects = score.shape
    if precision.shape != (groups, effects, effects) or scales.shape != (effects,):
        raise ValueError(
            "slide expects precision (G, K, K), score (G, K) and scales (K,); "
            f"got {precision.shape}, {score.shape} and {scales.shape}."
        )
    if not np.all(np.isfinite(scales)) or np.any(scales < 0):
        raise ValueError(f"A group scale must be finite and 0 or more; got {scales.tolist()}.")
    known = np.isfinite(precision).all(axis=(1, 2)) & np.isfinite(score).all(axis=1)
    own, pull = precision[known], score[known]
    R = np.eye(effects) if correlation is None else np.asarray(correlation, dtype=float)
    Sigma = scales[:, None] * R * scales
    identity = np.eye(effects)

    from_data = identity + own @ Sigma
    total = np.linalg.solve(from_data, own).sum(axis=0)
    weighted = np.linalg.solve(from_data, pull[:, :, None])[:, :, 0].sum(axis=0)
    centre = _centre(
        total,
        weighted,
        np.ones(effects, bool) if free is None else np.asarray(free, bool),
        np.zeros(effects) if fixed is None else np.asarray(fixed, dtype=float),
    )

    to_prior = identity + Sigma @ own
    estimates = np.full((groups, effects), np.nan)
    weight = np.full((groups, effects), np.nan)
    target = pull @ Sigma + centre
    estimates[known] = np.linalg.solve(to_prior, target[:, :, None])[:, :, 0]
    share = np.linalg.solve(to_prior, Sigma @ own)
    if place is not None:
        estimates, centre = estimates @ place.T, place @ centre
        share = place @ share @ np.linalg.inv(place)
    weight[known] = np.diagonal(share, axis1=1, axis2=2)
    return estimates, weight, centre


def _centre(
    total: np.ndarray, weighted: np.ndarray, free: np.ndarray, fixed: np.ndarray
) -> np.ndarray:
    """Generalised least squares of the population's effects; those that are not free stay fixed."""
    centre = np.where(free, 0.0, fixed)
    if not free.any():
        return centre
    inner = total[np.ix_(free, free)]
    size = np.sqrt(np.diagonal(inner))
    if not np.all(size > 0) or np.linalg.matrix_rank(inner / np.outer(size, size)) < len(size):
        raise ValueError(
            "The groups' own estimates do not determine the population's effects, "
            "so there is nothing to pool to."
        )
    centre[free] = np.linalg.solve(inner, (weighted - total @ centre)[free])
    return centre
