import numpy as np
import pandas as pd
import pytest

import hierwidgets as hw
from hierwidgets.tables import sensitivity as tables
from hierwidgets.views import sensitivity_rows as rows
from hierwidgets.views.columns import decode
from hierwidgets.weights import power
from tests.synthetic import AWKWARD, made_up
from tests.tables.test_variance import invented


@pytest.fixture(scope="module")
def fit():
    return made_up([f"g{i}" for i in range(8)])


@pytest.fixture
def doubtful(monkeypatch):
    """A fit of which power-scaling can say nothing."""
    found = tables.power.sensitivity

    def spoilt(components, values):
        real = found(components, values)
        return power.Sensitivity(real.components, real.cjs, np.full(len(components), 0.9))

    monkeypatch.setattr(tables.power, "sensitivity", spoilt)
    return made_up([f"g{i}" for i in range(6)], seed=1)


@pytest.mark.parametrize("by", ["all", "group", "prior"])
def test_the_table_is_the_one_of_the_floor_below(fit, by):
    view = fit.sensitivity(by)
    pd.testing.assert_frame_equal(view.data, tables.sensitivity(fit, by))
    assert eval(view.code, {"fit": fit}).state == view.state == {"by": by, "sort": "model"}


def test_the_page_gets_each_quantity_and_its_strongest_priors(fit):
    view = fit.sensitivity()

    def column(name):
        return np.asarray(decode(view.columns[name]))

    whole = tables.sensitivity(fit)
    np.testing.assert_allclose(column("all/prior"), whole["prior"], rtol=1e-6)
    np.testing.assert_allclose(column("all/likelihood"), whole["likelihood"], rtol=1e-6)
    labels, blocks = column("prior/label"), column("prior/block")
    assert labels[blocks == 0][0] == whole["quantity"][0]
    assert all(label.startswith("by the prior of ") for label in labels[blocks == 0][1:])
    single = tables.sensitivity(fit, "prior")
    own = single[single["quantity"] == whole["quantity"][0]]["prior"].sort_values(ascending=False)
    np.testing.assert_allclose(column("prior/prior")[1:6], own[: rows.STRONGEST], rtol=1e-6)
    assert np.isnan(column("prior/likelihood")[blocks == 0][1:]).all()
    assert view.about["most"] > np.nanmax(column("prior/prior"))


def test_many_priors_are_cut_to_the_strongest():
    names = [f"x{i}" for i in range(8)]
    data = pd.DataFrame(
        {name: np.random.default_rng(i).normal(size=60) for i, name in enumerate(names)}
    ).assign(y=np.arange(60.0), g=np.arange(60) % 5)
    fit = invented(f"y ~ {' + '.join(names)} + (1 | g)", data=data.assign(g=data["g"].astype(str)))
    drawn = rows.frame(fit, "prior")
    assert set(drawn.groupby("block").size()) == {1 + rows.STRONGEST}
    assert len(fit.sensitivity("prior").data) == 11 * len(fit.sensitivity().data)


@pytest.mark.parametrize("sort", ["prior", "likelihood"])
def test_the_most_sensitive_quantities_come_first(fit, sort):
    drawn = rows.arranged(rows.frame(fit, "group"), sort)
    assert (np.diff(drawn[f"whole_{sort}"]) <= 0).all()
    assert drawn["row"].tolist() == list(range(len(drawn)))
    assert drawn.groupby("block")["alone"].first().eq(0).all()


def test_findings_are_told_with_the_line_to_go_on_with(fit, doubtful):
    quiet = doubtful.sensitivity()
    count = len(quiet.data)
    assert quiet.about["statement"].startswith(f"{count} of {count} quantities need a look")
    first = quiet.about["findings"][0]
    assert first["said"].startswith(
        "cannot tell by power-scaling: refit: a Pareto k of 0.7 or more"
    )
    assert first["next"].startswith("fit.refit({")
    known = {one["quantity"]: one for one in fit.sensitivity().about["findings"]}
    table = fit.sensitivity().data
    assert list(known) == table.query("diagnosis != 'none'")["quantity"].tolist()


def test_the_page_says_what_was_scaled_and_what_was_not():
    prior = {"x": hw.Prior("Flat")}
    view = invented("y ~ x + (1 | g)", options={"priors": prior}).sensitivity()
    said = " ".join(view.about["notes"])
    assert "top-level priors of 'Intercept', '1|g_sigma', 'sigma', never" in said
    assert "The prior of x was not: a flat prior has nothing to scale." in said
    assert "Statistics and Computing 34, 57" in said


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"by": "parameter"}, "'parameter' is not a way to scale the priors"),
        ({"sort": "name"}, "'name' is not an order of the quantities"),
    ],
)
def test_what_cannot_be_is_refused(fit, state, said):
    with pytest.raises(ValueError, match=said):
        fit.sensitivity(**state)


def test_names_of_any_text_go_to_the_page_whole():
    from tests.tables.test_variance import ROWS

    name = AWKWARD[0]
    data = ROWS.rename(columns={"g": name})
    view = invented(f"y ~ x + (x | `{name}`)", data=data).sensitivity()
    assert f"ICC of {name}" in decode(view.columns["all/label"])


@pytest.mark.parametrize("ending", ["svg", "png", "json", "csv", "html"])
def test_saves_by_its_ending(fit, tmp_path, ending):
    assert fit.sensitivity("group").save(tmp_path / f"view.{ending}").stat().st_size > 500
