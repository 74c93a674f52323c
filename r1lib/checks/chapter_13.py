"""Checks of chapter 13: RL for all scenarios."""

import math

import torch

from r1lib.checks.exercise import hint, number, parts, report, tensor, text
from r1lib.world import judge, requests


def ex_13_1(lead_and_lean) -> None:
    """From two frequencies: the lead of one answer, and that of the first place."""

    def test(lead_and_lean):
        both = "return the lead and the lean"

        def asked(lead, lean):
            chances = (1 / (1 + math.exp(-lean - side * lead)) for side in (1, -1))
            return tuple(number(x) for x in parts(lead_and_lean(*chances), 2, both))

        got = asked(0.0, 1.0)
        assert abs(got[0]) < 1e-6, (
            f"the first place wins alike in both orders: the lead is 0, not {got[0]}"
        )
        assert abs(got[1] - 1) < 1e-6, (
            f"0.731 in both orders is a lean of 1, not {got[1]}: take the logarithm of "
            "the odds"
        )
        got = asked(2.0, 0.0)
        assert abs(got[0] + 2) > 1e-6, (
            "a wins when it is shown first, so its lead is above 0: mind the sign"
        )
        assert abs(got[0] - 2) < 1e-6, f"without a lean the lead is 2, not {got[0]}"
        assert abs(got[1]) < 1e-6, f"the lean is 0 here, not {got[1]}"
        question = requests.make("chat", 0, (), "en")
        a, b = requests.references(question)[:2]
        chances = judge.chance(question, a, b), judge.chance(question, b, a)
        _, lean = parts(lead_and_lean(*chances), 2, both)
        assert abs(number(lean) - judge.FIRST) < 1e-6, (
            f"our judge leans by {judge.FIRST}, not {number(lean):.2f}"
        )

    report("13.1", test, lead_and_lean)


def ex_13_2(pair_loss) -> None:
    """-log sigmoid(chosen - rejected), for any two numbers."""

    def test(pair_loss):
        got = number(pair_loss(0.0, 0.0))
        assert abs(got - math.log(2)) < 1e-12, f"equal scores give log 2, not {got}"
        wanted = math.log(1 + math.exp(-1.5))
        got = number(pair_loss(3.5, 2.0))
        assert abs(got - wanted) < 1e-12, f"scores 3.5 and 2: {wanted:.4f}, not {got}"
        got = number(pair_loss(2.0, 3.5))
        assert abs(got - wanted - 1.5) < 1e-9, (
            "a rejected answer that is ahead must cost more than one that is behind"
        )
        with hint(reason := "a lead of 1,000 costs nothing"):
            assert number(pair_loss(1000.0, 0.0)) == 0.0, reason
        with hint(reason := "a lead of -1,000 costs 1,000"):
            got = number(pair_loss(0.0, 1000.0), nan=f"{reason}, not nan")
        assert abs(got - 1000.0) < 1e-6, f"{reason}, not {got}"
        got = number(pair_loss(40.0, 0.0))
        assert 0 < got < 1e-16, "a lead of 40 costs a little, not nothing: use log1p"

    report("13.2", test, pair_loss)


def ex_13_3(flatter) -> None:
    """A text that the judge likes better than a good reply, and the reader less."""

    def test(flatter):
        for topic in (0, 1):
            problem = requests.make("chat", topic, (), "en")
            good = requests.references(problem)[0]
            reply = text(flatter(good))
            true = judge.helpfulness(problem, reply)
            chance = 1 - judge.chance(problem, good, reply)
            assert chance > 0.5, (
                f"it wins with a chance of only {chance:.2f} against {good!r}"
            )
            assert true < 0.8, f"its truth is {true:.2f}: that still helps the reader"

    report("13.3", test, flatter)


def ex_13_4(padded_scores) -> None:
    """One score for each row of states, whatever the padding holds."""

    def test(padded_scores):
        lengths, weight = torch.tensor([2, 4, 1]), torch.tensor([1.0, 10.0])
        hidden = torch.arange(24.0).view(3, 4, 2)
        wanted = hidden[[0, 1, 2], [1, 3, 0]] @ weight
        got = tensor(padded_scores(hidden, lengths, weight), (3,))
        assert not torch.equal(got, hidden[:, -1] @ weight), (
            "the last place of a short row is padding: use `lengths`"
        )
        assert (got - wanted).abs().max() < 1e-4, (
            f"rows of 2, 4 and 1 tokens: {wanted.tolist()}, not {got.tolist()}"
        )
        padding = torch.arange(4) >= lengths.view(-1, 1)
        other = hidden.masked_fill(padding.unsqueeze(-1), -7.0)
        again = tensor(padded_scores(other, lengths, weight), (3,))
        assert (again - wanted).abs().max() < 1e-4, "the padding changes the scores"

    report("13.4", test, padded_scores)


def ex_13_5(advantages) -> None:
    """Advantages of a group: bare, squashed, divided."""

    def test(advantages):
        def found(rewards, squashed, divided):
            got = advantages(list(rewards), 1.0, 2.0, squashed, divided)
            return [number(x) for x in parts(got, len(rewards), "one for each reward")]

        def close(got, wanted):
            return all(abs(a - b) < 1e-4 for a, b in zip(got, wanted, strict=True))

        got = found([0.0, 1.0, 0.0, 3.0], False, False)
        assert close(got, [-1, 0, -1, 2]), (
            f"rewards 0, 1, 0, 3 have the mean 1: -1, 0, -1, 2, not {got}"
        )
        got = found([1.0, 3.0], True, False)
        assert not close(got, [0.5, 0.731]), "squash first, then subtract the mean"
        half = (1 / (1 + math.exp(-1)) - 0.5) / 2
        assert close(got, [-half, half]), (
            f"squashed, mu 1, delta 2, rewards 1 and 3: 0.116 around 0, not {got}"
        )
        got = found([0.0, 1.0, 0.0, 3.0], False, True)
        root = 1.5**0.5
        assert close(got, [-1 / root, 0, -1 / root, 2 / root]), (
            "divide by the root of the mean square of the advantages: their own mean "
            f"square becomes 1, not {sum(a * a for a in got) / 4:.2f}"
        )
        got = found([0.0, 8.0], True, True)
        assert close(got, [-1, 1]), f"two rewards, divided, are -1 and 1, not {got}"
        with hint(reason := "equal rewards give zeros, divided or not"):
            got = found([2.0, 2.0], False, True)
        assert close(got, [0, 0]), reason

    report("13.5", test, advantages)


def ex_13_6(best_of) -> None:
    """Mean truth of what best-of-n shows."""

    def test(best_of):
        got = number(best_of([[0.1, 0.9]], [[1.0, 0.3]], 2))
        assert abs(got - 0.9) > 1e-6, "choose by the score, and return the truth"
        assert abs(got - 1.0) > 1e-6, "the score chooses, not the truth: nobody sees it"
        assert abs(got - 0.3) < 1e-6, f"the second answer is shown: 0.3, not {got}"
        got = number(best_of([[0.1, 0.9]], [[1.0, 0.3]], 1))
        assert abs(got - 1.0) < 1e-6, "n = 1 shows the first answer, whatever it scores"
        got = number(best_of([[2.0, 1.0], [-3.0, -1.0]], [[0.5, 0.0], [0.0, 0.1]], 2))
        assert abs(got - 0.3) < 1e-6, (
            f"two requests show 0.5 and 0.1: the mean is 0.3, not {got}"
        )

    report("13.6", test, best_of)
