"""Test why hard countdown is lost (P6), one seed: put it into the cold start.

    python -m results.hard_start 0    from runs/seed-0, some fifteen minutes on one core

The recipe's cold start holds easy problems only. Here Zero also answers hard countdown,
what is right is made readable like the rest and added to the table, and Dev1 and Dev2
are trained again with nothing else changed. They are measured as `results.reach` has
measured those of the recipe. The unit works in runs/hard-start-SEED, where a killed one
goes on, and writes results/data/hard-start-SEED.json.
"""

import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from r1lib.problem import LEVELS, problems
from r1lib.progress import bar
from r1lib.recipe import checkpoints, cold_start, pipeline, stages
from r1lib.traces import tables
from r1lib.traces.collect import collect, read
from r1lib.world import countdown
from results import one_unit, reach

PROBLEMS, SAMPLES = 900, 4  # hard training problems that Zero answers
TRAINED = ("dev1", "dev2")


def hard_rows(run: Path, folder: Path, settings: stages.Settings, n: int) -> list[dict]:
    """Let Zero answer hard countdown; return what is right, made readable."""
    zero, tokenizer = checkpoints.load(run, "zero")
    asked = problems(countdown.sample, n, settings.seed, "train", "hard")
    path = folder / "hard.jsonl"

    def steps() -> Iterator[dict]:
        for metrics in collect(
            path,
            zero,
            tokenizer,
            asked,
            SAMPLES,
            source="zero",
            max_new_tokens=settings.cold.longest,
            seed=settings.seed,
            at_once=settings.cold.at_once,
        ):
            done = -(-metrics["problems"] // settings.cold.at_once)
            yield {"step": done, "correct": metrics["correct"]}

    for _ in bar(steps(), -(-n // settings.cold.at_once), "Zero, hard", ("correct",)):
        pass
    known = {problem.prompt: problem for problem in asked}
    return cold_start.select(read(path)[1], known, tokenizer, settings.cold.longest)[0]


def begin(run: Path, folder: Path, settings: stages.Settings, n: int) -> int:
    """Lay out the base and the longer table; return how many rows were added."""
    checkpoints.begin(folder, asdict(settings))
    one_unit.take(run, folder, ["base"])
    known = tables.load(checkpoints.checked(run, "cold"))
    if not checkpoints.is_done(folder, "cold"):
        rows = known + hard_rows(run, folder, settings, n)
        tables.save(folder / "cold", rows, "Cold start, and hard countdown")
        checkpoints.finish(folder, "cold", 0, 0.0, [], None)
    return len(tables.load(checkpoints.checked(folder, "cold"))) - len(known)


def unit(run: Path, folder: Path, settings: stages.Settings, n: int = PROBLEMS) -> dict:
    """Train Dev1 and Dev2 on the longer table, and measure their attempts."""
    began = time.perf_counter()
    result = {"rows added": begin(run, folder, settings, n)}
    for stage in TRAINED:
        loop = pipeline.run(stage, folder, settings)
        steps = pipeline.length(stage, settings)
        for _ in bar(loop, steps, stage, stages.BY_NAME[stage].shown):
            pass
        model, tokenizer = checkpoints.load(folder, stage)
        result[stage] = {lv: reach.measure(model, tokenizer, lv) for lv in LEVELS}
    names = ("base", "cold", *TRAINED)
    return {
        "P6": result,
        "weights": {name: checkpoints.record(folder, name)["sha256"] for name in names},
        "minutes": (time.perf_counter() - began) / 60,
    }


def main() -> None:
    """Run one unit and write its file."""
    asked = one_unit.arguments(one_unit.parser(__doc__, threads=1))
    settings, home = stages.settings("tiny", asked.seed), Path("runs")
    run = home / f"seed-{asked.seed}"
    checkpoints.agree(run, asdict(settings))
    result = unit(run, home / f"hard-start-{asked.seed}", settings)
    path = asked.out / f"hard-start-{asked.seed}.json"
    command = f"results.hard_start {asked.seed}"
    one_unit.write(path, result, command, seed=asked.seed)


if __name__ == "__main__":
    main()
