"""Measure one unit of P14 and P10, (model, seed): accuracy against tokens.

    python -m results.inference base 0    base-tiny, made to think by an opening <think>
    python -m results.inference zero 0    zero-tiny
    python -m results.inference r1 0      r1-tiny

Seeds 0, 1, 2 are three models. (The first edition ships one Zero and one R1: its seeds
are three draws of samples from these, and of the scorers that they train.) All units
have the same test problems. An arm is a way to answer with a budget; it has one number
for each problem, right or wrong, and one for the tokens that it took, those of the
scorer included. Votes and best-of-N replay the same recorded samples, from several
starting points. The scorers learn from answers to training problems and from nothing
else; nothing is chosen by a result on test problems. A unit takes 4 to 8 minutes on one
core, and writes results/data/inference-MODEL-SEED.json; a killed one begins anew.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from statistics import fmean

import torch

from r1lib import artifacts, search
from r1lib.problem import Problem, problems
from r1lib.progress import bar
from r1lib.recipe import EDITION, FIRST
from r1lib.search import beams, forcing, process, tools, votes
from r1lib.search.ledger import OutOfTokens
from r1lib.search.models import Ask, Recorded, verified
from r1lib.search.together import together
from r1lib.tokenizer.chat import OPEN, OPEN_ANSWER
from r1lib.world import countdown, requests
from results import one_unit
from results.inference_scorers import (
    DRAW,
    Plan,
    Setting,
    asked,
    ended,
    record,
    separates,
    train,
)

WEIGHTS = {
    name: (f"{name}-tiny", f"{name}-tiny-1", f"{name}-tiny-2")
    for name in ("base", "zero", "r1")
}
if EDITION == FIRST:
    WEIGHTS |= {name: (f"{name}-tiny",) * 3 for name in ("zero", "r1")}
BEGIN = {"base": OPEN, "zero": "", "r1": ""}  # the base guesses where nobody asks it


def attempt(search: Callable, problem: Problem, ask: Callable) -> dict:
    """Run a search on a problem; a search that finishes nothing is wrong, and paid."""
    try:
        found = search(problem, ask)
    except OutOfTokens as error:
        return {"right": 0.0, "tokens": error.tokens, "scored": 0, "text": ""}
    chosen = next((p for p in found.candidates if p.text == found.text), None)
    return {
        "right": float(problem.check(found.text)),
        "tokens": found.tokens,
        "scored": found.scored,
        "text": found.text,
        "value": chosen.value if chosen else 0.0,
        "candidates": len(found.candidates),
    }


def marked(problem: Problem, row: list) -> list[dict]:
    """Each completion by itself, as attempts."""
    return [
        {"right": float(problem.check(more.text)), "tokens": more.tokens, "scored": 0}
        for more in row
    ]


def arm(rows: list[list[dict]], budget: int) -> dict:
    """Sum up an arm: for each problem the means over its attempts."""
    mean = {
        name: [round(fmean(a[name] for a in row), 4) for row in rows]
        for name in ("right", "tokens", "scored")
    }
    scored = fmean(mean.pop("scored"))
    return {"budget": budget, "scored": round(scored, 1), **mean}


def replay(search: Callable, asked: list[Problem], recorded: dict, plan: Plan):
    """Run a search over the recording, once from each starting point."""
    rows = []
    for problem in asked:
        row, attempts = recorded[problem.prompt], []
        for start in range(0, len(row), len(row) // plan.starts):
            turned = {problem.prompt: row[start:] + row[:start]}
            attempts.append(attempt(search, problem, Recorded(turned, plan.longest)))
        rows.append(attempts)
    return rows


def choices(setting: Setting) -> dict[str, Callable]:
    """The ways to choose among whole answers: name -> search with a `budget`."""
    score, n = setting.scores, {"n": setting.plan.samples}
    found = {"vote": votes.self_consistency, "likeliest": votes.likeliest}
    found = {name: partial(way, **n) for name, way in found.items()}
    for name in ("outcome", "process", "verifier"):
        best = partial(search.best_of_n, score=score[name], **n)
        found[f"best of n, {name}"] = best
    for name in ("outcome", "process"):
        vote = partial(search.weighted_vote, score=score[name], **n)
        found[f"weighted vote, {name}"] = vote
    return found


def searches(setting: Setting) -> dict[str, tuple[int, Callable]]:
    """The ways that write step by step: name -> (budget, search)."""
    score, begin = setting.scores, {"begin": setting.begin}
    outcome, steps = score["outcome"], score["process"]
    narrow = {"width": 2, "expand": 2, **begin}
    wide = {"width": 4, "expand": 4, **begin}
    found = {
        "beam 2 x 2": (1024, partial(search.beam, **narrow)),
        "beam 4 x 4": (2048, partial(search.beam, **wide)),
        "lookahead 2 x 2": (1024, partial(search.beam, lookahead=1, **narrow)),
        "diverse 4 x 4": (2048, partial(beams.diverse, groups=2, **wide)),
        "mcts 512": (512, partial(search.mcts, **begin)),
        "mcts 1024": (1024, partial(search.mcts, **begin)),
    }
    found = {name: (b, partial(f, score=steps)) for name, (b, f) in found.items()}
    sure = partial(search.mcts, score=verified, **begin)
    found["mcts 1024, verifier"] = (1024, sure)
    again = partial(forcing.refine, score=outcome, rounds=3, **begin)
    found["refine"] = (1024, again)
    read = partial(tools.with_calculator, read=countdown.sum_at_end, **begin)
    found["calculator"] = (512, read)
    for most in (16, 32, 64):
        found[f"stop at {most}"] = (512, partial(forcing.force, most=most))
    for word in ("again", "no"):
        for least in (64, 128):
            way = partial(waiting, least=least, word=word)
            found[f"wait, {word}, until {least}"] = (512, way)
    return found


def waiting(problem: Problem, ask: Callable, budget: int, least: int, word: str):
    """Budget forcing with a word of the tapes for "Wait".

    "again" has the sum done once more; "no" turns the last line down.
    """
    words = countdown.WORDS[problem.language]
    wait = countdown.AGAIN[problem.language] if word == "again" else words["no"] + "\n"
    return forcing.force(problem, ask, budget, most=256, least=least, wait=wait)


SEARCHED = ("beam", "lookahead", "diverse", "mcts")
RIVALS = ("vote", "best of n, outcome", "weighted vote, outcome", "best of n, process")


def at_equal_tokens(setting, asked, recorded, spent: list[float]) -> dict:
    """What the rivals of a search do, problem by problem, with what it has spent."""
    ways, found = choices(setting), {}
    for name in RIVALS:
        rows = []
        for problem, tokens in zip(asked, spent, strict=True):
            way = partial(ways[name], budget=max(1, int(tokens)))
            rows += replay(way, [problem], recorded, setting.plan)
        found[name] = arm(rows, 0)
    return found


def measured(setting: Setting, asked: list[Problem], recorded: dict):
    """Yield (metrics, name, arm, attempts) of every arm, one after another."""
    plan, ask, begin = setting.plan, setting.ask, setting.begin
    one = [marked(p, recorded[p.prompt]) for p in asked]
    yield {}, "sampled", arm(one, plan.longest), one
    certain = replace(ask, temperature=0.0)
    for name, opening in (("greedy", begin), ("guess, greedy", OPEN_ANSWER)):
        rows = record(certain, asked, 1, opening)
        rows = [marked(p, rows[p.prompt]) for p in asked]
        yield {}, name, arm(rows, plan.longest), rows
    for name, way in choices(setting).items():
        for budget in plan.budgets:
            rows = replay(partial(way, budget=budget), asked, recorded, plan)
            yield {}, f"{name} {budget}", arm(rows, budget), rows
    for name, (budget, way) in searches(setting).items():
        tries = [partial(attempt, partial(way, budget=budget), p) for p in asked]
        rows = [[found] for found in together(ask, tries)]
        yield {}, name, arm(rows, budget), rows


# ---- what the paper warns of -----------------------------------------------------


def exploited(setting: Setting, asked: list[Problem], recorded: dict) -> dict:
    """Choose the best of n by each scorer: what it promises, and what is right."""
    found = {}
    for name in ("outcome", "process"):
        score, sizes = setting.scores[name], {}
        rated = []
        for problem in asked:
            texts = ended(recorded[problem.prompt])
            values = score(problem, texts)[0] if texts else []
            right = [problem.check(text) for text in texts]
            rated.append([(v, float(r)) for v, r in zip(values, right, strict=True)])
        n = 1
        while n <= setting.plan.samples:
            best = [bests(row, n) for row in rated]
            sizes[n] = {
                "promised": round(fmean(v for v, _ in best), 4),
                "right": [round(r, 4) for _, r in best],
            }
            n *= 2
        pairs = [pair for row in rated for pair in row]
        sizes["separates"] = separates(*map(list, zip(*pairs, strict=True)))
        found[name] = sizes
    return found


def bests(row: list[tuple[float, float]], n: int) -> tuple[float, float]:
    """Mean value, and share right, of the best of each n; 0 where nothing ended."""
    groups = [row[i : i + n] for i in range(0, len(row) - n + 1, n)] or [row]
    best = [max(g, key=lambda pair: pair[0]) for g in groups if g] or [(0.0, 0.0)]
    return fmean(v for v, _ in best), fmean(r for _, r in best)


def width(asked: list[Problem], recorded: dict) -> dict:
    """How wide a tree is at its root: different first steps among all samples."""
    first = [
        Counter(more.text.partition("\n")[0] for more in recorded[p.prompt])
        for p in asked
    ]
    return {
        "different first steps": [len(c) for c in first],
        "share of the commonest": [
            round(max(c.values()) / c.total(), 4) for c in first
        ],
    }


def fooled(setting: Setting, asked, attempts: list[list[dict]]) -> dict | None:
    """The wrong answer that a search valued most, with the value of each step."""
    first = [row[0] for row in attempts]
    wrong = [
        (one, problem)
        for one, problem in zip(first, asked, strict=True)
        if one["text"] and not one["right"]
    ]
    if not wrong:
        return None
    worst, problem = max(wrong, key=lambda pair: pair[0]["value"])
    model, tokenizer = setting.process, setting.ask.tokenizer
    text = worst["text"]
    (values,), _ = process.step_values(model, tokenizer, problem.prompt, [text])
    steps = zip(process.steps(text), values, strict=True)
    return {
        "prompt": problem.prompt,
        "answer": problem.answer,
        "value": worst["value"],
        "steps": [[step, round(value, 4)] for step, value in steps],
        "overvalued": fmean(one["value"] > 0.5 for one, _ in wrong),
    }


def overthinking(ask: Ask, plan: Plan) -> dict:
    """Facts, which nobody can work out: as they are, thought about, and at once."""
    asked = problems(requests.SAMPLE["facts"], plan.facts, DRAW, "test")
    found = {}
    for name, begin in (("free", ""), ("thinking", OPEN), ("at once", OPEN_ANSWER)):
        rows = record(ask, asked, 8, begin)
        kept = [marked(p, rows[p.prompt]) for p in asked]
        found[name] = arm(kept, plan.longest)
    return found


# ---- a unit ----------------------------------------------------------------------


def unit(name: str, seed: int, plan: Plan = Plan(), weights=None) -> dict:  # noqa: B008
    """Measure one model; `weights` = (model, tokenizer) stands in for a shipped one."""
    began = time.perf_counter()
    model, tokenizer = weights or artifacts.load(WEIGHTS[name][seed])
    generator = torch.Generator().manual_seed(seed)
    ask = Ask(model, tokenizer, plan.longest, generator=generator)
    setting, test = Setting(plan, ask, BEGIN[name], seed), asked(plan, "test")
    lessons = train(setting)
    recorded = record(ask, test, plan.samples, setting.begin)
    arms, equal, transcripts = {}, {}, {}
    total = 3 + len(choices(setting)) * len(plan.budgets) + len(searches(setting))
    loop = measured(setting, test, recorded)
    for _, way, found, attempts in bar(loop, total, f"inference {name} {seed}"):
        arms[way] = found
        if way.startswith(SEARCHED):
            equal[way] = at_equal_tokens(setting, test, recorded, found["tokens"])
            transcripts[way] = fooled(setting, test, attempts)
    return {
        "P14": {"arms": arms, "facts": overthinking(ask, plan)},
        "P10": {
            "equal tokens": equal,
            "exploited": exploited(setting, test, recorded),
            "fooled": transcripts,
            "width": width(test, recorded),
        },
        "scorers": lessons,
        "problems": [[p.family, p.level, p.prompt] for p in test],
        "settings": asdict(plan),
        "minutes": (time.perf_counter() - began) / 60,
    }


def main() -> None:
    """Run one unit and write its file."""
    asked = one_unit.arguments(one_unit.parser(__doc__, threads=1, model=WEIGHTS))
    weights = WEIGHTS[asked.model][asked.seed]
    found = unit(asked.model, asked.seed)
    path = asked.out / f"inference-{asked.model}-{asked.seed}.json"
    command = f"results.inference {asked.model} {asked.seed}"
    one_unit.write(
        path, found, command, weights=(weights,), model=asked.model, seed=asked.seed
    )


if __name__ == "__main__":
    main()
