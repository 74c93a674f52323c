"""What a careful reader complains about: what pyflakes finds, and three habits.

The habits: an `except` that catches everything, a default value that can change, and
`==` where `is` is meant.

Texts of any kind are safe to look at: they are parsed and never run.
"""

import ast
import threading
import warnings
from dataclasses import dataclass
from itertools import pairwise

from pyflakes import messages
from pyflakes.checker import Checker

LONGEST = 10_000  # characters of a program that are looked at
SHOWN = 200  # characters of a complaint
UNSURE = (messages.ImportStarUsed, messages.ImportStarUsage)  # perhaps no mistake
CONTAINERS = "list dict set bytearray defaultdict deque Counter".split()
DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
QUIET = threading.Lock()  # the filters of warnings belong to all threads


@dataclass(frozen=True, order=True)
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
        with QUIET, warnings.catch_warnings(action="ignore"):
            return ast.parse(code)
    except SyntaxError as error:
        text = f"line {error.lineno or 1}: {_one_line(error.msg)}"
    except (ValueError, MemoryError, RecursionError) as error:
        text = f"line 1: not a program ({type(error).__name__})"
    raise ValueError(text)


def lint(code: str, entry: str = "solve") -> list[Complaint]:
    """List what a careful reader would complain about; a syntax error alone.

    pyflakes decides about names, as if a last line used `entry`.

    >>> [str(c) for c in lint("def solve(xs):\\n    return sorted(ys)")]
    ["line 2: undefined name 'ys'"]
    """
    try:
        tree = parse(code)
    except ValueError as error:
        where, _, text = str(error).partition(": ")
        return [Complaint(int(where.removeprefix("line ")), text)]
    habits = [Complaint(n.lineno, text) for n in ast.walk(tree) if (text := _habit(n))]
    return sorted({*habits, *_flakes(tree, entry)})


def _flakes(tree, entry):
    """List the complaints of pyflakes, which a hostile text may make give up."""
    place = {"lineno": 1, "col_offset": 0}
    tree.body.append(ast.Expr(ast.Name(entry, ast.Load(), **place), **place))
    try:
        with QUIET, warnings.catch_warnings(action="ignore"):
            messages = Checker(tree, withDoctest=False).messages
        sure = [m for m in messages if not isinstance(m, UNSURE)]
        return [
            Complaint(m.lineno, _one_line(m.message % m.message_args)) for m in sure
        ]
    except (ValueError, MemoryError, RecursionError) as error:
        return [Complaint(1, f"cannot be read to its end ({type(error).__name__})")]


def _one_line(text):
    return "".join(c if c.isprintable() else "?" for c in text[:SHOWN])


def _habit(node):
    """Name the bad habit of a node, if it has one."""
    match node:
        case ast.ExceptHandler(type=None):
            return "except without a type"
        case ast.ExceptHandler(type=kinds):
            named = {n.id for n in ast.walk(kinds) if isinstance(n, ast.Name)}
            if "BaseException" in named:
                return "except BaseException catches everything"
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            if any(map(_can_change, (*node.args.defaults, *node.args.kw_defaults))):
                return "a default value that can change"
        case ast.Compare(left=first, ops=ops, comparators=others):
            for op, pair in zip(ops, pairwise((first, *others)), strict=True):
                if isinstance(op, (ast.Eq, ast.NotEq)) and any(map(_is_single, pair)):
                    return "== with None, True or False"
    return None


def _can_change(node):
    """Whether an expression makes a new container that can change."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in CONTAINERS
    return isinstance(node, DISPLAYS)


def _is_single(node):
    """Whether a node is None, True or False."""
    return isinstance(node, ast.Constant) and isinstance(node.value, (bool, type(None)))
