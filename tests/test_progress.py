"""A bar for what takes long."""

from __future__ import annotations

import io
from typing import Any

import nbclient
import nbformat
import pytest
import rich.progress
from rich.console import Console

from hierwidgets import progress


@pytest.fixture
def screen(monkeypatch):
    """What a terminal would get."""
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    monkeypatch.setattr(rich.progress, "get_console", lambda: console)
    return console.file


def test_nothing_is_shown_of_what_is_short(screen):
    with progress.bar("squares", 3) as done:
        for _ in range(3):
            done(1)
    assert screen.getvalue() == ""


def test_what_is_long_is_told_and_leaves_nothing(screen, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    with progress.bar("squares", 4) as done:
        done(1)
        done(1)
    said = screen.getvalue()
    assert "squares" in said
    assert "50%" in said
    assert said.endswith("\x1b[2K")


def test_an_interrupt_takes_the_bar_away(screen, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", -1.0)

    def interrupted() -> None:
        with progress.bar("squares", 4) as done:
            done(1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert screen.getvalue().endswith("\x1b[2K")


def test_a_bar_within_a_bar_is_not_in_its_way(screen, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    with progress.bar("outer", 2) as outer:
        outer(1)
        with progress.bar("inner", 2) as inner:
            inner(1)
        outer(1)
    assert "outer" in screen.getvalue()


NOTEBOOK = """
from hierwidgets import progress
progress.PATIENCE = progress.EVERY = -1.0
said = []
def heard(message):
    said.append(message["content"]["data"].get("text/html", ""))
    return message
get_ipython().display_pub.register_hook(heard)
with progress.bar("squares < n", 4) as done:
    done(1)
print(said[1])
"""


def test_a_notebook_is_told_and_keeps_no_trace():
    cell: Any = nbformat.v4.new_code_cell(NOTEBOOK)
    nbclient.NotebookClient(nbformat.v4.new_notebook(cells=[cell])).execute()
    line, said = cell.outputs
    assert line["data"]["text/html"] == ""
    assert said["text"].startswith(
        '<progress value="1" max="4"></progress> squares &lt; n: 25 %, about 0 s left'
    )
