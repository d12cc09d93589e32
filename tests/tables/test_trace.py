import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import gaussian_kde

import hierwidgets as hw
from hierwidgets.models import build
from hierwidgets.tables import trace
from hierwidgets.tables.curves import decimate, kde, rank_counts
from tests import vectors
from tests.synthetic import AWKWARD, made_up


def named(name: str):
    cases = vectors.read(name)
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


def nearly(found, stored) -> bool:
    """Whether two trees of numbers and text agree."""
    if isinstance(found, dict):
        return found.keys() == stored.keys() and all(nearly(found[k], stored[k]) for k in found)
    if isinstance(found, list):
        return len(found) == len(stored) and all(map(nearly, found, stored))
    return (
        found == pytest.approx(stored, rel=1e-9, abs=1e-12)
        if isinstance(found, float)
        else found == stored
    )


@pytest.mark.parametrize("name", list(vectors.VECTORS))
def test_the_vectors_are_what_their_makers_make(name):
    fresh = json.loads(json.dumps(vectors.VECTORS[name]()))
    assert nearly(fresh, vectors.read(name))


@named("decimate")
def test_decimate_keeps_the_extremes_of_each_column(case):
    assert decimate(np.array(case["values"]), case["pixels"]).tolist() == case["expected"]


def test_decimate_needs_a_pixel():
    with pytest.raises(ValueError, match="at least 1 pixel wide; got 0"):
        decimate(np.arange(5.0), 0)


@named("kde")
def test_kde_is_scipys_on_bins_with_reflection(case):
    x, density = kde(np.array(case["values"]))
    np.testing.assert_allclose(x, case["x"], rtol=1e-12)
    np.testing.assert_allclose(density, case["density"], atol=1e-9)


def test_kde_is_close_to_scipys_on_the_draws_themselves():
    values = np.random.default_rng(8).gamma(2, 3, size=2000)
    x, density = kde(values)
    spread = np.subtract(*np.quantile(values, [0.75, 0.25])) / 1.349
    width = 0.9 * min(values.std(ddof=1), spread) * len(values) ** -0.2
    smooth = gaussian_kde(values, bw_method=width / values.std(ddof=1))
    folded = smooth(x) + smooth(2 * x[0] - x) + smooth(2 * x[-1] - x)
    np.testing.assert_allclose(density, folded, atol=0.003 * density.max())
    assert np.trapezoid(density, x) == pytest.approx(1)


def test_kde_says_how_many_draws_are_not_finite():
    with pytest.raises(ValueError, match="2 of 4 draws are not finite"):
        kde(np.array([1.0, np.nan, np.inf, 2.0]))


@named("rank_counts")
def test_rank_counts_bins_scipys_average_ranks(case):
    assert rank_counts(np.array(case["values"]), case["bins"]).tolist() == case["expected"]


def test_parameters_has_a_row_for_each_scalar(sleep_fit):
    table = trace.parameters(sleep_fit)
    posterior = sleep_fit.posterior
    assert table.columns.tolist() == [
        "parameter", "term", "factor", "group", "mean", "sd", "lower", "upper",
        "rhat", "ess_bulk", "ess_tail",
    ]  # fmt: skip
    assert len(table) == sum(values[0, 0].size for values in posterior.data_vars.values())
    assert table["parameter"].is_unique
    top = table[table["term"] == ""]
    assert set(top["parameter"]) == {
        "Intercept",
        "Days",
        "sigma",
        "1|Subject_sigma",
        "Days|Subject_sigma",
    }
    assert top.index.tolist() == list(range(5))
    row = table.set_index("parameter").loc["Days|Subject[335]"]
    assert (row["term"], row["factor"], row["group"]) == ("Days|Subject", "Subject", "335")
    own = posterior["Days|Subject"].sel({"Subject__factor_dim": "335"}).to_numpy()
    assert row["mean"] == pytest.approx(own.mean())
    assert row["upper"] == pytest.approx(np.percentile(own, 97.5))


def test_parameters_agree_with_arviz(sleep_fit):
    import arviz as az

    table = trace.parameters(sleep_fit).set_index("parameter")
    rhat = az.rhat(sleep_fit.idata, var_names=["Intercept", "1|Subject"])
    assert table.loc["Intercept", "rhat"] == pytest.approx(float(rhat["Intercept"]), abs=1e-8)
    found = rhat["1|Subject"].sel({"Subject__factor_dim": "308"})
    assert table.loc["1|Subject[308]", "rhat"] == pytest.approx(float(found), abs=1e-8)


def test_draws_come_in_the_order_asked(sleep_fit):
    found = trace.draws(sleep_fit, ["1|Subject[308]", "sigma"])
    posterior = sleep_fit.posterior
    assert found.shape == (4, 1000, 2)
    np.testing.assert_array_equal(found[:, :, 1], posterior["sigma"])
    own = posterior["1|Subject"].sel({"Subject__factor_dim": "308"})
    np.testing.assert_array_equal(found[:, :, 0], own)


def test_an_unknown_parameter_names_the_nearest(sleep_fit):
    with pytest.raises(
        ValueError, match=r"'sigm' is not a parameter of this fit. Did you mean 'sigma'"
    ):
        trace.draws(sleep_fit, ["sigm"])


