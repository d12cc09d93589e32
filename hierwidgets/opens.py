"""The methods of a `Fit` that open views: their keywords are the state of the view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from hierwidgets.views.caterpillar import CaterpillarView
    from hierwidgets.views.dashboard import DashboardView
    from hierwidgets.views.groups import GroupsView
    from hierwidgets.views.priors import PriorsView
    from hierwidgets.views.sensitivity import SensitivityView
    from hierwidgets.views.shrinkage import ShrinkageView
    from hierwidgets.views.trace import TraceView
    from hierwidgets.views.variance import VarianceView


class Opens:
    """What a `Fit` shows."""

    def dashboard(self: Any, view: str | None = None) -> DashboardView:
        """What was fitted, the verdicts on it, and every view as a tab.

        The last line of a cell that is a `Fit` shows the same. A view is made when its tab is first
        opened; all of them share one selection.

        Parameters
        ----------
        view : str, optional
            The tab that is open, such as ``"shrinkage"``; convergence by default.

        Examples
        --------
        >>> fit.dashboard("shrinkage").views["shrinkage"].data
        """
        from hierwidgets.views.dashboard import DashboardView

        return DashboardView(self, view=view)

    def trace(
        self: Any, parameters: Sequence[str] | None = None, order: str = "rhat", search: str = ""
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
        self: Any,
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
        self: Any,
        term: str | None = None,
        sort: str = "estimate",
        picture: str = "groups",
        sigma: dict[str, float] | None = None,
        search: str = "",
        *,
        units: str = "link",
        by: str | None = None,
        folded: Sequence[str] = (),
        at: dict[str, float] | None = None,
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
            and not with `sigma` or `at`, which work on the link scale.
        by : str, optional
            A factor that the term's grouping is nested in, such as ``"school"`` for
            ``"1|school:class"``: its groups become headings.
        folded : list of str
            Groups of `by` whose own groups are folded away.
        at : dict, optional
            Where the level of each group is looked at, by column of the slopes beside it, such as
            ``{"temp": 200}``; at zero by default.
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
            at=at,
        )

    def variance(
        self: Any, factor: str | None = None, predictor: str | None = None
    ) -> VarianceView:
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
        self: Any,
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

    def priors(
        self: Any,
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

    def sensitivity(
        self: Any,
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
