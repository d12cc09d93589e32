"""What was observed: the rows by their names, and what stands beside the response in them.

With `terms` and `models`, the only module that knows Bambi's internals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import bambi as bmb

KINDS = ("weighted", "censored", "truncated", "constrained")

__all__ = [
    "KINDS",
    "Altered",
    "altered",
    "is_altered",
    "kind",
    "own_index",
    "row_names",
    "row_text",
    "rows",
]


@dataclass(frozen=True)
class Altered:
    """What stands beside the values of a response, by row.

    Attributes
    ----------
    weights : ndarray or None
        What multiplies the log likelihood.
    lower, upper : ndarray or None
        Bounds outside of which a row could not be in the data, or the response not lie.
    status : ndarray or None
        -1 where the value is an upper limit of a left-censored row, 1 where it is the lower limit of a
        right-censored one, else 0; 2 for intervals, which Bambi does not fit.
    """

    weights: np.ndarray | None = None
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None
    status: np.ndarray | None = None

    @property
    def bounded(self) -> bool:
        """Whether the response has bounds."""
        return self.lower is not None

    def of(self, rows: slice | np.ndarray) -> Altered:
        """The same of some rows."""
        parts = (self.weights, self.lower, self.upper, self.status)
        return Altered(*(None if part is None else part[rows] for part in parts))


def altered(model: bmb.Model) -> Altered | None:
    """The weights, bounds or censoring of a response, or None where it is as it was observed."""
    if not is_altered(model):
        return None
    term, values = model.response_term, np.asarray(model.response_term.data, float)
    if term.is_weighted:
        return Altered(weights=values[:, 1])
    if term.is_censored:
        interval = values.shape[1] == 3
        return Altered(status=np.full(len(values), 2.0) if interval else values[:, 1])
    return Altered(lower=values[:, 1], upper=values[:, 2])


def is_altered(model: bmb.Model) -> bool:
    """Whether the response is censored, truncated, constrained or weighted."""
    return bool(kind(model))


def kind(model: bmb.Model) -> str:
    """The call that alters the response, such as "weighted", or nothing."""
    term = model.response_term
    return next((k for k in KINDS if getattr(term, f"is_{k}")), "")


def rows(model: bmb.Model) -> pd.DataFrame:
    """The rows that the response and the design have, by the user's own index.

    With ``dropna=True`` Bambi keeps all rows in ``model.data`` and leaves the incomplete ones out of the
    design: those that lack a value in a column of the formula.
    """
    data, count = model.data, len(model.response_term.data)
    if len(data) == count:
        return data
    from formulae import model_description

    used = model_description(model.formula.main).var_names & set(data.columns)
    kept = data[~data[sorted(used)].isna().any(axis=1)]
    if len(kept) != count:
        raise ValueError(
            f"The model has {count:,} rows of {len(data):,}, and which these are cannot be told from missing "
            "values. Leave the others out of the data first, and make the model again."
        )
    return kept


def own_index(data: pd.DataFrame) -> bool:
    """Whether rows have names of their own, not just places from 0."""
    index = data.index
    plain = pd.api.types.is_integer_dtype(index.dtype) and not isinstance(index, pd.MultiIndex)
    return not (plain and np.array_equal(index.to_numpy(), np.arange(len(index))))


def row_names(data: pd.DataFrame) -> np.ndarray:
    """What the rows are called, shape (rows,): the values of the index, as they are but for several levels."""
    if isinstance(data.index, pd.MultiIndex):
        return np.array([" / ".join(map(row_text, one)) for one in data.index], object)
    if pd.api.types.is_integer_dtype(data.index.dtype):
        return data.index.to_numpy()
    return data.index.to_numpy(object)


def row_text(name: object) -> str:
    """The name of a row in a sentence; a date without its midnight."""
    return str(name).removesuffix(" 00:00:00")
