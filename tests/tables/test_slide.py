import numpy as np
import pytest

from hierwidgets.tables.slide import slide
from tests import vectors


@pytest.fixture
def problem():
    """Twelve groups of unequal size, two effects, independent of the code under test."""
    rng = np.random.default_rng(7)
    residual = 1.7
    designs, responses = [], []
    for size in rng.integers(3, 9, size=12):
        x = np.column_stack([np.ones(size), rng.normal(size=size)])
        effect = np.array([2.0, -1.0]) + rng.normal(size=2) * [1.5, 0.6]
        designs.append(x)
        responses.append(x @ effect + residual * rng.normal(size=size))
    precision = np.stack([x.T @ x for x in designs]) / residual**2
    score = np.stack([x.T @ y for x, y in zip(designs, responses, strict=True)]) / residual**2
    return designs, responses, residual, precision, score


def test_slide_is_dense_gls_and_blup(problem):
    designs, responses, residual, precision, score = problem
    scales = np.array([1.2, 0.4])
    blocks = [
        residual**2 * np.eye(len(y)) + x @ np.diag(scales**2) @ x.T
        for x, y in zip(designs, responses, strict=True)
    ]
    rows = sum(len(y) for y in responses)
    covariance = np.zeros((rows, rows))
    z = np.zeros((rows, 2 * len(designs)))
    at = 0
    for j, (x, block) in enumerate(zip(designs, blocks, strict=True)):
        end = at + len(x)
        covariance[at:end, at:end] = block
        z[at:end, 2 * j : 2 * j + 2] = x
        at = end
    x, y = np.concatenate(designs), np.concatenate(responses)
    inverse = np.linalg.inv(covariance)
    gls = np.linalg.inv(x.T @ inverse @ x) @ x.T @ inverse @ y
    blup = np.kron(np.eye(len(designs)), np.diag(scales**2)) @ z.T @ inverse @ (y - x @ gls)

    estimates, weight, centre = slide(precision, score, scales)

    np.testing.assert_allclose(centre, gls, rtol=1e-10)
    np.testing.assert_allclose(estimates, gls + blup.reshape(-1, 2), rtol=1e-9)
    sigma = np.diag(scales**2)
    for j in range(len(designs)):
        share = sigma @ np.linalg.inv(sigma + np.linalg.inv(precision[j]))
        np.testing.assert_allclose(weight[j], np.diag(share), rtol=1e-10)


def test_one_effect_is_the_textbook_weight():
    n = np.array([1.0, 4.0, 25.0])
    own = np.array([3.0, -1.0, 0.5])
    precision = (n / 2.0**2)[:, None, None]
    estimates, weight, centre = slide(precision, precision[:, 0] * own[:, None], np.array([0.8]))
    expected = (n / 4) / (n / 4 + 1 / 0.64)
    np.testing.assert_allclose(weight[:, 0], expected)
    np.testing.assert_allclose(estimates[:, 0], expected * own + (1 - expected) * centre[0])
    assert np.all(np.diff(weight[:, 0]) > 0)


def test_scale_zero_is_complete_pooling(problem):
    designs, responses, _, precision, score = problem
    estimates, weight, centre = slide(precision, score, np.zeros(2))
    pooled, *_ = np.linalg.lstsq(np.concatenate(designs), np.concatenate(responses))
    np.testing.assert_allclose(centre, pooled, rtol=1e-10)
    np.testing.assert_allclose(estimates, np.tile(pooled, (len(designs), 1)), rtol=1e-10)
    np.testing.assert_array_equal(weight, 0)


def test_large_scale_is_no_pooling(problem):
    _, _, _, precision, score = problem
    own = np.linalg.solve(precision, score[:, :, None])[:, :, 0]
    estimates, weight, centre = slide(precision, score, np.array([1e6, 1e6]))
    np.testing.assert_allclose(estimates, own, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(weight, 1, atol=1e-8)
    np.testing.assert_allclose(centre, own.mean(axis=0), rtol=1e-6)


def test_one_scale_zero_holds_that_effect_alone(problem):
    _, _, _, precision, score = problem
    estimates, weight, centre = slide(precision, score, np.array([1.0, 0.0]))
    np.testing.assert_allclose(estimates[:, 1], centre[1])
    assert np.ptp(estimates[:, 0]) > 0.5
    np.testing.assert_array_equal(weight[:, 1], 0)


def test_a_group_with_singular_precision_borrows_its_slope(problem):
    _, _, _, precision, score = problem
    row = np.array([1.0, 0.0])
    single = np.outer(row, row) / 1.7**2
    more = np.concatenate([precision, single[None]])
    pull = np.concatenate([score, (row * 5.0 / 1.7**2)[None]])
    estimates, weight, centre = slide(more, pull, np.array([1.2, 0.4]))
    assert np.isfinite(estimates).all()
    np.testing.assert_allclose(estimates[-1, 1], centre[1])
    assert weight[-1, 1] == 0
    assert 0 < weight[-1, 0] < 1


def test_a_group_without_an_estimate_stays_nan_and_moves_nothing(problem):
    _, _, _, precision, score = problem
    more = np.concatenate([precision, np.full((1, 2, 2), np.nan)])
    pull = np.concatenate([score, np.full((1, 2), np.nan)])
    scales = np.array([1.2, 0.4])
    alone = slide(precision, score, scales)
    joined = slide(more, pull, scales)
    np.testing.assert_allclose(joined[0][:-1], alone[0])
    np.testing.assert_allclose(joined[2], alone[2])
    assert np.isnan(joined[0][-1]).all()
    assert np.isnan(joined[1][-1]).all()


@pytest.mark.parametrize("bad", [[-1.0, 1.0], [np.inf, 1.0], [np.nan, 1.0]])
def test_a_scale_outside_its_range_is_refused(problem, bad):
    with pytest.raises(ValueError, match="finite and 0 or more"):
        slide(problem[3], problem[4], np.array(bad))


def test_shapes_that_disagree_are_refused(problem):
    with pytest.raises(ValueError, match=r"got \(12, 2, 2\), \(12, 2\) and \(1,\)"):
        slide(problem[3], problem[4], np.ones(1))


def test_an_effect_no_group_can_tell_is_refused():
    flat = np.zeros((3, 2, 2))
    flat[:, 0, 0] = 1
    with pytest.raises(ValueError, match="do not determine"):
        slide(flat, np.ones((3, 2)), np.ones(2))


@pytest.mark.parametrize("case", vectors.read("slide"), ids=lambda case: case["name"])
def test_slide_gives_the_shared_vectors(case):
    names = ("precision", "score", "scales", "correlation", "free")
    found = slide(*(case[n] for n in names), fixed=case["fixed"], place=np.array(case["place"]))
    for values, name in zip(found, ["estimates", "weight", "centre"], strict=True):
        np.testing.assert_allclose(values, case[name], atol=1e-10, rtol=1e-9)
