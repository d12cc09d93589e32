from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierwidgets as hw
from hierwidgets.tables import trellis
from hierwidgets.tables.lines import KINDS, lines
from hierwidgets.views.columns import decode
from hierwidgets.views.groups import FIRST, PAGE
from tests.synthetic import AWKWARD, made_up


@pytest.fixture(scope="module")
def many():
    return made_up([f"g{i}" for i in range(700)])


@pytest.fixture(autouse=True)
def nothing_picked(sleep_fit, many):
    sleep_fit.selection.clear()
    many.selection.clear()


def column(view, name) -> Any:
    return decode(view.columns[name])


def test_opens_on_the_worst_fitted_groups(sleep_fit):
    view = sleep_fit.groups()
    assert view.state == {
        "factor": "Subject",
        "x": "Days",
        "sort": "fit",
        "group": None,
        "scale": "response",
        "show": "all",
        "search": "",
        "page": 1,
    }
    assert view.code == "fit.groups()"
    worst = trellis.trellis(sleep_fit)["group"].tolist()
    assert list(dict.fromkeys(view.data["group"])) == worst
    expected = lines(sleep_fit, groups=worst)
    pd.testing.assert_frame_equal(view.data[expected.columns], expected)


def test_the_page_gets_the_lines_and_the_rows(sleep_fit, sleepstudy):
    view = sleep_fit.groups(sort="name")
    (i,) = [k for k, b in enumerate(view.about["blocks"]) if b["x"] == "Days"]
    block = view.about["blocks"][i]
    labels = column(view, "labels/Subject")
    sent = np.asarray(column(view, f"{i}/lines"), float) + block["centre"]["response"]
    order = [labels[j] for j in column(view, f"{i}/groups")]
    expected = lines(sleep_fit, groups=order)
    for k, kind in enumerate(KINDS):
        np.testing.assert_allclose(sent[0, k].ravel(), expected[kind], atol=1e-4)
    starts = column(view, f"{i}/starts")
    y = np.asarray(column(view, f"{i}/y"), float)[0] + block["centre"]["response"]
    x = np.asarray(column(view, f"{i}/x"), float) + block["centre"]["x"]
    for place, label in enumerate(order):
        own = sleepstudy[sleepstudy["Subject"].astype(str) == label]
        np.testing.assert_allclose(y[starts[place] : starts[place + 1]], own["Reaction"], atol=1e-4)
        np.testing.assert_allclose(x[starts[place] : starts[place + 1]], own["Days"], atol=1e-6)


