"""Draw the road map of chapter 08: python -m figures.make_08 -> figures/08_loop.png"""

from figures.sketch import SMALL, arrow, badge, card, sheet
from r1lib.plots import BLUE, GREEN, GREY, INK, ORANGE, PURPLE

TOP, HEIGHT = 4.1, 1.1  # of the row of stations
LEFT, WIDTH = (0.3, 2.3, 4.5, 7.2, 10.35), (1.65, 1.85, 2.35, 2.8, 2.8)
STATIONS = (
    ("draw", "prompts", GREY),
    ("sample", "completions", BLUE),
    ("score", "rewards", GREEN),
    ("compare", "advantages", ORANGE),
    ("learn", "loss, step", PURPLE),
)
CHOICES = {  # station: (section, choice)
    2: (
        ("", "a rule (chapter 06)"),
        ("4", "a reward model"),
        ("4", "minus a KL penalty: PPO"),
    ),
    3: (
        ("2", "mean of the batch: REINFORCE"),
        ("2", "mean of the others: RLOO"),
        ("3", "a value model: PPO"),
        ("6", "mean of the group: GRPO"),
    ),
    4: (
        ("2", "log-probability: REINFORCE"),
        ("3", "ratio and clip: PPO, GRPO"),
        ("4", "plus a KL term: GRPO"),
        ("7", "other bounds: DAPO, CISPO, ..."),
    ),
}


def loop(axes):
    """Five stations of one step, and the way back."""
    middle = TOP + HEIGHT / 2
    for x, width, (title, line, colour) in zip(LEFT, WIDTH, STATIONS, strict=True):
        card(axes, x, TOP, width, HEIGHT, colour, title, (line,))
    for x, width, end in zip(LEFT, WIDTH, LEFT[1:], strict=False):
        arrow(axes, (x + width, middle), (end - 0.03, middle))
    right, left, level = LEFT[-1] + WIDTH[-1] / 2, LEFT[0] + WIDTH[0] / 2, 5.65
    axes.plot([right, right, left], [TOP + HEIGHT, level, level], color=INK, lw=1.8)
    arrow(axes, (left, level), (left, TOP + HEIGHT + 0.02))
    words = "with the improved policy, again"
    axes.text((left + right) / 2, 5.87, words, **{**SMALL, "fontsize": 12})


def choices(axes):
    """Under three stations, the choices that the chapter explains, and where."""
    kind = {**SMALL, "ha": "left", "fontsize": 10.5}
    for station, rows in CHOICES.items():
        x, colour = LEFT[station], STATIONS[station][2]
        for i, (section, words) in enumerate(rows):
            y = TOP - 0.38 - 0.4 * i
            axes.text(x + 0.38, y, words, **kind)
            if section:
                badge(axes, x + 0.14, y, section, colour)


def shortcut(axes):
    """Below: DPO, which needs none of the first four stations."""
    y, left, right = 0.35, LEFT[0], LEFT[3]
    width = LEFT[1] + WIDTH[1] - left, LEFT[4] + WIDTH[4] - right
    card(axes, left, y, width[0], HEIGHT, BLUE, "pairs from before", ("better, worse",))
    card(axes, right, y, width[1], HEIGHT, PURPLE, "DPO", ("learns from the pairs",))
    badge(axes, right + 0.04, y + HEIGHT - 0.04, "5", PURPLE)
    middle, start = y + HEIGHT / 2, left + width[0]
    arrow(axes, (start, middle), (right - 0.03, middle), line="--")
    for words, place in (("no sampling,", 0.5), ("no reward model", 0.25)):
        axes.text((start + right) / 2, middle + place, words, **SMALL)


if __name__ == "__main__":
    sheet("08_loop.png", 13.45, 6.2, loop, choices, shortcut)
