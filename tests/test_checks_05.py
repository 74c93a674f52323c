"""The checks of chapter 05 refuse the mistakes that learners make, and say why."""

import pytest
import torch
from torch.nn import functional as F

from r1lib import checks
from r1lib.tokenizer import PAD


def loss(logits, ids, *, shift=1, sign=1, pads=False):
    """The loss with its usual mistakes: no shift, wrong sign, padding as a target."""
    targets, kept = ids[:, shift:], logits[:, : ids.shape[1] - shift]
    options = {} if pads else {"ignore_index": PAD}
    return sign * F.cross_entropy(kept.flatten(0, 1), targets.flatten(), **options)


def same_token(logits, ids):
    return loss(logits, ids, shift=0, pads=True)


def turned(logits, ids):
    return loss(logits, ids, sign=-1)


def with_padding(logits, ids):
    return loss(logits, ids, pads=True)


def one_batch(lengths, batch):
    return 1 - sum(lengths) / (len(lengths) * max(lengths))


def full_last(lengths, batch):
    cut = [lengths[i : i + batch] for i in range(0, len(lengths), batch)]
    return 1 - sum(lengths) / sum(batch * max(rows) for rows in cut)


def only_causal(lengths, width):
    return torch.ones(width, width, dtype=torch.bool).tril()


def not_causal(lengths, width):
    sizes = [*lengths, width - sum(lengths)]
    number = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    return number.unsqueeze(1) == number


def blind_padding(lengths, width):
    mask = not_causal(lengths, width).tril()
    mask[sum(lengths) :] = False
    return mask


def adamw(p, grad, m, v, t, *, correct=True, couple=False):
    grad = grad + 0.1 * p if couple else grad
    m, v = 0.9 * m + 0.1 * grad, 0.95 * v + 0.05 * grad**2
    mean, spread = (m / (1 - 0.9**t), v / (1 - 0.95**t)) if correct else (m, v)
    p = p if couple else p - 0.1 * 0.1 * p
    return p - 0.1 * mean / (spread.sqrt() + 1e-8), m, v


def uncorrected(*given):
    return adamw(*given, correct=False)


def coupled(*given):
    return adamw(*given, couple=True)


def late_decay(p, grad, m, v, t):
    after, m, v = adamw(p, grad, m, v, t)
    return (after + 0.01 * p) * 0.99, m, v


def forgetful(p, grad, m, v, t):
    return adamw(p, grad, torch.zeros(4), torch.zeros(4), t)


def few_steps(x):
    x = x / x.norm()
    for _ in range(3):
        x = 1.5 * x - 0.5 * x @ x.T @ x
    return x


def identity(x):
    return torch.eye(*x.shape, dtype=x.dtype)


def half_budget(law, flops):
    return (flops / 12) ** 0.5, (flops / 12) ** 0.5


def equal(law, flops):
    return (flops / 6) ** 0.5, (flops / 6) ** 0.5


@pytest.mark.parametrize(
    "check, wrong, reason",
    [
        (checks.ex_5_2, same_token, "asked for token t + 1"),
        (checks.ex_5_2, turned, "the sign is turned"),
        (checks.ex_5_2, with_padding, "padding is a target here"),
        (checks.ex_5_1, one_batch, "as wide as its own longest"),
        (checks.ex_5_1, full_last, "the last batch may be smaller"),
        (checks.ex_5_3, only_causal, "sees the one before"),
        (checks.ex_5_3, not_causal, "sees a later one"),
        (checks.ex_5_3, blind_padding, "padding too"),
        (checks.ex_5_4, uncorrected, "not divided by 1 - beta^t"),
        (checks.ex_5_4, coupled, "added to the gradient"),
        (checks.ex_5_4, late_decay, "from after the step"),
        (checks.ex_5_4, forgetful, "step 2 is another one"),
        (checks.ex_5_4, lambda *given: given[0], "return three things"),
        (checks.ex_5_5, few_steps, "more steps"),
        (checks.ex_5_5, identity, "it is orthogonal, but turned"),
        (checks.ex_5_6, half_budget, "the budget"),
        (checks.ex_5_6, equal, "the loss is lower"),
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said


def test_right_answers_are_right(capsys):
    checks.ex_5_2(loss)
    checks.ex_5_4(adamw)
    assert capsys.readouterr().out == "Exercise 5.2: correct\nExercise 5.4: correct\n"
