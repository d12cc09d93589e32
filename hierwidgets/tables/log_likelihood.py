"""The log likelihood of every row at every draw, in numpy, without compiling a model."""

from __future__ import annotations

import math
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from hierwidgets import compiled, responses, terms
from hierwidgets.progress import bar
from hierwidgets.tables.altered import DISTRIBUTIONS
from hierwidgets.tables.densities import DENSITIES, rowwise

if TYPE_CHECKING:
    import bambi as bmb
    import xarray as xr

    from hierwidgets.fit import Fit

__all__ = ["as_given", "brought", "by_rows", "log_likelihood", "total"]

_BATCH = 200_000
_CHUNK = 8_000_000
_MOST_IN_MEMORY = 50_000_000
# Trees in single precision agree to 1e-4; another model's rows differ by whole numbers.
_COMPARED, _NEAR = 12, 1e-3
_BY_BAMBI: WeakKeyDictionary[Fit, np.ndarray] = WeakKeyDictionary()
_TOTAL: WeakKeyDictionary[Fit, np.ndarray] = WeakKeyDictionary()


def log_likelihood(fit: Fit) -> np.ndarray:
    """The log likelihood of every row at every draw.

    Taken from the ``log_likelihood`` group of the fit's DataTree if it has one. Otherwise computed
    here for the families gaussian, t, bernoulli, binomial, poisson, negativebinomial, gamma and beta,
    with constant or modelled parameters, and with weighted, censored, truncated or constrained rows; and
    by Bambi, once, some draws after others and on a copy, for every other family and for Gaussian
    process terms.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    ndarray, shape (chain, draw, rows)
        Natural logarithms, normalised; a binomial row is one row, whatever its trials. That of a
        weighted row is its weight times the logarithm; those of censored and bounded rows are what
        `hierwidgets.tables.altered` says.

    See Also
    --------
    total : its sum over the rows, without holding them all.

    Examples
    --------
    >>> log_likelihood(fit).sum(axis=-1).mean()
    """
    given = _given(fit)
    if given is not None:
        return given
    if not _closed(fit.model):
        return _by_bambi(fit)
    sizes = fit.posterior.sizes
    found = np.empty((_count(fit), len(terms.response(fit.model))))
    for some, values in _batches(fit):
        found[some] = values
    return found.reshape(sizes["chain"], sizes["draw"], -1)


def total(fit: Fit) -> np.ndarray:
    """The log likelihood of all rows together at every draw.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    ndarray, shape (chain, draw)

    Examples
    --------
    >>> total(fit).max()
    """
    if fit not in _TOTAL:
        given = _given(fit)
        if given is None and _closed(fit.model):
            parts = [values.sum(axis=-1) for _, values in _batches(fit)]
            _TOTAL[fit] = np.concatenate(parts).reshape(fit.posterior.sizes["chain"], -1)
        else:
            _TOTAL[fit] = (_by_bambi(fit) if given is None else given).sum(axis=-1)
    return _TOTAL[fit]


