"""Labels that are too long for their place, cut so that those that differ still differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

__all__ = ["MOST", "told_apart"]

# Room for letters of 11 pixels' height in the 170 pixels beside a picture; others count twice.
MOST = 26
_WIDE = "\N{HANGUL CHOSEONG KIYEOK}"
CUT = "\N{HORIZONTAL ELLIPSIS}"
_LEAST = 3


def told_apart(labels: Sequence[str], most: int = MOST) -> list[str]:
    """The labels, the long ones cut in the middle, or round the place where they begin to differ.

    Parameters
    ----------
    labels : sequence of str
    most : int
        Characters that there is room for; those of wide scripts count twice.

    Returns
    -------
    list of str
        Labels with room as they are. Of the others each has an ellipsis where something is left out. Two
        different labels are the same only where no cut of this length tells them apart.

    Examples
    --------
    >>> told_apart(["Kindergarten of Northfield, A", "Kindergarten of Northfield, B"], 16)
    ['Kindergar…eld, A', 'Kindergar…eld, B']
    """
    distinct = list(dict.fromkeys(labels))
    long = [label for label in distinct if _size(label) > most]
    cut = {label: label for label in distinct} | {label: _middle(label, most) for label in long}
    alike = defaultdict(list)
    for label in distinct:
        alike[cut[label]].append(label)
    for same in alike.values():
        if len(same) > 1:
            cut |= _apart(same, (), most)
    return [cut[label] for label in labels]


def _apart(labels: list[str], before: tuple[int, ...], most: int) -> dict[str, str]:
    """Long labels cut round the places where they differ: those before, and the first that is left."""
    places = (*before, _common(labels))
    cut = {label: _around(label, places, most) for label in labels}
    alike = defaultdict(list)
    for label in labels:
        alike[cut[label]].append(label)
    for same in alike.values():
        if 1 < len(same) < len(labels) and _room(len(places) + 1, most) >= _LEAST:
            cut |= _apart(same, places, most)
    return cut


def _common(labels: list[str]) -> int:
    """How long a beginning labels share."""
    least, largest = min(labels), max(labels)
    pairs = enumerate(zip(least, largest, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(least), len(largest)))


def _size(text: str) -> int:
    return len(text) + sum(letter >= _WIDE for letter in text)


def _begin(text: str, room: int) -> str:
    """As much of a text's beginning as there is room for."""
    kept = 0
    for letter in text:
        room -= _size(letter)
        if room < 0:
            break
        kept += 1
    return text[:kept]


def _middle(text: str, most: int) -> str:
    end = _begin(text[::-1], (most - 1) // 2)[::-1]
    return _begin(text, most - 1 - _size(end)) + CUT + end


def _room(places: int, most: int) -> int:
    """How much each place gets of the room, with ellipses between, before and after."""
    return (most - places - 1) // places


def _around(text: str, places: tuple[int, ...], most: int) -> str:
    """What stands round these places of a text, and of a single place the beginning too."""
    if _size(text) <= most:
        return text
    out, end = "", 0
    if len(places) == 1:
        out = _begin(text[: max(places[0] - 3, 0)], (most - 2) // 3)
        end = len(out)
    for i, place in enumerate(places):
        start = max(place - min(3, _room(len(places), most) // 3), end)
        out += CUT if start > end else ""
        last = i == len(places) - 1
        room = most - _size(out) if last else _room(len(places), most)
        whole = last and _size(text[start:]) <= room
        kept = text[start:] if whole else _begin(text[start:], room - last)
        out, end = out + kept, start + len(kept)
    return out if end == len(text) else out + CUT
