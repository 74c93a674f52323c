"""Claims about the rewriter: what it keeps, repairs and refuses, on written traces."""

import pytest

from r1lib import rewards
from r1lib.world import arithmetic, countdown, logic, programs, readability
from r1lib.world.general import FAMILIES
from r1lib.world.rewrite import LONGEST, notices, read_tape, readable

GAME = {lang: countdown.make((3, 7, 8), 35, lang) for lang in ("en", "ko")}
SUMS = {lang: arithmetic.make((4, 7, 2), "*/", lang) for lang in ("en", "ko")}
HIT = "<think>8-3=5,*7=35~35=0 yes\n</think><answer>(8-3)*7</answer>"
PUZZLE = logic.make((("is", 1, False), ("same", 0, 1)), "en")
PROGRAM = programs.make((("sort", None), ("start", 42)), "en")


def game(*lines, answer="(8-3)*7", lang="en"):
    text = "\n".join(lines)
    return readable(GAME[lang], f"<think>{text}\n</think><answer>{answer}</answer>")


def sums(*lines, answer="14", lang="en"):
    text = "\n".join(lines)
    return readable(SUMS[lang], f"<think>{text}\n</think><answer>{answer}</answer>")


def lines_of(text):
    return text.partition("<think>")[2].partition("\n</think>")[0].split("\n")


def test_a_search_gets_words_and_the_repeated_sum_goes():
    text = game(
        "8+7=15,-3=12~35=23 no", "again 8+7=15,-3=12~35=23 no", "8-3=5,*7=35~35=0 yes"
    )
    assert text == (
        "<think>8+7=15,-3=12~35=23 no false\n"
        "8-3=5,*7=35~35=0 yes the target\n</think><answer>(8-3)*7</answer>"
    )


def test_the_words_are_those_of_the_question():
    mixed = game("8+7=15,-3=12~35=23 no", "8-3=5,*7=35~35=0 yes", lang="ko")
    assert lines_of(mixed) == [
        "8+7=15,-3=12~35=23 아니 거짓",
        "8-3=5,*7=35~35=0 맞아 목표",
    ]
    mixed = sums("4*7=28,/2=14", "4*7=28,/2=14~14=0 yes", lang="ko")
    assert lines_of(mixed) == [
        "4*7=28,/2=14",
        "4*7=28,/2=14~14=0 맞아 참",
    ]


def test_a_sum_and_its_check():
    text = sums("4*7=28,/2=14", "4*7=28,/2=14~14=0 yes")
    assert lines_of(text) == ["4*7=28,/2=14", "4*7=28,/2=14~14=0 yes true"]
    assert lines_of(sums("4*7=28,/2=14")) == ["4*7=28,/2=14"]


def test_a_slip_stays_where_it_was_noticed():
    text = sums("4*7=26,/2=13", "4*7=28,/2=14~13=1 no", "4*7=28,/2=14~14=0 yes")
    assert lines_of(text) == [
        "4*7=26,/2=13",
        "4*7=28,/2=14~13=1 no false",
        "4*7=28,/2=14~14=0 yes true",
    ]


def test_wrong_distances_and_verdicts_are_done_again():
    text = game("8+7=15,-3=12~35=9 no", "8-3=5,*7=35~35=0 no", "7*8=56~35=1 no")
    assert lines_of(text) == [
        "8+7=15,-3=12~35=23 no false",
        "8-3=5,*7=35~35=0 yes the target",
    ]
    text = sums("4*7=28,/2=14", "4*7=28,/2=14~13=1 no")
    assert lines_of(text)[1] == "4*7=28,/2=14~14=0 yes true"


def test_slips_and_strange_numbers_of_a_search_go():
    text = game(
        "8-3=6,*7=42~35=7 no", "9-3=6,*7=42~35=7 no", "3*8=24,+7=31~35=4 no", HIT[7:27]
    )
    assert lines_of(text) == [
        "3*8=24,+7=31~35=4 no false",
        "8-3=5,*7=35~35=0 yes the target",
    ]


