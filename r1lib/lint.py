"""Look at a program without running it: syntax, forbidden things, names, habits.

`forbidden` is an allow-list over the syntax tree: a program that uses anything else is
not run. It saves time and gives readable messages; it is NOT isolation (Python has
too many ways around any list), that is what `sandbox` builds its walls for. `lint`
reports what a careful reader would: names used before they are defined, and a few
habits that hide mistakes. Texts of any kind are safe to look at.
"""

import ast
import builtins
import functools
import importlib
import re
import warnings
from dataclasses import dataclass
from itertools import pairwise
from types import ModuleType

from r1lib.sandbox_inside import MODULES

LONGEST = 10_000  # characters of a program that are looked at
NODES = """Module FunctionDef ClassDef Lambda arguments arg Return Delete Assign
AugAssign AnnAssign For While If IfExp Match match_case MatchValue MatchSingleton
MatchSequence MatchMapping MatchClass MatchStar MatchAs MatchOr Raise Try ExceptHandler
Assert Import ImportFrom alias Global Nonlocal Expr Pass Break Continue NamedExpr Dict
Set List Tuple ListComp SetComp DictComp GeneratorExp comprehension Yield YieldFrom
Compare Call keyword FormattedValue JoinedStr Constant Attribute Subscript Slice Starred
Name Load Store Del BoolOp And Or BinOp Add Sub Mult MatMult Div Mod Pow LShift RShift
BitOr BitXor BitAnd FloorDiv UnaryOp Invert Not UAdd USub Eq NotEq Lt LtE Gt GtE Is
IsNot In NotIn""".split()
BUILTINS = """ArithmeticError AssertionError AttributeError BaseException Ellipsis
EOFError Exception False FloatingPointError ImportError IndexError KeyError LookupError
NameError None NotImplemented NotImplementedError OverflowError RecursionError
RuntimeError StopIteration True TypeError ValueError ZeroDivisionError abs all any ascii
bin bool bytearray bytes callable chr classmethod complex dict divmod enumerate filter
float format frozenset hash hex id input int isinstance issubclass iter len list map max
min next object oct ord pow print property range repr reversed round set slice sorted
staticmethod str sum super tuple type zip""".split()
INNER = re.compile(r"_.*|(gi|cr|ag|f|tb|co|func)_.*|mro|attrgetter|methodcaller")
METHODS = """__init__ __name__ __main__ __len__ __iter__ __next__ __getitem__ __call__
__lt__ __contains__ __add__ __repr__ __str__""".split()
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
ENDS = (ast.Return, ast.Raise, ast.Break, ast.Continue)


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


def forbidden(code: str) -> list[Complaint]:
    """List what the allow-list does not allow, a syntax error included.

    >>> [str(c) for c in forbidden("import os\\nprint(open('/etc/passwd'))")]
    ['line 1: import of os', 'line 2: use of open']
    """
    try:
        tree = parse(code)
    except ValueError as error:
        where, _, what = str(error).partition(": ")
        return [Complaint(int(where.split()[1]), what)]
    found = []
    names = {*BUILTINS, *METHODS} | _parameters([tree])
    for node in ast.walk(tree):
        names |= _binds(node)
    for node in ast.walk(tree):
        if text := _forbids(node, names):
            found.append(Complaint(getattr(node, "lineno", 1), text))
    return sorted(found, key=lambda complaint: complaint.line)


def _stores(node):
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _forbids(node, names):
    """Say what is wrong with one node, or nothing."""
    if type(node).__name__ not in NODES:
        return f"use of {type(node).__name__}"
    if isinstance(node, ast.Import):
        return next((f"import of {n}" for n in _names(node) if n not in MODULES), None)
    if isinstance(node, ast.ImportFrom):
        if node.level or node.module not in MODULES:
            return f"import of {node.module}"
        wrong = [n for n in _names(node) if not _is_public(node.module, n)]
        return f"import of {node.module}.{wrong[0]}" if wrong else None
    if isinstance(node, ast.Attribute):
        private = INNER.fullmatch(node.attr) and node.attr not in METHODS
        return f"use of .{node.attr}" if private or node.attr in _modules() else None
    if isinstance(node, ast.Name):
        return f"use of {node.id}" if node.id not in names else None
    name = getattr(node, "name", None) or getattr(node, "arg", None)
    dunder = isinstance(name, str) and name.startswith("__") and name not in METHODS
    return f"use of {name}" if dunder else None


def _names(node):
    return [alias.name for alias in node.names]


def _is_public(module, name):
    value = getattr(importlib.import_module(module), name, None)
    hidden = INNER.fullmatch(name) or isinstance(value, ModuleType)
    return value is not None and not hidden


@functools.cache
def _modules() -> set[str]:
    """Names under which allowed modules hold modules that are not: typing.sys."""
    loaded = {name: importlib.import_module(name) for name in MODULES}
    held = {n for m in loaded.values() for n, v in vars(m).items() if _is_module(v)}
    return held - {name.rpartition(".")[2] for name in MODULES}


