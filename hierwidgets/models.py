"""Making and taking apart Bambi models: from checked data, from a file, to a file.

With `terms`, the only module that knows Bambi's internals.
"""

from __future__ import annotations

import inspect
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hierwidgets import (
    allowed,
    bare,
    checks,
    default_priors,
    kinds,
    located,
    responses,
    same_model,
    terms,
)
from hierwidgets import correlated as joint

if TYPE_CHECKING:
    import bambi as bmb
    import xarray as xr

    from hierwidgets.correlated import Correlated


def build(
    formula: str | bmb.Formula,
    data: pd.DataFrame,
    *,
    family: str | bmb.Family = "gaussian",
    priors: dict[str, Any] | None = None,
    correlated: Correlated = False,
    dropna: bool = False,
    **model_options: Any,
) -> tuple[bmb.Model, int]:
    """A Bambi model of checked data, unfitted, and the number of rows left out.

    Raises
    ------
    TypeError, ValueError
        As `fit`.
    """
    data = checks.frame(data)
    import bambi as bmb
    from bambi.defaults.families import BUILTIN_FAMILIES

    known = [name for name in inspect.signature(bmb.Model.__init__).parameters if name != "self"]
    taken = {"formula", "data", "family", "priors"}
    checks.keywords(model_options, [n for n in known if n not in taken] + _FIT_KEYWORDS, "fit()")
    checks.family(family, BUILTIN_FAMILIES)
    checks.mapping(priors)
    described = describe(formula)
    extra = model_options.get("extra_namespace") or {}
    used = [name for name in described.columns if name not in extra]
    checks.columns(data, used)
    bad = checks.incomplete(data, used)
    if dropna:
        data = data.loc[~bad]
        if data.empty:
            raise ValueError("dropna=True leaves no row: every row lacks a value in a used column.")
    else:
        bounded = described.response if described.response.startswith(BOUNDED) else ""
        checks.complete(data, used, bounded)
    for factor, names in described.factors.items():
        checks.grouping(data, factor, [name for name in names if name in data.columns])
    kinds.usable(formula, data)
    checks.ordered_response(family, data, described.response)
    data = with_text_groups(data, described)
    model = make(formula, data, family=family, priors=priors, **model_options)
    checks.response(model)
    if etas := joint.settled(model, correlated):
        model = joint.correlate(model, etas)
    default_priors.check(model)
    checks.group_priors(model)
    return model, int(bad.sum()) if dropna else 0


BOUNDED = ("truncated(", "constrained(")
_FIT_KEYWORDS = [
    "correlated",
    "draws",
    "tune",
    "chains",
    "random_seed",
    "sampler",
    "progress",
    "executor",
]


@dataclass(frozen=True)
class Described:
    """What a formula names before it meets data: columns, and grouping factors by their columns."""

    response: str
    columns: list[str]
    factors: dict[str, list[str]]


def describe(formula: str | bmb.Formula) -> Described:
    """The columns and grouping factors that a formula names.

    Raises
    ------
    TypeError, ValueError
        If it is not a formula, in a sentence.
    """
    import formulae
    from bambi.formula import Formula
    from bambi.utils import clean_formula_lhs

    if isinstance(formula, str):
        texts = [formula]
    elif isinstance(formula, Formula):
        texts = [formula.main, *(clean_formula_lhs(text) for text in formula.additionals)]
    else:
        raise TypeError(f"formula must be text or a bambi.Formula, not {type(formula).__name__}.")
    if "~" not in texts[0]:
        raise checks.parse_error(texts[0], ValueError("there is no ~ between response and terms"))
    response = ""
    columns: dict[str, None] = {}
    factors: dict[str, list[str]] = {}
    for text in texts:
        allowed.parsed(text)
        try:
            described = formulae.model_description(text)
        except Exception as error:
            raise checks.parse_error(text, error) from error
        if described.response is not None and not response:
            response = described.response.term.name
        columns |= dict.fromkeys(sorted(name for name in described.var_names if name))
        for term in described.group_terms:
            factors[term.factor.name] = sorted(name for name in term.factor.var_names if name)
    return Described(response, list(columns), factors)


def with_text_groups(data: pd.DataFrame, described: Described) -> pd.DataFrame:
    """A copy whose text columns are categories, as Bambi makes them, and so are grouping by dates.

    Formulae refuses dates, times and mixed objects as groups; numbers it reads itself.
    """
    data = data.copy()
    for name in {column for columns in described.factors.values() for column in columns}:
        kind = data[name].dtype
        plain = (
            isinstance(kind, pd.CategoricalDtype)
            or pd.api.types.is_numeric_dtype(kind)
            or pd.api.types.is_string_dtype(kind)
        )
        if not plain:
            data[name] = data[name].map(str)
    for name in data.columns:
        if isinstance(data[name].dtype, pd.StringDtype):
            data[name] = data[name].astype("category")
        elif data[name].dtype == object and not data[name].map(pd.api.types.is_hashable).all():
            data[name] = data[name].map(str).astype("category")
    return data


