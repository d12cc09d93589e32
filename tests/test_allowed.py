"""What a model may be made of when it comes as text; everything else is refused before it is called."""

from __future__ import annotations

import json
from types import SimpleNamespace

import bambi as bmb
import h5py
import numpy as np
import pandas as pd
import pytest
from bambi.transformations import transformations_namespace
from formulae.categorical import ENCODINGS
from formulae.transforms import TRANSFORMS

import hierwidgets as hw
from hierwidgets import allowed, commands, models, recipes, refits, sampling
from tests.synthetic import made_up

COLUMNS = [*"yxzgabknw", "kind", "state", "se", "school id", "Sepal.Length"]
GOOD = [
    "p(k, n) ~ x + (x | g)",
    "np.exp(y) ~ np.sqrt(x) + np.log1p(Sepal.Length) + (1 | g)",
    "y ~ poly(x, 2) + (poly(x, 2) | `school id`)",
    "y ~ hsgp(x, z, m=4, c=1.5, cov='Matern32', by=kind) + bs(x, df=6, intercept=True)",
    "y ~ C(w) + C(kind, Treatment('a')) + S(kind, omit='b') + T(kind, 'b') + (kind | a / b)",
    "weighted(y, w) ~ {kind == 'a'} + {'b' != kind} + np.where(x > 3, 1, 0)",
    "truncated(y, lb=-1.5) ~ {x ** 2} + I(-x / 2) + {2 ** x} + (x + I(x**2) | g)",
    "y ~ (x + z + w)**2 + x*z + offset(log(se)) + offset(2)",
    "state['a'] ~ 0 + center(x):scale(z) + np.clip(x, 0, 2) + np.maximum(x, {z + 1})",
    " 0 + offset(log(se))",
]
BAD = [
    ("y ~ np.save('x', y)", "calls np.save,"),
    ("y ~ np.save(x, y)", "calls np.save,"),
    ("np.save('a', y) ~ x", "calls np.save,"),
    ("y ~ (1 | np.save('a', y))", "calls np.save,"),
    ("y ~ (np.save('a', y) | g)", "calls np.save,"),
    ("y ~ np.log(np.save('a', y))", "calls np.save,"),
    ("y ~ bs(x, df=np.save('a', y))", "calls np.save,"),
    ("y ~ x:{np.save('a', y)}", "calls np.save,"),
    ("y ~ np.lib.format.open_memmap('f')", "calls np.lib.format.open_memmap"),
    ("y ~ checks.np.save('a', y)", "calls checks.np.save"),
    ("y ~ open('f', 'w')", "calls open"),
    ("y ~ x.__class__(y)", "calls x.__class__"),
    ("y ~ np.frompyfunc(x)", "calls np.frompyfunc"),
    ("y ~ np.random.seed(1)", "calls np.random.seed"),
    ("y ~ `np.save`('a', y)", "calls what is not a function's name"),
    ("y ~ np.log(x)(y)", "calls what is not a function's name"),
    ("y ~ np[save]('a', y)", "calls what is not a function's name"),
    ("y ~ np.log(x, y)", "gives np.log 2 arguments; it takes 1"),
    ("y ~ np.maximum(x, out=y)", "gives np.maximum an argument by name"),
    ("y ~ I(__import__('os'))", "cannot be read"),
    ("y ~ x % np.save('a', y)", "cannot be read"),
    ("y ~ I(warnings)", "names 'warnings', which is no column"),
    ("y ~ 'np'", "names 'np', which is no column"),
    ("y ~ C(x, 'np')", "has the text 'np'"),
    ("y ~ np.where(x == 'a', 'b', 'c')", "has the text 'b'"),
    ("y ~ hsgp(x, m=10, cov='eval')", "has the text 'eval'"),
    ("y ~ {10 ** 10 ** 10}", "power of two numbers"),
    ("y ~ (x + z)**1000000", "whole number from 1 to 10"),
    ("y ~ poly(x, 100000)", "above 1,000"),
    ("y ~ " + "(" * 5000 + "x" + ")" * 5000, "nested too deeply"),
    ("y ~ " + "x + " * 10_000 + "x", "at most 20,000 characters"),
    (None, "A formula is text"),
]  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_what_formulas_are_made_of_is_allowed(text):
    allowed.formula(text, COLUMNS)


