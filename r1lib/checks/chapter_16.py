"""Checks of chapter 16: scaling up."""

import math

import torch

from r1lib.checks.exercise import items, number, parts, report, tensor


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
        for stages, micro, wanted in ((2, 4, 1 / 5), (4, 4, 3 / 7), (16, 64, 15 / 79)):
            got = number(idle(stages, micro))
            case = f"{stages} stages and {micro} micro-batches"
            assert abs(got - (stages - 1) / micro) > 1e-6, (
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


def ex_16_4(narrow) -> None:
    """Eight-bit numbers and the scale of each block, for any size of a block."""

    def test(narrow):
        def both(weight, block, blocks):
            eight, scale = parts(narrow(weight, block), 2, "return weights and scales")
            eight = tensor(eight, tuple(weight.shape))
            assert eight.dtype == torch.float8_e4m3fn, (
                f"the numbers are float8_e4m3fn, not {eight.dtype}".replace(
                    "torch.", ""
                )
            )
            return eight.float(), tensor(scale, blocks, torch.float32)

        weight = torch.tensor([[224.0, 896, 4], [-448, 0, -8], [56, 7, 448]])
        eight, scale = both(weight, 2, (2, 2))
        assert scale[0, 0] != 2 / 448, "divide the largest number of a block by 448"
        wanted = torch.tensor([[2, 8 / 448], [56 / 448, 1]])
        assert torch.allclose(scale, wanted), (
            f"the scales are {wanted.tolist()}, not {scale.tolist()}; -8 counts as 8"
        )
        assert eight[0].tolist() == [112, 448, 224], (
            f"divided by their scales, row 0 is 112, 448, 224, not {eight[0].tolist()}"
        )
        eight, scale = both(torch.zeros(2, 3), 128, (1, 1))
        assert scale.item() == 1 and not eight.any(), (
            "a block of zeros has the scale 1, and its numbers stay 0"
        )

    report("16.4", test, narrow)


def ex_16_5(sent) -> None:
    """How many rows each rank sends to each, for tokens and experts on ranks."""

    def test(sent):
        ids = torch.tensor([[0, 3], [1, 2], [3, 2], [0, 1]])  # two tokens on each rank
        got = [items(row) for row in items(sent(ids, 4, 2))]
        assert got != [[2, 2], [1, 1]], "count each choice of a token, not each token"
        assert got == [[2, 2], [2, 2]], f"wanted [[2, 2], [2, 2]], not {got}"
        ids = torch.tensor([[0], [0], [5], [1], [0], [4]])
        got = [items(row) for row in items(sent(ids, 6, 3))]
        wanted = [[2, 0, 0], [1, 0, 1], [1, 0, 1]]
        assert got == wanted, f"row r is what rank r sends: {wanted}, not {got}"

    report("16.5", test, sent)


def ex_16_6(mismatch) -> None:
    """A KL estimated from the sampled tokens alone, and the share above a cap."""

    def test(mismatch):
        def both(trainer, sampler, mask, cap):
            trainer, sampler = torch.tensor(trainer).log(), torch.tensor(sampler).log()
            got = mismatch(trainer, sampler, torch.tensor(mask), cap)
            reason = "it is nan: leave out what the mask leaves out, before the mean"
            return [number(x, reason) for x in parts(got, 2, "return two numbers")]

        kl, cut = both([[0.6, 0.2]], [[0.2, 0.2]], [[True, True]], 2.0)
        wanted = (2 - math.log(3)) / 2
        turned = (1 / 3 - 1 + math.log(3)) / 2
        assert abs(kl - turned) > 1e-5, "r is the trainer's over the sampler's"
        assert kl > 0, "r - 1 - ln r is never negative"
        assert abs(kl - wanted) < 1e-5, f"the estimate is {wanted:.4f}, not {kl:.4f}"
        assert abs(cut - 0.5) < 1e-6, f"one of two tokens has r above 2, not {cut:.0%}"
        trainer = [[math.nan, 0.6, 0.1], [0.2, 0.1, 0.3]]
        sampler = [[0.5, 0.2, 0.1], [0.2, 0.4, math.nan]]
        mask = [[False, True, True], [True, False, False]]
        kl, cut = both(trainer, sampler, mask, 2.0)
        wanted = (2 - math.log(3)) / 3
        assert abs(kl - wanted) < 1e-5, (
            f"three tokens are under the mask: {wanted:.4f}, not {kl:.4f}"
        )
        assert abs(cut - 1 / 3) < 1e-6, "one of the three tokens under the mask"
        _, cut = both(trainer, sampler, mask, 4.0)
        assert cut == 0, "none of them is above a cap of 4"

    report("16.6", test, mismatch)
