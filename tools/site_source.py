"""The pages of the site as Sphinx reads them: copies of notebooks and pages, adapted.

Nothing is executed: the outputs are those of the committed notebooks. Lines of links
are dropped, as the site has its own; pictures that a cell drew get their alternative
text; a link to a file that is no page leads to a copy of it.
"""

import os
import posixpath
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from r1lib import files
from tools import provenance, widgets
from tools.book_source import Book, is_appendix, number_of, read_notebook, tags, title

TEMPLATES = Path(__file__).with_name("templates")

LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(<?([^)\s>]+)>?\)")
STANDS_FOR = re.compile(r"!\[[^\]]*\]\([^)\s]*/widget_(\w+)\.png\)")
FOLD = re.compile(
    r"(<details>(?:\s*<summary>.*?</summary>)?|<summary>.*?</summary>|</details>)"
)
CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
FIRST = re.compile(r"^# .+$", re.MULTILINE)  # the title of a page
MINUTES = re.compile(r"^\| *Minutes to read *\| *(\d+)", re.MULTILINE)
APPENDIX_PAGES = {
    "A": "docs/troubleshooting",
    "D": "docs/papers",
    "E": "docs/glossary",
}
MEASURED = ("phenomena", "stage_table", "r1_zero", "variants", "distillation")
WEB_ONLY = ("Course", "The project", "한국어")  # not in the book as one file
COURSE = "course/README"
LOOK = TEMPLATES / "look.md"  # links that the first page of the site has
MANY = 12  # files of a claim that are listed without folding


@dataclass
class Pages:
    """The pages of the site, and what has been copied beside them."""

    root: Path
    folder: Path  # where Sphinx reads
    paged: bool = True  # a web site; False for a book in one file
    books: tuple[str, ...] = ()  # files of the whole book that lie beside index.html
    groups: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    under: dict[str, list[str]] = field(default_factory=dict)  # a page: those below it
    extra: set[str] = field(default_factory=set)  # files of the project to serve

    def names(self) -> set[str]:
        listed = {name for _, pages in self.groups for name, _ in pages}
        return (
            listed | {"index"} | {name for row in self.under.values() for name in row}
        )


def contents(root: Path) -> list[tuple[str, list[tuple[str, str]]]]:
    """(heading, [(page, title in the contents)]): what the site has, in order."""
    book = Book(root)
    sources = [s for s in book.sources() if book.output("chapters", s).exists()]
    chapters = [s for s in sources if not is_appendix(s)]
    letters = {number_of(s): f"chapters/{s.stem}" for s in sources if is_appendix(s)}
    appendices = {
        letter: page
        for letter, page in sorted({**letters, **APPENDIX_PAGES}.items())
        if page.startswith("chapters/") or (root / f"{page}.md").exists()
    }
    docs = {path.stem for path in (root / "docs").glob("*.md")}
    claims = sorted((root / "docs/claims").glob("P*.md"))
    taken = {*MEASURED, *(Path(page).stem for page in appendices.values())}
    groups = [
        ("Chapters", [(f"chapters/{s.stem}", numbered(book, s)) for s in chapters]),
        (
            "Appendices",
            [
                (page, f"{letter}. {heading(root, page)}")
                for letter, page in appendices.items()
            ],
        ),
        (
            "What was measured",
            pages(root, (f"docs/{name}" for name in MEASURED if name in docs))
            + pages(root, (f"docs/claims/{path.stem}" for path in claims)),
        ),
        ("Reference", pages(root, (f"docs/{name}" for name in sorted(docs - taken)))),
        ("Course", pages(root, found(root, "course/*.md"))),
        (
            "Solutions",
            [
                (f"solutions/{s.stem}", f"{number_of(s)}. Solutions")
                for s in chapters
                if book.output("solutions", s).exists()
            ],
        ),
        (
            "The project",
            [
                listed
                for name in ("CHANGELOG", "CONTRIBUTING", "SECURITY", "CODE_OF_CONDUCT")
                for listed in pages(root, found(root, f"{name}.md"))
            ],
        ),
        (
            "한국어",
            pages(root, found(root, "README.ko.md"))
            + pages(root, found(root, "chapters/ko/*.ipynb")),
        ),
    ]
    return [(name, listed) for name, listed in groups if listed]


def found(root: Path, pattern: str) -> Iterator[str]:
    """The pages whose files fit a pattern, in order."""
    for path in sorted(root.glob(pattern)):
        yield path.relative_to(root).as_posix().removesuffix(path.suffix)


def below(root: Path) -> dict[str, list[str]]:
    """Pages that are listed under another page and not in the contents of the site."""
    under = [*found(root, "course/guide/*.md"), *found(root, "course/quizzes/*.md")]
    return {COURSE: under} if under and (root / f"{COURSE}.md").exists() else {}


def pages(root: Path, names) -> list[tuple[str, str]]:
    return [(name, heading(root, name)) for name in names]


