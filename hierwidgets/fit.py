"""One fitted Bambi model and its draws; the methods of a `Fit` open the views."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hierwidgets import checks, models, sampling, terms

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import bambi as bmb
    import pandas as pd
    import xarray as xr

    from hierwidgets.background import Background
    from hierwidgets.correlated import Correlated
    from hierwidgets.tables.reweight import Reweighted
    from hierwidgets.views.caterpillar import CaterpillarView
    from hierwidgets.views.groups import GroupsView
    from hierwidgets.views.priors import PriorsView
    from hierwidgets.views.selection import Selection
    from hierwidgets.views.sensitivity import SensitivityView
    from hierwidgets.views.shrinkage import ShrinkageView
    from hierwidgets.views.trace import TraceView
    from hierwidgets.views.variance import VarianceView


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
    progress: bool = True,
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
        takes them.
    correlated : bool, list of str, or dict
        Correlate the intercepts and slopes of each grouping, by an LKJ prior: True for every
        grouping with two or more effects, a list of grouping factors, or ``{factor: eta}``. The
        matrix stands in the posterior as ``"Subject_corr"``. Bambi's own are independent.
    draws, tune, chains : int
        Kept draws and warm-up draws for each chain, and the number of chains.
    random_seed : int, optional
        Makes the draws repeatable.
    sampler : {"nutpie", "pymc"}
    progress : bool
        Show the chains as they run.
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

    Examples
    --------
    >>> import hierwidgets as hw
    >>> fit = hw.fit("Reaction ~ Days + (Days | Subject)", hw.example("sleepstudy"))
    >>> fit.shrinkage()
    """
    checks.one_of(sampler, sampling.SAMPLERS, "a sampler")
    draws = checks.positive_int(draws, "draws", sampling.LEAST_DRAWS)
    tune, chains = checks.positive_int(tune, "tune"), checks.positive_int(chains, "chains")
    model, dropped = models.build(
        formula, data, family=family, priors=priors, correlated=correlated, **model_options
    )
    tree = sampling.sample(
        model,
        draws=draws,
        tune=tune,
        chains=chains,
        random_seed=random_seed,
        sampler=sampler,
        progress=progress,
    )
    return Fit(model, tree, dropped=dropped, executor=executor)


