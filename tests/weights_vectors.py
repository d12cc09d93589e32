"""Writes js/test/vectors/weights_*.json: what both languages must compute about weights.

Densities come from SciPy, smoothing, effective sample sizes and quantiles from ArviZ and NumPy;
normalisers, errors and verdicts from the Python twins, which have tests of their own. Run
``python -m tests.weights_vectors`` to write them again; a test says whether the files are up to
date. Numbers that JSON has not are strings: "-inf", "inf", "nan".
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from arviz_stats.base.array import array_stats
from scipy import stats

from hierwidgets.tables.curves import kde
from hierwidgets.weights import densities, errors, estimates, gate, pool, smoothing
from tests.vectors import FOLDER

INF = math.inf


@dataclass(frozen=True)
class Prior:
    family: str
    args: dict[str, Any]


def plain(value: Any) -> Any:
    """As JSON can have it."""
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def scipy_log(family: str, a: dict[str, Any], x: np.ndarray) -> np.ndarray:  # noqa: PLR0912
    """The log density by SciPy's own parametrisation."""
    with np.errstate(all="ignore"):
        match family:
            case "Normal":
                return stats.norm.logpdf(x, a["mu"], a["sigma"])
            case "StudentT":
                return stats.t.logpdf(x, a["nu"], a["mu"], a["sigma"])
            case "Cauchy":
                return stats.cauchy.logpdf(x, a["alpha"], a["beta"])
            case "Laplace":
                return stats.expon.logpdf(np.abs(x - a["mu"]), scale=a["b"]) - np.log(2)
            case "Uniform":
                return stats.uniform.logpdf(x, a["lower"], a["upper"] - a["lower"])
            case "HalfNormal":
                return stats.halfnorm.logpdf(x, scale=a["sigma"])
            case "HalfStudentT":
                whole = np.log(2) + stats.t.logpdf(x, a["nu"], 0, a["sigma"])
                return np.where(x >= 0, whole, -INF)
            case "HalfCauchy":
                return stats.halfcauchy.logpdf(x, scale=a["beta"])
            case "Exponential":
                return stats.expon.logpdf(x, scale=1 / a["lam"])
            case "Gamma":
                return stats.gamma.logpdf(x, a["alpha"], scale=1 / a["beta"])
            case "InverseGamma":
                return stats.invgamma.logpdf(x, a["alpha"], scale=a["beta"])
            case "LogNormal":
                return stats.lognorm.logpdf(x, a["sigma"], scale=np.exp(a["mu"]))
            case "Weibull":
                return stats.weibull_min.logpdf(x, a["alpha"], scale=a["beta"])
            case _:
                raise ValueError(family)


PRIORS = [
    Prior("Normal", {"mu": 0.0, "sigma": 1.0}),
    Prior("Normal", {"mu": -250.5, "sigma": 0.01}),
    Prior("StudentT", {"nu": 3.0, "mu": 1.0, "sigma": 2.5}),
    Prior("StudentT", {"nu": 0.5, "mu": 0.0, "sigma": 1.0}),
    Prior("StudentT", {"nu": 1000.0, "mu": 0.0, "sigma": 1.0}),
    Prior("Cauchy", {"alpha": 1.5, "beta": 0.5}),
    Prior("Laplace", {"mu": -1.0, "b": 3.0}),
    Prior("Uniform", {"lower": -2.0, "upper": 5.0}),
    Prior("HalfNormal", {"sigma": 2.0}),
    Prior("HalfStudentT", {"nu": 4.0, "sigma": 58.0}),
    Prior("HalfCauchy", {"beta": 5.0}),
    Prior("Exponential", {"lam": 0.2}),
    Prior("Gamma", {"alpha": 2.0, "beta": 0.1}),
    Prior("Gamma", {"alpha": 1.0, "beta": 3.0}),
    Prior("Gamma", {"alpha": 0.5, "beta": 1.0}),
    Prior("Gamma", {"alpha": 250.0, "beta": 3.0}),
    Prior("InverseGamma", {"alpha": 3.0, "beta": 0.5}),
    Prior("InverseGamma", {"alpha": 0.4, "beta": 20.0}),
    Prior("LogNormal", {"mu": 0.5, "sigma": 1.2}),
    Prior("Weibull", {"alpha": 1.5, "beta": 2.0}),
    Prior("Weibull", {"alpha": 1.0, "beta": 2.0}),
    Prior("Weibull", {"alpha": 0.7, "beta": 2.0}),
]
POINTS = [-1e6, -250.5, -40.0, -2.0, -1.0, 0.0, 1e-12, 1e-3, 0.1, 1.0, 2.7, 5.0, 40.0, 1e3, 1e6]


