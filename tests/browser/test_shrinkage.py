"""The shrinkage view in an exported page with the network off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

import hierwidgets as hw
from hierwidgets.tables import shrinkage as tables
from hierwidgets.tables.slide import slide
from tests.browser.offline import exported, fits_its_width, wait_until
from tests.synthetic import AWKWARD, made_up

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from hierwidgets.views.shrinkage import ShrinkageView

pytestmark = pytest.mark.browser
show = pytest.fixture(exported)


@pytest.fixture(scope="module")
def fit() -> hw.Fit:
    return made_up([f"g{i}" for i in range(12)])


@pytest.fixture(autouse=True)
def nothing_picked(fit: hw.Fit):
    fit.selection.clear()


def shrinkage(page: Page) -> Locator:
    return page.locator("[data-view=shrinkage]")


def slider(view: Locator, term: str) -> Locator:
    return view.get_by_role("slider", name=f"{term} sigma", exact=True)


def places(view: Locator, mark: str) -> np.ndarray:
    """Where the symbols of a mark stand, (marks, 2) in pixels of the plot, top row first."""
    found = view.locator(f".{mark}_marks path").evaluate_all(
        "all => all.map(path => path.getAttribute('transform').match(/-?\\d[\\d.]*(?:e-?\\d+)?/g).slice(0, 2).map(Number))"
    )
    return np.array(sorted(found, key=lambda at: at[1])) if found else np.empty((0, 2))


def shape(view: Locator, mark: str) -> str:
    return view.locator(f".{mark}_marks path").first.get_attribute("d") or ""


def to_pixels(view: Locator, opened: ShrinkageView, values: np.ndarray) -> np.ndarray:
    """Where values stand on the axis, judged by the own estimates that are inside it."""
    table = opened.data
    about = next(one for one in opened.about["terms"] if one["term"] == opened.state["term"])
    own = table["no_pooling"].to_numpy()
    inside = (own > about["ends"][0]) & (own < about["ends"][1])
    x = places(view, "own")[:, 0]
    slope, start = np.polyfit(own[inside], x[inside], 1)
    return start + slope * values


def close(found: np.ndarray, expected: np.ndarray) -> bool:
    return bool(np.isfinite(found).all() and np.abs(found - expected).max() < 0.5)


def test_dots_stand_at_the_tables_numbers(fit, show):
    opened = fit.shrinkage()
    view = shrinkage(show(opened))
    expected = to_pixels(view, opened, opened.data["partial_pooling"].to_numpy())
    assert close(places(view, "now")[:, 0], expected)
    assert len(places(view, "ghosts")) == 0
    expect(view.get_by_role("status").filter(has_text="posterior")).to_be_visible()


@pytest.mark.parametrize("term", ["1|g", "x|g"])
def test_the_slider_moves_the_dots_by_the_formula(fit, show, term):
    opened = fit.shrinkage(term)
    page = show(opened)
    view = shrinkage(page)
    before = places(view, "now")
    handle = slider(view, term)
    handle.focus()
    for _ in range(60):
        handle.press("ArrowLeft")
    expect(handle).to_have_attribute(
        "aria-valuetext", re.compile("moved, mean weight by the formula")
    )
    wait_until(page, lambda: len(places(view, "ghosts")) == 12)
    found = tables.information(fit, "g")
    k = found.terms.index(term)
    scales = found.scale.copy()
    said = handle.get_attribute("aria-valuetext") or ""
    scales[k] = float(re.findall(r"[0-9.]+", said)[0])
    estimates, weight, _ = slide(found.precision, found.score, scales)
    estimates = estimates[[found.groups.index(group) for group in opened.data["group"]], k]
    wait_until(page, lambda: close(places(view, "now")[:, 0], to_pixels(view, opened, estimates)))
    posterior = opened.data["partial_pooling"].to_numpy()
    assert close(places(view, "ghosts")[:, 0], to_pixels(view, opened, posterior))
    assert np.ptp(places(view, "now")[:, 0]) < np.ptp(before[:, 0])
    assert f"mean weight w {weight[:, k].mean():.2f}" in (view.inner_text())
    assert shape(view, "now") != shape(view, "ghosts")
    expect(view.get_by_role("status").filter(has_text="by the formula")).to_be_visible()


def test_the_ends_are_complete_and_no_pooling(fit, show):
    page = show(fit.shrinkage("1|g"))
    view = shrinkage(page)
    table = fit.shrinkage("1|g").data
    handle = slider(view, "1|g")
    handle.press("Home")
    wait_until(page, lambda: np.ptp(places(view, "now")[:, 0]) < 0.01)
    slider(view, "x|g").press("End")
    handle.press("End")
    expect(handle).to_have_attribute("aria-valuetext", re.compile("without limit"))
    wait_until(
        page,
        lambda: close(places(view, "now")[:, 0], places(view, "own")[:, 0]),
    )
    assert len(places(view, "own")) == len(table)


@pytest.mark.parametrize("way", ["button", "Escape", "double click"])
def test_it_snaps_back_to_the_posterior(fit, show, way):
    page = show(fit.shrinkage("1|g"))
    view = shrinkage(page)
    before = places(view, "now")
    mean = slider(view, "1|g").input_value()
    slider(view, "1|g").press("PageDown")
    wait_until(page, lambda: len(places(view, "ghosts")) == 12)
    if way == "button":
        view.get_by_role("button", name="Back to the posterior").click()
    elif way == "Escape":
        slider(view, "1|g").press("Escape")
    else:
        slider(view, "1|g").dblclick()
    wait_until(page, lambda: len(places(view, "ghosts")) == 0)
    np.testing.assert_allclose(places(view, "now"), before, atol=0.01)
    assert slider(view, "1|g").input_value() == mean
    expect(view.get_by_role("button", name="Back to the posterior")).to_be_hidden()


def test_letting_go_does_not_jump(fit, show):
    page = show(fit.shrinkage("1|g"))
    view = shrinkage(page)
    box = slider(view, "1|g").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 12, steps=6)
    wait_until(page, lambda: len(places(view, "ghosts")) == 12)
    page.evaluate("() => new Promise(requestAnimationFrame)")
    held = places(view, "now")
    page.mouse.up()
    page.evaluate("() => new Promise(requestAnimationFrame)")
    page.evaluate("() => new Promise(requestAnimationFrame)")
    np.testing.assert_array_equal(places(view, "now"), held)


def test_opened_at_a_sigma_it_shows_it(fit, show):
    view = shrinkage(show(fit.shrinkage("1|g", sigma={"1|g": 0.5})))
    assert len(places(view, "ghosts")) == 12
    text = slider(view, "1|g").get_attribute("aria-valuetext")
    assert text is not None
    assert text.startswith("σ 0.5, moved")


def test_a_click_lights_the_group_in_a_linked_view(fit, show):
    page = show(fit.shrinkage(), fit.shrinkage("x|g", picture="plane"))
    first, second = page.locator("[data-view=shrinkage]").all()
    first.get_by_label("group g3", exact=True).click()
    wait_until(page, lambda: _bright(second, "now") == 1)
    assert _bright(first, "now") == 1
    page.keyboard.press("Escape")
    wait_until(page, lambda: _bright(second, "now") == 12)
    second.get_by_label("group g5", exact=True).click()
    wait_until(page, lambda: _bright(first, "now") == 1)


def _bright(view: Locator, mark: str) -> int:
    return view.locator(f".{mark}_marks path").evaluate_all(
        "all => all.filter(path => Number(path.getAttribute('opacity') ?? 1) === 1).length"
    )


def test_a_brush_on_the_plane_picks(fit, show):
    page = show(fit.shrinkage(picture="plane"))
    view = shrinkage(page)
    svg = view.locator(".hw-shrinkage-plane svg").bounding_box()
    assert svg is not None
    page.mouse.move(svg["x"] + 60, svg["y"] + 40)
    page.mouse.down()
    page.mouse.move(svg["x"] + svg["width"] - 10, svg["y"] + svg["height"] / 2, steps=5)
    page.mouse.up()
    wait_until(page, lambda: 0 < _bright(view, "now") < 12)


def test_the_menus_change_the_picture(fit, show):
    page = show(fit.shrinkage())
    view = shrinkage(page)
    view.get_by_text("plane", exact=True).click()
    expect(view.locator(".hw-shrinkage-plane svg")).to_be_visible()
    expect(view.get_by_label("Sort by")).to_be_hidden()
    expect(view.locator(".hw-plane-x")).to_have_text("1|g")
    view.get_by_label("Term").select_option("x|g")
    expect(view.locator(".hw-plane-x")).to_have_text("x|g")
    expect(view.locator(".hw-plane-y")).to_have_text("1|g")
    view.get_by_text("groups", exact=True).click()
    view.get_by_label("Sort by").select_option("name")
    order = fit.shrinkage("x|g", sort="name").data["group"].tolist()
    wait_until(page, lambda: _rows(view) == order)
    view.get_by_label("Search groups").fill("g1")
    expect(view.get_by_text("3 of 12 groups")).to_be_visible()
    wait_until(page, lambda: _rows(view) == ["g1", "g10", "g11"])


def _rows(view: Locator) -> list[str]:
    labels = view.locator(".targets_marks [aria-label]").all()
    boxes = [(at.bounding_box(), at.get_attribute("aria-label") or "") for at in labels]
    found = [(box["y"], name) for box, name in boxes if box]
    return [name.removeprefix("group ") for _, name in sorted(found)]


def test_two_thousand_groups_scroll_and_slide(show):
    fit = made_up([f"county {i}" for i in range(2000)])
    page = show(fit.shrinkage("1|g"))
    view = shrinkage(page)
    order = fit.shrinkage("1|g").data["group"].tolist()
    assert _rows(view) == order[: len(_rows(view))]
    assert len(_rows(view)) < 40
    view.locator(".hw-scroll").evaluate("el => { el.scrollTop = 16 * 1500 }")
    expect(view.get_by_label(f"group {order[1502]}", exact=True)).to_be_visible()
    slider(view, "1|g").press("Home")
    wait_until(page, lambda: np.ptp(places(view, "now")[:, 0]) < 0.01)
    view.get_by_text("plane", exact=True).click()
    expect(view.locator(".hw-shrinkage-plane canvas")).to_be_visible()


def test_a_model_with_one_effect_offers_no_plane(radon_fit, show):
    view = shrinkage(show(radon_fit.shrinkage()))
    expect(view.get_by_text("plane", exact=True)).to_be_hidden()
    expect(view.get_by_role("slider")).to_have_count(1)


@pytest.mark.parametrize("picture", ["groups", "plane"])
def test_labels_of_any_text_are_text(show, picture):
    fit = made_up(AWKWARD)
    page = show(fit.shrinkage(picture=picture))
    view = shrinkage(page)
    assert sorted(_rows(view)) == sorted(AWKWARD)
    expect(view.locator("img, script")).to_have_count(0)
    view.get_by_label(f"group {AWKWARD[0]}", exact=True).hover()
    expect(view.get_by_role("tooltip")).to_contain_text(AWKWARD[0])
    view.get_by_label(f"group {AWKWARD[0]}", exact=True).click()
    wait_until(page, lambda: _bright(view, "now") == 1)


@pytest.mark.parametrize("picture", ["groups", "plane"])
def test_narrow_pages_fit(fit, show, picture):
    page = show(fit.shrinkage(picture=picture))
    page.set_viewport_size({"width": 480, "height": 900})
    expect(slider(shrinkage(page), "1|g")).to_be_visible()
    fits_its_width(page)


def outline(view: Locator) -> np.ndarray:
    """The corners of the population's ellipse, in pixels of the plot."""
    path = view.locator(".ellipse_marks path").first.get_attribute("d") or ""
    return np.array(re.findall(r"(-?[0-9.]+),(-?[0-9.]+)", path), float)


def test_the_plane_draws_the_populations_correlation(sleepstudy, show):
    fit = hw.fit(
        "Reaction ~ Days + (Days | Subject)",
        sleepstudy,
        correlated=True,
        draws=300,
        tune=500,
        random_seed=5,
        progress=False,
    )
    page = show(fit.shrinkage(picture="plane"))
    view = shrinkage(page)
    rho = fit.posterior["Subject_corr"].mean(("chain", "draw")).to_numpy()[0, 1]
    expect(view).to_contain_text(f"correlation {rho:.2f} (95 % interval")
    wait_until(page, lambda: len(outline(view)) > 60)
    x, y = outline(view).T
    first, second = np.argmax(x), np.argmin(x)
    tilt = -(y[first] - y[second]) / np.ptp(y)
    assert tilt == pytest.approx(rho, abs=0.03)
    slider(view, "Days|Subject").press("Home")
    wait_until(page, lambda: np.ptp(outline(view)[:, 1]) < 0.01)


def test_the_plane_of_independent_effects_says_so(fit, show):
    view = shrinkage(show(fit.shrinkage(picture="plane")))
    expect(view).to_contain_text("the model takes the effects as independent")
