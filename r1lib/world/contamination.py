"""Do training texts contain test problems? By identity, and by overlapping words.

This world is written by programs, so a prompt can be read back: `identity` names the
problem that it asks, whatever the wording, the language or the order of the numbers.
On real text nobody can do that. There one looks for n-grams, runs of n words, of the
test in the training text: GPT-3 with n from 8 to 13 words (arXiv 2005.14165, appendix
C), Llama 3 with 8 tokens (arXiv 2407.21783, section 5.1.4). That calls innocent texts
guilty where both say what everybody says, and lets every translation pass. Chapter 15
builds this file.
"""

import re
from collections.abc import Iterable
from functools import cache
from itertools import combinations, permutations, product

from r1lib.problem import LANGUAGES, Problem
from r1lib.world import arithmetic, countdown, instructions, logic, programs, requests
from r1lib.world.general import FAMILIES, SLOTS

LONGEST = 600  # characters; a longer prompt is none of this world
WORD = re.compile(r"\d+|[^\W\d_]+|[^\w\s]")


def identity(prompt: str) -> tuple[str, str] | None:
    """Name the problem that a prompt asks, (family, key); None where it is none.

    The key is `Problem.key`, the one that decides the split, so two prompts with one
    identity are the same problem in other words.

    >>> identity("숫자=8,3,7 목표=35") == identity("numbers=3,7,8 target=35")
    True
    """
    prompt = checked(prompt)
    if len(prompt) > LONGEST:
        return None
    for language in LANGUAGES:
        for family, read in READ.items():
            if (key := read(prompt, language)) is not None:
                return family, key
        if (found := read_request(prompt, language)) is not None:
            return found
    return None


def leaked(prompts: Iterable[str], tests: Iterable[Problem]) -> dict[int, str]:
    """Place of every prompt that asks a test problem -> that problem's key.

    Prompts that cannot be read are passed over: `unread` lists them.
    """
    known = {(p.family, p.key) for p in tests}
    if not known:
        raise ValueError("wanted at least one test problem, got none")
    named = ((i, identity(prompt)) for i, prompt in enumerate(prompts))
    return {i: who[1] for i, who in named if who in known}


def unread(prompts: Iterable[str]) -> list[str]:
    """The prompts that no reader of this file knows: what `leaked` is blind to."""
    return [prompt for prompt in prompts if identity(prompt) is None]


def words(text: str) -> list[str]:
    """Cut a text into lower-case words, numbers and signs: what n-grams are made of.

    >>> words("Numbers=3,7 target=35")
    ['numbers', '=', '3', ',', '7', 'target', '=', '35']
    """
    return WORD.findall(checked(text).lower())


def ngrams(text: str, n: int) -> set[tuple[str, ...]]:
    """All runs of n words of a text; a text of fewer words has none."""
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    said = words(text)
    return {tuple(said[i : i + n]) for i in range(len(said) - n + 1)}


def overlaps(texts: Iterable[str], tests: Iterable[str], n: int) -> list[float]:
    """Of each test text, the share of its words that stand in an n-gram of `texts`.

    As Llama 3 counts it; GPT-3 calls a text dirty where the share is above 0. A test
    text of fewer than n words cannot be found, and gets 0.
    """
    tests = list(tests)
    sought = set().union(*(ngrams(test, n) for test in tests))
    seen: set[tuple[str, ...]] = set()
    for text in texts:
        seen |= ngrams(text, n) & sought
    return [covered(words(test), seen, n) for test in tests]


def covered(said: list[str], seen: set, n: int) -> float:
    """Share of the words that stand in at least one n-gram of `seen`."""
    hit = [False] * len(said)
    for i in range(len(said) - n + 1):
        if tuple(said[i : i + n]) in seen:
            hit[i : i + n] = [True] * n
    return sum(hit) / max(1, len(said))


def checked(text: object) -> str:
    """Return a text as it is; anything else is a ValueError."""
    if not isinstance(text, str):
        raise ValueError(f"wanted a text, got {type(text).__name__}")
    return text


def read_countdown(prompt: str, language: str) -> str | None:
    """Read given numbers and target; the order of the numbers does not matter."""
    pattern = countdown.PROMPT[language].format(r"(\d{1,3}(?:,\d{1,3})*)", r"(\d{1,3})")
    match = re.fullmatch(pattern, prompt, re.ASCII)
    if match is None:
        return None
    return countdown.make(list(map(int, match[1].split(","))), int(match[2]), "en").key


