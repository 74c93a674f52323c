"""Put the measured models into artifacts/, with their sha256 and where they come from.

    python -m tools.ship

The weights are copied byte for byte from the runs that `results.unit` measured, so what
is shipped is what was measured.
"""

import json
import shutil
from pathlib import Path

from r1lib import files, runs

ROOT = Path(__file__).resolve().parent.parent
MODELS = {  # name: (run, stage, result file, the numbers' place in it)
    "base-tiny": ("seed-0", "base", "base-0", ("P1", "controls", "sampled")),
    "zero-tiny": ("zero-0", "zero", "zero-0", ("P1", "zero")),
}


def ship(name: str) -> dict:
    """Copy one finished model and return its manifest entry."""
    run, stage, result, place = MODELS[name]
    source, target = ROOT / "runs" / run / stage, ROOT / "artifacts" / name
    found = json.loads((ROOT / "results" / f"{result}.json").read_text("utf-8"))
    numbers = found
    for key in place:
        numbers = numbers[key]
    with files.new_folder(target) as new:
        shutil.copytree(source, new, dirs_exist_ok=True)
    if files.sha256(target) != runs.record(source.parent, stage)["sha256"]:
        raise ValueError(f"{source} is not what its run wrote down")
    metrics = {k: numbers[k] for k in ("pass@1", "interval", "length", "reflects")}
    return {
        "made_by": found["command"],
        "metrics": metrics,
        "seed": found["seed"],
        "sha256": files.sha256(target),
    }


def main() -> None:
    """Ship every model whose run and measurement are there."""
    path = ROOT / "artifacts" / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    for name, (run, stage, result, _) in MODELS.items():
        ready = runs.is_done(ROOT / "runs" / run, stage)
        if ready and (ROOT / "results" / f"{result}.json").exists():
            manifest[name] = ship(name)
            print(f"shipped {name}")
    files.write_text(path, json.dumps(manifest, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
