"""Predictors that are neither numbers nor labels, and terms of other packages: named, with the way out."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from hierwidgets import kinds
from hierwidgets.models import build

ROWS = 12
DAYS = pd.date_range("2020-01-01", periods=ROWS)


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    return pd.DataFrame({"y": rng.normal(size=ROWS), "g": list("abc") * 4, "h": list("abcd") * 3})


COLUMNS = {
    "dates": (DAYS, r"holds dates"),
    "zoned": (DAYS.tz_localize("UTC"), r"holds dates"),
    "plain dates": ([day.date() for day in DAYS], r"holds dates"),
    "objects": (pd.Series(list(DAYS), dtype=object), r"holds dates"),
    "periods": (DAYS.to_period("D"), r"holds periods"),
    "durations": (DAYS - DAYS[0], r"holds durations"),
    "plain durations": (
        pd.Series([dt.timedelta(days=i) for i in range(ROWS)], dtype=object),
        "holds durations",
    ),
    "times": ([dt.time(i) for i in range(ROWS)], "holds times of the day"),
    "complex": (np.arange(ROWS) * 1j, "holds complex numbers"),
    "decimals": ([Decimal(i) for i in range(ROWS)], r"Python objects \(Decimal\)"),
    "fractions": ([Fraction(i, 3) for i in range(ROWS)], r"Python objects \(Fraction\)"),
    "ints": (pd.Series(range(ROWS), dtype=object), r"Python objects \(int\)"),
    "mixed": ([1, "a"] * 6, r"holds objects \(int, str\)"),
    "tuples": ([(i,) for i in range(ROWS)], r"holds objects \(tuple\)"),
    "lists": ([[i] for i in range(ROWS)], r"holds objects \(list\)"),
}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("formula", ["y ~ x + (1 | g)", "y ~ (x | g)", "y ~ scale(x) + (1 | g)"])
def test_a_predictor_that_is_no_number_is_named(data, name, formula):
    values, sentence = COLUMNS[name]
    with pytest.raises(ValueError, match=rf"The column 'x' {sentence}|The column 'x' .*{sentence}"):
        build(formula, data.assign(x=values))


@pytest.mark.parametrize("name", COLUMNS)
def test_the_way_out_leads_out(data, name):
    """The Python that the sentence gives is run, and its column fits."""
    data = data.assign(x=COLUMNS[name][0])
    said = kinds.unusable(data["x"], "data['x']")
    ways = re.findall(r"(?:: |such as |Use )((?:\(|data\[|pandas).*?)(?=;|\.$|, or)", said)
    assert ways
    for way in ways:
        made = eval(way, {"data": data, "pandas": pd})
        assert kinds.unusable(made, "made") == ""
        build("y ~ x + (1 | g)", data.assign(x=made))


@pytest.mark.parametrize(
    "values",
    [
        np.arange(ROWS),
        pd.array(range(ROWS), dtype="Int64"),
        pd.array([True, False] * 6, dtype="boolean"),
        pd.Series([True, False] * 6, dtype=object),
        pd.cut(np.arange(ROWS), 3),
        pd.Categorical(["u", "v"] * 6),
        ["u", "v"] * 6,
        pd.arrays.SparseArray(np.arange(ROWS) * 1.0),
    ],
)
def test_numbers_and_labels_stay(data, values):
    build("y ~ x + (1 | g)", data.assign(x=values))


def test_dates_still_group_and_unused_columns_do_not_matter(data):
    data = data.assign(day=list(DAYS[:4]) * 3, unused=[[i] for i in range(ROWS)])
    build("y ~ (1 | day)", data)


@pytest.mark.parametrize("name", sorted(kinds.FOREIGN))
def test_terms_of_other_packages_are_called_by_name(data, name):
    formula = "y ~ (1 | mm(g, h))" if name == "mm" else f"y ~ {name}(y) + (1 | g)"
    with pytest.raises(ValueError, match=rf"cannot be used: {name}\(\)") as caught:
        build(formula, data)
    assert "extra_namespace" not in str(caught.value)


def test_multi_membership_says_what_to_do(data):
    with pytest.raises(ValueError, match=r"multi-membership .* \(1 \| first\) \+ \(1 \| second\)"):
        build("y ~ 1 + (1 | mm(g, h))", data)
