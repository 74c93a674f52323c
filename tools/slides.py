"""`python r1.py slides`: one self-contained page a chapter, from the cells `slide`."""

import base64
import io
import re
import sys
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup
from matplotlib.mathtext import math_to_image
from mdit_py_plugins.dollarmath import dollarmath_plugin

from r1lib import files
from tools.book_source import BookError, read_notebook
from tools.page import render

ROOT = Path(__file__).resolve().parent.parent


IMAGE = Markup('<img {} alt="{}" src="data:image/{};base64,{}">')
TALL = Markup('style="height: 1.4em"')  # as high as a line of text


def image(alt: str, kind: str, content: bytes, style: str = "") -> Markup:
    """An image that is part of the page."""
    return IMAGE.format(style, alt, kind, base64.b64encode(content).decode())


def formula(text: str, _options: dict) -> Markup:
    """A formula as a picture; as its source where matplotlib cannot draw it."""
    picture = io.BytesIO()
    try:
        math_to_image(f"${text.strip()}$", picture, dpi=150, format="svg")
    except ValueError:
        return Markup("<code>{}</code>").format(text)
    return image(text, "svg+xml", picture.getvalue(), TALL)


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


def shown(output: dict) -> dict:
    """One output of a cell: a picture, or text that a browser cannot run."""
    data = output.get("data", {})
    if "image/png" in data:
        content = base64.b64decode("".join(data["image/png"]))
        return {"picture": image("", "png", content)}
    text = "".join(output.get("text", data.get("text/plain", "")))
    return {"picture": "", "text": text}


def slide(cell: dict, folder: Path) -> dict:
    """What the template needs of one cell."""
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return {"prose": markdown(source, folder)}
    return {"source": source, "outputs": list(map(shown, cell["outputs"]))}


def main(root: Path = ROOT) -> int:
    """Write the slides of every chapter."""
    for chapter in sorted((root / "chapters").glob("[0-9]*.ipynb")):
        try:
            cells = read_notebook(chapter).cells
        except BookError as problem:
            print(f"r1: {problem}", file=sys.stderr)
            return 1
        tagged = [c for c in cells if "slide" in c["metadata"].get("tags", [])]
        slides = [slide(cell, chapter.parent) for cell in tagged]
        path = root / "course/slides" / f"{chapter.stem}.html"
        text = render("slides.html.j2", title=chapter.stem, slides=slides)
        files.write_text(path, text)
        print(f"course/slides/{path.name}: {len(slides)} slides")
    return 0


if __name__ == "__main__":
    sys.exit(main())
