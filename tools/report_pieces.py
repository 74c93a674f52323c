"""The pieces of a report: pictures as inline SVG, tables, transcripts, all escaped."""

import html
import io
import re

import matplotlib

from r1lib import plots
from r1lib.tasks.countdown import WORDS

LONGEST = 2000  # characters of a completion that are shown
VARIABLES = {  # a colour of r1lib.plots -> the CSS variable that follows light and dark
    plots.INK: "ink",
    plots.GRID: "grid",
    plots.PAPER: "card",
    plots.BLUE: "c1",
    plots.ORANGE: "c2",
    plots.GREEN: "c3",
    plots.PURPLE: "c4",
    plots.GREY: "c5",
}


def figure(picture: plots.Picture, caption: str) -> str:
    """Frame a picture with its caption and its text for those who listen."""
    return (
        f"<figure><div>{svg(picture)}</div>"
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )


def svg(picture: plots.Picture) -> str:
    """Draw a picture as inline SVG whose colours follow the page."""
    file = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with matplotlib.rc_context(plots.STYLE):
        picture.savefig(file, format="svg", metadata=nothing)
    head, _, body = file.getvalue().partition("<svg")[2].partition(">")
    box = re.search(r'viewBox="0 0 ([\d.]+) [^"]*"', head)
    natural = float(box[1]) * 1.4  # points to pixels, and a little
    wide = f"max-width:{natural:.0f}px;min-width:{min(natural, 520):.0f}px"
    for colour, name in VARIABLES.items():
        body = body.replace(colour, f"var(--{name})")
    alt = html.escape(picture.alt)
    return f'<svg {box[0]} style="{wide}" role="img" aria-label="{alt}">{body}'


def take(label: str, one: dict) -> str:
    """One completion with its verdict."""
    verdict = ("yes", "✓ right") if one["right"] else ("no", "✗ wrong")
    mark = f'<span class="{verdict[0]}">{verdict[1]}</span>'
    text = marked(one["text"])
    return f'<div class="take"><h3>{label} {mark}</h3><pre>{text}</pre></div>'


def marked(text: str) -> str:
    """Escape a completion, then colour its tags and its verdicts."""
    cut = text[:LONGEST] + (" …" if len(text) > LONGEST else "")
    safe = html.escape(cut)
    for kind in ("yes", "no"):
        words = "|".join(re.escape(pair[kind].strip()) for pair in WORDS.values())
        pattern = rf"(?m)(?<= )({words})$"
        safe = re.sub(pattern, rf'<span class="{kind}">\1</span>', safe)
    return re.sub(r"(&lt;/?(?:think|answer)&gt;)", r'<span class="tag">\1</span>', safe)


def html_table(rows: list[list[str]]) -> str:
    """A table with a header row; wide ones scroll by themselves."""
    head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows[1:]
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def facts(rows: dict[str, object]) -> str:
    """A table of names and values."""
    body = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(str(value))}</td></tr>"
        for name, value in rows.items()
    )
    return (
        f'<div class="scroll"><table class="facts"><tbody>{body}</tbody></table></div>'
    )


def folded(title: str, inner: str) -> str:
    """Something that not everybody wants to see: closed until it is clicked."""
    return f'<details class="more"><summary>{title}</summary>{inner}</details>'
