"""Pages of docs/ that are made from result files: written, or compared with them."""

from pathlib import Path

from r1lib import files


def write(path: Path, wanted: str, command: str, check: bool = False) -> None:
    """Write a page; with `check` only say whether it is what it should be.

    One that is not up to date ends the program with status 1 and the command to run.
    """
    name = f"{path.parent.name}/{path.name}"
    if not check:
        files.write_text(path, wanted)
    elif not path.exists() or path.read_text(encoding="utf-8") != wanted:
        raise SystemExit(f"{name} is not what results/ says: run python -m {command}")
    else:
        print(f"{name} is what results/ says")
