"""The data's density, ECDF or bars over those of their replications."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hierwidgets import checks
from hierwidgets.tables.ppc import units

if TYPE_CHECKING:
    from hierwidgets.tables.ppc_draws import Replications

GRID = 128
LINES = 5
MOST_BARS = 60


def pictures(made: Replications) -> list[str]:
    """The overlays that suit the response, the best first."""
    if made.trials is not None:
        return ["ecdf"]
    if not made.discrete:
        return ["density", "ecdf"]
    top = max(float(made.observed.max()), 1.0)
    return ["rootogram", "bars", "ecdf"] if top > 9 or _counts(made) else ["bars", "ecdf"]


def curves(made: Replications, picture: str) -> pd.DataFrame:
    """The data's curve and the band of the replications'.

    Returns
    -------
    DataFrame
        ``x, observed, lower, median, upper`` (95 % of the replications at each x), and for density and
        ecdf some replications, ``line_0`` to ``line_4``. Bars are shares of rows, a rootogram's the
        square roots of their numbers; where there are very many counts, x is the lowest of a bin.

    Raises
    ------
    ValueError
        A picture that does not suit the response.
    """
    checks.one_of(picture, pictures(made), "a picture of this response")
    y, rep = units(made)
    if picture in ("bars", "rootogram"):
        return _bars(y, rep, root=picture == "rootogram")
    x = _grid(y, rep)
    curve = _densities if picture == "density" else _ecdfs
    some = curve(np.concatenate([y[None], rep[: max(LINES, 300)]]), x)
    low, middle, high = np.quantile(some[1:], [0.025, 0.5, 0.975], axis=0)
    lines = {f"line_{i}": some[1 + i] for i in range(min(LINES, len(rep)))}
    own = {"x": x, "observed": some[0], "lower": low, "median": middle, "upper": high}
    return pd.DataFrame({**own, **lines})


def _grid(y: np.ndarray, rep: np.ndarray) -> np.ndarray:
    """From the data and the middle of the replications, no further than three spans from the data."""
    low, high = np.quantile(rep, [0.001, 0.999])
    span = max(float(np.ptp(y)), 1e-9)
    least = max(min(low, y.min()), y.min() - 3 * span)
    most = min(max(high, y.max()), y.max() + 3 * span)
    return np.linspace(least, most, GRID)


def _densities(values: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Gaussian kernel estimates of several data sets at one grid, of the first one's bandwidth."""
    n = values.shape[1]
    quarter, rest = np.quantile(values[0], [0.25, 0.75])
    spread = (rest - quarter) / 1.349
    sd = values[0].std()
    width = 0.9 * (min(sd, spread) if spread > 0 else sd) * n**-0.2
    step = x[1] - x[0]
    width = max(width, 0.5 * step)
    bins = np.rint((values - x[0]) / step)
    inside = (bins >= 0) & (bins < GRID)
    flat = np.clip(bins, 0, GRID - 1).astype(int) + GRID * np.arange(len(values))[:, None]
    mass = np.bincount(flat[inside], minlength=GRID * len(values)).reshape(-1, GRID)
    kernel = np.exp(-0.5 * ((x[:, None] - x) / width) ** 2) / (width * np.sqrt(2 * np.pi))
    return mass @ kernel / n


def _ecdfs(values: np.ndarray, x: np.ndarray) -> np.ndarray:
    ordered = np.sort(values, axis=1)
    found = [np.searchsorted(one, x, side="right") for one in ordered]
    return np.stack(found) / values.shape[1]


def _bars(y: np.ndarray, rep: np.ndarray, *, root: bool) -> pd.DataFrame:
    top = int(max(y.max(), np.quantile(rep.max(axis=1), 0.975)))
    top = min(top, int(4 * max(y.max(), 5)))
    width = -(-(top + 1) // MOST_BARS)
    count = top // width + 1
    both = np.concatenate([y[None], rep])
    place = (np.minimum(both, (count + 1) * width) // width).astype(int)
    place = np.clip(place, 0, count)
    flat = place + (count + 1) * np.arange(len(both))[:, None]
    numbers = np.bincount(flat.ravel(), minlength=(count + 1) * len(both))
    numbers = numbers.reshape(len(both), -1)[:, :count]
    shown = np.sqrt(numbers) if root else numbers / len(y)
    low, middle, high = np.quantile(shown[1:], [0.025, 0.5, 0.975], axis=0)
    return pd.DataFrame(
        {
            "x": np.arange(count) * width,
            "observed": shown[0],
            "lower": low,
            "median": middle,
            "upper": high,
        }
    )


def _counts(made: Replications) -> bool:
    return float(made.observed.max()) > 1 and float(made.replicated.max()) > made.observed.max()
