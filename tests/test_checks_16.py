"""The checks of chapter 16 refuse the mistakes that learners make, and say why."""

import pytest
import torch
from torch import nn

from r1lib import checks


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


def narrow(weight, block, largest=448.0):
    rows, columns = weight.shape
    peak = nn.functional.max_pool2d(weight.abs()[None], block, ceil_mode=True)[0]
    scale = torch.where(peak > 0, peak / largest, 1.0)
    each = scale.repeat_interleave(block, 0)[:rows]
    each = each.repeat_interleave(block, 1)[:, :columns]
    return (weight / each).to(torch.float8_e4m3fn), scale


def without_abs(weight, block):
    return narrow(weight.clamp(min=0), block)


def one_block(weight, block):
    eight, scale = narrow(weight, max(weight.shape))
    return eight, scale.expand(-(-len(weight) // block), -(-weight.shape[1] // block))


def only_divided(weight, block):
    eight, scale = narrow(weight, block)
    return eight.float(), scale


def zero_scale(weight, block):
    eight, scale = narrow(weight, block)
    return eight, torch.where(scale == 1, 0, scale) if not weight.any() else scale


def sent(ids, experts, ranks):
    home = ids.chunk(ranks)
    each = experts // ranks
    return [torch.bincount(x.flatten() // each, minlength=ranks).tolist() for x in home]


def received(ids, experts, ranks):
    return torch.tensor(sent(ids, experts, ranks)).T.tolist()


def mismatch(trainer, sampler, mask, cap):
    log_ratio = (trainer - sampler)[mask]
    ratio = log_ratio.exp()
    return (ratio - 1 - log_ratio).mean().item(), (ratio > cap).float().mean().item()


def upside_down(trainer, sampler, mask, cap):
    return mismatch(sampler, trainer, mask, cap)


def times_mask(trainer, sampler, mask, cap):
    log_ratio = (trainer - sampler) * mask
    ratio = log_ratio.exp()
    return (ratio - 1 - log_ratio).sum() / mask.sum(), (ratio > cap).sum() / mask.sum()


def all_places(trainer, sampler, mask, cap):
    log_ratio = torch.where(mask, trainer - sampler, 0)
    ratio = log_ratio.exp()
    return (ratio - 1 - log_ratio).mean(), (ratio > cap).float().mean()


def log_only(trainer, sampler, mask, cap):
    return (sampler - trainer)[mask].mean(), mismatch(trainer, sampler, mask, cap)[1]


PAIRS = [
    (checks.ex_16_1, mean_of_ranks),
    (checks.ex_16_2, idle),
    (checks.ex_16_3, bytes_of_a_rank),
    (checks.ex_16_4, narrow),
    (checks.ex_16_5, sent),
    (checks.ex_16_6, mismatch),
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
        (checks.ex_16_4, without_abs, "-8 counts as 8"),
        (checks.ex_16_4, one_block, "the scales are"),
        (checks.ex_16_4, only_divided, "float8_e4m3fn"),
        (checks.ex_16_4, zero_scale, "a block of zeros"),
        (checks.ex_16_5, received, "row r is what rank r sends"),
        (checks.ex_16_6, upside_down, "the trainer's over the sampler's"),
        (checks.ex_16_6, log_only, "never negative"),
        (checks.ex_16_6, times_mask, "it is nan"),
        (checks.ex_16_6, all_places, "three tokens are under the mask"),
    ],
)
def test_a_wrong_answer_is_told_why(check, answer, words, capsys):
    check(answer)
    out = capsys.readouterr().out
    assert "not right yet - " in out and words in out
