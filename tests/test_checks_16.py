"""The checks of chapter 16 refuse the mistakes that learners make, and say why."""

import pytest
import torch

from r1lib import checks
from r1lib.hub.fp8 import widened


def mean_of_ranks(parts):
    count = sum(n for _, n in parts)
    return sum(total for total, _ in parts) / count if count else 0.0


def mean_of_means(parts):
    return sum(total / n for total, n in parts) / len(parts)


def idle(stages, parts):
    return (stages - 1) / (parts + stages - 1)


def beside_busy(stages, parts):
    return (stages - 1) / parts


def bytes_of_a_rank(parameters, ranks, stage):
    sizes = (12, 2, 2)  # optimizer, gradients, weights
    cut = (b / ranks if i < stage else b for i, b in enumerate(sizes))
    return parameters * sum(cut)


def all_cut(parameters, ranks, stage):
    return 16 * parameters / ranks


def widen(weight, scale, block):
    rows, columns = weight.shape
    each = scale.repeat_interleave(block, 0)[:rows]
    return weight.float() * each.repeat_interleave(block, 1)[:, :columns]


def only_128(weight, scale, block):
    return widened(weight, scale)


def in_eight_bits(weight, scale, block):
    rows, columns = weight.shape
    each = scale.repeat_interleave(block, 0)[:rows]
    return weight * each.repeat_interleave(block, 1)[:, :columns]


def too_narrow(weight, scale, block):
    return widen(weight, scale, block).to(torch.float8_e4m3fn)


def sent(ids, experts, ranks):
    home = ids.chunk(ranks)
    each = experts // ranks
    return [torch.bincount(x.flatten() // each, minlength=ranks).tolist() for x in home]


def received(ids, experts, ranks):
    return torch.tensor(sent(ids, experts, ranks)).T.tolist()


PAIRS = [
    (checks.ex_16_1, mean_of_ranks),
    (checks.ex_16_2, idle),
    (checks.ex_16_3, bytes_of_a_rank),
    (checks.ex_16_4, widen),
    (checks.ex_16_5, sent),
]


@pytest.mark.parametrize("check, answer", PAIRS)
def test_a_right_answer_is_correct(check, answer, capsys):
    check(answer)
    assert capsys.readouterr().out.endswith(": correct\n")


@pytest.mark.parametrize(
    "check, answer, words",
    [
        (checks.ex_16_1, mean_of_means, "mean of two means"),
        (checks.ex_16_2, beside_busy, "compares with the busy time"),
        (checks.ex_16_3, all_cut, "with nothing cut"),
        (checks.ex_16_4, only_128, "row 0 wants"),
        (checks.ex_16_4, in_eight_bits, "widen to float32 first"),
        (checks.ex_16_4, too_narrow, "row 0 wants"),
        (checks.ex_16_5, received, "row r is what rank r sends"),
    ],
)
def test_a_wrong_answer_is_told_why(check, answer, words, capsys):
    check(answer)
    out = capsys.readouterr().out
    assert "not right yet - " in out and words in out
