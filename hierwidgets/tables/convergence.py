"""Whether the sampler worked: a verdict, every parameter worst first, and each term as one row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hierwidgets import checks, starts
from hierwidgets.tables import broken, energy, funnel, trace
from hierwidgets.tables.diagnostics import Diagnostics, diagnostics, mcse
from hierwidgets.tables.funnel import ACCEPT
from hierwidgets.tables.held import held, lengths
from hierwidgets.tables.mixing import ESS_PER_CHAIN, RHAT, evidence, judged, mixing

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from hierwidgets.fit import Fit

ORDERS = ("worst", "rhat", "ess", "name")
HEALTHY, WRONG = "healthy", "look here"
APART = "chains disagree"
SLOW = "few effective draws"
STILL = "a chain stands still"
UNKNOWN = "constant or not finite"


class Finding(NamedTuple):
    """One thing that is wrong, in a sentence, and the line of Python to go on with."""

    said: str
    next: str


@dataclass(frozen=True)
class Verdict:
    """What the checks say together.

    Attributes
    ----------
    healthy : bool
    badge : str
        "healthy" or "look here".
    said : str
        The whole in a sentence.
    findings : list of Finding
        The most urgent first; none when healthy.
    notes : list of str
        What could not be checked.
    """

    healthy: bool
    badge: str
    said: str
    findings: list[Finding]
    notes: list[str]


def parameters(fit: Fit) -> pd.DataFrame:
    """Diagnostics and Monte Carlo errors of every scalar of the posterior, in the model's order.

    Returns
    -------
    DataFrame
        The columns of `hierwidgets.tables.trace.parameters` and ``mcse_mean, mcse_sd, badness,
        fault, failing``. `badness` is the largest of (R-hat - 1) / 0.01 and of 100 chains / ESS, bulk
        and tail; `fault` is what is wrong beyond chance, see `faults`, or ""; `failing` whether
        anything is.

    Examples
    --------
    >>> parameters(fit).sort_values("badness", ascending=False)  # doctest: +SKIP
    """
    table = trace.parameters(fit)
    errors = [mcse(place.draws(fit)) for place in trace.places(fit)]
    table["mcse_mean"] = np.concatenate([one.mcse_mean for one in errors])
    table["mcse_sd"] = np.concatenate([one.mcse_sd for one in errors])
    chains = fit.posterior.sizes["chain"]
    table["badness"] = badness(table, chains)
    table["fault"] = faults(fit, table)
    table["failing"] = table["fault"] != ""
    return table


def faults(fit: Fit, table: pd.DataFrame) -> np.ndarray:
    """What is wrong with each parameter beyond chance, in words; "" where nothing is.

    Parameters
    ----------
    fit : Fit
    table : DataFrame
        Of `parameters` or of `hierwidgets.tables.trace.parameters`.

    Returns
    -------
    ndarray of str, shape (parameters,)
        `APART`, `SLOW`, `STILL`, `UNKNOWN` or "", by `hierwidgets.tables.mixing.mixing` over all
        parameters of the fit.

    Examples
    --------
    >>> set(faults(fit, parameters(fit)))  # doctest: +SKIP
    {''}
    """
    known = [table[name].to_numpy(float) for name in Diagnostics._fields]
    parts = []
    start = 0
    for place in trace.places(fit):
        own = slice(start, start + len(place.names))
        start = own.stop
        parts.append(evidence(place.draws(fit), Diagnostics(*(column[own] for column in known))))
    found = judged(parts)
    kinds = [found.unknown, found.still, found.apart, found.slow]
    return np.select(kinds, [UNKNOWN, STILL, APART, SLOW], "").astype(object)


def badness(table: pd.DataFrame, chains: int) -> np.ndarray:
    """How far beyond its limits each row is; infinite where there is no diagnostic.

    R-hat is left out for a single chain, which has none.
    """
    least = ESS_PER_CHAIN * chains
    parts = [least / table["ess_bulk"].to_numpy(), least / table["ess_tail"].to_numpy()]
    if chains > 1:
        parts.append((table["rhat"].to_numpy() - 1) / (RHAT - 1))
    worst = np.max(parts, axis=0)
    return np.where(np.isnan(worst), np.inf, worst)


def by_term(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each group term and for each top-level parameter, the worst first.

    Parameters
    ----------
    table : DataFrame
        Of `parameters`.

    Returns
    -------
    DataFrame
        ``name, term, count, failing`` (the share), ``worst`` (the worst parameter), ``rhat`` (the
        largest), ``ess_bulk, ess_tail`` (the smallest), ``mcse_mean, mcse_sd`` (the largest, as
        shares of the posterior standard deviation of its parameter), ``badness``.
    """
    own = table.assign(
        name=np.where(table["term"] == "", table["parameter"], table["term"]),
        mcse_mean=table["mcse_mean"] / table["sd"].where(table["sd"] > 0),
        mcse_sd=table["mcse_sd"] / table["sd"].where(table["sd"] > 0),
    )
    grouped = own.groupby(["name", own["term"] == ""], sort=False)
    found = grouped.agg(
        term=("term", "first"),
        count=("parameter", "size"),
        failing=("failing", "mean"),
        rhat=("rhat", "max"),
        ess_bulk=("ess_bulk", "min"),
        ess_tail=("ess_tail", "min"),
        mcse_mean=("mcse_mean", "max"),
        mcse_sd=("mcse_sd", "max"),
        badness=("badness", "max"),
    )
    found.insert(3, "worst", own.loc[grouped["badness"].idxmax(), "parameter"].to_numpy())
    found = found.reset_index(level=0).reset_index(drop=True)
    return found.sort_values("badness", ascending=False, kind="stable").reset_index(drop=True)