@pytest.mark.parametrize(
    "problem, text",
    [
        (GAME["en"], "<answer>(8-3)*7</answer>"),  # a guess
        (GAME["en"], HIT.replace("(8-3)*7", "8*7-3")),  # a wrong answer
        (GAME["en"], HIT.replace("8-3=5,*7=35", "8-3=6,*7=35")),  # right by a slip
        (GAME["en"], HIT.replace("8-3=5", "hm, 8-3=5")),  # words that nobody knows
        (GAME["en"], HIT + "<answer>(8-3)*7</answer>"),  # two answers
        (GAME["en"], HIT[:-9]),  # cut off
        (GAME["en"], "<think>" + HIT),  # two thoughts
        (GAME["en"], HIT.replace("<think>", "<think></think><think>")),
        (GAME["en"], "<think>\n</think><answer>(8-3)*7</answer>"),
        (SUMS["en"], "<think>4*7=26,/2=13\n</think><answer>14</answer>"),
        (SUMS["en"], "<think>4*7=28,/2=14\n</think><answer>13</answer>"),
        (SUMS["en"], "<think>2*7=14\n</think><answer>14</answer>"),  # another sum
        (SUMS["en"], "<think>4*7=27,/2=13\n4*7=27,/2=13~13=0 yes\n</think>"
         "<answer>13</answer>"),
        (SUMS["en"], "<think>4*7=26,/2=13\n4*7=28,/2=14~13=1 no\n</think>"
         "<answer>14</answer>"),  # no line agrees with the one before
    ],
)  # fmt: skip
def test_what_cannot_be_read_or_is_wrong_is_refused(problem, text):
    assert readable(problem, text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<think>" + "8" * 10**6,
        "<think>" + "8-3=5," * 500 + "</think><answer>(8-3)*7</answer>",
        HIT.replace("\n", "\n\n7*8=56\n"),
        HIT.replace("8-3=5", "8" * 300 + "-3=5"),
        HIT.replace("8-3=5", "८-3=5"),  # a digit of another script
        HIT.replace("\n", "\n__import__('os').system('x')\n"),
        HIT.replace("35~", "35~~"),
        "<think>" + "\n" * (LONGEST - 40) + "</think><answer>(8-3)*7</answer>",
        HIT.replace("</think>", "</think>" * 2),
        HIT.replace("8-3=5", "8/0=5"),
        "<think>8-3=5,*7=35~35=0 yes\x00\n</think><answer>(8-3)*7</answer>",
    ],
)
def test_hostile_text_is_refused_without_an_error(text):
    assert readable(GAME["en"], text) is None
    assert readable(SUMS["ko"], text) is None


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_what_is_readable_comes_back_as_it_is(lang):
    for problem, text in (
        (GAME[lang], game("8+7=15,-3=12~35=23 no", HIT[7:27], lang=lang)),
        (SUMS[lang], sums("4*7=28,/2=14", "4*7=28,/2=14~14=0 yes", lang=lang)),
        (SUMS[lang], sums("4*7=26,/2=13", "4*7=28,/2=14~13=1 no",
                          "4*7=28,/2=14~14=0 yes", lang=lang)),
    ):  # fmt: skip
        assert readable(problem, text) == text
        assert problem.check(text) and rewards.format(problem, text) == 1
        assert rewards.language_consistency(problem, text) == 1


def test_readability_rises():
    text = game("8+7=15,-3=12~35=23 no", "again 8+7=15,-3=12~35=23 no", HIT[7:27])
    before = "<think>8+7=15,-3=12~35=23 no\n" + HIT[7:]
    assert readability.readability(GAME["en"], before) == pytest.approx(0.9)
    assert readability.readability(GAME["en"], text) == 1.0


def test_logic_and_programs_pass_in_one_language_or_not_at_all():
    fits = f"<think>knights=A:A true,B false yes\n</think><answer>{PUZZLE.answer}"
    fits += "</answer>"
    assert readable(PUZZLE, fits) == fits
    assert readable(PUZZLE, fits.replace("yes", "맞아")) is None
    assert readable(PUZZLE, fits.replace("A=knight", "A=knave")) is None
    plan = f"<think>plan sorted(xs), [42]+xs\n</think><answer>{PROGRAM.answer}</answer>"
    assert readable(PROGRAM, plan) == plan
    assert readable(PROGRAM, plan.replace("plan", "계획")) is None


def test_nobody_rewrites_a_poem():
    for family in FAMILIES:
        poem = countdown.Problem(family, "easy", "en", "?", "", "?")
        with pytest.raises(ValueError, match=f"nobody rewrites .*{family}"):
            readable(poem, "<think>x\n</think><answer>y</answer>")


def test_a_tape_is_read_back():
    for order, operations, results in countdown.tapes((3, 7, 8)):
        tape = countdown.write_tape(order, operations, results)
        assert read_tape(tape) == (order, operations, results)


def test_a_miss_is_noticed_only_if_something_follows():
    miss, hit = "8+7=15,-3=12~35=23 no false", "8-3=5,*7=35~35=0 yes the target"
    for lines, verdict in (
        ([miss, hit], True),
        ([hit], False),
        ([miss], False),  # nothing follows
        (["8+7=15,-3=12~35=23 아니 거짓", hit], True),
    ):
        text = "<think>" + "\n".join(lines) + "\n</think><answer>(8-3)*7</answer>"
        assert notices(text) is verdict
    assert not notices("<answer>no false</answer>")
