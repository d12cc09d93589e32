"""%hier and %%hier: the same nouns, for those who would rather write a line."""

from __future__ import annotations

import keyword
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from hierwidgets import checks, commands

if TYPE_CHECKING:
    import pandas as pd
    from IPython.core.interactiveshell import InteractiveShell

    from hierwidgets.fit import Fit

Readers = dict[str, Callable[[str], Any]]

FIT_OPTIONS: Readers = {
    "data": str,
    "family": str,
    "correlated": commands.flag,
    "draws": int,
    "tune": int,
    "chains": int,
    "seed": int,
    "sampler": str,
    "dropna": commands.flag,
    "quiet": commands.flag,
    "live": commands.flag,
}
ARRANGED: Readers = {"units": str, "by": str, "folded": commands.listed}
VIEWS: dict[str, Readers] = {
    "dashboard": {"view": str},
    "trace": {"parameters": commands.listed, "order": str, "search": str},
    "caterpillar": {"term": str, "sort": str, "scale": str, "search": str, **ARRANGED},
    "shrinkage": {
        "term": str,
        "sort": str,
        "picture": str,
        "sigma": commands.scales,
        "search": str,
        **ARRANGED,
        "at": commands.place,
    },
    "groups": {
        "factor": str,
        "x": str,
        "sort": str,
        "group": str,
        "scale": str,
        "show": str,
        "search": str,
        "page": int,
    },
    "variance": {"factor": str, "predictor": str},
    "priors": {
        "priors": commands.priors,
        "term": str,
        "quantity": str,
        "group": str,
        "top": int,
    },
    "sensitivity": {"by": str, "sort": str},
    "loo": {
        "unit": str,
        "factor": str,
        "sort": str,
        "search": str,
        "by": str,
        "folded": commands.listed,
    },
    "convergence": {
        "parameter": str,
        "term": str,
        "group": str,
        "show": str,
        "order": str,
        "search": str,
        "axis": str,
    },
    "ppc": {
        "kind": str,
        "picture": str,
        "statistic": str,
        "factor": str,
        "replicate": str,
        "order": str,
        "search": str,
        "group": str,
    },
}
REPORTED = [view for view in VIEWS if view not in ("dashboard", "sensitivity")]
COMPARED: Readers = {
    "first": str,
    "second": str,
    "unit": str,
    "factor": str,
    "sort": str,
    "search": str,
}
VERBS = {
    **{view: f"%hier {view} FIT" for view in VIEWS},
    "compare": "%hier compare FIT FIT",
    "terms": "%hier terms FIT",
    "save": "%hier save FIT PATH",
    "load": "%hier load NAME PATH",
    "report": "%hier report FIT PATH.html",
}