def verdict(fit: Fit, table: pd.DataFrame | None = None) -> Verdict:
    """Whether the draws can be trusted, and what to do if not.

    Limits: R-hat 1.01, bulk and tail ESS 100 a chain (Vehtari et al. 2021), passed by more than
    chance explains among so many parameters (`hierwidgets.tables.mixing`); E-BFMI 0.3, no
    divergence, no draw at the limit of the tree's depth.

    Parameters
    ----------
    fit : Fit
    table : DataFrame, optional
        Of `parameters`, where it is at hand.

    Examples
    --------
    >>> verdict(fit).said  # doctest: +SKIP
    """
    rows = parameters(fit) if table is None else table
    findings = [
        *_broken(fit),
        *_divergences(fit),
        *_mixing(fit, rows),
        *_energy(fit),
        *_depth(fit),
    ]
    notes = _notes(fit)
    total = len(rows)
    if not findings:
        over = int((~(rows["badness"] <= 1)).sum())
        said = f"All {total:,} parameters mixed: "
        said += (
            f"{over:,} with R-hat above {RHAT} or ESS below {_least(fit):,}, as chance explains"
            if over
            else f"R-hat at most {RHAT}, ESS at least {_least(fit):,}"
        )
        said += "." if energy.statistic(fit, "divergences") is None else ", no divergences."
        return Verdict(True, HEALTHY, said, [], notes)
    said = f"{len(findings)} thing{checks.plural(len(findings))} to look at before the draws are believed."
    return Verdict(False, WRONG, said, findings, notes)


def disagreement(fit: Fit) -> Finding | None:
    """What is wrong where the chains disagree about the population's parameters, and the next step.

    Quick: no group's effect is looked at. Nothing where they agree, or where there is one chain.

    Examples
    --------
    >>> disagreement(fit)  # doctest: +SKIP
    """
    chains = fit.posterior.sizes["chain"]
    table = trace.parameters(fit, groups=False)
    top = [place.draws(fit) for place in trace.places(fit) if not place.term]
    if chains == 1 or not top:
        return None
    values = np.concatenate(top, axis=2)
    table["badness"] = badness(table, chains)
    table["failing"] = mixing(values, diagnostics(values)).apart & (table["sd"] > 0).to_numpy()
    table["fault"] = np.where(table["failing"], APART, "")
    apart = table[table["failing"]]
    if apart.empty:
        return None
    worst = apart.sort_values("rhat", na_position="last").iloc[-1]
    said = f"R-hat of {worst['parameter']} is {worst['rhat']:.3f}, where {RHAT} is the limit"
    return Finding(said, _mixing(fit, table)[0].next)


