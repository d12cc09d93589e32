"""Reweighting beside long refits: ``python -m tests.benchmarks.pairs``.

For each pair of a fitted model and a changed prior: the verdict on the reweighted posterior, and the
largest difference of any population parameter's mean or standard deviation from an independent, four
times longer refit, in combined Monte Carlo standard errors. A point is good if every mean is within
0.1 standard deviations of the refit's, and every standard deviation within 10 %.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import bambi as bmb
import numpy as np
import pandas as pd
from arviz_stats.base.array import array_stats

import hierwidgets as hw
from hierwidgets.tables.trace import Place, places

LIMIT = 4.0
GOOD = 0.1
Change = dict[str, Any]


def gaussian(groups: int, rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(groups), rows)
    x = rng.normal(10, 2, len(g))
    y = 3 + 0.5 * x + rng.normal(0, 0.7, groups)[g] + rng.normal(0, 1, len(g))
    return pd.DataFrame({"y": y, "x": x, "g": g})


def counts(groups: int, rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(groups), rows)
    x = rng.normal(5, 1, len(g))
    y = rng.poisson(np.exp(0.2 * x + rng.normal(0, 0.5, groups)[g]))
    return pd.DataFrame({"y": y, "x": x, "g": g})


def trials(groups: int, rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(groups), rows)
    x = rng.normal(4, 1, len(g))
    p = 1 / (1 + np.exp(-(-2 + 0.4 * x + rng.normal(0, 0.8, groups)[g])))
    return pd.DataFrame({"k": rng.binomial(6, p), "n": 6, "x": x, "g": g})


def models() -> Iterator[tuple[str, Callable[[], hw.Fit], list[Change]]]:
    """Each model by name, how to fit it, and the changes of its priors."""
    P = hw.Prior
    options: dict[str, Any] = {"random_seed": 11, "progress": False}

    def scale(name: str, now: float) -> list[Change]:
        return [{name: P("HalfNormal", sigma=now * by)} for by in (0.1, 0.3, 3.0)] + [
            {name: P("HalfCauchy", beta=now)},
            {name: P("Exponential", lam=1 / now)},
        ]

    yield (
        "eight schools",
        lambda: hw.fit(
            bmb.Formula("effect ~ 1 + (1 | school)", "sigma ~ 0 + offset(log(se))"),
            hw.example("eight_schools"),
            priors={
                "Intercept": P("Normal", mu=0, sigma=20),
                "1|school_sigma": P("HalfNormal", sigma=10),
            },
            **options,
        ),
        [
            *scale("1|school_sigma", 10),
            {"1|school_sigma": P("Uniform", lower=0, upper=20)},
            {"Intercept": P("Normal", mu=15, sigma=5)},
        ],
    )
    yield (
        "sleepstudy, correlated",
        lambda: hw.fit(
            "Reaction ~ Days + (Days | Subject)",
            hw.example("sleepstudy"),
            correlated=True,
            **options,
        ),
        [
            {"Subject_corr": 1.0},
            {"Subject_corr": 10.0},
            {"1|Subject_sigma": P("HalfNormal", sigma=15)},
            {"Days|Subject_sigma": P("HalfNormal", sigma=3)},
            {"Days": P("Normal", mu=0, sigma=3)},
            {"Intercept": P("Normal", mu=280, sigma=10)},
            {"sigma": P("HalfNormal", sigma=20)},
        ],
    )
    yield (
        "radon, 85 counties",
        lambda: hw.fit("log_radon ~ floor + (1 | county)", hw.example("radon"), **options),
        [
            {"1|county_sigma": P("HalfNormal", sigma=0.1)},
            {"1|county_sigma": P("HalfNormal", sigma=0.03)},
            {"1|county_sigma": P("InverseGamma", alpha=2, beta=0.2)},
            {"Intercept": P("Normal", mu=1.6, sigma=0.05)},
            {"floor": P("Normal", mu=0, sigma=0.1)},
        ],
    )
    yield (
        "cbpp, binomial",
        lambda: hw.fit(
            "p(incidence, size) ~ period + (1 | herd)",
            hw.example("cbpp"),
            family="binomial",
            **options,
        ),
        [
            {"1|herd_sigma": P("HalfNormal", sigma=0.2)},
            {"1|herd_sigma": P("HalfStudentT", nu=3, sigma=1)},
            {"period": P("Normal", mu=0, sigma=0.5)},
            {"Intercept": P("StudentT", nu=4, mu=-1, sigma=0.3)},
        ],
    )
    yield (
        "binomial, 200 groups",
        lambda: hw.fit("p(k, n) ~ x + (1 | g)", trials(200, 3, 5), family="binomial", **options),
        [
            {"1|g_sigma": P("HalfNormal", sigma=0.1)},
            {"Intercept": P("Normal", mu=0, sigma=0.1)},
            {"x": P("Laplace", mu=0, b=0.05)},
        ],
    )
    yield (
        "grouse ticks, Poisson",
        lambda: hw.fit(
            "ticks ~ year + (1 | brood)", hw.example("grouseticks"), family="poisson", **options
        ),
        [
            {"1|brood_sigma": P("HalfNormal", sigma=0.3)},
            {"1|brood_sigma": P("Gamma", alpha=2, beta=2)},
            {"Intercept": P("Normal", mu=0, sigma=0.3)},
        ],
    )
    yield (
        "Poisson, 100 groups",
        lambda: hw.fit("y ~ x + (1 | g)", counts(100, 5, 6), family="poisson", **options),
        [
            *scale("1|g_sigma", 1.0),
            {"Intercept": P("Normal", mu=1.5, sigma=0.1)},
            {"x": P("Normal", mu=0, sigma=0.05)},
        ],
    )
    yield (
        "Gaussian, 500 groups",
        lambda: hw.fit("y ~ x + (1 | g)", gaussian(500, 4, 7), **options),
        [
            *scale("1|g_sigma", 1.0),
            {"Intercept": P("Normal", mu=8.2, sigma=0.05)},
            {"sigma": P("LogNormal", mu=0, sigma=0.05)},
            {"x": P("Cauchy", alpha=0.4, beta=0.02)},
        ],
    )


def compared(fit: hw.Fit, change: Change, seed: int) -> tuple[Any, float, str, bool]:
    """The reweighted posterior, the largest difference from a long refit, where, and if it is good."""
    found = fit.reweight(change)
    apart = hw.wrap(fit.model, fit.idata)
    long = apart.refit(change, draws=4000, random_seed=seed, progress=False)
    names = [name for place in population(fit) for name in place.names]
    ours = found.summary().set_index("parameter").loc[names]
    values = np.concatenate([place.draws(long) for place in population(long)], axis=2)
    worst, where, good = 0.0, "", True
    for i, name in enumerate(names):
        draws = values[..., i]
        pairs = (
            (
                "mean",
                "mcse_mean",
                draws.mean(),
                array_stats.mcse(draws, chain_axis=0, draw_axis=1, method="mean"),
            ),
            (
                "sd",
                "mcse_sd",
                draws.std(ddof=1),
                array_stats.mcse(draws, chain_axis=0, draw_axis=1, method="sd"),
            ),
        )
        for kind, error, there, own in pairs:
            here = ours.loc[name]
            gap = abs(here[kind] - there) / np.hypot(here[error], float(own))
            good &= bool(abs(here[kind] - there) <= GOOD * draws.std(ddof=1))
            if gap > worst:
                worst, where = float(gap), f"{kind} of {name}"
    return found, worst, where, good


def population(fit: hw.Fit) -> list[Place]:
    return [place for place in places(fit) if not place.term]


def main() -> int:
    rows = []
    for name, make, changes in models():
        fit = make()
        for change in changes:
            found, gap, where, good = compared(fit, change, seed=1000 + len(rows))
            (parameter, prior), *_ = change.items()
            rows.append(
                (name, parameter, str(prior), found.verdict, found.khat, found.ess, gap, good)
            )
            line = f"| {name} | `{parameter}` | {prior} | {found.verdict} | {found.khat:.2f} | {found.ess:.0f} | {gap:.1f} |"
            print(line, f"<!-- {where} -->", flush=True)
    names = ["model", "parameter", "prior", "verdict", "khat", "ess", "gap", "good"]
    table = pd.DataFrame(rows, columns=names)
    reliable = table["verdict"] == "reliable"
    false = int((reliable & (table["gap"] > LIMIT)).sum())
    sent = table["good"] & (table["verdict"] == "needs a refit")
    print(
        f"\n{len(table)} pairs, {int(reliable.sum())} called reliable, {false} of them off by more than "
        f"{LIMIT:g}; of {int(table['good'].sum())} good ones {int((table['good'] & ~reliable).sum())} not "
        f"called reliable and {int(sent.sum())} sent to a refit."
    )
    return int(false > 0)


if __name__ == "__main__":
    sys.exit(main())
