"""r1lib has one total order: the list in its docstring, from top to bottom."""

import ast
import re
from pathlib import Path

import pytest

from tools.library import Library, imports

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = Library(ROOT)
BOOK_SIDE = ("r1lib.checks", "r1lib.plots")  # may import anything


def listed():
    """The modules of the map in r1lib/__init__.py, in reading order."""
    doc = ast.get_docstring(ast.parse((ROOT / "r1lib/__init__.py").read_text()))
    return [f"r1lib.{m[1]}" for m in re.finditer(r"^([a-z_.\d]+) {2,}\S", doc, re.M)]


def present():
    """The modules that exist; a package counts only if it holds code itself."""
    names = set()
    for path in (ROOT / "r1lib").rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if path.name != "__init__.py":
            names.add(".".join(parts))
        elif len(ast.parse(path.read_text()).body) > 1:
            names.add(".".join(parts[:-1]))
    return names


def imported(name):
    """The r1lib modules that a module imports, wherever it does so."""
    file = LIBRARY.file(name)
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    targets = imports(ast.parse(file.read_text()), package)
    return {LIBRARY.split(target)[0] for target in targets}


def test_map_lists_every_module_once():
    assert len(set(listed())) == len(listed())
    assert set(listed()) == present()


def test_nothing_is_re_exported():
    assert len(ast.parse((ROOT / "r1lib/__init__.py").read_text()).body) == 1


@pytest.mark.parametrize("name", sorted(present() & set(listed())))
def test_module_imports_only_earlier_ones(name):
    order = listed()
    later = set(order[order.index(name) :])
    if not name.startswith(BOOK_SIDE):  # which nothing in the library imports
        later |= {other for other in order if other.startswith(BOOK_SIDE)}
    assert not imported(name) & later


def test_import_order_test_can_fail():
    """The rule would notice: the last library module does import earlier ones."""
    assert any(imported(name) for name in present())
