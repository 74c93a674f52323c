"""`python r1.py test`: lint, book check, then every test, chapter and solution.

`--quick` leaves out the chapters and what is marked slow.
A later step runs even when an earlier one failed; the summary names the ones that
did. With arguments, only pytest runs and gets them; `--quick` among them still leaves
out what is slow, and takes two workers.
"""

import subprocess
import sys
import time
from pathlib import Path

from r1lib.files import SHOWN, line

CHECKS = {
    "ruff check": ["ruff", "check"],
    "ruff format": ["ruff", "format", "--check"],
    "book check": ["tools.book", "check"],
}
# A file, or a notebook, stays in one worker: its fixtures or its kernel exist once.
WORKERS = ["-n", "2", "--dist", "loadfile"]
QUICK = [*WORKERS, "-m", "not slow", "-o", "testpaths=tests"]


def run(name: str, arguments: list[str]) -> tuple[str, int, float]:
    """Run one module of this environment; its output goes straight to the screen."""
    print(f"\n== {name}", flush=True)
    start = time.monotonic()
    code = subprocess.run([sys.executable, "-m", *arguments]).returncode
    return name, code, time.monotonic() - start


def summary(results: list[tuple[str, int, float]]) -> str:
    """One line a step: name, ok or FAILED, seconds."""
    words = {0: "ok"}
    rows = [
        f"{name:12} {words.get(code, f'FAILED ({code})'):12} {seconds:7.1f} s"
        for name, code, seconds in results
    ]
    return "\n".join(["", "== summary", *rows])


def missing(arguments: list[str]) -> str:
    """The first test file that was asked for and is not there."""
    named = (name.partition("::")[0] for name in arguments if name[:1] != "-")
    tests = (name for name in named if name.endswith((".py", ".ipynb")))
    return next((name for name in tests if not Path(name).exists()), "")


def steps(arguments: list[str]) -> dict[str, list[str]]:
    """Name the steps to run, each with its module and the arguments of that module.

    >>> list(steps(["--quick"]))
    ['ruff check', 'ruff format', 'book check', 'pytest']
    >>> steps(["tests/test_moe.py", "-x"])
    {'pytest': ['pytest', 'tests/test_moe.py', '-x']}
    """
    own = [argument for argument in arguments if argument != "--quick"]
    if len(own) < len(arguments):  # pytest takes the last -m or -n that it is given
        tests = {"pytest": ["pytest", *QUICK, *own]}
    else:
        tests = {"pytest": ["pytest", *(own or WORKERS)]}
    return tests if own else CHECKS | tests


def main(arguments: list[str]) -> int:
    """Run what was asked for and return 0 if all of it passed."""
    if name := missing(arguments):
        print(f"r1: there is no test file {line(name, SHOWN)}", file=sys.stderr)
        return 1
    try:
        results = [run(name, command) for name, command in steps(arguments).items()]
    except KeyboardInterrupt:
        print("\nr1: stopped", file=sys.stderr)
        return 130
    print(summary(results), flush=True)
    return int(any(code for _, code, _ in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
