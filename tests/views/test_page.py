"""What stands in an exported page's source."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import hierwidgets as hw
from hierwidgets.views.page import escaped_json, page
from tests.synthetic import AWKWARD, made_up


class Tags(HTMLParser):
    """The elements a browser would make, and the text of the scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str, str] = {}
        self.inside = ""

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self.inside = dict(attrs).get("id") or "script" if tag == "script" else ""

    def handle_endtag(self, tag):
        self.inside = "" if tag == "script" else self.inside

    def handle_data(self, data):
        if self.inside:
            self.scripts[self.inside] = self.scripts.get(self.inside, "") + data


def parsed(source: str) -> Tags:
    tags = Tags()
    tags.feed(source)
    return tags


@pytest.fixture(scope="module")
def awkward() -> hw.Fit:
    return made_up(AWKWARD)


@pytest.mark.parametrize("text", ["</script>", "<!-- x", "<script>", "\u2028", *AWKWARD])
def test_json_cannot_leave_its_element(text: str) -> None:
    written = escaped_json({text: [text]})
    assert "<" not in written
    assert json.loads(written) == {text: [text]}


def test_awkward_labels_make_no_elements(awkward: hw.Fit) -> None:
    tags = parsed(page([awkward.caterpillar()], title="<b>T</b>", stills=False))
    assert [tag for tag, _ in tags.found if tag in ("img", "b", "iframe")] == []
    assert len([tag for tag, _ in tags.found if tag == "script"]) == 3
    models = json.loads(tags.scripts["hierwidgets-models"])["models"]
    assert sorted(models["view-0"]["columns"]["labels/g"]["data"]) == sorted(AWKWARD)


def test_nothing_in_it_is_fetched(awkward: hw.Fit) -> None:
    tags = parsed(page([awkward.caterpillar()]))
    sources = [attrs.get("src") or attrs.get("href") for _, attrs in tags.found]
    assert all(source.startswith("data:image/png;base64,") for source in sources if source)
    (policy,) = [attrs["content"] for _, attrs in tags.found if attrs.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_it_says_what_was_fitted(awkward: hw.Fit) -> None:
    source = page([awkward.caterpillar()], stills=False)
    header = re.search(r"<header>(.*?)</header>", source, re.DOTALL)
    assert header is not None
    rows = f"{len(awkward.data):,} rows"
    for said in ("y ~ x + (x | g)", "gaussian family", rows, f"{len(AWKWARD)} groups of g"):
        assert said in header[1]


def test_one_bundle_and_one_selection_for_each_fit(awkward: hw.Fit) -> None:
    other = made_up(["a", "b"])
    views = [awkward.caterpillar(), awkward.caterpillar("x|g"), other.caterpillar()]
    tags = parsed(page(views, stills=False))
    models = json.loads(tags.scripts["hierwidgets-models"])["models"]
    assert [models[f"view-{i}"]["selection"] for i in range(3)] == [
        "selection-0",
        "selection-0",
        "selection-1",
    ]
    assert len(tags.scripts["hierwidgets-bundle"]) < 520_000


def test_what_is_no_view_or_no_page_is_refused(awkward: hw.Fit, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"such as fit\.caterpillar\(\), not Fit"):
        hw.report([awkward], tmp_path / "page.html")
    with pytest.raises(ValueError, match="no view"):
        hw.report([], tmp_path / "page.html")
    with pytest.raises(ValueError, match=r"'page\.pdf' does not end in \.html"):
        hw.report(awkward.caterpillar(), tmp_path / "page.pdf")
    assert list(tmp_path.iterdir()) == []
