"""Build the front end into the package, where it is not built already."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NO_NODE = (
    "hierwidgets' front end is not built, and building it needs Node.js 20 or newer, whose `npm` "
    "was not found on PATH. Install Node.js, or run `make demo`, which brings its own, or set "
    "HIERWIDGETS_SKIP_FRONTEND=1 to build without the widgets' front end."
)


class FrontEnd(BuildHookInterface):
    """Run `npm ci && npm run build` in js/, which writes hierwidgets/static/."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build, unless the bundle exists or HIERWIDGETS_SKIP_FRONTEND is set."""
        root = Path(self.root)
        static = root / "hierwidgets" / "static"
        built = all((static / name).exists() for name in ("runtime.mjs.gz", "standalone.js"))
        if built or os.environ.get("HIERWIDGETS_SKIP_FRONTEND"):
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError(NO_NODE)
        for arguments in (["ci"], ["run", "build"]):
            subprocess.run([npm, *arguments], cwd=root / "js", check=True)
