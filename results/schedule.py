"""Measure P8's schedule, (arm, seed): R1 with preferences always, or never.

    python -m results.schedule always 0    requests and reward models from the start
    python -m results.schedule never 0     rules alone, to the end

The recipe pays for preferences in the last part of the stage only, as the paper does.
All else is the same here, and so are the test problems, so that an arm can be held
against Dev3 and R1 of results/data/stages-SEED.json problem by problem. It begins as
Dev3 of runs/seed-SEED and trains in runs/ARM-SEED, where a killed unit goes on; it
takes some ten minutes on one core and writes results/data/schedule-ARM-SEED.json.
"""

import time
from dataclasses import asdict, replace
from pathlib import Path

from r1lib.progress import bar
from r1lib.recipe import checkpoints, r1
from r1lib.recipe import stages as recipe
from r1lib.recipe.stages import BY_NAME
from results import one_unit, stages

ARMS = ("always", "never")


def unit(
    arm: str, run: Path, folder: Path, settings: recipe.Settings, **options
) -> dict:
    """Train R1 on another schedule; measure it as a stage; `options`: see `cards`."""
    if arm not in ARMS:
        raise ValueError(f"arm must be one of {', '.join(ARMS)}, got {arm!r}")
    began, steps = time.perf_counter(), settings.last.rl.steps
    one_unit.take(run, folder, BY_NAME["r1"].needs)
    changed = replace(settings.last, preference_from=0 if arm == "always" else steps)
    loop = r1.r1(folder, changed)
    for _ in bar(loop, steps, arm, BY_NAME["r1"].shown):
        pass
    result = {}
    for _, _, level, values in stages.cards(folder, ("r1",), **options):
        result[level] = stages.kept(values)
    names = (*BY_NAME["r1"].needs, "r1")
    return {
        "P8": result,
        "history": checkpoints.record(folder, "r1")["history"],
        "weights": {name: checkpoints.record(folder, name)["sha256"] for name in names},
        "settings": asdict(changed),
        "minutes": (time.perf_counter() - began) / 60,
    }


def main() -> None:
    """Run one unit and write its file."""
    asked = one_unit.arguments(one_unit.parser(__doc__, threads=1, arm=ARMS))
    arm, seed, home = asked.arm, asked.seed, Path("runs")
    settings = recipe.settings("tiny", seed)
    checkpoints.agree(home / f"seed-{seed}", asdict(settings))
    result = unit(arm, home / f"seed-{seed}", home / f"{arm}-{seed}", settings)
    path = asked.out / f"schedule-{arm}-{seed}.json"
    command = f"results.schedule {arm} {seed}"
    one_unit.write(path, result, command, seed=seed)


if __name__ == "__main__":
    main()
