"""Baselines: by hand, and as what they claim to be, exactly, over few outcomes."""

import itertools
import math

import pytest
import torch

from r1lib.rl.dapo import (
    informative_groups,
    overlong_penalty,
    refilled,
    without_truncated,
)
from r1lib.rl.grpo import group_advantages
from r1lib.rl.reinforce import (
    batch_std_advantages,
    maxrl_advantages,
    reinforce_advantages,
    reinforce_loss,
    rloo_advantages,
)
from r1lib.rl.rollout import Rollout
from r1lib.tokenizer import PAD

EVERY = [
    reinforce_advantages,
    rloo_advantages,
    batch_std_advantages,
    maxrl_advantages,
    group_advantages,
]


def test_baselines_by_hand():
    rewards = torch.tensor([[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 1.0]])
    assert reinforce_advantages(rewards)[0].tolist() == [0.5, -0.5, -0.5, -0.5]
    for r, a in zip(rewards, rloo_advantages(rewards), strict=True):
        for i in range(4):
            others = torch.cat((r[:i], r[i + 1 :]))
            assert a[i].item() == pytest.approx((r[i] - others.mean()).item())
    assert maxrl_advantages(rewards)[0].tolist() == pytest.approx([3, -1, -1, -1])
    assert maxrl_advantages(rewards)[1].tolist() == pytest.approx(
        [1 / 3, 1 / 3, -1, 1 / 3]
    )
    centered = group_advantages(rewards, normalize_std=False)
    torch.testing.assert_close(
        batch_std_advantages(rewards, eps=0), centered / rewards.std()
    )


@pytest.mark.parametrize("compare", EVERY)
@pytest.mark.parametrize("paid", [0.0, 0.1, 1.0])
def test_groups_that_agree_teach_nothing(compare, paid):
    rewards = torch.full((3, 4), paid)
    assert compare(rewards).eq(0).all()
    rewards[1, 2] += 1
    found = compare(rewards)
    assert found.isfinite().all() and found[1, 2] > 0 > found[1, 0]
    if compare is not reinforce_advantages:  # which compares with other groups
        assert found[[0, 2]].eq(0).all()


@pytest.mark.parametrize("compare", EVERY[1:])
def test_a_group_of_one_is_refused(compare):
    with pytest.raises(ValueError, match="at least 2 answers, got 1"):
        compare(torch.ones(3, 1))
    reinforce_advantages(torch.ones(3, 1))  # other groups are its baseline


@pytest.mark.parametrize("compare", [*EVERY, informative_groups])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_rewards_that_are_no_numbers_are_refused(compare, bad):
    with pytest.raises(ValueError, match=f"rewards must be finite, got {bad}"):
        compare(torch.tensor([[1.0, 0.0], [0.0, bad]]))


def test_maximum_likelihood_is_for_rewards_from_0():
    with pytest.raises(ValueError, match="at least 0, got -0.5"):
        maxrl_advantages(torch.tensor([[1.0, -0.5]]))


# --- exact: every group that a policy over three outcomes can write, by its chance

LOGITS = torch.tensor([0.3, -0.7, 0.1]).double()
PAID = torch.tensor([1.0, 0.0, 0.2]).double()


def estimates(compare, group, paid):
    """Chance and gradient estimate of each possible group of so many samples."""
    logits = LOGITS.clone().requires_grad_()
    logp = logits.log_softmax(0)
    for outcome in itertools.product(range(3), repeat=group):
        rows = torch.tensor(outcome)
        loss, _ = reinforce_loss(
            logp[rows][:, None],
            compare(paid[rows][None]).flatten(),
            torch.ones(group, 1, dtype=torch.bool),
        )
        (grad,) = torch.autograd.grad(-loss, logits, retain_graph=True)
        yield logp[rows].sum().exp().item(), grad


def mean_and_variance(compare, group=3, paid=PAID):
    found = list(estimates(compare, group, paid))
    mean = sum(chance * grad for chance, grad in found)
    return mean, sum(c * (grad - mean).square().sum() for c, grad in found).item()


def true_gradient(function):
    logits = LOGITS.clone().requires_grad_()
    function(logits.softmax(0)).backward()
    return logits.grad


def test_a_baseline_keeps_the_gradient_and_takes_variance():
    wanted = true_gradient(lambda p: (p * PAID).sum())
    plain, noise = mean_and_variance(lambda rewards: rewards, paid=PAID + 1)
    loo, less = mean_and_variance(rloo_advantages, paid=PAID + 1)
    torch.testing.assert_close(plain, wanted)
    torch.testing.assert_close(loo, wanted)  # no part of its own baseline: unbiased
    assert less < 0.2 * noise
    group, _ = mean_and_variance(lambda r: group_advantages(r, normalize_std=False))
    torch.testing.assert_close(group, wanted * 2 / 3)  # G - 1 of G: a smaller step


