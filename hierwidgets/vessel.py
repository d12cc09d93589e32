"""Whether an HDF5 file holds plain numbers and text within itself, looked at before it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

MOST_OBJECTS = 100_000
FREE_BYTES = 2**28
# HDF5's own deflate packs at most 1,032 to one: https://zlib.net/zlib_tech.html
PACKED = 1_032
DEFLATE, SHUFFLE, FLETCHER32 = 1, 2, 3


def plain(path: Path) -> None:
    """Refuse a file that points outside itself, needs a plug-in to be read, or unpacks to too much.

    Raises
    ------
    OSError
        Not an HDF5 file.
    ValueError
        Names what is wrong.
    """
    import h5py

    size = 0
    with h5py.File(path, "r") as file:
        for name, data in _datasets(file):
            if data.external or data.is_virtual:
                raise ValueError(f"the numbers of {name!r} are in another file")
            filters = data.id.get_create_plist()
            codes = {filters.get_filter(i)[0] for i in range(filters.get_nfilters())}
            if codes - {DEFLATE, SHUFFLE, FLETCHER32}:
                raise ValueError(f"{name!r} is packed in a way that needs a plug-in")
            if data.dtype.kind not in "fiubOSU":
                raise ValueError(f"{name!r} is neither numbers nor text")
            size += int(data.size or 0) * data.dtype.itemsize
    if size > FREE_BYTES + PACKED * path.stat().st_size:
        raise ValueError(f"it claims {size:,} bytes of numbers, more than it can hold")


def _datasets(file: Any) -> Iterator[tuple[str, Any]]:
    """Every data set of an open file, reached by hard links alone."""
    import h5py

    waiting, seen = [("", file)], set[int]()
    while waiting:
        place, group = waiting.pop()
        for name in group:
            path = f"{place}/{name}"
            linked = isinstance(group.get(name, getlink=True), h5py.HardLink)
            if not linked:
                raise ValueError(f"{path!r} is a link to something else")
            found = group[name]
            address = h5py.h5o.get_info(found.id).addr
            if address in seen:
                continue
            seen.add(address)
            if len(seen) > MOST_OBJECTS:
                raise ValueError(f"it has more than {MOST_OBJECTS:,} parts")
            if isinstance(found, h5py.Group):
                waiting.append((path, found))
            elif isinstance(found, h5py.Dataset):
                yield path, found


def digests(groups: Mapping[str, xr.Dataset]) -> dict[str, str]:
    """A digest of every variable's numbers or text, by group and name."""
    return {
        f"{group}/{name}": _digest(np.asarray(variable.to_numpy()))
        for group, data in groups.items()
        for name, variable in data.variables.items()
        if variable.dtype.kind in "fiubOUT"
    }


def _digest(values: np.ndarray) -> str:
    if values.dtype.kind in "OUT":
        content = "\0".join(str(value) for value in values.flat).encode(errors="surrogatepass")
        kind = "text"
    else:
        if values.dtype.kind == "f" and np.isnan(values).any():
            values = np.where(np.isnan(values), np.array(np.nan, values.dtype), values)
        kind = f"{values.dtype.kind}{values.dtype.itemsize}"
        content = values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
    head = f"{kind} {values.shape} ".encode()
    return hashlib.blake2b(head + content, digest_size=16).hexdigest()
