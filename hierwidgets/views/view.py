"""What all views are: one widget made of a fit, its charts, its numbers and the selection."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import anywidget
import traitlets as t

from hierwidgets import cautions, checks
from hierwidgets.tables import broken
from hierwidgets.views import picture
from hierwidgets.views.columns import encode, pack
from hierwidgets.views.runtime import VIEW, bundle, runtime

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

    from hierwidgets.fit import Fit
    from hierwidgets.views.selection import Selection

OF_GROUPS = ("caterpillar", "shrinkage", "groups", "variance")
ENDINGS = (".html", ".svg", ".png", ".json", ".csv")


@dataclass
class Content:
    """What a view sends to the page, once.

    Attributes
    ----------
    specs : dict
        Vega-Lite specifications by name, from `hierwidgets.charts.style.live_spec`.
    columns : dict
        Arrays or lists of str by name.
    about : dict
        The little JSON the page needs besides.
    """

    specs: dict[str, Any]
    columns: dict[str, Any]
    about: dict[str, Any] = field(default_factory=dict)


class View(anywidget.AnyWidget):
    """One picture of a fit, living in the page: also a table, a chart, and a line of code.

    A kind of view is a subclass that says its `method` and gives `defaults`, `check`, `content`,
    `table` and `picture`. One that `diagnoses` opens on any draws; the others refuse draws that are no
    numbers, before they compute anything.

    Attributes
    ----------
    fit : Fit
    state : dict
        What a reader may change, as the keyword arguments of the method that opened the view.
        Setting it changes the page; `observe` hears what a reader does.
    """

    _esm = VIEW

    kind = t.Unicode().tag(sync=True)
    hash = t.Unicode().tag(sync=True)
    runtime = anywidget.WidgetTrait().tag(sync=True)
    selection = anywidget.WidgetTrait().tag(sync=True)
    specs = t.Bytes().tag(sync=True)
    columns = t.Dict().tag(sync=True)
    about = t.Dict().tag(sync=True)
    state = t.Dict().tag(sync=True, echo_update=False)

    method: ClassVar[str]
    headed: ClassVar[bool] = False
    diagnoses: ClassVar[bool] = False

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Refuse draws that are no numbers before a kind of view computes with them."""
        if cls.computes(kwargs):
            for fit in args[0].values() if isinstance(args[0], Mapping) else args:
                broken.check(fit, f"{cls.method}() of {fit.formula}")
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, fit: Fit, **state: Any) -> None:
        self.fit = fit
        self.initial = self.defaults()
        checks.keywords(state, list(self.initial), f"{self.method}()")
        given = {name: value for name, value in state.items() if value is not None}
        settled = self.check({**self.initial, **given})
        content = self.content()
        super().__init__(
            kind=self.method,
            hash=bundle()[1],
            runtime=runtime(),
            selection=fit.selection,
            specs=pack(content.specs),
            columns={
                name: encode(values, wide=self.diagnoses)
                for name, values in content.columns.items()
            },
            about={
                "title": f"{self.method} of {fit.formula}",
                "description": f"{self.method.capitalize()} of {fit.formula}",
                "still": uuid.uuid4().hex,
                "foot": cautions.foot(fit.model, fit.cautions, self.method in OF_GROUPS),
                **content.about,
            },
            state=settled,
        )
        self.on_msg(self._answer)

    @classmethod
    def computes(cls, _state: Mapping[str, Any]) -> bool:
        """Whether a view of this state needs draws that can be computed with."""
        return not cls.diagnoses

    @property
    def further(self) -> tuple[str, ...]:
        """Traits of this kind of view that an exported page holds besides those of every view."""
        return ()

    def defaults(self) -> dict[str, Any]:
        """The state of a view that was given no keywords, in the method's order."""
        raise NotImplementedError

    def check(self, state: dict[str, Any]) -> dict[str, Any]:
        """The state itself, or a ValueError that says which entry cannot be."""
        raise NotImplementedError

    def content(self) -> Content:
        """What the page gets."""
        raise NotImplementedError

    def table(self) -> pd.DataFrame:
        """The rows of the picture in the present state."""
        raise NotImplementedError

    def picture(self) -> alt.TopLevelMixin:
        """The static chart of the present state and selection."""
        raise NotImplementedError

    def within(self) -> dict[str, View]:
        """The views inside this one, by name."""
        return {}

    def answer(self, question: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """What Python says to a question of the page: a little JSON, and arrays as bytes."""
        raise NotImplementedError(f"{self.method} is asked nothing, yet was asked {question}.")

    @property
    def data(self) -> pd.DataFrame:
        """The rows the view shows, as a DataFrame."""
        return self.table()

    @property
    def chart(self) -> Any:
        """The same as an altair.Chart: layer it, theme it, save it."""
        return self.picture()

    @property
    def code(self) -> str:
        """The lines of Python that give this very state."""
        lines = []
        if self.fit.selection.picked:
            lines.append(_assignment(self.fit))
        changed = [
            f"{name}={literal(value)}"
            for name, value in self.state.items()
            if value != self.initial[name]
        ]
        lines.append(f"{self.fit.name}.{self.method}({', '.join(changed)})")
        return "\n".join(lines)

    @property
    def groups_picked(self) -> dict[str, list[str]]:
        """The groups to light up by factor: those picked, and those within them."""
        selection: Selection = self.fit.selection
        return selection.shown

    def save(self, path: str | Path) -> Path:
        """Write the view to a file of the kind its ending says.

        Parameters
        ----------
        path : str or Path
            ``.html`` is live, offline, one file; ``.svg``, ``.png`` and ``.json`` (Vega-Lite) are
            the chart; ``.csv`` is the table.

        Returns
        -------
        Path

        Raises
        ------
        ValueError
            For another ending.

        Examples
        --------
        >>> fit.caterpillar().save("caterpillar.html")  # doctest: +SKIP
        """
        path = Path(path)
        ending = path.suffix.lower()
        if ending not in ENDINGS:
            raise ValueError(
                f"A view is saved by its ending, and {path.name!r} has none of {', '.join(ENDINGS)}."
            )
        if ending == ".html":
            from hierwidgets.views.page import report

            return report([self], path)
        if ending == ".csv":
            self.data.to_csv(path, index=False)
        else:
            path.write_bytes(picture.render(self.chart, ending))
        return path

    def __repr__(self) -> str:
        return f"<{self.method} of {self.fit.formula}>"

    def _ipython_display_(self, **_options: Any) -> None:
        from IPython.display import HTML, display

        bundle: Any = self._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        display(data, metadata=metadata, raw=True)
        display(HTML(picture.still_html(self.chart, self.about["still"], self.about["title"])))

    @t.validate("state")
    def _check_state(self, proposal: dict[str, Any]) -> dict[str, Any]:
        state = proposal["value"]
        checks.keywords(state, list(self.initial), f"The state of {self.method}()")
        return self.check({**self.initial, **state})

    def _answer(self, _widget: object, message: Any, _buffers: object) -> None:
        if not isinstance(message, Mapping) or "ask" not in message:
            return
        question = {str(name): value for name, value in message.items() if name != "ask"}
        try:
            content, buffers = self.answer(question)
        except Exception as error:
            logging.getLogger(__name__).exception("A question of the page failed")
            content, buffers = {"error": f"{type(error).__name__}: {error}"}, []
        self.send({"answer": message["ask"], **content}, buffers)


def literal(value: Any) -> str:
    """A value as one writes it in Python.

    Examples
    --------
    >>> literal({"term": ["a", 1.5]})
    '{"term": ["a", 1.5]}'
    """
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        entries = (f"{literal(name)}: {literal(entry)}" for name, entry in value.items())
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(literal(entry) for entry in value) + "]"
    return repr(value)


def _assignment(fit: Fit) -> str:
    picked = fit.selection.picked
    groups = fit.selection.groups
    labels = [label for known in fit.factors.values() for label in known]
    if all(labels.count(group) == 1 for group in groups):
        return f"{fit.name}.selection.groups = {literal(groups)}"
    return f"{fit.name}.selection.picked = {literal(picked)}"
