"""The table of power-scaling as its page and its chart take it: rows, sentences and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hierwidgets import checks
from hierwidgets.tables import sensitivity as tables

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

SORTS = ("model", "prior", "likelihood")
STRONGEST = 5
SAYS = {
    tables.CONFLICT: "both move it: priors and data may pull in different directions",
    tables.STRONG: "its priors move it, the data hardly do",
    tables.CANNOT_TELL: "a Pareto k of 0.7 or more: the draws do not carry this far",
}


def frame(fit: Fit, by: tables.By) -> pd.DataFrame:
    """The rows of the picture in the model's order: each quantity, and below it what was scaled alone.

    Of single priors and groups the five strongest of each quantity are drawn.

    Columns: block (the quantity's number), whole_prior and whole_likelihood (its sensitivity to all
    priors and to the likelihood), label, alone, said, loud, prior, likelihood, prior_doubtful,
    likelihood_doubtful, prior_told, likelihood_told.
    """
    whole = tables.sensitivity(fit)
    parts = None if by == "all" else tables.sensitivity(fit, by).groupby("quantity", sort=False)
    rows: list[dict[str, Any]] = []
    for block, (_, one) in enumerate(whole.iterrows()):
        own = {"whole_prior": one["prior"], "whole_likelihood": one["likelihood"]}
        rows.append(_row(block, str(one["quantity"]), one, own))
        if parts is None or one["quantity"] not in parts.groups:
            continue
        found = parts.get_group(one["quantity"]).sort_values(
            "prior", ascending=False, kind="stable"
        )
        for _, part in found.head(STRONGEST).iterrows():
            name = f"the prior of {part['scaled']}" if by == "prior" else part["scaled"]
            rows.append(_row(block, f"by {name}", part, own, alone=True))
    return pd.DataFrame(rows)


def arranged(rows: pd.DataFrame, sort: str) -> pd.DataFrame:
    """The same with its quantities in order, and `row`, the place of each row from 0."""
    if sort != "model":
        rows = rows.sort_values([f"whole_{sort}", "block"], ascending=[False, True], kind="stable")
    return rows.assign(row=np.arange(len(rows))).reset_index(drop=True)


def most(rows: pd.DataFrame) -> float:
    """The end of the axis."""
    return float(max(0.12, 1.08 * np.nanmax(rows[["prior", "likelihood"]].to_numpy(float))))


def findings(fit: Fit) -> list[dict[str, str]]:
    """What was found of each quantity, in a sentence, with the line of Python to go on with."""
    table = tables.sensitivity(fit)
    found = table[table["diagnosis"] != tables.NONE]
    return [
        {
            "quantity": str(one["quantity"]),
            "said": f"{one['diagnosis']}: {SAYS[one['diagnosis']]}.",
            "next": str(one["next"]),
        }
        for _, one in found.iterrows()
    ]


def statement(fit: Fit) -> str:
    """The whole in a sentence."""
    table = tables.sensitivity(fit)
    count = int((table["diagnosis"] != tables.NONE).sum())
    never = tables.impossible(fit)
    if never:
        return f"The likelihood cannot be scaled: {never}."
    if not tables.log_priors(fit):
        return "No prior of this model can be scaled."
    if count == 0:
        return f"None of {len(table)} quantities depends on how strong the priors are."
    return (
        f"{count} of {len(table)} quantities {'needs' if count == 1 else 'need'} a look: the answer "
        "depends on how strong the priors are, or cannot be told."
    )


def notes(fit: Fit) -> list[str]:
    """What was scaled, what was not, and the source."""
    scaled = tables.log_priors(fit)
    said = [
        f"Scaled were the top-level priors of {checks.listed(scaled, 12)}, never the distribution of "
        "group effects given their scale."
        if scaled
        else "There is no top-level prior to scale."
    ]
    said += [f"The prior of {name} was not: {why}." for name, why in tables.unscaled(fit).items()]
    said.append(
        "The limit 0.05 is the distance of two normal distributions a quarter of a standard deviation "
        "apart. Kallioinen, Paananen, Bürkner and Vehtari (2024), Statistics and Computing 34, 57."
    )
    return said


def _row(
    block: int, label: str, one: pd.Series, whole: dict[str, float], *, alone: bool = False
) -> dict[str, Any]:
    loud = one["diagnosis"] != tables.NONE

    by = f" by {one['scaled']}" if alone else ""

    def told(name: str) -> str:
        if np.isnan(one[name]):
            return f"{one['quantity']}{by}, {name} cannot be scaled"
        return f"{one['quantity']}{by}, {name} {one[name]:.3f}{_khat(one[f'{name}_khat'])}"

    return {
        "block": block,
        **whole,
        "label": label,
        "alone": int(alone),
        "said": str(one["diagnosis"]) if loud else "",
        "loud": int(loud),
        "prior": one["prior"],
        "likelihood": np.nan if alone else one["likelihood"],
        "prior_doubtful": int(one["prior_khat"] >= tables.DOUBTFUL),
        "likelihood_doubtful": int(one["likelihood_khat"] >= tables.DOUBTFUL),
        "prior_told": told("prior"),
        "likelihood_told": told("likelihood"),
    }


def _khat(khat: float) -> str:
    return f" (Pareto k {khat:.2f})" if np.isfinite(khat) else ""
