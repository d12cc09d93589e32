"""Runs the sampler: progress, interrupt, and the draws there are so far."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from hierwidgets import checks, models, responses, same_model, starts
from hierwidgets.tables import live
from hierwidgets.tables.held import rectangle

if TYPE_CHECKING:
    import bambi as bmb
    import xarray as xr

SAMPLERS = ("nutpie", "pymc")
Sampler = Literal["nutpie", "pymc"]
LEAST_DRAWS = 4
# PyMC 6.4 sets PyTensor's configuration, which all threads share, while it works out shapes: what another
# thread compiles meanwhile is fused less and warns of it.
BUILDING = threading.RLock()


class InterruptedSamplingError(RuntimeError):
    """The sampler was stopped before any chain had draws worth keeping."""


class StoppedError(RuntimeError):
    """The sampler was told to stop and to keep nothing."""


class Plan(NamedTuple):
    """How long to sample: draws kept and warm-up draws of each chain.

    `target_accept` is the mean acceptance that the step size is tuned to; the sampler's own if None.
    """

    draws: int
    tune: int
    chains: int
    seed: int | None = None
    progress: bool = False
    cores: int | None = None
    target_accept: float | None = None


def sample(
    model: bmb.Model,
    *,
    draws: int,
    tune: int,
    chains: int,
    random_seed: int | None,
    sampler: str,
    progress: bool,
) -> xr.DataTree:
    """Draw from the posterior of a Bambi model.

    An interrupt from the keyboard or the kernel ends the sampling and keeps the draws so far.

    Returns
    -------
    DataTree
        As Bambi's own, with the attribute ``partial`` on the posterior: "" for a complete run,
        else a sentence saying what was kept.

    Raises
    ------
    InterruptedSamplingError
        The interrupt came before the chains had finished warming up.
    """
    checks.one_of(sampler, SAMPLERS, "a sampler")
    draws = checks.positive_int(draws, "draws", LEAST_DRAWS)
    tune = checks.positive_int(tune, "tune")
    chains = checks.positive_int(chains, "chains")
    run = _nutpie if sampler == "nutpie" else _pymc
    build(model)
    tree = run(model, Plan(draws, tune, chains, random_seed, progress))
    partial = kept(tree, draws, chains)
    tree["posterior"].attrs["partial"] = partial
    if partial and progress:
        print(f"Sampling was {partial}.")  # noqa: T201
    return tree


def build(model: bmb.Model) -> None:
    """Build a model's program where it is not built yet, and see that it is what the formula says.

    Raises
    ------
    ValueError
        Its linear predictor is another one, with the term and a spelling that works.
    """
    with _compiling(model):
        if not model.built:
            model.build()
        same_model.check(model)


@contextmanager
def _compiling(model: bmb.Model) -> Generator[None]:
    """One model at a time, and what PyMC lacks for it in a sentence."""
    try:
        with BUILDING:
            yield
    except (TypeError, NotImplementedError) as error:
        kind, family = responses.kind(model), model.family.name
        what = f"a {kind} response of the family {family!r}" if kind else f"{model.formula.main!r}"
        instead = (
            f"another family, or the response without {kind}(...)" if kind else "another family"
        )
        raise ValueError(
            f"PyMC has no program for {what}: {str(error).splitlines()[0]}. Use {instead}."
        ) from error


def kept(tree: xr.DataTree, draws: int, chains: int) -> str:
    """What an interrupted run kept of these draws and chains; nothing for a complete one."""
    sizes = tree["posterior"].sizes
    if sizes["draw"] >= draws and sizes["chain"] >= chains:
        return ""
    return f"interrupted: {sizes['chain']} of {chains} chains with {sizes['draw']} of {draws} draws are kept"


def _nutpie(model: bmb.Model, plan: Plan) -> xr.DataTree:
    return run(Compiled.of(model), plan)


@dataclass(frozen=True)
class Compiled:
    """A Bambi model compiled for nutpie, which may be drawn from many times.

    Attributes
    ----------
    model : bambi.Model
    program : nutpie.compiled_pyt.CompiledModel
    renamed : dict
        Dimensions under other names in the program.
    """

    model: bmb.Model
    program: Any
    renamed: dict[str, str]

    @classmethod
    def of(cls, model: bmb.Model) -> Compiled:
        """Compile a built model."""
        import nutpie

        with _compiling(model):
            program = nutpie.compile_pymc_model(model.backend.model, var_names=models.stored(model))
            return cls(model, *_without_commas(starts.near(program, model)))

    def given(self, values: Mapping[str, Any]) -> Compiled:
        """The same program at other values of the model's data."""
        return replace(self, program=self.program.with_data(**values))


