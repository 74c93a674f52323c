"""`python r1.py slides`: one self-contained page a chapter, from the cells `slide`.

Speaker notes are the list under "Speaker notes" in course/guide/NN.md. The words in
bold name a section by words of its heading: its first slide has the note. A note whose
words are in no heading belongs to the first slide. In the browser the key n shows them.
"""

import base64
import io
import re
import sys
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import math_to_image
from mdit_py_plugins.dollarmath import dollarmath_plugin

from r1lib import files
from tools.book_source import FOLDED, BookError, read_notebook
from tools.page import render

ROOT = Path(__file__).resolve().parent.parent


IMAGE = Markup('<img {} alt="{}" src="data:image/{};base64,{}">')


def image(alt: str, kind: str, content: bytes, style: str = "") -> Markup:
    """An image that is part of the page."""
    return IMAGE.format(style, alt, kind, base64.b64encode(content).decode())


# What matplotlib does not know, and what it draws instead.
UNKNOWN = (
    (re.compile(r"\\[bB]ig[lrm]?(?![a-z])"), ""),
    (re.compile(r"\\le(?![a-z])"), r"\\leq"),
    (re.compile(r"\\t?frac(?![a-z])"), r"\\frac"),
    (re.compile(r"\\frac *(\w)(\w)"), r"\\frac{\1}{\2}"),
)
POINTS = 10  # the size of its letters


def formula(text: str, _options: dict) -> Markup:
    """A formula as a picture; as its source where matplotlib cannot draw it.

    It is as large as the text around it, and on its line.
    """
    picture, drawn = io.BytesIO(), " ".join(text.split())  # it reads one line only
    for pattern, instead in UNKNOWN:
        drawn = pattern.sub(instead, drawn)
    letters = FontProperties(size=POINTS)
    try:
        below = math_to_image(f"${drawn}$", picture, letters, 150, "svg")
    except ValueError:
        return Markup("<code>{}</code>").format(text)
    height = float(re.search(rb'height="([\d.]+)pt"', picture.getvalue())[1])
    sizes = height / POINTS, -below / POINTS
    style = Markup('style="height: {:.2f}em; vertical-align: {:.2f}em"').format(*sizes)
    return image(text, "svg+xml", picture.getvalue(), style)


def markdown(text: str, folder: Path) -> Markup:
    """Prose as HTML with its pictures inside; HTML in the prose is shown, not run."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.use(dollarmath_plugin, renderer=formula)

    def inside(match: re.Match) -> str:
        kind = "png" if match[1].endswith(".png") else "svg+xml"
        alt = Markup(match[2])  # escaped by the parser
        return image(alt, kind, (folder / match[1]).read_bytes())

    return Markup(
        re.sub(r'<img src="(\.[^"]*)" alt="([^"]*)"[^>]*>', inside, parser.render(text))
    )


def shown(output: dict, folder: Path) -> dict:
    """One output of a cell: a picture, a table, or text that a browser cannot run."""
    data = output.get("data", {})
    if "text/markdown" in data:
        return {"picture": markdown("".join(data["text/markdown"]), folder)}
    if "image/png" in data:
        content = base64.b64decode("".join(data["image/png"]))
        return {"picture": image("", "png", content)}
    text = "".join(output.get("text", data.get("text/plain", "")))
    return {"picture": "", "text": text}


def is_slide(cell: dict) -> bool:
    """Has a cell the tag `slide`?"""
    return "slide" in cell["metadata"].get("tags", [])


def slide(cell: dict, folder: Path) -> dict:
    """What the template needs of one cell."""
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return {"prose": markdown(source, folder)}
    outputs = {"outputs": [shown(output, folder) for output in cell["outputs"]]}
    folded = FOLDED in cell["metadata"].get("tags", [])
    return outputs if folded else {"source": source, **outputs}


NOTE = re.compile(r"^- \*\*(.+?)\*\*:? (.+)$", re.M)
HEADING = re.compile(r"^#{1,3} (.+)$", re.M)


def notes(root: Path, number: str) -> list[tuple[str, str]]:
    """(words of a heading, what to say) from the guide of a chapter; [] without one."""
    path = root / "course/guide" / f"{number}.md"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return NOTE.findall(text.partition("\n## Speaker notes\n")[2])


def with_notes(slides: list[dict], cells: list[dict], found: list) -> list[dict]:
    """The slides, each with the notes that belong to it.

    `cells` are all cells of the chapter: a heading that is on no slide gives its note
    to the next slide.
    """
    said, ahead = [[] for _ in slides], 0
    headings = []
    for cell in cells:
        if cell["cell_type"] == "markdown":
            known = " ".join(HEADING.findall("".join(cell["source"]))).lower()
            headings.append((min(ahead, len(slides) - 1), known))
        ahead += is_slide(cell)
    for words, note in found:
        fits = (place for place, known in headings if words.lower() in known)
        said[next(fits, 0)].append(note)
    return [{**one, "notes": mine} for one, mine in zip(slides, said, strict=True)]


def main(root: Path = ROOT) -> int:
    """Write the slides of every chapter."""
    for chapter in sorted((root / "chapters").glob("[0-9]*.ipynb")):
        try:
            cells = read_notebook(chapter).cells
        except BookError as problem:
            print(f"r1: {problem}", file=sys.stderr)
            return 1
        found = notes(root, chapter.stem[:2])
        slides = [slide(cell, chapter.parent) for cell in cells if is_slide(cell)]
        slides = with_notes(slides, cells, found) if slides else []
        path = root / "course/slides" / f"{chapter.stem}.html"
        text = render("slides.html.j2", title=chapter.stem, slides=slides)
        files.write_text(path, text)
        print(f"course/slides/{path.name}: {len(slides)} slides, {len(found)} notes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
