"""What a formula means: grouping factors, effects, their scales and priors.

With `models`, the only module that knows Bambi's internals.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hierwidgets import responses

if TYPE_CHECKING:
    import bambi as bmb
    import xarray as xr

MAIN_DIMS = ("chain", "draw")
_AROUND_MU = ("Normal", "StudentT", "Laplace", "Logistic")


@dataclass(frozen=True)
class Effect:
    """One effect that varies over the groups of one factor.

    Attributes
    ----------
    term : str
        Its label, such as ``"Days|Subject"``, ``"cond[b]|g"`` or ``"sigma_1|g"``.
    variable, scale : str
        Posterior variables of the group effects and of their standard deviation.
    component : str
        The distributional parameter it belongs to, such as ``"mu"`` or ``"sigma"``.
    factor, effect : str
        What groups (``"Subject"``, ``"a:b"``) and what varies (``"1"``, ``"Days"``).
    at : dict
        Position along the variable's further dimensions, for categorical effects.
    response : dict
        The part of it that is a category of the response.
    factor_dim : str
        The dimension of the groups.
    groups : list of str
        Labels of the groups that have rows, in the order of the posterior.
    levels : list of str
        Labels of all levels in the posterior: of nested factors Bambi keeps every combination.
    shown : list of str
        The groups as a reader sees them: ``"p / m"`` for ``"p:m"`` of ``a:b``.
    index : ndarray of int, shape (rows,)
        The group of each row.
    predictor : ndarray, shape (rows,)
        The column that multiplies the effect.
    prior, parameterization : str
        The prior of the effect, and ``"noncentered"`` or ``"centered"``.
    joint : str
        What names the correlation matrix of the effects of its grouping, or "" if independent.
    location : str
        The posterior variable of the mean that its prior gives it, or "".
    mean : float
        That mean where the prior has a number for it.
    distribution : str
        What the effects come from: ``"Normal"``, ``"StudentT"``, another name, or "" for a function.
    nu : str or float
        A Student t's degrees of freedom: a posterior variable, or the number.
    """

    term: str
    variable: str
    scale: str
    component: str
    factor: str
    effect: str
    at: dict[str, Any]
    response: dict[str, Any]
    factor_dim: str
    groups: list[str]
    levels: list[str] = field(repr=False)
    shown: list[str] = field(repr=False)
    index: np.ndarray = field(repr=False)
    predictor: np.ndarray = field(repr=False)
    prior: str
    parameterization: str
    joint: str = ""
    location: str = ""
    mean: float = 0.0
    distribution: str = "Normal"
    nu: str | float = ""

    @property
    def correlation(self) -> str:
        """The posterior variable of the correlation matrix, or "" for independent effects."""
        return f"{self.joint}_corr" if self.joint else ""

    def values(self, posterior: xr.Dataset) -> np.ndarray:
        """What the posterior calls by this name, shape (chain, draw, groups): mu_alpha + u_j."""
        chosen = posterior[self.variable].sel(self.at)
        draws = chosen.transpose(*MAIN_DIMS, self.factor_dim).to_numpy()
        if len(self.groups) == len(self.levels):
            return draws
        position = {level: i for i, level in enumerate(self.levels)}
        return draws[..., [position[group] for group in self.groups]]

    def draws(self, posterior: xr.Dataset) -> np.ndarray:
        """The deviations u_j, shape (chain, draw, groups)."""
        return self.deviations(self.values(posterior), posterior)

    def deviations(self, values: np.ndarray, posterior: xr.Dataset) -> np.ndarray:
        """Values (chain, draw, groups) less the mean of the same draw."""
        if self.location:
            return values - self._scalar(posterior, self.location)[..., None]
        return values - self.mean if self.mean else values

    def scale_draws(self, posterior: xr.Dataset) -> np.ndarray:
        """The scale sigma_alpha, shape (chain, draw): the standard deviation of Normal effects."""
        return self._scalar(posterior, self.scale)

    def nu_draws(self, posterior: xr.Dataset) -> np.ndarray:
        """The degrees of freedom of Student-t effects, shape (chain, draw)."""
        if isinstance(self.nu, str):
            return self._scalar(posterior, self.nu)
        return np.full(tuple(posterior.sizes[dim] for dim in MAIN_DIMS), self.nu)

    def sd_draws(self, posterior: xr.Dataset) -> np.ndarray:
        """The standard deviation of the effects, shape (chain, draw).

        Of a Student t it is sigma sqrt(nu / (nu - 2)), infinite from nu = 2 down; NaN of other
        distributions than that and the Normal.
        """
        scale = self.scale_draws(posterior)
        if self.distribution == "Normal":
            return scale
        if self.distribution != "StudentT":
            return np.full(scale.shape, np.nan)
        nu = self.nu_draws(posterior)
        wider = np.full(nu.shape, np.inf)
        np.divide(nu, nu - 2, out=wider, where=nu > 2)
        return scale * np.sqrt(wider)

    def _scalar(self, posterior: xr.Dataset, name: str) -> np.ndarray:
        chosen = posterior[name]
        chosen = chosen.sel({dim: at for dim, at in self.at.items() if dim in chosen.dims})
        return chosen.transpose(*MAIN_DIMS).to_numpy()


@dataclass(frozen=True)
class Common:
    """The population's columns of one component: X (rows, p) and how to draw its coefficients.

    The mean that a group term's prior gives its effects is such a coefficient. Those columns are
    `located`; `fixed` holds the means that are numbers.
    """

    names: list[str]
    X: np.ndarray
    variables: list[tuple[str, dict[str, Any]]]
    offset: np.ndarray
    located: tuple[int, ...] = ()
    fixed: dict[int, float] = field(default_factory=dict)

    def draws(self, posterior: xr.Dataset, at: dict[str, Any] | None = None) -> np.ndarray:
        """Coefficients, shape (chain, draw, p)."""
        shape = tuple(posterior.sizes[dim] for dim in MAIN_DIMS)
        if not self.variables:
            return np.zeros((*shape, 0))
        columns = []
        for i, (name, where) in enumerate(self.variables):
            if i in self.fixed:
                columns.append(np.full(shape, self.fixed[i]))
                continue
            chosen = posterior[name].sel(where)
            chosen = chosen.sel({d: v for d, v in (at or {}).items() if d in chosen.dims})
            columns.append(chosen.transpose(*MAIN_DIMS).to_numpy())
        return np.stack(columns, axis=-1)


def spelled(model: bmb.Model, text: str) -> str:
    """A piece of a term's name as a formula writes it: names that are no identifiers in backticks."""
    odd = [str(name) for name in model.data.columns if not str(name).isidentifier()]
    for name in sorted((one for one in odd if re.search("[A-Za-z]", one)), key=len, reverse=True):
        text = re.sub(rf"(?<![\w`]){re.escape(name)}(?![\w`])", f"`{name}`", text)
    return text


