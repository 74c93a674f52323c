"""`python r1.py lab`: JupyterLab of this environment, opened at the first chapter."""

import os
import sys
from pathlib import Path

from r1lib.files import SHOWN, line

ROOT = Path(__file__).resolve().parent.parent


def arguments(root: Path, extra: list[str]) -> list[str]:
    """JupyterLab's arguments: the first chapter there is, then what was asked for."""
    chapters = sorted((root / "chapters").glob("[0-9]*.ipynb"))
    first = [chapters[0].relative_to(root).as_posix()] if chapters else []
    return ["-m", "jupyterlab", *first, *extra]


def missing(root: Path, extra: list[str]) -> str:
    """The first notebook or folder that was asked for and is not there."""
    asked = (name for name in extra if not name.startswith("-"))
    named = (name for name in asked if "/" in name or name.endswith(".ipynb"))
    return next((name for name in named if not (root / name).exists()), "")


def main() -> int:
    """Become JupyterLab; on Windows, wait for it."""
    if name := missing(ROOT, sys.argv[1:]):
        print(f"r1: there is no {line(name, SHOWN)} to open", file=sys.stderr)
        return 1
    command = [sys.executable, *arguments(ROOT, sys.argv[1:])]
    os.chdir(ROOT)
    if os.name != "nt":
        os.execv(command[0], command)
    import subprocess

    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # JupyterLab asks whether to stop
            continue


if __name__ == "__main__":
    sys.exit(main())
