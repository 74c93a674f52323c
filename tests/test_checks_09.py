"""The checks of chapter 09 refuse the mistakes that learners make, and say why."""

import pytest
import torch

from r1lib import checks
from r1lib.rl.grpo import grpo_loss


def counts_only(mask, prompt_lengths, answer_lengths):
    """As many true places as the answer has tokens, wherever they are."""
    return mask.sum(1).tolist() == answer_lengths


def first_row_only(mask, prompt_lengths, answer_lengths):
    start, count = prompt_lengths[0], answer_lengths[0]
    row = mask[0].tolist()
    return row == [start <= t < start + count for t in range(len(row))]


def token_mean(values, mask):
    return (values * mask).sum() / mask.sum()


def careless_sequence_mean(values, mask):
    return ((values * mask).sum(1) / mask.sum(1)).mean()


def believe(completion, numbers, target):
    return True


def turned(new, old, ref, advantages, mask):
    return -grpo_loss(new, old, advantages, mask, ref_logprobs=ref, kl_coef=0.04)[0]


def without_kl(new, old, ref, advantages, mask):
    return grpo_loss(new, old, advantages, mask)[0]


def gains(new, old, ref, advantages):
    ratio, weight = (new - old).exp(), advantages.unsqueeze(1)
    gain = torch.minimum(ratio * weight, ratio.clamp(0.8, 1.2) * weight)
    return gain - 0.04 * ((ref - new).exp() - (ref - new) - 1)


def masked_too_late(new, old, ref, advantages, mask):
    return -(gains(new, old, ref, advantages) * mask).sum() / mask.sum()


def dropped_at_the_end(new, old, ref, advantages, mask):
    kept = torch.where(mask, gains(new, old, ref, advantages), 0.0)
    return -kept.sum() / mask.sum()


def as_if_by_problem(rewards, group_size):
    groups = rewards.view(-1, group_size)
    return (groups - groups.mean(1, keepdim=True)).flatten()


def divided(rewards, group_size):
    answers = rewards.view(group_size, -1)
    return ((answers - answers.mean(0)) / (answers.std(0) + 1e-4)).flatten()


@pytest.mark.parametrize(
    "check, wrong, reason",
    [
        (checks.ex_9_1, (counts_only,), "one token late must give False"),
        (checks.ex_9_1, (first_row_only,), "one token early in its second row"),
        (checks.ex_9_2, (lambda r: r - r.mean(1, keepdim=True),), "leave the answer"),
        (checks.ex_9_2, (lambda r: r,), "a group that agrees must get zeros"),
        (checks.ex_9_3, (token_mean,), "average each completion first"),
        (checks.ex_9_3, (careless_sequence_mean,), "still counts"),
        (checks.ex_9_4, (lambda n, t: "35", believe), "the format is not perfect"),
        (checks.ex_9_5, (as_if_by_problem,), "answers to different problems"),
        (checks.ex_9_5, (divided,), "in groups of 3 it is"),
        (checks.ex_9_6, (turned,), "the sign is turned"),
        (checks.ex_9_6, (without_kl,), "the KL term is missing"),
        (checks.ex_9_6, (masked_too_late,), "still counts in the loss"),
        (checks.ex_9_6, (dropped_at_the_end,), "still counts in the gradient"),
        (checks.ex_9_7, (lambda p, G: p**G,), "that is the chance of all right"),
        (checks.ex_9_7, (lambda p, G: (1 - p) ** G,), "that is the chance of all"),
        (checks.ex_9_7, (lambda p, G: 1 - p**G,), "it is 0.5, not 0.75"),
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(*wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said


def test_an_honest_solution_is_no_cheat(capsys):
    solutions = {35: "(8-3)*7", 14: "9+5*1", 30: "6*6-6"}

    def honest(numbers, target):
        return f"<think>.</think><answer>{solutions[target]}</answer>"

    checks.ex_9_4(honest, believe)
    assert "that is an honest solution" in capsys.readouterr().out


def test_checks_do_not_touch_the_global_random_numbers():
    torch.manual_seed(0)
    state = torch.get_rng_state()
    checks.ex_9_6(without_kl)
    assert torch.equal(torch.get_rng_state(), state)
