"""Compare math_equal with math-verify, pair by pair; explain every disagreement.

    python -m results.agreement                  writes results/data/agreement.json
    python -m results.agreement --out FILE       writes another file

The pairs are made by templates from a seed, some equal and some not, in each kind of
answer. The golds of `results.answer_forms` follow, each with its other spellings and
with its neighbours, which are other answers. Where the two judges differ, the kind's
reason says why; a difference without a reason is called "unexplained", and a test
fails on it. Needs math-verify
(requirements-test.txt); it runs without its signals, in this process.
"""

import argparse
import json
import random
from collections.abc import Iterator
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path

from r1lib import files
from r1lib.verifiers import math_equal
from results.answer_forms import GOLDS, respaced, rewritten
from tools import provenance

PER_KIND = 10

Pair = tuple[str, str, str]  # kind, gold answer, answer


def numbers(rng: random.Random) -> Iterator[Pair]:
    """Yield pairs whose values are rational: forms of one number, and near misses."""
    a, b, n = rng.randint(1, 40), rng.choice((2, 4, 5, 8, 20, 25)), rng.randint(2, 99)
    value = Fraction(a, b)
    point = f"{a / b:g}"
    yield "fraction = decimal", f"{a}/{b}", point
    yield "fraction = decimal", f"\\frac{{{a}}}{{{b}}}", point
    yield "another decimal", f"{a}/{b}", f"{a / b + 0.01:g}"
    yield "fraction not reduced", str(value), f"\\frac{{{3 * a}}}{{{3 * b}}}"
    yield "another fraction", f"{a}/{b}", f"{a + 1}/{b}"
    yield "whole number = decimal", str(n), f"{n}.0"
    yield "another whole number", str(n), str(n + 1)
    yield "sign", str(-n), str(n)
    yield "thousands", str(1000 * n + a), f"{1000 * n + a:,}"
    yield "percent = fraction", f"{n}\\%", f"\\frac{{{n}}}{{100}}"
    yield "percent = bare number", str(n), f"{n}\\%"
    third = Fraction(rng.choice((1, 2, 4, 5, 7)), rng.choice((3, 9, 11)))
    yield "rounded to 2", str(third), f"{float(third):.2f}"
    yield "rounded to 6 or more", str(third), f"{float(third):.{rng.randint(6, 9)}f}"
    whole, part = rng.randint(1, 9), rng.randint(1, 4)
    yield "mixed number", f"{whole * 5 + part}/5", f"{whole}\\frac{{{part}}}{{5}}"
    yield "power of a number", str(2 ** (n % 20 + 2)), f"2^{{{n % 20 + 2}}}"
    yield "scientific", f"{n}000", f"{n} \\times 10^3"
    yield "unfinished sum", str(n + a), f"{n}+{a}"
    yield "unfinished product", str(n * a), f"{n} \\cdot {a}"
    yield "unfinished root", str(n), f"\\sqrt{{{n * n}}}"
    yield "name in front", str(n), f"x={n}"
    yield "unit in words", str(n), f"{n} \\text{{ cm}}"
    yield "unit converted", f"{n} \\text{{ m}}", f"{100 * n} \\text{{ cm}}"
    yield "degrees", str(n), f"{n}^\\circ"
    yield "hedge: or", str(n), f"{n} \\text{{ or }} {n + 1}"
    yield "hedge: list", str(n), f"{n}, {n + 1}"
    yield "plus or minus", str(n), f"\\pm {n}"


def collections(rng: random.Random) -> Iterator[Pair]:
    """Yield pairs of tuples, sets, lists and intervals."""
    a, b = rng.sample(range(1, 30), 2)
    low, high = sorted((a, b))
    yield "tuple", f"({a},{b})", f"({a}.0, {b})"
    yield "tuple, other order", f"({a},{b})", f"({b},{a})"
    yield "set, other order", f"\\{{{a},{b}\\}}", f"\\{{{b},{a}\\}}"
    yield "set, a member more", f"\\{{{a},{b}\\}}", f"\\{{{a},{b},{a + b}\\}}"
    yield "list", f"{a},{b}", f"{a}, {b}"
    yield "list, other order", f"{a},{b}", f"{b},{a}"
    yield "list for a tuple", f"({a},{b})", f"{a},{b}"
    yield "set for a tuple", f"({a},{b})", f"\\{{{a},{b}\\}}"
    yield "interval", f"[{low},{high})", f"\\left[{low}, {high}\\right)"
    yield "interval, other end", f"[{low},{high})", f"[{low},{high}]"
    yield "interval to infinity", f"({low},\\infty)", f"({low}, \\infty)"
    union = f"[{low},{low + 1}]\\cup[{high + 2},{high + 3}]"
    turned = f"[{high + 2},{high + 3}]\\cup[{low},{low + 1}]"
    yield "union", union, turned
    merged = f"[{low},{high}]\\cup[{high},{high + 5}]"
    yield "union, merged", f"[{low},{high + 5}]", merged
    yield "inequality", f"x<{a}", f"{a}>x"


