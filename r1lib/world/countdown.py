"""Countdown: reach a target with given numbers, each used exactly once.

A learner's game (TinyZero made it the fruit fly of R1-Zero runs). Attempts are
written as a calculator tape, `3+5=8,*2=16`: take the first number, then apply one
operation after the other to the running result. Every result stays a whole number
from 0 to 50, which is one token. Easy problems have three numbers, hard ones four.
"""

import random
import re
from itertools import permutations, product

from r1lib import verifiers
from r1lib.files import shown
from r1lib.problem import Problem
from r1lib.verifiers import countdown_correct

LARGEST = 50  # results stay in 0..50: one token each
LARGEST_GIVEN = 20
OPERATIONS = "+-*/"
COUNT = {"easy": 3, "hard": 4}
LONGEST_TAPE = 200  # characters of a line that are read
WORDS = {
    "en": {"yes": " yes", "no": " no"},
    "ko": {"yes": " 맞아", "no": " 아니"},
}
AGAIN = {"en": "again ", "ko": "다시 "}  # in front of a sum that is done once more
PROMPT = {"en": "numbers={} target={}", "ko": "숫자={} 목표={}"}


def apply(a: int, op: str, b: int) -> int | None:
    """Compute a op b, or None where the tiny world has no such number.

    >>> apply(3, "+", 5), apply(9, "/", 3), apply(9, "/", 2), apply(3, "-", 5)
    (8, 3, None, None)
    """
    if op == "+":
        value = a + b
    elif op == "-":
        value = a - b
    elif op == "*":
        value = a * b
    elif op == "/":
        value = a // b if b and a % b == 0 else -1
    else:
        raise ValueError(f"operation must be one of {OPERATIONS}, got {shown(op)}")
    return value if 0 <= value <= LARGEST else None


def run_tape(numbers, operations) -> list[int] | None:
    """Return the running results of a tape, or None where a step is not possible.

    >>> run_tape((3, 5, 2), "+*")
    [8, 16]
    """
    value, results = numbers[0], []
    for op, number in zip(operations, numbers[1:], strict=True):
        value = apply(value, op, number)
        if value is None:
            return None
        results.append(value)
    return results


def tapes(numbers) -> list[tuple[tuple, str, list[int]]]:
    """List every possible tape: (order of the numbers, operations, results).

    `a+b` and `b+a` are one attempt, so a first sum or product starts large.
    """
    made = []
    for order in sorted(set(permutations(numbers))):
        for operations in product(OPERATIONS, repeat=len(numbers) - 1):
            if operations[0] in "+*" and order[0] < order[1]:
                continue
            results = run_tape(order, operations)
            if results is not None:
                made.append((order, "".join(operations), results))
    return made


def write_tape(order, operations, results) -> str:
    """Write a tape as text.

    >>> write_tape((3, 5, 2), "+*", [8, 16])
    '3+5=8,*2=16'
    """
    text = str(order[0])
    for i, (op, number, result) in enumerate(
        zip(operations, order[1:], results, strict=True)
    ):
        text += f"{',' if i else ''}{op}{number}={result}"
    return text


def sum_at_end(text: str) -> str | None:
    """Return the sum that a tape asks for next, without its "=", None if it asks none.

    A step goes on from the result before it. A check asks for the distance of the last
    result to a number.

    >>> sum_at_end("<think>3+5"), sum_at_end("3+5=8,*2"), sum_at_end("3+5=8,*2=16~20")
    ('3+5', '8*2', '20-16')
    """
    line = text.rpartition("\n")[2][-LONGEST_TAPE:]
    if check := re.search(r"(?<!\d)(\d{1,3})~(\d{1,3})$", line):
        low, high = sorted(map(int, check.groups()))
        return f"{high}-{low}"
    step = re.search(r"(?<!\d)(\d{1,3}),?([-+*/]\d{1,3})$", line)
    return step and "".join(step.groups())


def write_expression(order, operations) -> str:
    """Write a tape as one infix expression, the form an answer must have.

    >>> write_expression((3, 5, 2), "+*")
    '(3+5)*2'
    """
    text = "(" * (len(order) - 2) + str(order[0])
    for i, (op, number) in enumerate(zip(operations, order[1:], strict=True)):
        closing = ")" if i else ""
        text += f"{closing}{op}{number}"
    return text


def sample(rng: random.Random, level: str, language: str) -> Problem:
    """Draw a solvable problem; numbers from 1 to 20, target from 1 to 50."""
    while True:
        numbers = [rng.randint(1, LARGEST_GIVEN) for _ in range(COUNT[level])]
        order, operations, results = random_tape(rng, numbers)
        if results is not None and results[-1] != 0:
            break
    rng.shuffle(numbers)
    answer = write_expression(order, operations)
    return make(numbers, results[-1], language, answer)


class Countdown(Problem):
    """Reach `data[1]` with each number of `data[0]` once; any expression counts."""

    def check(self, completion: str, box=None) -> bool:
        answer = verifiers.extract_answer(completion)
        numbers, target = self.data
        return answer is not None and countdown_correct(answer, list(numbers), target)

    def ballot(self, completion: str):
        """The canonical form of the expression, so that 3*4+5 votes as 5+4*3."""
        answer = verifiers.extract_answer(completion)
        return None if answer is None else verifiers.canonical(answer)


def make(numbers, target: int, language: str, answer: str = "") -> Problem:
    """Build the Problem for given numbers and target."""
    level = "easy" if len(numbers) <= COUNT["easy"] else "hard"
    text = PROMPT[language].format(",".join(map(str, numbers)), target)
    key = f"{','.join(map(str, sorted(numbers)))}>{target}"
    data = (tuple(numbers), target)
    return Countdown("countdown", level, language, text, answer, key, data)


def random_tape(rng, numbers):
    """Draw a tape: (order, operations, results), results None where it leaves 0..50."""
    order = list(numbers)
    rng.shuffle(order)
    operations = "".join(rng.choice(OPERATIONS) for _ in order[1:])
    if operations[0] in "+*":
        order[:2] = sorted(order[:2], reverse=True)
    return tuple(order), operations, run_tape(order, operations)
