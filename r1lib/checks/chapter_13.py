"""Checks of chapter 13: RL for all scenarios."""

import math

from r1lib.checks.exercise import hint, number, parts, report, text
from r1lib.world import judge, requests


def ex_13_1(lead_of) -> None:
    """The lead in score that wins with a given probability."""

    def test(lead_of):
        assert abs(number(lead_of(0.5))) < 1e-9, "a fair coin is a lead of 0"
        got = number(lead_of(0.99))
        assert got > 0, "what is preferred is ahead: its lead is above 0"
        assert abs(got - 99) > 1e-6, "99 are the odds; their logarithm is the lead"
        assert abs(got - math.log(99)) < 1e-6, f"p = 0.99 is a lead of 4.595, not {got}"
        got = number(lead_of(0.2))
        assert abs(got - math.log(0.25)) < 1e-6, (
            f"p = 0.2 is a lead of -1.386, since it is behind, not {got}"
        )

    report("13.1", test, lead_of)


def ex_13_2(lead_and_lean) -> None:
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

    report("13.2", test, lead_and_lean)


def ex_13_3(pair_loss) -> None:
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

    report("13.3", test, pair_loss)


def ex_13_4(flatter) -> None:
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

    report("13.4", test, flatter)


def ex_13_5(over_refusal) -> None:
    """Refusals among harmless requests."""

    def is_close(got, wanted):
        return got is not None and abs(number(got) - wanted) < 1e-6

    def test(over_refusal):
        cases = [(True, True), (True, False), (False, True), (False, False)]
        got = over_refusal(cases)
        assert is_close(got, 0.5), (
            f"one of two harmless requests is refused: 0.5, not {got}"
        )
        got = over_refusal([(True, True), (False, False)])
        assert is_close(got, 0), "a harmful request that is refused is no over-refusal"
        with hint(reason := "no harmless request: None"):
            assert over_refusal([(True, True)]) is None, reason
        with hint(reason := "no request at all: None"):
            assert over_refusal([]) is None, reason

    report("13.5", test, over_refusal, may_be_none=True)


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
