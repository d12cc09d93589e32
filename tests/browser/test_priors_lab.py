"""The prior lab in a real JupyterLab: refits that run beside the kernel and join its pool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Notebook, write_notebook
from tests.browser.offline import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    import hierwidgets as hw

pytestmark = [pytest.mark.browser, pytest.mark.lab]
LONG = 90_000
SCALE = "1|county_sigma"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, radon_fit: hw.Fit) -> Path:
    folder = tmp_path_factory.mktemp("priors")
    radon_fit.save(folder / "radon.nc")
    return folder


def enter(lab: Locator, text: str) -> None:
    field = lab.get_by_role("textbox", name=f"{SCALE} sigma, exact number")
    field.fill(text)
    field.press("Enter")


def until(notebook: Notebook, expression: str, expected: str) -> None:
    wait_until(notebook.page, lambda: notebook.python(expression) == expected)


def test_an_unreliable_value_is_refitted_checked_and_logged(
    folder: Path, notebook: Notebook
) -> None:
    load = "import hierwidgets as hw\nfit = hw.load('radon.nc')\nlab = fit.priors()\nlab"
    write_notebook(folder / "lab.ipynb", [load])
    notebook.open("lab.ipynb")
    notebook.run_all()
    lab = notebook.view("priors")
    verdict = lab.locator(".hw-priors-verdict")
    expect(verdict).to_contain_text("Reliable")
    enter(lab, "0.02")
    expect(verdict).to_contain_text("Needs a refit")
    expect(lab.get_by_role("button", name="Cancel")).to_be_visible()
    assert notebook.python("1 + 1") == "2"
    lab.get_by_role("button", name="Cancel").click()
    expect(lab.get_by_text("The refit was cancelled; nothing has changed.")).to_be_visible()
    assert notebook.python("len(fit.pool)") == "1"

    lab.get_by_role("button", name="Refit", exact=True).click()
    expect(verdict).to_contain_text("Reliable", timeout=LONG)
    expect(lab.locator(".hw-priors-veil")).to_be_hidden()
    assert notebook.python("(len(fit.pool), lab.members)") == "(2, 1)"
    until(notebook, "list(lab.log['verdict'])", "['needs a refit', 'reliable']")
    assert notebook.python("list(lab.log['fits'])") == "[1, 2]"
    assert notebook.python(f"lab.settings['{SCALE}'].args") == "{'sigma': 0.02}"

    enter(lab, "0.021")
    expect(verdict).to_contain_text("Reliable")
    lab.get_by_role("button", name="Check").click()
    said = lab.get_by_text("Checked: reweighted and refitted differ by at most")
    expect(said).to_be_visible(timeout=LONG)
    expect(said).to_contain_text("they agree")
    assert notebook.python("len(fit.pool)") == "3"

    lab.get_by_role("checkbox", name="refit by itself").uncheck()
    until(notebook, "lab.state['auto']", "False")
    notebook.run(
        f"lab.state = dict(lab.state, priors={{'{SCALE}': hw.Prior('HalfNormal', sigma=1)}})"
    )
    expect(lab.get_by_role("slider", name=f"{SCALE} sigma", exact=True)).to_have_attribute(
        "aria-valuenow", "1"
    )
    notebook.run("again = fit.priors()")
    assert notebook.python("again.members") == "2"