def _is_module(value):
    return isinstance(value, ModuleType)


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
        found += _Order(tree).found
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


class _Order(ast.NodeVisitor):
    """Walk in the order in which Python runs, and note names that cannot be bound yet.

    No false alarms on purpose: a name bound in any branch, or anywhere in a loop
    around, counts as bound. Bodies of functions run later: they see all names around.
    """

    def __init__(self, tree):
        self.found, self.targets = [], set()
        known = {*dir(builtins), "__name__"} | _declared(ast.walk(tree))
        self._scope(tree.body, set(), known, False)

    def _scope(self, body, known, outer, is_function):
        """Check one scope; names of a function hide outer ones even before binding."""
        own = _bound(body) | known
        outside = _declared(_own(body))
        self.known, self.own = set(known), (own - outside if is_function else set())
        self.outer, self.all, self.later = outer, own | outer | outside, []
        for node in body:
            self.visit(node)
        later, everything = self.later, self.all
        for function, targets in later:
            one = isinstance(function, ast.Lambda)
            inside = [function.body] if one else function.body
            around = everything | targets
            self._scope(inside, _parameters([function.args]), around, True)

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Store):
            self.known.add(node.id)
        elif node.id not in self.known and (
            node.id in self.own or node.id not in self.outer
        ):
            early = node.id in self.own or node.id in self.all
            text = "is used before it is defined" if early else "is not defined"
            self.found.append(Complaint(node.lineno, f"{node.id} {text}"))

    def visit_Assign(self, node):
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def visit_AugAssign(self, node):
        if isinstance(node.target, ast.Name):  # x += 1 reads x first
            self.visit_Name(
                ast.copy_location(ast.Name(node.target.id, ast.Load()), node)
            )
        self.visit(node.value)
        self.visit(node.target)

    def visit_AnnAssign(self, node):
        for part in (node.value, node.target) if node.value else ():
            self.visit(part)

    def visit_NamedExpr(self, node):
        self.visit(node.value)
        self.visit(node.target)

    def visit_For(self, node):
        self.visit(node.iter)
        self.known |= _bound([node])
        self.generic_visit(node)

    def visit_While(self, node):
        self.known |= _bound([node])
        self.generic_visit(node)

    def _comprehension(self, node):
        before, targets = set(self.known), self.targets
        for part in node.generators:
            self.visit(part.iter)
            self.known |= _bound([part.target])
            self.targets = self.targets | _bound([part.target])
            for condition in part.ifs:
                self.visit(condition)
        for field in ("key", "value", "elt"):
            if part := getattr(node, field, None):
                self.visit(part)
        self.known, self.targets = before | (self.known & _bound([node])), targets

    visit_ListComp = visit_SetComp = visit_DictComp = _comprehension
    visit_GeneratorExp = _comprehension

    def _function(self, node):
        arguments = node.args
        for part in (*arguments.defaults, *arguments.kw_defaults):
            if part is not None:
                self.visit(part)
        for decorator in getattr(node, "decorator_list", ()):
            self.visit(decorator)
        self.later.append((node, set(self.targets)))
        if not isinstance(node, ast.Lambda):
            self.known.add(node.name)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _function

    def visit_ClassDef(self, node):
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(part)
        self.known.add(node.name)
        before = set(self.known)
        for part in node.body:  # its names are not seen from its methods
            self.visit(part)
        self.known = before

    def visit_Import(self, node):
        self.known |= _bound([node])

    def visit_ExceptHandler(self, node):
        self.known |= {node.name} - {None}
        self.generic_visit(node)

    def visit_MatchAs(self, node):
        self.known |= _bound([node])
        self.generic_visit(node)

    visit_ImportFrom = visit_Import
    visit_MatchStar = visit_MatchMapping = visit_MatchAs


def _binds(node) -> set[str]:
    """The names that one node binds."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return {name}
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return {a.asname or a.name.partition(".")[0] for a in aliases}
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
            return {name}
        case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            return {name}
    return set()


def _own(nodes):
    """Walk the nodes of one scope; scopes inside it are met but not entered."""
    waiting = list(nodes)
    while waiting:
        yield (node := waiting.pop())
        if not isinstance(node, (*SCOPES, *COMPREHENSIONS)):
            waiting += ast.iter_child_nodes(node)


def _bound(nodes) -> set[str]:
    """The names that statements bind in their own scope."""
    names = set()
    for node in _own(nodes):
        names |= _binds(node)
        if isinstance(node, COMPREHENSIONS):  # only := leaves a comprehension
            walked = (n for n in ast.walk(node) if isinstance(n, ast.NamedExpr))
            names |= {n.target.id for n in walked}
    return names


def _declared(nodes) -> set[str]:
    """The names that `global` or `nonlocal` places in another scope."""
    kinds = (ast.Global, ast.Nonlocal)
    return {name for n in nodes if isinstance(n, kinds) for name in n.names}


def _parameters(nodes) -> set[str]:
    """The names of all parameters below some nodes."""
    below = (n for node in nodes for n in ast.walk(node))
    return {n.arg for n in below if isinstance(n, ast.arg)}
