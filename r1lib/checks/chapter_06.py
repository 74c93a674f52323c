"""Checks of chapter 06: rewards that cannot be fooled."""

import math
import re
from fractions import Fraction

from r1lib.checks.exercise import hint, items, number, plain, report, text
from r1lib.verifiers import parse_expression, value


def ex_6_1(nearly) -> None:
    """An expression that is nearly 5, from 1, 5 and 99999999."""

    def test(nearly):
        got = text(nearly())
        tree = parse_expression(got)
        assert tree is not None, "only whole numbers, + - * / and brackets, please"
        used = sorted(map(int, re.findall(r"[0-9]+", got)))
        assert used == [1, 5, 99999999], f"1, 5 and 99999999, each once, not {used}"
        result = value(tree)
        assert result is not None, "that divides by zero"
        away = abs(result - 5)
        assert away < Fraction(1, 10**5), (
            "the naive rule wants less than 0.00001 between the value and 5, "
            f"not {float(away):.3g}"
        )

    report("6.1", test, nearly)


def ex_6_2(find_answer) -> None:
    """One answer, in one place, after the thinking."""

    def test(find_answer):
        for written, wanted, reason in (
            ("<answer> 4 </answer>", "4", "spaces at the ends are dropped"),
            (
                "<think><answer>5</answer></think><answer>4</answer>",
                "4",
                "only thought",
            ),
            ("<think>a</think>b</think><answer>4</answer>", "4", "the last </think>"),
            ("<answer>4</answer><answer>4</answer>", None, "two answers are none"),
            ("<answer>4</answer>5</answer>", None, "two closing tags are one too many"),
            ("<answer>4", None, "never closed"),
            ("</answer>4<answer>", None, "the wrong way round"),
            ("the answer is 4", None, "no tags, no answer"),
            ("<think><answer>4</answer></think>", None, "nothing follows the thinking"),
            ("<think>so <answer>4</answer>", None, "still thinking"),
            (
                "<think>a</think><think>b<answer>4</answer>",
                None,
                "a second thought is not closed",
            ),
        ):
            with hint(f"{written}: {wanted!r} ({reason})"):
                got = plain(find_answer(written))
            assert got == wanted, f"{written}: {wanted!r}, not {got!r} ({reason})"

    report("6.2", test, find_answer, may_be_none=True)


def ex_6_3(who_is_who) -> None:
    """What is certain about each person, or None where no world fits."""

    def world(got):
        return None if got is None else tuple(items(got, "return a tuple"))

    def test(who_is_who):
        pair = [lambda w: not w[1], lambda w: w[0] == w[1]]
        got = world(who_is_who(pair))
        assert got == (True, False), f"A says B is a knave, ...: not {got}"
        with hint(reason := "nobody can say: I am a knave. No world fits, so None"):
            assert who_is_who([lambda w: not w[0]]) is None, reason
        got = world(who_is_who([lambda w: w[0]]))
        assert got == (None,), (
            f"'I am a knight' fits a knight and a knave: (None,), not {got}"
        )
        three = [lambda w: sum(w) == 1, lambda w: w[0] and w[2], lambda w: sum(w) == 0]
        got = world(who_is_who(three))
        assert got == (True, False, False), f"one knight among three is A, not {got}"
        praise = [lambda w: w[1], lambda w: w[0], lambda w: w[0] == w[1]]
        got = world(who_is_who(praise))
        assert got == (None, None, True), (
            f"two worlds fit, and C is a knight in both: (None, None, True), not {got}"
        )
        shy = [lambda w: 1 - w[1], lambda w: int(w[0] == w[1])]
        assert world(who_is_who(shy)) == (True, False), "a statement may say 1 for true"

    report("6.3", test, who_is_who, may_be_none=True)


def ex_6_4(catching_inputs) -> None:
    """Few inputs on which every mutant differs from the right program."""

    def right(xs):
        return sorted(set(xs), reverse=True)

    def neighbours(xs):
        return sorted(
            (x for i, x in enumerate(xs) if xs[i : i + 1] != xs[i + 1 : i + 2]),
            reverse=True,
        )

    mutants = {
        "one that keeps duplicates": lambda xs: sorted(xs, reverse=True),
        "one that sorts upwards": lambda xs: sorted(set(xs)),
        "one that does not sort": lambda xs: list(dict.fromkeys(xs)),
        "one that only turns the list round": lambda xs: list(dict.fromkeys(xs))[::-1],
        "one that only looks at neighbours": neighbours,
        "one that returns None for an empty list": lambda xs: right(xs) or None,
        "one that loses a zero": lambda xs: [x for x in right(xs) if x],
        "one that compares numbers as texts": lambda xs: sorted(set(xs), key=str)[::-1],
        "one that returns at most five numbers": lambda xs: right(xs)[:5],
    }

    def test(catching_inputs):
        wanted = "return a list of lists"
        lists = [items(xs, wanted) for xs in items(catching_inputs(), wanted)]
        assert len(lists) <= 6, f"at most six lists, not {len(lists)}"
        small = all(x in range(100) for xs in lists for x in xs)
        assert small, "0 to 99 only, whole numbers"
        lists = [[int(x) for x in xs] for xs in lists]
        for name, mutant in mutants.items():
            caught = any(mutant(list(xs)) != right(xs) for xs in lists)
            assert caught, f"{name} passes all of your tests"

    report("6.4", test, catching_inputs)


