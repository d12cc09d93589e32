"""The lines of groups, against least squares, Bambi's own prediction, and each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import hierwidgets as hw
from hierwidgets import terms
from hierwidgets.tables import trellis
from hierwidgets.tables.lines import factors, lines, scales, thinned
from hierwidgets.tables.settings import axis, columns, most_frequent, settings
from tests.synthetic import AWKWARD, made_up


def fitted(formula, data, **options):
    return hw.fit(
        formula, data, draws=60, tune=250, chains=2, random_seed=1, progress=False, **options
    )


@pytest.fixture(scope="module")
def cbpp():
    return fitted("p(incidence, size) ~ period + (1 | herd)", hw.example("cbpp"), family="binomial")


@pytest.fixture(scope="module")
def rats():
    """A curve, a covariate and a category that differ by row, an offset, and a crossed grouping."""
    rng = np.random.default_rng(3)
    data = pd.DataFrame(
        {
            "rat": np.repeat([f"r{i}" for i in range(8)], 12),
            "cage": rng.choice(["a", "b", "c"], 96),
            "day": np.tile(np.arange(12.0), 8),
            "mass": rng.normal(0, 1, 96),
            "diet": rng.choice(["low", "mid", "high"], 96),
            "hours": rng.uniform(1, 4, 96),
        }
    )
    data["count"] = rng.poisson(np.exp(0.5 + 0.1 * data["day"]) * data["hours"])
    formula = "count ~ poly(day, 2) + mass + diet + offset(log(hours)) + (day + diet | rat) + (day | cage)"
    return fitted(formula, data, family="poisson")


def predicted(fit, factor, x, crossed=None):
    """Bambi's own linear predictor and mean at the same points, every draw, (draws, rows)."""
    effect = next(e for e in fit.effects if e.factor == factor)
    along = axis(fit, effect, x)
    every = np.arange(len(effect.groups))
    data = settings(fit, effect, along, every)
    group = np.repeat(every, len(along.at))
    first = np.array([np.flatnonzero(effect.index == j)[0] for j in every])
    for name in fit.data.columns:
        if name not in data:
            data[name] = fit.data[name].iloc[first[group]].reset_index(drop=True)
    if crossed is not None:
        data = data.assign(**crossed)
    tree = fit.model.predict(fit.idata, data=data, inplace=False)
    mean = tree["posterior"][terms.parent(fit.model)].to_numpy().reshape(-1, len(data))
    return mean, group


@pytest.mark.parametrize("subject", ["308", "335", "372"])
def test_no_pooling_is_the_least_squares_line_of_the_groups_rows(sleep_fit, sleepstudy, subject):
    own = sleepstudy[sleepstudy["Subject"].astype(str) == subject]
    slope, start = np.polyfit(own["Days"], own["Reaction"], 1)
    found = lines(sleep_fit, groups=[subject])
    assert found["x"].iloc[[0, -1]].tolist() == [0.0, 9.0]
    np.testing.assert_allclose(found["no_pooling"], start + slope * found["x"], rtol=1e-8)


def test_complete_pooling_is_the_least_squares_line_of_all_rows(sleep_fit, sleepstudy):
    slope, start = np.polyfit(sleepstudy["Days"], sleepstudy["Reaction"], 1)
    found = lines(sleep_fit)
    np.testing.assert_allclose(found["complete_pooling"], start + slope * found["x"], rtol=1e-8)


def test_partial_pooling_is_bambis_prediction(sleep_fit):
    mean, _ = predicted(sleep_fit, "Subject", "Days")
    found = lines(sleep_fit)
    np.testing.assert_allclose(found["partial_pooling"], mean.mean(axis=0), rtol=1e-8)
    lower, upper = np.quantile(mean[thinned(len(mean))], [0.025, 0.975], axis=0)
    np.testing.assert_allclose(found["lower"], lower, rtol=1e-8)
    np.testing.assert_allclose(found["upper"], upper, rtol=1e-8)


def test_draws_are_thinned_evenly_to_five_hundred():
    assert thinned(500).tolist() == list(range(500))
    picks = thinned(4000)
    assert len(picks) == 500
    assert set(np.diff(picks)) == {8, 9}
    assert (picks[0], picks[-1]) == (0, 3999)


