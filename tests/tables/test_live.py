"""What is shown of a sampler that runs."""

from __future__ import annotations

import arviz as az
import numpy as np
import pytest
import xarray as xr

from hierwidgets.tables import live

STEPS = 600
TUNE = 200


def slow(seed: int, steps: int, size: int) -> np.ndarray:
    """Autoregressive draws, the first column nearly white and each further one slower."""
    noise = np.random.default_rng(seed).normal(size=(steps, size))
    pace = np.linspace(0, 0.95, size)
    values = np.empty_like(noise)
    values[0] = noise[0]
    for i in range(1, steps):
        values[i] = pace * values[i - 1] + noise[i]
    return values


@pytest.fixture(scope="module")
def chains() -> list[dict[str, np.ndarray]]:
    return [{"a": slow(seed, STEPS, 6), "b": slow(10 + seed, STEPS, 1)} for seed in range(3)]


@pytest.fixture(scope="module")
def known() -> list[live.Parameter]:
    return live.watched({"a": ["x"]}, {"x": list("pqrstu")}, ["a", "b", "b_offset"], str)


def tuning(*lengths: int) -> list[np.ndarray]:
    """Which steps are warm-up, of chains this long."""
    return [np.arange(length) < TUNE for length in lengths]


def cut(chains: list[dict[str, np.ndarray]], *lengths: int) -> list[dict[str, np.ndarray]]:
    return [
        {name: values[:length] for name, values in chain.items()}
        for chain, length in zip(chains, lengths, strict=True)
    ]


def arviz(chains: list[dict[str, np.ndarray]], used: list[int], length: int) -> xr.Dataset:
    values = np.stack([chains[i]["a"][TUNE : TUNE + length] for i in used])
    draws = xr.Dataset({"a": (("chain", "draw", "x"), values)})
    return xr.Dataset({"rhat": az.rhat(draws)["a"], "ess": az.ess(draws)["a"]})


def test_the_diagnostics_are_arvizs_on_the_draws_that_all_chains_have(chains, known):
    lengths = (600, 560, 580)
    seen = live.glance(cut(chains, *lengths), tuning(*lengths), known)
    expected = arviz(chains, [0, 1, 2], 560 - TUNE)
    assert seen.slowest["parameter"].tolist() == ["a[r]", "a[s]", "a[t]", "a[u]"]
    np.testing.assert_allclose(seen.slowest["rhat"], expected["rhat"][2:], rtol=1e-9)
    np.testing.assert_allclose(seen.slowest["ess_bulk"], expected["ess"][2:], rtol=1e-9)
    assert not seen.warming


def test_a_chain_far_behind_is_left_out_of_the_diagnostics_not_of_the_lines(chains, known):
    lengths = (600, 560, 300)
    seen = live.glance(cut(chains, *lengths), tuning(*lengths), known)
    expected = arviz(chains, [0, 1], 560 - TUNE)
    np.testing.assert_allclose(seen.slowest["rhat"], expected["rhat"][2:], rtol=1e-9)
    assert set(seen.lines["chain"]) == {0, 1, 2}
    assert seen.lines.query("chain == 2")["draw"].max() == 99


def test_one_chain_alone_has_no_rhat_but_an_effective_size(chains, known):
    lengths = (600, 150, 150)
    seen = live.glance(cut(chains, *lengths), tuning(*lengths), known)
    assert seen.slowest["rhat"].isna().all()
    expected = arviz(chains, [0], 400)
    np.testing.assert_allclose(seen.slowest["ess_bulk"], expected["ess"][2:], rtol=1e-9)


def test_warm_up_shows_its_later_half_without_diagnostics(chains, known):
    seen = live.glance(cut(chains, 100, 80, 60), tuning(100, 80, 60), known)
    assert seen.warming
    assert seen.slowest[["rhat", "ess_bulk"]].isna().all(axis=None)
    assert seen.lines.groupby("chain")["draw"].min().tolist() == [50, 40, 30]
    assert seen.lines.groupby("chain")["draw"].max().tolist() == [99, 79, 59]


def test_nothing_drawn_yet_is_an_empty_picture(known):
    nothing = [{"a": np.empty((0, 6)), "b": np.empty((0, 1))}]
    seen = live.glance(nothing, tuning(0), known)
    assert seen.lines.empty
    assert list(seen.lines.columns) == ["parameter", "chain", "draw", "value"]


def test_lines_keep_the_extremes_of_every_chain(chains, known):
    seen = live.glance(chains, tuning(STEPS, STEPS, STEPS), known)
    last = seen.lines.query("parameter == 'a[u]'")
    for i, own in last.groupby("chain"):
        kept = chains[i]["a"][TUNE:, 5]
        assert own["value"].min() == kept.min()
        assert own["value"].max() == kept.max()
        np.testing.assert_array_equal(own["value"], kept[own["draw"]])


def test_of_many_groups_some_over_their_whole_range_are_watched():
    groups = [f"g{i}" for i in range(1000)]
    dims = {"1|g": ["g__factor_dim"], "beta": ["k"]}
    found = live.watched(dims, {"g__factor_dim": groups, "k": range(5)}, ["1|g", "beta"], str)
    names = [one.name for one in found]
    assert len(found) == live.MOST_GROUPS + 5
    assert {"1|g[g0]", "1|g[g999]", "beta[4]"} <= set(names)
    assert all(f"[g{one.column}]" in one.name for one in found if one.variable == "1|g")


def test_two_dimensions_are_named_in_the_samplers_order():
    dims = {"x|g": ["e", "g__factor_dim"]}
    found = live.watched(dims, {"e": ["a", "b"], "g__factor_dim": ["u", "v", "w"]}, ["x|g"], str)
    assert [one.name for one in found][:4] == ["x|g[a, u]", "x|g[a, v]", "x|g[a, w]", "x|g[b, u]"]
    assert [one.column for one in found] == list(range(6))
