"""What a design says of itself before sampling: columns that repeat each other, levels without a slope."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from hierwidgets import checks, terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import bambi as bmb

    from hierwidgets.terms import Common, Effect

NEAR = 1e-8


class Caution(NamedTuple):
    """Something a formula may not be meant to say.

    Attributes
    ----------
    term : str
        The group term, or "" for the population's columns.
    names : tuple of str
        The parameters that it leaves to their priors; none where the model is well determined.
    said : str
    """

    term: str
    names: tuple[str, ...]
    said: str


def cautions(model: bmb.Model) -> list[Caution]:
    """Everything of the kind, the population's first."""
    if terms.has_response_dim(model):
        return []
    found: list[Caution] = []
    effects = terms.effects(model)
    for component in model.conditional_parameters:
        design = terms.common(model, component)
        found += _repeated(design)
        own = [effect for effect in effects if effect.component == component]
        for effect in own:
            found += _taken(design, effect)
        for factor in dict.fromkeys(effect.factor for effect in own):
            found += _repeated_within([effect for effect in own if effect.factor == factor])
        found += _same_groups(own)
    return found + _without_slope(model)


def reference(term: Any) -> str:
    """The levels that stand for the reference in a term of the design, as "c = u", or nothing."""
    expression = getattr(term.term, "expr", term.term)
    found = []
    for piece in getattr(expression, "components", []):
        matrix = getattr(piece, "contrast_matrix", None)
        levels = [str(level) for level in getattr(piece, "levels", None) or []]
        if matrix is None or getattr(piece, "spans_intercept", True):
            continue
        rows = np.asarray(matrix.matrix)
        kept = [str(label) for label in matrix.labels]
        every = levels if len(levels) == len(rows) else kept
        zero = [every[i] for i in np.flatnonzero(~rows.any(axis=1)) if i < len(every)]
        if zero:
            found.append(f"{piece.name} = {zero[0]}")
    return ", ".join(found)


def _repeated(design: Common) -> list[Caution]:
    """Columns of the population that are sums of others."""
    free = [i for i in range(len(design.names)) if i not in design.fixed]
    labels = [design.names[i] for i in free]
    found = []
    for i, others in _sums(design.X[:, free]):
        names = (*(labels[k] for k in others), labels[i])
        said = (
            f"The columns {checks.listed(names)} of the population repeat each other"
            if others
            else ""
        )
        found.append(Caution("", names, _determined(said, names)))
    return found


def _repeated_within(varying: list[Effect]) -> list[Caution]:
    """Effects of one grouping whose columns are sums of others'."""
    found = []
    for i, others in _sums(np.column_stack([effect.predictor for effect in varying])):
        members = [varying[k] for k in (*others, i)]
        names = tuple(name for e in members for name in (e.term, e.scale, e.variable))
        said = (
            f"The effects {checks.listed(e.term for e in members)} repeat each other"
            if others
            else ""
        )
        found.append(Caution(varying[i].term, names, _determined(said, (varying[i].term,))))
    return found


def _same_groups(varying: list[Effect]) -> list[Caution]:
    """Effects of two groupings with the same groups, under whatever names, and the same column."""
    found = []
    for one, other in combinations(varying, 2):
        if one.factor == other.factor or len(one.groups) != len(other.groups):
            continue
        pairs = np.unique(np.column_stack([one.index, other.index]), axis=0)
        both = np.column_stack([one.predictor, other.predictor])
        if len(pairs) == len(one.groups) and any(_sums(both)):
            names = tuple(name for e in (one, other) for name in (e.term, e.scale, e.variable))
            said = (
                f"{one.factor!r} and {other.factor!r} are the same groups, so that {one.term!r} and "
                f"{other.term!r} repeat each other"
            )
            found.append(Caution(other.term, names, _determined(said, (other.term,))))
    return found


def _determined(said: str, names: Sequence[str]) -> str:
    if not said:
        return f"The column of {names[0]!r} is 0 in every row: the data say nothing of it. Leave it out."
    return f"{said}: the data know their sum, and each of them alone only its prior. Leave one of them out."


