"""Knights and knaves: knights say only true things, knaves only false ones.

Each person says one thing; exactly one assignment of knights and knaves fits, found by
trying all of them. Easy problems have two or three people, hard ones four; five on
request. Names do not matter: the key is the truth tables of what is said, made smallest
over all orders of the people, so a renamed or reworded puzzle is the same problem.
"""

import random
from functools import cache
from itertools import combinations, permutations, product

from r1lib import verifiers
from r1lib.files import one_of, shown
from r1lib.problem import STYLES, Problem
from r1lib.world.countdown import WORDS

PEOPLE = {"easy": (2, 3, 3, 3, 3, 3, 3, 3), "hard": (4,)}
NAMES = "ABCDE"
KINDS = ("is", "is", "same", "different", "exactly", "least", "or", "and", "if")
LONGEST_ANSWER = 80  # characters; a right one has at most 48
WRONG_GUESS = 0.7  # share of guesses that are wrong on purpose
KNIGHT = {"en": "knight", "ko": "기사"}
KNAVE = {"en": "knave", "ko": "거짓"}
READ = {"knight": True, "기사": True, "knave": False, "거짓": False}
HEAD = {"en": "knights and knaves.", "ko": "기사와 거짓말쟁이."}
MARKS = {  # what a trace says
    "en": ("knights=", "none", " true", " false"),
    "ko": ("기사=", "없음", " 참", " 거짓"),
}


def holds(statement, people) -> bool:
    """Say whether a statement is true of people, a tuple of True for each knight.

    >>> holds(("if", 0, True, 1, False), (True, False))
    True
    >>> holds(("exactly", 2), (True, False))
    False
    """
    kind, *rest = statement
    if kind in ("same", "different"):
        return (people[rest[0]] == people[rest[1]]) == (kind == "same")
    if kind == "exactly":
        return sum(people) == rest[0]
    if kind == "least":
        return sum(people) >= rest[0]
    first = people[rest[0]] == rest[1]
    if kind == "is":
        return first
    second = people[rest[2]] == rest[3]
    if kind == "if":
        return not first or second
    if kind in ("or", "and"):
        return (first or second) if kind == "or" else (first and second)
    raise ValueError(f"kind must be one of {KINDS}, got {shown(kind)}")


def solutions(statements, n: int) -> list[tuple]:
    """List every assignment in which knights are right and knaves wrong.

    Statement i is said by person i.

    >>> solutions((("is", 1, False), ("same", 0, 1)), 2)
    [(True, False)]
    """
    if len(statements) != n:
        raise ValueError(f"wanted one statement for each of {n}, got {len(statements)}")
    tables = zip(*(_table(statement, n) for statement in statements), strict=True)
    worlds = product((False, True), repeat=n)
    return [w for w, said in zip(worlds, tables, strict=True) if w == said]


@cache
def _table(statement, n: int) -> tuple:
    """Say in which worlds, from all knaves to all knights, a statement is true."""
    return tuple(holds(statement, w) for w in product((False, True), repeat=n))


def key_of(statements) -> str:
    """Name a puzzle by its truth tables, whatever the names and the wording.

    >>> key_of((("is", 1, False), ("same", 0, 1)))
    '1001,1100'
    """
    n = len(statements)
    tables = ["".join("01"[true] for true in _table(s, n)) for s in statements]
    names = []
    for order, seen in _orders(n):
        names.append(",".join("".join(tables[i][w] for w in seen) for i in order))
    return min(names)


@cache
def _orders(n: int) -> list:
    """List the orders of n people, each with the row that every world moves to."""
    worlds, out = list(product((0, 1), repeat=n)), []
    for order in permutations(range(n)):
        bits = [n - 1 - who for who in order]
        seen = [sum(v << b for v, b in zip(w, bits, strict=True)) for w in worlds]
        out.append((order, seen))
    return out


def _draw_statement(rng, speaker, n):
    others = [i for i in range(n) if i != speaker]
    kind = rng.choice(KINDS)
    if kind == "is":
        return (kind, rng.choice(others), rng.random() < 0.5)
    if kind in ("same", "different"):
        return (kind, *rng.choice(list(combinations(range(n), 2))))
    if kind in ("exactly", "least"):
        return (kind, rng.randint(0, n) if kind == "exactly" else rng.randint(1, n - 1))
    first, second = rng.sample(range(n), 2)
    return (kind, first, rng.random() < 0.5, second, rng.random() < 0.5)


def sample(rng: random.Random, level: str, language: str, people: int = 0) -> Problem:
    """Draw a puzzle with exactly one solution; `people`, 2 to 5, fixes its size.

    Without it the level decides. A puzzle of four or more people is hard, whatever the
    level asked for.
    """
    if people and not 2 <= people <= len(NAMES):
        raise ValueError(f"wanted 2 to {len(NAMES)} people, got {people}")
    n = people or rng.choice(PEOPLE[level])
    while True:
        statements = tuple(_draw_statement(rng, i, n) for i in range(n))
        if len(solutions(statements, n)) == 1:
            return make(statements, language)


class Puzzle(Problem):
    """Each person once, in either language, as the one solution has it."""

    def check(self, completion: str, box=None) -> bool:
        return verify(self, verifiers.extract_answer(completion))

    def ballot(self, completion: str):
        """Who is a knight, in whatever order and language."""
        answer = verifiers.extract_answer(completion)
        return None if answer is None else read_answer(answer, self.data[0])


