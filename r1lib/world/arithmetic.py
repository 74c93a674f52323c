"""Several sums in a row, as a bare expression or as a small story.

The worked solution is a calculator tape, `17+5=22,*3=66,-8=58`; a careful one does
the tape again and compares. Easy problems have three operations, hard ones five.
"""

import random

from r1lib.problem import Problem
from r1lib.world.countdown import LARGEST, OPERATIONS, run_tape, write_expression

STEPS = {"easy": 3, "hard": 5}
PROMPT = {"en": "compute {}", "ko": "계산 {}"}
STORY = {
    "en": {
        "start": "{} has {} {}",
        "+": ", gets {} more",
        "-": ", loses {}",
        "*": ", then has {} times as many",
        "/": ", then keeps 1 of {} equal parts",
        "end": ". How many?",
        "names": ("Tom", "Ann", "Mina", "Leo"),
        "things": ("apples", "books", "coins", "stars"),
    },
    "ko": {
        "start": "{}에게 {}개의 {}",
        "+": ", {}개를 더 받고",
        "-": ", {}개를 잃고",
        "*": ", {}배가 되고",
        "/": ", {}등분한 하나만 갖고",
        "end": ". 몇 개?",
        "names": ("민수", "지우", "하나", "준호"),
        "things": ("사과", "책", "동전", "별"),
    },
}


def sample(rng: random.Random, level: str, language: str) -> Problem:
    """Draw a problem whose results all stay within 1..50; one in five is a story."""
    while True:
        operations = "".join(rng.choice(OPERATIONS) for _ in range(STEPS[level]))
        numbers = tuple(_operand(rng, op) for op in "+" + operations)
        results = run_tape(numbers, operations)
        if results is not None and _interesting(numbers, operations, results):
            return make(
                numbers, operations, language, rng if rng.random() < 0.2 else None
            )


def make(numbers, operations: str, language: str, story: random.Random | None = None):
    """Build the Problem; with `story` given, the question is a story drawn from it."""
    level = "easy" if len(operations) <= STEPS["easy"] else "hard"
    key = write_expression(numbers, operations)
    text = PROMPT[language].format(key)
    if story is not None:
        text = _story(numbers, operations, language, story)
    answer = str(run_tape(numbers, operations)[-1])
    return Problem(
        "arithmetic", level, language, text, answer, key, (numbers, operations)
    )


def _operand(rng, op: str) -> int:
    return rng.randint(2, 9) if op in "*/" else rng.randint(1, 12)


def _interesting(numbers, operations, results) -> bool:
    """Refuse steps that do nothing (times or minus to 0 hides every later step)."""
    return all(0 < value <= LARGEST for value in results)


def _story(numbers, operations, language, rng) -> str:
    words = STORY[language]
    name, thing = rng.choice(words["names"]), rng.choice(words["things"])
    parts = (name, numbers[0], thing)
    text = words["start"].format(*parts)
    for op, number in zip(operations, numbers[1:], strict=True):
        text += words[op].format(number)
    return text + words["end"]
