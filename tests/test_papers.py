"""docs/papers.md names what exists; docs/glossary.md has each term once, in order."""

import importlib
import re
from pathlib import Path

import pytest

from tools.book_source import Book, number_of

ROOT = Path(__file__).resolve().parent.parent
PAPERS = (ROOT / "docs/papers.md").read_text("utf-8")
GLOSSARY = (ROOT / "docs/glossary.md").read_text("utf-8")
SUMMARY = (ROOT / "book/B_mathematics.py").read_text("utf-8").partition("## Summary")[2]
NAMES = sorted(set(re.findall(r"`(r1lib(?:\.\w+)+)`", PAPERS + SUMMARY)))
RULE = re.compile("-+|(---\\|)+---")  # the line under the head of a table


def rows(page: str) -> list[list[str]]:
    """The cells of each row of the tables of a page, headings left out."""
    lines = re.findall(r"^\|(.+)\|$", page, re.MULTILINE)
    cells = [[cell.strip() for cell in line.split(" | ")] for line in lines]
    below = [*cells[1:], [""]]
    return [
        row
        for row, after in zip(cells, below, strict=True)
        if not RULE.fullmatch(row[0]) and not RULE.fullmatch(after[0])
    ]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_page_names_is_in_the_library(name):
    module, _, last = name.rpartition(".")
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        assert hasattr(importlib.import_module(module), last)


def test_the_chapters_of_the_papers_are_those_of_the_book():
    there = {number_of(source) for source in Book(ROOT).sources()}
    to_come = {f"{number:02}" for number in range(1, 17)}
    named = [row[-1] for row in rows(PAPERS) if re.match(r"\d\d", row[-1])]
    assert len(named) > 50
    assert {part for cell in named for part in cell.split(", ")} <= there | to_come


def test_every_term_is_there_once_in_order_and_in_korean():
    found = rows(GLOSSARY)
    terms = [row[0] for row in found]
    assert len(terms) > 90 and all(len(row) == 3 and all(row) for row in found)
    assert terms == sorted(set(terms), key=str.casefold)
    assert all(re.search("[가-힣]", row[1]) for row in found)