def changes(fit: Fit, table: pd.DataFrame | None = None) -> pd.DataFrame:
    """What a refit made of its diagnostics, beside the fit that it is a refit of.

    Parameters
    ----------
    fit : Fit
        Made by `Fit.refit`; any other gives no rows.
    table : DataFrame, optional
        Of `parameters`, where it is at hand.

    Returns
    -------
    DataFrame
        ``check, before, now``: divergences, the largest R-hat, the smallest bulk and tail ESS, the
        smallest E-BFMI of a chain, and draws at the limit of the tree's depth; NaN where there is
        no record.

    Examples
    --------
    >>> changes(fit.refit(target_accept=0.95))  # doctest: +SKIP
    """
    import pandas as pd

    if fit.origin is None:
        return pd.DataFrame({"check": [], "before": [], "now": []})
    before = _measures(fit.origin, parameters(fit.origin))
    now = _measures(fit, parameters(fit) if table is None else table)
    return pd.DataFrame({"check": list(now), "before": before.values(), "now": now.values()})


def _measures(fit: Fit, table: pd.DataFrame) -> dict[str, float]:
    chains = energy.chains(fit)
    return {
        "divergences": chains["divergences"].sum(min_count=1),
        "largest R-hat": table["rhat"].max(),
        "smallest bulk ESS": table["ess_bulk"].min(),
        "smallest tail ESS": table["ess_tail"].min(),
        "smallest E-BFMI": chains["bfmi"].min(),
        "draws at the limit of the tree's depth": chains["depth_limit"].sum(min_count=1),
    }


def alarm(fit: Fit) -> str:
    """One line when divergences or chains that do not mix call for a look, else nothing.

    Quick: of the parameters only the top-level ones are looked at, with R-hat above 1.05.
    """
    said, advice = list[str](), ""
    if count := int(trace.divergences(fit).sum()):
        said.append(f"{count} divergence{checks.plural(count)}")
    if mixed := unmixed(fit, 1.05):
        said.append(mixed)
        advice = starts.advice(starts.large(fit.model)) if fit.model.built else ""
    more = f". {advice}" if advice else ""
    return f"{', '.join(said)}: see {fit.name}.convergence(){more}" if said else ""


def unmixed(fit: Fit, above: float = RHAT) -> str:
    """Why the top-level parameters' chains cannot be trusted, in a few words, or nothing.

    Parameters
    ----------
    fit : Fit
    above : float
        The R-hat from which chains that disagree are worth a word.

    Examples
    --------
    >>> unmixed(fit)  # doctest: +SKIP
    'R-hat up to 1.06 (1|Rail_sigma)'
    """
    top = [place for place in trace.places(fit) if not place.term]
    if not top:
        return ""
    names = [name for place in top for name in place.names]
    values = np.concatenate([place.draws(fit) for place in top], axis=2)
    found = diagnostics(values)
    beyond = mixing(values, found)
    for which, word in ((beyond.unknown, UNKNOWN), (beyond.still, STILL)):
        if which.any():
            return f"{names[int(which.argmax())]}: {word}"
    apart = beyond.apart & (found.rhat > above)
    if apart.any():
        worst = int(np.where(apart, found.rhat, 0).argmax())
        return f"R-hat up to {found.rhat[worst]:.2f} ({names[worst]})"
    if beyond.slow.any() and above <= RHAT:
        ess = np.minimum(found.ess_bulk, found.ess_tail)
        worst = int(np.where(beyond.slow, ess, np.inf).argmin())
        return f"ESS down to {ess[worst]:,.0f} ({names[worst]})"
    return ""


def _advice(fit: Fit, terms: Sequence[str]) -> str:
    return funnel.advice(fit, [effect for effect in fit.effects if effect.term in terms])


def _least(fit: Fit) -> int:
    return ESS_PER_CHAIN * fit.posterior.sizes["chain"]


def _broken(fit: Fit) -> list[Finding]:
    found = broken.complaint(fit)
    if found is None:
        return []
    said = f"{found.said}: only this view, the trace and the dashboard can show such draws."
    return [Finding(said, found.line)]


def _divergences(fit: Fit) -> list[Finding]:
    diverging = trace.divergences(fit)
    count = int(diverging.sum())
    if count == 0:
        return []
    share = count / held(fit).sum()
    said = f"{count:,} divergence{checks.plural(count)} ({checks.percent(share)} of draws)"
    table = funnel.funnels(fit)
    accused = table[table["accused"]]
    if accused.empty:
        said += ", in no term's neck more than elsewhere: smaller steps should do."
        return [Finding(said, f"{fit.name}.refit(target_accept={ACCEPT})")]
    terms = accused["term"].tolist()
    said += f". The funnel of {terms[0]} is to blame: {accused['why'].iloc[0]}."
    if len(terms) > 1:
        said += f" So is that of {' and of '.join(terms[1:])}."
    return [Finding(said, _advice(fit, terms))]


