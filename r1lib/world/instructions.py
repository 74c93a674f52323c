"""How a reply must look: instructions that a program checks, as IFEval does.

A request of a general family with one instruction behind it (easy) or two (hard), such
as "Answer in at most 5 words." The key is the request with its instructions, all in
English. Verifiable instructions: Zhou et al., arXiv 2311.07911, section 2; the paper of
R1 reports IFEval for every stage (arXiv 2501.12948v2).
"""

import random
import re
from dataclasses import replace
from functools import lru_cache

from r1lib.files import one_of, shown
from r1lib.problem import LANGUAGES, LEVELS, Problem
from r1lib.world import requests
from r1lib.world.general import FAMILIES

NAME = {"en": {"en": "English", "ko": "Korean"}, "ko": {"en": "영어", "ko": "한국어"}}
STARTS = {
    "en": ("Well", "Okay", "Listen", "Look"),
    "ko": ("음", "좋아", "들어 봐", "자"),
}
ENDS = {
    "en": ("Done", "That is all", "Good luck", "Bye"),
    "ko": ("끝", "그게 다야", "행운을 빌어", "안녕"),
}
SAY = {
    "language": {"en": "Answer in {}.", "ko": "{}로 대답해 줘."},
    "words": {"en": "Use at most {} words.", "ko": "{}단어 이내로 답해 줘."},
    "start": {"en": 'Begin with "{}".', "ko": '"{}"(으로/로) 시작해 줘.'},
    "end": {"en": 'End with "{}".', "ko": '"{}"(으로/로) 끝내 줘.'},
    "shout": {"en": "End with an exclamation mark.", "ko": "느낌표로 끝내 줘."},
    "quotes": {"en": "Put quotation marks around it.", "ko": "따옴표로 묶어 줘."},
}
LETTER = {"en": re.compile("[A-Za-z]"), "ko": re.compile("[가-힣ㄱ-ㅎㅏ-ㅣ]")}
MOST_WORDS = range(1, 11)
TOGETHER = (  # pairs of kinds that do not get into each other's way
    ("language", "words"),
    ("language", "shout"),
    ("language", "quotes"),
    ("start", "words"),
    ("end", "words"),
    ("shout", "words"),
    ("quotes", "words"),
    ("start", "end"),
    ("start", "shout"),
)


def sample(rng: random.Random, level: str, language: str) -> Problem:
    """Draw a problem that a known reply can solve, and an unaware one may not."""
    one_of("level", level, LEVELS)
    while True:
        topic, chosen = requests.choose(rng, family := rng.choice(FAMILIES), language)
        base = requests.make(family, topic, chosen, language, wording=rng.randrange(12))
        if requests.harmful(base):
            continue  # a refusal opens as it always opens
        kinds = rng.choice(TOGETHER) if level == "hard" else (rng.choice(list(SAY)),)
        problem = make(base, tuple((kind, argument(rng, kind)) for kind in kinds))
        unaware = all(follows(problem, reply) for reply in requests.references(base))
        if references(problem) and not unaware:
            return replace(problem, answer=references(problem)[0])


def argument(rng: random.Random, kind: str) -> str | int:
    """Draw what an instruction of some kind asks for."""
    options = {"language": LANGUAGES, "words": MOST_WORDS}
    options |= {"start": range(len(STARTS["en"])), "end": range(len(ENDS["en"]))}
    return rng.choice(options.get(kind, (0,)))


class Instruction(Problem):
    """Right where the reply is, and follows every instruction: `right`."""

    def check(self, completion: str, box=None) -> bool:
        return right(self, completion)


def make(base: Problem, orders: tuple) -> Problem:
    """Put instructions, ((kind, argument), ...), behind a request without a frame."""
    kinds = {kind for kind, _ in orders}
    if base.family not in FAMILIES or not orders or not kinds <= set(SAY):
        wanted = f"wanted a general problem and orders of {tuple(SAY)}"
        raise ValueError(f"{wanted}, got {shown(base.family)} and {orders}")
    if len(kinds) < len(orders):
        raise ValueError(f"wanted at most one order of a kind, got {orders}")
    level = "easy" if len(orders) == 1 else "hard"
    prompt = " ".join([base.prompt, *(say(*o, base.language) for o in orders)])
    key = "|".join([base.key, *sorted(say(*o, "en") for o in orders)])
    data = (*base.data[:3], tuple(orders))
    return Instruction("instructions", level, base.language, prompt, "", key, data)


