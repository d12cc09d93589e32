"""Views that diagnose open on any posterior; the others open, or refuse in a sentence."""

from __future__ import annotations

import json
import re

import bambi as bmb
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierwidgets as hw
from hierwidgets import checks
from hierwidgets.charts import live as charts
from hierwidgets.tables import broken, convergence, dashboard, energy, held, live, trace
from hierwidgets.tables.diagnostics import diagnostics, mcse, moments
from hierwidgets.views import live as views
from hierwidgets.views.columns import decode, unpack
from tests import broken as scenes
from tests.broken import CHAINS, DRAWS, FOREIGN, LENGTHS, LOST, OPENED, RECORDS, REFUSED
from tests.synthetic import made_up_of

DIAGNOSING = ("trace", "convergence", "dashboard")
NATIVE = re.compile(r"array|axis|shape|dtype|Error|Traceback|SVD|singular|0x|\n", re.IGNORECASE)


def computing(fit):
    return [name for name in dashboard.views(fit) if name not in DIAGNOSING]


def no_token(token):
    raise AssertionError(f"{token} was sent to the page")


def sound(view):
    """Whether everything that the page is sent is JSON."""
    for part in (
        unpack(view.specs),
        view.about,
        view.state,
        *(getattr(view, name) for name in view.further),
    ):
        json.dumps(part, allow_nan=False)
    return True


def diagnosed(fit, parameter, tmp_path):
    """Opens the views that diagnose, each as table, chart and page; gives the dashboard."""
    board = fit.dashboard()
    page = hw.report(board, tmp_path / "page.html", stills=False).read_text()
    models = page.split('type="application/json"', 1)[1].split(">", 1)[1].split("</script", 1)[0]
    json.loads(models, parse_constant=no_token)
    assert all(sound(view) for view in board.views.made.values())
    assert board.data["verdict"].notna().all()
    board.views["trace"].state = {"parameters": [parameter]}
    board.views["convergence"].state = {"parameter": parameter}
    for name in ("trace", "convergence"):
        view = board.views.made[name]
        assert len(view.data)
        json.dumps(view.chart.to_dict(), allow_nan=False)
        _, (sent,) = view.answer({"kind": "draws", "parameters": ["x", "1|g[a]"]})
        assert len(sent) in (2 * held.held(fit).size * size for size in (4, 8))
    return board


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_computed_with_is_diagnosed_and_refused(kind, tmp_path):
    change, parameter = REFUSED[kind]
    fit = scenes.fit_of(change)
    board = diagnosed(fit, parameter, tmp_path)
    assert list(board.failed) == computing(fit)
    finding = board.views["convergence"].verdict.findings[0]
    assert parameter in finding.said
    assert finding.next
    for name in computing(fit):
        with pytest.raises(ValueError, match="cannot be made") as refusal:
            getattr(fit, name)()
        said = str(refusal.value)
        assert said == board.failed[name]
        assert said.startswith(f"{name}() of {fit.formula} cannot be made: {parameter} ")
        assert not NATIVE.search(said)
        assert "fit" in said.split("; ", 1)[1]
    assert convergence.alarm(fit)
    found = convergence.disagreement(fit)
    assert found is None or found.next
    with pytest.raises(ValueError, match="cannot be made"):
        fit.reweight({"1|g_sigma": 2.0})
    with pytest.raises(ValueError, match="cannot be made"):
        hw.compare({"sound": scenes.WHOLE, "broken": fit})


@pytest.fixture(scope="module")
def gaps():
    """Columns of each view's table with NaN where nothing is broken."""
    fit = scenes.fit_of(lambda posterior, stats: (posterior, stats))
    return {name: lacking(getattr(fit, name)().data) for name in computing(fit)}


def lacking(table):
    return {name for name in table.select_dtypes("number") if table[name].isna().any()}


@pytest.mark.parametrize("kind", OPENED)
def test_what_can_be_computed_with_opens_everywhere(kind, gaps, tmp_path):
    fit = scenes.fit_of(OPENED[kind])
    board = diagnosed(fit, "x", tmp_path)
    assert board.failed == {}
    for name in computing(fit):
        table = board.views[name].data
        table = table.drop(columns=[one for one in table if one.endswith("khat")])
        assert not np.isinf(table.select_dtypes("number").to_numpy(float)).any(), name
        assert lacking(table) <= gaps[name], name


