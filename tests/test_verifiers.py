"""Claims about verifiers and rewards: only a right answer pays, whatever is tried."""

import sys
from pathlib import Path

import pytest

from r1lib import rewards
from r1lib.problem import Problem
from r1lib.verifiers import (
    DEEPEST,
    DIGITS,
    LONGEST,
    algebra,
    canonical,
    countdown_correct,
    extract_answer,
    math_equal,
    parse_expression,
    value,
)
from r1lib.verifiers.notation import parse_number
from r1lib.world import countdown, logic

GAME = countdown.make([3, 4, 5], 17, "en")
SUM = Problem("arithmetic", "easy", "en", "2+2", "4", "2+2")
PUZZLE = logic.make((("is", 1, False), ("same", 0, 1)), "en")  # A knight, B knave


@pytest.mark.parametrize(
    "text, answer",
    [
        ("<think>2+2=5 no</think><answer>4</answer>", "4"),
        ("<answer> 3*4+5 </answer>", "3*4+5"),
        ("<answer>\n4\n</answer>", "4"),
        ("<think><answer>7</answer></think><answer>4</answer>", "4"),
        ("<answer>7</answer></think><answer>4</answer>", "4"),  # the last </think>
        ("<think>a</think><answer>7</answer></think>4", "4"),
        ("so it is \\boxed{1/2}.", "1/2"),
        ("\\boxed{4} or <answer>5</answer>", "5"),  # tags come first
        ("first 3, then 5, so 1,234", "1,234"),
        ("x = -5.", "-5"),
        ("10% of it", "10%"),
        ("3/4, I think.", "3/4"),
        ("", None),
        ("no number here", None),
        ("٣ and 三", None),  # digits of other scripts are not answers
        ("<answer></answer>", ""),
        ("<answer>4", None),
        ("4</answer>", None),
        ("</answer>4<answer>", None),
        ("<answer>4</answer><answer>4</answer>", None),
        ("<answer><answer>4</answer>", None),
        ("<answer>4</think></answer>", None),
        ("\\boxed{4} \\boxed{5}", None),
        ("\\boxed{4", None),
        ("\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
        ("\\boxed{\\{1\\}}", "\\{1\\}"),
        ("\\boxed{}", ""),
        ("\\boxed{4}}", "4"),
        ("\\boxed{\\}", None),
        ("\\boxed{{4}}", None),
        ("\\boxed 4", "4"),
        ("\\boxed {4}", "4"),
        ("\\boxed\n{4}", "4"),
        ("$\\boxed 7$.", "7"),
        ("\\boxed 42", None),  # LaTeX boxes the 4 only
        ("<think>the answer is 4</think>", None),
        ("<think>a</think><think>b <answer>4</answer>", None),  # no end to the second
        ("<think>a</think>hm <think> so 4", None),
        ("<think>a</think><answer>4</answer><think>or not", None),
        ("<think>a</think><think>b</think><answer>4</answer>", "4"),
    ],
)
def test_the_one_final_answer_is_found_and_hedges_are_not(text, answer):
    assert extract_answer(text) == answer


def table(columns):
    """The rows of docs/answers.md with that many columns, without the backticks."""
    page = Path(__file__).resolve().parent.parent / "docs" / "answers.md"
    lines = page.read_text(encoding="utf-8").splitlines()
    cells = [line.strip("|").split(" | ") for line in lines if line.startswith("| `")]
    return [[c.strip().strip("`") for c in row] for row in cells if len(row) == columns]


@pytest.mark.parametrize("text, answer, why", table(3))
def test_the_page_says_which_answer_is_found(text, answer, why):
    assert extract_answer(text) == (None if answer == "nothing" else answer), why


@pytest.mark.parametrize("gold, answer, verdict, why", table(4))
def test_the_page_says_which_answers_are_the_same(gold, answer, verdict, why):
    assert verdict in ("yes", "no")
    assert math_equal(gold, answer) is (verdict == "yes"), why
    if not any(word in why for word in ("unfinished", "not written", "only this way")):
        assert math_equal(answer, gold) is (verdict == "yes"), "the other way round"


def test_the_page_has_its_rows():
    assert len(table(3)) >= 48 and len(table(4)) >= 150


@pytest.mark.parametrize(
    "answer",
    ["3*4+5", "5+4*3", "(5+(4*3))", " ( 3 * 4 ) + 5 ", "((3*4)+5)", "5+3*4"],
)
def test_a_right_expression_is_right_in_every_form(answer):
    assert countdown_correct(answer, [3, 4, 5], 17)


@pytest.mark.parametrize(
    "answer, numbers, target",
    [
        ("3*4", [3, 4, 5], 12),  # a number left out
        ("3*4+5", [3, 4], 17),  # a number nobody gave
        ("3*4+5+5-5", [3, 4, 5], 17),  # one used three times
        ("3+3", [3], 6),
        ("17", [3, 4, 5], 17),
        ("3*4+5", [3, 4, 5], 18),
        ("2**3", [2, 3], 8),  # powers
        ("2* *3", [2, 3], 8),
        ("7//2", [7, 2], 3),  # rounding division
        ("7/ /2", [7, 2], 3),
        ("7/2", [7, 2], 3),
        ("7%4", [7, 4], 3),
        ("-3+8", [3, 8], 5),  # a sign is not an operation
        ("8-(-3)", [3, 8], 11),
        ("+3+8", [3, 8], 11),
        ("8--3", [3, 8], 11),
        ("~3+8", [3, 8], 4),
        ("3.4*5", [3, 4, 5], 17),  # gluing digits with a point
        ("34-5", [3, 4, 5], 29),  # or without one
        ("3_4-5", [3, 4, 5], 29),
        ("3 4-5", [3, 4, 5], 29),
        ("3e4", [3, 4], 30000),
        ("0x3+4", [3, 4], 7),
        ("03+4", [3, 4], 7),
        ("３+4", [3, 4], 7),  # a full-width digit
        ("٣+4", [3, 4], 7),
        ("3²", [3, 2], 9),
        ("3×4", [3, 4], 12),
        ("3−4", [3, 4], -1),
        ("3(4)", [3, 4], 12),
        ("(3)(4)", [3, 4], 12),
        ("()3+4", [3, 4], 7),
        ("3+4()", [3, 4], 7),
        ("(3,4)", [3, 4], 7),
        ("3+4=7", [3, 4], 7),
        ("3+4;7", [3, 4], 7),
        ("3+4#", [3, 4], 7),
        ("3+4\n", [3, 4], 7),
        ("3+\\\n4", [3, 4], 7),
        ("3+4 or 3*4", [3, 4], 7),
        ("3+4 3*4", [3, 4], 7),
        ("3<4", [3, 4], 1),
        ("3 and 4", [3, 4], 4),
        ("[3+4][0]", [3, 4], 7),
        ("sum((3,4))", [3, 4], 7),
        ("__import__('os')", [3, 4], 7),
        ("3/(4-4)", [3, 4, 4], 0),  # division by zero
        ("3*0/0", [3, 0, 0], 0),
        (")3+4(", [3, 4], 7),
        ("3+4)", [3, 4], 7),
        ("3+", [3], 3),
        ("", [], 0),
        (" ", [], 0),
        ("()", [], 0),
    ],
)
def test_no_trick_wins_at_countdown(answer, numbers, target):
    assert not countdown_correct(answer, numbers, target)


def test_division_is_exact():
    assert countdown_correct("8/3*3", [8, 3, 3], 8)
    assert countdown_correct("7/2*2", [7, 2, 2], 7)
    assert not countdown_correct("10/3", [10, 3], 3)


@pytest.mark.parametrize(
    "text",
    [
        "9" * 100_000,
        "9" * (DIGITS + 1),
        "(" * 100_000 + "1" + ")" * 100_000,
        "(" * (DEEPEST + 1) + "1" + ")" * (DEEPEST + 1),
        "+".join("1" for _ in range(LONGEST)),
        "-" * 100_000 + "1",
        "1" + "*9999999999" * 10_000,
        "9**9**9**9**9",
        " " * 1_000_000,
    ],
    ids=lambda text: text[:12] + "...",
)
def test_huge_expressions_are_refused_at_once(text):
    calls = []
    sys.setprofile(lambda *_: calls.append(1))  # work, not seconds
    try:
        refuse(text)
    finally:
        sys.setprofile(None)
    assert len(calls) < 20_000


def refuse(text):
    """No reader of answers takes this text for anything."""
    assert parse_expression(text) is None
    assert canonical(text) is None
    assert not countdown_correct(text, [1], 1)
    assert not math_equal("1", text)
    assert not SUM.check(f"<answer>{text}</answer>")
    assert not GAME.check(text)


MEGABYTE = 1_000_000
HOSTILE = [
    "9**9**9",
    "9^{9^{9^{9}}}",
    "9^9^9",
    "(9^{999})^{999}",
    "((((2^{999})^{999})^{999})^{999})",
    "(2^{1000})" * 15,
    "x^{99999999}",
    "(x+1)^{99999}",
    "((x+1)^{99})^{99}",
    "\\sqrt[999999]{2}",
    "1e999999",
    "10^{999999999}",
    "10^{-999999999}",
    "2^{-10^{9}}",
    "9" * MEGABYTE,
    "1/" + "7" * MEGABYTE,
    "1," * 99,
    "1" + ",000" * 49,
    "(" * 199,
    "(" * 99 + "1" + ")" * 99,
    "[" * 99 + "1" + "]" * 99,
    "{" * 99 + "1" + "}" * 99,
    "\\{" * 60 + "1" + "\\}" * 60,
    "\\frac{" * 20 + "1" + "}{2}" * 20,
    "\\frac{" * 35 + "1" + "}{2}" * 35,
    "\\sqrt" * 39 + "2",
    "sqrt" * 49,
    "-" * 199,
    "+-" * 99 + "1",
    "x=" * 99,
    "x" + " " * MEGABYTE + "=",
    "\\text{" * 30,
    "\\left" * 33,
    "~" * 199,
    "a" * 30 + "!",
    "1 " * 99,
    "1" + " " * 150 + "2",
    "{" + "1," * 98 + "1}",
    "{" + "x," * 98 + "1}",
    "1" + "/1" * 99,
    "1" + "%" * 190,
    "__import__('os').system('true')",
    "().__class__.__bases__",
    "lambda: 1",
    "x" + chr(0) + "1",
    chr(0xD800),
    "⟨m⟩" * 60,
    "1⟨" * 99,
    "ᄀ" * 199,
    "٣" * 199,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]) + "...")
