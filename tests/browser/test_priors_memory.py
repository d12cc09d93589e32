"""Ten thousand movements of a prior's slider: memory and listeners stay flat, the last one wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.offline import exported
from tests.synthetic import made_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import CDPSession, Page

    from hierwidgets.views.view import View

    Show = Callable[[View], Page]

pytestmark = pytest.mark.browser
show = pytest.fixture(exported)

EVENTS = 10_000
SLIDER = "1|g_sigma sigma"
MOVE = """async ([name, events]) => {
  const slider = [...document.querySelectorAll('[role=slider], input[type=range]')]
    .find((one) => one.getAttribute('aria-label') === name);
  const [low, high] = [Number(slider.min), Number(slider.max)];
  const move = (share) => {
    slider.value = String(Math.round(low + share * (high - low)));
    slider.dispatchEvent(new Event('input', { bubbles: true }));
  };
  for (let i = 0; i < events; i++) {
    move(0.4 + 0.2 * Math.abs(Math.sin(i)));
    if (i % 50 === 49) await new Promise(requestAnimationFrame);
  }
  move(0.62);
  slider.dispatchEvent(new Event('change', { bubbles: true }));
}"""


def measured(session: CDPSession) -> dict[str, float]:
    session.send("HeapProfiler.collectGarbage")
    metrics = session.send("Performance.getMetrics")["metrics"]
    return {metric["name"]: metric["value"] for metric in metrics}


def test_ten_thousand_movements_leave_nothing_behind(show: Show) -> None:
    fit = made_up([f"group {j}" for j in range(20)], chains=2, draws=500)
    page = show(fit.priors())
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    page.evaluate(MOVE, [SLIDER, 500])
    rested(page, 1)
    before = measured(session)
    page.evaluate(MOVE, [SLIDER, EVENTS])
    rested(page, 2)
    after = measured(session)
    assert after["JSEventListeners"] <= before["JSEventListeners"]
    assert after["Nodes"] <= 1.05 * before["Nodes"]
    assert after["JSHeapUsedSize"] <= before["JSHeapUsedSize"] + 2_000_000
    slider = page.get_by_role("slider", name=SLIDER)
    least, most = (float(slider.get_attribute(name) or "nan") for name in ("min", "max"))
    assert float(slider.input_value()) == round(least + 0.62 * (most - least))
    shown = slider.get_attribute("aria-valuenow") or ""
    field = page.get_by_label(f"{SLIDER}, exact number")
    assert field.input_value() == shown
    expect(page.locator("[data-parameter='1|g_sigma']")).to_contain_text(f"{float(shown):.3g}")


def rested(page: Page, settings: int) -> None:
    """The lab has drawn the last setting and written it into its log."""
    expect(page.locator("[data-view=priors]")).to_contain_text(
        f"Log of the priors tried: {settings}"
    )
