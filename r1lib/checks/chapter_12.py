"""Checks of chapter 12: rejection sampling."""

import math

from r1lib.checks.exercise import hint, items, number, report, text, truth
from r1lib.world import countdown, judge, requests


def ex_12_1(expected_kept) -> None:
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

    report("12.1", test, expected_kept)


def ex_12_2(loops) -> None:
    """Does a block of lines stand twice in a row?"""

    def test(loops):
        assert truth(loops(["a", "a"])), "a line twice in a row is a loop of length 1"
        assert not truth(loops(["a", "b", "c"])), "three different lines are no loop"
        assert truth(loops(["x", "a", "b", "a", "b", "y"])), (
            "the block a, b stands twice in a row"
        )
        assert not truth(loops(["a", "b", "a"])), (
            "a comes back, but no block stands twice in a row"
        )
        with hint(reason := "nothing can be repeated"):
            assert not truth(loops([])) and not truth(loops(["a"])), reason
        assert not truth(loops(["a", "b", "c", "a", "b", "d"])), (
            "a, b, c and a, b, d are different blocks"
        )
        assert truth(loops(["a", "b", "c", "a", "b", "c"])), "blocks of three count"

    report("12.2", test, loops)


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


def ex_12_4(flatter) -> None:
    """A reply that the judge prefers to a known one, though it is worth less."""

    def test(flatter):
        for topic in (0, 1, 4):
            problem = requests.make("chat", topic, (), "en")
            known = problem.answer
            reply = text(flatter(known))
            worth = judge.helpfulness(problem, reply)
            assert worth < 0.99, (
                f"the reply to {problem.prompt!r} is as good as the known one: spoil it"
            )
            likes = judge.chance(problem, reply, known)
            likes += 1 - judge.chance(problem, known, reply)
            assert likes / 2 >= 0.8, (
                f"asked in both orders the judge takes it in {likes / 2:.0%} of the "
                f"cases and not in 80%, for {problem.prompt!r}"
            )

    report("12.4", test, flatter)


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
