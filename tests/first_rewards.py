"""The rewards that the committed runs of the tiny world were scored with.

A copy on purpose: `r1lib.rewards` has learned more since, and a test proves that it
still gives every completion of the tiny world the reward of these formulas.
"""

import re
from fractions import Fraction

from r1lib.verifiers import countdown_correct
from r1lib.world import logic


def extract_answer(completion):
    *before, text = completion.rsplit("</think>", 1)
    if not before and "<think>" in text:
        return None
    if "<answer>" in text or "</answer>" in text:
        found = re.findall(r"<answer>(.*?)</answer>", text, flags=re.DOTALL)
        whole = text.count("<answer>") == text.count("</answer>") == 1
        return found[0].strip() if whole and len(found) == 1 else None
    if "\\boxed" in text:
        found = re.findall(r"\\boxed\{([^{}]*)\}", text)
        return found[0].strip() if text.count("\\boxed") == len(found) == 1 else None
    numbers = re.findall(r"-?\d[\d,]*(?:\.\d+)?(?:/\d+)?%?", text, flags=re.ASCII)
    return numbers[-1].rstrip(",") if numbers else None


def parse_number(text):
    text = text.strip().strip("$").strip()
    text = re.sub(r"^[A-Za-z]\s*=\s*", "", text)
    form = r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?(\s*/\s*[1-9]\d*)?%?"
    if len(text) > 24 or not re.fullmatch(form, text, flags=re.ASCII):
        return None
    percent = text.endswith("%")
    top, _, bottom = text.rstrip("%").replace(",", "").partition("/")
    number = Fraction(top.strip()) / (Fraction(bottom.strip()) if bottom else 1)
    return number / 100 if percent else number


def parse_value(text):
    text = text.strip().strip("$").strip()
    shape = {"()": tuple, "{}": frozenset}.get(text[:1] + text[-1:])
    if shape is None or len(text) > 200:
        return parse_number(text)
    parts = [parse_number(part) for part in text[1:-1].split(",")]
    return None if None in parts else shape(parts)


def math_equal(gold, answer):
    left, right = parse_value(gold), parse_value(answer)
    if left is not None or right is not None:
        return left == right
    return len(answer) <= 200 and gold.strip() == answer.strip()


def correct(problem, completion):
    answer = extract_answer(completion)
    if answer is None:
        return False
    if problem.family == "countdown":
        numbers, target = problem.data
        return countdown_correct(answer, list(numbers), target)
    if problem.family == "logic":
        return logic.verify(problem, answer)
    return math_equal(problem.answer, answer)


def format(problem, text):  # noqa: A001
    tags = ("<think>", "</think>", "<answer>", "</answer>")
    if any(text.count(tag) != 1 for tag in tags):
        return 0.0
    thought, _, rest = text.partition("</think>")
    if not thought.startswith("<think>") or not rest.startswith("<answer>"):
        return 0.0
    answer, _, after = rest.removeprefix("<answer>").partition("</answer>")
    whole = thought.removeprefix("<think>").strip() and answer.strip() and not after
    return 1.0 if whole else 0.0


def total(problem, text):
    return float(correct(problem, text)) + 0.1 * format(problem, text)
