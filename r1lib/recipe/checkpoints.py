"""The folder of a run: settings, checkpoints, finished stages.

    settings.json       what the run was begun with; other settings are refused
    base-work/step-N/   the last two checkpoints of a stage that is under way
    base/               the model that a stage has left: the three files of `hub`
    base.json           written last of all: sha256 of that model and of what it was
                        made from, and its curve

A run that is killed at any moment, also while it saves, goes on from a checkpoint.
"""

import json
import math
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch

from r1lib import files, hub
from r1lib.files import shown
from r1lib.recipe import EDITION, FIRST

FORMAT = 1  # of a run's folder; raise it when an older one can no longer be read
CHECKPOINT = re.compile(r"step-\d{6,}")
KINDS = {  # of what a stage writes about itself
    "history": list,
    "seconds": files.NUMBER,
    "memory_gb": (*files.NUMBER, type(None)),
}
WEIGHTS = torch.float32 if EDITION == FIRST else torch.bfloat16  # of finished models
LATER = {  # settings that came later, and how all that was made before them was made
    "spoken": 0.0,
    "cold.zero_hard": 0,
    "cold.words": False,
}
KEPT = 2  # checkpoints: should the last one be damaged, there is one before it


def begin(folder, settings: dict) -> None:
    """Open a run's folder, new or known; other settings than before are an error."""
    check_own(folder)
    path = Path(folder) / "settings.json"
    if not path.exists():
        files.write_text(path, json.dumps(stamped(settings), indent=1))
    files.recover(folder)
    for work in Path(folder).glob("*-work"):
        done = is_done(folder, work.name.removesuffix("-work"))
        files.remove(work) if done else files.recover(work)
    agree(folder, settings)


def check_own(folder) -> None:
    """Refuse a folder that holds other things and is not the folder of a run."""
    if (Path(folder) / "settings.json").exists():
        return
    if strangers := others(folder):
        raise ValueError(
            f"{folder} holds other things, such as {shown(strangers[0])}, and is not "
            "the folder of a run: nothing there was touched; choose another one with "
            "--out"
        )


def agree(folder, settings: dict) -> None:
    """Refuse other settings, or another edition, than a run was begun with."""
    new = flat(json.loads(json.dumps(stamped(settings))))
    known = recorded(files.read_json(Path(folder) / "settings.json"), new)
    changed = [name for name in {**known, **new} if known.get(name) != new.get(name)]
    if changed:
        was, now = known.get(changed[0]), new.get(changed[0])
        name = files.line(changed[0], files.SHOWN)
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise ValueError(
            f"{folder} was begun with {name} {shown(was)}, not {shown(now)}"
            f"{more}; choose another folder with --out, or start anew with --fresh"
        )


def recorded(content: dict, now: dict) -> dict:
    """Flat settings as a run has written them, with what came only later filled in.

    `now` are the flat settings of today: one that they lack is not filled in.

    >>> recorded({"seed": 1}, {"edition": 1, "seed": 1, "spoken": 0.35})
    {'edition': 1, 'spoken': 0.0, 'seed': 1}
    """
    older = {name: value for name, value in LATER.items() if name in now}
    return {"edition": FIRST, **older, **flat(content)}


def stamped(settings: dict) -> dict:
    """Settings as a run keeps them: with the edition of its tokenizer and texts.

    >>> stamped({"seed": 0})
    {'edition': 1, 'seed': 0}
    """
    return {"edition": EDITION, **settings}


def others(folder) -> list[str]:
    """Name what lies in a folder besides traces of a run that was only just begun."""
    paths = Path(folder).iterdir() if Path(folder).exists() else ()
    names = sorted(path.name for path in paths if not files.is_stray(path.name))
    return [name for name in names if not name.startswith((".settings.json.", ".lock"))]


def forget(folder, stages) -> None:
    """Remove what the given stages have written, the last first, and nothing else."""
    for stage in reversed(stages):
        for name in (f"{stage}.json", stage, f"{stage}-work"):
            for path in (name, f".{name}.old", f".{name}.tmp"):
                files.remove(Path(folder) / path)


def is_done(folder, stage: str) -> bool:
    """Say whether a stage has left its finished model."""
    folder = Path(folder)
    return (folder / f"{stage}.json").exists() and (folder / stage).is_dir()


