"""Measure what cutting the work over ranks changes: losses and weights, beside one.

    python -m results.sharded

Pre-training, SFT and GRPO of six steps run on 1, 2 and 4 gloo ranks of this machine, by
DDP and by FSDP2, then once more on 2 ranks that are killed after step 3 and go on as 4.
Pre-training and SFT also run as the library's plain loops, without torch.distributed.
Writes results/data/sharded.json: the largest differences from one rank.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from r1lib import hub
from r1lib.hub.names import weights
from r1lib.training import optim, pretrain, sft
from r1lib.world import web
from recipes import distributed as recipe
from results import one_unit
from tools import provenance

RANKS, WAYS, STEPS = (2, 4), ("ddp", "fsdp"), 6


def train(kind: str, ranks: int, way: str, out: Path, kill: str = "") -> int:
    """Run the recipe on so many ranks; returns the exit code."""
    command = [sys.executable, "-m", "recipes.launch", str(ranks)]
    command += ["recipes.distributed", kind, "--way", way, "--out", str(out)]
    given = os.environ | {"OMP_NUM_THREADS": "1", "R1_KILL": kill}
    return subprocess.run(command, env=given, capture_output=True).returncode


def read(out: Path) -> tuple[list[float], dict[str, torch.Tensor]]:
    """The losses of a run, and the weights that it has left."""
    history = json.loads((out / "history.json").read_text())
    model = hub.load(out / "model")
    return [point["loss"] for point in history], weights(model)


def differences(one, other) -> dict[str, float]:
    """Largest difference of a loss and of a weight between two runs."""
    losses = [abs(a - b) for a, b in zip(one[0], other[0], strict=False)]
    moved = [(one[1][name] - x).abs().max().item() for name, x in other[1].items()]
    return {"loss": max(losses, default=0.0), "weights": max(moved)}


def plain(kind: str):
    """Losses and weights of the library's own loop, in this process."""
    asked = recipe.arguments([kind, "--out", "unused", "--steps", str(STEPS)])
    model, tokenizer = recipe.begin(asked, "cpu")
    optimizers = optim.adamw(model, asked.lr)
    texts = web.documents(asked.steps * asked.batch, asked.seed)
    if kind == "pretrain":
        config = pretrain.PretrainConfig(asked.steps, asked.batch)
        documents = pretrain.encode_documents(tokenizer, texts)
        loop = pretrain.train(model, documents, config, optimizers)
    else:
        examples = sft.encode(tokenizer, texts)
        config = sft.SFTConfig(1, asked.batch, micro_tokens=asked.tokens)
        loop = sft.train(model, examples, config, optimizers)
    losses = []
    for metrics in loop:
        extra = 0.3 * metrics.get("mtp_loss", 0.0)
        losses.append(metrics["loss"] + extra)
    return losses, weights(model)


def unit(folder: Path, kinds=tuple(recipe.KINDS)) -> dict:
    """Run everything; returns a row for each kind, way and number of ranks."""
    rows, plan = [], [(way, ranks) for way in WAYS for ranks in RANKS]
    for kind in kinds:
        print(kind, flush=True)
        train(kind, 1, "ddp", folder / "one")
        one = read(folder / "one")
        moved = differences(one, start(kind))["weights"]
        rows.append({"kind": kind, "way": "start", "ranks": 1, "weights": moved})
        if kind != "grpo":
            found = differences(one, plain(kind))
            rows.append({"kind": kind, "way": "plain loop", "ranks": 1, **found})
        for way, ranks in plan:
            train(kind, ranks, way, folder / f"{way}-{ranks}")
            found = differences(one, read(folder / f"{way}-{ranks}"))
            rows.append({"kind": kind, "way": way, "ranks": ranks, **found})
        code = train(kind, 2, "fsdp", folder / "killed", "1 after 3")
        train(kind, 4, "fsdp", folder / "killed")
        found = differences(one, read(folder / "killed"))
        rows.append({"kind": kind, "way": "killed", "ranks": 4, "code": code, **found})
        shutil.rmtree(folder)
    return {"rows": rows, "settings": {"steps": STEPS, "kill": "rank 1 after step 3"}}


def start(kind: str):
    """The weights that a run begins with, in the form of `read`, without losses."""
    asked = recipe.arguments([kind, "--out", "unused"])
    return [], weights(recipe.begin(asked, "cpu")[0])


def main() -> None:
    """Measure, and write the table."""
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        found = unit(Path(folder) / "runs")
    names = ("tokenizer", "base-tiny")
    path = provenance.DATA / "sharded.json"
    one_unit.write(path, found, "results.sharded", weights=names, seed=0)


if __name__ == "__main__":
    main()
