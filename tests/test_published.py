"""Posteriors of well-known data against the tables that the literature prints.

The printed values are maximum likelihood (binomial, Poisson) or REML (Gaussian) estimates, the fits
have Bambi's weakly informative priors: agreement means within the posterior's own uncertainty. A
coefficient agrees if the posterior mean lies within half a posterior sd of the printed value, or the
printed value inside the central 80 % interval. A standard deviation, whose posterior is skewed when
groups are few, agrees if the printed value lies inside the central 95 % interval.
"""

from __future__ import annotations

import arviz as az
import numpy as np
import pandas as pd
import pytest

import hierwidgets as hw


def fitted(name: str, **options) -> hw.Fit:
    row = hw.example().set_index("name").loc[name]
    return hw.fit(
        row["formula"],
        hw.example(name),
        family=row["family"],
        draws=1000,
        tune=1000,
        chains=4,
        random_seed=20252,
        progress=False,
        **options,
    )


def agrees(fit: hw.Fit, coefficients: dict[str, float], scales: dict[str, float]) -> None:
    assert az.rhat(fit.posterior[list(scales)]).to_array().max() < 1.1, "the chains have not mixed"
    for name, printed in coefficients.items():
        variable, _, level = name.partition("[")
        values = fit.posterior[variable]
        if level:
            values = values.sel({f"{variable}_dim": level.rstrip("]")})
        draws = values.to_numpy().ravel()
        low, high = np.quantile(draws, [0.1, 0.9])
        near = abs(draws.mean() - printed) < draws.std() / 2
        assert near or low < printed < high, f"{name}: {draws.mean():.4f} against {printed}"
    for name, printed in scales.items():
        draws = fit.posterior[name].to_numpy().ravel()
        low, high = np.quantile(draws, [0.025, 0.975])
        assert low < printed < high, f"{name}: {low:.4f} to {high:.4f} against {printed}"


def test_cbpp_binomial():
    """Laplace maximum likelihood.

    Bates, Maechler, Bolker and Walker, lme4, `example(glmer)` (gm1); the same data, with the model's
    description, in Lesnoff et al. (2004).
    """
    agrees(
        fitted("cbpp"),
        {"Intercept": -1.3983, "period[2]": -0.9919, "period[3]": -1.1282, "period[4]": -1.5797},
        {"1|herd_sigma": 0.6421},
    )


def test_penicillin_crossed():
    """REML. Bates, D. (2010), lme4: Mixed-effects modeling with R, section 2.1."""
    agrees(
        fitted("penicillin"),
        {"Intercept": 22.9722},
        {"1|plate_sigma": 0.8467, "1|sample_sigma": 1.9316, "sigma": 0.5499},
    )


def test_pastes_nested():
    """REML. Bates, D. (2010), lme4: Mixed-effects modeling with R, section 2.2."""
    agrees(
        fitted("pastes"),
        {"Intercept": 60.0533},
        {"1|batch_sigma": 1.2874, "1|batch:cask_sigma": 2.9041, "sigma": 0.8234},
    )


def test_grouseticks_three_groupings():
    """Laplace maximum likelihood of the model of Elston et al. (2001), Parasitology 122, 563-569.

    The values are those that lme4's own test suite holds (tests/elston.R, "lme4 summary results");
    it gives variances, and coefficients of the height in metres. Here the height is standardised,
    which leaves the likelihood as it is. Its factor INDEX is `chick` here.
    """
    height, per_metre = hw.example("grouseticks")["height"], -0.0237607330254979
    agrees(
        fitted("grouseticks"),
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
