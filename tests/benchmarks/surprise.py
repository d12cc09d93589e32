"""Does the check by group flag what chance predicts, and find a planted fault first?

``python -m tests.benchmarks.surprise 200``. The models are sampled by Gibbs and Metropolis steps of
all data sets at once; the statistics, probabilities and the order are those of the package.
"""

from __future__ import annotations

import sys

import numpy as np

from hierwidgets.tables import ppc
from hierwidgets.tables.ppc_draws import Replications

GROUPS, ROWS = 20, 12
KEPT, STEP, WARM = 500, 4, 1000
FAULTS = {
    "gaussian": ("none", "level 6 sd away", "level 8 sd away", "heavy tails", "missing slope"),
    "poisson": ("none", "level 6 sd away", "level 8 sd away", "overdispersion"),
}
AWAY = {"level 6 sd away": 6.0, "level 8 sd away": 8.0}


def simulated(family: str, fault: str, sets: int, rng: np.random.Generator) -> np.ndarray:
    """Data (sets, groups, rows); the fault is in group 0."""
    tau = 1.0 if family == "gaussian" else 0.5
    u = tau * rng.normal(size=(sets, GROUPS, 1))
    if fault in AWAY:
        u[:, 0] = AWAY[fault] * tau * (rng.choice([-1, 1], (sets, 1)) if tau == 1.0 else 1.0)
    shape = (sets, GROUPS, ROWS)
    if family == "poisson":
        mean = np.exp(1.5 + u)
        if fault == "overdispersion":
            mean = np.broadcast_to(mean, shape).copy()
            mean[:, 0] *= rng.gamma(0.7, 1 / 0.7, (sets, ROWS))
        return rng.poisson(mean, shape).astype(float)
    noise = rng.normal(size=shape)
    if fault == "heavy tails":
        noise[:, 0] = 3 * rng.standard_t(2, (sets, ROWS))
    y = 0.5 * predictor() + u + noise
    if fault == "missing slope":
        y[:, 0] += 2.0 * rng.choice([-1, 1], (sets, 1)) * predictor()
    return y


def predictor() -> np.ndarray:
    """x of each row of a group, mean 0 and sd 1."""
    x = np.linspace(-1, 1, ROWS)
    return x / x.std()


def gaussian(y: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Draws of a + b x, u, tau, sigma under flat priors, each with the draws first (Gibbs)."""
    sets, x = len(y), predictor()
    total = GROUPS * ROWS
    u, tau, sigma = np.zeros((sets, GROUPS)), np.ones(sets), np.ones(sets)
    kept: list[list[np.ndarray]] = [[], [], [], [], []]
    for step in range(WARM + KEPT * STEP):
        rest = y - u[:, :, None]
        a = rest.mean(axis=(1, 2)) + sigma / np.sqrt(total) * rng.normal(size=sets)
        b = (rest * x).mean(axis=(1, 2)) + sigma / np.sqrt(total) * rng.normal(size=sets)
        away = (y - a[:, None, None] - b[:, None, None] * x).sum(axis=2)
        precision = ROWS / sigma**2 + 1 / tau**2
        u = (
            away / sigma[:, None] ** 2 + rng.normal(size=u.shape) * np.sqrt(precision)[:, None]
        ) / (precision[:, None])
        tau = np.sqrt((u**2).sum(axis=1) / 2 / rng.gamma((GROUPS - 1) / 2, size=sets))
        left = y - a[:, None, None] - b[:, None, None] * x - u[:, :, None]
        sigma = np.sqrt((left**2).sum(axis=(1, 2)) / 2 / rng.gamma(total / 2, size=sets))
        if step >= WARM and step % STEP == 0:
            for own, one in zip(kept, (a, b, u, tau, sigma), strict=True):
                own.append(one)
    return [np.stack(own) for own in kept]


def poisson(y: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Draws of a, u, tau of log means under flat priors (Metropolis within Gibbs, centred)."""
    sets, sums = len(y), y.sum(axis=2)
    eta = np.log(sums / ROWS + 0.1)
    a, tau = eta.mean(axis=1), np.full(sets, 0.5)
    kept: list[list[np.ndarray]] = [[], [], []]

    def log(e: np.ndarray) -> np.ndarray:
        return sums * e - ROWS * np.exp(e) - 0.5 * ((e - a[:, None]) / tau[:, None]) ** 2

    width = 2.0 / np.sqrt(sums + 4)
    for step in range(WARM + KEPT * STEP):
        for _ in range(3):
            tried = eta + width * rng.normal(size=eta.shape)
            eta = np.where(np.log(rng.random(eta.shape)) < log(tried) - log(eta), tried, eta)
        a = eta.mean(axis=1) + tau / np.sqrt(GROUPS) * rng.normal(size=sets)
        squares = ((eta - a[:, None]) ** 2).sum(axis=1)
        tau = np.sqrt(squares / 2 / rng.gamma((GROUPS - 1) / 2, size=sets))
        if step >= WARM and step % STEP == 0:
            for own, one in zip(kept, (a, eta - a[:, None], tau), strict=True):
                own.append(one)
    return [np.stack(own) for own in kept]


def replicated(
    family: str, draws: list[np.ndarray], which: int, rng: np.random.Generator, *, new: bool
) -> np.ndarray:
    """Replications of one data set, (draws, groups x rows)."""
    own = [one[:, which] for one in draws]
    u, tau = (own[2], own[3]) if family == "gaussian" else (own[1], own[2])
    if new:
        u = tau[:, None] * rng.normal(size=u.shape)
    shape = (KEPT, GROUPS, ROWS)
    if family == "gaussian":
        mean = own[0][:, None, None] + own[1][:, None, None] * predictor() + u[:, :, None]
        return (mean + own[4][:, None, None] * rng.normal(size=shape)).reshape(KEPT, -1)
    mean = np.exp(np.minimum(own[0][:, None, None] + u[:, :, None], 12))
    return rng.poisson(np.broadcast_to(mean, shape)).reshape(KEPT, -1).astype(float)


def measured(family: str, fault: str, sets: int) -> None:
    """Print flags and ranks of one kind of data."""
    rng = np.random.default_rng(7)
    y = simulated(family, fault, sets, rng)
    draws = gaussian(y, rng) if family == "gaussian" else poisson(y, rng)
    index = np.repeat(np.arange(GROUPS), ROWS)
    slope = np.tile(predictor(), GROUPS) if family == "gaussian" else None
    for new in (True, False):
        flags, first, least, inside = [], [], [], []
        for which in range(sets):
            made = Replications(
                y[which].ravel(),
                replicated(family, draws, which, rng, new=new),
                None,
                family == "poisson",
            )
            table = ppc.of_groups(made, index, "battery", slope)
            told = ppc.chance(table)
            flags.append(told.found / told.groups)
            inside.append(told.lower <= told.found <= told.upper)
            first.append(table.index[0] == 0)
            least.append(table["probability"].iloc[0] < told.least)
        print(
            f"| {family} | {fault} | {'new' if new else 'same'} | {100 * np.mean(flags):.1f} % "
            f"| {100 * np.mean(inside):.0f} % | {100 * np.mean(least):.0f} % "
            f"| {100 * np.mean(first):.0f} % |",
            flush=True,
        )


def main(sets: int) -> None:
    """Print the table."""
    print(
        "| family | planted | groups | below 0.05 | number within chance | least beyond chance | planted first |"
    )
    print("|---|---|---|---|---|---|---|")
    for family, faults in FAULTS.items():
        for fault in faults:
            measured(family, fault, sets)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
