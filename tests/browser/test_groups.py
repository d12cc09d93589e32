"""The trellis in an exported page with the network off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

import hierwidgets as hw
from hierwidgets.tables import trellis
from hierwidgets.tables.lines import lines
from tests.browser.offline import exported, fits_its_width, wait_until
from tests.synthetic import AWKWARD, made_up

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser
show = pytest.fixture(exported)


@pytest.fixture(scope="module")
def fit() -> hw.Fit:
    return made_up([f"g{i}" for i in range(40)])


@pytest.fixture(autouse=True)
def nothing_picked(fit: hw.Fit):
    fit.selection.clear()


def view_of(page: Page) -> Locator:
    return page.locator("[data-view=groups]")


def panels(view: Locator) -> list[str]:
    """The groups of the page, row by row."""
    found = view.locator(".targets_marks [aria-label]").evaluate_all(
        "all => all.map(el => [el.getBoundingClientRect(), el.ariaLabel])"
        ".map(([box, label]) => [Math.round(box.y), box.x, label])"
    )
    return [label.removeprefix("group ") for _, _, label in sorted(found)]


def panel(view: Locator, group: str) -> Locator:
    return view.get_by_label(f"group {group}", exact=True)


def framed(view: Locator) -> list[str]:
    return view.locator(".targets_marks [aria-label]").evaluate_all(
        "all => all.filter(el => Number(el.getAttribute('fill-opacity')) > 0).map(el => el.ariaLabel)"
    )


def lines_of(view: Locator) -> dict[str, list[float]]:
    """The first and last y of each line of the large picture, in pixels, by its dashes."""
    paths = view.locator(".hw-groups-panel svg path[stroke-dasharray]").evaluate_all(
        "all => all.map(path => [path.getAttribute('stroke-dasharray'), path.getAttribute('d')])"
    )
    return {
        dash: [float(d[1:].split("L")[k].split(",")[1]) for k in (0, -1)]
        for dash, d in paths
        if d and "L" in d
    }


def test_the_worst_fitted_come_first_and_pages_turn(fit, show):
    page = show(fit.groups())
    view = view_of(page)
    worst = trellis.trellis(fit)["group"].tolist()
    assert panels(view) == worst[:18]
    view.get_by_role("button", name="Next").click()
    wait_until(page, lambda: panels(view) == worst[18:36])
    expect(view.get_by_text("Page 2 of 3")).to_be_visible()
    view.get_by_role("button", name="Next").click()
    wait_until(page, lambda: panels(view) == worst[36:])
    expect(view.get_by_role("button", name="Next")).to_be_disabled()
    view.get_by_role("button", name="Previous").click()
    wait_until(page, lambda: panels(view) == worst[18:36])


def test_the_order_and_the_search_are_pythons(fit, show):
    page = show(fit.groups())
    view = view_of(page)
    for sort in ("shrinkage", "name", "size", "fit"):
        view.get_by_label("Sort by").select_option(sort)
        expected = trellis.trellis(fit, sort=sort)["group"].tolist()[:18]
        wait_until(page, lambda expected=expected: panels(view) == expected)
    view.get_by_label("Search groups").fill("g3")
    expect(view.get_by_text("11 of 40 groups")).to_be_visible()
    wait_until(page, lambda: len(panels(view)) == 11)


def test_a_click_picks_and_another_view_follows(fit, show):
    page = show(fit.groups(sort="name"), fit.shrinkage(search="g3"))
    view, other = view_of(page), page.locator("[data-view=shrinkage]")
    panel(view, "g3").click()
    bright = "all => all.filter(path => Number(path.getAttribute('opacity') ?? 1) === 1).length"
    dots = other.locator(".now_marks path")
    wait_until(page, lambda: dots.evaluate_all(bright) == 1)
    assert framed(view) == ["group g3"]
    panel(view, "g5").click(modifiers=["Shift"])
    wait_until(page, lambda: framed(view) == ["group g3", "group g5"])
    view.get_by_text("picked", exact=True).click()
    wait_until(page, lambda: panels(view) == ["g3", "g5"])
    page.keyboard.press("Escape")
    expect(view.get_by_text("40 groups: nothing is picked")).to_be_visible()
    wait_until(page, lambda: len(panels(view)) == 18)


def test_what_is_picked_elsewhere_can_be_brought_in_sight(fit, show):
    page = show(fit.groups(sort="name"), fit.caterpillar(search='"g39"'))
    view, other = view_of(page), page.locator("[data-view=caterpillar]")
    other.get_by_label("group g39", exact=True).click()
    view.get_by_role("button", name="Show 1 picked group out of sight").click()
    wait_until(page, lambda: panels(view) == ["g39"] == [framed(view)[0].removeprefix("group ")])


@pytest.mark.parametrize("way", ["double click", "Enter", "button"])
def test_a_group_is_enlarged(fit, show, way):
    page = show(fit.groups(sort="name"))
    view = view_of(page)
    if way == "double click":
        panel(view, "g1").dblclick()
    elif way == "Enter":
        view.get_by_role("group", name="Groups: arrow keys").focus()
        for key in ("ArrowRight", "ArrowRight", "Enter"):
            page.keyboard.press(key)
    else:
        panel(view, "g1").click()
        view.get_by_role("button", name="Enlarge g1").click()
    expect(view.get_by_role("heading", name="g g1", exact=True)).to_be_visible()
    expect(view.locator(".hw-groups-panel svg")).to_be_visible()
    expect(view.get_by_text("Group 2 of 40")).to_be_visible()
    table = fit.shrinkage("x|g").data.set_index("group").loc["g1"]
    row = view.get_by_role("row", name="x|g").inner_text().replace("\u2212", "-").split()
    expected = table[["no_pooling", "partial_pooling", "weight"]].to_numpy(float)
    np.testing.assert_allclose([float(cell) for cell in row[1:]], expected, rtol=1e-3)
    view.get_by_role("button", name="Next").click()
    expect(view.get_by_role("heading", name="g g2", exact=True)).to_be_visible()
    view.get_by_role("button", name="All groups").click()
    wait_until(page, lambda: len(panels(view)) == 18)


def test_the_large_lines_stand_at_the_tables_numbers(sleep_fit, show):
    sleep_fit.selection.clear()
    page = show(sleep_fit.groups(group="335"))
    view = view_of(page)
    table = lines(sleep_fit, groups=["335"])
    wait_until(page, lambda: len(lines_of(view)) == 3)
    kinds = {"6,3": "no_pooling", "1,0": "partial_pooling", "2,3": "complete_pooling"}
    numbers = np.concatenate([table[kind].iloc[[0, -1]] for kind in kinds.values()])
    drawn = np.concatenate([lines_of(view)[dash] for dash in kinds])
    slope, start = np.polyfit(numbers, drawn, 1)
    np.testing.assert_allclose(drawn, start + slope * numbers, atol=0.05)
    assert slope < 0
    expect(view.locator(".hw-groups-panel .points_marks path")).to_have_count(10)


def test_of_a_thousand_groups_the_page_says_what_it_holds(show):
    fit = made_up([f"county {i}" for i in range(1000)])
    page = show(fit.groups())
    view = view_of(page)
    expect(view.get_by_text("600 of 1,000 groups")).to_be_visible()
    expect(view.get_by_text("lines of 600 groups of 1,000; the others need Python")).to_be_visible()
    expect(view.get_by_text("Page 1 of 34")).to_be_visible()
    view.get_by_label("Sort by").select_option("name")
    wait_until(page, lambda: panels(view)[0] != trellis.trellis(fit)["group"][0])
    assert len(panels(view)) == 18


def test_the_scale_and_a_missing_line(show):
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"g": np.repeat(list("abcd"), 12), "t": np.tile(np.arange(12.0), 4)})
    data["y"] = rng.integers(0, 2, 48)
    data.loc[data["g"] == "c", "y"] = 1
    options = {"draws": 50, "tune": 200, "chains": 2, "random_seed": 1, "progress": False}
    fit = hw.fit("y ~ t + (1 | g)", data, family="bernoulli", **options)
    page = show(fit.groups(group="c"))
    view = view_of(page)
    expect(view.get_by_text("No line of no pooling: all successes.")).to_be_visible()
    expect(view.locator(".hw-groups-panel path[stroke-dasharray='2,3']")).to_have_count(1)
    expect(view.locator(".hw-groups-panel path[stroke-dasharray='6,3']")).to_have_count(0)
    expect(view.locator(".hw-groups-panel .points_marks path")).to_have_count(12)
    view.get_by_text("link", exact=True).click()
    expect(view.get_by_text("The rows of the data have no place on this scale.")).to_be_visible()
    expect(view.locator(".hw-groups-panel .points_marks path")).to_have_count(0)


def test_labels_of_any_text_are_text(show):
    fit = made_up(AWKWARD)
    page = show(fit.groups(sort="name"))
    view = view_of(page)
    assert sorted(panels(view)) == sorted(AWKWARD)
    expect(view.locator("img, script")).to_have_count(0)
    panel(view, AWKWARD[0]).dblclick()
    expect(view.get_by_role("heading", name=AWKWARD[0])).to_be_visible()
    expect(view.locator("img, script")).to_have_count(0)


@pytest.mark.parametrize("group", [None, "g3"])
def test_narrow_pages_fit(fit, show, group):
    page = show(fit.groups(group=group))
    page.set_viewport_size({"width": 480, "height": 900})
    fits_its_width(page)
    if group is None:
        widths = (
            view_of(page)
            .locator(".targets_marks path")
            .evaluate_all("all => all.map(el => el.getBoundingClientRect().width)")
        )
        assert min(widths) >= 150
