"""Predictive checks of bounded and censored responses, and every view on each kind of altered response."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

import hierwidgets as hw
from hierwidgets import models, responses
from hierwidgets.tables import ppc_altered, ppc_draws, ppc_pit
from hierwidgets.tables.left_out import Draws
from hierwidgets.tables.loo_groups import Grouping
from tests.tables.test_altered import FLAT, SIGMA, made, rows

RESPONSES = [
    ("weighted(y, w)", "gaussian", SIGMA),
    ("censored(y, state)", "gaussian", SIGMA),
    ("truncated(y, lb=low, ub=high)", "gaussian", SIGMA),
    ("constrained(y, lb=-3, ub=4)", "gaussian", SIGMA),
    ("truncated(k, lb=1)", "poisson", {}),
    ("censored(size, state)", "exponential", {}),
]


def drawn(family: str, low: float, high: float, *values: float, count: int = 20_000) -> np.ndarray:
    ends = np.full(count, low), np.full(count, high)
    given = [np.full((1, 1), value) for value in values]
    return ppc_altered.within(family, np.random.default_rng(1), *ends, given)[0]


@pytest.mark.parametrize(
    ("low", "high"), [(-1.0, 0.5), (-np.inf, -2.0), (4.0, np.inf), (6.0, 6.5), (-9.0, -6.0)]
)
def test_draws_within_bounds_are_a_truncated_normal(low, high):
    """Far bounds by inversion: of draws beyond 6 sd none is found by trying."""
    found = drawn("gaussian", low, high, 0.0, 1.0)
    assert ((found >= low) & (found <= high)).all()
    assert stats.kstest(found, stats.truncnorm(low, high).cdf).pvalue > 1e-4


def test_draws_within_bounds_of_counts():
    for low, high, mu in ((1, np.inf, 0.7), (2, 5, 3.0), (9, np.inf, 0.5)):
        found = drawn("poisson", low, high, mu)
        values = np.arange(low, min(high, 60) + 1)
        share = stats.poisson.pmf(values, mu)
        seen = np.array([(found == value).mean() for value in values])
        np.testing.assert_allclose(seen, share / share.sum(), atol=0.02)


@pytest.mark.parametrize("seed", [1, 2])
def test_places_of_bounded_and_censored_rows_are_even_when_the_model_is_right(seed):
    rng = np.random.default_rng(seed)
    n = 4000
    mu, sigma = rng.normal(size=(1, n)), np.full((1, 1), 0.8)
    low, high = mu[0] - rng.gamma(1, 1, n), mu[0] + rng.gamma(1, 1, n)
    bounds = responses.Altered(lower=low, upper=high)
    y = ppc_altered.within("gaussian", rng, low, high, [mu, sigma])[0]
    found = ppc_altered.places("gaussian", bounds, y, rng.random(n), [mu, sigma])[0]
    exact = stats.truncnorm((low - mu) / sigma, (high - mu) / sigma, mu, sigma).cdf(y)
    np.testing.assert_allclose(found, exact[0], rtol=1e-9, atol=1e-12)
    whole = mu[0] + 0.8 * rng.normal(size=n)
    limit = rng.normal(0.5, 1, n)
    status = (whole > limit).astype(float)
    seen = np.minimum(whole, limit)
    censoring = responses.Altered(status=status)
    found = ppc_altered.places("gaussian", censoring, seen, rng.random(n), [mu, sigma])[0]
    assert stats.kstest(found, "uniform").pvalue > 1e-4
    counts = rng.poisson(2.0, n)
    status = np.where(counts < 1, -1.0, 0.0)
    seen = np.maximum(counts, 1).astype(float)
    status = np.where(counts <= 1, -1.0, 0.0)
    rate = [np.full((1, 1), 2.0)]
    found = ppc_altered.places(
        "poisson", responses.Altered(status=status), seen, rng.random(n), rate
    )[0]
    assert stats.kstest(found, "uniform").pvalue > 1e-4


def test_censored_values_are_completed_beyond_their_limits():
    fit = made("censored(y, state)", "gaussian", SIGMA)
    y, state = fit.data["y"].to_numpy(), fit.data["state"].to_numpy()
    found = ppc_draws.replications(fit).observed
    np.testing.assert_array_equal(found[state == "none"], y[state == "none"])
    assert (found[state == "right"] > y[state == "right"]).all()
    assert (found[state == "left"] < y[state == "left"]).all()
    np.testing.assert_array_equal(ppc_draws.replications(fit).observed, found)


def test_bounded_replications_keep_the_bounds():
    for response, family, further in RESPONSES[2:5]:
        fit = made(response, family, further)
        rest = responses.altered(fit.model) or responses.Altered()
        lower, upper = np.asarray(rest.lower), np.asarray(rest.upper)
        for new in (None, "g"):
            found = ppc_draws.replications(fit, new=new).replicated
            assert ((found >= lower) & (found <= upper)).all()
        place = ppc_pit.pit(fit)
        assert ((place.pit >= 0) & (place.pit <= 1)).all()


@pytest.mark.parametrize(
    "response", ["censored(y, state)", "weighted(y, w)", "truncated(y, lb=low, ub=high)"]
)
def test_a_group_left_out_is_its_integral(response):
    """Over the one effect of the group, by SciPy, of what each row says."""
    fit = made(response, "gaussian", SIGMA)
    mine = Grouping.of(fit, "g").rows("b")
    found = Draws(fit).density(mine).log
    data, rest = fit.data.iloc[mine], (responses.altered(fit.model) or responses.Altered()).of(mine)
    y = data["y"].to_numpy()
    flat = fit.posterior.stack(s=("chain", "draw"))
    for s in (0, 7):
        one = {name: float(flat[name][s]) for name in ("Intercept", "x", "sigma", "1|g_sigma")}
        base, sigma = one["Intercept"] + one["x"] * data["x"].to_numpy(), one["sigma"]

        def density(u, base=base, sigma=sigma, tau=one["1|g_sigma"]):
            mu = base + u
            log = stats.norm.logpdf(y, mu, sigma)
            if rest.weights is not None:
                log = rest.weights * log
            elif rest.status is not None:
                log = np.where(rest.status > 0, stats.norm.logsf(y, mu, sigma), log)
                log = np.where(rest.status < 0, stats.norm.logcdf(y, mu, sigma), log)
            else:
                a, b = ((np.asarray(end) - mu) / sigma for end in (rest.lower, rest.upper))
                log = stats.truncnorm(a, b, mu, sigma).logpdf(y)
            return np.exp(log.sum() + stats.norm.logpdf(u, 0, tau))

        edge = 9 * one["1|g_sigma"]
        expected = np.log(integrate.quad(density, -edge, edge, limit=400, epsabs=0)[0])
        assert found is not None
        assert found[s] == pytest.approx(expected, abs=2e-5)


@pytest.mark.filterwarnings("ignore:invalid value encountered in subtract")
@pytest.mark.parametrize(("response", "family", "further"), [RESPONSES[i] for i in (1, 4, 5)])
def test_every_view_opens_and_is_saved(response, family, further, tmp_path):
    fit = made(response, family, further)
    views = [
        fit.shrinkage(),
        fit.groups(),
        fit.ppc(),
        fit.loo(),
        fit.sensitivity(),
        hw.compare({"a": fit, "b": fit}),
    ]
    for i, view in enumerate(views):
        assert view.data is not None
        assert view.chart.to_dict()
        assert view.save(tmp_path / f"{i}.json").stat().st_size > 1000
    fit.shrinkage().save(tmp_path / "shrinkage.svg")
    assert len(fit.predict()) == len(fit.data)
    whole = fit.loo(unit="group").data
    known = family != "exponential"
    assert np.isfinite(whole["elpd"]).all() == known
    if not known:
        assert whole["reason"].str.contains("is not computed here").all()


@pytest.mark.parametrize(
    ("response", "change", "said"),
    [
        ("censored(y, state)", {"state": "interval"}, "has interval-censored rows"),
        ("censored(y, high, state)", {}, "has interval-censored rows"),
        ("truncated(y, lb=0, ub=9)", {}, "outside its bounds"),
        ("truncated(k, lb=0.5)", {"family": "poisson"}, r"must be a whole number.*lb=1,"),
        ("weighted(y, w)", {"family": "gamma"}, "needs a response above 0"),
    ],
)
def test_what_bambi_takes_for_something_else_is_refused(response, change, said):
    family = change.pop("family", "gaussian")
    given = {**FLAT, **(SIGMA if family == "gaussian" else {})}
    with pytest.raises(ValueError, match=said):
        models.build(
            f"{response} ~ x + (1 | g)", rows().assign(**change), family=family, priors=given
        )
