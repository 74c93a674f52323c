"""The page behind chapter 14: every way to teach a student, every seed, every control.

    python -m results.distill_table            write docs/distillation.md
    python -m results.distill_table --check    say whether that page is up to date

Only what was measured is on it. A cell holds the mean over seeds, and in brackets each
seed. A difference is paired by problem, a cell for each seed, bold where its 95%
interval over problems excludes 0.
"""

import json
import sys
from statistics import fmean

from r1lib import evaluate
from r1lib.traces.tables import markdown
from results import pages
from tools import provenance

PAGE = provenance.ROOT / "docs" / "distillation.md"
SEEDS = (0, 1, 2)
WAYS = {
    "base": ("student base", "nothing yet"),
    "rl": ("RL alone", "100 steps of R1-Zero's loop, no teacher"),
    "traces": ("R1's texts", "right and readable traces"),
    "softer": ("forward KL, T = 2", "probabilities on the same traces"),
    "own": ("on-policy", "its own texts, corrected by reverse KL"),
    "traces-rl": ("texts, then RL", "R1's texts, then the 100 steps"),
    "big-traces": ("R1's base, texts", "right and readable traces"),
    "teacher": ("R1, the teacher", ""),
}
COUNTS = ("n-30", "n-125", "n-500", "traces", "n-7500")
NAMES = {name: says for name, (says, _) in WAYS.items()} | {
    "n-125": "124 texts",
    "n-500": "500 texts",
    "n-7500": "fresh texts",
}
PAIRS = (
    ("rl", "traces"),
    ("traces", "traces-rl"),
    ("traces", "softer"),
    ("traces", "own"),
    ("own", "traces-rl"),
    ("traces", "n-7500"),
    ("n-7500", "own"),
    ("rl", "n-125"),
    ("rl", "n-500"),
    ("teacher", "big-traces"),
)
INTRO = """# Distillation, measured

Written by `python -m results.distill_table`; do not edit. Chapter 14 builds every way
to teach that is compared here; its section 9 shows the figures. What the first edition
measured besides is in [experiments.md](experiments.md).

**How it was measured.** `python -m results.distill traces 0` makes one unit, and that
file lists the others. Every number is from `results/data/distill-*.json`. Each seed has
its own teacher, its own student base and its own traces. Seeds 1 and 2 are other models
than those in the figures of chapter 09: there is a second series of them
([phenomena.md](phenomena.md)). Teaching takes 500 optimizer steps and about 700,000
tokens, prompts included, however many traces there are. RL alone takes the 100 steps of
chapter 09; "texts, then RL" takes both. The exam is 256 test problems of each game and
level, at least four answers to each.

**How to read it.** A cell holds the mean over seeds 0, 1 and 2, then each seed. *Easy*
problems are of the kind that the traces are about. *Hard* ones have four numbers, or
five steps, and no trace is about them. *Single sums* is the share of sums that a model
gets right, each asked apart.
"""
TEXTS = {
    "ways": """
## 1. Every way to teach

TFLOPs are everything spent on teaching. What the teacher wrote and read is in them; its
own training and all pre-training are not. Minutes are of one core of a busy machine,
good for an order of magnitude. In the row of R1's base the student is the model from
which R1 was trained, so it is as large as its teacher. Forward KL at T = 2 is the best
of three variants of probabilities, chosen after they were measured.
""",
    "pairs": """
## 2. Which differences are clear

What the second way gains over the first on the same easy problems, for seeds 0, 1, 2.
Bold is what excludes 0. Believe a difference of which all three seeds are bold and have
one sign. "Fresh texts" are the traces of the last row of section 3.
""",
    "counts": """
## 3. How many traces?

All rows but the first train on the same number of tokens, so few traces are read often:
30 of them more than 300 times. They are learned by heart, and the sums that the base
could do are forgotten. A lower learning rate or an early stop might help; neither was
tried.
""",
    "votes": """
## 4. Votes

Sixteen answers to each problem: one of them, the majority, and whether any is right.
""",
    "sums": """
## 5. Why the seeds differ

The share of single sums that the student gets right, and of easy
arithmetic problems: three sums in a row, each done twice. The bases guess equally well,
and one of the three can hardly add.
""",
    "steps": """
## 6. Was RL stopped too early?

The share of right answers during RL alone. *Held-out* is 256 problems with one answer
each, *in training* the mean of ten steps of 512 answers. After step 60 the first hardly
moves. The second still rises, so a longer run might gain something.
""",
}


def load(arm: str) -> list[dict]:
    """What was measured of an arm, one entry for each seed."""
    paths = [provenance.DATA / f"distill-{arm}-{seed}.json" for seed in SEEDS]
    return [json.loads(path.read_text(encoding="utf-8"))["P9"] for path in paths]


