"""Leave one group out: the table, its totals against ArviZ, and refits without groups."""

from __future__ import annotations

import json
import math
import warnings
from concurrent.futures import Executor, Future
from weakref import WeakKeyDictionary

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import special, stats

import hierwidgets as hw
from hierwidgets import refits
from hierwidgets.sampling import Plan
from hierwidgets.tables import loo_groups as kept
from hierwidgets.tables import loo_refits
from hierwidgets.tables.left_out import Density, Draws
from hierwidgets.tables.loo_groups import (
    COLUMNS,
    DOUBTFUL,
    NEEDS_REFIT,
    RELIABLE,
    Grouping,
    _verdict,
    averaged,
    held_weights,
    loo_groups,
    totals,
)
from hierwidgets.tables.loo_groups import Held as Found
from hierwidgets.weights import smoothing
from hierwidgets.weights.errors import ess
from tests.synthetic import made_up

PLAN = Plan(200, 300, 2, seed=5)


class Here(Executor):
    """Runs at once, in this thread, and counts."""

    def __init__(self):
        self.calls = 0

    def submit(self, fn, /, *args, **kwargs):
        self.calls += 1
        future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def test_the_table_and_its_totals_are_arvizs(sleep_fit, monkeypatch):
    """Group densities handed to ArviZ as if each were one observation, the tail as long as its."""
    monkeypatch.setattr(kept, "_KEPT", WeakKeyDictionary())
    monkeypatch.setattr(
        smoothing, "tail_length", lambda n, r: math.floor(min(n / 5, 3 * math.sqrt(n / r)))
    )
    table = loo_groups(sleep_fit)
    draws = Draws(sleep_fit)
    for row in table.itertuples():
        log = draws.density(Grouping.of(sleep_fit).rows(row.group)).log
        assert log is not None
        efficiency = float(ess(np.exp(log.min() - log), [(4, 1000)])[0]) / 4000
        alone = {"y": (("chain", "draw", "group"), log.reshape(4, 1000, 1))}
        tree = xr.DataTree.from_dict(
            {"posterior": sleep_fit.posterior, "log_likelihood": xr.Dataset(alone)}
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            theirs = az.loo(tree, pointwise=True, reff=float(np.clip(efficiency, 0.01, 1.0)))
        assert row.elpd == pytest.approx(float(theirs.elpd), rel=1e-9)
        assert row.khat == pytest.approx(float(theirs.pareto_k.to_numpy()[0]), rel=1e-6, abs=1e-9)
    whole = totals(table)
    assert whole.elpd == pytest.approx(table["elpd"].sum())
    assert whole.se == pytest.approx(np.sqrt(18 * np.var(table["elpd"], ddof=1)))
    assert whole.mcse == pytest.approx(np.sqrt((table["se"] ** 2).sum()))
    assert (whole.groups, whole.missing) == (18, 0)
    assert list(table.columns) == COLUMNS
    assert table["n"].tolist() == [10] * 18
    assert not table["refitted"].any()


def test_leaving_a_group_out_is_worse_than_seeing_it(sleep_fit):
    draws = Draws(sleep_fit)
    table = loo_groups(sleep_fit).set_index("group")
    for group in table.index:
        log = draws.density(Grouping.of(sleep_fit, "Subject").rows(group)).log
        assert log is not None
        seen = log.max() + np.log(np.exp(log - log.max()).mean())
        assert table.loc[group, "elpd"] < seen


@pytest.mark.parametrize(
    ("khat", "verdict"),
    [
        (-np.inf, RELIABLE),
        (0.49, RELIABLE),
        (0.5, DOUBTFUL),
        (0.7, NEEDS_REFIT),
        (np.inf, NEEDS_REFIT),
    ],
)
def test_verdicts(khat, verdict):
    assert _verdict(Found(-1.0, 0.1, khat)) == verdict


def test_a_refit_agrees_with_the_weights(sleepstudy):
    """The group that moves the posterior least, and the one that moves it most."""
    fit = hw.fit(
        "Reaction ~ Days + (Days | Subject)", sleepstudy, random_seed=20250, progress=False
    )
    before = loo_groups(fit).set_index("group")
    ordered = before["khat"].sort_values().index
    chosen = [str(ordered[0]), str(ordered[-1])]
    executor = Here()
    after = loo_groups(
        fit, refit=chosen, executor=executor, progress=False, plan=Plan(1000, 1000, 2, seed=3)
    ).set_index("group")
    assert executor.calls == 2
    assert after["refitted"].sum() == 2
    gap = (after["elpd"] - before["elpd"]).abs()
    error = np.hypot(after["se"], before["se"])
    assert (gap[chosen] > 0).all()
    assert (gap[chosen] < 4 * error[chosen]).all()
    assert gap[chosen[0]] < 0.1
    assert after.loc[chosen[0], "verdict"] == RELIABLE
    pd.testing.assert_frame_equal(
        loo_groups(fit, refit=chosen, executor=executor).set_index("group"), after
    )
    assert executor.calls == 2


def tiny():
    rng = np.random.default_rng(0)
    g = np.repeat(list("abcd"), 5)
    x = rng.normal(10, 2, 20) + 4 * (g == "a")
    return pd.DataFrame({"y": 2 * x + rng.normal(size=20), "x": x, "g": g, "k": ["u", "v"] * 10})


@pytest.fixture(scope="module")
def tiny_fit():
    return hw.fit(
        "y ~ x + (1 | g)", tiny(), draws=100, tune=300, chains=2, random_seed=1, progress=False
    )


def test_the_refit_has_the_same_priors_and_the_other_rows(tiny_fit):
    given = loo_refits.job(tiny_fit, Grouping.of(tiny_fit, "g").rows("a"), PLAN)
    assert isinstance(given, refits.Job)
    model = refits.model(given)
    assert len(model.data) == 15
    assert set(model.data["g"]) == set("bcd")
    for name, term in tiny_fit.model.parameters["mu"].terms.items():
        assert str(model.parameters["mu"].terms[name].prior) == str(term.prior)
    assert json.loads(given.recipe)["auto_scale"] == tiny_fit.model.auto_scale


def test_the_intercepts_prior_stays_where_the_whole_fits_is(tiny_fit):
    """Leaving out the group with the largest x moves the mean at which Bambi puts the prior."""
    reduced = hw.wrap(
        refits.model(loo_refits.job(tiny_fit, Grouping.of(tiny_fit, "g").rows("a"), PLAN)),
        xr.DataTree.from_dict({"posterior": tiny_fit.posterior.sel(g__factor_dim=["b", "c", "d"])}),
    )
    prior = tiny_fit.model.parameters["mu"].intercept_term.prior
    posterior, x, g = tiny_fit.posterior, tiny_fit.data["x"], tiny_fit.data["g"]
    intercept, slope = posterior["Intercept"].to_numpy().ravel(), posterior["x"].to_numpy().ravel()
    expected = stats.norm.logpdf(
        intercept + slope * x.mean(), prior.args["mu"], prior.args["sigma"]
    )
    expected = expected - stats.norm.logpdf(
        intercept + slope * x[g != "a"].mean(), prior.args["mu"], prior.args["sigma"]
    )
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(loo_refits._recentred(tiny_fit, reduced), expected, atol=1e-10)


def test_weights_of_a_refit_count():
    fit = made_up(["a", "b", "c"])
    draws = Draws(fit)
    log = np.random.default_rng(1).normal(-5, 0.1, draws.count)
    weights = np.random.default_rng(2).normal(0, 0.3, draws.count)
    found = averaged(Density(log), draws, weights)
    expected = np.log(np.average(np.exp(log), weights=np.exp(weights)))
    assert found.elpd == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("formula", "change", "reason"),
    [
        ("y ~ scale(x) + (1 | g)", {}, "computes a predictor from all rows"),
        ("y ~ k + (1 | g)", {"k": list("w" * 5 + "uvvuv" * 3)}, "no rows in the other groups"),
    ],
)
def test_a_refit_that_would_be_another_model_is_not_made(formula, change, reason):
    from hierwidgets.models import build

    model, _ = build(formula, tiny().assign(**change))
    fit = hw.wrap(model, xr.DataTree.from_dict({"posterior": posterior_of(model)}))
    table = loo_groups(fit, refit=["a"], progress=False, plan=PLAN).set_index("group")
    assert reason in table.loc["a", "reason"]
    assert not table["refitted"].any()
    assert np.isfinite(table.loc["a", "elpd"])


