"""Assignments for otter-grader, and a report of what it found.

`python -m tools.grading NN FOLDER` writes the notebook for students, which is the
chapter's solutions with the exercises open again, and one test an exercise, which calls
the check that the book already has. `python -m tools.grading report results.json` makes
a page for a student. `course/grading.md` shows the whole way. Nothing of otter-grader
is imported here.
"""

import argparse
import ast
import json
import sys
from pathlib import Path

import nbformat

from r1lib import files
from tools.book_source import BookError, read_notebook
from tools.course import exercises

ROOT = Path(__file__).resolve().parent.parent
POINTS = {"easy": 1, "medium": 2, "hard": 3}
TEST = '''"""Exercise {number}: {name}."""

import io
from contextlib import redirect_stdout

from otter.test_files import test_case

from r1lib import checks

OK_FORMAT = False
name = "exercise {number}"
points = {points}


@test_case(points={points})
def exercise(env):
    functions = [env.get(name) for name in {functions}]
    said = io.StringIO()
    with redirect_stdout(said):
        checks.{check}(*functions)
    said = said.getvalue().strip()
    assert said.endswith(": correct"), said
'''


def tagged(cells: list, tag: str) -> list:
    """The cells that have a tag."""
    return [cell for cell in cells if tag in cell["metadata"].get("tags", [])]


def assignment(chapter: Path, solution: Path):
    """The notebook of solutions, with the open exercises of the chapter in it."""
    notebook = read_notebook(solution)
    opened = tagged(read_notebook(chapter).cells, "exercise")
    solved = tagged(notebook.cells, "exercise")
    if len(opened) != len(solved):
        raise ValueError(f"{solution.name} has other exercises than {chapter.name}")
    for cell, stub in zip(solved, opened, strict=True):
        cell["source"] = stub["source"]
    for cell in notebook.cells:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return notebook


def call(source: str) -> tuple[str, list[str]]:
    """The check and the functions that it gets: `checks.ex_2_1(best_pair)`."""
    (line,) = ast.parse(source).body
    return line.value.func.attr, [argument.id for argument in line.value.args]


def tests(notebook, tasks: dict) -> dict[str, str]:
    """Name of a test file -> its text."""
    made = {}
    for cell in tagged(notebook.cells, "check"):
        check, functions = call(cell["source"])
        number = check.removeprefix("ex_").replace("_", ".")
        name, level, _ = tasks[number]
        made[f"{check}.py"] = TEST.format(
            number=number,
            name=name,
            points=POINTS[level],
            functions=functions,
            check=check,
        )
    return made


def write(number: str, folder: Path, root: Path = ROOT) -> list[Path]:
    """Write the assignment of a chapter; return what was written."""
    found = sorted((root / "chapters").glob(f"{number.zfill(2)}_*.ipynb"))
    if not found:
        raise ValueError(f"there is no chapter {files.line(number, files.SHOWN)!r}")
    notebook = assignment(found[0], root / "solutions" / found[0].name)
    texts = {f"tests/{n}": t for n, t in tests(notebook, exercises(root)).items()}
    texts[found[0].name] = nbformat.writes(notebook) + "\n"
    texts["otter_config.json"] = json.dumps({"show_stdout": True}) + "\n"
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        files.write_text(folder / name, text)
    return sorted(folder / name for name in texts)


def report(results: Path) -> str:
    """A page in Markdown from the results.json of `otter run`."""
    try:
        rows = [
            r for r in json.loads(results.read_text("utf-8"))["tests"] if "score" in r
        ]
        total, most = (sum(row[key] for row in rows) for key in ("score", "max_score"))
        lines = [
            f"| {r['name']} | {r['score']:g} of {r['max_score']:g} | {said(r)} |"
            for r in rows
        ]
    except (json.JSONDecodeError, KeyError, TypeError) as problem:
        raise ValueError(f"{results.name} is no result of otter: {problem}") from None
    head = ["# Your exercises", "", "| | points | the check says |", "|---|---|---|"]
    return "\n".join([*head, *lines, "", f"In all: {total:g} of {most:g} points.", ""])


def said(row: dict) -> str:
    """What the check of an exercise said, on one line."""
    if row["score"] == row["max_score"]:
        return "correct"
    text = row["output"].rpartition(": Exercise ")[2].partition(": ")[2]
    return files.line(text or row["output"], files.SHOWN).replace("|", "\\|")


def main(argv: list[str] | None = None) -> int:
    """Write an assignment or a report; what is wrong is one line."""
    made = argparse.ArgumentParser("python -m tools.grading", description=__doc__)
    made.add_argument("what", metavar="NN", help="a chapter, or the word report")
    made.add_argument("path", type=Path, help="a new folder, or a results.json")
    asked = made.parse_args(argv)
    try:
        if asked.what == "report":
            print(report(asked.path), end="")
            return 0
        for path in write(asked.what, asked.path):
            print(path.relative_to(asked.path).as_posix())
    except (ValueError, OSError, BookError) as problem:
        print(f"r1: {files.line(problem)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
