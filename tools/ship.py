"""Put what a measured run has left into artifacts/, with sha256 and where it is from.

    python -m tools.ship                         all of runs/seed-0
    python -m tools.ship runs/seed-1 base dev2   these stages of another run
    python -m tools.ship --cards                 only write all cards anew

Models, tables and reward models are copied byte for byte, so what is shipped is what
was measured. Only a run of the preset tiny is shipped, and all of it is checked before
anything is replaced. `python r1.py train --shipped` puts them into a run's folder.
Each folder gets a card (`tools.cards`), which no sha256 covers: its numbers may follow
results/data while the weights are the same.
"""

import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

from r1lib import files
from r1lib.files import shown
from r1lib.recipe import EDITION, checkpoints, stages
from r1lib.recipe.stages import STAGES, Settings
from tools import cards, provenance, shipped

ROOT = Path(__file__).resolve().parent.parent
PLACES = {  # where results/data/STAGE-SEED.json has the numbers of a model
    "base": ("P1", "controls", "sampled"),
    "zero": ("P1", "zero"),
}
MEASURED = ("pass@1", "interval", "length", "reflects")
HELD_OUT = (  # what the last step of other stages measured on held-out problems
    *("skills", "valid", "valid_length"),
    *("pair_accuracy", "pairs", "mean", "spread"),  # the last two: scale of scores
    *("safe_found", "unsafe_found", "answers"),
    *("helpful", "harmless", "over_refusal", "words", "polite", "charm"),
)
COUNTED = ("rows", "correct")  # what a table holds


def ship(run: Path, root: Path = ROOT, only=STAGES):
    """Ship the finished stages of a run; yields each name once it can be read.

    The manifest follows each folder, so wherever this is stopped it fits what is there.
    """
    settings = tiny(run)
    if odd := [stage for stage in only if stage not in STAGES]:
        raise ValueError(
            f"stage must be one of {', '.join(STAGES)}, got {shown(odd[0])}"
        )
    done = [stage for stage in only if checkpoints.is_done(run, stage)]
    entries = {stage: entry(run, stage, settings, root) for stage in done}
    path = root / "artifacts" / "manifest.json"
    manifest = files.read_json(path)
    for stage, found in entries.items():
        name = shipped.name_of(stage, settings)
        with files.new_folder(path.parent / name) as new:
            for file in found["sha256"]:
                shutil.copyfile(run / stage / file, new / file)
            told = cards.card(name, found, new, root / provenance.RESULTS)
            files.write_text(new / files.CARD, told)
        manifest[name] = found
        files.write_text(path, json.dumps(manifest, indent=1, sort_keys=True) + "\n")
        yield name


def tiny(run: Path) -> Settings:
    """Return the settings of a run; those of another preset are an error."""
    content = files.read_json(run / "settings.json")
    settings = stages.settings("tiny", content.get("seed", 0))
    stamped = checkpoints.stamped(asdict(settings))
    wanted = checkpoints.flat(json.loads(json.dumps(stamped)))
    got = checkpoints.recorded(content, wanted)
    for name in {**wanted, **got}:
        if wanted.get(name) != got.get(name):
            raise ValueError(
                f"wanted a run of the preset tiny, {name} {shown(wanted.get(name))}, "
                f"got {run} with {shown(got.get(name))}"
            )
    return settings


def entry(run: Path, stage: str, settings: Settings, root: Path) -> dict:
    """What the manifest tells of a finished stage, every byte of it checked."""
    checkpoints.checked(run, stage)
    command = f"python -m results.unit {stage} {settings.seed}"
    if stage not in PLACES:
        command = stages.command(settings, f"runs/seed-{settings.seed}", stage)
    record = checkpoints.record(run, stage)
    kept = ("made_from", "seconds", "sha256", "steps")
    return {
        "edition": EDITION,
        "made_by": command,
        "metrics": metrics(run, stage, settings.seed, root),
        "seed": settings.seed,
        "settings": shipped.digest_of(stage, settings),
        **{name: record[name] for name in kept},
    }


def metrics(run: Path, stage: str, seed: int, root: Path) -> dict:
    """What is known of a stage: a committed measurement of it, or its last step's.

    Values of one training batch are left out: they say little about a model.
    """
    record, path = (
        checkpoints.record(run, stage),
        root / provenance.RESULTS / f"{stage}-{seed}.json",
    )
    content = files.read_json(path) if stage in PLACES and path.exists() else {}
    if content.get("weights") != record["sha256"]:
        last = checkpoints.last_point(record)
        return {name: last[name] for name in HELD_OUT + COUNTED if name in last}
    for key in PLACES[stage]:
        content = content[key]
    return {name: content[name] for name in MEASURED}


def main() -> None:
    """Ship the run that is named, or stages of it; or write the cards of all."""
    if sys.argv[1:] == ["--cards"]:
        for path, text in cards.all_cards(ROOT):
            files.write_text(path, text)
        return
    run = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "runs" / "seed-0"
    for name in ship(run, only=sys.argv[2:] or STAGES):
        print(f"shipped {name}")


if __name__ == "__main__":
    main()