def read_arithmetic(prompt: str, language: str) -> str | None:
    """Read a bare expression, or the numbers and the verbs of a story."""
    bare = arithmetic.PROMPT[language].format(r"([\d()+*/-]+)")
    if match := re.fullmatch(bare, prompt, re.ASCII):
        return match[1]
    story = arithmetic.STORY[language]
    end = re.escape(story["end"])
    verbs = {op: part(story[op]) for op in countdown.OPERATIONS}
    start = part(story["start"].replace("{}", "{name}", 1))
    any_verb = "|".join(verbs.values())
    if not re.fullmatch(
        f"{start}(?:{any_verb})+{end}".replace(r"(\d+)", r"\d+"), prompt
    ):
        return None
    first = re.match(start, prompt)
    steps = [
        (m.start(), op, int(m[1]))
        for op, verb in verbs.items()
        for m in re.finditer(verb, prompt)
    ]
    operations = "".join(op for _, op, _ in sorted(steps))
    numbers = [int(first[1]), *(number for *_, number in sorted(steps))]
    return countdown.write_expression(numbers, operations)


def part(phrase: str) -> str:
    """Turn a phrase of a story into a pattern: names, one number, things."""
    pattern = re.escape(phrase).replace(r"\{name\}", r"\w+")
    pattern = pattern.replace(r"\{\}", r"(\d+)", 1)
    return pattern.replace(r"\{\}", r"\w+")


def read_logic(prompt: str, language: str) -> str | None:
    """Read what each person says; whoever says something unknown spoils the puzzle."""
    head, *said = re.split(r" (?=[A-E]: )", prompt)
    if head != logic.HEAD[language] or not 2 <= len(said) <= len(logic.NAMES):
        return None
    table, statements = sayings(len(said), language), []
    for speaker, line in enumerate(said):
        name, _, text = line.partition(": ")
        statement = table.get((speaker, text.removesuffix(".")))
        if name != logic.NAMES[speaker] or statement is None:
            return None
        statements.append(statement)
    return logic.key_of(statements)


@cache
def sayings(n: int, language: str) -> dict:
    """(speaker, words) -> statement, for everything that one of n people may say."""
    sides = (True, False)
    every = [("is", who, side) for who in range(n) for side in sides]
    every += [
        (k, *two) for k in ("same", "different") for two in combinations(range(n), 2)
    ]
    every += [(k, many) for k in ("exactly", "least") for many in range(n + 1)]
    every += [
        (k, a, one, b, other)
        for k in ("or", "and", "if")
        for a, b in permutations(range(n), 2)
        for one, other in product(sides, sides)
    ]
    return {(who, logic.say(s, who, language)): s for who in range(n) for s in every}


def read_program(prompt: str, language: str) -> str | None:
    """Read a chain of list operations, and name it by what it does."""
    if not prompt.startswith("solve(xs): "):
        return None
    ops = programs.read(prompt, language)
    if not ops or programs.describe(ops, language) != prompt.removeprefix(
        "solve(xs): "
    ):
        return None
    return programs.key_of(ops)


READ = {
    "countdown": read_countdown,
    "arithmetic": read_arithmetic,
    "logic": read_logic,
    "programs": read_program,
}


def read_request(prompt: str, language: str) -> tuple[str, str] | None:
    """Read a request in its frame, or bare with instructions behind it."""
    known, ordered, rest, kept = asks(language), orders(language), prompt, []
    while order := next((o for o in ordered if rest.endswith(f" {o}")), None):
        rest = rest.removesuffix(f" {order}")
        kept.append(ordered[order])
    if kept:
        kinds = {kind for kind, _ in kept}
        for family in FAMILIES if len(kinds) == len(kept) else ():
            if (family, rest) in known:
                base = requests.make(family, *known[family, rest], language)
                return "instructions", instructions.make(base, tuple(kept)).key
    for family in FAMILIES:
        before, behind = (requests.sentences(language, family, i) for i in (0, 1))
        for frame in product(range(len(before)), range(len(behind))):
            opener, closer = before[frame[0]], behind[frame[1]]
            if prompt.startswith(opener) and prompt.endswith(closer):
                ask = prompt.removeprefix(opener).removesuffix(closer).strip()
                if (family, ask) in known:
                    chosen = known[family, ask]
                    return family, requests.make(family, *chosen, language, frame).key
    return None


@cache
def asks(language: str) -> dict:
    """(family, request without frame) -> (topic, chosen words), in every wording."""
    kinds = {}
    for family in FAMILIES:
        for topic, (ways, _) in enumerate(requests.topics(family, language)):
            slots = re.findall(r"\{(\w+)\}", ways[0])
            options = [[(s, w) for w in SLOTS[language][s]] for s in slots]
            for chosen, way in product(product(*options), ways):
                text = requests.expand(way, language, chosen)[0]
                kinds.setdefault((family, text), (topic, chosen))
    return kinds


@cache
def orders(language: str) -> dict:
    """Instruction in words -> (kind, argument)."""
    every = [("language", name) for name in LANGUAGES]
    every += [("words", n) for n in instructions.MOST_WORDS]
    every += [("start", i) for i in range(len(instructions.STARTS[language]))]
    every += [("end", i) for i in range(len(instructions.ENDS[language]))]
    every += [("shout", 0), ("quotes", 0)]
    return {instructions.say(*order, language): order for order in every}
