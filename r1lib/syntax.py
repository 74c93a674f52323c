"""Programs as trees: parsing without surprises, and which names a piece of code binds.

Texts of any kind are safe to look at: nothing here runs them.
"""

import ast
import warnings
from dataclasses import dataclass

LONGEST = 10_000  # characters of a program that are looked at
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)


@dataclass(frozen=True)
class Complaint:
    """What is wrong, and in which line."""

    line: int
    text: str

    def __str__(self):
        return f"line {self.line}: {self.text}"


def parse(code: str) -> ast.Module:
    """Parse a program of bounded length; ValueError says in one line why not."""
    if len(code) > LONGEST:
        raise ValueError(f"line 1: longer than {LONGEST} characters")
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.parse(code)
    except SyntaxError as error:
        raise ValueError(f"line {error.lineno or 1}: {error.msg}") from None
    except (ValueError, MemoryError, RecursionError) as error:
        raise ValueError(f"line 1: not a program ({type(error).__name__})") from None


def binds(node) -> set[str]:
    """The names that one node binds."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return {name}
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return {a.asname or a.name.partition(".")[0] for a in aliases}
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {node.name}
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
            return {name}
        case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            return {name}
    return set()


def walk_scope(nodes):
    """Walk the nodes of one scope; scopes inside it are met but not entered."""
    waiting = list(nodes)
    while waiting:
        yield (node := waiting.pop())
        if not isinstance(node, (*SCOPES, *COMPREHENSIONS)):
            waiting += ast.iter_child_nodes(node)


def bound(nodes) -> set[str]:
    """The names that statements bind in their own scope."""
    names = set()
    for node in walk_scope(nodes):
        names |= binds(node)
        if isinstance(node, COMPREHENSIONS):  # only := leaves a comprehension
            walked = (n for n in ast.walk(node) if isinstance(n, ast.NamedExpr))
            names |= {n.target.id for n in walked}
    return names


def declared(nodes, kinds=(ast.Global, ast.Nonlocal)) -> set[str]:
    """The names that `global` or `nonlocal` places in another scope."""
    return {name for n in nodes if isinstance(n, kinds) for name in n.names}


def bound_by_global(tree) -> set[str]:
    """The names of a module that its functions and classes bind, after `global`."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, SCOPES) and not isinstance(node, ast.Lambda):
            names |= declared(walk_scope(node.body), ast.Global) & bound(node.body)
    return names


def parameters(nodes) -> set[str]:
    """The names of all parameters below some nodes."""
    below = (n for node in nodes for n in ast.walk(node))
    return {n.arg for n in below if isinstance(n, ast.arg)}
