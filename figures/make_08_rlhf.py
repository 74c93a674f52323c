"""Draw the stages of RLHF and its four models: python -m figures.make_08_rlhf"""

from figures.sketch import SMALL, arrow, box, frame, sheet
from r1lib.model.counts import training_bytes
from r1lib.plots import BLUE, GREEN, GREY, ORANGE

PARTS = training_bytes(1)  # of one weight that is trained
TRAINED, FROZEN = sum(PARTS.values()), PARTS["weights"]


def stages(axes):
    """Above: three stages, each with what it reads."""
    for x, colour, lines, reads in (
        (0.3, BLUE, ("1  fine-tuning", "a first policy"), "prompts with good answers"),
        (
            4.7,
            GREEN,
            ("2  reward model", "a number for an answer"),
            "pairs: A is better than B",
        ),
        (9.1, ORANGE, ("3  RL", "PPO"), "prompts alone"),
    ):
        box(axes, x, 4.6, 3.5, 1.0, colour, lines)
        axes.text(x + 1.75, 5.95, f"reads {reads}", **SMALL)
    arrow(axes, (3.8, 5.1), (4.66, 5.1))
    arrow(axes, (8.2, 5.1), (9.06, 5.1))


def models(axes):
    """Below: the four models of stage 3, as wide as the memory that they need."""
    frame(axes, 0.3, 0.35, 12.3, 3.6, GREY, 0.12, facecolor="none")
    text = "in memory during stage 3 (width: bytes for each weight, mixed precision)"
    axes.text(6.45, 3.65, text, **{**SMALL, "fontsize": 11, "fontweight": "bold"})
    arrow(axes, (10.85, 4.6), (10.85, 3.98), ORANGE)
    for x, y, colour, name, size, why in (
        (3.2, 2.75, BLUE, "policy", TRAINED, "writes the completions, is trained"),
        (3.2, 2.05, ORANGE, "value model", TRAINED, "guesses the reward, is trained"),
        (3.2, 1.35, GREY, "reference", FROZEN, "the policy of stage 1, frozen"),
        (3.2, 0.65, GREEN, "reward model", FROZEN, "judges the end, frozen"),
    ):
        frame(axes, x, y, size * 0.27, 0.5, colour, 0.05)
        left = {**SMALL, "ha": "left"}
        bold = {**left, "ha": "right", "fontsize": 12, "fontweight": "bold"}
        axes.text(x - 0.2, y + 0.25, name, **bold)
        axes.text(x + size * 0.27 + 0.15, y + 0.25, f"{size} bytes: {why}", **left)


if __name__ == "__main__":
    sheet("08_rlhf.png", 12.9, 6.3, stages, models)
