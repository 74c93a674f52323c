"""`python r1.py bench`: measure beside what others offer, and against the machine.

Each row does the same work in two processes, checks that both came to the same, and
times them in turns. Its numbers go to results/data/bench-NAME.json, and docs/speed.md
says how. All rows together take hours, and want a quiet machine.
"""

import argparse
import sys
from pathlib import Path

from r1lib.files import line
from tools.arguments import Parser, at_least


def parser() -> Parser:
    """What can be asked for."""
    made = Parser(
        "python r1.py bench",
        description=__doc__,
        name="bench",
        hint="--help shows all options",
    )
    add = made.add_argument
    add("name", nargs="?", help="one row, or all whose names begin so (default: all)")
    add("--list", action="store_true", help="name the rows, and measure nothing")
    add("--rounds", type=at_least(1), default=5, help="rounds of a run (default: 5)")
    add(
        "--runs",
        type=at_least(1),
        default=3,
        help="runs, in new processes (default: 3)",
    )
    add("--threads", type=at_least(1), help="of each side (default: as torch chooses)")
    add(
        "--small",
        action="store_true",
        help="tiny sizes, in seconds: shows that a row works, and its numbers mean "
        "nothing; no file is written without --out",
    )
    add("--out", type=Path, metavar="FOLDER", help="default: results/data")
    add("--table", action="store_true", help="only write the table of docs/speed.md")
    return made


def measured(name: str, asked: argparse.Namespace, threads: int) -> tuple[dict, str]:
    """Measure what has this name; return the content of its file and a report."""
    from benchmarks import chapters, growth, harness, profile
    from benchmarks.rows import ROWS

    settings = {"small": asked.small, "rounds": asked.rounds, "threads": threads}
    if name in ROWS:
        found = harness.measure(ROWS[name], runs=asked.runs, **settings)
        return found, harness.report(name, found)
    script = {"profile": profile, "growth": growth, "chapters": chapters}[name]
    found = script.measure(**settings)
    return found, script.report(found)


def weights_of(name: str) -> tuple[str, ...]:
    """The artifacts that are read for a name."""
    from benchmarks.rows import ROWS

    if name in ROWS:
        return ROWS[name].weights
    read = {
        "profile": ("tokenizer", "base-tiny", "zero-tiny"),
        "growth": ("tokenizer",),
    }
    return read.get(name, ())


def one(name: str, asked: argparse.Namespace, threads: int) -> bool:
    """Measure one thing, print it, write its file; say in one line why it failed."""
    from benchmarks.rows import ROWS
    from benchmarks.table import path_of
    from results import one_unit
    from tools import provenance

    if name in ROWS and (why_not := ROWS[name].missing()):
        print(f"{name} is left out: {line(why_not)}")
        return True
    try:
        found, report = measured(name, asked, threads)
    except (ValueError, RuntimeError) as problem:
        print(f"bench: {name}: {line(problem)}", file=sys.stderr)
        return False
    print(report, flush=True)
    if asked.out or not asked.small:
        folder = asked.out or provenance.DATA
        folder.mkdir(parents=True, exist_ok=True)
        weights = () if asked.small else weights_of(name)
        command = (
            f"tools.bench {name}"  # both sides draw problems and weights by seed 0
        )
        one_unit.write(path_of(name, folder), found, command, weights=weights, seed=0)
    return True


def listing() -> str:
    """Every name, and what it measures beside whom."""
    from benchmarks.rows import OTHERS, ROWS

    lines = [f"{name:22}{row.what}; beside {row.peer}" for name, row in ROWS.items()]
    return "\n".join([*lines, *OTHERS])


def main(argv: list[str] | None = None) -> int:
    """Do what was asked for; whatever a person can repair is one line."""
    asked = parser().parse_args(argv)
    import torch  # here: --help need not wait for it

    from benchmarks import rows, table

    if asked.list:
        print(listing())
        return 0
    if asked.table:
        table.write()
        return 0
    try:
        names = rows.chosen(asked.name)
    except ValueError as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 2
    threads = asked.threads or torch.get_num_threads()
    try:
        return int(not all([one(name, asked, threads) for name in names]))
    except KeyboardInterrupt:
        print("\nbench: stopped; files of finished rows are kept", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
