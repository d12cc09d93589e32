"""Each view in a real JupyterLab: what a click changes in Python, and in the other cell."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import Notebook, write_notebook

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    import hierwidgets as hw

pytestmark = [pytest.mark.browser, pytest.mark.lab]

LOAD = "import hierwidgets as hw\nfit = hw.load('sleep.nc')"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, sleep_fit: hw.Fit) -> Path:
    folder = tmp_path_factory.mktemp("lab")
    sleep_fit.save(folder / "sleep.nc")
    return folder


def in_sight(view: Locator) -> Locator:
    """The view with the groups of these tests in sight: a trace lists what is searched for."""
    if view.get_attribute("data-view") == "trace":
        view.get_by_label("Search").fill("1|Subject[33")
    return view


def mark(view: Locator, group: str) -> Locator:
    """What one clicks to pick a group."""
    if view.get_attribute("data-view") == "trace":
        return view.get_by_role("option", name=re.compile(rf"^1\|Subject\[{group}\]"))
    return view.locator(f'[aria-label="group {group}"]').first


def expect_picked(view: Locator, group: str, other: str) -> None:
    """The view shows `group` as picked, and `other` as not."""
    kind = view.get_attribute("data-view")
    if kind == "trace":
        expect(mark(view, group)).to_have_attribute("aria-selected", "true")
        expect(mark(view, other)).to_have_attribute("aria-selected", "false")
        expect(view.get_by_text(f"1|Subject[{group}]").last).to_be_visible()
        return
    expect(label(view, group)).to_have_attribute("opacity", "1")
    expect(label(view, other)).not_to_have_attribute("opacity", "1")


def expect_nothing_picked(view: Locator, groups: list[str]) -> None:
    for group in groups:
        if view.get_attribute("data-view") == "trace":
            expect(mark(view, group)).to_have_attribute("aria-selected", "false")
        else:
            expect(label(view, group)).to_have_attribute("opacity", "1")


def label(view: Locator, group: str) -> Locator:
    return view.locator("svg text", has_text=re.compile(f"^{group}$")).first


def change_trace(view: Locator) -> tuple[str, str]:
    view.get_by_label("Search").fill("sigma")
    expect(view.get_by_role("listbox").get_by_role("option")).to_have_count(3)
    return "view.state['search']", "'sigma'"


def change_caterpillar(view: Locator) -> tuple[str, str]:
    view.get_by_label("Sort").select_option("name")
    return "view.data['group'].head(2).tolist()", "['308', '309']"


def change_shrinkage(view: Locator) -> tuple[str, str]:
    slider = view.get_by_role("slider").first
    slider.press("Home")
    return "min(view.state['sigma'].values()) < 1", "True"


@pytest.mark.parametrize(
    ("kind", "other", "change"),
    [
        ("trace", "caterpillar", change_trace),
        ("caterpillar", "shrinkage", change_caterpillar),
        ("shrinkage", "trace", change_shrinkage),
    ],
)
def test_a_click_reaches_python_and_every_other_cell(
    notebook: Notebook, folder: Path, kind: str, other: str, change
):
    cells = [LOAD, f"view = fit.{kind}()\nview", f"fit.{other}()"]
    write_notebook(folder / f"{kind}.ipynb", cells)
    notebook.open(f"{kind}.ipynb")
    notebook.run_all()
    here, there = in_sight(notebook.view(kind)), in_sight(notebook.view(other))
    assert notebook.python("fit.selection.groups") == "[]"

    mark(here, "335").click()
    notebook.until("fit.selection.groups", "['335']")
    expect_picked(here, "335", "337")
    expect_picked(there, "335", "337")

    notebook.run("fit.selection.groups = ['337']")
    expect_picked(here, "337", "335")
    expect_picked(there, "337", "335")

    mark(here, "335").click(modifiers=["Shift"])
    notebook.until("sorted(fit.selection.groups)", "['335', '337']")

    here.press("Escape")
    notebook.until("fit.selection.groups", "[]")
    expect_nothing_picked(there, ["335", "337"])

    expression, expected = change(here)
    notebook.until(expression, expected)
    assert notebook.python("view.code").startswith(f"'fit.{kind}(")


def test_a_trace_asks_python_for_draws_that_were_not_sent(notebook: Notebook, folder: Path):
    few = "import hierwidgets.views.trace as views\nviews.SENT_BYTES = 8 * 4 * 4000"
    cells = [LOAD, few, "view = fit.trace(order='name')\nview"]
    write_notebook(folder / "asked.ipynb", cells)
    notebook.open("asked.ipynb")
    notebook.run_all()
    view = in_sight(notebook.view("trace"))
    assert notebook.python("view.columns['draws']['shape'][0]") == "8"
    mark(view, "335").click()
    row = view.locator(".hw-trace-row", has_text="1|Subject[335]")
    mean = notebook.python(
        "f\"{float(fit.posterior['1|Subject'].sel(Subject__factor_dim='335').mean()):.4g}\""
    )
    expect(row).to_contain_text(f"mean {mean}".replace("'", "").replace("-", "\N{MINUS SIGN}"))
    expect(row.locator("svg, canvas").first).to_be_visible()


def test_a_fit_shows_its_chains_and_an_interrupt_keeps_the_draws(notebook: Notebook, folder: Path):
    fit = "fit = hw.fit('log_radon ~ floor + (1 | county)', hw.example('radon'), draws=200_000, chains=2)"
    write_notebook(folder / "stopped.ipynb", ["import hierwidgets as hw", fit, "fit.caterpillar()"])
    notebook.open("stopped.ipynb")
    notebook.run_all()
    progress = notebook.page.get_by_text("Sampler Progress")
    expect(progress).to_be_visible(timeout=60_000)
    notebook.page.wait_for_function(
        """() => {
          const bar = document.querySelector(".nutpie progress");
          return bar && bar.value > bar.max / 50;
        }"""
    )
    notebook.page.evaluate("jupyterapp.commands.execute('notebook:interrupt-kernel')")
    expect(notebook.page.get_by_text("Sampling was interrupted:")).to_be_visible()
    notebook.view("caterpillar")
    assert notebook.python("fit.partial") == "True"
    assert notebook.python("0 < len(fit.posterior.draw) < 200_000") == "True"


def test_the_selection_from_python_is_there_when_a_view_opens(notebook: Notebook, folder: Path):
    cells = [LOAD, "fit.selection.groups = ['335']", "fit.caterpillar()"]
    write_notebook(folder / "before.ipynb", cells)
    notebook.open("before.ipynb")
    notebook.run_all()
    expect_picked(notebook.view("caterpillar"), "335", "337")


def test_a_reopened_notebook_shows_the_picture_that_stays(
    notebook: Notebook, folder: Path, server: str, browser: Browser
):
    write_notebook(folder / "still.ipynb", [LOAD, "fit.caterpillar()"])
    notebook.open("still.ipynb")
    notebook.run_all()
    live = notebook.view("caterpillar")
    still = notebook.page.locator("img[data-hw-still]")
    expect(still).to_be_attached()
    expect(still).not_to_be_visible()
    expect(live).to_be_visible()
    notebook.save()
    notebook.shut_down()

    notebook.open("still.ipynb")
    expect(still).to_be_visible()
    assert still.evaluate("image => image.complete && image.naturalWidth > 200")
    expect(
        notebook.page.get_by_text(re.compile("Error displaying widget|model not found"))
    ).to_have_count(0)


def test_a_notebook_from_elsewhere_shows_the_picture_too(notebook: Notebook, folder: Path):
    write_notebook(folder / "sent.ipynb", [LOAD, "fit.caterpillar()"])
    notebook.open("sent.ipynb")
    notebook.run_all()
    notebook.view("caterpillar")
    expect(notebook.page.locator("img[data-hw-still]")).to_be_attached()
    notebook.save()
    notebook.shut_down()
    saved = json.loads((folder / "sent.ipynb").read_text("utf-8"))
    saved["cells"][0]["source"] = "# changed by someone else, so no longer trusted"
    (folder / "untrusted.ipynb").write_text(json.dumps(saved), "utf-8")

    notebook.open("untrusted.ipynb")
    image = notebook.page.locator('.jp-OutputArea-output img[src^="data:image/png"]')
    expect(image).to_be_visible()
    assert image.evaluate("image => image.complete && image.naturalWidth > 200")


COUNTED = """
import hierwidgets.views.groups as views
views.PAGE = views.FIRST = 6
asked, answer = [], views.GroupsView.answer
def counted(self, question):
    asked.append(question)
    return answer(self, question)
