"""Checks of chapter 16: scaling up."""

import torch

from r1lib.checks.exercise import hint, items, number, report, tensor


def ex_16_1(mean_of_ranks) -> None:
    """Mean over all tokens, from the (sum, count) that each rank has."""

    def test(mean_of_ranks):
        got = number(mean_of_ranks([(6.0, 2), (3.0, 6)]))
        assert abs(got - 1.75) > 1e-6, (
            "1.75 is the mean of two means: a rank with few tokens would count too much"
        )
        assert abs(got - 9 / 8) < 1e-6, f"9 nats over 8 tokens are 1.125, not {got}"
        got = number(mean_of_ranks([(4.0, 4), (0.0, 0)]))
        assert abs(got - 1.0) < 1e-6, "a rank without tokens adds nothing"
        got = number(mean_of_ranks([(0.0, 0), (0.0, 0)]))
        assert got == 0, "without any token the mean is 0, as in `token_mean`"

    report("16.1", test, mean_of_ranks)


def ex_16_2(idle) -> None:
    """Share of a pipeline's time in which a rank waits."""

    def test(idle):
        for stages, parts, wanted in ((2, 4, 1 / 5), (4, 4, 3 / 7), (16, 64, 15 / 79)):
            got = number(idle(stages, parts))
            case = f"{stages} stages and {parts} micro-batches"
            assert abs(got - (stages - 1) / parts) > 1e-6, (
                f"{got:.3f} for {case} compares with the busy time, not with all of it"
            )
            assert abs(got - wanted) < 1e-6, (
                f"wanted {wanted:.3f} for {case}, not {got}"
            )
        assert number(idle(1, 5)) == 0, "one stage never waits"

    report("16.2", test, idle)


def ex_16_3(bytes_of_a_rank) -> None:
    """Memory of a rank when states, gradients and weights are cut, in this order."""

    def test(bytes_of_a_rank):
        wanted = {0: 16_000, 1: 7_000, 2: 5_500, 3: 4_000}
        names = ("nothing", "the optimizer", "gradients too", "weights too")
        for stage, size in wanted.items():
            got = number(bytes_of_a_rank(1000, 4, stage))
            assert abs(got - size) < 1e-6, (
                f"1,000 parameters on 4 ranks with {names[stage]} cut: {size:,} bytes, "
                f"not {got:,.0f}"
            )
        assert abs(number(bytes_of_a_rank(1000, 1, 3)) - 16_000) < 1e-6, (
            "one rank has nobody to share with"
        )

    report("16.3", test, bytes_of_a_rank)


def ex_16_4(widen) -> None:
    """Eight-bit numbers times the scale of their block, for any size of a block."""

    def test(widen):
        weight = torch.arange(1.0, 13.0).view(3, 4)
        scale = torch.tensor([[1.0, 10.0], [100.0, 1000.0]])
        wanted = torch.tensor(
            [[1, 2, 30, 40], [5, 6, 70, 80], [900, 1000, 11000, 12000]]
        ).float()
        got = tensor(widen(weight, scale, 2), (3, 4), torch.float32)
        assert torch.allclose(got, wanted), (
            f"row 0 wants {wanted[0].tolist()}, not {got[0].tolist()}"
        )
        eight = torch.full((2, 2), 448.0).to(torch.float8_e4m3fn)
        with hint("torch does not multiply eight-bit numbers: widen to float32 first"):
            got = widen(eight, torch.tensor([[2.0]]), 128)
        assert (tensor(got, (2, 2), torch.float32) == 896).all(), (
            "widen to float32 before you multiply: E4M3 ends at 448"
        )

    report("16.4", test, widen)


def ex_16_5(sent) -> None:
    """How many rows each rank sends to each, for tokens and experts on ranks."""

    def test(sent):
        ids = torch.tensor([[0, 3], [1, 2], [3, 2], [0, 1]])  # two tokens on each rank
        got = [items(row) for row in items(sent(ids, 4, 2))]
        assert got != [[2, 1], [2, 2]], "count each choice of a token, not each token"
        assert got == [[2, 2], [2, 2]], f"wanted [[2, 2], [2, 2]], not {got}"
        ids = torch.tensor([[0], [0], [5], [1], [0], [4]])
        got = [items(row) for row in items(sent(ids, 6, 3))]
        wanted = [[2, 0, 0], [1, 0, 1], [1, 0, 1]]
        assert got == wanted, f"row r is what rank r sends: {wanted}, not {got}"

    report("16.5", test, sent)
