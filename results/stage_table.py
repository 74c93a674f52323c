"""The stage table: what each stage of our runs is worth, beside table 3 of the paper.

    python -m results.stages --table            print it, and write docs/stage_table.md
    python -m results.stages --table --check    say whether that page is up to date

Ours and theirs never share a row: these are other tasks and other models, and only
the order of the stages can be compared. Means are over all seeds that were measured.
An interval is of the mean over problems, of a model trained with these seeds: how much
another seed would differ is what the numbers behind the mean show.
"""

import json
from pathlib import Path
from statistics import fmean

from r1lib import evaluate
from r1lib.problem import LEVELS
from r1lib.recipe.stages import TO_R1
from r1lib.traces.tables import markdown
from r1lib.world import scorecard
from results import pages
from tools import provenance

PAGE = provenance.ROOT / "docs" / "stage_table.md"
SEEDS = (0, 1, 2)
MODELS = tuple(stage.name for stage in TO_R1 if stage.leaves == "model")
THEIRS = MODELS[1:]  # the paper's table begins with R1-Zero
PAPER = {  # arXiv 2501.12948v2, table 3: Zero, Dev1, Dev2, Dev3, R1
    "AIME 2024 (pass@1)": (77.9, 59.0, 74.0, 78.1, 79.8),
    "MATH-500 (pass@1)": (95.9, 94.2, 95.9, 95.4, 97.3),
    "LiveCodeBench (pass@1)": (50.0, 57.5, 63.5, 64.6, 65.9),
    "IF-Eval (strict)": (46.6, 71.7, 72.0, 78.1, 83.3),
    "AlpacaEval 2.0": (24.7, 50.1, 55.8, 62.1, 87.6),
}
BESIDE = {  # column of ours: the paper's that asks for something like it
    "countdown": "AIME 2024 (pass@1)",
    "arithmetic": "MATH-500 (pass@1)",
    "logic": "",
    "programs": "LiveCodeBench (pass@1)",
    "instructions": "IF-Eval (strict)",
    "helpful": "AlpacaEval 2.0",
}


def load(folder: Path = provenance.DATA) -> dict[int, dict]:
    """Read the measured seeds: seed -> stage -> level -> column -> value of problems.

    A file without a stage or a level is a ValueError that names it.
    """
    content = {}
    for seed in SEEDS:
        path = folder / f"stages-{seed}.json"
        if not path.exists():
            continue
        row = json.loads(path.read_text(encoding="utf-8"))["P6"]
        for stage in MODELS:
            for level in LEVELS:
                if "values" not in row.get(stage, {}).get(level, {}):
                    raise ValueError(f"{path.name} has no {level} values of {stage}")
        content[seed] = {
            stage: {level: row[stage][level]["values"] for level in LEVELS}
            for stage in MODELS
        }
    return content


def columns(measured: dict, level: str) -> list[str]:
    """The columns that every stage of every measured seed has, in their order."""
    cards = [seed[stage][level] for seed in measured.values() for stage in MODELS]
    return [n for n in scorecard.COLUMNS if cards and all(n in card for card in cards)]


def means(measured: dict, stage: str, level: str, name: str) -> list[float]:
    """The mean of a column, a number for each seed."""
    return [fmean(seed[stage][level][name]) for seed in measured.values()]


def step(measured: dict, before: str, after: str, level: str, name: str) -> dict:
    """Rise of a column from one stage to the next, paired by problem, over all seeds.

    A problem counts once: its values are averaged over the seeds first.
    """
    rows = []
    for stage in (before, after):
        per_seed = [seed[stage][level][name] for seed in measured.values()]
        rows.append([fmean(values) for values in zip(*per_seed, strict=True)])
    first, then = (means(measured, s, level, name) for s in (before, after))
    each = [b - a for a, b in zip(first, then, strict=True)]
    return {**evaluate.paired(*rows), "seeds": each}


def shown(name: str, value: float, sign: str = "") -> str:
    """Write a value of a column: tokens whole, shares with two digits."""
    return (
        f"{value:{sign}.{1 if sign else 0}f}"
        if name == "length"
        else f"{value:{sign}.2f}"
    )


def comparison(measured: dict) -> list[str]:
    """A row for each column of ours, below it the paper's; a column for each stage."""
    known, rows = columns(measured, "easy"), []
    for name, theirs in BESIDE.items():
        if name in known:
            means_of = [
                [fmean(means(measured, s, x, name)) for x in LEVELS] for s in MODELS
            ]
            cells = [" / ".join(shown(name, x) for x in pair) for pair in means_of]
            rows.append([f"ours: {name}", *cells])
        if theirs:
            cells = dict(zip(THEIRS, PAPER[theirs], strict=True))
            rows.append([f"paper: {theirs}", *(cells.get(s, "") for s in MODELS)])
    return markdown(["", *MODELS], rows)


