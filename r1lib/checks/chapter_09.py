"""Checks of chapter 09: R1-Zero."""

import math

import torch

from r1lib import rewards
from r1lib.checks.exercise import (
    hint,
    loss,
    number,
    report,
    tensor,
    text,
    truth,
)
from r1lib.rl import grpo
from r1lib.world import countdown


def ex_9_1(mask_is_right) -> None:
    """Whether a mask is true exactly on the answers."""

    def test(mask_is_right):
        right = torch.tensor([[0, 1, 1, 0, 0], [0, 0, 1, 1, 1]]).bool()
        prompts, answers = [1, 2], [2, 3]
        prompt, late = right.clone(), right.roll(1, 1)
        late[1] = right[1]  # else the last place comes back in front
        prompt[:, 0] = True
        padding, short, second = right.clone(), right.clone(), right.clone()
        padding[0, 3:] = True
        short[0, 2] = short[1, 4] = False
        second[1] = torch.tensor([0, 1, 1, 1, 0]).bool()
        for mask, wanted, name in (
            (right, True, "the right mask"),
            (late, False, "a mask that is one token late"),
            (second, False, "a mask that is one token early in its second row"),
            (prompt, False, "a mask with a token of the prompt"),
            (padding, False, "a mask with the padding"),
            (short, False, "a mask without the stop token"),
        ):
            got = truth(mask_is_right(mask.clone(), [*prompts], [*answers]))
            assert got == wanted, f"{name} must give {wanted}, not {got}"

    report("9.1", test, mask_is_right)


