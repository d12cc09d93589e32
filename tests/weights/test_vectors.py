import pytest

from tests import vectors, weights_vectors


def nearly(found, stored) -> bool:
    """Whether two trees of numbers and text agree."""
    if isinstance(found, dict):
        return found.keys() == stored.keys() and all(nearly(found[k], stored[k]) for k in found)
    if isinstance(found, list):
        return len(found) == len(stored) and all(map(nearly, found, stored))
    if isinstance(found, float):
        return found == pytest.approx(stored, rel=1e-7, abs=1e-10)
    return found == stored


@pytest.mark.parametrize("name", list(weights_vectors.VECTORS))
def test_the_vectors_are_what_their_makers_make(name):
    assert nearly(weights_vectors.made(name), vectors.read(name))
