"""Measure one seed of R1 thinking longer, and thinking where nobody needs to.

    python -m results.longer 0      runs/seed-0/r1 -> results/data/longer-0.json

Voting: K answers to each test problem of the reasoning families, easy and hard; the
most frequent one of k = 1, 4, 16 counts, by value or canonical expression. The vote of
k < K is the mean over K / k disjoint groups. Overthinking: easy questions answered
after `<think>`, which forces a thought, and after `<answer>`, which forbids one. About
six minutes on one core; a killed unit begins anew.
"""

import time
from dataclasses import asdict
from pathlib import Path
from statistics import fmean

import torch

from r1lib import evaluate
from r1lib.evaluate import Answers
from r1lib.problem import LEVELS, Problem
from r1lib.progress import bar
from r1lib.recipe import checkpoints, stages
from r1lib.sampling import Sampling, completions
from r1lib.world import scorecard, skills
from results import one_unit

K, VOTERS = 16, (1, 4, 16)
PROBLEMS, LONGEST, DRAW = 96, 192, 1  # of a family, tokens, seed of the questions
EASY = ("facts", "chat", "identity", "arithmetic")  # what is asked twice
QUESTIONS, SAMPLES = 48, 8
WAYS = {"thinking": "<think>", "plain": "<answer>"}  # how a completion begins


def votes(answers: Answers, k: int) -> list[float]:
    """Of each problem, how often the vote of k answers is right, over all groups."""
    most = answers.right.shape[1]
    if most % k:
        raise ValueError(f"wanted k that divides {most} answers, got {k}")
    per_group = [
        skills.majority_right(part(answers, start, start + k))
        for start in range(0, most, k)
    ]
    return [fmean(row) for row in zip(*per_group, strict=True)]


def part(answers: Answers, start: int, end: int) -> Answers:
    """Take some of the answers to each problem."""
    texts = [row[start:end] for row in answers.texts]
    cut = (answers.right[:, start:end], answers.lengths[:, start:end])
    return Answers(answers.problems, texts, *cut)


def voted(answers: Answers) -> dict:
    """Mean and interval of every vote, what each costs, and what it adds to one."""
    tokens, row = answers.lengths.mean().item(), {}
    one = votes(answers, 1)
    for k in VOTERS:
        values = votes(answers, k)
        row[f"majority@{k}"] = {
            "mean": fmean(values),
            "interval": evaluate.interval(values),
            "tokens": k * tokens,
            "gain": evaluate.paired(one, values),
        }
    any_right = answers.right.amax(1).tolist()
    kind = {"mean": fmean(any_right), "interval": evaluate.interval(any_right)}
    return {**row, f"pass@{K}": kind, "problems": len(answers.problems)}


def begun(model, tokenizer, asked: list[Problem], k: int, longest: int, prefix: str):
    """Sample k completions of each question, all begun by a prefix: texts, lengths."""
    rows = completions(
        model,
        tokenizer,
        [problem.prompt for problem in asked],
        k,
        Sampling(longest, at_once=len(asked), opening=prefix),
        generator=torch.Generator(model.embed.weight.device).manual_seed(0),
    )
    lengths = [c.tokens for row in rows for c in row]
    return [[c.text for c in row] for row in rows], lengths


def asked_twice(model, tokenizer, asked: list[Problem], k: int, longest: int) -> dict:
    """Answer the same questions with thinking and without: right, tokens, gain."""
    answers, values = {}, {}
    for way, prefix in WAYS.items():
        rows, lengths = begun(model, tokenizer, asked, k, longest, prefix)
        values[way] = [
            fmean(float(p.check(text)) for text in texts)
            for p, texts in zip(asked, rows, strict=True)
        ]
        answers[way] = {
            "right": fmean(values[way]),
            "interval": evaluate.interval(values[way]),
            "tokens": fmean(lengths),
        }
    gain = evaluate.paired(values["plain"], values["thinking"])
    return {**answers, "gain of thinking": gain, "problems": len(asked)}


def parts(model, tokenizer, problems: int, k: int, questions: int, longest: int):
    """Yield (metrics, what, name, found): first the votes, then the easy questions."""
    step = 0
    for level in LEVELS:
        asked = scorecard.questions(
            problems, level, families=scorecard.REASONING, seed=DRAW
        )
        for family, mine in asked.items():
            answers = evaluate.answer(model, tokenizer, mine, k, max_new_tokens=longest)
            step += 1
            yield {"step": step}, "voting", f"{family}, {level}", voted(answers)
    asked = scorecard.questions(questions, "easy", families=EASY, seed=DRAW)
    for family, mine in asked.items():
        answers = asked_twice(model, tokenizer, mine, SAMPLES, longest)
        step += 1
        yield {"step": step}, "overthinking", family, answers


def unit(folder: Path, seed: int) -> dict:
    """Measure the R1 of one run."""
    began, result = time.perf_counter(), {"voting": {}, "overthinking": {}}
    checkpoints.agree(folder, asdict(stages.settings("tiny", seed)))
    model, tokenizer = checkpoints.load(folder, "r1")
    total = len(LEVELS) * len(scorecard.REASONING) + len(EASY)
    loop = parts(model, tokenizer, PROBLEMS, K, QUESTIONS, LONGEST)
    for _, what, name, row in bar(loop, total, f"longer {seed}"):
        result[what][name] = row
    settings = {"K": K, "problems": PROBLEMS, "longest": LONGEST}
    settings |= {"questions": QUESTIONS, "samples": SAMPLES}
    minutes = (time.perf_counter() - began) / 60
    weights = checkpoints.record(folder, "r1")["sha256"]
    return {"P14": result, "weights": weights, "settings": settings, "minutes": minutes}


def main() -> None:
    """Run one unit and write its file."""
    one_unit.measure(__doc__, unit, "longer")


if __name__ == "__main__":
    main()