def _mixing(fit: Fit, table: pd.DataFrame) -> list[Finding]:
    failing = table[table["failing"]]
    known = failing[failing["fault"] != UNKNOWN] if broken.complaint(fit) else failing
    if known.empty:
        return []
    worst = known.loc[known["badness"].idxmax()]
    chains, draws = (fit.posterior.sizes[dim] for dim in ("chain", "draw"))
    told = ", ".join(f"{kind}: {n:,}" for kind, n in failing["fault"].value_counts().items())
    said = (
        f"{len(failing):,} of {len(table):,} parameters: R-hat above {RHAT} or ESS below {_least(fit):,} "
        f"beyond chance ({told}). "
        f"The worst is {worst['parameter']}, {_figures(worst, chains)}."
    )
    table_of = funnel.funnels(fit)
    accused = table_of[table_of["accused"]]
    if not accused.empty:
        return [Finding(said, _advice(fit, accused["term"].tolist()))]
    names = set(failing["parameter"]) | set(failing["term"])
    if repeated := [one for one in fit.cautions if names & set(one.names)]:
        return [Finding(f"{said} {repeated[0].said}", f"{fit.name}.cautions")]
    if stuck := funnel.necked(table_of[table_of["unmixed"]]):
        return [Finding(said, _advice(fit, stuck))]
    lowest = min(float(worst["ess_bulk"]), float(worst["ess_tail"]))
    factor = _least(fit) / lowest if lowest > 0 else 10.0
    factor = min(10.0, max(2.0, np.ceil(1.2 * factor))) if np.isfinite(factor) else 10.0
    more = int(factor * draws)
    return [Finding(said, f"{fit.name}.refit(draws={more}, tune={max(2000, more // 2)})")]


def _figures(row: pd.Series, chains: int) -> str:
    if not np.isfinite(row["badness"]):
        return "whose draws do not move or are not finite"
    rhat = f"R-hat {row['rhat']:.3f}, " if chains > 1 else ""
    return f"{rhat}bulk ESS {row['ess_bulk']:,.0f}, tail ESS {row['ess_tail']:,.0f}"


def _energy(fit: Fit) -> list[Finding]:
    table = energy.chains(fit)
    low = table[table["bfmi"] < energy.LIMIT]
    if low.empty:
        return []
    names = ", ".join(str(chain) for chain in low["chain"])
    said = (
        f"E-BFMI below {energy.LIMIT} in chain{checks.plural(len(low))} {names} (down to {low['bfmi'].min():.2f}): "
        "momenta drawn anew do not carry the sampler across its energies, a sign of heavy tails or of a funnel."
    )
    centred = funnel.necked(funnel.funnels(fit))
    loose = [line for effect in fit.effects if (line := funnel.tighter(fit, effect))]
    if centred:
        return [Finding(said, _advice(fit, centred))]
    return [Finding(said, loose[0] if loose else f"{fit.name}.refit(tune=4000)")]


def _depth(fit: Fit) -> list[Finding]:
    reached = energy.statistic(fit, "tree depth limit")
    if reached is None or not reached.any():
        return []
    count = int(reached.sum())
    share = count / held(fit).sum()
    said = (
        f"{count:,} draw{checks.plural(count)} ({checks.percent(share)}) reached the limit of the tree's depth: nothing is biased, but steps "
        "are too small for the way to go. A longer warm-up may find better ones; so may predictors of "
        "like size."
    )
    return [Finding(said, f"{fit.name}.refit(tune=4000)")]


def _notes(fit: Fit) -> list[str]:
    notes = []
    if short := lengths(fit):
        notes.append(
            f"Padded with NaN: {short}, which divergences, depth and energy are counted by."
        )
    if fit.posterior.sizes["chain"] == 1:
        notes.append("One chain: R-hat, which compares chains, is not there to be looked at.")
    if found := energy.other(fit):
        notes.append(
            f"The sampler's record ({found}) is not of these draws: it has other chains or another "
            "number of them, so that it is not used."
        )
    elif lacking := energy.missing(fit):
        notes.append(
            f"The sampler kept no record of {', '.join(lacking)}, so that these are not checked."
        )
    if fit.partial:
        notes.append(f"Sampling was {fit.status}.")
    return notes
