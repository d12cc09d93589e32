"""What the predictive checks say together, and the line to go on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hierwidgets import checks
from hierwidgets.numbers import short
from hierwidgets.tables import ppc, ppc_altered, ppc_pit
from hierwidgets.tables.convergence import WRONG, Finding, Verdict
from hierwidgets.tables.loo_groups import LIMITS

if TYPE_CHECKING:
    import pandas as pd

    from hierwidgets.fit import Fit

AGREES = "agrees"
CLEAR = 0.01
FAR_WIDER = 10.0


def verdict(
    fit: Fit,
    statistics: pd.DataFrame,
    groups: dict[str, pd.DataFrame],
    places: ppc_pit.Pit | None,
    *,
    predictor: str = "",
    kind: str = "posterior",
) -> Verdict:
    """Whether the model reproduces the data.

    Parameters
    ----------
    fit : Fit
    statistics : DataFrame
        Of `ppc.statistics`.
    groups : dict of DataFrame
        Of `ppc.groups`, by factor; with ``khat`` where groups were held out.
    places : Pit, optional
    predictor : str
        What slopes are against.
    kind : {"posterior", "prior"}

    Returns
    -------
    Verdict
        A test statistic counts with a probability below 0.01; groups when more surprise than chance
        gives, or one does more than the least of so many would, or one with a probability below 0.01
        pulls the posterior so far that weights cannot take it out; LOO-PIT outside its band.
    """
    if kind == "prior":
        found = _prior(statistics)
    else:
        found = _overall(fit, statistics)
        for factor, table in groups.items():
            found += _groups(fit, factor, table, predictor)
        found += _places(fit, places)
    notes = ppc_altered.said(fit) + ([] if kind == "prior" else _notes(groups))
    if not found:
        what = "The priors allow such data" if kind == "prior" else "The model reproduces the data"
        return Verdict(True, AGREES, f"{what} in every respect looked at.", [], notes)
    several = checks.plural(len(found))
    doubt = "priors" if kind == "prior" else "model"
    said = f"{len(found)} respect{several} in which the {doubt} and the data disagree."
    return Verdict(False, WRONG, said, found, notes)


def words(probability: float, observed: float, lower: float, upper: float) -> str:
    """A probability of a test statistic in plain words.

    Examples
    --------
    >>> words(0.6, 1, 0, 2)
    'as replicated'
    """
    if not np.isfinite(probability):
        return "missing"
    if probability >= ppc.LIMIT:
        return "as replicated"
    side = "larger" if observed > (lower + upper) / 2 else "smaller"
    return f"{side} than nearly all replications" if probability < CLEAR else f"rather {side}"


def _overall(fit: Fit, table: pd.DataFrame) -> list[Finding]:
    found: list[Finding] = []
    told: set[str] = set()
    for _, row in table[table["probability"] < CLEAR].iterrows():
        above = bool(row["observed"] > row["median"])
        line = _advice(fit, str(row["statistic"]), above=above)
        if line in told:
            continue
        told.add(line)
        said = (
            f"The {row['statistic']} of all rows is {short(row['observed'])}, {'above' if above else 'below'} "
            f"nearly all replications ({short(row['lower'])} to {short(row['upper'])}; two-sided probability "
            f"{row['probability']:.2g})."
        )
        found.append(Finding(said, line))
    return found


def _groups(fit: Fit, factor: str, table: pd.DataFrame, predictor: str) -> list[Finding]:
    chance = ppc.chance(table)
    if chance.groups == 0:
        return []
    first = table.iloc[0]
    alone = bool(first["probability"] < CLEAR and first.get("khat", 0) >= LIMITS[1])
    if chance.found <= chance.upper and not (first["probability"] < chance.least or alone):
        return []
    above = bool(first["observed"] > first["median"])
    said = (
        f"Groups of {factor}: {chance.found} of {chance.groups} with a probability below {ppc.LIMIT}, where "
        f"chance gives {chance.expected:.3g} ({chance.lower} to {chance.upper}). The most surprising is "
        f"{first['group']}, whose {first['statistic']} is {short(first['observed'])} against "
        f"{short(first['lower'])} to {short(first['upper'])}."
    )
    if alone:
        said += (
            f" Without it the posterior would be another (Pareto k {first['khat']:.2f}), so that this "
            "probability is if anything too large."
        )
    line = _group_advice(fit, factor, str(first["statistic"]), predictor, above=above)
    return [Finding(said, line)]


def _notes(groups: dict[str, pd.DataFrame]) -> list[str]:
    """Of groups that weights cannot wholly take out of the posterior."""
    found = []
    for factor, table in groups.items():
        if "khat" not in table:
            continue
        held = table[table["khat"] >= LIMITS[1]]
        if len(held):
            named = checks.listed(held["group"].tolist(), 5)
            found.append(
                f"New groups of {factor} are as the other groups foresee them. {named} could not be taken out wholly "
                f"(Pareto k of {LIMITS[1]} or more): of {'it' if len(held) == 1 else 'these'} the "
                "probability is if anything too large."
            )
    return found


def _places(fit: Fit, places: ppc_pit.Pit | None) -> list[Finding]:
    if places is None:
        return []
    band = ppc_pit.uniform_bands(len(places.rows))
    away = ppc_pit.ecdf_difference(places.loo_pit)
    if bool(np.all((away >= band.lower) & (away <= band.upper))):
        return []
    said = (
        "LOO-PIT leaves its 95 % band: the predictive distributions of single rows have the wrong shape or "
        "width."
    )
    return [Finding(said, f'{fit.name}.ppc(picture="loo_pit")')]


def _prior(table: pd.DataFrame) -> list[Finding]:
    found: list[Finding] = []
    for _, row in table.iterrows():
        if row["probability"] < CLEAR:
            said = (
                f"The {row['statistic']} of the data, {short(row['observed'])}, is outside nearly all that the "
                f"priors produce ({short(row['lower'])} to {short(row['upper'])})."
            )
            found.append(Finding(said, "hw.fit(..., priors={...})  # wider, or moved"))
    spread = table[table["statistic"] == "sd"].iloc[0]
    if spread["observed"] > 0 and spread["median"] > FAR_WIDER * spread["observed"]:
        said = (
            f"Data that the priors produce are typically {spread['median'] / spread['observed']:.0f} times as "
            "spread as those observed."
        )
        found.append(Finding(said, "hw.fit(..., priors={...})  # narrower"))
    return found


def _advice(fit: Fit, statistic: str, *, above: bool) -> str:
    if fit.family == "gaussian" and statistic in ("extreme", "max", "min"):
        return _again(fit, "t")
    if fit.family == "poisson" and statistic in ("zeros", "dispersion", "sd", "max") and above:
        return _again(fit, "negativebinomial")
    if fit.family == "binomial" and statistic in ("dispersion", "sd", "zeros") and above:
        return _again(fit, "beta_binomial")
    return f"{fit.name}.ppc(statistic={statistic!r})".replace("'", '"')


def _group_advice(fit: Fit, factor: str, statistic: str, predictor: str, *, above: bool) -> str:
    if statistic == "slope" and predictor:
        varying = {e.effect for e in fit.effects if e.factor == factor}
        if predictor not in varying:
            return f"hw.fit(...)  # with ({predictor} | {factor}) in the formula"
    if statistic in ("scatter", "extreme") and fit.family == "gaussian":
        if "sigma" not in fit.model.conditional_parameters:
            return f'hw.fit(bmb.Formula(..., "sigma ~ 1 + (1 | {factor})"), data)'
        return _again(fit, "t")
    if statistic == "dispersion" and above and fit.family in ("poisson", "binomial"):
        return _again(fit, "negativebinomial" if fit.family == "poisson" else "beta_binomial")
    return f"{fit.name}.groups({factor!r})".replace("'", '"')


def _again(fit: Fit, family: str) -> str:
    return f'hw.fit({fit.formula!r}, data, family="{family}")'.replace("'", '"')
