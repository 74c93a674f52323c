"""Checks of chapter 15: did it work?"""

from itertools import combinations
from math import comb

from r1lib.checks.exercise import hint, items, number, report
from r1lib.world.contamination import ngrams


def ex_15_1(at_least_two) -> None:
    """Chance that k of n samples, c of them right, hold at least two right ones."""

    def test(at_least_two):
        for n, c, k in ((4, 2, 2), (6, 3, 4), (8, 1, 5), (5, 5, 2), (6, 2, 1)):
            samples = [1] * c + [0] * (n - c)
            drawn = list(combinations(samples, k))
            wanted = sum(sum(row) >= 2 for row in drawn) / len(drawn)
            got = number(at_least_two(n, c, k))
            one = 1 - comb(n - c, k) / comb(n, k)
            case = f"n={n}, c={c}, k={k}"
            assert abs(got - wanted) < 1e-6 or abs(got - one) > 1e-6, (
                f"{got:.3f} for {case} is pass@k: it counts draws with one right sample"
            )
            assert abs(got - wanted) < 1e-6, (
                f"wanted {wanted:.3f} for {case}, not {got}"
            )

    report("15.1", test, at_least_two)


def ex_15_2(spread) -> None:
    """Standard error of the mean of problems, from rows of samples."""

    def test(spread):
        rows = [[1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]]
        got = number(spread(rows))
        assert abs(got - (0.25 * 16 / 15 / 16) ** 0.5) > 1e-3, (
            "that takes the 16 samples for 16 problems; average each row first"
        )
        assert abs(got - 0.25) > 1e-6, "divide by N - 1, not by N, in the variance"
        assert abs(got - (1 / 12) ** 0.5) < 1e-6, (
            f"rows with means 1, 0, 1, 0 have a standard error of 0.289, not {got:.3f}"
        )
        assert abs(number(spread([[1, 0], [0, 1], [1, 0]]))) < 1e-6, (
            "problems with equal means have no spread between them"
        )

    report("15.2", test, spread)


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
        assert got == 97, f"a gain of 0.1 with spread 0.5 wants 97 problems, not {got}"
        assert number(needed(0.05, 0.5)) == 385, (
            "half the gain wants four times the problems"
        )
        assert number(needed(0.1, 0.2)) == 16, "a smaller spread wants fewer problems"
        assert number(needed(-0.1, 0.5)) == 97, "a loss is as hard to see as a gain"
        reason = "no gain can never be seen: raise ValueError"
        try:
            with hint(reason):
                needed(0.0, 0.5)
        except ValueError:
            return
        raise AssertionError(reason)

    report("15.5", test, needed, may_be_none=True)


def ex_15_6(luck) -> None:
    """pass@k of a model that guesses among m answers."""

    def test(luck):
        got = number(luck(2, 2))
        assert abs(got - 1.0) > 1e-6, (
            "two guesses may be the same one: 1 minus the chance that all are wrong"
        )
        assert abs(got - 0.75) < 1e-6, f"a coin, two guesses: 0.75, not {got}"
        got = number(luck(5, 1))
        assert abs(got - 0.2) < 1e-6, f"one guess among five: 0.2, not {got}"
        wanted = 1 - (9 / 10) ** 16
        got = number(luck(10, 16))
        assert abs(got - wanted) < 1e-6, f"{wanted:.3f} for m=10, k=16, not {got}"

    report("15.6", test, luck)


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
