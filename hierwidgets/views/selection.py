"""The groups picked in any view of a fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import anywidget
import traitlets as t

from hierwidgets import checks


class Selection(anywidget.AnyWidget):
    """The groups picked in any view of a fit; every view of it follows.

    Attributes
    ----------
    groups : list of str
        The picked labels. Setting it picks them, in the page too; `observe` hears every change.
    picked : dict
        The same by grouping factor, for models where two factors share a label.
    shown : dict
        What the views light up: the picked groups, and the groups that lie within a picked one.
    nested : dict
        For each factor that is nested in others, the group of those that each of its groups lies in.

    Examples
    --------
    >>> selection = Selection({"Subject": ["308", "335"]})
    >>> selection.groups = ["308"]
    >>> selection.picked
    {'Subject': ['308']}
    """

    _esm = "export default {}"

    picked = t.Dict(value_trait=t.List(t.Unicode()), key_trait=t.Unicode()).tag(sync=True)
    nested = t.Dict().tag(sync=True)
    groups = t.List()

    def __init__(
        self, factors: Mapping[str, Sequence[str]], nested: Mapping[str, Any] | None = None
    ) -> None:
        self.factors = {factor: list(labels) for factor, labels in factors.items()}
        self._known = {factor: set(labels) for factor, labels in self.factors.items()}
        self._following = False
        self.followed: list[Selection] = []
        super().__init__(nested=dict(nested or {}))

    @property
    def shown(self) -> dict[str, list[str]]:
        """The picked groups and those within them, by factor."""
        found: dict[str, list[str]] = {}
        for factor, labels in self.factors.items():
            own = self.picked.get(factor, [])
            within = self.nested.get(factor, {})
            lit = [
                label
                for label in labels
                if label not in own
                and any(homes[label] in self.picked.get(of, ()) for of, homes in within.items())
            ]
            if own or lit:
                found[factor] = [*own, *lit]
        return found

    def clear(self) -> None:
        """Pick nothing."""
        self.picked = {}

    @t.validate("groups")
    def _check_groups(self, proposal: dict[str, Any]) -> list[str]:
        labels = list(dict.fromkeys(str(label) for label in proposal["value"]))
        if not self._following:
            for label in labels:
                self._home(label)
        return labels

    @t.validate("picked")
    def _check_picked(self, proposal: dict[str, Any]) -> dict[str, list[str]]:
        picked = {}
        for factor, labels in proposal["value"].items():
            checks.one_of(factor, list(self.factors), "a grouping factor of this model")
            for label in labels:
                if label not in self._known[factor]:
                    raise ValueError(
                        f"{label!r} is not a group of {factor!r}."
                        f"{checks.nearest(label, self.factors[factor])}"
                    )
            if labels:
                picked[factor] = list(dict.fromkeys(labels))
        return picked

    @t.observe("groups")
    def _follow_groups(self, change: dict[str, Any]) -> None:
        if sorted(change["new"]) == sorted(self._flat()):
            return
        picked: dict[str, list[str]] = {}
        for label in change["new"]:
            picked.setdefault(self._home(label), []).append(label)
        self.picked = picked

    @t.observe("picked")
    def _follow_picked(self, _change: dict[str, Any]) -> None:
        flat = self._flat()
        if sorted(flat) == sorted(self.groups):
            return
        self._following = True
        try:
            self.groups = flat
        finally:
            self._following = False

    def _flat(self) -> list[str]:
        return list(dict.fromkeys(label for labels in self.picked.values() for label in labels))

    def _home(self, label: str) -> str:
        """The one factor that has this group."""
        homes = [factor for factor, labels in self._known.items() if label in labels]
        if len(homes) == 1:
            return homes[0]
        if homes:
            raise ValueError(
                f"{label!r} is a group of {' and of '.join(map(repr, homes))}: say which, "
                f"as in selection.picked = {{{homes[0]!r}: [{label!r}]}}."
            )
        every = [group for labels in self.factors.values() for group in labels]
        raise ValueError(f"{label!r} is not a group of this model.{checks.nearest(label, every)}")


def follow(selections: Sequence[Selection]) -> None:
    """Let selections of several fits follow one another in the factors whose groups they share."""
    for one in selections:
        for other in selections:
            if one is not other and other not in one.followed:
                one.followed.append(other)
                one.observe(partial(_copy, one, other), "picked")


def _copy(one: Selection, other: Selection, _change: object) -> None:
    shared = [f for f, labels in one.factors.items() if other.factors.get(f) == labels]
    kept = {f: labels for f, labels in other.picked.items() if f not in shared}
    other.picked = kept | {f: labels for f, labels in one.picked.items() if f in shared}
