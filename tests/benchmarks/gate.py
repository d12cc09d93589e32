"""The gate against exact posteriors: ``python -m tests.benchmarks.gate [first seed] [data sets]``.

Varying-intercept models with the group effects integrated out, on a dense grid of the population's
parameters. The likelihood is taken as constant within a cell: draws come from that posterior, and
the exact means and standard deviations under the changed prior are sums over the very same cells,
so nothing is lost to the grid. Every
data set is drawn from in three ways, five times each: 4,000 independent draws, 4 Metropolis chains
of 1,000 (every fifth step, started in the posterior), and a pool of two such fits, the second with
a twentieth of the scale's prior. The actual error of a number is the root mean square of its five.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from hierwidgets.weights import densities, errors, gate

GROUPS = [5, 8, 15, 30, 80, 200, 500]
NAMES = ["intercept", "group scale", "residual scale"]
MODELS = ["gaussian", "binomial", "poisson"]
SIZES = [(4, 1000)]
THIN = 5
REPEATS = 5
NODES = 121
SUB = 20


@dataclass(frozen=True)
class Prior:
    family: str
    args: dict[str, float]

    def log(self, x: np.ndarray) -> np.ndarray:
        return densities.log_density(self.family, self.args, x)


@dataclass
class Grid:
    """Axes (mu, tau[, sigma]), and a log likelihood that is constant within a cell of the grid.

    Within a cell mu and tau each take `SUB` values, so that draws are not tied.
    """

    mu: np.ndarray
    tau: np.ndarray
    sigma: np.ndarray
    log: np.ndarray

    @property
    def fine(self) -> list[np.ndarray]:
        """Values of mu and of tau within each cell, (cells, SUB)."""
        within = (np.arange(SUB) + 0.5) / SUB - 0.5
        step = np.log(self.tau[1] / self.tau[0])
        return [
            self.mu[:, None] + within * (self.mu[1] - self.mu[0]),
            self.tau[:, None] * np.exp(within * step),
        ]

    def inside(self, mu: Prior, tau: Prior) -> list[np.ndarray]:
        """Prior mass of those values, up to constants."""
        x, t = self.fine
        logs = [mu.log(x), tau.log(t) + np.log(t)]
        return [np.exp(own - own.max()) for own in logs]

    def posterior(self, mu: Prior, tau: Prior) -> np.ndarray:
        """Mass of the cells."""
        a, b = (np.log(np.maximum(own.sum(1), 1e-300)) for own in self.inside(mu, tau))
        log = self.log + a[:, None, None] + b[:, None]
        return np.exp(log - logsumexp(log))

    def moments(self, mu: Prior, tau: Prior) -> tuple[np.ndarray, np.ndarray]:
        mass = self.posterior(mu, tau)
        marginal = [mass.sum((1, 2)), mass.sum((0, 2))]
        shares = [
            m[:, None] * own / np.maximum(own.sum(1, keepdims=True), 1e-300)
            for m, own in zip(marginal, self.inside(mu, tau), strict=True)
        ]
        values = [*self.fine, self.sigma]
        weights = [*shares, mass.sum((0, 1))]
        keep = 3 if len(self.sigma) > 1 else 2
        pairs = list(zip(values, weights, strict=True))[:keep]
        means = [(v * w).sum() for v, w in pairs]
        sds = [np.sqrt(((v - m) ** 2 * w).sum()) for (v, w), m in zip(pairs, means, strict=True)]
        return np.array(means), np.array(sds)

    def draws(
        self, rng: np.random.Generator, cells: np.ndarray, mu: Prior, tau: Prior
    ) -> np.ndarray:
        """Values of the parameters, (parameters, N), given the cells that were drawn."""
        places = np.unravel_index(cells, self.log.shape)
        out = []
        for own, fine, place in zip(self.inside(mu, tau), self.fine, places, strict=False):
            running = np.cumsum(own / np.maximum(own.sum(1, keepdims=True), 1e-300), axis=1)[place]
            at = (running < rng.random(len(place))[:, None]).sum(1)
            out.append(fine[place, np.minimum(at, SUB - 1)])
        if len(self.sigma) > 1:
            out.append(self.sigma[places[2]])
        return np.stack(out)


def fitted(
    log: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    mu: np.ndarray,
    tau: np.ndarray,
    sigma: np.ndarray,
) -> Grid:
    """A grid that spans what the likelihood allows: 30 units of its logarithm."""
    for _ in range(2):
        table = log(mu, tau, sigma)
        near = table > table.max() - 30
        rows, columns = np.flatnonzero(near.any((1, 2))), np.flatnonzero(near.any((0, 2)))
        low, high = max(rows[0] - 1, 0), min(rows[-1] + 1, len(mu) - 1)
        first, last = max(columns[0] - 1, 0), min(columns[-1] + 1, len(tau) - 1)
        mu = np.linspace(mu[low], mu[high], len(mu))
        tau = np.geomspace(tau[first], tau[last], len(tau))
    return Grid(mu, tau, sigma, log(mu, tau, sigma))


def gaussian(rng: np.random.Generator, groups: int, truth: float) -> Grid:
    n = rng.integers(2, 15, groups)
    means = truth * rng.normal(size=groups) + rng.normal(size=groups) / np.sqrt(n)
    df = int(n.sum()) - groups
    rest = rng.chisquare(df)

    def log(mu: np.ndarray, tau: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        variance = tau[:, None, None] ** 2 + sigma[:, None] ** 2 / n
        precision = 1 / variance
        first, second, third = precision.sum(-1), precision @ means, precision @ means**2
        square = third - 2 * mu[:, None, None] * second + mu[:, None, None] ** 2 * first
        out = -0.5 * square - 0.5 * np.log(variance).sum(-1)
        return out - 0.5 * rest / sigma**2 - (df - 1) * np.log(sigma)

    width = np.sqrt((truth**2 + 1 / n.mean()) / groups)
    mu = means.mean() + width * np.linspace(-10, 10, 61)
    sigma = np.exp(np.linspace(-5, 5, 25) / np.sqrt(2 * df))
    return fitted(log, mu, np.geomspace(0.003, 20, 90), sigma)


def counted(rng: np.random.Generator, model: str, groups: int, truth: float) -> Grid:
    centre = rng.normal(0, 1)
    eta = centre + truth * rng.normal(size=groups)
    if model == "binomial":
        n = rng.choice([4, 10], groups)
        y = rng.binomial(n, 1 / (1 + np.exp(-eta)))
    else:
        n = rng.choice([1, 3], groups)
        y = np.minimum(rng.poisson(n * np.exp(eta)), 60)
    pairs, counts = np.unique(np.column_stack([y, n]), axis=0, return_counts=True)
    z = np.linspace(-6, 6, NODES)
    log_node = -0.5 * z**2 - np.log(np.exp(-0.5 * z**2).sum())

    def log(mu: np.ndarray, tau: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        at = mu[:, None, None] + tau[:, None] * z
        cost = np.logaddexp(0, at) if model == "binomial" else np.exp(at)
        out = np.zeros((len(mu), len(tau)))
        for (successes, size), count in zip(pairs, counts, strict=True):
            inner = successes * at - size * cost + log_node
            high = inner.max(axis=-1)
            out += count * (high + np.log(np.exp(inner - high[..., None]).sum(axis=-1)))
        return out[..., None] + np.zeros(len(sigma))

    mu = centre + np.sqrt((truth**2 + 0.5) / groups) * np.linspace(-8, 8, 51)
    return fitted(log, mu, np.geomspace(0.01, 4, 60), np.ones(1))


def independent(rng: np.random.Generator, mass: np.ndarray, draws: int) -> np.ndarray:
    return rng.choice(mass.size, draws, p=mass.ravel())


def metropolis(rng: np.random.Generator, mass: np.ndarray) -> np.ndarray:
    chains, draws = SIZES[0]
    shape = mass.shape
    sd = []
    for k in range(mass.ndim):
        own = mass.sum(axis=tuple(i for i in range(mass.ndim) if i != k))
        place = np.arange(len(own))
        sd.append(np.sqrt(own @ (place - own @ place) ** 2))
    step = 2.4 / np.sqrt(mass.ndim) * np.maximum(sd, 0.5)
    kept = np.empty((chains, draws), dtype=int)
    flat = mass.ravel()
    for c in range(chains):
        now = int(rng.choice(flat.size, p=flat))
        place = [int(p) for p in np.unravel_index(now, shape)]
        moves = np.rint(rng.normal(size=(draws * THIN, mass.ndim)) * step).astype(int).tolist()
        chances = rng.random(draws * THIN).tolist()
        for t, (move, chance) in enumerate(zip(moves, chances, strict=True)):
            there = [p + m for p, m in zip(place, move, strict=True)]
            if all(0 <= p < s for p, s in zip(there, shape, strict=True)):
                index = 0
                for p, s in zip(there, shape, strict=True):
                    index = index * s + p
                if flat[index] > chance * flat[now]:
                    now, place = index, there
            if t % THIN == THIN - 1:
                kept[c, t // THIN] = now
    return kept.ravel()


def changes(
    rng: np.random.Generator, mu: Prior, tau: Prior, spread: float
) -> list[tuple[str, Prior, Prior]]:
    s = tau.args["sigma"]
    other = s * np.exp(rng.uniform(np.log(0.2), np.log(3)))
    families = [
        Prior("HalfCauchy", {"beta": other}),
        Prior("HalfStudentT", {"nu": 3.0, "sigma": other}),
        Prior("Exponential", {"lam": 1 / other}),
        Prior("Gamma", {"alpha": 2.0, "beta": 2 / other}),
        Prior("InverseGamma", {"alpha": 2.0, "beta": other}),
        Prior("LogNormal", {"mu": float(np.log(other)), "sigma": 0.8}),
        Prior("Weibull", {"alpha": 1.5, "beta": other}),
        Prior("Uniform", {"lower": 0.0, "upper": 3 * other}),
    ]
    scales = s * np.exp(rng.uniform(np.log(1 / 50), np.log(10), 7))
    shifts = rng.uniform(-5, 5, 3) * spread
    location = mu.args
    out = [("scale", mu, Prior(tau.family, {**tau.args, "sigma": float(v)})) for v in scales]
    chosen = rng.choice(len(families), 4, replace=False)
    out += [("family", mu, families[i]) for i in chosen]
    for i, shift in enumerate(shifts):
        moved = Prior("Normal", {"mu": location["mu"] + shift, "sigma": location["sigma"]})
        if i == 0:
            moved = Prior("Normal", {"mu": location["mu"] + shift, "sigma": 2 * spread})
        out.append(("intercept", moved, tau))
    return out


def drawn(rng: np.random.Generator, grid: Grid, mu: Prior, tau: Prior, kind: str) -> np.ndarray:
    mass = grid.posterior(mu, tau)
    cells = independent(rng, mass, 4000) if kind == "independent" else metropolis(rng, mass)
    return grid.draws(rng, cells, mu, tau)


def points(seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Every changed prior of one data set, with each kind of draws; and every number of each."""
    rng = np.random.default_rng(seed)
    model, groups = MODELS[seed % 3], GROUPS[seed // 3 % len(GROUPS)]
    truth = float(rng.choice([0.0, 0.1, 0.3, 0.7, 1.5]))
    make = {"gaussian": gaussian}.get(model)
    grid = make(rng, groups, truth) if make else counted(rng, model, groups, truth)
    spread = float(np.sqrt((truth**2 + 0.3) / groups))
    mu = Prior("Normal", {"mu": float(grid.mu.mean()), "sigma": 2.5})
    scale = float(rng.choice([0.5, 1.0, 2.5]))
    tau = Prior("HalfNormal", {"sigma": scale})
    if seed % 2:
        tau = Prior("HalfStudentT", {"nu": 4.0, "sigma": scale})
    tight = Prior(tau.family, {**tau.args, "sigma": scale / 20})
    tried = [
        (*one, grid.moments(*one[1:]))
        for one in changes(rng, mu, tau, spread)
        if np.isfinite(one[2].log(grid.fine[1])).any()
    ]
    rows, numbers = [], []
    for kind, repeat in product(("independent", "chains", "pool"), range(REPEATS)):
        fits = [tau, tight] if kind == "pool" else [tau]
        x = np.concatenate([drawn(rng, grid, mu, own, kind) for own in fits], axis=1)
        L = np.stack([mu.log(x[0]) + own.log(x[1]) for own in fits])
        sizes = SIZES * len(fits)
        members = [{"mu": mu, "tau": own} for own in fits]
        r_eff = float(np.clip(errors.ess(x, sizes).min() / 4000, 0.01, 1))
        for place, (change, new_mu, new_tau, (mean, sd)) in enumerate(tried):
            priors = gate.Change({"mu": new_mu, "tau": new_tau}, members, {"tau": x[1]})
            target = new_mu.log(x[0]) + new_tau.log(x[1])
            found = gate.judge(target, L, x, sizes, r_eff, change=priors)
            stated = [found.mcse_mean, found.mcse_sd]
            missed = [found.mean - mean, found.sd - sd]
            with np.errstate(divide="ignore", invalid="ignore"):
                off = np.divide(missed, stated)
            row = {
                "seed": seed,
                "model": model,
                "groups": groups,
                "draws": kind,
                "repeat": repeat,
                "change": change,
                "to": f"{new_mu} {new_tau}",
                "place": place,
                "verdict": found.verdict,
                "reason": found.reason,
                "khat": found.khat,
                "off": float(np.abs(off).max()),
                "far": float(np.max(np.abs(missed) / sd)),
            }
            rows.append(row)
            if found.verdict == "reliable":
                numbers += [
                    {**row, "of": of, "quantity": name, "stated": own[q], "missed": far[q]}
                    for of, own, far in zip(("mean", "sd"), stated, missed, strict=True)
                    for q, name in enumerate(NAMES[: len(x)])
                ]
    return rows, numbers


def summary(table: pd.DataFrame) -> pd.Series:
    """Shares of one set of points; good: every mean within 0.1 sd, every sd within 10 %."""
    reliable = table["verdict"] == "reliable"
    good = table["far"] < 0.1
    false = reliable & ~(table["off"] <= 4)
    return pd.Series(
        {
            "points": len(table),
            "reliable": int(reliable.sum()),
            "falsely reliable": int(false.sum()),
            "per 1,000 reliable": 1000 * false.sum() / max(reliable.sum(), 1),
            "good": int(good.sum()),
            "good, not called reliable %": 100 * (good & ~reliable).sum() / good.sum(),
            "good, sent to a refit %": 100
            * (good & (table["verdict"] == "needs a refit")).sum()
            / good.sum(),
        }
    )


def stated(numbers: pd.DataFrame) -> pd.DataFrame:
    """Stated errors beside actual ones, of what is called reliable all the times it is drawn."""
    key = ["of", "quantity", "seed", "draws", "place"]
    grouped = numbers.assign(square=numbers["missed"] ** 2).groupby(key)
    each = grouped.agg(
        times=("square", "size"), stated=("stated", "median"), square=("square", "mean")
    )
    each = each[each["times"] == REPEATS].reset_index()
    each["ratio"] = each["stated"] / np.sqrt(each["square"])
    numbers = numbers.assign(within=numbers["missed"].abs() < 2 * numbers["stated"])
    parts = {}
    for of in ("mean", "sd"):
        for name in ("all", *NAMES):
            own, all_of = (
                table[(table["of"] == of) & (table["quantity"].isin([name]) | (name == "all"))]
                for table in (each, numbers)
            )
            low, middle, high = own["ratio"].quantile([0.1, 0.5, 0.9])
            parts[f"{of}: {name}"] = {
                "numbers": len(all_of),
                "stated / actual: 10 %": low,
                "median": middle,
                "90 %": high,
                "within 2 stated %": 100 * all_of["within"].mean(),
            }
    return pd.DataFrame(parts).T


def main(first: int = 60_000, data_sets: int = 84) -> pd.DataFrame:
    """Run the study and print its tables."""
    found = [points(first + i) for i in range(data_sets)]
    table = pd.DataFrame([row for rows, _ in found for row in rows])
    parts = {"all": summary(table)}
    for column in ("draws", "model", "change", "groups"):
        parts |= {f"{column}: {key}": summary(own) for key, own in table.groupby(column)}
    with pd.option_context("display.width", 200, "display.max_columns", 20):
        print(pd.DataFrame(parts).T.round(2).to_string())
        numbers = pd.DataFrame([one for _, ones in found for one in ones])
        print(stated(numbers).round(2).to_string())
        false = table[(table["verdict"] == "reliable") & ~(table["off"] <= 4)]
        print(false.to_string() if len(false) else "None falsely called reliable.")
    return table


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
