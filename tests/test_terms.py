"""What a formula means, for each kind of group term."""

from __future__ import annotations

import bambi as bmb
import numpy as np
import pandas as pd
import pytest

import hierwidgets as hw
from hierwidgets import models, terms
from hierwidgets.tables.caterpillar import caterpillar


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    n = 240
    return pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "x": rng.normal(3, 1, n),
            "g": rng.integers(0, 8, n),
            "a": np.repeat(list("pqr"), 80),
            "b": np.tile(list("mnop"), 60),
            "cond": pd.Categorical(rng.choice(["lo", "mid", "hi"], n)),
            "when": np.repeat(pd.date_range("2020-01-01", periods=8), 30),
        }
    )


def effects(formula, data, **options):
    from hierwidgets.models import build

    return terms.effects(build(formula, data, **options)[0])


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("y ~ 1 + (1 | g)", ["1|g"]),
        ("y ~ x + (x | g)", ["1|g", "x|g"]),
        ("y ~ x + (0 + x | g)", ["x|g"]),
        ("y ~ x + (1 | a / b)", ["1|a", "1|a:b"]),
        ("y ~ 1 + (1 | a) + (1 | b)", ["1|a", "1|b"]),
        ("y ~ cond + (cond | g)", ["1|g", "cond[lo]|g", "cond[mid]|g"]),
        ("y ~ 1 + (0 + cond | g)", ["cond[hi]|g", "cond[lo]|g", "cond[mid]|g"]),
        (bmb.Formula("y ~ x + (1 | g)", "sigma ~ 1 + (1 | g)"), ["1|g", "sigma_1|g"]),
    ],
)
def test_terms_of_a_formula(formula, expected, data):
    assert [effect.term for effect in effects(formula, data)] == expected


def test_table_says_everything(data):
    fit = hw.fit(
        bmb.Formula("y ~ cond + (cond | g)", "sigma ~ 1 + (1 | g)"),
        data,
        draws=20,
        tune=20,
        chains=1,
        progress=False,
        noncentered={"mu": False},
    )
    table = fit.terms.set_index("term")
    row = table.loc["cond[mid]|g"]
    assert row["group"] == "g"
    assert row["effect"] == "cond[mid]"
    assert row["parameter"] == "cond|g"
    assert row["scale"] == "cond|g_sigma"
    assert row["levels"] == tuple("01234567")
    assert row["parameterization"] == "centered"
    modelled = table.loc["sigma_1|g"]
    assert modelled["component"] == "sigma"
    assert modelled["scale"] == "sigma_1|g_sigma"
    assert modelled["parameterization"] == "noncentered"
    assert "HalfNormal(sigma: 1)" in modelled["prior"]
    assert set(table["parameter"]) | set(table["scale"]) <= set(fit.posterior.data_vars)


def test_nested_levels_are_those_observed(data):
    observed = data[~((data["a"] == "p") & (data["b"] == "m"))]
    nested = effects("y ~ 1 + (1 | a / b)", observed)[1]
    assert "p:m" not in nested.groups
    assert nested.groups[:3] == ["p:n", "p:o", "p:p"]
    rows = observed["a"] + ":" + observed["b"]
    assert [nested.groups[j] for j in nested.index] == rows.tolist()
    fit = hw.fit(
        "y ~ 1 + (1 | a / b)", observed, draws=20, tune=20, chains=1, random_seed=1, progress=False
    )
    shown = caterpillar(fit, "1|a:b", "deviation", "name").set_index("group")["mean"]
    assert len(shown) == 11
    posterior = fit.posterior["1|a:b"]
    assert posterior.sizes["a:b__factor_dim"] == 12
    assert shown["q:o"] == pytest.approx(float(posterior.sel({"a:b__factor_dim": "q:o"}).mean()))
    assert not fit.trace().data["parameter"].str.contains("p:m", regex=False).any()


@pytest.mark.parametrize(
    ("formula", "factor", "expected"),
    [
        ("y ~ x + (x | g)", "g", {"1|g": {"Intercept": 1}, "x|g": {"x": 1}}),
        ("y ~ x + (1 | g)", "g", {"1|g": {"Intercept": 1}}),
        ("y ~ 1 + (x | g)", "g", {"1|g": {"Intercept": 1}, "x|g": {}}),
        (
            "y ~ cond + x + (0 + cond | g)",
            "g",
            {
                "cond[hi]|g": {"Intercept": 1},
                "cond[lo]|g": {"Intercept": 1, "cond[lo]": 1},
                "cond[mid]|g": {"Intercept": 1, "cond[mid]": 1},
            },
        ),
        (
            "y ~ 0 + cond + (cond | g)",
            "g",
            {
                "1|g": {"cond[hi]": 1},
                "cond[lo]|g": {"cond[hi]": -1, "cond[lo]": 1},
                "cond[mid]|g": {"cond[hi]": -1, "cond[mid]": 1},
            },
        ),
        ("y ~ 0 + cond + (1 | b)", "b", {"1|b": {}}),
    ],
)
def test_what_the_population_gives_each_effect(formula, factor, expected, data):
    from hierwidgets.models import build

    model, _ = build(formula, data)
    design = terms.common(model, "mu")
    varying = [effect for effect in terms.effects(model) if effect.factor == factor]
    weights = terms.population_weights(design, varying)
    for row, effect in zip(weights, varying, strict=True):
        got = {n: round(w, 9) for n, w in zip(design.names, row, strict=True) if w}
        assert got == expected[effect.term]


