"""Predictions against Bambi's own for known groups, and against closed forms for new ones."""

from __future__ import annotations

import re
import warnings

import bambi as bmb
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hierwidgets as hw
from hierwidgets import terms
from tests.synthetic import made_up


def quick(formula, data, **options) -> hw.Fit:
    return hw.fit(
        formula, data, draws=200, tune=300, chains=2, random_seed=21, progress=False, **options
    )


def bambis(fit, data=None, name="mu") -> np.ndarray:
    """Bambi's own expected response of known groups, shape (draws, rows)."""
    tree = fit.model.predict(fit.idata, kind="response_params", data=data, inplace=False)
    values = tree.posterior[name].transpose("chain", "draw", "__obs__").to_numpy()
    return values.reshape(-1, values.shape[-1])


def equals(table, draws) -> None:
    np.testing.assert_allclose(table["mean"], draws.mean(axis=0), rtol=1e-8)
    np.testing.assert_allclose(table["sd"], draws.std(axis=0, ddof=1), rtol=1e-8)
    quantiles = np.quantile(draws, [0.025, 0.25, 0.5, 0.75, 0.975], axis=0)
    columns = ["lower", "inner_lower", "median", "inner_upper", "upper"]
    np.testing.assert_allclose(table[columns].to_numpy().T, quantiles, rtol=1e-8)


@pytest.fixture(scope="module")
def crossed() -> tuple[hw.Fit, pd.DataFrame]:
    """Nested and crossed groupings, a categorical slope, a transformed predictor and an offset."""
    rng = np.random.default_rng(22)
    size = 400
    data = pd.DataFrame(
        {
            "school": rng.choice(list("abcd"), size),
            "room": rng.choice(["1", "2", "3"], size),
            "region": rng.choice(list("pqr"), size),
            "arm": rng.choice(["new", "old"], size),
            "x": rng.normal(5, 2, size),
            "exposure": rng.uniform(1, 3, size),
        }
    )
    data = data[~((data["school"] == "a") & (data["room"] == "3"))].reset_index(drop=True)
    data["y"] = rng.poisson(data["exposure"] * np.exp(0.1 * data["x"]))
    formula = (
        "y ~ arm + scale(x) + offset(log(exposure)) + (arm | school / room) + (scale(x) | region)"
    )
    return quick(formula, data, family="poisson"), data


def test_the_fitted_rows_are_bambis(crossed):
    fit, _ = crossed
    table = fit.predict()
    assert list(table["kind"].unique()) == ["known"]
    equals(table, bambis(fit))


def test_other_rows_of_known_groups_are_bambis(crossed):
    fit, data = crossed
    rows = data.sample(30, random_state=1).assign(exposure=7.0)
    rows["x"] = rows["x"] + 3
    table = fit.predict(rows)
    assert table.index.equals(rows.index)
    equals(table, bambis(fit, rows))
    equals(fit.predict(rows, link=True), np.log(bambis(fit, rows)))


def test_the_average_has_no_group_effects(crossed):
    fit, data = crossed
    rows = data[["arm", "x", "exposure"]].head(20)
    tree = fit.model.predict(
        fit.idata, kind="response_params", data=data.head(20), include_group_specific=False,
        inplace=False,
    )  # fmt: skip
    draws = tree.posterior["mu"].transpose("chain", "draw", "__obs__").to_numpy()
    table = fit.predict(rows, kind="average")
    assert (table["kind"] == "average").all()
    equals(table, draws.reshape(-1, 20))


def test_rows_of_new_groups_among_known_ones(crossed):
    fit, data = crossed
    rows = data.head(4).copy()
    rows.loc[1, "region"] = "elsewhere"
    rows.loc[2, ["school", "room"]] = ["a", "3"]
    table = fit.predict(rows, kind="new", random_seed=1)
    assert list(table["kind"]) == ["known", "new", "new", "known"]
    equals(table.iloc[[0, 3]], bambis(fit, data.iloc[[0, 3]]))
    with pytest.raises(ValueError, match="'school:room' has no fitted group 'a:3'"):
        fit.predict(rows.drop(index=1))