def say(kind: str, wanted, language: str) -> str:
    """Write one instruction.

    >>> say("words", 5, "en"), say("end", 0, "ko")
    ('Use at most 5 words.', '"끝"으로 끝내 줘.')
    """
    shown = wanted
    if kind in ("start", "end"):
        shown = {"start": STARTS, "end": ENDS}[kind][language][wanted]
    if kind == "language":
        shown = NAME[language][wanted]
    text = SAY[kind][language].format(shown)
    last = ord(str(shown)[-1]) - ord("가")  # the consonant that decides the particle
    closed = 0 <= last <= 11171 and last % 28 not in (0, 8)
    return text.replace("(으로/로)", "으로" if closed else "로")


def target(problem: Problem) -> str:
    """Return the language that the reply to any request should be in."""
    asked = problem.data[3] if problem.family == "instructions" else ()
    return dict(asked).get("language", problem.language)


@lru_cache(10_000)
def references(problem: Problem) -> tuple[str, ...]:
    """List the known replies to any general request that do what its orders say."""
    language = target(problem)
    if requests.translated(problem, language) is None:
        return ()
    replies = requests.references(problem, language)
    if problem.family != "instructions":
        return replies
    shaped = (shape(reply, problem) for reply in replies)
    return tuple(reply for reply in shaped if right(problem, reply))


def shape(reply: str, problem: Problem) -> str:
    """Give a known reply the form that is asked for; its length stays."""
    orders, language = dict(problem.data[3]), problem.language
    if "quotes" in orders:
        reply = f'"{reply}"'
    if "start" in orders:
        reply = f"{STARTS[language][orders['start']]}. {reply}"
    if "end" in orders:
        reply = f"{reply} {ENDS[language][orders['end']]}."
    return reply.rstrip(".!?") + "!" if "shout" in orders else reply


def share_followed(problem: Problem, text: str) -> float:
    """Share of a problem's instructions that the summary of a completion follows."""
    orders = problem.data[3]
    said = requests.summary(text)
    kept = [follows_one(said, *order, problem.language) for order in orders]
    return sum(kept) / len(kept)


def follows(problem: Problem, text: str) -> bool:
    """Say whether a completion's summary follows every instruction of the problem.

    Only the form counts here, as in IFEval; `right` asks for the content as well.
    """
    return share_followed(problem, text) == 1.0


def right(problem: Problem, text: str) -> bool:
    """Say whether a reply follows the instructions and answers the request."""
    return follows(problem, text) and requests.right(problem, text, target(problem))


def follows_one(said: str, kind: str, wanted, language: str) -> bool:
    """Check one instruction on a summary; a reply without a word follows nothing.

    >>> follows_one("It is white.", "words", 3, "en")
    True
    >>> follows_one("It is white.", "language", "ko", "en")
    False
    """
    if not requests.words(said):
        return False
    if kind == "language":
        own = said.replace("R1 tiny", "")  # a name, in either language
        letters = [sign for sign in own if sign.isalpha()]
        return bool(letters) and all(LETTER[wanted].match(x) for x in letters)
    if kind == "words":
        return len(said.split()) <= wanted
    if kind == "start":
        return re.match(rf"{STARTS[language][wanted]}\b", said, re.I) is not None
    if kind == "end":
        last = requests.words(ENDS[language][wanted])
        return requests.words(said)[-len(last) :] == last
    if kind == "shout":
        return said.endswith("!")
    if kind == "quotes":
        return len(said) > 2 and said[0] + said[-1] in ('""', "“”")
    raise ValueError(f"instruction must be one of {tuple(SAY)}, got {shown(kind)}")