def make(
    formula: str | bmb.Formula,
    data: pd.DataFrame,
    priors: dict[str, Any] | None = None,
    **options: Any,
) -> bmb.Model:
    """A Bambi model, unbuilt. Priors may go by their names in the posterior; formulas know `np`.

    Raises
    ------
    ValueError
        What Bambi refuses, with the formula.
    """
    import bambi as bmb

    options["extra_namespace"] = {"np": np, **(options.get("extra_namespace") or {})}

    def made(priors: dict[str, Any] | None) -> bmb.Model:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.filterwarnings(
                "ignore", message="The intercept is omitted in ordinal families"
            )
            model = bare.made(bmb.Model, formula, data, {**options, "priors": priors})
        default_priors.rescale(model)
        return model

    text = getattr(formula, "main", formula)
    try:
        plain = made(None)
    except KeyError as error:
        name = error.args[0] if error.args else ""
        if name in kinds.FOREIGN:
            raise ValueError(
                f"The formula {text!r} cannot be used: {kinds.FOREIGN[name]}"
            ) from error
        raise ValueError(
            f"The formula {text!r} uses {name!r}, which is neither a column of data nor a function "
            f"that formulas know. Pass it as extra_namespace={{{name!r}: {name}}}, or make a column."
        ) from error
    except Exception as error:
        numbers = (
            " Bambi weights, censors and bounds responses that are one column of numbers, not yes and no "
            "or p(successes, trials)."
            if text.lstrip().startswith(tuple(f"{kind}(" for kind in responses.KINDS))
            else ""
        )
        said = str(error).rstrip(".! ")
        if said.endswith("is constant"):
            said += ". Leave it out: the same number in every row says nothing beside the intercept"
        raise ValueError(f"Bambi cannot make a model of {text!r}: {said}.{numbers}") from error
    for part in plain.conditional_parameters.values():
        checks.storable(term.name for term in part.terms.values())
    model = plain
    if priors:
        model = located.keep_means(made(bambi_priors(plain, priors)))
        default_priors.rescale(model)
    same_model.flatten(model)
    return model


def bambi_priors(plain: bmb.Model, priors: dict[str, Any]) -> dict[str, Any]:
    """Priors by posterior name, such as ``"1|g_sigma"``, as Bambi takes them.

    Names that Bambi knows itself are passed on. The priors of a group term's scale and mean, such as
    ``"1|g_sigma"`` and ``"1|g_mu"``, become the hyperpriors of a Normal on its effects, whose mean is
    0 if it has none.

    Raises
    ------
    ValueError
        A name that is neither; the nearest is named.
    """
    import bambi as bmb

    main = terms.parent(plain)
    direct: dict[str, tuple[str, str]] = {}
    hyper: dict[str, tuple[str, str, Any, str]] = {}
    for component, part in plain.conditional_parameters.items():
        for key, term in part.terms.items():
            direct[terms.shown_name(term)] = (component, key)
        for key, term in part.group_specific_terms.items():
            for argument in ("sigma", "mu"):
                name = f"{terms.shown_name(term)}_{argument}"
                hyper[name] = (component, key, term.prior, argument)
    constants = set(plain.marginal_parameters)
    groups = {"common", "group_specific"} | set(plain.conditional_parameters)
    out: dict[str, Any] = {}

    def put(component: str, key: str, prior: Any) -> None:
        if component == main:
            out[key] = prior
        else:
            out.setdefault(component, {})[key] = prior

    for name, prior in priors.items():
        if name in hyper:
            component, key, default, argument = hyper[name]
            number = (
                argument == "mu" and np.ndim(prior) < 2 and np.asarray(prior).dtype.kind in "iuf"
            )
            if not number and not isinstance(prior, bmb.Prior):
                kind, form, or_number = (
                    ("scale", 'hw.Prior("HalfNormal", sigma=1)', "")
                    if argument == "sigma"
                    else ("mean", 'hw.Prior("Normal", mu=0, sigma=1)', " or a number")
                )
                raise ValueError(
                    f"The prior of the {kind} {name!r} must be a Prior, such as {form},{or_number} and not {prior!r}."
                )
            own = out if component == main else out.get(component, {})
            whole = name.removesuffix(f"_{argument}")
            if isinstance(getattr(priors.get(whole), "args", {}).get(argument), bmb.Prior):
                raise ValueError(
                    f"The prior of {name!r} is given twice: by itself, and as the {argument} of the prior of "
                    f"{whole!r}. Leave one of them out."
                )
            begun = own.get(key) or bmb.Prior("Normal", mu=0, sigma=default.args["sigma"])
            put(component, key, _with(begun, argument, prior))
        elif name in direct:
            put(*direct[name], prior)
        elif name in constants or name in groups:
            out[name] = {**out.get(name, {}), **prior} if isinstance(prior, dict) else prior
        else:
            known = [*direct, *hyper, *sorted(constants | groups)]
            raise ValueError(
                f"The model has no parameter {name!r} to give a prior.{checks.nearest(name, known)} "
                f"It has {checks.listed(known, 30)}."
            )
    return out


