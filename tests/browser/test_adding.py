"""Shift, Control and Command add to what is picked, by mouse and by keys, in the lists of every view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from tests.browser.offline import exported, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
show = pytest.fixture(exported)
GROUPS = ("308", "309", "310")
MODIFIERS: tuple[Literal["Control", "Meta", "Shift"], ...] = ("Control", "Meta", "Shift")


def picked(page: Page) -> list[str]:
    """The groups that the list of predictive checks, which has them all, shows as picked."""
    rows = page.locator("[data-view=ppc] tr[data-group][aria-selected=true]")
    return sorted(rows.evaluate_all("all => all.map(row => row.dataset.group)"))


def test_a_modifier_adds_in_rows_of_loo_checks_and_panels(sleep_fit, show):
    page: Page = show(sleep_fit.loo(), sleep_fit.ppc(), sleep_fit.groups(sort="name"))

    def shows(*groups: str) -> None:
        wait_until(page, lambda: picked(page) == sorted(groups))

    rows = page.locator("[data-view=ppc] tr[data-group]")
    worst = page.locator(
        "[data-view=loo] table[aria-label='the most influential rows'] tr[tabindex]"
    )
    grid = page.locator("[data-view=groups] .hw-groups-grid")
    assert rows.count() == 18
    row = {group: page.locator(f'[data-view=ppc] tr[data-group="{group}"]') for group in GROUPS}
    subjects = worst.locator("td:nth-of-type(2)").all_inner_texts()
    first = subjects[0]
    at, other = next((i, name) for i, name in enumerate(subjects) if name != first)
    for modifier in MODIFIERS:
        row["308"].click()
        shows("308")
        row["309"].click(modifiers=[modifier])
        shows("308", "309")
        row["310"].focus()
        page.keyboard.press(f"{modifier}+Enter")
        shows("308", "309", "310")
        page.keyboard.press("Enter")
        shows("310")

        worst.first.click()
        shows(first)
        worst.nth(at).click(modifiers=[modifier])
        shows(first, other)
        worst.nth(at).focus()
        page.keyboard.press(f"{modifier}+Enter")
        shows(first)

        grid.focus()
        page.keyboard.press("Home")
        page.keyboard.press("Space")
        shows("308")
        page.keyboard.press("ArrowRight")
        page.keyboard.press(f"{modifier}+Space")
        shows("308", "309")
