"""How often the verdict on mixing cries wolf, and what it finds: ``python -m tests.benchmarks.convergence 200 20``.

So many runs, and so many sets of 10,000 parameters. Autoregressive chains, 4 of 1,000 draws, that mix; and one planted parameter that does not.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy import stats
from scipy.signal import lfilter

from hierwidgets.tables.diagnostics import diagnostics
from hierwidgets.tables.mixing import ESS_PER_CHAIN, RHAT, Evidence, evidence, judged, mixing

SIZES = (20, 500, 10_000)
ESS = (400, 1000, 4000)
CHAINS, DRAWS = 4, 1000
# Where the chains' means are, in standard deviations. Stepped: each chain half of one above the one before.
# Alternating: two chains half of one above the two others. Shifted: one chain half of one from three.
SHIFTS = {
    "stepped": (-0.75, -0.25, 0.25, 0.75),
    "alternating": (-0.25, 0.25, -0.25, 0.25),
    "shifted": (0.5, 0.0, 0.0, 0.0),
}
KINDS = (*SHIFTS, "stuck")


def chains(rng: np.random.Generator, count: int, ess: float) -> np.ndarray:
    """Stationary autoregressive chains of that effective sample size, (chain, draw, parameter)."""
    share = ess / (CHAINS * DRAWS)
    rho = (1 - share) / (1 + share)
    noise = rng.normal(size=(CHAINS, DRAWS, count)) * np.sqrt(1 - rho**2)
    noise[:, 0] = rng.normal(size=(CHAINS, count))
    return np.asarray(lfilter([1.0], [1.0, -rho], noise, axis=1))


def stuck(rng: np.random.Generator, draws: np.ndarray) -> None:
    """One chain stands still for a tenth of its draws, in place."""
    chain, start = rng.integers(CHAINS), rng.integers(DRAWS - DRAWS // 10)
    draws[chain, start : start + DRAWS // 10] = draws[chain, start]


def healthy(rng: np.random.Generator, count: int, ess: float) -> tuple[bool, bool]:
    """Whether chains that mix are called so by the verdict, and by its limits without chance."""
    draws = chains(rng, count, ess)
    known = diagnostics(draws)
    least = np.minimum(known.ess_bulk, known.ess_tail) >= ESS_PER_CHAIN * CHAINS
    within = bool((least & (known.rhat <= RHAT)).all())
    return not mixing(draws, known).failing.any(), within


def found(rng: np.random.Generator, count: int, ess: float, kind: str) -> bool:
    """Whether one such parameter is found among others that are within all limits."""
    draws = chains(rng, 1, ess)
    if kind in SHIFTS:
        draws += np.array(SHIFTS[kind])[:, None, None]
    else:
        stuck(rng, draws)
    fine, moves = np.ones(count - 1), np.zeros(count - 1, bool)
    others = Evidence(fine, fine, moves, moves)
    return bool(judged([evidence(draws, diagnostics(draws)), others]).failing[0])


def best(count: int, ess: float, kind: str) -> tuple[float, float]:
    """How often ideal tests find such a parameter that call sets without a fault healthy in 95 %.

    Both know the effective sample size and the standard deviation, and test at 5 % over the number of
    parameters. One looks at how far the means of the chains are apart (chi-square). The other also
    knows which chains are off, and by how much, if any are: no test at all finds more (Neyman and
    Pearson).
    """
    off = np.array(SHIFTS[kind]) - np.mean(SHIFTS[kind])
    away = ess / CHAINS * float((off**2).sum())
    level = 0.05 / count
    free = CHAINS - 1
    blind = stats.ncx2.sf(stats.chi2.isf(level, free), free, away)
    return float(blind), float(stats.norm.sf(stats.norm.isf(level) - np.sqrt(away)))


def row(count: int, ess: int, runs: int, sets: int) -> list[str]:
    """What is seen of so many parameters, of so many runs with a fault and sets without."""
    rng = np.random.default_rng(count + ess)
    fine = np.mean([healthy(rng, count, ess) for _ in range(sets)], axis=0)
    told = []
    for kind in KINDS:
        share = np.mean([found(rng, count, ess, kind) for _ in range(runs)])
        ideal = [f"{each:.0%}" for each in best(count, ess, kind)] if kind in SHIFTS else []
        told.append(f"{share:.1%}" + (f" ({', '.join(ideal)})" if ideal else ""))
    return [f"{count:,}", f"{ess:,}", f"{fine[0]:.1%} of {sets}", f"{fine[1]:.1%}", *told]


def main() -> None:
    runs, whole = (
        int(sys.argv[i]) if len(sys.argv) > i else given for i, given in ((1, 200), (2, 20))
    )
    head = [f"{kind} found (best blind, best)" for kind in SHIFTS]
    print(
        f"| parameters | bulk ESS | healthy | by the limits alone | {' | '.join(head)} | stuck found |"
    )
    print("|" + "---|" * (5 + len(SHIFTS)))
    for count in SIZES:
        for ess in ESS:
            sets = whole if count == max(SIZES) else runs
            print(f"| {' | '.join(row(count, ess, runs, sets))} |", flush=True)


if __name__ == "__main__":
    main()