def test_a_binomial_line_is_the_expit_of_the_linear_predictor(cbpp):
    mean, _ = predicted(cbpp, "herd", "period")
    response, link = lines(cbpp), lines(cbpp, scale="link")
    np.testing.assert_allclose(response["partial_pooling"], mean.mean(axis=0), atol=1e-10)
    lower, upper = np.quantile(mean, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(response["lower"], lower, atol=1e-10)
    np.testing.assert_allclose(response["upper"], upper, atol=1e-10)
    for kind in ("no_pooling", "complete_pooling"):
        np.testing.assert_allclose(response[kind], expit(link[kind]), atol=1e-12)
    eta = np.log(mean / (1 - mean)).mean(axis=0)
    np.testing.assert_allclose(link["partial_pooling"], eta, atol=1e-10)
    assert response["x"].unique().tolist() == ["1", "2", "3", "4"]


def test_curves_covariates_categories_and_offsets_are_bambis(rats):
    found = lines(rats, "rat", "day")
    all_of = [predicted(rats, "rat", "day", {"cage": cage}) for cage in "abc"]
    means, group = [np.log(mean) for mean, _ in all_of], all_of[0][1]
    effect = rats.effect("1|rat")
    share = np.array(
        [
            [(rats.data["cage"][effect.index == j] == cage).mean() for cage in "abc"]
            for j in range(8)
        ]
    )
    eta = (np.stack(means) * share[group].T[:, None]).sum(axis=0)
    np.testing.assert_allclose(found["partial_pooling"], np.exp(eta).mean(axis=0), rtol=1e-8)
    link = lines(rats, "rat", "day", scale="link")
    np.testing.assert_allclose(link["partial_pooling"], eta.mean(axis=0), rtol=1e-8)


def test_no_pooling_of_several_effects_is_statsmodels_line(rats):
    from statsmodels.api import GLM, families

    first = next(iter(trellis.trellis(rats, "cage", "name")["group"]))
    effect = rats.effect("1|cage")
    mine = effect.index == effect.groups.index(first)
    posterior = rats.posterior
    eta = terms.linear_predictor(rats.model, posterior, "mu").mean(axis=(0, 1))
    both = [e for e in rats.effects if e.factor == "cage"]
    whole = np.zeros(len(eta))
    for varying, name in zip(both, ("1", "day"), strict=True):
        population = posterior["Intercept"].to_numpy().mean() if name == "1" else 0.0
        u = varying.draws(posterior).mean(axis=(0, 1))[effect.index] + population
        whole += varying.predictor * u
    Z = np.column_stack([e.predictor for e in both])[mine]
    y = terms.response(rats.model)[mine]
    own = GLM(y, Z, family=families.Poisson(), offset=(eta - whole)[mine]).fit(tol=1e-12)
    found = lines(rats, "cage", "day", [first], scale="link")
    gap = found["no_pooling"] - found["partial_pooling"]
    partial = [e.draws(posterior).mean(axis=(0, 1))[effect.groups.index(first)] for e in both]
    partial[0] += posterior["Intercept"].to_numpy().mean()
    expected = (own.params[0] - partial[0]) + (own.params[1] - partial[1]) * found["x"]
    np.testing.assert_allclose(gap, expected, atol=1e-6)


def test_a_group_without_an_estimate_has_no_line_and_says_why():
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"g": np.repeat(list("abcd"), 12), "t": np.tile(np.arange(12.0), 4)})
    data["y"] = rng.integers(0, 2, 48)
    data.loc[data["g"] == "c", "y"] = 1
    fit = fitted("y ~ t + (1 | g)", data, family="bernoulli")
    found = lines(fit).set_index("group")
    assert found.loc["c", "no_pooling"].isna().all()
    assert found.loc[["a", "b", "d"], "no_pooling"].notna().all()
    assert found["partial_pooling"].notna().all()
    facts = trellis.trellis(fit).set_index("group")
    assert facts.loc["c", "reason"] == "all successes"
    assert np.isnan(facts.loc["c", "shrinkage"])
    assert trellis.trellis(fit, sort="shrinkage")["group"].iloc[-1] == "c"
    assert np.isnan(trellis.raw(fit, "link")).all()
    assert set(trellis.raw(fit, "response")) == {0, 1}


def test_the_worst_fit_is_the_mean_squared_standardised_residual(sleep_fit, sleepstudy):
    facts = trellis.trellis(sleep_fit)
    posterior = sleep_fit.posterior
    eta = terms.linear_predictor(sleep_fit.model, posterior, "mu").mean(axis=(0, 1))
    squared = ((sleepstudy["Reaction"] - eta) / float(posterior["sigma"].mean())) ** 2
    expected = squared.groupby(sleepstudy["Subject"].astype(str)).mean()
    expected = expected.sort_values(ascending=False)
    assert facts["group"].tolist() == expected.index.tolist()
    np.testing.assert_allclose(facts["misfit"], expected, rtol=1e-9)


def test_the_most_shrunken_first(sleep_fit):
    facts = trellis.trellis(sleep_fit, sort="shrinkage")
    table = sleep_fit.shrinkage().data.set_index("group").loc[facts["group"]]
    moved = (table["no_pooling"] - table["partial_pooling"]).abs() / table["sampling_sd"]
    np.testing.assert_allclose(facts["shrinkage"], moved)
    assert moved.is_monotonic_decreasing


