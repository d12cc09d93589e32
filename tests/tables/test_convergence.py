"""Convergence as numbers: against ArviZ, closed forms, simulation, and real fits with a known fault."""

from __future__ import annotations

import re

import bambi as bmb
import numpy as np
import pytest
import xarray as xr
from arviz_stats.base.array import array_stats
from arviz_stats.sampling_diagnostics import bfmi
from scipy import stats

import hierwidgets as hw
from hierwidgets.tables import agreement, convergence, energy, funnel, trace
from hierwidgets.tables.diagnostics import mcse
from tests.synthetic import made_up
from tests.tables.test_trace import diverging

SCHOOLS = bmb.Formula("effect ~ 1 + (1 | school)", "sigma ~ 0 + offset(log(se))")


@pytest.fixture(scope="module")
def centred() -> hw.Fit:
    return hw.fit(
        SCHOOLS,
        hw.example("eight_schools"),
        noncentered=False,
        draws=4000,
        random_seed=1,
        progress=False,
    )


@pytest.fixture(scope="module")
def noncentred() -> hw.Fit:
    return hw.fit(SCHOOLS, hw.example("eight_schools"), random_seed=1, progress=False)


def recorded(fit: hw.Fit, **records: np.ndarray) -> hw.Fit:
    """The fit with these records of its sampler."""
    data = {name: (("chain", "draw"), values) for name, values in records.items()}
    fit.idata["sample_stats"] = xr.DataTree(xr.Dataset(data))
    return fit


def test_monte_carlo_errors_are_those_of_arviz(sleep_fit):
    table = convergence.parameters(sleep_fit)
    draws = trace.draws(sleep_fit, table["parameter"].tolist())
    for kind in ("mean", "sd"):
        expected = [
            array_stats.mcse(draws[:, :, i], chain_axis=0, draw_axis=1, method=kind)
            for i in range(draws.shape[2])
        ]
        np.testing.assert_allclose(table[f"mcse_{kind}"], expected, rtol=1e-9)


def test_the_other_diagnostics_are_those_of_arviz(sleep_fit):
    table = convergence.parameters(sleep_fit).set_index("parameter")
    draws = trace.draws(sleep_fit, table.index.tolist())
    for i, name in enumerate(table.index[::4]):
        own = {"ary": draws[:, :, 4 * i], "chain_axis": 0, "draw_axis": 1}
        expected = [
            array_stats.rhat(**own, method="rank"),
            array_stats.ess(**own, method="bulk"),
            array_stats.ess(**own, method="tail", prob=(0.05, 0.95)),
        ]
        found = table.loc[name, ["rhat", "ess_bulk", "ess_tail"]].to_numpy(float)
        np.testing.assert_allclose(found, np.array(expected, float), rtol=1e-6)


def test_errors_of_draws_that_cannot_be_are_missing():
    draws = np.random.default_rng(0).normal(size=(2, 50, 3))
    draws[0, 3, 1] = np.inf
    found = mcse(draws)
    assert np.isnan(found.mcse_mean).tolist() == [False, True, False]
    assert np.isnan(mcse(draws[:, :3]).mcse_sd).all()


def test_parameters_fail_by_the_limits():
    fit = made_up(["a", "b"])
    posterior = fit.posterior
    posterior["x|g"][1, :, 1] += 100
    fit.idata["posterior"] = posterior
    table = convergence.parameters(fit)
    assert table.loc[table["failing"], "parameter"].tolist() == ["x|g[b]"]
    assert table.loc[table["failing"], "fault"].tolist() == ["chains disagree"]
    assert table.loc[table["badness"].idxmax(), "parameter"] == "x|g[b]"
    terms = convergence.by_term(table).set_index("name")
    own = table[table["term"] == "x|g"]
    assert terms.index[0] == "x|g"
    assert terms.loc["x|g", "worst"] == "x|g[b]"
    assert terms.loc["x|g", "count"] == 2
    assert terms.loc["x|g", "failing"] == own["failing"].mean()
    assert terms.loc["x|g", "rhat"] == own["rhat"].max()
    assert terms.loc["x|g", "ess_bulk"] == own["ess_bulk"].min()
    assert terms.loc["x|g", "mcse_mean"] == (own["mcse_mean"] / own["sd"]).max()
    assert set(terms.index) == {"Intercept", "x", "sigma", "1|g_sigma", "x|g_sigma", "1|g", "x|g"}


