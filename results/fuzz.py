"""Throw hostile text at every verifier: no exception, no hang, rewards in range.

    python -m results.fuzz                 100,000 completions for each; a killed
                                           one goes on; results/data/fuzz.json
    python -m results.fuzz --n 2000        fewer; prints, writes nothing

Half of the texts are noise (bytes, tokens, brackets, digits, tags, LaTeX, syntax), half
are right completions with a few places changed, since only these come near a verdict.
Seconds are those of the clock on the wall, so a busy machine makes them longer. The
process of the algebra starts once, before anything is timed. The slowest call of each
verifier is kept with its text. The sandbox, where a program costs a process, gets one
text in twenty; what is decided before it runs is fuzzed in full.
"""

import argparse
import json
import math
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache

from r1lib import artifacts, files, rewards, sandbox, verifiers
from r1lib.problem import LANGUAGES, LEVELS, STYLES, Problem
from r1lib.rewards import code, lint
from r1lib.sandbox import Sandbox
from r1lib.sandbox.inside import read, write
from r1lib.tokenizer import Tokenizer
from r1lib.world import arithmetic, corpus, countdown, logic, programs
from tools import provenance

N = 100_000
SHARE_RUN = 20  # one text in so many is also given to the sandbox
TAGS = ["<think>", "</think>", "<answer>", "</answer>", "\\boxed{", "}", "<eos>"]
LATEX = r"""\frac \sqrt \left( \right) \left[ \cup \infty \text{cm} \pi \times \cdot
\begin{pmatrix} \pm \% \$ ^{ _{ { } [ ] ( ) , ; = < > + - * / ! | ^ 1 2 3 x y n k 0.5
10^ e^ sin cos \ln \{ \} or and ° π ∞ − ⟨ ⟩ 1,000 .5 1/2""".split()
SYNTAX = r"""def solve(xs): return ( ) [ ] { } : , . = == + - * ** // % lambda x xs
for in if else while True import os class yield await async with try except raise del
global 9 99 0x 1e9 'a' "b" f'{ # \ @ ~ -> := ... __class__ print sorted not""".split()
SYNTAX += ["\n", "\n    ", "\t", " "]
STRANGE = "\0\x1b\u200b\u202e\ud800\ufeff٣９²½ⅷ①가힣ᄀ漢😀é\u0301\xa0\u2028"
FAMILIES = {
    "countdown": countdown,
    "arithmetic": arithmetic,
    "logic": logic,
    "programs": programs,
}
GOLDS = r"1 -3 1/2 0.25 1,000 10\% (1,2) {1,2,3} [1,2) x^{2}+1 \sqrt{2} 3\text{cm}"
GOLDS = [*GOLDS.split(), r"\frac{1}{3}", r"(-\infty,2]\cup[3,4)", "2\\pi", "x>3", ""]


# ---- texts -----------------------------------------------------------------------


def raw(rng: random.Random) -> str:
    """Random bytes, read as UTF-8 or as Latin-1."""
    content = rng.randbytes(rng.randint(0, 200))
    return content.decode(rng.choice(("utf-8", "latin-1")), "replace")


@cache
def tokenizer() -> Tokenizer:
    """The tokenizer that the tiny models write with."""
    return Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")


def tokens(rng: random.Random) -> str:
    """Tokens of our tokenizer in any order, special ones among them."""
    ids = rng.choices(range(tokenizer().vocab_size), k=rng.randint(0, 90))
    return tokenizer().decode(ids)


def brackets(rng: random.Random) -> str:
    """Brackets nested far too deep, closed or not."""
    opening, closing = rng.choice(["()", "[]", "{}", ("\\frac{", "}"), ("-", "")])
    depth = int(10 ** rng.uniform(0, 3.5))
    inner = rng.choice(["", "1", "x", "1,2", "1+"])
    return opening * depth + inner + closing * rng.choice((0, depth, depth, depth - 1))


def digits(rng: random.Random) -> str:
    """Huge numbers and towers of powers."""
    size = int(10 ** rng.uniform(0, 4))
    number = "".join(rng.choices("0123456789", k=size))
    forms = ("{}", "-{}", "{}.{}", "1/{}", "{}/0", "9**{}", "9^{{{}}}")
    return rng.choice(forms).format(number, number[:9])


def pieces(rng: random.Random, stock) -> str:
    """Pieces of a stock in any order."""
    return rng.choice(("", " ")).join(rng.choices(stock, k=rng.randint(0, 40)))


def noise(rng: random.Random) -> str:
    """Text that has nothing to do with a problem."""
    kinds = (
        raw,
        tokens,
        brackets,
        digits,
        lambda rng: pieces(rng, TAGS + ["1", "x", " ", "42"]),
        lambda rng: pieces(rng, LATEX),
        lambda rng: pieces(rng, SYNTAX),
        lambda rng: pieces(rng, STRANGE),
    )
    return rng.choice(kinds)(rng)


