"""Simulation-based calibration of correlated group effects: ``python -m tests.benchmarks.calibration``.

Parameters are drawn from the prior, data from the parameters, and the model is fitted; the rank of
each parameter among its posterior draws is uniform if prior, likelihood and sampler agree. Talts,
Betancourt, Simpson, Vehtari and Gelman (2018), arXiv:1804.06788.
"""

from __future__ import annotations

import sys

import bambi as bmb
import numpy as np
import pandas as pd
from scipy import stats

import hierwidgets as hw

GROUPS, ROWS, ETA = 12, 8, 2.0
DRAWS = 99
BINS = 10
PRIORS = {
    "Intercept": bmb.Prior("Normal", mu=0, sigma=1),
    "x": bmb.Prior("Normal", mu=0, sigma=1),
    "sigma": bmb.Prior("HalfNormal", sigma=1),
    "1|g_sigma": bmb.Prior("HalfNormal", sigma=1),
    "x|g_sigma": bmb.Prior("HalfNormal", sigma=1),
}


def simulated(rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    """One data set and the parameters it came from; x has mean 0, so centring changes nothing."""
    g = np.repeat(np.arange(GROUPS), ROWS)
    x = rng.normal(size=len(g))
    x -= x.mean()
    beta = rng.normal(size=2)
    sigma, *tau = np.abs(rng.normal(size=3))
    rho = 2 * rng.beta(ETA, ETA) - 1
    z = rng.normal(size=(GROUPS, 2))
    u = np.column_stack(
        [tau[0] * z[:, 0], tau[1] * (rho * z[:, 0] + np.sqrt(1 - rho**2) * z[:, 1])]
    )
    y = beta[0] + u[g, 0] + (beta[1] + u[g, 1]) * x + sigma * rng.normal(size=len(g))
    truth = {
        "Intercept": beta[0],
        "x": beta[1],
        "sigma": sigma,
        "1|g_sigma": tau[0],
        "x|g_sigma": tau[1],
        "g_corr[1, x]": rho,
        "1|g[0]": u[0, 0],
        "x|g[0]": u[0, 1],
    }
    return pd.DataFrame({"y": y, "x": x, "g": g}), truth


def ranks(seed: int) -> dict[str, int]:
    """The rank, 0 to 99, of each true parameter among 99 posterior draws, nearly independent."""
    from hierwidgets.tables.trace import draws

    data, truth = simulated(np.random.default_rng(seed))
    fit = hw.fit(
        "y ~ x + (x | g)",
        data,
        priors=PRIORS,
        correlated={"g": ETA},
        draws=1000,
        tune=1000,
        chains=2,
        random_seed=seed,
        progress=False,
    )
    values = draws(fit, list(truth)).reshape(-1, len(truth))
    kept = values[np.linspace(0, len(values) - 1, DRAWS).astype(int)]
    return {name: int((kept[:, k] < true).sum()) for k, (name, true) in enumerate(truth.items())}


def main(count: int) -> None:
    """Print, for each parameter, how uniform its ranks are over `count` data sets."""
    found = []
    for seed in range(count):
        found.append(ranks(seed))
        print(f"\r{seed + 1} of {count}", end="", file=sys.stderr, flush=True)
    table = pd.DataFrame(found)
    print(f"\n{count} data sets of {GROUPS} groups with {ROWS} rows, LKJ({ETA:g})\n")
    print(
        f"{'parameter':14}{'mean rank':>10}{'chi-square p':>14}{'KS p':>8}   ranks in {BINS} bins"
    )
    for name in table:
        counts = np.bincount(table[name] * BINS // (DRAWS + 1), minlength=BINS)
        jittered = (table[name] + np.random.default_rng(0).random(count)) / (DRAWS + 1)
        print(
            f"{name:14}{table[name].mean():10.1f}{stats.chisquare(counts).pvalue:14.3f}"
            f"{stats.kstest(jittered, 'uniform').pvalue:8.3f}   {' '.join(map(str, counts))}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
