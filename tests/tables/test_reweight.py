"""Reweighted posteriors beside closed forms, quadrature and refits; pools; prefits."""

from __future__ import annotations

import sys
from typing import Any

import bambi as bmb
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import logsumexp

import hierwidgets as hw
from hierwidgets.fit import Fit
from hierwidgets.prefit import worst
from hierwidgets.tables import reweight

SHORT: dict[str, Any] = {"draws": 1000, "tune": 1000, "random_seed": 3, "progress": False}
OTHER = hw.Prior("Normal", mu=2.8, sigma=0.2)


@pytest.fixture(scope="module")
def known_scale() -> Fit:
    """The residual scale is known, so that posterior and evidence are closed forms."""
    rng = np.random.default_rng(1)
    x = rng.normal(7, 1, 60)
    y = 0.5 + 0.3 * x + rng.normal(0, 1.0, 60)
    return hw.fit(
        "y ~ x",
        pd.DataFrame({"y": y, "x": x}),
        priors={
            "Intercept": hw.Prior("Normal", mu=0, sigma=4),
            "x": hw.Prior("Normal", mu=0, sigma=1),
            "sigma": 1.0,
        },
        **SHORT,
    )


@pytest.fixture(scope="module")
def subjects() -> Fit:
    return hw.fit("Reaction ~ Days + (1 | Subject)", hw.example("sleepstudy"), **SHORT)


def exact(fit: Fit, mu: float, sigma: float) -> tuple[float, np.ndarray, np.ndarray]:
    """Log evidence; mean and sd of the intercept and the slope as Bambi reports them."""
    x, y = (fit.data[name].to_numpy() for name in ("x", "y"))
    X = np.column_stack([np.ones(len(y)), x - x.mean()])
    at, spread = np.array([mu, 0.0]), np.array([sigma, 1.0])
    V = np.eye(len(y)) + (X * spread**2) @ X.T
    precision = X.T @ X + np.diag(spread**-2)
    mean = np.linalg.solve(precision, X.T @ y + at / spread**2)
    back = np.array([[1.0, -x.mean()], [0.0, 1.0]])
    covariance = back @ np.linalg.inv(precision) @ back.T
    evidence = stats.multivariate_normal(X @ at, V).logpdf(y)
    return float(evidence), back @ mean, np.sqrt(np.diag(covariance))


def test_evidence_and_posterior_are_the_closed_forms(known_scale: Fit) -> None:
    found = known_scale.reweight({"Intercept": OTHER})
    assert found.reliable, found
    evidence, mean, sd = exact(known_scale, 2.8, 0.2)
    ratio = evidence - exact(known_scale, 0.0, 4.0)[0]
    assert found.log_evidence_ratio == pytest.approx(ratio, abs=0.05)
    table = found.summary().set_index("parameter")
    for i, name in enumerate(["Intercept", "x"]):
        row = table.loc[name]
        assert row["mean"] == pytest.approx(mean[i], abs=4 * row["mcse_mean"])
        assert row["sd"] == pytest.approx(sd[i], abs=4 * row["mcse_sd"])
        assert row["mcse_mean"] < 0.1 * row["sd"]


def test_evidence_on_sleepstudy_is_that_of_quadrature(subjects: Fit) -> None:
    """Coefficients integrated exactly, both scales on a grid: nothing of a sampler in it."""
    from hierwidgets import priors

    before = {one.parameter: one.setting.args for one in priors.top(subjects)}
    data = subjects.data
    y = data["Reaction"].to_numpy()
    days = data["Days"].to_numpy(float)
    X = np.column_stack([np.ones(len(y)), days - days.mean()])
    at = np.array([before["Intercept"]["mu"], before["Days"]["mu"]], float)
    spread = np.array([before["Intercept"]["sigma"], before["Days"]["sigma"]], float)
    common = (X * spread**2) @ X.T
    same = np.equal.outer(data["Subject"].to_numpy(), data["Subject"].to_numpy())
    tau, sigma = np.linspace(5, 120, 60), np.linspace(22, 42, 40)
    likelihood = np.array(
        [
            [
                stats.multivariate_normal(
                    X @ at, common + t**2 * same + s**2 * np.eye(len(y))
                ).logpdf(y)
                for s in sigma
            ]
            for t in tau
        ]
    )
    likelihood += stats.t(4, 0, before["sigma"]["sigma"]).logpdf(sigma)

    def evidence(scale: float) -> float:
        return float(logsumexp(likelihood + stats.halfnorm(0, scale).logpdf(tau)[:, None]))

    fitted = float(np.asarray(before["1|Subject_sigma"]["sigma"]))
    for scale in (30.0, 80.0):
        found = subjects.reweight({"1|Subject_sigma": hw.Prior("HalfNormal", sigma=scale)})
        assert found.reliable
        exact = evidence(scale) - evidence(fitted)
        assert found.log_evidence_ratio == pytest.approx(exact, abs=0.05)


