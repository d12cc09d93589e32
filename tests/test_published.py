"""Posteriors of well-known data against the tables that the literature prints.

The printed values are maximum likelihood (binomial, Poisson) or REML (Gaussian) estimates, the fits
have Bambi's weakly informative priors: agreement means within the posterior's own uncertainty. A
coefficient agrees if the posterior mean lies within half a posterior sd of the printed value, or the
printed value inside the central 80 % interval. A standard deviation, whose posterior is skewed when
groups are few, agrees if the printed value lies inside the central 95 % interval.
"""

from __future__ import annotations

import arviz as az
import bambi as bmb
import numpy as np
import pandas as pd
import pymc as pm
import pytest
from scipy import optimize, special

import hierwidgets as hw


def fitted(name: str, **options) -> hw.Fit:
    row = hw.example().set_index("name").loc[name]
    return hw.fit(
        row["formula"],
        hw.example(name),
        family=row["family"],
        **{"draws": 1000, "tune": 1000} | options,
        chains=4,
        random_seed=20252,
        progress=False,
    )


def agrees(fit: hw.Fit, coefficients: dict[str, float], scales: dict[str, float]) -> None:
    assert az.rhat(fit.posterior[list(scales)]).to_array().max() < 1.1, "the chains have not mixed"
    for name, printed in coefficients.items():
        variable, _, level = name.partition("[")
        values = fit.posterior[variable]
        if level:
            levels = values[f"{variable}_dim"].astype(str).to_numpy().tolist()
            values = values.isel({f"{variable}_dim": levels.index(level.rstrip("]"))})
        draws = values.to_numpy().ravel()
        low, high = np.quantile(draws, [0.1, 0.9])
        near = abs(draws.mean() - printed) < draws.std() / 2
        assert near or low < printed < high, f"{name}: {draws.mean():.4f} against {printed}"
    for name, printed in scales.items():
        draws = fit.posterior[name].to_numpy().ravel()
        low, high = np.quantile(draws, [0.025, 0.975])
        assert low < printed < high, f"{name}: {low:.4f} to {high:.4f} against {printed}"


def test_cbpp_binomial():
    """Laplace maximum likelihood, as lme4's help page of `glmer` prints it (model gm1).

    lme4 2.1-0, docs/reference/glmer.html. Its tests/testthat/test-glmer.R holds the same coefficients
    within a relative 5e-4 of -1.39855, -0.99234, -1.12868 and -1.58030, and the scale of 0.64223.
    """
    agrees(
        fitted("cbpp"),
        {"Intercept": -1.3983, "period[2]": -0.9919, "period[3]": -1.1282, "period[4]": -1.5797},
        {"1|herd_sigma": 0.6421},
    )


def test_penicillin_crossed():
    """REML, as lme4's help page of `Penicillin` prints it.

    lme4 2.1-0, docs/reference/Penicillin.html, which rounds the intercept to 22.97;
    tests/testthat/test-predict.R has 22.9722222222251.
    """
    agrees(
        fitted("penicillin"),
        {"Intercept": 22.9722},
        {"1|plate_sigma": 0.8467, "1|sample_sigma": 1.9316, "sigma": 0.5499},
    )


def test_pastes_nested():
    """REML, as lme4's help page of `Pastes` prints it (model fm2, its `cask:batch`).

    lme4 2.1-0, docs/reference/Pastes.html, which rounds the intercept to 60.05: in balanced data it
    is the mean of all rows, 60.0533.
    """
    agrees(
        fitted("pastes"),
        {"Intercept": 60.0533},
        {"1|batch_sigma": 1.2874, "1|batch:cask_sigma": 2.9041, "sigma": 0.8234},
    )


def test_grouseticks_three_groupings():
    """Laplace maximum likelihood of the model of Elston et al. (2001), Parasitology 122, 563-569.

    The values are those that lme4 2.1-0's own tests hold (tests/elston.R, "lme4 summary results", c1);
    they give variances, and coefficients of the height in metres. Here the height is standardised,
    which leaves the likelihood as it is. Its factor INDEX is `chick` here. Broods within few locations
    mix slowly: 1,000 draws of a chain are effectively some 20 to 140 of the locations' scale.
    """
    height, per_metre = hw.example("grouseticks")["height"], -0.0237607330254979
    agrees(
        fitted("grouseticks", draws=4000, tune=2000),
        {
            "Intercept": 11.3559080756861 + per_metre * height.mean(),
            "year[96]": 1.1804105508475,
            "year[97]": -0.978704335712111,
            "scale(height)": per_metre * height.std(),
        },
        {
            "1|chick_sigma": np.sqrt(0.293232458048324),
            "1|brood_sigma": np.sqrt(0.562551624933584),
            "1|location_sigma": np.sqrt(0.279548178949372),
        },
    )