@pytest.mark.parametrize(("text", "said"), BAD)
def test_everything_else_is_refused_and_not_called(text, said):
    with pytest.raises(ValueError, match=r"[Ff]ormula") as error:
        allowed.formula(text, COLUMNS)
    assert said in str(error.value)


def test_every_function_of_formulae_and_bambi_is_listed():
    assert set(allowed.FORMULAE) == set(TRANSFORMS) | set(ENCODINGS)
    assert set(allowed.BAMBI) == set(transformations_namespace)


def test_numpy_functions_take_columns_one_by_one():
    x = pd.Series([0.25, 0.5, 0.75])
    for name, count in allowed.ARITY.items():
        function = getattr(allowed.NUMPY, name)
        whole = np.asarray(function(*[x] * count), float)
        each = [float(function(*[value] * count)) for value in x]
        np.testing.assert_array_equal(whole, np.array(each))


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    x = rng.uniform(1, 2, 40)
    return pd.DataFrame({"y": rng.normal(size=40), "x": x, "g": np.tile(list("abcd"), 10)})


def as_text(formula, data, **options):
    model, dropped = models.build(formula, data, **options)
    return recipes.of(SimpleNamespace(model=model, data=model.data, name="fit", dropped=dropped))


def test_functions_of_the_user_are_not_saved(data):
    def double(x):
        return 2 * x

    with pytest.raises(ValueError, match=r"calls double.*Make anything else a column"):
        as_text("y ~ double(x) + (1 | g)", data, extra_namespace={"double": double})
    for name, own in {"log": double, "np": SimpleNamespace(log=double)}.items():
        called = "log" if name == "log" else "np.log"
        with pytest.raises(
            ValueError, match=f"calls {called}, which here is a function of your own"
        ):
            as_text(f"y ~ {called}(x) + (1 | g)", data, extra_namespace={name: own})
    with pytest.raises(ValueError, match=r"calls np.interp"):
        as_text("y ~ np.interp(x, x, x) + (1 | g)", data)


def test_a_model_from_text_sees_columns_and_listed_functions_alone(data):
    made = recipes.model(as_text("y ~ np.log(x) + {x > 1.5} + (1 | g)", data))
    pieces = [
        p for term in made.parameters["mu"].common_terms.values() for p in term.term.components
    ]
    listed = {*TRANSFORMS, *ENCODINGS, *transformations_namespace, "np"}
    assert pieces
    for piece in pieces:
        for name in {*vars(models), "open", "eval", "formula", "data"} - listed:
            assert name[0] == "_" or name not in piece.env.namespace
        assert piece.env.namespace["np"] is allowed.NUMPY


HELD = [
    ("y ~ poly(x, 2) + bs(w, df=4, intercept=True) + (x + {x**2} | g)", "gaussian"),
    ("p(k, n) ~ scale(x) + (scale(x) | g / kind)", "binomial"),
    ("p(k, 9) ~ center(x):standardize(w)", "binomial"),
    ("y ~ C(kind, Treatment('b')) + {kind == 'a'} + np.where(x > 1.5, 1, 0)", "gaussian"),
    ("y ~ T(kind, ref='c') + S(g) + np.maximum(x, w) + (kind | g)", "gaussian"),
    ("y ~ hsgp(x, m=4, c=1.5, cov='Matern32') + (1 | g)", "gaussian"),
    ("weighted(y, w) ~ (x + w)**2 + (x | g)", "gaussian"),
    ("truncated(y, lb=-9, ub=9) ~ np.sqrt(x) + I(-x * w)", "gaussian"),
    ("censored(y, state) ~ np.log1p(x) + offset(log(w)) + (1 | g)", "gaussian"),
    ("binary(kind, 'b') ~ `x 2` + (1 | g)", "bernoulli"),
]


def dense(values):
    return values.toarray() if hasattr(values, "toarray") else np.asarray(values)


@pytest.mark.parametrize(("formula", "family"), HELD)
def test_a_model_from_text_has_the_same_design(formula, family, data):
    rng = np.random.default_rng(2)
    data = data.assign(
        w=rng.uniform(1, 2, 40),
        n=9,
        k=rng.integers(0, 9, 40),
        kind=np.tile(list("abcab"), 8),
        state=np.tile(["none", "right"], 20),
        **{"x 2": data["x"] ** 2},
    )
    model, _ = models.build(formula, data, family=family)
    recipe = recipes.of(SimpleNamespace(model=model, data=model.data, name="fit", dropped=0))
    again = recipes.model(json.loads(json.dumps(recipe)))
    for name, part in model.conditional_parameters.items():
        other = again.conditional_parameters[name]
        for key, term in part.terms.items():
            np.testing.assert_array_equal(dense(term.data), dense(other.terms[key].data))
        assert part.terms.keys() == other.terms.keys()
    np.testing.assert_array_equal(model.response_term.data, again.response_term.data)


