"""What the variance view draws and says, as rows with words: the same on the page and in a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hierwidgets import numbers, terms
from hierwidgets.charts.variance import HUES
from hierwidgets.tables import icc
from hierwidgets.tables import variance as tables
from hierwidgets.tables.heavy import no_variance, odd
from hierwidgets.tables.residual import GOLDSTEIN

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

JOHNSON = "Johnson (2014), Methods in Ecology and Evolution 5, 944-946, doi:10.1111/2041-210X.12225"
PARDOE = "Gelman and Pardoe (2006), Technometrics 48, 241-251, doi:10.1198/004017005000000517"
PLACES = ["lower", "inner_lower", "median", "inner_upper", "upper"]


@dataclass(frozen=True)
class Panel:
    """The scales that share one axis: those of one component."""

    title: str
    most: float
    rows: pd.DataFrame
    density: pd.DataFrame


def hues(fit: Fit) -> dict[str, str]:
    """A colour for each grouping factor; the last of `HUES` is the residual's."""
    return {factor: HUES[i % (len(HUES) - 1)] for i, factor in enumerate(fit.factors)}


def panels(fit: Fit) -> list[Panel]:
    """The scales of each component with their densities, those of the main formula first."""
    table = tables.scales(fit)
    density = tables.densities(fit)
    main = terms.parent(fit.model)
    found = list(dict.fromkeys([main, *table["component"]]))
    colour = hues(fit) | {"": HUES[-1]}
    made: list[Panel] = []
    for component in found:
        own = table[table["component"] == component]
        if own.empty:
            continue
        rows = own[PLACES].reset_index(drop=True)
        rows.insert(0, "row", np.arange(len(own)))
        rows["label"] = [_label(fit, row.term, row.effect) for row in own.itertuples()]
        rows["said"] = [_said(row) for row in own.to_dict("records")]
        rows["told"] = [f"{a}: {b}" for a, b in zip(rows["label"], rows["said"], strict=True)]
        rows["hue"] = [colour[factor] for factor in own["factor"]]
        rows["fixed"] = (rows["lower"] == rows["upper"]).astype(int)
        place = {int(at): i for i, at in enumerate(own.index)}
        curves = density[density["row"].isin(list(place))].copy()
        curves["row"] = curves["row"].map(place)
        curves["hue"] = curves["row"].map(rows["hue"])
        most = _end(curves, rows)
        curves = curves[curves["value"] <= most]
        tallest = curves.groupby("row")["density"].transform("max")
        curves["height"] = curves["density"] / tallest
        curves = curves.drop(columns="density").reset_index(drop=True)
        made.append(Panel(_axis(fit, component), most, rows, curves))
    return made


def share_rows(fit: Fit) -> pd.DataFrame:
    """The share of each level as a piece of one bar, and with its intervals."""
    table = icc.icc(fit)
    rows = table[["mean", "lower", "inner_lower", "inner_upper", "upper"]].copy()
    rows.insert(0, "row", np.arange(len(table)))
    rows["end"] = rows["mean"].cumsum()
    rows["start"] = rows["end"] - rows["mean"]
    colour = hues(fit) | {"": HUES[-1]}
    rows["hue"] = [colour[factor] for factor in table["factor"]]
    rows["label"] = [f"between {factor}" if factor else "residual" for factor in table["factor"]]
    rows["said"] = [
        f"{percent(mean)} % ({percent(lower)} to {percent(upper)} %)"
        for mean, lower, upper in rows[["mean", "lower", "upper"]].itertuples(index=False)
    ]
    rows["told"] = [f"{a}: {b}" for a, b in zip(rows["label"], rows["said"], strict=True)]
    return rows


def cell_rows(fit: Fit, factor: str) -> list[tuple[str, pd.DataFrame]]:
    """The correlation matrix of each component's effects over `factor`, as titled cells."""
    table = tables.correlations(fit)
    main = terms.parent(fit.model)
    made: list[tuple[str, pd.DataFrame]] = []
    for component, own in table[table["factor"] == factor].groupby("component", sort=False):
        names = list(dict.fromkeys([*own["one"], *own["other"]]))
        cells: list[dict[str, object]] = []
        for i, name in enumerate(names):
            shown = "intercept" if name == "1" else name
            own_cell = {"name": shown, "said": shown, "told": shown}
            cells.append(_cell((i, i), **own_cell, hue=HUES[-1], strength=0.18))
        for row in own.to_dict("records"):
            mean, sign = row["mean"], "blue" if row["mean"] >= 0 else "orange"
            said, within = _signed(mean), f"{_signed(row['lower'])} to {_signed(row['upper'])}"
            at = names.index(row["one"]), names.index(row["other"])
            pair = f"{cells[at[0]]['name']} with {cells[at[1]]['name']}"
            told = f"{pair}: {said} ({within})"
            strength = 0.1 + 0.45 * abs(mean)
            cells.append(
                _cell(at, said=said, within=within, told=told, hue=sign, strength=strength)
            )
        where = "" if component == main else f", {component}"
        made.append((f"Correlations over {factor}{where}", pd.DataFrame(cells)))
    return made


