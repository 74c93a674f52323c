"""How long a chapter is, and how long it takes to read.

Counted is what a reader meets from the first line to the questions: prose without code,
addresses, folded parts and pictures' descriptions, and the lines of code cells, without
the set-up. Exercises have minutes of their own.
"""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from tools.book_chapter import Chapter, prose
from tools.book_form import wanted
from tools.book_source import is_appendix, tags
from tools.site_source import MINUTES

WORDS, CELLS = 4500, 90  # of a chapter, at most
PACE = 180  # words of prose a minute
LINES = 7  # lines of code a minute, as readers of drafts needed
STEP = 5  # minutes are rounded to this, and may be off by as much
ADDRESS = re.compile(r"!\[[^\]]*\]\([^)]*\)|\]\([^)\s]*\)|\$[^$]*\$")
FOLDED = re.compile(r"<details>.*?</details>", re.DOTALL)
WORD = re.compile(r"[^\W\d_][\w'’-]*")


def read(nb: NotebookNode) -> Iterator[NotebookNode]:
    """The cells of a chapter without exercises, their checks, and lines of links."""
    exercise = False
    for cell in nb.cells:
        if "exercise-text" in tags(cell):
            exercise = True
        elif cell.cell_type == "markdown" and cell.source.lstrip().startswith("#"):
            exercise = False
        if not exercise and not {"nav", "setup"} & tags(cell):
            yield cell


def words(nb: NotebookNode) -> int:
    """Words of prose in what is read."""
    texts = [c.source for c in read(nb) if c.cell_type == "markdown"]
    return len(WORD.findall(ADDRESS.sub("", prose(FOLDED.sub("", "\n\n".join(texts))))))


def code_lines(nb: NotebookNode) -> int:
    """Lines of code, without empty ones."""
    texts = [c.source for c in read(nb) if c.cell_type == "code"]
    return sum(bool(row.strip()) for text in texts for row in text.splitlines())


def minutes(nb: NotebookNode) -> int:
    """Minutes to read a chapter: its words at 180 a minute, its code at 7 lines."""
    spent = words(nb) / PACE + code_lines(nb) / LINES
    return STEP * round(spent / STEP)


def short_enough(chapters: list[Chapter]) -> list[str]:
    """A chapter is read in one sitting: so many words and cells at most."""
    problems = []
    for label, nb in counted(chapters):
        for what, got, most in (
            ("words", words(nb), WORDS),
            ("cells", len([*read(nb)]), CELLS),
        ):
            if got > most:
                problems.append(f"{label}: {got:,} {what}, at most {most:,} wanted")
    return problems


def minutes_true(chapters: list[Chapter]) -> list[str]:
    """The minutes in the table at the top are those that its length asks for."""
    problems = []
    for label, nb in counted(chapters):
        said = MINUTES.search("\n".join(c.source for c in nb.cells[:6]))
        if said and abs(int(said[1]) - minutes(nb)) > STEP:
            wants = f"wanted {minutes(nb)} minutes to read in the table at the top"
            problems.append(f"{label}: {wants}, got {said[1]}")
    return problems


def counted(chapters: list[Chapter]) -> Iterator[tuple[str, NotebookNode]]:
    """Each chapter that can be read, with its label; appendices are for looking up."""
    return wanted([c for c in chapters if not is_appendix(c.source)])
