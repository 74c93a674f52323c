"""Checks of chapter 08: from RLHF to GRPO."""

import math

import torch

from r1lib.checks.exercise import hint, items, number, report, shown, tensor
from r1lib.losses import clipped, sequence_mean, token_mean
from r1lib.rl.ppo import gae


def close(got, wanted, tolerance: float = 1e-4) -> bool:
    """Are two lists of numbers of one length, and the same up to rounding?"""
    return len(got) == len(wanted) and all(
        abs(number(a) - b) < tolerance for a, b in zip(got, wanted, strict=True)
    )


def ex_8_1(two_averages) -> None:
    """Gains of tokens and a mask -> sequence_mean and token_mean."""

    def test(two_averages):
        wanted = "return two numbers, sequence_mean and token_mean"
        nan = math.nan
        for rows, counts, reason in (
            ([[1.0, 1.0, 1.0], [-1.0, 9.0, 9.0]], [3, 1], "3 tokens and 1"),
            ([[2.0, 4.0], [1.0, 3.0]], [2, 2], "no pads"),
            ([[1.0, nan, nan], [-1.0, -1.0, nan]], [1, 2], "pads that are nan"),
        ):
            gain, lengths = torch.tensor(rows), torch.tensor(counts)
            mask = torch.arange(gain.shape[1]) < lengths[:, None]
            right = [mean(gain, mask).item() for mean in (sequence_mean, token_mean)]
            kept = torch.where(mask, gain, 0)
            padded = [kept.mean(1).mean().item()] * 2
            case = f"gain {rows}, tokens {counts}: {reason}"
            with hint(case):
                got = items(two_averages(gain, mask), wanted)
                unclear = any(bool(x != x) for x in got)
            assert len(got) == 2, f"{wanted}, not {shown(got)}"
            assert not unclear, (
                f"{case}; what is outside the mask must not count, and nan x 0 is nan"
            )
            assert close(got[:1], right[:1]) or not close(got[:1], padded[:1]), (
                f"{case}; divide by the tokens under the mask, not by the padded length"
            )
            assert close(got, right) or not close(got[::-1], right), (
                f"{case}; sequence_mean comes first"
            )
            both = [round(x, 3) for x in right]
            assert close(got, right), f"{case}: {both}, not {shown(got)}"

    report("8.1", test, two_averages)


def ex_8_2(exact_gradient) -> None:
    """Probabilities and rewards -> gradient of the expected reward by logits."""

    def test(exact_gradient):
        wanted = "return a list with a number for each logit"
        for probabilities, rewards, right, reason in (
            ([0.5, 0.5], [1.0, 0.0], [0.25, -0.25], "0.5 x (1 - 0.5) goes up"),
            ([0.2, 0.3, 0.5], [2.0] * 3, [0.0] * 3, "equal rewards teach nothing"),
            ([0.1, 0.6, 0.3], [1.0, 0.0, 0.5], [0.075, -0.15, 0.075], "a mean of 0.25"),
        ):
            case = f"probabilities {probabilities}, rewards {rewards}: {reason}"
            with hint(case):
                got = items(exact_gradient(list(probabilities), list(rewards)), wanted)
                same = close(got, right)
            plain = [p * r for p, r in zip(probabilities, rewards, strict=True)]
            assert same or not close(got, plain), (
                f"{case}; the score function is 1 at the token, minus probabilities"
            )
            assert same, f"{case}: {right}, not {shown(got)}"

    report("8.2", test, exact_gradient)


def ex_8_3(my_gae) -> None:
    """Rewards and values of one completion -> the advantage of each token."""

    def test(my_gae):
        wanted = "return a list with an advantage for each token"
        for rewards, values, lam, reason in (
            ([0.0, 1.0], [0.5, 0.5], 0.0, "lambda 0: only the next value counts"),
            ([0.0, 0.0, 1.0], [0.4, 0.7, 0.2], 1.0, "lambda 1: reward minus value"),
            ([0.0, -0.1, 1.0], [0.4, 0.7, 0.2], 0.5, "rewards may come on the way"),
        ):
            inputs = torch.tensor([rewards]), torch.tensor([values])
            mask = torch.ones(1, len(rewards), dtype=torch.bool)
            right = gae(*inputs, mask, lam=lam)[0][0].tolist()
            case = f"rewards {rewards}, values {values}: {reason}"
            with hint(case):
                got = items(my_gae(list(rewards), list(values), lam), wanted)
                same = close(got, right)
            assert same or not close(got[::-1], right), f"{case}; the first comes first"
            shorter = [round(x, 3) for x in right]
            assert same, f"{case}: {shorter}, not {shown(got)}"

    report("8.3", test, my_gae)


