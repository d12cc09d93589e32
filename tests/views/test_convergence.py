import re

import numpy as np
import pandas as pd
import pytest

import hierwidgets as hw
from hierwidgets.tables import convergence as tables
from hierwidgets.tables import funnel, trace
from hierwidgets.views import convergence as views
from hierwidgets.views.columns import decode
from tests.synthetic import AWKWARD, made_up
from tests.tables.test_trace import diverging


@pytest.fixture
def fit() -> hw.Fit:
    return diverging(made_up(["a", "b", "c"]), [(0, 5), (1, 9), (1, 60)])


def column(view, name):
    return np.asarray(decode(view.columns[name]))


def test_opens_on_the_worst_by_term(fit):
    view = fit.convergence()
    assert view.code == "fit.convergence()"
    assert (
        view.state["parameter"]
        == view.parameters.loc[view.parameters["badness"].idxmax(), "parameter"]
    )
    assert view.state["term"] == funnel.funnels(fit)["term"][0]
    pd.testing.assert_frame_equal(view.data, tables.by_term(tables.parameters(fit)))


def test_the_state_is_the_code(fit):
    view = fit.convergence(
        "x|g[b]", "x|g", "b", show="parameters", order="ess", search="x|", axis="effect"
    )
    assert eval(view.code, {"fit": fit}).state == view.state
    assert view.data["parameter"].tolist()[0] in {"x|g[a]", "x|g[b]", "x|g[c]", "x|g_sigma"}
    assert np.all(np.diff(view.data[["ess_bulk", "ess_tail"]].min(axis=1)) >= 0)


def test_the_page_gets_the_numbers(fit):
    view = fit.convergence()
    table = view.parameters
    for name in views.NUMBERS:
        np.testing.assert_allclose(column(view, name), table[name], rtol=1e-6)
        np.testing.assert_allclose(column(view, f"fold_{name}"), view.terms[name], rtol=1e-6)
    scales = column(view, "log_scale")
    expected = [funnel.log_scale(fit, effect) for effect in fit.effects]
    np.testing.assert_allclose(scales, expected, rtol=1e-5)
    assert view.about["ranking"] == view.funnels["term"].tolist()
    assert view.about["said"] == view.verdict.said
    assert column(view, "divergent").sum() == 3


def test_the_draws_are_sent_or_asked_for(fit):
    view = fit.convergence()
    content, (data,) = view.answer({"kind": "draws", "parameters": ["x|g[c]"]})
    assert content == {"shape": [1, 2, 200], "dtype": "float32"}
    centre = column(view, "centre")[view.parameters["parameter"].tolist().index("x|g[c]")]
    found = np.frombuffer(data, "<f4").reshape(2, 200) + centre
    np.testing.assert_allclose(found, trace.draws(fit, ["x|g[c]"])[:, :, 0], atol=1e-5)
    with pytest.raises(ValueError, match="asked for draws only"):
        view.answer({"kind": "weather"})


@pytest.mark.parametrize(
    ("state", "error", "said"),
    [
        ({"parameter": "Intercpt"}, ValueError, "Did you mean 'Intercept'"),
        ({"term": "1|h"}, ValueError, "a group term of this model"),
        ({"term": "1|g", "group": "z"}, ValueError, "a group of '1|g'"),
        ({"order": "best"}, ValueError, "'worst', 'rhat', 'ess', 'name'"),
        ({"show": "groups"}, ValueError, "'terms', 'parameters'"),
        ({"axis": "u"}, ValueError, "'sampled', 'effect'"),
        ({"search": 3}, TypeError, "search must be text"),
    ],
)
def test_what_cannot_be_is_refused(fit, state, error, said):
    with pytest.raises(error, match=re.escape(said)):
        views.ConvergenceView(fit, **state)


def test_the_funnel_follows_the_picked_group(fit):
    view = fit.convergence(term="1|g", group="b", axis="effect")
    effect = fit.effect("1|g")
    assert view.group(effect) == "b"
    fit.selection.groups = ["c"]
    assert view.group(effect) == "c"
    rows, axes, title = view._funnel()
    assert title == "1|g[c]"
    assert axes == ("effect u of 1|g", "log 1|g_sigma")
    assert rows["diverging"].sum() == 3
    lost = trace.divergences(fit)
    values = effect.draws(fit.posterior)[:, :, 2][lost]
    np.testing.assert_allclose(rows["value"].tail(3), values)


def test_a_model_without_group_terms_opens(tmp_path):
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"x": rng.normal(size=40), "y": rng.normal(size=40)})
    fit = hw.fit("y ~ x", data, draws=100, tune=100, chains=2, random_seed=1, progress=False)
    view = fit.convergence()
    assert view.state["term"] is None
    assert len(view.data) == 3
    view.save(tmp_path / "plain.svg")
    with pytest.raises(ValueError, match="no group terms"):
        fit.convergence(group="a")


def test_every_kind_of_file_is_written(fit, tmp_path):
    view = fit.convergence()
    for ending in ("svg", "json", "csv", "html"):
        assert view.save(tmp_path / f"c.{ending}").stat().st_size > 200
    assert len(pd.read_csv(tmp_path / "c.csv")) == len(view.data)


def test_thousands_of_draws_are_thinned_but_no_divergence_is_lost():
    assert views.thinned(100).all()
    assert views.thinned(50_000).sum() <= views.MOST_POINTS


def test_names_of_any_text_open():
    view = made_up(AWKWARD).convergence(search="<img")
    assert len(view.parameters) == 5 + 2 * len(AWKWARD)
    assert view.data.empty
