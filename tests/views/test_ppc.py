"""Predictive checks as a view: state, code, what the page gets, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import hierwidgets as hw
from hierwidgets.tables import ppc as tables
from hierwidgets.tables import ppc_held
from hierwidgets.views.columns import decode
from hierwidgets.views.ppc import PpcView


def spread(y: np.ndarray) -> float:
    return float(np.ptp(y))


def column(view: PpcView, name: str) -> np.ndarray:
    return np.asarray(decode(view.columns[name]))


@pytest.fixture(scope="module")
def view(sleep_fit: hw.Fit) -> PpcView:
    return sleep_fit.ppc()


def test_it_opens_on_new_groups_by_surprise(view, sleep_fit):
    assert view.state["replicate"] == "new"
    held = ppc_held.held_out(sleep_fit, "Subject", sleep_fit.data["Days"].to_numpy(float))
    own = tables.groups(
        held.made, sleep_fit.effects[0], slope=sleep_fit.data["Days"].to_numpy(float)
    )
    assert view.data["group"].tolist() == own["group"].tolist()
    np.testing.assert_allclose(view.data["probability"], own["probability"])
    assert view.data["group"][0] == "332"
    assert "332" in view.verdict.findings[0].said


def test_the_state_is_the_code(sleep_fit):
    view = sleep_fit.ppc(picture="ecdf", statistic="slope", order="size", search="3", group="308")
    assert eval(view.code, {"fit": sleep_fit}).state == view.state
    assert all("3" in group for group in view.data["group"])
    assert set(view.data["statistic"]) == {"slope"}


def test_the_page_gets_pictures_and_groups(view, sleep_fit):
    labels = sleep_fit.factors["Subject"]
    sent = column(view, "table_0_new_0").reshape(6, -1)
    own = view.data.set_index("group").loc[labels]
    np.testing.assert_allclose(sent[0], own["observed"], rtol=1e-5)
    np.testing.assert_allclose(sent[4], own["probability"], rtol=1e-5)
    np.testing.assert_allclose(column(view, "y"), sleep_fit.data["Reaction"], rtol=1e-6)
    reach = column(view, "rows_0_new").reshape(2, -1)
    assert (reach[0] < reach[1]).all()
    for picture in view.about["pictures"]:
        assert len(column(view, f"{picture}_x")) == len(column(view, f"{picture}_observed"))
    assert {"pit", "loo_pit"} <= set(view.about["pictures"])


def test_a_users_function_is_one_of_the_statistics(sleep_fit, sleepstudy):
    view = sleep_fit.ppc(statistic=spread)
    assert "statistic=spread" in view.code
    own = sleepstudy.groupby("Subject", observed=True)["Reaction"].apply(spread)
    table = view.data.set_index("group")
    np.testing.assert_allclose(table["observed"], own.loc[table.index])


def test_priors_are_checked_with_the_same_pictures(sleep_fit, capfd):
    view = sleep_fit.ppc("prior")
    assert view.code == 'fit.ppc(kind="prior")'
    assert view.about["heading"] == "Prior predictive check"
    mean = view.statistics.set_index("statistic").loc["mean"]
    posterior = sleep_fit.ppc().statistics.set_index("statistic").loc["mean"]
    assert mean["upper"] - mean["lower"] > 5 * (posterior["upper"] - posterior["lower"])
    assert view.chart.to_dict()
    assert capfd.readouterr().err == ""


def test_every_kind_of_file_is_written(view, tmp_path):
    for ending in ("html", "svg", "csv"):
        assert view.save(tmp_path / f"ppc.{ending}").stat().st_size > 500


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"kind": "future"}, "a kind of predictive check"),
        ({"picture": "bars"}, "a picture of this response"),
        ({"statistic": "median"}, "a statistic of this response"),
        ({"factor": "Days"}, "a grouping factor"),
        ({"replicate": "old"}, "a replication"),
        ({"order": "size2"}, "an order of groups"),
        ({"group": "nobody"}, "a group of 'Subject'"),
    ],
)
def test_what_cannot_be_is_refused(sleep_fit, state, said):
    with pytest.raises(ValueError, match=said):
        sleep_fit.ppc(**state)
