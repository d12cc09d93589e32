"""What a design says of itself: repeated columns, categories without a slope, reference levels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierwidgets as hw
from hierwidgets import cautions, models
from hierwidgets.tables import convergence
from tests.synthetic import made_up_of as made_up


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    found = pd.DataFrame(
        {
            "x": rng.normal(5, 1, 120),
            "z": rng.normal(size=120),
            "c": rng.choice(list("vwu"), 120),
            "g": np.repeat(list("abcdef"), 20),
            "b": rng.random(120) < 0.5,
        }
    )
    found["o"] = pd.Categorical(
        rng.choice(["lo", "hi"], 120), categories=["lo", "hi"], ordered=True
    )
    found["level"] = found["g"].map(dict(zip("abcdef", range(6), strict=True))).astype(float)
    return found.assign(
        y=rng.normal(size=120), x2=2 * found["x"], sum=found["x"] + found["z"], nothing=0.0
    )


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("y ~ x + x2 + (1 | g)", {"x", "x2"}),
        ("y ~ x + z + sum + (1 | g)", {"x", "z", "sum"}),
        ("y ~ g + (1 | g)", {"g[b]", "1|g_sigma", "1|g"}),
        ("y ~ 0 + g + (1 | g)", {"g[a]", "1|g_sigma"}),
        ("y ~ x:g + (x | g)", {"x:g[a]", "x|g_sigma"}),
        ("y ~ x + (x + x2 | g)", {"x|g", "x2|g", "x2|g_sigma"}),
    ],
)
def test_columns_that_repeat_each_other_are_named(formula, names, data):
    model, _ = models.build(formula, data)
    (found,) = cautions.cautions(model)
    assert names <= set(found.names)
    assert any(repr(name) in found.said for name in names)


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ x + z + c + (x | g)",
        "y ~ level + (1 | g)",
        "y ~ c * x + (0 + x:c | g)",
        "y ~ x + (x | g) + (c:x | g)",
        "y ~ poly(x, 3) + (x | g)",
        "y ~ c + (c | g)",
    ],
)
def test_a_design_of_full_rank_says_nothing(formula, data):
    model, _ = models.build(formula, data)
    assert cautions.cautions(model) == []


def test_the_rank_is_that_of_numpy(data):
    rng = np.random.default_rng(5)
    for _ in range(20):
        basis = rng.normal(size=(120, 4))
        columns = basis @ rng.integers(-1, 2, (4, 6)) * 10.0 ** rng.integers(-4, 5, 6)
        names = [f"p{i}" for i in range(6)]
        rows = data.assign(**dict(zip(names, columns.T, strict=True)))
        kept = [name for name in names if rows[name].any()]
        model, _ = models.build(f"y ~ {' + '.join(kept)} + (1 | g)", rows)
        scaled = np.column_stack([np.ones(120), *(rows[n] / rows[n].abs().max() for n in kept)])
        lacking = scaled.shape[1] - np.linalg.matrix_rank(scaled)
        assert len(cautions.cautions(model)) == lacking


@pytest.mark.parametrize(
    ("formula", "whole"),
    [
        ("y ~ c * x + (c:x | g)", "(0 + c:x | g)"),
        ("y ~ c * x + (1 | g) + (0 + x:c | g)", "(0 + x:c | g)"),
        ("y ~ c * x * z + (x:z:c | g)", "(0 + x:z:c | g)"),
        ("y ~ b * x + (1 | g) + (0 + b:x | g)", "(x | g)"),
    ],
)
def test_a_first_level_without_a_slope_is_a_caution_with_the_whole_spelling(formula, whole, data):
    model, _ = models.build(formula, data)
    (found,) = cautions.cautions(model)
    assert f"where {'b = False' if 'b' in formula else 'c = u'}" in found.said
    assert whole in found.said
    also = " + (0 + b:x | g)" if "b" in formula else ""
    spelt, _ = models.build(f"y ~ c * x + {whole}{also}", data)
    assert cautions.cautions(spelt) == []


def test_what_is_advised_can_be_written(data):
    odd = data.rename(columns={"c": "my c", "x": "x (cm)", "g": "the group"})
    model, _ = models.build("y ~ `my c`*`x (cm)` + (`my c`:`x (cm)` | `the group`)", odd)
    (found,) = cautions.cautions(model)
    assert found.said.endswith(
        "Write (0 + `my c`:`x (cm)` | `the group`) as the only term of `the group`, or add (`x (cm)` | `the group`)."
    )
    models.build("y ~ (0 + `my c`:`x (cm)` | `the group`)", odd)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        (
            "y ~ x + (1 | g) + (1 | same)",
            "'g' and 'same' are the same groups, so that '1|g' and '1|same'",
        ),
        ("y ~ x + (x | g) + (0 + x2 | same)", "so that 'x|g' and 'x2|same' repeat each other"),
        ("y ~ x + (1 | g / same)", "'g' and 'g:same' are the same groups"),
    ],
)
def test_one_grouping_under_two_names_is_named(formula, said, data):
    twice = data.assign(same=data["g"].map(lambda one: f"group {one}"))
    model, _ = models.build(formula, twice)
    (found,) = cautions.cautions(model)
    assert said in found.said
    assert "Leave one of them out" in found.said
    other = data.assign(same=np.where(data["z"] > 0, data["g"], "a"))
    assert cautions.cautions(models.build(formula, other)[0]) == []


def test_terms_name_the_reference_and_the_caution(data):
    fit = made_up("y ~ c * x + (c:x | g)", data)
    row = fit.terms.set_index("term").loc["c:x[v]|g"]
    assert row["reference"] == "c = u"
    assert "no slope of x where c = u" in row["caution"]
    assert fit.terms.set_index("term").loc["1|g", "caution"] == ""
    for view in (fit.caterpillar(), fit.shrinkage(), fit.groups(), fit.variance()):
        assert view.about["foot"][0] == "Reference level: c = u."
        assert "no slope of x" in view.about["foot"][1]
    assert "no slope" in fit.trace().about["foot"][0]
    ordered = made_up("y ~ o + (o | g)", data)
    assert ordered.terms["reference"].tolist() == ["", "o = lo"]


def test_a_fit_says_it_once_before_sampling(data, capsys, monkeypatch):
    class BeforeSamplingError(Exception):
        pass

    def refuse(*_args, **_options):
        raise BeforeSamplingError

    monkeypatch.setattr("hierwidgets.sampling.sample", refuse)
    with pytest.raises(BeforeSamplingError):
        hw.fit("y ~ x + x2 + (1 | g)", data)
    assert capsys.readouterr().out.count("'x', 'x2' of the population repeat each other") == 1
    with pytest.raises(BeforeSamplingError):
        hw.fit("y ~ x + x2 + (1 | g)", data, progress=False)
    assert not capsys.readouterr().out


def test_where_chains_disagree_the_repeated_columns_are_named_and_not_more_draws(data):
    fit = made_up("y ~ x + x2 + (1 | g)", data)
    apart = {name: fit.posterior[name] + 9 * fit.posterior["chain"] for name in ("x", "x2")}
    tree = xr.DataTree.from_dict({"posterior": fit.posterior.assign(apart)})
    fit = hw.wrap(fit.model, tree)
    said = convergence.verdict(fit).findings[0]
    assert "'x', 'x2' of the population repeat each other" in said.said
    assert said.next == "fit.cautions"
    assert any("'x', 'x2'" in one.said for one in fit.cautions)
