"""Draw one trace before and after rewriting: python -m figures.make_10_marks"""

from figures.sketch import CENTRE, frame, sheet
from r1lib.plots import GREEN, INK, ORANGE, PURPLE
from r1lib.tokenizer.chat import thinking
from r1lib.world import countdown, rewrite

GAME = countdown.make((3, 7, 8), 35, "en", "(8-3)*7")
MISS, HIT = "8+7=15,-3=12~35=23 no", "8-3=5,*7=35~35=0 yes"
NOTES = f"<think>{MISS}\nagain {MISS}\n{HIT}\n</think><answer>(8-3)*7</answer>"
LEFT = {**CENTRE, "ha": "left"}
MONO = {**LEFT, "family": "DejaVu Sans Mono", "fontsize": 13}


def page(axes, y, colour, title, lines, notes):
    """A card of lines, and beside each what a reader notes in the margin."""
    height = 0.6 + 0.5 * len(lines)
    frame(axes, 0.3, y, 5.4, height, colour, 0.12)
    axes.text(0.55, y + height - 0.3, title, **{**LEFT, "fontweight": "bold"})
    for i, (line, note) in enumerate(zip(lines, notes, strict=True)):
        level = y + height - 0.75 - 0.5 * i
        axes.text(0.55, level, line, **MONO)
        margin(axes, level, colour, note)


def margin(axes, level, colour, note):
    """What a reader notes beside a card: the name of a mark, and why."""
    axes.plot([5.7, 6.1], [level, level], color=colour, linewidth=1.4)
    name, what = note
    look = {**LEFT, "fontsize": 12.5}
    axes.text(6.2, level, name, **look, fontweight="bold")
    axes.text(7.5, level, what, **look)


def before(axes):
    """On top: notes as R1-Zero writes them; the last verdict is a Korean one."""
    lines = [MISS, f"again {MISS}", HIT.removesuffix("yes")]
    notes = (
        ("worded", "a bare verdict"),
        ("fresh", "the same sum once more"),
        ("language", "a verdict in another one"),
    )
    page(axes, 2.35, ORANGE, "as R1-Zero may write it", lines, notes)
    level = 2.35 + 0.35  # of the last line
    korean = {"facecolor": "#ffffff", "edgecolor": PURPLE, "boxstyle": "round,pad=0.2"}
    axes.text(2.75, level, "yes, in Korean", **{**LEFT, "fontsize": 11}, bbox=korean)


def after(axes):
    """Below: what the rewriter makes of it."""
    lines = thinking(rewrite.readable(GAME, NOTES)).strip().split("\n")
    notes = (("worded", "a verdict and a word"), ("language", "the question's"))
    page(axes, 0.4, GREEN, "as the rewriter writes it", lines, notes)
    margin(axes, 0.4 + 1.3, GREEN, ("fresh", "each attempt once"))
    axes.annotate(
        "",
        (3.0, 1.97),
        (3.0, 2.33),
        arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.8},
    )


if __name__ == "__main__":
    sheet("10_marks.png", 10.4, 4.7, before, after)
