"""An allow-list over the syntax tree: a program that uses anything else is not run.

It saves time and gives readable messages; it is NOT isolation (Python has too many ways
around any list), that is what `sandbox` builds its walls for.
"""

import ast
import builtins
import functools
import importlib
import re
from types import BuiltinFunctionType, ModuleType

from r1lib.sandbox_inside import MODULES
from r1lib.syntax import Complaint, binds, parameters, parse

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
REFUSED = {  # even where a program binds them; without what a notebook adds
    name
    for name, value in vars(builtins).items()
    if isinstance(value, (BuiltinFunctionType, type))
    if name not in (*BUILTINS, "_")
}
INNER = re.compile(r"_.*|(gi|cr|ag|f|tb|co|func)_.*|mro")
# what looks up attributes by a text, or runs the text of a type hint
BY_TEXT = """attrgetter methodcaller format format_map Formatter update_wrapper wraps
get_type_hints ForwardRef singledispatch singledispatchmethod""".split()
METHODS = """__init__ __name__ __main__ __len__ __iter__ __next__ __getitem__ __call__
__lt__ __contains__ __add__ __repr__ __str__""".split()


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
    nodes = list(ast.walk(tree))
    bound = parameters([tree]).union(*map(binds, nodes))
    names = {n for n in bound - REFUSED if not _is_dunder(n)} | {*BUILTINS, *METHODS}
    found = []
    for node in nodes:
        if text := _forbids(node, names) or _forbids_pattern(node, bound):
            found.append(Complaint(getattr(node, "lineno", 1), text))
    return sorted(found, key=lambda complaint: complaint.line)


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
    if isinstance(node, ast.Name):
        return f"use of {node.id}" if node.id not in names else None
    if isinstance(node, ast.Constant) or _formats(node):
        return None
    of_things = isinstance(node, (ast.Attribute, ast.MatchClass))
    hidden, dot = (_is_hidden, ".") if of_things else (_is_dunder, "")
    return next((f"use of {dot}{n}" for n in _identifiers(node) if hidden(n)), None)


def _forbids_pattern(node, bound):
    """Refuse `case Kind(x)`, in which Kind says by a text what x is, unless builtin."""
    if not (isinstance(node, ast.MatchClass) and node.patterns):
        return None
    builtin = isinstance(node.cls, ast.Name) and node.cls.id in {*BUILTINS} - bound
    return None if builtin else "use of a pattern with positions"


def _formats(node):
    """Whether a node is the .format of a written text that looks up nothing hidden."""
    match node:
        case ast.Attribute(attr="format", value=ast.Constant(value=str(text))):
            return not any(map(_is_hidden, re.findall(r"\.(\w+)", text)))
    return False


def _identifiers(node):
    """Yield the names that a node holds as texts."""
    for _, value in ast.iter_fields(node):
        texts = value if isinstance(value, list) else [value]
        yield from (text for text in texts if isinstance(text, str))


def _is_dunder(name):
    return name.startswith("__") and bool(name.strip("_")) and name not in METHODS


def _is_hidden(name):
    private = INNER.fullmatch(name) and name not in METHODS
    return bool(private) or name in BY_TEXT or name in _modules()


def _names(node):
    return [alias.name for alias in node.names]


def _is_public(module, name):
    value = getattr(importlib.import_module(module), name, None)
    hidden = name.startswith("_") or _is_hidden(name) or _is_module(value)
    return value is not None and not hidden


@functools.cache
def _modules() -> set[str]:
    """Names under which allowed modules hold modules that are not: typing.sys."""
    loaded = {name: importlib.import_module(name) for name in MODULES}
    held = {n for m in loaded.values() for n, v in vars(m).items() if _is_module(v)}
    return held - {name.rpartition(".")[2] for name in MODULES}


def _is_module(value):
    return isinstance(value, ModuleType)
