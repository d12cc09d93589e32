"""The prior lab in an exported page with the network off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import bambi as bmb
import pytest
from playwright.sync_api import expect

import hierwidgets as hw
from hierwidgets.charts import style
from tests.browser.offline import exported, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser
show = pytest.fixture(exported)
SAMPLED = {"draws": 500, "tune": 500, "chains": 4, "random_seed": 7, "progress": False}


@pytest.fixture(scope="module")
def schools():
    return hw.fit(
        bmb.Formula("effect ~ 1 + (1 | school)", "sigma ~ 0 + offset(log(se))"),
        hw.example("eight_schools"),
        priors={
            "Intercept": hw.Prior("Normal", mu=0, sigma=20),
            "1|school_sigma": hw.Prior("HalfNormal", sigma=10),
        },
        **SAMPLED,
    )


@pytest.fixture(scope="module")
def counties():
    return hw.fit("log_radon ~ floor + (1 | county)", hw.example("radon"), **SAMPLED)


@pytest.fixture(scope="module")
def herds():
    return hw.fit(
        "p(incidence, size) ~ period + (1 | herd)", hw.example("cbpp"), family="binomial", **SAMPLED
    )


def lab_of(page: Page) -> Locator:
    return page.locator("[data-view=priors]")


def slider(lab: Locator, name: str) -> Locator:
    return lab.get_by_role("slider", name=name, exact=True)


def verdict(lab: Locator) -> Locator:
    return lab.locator(".hw-priors-verdict")


def number(lab: Locator, quantity: str) -> float:
    row = lab.locator(f'tr[data-quantity="{quantity}"]')
    text = row.locator("td").first.locator("span").first.inner_text()
    return float(text.split(" ±")[0].replace("−", "-"))


def curve_of(lab: Locator, parameter: str, kind: str) -> str:
    layer = {"before": 0, "after": 2, "prior": 4}[kind]
    row = lab.locator(f'[data-parameter="{parameter}"] .hw-priors-density')
    return row.locator(f".layer_{layer}_marks path").first.get_attribute("d") or ""


def wide(lab: Locator) -> int:
    """How many pixels of the groups' picture have the colour of the intervals after."""
    return lab.locator(".hw-priors-groups canvas").evaluate(
        """(canvas, [red, green, blue]) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let count = 0;
          for (let i = 0; i < data.length; i += 4)
            count += Math.abs(data[i] - red) + Math.abs(data[i + 1] - green)
              + Math.abs(data[i + 2] - blue) < 40 && data[i + 3] > 200;
          return count;
        }""",
        [*bytes.fromhex(style.PALETTE["blue"].removeprefix("#"))],
    )


def enter(lab: Locator, name: str, text: str) -> None:
    field = lab.get_by_role("textbox", name=f"{name}, exact number")
    field.fill(text)
    field.press("Enter")


def settled(page: Page, lab: Locator, true) -> None:
    wait_until(page, true, frames=600)


def test_a_slider_by_keyboard_moves_the_posterior_and_the_groups(counties, show):
    page = show(counties.priors())
    lab = lab_of(page)
    expect(verdict(lab)).to_contain_text("Reliable")
    name = "1|county_sigma"
    slider(lab, f"{name} sigma").scroll_into_view_if_needed()
    before, after, groups = number(lab, name), curve_of(lab, name, "after"), wide(lab)
    moved = slider(lab, f"{name} sigma")
    at = float(moved.get_attribute("aria-valuenow") or "")
    moved.focus()
    for _ in range(4):
        moved.press("PageDown")
    assert float(moved.get_attribute("aria-valuenow") or "") < at / 5
    settled(page, lab, lambda: number(lab, name) < before)
    expect(verdict(lab)).to_contain_text("Reliable")
    settled(page, lab, lambda: curve_of(lab, name, "after") != after)
    assert groups > 500
    settled(page, lab, lambda: wide(lab) < groups)
    assert number(lab, name) == pytest.approx(
        counties.priors({name: float(moved.get_attribute("aria-valuenow") or "")}).data["mean"][3],
        abs=2e-3,
    )
    lab.get_by_role("button", name=f"Reset {name}").click()
    settled(page, lab, lambda: number(lab, name) == before)


def test_a_slider_by_pointer(schools, show):
    page = show(schools.priors())
    lab = lab_of(page)
    name = "1|school_sigma"
    before = number(lab, name)
    slider(lab, f"{name} sigma").scroll_into_view_if_needed()
    box = slider(lab, f"{name} sigma").bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.63 * box["width"], y)
    page.mouse.down()
    for share in (0.6, 0.55, 0.5):
        page.mouse.move(box["x"] + share * box["width"], y)
    settled(page, lab, lambda: number(lab, name) < before - 0.3)
    page.mouse.up()
    expect(lab.locator(".hw-priors-log summary")).to_have_text("Log of the priors tried: 1")


