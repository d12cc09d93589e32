"""What is written after %hier, as plain values: words, options, formulas and priors."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hierwidgets import allowed, checks

if TYPE_CHECKING:
    import bambi as bmb

PRIOR_LINE = re.compile(r"(?P<name>\S.*?)\s*:\s*(?P<prior>[A-Za-z_]\w*\s*\(.*\)|[-+.\d][-+.\deE]*)")


@dataclass(frozen=True)
class Cell:
    """The body of a %%hier cell: its formulas and its priors by parameter."""

    formulas: list[str]
    priors: dict[str, Any] = field(default_factory=dict)

    @property
    def formula(self) -> str | bmb.Formula:
        """One formula as text; a bambi.Formula where further parameters are modelled."""
        if len(self.formulas) == 1:
            return self.formulas[0]
        import bambi as bmb

        return bmb.Formula(*self.formulas)


def words(line: str) -> list[str]:
    """The words of a line; quotes keep one together.

    Raises
    ------
    ValueError
        A quote is not closed.
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        raise ValueError(f"In {line!r} a quote is opened and not closed.") from error


def split_options(
    given: list[str], allowed: Mapping[str, Callable[[str], Any]], where: str
) -> tuple[list[str], dict[str, Any]]:
    """Positional words, and the options among them with their values.

    An option is ``--name value`` or ``--name=value``; one whose reader is `flag` has no value.

    Raises
    ------
    ValueError
        An unknown option, one without its value, or a value that cannot be read.
    """
    plain: list[str] = []
    options: dict[str, Any] = {}
    rest = iter(given)
    for word in rest:
        if not word.startswith("--"):
            plain.append(word)
            continue
        name, equals, value = word[2:].partition("=")
        if name not in allowed:
            known = [f"--{option}" for option in allowed]
            raise ValueError(
                f"{where} has no option '--{name}'.{checks.nearest(f'--{name}', known)} "
                f"It takes {', '.join(known)}."
            )
        if allowed[name] is flag:
            options[name] = True
            continue
        if not equals:
            value = next(rest, "--")
            if value.startswith("--"):
                raise ValueError(f"The option --{name} needs a value after it.")
        options[name] = _read(name, value, allowed[name])
    return plain, options


def _read(name: str, value: str, reader: Callable[[str], Any]) -> Any:
    if reader is not int:
        return reader(value)
    try:
        return int(value)
    except ValueError as error:
        raise ValueError(f"--{name} needs a whole number, not {value!r}.") from error


def flag(value: str) -> bool:
    """Mark an option that stands alone."""
    return bool(value)


def listed(value: str) -> list[str]:
    """Names between commas that are not inside brackets."""
    return [part.strip() for part in re.split(r",(?![^\[]*\])", value) if part.strip()]


def scales(value: str) -> dict[str, float]:
    """Scales by term, from ``"1|Subject=30, Days|Subject=6"``.

    Raises
    ------
    ValueError
        A part is not a term, an equals sign and a number.
    """
    found: dict[str, float] = {}
    for part in listed(value):
        match = re.fullmatch(r"(?P<term>\S.*?)\s*=\s*(?P<number>\d+\.?\d*([eE][-+]?\d+)?)", part)
        if match is None:
            raise ValueError(f'--sigma is written "1|Subject=30", not {value!r}.')
        found[match["term"]] = float(match["number"])
    return found


def place(value: str) -> dict[str, float]:
    """Numbers by column, from ``"temp=200, x=-1.5"``.

    Raises
    ------
    ValueError
        A part is not a column, an equals sign and a number.
    """
    found: dict[str, float] = {}
    for part in listed(value):
        match = re.fullmatch(
            r"(?P<name>\S.*?)\s*=\s*(?P<number>[-+]?\d+\.?\d*([eE][-+]?\d+)?)", part
        )
        if match is None:
            raise ValueError(f'--at is written "temp=200", not {value!r}.')
        found[match["name"]] = float(match["number"])
    return found


def priors(value: str) -> dict[str, Any]:
    """Priors by parameter, from ``"1|Subject_sigma: HalfNormal(sigma=10); sigma: Exponential(lam=1)"``.

    Raises
    ------
    ValueError
        A part is not a parameter, a colon and a prior or a number.
    """
    found: dict[str, Any] = {}
    for part in filter(None, map(str.strip, value.split(";"))):
        match = PRIOR_LINE.fullmatch(part)
        if match is None:
            raise ValueError(
                f'--priors is written "1|Subject_sigma: HalfNormal(sigma=10)", not {value!r}.'
            )
        found[match["name"]] = parse_prior(match["prior"])
    return found


def parse_cell(text: str) -> Cell:
    """Read the lines of a %%hier cell: formulas first, then priors.

    Raises
    ------
    ValueError
        A line is neither.

    Examples
    --------
    >>> parse_cell("y ~ x + (x | g)").formulas
    ['y ~ x + (x | g)']
    """
    formulas: list[str] = []
    priors: dict[str, Any] = {}
    for line in _logical_lines(text):
        match = PRIOR_LINE.fullmatch(line)
        if "~" in line:
            formulas.append(line)
        elif not formulas:
            raise ValueError(
                f"The cell begins with a formula such as 'y ~ x + (x | g)', not {line!r}."
            )
        elif match:
            priors[match["name"]] = parse_prior(match["prior"])
        else:
            raise ValueError(
                f"{line!r} is neither a formula nor a prior such as '1|Subject_sigma: HalfNormal(sigma=30)'."
            )
    if not formulas:
        raise ValueError(
            "The cell is empty: write a formula such as 'y ~ x + (x | g)' under %%hier."
        )
    return Cell(formulas, priors)


def _logical_lines(text: str) -> list[str]:
    """Lines that say something; one that ends in + or ~ goes on in the next."""
    lines: list[str] = []
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if lines and lines[-1].endswith(("+", "~")):
            lines[-1] = f"{lines[-1]} {line}"
        else:
            lines.append(line)
    return lines


def parse_prior(text: str) -> Any:
    """A prior written as a call with named numbers, read without running anything.

    Parameters
    ----------
    text : str
        Such as ``"Normal(mu=0, sigma=HalfNormal(sigma=2))"`` or ``"3.5"``.

    Returns
    -------
    bambi.Prior or float

    Raises
    ------
    ValueError
        Anything but distributions and numbers, or a distribution or argument PyMC does not have.
    """
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"The prior {text!r} cannot be read: {error.msg}.") from error
    return _value(node, text)


def _value(node: ast.expr, text: str) -> Any:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item, text) for item in items]
        case ast.Call(func=ast.Name(id=name), args=[], keywords=keywords):
            arguments = {str(word.arg): _value(word.value, text) for word in keywords}
            return allowed.prior(name, arguments)
        case _:
            raise ValueError(
                f"In the prior {text!r}, {ast.unparse(node)!r} is not allowed: "
                "write a distribution with named numbers, such as HalfNormal(sigma=30)."
            )
