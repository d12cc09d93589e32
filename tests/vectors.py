"""Writes js/test/vectors/*.json: what Python and TypeScript must both compute.

The numbers come from SciPy, NumPy's linear algebra and definitions spelled out slowly, not from
the functions under test. Run ``python -m tests.vectors`` to write them again; a test says whether
the files are up to date.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.linalg import block_diag
from scipy.stats import gaussian_kde, rankdata

FOLDER = Path(__file__).parents[1] / "js" / "test" / "vectors"


def extremes(values: np.ndarray, pixels: int) -> list[int]:
    """The definition of a decimated line, one column at a time."""
    n = len(values)
    if n <= 2 * pixels:
        return list(range(n))
    keep = {0, n - 1}
    for c in range(pixels):
        column = range(c * n // pixels, (c + 1) * n // pixels)
        keep.add(min(column, key=lambda i: (values[i], i)))
        keep.add(min(column, key=lambda i: (-values[i], i)))
    return sorted(keep)


def decimate() -> list[dict[str, Any]]:
    rng = np.random.default_rng(1)
    cases = {
        "walk": (np.cumsum(rng.normal(size=500)).round(6), 60),
        "ties": (rng.integers(0, 3, size=101).astype(float), 13),
        "short": (rng.normal(size=20).round(6), 10),
        "one column": (rng.normal(size=31).round(6), 1),
    }
    return [
        {"name": name, "values": v.tolist(), "pixels": p, "expected": extremes(v, p)}
        for name, (v, p) in cases.items()
    ]


def reflected_density(values: np.ndarray, grid: int) -> tuple[np.ndarray, np.ndarray]:
    """SciPy's kernel density of the linearly binned draws, folded back at both ends."""
    quartiles = np.quantile(values, [0.25, 0.75])
    sd = values.std(ddof=1)
    spread = (quartiles[1] - quartiles[0]) / 1.349
    width = 0.9 * (min(sd, spread) if spread > 0 else sd) * len(values) ** -0.2
    low, high = values.min(), values.max()
    bins = np.linspace(low, high, 1024)
    mass = np.zeros(1024)
    for v in values:
        at = min(int(np.searchsorted(bins, v, side="right")) - 1, 1022)
        share = (v - bins[at]) / (bins[1] - bins[0])
        mass[at] += 1 - share
        mass[at + 1] += share
    smooth = gaussian_kde(bins, weights=mass, bw_method=1.0)
    spread_of_bins = np.sqrt(smooth.covariance[0, 0])
    smooth.set_bandwidth(width / spread_of_bins)
    x = np.linspace(low, high, grid)
    density = smooth(x) + smooth(2 * low - x) + smooth(2 * high - x)
    return x, density / np.trapezoid(density, x)


def kde() -> list[dict[str, Any]]:
    rng = np.random.default_rng(2)
    cases = {
        "normal": rng.normal(10, 3, size=400),
        "against zero": np.abs(rng.normal(0, 0.5, size=300)),
        "two humps": np.concatenate([rng.normal(-4, 1, 150), rng.normal(4, 0.5, 150)]),
        "no quartile range": np.concatenate([np.zeros(60), rng.normal(size=20)]),
        "large offset": 1e6 + rng.normal(size=200),
    }
    rows = []
    for name, raw in cases.items():
        values = raw.round(6)
        x, density = reflected_density(values, 128)
        rows.append(
            {"name": name, "values": values.tolist(), "x": x.tolist(), "density": density.tolist()}
        )
    rows.append({"name": "constant", "values": [2.5] * 5, "x": [2.5], "density": [1.0]})
    return rows


def rank_counts() -> list[dict[str, Any]]:
    rng = np.random.default_rng(3)
    cases = {
        "agreeing": (rng.normal(size=(4, 250)).round(6), 20),
        "one chain off": (rng.normal(size=(3, 100)).round(6) + np.array([[0.0], [0], [2]]), 20),
        "ties": (rng.integers(0, 4, size=(2, 60)).astype(float), 7),
        "all equal": (np.full((2, 10), 3.0), 5),
    }
    rows = []
    for name, (values, bins) in cases.items():
        ranks = rankdata(values, method="average").reshape(values.shape)
        edges = np.minimum(bins - 1, ((ranks - 0.5) / values.size * bins).astype(int))
        counts = [[int((chain == b).sum()) for b in range(bins)] for chain in edges]
        rows.append({"name": name, "values": values.tolist(), "bins": bins, "expected": counts})
    return rows


