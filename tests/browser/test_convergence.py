"""Convergence in an exported page with the network off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

import hierwidgets as hw
from hierwidgets.tables import agreement, trace
from hierwidgets.tables import convergence as tables
from hierwidgets.views import convergence as views
from tests.browser.offline import exported, fits_its_width, wait_until
from tests.synthetic import AWKWARD, made_up
from tests.tables.test_convergence import SCHOOLS
from tests.tables.test_trace import diverging

if TYPE_CHECKING:
    from playwright.sync_api import Locator

pytestmark = pytest.mark.browser
show = pytest.fixture(exported)


@pytest.fixture(scope="module")
def schools() -> hw.Fit:
    return hw.fit(
        SCHOOLS, hw.example("eight_schools"), noncentered=False, random_seed=1, progress=False
    )


@pytest.fixture(scope="module")
def fit() -> hw.Fit:
    return diverging(made_up([f"g{i}" for i in range(12)]), [(0, 10), (1, 150)])


@pytest.fixture(autouse=True)
def nothing_picked(fit: hw.Fit, schools: hw.Fit):
    fit.selection.clear()
    schools.selection.clear()


def convergence(page) -> Locator:
    return page.locator("[data-view=convergence]")


def listed(view: Locator) -> list[str]:
    return view.locator("[role=option] .hw-convergence-name > span").all_text_contents()


def option(view: Locator, name: str) -> Locator:
    return view.get_by_role("option", name=re.compile("^" + re.escape(name)))


def triangles(view: Locator) -> Locator:
    return view.get_by_label("divergent draw", exact=True)


def path_heights(view: Locator, kind: str) -> np.ndarray:
    """Where the first line of a picture goes, in pixels from the top."""
    path = view.locator(f".hw-convergence-{kind} .mark-line path").first.get_attribute("d") or ""
    return np.array([float(pair.split(",")[1]) for pair in re.findall(r"[-\d.e]+,[-\d.e]+", path)])


def test_the_verdict_names_term_and_refit(schools, show):
    view = convergence(show(schools.convergence()))
    verdict = view.get_by_role("status").first
    expect(verdict).to_contain_text("! look here")
    expect(verdict).to_contain_text("The funnel of 1|school is to blame")
    expect(verdict.locator("code")).to_have_text("fit.refit(noncentered=True, target_accept=0.95)")
    expect(triangles(view)).to_have_count(int(trace.divergences(schools).sum()))
    expect(view.get_by_label("funnel")).to_contain_text("! To blame.")
    expect(view.get_by_label("funnel").locator("code").first).to_have_text(
        "fit.refit(noncentered=True, target_accept=0.95)"
    )
    rows = view.get_by_label("energy").locator("table tr")
    expect(rows).to_have_count(5)


def test_a_refit_stands_beside_what_it_was(schools, show):
    better = schools.refit(noncentered=True, target_accept=0.95, random_seed=1, progress=False)
    view = better.convergence()
    table = convergence(show(view)).get_by_label("before and after the refit")
    diverged = table.get_by_role("row").filter(has_text="divergences")
    before = int(trace.divergences(schools).sum())
    expect(diverged).to_contain_text(f"{before}{int(trace.divergences(better).sum())}")
    expect(table.get_by_role("row")).to_have_count(1 + len(view.changes))


def test_a_healthy_fit_says_so(sleep_fit, show):
    view = convergence(show(sleep_fit.convergence()))
    expect(view.get_by_role("status").first).to_contain_text("✓ healthy")
    expect(view.locator(".hw-verdict code")).to_have_count(0)
    expect(view.get_by_label("before and after the refit")).to_be_hidden()
    expect(view.get_by_label("funnel")).to_contain_text("No draw diverged.")


def test_the_pictures_are_those_of_python(schools, show):
    view = convergence(show(schools.convergence(parameter="Intercept")))
    values = trace.draws(schools, ["Intercept"])[:, :, 0]
    error = tables.parameters(schools).set_index("parameter").loc["Intercept", "mcse_mean"]
    expect(view.locator(".hw-convergence-picked")).to_contain_text(f"of the mean {error:.4g}")
    for kind, expected in (
        ("ecdf", agreement.ecdf_difference(values)[0]),
        ("autocorrelation", agreement.autocorrelation(values)[0]),
    ):
        drawn = path_heights(view, kind)
        assert len(drawn) == len(expected)
        assert np.corrcoef(drawn, -expected)[0, 1] > 0.9999


def test_terms_unfold_into_parameters_worst_first(fit, show):
    view = convergence(show(fit.convergence()))
    python = fit.convergence()
    assert listed(view) == python.terms["name"].tolist()
    view.get_by_text("parameters", exact=True).click()
    names = fit.convergence(show="parameters").data["parameter"].tolist()
    drawn = listed(view)
    assert drawn == names[: len(drawn)]
    view.get_by_label("Order").select_option("name")
    by_name = fit.convergence(show="parameters", order="name").data["parameter"].tolist()
    wait_until(view.page, lambda: listed(view)[:3] == by_name[:3])
    view.get_by_label("Search", exact=True).fill("x|g[g1")
    assert set(listed(view)) == {"x|g[g1]", "x|g[g10]", "x|g[g11]"}


def test_a_group_is_linked_both_ways(fit, show):
    page = show(fit.convergence(show="parameters", term="1|g"), fit.caterpillar())
    view, other = convergence(page), page.locator("[data-view=caterpillar]")
    view.get_by_label("Search", exact=True).fill("1|g[g5]")
    option(view, "1|g[g5]").click()
    expect(option(view, "1|g[g5]")).to_have_attribute("aria-selected", "true")
    expect(view.get_by_label("Group", exact=True)).to_have_value("g5")
    expect(view.locator(".hw-convergence-picked h4")).to_have_text("1|g[g5]")
    other.get_by_label("group g7", exact=True).click()
    expect(view.get_by_label("Group", exact=True)).to_have_value("g7")
    view.get_by_label("Group", exact=True).select_option("g3")
    dim = other.locator(".role-mark.mark-text text[opacity]")
    wait_until(page, lambda: dim.filter(has_text=re.compile("^g7$")).count() == 1)
    page.keyboard.press("Escape")
    expect(view.get_by_label("Group", exact=True)).to_have_value("g3")


def test_offsets_and_effects_are_told_apart(fit, show):
    view = convergence(show(fit.convergence(term="x|g")))
    across = view.locator(".hw-convergence-across")
    expect(across).to_contain_text("offset u / x|g_sigma")
    view.get_by_text("effects", exact=True).click()
    expect(across).to_contain_text("effect u of x|g")
    expect(triangles(view)).to_have_count(2)


def test_everything_goes_by_the_keyboard(fit, show):
    page = show(fit.convergence(show="parameters"))
    view = convergence(page)
    names = fit.convergence(show="parameters").data["parameter"].tolist()
    box = view.get_by_role("listbox", name="diagnostics")
    box.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(view.locator(".hw-convergence-picked h4")).to_have_text(names[1])
    page.keyboard.press("End")
    expect(option(view, names[-1]).first).to_be_visible()


def test_ten_thousand_parameters_open(show, monkeypatch):
    monkeypatch.setattr(views, "SENT_BYTES", 60 * 4 * 2 * 200)
    fit = made_up([f"county {i}" for i in range(5000)])
    view = convergence(show(fit.convergence(show="parameters", order="name")))
    names = fit.convergence(show="parameters", order="name").data["parameter"].tolist()
    assert len(names) > 10_000
    assert len(listed(view)) < 40
    box = view.get_by_role("listbox", name="diagnostics")
    box.evaluate("el => { el.scrollTop = 26 * 9000 }")
    expect(option(view, names[9003]).first).to_be_visible()
    assert len(listed(view)) < 40
    option(view, names[9003]).first.click()
    expect(view.locator(".hw-convergence-picked")).to_contain_text("not in this page")


def test_names_of_any_text_are_text(show):
    fit = made_up(AWKWARD)
    view = convergence(show(fit.convergence(show="parameters", search="1|g[")))
    assert set(listed(view)) <= {f"1|g[{label}]" for label in AWKWARD}
    expect(view.locator("img, script")).to_have_count(0)


def test_a_plain_model_has_no_funnel(show):
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"x": rng.normal(size=40), "y": rng.normal(size=40)})
    plain = hw.fit("y ~ x", data, draws=100, tune=100, chains=2, random_seed=1, progress=False)
    view = convergence(show(plain.convergence()))
    expect(view.get_by_label("funnel")).to_have_count(0)
    expect(view.get_by_label("energy", exact=True)).to_be_visible()


def test_narrow_pages_stack(schools, show):
    page = show(schools.convergence())
    page.set_viewport_size({"width": 480, "height": 900})
    view = convergence(page)
    expect(view.locator(".hw-convergence-ecdf svg")).to_be_visible()
    fits_its_width(page)
    ranks, ecdf = (
        view.locator(f".hw-convergence-{name}").bounding_box() for name in ("ranks", "ecdf")
    )
    assert ranks is not None
    assert ecdf is not None
    assert ecdf["y"] >= ranks["y"] + ranks["height"]
