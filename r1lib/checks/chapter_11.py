"""Checks of chapter 11: reasoning RL in one language."""

import math
from statistics import fmean, variance

import torch

from r1lib.checks.exercise import hint, items, number, parts, report
from r1lib.losses import clipped
from r1lib.problem import Problem

ANSWER = "<answer>(8-3)*7</answer>"


def asked(language: str) -> Problem:
    """A problem of which only the language matters."""
    return Problem("countdown", "easy", language, "", "", "")


def ex_11_1(ended) -> None:
    """The mean of a metric over the last steps, and the margin of a share."""

    def test(ended):
        history = [{"mixed": m, "right": 0.5} for m in (0.9, 0.4, 0.2, 0.3)]
        for name, answers, last, wanted in (
            ("mixed", 100, 1, 0.3),
            ("mixed", 100, 2, 0.25),
            ("mixed", 128, 3, 0.3),
            ("right", 128, 9, 0.5),
        ):
            steps = min(last, len(history))
            margin = 2 * math.sqrt(wanted * (1 - wanted) / (answers * steps))
            got = ended(list(history), name, answers, last=last)
            mean, room = map(number, parts(got, 2, "return the mean and its margin"))
            of = f"{name!r} over the last {last} of four steps"
            assert abs(mean - wanted) < 1e-6, f"{of} is {wanted}, not {mean:.3f}"
            alone = 2 * math.sqrt(wanted * (1 - wanted) / answers)
            assert steps == 1 or abs(room - alone) > 1e-6, (
                "N is all answers that were averaged: those of a step times the steps"
            )
            assert abs(room - margin) < 1e-6, (
                f"the margin of {of}, {answers} answers in each, is {margin:.3f}, "
                f"not {room:.3f}"
            )

    report("11.1", test, ended)


def ex_11_2(largest_weight) -> None:
    """The weight of the language part that no wrong answer can use to win."""

    def test(largest_weight):
        for right, others, wanted in (
            (1.0, [], 1.0),
            (1.0, [(0.1, 0.0, 1.0)], 0.9),
            (1.0, [(0.1, 0.0, 1.0), (0.2, -1.0, 0.0)], 0.7),
            (2.0, [(0.5, -1.0, 1.0)], 1.0),
            (1.0, [(1.0, 0.0, 1.0), (0.5, 0.0, 1.0)], 0.0),
        ):
            with hint(f"right {right} and others {others}: {wanted}"):
                got = number(largest_weight(right, list(others)))
            assert abs(got - wanted) < 1e-6, (
                f"for right {right} and others {others} the weight must stay below "
                f"{wanted}, not {got}"
            )

    report("11.2", test, largest_weight)


def ex_11_3(spoken) -> None:
    """Language consistency that a thought without words cannot have."""

    def test(spoken):
        def paid(language, thought, **options):
            text = f"<think>{thought}</think>{ANSWER}"
            return number(spoken(asked(language), text, **options))

        for thought, reason in (
            ("8-3=5,*7=35~35=0", "no word must pay nothing"),
            ("", "no thinking must pay nothing"),
        ):
            with hint(reason):
                assert paid("en", thought) == 0.0, reason
        for language, thought, enough, wanted in (
            ("en", "8-3=5 yes", 2, 0.5),
            ("en", "try 8-3=5 yes", 2, 1.0),
            ("en", "try 8-3=5 yes, it fits", 2, 1.0),
            ("en", "yes 맞아", 1, 0.5),
            ("en", "yes 맞아", 2, 0.25),
            ("ko", "기사=A,B:A 참", 2, 1.0),
            ("ko", "yes no", 2, 0.0),
            ("ko", "sorted(xs) 맞아", 2, 0.5),
        ):
            got = paid(language, thought, enough=enough)
            assert abs(got - wanted) < 1e-6, (
                f"{thought!r} in {language!r} with enough={enough} pays {wanted}, "
                f"not {got}"
            )
        got = number(spoken(asked("en"), f"맞아 <think>yes</think>{ANSWER}", enough=1))
        assert abs(got - 0.5) < 1e-6, (
            f"'맞아 <think>yes</think>' pays 0.5, not {got}: words before the thinking "
            "count, too"
        )

    report("11.3", test, spoken)