def _with(prior: Any, argument: str, given: Any) -> Any:
    """The prior of a group term with one hyperprior exchanged."""
    import bambi as bmb

    options = {"dist": prior.dist, "noncentered": prior.noncentered}
    return bmb.Prior(prior.name, **options, **{**prior.args, argument: given})


def builtin_family(model: bmb.Model) -> str:
    """The name of the family if it is one of Bambi's own.

    Raises
    ------
    ValueError
        For a family of the user's, which only a program can hold.
    """
    from bambi.defaults.families import BUILTIN_FAMILIES

    name = str(model.family.name)
    entry = BUILTIN_FAMILIES.get(name)
    if entry is None or type(model.family) is not entry["family"]:
        raise ValueError(
            f"The family {name!r} is not one of Bambi's own, so a file cannot hold it."
        )
    return name


def priors(model: bmb.Model) -> dict[str, Any]:
    """Every prior as the model has it, by posterior name; those Bambi alone can make are left out."""
    out: dict[str, Any] = {}
    for part in model.conditional_parameters.values():
        for term in part.terms.values():
            if getattr(term, "automatic_priors", False) or term.kind == "offset":
                continue
            out[term.name] = located.plain(joint.without(term.prior))
    for name, part in model.marginal_parameters.items():
        out[name] = part.prior
    return out


def aliases(model: bmb.Model) -> dict[str, Any]:
    """The names a user gave to terms, as `bambi.Model.set_alias` takes them."""
    by_component: dict[str, dict[str, str]] = {}
    for name, part in model.conditional_parameters.items():
        own = by_component.setdefault(name, {})
        for term in part.terms.values():
            if term.alias:
                own[term.term.name] = str(term.alias)
            own.update(getattr(term, "hyperprior_alias", {}))
    constants = {n: str(p.alias) for n, p in model.marginal_parameters.items() if p.alias}
    if len(by_component) == 1:
        return {**next(iter(by_component.values())), **constants}
    return {**{name: own for name, own in by_component.items() if own}, **constants}


def stored(model: bmb.Model) -> list[str]:
    """What Bambi stores: everything unobserved but the likelihood's deterministic parameters."""
    built = model.backend.model
    skip = {variable.name for variable in built.deterministics} & set(
        model.family.likelihood.params
    )
    return [v.name for v in built.unobserved_RVs if v.name not in skip]


def clean(model: bmb.Model, tree: xr.DataTree) -> xr.DataTree:
    """Raw draws as Bambi gives them: without offsets, groups last, the intercept un-centred."""
    return model.backend._clean_results(tree, omit_offsets=True, include_response_params=False)  # noqa: SLF001


def parameter_by_row(model: bmb.Model, posterior: xr.Dataset, name: str) -> np.ndarray:
    """Posterior mean of a family parameter, such as "nu", modelled or not, shape (rows,)."""
    constant = terms.auxiliary(model, posterior, name)
    if constant is not None:
        return np.full(len(model.response_term.data), constant)
    return terms.linear_predictor(model, posterior, name, inverse=True).mean(axis=(0, 1))


def threshold_means(model: bmb.Model, posterior: xr.Dataset) -> np.ndarray | None:
    """Posterior means of an ordinal model's thresholds, or None where they are not parameters."""
    part = model.marginal_parameters.get("threshold")
    name = str(part.alias or "threshold") if part is not None else ""
    if name not in posterior:
        return None
    return posterior[name].mean(terms.MAIN_DIMS).to_numpy()


def group_columns(model: bmb.Model, component: str) -> dict[str, list[str]]:
    """The data columns whose labels, joined by ":", name the groups of each factor.

    Raises
    ------
    ValueError
        For a factor that the formula computes.
    """
    from formulae.terms.variable import Variable

    found: dict[str, list[str]] = {}
    for name, term in terms.group_terms(model):
        factor = term.term.factor
        if name == component:
            if not all(isinstance(piece, Variable) for piece in factor.components):
                raise ValueError(
                    f"The formula computes the grouping {factor.name!r}, so groups of other rows cannot "
                    "be told by label. Make it a column of the data first, and fit again."
                )
            found[factor.name] = [str(piece.name) for piece in factor.components]
    return found


def not_normal(model: bmb.Model, component: str) -> list[str]:
    """The group terms of a component whose effects are not Normal around their mean."""
    return [
        terms.shown_name(term)
        for name, term in terms.group_terms(model)
        if name == component and not (term.prior.name == "Normal" and terms.known_dist(term.prior))
    ]


def has_categories(model: bmb.Model) -> bool:
    """Whether there is a linear predictor for each category of the response."""
    return bool(model.response_term.coords)
