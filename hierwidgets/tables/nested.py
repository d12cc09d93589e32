"""Groups under the group of another factor that holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hierwidgets import checks, terms
from hierwidgets.tables import groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hierwidgets.fit import Fit


_SAME = ("term", "factor", "population", "complete_pooling", "formula_centre")


def parents(fit: Fit, factor: str) -> dict[str, dict[str, str]]:
    """For each factor that `factor` is nested in, the group there that holds each of its groups."""
    return terms.nesting(fit.effects).get(factor, {})


def homes(fit: Fit, factor: str, by: str, folded: Sequence[str] = ()) -> dict[str, str]:
    """The group of `by` that holds each group of `factor`.

    Raises
    ------
    ValueError
        If `factor` is not nested in `by`, or a folded group is not one of `by`.
    """
    known = parents(fit, factor)
    if not known:
        raise ValueError(
            f"{factor!r} is nested in no other factor of {fit.formula!r}, so its groups cannot be "
            f"arranged by {by!r}. Leave out by."
        )
    checks.one_of(by, list(known), f"a factor that {factor!r} is nested in")
    for group in folded:
        checks.one_of(group, fit.factors[by], f"a group of {by!r}")
    return known[by]


def arrange(
    table: pd.DataFrame, home: dict[str, str], sort: str, estimate: str = "mean", sd: str = "sd"
) -> pd.DataFrame:
    """The rows of sorted groups under their parents, with their `parent`.

    Parents follow the same order: by the mean of their groups' estimates, their own name, all of
    their rows, or the mean of their groups' sd. Groups keep their order inside.

    Examples
    --------
    >>> table = pd.DataFrame({"group": ["q", "r", "s"], "n": 1, "mean": [1.0, 2, 3], "sd": 1.0})
    >>> arrange(table, {"q": "B", "r": "A", "s": "B"}, "name")["group"].tolist()
    ['r', 'q', 's']
    """
    out = table.assign(parent=[home[group] for group in table["group"]])
    every = out.groupby("parent", sort=False).agg(
        n=("n", "sum"), estimate=(estimate, "mean"), sd=(sd, "mean")
    )
    labels = [str(label) for label in every.index]
    order = groups.order(
        sort, labels, every["estimate"].to_numpy(), every["n"].to_numpy(), every["sd"].to_numpy()
    )
    place = {labels[i]: rank for rank, i in enumerate(order)}
    rank = out["parent"].map(place).to_numpy(int)
    return out.iloc[np.argsort(rank, kind="stable")].reset_index(drop=True)


def with_headings(
    table: pd.DataFrame,
    folded: Sequence[str],
    shown: dict[str, str],
    estimate: str = "mean",
    picked: Sequence[str] = (),
) -> pd.DataFrame:
    """An arranged table with a row above each parent's groups, and without the folded groups.

    Returns
    -------
    DataFrame
        Heading rows have `heading` True, `label` the text, `count` groups, and the mean, least and
        most of their estimates as `centre`, `least` and `most`; `lit` where the parent is picked.
    """
    parts: list[pd.DataFrame] = []
    for parent, inside in table.groupby("parent", sort=False):
        label, closed = str(parent), parent in folded
        values = inside[estimate]
        top = {
            **{name: inside[name].iloc[0] for name in _SAME if name in inside},
            "parent": label,
            "heading": True,
            "label": f"{shown.get(label, label)} ({len(inside)}{', folded' if closed else ''})",
            **{name: "" for name in ("group", "reason") if name in inside},
            "count": len(inside),
            "centre": values.mean(),
            "least": values.min(),
            "most": values.max(),
            "lit": label in picked,
        }
        parts.append(pd.DataFrame([top]))
        if not closed:
            parts.append(inside.assign(heading=False, lit=False))
    if not parts:
        return table.assign(heading=False)
    columns = list(dict.fromkeys([*table.columns, *parts[0].columns]))
    records = [row for part in parts for row in part.to_dict("records")]
    return pd.DataFrame(records, columns=pd.Index(columns))
