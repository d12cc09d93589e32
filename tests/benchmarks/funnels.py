"""Is the term whose funnel it is named, and no other? ``python -m tests.benchmarks.funnels 100 0``.

So many data sets of each design, from this seed on. Gaussian data with noise of 1 and two or three group
terms, of which some are guilty: centred, though their groups hardly differ. The innocent are centred and
well informed, or not centred. A model is compiled once for each design.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from typing import NamedTuple

import bambi as bmb
import numpy as np
import pandas as pd

import hierwidgets as hw
from hierwidgets import models, sampling
from hierwidgets.tables import convergence, energy, funnel, trace

PLAN = sampling.Plan(draws=1000, tune=1000, chains=4)


class Term(NamedTuple):
    """A group term: of which effect and factor, over how many groups, and their true scale."""

    name: str
    groups: int
    scale: float
    centred: bool = True

    @property
    def factor(self) -> str:
        """What groups."""
        return self.name.split("|")[1]


class Design(NamedTuple):
    """Crossed terms and how many rows."""

    rows: int
    terms: tuple[Term, ...]

    @property
    def guilty(self) -> set[str]:
        """Centred terms with a funnel."""
        return {term.name for term in self.terms if term.centred and term.scale < 1}


DESIGNS = {
    "two terms, scale 0": Design(96, (Term("1|a", 8, 3), Term("1|b", 10, 0))),
    "two terms, scale 0.1": Design(96, (Term("1|a", 8, 3), Term("1|b", 10, 0.1))),
    "two terms, 32 groups of 3 rows": Design(96, (Term("1|a", 8, 3), Term("1|b", 32, 0.2))),
    "three terms, scale 0": Design(
        144, (Term("1|a", 12, 3), Term("1|b", 8, 3), Term("1|c", 10, 0))
    ),
    "three terms, two funnels": Design(
        144, (Term("1|a", 12, 3), Term("1|b", 8, 0), Term("1|c", 10, 0.1))
    ),
    "slope of the same groups": Design(120, (Term("1|a", 10, 3), Term("x|a", 10, 0))),
    "guilty beside a non-centred term": Design(
        144, (Term("1|a", 12, 3), Term("1|b", 8, 0), Term("1|c", 10, 0, centred=False))
    ),
    "no funnel: the small term is non-centred": Design(
        96, (Term("1|a", 8, 3), Term("1|b", 10, 0, centred=False))
    ),
    "no funnel, two terms": Design(96, (Term("1|a", 8, 3), Term("1|b", 8, 3))),
    "no funnel, three terms": Design(
        144, (Term("1|a", 12, 3), Term("1|b", 8, 3), Term("x|c", 10, 1))
    ),
}
# About what Bambi makes of a response whose standard deviation is 3.
PRIORS = {
    "Intercept": hw.Prior("Normal", mu=0, sigma=8),
    "x": hw.Prior("Normal", mu=0, sigma=8),
    "sigma": hw.Prior("HalfStudentT", nu=4, sigma=3),
}
SCALE = 8.0


def layout(design: Design) -> pd.DataFrame:
    """x, of mean 0 so that centring changes nothing, and the factors of each row: even, crossed at random."""
    rng = np.random.default_rng(design.rows)
    x = rng.normal(size=design.rows)
    columns: dict[str, np.ndarray] = {"x": x - x.mean()}
    for term in design.terms:
        even = np.arange(design.rows) % term.groups
        columns.setdefault(term.factor, np.array([f"{i:02d}" for i in rng.permutation(even)]))
    return pd.DataFrame(columns)


def simulated(design: Design, rng: np.random.Generator) -> pd.DataFrame:
    """One data set of a design."""
    data = layout(design)
    y = 1.0 + 0.5 * data["x"] + rng.normal(size=len(data))
    for term in design.terms:
        u = term.scale * rng.normal(size=term.groups)
        slope = data["x"] if term.name.startswith("x") else 1.0
        y += slope * u[data[term.factor].astype(int)]
    return data.assign(y=y)


def model_of(design: Design, data: pd.DataFrame) -> bmb.Model:
    """Bambi's model of a data set."""
    parts = [f"({'0 + x' if t.name.startswith('x') else '1'} | {t.factor})" for t in design.terms]
    given = {
        term.name: hw.Prior(
            "Normal", mu=0, sigma=hw.Prior("HalfNormal", sigma=SCALE), noncentered=not term.centred
        )
        for term in design.terms
    }
    return models.build(f"y ~ x + {' + '.join(parts)}", data, priors=PRIORS | given)[0]


