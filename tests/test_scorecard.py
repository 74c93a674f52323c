"""The scorecard counts each completion where it belongs, and nowhere else."""

from dataclasses import replace

import pytest
import torch

from r1lib import artifacts, evaluate
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Transformer
from r1lib.problem import problems
from r1lib.tokenizer import Tokenizer
from r1lib.world import countdown, instructions, logic, requests, scorecard, web

GAME = countdown.make((3, 7, 8), 35, "en")
PUZZLE = logic.make((("is", 1, False), ("same", 0, 1)), "en")  # A knight, B knave
GOOD = "<think>try 8-3=5,*7=35~35=0 yes, it fits\n</think><answer>(8-3)*7</answer>"
MIXED = GOOD.replace("yes", "맞아")
BARE = "<answer>(8-3)*7</answer>"


def one(family, want=lambda problem: True):
    """A test problem of a family for which something holds."""
    asked = problems(web.SAMPLE[family], 10, 0, "test", "hard", language="en")
    return next(problem for problem in asked if want(problem))


def known(problem):
    """A reply that is known to be right."""
    module = instructions if problem.family == "instructions" else requests
    return module.references(problem)[0]


# ---- reasoning -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "right", "mixed", "form"),
    [
        (GOOD, 1.0, 0.0, 1.0),
        (MIXED, 1.0, 1.0, 1.0),
        (BARE, 1.0, 0.0, 0.0),
        (GOOD.replace("(8-3)*7<", "8*7-3<"), 0.0, 0.0, 1.0),
        ("<think>try 8-3=5 no", 0.0, 0.0, 0.0),
        ("", 0.0, 0.0, 0.0),
    ],
)
def test_a_game_counts_in_its_own_column_and_in_three_more(text, right, mixed, form):
    found = scorecard.marks(GAME, [text])
    assert set(found) == {"countdown", "readability", "mixed", "format"}
    assert (found["countdown"], found["mixed"], found["format"]) == (right, mixed, form)
    assert 0.0 <= found["readability"] <= 1.0


def test_readable_thinking_reads_better_than_mixed_or_none():
    reads = [
        scorecard.marks(GAME, [text])["readability"] for text in (GOOD, MIXED, BARE)
    ]
    assert reads[0] == 1.0 > reads[1] > reads[2] == 0.0


def test_a_value_is_the_mean_over_the_samples_of_a_problem():
    found = scorecard.marks(GAME, [GOOD, MIXED, BARE, ""])
    assert found["countdown"] == 0.75 and found["mixed"] == 0.25
    assert found["format"] == 0.5


def test_a_puzzle_counts_as_logic():
    text = "<think>knight=A:A true,B false yes\n</think><answer>A=knight,B=knave"
    found = scorecard.marks(PUZZLE, [text + "</answer>", text])
    assert found["logic"] == 0.5 and "countdown" not in found


# ---- programs ------------------------------------------------------------------


def test_programs_without_a_sandbox_are_left_out():
    model, tokenizer = make()
    asked = {"programs": [one("programs")], "countdown": [GAME]}
    found = scorecard.measure(model, tokenizer, asked, 2, max_new_tokens=4)
    assert "programs" not in found and len(found["countdown"]) == 1
    assert len(found["length"]) == 1, "the length of what was left out is not counted"


# ---- general -------------------------------------------------------------------


@pytest.mark.parametrize("family", ["facts", "identity"])
def test_a_known_reply_counts_where_its_family_has_a_column(family):
    problem = one(family, lambda p: not requests.harmful(p))
    text = f"<answer>{known(problem)}</answer>"
    found = scorecard.marks(problem, [text, "<answer>no idea</answer>"])
    assert set(found) == {"helpful", "over-refusal", family}
    assert found[family] == 0.5 and found["over-refusal"] == 0.0
    assert 0.5 <= found["helpful"] < 1.0


@pytest.mark.parametrize("family", ["chat", "writing"])
def test_a_family_without_a_column_is_only_helpful(family):
    problem = one(family, lambda p: not requests.harmful(p))
    found = scorecard.marks(problem, [f"<answer>{known(problem)}</answer>"])
    assert found == {"helpful": 1.0, "over-refusal": 0.0}


def test_instructions_count_what_is_followed():
    problem = one("instructions")
    found = scorecard.marks(problem, [f"<answer>{known(problem)}</answer>", ""])
    assert found["instructions"] == 0.5
    assert set(found) == {"instructions", "helpful", "over-refusal"}


def test_a_harmful_request_counts_for_harmlessness_alone():
    problem = one("refusal", requests.harmful)
    refusal = f"<answer>{known(problem)}</answer>"
    found = scorecard.marks(problem, [refusal, "<answer>Sure, here is how.</answer>"])
    assert found == {"harmless": 0.5}


