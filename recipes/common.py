"""What the recipes share: arguments, the model to start from, the loop that is run."""

import argparse
import contextlib
import json
import shutil
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import torch

from r1lib import artifacts, files, hub, sampling
from r1lib.hub import tokenizers
from r1lib.hub.families import read_config
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import new_model
from r1lib.progress import bar
from recipes import plan
from recipes.download import download

BASE = (  # of a base model, that has no chat template of its own
    "A user asks a question and an assistant answers it after thinking.\nUser: ",
    "\nAssistant: ",
)
CHAT = ("<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n")


def parser(doc: str, model: str, out: str) -> argparse.ArgumentParser:
    """The arguments that every recipe has."""
    made = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--model", default=model, help="owner/name, or a folder")
    made.add_argument("--out", type=Path, default=Path("runs") / out)
    made.add_argument("--dry-run", action="store_true", help="print the plan and stop")
    made.add_argument("--smoke", action="store_true", help="tiny random weights, CPU")
    made.add_argument("--gpu", default="h100", choices=plan.GPUS)
    made.add_argument("--seed", type=int, default=0)
    return made


def preset_of(name: str):
    """The configuration of a published model: a preset, or the config.json of a folder.

    >>> preset_of("Qwen/Qwen2.5-0.5B").n_layers
    24
    """
    if (Path(name) / "config.json").is_file():
        return read_config(files.read_json(Path(name) / "config.json"))
    short = name.rpartition("/")[2].lower()
    known = [preset for preset in PRESETS if short.startswith(preset)]
    if not known:
        raise ValueError(
            f"a plan needs the sizes of a model: one of {', '.join(PRESETS)}, or a "
            f"folder with config.json, got {files.shown(name)}"
        )
    return PRESETS[max(known, key=len)]


def start(asked, frame: tuple[str, str]):
    """The model and tokenizer to begin with, on the GPU if there is one."""
    if asked.smoke:
        tokenizer = artifacts.load("base-tiny")[1]
        config = replace(PRESETS["student-qwen"], vocab_size=tokenizer.vocab_size)
        return new_model(config, asked.seed), tokenizer, None
    folder = Path(asked.model)
    folder = folder if folder.is_dir() else download(asked.model)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return hub.load(folder).to(device), tokenizers.load(folder, frame), folder


def mixed(model):
    """Compute in bfloat16 where weights are float32, on a GPU; else as it is."""
    if model.embed.weight.is_cuda:
        return torch.autocast("cuda", torch.bfloat16)
    return contextlib.nullcontext()


def follow(loop, steps: int, name: str, shown: tuple[str, ...], model) -> list[dict]:
    """Run a loop of metrics under a progress bar; return them all."""
    history = []
    with mixed(model):
        for metrics in bar(loop, steps, name, shown):
            history.append(metrics)
    return history


def accuracy(model, tokenizer, problems, max_new_tokens: int) -> float:
    """Share of problems whose greedy completion is right."""
    settings = sampling.Sampling(max_new_tokens, temperature=0)
    asked = [problem.prompt for problem in problems]
    with mixed(model):
        texts = sampling.complete(model, tokenizer, asked, 1, settings)
    right = [p.check(t[0]) for p, t in zip(problems, texts, strict=True)]
    return sum(right) / len(right)


def finish(asked, model, tokenizer, folder, history: list, **found) -> None:
    """Write the model for transformers and vLLM, its tokenizer, and the history."""
    made = asked.out / "model"
    if folder is None:
        hub.export_hf(model, made, tokenizer)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that no tokenizer is written: it is now
            hub.export_hf(model, made)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            if (folder / name).is_file():
                shutil.copy(folder / name, made)
    content = {"history": history, **found}
    files.write_text(asked.out / "history.json", json.dumps(content))
    print(f"wrote {asked.out}; " + ", ".join(f"{k} {v}" for k, v in found.items()))


def run(main) -> None:
    """Call a recipe; mistakes and a full memory are one line each."""
    try:
        main()
    except ValueError as error:
        sys.exit(str(error))
    except torch.OutOfMemoryError as error:
        sys.exit(
            f"out of memory: {files.line(error, 200)} Lower micro_tokens, prompts or "
            "max_new_tokens; --dry-run prints what each part needs"
        )
