"""Small pictures look like the large ones they are made from."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
import vl_convert

from hierwidgets.charts.style import static_spec
from hierwidgets.views import picture, png
from tests.synthetic import made_up

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def written(pixels: np.ndarray, filters: int = 0) -> bytes:
    """An RGBA picture as a PNG, its lines unfiltered or filtered by Sub."""
    high, wide, _ = pixels.shape
    lines = pixels.copy()
    if filters == 1:
        lines[:, 1:] = pixels[:, 1:] - pixels[:, :-1]
    raw = np.hstack([np.full((high, 1), filters, np.uint8), lines.reshape(high, -1)])
    header = struct.pack(">IIBBBBB", wide, high, 8, 6, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(raw.tobytes(), 0))
    return SIGNATURE + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def read(image: bytes) -> np.ndarray:
    """The RGB pixels of a PNG with a palette."""
    wide, high, depth, kind = struct.unpack(">IIBB", image[16:26])
    assert (depth, kind) == (8, 3)
    chunks, at = {}, 8
    while at < len(image):
        (length,) = struct.unpack(">I", image[at : at + 4])
        name, data = image[at + 4 : at + 8], image[at + 8 : at + 8 + length]
        assert image[at + 8 + length : at + 12 + length] == struct.pack(
            ">I", zlib.crc32(name + data)
        )
        chunks[name] = data
        at += 12 + length
    palette = np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(high, wide + 1)
    assert (lines[:, 0] == 0).all()
    return palette[lines[:, 1:]]


@pytest.mark.parametrize("filters", [0, 1])
def test_few_colours_are_kept_exactly(filters: int) -> None:
    colours = np.array([[255, 255, 255, 255], [0, 114, 178, 255], [31, 35, 40, 255]], np.uint8)
    pixels = colours[np.random.default_rng(0).integers(0, 3, (40, 60))]
    small = png.shrink(written(pixels, filters))
    np.testing.assert_array_equal(read(small), pixels[..., :3])
    assert png.width(small) == 60


def test_many_colours_are_near() -> None:
    pixels = np.full((64, 64, 4), 255, np.uint8)
    pixels[..., 0] = np.arange(64) * 4
    pixels[..., 1] = np.arange(64)[:, None] * 4
    difference = read(png.shrink(written(pixels))).astype(int) - pixels[..., :3]
    assert np.abs(difference).max() <= 16


def test_what_shines_through_is_on_white() -> None:
    pixels = np.zeros((20, 20, 4), np.uint8)
    pixels[10:, :, 3] = 255
    found = read(png.shrink(written(pixels)))
    assert (found[:10] == 255).all()
    assert (found[10:] == 0).all()


def test_another_kind_is_left_alone() -> None:
    grey = SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    assert png.shrink(grey) is grey


def test_a_chart_is_much_smaller_and_looks_alike() -> None:
    spec = static_spec(made_up([f"g{i}" for i in range(20)]).caterpillar().chart)
    large = vl_convert.vegalite_to_png(spec, vl_version=picture.VEGA_LITE, ppi=72)
    small = png.shrink(large)
    assert len(small) < len(large) / 4
    pixels = png._read(large)
    assert pixels is not None
    assert np.abs(read(small).astype(int) - pixels).mean() < 1