def ex_8_4(best_policy) -> None:
    """Reference, rewards and beta -> the best policy near the reference."""

    def test(best_policy):
        wanted = "return a list of probabilities"
        e = math.e
        for ref, rewards, beta, right, reason in (
            ([0.5, 0.5], [1.0, 1.0], 0.1, [0.5, 0.5], "equal rewards change nothing"),
            ([0.5, 0.5], [1.0, 0.0], 1.0, [e / (e + 1), 1 / (e + 1)], "e to 1"),
            ([0.2, 0.8], [0.1, 0.0], 0.1, [e / (e + 4), 4 / (e + 4)], "0.2 e to 0.8"),
            ([0.5, 0.5], [999.0, 1000.0], 0.1, [0.0, 1.0], "large rewards, no inf"),
        ):
            case = f"reference {ref}, rewards {rewards}, beta {beta}: {reason}"
            with hint(case):
                got = items(best_policy(list(ref), list(rewards), beta), wanted)
                same = close(got, right)
                total = sum(number(p) for p in got)
            assert abs(total - 1) < 1e-6, f"probabilities sum to 1, not to {total:.3f}"
            assert same, f"{case}: {[round(p, 3) for p in right]}, not {shown(got)}"

    report("8.4", test, best_policy)


def ex_8_5(push_by_cases) -> None:
    """Ratio and advantage of one token -> its push, as autograd finds it."""

    def test(push_by_cases):
        for ratio, advantage, reason in (
            (1.0, 2.0, "inside the range: ratio times advantage"),
            (1.1, -1.0, "inside the range: ratio times advantage"),
            (1.5, 1.0, "a good token that is common enough"),
            (0.5, -1.0, "a bad token that is rare enough"),
            (0.5, 1.0, "a good token became rarer: pull it back"),
            (1.5, -2.0, "a bad token became more common: push it down"),
            (1.5, 0.0, "no advantage, no push"),
        ):
            logprob = torch.tensor([[ratio]]).log().requires_grad_()
            gain = clipped(logprob, torch.zeros(1, 1), torch.tensor([[advantage]]))
            right = torch.autograd.grad(gain.sum(), logprob)[0].item()
            case = f"ratio {ratio}, advantage {advantage:+}: {reason}"
            with hint(case):
                got = number(push_by_cases(ratio, advantage))
            assert abs(got - right) < 1e-4, f"{case}: {right:.2f}, not {got}"

    report("8.5", test, push_by_cases)


def ex_8_6(my_advantages) -> None:
    """Any advantages that keep two laws."""

    def test(my_advantages):
        for paid in ([0.0, 0.0], [1.0, 0.1], [0.5, 1.0]):
            agree = torch.tensor(paid).unsqueeze(1).expand(2, 4).clone()
            with hint("two groups that agree"):
                got = tensor(my_advantages(agree), (2, 4))
            assert got.abs().max() < 1e-5, "a group that agrees gets zeros"
        rewards = torch.rand(6, 8, generator=torch.Generator().manual_seed(0)).round(
            decimals=1
        )
        with hint("rewards from 0 to 1"):
            got = tensor(my_advantages(rewards.clone()), (6, 8))
        assert got.isfinite().all(), "an advantage is infinite"
        assert got.abs().max() > 1e-6, "all advantages are 0: nothing would be learned"
        for row, paid in zip(got.tolist(), rewards.tolist(), strict=True):
            order = sorted(zip(paid, row, strict=True))
            for (low, before), (high, after) in zip(order, order[1:], strict=False):
                assert low == high or after >= before - 1e-6, (
                    "in one group a higher reward never gets a lower advantage: "
                    f"reward {low:.1f} got {before:.2f}, reward {high:.1f} {after:.2f}"
                )

    report("8.6", test, my_advantages)
