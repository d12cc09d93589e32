"""Group effects around a mean of their own: alpha_j ~ Normal(mu_alpha, sigma_alpha).

Bambi 0.21 leaves the mean of a non-centred Normal out of the model, and samples a mean that has a
prior without joining it to anything. Here such a term is ``mu + sigma z``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hierwidgets import default_priors, terms

if TYPE_CHECKING:
    import bambi as bmb

    from hierwidgets.terms import Common, Effect


@dataclass(frozen=True)
class Located:
    """A non-centred Normal with its mean, made the way Bambi asks for a distribution."""

    keeps_mean: ClassVar[bool] = True

    def __call__(self, label: str, mu: Any = 0, sigma: Any = 1, dims: Any = None) -> Any:
        """The effects of one term, with the dimensions Bambi gives them."""
        import pymc as pm

        z = pm.Normal(f"{label}_offset", 0, 1, dims=dims)
        return pm.Deterministic(label, mu + z * sigma, dims=dims)


def keep_means(model: bmb.Model) -> bmb.Model:
    """The model itself, unbuilt, its non-centred Normals with a mean made so that they keep it.

    Raises
    ------
    ValueError
        A scale that is a number, or means that are not one for each of a term's effects.
    """
    _refuse_numbers(model)
    new: dict[str, Any] = {}
    for name, part in model.conditional_parameters.items():
        own = new if part.is_parent else new.setdefault(name, {})
        default = terms.noncentered_default(model, name)
        for key, term in part.group_specific_terms.items():
            prior = _kept(term.prior, default)
            if prior is not term.prior:
                own[key] = prior
    found = {name: prior for name, prior in new.items() if prior != {}}
    if found:
        with np.errstate(all="ignore"):
            model.set_priors(priors=found)
        default_priors.rescale(model)
    return model


def _refuse_numbers(model: bmb.Model) -> None:
    for _, term in terms.group_terms(model):
        name, args = terms.shown_name(term), term.prior.args
        scale, mean = args.get("sigma"), terms.group_mean(term.prior)
        if scale is not None and not hasattr(scale, "args") and terms.known_dist(term.prior):
            raise ValueError(
                f"The prior of {name!r} has the number {scale} for its scale, and every view of groups is about a "
                f'scale that is estimated. Give it a prior, such as sigma=hw.Prior("HalfNormal", sigma={scale}).'
            )
        effects = terms.effect_labels(term)
        if np.size(mean) not in (1, len(effects)) and not terms.has_response_dim(model):
            raise ValueError(
                f"The prior of {name!r} has {np.size(mean)} means for {len(effects)} effects: give one number, or "
                f"one for each of {', '.join(effects)}."
            )


def _kept(prior: Any, default: bool) -> Any:
    import bambi as bmb

    args = {
        key: _kept(arg, default) if isinstance(arg, bmb.Prior) else arg
        for key, arg in prior.args.items()
    }
    loses = _loses_mean(prior, default)
    if not loses and all(args[key] is arg for key, arg in prior.args.items()):
        return prior
    dist, noncentered = (Located(), False) if loses else (prior.dist, prior.noncentered)
    return bmb.Prior(prior.name, auto_scale=False, dist=dist, noncentered=noncentered, **args)


def _loses_mean(prior: Any, default: bool) -> bool:
    """Whether Bambi would build this prior without its mean."""
    import bambi as bmb

    noncentered = default if prior.noncentered is None else prior.noncentered
    random = any(isinstance(arg, bmb.Prior) for arg in prior.args.values())
    plain = prior.name == "Normal" and prior.dist is None
    return bool(noncentered and random and plain and terms.group_mean(prior) is not None)


def plain(prior: Any) -> Any:
    """The same prior as text holds it: non-centred in place of a function that makes it so."""
    import bambi as bmb

    if not isinstance(prior, bmb.Prior):
        return prior
    args = {key: plain(arg) for key, arg in prior.args.items()}
    made = isinstance(prior.dist, Located)
    if not made and all(args[key] is arg for key, arg in prior.args.items()):
        return prior
    dist, noncentered = (None, True) if made else (prior.dist, prior.noncentered)
    return bmb.Prior(prior.name, auto_scale=False, dist=dist, noncentered=noncentered, **args)


def refuse_lost(model: bmb.Model) -> None:
    """Refuse a model that Bambi has fitted without the mean of a group term.

    Raises
    ------
    ValueError
        The term, what is wrong with its draws, and what works.
    """
    for component, term in terms.group_terms(model):
        default = terms.noncentered_default(model, component)
        for name, prior in _lost(terms.shown_name(term), term.prior, default):
            mean = prior.args["mu"]
            orphan = f"it has sampled '{name}_mu' and joined it to nothing" * hasattr(mean, "args")
            raise ValueError(
                f"These draws are not of the model as it is written, with {name!r} ~ {prior}: Bambi leaves "
                f"the mean out of a non-centred Normal, so {orphan or 'it has taken 0 for it'}. Fit it again "
                "with noncentered=False, in bambi.Model or in that Prior, or with hw.fit, which keeps the mean."
            )


def _lost(name: str, prior: Any, default: bool) -> Iterator[tuple[str, Any]]:
    """The priors, a term's and those of its hyperparameters, that lose their mean."""
    import bambi as bmb

    if _loses_mean(prior, default):
        yield name, prior
    for key, arg in prior.args.items():
        if isinstance(arg, bmb.Prior):
            yield from _lost(f"{name}_{key}", arg, default)


def centre(design: Common, varying: list[Effect]) -> tuple[np.ndarray, np.ndarray]:
    """Which of K effects the population leaves free, and its value of the others.

    Returns
    -------
    free : ndarray of bool, shape (K,)
    fixed : ndarray, shape (K,)
        The mean that the prior gives as a number, 0 where there is none, and 0 where it is free.
    """
    weights = terms.population_weights(design, varying)
    known = np.array([i in design.fixed for i in range(weights.shape[1])], bool)
    values = np.array([design.fixed.get(i, 0.0) for i in range(weights.shape[1])])
    free = weights[:, ~known].any(axis=1)
    return free, np.where(free, 0.0, weights @ values)
