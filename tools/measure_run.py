"""Which units are to be measured, in which order, and the loop that measures them.

Each unit is its own process, one at a time. It counts when its result is whole: while a
unit runs, runs/measure/ has a note of the result that was there before, so a result
that a kill left half-written is known by the note that stayed. Whatever is written
while there is a note does not count, even if it is whole.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

from r1lib import files
from r1lib.progress import bar
from r1lib.recipe import EDITION, FIRST
from results.times import minutes
from results.units import RESULT, SHIPPED, Unit, at, maker, shipped
from tools import provenance
from tools.environment import try_lock

NOTES = Path("runs") / "measure"  # notes and logs of units, and the lock
GIGABYTES_NEEDED = 1.0  # before a unit begins: a run's folder with its checkpoints
READY, MISSING, HALF = "", "missing", "half-written"
NO_ROOM = ("No space left on device", "the disk is full", "Disk quota exceeded")


class Task(NamedTuple):
    """One seed of a unit."""

    unit: Unit
    seed: int

    def __str__(self) -> str:
        return f"{self.unit.name} {self.seed}"

    @property
    def made(self) -> str:
        """The path of what it leaves."""
        return self.unit.made(self.seed)


class Stopped(Exception):
    """Why nothing more can be measured, in one line."""


# ---- what is there ---------------------------------------------------------------


def state(path: str, root: Path) -> str:
    """Why what a unit leaves does not count: "missing", ...; "" where it does."""
    if path.startswith(RESULT):
        return of_result(path, root)
    return (of_artifact if path.startswith(SHIPPED) else of_stage)(path, root)


def of_result(path: str, root: Path) -> str:
    """The state of a result file; one without its provenance is not whole."""
    file = root / path
    if not file.exists():
        return MISSING
    try:
        content = files.read_json(file, fields={"command": str, "provenance": dict})
    except ValueError:
        return HALF
    if (begun := note(path, root)).exists() and begun.read_text() != digest(file):
        return HALF
    found = sorted(provenance.editions(content), key=lambda e: (e == EDITION, e))
    return other_edition(found[0])


def of_stage(path: str, root: Path) -> str:
    """The state of a stage of a run, as `checkpoints` leaves it."""
    folder = root / path
    if not folder.is_dir() or not folder.with_name(f"{folder.name}.json").exists():
        return MISSING
    try:
        settings = files.read_json(folder.with_name("settings.json"))
    except ValueError:
        return "damaged"
    return other_edition(settings.get("edition", FIRST))


def of_artifact(path: str, root: Path) -> str:
    """The state of a shipped stage, by the manifest."""
    try:
        manifest = files.read_json(root / "artifacts" / "manifest.json")
    except ValueError:
        return "damaged"
    name = path.removeprefix(SHIPPED)
    if name not in manifest or not (root / path).is_dir():
        return MISSING
    return other_edition(manifest[name].get("edition", FIRST))


def other_edition(found: object) -> str:
    """Say which edition something is of, unless it is this one."""
    return READY if found == EDITION else f"of edition {files.line(found, 20)}"


def digest(file: Path) -> str:
    """The sha256 of a file; "" where there is none."""
    return files.digest(file.read_bytes()) if file.exists() else ""


def note(path: str, root: Path) -> Path:
    """Where it is written which result was there before a unit began."""
    return root / NOTES / f"{Path(path).name}.begun"


# ---- what is to be done ----------------------------------------------------------


def blocked(task: Task, root: Path) -> str:
    """Why a unit cannot be measured, in one line: what it reads; "" if it can."""
    for path in task.unit.needed(task.seed):
        if (why := state(path, root)) == READY:
            continue
        first, made = f"{task} reads {path}, which is {why}", maker(path)
        if made is None:
            return f"{first}, and no unit makes it"
        need = Task(*made)
        if deeper := blocked(need, root):
            return deeper
        if path.startswith("runs/") and why != MISSING:
            return f"{first}: move {path.rpartition('/')[0]} away, and make it again"
        again = " --again" if need.made != path and not state(need.made, root) else ""
        wanted = f"measure {need.unit.name} --seed {need.seed}{again} first"
        return f"{first}: {wanted}{or_shipped(path, need.seed, root)}"
    return ""


def or_shipped(path: str, seed: int, root: Path) -> str:
    """How to take a stage of a run from artifacts/, where it is there."""
    folder, _, stage = path.rpartition("/")
    ready = READY == state(at(shipped(stage)[0], seed), root)
    if not path.startswith("runs/seed-") or not ready:
        return ""
    command = f"python r1.py train --seed {seed} --out {folder} --shipped"
    return f", or take it with `{command}`"


def with_inputs(tasks: Iterable[Task], root: Path) -> list[Task]:
    """The tasks and the units that make what they lack, but none with a whole result.

    What is there and of this edition is never measured again for another unit.
    """
    found, waiting = [], list(tasks)
    while waiting:
        task = waiting.pop(0)
        if task in found:
            continue
        found.append(task)
        lacking = [p for p in task.unit.needed(task.seed) if state(p, root) != READY]
        makers = [Task(*made) for made in map(maker, lacking) if made]
        waiting += [need for need in makers if state(need.made, root) != READY]
    return found


def ordered(tasks: list[Task]) -> list[Task]:
    """The tasks so that what one reads is made before it."""
    graph = {task: [] for task in tasks}
    for task in tasks:
        made = [Task(*m) for m in map(maker, task.unit.needed(task.seed)) if m]
        graph[task] = [need for need in made if need in graph]
    return list(TopologicalSorter(graph).static_order())


def time_of(tasks: Iterable[Task], root: Path) -> tuple[float, int]:
    """Minutes by the recorded times, and for how many tasks nothing is recorded."""
    each = [minutes(task.unit, task.seed, root) for task in tasks]
    return sum(m for m in each if m is not None), each.count(None)


# ---- doing it --------------------------------------------------------------------


@contextmanager
def alone(root: Path) -> Iterator[int]:
    """Let one `measure` run at a time; yields what a child inherits to keep the lock.

    If this process alone is killed, the lock is free only when its unit has ended.
    """
    (root / NOTES).mkdir(parents=True, exist_ok=True)
    with open(root / NOTES / ".lock", "a+") as file:
        if not try_lock(file):
            raise Stopped("another measure is running here; start again when it ends")
        yield file.fileno()


def measure(tasks: list[Task], root: Path) -> list[str]:
    """Measure tasks in this order; returns one line for each that did not work."""
    faults: list[str] = []
    with alone(root) as lock:
        shown = bar(steps(tasks, root, lock, faults), len(tasks), "measure")
        for _ in shown:
            pass
    return faults


def steps(tasks: list[Task], root: Path, lock: int, faults: list[str]):
    """Measure one task after another; yields metrics, and fills the list of faults."""
    from tqdm import tqdm

    for number, task in enumerate(tasks, 1):
        check_room(root)
        fault = blocked(task, root)
        if not fault:
            tqdm.write(f"{task}: {length(minutes(task.unit, task.seed, root))}")
            fault = one(task, root, lock)
        if fault:
            faults.append(fault)
            tqdm.write(f"measure: {fault}", file=sys.stderr)
        yield {"step": number}


def length(took: float | None) -> str:
    """Write recorded minutes.

    >>> length(90.0), length(3.21), length(None)
    ('1 h 30 min', '3.2 min', 'no time is recorded')
    """
    if took is None:
        return "no time is recorded"
    if took < 60:
        return f"{took:.2g} min" if took >= 0.1 else "seconds"
    return f"{took // 60:.0f} h {took % 60:.0f} min"


def check_room(root: Path) -> None:
    """Stop before a unit begins that could not write its result."""
    free = shutil.disk_usage(root).free / 1e9
    if free < GIGABYTES_NEEDED:
        raise Stopped(
            f"a unit needs {GIGABYTES_NEEDED:.0f} GB of disk, and {free:.1f} GB are "
            "free; make room, then the same command goes on from here"
        )


def one(task: Task, root: Path, lock: int) -> str:
    """Measure one task in a process of its own; returns why it failed, or ""."""
    log, begun = root / NOTES / f"{task.unit.name}-{task.seed}.log", None
    if task.unit.measures:
        begun = note(task.made, root)
        files.write_text(begun, digest(root / task.made))
    status = run(task, root, log, lock)
    said = last_line(log)
    if any(hint in said for hint in NO_ROOM):
        forget(begun, task, root)
        raise Stopped(f"{task}: the disk is full; make room, and start again")
    if status:
        forget(begun, task, root)
        where = log.relative_to(root).as_posix()
        return f"{task} failed: {said or f'exit code {status}'} (see {where})"
    if begun:
        begun.unlink(missing_ok=True)
    if why := state(task.made, root):
        return f"{task} ended, and {task.made} is {why}"
    return ""


def run(task: Task, root: Path, log: Path, lock: int) -> int:
    """Run the command of a task; what it prints goes to a log."""
    command = [sys.executable, "-m", *task.unit.command(task.seed)]
    search = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    inherit = {} if os.name == "nt" else {"pass_fds": (lock,)}
    with open(log, "wb") as output:
        process = subprocess.Popen(
            command,
            cwd=root,
            env={**os.environ, "PYTHONPATH": search},
            stdout=output,
            stderr=subprocess.STDOUT,
            **inherit,
        )
        try:
            return process.wait()
        except KeyboardInterrupt:  # the unit got it too
            process.wait()
            raise


def forget(begun: Path | None, task: Task, root: Path) -> None:
    """Drop the note of a unit that failed and has left the result as it was."""
    if begun and begun.read_text() == digest(root / task.made):
        begun.unlink()


def last_line(log: Path) -> str:
    """The last line that a unit printed, fit for a screen."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    full = [text for text in map(files.line, lines) if text]
    return full[-1][:300] if full else ""