def test_a_made_up_factor_of_many_groups_is_predicted_in_blocks():
    fit = made_up([f"g{i}" for i in range(3000)])
    table = fit.predict()
    design = terms.linear_predictor(fit.model, fit.posterior, "mu")
    equals(table, design.reshape(-1, design.shape[-1]))


@pytest.fixture(scope="module", params=[False, True], ids=["independent", "correlated"])
def line(request, sleepstudy):
    return quick("Reaction ~ Days + (Days | Subject)", sleepstudy, correlated=request.param)


def test_two_new_groups_differ_where_bambis_are_one(line):
    """Their difference is Normal with twice the variance of a group; Bambi's is 0 in every draw."""
    rows = pd.DataFrame({"Days": [0.0, 0.0, 5.0, 5.0], "Subject": ["one", "two", "one", "two"]})
    draws = _draws(line, rows)
    varying = [e for e in line.effects if e.factor == "Subject"]
    Sigma = terms.covariance_draws(varying, line.posterior)
    for column, z in ((0, np.array([1.0, 0.0])), (2, np.array([1.0, 5.0]))):
        apart = (draws[:, column] - draws[:, column + 1]) / np.sqrt(2 * z @ Sigma @ z)
        assert stats.kstest(apart, "norm").pvalue > 1e-3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = line.model.predict(
            line.idata, kind="response_params", data=rows, sample_new_groups=True, inplace=False
        )
    theirs = tree.posterior["mu"].to_numpy()
    np.testing.assert_array_equal(theirs[..., 0], theirs[..., 1])


def test_a_new_group_varies_as_the_model_says(line):
    days = np.array([0.0, 4.0, 9.0])
    count = 300
    rows = pd.DataFrame(
        {
            "Days": np.tile(days, count),
            "Subject": np.repeat([f"new {i}" for i in range(count)], 3),
        }
    )
    draws = _draws(line, rows)
    varying = [e for e in line.effects if e.factor == "Subject"]
    Sigma = terms.covariance_draws(varying, line.posterior).mean(axis=0)
    Z = np.column_stack([np.ones(3), days])
    known = _draws(line, rows.head(3), kind="average")
    spread = (draws - np.tile(known, count)).reshape(-1, count, 3)
    covariance = np.cov(spread.reshape(-1, 3), rowvar=False)
    np.testing.assert_allclose(covariance, Z @ Sigma @ Z.T, rtol=0.03)
    across = np.corrcoef(spread[:, 0], spread[:, 1], rowvar=False)[:3, 3:]
    assert np.abs(across).max() < 5 / np.sqrt(len(spread))
    each = line.predict(rows, kind="new", random_seed=5)
    expected = np.sqrt(np.diag(Z @ Sigma @ Z.T) + known.var(axis=0, ddof=1))
    np.testing.assert_allclose(
        each["sd"].to_numpy().reshape(-1, 3).mean(axis=0), expected, rtol=0.03
    )


def _draws(fit, rows, kind="new") -> np.ndarray:
    """The linear predictor that `predict` summarises, shape (draws, rows)."""
    from hierwidgets.tables import prediction

    seen = []
    with pytest.MonkeyPatch.context() as patch:
        whole = prediction.groups.summarise
        patch.setattr(prediction.groups, "summarise", lambda d: (seen.append(d[0]), whole(d))[1])
        fit.predict(rows, kind=kind, random_seed=4)
    return np.concatenate(seen, axis=1)


