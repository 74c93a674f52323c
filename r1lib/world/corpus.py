"""The tiny web: what the base model reads before anyone rewards it.

Real web text holds quick guesses, short worked solutions, and a few long ones in
which somebody checks, says so and tries again. So does ours, in two languages that
are sometimes mixed, and with the slips that people make: `Habits` says how often.
The numbers were fixed before the first of the reinforcement-learning runs reported.
"""

import random
import re
from dataclasses import dataclass

from r1lib.files import one_of
from r1lib.problem import LANGUAGES, STYLES, Problem, draw
from r1lib.training import limits
from r1lib.world import arithmetic, countdown, spoken
from r1lib.world.countdown import AGAIN, LARGEST, WORDS, apply, write_expression


@dataclass(frozen=True)
class Habits:
    """How the people behind the tiny web write; values are probabilities,
    but for `patience`, a number of lines."""

    styles: tuple = (0.60, 0.10, 0.30)  # guess, short, long
    right_guess: float = 0.05  # a guess that happens to be right
    hit: float = 0.15  # an attempt chosen by somebody who sees the solution
    slip: float = 0.04  # one result on a tape is wrong
    false_yes: float = 0.02  # a wrong result is waved through
    false_no: float = 0.05  # a right result is turned down
    again: float = 0.70  # after a "no" in countdown, the same sum is done once more
    patience: int = 9  # lines after which nobody tries anything else
    give_up: float = 0.12  # after a "no", stop instead of trying something else
    switch: float = 0.10  # a verdict is written in the other language
    checks: float = 1.0  # an attempt is compared; else a coin decides whether to go on
    spoken: float = 0.0  # whole words stand behind each verdict, and at the end

    def __post_init__(self):
        limits.kind(self, tuple, "styles")
        limits.share(self, "right_guess", "hit", "slip", "false_yes", "false_no")
        limits.share(self, "again", "give_up", "switch", "checks", "spoken")
        limits.whole(self, "patience")


def trace(rng: random.Random, problem: Problem, style: str, habits=Habits()) -> str:  # noqa: B008
    """Write a completion to `problem` the way somebody on the tiny web would."""
    one_of("style", style, STYLES)
    write = {"countdown": _countdown, "arithmetic": _arithmetic}[problem.family]
    thinking, answer = write(rng, problem, style, habits)
    if style == "guess":
        return f"<answer>{answer}</answer>"
    return f"<think>{thinking}</think><answer>{answer}</answer>"


def _countdown(rng, problem, style, habits):
    numbers, target = problem.data
    if style == "guess":
        right = rng.random() < habits.right_guess
        order, operations = choose_attempt(rng, problem, 1.0 if right else 0.0)
        return "", write_expression(order, operations)
    lines, tried, speaks = [], set(), speaker(rng, habits)
    while len(lines) < habits.patience:
        for _ in range(9):  # nobody repeats an attempt, unless ideas run out
            order, operations = choose_attempt(rng, problem, habits.hit)
            if (order, operations) not in tried:
                break
        tried.add((order, operations))
        text, value = tape(rng, order, operations, habits.slip)
        check, yes = compare(rng, value, target, problem, habits, speaks)
        lines.append(text + check)
        if style == "short":
            break
        doubts = habits.again and check and not yes  # no draw where nobody doubts
        if doubts and rng.random() < habits.again:
            text, value = tape(rng, order, operations, habits.slip)
            check, yes = compare(rng, value, target, problem, habits, speaks)
            lines.append(AGAIN[problem.language] + text + check)
        if yes or rng.random() < habits.give_up:
            break
    answer = write_expression(order, operations)
    return closed(lines, problem, answer, speaks), answer


def _arithmetic(rng, problem, style, habits):
    numbers, operations = problem.data
    if style == "guess":
        right = rng.random() < habits.right_guess
        return "", problem.answer if right else str(near(rng, int(problem.answer), 12))
    text, value = tape(rng, numbers, operations, habits.slip)
    lines, speaks = [text], speaker(rng, habits)
    while style == "long":
        before = value
        text, value = tape(rng, numbers, operations, habits.slip)
        check, yes = compare(rng, value, before, problem, habits, speaks)
        lines.append(text + check)
        if yes or rng.random() < habits.give_up:
            break
    return closed(lines, problem, str(value), speaks), str(value)


def speaker(rng, habits) -> bool:
    """Draw whether somebody thinks in whole words; no draw where nobody does."""
    return bool(habits.spoken) and rng.random() < habits.spoken


def closed(lines, problem, answer: str, speaks: bool) -> str:
    """Join the lines of a thought; in whole words, the last one says the answer."""
    last = [spoken.end(problem.language, answer)] if speaks else []
    return "\n".join([*lines, *last]) + "\n"


def choose_attempt(rng, problem, hit: float):
    """Choose the next tape: a solution with probability `hit`, else any tape."""
    if rng.random() < hit:
        order = tuple(map(int, re.findall(r"\d+", problem.answer)))
        return order, "".join(re.findall(r"[-+*/]", problem.answer))
    while True:
        order, operations, results = countdown.random_tape(rng, problem.data[0])
        if results is not None:
            return order, operations


def tape(rng, numbers, operations, slip: float) -> tuple[str, int]:
    """Write a tape in which each result is wrong with probability `slip`."""
    while True:
        value, text = numbers[0], str(numbers[0])
        for i, (op, number) in enumerate(zip(operations, numbers[1:], strict=True)):
            value = apply(value, op, number)
            if value is None:
                break
            value = near(rng, value, 10) if rng.random() < slip else value
            text += f"{',' if i else ''}{op}{number}={value}"
        else:
            return text, value


def near(rng, value: int, spread: int) -> int:
    """Return another number of the tiny world, at most `spread` away."""
    low, high = max(0, value - spread), min(LARGEST, value + spread)
    return rng.choice([x for x in range(low, high + 1) if x != value])


def compare(rng, value: int, wanted: int, problem, habits, speaks=False):
    """Write how far a result is from what it should be, and the verdict.

    `~24=2 no` reads: the distance to 24 is 2, so no. Either may be a slip. Somebody
    who does not check writes nothing, and is as soon satisfied with a wrong result.
    Returns the text, and whether it says yes.
    """
    if rng.random() >= habits.checks:
        return "", rng.random() < 0.5
    distance = abs(value - wanted)
    if rng.random() < habits.slip:
        distance = near(rng, distance, 10)
    wrong = rng.random() < (habits.false_yes if distance else habits.false_no)
    yes = (distance == 0) != wrong
    other = LANGUAGES[1 - LANGUAGES.index(problem.language)]
    language = other if rng.random() < habits.switch else problem.language
    said = WORDS[language]["yes" if yes else "no"]
    if speaks:
        said += spoken.meaning(language, problem.family, yes, distance)
    return f"~{wanted}={distance}{said}", yes


def documents(n: int, seed: int, habits=Habits()):  # noqa: B008
    """Yield n (prompt, completion) pairs of training problems."""
    rng = random.Random(f"corpus-{seed}")
    for _ in range(n):
        family = rng.choices((countdown, arithmetic), (0.55, 0.45))[0]
        problem = draw(family.sample, rng, "train")
        style = rng.choices(STYLES, habits.styles)[0]
        yield problem.prompt, trace(rng, problem, style, habits)
