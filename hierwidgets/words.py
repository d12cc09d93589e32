"""The field's terms in plain words: one text for the page of a view and for the documentation.

`words.json` holds the terms. The front end shows them on hover; `python -m hierwidgets.words` writes
the glossary page of the documentation from them.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from dataclasses import dataclass
from importlib.resources import files

HEAD = """# Glossary

In plain words, the same that a view shows where a term has a dotted underline; the formulas are in
[what the numbers are](definitions.md).
"""


@dataclass(frozen=True)
class Word:
    """One term and its explanation.

    Attributes
    ----------
    section : str
        The part of the glossary it stands in.
    key : str
        What the front end calls it.
    name : str
        Its headline in the glossary.
    says : tuple of str
        How views write it; each such phrase belongs to one term.
    text : str
        The explanation. `*x*` is a symbol, `` `x` `` code, and `w_j` has an index.
    """

    section: str
    key: str
    name: str
    says: tuple[str, ...]
    text: str


def words() -> list[Word]:
    """All terms, in the order of the glossary.

    Returns
    -------
    list of Word
        Read anew at every call.

    Examples
    --------
    >>> from hierwidgets.words import words
    >>> next(word.text for word in words() if word.key == "no pooling")
    'Each group is estimated from its own rows alone.'
    """
    source = (files("hierwidgets") / "words.json").read_text("utf-8")
    return [
        Word(section, entry["key"], entry["name"], tuple(entry["says"]), entry["text"])
        for section, entries in json.loads(source).items()
        for entry in entries
    ]


def glossary() -> str:
    """Write the glossary page of the documentation.

    Returns
    -------
    str
        MyST Markdown: a heading for each section, a definition for each term.
    """
    lines, section = [HEAD], ""
    for word in words():
        if word.section != section:
            section = word.section
            lines.append(f"## {section}\n")
        text = textwrap.wrap(
            _indexed(word.text),
            width=100,
            initial_indent=": ",
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        lines.append("\n".join([_indexed(word.name), *text, ""]))
    return "\n".join(lines)


def _indexed(text: str) -> str:
    """Write `w_j` with an index, but not the underscores of code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else re.sub(r"(?<=\w)_(\w)", r"<sub>\1</sub>", part)
        for part in parts
    )


if __name__ == "__main__":
    sys.stdout.write(glossary())
