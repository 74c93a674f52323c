"""Pages of course/ that are made: `python -m tools.course` writes them.

Syllabi take minutes from the table of README.md, and exercises from book/. The sheets
and the key of the quizzes are for print. With `--check` the pages are only compared.
"""

import argparse
import json
import re
import sys
from pathlib import Path

from r1lib import files
from tools import quiz

ROOT = Path(__file__).resolve().parent.parent
MADE = "<!-- made by python -m tools.course -->"
ROW = re.compile(r"^\| (\d\d) \| \[(.+?)\]\((chapters/.+?)\) \| (\d+) \|$", re.M)
EXERCISE = re.compile(
    r"\*\*Exercise (\d+\.\d+)\*\* \((\w+), (\d+) min\)\s([^.?!]+)[.?!]"
)
HEAD = "| session | chapters | minutes to read | objectives | in class | homework |"
KEY = f"""# Answers of the quizzes

{MADE}

For instructors. `python r1.py quiz NN` gives the same reasons after each question.
"""


def chapters(root: Path = ROOT) -> dict[str, tuple[str, str, int]]:
    """Number -> (title, link, minutes to read), from the table of README.md."""
    rows = ROW.findall((root / "README.md").read_text("utf-8"))
    return {number: (title, link, int(n)) for number, title, link, n in rows}


def exercises(root: Path = ROOT) -> dict[str, tuple[str, str, int]]:
    """Number -> (name, difficulty, minutes), from the sources of the chapters."""
    found = {}
    for path in sorted((root / "book").glob("[0-9]*.py")):
        text = path.read_text("utf-8").replace("\n# ", " ")
        for number, level, minutes, name in EXERCISE.findall(text):
            found[number] = " ".join(name.split()), level, int(minutes)
    return found


def syllabi(root: Path = ROOT) -> list[dict]:
    """What course/syllabi.json holds."""
    return json.loads((root / "course/syllabi.json").read_text("utf-8"))


def minutes(names: list[str], known: dict) -> int:
    """Minutes to read some chapters."""
    return sum(known[name][2] for name in names)


def syllabus(plan: dict, root: Path = ROOT) -> str:
    """The page of one syllabus."""
    known, tasks = chapters(root), exercises(root)
    out = [f"# {plan['title']}", "", MADE, "", plan["about"], ""]
    out += [HEAD, "|---|---|---|---|---|---|"]
    everything, work = [], 0
    for session in plan["sessions"]:
        names, homework = session["chapters"], session["homework"]
        if unknown := [n for n in names if n not in known]:
            raise ValueError(f"{plan['file']}: README.md has no chapter {unknown[0]}")
        if unknown := [n for n in homework if n not in tasks]:
            raise ValueError(f"{plan['file']}: book/ has no exercise {unknown[0]}")
        links = ", ".join(f"[{name}](../{known[name][1]})" for name in names)
        listed = ", ".join(f"{n} ({tasks[n][2]} min)" for n in homework)
        everything += names
        work += sum(tasks[n][2] for n in homework)
        cells = (
            session["title"],
            links,
            str(minutes(names, known)),
            "; ".join(session["objectives"]),
            session["class"],
            listed,
        )
        out.append(f"| {' | '.join(cells)} |")
    total = f"{minutes(everything, known)} minutes of reading, {work} of homework"
    return "\n".join([*out, "", f"In all: {total}.", ""])


def pages(root: Path = ROOT) -> dict[str, str]:
    """Path below course/ -> text, of every page that is made."""
    made = {plan["file"]: syllabus(plan, root) for plan in syllabi(root)}
    quizzes = [quiz.load(name, root) for name in quiz.chapters(root)]
    made |= {f"quizzes/{one.chapter}.md": quiz.sheet(one) for one in quizzes}
    made["quizzes/answers.md"] = "\n".join([KEY, *map(quiz.key, quizzes)])
    return made


def stale(root: Path = ROOT) -> list[str]:
    """The pages that are not what they should be."""
    made = {root / "course" / name: text for name, text in pages(root).items()}
    return [
        path.relative_to(root).as_posix()
        for path, text in made.items()
        if not path.exists() or path.read_text("utf-8") != text
    ]


def main(argv: list[str] | None = None, root: Path = ROOT) -> int:
    """Write the pages, or say which of them are stale."""
    made = argparse.ArgumentParser("python -m tools.course", description=__doc__)
    made.add_argument("--check", action="store_true", help="compare, write nothing")
    try:
        if made.parse_args(argv).check:
            for name in (old := stale(root)):
                print(f"{name} is stale: run python -m tools.course", file=sys.stderr)
            return 1 if old else 0
        for name, text in pages(root).items():
            files.write_text(root / "course" / name, text)
            print(f"course/{name}")
    except (ValueError, OSError) as problem:
        print(f"r1: {files.line(problem)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
