"""hw.fit and hw.wrap: what is refused, what is kept."""

from __future__ import annotations

import bambi as bmb
import numpy as np
import pandas as pd
import pytest

import hierwidgets as hw
from hierwidgets.models import build

FORMULA = "Reaction ~ Days + (Days | Subject)"


@pytest.fixture
def no_sampling(monkeypatch):
    """Refusals must come before any sampling."""

    def never(*_args, **_options):
        pytest.fail("the sampler was started")

    monkeypatch.setattr("hierwidgets.sampling.sample", never)


def spoiled(data, column, rows, value):
    out = data.copy()
    out[column] = out[column].astype(object if isinstance(value, str) else float)
    out.loc[rows, column] = value
    return out


@pytest.mark.usefixtures("no_sampling")
@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"formula": "Reaction ~ Dayz + (1 | Subject)"}, ValueError, "'Dayz', which is not a column of data. Did you mean 'Days'"),
        ({"formula": "Reaction ~ Days + (1 | Subjct)"}, ValueError, "Did you mean 'Subject'"),
        ({"formula": "Reaction ~ (Days || Subject)"}, ValueError, r"Write \(x \|\| g\) as \(1 \| g\) \+ \(0 \+ x \| g\)"),
        ({"formula": "Reaction"}, ValueError, "there is no ~"),
        ({"formula": "Reaction ~ I(Days / 2) + (1 | Subject)"}, ValueError, "has a '/' in its name"),
        ({"formula": "Reaction ~ math.log(Days) + (1 | Subject)"}, ValueError, "extra_namespace={'math': math}"),
        ({"formula": "Reaction ~ np.sign(Days + 1) + (1 | Subject)"}, ValueError, "is constant. Leave it out"),
        ({"formula": 3}, TypeError, "formula must be text"),
        ({"data": [1, 2]}, TypeError, "must be a pandas DataFrame .* not list"),
        ({"data": pd.DataFrame({"Reaction": []})}, ValueError, "there is nothing to fit"),
        ({"family": "gausian"}, ValueError, "'gausian' is not a family. Did you mean 'gaussian'"),
        ({"family": "poisson"}, ValueError, r"needs counts 0, 1, 2, ..., but 'Reaction' has 249.56 \(row 0; 179 such rows\)"),
        ({"family": "beta"}, ValueError, "strictly between 0 and 1"),
        ({"family": "bernoulli"}, ValueError, "must be all 0 and 1"),
        ({"family": "binomial"}, ValueError, r"Write the response as p\(successes, trials\)"),
        ({"family": "cumulative"}, ValueError, "ordered categorical response"),
        ({"formula": "Subject ~ Days + (1 | Subject)"}, ValueError, "holds labels"),
        ({"drawz": 3}, TypeError, "no keyword 'drawz'. Did you mean 'draws'"),
        ({"draws": 0}, ValueError, "draws=0 is not a whole number of at least 4"),
        ({"chains": 1.5}, ValueError, "chains=1.5"),
        ({"sampler": "nuts"}, ValueError, "'nuts' is not a sampler"),
        ({"priors": {"Dais": 1}}, ValueError, "no parameter 'Dais' to give a prior. Did you mean 'Days'"),
        ({"priors": [1]}, TypeError, "priors must be a dictionary"),
    ],
)  # fmt: skip
def test_refused_before_sampling(change, error, sentence, sleepstudy):
    options = {"formula": FORMULA, "data": sleepstudy, "progress": False, **change}
    formula, data = options.pop("formula"), options.pop("data")
    with pytest.raises(error, match=sentence):
        hw.fit(formula, data, **options)


@pytest.mark.usefixtures("no_sampling")
def test_missing_values_are_counted_and_located(sleepstudy):
    data = spoiled(sleepstudy, "Days", [3, 17], np.nan)
    with pytest.raises(
        ValueError, match=r"2 missing values in 'Days' \(index 3, 17\).*dropna=True"
    ):
        hw.fit(FORMULA, data)
    data = spoiled(sleepstudy, "Reaction", [5], np.inf)
    with pytest.raises(ValueError, match=r"1 infinite value in 'Reaction' \(index 5\)"):
        hw.fit(FORMULA, data)