def test_rows_of_one_new_group_share_it_and_seeds_repeat(line):
    rows = pd.DataFrame({"Days": [0.0, 0.0, 0.0], "Subject": ["u", "u", "v"]})
    table = line.predict(rows, kind="new", random_seed=3)
    assert table.iloc[0].equals(table.iloc[1])
    assert not np.isclose(table["sd"].iloc[0], table["sd"].iloc[2], rtol=1e-9)
    pd.testing.assert_frame_equal(table, line.predict(rows, kind="new", random_seed=3))
    assert not table["mean"].equals(line.predict(rows, kind="new", random_seed=4)["mean"])


def test_an_ordinal_model_is_predicted_on_the_link_scale_alone():
    rng = np.random.default_rng(23)
    data = pd.DataFrame(rng.normal(size=(120, 2)), columns=["x", "z"]).assign(
        g=np.tile(list("abcd"), 30), y=pd.Categorical(rng.integers(0, 3, 120), ordered=True)
    )
    fit = quick("y ~ x + z + (1 | g)", data, family="cumulative")
    with pytest.raises(ValueError, match=r"cumulative family .* link=True"):
        fit.predict()
    eta = terms.linear_predictor(fit.model, fit.posterior, "p")
    equals(fit.predict(link=True), eta.reshape(-1, 120))


def test_binomial_trials_are_a_probability():
    data = hw.example("cbpp")
    fit = quick("p(incidence, size) ~ period + (1 | herd)", data, family="binomial")
    rows = pd.DataFrame({"period": [1, 4], "herd": [1, 15]})
    whole = data.query("(herd == '1' and period == '1') or (herd == '15' and period == '4')")
    equals(fit.predict(rows), bambis(fit, whole, "p"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"drop": "Days"}, "uses 'Days', which is not a column of data"),
        ({"drop": "Subject"}, "uses 'Subject', which is not a column of data"),
        ({"Days": np.nan}, "'Days' has 2 missing or infinite values (index 0, 1)"),
        ({"Days": "one"}, "reads 'Days' as numbers"),
        ({"Subject": "38"}, "'Subject' has no fitted group '38'. Did you mean '308'?"),
        ({"Subject": None}, "'Subject' has 2 missing or infinite values"),
        ({"kind": "noun"}, "'noun' is not a kind of prediction"),
        ({"kind": "new"}, "every group of these rows was"),
    ],
)
def test_what_cannot_be_predicted_says_why(sleep_fit, change, message):
    rows = pd.DataFrame({"Days": [0.0, 1.0], "Subject": ["308", "309"]})
    change = dict(change)
    kind = change.pop("kind", "known")
    rows = rows.drop(columns=change.pop("drop", [])).assign(**change)
    with pytest.raises(ValueError, match=re.escape(message)):
        sleep_fit.predict(rows, kind=kind)


def test_unknown_levels_groups_that_are_not_normal_and_no_rows(sleep_fit, crossed):
    fit, data = crossed
    with pytest.raises(ValueError, match=r"'arm' has the level 'nwe'.*Did you mean 'new'"):
        fit.predict(data.head(2).assign(arm="nwe"))
    with pytest.raises(TypeError, match="must be a pandas DataFrame"):
        sleep_fit.predict({"Days": [1]})
    with pytest.raises(ValueError, match="no rows to predict"):
        sleep_fit.predict(sleep_fit.data.head(0))
    heavy = {"1|Subject": bmb.Prior("StudentT", nu=4, sigma=bmb.Prior("HalfNormal", sigma=30))}
    model = bmb.Model(
        "Reaction ~ Days + (Days | Subject)", sleep_fit.data, priors=heavy, noncentered=False
    )
    rows = pd.DataFrame({"Days": [0.0], "Subject": ["someone"]})
    with pytest.raises(ValueError, match=r"'1\|Subject' are not Normal"):
        hw.wrap(model, sleep_fit.idata).predict(rows, kind="new")


def test_the_rows_given_are_not_changed(line):
    rows = pd.DataFrame({"Days": [0, 1], "Subject": pd.Categorical(["308", "309"])}, index=[7, 9])
    before = rows.copy()
    line.predict(rows)
    pd.testing.assert_frame_equal(rows, before)
