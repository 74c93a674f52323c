"""Measure one unit, (what, seed), and write one JSON file.

    python -m results.unit base 0     pre-train: skills over steps, the controls of P1
    python -m results.unit zero 0     R1-Zero from that base: P1, P2, P3, P4
    python -m results.unit early 0    P12: the same RL from a base that has no skill yet
    python -m results.unit blind 0    P12: and from one that adds, but never saw a check

A run of seed N lives in runs/seed-N, and `r1.py train --seed N --out runs/seed-N` adds
the later stages; a killed `base` or `zero` goes on there, the others begin anew. Each
R1-Zero starts from the base of its own seed. Evaluation uses test problems only, 16
samples of each at temperature 1.
"""

import shutil
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

from r1lib import artifacts, evaluate, files, hub
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import new_model
from r1lib.problem import problems
from r1lib.progress import bar
from r1lib.recipe import checkpoints, pipeline, stages
from r1lib.rl import grpo
from r1lib.tokenizer import Tokenizer, chat
from r1lib.training import optim, pretrain
from r1lib.world import corpus, countdown, skills, web
from results import distinct, one_unit

SAMPLES = 16
EARLY = 500  # base step of the model that cannot check yet
MIDDLE = 40  # zero step at which the vote is compared with pass@1
CONTROL_STEPS = 60


def measure(
    model, tokenizer, settings, k=SAMPLES, **options
) -> tuple[dict, evaluate.Answers]:
    """Answer the test problems; return the summary with pass@16 and the vote."""
    answers = evaluate.answer(
        model,
        tokenizer,
        pipeline.held_out(settings.tests, "test"),
        k,
        max_new_tokens=settings.zero.max_new_tokens,
        seed=settings.seed,
        **options,
    )
    return described(answers), answers


def described(answers: evaluate.Answers) -> dict:
    """The summary of answers, with pass@k, the vote and how countdown is searched."""
    out = skills.summary(answers)
    if answers.right.shape[1] > 1:
        add_votes(out, answers)
    out["countdown"] |= searching(answers)
    return out


def searching(answers: evaluate.Answers) -> dict:
    """How countdown is searched: attempts in a completion, and sums done twice."""
    lines = [
        line
        for problem, texts in zip(answers.problems, answers.texts, strict=True)
        if problem.family == "countdown"
        for text in texts
        for line in chat.thinking(text).split("\n")
        if line
    ]
    repeated = sum(line.startswith(skills.ONCE_MORE) for line in lines)
    completions = sum(p.family == "countdown" for p in answers.problems)
    completions *= answers.right.shape[1]
    return {
        "attempts": (len(lines) - repeated) / completions,
        "again": repeated / max(1, len(lines)),
    }


def add_votes(out: dict, answers: evaluate.Answers) -> None:
    """Add pass@16 and majority@16, pooled and by family, with intervals."""
    k = answers.right.shape[1]
    votes = skills.majority_right(answers)
    any_right = answers.right.amax(1).tolist()
    names = [p.family for p in answers.problems]
    for family in (None, *sorted(set(names))):
        place = out if family is None else out[family]
        for name, values in ((f"majority@{k}", votes), (f"pass@{k}", any_right)):
            mine = [
                v for v, n in zip(values, names, strict=True) if family in (None, n)
            ]
            place[name] = sum(mine) / len(mine)
            place[f"{name} interval"] = evaluate.interval(mine)


