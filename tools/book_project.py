"""Rules about the rest of the project: README, links, leftovers, result files."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from r1lib.files import read_json
from tools import provenance
from tools.book_chapter import KINDS, Chapter, python_source
from tools.book_form import prose_links
from tools.book_outputs import PRIVATE
from tools.book_source import Book, BookError, number_of, read_notebook

PAGES = ("*.md", "docs/**/*.md", "course/**/*.md", "tests/*.md", "recipes/**/*.md")


def listed_in_readme(chapters: list[Chapter]) -> list[str]:
    """README.md links to every chapter."""
    if not chapters:
        return []
    readme = chapters[0].book.root / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""
    names = [f"{chapter.label('chapters')}.ipynb" for chapter in chapters]
    return [f"README.md does not link to {name}" for name in names if name not in text]


def one_edition(chapters: list[Chapter]) -> list[str]:
    """All results that a chapter reads are of one edition."""
    problems = []
    for chapter in chapters:
        found = editions_read(chapter)
        if len(found) > 1:
            parts = [f"{names[0]} is of {n}" for n, names in sorted(found.items())]
            place = f"book/{chapter.source.name}"
            problems.append(f"{place}: results of several editions: {', '.join(parts)}")
    return problems


def editions_read(chapter: Chapter) -> dict[int, list[str]]:
    """Edition -> the results of it that a chapter reads; damage is named elsewhere."""
    root, found = chapter.book.root, {}
    try:
        code = python_source(chapter.book, chapter.source)
        names = provenance.chapter_names(code, root)["results"]
    except (BookError, SyntaxError):
        return {}
    for name in names:
        for path in provenance.result_files(name, root):
            try:
                content = read_json(path)
            except ValueError:
                continue
            for edition in provenance.editions(content):
                found.setdefault(edition, []).append(path.stem)
    return found


def no_leftovers(book: Book) -> list[str]:
    """Each notebook has a source, and no two sources have the same number."""
    sources = book.sources()
    stems = {source.stem for source in sources}
    problems = [
        f"{kind}/{path.name} has no source in book/"
        for kind in KINDS
        for path in sorted((book.root / kind).glob("*.ipynb"))
        if path.stem not in stems
    ]
    numbers = list(map(number_of, sources))
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    return problems + [f"book/: two chapters have the number {n}" for n in twice]


def local_links(book: Book) -> list[str]:
    """What the pages and chapters link to exists."""
    problems = []
    pages = {path for pattern in PAGES for path in book.root.glob(pattern)}
    for page in sorted({*pages, *provenance.kept(book.root / "chapters", "*.ipynb")}):
        text = (
            notebook_prose(page) if page.suffix == ".ipynb" else page.read_text("utf-8")
        )
        for target in prose_links(text):
            if not (page.parent / target).exists():
                name = page.relative_to(book.root).as_posix()
                problems.append(f"{name}: the link to {target!r} leads nowhere")
    return problems


def notebook_prose(path: Path) -> str:
    """The markdown cells of a notebook; one that is damaged is named elsewhere."""
    try:
        cells = read_notebook(path).cells
    except BookError:
        return ""
    return "\n\n".join(c.source for c in cells if c.cell_type == "markdown")


def artifacts_fit(book: Book) -> list[str]:
    """The shipped checkpoints are those of artifacts/manifest.json, byte by byte."""
    coming = f"artifacts/{provenance.NEXT}"
    return [
        *provenance.damaged_artifacts(book.root),
        *provenance.damaged_artifacts(book.root, coming),
    ]


def next_edition_is_whole(book: Book) -> list[str]:
    """Results that wait for the next edition are all of it, and private in nothing."""

    def odd(content: object) -> list[str]:
        found = provenance.editions(content) if isinstance(content, dict) else set()
        if found == {int(provenance.NEXT)}:
            return []
        editions = " and ".join(map(str, sorted(found))) or "none"
        return [f"wanted edition {provenance.NEXT}, got {editions}"]

    folder = book.root / provenance.RESULTS / provenance.NEXT
    return faults_of(book, sorted(folder.glob("*.json")), odd)


def results_fit(book: Book) -> list[str]:
    """Each result says how it was measured, and the weights that it read are these."""
    paths = provenance.kept(book.root / provenance.RESULTS, "*.json")
    return faults_of(book, paths, lambda found: result_problems(found, book.root))


def faults_of(book: Book, paths: list[Path], faults: Callable) -> list[str]:
    """What is private or no JSON in result files, and the `faults` of their content."""
    problems = []
    for path in paths:
        name = path.relative_to(book.root).as_posix()
        text = path.read_text(encoding="utf-8")
        if private := PRIVATE.search(text):
            problems.append(f"{name}: shows a path of this machine ({private[0]})")
        try:
            problems += [f"{name}: {fault}" for fault in faults(json.loads(text))]
        except json.JSONDecodeError as problem:
            problems.append(f"{name}: not JSON ({problem})")
    return problems


def result_problems(content: object, root: Path) -> list[str]:
    """What one result file lacks; a row such as "P1" inherits what stands above it."""
    if not isinstance(content, dict):
        return ["not an object"]
    above = {key: value for key, value in content.items() if not is_row(key)}
    rows = {key: row for key, row in content.items() if is_row(key)} or {"": {}}
    problems: list[str] = []
    for key, row in rows.items():
        row = {**above, **row} if isinstance(row, dict) else above
        for names in (("command",), ("seed", "seeds"), ("provenance",)):
            if not any(name in row for name in names):
                problems.append(f"{key} lacks {' or '.join(names)!r}".strip())
        if "provenance" in row:
            faults = provenance.problems(row, root)
            problems += [f"{key} {problem}".strip() for problem in faults]
    return list(dict.fromkeys(problems))


def is_row(key: str) -> bool:
    return re.fullmatch(r"P\d+", key) is not None
