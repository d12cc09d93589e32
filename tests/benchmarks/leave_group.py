"""Leave one group out beside brute force: ``python -m tests.benchmarks.leave_group``.

Each model is fitted once; every group's elpd by Pareto-smoothed weights stands beside that of a refit
without the group. The gap is in combined Monte Carlo standard errors as they are reported.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

import hierwidgets as hw
from hierwidgets.sampling import Plan
from hierwidgets.tables import loo_groups as module
from hierwidgets.tables.loo_groups import loo_groups, totals

LIMIT = 4.0
PLAN = Plan(1000, 1000, 4, seed=77)


def outlying() -> pd.DataFrame:
    """Six groups of eight rows, one of them nine residual standard deviations away."""
    rng = np.random.default_rng(2)
    g = np.repeat(np.arange(6), 8)
    y = rng.normal(0, 1, 6)[g] + np.where(g == 5, 9.0, 0.0) + rng.normal(0, 1, len(g))
    return pd.DataFrame({"y": y, "g": g})


def models() -> Iterator[tuple[str, str, pd.DataFrame, dict[str, Any], int]]:
    """Name, formula, data, options, and how many groups are left out: those with most rows."""
    yield "sleepstudy", "Reaction ~ Days + (Days | Subject)", hw.example("sleepstudy"), {}, 18
    yield "radon", "log_radon ~ floor + (1 | county)", hw.example("radon"), {}, 12
    yield (
        "cbpp",
        "p(incidence, size) ~ period + (1 | herd)",
        hw.example("cbpp"),
        {"family": "binomial"},
        15,
    )
    yield "few groups, one outlying", "y ~ 1 + (1 | g)", outlying(), {}, 6


def compared(name: str, fit: hw.Fit, most: int) -> pd.DataFrame:
    factor = next(iter(fit.factors))
    started = time.perf_counter()
    before = loo_groups(fit, factor)
    spent = time.perf_counter() - started
    largest = before.sort_values("n", ascending=False, kind="stable")["group"].head(most).tolist()
    after = loo_groups(fit, factor, refit=largest, progress=False, plan=PLAN)
    whole, again = totals(before), totals(after)
    print(
        f"\n{name}: {len(before)} groups in {spent:.2f} s, elpd {whole.elpd:.2f}, se {whole.se:.2f}, Monte "
        f"Carlo {whole.mcse:.2f}; after {most} refits {again.elpd:.2f}.\n",
        flush=True,
    )
    both = before.merge(
        after[["group", "elpd", "se", "refitted", "reason"]], on="group", suffixes=("", "_refit")
    )
    both = both[both["refitted_refit"]]
    both = both.assign(
        model=name,
        difference=both["elpd"] - both["elpd_refit"],
        gap=(both["elpd"] - both["elpd_refit"]).abs() / np.hypot(both["se"], both["se_refit"]),
    )
    for row in both.itertuples():
        print(
            f"| {name} | {row.group} | {row.n} | {row.khat:.2f} | {row.verdict} | {row.elpd:.2f} | {row.se:.3f} "
            f"| {row.elpd_refit:.2f} | {row.se_refit:.3f} | {row.difference:+.3f} | {row.gap:.1f} |",
            flush=True,
        )
    return both


def main() -> int:
    tables = []
    for name, formula, data, options, most in models():
        fit = hw.fit(formula, data, random_seed=11, progress=False, **options)
        tables.append(compared(name, fit, most))
    every = pd.concat(tables)
    print("\n| verdict | groups | median difference | largest | largest gap |")
    for verdict in (module.RELIABLE, module.DOUBTFUL, module.NEEDS_REFIT):
        own = every[every["verdict"] == verdict]
        if len(own):
            size = own["difference"].abs()
            print(
                f"| {verdict} | {len(own)} | {size.median():.3f} | {size.max():.3f} | {own['gap'].max():.1f} |"
            )
    believed = every[every["verdict"] != module.NEEDS_REFIT]
    return int((believed["gap"] > LIMIT).any())


if __name__ == "__main__":
    sys.exit(main())