def numbered(book: Book, source: Path) -> str:
    """The title of a chapter with its number and the minutes that it takes to read.

    The minutes are those of the table at its top.
    """
    cells = read_notebook(book.output("chapters", source)).cells
    text = "\n".join(cell.source for cell in cells[:6])
    minutes = MINUTES.search(text)
    longer = f" ({minutes[1]} min)" if minutes else ""
    return f"{number_of(source)}. {title(source)}{longer}"


def heading(root: Path, page: str) -> str:
    """The first heading of a page, without the letter of an appendix."""
    path = root / f"{page}.md"
    if not path.exists():
        path = root / f"{page}.ipynb"
        text = "\n".join(cell.source for cell in read_notebook(path).cells)
    else:
        text = path.read_text(encoding="utf-8")
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    words = found[1].strip() if found else Path(page).name
    return re.sub(r"^Appendix [A-Z]\. ", "", words)


def stage(made: Pages) -> None:
    """Write every page, and copy every picture, into the folder that Sphinx reads."""
    made.groups, made.under = contents(made.root), below(made.root)
    if not made.paged:
        made.groups = [group for group in made.groups if group[0] not in WEB_ONLY]
        made.under = {}
    shutil.copytree(made.root / "figures", made.folder / "figures", ignore=not_pictures)
    for name in sorted(made.names() - {"index"}):
        stage_page(made, name)
    files.write_text(made.folder / "index.md", front(made))


def not_pictures(_folder, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith((".png", ".svg"))]


def stage_page(made: Pages, name: str) -> None:
    source = made.root / f"{name}.ipynb"
    if source.exists():
        nb = notebook(made, with_pictures(made.root, read_notebook(source), name), name)
        files.write_text(made.folder / f"{name}.ipynb", nbformat.writes(nb))
        return
    text = (made.root / f"{name}.md").read_text(encoding="utf-8")
    text = adapt(made, text, name)
    if re.fullmatch(r"docs/claims/P\d+", name):
        text += data_files(made, f"P{int(Path(name).name[1:])}", name)
    if name in made.under:
        text += toctree("", [f"/{page}" for page in made.under[name]])
    files.write_text(made.folder / f"{name}.md", text)


def toctree(caption: str, rows: list[str]) -> str:
    """A list of pages that Sphinx puts into the contents, not into the text."""
    options = ":hidden:\n" + (f":caption: {caption}\n" if caption else "")
    return "\n\n```{toctree}\n" + options + "\n" + "\n".join(rows) + "\n```\n"


def with_pictures(root: Path, nb: NotebookNode, name: str) -> NotebookNode:
    """A translated notebook with the outputs of the English one, pictures included.

    The translation keeps no pictures of its own; its code cells have the same ids.
    """
    folder, _, stem = name.rpartition("/")
    if not re.fullmatch(r"chapters/[a-z]{2}", folder):
        return nb
    english = read_notebook(root / f"chapters/{stem}.ipynb")
    outputs = {c.id: c.outputs for c in english.cells if c.cell_type == "code"}
    nb.cells = [c for c in nb.cells if c.cell_type != "code" or c.id in outputs]
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs = outputs[cell.id]
    return nb


def notebook(made: Pages, nb: NotebookNode, name: str) -> NotebookNode:
    """A notebook with the links of the site, and with its pictures described."""
    nb.cells = [cell for cell in nb.cells if "nav" not in tags(cell)]
    texts = [cell for cell in nb.cells if cell.cell_type == "markdown"]
    if made.paged and texts and (others := relatives(made, name)):
        texts[0].source = FIRST.sub(rf"\g<0>\n\n{others}", texts[0].source, count=1)
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = adapt(made, cell.source, name)
        elif described := " ".join(alternatives(cell)):
            cell.metadata["mystnb"] = {"image": {"alt": described}}
    return nb


def relatives(made: Pages, name: str) -> str:
    """Links to the other pages of a chapter: its languages, solutions, quiz."""
    stem = Path(name).name
    number = stem.partition("_")[0]
    kinds = {
        f"chapters/{stem}.ipynb": "English" if "/ko/" in name else "the chapter",
        f"chapters/ko/{stem}.ipynb": "한국어",
        f"solutions/{stem}.ipynb": "풀이" if "/ko/" in name else "solutions",
        f"course/quizzes/{number}.md": "퀴즈" if "/ko/" in name else "quiz",
    }
    here = posixpath.dirname(name)
    links = [
        f"[{words}]({posixpath.relpath(page, here)})"
        for page, words in kinds.items()
        if posixpath.splitext(page)[0] in made.names() - {name}
    ]
    return " | ".join(links)


def alternatives(cell: NotebookNode) -> Iterator[str]:
    """What the pictures of a cell show, in words."""
    for output in cell.outputs:
        alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
        if alt.strip():
            yield alt.strip()


def adapt(made: Pages, text: str, page: str) -> str:
    """Markdown of a page as the site needs it; code stays as it is."""
    codes = CODE.findall(text)
    text = CODE.sub("\0", text)  # hidden while links are read
    text = LINK.sub(lambda match: link(made, page, match), spaced(text))
    text = re.sub("\0", lambda _: codes.pop(0), text)
    return with_widgets(made, text) if made.paged else text


