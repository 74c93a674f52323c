"""How long a sentence of the prose may be, and which words it does without."""

import pytest
from tiny_book import edit

from tools import book_sentences
from tools.book_chapter import load
from tools.book_sentences import WORDS, count, faults, sentences

LONG = "word " * WORDS + "word."
FULL = "word " * (WORDS - 1) + "word."


def test_a_sentence_has_thirty_words_at_most():
    assert list(faults(FULL)) == []
    (fault,) = faults(f"Before it. {LONG} After it.")
    assert fault == "31 words, at most 30 wanted: 'word word word word word word'"


@pytest.mark.parametrize(
    "text",
    [
        "word " * 29 + "`a b c d` .",  # one word each: code,
        "word " * 29 + "$x + y = z$.",  # a formula,
        "word " * 29 + '"as they said it".',  # a quotation,
        "word " * 29 + "<https://a.org/b>.",  # an address,
        "word " * 29 + "state-of-the-art - ->.",  # a word with hyphens; dashes are none
        "word " * 28 + "[two words](https://a.org).",
        f"# {LONG}",
        f"| {LONG} | {LONG} |",
        f"> {LONG}",
        f"```\n{LONG}\n```",
        f"One.\n\n    {LONG}\n\nTwo.",
        f"<!-- {LONG} -->",
        f"![{LONG}](../figures/x.png)",
        f"<details><summary>{LONG}</summary>One.</details>",
        "".join(f"- {'word ' * 12}\n" for _ in range(3)),  # each item by itself
        f"1. {'word ' * 20}\n   and so on.\n2. {FULL}",
        f"{'word ' * 20}\n\n{'word ' * 20}",
        f"{FULL[:-1]}?\n{FULL.capitalize()}",
        f"{FULL[:-1]}! (So it is.) {FULL.capitalize()}",
        f"`x` is {FULL[10:]} `y` is {FULL[10:]}",  # a sentence may begin with code
        f"{FULL} pytest has {FULL[10:]}",  # or with a small letter
    ],
)
def test_prose_that_is_fine(text):
    assert list(faults(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        f"- {LONG}",
        f"1. {'word ' * 20}\n   {'word ' * 20}",
        f"- one\n\n    {LONG}",  # the second paragraph of an item is no code
        f"<details><summary>Answer</summary>{LONG}</details>",
        f"**{LONG}**",
        f"[{LONG}](https://a.org)",
        "word " * 15 + "e.g. " + "word " * 15,
        "word " * 15 + "i.e. " + "word " * 15,
        "word " * 15 + "vs. " + "word " * 15,
        "word " * 15 + "(Fig. 3) " + "word " * 15,
        "word " * 15 + "Dr. GRPO " + "word " * 15,
        "word " * 15 + "0.5 " + "word " * 15,
        "word " * 15 + "Really? or " + "word " * 15,
        "word " * 15 + "so ... and " + "word " * 15,
        "word " * 15 + "$a$ and $5 or $6 " + "word " * 15,
        "word " * 15 + '"One. Two." and ' + "word " * 15,
        "word " * 15 + "\n$$\nx = y\n$$\n" + "word " * 15 + ".",
        f"| a |\n|---|\n| b |\n\n{LONG}",
    ],
)
def test_prose_that_is_too_long(text):
    (fault,) = faults(text)
    assert "words, at most 30 wanted" in fault


@pytest.mark.parametrize(
    "word", ["that which", "told", "stands", "a hand on", "signs", "Told"]
)
def test_words_to_avoid(word):
    (fault,) = faults(f"One. It says {word} here.")
    assert fault == f"{word!r} is a word to avoid: 'It says {word} here.'"[:200]


@pytest.mark.parametrize(
    "text",
    [
        'They write "that which is told".',
        "The name is `signs`.",
        "This holds for both signs, and dollar signs are read.",
        "Here B stands for the batch.",
        "It withstands it; a hand once, stools, designs.",
        "| told |\n|---|",
    ],
)
def test_words_that_are_fine(text):
    assert list(faults(text)) == []


def test_sentences_are_those_that_a_reader_sees():
    text = "*One* [two](a.md).\n- Three `x.y`! (Four.)\n- Five: 1. 2.5 \\$ are six"
    assert list(sentences(text)) == [
        "One two.",
        "Three Code!",
        "(Four.)",
        "Five: 1.",
        "2.5 \\$ are six",
    ]
    assert count("A - b -> 0.5 / (c)") == 4


def test_pages_and_chapters_are_looked_through(book):
    chapters = load(book)
    assert book_sentences.plain_pages(book) == []
    assert book_sentences.plain_chapters(chapters) == []
    edit(book.root / "README.md", "[Doubling]", f"{LONG} [Doubling]")
    edit(book.sources()[0], "# Doubling is easy.", f"# {LONG}\n# So we are told.")
    (page,) = book_sentences.plain_pages(book)
    assert page.startswith("README.md: 31 words")
    long, told = book_sentences.plain_chapters(load(book))
    assert long.startswith("chapters/01_doubling: cell 5.1: 31 words")
    assert told.startswith("chapters/01_doubling: cell 5.1: 'told' is a word to avoid")
