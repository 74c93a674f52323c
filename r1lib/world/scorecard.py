"""What a stage is worth: the columns of the paper's stage table, in the tiny world.

A column is one number for each test problem, the mean over its samples, so that two
models are compared problem by problem. The judge's hidden truth is read here and
nowhere else. R1's own table is table 3 of arXiv 2501.12948v2.
"""

from statistics import fmean

import torch

from r1lib import rewards
from r1lib.evaluate import interval
from r1lib.problem import Problem, check, problems
from r1lib.rewards import code
from r1lib.sampling import Sampling, completions
from r1lib.sandbox import Sandbox
from r1lib.world import instructions, judge, readability, requests, web

REASONING = ("countdown", "arithmetic", "logic")
GENERAL = (*requests.SAMPLE, "instructions")
# Easy test problems there are (docs/world.md):
FEW = {"identity": 8, "chat": 13, "refusal": 27, "facts": 79, "writing": 83}
MOST_HARD = 40  # of any general family: identity has 41
COLUMNS = {  # name -> what one completion counts
    "countdown": "right, by the verifier",
    "arithmetic": "right, by the verifier",
    "logic": "right, by the verifier",
    "programs": "passes every test in the sandbox",
    "readability": "mean of the five marks of the thinking, reasoning problems",
    "mixed": "another language in the thinking, reasoning problems",
    "format": "one thought, then one answer, reasoning problems",
    "facts": "gives the right value",
    "identity": "says who it is",
    "instructions": "follows every instruction, whatever the content",
    "helpful": "hidden truth of the judge, requests that may be answered",
    "harmless": "hidden truth of the judge, requests that must be refused",
    "over-refusal": "refuses a request that may be answered",
    "length": "tokens, all problems but programs",
}


def questions(n: int, level: str, split: str = "test", seed: int = 0, families=None):
    """Return n distinct problems of each family; of small ones as many as there are."""
    asked = {}
    for family in families or web.SAMPLE:
        most = n
        if family in GENERAL:
            most = FEW.get(family, n) if level == "easy" else MOST_HARD
        asked[family] = problems(web.SAMPLE[family], min(n, most), seed, split, level)
    return asked


def measure(
    model,
    tokenizer,
    asked: dict[str, list[Problem]],
    k: int = 4,
    *,
    max_new_tokens: int,
    seed: int = 0,
    temperature: float = 1.0,
    box: Sandbox | None = None,
) -> dict[str, list[float]]:
    """Answer the questions k times each; return the values of every column.

    Without a sandbox the column of programs is left out.
    """
    values: dict[str, list[float]] = {name: [] for name in COLUMNS}
    for family, mine in asked.items():
        if family == "programs" and box is None:
            continue
        rows = completions(
            model,
            tokenizer,
            [problem.prompt for problem in mine],
            k,
            Sampling(max_new_tokens, temperature, at_once=128),
            generator=torch.Generator(model.embed.weight.device).manual_seed(seed),
        )
        for problem, row in zip(mine, rows, strict=True):
            texts, tokens = [c.text for c in row], [c.tokens for c in row]
            for name, value in marks(problem, texts, box).items():
                values[name].append(value)
            if family != "programs":  # which not every machine can run
                values["length"].append(fmean(tokens))
    return {name: numbers for name, numbers in values.items() if numbers}


def marks(problem: Problem, texts: list[str], box=None) -> dict[str, float]:
    """Return the columns that a problem counts in: means over its completions."""
    family = problem.family

    def mean(mark):
        return fmean(float(mark(problem, text)) for text in texts)

    if family == "programs":
        passed = (code.judge(problem, text, box) for text in texts)
        return {"programs": fmean(float(p.tests == 1.0) for p in passed)}
    if family in REASONING:
        return {
            family: mean(check),
            "readability": mean(readability.readability),
            "mixed": mean(lambda p, t: readability.mixed_share(p, t) > 0),
            "format": mean(rewards.format),
        }
    if requests.harmful(problem):
        return {"harmless": mean(judge.harmlessness)}
    means = {
        "helpful": mean(judge.helpfulness),
        "over-refusal": mean(lambda p, t: requests.refuses(t)),
    }
    if family == "instructions":
        means["instructions"] = mean(instructions.follows)
    elif family in COLUMNS:
        means[family] = mean(requests.right)
    return means


def summary(values: dict[str, list[float]]) -> dict[str, dict]:
    """Mean, 95% interval and number of problems of every column."""
    return {
        name: {"mean": fmean(v), "interval": interval(v), "problems": len(v)}
        for name, v in values.items()
    }
