import numpy as np
import pandas as pd
import pytest

from hierwidgets.charts import sensitivity as charts
from tests.charts.scene import marks, texts


@pytest.fixture
def rows():
    return pd.DataFrame(
        {
            "row": [0, 1, 2],
            "label": ["Intercept", "by the prior of x", "sigma"],
            "alone": [0, 1, 0],
            "said": ["prior-data conflict", "", ""],
            "loud": [1, 0, 0],
            "prior": [0.36, 0.04, 0.0],
            "likelihood": [0.16, np.nan, 0.09],
            "prior_doubtful": [1, 0, 0],
            "likelihood_doubtful": [0, 0, 0],
            "prior_told": [
                "Intercept, prior 0.360",
                "Intercept by x, prior 0.040",
                "sigma, prior 0",
            ],
            "likelihood_told": ["Intercept, likelihood 0.160", "", "sigma, likelihood 0.090"],
        }
    )


def dots(chart, shape):
    found = [item for items in marks(chart).values() for item in items]
    return sorted((i for i in found if i.get("shape") == shape), key=lambda item: item["y"])


def test_places_go_with_the_square_root_of_the_sensitivity(rows):
    chart = charts.sensitivity(rows, most=0.64)
    priors, likelihoods = dots(chart, "circle"), dots(chart, "diamond")
    assert [one["x"] for one in priors] == pytest.approx([560 * at for at in (0.75, 0.25, 0)])
    assert [one["x"] for one in likelihoods] == pytest.approx([560 * at for at in (0.5, 0.375)])
    assert [one["y"] for one in likelihoods] == pytest.approx([priors[0]["y"], priors[2]["y"]])
    assert np.diff([one["y"] for one in priors]) == pytest.approx([charts.ROW, charts.ROW])


def test_a_doubtful_dot_is_hollow(rows):
    first, second, third = dots(charts.sensitivity(rows), "circle")
    assert first["fill"] == "#ffffff"
    assert first["stroke"] == second["fill"] == third["fill"] == "#0072b2"
    assert first["description"] == "Intercept, prior 0.360"


def test_labels_diagnoses_and_the_limit_are_drawn(rows):
    said = texts(charts.sensitivity(rows))
    assert {"Intercept", "by the prior of x", "sigma", "prior-data conflict"} <= set(said)
    held = charts.sensitivity(rows, limit=0.07).to_dict()["datasets"].values()
    assert [{"at": 0.07}] in list(held)


def test_no_rows_is_a_picture_too(rows):
    assert dots(charts.sensitivity(rows.iloc[:0]), "circle") == []
