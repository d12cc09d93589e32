"""The groups picked in a fit's views, by factor and as a list."""

from __future__ import annotations

import pytest

from hierwidgets.views.selection import Selection

FACTORS = {"school": ["1", "2", "north"], "pupil": ["1", "7"]}


@pytest.fixture
def selection() -> Selection:
    return Selection(FACTORS)


def test_groups_find_their_factor(selection: Selection) -> None:
    selection.groups = ["north", "7", "north"]
    assert selection.picked == {"school": ["north"], "pupil": ["7"]}
    assert selection.groups == ["north", "7"]


def test_picked_is_seen_in_groups(selection: Selection) -> None:
    heard: list[list[str]] = []
    selection.observe(lambda change: heard.append(change["new"]), "groups")
    selection.set_state({"picked": {"school": ["1"], "pupil": ["1", "7"]}})
    assert selection.groups == ["1", "7"]
    selection.clear()
    assert heard == [["1", "7"], []]


def test_numbers_are_taken_for_their_labels(selection: Selection) -> None:
    selection.groups = [7]
    assert selection.picked == {"pupil": ["7"]}


def test_a_label_of_two_factors_must_say_which(selection: Selection) -> None:
    with pytest.raises(ValueError, match=r"group of 'school' and of 'pupil'.*selection\.picked"):
        selection.groups = ["1"]
    selection.picked = {"pupil": ["1"]}
    assert selection.groups == ["1"]
    selection.groups = []
    assert selection.picked == {}


def test_what_is_no_group_is_refused(selection: Selection) -> None:
    with pytest.raises(ValueError, match=r"'nort' is not a group of this model.*'north'"):
        selection.groups = ["nort"]
    with pytest.raises(ValueError, match="'north' is not a group of 'pupil'"):
        selection.picked = {"pupil": ["north"]}
    with pytest.raises(ValueError, match=r"'scool' is not a grouping factor.*'school'"):
        selection.picked = {"scool": ["1"]}
    assert (selection.groups, selection.picked) == ([], {})


def test_an_emptied_factor_is_gone(selection: Selection) -> None:
    selection.picked = {"school": [], "pupil": ["7"]}
    assert selection.picked == {"pupil": ["7"]}


def test_a_parent_lights_its_children():
    nested = {"a:b": {"a": {"p:m": "p", "p:n": "p", "q:m": "q"}}}
    selection = Selection({"a": ["p", "q"], "a:b": ["p:m", "p:n", "q:m"]}, nested)
    selection.groups = ["p"]
    assert selection.shown == {"a": ["p"], "a:b": ["p:m", "p:n"]}
    selection.picked = {"a": ["p"], "a:b": ["q:m", "p:n"]}
    assert selection.shown["a:b"] == ["q:m", "p:n", "p:m"]
    assert selection.groups == ["p", "q:m", "p:n"]
    selection.clear()
    assert selection.shown == {}
