"""Leave one out in an exported page with the network off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from hierwidgets.tables import loo as tables
from tests.browser.offline import exported, fits_its_width, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser
show = pytest.fixture(exported)


def loo(page: Page) -> Locator:
    return page.locator("[data-view=loo]")


def test_the_verdict_the_sums_and_the_worst_rows(sleep_fit, show):
    opened = sleep_fit.loo()
    view = loo(show(opened))
    verdict = view.get_by_role("status").first
    expect(verdict).to_contain_text("! look here")
    expect(verdict.locator("code").first).to_have_text(opened.verdict.findings[0].next)
    sums = view.get_by_label("estimates")
    expect(sums).to_contain_text(f"−{-opened.total.elpd:.1f} ± {opened.total.se:.1f}")
    expect(sums).to_contain_text(f"{opened.total.bad} of 180 rows")
    worst = view.get_by_label("the most influential rows").get_by_role("row")
    first = opened.rows.nlargest(1, "khat").iloc[0]
    expect(worst.nth(1)).to_contain_text(f"{first['row']}{first['Subject']}")
    expect(worst.nth(1)).to_contain_text(f"{first['khat']:.2f}")


def test_rows_and_groups_are_linked_both_ways(sleep_fit, show):
    page = show(sleep_fit.loo(), sleep_fit.caterpillar())
    view, other = loo(page), page.locator("[data-view=caterpillar]")
    worst = view.get_by_label("the most influential rows").get_by_role("row")
    subject = tables.pointwise(sleep_fit).nlargest(1, "khat").iloc[0]["Subject"]
    worst.nth(1).click()
    expect(worst.nth(1)).to_have_attribute("aria-selected", "true")
    dim = other.locator(".role-mark.mark-text text[opacity='0.5']")
    dimmed = dim.filter(has_text=re.compile("^309$"))
    wait_until(page, lambda: dimmed.count() == 1)
    assert dim.filter(has_text=re.compile(f"^{subject}$")).count() == 0
    other.get_by_label("group 309", exact=True).click()
    expect(worst.nth(1)).to_have_attribute("aria-selected", "false")
    view.get_by_label("group 308", exact=True).focus()
    page.keyboard.press("Escape")
    wait_until(page, lambda: dimmed.count() == 0)


def test_groups_stand_in_pythons_order(sleep_fit, show):
    view = loo(show(sleep_fit.loo()))
    labels = view.locator(".hw-group-rows .role-mark.mark-text text")
    expected = sleep_fit.loo().data["label"].tolist()
    wait_until(view.page, lambda: labels.all_text_contents()[:18] == expected)
    view.get_by_label("Sort by").select_option("uncertainty")
    by_error = sleep_fit.loo(sort="uncertainty").data["label"].tolist()
    wait_until(view.page, lambda: labels.all_text_contents()[:18] == by_error)


def test_whole_groups_are_there_or_said_to_be_missing(sleep_fit, show):
    view = loo(show(sleep_fit.loo(unit="group")))
    expect(view.locator(".hw-loo-told")).to_contain_text("its own effects integrated out")
    other = loo(show(sleep_fit.loo()))
    other.get_by_text("a whole group", exact=True).click()
    expect(other.locator(".hw-loo-told")).to_contain_text("needs Python")


def test_narrow_pages_stack(sleep_fit, show):
    page = show(sleep_fit.loo())
    page.set_viewport_size({"width": 380, "height": 900})
    expect(loo(page).locator(".hw-loo-khat svg")).to_be_visible()
    fits_its_width(page)
