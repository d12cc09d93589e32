"""The exported page, opened with the network off."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

import hierwidgets as hw
from hierwidgets.brief import told_apart
from tests.synthetic import AWKWARD, made_up

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

pytestmark = pytest.mark.browser

Open = Callable[[str], "Page"]


@pytest.fixture(scope="module")
def few() -> hw.Fit:
    return made_up([f"g{i}" for i in range(12)])


@pytest.fixture(scope="module")
def many() -> hw.Fit:
    return made_up([f"county {i}" for i in range(2000)])


@pytest.fixture(autouse=True)
def nothing_picked(few: hw.Fit, many: hw.Fit):
    few.selection.clear()
    many.selection.clear()


@pytest.fixture
def show(tmp_path: Path, offline: BrowserContext, open_page: Open):
    offline.route(re.compile(r"^(?!file:)"), lambda route: pytest.fail(route.request.url))

    def show_(*views: hw.views.view.View) -> Page:
        path = hw.report(list(views), tmp_path / "page.html")
        page = open_page(path.as_uri())
        expect(page.locator("[data-view][data-ready]")).to_have_count(len(views))
        return page

    return show_


def views(page: Page) -> list[Locator]:
    return page.locator("[data-view=caterpillar]").all()


def row(view: Locator, group: str) -> Locator:
    return view.get_by_label(f"group {group}", exact=True)


def rows(view: Locator) -> list[str]:
    found = view.locator(".targets_marks [aria-label]").evaluate_all(
        "all => all.map(el => [el.getBoundingClientRect().y, el.ariaLabel])"
    )
    return [label.removeprefix("group ") for _, label in sorted(found)]


def dimmed(view: Locator) -> int:
    """Group labels that do not stand out."""
    return view.locator(".role-mark.mark-text text").evaluate_all(
        "all => all.filter(text => Number(text.getAttribute('opacity') ?? 1) < 1).length"
    )


def wait_dimmed(view: Locator, count: int) -> None:
    for _ in range(100):
        if dimmed(view) == count:
            return
        view.page.evaluate("() => new Promise(requestAnimationFrame)")
    assert dimmed(view) == count


def test_click_in_one_view_lights_the_other(few: hw.Fit, show) -> None:
    page = show(few.caterpillar(), few.caterpillar("x|g"))
    first, second = views(page)
    row(first, "g3").click()
    wait_dimmed(first, 11)
    wait_dimmed(second, 11)
    row(second, "g5").click(modifiers=["Shift"])
    wait_dimmed(first, 10)
    page.keyboard.press("Escape")
    wait_dimmed(first, 0)
    wait_dimmed(second, 0)


def test_views_of_other_fits_keep_their_selection(few: hw.Fit, show) -> None:
    page = show(few.caterpillar(), made_up(["g3", "b", "c"]).caterpillar())
    first, second = views(page)
    row(first, "g3").click()
    wait_dimmed(first, 11)
    wait_dimmed(second, 0)


def test_brush_picks_the_rows_it_covers(few: hw.Fit, show) -> None:
    page = show(few.caterpillar(sort="name"))
    (view,) = views(page)
    start, end = (row(view, name).bounding_box() for name in ("g2", "g5"))
    assert start is not None
    assert end is not None
    x = start["x"] + start["width"] - 40
    page.mouse.move(x, start["y"] + 4)
    page.mouse.down()
    page.mouse.move(x - 30, end["y"] + 6, steps=4)
    expect(view.locator(".hw-brush")).to_be_visible()
    page.mouse.up()
    expect(view.locator(".hw-brush")).to_be_hidden()
    wait_dimmed(view, 8)


def test_picked_in_python_is_lit_at_once(few: hw.Fit, show) -> None:
    few.selection.groups = ["g1"]
    (view,) = views(show(few.caterpillar()))
    wait_dimmed(view, 11)


@pytest.mark.parametrize("sort", ["estimate", "name", "size", "uncertainty"])
def test_sort_orders_as_python_does(few: hw.Fit, show, sort: str) -> None:
    opened = "name" if sort == "estimate" else "estimate"
    (view,) = views(show(few.caterpillar(sort=opened)))
    assert rows(view) == few.caterpillar(sort=opened).data["group"].tolist()
    view.get_by_label("Sort by").select_option(sort)
    expected = few.caterpillar(sort=sort).data["group"].tolist()
    view.page.wait_for_function(
        "first => document.querySelector('.role-mark.mark-text text').textContent === first",
        arg=expected[0],
    )
    assert rows(view) == expected


def test_search_narrows_and_counts(few: hw.Fit, show) -> None:
    (view,) = views(show(few.caterpillar()))
    height = (view.bounding_box() or {})["height"]
    view.get_by_label("Search groups").fill("G1")
    expect(view.get_by_role("status")).to_have_text("3 of 12 groups")
    expect(view.locator(".targets_marks [aria-label]")).to_have_count(3)
    assert sorted(rows(view)) == ["g1", "g10", "g11"]
    assert (view.bounding_box() or {})["height"] == height
    view.get_by_label("Search groups").press("Escape")
    expect(view.get_by_role("status")).to_have_text("12 groups")


def test_scale_moves_the_axis(few: hw.Fit, show) -> None:
    (view,) = views(show(few.caterpillar()))
    expect(view.locator(".hw-caption")).to_contain_text("population 9.99")
    view.locator("fieldset").get_by_text("deviation", exact=True).click()
    expect(view.locator(".hw-caption")).to_contain_text("population 0")
    expect(view.locator(".mark-text.role-axis-label")).to_contain_text("−2")


def test_keyboard_moves_and_picks(few: hw.Fit, show) -> None:
    (view,) = views(show(few.caterpillar(sort="name")))
    view.get_by_role("group", name="Groups").focus()
    for _ in range(3):
        view.page.keyboard.press("ArrowDown")
    expect(view.locator("[aria-live=polite]").first).to_contain_text("group g2:")
    view.page.keyboard.press("Enter")
    wait_dimmed(view, 11)
    view.page.keyboard.press("Escape")
    wait_dimmed(view, 0)


def test_two_thousand_groups_scroll_and_draw_what_is_in_sight(many: hw.Fit, show) -> None:
    page = show(many.caterpillar())
    (view,) = views(page)
    order = many.caterpillar().data["group"].tolist()
    drawn = rows(view)
    assert len(drawn) < 40
    assert drawn == order[: len(drawn)]
    view.locator(".hw-scroll").evaluate("el => { el.scrollTop = 16 * 1000 }")
    expect(row(view, order[1001])).to_be_visible()
    assert len(rows(view)) < 40
    field = view.locator(".hw-field").bounding_box()
    assert field is not None
    page.mouse.click(field["x"] + 20, field["y"] + field["height"] - 2)
    expect(row(view, order[-1])).to_be_visible()


def test_a_group_picked_elsewhere_can_be_brought_in_sight(many: hw.Fit, show) -> None:
    page = show(many.caterpillar(), many.caterpillar(sort="name"))
    first, second = views(page)
    bottom = many.caterpillar(sort="name").data["group"].tolist()[-1]
    second.get_by_label("Search groups").fill(f'"{bottom}"')
    expect(second.get_by_role("status")).to_have_text("1 of 2,000 groups")
    row(second, bottom).click()
    first.get_by_role("button", name="Show 1 picked group out of sight").click()
    expect(row(first, bottom)).to_be_visible()
    expect(first.get_by_role("button")).to_be_hidden()


def test_awkward_labels_are_text(show) -> None:
    fit = made_up(AWKWARD)
    page = show(fit.caterpillar(sort="name"))
    (view,) = views(page)
    shown = view.locator(".role-mark.mark-text text").all_text_contents()
    long = "x" * 300
    assert sorted(shown) == sorted(told_apart(AWKWARD))
    assert sorted(rows(view)) == sorted(AWKWARD)
    row(view, long).hover()
    expect(view.get_by_role("tooltip")).to_contain_text(long)
    expect(view.locator("img, script")).to_have_count(0)
    for label in AWKWARD:
        row(view, label).click()
        wait_dimmed(view, len(AWKWARD) - 1)
    view.get_by_label("Search groups").fill('""')
    expect(view.get_by_role("status")).to_have_text(f"1 of {len(AWKWARD)} groups")
    assert rows(view) == [""]


def test_theme_follows_the_host_live(few: hw.Fit, show) -> None:
    page = show(few.caterpillar())
    (view,) = views(page)
    text = view.locator(".role-mark.mark-text text").first
    expect(view).to_have_attribute("data-theme", "light")
    expect(text).to_have_attribute("fill", "#1f2328")
    page.emulate_media(color_scheme="dark")
    expect(view).to_have_attribute("data-theme", "dark")
    expect(text).to_have_attribute("fill", "#e6e9ec")
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    expect(text).to_have_attribute("fill", "#1f2328")


def test_works_where_code_from_strings_is_forbidden(few: hw.Fit, tmp_path: Path, open_page) -> None:
    path = few.caterpillar().save(tmp_path / "page.html")
    source = path.read_text(encoding="utf-8")
    assert source.count(" 'unsafe-eval'") == 1
    path.write_text(source.replace(" 'unsafe-eval'", ""), encoding="utf-8")
    view = open_page(path.as_uri()).locator("[data-view=caterpillar][data-ready]")
    row(view, "g3").click()
    expect(
        view.locator(".mark-rule path[stroke='#d55e00'], .mark-rule line[stroke='#d55e00']")
    ).to_have_count(2)


def test_without_scripts_the_picture_is_there(few: hw.Fit, tmp_path: Path, browser) -> None:
    path = few.caterpillar().save(tmp_path / "page.html")
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(path.as_uri())
    picture = page.get_by_role("img", name="caterpillar of y ~ x + (x | g)")
    expect(picture).to_be_visible()
    assert (picture.bounding_box() or {})["width"] > 300
    context.close()


def test_page_is_small(few: hw.Fit, tmp_path: Path) -> None:
    path = hw.report([few.caterpillar(), few.caterpillar("x|g")], tmp_path / "page.html")
    assert path.stat().st_size < 700_000
