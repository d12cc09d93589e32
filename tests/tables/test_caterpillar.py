"""The caterpillar's numbers against xarray's and NumPy's own."""

from __future__ import annotations

import numpy as np
import pytest

from hierwidgets.tables.caterpillar import band, caterpillar
from hierwidgets.tables.groups import name_key, order


def test_deviations_are_the_posterior(sleep_fit):
    table = caterpillar(sleep_fit, "Days|Subject", "deviation", "name").set_index("group")
    draws = sleep_fit.posterior["Days|Subject"]
    for group in ("308", "335", "372"):
        one = draws.sel(Subject__factor_dim=group).to_numpy().ravel()
        row = table.loc[group]
        expected = np.quantile(one, [0.025, 0.25, 0.5, 0.75, 0.975])
        got = row[["lower", "inner_lower", "median", "inner_upper", "upper"]].to_numpy(float)
        np.testing.assert_allclose(got, expected, rtol=1e-12)
        np.testing.assert_allclose([row["mean"], row["sd"]], [one.mean(), one.std(ddof=1)])
    assert (table["population"] == 0).all()
    assert (table["n"] == 10).all()


def test_whole_effects_add_the_population_draw_by_draw(sleep_fit):
    table = caterpillar(sleep_fit, "1|Subject", "effect", "name").set_index("group")
    post = sleep_fit.posterior
    whole = (post["Intercept"] + post["1|Subject"]).sel(Subject__factor_dim="308").to_numpy()
    np.testing.assert_allclose(table.loc["308", "mean"], whole.mean())
    np.testing.assert_allclose(table.loc["308", "upper"], np.quantile(whole, 0.975))
    np.testing.assert_allclose(table["population"], post["Intercept"].to_numpy().mean())


def test_orders(radon_fit):
    by = {s: caterpillar(radon_fit, sort=s) for s in ("estimate", "name", "size", "uncertainty")}
    assert by["estimate"]["mean"].is_monotonic_increasing
    assert by["size"]["n"].is_monotonic_decreasing
    assert by["uncertainty"]["sd"].is_monotonic_decreasing
    assert list(by["name"]["group"]) == sorted(by["name"]["group"], key=name_key)
    tied = by["size"][by["size"]["n"] == 2]["group"].tolist()
    assert tied == sorted(tied, key=name_key)


def test_names_are_ordered_by_their_numbers():
    assert sorted(["s10", "s9", "S1", "", "²", "s1b"], key=name_key) == [
        "",
        "S1",
        "s1b",
        "s9",
        "s10",
        "²",
    ]


def test_missing_values_come_last():
    nan = np.array([np.nan, 2.0, 1.0])
    assert list(order("estimate", ["a", "b", "c"], nan, np.ones(3), nan)) == [2, 1, 0]


def test_band_averages_its_stretches(radon_fit):
    table = caterpillar(radon_fit)
    coarse = band(table, 10)
    assert len(coarse) == 10
    counts = np.diff(np.floor(np.linspace(0, 85, 11)))
    np.testing.assert_allclose((coarse["mean"] * counts).sum(), table["mean"].sum())
    np.testing.assert_allclose(band(table, 1000)["lower"], table["lower"])


def test_unknown_words_are_refused(sleep_fit):
    with pytest.raises(ValueError, match=r"Did you mean '1\|Subject'"):
        caterpillar(sleep_fit, "1|subjct")
    with pytest.raises(ValueError, match="Choose one of 'effect', 'deviation'"):
        caterpillar(sleep_fit, scale="effekt")
