"""Make a trace of R1-Zero readable: the rewriter in the human's place.

For the cold start of R1, traces of R1-Zero that were right were made readable by
people and by a language model that imitated them: one language, plain steps, and no
second answer (arXiv 2501.12948v2, supplement on the cold start). Here a program does
that work. It reads the tape, drops what only repeats or slipped, does every distance
and verdict again, and says in the language of the question what is going on:

    8-3=5,*7=35~35=0 yes    ->    8-3=5,*7=35~35=0 yes the target

The words are few, and whole tokens of the frozen tokenizer: this line has 16 tokens,
and in plainer words, "try ... yes, it fits", it would have 23.

It sees the question and what was written, never a solution; whether the result is
right, the verifier says. Chapter 10 builds this file.
"""

import re
from functools import cache

from r1lib import rewards
from r1lib.problem import Problem
from r1lib.tokenizer import chat
from r1lib.world import spoken
from r1lib.world.countdown import AGAIN, WORDS, run_tape, write_expression

LONGEST = 4_000  # characters; nobody makes a longer text readable
FITS = {"en": " the target", "ko": " 목표"}  # behind a yes, in countdown
SAME = {"en": " true", "ko": " 참"}  # behind a yes, in arithmetic
MISS = {"en": " false", "ko": " 거짓"}  # behind a no
NUMBER = r"(?:0|[1-9]\d{0,3})"


@cache
def line_pattern() -> re.Pattern:
    """What one line may look like, Zero's or a readable one."""
    said = [word for words in WORDS.values() for word in words.values()]
    tails = [tail for table in (FITS, SAME, MISS) for tail in table.values()]
    step = rf"[-+*/]{NUMBER}={NUMBER}"
    check = rf"~(?P<wanted>{NUMBER})={NUMBER}(?:{'|'.join(said)})(?:{'|'.join(tails)})?"
    check += rf"(?:{spoken.MEANING})?"
    tape = rf"(?P<tape>{NUMBER}{step}(?:,{step}){{0,9}})"
    return re.compile(rf"(?:{'|'.join(AGAIN.values())})?{tape}(?:{check})?", re.ASCII)


def readable(problem: Problem, completion: str, words: bool = False) -> str | None:
    """Rewrite a completion so that a person can follow it, in the problem's language.

    None where it cannot be read, is not right, or thinks one thing and answers another.
    What is readable already comes back as it is. With `words`, games are thought in
    whole words, as `spoken` has them, and not in the fewest. Logic and programs keep
    their lines: they pass in one language, or not at all; whether a program is right,
    only a sandbox can say (`Problem.check`).
    """
    if len(completion) > LONGEST or not rewards.format(problem, completion):
        return None
    if set(chat.answer(completion)) & set("<>"):
        return None
    if problem.family in ("logic", "programs"):
        right = problem.family == "programs" or problem.check(completion)
        pure = rewards.language_consistency(problem, completion) == 1.0
        return completion if right and pure else None
    if problem.family not in REWRITE:
        raise ValueError(f"nobody rewrites the family {problem.family!r}")
    written = chat.thinking(completion).split("\n")
    if len(written) > 1 and spoken.ends(written[-1]):
        written.pop()
    lines = [line_pattern().fullmatch(x) for x in written]
    if not all(lines):
        return None
    rewritten = REWRITE[problem.family](problem, lines, words)
    if rewritten is None:
        return None
    thought, said = rewritten
    if words:
        thought += "\n" + spoken.end(problem.language, said)
    text = f"<think>{thought}\n</think><answer>{said}</answer>"
    both = problem.check(completion), problem.check(text)
    return text if all(both) else None


def read_tape(tape: str) -> tuple[tuple, str, list[int]]:
    """Read a tape back: numbers, operations, and the results as written.

    >>> read_tape("3+5=8,*2=16")
    ((3, 5, 2), '+*', [8, 16])
    """
    start = re.match(r"\d+", tape)[0]
    steps = re.findall(r"([-+*/])(\d+)=(\d+)", tape)
    numbers = (int(start), *(int(number) for _, number, _ in steps))
    return numbers, "".join(op for op, *_ in steps), [int(r) for *_, r in steps]


def missed(language: str) -> str:
    """Say no, and the second word after it.

    >>> missed("en"), missed("ko")
    (' no false', ' 아니 거짓')
    """
    return WORDS[language]["no"] + MISS[language]


def verdict(language: str, yes: bool, tail: str) -> str:
    """Say yes or no, and the second word: `tail` after a yes.

    >>> verdict("en", True, " true"), verdict("ko", False, " 참")
    (' yes true', ' 아니 거짓')
    """
    return WORDS[language]["yes"] + tail if yes else missed(language)


def said_of(problem, away: int, tail: str, words: bool) -> str:
    """The verdict on a result `away` from its target, and the words behind it."""
    language, yes = problem.language, away == 0
    if not words:
        return verdict(language, yes, tail)
    means = spoken.meaning(language, problem.family, yes, away)
    return WORDS[language]["yes" if yes else "no"] + means


def notices(completion: str) -> bool:
    """Whether a readable completion holds a mistake that was noticed, and goes on.

    What `skills.reflects` is for the notes of Zero.

    >>> notices("<think>8+7=15,-3=12~35=23 no false\\n8-3=5,*7=35</think>")
    True
    """
    lines = chat.thinking(completion).split("\n")
    return any(line.endswith(tuple(MISS.values())) for line in lines[:-1])


def countdown_lines(problem, lines, words=False):
    """Keep each attempt once, if its sums are right, up to the first hit."""
    numbers, target = problem.data
    written, seen, language = [], set(), problem.language
    for line in lines:  # matches of `line_pattern`, one for each whole line
        order, operations, results = read_tape(line["tape"])  # what is before the ~
        if sorted(order) != sorted(numbers) or run_tape(order, operations) != results:
            continue  # other numbers, or a slip: neither is to be imitated
        if (order, operations) in seen:
            continue
        seen.add((order, operations))
        away = abs(results[-1] - target)
        said = said_of(problem, away, FITS[language], words)
        written.append(f"{line['tape']}~{target}={away}{said}")
        if away == 0:
            return "\n".join(written), write_expression(order, operations)
    return None


def arithmetic_lines(problem, lines, words=False):
    """Keep the sum and its checks up to the first that agrees; slips stay if noticed.

    Who does not check has to be right at once.
    """
    numbers, operations = problem.data
    written, before, language = [], None, problem.language
    for line in lines:
        mine, steps, results = read_tape(line["tape"])
        if (mine, steps) != (numbers, operations):
            return None
        value = results[-1]
        if before is None:
            written.append(line["tape"])
        else:
            away = abs(value - before)
            said = said_of(problem, away, SAME[language], words)
            check = f"{line['tape']}~{before}={away}{said}"
            written.append(check)
        agrees = value == before or len(lines) == 1
        before = value
        if agrees:
            right = results == run_tape(numbers, operations)
            return ("\n".join(written), str(value)) if right else None
    return None


REWRITE = {"countdown": countdown_lines, "arithmetic": arithmetic_lines}
