"""What a careful reader complains about: unknown names, and habits that hide mistakes.

Texts of any kind are safe to look at: nothing here runs them.
"""

import ast
from itertools import pairwise

from r1lib.allowed import BUILTINS, forbidden
from r1lib.scopes import unbound
from r1lib.syntax import Complaint, binds, parse, walk_scope

ENDS = (ast.Return, ast.Raise, ast.Break, ast.Continue)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
CONTAINERS = "list dict set bytearray defaultdict deque Counter".split()


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
    elif not any(map(_returns, walk_scope(solve.body))):
        found.append(Complaint(solve.lineno, f"{entry} returns nothing"))
    return sorted(set(found), key=lambda complaint: (complaint.line, complaint.text))


def _returns(node):
    """Whether a node returns a value that is not None."""
    match node:
        case ast.Return(value=None | ast.Constant(value=None)):
            return False
    return isinstance(node, ast.Return)


def _habits(tree):
    """Yield complaints about single statements and blocks."""
    loads = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    loads |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) if not _stores(n)}
    classes = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]
    methods = {n for c in classes for n in c.body if isinstance(n, FUNCTIONS)}
    for node in ast.walk(tree):
        for text in _habits_of(node, loads):
            yield Complaint(node.lineno, text)
        for name in _own_names(node) if node not in methods else ():
            if name in BUILTINS:
                yield Complaint(node.lineno, f"{name} hides a builtin")
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            for first, second in pairwise(block if isinstance(block, list) else []):
                if isinstance(first, ENDS):
                    yield Complaint(second.lineno, "is never reached")


def _own_names(node):
    """The names that a program gives: to values, parameters, functions and classes."""
    if isinstance(node, ast.arg):
        return {node.arg}
    gives = _stores(node) or isinstance(node, (*FUNCTIONS, ast.ClassDef))
    return binds(node) if gives else set()


def _habits_of(node, loads):
    """List the bad habits of one node."""
    match node:
        case ast.ExceptHandler(type=None):
            return ["except without a type"]
        case ast.ExceptHandler(type=kinds):
            named = {n.id for n in ast.walk(kinds) if isinstance(n, ast.Name)}
            everything = "BaseException" in named
            return ["except BaseException catches everything"] if everything else []
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            defaults = (*node.args.defaults, *node.args.kw_defaults)
            changing = any(map(_can_change, defaults))
            return ["a default value that can change"] if changing else []
        case ast.Compare(left=left, ops=ops, comparators=others):
            sides = zip(ops, pairwise((left, *others)), strict=True)
            equals = [s for op, s in sides if isinstance(op, (ast.Eq, ast.NotEq))]
            odd = any(map(_is_single, (side for pair in equals for side in pair)))
            return ["== with None, True or False"] if odd else []
        case ast.Name(id=name, ctx=ast.Store()):
            unused = name not in loads and not name.startswith("_")
            return [f"{name} is never used"] if unused else []
    return []


def _can_change(node):
    """Whether an expression makes a new container that can change."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in CONTAINERS
    return isinstance(node, DISPLAYS)


def _is_single(node):
    """Whether a node is None, True or False."""
    match node:
        case ast.Constant(value=None | True | False):
            return True
    return False


def _stores(node):
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
