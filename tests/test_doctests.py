"""The examples in the docstrings of r1lib, tools and benchmarks say what comes out."""

import ast
import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def examples(path: Path) -> int:
    """Count the examples in the docstrings of a file, without importing it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    texts = [
        ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, kinds)
    ]
    return sum(len(doctest.DocTestParser().get_examples(text or "")) for text in texts)


OPTIONAL = ("docutils", "latex2mathml", "sphinx")  # of requirements-site.txt
PARTS = ("r1lib", "tools", "benchmarks")
FILES = [path for part in PARTS for path in (ROOT / part).rglob("*.py")]
COUNTS = {path: examples(path) for path in sorted(FILES)}


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_there_are_examples():
    assert sum(COUNTS.values()) > 100


@pytest.mark.parametrize("path", [p for p, n in COUNTS.items() if n], ids=module_of)
def test_the_examples_of_a_module(path):
    try:
        module = importlib.import_module(module_of(path))
    except ModuleNotFoundError as error:
        if error.name in OPTIONAL:
            pytest.skip(f"{error.name} is not installed: requirements-site.txt has it")
        raise
    failed, attempted = doctest.testmod(module)
    assert failed == 0 and attempted == COUNTS[path]
