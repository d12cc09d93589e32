"""What a model may be made of when it comes as text: from a file, or for a refit elsewhere.

Formulas and priors are read before formulae, Bambi or PyMC look a name up; whatever is not listed
here is refused in a sentence.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from hierwidgets import checks

if TYPE_CHECKING:
    import bambi as bmb

LONGEST = 20_000
LARGEST = 1_000
HIGHEST = 10
LEVELS = ("B", "S", "Sum", "T", "Treatment", "binary")
SIZED = ("bs", "hsgp", "poly")
KERNELS = ("ExpQuad", "Matern32", "Matern52")
FORMULAE = (
    *LEVELS,
    *SIZED,
    *("C", "I", "center", "offset", "p", "prop", "proportion", "scale", "standardize"),
)
BAMBI = (
    *("abs", "exp", "exp2", "log", "log10", "log2"),
    *("c", "censored", "constrained", "counts", "truncated", "weighted"),
)
UNARY = (
    *(
        "abs",
        "absolute",
        "cbrt",
        "ceil",
        "cos",
        "exp",
        "exp2",
        "expm1",
        "fabs",
        "floor",
        "isfinite",
    ),
    *("isnan", "log", "log10", "log1p", "log2", "negative", "reciprocal", "rint", "round", "sign"),
    *("sin", "sqrt", "square", "tan", "tanh", "trunc", "arcsin", "arccos", "arctan", "arcsinh"),
    *("arctanh", "cosh", "sinh", "deg2rad", "rad2deg", "logical_not"),
)
BINARY = (
    *("add", "arctan2", "divide", "floor_divide", "fmax", "fmin", "hypot", "logaddexp"),
    *("logical_and", "logical_or", "maximum", "minimum", "mod", "multiply", "remainder"),
    *("subtract", "true_divide"),
)
ARITY = {**dict.fromkeys(UNARY, 1), **dict.fromkeys(BINARY, 2), "clip": 3, "where": 3}
NUMPY = SimpleNamespace(**{name: getattr(np, name) for name in ARITY})
CALLED = frozenset({*FORMULAE, *BAMBI, *(f"np.{name}" for name in ARITY)})
OUTSIDE = ("TILDE", "PLUS", "MINUS", "STAR", "STAR_STAR", "SLASH", "COLON", "PIPE")
COMPARED = ("EQUAL_EQUAL", "BANG_EQUAL", "LESS_EQUAL", "LESS", "GREATER_EQUAL", "GREATER")
INSIDE = ("PLUS", "MINUS", "STAR", "STAR_STAR", "SLASH", *COMPARED)
UNNUMBERED = frozenset(
    {
        *("Censored", "Continuous", "CustomDist", "DensityDist", "Discrete", "Distribution"),
        *("EulerMaruyama", "Mixture", "RandomWalk", "Simulator", "Truncated"),
    }
)


def formula(text: object, columns: Collection[str]) -> set[str]:
    """Refuse a formula that does more than combine columns with listed functions and numbers.

    Parameters
    ----------
    text : str
    columns : collection of str
        The names of the data's columns.

    Returns
    -------
    set of str
        The functions it calls.

    Raises
    ------
    ValueError
        It cannot be read, or uses a name, a function or a text that is not allowed.
    """
    if not isinstance(text, str) or len(text) > LONGEST:
        raise ValueError(f"A formula is text of at most {LONGEST:,} characters.")
    reader = _Reader(text, columns)
    try:
        reader.outside(parsed(text))
    except RecursionError as error:
        raise checks.parse_error(text[:80], ValueError("it is nested too deeply")) from error
    return reader.called


def parsed(text: str) -> Any:
    """The tree that formulae's parser makes of a formula, all of it: formulae ignores what it cannot place."""
    from formulae.parser import Parser
    from formulae.scanner import Scanner

    try:
        parser = Parser(Scanner(text).scan())
        tree = parser.parse()
    except RecursionError:
        raise
    except Exception as error:
        raise checks.parse_error(text, error) from error
    if not parser.at_end():
        raise checks.parse_error(text, ValueError(f"{parser.peek().lexeme!r} is out of place"))
    return tree