def test_pastes_and_penicillin_balance_gives_reml_in_closed_form():
    """The printed REML values of the balanced data follow from mean squares alone.

    Searle, Casella and McCulloch (1992), Variance Components, section 4.
    """
    pastes = hw.example("pastes")
    strength = pastes.sort_values(["batch", "cask"])["strength"].to_numpy().reshape(10, 3, 2)
    cask, batch = strength.mean(axis=2), strength.mean(axis=(1, 2))
    residual = ((strength - cask[..., None]) ** 2).sum() / 30
    casks = 2 * ((cask - batch[:, None]) ** 2).sum() / 20
    batches = 6 * batch.var(ddof=1)
    assert np.sqrt(residual) == pytest.approx(0.8234, abs=5e-5)
    assert np.sqrt((casks - residual) / 2) == pytest.approx(2.9041, abs=5e-5)
    assert np.sqrt((batches - casks) / 6) == pytest.approx(1.2874, abs=5e-5)
    assert pastes["strength"].mean() == pytest.approx(60.0533, abs=5e-5)
    table: pd.DataFrame = hw.example("penicillin").pivot_table(
        index="plate", columns="sample", values="diameter", observed=True
    )
    y = table.to_numpy()
    plates, samples = y.mean(axis=1), y.mean(axis=0)
    rest = y - plates[:, None] - samples + y.mean()
    residual = (rest**2).sum() / (23 * 5)
    assert np.sqrt(residual) == pytest.approx(0.5499, abs=5e-5)
    assert np.sqrt(plates.var(ddof=1) - residual / 6) == pytest.approx(0.8467, abs=5e-5)
    assert np.sqrt(samples.var(ddof=1) - residual / 24) == pytest.approx(1.9316, abs=5e-5)
    assert y.mean() == pytest.approx(22.9722, abs=5e-5)


def wine_maximum_likelihood() -> dict[str, float]:
    """The cumulative logit model of the wine with a judge's shift integrated out at 40 nodes."""
    data = hw.example("wine")
    judge = data["judge"].cat.codes.to_numpy()
    rating = data["rating"].cat.codes.to_numpy()
    x = np.column_stack([data["temp"] == "warm", data["contact"] == "yes"]).astype(float)
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)

    def minus_log_likelihood(at: np.ndarray) -> float:
        cuts = np.concatenate([[-np.inf], at[0] + np.cumsum([0, *np.exp(at[1:4])]), [np.inf]])
        eta = (x @ at[4:6])[:, None] + np.exp(at[6]) * nodes
        low, high = cuts[rating][:, None] - eta, cuts[rating + 1][:, None] - eta
        row = special.log_expit(high) + special.log_expit(-low) + np.log1p(-np.exp(low - high))
        group = np.zeros((9, len(nodes)))
        np.add.at(group, judge, row)
        return -special.logsumexp(group, b=weights / weights.sum(), axis=1).sum()

    found = optimize.minimize(minus_log_likelihood, [-1, 1, 1, 1, 2, 1, 0], method="BFGS")
    cuts = found.x[0] + np.cumsum([0, *np.exp(found.x[1:4])])
    names = [*(f"threshold[{k}]" for k in range(4)), "temp[warm]", "contact[yes]", "1|judge_sigma"]
    return dict(zip(names, [*cuts, *found.x[4:6], np.exp(found.x[6])], strict=True))


def test_wine_ordered_categories():
    """Maximum likelihood, by quadrature here: the model of the help page of R's ordinal::clmm.

    Bambi's own prior of the thresholds, with a standard deviation of 1, is too narrow for them.
    """
    best = wine_maximum_likelihood()
    ordered = pm.distributions.transforms.ordered
    wide = bmb.Prior("Normal", mu=[-2, 0, 2, 4], sigma=5, transform=ordered)
    fit = fitted("wine", priors={"threshold": wide})
    scale = best.pop("1|judge_sigma")
    agrees(fit, best, {"1|judge_sigma": scale})
