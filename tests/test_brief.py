"""Labels that are cut still differ, whatever they share."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hierwidgets.brief import CUT, MOST, told_apart
from hierwidgets.views.picture import render
from tests.synthetic import AWKWARD, made_up

LONG = "Elementary school of the district of "
SHARED = {
    "a beginning": [f"{LONG}Northfield and {x}" for x in ("Alden", "Alma", "Ardal")],
    "an end": [f"{x} {LONG}Northfield" for x in ("Alden", "Alma", "Ardal")],
    "both": [f"{LONG}{x}, {LONG}Northfield" for x in ("Alden", "Alma", "Ardal", "Aldem")],
    "all but one letter": [LONG * 3 + x + LONG * 3 for x in "abcdefgh"],
    "places one after the other": [
        f"{LONG * 2}{x}{LONG * 2}{y}{LONG * 2}" for x in "ab" for y in "cd"
    ],
    "wide letters": [f"{'学' * 30}{x}{'校' * 30}" for x in "東西南北"],
    "awkward ones": AWKWARD,
}


@pytest.mark.parametrize("shared", list(SHARED))
def test_labels_that_share(shared):
    labels = SHARED[shared]
    cut = told_apart(labels)
    assert len(set(cut)) == len(labels)
    for label, brief in zip(labels, cut, strict=True):
        wide = sum(ord(letter) >= 0x1100 for letter in brief)
        assert len(brief) + wide - 2 * brief.count(CUT) <= MOST
        if label != brief:
            # Nothing but what the label has, in its order.
            inside = ".*".join(re.escape(part) for part in brief.split(CUT))
            assert re.search(inside, label, re.DOTALL)


def test_short_labels_stay():
    assert told_apart(["308", "x" * MOST, ""]) == ["308", "x" * MOST, ""]


@pytest.mark.parametrize("seed", range(5))
def test_labels_at_random(seed):
    rng = np.random.default_rng(seed)
    labels = list({"".join(rng.choice(list("ab"), rng.integers(20, 90))) for _ in range(200)})
    cut = told_apart(labels)
    # Two letters only: a window now and then says the same of two labels that no cut compared.
    assert len(set(cut)) >= len(labels) - 2


@pytest.mark.parametrize("picture", ["caterpillar", "shrinkage", "groups", "priors"])
def test_a_saved_picture_has_labels_that_differ(picture):
    labels = SHARED["both"] + SHARED["a beginning"]
    fit = made_up(labels)
    drawn = render(getattr(fit, picture)().chart, ".svg").decode()
    texts = {text for text in re.findall(r"<text[^>]*>([^<]*)</text>", drawn) if CUT in text}
    assert texts == {brief for brief in told_apart(labels) if CUT in brief}
    assert len(texts) == len(labels)
