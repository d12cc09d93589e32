"""Calibration of what counts and outcomes predict: ``python -m tests.benchmarks.predictive 200 0``.

So many data sets, from this seed on.

Parameters are drawn from the prior, data from the parameters, and the model is fitted. Intervals of
`Fit.predict` must then hold the true expected response as often as they say, for rows of the fitted
groups and of a group not fitted; and the places of rows in their predictive distributions must be even.
One place a data set is tested, since those of one data set depend on each other.
"""

from __future__ import annotations

import sys
import warnings

import bambi as bmb
import numpy as np
import pandas as pd
from scipy import stats

import hierwidgets as hw
from hierwidgets import models, sampling
from hierwidgets.tables import ppc, ppc_draws, ppc_pit

GROUPS, ROWS = 10, 8
WIDE = (0.5, 0.8, 0.95)
FORMULA = "y ~ x + (1 | g)"
PLAN = sampling.Plan(draws=500, tune=500, chains=2)
PRIORS = {
    "Intercept": bmb.Prior("Normal", mu=0, sigma=1),
    "x": bmb.Prior("Normal", mu=0, sigma=0.5),
    "1|g_sigma": bmb.Prior("HalfNormal", sigma=0.7),
}


def simulated(
    rng: np.random.Generator, family: str
) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame, np.ndarray]:
    """A data set with its true expected responses, and the same for rows of groups not fitted."""
    g = np.repeat(np.arange(GROUPS), ROWS)
    x = rng.normal(size=len(g))
    x -= x.mean()
    a, b, tau = rng.normal(), rng.normal(0, 0.5), abs(rng.normal(0, 0.7))
    eta = a + b * x + tau * rng.normal(size=GROUPS)[g]
    fresh_x = rng.normal(size=3)
    fresh = a + b * fresh_x + tau * rng.normal(size=3)
    if family == "poisson":
        mean, fresh = np.exp(eta), np.exp(fresh)
        y = rng.poisson(mean)
    else:
        mean, fresh = 1 / (1 + np.exp(-eta)), 1 / (1 + np.exp(-fresh))
        y = rng.binomial(1, mean)
    new = pd.DataFrame({"x": fresh_x, "g": [f"new {i}" for i in range(3)]})
    return pd.DataFrame({"y": y, "x": x, "g": g.astype(str)}), mean, new, fresh


def compiled(family: str) -> sampling.Compiled:
    """The model's program, whose predictor and response are data."""
    import pymc as pm

    data = simulated(np.random.default_rng(0), family)[0]
    data["y"] = np.arange(len(data)) % 2
    with pm.Model() as program:
        program.add_coord("g__factor_dim", sorted(data["g"].unique()))
        x = pm.Data("x_data", data["x"].to_numpy())
        y = pm.Data("y_data", data["y"].to_numpy(dtype=float))
        scale = pm.HalfNormal("1|g_sigma", 0.7)
        offset = pm.Normal("1|g_offset", dims="g__factor_dim")
        groups = pm.Deterministic("1|g", scale * offset, dims="g__factor_dim")
        eta = pm.Normal("Intercept", 0, 1) + pm.Normal("x", 0, 0.5) * x
        eta = eta + groups[np.repeat(np.arange(GROUPS), ROWS)]
        if family == "poisson":
            pm.Poisson("y", pm.math.exp(eta), observed=y)
        else:
            pm.Bernoulli("y", logit_p=eta, observed=y)
    model, _ = models.build(FORMULA, data, family=family, priors=PRIORS)
    import nutpie

    names = ["Intercept", "x", "1|g_sigma", "1|g"]
    return sampling.Compiled(model, nutpie.compile_pymc_model(program, var_names=names), {})


