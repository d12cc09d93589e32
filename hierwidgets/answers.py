"""The methods of a `Fit` that answer: expected responses, and the posterior under other priors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from hierwidgets import checks, sampling

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

    from hierwidgets.fit import Fit
    from hierwidgets.tables.reweight import Reweighted


class Answers:
    """What a `Fit` computes when asked."""

    def predict(
        self: Any,
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
            drawn from the population, each for itself; or all group effects zero. Bambi's own
            ``fit.model.predict(..., sample_new_groups=True)`` gives all new groups of a factor the
            effects of one fitted group, so that their difference is 0.
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

    def refit(
        self: Any,
        priors: dict[str, Any] | None = None,
        *,
        noncentered: bool | dict[str, bool] | None = None,
        target_accept: float | None = None,
        draws: int | None = None,
        tune: int = 1000,
        chains: int | None = None,
        random_seed: int | None = None,
        progress: bool = True,
        executor: Executor | None = None,
    ) -> Fit:
        """The same model and data, sampled anew, perhaps under other priors; it joins this fit's pool.

        The model is compiled once for the same families of priors. Priors that are not named stay
        as they were fitted: they are not scaled anew, as a fresh Bambi model would.

        Parameters
        ----------
        priors : dict, optional
            A `hierwidgets.Prior`, or a number for the scale of the fitted one, by the parameter's
            name in the posterior, such as ``{"1|Subject_sigma": hw.Prior("HalfNormal", sigma=10)}``. A
            correlation takes its eta: ``{"Subject_corr": 4.0}``. The fitted ones by default.
        noncentered : bool or dict, optional
            Write the group terms non-centred or centred, all of them or by term, such as
            ``{"1|Subject": False}``: the same posterior, easier to sample with little or with much
            data in each group. As fitted by default.
        target_accept : float, optional
            The acceptance the step size is tuned to, above 0 and below 1; nearer to 1, smaller steps
            and fewer divergences.
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
            Its `pool` is this fit's pool, which later reweighting draws on, without fits whose
            chains disagree. If its own chains did not mix, a warning says so and it stays out of
            the pool.

        Raises
        ------
        TypeError, ValueError
            Priors that cannot be, or a model that cannot be built again.
        hierwidgets.sampling.InterruptedSamplingError
            Interrupted: part of a refit is not used.

        Examples
        --------
        >>> tight = fit.refit({"1|Subject_sigma": hw.Prior("HalfNormal", sigma=10)})
        """
        from hierwidgets import refits

        plan = self._plan(draws, tune, chains, random_seed, progress and executor is None)
        if target_accept is not None:
            plan = plan._replace(target_accept=checks.share(target_accept, "target_accept"))
        return refits.refit(self, priors or {}, plan, executor, noncentered)

    def reweight(self: Any, priors: dict[str, Any]) -> Reweighted:
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
            ``summary()`` and ``idata``. Never reliable where the chains of this fit disagree: its
            ``reason`` then gives R-hat and what to do first.

        Raises
        ------
        TypeError, ValueError
            Priors that cannot be, or draws that are no numbers to compute with, in a sentence.

        Examples
        --------
        >>> tight = fit.reweight({"1|Subject_sigma": hw.Prior("HalfNormal", sigma=100)})
        >>> tight.verdict, tight.summary()
        """
        from hierwidgets.tables import broken
        from hierwidgets.tables.reweight import reweight

        broken.check(self, "reweight()")
        return reweight(self, priors)

    def prefit(
        self: Any,
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
        progress: bool = True,
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
        progress : bool
            Say what each refit won.

        Returns
        -------
        DataFrame
            One row a value: verdict, khat and ess from the pool as it is now, ``fitted``, whether one
            of the refits has it, and ``note``, why a refit did not join the pool.

        Raises
        ------
        TypeError, ValueError
            A parameter, value or model that cannot be, in a sentence.
        hierwidgets.sampling.InterruptedSamplingError
            Interrupted; the refits before stay in the pool.

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
            progress=progress,
        )

    def _plan(
        self: Any,
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
