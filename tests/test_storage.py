"""save and load: the same numbers, the same model, and no file that can run code."""

from __future__ import annotations

import json

import bambi as bmb
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierwidgets as hw
from hierwidgets.tables.caterpillar import caterpillar
from hierwidgets.tables.shrinkage import shrinkage


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    n = 120
    return pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "x": rng.normal(3, 1, n),
            "g": np.tile(["", "\U0001f642", "</script>", "שלום"], 30),
            "level": pd.Categorical(rng.integers(0, 3, n), categories=[2, 0, 1], ordered=True),
            "flag": rng.random(n) < 0.5,
            "k": rng.integers(0, 5, n),
            "size": 5,
            "unused": [object()] * n,
        }
    )


CASES = [
    ("y ~ x + flag + (x | g)", {}),
    ("y ~ x + (1 | g)", {"priors": {"1|g_sigma": bmb.Prior("Exponential", lam=2.0)}, "noncentered": False}),
    (bmb.Formula("y ~ level + (1 | g)", "sigma ~ 1 + (1 | g)"), {}),
    ("p(k, size) ~ x + (1 | g)", {"family": "binomial", "link": "probit"}),
    ("level ~ x + (1 | g)", {"family": "cumulative"}),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "options"), CASES)
def test_round_trip(formula, options, data, tmp_path):
    fit = hw.fit(
        formula, data, draws=40, tune=60, chains=2, random_seed=1, progress=False, **options
    )
    fit.name = "mine"
    path = fit.save(tmp_path / "fit.nc")
    again = hw.load(path)
    xr.testing.assert_equal(fit.posterior, again.posterior)
    pd.testing.assert_frame_equal(fit.terms, again.terms)
    assert (again.name, again.formula, again.family) == ("mine", fit.formula, fit.family)
    for term in fit.terms["term"]:
        pd.testing.assert_frame_equal(caterpillar(fit, term), caterpillar(again, term))
        pd.testing.assert_frame_equal(shrinkage(fit, term), shrinkage(again, term))
    parent = fit.model.family.likelihood.parent
    new = data.drop(columns="unused").iloc[:10]
    one, other = (f.model.predict(f.idata, data=new, inplace=False) for f in (fit, again))
    np.testing.assert_allclose(one["posterior"][parent], other["posterior"][parent], rtol=1e-12)
    assert again.save(path) == path


def test_views_open_on_a_loaded_fit(sleep_fit, tmp_path):
    again = hw.load(sleep_fit.save(tmp_path / "sleep.nc"))
    for name in ("trace", "caterpillar", "shrinkage"):
        pd.testing.assert_frame_equal(getattr(again, name)().data, getattr(sleep_fit, name)().data)


def test_bad_files_are_refused(tmp_path, sleep_fit):
    good = sleep_fit.save(tmp_path / "sleep.nc")
    with pytest.raises(FileNotFoundError, match=r"Did you mean 'sleep.nc'"):
        hw.load(tmp_path / "sleap.nc")
    damaged = tmp_path / "damaged.nc"
    damaged.write_bytes(good.read_bytes()[:5000])
    with pytest.raises(ValueError, match="damaged or another kind of file"):
        hw.load(damaged)
    text = tmp_path / "text.nc"
    text.write_text("hello")
    with pytest.raises(ValueError, match="damaged or another kind of file"):
        hw.load(text)
    foreign = tmp_path / "foreign.nc"
    sleep_fit.idata["observed_data"].to_dataset().to_netcdf(foreign, engine="h5netcdf")
    with pytest.raises(ValueError, match="without a hierwidgets recipe"):
        hw.load(foreign)


def rewritten(path, change):
    with xr.open_datatree(path, engine="h5netcdf") as opened:
        tree = opened.load()
    change(tree)
    out = path.with_name("changed.nc")
    tree.to_netcdf(out, engine="h5netcdf")
    return out


def test_other_formats_and_damaged_recipes_are_refused(tmp_path, sleep_fit):
    path = sleep_fit.save(tmp_path / "sleep.nc")

    def older(tree):
        tree["hierwidgets"].attrs["format"] = 0

    with pytest.raises(
        ValueError, match="has format 0, and this version of hierwidgets reads format 1"
    ):
        hw.load(rewritten(path, older))

    def cut(tree):
        tree["hierwidgets"] = xr.DataTree(tree["hierwidgets"].to_dataset().isel(byte=slice(0, 100)))

    with pytest.raises(ValueError, match=r"recipe in .* is damaged"):
        hw.load(rewritten(path, cut))

    def renamed(tree):
        recipe = json.loads(tree["hierwidgets"]["recipe"].to_numpy().tobytes())
        recipe["data"]["Subject"]["categories"]["values"][0] = "another"
        text = np.frombuffer(json.dumps(recipe).encode(), np.uint8)
        tree["hierwidgets"] = xr.DataTree(
            xr.Dataset({"recipe": ("byte", text)}, attrs={"format": 1})
        )

    with pytest.raises(ValueError, match="are not those in the model's data"):
        hw.load(rewritten(path, renamed))


def test_functions_are_not_saved(tmp_path, data):
    import pymc as pm

    def dist(name, mu, sigma, dims=None):
        return pm.Normal(name, mu=mu, sigma=sigma, dims=dims)

    prior = bmb.Prior("Normal", dist=dist, mu=0, sigma=1)
    fit = hw.fit(
        "y ~ x + (1 | g)", data, priors={"x": prior}, draws=20, tune=20, chains=1, progress=False
    )
    with pytest.raises(ValueError, match="prior of 'x' is a function"):
        fit.save(tmp_path / "no.nc")
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="There is no folder"):
        fit.save(tmp_path / "nowhere" / "fit.nc")
