"""Answer text -> right or wrong. Nothing a model wrote is ever evaluated as code.

Expressions are parsed with `ast`, bounded in length, nesting and digits, and computed
in exact fractions. Chapter 06 attacks this file; chapter 09 uses it.
"""

import ast
import re
from fractions import Fraction

from r1lib.tasks import Problem, logic

LONGEST = 200  # characters of an answer that are looked at
DEEPEST = 30  # nesting of brackets
DIGITS = 12  # digits of one number


def extract_answer(completion: str) -> str | None:
    """Return the one final answer of a completion, or None.

    After the last `</think>`: exactly one <answer>...</answer>, else one \\boxed{...},
    else the last number. Two answers are no answer: hedging must not pay.

    >>> extract_answer("<think>2+2=5 no</think><answer>4</answer>")
    '4'
    >>> extract_answer("<answer>4</answer><answer>5</answer>") is None
    True
    """
    text = completion.rsplit("</think>", 1)[-1]
    if "<answer>" in text or "</answer>" in text:
        found = re.findall(r"<answer>(.*?)</answer>", text, flags=re.DOTALL)
        whole = text.count("<answer>") == text.count("</answer>") == 1
        return found[0].strip() if whole and len(found) == 1 else None
    if "\\boxed" in text:
        found = re.findall(r"\\boxed\{([^{}]*)\}", text)
        return found[0].strip() if text.count("\\boxed") == len(found) == 1 else None
    numbers = re.findall(r"-?\d[\d,]*(?:\.\d+)?(?:/\d+)?%?", text, flags=re.ASCII)
    return numbers[-1].rstrip(",") if numbers else None


def parse_expression(text: str) -> ast.expr | None:
    """Parse one infix expression of whole numbers, + - * / and brackets, or None."""
    if len(text) > LONGEST or not re.fullmatch(r"[0-9+\-*/() ]+", text):
        return None
    if re.search(r"\d\s+\d|\*\s*\*|/\s*/|\b0\d", text) or "()" in text.replace(" ", ""):
        return None
    depth = 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        if not 0 <= depth <= DEEPEST:
            return None
    if any(len(digits) > DIGITS for digits in re.findall(r"\d+", text)):
        return None
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        return None
    nodes = (ast.BinOp, ast.Constant, ast.operator)
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


def parse_number(text: str) -> Fraction | None:
    """Read one number exactly: 1/2, 0.5, 1,000, 10%, x=3, $5; else None."""
    text = text.strip().strip("$").strip()
    text = re.sub(r"^[A-Za-z]\s*=\s*", "", text)
    form = r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?(\s*/\s*[1-9]\d*)?%?"
    if len(text) > 2 * DIGITS or not re.fullmatch(form, text, flags=re.ASCII):
        return None
    percent = text.endswith("%")
    top, _, bottom = text.rstrip("%").replace(",", "").partition("/")
    number = Fraction(top.strip()) / (Fraction(bottom.strip()) if bottom else 1)
    return number / 100 if percent else number


def parse_value(text: str) -> Fraction | tuple | frozenset | None:
    """Read a number, a tuple (1, 2), whose order counts, or a set {1, 2}."""
    text = text.strip().strip("$").strip()
    shape = {"()": tuple, "{}": frozenset}.get(text[:1] + text[-1:])
    if shape is None or len(text) > LONGEST:
        return parse_number(text)
    parts = [parse_number(part) for part in text[1:-1].split(",")]
    return None if None in parts else shape(parts)


def math_equal(gold: str, answer: str) -> bool:
    """Say whether two answers have the same value, exactly; else the same text.

    >>> math_equal("1/2", "0.5"), math_equal("1000", "1,000"), math_equal("3", "x=3")
    (True, True, True)
    >>> math_equal("1/3", "0.33"), math_equal("3", "3 or 4")
    (False, False)
    >>> math_equal("(1,2)", "(2, 1)"), math_equal("{1,2}", "{2, 1}")
    (False, True)
    """
    left, right = parse_value(gold), parse_value(answer)
    if left is not None or right is not None:
        return left == right
    return len(answer) <= LONGEST and gold.strip() == answer.strip()


def correct(problem: Problem, completion: str) -> bool:
    """Verify a whole completion with the verifier of the problem's family."""
    answer = extract_answer(completion)
    if answer is None:
        return False
    if problem.family == "countdown":
        numbers, target = problem.data
        return countdown_correct(answer, list(numbers), target)
    if problem.family == "logic":
        return logic.verify(problem, answer)
    if problem.family == "arithmetic":
        return math_equal(problem.answer, answer)
    raise ValueError(f"no verifier for the family {problem.family!r}")
