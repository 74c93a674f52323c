"""`python r1.py slides`: one self-contained page a chapter, from the cells `slide`."""

import base64
import io
import json
import re
import sys
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt
from matplotlib.mathtext import math_to_image
from mdit_py_plugins.dollarmath import dollarmath_plugin

ROOT = Path(__file__).resolve().parent.parent


def image(alt: str, kind: str, content: bytes, style: str = "") -> str:
    data = base64.b64encode(content).decode()
    return f'<img {style} alt="{escape(alt)}" src="data:image/{kind};base64,{data}">'


def formula(text: str, _options: dict) -> str:
    """A formula as a picture; as its source where matplotlib cannot draw it."""
    picture = io.BytesIO()
    try:
        math_to_image(f"${text.strip()}$", picture, dpi=150, format="svg")
    except ValueError:
        return f"<code>{escape(text)}</code>"
    return image(text, "svg+xml", picture.getvalue(), 'style="height: 1.4em"')


def markdown(text: str, folder: Path) -> str:
    """Prose as HTML with its pictures inside; HTML in the prose is shown, not run."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.use(dollarmath_plugin, renderer=formula)

    def inside(found: re.Match) -> str:
        kind = "png" if found[1].endswith(".png") else "svg+xml"
        return image(found[2], kind, (folder / found[1]).read_bytes())

    return re.sub(
        r'<img src="(\.[^"]*)" alt="([^"]*)"[^>]*>', inside, parser.render(text)
    )


def shown(output: dict) -> str:
    """One output of a cell: a picture, or text that a browser cannot run."""
    data = output.get("data", {})
    if "image/png" in data:
        return image("", "png", base64.b64decode("".join(data["image/png"])))
    text = "".join(output.get("text", data.get("text/plain", "")))
    return f'<pre class="out">{escape(text)}</pre>'


def slide(cell: dict, folder: Path) -> str:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return f"<section>{markdown(source, folder)}</section>"
    outputs = "".join(map(shown, cell["outputs"]))
    return f"<section><pre>{escape(source)}</pre>{outputs}</section>"


def main(root: Path = ROOT) -> int:
    page = (ROOT / "tools/slides.html").read_text(encoding="utf-8")
    for chapter in sorted((root / "chapters").glob("[0-9]*.ipynb")):
        cells = json.loads(chapter.read_text(encoding="utf-8"))["cells"]
        tagged = [c for c in cells if "slide" in c["metadata"].get("tags", [])]
        slides = "\n".join(slide(cell, chapter.parent) for cell in tagged)
        path = root / "course/slides" / f"{chapter.stem}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        named = page.replace("$title", escape(chapter.stem))
        path.write_text(named.replace("$slides", slides), encoding="utf-8")
        print(f"course/slides/{path.name}: {len(tagged)} slides")
    return 0


if __name__ == "__main__":
    sys.exit(main())
