"""Linked, living pictures of hierarchical Bayesian models.

A Bambi formula goes in; a trace, a caterpillar and a shrinkage picture come
out, linked to each other, and every picture is also a table and a chart.

Examples
--------
>>> import hierwidgets as hw
>>> data = hw.example("sleepstudy")
>>> fit = hw.fit("Reaction ~ Days + (Days | Subject)", data)  # doctest: +SKIP
>>> fit.shrinkage()  # doctest: +SKIP
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bambi import Prior

    from hierwidgets.examples import example
    from hierwidgets.fit import Fit, fit, wrap
    from hierwidgets.magics import load_ipython_extension
    from hierwidgets.storage import load
    from hierwidgets.views import report
    from hierwidgets.views.compare import compare

__version__ = "0.1.0"

__all__ = [
    "Fit",
    "Prior",
    "__version__",
    "compare",
    "example",
    "fit",
    "load",
    "load_ipython_extension",
    "report",
    "wrap",
]

_HOME = {
    "Fit": "hierwidgets.fit",
    "Prior": "bambi",
    "compare": "hierwidgets.views.compare",
    "example": "hierwidgets.examples",
    "fit": "hierwidgets.fit",
    "load": "hierwidgets.storage",
    "load_ipython_extension": "hierwidgets.magics",
    "report": "hierwidgets.views",
    "wrap": "hierwidgets.fit",
}


class _Package(ModuleType):
    """The package, whose `fit` stays the function when its module of that name is imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _HOME and isinstance(value, ModuleType):
            return
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(_unknown(name))
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def _unknown(name: str) -> str:
    from difflib import get_close_matches

    sentence = f"module 'hierwidgets' has no attribute {name!r}"
    near = get_close_matches(name, __all__, n=1)
    return f"{sentence}. Did you mean {near[0]!r}?" if near else sentence
