"""A dashboard in an exported page with the network off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

import hierwidgets as hw
from tests.browser.offline import exported, fits_its_width, wait_until
from tests.browser.test_lab import expect_nothing_picked, expect_picked, mark

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

pytestmark = pytest.mark.browser


@pytest.fixture
def page(tmp_path, offline: BrowserContext, open_page, sleep_fit: hw.Fit) -> Page:
    sleep_fit.selection.clear()
    path = sleep_fit.dashboard().save(tmp_path / "page.html")
    page = open_page(path.as_uri())
    expect(inner(page, "convergence")).to_be_visible()
    return page


show = pytest.fixture(exported)


def inner(page: Page, kind: str) -> Locator:
    return page.locator(f"[role=tabpanel] [data-view={kind}][data-ready]")


def tab(page: Page, name: str) -> Locator:
    return page.get_by_role("tab", name=name, exact=True)


def box(node: Locator) -> Mapping[str, Any]:
    found = node.bounding_box()
    assert found is not None
    return {**found}


def opened(page: Page, name: str) -> Locator:
    tab(page, name).click()
    view = inner(page, name.lower())
    expect(view).to_be_visible()
    return view


def test_header_and_badges(page: Page, sleep_fit: hw.Fit) -> None:
    board = page.locator("[data-view=dashboard]")
    expect(board.get_by_text(sleep_fit.formula, exact=True)).to_be_visible()
    expect(board.get_by_text("18 groups of Subject")).to_be_visible()
    verdicts = board.get_by_role("list", name="Verdicts").get_by_role("button")
    python = sleep_fit.dashboard()
    assert [python.views[name].method for name in ("ppc", "loo")] == ["ppc", "loo"]
    rows = python.data[["check", "verdict", "healthy"]].values
    said = [f"{check}{'✓' if fine else '!'}{verdict}" for check, verdict, fine in rows]
    assert [text.replace(" ", "") for text in verdicts.all_text_contents()] == [
        text.replace(" ", "") for text in said
    ]
    page.get_by_role("button", name="largest R-hat").click()
    expect(tab(page, "Trace")).to_have_attribute("aria-selected", "true")
    expect(tab(page, "Trace")).to_be_focused()
    expect(inner(page, "trace")).to_be_visible()


def test_a_view_is_drawn_when_its_tab_is_first_opened_and_stays(page: Page) -> None:
    drawn = page.locator("[role=tabpanel] [data-view]")
    expect(drawn).to_have_count(1)
    caterpillar = opened(page, "Caterpillar")
    expect(drawn).to_have_count(2)
    expect(inner(page, "convergence")).to_be_hidden()
    page.evaluate("() => { document.querySelector('[data-view=caterpillar]').dataset.mine = '1' }")
    caterpillar.get_by_label("Sort by").select_option("name")
    opened(page, "Trace")
    opened(page, "Caterpillar")
    expect(caterpillar).to_have_attribute("data-mine", "1")
    expect(caterpillar.get_by_label("Sort by")).to_have_value("name")


def test_the_keyboard_moves_through_the_tabs(page: Page) -> None:
    tabs = page.get_by_role("tab")
    tab(page, "Convergence").focus()
    page.keyboard.press("ArrowLeft")
    expect(tabs.last).to_be_focused()
    expect(tabs.last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Home")
    expect(tab(page, "Convergence")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(inner(page, "trace")).to_be_visible()
    assert page.locator("[role=tab][tabindex='0']").all_text_contents() == ["Trace"]
    page.keyboard.press("End")
    expect(tabs.last).to_be_focused()
    panel = page.locator("[role=tabpanel]:not([inert])")
    assert panel.get_attribute("aria-labelledby") == tabs.last.get_attribute("id")


def test_one_selection_through_all_tabs(page: Page) -> None:
    caterpillar = opened(page, "Caterpillar")
    opened(page, "Trace")
    shrinkage = opened(page, "Shrinkage")
    mark(shrinkage, "335").click()
    expect_picked(shrinkage, "335", "337")
    opened(page, "Caterpillar")
    expect_picked(caterpillar, "335", "337")
    mark(caterpillar, "337").click(modifiers=["Shift"])
    opened(page, "Shrinkage")
    expect_picked(shrinkage, "335", "308")
    expect_picked(shrinkage, "337", "308")
    shrinkage.press("Escape")
    expect_nothing_picked(shrinkage, ["335", "337"])


def test_what_is_out_of_sight_follows_the_width(page: Page) -> None:
    names = ("Caterpillar", "Shrinkage", "Groups", "Variance", "Trace", "Convergence")
    for name in names:
        opened(page, name)
    page.set_viewport_size({"width": 380, "height": 800})
    for name in names:
        view = opened(page, name)
        width = box(view)["width"]
        drawn = view.locator(".hw-chart svg, .hw-chart canvas, .hw-plot svg")
        expect(drawn.first).to_be_attached()
        assert width < 380
        fits_its_width(page)
        wait_until(page, lambda drawn=drawn, width=width: fits(drawn, width))


def fits(drawn: Locator, width: float) -> bool:
    sizes = drawn.evaluate_all(
        "all => all.filter(one => one.checkVisibility()).map(one => one.getBoundingClientRect().width)"
    )
    return bool(sizes) and all(0 < size <= width + 1 for size in sizes)


def test_the_layout_does_not_jump_between_tabs(page: Page) -> None:
    strip = page.get_by_role("tablist")
    before = box(strip)
    places = [box(one)["x"] for one in page.get_by_role("tab").all()]
    opened(page, "Shrinkage")
    assert box(strip) == before
    assert [box(one)["x"] for one in page.get_by_role("tab").all()] == places


def test_a_view_that_could_not_be_made_says_so(sleep_fit, show, monkeypatch) -> None:
    def refuse(_self: object, **_state: object) -> None:
        raise ValueError("Not for a censored response.")

    monkeypatch.setattr(hw.Fit, "sensitivity", refuse)
    path_page = show_board(show, sleep_fit)
    tab(path_page, "Sensitivity").click()
    said = path_page.locator("[role=tabpanel]:not([inert]) [role=status]")
    expect(said).to_have_text("Sensitivity cannot be shown. Not for a censored response.")


def show_board(show, fit: hw.Fit) -> Page:
    board = fit.dashboard("variance")
    page = show(board, fit.caterpillar())
    expect(inner(page, "variance")).to_be_visible()
    return page
