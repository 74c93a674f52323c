"""The committed book keeps every rule of `python r1.py check`, one test a rule."""

from pathlib import Path

import pytest

from tools.book_chapter import load
from tools.book_check import CHAPTER_RULES, PROJECT_RULES
from tools.book_source import Book

BOOK = Book(Path(__file__).resolve().parent.parent)


def name(rule):
    return rule.__name__


@pytest.fixture(scope="module")
def chapters():
    return load(BOOK)


@pytest.mark.parametrize("rule", CHAPTER_RULES, ids=name)
@pytest.mark.slow  # `--quick` has a step of its own for these rules
def test_chapters(rule, chapters):
    assert rule(chapters) == []


@pytest.mark.parametrize("rule", PROJECT_RULES, ids=name)
@pytest.mark.slow  # `--quick` has a step of its own for these rules
def test_project(rule):
    assert rule(BOOK) == []
