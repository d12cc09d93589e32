"""Refits that run beside the kernel, in a process of their own or on any executor: the latest wins."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future
from typing import TYPE_CHECKING, Any

from hierwidgets import refits, sampling

if TYPE_CHECKING:
    import xarray as xr

    from hierwidgets.fit import Fit
    from hierwidgets.priors import Setting

Heard = Callable[[dict[str, Any]], None]
IDLE_SECONDS = 900


class Background:
    """The refits of one fit, one at a time.

    Parameters
    ----------
    fit : Fit
    executor : concurrent.futures.Executor, optional
        Where they run; a process of this machine by default, which keeps what it compiled. On an
        executor of your own a refit that runs cannot be stopped half-way: it is let go.
    """

    def __init__(self, fit: Fit, executor: Executor | None = None) -> None:
        self._fit = weakref.ref(fit)
        self._executor = executor
        self._number = 0
        self._future: Future[xr.DataTree] | None = None
        self._heard: Heard | None = None
        self._lock = threading.RLock()

    def start(self, settings: dict[str, Setting], heard: Heard, plan: sampling.Plan) -> Future[Any]:
        """Begin a refit and let go of the one before.

        `heard` is called on another thread with a dictionary: ``stage`` is one of "waiting",
        "sampling", "joined", "failed" and "cancelled"; ``done`` and ``total`` count steps;
        ``message`` is a sentence.

        Raises
        ------
        ValueError
            For a model that cannot be built again from text.
        """
        fit = self._fit()
        if fit is None:
            raise RuntimeError("The fit is gone.")
        job = refits.job(fit, settings, plan)
        with self._lock:
            self._let_go(told=heard != self._heard)
            self._number += 1
            number = self._number
            self._heard = heard
            heard(event("waiting", "The sampler is being made ready."))
            if self._executor is not None:
                future = self._executor.submit(refits.run, job)
            else:
                future = worker().submit(job, lambda *counts: self._told(number, *counts))
            self._future = future
        joined: Future[Fit] = Future()
        future.add_done_callback(lambda done: self._ended(number, job, done, joined))
        return joined

    def cancel(self) -> bool:
        """Stop the refit that runs; whether there was one. What the pool holds stays."""
        return self._let_go(told=True)

    def _let_go(self, told: bool) -> bool:
        with self._lock:
            future, heard = self._future, self._heard
            if future is None or heard is None:
                return False
            self._future = self._heard = None
            self._number += 1
            future.cancel()
            if self._executor is None:
                worker().stop(future)
            if told:
                heard(event("cancelled", "The refit was cancelled; nothing has changed."))
            return True

    def _told(self, number: int, done: int, total: int, divergences: int) -> None:
        with self._lock:
            if number != self._number or self._heard is None:
                return
            heard = self._heard
        counted = f", {divergences} divergences" if divergences else ""
        heard(event("sampling", f"Step {done:,} of {total:,}{counted}.", done, total))

    def _ended(
        self, number: int, job: refits.Job, future: Future[xr.DataTree], joined: Future[Fit]
    ) -> None:
        with self._lock:
            fit = self._fit()
            if number != self._number or self._heard is None or fit is None:
                joined.cancel()
                return
            heard = self._heard
            self._future = self._heard = None
        try:
            new = refits.joined(fit, job, future.result())
        except CancelledError:
            joined.cancel()
            heard(event("cancelled", "The refit was cancelled; nothing has changed."))
        except Exception as error:  # noqa: BLE001
            joined.set_exception(error)
            heard(event("failed", f"The refit failed, and nothing has changed: {_reason(error)}"))
        else:
            joined.set_result(new)
            heard(event("joined", f"The refit joined the pool of {len(fit.pool)} fits."))


def event(stage: str, message: str, done: int = 0, total: int = 0) -> dict[str, Any]:
    """What a listener hears."""
    return {"stage": stage, "message": message, "done": done, "total": total}


def _reason(error: BaseException) -> str:
    from concurrent.futures import BrokenExecutor

    if isinstance(error, BrokenExecutor):
        return "its process ended. The next refit starts a new one."
    text = str(error)
    return text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}"


class Worker:
    """One process that refits, kept while it is used, with a line for progress and for stopping."""

    def __init__(self) -> None:
        self._pool: Any = None
        self._queue: Any = None
        self._stops: Any = None
        self._number = 0
        self._listeners: dict[int, Callable[[int, int, int], None]] = {}
        self._numbers: weakref.WeakKeyDictionary[Future[Any], int] = weakref.WeakKeyDictionary()
        self._lock = threading.RLock()

    def submit(self, job: refits.Job, heard: Callable[[int, int, int], None]) -> Future[Any]:
        """Do a job, telling steps done, steps in all and divergences."""
        with self._lock:
            self._ready()
            self._number += 1
            number = self._number
            self._listeners[number] = heard
            future = self._pool.submit(_work, number, job)
            self._numbers[future] = number
        future.add_done_callback(lambda _: self._listeners.pop(number, None))
        return future

    def stop(self, future: Future[Any]) -> None:
        """Stop this job and those before it."""
        with self._lock:
            number = self._numbers.get(future)
            if number is not None and self._stops is not None:
                self._stops.put(number)

    def kill(self) -> None:
        """Kill the process; what it was doing fails."""
        from loky.backend.utils import kill_process_tree

        with self._lock:
            if self._pool is not None:
                for process in list(self._pool._processes.values()):  # noqa: SLF001
                    kill_process_tree(process)

    def close(self) -> None:
        """End the process and wait until it is gone."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            self._queue.put(None)
            pool.shutdown(wait=True, kill_workers=True)

    def _ready(self) -> None:
        if self._pool is not None and not self._pool._flags.broken:  # noqa: SLF001
            return
        from loky import ProcessPoolExecutor
        from loky.backend import get_context

        context = get_context("loky")
        if self._queue is not None:
            self._queue.put(None)
        self._queue, self._stops = context.Queue(), context.Queue()
        self._pool = ProcessPoolExecutor(
            max_workers=1,
            context=context,
            timeout=IDLE_SECONDS,
            initializer=_open_line,
            initargs=(self._queue, self._stops),
        )
        threading.Thread(target=self._listen, args=(self._queue,), daemon=True).start()

    def _listen(self, queue: Any) -> None:
        while (message := queue.get()) is not None:
            number, *counts = message
            heard = self._listeners.get(number)
            if heard is not None:
                heard(*counts)


_worker: Worker | None = None


def worker() -> Worker:
    """The process of this kernel that refits."""
    global _worker  # noqa: PLW0603
    if _worker is None:
        _worker = Worker()
        atexit.register(_worker.close)
    return _worker


def cores() -> int:
    """How many chains may run at once beside a kernel that stays responsive."""
    return max(1, (os.cpu_count() or 2) - 1)


_line: _Line | None = None


class _Line:
    """The worker's end of the line."""

    def __init__(self, counts: Any, stops: Any) -> None:
        self.counts = counts
        self._stops = stops
        self._last = 0

    def stopped(self, number: int) -> bool:
        while not self._stops.empty():
            self._last = max(self._last, self._stops.get())
        return self._last >= number


def _open_line(counts: Any, stops: Any) -> None:
    global _line  # noqa: PLW0603
    _line = _Line(counts, stops)


def _work(number: int, job: refits.Job) -> xr.DataTree:
    line = _line
    if line is None:
        raise RuntimeError("The process of the refit was not made ready.")
    if line.stopped(number):
        raise CancelledError
    try:
        return refits.run(
            job,
            lambda *counts: line.counts.put((number, *counts)),
            lambda: line.stopped(number),
        )
    except sampling.StoppedError:
        raise CancelledError from None
