"""Draw Muon's idea: python -m figures.make_05_muon -> 05_muon.png"""

import torch

from figures.sketch import CENTRE, sheet
from r1lib.plots import BLUE, GREY, ORANGE, PURPLE
from r1lib.training.optim import orthogonalize

MIDDLE, UNIT = 2.0, 1.35


def gradient(tilt=0.6, back=0.3, sizes=(1.0, 0.15)):
    """A rotation, a stretching, and a rotation back."""

    def turn(angle):
        c, s = torch.tensor(angle).cos().item(), torch.tensor(angle).sin().item()
        return torch.tensor([[c, -s], [s, c]])

    return turn(tilt) @ torch.diag(torch.tensor(sizes)) @ turn(back)


def image(axes, x, matrix, frame, colour, title):
    """The image of the unit circle, and of a frame's two axes, over the circle."""
    angle = torch.linspace(0, 2 * torch.pi, 200)
    circle = torch.stack((angle.cos(), angle.sin()))
    for points, look in (
        (circle, {"color": GREY, "linewidth": 1, "linestyle": ":"}),
        (matrix @ circle, {"color": colour, "linewidth": 2.4}),
    ):
        px, py = (UNIT * points).tolist()
        axes.plot([x + a for a in px], [MIDDLE + b for b in py], **look)
    axes_of = matrix @ frame
    for end, dashes in zip((UNIT * axes_of).T, ("-", (0, (3, 2))), strict=True):
        ends = ([x, x + end[0].item()], [MIDDLE, MIDDLE + end[1].item()])
        axes.plot(*ends, color=colour, linewidth=1.8, linestyle=dashes)
    sizes = " and ".join(f"{value:.2f}" for value in axes_of.norm(dim=0).tolist())
    axes.text(x, 3.95, title, **{**CENTRE, "fontsize": 12})
    axes.text(x, 0.25, f"singular values {sizes}", **{**CENTRE, "fontsize": 10.5})


def draw(axes):
    start = gradient()
    u, _, v = torch.linalg.svd(start)
    frame = v.T * u[0].sign()  # the first axis to the right, the second as it comes
    looks = ((0, ORANGE, "gradient"), (1, PURPLE, "after 1 step"), (5, BLUE, "after 5"))
    for i, (steps, colour, title) in enumerate(looks):
        matrix = orthogonalize(start[None], steps)[0] if steps else start
        image(axes, 2.4 + 4.1 * i, matrix, frame, colour, title)


if __name__ == "__main__":
    sheet("05_muon.png", 13, 4.3, draw)
