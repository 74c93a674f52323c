"""Put what a measured run has left into artifacts/, with sha256 and where it is from.

    python -m tools.ship [RUN]       (default: runs/seed-0)

Models, tables and reward models are copied byte for byte, so what is shipped is what
was measured.
"""

import json
import shutil
import sys
from pathlib import Path

from r1lib import files, runs
from r1lib.recipe import STAGES

ROOT = Path(__file__).resolve().parent.parent
PLACES = {  # where results/STAGE-SEED.json has the numbers of a model
    "base": ("P1", "controls", "sampled"),
    "zero": ("P1", "zero"),
}
MEASURED = ("pass@1", "interval", "length", "reflects")
LAST = ("loss", "reward", "accuracy", "pair_accuracy", "safe_found", "rows", "correct")


def metrics(run: Path, stage: str, seed: int) -> dict:
    """What is known of a stage: its committed measurement, or its last step."""
    if stage not in PLACES:
        last = runs.record(run, stage)["history"][-1]
        return {name: last[name] for name in LAST if name in last}
    path = ROOT / "results" / f"{stage}-{seed}.json"
    if not path.exists():
        raise ValueError(f"{stage} is not measured: there is no results/{path.name}")
    found = json.loads(path.read_text("utf-8"))
    for key in PLACES[stage]:
        found = found[key]
    return {name: found[name] for name in MEASURED}


def ship(run: Path, stage: str, seed: int) -> dict:
    """Copy what one finished stage has left and return its manifest entry."""
    source, target = run / stage, ROOT / "artifacts" / f"{stage}-tiny"
    numbers = metrics(run, stage, seed)
    with files.new_folder(target) as new:
        shutil.copytree(source, new, dirs_exist_ok=True)
    if files.sha256(target) != runs.record(run, stage)["sha256"]:
        raise ValueError(f"{source} is not what its run wrote down")
    command = f"python -m results.unit {stage} {seed}"
    if stage not in PLACES:
        command = f"python r1.py train --stage {stage} --seed {seed}"
    return {
        "made_by": command,
        "metrics": numbers,
        "seed": seed,
        "sha256": files.sha256(target),
    }


def main() -> None:
    """Ship every finished stage of a run."""
    run = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "runs" / "seed-0"
    seed = files.read_json(run / "settings.json")["seed"]
    path = ROOT / "artifacts" / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    for stage in filter(lambda name: runs.is_done(run, name), STAGES):
        manifest[f"{stage}-tiny"] = ship(run, stage, seed)
        print(f"shipped {stage}-tiny")
    files.write_text(path, json.dumps(manifest, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
