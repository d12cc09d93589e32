"""The same model under other priors: compiled once, equal to a fresh Bambi fit, pooled."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import arviz as az
import numpy as np
import pytest

import hierwidgets as hw
from hierwidgets import background, models, priors, refits, sampling
from hierwidgets.fit import Fit

FORMULA = "Reaction ~ Days + (Days | Subject)"
CHANGES = {
    "1|Subject_sigma": hw.Prior("Gamma", alpha=2, beta=0.2),
    "Intercept": hw.Prior("StudentT", nu=3, mu=250, sigma=9),
    "sigma": hw.Prior("LogNormal", mu=3, sigma=1),
    "Subject_corr": 8.0,
}
SHORT = sampling.Plan(100, 200, 2, seed=1, cores=1)


@pytest.fixture(scope="module")
def base() -> Fit:
    return hw.fit(
        FORMULA,
        hw.example("sleepstudy"),
        correlated=True,
        draws=1000,
        tune=1000,
        random_seed=1,
        progress=False,
    )


@pytest.fixture
def fit(base: Fit) -> Fit:
    return hw.wrap(base.model, base.idata)


def test_its_density_is_that_of_a_fresh_model(base: Fit) -> None:
    settings = priors.changed(priors.top(base), CHANGES)
    job = refits.job(base, settings, SHORT)
    ours = refits.as_data(refits.model(job))
    fresh = models.build(
        FORMULA,
        hw.example("sleepstudy"),
        priors=priors.written(settings),
        correlated={"Subject": 8.0},
    )[0]
    densities = []
    for model in (ours, fresh):
        model.build()
        densities.append(model.backend.model.compile_logp())
    point = fresh.backend.model.initial_point()
    rng = np.random.default_rng(1)
    for _ in range(5):
        moved = {name: value + 0.1 * rng.normal(size=value.shape) for name, value in point.items()}
        assert densities[0](moved) == pytest.approx(float(densities[1](moved)), rel=1e-12)


def test_new_numbers_are_the_same_program_and_a_new_family_another(base: Fit) -> None:
    tops = priors.top(base)
    programs = [
        refits.job(base, priors.changed(tops, change), SHORT).program
        for change in (
            {},
            {"1|Subject_sigma": 3.0, "Subject_corr": 5.0},
            {"1|Subject_sigma": hw.Prior("HalfCauchy", beta=3)},
        )
    ]
    assert programs[0] == programs[1] != programs[2]


def test_a_refit_agrees_with_a_fresh_fit_and_joins_the_pool(fit: Fit) -> None:
    new = fit.refit(CHANGES, random_seed=2, progress=False)
    fresh = hw.fit(
        FORMULA,
        hw.example("sleepstudy"),
        priors=priors.written(priors.changed(priors.top(fit), CHANGES)),
        correlated={"Subject": 8.0},
        random_seed=3,
        progress=False,
    )
    for name in ["Intercept", "Days", "1|Subject_sigma", "Days|Subject_sigma", "sigma"]:
        both = [az.summary(f.idata, var_names=[name], round_to="none") for f in (new, fresh)]
        gap = abs(both[0]["mean"].iloc[0] - both[1]["mean"].iloc[0])
        error = np.hypot(*(table["mcse_mean"].iloc[0] for table in both))
        assert gap < 5 * error, name
    assert fit.pool == [fit, new]
    assert new.pool is fit.pool
    assert {o.parameter: o.setting for o in priors.top(new)} == priors.changed(
        priors.top(fit), CHANGES
    )


def test_chains_that_do_not_mix_do_not_join(fit: Fit) -> None:
    with pytest.warns(UserWarning, match="did not mix"):
        new = fit.refit(
            {"1|Subject_sigma": 5.0}, draws=8, tune=1, chains=4, random_seed=1, progress=False
        )
    assert new.pool == [new]
    assert fit.pool == [fit]


def test_a_model_with_a_function_in_its_priors_is_refused(base: Fit) -> None:
    import pymc as pm

    def made(name: str, **options: object) -> object:
        return pm.Normal(name, 0, 50)

    model = models.build(
        FORMULA, hw.example("sleepstudy"), priors={"Days": hw.Prior("Normal", dist=made)}
    )[0]
    other = Fit(model, base.idata)
    with pytest.raises(ValueError, match="function"):
        other.refit({"1|Subject_sigma": 5.0}, progress=False)


def test_any_executor_runs_a_refit(fit: Fit) -> None:
    with ThreadPoolExecutor(1) as executor:
        new = fit.refit({"1|Subject_sigma": 15.0}, random_seed=1, executor=executor)
    assert fit.pool == [fit, new]


class Listener:
    """Keeps what a refit in the background says, and waits for a stage."""

    def __init__(self) -> None:
        self.events: list[dict] = []
        self._heard = threading.Condition()

    def __call__(self, event: dict) -> None:
        with self._heard:
            self.events.append(event)
            self._heard.notify_all()

    def wait(self, *stages: str) -> dict:
        with self._heard:
            found = self._heard.wait_for(
                lambda: next((e for e in self.events if e["stage"] in stages), None), timeout=120
            )
        assert found, f"None of {stages} among {self.events}"
        return found


def test_in_the_background_the_latest_wins_and_nothing_else_joins(fit: Fit) -> None:
    """One process, from its first program to its death and its successor."""
    runner = background.Background(fit)
    tops = priors.top(fit)

    def start(sigma: float, plan: sampling.Plan) -> Listener:
        listener = Listener()
        runner.start(priors.changed(tops, {"1|Subject_sigma": sigma}), listener, plan)
        return listener

    good = sampling.Plan(300, 500, 4, seed=1, cores=1)
    endless = sampling.Plan(100_000, 200, 2, seed=1, cores=1)
    start(20.0, good).wait("joined")
    assert len(fit.pool) == 2

    let_go = start(5.0, endless)
    counted = let_go.wait("sampling")
    assert 0 <= counted["done"] <= counted["total"] == 2 * 100_200
    latest = start(10.0, good)
    latest.wait("joined")
    assert let_go.events[-1]["stage"] == "cancelled"
    assert len(fit.pool) == 3

    cancelled = start(6.0, endless)
    cancelled.wait("sampling")
    assert runner.cancel()
    assert cancelled.events[-1]["stage"] == "cancelled"
    assert not runner.cancel()

    killed = start(7.0, endless)
    killed.wait("sampling")
    background.worker().kill()
    assert "process ended" in killed.wait("failed")["message"]
    assert len(fit.pool) == 3
    start(8.0, good).wait("joined")
    assert len(fit.pool) == 4
    background.worker().close()