def run(
    compiled: Compiled,
    plan: Plan,
    tell: Callable[[int, int, int], None] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> xr.DataTree:
    """Draw from a compiled model; an interrupt keeps the draws so far.

    Parameters
    ----------
    compiled : Compiled
    plan : Plan
    tell : callable, optional
        Told now and then, on another thread: steps done, steps in all, divergences.
    stopped : callable
        Asked now and then whether to give up.

    Raises
    ------
    hierwidgets.starts.StartError
        The sampler found no point to start from, or broke off.
    StoppedError
        `stopped` said so; no draw is kept.
    InterruptedSamplingError
        The interrupt came before the chains had finished warming up.
    """
    total = plan.chains * (plan.draws + plan.tune)

    def heard(chains: Any) -> None:
        if tell is not None:
            done = sum(chain.finished_draws for chain in chains)
            tell(done, total, sum(chain.divergences for chain in chains))

    start = time.perf_counter()
    with starts.told(compiled.model):
        sampler = begin(compiled, plan, heard if tell is not None else None)
        try:
            tree = _finished(sampler, stopped)
        except KeyboardInterrupt:
            tree = aborted(sampler)
        except BaseException:
            sampler.cancel()
            raise
    return tidy(compiled, tree, time.perf_counter() - start)


def begin(
    compiled: Compiled, plan: Plan, heard: Callable[[Any], None] | None = None, every: int = 100
) -> Any:
    """Nutpie's sampler, running on threads of its own; `heard` is told every so many milliseconds."""
    import nutpie

    tuned = {} if plan.target_accept is None else {"target_accept": plan.target_accept}
    return nutpie.sample(
        compiled.program,
        draws=plan.draws,
        tune=plan.tune,
        chains=plan.chains,
        cores=plan.cores,
        seed=plan.seed,
        save_warmup=False,
        progress_bar=plan.progress,
        progress_callback=heard,
        progress_rate=every,
        blocking=False,
        **tuned,
    )


def looked_at(sampler: Any, known: list[live.Parameter]) -> live.Glance:
    """The draws of nutpie's running sampler at this moment."""
    sampler._return_raw_trace = True  # noqa: SLF001
    try:
        draws, stats = sampler.inspect().get_arrow_trace()
    finally:
        sampler._return_raw_trace = False  # noqa: SLF001
    names = {one.variable for one in known}
    return live.glance(
        [{name: _values(chain.column(name)) for name in names} for chain in draws],
        [chain.column("tuning").to_numpy().astype(bool) for chain in stats],
        known,
    )


def _values(column: Any) -> np.ndarray:
    """A column of a chain's draws, shape (draws, size)."""
    import pyarrow as pa

    rows = len(column)
    values: Any = pa.array(column)
    while hasattr(values, "flatten"):
        values = values.flatten()
    size = len(values) // max(rows, 1)
    return values.to_numpy(zero_copy_only=False).reshape(rows, size)


def tidy(compiled: Compiled, tree: xr.DataTree, seconds: float) -> xr.DataTree:
    """Draws of nutpie as Bambi gives them."""
    from pymc.backends.arviz import patch_nutpie_idata

    renamed = compiled.renamed
    tree = tree.map_over_datasets(lambda data: data.rename(_present(renamed, data.dims)))
    pymc_model = compiled.model.backend.model
    patch_nutpie_idata(tree, pymc_model, sampling_time=seconds)
    return models.clean(compiled.model, tree)


def _without_commas(compiled: Any) -> tuple[Any, dict[str, str]]:
    """The model with its dimensions renamed where their names have a comma, and how to undo it.

    nutpie 0.16 joins the names of a variable's dimensions by commas, so that those of ``poly(x, 2)``
    read as two.
    """
    names = {dim for dims in compiled.dims.values() for dim in dims if "," in dim}
    safe = {dim: dim.replace(",", "\N{SINGLE LOW-9 QUOTATION MARK}") for dim in names}
    if not safe:
        return compiled, {}
    dims = {name: tuple(safe.get(d, d) for d in own) for name, own in compiled.dims.items()}
    coords = {safe.get(dim, dim): levels for dim, levels in compiled.coords.items()}
    return replace(compiled, dims=dims, _coords=coords), {s: dim for dim, s in safe.items()}


def _present(names: dict[str, str], among: Any) -> dict[str, str]:
    return {old: new for old, new in names.items() if old in among}


def _finished(sampler: Any, stopped: Callable[[], bool]) -> xr.DataTree:
    """The whole run. Waiting in short steps lets an interrupt through."""
    while True:
        try:
            return sampler.wait(timeout=0.1)
        except TimeoutError:
            if stopped():
                raise StoppedError("The sampler was told to stop.") from None


def aborted(sampler: Any) -> xr.DataTree:
    """Stop a sampler; the largest complete rectangle of its draws.

    Raises
    ------
    InterruptedSamplingError
        There are none.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Found chain dimension to be longer than draw")
        return _cut(sampler.abort())


def _cut(tree: xr.DataTree) -> xr.DataTree:
    """The largest complete rectangle of an aborted run, whose short chains are padded with NaN."""
    import xarray as xr

    if "posterior" not in tree.children:
        raise InterruptedSamplingError(TOO_EARLY)
    posterior = tree["posterior"].to_dataset()
    if posterior.sizes["draw"] < LEAST_DRAWS:
        raise InterruptedSamplingError(TOO_EARLY)
    done = np.ones((posterior.sizes["chain"], posterior.sizes["draw"]), bool)
    for variable in posterior.data_vars.values():
        values = variable.transpose("chain", "draw", ...).to_numpy()
        done &= np.isfinite(values).reshape(*done.shape, -1).all(axis=-1)
    found = rectangle(done, LEAST_DRAWS)
    if found is None:
        raise InterruptedSamplingError(TOO_EARLY)
    chains, kept = found
    cut = {}
    for name, group in tree.children.items():
        data = group.to_dataset()
        if "draw" in data.dims:
            data = data.isel(chain=chains, draw=slice(0, kept))
            data = data.assign_coords(chain=np.arange(len(chains)))
        cut[name] = data
    return xr.DataTree.from_dict(cut)


TOO_EARLY = (
    "The sampler was interrupted before its chains had finished warming up, so there are no draws to keep. "
    "Run it again, perhaps with a smaller tune= or on fewer rows."
)


def _pymc(model: bmb.Model, plan: Plan) -> xr.DataTree:
    options: dict[str, Any] = {"progressbar": plan.progress, "compute_convergence_checks": False}
    options |= starts.initial(model, plan.chains, plan.seed)
    try:
        with starts.told(model):
            return model.fit(
                draws=plan.draws,
                tune=plan.tune,
                chains=plan.chains,
                random_seed=plan.seed,
                inference_method="pymc",
                **options,
            )
    except KeyboardInterrupt:
        raise InterruptedSamplingError(TOO_EARLY) from None