def ex_11_4(strict) -> None:
    """The strict rule: a thought with words, and every one in the language."""

    def test(strict):
        for language, thought, wanted, reason in (
            ("en", "try 8-3=5 yes, it fits", 1.0, "every word is English"),
            ("ko", "시도 8-3=5 맞아", 1.0, "every word is Korean"),
            (
                "ko",
                r"\frac{1}{2} 맞아 sorted(xs)",
                1.0,
                "formulas and code do not count",
            ),
            ("en", "try 8-3=5 yes, so 맞아", 0.0, "one foreign word is too many"),
            ("ko", "try 8-3=5 yes", 0.0, "no word is Korean"),
            ("en", "8-3=5,*7=35~35=0", 0.0, "a thought without words pays nothing"),
            ("en", "", 0.0, "no thought pays nothing"),
        ):
            text = f"<think>{thought}</think>{ANSWER}"
            with hint(f"{thought!r} in {language!r} pays {wanted}: {reason}"):
                got = number(strict(asked(language), text))
            assert got == wanted, (
                f"{thought!r} in {language!r} pays {wanted}, not {got}: {reason}"
            )

    report("11.4", test, strict)


def ex_11_5(paired_error) -> None:
    """The mean difference, its standard error, and that of two separate groups."""

    def test(paired_error):
        for first, second in (
            ([0.0, 1.0], [0.0, 1.0]),
            (
                [1.0, 0.75, 0.0, 0.25, 1.0, 0.0, 0.5, 1.0],
                [1.0, 0.5, 0.0, 0.25, 1.0, 0.0, 0.5, 0.75],
            ),
            ([0.0, 0.0, 1.0], [1.0, 0.5, 0.0]),
        ):
            got = paired_error(list(first), list(second))
            mean, paired, apart = map(number, parts(got, 3, "return three numbers"))
            gains = [b - a for a, b in zip(first, second, strict=True)]
            n, both = len(gains), variance(first) + variance(second)
            assert abs(mean - fmean(gains)) < 1e-6, (
                f"the second minus the first is {fmean(gains):.3f} on average, "
                f"not {mean:.3f}"
            )
            for name, got, of in (
                ("paired", paired, variance(gains)),
                ("of two groups", apart, both),
            ):
                wanted = math.sqrt(of / n)
                assert abs(got - of / n) > 1e-6 or abs(got - wanted) < 1e-6, (
                    f"the error {name}: take the square root of variance / N"
                )
                assert abs(got - wanted) < 1e-6, (
                    f"the error {name} of {first} and {second} is {wanted:.3f}, "
                    f"not {got:.3f}"
                )

    report("11.5", test, paired_error)


def ex_11_6(references) -> None:
    """For each step: after how many steps its reference was made."""

    def test(references):
        got = items(references(7, 3))
        assert len(got) == 7, "one entry for each step"
        assert got[2] != 3, (
            "step 3 still had the old reference: the refresh comes at its end"
        )
        for steps, every, wanted in (
            (7, 3, [0, 0, 0, 3, 3, 3, 6]),
            (3, 1, [0, 1, 2]),
            (4, 10, [0, 0, 0, 0]),
        ):
            got = items(references(steps, every))
            assert got == wanted, f"{steps} steps, every {every}: {wanted}, not {got}"

    report("11.6", test, references)


def ex_11_7(silent_share) -> None:
    """The share of tokens whose gradient the clip has taken, against autograd."""

    def test(silent_share):
        generator = torch.Generator().manual_seed(0)
        old = -torch.rand(6, 9, generator=generator)
        new = old + 0.6 * torch.randn(6, 9, generator=generator)
        advantages = torch.randn(6, generator=generator)
        advantages[2] = 0.0
        mask = torch.rand(6, 9, generator=generator) > 0.3
        for low, high in ((0.2, 0.28), (0.5, 1.0), (10.0, 10.0)):
            logprobs = new.clone().requires_grad_()
            clipped(logprobs, old, advantages[:, None], low, high).sum().backward()
            counted = mask & (advantages != 0)[:, None]
            wanted = (logprobs.grad[counted] == 0).float().mean().item()
            got = float(number(silent_share(new, old, advantages, mask, low, high)))
            outside = (new - old).exp()
            outside = ((outside < 1 - low) | (outside > 1 + high))[counted]
            both = outside.float().mean().item()
            assert abs(got - both) > 1e-6 or abs(wanted - both) < 1e-6, (
                "that is every token outside the clip; a bad one that became likelier "
                "still moves"
            )
            assert abs(got - wanted) < 1e-6, (
                f"at clip {low} / {high} the share is {wanted:.4f}, not {got:.4f}"
            )
        nothing = torch.zeros(6, 9, dtype=torch.bool)
        with hint(reason := "without any token the share is 0.0"):
            got = number(silent_share(new, old, advantages, nothing), nan=reason)
        assert got == 0.0, reason

    report("11.7", test, silent_share)
