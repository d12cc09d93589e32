"""The sensitivity view in an exported page with the network off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

import hierwidgets as hw
from hierwidgets.views import sensitivity_rows as rows
from tests.browser.offline import exported, wait_until
from tests.synthetic import AWKWARD
from tests.tables.test_variance import ROWS, invented

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser
show = pytest.fixture(exported)


@pytest.fixture(scope="module")
def fit():
    strong = {"x": hw.Prior("Normal", mu=3, sigma=0.3)}
    return invented("y ~ x + (x | g)", options={"priors": strong})


def sensitivity(page: Page) -> Locator:
    return page.locator("[data-view=sensitivity]")


def told(view: Locator, name: str) -> list[str]:
    """What the dots say, top row first."""
    marks = view.locator(f'.hw-sensitivity-frame path[aria-label*=", {name} "]')
    found = marks.evaluate_all(
        "all => all.map(path => [path.getAttribute('aria-label'), path.getBoundingClientRect().top])"
    )
    return [label for label, _top in sorted(found, key=lambda pair: pair[1])]


def test_every_quantity_has_its_two_dots(fit, show):
    opened = fit.sensitivity()
    view = sensitivity(show(opened))
    drawn = rows.frame(fit, "all")
    assert told(view, "prior") == drawn["prior_told"].tolist()
    assert told(view, "likelihood") == drawn["likelihood_told"].tolist()
    expect(view.get_by_text(opened.about["statement"])).to_be_visible()
    first = opened.about["findings"][0]
    expect(view.get_by_text(first["next"], exact=True).first).to_be_visible()


def test_the_controls_scale_and_sort(fit, show):
    page = show(fit.sensitivity())
    view = sensitivity(page)
    view.get_by_role("radio", name="each prior").focus()
    page.keyboard.press("Space")
    drawn = rows.frame(fit, "prior")
    wait_until(page, lambda: told(view, "prior") == drawn["prior_told"].tolist())
    view.get_by_label("Sort").select_option("prior")
    ordered = rows.arranged(drawn, "prior")["prior_told"].tolist()
    wait_until(page, lambda: told(view, "prior") == ordered)
    assert ordered != drawn["prior_told"].tolist()


def test_it_opens_as_python_says_and_hover_tells(fit, show):
    page = show(fit.sensitivity("group", sort="likelihood"))
    view = sensitivity(page)
    drawn = rows.arranged(rows.frame(fit, "group"), "likelihood")
    assert told(view, "prior") == drawn["prior_told"].tolist()
    expect(view.get_by_role("radio", name="groups of priors")).to_be_checked()
    view.locator('.hw-sensitivity-frame path[aria-label*=", prior "]').first.hover()
    expect(view.get_by_role("tooltip")).to_contain_text(", prior 0.")


def test_names_from_data_are_text(show):
    name = AWKWARD[0]
    fit = invented(f"y ~ x + (x | `{name}`)", data=ROWS.rename(columns={"g": name}))
    view = sensitivity(show(fit.sensitivity()))
    assert any(f"ICC of {name}" in label for label in told(view, "prior"))
    expect(view.locator("img")).to_have_count(0)
