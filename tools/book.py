"""The book: book/NN_name.py -> executed chapters/NN_name.ipynb and solutions/.

    python r1.py build        execute the chapters that are stale
    python r1.py build 09     execute chapter 09, stale or not;  --all: every chapter
    python r1.py build B      execute appendix B
    python r1.py build --prose 09    new prose beside the old outputs; executes nothing
    python r1.py build --language ko 09    chapter 09 in Korean; executes nothing
    python r1.py build --colab URL         the chapters for Colab, in build/colab/
    python r1.py check        say what is stale or against the rules; executes nothing

One way only: what is edited is book/, what is opened is chapters/.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm

from r1lib.files import SHOWN, line
from tools import book_check, book_colab, book_language
from tools.arguments import Parser
from tools.book_chapter import KINDS, code_cells, load_one, python_source
from tools.book_outputs import WIDGET_VIEW, staleness
from tools.book_source import (
    Book,
    BookError,
    kinds,
    links,
    notebook,
    opened_metadata,
    opens_clean,
    output_digest,
    read_notebook,
    source_digest,
    tags,
)
from tools.provenance import chapter_reads

ROOT = Path(__file__).resolve().parent.parent
CELL_SECONDS = 1800


def execute(nb: NotebookNode, folder: Path, label: str) -> None:
    """Run all cells in a fresh kernel, with a bar that counts them."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {cell.id: name for name, cell in code_cells(nb)}
    started = [""]
    search = [str(folder.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    own_library = os.environ | {"PYTHONPATH": os.pathsep.join(search)}
    with tqdm(total=len(names), desc=label, unit="cell") as bar:
        client = NotebookClient(
            nb,
            timeout=CELL_SECONDS,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,
            extra_arguments=["--IPKernelApp.log_level=40"],  # errors only
            resources={"metadata": {"path": str(folder)}},
            on_cell_start=lambda cell, **_: started.append(names.get(cell.id)),
            on_cell_executed=lambda **_: bar.update(),
        )
        try:
            client.execute(env=own_library)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as problem:
            raise BookError(f"{label}: {started[-1]} failed\n{problem}") from None


def reject_stderr(nb: NotebookNode, label: str) -> None:
    """A warning that nobody explained does not get into a chapter."""
    for name, cell in code_cells(nb):
        for output in cell.outputs:
            if output.get("name") == "stderr":
                said = output.text.strip()
                raise BookError(f"{label}: {name} wrote to stderr:\n{said}")


def drop_live_views(nb: NotebookNode, label: str) -> None:
    """Keep what a widget shows without a kernel: nothing else has its state."""
    for name, cell in code_cells(nb):
        for output in cell.outputs:
            data = output.get("data", {})
            if data.pop(WIDGET_VIEW, None) and data.keys() <= {"text/plain"}:
                raise BookError(f"{label}: {name} shows a widget without a still form")


def build_one(book: Book, source: Path, kind: str, prose: bool = False) -> None:
    """Execute one notebook of a chapter and write it, whole or not at all.

    With `prose` nothing is executed: the outputs of the old notebook are kept.
    """
    label = f"{kind}/{source.stem}"
    nb = notebook(book, source, kind)
    reads = chapter_reads(python_source(book, source), book.root)
    record = {"made_from": f"book/{source.name}", "source": source_digest(nb), **reads}
    path = book.output(kind, source)
    if prose:
        keep_outputs(nb, path, reads)
    else:
        execute(nb, path.parent, label)
        reject_stderr(nb, label)
        drop_live_views(nb, label)
    nb.metadata.pop("widgets", None)
    nb.metadata["r1"] = record | {"outputs": output_digest(nb)}
    write(nb, path)


def keep_outputs(nb: NotebookNode, path: Path, reads: dict) -> None:
    """Fill in the outputs of a built notebook; other code or data is a BookError."""
    old = read_notebook(path) if path.exists() else nbformat.v4.new_notebook()
    new, before = ([cell for _, cell in code_cells(one)] for one in (nb, old))
    if [cell.source for cell in new] != [cell.source for cell in before]:
        raise BookError("its code changed: build it without --prose")
    if any(old.metadata["r1"].get(name) != digests for name, digests in reads.items()):
        raise BookError("what it reads changed: build it without --prose")
    for cell, built in zip(new, before, strict=True):
        cell.outputs, cell.execution_count = built.outputs, built.execution_count


def write(nb: NotebookNode, path: Path) -> None:
    nbformat.validate(nb)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(nbformat.writes(nb) + "\n", encoding="utf-8", newline="\n")
    os.replace(temporary, path)


def refresh(book: Book) -> None:
    """Bring the lines of links and the metadata up to date; nothing is executed."""
    for source in book.sources():
        for kind in KINDS:
            path = book.output(kind, source)
            if not path.exists():
                continue
            nb, want = read_notebook(path), links(book, source, kind)
            old = [c for c in nb.cells if "nav" in tags(c) and c.source != want.source]
            for cell in old:
                cell.source = want.source
            clean = opens_clean(nb)
            if not clean:
                nb.metadata |= nbformat.from_dict(opened_metadata())
            if old or not clean:
                write(nb, path)


def write_translations(book: Book, language: str, number: str = "") -> None:
    """Make the notebooks of a language from the English ones, where they differ."""
    for source in book_language.translated(book, language, number):
        path = book_language.output(book, language, source)
        nb = book_language.render(book, language, source)
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        if nbformat.writes(nb) + "\n" != old:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(nb, path)


def build_language(book: Book, language: str, number: str = "") -> int:
    """Build the translated chapters of a language; return the exit code."""
    book_language.words(language)
    sources = book_language.translated(book, language, number)
    if not sources:
        name = line(number, SHOWN) or "*"
        raise BookError(f"there is no book/{language}/{name}_*.md")
    for source in sources:
        book_language.stamp(book, language, source)
    write_translations(book, language)  # all: their lines of links name each other
    return book_check.report(book, number)


def is_fresh(book: Book, source: Path) -> bool:
    """True if both notebooks are there and nothing that they read has changed."""
    chapter = load_one(book, source)
    if chapter.problem or len(chapter.got) < len(kinds(source)):
        return False
    return not any(staleness(chapter, kind) for kind in kinds(source))


def build(
    book: Book, number: str = "", everything: bool = False, prose: bool = False
) -> int:
    """Build chapters, then check them; return the exit code."""
    sources = book.sources(number)
    if number and not sources:
        raise BookError(f"there is no book/{line(number, SHOWN)}_*.py")
    if not number and not everything:
        sources = [source for source in sources if not is_fresh(book, source)]
    for source in sources:
        start = time.monotonic()
        try:
            for kind in kinds(source):
                build_one(book, source, kind, prose)
        except (BookError, SyntaxError) as problem:
            raise BookError(f"book/{source.name}: {problem}") from None
        print(f"built {source.stem} in {time.monotonic() - start:.0f} s", flush=True)
    refresh(book)
    for language in book_language.LANGUAGES:
        write_translations(book, language)
    return book_check.report(book, number)


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = Parser(prog="r1.py", description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="build|check")
    making = verbs.add_parser("build", help="execute chapters")
    making.add_argument("number", nargs="?", default="", help="such as 09, or B")
    making.add_argument("--all", action="store_true", help="also those that are fresh")
    making.add_argument(
        "--prose", action="store_true", help="keep the outputs: only the prose changed"
    )
    making.add_argument("--language", metavar="CODE", help="a translation: ko")
    making.add_argument("--colab", metavar="URL", help="https://github.com/OWNER/NAME")
    verbs.add_parser("check", help="execute nothing, say what is stale or wrong")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    asked = arguments(argv)
    book = Book(ROOT)
    try:
        if asked.verb == "check":
            return book_check.report(book)
        number = asked.number.upper()  # "9" is chapter 09, "b" is appendix B
        if number.isdigit():
            number = number.zfill(2)
        if asked.colab is not None:
            made = book_colab.write(book, asked.colab, number)
            print(f"wrote {len(made)} notebooks to build/colab/")
            return 0
        if asked.language is not None:
            return build_language(book, asked.language, number)
        return build(book, number, asked.all, asked.prose)
    except BookError as problem:
        print(f"r1: {problem}", file=sys.stderr)
        return 1
    except OSError as problem:
        said = f"{problem.strerror or problem}: {problem.filename or ''}"
        print(f"r1: {line(said)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nr1: stopped; finished notebooks are kept", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
