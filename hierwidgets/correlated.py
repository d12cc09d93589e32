"""Correlated group effects: a multivariate normal with an LKJ prior, as an ordinary Bambi model.

Intercepts and slopes of a grouping are ``u_j = diag(sigma) L z_j`` with z_j standard normal and
``L L'`` the correlation matrix. L is built from canonical partial correlations, one Beta variable
for each pair, which is exactly LKJ(eta): Lewandowski, Kurowicka and Joe (2009), Journal of
Multivariate Analysis 100, 1989-2001. The scales keep the priors they have without the correlation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hierwidgets import checks, default_priors, terms

if TYPE_CHECKING:
    import bambi as bmb

ETA = 2.0
Correlated = bool | Sequence[str] | Mapping[str, float]


@dataclass(frozen=True)
class Joint:
    """The effects of one grouping as Bambi asks for them: a slice of one multivariate normal.

    Everything shared lives in the pymc model that is being built, so that building twice, copying
    and changing priors all work. With `as_data`, eta is data of that model and can be set.
    """

    base: str
    labels: tuple[str, ...]
    eta: float
    start: int
    size: int | None
    as_data: bool = False

    def __call__(self, label: str, mu: Any = 0, sigma: Any = 1, dims: Any = None) -> Any:
        """The effects of one term, with the dimensions Bambi gives them."""
        import pymc as pm

        whole = self._standard(dims[0])
        if self.size is None:
            part = whole[:, self.start]
        else:
            part = whole[:, self.start : self.start + self.size]
        return pm.Deterministic(label, mu + part * sigma, dims=dims)

    def _standard(self, factor_dim: str) -> Any:
        """L z for each group, shape (groups, effects); made by the first term that asks."""
        import pymc as pm

        model = pm.modelcontext(None)
        z, L = f"{self.base}_z_offset", f"{self.base}_L_offset"
        if L not in model.named_vars:
            effect, bis = f"{self.base}__effect", f"{self.base}__effect_bis"
            model.add_coords({effect: self.labels, bis: self.labels})
            factor = pm.Deterministic(L, self._cholesky(model), dims=(effect, bis))
            pm.Deterministic(f"{self.base}_corr", factor @ factor.T, dims=(effect, bis))
            pm.Normal(z, 0, 1, dims=(factor_dim, effect))
        return model[z] @ model[L].T

    def _cholesky(self, model: Any) -> Any:
        import pymc as pm
        import pytensor.tensor as pt

        K = len(self.labels)
        pairs = [(i, j) for i in range(K) for j in range(i)]
        pair = f"{self.base}__pair"
        model.add_coords({pair: [f"{self.labels[i]}, {self.labels[j]}" for i, j in pairs]})
        eta = pm.Data(f"{self.base}_corr:eta", self.eta) if self.as_data else self.eta
        shape: Any = eta + np.array([(K - 2 - j) / 2 for _, j in pairs])
        beta: Any = pm.Beta(f"{self.base}_cpc", shape, shape, dims=pair)
        partial = 2.0 * beta - 1.0
        rest = 2.0 * (beta * (1.0 - beta)) ** 0.5
        at = {pair: n for n, pair in enumerate(pairs)}
        lines = []
        for i in range(K):
            line, left = [], pt.as_tensor_variable(np.array(1.0))
            for j in range(i):
                line.append(partial[at[i, j]] * left)
                left = left * rest[at[i, j]]
            lines.append(pt.stack([*line, left, *[pt.zeros(())] * (K - 1 - i)]))
        return pt.stack(lines)


def settled(model: bmb.Model, correlated: Any) -> dict[str, float]:
    """The grouping factors to correlate and the eta of each.

    Raises
    ------
    TypeError, ValueError
        A factor that the model lacks, one with a single effect, or an eta that is not positive.
    """
    varying: dict[tuple[str, str], int] = {}
    for effect in terms.effects(model):
        key = (effect.component, effect.factor)
        varying[key] = varying.get(key, 0) + 1
    most: dict[str, int] = {}
    for (_, factor), count in varying.items():
        most[factor] = max(count, most.get(factor, 0))
    if correlated is False:
        return {}
    if model.response_term.coords:
        raise ValueError(
            f"Group effects of the {model.family.name} family, one set for each category, "
            "cannot be correlated here yet."
        )
    if correlated is True:
        chosen = {factor: ETA for factor, count in most.items() if count > 1}
        if not chosen:
            raise ValueError(
                "correlated=True finds no grouping factor with two or more effects to correlate. "
                "A term such as (x | group) has an intercept and a slope."
            )
        return chosen
    if isinstance(correlated, Mapping):
        given = dict(correlated)
    elif isinstance(correlated, str) or not isinstance(correlated, Sequence):
        raise TypeError(
            "correlated must be True, a list of grouping factors, or a dictionary of factor and eta, "
            f"not {correlated!r}."
        )
    else:
        given = dict.fromkeys(correlated, ETA)
    for factor, eta in given.items():
        checks.one_of(factor, list(most), "a grouping factor of this model")
        if most[factor] < 2:
            raise ValueError(
                f"The grouping factor {factor!r} has one effect, so there is nothing to correlate. "
                f"A term such as (x | {factor}) has an intercept and a slope."
            )
        if isinstance(eta, bool) or not isinstance(eta, (int, float)) or not 0 < eta < np.inf:
            raise ValueError(
                f"The LKJ prior of {factor!r} needs a positive number eta, not {eta!r}: "
                "1 is uniform over correlation matrices, larger values favour small correlations."
            )
    return {factor: float(eta) for factor, eta in given.items()}


def correlate(model: bmb.Model, etas: Mapping[str, float]) -> bmb.Model:
    """The same Bambi model with the effects of these factors correlated; priors of scales stay."""
    import bambi as bmb

    new: dict[str, Any] = {}
    for name, part in model.conditional_parameters.items():
        own = new if part.is_parent else new.setdefault(name, {})
        by_factor: dict[str, list[tuple[str, Any]]] = {}
        for key, term in part.group_specific_terms.items():
            by_factor.setdefault(term.term.name.split("|", 1)[1], []).append((key, term))
        for factor, members in by_factor.items():
            labels = tuple(label for _, term in members for label in terms.effect_labels(term))
            if factor not in etas or len(labels) < 2:
                continue
            base = factor if part.is_parent else f"{name}_{factor}"
            start = 0
            for key, term in members:
                size = len(terms.effect_labels(term))
                categorical = any(dim.endswith("__expr_dim") for dim in term.coords)
                own[key] = bmb.Prior(
                    "Normal",
                    auto_scale=False,
                    noncentered=False,
                    dist=Joint(base, labels, etas[factor], start, size if categorical else None),
                    **{"mu": 0.0, **term.prior.args},
                )
                start += size
    with np.errstate(all="ignore"):
        model.set_priors(priors={name: prior for name, prior in new.items() if prior})
    default_priors.rescale(model)
    return model


def without(prior: Any) -> Any:
    """The prior that the effects of a term would have were they independent."""
    import bambi as bmb

    if not isinstance(getattr(prior, "dist", None), Joint):
        return prior
    return bmb.Prior("Normal", auto_scale=False, **prior.args)


def etas(model: bmb.Model) -> dict[str, float]:
    """The factors whose effects are correlated in this model, with their eta."""
    found: dict[str, float] = {}
    for _, term in terms.group_terms(model):
        made = getattr(term.prior, "dist", None)
        if isinstance(made, Joint):
            found[term.term.name.split("|", 1)[1]] = made.eta
    return found
