"""Kill what saves and what trains, at many moments, and see that it goes on.

    python tests/kill_and_resume.py save FOLDER     die at each call that saves
    python tests/kill_and_resume.py train FOLDER    die while training, then finish

One process imports torch, then forks a child for each attempt. `train` prints how each
attempt ended; the caller compares the weights with those of an undisturbed run.
"""

import itertools
import os
import random
import shutil
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

import torch

from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Transformer
from r1lib.recipe import checkpoints, pipeline, stages
from r1lib.tokenizer import SMALLEST, Tokenizer
from r1lib.training import optim

HOW = stages.settings("smoke")
SMALL = replace(PRESETS["smoke"], vocab_size=SMALLEST, n_layers=1, d_model=16)


def digits(problem, text: str) -> float:
    """A reward that even a model of no skill gets now and then: share of digits."""
    return sum(sign.isdigit() for sign in text) / max(1, len(text))


def train_stage(stage: str, folder):
    """A stage of a smoke run, in which something can be learned."""
    steps = pipeline.run(stage, folder, HOW)
    yield from pipeline.zero(folder, HOW, digits) if stage == "zero" else steps


KILLS = ("time", "file", "time", "file", "file", "")  # of one stage; the last lives


def die_at_call(count: int) -> None:
    """Die instead of the count-th call that makes a file or a folder appear or go."""
    calls = iter(range(count - 1, -1, -1))

    def deadly(function):
        def inner(*args, **kwargs):
            if next(calls, None) == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)

        return inner

    for name in ("replace", "fsync", "mkdir", "unlink", "rmdir"):
        setattr(os, name, deadly(getattr(os, name)))


def attempt(work, delay: float | None = None) -> bool:
    """Call `work` in a child, killed after a delay if one is given; was it killed?"""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException as problem:
            print(f"{type(problem).__name__}: {problem}", flush=True)
            os._exit(1)
    if delay is not None:
        threading.Timer(delay, os.kill, (child, signal.SIGKILL)).start()
    status = os.waitpid(child, 0)[1]
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        sys.exit(f"an attempt failed by itself: {os.WEXITSTATUS(status)}")
    return os.WIFSIGNALED(status)


def opened(folder: Path) -> checkpoints.Stage:
    """Open a run's folder with a stage that has something to save."""
    torch.manual_seed(0)
    model, tokenizer = Transformer(SMALL), Tokenizer([])
    optimizers = optim.base_optimizers(model, 0.1, 0.1)
    checkpoints.begin(folder, {"kind": "a test"})
    return checkpoints.resume(folder, "base", model, tokenizer, optimizers)


def step(stage: checkpoints.Stage, to: int) -> None:
    """Move the weights and save."""
    for parameter in stage.model.parameters():
        parameter.grad = torch.full_like(parameter, 0.01)
    for optimizer in stage.optimizers:
        optimizer.step()
    stage.history.append({"step": to})
    stage.save(to)


def save(folder: Path) -> None:
    """Die at the first, second, ... call of a save and a finish; each time go on."""

    def work():
        stage = opened(folder / "copy")
        if stage.step < 2 and not checkpoints.is_done(folder / "copy", "base"):
            step(stage, 2)
        if not checkpoints.is_done(folder / "copy", "base"):
            stage.finish()

    step(opened(folder / "start"), 1)
    wanted = None
    for count in itertools.count():
        shutil.rmtree(folder / "copy", ignore_errors=True)
        shutil.copytree(folder / "start", folder / "copy")
        killed = count > 0 and attempt(lambda n=count: (die_at_call(n), work()))
        work()
        found = checkpoints.record(folder / "copy", "base")
        assert [point["step"] for point in found["history"]] == [1, 2], found["history"]
        wanted = wanted or found["sha256"]
        assert found["sha256"] == wanted, f"after a kill at call {count}: {found}"
        checkpoints.load(folder / "copy", "base")
        names = sorted(path.name for path in (folder / "copy").iterdir())
        assert names == ["base", "base.json", "settings.json"], names
        if count and not killed:
            print(f"died at each of {count - 1} calls")
            return


def train(folder: Path) -> None:
    """Run the stages with kills in between."""
    optim.base_optimizers(Transformer(PRESETS["smoke"]), 0.1, 0.1)  # slow imports
    rng = random.Random()
    for stage in stages.STAGES:
        for kill in KILLS:
            calls = rng.randrange(1, 30) if kill == "file" else 0

            def work(stage=stage, calls=calls):
                die_at_call(calls)
                for _ in train_stage(stage, folder):
                    pass

            delay = rng.uniform(0.1, 2.0) if kill == "time" else None
            killed = attempt(work, delay)
            steps = [int(path.name[5:]) for path in checkpoints.saved(folder, stage)]
            print(stage, kill, "killed" if killed else "finished", steps, flush=True)
            if not killed:
                break


if __name__ == "__main__":
    torch.set_num_threads(1)
    {"save": save, "train": train}[sys.argv[1]](Path(sys.argv[2]))