def test_the_fitted_priors_change_nothing(subjects: Fit) -> None:
    found = subjects.reweight({})
    assert found.reliable
    assert found.khat == -np.inf
    assert found.log_evidence_ratio == 0
    table = found.summary()
    np.testing.assert_allclose(table["mean"], table["fitted_mean"], rtol=1e-12)


def test_a_uniform_may_cut_draws_off_but_not_be_widened(subjects: Fit) -> None:
    inside = subjects.reweight({"1|Subject_sigma": hw.Prior("Uniform", lower=0, upper=60)})
    assert inside.verdict == "reliable"
    draws = subjects.posterior["1|Subject_sigma"].to_numpy().ravel()
    assert (inside.weights[draws > 60] == 0).all()
    narrow = hw.fit(
        "Reaction ~ Days + (1 | Subject)",
        hw.example("sleepstudy"),
        priors={"1|Subject_sigma": hw.Prior("Uniform", lower=0, upper=60)},
        **{**SHORT, "draws": 200},
    )
    wider = narrow.reweight({"1|Subject_sigma": hw.Prior("Uniform", lower=0, upper=90)})
    assert wider.verdict == "needs a refit"
    assert "0 to 90" in wider.reason


def test_an_extreme_prior_needs_a_refit_and_gives_no_evidence(subjects: Fit) -> None:
    found = subjects.reweight({"1|Subject_sigma": 1.0})
    assert found.verdict == "needs a refit"
    assert found.reason
    assert np.isnan(found.log_evidence_ratio)
    assert "needs a refit" in repr(found)


def test_a_flat_prior_has_no_evidence(subjects: Fit) -> None:
    found = subjects.reweight({"Days": hw.Prior("Flat")})
    assert found.reliable
    assert np.isnan(found.log_evidence_ratio)


def test_the_reweighted_tree_has_the_reweighted_moments(subjects: Fit) -> None:
    found = subjects.reweight({"1|Subject_sigma": hw.Prior("HalfNormal", sigma=20)})
    table = found.summary().set_index("parameter")
    tree = found.idata["posterior"]
    assert tree["1|Subject_sigma"].shape == (1, 4000)
    for name in ("Intercept", "1|Subject_sigma", "sigma"):
        assert float(tree[name].mean()) == pytest.approx(
            table.loc[name, "mean"], abs=0.05 * table.loc[name, "sd"]
        )
    assert tree["1|Subject"].dims[-1] == "Subject__factor_dim"


