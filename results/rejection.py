"""Measure one unit of P7, (arm, seed): rejection sampling, and what its data teach.

    python -m results.rejection statistics 0     what each filter removes, and of what
    python -m results.rejection size-16 0        SFT on 1/16 of the data; size-4 on 1/4
    python -m results.rejection size-1 0         on all of it
    python -m results.rejection repeat-16 0      1/16 for as many steps as all of it
    python -m results.rejection every-filter 0   SFT on equally many rows, none left out
    python -m results.rejection no-correct 0     ... wrong samples stay
    python -m results.rejection no-filter 0      ... and unreadable ones, too
    python -m results.rejection base 0           the base itself, measured the same way

The sampler is a stage of a run (--run and --stage: runs/seed-SEED, dev2), and every
arm fine-tunes the *base* of a run (--base). The first arm samples and leaves the table
in runs/rejection-SEED for the others. Sizes are compared at equal epochs (2, as R1), so
less data also means fewer steps; `repeat-16` tells the two apart. The ablations have
equally many reasoning rows and the same general rows. Numbers are of test problems.
"""

import argparse
import json
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from statistics import fmean

import torch

from r1lib import evaluate, files
from r1lib.problem import Problem, problems
from r1lib.progress import bar
from r1lib.recipe import checkpoints, rejection
from r1lib.recipe.rejection import Sizes
from r1lib.sampling import Sampling, completions
from r1lib.traces import tables
from r1lib.training import limits, optim, sft
from r1lib.training.sft import SFTConfig
from r1lib.world import instructions, judge, readability, requests, web
from tools import provenance

GAMES = (  # measured: family, level
    ("countdown", "easy"),
    ("countdown", "hard"),
    ("arithmetic", "easy"),
    ("logic", "easy"),
)
TALKS = ("facts", "writing", "refusal", "instructions")
PARTS = {"size-16": 16, "size-4": 4, "size-1": 1}
REPEAT = 16  # the part of the data that is read again and again
LEFT_OUT = {
    "every-filter": (),
    "no-correct": ("correct",),
    "no-filter": ("correct", "form", "language", "length", "repetition"),
}
ARMS = ("statistics", *PARTS, f"repeat-{REPEAT}", *LEFT_OUT, "base")


@dataclass(frozen=True)
class Plan:
    """Everything that decides a unit; `seed` moves all the random choices."""

    sizes: Sizes = rejection.SIZES["tiny"]
    sft: SFTConfig = SFTConfig()
    rows: int = 3000  # reasoning rows of an ablation, or as many as all arms have
    tests: int = 96  # test problems of each game and level
    talks: int = 48  # test problems of each general family
    samples: int = 2  # of each
    shown: int = 4  # transcripts of each kind
    seed: int = 0

    def __post_init__(self):
        limits.kind(self, Sizes, "sizes")
        limits.kind(self, SFTConfig, "sft")
        limits.whole(self, "rows", "tests", "talks", "samples")
        limits.whole(self, "shown", least=0)
        limits.seed(self)


# ---- the data --------------------------------------------------------------------


def prepare(folder: Path, sampler, plan: Plan, source: str) -> None:
    """Build the table of the unit's seed, or find it finished."""
    made = {"sizes": asdict(plan.sizes), "seed": plan.seed, "source": source}
    checkpoints.begin(folder, made)
    if (folder / "samples" / "data.parquet").is_file():
        return
    model, tokenizer = sampler
    building = rejection.build(
        folder / "samples", model, tokenizer, plan.sizes, source=source, seed=plan.seed
    )
    steps, began = plan.sizes.steps, time.perf_counter()
    for metrics in bar(building, steps, f"samples {plan.seed}", ("correct",)):
        if "skipped" in metrics:
            print(metrics["skipped"], flush=True)
    seconds = {"seconds": time.perf_counter() - began}
    files.write_text(folder / "time.json", json.dumps(seconds))


def raw(folder: Path, plan: Plan) -> tuple[list[dict], list[dict]]:
    """Read what was sampled before any filter: reasoning rows and judged rows."""
    work = folder / "samples-work"
    return tuple(
        rejection.collected(work, part, plan.sizes)
        for part in rejection.parts(plan.sizes)
    )


def ablation(rows: list[dict], tokenizer, out: tuple, plan: Plan) -> list[dict]:
    """Mix the rows that pass without the filters in `out`, as many as in every arm."""
    kept = {}
    for name, without in LEFT_OUT.items():
        names = tuple(f for f in plan.sizes.filters if f not in without)
        sizes = replace(plan.sizes, filters=names)
        kept[name] = rejection.filtered("reasoning", rows, sizes)[0]
    n = min(plan.rows, *map(len, kept.values()))
    mine = next(kept[name] for name, without in LEFT_OUT.items() if without == out)
    chosen = Random(f"ablation-{plan.seed}").sample(mine, n)
    return rejection.mix(chosen, [], tokenizer, plan.sizes, plan.seed)