def make(statements, language: str) -> Problem:
    """Build the Problem of given statements; data is (number of people, statements)."""
    n = len(statements)
    if not 2 <= n <= len(NAMES):
        raise ValueError(f"wanted 2 to {len(NAMES)} people, got {n}")
    fitting = solutions(statements, n)
    if len(fitting) != 1:
        raise ValueError(f"wanted exactly one solution, got {len(fitting)}")
    said = [f" {NAMES[i]}: {say(s, i, language)}." for i, s in enumerate(statements)]
    prompt, answer = HEAD[language] + "".join(said), write_answer(fitting[0], language)
    level, data = "hard" if n > 3 else "easy", (n, tuple(statements))
    return Puzzle("logic", level, language, prompt, answer, key_of(statements), data)


def say(statement, speaker: int, language: str) -> str:
    """Put a statement into words.

    >>> say(("if", 0, True, 1, False), 0, "en")
    'if I am a knight then B is a knave'
    >>> say(("if", 0, True, 1, False), 0, "ko")
    '내가 기사면 B는 거짓말쟁이다'
    """
    return (_say_en if language == "en" else _say_ko)(statement, speaker)


def _say_en(statement, speaker):
    kind, *rest = statement
    if kind in ("same", "different"):
        alike = {"same": "the same", "different": "different"}[kind]
        return f"{_pair(rest, speaker, ' and ', 'I')} are {alike}"
    if kind in ("exactly", "least"):
        amount = "exactly" if kind == "exactly" else "at least"
        verb = "is a knight" if rest[0] == 1 else "are knights"
        return f"{amount} {rest[0]} of us {verb}"
    parts = []
    for who, side in zip(rest[::2], rest[1::2], strict=True):
        subject = "I am" if who == speaker else f"{NAMES[who]} is"
        parts.append(f"{subject} a {KNIGHT['en'] if side else KNAVE['en']}")
    return f"if {' then '.join(parts)}" if kind == "if" else f" {kind} ".join(parts)


def _say_ko(statement, speaker):
    kind, *rest = statement
    if kind in ("same", "different"):
        alike = {"same": "같은", "different": "다른"}[kind]
        return f"{_pair(rest, speaker, '와 ', '나')}는 {alike} 부류다"
    if kind in ("exactly", "least"):
        amount = "정확히 {}명이다" if kind == "exactly" else "{}명 이상이다"
        return "우리 중 기사는 " + amount.format(rest[0])
    ending = {"is": "", "or": "거나 ", "and": "고 ", "if": "면 "}[kind]
    clauses = []
    for who, side in zip(rest[::2], rest[1::2], strict=True):
        topic = kind != "if" or clauses  # the subject of an if-clause takes 가
        me, other = ("나는", "는") if topic else ("내가", "가")
        subject = me if who == speaker else NAMES[who] + other
        clauses.append(f"{subject} {'기사' if side else '거짓말쟁이'}")
    return ending.join(clauses) + "다"


def _pair(people, speaker, joint, me):
    names = [NAMES[who] for who in people if who != speaker]
    return joint.join(names if len(names) == 2 else [*names, me])


def write_answer(people, language: str) -> str:
    """Write an assignment as an answer.

    >>> write_answer((True, False), "en"), write_answer((True, False), "ko")
    ('A=knight,B=knave', 'A=기사,B=거짓')
    """
    words = (KNAVE[language], KNIGHT[language])
    return ",".join(f"{NAMES[i]}={words[side]}" for i, side in enumerate(people))


def verify(problem: Problem, answer_text: str | None) -> bool:
    """Say whether an answer is right, with each person once, in either language.

    >>> puzzle = make((("is", 1, False), ("same", 0, 1)), "en")
    >>> verify(puzzle, "B=knave, A=knight"), verify(puzzle, "A=knight,A=knight,B=knave")
    (True, False)
    """
    people = read_answer(answer_text, problem.data[0])
    return people is not None and [people] == solutions(
        problem.data[1], problem.data[0]
    )


def read_answer(answer_text: str | None, n: int) -> tuple[bool, ...] | None:
    """Read who is a knight: one value for each of n people, or None if that is unclear.

    >>> read_answer("B=knave, A=knight", 2), read_answer("A=knight", 2)
    ((True, False), None)
    """
    if not isinstance(answer_text, str) or len(answer_text) > LONGEST_ANSWER:
        return None
    given = {}
    for part in answer_text.split(","):
        name, _, word = part.strip().partition("=")
        if word not in READ or name in given or name not in list(NAMES[:n]):
            return None
        given[name] = READ[word]
    return tuple(given[name] for name in NAMES[:n]) if len(given) == n else None


def trace(rng: random.Random, problem: Problem, style: str) -> str:
    """Write a completion in one of STYLES; only a "guess" may end wrong.

    "short" checks the right assignment; "long" tries them in order until one fits.
    """
    one_of("style", style, STYLES)
    n, statements = problem.data
    (right,) = solutions(statements, n)
    worlds = list(product((False, True), repeat=n))
    if style == "guess":
        others = [people for people in worlds if people != right]
        guess = rng.choice(others) if rng.random() < WRONG_GUESS else right
        return f"<answer>{write_answer(guess, problem.language)}</answer>"
    if rng.random() < 0.5:
        worlds.reverse()
    tried = [right] if style == "short" else worlds[: worlds.index(right) + 1]
    lines = [_attempt(statements, people, problem.language) for people in tried]
    think = "\n".join(lines)
    return f"<think>{think}\n</think><answer>{problem.answer}</answer>"


def _attempt(statements, people, language):
    """Check an assignment person by person, up to the first who does not fit."""
    (knights, none, true, false), word = MARKS[language], WORDS[language]
    names = [NAMES[i] for i, side in enumerate(people) if side]
    text, fits = f"{knights}{','.join(names) or none}:", True
    for i, statement in enumerate(statements):
        truth = holds(statement, people)
        text += ("," if i else "") + NAMES[i] + (true if truth else false)
        fits = truth == people[i]
        if not fits:
            break
    return text + word["yes" if fits else "no"]
