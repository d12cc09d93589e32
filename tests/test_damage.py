"""Damaged and rewritten files are refused, and nothing is written, started or called on the way."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import xarray as xr

import hierwidgets as hw
from hierwidgets import vessel
from tests import mutations
from tests.synthetic import made_up

COUNTS = {mutations.bytes_changed: 150, mutations.recipe_changed: 60, mutations.parts_changed: 60}


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    return made_up(["a", "b", "c"], draws=20).save(folder / "good.nc")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("change", mutations.KINDS)
def test_a_changed_file_is_refused_or_says_the_same(change, good, tmp_path):
    fit = hw.load(good)
    with mutations.watched() as seen:
        found = []
        for seed in range(COUNTS[change]):
            path = tmp_path / f"{seed}.nc"
            if mutations.made(change, good, path, np.random.default_rng(seed)):
                seen.clear()
                found.append(mutations.outcome(path, fit))
                assert not seen
    assert found.count("refused") > 0.6 * COUNTS[change]
    assert change is not mutations.bytes_changed or "another" not in found


def test_a_single_changed_bit_is_refused(good, tmp_path):
    content = good.read_bytes()
    for at in np.random.default_rng(1).integers(len(content), size=100):
        changed = bytearray(content)
        changed[at] ^= 1
        path = tmp_path / "changed.nc"
        path.write_bytes(changed)
        with pytest.raises(ValueError, match="damaged or another kind of file"):
            hw.load(path)


def test_other_programs_read_and_change_a_saved_fit(good, tmp_path):
    fit = hw.load(good)
    with xr.open_datatree(good, engine="h5netcdf") as tree:
        xr.testing.assert_equal(tree["posterior"].to_dataset().load(), fit.posterior)
    path = tmp_path / "changed.nc"
    path.write_bytes(good.read_bytes())
    with h5py.File(path, "r+") as file:
        file["posterior"].attrs["note"] = "read"
    assert hw.load(path).posterior.attrs["note"] == "read"


def linked(file):
    file["posterior/other"] = h5py.ExternalLink("other.nc", "/x")


def outside(file):
    file.create_dataset("posterior/other", (3,), "f8", external=[("other.raw", 0, 24)])


def swollen(file):
    file.create_dataset("posterior/other", (2**40,), "f8", chunks=(1024,), compression="gzip")


def packed(file):
    file.create_dataset("posterior/other", (4,), "f8", chunks=(4,), compression="lzf")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (linked, "is a link to something else"),
        (outside, "in another file"),
        (swollen, "more than it can hold"),
        (packed, "needs a plug-in"),
    ],
)
def test_a_file_that_is_more_than_its_numbers_is_not_opened(change, said, good, tmp_path):
    path = tmp_path / "changed.nc"
    path.write_bytes(good.read_bytes())
    with h5py.File(path, "r+") as file:
        change(file)
    vessel.plain(good)
    with pytest.raises(ValueError, match=said):
        hw.load(path)