def shown_name(term: Any) -> str:
    """The name of a Bambi term in the posterior: its alias if it has one."""
    return str(term.alias or term.name)


def _label(expression: str, level: object) -> str:
    return f"{expression}[{level}]"


def group_terms(model: bmb.Model) -> Iterator[tuple[str, Any]]:
    """Each group-specific term of Bambi with the name of its component."""
    for name, component in model.conditional_parameters.items():
        for term in component.group_specific_terms.values():
            yield name, term


def effects(model: bmb.Model) -> list[Effect]:
    """Every effect that varies over groups, one for each level of a categorical slope."""
    found = []
    response = {dim: list(levels) for dim, levels in model.response_term.coords.items()}
    for component, term in group_terms(model):
        variable = shown_name(term)
        expression, factor = term.term.name.split("|", 1)
        dims = _dims(term)
        factor_dim = next(dim for dim in dims if dim.endswith("__factor_dim"))
        labels = effect_labels(term)
        places: list[tuple[str, dict[str, Any], int]] = [(expression, {}, 0)]
        for dim, levels in dims.items():
            if dim.endswith("__expr_dim"):
                places = [(labels[i], {dim: level}, i) for i, level in enumerate(levels)]
        for dim, levels in response.items():
            if has_response_dim(model):
                places = [
                    (_label(name, level), {**at, dim: level}, i)
                    for name, at, i in places
                    for level in levels
                ]
        predictor = np.asarray(term.predictor, float).reshape(len(term.group_index), -1)
        levels = [str(level) for level in term.groups]
        present, index = np.unique(np.asarray(term.group_index), return_inverse=True)
        groups = [levels[i] for i in present]
        shown = _shown(model, term, groups, index)
        given = group_mean(term.prior)
        sampled = given is not None and hasattr(given, "args")
        means = np.broadcast_to(0.0 if given is None or sampled else given, (len(labels),))
        for effect, at, column in places:
            found.append(
                Effect(
                    term=_term_label(term, effect, at),
                    variable=variable,
                    scale=hyper_name(term, "sigma"),
                    component=component,
                    factor=factor,
                    effect=effect,
                    at=at,
                    response={dim: level for dim, level in at.items() if dim in response},
                    factor_dim=factor_dim,
                    groups=groups,
                    levels=levels,
                    shown=shown,
                    index=index,
                    predictor=predictor[:, column],
                    prior=_prior_text(term.prior),
                    parameterization=parameterization(model, component, term),
                    joint=_joint_base(term.prior),
                    location=hyper_name(term, "mu") if sampled else "",
                    mean=float(means[column]),
                    distribution=str(term.prior.name) if known_dist(term.prior) else "",
                    nu=_degrees(term, column),
                )
            )
    return found


