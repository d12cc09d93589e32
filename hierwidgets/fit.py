"""One fitted Bambi model and its draws; the methods of a `Fit` open the views."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hierwidgets import checks, models, sampling, terms

if TYPE_CHECKING:
    import bambi as bmb
    import pandas as pd
    import xarray as xr

    from hierwidgets.correlated import Correlated
    from hierwidgets.views.caterpillar import CaterpillarView
    from hierwidgets.views.groups import GroupsView
    from hierwidgets.views.selection import Selection
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
    recipe = {"priors": priors, **model_options}
    return Fit(model, tree, dropped=dropped, recipe=recipe)


def wrap(model: bmb.Model, idata: xr.DataTree) -> Fit:
    """A `Fit` of a Bambi model that is already fitted.

    Parameters
    ----------
    model : bambi.Model
    idata : DataTree
        What ``model.fit()`` returned. Neither is changed.

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
    return Fit(model, idata)


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
    """

    def __init__(
        self,
        model: bmb.Model,
        idata: xr.DataTree,
        *,
        name: str = "fit",
        dropped: int = 0,
        recipe: dict[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.idata = idata
        self.name = name
        self.dropped = dropped
        self.recipe = recipe
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
        """
        from hierwidgets.views.caterpillar import CaterpillarView

        return CaterpillarView(self, term=term, sort=sort, scale=scale, search=search)

    def shrinkage(
        self,
        term: str | None = None,
        sort: str = "estimate",
        picture: str = "groups",
        sigma: dict[str, float] | None = None,
        search: str = "",
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
        """
        from hierwidgets.views.shrinkage import ShrinkageView

        return ShrinkageView(
            self, term=term, sort=sort, picture=picture, sigma=sigma, search=search
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
