"""List programs: write a short Python function `solve(xs)` from a description.

A description is a chain of one to three small operations ("return the list sorted,
with 42 at the start"): one or two are easy, three hard. Chains that behave alike are
one problem: the key is a digest of what they do to a few probe lists. Outputs come from
the functions here, model code runs only in the sandbox, numbers stay within 0..99.
"""

import random
import re
from dataclasses import dataclass, field
from functools import cached_property
from operator import floordiv, sub

from r1lib.files import digest, one_of
from r1lib.problem import STYLES, Problem
from r1lib.rewards import code
from r1lib.world.countdown import WORDS

LARGEST = 99  # every number on the way stays in 0..99
N_CASES = 5  # drawn blindly; as many more as every mutant needs to fail
MOST_TRIES = 400  # lists that are looked at for them
MOST_NUMBERS = 20  # of an operation: up to here each wrong one is a mutant
LENGTHS = {"easy": (1, 2, 2, 2), "hard": (3,)}
REDUCTIONS = ("sum", "max", "min", "count")  # only ever the last operation
WRONG_GUESS = 0.7  # share of guesses that are wrong on purpose
WRONG_START = 0.6  # share of long traces that begin with a wrong attempt
MARKS = {"en": ("plan ", "test ", "try "), "ko": ("계획 ", "예 ", "시도 ")}
APPLY = {
    "sort": lambda xs, k: sorted(xs),
    "reverse": lambda xs, k: xs[::-1],
    "even": lambda xs, k: [x for x in xs if x % 2 == 0],
    "odd": lambda xs, k: [x for x in xs if x % 2 == 1],
    "above": lambda xs, k: [x for x in xs if x > k],
    "below": lambda xs, k: [x for x in xs if x < k],
    "distinct": lambda xs, k: list(dict.fromkeys(xs)),
    "add": lambda xs, k: [x + k for x in xs],
    "times": lambda xs, k: [x * k for x in xs],
    "first": lambda xs, k: xs[:k],
    "last": lambda xs, k: xs[-k:],
    "start": lambda xs, k: [k, *xs],
    "end": lambda xs, k: [*xs, k],
    "sum": lambda xs, k: sum(xs),
    "max": lambda xs, k: max(xs, default=0),
    "min": lambda xs, k: min(xs, default=0),
    "count": lambda xs, k: len(xs),
}
TABLE = """
sort | sorted({}) | sorted | 정렬하고
reverse | {}[::-1] | reversed | 뒤집고
even | [x for x in {} if x%2==0] | keeping even numbers | 짝수만 남기고
odd | [x for x in {} if x%2==1] | keeping odd numbers | 홀수만 남기고
above | [x for x in {} if x>{k}] | keeping numbers over {k} | {k}보다 큰 수만 남기고
below | [x for x in {} if x<{k}] | keeping numbers under {k} | {k}보다 작은 수만 남기고
distinct | list(dict.fromkeys({})) | without duplicates | 중복을 없애고
add | [x+{k} for x in {}] | with {k} added to each | 각 수에 {k}{eul} 더하고
times | [x*{k} for x in {}] | with each times {k} | 각 수에 {k}{eul} 곱하고
first | {}[:{k}] | cut to the first {k} | 처음 {k}개만 남기고
last | {}[-{k}:] | cut to the last {k} | 마지막 {k}개만 남기고
start | [{k}]+{} | with {k} at the start | 맨 앞에 {k}{eul} 넣고
end | {}+[{k}] | with {k} at the end | 맨 뒤에 {k}{eul} 넣고
sum | sum({}) | sum of the list | 합을
max | max({}) | maximum of the list | 최댓값을
min | min({}) | minimum of the list | 최솟값을
count | len({}) | length of the list | 개수를
"""  # operation | code around {} | English | Korean
ROWS = [row.split(" | ") for row in TABLE.strip().splitlines()]
CODE = {row[0]: row[1] for row in ROWS}
PHRASES = {lang: {row[0]: row[i] for row in ROWS} for i, lang in ((2, "en"), (3, "ko"))}
VALUES = dict.fromkeys(APPLY, (None,))  # what k may be
VALUES |= dict.fromkeys(("start", "end"), range(LARGEST + 1))
VALUES |= dict.fromkeys(("first", "last"), range(2, 6))
VALUES |= dict.fromkeys(("above", "below"), range(3, 18))
VALUES |= {"add": range(1, 31), "times": range(2, 6)}
LISTS = [kind for kind in APPLY if kind not in REDUCTIONS]
WEIGHTS = [len(VALUES[kind]) ** 0.4 for kind in LISTS]  # more numbers, more often
SIBLING = {"sort": "reverse", "even": "odd", "above": "below", "add": "times"}
SIBLING |= {"first": "last", "start": "end", "sum": "max", "min": "count"}
SIBLING |= {b: a for a, b in SIBLING.items()} | {"distinct": "sort"}
_MANY = random.Random(0).sample(range(100), 100)
PROBES = ([7, 3, 8, 3], [4, 1], [5], _MANY, [*_MANY[50:], *_MANY[:60]])