def mutated(rng: random.Random, text: str) -> str:
    """Change a few places: drop, double, swap, replace, insert noise."""
    for _ in range(rng.choice((0, 1, 1, 2, 3, 8))):
        i = rng.randint(0, len(text))
        j = min(len(text), i + rng.choice((1, 1, 2, 5, 20)))
        part = text[i:j]
        change = rng.choice(
            (
                "",
                part * 2,
                part[::-1],
                rng.choice("0123456789+-*/()=,. \n<>{}[]:"),
                rng.choice(TAGS),
                rng.choice(STRANGE),
                noise(rng)[:80],
            )
        )
        text = text[:i] + change + text[j:]
    return text


def completions(rng: random.Random, right: list[str]):
    """Yield hostile completions for ever: noise, wrapped noise, mutated right ones."""
    while True:
        kind = rng.random()
        if kind < 0.25:
            yield noise(rng)
        elif kind < 0.5:
            yield f"<think>{noise(rng)[:200]}</think><answer>{noise(rng)}</answer>"
        else:
            yield mutated(rng, rng.choice(right))


# ---- verifiers -------------------------------------------------------------------


def examples(name: str, n: int = 40) -> list[tuple[Problem, list[str]]]:
    """Problems of a family, each with right and wrong completions."""
    rng, family, out = random.Random(f"fuzz {name}"), FAMILIES[name], []
    write = corpus.trace if name in ("countdown", "arithmetic") else family.trace
    for _ in range(n):
        level, language = rng.choice(LEVELS), rng.choice(LANGUAGES)
        problem = family.sample(rng, level, language)
        texts = [f"<think>1</think><answer>{problem.answer}</answer>"]
        texts += [write(rng, problem, style) for style in STYLES]
        out.append((problem, texts))
    return out


def of_family(name: str) -> Callable:
    """A verifier's check of one random completion: (rng) -> (text, reward)."""
    rows = examples(name)

    def one(rng):
        problem, right = rng.choice(rows)
        return next(completions(rng, right)), lambda t: rewards.total(problem, t)

    return one


def of_math(rng):
    """`math_equal` on a gold answer and a hostile one."""
    gold = rng.choice(GOLDS)
    kind = rng.random()
    text = mutated(rng, gold) if kind < 0.6 else noise(rng)
    return text, lambda t: float(verifiers.math_equal(gold, t))


def start_algebra() -> float:
    """Start the process that does algebra, once and untimed; return its seconds."""
    began = time.perf_counter()
    if not verifiers.math_equal("x+1", "1+x"):
        raise RuntimeError("the algebra of math_equal gives no verdict")
    return time.perf_counter() - began


def of_extract(rng):
    """`extract_answer`: what it finds is a part of the text; 1.0 where it finds any."""
    right = ["<think>2</think><answer>4</answer>", "\\boxed{\\frac{1}{2}}", "so 3"]
    right += ["**Answer:** $1{,}234$.", "x = 3 or $4$", "정답은 2 1/2개, 약 3 cm"]

    def part(t):
        answer = verifiers.extract_answer(t)
        if answer is not None and answer not in t:
            raise ValueError(f"{answer[:50]!r} is not in the text")
        return float(answer is not None)

    return next(completions(rng, right)), part


def of_language(rng):
    """Language consistency, with Hangul and Latin in the soup."""
    problem = Problem("countdown", "easy", rng.choice(LANGUAGES), "", "", "")
    text = next(completions(rng, ["<think>같다 yes no 2</think><answer>4</answer>"]))
    return text, lambda t: rewards.language_consistency(problem, t)


def of_lint(rng):
    """`lint`, which reads programs and runs nothing: 1.0 without a complaint."""
    right = [p.answer for p, _ in rows_of_programs()]
    text = mutated(rng, rng.choice(right)) if rng.random() < 0.6 else noise(rng)
    return text, lambda t: float(not lint.lint(t))


@cache
def rows_of_programs():
    """The problems whose programs are broken."""
    return examples("programs")


def of_programs(box: Sandbox) -> Callable:
    """The whole code reward, sandbox included."""

    def one(rng):
        problem, right = rng.choice(rows_of_programs())
        text = next(completions(rng, right))
        return text, lambda t: code.judge(problem, t, box).total

    return one


VALUES = [None, True, -7, 2.5, "a\n값", b"\xff", (1, [2]), {"b": 1}, {3}, frozenset()]
SHAPES = [b'{"float":"0x1p99999"}', b'{"tuple":"ab"}', b'{"set":[[]]}', b'{"dict":[1]}']
SHAPES += [b"9" * 5000, b"[" * 3000, b"1e999", b"NaN", b"\xff", b"\0", b"\x1b[2J", b"="]
STATUSES = [b"0 1000", b"-24 5", b"1", b"", b"0 " + b"9" * 95, b"0 \xb2", b"\xff \xff"]


