"""Is the term whose funnel it is named, and no other? ``python -m tests.benchmarks.funnels 60 0``.

So many data sets of each design, from this seed on. Gaussian data with noise of 1 and two or three group
terms, all centred, of which some have a funnel: their groups hardly differ. The others are well
informed. A model is compiled once for each design.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

import hierwidgets as hw
from hierwidgets import models, sampling

PLAN = sampling.Plan(draws=1000, tune=1000, chains=4)
REFIT = "noncentered="


class Term(NamedTuple):
    """A group term: of which effect and factor, over how many groups, and their true scale."""

    name: str
    groups: int
    scale: float

    @property
    def factor(self) -> str:
        """What groups."""
        return self.name.split("|")[1]


class Design(NamedTuple):
    """Crossed terms and how many rows; a term of a scale below `INFORMED` has a funnel."""

    rows: int
    terms: tuple[Term, ...]

    @property
    def guilty(self) -> set[str]:
        """The terms with a funnel."""
        return {term.name for term in self.terms if term.scale < INFORMED}


INFORMED = 1.0
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
    "two terms, no funnel": Design(96, (Term("1|a", 8, 3), Term("1|b", 8, 3))),
    "three terms, no funnel": Design(
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
    """x and the factors of each row: even groups, crossed at random."""
    rng = np.random.default_rng(design.rows)
    columns: dict[str, np.ndarray] = {"x": rng.normal(size=design.rows)}
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


def model_of(design: Design, data: pd.DataFrame) -> hw.Fit:
    """Bambi's model of a data set, centred."""
    parts = [f"({'0 + x' if t.name.startswith('x') else '1'} | {t.factor})" for t in design.terms]
    priors = PRIORS | {
        f"{term.name}_sigma": hw.Prior("HalfNormal", sigma=SCALE) for term in design.terms
    }
    built, _ = models.build(f"y ~ x + {' + '.join(parts)}", data, priors=priors, noncentered=False)
    return built


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
            u = pm.Normal(term.name, 0, scale, dims=dim)[data[term.factor].astype(int).to_numpy()]
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
