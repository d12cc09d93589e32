"""Draw docs/images/views.png: the exported page of sleepstudy, subject 335 picked."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

import hierwidgets as hw

TARGET = Path(__file__).parents[1] / "docs" / "images" / "views.png"


def main() -> None:
    """Fit, write the page, open it, click, and take the picture."""
    formula = "Reaction ~ Days + (Days | Subject)"
    fit = hw.fit(formula, hw.example("sleepstudy"), random_seed=1, progress=False)
    views = [
        fit.shrinkage(picture="plane"),
        fit.caterpillar("Days|Subject"),
        fit.trace(["Days|Subject_sigma"]),
    ]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = hw.report(views, Path(folder) / "page.html", title="Sleep and reaction time")
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1040, "height": 900}, color_scheme="light")
        page.goto(page_file.as_uri())
        page.locator("[data-view][data-ready]").nth(2).wait_for()
        page.locator('[data-view=caterpillar] [aria-label="group 335"]').first.click()
        page.mouse.move(2, 2)
        page.locator("[role=option][aria-selected=true]", has_text="[335]").first.wait_for()
        page.evaluate("() => new Promise((done) => setTimeout(done, 300))")
        page.screenshot(path=TARGET, full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