def record(folder, stage: str) -> dict:
    """Read what a finished stage has written about itself: sha256, seconds, curve.

    One that is damaged, or that another version of this library has left, is a
    ValueError that says how to make the stage again. The card of a table is left out.
    """
    path = Path(folder) / f"{stage}.json"
    kinds = {**KINDS, "sha256": dict, "steps": int, "made_from": dict}
    try:
        content = {"made_from": {}, "memory_gb": None, **files.read_json(path)}
        if (made := content.get("format", 1)) != FORMAT:
            raise ValueError(
                f"{stage} in {folder} is of another version: its format is "
                f"{shown(made)}, this library reads {FORMAT}"
            )
        check_fields(content, kinds, path)
        if not content["sha256"]:
            raise ValueError(f"{path} is damaged: its sha256 is empty")
        for need, digests in content["made_from"].items():
            files.check_kind(digests, dict, path, f" as what {files.line(need)} was")
    except ValueError as error:
        again = f"make it again with --stage {stage} --fresh"
        raise ValueError(f"{error}; {again}") from error
    origin = {name: files.counted(x) for name, x in content["made_from"].items()}
    return {
        **content,
        "sha256": files.counted(content["sha256"]),
        "made_from": origin,
    }


def last_point(record: dict) -> dict:
    """The last point of a record's curve; {} where nothing was trained.

    >>> last_point({"history": [{"step": 1}, {"step": 2}]}), last_point({"history": []})
    ({'step': 2}, {})
    """
    return record["history"][-1] if record["history"] else {}


def check_fields(content: dict, kinds: dict, path) -> None:
    """Refuse what no stage has written about itself: other kinds, lost points."""
    for name, kind in kinds.items():
        files.check_kind(content.get(name), kind, path, f" as {name}")
    for point in content["history"]:
        files.check_kind(point, dict, path, " as each point of history")
        files.check_kind(point.get("step"), int, path, " as step of each point")
    if not 0 <= content["seconds"] < float("inf"):
        raise ValueError(f"{path} is damaged: seconds is {shown(content['seconds'])}")


def load(folder, stage: str, device: str = "cpu"):
    """Return (model, tokenizer) of a finished stage, every byte of it checked."""
    return hub.load_model(checked(folder, stage), device)


def checked(folder, stage: str) -> Path:
    """Return where a finished stage has left its output, every byte of it checked."""
    if not is_done(folder, stage):
        raise ValueError(
            f"there is no finished {stage} in {folder}: run "
            f"`python r1.py train --stage {stage} --out {folder}` first"
        )
    path = Path(folder) / stage
    written = record(folder, stage)["sha256"]
    now = files.sha256(path, written)
    if changed := [name for name in written if now.get(name) != written[name]]:
        raise ValueError(
            f"{path / changed[0]} is damaged: its sha256 is not the one in {stage}.json"
        )
    return path


def made_from(folder, stage: str, needs) -> None:
    """Note what a stage is made from; something else than when it began is an error."""
    if not needs:
        return
    now = {name: record(folder, name)["sha256"] for name in needs}
    path = Path(folder) / f"{stage}-work" / "made_from.json"
    if is_done(folder, stage):
        before = record(folder, stage).get("made_from", {})
    elif path.exists():
        before = files.read_json(path)
    else:
        before = now
        files.write_text(path, json.dumps(now))
    same = {name: files.counted(before.get(name, {})) for name in needs}
    if other := [name for name in needs if same[name] != now[name]]:
        raise ValueError(
            f"{stage} in {folder} was not made from the {other[0]} that is there now: "
            f"make it again with --stage {stage} --fresh"
        )


@dataclass
class Stage:
    """A stage under way: what is trained, how far it is, and its curve so far."""

    folder: Path
    name: str
    model: torch.nn.Module
    tokenizer: object
    optimizers: list
    step: int = 0
    history: list = field(default_factory=list)
    memory_gb: float | None = None
    began: float = field(default_factory=time.perf_counter)

    def seconds(self) -> float:
        """Time spent on this stage, earlier starts included as far as they count."""
        return max(0.0, time.perf_counter() - self.began)

    def beside(self, name: str) -> Path:
        """Where something that belongs to the checkpoints of this stage is kept."""
        return self.folder / f"{self.name}-work" / name

    def save(self, step: int) -> None:
        """Write a checkpoint; weights that are not finite never replace a good one."""
        self.step = step
        self.memory_gb = max((self.memory_gb, peak_memory_gb()), key=lambda m: m or 0.0)
        if not all(p.isfinite().all() for p in self.model.parameters()):
            raise FloatingPointError(f"weights are not finite after step {step}")
        state = {"step": step, "tokenizer": _digest(self.tokenizer)}
        state |= {"history": self.history, "seconds": self.seconds()}
        state["memory_gb"] = self.memory_gb
        hub.save_training(self.model, self.optimizers, _at(self, step), state)
        for old in saved(self.folder, self.name)[:-KEPT]:
            files.remove(old)

    def finish(self) -> None:
        """Write the finished model, then the record that makes it count."""
        hub.save(self.model, self.folder / self.name, self.tokenizer, WEIGHTS)
        memory = max((self.memory_gb, peak_memory_gb()), key=lambda m: m or 0.0)
        done = (self.step, self.seconds(), self.history, memory)
        finish(self.folder, self.name, *done)


