"""Weighted rows in no pooling: a row of weight 3 is three rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hierwidgets as hw
from hierwidgets.tables.no_pooling import no_pooling
from tests.synthetic import made_up_of

COMMON = ["estimate", "se", "precision", "complete"]


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(6), 7)
    x = rng.normal(size=len(g))
    eta = rng.normal(size=6)[g] + 0.5 * x
    return pd.DataFrame(
        {
            "y": eta + rng.normal(size=len(g)),
            "n": rng.poisson(np.exp(eta)),
            "share": rng.beta(2, 3, len(g)),
            "size": rng.gamma(3, np.exp(eta) / 3),
            "x": x,
            "w": rng.integers(1, 5, len(g)).astype(float),
            "g": [f"g{j}" for j in g],
            "h": [f"h{j}" for j in rng.integers(0, 4, len(g))],
        }
    )


def repeated(data: pd.DataFrame) -> pd.DataFrame:
    return data.loc[data.index.repeat(data["w"].astype(int))].reset_index(drop=True)


def both(response: str, rest: str, data: pd.DataFrame, **options: object) -> tuple[hw.Fit, hw.Fit]:
    """The weighted model, and the plain one of repeated rows, at the same draws."""
    weighted = made_up_of(f"weighted({response}, w) ~ {rest}", data, **options)
    plain = made_up_of(f"{response} ~ {rest}", repeated(data), **options)
    same = {name: plain.posterior[name].dims for name in plain.posterior.data_vars}
    assert same == {name: weighted.posterior[name].dims for name in weighted.posterior.data_vars}
    return weighted, hw.wrap(plain.model, weighted.idata)


@pytest.mark.parametrize(
    ("response", "family"),
    [("y", "gaussian"), ("n", "poisson"), ("n", "negativebinomial"), ("size", "gamma")],
)
@pytest.mark.parametrize("varying", ["(1 | g)", "(x | g)", "(1 | g) + (1 | h)"])
def test_a_row_of_weight_three_is_three_rows(response, family, varying, data):
    options = {"link": "log"} if family == "gamma" else {}
    fits = both(response, f"x + {varying}", data, family=family, **options)
    weighted, plain = (no_pooling(fit, fit.effects[0]) for fit in fits)
    assert np.isfinite(weighted.estimate).any()
    for name in COMMON:
        np.testing.assert_allclose(
            getattr(weighted, name), getattr(plain, name), rtol=1e-6, atol=1e-9, err_msg=name
        )
    table, other = (fit.shrinkage().data for fit in fits)
    np.testing.assert_allclose(table["weight"], other["weight"], rtol=1e-6, atol=1e-9)


def test_the_mean_of_weighted_rows_is_theirs(data):
    fit = made_up_of("weighted(y, w) ~ 1 + (1 | g)", data)
    found = fit.shrinkage().data.set_index("group")["no_pooling"]
    means = data.groupby("g").apply(lambda d: np.average(d["y"], weights=d["w"]))
    np.testing.assert_allclose(found, means[found.index], rtol=1e-9)


def test_a_row_without_weight_is_no_row(data):
    some = data.assign(w=np.where(np.arange(len(data)) % 7 < 2, 0.0, data["w"]))
    for response, family in (("y", "gaussian"), ("n", "poisson")):
        whole = made_up_of(f"weighted({response}, w) ~ x + (x | g)", some, family=family)
        less = made_up_of(
            f"weighted({response}, w) ~ x + (x | g)", some[some["w"] > 0], family=family
        )
        less = hw.wrap(less.model, whole.idata)
        one, other = (no_pooling(fit, fit.effects[0]) for fit in (whole, less))
        np.testing.assert_allclose(one.estimate, other.estimate, rtol=1e-6)
        np.testing.assert_allclose(one.se, other.se, rtol=1e-6)


def test_too_little_weight_has_no_error_of_its_own(data):
    fit = made_up_of("weighted(y, w) ~ 1 + (1 | g)", data.assign(w=0.1))
    found = no_pooling(fit, fit.effects[0])
    assert np.isfinite(found.estimate).all()
    assert np.isnan(found.se).all()


def test_where_it_is_not_known_the_reason_says_so(data):
    fit = made_up_of("weighted(share, w) ~ 1 + (1 | g)", data, family="beta")
    assert "weighted rows of the beta family" in no_pooling(fit, fit.effects[0]).reason[0]
