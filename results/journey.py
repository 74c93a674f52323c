"""Measure one unit of P15, (arm, seed): mistakes in the training data, or none.

    python -m results.journey journey 0     mistakes, noticed and corrected, then right
    python -m results.journey shortcut 0    the same problems, the right lines only

Both arms fine-tune the base of runs/seed-SEED on the same PROBLEMS of each game, in the
readable form of the cold start, for the same number of steps with the same number of
learned tokens in each. A journey is longer, so the shortcuts are repeated more often:
that is the price of equal tokens. Then both answer test problems that no training sees.
Journey learning: O1 Replication Journey (arXiv 2410.18982). A unit takes some five
minutes on one core and writes results/data/journey-ARM-SEED.json; a killed one begins
anew.
"""

import itertools
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from r1lib import evaluate
from r1lib.problem import LEVELS, Problem, problems
from r1lib.progress import bar
from r1lib.recipe import checkpoints, pipeline
from r1lib.training import limits, optim, sft
from r1lib.world import corpus, countdown, skills
from r1lib.world.rewrite import notices, readable
from results import one_unit

ARMS = ("journey", "shortcut")


@dataclass(frozen=True)
class Plan:
    """One unit: what is learned, for how long, and how it is measured."""

    problems: int = 750  # of each game
    most_misses: int = 4  # in a journey through countdown; at least one
    steps: int = 60
    tokens: int = 3000  # learned in each step, at least: the last example is whole
    muon_lr: float = 0.01  # as in pre-training: AdamW at 1e-3 learns too little
    adamw_lr: float = 3e-3
    tests: int = 256  # test problems of each game and level
    samples: int = 4
    max_new_tokens: int = 200

    def __post_init__(self):
        limits.whole(self, "problems", "most_misses", "steps", "tokens")
        limits.whole(self, "tests", "samples", "max_new_tokens")
        limits.positive(self, "muon_lr", "adamw_lr")


def journey(rng: random.Random, problem: Problem, most_misses: int) -> list[str]:
    """Write lines that go wrong, notice it, and end right; in Zero's own form."""
    if problem.family == "arithmetic":
        while True:
            text, value = corpus.tape(rng, *problem.data, slip=0.3)
            if value != int(problem.answer):
                break
        right, wanted = corpus.tape(rng, *problem.data, slip=0.0)
        away = abs(wanted - value)
        return [text, f"{right}~{value}={away} no", f"{right}~{wanted}=0 yes"]
    target, wrong = problem.data[1], {}
    misses = rng.randint(1, most_misses)
    while len(wrong) < misses:
        order, operations = corpus.choose_attempt(rng, problem, 0.0)
        results = countdown.run_tape(order, operations)
        if results[-1] != target:
            wrong[countdown.write_tape(order, operations, results)] = results[-1]
    order, operations = corpus.choose_attempt(rng, problem, 1.0)
    hit = countdown.write_tape(order, operations, countdown.run_tape(order, operations))
    lines = [f"{tape}~{target}={abs(v - target)} no" for tape, v in wrong.items()]
    return [*lines, f"{hit}~{target}=0 yes"]


def shortcut(problem: Problem, lines: list[str]) -> list[str]:
    """Leave only what is right of a journey: the hit, or the sum and its check."""
    if problem.family == "arithmetic":
        return [lines[-1].partition("~")[0], lines[-1]]
    return lines[-1:]


def pairs(arm: str, seed: int, plan: Plan) -> list[tuple[str, str]]:
    """Return (prompt, completion) texts: the same problems in the same order."""
    if arm not in ARMS:
        raise ValueError(f"arm must be one of {ARMS}, got {arm!r}")
    rng, out = random.Random(f"journey-{seed}"), []
    for sample in pipeline.FAMILIES.values():
        for problem in problems(sample, plan.problems, seed, "train"):
            lines = journey(rng, problem, plan.most_misses)
            lines = shortcut(problem, lines) if arm == "shortcut" else lines
            text = "\n".join(lines)
            text = f"<think>{text}\n</think><answer>{problem.answer}</answer>"
            rewritten = readable(problem, text)
            if rewritten is None:
                raise AssertionError(f"no readable trace for {problem.prompt}: {text}")
            out.append((problem.prompt, rewritten))
    return out


def train(model, examples: list, plan: Plan, seed: int):
    """Take plan.steps steps of at least plan.tokens learned tokens; yields metrics."""
    optimizers = optim.base_optimizers(model, plan.muon_lr, plan.adamw_lr)
    model.train()
    epochs = itertools.count()
    stream = itertools.chain.from_iterable(shuffled(examples, seed, e) for e in epochs)
    for step in range(plan.steps):
        batch, tokens = [], 0
        while tokens < plan.tokens:
            batch.append(next(stream))
            tokens += sum(batch[-1].mask)
        optim.set_lr(optimizers, optim.warmup_cosine(step, plan.steps))
        metrics = sft.update(model, optimizers, batch, 12_000)
        yield {"step": step + 1, "examples": len(batch), **metrics}


def shuffled(examples: list, seed: int, epoch: int) -> list:
    """Return all examples in an order that (seed, epoch) decides."""
    order = list(examples)
    random.Random(f"{seed}-{epoch}").shuffle(order)
    return order


def exam(n: int, level: str) -> list[Problem]:
    """Return n test problems of each game, the same for every seed."""
    return [
        problem
        for sample in pipeline.FAMILIES.values()
        for problem in problems(sample, n, 0, "test", level)
    ]


def measure(model, tokenizer, plan: Plan, seed: int) -> dict:
    """Answer test problems of both levels: skills.summary of each."""
    result = {}
    for level in LEVELS:
        asked = exam(plan.tests, level)
        answers = evaluate.answer(
            model,
            tokenizer,
            asked,
            plan.samples,
            max_new_tokens=plan.max_new_tokens,
            seed=seed,
        )
        result[level] = skills.summary(answers)
        texts = [text for row in answers.texts for text in row]
        result[level]["notices"] = sum(map(notices, texts)) / len(texts)
        result[level]["transcripts"] = [
            {"prompt": asked[i].prompt, "text": answers.texts[i][0]}
            for i in (0, 1, plan.tests, plan.tests + 1)
        ]
    return result


def unit(arm: str, seed: int, run: Path, plan: Plan) -> dict:
    """Fine-tune the base of a run on one arm and measure it."""
    began = time.perf_counter()
    model, tokenizer = checkpoints.load(run, "base")
    examples = sft.encode(tokenizer, pairs(arm, seed, plan))
    steps = bar(train(model, examples, plan, seed), plan.steps, arm, ("loss",))
    history = list(steps)
    seen = sum(m["examples"] for m in history)
    result = {
        "arm": arm,
        "examples": len(examples),
        "tokens": sum(m["tokens"] for m in history),
        "tokens of an example": sum(sum(e.mask) for e in examples) / len(examples),
        "epochs": seen / len(examples),
        **measure(model, tokenizer, plan, seed),
    }
    return {
        "P15": result,
        "weights": checkpoints.record(run, "base")["sha256"],
        "history": history,
        "settings": asdict(plan),
        "minutes": (time.perf_counter() - began) / 60,
    }


def main() -> None:
    """Run one unit and write its file."""
    asked = one_unit.arguments(one_unit.parser(__doc__, arm=ARMS))
    result = unit(asked.arm, asked.seed, Path("runs") / f"seed-{asked.seed}", Plan())
    path = asked.out / f"journey-{asked.arm}-{asked.seed}.json"
    command = f"results.journey {asked.arm} {asked.seed}"
    one_unit.write(path, result, command, seed=asked.seed)


if __name__ == "__main__":
    main()
