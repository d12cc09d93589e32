"""Pictures that need no page: for papers, and for a notebook opened where nothing runs."""

from __future__ import annotations

import base64
import html
import json
from typing import TYPE_CHECKING, Any

import vl_convert

from hierwidgets.charts.style import static_spec
from hierwidgets.views import png

if TYPE_CHECKING:
    import altair as alt

VEGA_LITE = "6.4"
STILL_BYTES = 100_000
_PAPER = 200
_FINE = 144

_HIDE_DEAD_WIDGET = (
    ".jp-OutputArea-child:has(+ .jp-OutputArea-child [data-hw-still])"
    ":not(:has(> .jp-OutputArea-output > *)) { display: none }"
)


def render(chart: alt.TopLevelMixin, ending: str) -> bytes:
    """A chart as the bytes of a file.

    Parameters
    ----------
    chart : altair chart
    ending : {".svg", ".png", ".json"}
    """
    spec = static_spec(chart)
    if ending == ".json":
        return json.dumps(spec, indent=2, ensure_ascii=False).encode()
    if ending == ".svg":
        return vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE).encode()
    return _png(spec, _PAPER)


def still(chart: alt.TopLevelMixin, limit: int = STILL_BYTES) -> bytes:
    """A PNG of about `limit` bytes at most: twice the page's resolution, or less where that is too big."""
    return _still(chart, limit)[0]


def image_html(
    chart: alt.TopLevelMixin, title: str, limit: int = STILL_BYTES, more: str = ""
) -> str:
    """The picture as an element that holds it, as wide as the chart."""
    image, ppi = _still(chart, limit)
    width = round(png.width(image) * 72 / ppi)
    address = "data:image/png;base64," + base64.b64encode(image).decode()
    return (
        f'<img {more} alt="{html.escape(title)}" style="width: {width}px; max-width: 100%" '
        f'src="{address}">'
    )


def still_html(chart: alt.TopLevelMixin, key: str, title: str) -> str:
    """The picture that stays in a notebook when the widget above it is gone."""
    mark = f'data-hw-still="{html.escape(key)}"'
    return f"<style>{_HIDE_DEAD_WIDGET}</style>{image_html(chart, title, more=mark)}"


def still_text(text: str, key: str) -> str:
    """The lines that stay in a notebook where a widget without a picture is gone."""
    mark = f'data-hw-still="{html.escape(key)}"'
    return f"<style>{_HIDE_DEAD_WIDGET}</style><pre {mark}>{html.escape(text)}</pre>"


def _still(chart: alt.TopLevelMixin, limit: int) -> tuple[bytes, int]:
    """The picture and its pixels per inch; bytes grow a little faster than those."""
    spec = static_spec(chart)
    image = png.shrink(_png(spec, _FINE))
    if len(image) <= limit:
        return image, _FINE
    ppi = 100 if len(image) < 1.5 * limit else 72
    return png.shrink(_png(spec, ppi)), ppi


def _png(spec: dict[str, Any], ppi: int) -> bytes:
    return vl_convert.vegalite_to_png(spec, vl_version=VEGA_LITE, ppi=ppi)
