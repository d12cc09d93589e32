"""A fit whose chains run in the background: watch it, stop it, and use it once it has its draws."""

from __future__ import annotations

import atexit
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from hierwidgets import models, sampling, starts
from hierwidgets.background import cores
from hierwidgets.fit import Fit, check_match
from hierwidgets.progress import in_notebook, shell
from hierwidgets.tables import live as tables

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import bambi as bmb
    import xarray as xr

    from hierwidgets.views.live import LiveView

EVERY = 0.4
SHARE = 0.1
SECONDS_TO_STOP = 30
ENDED = ("done", "stopped", "cancelled", "failed")

Stage = Literal["compiling", "warm-up", "sampling", "done", "stopped", "cancelled", "failed"]


class CancelledSamplingError(RuntimeError):
    """The fit was cancelled, and has no draws."""


class Event(NamedTuple):
    """How a run stands.

    Attributes
    ----------
    stage : str
        "compiling", "warm-up", "sampling"; then "done", "stopped" (draws were kept), "cancelled"
        or "failed".
    message : str
        Why it failed, or what was kept.
    chains : list of tables.live.Counts
    glance : tables.live.Glance or None
        The draws, when they were last looked at.
    seconds : float
        Since the sampler began, without compiling.
    left : float
        Estimated seconds to the end; NaN when not known.
    """

    stage: Stage
    message: str = ""
    chains: tuple[tables.Counts, ...] = ()
    glance: tables.Glance | None = None
    seconds: float = 0.0
    left: float = float("nan")


def check(progress: object, sampler: str) -> None:
    """Refuse a `progress` that cannot be, and a live view of a sampler that does not show its draws."""
    if not isinstance(progress, (bool, np.bool_)) and progress != "live":
        raise ValueError(f'progress={progress!r} is not True, False or "live".')
    if progress == "live" and sampler != "nutpie":
        raise ValueError(
            f'progress="live" needs sampler="nutpie": {sampler!r} does not show its draws while it runs. '
            "Leave out one of the two."
        )


def here(progress: object) -> bool:
    """Whether a live view was asked for, in a notebook that can show it."""
    return progress == "live" and in_notebook()


def start(
    model: bmb.Model, plan: sampling.Plan, *, dropped: int = 0, executor: Executor | None = None
) -> LiveFit:
    """Show a run and begin it; an earlier one of the same cell is cancelled."""
    from IPython.display import display

    cell = _cell()
    before = _CELLS.get(cell) if cell else None
    if before is not None:
        before.cancel()
    run = Run(model, plan)
    fit = LiveFit(run, dropped=dropped, executor=executor)
    view = fit.live()
    display(view)
    if cell:
        _CELLS[cell] = run
    run.start()
    return fit


class Run:
    """One run of the sampler on a thread of its own.

    Parameters
    ----------
    model : bambi.Model
    plan : hierwidgets.sampling.Plan
        One core is left free, but two chains run at once at least, so that they can be compared.
    """

    def __init__(self, model: bmb.Model, plan: sampling.Plan) -> None:
        self.model = model
        self.plan = plan._replace(
            progress=False, cores=plan.cores or min(max(2, cores()), plan.chains)
        )
        self.event = Event("compiling")
        self.finished = threading.Event()
        self._asked: Literal["", "stop", "cancel"] = ""
        self._wake = threading.Event()
        self._heard: list[Callable[[Event], None]] = []
        self._recent = deque([(0.0, 0)], maxlen=20)
        self._counts: tuple[tables.Counts, ...] = ()
        self._tree: xr.DataTree | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="hierwidgets-live", daemon=True)

    def start(self) -> None:
        """Begin to compile, then to sample."""
        _RUNS.add(self)
        self._thread.start()

    def observe(self, heard: Callable[[Event], None]) -> None:
        """Tell every event from now on, on the run's thread."""
        self._heard.append(heard)

    def stop(self) -> None:
        """End early and keep the draws there are."""
        self._ask("stop")

    def cancel(self) -> None:
        """End and keep nothing."""
        self._ask("cancel")

    def join(self, timeout: float | None = None) -> bool:
        """Wait until it has ended; whether it has."""
        return self.finished.wait(timeout)

    def result(self) -> xr.DataTree:
        """The draws of a run that has ended, or what went wrong."""
        if self._error is not None:
            raise self._error
        if self._tree is None:
            raise RuntimeError("The run has not ended: wait for it first.")
        return self._tree

    def _ask(self, what: Literal["stop", "cancel"]) -> None:
        if self._asked != "cancel":
            self._asked = what
        self._wake.set()

    def _tell(self, event: Event) -> None:
        self.event = event
        for heard in self._heard:
            try:
                heard(event)
            except Exception as error:  # noqa: BLE001
                print(f"The live view cannot be told: {error}", file=sys.stderr)  # noqa: T201

    def _work(self) -> None:
        try:
            end = self._run()
        except CancelledSamplingError as error:
            self._error = error
            end = self.event._replace(stage="cancelled", message=str(error))
        except BaseException as error:  # noqa: BLE001
            self._error = error
            end = self.event._replace(stage="failed", message=str(error))
        self.event = end._replace(left=0.0)
        self.finished.set()
        self._tell(self.event)

    def _run(self) -> Event:
        with _COMPILING:
            self._unless_asked()
            sampling.build(self.model)
            compiled = sampling.Compiled.of(self.model)
        self._unless_asked()
        known = self._watched(compiled)
        begun = time.perf_counter()
        with starts.told(self.model):
            sampler = sampling.begin(compiled, self.plan, self._count)
            try:
                tree = self._sampled(sampler, known, begun)
            except BaseException:
                sampler.cancel()
                raise
        seconds = time.perf_counter() - begun
        self._tree = sampling.tidy(compiled, tree, seconds)
        partial = sampling.kept(self._tree, self.plan.draws, self.plan.chains)
        self._tree["posterior"].attrs["partial"] = partial
        stage: Stage = "stopped" if partial else "done"
        return self._now(self.event.glance, seconds, stage)._replace(
            message=f"Sampling was {partial}." if partial else ""
        )

    def _unless_asked(self) -> None:
        if self._asked == "cancel":
            raise CancelledSamplingError(CANCELLED)
        if self._asked == "stop":
            raise sampling.InterruptedSamplingError(sampling.TOO_EARLY)

    def _watched(self, compiled: sampling.Compiled) -> list[tables.Parameter]:
        program = compiled.program
        centred = any(part.common_terms for part in self.model.conditional_parameters.values())

        def read(name: str) -> str:
            return f"{name} (centred)" if name.endswith("Intercept") and centred else name

        return tables.watched(program.dims, program.coords, models.stored(self.model), read)

    def _sampled(self, sampler: Any, known: list[tables.Parameter], begun: float) -> xr.DataTree:
        glance, looked, cost = None, 0.0, 0.0
        while True:
            try:
                return sampler.wait(timeout=0.02)
            except TimeoutError:
                self._wake.wait(EVERY)
            if self._asked == "cancel":
                raise CancelledSamplingError(CANCELLED)
            if self._asked == "stop":
                return sampling.aborted(sampler)
            now = time.perf_counter()
            if now - looked > cost / SHARE:
                glance = sampling.looked_at(sampler, known)
                looked = time.perf_counter()
                cost = looked - now
            self._tell(self._now(glance, time.perf_counter() - begun))

    def _count(self, chains: Any) -> None:
        self._counts = tuple(
            tables.Counts(one.finished_draws, one.tuning, one.divergences, one.step_size)
            for one in chains
        )

    def _now(
        self, glance: tables.Glance | None, seconds: float, stage: Stage | None = None
    ) -> Event:
        counts = self._counts
        done = sum(chain.done for chain in counts)
        total = self.plan.chains * (self.plan.draws + self.plan.tune)
        if not stage:
            self._recent.append((seconds, done))
            kept = any(chain.done and not chain.tuning for chain in counts)
            stage = "sampling" if kept else "warm-up"
        (first, then), (last, now) = self._recent[0], (seconds, done)
        pace = (now - then) / (last - first) if last > first else 0.0
        left = (total - done) / pace if pace > 0 else float("nan")
        return Event(stage, "", counts, glance, seconds, left)


