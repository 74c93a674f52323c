"""`build --colab`: notebooks that fetch a release, and nothing else that changes."""

import ast
import subprocess
import sys
import tarfile
import urllib.request
from pathlib import Path

import pytest

from tools import book_colab
from tools.book_source import Book, BookError, read_notebook, tags

ROOT = Path(__file__).resolve().parent.parent
URL = "https://github.com/someone/a-book"


@pytest.fixture(scope="module")
def nb():
    book = Book(ROOT)
    return book_colab.render(book, book.sources("01")[0], URL)


def test_a_button_and_a_cell_come_first_and_the_chapter_follows(nb):
    chapter = read_notebook(ROOT / "chapters" / "01_reasoning_models.ipynb")
    place = "someone/a-book/blob/colab/01_reasoning_models.ipynb"
    assert nb.cells[0].source.endswith(f"colab.research.google.com/github/{place})")
    kept = [cell for cell in chapter.cells if "nav" not in tags(cell)]
    assert [c.source for c in nb.cells[2:]] == [c.source for c in kept]
    assert [c.id for c in nb.cells[2:]] == [c.id for c in kept]


def test_the_book_itself_names_no_address():
    for path in ROOT.glob("chapters/*.ipynb"):
        assert "colab.research" not in path.read_text("utf-8")


def test_the_cell_fetches_unpacks_installs_and_goes_there(nb, tmp_path, monkeypatch):
    release, ran = tmp_path / "release.tar.gz", []
    (tmp_path / "a-book-0.1.0" / "chapters").mkdir(parents=True)
    with tarfile.open(release, "w:gz") as archive:
        archive.add(tmp_path / "a-book-0.1.0", "a-book-0.1.0")
    asked = []
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    fetch = lambda url: asked.append(url) or (release, None)  # noqa: E731
    monkeypatch.setattr(urllib.request, "urlretrieve", fetch)
    monkeypatch.setattr(subprocess, "run", lambda command, check: ran.append(command))
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.chdir(tmp_path)
    cell = compile(nb.cells[1].source, "cell", "exec")
    for _ in range(2):  # run again, it fetches nothing
        exec(cell, {})
    assert asked == [f"{URL}/archive/refs/tags/v0.1.0.tar.gz"]
    book = tmp_path / "r1-book-v0.1.0"
    assert Path.cwd() == book / "chapters" and sys.path[0] == str(book)
    assert ran[0][1:6] == ["-m", "pip", "install", "-q", "-e"]
    assert ran[0][6] == str(book) and "transformers" in ran[0]


def test_what_chapters_import_is_installed():
    """By r1lib's own dependencies, by the list of the cell, or by one of both."""
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    known = {*sys.stdlib_module_names, "r1lib", "IPython"}  # the last by Colab
    known |= {"jinja2", "numpy", "tokenizers"}  # by torch and transformers
    found = set()
    for path in ROOT.glob("chapters/*.ipynb"):
        for cell in read_notebook(path).cells:
            if cell.cell_type == "code":
                found |= imported(cell.source)
    missing = {name for name in found - known if name not in book_colab.BESIDE}
    assert {name for name in missing if f'"{name}' not in project} == set()


def imported(code: str) -> set[str]:
    lines = [row for row in code.split("\n") if not row.lstrip().startswith(("%", "!"))]
    names = set()
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("url", ["", "someone/a-book", "https://example.org/a/b"])
def test_an_address_that_is_none_takes_one_line(url):
    with pytest.raises(BookError, match="wanted the address of a repository"):
        book_colab.repository(url)


def test_a_chapter_that_is_not_there(tmp_path):
    with pytest.raises(BookError, match="there is no book/77_"):
        book_colab.write(Book(ROOT), URL, "77")
