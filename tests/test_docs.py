"""Every Python example of README and docs runs, and every link inside them leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import hierwidgets as hw

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize(
    "page", [page for page in PAGES if BLOCK.search(page.read_text())], ids=name
)
def test_the_examples_run(
    page: Path, sleep_fit: hw.Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    space = {"hw": hw, "fit": sleep_fit}
    try:
        for block in BLOCK.findall(page.read_text()):
            exec(compile(block, name(page), "exec"), space)
    finally:
        sleep_fit.selection.clear()


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=name)
def test_no_merge_is_left_half_done(page: Path):
    assert re.findall(r"^(?:<{7} |>{7} |={7}$).*", page.read_text(), re.MULTILINE) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_links_lead_somewhere(page: Path):
    lost = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert lost == []
