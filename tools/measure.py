"""`python r1.py measure`: make the numbers of the book again, unit by unit.

A unit is one arm of one experiment, measured for seeds 0, 1 and 2; its result is a file
in results/data/. Stop it whenever you like: the same command skips what is there.
"""

import argparse
import errno
import sys
from difflib import get_close_matches
from pathlib import Path

from r1lib.files import line, shown
from tools.arguments import Parser, at_least

AFTER = """
Units that train a stage of a run (train-dev1) or ship one (ship-dev1) leave no result;
`--all` runs those that it needs. Much is measured on stages of a run that are shipped:
`python r1.py train --seed 0 --out runs/seed-0 --shipped` takes them in seconds.
"""
FEWEST = 8  # problems of a kind: of fewer no interval says much
CLAIMS = ("P1", "P5", "P6")  # which the shipped weights can show again


def parser() -> Parser:
    """What can be asked for."""
    made = Parser(
        "python r1.py measure",
        description=__doc__,
        epilog=AFTER,
        name="measure",
        hint="--help shows all options",
    )
    add = made.add_argument
    add("name", nargs="?", help="one unit, or all units whose names begin so")
    add("--all", action="store_true", help="every unit that has no result yet")
    add(
        "--list",
        action="store_true",
        help="what is missing or of another edition, and how long it takes; with NAME "
        "or --all: those units, measured or not",
    )
    add(
        "--seed",
        type=at_least(0),
        action="append",
        help="only this seed (repeat for more)",
    )
    add("--again", action="store_true", help="also what has a result of this edition")
    add(
        "--from-shipped",
        nargs="*",
        metavar="CLAIM",
        help=f"evaluate the shipped weights anew ({', '.join(CLAIMS)}; default: all), "
        "and compare with the stored numbers: at most ten minutes, writes nothing",
    )
    add(
        "--problems",
        type=at_least(FEWEST),
        help="with --from-shipped: at most so many of a kind",
    )
    return made


