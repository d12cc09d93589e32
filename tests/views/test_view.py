"""What every view does, seen in the caterpillar."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierwidgets as hw
from hierwidgets.views.caterpillar import FIELDS, CaterpillarView
from hierwidgets.views.columns import decode
from hierwidgets.views.runtime import Runtime, runtime
from hierwidgets.views.view import literal
from tests.synthetic import made_up


@pytest.fixture(scope="module")
def shared() -> hw.Fit:
    return made_up([f"g{i}" for i in range(12)])


@pytest.fixture
def fit(shared: hw.Fit) -> hw.Fit:
    shared.selection.clear()
    return shared


def test_code_gives_the_state_back(fit: hw.Fit) -> None:
    view = fit.caterpillar("x|g", sort="name", search='a "b" \\ </script>')
    fit.selection.groups = ["g3", "g10"]
    other = made_up([f"g{i}" for i in range(12)])
    space: dict[str, Any] = {"fit": other}
    first, last = view.code.splitlines()
    exec(first, space)
    again = eval(last, space)
    assert again.state == view.state
    assert other.selection.groups == ["g3", "g10"]


def test_code_is_short_for_what_is_usual(fit: hw.Fit) -> None:
    assert fit.caterpillar().code == "fit.caterpillar()"
    assert (
        fit.caterpillar(term="1|g", scale="deviation").code == 'fit.caterpillar(scale="deviation")'
    )


def test_code_uses_the_fits_name(fit: hw.Fit) -> None:
    fit.name = "sleep"
    try:
        assert fit.caterpillar(sort="size").code == 'sleep.caterpillar(sort="size")'
    finally:
        fit.name = "fit"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("é", '"é"'),
        (None, "None"),
        ([1, "a"], '[1, "a"]'),
        ({"1|g": 0.5}, '{"1|g": 0.5}'),
        (True, "True"),
    ],
)
def test_literals_are_python(value: object, written: str) -> None:
    assert literal(value) == written
    assert eval(written) == value


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"sort": "nam"}, "'nam' is not an order of groups. Did you mean 'name'"),
        ({"scale": "deviations"}, "Did you mean 'deviation'"),
        ({"term": "x|h"}, "'x|h' is not a group term of this model. Did you mean"),
    ],
)
def test_unknown_values_are_refused(fit: hw.Fit, keywords: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("|", r"\|")):
        fit.caterpillar(**keywords)


def test_unknown_keywords_are_refused(fit: hw.Fit) -> None:
    with pytest.raises(TypeError, match=r"caterpillar\(\) has no keyword 'sorting'.*'sort'"):
        CaterpillarView(fit, sorting="name")


def test_state_is_checked_from_the_page_too(fit: hw.Fit) -> None:
    view = fit.caterpillar()
    view.set_state({"state": {**view.state, "sort": "name"}})
    assert view.data["group"].tolist()[:3] == ["g0", "g1", "g2"]
    with pytest.raises(ValueError, match="'up' is not an order"):
        view.state = {"sort": "up"}
    with pytest.raises(TypeError, match="has no keyword 'colour'"):
        view.state = {"colour": "red"}
    assert view.state["sort"] == "name"


def test_data_is_what_is_shown(fit: hw.Fit) -> None:
    view = fit.caterpillar("x|g", sort="size", scale="deviation", search="G1")
    assert sorted(view.data["group"]) == ["g1", "g10", "g11"]
    assert view.data["n"].is_monotonic_decreasing
    assert (view.data["population"] == 0).all()


def test_the_page_gets_the_numbers_of_the_table(fit: hw.Fit) -> None:
    view = fit.caterpillar()
    table = fit.caterpillar("x|g", scale="deviation").data.set_index("group")
    labels = decode(view.columns["labels/g"])
    sent = pd.DataFrame(
        np.asarray(decode(view.columns["1/deviation/link"])).T, columns=FIELDS, index=labels
    )
    expected = table.loc[labels, FIELDS].astype("float32")
    pd.testing.assert_frame_equal(sent, expected, check_names=False)
    assert view.about["terms"][0]["population"]["effect/link"] == pytest.approx(
        fit.caterpillar().data["population"].iloc[0]
    )


def test_a_further_view_costs_little(fit: hw.Fit) -> None:
    state = fit.caterpillar().get_state()
    data = sum(len(column["data"]) for column in state.pop("columns").values())
    assert data < 5_000
    assert len(json.dumps(state, default=str)) < 20_000


def test_all_views_share_one_runtime_until_it_is_closed(fit: hw.Fit) -> None:
    first, second = fit.caterpillar(), fit.caterpillar()
    assert first.runtime is second.runtime
    assert first.selection is second.selection is fit.selection
    first.runtime.close()
    try:
        assert fit.caterpillar().runtime is not second.runtime
    finally:
        Runtime.current = None
    assert runtime().bundle[:2] == b"\x1f\x8b"


@pytest.mark.parametrize(
    ("ending", "starts"),
    [(".svg", b"<svg"), (".png", b"\x89PNG"), (".json", b"{"), (".CSV", b"term")],
)
def test_save_by_ending(fit: hw.Fit, tmp_path: Path, ending: str, starts: bytes) -> None:
    path = fit.caterpillar().save(tmp_path / f"view{ending}")
    assert path.read_bytes().startswith(starts)


def test_saved_table_is_the_data(fit: hw.Fit, tmp_path: Path) -> None:
    view = fit.caterpillar("x|g", sort="name")
    back = pd.read_csv(view.save(tmp_path / "view.csv"))
    pd.testing.assert_frame_equal(back, view.data, check_dtype=False, check_exact=False)


@pytest.mark.parametrize("name", ["view.pdf", "view", ".html"])
def test_other_endings_are_refused(fit: hw.Fit, tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"\.html, \.svg, \.png, \.json, \.csv"):
        fit.caterpillar().save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_display_gives_the_widget_and_a_small_picture(
    fit: hw.Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[dict[str, str]] = []

    def display(thing: Any, **_options: object) -> None:
        shown.append(thing if isinstance(thing, dict) else {"text/html": thing.data})

    monkeypatch.setattr("IPython.display.display", display)
    view = fit.caterpillar()
    view._ipython_display_()
    widget, picture = shown
    assert widget["application/vnd.jupyter.widget-view+json"]["model_id"] == view.model_id
    assert widget["text/plain"] == "<caterpillar of y ~ x + (x | g)>"
    assert f'data-hw-still="{view.about["still"]}"' in picture["text/html"]
    assert "data:image/png;base64," in picture["text/html"]
    assert len(picture["text/html"]) < 150_000


def test_questions_are_answered_or_refused_in_a_sentence(fit: hw.Fit) -> None:
    view = fit.caterpillar()
    sent: list[dict[str, Any]] = []
    view.send = lambda content, _buffers=None: sent.append(content)
    view._handle_custom_msg({"ask": "7", "what": "lines"}, [])
    view._handle_custom_msg({"something": "else"}, [])
    (answer,) = sent
    assert answer["answer"] == "7"
    assert "caterpillar is asked nothing" in answer["error"]
