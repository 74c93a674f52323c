"""Checks of chapter 12: rejection sampling."""

import math

from r1lib.checks.exercise import hint, items, number, report, truth
from r1lib.world import countdown


def ex_12_1(few_slips) -> None:
    """A filter that keeps rows with few false lines."""

    def test(few_slips):
        texts = ("8-3=5,*7=35~35=0", "8-3=6", "no tape", "8-3=6\n8+3=11~40=28\n8-3=5")
        rows = [{"completion": text} for text in texts]
        keep = few_slips(0)
        assert callable(keep), (
            "few_slips(0) is a filter: return a function that gets the rows"
        )
        got = items(keep(rows))
        assert len(got) == 4, (
            f"a filter says of each row whether to keep it: 4 rows, not {len(got)}"
        )
        got = [truth(verdict) for verdict in got]
        assert got != [False, True, False, True], "that keeps what it should remove"
        assert got == [True, False, True, False], (
            f"8-3=6 is a slip, and a text without a tape has none: {got}"
        )
        got = [truth(verdict) for verdict in items(few_slips(1)(rows))]
        assert got == [True, True, True, False], (
            "few_slips(1) keeps a row with one slip, and removes one with two"
        )
        got = [truth(verdict) for verdict in items(few_slips(2)(rows))]
        assert all(got), "two slips are at most 2: use `most`"

    report("12.1", test, few_slips)


def ex_12_2(expected_kept) -> None:
    """How many of k samples are kept on average, at most `keep`."""

    def test(expected_kept):
        got = number(expected_kept(0.5, 1, 1))
        assert abs(got - 0.5) < 1e-6, "one sample, right half of the time: 0.5"
        got = number(expected_kept(0.25, 8, 8))
        assert abs(got - 2.0) < 1e-6, "without a cap the mean of k samples is k times p"
        got = number(expected_kept(0.5, 2, 1))
        assert abs(got - 1.0) > 1e-6, "that ignores the cap: at most `keep` are kept"
        assert abs(got - 0.75) < 1e-6, (
            f"two samples, p = 0.5, keep 1: 0.75 on average, not {got:.3f}"
        )
        got = number(expected_kept(1.0, 8, 4))
        assert abs(got - 4) < 1e-6, "always right, 8 samples, keep 4: 4"
        assert abs(number(expected_kept(0.0, 8, 4))) < 1e-6, "never right: 0"
        wanted = sum(
            min(c, 3) * math.comb(6, c) * 0.3**c * 0.7 ** (6 - c) for c in range(7)
        )
        got = number(expected_kept(0.3, 6, 3))
        assert abs(got - wanted) < 1e-6, f"p = 0.3, k = 6, keep 3: {wanted:.4f}"

    report("12.2", test, expected_kept)


def ex_12_3(general_rows) -> None:
    """How many general rows make a given ratio in tokens."""

    def test(general_rows):
        got = number(general_rows([30, 30, 30], [10, 10, 10, 10, 10], 3.0))
        assert got == 3, (
            f"90 tokens want 30 general ones: 3 rows of 10, not {got}; count tokens, "
            "not rows"
        )
        got = number(general_rows([60], [5, 5, 5, 5, 5, 5], 3.0))
        assert got == 4, f"60 tokens want 20 general ones: 4 rows of 5, not {got}"
        assert number(general_rows([30], [6, 6, 6], 3.0)) == 2, (
            "10 tokens are wanted: two rows give 12 and one gives 6, and 12 is nearer"
        )
        with hint(reason := "where there are too few rows, all of them are the best"):
            assert number(general_rows([300], [10, 10], 3.0)) == 2, reason
        assert number(general_rows([40], [8, 8], 1.0)) == 2, (
            "use the ratio that is given"
        )
        assert number(general_rows([30], [8, 8, 8], 3.0)) == 1, (
            "8 is nearer to 10 than 16 is"
        )
        assert number(general_rows([60], [2, 3, 14, 30], 3.0)) == 3, (
            "rows differ: 2 + 3 + 14 is nearest to 20"
        )

    report("12.3", test, general_rows)


def ex_12_4(clean) -> None:
    """Is every word in the language, words of Python aside?"""

    def test(clean):
        assert truth(clean("맞아", "ko")), "one Korean word is Korean"
        assert not truth(clean("맞아 yes", "ko")), "yes is no Korean and no Python"
        program = "def solve(xs): return [x for x in xs if x]"
        assert truth(clean(f"맞아 {program}", "ko")), (
            "return, for, in and if are words of Python: look in keyword.kwlist"
        )
        assert truth(clean("while not None: pass", "ko")), "take all words of Python"
        assert truth(clean("yes, it fits", "en")), "English words are English"
        assert not truth(clean("yes 맞아", "en")), "맞아 is not English: use `language`"
        with hint(reason := "where no word is left, nothing is in another language"):
            assert truth(clean("8-3=5", "ko")) and truth(clean("", "en")), reason
        assert not truth(clean("맞아 returned", "ko")), (
            "returned is no word of Python: compare whole words"
        )

    report("12.4", test, clean)


