"""Rejection sampling: a model's own best samples, and known replies, as one table.

R1 sampled its first RL checkpoint several times on each prompt and kept what is right
and readable, about 600,000 samples; 200,000 of other kinds came from DeepSeek-V3's own
data and pipeline (arXiv 2501.12948v1, section 2.3.3; v2 counts 804,745 in all). Here
about three parts are sampled on games, puzzles and programs, and one part is general:
known replies, simple ones without thinking, and samples that a judge found no worse
than a known reply. The judge is asked for labels only. Chapter 12 builds this file.
"""

import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from r1lib import rewards, sandbox
from r1lib.files import shown
from r1lib.problem import LEVELS, Problem, check, draw, problems
from r1lib.sandbox import Sandbox
from r1lib.tokenizer import chat
from r1lib.traces import collect, filters, tables
from r1lib.training import limits
from r1lib.world import instructions, judge, web
from r1lib.world.countdown import AGAIN

FILTERS = (  # in the order in which they are applied
    "correct",
    "form",
    "language",
    "length",
    "repetition",
    "unique",
    "per prompt",
)
GENERAL = {  # shares of the known replies
    "facts": 0.25,
    "chat": 0.15,
    "writing": 0.20,
    "identity": 0.10,
    "refusal": 0.15,
    "instructions": 0.15,
}
SIMPLE = ("facts", "chat", "identity")  # answered without thinking, as R1's "hello"
SCRIPTED = web.Manners(thinks=1.0, switch=0.0)  # the lines of thought in known replies
KNOWN = "known replies"  # the source of rows that no model wrote


