"""What a careful reader complains about: unknown names, and habits that hide mistakes.

Texts of any kind are safe to look at: nothing here runs them.
"""

import ast
from itertools import pairwise

from r1lib.allowed import BUILTINS, forbidden
from r1lib.scopes import unbound
from r1lib.syntax import Complaint, parse

ENDS = (ast.Return, ast.Raise, ast.Break, ast.Continue)


def lint(code: str, entry: str = "solve") -> list[Complaint]:
    """List what a careful reader would complain about; a syntax error alone.

    >>> [str(c) for c in lint("def solve(xs):\\n    return sorted(ys)")]
    ['line 2: ys is not defined']
    """
    try:
        tree = parse(code)
    except ValueError:
        return forbidden(code)
    found = [*_habits(tree)]
    try:
        found += unbound(tree)
    except RecursionError:
        found.append(Complaint(1, "nested too deeply to be read"))
    entries = [n for n in tree.body if isinstance(n, ast.FunctionDef)]
    solve = next((n for n in entries if n.name == entry), None)
    if solve is None:
        found.append(Complaint(1, f"no function {entry}"))
    elif not any(isinstance(n, ast.Return) and n.value for n in ast.walk(solve)):
        found.append(Complaint(solve.lineno, f"{entry} returns nothing"))
    return sorted(set(found), key=lambda complaint: (complaint.line, complaint.text))


def _habits(tree):
    """Yield complaints about single statements and blocks."""
    loads = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    loads |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) if not _stores(n)}
    for node in ast.walk(tree):
        for text in _habits_of(node, loads):
            yield Complaint(node.lineno, text)
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            for first, second in pairwise(block if isinstance(block, list) else []):
                if isinstance(first, ENDS):
                    yield Complaint(second.lineno, "is never reached")


def _habits_of(node, loads):
    """List the bad habits of one node."""
    match node:
        case ast.ExceptHandler(type=None):
            return ["except without a type"]
        case ast.FunctionDef(args=arguments) | ast.Lambda(args=arguments):
            defaults = (*arguments.defaults, *arguments.kw_defaults)
            changing = any(
                isinstance(d, (ast.List, ast.Dict, ast.Set)) for d in defaults
            )
            return ["a default value that can change"] if changing else []
        case ast.Compare(
            ops=[ast.Eq() | ast.NotEq()],
            comparators=[ast.Constant(value=None | True | False)],
        ):
            return ["== with None, True or False"]
        case ast.Name(id=name, ctx=ast.Store()):
            unused = name not in loads and not name.startswith("_")
            texts = {
                "is never used": unused,
                "hides a builtin": name in BUILTINS,
            }
            return [f"{name} {text}" for text, applies in texts.items() if applies]
    return []


def _stores(node):
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
