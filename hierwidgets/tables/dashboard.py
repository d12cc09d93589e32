"""What a fit is, and its verdicts in a few words each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hierwidgets import checks
from hierwidgets.tables import convergence, energy
from hierwidgets.tables.held import held, lengths
from hierwidgets.tables.mixing import ESS_PER_CHAIN, RHAT

if TYPE_CHECKING:
    import pandas as pd

    from hierwidgets.fit import Fit

VIEWS = (
    "convergence",
    "trace",
    "caterpillar",
    "shrinkage",
    "groups",
    "variance",
    "priors",
    "sensitivity",
    "ppc",
    "loo",
)
GROUPED = ("caterpillar", "shrinkage", "groups", "variance")
COLUMNS = ("check", "verdict", "healthy", "said", "next", "view")


class Badge(NamedTuple):
    """One check: what it found, whether that is as it should be, and the view that shows it.

    `healthy` is None where it could not be judged.
    """

    check: str
    verdict: str
    healthy: bool | None
    said: str
    next: str
    view: str


def views(fit: Fit) -> list[str]:
    """The views that this fit has, in the order of a dashboard.

    Examples
    --------
    >>> views(fit)[0]  # doctest: +SKIP
    'convergence'
    """
    return [
        name for name in VIEWS if hasattr(type(fit), name) and (fit.effects or name not in GROUPED)
    ]


def facts(fit: Fit) -> list[str]:
    """Family, rows, groups and draws, each as a few words."""
    chains, draws = (fit.posterior.sizes[dim] for dim in ("chain", "draw"))
    told = [f"{fit.family} family", _counted(len(fit.data), "row")]
    told += [f"{_counted(len(of), 'group')} of {factor}" for factor, of in fit.factors.items()]
    told.append(
        f"{chains} {short}"
        if (short := lengths(fit))
        else f"{_counted(chains, 'chain')} of {_counted(draws, 'draw')}"
    )
    if fit.dropped:
        told.append(f"{_counted(fit.dropped, 'row')} left out")
    if fit.partial:
        told.append(fit.status)
    return told


def badges(
    fit: Fit, parameters: pd.DataFrame | None = None, verdict: convergence.Verdict | None = None
) -> list[Badge]:
    """The verdicts on the draws: all together, divergences, R-hat and effective sample sizes.

    Parameters
    ----------
    fit : Fit
    parameters : DataFrame, optional
        Of `hierwidgets.tables.convergence.parameters`, where it is at hand.
    verdict : Verdict, optional
        Of `hierwidgets.tables.convergence.verdict`, where it is at hand.

    Examples
    --------
    >>> [badge.verdict for badge in badges(fit)]  # doctest: +SKIP
    """
    table = convergence.parameters(fit) if parameters is None else parameters
    whole = convergence.verdict(fit, table) if verdict is None else verdict
    return [
        judged("convergence", "convergence", whole),
        _divergences(fit),
        _rhat(fit, table),
        _sizes(fit, table),
    ]


def judged(check: str, view: str, verdict: Any) -> Badge:
    """The badge of a view's own verdict."""
    first = verdict.findings[0].next if verdict.findings else ""
    said = " ".join([verdict.said, *(finding.said for finding in verdict.findings)])
    return Badge(check, verdict.badge, bool(verdict.healthy), said, first, view)


def table(found: list[Badge]) -> pd.DataFrame:
    """The badges as a DataFrame: ``check, verdict, healthy, said, next, view``."""
    import pandas as pd

    return pd.DataFrame(found, columns=pd.Index(COLUMNS)).astype({"healthy": object})


def _divergences(fit: Fit) -> Badge:
    diverging = energy.statistic(fit, "divergences")
    if diverging is None:
        said = "The sampler kept no record of divergences."
        return Badge("divergences", "not recorded", None, said, "", "convergence")
    count, total = int(diverging.sum()), int(held(fit).sum())
    said = f"{count:,} of {total:,} draws diverged; there should be none."
    next_ = f"{fit.name}.convergence()" if count else ""
    return Badge("divergences", f"{count:,}", count == 0, said, next_, "convergence")


def _rhat(fit: Fit, table: pd.DataFrame) -> Badge:
    if fit.posterior.sizes["chain"] == 1:
        said = "R-hat compares chains, and there is one only."
        return Badge("largest R-hat", "one chain", None, said, "", "trace")
    bad = table[table["failing"] & (table["rhat"] > RHAT)]
    good = bad.empty
    row = _extreme(table if good else bad, "rhat", np.nanargmax)
    if row is None:
        return _unknown("largest R-hat")
    said = f"The largest R-hat is that of {row['parameter']}; it should be at most {RHAT}"
    said += _chance(table, within=not good or float(row["rhat"]) <= RHAT)
    return _traced(fit, row, "largest R-hat", f"{row['rhat']:.3f}", said, good=good)


def _sizes(fit: Fit, table: pd.DataFrame) -> Badge:
    lowest = table.assign(ess=table[["ess_bulk", "ess_tail"]].min(axis=1))
    least = ESS_PER_CHAIN * fit.posterior.sizes["chain"]
    bad = lowest[lowest["failing"] & (lowest["ess"] < least)]
    good = bad.empty
    row = _extreme(lowest if good else bad, "ess", np.nanargmin)
    if row is None:
        return _unknown("smallest ESS")
    said = (
        f"The smallest effective sample size, bulk or tail, is that of {row['parameter']}; "
        f"it should be at least {least:,}"
    )
    said += _chance(table, within=not good or float(row["ess"]) >= least)
    return _traced(fit, row, "smallest ESS", f"{np.floor(row['ess']):,.0f}", said, good=good)


def _chance(table: pd.DataFrame, *, within: bool) -> str:
    count = len(table)
    return "." if within else f", but chance explains this much among {count:,} parameters."


def _traced(fit: Fit, row: pd.Series, check: str, verdict: str, said: str, *, good: bool) -> Badge:
    from json import dumps

    named = dumps(str(row["parameter"]), ensure_ascii=False)
    return Badge(
        check, verdict, good, said, "" if good else f"{fit.name}.trace([{named}])", "trace"
    )


def _unknown(check: str) -> Badge:
    said = "The draws are too few, do not move, or are not finite."
    return Badge(check, "unknown", None, said, "", "trace")


def _extreme(table: pd.DataFrame, column: str, place: Any) -> pd.Series | None:
    values = table[column].to_numpy(float)
    return None if np.isnan(values).all() else table.iloc[int(place(values))]


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{checks.plural(count)}"