def data(name: str, folder: Path, tokenizer, plan: Plan):
    """Return the rows of an arm, and how often each is read."""
    if name in LEFT_OUT:
        rows = ablation(raw(folder, plan)[0], tokenizer, LEFT_OUT[name], plan)
        return rows, plan.sft.epochs
    rows = tables.load(folder / "samples")
    if name == f"repeat-{REPEAT}":
        return rows[: len(rows) // REPEAT], plan.sft.epochs * REPEAT
    return rows[: len(rows) // PARTS[name]], plan.sft.epochs


# ---- the filters -----------------------------------------------------------------


def statistics(folder: Path, plan: Plan) -> dict:
    """What was sampled, what each filter removed of it, and a few of these rows."""
    statistics = files.read_json(folder / "samples" / "statistics.json")
    reasoning, judged = raw(folder, plan)
    return {
        "table": statistics,
        "seconds": files.read_json(folder / "time.json")["seconds"],
        "sampled": {
            "reasoning": tables.statistics(reasoning),
            "judged": tables.statistics(judged) if judged else None,
        },
        "families": by_family(reasoning + judged, plan),
        "judge": judged_by_truth(judged, plan),
        "shown": shown(reasoning, plan),
    }


def by_family(rows: list[dict], plan: Plan) -> dict:
    """For each family and level: samples, the share that each filter alone removes."""
    out, every, kept = {}, rejection.chosen(plan.sizes), Counter()
    talks = [row["family"] in rejection.GENERAL for row in rows]
    for part, wanted in (("reasoning", False), ("judged", True)):
        mine = [row for row, talk in zip(rows, talks, strict=True) if talk == wanted]
        through = rejection.filtered(part, mine, plan.sizes)[0] if mine else []
        kept.update((row["family"], row["level"]) for row in through)
    for family, level in sorted({(r["family"], r["level"]) for r in rows}):
        mine = [r for r in rows if (r["family"], r["level"]) == (family, level)]
        out[f"{family}, {level}"] = {
            "samples": len(mine),
            "tokens": fmean(r["tokens"] for r in mine),
            "kept": kept[family, level],
            "removed alone": {
                filter_: keep(mine).count(False) / len(mine)
                for filter_, keep in every.items()
            },
        }
    return out


def judged_by_truth(rows: list[dict], plan: Plan) -> dict | None:
    """How good the labels' choice is by the hidden truth, which no filter may read."""
    asked = {
        p.prompt: p
        for family, level, n in rejection.parts(plan.sizes)[1]
        for p in rejection.training(family, level, n, plan.seed)
    }
    worth = {True: [], False: []}
    for row in rows:
        truth = judge.helpfulness(asked[row["prompt"]], row["completion"])
        worth[row["correct"]].append(truth)
    if not all(worth.values()):
        return None
    return {
        "kept": {"samples": len(worth[True]), "helpfulness": fmean(worth[True])},
        "removed": {"samples": len(worth[False]), "helpfulness": fmean(worth[False])},
    }


def shown(rows: list[dict], plan: Plan) -> dict:
    """The first rows that each filter removes, of those that passed all before it."""
    out, left = {}, rows
    for name, keep in rejection.chosen(plan.sizes).items():
        flags = keep(left)
        gone = [r for r, flag in zip(left, flags, strict=True) if not flag]
        left = [r for r, flag in zip(left, flags, strict=True) if flag]
        out[name] = spread(gone, plan.shown)
    return {**out, "kept": spread(left, plan.shown)}


def spread(rows: list[dict], n: int) -> list[dict]:
    """Take n rows at equal distances, unselected."""
    step = max(1, len(rows) // n)
    names = ("family", "language", "prompt", "completion", "tokens", "correct")
    return [{name: row[name] for name in names} for row in rows[::step][:n]]


# ---- the models ------------------------------------------------------------------


def tune(model, tokenizer, rows: list[dict], config: SFTConfig, label: str) -> list:
    """Fine-tune a model on rows; return its curve."""
    examples = sft.encode(tokenizer, ((r["prompt"], r["completion"]) for r in rows))
    optimizers = optim.adamw(model, config.lr)
    steps = -(-len(examples) // config.batch_size) * config.epochs
    loop = sft.train(model, examples, config, optimizers)
    return list(bar(loop, steps, label, ("loss",)))


def measure(model, tokenizer, plan: Plan) -> dict:
    """Ask test problems: right, and how it is written, with intervals over problems."""
    out = {}
    for family, level in GAMES:
        asked = problems(web.SAMPLE[family], plan.tests, 0, "test", level)
        out[f"{family}, {level}"] = marked(model, tokenizer, asked, plan)
    for family in TALKS:
        asked = problems(web.SAMPLE[family], plan.talks, 0, "test", "hard")
        out[family] = marked(model, tokenizer, asked, plan)
    return out


def marked(model, tokenizer, asked: list[Problem], plan: Plan) -> dict:
    """Sample each problem and take the means of all marks, with intervals."""
    texts = completions(
        model,
        tokenizer,
        [problem.prompt for problem in asked],
        plan.samples,
        Sampling(plan.sizes.max_new_tokens, at_once=len(asked)),
        generator=torch.Generator().manual_seed(plan.seed),
    )
    rows = [
        marks(problem, completion.text, completion)
        for problem, row in zip(asked, texts, strict=True)
        for completion in row
    ]
    out = {"problems": len(asked), "samples": plan.samples}
    for name in rows[0]:
        values = torch.tensor([float(row[name]) for row in rows])
        values = values.view(-1, plan.samples).mean(1)
        out[name] = {"mean": values.mean().item()}
        out[name]["interval"] = evaluate.interval(values)
        if name == "right":  # so that arms can be held against each other in pairs
            out[name]["values"] = values.tolist()
    out["transcripts"] = [
        {"prompt": asked[i].prompt, "text": texts[i][0].text}
        for i in range(min(plan.shown, len(asked)))
    ]
    return out


def marks(problem: Problem, text: str, completion) -> dict:
    """What the four filters look at, for one completion of a finished model."""
    row = tables.row(
        problem,
        text,
        source="",
        seed=0,
        tokens=len(completion.ids),
        correct=True,
        finished=completion.finish == "stop",
    )
    return {
        "right": right(problem, text),
        "form": rejection.in_form([row])[0],
        "mixed": readability.mixed_share(problem, text) > 0,
        "repeats": not rejection.nothing_twice([row])[0],
        "unfinished": not row["finished"],
        "tokens": row["tokens"],
        "readability": readability.readability(problem, text),
    }


def right(problem: Problem, text: str) -> bool:
    """Check a completion by the rule of its family."""
    if problem.family == "instructions":
        return instructions.right(problem, text)
    if problem.family in rejection.GENERAL:
        return requests.right(problem, text)
    return rejection.judge_of(problem.family, None, 2, 0)(problem, text)


# ---- units -----------------------------------------------------------------------


def unit(name: str, folder: Path, base, sampler, plan: Plan, source: str) -> dict:
    """Measure one arm; `base` and `sampler` are (model, tokenizer)."""
    if name not in ARMS:
        raise ValueError(f"arm must be one of {', '.join(ARMS)}, got {name!r}")
    began = time.perf_counter()
    model, tokenizer = base
    result = {"arm": name}
    if name != "base":
        prepare(folder, sampler, plan, source)
    if name == "statistics":
        result |= statistics(folder, plan)
    elif name != "base":
        rows, epochs = data(name, folder, tokenizer, plan)
        config = replace(plan.sft, epochs=epochs, seed=plan.seed)
        history = tune(model, tokenizer, rows, config, f"{name} {plan.seed}")
        result |= {"data": tables.statistics(rows), "epochs": epochs}
        result |= {"steps": len(history), "history": history[9::10] or history}
    if name != "statistics":
        result["test"] = measure(model, tokenizer, plan)
    return {"P7": result, "minutes": (time.perf_counter() - began) / 60}


def main() -> None:
    """Run one unit and write results/data/rejection-ARM-SEED.json."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("arm", choices=ARMS)
    parser.add_argument("seed", type=int)
    parser.add_argument("--run", type=Path, help="the run that holds the sampler")
    parser.add_argument("--stage", default="dev2", help="the stage that samples")
    parser.add_argument("--base", type=Path, help="the run that holds the base")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=provenance.DATA)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    run = asked.run or Path("runs") / f"seed-{asked.seed}"
    plan = Plan(seed=asked.seed)
    sampler = checkpoints.load(run, asked.stage)
    base = checkpoints.load(asked.base or run, "base")
    folder = Path("runs") / f"rejection-{asked.seed}"
    content = {
        **unit(asked.arm, folder, base, sampler, plan, f"{asked.stage} of this run"),
        "sampler": checkpoints.record(run, asked.stage)["sha256"],
        "base": checkpoints.record(asked.base or run, "base")["sha256"],
        "seed": asked.seed,
        "settings": asdict(plan),
        "command": f"python -m results.rejection {asked.arm} {asked.seed}",
        "provenance": provenance.block(["tokenizer"]),
    }
    path = asked.out / f"rejection-{asked.arm}-{asked.seed}.json"
    files.write_text(path, json.dumps(content, indent=1, ensure_ascii=False))
    print(f"wrote {path.name}")


if __name__ == "__main__":
    main()