def posterior_of(model):
    rng = np.random.default_rng(3)
    model.build()
    built = model.backend.model
    variables = {}
    for variable in built.free_RVs + built.deterministics:
        name = variable.name
        if name.endswith("_offset") or name == "mu":
            continue
        dims = built.named_vars_to_dims.get(name, ())
        shape = (2, 50, *(len(built.coords[dim]) for dim in dims))
        values = rng.normal(0, 0.1, shape)
        variables[name] = (
            ("chain", "draw", *dims),
            np.exp(values) if "sigma" in name else values,
        )
    coords = {d: list(built.coords[d]) for _, (dims, _) in variables.items() for d in dims[2:]}
    return xr.Dataset(variables, {**coords, "chain": range(2), "draw": range(50)})


def test_an_interrupt_keeps_the_refits_that_are_done(tiny_fit, capsys, monkeypatch):
    fit, calls = hw.wrap(tiny_fit.model, tiny_fit.idata), []

    def stopped_at_the_third(given):
        calls.append(given)
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(refits, "run", stopped_at_the_third)
    monkeypatch.setattr(loo_refits, "score", lambda *_: Found(-1.0, 0.1, 0.1))
    table = loo_groups(fit, refit=["a", "b", "c"], plan=PLAN)
    assert table["refitted"].sum() == 2
    assert "2 of 3 refits are done and kept" in capsys.readouterr().out
    again = loo_groups(fit, refit=["a", "b", "c"], progress=False, plan=PLAN)
    assert len(calls) == 4
    assert again["refitted"].sum() == 3