@pytest.mark.parametrize("group", [2, 3, 4])
def test_maximum_likelihood_follows_the_logarithm_up_to_its_order(group):
    right = torch.tensor([1.0, 0.0, 0.0]).double()
    found, _ = mean_and_variance(maxrl_advantages, group, right)

    def truncated(p):  # log p = - sum of (1 - p)^k / k, cut after G - 1 terms
        return -sum((1 - p[0]) ** k / k for k in range(1, group))

    torch.testing.assert_close(found, true_gradient(truncated))


# --- the loss


def test_reinforce_never_reads_what_is_masked():
    mask = torch.tensor([[False, True, True], [False, True, False]])
    logprobs = torch.where(mask, -1.0, math.nan).requires_grad_()
    loss, metrics = reinforce_loss(logprobs, torch.tensor([2.0, -1.0]), mask)
    loss.backward()
    assert loss.item() == metrics["loss"] == pytest.approx((2 + 2 - 1) / 3)
    wanted = torch.tensor([[0, -2 / 3, -2 / 3], [0, 1 / 3, 0]])
    torch.testing.assert_close(logprobs.grad, wanted)
    empty, _ = reinforce_loss(logprobs, torch.ones(2), torch.zeros_like(mask))
    assert empty == 0


# --- DAPO


def test_informative_groups_are_those_that_disagree():
    rewards = torch.tensor([[0.1] * 3, [0.1, 0.1, 1.1], [1.1] * 3, [0.0, 0.1, 0.0]])
    assert informative_groups(rewards).tolist() == [False, True, False, True]


def group_of(name: int, rewards: list[float], width: int = 3) -> Rollout:
    """A rollout of groups of two; every tensor says which row a value came from."""
    rows = torch.arange(len(rewards)) + 10 * name
    wide = rows[:, None].expand(-1, width)
    mask = torch.ones(len(rows), width, dtype=torch.bool)
    texts = [str(row) for row in rows.tolist()]
    paid = torch.tensor(rewards, dtype=torch.float32)
    return Rollout(wide, mask, -wide.float(), paid, texts, [True] * len(rows), rows)


def test_groups_that_agree_are_refilled_in_place():
    batch = group_of(1, [0, 0, 1, 0, 1, 1, 0, 1])
    more = iter([group_of(2, [1, 1, 0, 1], 5), group_of(3, [1, 0], 2)])
    asked = []

    def draw(n):
        asked.append(n)
        return next(more)

    full, drawn = refilled(batch, 2, draw)
    assert asked == [2, 1] and [len(one.texts) for one in drawn] == [4, 2]
    wanted = [22, 23, 12, 13, 30, 31, 16, 17]
    assert full.texts == [str(row) for row in wanted]
    assert full.lengths.tolist() == full.ids[:, 0].tolist() == wanted
    assert (-full.old_logprobs[:, 0]).tolist() == wanted
    assert full.rewards.tolist() == [0, 1, 1, 0, 1, 0, 0, 1]
    assert full.mask.sum(1).tolist() == [5, 5, 3, 3, 2, 2, 3, 3]
    assert full.ids[2].tolist() == [12, 12, 12, PAD, PAD]
    assert batch.texts == [str(row) for row in range(10, 18)], "left as it was"


def test_refilling_gives_up_and_keeps_what_agrees():
    batch = group_of(1, [1, 1, 0, 1])
    full, drawn = refilled(batch, 2, lambda n: group_of(2, [0, 0] * n), most=3)
    assert len(drawn) == 3 and full.texts == batch.texts
    same, none = refilled(group_of(1, [0, 1]), 2, lambda n: pytest.fail("drew"))
    assert none == [] and same.texts == ["10", "11"]
    assert refilled(batch, 2, lambda n: pytest.fail("drew"), most=0)[0] is batch
    with pytest.raises(ValueError, match="0 draws or more, got -1"):
        refilled(batch, 2, lambda n: batch, most=-1)


def test_the_overlong_penalty_grows_over_its_buffer_only():
    found = overlong_penalty(torch.arange(0, 14), longest=10, buffer=4)
    assert found.tolist() == [0.0] * 7 + [-0.25, -0.5, -0.75] + [-1.0] * 4
    for buffer in (0, -1, 11):
        with pytest.raises(ValueError, match=f"from 1 to 10.*got {buffer}"):
            overlong_penalty(torch.ones(2, dtype=torch.long), 10, buffer)


def test_what_was_cut_off_teaches_nothing():
    mask = torch.tensor([[False, True, True], [False, True, False]])
    assert without_truncated(mask, [True, False]).tolist() == [
        [False, True, True],
        [False, False, False],
    ]
    with pytest.raises(ValueError, match="wanted 2 flags, got 1"):
        without_truncated(mask, [True])
