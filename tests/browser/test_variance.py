"""The variance view in an exported page with the network off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from hierwidgets.tables import icc
from tests.browser.offline import exported, fits_its_width, wait_until
from tests.synthetic import made_up
from tests.tables.test_variance import ROWS, invented

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser
show = pytest.fixture(exported)


@pytest.fixture(scope="module")
def crossed():
    return invented("y ~ x + z + (1 | h) + (x + z | g)", correlated=["g"])


def variance(page: Page) -> Locator:
    return page.locator("[data-view=variance]")


def pixels(marks: Locator) -> list[float]:
    """Where symbols stand from the left, top row first."""
    found = marks.evaluate_all(
        "all => all.map(path => path.getAttribute('transform').match(/-?\\d[\\d.]*/g).map(Number))"
    )
    return [x for x, _ in sorted(found, key=lambda at: at[1])]


def test_scales_stand_on_one_axis(crossed, show):
    opened = crossed.variance()
    view = variance(show(opened))
    panel = view.get_by_role("region", name=re.compile("^Standard deviation, on the scale"))
    medians = opened.data["median"]
    found = pixels(panel.locator(".layer_5_marks path"))
    assert len(found) == 5
    scale = found[0] / medians[0]
    assert found == pytest.approx(list(medians * scale), abs=0.6)
    said = panel.locator(".layer_5_marks path").first.get_attribute("aria-label") or ""
    assert said.startswith("1|h: ")


def test_shares_are_said_and_drawn(crossed, show):
    view = variance(show(crossed.variance()))
    share = icc.icc(crossed)["mean"]
    said = f"{100 * share[1]:.0f} % of the variance lies between the groups of g"
    expect(view.get_by_text(said)).to_be_visible()
    pieces = view.locator(".hw-variance-shares .layer_0_marks path")
    expect(pieces).to_have_count(3)
    widths = pieces.evaluate_all("all => all.map(path => path.getBBox().width)")
    assert [w / sum(widths) for w in widths] == pytest.approx(list(share), abs=0.01)


def test_the_menus_change_the_curve_and_the_matrix(crossed, show):
    page = show(crossed.variance())
    view = variance(page)
    expect(view.get_by_role("region", name="Share between the groups of g, by x")).to_be_visible()
    expect(view.get_by_label(re.compile("^intercept with z: "))).to_be_visible()
    path = view.locator(".hw-variance-curve .layer_2_marks path")
    before = path.get_attribute("d")
    view.get_by_label("Predictor").select_option("z")
    expect(view.get_by_role("region", name="Share between the groups of g, by z")).to_be_visible()
    wait_until(page, lambda: path.count() == 1 and path.get_attribute("d") != before)
    view.get_by_label("Grouping").focus()
    page.keyboard.press("ArrowUp")
    expect(view.get_by_label("Grouping")).to_have_value("h")
    expect(view.locator(".hw-variance-curve, .hw-variance-cells")).to_have_count(0)
    expect(view.get_by_label("Predictor")).to_be_hidden()
    view.get_by_label("Grouping").select_option("g")
    expect(view.get_by_role("region", name="Share between the groups of g, by x")).to_be_visible()


def test_the_curve_stands_at_the_table(crossed, show):
    view = variance(show(crossed.variance()))
    path = view.locator(".hw-variance-curve .layer_2_marks path").get_attribute("d") or ""
    y = [float(pair.split(",")[1]) for pair in re.split("[ML]", path)[1:]]
    table = icc.curve(crossed, "g", "x")
    grid = view.locator(".hw-variance-curve .mark-rule.role-axis-grid line").evaluate_all(
        "all => all.map(line => line.getBoundingClientRect().y)"
    )
    height = max(grid) - min(grid)
    assert height > 100
    drawn = [1 - value / height for value in y]
    assert drawn == pytest.approx(list(table["mean"]), abs=0.02)


def test_independent_effects_have_no_matrix(show):
    view = variance(show(made_up(["a", "b", "c"]).variance()))
    expect(view.get_by_text("independent by the model")).to_be_visible()
    expect(view.locator(".hw-variance-cells")).to_have_count(0)
    expect(view.get_by_label("Grouping")).to_have_count(0)


def test_the_definition_is_on_the_page(show):
    view = variance(show(invented("yes ~ x + (1 | g)", "bernoulli").variance()))
    note = view.get_by_role("note")
    expect(note).to_contain_text("on the latent scale (log odds)")
    expect(note).to_contain_text("π²/3")
    expect(note).to_contain_text("doi:10.1098/rsif.2017.0213")


def test_no_definition_is_a_sentence_and_no_picture(show):
    view = variance(show(invented("positive ~ x + (1 | g)", "gamma").variance()))
    expect(view.get_by_text("There are no shares of variance")).to_be_visible()
    expect(view.locator(".hw-variance-shares")).to_have_count(0)
    expect(view.locator(".hw-variance-scales svg")).to_be_visible()


@pytest.mark.parametrize("width", [480, 1200])
def test_pages_of_any_width_fit(crossed, show, width):
    page = show(crossed.variance())
    page.set_viewport_size({"width": width, "height": 900})
    fits_its_width(page)
    pictures = variance(page).locator("section svg")
    expect(pictures).to_have_count(4)

    def inside() -> bool:
        boxes = [at.bounding_box() for at in pictures.all()]
        return all(box and box["x"] + box["width"] <= width for box in boxes)

    wait_until(page, inside)


def test_names_of_any_text_are_text(show):
    name = "`<img src=x onerror=alert(1)>`"
    data = ROWS.rename(columns={"g": name.strip("`")})
    page = show(invented(f"y ~ x + (x | {name})", data=data).variance())
    view = variance(page)
    expect(view.locator("img, script")).to_have_count(0)
    expect(view.get_by_text("of the variance lies between the groups of").first).to_contain_text(
        "<img src=x onerror=alert(1)>"
    )