def ex_9_2(leave_one_out) -> None:
    """Each reward minus the mean of its siblings."""

    def test(leave_one_out):
        given = torch.tensor([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
        got = tensor(leave_one_out(given), (2, 3), given.dtype)
        assert got[1].abs().max() < 1e-6, "a group that agrees must get zeros"
        assert abs(got[0, 0] - 2 / 3) > 1e-3, (
            "that is the mean of the whole group; leave the answer itself out"
        )
        wanted = torch.tensor([[1.0, -0.5, -0.5], [0.0, 0.0, 0.0]])
        assert torch.allclose(got, wanted, atol=1e-6), (
            "for rewards 1, 0, 0 the result is 1, -0.5, -0.5: no division by the spread"
        )

    report("9.2", test, leave_one_out)


def ex_9_3(sequence_mean) -> None:
    """Mean over each completion, then over completions."""

    def test(sequence_mean):
        values = torch.tensor([[9.0, 1.0, 3.0, 9.0], [9.0, 6.0, 9.0, 9.0]])
        mask = torch.tensor([[0, 1, 1, 0], [0, 1, 0, 0]]).bool()
        got = float(number(sequence_mean(values.clone(), mask.clone())))
        assert abs(got - 10 / 3) > 1e-4, (
            "that is the mean over all tokens; average each completion first"
        )
        assert abs(got - 4.0) < 1e-5, f"means 2 and 6 give 4, not {got:.3f}"
        values[0, 0], reason = math.inf, "a place where the mask is false still counts"
        got = number(sequence_mean(values.clone(), mask), nan=reason)
        assert abs(got - 4.0) < 1e-5, reason
        mask[1], reason = False, "a row without true places must count as 0"
        with hint(reason):
            got = number(sequence_mean(values.clone(), mask), nan=reason)
        assert abs(got - 1.0) < 1e-5, reason

    report("9.3", test, sequence_mean)


def ex_9_4(cheat, naive_correct) -> None:
    """A completion that a careless verifier believes and ours refuses."""

    def test(cheat, naive_correct):
        for numbers, target in (((3, 7, 8), 35), ((1, 5, 9), 14), ((6, 6, 6), 30)):
            completion = text(cheat(numbers, target))
            problem = countdown.make(numbers, target, "en")
            assert rewards.format(problem, completion) == 1.0, (
                "the format is not perfect: <think>something</think>, then one "
                "<answer>something</answer>"
            )
            assert naive_correct(completion, list(numbers), target), (
                f"the careless verifier does not believe it for {problem.prompt}"
            )
            assert not problem.check(completion), (
                f"that is an honest solution of {problem.prompt}; cheat"
            )

    report("9.4", test, cheat, naive_correct)


def ex_9_5(other_order) -> None:
    """Advantages of rows that hold all first answers, then all second ones."""

    def test(other_order):
        given = torch.tensor([1.0, 0.0, 0.0, 0.0, 0.5, 0.0])  # 2 problems, 3 answers
        got = tensor(other_order(given.clone(), 3), (6,), given.dtype)
        wrong = grpo.group_advantages(given.view(2, 3), normalize_std=False).flatten()
        assert not torch.allclose(got, wrong, atol=1e-6), (
            "that compares answers to different problems: rows 0, 2 and 4 are siblings"
        )
        wanted = torch.tensor([0.5, 0.0, -0.5, 0.0, 0.0, 0.0])
        assert torch.allclose(got, wanted, atol=1e-6), (
            f"for {given.tolist()} in groups of 3 it is {wanted.tolist()}"
        )

    report("9.5", test, other_order)


def ex_9_6(grpo_loss) -> None:
    """The GRPO loss with KL: value and gradient on random numbers."""

    def test(grpo_loss):
        generator = torch.Generator().manual_seed(0)
        shape = (6, 9)
        old, ref = (-torch.rand(shape, generator=generator) for _ in range(2))
        start = old + 0.5 * torch.randn(shape, generator=generator)
        advantages = torch.randn(6, generator=generator)
        mask = torch.rand(shape, generator=generator) > 0.3

        def both(function, **said):
            logprobs = start.clone().requires_grad_()
            value = loss(function(logprobs), **said)
            value.backward()
            return value.item(), logprobs.grad

        def theirs(logprobs):
            return grpo_loss(logprobs, old, ref, advantages, mask)

        got, grad = both(theirs)
        plain, _ = both(lambda x: grpo.grpo_loss(x, old, advantages, mask)[0])
        wanted, right = both(
            lambda x: grpo.grpo_loss(
                x, old, advantages, mask, ref_logprobs=ref, kl_coef=0.04
            )[0]
        )
        assert abs(got + wanted) > 1e-4, "the sign is turned: a loss is to be lowered"
        assert abs(got - plain) > 1e-5, "the KL term is missing"
        assert abs(got - wanted) < 1e-5, f"the loss is {wanted:.4f}, not {got:.4f}"
        assert torch.allclose(grad, right, atol=1e-6), (
            "the value is right, the gradient is not: did you detach something?"
        )
        start = torch.where(mask, start, -math.inf)
        reason = "an infinite value outside the mask still counts in the loss"
        got, grad = both(theirs, nan=reason)
        assert abs(got - wanted) < 1e-5, reason
        assert torch.allclose(grad, right, atol=1e-6), (
            "an infinite value outside the mask still counts in the gradient: "
            "set new, old and ref to 0 there first"
        )

    report("9.6", test, grpo_loss)


def ex_9_7(agreeing) -> None:
    """Chance that all answers of a group earn the same."""

    def test(agreeing):
        for p, size, wanted in ((0.5, 2, 0.5), (0.2, 4, 0.4112), (1.0, 8, 1.0)):
            got = number(agreeing(p, size))
            case = f"with p = {p} and {size} answers"
            assert abs(got - p**size) > 1e-6 or p == 1, (
                f"{case} that is the chance of all right; all wrong agrees, too"
            )
            assert abs(got - (1 - p) ** size) > 1e-6, (
                f"{case} that is the chance of all wrong; all right agrees, too"
            )
            assert abs(got - wanted) < 1e-6, f"{case} it is {wanted}, not {got:.4f}"

    report("9.7", test, agreeing)