class _Reader:
    """A walk over the tree that formulae's parser makes of a formula; nothing is evaluated."""

    def __init__(self, text: str, columns: Collection[str]) -> None:
        self.text = text
        self.columns = set(columns)
        self.called: set[str] = set()

    def outside(self, node: Any) -> None:
        """Terms and their operators."""
        match type(node).__name__:
            case "Grouping":
                self.outside(node.expression)
            case "Unary":
                self.outside(node.right)
            case "Binary" if node.operator.kind in OUTSIDE:
                if node.operator.kind == "STAR_STAR":
                    self._power(node.right)
                self.outside(node.left)
                self.outside(node.right)
            case "Literal":
                if isinstance(node.value, str):
                    self._column(node.value)
            case "Call":
                self._call(node)
            case _:
                self._column(_named(node))

    def inside(self, node: Any, where: str = "") -> None:
        """The argument of a call, or what stands within one."""
        match type(node).__name__:
            case "Grouping":
                self.inside(node.expression)
            case "Unary":
                self.inside(node.right)
            case "Binary" if node.operator.kind in INSIDE:
                self._operation(node)
            case "Call":
                self._call(node)
            case "Literal" if isinstance(node.value, str):
                if where not in LEVELS:
                    self._refuse(
                        f"has the text {node.value!r}, which is no level of a column there"
                    )
            case "Literal":
                size = node.value
                if where in SIZED and isinstance(size, (int, float)) and size > LARGEST:
                    self._refuse(f"has {size} in {where}(), above {LARGEST:,}")
            case _:
                self._column(_named(node))

    def _operation(self, node: Any) -> None:
        sides = (node.left, node.right)
        if node.operator.kind == "STAR_STAR" and not any(_varies(side) for side in sides):
            self._refuse("has a power of two numbers; write the number")
        compared = node.operator.kind in COMPARED and any(_named(side) for side in sides)
        for side in sides:
            self.inside(side, "T" if compared else "")

    def _call(self, node: Any) -> None:
        if type(node.callee).__name__ != "Variable" or node.callee.level is not None:
            self._refuse("calls what is not a function's name")
        name = node.callee.name.lexeme
        if name not in CALLED:
            self._refuse(
                f"calls {name}, which is neither a function of formulae or Bambi nor one of numpy's "
                "elementwise functions"
            )
        self.called.add(name)
        counted = ARITY.get(name.removeprefix("np.")) if name.startswith("np.") else None
        if counted is not None and counted != len(node.args):
            self._refuse(f"gives {name} {len(node.args)} arguments; it takes {counted}")
        for argument in node.args:
            kind = type(argument).__name__
            if kind != "Assign":
                self.inside(argument, name)
            elif counted is not None:
                self._refuse(f"gives {name} an argument by name")
            elif not _kernel(name, argument):
                self.inside(argument.value, name)

    def _column(self, name: str | None) -> None:
        if name is None:
            self._refuse("is written in a way that files may not hold")
        if name not in self.columns:
            self._refuse(f"names {name!r}, which is no column of the data")

    def _power(self, node: Any) -> None:
        value = getattr(node, "value", None)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= HIGHEST:
            self._refuse(f"has a power that is not a whole number from 1 to {HIGHEST}")

    def _refuse(self, why: str) -> NoReturn:
        raise ValueError(
            f"The formula {self.text[:200]!r} {why}. A file may hold columns, numbers, the functions of "
            "formulae and Bambi, and numpy's elementwise functions such as np.log or np.where. "
            "Make anything else a column of the data first, and fit again."
        )


