"""A session in the prior lab: refits beside a kernel that stays usable, lost ones, reloads, exports."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Notebook, write_notebook

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    import hierwidgets as hw

pytestmark = [pytest.mark.browser, pytest.mark.lab]
REFIT = 120_000
SLIDER = "1|Subject_sigma sigma"
DRAWS = 4000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, sleep_fit: hw.Fit) -> Path:
    folder = tmp_path_factory.mktemp("session")
    sleep_fit.save(folder / "sleep.nc")
    return folder


@pytest.fixture
def opened(notebook: Notebook, folder: Path) -> Notebook:
    """A notebook whose first cell shows the prior lab, and whose second says how its refit is."""
    cells = [
        "import hierwidgets as hw\nfit = hw.load('sleep.nc')\nlab = fit.priors()\nlab",
        "print(lab.running['stage'], len(fit.pool))",
    ]
    write_notebook(folder / "lab.ipynb", cells)
    notebook.open("lab.ipynb")
    notebook.run_cell(0)
    return notebook


def slider(lab: Locator) -> Locator:
    return lab.get_by_role("slider", name=SLIDER, exact=True)


def verdict(lab: Locator) -> Locator:
    return lab.get_by_role("status")


def meter(lab: Locator, name: str) -> Locator:
    return lab.get_by_role("meter", name=name, exact=True)


def button(lab: Locator, name: str) -> Locator:
    return lab.get_by_role("button", name=name, exact=True)


def to_the_least(lab: Locator) -> None:
    """The slider by keyboard to where the draws of the first fit cannot follow."""
    expect(verdict(lab)).to_contain_text("Reliable")
    slider(lab).focus()
    slider(lab).press("Home")
    expect(verdict(lab)).to_contain_text("Needs a refit")


def expect_withheld(lab: Locator) -> None:
    expect(verdict(lab)).to_contain_text("Needs a refit")
    veil = lab.locator(".hw-priors-veil")
    expect(veil).to_be_visible()
    expect(veil).to_contain_text(re.compile(r"^\s*Withheld\. .{20,}"))


def frames(notebook: Notebook, most: int) -> None:
    """Let the page draw, and with it everything that it would start by itself."""
    notebook.page.evaluate(
        """async (most) => {
          for (let i = 0; i < most; i += 1) await new Promise(requestAnimationFrame);
        }""",
        most,
    )


def expect_pool(lab: Locator, fits: int) -> None:
    expect(meter(lab, "effective sample size")).to_have_attribute(
        "aria-valuemax", str(fits * DRAWS)
    )


def test_everything_is_found_by_its_role_and_name(opened: Notebook) -> None:
    lab = opened.view("priors")
    expect(lab).to_have_attribute("aria-label", re.compile("Reaction ~ Days"))
    expect(verdict(lab)).to_have_count(1)
    expect(verdict(lab)).to_contain_text("Reliable")
    for argument in ("Intercept mu", "Intercept sigma", SLIDER, "Days|Subject_sigma sigma"):
        one = lab.get_by_role("slider", name=argument, exact=True)
        expect(one).to_have_count(1)
        expect(one).to_have_attribute("aria-valuetext", re.compile(r"\d"))
    for name in ("Pareto k", "effective sample size"):
        expect(meter(lab, name)).to_have_count(1)
        expect(meter(lab, name)).to_have_attribute("aria-valuemin", "0")
        assert float(meter(lab, name).get_attribute("aria-valuenow") or "nan") >= 0
    before = opened.python("float(lab.data.set_index('quantity')['mean']['1|Subject_sigma'])")
    slider(lab).focus()
    for _ in range(2):
        slider(lab).press("PageDown")
    opened.until("list(lab.state['priors']), len(lab.log)", "(['1|Subject_sigma'], 1)")
    expect(verdict(lab)).to_contain_text("Reliable")
    moved = opened.python("float(lab.data.set_index('quantity')['mean']['1|Subject_sigma'])")
    assert float(moved) < float(before)
    sigma = opened.python("lab.settings['1|Subject_sigma'].args['sigma']")
    assert float(slider(lab).get_attribute("aria-valuenow") or "nan") == float(sigma)


def test_a_refit_runs_beside_the_kernel_and_outlives_the_page(
    opened: Notebook, folder: Path, open_page: Callable[[str], Page]
) -> None:
    lab = opened.view("priors")
    expect_pool(lab, 1)
    assert opened.python("len(lab.log)") == "0"
    to_the_least(lab)
    expect_withheld(lab)
    expect(button(lab, "Cancel")).to_be_visible()
    expect(opened.run_cell(1)).to_have_text(re.compile(r"^(waiting|sampling) 1\s*$"))

    expect(verdict(lab)).to_contain_text("Reliable", timeout=REFIT)
    expect(lab.locator(".hw-priors-veil")).to_be_hidden()
    expect_pool(lab, 2)
    assert float(meter(lab, "Pareto k").get_attribute("aria-valuenow") or "nan") < 0.7
    ess = meter(lab, "effective sample size").get_attribute("aria-valuenow")
    assert 100 < float(ess or "nan") <= DRAWS
    assert opened.python("len(fit.pool)") == "2"
    opened.until("list(lab.log['verdict'])", "['needs a refit', 'reliable']")
    assert opened.python("list(lab.log['fits'])") == "[1, 2]"
    assert opened.python("list(lab.log['mean'].isna())") == "[True, False]"
    refitted = "float(fit.pool[1].posterior['1|Subject_sigma'].mean())"
    mean = float(opened.python(refitted))
    assert float(opened.python("float(lab.log['mean'].iloc[1])")) == pytest.approx(mean, rel=1e-4)

    least = slider(lab).get_attribute("aria-valuenow")
    opened.save()
    opened.open("lab.ipynb")
    again = opened.view("priors")
    expect(slider(again)).to_have_attribute("aria-valuenow", least or "")
    expect(verdict(again)).to_contain_text("Reliable")
    expect_pool(again, 2)
    expect(again.locator(".hw-priors-log summary")).to_have_text("Log of the priors tried: 2")
    assert opened.python("len(fit.pool)") == "2"

    opened.run("lab.save('lab.html')")
    page = open_page((folder / "lab.html").as_uri())
    sent = page.locator("[data-view=priors][data-ready=true]")
    expect(verdict(sent)).to_contain_text("Reliable")
    expect_pool(sent, 2)
    expect(button(sent, "Refit")).to_be_disabled()
    expect(button(sent, "Check")).to_be_disabled()
    expect(sent.get_by_role("checkbox", name="refit by itself")).to_be_disabled()
    expect(sent.get_by_text("Refits need Python: this page has no kernel.")).to_be_visible()
    slider(sent).press("ArrowRight")
    expect(slider(sent)).not_to_have_attribute("aria-valuenow", least or "")
    expect(verdict(sent)).to_contain_text("Reliable")


def test_a_refit_that_is_cancelled_or_killed_changes_nothing(opened: Notebook) -> None:
    lab = opened.view("priors")
    to_the_least(lab)
    button(lab, "Cancel").click()
    said = lab.get_by_text("The refit was cancelled; nothing has changed.")
    expect(said).to_be_visible()
    frames(opened, 120)
    expect(said).to_be_visible()
    expect(button(lab, "Cancel")).to_be_hidden()
    expect_withheld(lab)
    assert opened.python("lab.running['stage'], len(fit.pool)") == "('cancelled', 1)"

    button(lab, "Refit").click()
    expect(button(lab, "Cancel")).to_be_visible()
    opened.until("lab.running['stage']", "'sampling'", seconds=REFIT / 1000)
    opened.run("import hierwidgets.background\nhierwidgets.background.worker().kill()")
    expect(
        lab.get_by_text("The refit failed, and nothing has changed: its process ended.")
    ).to_be_visible()
    expect(button(lab, "Cancel")).to_be_hidden()
    expect_withheld(lab)
    expect_pool(lab, 1)
    assert opened.python("len(fit.pool), lab.members") == "(1, 0)"

    button(lab, "Refit").click()
    expect(verdict(lab)).to_contain_text("Reliable", timeout=REFIT)
    expect_pool(lab, 2)
    assert opened.python("len(fit.pool)") == "2"