def each(values, form: str = ".2f") -> str:
    """Write the mean, and in brackets each seed."""
    values = list(values)
    listed = ", ".join(format(value, form) for value in values)
    return f"{fmean(values):{form}} ({listed})"


def marks(arm: str, level: str, mark: str = "pass@1", form: str = ".2f") -> str:
    """A mark of an arm on the problems of a level."""
    return each((run["test"][level][mark] for run in load(arm)), form)


def sums(arm: str) -> str:
    """Single sums right after an arm was taught."""
    return each(run["skills"]["after"]["arithmetic"] for run in load(arm))


def ways() -> list[str]:
    """A row for each way to teach."""
    head = ["way", "what the student learns from", "easy", "hard", "tokens an answer"]
    rows = []
    for arm, (name, says) in WAYS.items():
        runs = load(arm)
        row = [name, says, marks(arm, "easy"), marks(arm, "hard")]
        row += [f"{fmean(run['test']['easy']['length'] for run in runs):.0f}"]
        spent = fmean(run["flops"] for run in runs) / 1e12
        minutes = fmean(run["spent"]["seconds"] for run in runs) / 60
        rows.append(
            [*row, *((f"{spent:.1f}", f"{minutes:.0f}") if spent else ("", ""))]
        )
    return markdown([*head, "TFLOPs", "minutes"], rows)


def gain(pair: tuple[str, str], half: slice) -> str:
    """What the second arm gains over the first, a cell's three seeds."""
    cells = []
    for first, second in zip(*map(load, pair), strict=True):
        values = [run["test"]["easy"]["values"][half] for run in (first, second)]
        found = evaluate.paired(*values)
        low, high = found["interval"]
        text = f"{found['difference']:+.2f}"
        cells.append(f"**{text}**" if low > 0 or high < 0 else text)
    return ", ".join(cells)


def pairs() -> list[str]:
    """A row for each comparison: countdown, arithmetic, both."""
    n = len(load("base")[0]["test"]["easy"]["values"])  # first countdown
    halves = (slice(0, n // 2), slice(n // 2, n), slice(0, n))
    rows = [
        [*(NAMES[arm] for arm in pair), *(gain(pair, half) for half in halves)]
        for pair in PAIRS
    ]
    return markdown(["from", "to", "countdown", "arithmetic", "both"], rows)


def by_count() -> list[str]:
    """A row for each number of different traces, the base first."""
    arms = {"0 (the base)": "base"}
    for arm in COUNTS:
        arms[f"{fmean(run['traces'] for run in load(arm)):,.0f}"] = arm
    rows = [
        [n, marks(arm, "easy"), marks(arm, "hard"), sums(arm)]
        for n, arm in arms.items()
    ]
    return markdown(["traces", "easy", "hard", "single sums"], rows)


def votes() -> list[str]:
    """A row for each model and level."""
    names = ("pass@1", "majority@16", "pass@16")
    rows = [
        [WAYS[arm][0], level, *(marks(arm, level, name) for name in names)]
        for arm in ("base", "traces", "teacher")
        for level in ("easy", "hard")
    ]
    return markdown(["model", "problems", *names], rows)


def what_it_can_do() -> list[str]:
    """A row for each way: single sums, and easy arithmetic."""
    rows = []
    for arm in ("base", "traces", "own"):
        right = each(run["test"]["easy"]["arithmetic"]["pass@1"] for run in load(arm))
        rows.append([WAYS[arm][0], sums(arm), right])
    return markdown(["way", "single sums", "easy arithmetic right"], rows)


def during_rl() -> list[str]:
    """One row: the student that learned by RL alone."""
    curves = [run["rl"] for run in load("rl")]
    row = [each(curve[n - 1]["valid"] for curve in curves) for n in (60, 80, 100)]
    for n in (60, 100):
        ten = ([step["accuracy"] for step in curve[n - 10 : n]] for curve in curves)
        row.append(each(map(fmean, ten)))
    head = [f"held-out, step {n}" for n in (60, 80, 100)]
    return markdown([*head, "in training, 51 to 60", "in training, 91 to 100"], [row])


def page() -> str:
    """The whole page."""
    tables = (ways, pairs, by_count, votes, what_it_can_do, during_rl)
    parts = [
        "\n".join([text, *table(), ""])
        for text, table in zip(TEXTS.values(), tables, strict=True)
    ]
    return "".join([INTRO, *parts])


def main() -> None:
    """Write the page, or compare it."""
    check = sys.argv[1:] == ["--check"]
    pages.write(PAGE, page(), "results.distill_table", check)


if __name__ == "__main__":
    main()
