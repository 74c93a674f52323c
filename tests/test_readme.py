"""The table in tests/README.md names every file of this folder, and no other test."""

import re
from fnmatch import fnmatch
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILES = {path.name for path in HERE.glob("*.py")}
TABLE = (HERE / "README.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`([\w*]+\.py)`(?! else)", TABLE)  # else: see of_a_module


def of_a_module(file):
    """Is this `test_NAME.py`, with a module or a folder NAME somewhere in r1lib?"""
    name = file.removeprefix("test_").removesuffix(".py")
    return any(path.stem == name for path in (HERE.parent / "r1lib").rglob("*"))


def has_a_row(file):
    return of_a_module(file) or any(fnmatch(file, name) for name in NAMED)


def test_every_file_has_its_row():
    assert [file for file in sorted(FILES) if not has_a_row(file)] == []


def test_every_row_has_its_file():
    rows = [name for name in NAMED if name.startswith("test_")]
    assert len(rows) > 20
    assert [n for n in rows if not any(fnmatch(file, n) for file in FILES)] == []


def test_a_file_without_a_row_is_noticed():
    assert not has_a_row("test_nothing.py")
