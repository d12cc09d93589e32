"""The recipe of a model: formula, data, family and priors as JSON, enough to build it again.

Used to save a fit, and to fit it again elsewhere.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hierwidgets import allowed, checks, correlated, models, responses, terms

if TYPE_CHECKING:
    import bambi as bmb

    from hierwidgets.fit import Fit

ORDERED = {"transform": "ordered"}
PLAIN = re.compile(r"bool(ean)?|([Uu]?[Ii]nt(8|16|32|64))|([Ff]loat(16|32|64))|text")


def of(fit: Fit) -> dict[str, Any]:
    """The recipe of a fit's model: formula, data, family and priors as JSON.

    Raises
    ------
    ValueError
        If the model holds what JSON cannot: functions in its priors, its namespace or its family.
    """
    model = fit.model
    if model.potentials:
        raise ValueError("A model with potentials holds functions and cannot be saved to a file.")
    formula = model.formula
    texts = [str(formula.main), *map(str, formula.additionals)]
    used = models.describe(formula).columns
    if missing := [name for name in used if name not in model.data.columns]:
        raise ValueError(
            f"The formula takes {checks.listed(missing)} from extra_namespace, which a file cannot hold. "
            "Put it into the data as a column."
        )
    called = {name for part in evaluated(texts) for name in allowed.formula(part, used)}
    allowed.same_functions(model, called)
    priors = _encoded_priors(model)
    _named_priors(priors)
    return {
        "name": fit_name(fit.name),
        "dropped": fit.dropped,
        "formula": texts,
        "family": models.builtin_family(model),
        "link": {name: terms.link_name(model, name) for name in model.family.link},
        "priors": priors,
        "alias": models.aliases(model),
        "correlated": correlated.etas(model),
        "noncentered": model.noncentered,
        "center_predictors": model.center_predictors,
        "auto_scale": model.auto_scale,
        "data": {name: _column(fit.data[name]) for name in used},
        **_index(fit.data),
    }


def model(recipe: dict[str, Any]) -> bmb.Model:
    """The model that a recipe describes, unbuilt.

    Its formula, priors and names are read and checked before anything is looked up or called.

    Raises
    ------
    ValueError
        Something that `hierwidgets.allowed` does not list.
    KeyError, TypeError
        A recipe that is none.
    """
    import bambi as bmb

    texts = recipe["formula"]
    for text in evaluated(texts):
        allowed.formula(text, recipe["data"])
    data = pd.DataFrame({name: _series(column) for name, column in recipe["data"].items()})
    if "index" in recipe:
        data.index = pd.Index(_series(recipe["index"]))
    main, *additionals = texts
    formula = bmb.Formula(main, *additionals) if additionals else main
    made = models.make(
        formula,
        data,
        priors=_named_priors(recipe["priors"]),
        family=_text(recipe["family"], "family"),
        link={name: _text(link, "link") for name, link in recipe["link"].items()},
        noncentered=_flags(recipe["noncentered"], "noncentered"),
        center_predictors=_flag(recipe["center_predictors"], "center_predictors"),
        auto_scale=_flag(recipe["auto_scale"], "auto_scale"),
        extra_namespace={"np": allowed.NUMPY},
    )
    if recipe["correlated"]:
        made = correlated.correlate(made, correlated.settled(made, recipe["correlated"]))
    if recipe["alias"]:
        made.set_alias(_names(recipe["alias"]))
    return made


def fit_name(name: object) -> str:
    """The name of a fit in the lines of code that views show; "fit" for what is no name."""
    given = str(name)
    return given if given.isidentifier() and not keyword.iskeyword(given) else "fit"


def evaluated(texts: Any) -> list[str]:
    """What formulae evaluates of a model's formulas: all of the first, the right side of others.

    Raises
    ------
    ValueError
        There is no formula, or a further one does not begin with the name of a parameter.
    """
    if not isinstance(texts, list) or not texts or not all(isinstance(t, str) for t in texts):
        raise ValueError(f"A recipe has a list of formulas, not {texts!r}.")
    main, *others = texts
    parts = [main]
    for text in others:
        name, tilde, right = text.partition("~")
        if not tilde or not name.strip().isidentifier():
            raise ValueError(
                f"The formula {text!r} must begin with a parameter's name, as in 'sigma ~ x'."
            )
        parts.append(right)
    return parts


def some(column: dict[str, Any], rows: Sequence[int]) -> dict[str, Any]:
    """A column of a recipe's data at some rows; categories keep all their levels."""
    key = "codes" if "codes" in column else "values"
    return {**column, key: [column[key][row] for row in rows]}


