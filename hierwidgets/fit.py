"""One fitted Bambi model and its draws; the methods of a `Fit` open the views."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hierwidgets import (
    cautions,
    checks,
    located,
    models,
    priors,
    responses,
    same_model,
    sampling,
    terms,
)
from hierwidgets.answers import Answers
from hierwidgets.checking import Checking
from hierwidgets.opens import Opens
from hierwidgets.tables.held import lengths

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import bambi as bmb
    import pandas as pd
    import xarray as xr

    from hierwidgets.background import Background
    from hierwidgets.correlated import Correlated
    from hierwidgets.views.selection import Selection


def fit(
    formula: str | bmb.Formula,
    data: pd.DataFrame,
    *,
    family: str | bmb.Family = "gaussian",
    priors: dict[str, Any] | None = None,
    correlated: Correlated = False,
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    random_seed: int | None = None,
    sampler: sampling.Sampler = "nutpie",
    progress: bool | Literal["live"] = True,
    executor: Executor | None = None,
    **model_options: Any,
) -> Fit:
    """Fit a multilevel model given as a Bambi formula.

    The model, the formula language and the default priors are Bambi's. Bad input is refused before
    any sampling. An interrupt keeps the draws so far, as a `Fit` whose `partial` says so.

    Parameters
    ----------
    formula : str or bambi.Formula
        Such as ``"Reaction ~ Days + (Days | Subject)"``.
    data : DataFrame
        One row per observation. It is copied, never changed.
    family : str or bambi.Family
        Such as ``"gaussian"``, ``"bernoulli"``, ``"binomial"`` or ``"poisson"``.
    priors : dict, optional
        Priors by their names in the posterior, such as ``"1|Subject_sigma"``, or as `bambi.Model`
        takes them. ``"1|Subject_mu"`` gives the effects a mean of their own, the population's value
        in a formula without an intercept.
    correlated : bool, list of str, or dict
        Correlate the intercepts and slopes of each grouping, by an LKJ prior: True for every
        grouping with two or more effects, a list of grouping factors, or ``{factor: eta}``. The
        matrix stands in the posterior as ``"Subject_corr"``. Bambi's own are independent.
    draws, tune, chains : int
        Kept draws and warm-up draws for each chain, and the number of chains.
    random_seed : int, optional
        Makes the draws repeatable.
    sampler : {"nutpie", "pymc"}
    progress : bool or "live"
        Show the chains as they run, and one line after them when draws diverged or chains disagree.
        "live", in a notebook, shows them in a view and returns at once: the notebook stays usable,
        and the fit waits for its draws where they are first needed; see `hierwidgets.live.LiveFit`.
        Elsewhere it is the same as True.
    executor : concurrent.futures.Executor, optional
        Where refits under other priors run in the background; a process of this machine by default.
    **model_options
        Anything else `bambi.Model` takes, such as ``link=``, ``noncentered=`` or ``dropna=True``,
        which leaves out rows with missing or infinite values in the used columns.

    Raises
    ------
    TypeError, ValueError
        Data, formula, family or an option that cannot work, in a sentence.
    hierwidgets.sampling.InterruptedSamplingError
        Stopped before there were draws to keep.
    hierwidgets.starts.StartError
        The sampler found no point to start from.

    Examples
    --------
    >>> import hierwidgets as hw
    >>> fit = hw.fit("Reaction ~ Days + (Days | Subject)", hw.example("sleepstudy"))
    >>> fit.shrinkage()
    """
    from hierwidgets import live

    checks.one_of(sampler, sampling.SAMPLERS, "a sampler")
    draws = checks.positive_int(draws, "draws", sampling.LEAST_DRAWS)
    tune, chains = checks.positive_int(tune, "tune"), checks.positive_int(chains, "chains")
    live.check(progress, sampler)
    model, dropped = models.build(
        formula, data, family=family, priors=priors, correlated=correlated, **model_options
    )
    if progress:
        for caution in cautions.cautions(model):
            print(caution.said)  # noqa: T201
    if live.here(progress):
        plan = sampling.Plan(draws, tune, chains, random_seed)
        return live.start(model, plan, dropped=dropped, executor=executor)
    tree = sampling.sample(
        model,
        draws=draws,
        tune=tune,
        chains=chains,
        random_seed=random_seed,
        sampler=sampler,
        progress=bool(progress),
    )
    made = Fit(model, tree, dropped=dropped, executor=executor)
    if progress:
        from hierwidgets.tables.convergence import alarm

        if line := alarm(made):
            print(line)  # noqa: T201
    return made


def wrap(model: bmb.Model, idata: xr.DataTree, *, executor: Executor | None = None) -> Fit:
    """A `Fit` of a Bambi model that is already fitted.

    New groups are predicted by `Fit.predict` with ``kind="new"``: ``model.predict`` of Bambi 0.21 gives
    all new groups of a factor the effects of one and the same fitted group.

    Parameters
    ----------
    model : bambi.Model
    idata : DataTree
        What ``model.fit()`` returned. Neither is changed.
    executor : concurrent.futures.Executor, optional
        As in `fit`.

    Raises
    ------
    TypeError, ValueError
        If these are not a Bambi model and its posterior, or the posterior came from another model than
        the formula says, as Bambi 0.21 compiles slopes such as ``x:z`` of two numeric columns, and
        leaves the mean out of a non-centred group term.

    Examples
    --------
    >>> import bambi as bmb, hierwidgets as hw
    >>> model = bmb.Model("yield ~ 1 + (1 | batch)", data)
    >>> hw.wrap(model, model.fit()).caterpillar()
    """
    import bambi as bmb

    if not isinstance(model, bmb.Model):
        raise TypeError(
            f"wrap(model, idata) needs a bambi.Model first, not {type(model).__name__}."
        )
    children = getattr(idata, "children", None)
    if children is None or "posterior" not in children:
        raise TypeError(
            f"wrap(model, idata) needs the DataTree that model.fit() returned, with a posterior, not {type(idata).__name__}."
        )
    located.refuse_lost(model)
    from hierwidgets.tables.log_likelihood import as_given

    fit = Fit(model, idata, executor=executor)
    same_model.check_draws(model, idata, as_given(fit))
    return fit


class Fit(Opens, Checking, Answers):
    """A fitted multilevel model: Bambi's model, ArviZ's draws, and the views of both.

    Made by `fit`, `wrap` or `load`.

    Attributes
    ----------
    model : bambi.Model
        Its own ``predict`` makes all new groups of a factor one group; `predict` does not.
    idata : DataTree
        The posterior and what belongs to it, untouched.
    name : str
        What the fit is called in `View.code`; "fit" unless a magic named it.
    dropped : int
        Rows left out for missing or infinite values.
    pool : list of Fit
        Itself, and the refits of it under other priors.
    origin : Fit or None
        The fit that this one is a refit of.
    executor : concurrent.futures.Executor or None
        Where refits run in the background.
    """

    def __init__(
        self,
        model: bmb.Model,
        idata: xr.DataTree,
        *,
        name: str = "fit",
        dropped: int = 0,
        executor: Executor | None = None,
    ) -> None:
        self.model = model
        self._tree = idata
        self.name = name
        self.dropped = dropped or len(model.data) - len(responses.rows(model))
        self.executor = executor
        self.pool: list[Fit] = [self]
        self.origin: Fit | None = None
        check_match(self.model, self.effects, self.posterior)

    @property
    def idata(self) -> xr.DataTree:
        """The posterior and what belongs to it, untouched."""
        return self._tree

    @property
    def ready(self) -> bool:
        """Whether the draws are there; False only of a live fit that samples."""
        return True

    def wait(self) -> Fit:
        """The fit itself, once it has its draws."""
        return self

    @property
    def posterior(self) -> xr.Dataset:
        """The posterior draws."""
        return self.idata["posterior"].to_dataset()

    @cached_property
    def data(self) -> pd.DataFrame:
        """The rows the model was fitted to, by the index of the data that were given."""
        return responses.rows(self.model)

    @property
    def formula(self) -> str:
        """The formula as text, with those of further distributional parameters."""
        given = self.model.formula
        return ", ".join([str(given.main), *map(str, given.additionals)])

    @property
    def family(self) -> str:
        """The name of the family, such as "gaussian"."""
        return str(self.model.family.name)

    @property
    def partial(self) -> bool:
        """Whether the sampler was interrupted and this holds only the draws until then."""
        return bool(self.status)

    @property
    def status(self) -> str:
        """What an interrupted run kept, or nothing."""
        return str(self.idata["posterior"].attrs.get("partial", ""))

    @cached_property
    def effects(self) -> list[terms.Effect]:
        """Every effect that varies over groups."""
        return terms.effects(self.model)

    @property
    def terms(self) -> pd.DataFrame:
        """One row for each effect that varies over groups.

        Columns: ``term`` (its label here), ``group`` (the grouping factor), ``effect`` (what
        varies), ``component`` (the distributional parameter), ``levels`` (the groups' labels),
        ``parameter`` and ``scale`` (names in the posterior), ``prior``, ``parameterization``
        ("noncentered" or "centered"), ``reference`` (the level of a category that has no effect of its
        own, such as "cond = a"), ``caution`` (what the term may not be meant to say, or nothing).
        """
        table = terms.table(self.effects)
        levels = cautions.references(self.model)
        said = {one.term: one.said for one in self.cautions}
        table["reference"] = [levels.get(name, "") for name in table["parameter"]]
        table["caution"] = [
            said.get(term, said.get(name, ""))
            for term, name in zip(table["term"], table["parameter"], strict=True)
        ]
        return table

    @cached_property
    def cautions(self) -> list[cautions.Caution]:
        """What the design says of itself: columns that repeat each other, categories without a slope."""
        return cautions.cautions(self.model)

    @property
    def factors(self) -> dict[str, list[str]]:
        """The labels of the groups of each grouping factor."""
        return {effect.factor: effect.groups for effect in self.effects}

    def effect(self, term: str | None = None) -> terms.Effect:
        """The effect called `term`; the first one for None.

        Raises
        ------
        ValueError
            If the model has no such term, or none at all.
        """
        known = {effect.term: effect for effect in self.effects}
        if not known:
            raise ValueError(
                f"The model {self.formula!r} has no group terms: there are no groups to show. "
                "A term such as (1 | group) in the formula makes some."
            )
        if term is None:
            return self.effects[0]
        return known[checks.one_of(term, list(known), "a group term of this model")]

    def siblings(self, effect: terms.Effect) -> list[terms.Effect]:
        """The effects that vary over the same groups of the same component, with `effect` itself."""
        same = (effect.component, effect.factor, effect.response)
        return [e for e in self.effects if (e.component, e.factor, e.response) == same]

    @cached_property
    def background(self) -> Background:
        """Where refits of this fit run beside the kernel."""
        from hierwidgets.background import Background

        return Background(self, self.executor)

    @cached_property
    def selection(self) -> Selection:
        """The groups picked in any view of this fit."""
        from hierwidgets.views.selection import Selection

        return Selection(self.factors, terms.nesting(self.effects))

    def save(self, path: str | Path) -> Path:
        """Write the fit to one file that `load` reads back.

        Raises
        ------
        ValueError
            If the model holds what a file cannot, such as a function in its priors.
        """
        from hierwidgets.storage import save

        return save(self, path)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        public = [n for n in dir(type(self)) if not n.startswith("_")]
        raise AttributeError(
            f"A Fit has no view or attribute {name!r}.{checks.nearest(name, public)} "
            f"It has {checks.listed(public, 30)}."
        )

    def _ipython_display_(self, **_options: Any) -> None:
        from IPython.core.getipython import get_ipython

        if not hasattr(get_ipython(), "kernel"):
            raise NotImplementedError
        try:
            self.dashboard().show()
        except Exception as error:
            logging.getLogger(__name__).exception("A dashboard was not shown")
            print(f"{self!r}\n  Its dashboard cannot be shown: {error}")  # noqa: T201

    def __repr__(self) -> str:
        sizes = self.idata["posterior"].sizes
        groups = ", ".join(f"{len(g)} {f}" for f, g in self.factors.items()) or "no groups"
        chains = f"{sizes['chain']} {lengths(self) or f'chains of {sizes["draw"]} draws'}"
        lines = [
            f"Fit of {self.formula}",
            f"  {self.family}, {len(self.data)} rows, {groups}, {chains}",
        ]
        if self.dropped:
            lines.append(f"  {self.dropped} rows left out for missing or infinite values")
        if self.partial:
            lines.append(f"  {self.status}")
        return "\n".join(lines)


def check_match(model: bmb.Model, effects: Sequence[terms.Effect], posterior: xr.Dataset) -> None:
    """Refuse a posterior that is not this model's, or has no draws."""
    wanted = [*priors.names(model), *(effect.variable for effect in effects)]
    wanted += [name for effect in effects for name in (effect.scale, effect.location) if name]
    wanted = list(dict.fromkeys(wanted))
    if missing := [name for name in wanted if name not in posterior]:
        raise ValueError(
            f"The posterior has no {' and no '.join(map(repr, missing))}: it belongs to another model. "
            f"It holds {checks.listed(posterior.data_vars)}."
        )
    if lost := [dim for dim in terms.MAIN_DIMS if not posterior.sizes.get(dim)]:
        raise ValueError(
            f"The posterior has no draws: its dimension {lost[0]!r} is empty or missing. Fit the model again."
        )
    if other := [name for name in wanted if posterior[name].dtype.kind not in "fiub"]:
        raise ValueError(
            f"The draws of {other[0]!r} are of dtype {posterior[other[0]].dtype}, not real numbers: "
            "convert them first, by posterior[...].astype(float)."
        )
    for effect in effects:
        labels = [str(label) for label in np.asarray(posterior[effect.factor_dim])]
        if labels != effect.levels:
            raise ValueError(
                f"The groups of {effect.variable!r} in the posterior are not those in the model's data "
                f"({len(labels)} against {len(effect.levels)}): they belong to different fits."
            )