def test_the_page_gets_the_orders_and_facts_of_every_group(many):
    view = many.groups()
    labels = column(view, "labels/g")
    for place, sort in enumerate(trellis.SORTS):
        expected = trellis.trellis(many, sort=sort)["group"].tolist()
        assert [labels[j] for j in column(view, "orders/g")[place]] == expected
    facts = np.asarray(column(view, "facts/g"), float)
    table = many.shrinkage("x|g").data.set_index("group").loc[labels]
    np.testing.assert_allclose(facts[5], table["no_pooling"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(facts[7], table["weight"], rtol=1e-5)


def test_of_many_groups_the_first_and_the_picked_are_sent(many):
    last = trellis.trellis(many)["group"].tolist()[-2:]
    many.selection.groups = last[:1]
    view = many.groups(group=last[1])
    labels = column(view, "labels/g")
    sent = [labels[j] for j in column(view, "0/groups")]
    assert sent[:FIRST] == trellis.trellis(many)["group"].tolist()[:FIRST]
    assert sorted(sent[FIRST:]) == sorted(last)
    assert "1/groups" not in view.columns


def test_python_answers_with_the_lines_of_other_groups(many):
    view = many.groups()
    wanted = [3, 698]
    content, buffers = view.answer({"kind": "lines", "factor": "g", "x": "x", "groups": wanted})
    arrays = {
        name: decode({**said, "data": data})
        for (name, said), data in zip(content["arrays"].items(), buffers, strict=True)
    }
    labels = column(view, "labels/g")
    expected = lines(many, groups=[labels[j] for j in wanted])
    centre = view.about["blocks"][0]["centre"]["response"]
    sent = np.asarray(arrays["lines"], float)[0] + centre
    np.testing.assert_allclose(sent[0].ravel(), expected["partial_pooling"], atol=1e-5)
    assert list(arrays["groups"]) == wanted
    for question in (
        {"kind": "other"},
        {"kind": "lines", "factor": "g", "x": "x", "groups": [700]},
    ):
        with pytest.raises(ValueError, match=r"lines only|no such groups"):
            view.answer(question)


def test_pages_search_and_picks_narrow_what_is_shown(many):
    everyone = trellis.trellis(many, sort="name")["group"].tolist()
    view = many.groups(sort="name", page=2)
    assert list(dict.fromkeys(view.data["group"])) == everyone[PAGE : 2 * PAGE]
    view.state = {**view.state, "search": '"g12"'}
    assert set(view.data["group"]) == {"g12"}
    view.state = {**view.state, "search": "", "show": "picked"}
    assert len(set(view.data["group"])) == PAGE
    many.selection.groups = ["g5", "g400"]
    assert list(dict.fromkeys(view.data["group"])) == ["g5", "g400"]
    assert 'show="picked"' in view.code
    view.state = {**view.state, "group": "g7"}
    assert set(view.data["group"]) == {"g7"}


def test_charts_of_a_page_and_of_one_group(sleep_fit):
    assert sleep_fit.groups().chart.to_dict()["columns"] == 6
    large = sleep_fit.groups(group="335").chart.to_dict()
    assert large["title"]["text"] == "Subject 335"
    assert sleep_fit.groups(search="no such").chart.to_dict()


def test_a_state_that_cannot_be_is_refused(sleep_fit):
    for state, said in (
        ({"factor": "Subjects"}, "Did you mean 'Subject'"),
        ({"x": "Day"}, "Did you mean 'Days'"),
        ({"sort": "estimate"}, "an order of groups"),
        ({"group": "1"}, "a group of 'Subject'"),
        ({"scale": "link"}, "a scale of this model"),
        ({"show": "none"}, "a choice of groups"),
        ({"page": 0}, "whole number of at least 1"),
    ):
        with pytest.raises(ValueError, match=said):
            sleep_fit.groups(**state)


def test_any_label_can_be_the_large_one():
    fit = made_up(AWKWARD)
    for label in AWKWARD:
        view = fit.groups(group=label)
        assert set(view.data["group"]) == {label}
        again = eval(view.code, {"fit": fit})
        assert again.state == view.state


def test_crossed_factors_and_ordered_responses_open():
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"a": rng.choice(list("abcd"), 80), "b": rng.choice(list("abcd"), 80)})
    data["x"] = rng.normal(size=80)
    data["y"] = pd.Categorical(rng.choice(["low", "mid", "top"], 80), ordered=True)
    options = {"draws": 20, "tune": 20, "chains": 1, "random_seed": 1, "progress": False}
    ordered = hw.fit("y ~ x + (1 | a) + (1 | b)", data, family="cumulative", **options).groups("b")
    assert ordered.state["scale"] == "link"
    posterior = ordered.fit.posterior
    a, b = (ordered.fit.effect(f"1|{factor}") for factor in "ab")
    found = ordered.data[ordered.data["group"] == "c"]
    beside = a.draws(posterior).mean(axis=(0, 1))[a.index[b.index == 2]].mean()
    own = b.draws(posterior).mean(axis=(0, 1))[2]
    expected = float(posterior["x"].mean()) * found["x"] + own + beside
    np.testing.assert_allclose(found["partial_pooling"], expected, atol=1e-10)
    assert ordered.chart.to_dict()
    blocks = [(b["factor"], b["x"]) for b in ordered.about["blocks"]]
    assert blocks == [("a", "x"), ("a", ""), ("b", "x"), ("b", "")]


def test_effects_on_the_scale_alone_say_so():
    fit = made_up(["a", "b"])
    fit.__dict__["effects"] = [replace(effect, component="sigma") for effect in fit.effects]
    with pytest.raises(ValueError, match=r"No group term .* is about 'mu'"):
        fit.groups()