def written(fit: Fit, priors: Mapping[str, Any], noncentered: object) -> dict[str, Any]:
    """The priors of a recipe, with group terms written non-centred or centred.

    Parameters
    ----------
    fit : Fit
    priors : dict
        A recipe's.
    noncentered : bool or dict
        Of all group terms, or by term; a term of several effects is written one way.

    Raises
    ------
    TypeError, ValueError
        An unknown term, a value that is not a bool, or a correlated term that is to be centred.
    """
    known = {effect.term: effect.variable for effect in fit.effects}
    if isinstance(noncentered, bool):
        given = {e.variable: noncentered for e in fit.effects if noncentered or not e.joint}
    elif isinstance(noncentered, Mapping):
        joint = {effect.term for effect in fit.effects if effect.joint}
        given = {}
        asked: Mapping[str, object] = noncentered
        for term, value in asked.items():
            checks.one_of(term, list(known), "a group term of this model")
            if not isinstance(value, bool):
                raise TypeError(f"noncentered of {term!r} must be True or False, not {value!r}.")
            if term in joint and not value:
                raise ValueError(f"{term!r} is correlated, and such terms are always non-centred.")
            given[known[term]] = value
    else:
        raise TypeError(
            f'noncentered must be True, False or a dictionary such as {{"1|group": True}}, not {noncentered!r}.'
        )
    names = {terms.shown_name(term): str(term.name) for _, term in terms.group_terms(fit.model)}
    changed = dict(priors)
    for variable, value in given.items():
        name = names[variable]
        changed[name] = {**changed[name], "noncentered": value}
    return changed


def _encoded_priors(model: bmb.Model) -> dict[str, Any]:
    return {
        name: _encoded(name, prior)
        for name, prior in models.priors(model).items()
        if prior is not None
    }


def _encoded(name: str, value: Any) -> Any:
    import bambi as bmb
    from pymc.distributions.transforms import Ordered

    if isinstance(value, bmb.Prior):
        if value.dist is not None:
            raise ValueError(f"The prior of {name!r} is a function, which a file cannot hold.")
        return {
            "prior": value.name,
            "noncentered": value.noncentered,
            "args": {key: _encoded(name, arg) for key, arg in value.args.items()},
        }
    if isinstance(value, dict):
        return {"dict": {key: _encoded(name, item) for key, item in value.items()}}
    if isinstance(value, (np.ndarray, np.number, int, float)):
        return np.asarray(value, float).tolist()
    if isinstance(value, Ordered):
        return ORDERED
    raise ValueError(f"The prior of {name!r} has the argument {value!r}, which a file cannot hold.")


def _named_priors(priors: dict[str, Any]) -> dict[str, Any]:
    return {str(name): _decoded(value) for name, value in priors.items()}


def _decoded(value: Any) -> Any:
    from pymc.distributions.transforms import ordered

    match value:
        case {"transform": "ordered"}:
            return ordered
        case {"prior": str(name), "args": dict(given), "noncentered": bool() | None as chosen}:
            arguments = {str(key): _decoded(arg) for key, arg in given.items()}
            return allowed.prior(
                name,
                arguments,
                also=("transform", "initval"),
                auto_scale=False,
                noncentered=chosen,
            )
        case {"dict": dict(items)}:
            return {str(key): _decoded(item) for key, item in items.items()}
        case list():
            return np.asarray(value, float)
        case bool() | int() | float():
            return value
        case _:
            raise ValueError(f"A prior of the recipe has {str(value)[:80]!r}, which is no number.")


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} must be text, not {value!r}.")
    return value


def _flag(value: object, what: str) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{what} must be true or false, not {value!r}.")
    return value


def _flags(value: object, what: str) -> bool | dict[str, bool]:
    if isinstance(value, dict):
        return {str(name): _flag(one, what) for name, one in value.items()}
    return _flag(value, what)


def _names(aliases: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _names(one) if isinstance(one, dict) else _text(one, "alias")
        for name, one in aliases.items()
    }


def _index(data: pd.DataFrame) -> dict[str, Any]:
    """What the rows are called, where they have names."""
    if not responses.own_index(data):
        return {}
    names = responses.row_names(data)
    numbers = names.dtype.kind in "iu"
    return {
        "index": _column(pd.Series(names if numbers else [responses.row_text(n) for n in names]))
    }


def _column(series: pd.Series) -> dict[str, Any]:
    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return {
            "categories": _column(pd.Series(kind.categories)),
            "ordered": bool(kind.ordered),
            "codes": series.cat.codes.tolist(),
        }
    if pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind):
        plain = series if PLAIN.fullmatch(str(kind)) else pd.Series(series.to_numpy())
        return {"dtype": str(plain.dtype), "values": plain.tolist()}
    return {"dtype": "text", "values": [str(value) for value in series]}


def _series(column: dict[str, Any]) -> pd.Series:
    if "categories" in column:
        categories = pd.Index(_plain(column["categories"]))
        ordered = _flag(column["ordered"], "ordered")
        return pd.Series(pd.Categorical.from_codes(column["codes"], categories, ordered=ordered))
    return _plain(column)


def _plain(column: dict[str, Any]) -> pd.Series:
    kind, values = _text(column["dtype"], "dtype"), column["values"]
    if not PLAIN.fullmatch(kind):
        raise ValueError(
            f"A column of the recipe has the type {kind!r}, which is neither number nor text."
        )
    if kind == "text":
        return pd.Series([_text(value, "A label") for value in values], dtype=object)
    return pd.Series(values, dtype=kind)