def test_a_refit_that_did_not_mix_is_not_used(tiny_fit):
    rows = Grouping.of(tiny_fit, "g").rows("a")
    given = loo_refits.job(tiny_fit, rows, PLAN)
    apart = tiny_fit.posterior.sel(g__factor_dim=["b", "c", "d"]).copy()
    apart["sigma"] = apart["sigma"] * xr.DataArray([1.0, 30.0], dims="chain")
    tree = xr.DataTree.from_dict({"posterior": apart})
    found = loo_refits.score(tiny_fit, rows, given, tree)
    assert np.isnan(found.elpd)
    assert "its chains did not mix" in found.reason


def test_a_reason_stands_where_there_is_no_elpd():
    from hierwidgets.models import build

    model, _ = build("y ~ x + (x | g)", tiny(), family="t")
    fit = hw.wrap(model, xr.DataTree.from_dict({"posterior": posterior_of_t(model)}))
    table = loo_groups(fit)
    assert table["elpd"].isna().all()
    assert (table["verdict"] == "").all()
    assert table["reason"].str.contains("2 effects are new").all()
    whole = totals(table)
    assert whole.missing == 4
    assert np.isnan(whole.elpd)


def test_a_group_without_density_at_some_draws_is_minus_infinity(tiny_fit, monkeypatch):
    """The mean of 1 / p is infinite there; a refit without the group has a mean of p."""
    plain = Draws.density

    def density(self, mine):
        log = np.array(plain(self, mine).log)
        log[:5] = -np.inf if 0 in mine else log[:5]
        return Density(log)

    monkeypatch.setattr(Draws, "density", density)
    fit = hw.wrap(tiny_fit.model, tiny_fit.idata)
    table = loo_groups(fit).set_index("group")
    assert table.loc["a", "elpd"] == -np.inf
    assert table.loc["a", "khat"] == np.inf
    assert table.loc["a", "verdict"] == NEEDS_REFIT
    assert table.loc["a", "reason"] == "its rows have density zero at 5 of 200 draws"
    whole = totals(table)
    assert (whole.elpd, whole.groups, whole.missing) == (-np.inf, 4, 0)
    draws = Draws(fit)
    log = draws.density(Grouping.of(fit).rows("a")).log
    mean = averaged(Density(log), draws)
    assert mean.elpd == pytest.approx(special.logsumexp(log) - np.log(200))
    weights, khat = held_weights(log, (2, 100))
    assert khat == np.inf
    np.testing.assert_array_equal(weights, np.where(np.arange(200) < 5, 0.2, 0))


def posterior_of_t(model):
    posterior = posterior_of(model)
    return posterior.assign(nu=np.exp(posterior["nu"]))


def test_bad_names_are_refused(sleep_fit):
    with pytest.raises(ValueError, match="'subject' is not a grouping factor of this model"):
        loo_groups(sleep_fit, "subject")
    with pytest.raises(ValueError, match="is not a group of 'Subject'"):
        loo_groups(sleep_fit, refit=["999"])
