"""The posterior under other top-level priors, from the draws there are: weights, and a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from hierwidgets import priors
from hierwidgets.tables.convergence import disagreement
from hierwidgets.tables.diagnostics import diagnostics
from hierwidgets.tables.groups import QUANTILES
from hierwidgets.tables.trace import places
from hierwidgets.weights import densities, estimates, gate
from hierwidgets.weights.pool import normalisers

if TYPE_CHECKING:
    import xarray as xr

    from hierwidgets.fit import Fit
    from hierwidgets.priors import Setting


HEARD = 0.05
_UNMIXED: WeakKeyDictionary[Fit, str] = WeakKeyDictionary()


@dataclass(frozen=True)
class Pool:
    """The draws of several fits of one model, and the densities of their changed priors.

    Attributes
    ----------
    fits : list of Fit
        The first is the one that evidence is relative to.
    settings : list of dict
        All top-level priors of each fit.
    sizes : list of (chains, draws)
    draws : dict
        Draws of each parameter as its prior sees them, shape (elements, N): fit after fit, chain
        after chain.
    quantities : ndarray, shape (Q, N)
        Draws of the quantities that the verdict waits for.
    scales : list of str
        The parameters that are scales of groups.
    r_eff : float
        Tail effective sample size over draws, at most 1.
    unmixed : list of str
        Of each fit that its chains disagree, and what to do; nothing where they agree.
    """

    fits: list[Fit]
    settings: list[dict[str, Setting]]
    sizes: list[tuple[int, int]]
    draws: dict[str, np.ndarray] = field(repr=False)
    quantities: np.ndarray = field(repr=False)
    scales: list[str]
    r_eff: float
    unmixed: list[str]

    def log_prior(self, settings: Mapping[str, Setting], names: list[str]) -> np.ndarray:
        """Log density of these parameters under these priors, at every draw, shape (N,)."""
        total = np.zeros(self.quantities.shape[1])
        for name in names:
            one, x = settings[name], self.draws[name]
            args = {
                key: np.reshape(arg, (-1, 1)) if np.ndim(arg) else arg
                for key, arg in one.args.items()
            }
            total = total + densities.log_density(one.family, args, x).sum(axis=0)
        return total


def pool(fit: Fit) -> Pool:
    """The pool of a fit, itself first."""
    from hierwidgets.tables.priors import quantities

    fits = [fit, *(other for other in fit.pool if other is not fit)]
    tops = priors.top(fit)
    draws = {
        one.parameter: np.concatenate([_flat(priors.draws(f, one.parameter)) for f in fits], axis=1)
        for one in tops
        if not one.fixed
    }
    values = [np.stack([one.draws for one in quantities(f)], axis=2) for f in fits]
    return Pool(
        fits,
        [{one.parameter: one.setting for one in priors.top(f)} for f in fits],
        [(f.posterior.sizes["chain"], f.posterior.sizes["draw"]) for f in fits],
        draws,
        np.concatenate([_flat(own) for own in values], axis=1),
        sorted({effect.scale for effect in fit.effects}),
        float(np.mean([_efficiency(own) for own in values])),
        [unmixed(f) for f in fits],
    )


def unmixed(fit: Fit) -> str:
    """That the chains of a fit disagree, with R-hat and what to do first; nothing where they agree."""
    if fit not in _UNMIXED:
        found = disagreement(fit)
        _UNMIXED[fit] = (
            f"The chains that are reweighted disagree: {found.said}. First {found.next}"
            if found
            else ""
        )
    return _UNMIXED[fit]


def _efficiency(values: np.ndarray) -> float:
    """The least tail effective sample size as a share of the draws, of (chain, draw, Q) draws."""
    tail = diagnostics(values)[2]
    return float(np.clip(np.nanmin(tail) / values[..., 0].size, 0.01, 1.0))


def judged(drawn: Pool, settings: Mapping[str, Setting]) -> gate.Judgement:
    """The draws of a pool under these top-level priors, and the verdict.

    A fit that has these very priors speaks for itself: its own draws alone are taken, and of the
    pool only the evidence. Draws of chains that disagree make nothing reliable.
    """
    return _doubted(drawn, _judged(drawn, settings))


def _doubted(drawn: Pool, found: gate.Judgement) -> gate.Judgement:
    ends = np.cumsum([chains * draws for chains, draws in drawn.sizes])[:-1]
    shares = [float(own.sum()) for own in np.split(found.weights, ends)]
    pairs = zip(drawn.unmixed, shares, strict=True)
    said = next((said for said, share in pairs if said and share > HEARD), "")
    if not said:
        return found
    return replace(
        found,
        verdict="doubtful" if found.verdict == "reliable" else found.verdict,
        reason=f"{said} {found.reason}".strip(),
        evidence_reliable=found.evidence_reliable and found.evidence_se == 0,
    )


def _judged(drawn: Pool, settings: Mapping[str, Setting]) -> gate.Judgement:
    names = [
        name for name in drawn.draws if any(own[name] != settings[name] for own in drawn.settings)
    ]
    target = drawn.log_prior(settings, names)
    L = np.stack([drawn.log_prior(own, names) for own in drawn.settings])
    change = gate.Change(
        {name: settings[name] for name in names},
        [{name: own[name] for name in names} for own in drawn.settings],
        {name: drawn.draws[name] for name in names if name in drawn.scales},
    )
    found = gate.judge(target, L, drawn.quantities, drawn.sizes, r_eff=drawn.r_eff, change=change)
    same = [k for k, given in enumerate(drawn.settings) if given == settings]
    own = min(same, key=lambda k: bool(drawn.unmixed[k]), default=None)
    if own is None:
        return found
    f = normalisers(L, [chains * draws for chains, draws in drawn.sizes])
    return _alone(drawn, own, replace(found, log_evidence=float(f[own])))


def _alone(drawn: Pool, own: int, found: gate.Judgement) -> gate.Judgement:
    counts = [chains * draws for chains, draws in drawn.sizes]
    start = sum(counts[:own])
    here = slice(start, start + counts[own])
    alone = gate.judge(
        np.zeros(counts[own]),
        np.zeros((1, counts[own])),
        drawn.quantities[:, here],
        [drawn.sizes[own]],
        r_eff=drawn.r_eff,
    )
    weights = np.zeros(len(found.weights))
    weights[here] = alone.weights
    return replace(
        alone,
        verdict="reliable",
        reason="",
        weights=weights,
        sizes=found.sizes,
        responsibilities=np.ones((1, len(weights))),
        log_evidence=found.log_evidence,
        evidence_se=found.evidence_se if own else 0.0,
        evidence_reliable=own == 0 or found.evidence_reliable,
    )


def _flat(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, values.shape[-1]).T


def reweight(fit: Fit, changes: Mapping[str, Any]) -> Reweighted:
    """`Fit.reweight`."""
    tops = priors.top(fit)
    settings = priors.changed(tops, changes)
    drawn = pool(fit)
    found = judged(drawn, settings)
    normalised = all(one.normalised or settings[one.parameter] == one.setting for one in tops)
    proper = all(one.family != "Flat" for one in settings.values())
    shown = found.evidence_reliable and normalised and proper
    return Reweighted(
        fit=fit,
        settings=settings,
        khat=found.khat,
        ess=found.ess,
        verdict=found.verdict,
        reason=found.reason,
        weights=found.weights,
        log_evidence_ratio=found.log_evidence if shown else float("nan"),
        log_evidence_se=found.evidence_se,
        judgement=found,
        pool=drawn,
    )


@dataclass(frozen=True, repr=False)
class Reweighted:
    """A posterior under other priors, without sampling again, and how far to believe it.

    Made by `Fit.reweight`.

    Attributes
    ----------
    settings : dict
        Every top-level prior reweighted to.
    khat : float
        Pareto k of the weights; -inf where there is nothing to smooth.
    ess : float
        Effective sample size of the reweighted draws.
    verdict : {"reliable", "doubtful", "needs a refit"}
    reason : str
        Why, in a sentence.
    weights : ndarray, shape (draws of the whole pool,)
        Pareto-smoothed, summing to one: fit after fit of the pool, chain after chain.
    log_evidence_ratio : float
        Log marginal likelihood under these priors less that under the fitted; NaN where it cannot be
        trusted, or where a density has no constant.
    log_evidence_se : float
        Its Monte Carlo standard error.
    judgement : hierwidgets.weights.gate.Judgement
    pool : Pool
    """

    fit: Fit
    settings: dict[str, Setting]
    khat: float
    ess: float
    verdict: str
    reason: str
    weights: np.ndarray = field(repr=False)
    log_evidence_ratio: float
    log_evidence_se: float
    judgement: gate.Judgement = field(repr=False)
    pool: Pool = field(repr=False)

    @property
    def reliable(self) -> bool:
        """Whether means and standard deviations of the population's parameters may be believed."""
        return self.verdict == "reliable"

    def __repr__(self) -> str:
        fitted = self.pool.settings[0]
        changed = [
            f"{name} ~ {one} (fitted {fitted[name]})"
            for name, one in self.settings.items()
            if one != fitted[name]
        ]
        lines = [
            f"{self.fit.formula} under {', '.join(changed) or 'the fitted priors'}",
            f"  {self.verdict}, Pareto k {self.khat:.2f}, effective sample size {self.ess:.0f}",
        ]
        if self.reason:
            lines.append(f"  {self.reason}")
        return "\n".join(lines)

    def summary(self) -> pd.DataFrame:
        """Every scalar of the posterior under the new priors, with its Monte Carlo error.

        Returns
        -------
        DataFrame
            parameter, term, group, mean, sd, lower, inner_lower, median, inner_upper, upper,
            mcse_mean, mcse_sd, and fitted_mean and fitted_sd under the fitted priors.
        """
        fits, sizes = self.pool.fits, self.pool.sizes
        parts_of = []
        for parts in zip(*(places(fit) for fit in fits), strict=True):
            values = np.concatenate(
                [_flat(place.draws(fit)) for place, fit in zip(parts, fits, strict=True)], axis=1
            )
            own = values[:, : sizes[0][0] * sizes[0][1]]
            mean, sd = estimates.moments(self.weights, values)
            columns = {
                "parameter": parts[0].names,
                "term": parts[0].term,
                "group": parts[0].groups or "",
                "mean": mean,
                "sd": sd,
            }
            at = np.array(
                [estimates.quantiles(self.weights, v, list(QUANTILES.values())) for v in values]
            )
            columns |= dict(zip(QUANTILES, at.T, strict=True))
            error = np.array([self.judgement.mcse(v) for v in values])
            columns |= {"mcse_mean": error[:, 0], "mcse_sd": error[:, 1]}
            columns |= {"fitted_mean": own.mean(axis=1), "fitted_sd": own.std(axis=1, ddof=1)}
            parts_of.append(pd.DataFrame(columns))
        return pd.concat(parts_of, ignore_index=True)

    @property
    def idata(self) -> xr.DataTree:
        """The reweighted posterior as a DataTree: draws taken again in proportion to their weights.

        As many as the fit has, by systematic resampling, in one chain: repeats are expected, and
        diagnostics of chains mean nothing on them.
        """
        import xarray as xr

        n = self.pool.sizes[0][0] * self.pool.sizes[0][1]
        ends = np.cumsum(self.weights)
        places = np.searchsorted(ends / ends[-1], (np.arange(n) + 0.5) / n)
        draws = []
        for fit in self.pool.fits:
            flat = fit.posterior.stack(sample=("chain", "draw"), create_index=False)  # noqa: PD013
            draws.append(flat.drop_vars(["chain", "draw"], errors="ignore"))
        taken = xr.concat(draws, dim="sample").isel(sample=places).rename(sample="draw")
        taken = taken.assign_coords(draw=np.arange(n)).expand_dims(chain=[0])
        taken = taken.transpose("chain", "draw", ...)
        taken.attrs = {"reweighted": str({name: str(one) for name, one in self.settings.items()})}
        return xr.DataTree.from_dict({"posterior": taken})
