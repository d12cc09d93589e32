"""Chromium for the tests that open pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.lab import Notebook, serve

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

expect.set_options(timeout=20_000)

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium_path() -> str:
    for name in (os.environ.get("CHROMIUM", ""), *NAMES):
        path = shutil.which(name) if name else None
        if path:
            return path
    raise RuntimeError("The browser tests need Chromium: `make test` installs it.")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium per file: a second event loop in the process cannot run beside it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        yield browser
        browser.close()


class Watched:
    """A page, and everything that went wrong in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(f"page error: {error}"))
        page.on("console", self._console)

    def _console(self, message) -> None:
        if message.type == "error":
            self.errors.append(f"console error: {message.text} ({message.location})")


@pytest.fixture
def offline(browser: Browser) -> Iterator[BrowserContext]:
    """A browser context with the network off."""
    context = browser.new_context(offline=True)
    yield context
    context.close()


@pytest.fixture
def open_page(offline: BrowserContext) -> Iterator[Callable[[str], Page]]:
    """Open a local page with the network off; any page or console error fails the test."""
    opened: list[Watched] = []

    def open_(url: str) -> Page:
        watched = Watched(offline.new_page())
        opened.append(watched)
        watched.page.goto(url)
        return watched.page

    yield open_
    assert [error for watched in opened for error in watched.errors] == []


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    """The address of a JupyterLab in the module's own `folder`."""
    with serve(folder) as address:
        yield address


@pytest.fixture
def notebook(server: str, browser: Browser) -> Iterator[Notebook]:
    """A notebook in a page of its own; a page or console error fails the test."""
    page = browser.new_page(viewport={"width": 1280, "height": 2400})
    notebook = Notebook(page, server)
    yield notebook
    notebook.shut_down()
    page.close()
    assert notebook.errors == []
