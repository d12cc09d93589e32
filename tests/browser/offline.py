"""What the tests of exported pages share."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

import hierwidgets as hw

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from hierwidgets.views.view import View


def exported(
    tmp_path: Path, offline: BrowserContext, open_page: Callable[[str], Page]
) -> Callable[..., Page]:
    """A function that saves views to one page and opens it, every view drawn and the network off."""
    offline.route(re.compile(r"^(?!file:)"), lambda route: pytest.fail(route.request.url))

    def show(*views: View) -> Page:
        path = hw.report(list(views), tmp_path / "page.html", stills=False)
        page = open_page(path.as_uri())
        outermost = "[data-view][data-ready]:not([data-view] *)"
        expect(page.locator(outermost)).to_have_count(len(views))
        return page

    return show


def wait_until(page: Page, true: Callable[[], bool], frames: int = 300) -> None:
    """Wait, frame by frame, until something is true."""
    for _ in range(frames):
        if true():
            return
        page.evaluate("() => new Promise(requestAnimationFrame)")
    assert true()


def fits_its_width(page: Page) -> None:
    """Wait until nothing of the page is wider than its window."""
    wait_until(page, lambda: page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