class LiveFit(Fit):
    """A `Fit` whose draws are still being made; whatever needs them waits for them.

    An interrupt while it waits stops the sampler and keeps the draws so far, as in `hierwidgets.fit`.

    Examples
    --------
    >>> fit = hw.fit("Reaction ~ Days + (Days | Subject)", data, progress="live")
    >>> fit.ready
    False
    >>> fit.shrinkage()                                   # waits
    """

    def __init__(self, run: Run, *, dropped: int = 0, executor: Executor | None = None) -> None:
        self.run = run
        self.model = run.model
        self.name = "fit"
        self.dropped = dropped
        self.executor = executor
        self.pool: list[Fit] = [self]
        self.origin: Fit | None = None
        self._checked = False

    @property
    def idata(self) -> xr.DataTree:
        """The draws, waited for.

        Raises
        ------
        CancelledSamplingError
            The run was cancelled.
        hierwidgets.sampling.InterruptedSamplingError
            It was stopped before there were draws to keep.
        Exception
            Whatever made the sampler fail.
        """
        self.wait()
        tree = self.run.result()
        if not self._checked:
            self._checked = True
            check_match(self.model, self.effects, tree["posterior"].to_dataset())
        return tree

    @property
    def ready(self) -> bool:
        """Whether the run has ended."""
        return self.run.finished.is_set()

    def wait(self) -> LiveFit:
        """Wait for the end of the run; an interrupt stops it and keeps its draws."""
        try:
            while not self.run.join(0.1):
                pass
        except KeyboardInterrupt:
            self.run.stop()
            self.run.join()
        return self

    def stop(self) -> None:
        """End the run early and keep its draws."""
        self.run.stop()

    def cancel(self) -> None:
        """End the run and keep nothing."""
        self.run.cancel()

    def live(self) -> LiveView:
        """The view of the running chains, or of how they ended."""
        if "_view" not in self.__dict__:
            from hierwidgets.views.live import LiveView

            self._view = LiveView(self)
        return self._view

    def __repr__(self) -> str:
        if not self.ready:
            return f"Fit of {self.formula}\n  {self.run.event.stage}; what needs its draws waits for them"
        if self.run.event.stage in ("cancelled", "failed"):
            return f"Fit of {self.formula}\n  {self.run.event.stage}: {self.run.event.message}"
        return super().__repr__()


CANCELLED = "The fit was cancelled, so it has no draws. Run its cell again."
_COMPILING = threading.Lock()
_RUNS: weakref.WeakSet[Run] = weakref.WeakSet()
_CELLS: weakref.WeakValueDictionary[str, Run] = weakref.WeakValueDictionary()


def _cell() -> str:
    own = shell()
    parent = own.get_parent() if hasattr(own, "get_parent") else {}
    return str(((parent or {}).get("metadata") or {}).get("cellId") or "")


def _end() -> None:
    for run in list(_RUNS):
        run.cancel()
    for run in list(_RUNS):
        run.join(SECONDS_TO_STOP)


atexit.register(_end)