def lkj_constant(eta: float, size: int) -> float:
    """Log of the integral of det^(eta - 1), from the beta distributions of the canonical vine."""
    total = 0.0
    for k in range(1, size):
        b = eta + (size - 1 - k) / 2
        one = stats.beta(b, b, loc=-1, scale=2)
        total += (size - k) * float(-one.logpdf(0.0))
    return total


def densities_() -> list[dict[str, Any]]:
    x = np.array(POINTS)
    rows: list[dict[str, Any]] = []
    for prior in PRIORS:
        quantiles = densities.quantile(prior.family, prior.args, [0.001, 0.025, 0.5, 0.975, 0.999])
        rows.append(
            {
                "family": prior.family,
                "args": prior.args,
                "x": POINTS,
                "log_density": scipy_log(prior.family, prior.args, x),
                "support": densities.support(prior.family, prior.args),
                "p": [0.001, 0.025, 0.5, 0.975, 0.999],
                "quantiles": quantiles,
            }
        )
    rows.append({"family": "Flat", "args": {}, "x": [-1e9, 0.0, 5.0], "log_density": [0.0] * 3})
    log_det = [-1000.0, -5.0, -0.1, 0.0, 0.1]
    for eta, size in [(1.0, 2), (2.0, 2), (0.5, 3), (4.0, 3), (2.0, 6)]:
        constant = lkj_constant(eta, size)
        values = [-INF if v > 0 else (eta - 1) * v - constant for v in log_det]
        args = {"eta": eta, "size": size}
        rows.append({"family": "LKJ", "args": args, "x": log_det, "log_density": values})
    return rows


def chains(rng: np.random.Generator, m: int, n: int, phi: float) -> np.ndarray:
    """Autoregressive chains of unit variance, flat."""
    noise = rng.normal(size=(m, n)) * math.sqrt(1 - phi**2)
    out = rng.normal(size=(m, n))
    for t in range(1, n):
        out[:, t] = phi * out[:, t - 1] + noise[:, t]
    return out.ravel().round(6)


def smoothing_() -> list[dict[str, Any]]:
    rng = np.random.default_rng(11)
    normal = rng.normal(size=400).round(6)
    cases: dict[str, tuple[np.ndarray, float]] = {
        "light tail": (-0.5 * normal**2, 1.0),
        "heavy tail": (0.45 * normal**2, 1.0),
        "correlated draws": (normal, 0.3),
        "far from zero": (normal * 2 - 1000, 1.0),
        "a third has no weight": (np.where(normal > 0.43, -INF, normal), 1.0),
        "nearly all have no weight": (np.where(np.arange(400) < 397, -INF, normal), 1.0),
        "constant": (np.full(400, -3.5), 1.0),
        "nearly constant": (normal * 1e-6, 1.0),
        "two values": (np.where(normal > 0, 0.0, -INF), 1.0),
        "short": (normal[:12], 1.0),
    }
    rows = []
    for name, (log_weights, r_eff) in cases.items():
        weights, khat, log_mean = smoothing.smooth(log_weights, r_eff)
        rows.append(
            {
                "name": name,
                "log_weights": log_weights,
                "r_eff": r_eff,
                "tail": smoothing.tail_length(len(log_weights), r_eff),
                "weights": weights,
                "khat": khat,
                "log_mean": log_mean,
            }
        )
    return rows


