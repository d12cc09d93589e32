"""The search box's rule, the same as in the page."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def matches(label: str, search: str) -> bool:
    """Whether a label holds the searched text, in any case; text in double quotes is the whole label.

    Examples
    --------
    >>> matches("Bergen", "berg"), matches("Bergen", '"berg"'), matches("", '""')
    (True, False, True)
    """
    if len(search) > 1 and search.startswith('"') and search.endswith('"'):
        return label == search[1:-1]
    return search.lower() in label.lower()


def found(groups: Iterable[str], shown: Iterable[str], search: str) -> np.ndarray:
    """Which groups the search finds, by their label or as they are read.

    Examples
    --------
    >>> found(["A:a", "A:b"], ["A / a", "A / b"], "/ b").tolist()
    [False, True]
    """
    pairs = zip(groups, shown, strict=True)
    return np.array([matches(a, search) or matches(b, search) for a, b in pairs], bool)
