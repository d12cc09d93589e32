"""What is refused before sampling, and the sentences that refuse it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hierwidgets import responses, terms

if TYPE_CHECKING:
    import bambi as bmb

COUNTS = {
    "poisson",
    "negativebinomial",
    "zero_inflated_poisson",
    "zero_inflated_negativebinomial",
    "hurdle_poisson",
    "hurdle_negativebinomial",
}
POSITIVE = {"gamma", "wald", "weibull", "exponential"}
UNIT_INTERVAL = {"beta"}
TRIALS = {"binomial", "beta_binomial", "zero_inflated_binomial"}
ORDERED = {"cumulative", "sratio"}
REAL = {"gaussian", "t", "asymmetriclaplace", "laplace", "quantile", "vonmises"}


def listed(names: Iterable[object], limit: int = 12) -> str:
    """The names as a reader would list them, cut after `limit`."""
    names = [repr(str(name)) for name in names]
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def plural(count: int) -> str:
    """The s of a noun after `count`."""
    return "" if count == 1 else "s"


def percent(share: float) -> str:
    """A share of 1 in percent, with two digits.

    Examples
    --------
    >>> percent(0.0123), percent(1.0)
    ('1.2 %', '100 %')
    """
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"


def nearest(word: object, allowed: Iterable[object]) -> str:
    """' Did you mean ...?' for the closest of `allowed`, or nothing."""
    known = {str(name).lower(): str(name) for name in allowed}
    close = difflib.get_close_matches(str(word).lower(), known, n=1, cutoff=0.5)
    return f" Did you mean {known[close[0]]!r}?" if close else ""


def one_of[T](value: T, allowed: Sequence[T], what: str) -> T:
    """`value` itself if it is among `allowed`.

    Raises
    ------
    ValueError
        Names what was asked for, what there is, and the nearest of it.
    """
    if value in allowed:
        return value
    raise ValueError(
        f"{value!r} is not {what}.{nearest(value, allowed)} Choose one of {listed(allowed)}."
    )


def keywords(given: Iterable[str], allowed: Sequence[str], where: str) -> None:
    """Refuse keyword arguments that `where` does not know."""
    for name in given:
        if name not in allowed:
            raise TypeError(
                f"{where} has no keyword {name!r}.{nearest(name, allowed)} "
                f"It takes {listed(allowed, 30)}."
            )


def positive_int(value: object, name: str, least: int = 1) -> int:
    """`value` as an int of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name}={value!r} is not a whole number of at least {least}.")
    return int(value)


def frame(data: Any) -> pd.DataFrame:
    """`data` itself if it is a DataFrame with rows."""
    if not isinstance(data, pd.DataFrame):
        raise TypeError(
            f"data must be a pandas DataFrame with one row per observation, not {type(data).__name__}."
            " pandas.DataFrame(...) or .to_pandas() usually makes one."
        )
    if data.empty:
        raise ValueError(
            f"data has {len(data)} rows and {data.shape[1]} columns: there is nothing to fit."
        )
    repeated = data.columns[data.columns.duplicated()]
    if len(repeated):
        raise ValueError(f"data has more than one column named {listed(set(repeated))}; rename it.")
    return data


def mapping(priors: object) -> None:
    """Refuse priors that are not given by name."""
    if priors is not None and not isinstance(priors, dict):
        raise TypeError(
            f"priors must be a dictionary of parameter and prior, not {type(priors).__name__}."
        )


def columns(data: pd.DataFrame, names: Iterable[str]) -> None:
    """Refuse names that are not columns of `data`."""
    for name in sorted(names):
        if name not in data.columns:
            raise ValueError(
                f"The formula uses {name!r}, which is not a column of data.{nearest(name, data.columns)}"
                f" The columns are {listed(data.columns)}."
            )


def incomplete(data: pd.DataFrame, names: Iterable[str]) -> pd.Series:
    """True for each row with a missing or infinite value in a used column."""
    bad = pd.Series(False, index=data.index)
    for name in names:
        bad |= _not_finite(data[name])
    return bad


