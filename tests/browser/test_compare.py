"""The comparison of models in an exported page with the network off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

import hierwidgets as hw
from tests.browser.offline import exported, fits_its_width, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser
show = pytest.fixture(exported)


@pytest.fixture(scope="module")
def fits(sleepstudy, sleep_fit) -> dict[str, hw.Fit]:
    options: dict[str, Any] = {"draws": 300, "tune": 500, "random_seed": 3, "progress": False}
    return {
        "intercepts": hw.fit("Reaction ~ Days + (1 | Subject)", sleepstudy, **options),
        "slopes": sleep_fit,
    }


def compare(page: Page) -> Locator:
    return page.locator("[data-view=compare]")


def listed(view: Locator) -> list[str]:
    return view.locator(".hw-group-rows .role-mark.mark-text text").all_text_contents()[:18]


def test_models_and_cautions_are_said(fits, show):
    opened = hw.compare(fits)
    view = compare(show(opened))
    expect(view.get_by_role("status").nth(1)).to_have_text(opened.said())
    row = view.get_by_label("models", exact=True).get_by_role("row").nth(2)
    other = opened.models.iloc[1]
    expect(row).to_contain_text(f"−{-other['elpd_diff']:.1f} ± {other['dse']:.1f}")
    expect(row).to_contain_text(f"{other['weight']:.2f}")
    expect(view.get_by_role("listitem").first).to_contain_text("Pareto k above 0.70")


def test_the_pair_is_turned_and_sorted_as_in_python(fits, show):
    view = compare(show(hw.compare(fits)))
    wait_until(view.page, lambda: listed(view) == hw.compare(fits).data["label"].tolist())
    view.get_by_label("elpd of", exact=True).select_option("intercepts")
    expect(view.get_by_label("less that of", exact=True)).to_have_value("slopes")
    turned = hw.compare(fits, "intercepts", "slopes").data["label"].tolist()
    wait_until(view.page, lambda: listed(view) == turned)


def test_a_group_is_picked(fits, show):
    page = show(hw.compare(fits))
    view = compare(page)
    view.get_by_label("group 308", exact=True).click()
    dim = view.locator(".hw-group-rows .role-mark.mark-text text[opacity='0.5']")
    wait_until(page, lambda: dim.count() == 17)


def test_rows_are_drawn_where_rows_are_left_out_and_pick_their_groups(fits, show):
    page = show(hw.compare(fits))
    view = compare(page)
    points = view.locator(".hw-compare-rows .mark-symbol path")
    expect(points).to_have_count(180)
    points.nth(3).click()
    dim = view.locator(".hw-group-rows .role-mark.mark-text text[opacity='0.5']")
    wait_until(page, lambda: dim.count() == 17)
    bright = view.locator(".hw-group-rows .role-mark.mark-text text[opacity='1']")
    expect(bright.filter(has_text="308")).to_have_count(1)
    view.get_by_text("a whole group", exact=True).click()
    expect(view.get_by_role("status").first).to_contain_text("Shown: one observation")
    expect(points).to_have_count(180)


def test_whole_groups_are_left_out(fits, show):
    opened = hw.compare(fits, unit="group")
    view = compare(show(opened))
    expect(view.get_by_role("status").nth(1)).to_have_text(opened.said())
    models = view.get_by_label("models", exact=True)
    expect(models).to_contain_text("Monte Carlo error")
    expect(view.locator(".hw-compare-rows")).to_be_hidden()
    expect(models).to_contain_text(f"{opened.models.iloc[0]['elpd']:.1f}".replace("-", "−"))
    wait_until(view.page, lambda: listed(view) == opened.data["label"].tolist())
    view.get_by_text("one observation", exact=True).click()
    by_rows = hw.compare(fits)
    expect(view.get_by_role("status").nth(1)).to_have_text(by_rows.said())
    expect(models).to_contain_text("p_loo")
    expect(view.locator(".hw-compare-rows .mark-symbol path")).to_have_count(180)
    wait_until(view.page, lambda: listed(view) == by_rows.data["label"].tolist())


def test_a_page_without_whole_groups_says_so_and_keeps_the_rows(fits, show):
    opened = hw.compare(fits)
    view = compare(show(opened))
    view.get_by_text("a whole group", exact=True).click()
    expect(view.get_by_role("status").first).to_contain_text(
        'Open hw.compare({...}, unit="group") and save that. Shown: one observation.'
    )
    expect(view.get_by_role("status").nth(1)).to_have_text(opened.said())


def test_narrow_pages_stack(fits, show):
    page = show(hw.compare(fits))
    page.set_viewport_size({"width": 380, "height": 900})
    expect(compare(page).locator(".hw-chart svg").first).to_be_visible()
    fits_its_width(page)