def test_one_chain_is_judged_without_rhat():
    fit = made_up(["a", "b"], chains=1, draws=2000)
    verdict = convergence.verdict(fit)
    assert verdict.healthy
    assert any("One chain" in note for note in verdict.notes)
    assert any("energy" in note for note in verdict.notes)


def test_draws_that_do_not_move_are_found():
    fit = made_up(["a", "b"], draws=2000)
    posterior = fit.posterior
    posterior["x"][:] = 1.0
    fit.idata["posterior"] = posterior
    verdict = convergence.verdict(fit)
    assert "do not move" in verdict.findings[0].said


def test_bfmi_is_that_of_arviz(sleep_fit):
    found = energy.chains(sleep_fit)
    expected = bfmi(sleep_fit.idata)
    np.testing.assert_allclose(found["bfmi"], np.asarray(expected["energy"]).ravel(), rtol=1e-9)
    assert found["divergences"].sum() == trace.divergences(sleep_fit).sum()


@pytest.mark.parametrize(
    "names",
    [("depth", "maxdepth_reached"), ("tree_depth", "reached_max_treedepth")],
    ids=["nutpie", "pymc"],
)
def test_both_samplers_names_are_read(names):
    shape = (2, 200)
    depth, limit = names
    hits = np.zeros(shape, bool)
    hits[1, :3] = True
    fit = recorded(made_up(["a", "b"]), **{depth: np.full(shape, 7), limit: hits})
    assert energy.chains(fit)["depth_limit"].tolist() == [0, 3]
    assert energy.chains(fit)["depth"].tolist() == [7, 7]
    assert energy.missing(fit) == ["divergences", "energy", "step size"]
    said = [finding.said for finding in convergence.verdict(fit).findings]
    assert any(text.startswith("3 draws (0.75 %) reached") for text in said)


def test_a_low_energy_fraction_is_told():
    slow = np.cumsum(np.random.default_rng(0).normal(size=(2, 200)), axis=1)
    fit = recorded(made_up(["a", "b"]), energy=slow)
    said = [finding.said for finding in convergence.verdict(fit).findings]
    assert any(text.startswith("E-BFMI below 0.3 in chains 0, 1") for text in said)
    curves = energy.curves(fit)
    for _, own in curves.groupby("kind"):
        assert np.trapezoid(own["density"], own["value"]) == pytest.approx(1, abs=0.02)


def test_ecdf_differences_are_counted():
    values = np.random.default_rng(1).normal(size=(3, 50))
    values[0] += 1
    found = agreement.ecdf_difference(values)
    ranks = stats.rankdata(values).reshape(values.shape)
    at = np.arange(1, 51) / 50
    expected = (ranks[:, :, None] <= 3 * np.arange(1, 51)).mean(axis=1) - at
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_bands_are_quantiles_of_the_hypergeometric():
    band = agreement.bands(4, 100)
    inside = stats.hypergeom(400, 100, 200)
    lower, upper = 100 * (band.lower[49] + 0.5), 100 * (band.upper[49] + 0.5)
    tails = inside.cdf(lower - 1), inside.sf(upper)
    assert 1e-5 < tails[0] < 0.01
    assert 1e-5 < tails[1] < 0.01
    assert np.all(band.lower <= 0)
    assert np.all(band.upper >= 0)


@pytest.mark.parametrize(("chains", "draws"), [(2, 60), (4, 250)])
def test_bands_hold_95_percent_of_chains_that_agree(chains, draws):
    band = agreement.bands(chains, draws)
    rng = np.random.default_rng(9)
    out = 0
    for _ in range(1500):
        found = agreement.ecdf_difference(rng.normal(size=(chains, draws)))
        out += bool(((found < band.lower - 1e-9) | (found > band.upper + 1e-9)).any())
    assert 0.02 < out / 1500 < 0.07