def complete(data: pd.DataFrame, names: Iterable[str], bounded: str = "") -> None:
    """Refuse missing and infinite values in the used columns; `bounded` is a response with bounds."""
    found = []
    for name in sorted(names):
        bad = _not_finite(data[name]).to_numpy()
        if bad.any():
            if re.search(rf"[,=] *`?{re.escape(name)}\b", bounded) and not data[name].isna().any():
                raise ValueError(
                    f"{name!r} is a bound of {bounded!r} and infinite in {bad.sum()} rows, where PyMC has no "
                    "density. Write a number there that is far beyond every response, such as the largest "
                    "one and ten times their range."
                )
            where = ", ".join(str(row) for row in data.index[bad][:5])
            more = ", ..." if bad.sum() > 5 else ""
            kind = "missing" if data[name].isna().any() else "infinite"
            if kind == "missing" and (bad & ~data[name].isna().to_numpy()).any():
                kind = "missing or infinite"
            found.append(
                f"{bad.sum()} {kind} value{plural(bad.sum())} in {name!r} (index {where}{more})"
            )
    if found:
        raise ValueError(
            f"data has {'; '.join(found)}. Pass dropna=True to leave those rows out, or fill them first."
        )


def _not_finite(column: pd.Series) -> pd.Series:
    bad = column.isna()
    if pd.api.types.is_float_dtype(column.dtype):
        bad |= np.isinf(column.to_numpy(float, na_value=np.nan))
    return bad


def grouping(data: pd.DataFrame, factor: str, names: Iterable[str]) -> None:
    """Refuse a grouping factor that cannot group: one level, or labels that read alike."""
    names = sorted(names)
    for name in names:
        values = pd.unique(data[name])
        labels = pd.Series([str(value) for value in values])
        alike = labels[labels.duplicated()]
        if len(alike):
            raise ValueError(
                f"The grouping column {name!r} has different values that read alike ({listed(set(alike))}); "
                "make them one type, for example with .astype(str)."
            )
    levels = len(data[names].drop_duplicates())
    if levels < 2:
        raise ValueError(
            f"The grouping factor {factor!r} has one level ({str(data[names[0]].iloc[0])!r}): "
            "differences between groups need at least two. Leave the term out, or group by another column."
        )


def family(name: object, known: Iterable[str]) -> None:
    """Refuse a family name that Bambi does not have."""
    if isinstance(name, str):
        one_of(name, sorted(known), "a family")


def response(model: bmb.Model) -> None:
    """Refuse a response of the wrong kind for the family of `model`."""
    kind = model.family.name
    term = model.response_term
    values = np.asarray(term.data)
    name = term.name
    if rest := responses.altered(model):
        values = terms.response(model)
        _altered(name, values, rest, responses.rows(model), whole=kind in COUNTS)
    categorical = term.term.kind == "categoric"

    rows = responses.row_names(responses.rows(model))

    def example(values: np.ndarray, bad: np.ndarray) -> str:
        return _example(values, bad, rows)

    def refuse(expected: str, found: str, hint: str = "") -> None:
        raise ValueError(
            f"The {kind} family needs {expected}, but {name!r} {found}.{' ' + hint if hint else ''}"
        )

    if kind in REAL | COUNTS | POSITIVE | UNIT_INTERVAL:
        if categorical:
            refuse(
                "a numeric response",
                "holds labels",
                'For two outcomes use family="bernoulli"; for ordered ones family="cumulative".',
            )
        values = values.astype(float)
        if kind in COUNTS and ((values < 0) | (values != np.floor(values))).any():
            refuse("counts 0, 1, 2, ...", example(values, (values < 0) | (values % 1 != 0)))
        if kind in POSITIVE and (values <= 0).any():
            refuse("a response above 0", example(values, values <= 0))
        if kind in UNIT_INTERVAL and ((values <= 0) | (values >= 1)).any():
            refuse(
                "a response strictly between 0 and 1",
                example(values, (values <= 0) | (values >= 1)),
            )
    if kind == "bernoulli" and not np.isin(values, (0, 1)).all():
        refuse(
            "a response of 0 and 1, or of two labels",
            example(values.astype(float), ~np.isin(values, (0, 1))),
        )
    if kind in TRIALS:
        if values.ndim != 2 or values.shape[1] != 2:
            refuse(
                "successes and trials",
                "is one column",
                "Write the response as p(successes, trials).",
            )
        success, trials = values[:, 0].astype(float), values[:, 1].astype(float)
        whole = (values == np.floor(values)).all()
        if not whole or (success < 0).any() or (success > trials).any():
            refuse(
                "whole numbers with 0 <= successes <= trials",
                "has " + ("fractions" if not whole else "a success count out of range"),
            )


