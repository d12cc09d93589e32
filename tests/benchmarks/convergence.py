"""How often the verdict on mixing cries wolf, and what it finds: ``python -m tests.benchmarks.convergence``.

Autoregressive chains, 4 of 1,000 draws, that mix; and one planted parameter that does not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from scipy.signal import lfilter

from hierwidgets.tables.diagnostics import diagnostics
from hierwidgets.tables.mixing import Evidence, evidence, judged, mixing

SIZES = (20, 500, 10_000)
ESS = (400, 1000, 4000)
CHAINS, DRAWS = 4, 1000


def chains(rng: np.random.Generator, count: int, ess: float) -> np.ndarray:
    """Stationary autoregressive chains of that effective sample size, (chain, draw, parameter)."""
    share = ess / (CHAINS * DRAWS)
    rho = (1 - share) / (1 + share)
    noise = rng.normal(size=(CHAINS, DRAWS, count)) * np.sqrt(1 - rho**2)
    noise[:, 0] = rng.normal(size=(CHAINS, count))
    return np.asarray(lfilter([1.0], [1.0, -rho], noise, axis=1))


def stepped(_: np.random.Generator, draws: np.ndarray) -> None:
    """Each chain half a standard deviation above the one before."""
    draws += np.array([-0.75, -0.25, 0.25, 0.75])[:, None, None]


def shifted(_: np.random.Generator, draws: np.ndarray) -> None:
    """One chain half a standard deviation from the three others."""
    draws[0] += 0.5


def stuck(rng: np.random.Generator, draws: np.ndarray) -> None:
    """One chain stands still for a tenth of its draws."""
    chain, start = rng.integers(CHAINS), rng.integers(DRAWS - DRAWS // 10)
    draws[chain, start : start + DRAWS // 10] = draws[chain, start]


PLANTED: dict[str, Callable[[np.random.Generator, np.ndarray], None]] = {
    "stepped": stepped,
    "shifted": shifted,
    "stuck": stuck,
}


def healthy(rng: np.random.Generator, count: int, ess: float) -> bool:
    """Whether chains that mix are called so."""
    draws = chains(rng, count, ess)
    return not mixing(draws, diagnostics(draws)).failing.any()


def found(rng: np.random.Generator, count: int, ess: float, kind: str) -> bool:
    """Whether one such parameter is found among others that are within all limits."""
    draws = chains(rng, 1, ess)
    PLANTED[kind](rng, draws)
    fine, moves = np.ones(count - 1), np.zeros(count - 1, bool)
    others = Evidence(fine, fine, moves, moves)
    return bool(judged([evidence(draws, diagnostics(draws)), others]).failing[0])


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print("| parameters | bulk ESS | healthy | stepped found | shifted found | stuck found |")
    print("|---|---|---|---|---|---|")
    for count in SIZES:
        for ess in ESS:
            rng = np.random.default_rng(count + ess)
            whole = max(20, runs // 10) if count == max(SIZES) else runs
            fine = np.mean([healthy(rng, count, ess) for _ in range(whole)])
            told = [
                f"{np.mean([found(rng, count, ess, kind) for _ in range(runs)]):.1%}"
                for kind in PLANTED
            ]
            row = [f"{count:,}", f"{ess:,}", f"{fine:.1%} of {whole}", *told]
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
