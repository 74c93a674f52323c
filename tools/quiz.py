"""`python r1.py quiz NN`: questions about a chapter, in the terminal or on paper."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from r1lib.files import SHOWN, line
from tools import screen as screens
from tools.screen import BOLD, DIM, Screen

ROOT = Path(__file__).resolve().parent.parent
LETTERS = "ABCD"
AFTER = """
examples:
  python r1.py quiz              which chapters have a quiz
  python r1.py quiz 09           take the quiz of chapter 09; Enter alone skips
  python r1.py quiz 09 --print   the questions on a sheet, in Markdown
  python r1.py quiz 09 --key     the answers with their reasons, in Markdown
"""


@dataclass(frozen=True)
class Question:
    """One question; `answer` is the place of the right option, from 0."""

    question: str
    options: tuple[str, ...]
    answer: int
    explanation: str
    where: str

    @property
    def letter(self) -> str:
        """The letter in front of the right option."""
        return LETTERS[self.answer]


@dataclass(frozen=True)
class Quiz:
    """The questions about one chapter."""

    chapter: str
    title: str
    questions: tuple[Question, ...]


def folder(root: Path) -> Path:
    """Where the quizzes are."""
    return root / "course" / "quizzes"


def chapters(root: Path = ROOT) -> list[str]:
    """The numbers of the chapters that have a quiz, as text."""
    return sorted(path.stem for path in folder(root).glob("[0-9][0-9].json"))


def load(chapter: str, root: Path = ROOT) -> Quiz:
    """Read the quiz of a chapter; "9" is "09".

    Raises ValueError where there is none, or where its file has another form.
    """
    name, known = chapter.zfill(2), chapters(root)
    if name not in known:
        there = f"{known[0]} to {known[-1]}" if known else "none is in this copy"
        raise ValueError(
            f"no quiz for chapter {line(chapter, SHOWN)!r}; there: {there}"
        )
    try:
        return read(json.loads((folder(root) / f"{name}.json").read_text("utf-8")))
    except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError) as problem:
        raise ValueError(f"course/quizzes/{name}.json is damaged: {problem}") from None


def read(content: dict) -> Quiz:
    """A quiz from what its file holds."""
    questions = tuple(map(question, content["questions"]))
    return Quiz(content["chapter"], content["title"], questions)


def question(row: dict) -> Question:
    """One question from its row."""
    made = Question(**{**row, "options": tuple(row["options"])})
    if len(made.options) != len(LETTERS) or made.answer not in range(len(LETTERS)):
        raise TypeError(
            f"wanted 4 options and an answer from 0 to 3 in {made.question}"
        )
    return made


# ---- on paper -----------------------------------------------------------------------


def sheet(quiz: Quiz) -> str:
    """The questions in Markdown, without the answers."""
    out = [f"# Quiz {quiz.chapter}: {quiz.title}", "", "Name: ____________________", ""]
    for number, one in enumerate(quiz.questions, 1):
        out += [f"**{number}.** {one.question}", ""]
        options = zip(LETTERS, one.options, strict=True)
        out += [f"- {letter}) {option}" for letter, option in options] + [""]
    return "\n".join(out)


def key(quiz: Quiz) -> str:
    """The answers in Markdown, with their reasons."""
    out = [f"## Quiz {quiz.chapter}: {quiz.title}", ""]
    for number, one in enumerate(quiz.questions, 1):
        reason = f"{one.explanation} (Chapter {quiz.chapter}, {one.where}.)"
        out.append(f"{number}. **{one.letter}** {reason}")
    return "\n".join([*out, ""])


# ---- in the terminal ----------------------------------------------------------------


def take(quiz: Quiz, screen: Screen, read: Callable) -> int:
    """Ask all questions and return how many were answered rightly."""
    screen.write(f"Quiz {quiz.chapter}: {quiz.title}\n", BOLD)
    screen.write("Type a letter. Enter alone skips, Ctrl-C leaves.\n", DIM)
    right = 0
    for number, one in enumerate(quiz.questions, 1):
        screen.write(f"\n{number} of {len(quiz.questions)}. {one.question}\n", BOLD)
        for letter, option in zip(LETTERS, one.options, strict=True):
            screen.write(f"  {letter}) {option}\n")
        said = answer(screen, read)
        right += said == one.letter
        verdict = "Right." if said == one.letter else f"The answer is {one.letter}."
        screen.write(f"{verdict} ", BOLD)
        screen.write(f"{one.explanation}\n")
        screen.write(f"Chapter {quiz.chapter}, {one.where}.\n", DIM)
    screen.write(f"\n{right} of {len(quiz.questions)} right.\n", BOLD)
    return right


def answer(screen: Screen, read: Callable) -> str:
    """One of the letters, or "" for a question that is skipped."""
    while True:
        said = read("> ").strip().upper().rstrip(").")
        if said == "" or (len(said) == 1 and said in LETTERS):
            return said
        screen.write(f"Please type one of {', '.join(LETTERS)}.\n", DIM)


class Parser(argparse.ArgumentParser):
    """One line for a wrong argument."""

    def error(self, message: str):
        raise ValueError(line(message))


def parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    made = Parser("python r1.py quiz", description=__doc__, epilog=AFTER)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("chapter", nargs="?", metavar="NN", help="a chapter, 01 to 16")
    paper = made.add_mutually_exclusive_group()
    paper.add_argument("--print", action="store_true", help="the sheet, in Markdown")
    paper.add_argument("--key", action="store_true", help="the answers, in Markdown")
    return made


def main(argv: list[str] | None = None, read: Callable = input, file=None) -> int:
    """Take a quiz; what a person can mend is one line, not a traceback."""
    file = file or sys.stdout
    try:
        return run(parser().parse_args(argv), read, file)
    except (KeyboardInterrupt, EOFError):
        print("\nquiz: stopped before the last question", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as problem:
        print(f"quiz: {line(problem)}", file=sys.stderr)
        return 1


def run(asked: argparse.Namespace, read: Callable, file: TextIO) -> int:
    """List the quizzes, write one, or take one."""
    screen = screens.of(file)
    if asked.chapter is None:
        if asked.print or asked.key:
            raise ValueError("which chapter? for example: python r1.py quiz 09 --print")
        for quiz in map(load, chapters()):
            screen.write(f"{quiz.chapter}  {len(quiz.questions)} questions  ")
            screen.write(f"{quiz.title}\n")
        return 0
    quiz = load(asked.chapter)
    if asked.print or asked.key:
        screen.write(sheet(quiz) if asked.print else key(quiz))
        return 0
    take(quiz, screen, read)
    return 0


if __name__ == "__main__":
    sys.exit(main())
