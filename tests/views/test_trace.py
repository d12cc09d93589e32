import numpy as np
import pandas as pd
import pytest
import traitlets

import hierwidgets as hw
from hierwidgets.tables import trace as tables
from hierwidgets.views import trace as views
from hierwidgets.views.columns import decode
from tests.synthetic import AWKWARD, made_up
from tests.tables.test_trace import diverging


@pytest.fixture
def fit() -> hw.Fit:
    return made_up(["a", "b", "c"])


def column(view, name):
    return decode(view.columns[name])


def listed(view) -> list[str]:
    return list(column(view, "parameter"))


def test_opens_on_the_populations_parameters(sleep_fit):
    view = sleep_fit.trace()
    assert set(view.state["parameters"]) == {
        "Intercept", "Days", "sigma", "1|Subject_sigma", "Days|Subject_sigma",
    }  # fmt: skip
    assert view.code == "fit.trace()"


def test_sends_every_draw_when_there_is_room(sleep_fit):
    view = sleep_fit.trace()
    names = listed(view)
    draws = np.asarray(column(view, "draws")) + np.asarray(column(view, "centre"))[:, None, None]
    expected = tables.draws(sleep_fit, names).transpose(2, 0, 1)
    assert draws.shape == expected.shape
    np.testing.assert_allclose(draws, expected, atol=1e-5)
    assert np.asarray(column(view, "sent")).tolist() == list(range(len(names)))


def test_draws_keep_their_digits_far_from_zero(fit):
    posterior = fit.posterior.assign(Intercept=fit.posterior["Intercept"] + 1.7e9)
    fit.idata["posterior"] = posterior
    view = fit.trace()
    place = listed(view).index("Intercept")
    draws = np.asarray(column(view, "draws"))[place]
    exact = posterior["Intercept"].to_numpy()
    centre = float(column(view, "centre")[place])
    np.testing.assert_allclose(centre + draws.astype(float), exact, rtol=0, atol=1e-4)


def test_sends_the_worst_when_there_is_no_room(fit, monkeypatch):
    monkeypatch.setattr(views, "SENT_BYTES", 10 * 4 * 2 * 200)
    posterior = fit.posterior
    posterior["x|g"][1, :, 2] += 100
    fit.idata["posterior"] = posterior
    view = fit.trace(parameters=["1|g[b]"])
    names = listed(view)
    sent = [names[i] for i in np.asarray(column(view, "sent"))]
    assert len(sent) == 10
    assert {"Intercept", "x", "sigma", "1|g_sigma", "x|g_sigma", "1|g[b]", "x|g[c]"} <= set(sent)
    assert np.asarray(column(view, "draws")).shape == (10, 2, 200)


def test_answers_with_the_draws_asked_for(fit):
    view = fit.trace()
    content, (data,) = view.answer({"kind": "draws", "parameters": ["x|g[c]", "x"]})
    assert content == {"shape": [2, 2, 200], "dtype": "float32"}
    values = np.frombuffer(data, "<f4").reshape(2, 2, 200)
    names = listed(view)
    centre = np.asarray(column(view, "centre"))[[names.index("x|g[c]"), names.index("x")]]
    expected = tables.draws(fit, ["x|g[c]", "x"]).transpose(2, 0, 1)
    np.testing.assert_allclose(values + centre[:, None, None], expected, atol=1e-6)


def test_other_questions_and_unknown_names_are_errors(fit):
    view = fit.trace()
    with pytest.raises(ValueError, match="asked for draws only, not 'weather'"):
        view.answer({"kind": "weather"})
    with pytest.raises(ValueError, match="not a parameter of this fit"):
        view.answer({"kind": "draws", "parameters": ["nothing"]})


@pytest.mark.parametrize(
    ("state", "error", "said"),
    [
        ({"parameters": ["Intercpt"]}, ValueError, "Did you mean 'Intercept'"),
        ({"parameters": "Intercept"}, TypeError, "must be a list of names"),
        ({"order": "best"}, ValueError, "'rhat', 'ess', 'name'"),
        ({"search": 3}, TypeError, "search must be text"),
        ({"sort": "name"}, TypeError, "no keyword 'sort'"),
    ],
)
def test_what_cannot_be_is_refused(fit, state, error, said):
    with pytest.raises(error, match=said):
        views.TraceView(fit, **state)


def test_a_bad_state_from_the_page_changes_nothing(fit):
    view = fit.trace()
    before = dict(view.state)
    with pytest.raises((ValueError, traitlets.TraitError)):
        view.state = {**before, "order": "best"}
    assert view.state == before


def test_data_is_listed_in_the_order_and_by_the_search(fit):
    view = fit.trace(search="1|G[")
    assert view.data["parameter"].str.startswith("1|g[").all()
    rhat = fit.trace().data["rhat"].to_numpy()
    assert np.all(np.diff(rhat) <= 0)
    ess = fit.trace(order="ess").data[["ess_bulk", "ess_tail"]].min(axis=1)
    assert np.all(np.diff(ess) >= 0)


def test_what_has_no_diagnostic_is_listed_first():
    table = pd.DataFrame(
        {
            "parameter": ["b10", "b9", "a"],
            "term": ["t", "t", ""],
            "rhat": [1.0, np.nan, 1.2],
            "ess_bulk": [50.0, np.nan, 10.0],
            "ess_tail": [50.0, 90.0, 90.0],
        }
    )
    found = views.orders(table)
    assert found["rhat"].tolist() == [1, 2, 0]
    assert found["ess"].tolist() == [1, 2, 0]
    assert found["name"].tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("chosen", "picked", "shown"),
    [
        (["x"], {}, ["x"]),
        (["x"], {"g": ["b"]}, ["1|g[b]", "x"]),
        (["x|g[a]", "x"], {"g": ["c", "b"]}, ["x|g[c]", "x|g[b]", "x"]),
        (["1|g[a]", "x|g[a]"], {"g": ["a"]}, ["1|g[a]", "x|g[a]"]),
        ([], {}, []),
    ],
)
def test_picked_groups_are_in_view(fit, chosen, picked, shown):
    assert views.in_view(tables.parameters(fit), chosen, picked) == shown


def test_the_static_picture_follows_the_selection(fit):
    view = fit.trace(parameters=["x"])
    fit.selection.groups = ["b"]
    titles = [row["title"]["text"] for row in view.chart.to_dict()["vconcat"]]
    assert titles == ["1|g[b]", "x"]
    assert view.code == 'fit.selection.groups = ["b"]\nfit.trace(parameters=["x"])'
    fit.selection.clear()


def test_divergences_are_sent_whole():
    view = diverging(made_up(["a", "b"]), [(1, 3)]).trace()
    flags = np.asarray(column(view, "divergent"))
    assert np.argwhere(flags).tolist() == [[1, 3]]


def test_labels_of_any_text_can_be_shown():
    fit = made_up(AWKWARD)
    names = [f"1|g[{label}]" for label in AWKWARD]
    view = fit.trace(parameters=names)
    assert view.state["parameters"] == names
    assert fit.trace(search="__proto__").data["group"].unique().tolist() == ["__proto__"]


@pytest.mark.parametrize("ending", ["svg", "png", "json", "csv", "html"])
def test_saves_by_its_ending(fit, tmp_path, ending):
    path = fit.trace().save(tmp_path / f"trace.{ending}")
    assert path.stat().st_size > 500
