"""`python r1.py lab`: JupyterLab of this environment, opened at the first chapter."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def arguments(root: Path, extra: list[str]) -> list[str]:
    """JupyterLab's arguments: the first chapter there is, then what was asked for."""
    chapters = sorted((root / "chapters").glob("[0-9]*.ipynb"))
    first = [chapters[0].relative_to(root).as_posix()] if chapters else []
    return ["-m", "jupyterlab", *first, *extra]


def main() -> int:
    """Become JupyterLab; on Windows, wait for it."""
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
