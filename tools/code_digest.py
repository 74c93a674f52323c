"""A digest of exactly the library code that something uses.

Follows names, not files: from `r1lib.rl.grpo.train` to every function, class and
constant of r1lib that it can reach. So adding a function to a module, a comment, a
docstring, a type hint or a reformatting leaves the digest as it is, while a change
in a helper three calls away does not. What cannot be followed counts as a whole
module. The result does not depend on the version of Python.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = "r1lib"
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
SCOPES = (*DEFINITIONS, ast.Module)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# fields without meaning at run time, or that only some versions of Python have
IGNORED = {"ctx", "kind", "type_comment", "type_params", "type_ignores", "returns"}


@dataclass
class Module:
    """What a file defines, which r1lib names it imports, and its other statements."""

    name: str
    defs: dict[str, list[ast.stmt]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    loose: list[ast.stmt] = field(default_factory=list)


@dataclass
class Library:
    """The modules of r1lib under a root folder, each parsed once."""

    root: Path
    modules: dict[str, Module | None] = field(default_factory=dict)

    def file(self, dotted: str) -> Path | None:
        """The source file of a module, None where there is no such module."""
        path = self.root.joinpath(*dotted.split("."))
        found = [path.with_suffix(".py"), path / "__init__.py"]
        return next((file for file in found if file.is_file()), None)

    def module(self, dotted: str) -> Module | None:
        if dotted not in self.modules:
            file = self.file(dotted)
            self.modules[dotted] = read_module(dotted, file) if file else None
        return self.modules[dotted]

    def split(self, dotted: str) -> tuple[Module | None, str]:
        """The longest module at the front of a dotted name, and the name after it."""
        parts = dotted.split(".")
        for cut in range(len(parts), 0, -1):
            if module := self.module(".".join(parts[:cut])):
                return module, parts[cut] if cut < len(parts) else ""
        return None, ""


# ---- reading -----------------------------------------------------------------


def meaning(node: ast.AST) -> Iterator[tuple[str, object]]:
    """The fields of a node that change what it does: no docstring, no type hint."""
    for name, value in ast.iter_fields(node):
        hint = name == "annotation" and isinstance(node, ast.arg)
        if name in IGNORED or hint or value is None or value == []:
            continue
        if name == "body" and isinstance(node, SCOPES) and is_docstring(value[0]):
            value = value[1:]
        yield name, value


def is_docstring(node: ast.AST) -> bool:
    value = getattr(node, "value", None)
    return (
        isinstance(node, ast.Expr)
        and isinstance(value, ast.Constant)
        and isinstance(value.value, str)
    )


def dump(value: object) -> str:
    """Like ast.dump, without the fields that differ between versions of Python."""
    if isinstance(value, ast.AST):
        fields = ",".join(f"{name}={dump(part)}" for name, part in meaning(value))
        return f"{type(value).__name__}({fields})"
    if isinstance(value, list):
        return f"[{','.join(map(dump, value))}]"
    return repr(value)


def chains(node: ast.AST, local: frozenset = frozenset()) -> Iterator[str]:
    """Every dotted name that is used: a.b.c once, not also a.b and a; no locals."""
    inner, attributes = node, []
    while isinstance(inner, ast.Attribute):
        attributes.insert(0, inner.attr)
        inner = inner.value
    if isinstance(inner, ast.Name):
        if inner.id not in local:
            yield ".".join([inner.id, *attributes])
    elif attributes:
        yield from chains(inner, local)
    else:
        own = local | own_names(node)
        for name, value in meaning(node):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):  # defaults belong to the outer scope
                    yield from chains(child, own if name == "body" else local)


def own_names(function: ast.AST) -> frozenset[str]:
    """The parameters and variables of a function; nothing for other nodes."""
    if not isinstance(function, FUNCTIONS):
        return frozenset()
    parts = ast.iter_child_nodes(function.args)
    found = {part.arg for part in parts if isinstance(part, ast.arg)}
    todo = list(function.body) if isinstance(function.body, list) else [function.body]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Global):
            return frozenset()  # rare: then count every name as the module's
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef, *COMPREHENSIONS)):
            todo += ast.iter_child_nodes(node)
    return frozenset(found)


def imports(node: ast.AST, package: str) -> Iterator[tuple[str, str]]:
    """(local name, dotted r1lib name) for each name that an import statement binds."""
    if isinstance(node, ast.Import):
        for name in node.names:
            bound = name.asname or name.name.split(".")[0]
            yield bound, name.name if name.asname else bound
    elif isinstance(node, ast.ImportFrom):
        above = package.split(".")[: len(package.split(".")) + 1 - node.level]
        start = ".".join([*(above if node.level else []), *filter(None, [node.module])])
        for name in node.names:
            yield name.asname or name.name, f"{start}.{name.name}".removesuffix(".*")


def r1lib_imports(tree: ast.AST, package: str = "") -> dict[str, str]:
    """All r1lib names that a file imports, also inside functions."""
    found = (pair for node in ast.walk(tree) for pair in imports(node, package))
    return {name: to for name, to in found if to.split(".")[0] == PACKAGE}


def bound_names(statement: ast.stmt) -> list[str]:
    """The names that a top-level definition or assignment gives a value."""
    if isinstance(statement, DEFINITIONS):
        return [statement.name]
    targets = getattr(statement, "targets", [getattr(statement, "target", None)])
    if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return []
    names = [node for target in targets for node in ast.walk(target)]
    return [node.id for node in names if isinstance(node, ast.Name)]


def read_module(dotted: str, file: Path) -> Module:
    """Sort the statements of a file into definitions, r1lib imports and the rest."""
    tree = ast.parse(file.read_text(encoding="utf-8"), filename=file.name)
    package = dotted if file.name == "__init__.py" else dotted.rpartition(".")[0]
    module = Module(dotted, aliases=r1lib_imports(tree, package))
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom) or is_docstring(
            statement
        ):
            continue
        names = bound_names(statement)
        for name in names:
            module.defs.setdefault(name, []).append(statement)
        if not names:
            module.loose.append(statement)
    return module


# ---- following ---------------------------------------------------------------


def entries(source: str, library: Library) -> set[str]:
    """The dotted r1lib names that a script uses: where following starts."""
    tree = ast.parse(source)
    aliases = r1lib_imports(tree)
    imported = {name for name in aliases.values() if library.split(name)[1]}
    return imported | references([tree], Module("", aliases=aliases))


def references(nodes: Iterable[ast.AST], module: Module) -> set[str]:
    """The dotted r1lib names that some code of a module mentions."""
    found = set()
    for node in nodes:
        for chain in chains(node):
            first, dot, rest = chain.partition(".")
            if first in module.aliases:
                found.add(module.aliases[first] + dot + rest)
            elif first in module.defs:
                found.add(f"{module.name}.{first}")
    return found


def reach(names: Iterable[str], library: Library) -> dict[str, dict[str, str]]:
    """Module -> definition -> its dump, for all that can be reached from some names."""
    todo: list[str] = list(names)
    done: set = set()
    reached: dict[str, dict[str, str]] = {}
    while todo:
        dotted = todo.pop()
        module, name = library.split(dotted)
        if module is None:
            raise ValueError(f"there is no {dotted}")
        if name in module.aliases and name not in module.defs:
            rest = dotted.removeprefix(f"{module.name}.{name}")
            if (target := module.aliases[name] + rest) not in done:
                done.add(target)
                todo.append(target)
            continue
        if module.name not in reached:
            reached[module.name] = {"": dump(module.loose)}
            todo += references(module.loose, module)
        for wanted in [name] if name in module.defs else module.defs:
            if (module.name, wanted) not in done:
                done.add((module.name, wanted))
                reached[module.name][wanted] = dump(module.defs[wanted])
                todo += references(module.defs[wanted], module)
    return reached


def digests(names: Iterable[str], library: Library) -> dict[str, str]:
    """One short digest for each module that is reached, so that a change has a name."""

    def digest(definitions: dict[str, str]) -> str:
        text = "\n".join(f"{name}: {definitions[name]}" for name in sorted(definitions))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    reached = reach(names, library)
    return {module: digest(reached[module]) for module in sorted(reached)}
