"""The marks a specification draws, as Vega places them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import vl_convert

from hierwidgets.charts import style
from hierwidgets.views.picture import VEGA_LITE


def marks(chart: Any) -> dict[str, list[dict[str, Any]]]:
    """Items of every named mark of a static chart, by the mark's name."""
    scene = vl_convert.vegalite_to_scenegraph(style.static_spec(chart), vl_version=VEGA_LITE)
    found: dict[str, list[dict[str, Any]]] = {}
    for node in _nodes(scene):
        if node.get("name"):
            found.setdefault(node["name"].removesuffix("_marks"), []).extend(node.get("items", []))
    return found


def texts(chart: Any) -> list[str]:
    """Every text a static chart draws."""
    scene = vl_convert.vegalite_to_scenegraph(style.static_spec(chart), vl_version=VEGA_LITE)
    return [
        str(item["text"])
        for node in _nodes(scene)
        if node.get("marktype") == "text"
        for item in node["items"]
        if "text" in item
    ]


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "marktype" in node:
            yield node
        for child in node.values():
            yield from _nodes(child)
    elif isinstance(node, list):
        for child in node:
            yield from _nodes(child)
