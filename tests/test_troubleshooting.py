"""docs/troubleshooting.md has every message of r1.py's set-up and of its doctor."""

import ast
import re
from pathlib import Path

import pytest

from tools import doctor

ROOT = Path(__file__).resolve().parent.parent
PAGE = " ".join((ROOT / "docs/troubleshooting.md").read_text("utf-8").split())
FILES = ("r1.py", "tools/bootstrap.py", "tools/environment.py", "tools/doctor.py")
QUIET = (  # texts of these files that are no messages
    "Every verb first sets up what is missing",
    "The first start downloads about 1 GB into .venv",
    "import sys, pip; print",
    "Installing collected packages",  # pip's, as are the next two
    "No space left",
    "NewConnectionError|",
)


def texts(tree: ast.AST):
    """The texts of a program, but for docstrings and the list of verbs."""
    skipped = set()
    for node in ast.walk(tree):
        first = getattr(node, "body", None)
        if isinstance(first, list) and first and isinstance(first[0], ast.Expr):
            skipped.add(first[0].value)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "VERBS":
            skipped.update(ast.walk(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in skipped:
            if isinstance(node.value, str):
                yield node.value


def parts(text: str):
    """What is fixed of a message: three words or more between values."""
    text = re.sub(r"\s+", " ", text).removeprefix(" ").removeprefix("r1: ")
    for part in re.split(r"%[sd.]+", text):
        part = part.strip(" ;:'\"().,")
        if part.count(" ") >= 2:
            yield part


def messages(file: str) -> list[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    found = {part for text in texts(tree) for part in parts(text)}
    return sorted(m for m in found if not any(q in m for q in QUIET))


@pytest.mark.parametrize("file", FILES)
def test_every_message_is_on_the_page(file):
    found = messages(file)
    assert found
    assert [message for message in found if message not in PAGE] == []


def test_a_new_message_is_noticed():
    tree = ast.parse('def f(x):\n    """Not this."""\n    say(f"{x}: quite a new one")')
    found = [part for text in texts(tree) for part in parts(text)]
    assert found == ["quite a new one"]


def test_every_line_of_doctor_is_on_the_page():
    rows = re.findall(r"^\| ([a-z0-9, ]+) \|", PAGE.replace("| |", "|\n|"), re.M)
    named = {name for row in rows for name in row.split(", ")}
    assert set(doctor.facts()) <= named
