"""`python r1.py train`: train the tiny R1 end to end, with progress bars.

Stop it whenever you like: the same command goes on from the last checkpoint, and ends
with the same weights as a run that was never stopped.
"""

import errno
import os
import sys
from pathlib import Path

from r1lib.files import line
from tools.arguments import Parser

AFTER = """
Stages, in this order: base, zero, cold, dev1, dev2, samples, dev3, helpful, harmless,
r1, student, distill. Each leaves a folder of its name in the run's folder: a model, a
table, or a reward model. Beside them are results.json (what was measured, and how) and
report.html (open it in a browser). Stop it with Ctrl-C; the same command goes on from
the last checkpoint. A finished stage is skipped.
"""
NO_MEMORY = ("OutOfMemoryError", "can't allocate memory", "not enough memory")


def parser() -> Parser:
    """What can be asked for."""
    made = Parser(
        "python r1.py train",
        description=__doc__,
        epilog=AFTER,
        name="train",
        hint="--help shows all options",
    )
    add = made.add_argument
    add("--stage", metavar="NAME", help="only this stage (default: all, see below)")
    add("--from", metavar="NAME", dest="first", help="this stage and all after it")
    add(
        "--preset",
        default="tiny",
        help="tiny; smoke: seconds, no claim",
    )
    add("--out", metavar="FOLDER", help="the run's folder (default: runs/PRESET)")
    add(
        "--seed",
        type=int,
        default=0,
        help="moves every random choice (default: 0); another seed needs another --out",
    )
    add(
        "--shipped",
        action="store_true",
        help="with --stage or --from: take what comes before from artifacts/; without: "
        "take all that is there, and train nothing",
    )
    add("--device", default="cpu", help="cpu (default), cuda or mps")
    add(
        "--fresh",
        action="store_true",
        help="forget the named stage and all that was made from it; if none is named, "
        "the whole run",
    )
    return made


def main(argv: list[str] | None = None) -> int:
    """Train; whatever a person can do something about is one line, not a traceback."""
    asked = parser().parse_args(argv)
    asked.out = Path(asked.out or f"runs/{asked.preset}")
    try:
        from tools import train_run  # imports torch: seconds that --help need not wait

        train_run.run(asked)
    except KeyboardInterrupt:
        print(f"\ntrain: stopped; {goes_on(asked.out)}", file=sys.stderr)
        return 130
    except Exception as problem:
        said = explain(problem)
        if said is None or os.environ.get("R1_DEBUG"):
            raise
        print(f"train: {line(said)}", file=sys.stderr)
        return 1
    return 0


def explain(problem: Exception) -> str | None:
    """Say what went wrong for the person at the keyboard; None for our own mistakes."""
    if isinstance(problem, OSError):
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            return (
                "the disk is full; make room, then the same command goes on from the "
                "last checkpoint"
            )
        where = f": {problem.filename}" if problem.filename else ""
        return f"{problem.strerror or problem}{where}"
    if isinstance(problem, FloatingPointError):
        return f"{problem} (training went wrong; the last checkpoint is kept)"
    if isinstance(problem, ValueError):
        return str(problem)
    said = f"{type(problem).__name__}: {problem}"
    if isinstance(problem, MemoryError) or any(hint in said for hint in NO_MEMORY):
        return "not enough memory; close other programs, or try --preset smoke"
    return None


def goes_on(folder: Path) -> str:
    """Say from where the same command will go on."""
    paths = (p for p in folder.glob("*-work/step-*") if p.name[5:].isdecimal())
    paths = sorted(paths, key=lambda path: path.stat().st_mtime)
    if not paths:
        return "the same command goes on with what is missing"
    stage = paths[-1].parent.name.removesuffix("-work")
    step = int(paths[-1].name.removeprefix("step-"))
    return f"the same command goes on with {stage} from step {step}"


if __name__ == "__main__":
    sys.exit(main())
