"""Several views in one HTML file: live, linked, with no Python and no network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hierwidgets.views import picture
from hierwidgets.views.runtime import bundle, static
from hierwidgets.views.view import View

if TYPE_CHECKING:
    from hierwidgets.fit import Fit

STILL_BYTES = 60_000
_SENT = ("kind", "specs", "columns", "about", "state")

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; \
script-src 'sha256-{digest}' 'unsafe-eval' blob:">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{sections}
<p id="hierwidgets-message" role="status"></p>
</main>
<footer>Made with hierwidgets {version}. This file needs no network.</footer>
<script type="application/json" id="hierwidgets-models">{models}</script>
<script type="text/plain" id="hierwidgets-bundle">{bundle}</script>
<script type="module">{script}</script>
</body>
</html>
"""

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #5b6570; --faint: #dde2e8; --paper: #fff; }
@media (prefers-color-scheme: dark) {
  :root:not([data-theme=light]) { --ink: #e6e9ec; --soft: #a0aab4; --faint: #3a4148; --paper: #15181c; }
}
:root[data-theme=dark] { --ink: #e6e9ec; --soft: #a0aab4; --faint: #3a4148; --paper: #15181c; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 28px 20px 8px; }
section + header { margin-top: 44px; }
h1 { margin: 0; font-size: 24px; font-weight: 650; letter-spacing: -0.01em; }
h2 { margin: 32px 0 10px; padding-top: 12px; border-top: 1px solid var(--faint); font-size: 16px; font-weight: 600; }
header { margin: 12px 0 4px; color: var(--soft); }
header code { color: var(--ink); font: 14px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
.view { min-height: 120px; }
.view > img { display: block; max-width: 100%; border-radius: 4px; }
footer { max-width: 1080px; margin: 0 auto; padding: 16px 20px 32px; color: var(--soft); font-size: 12px; }
"""


def report(
    views: View | Sequence[View], path: str | Path, title: str | None = None, stills: bool = True
) -> Path:
    """Write views to one HTML file in which they still live, linked, offline.

    Views of one fit share its selection; views of different fits keep theirs apart.

    Parameters
    ----------
    views : View or sequence of View
        In the order of the page.
    path : str or Path
        Ends in ``.html``.
    title : str, optional
        The page's heading; the formula by default.
    stills : bool
        Also hold a static picture of each view, for a reader whose browser runs no scripts.

    Returns
    -------
    Path

    Raises
    ------
    TypeError, ValueError
        For something that is not a view, for no view, or for another ending.

    Examples
    --------
    >>> report([fit.trace(), fit.caterpillar()], "page.html")  # doctest: +SKIP
    """
    shown = _views(views)
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"A report is an .html file, and {path.name!r} does not end in .html.")
    path.write_text(page(shown, title=title, stills=stills), encoding="utf-8")
    return path


def page(views: Sequence[View], title: str | None = None, stills: bool = True) -> str:
    """The HTML of `report`."""
    from hierwidgets import __version__

    fits = list({id(view.fit): view.fit for view in views}.values())
    script = static("standalone.js").decode().replace("</script", "<\\/script")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    heading = title or ("A multilevel model" if len(fits) == 1 else "Multilevel models")
    return _PAGE.format(
        title=html.escape(heading),
        style=_STYLE,
        digest=digest,
        sections="\n".join(_sections(views, stills=stills)),
        models=escaped_json({"models": _models(views, fits)}),
        bundle=base64.b64encode(bundle()[0]).decode(),
        script=script,
        version=__version__,
    )


def escaped_json(value: Any) -> str:
    r"""JSON that can stand inside a script element, whatever its strings hold.

    Examples
    --------
    >>> escaped_json("</script><!--")
    '"\\u003c/script>\\u003c!--"'
    """
    text = json.dumps(value, ensure_ascii=False, default=_base64, separators=(",", ":"))
    for sign, escape in (("<", "\\u003c"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        text = text.replace(sign, escape)
    return text


def _views(views: View | Iterable[Any]) -> list[View]:
    shown: list[Any] = [views] if isinstance(views, View) else list(views)
    for view in shown:
        if not isinstance(view, View):
            raise TypeError(
                f"report() takes views, such as fit.caterpillar(), not {type(view).__name__}."
            )
    if not shown:
        raise ValueError("report() was given no view.")
    return shown


def _models(views: Sequence[View], fits: Sequence[Fit]) -> dict[str, Any]:
    keys = {id(fit): f"selection-{i}" for i, fit in enumerate(fits)}
    models: dict[str, Any] = {
        keys[id(fit)]: {"picked": fit.selection.picked, "nested": fit.selection.nested}
        for fit in fits
    }

    def add(key: str, view: View) -> None:
        inner = view.within()
        sent = {name: getattr(view, name) for name in (*_SENT, *view.further)}
        if inner:
            sent["opened"] = {name: f"{key}-{name}" for name in inner}
        models[key] = {**sent, "selection": keys[id(view.fit)]}
        for name, one in inner.items():
            add(f"{key}-{name}", one)

    for i, view in enumerate(views):
        add(f"view-{i}", view)
    return models


def _sections(views: Sequence[View], *, stills: bool) -> list[str]:
    parts: list[str] = []
    told: object = None
    for i, view in enumerate(views):
        if view.fit is not told:
            told = view.fit
            if not view.headed:
                parts.append(_header(view.fit))
        heading = html.escape(view.about.get("heading", view.method.capitalize()))
        parts.append(f"<section><h2>{heading}</h2>")
        image = _still(view) if stills else ""
        parts.append(f'<div class="view" data-model="view-{i}">{image}</div></section>')
    return parts


def _header(fit: Fit) -> str:
    counts = [f"{len(fit.data):,} rows"]
    counts += [f"{len(groups):,} groups of {factor}" for factor, groups in fit.factors.items()]
    line = " · ".join(html.escape(text) for text in [f"{fit.family} family", *counts])
    return f"<header><code>{html.escape(fit.formula)}</code><br>{line}</header>"


def _still(view: View) -> str:
    image = picture.image_html(view.chart, view.about["title"], limit=STILL_BYTES)
    return f"<noscript>{image}</noscript>"


def _base64(value: Any) -> dict[str, str]:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$base64": base64.b64encode(value).decode()}
    raise TypeError(f"A view holds a {type(value).__name__}, which a page cannot.")