def test_labels_of_any_text_name_their_draws():
    fit = made_up(AWKWARD)
    names = [f"x|g[{label}]" for label in AWKWARD]
    found = trace.draws(fit, names)
    for i, label in enumerate(AWKWARD):
        own = fit.posterior["x|g"].sel({"g__factor_dim": label})
        np.testing.assert_array_equal(found[:, :, i], own)


def test_categorical_slopes_and_several_intercepts_have_names():
    rng = np.random.default_rng(0)
    data = pd.DataFrame(
        {
            "y": rng.normal(size=60),
            "c": np.tile(["a", "b", "c"], 20),
            "g": np.repeat(["u", "v", "w"], 20),
        }
    )
    model, _ = build("y ~ c + (c | g)", data)
    shape = ("chain", "draw")
    draws = {
        name: (shape, rng.normal(size=(2, 50))) for name in ("Intercept", "sigma", "1|g_sigma")
    }
    draws["c"] = ((*shape, "c_dim"), rng.normal(size=(2, 50, 2)))
    draws["c|g"] = ((*shape, "c__expr_dim", "g__factor_dim"), rng.normal(size=(2, 50, 2, 3)))
    draws["1|g"] = ((*shape, "g__factor_dim"), rng.normal(size=(2, 50, 3)))
    draws["c|g_sigma"] = ((*shape, "c__expr_dim"), rng.normal(size=(2, 50, 2)))
    coords = {"c_dim": ["b", "c"], "c__expr_dim": ["b", "c"], "g__factor_dim": ["u", "v", "w"]}
    posterior = xr.Dataset(draws, coords)
    fit = hw.wrap(model, xr.DataTree.from_dict({"posterior": posterior}))
    table = trace.parameters(fit).set_index("parameter")
    assert {"c[b]", "c|g_sigma[c]", "c[b]|g[v]", "1|g[u]"} <= set(table.index)
    assert table.loc["c[c]|g[w]", "group"] == "w"
    found = trace.draws(fit, ["c[c]|g[w]"])[:, :, 0]
    np.testing.assert_array_equal(
        found, posterior["c|g"].sel({"c__expr_dim": "c", "g__factor_dim": "w"})
    )


def test_lines_keep_the_extremes_of_every_chain(sleep_fit):
    table = trace.lines(sleep_fit, ["Intercept"], pixels=50)
    values = sleep_fit.posterior["Intercept"].to_numpy()
    for chain, rows in table.groupby("chain"):
        assert len(rows) <= 102
        assert rows["value"].min() == values[chain].min()
        assert rows["value"].max() == values[chain].max()
        np.testing.assert_array_equal(rows["value"], values[chain][rows["draw"]])
        assert rows["draw"].iloc[[0, -1]].tolist() == [0, 999]


def test_density_integrates_to_one_in_every_chain(sleep_fit):
    table = trace.density(sleep_fit, ["sigma", "Days"])
    for _, rows in table.groupby(["parameter", "chain"]):
        assert len(rows) == 128
        assert np.trapezoid(rows["density"], rows["value"]) == pytest.approx(1)


def test_ranks_count_every_draw_once(sleep_fit):
    table = trace.ranks(sleep_fit, ["sigma"], bins=10)
    assert table.groupby("chain")["count"].sum().tolist() == [1000] * 4
    assert table.groupby("bin")["count"].sum().tolist() == [400] * 10
    assert table["expected"].unique().tolist() == [100]
    assert table[["lower", "upper"]].iloc[[0, 9]].to_numpy().tolist() == [[0, 400], [3600, 4000]]


def diverging(fit: hw.Fit, where: list[tuple[int, int]]) -> hw.Fit:
    flags = np.zeros((fit.posterior.sizes["chain"], fit.posterior.sizes["draw"]), dtype=bool)
    for at in where:
        flags[at] = True
    stats = xr.Dataset({"diverging": (("chain", "draw"), flags)})
    tree = xr.DataTree.from_dict({"posterior": fit.posterior, "sample_stats": stats})
    return hw.wrap(fit.model, tree)


def test_divergent_draws_are_placed():
    fit = diverging(made_up(["a", "b", "c"]), [(0, 7), (1, 150)])
    assert trace.divergences(fit).sum() == 2
    table = trace.divergent(fit, ["x", "1|g[b]"])
    assert table[["parameter", "chain", "draw"]].to_numpy().tolist() == [
        ["x", 0, 7],
        ["x", 1, 150],
        ["1|g[b]", 0, 7],
        ["1|g[b]", 1, 150],
    ]
    assert table["value"].iloc[1] == fit.posterior["x"].to_numpy()[1, 150]


def test_a_fit_without_a_record_of_divergences_has_none():
    fit = made_up(["a", "b", "c"])
    assert trace.divergences(fit).shape == (2, 200)
    assert not trace.divergences(fit).any()
    assert trace.divergent(fit, ["x"]).empty


@pytest.mark.parametrize("make", [trace.lines, trace.density, trace.ranks, trace.divergent])
def test_no_parameters_give_no_rows(make):
    table = make(made_up(["a", "b"]), [])
    assert table.empty
    assert "parameter" in table
