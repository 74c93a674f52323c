"""Files that are either whole or not there: write to a temporary name, then rename.

A folder cannot be replaced in one step, so the older one waits beside it as .NAME.old
until the new one is there. `recover` undoes what a kill between the steps has left.
"""

import hashlib
import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

END = (".tmp", ".old")


def write_bytes(path, content: bytes) -> None:
    """Write a file atomically; a full disk or a kill leaves the old one untouched."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path, content: str) -> None:
    """Write text atomically, as UTF-8 with plain newlines."""
    write_bytes(path, content.encode("utf-8"))


def read_json(path):
    """Read a JSON file; one that is absent or damaged is named in a ValueError."""
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"no file {path}")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # not UTF-8, or not JSON
        raise ValueError(f"{path} is damaged: {error}") from error


def sha256(folder) -> dict[str, str]:
    """Compute the sha256 of each file of a folder."""
    files = sorted(path for path in Path(folder).iterdir() if path.is_file())
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def remove(path) -> None:
    """Remove a file, a link or a whole folder, if it is there."""
    path = Path(path)
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def new_folder(folder):
    """Fill a temporary folder; it takes its name when the block ends well.

    An older folder of that name stays until the new one is complete.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary, older = (folder.with_name(f".{folder.name}{end}") for end in END)
    remove(temporary)
    _put_back(older, folder)
    temporary.mkdir()
    try:
        yield temporary
        if folder.exists():
            os.replace(folder, older)
        os.replace(temporary, folder)
    finally:
        _put_back(older, folder)  # which removes it where the new folder is there
        remove(temporary)


def recover(folder) -> None:
    """Undo what a killed writer left in a folder: half-written and half-renamed things.

    Only for a folder that no other process is writing to.
    """
    for path in Path(folder).glob(".*"):
        if path.name.endswith(END[0]):
            remove(path)
        elif path.name.endswith(END[1]):
            _put_back(path, path.with_name(path.name[1 : -len(END[1])]))


def _put_back(older: Path, folder: Path) -> None:
    if folder.exists():
        remove(older)
    elif older.exists():
        os.replace(older, folder)
