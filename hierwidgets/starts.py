"""Where chains start: near enough that no likelihood overflows, and what to say when none can."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from hierwidgets import terms

if TYPE_CHECKING:
    import bambi as bmb

FAR = {"identity": 100.0}
FAR_ELSEWHERE = 10.0


class StartError(RuntimeError):
    """The sampler found no point to start from, or broke off."""


@dataclass(frozen=True)
class Coefficient:
    """How a sampler's usual jitter of one coefficient moves a linear predictor.

    Attributes
    ----------
    label : str
        As `Fit.terms` or the posterior names it.
    variable : str
        Its random variable in the model.
    moves : float
        The largest move of a linear predictor, in units that the link makes natural: 1, or for the
        identity the standard deviation of the response.
    far : float
        From where such a move is too long to begin with.
    varies : bool
        Whether it multiplies a predictor, and not the same number in every row.
    """

    label: str
    variable: str
    moves: float
    far: float
    varies: bool


def coefficients(model: bmb.Model) -> list[Coefficient]:
    """Every coefficient of every linear predictor of a built model."""
    found: list[Coefficient] = []
    free = {variable.name for variable in model.backend.model.free_RVs}
    parts = model.conditional_parameters
    far = {name: FAR.get(terms.link_name(model, name), FAR_ELSEWHERE) for name in parts}
    unit = {name: _unit(model) if far[name] != FAR_ELSEWHERE else 1.0 for name in parts}
    for name in parts:
        design = terms.common(model, name)
        centred = parts[name].intercept_term is not None and model.center_predictors
        X = design.X - design.X.mean(axis=0) if centred else design.X
        for label, (variable, _), column, raw in zip(
            design.names, design.variables, X.T, design.X.T, strict=True
        ):
            used = raw if np.ptp(raw) == 0 else column
            most = float(np.abs(used).max(initial=0.0))
            varies = bool(np.ptp(raw) > 0)
            found.append(Coefficient(label, variable, most / unit[name], far[name], varies))
    for effect in terms.effects(model):
        variable, size = effect.variable, 1.0
        if variable not in free:
            standard = (f"{effect.variable}_offset", f"{effect.joint}_z_offset")
            variable = next((name for name in standard if name in free), "")
            size = terms.typical_scale(model, effect)
        most = size * float(np.abs(effect.predictor).max(initial=0.0))
        at = effect.component
        varies = bool(np.ptp(effect.predictor) > 0)
        found.append(Coefficient(effect.term, variable, most / unit[at], far[at], varies))
    return found


def _unit(model: bmb.Model) -> float:
    values = terms.response(model)
    spread = float(np.std(values)) if values.ndim == 1 and values.size else 1.0
    return spread if np.isfinite(spread) and spread > 0 else 1.0


def widths(model: bmb.Model) -> dict[str, float]:
    """By random variable, the share of the usual jitter that chains may start with.

    Returns
    -------
    dict
        Empty where the usual start is fine, so that ordinary fits start as the sampler has it.
    """
    found = coefficients(model)
    if not any(one.moves > one.far for one in found):
        return {}
    out: dict[str, float] = {}
    for one in found:
        out[one.variable] = min(out.get(one.variable, 1.0), 1.0 / max(one.moves, 1.0))
    return out


def points(model: bmb.Model) -> Callable[[Any], dict[str, np.ndarray]] | None:
    """Seeded starts on the unconstrained scale, by value variable; None where the usual are fine."""
    narrow = widths(model)
    if not narrow:
        return None
    from pymc.initial_point import make_initial_point_fn

    backend = model.backend.model
    centre = make_initial_point_fn(model=backend)(0)
    jittered = make_initial_point_fn(model=backend, jitter_rvs=set(backend.free_RVs))

    alone = Lock()

    def point(seed: Any) -> dict[str, np.ndarray]:
        # Each chain asks from a thread of its own, and a function of PyTensor serves one at a time.
        with alone:
            found = {name: np.array(value) for name, value in jittered(seed).items()}
        return {
            name: centre[name] + narrow.get(name, 1.0) * (value - centre[name])
            for name, value in found.items()
        }

    return point


def near(program: Any, model: bmb.Model) -> Any:
    """A program of nutpie whose chains start near, if its own start is far out."""
    point = points(model)
    if point is None:
        return program
    own = getattr(program.initial_point_func, "__wrapped__", None)

    def flat(values: dict[str, np.ndarray]) -> np.ndarray:
        return np.concatenate([np.ravel(value) for value in values.values()]).astype(float)

    if own is None or not np.array_equal(flat(own(0)), program.initial_point_func(0)):
        return program
    order = list(own(0))

    def start(seed: Any = None) -> np.ndarray:
        values = point(seed)
        return np.ascontiguousarray(flat({name: values[name] for name in order}))

    return replace(program, initial_point_func=start)


def initial(model: bmb.Model, chains: int, seed: int | None) -> dict[str, Any]:
    """What PyMC's sampler needs to start near; nothing where its own start is fine."""
    point = points(model)
    if point is None:
        return {}
    seeds = np.random.SeedSequence(seed).generate_state(chains)
    return {"initvals": [point(int(one)) for one in seeds], "init": "adapt_diag"}


@contextmanager
def told(model: bmb.Model) -> Generator[None]:
    """Whatever a sampler throws, as a sentence with the next step.

    Raises
    ------
    StartError
        In place of the sampler's own errors, panics of its compiled code among them.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException as error:
        if type(error).__module__.startswith("hierwidgets"):
            raise
        logging.getLogger(__name__).info("What the sampler said itself", exc_info=error)
        raise StartError(sentence(model)) from None


def large(model: bmb.Model) -> list[str]:
    """The coefficients whose predictors have such large numbers that chains had to start near."""
    found = sorted(coefficients(model), key=lambda one: -one.moves)
    return list(dict.fromkeys(one.label for one in found if one.varies and one.moves > one.far))


def advice(names: list[str]) -> str:
    """What to do about predictors with large numbers, if there are any."""
    if not names:
        return ""
    many = len(names) > 1
    return (
        f"The predictor{'s' if many else ''} of {', '.join(map(repr, names[:3]))} "
        f"{'have' if many else 'has'} large numbers: centre or rescale, for example "
        "data.assign(x=(data.x - data.x.mean()) / data.x.std())"
    )


def sentence(model: bmb.Model) -> str:
    """Why a sampler may have found no start, and what to do."""
    said = (
        "The sampler found no point to start from where the posterior density is finite, or broke off "
        "on the way."
    )
    if names := large(model):
        return f"{said} {advice(names)}, or give the coefficients narrow priors."
    return (
        f"{said} Look for a prior that leaves no room for the data, such as one far from the response "
        "on the scale of the link, and for extreme values of the response or of an offset."
    )