def test_autocorrelation_is_that_of_numpy():
    values = np.random.default_rng(2).normal(size=(2, 80)).cumsum(axis=1)
    found = agreement.autocorrelation(values, 20)
    for chain in range(2):
        centred = values[chain] - values[chain].mean()
        whole = np.correlate(centred, centred, "full")[79:]
        np.testing.assert_allclose(found[chain], whole[:21] / whole[0], atol=1e-12)
    assert np.isnan(agreement.autocorrelation(np.ones((1, 10)), 3)).all()


def test_the_necks_chance_is_mann_whitneys():
    rng = np.random.default_rng(3)
    scale, lost = rng.normal(size=(2, 400)).round(2), rng.random((2, 400)) < 0.05
    found = funnel.neck(scale, lost)
    u = stats.mannwhitneyu(scale[~lost], scale[lost]).statistic
    assert found.chance == pytest.approx(u / (lost.sum() * (~lost).sum()))
    low = np.quantile(scale, 0.1)
    assert found.share == pytest.approx((scale[lost] <= low).mean())
    assert np.isnan(funnel.neck(scale, np.zeros_like(lost)).chance)


def test_chance_alone_seldom_accuses():
    rng = np.random.default_rng(4)
    out = [
        funnel.neck(rng.normal(size=(4, 250)), rng.random((4, 250)) < 0.02).lower > 0.5
        for _ in range(1000)
    ]
    assert 0.01 < np.mean(out) < 0.045


def test_the_term_whose_neck_holds_the_divergences_is_named():
    fit = made_up([f"g{i}" for i in range(6)], draws=2000)
    low = np.argsort(fit.posterior["x|g_sigma"].to_numpy(), axis=1)[:, :12]
    fit = diverging(fit, [(chain, int(i)) for chain in range(2) for i in low[chain]])
    table = funnel.funnels(fit)
    assert table["term"].tolist() == ["x|g", "1|g"]
    assert table["accused"].tolist() == [True, False]
    assert table["share"][0] == 1
    assert table["next"].tolist() == ["fit.refit(target_accept=0.99)", ""]


def test_eight_schools_centred_is_named_and_its_advice_works(centred):
    before = int(trace.divergences(centred).sum())
    assert before >= 20
    table = funnel.funnels(centred)
    assert table["term"].tolist() == ["1|school"]
    assert table["accused"].tolist() == [True]
    line = convergence.verdict(centred).findings[0].next
    assert line == table["next"][0] == "fit.refit(noncentered=True, target_accept=0.95)"
    run = re.sub(r"\)$", ", random_seed=1, progress=False)", line)
    after = eval(run, {"fit": centred, "hw": hw})
    assert after.terms["parameterization"].tolist() == ["noncentered"]
    assert after.formula == centred.formula
    assert int(trace.divergences(after).sum()) <= 0.05 * before
    assert not funnel.funnels(after)["accused"].any()
    assert after in centred.pool
    told = convergence.changes(after).set_index("check")
    assert told.loc["divergences", "before"] == before
    assert told.loc["divergences", "now"] == int(trace.divergences(after).sum())
    for fit, column in ((centred, "before"), (after, "now")):
        table = convergence.parameters(fit)
        assert told.loc["largest R-hat", column] == table["rhat"].max()
        assert told.loc["smallest bulk ESS", column] == table["ess_bulk"].min()
        assert told.loc["smallest E-BFMI", column] == energy.chains(fit)["bfmi"].min()
    assert told.loc["smallest bulk ESS", "now"] > told.loc["smallest bulk ESS", "before"]
    assert convergence.changes(centred).empty


