"""A chapter as the rules of `check` see it: what it should be and what is committed."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from tools.book_source import (
    Book,
    BookError,
    fill,
    kinds,
    notebook,
    number_of,
    read_cells,
    read_notebook,
    solved,
    tags,
)
from tools.library import Library

KINDS = ("chapters", "solutions")  # folders; an appendix has only the first


@dataclass
class Chapter:
    """One source with the two notebooks it should give and the two that are there."""

    book: Book
    source: Path
    want: dict[str, NotebookNode] = field(default_factory=dict)
    got: dict[str, NotebookNode] = field(default_factory=dict)
    problem: str = ""  # why the source cannot be read

    @property
    def number(self) -> str:
        return number_of(self.source)

    def cells(self) -> list[NotebookNode]:
        """The cells of the source itself, solutions included."""
        return read_cells(self.source)

    def notebooks(self) -> Iterator[tuple[str, NotebookNode]]:
        """(label such as "chapters/09_x", notebook) for each committed notebook."""
        for kind, nb in self.got.items():
            yield self.label(kind), nb

    def label(self, kind: str) -> str:
        return f"{kind}/{self.source.stem}"


def load(book: Book, number: str = "") -> list[Chapter]:
    """Every chapter, or those of one number; nothing is executed."""
    return [load_one(book, source) for source in book.sources(number)]


def load_one(book: Book, source: Path) -> Chapter:
    chapter = Chapter(book, source)
    try:
        chapter.want = {kind: notebook(book, source, kind) for kind in kinds(source)}
    except (BookError, SyntaxError) as problem:
        chapter.problem = f"book/{source.name}: {problem}"
    for kind in kinds(source):
        path = book.output(kind, source)
        try:
            if path.exists():
                chapter.got[kind] = read_notebook(path)
        except BookError as problem:
            chapter.problem = chapter.problem or str(problem)
    return chapter


def python_source(book: Book, source: Path) -> str:
    """All code of a chapter, solved and filled, as Python: magics left out."""
    library = Library(book.root)
    cells = [cell for cell in read_cells(source) if cell.cell_type == "code"]
    codes = [solved(fill(cell.source, library)) for cell in cells]
    return "\n".join(map(without_magics, codes))


def without_magics(code: str) -> str:
    """Replace the magics and shell lines of a cell by `pass`; the rest stays.

    IPython says which lines these are: `%` also begins lines of an expression.

    >>> without_magics("%time f()\\nx = (9\\n% 7)")
    'pass\\nx = (9\\n% 7)'
    """
    plain = TransformerManager().transform_cell(code)
    if plain.strip() == code.strip():
        return code
    lines = plain.splitlines()
    for node in ast.walk(ast.parse(plain)):
        if isinstance(node, ast.Expr | ast.Assign) and is_magic(node.value):
            first = lines[node.lineno - 1]
            lines[node.lineno - 1 : node.end_lineno] = [
                first[: node.col_offset] + "pass",
                *[""] * (node.end_lineno - node.lineno),
            ]
    return "\n".join(lines)


def is_magic(node: ast.expr) -> bool:
    """Say whether an expression is a call that IPython has put for a magic."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return ast.unparse(node.func.value) == "get_ipython()"


def code_cells(nb: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    """("In [3]", cell) for each code cell, named as the reader sees it."""
    cells = [cell for cell in nb.cells if cell.cell_type == "code"]
    return ((f"In [{number}]", cell) for number, cell in enumerate(cells, 1))


def printed(cell: NotebookNode) -> str:
    """What a cell printed."""
    return "".join(
        output.text for output in cell.outputs if output.output_type == "stream"
    )


def output_texts(cell: NotebookNode) -> Iterator[str]:
    """Every piece of text among a cell's outputs."""
    for output in cell.outputs:
        yield from [output.get("text", ""), *output.get("traceback", [])]
        for kind, data in output.get("data", {}).items():
            if not kind.startswith("image/p") and isinstance(data, str):
                yield data


def markdown_text(nb: NotebookNode) -> str:
    """All prose of a notebook, without its code."""
    return "\n\n".join(prose(c.source) for c in nb.cells if c.cell_type == "markdown")


def prose(text: str) -> str:
    """Markdown without code blocks and code spans."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def tagged(nb: NotebookNode, tag: str) -> list[NotebookNode]:
    return [cell for cell in nb.cells if tag in tags(cell)]
