"""The cold start of R1: a small table of traces that a person can follow.

The paper collects thousands of them (arXiv 2501.12948v1, section 2.3.1) from: few-shot
prompts with a long thought as example, a model asked outright for reflection and
verification, R1-Zero's own samples made readable, and human hands at the end. Then:
sample, keep what is correct and readable, rewrite, check again (v2, supplement). Here:

    zero      R1-Zero's samples, made readable by `rewrite`
    begun     the base, begun with <think>: this is what a long example is to achieve,
              and examples themselves do not work with a base that has only ever read
              one question at a time (chapter 10 measures it)
    reflect   the base, which may not stop before it has said yes, nor repeat a sum
    person    general requests, answered by a script in the human's place

Zero gives traces and no weights: the next model is trained from the base. Every
problem is one to train on. Chapter 10 builds this file.
"""

import json
import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from r1lib import files, sandbox
from r1lib.problem import LEVELS, Problem, check, problems
from r1lib.tokenizer import chat
from r1lib.traces import filters, tables
from r1lib.traces.collect import collect, read
from r1lib.training import limits
from r1lib.world import (
    countdown,
    general,
    instructions,
    readability,
    requests,
    skills,
    web,
)
from r1lib.world.countdown import AGAIN
from r1lib.world.rewrite import readable

REASONING = ("countdown", "arithmetic", "logic", "programs")
GENERAL = (*general.FAMILIES, "instructions")
RULE = {"en": "rule: ", "ko": "규칙: "}
HARM = {
    "en": ("this is harmless", "this would do harm"),
    "ko": ("해가 되지 않는 일이야", "해가 되는 일이야"),
}
NOTE = (
    "Cold start: samples of R1-Zero and of the base, kept where they are right and "
    "made readable by a program, and general replies written by a script."
)


@dataclass(frozen=True)
class Size:
    """How much is sampled: problems of each family and source, completions of each."""

    zero: int = 600
    zero_k: int = 2
    zero_hard: int = 0  # the same of hard countdown, which Zero was never paid for
    base: int = 120
    base_k: int = 2
    hard_won: int = 300  # logic and programs: the base is seldom right
    hard_won_k: int = 3
    person: int = 120  # rows of each general family, half of them hard
    longest: int = 200  # tokens of a completion
    at_once: int = 100  # problems in a chunk
    words: bool = False  # rewritten in whole words, not in the fewest

    def __post_init__(self):
        limits.whole(self, "zero", "base", "hard_won", "person", "zero_hard", least=0)
        limits.kind(self, bool, "words")
        limits.whole(self, "zero_k", "base_k", "hard_won_k", "longest", "at_once")


SIZES = {
    "tiny": Size(),
    "smoke": Size(4, 2, 2, 2, 2, 2, person=4, longest=40, at_once=4),
}


def person(rng: random.Random, problem: Problem) -> str:
    """Answer a general request as a careful person would, thinking in one language.

    The thought notes the question, and what the answer hangs on: the value, the harm,
    the rule. Small talk gets none, as in the paper. Harm is refused, and only harm.
    """
    language, family = problem.language, problem.data[0]
    said = rng.choice(instructions.references(problem))
    if family == "chat" and problem.family == "chat":
        return f"<answer>{said}</answer>"
    ask, idea = web.NOTES[language]
    known = requests.topics(family, language)[problem.data[1]][0]
    lines = [ask + requests.expand(rng.choice(known), language, problem.data[2])[0]]
    if problem.family == "instructions":
        orders = (instructions.say(*order, language) for order in problem.data[3])
        lines += [RULE[language] + order for order in orders]
    elif family == "refusal":
        lines.append(HARM[language][requests.harmful(problem)])
    elif family != "identity":
        lines.append(idea + said.replace("\n", " "))
    return "<think>" + "\n".join(lines) + f"\n</think><answer>{said}</answer>"


def sources(settings: Size, seed: int) -> Iterator[tuple[str, list[Problem], int]]:
    """Yield (source, training problems, samples of each), the same for every call."""
    for source in ("zero", "begun", "reflect"):
        for family in REASONING:
            n, k = (
                (settings.zero, settings.zero_k)
                if source == "zero"
                else (settings.base, settings.base_k)
            )
            if family in ("logic", "programs"):
                if source != "begun":
                    continue  # Zero was never paid for these: its base is as good
                n, k = settings.hard_won, settings.hard_won_k
            number = random.Random(f"cold-{source}-{seed}").getrandbits(32)
            yield source, problems(web.SAMPLE[family], n, number, "train"), k
    if settings.zero_hard:
        number = random.Random(f"cold-hard-{seed}").getrandbits(32)
        asked = problems(countdown.sample, settings.zero_hard, number, "train", "hard")
        yield "zero", asked, settings.zero_k
    for family in GENERAL:
        for level in LEVELS:
            n = settings.person // 2
            yield "person", problems(web.SAMPLE[family], n, seed, "train", level), 1