def result(ops, xs):
    """Apply a chain of (kind, k) operations to a list, without bounds.

    >>> result((("sort", None), ("start", 42)), [3, 1, 2])
    [42, 1, 2, 3]
    """
    value = list(xs)
    for kind, k in ops:
        value = APPLY[kind](value, k)
    return value


def steps(ops, xs, largest: int = LARGEST) -> list | None:
    """List the value after each operation; None if one is empty or above `largest`."""
    value, values = list(xs), []
    for kind, k in ops:
        value = APPLY[kind](value, k)
        numbers = value if isinstance(value, list) else [value]
        if not numbers or max(numbers) > largest:
            return None
        values.append(value)
    return values


def describe(ops, language: str) -> str:
    """Say in words what a chain does.

    >>> describe((("sort", None), ("start", 42)), "en")
    'return the list sorted, with 42 at the start'
    >>> describe((("sort", None), ("start", 42)), "ko")
    '리스트를 받아 정렬하고, 맨 앞에 42를 넣고, 결과를 돌려줘'
    """
    parts = []
    for kind, k in ops:
        eul = "를" if k and k % 10 in (2, 4, 5, 9) else "을"  # how the number is read
        parts.append(PHRASES[language][kind].format(k=k, eul=eul))
    reduction = parts.pop() if ops[-1][0] in REDUCTIONS else None
    if language == "ko":
        return f"리스트를 받아 {', '.join([*parts, reduction or '결과를'])} 돌려줘"
    return f"return the {reduction or 'list'} {', '.join(parts)}".strip()


def read(prompt: str, language: str) -> tuple:
    """Read the operations back from a prompt: the inverse of `describe`.

    >>> read("return the sum of the list sorted, cut to the first 2", "en")
    (('sort', None), ('first', 2), ('sum', None))
    """
    steps = []
    for kind, phrase in PHRASES[language].items():
        pattern = re.escape(phrase).replace(r"\{k\}", r"(\d+)")
        for match in re.finditer(pattern.replace(r"\{eul\}", "[을를]"), prompt):
            op = (kind, int(match[1]) if match.lastindex else None)
            steps.append((kind in REDUCTIONS, match.start(), op))
    return tuple(op for _, _, op in sorted(steps))


def expression(ops, inner: str = "xs") -> str:
    """Write a chain as one Python expression.

    >>> expression((("start", 42), ("reverse", None)))
    '([42]+xs)[::-1]'
    """
    for i, (kind, k) in enumerate(ops):
        if CODE[kind].startswith("{}[") and i and ops[i - 1][0] in ("start", "end"):
            inner = f"({inner})"
        inner = CODE[kind].format(inner, k=k)
    return inner


def program(ops) -> str:
    """Write a chain as the function that an answer must define."""
    return f"def solve(xs):\n    return {expression(ops)}"


def key_of(ops) -> str:
    """Name a chain by its behaviour on the probe lists: words and detours vanish."""
    return digest(repr([result(ops, xs) for xs in PROBES]))[:16]


def passes(ops, cases) -> bool:
    """Say whether a chain gives the expected output in every test case."""
    return all(result(ops, args[0]) == output for args, output in cases)


def mutants(ops) -> list[tuple]:
    """List the chains that differ from a chain in one slip.

    An operation is left out, is its sibling, or is swapped with the next one; a number
    is off by one or, of an operation with few numbers, any other.
    """
    programs = []
    for i, (kind, k) in enumerate(ops):
        head, tail, near = ops[:i], ops[i + 1 :], VALUES[SIBLING[kind]]
        slips = [((SIBLING[kind], n),) for n in ([k] if k in near else near)]
        if k is not None:
            few = VALUES[kind] if len(VALUES[kind]) <= MOST_NUMBERS else ()
            slips += [((kind, n),) for n in {k - 1, k + 1, *few} - {k}]
        if len(ops) > 1:
            slips.append(())
        programs += [(*head, *slip, *tail) for slip in slips]
        if tail and tail[0][0] not in REDUCTIONS:
            programs.append((*head, tail[0], ops[i], *tail[1:]))
    return programs


def telling_cases(ops, cases) -> tuple:
    """Add test cases until every mutant of a chain fails one of them.

    A mutant that no list tells apart, as "over 6" from "over 7" behind even numbers,
    is right and stays. Only where no list within 0..LARGEST tells, outputs are larger.
    """
    left = [chain for chain in mutants(ops) if passes(chain, cases)]
    if not left:
        return tuple(cases)
    rng, cases = random.Random(f"telling {describe(ops, 'en')}"), list(cases)
    numbers = [k for _, k in ops if k]
    close = {k + by for k in numbers for by in (-1, 0, 1)}  # where a chain decides
    close |= {f(a, b) for a in numbers for b in numbers for f in (sub, floordiv)}
    close = sorted(x for x in close if 0 <= x <= LARGEST)
    for i in range(MOST_TRIES):
        values = rng.sample(range((7, 21, 100)[i % 3]), rng.randint(1, 3))
        k = rng.choice(numbers or [1])
        pool = (values, values + close, [k, k + 1, k - 1])[rng.randrange(3)]
        xs = rng.choices([x for x in pool if x <= LARGEST], k=rng.randint(1, 12))
        if right := steps(ops, xs, LARGEST if 2 * i < MOST_TRIES else 9 * LARGEST**2):
            missed = [m for m in left if result(m, xs) == right[-1]]
            if len(missed) < len(left):
                cases.append(((xs,), right[-1]))
                left = missed
        if not left:
            break
    return tuple(cases)


