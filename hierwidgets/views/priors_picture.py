"""The static picture of the prior lab: densities and groups, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from hierwidgets import priors
from hierwidgets.charts import priors as charts
from hierwidgets.tables import priors as tables
from hierwidgets.tables import reweight
from hierwidgets.weights import densities, estimates

if TYPE_CHECKING:
    from hierwidgets.fit import Fit
    from hierwidgets.priors import Setting
    from hierwidgets.weights.gate import Judgement

WIDE = 2
GRID = 128


def picture(
    fit: Fit,
    settings: Mapping[str, Setting],
    state: Mapping[str, Any],
    picked: Mapping[str, list[str]],
) -> alt.TopLevelMixin:
    """Densities of every top-level parameter and the groups of the term; withheld where unreliable."""
    fitted = {one.parameter: one.setting for one in priors.top(fit)}
    pool = reweight.pool(fit)
    before, after = (reweight.judged(pool, each) for each in (fitted, settings))
    held = after.verdict == "needs a refit"
    panels = [
        charts.density(
            _density(
                (one, settings[one.parameter]),
                pool.quantities[place],
                (before, None if held else after),
            ),
            title=tables.quantities(fit)[place].name,
        )
        for one, place in _drawn(fit)
    ]
    rows: list[Any] = [alt.hconcat(*panels[i : i + WIDE]) for i in range(0, len(panels), WIDE)]
    parts: list[Any] = [alt.vconcat(*rows)]
    if state["term"] is not None:
        effect = fit.effect(state["term"])
        frame = _groups(fit, state["term"], before, before if held else after)
        shown = frame.head(charts.MOST_ROWS)
        chosen = picked.get(effect.factor, [])
        title = state["term"]
        if len(shown) < len(frame):
            title += f", the lowest {len(shown)} of {len(frame)} groups"
        parts.append(charts.groups(shown, title=title, picked=chosen))
    said = "Withheld: " + after.reason if held else after.verdict.capitalize()
    moved = [f"{name}: {settings[name]}" for name in fitted if settings[name] != fitted[name]]
    heading = alt.TitleParams(said, subtitle=moved or ["Priors as fitted"])
    return alt.hconcat(*parts).properties(title=heading)


def _drawn(fit: Fit) -> list[tuple[priors.Top, int]]:
    """Each top-level parameter with the place of the quantity that stands for it."""
    known = tables.quantities(fit)
    found: list[tuple[priors.Top, int]] = []
    for one in priors.top(fit):
        places = [i for i, quantity in enumerate(known) if quantity.parameter == one.parameter]
        found += [(one, place) for place in places[:1]]
    return found


def _density(
    change: tuple[priors.Top, Setting],
    values: np.ndarray,
    judged: tuple[Judgement, Judgement | None],
) -> pd.DataFrame:
    (one, setting), (before, after) = change, judged
    curves = {"before": estimates.density(values, before.weights)}
    if after is not None:
        curves["after"] = estimates.density(values, after.weights)
    peak = max(float(np.max(y)) for _, y in curves.values())
    frames = [
        pd.DataFrame({"kind": kind, "x": x, "y": y / peak}) for kind, (x, y) in curves.items()
    ]
    grid = np.linspace(values.min(), values.max(), GRID)
    for kind, prior in (("fitted", one.setting), ("prior", setting)):
        if one.fixed:
            continue
        y = prior_density(prior, grid)
        frames.append(pd.DataFrame({"kind": kind, "x": grid, "y": y / (y.max() or 1.0)}))
    return pd.concat(frames, ignore_index=True)


def prior_density(setting: Setting, x: np.ndarray) -> np.ndarray:
    """The prior's density of the first element; of one correlation for an LKJ prior."""
    args = {name: np.ravel(value)[0] for name, value in setting.args.items()}
    if setting.family != priors.LKJ:
        return np.exp(densities.log_density(setting.family, args, x))
    a = args["eta"] - 1 + args["size"] / 2
    inside = np.abs(x) < 1
    out = np.zeros_like(x)
    out[inside] = (1 - x[inside] ** 2) ** (a - 1)
    return out


def _groups(fit: Fit, term: str, before: Judgement, after: Judgement) -> pd.DataFrame:
    effect = fit.effect(term)
    whole = [
        tables.effects(each, term).reshape(-1, len(effect.groups)) for each in tables.members(fit)
    ]
    values = np.concatenate(whole).T
    frame = pd.DataFrame({"group": effect.groups, "label": effect.shown})
    for prefix, judgement in (("before_", before), ("", after)):
        ends = np.array(
            [estimates.quantiles(judgement.weights, row, tables.PROBABILITIES) for row in values]
        )
        frame[f"{prefix}mean"] = values @ judgement.weights
        for name, column in zip(
            ("lower", "inner_lower", "median", "inner_upper", "upper"), ends.T, strict=True
        ):
            frame[f"{prefix}{name}"] = column
    return frame.sort_values("before_mean", kind="stable").reset_index(drop=True)