def ess_() -> list[dict[str, Any]]:
    rng = np.random.default_rng(12)
    rows: list[dict[str, Any]] = []
    for name, sizes, phi in [
        ("independent", [(4, 100)], 0.0),
        ("slow", [(4, 100)], 0.9),
        ("antithetic", [(2, 101)], -0.6),
        ("one chain", [(1, 60)], 0.5),
        ("two fits", [(2, 80), (4, 50)], 0.7),
        ("short", [(2, 5)], 0.0),
    ]:
        members = [chains(rng, m, n, phi) for m, n in sizes]
        expected = [
            float(array_stats.ess(h.reshape(size), method="mean"))
            for h, size in zip(members, sizes, strict=True)
        ]
        h = np.concatenate(members)
        rows.append({"name": name, "h": h, "sizes": sizes, "ess": expected})
    rows.append({"name": "constant", "h": [2.0] * 40, "sizes": [(2, 20)], "ess": [40.0]})
    return rows


def weighted(rng: np.random.Generator, n: int, zero: float = 0.0) -> np.ndarray:
    weights = rng.gamma(0.5, size=n) * (rng.random(n) >= zero)
    return (weights / weights.sum()).round(9) / (weights / weights.sum()).round(9).sum()


def estimates_() -> list[dict[str, Any]]:
    rng = np.random.default_rng(13)
    probs = [0.0, 0.025, 0.25, 0.5, 0.75, 0.975, 1.0]
    values = rng.normal(10, 3, size=300).round(6)
    against_zero = np.abs(rng.normal(size=300)).round(6)
    ties = rng.integers(0, 5, size=300).astype(float)
    equal = np.full(300, 1 / 300)
    x, y = kde(values, 128)
    rows = [
        {
            "name": "equal weights",
            "values": values,
            "weights": equal,
            "probs": probs,
            "quantiles": np.quantile(values, probs),
            "mean": values.mean(),
            "sd": values.std(),
            "x": x,
            "density": y,
        }
    ]
    for name, draws, weights in [
        ("weighted", values, weighted(rng, 300)),
        ("against zero", against_zero, weighted(rng, 300)),
        ("a third has no weight", values, weighted(rng, 300, 1 / 3)),
        ("ties", ties, weighted(rng, 300)),
        ("one draw has all", values, np.eye(300)[7]),
    ]:
        mean, sd = estimates.moments(weights, draws)
        x, y = estimates.density(draws, weights)
        rows.append(
            {
                "name": name,
                "values": draws,
                "weights": weights,
                "probs": probs,
                "quantiles": estimates.quantiles(weights, draws, probs),
                "mean": mean,
                "sd": sd,
                "x": x,
                "density": y,
            }
        )
    return rows


def tilted(seed: int, members: list[float], target: float, draws: int = 100, phi: float = 0.5):
    """A Gaussian likelihood with normal priors of other means, four chains each."""
    rng = np.random.default_rng(seed)
    sizes = [(4, draws)] * len(members)
    x = np.concatenate([mu / 2 + chains(rng, 4, draws, phi) / math.sqrt(2) for mu in members])
    L = np.stack([-0.5 * (x - mu) ** 2 for mu in members])
    return x.round(6), L, -0.5 * (x - target) ** 2, sizes


def pool_() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name, members, target in [
        ("one fit", [0.0], 0.7),
        ("two fits", [0.0, 1.5], 0.7),
        ("three fits", [0.0, 1.5, -2.0], 1.0),
        ("barely overlapping", [0.0, 7.0], 3.0),
    ]:
        x, L, log_target, sizes = tilted(14, members, target)
        if name == "three fits":
            L[2, x > 1.5] = -INF
        n = [m * d for m, d in sizes]
        f = pool.normalisers(L, n)
        R = pool.responsibilities(L, n, f)
        weights, khat, _ = smoothing.smooth(log_target - pool.mixture(L, n, f))
        of_mean, of_sd = errors.mcse(weights, x, sizes, R, khat)
        rows.append(
            {
                "name": name,
                "L": L,
                "n": n,
                "sizes": sizes,
                "normalisers": f,
                "mixture": pool.mixture(L, n, f),
                "overlap": pool.overlap(L, n, f),
                "weights": weights,
                "khat": khat,
                "values": x,
                "mcse_mean": of_mean,
                "mcse_sd": of_sd,
                "inflation": [errors.inflation(h, khat) for h in errors.influences(weights, x)],
            }
        )
    return rows


