"""Python's order and search against the vectors the front end is held to as well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hierwidgets.tables.groups import order
from hierwidgets.views.search import matches

VECTORS = Path(__file__).parents[2] / "js" / "test" / "vectors"


def vectors(name: str) -> list[dict[str, Any]]:
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", vectors("order"), ids=lambda case: case["name"])
def test_order(case: dict[str, Any]) -> None:
    mean, n, sd = (np.array(case[name], float) for name in ("mean", "n", "sd"))
    found = order(case["sort"], case["labels"], mean, n, sd)
    assert [case["labels"][i] for i in found] == case["expected"]


@pytest.mark.parametrize("case", vectors("search"), ids=lambda case: repr(case["search"]))
def test_search(case: dict[str, Any]) -> None:
    assert matches(case["label"], case["search"]) is case["found"]
