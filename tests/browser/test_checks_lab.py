"""The checks of a fit in a real JupyterLab: what is picked and changed reaches Python and the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Notebook, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.lab]

LOAD = "import hierwidgets as hw\nfit, plain = hw.load('sleep.nc'), hw.load('plain.nc')"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, sleep_fit, sleepstudy) -> Path:
    import hierwidgets as hw

    folder = tmp_path_factory.mktemp("checks")
    plain = hw.fit(
        "Reaction ~ Days + (1 | Subject)", sleepstudy, random_seed=1, draws=500, progress=False
    )
    sleep_fit.save(folder / "sleep.nc")
    plain.save(folder / "plain.nc")
    return folder


def test_a_predictive_check_follows_python_and_is_followed(notebook: Notebook, folder: Path):
    cells = [LOAD, "check = fit.ppc()\ncheck", "fit.loo()"]
    write_notebook(folder / "ppc.ipynb", cells)
    notebook.open("ppc.ipynb")
    notebook.run_all()
    view, beside = notebook.view("ppc"), notebook.view("loo")
    worst = notebook.python("check.data['group'][0]").strip("'")
    heading = view.locator(".hw-ppc-below h4")
    expect(heading).to_contain_text(worst)

    view.get_by_role("row", name="group 335", exact=True).click()
    notebook.until("fit.selection.groups", "['335']")
    notebook.until("check.state['group']", "'335'")
    dim = beside.locator(".hw-group-rows .role-mark.mark-text text[opacity='0.5']")
    expect(dim).to_have_count(17)

    notebook.run("fit.selection.groups = ['308']")
    expect(heading).to_contain_text("308:")
    view.get_by_label("Picture").select_option("loo_pit")
    notebook.until("check.code.splitlines()[-1]", '\'fit.ppc(picture="loo_pit", group="335")\'')


def test_whole_groups_are_left_out_when_they_are_asked_for(notebook: Notebook, folder: Path):
    cells = [
        LOAD,
        "left = fit.loo()\nleft",
        "both = hw.compare({'slopes': fit, 'intercepts': plain})\nboth",
    ]
    write_notebook(folder / "loo.ipynb", cells)
    notebook.open("loo.ipynb")
    notebook.run_all()
    view, beside = notebook.view("loo"), notebook.view("compare")

    view.get_by_text("a whole group", exact=True).click()
    told = view.locator(".hw-loo-told")
    expect(told).to_contain_text("Predicted is a whole new group of Subject", timeout=60_000)
    notebook.until("left.state['unit']", "'group'")
    assert told.inner_text() == notebook.python("left.groups_said('Subject')").strip("\"'")

    beside.get_by_text("a whole group", exact=True).click()
    said = beside.locator(".hw-compare-said")
    expect(said).to_contain_text("predicts a new group of Subject best", timeout=60_000)
    notebook.until("both.state['unit']", "'group'")
    assert said.inner_text() == notebook.python("both.said()").strip("\"'")
    expect(beside.get_by_label("models", exact=True)).to_contain_text("Monte Carlo error")

    beside.get_by_label("group 335", exact=True).click()
    notebook.until("fit.selection.groups, plain.selection.groups", "(['335'], ['335'])")
    notebook.until("both.code.splitlines()[-1].endswith('unit=\"group\")')", "True")
    view.get_by_text("one observation", exact=True).click()
    notebook.until("left.state['unit']", "'observation'")
    expect(told).to_contain_text("a new observation in a known group")
