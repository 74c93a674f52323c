"""Draw a vote of programs on tests: python -m figures.make_06_vote"""

from figures.sketch import CENTRE, SMALL, frame, sheet
from r1lib.plots import GREEN, GREY, ORANGE

PROGRAMS = ("A", "B", "C", "D", "E")
TESTS = (  # call, what the test expects, how the programs vote, kept?
    ("solve([2, 1])", "[42, 1, 2]", ("y", "y", "y", "n", "y"), True),
    ("solve([5])", "[5, 42]", ("n", "n", "n", "y", "n"), False),
    ("solve([])", "[42]", ("y", "y", "-", "y", "y"), True),
)


def draw(axes):
    """A row for each test, a column for each program, and what becomes of the test."""
    bold = {**CENTRE, "fontsize": 12, "fontweight": "bold"}
    for j, name in enumerate(PROGRAMS):
        axes.text(5.85 + 0.85 * j, 3.75, name, **bold)
    axes.text(5.1 - 0.2, 3.75, "program", **{**SMALL, "ha": "right", "fontsize": 12})
    for i, (call, wanted, votes, kept) in enumerate(TESTS):
        y = 2.75 - 0.95 * i
        mono = {**CENTRE, "ha": "left", "family": "DejaVu Sans Mono", "fontsize": 11}
        axes.text(1.3, y + 0.35, f"{call} == {wanted}", **mono)
        for j, vote in enumerate(votes):
            colour = {"y": GREEN, "n": ORANGE, "-": GREY}[vote]
            frame(axes, 5.5 + 0.85 * j, y, 0.7, 0.7, colour, 0.06)
            said = {"y": "agrees", "n": "differs", "-": "fails"}[vote]
            spot = (5.85 + 0.85 * j, y + 0.35)
            axes.text(*spot, said, **{**SMALL, "fontsize": 9})
        text = f"{votes.count('y')} of {len(votes) - votes.count('-')}: "
        text += "keep" if kept else "drop"
        axes.text(10.15, y + 0.35, text, **{**bold, "ha": "left"})


if __name__ == "__main__":
    sheet("06_vote.png", 12.2, 4.1, draw, bottom=0.6)
