"""Draw the road map of chapter 02: python -m figures.make_02 -> figures/02_path.png"""

from figures.sketch import arrow, card, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE, PURPLE

MAP = (  # chapters of the recipe, this one in colour
    ("02", "tokenizer"),
    ("03", "transformer"),
    ("04", "experts"),
    ("05", "base model"),
    ("09", "R1-Zero"),
    ("10-13", "to R1"),
    ("14", "distillation"),
)


def recipe(axes):
    """The strip on top: what is built on the tokenizer, and where the reader is."""
    for i, (number, name) in enumerate(MAP):
        x, here = 0.35 + 1.84 * i, number == "02"
        card(axes, x, 4.95, 1.52, 0.78, BLUE if here else GREY, "")
        kind = {"ha": "center", "va": "center", "color": INK if here else "#555555"}
        weight = "bold" if here else "normal"
        left = 0.28 if len(number) == 2 else 0.43
        axes.text(x + left, 5.34, number, fontsize=11, fontweight="bold", **kind)
        axes.text(x + 0.65 + left, 5.34, name, fontsize=10, fontweight=weight, **kind)
        if i:
            arrow(axes, (x - 0.3, 5.34), (x - 0.02, 5.34), GREY)


def path(axes):
    """Below: how text becomes ids, and ids become text again."""
    width, height, top, low = 2.55, 1.4, 3.05, 0.4
    places = [0.35 + 3.25 * i for i in range(4)]
    above = (
        (GREY, "text", ("Café 2024", ""), ""),
        (ORANGE, "pieces", ("Caf\u00e9|\u2423|202|4", "no merge crosses"), "4 8"),
        (BLUE, "bytes", ("43 61 66 c3 a9", "256 kinds, no more"), "1"),
        (GREEN, "merges", ("c3+a9, 43+61, ...", "learned by counting"), "2 3"),
    )
    for x, (colour, title, lines, section) in zip(places, above, strict=True):
        card(axes, x, top, width, height, colour, title, lines, section)
    below = (
        (GREY, "text again", ("bytes joined,", "read as UTF-8"), "3"),
        (GREY, "model", ("reads ids,", "writes ids"), ""),
        (PURPLE, "frame", ("<|bos|><|user|>...", "<think>...</think>"), "5 6"),
        (GREEN, "ids", ("whole numbers,", "how many? see 7"), "7 9"),
    )
    for x, (colour, title, lines, section) in zip(places, below, strict=True):
        card(axes, x, low, width, height, colour, title, lines, section)
    for i in range(3):
        start, end = places[i] + width, places[i + 1] - 0.05
        arrow(axes, (start, top + height / 2), (end, top + height / 2))
        start, end = places[3 - i], places[2 - i] + width + 0.05
        arrow(axes, (start, low + height / 2), (end, low + height / 2))
    x = places[3] + width / 2
    arrow(axes, (x, top), (x, low + height + 0.05))
    kind = {"ha": "center", "va": "center", "fontsize": 12.5, "color": INK}
    text = "nothing is ever unknown, and nothing is lost: decode(encode(text)) == text"
    axes.text(5.2, 2.42, text, style="italic", **kind)


if __name__ == "__main__":
    sheet("02_path.png", 13, 5.95, recipe, path)