GATED = [
    ("unchanged", [0.0], 0.0),
    ("moderate", [0.0], 0.5),
    ("far", [0.0], 3.0),
    ("very far", [0.0], 9.0),
    ("two fits", [0.0, 2.0], 1.0),
    ("two fits, barely overlapping", [0.0, 7.0], 3.5),
]


def judged(name: str, found: gate.Judgement, inputs: dict[str, Any]) -> dict[str, Any]:
    names = [
        "verdict",
        "reason",
        "khat",
        "ess",
        "mean",
        "sd",
        "mcse_mean",
        "mcse_sd",
        "ntail",
        "log_evidence",
        "evidence_se",
        "evidence_reliable",
    ]
    return {"name": name, **inputs, "expected": {key: getattr(found, key) for key in names}}


def gate_() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name, members, centre in GATED:
        x, L, target, sizes = tilted(15, members, centre, draws=150)
        quantities = np.stack([x, np.exp(x / 2).round(6)])
        inputs = {
            "target": target,
            "L": L,
            "quantities": quantities,
            "sizes": sizes,
            "r_eff": 0.8,
        }
        rows.append(judged(name, gate.judge(target, L, quantities, sizes, 0.8), inputs))
    x, fitted, target, sizes = tilted(15, [0.0], 0.3, draws=150)
    for name, power in [("a mean with a heavy tail", 1.5), ("an sd with a heavy tail", 2.0)]:
        heavy = np.exp(power * x).round(6)[None]
        inputs = {"target": target, "L": fitted, "quantities": heavy, "sizes": sizes, "r_eff": 0.8}
        rows.append(judged(name, gate.judge(target, fitted, heavy, sizes, 0.8), inputs))
    x, _, _, sizes = tilted(15, [0.0], 0.0, draws=150)
    flat = np.zeros((1, len(x)))
    for name, target in [
        ("no draw left", np.full(len(x), -INF)),
        ("cut off", np.where(x < 0.3, 0.0, -INF)),
    ]:
        inputs = {"target": target, "L": flat, "quantities": x[None], "sizes": sizes, "r_eff": 1.0}
        rows.append(judged(name, gate.judge(target, flat, x[None], sizes), inputs))
    return rows


def traps_() -> list[dict[str, Any]]:
    rng = np.random.default_rng(16)
    tau = np.exp(0.4 * chains(rng, 4, 150, 0.3)).round(6) * 5
    sizes = [(4, 150)]
    wide, half = (
        Prior("Uniform", {"lower": 0.0, "upper": 20.0}),
        Prior("HalfNormal", {"sigma": 5.0}),
    )
    rows: list[dict[str, Any]] = []
    for name, fitted, target in [
        ("narrower bounds", wide, Prior("Uniform", {"lower": 0.0, "upper": 10.0})),
        ("wider bounds", wide, Prior("Uniform", {"lower": 0.0, "upper": 30.0})),
        ("out of bounds", wide, half),
        ("other half family", half, Prior("HalfCauchy", {"beta": 5.0})),
        ("far tighter", half, Prior("HalfNormal", {"sigma": 0.3})),
        ("towards zero", Prior("Gamma", {"alpha": 4.0, "beta": 1.0}), half),
    ]:
        change = gate.Change({"tau": target}, [{"tau": fitted}], {"tau": tau})
        rows.append(
            {
                "name": name,
                "draws": tau,
                "sizes": sizes,
                "fitted": {"family": fitted.family, "args": fitted.args},
                "target": {"family": target.family, "args": target.args},
                "hidden": change.hidden("tau", tau, sizes, np.zeros(1)),
                "obstacle": change.obstacle(sizes, np.zeros(1)),
            }
        )
    return rows


VECTORS = {
    "weights_densities": densities_,
    "weights_smoothing": smoothing_,
    "weights_ess": ess_,
    "weights_estimates": estimates_,
    "weights_pool": pool_,
    "weights_gate": gate_,
    "weights_traps": traps_,
}


def made(name: str) -> list[dict[str, Any]]:
    """The cases of one file as JSON will have them."""
    return json.loads(json.dumps(plain(VECTORS[name]())))


def write() -> None:
    """Write every file of vectors."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in VECTORS:
        (FOLDER / f"{name}.json").write_text(json.dumps(made(name)) + "\n")


if __name__ == "__main__":
    write()
