"""Which problems of the tiny world a stage draws, and how often."""

import random

from r1lib.problem import LEVELS, Problem, draw
from r1lib.world import arithmetic, countdown, instructions, logic, requests

SAMPLE = {**requests.SAMPLE, "instructions": instructions.sample}  # what people ask


def draw_general(rng: random.Random, split: str = "train") -> Problem:
    """Draw a general problem of any family, level and language.

    Refusals come twice as often as others: half of them are harmless near misses.
    """
    family = rng.choice([*SAMPLE, "refusal"])
    return draw(SAMPLE[family], rng, split, rng.choice(LEVELS))


def general_problems(n: int, seed: int, split: str) -> list[Problem]:
    """Return n general problems of a split with distinct prompts."""
    rng, drawn = random.Random(f"general-{seed}-{split}"), {}
    for _ in range(40 * n + 200):
        if len(drawn) == n:
            return list(drawn.values())
        problem = draw_general(rng, split)
        drawn.setdefault(problem.prompt, problem)
    raise ValueError(f"found only {len(drawn)} different {split} problems of {n}")


REASONING = {
    "arithmetic": arithmetic.sample,
    "countdown": countdown.sample,
    "logic": logic.sample,
}


SHARES = {"arithmetic": 0.3, "countdown": 0.5, "logic": 0.2}  # of reasoning problems


HARD = 0.2  # of these


def draw_reasoning(rng: random.Random) -> Problem:
    """Draw a training problem that a rule can judge, in either language."""
    family = rng.choices(list(SHARES), SHARES.values())[0]
    level = "hard" if rng.random() < HARD else "easy"
    return draw(REASONING[family], rng, "train", level)