def draw_cases(ops) -> tuple | None:
    """Draw test cases ((xs,), output); None if an operation is idle or out of range."""
    rng, cases = random.Random(describe(ops, "en")), []
    for _ in range(8 * N_CASES):
        xs = rng.choices(range(rng.choice((7, 13, 21))), k=rng.randint(3, 6))
        values = steps(ops, xs)
        if values:
            cases.append(((xs,), values[-1]))
        if len(cases) == N_CASES:
            idle = (passes(ops[:i] + ops[i + 1 :], cases) for i in range(len(ops)))
            return None if any(idle) else tuple(cases)
    return None


def _all_cases(problem: Problem) -> tuple:
    ops = read(problem.prompt, problem.language)
    return telling_cases(ops, draw_cases(ops))


@dataclass(frozen=True)
class Task(Problem):
    """A program that passes every case of `data`, in a sandbox.

    The cases are computed when they are first asked for: a corpus needs none.
    """

    data: tuple = field(init=False, default=cached_property(_all_cases))

    def check(self, completion: str, box=None) -> bool:
        if box is None:
            raise ValueError("wanted a sandbox to run a program in, got none")
        return code.judge(self, completion, box).tests == 1.0


def make(ops, language: str) -> Problem:
    """Build the Problem of a chain of operations."""
    if draw_cases(ops) is None:
        raise ValueError(f"each operation must matter, within 0..{LARGEST}; got {ops}")
    return _problem(ops, language)


def _problem(ops, language):
    level = "hard" if len(ops) > 2 else "easy"
    text = f"solve(xs): {describe(ops, language)}"
    return Task("programs", level, language, text, program(ops), key_of(ops))


def sample(rng: random.Random, level: str, language: str) -> Problem:
    """Draw a problem; one in six ends in a number instead of a list."""
    while True:
        kinds = rng.choices(LISTS, WEIGHTS, k=rng.choice(LENGTHS[level]))
        if rng.random() < 1 / 6:
            kinds[-1] = rng.choice(REDUCTIONS)
        ops = tuple((kind, rng.choice(VALUES[kind])) for kind in kinds)
        if len(set(kinds)) == len(kinds) and draw_cases(ops):
            return _problem(ops, language)


def trace(rng: random.Random, problem: Problem, style: str) -> str:
    """Write a completion in one of STYLES; only a "guess" may end wrong."""
    one_of("style", style, STYLES)
    ops = read(problem.prompt, problem.language)
    (plan, test, attempt), word = MARKS[problem.language], WORDS[problem.language]
    wrong, (xs, values, wrong_value) = _mistake(rng, ops, draw_cases(ops))
    if style == "guess":
        chosen = wrong if rng.random() < WRONG_GUESS else ops
        return f"<answer>{program(chosen)}</answer>"
    lines = [plan + ", ".join(expression((op,)) for op in ops)]
    if style == "long":
        lines.append(test + ">".join(map(str, [xs, *values])).replace(" ", ""))
        first = [(wrong, wrong_value, "no")] if rng.random() < WRONG_START else []
        for chain, value, verdict in [*first, (ops, values[-1], "yes")]:
            output = str(value).replace(" ", "")
            lines.append(f"{attempt}{expression(chain)}>{output}{word[verdict]}")
    lines.append(f"</think><answer>{problem.answer}</answer>")
    return "<think>" + "\n".join(lines)


def _mistake(rng, ops, cases):
    """Find a wrong chain, and a short example (xs, right values, wrong output)."""
    while True:
        wrong = _mutate(rng, ops)
        for size in (3, 3, 3, 3, 4, 4, 5, 5):
            xs = rng.choices(range(21), k=size)
            right, other = steps(ops, xs), steps(wrong, xs)
            differ = right and other and right[-1] != other[-1]
            if differ and not passes(wrong, cases):
                return wrong, (xs, right, other[-1])


def _mutate(rng, ops):
    """Drop an operation, swap two, or replace one by its sibling or another number."""
    i = rng.randrange(len(ops))
    (kind, k), head, tail = ops[i], ops[:i], ops[i + 1 :]
    sibling = VALUES[SIBLING[kind]]
    new = (SIBLING[kind], k if k in sibling else rng.choice(sibling))
    choices = [(*head, new, *tail)]
    if k is not None:
        choices.append((*head, (kind, rng.choice(VALUES[kind])), *tail))
    if len(ops) > 1:
        choices.append(head + tail)
    if tail and tail[0][0] not in REDUCTIONS:
        choices.append((*head, tail[0], ops[i], *tail[1:]))
    return rng.choice(choices)