@pytest.mark.parametrize("kind", RECORDS)
def test_no_record_of_the_sampler_stands_in_the_way(kind):
    fit = scenes.fit_of(RECORDS[kind])
    for name in ("trace", "convergence"):
        view = getattr(fit, name)()
        assert sound(view)
        if name == "trace":
            view.state = {"parameters": ["x"]}
        json.dumps(view.chart.to_dict(), allow_nan=False)
    badges = {badge.check: badge for badge in dashboard.badges(fit)}
    known = energy.statistic(fit, "divergences")
    assert badges["divergences"].verdict == ("not recorded" if known is None else f"{known.sum()}")
    assert broken.complaint(fit) is None


@pytest.mark.parametrize("kind", FOREIGN)
def test_wrap_refuses_what_is_not_of_the_model(kind):
    change, said = FOREIGN[kind]
    with pytest.raises(ValueError, match=re.escape(said)):
        scenes.fit_of(change)


def test_a_record_of_other_draws_is_not_used_and_said():
    for kind in (
        "a record of fewer draws",
        "a record of one chain",
        "flags with further dimensions",
    ):
        fit = scenes.fit_of(RECORDS[kind])
        assert energy.statistic(fit, "divergences") is None
        assert any("is not of these draws" in note for note in convergence.verdict(fit).notes)


def test_prior_checks_need_no_posterior():
    assert len(scenes.fit_of(REFUSED["all NaN"][0]).ppc(kind="prior").data)


def test_draws_are_looked_at_once(monkeypatch):
    fit = scenes.fit_of(REFUSED["one NaN"][0])
    looked = []
    look = broken._complaint
    monkeypatch.setattr(broken, "_complaint", lambda one: looked.append(one) or look(one))
    for _ in range(3):
        with pytest.raises(ValueError, match="cannot be made"):
            fit.caterpillar()
    assert looked == [fit]


def test_the_picture_says_what_is_left_out():
    fit = scenes.fit_of(REFUSED["one NaN"][0])
    titles = {
        row["title"]["text"]: row["title"].get("subtitle")
        for row in fit.trace(["x", "sigma"]).chart.to_dict()["vconcat"]
    }
    assert titles == {"x": f"1 of {CHAINS * DRAWS} draws not finite, left out", "sigma": None}
    fit = scenes.fit_of(REFUSED["all NaN"][0])
    [row] = fit.trace(["x"]).chart.to_dict()["vconcat"]
    assert row["title"]["subtitle"] == f"none of {CHAINS * DRAWS} draws is finite: nothing to draw"
    assert fit.trace().parameters["parameter"].str.fullmatch("x").any()


def test_a_run_that_goes_wrong_is_shown():
    draws = np.random.default_rng(4).normal(size=(2, 100, 4))
    draws[0, 3, 0], draws[1, 5, 0], draws[..., 1], draws[..., 2] = LOST, np.inf, LOST, 1e300
    known = live.watched({"a": ["g"]}, {"g": list("pqrs")}, ["a"], str)
    glance = live.glance([{"a": one} for one in draws], [np.zeros(100, bool)] * 2, known)
    sent = views._drawn(glance)
    json.dumps(sent["rows"], allow_nan=False)
    columns = {name: decode(column) for name, column in sent["lines"].items()}
    assert np.isfinite(columns["value"]).all()
    assert np.max(np.asarray(columns["value"])) == 1e300
    assert np.bincount(columns["row"], minlength=4).tolist() == [198, 0, 200, 200]
    chart = charts.live(glance.lines, chains=range(2), draws=100)
    json.dumps(chart.to_dict(), allow_nan=False)


def test_densities_and_ranks_are_of_finite_draws():
    fit = scenes.fit_of(REFUSED["one NaN"][0])
    rest = np.delete(fit.posterior["x"].to_numpy()[1], 7)
    found = trace.density(fit, ["x"]).query("chain == 1")
    x, height = trace.kde(rest)
    np.testing.assert_array_equal(found["value"], x)
    np.testing.assert_array_equal(found["density"], height)
    ranks = trace.ranks(fit, ["x"])
    assert ranks.groupby("chain")["count"].sum().tolist() == [DRAWS, DRAWS - 1, DRAWS]
    assert ranks.groupby("chain")["expected"].sum().tolist() == pytest.approx(
        [DRAWS, DRAWS - 1, DRAWS]
    )
    assert ranks["upper"].max() == CHAINS * DRAWS - 1


@pytest.mark.parametrize("power", [-1000, -400, 400, 980])
def test_numbers_are_the_same_on_any_scale(power):
    draws = np.random.default_rng(2).normal(1, 2, (4, 100, 3))
    size = 2.0**power
    for known, found in zip(diagnostics(draws), diagnostics(draws * size), strict=True):
        np.testing.assert_array_equal(found, known)
    for function in (mcse, moments):
        for known, found in zip(function(draws), function(draws * size), strict=True):
            np.testing.assert_allclose(found / size, known, rtol=1e-12)
    x, height = trace.kde(draws[0, :, 0])
    far, low = trace.kde(draws[0, :, 0] * size)
    if power > -960:
        np.testing.assert_allclose(far / size, x, rtol=1e-12)
        np.testing.assert_allclose(low * size, height, rtol=1e-9)
    else:
        assert (len(far), low.tolist()) == (1, [1.0])


