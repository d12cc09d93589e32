"""One undisplayed widget carries the built front end; every view is a small module that asks it."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets as t

STATIC = Path(__file__).resolve().parent.parent / "static"

_CARRIER = """
export default { initialize({ model }) {
  const key = Symbol.for("hierwidgets." + model.get("hash"));
  const load = async () => {
    const packed = new Blob([model.get("bundle")]).stream().pipeThrough(new DecompressionStream("gzip"));
    const code = await new Response(packed).arrayBuffer();
    const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    try { return await import(url); } finally { URL.revokeObjectURL(url); }
  };
  const get = () => globalThis[key] ??= load().catch((error) => { globalThis[key] = undefined; throw error; });
  return { get };
} }
"""

VIEW = """
export default { async render({ model, el, signal, host }) {
  const key = Symbol.for("hierwidgets." + model.get("hash"));
  const fetch = async () => (await host.getWidget(model.get("runtime"))).exports.get();
  let runtime;
  for (let i = 0; !runtime; i++) {
    try { runtime = await (globalThis[key] ?? fetch()); }
    catch (error) { if (i > 4 || signal.aborted) throw error; await new Promise((r) => setTimeout(r, 300 << i)); }
  }
  if (signal.aborted) return;
  const selection = await host.getModel(model.get("selection"));
  await runtime.render({ model, el, signal, selection, find: (reference) => host.getModel(reference) });
} }
"""


def static(name: str) -> bytes:
    """A file of the built front end.

    Raises
    ------
    FileNotFoundError
        If it was never built.
    """
    path = STATIC / name
    if not path.exists():
        raise FileNotFoundError(
            f"hierwidgets/static/{name} is missing: the front end is not built. In a clone of the "
            "repository, `make build` builds it; an installed package should be installed again."
        )
    return path.read_bytes()


@cache
def bundle() -> tuple[bytes, str]:
    """The gzipped bundle and a hash that names this build."""
    packed = static("runtime.mjs.gz")
    return packed, hashlib.sha256(packed).hexdigest()[:12]


class Runtime(anywidget.AnyWidget):
    """Carries the bundle to the page, once for each kernel."""

    _esm = _CARRIER
    bundle = t.Bytes().tag(sync=True)
    hash = t.Unicode().tag(sync=True)

    current: ClassVar[Runtime | None] = None


def runtime() -> Runtime:
    """The kernel's one runtime; a new one when the host has closed it, as marimo does when a cell runs again."""
    current = Runtime.current
    if current is None or not _open(current):
        packed, name = bundle()
        current = Runtime.current = Runtime(bundle=packed, hash=name)
    return current


def _open(widget: anywidget.AnyWidget) -> bool:
    comm: Any = getattr(widget, "comm", None)
    return (
        comm is not None
        and not getattr(comm, "_closed", False)
        and not getattr(comm, "closed", False)
    )
