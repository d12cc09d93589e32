"""The methods of a `Fit` that check it: their keywords are the state of the view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from hierwidgets.views.convergence import ConvergenceView
    from hierwidgets.views.loo import LooView
    from hierwidgets.views.ppc import PpcView


class Checking:
    """What a `Fit` shows of its own soundness."""

    def convergence(
        self: Any,
        parameter: str | None = None,
        term: str | None = None,
        group: str | None = None,
        *,
        show: Literal["terms", "parameters"] = "terms",
        order: Literal["worst", "rhat", "ess", "name"] = "worst",
        search: str = "",
        axis: Literal["sampled", "effect"] = "sampled",
    ) -> ConvergenceView:
        """Whether the draws can be trusted: a verdict, every diagnostic, and the funnel to blame.

        Parameters
        ----------
        parameter : str, optional
            Whose ranks and autocorrelation are drawn, such as ``"1|Subject[308]"``; the worst by
            default.
        term : str, optional
            Whose funnel is drawn, such as ``"1|Subject"``; the most suspect by default.
        group : str, optional
            Whose effect stands against the log scale; the one least is known of by default.
        show : {"terms", "parameters"}
            A row for each term with its worst, or one for each parameter.
        order : {"worst", "rhat", "ess", "name"}
            The order of the parameters.
        search : str
            Narrows the table.
        axis : {"sampled", "effect"}
            What stands against the log scale: what the sampler moves, which are offsets in a
            non-centred term, or the effects.

        Examples
        --------
        >>> fit.convergence().verdict.findings
        >>> fit.refit(target_accept=0.95).convergence().changes  # before and after the advice
        """
        from hierwidgets.views.convergence import ConvergenceView

        return ConvergenceView(
            self,
            parameter=parameter,
            term=term,
            group=group,
            show=show,
            order=order,
            search=search,
            axis=axis,
        )

    def loo(
        self: Any,
        unit: Literal["observation", "group"] = "observation",
        factor: str | None = None,
        sort: Literal["estimate", "name", "size", "uncertainty"] = "estimate",
        search: str = "",
        *,
        by: str | None = None,
        folded: Sequence[str] = (),
    ) -> LooView:
        """How well the model predicts what it has not seen: leave one out, by row or by group.

        Parameters
        ----------
        unit : {"observation", "group"}
            What is left out: one row, so that a new observation in a known group is predicted, or all
            rows of a group, whose own effects are then integrated out.
        factor : str, optional
            The grouping factor whose groups are listed; the first one by default.
        sort : {"estimate", "name", "size", "uncertainty"}
            The worst predicted first, or by label, rows or standard error.
        search : str
            Narrows the groups.
        by : str, optional
            A factor that this one is nested in: its groups become headings.
        folded : list of str
            Groups of `by` whose own groups are folded away.

        Raises
        ------
        ValueError
            A response whose likelihood is not at hand, or groups of a model that has none.

        Examples
        --------
        >>> fit.loo().total.elpd, fit.loo().verdict.said
        """
        from hierwidgets.views.loo import LooView

        return LooView(
            self, unit=unit, factor=factor, sort=sort, search=search, by=by, folded=list(folded)
        )

    def ppc(
        self: Any,
        kind: Literal["posterior", "prior"] = "posterior",
        picture: str | None = None,
        statistic: str | Callable[[np.ndarray], float] = "battery",
        factor: str | None = None,
        *,
        replicate: Literal["new", "same"] | None = None,
        order: Literal["surprise", "name", "size"] = "surprise",
        search: str = "",
        group: str | None = None,
    ) -> PpcView:
        """Whether the model reproduces the data: overlays, test statistics, and group by group.

        Parameters
        ----------
        kind : {"posterior", "prior"}
            Replications by the fitted model, or by its priors alone.
        picture : str, optional
            "density", "ecdf", "bars", "rootogram", "pit" or "loo_pit", as the response allows.
        statistic : str or callable
            By which groups are compared: "battery" takes the most surprising of level, spread and
            slope and corrects for it; or "mean", "sd", "min", "max", "zeros", "extreme", "scatter",
            "dispersion", "slope"; or a function of a response (rows,) that gives a number.
        factor : str, optional
            The grouping whose groups are compared; the first by default.
        replicate : {"new", "same"}, optional
            Against new groups drawn from the population, the default, which is calibrated; or the
            same groups with their fitted effects, which is conservative. New groups need Normal
            effects.
        order : {"surprise", "name", "size"}
        search : str
            Narrows the groups.
        group : str, optional
            Whose rows are shown; the most surprising by default.

        Examples
        --------
        >>> fit.ppc().verdict.findings
        """
        from hierwidgets.views.ppc import PpcView

        return PpcView(
            self,
            kind=kind,
            picture=picture,
            statistic=statistic,
            factor=factor,
            replicate=replicate,
            order=order,
            search=search,
            group=group,
        )
