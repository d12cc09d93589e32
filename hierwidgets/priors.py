"""The top-level priors of a model: their names, families and numbers, and a model under others.

With `terms`, `models` and `design`, the only modules that know Bambi's internals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hierwidgets import checks, terms
from hierwidgets.correlated import Joint
from hierwidgets.weights import densities

if TYPE_CHECKING:
    import bambi as bmb
    import xarray as xr

    from hierwidgets.fit import Fit

LKJ = "LKJ"
Kind = Literal["location", "positive", "correlation"]
Numbers = dict[str, float | list[float]]
SCALES = {
    "Normal": "sigma",
    "StudentT": "sigma",
    "Cauchy": "beta",
    "Laplace": "b",
    "HalfNormal": "sigma",
    "HalfStudentT": "sigma",
    "HalfCauchy": "beta",
    "Exponential": "lam",
    "Gamma": "beta",
    "InverseGamma": "beta",
    "Weibull": "beta",
    "LKJ": "eta",
}
FAMILIES: dict[str, list[str]] = {
    "location": densities.LOCATION,
    "positive": densities.POSITIVE,
    "correlation": densities.CORRELATION,
}


@dataclass(frozen=True)
class Setting:
    """A family of distributions and the numbers it is given, by PyMC's names.

    Attributes
    ----------
    family : str
    args : dict
        A number, or a list with one for each element of the parameter. The LKJ prior of a K x K
        correlation matrix has ``eta`` and ``size``, which is K.
    """

    family: str
    args: Numbers

    def __str__(self) -> str:
        given = (f"{name}={_short(value)}" for name, value in self.args.items() if name != "size")
        return f"{self.family}({', '.join(given)})"


@dataclass(frozen=True)
class Top:
    """One prior that stands above all others: of an intercept, a slope, a scale, a correlation.

    Attributes
    ----------
    parameter : str
        Its name in the posterior, such as ``"1|Subject_sigma"`` or ``"Subject_corr"``.
    kind : {"location", "positive", "correlation"}
        What it ranges over, and so which families it can have.
    setting : Setting
        Its family and numbers in the fitted model.
    labels : list of str
        One name for each element, as `Fit.trace` calls them.
    fixed : str
        Why it cannot be changed here, or nothing.
    normalised : bool
        Whether the density integrates to one; ordered thresholds have none, and so no evidence.
    """

    parameter: str
    kind: Kind
    setting: Setting
    labels: list[str]
    fixed: str = ""
    normalised: bool = True


def top(fit: Fit) -> list[Top]:
    """Every top-level prior of a fit, in the order of the model."""
    return [_top(fit, name, prior, scale) for name, prior, scale in _every(fit.model)]


def names(model: bmb.Model) -> list[str]:
    """The parameters of a model that have top-level priors, by their names in the posterior."""
    return [name for name, _, _ in _every(model)]


def positive(model: bmb.Model) -> set[str]:
    """Those of `names` whose values are above 0: group scales, and the scales of a family."""
    return {name for name, _, above in _every(model) if above}


def draws(fit: Fit, parameter: str, posterior: xr.Dataset | None = None) -> np.ndarray:
    """Draws of a parameter as its prior sees them, of the fit's posterior or of another.

    Bambi's prior of an intercept is on the intercept at the mean of the predictors. Of a
    correlation matrix the LKJ density needs the logarithm of the determinant.

    Returns
    -------
    ndarray, shape (chain, draw, elements)
    """
    posterior = fit.posterior if posterior is None else posterior
    joints = {effect.correlation: effect for effect in fit.effects if effect.joint}
    if parameter in joints:
        effect = joints[parameter]
        dims = (f"{effect.joint}__effect", f"{effect.joint}__effect_bis")
        matrix = posterior[parameter].transpose(*terms.MAIN_DIMS, *dims).to_numpy()
        return np.linalg.slogdet(matrix)[1][..., None]
    values = posterior[parameter] + _centre(fit.model, posterior, parameter)
    values = values.transpose(*terms.MAIN_DIMS, *posterior[parameter].dims[2:])
    return values.to_numpy().reshape(*values.shape[:2], -1)


def _centre(model: bmb.Model, posterior: xr.Dataset, parameter: str) -> Any:
    """mean(X) b of the component whose intercept this is, or 0."""
    import xarray as xr

    if not model.center_predictors:
        return 0.0
    for part in model.conditional_parameters.values():
        if part.intercept_term is None or terms.shown_name(part.intercept_term) != parameter:
            continue
        shift: Any = 0.0
        for term in part.common_terms.values():
            name = terms.shown_name(term)
            means = np.asarray(term.data, float).mean(axis=0)
            own = [dim for dim in posterior[name].dims if dim == f"{name}_dim"]
            if own:
                weights = xr.DataArray(np.atleast_1d(means), dims=own)
                shift = shift + xr.dot(posterior[name], weights, dim=own)
            else:
                shift = shift + posterior[name] * float(np.squeeze(means))
        return shift
    return 0.0


def changed(tops: list[Top], priors: Any) -> dict[str, Setting]:
    """Every top-level prior, with these changed.

    Parameters
    ----------
    tops : list of Top
    priors : dict
        `hierwidgets.Prior` by the parameter's name in the posterior. A number is the new scale of
        the fitted family, or the eta of a correlation.

    Raises
    ------
    TypeError, ValueError
        An unknown parameter, family or argument, or numbers that cannot be, in a sentence.
    """
    if not isinstance(priors, Mapping):
        raise TypeError(
            f"priors must be a dictionary of parameter and Prior, not {type(priors).__name__}."
        )
    given: Mapping[str, Any] = priors
    known = {one.parameter: one for one in tops}
    settings = {one.parameter: one.setting for one in tops}
    for name, prior in given.items():
        checks.one_of(name, list(known), "a parameter with a top-level prior")
        settings[name] = settled(known[name], prior)
    return settings


def settled(one: Top, prior: Any) -> Setting:
    """What a reader gave as the prior of a parameter, checked."""
    import bambi as bmb

    if one.fixed:
        raise ValueError(f"The prior of {one.parameter!r} cannot be changed here: {one.fixed}.")
    given: dict[str, Any]
    other: Any = prior
    if isinstance(prior, Setting):
        family, given = prior.family, dict(prior.args)
    elif isinstance(prior, (int, float)) and not isinstance(prior, bool):
        family = one.setting.family
        given = {**one.setting.args, scale_argument(one): float(prior)}
    elif isinstance(prior, bmb.Prior):
        family, given = str(other.name), dict(other.args)
    else:
        raise TypeError(
            f"The prior of {one.parameter!r} must be a hierwidgets.Prior or a number, not {prior!r}."
        )
    checks.one_of(family, FAMILIES[one.kind], f"a family for the prior of {one.parameter!r}")
    if one.kind == "correlation":
        given["size"] = one.setting.args["size"]
    return Setting(family, _numbers(one.parameter, family, given, len(one.labels)))


def scale_argument(one: Top) -> str:
    """The argument of a prior that says how wide it is; the eta of a correlation.

    Raises
    ------
    ValueError
        A family without one.
    """
    name = SCALES.get(one.setting.family)
    if name is None:
        raise ValueError(
            f"The prior of {one.parameter!r}, {one.setting}, has no scale to set. Give a "
            "hierwidgets.Prior with all its arguments."
        )
    return name


def _numbers(parameter: str, family: str, given: Mapping[str, Any], elements: int) -> Numbers:
    wanted = densities.arguments(family)
    plain: dict[str, Any] = {}
    for name, value in given.items():
        try:
            array = np.asarray(value, float).squeeze()
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{name} of the prior of {parameter!r} must be a number, not {value!r}."
            ) from error
        if array.ndim and array.shape != (elements,):
            raise ValueError(
                f"{name} of the prior of {parameter!r} has {array.size} numbers; it needs one, "
                f"or {elements}."
            )
        plain[name] = array.tolist() if array.ndim else float(array)
    plain = densities.canonical(family, plain)
    extra = [name for name in plain if name not in wanted and name != "size"]
    missing = [name for name in wanted if name not in plain]
    if extra or missing:
        raise ValueError(
            f"{family} takes {checks.listed(wanted) or 'no argument'}; the prior of {parameter!r} has "
            f"{checks.listed([name for name in given if name != 'size']) or 'none'}."
        )
    if sentence := densities.complaint(family, plain):
        raise ValueError(f"The prior of {parameter!r} cannot be: {sentence}")
    return {**plain}


def as_prior(setting: Setting) -> bmb.Prior:
    """A setting as Bambi takes it."""
    import bambi as bmb

    args = {name: np.asarray(value, float) for name, value in setting.args.items()}
    return bmb.Prior(setting.family, auto_scale=False, **args)


def written(settings: Mapping[str, Setting]) -> dict[str, Any]:
    """Settings as `fit(priors=...)` takes them; correlations go to its ``correlated=``."""
    return {name: as_prior(one) for name, one in settings.items() if one.family != LKJ}


def under(model: bmb.Model, make: Callable[[str, Any], Any]) -> bmb.Model:
    """The model itself, unbuilt, each top-level prior exchanged for ``make(parameter, prior)``."""
    import bambi as bmb

    out: dict[str, Any] = {}
    for component, part in model.conditional_parameters.items():
        own = out if part.is_parent else out.setdefault(component, {})
        for key, term in part.terms.items():
            prior = term.prior
            if not isinstance(prior, bmb.Prior):
                continue
            if key not in part.group_specific_terms:
                own[key] = make(terms.shown_name(term), prior)
                continue
            variable = terms.shown_name(term)
            args = {
                name: make(_hyper(variable, term, name), arg) if isinstance(arg, bmb.Prior) else arg
                for name, arg in prior.args.items()
            }
            dist = prior.dist
            if isinstance(dist, Joint):
                dist = make(f"{dist.base}_corr", dist)
            own[key] = bmb.Prior(
                prior.name, auto_scale=False, dist=dist, noncentered=prior.noncentered, **args
            )
    for name, part in model.marginal_parameters.items():
        if isinstance(part.prior, bmb.Prior):
            out[name] = make(str(part.alias or name), part.prior)
    model.set_priors(priors={name: prior for name, prior in out.items() if prior != {}})
    return model


def at(model: bmb.Model, settings: Mapping[str, Setting]) -> bmb.Model:
    """The model itself, unbuilt, under these priors; those not named stay as they are."""

    def made(name: str, prior: Any) -> Any:
        setting = settings.get(name)
        if setting is None:
            return prior
        if isinstance(prior, Joint):
            return replace(prior, eta=float(np.asarray(setting.args["eta"])))
        new = as_prior(setting)
        new.update(**{key: arg for key, arg in prior.args.items() if _is_option(arg)})
        return new

    return under(model, made)


def _every(model: bmb.Model) -> Iterator[tuple[str, Any, bool]]:
    """Each top-level prior by its parameter's name, and whether the parameter is positive.

    It is a Bambi prior, or the `Joint` of a correlation.
    """
    import bambi as bmb

    for part in model.conditional_parameters.values():
        for key, term in part.terms.items():
            if key not in part.group_specific_terms and isinstance(term.prior, bmb.Prior):
                yield terms.shown_name(term), term.prior, False
    joints: dict[str, Joint] = {}
    for _, term in terms.group_terms(model):
        for name, arg in term.prior.args.items():
            if isinstance(arg, bmb.Prior):
                yield _hyper(terms.shown_name(term), term, name), arg, name != "mu"
        if isinstance(term.prior.dist, Joint):
            joints.setdefault(f"{term.prior.dist.base}_corr", term.prior.dist)
    for name, made in joints.items():
        yield name, made, False
    for name, part in model.marginal_parameters.items():
        if isinstance(part.prior, bmb.Prior):
            yield str(part.alias or name), part.prior, part.prior.name in densities.POSITIVE


def _hyper(variable: str, term: Any, name: str) -> str:
    return f"{variable}_{term.hyperprior_alias.get(name, name)}"


def _top(fit: Fit, name: str, prior: Any, positive: bool) -> Top:
    if isinstance(prior, Joint):
        size = len(prior.labels)
        setting = Setting(LKJ, {"eta": float(prior.eta), "size": float(size)})
        return Top(name, "correlation", setting, [name])
    values = fit.posterior[name]
    labels = [""]
    for dim in values.dims[2:]:
        levels = values[dim].values
        labels = [
            f"{label}, {level}" if label else str(level) for label in labels for level in levels
        ]
    labels = [f"{name}[{label}]" for label in labels] if values.dims[2:] else [name]
    given = {key: arg for key, arg in prior.args.items() if not _is_option(arg)}
    fixed, numbers = "", dict[str, float | list[float]]()
    if prior.dist is not None:
        fixed = "it is a function, which has no numbers to move"
    elif prior.name not in {*densities.LOCATION, *densities.POSITIVE}:
        fixed = f"its family, {prior.name}, is not one of {checks.listed(sorted({*densities.LOCATION, *densities.POSITIVE}))}"
    else:
        try:
            numbers = _numbers(name, prior.name, given, len(labels))
        except ValueError as error:
            fixed = str(error)
    kind: Kind = "positive" if positive or prior.name not in densities.LOCATION else "location"
    return Top(
        name,
        kind,
        Setting(prior.name, numbers),
        labels,
        fixed,
        normalised=len(given) == len(prior.args),
    )


def _is_option(arg: Any) -> bool:
    """Whether an argument of a prior is no number, such as the transform of ordered thresholds."""
    return not isinstance(arg, (int, float, list, np.ndarray, np.number))


def _short(value: float | list[float]) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(f"{one:g}" for one in value) + "]"
    return f"{value:g}"