@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_deviance_is_statsmodels(family, cbpp, rats):
    from statsmodels.genmod import families

    fit = {"binomial": cbpp, "poisson": rats}[family]
    parent = terms.parent(fit.model)
    eta = terms.linear_predictor(fit.model, fit.posterior, parent).mean(axis=(0, 1))
    y = terms.response(fit.model)
    if family == "binomial":
        kind = families.Binomial()
        kind.n = y[:, 1]
        expected = kind.resid_dev(y[:, 0] / y[:, 1], expit(eta)) ** 2
    else:
        expected = families.Poisson().resid_dev(y, np.exp(eta)) ** 2
    np.testing.assert_allclose(trellis.misfit(fit), expected, atol=1e-9)


def test_points_on_the_link_scale_are_empirical(cbpp, rats):
    data = hw.example("cbpp")
    hits, trials = data["incidence"], data["size"]
    np.testing.assert_allclose(
        trellis.raw(cbpp, "link"), np.log((hits + 0.5) / (trials - hits + 0.5))
    )
    np.testing.assert_allclose(trellis.raw(cbpp, "response"), hits / trials)
    np.testing.assert_allclose(trellis.raw(rats, "link"), np.log(rats.data["count"] + 0.5))


def test_the_default_axis_is_the_first_slope_then_a_number_then_a_category(sleep_fit, cbpp, rats):
    assert columns(sleep_fit, sleep_fit.effect()) == ["Days", ""]
    assert columns(cbpp, cbpp.effect()) == ["period", ""]
    assert columns(rats, rats.effect("1|rat")) == ["day", "mass", "hours", "diet", ""]


def test_without_a_predictor_lines_are_level_over_the_groups_rows():
    fit = fitted(
        "value ~ 1 + (1 | g)", pd.DataFrame({"value": np.arange(12.0), "g": list("abcc") * 3})
    )
    assert columns(fit, fit.effect()) == [""]
    along = axis(fit, fit.effect())
    assert along.values[fit.effect().index == 2].tolist() == [1, 2, 3, 4, 5, 6]
    found = lines(fit)
    assert found["x"].unique().tolist() == [1, 6]
    assert len(found[["group", "no_pooling"]].drop_duplicates()) == 3
    own = fit.data.groupby("g", observed=True)["value"].mean()
    np.testing.assert_allclose(found["no_pooling"], own.loc[found["group"]], rtol=1e-10)


def test_a_number_read_as_categories_keeps_to_its_values():
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"y": rng.normal(size=30), "wave": np.tile([1, 2, 5], 10)})
    data["g"] = np.repeat(list("abcde"), 6)
    fit = fitted("y ~ C(wave) + (1 | g)", data)
    found = lines(fit, x="wave")
    assert found["x"].unique().tolist() == [1, 2, 5]
    mean, _ = predicted(fit, "g", "wave")
    np.testing.assert_allclose(found["partial_pooling"], mean.mean(axis=0), atol=1e-10)


def test_nested_groups_are_bambis_prediction():
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"school": np.repeat(list("abc"), 12), "class_": np.tile(list("xyz"), 12)})
    data["t"] = rng.normal(size=36)
    data["y"] = rng.normal(size=36) + data["t"]
    fit = fitted("y ~ t + (t | school / class_)", data)
    assert factors(fit) == ["school", "school:class_"]
    mean, _ = predicted(fit, "school:class_", "t")
    found = lines(fit, "school:class_")
    np.testing.assert_allclose(found["partial_pooling"], mean.mean(axis=0), atol=1e-10)
    assert len(lines(fit, "school")["group"].unique()) == 3


def test_most_frequent_level_takes_the_first_of_equals():
    assert most_frequent(np.array([0, 0, 1, 1, 1]), np.array([1, 0, 2, 2, 0])).tolist() == [1, 2]


def test_groups_are_computed_apart_as_together():
    fit = made_up(AWKWARD)
    whole = lines(fit).set_index("group")
    for label in AWKWARD:
        alone = lines(fit, groups=[label]).set_index("group")
        pd.testing.assert_frame_equal(alone, whole.loc[[label]])


def test_what_cannot_be_drawn_says_so(sleep_fit, sleepstudy):
    with pytest.raises(ValueError, match=r"'Day' is not a column .* Did you mean 'Days'"):
        lines(sleep_fit, x="Day")
    with pytest.raises(ValueError, match="a grouping factor"):
        lines(sleep_fit, "Days")
    with pytest.raises(ValueError, match="a group of 'Subject'"):
        lines(sleep_fit, groups=["999"])
    assert scales(sleep_fit) == ["response"]
    with pytest.raises(ValueError, match="a scale"):
        lines(sleep_fit, scale="link")
    with pytest.raises(ValueError, match="has no group terms"):
        factors(fitted("Reaction ~ Days", sleepstudy))
