"""Does the model reproduce the data: test statistics, of all rows and by group."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from hierwidgets import design, terms

if TYPE_CHECKING:
    from hierwidgets.fit import Fit
    from hierwidgets.tables.ppc_draws import Replications
    from hierwidgets.terms import Effect

Statistic = str | Callable[[np.ndarray], float]
PLAIN = ("mean", "sd", "min", "max", "zeros")
FURTHER = ("extreme", "scatter", "dispersion", "slope")
STATISTICS = ("battery", *PLAIN, *FURTHER)
LIMIT = 0.05
FEWEST = 3


class Surprise(NamedTuple):
    """How many groups surprise, and how many would by chance: expected, and a 95 % interval.

    `least` is what the smallest probability of so many groups stays above in 95 % of cases.
    """

    groups: int
    found: int
    expected: float
    lower: int
    upper: int
    least: float


class Battery(NamedTuple):
    """Statistics of rows by group, at the data (groups,) and at each replication (draws, groups)."""

    observed: np.ndarray
    replicated: np.ndarray


def units(made: Replications) -> tuple[np.ndarray, np.ndarray]:
    """The observed and the replicated response; proportions where there are trials."""
    if made.trials is None:
        return made.observed, made.replicated
    return made.observed / made.trials, made.replicated / made.trials


def statistics(
    made: Replications, extra: Statistic | None = None, slope: np.ndarray | None = None
) -> pd.DataFrame:
    """Test statistics of all rows against their replications.

    Parameters
    ----------
    made : Replications
    extra : callable, optional
        A further statistic: takes the response (rows,), gives a number.
    slope : ndarray, shape (rows,), optional
        The predictor of the statistic "slope".

    Returns
    -------
    DataFrame
        ``statistic, observed, lower, median, upper`` (95 % of the replications) and ``probability``:
        two-sided, twice the smaller share of replications beyond the observed, ties half. Zeros are
        not counted where the response is continuous and has none.

    Examples
    --------
    >>> statistics(replications(fit))[["statistic", "observed", "probability"]]
    """
    whole = np.zeros(made.observed.shape, int)
    possible = made.discrete or bool((made.observed == 0).any())
    plain = [one for one in PLAIN if possible or one != "zeros"]
    chosen: list[Statistic] = [*plain, *battery(made, slope)[1:]]
    if extra is not None and not isinstance(extra, str):
        chosen.append(extra)
    rows = []
    for one in chosen:
        found = by_statistic(made, whole, one, slope)
        low, middle, high = np.nanquantile(found.replicated[:, 0], [0.025, 0.5, 0.975])
        rows.append(
            {
                "statistic": name(one),
                "observed": float(found.observed[0]),
                "lower": low,
                "median": middle,
                "upper": high,
                "probability": float(two_sided(found)[0]),
            }
        )
    return pd.DataFrame(rows)


def name(statistic: Statistic) -> str:
    """What a statistic is called."""
    return statistic if isinstance(statistic, str) else getattr(statistic, "__name__", "statistic")


def by_statistic(
    made: Replications, index: np.ndarray, statistic: Statistic, slope: np.ndarray | None = None
) -> Battery:
    """A statistic of each group's rows. NaN where a group has too few rows for it.

    Parameters
    ----------
    made : Replications
    index : ndarray of int, shape (rows,)
        The group of each row, all from 0 without a gap.
    statistic : str or callable
        mean, sd, min, max, zeros (the share); extreme (the largest distance from the group's
        median); scatter (the sd about the group's own least-squares line, or its mean); dispersion
        (Pearson's statistic of counts over n - 1: variance over mean, or over that of binomial
        counts of the group's own share); slope (least squares); or a function of the response
        (rows,).
    slope : ndarray, shape (rows,), optional
    """
    order = np.argsort(index, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(index[order]) > 0])
    n = np.diff(np.r_[starts, len(index)])
    y, rep = units(made)
    both = np.concatenate([y[None], rep])[:, order]
    if not isinstance(statistic, str):
        values = _asked(statistic, both, starts, n)
    elif statistic == "scatter":
        values = _scatter(both, None if slope is None else slope[order], starts, n)
    elif statistic == "dispersion":
        values = _dispersion(both, None if made.trials is None else made.trials[order], starts, n)
    elif statistic == "slope":
        if slope is None:
            raise ValueError(
                "The statistic 'slope' needs a numeric predictor, and the model has none that varies."
            )
        values = _slopes(both, slope[order], starts, n)
    else:
        values = _PLAIN[statistic](both, starts, n)
    return Battery(values[0], values[1:])


def two_sided(found: Battery) -> np.ndarray:
    """Twice the smaller tail of each group, ties half; at least 1 / (draws + 1); NaN where missing."""
    draws = len(found.replicated)
    below = (found.replicated < found.observed).sum(axis=0)
    tied = (found.replicated == found.observed).sum(axis=0)
    share = (below + 0.5 * tied + 0.5) / (draws + 1)
    p = np.clip(2 * np.minimum(share, 1 - share), 1 / (draws + 1), 1.0)
    return np.where(np.isfinite(found.observed), p, np.nan)


def battery(made: Replications, slope: np.ndarray | None = None) -> list[str]:
    """The statistics that are looked at together by default: of level, of spread, of slope."""
    found = ["mean"]
    if not made.discrete:
        found += ["scatter", "extreme"]
    elif made.trials is not None or float(made.observed.max()) > 1:
        found.append("dispersion")
    return found + (["slope"] if slope is not None else [])


def groups(
    made: Replications,
    effect: Effect,
    statistic: Statistic = "battery",
    slope: np.ndarray | None = None,
) -> pd.DataFrame:
    """Each group's statistic against its replications, the most surprising first.

    Parameters
    ----------
    made : Replications
        With the same groups or with new ones.
    effect : Effect
        Any that varies over the factor.
    statistic : str or callable
        "battery", the default, takes the smallest tail probability over `battery` and corrects for
        having looked at several: its probability is that of so small a minimum among the
        replications themselves. Westfall and Young (1993), Resampling-Based Multiple Testing.
    slope : ndarray, shape (rows,), optional
        The predictor of "slope" and "scatter".

    Returns
    -------
    DataFrame
        ``group, n, statistic`` (the one that gave the smallest), ``observed, lower, median, upper,
        probability, distance`` (of the observed from the replications' mean in their standard
        deviations, which orders equal probabilities) and ``reason`` why there is none.

    Examples
    --------
    >>> groups(replications(fit, new="Subject"), fit.effects[0]).head()
    """
    found = of_groups(made, effect.index, statistic, slope)
    found.insert(0, "group", [effect.groups[j] for j in found.index])
    return found.reset_index(drop=True)


def of_groups(
    made: Replications,
    index: np.ndarray,
    statistic: Statistic = "battery",
    slope: np.ndarray | None = None,
) -> pd.DataFrame:
    """The table of `groups` without labels: its index is the group's number."""
    n = np.bincount(index)
    names: list[Statistic] = [statistic]
    if statistic == "battery":
        names = list(battery(made, slope))
    found = [by_statistic(made, index, one, slope) for one in names]
    each = np.stack([two_sided(one) for one in found])
    missing = ~np.isfinite(each).any(axis=0)
    best = np.where(np.isfinite(each), each, np.inf).argmin(axis=0)
    probability = each[0] if len(found) == 1 else _corrected(found, each)
    at = np.arange(len(n))
    observed = np.stack([one.observed for one in found])[best, at]
    spread = np.stack([_summary(one.replicated) for one in found])[best, :, at]
    reach = np.stack([np.abs(_distance(one)) for one in found])
    distance = np.where(np.isfinite(reach), reach, -np.inf).max(axis=0)
    table = pd.DataFrame(
        {
            "n": n,
            "statistic": np.array([name(one) for one in names], object)[best],
            "observed": observed,
            "lower": spread[:, 0],
            "median": spread[:, 1],
            "upper": spread[:, 2],
            "probability": probability,
            "distance": np.where(missing, np.nan, distance),
            "reason": np.where(missing, _reason(names[0]), ""),
        }
    )
    table.loc[missing, ["observed", "lower", "median", "upper"]] = np.nan
    return table.sort_values(
        ["probability", "distance"], ascending=[True, False], na_position="last", kind="stable"
    )


def chance(table: pd.DataFrame) -> Surprise:
    """How many of the groups have a probability below 0.05, and how many would by chance."""
    p = table["probability"].dropna().to_numpy()
    count = len(p)
    if count == 0:
        return Surprise(0, 0, 0.0, 0, 0, np.nan)
    low, high = stats.binom.interval(0.95, count, LIMIT)
    least = 1 - (1 - LIMIT) ** (1 / count)
    return Surprise(count, int((p < LIMIT).sum()), LIMIT * count, int(low), int(high), float(least))


def predictor(fit: Fit) -> tuple[str, np.ndarray] | None:
    """The first numeric column that predicts the response and is not constant, if there is any."""
    for column, kind in design.predictors(fit.model, terms.parent(fit.model)).items():
        if kind == "numeric" and column not in design.response_columns(fit.model):
            values = np.asarray(fit.data[column], float)
            if np.ptp(values) > 0:
                return column, values
    return None


def _summary(values: np.ndarray) -> np.ndarray:
    """Quantiles (3, groups)."""
    ordered = np.sort(values, axis=0)
    last = len(values) - 1
    return ordered[[round(0.025 * last), round(0.5 * last), round(0.975 * last)]]


def _distance(found: Battery) -> np.ndarray:
    sd = found.replicated.std(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        away = (found.observed - found.replicated.mean(axis=0)) / sd
    return np.where(sd > 0, away, 0.0 * found.observed)


def _corrected(found: list[Battery], each: np.ndarray) -> np.ndarray:
    """The probability of so small a minimum over several statistics, by group.

    Equal minima, at the ends of the replications, are ordered by the largest distance.
    """
    draws, count = found[0].replicated.shape
    least, away = np.full((draws + 1, count), np.inf), np.zeros((draws + 1, count))
    for one in found:
        known = np.isfinite(one.observed)
        together = np.where(known, np.concatenate([one.observed[None], one.replicated]), 0.0)
        share = (stats.rankdata(together, axis=0) - 0.5) / (draws + 1)
        p = np.where(known, 2 * np.minimum(share, 1 - share), np.inf)
        least = np.minimum(least, p)
        sd = together.std(axis=0)
        away = np.maximum(away, np.abs(together - together.mean(axis=0)) / np.where(sd > 0, sd, 1))
    score = least - away / (1 + away) / (2 * (draws + 1))
    below = (score[1:] < score[0]).sum(axis=0) + 0.5 * (score[1:] == score[0]).sum(axis=0)
    return np.where(np.isfinite(each).any(axis=0), (below + 0.5) / (draws + 1), np.nan)


def _asked(
    statistic: Callable[[np.ndarray], float], both: np.ndarray, starts: np.ndarray, n: np.ndarray
) -> np.ndarray:
    values = np.empty((len(both), len(starts)))
    for j, (start, size) in enumerate(zip(starts, n, strict=True)):
        for s, row in enumerate(both[:, start : start + size]):
            values[s, j] = _number(statistic, row)
    return values


def _number(statistic: Callable[[np.ndarray], float], row: np.ndarray) -> float:
    found: Any = np.asarray(statistic(row))
    if found.shape != () or found.dtype.kind not in "fiub":
        raise TypeError(
            f"The statistic {name(statistic)!r} must give one number for a response of shape (rows,); "
            f"it gave {found!r}."
        )
    return float(found)


def _means(both: np.ndarray, starts: np.ndarray, n: np.ndarray) -> np.ndarray:
    return np.add.reduceat(both, starts, axis=1) / n


def _sds(both: np.ndarray, starts: np.ndarray, n: np.ndarray) -> np.ndarray:
    away = both - np.repeat(_means(both, starts, n), n, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.sqrt(np.add.reduceat(away**2, starts, axis=1) / (n - 1))
    return np.where(n >= 2, found, np.nan)


def _slopes(both: np.ndarray, x: np.ndarray, starts: np.ndarray, n: np.ndarray) -> np.ndarray:
    centred = x - np.repeat(np.add.reduceat(x, starts) / n, n)
    size = np.add.reduceat(centred**2, starts)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.add.reduceat(both * centred, starts, axis=1) / size
    enough = (n >= FEWEST) & (size > 1e-12 * max(float(np.ptp(x)) ** 2, 1e-300))
    return np.where(enough, found, np.nan)


def _scatter(
    both: np.ndarray, x: np.ndarray | None, starts: np.ndarray, n: np.ndarray
) -> np.ndarray:
    away = both - np.repeat(_means(both, starts, n), n, axis=1)
    free = n - 1
    if x is not None:
        slopes = np.nan_to_num(_slopes(both, x, starts, n))
        away -= np.repeat(slopes, n, axis=1) * (x - np.repeat(np.add.reduceat(x, starts) / n, n))
        free = np.where(np.isfinite(_slopes(both[:1], x, starts, n)[0]), n - 2, n - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.sqrt(np.add.reduceat(away**2, starts, axis=1) / free)
    return np.where(free >= 1, found, np.nan)


def _extreme(both: np.ndarray, starts: np.ndarray, n: np.ndarray) -> np.ndarray:
    parts = [
        np.abs(part - np.median(part, axis=1, keepdims=True)).max(axis=1)
        for part in (both[:, start : start + size] for start, size in zip(starts, n, strict=True))
    ]
    return np.where(n >= FEWEST, np.stack(parts, axis=1), np.nan)


def _dispersion(
    both: np.ndarray, trials: np.ndarray | None, starts: np.ndarray, n: np.ndarray
) -> np.ndarray:
    weights = np.ones(both.shape[1]) if trials is None else trials
    mean = np.add.reduceat(both * weights, starts, axis=1) / np.add.reduceat(weights, starts)
    variance = mean if trials is None else mean * (1 - mean)
    away = (both - np.repeat(mean, n, axis=1)) ** 2 * weights
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.add.reduceat(away, starts, axis=1) / (variance * (n - 1))
    return np.where(n >= 2, np.where(variance > 0, found, 0.0), np.nan)


def _reason(statistic: Statistic) -> str:
    if statistic == "slope":
        return "too few different values of the predictor"
    return "too few rows for it"


_PLAIN: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    "mean": _means,
    "sd": _sds,
    "min": lambda both, starts, _n: np.minimum.reduceat(both, starts, axis=1),
    "max": lambda both, starts, _n: np.maximum.reduceat(both, starts, axis=1),
    "extreme": _extreme,
    "zeros": lambda both, starts, n: _means((both == 0).astype(float), starts, n),
}
