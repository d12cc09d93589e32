"""Does the check by group flag what chance predicts, and find a planted fault first?

``python -m tests.benchmarks.surprise 200``. The models are sampled by Gibbs and Metropolis steps of
all data sets at once; weights, statistics, probabilities and the order are those of the package.
Groups are *new*, as the other groups foresee them; new with a population that has *seen* the group; or the
*same*.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy import special

from hierwidgets.tables import ppc
from hierwidgets.tables.loo_groups import held_weights
from hierwidgets.tables.ppc_draws import Replications
from hierwidgets.tables.ppc_held import resampled

GROUPS, ROWS = 20, 12
KEPT, STEP, WARM = 500, 4, 1000
FAULTS = {
    "gaussian": ("none", "level 6 sd away", "level 8 sd away", "heavy tails", "missing slope"),
    "poisson": ("none", "level 6 sd away", "level 8 sd away", "overdispersion"),
}
WAYS = ("new", "seen", "same")
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


def log_density(family: str, own: list[np.ndarray], y: np.ndarray) -> np.ndarray:
    """Log density of one group's rows at every draw, its effect integrated out, shape (draws,)."""
    if family == "gaussian":
        a, b, _, tau, sigma = own
        away = y - a[:, None] - b[:, None] * predictor()
        variance, total = sigma**2, sigma**2 + ROWS * tau**2
        square = (away**2).sum(axis=1) - tau**2 / total * away.sum(axis=1) ** 2
        scale = (ROWS - 1) * np.log(variance) + np.log(total)
        return -0.5 * (square / variance + scale)
    a, _, tau = own
    z = np.linspace(-8, 8, 161)
    eta = a[:, None] + tau[:, None] * z
    log = y.sum() * eta - ROWS * np.exp(eta) - 0.5 * z**2
    return special.logsumexp(log, axis=1)


def replicated(
    family: str,
    draws: list[np.ndarray],
    y: np.ndarray,
    rng: np.random.Generator,
    way: str,
) -> np.ndarray:
    """Replications of one data set (groups, rows), shape (draws, groups x rows)."""
    chosen = np.tile(np.arange(KEPT), (GROUPS, 1))
    if way == "new":
        chosen = np.stack(
            [
                resampled(held_weights(log_density(family, draws, own), (1, KEPT))[0], KEPT, rng)
                for own in y
            ]
        )
    if family == "gaussian":
        a, b, u, tau, sigma = draws
    else:
        (a, u, tau), b, sigma = draws, np.zeros(KEPT), np.zeros(KEPT)
    if way != "same":
        u = tau[chosen].T * rng.normal(size=(KEPT, GROUPS))
    line = a[chosen][:, :, None] + b[chosen][:, :, None] * predictor()
    mean = line.transpose(1, 0, 2) + u[:, :, None]
    if family == "gaussian":
        noise = sigma[chosen].T[:, :, None] * rng.normal(size=mean.shape)
        return (mean + noise).reshape(KEPT, -1)
    return rng.poisson(np.exp(np.minimum(mean, 12))).reshape(KEPT, -1).astype(float)


def measured(family: str, fault: str, sets: int) -> None:
    """Print flags and ranks of one kind of data."""
    rng = np.random.default_rng(7)
    y = simulated(family, fault, sets, rng)
    draws = gaussian(y, rng) if family == "gaussian" else poisson(y, rng)
    index = np.repeat(np.arange(GROUPS), ROWS)
    slope = np.tile(predictor(), GROUPS) if family == "gaussian" else None
    for way in WAYS:
        flags, first, least, inside = [], [], [], []
        for which in range(sets):
            made = Replications(
                y[which].ravel(),
                replicated(family, [one[:, which] for one in draws], y[which], rng, way),
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
            f"| {family} | {fault} | {way} | {100 * np.mean(flags):.1f} % "
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