def _shown(model: bmb.Model, term: Any, groups: list[str], index: np.ndarray) -> list[str]:
    """The labels of an interaction of columns with " / " between the columns' own labels."""
    columns = [str(piece.name) for piece in term.term.factor.components]
    if len(columns) < 2 or not set(columns) <= set(model.data.columns):
        return groups
    data = responses.rows(model)
    first = np.unique(index, return_index=True)[1]
    pieces = [data[column].iloc[first].astype(str) for column in columns]
    return [
        " / ".join(parts) if ":".join(parts) == group else group
        for group, parts in zip(groups, zip(*pieces, strict=True), strict=True)
    ]


def effect_labels(term: Any) -> list[str]:
    """What varies in a group term of Bambi: one label, or one for each level."""
    expression = term.term.name.split("|", 1)[0]
    for dim, levels in term.coords.items():
        if dim.endswith("__expr_dim"):
            return [_label(expression, level) for level in levels]
    return [expression]


def _degrees(term: Any, column: int) -> str | float:
    given = term.prior.args.get("nu")
    if given is None or hasattr(given, "args"):
        return "" if given is None else hyper_name(term, "nu")
    values = np.ravel(np.asarray(given, float))
    return float(values[column if len(values) > 1 else 0])


def covariance_draws(varying: list[Effect], posterior: xr.Dataset) -> np.ndarray:
    """Sigma, the covariance of the effects of one grouping, shape (draws, K, K).

    Infinite or NaN in rows where `Effect.sd_draws` is; zero stays zero beside them.
    """
    sd = np.stack([effect.sd_draws(posterior).ravel() for effect in varying], axis=1)
    rho = correlation_draws(varying, posterior)
    with np.errstate(invalid="ignore"):
        product = sd[:, :, None] * sd[:, None, :] * rho
    return np.where(rho == 0, 0.0, product)


def correlation_draws(varying: list[Effect], posterior: xr.Dataset) -> np.ndarray:
    """Correlations of the effects of one grouping, shape (draws, K, K); (1, K, K) if independent."""
    joint = varying[0].joint
    if not joint:
        return np.eye(len(varying))[None]
    labels = [effect.effect for effect in varying]
    matrix = posterior[varying[0].correlation].sel(
        {f"{joint}__effect": labels, f"{joint}__effect_bis": labels}
    )
    ordered = matrix.transpose(*MAIN_DIMS, f"{joint}__effect", f"{joint}__effect_bis")
    return ordered.to_numpy().reshape(-1, len(labels), len(labels))


def _joint_base(prior: Any) -> str:
    return str(getattr(getattr(prior, "dist", None), "base", ""))


def _prior_text(prior: Any) -> str:
    if _joint_base(prior):
        args = _args_text({"mu": 0.0, **prior.args})
        return f"MvNormal({args}, corr: LKJ(eta: {prior.dist.eta:g}))"
    if _keeps_mean(prior):
        return f"Normal({_args_text(prior.args)})"
    written = "" if prior.noncentered is None else f", noncentered: {prior.noncentered}"
    return f"{prior.name}({_args_text(prior.args)}{written})"


