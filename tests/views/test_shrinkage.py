import numpy as np
import pytest

import hierwidgets as hw
from hierwidgets.tables import shrinkage as tables
from hierwidgets.tables.slide import slide
from hierwidgets.views.columns import decode
from hierwidgets.views.shrinkage import ShrinkageView, partner, split
from tests.synthetic import AWKWARD, made_up


@pytest.fixture
def fit() -> hw.Fit:
    return made_up([f"g{i}" for i in range(8)])


def column(view, name):
    return decode(view.columns[name])


def test_opens_on_the_first_term_by_the_posterior(sleep_fit):
    view = sleep_fit.shrinkage()
    assert view.state == {
        "term": "1|Subject",
        "sort": "estimate",
        "picture": "groups",
        "sigma": None,
        "search": "",
        "units": "link",
        "by": None,
        "folded": [],
        "at": None,
    }
    assert view.code == "fit.shrinkage()"
    expected = tables.shrinkage(sleep_fit, "1|Subject")
    assert view.data.equals(expected)


def test_the_page_gets_the_numbers_of_the_table(fit):
    view = fit.shrinkage()
    for i, about in enumerate(view.about["terms"]):
        table = tables.shrinkage(fit, about["term"]).set_index("group")
        labels = column(view, f"labels/{about['factor']}")
        values = np.asarray(column(view, f"{i}/values"), dtype=float)
        own = table.loc[labels]
        np.testing.assert_allclose(values[0] + about["centre"], own["no_pooling"], atol=1e-5)
        np.testing.assert_allclose(values[2] + about["centre"], own["partial_pooling"], atol=1e-5)
        np.testing.assert_allclose(values[4], own["weight"], atol=1e-6)
        assert about["population"] == own["population"].iloc[0]
        assert about["ends"][0] < own["partial_pooling"].min()


def test_the_page_gets_what_the_formula_needs_to_double_precision(sleep_fit):
    view = sleep_fit.shrinkage()
    found = tables.information(sleep_fit, "Subject")
    scale = np.array(view.about["factors"]["Subject"]["scale"])
    np.testing.assert_allclose(scale, found.scale)

    def whole(name):
        parts = [
            np.asarray(column(view, f"{kind}/Subject"), float) for kind in (name, f"{name}-rest")
        ]
        return parts[0] + parts[1]

    precision = whole("precision") / scale[:, None] / scale[None, :]
    np.testing.assert_allclose(precision, found.precision, rtol=1e-12)
    np.testing.assert_allclose(whole("score") / scale, found.score, rtol=1e-12)


def test_split_numbers_add_up():
    values = np.array([1 / 3, -1e9 / 7, 0.0, np.nan])
    first, rest = split(values)
    assert first.dtype == rest.dtype == np.float32
    np.testing.assert_allclose(first.astype(float) + rest, values, rtol=1e-14)


def test_sigma_adds_the_formulas_columns(sleep_fit):
    data = sleep_fit.shrinkage("Days|Subject", sigma={"Days|Subject": 2.0}).data
    found = tables.information(sleep_fit, "Subject")
    estimates, weight, centre = slide(found.precision, found.score, np.array([found.scale[0], 2.0]))
    at = [found.groups.index(group) for group in data["group"]]
    np.testing.assert_allclose(data["formula"], estimates[at, 1])
    np.testing.assert_allclose(data["formula_weight"], weight[at, 1])
    assert data["formula_centre"].unique().tolist() == [centre[1]]


def test_the_plane_holds_both_terms(sleep_fit):
    data = sleep_fit.shrinkage(picture="plane").data
    assert data["term"].unique().tolist() == ["1|Subject", "Days|Subject"]
    assert len(data) == 36


def test_partners_go_round(sleep_fit, radon_fit):
    first, second = sleep_fit.effects
    assert partner(sleep_fit, first) is second
    assert partner(sleep_fit, second) is first
    assert partner(radon_fit, radon_fit.effects[0]) is None


def test_a_plane_of_one_effect_is_refused(radon_fit):
    with pytest.raises(ValueError, match=r"is the only one of 'county'\. Use"):
        radon_fit.shrinkage(picture="plane")


@pytest.mark.parametrize(
    ("state", "error", "said"),
    [
        ({"term": "1|h"}, ValueError, "Did you mean '1|g'"),
        ({"sort": "age"}, ValueError, "'uncertainty'"),
        ({"picture": "map"}, ValueError, "'groups', 'plane'"),
        ({"sigma": 3}, TypeError, "a dictionary of term and scale"),
        ({"sigma": {"z|g": 1}}, ValueError, "can be moved"),
        ({"sigma": {"1|g": -1}}, ValueError, "finite scale of 0 or more; got -1"),
        ({"sigma": {"1|g": np.inf}}, ValueError, "finite scale"),
        ({"sigma": {"1|g": True}}, ValueError, "finite scale"),
        ({"scale": "effect"}, TypeError, "no keyword 'scale'"),
    ],
)
def test_what_cannot_be_is_refused(fit, state, error, said):
    with pytest.raises(error, match=said.replace("|", r"\|")):
        ShrinkageView(fit, **state)


def test_search_narrows_the_table_and_not_the_axis(fit):
    view = fit.shrinkage(search="g1")
    assert view.data["group"].tolist() == ["g1"]
    x = view.chart.to_dict()["layer"][2]["encoding"]["x"]["scale"]["domain"]
    assert x == fit.shrinkage().chart.to_dict()["layer"][2]["encoding"]["x"]["scale"]["domain"]
    assert fit.shrinkage(search="nothing").data.empty


def test_code_gives_this_state(fit):
    view = fit.shrinkage()
    view.state = {**view.state, "sigma": {"1|g": 0.5}, "picture": "plane"}
    assert view.code == 'fit.shrinkage(picture="plane", sigma={"1|g": 0.5})'
    again = eval(view.code, {"fit": fit})
    assert again.state == view.state


def test_an_empty_sigma_is_the_posterior(fit):
    assert fit.shrinkage(sigma={}).state["sigma"] is None


def test_very_many_groups_are_thinned_in_the_static_picture():
    fit = made_up([f"county {i}" for i in range(400)])
    fit.selection.groups = ["county 7"]
    spec = fit.shrinkage(sort="name").chart.to_dict()
    assert spec["height"] == 17 * 151 or spec["height"] == 17 * 150
    assert "of 400 groups" in str(spec["title"])


def test_labels_of_any_text_go_to_the_page_whole():
    fit = made_up(AWKWARD)
    view = fit.shrinkage(search='"__proto__"')
    assert sorted(column(view, "labels/g")) == sorted(AWKWARD)
    assert view.data["group"].tolist() == ["__proto__"]


@pytest.mark.parametrize("picture", ["groups", "plane"])
@pytest.mark.parametrize("ending", ["svg", "png", "json", "csv", "html"])
def test_saves_by_its_ending(fit, tmp_path, picture, ending):
    path = fit.shrinkage(picture=picture, sigma={"x|g": 0.1}).save(tmp_path / f"view.{ending}")
    assert path.stat().st_size > 500