def _sums(columns: np.ndarray) -> Iterator[tuple[int, list[int]]]:
    """Each column that is a sum of those before it, and which of them; none for a column of zeros."""
    size = np.abs(columns).max(axis=0, initial=0)
    kept: list[int] = []
    basis = np.empty(columns.shape, order="F")
    for i, column in enumerate(columns.T):
        if not size[i]:
            yield i, []
            continue
        own, known = column / size[i], basis[:, : len(kept)]
        rest = own - known @ (known.T @ own)
        rest = rest - known @ (known.T @ rest)
        if np.linalg.norm(rest) > NEAR * np.linalg.norm(own):
            basis[:, len(kept)] = rest / np.linalg.norm(rest)
            kept.append(i)
            continue
        weights = np.linalg.lstsq(columns[:, kept] / size[kept], own, rcond=None)[0]
        yield i, [kept[k] for k in np.flatnonzero(np.abs(weights) > NEAR)]


def _taken(design: Common, effect: Effect) -> list[Caution]:
    """An effect whose groups have a coefficient each in the population already."""
    groups = len(effect.groups)
    z, index = effect.predictor, effect.index
    square = np.bincount(index, z * z, groups)
    if design.X.shape[1] < groups or not (square > 0).all():
        return []
    inside, names = [], []
    for name, column in zip(design.names, design.X.T, strict=True):
        per_group = np.bincount(index, z * column, groups) / square
        if np.abs(column - z * per_group[index]).max() <= NEAR * max(np.abs(column).max(), 1e-300):
            inside.append(per_group)
            names.append(name)
    if len(inside) < groups or np.linalg.matrix_rank(np.stack(inside)) < groups:
        return []
    said = (
        f"The population has a coefficient for each group of {effect.term!r} already ({checks.listed(names, 3)}): "
        f"the data leave nothing to it, and {effect.scale!r} is known from its prior alone. Leave one of the two out."
    )
    return [Caution(effect.term, (*names, effect.scale, effect.variable), said)]


def _without_slope(model: bmb.Model) -> list[Caution]:
    """Slopes by category of which the first has none, while nothing else in the grouping has it."""
    found = []
    kinds = model.data.dtypes
    logical = {str(name) for name, kind in kinds.items() if pd.api.types.is_bool_dtype(kind)}
    for part in model.conditional_parameters.values():
        expressions = {
            str(term.term.name).split("|", 1)[0]: str(term.term.name).split("|", 1)[1]
            for term in part.group_specific_terms.values()
        }
        for term in part.group_specific_terms.values():
            expression, factor = str(term.term.name).split("|", 1)
            pieces = getattr(term.term.expr, "components", [])
            yes = [str(p.name) for p in pieces if str(p.name) in logical]
            numbers = [
                str(p.name) for p in pieces if p.kind != "categoric" and str(p.name) not in yes
            ]
            first = ", ".join(
                [*([reference(term)] if reference(term) else []), *(f"{b} = False" for b in yes)]
            )
            if not numbers or not first:
                continue
            plain = terms.spelled(model, ":".join(numbers))
            if any(expressions.get(other) == factor for other in _orders(numbers)):
                continue
            shown, groups = (terms.spelled(model, text) for text in (expression, factor))
            add = f"({plain} | {groups})"
            whole = f"Write (0 + {shown} | {groups}) as the only term of {groups}, or add {add}."
            said = (
                f"{terms.shown_name(term)!r} has no slope of {plain} where {first}: in that category no group "
                f"differs in it. {f'Add {add}.' if yes else whole}"
            )
            found.append(Caution(terms.shown_name(term), (), said))
    return found


def _orders(numbers: list[str]) -> list[str]:
    return list(dict.fromkeys([":".join(numbers), ":".join(reversed(numbers))]))


def references(model: bmb.Model) -> dict[str, str]:
    """The reference level of every term that has one, by the term's name in the posterior."""
    parts = model.conditional_parameters.values()
    found = {terms.shown_name(t): reference(t) for part in parts for t in part.terms.values()}
    return {name: levels for name, levels in found.items() if levels}


def foot(model: bmb.Model, found: list[Caution], grouped: bool) -> list[str]:
    """What stands under a view: the cautions and, under one of groups, the reference levels."""
    levels = list(dict.fromkeys(references(model).values())) if grouped else []
    said = [f"Reference level{checks.plural(len(levels))}: {'; '.join(levels)}."] if levels else []
    return [*said, *(one.said for one in found)]
