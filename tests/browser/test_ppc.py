"""Predictive checks in an exported page with the network off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

import hierwidgets as hw
from tests.browser.offline import exported, fits_its_width, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from hierwidgets.views.ppc import PpcView

pytestmark = pytest.mark.browser
show = pytest.fixture(exported)


@pytest.fixture(scope="module")
def opened(sleep_fit: hw.Fit) -> PpcView:
    return sleep_fit.ppc()


def ppc(page: Page) -> Locator:
    return page.locator("[data-view=ppc]")


def listed(view: Locator) -> list[str]:
    rows = view.get_by_label("groups by surprise").locator("tr[data-group]")
    return rows.evaluate_all("all => all.map(row => row.dataset.group)")


def test_the_verdict_and_the_statistics(opened, show):
    view = ppc(show(opened))
    verdict = view.get_by_role("status").first
    expect(verdict).to_contain_text(opened.verdict.findings[0].said.split(".")[0])
    whole = view.get_by_label("statistics of all rows")
    for row in opened.about["statistics"]:
        expect(whole).to_contain_text(row["statistic"])
    found = opened.about["chances"]["0 new 0"]["found"]
    expect(view.locator(".hw-ppc-chance")).to_contain_text(f"{found} groups of 18")


def test_groups_stand_in_pythons_order(opened, sleep_fit, show):
    view = ppc(show(opened))
    assert listed(view) == opened.data["group"].tolist()
    view.get_by_label("Statistic", exact=True).select_option("slope")
    by_slope = sleep_fit.ppc(statistic="slope").data["group"].tolist()
    wait_until(view.page, lambda: listed(view) == by_slope)
    view.get_by_label("Order").select_option("name")
    by_name = sleep_fit.ppc(statistic="slope", order="name").data["group"].tolist()
    wait_until(view.page, lambda: listed(view) == by_name)
    view.get_by_label("Search groups").fill("35")
    wait_until(view.page, lambda: listed(view) == ["335", "350", "351", "352"])


def test_a_group_opens_its_rows_and_is_picked(opened, sleep_fit, show):
    page = show(opened, sleep_fit.caterpillar())
    view, other = ppc(page), page.locator("[data-view=caterpillar]")
    heading = view.locator(".hw-ppc-below h4")
    expect(heading).to_contain_text(opened.data["group"][0])
    view.get_by_role("row", name="group 308", exact=True).click()
    expect(heading).to_contain_text("308: its rows over replications of new groups")
    expect(view.locator(".hw-ppc-panel .mark-symbol path")).to_have_count(10)
    dim = other.locator(".role-mark.mark-text text[opacity='0.5']")
    wait_until(page, lambda: dim.count() == 17)
    other.get_by_label("group 335", exact=True).click()
    expect(heading).to_contain_text("335:")
    view.get_by_role("row", name="group 309", exact=True).press("Enter")
    expect(heading).to_contain_text("309:")


def test_pictures_change(opened, show):
    view = ppc(show(opened))
    expect(view.locator(".hw-ppc-picture svg")).to_be_visible()
    for picture in opened.about["pictures"]:
        view.get_by_label("Picture").select_option(picture)
        svg = view.locator(".hw-ppc-picture svg")
        expect(svg).to_have_count(1)
        expect(svg.locator(".mark-line path, .mark-rect path").first).to_be_attached()


def test_narrow_pages_stack(opened, show):
    page = show(opened)
    page.set_viewport_size({"width": 380, "height": 900})
    expect(ppc(page).locator(".hw-ppc-picture svg")).to_be_visible()
    fits_its_width(page)
