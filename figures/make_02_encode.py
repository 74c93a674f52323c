"""Draw one text on its way through encode: python -m figures.make_02_encode

The ids are those of a tokenizer that is trained here, on the sentences of chapter 02.
"""

from figures.sketch import CENTRE, frame, sheet
from r1lib.plots import BLUE, GREEN, INK, ORANGE
from r1lib.tokenizer import FIRST_BYTE, SMALLEST, Tokenizer
from r1lib.tokenizer.pretokenize import compiled, pretokenize

LEARNED = "the cat and the hen and the other cat; 고양이와 암탉과 다른 고양이"
SPECIAL_TEXT, REST = "<think>", "the hens 2024"
LEFT, WIDE, UNIT, TALL, STEP, TOP = 2.15, 1.5, 0.68, 0.6, 1.1, 4.7
MONO = {"family": "DejaVu Sans Mono", **CENTRE}


def rows():
    """(name of a step, what is in its boxes) with (text, letters wide, colour)."""
    tokenizer = Tokenizer.train([LEARNED], 300)
    ids = tokenizer.encode(REST)
    texts = [tokenizer.decode([i]) for i in ids]
    colours = [GREEN if i >= SMALLEST else BLUE for i in ids]
    special = tokenizer.special_ids[SPECIAL_TEXT]
    drawn = list(zip(ids, texts, colours, strict=True))
    pieces = pretokenize(REST, compiled("tiny"))
    single = [(str(FIRST_BYTE + ord(c)), 1, BLUE) for c in REST]
    joined = [(seen(t), len(t), colour) for _, t, colour in drawn]
    numbers = [(str(i), len(t), colour) for i, t, colour in drawn]
    yield "special tokens", SPECIAL_TEXT, ORANGE, [(seen(REST), len(REST), BLUE)]
    yield "pieces", "", ORANGE, [(seen(p), len(p), BLUE) for p in pieces]
    yield "bytes, as ids", "", ORANGE, single
    yield "joins", "", ORANGE, joined
    yield "ids", str(special), ORANGE, numbers


def seen(text):
    """Spaces as something visible."""
    return text.replace(" ", "\u2423")


def draw(axes):
    """One row for each step, from top to bottom."""
    for k, (name, first, colour, boxes) in enumerate(rows()):
        y, x = TOP - STEP * k, LEFT + WIDE + 0.15
        axes.text(1.0, y + TALL / 2, name, fontsize=12, **CENTRE)
        if first:
            frame(axes, LEFT + 0.04, y, WIDE - 0.08, TALL, colour, 0.08)
            axes.text(LEFT + WIDE / 2, y + TALL / 2, first, fontsize=12, **MONO)
        for text, letters, colour_of in boxes:
            wide = UNIT * letters
            frame(axes, x + 0.04, y, wide - 0.08, TALL, colour_of, 0.08)
            axes.text(x + wide / 2, y + TALL / 2, text, fontsize=12, **MONO)
            x += wide
    kind = {"ha": "left", "va": "center", "fontsize": 10.5, "color": INK}
    note = "orange: done at once     green: made by joins     \u2423: a space"
    axes.text(LEFT, TOP + 1.0, note, style="italic", **kind)


if __name__ == "__main__":
    sheet("02_encode.png", 13, 6.1, draw)
