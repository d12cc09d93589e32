"""The words of the views and the glossary page are one text."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hierwidgets.words import glossary, words

PAGE = Path(__file__).parents[1] / "docs" / "guide" / "glossary.md"
# What issue and guide promise to explain.
PROMISED = """
    varying slope, varying intercept, group scale, LKJ, correlation, ICC, VPC, shrinkage weight,
    no pooling, partial pooling, complete pooling, R-hat, ESS bulk, tail ESS, divergence, rank bars,
    50 %, 95 % interval, deviation, effect, population, link, response, residual scale,
    pooling factor, Pareto k, elpd, prior, nested, crossed, latent scale
"""


def test_the_page_is_what_the_words_say():
    assert PAGE.read_text("utf-8") == glossary(), (
        "words.json and the page differ: run `python -m hierwidgets.words > docs/guide/glossary.md`"
    )


def test_the_module_writes_the_page():
    written = subprocess.run(
        [sys.executable, "-m", "hierwidgets.words"], capture_output=True, check=True
    )
    assert written.stdout.decode("utf-8") == PAGE.read_text("utf-8")


def test_the_page_holds_every_text_word_for_word():
    page = re.sub(r"\s+", " ", re.sub(r"<sub>(.)</sub>", r"_\1", PAGE.read_text("utf-8")))
    for word in words():
        assert f"{word.name} : {word.text}" in page


@pytest.mark.parametrize("phrase", [word.strip() for word in PROMISED.split(",")])
def test_what_is_promised_is_explained(phrase: str):
    assert [word for word in words() if phrase in word.says]


def test_keys_and_phrases_belong_to_one_word():
    keys = [word.key for word in words()]
    phrases = [phrase.lower() for word in words() for phrase in word.says]
    assert len(set(keys)) == len(keys)
    assert len(set(phrases)) == len(phrases)


@pytest.mark.parametrize("word", words(), ids=lambda word: word.key)
def test_a_text_is_short_and_its_marks_are_closed(word):
    assert len(word.text) <= 240
    assert word.text.endswith(".")
    assert word.text.count("`") % 2 == 0
    assert word.text.count("*") % 2 == 0
