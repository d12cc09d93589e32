"""How much the groups differ: every scale and correlation of a fit, with its share and pooling."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hierwidgets import terms
from hierwidgets.tables import groups
from hierwidgets.tables.curves import kde
from hierwidgets.tables.heavy import no_variance
from hierwidgets.tables.icc import decompose

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

__all__ = ["correlations", "densities", "pooling_factor", "scales"]

NUMBERS = ["mean", "sd", *groups.QUANTILES]
SHARES = ["share", "share_lower", "share_upper"]


def scales(fit: Fit) -> pd.DataFrame:
    """The posterior of every standard deviation: of each effect between groups, and the residual.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    DataFrame
        One row a scale, the residual last where the family has one on the scale of the linear
        predictor.

        term, factor, effect, component
            As in `Fit.terms`; the residual's term and effect are "residual", its factor "".
        parameter
            Its name in the posterior; "" for a standard deviation that is computed: some residuals, and
            sigma sqrt(nu / (nu - 2)) of Student-t effects. Where effects have no variance it is their
            scale sigma that is shown, by its name.
        mean, sd, lower, inner_lower, median, inner_upper, upper
            In units of the linear predictor, for a slope per unit of its predictor.
        share, share_lower, share_upper
            Mean and 95 % interval of the effect's own variance, averaged over the rows, as a share
            of the whole. The covariance of correlated effects belongs to none of them: the share of
            the factor, with it, is in `hierwidgets.tables.icc.icc`.
        pooling
            The pooling factor; see `pooling_factor`. Missing for the residual.
        reason
            Why the share is missing, else "".

    Raises
    ------
    ValueError
        If the model has no group terms.

    Examples
    --------
    >>> scales(fit)[["term", "mean", "lower", "upper", "share", "pooling"]]
    """
    fit.effect()
    posterior = fit.posterior
    parts = decompose(fit)
    rest = parts.residual.variance
    total = None if rest is None or parts.reason else sum(parts.between.values()) + rest
    main = terms.parent(fit.model)
    rows: list[dict[str, object]] = []
    for effect in fit.effects:
        share, reason = np.full(3, np.nan), parts.reason
        if effect.component != main:
            reason = f"it is on the scale of {effect.component}, not of {main}"
        elif total is not None:
            own = effect.sd_draws(posterior).ravel() ** 2 * np.mean(effect.predictor**2)
            share = _share(own / total)
        rows.append(
            {
                "term": effect.term,
                "factor": effect.factor,
                "effect": effect.effect,
                "component": effect.component,
                "parameter": "" if computed(fit, effect) else _parameter(effect, fit),
                **dict(zip(SHARES, share, strict=True)),
                "pooling": pooling_factor(effect.draws(posterior)),
                "reason": reason,
            }
        )
    if rest is not None:
        share = np.full(3, np.nan) if total is None else _share(rest / total)
        rows.append(
            {
                "term": "residual",
                "factor": "",
                "effect": "residual",
                "component": main,
                "parameter": parts.residual.parameter,
                **dict(zip(SHARES, share, strict=True)),
                "pooling": np.nan,
                "reason": parts.reason,
            }
        )
    table = pd.DataFrame(rows)
    summary = groups.summarise(_draws(fit)[None])[NUMBERS]
    front = ["term", "factor", "effect", "component", "parameter"]
    return pd.concat([table[front], summary, table[[*SHARES, "pooling", "reason"]]], axis=1)


def correlations(fit: Fit) -> pd.DataFrame:
    """The correlation of every two effects that vary together over the same groups.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    DataFrame
        One row a pair: component, factor, one, other (effects), mean, sd, lower, upper (95 %). No
        rows where the model has independent effects, as Bambi's own are.

    Examples
    --------
    >>> correlations(fit)[["one", "other", "mean", "lower", "upper"]]
    """
    rows: list[dict[str, object]] = []
    seen: list[str] = []
    for effect in fit.effects:
        if not effect.joint or effect.joint in seen:
            continue
        seen.append(effect.joint)
        varying = fit.siblings(effect)
        R = terms.correlation_draws(varying, fit.posterior)
        for i, j in combinations(range(len(varying)), 2):
            lower, upper = np.quantile(R[:, i, j], [0.025, 0.975])
            rows.append(
                {
                    "component": effect.component,
                    "factor": effect.factor,
                    "one": varying[i].effect,
                    "other": varying[j].effect,
                    "mean": R[:, i, j].mean(),
                    "sd": R[:, i, j].std(ddof=1),
                    "lower": lower,
                    "upper": upper,
                }
            )
    columns = ["component", "factor", "one", "other", "mean", "sd", "lower", "upper"]
    return pd.DataFrame(rows, columns=columns)


def densities(fit: Fit) -> pd.DataFrame:
    """The posterior density of every scale, at 128 points.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    DataFrame
        row (its position in `scales`), value, density. A scale that is fixed is one point of
        density 1.
    """
    curves = [kde(values) for values in _draws(fit).T]
    return pd.DataFrame(
        {
            "row": np.repeat(np.arange(len(curves)), [len(x) for x, _ in curves]),
            "value": np.concatenate([x for x, _ in curves]),
            "density": np.concatenate([density for _, density in curves]),
        }
    )


def pooling_factor(draws: np.ndarray) -> float:
    r"""How far a level is pooled: 0 is no pooling, 1 complete pooling.

    .. math:: \lambda = 1 - \frac{V_j(E(u_j))}{E(V_j(u_j))}

    with :math:`V_j` the variance over groups and :math:`E` the posterior mean.

    Parameters
    ----------
    draws : ndarray, shape (chain, draw, groups)
        Deviations u_j.

    Returns
    -------
    float
        NaN where the deviations do not vary at all.

    References
    ----------
    Gelman and Pardoe (2006), Bayesian measures of explained variance and pooling in multilevel
    (hierarchical) models, Technometrics 48, 241-251.

    Examples
    --------
    >>> import numpy as np
    >>> pooling_factor(np.array([[[1.0, -1.0], [1.0, -1.0]]]))
    0.0
    """
    within = draws.var(axis=-1, ddof=1).mean()
    if within == 0:
        return float("nan")
    return float(1 - draws.mean(axis=(0, 1)).var(ddof=1) / within)


def computed(fit: Fit, effect: terms.Effect) -> bool:
    """Whether the standard deviation of an effect is not its scale, and is known."""
    return effect.distribution != "Normal" and not no_variance([effect], fit.posterior)


def _draws(fit: Fit) -> np.ndarray:
    """Draws of every scale in the order of `scales`, shape (draws, scales)."""
    columns = [
        (effect.sd_draws if computed(fit, effect) else effect.scale_draws)(fit.posterior).ravel()
        for effect in fit.effects
    ]
    rest = decompose(fit).residual.variance
    return np.stack(columns if rest is None else [*columns, np.sqrt(rest)], axis=1)


def _share(draws: np.ndarray) -> np.ndarray:
    return np.array([draws.mean(), *np.quantile(draws, [0.025, 0.975])])


def _parameter(effect: terms.Effect, fit: Fit) -> str:
    dims = fit.posterior[effect.scale].dims
    at = [str(level) for dim, level in effect.at.items() if dim in dims]
    return f"{effect.scale}[{', '.join(at)}]" if at else effect.scale