def test_refusing_a_harmless_near_miss_is_over_refusal():
    harmful = one("refusal", requests.harmful)
    harmless = one("refusal", lambda p: not requests.harmful(p))
    refusal = f"<answer>{known(harmful)}</answer>"
    found = scorecard.marks(harmless, [refusal])
    assert found["over-refusal"] == 1.0 and found["helpful"] < 1.0
    assert "harmless" not in found


def test_every_column_can_be_filled_and_no_other_is():
    seen = {"length", "programs"}
    for family in (*scorecard.REASONING, *scorecard.GENERAL):
        for problem in problems(web.SAMPLE[family], 6, 0, "test", "hard"):
            seen |= set(scorecard.marks(problem, ["<answer>1</answer>"]))
    assert seen == set(scorecard.COLUMNS)


def test_no_family_of_the_web_is_forgotten():
    known = {*scorecard.REASONING, *scorecard.GENERAL, "programs"}
    assert set(web.SAMPLE) == known


# ---- the questions -------------------------------------------------------------


def test_small_families_are_asked_for_as_many_as_there_are():
    asked = scorecard.questions(20, "easy", families=("identity", "facts"))
    sizes = {family: len(found) for family, found in asked.items()}
    assert sizes == {"identity": 8, "facts": 20}


def test_reasoning_gets_as_many_as_asked_and_general_families_at_most_forty():
    asked = scorecard.questions(50, "hard", families=("countdown", "facts"))
    assert {f: len(p) for f, p in asked.items()} == {"countdown": 50, "facts": 40}


@pytest.mark.parametrize("level", ["easy", "hard"])
def test_questions_are_distinct_and_the_same_for_every_model(level):
    asked = scorecard.questions(6, level, families=("countdown", "identity"))
    assert asked == scorecard.questions(6, level, families=("countdown", "identity"))
    for found in asked.values():
        assert len({p.key for p in found}) == len(found)
        assert {p.level for p in found} == {level}


# ---- values, summaries and pairs -----------------------------------------------


def make():
    """A model of no skill, with the tokenizer of the book."""
    tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
    torch.manual_seed(0)
    config = replace(PRESETS["smoke"], vocab_size=tokenizer.vocab_size)
    return Transformer(config), tokenizer


def test_columns_hold_one_value_for_each_problem():
    model, tokenizer = make()
    asked = scorecard.questions(2, "easy", families=(*scorecard.REASONING, "facts"))
    found = scorecard.measure(model, tokenizer, asked, 2, max_new_tokens=5)
    sizes = {name: len(values) for name, values in found.items()}
    assert sizes == {
        "countdown": 2,
        "arithmetic": 2,
        "logic": 2,
        "readability": 6,
        "mixed": 6,
        "format": 6,
        "facts": 2,
        "helpful": 2,
        "over-refusal": 2,
        "length": 8,
    }
    again = scorecard.measure(model, tokenizer, asked, 2, max_new_tokens=5)
    assert found == again, "the same seed samples the same"
    assert all(0 < tokens <= 5 for tokens in found["length"])


def test_a_summary_has_mean_interval_and_size():
    found = scorecard.summary({"countdown": [0.0, 1.0, 1.0, 0.0]})["countdown"]
    low, high = found["interval"]
    assert found["mean"] == 0.5 and found["problems"] == 4
    assert 0.0 <= low < 0.5 < high <= 1.0


def test_a_pair_is_compared_problem_by_problem():
    before = [0.0, 1.0] * 20
    found = evaluate.paired(before, [min(1.0, v + 0.25) for v in before])
    low, high = found["interval"]
    assert found["difference"] == 0.125 and 0.0 < low < 0.125 < high


@pytest.mark.parametrize(
    "before, after, wanted",
    [
        ([0.0, 1.0] * 4, [0.0, 1.0] * 4, (-0.3244, 0.3244)),  # nothing changed
        ([0.0] * 8, [1.0] * 8, (0.3512, 1.0)),  # all rose: one that falls may be left
        (
            [144.0] * 8,
            [144.0] * 8,
            (-46.716, 46.716),
        ),  # tokens
    ],
)
def test_differences_that_agree_are_no_point(before, after, wanted):
    found = evaluate.paired(before, after)
    assert found["difference"] == after[0] - before[0]
    assert found["interval"] == pytest.approx(wanted, abs=0.005)


def test_a_fall_is_a_negative_difference():
    assert evaluate.paired([1.0, 1.0], [0.0, 1.0])["difference"] == -0.5


def test_other_problems_are_refused():
    with pytest.raises(ValueError, match="same problems twice, got 3 and 2"):
        evaluate.paired([0.0, 1.0, 1.0], [0.0, 1.0])
