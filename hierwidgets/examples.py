"""Small real data sets, shipped with the package; `data/SOURCES.md` names their origin."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class _Example:
    name: str
    labels: tuple[str, ...]
    groups: str
    formula: str
    family: str
    source: str
    ordered: tuple[str, ...] = ()


_EXAMPLES = (
    _Example(
        "sleepstudy",
        ("Subject",),
        "18 subjects",
        "Reaction ~ Days + (Days | Subject)",
        "gaussian",
        "Belenky et al. (2003), Journal of Sleep Research 12, 1-12",
    ),
    _Example(
        "radon",
        ("county",),
        "85 counties",
        "log_radon ~ floor + (1 | county)",
        "gaussian",
        "Price, Nero and Gelman (1996), Health Physics 71, 922-936",
    ),
    _Example(
        "cbpp",
        ("herd", "period"),
        "15 herds",
        "p(incidence, size) ~ period + (1 | herd)",
        "binomial",
        "Lesnoff et al. (2004), Preventive Veterinary Medicine 64, 27-40",
    ),
    _Example(
        "penicillin",
        ("plate", "sample"),
        "24 plates, 6 samples",
        "diameter ~ 1 + (1 | plate) + (1 | sample)",
        "gaussian",
        "Davies and Goldsmith (1972), Statistical Methods in Research and Production, 6.6",
    ),
    _Example(
        "eight_schools",
        ("school",),
        "8 schools",
        "effect ~ 1 + (1 | school)\nsigma ~ 0 + offset(log(se))",
        "gaussian",
        "Rubin (1981), Journal of Educational Statistics 6, 377-401",
    ),
    _Example(
        "pastes",
        ("batch", "cask"),
        "10 batches, 30 casks of batches",
        "strength ~ 1 + (1 | batch / cask)",
        "gaussian",
        "Davies and Goldsmith (1972), Statistical Methods in Research and Production, 6.5",
    ),
    _Example(
        "grouseticks",
        ("year", "brood", "location", "chick"),
        "118 broods, 403 chicks, 63 locations",
        "ticks ~ year + scale(height) + (1 | brood) + (1 | chick) + (1 | location)",
        "poisson",
        "Elston et al. (2001), Parasitology 122, 563-569",
    ),
    _Example(
        "wine",
        ("temp", "contact", "bottle", "judge"),
        "9 judges",
        "rating ~ temp + contact + (1 | judge)",
        "cumulative",
        "Randall (1989), Biometrical Journal 31, 781-793",
        ordered=("rating",),
    ),
    _Example(
        "orthodont",
        ("subject", "sex"),
        "27 subjects",
        "distance ~ age + sex + (age | subject)",
        "t",
        "Potthoff and Roy (1964), Biometrika 51, 313-326",
    ),
)


@overload
def example(name: None = None) -> pd.DataFrame: ...
@overload
def example(name: str) -> pd.DataFrame: ...
def example(name: str | None = None) -> pd.DataFrame:
    """Load one of the shipped data sets, or list them.

    Parameters
    ----------
    name : str, optional
        Such as `"sleepstudy"`; left out, the data sets are listed.

    Returns
    -------
    pandas.DataFrame
        The data, a new frame at every call, labels of groups as categories of strings, ordered
        responses as ordered categories; or the list, with columns `name, rows, groups, formula, family, source`. A formula of
        two lines is a ``bambi.Formula(*formula.splitlines())``, or the body of a %%hier cell.

    Raises
    ------
    ValueError
        The name is none of them.

    Examples
    --------
    >>> import hierwidgets as hw
    >>> hw.example("sleepstudy").shape
    (180, 3)
    >>> list(hw.example()["name"])
    ['sleepstudy', 'radon', 'cbpp', 'penicillin', 'eight_schools', 'pastes', 'grouseticks', 'wine',
    'orthodont']
    """
    if name is None:
        return _listing()
    for entry in _EXAMPLES:
        if entry.name == name:
            return _read(entry)
    raise ValueError(_unknown(name))


def _read(entry: _Example) -> pd.DataFrame:
    import pandas as pd

    with (files("hierwidgets") / "data" / f"{entry.name}.csv").open(encoding="utf-8") as file:
        frame = pd.read_csv(file, dtype=dict.fromkeys(entry.labels, "str"))
    for label in entry.labels:
        levels = frame[label].unique()
        frame[label] = pd.Categorical(frame[label], categories=levels)
    for label in entry.ordered:
        frame[label] = pd.Categorical(frame[label], ordered=True)
    return frame


def _listing() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "name": entry.name,
                "rows": len(_read(entry)),
                "groups": entry.groups,
                "formula": entry.formula,
                "family": entry.family,
                "source": entry.source,
            }
            for entry in _EXAMPLES
        ]
    )


def _unknown(name: object) -> str:
    from difflib import get_close_matches

    names = [entry.name for entry in _EXAMPLES]
    near = get_close_matches(str(name).lower(), names, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"There is no example {name!r}.{hint} The examples are {', '.join(names)}."
