"""What `tools.train` does once its arguments make sense: train, measure, report."""

import json
import os
import sys
import time
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path

import torch
from tqdm import tqdm

from r1lib import evaluate, files, sandbox
from r1lib.files import shown
from r1lib.problem import LEVELS
from r1lib.progress import RECENT, bar, minutes
from r1lib.recipe import checkpoints, pipeline
from r1lib.recipe import stages as recipe
from r1lib.recipe.stages import BY_NAME, STAGES, Settings
from r1lib.world import scorecard
from tools import provenance, report, report_words, shipped
from tools.environment import try_lock

WRITTEN = ("results.json", "report.html")
ASKED = ("countdown", "arithmetic", "facts", "refusal")  # one problem of each is shown
ANSWER = {"prompt", "text", "right"}  # what is kept of an answer to one


def run(asked) -> None:
    """Train what is asked for, measure it, write the report and print the table."""
    settings = recipe.settings(asked.preset, asked.seed, asked.device)
    stages = chosen(asked.stage, asked.first)
    taken = ()
    if asked.shipped and (asked.stage or asked.first):
        taken = needed(stages)
    elif asked.shipped:
        taken, stages = shipped.stages(settings) or STAGES, ()
    choose_device(asked.device)
    checkpoints.check_own(asked.out)  # before a lock is left there
    promise = sandbox.promise()
    if not promise.startswith(("filtered", "walled")):
        print(f"programs run with {promise}", flush=True)
    with claimed(asked.out):
        if asked.fresh:
            forget(asked.out, asked.stage or asked.first, settings)
        for stage in taken:
            take(stage, asked.out, settings)
        for stage in stages:
            train(stage, asked.out, settings)
        results = measure(asked, settings)
        page = report.write(asked.out)
    print(f"\n{report.as_text(report.table(results))}\n")
    if any("card" in found for found in results["stages"].values()):
        print(report_words.of_scorecard(results))
    print(f"report: {page.resolve()}")


def chosen(only: str | None, first: str | None) -> tuple[str, ...]:
    """The stages to run: one, or one with all after it, or all."""
    if only and first:
        raise ValueError(f"wanted --stage or --from, got both: {only} and {first}")
    for name in (only, first):
        if name is not None and name not in STAGES:
            raise ValueError(
                f"stage must be one of {', '.join(STAGES)}, got {shown(name)}"
            )
    return (only,) if only else STAGES[STAGES.index(first or STAGES[0]) :]


def needed(stages: tuple[str, ...]) -> tuple[str, ...]:
    """What these stages are made from and none of them makes, in order."""
    needs = {need for stage in stages for need in BY_NAME[stage].needs}
    return tuple(name for name in STAGES if name in needs - set(stages))


def choose_device(name: str) -> None:
    """Say which devices there are; an absent one is an error."""
    there = {
        "cpu": 1,
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
    }
    kind, _, index = name.partition(":")
    if kind not in there or not (index.isdecimal() or index == ""):
        raise ValueError(f"device must be one of {', '.join(there)}, got {shown(name)}")
    if int(index or 0) >= there[kind]:
        names = ", ".join(kind for kind, count in there.items() if count)
        raise ValueError(f"there is no device {name} on this machine, only {names}")
    if "OMP_NUM_THREADS" not in os.environ:  # tiny tensors: more threads are slower
        torch.set_num_threads(min(4, os.cpu_count() or 1))
    devices = [f"{kind} ({'yes' if count else 'no'})" for kind, count in there.items()]
    threads = f", {torch.get_num_threads()} threads" if kind == "cpu" else ""
    print(f"devices: {', '.join(devices)}; training on {name}{threads}", flush=True)


