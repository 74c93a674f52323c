"""Keep how long each stage of a whole `python r1.py train` took on an idle machine.

    python -m results.minutes runs/tiny     writes results/data/minutes-SEED.json

Minutes say something about a machine, so nothing is asserted of them. The final test of
all models, which follows the last stage, is not counted.
"""

import argparse
import os
from pathlib import Path

from r1lib import files
from r1lib.recipe import checkpoints
from r1lib.recipe.stages import STAGES
from results import one_unit
from tools import provenance


def unit(run: Path) -> dict:
    """Minutes of every stage; a stage that the run did not train is a ValueError."""
    records = {
        s: checkpoints.record(run, s) for s in STAGES if checkpoints.is_done(run, s)
    }
    trained = [stage for stage in records if "shipped" not in records[stage]]
    if missing := [stage for stage in STAGES if stage not in trained]:
        raise ValueError(
            f"wanted a run that has trained every stage, {run} has not trained "
            f"{', '.join(missing)}"
        )
    minutes = {stage: records[stage]["seconds"] / 60 for stage in STAGES}
    memory = max(record["memory_gb"] or 0.0 for record in records.values())
    return {
        "minutes": minutes,
        "in all": sum(minutes.values()),
        "memory_gb": memory,
        "cores": os.cpu_count(),
    }


def main() -> None:
    """Read one run and write its file."""
    made = argparse.ArgumentParser("python -m results.minutes", description=__doc__)
    made.add_argument("run", type=Path, help="the folder of a finished run")
    made.add_argument("--out", type=Path, default=provenance.DATA)
    asked = made.parse_args()
    result = unit(asked.run)
    settings = files.read_json(asked.run / "settings.json")
    path = asked.out / f"minutes-{settings['seed']}.json"
    command = "results.minutes runs/tiny"
    one_unit.write(path, result, command, seed=settings["seed"])


if __name__ == "__main__":
    main()
