"""What every script does that measures one unit: read arguments, write one file."""

import argparse
import json
import shutil
import time
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path

import torch

from r1lib import files
from r1lib.recipe import checkpoints
from tools import provenance
from tools.environment import try_lock


def parser(
    doc: str, threads: int | None = None, **which: Iterable[str]
) -> argparse.ArgumentParser:
    """Make a parser for the name of a unit, its seed, --out, and --threads if not set.

    `doc` is the docstring of the script, `which` one argument and the names it takes.
    """
    made = argparse.ArgumentParser(description=doc.split("\n")[0])
    for argument, names in which.items():
        made.add_argument(argument, choices=names)
    made.add_argument("seed", type=int)
    if threads is None:
        made.add_argument("--threads", type=int, default=torch.get_num_threads())
    else:
        made.set_defaults(threads=threads)
    made.add_argument("--out", type=Path, default=provenance.DATA)
    return made


def arguments(made: argparse.ArgumentParser) -> argparse.Namespace:
    """Read the command line, and compute on as many threads as it says."""
    asked = made.parse_args()
    torch.set_num_threads(asked.threads)
    return asked


def measure(doc: str, unit, name: str, **options) -> None:
    """Measure one run: `unit(runs/seed-N, N)` into NAME-N.json; options of `parser`.

    `name` is that of the file; its script has the same with "_" in place of "-".
    """
    asked = arguments(parser(doc, **options))
    result = unit(Path("runs") / f"seed-{asked.seed}", asked.seed)
    command = f"results.{name.replace('-', '_')} {asked.seed}"
    path = asked.out / f"{name}-{asked.seed}.json"
    write(path, result, command, seed=asked.seed)


def take(run: Path, folder: Path, stages: Iterable[str]) -> None:
    """Copy finished stages of a run into another folder, if they are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for stage in stages:
        if not checkpoints.is_done(folder, stage):
            path = checkpoints.checked(run, stage)
            shutil.copytree(path, folder / stage, dirs_exist_ok=True)
            shutil.copy(run / f"{stage}.json", folder)


def curve(folder: Path, stage: str) -> list[dict]:
    """The points that a stage has written as it trained; a shipped one has none."""
    record = checkpoints.record(folder, stage)
    if "shipped" in record:
        raise ValueError(
            f"{stage} in {folder} was taken from artifacts/ and has no curve: train it "
            f"with --stage {stage} --fresh"
        )
    return record["history"]


@contextmanager
def alone(path: Path):
    """Let one process at a time make a file or a folder that several units share."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_name(f".{path.name}.lock"), "a+") as lock:
        while not try_lock(lock):
            time.sleep(1)
        yield


def write(
    path: Path, measured: dict, command: str, *, weights=("tokenizer",), **more: object
) -> None:
    """Write what was measured, then `more`, the command, and where it comes from.

    `weights` are the names of the artifacts that were read.
    """
    content = {
        **measured,
        **more,
        "command": f"python -m {command}",
        "provenance": provenance.block(weights),
    }
    files.write_text(path, json.dumps(content, indent=1, ensure_ascii=False))
    print(f"wrote {path.name}")
