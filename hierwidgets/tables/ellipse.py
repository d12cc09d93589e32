"""Where the population says that most of its groups lie."""

from __future__ import annotations

import numpy as np
import pandas as pd

POINTS = 72
CHI_SQUARED_95 = 5.991464547107979


def ellipse(centre: np.ndarray, covariance: np.ndarray) -> pd.DataFrame:
    """The ellipse that holds 95 % of a bivariate normal.

    Parameters
    ----------
    centre : ndarray, shape (2,)
    covariance : ndarray, shape (2, 2)
        Positive semi-definite; a variance of 0 gives a line.

    Returns
    -------
    DataFrame
        ``step, x, y`` along the ellipse, the last point being the first.

    Examples
    --------
    >>> round(float(ellipse(np.zeros(2), np.eye(2))["x"].max()), 3)
    2.448
    """
    angle = np.linspace(0, 2 * np.pi, POINTS + 1)
    sd = np.sqrt(np.diag(covariance))
    rho = covariance[0, 1] / (sd[0] * sd[1]) if sd.all() else 0.0
    radius = np.sqrt(CHI_SQUARED_95)
    x = radius * np.cos(angle)
    y = radius * (rho * np.cos(angle) + np.sqrt(max(1 - rho**2, 0.0)) * np.sin(angle))
    return pd.DataFrame(
        {"step": np.arange(POINTS + 1), "x": centre[0] + sd[0] * x, "y": centre[1] + sd[1] * y}
    )