@magics_class
class HierMagics(Magics):
    """The magics; `load_ipython_extension` registers them."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.space = shell.user_ns

    @no_var_expand
    @line_cell_magic
    def hier(self, line: str, cell: str | None = None) -> Any:
        """Fit a model by a cell, or look at one by a line.

        ::

            %%hier sleep --data df --seed 1
            Reaction ~ Days + (Days | Subject)
            1|Subject_sigma: HalfNormal(sigma=30)

            %hier                                       what is fitted, what can be asked
            %hier shrinkage sleep --term "Days|Subject"
            %hier compare sleep other
            %hier terms sleep
            %hier save sleep sleep.nc
            %hier load again sleep.nc
            %hier report sleep page.html
        """
        try:
            return self._ask(line) if cell is None else self._fit(line, cell)
        except (TypeError, ValueError) as error:
            if not _is_ours(error):
                raise
            raise UsageError(" ".join(str(error).split())) from error

    def fits(self) -> dict[str, Fit]:
        """The fits the user has named."""
        from hierwidgets.fit import Fit

        return self._named(Fit)

    def frames(self) -> dict[str, pd.DataFrame]:
        """The frames the user has named."""
        import pandas as pd

        return self._named(pd.DataFrame)

    def _named(self, kind: type) -> dict[str, Any]:
        return {
            name: value
            for name, value in list(self.space.items())
            if isinstance(value, kind) and not name.startswith("_")
        }

    def _fit(self, line: str, cell: str) -> Fit:
        import hierwidgets as hw

        plain, options = commands.split_options(commands.words(line), FIT_OPTIONS, "%%hier")
        name = self._new_name(plain, "%%hier NAME --data FRAME")
        body = commands.parse_cell(cell)
        quiet, shown = options.pop("quiet", False), options.pop("live", False)
        fitted = hw.fit(
            body.formula,
            self._frame(options.pop("data", None)),
            priors=body.priors or None,
            random_seed=options.pop("seed", None),
            progress="live" if shown else not quiet,
            **options,
        )
        return self._bind(name, fitted)

    def _ask(self, line: str) -> Any:
        given = commands.words(line)
        if not given:
            print(self.listing())  # noqa: T201
            return None
        verb, *rest = given
        if verb not in VERBS:
            raise ValueError(
                f"%hier cannot {verb!r}.{checks.nearest(verb, VERBS)} It knows {', '.join(VERBS)}."
            )
        if verb == "load":
            return self._load(rest)
        if verb == "compare":
            return self._compare(rest)
        plain, options = commands.split_options(rest, VIEWS.get(verb, {}), f"%hier {verb}")
        fitted = self._chosen(plain, verb)
        if verb in VIEWS:
            _no_more(plain[1:], verb)
            return getattr(fitted, verb)(**options)
        if verb == "terms":
            _no_more(plain[1:], verb)
            return fitted.terms
        path = self._path(plain[1:], verb)
        if verb == "save":
            return fitted.save(path)
        import hierwidgets as hw

        return hw.report([getattr(fitted, view)() for view in REPORTED], path)

    def _compare(self, rest: list[str]) -> Any:
        import hierwidgets as hw

        plain, options = commands.split_options(rest, COMPARED, "%hier compare")
        named = plain if len(plain) > 1 or self.fits().keys() == set(plain) else list(self.fits())
        return hw.compare({name: self._chosen([name], "compare") for name in named}, **options)

    def _load(self, rest: list[str]) -> Fit:
        import hierwidgets as hw

        plain, _ = commands.split_options(rest, {}, "%hier load")
        name = self._new_name(plain[:1], VERBS["load"])
        return self._bind(name, hw.load(self._path(plain[1:], "load")))

    def _bind(self, name: str, fitted: Fit) -> Fit:
        fitted.name = name
        self.space[name] = fitted
        return fitted

    def _new_name(self, plain: list[str], usage: str) -> str:
        if len(plain) != 1:
            raise ValueError(f"One name for the fit is needed: {usage}")
        name = plain[0]
        if not name.isidentifier() or keyword.iskeyword(name):
            raise ValueError(f"{name!r} cannot name a fit: a name is letters, digits and _.")
        return name

    def _frame(self, name: str | None) -> pd.DataFrame:
        frames = self.frames()
        if name in frames:
            return frames[name]
        known = (
            f" The frames here are {checks.listed(frames)}." if frames else " There is none yet."
        )
        if name is None:
            raise ValueError(f"Name the data: --data FRAME.{known}")
        if name in self.space:
            kind = type(self.space[name]).__name__
            raise ValueError(f"--data {name} is a {kind}, not a pandas DataFrame.{known}")
        raise ValueError(f"There is no frame {name!r}.{checks.nearest(name, frames)}{known}")

    def _chosen(self, plain: list[str], verb: str) -> Fit:
        fits = self.fits()
        if not fits:
            raise ValueError("Nothing is fitted yet: begin with a cell %%hier NAME --data FRAME.")
        if plain and plain[0] in fits:
            return fits[plain[0]]
        if not plain and len(fits) == 1:
            return next(iter(fits.values()))
        known = f"The fits are {checks.listed(fits)}."
        if not plain:
            raise ValueError(f"Which fit? {VERBS[verb]}. {known}")
        raise ValueError(f"There is no fit {plain[0]!r}.{checks.nearest(plain[0], fits)} {known}")

    def _path(self, plain: list[str], verb: str) -> Path:
        if not plain:
            raise ValueError(f"Where to? {VERBS[verb]}")
        _no_more(plain[1:], verb)
        return Path(plain[0]).expanduser()

    def listing(self) -> str:
        """What is fitted and what can be asked, as lines of text."""
        fits = self.fits()
        if fits:
            lines = [f"{name}: {fitted!r}" for name, fitted in fits.items()]
        else:
            lines = ["Nothing is fitted yet. A cell fits a model:", ""]
            lines += ["    %%hier sleep --data df", "    Reaction ~ Days + (Days | Subject)"]
        asked = [f"    {usage:<28}{_options(verb)}".rstrip() for verb, usage in VERBS.items()]
        return "\n".join([*lines, "", "Ask:", *asked])


def _options(verb: str) -> str:
    options = COMPARED if verb == "compare" else VIEWS.get(verb, {})
    return " ".join(f"--{option}" for option in options)


def _no_more(extra: list[str], verb: str) -> None:
    if extra:
        raise ValueError(f"{extra[0]!r} is one word too many: {VERBS[verb]}")


def _is_ours(error: BaseException) -> bool:
    """Whether this package raised it: a sentence for the user, not a fault further down."""
    trace = error.__traceback__
    name = ""
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__", "")
        trace = trace.tb_next
    return name.split(".", 1)[0] == "hierwidgets"


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register %hier and its completion; IPython calls this at ``%load_ext hierwidgets``."""
    from hierwidgets.completion import matcher

    magics = HierMagics(shell)
    shell.register_magics(magics)
    completer: Any = shell.Completer
    completer.custom_matchers = [
        known
        for known in completer.custom_matchers
        if getattr(known, "matcher_identifier", "") != "hierwidgets"
    ] + [matcher(magics)]