def ex_6_5(margin) -> None:
    """How far any right answer is above any wrong one."""

    def test(margin):
        accuracy = {"accuracy": (1.0, 0.0, 1.0)}
        small = {**accuracy, "format": (0.1, 0.0, 1.0)}
        got = number(margin(small))
        assert abs(got - 0.9) < 1e-6, (
            f"right without format 1.0, wrong with format 0.1: 0.9, not {got}"
        )
        fines = {**small, "repetition": (0.1, -1.0, 0.0)}
        got = number(margin(fines))
        assert abs(got - 0.8) < 1e-6, (
            f"a penalty can lower a right answer: 0.8, not {got}"
        )
        turned = {**accuracy, "length": (-0.2, 0.0, 1.0)}
        got = number(margin(turned))
        assert abs(got - 0.8) < 1e-6, (
            f"with a negative weight the highest value is the worst: 0.8, not {got}"
        )
        equal = {**accuracy, "a": (1.0, 0.0, 1.0), "b": (0.5, 0.2, 0.6)}
        assert abs(number(margin(equal)) + 0.2) < 1e-6, (
            "this mixture can be fooled, by 0.2"
        )

    report("6.5", test, margin)


def ex_6_6(trusted) -> None:
    """Tests that win a vote in which programs that agree often weigh more."""

    def kept(got):
        got = list(got) if isinstance(got, set | frozenset) else got
        numbers = items(got, "return the numbers of the tests, in a list")
        return sorted(number(x) for x in numbers)

    def test(trusted):
        outputs = [
            [1, 2, None, 5],
            [1, 3, None, 5],
            [1, 3, None, 6],
            [9, 2, None, None],
        ]
        got = kept(trusted(outputs, [1, 3, 4, 5]))
        assert 2 not in got, "nobody returned anything for test 2: no votes, not kept"
        assert 1 in got, "test 1: two programs against two, but weights 4 + 3 against 5"
        assert 3 in got, "test 3: weights 4 + 4 against 3; nothing returned, no vote"
        assert got == [0, 1, 3], f"wanted [0, 1, 3], got {got}"
        got = kept(trusted([[1, 5], [2, 5], [2, 6], [3, 6]], [2, 7]))
        assert got == [0], f"wanted [0]: weights 4 against 1 and 1, got {got}"
        split = [[1, 7], [1, 7], [2, 7], [3, 7], [4, 7]]
        got = kept(trusted(split, [1, 7]))
        assert 0 not in got, "a weight of 10 of 22 is less than half"
        assert got == [1], f"wanted [1], got {got}"
        silent = [[1, 5, 6], [1, 7, 8], [2, None, None], [2, None, None]]
        got = kept(trusted(silent, [2, 0, 0]))
        assert got == [], "two programs that returned nothing do not agree in that"
        got = kept(trusted([[True], [True], [1]], [1]))
        assert got == [], "True and 1 are different values"
        with hint(reason := "values may be lists"):
            assert kept(trusted([[[1, 2]], [[1, 2]]], [[1, 2]])) == [0], reason

    report("6.6", test, trusted)


def ex_6_7(screened) -> None:
    """The judge's score in strict form, minus infinity elsewhere."""

    def test(screened):
        neat = "<think>2+2=4</think><answer>4</answer>"
        for score in (2.5, 0.0, -3.5):
            got = number(screened(neat, score))
            assert got == score, f"in strict form the score stays {score}, not {got}"
        for broken, reason in (
            ("4", "no tags"),
            ("<think></think><answer>4</answer>", "nothing is thought"),
            ("<think>2+2=4</think><answer>4", "never closed"),
            (f"{neat} yes", "something follows the answer"),
        ):
            got = number(screened(broken, 2.5))
            assert got != 0, f"{broken}: 0 beats a score below 0; return -math.inf"
            assert got == -math.inf, f"{broken}: -inf ({reason}), not {got}"

    report("6.7", test, screened)
