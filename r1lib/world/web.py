"""The whole tiny web: the games of `corpus`, and everything else that people write.

Logic puzzles and list programs come in the same three styles as the games. Of what
people ask an assistant, the web has replies of every kind: good ones, answers to
something else, answers that ramble, break off, or turn to the other language; people
who help with harm, and bots that go by other names. An instruction at the end of a
request is mostly overlooked. So the base knows much and is no assistant.

`SHARES`, `HARD` and `Manners` were changed once, after a first run of the whole recipe
and for reasons that docs/world.md gives. All problems are of the "train" split.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from r1lib.problem import LANGUAGES, LEVELS, STYLES, Problem, draw
from r1lib.training import limits
from r1lib.world import (
    arithmetic,
    corpus,
    countdown,
    instructions,
    logic,
    programs,
    requests,
)
from r1lib.world.corpus import Habits
from r1lib.world.general import SLOTS

SAMPLE = {
    "countdown": countdown.sample,
    "arithmetic": arithmetic.sample,
    "logic": logic.sample,
    "programs": programs.sample,
    **requests.SAMPLE,
    "instructions": instructions.sample,
}
SHARES = {  # of the documents
    "countdown": 0.32,
    "arithmetic": 0.26,
    "logic": 0.08,
    "programs": 0.08,
    "facts": 0.08,
    "chat": 0.03,
    "writing": 0.03,
    "identity": 0.02,
    "refusal": 0.04,
    "instructions": 0.06,
}
HARD = 0.15  # of the games: four numbers, five operations
POOL = 2500  # logic, programs and instructions: problems that are written about again
FLAWS = ("good", "other", "rambles", "switches", "breaks off")
NOTES = {"en": ("question: ", "idea: "), "ko": ("질문: ", "생각: ")}
NAMED = {"en": "I am {}.", "ko": "나는 {}야."}


@dataclass(frozen=True)
class Manners:
    """How people on the tiny web answer requests; values are probabilities."""

    flaws: tuple = (0.50, 0.15, 0.15, 0.10, 0.10)  # as in FLAWS
    thinks: float = 0.5  # a line or two of thinking stand before the reply
    switch: float = 0.1  # a line of this thinking is in the other language
    complies: float = 0.6  # helps with harm
    overlooks: float = 0.6  # does not do what the instruction says
    pretends: float = 0.5  # asked for its name, gives that of another bot

    def __post_init__(self):
        limits.kind(self, tuple, "flaws")
        limits.share(self, "thinks", "switch", "complies", "overlooks", "pretends")


def documents(
    n: int,
    seed: int,
    habits: Habits = Habits(),  # noqa: B008
    manners: Manners = Manners(),  # noqa: B008
) -> Iterator[tuple[str, str]]:
    """Yield n (prompt, completion) pairs about training problems of all families."""
    rng = random.Random(f"web-{seed}")
    families, shares = zip(*SHARES.items(), strict=True)
    pools: dict[str, list[Problem]] = {}
    for _ in range(n):
        family = rng.choices(families, shares)[0]
        if family in ("countdown", "arithmetic"):
            level = "hard" if rng.random() < HARD else "easy"
            problem = draw(SAMPLE[family], rng, "train", level)
            style = rng.choices(STYLES, habits.styles)[0]
            yield problem.prompt, corpus.trace(rng, problem, style, habits)
        elif family in ("logic", "programs"):
            problem = again(rng, family, pools, ("easy",))
            style = rng.choices(STYLES, habits.styles)[0]
            write = {"logic": logic.trace, "programs": programs.trace}[family]
            yield problem.prompt, write(rng, problem, style)
        else:
            problem = again(rng, family, pools, LEVELS)
            yield problem.prompt, reply(rng, problem, manners)


def again(rng: random.Random, family: str, pools: dict, levels: tuple) -> Problem:
    """Draw a training problem, where drawing is slow from a pool that fills up."""
    pool = pools.setdefault(family, [])
    slow = family in ("logic", "programs", "instructions")
    if slow and len(pool) >= POOL:
        return rng.choice(pool)
    problem = draw(SAMPLE[family], rng, "train", rng.choice(levels))
    if slow:
        pool.append(problem)
    return problem


def reply(rng: random.Random, problem: Problem, manners: Manners) -> str:
    """Write what somebody on the tiny web answers to a request."""
    said = flawed(rng, problem, good(rng, problem, manners), manners)
    thought = thinking(rng, problem, said, manners)
    return f"{thought}<answer>{said}</answer>"


def good(rng: random.Random, problem: Problem, manners: Manners) -> str:
    """Choose a whole reply: a known one, or that of somebody with other manners."""
    language = problem.language
    if requests.harmful(problem) and rng.random() < manners.complies:
        return rng.choice(requests.COMPLY[language])
    named = problem.family == "identity" and problem.data[1] < 4
    if named and rng.random() < manners.pretends:
        return NAMED[language].format(rng.choice(SLOTS[language]["bot"]))
    if problem.family == "instructions" and rng.random() < manners.overlooks:
        return rng.choice(requests.references(problem))
    return rng.choice(instructions.references(problem))


def flawed(rng: random.Random, problem: Problem, said: str, manners: Manners) -> str:
    """Spoil a reply, or leave it: to something else, twice as long, switched, cut."""
    flaw = rng.choices(FLAWS, manners.flaws)[0]
    if flaw in ("other", "rambles"):
        topic, chosen = requests.choose(rng, problem.data[0], problem.language)
        other = rng.choice(
            requests.replies(problem.data[0], topic, chosen, problem.language)
        )
        return other if flaw == "other" else f"{said} {other}"
    if flaw == "switches":
        language = LANGUAGES[1 - LANGUAGES.index(problem.language)]
        if requests.translated(problem, language) is None:
            return said
        return rng.choice(requests.references(problem, language))
    if flaw == "breaks off" and " " in said:
        words = said.split(" ")
        return " ".join(words[: rng.randrange(1, len(words))])
    return said


def thinking(rng: random.Random, problem: Problem, said: str, manners: Manners) -> str:
    """Think before a reply or not: note the question, and what comes to mind."""
    if rng.random() >= manners.thinks:
        return ""
    family, topic, chosen = problem.data[:3]
    lines = []
    for i, note in enumerate(NOTES[problem.language][: rng.choice((1, 2))]):
        language = problem.language
        other = LANGUAGES[1 - LANGUAGES.index(language)]
        words = requests.translated(problem, other)
        if rng.random() < manners.switch and words is not None:
            language, mine = other, words
            note = NOTES[other][i]
        else:
            mine = chosen
        if i == 0:
            asks = requests.topics(family, language)[topic][0]
            text = requests.expand(rng.choice(asks), language, mine)[0]
        elif language == problem.language:
            text = said
        else:
            text = rng.choice(requests.references(problem, language))
        lines.append(note + text.replace("\n", " "))
    return "<think>" + "\n".join(lines) + "\n</think>"