def _args_text(args: dict[str, Any]) -> str:
    """The numbers of a prior to six digits, of any size; Bambi rounds them to four places."""
    said: list[str] = []
    for name, arg in args.items():
        if hasattr(arg, "args"):
            said.append(f"{name}: {_prior_text(arg)}")
        elif np.ndim(arg):
            said.append(f"{name}: [{', '.join(f'{one:.6g}' for one in np.ravel(arg))}]")
        else:
            said.append(f"{name}: {float(arg):.6g}")
    return ", ".join(said)


def _term_label(term: Any, effect: str, at: dict[str, Any]) -> str:
    if not at:
        return shown_name(term)
    if term.alias:
        return str(term.alias) + "".join(f"[{level}]" for level in at.values())
    factor = term.term.name.split("|", 1)[1]
    return f"{term.prefix}_{effect}|{factor}" if term.prefix else f"{effect}|{factor}"


def _dims(term: Any) -> dict[str, Any]:
    """The dimensions of a group term; an alias replaces the front of their names."""
    if not term.alias:
        return dict(term.coords)
    return {f"{term.alias}__{dim.rsplit('__', 1)[1]}": at for dim, at in term.coords.items()}


def has_response_dim(model: bmb.Model) -> bool:
    """Whether there is a linear predictor for each category of the response, or each of several responses."""
    from bambi.families.multivariate import MultivariateFamily
    from bambi.families.univariate import Categorical

    return isinstance(model.family, (MultivariateFamily, Categorical))


def noncentered_default(model: bmb.Model, component: str) -> bool:
    """How group terms of a component are written whose own prior does not say."""
    default = model.noncentered
    return bool(default.get(component, True) if isinstance(default, dict) else default)


def parameterization(model: bmb.Model, component: str, term: Any) -> str:
    """How Bambi writes a group term: "noncentered" or "centered"."""
    own = getattr(term.prior, "noncentered", None)
    made = bool(_joint_base(term.prior)) or _keeps_mean(term.prior)
    chosen = made or (noncentered_default(model, component) if own is None else own)
    return "noncentered" if chosen else "centered"


def _keeps_mean(prior: Any) -> bool:
    return bool(getattr(getattr(prior, "dist", None), "keeps_mean", False))


def hyper_name(term: Any, argument: str) -> str:
    """What the posterior calls a hyperparameter of a group term, such as ``"1|g_sigma"``."""
    return f"{shown_name(term)}_{term.hyperprior_alias.get(argument, argument)}"


def known_dist(prior: Any) -> bool:
    """Whether a prior is what its name says: none of a user's functions makes its variable."""
    return prior.dist is None or bool(_joint_base(prior)) or _keeps_mean(prior)


def group_mean(prior: Any) -> Any:
    """The mean that a prior gives the effects of groups: a Prior, numbers, or None for zero."""
    mean = prior.args.get("mu") if known_dist(prior) and prior.name in _AROUND_MU else None
    if mean is None or hasattr(mean, "args"):
        return mean
    return np.asarray(mean, float) if np.any(np.asarray(mean, float)) else None


def common(model: bmb.Model, component: str) -> Common:
    """The population's design of one component, uncentred, with its offset."""
    part = model.conditional_parameters[component]
    rows = len(model.response_term.data)
    names: list[str] = []
    columns: list[np.ndarray] = []
    variables: list[tuple[str, dict[str, Any]]] = []
    if part.intercept_term is not None:
        name = shown_name(part.intercept_term)
        names.append(name)
        columns.append(np.ones(rows))
        variables.append((name, {}))
    for term in part.common_terms.values():
        name = shown_name(term)
        data = np.asarray(term.data, float).reshape(rows, -1)
        if data.shape[1] == 1 and not term.coords:
            names.append(name)
            columns.append(data[:, 0])
            variables.append((name, {}))
            continue
        dim, levels = next(iter(term.coords.items()))
        dim = f"{name}_dim" if term.alias else dim
        for i, level in enumerate(levels):
            names.append(_label(name, level))
            columns.append(data[:, i])
            variables.append((name, {dim: level}))
    offset = np.zeros(rows)
    for term in part.offset_terms.values():
        offset = offset + np.asarray(term.data, float).reshape(rows)
    start = len(names)
    fixed: dict[int, float] = {}
    for term in located_terms(part):
        mean, name = group_mean(term.prior), hyper_name(term, "mu")
        data = np.asarray(term.predictor, float).reshape(rows, -1)
        places = [(dim, at) for dim, at in _dims(term).items() if dim.endswith("__expr_dim")]
        levels: list[Any] = list(places[0][1]) if places else [None]
        for i, level in enumerate(levels):
            if not hasattr(mean, "args"):
                fixed[len(names)] = float(np.broadcast_to(mean, (len(levels),))[i])
            names.append(name if level is None else _label(name, level))
            columns.append(data[:, i])
            variables.append((name, {} if level is None else {places[0][0]: level}))
    X = np.column_stack(columns) if columns else np.zeros((rows, 0))
    return Common(names, X, variables, offset, tuple(range(start, len(names))), fixed)


