"""Answer text -> right or wrong. Nothing a model wrote is ever evaluated as code.

Expressions are parsed with `ast`, bounded in length, nesting and digits, and computed
in exact fractions. Chapter 06 attacks this file; chapter 09 uses it.
"""

import ast
import re
import time
from fractions import Fraction

from r1lib.tokenizer import chat
from r1lib.verifiers import algebra, answers
from r1lib.verifiers.answers import LONGEST
from r1lib.verifiers.last_number import last_number
from r1lib.verifiers.notation import DEEPEST, DIGITS, name_of, wording
from r1lib.verifiers.trees import Refused, exact, written

BOX = re.compile(r"\\boxed(?![A-Za-z])")
ONE_TOKEN = re.compile(  # without braces LaTeX boxes one digit or letter
    r"([0-9A-Za-z])(?![\w.,/^%!*+\\-]*\w)(?!\s*[-+*/^_=<>%!\\({\[](?![)\]]))", re.ASCII
)
ONLY_A_BOX = re.compile(
    r"(?:\$|\\\(|\\\[|\s)*\\boxed\s*(?:\{\s*\})?(?:\$|\\[)\]]|\s|\.)*"
)
PATIENCE = 60.0  # seconds on the clock for all the algebra of one answer


def extract_answer(completion: str) -> str | None:
    """Return the one final answer of a completion, or None.

    After the last `</think>`: exactly one <answer>...</answer>, else one \\boxed{...},
    else the last number. Two answers are no answer: hedging must not pay. A thought
    that never ends is no answer either.

    >>> extract_answer("<think>2+2=5 no</think><answer>4</answer>")
    '4'
    >>> extract_answer("<answer>4</answer><answer>5</answer>") is None
    True
    """
    text = chat.summary(completion)
    if chat.OPEN_ANSWER in text or chat.CLOSE_ANSWER in text:
        inside = chat.answer(completion)
        return None if inside is None else _unboxed(inside)
    if found := BOX.findall(text):
        return boxed(text) if len(found) == 1 else None
    return last_number(text)


def _unboxed(answer: str) -> str | None:
    """Open the one box that is all there is between the tags; two boxes are none."""
    boxes = BOX.findall(answer)
    if len(boxes) > 1:
        return None
    inside = boxed(answer) if boxes else None
    if inside is None:
        return answer
    outside = answer.replace(inside, "", 1)
    return inside if ONLY_A_BOX.fullmatch(outside) else answer


def boxed(text: str) -> str | None:
    """Return what stands in the braces of \\boxed{...}; None where they do not close.

    >>> boxed(r"so \\boxed{\\frac{1}{2}}."), boxed(r"\\boxed 4")
    ('\\\\frac{1}{2}', '4')
    """
    match = BOX.search(text)
    rest, depth = text[match.end() :][: 10 * LONGEST] if match else "", 0
    rest = rest.lstrip()
    if not rest.startswith("{"):
        single = ONE_TOKEN.match(rest)
        return single[1] if single else None
    for brace in re.finditer(r"\\[{}]|[{}]", rest):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            inside = rest[1 : brace.start()].strip()
            return None if re.fullmatch(r"\{[^{}]*\}", inside) else inside
    return None


def parse_expression(text: str) -> ast.expr | None:
    """Parse one infix expression of whole numbers, + - * / and brackets, or None."""
    if len(text) > LONGEST or not re.fullmatch(r"[0-9+\-*/() ]+", text):
        return None  # too long, or another character
    if re.search(r"\d\s+\d|\*\s*\*|/\s*/", text):  # 1 2, 2**3, 7//2
        return None
    if re.search(r"\b0\d", text) or "()" in text.replace(" ", ""):  # 007, ()
        return None
    depth = 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if not 0 <= depth <= DEEPEST:  # closed before it was opened, or too deep
            return None
    if any(len(digits) > DIGITS for digits in re.findall(r"\d+", text)):
        return None
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        return None
    nodes = (ast.BinOp, ast.Constant, ast.operator)  # no sign in front: -3
    return tree if all(isinstance(node, nodes) for node in ast.walk(tree)) else None


def value(tree: ast.expr) -> Fraction | None:
    """Compute a parsed expression exactly; None where it divides by zero.

    >>> value(parse_expression("(1+2)/4"))
    Fraction(3, 4)
    """
    if isinstance(tree, ast.Constant):
        return Fraction(tree.value)
    left, right = value(tree.left), value(tree.right)
    if left is None or right is None:
        return None
    if isinstance(tree.op, ast.Add):
        return left + right
    if isinstance(tree.op, ast.Sub):
        return left - right
    if isinstance(tree.op, ast.Mult):
        return left * right
    return left / right if right else None


def countdown_correct(answer: str, numbers: list[int], target: int) -> bool:
    """One infix expression, each number exactly once, that equals the target.

    >>> countdown_correct("(3+5)*2", [2, 3, 5], 16), countdown_correct("16", [16], 16)
    (True, True)
    >>> countdown_correct("3*5+1", [2, 3, 5], 16)
    False
    """
    tree = parse_expression(answer)
    if tree is None:
        return False
    used = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return sorted(used) == sorted(numbers) and value(tree) == target


