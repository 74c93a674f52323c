"""`build --colab URL`: chapters for Colab, made only when asked for, in build/colab/.

A chapter of the book downloads nothing. A notebook made here begins with a cell that
fetches the release of this version from URL, a repository on GitHub, and installs
r1lib; the artifacts are part of a release, and their sha256 is checked as everywhere.
A button opens the notebook in Colab, once it is on the branch `colab` of URL.
"""

import re
import tomllib
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from r1lib.files import SHOWN, line
from tools.book_source import Book, BookError, markdown, read_notebook, tags

BRANCH = "colab"
REPOSITORY = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?")
BESIDE = (  # what chapters import beside r1lib
    "matplotlib transformers datasets tiktoken ipywidgets"
)
FETCH = """\
# Not in the book: fetches its release {tag} once, and goes to its chapters.
import os, pathlib, subprocess, sys, tarfile, urllib.request

book = pathlib.Path.home() / "r1-book-{tag}"
if not book.exists():
    packed, _ = urllib.request.urlretrieve("{url}/archive/refs/tags/{tag}.tar.gz")
    unpacked = pathlib.Path.home() / "r1-unpacked"
    with tarfile.open(packed) as archive:
        archive.extractall(unpacked, filter="data")
    next(unpacked.iterdir()).rename(book)
install = ["pip", "install", "-q", "-e", str(book), *"{beside}".split()]
subprocess.run([sys.executable, "-m", *install], check=True)
sys.path.insert(0, str(book))
os.chdir(book / "chapters")"""


def tag(root: Path) -> str:
    """The tag of a release, from the version in pyproject.toml."""
    content = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    return f"v{content['project']['version']}"


def repository(url: str) -> str:
    """OWNER/NAME of a repository on GitHub.

    >>> repository("https://github.com/someone/book.git")
    'someone/book'
    """
    found = REPOSITORY.fullmatch(url)
    if found is None:
        wanted = "wanted the address of a repository, https://github.com/OWNER/NAME"
        raise BookError(f"{wanted}, got {line(url, SHOWN)!r}")
    return found[1]


def first_cells(name: str, url: str, root: Path) -> list[NotebookNode]:
    """The button, and the cell that fetches the release."""
    where = repository(url)
    button = f"https://colab.research.google.com/github/{where}/blob/{BRANCH}/{name}"
    code = FETCH.format(tag=tag(root), url=f"https://github.com/{where}", beside=BESIDE)
    return [
        markdown(f"[Open in Colab]({button})", "colab"),
        nbformat.v4.new_code_cell(code, metadata={"tags": ["colab"]}),
    ]


def render(book: Book, source: Path, url: str) -> NotebookNode:
    """A chapter as it was executed, without its line of links, behind these cells."""
    path = book.output("chapters", source)
    if not path.exists():
        raise BookError(f"chapters/{path.name} is missing: build it first")
    nb = read_notebook(path)
    old = [cell for cell in nb.cells if "nav" not in tags(cell)]
    nb.cells = [*first_cells(path.name, url, book.root), *old]
    nb.metadata.pop("r1", None)  # the record of a chapter of the book
    for i, cell in enumerate(nb.cells[:2]):
        cell.id = f"colab-{i}"
    return nb


def write(book: Book, url: str, number: str = "") -> list[Path]:
    """Write build/colab/NN_name.ipynb for the chapters that are asked for."""
    sources = book.sources(number)
    if not sources:
        raise BookError(f"there is no book/{line(number, SHOWN)}_*.py")
    made = []
    for source in sources:
        nb = render(book, source, url)
        nbformat.validate(nb)
        path = book.root / "build" / "colab" / f"{source.stem}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(nbformat.writes(nb) + "\n", encoding="utf-8", newline="\n")
        made.append(path)
    return made
