"""Bytes on the wire and in a page, and how soon a page with no network is drawn."""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

import hierwidgets as hw
from tests.benchmarks.work import Result, seconds
from tests.browser.conftest import chromium_path
from tests.synthetic import made_up

VIEW_BOUND = 20_000
PAGE_BOUND = 700_000
PAINT_BOUND = 1.0
DRAWN = """
new MutationObserver((_, observer) => {
  if (!document.querySelector("[data-view][data-ready]")) return;
  observer.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => { window.drawn = performance.now(); }));
}).observe(document, { subtree: true, childList: true, attributes: true });
"""


def payload(view: Any) -> int:
    """The bytes of a view's own numbers."""
    return sum(_size(column["data"]) for column in view.columns.values())


def _size(data: Any) -> int:
    return len(data) if isinstance(data, (bytes, memoryview)) else len(json.dumps(data).encode())


def on_the_wire(view: Any) -> int:
    """The bytes with which a view is opened in a page that has one already."""
    state = view.get_state()
    columns, specs = state.pop("columns"), state.pop("specs")
    described = {name: {**c, "data": None} for name, c in columns.items()}
    return len(json.dumps([state, described]).encode()) + len(specs)


def views() -> list[Result]:
    fit = made_up([f"group {j}" for j in range(100)])
    results: list[Result] = []
    for view in (fit.trace(), fit.caterpillar(), fit.shrinkage()):
        beyond = on_the_wire(view)
        results.append(
            Result(
                f"a further {view.method}, beyond its {payload(view):,} bytes of data",
                f"{beyond:,} bytes",
                "",
                "",
                f"< {VIEW_BOUND:,}",
                beyond < VIEW_BOUND,
            )
        )
    return results


def page() -> list[Result]:
    fit = made_up([f"subject {j}" for j in range(18)], chains=4, draws=1000)
    shown = [fit.shrinkage(), fit.caterpillar(), fit.trace()]
    with tempfile.TemporaryDirectory() as folder:
        path = hw.report(shown, Path(folder) / "page.html")
        # In the page, bytes are base64.
        beyond = path.stat().st_size - sum(4 * payload(view) // 3 for view in shown)
        drawn = statistics.median(_drawn_after(path) for _ in range(5))
    return [
        Result(
            "a page of three views, beyond their data",
            f"{beyond:,} bytes",
            "",
            "",
            f"< {PAGE_BOUND:,}",
            beyond < PAGE_BOUND,
        ),
        Result(
            "its first view drawn, network off",
            seconds(drawn),
            "",
            "",
            f"< {seconds(PAINT_BOUND)}",
            drawn < PAINT_BOUND,
        ),
    ]


def _drawn_after(path: Path) -> float:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        context = browser.new_context(offline=True)
        opened = context.new_page()
        opened.add_init_script(DRAWN)
        opened.goto(path.as_uri())
        opened.wait_for_function("window.drawn")
        after = opened.evaluate("window.drawn") / 1000
        browser.close()
    return after