@dataclass(frozen=True)
class Sizes:
    """How much is sampled, and what is kept; counts of problems are (easy, hard)."""

    reasoning: tuple = (  # family, easy and hard training problems
        ("countdown", 1800, 900),
        ("arithmetic", 1800, 600),
        ("logic", 600, 300),
        ("programs", 240, 80),
    )
    judged: tuple = (("chat", 75, 75), ("writing", 75, 75), ("instructions", 120, 120))
    k: int = 4  # samples of each problem
    keep: int = 2  # of these at most, after all other filters
    max_new_tokens: int = 192
    most_tokens: int = 160  # longer ones ramble
    times: int = 4  # labels of the judge for one sample, half of them in each order
    ratio: float = 3.0  # reasoning rows for one general row
    thinks: float = 0.5  # known replies to other than simple requests that think first
    filters: tuple = FILTERS
    at_once: int = 64  # problems in one call of the sampler

    def __post_init__(self):
        limits.kind(self, tuple, "filters", "reasoning", "judged")
        if odd := [name for name in self.filters if name not in FILTERS]:
            raise ValueError(f"filters must be of {FILTERS}, got {shown(odd[0])}")
        for part in (*self.reasoning, *self.judged):
            check_part(part)
        limits.whole(self, "times", least=2)
        if self.times % 2:
            raise ValueError(f"times must be even and at least 2, got {self.times}")
        limits.whole(self, "k", "keep", "at_once", "max_new_tokens", "most_tokens")
        limits.positive(self, "ratio")
        limits.share(self, "thinks")

    @property
    def steps(self) -> int:
        """Count the chunks that `build` samples: the length of its progress bar."""
        return sum(-(-n // self.at_once) for part in parts(self) for *_, n in part)


def check_part(part) -> None:
    """Refuse what is not (family, easy problems, hard problems).

    >>> check_part(("logic", -1, 2))
    Traceback (most recent call last):
    ValueError: wanted (family, easy, hard) with counts from 0, got ('logic', -1, 2)
    """
    right = isinstance(part, tuple) and len(part) == 1 + len(LEVELS)
    right = right and isinstance(part[0], str)
    if not right or not all(type(n) is int and n >= 0 for n in part[1:]):
        raise ValueError(
            f"wanted (family, easy, hard) with counts from 0, got {shown(part)}"
        )


SIZES = {
    "tiny": Sizes(),
    "smoke": Sizes(  # mechanics only: its models are right about nothing
        reasoning=(("countdown", 4, 2), ("arithmetic", 4, 2)),
        judged=(("chat", 2, 1),),
        k=2,
        max_new_tokens=32,
        most_tokens=32,
        filters=("unique", "per prompt"),
        at_once=4,
    ),
}


def build(folder, model, tokenizer, sizes: Sizes, *, source: str, seed: int = 0):
    """Make the table `folder` from a model's samples; yields metrics after each chunk.

    `source` names the model and its version. What was sampled stays beside the table,
    in FOLDER-work, and a build that was killed goes on there and ends with the same
    bytes; a finished table is left as it is. Where the sandbox cannot run, programs are
    skipped, and where no judged sample passes, known replies are all of the general
    part: a metric `skipped` says so, and so does the card. A filter that removes all
    reasoning is a ValueError that names it.
    """
    folder = Path(folder)
    if (folder / "data.parquet").is_file():
        return
    work = folder.with_name(f"{folder.name}-work")
    work.mkdir(parents=True, exist_ok=True)
    yield from sample(work, model, tokenizer, sizes, source=source, seed=seed)
    reasoning, judged = (collected(work, p, sizes) for p in parts(sizes))
    kept, report = filtered("reasoning", reasoning, sizes)
    notes = [
        f"{sizes.k} samples of each training problem, written by {source}; filtered; "
        f"then one general row for {sizes.ratio:g} of reasoning: {KNOWN}, and samples "
        "that a judge preferred to one."
    ]
    if skipped := without_programs(sizes):
        notes.append(skipped)
    liked, more = [], []
    if judged:
        try:
            liked, more = filtered("judged", judged, sizes)
            liked = plain(liked, tokenizer)
        except ValueError as nothing_left:  # known replies alone make the general part
            notes.append(f"Of the judged samples, {nothing_left}.")
            yield {"step": sizes.steps, "skipped": notes[-1]}
    rows = mix(kept, liked, tokenizer, sizes, seed)
    title = "Samples for the second fine-tuning"
    tables.save(folder, rows, title, report + more, " ".join(notes))


def parts(sizes: Sizes) -> tuple[list, list]:
    """List what is sampled as (family, level, problems): reasoning, then judged."""

    def listed(part):
        for family, *counts in part:
            for level, n in zip(LEVELS, counts, strict=True):
                if n:
                    yield family, level, n

    return list(listed(sizes.reasoning)), list(listed(sizes.judged))


def without_programs(sizes: Sizes) -> str | None:
    """Say in one line why programs are skipped; None where they are not."""
    wanted = any(name == "programs" for name, *_ in sizes.reasoning)
    return sandbox.missing() if wanted else None


# ---- sampling --------------------------------------------------------------------


def sample(work, model, tokenizer, sizes: Sizes, *, source: str, seed: int = 0):
    """Collect the samples of every family and level in a file of its own."""
    skipped, done = without_programs(sizes), 0
    with ExitStack() as stack:
        box = None
        for family, level, n in (each for part in parts(sizes) for each in part):
            asked, before = training(family, level, n, seed), done
            done += -(-n // sizes.at_once)
            if family == "programs":
                if skipped:
                    yield {"step": done, "skipped": skipped}
                    continue
                box = box or stack.enter_context(Sandbox())
            steps = collect.collect(
                Path(work) / f"{family}-{level}.jsonl",
                model,
                tokenizer,
                asked,
                sizes.k,
                max_new_tokens=sizes.max_new_tokens,
                judge=judge_of(family, box, sizes.times, seed),
                source=source,
                seed=seed,
                at_once=sizes.at_once,
            )
            for metrics in steps:
                step = before + -(-metrics["problems"] // sizes.at_once)
                yield {**metrics, "step": step, "family": family, "level": level}


def training(family: str, level: str, n: int, seed: int) -> list[Problem]:
    """Draw training problems with distinct prompts, at most n.

    Those whose reply is ordered in another language are left out: the language filter
    would remove what is right.
    """
    drawn = problems(web.SAMPLE[family], n, seed, "train", level)
    kept = {p.prompt: p for p in drawn if instructions.target(p) == p.language}
    return list(kept.values())


def judge_of(family: str, box: Sandbox | None, times: int, seed: int) -> Callable:
    """Return what says of a completion whether it is right: a rule, tests, a judge."""
    if family in GENERAL:
        return preferred(times, seed)
    return partial(check, box=box)


def preferred(times: int, seed: int) -> Callable[[Problem, str], bool]:
    """Ask for labels: is a completion at least as good as a known reply?

    Half of the labels are given with the known reply shown first. The same completion
    always gets the same labels.
    """

    def right(problem: Problem, text: str) -> bool:
        rng = random.Random(f"{seed}-{problem.prompt}-{text}")
        known = rng.choice(instructions.references(problem))
        wins = 0
        for _ in range(times // 2):
            wins += judge.prefer(problem, text, known, rng)
            wins += not judge.prefer(problem, known, text, rng)
        return 2 * wins >= times

    return right


def collected(work, part: list, sizes: Sizes) -> list[dict]:
    """Read the collected rows of a part; families that were skipped have none."""
    paths = (Path(work) / f"{family}-{level}.jsonl" for family, level, _ in part)
    return [row for path in paths if path.is_file() for row in collect.read(path)[1]]


# ---- filters ---------------------------------------------------------------------


def chosen(sizes: Sizes) -> dict[str, filters.Filter]:
    """Return the chosen filters, by name, in the order of FILTERS."""
    every = {
        "correct": filters.correct,
        "form": in_form,
        "language": one_language,
        "length": filters.not_rambling(sizes.most_tokens),
        "repetition": nothing_twice,
        "unique": filters.unique(filters.normalised),
        "per prompt": filters.at_most(sizes.keep),
    }
    return {name: every[name] for name in FILTERS if name in sizes.filters}


def filtered(
    part: str, rows: list[dict], sizes: Sizes
) -> tuple[list[dict], list[dict]]:
    """Apply the filters to one part of the rows; each is reported as `part: name`."""
    named = {f"{part}: {name}": keep for name, keep in chosen(sizes).items()}
    return filters.apply(rows, named)


def in_form(rows: list[dict]) -> list[bool]:
    """Keep <think>...</think><answer>...</answer>; general rows need not think."""

    def keep(row):
        text = row["completion"]
        if row["family"] in GENERAL and not text.startswith("<think>"):
            text = f"<think>.</think>{text}"
        return rewards.format(None, text) == 1.0

    return [keep(row) for row in rows]


def one_language(rows: list[dict]) -> list[bool]:
    """Keep what is in the language of its question; the name R1 tiny is in both."""
    bare = [{**r, "completion": r["completion"].replace("R1 tiny", "")} for r in rows]
    return filters.one_language(bare)


def nothing_twice(rows: list[dict]) -> list[bool]:
    """Keep where no line of thinking was there before, with "again" in front or not."""

    def bare(row):
        lines = chat.thinking(row["completion"]).split("\n")
        for word in AGAIN.values():
            lines = [line.strip().removeprefix(word) for line in lines]
        return {**row, "completion": "\n".join(lines)}

    return filters.not_repeated()([bare(row) for row in rows])


# ---- the mix ---------------------------------------------------------------------


def mix(reasoning, judged, tokenizer, sizes: Sizes, seed: int = 0) -> list[dict]:
    """Shuffle reasoning rows with one general row for `sizes.ratio` of them.

    At most half of the general rows are samples that the judge liked; the rest are
    known replies.
    """
    n = max(1, round(len(reasoning) / sizes.ratio))
    liked = list(judged)
    rng = random.Random(f"mix-{seed}")
    rng.shuffle(liked)
    liked = liked[: n // 2]
    rows = [*reasoning, *liked, *known(tokenizer, n - len(liked), sizes, seed, liked)]
    rng.shuffle(rows)
    return rows


def plain(rows: list[dict], tokenizer) -> list[dict]:
    """Drop the thinking before answers to simple requests; the judge never saw it."""
    out = []
    for row in rows:
        if row["family"] in SIMPLE:
            text = chat.summary(row["completion"])
            tokens = len(chat.encode_answer(tokenizer, text)) + 1
            row = {**row, "completion": text, "tokens": tokens}
        out.append(row)
    return out


def known(tokenizer, n: int, sizes: Sizes, seed: int = 0, besides=()) -> list[dict]:
    """Write n distinct known replies to training problems of the general families.

    Simple ones stand alone; half of the others have a line or two of thinking before
    them, written by a script.
    """
    rng, out = random.Random(f"known-{seed}"), []
    seen = {filters.normalised(row) for row in besides}
    for _ in range(40 * n + 2_000):
        if len(out) == n:
            return out
        family = rng.choices(list(GENERAL), list(GENERAL.values()))[0]
        problem = draw(web.SAMPLE[family], rng, "train", rng.choice(LEVELS))
        said = rng.choice(instructions.references(problem))
        text = f"<answer>{said}</answer>"
        simple = family in SIMPLE or instructions.target(problem) != problem.language
        if rng.random() < sizes.thinks and not simple:
            text = web.thinking(rng, problem, said, SCRIPTED) + text
        tokens = len(chat.encode_answer(tokenizer, text)) + 1
        row = tables.row(
            problem,
            text,
            source=KNOWN,
            seed=0,
            tokens=tokens,
            finished=True,
            correct=True,
        )
        if filters.normalised(row) not in seen:
            seen.add(filters.normalised(row))
            out.append(row)
    raise ValueError(f"found only {len(out)} distinct known replies of {n}")