def expressions(rng: random.Random) -> Iterator[Pair]:
    """Yield pairs with roots, pi and variables."""
    a, b = rng.randint(2, 9), rng.randint(2, 9)
    p = rng.choice((2, 3, 5, 7))
    yield "root", f"{a}\\sqrt{{{p}}}", f"\\sqrt{{{a * a * p}}}"
    yield "another root", f"{a}\\sqrt{{{p}}}", f"{a}\\sqrt{{{p + 1}}}"
    yield "root below a line", f"\\frac{{\\sqrt{{{p}}}}}{{{p}}}", f"1/\\sqrt{{{p}}}"
    yield "root, rounded", f"\\sqrt{{{p}}}", f"{p**0.5:.7f}"
    yield "pi", f"{a}\\pi", f"\\pi \\cdot {a}"
    yield "pi, rounded", f"{a}\\pi", f"{a * 3.141592653589793:.8f}"
    square = f"x^2+{2 * a}x+{a * a}"
    yield "square", square, f"(x+{a})^2"
    yield "another square", square, f"(x+{a + 1})^2"
    yield "product", f"x^2+{a + b}x+{a * b}", f"(x+{a})(x+{b})"
    yield "order of a sum", f"{a}x+{b}y", f"{b}y+{a}x"
    yield "another variable", f"{a}x+{b}", f"{a}y+{b}"
    yield "quotient", f"\\frac{{x^2-{a * a}}}{{x-{a}}}", f"x+{a}"
    yield "power", f"x^{{{a + b}}}", f"x^{{{a}}}x^{{{b}}}"


SPELLING, NEIGHBOUR = "gold: another spelling", "gold: another one"


def golds() -> Iterator[Pair]:
    """Yield each gold with its spellings, and with the four golds that follow it."""
    rng = random.Random("agreement-golds")
    for i, gold in enumerate(GOLDS):
        for form in dict.fromkeys([*rewritten(gold), respaced(gold, rng)]):
            yield SPELLING, gold, form
        for other in GOLDS[i + 1 : i + 5]:
            yield NEIGHBOUR, gold, other


REASONS = {
    SPELLING: "LaTeX shows both alike; math-verify reads one of them in another way",
    NEIGHBOUR: "math-verify drops the order of lists and letters, bases and text",
    "percent = bare number": "math-verify takes 10% for 10 too; for us it is a tenth",
    "rounded to 6 or more": "math-verify compares six decimals; we round nothing",
    "root, rounded": "math-verify compares six decimals; we round nothing",
    "pi, rounded": "math-verify compares six decimals; we round nothing",
    "unfinished sum": "we want a number written out, or questions were answers",
    "unfinished product": "we want a number written out",
    "unfinished root": "we want a number written out",
    "unit converted": "math-verify drops units; we convert them exactly",
    "list, other order": "math-verify takes a bare list for a set; ours has an order",
    "list for a tuple": "math-verify adds the brackets; we want them written",
    "set for a tuple": "math-verify reads the braces as brackets; a set has no order",
    "inequality": "we read no inequalities; only the same wording is equal",
    "union, merged": "we do not merge intervals",
}


def pairs(seed: int = 0) -> list[Pair]:
    """Return `PER_KIND` different pairs of each kind, the same for every call."""
    rng, pairs = random.Random(f"agreement-{seed}"), {}
    for _ in range(20 * PER_KIND):
        for make in (numbers, collections, expressions):
            for pair in make(rng):
                mine = pairs.setdefault(pair[0], [])
                if len(mine) < PER_KIND and pair not in mine:
                    mine.append(pair)
    return [pair for mine in pairs.values() for pair in mine] + [*golds()]


def theirs(gold: str, answer: str) -> bool:
    """Ask math-verify, both answers in dollar signs, as its documentation wants."""
    from math_verify import parse, verify

    read = [parse(f"${text}$", parsing_timeout=None) for text in (gold, answer)]
    return verify(*read, timeout_seconds=None)


def compare(wanted: list[Pair]) -> tuple[dict, list[dict]]:
    """Return counts by kind, and each disagreement with its reason."""
    kinds, differ = {}, []
    for kind, gold, answer in wanted:
        mine, other = math_equal(gold, answer), theirs(gold, answer)
        row = kinds.setdefault(kind, {"pairs": 0, "agree": 0, "ours says equal": 0})
        row["pairs"] += 1
        row["agree"] += mine == other
        row["ours says equal"] += mine
        if mine != other:
            reason = REASONS.get(kind, "unexplained")
            differ.append(
                {"kind": kind, "gold": gold, "answer": answer, "ours": mine}
                | {"math-verify": other, "why": reason}
            )
    return kinds, differ


def main() -> None:
    """Compare all pairs and write results/data/agreement.json, or the file of --out."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=provenance.DATA / "agreement.json")
    path = parser.parse_args().out
    wanted = pairs()
    kinds, differ = compare(wanted)
    content = {
        "pairs": len(wanted),
        "agree": len(wanted) - len(differ),
        "kinds": kinds,
        "disagreements": differ,
        "judges": {name: version(name) for name in ("math-verify", "sympy")},
        "seed": 0,
        "command": "python -m results.agreement",
        "provenance": provenance.block(),
    }
    files.write_text(path, json.dumps(content, indent=1, ensure_ascii=False))
    print(f"{content['agree']} of {len(wanted)} agree; wrote {path.name}")


if __name__ == "__main__":
    main()