def test_an_extreme_value_is_withheld_with_its_reason(counties, show):
    page = show(counties.priors())
    lab = lab_of(page)
    name = "1|county_sigma"
    enter(lab, f"{name} sigma", "0.4")
    settled(page, lab, lambda: "HalfNormal(sigma=0.4)" in lab.inner_text())
    settled(page, lab, lambda: lab.get_attribute("data-settled") is not None)
    expect(verdict(lab)).to_contain_text("Reliable")
    settled(page, lab, lambda: number(lab, name) != 0)
    page.wait_for_function("() => !document.querySelector('.hw-priors-veil').checkVisibility()")
    kept = number(lab, name)
    enter(lab, f"{name} sigma", "0.005")
    expect(verdict(lab)).to_contain_text("Needs a refit")
    veil = lab.locator(".hw-priors-veil")
    expect(veil).to_contain_text("Withheld. ")
    assert len(veil.inner_text()) > 60
    assert number(lab, name) == pytest.approx(kept, abs=0.02)
    expect(lab.locator(".hw-priors-held").first).to_be_visible()
    expect(lab.get_by_role("button", name="Refit")).to_be_disabled()
    expect(lab.get_by_text("Refits need Python: this page has no kernel.")).to_be_visible()
    k = lab.get_by_role("meter", name="Pareto k")
    assert k.get_attribute("aria-valuenow") is not None
    expect(lab.get_by_role("meter", name="effective sample size")).to_be_visible()
    lab.get_by_role("button", name="Reset all").click()
    expect(verdict(lab)).to_contain_text("Reliable")
    expect(veil).to_be_hidden()


def test_the_last_of_many_events_wins(schools, show):
    page = show(schools.priors())
    lab = lab_of(page)
    name = "1|school_sigma"
    slider(lab, f"{name} sigma").evaluate(
        """element => {
          for (let i = 0; i < 300; i += 1) {
            element.value = String(400 - (i * 37) % 300);
            element.dispatchEvent(new Event("input"));
          }
          element.value = "260";
          element.dispatchEvent(new Event("input"));
          element.dispatchEvent(new Event("change"));
        }"""
    )
    value = float(slider(lab, f"{name} sigma").get_attribute("aria-valuenow") or "")
    expected = schools.priors({name: hw.Prior("HalfNormal", sigma=value)}).data
    wanted = expected.set_index("quantity")["mean"][name]
    settled(page, lab, lambda: number(lab, name) == pytest.approx(wanted, abs=0.06))
    expect(lab.locator(".hw-priors-log summary")).to_have_text("Log of the priors tried: 1")


def test_impossible_arguments_are_refused_in_the_row(schools, show):
    page = show(schools.priors())
    lab = lab_of(page)
    row = lab.locator('[data-parameter="1|school_sigma"]')
    enter(lab, "1|school_sigma sigma", "-1")
    expect(row.get_by_role("alert")).to_contain_text("sigma")
    expect(row).to_have_attribute("data-changed", "false")
    enter(lab, "1|school_sigma sigma", "many")
    expect(row.get_by_role("alert")).to_contain_text("must be a number")
    enter(lab, "1|school_sigma sigma", "8")
    expect(row.get_by_role("alert")).to_have_text("")
    expect(row).to_have_attribute("data-changed", "true")


def test_families_pins_and_a_group(schools, show):
    page = show(schools.priors(group="A"))
    lab = lab_of(page)
    lab.get_by_role("combobox", name="Family of 1|school_sigma").select_option("Exponential")
    expect(slider(lab, "1|school_sigma lam")).to_be_visible()
    expect(verdict(lab)).not_to_contain_text("Needs")
    lab.get_by_role("button", name="Pin").click()
    expect(lab.get_by_role("columnheader", name="Pin 1")).to_be_visible()
    expect(lab.get_by_role("list", name="Pinned settings")).to_contain_text("Exponential(lam=")
    derived = lab.locator(".hw-priors-derived")
    expect(derived).to_contain_text(re.compile(r"0\.\d+ ± 0\.\d+ \(before 0\.\d+\)"))
    lab.get_by_role("button", name="Remove Pin 1").click()
    expect(lab.get_by_role("columnheader", name="Pin 1")).to_have_count(0)


def test_a_vector_of_slopes_moves_alike(herds, show):
    page = show(herds.priors())
    lab = lab_of(page)
    row = lab.locator('[data-parameter="period"]')
    options = row.get_by_role("combobox", name="Element").locator("option")
    expect(options).to_have_text(["period[2]", "period[3]", "period[4]"])
    before = number(lab, "period[4]")
    enter(lab, "period sigma", "0.6")
    settled(page, lab, lambda: number(lab, "period[4]") > before)
    mine = herds.priors().settings["period"].args["sigma"]
    ratio = 0.6 / mine[0]
    prior = hw.Prior("Normal", mu=[0, 0, 0], sigma=[ratio * one for one in mine])
    wanted = herds.priors({"period": prior}).data.set_index("quantity")["mean"]["period[4]"]
    settled(page, lab, lambda: number(lab, "period[4]") == pytest.approx(wanted, abs=0.02))


def test_the_page_opens_with_the_pool_and_a_state(schools, show):
    tight = {"1|school_sigma": hw.Prior("HalfNormal", sigma=0.1)}
    alone = lab_of(show(schools.priors(tight)))
    expect(verdict(alone)).to_contain_text("Needs a refit")
    pooled = hw.wrap(schools.model, schools.idata)
    pooled.refit(tight, progress=False, random_seed=3)
    opened = pooled.priors({"1|school_sigma": hw.Prior("HalfNormal", sigma=0.15)})
    lab = lab_of(show(opened))
    expect(verdict(lab)).to_contain_text("Reliable")
    wanted = opened.data.set_index("quantity")["mean"]["1|school_sigma"]
    assert number(lab, "1|school_sigma") == pytest.approx(wanted, abs=0.01)
