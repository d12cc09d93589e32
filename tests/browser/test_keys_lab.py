"""Keys pressed on what a view holds stay there: JupyterLab makes, deletes and leaves no cell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import Notebook, write_notebook

if TYPE_CHECKING:
    import hierwidgets as hw

pytestmark = [pytest.mark.browser, pytest.mark.lab]

VIEWS = {
    "trace": "fit.trace()",
    "caterpillar": "fit.caterpillar()",
    "shrinkage": "fit.shrinkage()",
    "groups": "fit.groups()",
    "variance": "fit.variance()",
    "convergence": "fit.convergence()",
    "priors": "fit.priors()",
    "sensitivity": "fit.sensitivity()",
    "ppc": "fit.ppc()",
    "loo": "fit.loo()",
    "compare": "hw.compare({'one': fit, 'other': fit})",
    "dashboard": "fit.dashboard('caterpillar')",
    "live": "hw.fit('Reaction ~ 1 + (1 | Subject)', fit.data, draws=50, tune=50, progress='live')",
}
FOCUSED = """(view, wanted) => {
  const candidates = "a[href], button, input, select, textarea, summary, [tabindex], .hw-scroll, svg, canvas";
  const kinds = new Set(), unmarked = [];
  for (const one of view.querySelectorAll(candidates)) {
    if (one.closest("[data-view]") !== view || !one.checkVisibility()) continue;
    one.focus({ preventScroll: true });
    if (document.activeElement !== one) continue;
    if (!one.hasAttribute("data-lm-suppress-shortcuts")) unmarked.push(one.outerHTML.slice(0, 200));
    const kind = [one.localName, one.getAttribute("type"), one.getAttribute("role")].join(" ");
    kinds.add(kind);
    if (kind === wanted) break;
  }
  return { unmarked, kinds: [...kinds] };
}"""
UNMARKED = """() => [...document.querySelectorAll("[data-view]")].flatMap((view) =>
  [...view.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
    .filter((one) => !one.hasAttribute("data-lm-suppress-shortcuts"))
    .map((one) => one.outerHTML.slice(0, 200)))"""
CELLS = """() => {
  const { content } = jupyterapp.shell.currentWidget;
  return [content.widgets.length, content.activeCellIndex, content.mode];
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, sleep_fit: hw.Fit) -> Path:
    folder = tmp_path_factory.mktemp("lab")
    sleep_fit.save(folder / "sleep.nc")
    return folder


def cells(notebook: Notebook) -> Any:
    return notebook.page.evaluate(CELLS)


def moved(one: Locator, key: str, value: str) -> tuple[str, str]:
    """What an element says before and after a key."""
    before = one.evaluate(value)
    one.press(key)
    return before, one.evaluate(value)


def test_keys_on_every_kind_of_element_stay_in_the_view(notebook: Notebook, folder: Path):
    load = "import hierwidgets as hw\nfit = hw.load('sleep.nc')"
    write_notebook(folder / "keys.ipynb", [load, *VIEWS.values()])
    notebook.open("keys.ipynb")
    notebook.page.evaluate(
        "jupyterapp.shell.currentWidget.content.notebookConfig = "
        "{ ...jupyterapp.shell.currentWidget.content.notebookConfig, windowingMode: 'none' }"
    )
    notebook.run_all()
    seen: set[str] = set()
    sliders = selects = 0
    for i, kind in enumerate(VIEWS, 1):
        cell = notebook.page.locator(".jp-Notebook .jp-Cell").nth(i)
        view = cell.locator(f'[data-view="{kind}"][data-ready="true"]').first
        expect(view).to_be_visible(timeout=60_000)
        found = view.evaluate(FOCUSED)
        assert found["unmarked"] == []
        assert found["kinds"]
        for name in sorted(found["kinds"], key=lambda one: one.startswith(("input", "select"))):
            assert name in view.evaluate(FOCUSED, name)["kinds"]
            before = cells(notebook)
            for key in ("b", "d", "d", "ArrowDown", "a", "ArrowUp"):
                notebook.page.keyboard.press(key)
            assert cells(notebook) == before, (kind, name)
            seen.add(name)
        slider = view.locator("input[type=range]:visible").first
        if slider.count():
            slider.press("Home")
            before, after = moved(slider, "ArrowRight", "one => one.value")
            assert float(after) > float(before), kind
            sliders += 1
        select = view.locator("select:visible:has(option:nth-of-type(2))").first
        if select.count():
            select.press("Home")
            before, after = moved(select, "ArrowDown", "one => one.selectedIndex")
            assert (before, after) == (0, 1), kind
            selects += 1
    assert {one.split()[0] for one in seen} >= {"button", "input", "select", "div"}
    assert sliders >= 2
    assert selects >= 5
    assert notebook.page.evaluate(UNMARKED) == []
