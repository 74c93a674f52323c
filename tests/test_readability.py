"""Claims about readability: five explicit marks, each of which can fall alone."""

import random

import pytest
from test_requests import HOSTILE

from r1lib import rewards
from r1lib.problem import LANGUAGES, STYLES, problems
from r1lib.tokenizer import chat
from r1lib.world import corpus, countdown, readability

EN, KO = (countdown.make([3, 5, 2], 16, language) for language in LANGUAGES)
READS = "<think>I try 3+5=8,*2=16: yes, that is it\n</think><answer>(3+5)*2</answer>"


def test_thinking_that_reads_well_gets_one():
    assert readability.readability(EN, READS) == 1.0
    korean = "<think>먼저 3+5=8,*2=16 맞아\n</think><answer>(3+5)*2</answer>"
    assert readability.readability(KO, korean) == 1.0
    assert readability.marks(KO, READS)["language"] == 0.0


FALLS = [
    ("language", "<think>We try 3+5=8 yes 맞아\n</think>8", 3 / 4),
    ("fresh", "<think>We try 3\nWe try 3\nWe try 5\nagain We try 5\n</think>8", 2 / 4),
    ("short", "<think>I try it\nand " + "it is " * 20 + "\n</think>8", 1 / 2),
    ("worded", "<think>I try it\n3+5=8\n3+5=9 no\n</think>8", 1.5 / 3),
    ("finished", "<think>I try it\n", 0.0),
]


@pytest.mark.parametrize("name, text, expected", FALLS)
def test_each_mark_falls_alone(name, text, expected):
    found = readability.marks(EN, text)
    assert found.pop(name) == pytest.approx(expected)
    assert set(found.values()) == {1.0}
    whole = readability.readability(EN, text)
    assert whole == pytest.approx((4 + expected) / 5)


def test_who_does_not_think_has_nothing_to_read_and_mixes_nothing():
    for text in ("", "8", "<answer>8 맞아</answer>", "<think>\n </think>8"):
        assert set(readability.marks(EN, text).values()) == {0.0}
        assert readability.mixed_share(EN, text) == 0.0


def test_mixed_share_is_what_consistency_leaves():
    rng, habits, mixed = random.Random(0), corpus.Habits(switch=0.5), 0
    for problem in problems(countdown.sample, 60, 0, "train"):
        for style in STYLES:
            text = corpus.trace(rng, problem, style, habits)
            share = readability.mixed_share(problem, text)
            assert 0.0 <= share <= 1.0
            if chat.thinking(text):
                assert share == 1 - rewards.language_consistency(problem, text)
            else:
                assert share == 0.0
            mixed += share > 0
    assert mixed > 30


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_stays_in_bounds(text):
    for whole in (text, f"<think>{text}", f"<think>{text}\n{text}</think>{text}"):
        for problem in (EN, KO):
            assert 0.0 <= readability.mixed_share(problem, whole) <= 1.0
            for value in readability.marks(problem, whole).values():
                assert 0.0 <= value <= 1.0