@pytest.mark.parametrize("seed", [2, 3])
def test_eight_schools_centred_is_named_with_few_divergences_too(seed):
    fit = hw.fit(
        SCHOOLS, hw.example("eight_schools"), noncentered=False, random_seed=seed, progress=False
    )
    assert 0 < trace.divergences(fit).sum() < 20
    assert funnel.funnels(fit)["accused"].tolist() == [True]


def test_eight_schools_non_centred_is_not_accused(noncentred):
    assert not funnel.funnels(noncentred)["accused"].any()
    assert not any("blame" in finding.said for finding in convergence.verdict(noncentred).findings)


def test_a_tighter_prior_is_a_line_that_runs(centred):
    line = funnel.tighter(centred, centred.effects[0])
    assert line.startswith('fit.refit({"1|school_sigma": hw.Prior("HalfNormal", sigma=')
    with pytest.raises(ValueError, match="draws=1"):
        eval(re.sub(r"\)$", ", draws=1)", line), {"fit": centred, "hw": hw})


def test_offsets_are_what_a_non_centred_term_moves(noncentred, centred):
    effect = noncentred.effects[0]
    u = effect.draws(noncentred.posterior)
    scale = noncentred.posterior["1|school_sigma"].to_numpy()[..., None]
    np.testing.assert_allclose(funnel.sampled(noncentred, effect), u / scale)
    np.testing.assert_array_equal(funnel.sampled(noncentred, effect, "effect"), u)
    own = centred.effects[0]
    np.testing.assert_array_equal(funnel.sampled(centred, own), own.draws(centred.posterior))


def test_a_refit_writes_single_terms_as_asked(sleep_fit):
    refit = sleep_fit.refit(
        noncentered={"1|Subject": False}, draws=200, tune=300, random_seed=0, progress=False
    )
    sleep_fit.pool.remove(refit)
    assert refit.terms["parameterization"].tolist() == ["centered", "noncentered"]
    before, after = (
        trace.parameters(fit).set_index("parameter")["mean"] for fit in (sleep_fit, refit)
    )
    assert after["Days"] == pytest.approx(before["Days"], abs=1.5)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"noncentered": {"1|Subjct": True}}, ValueError, "Did you mean '1|Subject'"),
        ({"noncentered": {"1|Subject": 1}}, TypeError, "must be True or False"),
        ({"noncentered": "yes"}, TypeError, "noncentered must be True, False or a dictionary"),
        ({"target_accept": 1.2}, ValueError, "above 0 and below 1; got 1.2"),
        ({"target_accept": "high"}, TypeError, "target_accept must be a number"),
    ],
)
def test_a_refit_refuses_what_cannot_be(sleep_fit, options, error, said):
    with pytest.raises(error, match=re.escape(said)):
        sleep_fit.refit(**options, progress=False)


def test_the_alarm_is_one_line_or_nothing(centred, sleep_fit):
    assert convergence.alarm(centred).endswith(": see fit.convergence()")
    assert "divergences" in convergence.alarm(centred)
    assert convergence.alarm(sleep_fit) == ""


def test_fitting_ends_with_the_alarm_only_where_progress_is_shown(capsys):
    def fitted(**options: object) -> str:
        data = hw.example("eight_schools")
        hw.fit(SCHOOLS, data, noncentered=False, random_seed=1, **options)
        return capsys.readouterr().out

    assert fitted(progress=False) == ""
    assert fitted(progress=True).splitlines()[-1].endswith(": see fit.convergence()")


def test_pymc_says_what_nutpie_says():
    fit = hw.fit(
        SCHOOLS,
        hw.example("eight_schools"),
        noncentered=False,
        sampler="pymc",
        draws=300,
        tune=300,
        chains=2,
        random_seed=1,
        progress=False,
    )
    assert energy.missing(fit) == []
    assert np.isfinite(energy.chains(fit).to_numpy(float)).all()
    assert not convergence.verdict(fit).healthy
    assert convergence.verdict(fit).notes == []


def test_sleepstudy_is_healthy(sleep_fit):
    verdict = convergence.verdict(sleep_fit)
    assert verdict.healthy
    assert verdict.findings == []
    assert verdict.badge == "healthy"
