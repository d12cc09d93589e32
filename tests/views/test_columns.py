"""Arrays to the page and back."""

from __future__ import annotations

import numpy as np
import pytest

from hierwidgets.views.columns import decode, encode


@pytest.mark.parametrize(
    "values",
    [
        np.array([[0.5, np.nan], [-np.inf, 1e30]], np.float32),
        np.arange(6).reshape(2, 3),
        np.array([True, False]),
        np.zeros((0, 4)),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    ],
)
def test_round_trip(values: np.ndarray) -> None:
    back = decode(encode(values))
    assert isinstance(back, np.ndarray)
    np.testing.assert_array_equal(back, values)
    assert back.shape == values.shape


def test_floats_are_rounded_to_float32_and_no_further() -> None:
    values = np.array([np.pi, 1 / 3])
    column = encode(values)
    assert column["dtype"] == "float32"
    assert len(column["data"]) == 8
    np.testing.assert_array_equal(decode(column), values.astype(np.float32))


def test_bytes_are_little_endian() -> None:
    assert encode(np.array([1], ">i4"))["data"] == b"\x01\x00\x00\x00"


def test_strings_stay_strings() -> None:
    labels = ["", "__proto__", "😀", "10"]
    assert decode(encode(labels)) == labels
    assert decode(encode(np.array(labels, object))) == labels


@pytest.mark.parametrize("values", [np.array([1e39]), np.array([2**40])])
def test_what_does_not_fit_is_refused(values: np.ndarray) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        encode(values)


def test_other_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match="complex128 cannot be sent"):
        encode(np.array([1j]))
