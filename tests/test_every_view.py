"""Every view opens on every kind of model: its table, its chart and its page."""

from __future__ import annotations

import bambi as bmb
import numpy as np
import pandas as pd
import pytest

import hierwidgets as hw

VIEWS = (
    "dashboard",
    "trace",
    "convergence",
    "caterpillar",
    "shrinkage",
    "groups",
    "variance",
    "priors",
    "sensitivity",
    "loo",
    "ppc",
)
KINDS = [
    ("y ~ x + (x | a / b) + (1 | c)", {}),
    ("y ~ x + (x | a / b) + (1 | c)", {"correlated": True}),
    ("y ~ kind + (kind | c)", {"correlated": ["c"]}),
    (bmb.Formula("y ~ x + (1 | a)", "sigma ~ 1 + (1 | c)"), {}),
    ("y ~ x + (1 | c)", {"family": "t"}),
    ("yes ~ x + (1 | c)", {"family": "bernoulli"}),
    ("p(hits, tries) ~ x + (x | c)", {"family": "binomial"}),
    ("count ~ x + (1 | a) + (1 | c)", {"family": "poisson"}),
    ("count ~ x + (1 | c)", {"family": "negativebinomial"}),
    ("size ~ x + (1 | c)", {"family": "gamma", "link": "log"}),
    ("share ~ x + (1 | c)", {"family": "beta"}),
    ("grade ~ x + (1 | c)", {"family": "cumulative"}),
]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    n = 240
    c = rng.integers(0, 8, n)
    x = rng.normal(size=n)
    mean = 0.4 + 0.5 * x + 0.6 * rng.normal(size=8)[c]
    return pd.DataFrame(
        {
            "x": x,
            "a": np.repeat(list("pqr"), n // 3),
            "b": np.tile(list("mnop"), n // 4),
            "c": c.astype(str),
            "kind": pd.Categorical(rng.choice(["lo", "mid", "hi"], n)),
            "y": mean + rng.normal(size=n),
            "yes": rng.binomial(1, 1 / (1 + np.exp(-mean))),
            "hits": rng.binomial(6, 1 / (1 + np.exp(-mean))),
            "tries": 6,
            "count": rng.poisson(np.exp(mean)),
            "size": rng.gamma(3, np.exp(mean) / 3),
            "share": np.clip(rng.beta(2, 2, n), 0.01, 0.99),
            "grade": pd.Categorical(np.digitize(mean, [-0.3, 0.5, 1.2]), ordered=True),
        }
    )


@pytest.mark.parametrize(("formula", "options"), KINDS)
def test_every_view_opens(formula, options, data, tmp_path):
    fit = hw.fit(
        formula, data, draws=60, tune=120, chains=2, random_seed=1, progress=False, **options
    )
    views = [getattr(fit, name)() for name in VIEWS]
    for view in views:
        assert len(view.data), view
        assert view.chart.to_dict()["$schema"]
        space = {"fit": fit, "hw": hw}
        *before, last = view.code.splitlines()
        exec("\n".join(before), space)
        assert eval(last, space).state == view.state
    page = hw.report(views, tmp_path / "page.html", stills=False)
    assert page.stat().st_size > 300_000
