"""What a term of the field says on hover and on focus, in every view, with the network off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from hierwidgets.words import words
from tests.browser.offline import exported
from tests.tables.test_variance import invented

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser
show = pytest.fixture(exported)

TEXTS = {word.key: re.sub(r"[`*]", "", word.text).replace("u_j", "uj") for word in words()}
EXPLAINED = {
    "trace": {"rhat", "bulk", "tail", "divergence", "rank bars", "draw", "density"},
    "caterpillar": {"term", "effect", "deviation", "population", "mean", "50", "95"},
    "shrinkage": {"term", "no pooling", "partial pooling", "group scale", "weight"},
    "groups": {"no pooling", "partial pooling", "complete pooling", "95"},
    "variance": {"icc", "pooling factor", "residual scale", "correlation", "95"},
}


@pytest.fixture(scope="module")
def fit():
    return invented("y ~ x + z + (1 | h) + (x + z | g)", correlated=["g"])


def told(page: Page) -> Locator:
    return page.locator(".hw-word-told")


def expect_inside(bubble: Locator) -> None:
    """The whole bubble is on the page, from left to right and from the top."""
    box = bubble.bounding_box()
    page = bubble.page.evaluate("document.documentElement.clientWidth")
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= page
    assert box["y"] >= 0


@pytest.mark.parametrize("kind", list(EXPLAINED))
@pytest.mark.parametrize("width", [480, 1200])
def test_every_word_of_a_view_is_explained_on_hover(fit, show, kind: str, width: int):
    page = show(getattr(fit, kind)())
    page.set_viewport_size({"width": width, "height": 800})
    found = page.locator("[data-word]").locator("visible=true")
    keys = found.evaluate_all("all => all.map(node => node.dataset.word)")
    assert set(keys) >= EXPLAINED[kind]
    for place, key in enumerate(keys):
        found.nth(place).hover()
        expect(told(page)).to_have_text(TEXTS[key])
        expect(told(page)).to_have_attribute("role", "tooltip")
        expect_inside(told(page))
        page.mouse.move(0, 0)
        expect(told(page)).to_have_count(0)


def test_the_keyboard_reads_a_word_and_escape_keeps_the_selection(fit, show):
    fit.selection.groups = [fit.factors["g"][0]]
    page = show(fit.caterpillar("1|g"))
    fit.selection.clear()
    label = page.locator(f'[aria-label="group {fit.factors["g"][1]}"]').first
    expect(label).to_be_attached()
    word = page.locator(".hw-caption [data-word=population]").first
    word.focus()
    expect(word).to_have_accessible_description(TEXTS["population"])
    page.keyboard.press("Tab")
    expect(word).not_to_have_attribute("aria-describedby", re.compile("."))
    after = page.locator(".hw-caption [data-word]:focus")
    expect(after).to_have_accessible_description(TEXTS["deviation"])
    page.keyboard.press("Escape")
    expect(told(page)).to_have_count(0)
    names = page.locator("svg text", has_text=re.compile(f"^{fit.factors['g'][1]}$"))
    expect(names.first).not_to_have_attribute("opacity", "1")
    page.keyboard.press("Escape")
    expect(names.first).to_have_attribute("opacity", "1")


def test_the_pointer_may_rest_on_the_explanation(fit, show):
    page = show(fit.shrinkage("1|g"))
    page.locator(".hw-caption [data-word='no pooling']").hover()
    told(page).hover()
    expect(told(page)).to_have_text(TEXTS["no pooling"])
    page.locator("svg").first.hover()
    expect(told(page)).to_have_count(0)


def test_a_radio_is_explained_as_the_keyboard_comes_to_it(fit, show):
    page = show(fit.caterpillar("1|g"))
    radio = page.get_by_role("radio", name="effect")
    radio.focus()
    page.keyboard.press("ArrowRight")
    chosen = page.get_by_role("radio", name="deviation")
    expect(chosen).to_be_checked()
    expect(chosen).to_have_accessible_description(TEXTS["deviation"])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_explanation_follows_the_theme(fit, show, theme: str):
    page = show(fit.variance())
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    expect(page.locator(f"[data-view][data-theme={theme}]")).to_have_count(1)
    page.locator("[data-word='pooling factor']").first.hover()
    shade = told(page).evaluate(
        "node => getComputedStyle(node).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
    )
    assert (sum(shade) / 3 > 128) == (theme == "light")