def stages(measured: dict, level: str) -> list[str]:
    """Every column of ours: the mean over seeds, and in brackets each seed."""
    rows = [["column", *MODELS]]
    for name in columns(measured, level):
        cells = []
        for stage in MODELS:
            values = means(measured, stage, level, name)
            listed = ", ".join(shown(name, value) for value in values)
            cells.append(f"{shown(name, fmean(values))} ({listed})")
        rows.append([name, *cells])
    return markdown(rows[0], rows[1:])


def steps(measured: dict, level: str, pairs: list[tuple[str, str]]) -> list[str]:
    """Every rise from a stage to another with its paired interval; clear ones are bold.

    Clear is what excludes 0 and has the same sign in every seed. A seed that did not
    move has no sign.
    """
    rows = [["column", *(f"{a} to {b}" for a, b in pairs)]]
    for name in columns(measured, level):
        cells = []
        for a, b in pairs:
            row = step(measured, a, b, level, name)
            low, high = row["interval"]
            ends = f"[{shown(name, low, '+')}, {shown(name, high, '+')}]"
            if shown(name, low, "+") == shown(name, high, "+"):  # an interval, no point
                ends = f"[{low:+.4f}, {high:+.4f}]"
            text = f"{shown(name, row['difference'], '+')} {ends}"
            signs = {(value > 0) - (value < 0) for value in row["seeds"]}
            clear = signs in ({1}, {-1}) and (low > 0 or high < 0)
            cells.append(f"**{text}**" if clear else text)
        rows.append([name, *cells])
    return markdown(rows[0], rows[1:])


def asked(measured: dict, name: str) -> str:
    """Say on how many problems a column was measured, of each level that has it."""
    first = next(iter(measured.values()))[MODELS[0]]
    counts = [f"{len(first[x][name])} {x}" for x in LEVELS if name in first[x]]
    return f" ({', '.join(counts)} problems)" if counts else ""


def page(measured: dict) -> str:
    """Return the whole page, also where only some seeds, or none, were measured."""
    missing = [seed for seed in SEEDS if seed not in measured]
    said = ", ".join(map(str, measured)) or "none"
    left = ", ".join(map(str, missing))
    lines = [
        "# The stage table",
        "",
        "Written by `python -m results.stages --table`; do not edit.",
        "",
        f"Seeds measured: {said}." + (f" Not measured yet: {left}." if left else ""),
        "",
        "Rows of ours are easy / hard test problems of the tiny world: share right or "
        "worth, mean over seeds. Rows of the paper are its table 3 (arXiv "
        "2501.12948v2), in percent. These are other tasks and other models: compare "
        "the order of the stages, never a number.",
        "",
        *comparison(measured),
    ]
    for level in LEVELS if measured else ():
        lines += ["", f"## Ours, {level} problems: mean (each seed)", ""]
        lines += stages(measured, level)
        lines += ["", f"## Ours, {level} problems: from stage to stage", ""]
        lines += steps(measured, level, list(zip(MODELS, MODELS[1:], strict=False)))
    for level in LEVELS if measured else ():
        lines += [
            "",
            f"## Ours, {level} problems: R1 against every stage before it",
            "",
        ]
        lines += steps(
            measured, level, [(before, MODELS[-1]) for before in MODELS[:-1]]
        )
    if measured:
        lines += ["", "## What a column counts", ""]
        lines += [
            f"- {name}: {what}{asked(measured, name)}"
            for name, what in scorecard.COLUMNS.items()
        ]
        lines += [
            "",
            "From stage to stage, and R1 against every other: the mean difference over "
            "the same problems, and its 95% bootstrap interval over problems. The "
            "models were trained with these seeds; others would move it further. Bold "
            "where it excludes 0 and every seed has the same sign; a difference of 0 "
            "has no sign. Of some hundred intervals about five in a hundred exclude 0 "
            "by chance.",
        ]
    return "\n".join(lines) + "\n"


def main(
    check: bool = False, path: Path = PAGE, folder: Path = provenance.DATA
) -> None:
    """Print and write the page; with `check` only say whether it is what it should be.

    A page that is not up to date ends the program with status 1.
    """
    wanted = page(load(folder))
    if not check:
        print(wanted)
    pages.write(path, wanted, "results.stages --table", check)
