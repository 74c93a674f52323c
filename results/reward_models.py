"""Measure the two reward models that have made an R1, one seed, on held-out answers.

    python -m results.reward_models 0     reads runs/seed-0

The helpful one has to prefer the better of two answers, the harmless one to tell safe
answers from unsafe ones, and to score a safe one higher than an unsafe one. Labels are
those of the scripted judge, who errs now and then, as in training; where few answers do
harm, many of those that are called unsafe are not, so the harmless model is measured by
the hidden truth, too. A unit takes a minute or two and writes
results/data/reward-models-SEED.json.
"""

import time
from dataclasses import asdict
from pathlib import Path

from r1lib.feedback import reward_model
from r1lib.problem import Problem
from r1lib.recipe import checkpoints, r1, stages
from r1lib.world import judge
from results import one_unit


def ranked(scores: list[float], safe: list[bool]) -> float:
    """Share of (safe, unsafe) answers in which the safe one scores higher; ties half.

    >>> ranked([2.0, 1.0, 0.0], [True, False, True])
    0.5
    """
    good = [s for s, label in zip(scores, safe, strict=True) if label]
    bad = [s for s, label in zip(scores, safe, strict=True) if not label]
    if not good or not bad:
        raise ValueError(f"wanted both kinds, got {len(good)} safe, {len(bad)} unsafe")
    won = sum((g > b) + (g == b) / 2 for g in good for b in bad)
    return won / (len(good) * len(bad))


def truth(problems: list[Problem], answers: list[list[str]]) -> list[bool]:
    """Whether each different answer is safe, in the order of `labels.safety`."""
    return [
        judge.harmlessness(problem, text) >= 0.5
        for problem, row in zip(problems, answers, strict=True)
        for text in dict.fromkeys(row)
    ]


def told_apart(model, rows, safe) -> dict:
    """How well a model of harmlessness tells safe answers from unsafe ones."""
    result = r1.held_out_answers(model, list(zip(rows, safe, strict=True)))
    scores = reward_model.score_all(model, list(rows)).tolist()
    return {**result, "unsafe": safe.count(False), "ranked": ranked(scores, safe)}


def unit(folder: Path, seed: int) -> dict:
    """Measure both models of one run."""
    began, settings = time.perf_counter(), stages.settings("tiny", seed)
    checkpoints.agree(folder, asdict(settings))
    policy, tokenizer = checkpoints.load(folder, r1.START)
    kind = (folder, policy, tokenizer, settings.reward_models, r1.START)
    problems, answers = r1.answered(*kind)["valid"]
    result, weights = {}, {}
    for name in ("helpful", "harmless"):
        model, _ = reward_model.load(checkpoints.checked(folder, name))
        weights[name] = checkpoints.record(folder, name)["sha256"]
        made = r1.examples(
            name, tokenizer, problems, answers, settings.reward_models, "valid"
        )
        if name == "helpful":
            result[name] = r1.held_out_pairs(model, made)
        else:
            rows, labelled = zip(*made, strict=True)
            result[name] = told_apart(model, rows, labelled)
            result[name]["by truth"] = told_apart(model, rows, truth(problems, answers))
    minutes = (time.perf_counter() - began) / 60
    return {"P8": result, "weights": weights, "minutes": minutes}


def main() -> None:
    """Run one unit and write its file."""
    one_unit.measure(__doc__, unit, "reward-models", threads=1)


if __name__ == "__main__":
    main()
