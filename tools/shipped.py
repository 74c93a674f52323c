"""Stages that need not be trained: what the measured runs have left is in artifacts/.

All stages of seed 0 are there, and of the other seeds those that take long.
"""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

from r1lib import artifacts, files
from r1lib.recipe import checkpoints
from r1lib.recipe.stages import BY_NAME, RECIPE, STAGES, Settings, made_from

KINDS = {"made_from": dict, "metrics": dict, "steps": int, "seconds": files.NUMBER}


def name_of(stage: str, settings: Settings) -> str:
    """The artifact that a stage of a run is shipped as.

    >>> from r1lib.recipe.stages import settings
    >>> name_of("base", settings("tiny")), name_of("r1", settings("tiny", 2))
    ('base-tiny', 'r1-tiny-2')
    """
    return f"{stage}-{settings.model}" + (f"-{settings.seed}" if settings.seed else "")


def digest_of(stage: str, settings: Settings) -> str:
    """sha256 of all that decides a stage of a run, except on which device it ran.

    Settings of stages that it is not made from do not count, nor do those that came
    later, as long as they change nothing.
    """
    mine = {BY_NAME[name].config for name in made_from(stage)}
    deciding = asdict(replace(settings, device="cpu"))
    for other in {one.config for one in RECIPE} - mine:
        del deciding[other]
    for path, unchanged in checkpoints.LATER.items():
        *outer, name = path.split(".")
        inside = deciding
        for key in outer:
            inside = inside.get(key, {})
        if inside.get(name) == unchanged:
            del inside[name]
    return files.digest(json.dumps(deciding, sort_keys=True))


def stages(settings: Settings) -> list[str]:
    """Names of the stages that are shipped with just these settings, in order."""
    known = artifacts.manifest()
    entries = {stage: known.get(name_of(stage, settings), {}) for stage in STAGES}
    wanted = {stage: digest_of(stage, settings) for stage in STAGES}
    return [s for s in STAGES if entries[s].get("settings") == wanted[s]]


def take(stage: str, folder, settings: Settings) -> None:
    """Put a shipped stage into a run's folder, as if it had been trained there.

    Its history has one point: what its last step measured on held-out problems. One
    that was made from something else than what is in the folder is a ValueError.
    """
    if stage not in (there := stages(settings)):
        raise ValueError(
            f"wanted a stage that is shipped for seed {settings.seed} of "
            f"{settings.model}: {', '.join(there) or 'there is none'}; got {stage}"
        )
    checkpoints.begin(folder, asdict(settings))
    entry = artifacts.manifest()[name_of(stage, settings)]
    for name, kind in KINDS.items():
        where = f" as {name} of {name_of(stage, settings)}"
        files.check_kind(entry.get(name), kind, "artifacts/manifest.json", where)
    _check_origin(stage, folder, entry["made_from"])
    with files.new_folder(Path(folder) / stage) as new:
        source = artifacts.path(name_of(stage, settings))
        for name in files.counted(entry["sha256"]):
            shutil.copyfile(source / name, new / name)
        if BY_NAME[stage].leaves == "table" and (source / files.CARD).exists():
            shutil.copyfile(source / files.CARD, new / files.CARD)
    record = {
        "format": checkpoints.FORMAT,
        "shipped": name_of(stage, settings),
        "made_from": entry["made_from"],
        "sha256": files.counted(entry["sha256"]),
        "steps": entry["steps"],
        "seconds": entry["seconds"],
        "memory_gb": None,
        "history": [{"step": entry["steps"], **entry["metrics"]}],
    }
    files.write_text(Path(folder) / f"{stage}.json", json.dumps(record))


def _check_origin(stage: str, folder, made_from: dict) -> None:
    for need in BY_NAME[stage].needs:
        if checkpoints.is_done(folder, need):
            there = checkpoints.record(folder, need)["sha256"]
            if there != files.counted(made_from.get(need, {})):
                raise ValueError(
                    f"the shipped {stage} was not made from the {need} in {folder}: "
                    f"take that one, too, or train {stage}"
                )