def wrap(model: bmb.Model, idata: xr.DataTree, *, executor: Executor | None = None) -> Fit:
    """A `Fit` of a Bambi model that is already fitted.

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
        If these are not a Bambi model and its posterior.

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
    return Fit(model, idata, executor=executor)


class Fit:
    """A fitted multilevel model: Bambi's model, ArviZ's draws, and the views of both.

    Made by `fit`, `wrap` or `load`.

    Attributes
    ----------
    model : bambi.Model
    idata : DataTree
        The posterior and what belongs to it, untouched.
    name : str
        What the fit is called in `View.code`; "fit" unless a magic named it.
    dropped : int
        Rows left out for missing or infinite values.
    pool : list of Fit
        Itself, and the refits of it under other priors.
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
        self.idata = idata
        self.name = name
        self.dropped = dropped
        self.executor = executor
        self.pool: list[Fit] = [self]
        _check_match(self.effects, self.posterior)

    @property
    def posterior(self) -> xr.Dataset:
        """The posterior draws."""
        return self.idata["posterior"].to_dataset()

    @property
    def data(self) -> pd.DataFrame:
        """The rows the model was fitted to."""
        return self.model.data

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
        ("noncentered" or "centered").
        """
        return terms.table(self.effects)

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

    def trace(
        self, parameters: Sequence[str] | None = None, order: str = "rhat", search: str = ""
    ) -> TraceView:
        """Draws of each chain, their densities and rank bars.

        Parameters
        ----------
        parameters : list of str, optional
            Drawn at first, such as ``["sigma", "1|Subject[308]"]``; the population's by default.
        order : {"rhat", "ess", "name"}
            The list's order; the worst first.
        search : str
            Narrows the list.
        """
        from hierwidgets.views.trace import TraceView

        return TraceView(self, parameters=parameters, order=order, search=search)

    def caterpillar(
        self,
        term: str | None = None,
        sort: str = "estimate",
        scale: str = "effect",
        search: str = "",
        *,
        units: str = "link",
        by: str | None = None,
        folded: Sequence[str] = (),
    ) -> CaterpillarView:
        """Every group's effect with its 50 and 95 % intervals.

        Parameters
        ----------
        term : str, optional
            Such as ``"Days|Subject"``; the first one by default.
        sort : {"estimate", "name", "size", "uncertainty"}
        scale : {"effect", "deviation"}
            The whole effect mu + u_j, or the deviation u_j from the population.
        search : str
            Narrows the groups.
        units : {"link", "response"}
            The linear predictor's, or the response's: an expected response for an intercept, an odds
            ratio or a ratio for a slope or a deviation.
        by : str, optional
            A factor that the term's grouping is nested in, such as ``"school"`` for
            ``"1|school:class"``: its groups become headings.
        folded : list of str
            Groups of `by` whose own groups are folded away.
        """
        from hierwidgets.views.caterpillar import CaterpillarView

        return CaterpillarView(
            self,
            term=term,
            sort=sort,
            scale=scale,
            search=search,
            units=units,
            by=by,
            folded=list(folded),
        )

    def shrinkage(
        self,
        term: str | None = None,
        sort: str = "estimate",
        picture: str = "groups",
        sigma: dict[str, float] | None = None,
        search: str = "",
        *,
        units: str = "link",
        by: str | None = None,
        folded: Sequence[str] = (),
    ) -> ShrinkageView:
        """How far each group is pulled from its own estimate to the population.

        Parameters
        ----------
        term : str, optional
            Such as ``"1|Subject"``; the first one by default.
        sort : {"estimate", "name", "size", "uncertainty"}
        picture : {"groups", "plane"}
            A row for each group, or two effects against each other.
        sigma : dict, optional
            Group scales by term to show the estimates at, by the lecture's formula; the posterior
            by default.
        search : str
            Narrows the groups.
        units : {"link", "response"}
            The linear predictor's, or the response's: an expected response for an intercept, an odds
            ratio or a ratio for a slope. In the groups' picture only,
            and not with `sigma`, which works on the link scale.
        by : str, optional
            A factor that the term's grouping is nested in, such as ``"school"`` for
            ``"1|school:class"``: its groups become headings.
        folded : list of str
            Groups of `by` whose own groups are folded away.
        """
        from hierwidgets.views.shrinkage import ShrinkageView

        return ShrinkageView(
            self,
            term=term,
            sort=sort,
            picture=picture,
            sigma=sigma,
            search=search,
            units=units,
            by=by,
            folded=list(folded),
        )

    def variance(self, factor: str | None = None, predictor: str | None = None) -> VarianceView:
        """Every scale and correlation, and each level's share of the variance.

        Parameters
        ----------
        factor : str, optional
            The grouping whose share is drawn by a predictor, and whose correlations are shown; the
            first with a varying slope by default.
        predictor : str, optional
            A column whose slope varies over it; the first by default.
        """
        from hierwidgets.views.variance import VarianceView

        return VarianceView(self, factor=factor, predictor=predictor)

    def groups(
        self,
        factor: str | None = None,
        x: str | None = None,
        sort: str = "fit",
        *,
        group: str | None = None,
        scale: str | None = None,
        show: str = "all",
        search: str = "",
        page: int = 1,
    ) -> GroupsView:
        """Each group's own rows with its lines by no, partial and complete pooling.

        Parameters
        ----------
        factor : str, optional
            A grouping factor, such as ``"Subject"``; the first one by default.
        x : str, optional
            The column along which the lines run, ``""`` for the order of a group's rows; the first
            varying slope's predictor by default.
        sort : {"fit", "shrinkage", "name", "size"}
            The worst fitted, the most shrunken, by label, or the most rows first.
        group : str, optional
            The group that is shown large.
        scale : {"response", "link"}, optional
        show : {"all", "picked"}
            Every group, or those picked in any view of this fit.
        search : str
            Narrows the groups.
        page : int
            From 1.
        """
        from hierwidgets.views.groups import GroupsView

        return GroupsView(
            self,
            factor=factor,
            x=x,
            sort=sort,
            group=group,
            scale=scale,
            show=show,
            search=search,
            page=page,
        )

    def predict(
        self,
        data: pd.DataFrame | None = None,
        kind: Literal["known", "new", "average"] = "known",
        *,
        link: bool = False,
        random_seed: int | None = None,
    ) -> pd.DataFrame:
        """The expected response of rows: of known groups, of new groups, or at the average.

        Parameters
        ----------
        data : DataFrame, optional
            Rows with the formula's predictors and grouping columns; the fitted rows by default.
        kind : {"known", "new", "average"}
            The rows' groups with their own effects; the same, but groups that were not fitted are
            drawn from the population; or all group effects zero.
        link : bool
            On the scale of the link function, in place of the response's.
        random_seed : int, optional
            Makes the draws of new groups repeatable.

        Returns
        -------
        DataFrame
            One row a row of `data`: kind, mean, sd, lower, inner_lower, median, inner_upper, upper;
            see `hierwidgets.tables.prediction.predict`.

        Raises
        ------
        ValueError
            A column, value, level or group that is missing or unknown, in a sentence.

        Examples
        --------
        >>> import pandas as pd
        >>> fit.predict(pd.DataFrame({"Days": [9], "Subject": ["someone"]}), kind="new")
        """
        from hierwidgets.tables.prediction import predict

        return predict(self, data, kind, link=link, random_seed=random_seed)

    def priors(
        self,
        priors: dict[str, Any] | None = None,
        term: str | None = None,
        quantity: str | None = None,
        *,
        group: str | None = None,
        top: int = 3,
        auto: bool = True,
    ) -> PriorsView:
        """The prior lab: sliders that move every top-level prior, and the posterior with them.

        Parameters
        ----------
        priors : dict, optional
            A `hierwidgets.Prior`, or a number for its scale, by the parameter's name in the
            posterior, as of `refit`; the fitted priors by default.
        term : str, optional
            Whose groups are drawn, such as ``"1|Subject"``; the first one by default.
        quantity : str, optional
            What the curves under the sliders show; the first group scale by default.
        group : str, optional
            A group whose shrinkage weight and rank are told.
        top : int
            k of the chance that the group is among the k largest.
        auto : bool
            Refit by itself where a slider rests on an unreliable value.

        Examples
        --------
        >>> fit.priors({"1|Subject_sigma": hw.Prior("HalfNormal", sigma=10)})
        """
        from hierwidgets.views.priors import PriorsView

        return PriorsView(
            self, priors=priors, term=term, quantity=quantity, group=group, top=top, auto=auto
        )

    def refit(
        self,
        priors: dict[str, Any],
        *,
        draws: int | None = None,
        tune: int = 1000,
        chains: int | None = None,
        random_seed: int | None = None,
        progress: bool = True,
        executor: Executor | None = None,
    ) -> Fit:
        """The same model and data under other top-level priors; it joins this fit's pool.

        The model is compiled once for the same families of priors. Priors that are not named stay
        as they were fitted: they are not scaled anew, as a fresh Bambi model would.

        Parameters
        ----------
        priors : dict
            A `hierwidgets.Prior`, or a number for the scale of the fitted one, by the parameter's
            name in the posterior, such as ``{"1|Subject_sigma": hw.Prior("HalfNormal", sigma=10)}``. A
            correlation takes its eta: ``{"Subject_corr": 4.0}``.
        draws, chains : int, optional
            As of this fit by default.
        tune : int
            Warm-up draws of each chain.
        random_seed : int, optional
        progress : bool
            Show the chains as they run.
        executor : concurrent.futures.Executor, optional
            Where to run it; in this process by default.

        Returns
        -------
        Fit
            Its `pool` is this fit's pool, which later reweighting draws on.

        Raises
        ------
        TypeError, ValueError
            Priors that cannot be, a model that cannot be built again, or chains that did not mix.
        hierwidgets.sampling.InterruptedSamplingError
            Interrupted: part of a refit is not used.

        Examples
        --------
        >>> tight = fit.refit({"1|Subject_sigma": hw.Prior("HalfNormal", sigma=10)})
        """
        from hierwidgets import refits

        plan = self._plan(draws, tune, chains, random_seed, progress and executor is None)
        return refits.refit(self, priors, plan, executor)

    def reweight(self, priors: dict[str, Any]) -> Reweighted:
        """The posterior under other top-level priors from the draws there are, and a verdict.

        All fits of the pool serve: see `refit`.

        Parameters
        ----------
        priors : dict
            As in `refit`.

        Returns
        -------
        hierwidgets.tables.reweight.Reweighted
            With ``verdict``, ``reliable``, ``khat``, ``ess``, ``log_evidence_ratio``, ``weights``,
            ``summary()`` and ``idata``.

        Raises
        ------
        TypeError, ValueError
            Priors that cannot be, in a sentence.

        Examples
        --------
        >>> tight = fit.reweight({"1|Subject_sigma": hw.Prior("HalfNormal", sigma=100)})
        >>> tight.verdict, tight.summary()
        """
        from hierwidgets.tables.reweight import reweight

        return reweight(self, priors)

    def sensitivity(
        self,
        by: Literal["all", "group", "prior"] = "all",
        sort: Literal["model", "prior", "likelihood"] = "model",
    ) -> SensitivityView:
        """Whether the answers depend on the priors: power-scaling of top-level priors and likelihood.

        Parameters
        ----------
        by : {"all", "group", "prior"}
            What is scaled at once: all top-level priors, those of one group, or one alone.
        sort : {"model", "prior", "likelihood"}
            The order of the quantities: the model's, or the most sensitive first.

        Raises
        ------
        ValueError
            An unknown option, or a censored or truncated response, whose likelihood is not at hand.

        Examples
        --------
        >>> fit.sensitivity("prior").data.query("diagnosis != 'none'")
        """
        from hierwidgets.views.sensitivity import SensitivityView

        return SensitivityView(self, by=by, sort=sort)

    def prefit(
        self,
        parameter: str,
        values: Sequence[float] | None = None,
        *,
        most: int = 5,
        at_once: int = 1,
        executor: Executor | None = None,
        draws: int | None = None,
        tune: int = 1000,
        chains: int | None = None,
        random_seed: int | None = None,
    ) -> pd.DataFrame:
        """Refits laid over a prior's whole range beforehand, each where the gauge is worst.

        Parameters
        ----------
        parameter : str
            Such as ``"1|Subject_sigma"``; the scale of its prior is moved.
        values : list of float, optional
            Where to look; by default 25 values from 1/50 to 10 times the fitted prior's.
        most : int
            Refits at most.
        at_once : int
            Refits sent out together, on an executor with several workers.
        executor : concurrent.futures.Executor, optional
            Where they run, such as Dask's ``client.get_executor()``; in this process by default.
        draws, chains, tune, random_seed
            As in `refit`.

        Returns
        -------
        DataFrame
            One row a value: verdict, khat and ess from the pool as it is now, and ``fitted``, whether
            one of the refits has it.

        Examples
        --------
        >>> fit.prefit("1|Subject_sigma")  # doctest: +SKIP
        """
        from hierwidgets.prefit import prefit

        plan = self._plan(draws, tune, chains, random_seed)
        return prefit(
            self,
            parameter,
            plan,
            values=values,
            most=most,
            at_once=at_once,
            executor=executor,
        )

    def _plan(
        self,
        draws: int | None,
        tune: int,
        chains: int | None,
        seed: int | None,
        progress: bool = False,
    ) -> sampling.Plan:
        sizes = self.idata["posterior"].sizes
        return sampling.Plan(
            checks.positive_int(draws or sizes["draw"], "draws", sampling.LEAST_DRAWS),
            checks.positive_int(tune, "tune"),
            checks.positive_int(chains or sizes["chain"], "chains"),
            seed,
            progress,
        )

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

    def __repr__(self) -> str:
        sizes = self.idata["posterior"].sizes
        groups = ", ".join(f"{len(g)} {f}" for f, g in self.factors.items()) or "no groups"
        lines = [
            f"Fit of {self.formula}",
            f"  {self.family}, {len(self.data)} rows, {groups}, {sizes['chain']} chains of {sizes['draw']} draws",
        ]
        if self.dropped:
            lines.append(f"  {self.dropped} rows left out for missing or infinite values")
        if self.partial:
            lines.append(f"  {self.status}")
        return "\n".join(lines)


def _check_match(effects: Sequence[terms.Effect], posterior: xr.Dataset) -> None:
    """Refuse a posterior that is not this model's."""
    for effect in effects:
        if effect.variable not in posterior or effect.scale not in posterior:
            raise ValueError(
                f"The posterior has no {effect.variable!r} or {effect.scale!r}: it belongs to another model. "
                f"It holds {checks.listed(posterior.data_vars)}."
            )
        labels = [str(label) for label in np.asarray(posterior[effect.factor_dim])]
        if labels != effect.levels:
            raise ValueError(
                f"The groups of {effect.variable!r} in the posterior are not those in the model's data "
                f"({len(labels)} against {len(effect.levels)}): they belong to different fits."
            )