def located_terms(part: Any) -> list[Any]:
    """The group terms of one component whose effects have a mean of their own, in its order."""
    return [t for t in part.group_specific_terms.values() if group_mean(t.prior) is not None]


def population_weights(design: Common, varying: list[Effect]) -> np.ndarray:
    """What the population gives each of K effects that vary over one factor: A beta.

    Each column of the population's design that the effects' columns Z can express, X_i = Z a_i, is
    part of them: the intercept for ``1|g``, the slope of x for ``x|g``, cell means for ``0 + f|g``.
    A column that they cannot express stays outside.

    Returns
    -------
    ndarray, shape (K, p)
        A row of zeros where the population has nothing, so that the effect is its deviation.
    """
    Z = np.column_stack([effect.predictor for effect in varying])
    size = np.maximum(np.abs(Z).max(axis=0), 1e-300)
    weights = np.zeros((Z.shape[1], design.X.shape[1]))
    for i, column in enumerate(design.X.T):
        near = 1e-9 * np.abs(column).max()
        same = [k for k in range(Z.shape[1]) if np.abs(Z[:, k] - column).max() <= near]
        if same:
            weights[same[0], i] = 1.0
            continue
        found = np.linalg.lstsq(Z / size, column, rcond=None)[0] / size
        if np.abs(Z @ found - column).max() <= 10 * near:
            found[np.abs(found) < 1e-10 * np.abs(found).max()] = 0.0
            weights[:, i] = found
    return weights


def residual_scale(model: bmb.Model, posterior: xr.Dataset) -> np.ndarray | None:
    """Residual standard deviation of a Gaussian model.

    Returns
    -------
    ndarray, shape (chain, draw) or (chain, draw, rows), or None
        By row where the scale itself is modelled; None for other families.
    """
    if model.family.name != "gaussian":
        return None
    if "sigma" in model.conditional_parameters:
        return linear_predictor(model, posterior, "sigma", inverse=True)
    return constant_draws(model, posterior, "sigma")


def constant_draws(model: bmb.Model, posterior: xr.Dataset, name: str) -> np.ndarray | None:
    """Draws of a constant family parameter, shape (chain, draw); None where there is none."""
    part = model.marginal_parameters.get(name)
    if part is None:
        return None
    if isinstance(part.prior, (int, float)):
        return np.full(tuple(posterior.sizes[dim] for dim in MAIN_DIMS), float(part.prior))
    return posterior[str(part.alias or name)].transpose(*MAIN_DIMS).to_numpy()


def auxiliary(model: bmb.Model, posterior: xr.Dataset, name: str) -> float | None:
    """Posterior mean of a constant family parameter, such as a negative binomial's alpha."""
    draws = constant_draws(model, posterior, name)
    return None if draws is None else float(draws.mean())


def linear_predictor(
    model: bmb.Model, posterior: xr.Dataset, component: str, inverse: bool = False
) -> np.ndarray:
    """Linear predictor of a component by row, shape (chain, draw, rows), from the posterior."""
    design = common(model, component)
    eta = design.draws(posterior) @ design.X.T + design.offset
    for effect in effects(model):
        if effect.component == component:
            eta = eta + effect.draws(posterior)[..., effect.index] * effect.predictor
    if inverse:
        link = model.family.link[component]
        eta = link.linkinv(eta)
    return eta