def test_a_pool_speaks_for_a_fit_from_its_own_draws_and_beyond(subjects: Fit) -> None:
    fit = hw.wrap(subjects.model, subjects.idata)
    tight = fit.refit({"1|Subject_sigma": 7.0}, random_seed=5, progress=False)
    at = fit.reweight({"1|Subject_sigma": 7.0})
    assert at.verdict == "reliable"
    row = at.summary().set_index("parameter").loc["1|Subject_sigma"]
    assert row["mean"] == pytest.approx(float(tight.posterior["1|Subject_sigma"].mean()))
    assert row["fitted_mean"] == pytest.approx(float(fit.posterior["1|Subject_sigma"].mean()))
    between = fit.reweight({"1|Subject_sigma": 10.0})
    assert between.verdict == "reliable"
    long = hw.wrap(fit.model, fit.idata).refit(
        {"1|Subject_sigma": 10.0}, random_seed=7, draws=2000, progress=False
    )
    row = between.summary().set_index("parameter").loc["1|Subject_sigma"]
    error = np.hypot(row["mcse_mean"], 0.05)
    assert row["mean"] == pytest.approx(
        float(long.posterior["1|Subject_sigma"].mean()), abs=4 * error
    )
    back = tight.reweight({})
    assert back.log_evidence_ratio == 0
    forth = fit.reweight({"1|Subject_sigma": 7.0})
    there = tight.reweight({"1|Subject_sigma": hw.Prior("HalfNormal", sigma=_fitted(fit))})
    if forth.judgement.evidence_reliable:
        assert there.log_evidence_ratio == pytest.approx(-forth.log_evidence_ratio, abs=1e-6)
    assert len(reweight.pool(tight).fits) == 2


def _fitted(fit: Fit) -> float:
    from hierwidgets import priors

    known = {one.parameter: one.setting for one in priors.top(fit)}
    return float(np.asarray(known["1|Subject_sigma"].args["sigma"]))


@pytest.mark.parametrize(
    ("flags", "tried", "expected"),
    [
        ([0, 0, 0], set(), []),
        ([1, 1, 1, 0, 0, 1], set(), [1, 5]),
        ([1, 1, 1, 0, 0, 1], {1}, [0, 5]),
        ([1, 0], {0}, []),
    ],
)
def test_the_next_fit_goes_into_the_middle_of_the_longest_doubt(
    flags: list[int], tried: set[int], expected: list[int]
) -> None:
    assert worst([bool(flag) for flag in flags], tried) == expected


def schools() -> Fit:
    formula = bmb.Formula("effect ~ 1 + (1 | school)", "sigma ~ 0 + offset(log(se))")
    return hw.fit(formula, hw.example("eight_schools"), **SHORT)


@pytest.mark.parametrize("name", ["schools", "sleep", "radon"])
def test_five_refits_cover_the_whole_range_of_a_group_scale(
    name: str, sleep_fit: Fit, radon_fit: Fit
) -> None:
    shared = {"sleep": sleep_fit, "radon": radon_fit}.get(name)
    fit = schools() if shared is None else hw.wrap(shared.model, shared.idata)
    scale = {"schools": "1|school_sigma", "sleep": "Days|Subject_sigma", "radon": "1|county_sigma"}
    table = fit.prefit(scale[name], random_seed=1, progress=False)
    assert len(table) == 25
    assert table["sigma"].iloc[-1] / table["sigma"].iloc[0] == pytest.approx(500)
    assert (table["verdict"] == "reliable").all(), table
    assert table["fitted"].sum() == len(fit.pool) - 1 <= 5


def test_dask_runs_refits_elsewhere(subjects: Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the tests run in parallel, their main module lacks what starting a process asks of it."""
    from distributed import Client, LocalCluster

    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)
    fit = hw.wrap(subjects.model, subjects.idata)
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=None, processes=True
        ) as cluster,
        Client(cluster) as client,
    ):
        table = fit.prefit(
            "1|Subject_sigma",
            values=[1.0, 2.0, 30.0],
            most=1,
            executor=client.get_executor(),
            random_seed=1,
        )
    assert table["fitted"].sum() == 1
    assert len(fit.pool) == 2
    assert table.loc[table["fitted"], "verdict"].iloc[0] == "reliable"


def test_a_prefit_that_does_not_mix_is_noted_and_kept_out(subjects: Fit) -> None:
    fit = hw.wrap(subjects.model, subjects.idata)
    table = fit.prefit(
        "1|Subject_sigma",
        values=[1.0, 40.0],
        most=1,
        draws=8,
        tune=1,
        random_seed=1,
        progress=False,
    )
    assert "did not mix" in table["note"].iloc[0]
    assert not table["fitted"].any()
    assert fit.pool == [fit]