def follow(kept: Stage, loop, steps: int, save_every: int, point=dict):
    """Pass on the metrics of a training loop: keep its curve, save, finish at its end.

    `point(metrics)` is what the curve keeps of a step; None keeps nothing. Checkpoints
    come after every `save_every` steps and after step number `steps`, the last one.
    """
    for metrics in loop:
        step = metrics["step"]
        if (kept_point := point(metrics)) is not None:
            kept.history.append({"seconds": kept.seconds(), **kept_point})
        if step % save_every == 0 or step == steps:
            kept.save(step)
        yield metrics
    kept.finish()


def finish(folder, stage: str, steps: int, seconds: float, history, memory) -> None:
    """Write the record that makes a stage count, and forget its checkpoints."""
    origin = Path(folder) / f"{stage}-work" / "made_from.json"
    content = {
        "format": FORMAT,
        "made_from": files.read_json(origin) if origin.exists() else {},
        "sha256": files.counted(files.sha256(Path(folder) / stage)),
        "steps": steps,
        "seconds": seconds,
        "memory_gb": memory,
        "history": history,
    }
    files.write_text(Path(folder) / f"{stage}.json", json.dumps(content))
    files.remove(Path(folder) / f"{stage}-work")


def resume(folder, name: str, model, tokenizer, optimizers) -> Stage:
    """Return a Stage that goes on from its last checkpoint, or begins at step 0."""
    stage = Stage(Path(folder), name, model, tokenizer, optimizers)
    if not (places := saved(folder, name)):
        return stage
    try:
        state = hub.load_training(model, optimizers, places[-1])
        kinds = {**KINDS, "step": int, "tokenizer": str}
        check_fields(state, kinds, places[-1] / "state.json")
    except ValueError as error:
        before = places[-2].name if len(places) > 1 else "the beginning"
        raise ValueError(
            f"{error}; remove the folder {places[-1].name} to go on from {before}"
        ) from error
    if state["tokenizer"] != _digest(tokenizer):
        raise ValueError(
            f"{places[-1]} was made with another tokenizer; start anew with --fresh"
        )
    stage.step, stage.history = state["step"], state["history"]
    stage.memory_gb = state["memory_gb"]
    stage.began = time.perf_counter() - state["seconds"]
    return stage


def saved(folder, name: str) -> list[Path]:
    """List the checkpoints of a stage, oldest first."""
    paths = (Path(folder) / f"{name}-work").glob("step-*")
    return sorted(path for path in paths if CHECKPOINT.fullmatch(path.name))


def mean_of(steps: list[dict]) -> dict:
    """Join the metrics of several steps into one point: the last step, and means.

    A metric that only some steps have is the mean of those.

    >>> mean_of([{"step": 1, "loss": 3.0, "mtp_loss": 4.0}, {"step": 2, "loss": 2.0}])
    {'step': 2, 'loss': 2.5, 'mtp_loss': 4.0}
    """
    values = {}
    for metrics in steps:
        for name, value in metrics.items():
            values.setdefault(name, []).append(value)
    means = {
        name: math.fsum(numbers) / len(numbers) for name, numbers in values.items()
    }
    return {**means, "step": steps[-1]["step"]}


def peak_memory_gb() -> float | None:
    """Largest resident size of this process so far; None where nobody counts it."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e9


def _at(stage: Stage, step: int) -> Path:
    return stage.beside(f"step-{step:06d}")


def _digest(tokenizer) -> str:
    return files.digest(json.dumps(tokenizer.merges))


def flat(settings: dict, prefix: str = "") -> dict:
    """Turn {"a": {"b": 1}} into {"a.b": 1}."""
    out = {}
    for name, value in settings.items():
        inner = isinstance(value, dict)
        out |= flat(value, f"{prefix}{name}.") if inner else {prefix + name: value}
    return out