@pytest.mark.usefixtures("no_sampling")
def test_one_level_and_labels_that_read_alike(sleepstudy):
    one = sleepstudy[sleepstudy["Subject"] == "308"]
    with pytest.raises(ValueError, match="'Subject' has one level \\('308'\\)"):
        hw.fit(FORMULA, one)
    mixed = sleepstudy.assign(Subject=np.array([1, "1"] * 90, dtype=object))
    with pytest.raises(ValueError, match="different values that read alike"):
        hw.fit(FORMULA, mixed)


def test_dropna_leaves_the_rows_out(sleepstudy):
    data = spoiled(sleepstudy, "Days", [3, 17], np.nan)
    data.loc[5, "Reaction"] = np.inf
    data["unused"] = np.nan
    model, dropped = build(FORMULA, data, dropna=True)
    assert dropped == 3
    assert len(model.data) == 177
    with pytest.raises(ValueError, match="leaves no row"):
        build(FORMULA, data.assign(Days=np.nan), dropna=True)


def test_nothing_of_the_users_changes(sleepstudy, sleep_fit):
    before, tree = sleepstudy.copy(deep=True), sleep_fit.idata.copy(deep=True)
    hw.fit(FORMULA, sleepstudy, draws=20, tune=20, chains=1, progress=False)
    pd.testing.assert_frame_equal(sleepstudy, before)
    for view in (sleep_fit.trace(), sleep_fit.caterpillar(), sleep_fit.shrinkage()):
        assert len(view.data)
        assert view.chart.to_dict()
    assert sleep_fit.idata.identical(tree)


def test_a_seed_repeats_the_draws(sleepstudy):
    options = {"draws": 30, "tune": 30, "chains": 2, "random_seed": 4, "progress": False}
    first, second = (hw.fit(FORMULA, sleepstudy, **options) for _ in range(2))
    assert first.posterior.identical(second.posterior) or first.posterior.equals(second.posterior)


def test_wrap_refuses_what_does_not_match(sleepstudy, sleep_fit, radon_fit):
    with pytest.raises(TypeError, match=r"needs a bambi\.Model first, not str"):
        hw.wrap("model", sleep_fit.idata)
    with pytest.raises(TypeError, match="needs the DataTree"):
        hw.wrap(sleep_fit.model, {"posterior": 1})
    with pytest.raises(ValueError, match="belongs to another model"):
        hw.wrap(sleep_fit.model, radon_fit.idata)
    renamed = sleepstudy.assign(Subject=pd.Categorical("s" + sleepstudy["Subject"].astype(str)))
    with pytest.raises(ValueError, match="are not those in the model's data"):
        hw.wrap(bmb.Model(FORMULA, renamed), sleep_fit.idata)


def test_unknown_views_and_terms_name_the_nearest(sleep_fit):
    with pytest.raises(
        AttributeError, match=r"no view or attribute 'shrinkaje'\. Did you mean 'shrinkage'"
    ):
        _ = sleep_fit.shrinkaje
    with pytest.raises(ValueError, match=r"Did you mean 'Days\|Subject'"):
        sleep_fit.caterpillar("Day|Subject")


def test_a_model_without_groups_says_so(sleepstudy):
    fit = hw.fit("Reaction ~ Days", sleepstudy, draws=20, tune=20, chains=1, progress=False)
    assert fit.terms.empty
    with pytest.raises(ValueError, match="has no group terms"):
        fit.effect()


def test_the_fit_introduces_itself(sleep_fit):
    assert repr(sleep_fit).splitlines() == [
        "Fit of Reaction ~ Days + (Days | Subject)",
        "  gaussian, 180 rows, 18 Subject, 4 chains of 1000 draws",
    ]
