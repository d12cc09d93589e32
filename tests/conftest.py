"""Real fits shared by the whole run: every test reads them, none changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import hierwidgets as hw

if TYPE_CHECKING:
    import pandas as pd


@pytest.fixture(scope="session")
def sleepstudy() -> pd.DataFrame:
    return hw.example("sleepstudy")


@pytest.fixture(scope="session")
def radon() -> pd.DataFrame:
    return hw.example("radon")


@pytest.fixture(scope="session")
def sleep_fit(sleepstudy: pd.DataFrame) -> hw.Fit:
    return hw.fit(
        "Reaction ~ Days + (Days | Subject)",
        sleepstudy,
        draws=1000,
        tune=1000,
        chains=4,
        random_seed=20250,
        progress=False,
    )


@pytest.fixture(scope="session")
def radon_fit(radon: pd.DataFrame) -> hw.Fit:
    return hw.fit(
        "log_radon ~ floor + (1 | county)",
        radon,
        draws=1000,
        tune=1000,
        chains=4,
        random_seed=20251,
        progress=False,
    )