def group_priors(model: bmb.Model) -> None:
    """Refuse group effects without a scale sigma, and non-centred ones that are not Normal."""
    for component, term in terms.group_terms(model):
        prior = term.prior
        if prior.dist is not None or prior.name == "Normal":
            continue
        if "sigma" not in prior.args:
            raise ValueError(
                f"The effects of {terms.shown_name(term)!r} have the prior {prior.name}, which has no scale sigma: "
                "how much groups differ is read from it in every view. Give them a Normal prior, or a StudentT "
                "with noncentered=False."
            )
        if terms.parameterization(model, component, term) == "noncentered":
            name = terms.shown_name(term)
            raise ValueError(
                f"The effects of {name!r} have the prior {prior.name}, and the non-centred form exists for "
                "Normal effects alone. Write the term in the centred form, by noncentered=False in its "
                f"prior, hw.Prior({prior.name!r}, ..., noncentered=False), or in hw.fit for all terms; or give "
                "it a Normal prior."
            )


def _altered(
    name: str, y: np.ndarray, rest: responses.Altered, data: pd.DataFrame, *, whole: bool
) -> None:
    """Refuse censoring and bounds that Bambi takes for something else."""
    if rest.status is not None and not np.isin(rest.status, (-1.0, 0.0, 1.0)).all():
        raise ValueError(
            f"{name!r} has interval-censored rows, which Bambi does not fit: it would take their limits for "
            "observed values. Censor each to the left or to the right, or use the middle of its interval."
        )
    if rest.lower is None or rest.upper is None:
        return
    outside = (y < rest.lower) | (y > rest.upper)
    if outside.any():
        raise ValueError(
            f"{name!r} {_example(y, outside, responses.row_names(data))} outside its bounds, where the model has no density. Leave "
            "such rows out, or move the bounds."
        )
    finite = rest.lower[np.isfinite(rest.lower)]
    if whole and (finite != np.floor(finite)).any():
        raise ValueError(
            f"The lower bound of the counts {name!r} must be a whole number: PyMC takes {finite[0]:g} for "
            f"{np.floor(finite[0]):g}. Write lb={np.ceil(finite[0]):g}, the least count that can be seen."
        )


def ordered_response(family: object, data: pd.DataFrame, name: str) -> None:
    """Refuse a response without an order for a family of ordered categories."""
    if family in ORDERED and name in data.columns:
        kind = data[name].dtype
        if not (isinstance(kind, pd.CategoricalDtype) and kind.ordered):
            raise ValueError(
                f"The {family} family needs an ordered categorical response, but {name!r} is {kind}. "
                "Make it one with pandas.Categorical(..., categories=[...], ordered=True)."
            )


def _example(values: np.ndarray, bad: np.ndarray, rows: np.ndarray) -> str:
    first, count = int(np.flatnonzero(bad)[0]), int(bad.sum())
    named = responses.row_text(rows[first])
    return f"has {values[first]:g} (row {named}; {count} such row{plural(count)})"


def storable(names: Iterable[str]) -> None:
    """Refuse terms whose draws a DataTree cannot hold, since it reads a / in a name as a path."""
    for name in names:
        if "/" in name:
            raise ValueError(
                f"The term {name!r} has a '/' in its name, under which its draws cannot be stored. "
                "Make it a column first, for example data.assign(half=data.x / 2), or rename the column."
            )


def parse_error(formula: str, error: Exception) -> ValueError:
    """The sentence for a formula that cannot be read."""
    hint = ""
    if "||" in formula:
        hint = " Write (x || g) as (1 | g) + (0 + x | g): group effects are independent already."
    elif "'|' is out of place" in str(error):
        hint = " Groups stand in parentheses: (x | group)."
    return ValueError(
        f"The formula {formula!r} cannot be read: {error}.{hint} "
        "A hierarchical formula looks like 'y ~ x + (x | group)'."
    )


def share(value: object, name: str) -> float:
    """`value` itself if it is a number above 0 and below 1.

    Raises
    ------
    TypeError, ValueError
        Names the argument and what it must be.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating)):
        raise TypeError(f"{name} must be a number above 0 and below 1, not {value!r}.")
    if not 0 < value < 1:
        raise ValueError(f"{name} must be above 0 and below 1; got {value!r}.")
    return float(value)