views.GroupsView.answer = counted
"""


def panels(view: Locator) -> Locator:
    return view.locator('.targets_marks [aria-label^="group "]')


def test_groups_ask_python_for_the_lines_of_a_page_and_variance_stands_beside(
    notebook: Notebook, folder: Path
):
    cells = [
        f"{LOAD}\n{COUNTED}",
        "trellis = fit.groups()\ntrellis",
        "variance = fit.variance()\nvariance",
    ]
    write_notebook(folder / "groups.ipynb", cells)
    notebook.open("groups.ipynb")
    notebook.run_all()
    view, beside = notebook.view("groups"), notebook.view("variance")
    worst = json.loads(
        notebook.python(
            "__import__('json').dumps(hw.load('sleep.nc').groups(sort='fit')._listed())"
        ).strip("'")
    )
    expect(panels(view)).to_have_count(6)
    assert notebook.python("asked") == "[]"

    view.get_by_role("button", name="Next").click()
    expect(view.locator(f'[aria-label="group {worst[6]}"]')).to_be_visible()
    expect(panels(view)).to_have_count(6)
    notebook.until("trellis.state['page']", "2")
    notebook.until("len(asked)", "1")
    expect(view.get_by_role("alert")).to_be_hidden()

    view.locator(f'[aria-label="group {worst[7]}"]').click()
    notebook.until("fit.selection.groups", f"['{worst[7]}']")
    view.get_by_role("button", name=f"Enlarge {worst[7]}").click()
    expect(view.get_by_role("heading", name=f"Subject {worst[7]}")).to_be_visible()
    notebook.until("trellis.state['group']", f"'{worst[7]}'")
    weight = notebook.python(
        "f\"{fit.shrinkage('Days|Subject').data.set_index('group').loc['"
        + worst[7]
        + "', 'weight']:.3f}\""
    ).strip("'")
    row = view.get_by_role("row", name=re.compile(r"^Days\|Subject"))
    assert float(row.get_by_role("cell").last.inner_text()) == pytest.approx(
        float(weight), abs=6e-4
    )
    view.get_by_role("button", name="Next").click()
    expect(view.get_by_role("heading", name=f"Subject {worst[8]}")).to_be_visible()
    view.get_by_role("button", name="All groups").click()

    notebook.run(f"fit.selection.groups = ['{worst[0]}', '{worst[17]}']")
    view.get_by_text("picked", exact=True).click()
    expect(panels(view)).to_have_count(2)
    expect(view.locator(f'[aria-label="group {worst[17]}"]')).to_be_visible()
    notebook.until("len(asked)", "2")
    assert 'fit.groups(show="picked")' in notebook.python("trellis.code")

    share = notebook.python("f\"{100 * variance.data['share'].iloc[0]:.0f}\"").strip("'")
    assert 0 < int(share) < 100
    expect(beside.get_by_text("of the variance lies between the groups of Subject")).to_be_visible()
    scales = beside.get_by_role("region", name=re.compile("^Standard deviation")).locator("svg")
    expect(scales.get_by_text("Days|Subject, per unit of Days")).to_be_visible()
    term = beside.locator("[data-word='pooling factor']").first
    term.hover()
    expect(term).to_have_accessible_description(re.compile("0 is no pooling, 1 complete pooling"))


def test_a_fit_shows_its_dashboard_and_makes_a_view_when_its_tab_opens(
    notebook: Notebook, folder: Path
):
    cells = [LOAD, "fit", "board = fit.dashboard('caterpillar')\nboard"]
    write_notebook(folder / "dashboard.ipynb", cells)
    notebook.open("dashboard.ipynb")
    notebook.run_cell(0)
    own = notebook.run_cell(1).locator('[data-view="dashboard"]')
    expect(own.locator('[data-view="convergence"][data-ready]')).to_be_visible()
    expect(own.get_by_role("button", name="divergences")).to_contain_text("✓ 0")
    expect(own.page.locator("[data-hw-still]")).to_be_hidden()
    expect(own.locator("[role=tabpanel] [data-view]")).to_have_count(1)

    board = notebook.run_cell(2).locator('[data-view="dashboard"]')
    caterpillar = board.locator('[data-view="caterpillar"][data-ready]')
    expect(caterpillar).to_be_visible()
    assert notebook.python("list(board.views.made)") == "['caterpillar']"
    mark(caterpillar, "335").click()
    notebook.until("fit.selection.groups", "['335']")

    board.get_by_role("tab", name="Shrinkage").click()
    shrinkage = board.locator('[data-view="shrinkage"][data-ready]')
    expect(shrinkage).to_be_visible()
    expect_picked(shrinkage, "335", "337")
    notebook.until("list(board.views.made)", "['caterpillar', 'shrinkage']")
    notebook.until("board.code.splitlines()[-1]", "'fit.dashboard(view=\"shrinkage\")'")
    shrinkage.get_by_label("Sort by").select_option("name")
    notebook.until("board.views['shrinkage'].state['sort']", "'name'")

    notebook.run("board.state = {'view': 'groups'}")
    expect(board.locator('[data-view="groups"][data-ready]')).to_be_visible()

    notebook.shut_down()
    board.get_by_role("tab", name="Shrinkage").click()
    expect(shrinkage).to_be_visible()
    board.get_by_role("tab", name="Variance").click()
    expect(
        board.get_by_text(
            "Variance cannot be shown. Python cannot be reached: this notebook's kernel"
        )
    ).to_be_visible()
    assert all("Could not send widget sync message" in error for error in notebook.errors)
    notebook.errors.clear()


def test_a_reopened_notebook_says_what_the_fit_was(notebook: Notebook, folder: Path):
    write_notebook(folder / "shown.ipynb", [LOAD, "fit"])
    notebook.open("shown.ipynb")
    notebook.run_all()
    notebook.view("dashboard")
    said = notebook.page.locator("pre[data-hw-still]")
    expect(said).to_be_hidden()
    notebook.save()
    notebook.shut_down()

    notebook.open("shown.ipynb")
    expect(said).to_be_visible()
    expect(said).to_contain_text("gaussian, 180 rows, 18 Subject, 4 chains of 1000 draws")
    expect(notebook.page.get_by_text(re.compile("Error displaying|model not found"))).to_have_count(
        0
    )