def compiled(design: Design) -> sampling.Compiled:
    """The program of `model_of`, whose response is data."""
    import nutpie
    import pymc as pm

    data = simulated(design, np.random.default_rng(0))
    with pm.Model() as program:
        y = pm.Data("y_data", data["y"].to_numpy())
        x = data["x"].to_numpy()
        eta = pm.Normal("Intercept", 0, 8) + pm.Normal("x", 0, 8) * x
        for term in design.terms:
            dim = f"{term.factor}__factor_dim"
            program.add_coord(dim, sorted(data[term.factor].unique()))
            scale = pm.HalfNormal(f"{term.name}_sigma", SCALE)
            if term.centred:
                effects = pm.Normal(term.name, 0, scale, dims=dim)
            else:
                offset = pm.Normal(f"{term.name}_offset", dims=dim)
                effects = pm.Deterministic(term.name, scale * offset, dims=dim)
            u = effects[data[term.factor].astype(int).to_numpy()]
            eta = eta + (u * x if term.name.startswith("x") else u)
        pm.Normal("y", eta, pm.HalfStudentT("sigma", 4, 3), observed=y)
    kept = ["Intercept", "x", "sigma"]
    kept += [name for term in design.terms for name in (f"{term.name}_sigma", term.name)]
    made = nutpie.compile_pymc_model(program, var_names=kept)
    return sampling.Compiled(model_of(design, data), made, {})


def fitted(design: Design, program: sampling.Compiled, seed: int) -> hw.Fit:
    """One simulated data set, fitted."""
    data = simulated(design, np.random.default_rng([seed, 77]))
    given = program.given({"y_data": data["y"]})
    tree = sampling.begin(given, PLAN._replace(seed=seed)).wait()
    return hw.wrap(model_of(design, data), tree)


def advised(fit: hw.Fit) -> set[str]:
    """The terms that the lines of the verdict would write non-centred."""
    found: set[str] = set()
    for finding in convergence.verdict(fit).findings:
        if said := re.search(r"noncentered=(True|\{.*?\})", finding.next):
            value = ast.literal_eval(said[1])
            found |= {effect.term for effect in fit.effects} if value is True else set(value)
    return found


def one(design: Design, program: sampling.Compiled, seed: int) -> dict[str, bool]:
    """What is seen and said of one data set."""
    fit = fitted(design, program, seed)
    table = funnel.funnels(fit)
    accused = set(table.loc[table["accused"], "term"])
    told = advised(fit)
    return {
        "diverged": bool(trace.divergences(fit).any()),
        "low energy": bool((energy.chains(fit)["bfmi"] < energy.LIMIT).any()),
        "found": bool(accused & design.guilty),
        "all found": accused >= design.guilty,
        "innocent accused": bool(accused - design.guilty),
        "advised": bool(told),
        "guilty advised": bool(told & design.guilty),
        "innocent advised": bool(told - design.guilty),
    }


HEAD = (
    *("design", "fits", "with divergences", "of these: guilty found", "all guilty found"),
    *("innocent accused", "E-BFMI low", "advice to non-centre", "names a guilty term"),
    "names an innocent term",
)


def main(count: int, first: int = 0) -> None:
    """Print, for each design, how often whom the locator and the verdict name."""
    warnings.simplefilter("ignore")
    print(f"| {' | '.join(HEAD)} |")
    print("|" + "---|" * len(HEAD))
    for name, design in DESIGNS.items():
        program = compiled(design)
        table = pd.DataFrame([one(design, program, seed) for seed in range(first, first + count)])
        own = table[table["diverged"]]
        columns = [own["found"], own["all found"], own["innocent accused"], table["low energy"]]
        columns += [table[each] for each in ("advised", "guilty advised", "innocent advised")]
        found = [str(int(column.sum())) for column in columns]
        if not design.guilty:
            found[0] = found[1] = found[5] = "none to find"
        print(f"| {name} | {count} | {len(own)} | {' | '.join(found)} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3] or ["100"]))
