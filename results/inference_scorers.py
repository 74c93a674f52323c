"""What `results.inference` asks, records and trains: problems, samples, two scorers.

Both scorers start from the weights of the policy that they judge and learn from its own
answers to training problems: the outcome model whether an answer is right, the process
model how often rollouts from a step come out right.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean

from r1lib.feedback import preferences, reward_model
from r1lib.feedback.reward_model import RewardConfig, RewardModel
from r1lib.problem import Problem, problems
from r1lib.search import process
from r1lib.search.models import Ask, outcome_score, remembered, verified
from r1lib.search.paths import Continuation
from r1lib.training import optim
from r1lib.world import arithmetic, countdown

DRAW = 7  # seed of all problems


@dataclass(frozen=True)
class Plan:
    """How much is asked, drawn and trained."""

    easy: int = 24  # test problems: easy countdown
    hard: int = 16  # hard countdown
    sums: int = 24  # hard arithmetic
    facts: int = 32
    samples: int = 32  # recorded, of each problem
    starts: int = 4  # places in the recording from which votes are counted
    longest: int = 192  # tokens of one completion
    budgets: tuple = (128, 256, 512, 1024, 2048)
    lessons: int = 64  # training problems of the scorers
    answers: int = 8  # of each, for the outcome model
    walked: int = 2  # of these, for the process model
    rollouts: int = 4  # from each step
    reward: RewardConfig = RewardConfig(epochs=4)  # of 2 and 4, on valid problems


def asked(plan: Plan, split: str, seed: int = DRAW, n: int | None = None):
    """Return distinct problems of the three kinds; n of all, in the same shares."""
    whole = plan.easy + plan.hard + plan.sums
    found = []
    for sample, level, count in (
        (countdown.sample, "easy", plan.easy),
        (countdown.sample, "hard", plan.hard),
        (arithmetic.sample, "hard", plan.sums),
    ):
        some = count if n is None else max(1, n * count // whole)
        found += problems(sample, some, seed, split, level)
    return found


@dataclass
class Setting:
    """A model that is measured: its policy, how its answers begin, what judges them."""

    plan: Plan
    ask: Ask
    begin: str
    seed: int
    outcome: RewardModel | None = None
    process: RewardModel | None = None

    @cached_property
    def scores(self) -> dict[str, Callable]:
        """The scorers by name; each remembers what it has said of a text."""
        tokenizer = self.ask.tokenizer
        return {
            "outcome": remembered(outcome_score(self.outcome, tokenizer)),
            "process": remembered(process.process_score(self.process, tokenizer)),
            "verifier": verified,
        }


def record(ask: Ask, asked: list[Problem], n: int, begin: str) -> dict:
    """Sample n completions of each problem, as {prompt: completions with `begin`}."""
    found = {problem.prompt: [] for problem in asked}
    for start in range(0, n, 8):  # 8 of each at a time, to bound the batch
        prefixes = [(problem.prompt, begin) for problem in asked]
        rows = ask(prefixes, min(8, n - start))
        for (prompt, _), row in zip(prefixes, rows, strict=True):
            found[prompt] += [m._replace(text=begin + m.text) for m in row]
    return found


def ended(row: list[Continuation]) -> list[str]:
    """The texts that were not cut off."""
    return [more.text for more in row if more.finish == "stop" and more.text.strip()]


def train(setting: Setting) -> dict:
    """Train both scorers from the policy on training problems; return what it took."""
    plan, ask = setting.plan, setting.ask
    lessons = asked(plan, "train", setting.seed, plan.lessons)
    rows = record(ask, lessons, plan.answers, setting.begin)
    texts = [(p, text) for p in lessons for text in ended(rows[p.prompt])]
    walked = [(p, t) for p in lessons for t in ended(rows[p.prompt])[: plan.walked]]
    labels, tokens = process.label(walked, ask, plan.rollouts, plan.longest)
    outcome = [
        (preferences.encode(ask.tokenizer, p.prompt, t, str), float(p.check(t)))
        for p, t in texts
    ]
    steps = process.examples(ask.tokenizer, labels)
    setting.outcome = learn(setting, outcome)
    setting.process = learn(setting, steps)
    written = sum(more.tokens for row in rows.values() for more in row)
    return {
        "problems": len(lessons),
        "answers": len(outcome),
        "steps": len(steps),
        "tokens for answers": written,
        "tokens for rollouts": tokens,
        "right answers": fmean(right for _, right in outcome),
        "mean label": fmean(step.share for step in labels),
    }


def learn(setting: Setting, examples: list) -> RewardModel:
    """Train one scorer, from the weights of the policy."""
    model, config = RewardModel.of(setting.ask.model), setting.plan.reward
    config = replace(config, seed=setting.seed)
    optimizers = optim.adamw(model, config.lr)
    for _ in reward_model.train(
        model, examples, config, optimizers, loss=process.step_loss
    ):
        pass
    return model


def separates(values: list[float], right: list[bool]) -> float | None:
    """How often a right answer scores above a wrong one; half for equal scores."""
    good = [v for v, r in zip(values, right, strict=True) if r]
    bad = [v for v, r in zip(values, right, strict=True) if not r]
    pairs = [(g > b) + (g == b) / 2 for g in good for b in bad]
    return fmean(pairs) if pairs else None
