"""The students of P9: small dense models with a base of their own, on the same web."""

from dataclasses import asdict, replace
from pathlib import Path

import torch

from r1lib import optim, pipeline, pretrain, recipe, runs
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Transformer
from r1lib.progress import bar
from r1lib.tasks import web


def load(name: str, run: Path, seed: int):
    """Return (model, tokenizer): a stage of the run, or the base of a student.

    A student that is not there is pre-trained: that of the recipe in the run itself,
    any other in runs/NAME-SEED.
    """
    if name in recipe.BY_NAME:
        return runs.load(run, name)
    how = recipe.settings("tiny", seed)
    if name == how.small:
        loop = pipeline.run("student", run, how)
        for _ in bar(loop, how.student.steps, f"{name} {seed}", ("loss",)):
            pass
        return runs.load(run, "student")
    folder = run.with_name(f"{name}-{seed}")
    if not runs.is_done(folder, "base"):
        pre_train(name, folder, runs.load(run, "base")[1], how.student)
    return runs.load(folder, "base")


def pre_train(name: str, folder: Path, tokenizer, config) -> None:
    """Pre-train another student into folder/base; a killed one goes on."""
    torch.manual_seed(config.seed)
    model = Transformer(replace(PRESETS[name], vocab_size=tokenizer.vocab_size))
    optimizers = optim.base_optimizers(model, config.muon_lr, config.adamw_lr)
    runs.begin(folder, {"model": name, **asdict(config)})
    kept = runs.resume(folder, "base", model, tokenizer, optimizers)
    texts = web.documents(config.steps * config.batch_size, config.seed)
    documents = pretrain.encode_documents(tokenizer, texts)
    loop = pretrain.train(model, documents, config, optimizers, kept.step)
    for metrics in bar(loop, config.steps, f"{name} {config.seed}", ("loss",)):
        if metrics["step"] % 500 == 0 or metrics["step"] == config.steps:
            kept.history.append(metrics)
            kept.save(metrics["step"])
    kept.finish()
