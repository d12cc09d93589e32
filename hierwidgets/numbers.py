"""Numbers as readers see them, of any size; `js/src/host/text.ts` has the same in the page."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

__all__ = ["TICKS", "short"]

MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
LEAST, MOST = -4, 7
# Of an axis: where Vega would write out a number beyond the same limits, its power of ten.
TICKS = (
    f"isNumber(datum.value) && (abs(datum.value) >= 1e{MOST} || datum.value !== 0 && abs(datum.value) < 1e{LEAST})"
    f" ? replace(replace(format(datum.value, '.12~e'), 'e+', 'e'), 'e-', 'e{MINUS}')"
    " : datum.value === 0 && length(datum.label) > 7 ? '0' : datum.label"
)


def short(value: float, digits: int = 4) -> str:
    """A number to so many digits, without trailing zeros; below 1e-4 and from 1e7 up with its power of ten.

    Parameters
    ----------
    value : float
    digits : int

    Returns
    -------
    str
        A dash for what is not finite.

    Examples
    --------
    >>> short(298.50789), short(2.50301e14), short(1234567.0)
    ('298.5', '2.503e14', '1235000')
    """
    if not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    exact = Decimal(float(value))
    unit = Decimal(1).scaleb(exact.adjusted() - digits + 1)
    rounded = exact.quantize(unit, ROUND_HALF_UP)
    power = rounded.adjusted()
    if LEAST <= power < MOST:
        return _trimmed(f"{rounded:f}")
    return f"{_trimmed(f'{rounded.scaleb(-power):f}')}e{power}".replace("-", MINUS)


def _trimmed(text: str) -> str:
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", MINUS)
