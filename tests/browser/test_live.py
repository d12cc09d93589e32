"""A live fit in a real JupyterLab: the cell returns, another runs, Stop keeps the draws."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Notebook, write_notebook

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.lab]

FIT = (
    "import hierwidgets as hw\n"
    "fit = hw.fit('log_radon ~ floor + (1 | county)', hw.example('radon'), draws=200_000,\n"
    "             chains=2, random_seed=1, progress='live')"
)
SHOTS = os.environ.get("HW_SHOTS", "")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("live")


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")


def test_a_cell_returns_while_it_samples_and_stop_keeps_the_draws(notebook: Notebook, folder: Path):
    cells = [FIT, "print('still', 'usable:', fit.ready)", "fit.caterpillar()"]
    write_notebook(folder / "live.ipynb", cells)
    notebook.open("live.ipynb")
    notebook.run_cell(0)
    view = notebook.view("live")
    shot(notebook.page, "compiling")
    expect(notebook.run_cell(1)).to_contain_text("still usable: False")

    first = view.get_by_role("progressbar", name="chain 0")
    expect(first).to_have_attribute("aria-valuetext", re.compile(r"^draws [1-9]"), timeout=60_000)
    expect(view.get_by_role("status")).to_contain_text("sampling")
    panel = view.locator(".hw-live-panel").first
    expect(panel).to_contain_text(re.compile(r"R-hat \d\.\d{3} · ESS"))
    expect(panel.locator("svg path[stroke-width='0.8']").first).to_be_visible()
    expect(view.get_by_text(re.compile(r"about \d+ (s|min) left"))).to_be_visible()
    shot(notebook.page, "sampling")

    view.get_by_role("button", name="Stop, keep draws").click()
    expect(view.get_by_role("status")).to_contain_text("Sampling was interrupted: 2 of 2 chains")
    expect(view.get_by_text("fit.convergence()")).to_be_visible()
    expect(view.get_by_role("button", name="Stop, keep draws")).to_be_hidden()
    notebook.run_cell(2)
    notebook.view("caterpillar")
    assert notebook.python("fit.partial, fit.ready") == "(True, True)"
    assert notebook.python("0 < len(fit.posterior.draw) < 200_000") == "True"
    shot(notebook.page, "stopped")

    notebook.save()
    notebook.shut_down()
    notebook.open("live.ipynb")
    still = notebook.page.locator("img[data-hw-still]").first
    expect(still).to_be_visible()
    assert still.evaluate("image => image.complete && image.naturalHeight > 200")


def test_an_interrupt_of_a_waiting_cell_keeps_the_draws_and_a_cell_run_again_ends_its_first_run(
    notebook: Notebook, folder: Path
):
    write_notebook(folder / "again.ipynb", [FIT, "first = fit", "fit.caterpillar()"])
    notebook.open("again.ipynb")
    notebook.run_cell(0)
    notebook.view("live")
    notebook.run_cell(1)
    notebook.until("first.ready", "False")
    notebook.run_cell(0)
    notebook.until("first.run.event.stage, fit.ready", "('cancelled', False)")
    view = notebook.view("live")
    progress = view.get_by_role("progressbar", name="chain 0")
    expect(progress).to_have_attribute(
        "aria-valuetext", re.compile(r"^draws [1-9]"), timeout=60_000
    )
    waiting = notebook.run_cell(2)
    expect(
        notebook.page.locator(".jp-Notebook .jp-Cell").nth(2).locator(".jp-InputPrompt")
    ).to_contain_text("*")
    view.get_by_role("button", name="Stop, keep draws").click()
    expect(view.get_by_text("The kernel is busy with a cell. Interrupt it")).to_be_visible()
    notebook.page.evaluate("jupyterapp.commands.execute('notebook:interrupt-kernel')")
    expect(waiting.locator('[data-view="caterpillar"][data-ready="true"]')).to_be_visible()
    assert notebook.python("fit.partial") == "True"