def main(argv: list[str] | None = None) -> int:
    """Do what was asked for; whatever a person can repair is one line."""
    asked = parser().parse_args(argv)
    try:
        return chosen(asked)
    except KeyboardInterrupt:
        print("\nmeasure: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    except OSError as problem:
        said = problem.strerror or str(problem)
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            said = (
                "the disk is full; make room, then the same command goes on from here"
            )
        print(f"measure: {line(said)}", file=sys.stderr)
    except ValueError as problem:
        print(f"measure: {line(problem)}", file=sys.stderr)
    return 1


def chosen(asked: argparse.Namespace) -> int:
    """Run the part that the options ask for."""
    if odd := contradiction(asked):
        raise ValueError(f"{odd} (--help shows all options)")
    if asked.from_shipped is not None:
        from results import from_shipped  # imports torch, as does what follows

        return from_shipped.main(asked.from_shipped or CLAIMS, asked.problems)
    from tools import measure_run, provenance

    root = provenance.ROOT
    tasks = tasks_of(asked)
    if asked.list:
        print(listing(tasks, root, details=bool(asked.name or asked.all)))
        return 0
    return measured(asked, tasks, root, measure_run)


def contradiction(asked: argparse.Namespace) -> str:
    """What was asked for that makes no sense together; "" if all is well."""
    others = (asked.name, asked.all, asked.list, asked.seed, asked.again)
    if asked.from_shipped is not None:
        if any(others):
            return "--from-shipped takes claims and --problems, and nothing else"
        odd = [claim for claim in asked.from_shipped if claim not in CLAIMS]
        return f"wanted {', '.join(CLAIMS)}, got {shown(odd[0])}" if odd else ""
    if asked.problems:
        return "--problems goes with --from-shipped"
    if asked.name and asked.all:
        return "wanted NAME or --all, got both"
    if not (asked.name or asked.all or asked.list):
        return "wanted the NAME of a unit, --all, --list or --from-shipped"
    return ""


# ---- which units -----------------------------------------------------------------


def units_of(name: str | None) -> list:
    """The unit of a name, or all whose names begin so; without one, what measures."""
    from results.units import UNITS

    if name is None:
        return [unit for unit in UNITS.values() if unit.measures]
    if name in UNITS:
        return [UNITS[name]]
    if found := [
        unit for known, unit in UNITS.items() if name and known.startswith(name)
    ]:
        return found
    near = get_close_matches(name[:200], UNITS, n=5, cutoff=0.5)
    names = f"near it: {', '.join(near)}" if near else "--list --all names every unit"
    raise ValueError(f"no unit {shown(name)}; {names}")


def tasks_of(asked: argparse.Namespace) -> list:
    """Every unit that was asked for, with each of its seeds."""
    from tools.measure_run import Task

    units = units_of(asked.name)
    wanted = set(asked.seed or [])
    tasks = []
    for unit in units:
        seeded = "{seed}" in unit.arguments
        fit = wanted if seeded else wanted & set(unit.seeds)
        tasks += [Task(unit, s) for s in (sorted(fit) if asked.seed else unit.seeds)]
    if not tasks:
        only = ", ".join(map(str, units[0].seeds))
        raise ValueError(f"{units[0].name} is measured for seed {only} only")
    return tasks


# ---- what there is to say --------------------------------------------------------


def listing(tasks: list, root: Path, details: bool = False) -> str:
    """A line for each task, or for those without a result, and the time they take."""
    from r1lib.recipe import EDITION
    from tools import measure_run

    states = {task: measure_run.state(task.made, root) for task in tasks}
    missing = [task for task in tasks if states[task]]
    rows = tasks if details else missing
    read = chapters(root) if rows else {}
    lines = [row(task, states[task], read, root) for task in rows]
    took = f"; what is missing: {run_time(missing, root)}" if missing else ""
    there = f"{len(tasks) - len(missing)} of {len(tasks)} are there"
    return "\n".join([*lines, f"edition {EDITION}: {there}{took}"])


def run_time(tasks: list, root: Path) -> str:
    """How long tasks take together, as far as it is recorded."""
    from tools.measure_run import length, time_of

    total, unknown = time_of(tasks, root)
    if unknown == len(tasks):
        return "no time is recorded"
    more = f", and {unknown} without a recorded time" if unknown else ""
    return f"{length(total)} by recorded times{more}"


def row(task, state: str, read: dict[str, list[str]], root: Path) -> str:
    """One line about one task."""
    from results.times import minutes
    from tools.measure_run import length

    unit, seed = task
    places = read.get(Path(task.made).stem, [])
    parts = [
        f"{unit.name:28}{seed:<3}{state or 'there':15}",
        f"{length(minutes(unit, seed, root)):22}",
        " ".join(unit.claims),
        f"chapter {', '.join(places)}" if places else "",
        f"reads {' '.join(unit.needed(seed))}" if unit.reads else "",
    ]
    return "  ".join(filter(None, parts)).rstrip()


def chapters(root: Path) -> dict[str, list[str]]:
    """Result -> the numbers of the chapters that read it, from their sources."""
    from tools import provenance
    from tools.book_chapter import python_source
    from tools.book_source import Book, BookError, number_of

    book, found = Book(root), {}
    for source in book.sources():
        try:
            code = python_source(book, source)
        except (BookError, SyntaxError):  # `check` names it
            continue
        for name in provenance.chapter_names(code, root)["results"]:
            found.setdefault(name, []).append(number_of(source))
    return found


def measured(asked: argparse.Namespace, tasks: list, root: Path, run) -> int:
    """Measure what was asked for and is not there; returns the exit code."""
    wanted = [task for task in tasks if asked.again or run.state(task.made, root)]
    if not wanted:
        print(f"nothing to measure: {len(tasks)} of {len(tasks)} are there")
        return 0
    for task in wanted:
        if run.state(task.made, root) == run.HALF:
            print(f"{task.made} is half-written: it does not count, and is made again")
    if asked.all:
        wanted = run.with_inputs(wanted, root)
    order = run.ordered(wanted)
    if not asked.all and (why := run.blocked(order[0], root)):
        raise ValueError(why)
    print(f"{len(order)} to measure: {run_time(order, root)}")
    try:
        faults = run.measure(order, root)
    except run.Stopped as problem:
        raise ValueError(str(problem)) from None
    if faults:
        print(f"measure: {len(faults)} of {len(order)} failed", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
