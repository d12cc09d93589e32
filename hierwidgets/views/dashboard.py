"""One fit in one place: what it is, its verdicts, and its views as tabs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, override

import traitlets as t

from hierwidgets import checks
from hierwidgets.tables import dashboard as tables
from hierwidgets.views import picture
from hierwidgets.views.view import Content, View

if TYPE_CHECKING:
    import pandas as pd

    from hierwidgets.fit import Fit


class Views(Mapping[str, View]):
    """The views of a dashboard by name; one is made when it is first asked for."""

    def __init__(
        self, names: list[str], make: Callable[[str], View], told: Callable[[str, View], None]
    ) -> None:
        self.names = names
        self.made: dict[str, View] = {}
        self._make = make
        self._told = told

    def __getitem__(self, name: str) -> View:
        if name not in self.names:
            raise KeyError(name)
        if name not in self.made:
            self.made[name] = self._make(name)
            self._told(name, self.made[name])
        return self.made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


class DashboardView(View):
    """A header with the verdicts on a fit, and its views as tabs, each made when it is opened.

    Made by `Fit.dashboard`.

    Attributes
    ----------
    views : mapping
        The live views by name. Asking for one makes it.

    Examples
    --------
    >>> board = fit.dashboard("shrinkage")
    >>> board.data[["check", "verdict", "next"]]
    >>> board.views["shrinkage"].state
    """

    method: ClassVar[str] = "dashboard"
    diagnoses: ClassVar[bool] = True
    headed: ClassVar[bool] = True

    opened = t.Dict().tag(sync=True)
    failed = t.Dict().tag(sync=True)
    badges = t.List().tag(sync=True)

    def __init__(self, fit: Fit, **state: Any) -> None:
        self.fit = fit
        self.views = Views(tables.views(fit), lambda name: getattr(fit, name)(), self._tell)
        self._known: list[tables.Badge] = []
        super().__init__(fit, **state)

    @property
    @override
    def further(self) -> tuple[str, ...]:
        return ("failed", "badges")

    @override
    def defaults(self) -> dict[str, Any]:
        return {"view": self.views.names[0]}

    @override
    def check(self, state: dict[str, Any]) -> dict[str, Any]:
        checks.one_of(state["view"], self.views.names, "a view of this dashboard")
        return state

    @override
    def content(self) -> Content:
        about = {
            "formula": self.fit.formula,
            "facts": tables.facts(self.fit),
            "tabs": self.views.names,
        }
        return Content({}, {}, about)

    @override
    def table(self) -> pd.DataFrame:
        return tables.table(self._judge())

    @override
    def picture(self) -> Any:
        return self.views[self.state["view"]].chart

    @override
    def within(self) -> dict[str, View]:
        for name in self.views:
            self._open(name)
        self._judge()
        return dict(self.views.made)

    @override
    def answer(self, question: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        if question.get("what") == "badges":
            self._judge()
            return {}, []
        refusal = self._open(str(question.get("view")))
        return ({"refused": refusal} if refusal else {}), []

    def show(self) -> None:
        """Display it at once: nothing is computed but what the page then asks for."""
        from IPython.display import HTML, display

        bundle: Any = self._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        display({**data, "text/plain": repr(self.fit)}, metadata=metadata, raw=True)
        display(HTML(picture.still_text(repr(self.fit), self.about["still"])))

    def _tell(self, name: str, view: View) -> None:
        self.opened = {**self.opened, name: f"anywidget:{view.model_id}"}
        if self.badges and hasattr(view, "verdict"):
            self._judge()

    def _open(self, name: str) -> str:
        """Make a view, or say why it cannot be made."""
        checks.one_of(name, self.views.names, "a view of this dashboard")
        try:
            self.views[name]
        except (TypeError, ValueError) as error:
            self.failed = {**self.failed, name: str(error)}
            return str(error)
        self.failed = {of: why for of, why in self.failed.items() if of != name}
        return ""

    def _judge(self) -> list[tables.Badge]:
        made: dict[str, Any] = self.views.made
        if not self._known:
            view = made.get("convergence")
            found = (view.parameters, view.verdict) if view else ()
            self._known = tables.badges(self.fit, *found)
        later = [
            tables.judged(name, name, view.verdict)
            for name, view in made.items()
            if name != "convergence" and hasattr(view, "verdict")
        ]
        badges = [*self._known, *later]
        self.badges = [badge._asdict() for badge in badges]
        return badges
