"""From book/NN_name.py to the cells of a chapter and of its solutions.

An appendix is book/X_name.py with a letter in place of the number. It has no exercises,
so it has no solutions.

Pure text work, nothing is executed: solution regions, cells that the library fills,
the line of links, stable cell ids and the digests that tell a stale notebook.
"""

import ast
import json
import platform
import re
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from r1lib import files
from tools.library import DEFINITIONS, Library, is_docstring

KERNEL = {
    "display_name": "Python 3 (ipykernel)",
    "language": "python",
    "name": "python3",
}
LANGUAGE = {  # beside the version of Python
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
MARKER = re.compile(r"# ((?:r1lib|results)(?:\.\w+)+)\s*")
BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
STUB = 'raise NotImplementedError("exercise: your turn")'
FOLDED = "hide-input"  # a tag: JupyterLab and the site fold the code of the cell
THEN = "then"  # a tag: what an exercise asks for beside its function, solutions only
SOLUTION_TAGS = {"setup", "needed", "exercise-text", "exercise", "check", THEN}


class BookError(Exception):
    """Something in a chapter's source that its author has to mend."""


@dataclass(frozen=True)
class Book:
    """The folders of a book; tests make a tiny one."""

    root: Path

    def sources(self, number: str = "") -> list[Path]:
        """Sources in order, appendices last, or those of one number: "09", "B"."""
        patterns, folder = ("[0-9][0-9]_*.py", "[A-Z]_*.py"), self.root / "book"
        paths = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
        return [path for path in paths if number in ("", number_of(path))]

    def output(self, kind: str, source: Path) -> Path:
        """Where a notebook goes; kind is "chapters" or "solutions"."""
        return self.root / kind / f"{source.stem}.ipynb"


def number_of(source: Path) -> str:
    """The number of a chapter, or the letter of an appendix."""
    return source.name.partition("_")[0]


def is_appendix(source: Path) -> bool:
    return not number_of(source).isdigit()


def kinds(source: Path) -> tuple[str, ...]:
    """The notebooks that a source gives."""
    return ("chapters",) if is_appendix(source) else ("chapters", "solutions")


def tags(cell: NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", []))


def read_cells(source: Path) -> list[NotebookNode]:
    """The cells of a source with nothing but their tags as metadata."""
    cells = jupytext.read(source).cells
    for cell in cells:
        kept = cell.metadata.get("tags")
        cell.metadata = NotebookNode({"tags": kept} if kept else {})
    return cells


def read_notebook(path: Path) -> NotebookNode:
    """Read a committed notebook; one that is damaged is named in a BookError."""
    try:
        nbformat.validate(
            files.read_json(path, fields={"nbformat": int, "cells": list})
        )
    except (ValueError, nbformat.ValidationError) as problem:
        said = files.shown(problem)
        raise BookError(f"{path.parent.name}/{path.name} is damaged: {said}") from None
    return nbformat.read(path, as_version=4)


# ---- cells that the library fills ----------------------------------------------


def definition(dotted: str, library: Library) -> str:
    """The source of a function, class or constant of a module, docstrings dropped."""
    module, name = library.split(dotted)
    if dotted != f"{module}.{name}":
        raise BookError(f"{dotted} is not a top-level name of r1lib or results")
    statement = library.definitions(module).get(name)
    if statement is None:
        raise BookError(f"{module} does not define {name}")
    lines = library.file(module).read_text(encoding="utf-8").splitlines()
    return "\n".join(without_docstrings(statement, lines))


def without_docstrings(statement: ast.stmt, lines: list[str]) -> list[str]:
    """The lines of one statement, decorators and comments kept, docstrings gone."""
    decorators = getattr(statement, "decorator_list", [])
    first = min(node.lineno for node in [statement, *decorators])
    dropped: set[int] = set()
    for node in ast.walk(statement):
        if not isinstance(node, DEFINITIONS) or len(node.body) < 2:
            continue
        if is_docstring(node.body[0]):
            last = node.body[0].end_lineno
            while not lines[last].strip():
                last += 1
            dropped.update(range(node.body[0].lineno, last + 1))
    kept = range(first, statement.end_lineno + 1)
    return [lines[number - 1] for number in kept if number not in dropped]


def fill(code: str, library: Library) -> str:
    """Replace `# r1lib.module.name` lines by these names and their source.

    A notebook cannot import `results`: such cells must show all that they use.
    """
    lines = code.splitlines()
    if not lines or not MARKER.fullmatch(lines[0]):
        return code
    names = [MARKER.fullmatch(line) for line in lines if line.strip()]
    if not all(names):
        raise BookError(f"a cell that opens with {lines[0]!r} holds only such lines")
    parts = [f"# {name[1]}\n{definition(name[1], library)}" for name in names]
    return "\n\n\n".join(parts)


# ---- exercises -------------------------------------------------------------------


def stub(code: str) -> str:
    """Replace each solution region by a line that says whose turn it is."""
    return replace_regions(code, stubbed=True)


def solved(code: str) -> str:
    """Drop the two lines that mark a solution region."""
    return replace_regions(code, stubbed=False)


def replace_regions(code: str, stubbed: bool) -> str:
    lines, inside = [], False
    for line in code.splitlines():
        word = line.strip()
        if word in (BEGIN, END):
            if inside != (word == END):
                raise BookError(f"{word!r} in the wrong place: {code.splitlines()[0]}")
            inside = word == BEGIN
            indent = line[: len(line) - len(line.lstrip())]
            if inside and not indent:
                raise BookError("a solution region must be inside a function")
            if inside and stubbed:
                lines.append(indent + STUB)
        elif not (inside and stubbed):
            lines.append(line)
    if inside:
        raise BookError(f"{BEGIN!r} without {END!r}: {code.splitlines()[0]}")
    return "\n".join(lines)


# ---- notebooks -------------------------------------------------------------------


def title(source: Path) -> str:
    """The first heading of a chapter."""
    match = re.search(r"^# # (.+)$", source.read_text(encoding="utf-8"), re.MULTILINE)
    if not match:
        raise BookError("no heading: the first cell has to open with `# Title`")
    return match[1].strip()


def markdown(text: str, *names: str) -> NotebookNode:
    cell = nbformat.v4.new_markdown_cell(text)
    cell.metadata = NotebookNode({"tags": list(names)} if names else {})
    return cell


def links(book: Book, source: Path, kind: str) -> NotebookNode:
    """The line of links at the top and the end of a notebook."""
    if kind == "solutions":
        return markdown(f"[To the chapter](../chapters/{source.stem}.ipynb)", "nav")
    mine = is_appendix(source)
    sources = [other for other in book.sources() if is_appendix(other) == mine]
    here = sources.index(source)
    parts = ["[Contents](../README.md)"]
    if here > 0:
        before = sources[here - 1]
        parts.insert(0, f"[< {title(before)}]({before.stem}.ipynb)")
    if here + 1 < len(sources):
        after = sources[here + 1]
        parts.append(f"[{title(after)} >]({after.stem}.ipynb)")
    return markdown(" | ".join(parts), "nav")


def chapter_cells(cells: list[NotebookNode], library: Library) -> list[NotebookNode]:
    """What a learner opens: final cells filled, exercises still to do."""
    cells = [cell for cell in cells if THEN not in tags(cell)]
    for cell in cells:
        if cell.cell_type == "code":
            cell.source = stub(fill(cell.source, library))
    return cells


def solution_cells(cells: list[NotebookNode], library: Library) -> list[NotebookNode]:
    """The exercises solved, with the cells they need and the headings around them."""
    kept, heading = [], ""
    for cell in cells:
        if tags(cell) & SOLUTION_TAGS:
            if heading and "setup" not in tags(cell):
                kept.append(markdown(heading))
                heading = ""
            if cell.cell_type == "code":
                cell.source = solved(fill(cell.source, library))
            kept.append(cell)
        elif cell.cell_type == "markdown":
            for level, text in re.findall(r"^(#+) (.+)$", cell.source, re.MULTILINE):
                heading = f"{level} {text}"
                if level == "#":
                    kept.append(markdown(f"# Solutions: {text}"))
                    heading = ""
    return kept


def notebook(book: Book, source: Path, kind: str) -> NotebookNode:
    """The notebook of a source as it is before execution."""
    make = {"chapters": chapter_cells, "solutions": solution_cells}[kind]
    cells = make(read_cells(source), Library(book.root))
    for cell in cells:
        if "check" in tags(cell):  # what a check prints is exact
            cell.metadata["tags"] = sorted(tags(cell) | {"nbval-check-output"})
        if FOLDED in tags(cell):  # JupyterLab shows three dots in place of the code
            cell.metadata["jupyter"] = NotebookNode(source_hidden=True)
    line = links(book, source, kind)
    cells = [line, *cells, NotebookNode(line, metadata=NotebookNode(line.metadata))]
    name_cells(cells)
    return NotebookNode(
        cells=cells,
        metadata=nbformat.from_dict(opened_metadata()),
        nbformat=4,
        nbformat_minor=5,
    )


def opened_metadata() -> dict:
    """What JupyterLab writes into a notebook that it opens.

    A notebook that has it already stays as it is on disk, and is not called unsaved.
    """
    version = {"version": platform.python_version()}
    return {"kernelspec": KERNEL, "language_info": LANGUAGE | version}


def opens_clean(nb: NotebookNode) -> bool:
    """True if JupyterLab has nothing to add, on the Python that executed it."""
    version = nb.metadata.get("language_info", {}).get("version", "")
    wanted = {"kernelspec": KERNEL, "language_info": LANGUAGE | {"version": version}}
    found = {name: nb.metadata.get(name) for name in wanted}
    return found == wanted and bool(re.fullmatch(r"3\.\d+\.\d+\w*\+?", version))


def name_cells(cells: list[NotebookNode]) -> None:
    """Give each cell an id from its text, so that an edit changes one id only."""
    seen: dict[str, int] = {}
    for cell in cells:
        name = "nav" if "nav" in tags(cell) else short(cell.source)[:8]
        seen[name] = seen.get(name, 0) + 1
        cell.id = name if seen[name] == 1 else f"{name}-{seen[name]}"


def short(text: str) -> str:
    return files.digest(text)[:16]


def source_digest(nb: NotebookNode) -> str:
    """A digest of all cells but the line of links: type, source, tags."""
    cells = [cell for cell in nb.cells if "nav" not in tags(cell)]
    return short(json.dumps([[c.cell_type, c.source, sorted(tags(c))] for c in cells]))


def output_digest(nb: NotebookNode) -> str:
    """A digest of all outputs, so that an edited one is noticed."""
    outputs = [c.get("outputs", []) for c in nb.cells if c.cell_type == "code"]
    return short(json.dumps(outputs, sort_keys=True))