def steps(settings: Size) -> int:
    """Count the steps of `make`: chunks of samples, and tables of written replies."""
    return sum(_chunks(settings, asked) for _, asked, _ in sources(settings, 0))


def make(folder, base, zero, tokenizer, settings: Size, seed: int = 0):
    """Collect the cold start into the table `folder`; yields metrics after each chunk.

    Samples stay beside it, in FOLDER-work: a run that was killed goes on from there.
    Programs are left out where this machine has no sandbox for them; the card says so.
    """
    folder = Path(folder)
    if (folder / "data.parquet").is_file():
        return
    work, rows, known, done = folder.with_name(f"{folder.name}-work"), [], {}, 0
    missing = sandbox.missing()
    with ExitStack() as stack:
        box = None if missing else stack.enter_context(sandbox.Sandbox())
        judge = partial(check, box=box)
        for source, asked, k in sources(settings, seed):
            known |= {problem.prompt: problem for problem in asked}
            if source == "person":
                rows += written(asked, tokenizer, judge, seed)
            elif asked[0].family != "programs" or box is not None:
                model = zero if source == "zero" else base
                kind = "-hard" if asked[0].level == "hard" else ""
                name = f"{source}-{asked[0].family}{kind}-{_digest(model)}.jsonl"
                path = work / name
                for metrics in collect(
                    path,
                    model,
                    tokenizer,
                    asked,
                    k,
                    judge=judge,
                    seed=seed,
                    max_new_tokens=settings.longest,
                    source=source,
                    at_once=settings.at_once,
                    **_hand(source, tokenizer),
                ):
                    now = -(-metrics["problems"] // settings.at_once)
                    yield {**metrics, "step": done + now}
                rows += read(path)[1]
            done += _chunks(settings, asked)
        yield {"step": done}
    kept, report = select(rows, known, tokenizer, settings.longest, settings.words)
    note = f"{NOTE} {missing}" if missing else NOTE
    tables.save(folder, kept, "Cold start", report, note)


def written(asked: list[Problem], tokenizer, judge, seed: int) -> list[dict]:
    """Let the person answer each request once."""
    rows = []
    for problem in asked:
        text = person(random.Random(f"{seed}-{problem.key}"), problem)
        rows.append(
            tables.row(
                problem,
                text,
                source="person",
                seed=0,
                tokens=length_of(tokenizer, text),
                finished=True,
                correct=judge(problem, text),
            )
        )
    return rows


def select(
    rows: list[dict],
    known: dict[str, Problem],
    tokenizer,
    longest: int,
    words: bool = False,
) -> tuple[list[dict], list[dict]]:
    """Keep correct and readable, rewrite, check: return the table and a report.

    `known` maps prompts to problems. What a person has written is not rewritten.
    """

    def rewritten(row: dict) -> str | None:
        if row["source"] == "person":
            return row["completion"]
        return readable(known[row["prompt"]], row["completion"], words)

    first = {
        "correct": filters.correct,
        "ends in time": filters.not_rambling(longest),
        "can be made readable": lambda rows: [rewritten(r) is not None for r in rows],
    }
    kept, before = filters.apply(rows, first)
    texts = [rewritten(row) for row in kept]
    kept = [
        {**row, "completion": text, "tokens": length_of(tokenizer, text)}
        for row, text in zip(kept, texts, strict=True)
    ]
    then = {
        "thinks in one language": lambda rows: [
            readability.mixed_share(known[r["prompt"]], r["completion"]) == 0
            for r in rows
        ],
        "no line twice": filters.not_repeated(),
        "unique": filters.unique(filters.normalised),
        "one for each prompt": filters.at_most(1),
    }
    kept, after = filters.apply(kept, then)
    return kept, before + after


def _hand(source: str, tokenizer) -> dict:
    """How each source is held: where a completion begins, and what steers it."""
    if source == "zero":
        return {}
    if source == "begun":
        return {"opening": "<think>"}
    never = skills.never_give_up(tokenizer, avoid=AGAIN.values())
    return {"opening": "<think>", "steer": never}


def _chunks(settings: Size, asked: list) -> int:
    person = asked[0].family in GENERAL
    return 1 if person else -(-len(asked) // settings.at_once)


def length_of(tokenizer, text: str) -> int:
    """Count the tokens of a completion, its eos included."""
    return len(chat.encode_answer(tokenizer, text)) + 1  # and its eos


def _digest(model) -> str:
    """Name weights, so that samples of other weights land in another file."""
    sums = {n: [p.double().sum().item()] for n, p in model.state_dict().items()}
    return files.digest(json.dumps(sums))[:8]
