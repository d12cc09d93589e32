"""The trace in an exported page with the network off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

import hierwidgets as hw
from hierwidgets.tables import trace as tables
from hierwidgets.views import trace as views
from tests.browser.offline import exported, fits_its_width, wait_until
from tests.synthetic import AWKWARD, made_up
from tests.tables.test_trace import diverging

if TYPE_CHECKING:
    from playwright.sync_api import Locator

pytestmark = pytest.mark.browser
show = pytest.fixture(exported)


@pytest.fixture(scope="module")
def fit() -> hw.Fit:
    return diverging(made_up([f"g{i}" for i in range(12)], draws=3000), [(0, 10), (1, 2000)])


@pytest.fixture(autouse=True)
def nothing_picked(fit: hw.Fit):
    fit.selection.clear()


def trace(page) -> Locator:
    return page.locator("[data-view=trace]")


def shown(view: Locator) -> list[str]:
    return view.locator(".hw-trace-title span").all_text_contents()


def listed(view: Locator) -> list[str]:
    return view.locator("[role=option] .hw-trace-name").all_text_contents()


def option(view: Locator, name: str) -> Locator:
    return view.get_by_role("option", name=re.compile("^" + re.escape(name)))


def ready(view: Locator, name: str) -> Locator:
    row = view.locator(f"section[aria-label='{name}'][data-ready]")
    expect(row).to_be_visible()
    return row


def points(row: Locator) -> int:
    """How many draws the lines are drawn through."""
    return row.locator(".hw-trace-lines .mark-line path").evaluate_all(
        "all => all.reduce((sum, path) => sum + path.getAttribute('d').split(/[ML]/).length - 1, 0)"
    )


def test_opens_on_the_top_level_with_the_worst_first(fit, show):
    view = trace(show(fit.trace()))
    assert shown(view) == fit.trace().state["parameters"]
    order = fit.trace().data["parameter"].tolist()
    drawn = listed(view)
    assert drawn == order[: len(drawn)]
    expect(view.get_by_role("status").first).to_contain_text("2 divergences (0.033 % of draws)")
    ready(view, "Intercept")


def test_densities_and_ranks_are_those_of_python(fit, show):
    view = trace(show(fit.trace(parameters=["x"])))
    row = ready(view, "x")
    heights = row.locator(".hw-trace-ranks .mark-rect path").evaluate_all(
        "all => all.map(path => path.getBBox().height)"
    )
    counts = tables.ranks(fit, ["x"])["count"].to_numpy()
    assert len(heights) == len(counts)
    np.testing.assert_allclose(np.array(heights) / max(heights), counts / counts.max(), atol=0.02)
    expect(row.locator(".hw-trace-density .mark-line path")).to_have_count(2)
    expect(row.locator(".hw-trace-lines .mark-symbol path")).to_have_count(2)


def test_a_click_in_the_list_shows_the_parameter(fit, show):
    view = trace(show(fit.trace()))
    option(view, "sigma").click()
    ready(view, "sigma")
    assert shown(view) == ["sigma"]
    expect(option(view, "sigma")).to_have_attribute("aria-selected", "true")
    option(view, "x ").or_(option(view, "x1")).first.click(modifiers=["Shift"])
    ready(view, "x")
    assert shown(view) == ["sigma", "x"]


def test_a_group_in_the_list_is_picked_everywhere(fit, show):
    page = show(fit.trace(), fit.caterpillar())
    view, other = trace(page), page.locator("[data-view=caterpillar]")
    view.get_by_label("Search").fill("x|g[g5]")
    option(view, "x|g[g5]").click()
    assert shown(view) == ["x|g[g5]"]
    wait_until(page, lambda: _lit(other) == ["g5"])
    other.get_by_label("group g7", exact=True).click()
    ready(view, "x|g[g7]")
    assert shown(view) == ["x|g[g7]"]
    view.get_by_label("Search", exact=True).fill("")
    assert set(listed(view)[:2]) == {"1|g[g7]", "x|g[g7]"}
    page.keyboard.press("Escape")
    ready(view, "x|g[g5]")
    assert _lit(other) == []


def _lit(view: Locator) -> list[str]:
    found = view.locator(".role-mark.mark-text text").evaluate_all(
        "all => all.map(text => [text.textContent, Number(text.getAttribute('opacity') ?? 1)])"
    )
    bright = [name for name, opacity in found if opacity == 1]
    return [] if len(bright) == len(found) else bright


def test_picked_groups_stand_beside_the_top_level(fit, show):
    fit.selection.groups = ["g2"]
    view = trace(show(fit.trace(parameters=["x"])))
    ready(view, "1|g[g2]")
    assert shown(view) == ["1|g[g2]", "x"]


def test_search_and_order_are_those_of_python(fit, show):
    view = trace(show(fit.trace(search="1|g[")))
    expected = fit.trace(search="1|g[").data["parameter"].tolist()
    assert listed(view) == expected
    view.get_by_label("Order").select_option("name")
    assert listed(view) == fit.trace(search="1|g[", order="name").data["parameter"].tolist()
    view.get_by_label("Search").fill("no such name")
    expect(view.get_by_text("No parameter has this in its name.")).to_be_visible()


def test_zoom_draws_the_window_from_all_draws(fit, show):
    page = show(fit.trace(parameters=["x"]))
    view = trace(page)
    row = ready(view, "x")
    lines = row.locator(".hw-trace-lines")
    before = points(row)
    assert before < 2 * 3000 / 2
    box = lines.bounding_box()
    assert box is not None
    y = box["y"] + 30
    page.mouse.move(box["x"] + 200, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 240, y, steps=5)
    page.mouse.up()
    said = view.locator(".hw-trace-tools .hw-note")
    expect(said).to_have_text(re.compile(r"^draws \d+ to \d+$"))
    first, last = map(int, re.findall(r"\d+", said.text_content() or ""))
    assert 100 < last - first < 1000
    inside = 2 * (last - first + 1)
    wait_until(page, lambda: abs(points(row) - inside) <= 8)
    view.get_by_role("button", name="Reset").click()
    expect(said).to_contain_text("all draws")
    wait_until(page, lambda: points(row) == before)


def test_wheel_zooms_and_a_double_click_returns(fit, show):
    page = show(fit.trace(parameters=["x", "sigma"]))
    view = trace(page)
    lines = ready(view, "x").locator(".hw-trace-lines")
    box = lines.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    page.mouse.wheel(0, -200)
    said = view.locator(".hw-trace-tools .hw-note")
    expect(said).to_have_text(re.compile(r"^draws \d+ to \d+$"))
    lines.dblclick()
    expect(said).to_contain_text("all draws")


def test_zooming_by_the_keyboard(fit, show):
    view = trace(show(fit.trace(parameters=["x"])))
    ready(view, "x")
    said = view.locator(".hw-trace-tools .hw-note")
    view.get_by_role("button", name="Zoom in").press("Enter")
    expect(said).to_have_text("draws 750 to 2249")
    view.get_by_role("button", name="Earlier").press("Enter")
    expect(said).to_have_text("draws 0 to 1500")
    view.get_by_role("button", name="Zoom out").press("Enter")
    expect(said).to_contain_text("all draws")
    expect(view.get_by_role("button", name="Later")).to_be_hidden()


def test_the_list_by_the_keyboard(fit, show):
    view = trace(show(fit.trace(order="name")))
    names = fit.trace(order="name").data["parameter"].tolist()
    box = view.get_by_role("listbox", name="parameters")
    box.focus()
    box.press("End")
    expect(option(view, names[-1])).to_be_visible()
    box.press("ArrowUp")
    box.press("Enter")
    ready(view, names[-2])
    assert shown(view) == [names[-2]]


def test_flags_are_words_and_shapes(show):
    fit = made_up(["a", "b", "c"])
    posterior = fit.posterior
    posterior["x"][1] += 5
    fit.idata["posterior"] = posterior
    view = trace(show(fit.trace()))
    row = option(view, "x")
    expect(row.first).to_contain_text("! ")
    expect(row.first).to_contain_text("R-hat above 1.01")
    expect(view.get_by_role("status").first).to_contain_text("R-hat above 1.01 or ESS below 200")


def test_thousands_of_parameters_scroll(show, monkeypatch):
    monkeypatch.setattr(views, "SENT_BYTES", 20 * 4 * 2 * 200)
    fit = made_up([f"county {i}" for i in range(2000)])
    view = trace(show(fit.trace(order="name")))
    assert len(listed(view)) < 50
    names = fit.trace(order="name").data["parameter"].tolist()
    view.locator(".hw-trace-scroll").evaluate("el => { el.scrollTop = 26 * 3000 }")
    expect(option(view, names[3005]).first).to_be_visible()
    assert len(listed(view)) < 50
    option(view, names[3005]).first.click()
    expect(view.locator(".hw-trace-said")).to_contain_text("not in this page")
    expect(option(view, names[3005]).first).to_contain_text("(not in this page)")


def test_names_of_any_text_are_text(show):
    fit = made_up(AWKWARD)
    names = [f"1|g[{label}]" for label in AWKWARD]
    view = trace(show(fit.trace(parameters=names, search="1|g[")))
    assert sorted(shown(view)) == sorted(names)
    assert sorted(listed(view)) == sorted(names)
    expect(view.locator("img, script")).to_have_count(0)


def test_narrow_pages_stack(fit, show):
    page = show(fit.trace(parameters=["x"]))
    page.set_viewport_size({"width": 480, "height": 900})
    view = trace(page)
    row = ready(view, "x")
    lines, density = (
        row.locator(f".hw-trace-{name}").bounding_box() for name in ("lines", "density")
    )
    assert lines is not None
    assert density is not None
    assert density["y"] >= lines["y"] + lines["height"]
    fits_its_width(page)
