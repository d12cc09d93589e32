"""Makes a chart's PNG small: a palette of few colours instead of four bytes a pixel.

Charts have few colours and their blends with the ground, so 256 of them look the same. The format
is that of the PNG specification (W3C, 3rd edition).
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGBA = (8, 6, 0, 0, 0)
_MOST_COLOURS = 256


def shrink(image: bytes) -> bytes:
    """The picture with at most 256 colours, on white.

    Parameters
    ----------
    image : bytes
        A PNG of 8-bit RGBA.

    Returns
    -------
    bytes
        A PNG with a palette; or `image` itself, if it is of a kind that is not read here.
    """
    pixels = _read(image)
    if pixels is None:
        return image
    palette, indices = _palette(pixels)
    height, width = indices.shape
    lines = np.zeros((height, width + 1), np.uint8)
    lines[:, 1:] = indices
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    small = _SIGNATURE + b"".join(
        [
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", palette.tobytes()),
            _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
            _chunk(b"IEND", b""),
        ]
    )
    return min(small, image, key=len)


def width(image: bytes) -> int:
    """The width of a PNG in pixels."""
    return int(struct.unpack(">I", image[16:20])[0])


def _read(image: bytes) -> np.ndarray | None:
    """RGB pixels, shape (height, width, 3), of an RGBA picture whose lines are filtered by Sub or not."""
    wide, high, *kind = struct.unpack(">IIBBBBB", image[16:29])
    if tuple(kind) != _RGBA:
        return None
    raw = np.frombuffer(zlib.decompress(_data(image)), np.uint8).reshape(high, 4 * wide + 1)
    filters = raw[:, 0]
    if filters.max(initial=0) > 1:
        return None
    pixels = raw[:, 1:].reshape(high, wide, 4).copy()
    sub = filters == 1
    pixels[sub] = np.cumsum(pixels[sub], axis=1, dtype=np.uint8)
    alpha = pixels[..., 3:].astype(np.uint16)
    blended = pixels[..., :3].astype(np.uint16) * alpha + 255 * (255 - alpha)
    return (blended // 255).astype(np.uint8)


def _palette(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colours, shape (n, 3), and the colour of each pixel.

    Colours that are alike share an entry, which is their mean: flat areas keep theirs.
    """
    flat = pixels.reshape(-1, 3)
    codes, counts = _coarse(flat)
    used = np.flatnonzero(counts)
    sums = [np.bincount(codes, flat[:, c], len(counts))[used] for c in range(3)]
    palette = np.round(np.stack(sums, axis=1) / counts[used, None]).astype(np.uint8)
    entries = np.zeros(len(counts), np.uint8)
    entries[used] = np.arange(len(used))
    return palette, entries[codes].reshape(pixels.shape[:2])


def _coarse(colours: np.ndarray, bits: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """A number for each colour and how often each occurs, with as many bits as 256 of them allow."""
    parts = (colours >> (8 - bits)).astype(np.uint16)
    codes = (parts[:, 0] << 2 * bits) | (parts[:, 1] << bits) | parts[:, 2]
    counts = np.bincount(codes, minlength=2 ** (3 * bits))
    if np.count_nonzero(counts) <= _MOST_COLOURS:
        return codes, counts
    return _coarse(colours, bits - 1)


def _data(image: bytes) -> bytes:
    parts, at = [], len(_SIGNATURE)
    while at < len(image):
        (length,) = struct.unpack(">I", image[at : at + 4])
        if image[at + 4 : at + 8] == b"IDAT":
            parts.append(image[at + 8 : at + 8 + length])
        at += 12 + length
    return b"".join(parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)