def message(rng: random.Random) -> bytes:
    """Write what a hostile box could send: a status and lines, with places changed."""
    lines = [b"=" + write(value).encode() for value in rng.choices(VALUES, k=4)]
    lines += [rng.choice((b"!", b"?", b"=", b"")) + rng.choice(SHAPES)]
    rng.shuffle(lines)
    raw = bytearray(b"\n".join([rng.choice(STATUSES), *lines, b""]))
    for _ in range(rng.choice((0, 1, 2, 20))):
        i = rng.randint(0, len(raw))
        raw[i : i + rng.choice((0, 1, 4))] = rng.choice(
            (rng.randbytes(rng.randint(0, 9)), rng.choice(SHAPES), raw[i : i + 20])
        )
    return bytes(raw)


def understood(raw: bytes) -> float:
    """Read a message as the trainer does; the share of its values that are values."""
    status, _, output = raw.partition(b"\n")
    back = sandbox.returned(output, sandbox.clean(status[:100]), 5, 2)
    good = 0
    for text in back.texts:
        shown = sandbox.hint([1, 2], text)
        if not shown.isprintable() or len(shown) > 2 * sandbox.HINT + 20:
            raise TypeError(f"a hint that cannot be shown: {shown!a:.100}")
        try:
            good += text is not None and read(text) is not Ellipsis
        except ValueError:  # the one exception that hostile bytes may raise
            continue
    if not (back.error or "").isprintable() or back.seconds < 0:
        raise TypeError(f"an error that cannot be shown: {back.error!a:.100}")
    return good / len(back.texts)


def of_box(rng):
    """Bytes that come back from the sandbox: only ValueError, nothing unprintable."""
    return message(rng), understood


def verifiers_of(box: Sandbox | None) -> dict[str, tuple[Callable, float, int]]:
    """Name -> (check, largest reward, one in how many texts)."""
    most = 1 + rewards.FORMAT_WEIGHT
    out = {
        name: (of_family(name), most, 1)
        for name in ("countdown", "arithmetic", "logic")
    }
    out["math_equal"] = (of_math, 1.0, 1)
    out["extract_answer"] = (of_extract, 1.0, 1)
    out["language_consistency"] = (of_language, 1.0, 1)
    out["sandbox: messages"] = (of_box, 1.0, SHARE_RUN)
    out["programs: lint"] = (of_lint, 1.0, 1)
    if box is not None:
        out["programs: sandbox"] = (of_programs(box), 1.0, SHARE_RUN)
    return out


def fuzz(check: Callable, most: float, n: int, seed: int) -> dict:
    """Give n texts to a verifier; ValueError for a reward out of [0, most]."""
    rng, paid, slowest, length = random.Random(seed), Counter(), (0.0, ""), 0
    exceptions = []
    for _ in range(n):
        text, reward = check(rng)
        length = max(length, len(text))
        began = time.perf_counter()
        try:
            value = reward(text)
        except Exception as error:  # noqa: BLE001  # what is being looked for
            exceptions.append(f"{type(error).__name__}: {error}; {ascii(text[:200])}")
            continue
        slowest = max(slowest, (time.perf_counter() - began, ascii(text[:120])))
        if not (math.isfinite(value) and 0 <= value <= most + 1e-9):
            raise ValueError(f"a reward of {value} for {ascii(text[:200])}")
        paid[round(value, 6)] += 1
    return {
        "completions": n,
        "exceptions": exceptions,
        "lowest": min(paid),
        "highest": max(paid),
        "paid nothing": paid[0.0] / n,
        "slowest seconds": slowest[0],
        "slowest text": slowest[1],
        "longest text": length,
    }


def main() -> None:
    """Fuzz every verifier; results/data/fuzz.json grows by one verifier at a time."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=N)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    path = provenance.DATA / "fuzz.json"
    content = {
        "verifiers": {},
        "seed": asked.seed,
        "n": asked.n,
        "command": "python -m results.fuzz",
        "provenance": provenance.block(),
    }
    if path.exists() and asked.n == N:  # what is there of the same code stays
        before = files.read_json(path)
        known = before.pop("verifiers")
        same = {k: v for k, v in content.items() if k != "verifiers"} == before
        content["verifiers"] = known if same else {}
    print(f"the algebra started in {start_algebra():.1f} seconds")
    if why_not := sandbox.missing():
        print(why_not)
    with ExitStack() as stack:
        box = None if why_not else stack.enter_context(Sandbox())
        for name, (check, most, every) in verifiers_of(box).items():
            if name in content["verifiers"]:
                continue
            began = time.perf_counter()
            report = fuzz(check, most, asked.n // every, asked.seed)
            report["seconds"] = time.perf_counter() - began
            print(f"{name:22}{report}", flush=True)
            content["verifiers"][name] = report
            if asked.n == N:
                files.write_text(path, json.dumps(content, indent=1))


if __name__ == "__main__":
    main()
