"""Measure one unit, (reward, seed), of spurious rewards, arXiv 2506.10947.

    python -m results.spurious coin 0       a coin pays, as often as the base is right
    python -m results.spurious format 0     one thought and one answer pay
    python -m results.spurious majority 0   the most frequent answer of the group pays
    python -m results.spurious --all ...    what is missing; of all rewards, or of these

The loop, its settings, the bases and the problems are those of `results.variants`. So
the base of a seed is in results/data/variants-base-SEED.json, and its training by the
usual reward in variants-grpo-SEED.json. `right` in the curve is the truth, which none
of these rewards knows. A unit writes results/data/spurious-REWARD-SEED.json;
a killed one begins anew.
"""

import random
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from statistics import fmean

from r1lib import artifacts, rewards
from r1lib.evaluate import majority
from r1lib.problem import Problem
from r1lib.progress import bar
from r1lib.recipe import pipeline
from r1lib.rl import grpo
from r1lib.training import optim
from results import rl_measure
from results.rl_measure import Training, base_of, card, followed

VALID = 32  # problems of each game on which it is measured how often the base is right


def true(problems: list[Problem], texts: list[str]) -> list[float]:
    """Say which answers are right, as 1 and 0."""
    return [rewards.accuracy(*pair) for pair in zip(problems, texts, strict=True)]


def coin(problems, texts, rng: random.Random, chance: float) -> list[float]:
    """Pay at random, whatever is written."""
    return [float(rng.random() < chance) for _ in texts]


def formatted(problems, texts) -> list[float]:
    """Pay one thought and one answer, whatever they say."""
    return [rewards.format(*pair) for pair in zip(problems, texts, strict=True)]


def voted(problems, texts, group_size: int) -> list[float]:
    """Pay whatever agrees with most of its group; where nothing is answered, nobody.

    `texts` are group by group.
    """
    votes = [p.ballot(text) for p, text in zip(problems, texts, strict=True)]
    found = []
    for start in range(0, len(votes), group_size):
        group = votes[start : start + group_size]
        winner = majority(group)
        found += [float(vote is not None and vote == winner) for vote in group]
    return found


REWARDS = ("coin", "format", "majority")


def score_of(name: str, seed: int, chance: float) -> Callable:
    """The function that scores a rollout, `score(problems, texts)`."""
    return {
        "coin": partial(coin, rng=random.Random(f"coin-{seed}"), chance=chance),
        "format": formatted,
        "majority": partial(voted, group_size=rl_measure.CONFIG.group_size),
    }[name]


class Truth:
    """A score that also remembers how much of what it saw was right."""

    def __init__(self, score: Callable):
        self.score, self.right = score, 0.0

    def __call__(self, problems, texts) -> list[float]:
        self.right = fmean(true(problems, texts))
        return self.score(problems, texts)

    def said(self, loop):
        """Put the share of right answers into the metrics of each step."""
        for metrics, batch in loop:
            yield {**metrics, "right": self.right}, batch


def start(policy, tokenizer, config, score: Callable) -> Training:
    """Make GRPO ready to climb a score."""
    optimizers, truth = optim.adamw(policy, config.lr), Truth(score)
    drawn = (policy, tokenizer, pipeline.draw_mixed)
    loop = grpo.train(*drawn, config, optimizers, score=truth)
    return Training(truth.said(loop), policy, optimizers)


def unit(name: str, seed: int) -> dict:
    """Train a base by one reward and grade it."""
    config = replace(rl_measure.CONFIG, seed=seed)
    policy, tokenizer = artifacts.load(base_of(seed))
    longest = config.max_new_tokens
    valid = card(policy, tokenizer, longest, "valid", VALID)["all"]
    training = start(policy, tokenizer, config, score_of(name, seed, valid["pass@1"]))
    shown = ("reward", "right", "length")
    history = list(bar(followed(training.loop), config.steps, f"{name} {seed}", shown))
    row = {"reward": name, "valid": valid, "after": card(policy, tokenizer, longest)}
    return {"spurious": row, "history": history, "settings": asdict(config)}


def main() -> None:
    """Run one unit and write its file, or all that are missing."""
    rl_measure.main(__doc__, "spurious", REWARDS, unit, lambda _, s: [base_of(s)])


if __name__ == "__main__":
    main()
