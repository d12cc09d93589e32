"""What both pictures of shrinkage share: the dots, their sizes and their axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

from hierwidgets.charts import style

if TYPE_CHECKING:
    import pandas as pd

NUMBER = ".4~g"
AREAS = [16, 160]
FENCE = 3.0
HEAD = "M-4,-2.6L0,0L-4,2.6Z"


def domain(table: pd.DataFrame, more: Sequence[float] | np.ndarray = ()) -> tuple[float, float]:
    """
    The ends of an axis that shows every partial-pooling estimate and the usual own ones.

    Own estimates beyond three interquartile ranges of the others do not stretch it.

    Parameters
    ----------
    table : DataFrame
        Of `hierwidgets.tables.shrinkage`.
    more : sequence of float
        Other values to show.

    Returns
    -------
    (float, float)

    Examples
    --------
    >>> import pandas as pd
    >>> domain(pd.DataFrame({"no_pooling": [0.0, 1, 2, 900], "partial_pooling": [0.5, 1, 1.5, 2],
    ...     "complete_pooling": 1.0, "population": 1.0}))
    (-0.1, 2.1)
    """
    own = table["no_pooling"].to_numpy(dtype=float)
    own = own[np.isfinite(own)]
    always = table[["partial_pooling", "complete_pooling", "population"]].to_numpy(dtype=float)
    shown = np.concatenate([always.ravel(), np.asarray(more, dtype=float)])
    shown = shown[np.isfinite(shown)]
    if own.size:
        low, high = np.quantile(own, [0.25, 0.75])
        reach = FENCE * (high - low)
        shown = np.concatenate([shown, own[(own >= low - reach) & (own <= high + reach)]])
    if not shown.size:
        return 0.0, 1.0
    low, high = float(shown.min()), float(shown.max())
    pad = 0.05 * (high - low) or 0.5
    return low - pad, high + pad


def present(base: alt.Chart, live: bool) -> alt.Chart:
    """Where a group stands: a dot by the posterior, a diamond by the formula."""
    return base.mark_point(
        filled=True,
        stroke=style.colour("paper", live),
        strokeWidth=1,
        aria=False,
        clip=True,
        shape=alt.expr("sliding ? 'diamond' : 'circle'"),
    )


def ghosts(base: alt.Chart, live: bool) -> alt.Chart:
    """The posterior's estimates, left behind while the formula's slide."""
    return base.transform_filter("sliding").mark_point(
        filled=True, shape="circle", fill=style.colour("blue", live), fillOpacity=0.35, aria=False
    )


def area(largest: Any, legend: alt.Legend | None) -> alt.Size:
    """Dots whose area grows with the rows of the group."""
    scale = alt.Scale(domain=[0, largest], range=AREAS)
    return alt.Size("n:Q", scale=scale, legend=legend)


def radius(largest: Any) -> str:
    """The radius of a dot, as an expression of its datum."""
    slope = f"{AREAS[1] - AREAS[0]} * datum.n / {expression(largest)}"
    return f"sqrt(({AREAS[0]} + {slope}) / PI)"


def expression(at: Any) -> str:
    """A number, or the parameter that holds it, inside an expression."""
    if hasattr(at, "to_dict"):
        return str(at.to_dict()["expr"])
    return repr(float(at)) if math.isfinite(at) else "NaN"


def _chosen(live: bool, picked: Sequence[str]) -> Any:
    if live:
        return "indexof(picked, datum.group) >= 0"
    return alt.FieldOneOfPredicate(field="group", oneOf=list(picked))


def sizes(table: pd.DataFrame) -> alt.Legend:
    """The key of the dots' areas: the smallest, a middle and the largest group."""
    least, most = min(table["n"], default=1), max(table["n"], default=1)
    values = sorted({least, (least + most) // 2, most})
    return alt.Legend(title="rows", orient="right", values=values)


def ring(live: bool, picked: Sequence[str]) -> Any:
    """The rim of an own estimate; orange when picked."""
    return (
        alt.when(_chosen(live, picked))
        .then(alt.value(style.colour("orange", live)))
        .otherwise(alt.value(style.colour("soft", live)))
    )


def fill(live: bool, picked: Sequence[str]) -> Any:
    """Blue by the posterior, green by the formula, orange when picked."""
    if live:
        usual: Any = alt.expr("sliding ? green : blue")
    else:
        usual = alt.expr(f"sliding ? '{style.PALETTE['green']}' : '{style.PALETTE['blue']}'")
    return (
        alt.when(_chosen(live, picked))
        .then(alt.value(style.colour("orange", live)))
        .otherwise(alt.value(usual))
    )
