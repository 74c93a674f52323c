"""Other languages: book/ko/NN_name.md -> chapters/ko/NN_name.ipynb.

A translation has prose only, cell by cell, each after a line such as

    <!-- cell 3.2 1a2b3c4d -->

3.2 is the second cell of prose under the third heading, and the digits are the start of
the digest of its English text. Code and outputs are those of the English notebook, so
nothing is executed here. A cell without a translation, or whose English has changed
since, appears in English with a mark.
"""

import copy
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.book_chapter import Chapter
from tools.book_form import prose_links
from tools.book_source import (
    Book,
    BookError,
    is_appendix,
    number_of,
    read_notebook,
    short,
    tags,
    title,
)

MARKER = re.compile(r"<!-- cell (\d+\.\d+)(?: ([0-9a-f]{8}))? -->")
CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
LINK = re.compile(r"(\]\(<?)(?![a-z]+:|#)([^)\s>]+)")


@dataclass(frozen=True)
class Words:
    """What a notebook says in its language beside the translated cells."""

    readme: str
    contents: str
    missing: str
    changed: str
    picture: str
    shows: str
    folder: str


LANGUAGES = {
    "ko": Words(
        readme="README.ko.md",
        contents="차례",
        missing="아직 번역하지 않은 부분이라 영어 원문을 보입니다 (셀 {name}).",
        changed="번역한 뒤에 영어 원문이 바뀐 부분이라 원문을 보입니다 (셀 {name}).",
        picture="*이 셀을 실행하면 여기에 그림이 나옵니다. 실행하지 않고 보려면 "
        "[영어판 노트북]({notebook})의 `{label}`을 여십시오.*",
        shows="그림에 보이는 것 (영어)",
        folder="# 영어판과 같은 폴더에서 실행하려고 한 단계 위로 올라갑니다.",
    )
}


@dataclass(frozen=True)
class Piece:
    """A translated cell: its name, the digest of its English text, its text."""

    name: str
    digest: str
    text: str


# ---- reading ---------------------------------------------------------------------


def words(language: str) -> Words:
    if language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise BookError(f"there is no language {language!r:.40}; one of: {known}")
    return LANGUAGES[language]


def translation(book: Book, language: str, source: Path) -> Path:
    """Where the translation of a chapter is, or would be."""
    return book.root / "book" / language / f"{source.stem}.md"


def translated(book: Book, language: str, number: str = "") -> list[Path]:
    """The sources that have a translation, or those of one number."""
    sources = book.sources(number)
    return [s for s in sources if translation(book, language, s).exists()]


