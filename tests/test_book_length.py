"""How long a chapter may be, and that its minutes are those of its length."""

import nbformat
import pytest
from tiny_book import edit

from tools import book_length
from tools.book_chapter import load
from tools.book_check import problems


def notebook(*cells):
    """A notebook of (kind, text, tags)."""
    made = nbformat.v4.new_notebook()
    for kind, text, *names in cells:
        cell = getattr(nbformat.v4, f"new_{kind}_cell")(text)
        cell.metadata["tags"] = names
        made.cells.append(cell)
    return made


def test_words_are_those_that_a_reader_meets():
    text = "One two `code` three [four](http://five.org) $six$\n![seven](eight.png)"
    folded = "<details><summary>nine</summary>\nten\n</details>\neleven"
    assert book_length.words(notebook(("markdown", text), ("markdown", folded))) == 5


def test_exercises_set_up_and_links_are_not_counted():
    nb = notebook(
        ("markdown", "links", "nav"),
        ("code", "import a\nimport b", "setup"),
        ("markdown", "# Head\n\none two"),
        ("code", "x = 1\n\ny = 2"),
        ("markdown", "**Exercise 1.1** many words here", "exercise-text"),
        ("code", "a = 1\nb = 2\nc = 3"),
        ("markdown", "a hint"),
        ("markdown", "## Summary\n\nthree"),
    )
    assert book_length.words(nb) == 5  # Head, one, two, Summary, three
    assert book_length.code_lines(nb) == 2


def test_minutes_add_prose_and_code():
    nb = notebook(("markdown", "word " * 1800), ("code", "x = 1\n" * 245))
    assert book_length.minutes(nb) == 1800 / 180 + 245 / 7


@pytest.mark.parametrize("name, most", [("WORDS", 3), ("CELLS", 2)])
def test_a_chapter_that_is_too_long(book, monkeypatch, name, most):
    monkeypatch.setattr(book_length, name, most)
    found = book_length.short_enough(load(book))
    assert len(found) == 1 and f"{name.lower()}, at most {most} wanted" in found[0]


def test_minutes_that_are_not_true(book):
    assert "minutes_true" not in problems(book)
    text = book.sources()[0].read_text("utf-8").replace("# |", "|")
    said = book_length.MINUTES.search(text)
    edit(book.sources()[0], said[0], said[0].replace(said[1], "95"))
    assert "got 95" in problems(book)["minutes_true"][0]
