"""The methods of a `Fit` that check it: their keywords are the state of the view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from hierwidgets.views.convergence import ConvergenceView


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
