"""Whether an HDF5 file is whole, and holds plain numbers and text: looked at before it is read.

A saved fit ends in a seal, a digest of all that stands before it. HDF5's own library trusts what it
reads and may not return from a damaged file. Other programs do not see the seal, and take it away
when they change the file.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MOST_OBJECTS = 100_000
FREE_BYTES = 2**28
# HDF5's own deflate packs at most 1,032 to one: https://zlib.net/zlib_tech.html
PACKED = 1_032
DEFLATE, SHUFFLE, FLETCHER32 = 1, 2, 3
MAGIC = b"\x89HDF\r\n\x1a\n"
# Where a superblock of each version says where the file ends:
# https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
ENDS = {0: 40, 1: 44, 2: 28, 3: 28}
MARK = b"\nhierwidgets seal "
SEAL = len(MARK) + 65


def seal(path: Path) -> None:
    """Write a digest of a file at its end."""
    mark = _mark(path, path.stat().st_size)
    with path.open("ab") as file:
        file.write(mark)


def _mark(path: Path, size: int) -> bytes:
    digest = hashlib.blake2b(digest_size=32)
    with path.open("rb") as file:
        while size:
            block = file.read(min(size, 2**20))
            digest.update(block)
            size -= len(block)
    return MARK + digest.hexdigest().encode() + b"\n"


def _whole(path: Path) -> None:
    """Refuse a file that has another length than it says, or another content than its seal."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(52)
        file.seek(max(0, size - SEAL))
        last = file.read()
    if len(start) < 52 or not start.startswith(MAGIC):
        raise ValueError("it is no HDF5 file")
    place = ENDS.get(start[8])
    if place is None or start[13 if start[8] < 2 else 9] != 8:
        raise ValueError("its HDF5 is of an unknown kind")
    (end,) = struct.unpack_from("<Q", start, place)
    if end not in (size, size - SEAL):
        raise ValueError(f"it has {size:,} bytes and should have {end:,}")
    if end != size and last != _mark(path, end):
        raise ValueError("its content is not what was saved")


def plain(path: Path) -> None:
    """Refuse a file that is damaged, points outside itself, needs a plug-in, or unpacks to too much.

    Raises
    ------
    OSError, ValueError
        Says what is wrong.
    """
    import h5py

    _whole(path)
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
