"""Labels of nested groups, and groups under their parents."""

from __future__ import annotations

import pandas as pd
import pytest

from hierwidgets import terms
from hierwidgets.models import build
from hierwidgets.tables.nested import arrange, with_headings


def shown(formula: str, data: pd.DataFrame) -> dict[str, list[str]]:
    model, _ = build(formula, data)
    return {effect.factor: effect.shown for effect in terms.effects(model)}


def test_nested_labels_read_as_parent_and_child():
    data = pd.DataFrame({"y": range(8), "a": list("pppp") + list("qqqq"), "b": list("mmnnmmnn")})
    found = shown("y ~ 1 + (1 | a / b)", data)
    assert found == {"a": ["p", "q"], "a:b": ["p / m", "p / n", "q / m", "q / n"]}


def test_colons_inside_labels_are_not_split():
    times = ["10:30", "10:30", "11:00", "11:00"] * 2
    data = pd.DataFrame({"y": range(8), "t": times, "b": ["x:1"] * 4 + ["x:2"] * 4})
    assert shown("y ~ 1 + (1 | t)", data) == {"t": ["10:30", "11:00"]}
    assert shown("y ~ 1 + (1 | b:t)", data)["b:t"] == [
        "x:1 / 10:30",
        "x:1 / 11:00",
        "x:2 / 10:30",
        "x:2 / 11:00",
    ]


TABLE = pd.DataFrame(
    {
        "group": ["A:1", "B:1", "A:2", "B:2", "C:1"],
        "label": ["A / 1", "B / 1", "A / 2", "B / 2", "C / 1"],
        "n": [1, 5, 1, 5, 3],
        "mean": [1.0, 2.0, 6.0, 8.0, 4.0],
        "sd": [3.0, 1.0, 3.0, 1.0, 9.0],
    }
)
HOME = {"A:1": "A", "A:2": "A", "B:1": "B", "B:2": "B", "C:1": "C"}


@pytest.mark.parametrize(
    ("sort", "expected"),
    [("estimate", "ACB"), ("name", "ABC"), ("size", "BCA"), ("uncertainty", "CAB")],
)
def test_parents_follow_the_order_of_their_groups(sort: str, expected: str):
    arranged = arrange(TABLE, HOME, sort)
    assert "".join(dict.fromkeys(arranged["parent"])) == expected
    assert arranged.loc[arranged["parent"] == "A", "group"].tolist() == ["A:1", "A:2"]


def test_headings_sum_up_and_folded_groups_are_gone():
    rows = with_headings(arrange(TABLE, HOME, "name"), ["B"], {"A": "Alpha"}, picked=["C"])
    assert rows["label"].tolist() == [
        "Alpha (2)",
        "A / 1",
        "A / 2",
        "B (2, folded)",
        "C (1)",
        "C / 1",
    ]
    top = rows[rows["heading"]].set_index("parent")
    assert top.loc["B", ["centre", "least", "most"]].tolist() == [5.0, 2.0, 8.0]
    assert top["lit"].tolist() == [False, False, True]
