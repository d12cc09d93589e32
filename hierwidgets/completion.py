"""What can be written next after %hier."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from hierwidgets import magics, priors
from hierwidgets.tables import place, trace
from hierwidgets.tables import priors as tables
from hierwidgets.tables.dashboard import VIEWS

if TYPE_CHECKING:
    from hierwidgets.fit import Fit
    from hierwidgets.magics import HierMagics

VALUES = {
    "family": ["gaussian", "bernoulli", "binomial", "poisson", "negativebinomial", "t", "gamma"],
    "sampler": ["nutpie", "pymc"],
    "order": ["rhat", "ess", "name"],
    "sort": ["estimate", "name", "size", "uncertainty"],
    "scale": ["effect", "deviation"],
    "picture": ["groups", "plane"],
    "units": ["link", "response"],
    "unit": ["observation", "group"],
}
VIEW_VALUES: dict[str, dict[str, list[str]]] = {
    "dashboard": {"view": [view for view in VIEWS if view in magics.VIEWS]},
    "groups": {
        "sort": ["fit", "shrinkage", "name", "size"],
        "scale": ["response", "link"],
        "show": ["all", "picked"],
    },
    "convergence": {
        "show": ["terms", "parameters"],
        "order": ["worst", "rhat", "ess", "name"],
        "axis": ["sampled", "effect"],
    },
    "ppc": {
        "kind": ["posterior", "prior"],
        "picture": ["density", "ecdf", "bars", "rootogram", "pit", "loo_pit"],
        "statistic": [
            "battery",
            "mean",
            "sd",
            "min",
            "max",
            "zeros",
            "extreme",
            "scatter",
            "dispersion",
            "slope",
        ],
        "replicate": ["new", "same"],
        "order": ["surprise", "name", "size"],
    },
    "sensitivity": {
        "by": ["all", "group", "prior"],
        "sort": ["model", "prior", "likelihood"],
    },
}


def matcher(hier: HierMagics) -> Callable[[CompletionContext], Any]:
    """An IPython matcher that knows the fits, frames, views and options of `hier`."""

    def complete(context: CompletionContext) -> Any:
        fragment, candidates = suggestions(
            hier, context.full_text, context.cursor_line, context.text_until_cursor
        )
        found = [SimpleCompletion(text=word, type="hier") for word in candidates]
        return {"completions": found, "matched_fragment": fragment, "suppress": bool(found)}

    decorate: Any = context_matcher(identifier="hierwidgets", priority=100)
    return decorate(complete)


def suggestions(hier: HierMagics, text: str, line: int, before: str) -> tuple[str, list[str]]:
    """The unfinished word before the cursor, and the words it may become.

    Parameters
    ----------
    hier : HierMagics
    text : str
        The whole cell.
    line : int
        The line the cursor is on.
    before : str
        That line up to the cursor.
    """
    first = text.split("\n", 1)[0]
    if line > 0 and first.startswith("%%hier"):
        return _from(re.search(r"\w*$", before), _columns(hier, first))
    called = re.match(r".*?(%{1,2})hier\s", before)
    if called is None or (line > 0 and called[1] == "%%"):
        return "", []
    done, fragment = _split(before[called.end() :])
    choices = _fit_words(hier, done) if called[1] == "%%" else _line_words(hier, done)
    quote = fragment[:1] if fragment[:1] in {'"', "'"} else ""
    begun = fragment.strip("\"'")
    return fragment, [_quoted(choice, quote) for choice in choices if choice.startswith(begun)]


def _from(match: re.Match[str] | None, choices: list[str]) -> tuple[str, list[str]]:
    fragment = match[0] if match else ""
    return fragment, [choice for choice in choices if fragment and choice.startswith(fragment)]


def _split(typed: str) -> tuple[list[str], str]:
    """Finished words without their quotes, and the one being written with its quote."""
    found = re.findall(r'"[^"]*"?|\'[^\']*\'?|[^\s"\']+|\s+', typed)
    fragment = "" if not found or found[-1].isspace() else found.pop()
    return [word.strip("\"'") for word in found if not word.isspace()], fragment


def _quoted(word: str, quote: str) -> str:
    if quote or not re.fullmatch(r"[\w.-]+", word):
        mark = quote or '"'
        return f"{mark}{word}{mark}"
    return word


def _fit_words(hier: HierMagics, done: list[str]) -> list[str]:
    if not done:
        return []
    if done[-1] == "--data":
        return list(hier.frames())
    return _options(done, list(magics.FIT_OPTIONS))


def _line_words(hier: HierMagics, done: list[str]) -> list[str]:
    if not done:
        return list(magics.VERBS)
    verb = done[0]
    fits = hier.fits()
    if verb not in magics.VERBS or verb == "load":
        return []
    if verb == "compare":
        left = [name for name in fits if name not in done]
        last = done[-1].removeprefix("--")
        if done[-1] in {"--first", "--second"}:
            return [name for name in done[1:] if name in fits]
        return (
            left + _options(done, list(magics.COMPARED))
            if last == done[-1]
            else VALUES.get(last, [])
        )
    if len(done) == 1:
        return list(fits)
    options = list(magics.VIEWS.get(verb, {}))
    if done[1] in fits and done[-1].removeprefix("--") in options:
        return _of_fit(fits[done[1]], done) or _options(done, options)
    return _options(done, options)


def _of_fit(fit: Fit, done: list[str]) -> list[str]:
    """The values of the last option that are names in a fit."""
    given = dict(pairwise(done))
    match done[-1]:
        case "--at":
            return _places(fit, done)
        case "--term":
            return [effect.term for effect in fit.effects]
        case "--factor" | "--by" if done[0] != "sensitivity":
            return list(fit.factors)
        case "--folded" | "--group" if fit.effects:
            terms = {effect.term: effect.factor for effect in fit.effects}
            factor = (
                given.get("--factor") or given.get("--by") or terms.get(given.get("--term", ""))
            )
            return fit.factors.get(factor or fit.effects[0].factor, [])
        case "--parameter" | "--parameters" if fit.ready:
            return [str(name) for name in trace.parameters(fit)["parameter"]]
        case "--quantity" if fit.ready:
            return [one.name for one in tables.quantities(fit) if one.shown]
        case "--priors" if fit.ready:
            return [f"{one.parameter}: {_written(one)}" for one in priors.top(fit) if not one.fixed]
        case _:
            return []


def _written(one: priors.Top) -> str:
    if one.kind == "correlation":
        return f"{one.setting.args['eta']:g}"
    return str(one.setting)


def _places(fit: Fit, done: list[str]) -> list[str]:
    """The mean of the rows, as --at takes it, for the term that is named or the first."""
    known = {effect.term: effect for effect in fit.effects}
    named = done[done.index("--term") + 1] if "--term" in done[:-1] else ""
    mean = place.mean(fit, known.get(named, fit.effect()))
    return [",".join(f"{name}={value:g}" for name, value in mean.items())] if mean else []


def _options(done: list[str], allowed: list[str]) -> list[str]:
    last = done[-1].removeprefix("--")
    values = VALUES | VIEW_VALUES.get(done[0], {})
    if done[-1].startswith("--") and last in values:
        return values[last]
    return [f"--{name}" for name in allowed if f"--{name}" not in done]


def _columns(hier: HierMagics, first: str) -> list[str]:
    named = re.search(r"--data[= ]\s*(\w+)", first)
    frame = hier.frames().get(named[1]) if named else None
    return [] if frame is None else [str(column) for column in frame.columns]