@pytest.fixture(scope="module")
def padded():
    return scenes.fit_of(scenes.padded)


def test_chains_are_counted_by_what_they_hold(padded):
    assert held.held(padded).sum(axis=1).tolist() == list(LENGTHS)
    whole = scenes.fit_of(lambda posterior, stats: (posterior, stats))
    cut = []
    for number, length in enumerate(LENGTHS):
        alone = scenes.fit_of(scenes.only(chain=[number], draw=slice(0, length)))
        cut.append(energy.chains(alone).assign(chain=number))
    pd.testing.assert_frame_equal(energy.chains(padded), pd.concat(cut, ignore_index=True))
    assert energy.chains(whole)["draws"].tolist() == [DRAWS] * CHAINS


def test_shares_are_of_the_draws_that_are_there(padded):
    rows = energy.chains(padded)
    said = " ".join(finding.said for finding in convergence.verdict(padded).findings)
    for name, text in (("divergences", "divergences"), ("depth_limit", "draws")):
        count = int(rows[name].sum())
        share = count / sum(LENGTHS)
        assert f"{count} {text} ({checks.percent(share)}" in said
        assert checks.percent(share) != checks.percent(count / (CHAINS * DRAWS))
    [badge] = [one for one in dashboard.badges(padded) if one.check == "divergences"]
    assert f" of {sum(LENGTHS)} draws diverged" in badge.said
    about = padded.trace().about
    assert (about["held"], about["padded"]) == (sum(LENGTHS), "chains of 60, 45 and 30 draws")


def test_flags_that_are_nan_are_no_divergences():
    fit = scenes.fit_of(
        scenes.stats_as(
            lambda stats: stats.assign(diverging=stats["diverging"].where(stats["depth"] > 3))
        )
    )
    stats = fit.idata["sample_stats"]
    assert trace.divergences(fit).sum() == int((stats["diverging"] == 1).sum())


def test_a_padded_fit_says_so_and_how_to_go_on(padded):
    words = "chains of 60, 45 and 30 draws"
    assert "chain=[0, 1], draw=slice(0, 45)" in broken.whole(padded)
    assert words in repr(padded)
    assert f"3 {words}" in dashboard.facts(padded)
    verdict = convergence.verdict(padded)
    assert [note for note in verdict.notes if words in note]
    space = {"fit": padded, "hw": hw}
    exec(verdict.findings[0].next, space)
    cut = space["fit"]
    assert (cut.posterior.sizes["chain"], cut.posterior.sizes["draw"]) == (2, 45)
    assert len(cut.caterpillar().data)


FORMULAS = [
    ("y ~ x + (x | g)", {"correlated": True}),
    (bmb.Formula("y ~ x + (1 | g)", "sigma ~ 1 + (1 | h)"), {}),
    ("y ~ kind + (kind | g)", {"family": "t"}),
    ("grade ~ x + (1 | g)", {"family": "cumulative"}),
    ("count ~ x + (1 | g / h)", {"family": "negativebinomial"}),
]


@pytest.mark.parametrize(("formula", "options"), FORMULAS)
def test_every_variable_of_every_kind_of_model_is_watched(formula, options):
    rng = np.random.default_rng(5)
    n = 60
    data = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "y": rng.normal(size=n),
            "g": np.tile(list("abc"), n // 3),
            "h": np.repeat(list("pqrs"), n // 4),
            "kind": rng.choice(["lo", "mid", "hi"], n),
            "count": rng.poisson(3, n),
            "grade": pd.Categorical(rng.integers(0, 3, n), ordered=True),
        }
    )
    whole = made_up_of(formula, data, **options)
    assert broken.complaint(whole) is None
    for name, values in whole.posterior.data_vars.items():
        word = str(name).split("|", 1)[0]
        lost = values.astype(float).copy(deep=True)
        lost[1, 7] = LOST
        tree = xr.DataTree.from_dict({"posterior": whole.posterior.assign({name: lost})})
        fit = hw.wrap(whole.model, tree)
        with pytest.raises(ValueError, match=f"made: {re.escape(word)}.* in 1 of 80 draws"):
            fit.loo()
        assert word in convergence.verdict(fit).findings[0].said
        assert sound(fit.trace())