def _named(node: Any) -> str | None:
    """The column that a node names, if it names one."""
    match type(node).__name__:
        case "Variable":
            return str(node.name.lexeme)
        case "QuotedName":
            return str(node.expression.lexeme[1:-1])
        case _:
            return None


def _varies(node: Any) -> bool:
    """Whether a part of a call takes values from a column."""
    match type(node).__name__:
        case "Variable" | "QuotedName":
            return True
        case "Grouping":
            return _varies(node.expression)
        case "Unary":
            return _varies(node.right)
        case "Binary":
            return _varies(node.left) or _varies(node.right)
        case "Call":
            return any(_varies(getattr(one, "value", one)) for one in node.args)
        case _:
            return False


def _kernel(name: str, argument: Any) -> bool:
    """Whether an argument is the covariance function of a Gaussian process, by its name."""
    return (
        name == "hsgp"
        and argument.name.name.lexeme == "cov"
        and getattr(argument.value, "value", None) in KERNELS
    )


def same_functions(model: bmb.Model, called: Collection[str]) -> None:
    """Refuse a model whose formula calls functions of the user's under a listed name.

    Raises
    ------
    ValueError
        Names the function.
    """
    from bambi.transformations import transformations_namespace
    from formulae.categorical import ENCODINGS
    from formulae.terms.call_resolver import get_function_from_module
    from formulae.transforms import TRANSFORMS

    known = {**TRANSFORMS, **ENCODINGS, **transformations_namespace}
    known |= {f"np.{name}": getattr(np, name) for name in ARITY}
    for environment in _environments(model):
        for name in called:
            if get_function_from_module(name, environment) is not known[name]:
                raise ValueError(
                    f"The formula calls {name}, which here is a function of your own, and a file cannot "
                    "hold it. Make what it returns a column of the data, and fit again."
                )


def _environments(model: bmb.Model) -> list[Any]:
    pieces: list[Any] = list(model.response_term.term.components)
    for part in model.conditional_parameters.values():
        for term in part.terms.values():
            own = term.term
            for one in (own, getattr(own, "expr", None), getattr(own, "factor", None)):
                pieces += getattr(one, "components", [])
    return [piece.env for piece in pieces if getattr(piece, "env", None) is not None]


@cache
def distributions() -> list[str]:
    """The distributions of PyMC that are given by numbers."""
    import pymc as pm

    return [
        name
        for name in pm.distributions.__all__
        if name not in UNNUMBERED and hasattr(getattr(pm, name, None), "dist")
    ]


def distribution(name: str) -> Any:
    """A distribution of PyMC by its name.

    Raises
    ------
    ValueError
        There is none of this name that is given by numbers.
    """
    import pymc as pm

    if name not in distributions():
        raise ValueError(
            f"There is no distribution {name!r}.{checks.nearest(name, distributions())} "
            "The distributions are PyMC's, such as Normal, HalfNormal, Exponential or Gamma."
        )
    return getattr(pm, name)


@cache
def _arguments(name: str) -> list[str]:
    if name == "Horseshoe":
        return ["tau_nu", "lam_nu"]
    given = inspect.signature(distribution(name).dist).parameters.values()
    return [one.name for one in given if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]


def prior(
    name: str, arguments: Mapping[str, Any], also: Collection[str] = (), **options: Any
) -> bmb.Prior:
    """A prior by the name of its distribution and its arguments.

    Parameters
    ----------
    name : str
    arguments : dict
    also : collection of str
        Arguments that PyMC takes beside the distribution's own.
    **options
        Of `bambi.Prior`.

    Raises
    ------
    ValueError
        A distribution that PyMC does not have, or an argument that it does not take.
    """
    import bambi as bmb

    allowed = _arguments(name)
    for argument in arguments:
        if argument not in allowed and argument not in also:
            raise ValueError(
                f"{name} has no argument {argument!r}.{checks.nearest(argument, allowed)} "
                f"It takes {checks.listed(allowed) or 'none'}."
            )
    return bmb.Prior(name, **options, **arguments)
