"""Numbers of any size as readers see them: words, ticks and priors, in Python and in the page."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import vl_convert as vlc

import hierwidgets as hw
from hierwidgets.charts import style
from hierwidgets.models import build
from hierwidgets.numbers import short
from hierwidgets.terms import effects
from tests.vectors import FOLDER

SAID = json.loads((FOLDER / "short.json").read_text())


@pytest.mark.parametrize("case", SAID, ids=lambda case: f"{case['value']}-{case['digits']}")
def test_short_is_what_the_page_says(case):
    assert short(float(case["value"]), case["digits"]) == case["expected"]


def test_short_keeps_its_digits_at_any_size():
    rng = np.random.default_rng(6)
    values = rng.choice([-1, 1], 300) * 10.0 ** rng.uniform(-300, 300, 300)
    for value in [*values, *np.sign(values) * np.abs(values) ** 0.02]:
        back = Decimal(short(value).replace("−", "-"))
        assert abs(back - Decimal(float(value))) <= abs(back) * Decimal("5.1e-4")
        assert len(short(value)) <= 12


def ticks(low, high, **axis):
    """The labels of the horizontal axis of a picture from `low` to `high`."""
    spec = {
        "data": {"values": [{"x": low}, {"x": high}]},
        "mark": "point",
        "width": 420,
        "encoding": {
            "x": {
                "field": "x",
                "type": "quantitative",
                "scale": {"zero": False},
                "axis": {"title": None, "labelOverlap": False, **axis},
            }
        },
        "config": style.config(live=False),
    }
    return re.findall(r"<text[^>]*>([^<]*)</text>", vlc.vegalite_to_svg(spec))


def test_ticks_far_from_one_have_a_power_of_ten():
    small = ticks(-5e-9, 2.5e-8)
    assert small[:4] == ["−1e−8", "−5e−9", "0", "5e−9"]
    large = ticks(2.0e14, 2.9e14)
    assert "2e14" in large
    assert len(set(large)) == len(large)
    assert max(map(len, [*small, *large])) <= 8
    near = ticks(2.400000001e14, 2.400000009e14)
    assert len(set(near)) == len(near)


def test_everyday_ticks_are_vegas_own():
    assert ticks(0, 1, tickCount=5) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert ticks(200, 400, tickCount=2) == ["200", "300", "400"]
    assert "1,000,000" in ticks(0, 2_000_000, tickCount=4)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e12])
def test_priors_of_any_size_are_read_as_they_are(unit, sleepstudy):
    data = sleepstudy.assign(Reaction=sleepstudy["Reaction"] * unit)
    model, _ = build("Reaction ~ Days + (Days | Subject)", data)
    for effect in effects(model):
        term = model.conditional_parameters["mu"].group_specific_terms[effect.variable]
        scale = float(term.prior.args["sigma"].args["sigma"])
        said = re.fullmatch(r"Normal\(mu: 0, sigma: HalfNormal\(sigma: (.*)\)\)", effect.prior)
        assert said
        assert float(said[1]) == pytest.approx(scale, rel=1e-5)


def test_a_prior_keeps_what_bambi_says_of_it():
    data = pd.DataFrame({"y": [1.0, 2.0, 4.0, 3.0], "g": list("aabb")})
    given = hw.Prior(
        "StudentT", nu=4, mu=0, sigma=hw.Prior("HalfNormal", sigma=2e-9), noncentered=False
    )
    model, _ = build("y ~ 1 + (1 | g)", data, priors={"1|g": given})
    said = "StudentT(nu: 4, mu: 0, sigma: HalfNormal(sigma: 2e-09), noncentered: False)"
    assert effects(model)[0].prior == said
