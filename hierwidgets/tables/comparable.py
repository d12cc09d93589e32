"""Which fits can be compared: those of the same rows and the same response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hierwidgets import checks, responses, terms

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

__all__ = ["check"]


def check(fits: Any) -> None:
    """Refuse what cannot be compared."""
    from hierwidgets.fit import Fit

    if not isinstance(fits, Mapping) or not all(isinstance(fit, Fit) for fit in fits.values()):
        raise TypeError(
            'compare() takes fits by name, such as {"slopes": fit, "intercepts": other}.'
        )
    if len(fits) < 2:
        raise ValueError(f"compare() needs two fits or more; got {len(fits)}.")
    (name, first), *others = fits.items()
    here = np.asarray(first.model.response_term.data)
    kind = terms.shown_name(first.model.response_term)
    for other, fit in others:
        there = np.asarray(fit.model.response_term.data)
        if terms.shown_name(fit.model.response_term) != kind:
            raise ValueError(
                f"{name!r} is a model of {kind!r} and {other!r} of "
                f"{terms.shown_name(fit.model.response_term)!r}: densities of different responses cannot "
                "be compared. Fit both to the same response."
            )
        if len(there) != len(here):
            raise ValueError(
                f"{name!r} was fitted to {len(here):,} rows and {other!r} to {len(there):,}: elpd is a sum "
                "over rows, so both need the same. Rows with missing values may have been left out of one."
                f"{_lacking(name, first, other, fit)}"
            )
        _same_rows(name, first, other, fit)
        if here.shape != there.shape or not np.array_equal(here, there):
            raise ValueError(
                f"{name!r} and {other!r} were fitted to other values of {kind!r}, or to rows in another "
                "order. Fit both to the same data."
            )


def _same_rows(name: str, one: Fit, other: str, two: Fit) -> None:
    """Refuse rows that go by different names, as far as names of the same kind are told apart."""
    here, there = one.data.index, two.data.index
    named = responses.own_index(one.data) and responses.own_index(two.data)
    if not named or here.equals(there) or not len(here.intersection(there)):
        return
    lacking = _lacking(name, one, other, two) or " They are the same in another order."
    raise ValueError(
        f"{name!r} and {other!r} were fitted to different rows.{lacking} Leave out of the data first what "
        "either lacks, and fit both to what remains, in the same order."
    )


def _lacking(name: str, one: Fit, other: str, two: Fit) -> str:
    """Which rows only one of two fits has, by their names, where these are told apart."""
    here, there = one.data.index, two.data.index
    said: list[str] = []
    for who, lost in ((other, here.difference(there)), (name, there.difference(here))):
        if len(lost):
            more = f" and {len(lost) - 3:,} more" if len(lost) > 3 else ""
            named = ", ".join(responses.row_text(label) for label in lost[:3])
            said.append(f" {who!r} lacks row{checks.plural(len(lost))} {named}{more}.")
    return "".join(said)
