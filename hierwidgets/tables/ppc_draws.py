"""Replicated data: what the model would have seen, drawn in numpy from its linear predictors."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hierwidgets import checks, models, responses, sampling, terms
from hierwidgets.tables import ppc_altered
from hierwidgets.tables.ppc_families import CUMULATIVE, FAMILIES, Family

if TYPE_CHECKING:
    import xarray as xr

    from hierwidgets.fit import Fit
    from hierwidgets.terms import Effect

Kind = Literal["posterior", "prior"]
KINDS = ("posterior", "prior")
REPLICATES = ("new", "same")
DRAWS = 1000
FEWEST = 200
MOST_NUMBERS = 8_000_000
SEED = 20260


@dataclass(frozen=True)
class Replications:
    """The response and its replications.

    Attributes
    ----------
    observed : ndarray, shape (rows,)
        Counts of successes for a binomial response, numbers 0, 1, ... for ordered categories.
    replicated : ndarray, shape (draws, rows)
    trials : ndarray, shape (rows,), or None
    discrete : bool
    """

    observed: np.ndarray
    replicated: np.ndarray
    trials: np.ndarray | None
    discrete: bool


def replications(
    fit: Fit,
    kind: Kind = "posterior",
    new: str | None = None,
    draws: int = DRAWS,
    random_seed: int = SEED,
) -> Replications:
    """Data sets that the model would produce in place of the one observed.

    Drawn here for the families gaussian, t, bernoulli, binomial, poisson, negativebinomial, gamma,
    beta and cumulative; by Bambi for others. Weights of rows are not used. A truncated or constrained
    response is replicated within its bounds; in place of censored values stand some that the model
    draws beyond their limits, once.

    Parameters
    ----------
    fit : Fit
    kind : {"posterior", "prior"}
        Parameters from the posterior, or from all priors.
    new : str, optional
        A grouping factor whose groups, and those nested in them, are replaced by new ones: u is
        drawn from N(0, Sigma) of each draw. Effects of other factors stay. Marshall and Spiegelhalter
        (2003), Statistics in Medicine 22, 1649-1660, call it mixed replication.
    draws : int
        Data sets; fewer, but 200 at least, where there are very many rows.
    random_seed : int

    Returns
    -------
    Replications

    Raises
    ------
    ValueError
        A family whose response is no single number, or new groups of effects that are not Normal
        around zero.

    Examples
    --------
    >>> replications(fit, new="Subject").replicated.shape
    """
    checks.one_of(kind, KINDS, "a kind of predictive check")
    observed, trials = response(fit)
    rng = np.random.default_rng(random_seed)
    count = max(min(draws, FEWEST), min(draws, MOST_NUMBERS // len(observed)))
    source = fit.posterior if kind == "posterior" else prior(fit, count, random_seed)
    rest = responses.altered(fit.model)
    if rest is not None and rest.status is not None:
        observed = ppc_altered.censored(fit, random_seed)
    if closed(fit):
        at = Parameters(fit, source, places(source, count), fresh(fit, new), rng)
        found = ppc_altered.drawn(fit.family, rng, trials, rest, at.all())
    elif new is None:
        found = _by_bambi(fit, source, count, random_seed)
    else:
        raise ValueError(
            f"Replications of the {fit.family} family come from Bambi, with the same groups: ask for "
            'replicate="same".'
        )
    return Replications(observed, found, trials, discrete(fit))


def closed(fit: Fit) -> bool:
    """Whether this module draws the response itself."""
    return fit.family in FAMILIES and not terms.smooths(fit.model)


def drawable(fit: Fit) -> bool:
    """Whether new groups of every factor can be drawn from the population."""
    odd = any(models.not_normal(fit.model, effect.component) for effect in fit.effects)
    return closed(fit) and not odd


def discrete(fit: Fit) -> bool:
    """Whether the response takes whole numbers only."""
    one = FAMILIES.get(fit.family)
    values = response(fit)[0]
    return one.discrete if one else bool(np.all(values == np.round(values)))


def response(fit: Fit) -> tuple[np.ndarray, np.ndarray | None]:
    """The observed numbers, the limits of censored ones, and the trials of a binomial response.

    Raises
    ------
    ValueError
        A response that replications could not be set beside.
    """
    values = terms.response(fit.model)
    if fit.family == "binomial":
        return values[:, 0], values[:, 1]
    if values.ndim != 1 or (models.has_categories(fit.model) and fit.family != "cumulative"):
        raise ValueError(
            f"A response of the {fit.family} family is no single number, so there is no predictive "
            "check of it yet."
        )
    return values, None


def prior(fit: Fit, draws: int, random_seed: int) -> xr.Dataset:
    """Draws of all parameters from their priors, named as those of the posterior."""
    import pymc as pm
    import xarray as xr

    model = fit.model
    sampling.build(model)
    logger = logging.getLogger("pymc.sampling.forward")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings(), sampling.BUILDING:
            warnings.filterwarnings("ignore", "Cannot cache compiled function")
            tree = pm.sample_prior_predictive(
                draws=draws,
                var_names=models.stored(model),
                model=model.backend.model,
                random_seed=random_seed,
            )
    finally:
        logger.setLevel(level)
    drawn = xr.DataTree.from_dict({"posterior": tree["prior"].to_dataset()})
    return models.clean(model, drawn)["posterior"].to_dataset()


def fresh(fit: Fit, factor: str | None) -> set[str]:
    """The factor whose groups are new, and those nested in it.

    Raises
    ------
    ValueError
        If its effects are not drawn from a Normal around zero.
    """
    if factor is None:
        return set()
    checks.one_of(factor, list(fit.factors), "a grouping factor of this model")
    inside = {inner for inner, outers in terms.nesting(fit.effects).items() if factor in outers}
    found = {factor, *inside}
    for effect in fit.effects:
        odd = models.not_normal(fit.model, effect.component)
        if effect.factor in found and effect.variable in odd:
            raise ValueError(
                f"The effects of {effect.term!r} are not Normal around zero, and new groups are drawn "
                'from a Normal. replicate="same" needs none.'
            )
    return found


def places(source: xr.Dataset, count: int) -> np.ndarray:
    """So many draws, evenly over all chains; some twice where there are fewer."""
    total = source.sizes["chain"] * source.sizes["draw"]
    return np.linspace(0, total - 1, count).round().astype(int)


class Parameters:
    """The parameters of the response at some draws, by row.

    Parameters
    ----------
    fit : Fit
    source : Dataset
        Draws of all parameters, as those of a posterior.
    chosen : ndarray of int, shape (draws,)
        Which of them, over all chains.
    renewed : set of str
        The factors whose effects are drawn from the population.
    rng : numpy.random.Generator
    rows : ndarray of int or slice
        All by default.
    """

    def __init__(
        self,
        fit: Fit,
        source: xr.Dataset,
        chosen: np.ndarray,
        renewed: set[str],
        rng: np.random.Generator,
        *,
        rows: np.ndarray | slice = slice(None),
    ) -> None:
        self.fit, self.source, self.chosen, self.rows = fit, source, chosen, rows
        self.effects = self._effects(renewed, rng)

    def all(self) -> list[np.ndarray]:
        """Each parameter of the family, shape (draws, rows) or (draws, 1)."""
        return [self.at(name) for name in FAMILIES[self.fit.family].names]

    def at(self, name: str) -> np.ndarray:
        """One parameter; cumulative probabilities (draws, rows, categories - 1) for "p"."""
        model = self.fit.model
        if self.fit.family == "cumulative" and name == "p":
            return self._cumulative()
        if name not in model.conditional_parameters:
            constant = terms.constant_draws(model, self.source, name)
            if constant is None:
                raise ValueError(f"The {self.fit.family} family has no parameter {name!r}.")
            return constant.reshape(-1, 1)[self.chosen]
        return np.asarray(model.family.link[name].linkinv(self._linear(name)))

    def _linear(self, name: str) -> np.ndarray:
        design = terms.common(self.fit.model, name)
        eta = _flat(design.draws(self.source))[self.chosen] @ design.X[self.rows].T
        eta += design.offset[self.rows]
        for effect, values, place in self.effects:
            if effect.component == name:
                eta += values[:, place] * effect.predictor[self.rows]
        return eta

    def _cumulative(self) -> np.ndarray:
        model = self.fit.model
        main = terms.parent(model)
        part = model.marginal_parameters["threshold"]
        values = self.source[str(part.alias or "threshold")]
        cuts = values.transpose(*terms.MAIN_DIMS, ...).to_numpy()
        cuts = _flat(cuts.reshape(*cuts.shape[:2], -1))[self.chosen]
        z = cuts[:, None, :] - self._linear(main)[:, :, None]
        return CUMULATIVE[terms.link_name(model, main)](z)

    def _effects(
        self, renewed: set[str], rng: np.random.Generator
    ) -> list[tuple[Effect, np.ndarray, np.ndarray]]:
        """Of each effect its values (draws, levels of these rows), and the level of each row."""
        source, chosen = self.source, self.chosen
        found: list[tuple[Effect, np.ndarray, np.ndarray]] = []
        done: set[str] = set()
        for effect in self.fit.effects:
            if effect.term in done:
                continue
            varying = self.fit.siblings(effect)
            done |= {one.term for one in varying}
            levels, place = np.unique(effect.index[self.rows], return_inverse=True)
            if effect.factor not in renewed:
                for one in varying:
                    values = _flat(one.draws(source))
                    found.append((one, values[np.ix_(chosen, levels)], place))
                continue
            tau = np.stack([one.scale_draws(source).ravel() for one in varying], axis=1)
            values, vectors = np.linalg.eigh(terms.correlation_draws(varying, source))
            root = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
            root = np.broadcast_to(root, (len(tau), *root.shape[1:]))[chosen]
            z = rng.standard_normal((len(chosen), len(levels), len(varying)))
            u = tau[chosen][:, None, :] * (z @ np.swapaxes(root, -1, -2))
            found += [(one, u[:, :, k], place) for k, one in enumerate(varying)]
        return found


def _by_bambi(fit: Fit, source: xr.Dataset, count: int, random_seed: int) -> np.ndarray:
    import xarray as xr

    stacked = source.stack(sample=terms.MAIN_DIMS).isel(sample=places(source, count))
    some = stacked.drop_vars(["sample", *terms.MAIN_DIMS]).rename(sample="draw")
    some = some.assign_coords(draw=np.arange(count)).expand_dims(chain=[0])
    ordered = some.transpose(*terms.MAIN_DIMS, ...)
    rest = responses.altered(fit.model)
    if rest is not None and rest.bounded:
        return ppc_altered.by_pymc(fit, ordered, random_seed, rest)
    tree = xr.DataTree.from_dict({"posterior": ordered})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Cannot cache compiled function")
        made: Any = fit.model.predict(tree, kind="response", inplace=False, random_seed=random_seed)
    values = made["posterior_predictive"].to_dataset()[terms.shown_name(fit.model.response_term)]
    return values.transpose(*terms.MAIN_DIMS, ...).to_numpy().reshape(count, -1).astype(float)


def _flat(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, *values.shape[2:])


def family(fit: Fit) -> Family | None:
    """The family of a fit whose response this module draws, else None."""
    return FAMILIES[fit.family] if closed(fit) else None
