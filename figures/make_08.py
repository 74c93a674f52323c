"""Draw the road map of chapter 08: python -m figures.make_08 -> figures/08_loop.png"""

from figures.sketch import SMALL, arrow, card, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE, PURPLE

LEFT, WIDTH, TOP = (0.3, 2.8, 5.3, 7.8, 10.3), 2.1, 3.95
STATIONS = (
    ("1 draw", ("prompts",), GREY),
    ("2 sample", ("completions",), BLUE),
    ("3 score", ("rewards",), GREEN),
    ("4 compare", ("advantages",), ORANGE),
    ("5 learn", ("loss, step",), PURPLE),
)
SCORE = ("a rule", "a reward model  (4)", "less KL  (4)")
COMPARE = ("batch mean: REINFORCE  (2)", "value model: PPO  (3)")
COMPARE += ("siblings: RLOO, GRPO  (6)",)
LEARN = ("log-prob: REINFORCE  (2)", "ratio and clip: PPO, GRPO  (3)")
LEARN += ("other weights: CISPO ...  (7)",)


def loop(axes):
    """Five stations of one step, and the way back."""
    for x, (title, lines, colour) in zip(LEFT, STATIONS, strict=True):
        card(axes, x, TOP, WIDTH, 1.1, colour, title, lines)
    for x in LEFT[:-1]:
        arrow(axes, (x + WIDTH, TOP + 0.55), (x + 2.46, TOP + 0.55))
    right, left, level = LEFT[-1] + WIDTH / 2, LEFT[0] + WIDTH / 2, 5.5
    axes.plot([right, right, left], [TOP + 1.1, level, level], color=INK, lw=1.8)
    arrow(axes, (left, level), (left, TOP + 1.12))
    axes.text(6.35, 5.72, "a better policy: ask again", **{**SMALL, "fontsize": 12})


def choices(axes):
    """Under three stations, what can stand there; below them DPO's short cut."""
    for x, lines, colour in (
        (4.5, SCORE, GREEN),
        (6.95, COMPARE, ORANGE),
        (10.05, LEARN, PURPLE),
    ):
        for i, line in enumerate(lines):
            kind = {**SMALL, "ha": "left", "fontsize": 10.5}
            axes.text(x + 0.25, 3.45 - 0.36 * i, line, **kind)
        axes.plot([x + 0.1, x + 0.1], [2.55, 3.6], color=colour, lw=2.2)
    card(axes, 0.3, 0.35, 4.6, 1.2, BLUE, "pairs, made before", ("better | worse",))
    card(axes, 7.8, 0.35, 4.6, 1.2, PURPLE, "DPO  (5)", ("learn from pairs at once",))
    arrow(axes, (4.9, 0.95), (7.76, 0.95), line="--")
    kind = {**SMALL, "fontsize": 10.5, "style": "italic"}
    axes.text(6.35, 1.2, "no sampling, no reward model", **kind)


if __name__ == "__main__":
    sheet("08_loop.png", 12.9, 6.0, loop, choices)
