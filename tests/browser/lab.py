"""A real JupyterLab, and a notebook open in it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
from playwright.sync_api import Locator, Page

TOKEN = "for-the-tests"
# Seconds; a busy machine takes its time for both.
STARTING, ENDING = 180, 30
FLAGS = [
    "--no-browser",
    "--allow-root",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    f"--IdentityProvider.token={TOKEN}",
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.collaborative=False",
]
# News are asked for on the internet; the debugger complains when its kernel is shut down.
UNWANTED = ["@jupyterlab/apputils-extension:announcements", "@jupyterlab/debugger-extension"]
QUIET = {"disabledExtensions": dict.fromkeys(UNWANTED, True)}


@contextmanager
def serve(folder: Path) -> Generator[str]:
    """JupyterLab over the notebooks of `folder`; yields its address."""
    private = folder / ".private"
    (private / "config" / "labconfig").mkdir(parents=True)
    (private / "config" / "labconfig" / "page_config.json").write_text(json.dumps(QUIET))
    env = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    env |= {
        "JUPYTER_CONFIG_DIR": str(private / "config"),
        "JUPYTER_RUNTIME_DIR": str(private / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(private / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(private / "workspaces"),
        "IPYTHONDIR": str(private / "ipython"),
    }
    port = _free_port()
    command = [sys.executable, "-m", "jupyterlab", *FLAGS, f"--ServerApp.port={port}"]
    log = private / "lab.log"
    with log.open("w") as told:
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=told, stderr=told, start_new_session=True
        )
    try:
        _wait_until_running(process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        _end(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_running(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTING
    while "is running at" not in (said := log.read_text(errors="replace")):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"JupyterLab did not start:\n{said}")
        time.sleep(0.1)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the server to end, and end it with its kernels where it takes long."""
    process.terminate()
    try:
        process.wait(timeout=ENDING)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def write_notebook(path: Path, cells: list[str]) -> None:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(cells)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, path)


class Notebook:
    """A notebook in Lab, with what went wrong in its page."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(f"page error: {error}"))
        page.on("console", self._heard)

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(f"console error: {message.text} {message.location}")

    def open(self, name: str, *, kernel: bool = True) -> None:
        self.page.goto(f"{self.address}/lab/tree/{quote(name)}?reset&token={TOKEN}")
        self.page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
        if kernel:
            self.page.wait_for_function(
                "window.jupyterapp?.shell.currentWidget?.sessionContext"
                "?.session?.kernel?.status === 'idle'"
            )

    def run_all(self) -> None:
        """Start all cells; what they show is waited for by locators."""
        self.page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")

    def run_cell(self, index: int) -> Locator:
        """Start one cell, as a reader does; its output."""
        self.page.evaluate(
            """(index) => {
              jupyterapp.shell.currentWidget.content.activeCellIndex = index;
              void jupyterapp.commands.execute("notebook:run-cell");
            }""",
            index,
        )
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-OutputArea")

    def view(self, kind: str) -> Locator:
        """The drawn view of this kind."""
        view = self.page.locator(f'[data-view="{kind}"][data-ready="true"]')
        view.wait_for()
        return view

    def python(self, expression: str) -> str:
        """What the notebook's kernel says to an expression."""
        reply = self.page.evaluate(
            """async (expression) => {
              const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
              const asked = kernel.requestExecute({ code: "", user_expressions: { it: expression } });
              return (await asked.done).content.user_expressions.it;
            }""",
            expression,
        )
        assert reply["status"] == "ok", reply
        return reply["data"]["text/plain"]

    def run(self, code: str) -> None:
        """Run code in the notebook's kernel."""
        reply = self.page.evaluate(
            """async (code) => {
              const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
              return (await kernel.requestExecute({ code }).done).content;
            }""",
            code,
        )
        assert reply["status"] == "ok", reply

    def until(self, expression: str, expected: str, seconds: float = 30) -> None:
        """Wait until the kernel says `expected`; a click reaches Python a moment later."""
        said = self.page.evaluate(
            """async ([expression, expected, most]) => {
              const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
              const end = performance.now() + most;
              for (;;) {
                const asked = kernel.requestExecute({ code: "", user_expressions: { it: expression } });
                const { it } = (await asked.done).content.user_expressions;
                const said = it.status === "ok" ? it.data["text/plain"] : it.evalue;
                if (said === expected || performance.now() > end) return said;
                await new Promise(requestAnimationFrame);
              }
            }""",
            [expression, expected, 1000 * seconds],
        )
        assert said == expected

    def save(self) -> None:
        self.page.evaluate("async () => { await jupyterapp.commands.execute('docmanager:save') }")

    def shut_down(self) -> None:
        """End the kernel, as closing the notebook for good does."""
        self.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")