def canonical(answer: str) -> str | None:
    """Write an expression so that equal ones look equal: a+b = b+a, (a+b)+c = a+(b+c).

    Chains of + and - (and of * and /) are flattened and sorted.

    >>> canonical("(3+5)*2") == canonical("2*(5+3)")
    True
    """
    tree = parse_expression(answer)
    return _canonical(tree) if tree is not None else None


def _canonical(tree) -> str:
    if isinstance(tree, ast.Constant):
        return str(tree.value)
    plus = isinstance(tree.op, (ast.Add, ast.Sub))
    kinds = (ast.Add, ast.Sub) if plus else (ast.Mult, ast.Div)
    terms = sorted(sign + _canonical(part) for sign, part in _chain(tree, kinds, False))
    return "(" + ("" if plus else "*") + " ".join(terms) + ")"


def _chain(tree, kinds, inverse):
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, kinds):
        turn = isinstance(tree.op, (ast.Sub, ast.Div))
        yield from _chain(tree.left, kinds, inverse)
        yield from _chain(tree.right, kinds, inverse != turn)
    else:
        yield ("-" if inverse else "+"), tree


def math_equal(gold: str, answer: str) -> bool:
    """Say whether two answers have the same value, exactly; else the same wording.

    Where the gold answer is a number, the other must be one that is written out: 4,
    not 2+2. docs/answers.md lists every form that is accepted or refused.

    >>> math_equal("1/2", "0.5"), math_equal("1000", "1,000"), math_equal("3", "x=3")
    (True, True, True)
    >>> math_equal("1/3", "0.33"), math_equal("3", "3 or 4")
    (False, False)
    >>> math_equal("(1,2)", "(2, 1)"), math_equal("{1,2}", "{2, 1}")
    (False, True)
    """
    if max(len(gold), len(answer)) > LONGEST:
        return False
    names = {name_of(gold), name_of(answer)} - {None}
    if len(names) > 1:  # x = 2 is no answer to y = 2
        return False
    left, right = answers.read(gold), answers.read(answer)
    if left is None or right is None:
        words = wording(answer)
        return left is right and words != "" and words == wording(gold)
    if "unit" in (left[0], right[0]):  # beside a quantity m is a metre
        left, right = answers.as_unit(left), answers.as_unit(right)
    try:
        return same(left, right, time.monotonic() + PATIENCE)
    except Refused:  # nobody could prove it
        return False


def same(gold: tuple, answer: tuple, deadline: float) -> bool:
    """Say whether two trees are one value; a number must be written out in the answer.

    What neither numbers nor structure decide goes to `algebra` until the deadline (in
    seconds of `time.monotonic`); what it cannot decide raises `Refused`.
    """
    kinds = {gold[0], answer[0]}
    if "unit" in kinds:
        return _same_units(gold, answer, deadline)
    if kinds & {"tuple", "set", "list", "union"} or "interval" in gold[0] + answer[0]:
        if len(kinds) > 1:
            return False
        if gold[0] in ("set", "union") and len(gold) > 1:
            rows = [[same(g, a, deadline) for a in answer[1:]] for g in gold[1:]]
            return all(map(any, rows)) and all(map(any, zip(*rows, strict=True)))
        pairs = zip(gold[1:], answer[1:], strict=False)
        return len(gold) == len(answer) and all(same(a, b, deadline) for a, b in pairs)
    if gold == answer:
        return True
    if (value := exact(gold)) is not None:
        return written(answer) == value
    proved = algebra.equal(gold, answer, patience=deadline - time.monotonic())
    if proved is None:
        raise Refused("sympy cannot say in time")
    return proved


def _same_units(gold: tuple, answer: tuple, deadline: float) -> bool:
    """Compare quantities; a unit on one side only was asked for by the question."""
    units = [tree[2:] for tree in (gold, answer) if tree[0] == "unit"]
    numbers = [tree[1] if tree[0] == "unit" else tree for tree in (gold, answer)]
    if len(units) == 2 and "any" not in (units[0][0], units[1][0]):
        if units[0][0] != units[1][0]:
            return False
        values = list(map(written, numbers))
        if None not in values:
            return values[0] * units[0][1] == values[1] * units[1][1]
        if units[0] != units[1]:
            return False
    return same(*numbers, deadline)


def meaning(text: str) -> object:
    """Return a value that is equal for answers that mean the same, as far as is cheap.

    Numbers, tuples and sets by their values, the rest by its wording. No algebra.

    >>> meaning("1/2") == meaning("0.5"), meaning("{1,2}") == meaning(r"\\{2, 1.0\\}")
    (True, True)
    """
    tree = answers.read(text)
    return wording(text) if tree is None else _meaning(tree)


def _meaning(tree: tuple) -> object:
    kind, *parts = tree
    if kind == "unit":
        value = written(parts[0])
        return tree if value is None else ("unit", parts[1], value * parts[2])
    if kind in ("set", "union"):
        return kind, frozenset(map(_meaning, parts))
    if kind in ("tuple", "list") or kind.startswith("interval"):
        return kind, *map(_meaning, parts)
    value = written(tree)
    return tree if value is None else value
