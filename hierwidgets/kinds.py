"""Columns of a kind that a formula cannot use as numbers or labels, each with the way out."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from numbers import Number
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import bambi as bmb

NUMERIC = {
    "scale",
    "standardize",
    "center",
    "poly",
    "bs",
    "log",
    "exp",
    "sqrt",
    "hsgp",
    "p",
    "prop",
}
SMOOTH = (
    "{0}() is a smooth of mgcv and brms, which Bambi does not have. Splines are bs(x, df=6); a Gaussian "
    "process is hsgp(x, m=20, c=1.5)."
)
FOREIGN = {
    "mm": (
        "mm() is the multi-membership term of brms, which Bambi does not have: here each row belongs to "
        "one group of a factor. If one membership matters most, group by it, as (1 | first). "
        "(1 | first) + (1 | second) gives each column effects and a scale of its own, which is another "
        "model. Effects shared by several columns need a model written in PyMC."
    ),
    "mo": (
        "mo() is the monotonic effect of brms, which Bambi does not have. C(x) gives each level its own "
        "effect; numbers in place of the levels give a line."
    ),
    "gp": "gp() of brms is hsgp(x, m=20, c=1.5) here, a Gaussian process by basis functions.",
    "me": "me() of brms, a predictor with measurement error, is not in Bambi; write the model in PyMC.",
    "mi": "mi() of brms, which imputes values, is not in Bambi. Impute first, or pass dropna=True.",
    "cs": "cs() of brms, effects by category, is not in Bambi.",
    **{name: SMOOTH.format(name) for name in ("s", "t2", "te", "ti")},
}
DATES = (
    "dates, which a formula cannot use. Make them a number, such as the days since the first: "
    "({dates} - {dates}.min()).dt.days; or labels, such as {dates}.dt.year.astype(str)."
)
DURATIONS = (
    "durations, which a formula cannot use. Make them a number, such as days: "
    "{durations} / pandas.Timedelta(days=1)."
)
PERIODS = DATES.replace("dates,", "periods,")
TIMES = (
    "times of the day, which would be read as labels. Make them a number, such as hours: "
    "{column}.map(lambda t: t.hour + t.minute / 60); or labels: {column}.astype(str)."
)
COMPLEX = "complex numbers, which no family takes. Use {column}.map(abs), or the real part."
OBJECTS = (
    "numbers kept as Python objects ({names}), which would be read as labels. Make them numbers: "
    "{column}.astype(float); or, if labels are meant, {column}.astype(str)."
)
OTHERS = (
    "objects ({names}), which are neither numbers nor labels. Make them numbers, or labels: "
    "{column}.astype(str)."
)


def usable(formula: str | bmb.Formula, data: pd.DataFrame) -> None:
    """Refuse predictors and responses of a kind that would be read wrongly or not at all.

    Raises
    ------
    ValueError
        Names the column, what it holds, and how to make numbers or labels of it.
    """
    for name in plain(formula):
        if name in data.columns and (said := unusable(data[name], f"data[{name!r}]")):
            raise ValueError(f"The column {name!r} holds {said}")


def unusable(values: pd.Series, column: str) -> str:
    """What is wrong with values as a predictor, and the way out; nothing for numbers and labels."""
    kind, values = values.dtype, values.dropna()
    if isinstance(kind, pd.CategoricalDtype) or values.empty:
        return ""
    if isinstance(kind, pd.PeriodDtype):
        return PERIODS.format(dates=f"{column}.dt.start_time")
    if getattr(kind, "kind", "O") in "Mmc":
        known = {"M": DATES, "m": DURATIONS, "c": COMPLEX}[kind.kind]
        return known.format(dates=column, durations=column, column=column)
    if getattr(kind, "kind", "O") != "O" and not isinstance(values.iloc[0], Decimal):
        return ""
    kinds = {type(value) for value in values}

    def all_are(*wanted: type) -> bool:
        return all(issubclass(one, wanted) for one in kinds)

    names = ", ".join(sorted(one.__name__ for one in kinds))
    if all_are(str) or all_are(bool, np.bool_):
        return ""
    if all_are(dt.date, np.datetime64):
        return DATES.format(dates=f"pandas.to_datetime({column})")
    if all_are(dt.timedelta, np.timedelta64):
        return DURATIONS.format(durations=f"pandas.to_timedelta({column})")
    if all_are(dt.time):
        return TIMES.format(column=column)
    if all_are(complex, np.complexfloating):
        return COMPLEX.format(column=column)
    said = OBJECTS if all_are(Number) and not any(issubclass(k, complex) for k in kinds) else OTHERS
    return said.format(names=names, column=column)


def plain(formula: str | bmb.Formula) -> list[str]:
    """The columns that terms use as they are, or through functions of numbers."""
    import formulae
    from bambi.utils import clean_formula_lhs

    texts = [formula] if isinstance(formula, str) else [formula.main]
    if not isinstance(formula, str):
        texts += [clean_formula_lhs(text) for text in formula.additionals]
    found: dict[str, None] = {}
    for text in texts:
        described = formulae.model_description(text)
        used = [*described.common_terms, *(term.expr for term in described.group_terms)]
        if described.response is not None:
            used.append(described.response.term)
        for term in used:
            for part in getattr(term, "components", []):
                call = getattr(part, "call", None)
                if call is None:
                    found[str(part.name)] = None
                elif call.callee.removeprefix("np.") in NUMERIC:
                    found |= dict.fromkeys(sorted(part.var_names))
    return list(found)