def ex_12_5(leaks) -> None:
    """Find training rows that are held-out problems in another order or language."""

    def test(leaks):
        held = [
            countdown.make((3, 7, 8), 35, "en"),
            countdown.make((2, 5, 9), 19, "en"),
        ]
        same = countdown.make((3, 7, 8), 35, "en").prompt
        turned = countdown.make((8, 3, 7), 35, "ko").prompt
        other = countdown.make((3, 7, 8), 29, "en").prompt
        swapped = countdown.make((3, 7, 9), 35, "ko").prompt
        held_prompts = [problem.prompt for problem in held]
        assert items(leaks([same], held_prompts)) == [same], (
            "that is the very same prompt"
        )
        assert items(leaks([turned], held_prompts)) == [turned], (
            f"{turned!r} asks for what {same!r} asks for"
        )
        assert items(leaks([other], held_prompts)) == [], (
            "another target, another problem"
        )
        assert items(leaks([swapped], held_prompts)) == [], (
            "another number, another problem"
        )
        twice = countdown.make((3, 3, 8), 8, "en").prompt
        held_twice = [countdown.make((3, 8, 8), 8, "en").prompt]
        assert items(leaks([twice], held_twice)) == [], (
            "which number stands twice matters"
        )
        held_turned = [countdown.make((3, 7, 35), 8, "en").prompt]
        assert (
            items(leaks([countdown.make((3, 7, 8), 35, "en").prompt], held_turned))
            == []
        ), "the target is not one of the numbers"
        rows = [other, turned, swapped, same]
        assert items(leaks(rows, held_prompts)) == [turned, same], (
            "keep the order of the rows"
        )

    report("12.5", test, leaks)


def ex_12_6(hardest) -> None:
    """The rows of the prompts with the lowest pass rate."""

    def test(hardest):
        def named(prompt, completion=""):
            return {"prompt": prompt, "completion": completion}

        rows = [named("x"), named("y"), named("z")]
        rate = {"x": 0.5, "y": 0.25, "z": 1.0}
        got = items(hardest(rows, rate, 1))
        assert rows == [named("x"), named("y"), named("z")], (
            "leave the list that you are given as it is"
        )
        assert got != [rows[2]], "a low pass rate is hard: z is the easiest prompt"
        assert got == [rows[1]], "n = 1 takes the row of y, which is solved least often"
        assert items(hardest(rows, rate, 2)) == [rows[1], rows[0]], (
            "n = 2 takes y and then x: the hardest first"
        )
        twice = [named("x", "1"), named("y", "1"), named("x", "2"), named("y", "2")]
        got = items(hardest(twice, rate, 3))
        assert got == [twice[1], twice[3], twice[0]], (
            "rows of one rate keep their order, and all rows of a prompt count"
        )
        with hint(reason := "where there are fewer than n rows, take all"):
            assert len(items(hardest(rows, rate, 9))) == 3, reason

    report("12.6", test, hardest)


def ex_12_7(chance_kept) -> None:
    """The probability that a judge, asked twice in each order, keeps a sample."""

    def judge(first, second):
        """Chances that the sample is taken, and the known reply, where shown first."""
        return lambda a, b: first if (a, b) == ("sample", "known") else second

    def test(chance_kept):
        got = number(chance_kept(judge(0.5, 0.5), "sample", "known"))
        assert abs(got - 5 / 16) > 1e-6, "two wins of four are enough, not three"
        assert abs(got - 11 / 16) < 1e-6, (
            f"a coin keeps 11 of 16 samples, not {got:.4f}"
        )
        got = number(chance_kept(judge(0.0, 1.0), "sample", "known"))
        assert abs(got) < 1e-6, (
            "a judge that always takes the known reply keeps nothing: "
            "prefers(known, sample) is the probability that the known reply wins"
        )
        got = number(chance_kept(judge(1.0, 1.0), "sample", "known"))
        assert abs(got - 1) < 1e-6, (
            "a judge that always takes the first gives two wins, no more and no less: "
            f"kept for sure, not {got:.4f}; the two orders have chances of their own"
        )
        got = number(chance_kept(judge(1.0, 0.0), "sample", "known"))
        assert abs(got - 1) < 1e-6, "a sample that always wins is always kept"
        for first, second in ((0.9, 0.6), (0.2, 0.3)):
            p, q = first, 1 - second
            lost = (1 - p) ** 2 * (1 - q) ** 2 + 2 * p * (1 - p) * (1 - q) ** 2
            wanted = 1 - lost - 2 * q * (1 - q) * (1 - p) ** 2
            got = number(chance_kept(judge(first, second), "sample", "known"))
            assert abs(got - wanted) < 1e-6, (
                f"prefers(sample, known) = {first} and prefers(known, sample) = "
                f"{second} keep it with {wanted:.4f}, not {got:.4f}"
            )

    report("12.7", test, chance_kept)
