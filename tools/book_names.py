"""A rule about names: what a notebook shows of the library runs there as it is shown.

A function that is shown in a cell finds the names that it uses in the notebook, and
not in its module. Nothing is executed.
"""

import ast
import builtins
import symtable
from collections.abc import Iterator

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from tools.book_chapter import Chapter
from tools.book_source import MARKER, definition
from tools.library import Library

OF_THE_KERNEL = {"get_ipython", "display", "In", "Out"}
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def names_defined(chapters: list[Chapter]) -> list[str]:
    """Every name is defined, and what a shown function uses is what its module has."""
    problems = []
    for chapter in chapters:
        library = Library(chapter.book.root)
        for kind, nb in chapter.want.items():
            label = chapter.label(kind)
            problems += [f"{label}: {line}" for line in notebook_names(nb, library)]
    return problems


def notebook_names(nb: NotebookNode, library: Library) -> Iterator[str]:
    """What is wrong with the names of one notebook."""
    codes = [python(cell.source) for cell in nb.cells if cell.cell_type == "code"]
    read, bound = names("\n".join(codes))
    known = bound | set(dir(builtins)) | OF_THE_KERNEL
    for name in sorted(read - known):
        yield f"{name} is used and never defined"
    shown = [dotted for code in codes for dotted in markers(code)]
    values = {x for code in codes if not markers(code) for x in variables(code)}
    for dotted in shown:
        module, _ = library.split(dotted)
        file = library.file(module).read_text(encoding="utf-8")
        needed = names(definition(dotted, library))[0] & names(file)[1]
        for name in sorted(needed & (known - bound)):
            yield f"{dotted} uses {name}, which is Python's own in the notebook"
        for name in sorted(needed & values):
            yield f"{dotted} uses {name}, which another cell gives another value"


def python(code: str) -> str:
    """A cell as Python, its magics as calls."""
    return TransformerManager().transform_cell(code)


def markers(code: str) -> list[str]:
    """The library names that fill a cell."""
    matches = [MARKER.fullmatch(line) for line in code.splitlines()]
    return [match[1] for match in matches if match] if matches and matches[0] else []


def names(code: str) -> tuple[set[str], set[str]]:
    """(names that are looked up in the module or after it, names that it binds)."""
    read, bound = set(), set()
    tables = [symtable.symtable(code, "cell", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            if table.get_type() == "module" or symbol.is_global():
                if symbol.is_referenced():
                    read.add(symbol.get_name())
                if symbol.is_assigned() or symbol.is_imported():
                    bound.add(symbol.get_name())
    return read, bound


def variables(code: str) -> Iterator[str]:
    """The names that get a value outside functions; `Name = OtherName` is none."""
    todo: list[ast.AST] = list(ast.parse(code).body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        if not isinstance(node, (*SCOPES, *COMPREHENSIONS)):
            todo += ast.iter_child_nodes(node)
