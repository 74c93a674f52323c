"""Claims about scaling laws: known constants come back, nonsense is refused."""

import pytest
import torch

from r1lib.training import scaling

LAWS = (
    {"E": 1.69, "A": 406.4, "alpha": 0.34, "B": 410.7, "beta": 0.28},  # Chinchilla's
    {"E": 0.65, "A": 30.0, "alpha": 0.45, "B": 5e3, "beta": 0.7},
)


def made(law, noise=0.0):
    """Points of a law: five sizes, four amounts of data."""
    dice = torch.Generator().manual_seed(0)
    grid = [(n, d) for n in (2e4, 7e4, 1.6e5, 4e5, 1e6) for d in (2e5, 4e5, 8e5, 2e6)]
    rows = [(n, d, scaling.predict_loss(law, n, d)) for n, d in grid]
    points = torch.tensor(rows, dtype=torch.float64)
    points[:, 2] += noise * torch.randn(len(points), generator=dice)
    return points


@pytest.mark.parametrize("law", LAWS)
def test_known_constants_come_back(law):
    found = scaling.fit_loss(made(law))
    assert found["rms"] < 1e-6
    for name, value in law.items():
        assert found[name] == pytest.approx(value, rel=1e-3), name


def test_noise_moves_the_constants_and_little_else():
    law = LAWS[1]
    found = scaling.fit_loss(made(law, noise=0.005))
    assert found["rms"] == pytest.approx(0.005, rel=0.5)
    assert found["alpha"] == pytest.approx(law["alpha"], abs=0.1)
    assert found["beta"] == pytest.approx(law["beta"], abs=0.1)
    for n, d, clean in made(law).tolist():
        assert scaling.predict_loss(found, n, d) == pytest.approx(clean, abs=0.01)


def test_no_nearby_constants_fit_better():
    points = made(LAWS[1], noise=0.02)
    law = scaling.fit_loss(points)

    def missed(law):
        return sum(
            (scaling.predict_loss(law, n, d) - loss) ** 2
            for n, d, loss in points.tolist()
        )

    least = missed(law)
    assert (least / len(points)) ** 0.5 == pytest.approx(law["rms"])
    for name in ("E", "A", "B", "alpha", "beta"):
        for factor in (0.98, 1.02):
            assert missed({**law, name: factor * law[name]}) > least, name


def test_too_few_points_and_rising_losses_are_refused():
    points = made(LAWS[0])
    with pytest.raises(ValueError, match="at least 6 points to fit, got 5"):
        scaling.fit_loss(points[:5])
    points[:, 2] = points[:, 0] / 1e6 + points[:, 1] / 1e6  # worse with size and data
    with pytest.raises(ValueError, match="falls with parameters and tokens"):
        scaling.fit_loss(points)
