"""A bar for what takes long: nothing for the first second, nothing left behind."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from html import escape
from typing import Any

__all__ = ["bar", "in_notebook", "shell"]

PATIENCE = 1.0
EVERY = 0.2


@contextmanager
def bar(what: str, total: int) -> Generator[Callable[[int], None]]:
    """Show how far a computation is, and about how long it will still take, once it has taken a second.

    Parameters
    ----------
    what : str
        Beside the bar, such as ``"elpd of 10,000 rows"``.
    total : int
        Steps in all.

    Yields
    ------
    callable
        To be told how many further steps are done.

    Examples
    --------
    >>> with bar("squares", 3) as done:
    ...     for i in range(3):
    ...         done(1)
    """
    begun, count = time.monotonic(), 0
    shown: _Terminal | _Notebook | None = None

    def done(steps: int) -> None:
        nonlocal count, shown
        count += steps
        seconds = time.monotonic() - begun
        if shown is None and count < total and seconds > PATIENCE:
            shown = _Notebook(what) if in_notebook() else _Terminal(what, total)
        if shown:
            shown.update(count, total, seconds)

    try:
        yield done
    finally:
        if shown:
            shown.stop()


class _Terminal:
    """A bar of rich; where rich shows another one already, nothing."""

    def __init__(self, what: str, total: int) -> None:
        from rich import progress
        from rich.errors import LiveError

        left = (progress.TaskProgressColumn(), progress.TimeRemainingColumn())
        text = progress.TextColumn("{task.description}")
        self._bar = progress.Progress(text, progress.BarColumn(), *left, transient=True)
        self._task = self._bar.add_task(what, total=total)
        with suppress(LiveError):
            self._bar.start()

    def update(self, count: int, _total: int, _seconds: float) -> None:
        self._bar.update(self._task, completed=count)

    def stop(self) -> None:
        self._bar.stop()


class _Notebook:
    """A line of HTML that empties itself: a saved notebook keeps no trace, as it would of a widget."""

    def __init__(self, what: str) -> None:
        from IPython.display import HTML, display

        self._html = HTML
        self._what = escape(what)
        self._told = 0.0
        self._handle: Any = display(HTML(""), display_id=True)

    def update(self, count: int, total: int, seconds: float) -> None:
        if seconds - self._told < EVERY:
            return
        self._told = seconds
        left = seconds * (total - count) / max(count, 1)
        self._handle.update(
            self._html(
                f'<progress value="{count}" max="{total}"></progress> {self._what}: '
                f"{100 * count // total} %, about {left:.0f} s left"
            )
        )

    def stop(self) -> None:
        self._handle.update(self._html(""))


def shell() -> Any:
    """IPython's shell, if this runs in one; IPython is not imported for it."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this."""
    return hasattr(shell(), "kernel")