def transcripts(answers: evaluate.Answers, n: int = 8) -> list[dict]:
    """The first sample of the first problems of each family, unselected."""
    half = len(answers.problems) // 2
    rows = [*range(n // 2), *range(half, half + n // 2)]
    return [
        {
            "prompt": answers.problems[i].prompt,
            "text": answers.texts[i][0],
            "right": bool(answers.right[i, 0]),
        }
        for i in rows
    ]


def controls(model, tokenizer, settings) -> dict:
    """The base sampled, greedy, and forced to go on until it says yes.

    The last two also know which habit of the base is a waste: one bans the word that
    announces a sum done again ("nothing twice", as first named), one the sum itself.
    """
    sampled, answers = measure(model, tokenizer, settings)
    forced = {"prefix": "<think>", "steer": skills.never_give_up(tokenizer)}
    out = {"sampled": sampled, "transcripts": transcripts(answers)}
    out["greedy"], _ = measure(model, tokenizer, settings, 1, temperature=0.0)
    for name, temperature in (("forced", 1.0), ("forced, T=0.6", 0.6)):
        out[name], _ = measure(
            model, tokenizer, settings, 4, temperature=temperature, **forced
        )
    out["forced, greedy"], _ = measure(
        model, tokenizer, settings, 1, temperature=0.0, **forced
    )
    steer = skills.never_give_up(tokenizer, avoid=countdown.AGAIN.values())
    out["nothing twice, T=0.6"], _ = measure(
        model, tokenizer, settings, 4, temperature=0.6, prefix="<think>", steer=steer
    )
    answers, stuck = distinct.answer(
        model,
        tokenizer,
        pipeline.held_out(settings.tests, "test"),
        k=4,
        most=settings.zero.max_new_tokens,
        seed=settings.seed,
    )
    out["no sum twice, T=0.6"] = described(answers) | {"stuck": stuck}
    return out


def base(folder: Path, settings) -> dict:
    """Pre-train, keep an early copy for P12, and measure the controls of P1."""
    steps = pipeline.run("base", folder, settings)
    for _ in bar(steps, settings.pretrain.steps, f"base {settings.seed}", ("loss",)):
        pass
    model, tokenizer = hub.load_model(folder / "base")
    record, skills = checkpoints.record(folder, "base"), one_unit.curve(folder, "base")
    return {
        "P1": {"controls": controls(model, tokenizer, settings)},
        "weights": record["sha256"],
        "skills": skills,
        "minutes": record["seconds"] / 60,
    }


def zero(folder: Path, settings) -> dict:
    """Run R1-Zero and measure it at the end, and in the middle for the vote."""
    steps = pipeline.run("zero", folder, settings)
    kept = folder.with_name(f"zero-middle-{settings.seed}")
    if checkpoints.is_done(folder, "zero") and not kept.exists():
        raise ValueError(
            f"{folder}/zero is finished, and its step {MIDDLE} is not in {kept}: "
            "only this unit keeps that step, so let it make zero"
        )
    shown = ("reward", "length")
    for metrics in bar(steps, settings.zero.steps, f"zero {settings.zero.seed}", shown):
        if metrics["step"] == MIDDLE:
            keep(folder / "zero-work", MIDDLE, kept)
    model, tokenizer = hub.load_model(folder / "zero")
    final, answers = measure(model, tokenizer, settings)
    greedy, _ = measure(model, tokenizer, settings, 1, temperature=0.0)
    hub.load_training(model, [], kept)
    middle, during = measure(model, tokenizer, settings)
    record = checkpoints.record(folder, "zero")
    return {
        "P1": {"zero": final, "greedy": greedy, "minutes": record["seconds"] / 60},
        "weights": record["sha256"],
        "history": one_unit.curve(folder, "zero"),
        "P2": {"length": final["length"]},
        "P3": {"reflects": final["reflects"]},
        "P4": {"step": MIDDLE, **middle},
        "transcripts": {"during": transcripts(during), "after": transcripts(answers)},
    }


def texts_of(settings, habits=corpus.Habits()):  # noqa: B008
    """As many documents of the tiny web as the finished base reads."""
    n = settings.pretrain.steps * settings.pretrain.batch_size
    return web.documents(n, settings.seed, habits)


def texts_without_checks(settings):
    """As many, and no line in any of them ends with a verdict.

    Habits take the checks out of the two games; logic puzzles and programs that hold
    some, a twentieth of the web, are left out, and others read in their place.
    """
    n = settings.pretrain.steps * settings.pretrain.batch_size
    drawn = web.documents(2 * n, settings.seed, corpus.Habits(checks=0.0))
    ends = (*skills.YES, *skills.NO)
    unchecked = (
        (prompt, text)
        for prompt, text in drawn
        if not any(line.endswith(ends) for line in text.splitlines())
    )
    return islice(unchecked, n)


def other_base(settings, steps: int, texts):
    """Pre-train a model on other texts, or for `steps` steps only, not saved."""
    tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
    config = replace(PRESETS[settings.model], vocab_size=tokenizer.vocab_size)
    model, c = new_model(config, settings.seed), settings.pretrain
    documents = pretrain.encode_documents(tokenizer, texts)
    optimizers = optim.base_optimizers(model, c.muon_lr, c.adamw_lr)
    loop = islice(pretrain.train(model, documents, c, optimizers), steps)
    for _ in bar(loop, steps, f"base {settings.seed}", ("loss",)):
        pass
    return model, tokenizer


def short_rl(model, tokenizer, settings) -> dict:
    """Give a base that cannot check CONTROL_STEPS of the same RL, for P12."""
    watched = problems(countdown.sample, settings.looks, 0, "valid")
    known = pipeline.base_skills(model, tokenizer, watched)
    before, _ = measure(model, tokenizer, settings, 4)
    config = replace(settings.zero, steps=CONTROL_STEPS)
    optimizers = optim.adamw(model, config.lr)
    loop = grpo.train(model, tokenizer, pipeline.draw_mixed, config, optimizers)
    history = []
    for metrics, _ in bar(
        loop, config.steps, f"zero {settings.seed}", ("reward", "length")
    ):
        history.append(metrics)
    after, answers = measure(model, tokenizer, settings, 4)
    row = {"skills": known, "before": before, "after": after}
    return {"P12": row, "history": history, "transcripts": transcripts(answers)}


def early(folder: Path, settings) -> dict:
    """P12: a base from before any skill; learning must stay small."""
    result = short_rl(*other_base(settings, EARLY, texts_of(settings)), settings)
    result["P12"]["base step"] = EARLY
    return result


def blind(folder: Path, settings) -> dict:
    """P12: a base that has read sums but no checks: it adds, and cannot check."""
    steps = settings.pretrain.steps  # as long as the finished base reads
    result = short_rl(
        *other_base(settings, steps, texts_without_checks(settings)), settings
    )
    result["P12"]["base step"] = steps
    return result


def keep(work: Path, step: int, target: Path) -> None:
    """Copy the checkpoint of a step before the run moves on and deletes it."""
    with files.new_folder(target) as new:
        shutil.copytree(work / f"step-{step:06d}", new, dirs_exist_ok=True)


UNITS = {
    "base": base,
    "zero": zero,
    "early": early,
    "blind": blind,
}


def main() -> None:
    """Run one unit and write results/data/UNIT-SEED.json."""
    asked = one_unit.arguments(one_unit.parser(__doc__, unit=UNITS))
    settings = stages.settings("tiny", seed=asked.seed)
    measured = UNITS[asked.unit]
    one_unit.write(
        asked.out / f"{asked.unit}-{asked.seed}.json",
        measured(Path("runs") / f"seed-{asked.seed}", settings),
        f"results.unit {asked.unit} {asked.seed}",
        seed=asked.seed,
        settings=asdict(settings),
    )


if __name__ == "__main__":
    main()
