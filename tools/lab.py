"""`python r1.py lab`: JupyterLab of this environment, opened at the first chapter.

python r1.py lab                                      chapter 01
python r1.py lab 05                                   chapter 05
python r1.py lab chapters/ko/01_reasoning_models.ipynb
python r1.py lab docs --port=8889                     a folder; an option of JupyterLab
"""

import os
import sys
from pathlib import Path
from urllib.parse import quote

from r1lib.files import SHOWN, line

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ("--no-browser", "--allow-root", "--debug", "-y")  # these take no value
SETTINGS = (
    # Links lead to figures/ and docs/, whatever folder the reader's own settings name.
    "--ServerApp.root_dir=.",
    # Else it asks the reader about news, and a server about newer versions.
    "--LabApp.app_settings_dir=tools/lab_settings",
    # Else a notebook that another Python executed is unsaved as soon as it is open.
    "--ServerApp.contents_manager_class=tools.lab_contents.Contents",
)


def split(extra: list[str]) -> tuple[list[str], list[str]]:
    """What to open, and the options of JupyterLab with their values.

    >>> split(["--port", "8889", "05"])
    (['05'], ['--port', '8889'])
    """
    names, options, value_next = [], [], False
    for word in extra:
        option = word.startswith("-")
        (options if option or value_next else names).append(word)
        value_next = option and "=" not in word and word not in FLAGS
    return names, options


def found(root: Path, name: str) -> str:
    """A file, a folder or the chapter of a number, as a path below `root`.

    ValueError: it is not there, or not in the project's folder.
    """
    path = root / name
    for chapter in (root / "chapters").glob("*_*.ipynb"):
        if chapter.name.split("_")[0] == name:
            path = chapter
    if not path.exists():
        raise ValueError(f"there is no {line(name, SHOWN)} to open")
    if not path.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"{line(name, SHOWN)} is not in the folder of the book")
    return path.resolve().relative_to(root.resolve()).as_posix()


def arguments(root: Path, extra: list[str]) -> list[str]:
    """Arguments for Python: JupyterLab, what it opens, and its options.

    The notebook is given as an address. As a name it would make its folder the only
    one that is served, and `--no-browser` would print an address without it.

    ValueError: what was asked for is not there, or more than one thing was.
    """
    names, options = split(extra)
    if len(names) > 1:
        raise ValueError(f"lab opens one notebook, got {line(' '.join(names), SHOWN)}")
    first = sorted((root / "chapters").glob("[0-9]*.ipynb"))[:1]
    opened = [found(root, str(name)) for name in names or first]
    address = "/".join(["/lab", *(f"tree/{quote(name)}" for name in opened)])
    start = f"--LabApp.default_url={address}"
    return ["-m", "jupyterlab", *SETTINGS, start, *options]


def main() -> int:
    """Become JupyterLab; on Windows, wait for it."""
    try:
        command = [sys.executable, *arguments(ROOT, sys.argv[1:])]
    except ValueError as problem:
        print(f"r1: {problem}", file=sys.stderr)
        return 1
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
