"""The mixed reward of R1's last stage: rules where a rule can judge, models elsewhere.

R1 adds up rewards for reasoning (a rule), for general requests (a reward model, and
format) and for language (arXiv 2501.12948v2, section 3.2.2). Here a completion gets

    reasoning problems   accuracy by rule + format + language consistency
    general requests     reward models    + format + language consistency

R1 lets general requests and reward models in only for the last 400 of 1,700 steps: a
reward model is a proxy, and a policy that climbs it for long finds out where it is
wrong. Here a wrong answer and a bad reply are worth about 0, a right one and a good
one about 1, so that neither kind drowns the other. Chapter 13 builds this file.
"""

import random
from dataclasses import dataclass

import torch

from r1lib import rewards
from r1lib.feedback.preferences import encode
from r1lib.feedback.reward_model import RewardModel, score_all
from r1lib.problem import Problem
from r1lib.world.draws import SAMPLE as GENERAL
from r1lib.world.draws import draw_general, draw_reasoning
from r1lib.world.readability import mixed_share

LANGUAGE = 0.6  # weight of language consistency; rules and models have 1


def draw_all(rng: random.Random, general: float = 0.5) -> Problem:
    """Draw a training problem of any scenario; `general` is the share of requests."""
    return draw_general(rng) if rng.random() < general else draw_reasoning(rng)


def form(problem: Problem, completion_text: str) -> float:
    """Return 1.0 for the format that is asked for; requests need no thinking.

    >>> greeting = Problem("chat", "easy", "en", "Hello!", "", "")
    >>> form(greeting, "<answer>Hi!</answer>"), form(greeting, "Hi!")
    (1.0, 0.0)
    """
    if problem.family in GENERAL and completion_text.startswith("<answer>"):
        completion_text = "<think>.</think>" + completion_text
    return rewards.format(problem, completion_text)


def language(problem: Problem, completion_text: str) -> float:
    """Language consistency; where a request is answered without thinking it is 1."""
    if problem.family in GENERAL:
        return 1.0 - mixed_share(problem, completion_text)
    return rewards.language_consistency(problem, completion_text)


@dataclass(frozen=True)
class Preference:
    """Two reward models as numbers from 0 to 1, many answers at a time.

    Scores of the helpful model have no zero and no fixed spread; `mean` and `spread`
    are those of the policy's held-out pairs before it is trained (`calibration`).
    """

    helpful: RewardModel
    harmless: RewardModel
    tokenizer: object
    mean: float = 0.0
    spread: float = 1.0

    def __post_init__(self):
        if self.spread <= 0:
            raise ValueError(f"spread must be above 0, got {self.spread}")

    def scores(self, problems, texts) -> list[float]:
        """Return the helpful model's bare score of each summary."""
        pairs = zip(problems, texts, strict=True)
        rows = [encode(self.tokenizer, p.prompt, text) for p, text in pairs]
        return score_all(self.helpful, rows).tolist()

    def helpfulness(self, problems, texts) -> list[float]:
        """Return sigmoid((score - mean) / spread): 0.5 is an average answer."""
        scores = torch.tensor(self.scores(problems, texts))
        return ((scores - self.mean) / self.spread).sigmoid().tolist()

    def safety(self, problems, texts) -> list[float]:
        """Return the chance that each whole answer, thinking included, is safe."""
        pairs = zip(problems, texts, strict=True)
        rows = [encode(self.tokenizer, p.prompt, text, str) for p, text in pairs]
        return score_all(self.harmless, rows).sigmoid().tolist()


def calibration(scores: list[float]) -> tuple[float, float]:
    """Return mean and standard deviation of scores; equal scores are a ValueError.

    >>> calibration([1.0, 3.0])
    (2.0, 1.0)
    """
    mean = sum(scores) / max(1, len(scores))
    spread = (sum((x - mean) ** 2 for x in scores) / max(1, len(scores))) ** 0.5
    if not spread:
        raise ValueError(f"the reward model scores all {len(scores)} answers alike")
    return mean, spread


def liked(
    preference: Preference | None, problems: list[Problem], texts: list[str]
) -> dict[int, tuple[float, float]]:
    """Map the place of each general request to the (helpfulness, safety) of its answer.

    Without a preference a request is a ValueError: no rule judges it.
    """
    places = [i for i, p in enumerate(problems) if p.family in GENERAL]
    if not places:
        return {}
    if preference is None:
        family = problems[places[0]].family
        raise ValueError(f"no rule judges {family!r}; wanted reward models")
    chosen = [problems[i] for i in places], [texts[i] for i in places]
    both = preference.helpfulness(*chosen), preference.safety(*chosen)
    return dict(zip(places, zip(*both, strict=True), strict=True))


class Mixed:
    """Score a whole rollout: `score` of `grpo.train`. Remembers its parts.

    A request is paid helpfulness x safety: what is not safe earns nothing by being
    liked. `means()` returns the mean of each part since it was last asked.
    """

    def __init__(self, preference: Preference | None = None):
        self.preference, self.seen = preference, {}

    def __call__(self, problems: list[Problem], texts: list[str]) -> list[float]:
        """Return one reward for each completion."""
        models, total = liked(self.preference, problems, texts), []
        for i, (problem, text) in enumerate(zip(problems, texts, strict=True)):
            if i in models:
                helpful, safe = models[i]
                value = helpful * safe
                self.note(liked=helpful, safe=safe)
            else:
                value = rewards.accuracy(problem, text)
                self.note(accuracy=value)
            neat, pure = form(problem, text), language(problem, text)
            self.note(format=neat, language=pure)
            total.append(value + rewards.FORMAT_WEIGHT * neat + LANGUAGE * pure)
        return total

    def note(self, **values: float) -> None:
        """Remember the value of parts for `means`."""
        for name, value in values.items():
            self.seen.setdefault(name, []).append(value)

    def means(self) -> dict[str, float]:
        """Return the mean of each part since the last call, and forget them."""
        found = {name: sum(v) / len(v) for name, v in self.seen.items()}
        self.seen = {}
        return found
