"""Draw four ways to choose one of six answers: python -m figures.make_07_choices"""

from collections import Counter

from figures.sketch import CENTRE, SMALL, badge, frame, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE, PURPLE

ANSWERS = (("6", 0.20), ("5", 0.50), ("6", 0.20), ("7", 0.90), ("5", 0.45), ("6", 0.20))
RIGHT = "5"
LEFT, WIDE, TALL, TOP = 3.55, 1.2, 0.78, 4.15


def sums():
    """answer -> the sum of its scores."""
    found = Counter()
    for answer, score in ANSWERS:
        found[answer] += score
    return found


def ways():
    """Colour, name, section, chosen answer, why; each as the chapter's code chooses."""
    votes, total = Counter(answer for answer, _ in ANSWERS), sums()
    most, best = votes.most_common(1)[0], max(ANSWERS, key=lambda pair: pair[1])
    heaviest = max(total, key=total.get)
    added = " + ".join(f"{s:.2f}" for a, s in ANSWERS if a == heaviest)
    yield BLUE, "vote", "2", most[0], f"{most[1]} votes for {most[0]}"
    yield ORANGE, "best of n", "3", best[0], f"highest score: {best[1]:.2f}"
    words = f"{added} = {total[heaviest]:.2f}"
    yield PURPLE, "weighted vote", "4", heaviest, words
    yield GREEN, "verifier", "3", RIGHT, f"knows that {RIGHT} is right"


def table(axes):
    """Six answers with their scores, and a row for each way to choose."""
    for i, (answer, score) in enumerate(ANSWERS):
        middle = LEFT + WIDE * (i + 0.5) - 0.08
        axes.text(middle, TOP + 0.62, answer, fontsize=17, fontweight="bold", **CENTRE)
        axes.text(middle, TOP + 0.22, f"{score:.2f}", **{**SMALL, "fontsize": 11})
    for words, y in (("answer", TOP + 0.62), ("score of a judge", TOP + 0.22)):
        axes.text(LEFT - 0.25, y, words, **{**SMALL, "ha": "right", "fontsize": 11})
    for row, (colour, name, section, chosen, why) in enumerate(ways()):
        y = TOP - TALL * (row + 1)
        badge(axes, 0.35, y + 0.28, section, colour)
        kind = {**CENTRE, "ha": "left", "fontsize": 12.5}
        axes.text(0.75, y + 0.28, name, **{**kind, "fontweight": "bold"})
        alone = name in ("best of n", "verifier")  # one text is chosen, not a group
        places = [i for i, (answer, _) in enumerate(ANSWERS) if answer == chosen]
        for i, (answer, _) in enumerate(ANSWERS):
            taken = i in (places[:1] if alone else places)
            look = {} if taken else {"facecolor": "none", "linewidth": 0.8}
            shade = colour if taken else GREY
            frame(axes, LEFT + WIDE * i, y, WIDE - 0.16, 0.56, shade, 0.08, **look)
            bold = "bold" if taken else "normal"
            middle = LEFT + WIDE * (i + 0.5) - 0.08
            axes.text(middle, y + 0.28, answer, fontweight=bold, fontsize=12, **CENTRE)
        axes.text(LEFT + WIDE * 6 + 0.15, y + 0.28, why, **{**kind, "fontsize": 11.5})


if __name__ == "__main__":
    sheet("07_choices.png", 14, 5.2, table, bottom=0.7)