def test_hostile_text_is_refused_before_any_algebra(text, monkeypatch):
    def no_algebra(*_):
        raise AssertionError("this text was given to sympy")

    monkeypatch.setattr(algebra, "equal", no_algebra)
    assert not math_equal("1", text) and not math_equal(text, "1")
    assert not math_equal("{1,2}", text) and not math_equal("(1,2)", f"({text},2)")
    for problem in (SUM, GAME, PUZZLE):
        assert not problem.check(f"<answer>{text}</answer>")


@pytest.mark.parametrize(
    "piece",
    ["<answer>", "</answer>", "</think>", "\\boxed{", "\\boxed", "{", "\\", "1,", "1/"],
)
def test_a_megabyte_of_one_piece_is_searched_once(piece):
    text = piece * (MEGABYTE // len(piece))
    for whole in (text, f"\\boxed{{{text}", f"<answer>{text}"):
        assert not SUM.check(whole)


def test_what_is_just_small_enough_is_read():
    nested = "(" * DEEPEST + "1" + ")" * DEEPEST
    assert value(parse_expression(nested)) == 1
    nines = "9" * DIGITS
    assert value(parse_expression(nines)) == int(nines)
    chain = "+".join("1" for _ in range(LONGEST // 2))
    assert value(parse_expression(chain)) == LONGEST // 2


@pytest.mark.parametrize(
    "a, b",
    [
        ("3+4*5", "5*4+3"),
        ("(3+4)+5", "3+(5+4)"),
        ("8-(3-2)", "8+2-3"),
        ("8/(4/2)", "8*2/4"),
        ("(1+2)*(3+4)", "(4+3)*(2+1)"),
        ("((7))", "7"),
    ],
)
def test_equal_expressions_look_equal(a, b):
    assert canonical(a) == canonical(b) is not None


@pytest.mark.parametrize(
    "a, b",
    [
        ("3-4", "4-3"),
        ("8/4", "4/8"),
        ("3+4*5", "(3+4)*5"),
        ("8-3-2", "8-(3-2)"),
        ("2*6", "3*4"),  # the same value by another way is another answer
        ("1+2", "1*2"),
    ],
)
def test_different_expressions_look_different(a, b):
    assert canonical(a) != canonical(b)


@pytest.mark.parametrize(
    "gold, answer",
    [
        ("1/2", "0.5"),
        ("1/2", "2/4"),
        ("1/2", "1 / 2"),
        ("1000", "1,000"),
        ("1234567", "1,234,567"),
        ("0.1", "10%"),
        ("3", "x=3"),
        ("3", "x = 3"),
        ("3", "3.0"),
        ("3", "$3$"),
        ("5", "$5"),
        ("-3", " -3 "),
        ("3", "+3"),
        ("0", "-0"),
        ("(1,2)", "( 1.0, 4/2 )"),
        ("{1,2}", "{2, 1}"),
        ("A=knight", " A=knight "),
    ],
)
def test_the_same_value_is_the_same_answer(gold, answer):
    assert math_equal(gold, answer) and math_equal(answer, gold)


@pytest.mark.parametrize(
    "gold, answer",
    [
        ("1/3", "0.33"),
        ("1/3", "0.3333333333333"),  # no rounding
        ("10", "10%"),
        ("3", "3 or 4"),
        ("3", "3, 4"),
        ("3", "3 4"),
        ("3", "3?"),
        ("3", "x=3 or x=4"),
        ("3", "x=y=3"),
        ("3", "three"),
        ("3", "３"),
        ("3", "٣"),
        ("3", "3²"),
        ("100", "1e2"),
        ("100", "10**2"),
        ("100", "1_00"),
        ("1234", "12,34"),
        ("1000", "1,00"),
        ("3", ""),
        ("3", "nan"),
        ("inf", "3"),
        ("1", "1/0"),
        ("1", "1/1/1"),
        ("1", "--1"),
        ("1", "1" + " " * 100_000 + "1"),
        ("(1,2)", "(2,1)"),
        ("(1,2)", "{1,2}"),
        ("(1,2)", "1,2"),
        ("{1,2}", "{1,2,3}"),
        ("(1,2)", "(1,2,)"),
        ("A=knight", "a=knight"),
    ],
)
def test_another_value_or_a_hedge_is_another_answer(gold, answer):
    assert not math_equal(gold, answer) and not math_equal(answer, gold)


def test_a_number_is_read_exactly_or_not_at_all():
    third = parse_number("1/3")
    assert (third.numerator, third.denominator) == (1, 3)
    assert parse_number("0.1") * 10 == 1
    assert parse_number("9" * 25) is None and parse_number("1/2/3") is None


def test_each_family_has_its_own_verifier():
    right = {
        "<think>x</think><answer>3*4+5</answer>": GAME,
        "<think>x</think><answer>4</answer>": SUM,
        "<think>x</think><answer>A=knight, B=knave</answer>": PUZZLE,
    }
    for text, own in right.items():
        for problem in (GAME, SUM, PUZZLE):
            assert problem.check(text) is (problem is own)
            assert rewards.accuracy(problem, text) == float(problem is own)
    assert not SUM.check("I do not know")


def test_a_family_without_a_verifier_is_an_error():
    poem = Problem("poem", "easy", "en", "write", "", "poem")
    assert not poem.check("<answer>4</answer>")  # no answer is known, so none is right


@pytest.mark.parametrize(
    "text, score",
    [
        ("<think>2+2=4</think><answer>4</answer>", 1.0),
        ("<think>\na\n</think><answer>\nb\n</answer>", 1.0),
        ("4", 0.0),
        ("", 0.0),
        ("<answer>4</answer>", 0.0),
        ("<think></think><answer>4</answer>", 0.0),  # empty thoughts
        ("<think> \n </think><answer>4</answer>", 0.0),
        ("<think>a</think><answer> </answer>", 0.0),
        (" <think>a</think><answer>4</answer>", 0.0),
        ("so <think>a</think><answer>4</answer>", 0.0),
        ("<think>a</think> <answer>4</answer>", 0.0),
        ("<think>a</think><answer>4</answer>!", 0.0),
        ("<think>a</think><answer>4</answer>\n", 0.0),
        ("<think>a<answer>4</answer></think>", 0.0),  # nested
        ("<think>a<think>b</think><answer>4</answer>", 0.0),
        ("<think>a</think></think><answer>4</answer>", 0.0),
        ("<think>a</think><answer>4</answer><answer>5</answer>", 0.0),
        ("<think>a</think><answer><answer>4</answer>", 0.0),
        ("<answer>4</answer><think>a</think>", 0.0),
        ("<think>a</think><answer>4", 0.0),
        ("<think>a<answer>4</answer>", 0.0),
        ("<THINK>a</THINK><answer>4</answer>", 0.0),
    ],
)
def test_only_the_exact_format_pays(text, score):
    assert rewards.format(SUM, text) == score


def test_being_right_pays_more_than_any_format():
    right_without = rewards.total(SUM, "4")
    wrong_with = rewards.total(SUM, "<think>a</think><answer>5</answer>")
    both = rewards.total(SUM, "<think>a</think><answer>4</answer>")
    assert 0 < wrong_with < 0.5 < right_without < both
