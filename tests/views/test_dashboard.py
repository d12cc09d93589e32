"""A dashboard: what it costs, what it makes and when, and a fit that shows itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from IPython.core.formatters import DisplayFormatter

import hierwidgets as hw
from hierwidgets.models import build
from hierwidgets.views.dashboard import DashboardView
from hierwidgets.views.page import page
from tests.synthetic import made_up
from tests.views.test_page import parsed


@pytest.fixture
def fit() -> hw.Fit:
    return made_up([f"g{i}" for i in range(12)])


def asked(board: DashboardView, **question: str) -> dict[str, Any]:
    sent: list[dict[str, Any]] = []
    board.send = lambda content, _buffers=None: sent.append(content)
    board._handle_custom_msg({"ask": "7", **question}, [])
    (answer,) = sent
    return answer


def test_it_makes_nothing_until_asked(fit: hw.Fit) -> None:
    board = fit.dashboard()
    assert (board.opened, board.badges, board.views.made) == ({}, [], {})
    state = board.get_state()
    assert len(json.dumps(state, default=str)) < 5_000
    assert board.about["tabs"] == list(board.views)


def test_the_page_asks_for_a_view_and_gets_its_reference(fit: hw.Fit) -> None:
    board = fit.dashboard("shrinkage")
    assert asked(board, what="view", view="shrinkage") == {"answer": "7"}
    inner = board.views["shrinkage"]
    assert board.opened == {"shrinkage": f"anywidget:{inner.model_id}"}
    assert inner.selection is board.selection
    asked(board, what="view", view="shrinkage")
    assert board.views["shrinkage"] is inner


def test_badges_are_computed_when_asked(fit: hw.Fit) -> None:
    board = fit.dashboard()
    asked(board, what="badges")
    assert [badge["check"] for badge in board.badges] == board.data["check"].tolist()
    assert board.views.made == {}
    assert list(board.data.columns) == ["check", "verdict", "healthy", "said", "next", "view"]


def test_a_verdict_of_an_opened_view_joins_the_badges(
    fit: hw.Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = fit.dashboard()
    count = len(board.data)
    verdict = fit.convergence().verdict
    monkeypatch.setattr("hierwidgets.views.trace.TraceView.verdict", verdict, raising=False)
    _ = board.views["trace"]
    assert [badge["check"] for badge in board.badges][count:] == ["trace"]


def test_a_view_that_cannot_be_made_says_why(fit: hw.Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: object, **_state: object) -> None:
        raise ValueError("Not for a censored response.")

    with monkeypatch.context() as patched:
        patched.setattr(hw.Fit, "sensitivity", refuse)
        board = fit.dashboard()
        answer = asked(board, what="view", view="sensitivity")
        assert answer["refused"] == "Not for a censored response."
        models = json.loads(parsed(page([board], stills=False)).scripts["hierwidgets-models"])
        sent = models["models"]["view-0"]
        assert sent["failed"] == {"sensitivity": "Not for a censored response."}
        assert "sensitivity" not in sent["opened"]
        assert asked(board, what="view", view="nothing")["error"]
    assert asked(board, what="view", view="sensitivity") == {"answer": "7"}
    assert board.failed == {}


def test_state_code_and_chart(fit: hw.Fit) -> None:
    assert fit.dashboard().code == "fit.dashboard()"
    board = fit.dashboard("caterpillar")
    assert board.code == 'fit.dashboard(view="caterpillar")'
    assert board.chart.to_dict() == fit.caterpillar().chart.to_dict()
    board.state = {"view": "trace"}
    assert board.code == 'fit.dashboard(view="trace")'
    with pytest.raises(ValueError, match="'shrinkag' is not a view of this dashboard"):
        fit.dashboard("shrinkag")


def test_a_model_without_groups_has_the_views_that_work() -> None:
    data = hw.example("sleepstudy")
    model, _ = build("Reaction ~ Days", data)
    idata = model.fit(draws=50, tune=50, chains=2, random_seed=1, progressbar=False)
    board = hw.wrap(model, idata).dashboard()
    assert set(board.views).isdisjoint({"caterpillar", "shrinkage", "groups", "variance"})
    board.within()
    assert board.failed == {}


def test_a_page_holds_every_view_once(fit: hw.Fit) -> None:
    board = fit.dashboard()
    source = page([board], stills=False)
    tags = parsed(source)
    models = json.loads(tags.scripts["hierwidgets-models"])["models"]
    assert models["view-0"]["opened"] == {name: f"view-0-{name}" for name in board.views}
    assert {models[f"view-0-{name}"]["kind"] for name in board.views} == set(board.views)
    assert len(source) - len(tags.scripts["hierwidgets-models"]) < 700_000
    assert "<header>" not in source


def test_a_fit_shows_itself_in_a_notebook_and_computes_nothing(
    fit: hw.Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("IPython.display.display", lambda thing, **_: shown.append(thing))
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: type("", (), {"kernel": 1}))
    monkeypatch.setattr(
        "hierwidgets.tables.convergence.parameters", lambda *_: pytest.fail("computed")
    )
    fit._ipython_display_()
    widget, still = shown
    assert "application/vnd.jupyter.widget-view+json" in widget
    assert widget["text/plain"] == repr(fit)
    assert "Fit of y ~ x + (x | g)" in still.data


def test_a_fit_that_cannot_be_shown_is_written_with_the_reason(
    fit: hw.Fit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_name: str) -> bytes:
        raise FileNotFoundError("the front end is not built")

    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: type("", (), {"kernel": 1}))
    monkeypatch.setattr("hierwidgets.views.view.bundle", lambda: fail(""))
    fit._ipython_display_()
    said = capsys.readouterr().out
    assert said.startswith("Fit of y ~ x + (x | g)")
    assert "cannot be shown: the front end is not built" in said


def test_a_terminal_gets_the_text(fit: hw.Fit) -> None:
    formats, _ = DisplayFormatter().format(fit)
    assert formats["text/plain"] == repr(fit)
    assert set(formats) == {"text/plain"}
