"""The search box's rule, the same as in the page."""

from __future__ import annotations


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
