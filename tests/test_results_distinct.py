"""The control that may not do a sum twice, on scripted lines."""

from r1lib.problem import Problem
from r1lib.search.paths import Continuation
from results import distinct

GAME = Problem("countdown", "easy", "en", "1 2 3", "", "")


class Scripted:
    """Hands out the same candidates for every completion, one row a call."""

    def __init__(self, *calls: list[str]):
        self.calls = iter(calls)

    def batch(self, prefixes, n, until):
        lines = next(self.calls)
        assert n == distinct.TRIES and until == "\n"
        ends = ["until" if line.endswith("\n") else "stop" for line in lines]
        row = [Continuation(t, 4, end) for t, end in zip(lines, ends, strict=True)]
        return [row for _ in prefixes]


def grown(*calls: list[str], most: int = 100) -> distinct.Growing:
    row, ask = distinct.Growing(GAME), Scripted(*calls)
    for _ in calls:
        distinct.grow([row], [ask], most)
    return row


def test_a_sum_is_never_done_twice_with_the_word_or_without():
    row = grown(
        ["1+2=3~3=0 no\n"],
        ["1+2=3~3=0 no\n", "again 1+2=3~4=1 no\n", "2+2=4~4=0 yes\n", "5-2=3 no\n"],
    )
    assert row.text == "<think>1+2=3~3=0 no\n2+2=4~4=0 yes\n"
    assert row.stuck == 0 and row.tokens == 8


def test_a_check_of_a_sum_is_no_second_sum():
    row = grown(["1+2=3\n"], ["1+2=3\n", "1+2=3~3=0 yes\n"])
    assert row.text == "<think>1+2=3\n1+2=3~3=0 yes\n" and row.stuck == 0


def test_a_thought_ends_only_behind_a_yes():
    end = "</think><answer>1+2</answer>"
    assert grown(["1+2=3~4=1 no\n"], [end, "2+2=4 no\n"]).text.endswith("2+2=4 no\n")
    row = grown(["1+2=3~3=0 yes\n"], [end])
    assert row.text.endswith(end) and row.ended and row.stuck == 0


def test_where_every_line_is_forbidden_the_last_is_kept_and_counted():
    row = grown(["1+2=3 no\n"], ["1+2=3 no\n", "again 1+2=3 no\n"])
    assert row.stuck == 1 and row.text.endswith("again 1+2=3 no\n")


def test_a_bolder_policy_is_asked_before_that():
    row = grown(["1+2=3 no\n"])
    shy, bold = Scripted(["1+2=3 no\n"] * 2), Scripted(["1+2=3 no\n", "2+2=4 no\n"])
    distinct.grow([row], [shy, bold], 100)
    assert row.stuck == 0 and row.text.endswith("2+2=4 no\n")


def test_a_completion_without_room_is_not_gone_on_with():
    row = grown(["1+2=3 no\n"], ["2+2=4 no\n"], most=4)
    assert row.ended and row.text == "<think>1+2=3 no\n"


def test_what_is_written_as_the_answer_is_not_a_sum():
    row = grown(["1+2=3~3=0 yes\n"], ["</think><answer>1+2"], ["=3</answer>"])
    assert row.done == {("1+2=3", True)}
