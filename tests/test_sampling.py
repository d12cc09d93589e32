"""Interrupts, in a process of their own with a real signal."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierwidgets as hw
from hierwidgets import models, sampling

PROGRAM = """
import os, signal, sys, threading, time
import hierwidgets as hw, nutpie, pymc
from hierwidgets.sampling import InterruptedSamplingError
sampler, tune, draws, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])

def interrupted(run):
    def started(*args, **options):
        timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
        timer.daemon = True
        timer.start()
        return run(*args, **options)
    return started

nutpie.sample = interrupted(nutpie.sample)
pymc.sample = interrupted(pymc.sample)
try:
    fit = hw.fit("log_radon ~ floor + (1 | county)", hw.example("radon"), chains=2, tune=tune,
                 draws=draws, random_seed=1, sampler=sampler, progress=False)
except InterruptedSamplingError as error:
    print("nothing kept:", error)
else:
    finite = all(bool(v.notnull().all()) for v in fit.posterior.data_vars.values())
    print(fit.partial, fit.posterior.sizes["draw"] < draws, finite, len(fit.caterpillar().data))
    print(fit.status)
"""


def run(*arguments):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_interrupt_keeps_the_draws():
    out = run("nutpie", 200, 500_000, 2)
    assert "True True True 85" in out
    assert "interrupted: 2 of 2 chains with" in out


def test_an_interrupt_in_warm_up_keeps_nothing_and_says_so():
    assert "nothing kept: The sampler was interrupted before" in run("nutpie", 500_000, 1000, 1)


def test_ragged_chains_are_cut_to_the_largest_rectangle():
    draws = np.ones((3, 100))
    draws[1, 60:] = np.nan
    draws[2, 5:] = np.nan
    tree = xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset({"a": (("chain", "draw"), draws)}),
            "sample_stats": xr.Dataset({"diverging": (("chain", "draw"), draws > 0)}),
        }
    )
    cut = sampling._cut(tree)
    assert dict(cut["posterior"].sizes) == {"chain": 2, "draw": 60}
    assert dict(cut["sample_stats"].sizes) == {"chain": 2, "draw": 60}
    assert np.isfinite(cut["posterior"]["a"]).all()
    with pytest.raises(sampling.InterruptedSamplingError, match="before its chains"):
        sampling._cut(tree.isel(draw=slice(0, 3)))


def test_pymc_draws_the_same_posterior(sleepstudy, sleep_fit):
    fit = hw.fit(
        "Reaction ~ Days + (Days | Subject)",
        sleepstudy,
        draws=400,
        tune=500,
        chains=2,
        random_seed=3,
        sampler="pymc",
        progress=False,
    )
    assert not fit.partial
    for name in ("Intercept", "Days", "sigma", "1|Subject_sigma"):
        one, other = fit.posterior[name].to_numpy(), sleep_fit.posterior[name].to_numpy()
        assert abs(one.mean() - other.mean()) < 0.35 * other.std()


def test_two_threads_never_compile_at_once(monkeypatch, sleepstudy):
    import nutpie

    compiled, guard = nutpie.compile_pymc_model, threading.Lock()
    together = []

    def alone(*args, **options):
        together.append(guard.acquire(blocking=False))
        time.sleep(0.2)
        try:
            return compiled(*args, **options)
        finally:
            if together[-1]:
                guard.release()

    monkeypatch.setattr(nutpie, "compile_pymc_model", alone)

    def program(_):
        model, _ = models.build("Reaction ~ Days + (1 | Subject)", sleepstudy)
        sampling.build(model)
        return sampling.Compiled.of(model)

    with ThreadPoolExecutor(3) as pool:
        assert len(list(pool.map(program, range(3)))) == 3
    assert together == [True] * 3


@pytest.mark.parametrize(
    ("response", "family", "said"),
    [
        ("weighted(y, w)", "t", "no program for a weighted response of the family 't'"),
        ("truncated(k, lb=-1)", "hurdle_poisson", "no program for a truncated response"),
        ("weighted(yes, w)", "bernoulli", "responses that are one column of numbers"),
        ("weighted(p(k, n), w)", "binomial", "responses that are one column of numbers"),
    ],
)
def test_altered_responses_that_cannot_be_sampled_are_refused(response, family, said):
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"y": rng.normal(size=40), "k": rng.poisson(3, 40), "n": 30, "w": 2.0})
    data = data.assign(yes=data["y"] > 0, g=np.repeat(list("abcd"), 10)).astype({"yes": int})
    with pytest.raises(ValueError, match=said):
        hw.fit(f"{response} ~ 1 + (1 | g)", data, family=family, progress=False)
