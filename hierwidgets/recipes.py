"""The recipe of a model: formula, data, family and priors as JSON, enough to build it again.

Used to save a fit, and to fit it again elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hierwidgets import checks, correlated, models, responses, terms

if TYPE_CHECKING:
    import bambi as bmb

    from hierwidgets.fit import Fit

ORDERED = {"transform": "ordered"}


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
    return {
        "name": fit.name,
        "dropped": fit.dropped,
        "formula": texts,
        "family": models.builtin_family(model),
        "link": {name: terms.link_name(model, name) for name in model.family.link},
        "priors": _encoded_priors(model),
        "alias": models.aliases(model),
        "correlated": correlated.etas(model),
        "noncentered": model.noncentered,
        "center_predictors": model.center_predictors,
        "auto_scale": model.auto_scale,
        "data": {name: _column(fit.data[name]) for name in used},
        **_index(fit.data),
    }


def model(recipe: dict[str, Any]) -> bmb.Model:
    """The model that a recipe describes, unbuilt. Nothing in a recipe can run code."""
    import bambi as bmb

    data = pd.DataFrame({name: _series(column) for name, column in recipe["data"].items()})
    if "index" in recipe:
        data.index = pd.Index(_series(recipe["index"]))
    main, *additionals = recipe["formula"]
    formula = bmb.Formula(main, *additionals) if additionals else main
    made = models.make(
        formula,
        data,
        priors=_decoded(recipe["priors"]),
        family=recipe["family"],
        link=recipe["link"],
        noncentered=recipe["noncentered"],
        center_predictors=recipe["center_predictors"],
        auto_scale=recipe["auto_scale"],
    )
    if recipe["correlated"]:
        made = correlated.correlate(made, recipe["correlated"])
    if recipe["alias"]:
        made.set_alias(recipe["alias"])
    return made


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


def _decoded(value: Any) -> Any:
    import bambi as bmb
    from pymc.distributions.transforms import ordered

    if value == ORDERED:
        return ordered

    if isinstance(value, dict) and "prior" in value:
        args = {key: _decoded(arg) for key, arg in value["args"].items()}
        return bmb.Prior(value["prior"], auto_scale=False, noncentered=value["noncentered"], **args)
    if isinstance(value, dict) and "dict" in value:
        return {key: _decoded(item) for key, item in value["dict"].items()}
    if isinstance(value, dict):
        return {key: _decoded(item) for key, item in value.items()}
    return np.asarray(value, float) if isinstance(value, list) else value


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
        return {"dtype": str(kind), "values": series.tolist()}
    return {"dtype": "text", "values": [str(value) for value in series]}


def _series(column: dict[str, Any]) -> pd.Series:
    if "categories" in column:
        categories = pd.Index(_series(column["categories"]))
        return pd.Series(
            pd.Categorical.from_codes(column["codes"], categories, ordered=column["ordered"])
        )
    if column["dtype"] == "text":
        return pd.Series(column["values"], dtype=object)
    return pd.Series(column["values"], dtype=column["dtype"])
