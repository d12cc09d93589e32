"""Arrays as they cross to the browser: the one place where float32 is decided."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_DTYPES = {"float32": "<f4", "float64": "<f8", "int32": "<i4", "uint8": "u1"}


def encode(values: np.ndarray | Sequence[str], *, wide: bool = False) -> dict[str, Any]:
    """One column for the browser.

    Parameters
    ----------
    values : ndarray or list of str
        Floats become float32, integers int32, booleans uint8; strings stay a list.
    wide : bool
        Send floats as float64 where one of them does not fit a float32.

    Returns
    -------
    dict
        ``dtype``, ``shape`` and ``data``: little-endian bytes, or the strings.

    Raises
    ------
    ValueError
        If a finite number does not fit, or the values are of another kind.

    Examples
    --------
    >>> encode(np.array([0.5, 1.0]))["dtype"]
    'float32'
    """
    if not isinstance(values, np.ndarray):
        return {"dtype": "string", "shape": [len(values)], "data": [str(v) for v in values]}
    if values.dtype.kind in "OUT":
        return {"dtype": "string", "shape": [values.size], "data": [str(v) for v in values.ravel()]}
    dtype = _dtype(values)
    with np.errstate(over="ignore"):
        small = values.astype(_DTYPES[dtype])
    lost = np.isinf(small) & np.isfinite(values) if dtype == "float32" else small != values
    if lost.any() and dtype == "float32" and wide:
        dtype, small = "float64", values.astype(_DTYPES["float64"])
    elif lost.any():
        raise ValueError(
            f"{values[lost].ravel()[0]!r} does not fit a {dtype}, which is how numbers are sent to "
            "the page. Rescale the column it comes from."
        )
    return {"dtype": dtype, "shape": list(values.shape), "data": small.tobytes()}


def pack(value: Any) -> bytes:
    """JSON as it crosses to the browser: gzipped, the same bytes for the same value.

    Examples
    --------
    >>> unpack(pack({"mark": "point"}))
    {'mark': 'point'}
    """
    return gzip.compress(json.dumps(value, separators=(",", ":")).encode(), mtime=0)


def unpack(packed: bytes) -> Any:
    """What `pack` was given."""
    return json.loads(gzip.decompress(packed))


def decode(column: Mapping[str, Any]) -> np.ndarray | list[str]:
    """What `encode` was given, in the page's precision.

    Examples
    --------
    >>> decode(encode(np.array([[1, 2]]))).shape
    (1, 2)
    """
    if column["dtype"] == "string":
        return list(column["data"])
    flat = np.frombuffer(column["data"], dtype=_DTYPES[column["dtype"]])
    return flat.reshape(column["shape"])


def _dtype(values: np.ndarray) -> str:
    kinds = {"f": "float32", "i": "int32", "u": "int32", "b": "uint8"}
    if values.dtype.kind not in kinds:
        raise ValueError(f"Values of dtype {values.dtype} cannot be sent to the page.")
    return "uint8" if values.dtype == np.uint8 else kinds[values.dtype.kind]
