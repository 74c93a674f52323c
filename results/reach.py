"""What the stages write on hard countdown, which the cold start loses (P6), one seed.

    python -m results.reach 0       reads runs/seed-0

Hard countdown has four numbers where the easy one has three. Of each attempt in the
thinking of a model: are all given numbers used, each once, or only some of them? And
are its sums right? Test problems of the stage table (DRAW). A unit takes some minutes
and writes results/data/reach-SEED.json.
"""

import re
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from statistics import fmean

from tqdm import tqdm

from r1lib import evaluate
from r1lib.problem import LEVELS, Problem, problems
from r1lib.recipe import checkpoints, stages
from r1lib.tokenizer.chat import thinking
from r1lib.world import countdown
from results import one_unit
from results.stages import DRAW, LONGEST, MODELS

PROBLEMS, SAMPLES = 128, 4
STEP = re.compile(r"(\d*)([-+*/])(\d+)=(\d+)")


def attempts(problem: Problem, text: str) -> list[dict]:
    """Read the attempts in a completion: numbers used, and whether its sums are right.

    "whole" uses just the given numbers, "fewer" a part of them, each once, and "other"
    is the rest: a number that was not given, or one used twice.
    """
    rows = []
    for line in thinking(text).split("\n"):
        tape, compared, _ = line.partition("~")
        steps = STEP.findall(tape)
        if not compared or not steps:
            continue
        first = [steps[0][0]] if steps[0][0] else []
        used = Counter(map(int, first + [step[2] for step in steps]))
        given = Counter(problem.data[0])
        kind = "whole" if used == given else "fewer" if used < given else "other"
        rows.append({"kind": kind, "sums": right(steps), "tape": tape})
    return rows


def right(steps: list[tuple[str, str, str, str]]) -> bool:
    """Whether each step of a tape has the result that it says."""
    value = int(steps[0][0] or -1)
    for _, sign, number, said in steps:
        value = countdown.apply(value, sign, int(number))
        if value is None or value != int(said):
            return False
    return True


def measure(model, tokenizer, level: str) -> dict:
    """Sample countdown problems of a level, and describe the attempts."""
    asked = problems(countdown.sample, PROBLEMS, DRAW, "test", level)
    answers = evaluate.answer(
        model, tokenizer, asked, SAMPLES, max_new_tokens=LONGEST, seed=DRAW
    )
    rows = [
        attempts(problem, text)
        for problem, texts in zip(asked, answers.texts, strict=True)
        for text in texts
    ]
    every = [one for row in rows for one in row]
    whole = [one for one in every if one["kind"] == "whole"]
    out = {"right": answers.right.mean().item(), "attempts": len(every) / len(rows)}
    for name in ("whole", "fewer", "other"):
        out[name] = fmean(one["kind"] == name for one in every) if every else None
    out["sums of whole ones right"] = fmean(o["sums"] for o in whole) if whole else None
    out["answers with a whole one"] = fmean(
        any(one["kind"] == "whole" for one in row) for row in rows
    )
    return out


def unit(folder: Path, seed: int) -> dict:
    """Measure the models of one run, easy and hard."""
    began, result = time.perf_counter(), {}
    checkpoints.agree(folder, asdict(stages.settings("tiny", seed)))
    for stage in tqdm(MODELS, f"reach {seed}"):
        model, tokenizer = checkpoints.load(folder, stage)
        result[stage] = {level: measure(model, tokenizer, level) for level in LEVELS}
    weights = {stage: checkpoints.record(folder, stage)["sha256"] for stage in MODELS}
    minutes = (time.perf_counter() - began) / 60
    return {"P6": result, "weights": weights, "minutes": minutes}


def main() -> None:
    """Run one unit and write its file."""
    one_unit.measure(__doc__, unit, "reach", threads=1)


if __name__ == "__main__":
    main()