def read(path: Path) -> list[Piece]:
    """The cells of a translation, in order."""
    name = f"book/{path.parent.name}/{path.name}"
    before, pieces = [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := MARKER.fullmatch(line.strip()):
            pieces.append((match[1], match[2] or "", []))
        else:
            (pieces[-1][2] if pieces else before).append(line)
    if "".join(before).strip():
        raise BookError(f"{name}: text before the first `<!-- cell ... -->`")
    found = [Piece(key, mark, "\n".join(text).strip()) for key, mark, text in pieces]
    names = [piece.name for piece in found]
    if twice := sorted({key for key in names if names.count(key) > 1}):
        raise BookError(f"{name}: cell {twice[0]} is there twice")
    return found


def prose_cells(nb: NotebookNode) -> dict[str, NotebookNode]:
    """The cells of prose by name: "3.2" is the second one under the third heading."""
    cells: dict[str, NotebookNode] = {}
    part = place = 0
    for cell in nb.cells:
        if cell.cell_type != "markdown" or "nav" in tags(cell):
            continue
        if headings := len(re.findall(r"^## ", cell.source, re.MULTILINE)):
            part, place = part + headings, 0
        place += 1
        cells[f"{part}.{place}"] = cell
    return cells


def digest(cell: NotebookNode) -> str:
    return short(cell.source)[:8]


@dataclass(frozen=True)
class Match:
    """Which translated cells belong to which cells of the English chapter."""

    fresh: dict[str, Piece]  # by the present name of the cell
    changed: dict[str, Piece]  # the English text is another one now
    gone: list[Piece]  # there is no such cell any more


def match(pieces: list[Piece], cells: dict[str, NotebookNode]) -> Match:
    """Find each translation's cell: by its English text, wherever it is, then by name.

    So a cell that moved keeps its translation.
    """
    fresh: dict[str, Piece] = {}
    by_name = {piece.name: piece for piece in pieces}
    for name, cell in cells.items():
        same = [p for p in pieces if p.digest == digest(cell)]
        if free := [p for p in same if p not in fresh.values()]:
            fresh[name] = free[0]
    rest = [piece for piece in pieces if piece not in fresh.values()]
    changed = {
        name: by_name[name]
        for name in cells
        if name not in fresh and by_name.get(name) in rest
    }
    return Match(fresh, changed, [p for p in rest if p not in changed.values()])


# ---- writing ---------------------------------------------------------------------


def stamp(book: Book, language: str, source: Path) -> None:
    """Write the digest of the English cell beside each translation that lacks it."""
    path = translation(book, language, source)
    pieces = read(path)
    if all(piece.digest for piece in pieces):
        return
    cells = prose_cells(english(book, source))
    blocks = []
    for piece in pieces:
        if not (mark := piece.digest):
            if piece.name not in cells:
                raise BookError(f"{path.name}: there is no cell {piece.name}")
            mark = digest(cells[piece.name])
        blocks.append(f"<!-- cell {piece.name} {mark} -->\n\n{piece.text}\n")
    path.write_text("\n".join(blocks), encoding="utf-8", newline="\n")


def english(book: Book, source: Path) -> NotebookNode:
    path = book.output("chapters", source)
    if not path.exists():
        need = f"python r1.py build {number_of(source)}"
        raise BookError(f"chapters/{path.name} is missing: {need}")
    return read_notebook(path)


def output(book: Book, language: str, source: Path) -> Path:
    return book.root / "chapters" / language / f"{source.stem}.ipynb"


def render(book: Book, language: str, source: Path) -> NotebookNode:
    """The notebook of a translation: its prose, and the code and outputs in English."""
    say, nb = words(language), copy.deepcopy(english(book, source))
    found = match(read(translation(book, language, source)), cells := prose_cells(nb))
    for name, cell in cells.items():
        if name in found.fresh:
            text = found.fresh[name].text
        else:
            mark = say.changed if name in found.changed else say.missing
            text = f"> {mark.format(name=name)}\n\n{cell.source}"
        cell.source = rebased(book, language, text)
    count = 0
    for cell in nb.cells:
        if "nav" in tags(cell):
            cell.source = links(book, language, source)
        elif cell.cell_type == "code":
            count += 1
            cell.outputs = [
                without_picture(shown, say, f"In [{count}]", f"../{source.stem}.ipynb")
                for shown in cell.outputs
            ]
    first = next(
        (i for i, cell in enumerate(nb.cells) if cell.cell_type == "code"), None
    )
    if first is not None:
        nb.cells.insert(first, folder_cell(say, language))
    nb.metadata["r1"] = NotebookNode(made_from=f"book/{language}/{source.stem}.md")
    return nb


def folder_cell(say: Words, language: str) -> NotebookNode:
    """A cell that goes to the folder from which the code finds its files."""
    test = f'if os.path.basename(os.getcwd()) == "{language}":'
    code = f'{say.folder}\nimport os\n\n{test}\n    os.chdir("..")'
    cell = nbformat.v4.new_code_cell(code, metadata={"tags": ["setup"]})
    cell.id = f"{language}-folder"
    return cell


def without_picture(
    shown: NotebookNode, say: Words, label: str, notebook: str
) -> NotebookNode:
    """An output without its picture: the link to it, and what it shows in words."""
    data = shown.get("data", {})
    if not (kinds := [kind for kind in data if kind.startswith("image/")]):
        return shown
    alt = shown.metadata.get(kinds[0], {}).get("alt", "")
    said = say.picture.format(notebook=notebook, label=label)
    head = f"<summary>{say.shows}</summary>"
    details = f"\n\n<details>{head}{alt}</details>" if alt else ""
    return nbformat.v4.new_output(
        "display_data",
        data={"text/markdown": said + details, "text/plain": data["text/plain"]},
    )


def rebased(book: Book, language: str, text: str) -> str:
    """Prose with its links as they are seen from chapters/ko/.

    A link to a chapter goes to its translation, where there is one.
    """
    names = {f"{s.stem}.ipynb" for s in translated(book, language)}

    def moved(found: re.Match) -> str:
        target = found[2]
        here = target.partition("#")[0] in names
        return found[1] + (target if here else f"../{target}")

    parts = CODE.split(text)
    parts[::2] = [LINK.sub(moved, part) for part in parts[::2]]
    return "".join(parts)


def links(book: Book, language: str, source: Path) -> str:
    """The line of links at the top and the end."""
    say = words(language)
    mine = is_appendix(source)
    sources = [other for other in book.sources() if is_appendix(other) == mine]
    here = sources.index(source)
    parts = [
        f"[{say.contents}](../../{say.readme})",
        f"[English](../{source.stem}.ipynb)",
    ]
    if here > 0:
        parts.insert(
            0, "[< {}]({})".format(*address(book, language, sources[here - 1]))
        )
    if here + 1 < len(sources):
        parts.append("[{} >]({})".format(*address(book, language, sources[here + 1])))
    return " | ".join(parts)


def address(book: Book, language: str, source: Path) -> tuple[str, str]:
    """(title, link) of a chapter, in this language where it is translated."""
    path = translation(book, language, source)
    if not path.exists():
        return title(source), f"../{source.stem}.ipynb"
    heading = re.search(r"^# (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return heading[1].strip() if heading else title(source), f"{source.stem}.ipynb"


# ---- rules -----------------------------------------------------------------------


def translations_fresh(chapters: list[Chapter]) -> list[str]:
    """Each translated cell belongs to a cell as it is now; the notebook is built."""
    problems = []
    for chapter in chapters:
        for language in LANGUAGES:
            path = translation(chapter.book, language, chapter.source)
            if path.exists() and not chapter.problem:
                name = f"book/{language}/{path.name}"
                found = translation_problems(chapter, language, path)
                problems += [f"{name}: {problem}" for problem in found]
    return problems


def translation_problems(chapter: Chapter, language: str, path: Path) -> list[str]:
    """What is wrong with one translation, and with the notebook made from it."""
    book, source = chapter.book, chapter.source
    again = f"python r1.py build --language {language} {chapter.number}"
    try:
        pieces = read(path)
    except BookError as problem:
        return [str(problem)]
    cells = prose_cells(chapter.want["chapters"])
    found = match(pieces, cells)
    problems = [f"cell {p.name} ({p.text[:30]!r}) is gone" for p in found.gone]
    for name, piece in found.changed.items():
        if piece.digest:
            now = digest(cells[name])
            problems.append(
                f"the English of cell {name} changed since {piece.digest}; translate "
                f"it anew and write {now}, or delete it"
            )
        else:
            problems.append(f"cell {name} has no digest: {again}")
    for name, piece in found.fresh.items():
        if targets(piece.text) != targets(cells[name].source):
            problems.append(f"cell {name} has other links than the English")
    built = output(book, language, source)
    if not built.exists():
        problems.append(f"it has no notebook: {again}")
    elif "chapters" in chapter.got:
        want = nbformat.writes(render(book, language, source)) + "\n"
        if built.read_text(encoding="utf-8") != want:
            problems.append(f"its notebook is stale: {again}")
    return problems


def targets(text: str) -> list[str]:
    return sorted(prose_links(text))


def translations_known(book: Book) -> list[str]:
    """Each folder of translations is a language, and each file in it a chapter's."""
    stems = {source.stem for source in book.sources()}
    folders = [path for path in (book.root / "book").iterdir() if path.is_dir()]
    problems = [
        f"book/{folder.name} is no language that the tools know"
        for folder in sorted(folders)
        if folder.name not in LANGUAGES and any(folder.glob("*.md"))
    ]
    for language in LANGUAGES:
        here = {path.stem for path in (book.root / "book" / language).glob("*.md")}
        there = (book.root / "chapters" / language).glob("*.ipynb")
        problems += [
            f"book/{language}/{stem}.md belongs to no chapter"
            for stem in sorted(here - stems)
        ]
        problems += [
            f"chapters/{language}/{path.name} has no translation"
            for path in sorted(there)
            if path.stem not in here & stems
        ]
    return problems
