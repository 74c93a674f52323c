"""Checks of chapter 15: did it work?"""

from r1lib.checks.exercise import hint, items, number, report, shown, truth
from r1lib.world.contamination import ngrams


def ex_15_1(agreed) -> None:
    """The vote of samples, or None where too few of them agree."""

    def test(agreed):
        def vote(ballots, least):
            got = agreed(ballots, least)
            fine = got is None or isinstance(got, str)
            assert fine, f"return one of the answers or None, not {shown(got)}"
            return got

        got = vote(["35", None, "8", "35"], 2)
        assert got == "35", f"35 has two votes and 8 has one: '35', not {got!r}"
        got = vote(["35", None, "8", "35"], 3)
        assert got is None, f"two votes where three are asked for: None, not {got!r}"
        got = vote([None, None, None, "8"], 1)
        assert got == "8", f"None is no vote, even three of them: '8', not {got!r}"
        got = vote(["8", "35", "8", "35"], 2)
        assert got is None, f"two answers share the first place: None, not {got!r}"
        reason = "where nobody votes there is no answer: None"
        with hint(reason):
            got = vote([None, None], 1)
        assert got is None, reason
        got = vote(["1", "2", "2", "3", "3", "3"], 3)
        assert got == "3", f"3 has the most votes: '3', not {got!r}"

    report("15.1", test, agreed, may_be_none=True)


def ex_15_2(standard_error) -> None:
    """Standard error of the mean of problems, from rows of samples."""

    def test(standard_error):
        rows = [[1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]]
        got = number(standard_error(rows))
        assert abs(got - (0.25 * 16 / 15 / 16) ** 0.5) > 1e-3, (
            "that takes the 16 samples for 16 problems; average each row first"
        )
        assert abs(got - 0.25) > 1e-6, "divide by N - 1, not by N, in the variance"
        assert abs(got - (1 / 12) ** 0.5) < 1e-6, (
            f"rows with means 1, 0, 1, 0 have a standard error of 0.289, not {got:.3f}"
        )
        assert abs(number(standard_error([[1, 0], [0, 1], [1, 0]]))) < 1e-6, (
            "problems with equal means have no spread between them"
        )

    report("15.2", test, standard_error)


def ex_15_3(sign_test) -> None:
    """Two-sided exact p-value of so many wins and losses; ties are left out."""

    def test(sign_test):
        before, after = [0, 0, 1, 0, 1, 0], [1, 1, 1, 1, 1, 1]
        got = number(sign_test(before, after))
        assert abs(got - 0.0625) > 1e-6, "two-sided: as extreme in either direction"
        assert abs(got - 0.125) < 1e-6, (
            f"4 wins, 0 losses and 2 ties have p = 2/16 = 0.125, not {got}"
        )
        assert abs(number(sign_test(after, before)) - 0.125) < 1e-6, (
            "losses count like wins"
        )
        got = number(sign_test([0, 1, 0, 1], [1, 0, 1, 0]))
        assert abs(got - 1.0) < 1e-6, f"2 wins and 2 losses have p = 1, not {got}"
        with hint(reason := "nothing but ties: p is 1"):
            got = number(sign_test([1, 1], [1, 1]), nan=reason)
        assert abs(got - 1.0) < 1e-6, reason
        got = number(sign_test([0] * 9 + [1], [1] * 9 + [0]))
        assert abs(got - 22 / 1024) < 1e-6, f"9 wins, 1 loss: p = 22/1024, not {got}"

    report("15.3", test, sign_test)


def ex_15_4(suspicious) -> None:
    """Test texts that share an n-gram with training texts, but not with every one."""

    def test(suspicious):
        train = ["a b c d", "a b c e", "a b c f", "x y z"]
        tests = ["q a b c", "x y z", "c d e", "w"]
        plain = [t for t in tests if any(ngrams(t, 3) & ngrams(s, 3) for s in train)]
        got = items(suspicious(train, tests, 3, 2))
        assert got != plain, "'a b c' is in three training texts: that is a formula"
        assert got == ["x y z"], f"with n=3 and at most 2 texts: ['x y z'], not {got}"
        assert items(suspicious(train, tests, 3, 3)) == plain, (
            "with at most 3 texts the formula counts again"
        )
        assert items(suspicious(train, ["c d"], 2, 1)) == ["c d"], (
            "the length n is given"
        )
        assert items(suspicious(["a b a b a b"], ["a b"], 2, 1)) == ["a b"], (
            "count training texts, not occurrences"
        )

    report("15.4", test, suspicious)


def ex_15_5(needed) -> None:
    """Problems for which the half-width of an interval is at most the gain."""

    def test(needed):
        got = number(needed(0.1, 0.5))
        assert got != 96, "round up: part of a problem is none"
        assert got == 97, f"a gain of 0.1 with sd 0.5 wants 97 problems, not {got}"
        assert number(needed(0.05, 0.5)) == 385, (
            "half the gain wants four times the problems"
        )
        assert number(needed(0.1, 0.2)) == 16, "a smaller sd wants fewer problems"
        assert number(needed(-0.1, 0.5)) == 97, "a loss is as hard to see as a gain"
        reason = "no gain can never be seen: raise ValueError"
        try:
            with hint(reason):
                needed(0.0, 0.5)
        except ValueError:
            return
        raise AssertionError(reason)

    report("15.5", test, needed, may_be_none=True)


STEPS = {  # gains of three seeds, and whether the step is clear
    "A": ((0.10, 0.11, 0.12), True, "every seed gains nearly the same"),
    "B": ((0.02, 0.10, 0.18), False, "all seeds gain, yet they differ too much"),
    "C": ((0.02, 0.02, 0.02), False, "average the seeds first: there are 40 problems"),
    "D": ((-0.05, -0.06, -0.07), True, "a clear loss is clear, too"),
    "E": ((0.00, 0.30, 0.30), False, "a large mean, but a seed gains nothing"),
}


def ex_15_6(clear) -> None:
    """Clear or tie, from three seeds of values of the same problems."""

    def test(clear):
        before = [[0.5] * 40] * 3
        for name, (gains, wanted, reason) in STEPS.items():
            after = [[0.5 + g + 0.1 * (-1) ** i for i in range(40)] for g in gains]
            got = truth(clear(before, after))
            said = "clear" if wanted else "a tie"
            assert got == wanted, f"step {name} is {said}: {reason}"
        hard, easy = [[0.0, 1.0] * 20] * 3, [[0.1, 1.1] * 20] * 3
        with hint(reason := "subtract problem by problem before anything else"):
            got = truth(clear(hard, easy))
        assert got, reason

    report("15.6", test, clear)


def ex_15_7(loop) -> None:
    """Length of the loop at the end of a thought, in lines; 0 for none."""

    def test(loop):
        for lines, wanted, reason in (
            ("abb", 1, "the last line was written twice"),
            ("abcbc", 2, "the last two lines equal the two before them"),
            ("abcabc", 3, "all of it, twice"),
            ("aaaa", 1, "the smallest p: one line is a loop already"),
            ("abab", 2, "two lines, twice"),
            ("abcb", 0, "a line came back, but the lines before it differ"),
            ("aab", 0, "the loop was left"),
            ("ab", 0, "nothing is repeated"),
            ("a", 0, "one line alone"),
            ("", 0, "no lines"),
        ):
            with hint(f"{list(lines)}: {wanted} ({reason})"):
                got = number(loop(list(lines)))
            assert got == wanted, f"{list(lines)}: {wanted}, not {got} ({reason})"

    report("15.7", test, loop)
