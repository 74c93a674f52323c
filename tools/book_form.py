"""Rules about what every chapter has: head, figures, questions, exercises, slides.

Each rule takes the chapters and returns one line for each thing that is wrong.
"""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from tools.book_chapter import Chapter, code_cells, markdown_text, prose, tagged
from tools.book_source import BEGIN, is_appendix, tags

HEAD = (
    "you will build",
    "you need",
    "minutes to read",
    "minutes to run",
    "tier",
    "paper sections",
)
EXERCISE = re.compile(r"\*\*Exercise (\d+)\.(\d+)\*\* \((easy|medium|hard), \d+ min\)")
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)[^)]*\)")
HTML_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
LINES, COLUMNS, ALT = 40, 88, 15


def wanted(chapters: list[Chapter], kind: str = "chapters") -> Iterator:
    """(label, notebook before execution) of each chapter that can be read."""
    for chapter in chapters:
        if kind in chapter.want:
            yield chapter.label(kind), chapter.want[kind]


def head_table(chapters: list[Chapter]) -> list[str]:
    """A table near the top says what, for whom, how long, on what, from which paper."""
    problems = []
    for label, nb in wanted(chapters):
        text = "\n".join(c.source for c in nb.cells[:6] if c.cell_type == "markdown")
        rows = [line.lower() for line in text.splitlines() if line.startswith("|")]
        for row in HEAD:
            if not any(row in line for line in rows):
                problems.append(f"{label}: the table at the top lacks {row!r}")
    return problems


def short_cells(chapters: list[Chapter]) -> list[str]:
    """Code cells fit on a screen, without scrolling sideways."""
    problems = []
    for kind in ("chapters", "solutions"):
        for label, nb in wanted(chapters, kind):
            for name, cell in code_cells(nb):
                lines = cell.source.splitlines()
                if len(lines) > LINES:
                    problems.append(f"{label}: {name} has {len(lines)} lines")
                if max(map(len, lines), default=0) > COLUMNS:
                    problems.append(f"{label}: {name} is wider than {COLUMNS}")
    return problems


def images(text: str) -> Iterator[tuple[str, str]]:
    """(alt text, address) of each image in a piece of markdown."""
    yield from IMAGE.findall(text)
    for tag in HTML_IMAGE.findall(text):
        attributes = {
            name: re.search(rf'{name}="([^"]*)"', tag) for name in ("alt", "src")
        }
        yield tuple(match[1] if match else "" for match in attributes.values())


def images_local_with_alt(chapters: list[Chapter]) -> list[str]:
    """Every image is a file of the project and says in words what it shows."""
    problems = []
    for chapter in chapters:
        for kind, nb in chapter.want.items():
            folder = chapter.book.root / kind
            for alt, address in images(markdown_text(nb)):
                where = f"{chapter.label(kind)}: image {address[:60]!r}"
                if len(alt.strip()) < ALT:
                    problems.append(f"{where} needs an alt text of {ALT} characters")
                if ":" in address or not (folder / address).is_file():
                    problems.append(f"{where} is not a file of the project")
    return problems


def section(text: str, word: str) -> str | None:
    """The text under the first heading that has a word, to the next heading."""
    pattern = rf"^#{{2,}} [^\n]*{word}[^\n]*\n(.*?)(?=^#+ |\Z)"
    match = re.search(pattern, text, re.IGNORECASE | re.MULTILINE | re.DOTALL)
    return match[1] if match else None


def summary_and_questions(chapters: list[Chapter]) -> list[str]:
    """A chapter ends with a summary and three questions."""
    problems = []
    for label, nb in wanted(chapters):
        text = markdown_text(nb)
        if not (section(text, "summary") or "").strip():
            problems.append(f"{label}: no heading with 'Summary' and text under it")
        questions = re.findall(
            r"^\d+\. ", section(text, "questions") or "", re.MULTILINE
        )
        if len(questions) < 3:
            wording = f"{len(questions)} numbered questions under 'Questions'"
            problems.append(f"{label}: {wording}, not three")
    return problems


def exercises(chapters: list[Chapter]) -> list[str]:
    """Four exercises or more, each with statement, solution and check, in order.

    An appendix has none.
    """
    problems = []
    for chapter in chapters:
        if chapter.problem or is_appendix(chapter.source):
            continue
        label, groups = chapter.label("chapters"), exercise_groups(chapter.cells())
        if len(groups) < 4:
            problems.append(f"{label}: {len(groups)} exercises, not four")
        for count, cells in enumerate(groups, 1):
            name = f"{int(chapter.number)}.{count}"
            problems += [f"{label}: {p}" for p in exercise_problems(name, cells)]
        for cell in chapter.cells():
            statement = cell.cell_type == "markdown" and "**Exercise " in cell.source
            if statement and "exercise-text" not in tags(cell):
                problems.append(f"{label}: an exercise without the tag exercise-text")
    return problems


def exercise_groups(cells: list[NotebookNode]) -> list[list[NotebookNode]]:
    """Each exercise statement with the cells up to the next one."""
    groups: list[list[NotebookNode]] = []
    for cell in cells:
        if "exercise-text" in tags(cell):
            groups.append([])
        if groups:
            groups[-1].append(cell)
    return groups


def exercise_problems(name: str, cells: list[NotebookNode]) -> list[str]:
    """What one exercise lacks."""
    problems = []
    match = EXERCISE.search(cells[0].source)
    if not match or f"{match[1]}.{match[2]}" != name:
        form = f"**Exercise {name}** (easy|medium|hard, N min)"
        problems.append(f"exercise {name}: its statement has no {form!r}")
    if not any("exercise" in tags(c) and BEGIN in c.source for c in cells):
        problems.append(f"exercise {name}: no cell 'exercise' with a solution region")
    if not any("check" in tags(c) for c in cells):
        problems.append(f"exercise {name}: no cell with the tag 'check'")
    if any(BEGIN in c.source and "exercise" not in tags(c) for c in cells):
        problems.append(f"exercise {name}: a solution in a cell without 'exercise'")
    return problems


def slides(chapters: list[Chapter]) -> list[str]:
    """Three cells of a chapter or more are tagged for its slides."""
    taught = [chapter for chapter in chapters if not is_appendix(chapter.source)]
    return [
        f"{label}: {count} cells with the tag 'slide', not three"
        for label, nb in wanted(taught)
        if (count := len(tagged(nb, "slide"))) < 3
    ]


def prose_links(text: str) -> Iterator[str]:
    """The targets of the markdown links and images in a text, web addresses aside."""
    for target in re.findall(r"\]\(<?([^)\s>]+)>?[^)]*\)", prose(text)):
        if not re.match(r"[a-z]+:|#", target):
            yield target.split("#")[0]
