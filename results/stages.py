"""Measure P6, one seed: the scorecard of every model that `r1.py train` leaves behind.

    python -m results.stages 0            reads runs/seed-0, writes its stages-0.json
    python -m results.stages --table      the table of all seeds: docs/stage_table.md
    python -m results.stages --table --check

Easy and hard test problems of every family, the same for all stages and seeds, so that
two stages are compared problem by problem (`scorecard.paired`). They are drawn anew
(DRAW): those that `r1.py train` prints were looked at while the last stage was tuned. A
model takes about a minute and a half on one core; a killed unit begins anew. Where the
sandbox cannot run, the column of programs is left out.
"""

import sys
import time
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

from r1lib import sandbox
from r1lib.problem import LEVELS
from r1lib.progress import bar
from r1lib.recipe import checkpoints, stages
from r1lib.recipe.stages import TO_R1
from r1lib.world import scorecard
from results import one_unit, stage_table
from results.stage_table import MODELS

PROBLEMS, SAMPLES, LONGEST = 96, 4, 192  # of a family, of a problem, tokens
DRAW = 1  # seed of the questions


def cards(
    folder: Path, models=MODELS, problems: int = PROBLEMS, samples: int = SAMPLES
):
    """Yield (metrics, stage, level, values) for every finished model and level."""
    asked = {lv: scorecard.questions(problems, lv, seed=DRAW) for lv in LEVELS}
    step = 0
    with nullcontext() if sandbox.missing() else sandbox.Sandbox() as box:
        for stage in models:
            model, tokenizer = checkpoints.load(folder, stage)
            for level in LEVELS:
                values = scorecard.measure(
                    model,
                    tokenizer,
                    asked[level],
                    samples,
                    max_new_tokens=LONGEST,
                    box=box,
                )
                step += 1
                yield {"step": step}, stage, level, values


def kept(values: dict[str, list[float]]) -> dict:
    """What a file keeps of a card: its summary, and the values of every problem."""
    rounded = {name: [round(v, 5) for v in row] for name, row in values.items()}
    return {"summary": scorecard.summary(values), "values": rounded}


def unit(folder: Path, seed: int) -> dict:
    """Measure all stages of one run."""
    began, result = time.perf_counter(), {stage: {} for stage in MODELS}
    settings = asdict(stages.settings("tiny", seed))
    checkpoints.agree(folder, settings)
    total = len(MODELS) * len(LEVELS)
    for _, stage, level, values in bar(cards(folder), total, f"stages {seed}"):
        result[stage][level] = kept(values)
    minutes = {
        stage.name: checkpoints.record(folder, stage.name)["seconds"] / 60
        for stage in TO_R1
    }
    return {
        "P6": result,
        "weights": {
            stage: checkpoints.record(folder, stage)["sha256"] for stage in MODELS
        },
        "minutes of training": minutes,
        "problems": PROBLEMS,
        "samples": SAMPLES,
        "settings": settings,
        "minutes": (time.perf_counter() - began) / 60,
    }


def main() -> None:
    """Run one unit and write its file, or make the table of all units."""
    if "--table" in sys.argv[1:]:
        odd = [word for word in sys.argv[1:] if word not in ("--table", "--check")]
        if odd:
            raise SystemExit(f"--table takes nothing but --check, got {' '.join(odd)}")
        return stage_table.main(check="--check" in sys.argv[1:])
    one_unit.measure(__doc__, unit, "stages")


if __name__ == "__main__":
    main()
