"""The prior lab: a refit beside a fresh fit, and a slider's tick on the page's main thread."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import Page, ViewportSize, sync_playwright

import hierwidgets as hw
from tests.benchmarks.work import Result, compared, fastest
from tests.browser.conftest import chromium_path

TICKS = 120
VIEWPORT: ViewportSize = {"width": 1200, "height": 2200}
"""So high that all six rows of priors are in sight, and drawn."""
SETTLED = """() => new Promise((done) =>
  setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 60))"""
FORMULA = "Reaction ~ Days + (Days | Subject)"


def refit() -> Result:
    """The second refit of a model and later ones, against Bambi's model and fit by the same sampler."""
    import bambi as bmb

    data = hw.example("sleepstudy")
    fit = hw.fit(FORMULA, data, random_seed=1, progress=False)
    fit.refit({"1|Subject_sigma": 30.0}, random_seed=1, progress=False)
    scales = iter([20.0, 25.0, 35.0])
    mine = fastest(
        lambda: fit.refit({"1|Subject_sigma": next(scales)}, random_seed=1, progress=False), 3
    )
    prior = bmb.Prior("Normal", mu=0, sigma=bmb.Prior("HalfNormal", sigma=25.0))

    def fresh() -> None:
        model = bmb.Model(FORMULA, data, priors={"1|Subject": prior})
        model.fit(
            inference_method="nutpie", draws=1000, tune=1000, random_seed=1, progressbar=False
        )

    return compared(
        "a refit under changed priors",
        "a new bambi.Model.fit by nutpie",
        mine,
        fastest(fresh, 1),
        8,
    )


def ticks() -> list[Result]:
    """Main-thread time of a slider's tick: six densities, the groups' intervals, all drawn."""
    return [_tick(100, 8.0, 16.0), _tick(1000, None, 33.0)]


def _tick(groups: int, middle: float | None, worst: float) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        path = hw.report([_fit(groups).priors()], Path(folder) / "lab.html")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium_path(), args=["--no-sandbox"]
            )
            page = browser.new_context(offline=True, viewport=VIEWPORT).new_page()
            page.goto(path.as_uri())
            page.wait_for_selector("[data-view=priors][data-ready]")
            times = _measured(page)
            browser.close()
    p50, p95 = statistics.median(times), float(np.quantile(times, 0.95))
    bound = (
        f"p95 < {worst:.0f} ms" if middle is None else f"p50 < {middle:.0f}, p95 < {worst:.0f} ms"
    )
    return Result(
        f"a prior slider's tick, 4,000 draws, {groups:,} groups, main thread",
        f"{p50:.1f}, {p95:.1f} ms",
        "",
        "",
        bound,
        p95 < worst and (middle is None or p50 < middle),
    )


def _measured(page: Page) -> list[float]:
    """Milliseconds of main-thread tasks for each movement of the pointer that drags the group scale.

    What the measuring itself takes, a pointer that moves elsewhere, is taken away.
    """
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(m["value"] for m in metrics if m["name"] == "TaskDuration") * 1000

    def spent(x: float, y: float) -> float:
        before = busy()
        page.mouse.move(x, y)
        page.evaluate(SETTLED)
        return busy() - before

    slider = page.get_by_role("slider", name="1|g_sigma sigma")
    slider.scroll_into_view_if_needed()
    page.evaluate(SETTLED)
    box = slider.bounding_box()
    assert box
    idle = statistics.median(spent(2.0 + i % 3, 2.0) for i in range(20))
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.6 * box["width"], y)
    page.mouse.down()
    places = [box["x"] + box["width"] * (0.28 + 0.003 * (i % 40)) for i in range(TICKS)]
    times = [spent(x, y) - idle for x in places]
    page.mouse.up()
    return times[10:]


def _fit(groups: int) -> hw.Fit:
    rng = np.random.default_rng(2)
    g = np.repeat(np.arange(groups), 5)
    x = rng.normal(size=(len(g), 3))
    y = 1 + 0.5 * x[:, 0] + rng.normal(0, 0.7, groups)[g] + rng.normal(size=len(g))
    data = pd.DataFrame(x, columns=["a", "b", "c"]).assign(y=y, g=[f"group {j}" for j in g])
    return hw.fit("y ~ a + b + c + (1 | g)", data, random_seed=1, progress=False)
