"""Files that are either whole or not there: write to a temporary name, then rename.

A folder cannot be replaced in one step, so the older one waits beside it as .NAME.old
until the new one is there. `recover` undoes what a kill between the steps has left.
"""

import hashlib
import json
import os
import re
import reprlib
import shutil
from contextlib import contextmanager
from pathlib import Path

END = (".tmp", ".old")
SHOWN = 200  # characters of a value in an error text
LINE = 1000  # characters of an error text on a screen
STRAY = re.compile(  # what macOS, Windows, KDE, Jupyter and editors leave in folders
    r"\.DS_Store|\._.*|\.localized|Icon\r|Thumbs\.db|desktop\.ini|\.directory|"
    r"\.ipynb_checkpoints|__pycache__|.*~|~\$.*|#.*#|\.#.*|\..*\.sw[a-p]|\.nfs.*",
    re.IGNORECASE,
)
NUMBER = (int, float)
CARD = "README.md"  # what a folder says of itself; it may be written anew at will
JSON_KINDS = {
    dict: "an object",
    list: "a list",
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}

brief = reprlib.Repr()
brief.maxstring = brief.maxother = brief.maxlong = SHOWN
brief.maxlist = brief.maxtuple = brief.maxdict = brief.maxset = 20
brief.maxlevel = 3


def line(text, most: int = LINE) -> str:
    """Make one line of a text: no control characters, `most` characters.

    >>> line("a\\n  b \\x1b[31mred")
    'a b ?[31mred'
    """
    words = " ".join(str(text).split())
    text = "".join(c if c.isprintable() else "?" for c in words)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def printable(text: str) -> str:
    """Escape what a terminal would obey: control, format and private characters.

    >>> print(printable("red: \\x1b[31m, next line: \\n, 빨강"))
    red: \\x1b[31m, next line: \\n, 빨강
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def shown(value) -> str:
    """Show a value in an error text: 200 characters, none of them for control.

    An exception is shown by its own words.

    >>> shown("a\\n"), shown(ValueError("no\\nway")), len(shown("x" * 999))
    ("'a\\\\n'", 'no way', 200)
    """
    text = str(value) if isinstance(value, Exception) else brief.repr(value)
    return line(text, SHOWN)


def one_of(name: str, value, choices) -> None:
    """Refuse a value that is none of the choices; the error calls it `name`."""
    if value not in choices:
        known = ", ".join(map(str, choices))
        raise ValueError(f"{name} must be one of {known}, got {shown(value)}")


def is_stray(name: str) -> bool:
    """Say whether a name is one that a system or an editor leaves in any folder.

    >>> [is_stray(name) for name in (".DS_Store", "notes.txt~", "config.json")]
    [True, True, False]
    """
    return STRAY.fullmatch(name) is not None


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


def read_json(path, kind=dict, fields: dict | None = None):
    """Read a JSON file that holds a value of one kind, by default an object.

    `fields` says of which kind some of the object's values must be. A file that is
    absent, damaged or of another kind is named in a ValueError.

    >>> read_json("no.json")
    Traceback (most recent call last):
    ValueError: no file no.json
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"no file {path}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # not UTF-8, or not JSON
        raise ValueError(f"{path} is damaged: {shown(error)}") from error
    check_kind(content, kind, path)
    for name, wanted in (fields or {}).items():
        check_kind(content.get(name), wanted, path, f" as {name}")
    return content


def check_kind(value, kind, path, where: str = "") -> None:
    """Refuse a value that JSON has, and that is not of the wanted kind."""
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return
    kinds = kind if isinstance(kind, tuple) else (kind,)
    words = " or ".join(dict.fromkeys(JSON_KINDS[one] for one in kinds))
    raise ValueError(f"{path} is damaged: wanted {words}{where}, got {shown(value)}")


def digest(content: str | bytes) -> str:
    """Compute the sha256 of a text, as UTF-8, or of bytes, in hexadecimal.

    >>> digest("") == digest(b""), digest("가")[:8]
    (True, '64ee5293')
    """
    content = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(content).hexdigest()


def sha256(folder, names=None) -> dict[str, str]:
    """Compute the sha256 of files of a folder: of those that are named and there.

    Without names: of each file but those that a system or an editor leaves.
    """
    files = {path.name: path for path in Path(folder).iterdir() if path.is_file()}
    if names is None:
        names = (name for name in files if not is_stray(name))
    contents = {
        name: files[name].read_bytes() for name in sorted(names) if name in files
    }
    return {name: digest(x) for name, x in contents.items()}


def counted(digests: dict[str, str]) -> dict[str, str]:
    """The sha256 of what a folder holds, without that of its card.

    >>> counted({"README.md": "ab", "data.parquet": "cd"})
    {'data.parquet': 'cd'}
    """
    return {name: x for name, x in digests.items() if name != CARD}


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