def typical_scale(model: bmb.Model, effect: Effect) -> float:
    """About how large an effect's scale is under its prior; 1 where the prior does not say."""
    for name, term in group_terms(model):
        if name == effect.component and shown_name(term) == effect.variable:
            scale = term.prior.args.get("sigma", 1.0)
            args = getattr(scale, "args", {"sigma": scale})
            value = args.get("sigma", args.get("beta", 1.0))
            if isinstance(value, (int, float, np.ndarray, np.number)):
                return float(np.max(np.abs(np.asarray(value, float))))
    return 1.0


def link_name(model: bmb.Model, component: str) -> str:
    """The link function of a component, such as "logit"."""
    return str(model.family.link[component].name)


def table(found: list[Effect]) -> pd.DataFrame:
    """`Fit.terms`: one row for each effect that varies over groups."""
    return pd.DataFrame(
        {
            "term": [effect.term for effect in found],
            "group": [effect.factor for effect in found],
            "effect": [effect.effect for effect in found],
            "component": [effect.component for effect in found],
            "levels": [tuple(effect.groups) for effect in found],
            "parameter": [effect.variable for effect in found],
            "scale": [effect.scale for effect in found],
            "prior": [effect.prior for effect in found],
            "parameterization": [effect.parameterization for effect in found],
        }
    )


def response(model: bmb.Model) -> np.ndarray:
    """The observed response: (rows,), or (rows, 2) for successes and trials.

    Of a weighted, censored, truncated or constrained one its values; `responses.altered` has the rest.
    """
    values = np.asarray(model.response_term.data, float)
    return values[:, 0] if responses.is_altered(model) else values


def own_parameters(model: bmb.Model, posterior: xr.Dataset) -> list[str]:
    """The variables of a posterior that are the model's own parameters.

    Coefficients, group effects, what their priors have for parameters, correlations and the family's
    constants. Not what follows from them row by row, such as "mu", nor offsets of a non-centred term,
    which some samplers and `bambi.Model.compute_log_likelihood` store beside them.
    """
    curves = smooths(model)
    found: set[str] = set()
    for part in model.conditional_parameters.values():
        for name, term in part.terms.items():
            if name in curves:
                continue
            found |= set(_and_above(shown_name(term), term.prior, term))
            if base := _joint_base(term.prior):
                found |= {f"{base}_corr", f"{base}_cpc"}
    for name, part in model.marginal_parameters.items():
        found |= set(_and_above(str(part.alias or name), part.prior, None))
    of_smooths = tuple(f"{name}_" for name in curves)
    variables = [str(name) for name in posterior.data_vars]
    return [name for name in variables if name in found or name.startswith(of_smooths)]


def _and_above(name: str, prior: Any, term: Any) -> Iterator[str]:
    yield name
    renamed = getattr(term, "hyperprior_alias", {})
    for arg, value in getattr(prior, "args", {}).items():
        if hasattr(value, "args"):
            yield from _and_above(f"{name}_{renamed.get(arg, arg)}", value, term)


def smooths(model: bmb.Model) -> list[str]:
    """The Gaussian process terms, whose share of the linear predictor only Bambi can compute."""
    return [n for part in model.conditional_parameters.values() for n in part.hsgp_terms]


def nesting(found: list[Effect]) -> dict[str, dict[str, dict[str, str]]]:
    """Which groups lie within which, read off the rows.

    Returns
    -------
    dict
        For each factor that is nested in another: the other, and there the group that holds each of
        its groups, ``{"a:b": {"a": {"p:m": "p"}}}``.
    """
    by_factor = {effect.factor: effect for effect in found}
    out: dict[str, dict[str, dict[str, str]]] = {}
    for inner in by_factor.values():
        for outer in by_factor.values():
            if len(outer.groups) >= len(inner.groups):
                continue
            pairs = np.unique(np.stack([inner.index, outer.index]), axis=1)
            if pairs.shape[1] == len(inner.groups):
                homes = {inner.groups[i]: outer.groups[j] for i, j in pairs.T}
                out.setdefault(inner.factor, {})[outer.factor] = homes
    return out


def parent(model: bmb.Model) -> str:
    """The component that the main formula models, such as "mu"."""
    return str(model.family.likelihood.parent)