def test_linear_predictor_equals_bambis(data):
    fit = hw.fit(
        bmb.Formula("y ~ cond * x + (x | a / b) + (0 + cond | g)", "sigma ~ x + (1 | b)"),
        data,
        draws=20,
        tune=50,
        chains=2,
        random_seed=1,
        progress=False,
    )
    predicted = fit.model.predict(fit.idata, inplace=False)
    for name, inverse in (("mu", False), ("sigma", True)):
        own = terms.linear_predictor(fit.model, fit.posterior, name, inverse=inverse)
        np.testing.assert_allclose(own, predicted["posterior"][name], rtol=1e-10)


def test_aliases_and_times(data):
    plain = data.drop(columns=["a", "b"])
    model = bmb.Model("y ~ cond + (cond | g)", plain)
    model.set_alias({"cond|g": "slopes", "sigma": "sd", "Intercept": "start"})
    idata = model.fit(draws=20, tune=20, chains=1, inference_method="nutpie", progressbar=False)
    fit = hw.wrap(model, idata)
    assert fit.terms["term"].tolist() == ["1|g", "slopes[lo]", "slopes[mid]"]
    assert fit.terms["scale"].tolist() == ["1|g_sd", "slopes_sd", "slopes_sd"]
    assert len(caterpillar(fit, "slopes[mid]")) == 8
    dated = effects("y ~ 1 + (1 | when)", data)[0]
    assert dated.groups[0] == "2020-01-01 00:00:00"


def test_priors_go_by_their_names_in_the_posterior(data):
    model = models.make(
        bmb.Formula("y ~ x + (x | g)", "sigma ~ 1 + (1 | g)"),
        data[["y", "x", "g"]],
        priors={
            "x|g_sigma": bmb.Prior("Exponential", lam=3),
            "x": bmb.Prior("Normal", mu=1, sigma=2),
            "sigma_Intercept": bmb.Prior("Normal", mu=0.5, sigma=2),
            "sigma_1|g_sigma": bmb.Prior("HalfNormal", sigma=0.25),
        },
    )
    priors = {name: str(prior) for name, prior in models.priors(model).items()}
    assert priors["x|g"] == "Normal(mu: 0.0, sigma: Exponential(lam: 3.0))"
    assert priors["x"] == "Normal(mu: 1.0, sigma: 2.0)"
    assert priors["sigma_Intercept"] == "Normal(mu: 0.5, sigma: 2.0)"
    assert priors["sigma_1|g"] == "Normal(mu: 0.0, sigma: HalfNormal(sigma: 0.25))"
    with pytest.raises(ValueError, match=r"no parameter 'x\|h_sigma'.*Did you mean 'x\|g_sigma'"):
        models.make("y ~ x + (x | g)", data[["y", "x", "g"]], priors={"x|h_sigma": 1})


def test_formulas_know_numpy_as_np(data, tmp_path):
    fit = hw.fit(
        "np.exp(y) ~ np.sqrt(x) + (1 | g)",
        data.assign(x=data["x"].abs()),
        draws=20,
        tune=20,
        chains=1,
        progress=False,
    )
    assert "np.sqrt(x)" in fit.posterior
    assert hw.load(fit.save(tmp_path / "fit.nc")).formula == fit.formula


def test_names_with_commas_and_spaces(data):
    spaced = data.rename(columns={"a": "school id"})
    fit = hw.fit(
        "y ~ poly(x, 2) + (poly(x, 2) | `school id`)",
        spaced,
        draws=20,
        tune=20,
        chains=1,
        progress=False,
    )
    expected = ["1|school id", "poly(x, 2)[0]|school id", "poly(x, 2)[1]|school id"]
    assert fit.terms["term"].tolist() == expected
    assert fit.posterior["poly(x, 2)"].sizes["poly(x, 2)_dim"] == 2


def test_nesting_is_read_off_the_rows(data):
    nested = terms.nesting(effects("y ~ 1 + (1 | a / b) + (1 | b)", data))
    assert set(nested) == {"a:b"}
    assert nested["a:b"]["a"]["p:m"] == "p"
    assert nested["a:b"]["b"]["p:m"] == "m"
    implicit = data.assign(b=data["a"] + data["b"])
    assert set(terms.nesting(effects("y ~ 1 + (1 | a) + (1 | b)", implicit))) == {"b"}
    assert terms.nesting(effects("y ~ 1 + (1 | a) + (1 | b)", data)) == {}
