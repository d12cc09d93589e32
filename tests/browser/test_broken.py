"""Broken posteriors in an exported page with the network off: no console errors, and sentences."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import expect

from tests import broken as scenes
from tests.broken import CHAINS, DRAWS, LENGTHS, REFUSED
from tests.browser.offline import exported

pytestmark = pytest.mark.browser
show = pytest.fixture(exported)
KINDS = (
    "one NaN",
    "all NaN",
    "padded with NaN",
    "an infinite draw",
    "beyond float32",
    "at the end of float64",
    "a scale that wanders",
    "one draw of one chain",
)


@pytest.mark.parametrize("kind", KINDS)
def test_what_diagnoses_draws_broken_draws(kind, show):
    change, parameter = REFUSED[kind]
    fit = scenes.fit_of(change)
    trace, convergence = fit.trace([parameter, "sigma"]), fit.convergence(parameter)
    page = show(trace, convergence)
    rows = page.locator("[data-view=trace] .hw-trace-row[data-ready]")
    expect(rows).to_have_count(2)
    expect(page.locator("[data-view=convergence] [role=status]").first).to_contain_text(
        trace.parameters["parameter"][0] if kind == "one draw of one chain" else parameter
    )
    lost = int((~np.isfinite(fit.posterior[parameter].to_numpy())).sum())
    first = rows.first
    total = CHAINS * DRAWS
    if kind == "padded with NaN":
        lost = 0
        verdict = page.locator("[data-view=trace] .hw-trace-verdict")
        expect(verdict).to_contain_text("Padded with NaN: chains of 60, 45 and 30 draws.")
        count = int(trace.fit.idata["sample_stats"]["diverging"].sum())
        share = round(100 * count / sum(LENGTHS), 1)
        expect(verdict).to_contain_text(f"! {count} divergences ({share} % of draws)")
        cells = page.get_by_label("energy").locator("table tr td:nth-child(2)")
        expect(cells).to_have_text([str(length) for length in LENGTHS])
    said = first.locator(".hw-trace-said")
    if lost == total:
        expect(said).to_have_text(f"none of {total} draws is finite: nothing to draw")
        expect(first.locator("svg, canvas")).to_have_count(0)
    elif lost:
        expect(said).to_have_text(f"{lost} of {total} draws not finite, left out")
    else:
        expect(said).to_be_hidden()
    if total - lost > 0 and kind != "one draw of one chain":
        paths = first.locator(".hw-trace-lines .mark-line path")
        expect(paths).to_have_count(CHAINS)
        assert all("NaN" not in (path.get_attribute("d") or "NaN") for path in paths.all())


def test_a_dashboard_shows_the_sentence_where_a_view_refuses(show):
    fit = scenes.fit_of(REFUSED["one NaN"][0])
    page = show(fit.dashboard("shrinkage"))
    expect(page.locator("[data-view=dashboard]")).to_contain_text(
        f"shrinkage() of {fit.formula} cannot be made: x is not a finite number in 1 of {CHAINS * DRAWS} draws"
    )
