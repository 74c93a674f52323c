"""The stages of the paper, one call each, each resumable after a kill at any moment.

    base   pre-train on the tiny web                     (DeepSeek-V3-Base)
    zero   pure reinforcement learning from the base     (R1-Zero)

A stage is a generator of metrics, as `train` is. It saves as it goes and starts where
it was stopped; what it draws depends on (seed, step) alone, so a run that was killed
ends with the same weights as one that was not. `runs` keeps the folder.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from r1lib import artifacts, evaluate, optim, pretrain, rewards, runs
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Transformer
from r1lib.pretrain import PretrainConfig
from r1lib.rl import grpo
from r1lib.rl.grpo import GRPOConfig
from r1lib.tasks import arithmetic, corpus, countdown, draw, problems
from r1lib.tokenizer import Tokenizer

STAGES = ("base", "zero")
FAMILIES = {"countdown": countdown.sample, "arithmetic": arithmetic.sample}


@dataclass(frozen=True)
class Settings:
    """Everything that decides a run; `seed` moves all the random choices."""

    model: str = "tiny"
    pretrain: PretrainConfig = PretrainConfig()
    zero: GRPOConfig = GRPOConfig()
    point_every: int = 100  # base steps between points of the curve: mean loss, skills
    save_every: int = 500  # base steps between checkpoints
    zero_save_every: int = 5  # zero steps between checkpoints
    look_every: int = 20  # zero steps between evaluations, with transcripts
    looks: int = 128  # valid problems of each family in such an evaluation
    tests: int = 256  # test problems of each family in the final table
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self):
        if self.save_every % self.point_every:
            raise ValueError(
                f"save_every ({self.save_every}) must be a multiple of point_every "
                f"({self.point_every})"
            )


SETTINGS = {
    "tiny": Settings(),
    "smoke": Settings(
        model="smoke",
        pretrain=PretrainConfig(steps=60, batch_size=8),
        zero=GRPOConfig(steps=6, prompts=4, group_size=8, max_new_tokens=48),
        point_every=10,
        save_every=20,
        zero_save_every=2,
        look_every=3,
        looks=2,
        tests=4,
    ),
}


def settings(name: str, seed: int = 0, device: str = "cpu") -> Settings:
    """Return named settings with a seed and a device put in."""
    if name not in SETTINGS:
        raise ValueError(f"preset must be one of {', '.join(SETTINGS)}, got {name!r}")
    chosen = SETTINGS[name]
    return replace(
        chosen,
        seed=seed,
        device=device,
        pretrain=replace(chosen.pretrain, seed=seed),
        zero=replace(chosen.zero, seed=seed),
    )


def run(stage: str, folder, how: Settings, watch=iter):
    """Run one stage by name inside a run's folder; yields its metrics.

    `watch(iterable)` may show how far the reading of the tiny web is.
    """
    if stage not in STAGES:
        raise ValueError(f"stage must be one of {', '.join(STAGES)}, got {stage!r}")
    folder = Path(folder)
    runs.begin(folder, asdict(how))
    return base(folder, how, watch) if stage == "base" else zero(folder, how)


def base(folder: Path, how: Settings, watch=iter):
    """Pre-train the base model into folder/base."""
    if runs.is_done(folder, "base"):
        return
    tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
    torch.manual_seed(how.seed)
    config = replace(PRESETS[how.model], vocab_size=tokenizer.vocab_size)
    model = Transformer(config).to(how.device)
    c = how.pretrain
    optimizers = optim.base_optimizers(model, c.muon_lr, c.adamw_lr)
    stage = runs.resume(folder, "base", model, tokenizer, optimizers)
    texts = watch(corpus.documents(c.steps * c.batch_size, how.seed))
    documents = pretrain.encode_documents(tokenizer, texts)
    watched = problems(countdown.sample, how.looks, 0, "valid")
    recent = []
    for metrics in pretrain.train(model, documents, c, optimizers, stage.step):
        step, last = metrics["step"], metrics["step"] == c.steps
        recent.append(metrics)
        if step % how.point_every == 0 or last:
            point = {**runs.mean_of(recent), "seconds": stage.seconds()}
            point["skills"] = skills(model, tokenizer, watched)
            stage.history.append(point)
            recent.clear()
        if step % how.save_every == 0 or last:
            stage.save(step)
        yield metrics
    stage.finish()


def skills(model, tokenizer, watched) -> dict[str, float]:
    """Measure what a base can do, each skill apart, on countdown problems."""
    found = evaluate.skills(model, tokenizer, watched)
    return {**found, "own attempt": evaluate.own_attempt(model, tokenizer, watched)}


def zero(folder: Path, how: Settings, reward=rewards.total):
    """Train R1-Zero from folder/base into folder/zero; `reward` as in grpo.train."""
    if runs.is_done(folder, "zero"):
        return
    model, tokenizer = runs.load(folder, "base", how.device)
    optimizers = optim.adamw(model, how.zero.lr)
    stage = runs.resume(folder, "zero", model, tokenizer, optimizers)
    if not stage.history:
        stage.history.append({"step": 0, **look(model, tokenizer, how)})
    kind = {"reward": reward, "start": stage.step}
    steps = grpo.train(model, tokenizer, draw_mixed, how.zero, optimizers, **kind)
    for metrics, _ in steps:
        step, last = metrics["step"], metrics["step"] == how.zero.steps
        if step % how.look_every == 0 or last:
            metrics |= look(model, tokenizer, how)
        stage.history.append({**metrics, "seconds": stage.seconds()})
        if step % how.zero_save_every == 0 or last:
            stage.save(step)
        yield metrics
    stage.finish()


def draw_mixed(rng):
    """Draw a training problem: countdown or arithmetic, either language, easy."""
    return draw(FAMILIES[rng.choice(sorted(FAMILIES))], rng, "train")


def held_out(n: int, split: str, seed: int = 0) -> list:
    """Return n problems of each family from a split that no training ever sees."""
    return [p for s in FAMILIES.values() for p in problems(s, n, seed, split)]


def look(model, tokenizer, how: Settings) -> dict:
    """Sample the valid problems once: accuracy, length, and a few transcripts."""
    found = evaluate.answer(
        model,
        tokenizer,
        held_out(how.looks, "valid"),
        max_new_tokens=how.zero.max_new_tokens,
    )
    shown = range(0, len(found.problems), max(1, len(found.problems) // 8))
    return {
        "valid": found.right.mean().item(),
        "valid_length": found.lengths.mean().item(),
        "transcripts": [
            {
                "prompt": found.problems[i].prompt,
                "text": found.texts[i][0],
                "right": bool(found.right[i, 0]),
            }
            for i in shown
        ],
    }


def test(model, tokenizer, how: Settings, k: int = 4) -> dict:
    """Measure a finished model on test problems: k samples each, with intervals."""
    found = evaluate.answer(
        model,
        tokenizer,
        held_out(how.tests, "test"),
        k,
        max_new_tokens=how.zero.max_new_tokens,
    )
    return evaluate.summary(found)