def one(program: sampling.Compiled, family: str, seed: int) -> dict[str, float] | None:
    """Coverage and places of one data set; None where its response has one value only."""
    rng = np.random.default_rng([seed, len(family)])
    data, mean, new, fresh = simulated(rng, family)
    if data["y"].nunique() < 2:
        return None
    given = program.given({"x_data": data["x"], "y_data": data["y"]})
    tree = sampling.begin(given, PLAN._replace(seed=seed)).wait()
    model, _ = models.build(FORMULA, data, family=family, priors=PRIORS)
    fit = hw.wrap(model, tree)
    known, unseen = fit.predict(), fit.predict(new, "new", random_seed=seed)
    out: dict[str, float] = {}
    for name, table, truth in [("known", known, mean), ("new", unseen, fresh)]:
        for wide, low, high in [("95", "lower", "upper"), ("50", "inner_lower", "inner_upper")]:
            out[f"{name} {wide}"] = float(((table[low] <= truth) & (truth <= table[high])).mean())
    out["known 80"] = eighty(fit, data, mean)
    out["new 80"] = eighty(fit, new, fresh, rng)
    places = ppc_pit.pit(fit, random_seed=seed)
    row = int(rng.integers(len(data)))
    out["PIT"], out["LOO-PIT"] = places.pit[row], places.loo_pit[row]
    made = ppc_draws.replications(fit, random_seed=seed)
    for line in ppc.statistics(made).itertuples():
        if line.statistic in ("mean", "sd", "zeros", "dispersion"):
            out[f"p {line.statistic}"] = float(line.probability)
    return out


def eighty(
    fit: hw.Fit, rows: pd.DataFrame, truth: np.ndarray, rng: np.random.Generator | None = None
) -> float:
    """The share of rows whose truth lies in an 80 % interval, which `Fit.predict` does not give.

    With `rng` the rows' groups are drawn anew, one for each row.
    """
    posterior = fit.posterior
    a, b, tau = (
        posterior[name].to_numpy().reshape(-1, 1) for name in ("Intercept", "x", "1|g_sigma")
    )
    if rng is None:
        known = fit.effects[0].draws(posterior).reshape(len(tau), -1)
        u = known[:, [fit.effects[0].groups.index(group) for group in rows["g"]]]
    else:
        u = tau * rng.normal(size=(len(tau), len(rows)))
    eta = a + b * rows["x"].to_numpy() + u
    low, high = np.quantile(eta, [0.1, 0.9], axis=0)
    true = np.log(truth) if fit.family == "poisson" else np.log(truth / (1 - truth))
    return float(((low <= true) & (true <= high)).mean())


def main(count: int, first: int = 0) -> None:
    """Print coverage with its standard error, and how even places and probabilities are."""
    warnings.simplefilter("ignore")
    for family in ("poisson", "bernoulli"):
        program = compiled(family)
        found: list[dict[str, float]] = []
        seed = first - 1
        while len(found) < count:
            seed += 1
            if (row := one(program, family, seed)) is not None:
                found.append(row)
                print(f"\r{len(found)} of {count}", end="", file=sys.stderr, flush=True)
        table = pd.DataFrame(found)
        print(f"\n{family}: {count} data sets of {seed + 1 - first} drawn")
        for name in table:
            values = table[name].dropna().to_numpy()
            if name.startswith(("known", "new")):
                error = values.std(ddof=1) / np.sqrt(len(values))
                print(f"{name:14}{100 * values.mean():7.1f} % ± {100 * error:.1f}")
            else:
                test = stats.kstest(values, "uniform").pvalue
                below = 100 * (values < 0.05).mean()
                bins = np.histogram(values, bins=10, range=(0, 1))[0]
                central = [100 * (abs(values - 0.5) <= wide / 2).mean() for wide in WIDE]
                print(
                    f"{name:14}mean {values.mean():.3f}  below 0.05 {below:.1f} %  KS p {test:.3f}  "
                    f"chi-square p {stats.chisquare(bins).pvalue:.3f}  in the central 50, 80, 95 %: "
                    f"{' '.join(f'{share:.1f}' for share in central)}  {' '.join(map(str, bins))}"
                )
        sys.stdout.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3] or ["200"]))