def independence(fit: Fit, factor: str) -> str:
    """The sentence that no correlation was estimated, where two effects could have had one."""
    lone = [e for e in fit.effects if e.factor == factor and not e.joint]
    if all(len(fit.siblings(effect)) < 2 for effect in lone):
        return ""
    return (
        f"The effects that vary over {factor} are independent by the model: it estimates no "
        "correlation. correlated=True makes one."
    )


def statements(fit: Fit) -> list[str]:
    """What the shares say, in words."""
    table = icc.icc(fit)
    parts = icc.decompose(fit)
    residual = parts.residual
    if parts.reason:
        return [f"There are no shares of variance: {parts.reason}."]
    where = "" if residual.scale == "the scale of the response" else f", on {residual.scale}"
    said: list[str] = []
    for row in table[table["level"] == "group"].to_dict("records"):
        sloped = ", on average over the rows" if _sloped(fit, row["factor"]) else ""
        said.append(
            f"{percent(row['mean'])} % of the variance lies between the groups of {row['factor']} "
            f"(95 % interval {percent(row['lower'])} to {percent(row['upper'])} %){sloped}{where}."
        )
    return said


def notes(fit: Fit) -> list[str]:
    """How the numbers are defined, and who defined them."""
    parts = icc.decompose(fit)
    residual = parts.residual
    out: list[str] = []
    if not parts.reason:
        kind = "" if residual.exact else " (an approximation)"
        out.append(
            "Share (ICC, VPC): the variance between the groups of a factor, of the sum of all levels "
            f"and the residual variance, on {residual.scale}, given the predictors. Residual "
            f"variance{kind}: {residual.formula}. {residual.source}."
        )
        if any(_sloped(fit, factor) for factor in icc.levels(fit)):
            out.append(
                "With effects of a predictor that vary, the variance between groups at a row is "
                f"z'Σz: the share is of its average over the rows of the data. {JOHNSON}."
            )
        if any(icc.predictors(fit, factor) for factor in icc.levels(fit)):
            out.append(
                "The curve is the share at each value of the predictor, other columns and a residual "
                f"variance that differs by row averaged over the rows. {GOLDSTEIN}."
            )
    if any(tables.computed(fit, effect) for effect in odd(fit.effects)):
        out.append(
            "Standard deviations of Student-t effects are sigma sqrt(nu / (nu - 2)), not their scale sigma."
        )
    out.append(
        "λ: the pooling factor of a scale's group effects, 0 for no pooling and 1 for complete "
        f"pooling: 1 - Var(E(u)) / E(Var(u)) over the groups. {PARDOE}."
    )
    return out


def percent(share: float) -> str:
    """A share as a number of percent, without a sign.

    Examples
    --------
    >>> percent(0.4512), percent(0.0123), percent(0.0)
    ('45', '1.2', '0')
    """
    hundred = 100 * share
    return f"{hundred:.0f}" if hundred >= 9.95 else f"{float(f'{hundred:.1f}'):g}"


def short(value: float) -> str:
    """Three digits, and the whole of everyday numbers; others as `hierwidgets.numbers.short`.

    Examples
    --------
    >>> short(1234.56), short(0.012345), short(2.0)
    ('1235', '0.0123', '2')
    """
    if 1e-4 <= abs(value) < 1e6:
        return f"{value:.0f}" if abs(value) >= 1000 else f"{float(f'{value:.3g}'):g}"
    return numbers.short(value, 3)


def _sloped(fit: Fit, factor: str) -> bool:
    varying = icc.levels(fit).get(factor, [])
    return any(np.ptp(effect.predictor) > 0 for effect in varying)


def _label(fit: Fit, term: str, effect: str) -> str:
    numeric = effect not in ("1", "residual") and "[" not in effect
    said = f"{term}, per unit of {effect}" if numeric else term
    alike = term == "residual" or not no_variance([fit.effect(term)], fit.posterior)
    return said if alike else f"{said}, the scale sigma"


def _said(row: dict[str, float]) -> str:
    if row["lower"] == row["upper"]:
        return f"{short(row['median'])}, fixed"
    within = f"{short(row['median'])} ({short(row['lower'])} to {short(row['upper'])})"
    return within if np.isnan(row["pooling"]) else f"{within}, λ {row['pooling']:.2f}"


def _end(curves: pd.DataFrame, rows: pd.DataFrame) -> float:
    """Where the axis ends: beyond every interval, before the last straggling draws."""
    upper = float(rows["upper"].max())
    return max(min(1.35 * upper, 1.02 * float(curves["value"].max())), 1.05 * upper) or 1.0


def _axis(fit: Fit, component: str) -> str:
    if component != terms.parent(fit.model):
        link = terms.link_name(fit.model, component)
        return f"Standard deviation, {link} scale of {component}"
    residual = icc.decompose(fit).residual
    if residual.reason:
        link = terms.link_name(fit.model, component)
        return "Standard deviation" if link == "identity" else f"Standard deviation, {link} scale"
    return f"Standard deviation, on {residual.scale}"


def _cell(at: tuple[int, int], **fields: object) -> dict[str, object]:
    return {"across": at[0], "down": at[1], "name": "", "within": "", **fields}


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
