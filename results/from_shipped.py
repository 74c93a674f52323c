"""Evaluate the shipped weights anew, and hold the numbers against the stored ones.

    python r1.py measure --from-shipped P1      also P5, P6; all three in ten minutes

The problems are those of the stored measurement, or the first of each kind; the samples
are new ones. So two numbers of the same weights differ by chance, and the interval says
by how much (`results.compare`). "within" means that this 95% interval of the difference
holds 0: of right numbers one in twenty is outside. Greedy answers are left out, as they
have no samples. Nothing is written.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache, partial

from r1lib import artifacts, files, sandbox
from r1lib.problem import LEVELS
from r1lib.progress import bar
from r1lib.recipe import FIRST
from r1lib.recipe import stages as recipe
from r1lib.world import scorecard
from results import language, stages, unit
from results.compare import Number, by_problem, by_summary
from tools import provenance

FRESH = 1000  # seed of the new samples: no stored number has it
SECONDS = 540  # for all: a machine that needs longer gets fewer problems
FEWEST = 8  # problems of a kind
FAMILIES = ("countdown", "arithmetic")


@dataclass
class Job:
    """One model on the problems of one claim: `ask(model, tokenizer, n) -> numbers`.

    `paired`: the stored numbers are those of the n problems, even if n are not all.
    """

    title: str
    artifact: str
    problems: int  # of a kind, as stored
    answers: int  # in all, as stored: what it costs
    ask: Callable
    paired: bool = True

    def heading(self, n: int) -> str:
        """What the numbers are, and of how many problems of each kind."""
        if n == self.problems:
            return f"{self.title}; all {n} problems of a kind"
        wider = "stored and now, " if self.paired else ""
        few = f"{n} of {self.problems} problems of a kind"
        return f"{self.title}; {few}, {wider}so intervals are wider"


# ---- what is stored --------------------------------------------------------------


def stored(name: str, artifact: str) -> dict:
    """Read results/data/NAME.json; refuse one of another edition than the weights."""
    content = files.read_json(provenance.DATA / f"{name}.json")
    mine = artifacts.manifest().get(artifact, {}).get("edition", FIRST)
    if (theirs := provenance.editions(content)) != {mine}:
        editions = " and ".join(map(str, sorted(theirs)))
        raise ValueError(
            f"{name} is of edition {editions}, and artifacts/{artifact} of {mine}"
        )
    return content


def same_weights(name: str, artifact: str, recorded: object, key: str = "sha256"):
    """Refuse a result that was measured with other weights than those shipped."""
    if artifacts.manifest().get(artifact, {}).get(key) != recorded:
        raise ValueError(f"{name} was measured with other weights than {artifact}")


def named(stage: str, seed: int) -> str:
    """The artifact of a stage and a seed.

    >>> named("dev1", 0), named("dev2", 1)
    ('dev1-tiny', 'dev2-tiny-1')
    """
    return f"{stage}-tiny" + (f"-{seed}" if seed else "")


# ---- P1: the base, its controls, and Zero ----------------------------------------


def p1(box=None) -> list[Job]:
    """Pass@1 of base and Zero of seed 0, all of it and by game."""
    settings, jobs = recipe.settings("tiny", 0), []
    for stage, rows, k in (
        ("base", lambda content: content["P1"]["controls"], 30),
        ("zero", lambda content: {"sampled": content["P1"]["zero"]}, 16),
    ):
        artifact = named(stage, 0)
        known = rows(stored(f"{stage}-0", artifact))
        measured = {name: known["sampled"][name] for name in ("pass@1", "interval")}
        entry = artifacts.manifest()[artifact]["metrics"]
        if any(entry.get(name) != value for name, value in measured.items()):
            raise ValueError(f"{stage}-0 was measured with other weights: {artifact}")
        ask = partial(asked_again, stage, known, settings)
        answers = k * len(FAMILIES) * settings.tests
        title = f"P1, {artifact}: pass@1"
        jobs.append(Job(title, artifact, settings.tests, answers, ask, paired=False))
    return jobs


def asked_again(stage, known: dict, settings, model, tokenizer, n: int) -> list[Number]:
    """Measure a stage on n problems of each game, and compare every sampled row."""
    settings = replace(settings, tests=n, seed=FRESH)
    if stage == "base":
        now = unit.controls(model, tokenizer, settings)
    else:
        now = {"sampled": unit.measure(model, tokenizer, settings)[0]}
    numbers = []
    for name, row in now.items():
        if isinstance(row, dict) and row["samples"] > 1:
            numbers += of_games(f"{stage}, {name}", known[name], row)
    return numbers


def of_games(name: str, known: dict, now: dict) -> list[Number]:
    """Compare a row of P1: all problems, and each game."""
    k, k_now = known["samples"], now["samples"]
    numbers = [by_summary(name, known, now, k, k_now)]
    for game in FAMILIES:
        before, after = (
            {**row[game], "problems": row["problems"] // len(FAMILIES)}
            for row in (known, now)
        )
        numbers.append(by_summary(f"{name}, {game}", before, after, k, k_now))
    return numbers


# ---- P5 and P6: cards, problem by problem ----------------------------------------


def p5(box=None) -> list[Job]:
    """Answers that mix languages, before and after Dev2, for every seed."""
    jobs, most = [], language.PROBLEMS
    for seed in (0, 1, 2):
        name = f"language-with-{seed}"
        content = stored(name, named("dev2", seed))
        row, longest = content["P5"], content["settings"]["max_new_tokens"]
        same_weights(name, named("dev1", seed), row["weights"])
        origin = artifacts.manifest()[named("dev2", seed)]["made_from"]["dev1"]
        same_weights(name, named("dev1", seed), origin)
        for stage, when in (("dev1", "before"), ("dev2", "after")):
            asked = {
                level: Card(level, most, longest, language.SAMPLES, language.DRAW, card)
                for level, card in row[when].items()
            }
            ask = partial(cards_again, stage, asked, scorecard.REASONING, ("mixed",))
            answers = len(LEVELS) * len(scorecard.REASONING) * most * language.SAMPLES
            title = f"P5, {named(stage, seed)}: answers that mix languages"
            jobs.append(Job(title, named(stage, seed), most, answers, ask))
    return jobs


def p6(box=None) -> list[Job]:
    """The stage table of seed 0, easy problems: every column of every stage."""
    content, jobs = stored("stages-0", named("r1", 0)), []
    most, samples = content["problems"], content["samples"]
    for stage in stages.MODELS:
        artifact = named(stage, 0)
        same_weights("stages-0", artifact, content["weights"][stage])
        known = content["P6"][stage]["easy"]
        card = Card("easy", most, stages.LONGEST, samples, stages.DRAW, known)
        ask = partial(cards_again, stage, {"easy": card}, None, None, box=box)
        answers = samples * len(known["values"]["length"])
        jobs.append(Job(f"P6, {artifact}: easy", artifact, most, answers, ask))
    return jobs


@dataclass
class Card:
    """How a card of one level was measured, and what it has: summary and values."""

    level: str
    problems: int
    longest: int
    samples: int
    draw: int
    known: dict


def cards_again(
    stage, cards: dict[str, Card], families, columns, model, tokenizer, n, box=None
) -> list[Number]:
    """Measure cards on the first n problems of each family, and compare columns."""
    numbers = []
    for level, card in cards.items():
        every = questions(card.problems, level, families, card.draw)
        some = {family: problems[:n] for family, problems in every.items()}
        now = scorecard.measure(
            model,
            tokenizer,
            some,
            card.samples,
            max_new_tokens=card.longest,
            seed=FRESH,
            box=box,
        )
        kept = places(every, {family: len(mine) for family, mine in some.items()})
        for name in columns or now:
            before = [card.known["values"][name][i] for i in kept[name]]
            label = f"{stage}, {level}, {name}"
            numbers.append(by_problem(label, before, now[name]))
    return numbers


@cache
def questions(n: int, level: str, families, draw: int) -> dict:
    """The problems of a card, drawn once for all models that are asked them."""
    return scorecard.questions(n, level, families=families, seed=draw)


def places(asked: dict[str, list], first: dict[str, int]) -> dict[str, list[int]]:
    """Where the first problems of each family are among the values of a column."""
    seen, kept = {}, {}
    for family, problems in asked.items():
        for number, problem in enumerate(problems):
            for name in columns_of(problem):
                place = seen.setdefault(name, 0)
                seen[name] += 1
                if number < first[family]:
                    kept.setdefault(name, []).append(place)
    return kept


def columns_of(problem) -> list[str]:
    """The columns of the scorecard that a problem counts in."""
    if problem.family == "programs":  # which need a sandbox
        return ["programs"]
    return [*scorecard.marks(problem, [""]), "length"]


# ---- all of it -------------------------------------------------------------------

CLAIMS = {"P1": p1, "P5": p5, "P6": p6}


def share(left: float, answers: int, rate: float) -> float:
    """The part of some answers for which the time left is enough, at most 1.

    >>> share(60.0, 1000, 0.01), share(5.0, 1000, 0.01)
    (1.0, 0.5)
    """
    return min(1.0, max(left, 0.0) / (answers * rate))


def numbers_of(jobs: list[Job], most: int | None, seconds: float = SECONDS):
    """Yield (metrics, job, problems asked, numbers); fewer where the time is short.

    The first job is tried with few problems, to see how fast this machine is.
    """
    began, spent, answers = time.perf_counter(), 0.0, 0.0
    for number, job in enumerate(jobs):
        model, tokenizer = artifacts.load(job.artifact)
        if not number:
            job.ask(model, tokenizer, FEWEST)
            spent = time.perf_counter() - began
            answers = job.answers * FEWEST / job.problems
        left = seconds - (time.perf_counter() - began)
        part = share(left, sum(j.answers for j in jobs[number:]), spent / answers)
        n = min(most or job.problems, max(FEWEST, int(part * job.problems)))
        n = min(n, job.problems)
        start = time.perf_counter()
        found = job.ask(model, tokenizer, n)
        spent += time.perf_counter() - start
        answers += job.answers * n / job.problems
        yield {"step": number + 1}, job, n, found


def main(claims: Iterable[str], most: int | None = None) -> int:
    """Print every number of the claims beside the stored one; writes nothing."""
    why_not, lines, numbers = sandbox.missing(), [], []
    with nullcontext() if why_not else sandbox.Sandbox() as box:
        jobs = [job for claim in claims for job in CLAIMS[claim](box)]
        loop = numbers_of(jobs, most)
        for _, job, n, found in bar(loop, len(jobs), "from shipped"):
            lines += [job.heading(n), *map(str, found)]
            numbers += found
    print("\n".join(lines))
    if why_not and "P6" in claims:
        print(f"The column of programs is left out: {files.line(why_not)}")
    print(verdict(numbers))
    return 0


def verdict(numbers: list[Number]) -> str:
    """How many numbers are within, and how many would be outside by chance."""
    inside, chance = sum(n.within for n in numbers), len(numbers) / 20
    return (
        f"{inside} of {len(numbers)} are within. Chance alone puts one right number in "
        f"twenty outside, so here about {chance:.0f}."
    )
