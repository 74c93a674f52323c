"""Draw one position of the fourth widget: python -m figures.make_widget_clip"""

import numpy as np
import torch

from figures.sketch import ROOT, inset, sheet
from r1lib.losses import clipped
from r1lib.plots import BLUE, GREY, ORANGE
from r1lib.rl.grpo import group_advantages
from tools import widgets

DATA = widgets.result(ROOT, "widgets-clip-0")
GROUP = next(one for one in DATA["groups"] if 1.0 in one["rewards"])
NAME = "widget_clip.png"


def objective(ratios, advantage):
    """The clipped objective of tokens, as the library computes it."""
    logs = torch.as_tensor(ratios, dtype=torch.float32).log().view(1, -1)
    parts = (logs, torch.zeros_like(logs), torch.full_like(logs, advantage))
    return clipped(*parts, DATA["clip_low"], DATA["clip_high"])[0].numpy()


def case(place, row, title):
    """The objective over the ratio, and the tokens of one completion on it."""

    def draw(axes):
        rewards = torch.tensor([GROUP["rewards"]])
        advantage = group_advantages(rewards, normalize_std=False)[0, row].item()
        line, ratios = (
            np.linspace(0.01, 2.2, 200),
            GROUP["completions"][row]["ratios"][-1],
        )
        small = inset(axes, place)
        small.plot(line, objective(line, advantage), color=BLUE)
        small.plot(ratios, objective(ratios, advantage), "o", color=ORANGE, ms=7)
        for edge in (1 - DATA["clip_low"], 1 + DATA["clip_high"]):
            small.axvline(edge, color=GREY, linestyle="--")
        title_of = f"{title}, advantage {advantage:+.2f}"
        small.set(xlabel="ratio", ylabel="clipped objective", title=title_of)

    return draw


if __name__ == "__main__":
    rewards = GROUP["rewards"]
    good, bad = rewards.index(max(rewards)), rewards.index(min(rewards))
    left = case((0.075, 0.16, 0.4, 0.7), good, "a right completion")
    right = case((0.58, 0.16, 0.4, 0.7), bad, "a wrong completion")
    sheet(NAME, 11, 4, left, right)
