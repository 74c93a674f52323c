"""Measure P8's schedule, one seed: R1 with preferences all along, not only at the end.

    python -m results.schedule 0      from runs/seed-0, some ten minutes on one core

The recipe pays for preferences in the last part of the stage only, as the paper does.
Here the reward models pay from the first step; all else is the same, and so are the
test problems, so that it can be held against Dev3 and R1 of results/stages-SEED.json
problem by problem. It trains in runs/always-SEED, where a killed unit goes on, and
writes results/schedule-SEED.json.
"""

import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path

from r1lib import last_stage, recipe, runs, scorecard
from r1lib.progress import bar
from r1lib.recipe import BY_NAME
from results import one_unit, stages

CODE = [
    "r1lib.last_stage.r1",
    "r1lib.recipe.settings",
    "r1lib.scorecard.measure",
    "r1lib.scorecard.questions",
]


def begin(run: Path, folder: Path) -> None:
    """Copy what the stage r1 needs out of a run, as far as it is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for stage in BY_NAME["r1"].needs:
        if not runs.is_done(folder, stage):
            shutil.copytree(
                runs.checked(run, stage), folder / stage, dirs_exist_ok=True
            )
            shutil.copy(run / f"{stage}.json", folder / f"{stage}.json")


def unit(run: Path, folder: Path, how: recipe.Settings, **kind) -> dict:
    """Train R1 with preferences from the first step on; measure it as a stage is."""
    began = time.perf_counter()
    begin(run, folder)
    always = replace(how.last, preference_from=0)
    shown = BY_NAME["r1"].shown
    for _ in bar(last_stage.r1(folder, always), always.rl.steps, "always", shown):
        pass
    found = {}
    for _, _, level, values in stages.cards(folder, ("r1",), **kind):
        rounded = {n: [round(v, 5) for v in row] for n, row in values.items()}
        found[level] = {"summary": scorecard.summary(values), "values": rounded}
    names = (*BY_NAME["r1"].needs, "r1")
    return {
        "P8": found,
        "history": runs.record(folder, "r1")["history"],
        "weights": {name: runs.record(folder, name)["sha256"] for name in names},
        "settings": asdict(always),
        "minutes": (time.perf_counter() - began) / 60,
    }


def main() -> None:
    """Run one unit and write its file."""
    asked = one_unit.arguments(one_unit.parser(__doc__, threads=1))
    how, home = recipe.settings("tiny", asked.seed), Path("runs")
    runs.agree(home / f"seed-{asked.seed}", asdict(how))
    found = unit(home / f"seed-{asked.seed}", home / f"always-{asked.seed}", how)
    path = asked.out / f"schedule-{asked.seed}.json"
    command = f"results.schedule {asked.seed}"
    one_unit.write(path, found, command, CODE, seed=asked.seed)


if __name__ == "__main__":
    main()