def spaced(text: str) -> str:
    """Blank lines around what is folded, so that it is read as markdown, not as HTML.

    >>> spaced("<details><summary>Hint</summary>*This*.</details>")
    '\\n<details><summary>Hint</summary>\\n\\n*This*.\\n\\n</details>\\n'
    """
    lines, opened = [], []  # opened: how far what is still open is indented
    for row in text.replace("<br>", "<br/>").split("\n"):
        if not FOLD.search(row):
            lines.append(row)
            continue
        indent = " " * len(re.match(r" *(?:\d+\. +|[-*] +)?", row)[0])
        for piece in filter(str.strip, FOLD.split(row)):
            if piece.startswith("<details"):
                opened.append(indent)
            if piece == "</details>":
                lines += ["", (opened.pop() if opened else indent) + piece, ""]
            elif FOLD.fullmatch(piece):
                lines += ["", indent + piece, ""]
            else:
                lines.append(piece if row.startswith(piece) else indent + piece.strip())
    return "\n".join(lines)


def link(made: Pages, page: str, match: re.Match) -> str:
    """A link as the site needs it: to a page, to a copy of a file, or text alone."""
    words, target = match[1], match[2]
    if re.match(r"[a-z]+:|#", target):
        return match[0]
    path, _, place = target.partition("#")
    wanted = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
    stem = re.sub(r"\.(md|ipynb)$", "", wanted)
    stem = "index" if stem == "README" else stem
    if stem in made.names():
        suffix = ".ipynb" if (made.root / f"{stem}.ipynb").exists() else ".md"
        new = posixpath.relpath(stem, posixpath.dirname(page) or ".") + suffix
        return f"[{words}]({new}{'#' + place if place else ''})"
    return served(made, page, wanted, words)


def served(made: Pages, page: str, wanted: str, words: str) -> str:
    """A link to a copy of a file of the project; of a folder only its name."""
    if not made.paged or not (made.root / wanted).is_file() or wanted.startswith(".."):
        return words
    up = "../" * page.count("/")
    if wanted in {f"{widgets.FOLDER}/{name}.html" for name in widgets.WIDGETS}:
        return f'<a href="{up}{wanted}">{words}</a>'
    made.extra.add(wanted)
    return f'<a href="{up}files/{wanted}">{words}</a>'


def data_files(made: Pages, row: str, page: str) -> str:
    """The list of result files that measured a row such as P4."""
    names = [
        f"{provenance.RESULTS.as_posix()}/{name}" for name in measured(made.root, row)
    ]
    lines = [f"- {served(made, page, name, Path(name).name)}" for name in names]
    listed = "\n".join(lines)
    if len(lines) > MANY and made.paged:
        many = f"{len(lines)} files"
        listed = f"<details><summary>{many}</summary>\n\n{listed}\n\n</details>"
    count = "The file" if len(lines) == 1 else "The files"
    intro = f"{count} that these numbers come from, with the command of each."
    return f"\n\n## Data\n\n{intro}\n\n{listed}\n" if lines else ""


def measured(root: Path, row: str) -> list[str]:
    """Result files that hold a row of the table of claims."""
    folder = root / provenance.RESULTS
    return [
        path.name
        for path in sorted(folder.glob("*.json"))
        if row in files.read_json(path)
    ]


def with_widgets(made: Pages, text: str) -> str:
    """Put a widget under the picture that stands for it."""

    def add(match: re.Match) -> str:
        if match[1] not in widgets.WIDGETS:
            return match[0]
        path = made.folder / "widgets" / f"{match[1]}.html"
        files.write_text(path, widgets.fragment(match[1], made.root))
        return f"{match[0]}\n\n```{{raw}} html\n:file: {path.as_posix()}\n```\n\n"

    return STANDS_FOR.sub(add, text)


def front(made: Pages) -> str:
    """The first page: the README, where to look, and the contents of the whole site."""
    text = (made.root / "README.md").read_text(encoding="utf-8")
    if made.paged:
        look = LOOK.read_text(encoding="utf-8")
        text = text.replace("## What comes out", f"{look}## What comes out", 1)
    parts = [adapt(made, text, "README")]
    if made.books:
        links = " and ".join(
            f'<a href="{name}">{Path(name).suffix[1:].upper()}</a>'
            for name in made.books
        )
        parts.append(f"This book as one file: {links}.")
    for name, listed in made.groups:
        parts.append(toctree(name, [f"{label} <{page}>" for page, label in listed]))
    return "\n\n".join(parts) + "\n"


def copy_extra(made: Pages, out: Path) -> None:
    """Copy the files that pages link to, and the widgets as pages of their own."""
    for name in sorted(made.extra):
        target = out / "files" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made.root / name, target)
    for name in widgets.WIDGETS:
        files.write_text(
            out / "widgets" / f"{name}.html",
            widgets.page(name, made.root, above="../chapters/{chapter}.html"),
        )


def sizes(folder: Path) -> int:
    """How many bytes a folder holds."""
    return sum(
        os.path.getsize(os.path.join(where, name))
        for where, _, names in os.walk(folder)
        for name in names
    )
