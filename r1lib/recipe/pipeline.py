"""The stages of the paper, one call each, each resumable after a kill at any moment.

`stages` lists them: what each needs, and the settings that decide it. A stage is a
generator of metrics, as `train` is. It saves as it goes and starts where it was
stopped; what it draws depends on (seed, step) alone, so a run that was killed ends with
the same weights as one that was not. `checkpoints` keeps the folder.
"""

import copy
import json
import time
from dataclasses import asdict, replace
from functools import partial
from itertools import chain
from pathlib import Path

from r1lib import artifacts, distill, evaluate, files, hub, rewards
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import new_model
from r1lib.problem import draw, problems
from r1lib.recipe import checkpoints, cold_start, r1, rejection
from r1lib.recipe.stages import BY_NAME, STAGES, RefreshedGRPO, Settings, command
from r1lib.rl import grpo
from r1lib.tokenizer import Tokenizer
from r1lib.traces import tables
from r1lib.traces.collect import collected
from r1lib.training import optim, pretrain, sft
from r1lib.world import arithmetic, countdown, skills, web
from r1lib.world.corpus import Habits
from r1lib.world.draws import draw_reasoning

FAMILIES = {"countdown": countdown.sample, "arithmetic": arithmetic.sample}


def run(stage: str, folder, settings: Settings, watch=iter):
    """Run one stage by name inside a run's folder; yields its metrics.

    `watch(iterable)` may show how far the work before the first step is: the tiny web
    that is written, the answers for a reward model. A stage whose input is missing is a
    ValueError that names the command which makes it.
    """
    files.one_of("stage", stage, STAGES)
    folder = Path(folder)
    needs, done = BY_NAME[stage].needs, checkpoints.is_done(folder, stage)
    missing = [name for name in needs if not checkpoints.is_done(folder, name)]
    if missing and not done:
        raise ValueError(
            f"{stage} needs {missing[0]}, and there is no finished {missing[0]} in "
            f"{folder}: run `{command(settings, folder, missing[0])}` first"
        )
    checkpoints.begin(folder, asdict(settings))
    there = [name for name in needs if name not in missing]
    checkpoints.made_from(folder, stage, there)
    if done:
        return iter(())
    if stage in ("base", "student"):
        return pre_train(folder, settings, stage, watch)
    if BY_NAME[stage].leaves == "scores":
        return r1.reward_models(
            folder, settings.reward_models, settings.device, names=(stage,), watch=watch
        )
    if stage == "r1":
        return r1.r1(folder, settings.last, settings.device)
    return RUN[stage](folder, settings)


def length(stage: str, settings: Settings) -> int | None:
    """How many steps a stage has; None where its metrics say it themselves, as `of`."""
    if stage == "r1":
        return settings.last.rl.steps
    return getattr(getattr(settings, BY_NAME[stage].config), "steps", None)


def pre_train(folder: Path, settings: Settings, stage: str = "base", watch=iter):
    """Pre-train the base, or the base of a student, on the same tiny web."""
    tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
    name = settings.model if stage == "base" else settings.small
    config = replace(PRESETS[name], vocab_size=tokenizer.vocab_size)
    model = new_model(config, settings.seed).to(settings.device)
    c = getattr(settings, BY_NAME[stage].config)
    optimizers = optim.base_optimizers(model, c.muon_lr, c.adamw_lr)
    kept = checkpoints.resume(folder, stage, model, tokenizer, optimizers)
    habits = Habits(spoken=settings.spoken)
    texts = watch(web.documents(c.steps * c.batch_size, settings.seed, habits))
    documents = pretrain.encode_documents(tokenizer, texts)
    watched = problems(countdown.sample, settings.looks, 0, "valid")
    recent = []

    def point(metrics: dict) -> dict | None:
        recent.append(metrics)
        if metrics["step"] % settings.point_every and metrics["step"] != c.steps:
            return None
        means = checkpoints.mean_of(recent)
        recent.clear()
        return {**means, "skills": base_skills(model, tokenizer, watched)}

    loop = pretrain.train(model, documents, c, optimizers, kept.step)
    yield from checkpoints.follow(kept, loop, c.steps, settings.save_every, point)