def by_rows(fit: Fit, values: int = 4_000_000) -> Iterator[tuple[slice, np.ndarray]]:
    """The log likelihood of some rows after others, at every draw.

    Where it is computed here, only one block is held at a time.

    Parameters
    ----------
    fit : Fit
    values : int
        About how many numbers a block may have; it has one row at the least.

    Yields
    ------
    slice, ndarray of shape (rows, draws)
        Which rows, and theirs, with the draws of one chain after another.

    Examples
    --------
    >>> sum(block.sum() for _, block in by_rows(fit))
    """
    draws, rows = _count(fit), len(terms.response(fit.model))
    given = _given(fit)
    closed = given is None and _closed(fit.model)
    whole = None if closed else _flat(_by_bambi(fit) if given is None else given)
    if whole is not None:
        rows = whole.shape[1]
    step = max(1, values // draws)
    for start in range(0, rows, step):
        some = slice(start, min(start + step, rows))
        if whole is not None:
            yield some, np.ascontiguousarray(whole[:, some].T)
            continue
        found = np.empty((some.stop - start, draws))
        for at, part in _batches(fit, some):
            found[:, at] = part.T
        yield some, found


def as_given(fit: Fit) -> bool | None:
    """Whether the log likelihood that the DataTree brings is that of the model, at a few of its draws.

    Returns
    -------
    bool or None
        None where the tree has none for these rows, or where there is no closed form here to hold it
        against.

    Examples
    --------
    >>> as_given(fit)  # doctest: +SKIP
    True
    """
    given = _given(fit)
    rows = len(terms.response(fit.model))
    if given is None or given.shape[-1] != rows or not _closed(fit.model):
        return None
    if responses.is_altered(fit.model):
        return None
    given = _flat(given)
    few = slice(None, None, max(len(given) // _COMPARED, 1))
    for some, ours in _batches(fit, draws=few):
        for a, b in zip(ours, given[some], strict=True):
            both = np.isfinite(a) & np.isfinite(b)
            size = max(float(np.abs(one[both]).max(initial=1)) for one in (a, b))
            if np.abs(a[both] - b[both]).max(initial=0) > _NEAR * size:
                return False
    return True


def brought(fit: Fit) -> bool:
    """Whether the fit's DataTree has the log likelihood of the model's rows itself."""
    return _given(fit) is not None


def _given(fit: Fit) -> np.ndarray | None:
    """The group of the DataTree, where it has the model's response at the posterior's draws."""
    if "log_likelihood" not in fit.idata.children:
        return None
    group = fit.idata["log_likelihood"].to_dataset()
    name = terms.shown_name(fit.model.response_term)
    sizes = fit.posterior.sizes
    if name not in group or any(group.sizes[dim] != sizes[dim] for dim in terms.MAIN_DIMS):
        return None
    return _by_rows(group[name])


def _by_bambi(fit: Fit) -> np.ndarray:
    if fit not in _BY_BAMBI:
        posterior = fit.posterior
        chains, draws = (posterior.sizes[dim] for dim in terms.MAIN_DIMS)
        rows = len(terms.response(fit.model))
        found = _room((chains, draws, rows))
        step = max(1, _CHUNK // (chains * rows))
        with bar(f"log likelihood of {rows:,} rows", draws) as done:
            for start in range(0, draws, step):
                some = slice(start, start + step)
                with warnings.catch_warnings():
                    warnings.filterwarnings("ignore", "Cannot cache compiled function")
                    part = _compiled(fit, posterior.isel(draw=some))
                found[:, some] = part
                done(part.shape[1])
        _BY_BAMBI[fit] = found
    return _BY_BAMBI[fit]


def _compiled(fit: Fit, posterior: xr.Dataset) -> np.ndarray:
    import xarray as xr

    if responses.is_altered(fit.model):
        return compiled.altered_log_likelihood(fit.model, posterior)
    tree = xr.DataTree.from_dict({"posterior": posterior})
    computed: Any = fit.model.compute_log_likelihood(tree, inplace=False)
    name = terms.shown_name(fit.model.response_term)
    return _by_rows(computed["log_likelihood"].to_dataset()[name])


def _room(shape: tuple[int, ...]) -> np.ndarray:
    """Numbers in memory, or in a file that goes with them where they are very many."""
    if math.prod(shape) <= _MOST_IN_MEMORY:
        return np.empty(shape)
    with tempfile.TemporaryFile(prefix="hierwidgets-") as file:
        return np.memmap(file, np.float64, "w+", shape=shape)


def _by_rows(values: xr.DataArray) -> np.ndarray:
    found = values.transpose(*terms.MAIN_DIMS, ...).to_numpy()
    return found.reshape(*found.shape[:2], -1)


def _closed(model: bmb.Model) -> bool:
    """Whether this module has the density of the response."""
    if str(model.family.name) not in DENSITIES or terms.smooths(model):
        return False
    rest = responses.altered(model)
    return rest is None or rest.weights is not None or str(model.family.name) in DISTRIBUTIONS


@dataclass(frozen=True)
class _Parameter:
    """A modelled parameter of the response: its columns, its coefficients, its groups' effects."""

    columns: np.ndarray
    offset: np.ndarray
    coefficients: np.ndarray
    groups: list[tuple[np.ndarray, np.ndarray, np.ndarray]]
    inverse: Callable[[np.ndarray], np.ndarray]

    def of(self, rows: slice) -> _Parameter:
        """The same for some rows."""
        groups = [(effects, index[rows], x[rows]) for effects, index, x in self.groups]
        columns, offset = self.columns[:, rows], self.offset[rows]
        return _Parameter(columns, offset, self.coefficients, groups, self.inverse)

    def eta(self, some: slice) -> np.ndarray:
        """Its linear predictor in some draws, shape (draws, rows)."""
        eta = self.coefficients[some] @ self.columns
        eta += self.offset
        for effects, index, predictor in self.groups:
            own = np.take(effects[some], index, axis=1)
            own *= predictor
            eta += own
        return eta


@dataclass(frozen=True)
class _Constant:
    """A parameter of the response that is the same for every row, shape (draws, 1)."""

    draws: np.ndarray

    def of(self, _rows: slice) -> _Constant:
        return self

    def at(self, some: slice) -> np.ndarray:
        """Its value in some draws, shape (draws, 1)."""
        return self.draws[some]


def _batches(
    fit: Fit, rows: slice = slice(None), draws: slice = slice(None)
) -> Iterator[tuple[slice, np.ndarray]]:
    """The log likelihood of a few draws after another, few enough for the processor's cache."""
    names = DENSITIES[fit.family][0]
    response, rest = terms.response(fit.model)[rows], responses.altered(fit.model)
    parameters = {name: _parameter(fit, name).of(rows) for name in names}
    modelled = {name: one for name, one in parameters.items() if isinstance(one, _Parameter)}
    density = rowwise(
        fit.family,
        {name: terms.link_name(fit.model, name) for name in modelled},
        None if rest is None else rest.of(rows),
    )
    chosen = range(_count(fit))[draws]
    step = max(1, _BATCH // len(response))
    for start in range(0, len(chosen), step):
        part = chosen[start : start + step]
        some = slice(part.start, part.stop, part.step)
        etas = {name: one.eta(some) for name, one in modelled.items()}
        constants = {n: one.at(some) for n, one in parameters.items() if isinstance(one, _Constant)}
        yield some, density(response, etas, constants, modelled)


def _parameter(fit: Fit, name: str) -> _Parameter | _Constant:
    model, posterior = fit.model, fit.posterior
    if name not in model.conditional_parameters:
        constant = terms.constant_draws(model, posterior, name)
        if constant is None:
            raise ValueError(
                f"The family {model.family.name!r} has no parameter {name!r}: it has "
                f"{', '.join(model.family.likelihood.params)}."
            )
        return _Constant(constant.reshape(-1, 1))
    design = terms.common(model, name)
    return _Parameter(
        design.X.T.copy(),
        design.offset,
        _flat(design.draws(posterior)),
        [
            (_flat(effect.draws(posterior)), effect.index, effect.predictor)
            for effect in fit.effects
            if effect.component == name
        ],
        model.family.link[name].linkinv,
    )


def _count(fit: Fit) -> int:
    sizes = fit.posterior.sizes
    return int(sizes["chain"] * sizes["draw"])


def _flat(values: np.ndarray) -> np.ndarray:
    return values.reshape(values.shape[0] * values.shape[1], values.shape[-1])