@contextmanager
def claimed(folder: Path):
    """Keep a run's folder to this process; the system frees it when that dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "a+") as lock:
        if not try_lock(lock):
            raise ValueError(f"another training is at work in {folder}")
        yield


def forget(folder: Path, stage: str | None, settings: Settings) -> None:
    """Remove a stage and all that was made from it, or the whole run without a stage.

    Only files that the run wrote. A stage of a run with other settings is a ValueError,
    and nothing is removed.
    """
    checkpoints.check_own(folder)
    if not (folder / "settings.json").exists():
        return
    if stage:
        checkpoints.agree(folder, asdict(settings))
    stages = recipe.made_of(stage) if stage else STAGES
    begun = (checkpoints.is_done, checkpoints.saved)
    there = [stage for stage in stages if any(is_so(folder, stage) for is_so in begun)]
    print(f"forgotten: {', '.join(there) or 'nothing was there'}", flush=True)
    checkpoints.forget(folder, stages)
    for name in WRITTEN if stage else (*WRITTEN, "answers.json", "settings.json"):
        files.remove(folder / name)


def train(stage: str, folder: Path, settings: Settings) -> None:
    """Run one stage behind a progress bar, or say that it is finished."""
    steps = pipeline.run(stage, folder, settings, preparing)
    if checkpoints.is_done(folder, stage):
        print(f"{stage}: finished before, skipped ({folder / stage})")
        return
    total = pipeline.length(stage, settings)
    if saved := checkpoints.saved(folder, stage):
        print(f"{stage}: going on from {saved[-1].name}", flush=True)
    over = None if BY_NAME[stage].leaves == "table" else RECENT  # all of a table
    for _ in bar(steps, total, stage, BY_NAME[stage].called, over):
        pass
    last = checkpoints.last_point(checkpoints.record(folder, stage))
    if left_out := last.get("too_long"):
        print(f"{stage}: {left_out} texts were too long for the model and left out")


def take(stage: str, folder: Path, settings: Settings) -> None:
    """Take one stage from artifacts/, unless the folder has one that is finished."""
    if checkpoints.is_done(folder, stage):
        print(f"{stage}: there already ({folder / stage})")
        return
    shipped.take(stage, folder, settings)
    print(f"{stage}: taken from artifacts/{shipped.name_of(stage, settings)}")


def preparing(items):
    """Show what a stage does before its first step: half a minute or a few minutes."""
    live = sys.stderr.isatty()
    return tqdm(items, "getting ready", leave=False, disable=not live)


def measure(asked, settings: Settings) -> dict:
    """Test every finished model that was not tested before; write results.json."""
    content = {
        "command": command(asked),
        "preset": asked.preset,
        "seed": asked.seed,
        "device": asked.device,
        "settings": json.loads(json.dumps(asdict(settings))),
        "provenance": provenance.block(weights=["tokenizer"]),
    }
    before, stages = earlier(asked.out, content), {}
    for stage in filter(lambda s: checkpoints.is_done(asked.out, s), STAGES):
        record = checkpoints.record(asked.out, stage)
        last = checkpoints.last_point(record)
        stages[stage] = {
            "sha256": record["sha256"],
            "steps": record["steps"],
            "minutes": record["seconds"] / 60,
            "shipped": record.get("shipped"),
            "memory_gb": record["memory_gb"],
            "last": {name: last[name] for name in last if name != "transcripts"},
        }
        if BY_NAME[stage].leaves == "model":
            model, tokenizer = checkpoints.load(asked.out, stage, settings.device)
            test = before.get(stage, {})
            if test.get("sha256") != record["sha256"]:
                test = tested(stage, model, tokenizer, settings)
            stages[stage] |= {
                "parameters": sum(p.numel() for p in model.parameters()),
                "test": test["test"],
                "card": test["card"],
                "answers": test["answers"],
            }
            kept = {**content, "stages": {**before, **stages}}
            files.write_text(asked.out / "results.json", json.dumps(kept, indent=1))
    content["stages"] = stages
    files.write_text(asked.out / "results.json", json.dumps(content, indent=1))
    return content


def earlier(folder: Path, content: dict) -> dict:
    """The stages of an earlier results.json that was measured in just this way."""
    try:
        before = files.read_json(folder / "results.json")
    except ValueError:
        return {}
    ways, stages = ("settings", "provenance"), before.get("stages")
    if not isinstance(stages, dict) or any(before.get(w) != content[w] for w in ways):
        return {}
    return {name: one for name, one in stages.items() if is_whole(one)}


def is_whole(content) -> bool:
    """Say whether a stage of results.json holds all that was measured of a model."""
    if not isinstance(content, dict) or not isinstance(content.get("test"), dict):
        return False
    test, card, answers = content["test"], content.get("card"), content.get("answers")
    if not isinstance(answers, list) or len(answers) != len(ASKED):
        return False
    if not all(isinstance(one, dict) and set(one) == ANSWER for one in answers):
        return False
    if not isinstance(card, dict) or set(card) != set(LEVELS):
        return False
    if not all(isinstance(level, dict) for level in card.values()):
        return False
    games = [test, *(test.get(name) for name in pipeline.FAMILIES)]
    columns = [one for level in card.values() for one in level.values()]
    numbers = [(game, name) for game in games for name in ("pass@1", "length")]
    numbers += [(test, "reflects"), *((column, "mean") for column in columns)]
    return all(map(has_interval, games + columns)) and all(
        isinstance(one.get(name), files.NUMBER) for one, name in numbers
    )


def has_interval(content) -> bool:
    """Say whether something that was measured has a 95% interval."""
    ends = content.get("interval") if isinstance(content, dict) else None
    numbers = isinstance(ends, list) and all(isinstance(x, files.NUMBER) for x in ends)
    return numbers and len(ends) == 2


def tested(stage: str, model, tokenizer, settings: Settings) -> dict:
    """Measure one model on the games and on the whole scorecard, easy and hard."""
    print(f"{stage}: answering test problems of all families", end=" ", flush=True)
    began = time.perf_counter()
    measured = {"test": pipeline.test(model, tokenizer, settings), "card": {}}
    measured["answers"] = answers(model, tokenizer, settings)
    for level in LEVELS:
        asked = scorecard.questions(settings.cards, level)
        longest = settings.dev2.max_new_tokens
        with box() as safe:
            values = scorecard.measure(
                model,
                tokenizer,
                asked,
                report_words.CARD_SAMPLES,
                max_new_tokens=longest,
                box=safe,
            )
        measured["card"][level] = scorecard.summary(values)
    print(f"took {minutes(time.perf_counter() - began)}", flush=True)
    return json.loads(json.dumps(measured))


def answers(model, tokenizer, settings: Settings) -> list[dict]:
    """Ask what every model is asked: the first English test problem of each family."""
    drawn = scorecard.questions(8, "easy", families=ASKED).values()
    asked = [next(p for p in mine if p.language == "en") for mine in drawn]
    longest = settings.dev2.max_new_tokens
    found = evaluate.answer(model, tokenizer, asked, max_new_tokens=longest)
    return [
        {"prompt": problem.prompt, "text": row[0], "right": bool(right)}
        for problem, row, right in zip(
            asked, found.texts, found.right[:, 0], strict=True
        )
    ]


def box():
    """A sandbox for programs; where there is none, one line says so."""
    if reason := sandbox.missing():
        print(f"(programs are left out: {reason})", end=" ", flush=True)
        return nullcontext()
    return sandbox.Sandbox()


def command(asked) -> str:
    """The command that makes this run, wherever it is typed."""
    text = f"python r1.py train --preset {asked.preset} --seed {asked.seed}"
    return text + (f" --device {asked.device}" if asked.device != "cpu" else "")
