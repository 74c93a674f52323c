"""Claims about the script that reads attempts at countdown out of completions."""

from r1lib.world import countdown
from results import reach

PROBLEM = countdown.make((3, 5, 8, 2), 19, "en")


def read(line):
    text = f"<think>{line}\n</think><answer>1</answer>"
    return [(one["kind"], one["sums"]) for one in reach.attempts(PROBLEM, text)]


def test_an_attempt_is_told_by_the_numbers_it_uses():
    assert read("8*5=40,-3=37,-2=35~19=16 no") == [("whole", True)]
    assert read("again 8*5=40,-3=37,-2=35~19=16 no") == [("whole", True)]
    assert read("8*5=40,-3=37~19=18 no") == [("fewer", True)]
    assert read("8*5=40,-3=37,-3=34~19=15 no") == [("other", True)]
    assert read("8*5=40,-3=37,-9=28~19=9 no") == [("other", True)]


def test_a_sum_is_right_only_if_every_step_is():
    assert read("8*5=40,-3=36,-2=34~19=15 no") == [("whole", False)]
    assert read("8*5=41,-3=38,-2=36~19=17 no") == [("whole", False)]


def test_what_is_no_attempt_is_not_counted():
    assert read("let me see") == [] and read("8*5=40,-3=37,-2=35") == []
    assert len(read("8+5=13~19=6 no\n8*5=40~19=21 no")) == 2
