"""The pieces of a report that need work: pictures as SVG, coloured completions."""

import io
import re

import matplotlib
from markupsafe import Markup

from r1lib import plots
from r1lib.world.countdown import WORDS
from tools import page

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
YES, NO = (
    "|".join(re.escape(pair[kind].strip()) for pair in WORDS.values())
    for kind in ("yes", "no")
)
COLOURED = re.compile(
    rf"(?P<tag></?(?:think|answer)>)|(?<= )(?:(?P<yes>{YES})|(?P<no>{NO}))$", re.M
)


def drawn(picture: plots.Picture) -> dict:
    """Draw a picture as SVG whose colours follow the page: its size and its body.

    The body is markup of matplotlib, which escapes the texts in it.
    """
    file = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with matplotlib.rc_context(plots.STYLE):
        picture.savefig(file, format="svg", metadata=nothing)
    head, _, body = file.getvalue().partition("<svg")[2].partition(">")
    width, height = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', head).groups()
    for colour, name in VARIABLES.items():
        body = body.replace(colour, f"var(--{name})")
    natural = float(width) * 1.4  # points to pixels, and a little
    return {
        "width": width,
        "height": height,
        "widest": f"{natural:.0f}",
        "narrowest": f"{min(natural, 520):.0f}",
        "alt": picture.alt,
        "body": Markup(body),
    }


def pieces(text: str) -> list[tuple[str, str]]:
    """Cut a completion into (kind, text): tags, verdicts that end a line, the rest.

    >>> pieces("<think>1+1=3 no")
    [('tag', '<think>'), ('', '1+1=3 '), ('no', 'no')]
    """
    text = text[:LONGEST] + (" …" if len(text) > LONGEST else "")
    parts, at = [], 0
    for match in COLOURED.finditer(text):
        parts += [("", text[at : match.start()]), (match.lastgroup, match[0])]
        at = match.end()
    return [(kind, part) for kind, part in [*parts, ("", text[at:])] if part]


def marked(text: str) -> str:
    """Escape a completion, with its tags and its verdicts coloured."""
    return page.macro("marked")(pieces(text))
