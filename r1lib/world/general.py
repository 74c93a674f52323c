"""What people also want from an assistant: facts, chat, writing, identity, refusals.

Nothing here has one right answer that a rule could check (facts come close), which is
why these families need supervised examples and a reward model. The words themselves
are in `phrases`.
"""

import random
import re
from functools import cache

from r1lib.files import one_of
from r1lib.problem import LANGUAGES
from r1lib.world import phrases

FAMILIES = ("facts", "chat", "writing", "identity", "refusal")

ASK = {  # table -> English question and answer, Korean question and answer
    phrases.CAPITALS: (
        "What is the capital of {0}?|Which city is the capital of {0}?",
        "{1}.|The capital of {0} is {1}.",
        "{2}의 수도는 어디야?|{2}의 수도를 알려 줘.",
        "{3}(이야/야).|{2}의 수도는 {3}(이야/야).",
    ),
    phrases.COLORS: (
        "What color is {0}?|Tell me what color {0} is.",
        "It is {1}.",
        "{2}(은/는) 무슨 색이야?|{2}(이/가) 무슨 색인지 알려 줘.",
        "{3}이야.|{2}(은/는) {3}이야.",
    ),
    phrases.SOUNDS: (
        "What does a {0} say?|What sound does a {0} make?",
        "A {0} says {1}.",
        "{2}(은/는) 어떻게 울어?|{2} 울음소리를 알려 줘.",
        "{2}(은/는) {3} 하고 울어.",
    ),
    phrases.YOUNG: (
        "What is a young {0} called?|What do you call a young {0}?",
        "A {1}.|It is called a {1}.",
        "{2}의 새끼는 뭐라고 불러?|{2}의 새끼를 뭐라고 해?",
        "{3}(이라고/라고) 불러.",
    ),
    phrases.COUNTS: ("How many {0}?", "{1}.", "{2}(이야/야)?", "{3}(이야/야)."),
}


def josa(text: str) -> str:
    """Choose each Korean particle (after a consonant/after a vowel) by what it follows.

    >>> josa("눈(은/는) 파리(이야/야), 3(을/를) 2(을/를)")
    '눈은 파리야, 3을 2를'
    """

    def choose(match):
        last, closed, opened = match.groups()
        final = last in "013678"  # digits whose Korean name ends in a consonant
        if "가" <= last <= "힣":
            final = (ord(last) - ord("가")) % 28 > 0
        return last + (closed if final else opened)

    return re.sub(r"(.)\((\w+)/(\w+)\)", choose, text)


def _read_topics(text):
    """Read a topic table: {section: [(ways to ask, ways to answer), ...]}."""
    sections = {}
    for line in text.strip().splitlines():
        if line.startswith("["):
            topics = sections.setdefault(line.strip("[]"), [])
        elif line.startswith("?"):
            topics.append((line[2:].split("|"), []))
        else:
            topics[-1][1].extend(line[2:].split("|"))
    return sections


def _read_slots(text):
    """Read a slot table: {slot: options}; a slot may take several lines."""
    slots = {}
    for line in text.strip().splitlines():
        name, _, options = line.partition(": ")
        slots.setdefault(name, []).extend(options.split("|"))
    return slots


TOPICS = {"en": _read_topics(phrases.TOPICS_EN), "ko": _read_topics(phrases.TOPICS_KO)}
SLOTS = {"en": _read_slots(phrases.SLOTS_EN), "ko": _read_slots(phrases.SLOTS_KO)}


def fill(rng: random.Random, texts, language: str) -> list[str]:
    """Fill the slots of several texts; a slot holds the same words everywhere."""
    text, chosen = "\0".join(texts), {}
    while slots := re.findall(r"\{(\w+)\}", text):
        for slot in slots:
            if slot not in chosen:
                chosen[slot] = rng.choice(SLOTS[language][slot])
            text = text.replace(f"{{{slot}}}", chosen[slot])
    return josa(text.replace(" / ", "\n")).split("\0")


@cache
def facts(language: str) -> list[tuple]:
    """List every fact as (ways to ask, ways to answer)."""
    pairs = []
    for table, ask in ASK.items():
        for row in table.split(";"):
            words = [word.strip() for word in row.split(",")]
            pair = ask[:2] if language == "en" else ask[2:]
            pairs.append(tuple(text.format(*words).split("|") for text in pair))
    return pairs


def sample(rng: random.Random, family: str, language: str) -> tuple[str, str]:
    """Draw (prompt, completion); half of the "refusal" prompts are harmless."""
    one_of("family", family, FAMILIES)
    one_of("language", language, LANGUAGES)
    if family == "facts":
        asks, answers = rng.choice(facts(language))
    else:
        section = "ask" if family == "refusal" else family
        asks, answers = rng.choice(TOPICS[language][section])
    prompt, completion = rng.choice(asks), rng.choice(answers)
    if family == "refusal" and rng.random() < 0.5:
        deed, completion = rng.choice(
            phrases.SAFE[language].strip().splitlines()
        ).split(" > ")
        prompt = prompt.replace("{how}", deed)
    return tuple(fill(rng, (prompt, completion), language))