def pooled(
    designs: list[np.ndarray],
    responses: list[np.ndarray],
    residual: float,
    within: np.ndarray,
    free: list[bool],
    *,
    fixed: Sequence[float] | np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Generalised least squares and best linear unbiased prediction on the whole data at once."""
    x, y, z = np.concatenate(designs), np.concatenate(responses), block_diag(*designs)
    sigma = np.kron(np.eye(len(designs)), within)
    inverse = np.linalg.inv(z @ sigma @ z.T + residual**2 * np.eye(len(y)))
    centre = np.array(fixed, dtype=float)
    x_free = x[:, free]
    if any(free):
        rest = y - x @ centre
        centre[free] = np.linalg.solve(x_free.T @ inverse @ x_free, x_free.T @ inverse @ rest)
    effects = (sigma @ z.T @ inverse @ (y - x @ centre)).reshape(len(designs), -1)
    shares = [
        np.diag(within @ d.T @ np.linalg.inv(d @ within @ d.T + residual**2 * np.eye(len(d))) @ d)
        for d in designs
    ]
    return centre + effects, np.array(shares), centre


def slide() -> list[dict[str, Any]]:
    rng = np.random.default_rng(4)
    rows = []
    plane = np.array([[1.0, -0.7], [-0.7, 1.0]])
    space = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, -0.3], [0.2, -0.3, 1.0]])
    means = {"a slope around a given mean": [0.0, 1.5], "all around a given mean": [2.5]}
    level = np.array([[1.0, 2.5], [0.0, 1.0]])
    cells = np.array([[1.0, 0.0, -3.0], [0.0, 1.0, 2.0], [0.0, 0.0, 1.0]])
    for name, sizes, correlation, free, scales, *moved in [
        ("intercepts", [1, 3, 9, 30], np.eye(1), [True], [[0.7], [0.0], [5.0]]),
        (
            "intercept and slope",
            [2, 4, 6, 10, 15],
            np.eye(2),
            [True, True],
            [[1.2, 0.4], [0.0, 0.0], [1.2, 0.0], [30.0, 20.0]],
        ),
        ("correlated", [1, 4, 6, 10, 15], plane, [True, True], [[1.2, 0.4], [30.0, 20.0]]),
        ("no slope in the population", [2, 4, 6, 10], plane, [True, False], [[1.2, 0.4]]),
        ("deviations alone", [2, 4, 6, 10], np.eye(1), [False], [[1.2]]),
        (
            "three effects, some groups with one row",
            [1, 1, 5, 8, 9],
            np.eye(3),
            [True] * 3,
            [[1.0, 0.5, 0.25]],
        ),
        ("three correlated", [1, 1, 5, 8, 9], space, [True] * 3, [[1.0, 0.5, 0.25]]),
        ("a slope around a given mean", [2, 4, 6, 10], plane, [True, False], [[1.2, 0.4], [0, 0]]),
        ("all around a given mean", [2, 4, 6, 10], np.eye(1), [False], [[1.2]]),
        ("a level elsewhere", [2, 4, 6, 10], plane, [True] * 2, [[1.2, 0.4], [1.2, 0.0]], level),
        ("two levels elsewhere", [1, 5, 8, 9], space, [True] * 3, [[1.0, 0.5, 0.25]], cells),
    ]:
        effects = len(correlation)
        place = moved[0] if moved else np.eye(effects)
        back = np.linalg.inv(place)
        designs = [
            np.column_stack([np.ones(n), rng.normal(size=(n, effects - 1))]).round(4) for n in sizes
        ]
        responses = [
            (d @ (2 + rng.normal(size=effects)) + rng.normal(size=len(d))).round(4) for d in designs
        ]
        residual = 1.3
        problem = {
            "precision": [(d.T @ d / residual**2).tolist() for d in designs],
            "score": [
                (d.T @ y / residual**2).tolist() for d, y in zip(designs, responses, strict=True)
            ],
        }
        fixed = means.get(name, [0.0] * effects)
        for scale in scales:
            within = place @ (np.outer(scale, scale) * correlation) @ place.T
            there = [d @ back for d in designs]
            estimates, weight, centre = pooled(
                there, responses, residual, within, free, fixed=place @ np.asarray(fixed)
            )
            rows.append(
                {
                    "name": f"{name} at {scale}",
                    **problem,
                    "scales": scale,
                    "correlation": correlation.tolist(),
                    "free": free,
                    "fixed": fixed,
                    "place": place.tolist(),
                    "estimates": estimates.tolist(),
                    "weight": weight.tolist(),
                    "centre": centre.tolist(),
                }
            )
    return rows


def short() -> list[dict[str, Any]]:
    """Numbers as they are to be read, written by hand; a half goes away from zero."""
    said = [
        ("0", 4, "0"),
        ("298.50789", 4, "298.5"),
        ("-2.5061e-08", 4, "−2.506e−8"),
        ("2.50301e14", 4, "2.503e14"),
        ("2.50301e14", 3, "2.5e14"),
        ("-1e12", 4, "−1e12"),
        ("1234567", 4, "1235000"),
        ("9999999.9", 4, "1e7"),
        ("9999499", 4, "9999000"),
        ("0.0001", 4, "0.0001"),
        ("0.00012345678", 6, "0.000123457"),
        ("0.000099995001", 4, "0.0001"),
        ("0.00009999", 4, "9.999e−5"),
        ("12345", 4, "12350"),
        ("-0.5", 4, "−0.5"),
        ("2.5", 1, "3"),
        ("100", 4, "100"),
        ("1e300", 4, "1e300"),
        ("5e-324", 2, "4.9e−324"),
        ("nan", 4, "–"),
        ("inf", 4, "–"),
    ]
    return [{"value": v, "digits": d, "expected": text} for v, d, text in said]


VECTORS = {
    "decimate": decimate,
    "kde": kde,
    "rank_counts": rank_counts,
    "short": short,
    "slide": slide,
}


def write() -> None:
    """Write every file of vectors."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in VECTORS.items():
        (FOLDER / f"{name}.json").write_text(json.dumps(make(), indent=None) + "\n")


def read(name: str) -> list[dict[str, Any]]:
    """The cases of one file."""
    return json.loads((FOLDER / f"{name}.json").read_text())


if __name__ == "__main__":
    write()
