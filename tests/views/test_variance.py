import numpy as np
import pandas as pd
import pytest

from hierwidgets.tables import icc, variance
from hierwidgets.views import variance_rows
from hierwidgets.views.columns import decode
from tests.synthetic import AWKWARD, made_up
from tests.tables.test_variance import ROWS, invented


@pytest.fixture(scope="module")
def fit():
    return made_up([f"g{i}" for i in range(8)])


@pytest.fixture(scope="module")
def crossed():
    return invented("y ~ x + z + (1 | h) + (x + z | g)", correlated=["g"])


def test_opens_on_the_first_grouping_with_a_slope(crossed):
    view = crossed.variance()
    assert view.state == {"factor": "g", "predictor": None}
    assert view.code == "fit.variance()"
    pd.testing.assert_frame_equal(view.data, variance.scales(crossed))


def test_the_page_gets_the_numbers_of_the_tables(crossed):
    view = crossed.variance()

    def column(name):
        return np.asarray(decode(view.columns[name]))

    table = variance.scales(crossed)
    np.testing.assert_allclose(column("scales/0/median"), table["median"], rtol=1e-6)
    np.testing.assert_allclose(column("shares/mean"), icc.icc(crossed)["mean"], rtol=1e-6)
    i = [one["factor"] for one in view.about["factors"]].index("g")
    assert view.about["factors"][i]["predictors"] == ["x", "z"]
    expected = icc.curve(crossed, "g", "z")
    np.testing.assert_allclose(column(f"curve/{i}/1/lower"), expected["lower"], rtol=1e-6)
    assert view.about["frames"][f"cells/{i}/0"][0] == "across"
    assert max(len(decode(c)) for c in view.columns.values()) <= 128 * len(table)


def test_code_gives_this_state(crossed):
    view = crossed.variance("g", predictor="z")
    assert view.code == 'fit.variance(predictor="z")'
    view.state = {"factor": "h", "predictor": None}
    assert view.code == 'fit.variance(factor="h")'
    assert eval(view.code, {"fit": crossed}).state == view.state


@pytest.mark.parametrize(
    ("state", "error", "said"),
    [
        ({"factor": "gg"}, ValueError, "'gg' is not a grouping factor of this model"),
        ({"factor": "g", "predictor": "cond"}, ValueError, "Choose one of 'x', 'z'"),
        ({"factor": "h", "predictor": "x"}, ValueError, "no slope of a numeric column varies over"),
        ({"term": "1|g"}, TypeError, "unexpected keyword"),
    ],
)
def test_what_cannot_be_is_refused(crossed, state, error, said):
    with pytest.raises(error, match=said):
        crossed.variance(**state)


def test_the_statement_is_the_share_in_words():
    tau = np.full((2, 150), 3.0)
    fit = invented("y ~ 1 + (1 | g)", **{"1|g_sigma": tau, "sigma": 1.0})
    assert variance_rows.statements(fit) == [
        "90 % of the variance lies between the groups of g (95 % interval 90 to 90 %)."
    ]
    sloped = variance_rows.statements(invented("y ~ x + (x | g)"))
    assert sloped[0].endswith("%), on average over the rows.")
    latent = variance_rows.statements(invented("yes ~ 1 + (1 | g)", "bernoulli"))
    assert latent[0].endswith("%), on the latent scale (log odds).")


def test_the_page_names_definition_and_source():
    count = invented("count ~ 1 + (1 | g)", "poisson").variance()
    said = " ".join(count.about["notes"])
    assert "an approximation): ln(1 + 1/m)" in said
    assert "doi:10.1098/rsif.2017.0213" in said
    assert "Johnson (2014)" not in said
    assert "Gelman and Pardoe (2006)" in said
    assert "Johnson (2014)" in " ".join(invented("y ~ x + (x | g)").variance().about["notes"])


def test_a_family_without_a_definition_says_so():
    view = invented("positive ~ x + (x | g)", "gamma").variance()
    (said,) = view.about["statements"]
    assert said.startswith("There are no shares of variance: no residual variance is defined here")
    assert "shares" not in view.about["frames"]
    assert view.about["factors"][0]["predictors"] == []
    assert view.chart.to_dict()["hconcat"]


def test_independent_effects_say_so(fit, crossed):
    assert "independent by the model" in variance_rows.independence(fit, "g")
    assert variance_rows.independence(crossed, "g") == ""
    assert variance_rows.independence(crossed, "h") == ""
    assert variance_rows.cell_rows(fit, "g") == []


def test_a_modelled_scale_has_an_axis_of_its_own():
    import bambi as bmb

    formula = bmb.Formula("y ~ x + (1 | g)", "sigma ~ 1 + (1 | g)")
    fit = invented(formula)
    main, other = variance_rows.panels(fit)
    assert main.rows["label"].tolist() == ["1|g", "residual"]
    assert other.rows["label"].tolist() == ["sigma_1|g"]
    assert other.title == "Standard deviation, log scale of sigma"
    assert len(fit.variance().about["panels"]) == 2


def test_a_scale_alone_in_another_component_is_shown():
    import bambi as bmb

    formula = bmb.Formula("y ~ x", "sigma ~ 1 + (1 | g)")
    view = invented(formula).variance()
    assert view.data["term"].tolist() == ["sigma_1|g", "residual"]
    assert view.about["statements"] == []


def test_nested_and_crossed_groupings_open():
    data = ROWS.assign(school=ROWS["g"].str[1].astype(int).mod(2).map("s{}".format))
    fit = invented("y ~ x + (x | school / g) + (1 | h)", data=data)
    view = fit.variance("school:g")
    assert [one["factor"] for one in view.about["factors"]] == ["school", "school:g", "h"]
    assert [one["predictors"] for one in view.about["factors"]] == [["x"], ["x"], []]
    shares = icc.icc(fit)
    assert shares["factor"].tolist() == ["school", "school:g", "h", ""]
    assert shares["mean"].sum() == pytest.approx(1)
    assert view.chart.to_dict()["hconcat"]


def test_numbers_read_as_people_write_them():
    assert variance_rows.percent(0.4512) == "45"
    assert variance_rows.percent(0.05) == "5"
    assert variance_rows.percent(0.0996) == "10"
    assert variance_rows.percent(0.0123) == "1.2"
    assert variance_rows.short(12345.6) == "12346"
    assert variance_rows.short(0.00001234) == "1.23e\N{MINUS SIGN}5"


def test_names_of_any_text_go_to_the_page_whole():
    name = AWKWARD[0]
    view = invented(f"y ~ x + (x | `{name}`)", data=ROWS.rename(columns={"g": name})).variance()
    assert view.state["factor"] == name
    assert view.about["factors"][0]["factor"] == name
    assert decode(view.columns["shares/label"]) == [f"between {name}", "residual"]


@pytest.mark.parametrize("ending", ["svg", "png", "json", "csv", "html"])
def test_saves_by_its_ending(crossed, tmp_path, ending):
    path = crossed.variance("g", predictor="z").save(tmp_path / f"view.{ending}")
    assert path.stat().st_size > 500
