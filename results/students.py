"""The students of P9: small dense models with a base of their own, on the same web."""

from dataclasses import asdict, replace
from pathlib import Path

from r1lib.model.presets import PRESETS
from r1lib.model.transformer import new_model
from r1lib.progress import bar
from r1lib.recipe import checkpoints, pipeline, stages
from r1lib.training import optim, pretrain
from r1lib.world import web
from results import one_unit

SAVE_EVERY = 500


def load(name: str, run: Path, seed: int):
    """Return (model, tokenizer, sha256): a stage of the run, or the base of a student.

    What is not there is trained: stages of the recipe in the run itself, the base of
    any other student in runs/NAME-SEED.
    """
    settings, folder, stage = stages.settings("tiny", seed), run, name
    if name == settings.small:
        stage = "student"
    elif name not in stages.BY_NAME:
        folder, stage = run.with_name(f"{name}-{seed}"), "base"
    with one_unit.alone(folder.with_name(f"{folder.name}-{stage}")):
        if folder != run and not checkpoints.is_done(folder, stage):
            tokenizer, config = checkpoints.load(run, "base")[1], settings.student
            pre_train(name, folder, tokenizer, config)
        elif not checkpoints.is_done(folder, stage):
            loop, steps = (
                pipeline.run(stage, run, settings),
                pipeline.length(stage, settings),
            )
            for _ in bar(loop, steps, f"{name} {seed}", ("loss",)):
                pass
    return (
        *checkpoints.load(folder, stage),
        checkpoints.record(folder, stage)["sha256"],
    )


def pre_train(name: str, folder: Path, tokenizer, config) -> None:
    """Pre-train another student into folder/base; a killed one goes on."""
    shape = replace(PRESETS[name], vocab_size=tokenizer.vocab_size)
    model = new_model(shape, config.seed)
    optimizers = optim.base_optimizers(model, config.muon_lr, config.adamw_lr)
    checkpoints.begin(folder, {"model": name, **asdict(config)})
    kept = checkpoints.resume(folder, "base", model, tokenizer, optimizers)
    texts = web.documents(config.steps * config.batch_size, config.seed)
    documents = pretrain.encode_documents(tokenizer, texts)
    loop = pretrain.train(model, documents, config, optimizers, kept.step)

    def point(metrics: dict) -> dict | None:
        saved = metrics["step"] % SAVE_EVERY == 0 or metrics["step"] == config.steps
        return metrics if saved else None

    steps = checkpoints.follow(kept, loop, config.steps, SAVE_EVERY, point)
    for _ in bar(steps, config.steps, f"{name} {config.seed}", ("loss",)):
        pass
