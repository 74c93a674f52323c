"""Measure one unit of P17, (model, seed): right answers among 256, for pass@k.

    python -m results.coverage base 0        the base as it answers by itself
    python -m results.coverage forced 0      the base that may not stop before a yes
    python -m results.coverage guess 0       the base that answers without a thought
    python -m results.coverage zero 0        zero, dev1, dev2, r1: the stages of a run

Does RL add, or does it select (Yue et al., arXiv 2504.13837)? A model that only selects
is ahead for small k, and the base catches up for large k. Games, levels and problems
are the same for all models; each problem has 256 samples at temperature 1. `guess` is
the control: what 256 tries bring without any thinking. A file has the number of right
samples of every problem, so `crossing` can pair two models by problem. Stages are read
from runs/seed-N. A unit takes many minutes, on one core, and writes
results/data/coverage-MODEL-SEED.json; a killed one begins anew.
"""

import time
from pathlib import Path
from statistics import fmean

from r1lib import evaluate
from r1lib.problem import LEVELS, problems
from r1lib.progress import bar
from r1lib.recipe import checkpoints
from r1lib.recipe.pipeline import FAMILIES
from r1lib.tokenizer.chat import OPEN, OPEN_ANSWER
from r1lib.world import skills
from results import one_unit

MODELS = ("base", "forced", "guess", "zero", "dev1", "dev2", "r1")
PROBLEMS, SAMPLES, AT_ONCE = 64, 256, 64
DRAW = 17  # of the problems: no other measurement has these
LONGEST = 240  # tokens of a completion, for all models alike
KS = tuple(2**i for i in range(9))  # 1, 2, 4, ... 256


def stage_of(model: str) -> str:
    """The stage of a run whose weights a model has.

    >>> stage_of("forced"), stage_of("r1")
    ('base', 'r1')
    """
    return "base" if model in ("base", "forced", "guess") else model


def options(model: str, tokenizer) -> dict:
    """How a model is made to answer."""
    if model == "forced":
        return {"prefix": OPEN, "steer": skills.never_give_up(tokenizer)}
    return {"prefix": OPEN_ANSWER} if model == "guess" else {}


def counts(model, tokenizer, asked, seed: int, **how) -> tuple[list[int], float]:
    """Right samples of each problem, and the mean length in tokens."""
    right, lengths = [], []
    for i in bar(range(0, len(asked), 8), len(asked) // 8, asked[0].family):
        found = evaluate.answer(
            model,
            tokenizer,
            asked[i : i + 8],
            SAMPLES,
            max_new_tokens=LONGEST,
            seed=seed + i,
            batch=2 * SAMPLES,
            **how,
        )
        right += found.right.sum(1).int().tolist()
        lengths.append(found.lengths.mean().item())
    return right, fmean(lengths)


def curve(right: list[int], n: int = SAMPLES) -> dict[str, list]:
    """pass@k for each k of `KS` up to n, with its interval over problems.

    >>> found = curve([0, 4], n=4)
    >>> found["k"], found["mean"]
    ([1, 2, 4], [0.5, 0.5, 0.5])
    """
    ks = [k for k in KS if k <= n]
    rows = [[evaluate.pass_at_k(n, c, k) for c in right] for k in ks]
    return {
        "k": ks,
        "mean": [fmean(row) for row in rows],
        "interval": [evaluate.interval(row) for row in rows],
    }


def crossing(base: list[list[int]], other: list[list[int]], n=SAMPLES) -> list[dict]:
    """By how much `other` is ahead in pass@k, for each k: pairs of problems and seeds.

    Both are counts of right samples, a list for each seed (`evaluate.paired_seeds`).

    >>> rows = crossing([[4, 0]] * 3, [[4, 4]] * 3, n=4)
    >>> [(row["k"], row["difference"]) for row in rows]
    [(1, 0.5), (2, 0.5), (4, 0.5)]
    """
    found = []
    for k in (k for k in KS if k <= n):
        before, after = (
            [[evaluate.pass_at_k(n, c, k) for c in row] for row in runs]
            for runs in (base, other)
        )
        found.append({"k": k, **evaluate.paired_seeds(before, after)})
    return found


def unit(name: str, seed: int, folder: Path) -> dict:
    """Sample every game at every level."""
    began = time.perf_counter()
    model, tokenizer = checkpoints.load(folder, stage_of(name))
    how, out = options(name, tokenizer), {}
    for family, draw in FAMILIES.items():
        for level in LEVELS:
            asked = problems(draw, PROBLEMS, DRAW, "test", level)
            right, length = counts(model, tokenizer, asked, DRAW + seed, **how)
            out[f"{family} {level}"] = {
                "right": right,
                "length": length,
                **curve(right),
            }
    return {
        "P17": out,
        "samples": SAMPLES,
        "weights": checkpoints.record(folder, stage_of(name))["sha256"],
        "minutes": (time.perf_counter() - began) / 60,
    }


def main() -> None:
    """Run one unit and write its file."""
    asked = one_unit.arguments(one_unit.parser(__doc__, threads=1, model=MODELS))
    found = unit(asked.model, asked.seed, Path("runs") / f"seed-{asked.seed}")
    command = f"results.coverage {asked.model} {asked.seed}"
    path = asked.out / f"coverage-{asked.model}-{asked.seed}.json"
    one_unit.write(path, found, command, seed=asked.seed)


if __name__ == "__main__":
    main()
