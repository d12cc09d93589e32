"""The widgets: a chart, its numbers as binary columns, and the selection."""

from __future__ import annotations

from hierwidgets.views.page import report

__all__ = ["report"]
