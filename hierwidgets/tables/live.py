"""The numbers of a sampler that runs: what each chain has done, and the slowest parameters so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from hierwidgets.tables.curves import decimate
from hierwidgets.tables.diagnostics import diagnostics

SLOWEST = 4
MOST_TOP = 60
MOST_GROUPS = 60
MOST_DRAWS = 2000
LEAST = 20
PIXELS = 80


class Counts(NamedTuple):
    """What one chain has done."""

    done: int
    tuning: bool
    divergences: int
    step_size: float


class Parameter(NamedTuple):
    """One scalar that is watched: a column of a sampler's variable."""

    name: str
    variable: str
    column: int


class Glance(NamedTuple):
    """The draws of a run at one moment.

    Attributes
    ----------
    warming : bool
        Whether what is shown are warm-up draws, which have no diagnostics.
    slowest : DataFrame
        parameter, rhat, ess_bulk: those with the smallest ESS, in the model's order.
    lines : DataFrame
        parameter, chain, draw, value: decimated to `PIXELS` stretches.
    """

    warming: bool
    slowest: pd.DataFrame
    lines: pd.DataFrame


def watched(
    dims: Mapping[str, Sequence[str]],
    coords: Mapping[str, Any],
    names: Sequence[str],
    read: Callable[[str], str],
) -> list[Parameter]:
    """The scalars to watch: those of the population, and group effects spread over all groups.

    Parameters
    ----------
    dims, coords : mapping
        Dimensions of each variable, and their labels.
    names : sequence of str
        The variables; offsets are left out.
    read : callable
        How a variable is called in the view.

    Examples
    --------
    >>> watched({"a": ["g"]}, {"g": ["x", "y"]}, ["a", "b"], str)[-1].name
    'b'
    """
    found: list[Parameter] = []
    for name in names:
        own = list(dims.get(name, ()))
        if name.endswith(("_offset", "_cpc")):
            continue
        sizes = [len(coords[dim]) for dim in own]
        total = math.prod(sizes)
        grouped = any(dim.endswith("__factor_dim") for dim in own)
        most = min(total, MOST_GROUPS if grouped else MOST_TOP)
        for column in np.unique(np.linspace(0, total - 1, most).round().astype(int)):
            at = np.unravel_index(column, sizes) if sizes else ()
            labels = [str(coords[dim][i]) for dim, i in zip(own, at, strict=True)]
            shown = f"{read(name)}[{', '.join(labels)}]" if labels else read(name)
            found.append(Parameter(shown, name, int(column)))
    return found


def glance(
    draws: Sequence[Mapping[str, np.ndarray]], tuning: Sequence[np.ndarray], known: list[Parameter]
) -> Glance:
    """The slowest parameters of the draws so far, and their lines.

    R-hat and ESS are of kept draws alone, of the chains that have at least half as many as the
    longest, cut to the shortest of these; of more than `MOST_DRAWS` every n-th is taken.

    Parameters
    ----------
    draws : sequence of mapping
        Of each chain: the variables' values, shape (steps, size).
    tuning : sequence of ndarray
        Of each chain: which steps were warm-up.
    known : list of Parameter
    """
    kept = [int((~chain).sum()) for chain in tuning]
    longest = max(kept, default=0)
    warming = longest < LEAST
    rows = [np.flatnonzero(chain) if warming else np.flatnonzero(~chain) for chain in tuning]
    if warming:
        rows = [chain[len(chain) // 2 :] for chain in rows]
    used = [i for i, n in enumerate(kept) if n >= max(LEAST, longest / 2)]
    slow = list(range(min(SLOWEST, len(known))))
    rhat = ess = np.full(len(known), np.nan)
    if used:
        length = min(kept[i] for i in used)
        step = math.ceil(length / MOST_DRAWS)
        values = np.stack([_values(draws[i], rows[i][:length:step], known) for i in used])
        rhat, ess, _ = diagnostics(values)
        order = np.argsort(np.where(np.isfinite(ess), ess, np.inf), kind="stable")
        slow = sorted(order[:SLOWEST].tolist())
    chosen = [known[i] for i in slow]
    return Glance(
        warming,
        pd.DataFrame(
            {
                "parameter": [one.name for one in chosen],
                "rhat": rhat[slow],
                "ess_bulk": ess[slow],
            }
        ),
        _lines(draws, rows, chosen, warming),
    )


def _values(
    chain: Mapping[str, np.ndarray], rows: np.ndarray, known: list[Parameter]
) -> np.ndarray:
    """Shape (rows, parameters)."""
    taken = {name: chain[name][rows] for name in {one.variable for one in known}}
    return np.stack([taken[one.variable][:, one.column] for one in known], axis=1)


def _lines(
    draws: Sequence[Mapping[str, np.ndarray]],
    rows: list[np.ndarray],
    chosen: list[Parameter],
    warming: bool,
) -> pd.DataFrame:
    def first(own: np.ndarray) -> int:
        return 0 if warming else int(own[0])

    tables = [pd.DataFrame({"parameter": [], "chain": [], "draw": [], "value": []})]
    for i, own in enumerate(rows):
        if len(own) < 2:
            continue
        values = _values(draws[i], own, chosen)
        values = np.where(np.isfinite(values), values, np.nan)
        for column, one in enumerate(chosen):
            at = decimate(values[:, column], PIXELS)
            tables.append(
                pd.DataFrame(
                    {
                        "parameter": one.name,
                        "chain": i,
                        "draw": own[at] - first(own),
                        "value": values[at, column],
                    }
                )
            )
    return pd.concat(tables[1:] or tables, ignore_index=True)
