"""Parents that fold, labels of nested groups and units, in an exported page with the network off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

import hierwidgets as hw
from tests.browser.offline import exported, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser
show = pytest.fixture(exported)
NESTED = "1|batch:cask"
SHORT = {"draws": 100, "tune": 150, "chains": 2, "random_seed": 11, "progress": False}
METHODS = ["caterpillar", "shrinkage"]


@pytest.fixture(scope="module")
def pastes() -> hw.Fit:
    data = hw.example("pastes")
    few = data[data["batch"].isin(list("ABCD"))].reset_index(drop=True)
    return hw.fit("strength ~ 1 + (1 | batch / cask)", few, **SHORT)


@pytest.fixture(scope="module")
def cbpp() -> hw.Fit:
    data = hw.example("cbpp")
    return hw.fit("p(incidence, size) ~ period + (1 | herd)", data, family="binomial", **SHORT)


@pytest.fixture(autouse=True)
def nothing_picked(pastes: hw.Fit):
    pastes.selection.clear()


def labels(view: Locator) -> list[str]:
    """What stands beside the rows, from top to bottom, headings included."""
    marks = view.locator(".targets_marks [aria-label], .headings_marks [aria-label]")
    found = marks.evaluate_all("all => all.map(el => [el.getBoundingClientRect().y, el.ariaLabel])")
    return [label.removeprefix("group ") for _, label in sorted(found)]


def lit(view: Locator, mark: str = "labels") -> int:
    layer = "" if mark == "labels" else f".{mark}_marks"
    return view.locator(f".mark-text{layer} text").evaluate_all(
        "all => all.filter(text => / \\/ /.test(text.textContent) && Number(text.getAttribute('opacity') ?? 1) === 1).length"
    )


def opened(page: Page, method: str) -> Locator:
    return page.locator(f"[data-view={method}]")


@pytest.mark.parametrize("method", METHODS)
def test_group_by_puts_headings_and_folds_by_click(pastes: hw.Fit, show, method: str):
    page = show(getattr(pastes, method)(NESTED, sort="name"))
    view = opened(page, method)
    assert labels(view)[:2] == ["A / a", "A / b"]
    view.get_by_label("Group by").select_option("batch")
    expect(view.get_by_label("A, 3 groups", exact=True)).to_be_attached()
    assert labels(view)[:5] == ["A, 3 groups", "A / a", "A / b", "A / c", "B, 3 groups"]
    view.get_by_label("A, 3 groups", exact=True).click(position={"x": 8, "y": 6})
    expect(view.get_by_label("group A / a", exact=True)).to_have_count(0)
    assert labels(view)[:3] == ["A, 3 groups", "B, 3 groups", "B / a"]
    view.get_by_role("button", name="Fold all").click()
    expect(view.get_by_label("group B / a", exact=True)).to_have_count(0)
    assert labels(view) == [f"{batch}, 3 groups" for batch in "ABCD"]
    view.get_by_role("button", name="Unfold all").click()
    expect(view.get_by_label("group D / c", exact=True)).to_be_attached()
    assert len(labels(view)) == 16
    view.get_by_label("Term").select_option("1|batch")
    expect(view.get_by_label("group A", exact=True)).to_be_attached()
    expect(view.get_by_label("Group by")).to_be_hidden()
    expect(view.get_by_role("button", name="Fold all")).to_be_hidden()


@pytest.mark.parametrize("method", METHODS)
def test_a_heading_picks_its_parent_which_lights_its_groups(pastes: hw.Fit, show, method: str):
    page = show(getattr(pastes, method)(NESTED, sort="name", by="batch"))
    view = opened(page, method)
    heading = view.get_by_label("B, 3 groups", exact=True)
    box = heading.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
    wait_until(page, lambda: lit(view) == 3)
    page.keyboard.press("Escape")
    wait_until(page, lambda: lit(view) == 12)


@pytest.mark.parametrize("method", METHODS)
def test_the_keyboard_folds_and_picks(pastes: hw.Fit, show, method: str):
    page = show(getattr(pastes, method)(NESTED, sort="name", by="batch"))
    view = opened(page, method)
    said = view.locator("[aria-live=polite]")
    view.get_by_role("group", name="Groups").focus()
    page.keyboard.press("ArrowDown")
    expect(said).to_contain_text("batch A, 3 groups, unfolded: mean")
    page.keyboard.press("ArrowLeft")
    expect(said).to_contain_text("batch A, 3 groups, folded")
    page.keyboard.press("ArrowDown")
    expect(said).to_contain_text("batch B, 3 groups, unfolded")
    page.keyboard.press("Enter")
    wait_until(page, lambda: lit(view) == 3)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(said).to_contain_text("group A / a:")


def test_picked_groups_that_are_folded_can_be_shown(pastes: hw.Fit, show):
    pastes.selection.groups = ["C:a"]
    page = show(pastes.caterpillar(NESTED, sort="name", by="batch", folded=["C"]))
    view = opened(page, "caterpillar")
    expect(view.get_by_label("group C / a", exact=True)).to_have_count(0)
    view.get_by_role("button", name="Show 1 picked group out of sight").click()
    expect(view.get_by_label("group C / a", exact=True)).to_be_attached()


def test_search_finds_either_form_and_the_trace_reads_alike(pastes: hw.Fit, show):
    page = show(pastes.caterpillar(NESTED), pastes.trace())
    view = opened(page, "caterpillar")
    for word in ("B:c", "B / c"):
        view.get_by_label("Search groups").fill(word)
        expect(view.get_by_role("status")).to_have_text("1 of 12 groups")
    trace = opened(page, "trace")
    trace.get_by_label("Search").fill("B:c")
    found = trace.get_by_role("option").filter(has_text="1|batch:cask[B / c]")
    expect(found).to_be_visible()


def test_units_switch_to_the_response(cbpp: hw.Fit, show):
    page = show(cbpp.caterpillar(), cbpp.shrinkage())
    for method in METHODS:
        view = opened(page, method)
        view.get_by_role("group", name="Units").get_by_text("response").click()
        expect(view.locator(".hw-caption-axis")).to_contain_text("expected share")
        expect(view.locator(".role-axis-label").first).to_contain_text("0.")
    expect(opened(page, "shrinkage").get_by_role("slider")).to_have_count(0)
    view = opened(page, "caterpillar")
    view.get_by_text("deviation", exact=True).first.click()
    expect(view.locator(".hw-caption-axis")).to_contain_text("odds ratio against the population")
    expect(view.locator("div.hw-caption")).to_contain_text("population 1")


def test_the_identity_link_offers_no_units(pastes: hw.Fit, show):
    page = show(pastes.caterpillar(), pastes.shrinkage())
    expect(page.get_by_role("group", name="Units")).to_have_count(0)
