"""Where chains start: models with raw predictors, and samplers that cannot start."""

from __future__ import annotations

import copy
import types
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

import hierwidgets as hw
from hierwidgets import live, refits, sampling, starts
from hierwidgets.models import build
from hierwidgets.tables import convergence

RAW = "TICKS ~ YEAR + HEIGHT + (1|BROOD) + (1|LOCATION) + (1|INDEX)"


@pytest.fixture(scope="module")
def grouse():
    data = hw.example("grouseticks").rename(columns=str.upper)
    return data.assign(YEAR=data["YEAR"].astype(str).astype(float), INDEX=data["CHICK"])


@pytest.fixture(scope="module")
def raw(grouse):
    model, _ = build(RAW, grouse, family="poisson")
    model.build()
    return model


@pytest.fixture(scope="module")
def made_rows():
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(12), 20)
    year = np.tile(np.arange(1951.0, 1971.0), 12)
    eta = 1 + rng.normal(0, 0.5, 12)[g] + 0.05 * (year - 1961)
    data = pd.DataFrame({"g": g.astype(str), "year": year, "y": rng.poisson(np.exp(eta))})
    data["z"] = rng.binomial(1, 1 / (1 + np.exp(1 - eta)))
    data["tiny"] = 1e-9 * (5 + eta + rng.normal(size=len(g)))
    data["huge"] = 1e21 * data["tiny"]
    return data


def started(model, seeds):
    """Log densities at the points where nutpie's chains of a model would start."""
    program = sampling.Compiled.of(model).program
    backend = model.backend.model
    logp = backend.compile_logp()
    shapes = {name: np.shape(value) for name, value in backend.initial_point().items()}
    out = []
    for seed in seeds:
        flat, at, values = program.initial_point_func(seed), 0, {}
        for name, shape in shapes.items():
            size = int(np.prod(shape))
            values[name] = flat[at : at + size].reshape(shape)
            at += size
        out.append(float(logp(values)))
    return np.array(out)


def test_starts_with_raw_predictors_are_near_and_repeatable(raw):
    """PyMC's own starts reach -1e20 and less; each row of a Poisson of mean 4.6 costs a few units."""
    first = started(raw, range(8))
    assert np.isfinite(first).all()
    assert first.min() > -1e5
    assert len(set(first)) == 8
    point = starts.points(raw)
    assert point is not None
    again = starts.points(raw)
    assert again is not None
    for name, value in point(3).items():
        assert np.array_equal(value, again(3)[name])
    assert starts.large(raw) == ["HEIGHT"]


@pytest.mark.parametrize(
    ("formula", "family"),
    [
        ("y ~ year + (year | g)", "poisson"),
        ("z ~ year + (year | g)", "bernoulli"),
        ("z ~ 0 + year + (1 | g)", "bernoulli"),
        ("tiny ~ year + (1 | g)", "gaussian"),
        ("huge ~ year + (year | g)", "gaussian"),
    ],
)
def test_every_start_is_finite(made_rows, formula, family):
    model, _ = build(formula, made_rows, family=family)
    model.build()
    narrow = starts.widths(model)
    point = starts.points(model)
    if point is None:
        assert not narrow
        return
    logp = model.backend.model.compile_logp()
    assert np.isfinite([logp(point(seed)) for seed in range(6)]).all()


def test_correlated_effects_start_near(made_rows):
    model, _ = build("y ~ year + (year | g)", made_rows, family="poisson", correlated=True)
    model.build()
    assert starts.widths(model)["g_z_offset"] < 1e-2


def test_chains_that_ask_at_once_start_as_one_after_another(made_rows):
    model, _ = build("y ~ year + (year | g)", made_rows, family="poisson")
    model.build()
    point = starts.points(model)
    assert point is not None
    seeds = range(400)
    alone = [point(seed) for seed in seeds]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(point, seeds))
    for one, other in zip(alone, together, strict=True):
        for name, value in one.items():
            np.testing.assert_array_equal(value, other[name])


def test_a_usual_model_starts_as_the_sampler_has_it(sleep_fit, radon_fit):
    for fit in (sleep_fit, radon_fit):
        model, _ = build(fit.formula, fit.data)
        model.build()
        assert starts.points(model) is None
        assert starts.initial(model, 4, 1) == {}


def test_the_raw_model_converges(grouse):
    """lme4's glmer: YEAR -0.480 (0.166), HEIGHT -0.0257 (0.0038), sd of BROOD 1.21, of INDEX 0.546."""
    fit = hw.fit(
        RAW, grouse, family="poisson", draws=400, tune=800, chains=2, random_seed=1, progress=False
    )
    assert not convergence.alarm(fit).startswith("R-hat")
    slope = fit.posterior["HEIGHT"]
    assert slope.mean().item() == pytest.approx(-0.0257, abs=0.003)
    assert fit.posterior["YEAR"].mean().item() == pytest.approx(-0.480, abs=0.12)


def test_pymc_takes_the_same_starts(raw):
    options = starts.initial(raw, 2, 5)
    assert options["init"] == "adapt_diag"
    first, second = options["initvals"]
    assert not np.array_equal(first["YEAR"], second["YEAR"])
    assert abs(float(first["HEIGHT"])) < 0.05


def test_refits_start_near_too(grouse):
    model, _ = build("TICKS ~ HEIGHT + (1 | BROOD)", grouse, family="poisson")
    model.build()
    moved = refits.as_data(copy.copy(model))
    moved.build()
    assert starts.widths(moved).keys() == starts.widths(model).keys() != set()
    assert np.isfinite(started(moved, range(4))).all()


class PanicException(BaseException):
    pass


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("All initialization points failed"),
        PanicException("called `Result::unwrap()`"),
        ValueError("logp = nan"),
    ],
)
def test_whatever_the_sampler_throws_is_a_sentence(raw, monkeypatch, error):
    def refuses(*_args, **_options):
        raise error

    monkeypatch.setattr(sampling, "begin", refuses)
    program = sampling.Compiled(raw, types.SimpleNamespace(), {})
    with pytest.raises(starts.StartError, match=r"large numbers: centre or rescale") as caught:
        sampling.run(program, sampling.Plan(10, 10, 1))
    assert "'HEIGHT'" in str(caught.value)
    assert str(error) not in str(caught.value)
    assert caught.value.__suppress_context__
    monkeypatch.setattr(type(raw), "fit", refuses)
    with pytest.raises(starts.StartError, match="HEIGHT"):
        sampling._pymc(raw, sampling.Plan(10, 10, 1))


def test_a_live_run_says_the_sentence(sleepstudy, monkeypatch):
    def refuses(*_args, **_options):
        raise PanicException("native")

    model, _ = build("Reaction ~ Days + (1 | Subject)", sleepstudy)
    monkeypatch.setattr(sampling, "begin", refuses)
    run = live.Run(model, sampling.Plan(10, 10, 1))
    run.start()
    assert run.join(120)
    assert run.event.stage == "failed"
    assert run.event.message == starts.sentence(model)
    assert "prior that leaves no room" in run.event.message


def test_interrupts_and_own_errors_pass(raw):
    for error in (KeyboardInterrupt(), sampling.StoppedError("stop"), MemoryError()):
        with pytest.raises(type(error)), starts.told(raw):
            raise error
