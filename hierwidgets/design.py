"""The columns of a model's design at rows it was not fitted to.

With `terms` and `models`, the only module that knows Bambi's internals.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hierwidgets import terms

if TYPE_CHECKING:
    import bambi as bmb
    import pandas as pd

    from hierwidgets.terms import Effect


def predictors(
    model: bmb.Model, component: str, varying: Collection[str] | None = None
) -> dict[str, str]:
    """The data columns one component is made of, and how it reads them.

    Parameters
    ----------
    model : bambi.Model
    component : str
    varying : collection of str, optional
        Only those of these group terms, by their names in the posterior.

    Returns
    -------
    dict
        Column and ``"numeric"`` or ``"category"``, in the formula's order, the columns of varying
        slopes first. Columns that only group are not among them.
    """
    part = model.conditional_parameters[component]
    sources: list[Any] = [
        term.term.expr
        for term in part.group_specific_terms.values()
        if varying is None or terms.shown_name(term) in varying
    ]
    if part.design.common and varying is None:
        sources += part.design.common.terms.values()
    found: dict[str, str] = {}
    for source in sources:
        for piece in getattr(source, "components", []):
            kind = "category" if piece.kind == "categoric" else "numeric"
            for name in sorted(set(map(str, piece.var_names)) & set(map(str, model.data.columns))):
                if found.get(name) != "category":
                    found[name] = kind
    return found


def response_columns(model: bmb.Model) -> set[str]:
    """The data columns the response is made of."""
    pieces = model.response_term.term.components
    return {str(name) for piece in pieces for name in piece.var_names}


def common_at(
    model: bmb.Model, component: str, data: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """The population's columns (rows, p), in the order of `terms.common`, and the offset (rows,)."""
    part = model.conditional_parameters[component]
    rows = len(data)

    def columns(name: str) -> np.ndarray:
        term = part.design.common.terms[name]
        return np.asarray(term.eval_new_data(data), float).reshape(rows, -1)

    found = [np.ones((rows, 1))] if part.intercept_term is not None else []
    found += [columns(name) for name in part.common_terms]
    found += [_varying(term, data) for term in terms.located_terms(part)]
    X = np.column_stack(found) if found else np.zeros((rows, 0))
    offset = sum((columns(name)[:, 0] for name in part.offset_terms), np.zeros(rows))
    return X, offset


def effects_at(
    model: bmb.Model, component: str, varying: Sequence[Effect], data: pd.DataFrame
) -> np.ndarray:
    """What multiplies each of K effects, whichever group a row is in, shape (rows, K)."""
    part = model.conditional_parameters[component]
    known = {
        terms.shown_name(term): _varying(term, data)
        for term in part.group_specific_terms.values()
        if any(effect.variable == terms.shown_name(term) for effect in varying)
    }
    columns = []
    seen: dict[str, int] = {}
    for effect in varying:
        place = seen.setdefault(effect.variable, 0)
        columns.append(known[effect.variable][:, place])
        seen[effect.variable] += 1
    return np.column_stack(columns)


def _varying(term: Any, data: pd.DataFrame) -> np.ndarray:
    """What multiplies the effects of one group term, shape (rows, levels)."""
    return np.asarray(term.term.expr.eval_new_data(data), float).reshape(len(data), -1)


def inverse(model: bmb.Model, component: str, eta: np.ndarray) -> np.ndarray:
    """A linear predictor on the response scale. Bambi's links write into what they are given."""
    return np.asarray(model.family.link[component].linkinv(np.array(eta, float)))


def forward(model: bmb.Model, component: str, mean: np.ndarray) -> np.ndarray:
    """A mean on the link scale; NaN where the link has no value."""
    with np.errstate(divide="ignore", invalid="ignore"):
        eta = np.asarray(model.family.link[component].link(np.array(mean, float)), float)
    return np.where(np.isfinite(eta), eta, np.nan)
