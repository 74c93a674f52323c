"""Scaling laws: one curve for the loss of all models and amounts of data of a family.

Hoffmann et al. ("Chinchilla", arXiv 2203.15556, approach 3) write it as

    L(N, D) = E + A / N^alpha + B / D^beta

with N parameters and D tokens: what no model can know, what this one is too small
for, and what it has not read yet. They minimise a Huber loss of log L over hundreds of
runs; with a dozen points, plain least squares of L itself are as good and simpler.
"""

import torch
from jaxtyping import Float
from torch import Tensor

LEAST, MOST, GRID, ROUNDS = 0.02, 2.5, 41, 8  # of the exponents that are tried


def predict_loss(law: dict[str, float], parameters: float, tokens: float) -> float:
    """Evaluate the law at N and D.

    >>> law = {"E": 1.0, "A": 8.0, "alpha": 0.5, "B": 9.0, "beta": 0.5}
    >>> predict_loss(law, 64, 81)
    3.0
    """
    small, unread = parameters ** law["alpha"], tokens ** law["beta"]
    return law["E"] + law["A"] / small + law["B"] / unread


def fit_loss(points: Float[Tensor, "P 3"]) -> dict[str, float]:
    """Find the law whose squared error on rows of (N, D, loss) is least.

    With given exponents the rest is linear, so only these two are searched: on a grid
    that closes in on its best place. E, A and B must not be negative. "rms" is the root
    mean squared error in nats.
    """
    if len(points) < 6:
        raise ValueError(
            f"five constants need at least 6 points to fit, got {len(points)}"
        )
    n, d, loss = points.double().T
    low, high = (torch.full((2,), end).double() for end in (LEAST, MOST))
    share = torch.linspace(0, 1, GRID).double()
    for _ in range(ROUNDS):
        axes = [a + (b - a) * share for a, b in zip(low, high, strict=True)]
        tried = torch.cartesian_prod(*axes)  # (GRID^2, 2)
        parts = (torch.ones_like(n) + 0 * tried[:, :1], n ** -tried[:, :1])
        columns = torch.stack((*parts, d ** -tried[:, 1:]), dim=-1)
        size = columns.norm(dim=1, keepdim=True)  # or A would dwarf E in the solver
        right = loss.expand(len(tried), -1).unsqueeze(-1)
        found = torch.linalg.lstsq(columns / size, right).solution
        missed = (columns / size @ found - right).square().mean((1, 2))
        missed[(found < 0).any(1).squeeze(-1)] = torch.inf
        best = int(missed.argmin())
        step = (high - low) / (GRID - 1)
        low = (tried[best] - 2 * step).clamp(min=LEAST)
        high = (tried[best] + 2 * step).clamp(max=MOST)
    if not missed[best].isfinite():
        raise ValueError("no such law falls with parameters and tokens on these points")
    constants = (found[best].flatten() / size[best].flatten()).tolist()
    law = dict(zip(("E", "A", "B"), constants, strict=True))
    law |= dict(zip(("alpha", "beta"), tried[best].tolist(), strict=True))
    return law | {"rms": missed[best].sqrt().item()}
