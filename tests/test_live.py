"""A fit whose chains run in the background."""

from __future__ import annotations

import subprocess
import sys
import threading

import bambi as bmb
import numpy as np
import pytest

import hierwidgets as hw
from hierwidgets import live, models, sampling

NO_START = "The sampler found no point to start from"


@pytest.fixture(scope="module")
def radon_model(radon):
    model, _ = models.build("log_radon ~ floor + (1 | county)", radon)
    return model


class Heard:
    """The events of a run, and a way to wait for one."""

    def __init__(self, run: live.Run) -> None:
        self.events: list[live.Event] = []
        self._news = threading.Condition()
        run.observe(self._hear)

    def _hear(self, event: live.Event) -> None:
        with self._news:
            self.events.append(event)
            self._news.notify_all()

    def until(self, true) -> live.Event:
        with self._news:
            assert self._news.wait_for(lambda: any(map(true, self.events)), timeout=120)
        return next(event for event in self.events if true(event))


def begun(model, draws: int, tune: int = 1000, chains: int = 2):
    run = live.Run(model, sampling.Plan(draws, tune, chains, seed=1))
    heard = Heard(run)
    run.start()
    return live.LiveFit(run), heard


def compared(event: live.Event) -> bool:
    """Whether two chains at least have draws, so that there is an R-hat."""
    return event.glance is not None and bool(event.glance.slowest["rhat"].notna().all())


def test_a_run_tells_its_chains_and_stop_keeps_usable_draws(radon_model):
    fit, heard = begun(radon_model, 500_000)
    assert not fit.ready
    assert "waits" in repr(fit)
    event = heard.until(compared)
    assert event.stage == "sampling"
    assert len(event.chains) == 2
    assert sum(chain.done for chain in event.chains) > 1000
    assert event.chains[0].step_size > 0
    assert event.left > 0
    glance = event.glance
    assert glance is not None
    assert len(glance.slowest) == 4
    assert set(glance.lines["parameter"]) == set(glance.slowest["parameter"])
    assert len(glance.lines) <= 4 * 2 * (2 * 80 + 2)
    assert glance.slowest["rhat"].between(0.9, 1.5).all()

    fit.stop()
    assert fit.partial
    assert "interrupted: " in fit.status
    assert 0 < fit.posterior.sizes["draw"] < 500_000
    assert all(bool(np.isfinite(v).all()) for v in fit.posterior.data_vars.values())
    assert len(fit.caterpillar().data) == 85
    last = heard.until(lambda event: event.stage == "stopped")
    assert "are kept" in last.message
    order = [event.stage for event in heard.events]
    assert order == sorted(order, key=("compiling", "warm-up", "sampling", "stopped").index)


def test_a_whole_run_is_the_run_of_an_ordinary_fit(radon_model, radon):
    fit, heard = begun(radon_model, 300, tune=400)
    plain = hw.fit(
        "log_radon ~ floor + (1 | county)",
        radon,
        draws=300,
        tune=400,
        chains=2,
        random_seed=1,
        progress=False,
    )
    np.testing.assert_array_equal(fit.posterior["floor"], plain.posterior["floor"])
    assert not fit.partial
    assert heard.until(lambda event: event.stage == "done").left == 0
    assert fit.pool == [fit]
    view = fit.live()
    assert view is fit.live()
    assert view.now["stage"] == "done"
    assert "2 chains of 300 draws" in view.now["said"]
    assert view.now["next"] == "fit.convergence()"
    assert view.data["done"].tolist() == [700, 700]
    assert view.chart.to_dict()["$schema"]


def test_divergences_told_are_those_of_kept_draws():
    model, _ = models.build(
        bmb.Formula("effect ~ 1 + (1 | school)", "sigma ~ 0 + offset(log(se))"),
        hw.example("eight_schools"),
        noncentered=False,
    )
    fit, heard = begun(model, 500, tune=300, chains=4)
    fit.wait()
    told = [chain.divergences for chain in fit.run.event.chains]
    diverging = fit.idata["sample_stats"]["diverging"]
    assert told == diverging.sum("draw").to_numpy().tolist()
    assert sum(told) > 0
    warm = [event for event in heard.events if event.stage == "warm-up"]
    assert all(chain.divergences == 0 for event in warm for chain in event.chains if chain.tuning)


def test_a_cancelled_run_keeps_nothing_and_says_so(radon_model):
    fit, heard = begun(radon_model, 500_000)
    heard.until(lambda event: event.stage in ("warm-up", "sampling"))
    fit.cancel()
    with pytest.raises(live.CancelledSamplingError, match="has no draws"):
        fit.caterpillar()
    assert "cancelled" in repr(fit)


def test_stop_before_there_are_draws_says_so(radon_model):
    fit, _ = begun(radon_model, 500_000)
    fit.stop()
    with pytest.raises(sampling.InterruptedSamplingError, match="no draws to keep"):
        _ = fit.posterior


def test_a_failure_is_raised_where_draws_are_first_needed(radon_model, monkeypatch):
    def fail(*_args):
        raise RuntimeError("Initial energy is not finite.")

    monkeypatch.setattr(sampling, "begin", fail)
    fit, heard = begun(radon_model, 100)
    assert heard.until(lambda event: event.stage == "failed").message.startswith(NO_START)
    for _ in range(2):
        with pytest.raises(RuntimeError, match=NO_START):
            fit.shrinkage()
    assert fit.live().now["said"].startswith(NO_START)
    assert "failed" in repr(fit)


def test_what_cannot_be_is_refused_before_sampling(radon):
    with pytest.raises(ValueError, match='needs sampler="nutpie"'):
        hw.fit("log_radon ~ floor", radon, sampler="pymc", progress="live")
    with pytest.raises(ValueError, match='True, False or "live"'):
        hw.fit("log_radon ~ floor", radon, progress="alive")


def test_outside_a_notebook_it_is_an_ordinary_fit(radon, capfd):
    fit = hw.fit(
        "log_radon ~ floor + (1 | county)", radon, draws=50, tune=100, chains=1, progress="live"
    )
    assert type(fit) is hw.Fit
    assert capfd.readouterr()


LEAVING = """
import signal, os, sys, threading
import hierwidgets as hw
from hierwidgets import live, models, sampling
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a job in the background ignores
model, _ = models.build("log_radon ~ floor + (1 | county)", hw.example("radon"))
run = live.Run(model, sampling.Plan(500_000, 500, 2, 1))
seen = threading.Event()
run.observe(lambda event: event.glance is not None and not event.glance.warming and seen.set())
run.start()
fit = live.LiveFit(run)
assert seen.wait(120)
if sys.argv[1] == "interrupt":
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    print(len(fit.posterior.county__factor_dim), fit.partial, fit.posterior.sizes["draw"])
print("leaving")
"""


@pytest.mark.parametrize("how", ["exit", "interrupt"])
def test_python_ends_well_and_an_interrupt_of_the_wait_keeps_the_draws(how):
    done = subprocess.run(
        [sys.executable, "-c", LEAVING, how],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "leaving" in done.stdout
    assert "Error" not in done.stderr
    assert how == "exit" or "85 True" in done.stdout, done.stdout


def test_a_failing_view_does_not_end_the_run(radon_model, capsys):
    run = live.Run(radon_model, sampling.Plan(50, 100, 1, seed=1))
    run.observe(lambda _event: 1 / 0)
    run.start()
    fit = live.LiveFit(run)
    assert fit.posterior.sizes["draw"] == 50