def changed(recipe, *path, value):
    out = json.loads(json.dumps(recipe))
    owner = out
    for key in path[:-1]:
        owner = owner[key]
    owner[path[-1]] = value
    return out


CALLED = {"prior": "sample", "noncentered": None, "args": {"draws": 5}}
CHANGES = [
    (("priors", "x"), CALLED, "no distribution 'sample'"),
    (("priors", "x"), {**CALLED, "prior": "Simulator"}, "no distribution 'Simulator'"),
    (("priors", "x"), {**CALLED, "prior": "Normal"}, "Normal has no argument 'draws'"),
    (("priors", "x"), {**CALLED, "prior": "Normal", "args": {"mu": "np"}}, "which is no number"),
    (("priors", "x"), {**CALLED, "prior": "Normal", "args": {"dist": 1}}, "no argument 'dist'"),
    (("family",), ["gaussian"], "family must be text"),
    (("family",), "nothing", "'nothing'"),
    (("link", "mu"), "nothing", "nothing"),
    (("alias",), {"x": 3}, "alias must be text"),
    (("noncentered",), "yes", "noncentered must be true or false"),
    (("correlated",), {"g": 2.0}, "nothing to correlate"),
    (("data", "x", "dtype"), "object", "neither number nor text"),
    (("formula",), ["y ~ x + (1 | g)", "np.save('a', x) ~ x"], "begin with a parameter's name"),
    (("formula",), ["y ~ x + (1 | g)", "sigma ~ np.save('a', x)"], "calls np.save"),
    (("formula",), "y ~ x", "list of formulas"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "said"), CHANGES)
def test_a_recipe_names_no_function(path, value, said, data, monkeypatch):
    recipe = as_text("y ~ x + (1 | g)", data)
    recipes.model(recipe)
    monkeypatch.setattr(np, "save", lambda *_args: pytest.fail("called"))
    with pytest.raises((TypeError, ValueError)) as error:
        recipes.model(changed(recipe, *path, value=value))
    assert said in str(error.value)


def test_a_refit_elsewhere_reads_its_recipe_alike(data):
    recipe = changed(as_text("y ~ x + (1 | g)", data), "formula", value=["y ~ np.save('a', x)"])
    with pytest.raises(ValueError, match=r"calls np.save"):
        refits.run(refits.Job(json.dumps(recipe), {}, sampling.Plan(10, 10, 1)))
    with pytest.raises(ValueError, match="no distribution 'sample'"):
        refits._Dynamic("sample", ())("x")


@pytest.mark.parametrize("text", ["sample(draws=5)", "CustomDist(mu=0)", "Simulator(sigma=1)"])
def test_a_prior_as_text_is_a_distribution_given_by_numbers(text):
    with pytest.raises(ValueError, match="There is no distribution"):
        commands.parse_prior(text)
    prior = commands.parse_prior("StudentT(nu=3, mu=0, sigma=2.5)")
    assert prior == bmb.Prior("StudentT", nu=3, mu=0, sigma=2.5)


def test_loading_a_file_with_another_formula_calls_nothing(tmp_path):
    path = made_up(["a", "b"]).save(tmp_path / "fit.nc")
    written = tmp_path / "written.npy"
    with h5py.File(path, "r+") as file:
        recipe = json.loads(file["hierwidgets/recipe"][...].tobytes())
        recipe["formula"] = [f"y ~ np.save('{written}', x) + (x | g)"]
        del file["hierwidgets/recipe"]
        file["hierwidgets/recipe"] = np.frombuffer(json.dumps(recipe).encode(), np.uint8)
    with pytest.raises(ValueError, match=r"calls np.save, which is neither a function of formulae"):
        hw.load(path)
    assert not written.exists()


def test_the_name_of_a_loaded_fit_is_a_name(tmp_path):
    fit = made_up(["a", "b"])
    fit.name = "__import__('os').system('ls')"
    assert hw.load(fit.save(tmp_path / "fit.nc")).caterpillar(sort="size").code.startswith("fit.")