def base_skills(model, tokenizer, watched) -> dict[str, float]:
    """Measure what a base can do, each skill apart, on countdown problems."""
    measured = skills.measure(model, tokenizer, watched)
    return {**measured, "own attempt": skills.own_attempt(model, tokenizer, watched)}


def reinforce(folder: Path, settings: Settings, stage: str, draw_problem, reward):
    """Run GRPO from the stage's start; a reference follows the policy if it has one."""
    config = getattr(settings, BY_NAME[stage].config)
    model, tokenizer = checkpoints.load(folder, BY_NAME[stage].start, settings.device)
    ref = copy.deepcopy(model) if config.kl_coef else None
    optimizers = optim.adamw(model, config.lr)
    kept = checkpoints.resume(folder, stage, model, tokenizer, optimizers)
    refresh = config.refresh if isinstance(config, RefreshedGRPO) else 0
    if ref is not None and refresh and (old := kept.step // refresh * refresh):
        hub.load_training(ref, [], kept.beside(f"ref-{old:06d}"))
    if not kept.history:
        kept.history.append({"step": 0, **look(model, tokenizer, settings, config)})

    def loop():
        for metrics, _ in grpo.train(
            model,
            tokenizer,
            draw_problem,
            config,
            optimizers,
            reward=reward,
            start=kept.step,
            ref=ref,
        ):
            step = metrics["step"]
            if isinstance(reward, rewards.Weighted):  # "accuracy" would count their sum
                metrics |= reward.means()
                metrics["accuracy"] = metrics["right"]
            if ref is not None and refresh and step % refresh == 0:
                ref.load_state_dict(model.state_dict())
                place = kept.beside(f"ref-{step:06d}")
                hub.save_training(ref, [], place, {"step": step})
            if step % settings.look_every == 0 or step == config.steps:
                metrics |= look(model, tokenizer, settings, config)
            yield metrics

    yield from checkpoints.follow(kept, loop(), config.steps, settings.rl_save_every)


def fine_tune(folder: Path, settings: Settings, stage: str):
    """Run SFT of the stage's start on the table that it reads.

    A row that was not found correct is a ValueError, unless the settings have said that
    nobody looks; one that is longer than the model can read is left out, and `too_long`
    in the metrics counts these.
    """
    (source,) = BY_NAME[stage].reads
    config = getattr(settings, BY_NAME[stage].config)
    model, tokenizer = checkpoints.load(folder, BY_NAME[stage].start, settings.device)
    rows = tables.load(checkpoints.checked(folder, source))
    room = model.config.max_positions
    unverified = source == "samples" and "correct" not in settings.samples.filters
    examples, too_long = distill.examples(rows, tokenizer, room, unverified=unverified)
    optimizers = optim.adamw(model, config.lr)
    kept = checkpoints.resume(folder, stage, model, tokenizer, optimizers)
    steps = -(-len(examples) // config.batch_size) * config.epochs
    loop = (
        {**metrics, "too_long": too_long, "of": steps}
        for metrics in sft.train(model, examples, config, optimizers, kept.step)
    )
    yield from checkpoints.follow(kept, loop, steps, settings.sft_save_every)


def zero(folder: Path, settings: Settings, reward=rewards.total):
    """Train R1-Zero from folder/base into folder/zero; `reward` as in grpo.train."""
    return reinforce(folder, settings, "zero", draw_mixed, reward)


def dev2(folder: Path, settings: Settings):
    """Train Dev2 from Dev1: right, well-formed, and in the language of the question."""
    return reinforce(
        folder, settings, "dev2", draw_reasoning, in_one_language(settings.dev2)
    )


def in_one_language(config: RefreshedGRPO) -> rewards.Weighted:
    """The reward of the first RL of R1: Zero's, plus language consistency."""
    return rewards.Weighted(
        {
            "right": (1.0, rewards.accuracy),
            "format": (rewards.FORMAT_WEIGHT, rewards.format),
            "language": (config.language, rewards.language_consistency),
        }
    )


def cold(folder: Path, settings: Settings):
    """Collect readable traces, most of them from Zero: the table folder/cold."""
    base, tokenizer = checkpoints.load(folder, "base", settings.device)
    zero, _ = checkpoints.load(folder, "zero", settings.device)
    models = (base, zero, tokenizer)
    making = cold_start.make(folder / "cold", *models, settings.cold, settings.seed)
    yield from tabled(folder, "cold", making, cold_start.steps(settings.cold))


def samples(folder: Path, settings: Settings):
    """Sample Dev2 and keep the best, with general replies: the table folder/samples."""
    model, tokenizer = checkpoints.load(folder, "dev2", settings.device)
    making = rejection.build(
        folder / "samples",
        model,
        tokenizer,
        settings.samples,
        source=f"dev2 of seed {settings.seed}",
        seed=settings.seed,
    )
    yield from tabled(folder, "samples", making, settings.samples.steps)


def tabled(folder: Path, stage: str, making, steps: int):
    """Pass on the metrics of a table that is made, then record its statistics.

    The seconds so far are kept beside the samples, for the day that this is killed. It
    then goes on with one item of step 0: the share of right samples so far.
    """
    kept = folder / f"{stage}-work" / "seconds.json"
    before = files.read_json(kept, files.NUMBER) if kept.exists() else 0.0
    began = time.perf_counter() - max(0.0, before)
    for metrics in chain(collected(kept.parent), making):
        files.write_text(kept, json.dumps(max(0.0, time.perf_counter() - began)))
        yield {**metrics, "of": steps}
    statistics = files.read_json(folder / stage / "statistics.json")
    spent = max(0.0, time.perf_counter() - began)
    done = (steps, spent, [{"step": steps, **statistics}])
    checkpoints.finish(folder, stage, *done, checkpoints.peak_memory_gb())


RUN = {
    "zero": zero,
    "cold": cold,
    "dev1": partial(fine_tune, stage="dev1"),
    "dev2": dev2,
    "samples": samples,
    "dev3": partial(fine_tune, stage="dev3"),
    "distill": partial(fine_tune, stage="distill"),
}


def draw_mixed(rng):
    """Draw a training problem: countdown or arithmetic, either language, easy."""
    return draw(FAMILIES[rng.choice(sorted(FAMILIES))], rng, "train")


def held_out(n: int, split: str, seed: int = 0) -> list:
    """Return n problems of each family from a split that no training ever sees."""
    return [p for s in FAMILIES.values() for p in problems(s, n, seed, split)]


def look(model, tokenizer, settings: Settings, config) -> dict:
    """Sample the valid problems once: accuracy, length, and a few transcripts."""
    answers = evaluate.answer(
        model,
        tokenizer,
        held_out(settings.looks, "valid"),
        max_new_tokens=config.max_new_tokens,
    )
    shown = range(0, len(answers.problems), max(1, len(answers.problems) // 8))
    return {
        "valid": answers.right.mean().item(),
        "valid_length": answers.lengths.mean().item(),
        "transcripts": [
            {
                "prompt": answers.problems[i].prompt,
                "text": answers.texts[i][0],
                "right": bool(answers.right[i, 0]),
            }
            for i in shown
        ],
    }


def test(model, tokenizer, settings: Settings, k: int = 4) -> dict:
    """Measure a finished model on test problems: k samples each, with intervals.

    The longest room of all stages is that of each, so that columns compare.
    """
    rooms = (settings.zero, settings.dev2, settings.last.rl)
    answers = evaluate.answer(
        model,
        tokenizer,
        held_out(settings.tests, "test"),
        k,
        max_new_tokens=max(room.max_new_tokens for room in rooms),
    )
    return skills.summary(answers)
