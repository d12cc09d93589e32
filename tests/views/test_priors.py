"""The prior lab's Python: its state, code and log, and how refits come to the page."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hierwidgets as hw
from hierwidgets import priors
from hierwidgets.priors import Setting
from hierwidgets.tables import priors as tables
from hierwidgets.views import page
from hierwidgets.views import priors as views
from hierwidgets.views.columns import decode
from tests.synthetic import AWKWARD, made_up
from tests.tables.test_variance import invented


class FakeBackground:
    """Refits that end when the test says so."""

    def __init__(self, fit):
        self.fit = fit
        self.asked = []
        self.cancelled = 0

    def start(self, settings, heard, plan):
        self.asked.append((settings, plan))
        self.heard = heard
        heard({"stage": "waiting", "message": "", "done": 0, "total": 0})

    def cancel(self):
        self.cancelled += 1

    def join(self, other):
        other.pool = self.fit.pool
        self.fit.pool.append(other)
        self.heard({"stage": "joined", "message": "", "done": 0, "total": 0})


@pytest.fixture
def fit(monkeypatch):
    made = made_up([f"g{i}" for i in range(6)])
    monkeypatch.setattr(made, "background", FakeBackground(made), raising=False)
    return made


def test_opens_as_fitted(fit):
    lab = fit.priors()
    assert lab.state == {
        "priors": {},
        "term": "1|g",
        "quantity": "1|g_sigma",
        "group": None,
        "top": 3,
        "auto": True,
    }
    assert lab.code.splitlines()[-1] == "fit.priors()"
    assert list(lab.data["quantity"][:2]) == ["Intercept", "x"]


def test_a_prior_is_kept_as_family_and_numbers(fit):
    lab = fit.priors({"1|g_sigma": hw.Prior("HalfNormal", sigma=1), "x": 0.5})
    assert lab.state["priors"]["1|g_sigma"] == {"family": "HalfNormal", "args": {"sigma": 1.0}}
    assert lab.state["priors"]["x"]["args"]["sigma"] == 0.5
    lab.state = {
        **lab.state,
        "priors": {"1|g_sigma": {"family": "HalfCauchy", "args": {"beta": 2}}},
    }
    assert lab.settings["1|g_sigma"] == Setting("HalfCauchy", {"beta": 2.0})
    assert 'fit.priors(priors={"1|g_sigma": hw.Prior("HalfCauchy", beta=2.0)})' in lab.code


def test_the_fitted_prior_is_no_change(fit):
    fitted = {one.parameter: one.setting for one in priors.top(fit)}["1|g_sigma"]
    lab = fit.priors({"1|g_sigma": hw.Prior(fitted.family, **fitted.args)})
    assert lab.state["priors"] == {}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"priors": {"1|g_sigm": 1}}, "1|g_sigma"),
        ({"priors": {"1|g_sigma": hw.Prior("HalfNormal", sigma=-1)}}, "sigma"),
        ({"priors": {"1|g_sigma": hw.Prior("Normal", mu=0, sigma=1)}}, "HalfNormal"),
        ({"quantity": "tau"}, "quantity"),
        ({"term": "1|h"}, "1|g"),
        ({"group": "g66"}, "g6|g5|g0"),
        ({"top": 0}, "top"),
        ({"auto": 1}, "auto"),
    ],
)
def test_what_cannot_be_is_refused(fit, given, sentence):
    with pytest.raises(
        (ValueError, TypeError), match=sentence.replace("|g_", ".g_").replace("1|g", "1.g")
    ):
        fit.priors(**given)


def test_the_code_gives_the_same_priors_in_a_new_fit(fit):
    chosen = {
        "1|g_sigma": hw.Prior("Gamma", alpha=2, beta=0.5),
        "x": hw.Prior("Cauchy", alpha=1, beta=2),
    }
    lab = fit.priors(chosen, term="x|g", top=2)
    known = {"hw": hw, "fit": fit}
    exec(lab.code, known)
    from hierwidgets import models

    model, _ = models.build("y ~ x + (x | g)", fit.data, priors=known["priors"])
    again = hw.wrap(model, fit.idata)
    assert {one.parameter: one.setting for one in priors.top(again)} == lab.settings
    assert lab.code.splitlines()[-1].endswith('term="x|g", top=2)')


def test_the_code_of_a_correlation_goes_to_correlated():
    crossed = invented("y ~ x + z + (1 | h) + (x + z | g)", correlated=["g"])
    lab = crossed.priors({"g_corr": 4})
    assert 'correlated = {"g": 4.0}' in lab.code
    assert 'fit.priors(priors={"g_corr": 4.0})' in lab.code
    assert lab.settings["g_corr"] == Setting("LKJ", {"eta": 4.0, "size": 3.0})


def test_the_log_is_a_table_in_order(fit):
    lab = fit.priors()
    assert list(lab.log.columns)[:3] == ["priors", "verdict", "reason"]
    assert lab.log.empty
    entry = {
        "priors": {"1|g_sigma": {"family": "HalfNormal", "args": {"sigma": 2.0}}},
        "verdict": "reliable",
        "reason": "",
        "khat": 0.1,
        "ess": 300.0,
        "log_evidence": None,
        "quantity": "1|g_sigma",
        "mean": 1.5,
        "mean_mcse": 0.1,
        "lower": 1,
        "upper": 2,
        "fits": 1,
    }
    lab.tried = [entry, {**entry, "priors": {}, "mean": None}, entry]
    assert list(lab.log["priors"]) == [
        "1|g_sigma: HalfNormal(sigma=2)",
        "as fitted",
        "1|g_sigma: HalfNormal(sigma=2)",
    ]
    assert lab.log["mean"].isna().tolist() == [False, True, False]
    assert np.isnan(lab.log["log_evidence"][0])


def test_a_refit_comes_to_the_page_and_to_exported_pages(fit):
    lab = fit.priors()
    asked = {"1|g_sigma": {"family": "HalfNormal", "args": {"sigma": 0.5}}}
    assert lab.answer({"refit": asked}) == ({}, [])
    settings, plan = fit.background.asked[0]
    assert settings["1|g_sigma"] == Setting("HalfNormal", {"sigma": 0.5})
    assert (plan.chains, plan.draws) == (2, 250)
    assert lab.running["stage"] == "waiting"
    assert lab.members == 0
    other = made_up([f"g{i}" for i in range(6)], seed=5)
    fit.background.join(other)
    assert lab.members == 1
    assert lab.running["stage"] == "joined"
    np.testing.assert_array_equal(
        decode(lab.member_1["columns"]["quantities"]), tables.member(other)["quantities"]
    )
    assert "term/0" in lab.member_1["columns"]
    assert {"running", "members", "member_1"} <= set(lab.keys)
    assert '"member_1"' in page.page([lab], stills=False)
    again = fit.priors()
    assert again.members == 1
    assert again.member_1["settings"].keys() == lab.member_1["settings"].keys()


def test_cancel_and_terms_are_answered(fit):
    lab = fit.priors()
    lab.answer({"cancel": True})
    assert fit.background.cancelled == 1
    content, buffers = lab.answer({"term": "x|g"})
    assert content == {}
    np.testing.assert_array_equal(
        np.frombuffer(buffers[0], "<f4").reshape(6, -1), tables.majored(tables.effects(fit, "x|g"))
    )
    with pytest.raises(NotImplementedError):
        lab.answer({"something": 1})


def test_terms_travel_within_a_budget(fit, monkeypatch):
    monkeypatch.setattr(views, "BUDGET", 0)
    lab = fit.priors()
    assert [one["sent"] for one in lab.about["terms"]] == [True, False]
    assert "term/1" not in lab.columns


def test_the_chart_says_what_it_withholds(fit):
    lab = fit.priors({"1|g_sigma": hw.Prior("HalfNormal", sigma=0.01)})
    assert lab.data["mean"].isna().all()
    spec = lab.chart.to_dict()
    assert spec["title"]["text"].startswith("Withheld: ")
    assert lab.fit.priors().chart.to_dict()["title"]["text"] == "Reliable"


def test_awkward_labels():
    lab = made_up(AWKWARD).priors(group="</script>")
    assert lab.state["group"] == "</script>"
    assert isinstance(lab.data, pd.DataFrame)
    assert "</script>" not in page.escaped_json(lab.columns["labels/g"]["data"])
