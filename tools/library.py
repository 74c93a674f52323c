"""The source of r1lib as the book's tools read it: files, definitions, imports."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = "r1lib"
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass
class Library:
    """The modules of r1lib under a root folder, each parsed once."""

    root: Path
    modules: dict[str, dict[str, ast.stmt] | None] = field(default_factory=dict)

    def file(self, dotted: str) -> Path | None:
        """The source file of a module, None where there is no such module."""
        path = self.root.joinpath(*dotted.split("."))
        candidates = [path.with_suffix(".py"), path / "__init__.py"]
        return next((file for file in candidates if file.is_file()), None)

    def definitions(self, dotted: str) -> dict[str, ast.stmt] | None:
        """Name -> the last statement that binds it at the top of a module, or None."""
        if dotted not in self.modules:
            file = self.file(dotted)
            self.modules[dotted] = read_definitions(file) if file else None
        return self.modules[dotted]

    def split(self, dotted: str) -> tuple[str, str]:
        """The longest module at the front of a dotted name, and the name after it."""
        parts = dotted.split(".")
        for cut in range(len(parts), 0, -1):
            module = ".".join(parts[:cut])
            if self.file(module):
                return module, parts[cut] if cut < len(parts) else ""
        return "", ""


def read_definitions(file: Path) -> dict[str, ast.stmt]:
    """The functions, classes and constants that a file defines at its top level."""
    tree = ast.parse(file.read_text(encoding="utf-8"), filename=file.name)
    return {name: statement for statement in tree.body for name in bound(statement)}


def bound(statement: ast.stmt) -> list[str]:
    """The names that a top-level definition or assignment gives a value."""
    if isinstance(statement, DEFINITIONS):
        return [statement.name]
    if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return []
    targets = getattr(statement, "targets", None) or [statement.target]
    names = [node for target in targets for node in ast.walk(target)]
    return [node.id for node in names if isinstance(node, ast.Name)]


def is_docstring(node: ast.AST) -> bool:
    value = getattr(node, "value", None)
    return (
        isinstance(node, ast.Expr)
        and isinstance(value, ast.Constant)
        and isinstance(value.value, str)
    )


def imports(tree: ast.AST, package: str = "") -> Iterator[str]:
    """The dotted r1lib names that a file imports, also inside functions.

    `package` is the package of the file, for relative imports.
    """
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level]
            start = [*(above if node.level else []), *filter(None, [node.module])]
            names = [".".join([*start, name.name]) for name in node.names]
        yield from (name for name in names if name.split(".")[0] == PACKAGE)
