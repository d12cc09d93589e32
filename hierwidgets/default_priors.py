"""Bambi's default priors, of the response alone; and none whose numbers cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hierwidgets import responses, terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    import bambi as bmb

SCALES = {"sigma", "beta", "b", "lam", "nu"}
NUMBERS = SCALES | {"mu", "alpha"}


def rescale(model: bmb.Model) -> None:
    """Scale default priors by the response, not by the weights, bounds or states beside it.

    The response of ``weighted(y, w)``, ``truncated(y, lb)``, ``censored(y, status)`` and
    ``constrained(y, lb)`` has further columns, and Bambi 0.21 takes the mean and standard deviation of
    all of them.
    """
    from bambi.families.univariate import Gaussian, StudentT
    from bambi.priors import PriorScaler

    if not (model.auto_scale and responses.is_altered(model)):
        return
    if not isinstance(model.family, (Gaussian, StudentT)):
        return
    own = terms.response(model)
    with np.errstate(all="ignore"):
        scaler = PriorScaler(model)
    scaler.response_mean, scaler.response_std = own.mean(), own.std()
    scaler.scale()


def check(model: bmb.Model) -> None:
    """Refuse priors with numbers that no distribution can have, before anything is compiled.

    Raises
    ------
    ValueError
        Names the parameter, its prior, and what to do.
    """
    for name, prior in _priors(model):
        for argument, value in _numbers(prior):
            bad = not np.isfinite(value).all()
            if bad or (argument in SCALES and (value <= 0).any()):
                raise ValueError(
                    f"The prior of {name!r} is {prior}, which is no distribution: its {argument} must be "
                    f"{'above 0 and finite' if argument in SCALES else 'finite'}. Defaults follow from the spread of "
                    f"the response and of its predictor: is one of them constant, or out of range? Otherwise pass "
                    f"your own, such as {_own(name)}."
                )


def _priors(model: bmb.Model) -> Iterator[tuple[str, Any]]:
    for part in model.conditional_parameters.values():
        for term in part.terms.values():
            if not getattr(term, "automatic_priors", False) and term.kind != "offset":
                yield terms.shown_name(term), term.prior
    for name, part in model.marginal_parameters.items():
        yield str(part.alias or name), part.prior


def _numbers(prior: Any) -> Iterator[tuple[str, np.ndarray]]:
    for argument, value in getattr(prior, "args", {}).items():
        if hasattr(value, "args"):
            yield from _numbers(value)
        elif argument in NUMBERS and isinstance(value, (int, float, np.number, np.ndarray, list)):
            yield argument, np.asarray(value, float)


def _own(name: str) -> str:
    if "|" in name:
        return f'priors={{"{name}_sigma": hw.Prior("HalfNormal", sigma=1)}}'
    if name == "sigma":
        return 'priors={"sigma": hw.Prior("HalfNormal", sigma=1)}'
    return f'priors={{"{name}": hw.Prior("Normal", mu=0, sigma=1)}}'
