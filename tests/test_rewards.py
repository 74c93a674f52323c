"""Claims about rewards: the first ones stand, the new ones pay what they say."""

import json
import random
import re
from dataclasses import replace
from pathlib import Path

import first_rewards
import pytest

from r1lib import artifacts, rewards
from r1lib.problem import STYLES, Problem, problems
from r1lib.tokenizer import Tokenizer
from r1lib.world import arithmetic, corpus, countdown, logic, readability

ROOT = Path(__file__).resolve().parent.parent
SUM = arithmetic.make((2, 2), "+", "en")
GAME = countdown.make([3, 4, 5], 17, "en")
PUZZLE = logic.make((("is", 1, False), ("same", 0, 1)), "en")  # A knight, B knave
TAGS = ("<think>", "</think>", "<answer>", "</answer>")


# ---- nothing of the tiny world changed -------------------------------------------


def spoil(rng, text):
    """Cut, repeat, glue or overwrite a piece, as a model in training does."""
    at, end = sorted(rng.randrange(len(text) + 1) for _ in range(2))
    bits = (*TAGS, "\n", "-", "%", ",", "/", "=", "(", "{", "$", " yes", " 아니", "7")
    return rng.choice(
        (
            text[:end],
            text[:end] + text[at:],
            text[:at] + text[end:],
            text[:at] + rng.choice(bits) + text[at:],
            text[:at] + rng.choice(bits) + text[at + 1 :],
            text + rng.choice(bits) + text[at:],
        )
    )


def tiny_completions():
    """Completions of the corpus's people and spoilt ones, each with its problem."""
    rng = random.Random(0)
    for family in (countdown, arithmetic, logic):
        for level in ("easy", "hard"):
            for problem in problems(family.sample, 15, 0, "train", level):
                for style in STYLES:
                    trace = logic.trace if family is logic else corpus.trace
                    text = trace(rng, problem, style)
                    yield problem, text
                    for _ in range(8):
                        text = spoil(rng, text)
                        yield problem, text


def opens_again(text):
    """A second thought that never ends: no answer today, and no sample ever had one."""
    _, closed, rest = text.rpartition("</think>")
    return bool(closed) and "<think>" in rest


def untagged(text):
    """An answer that is only a number somewhere: a piece of one counts no longer."""
    rest = text.rpartition("</think>")[2]
    return "<answer>" not in rest and "</answer>" not in rest


def test_the_first_rewards_are_what_they_were_on_the_tiny_world():
    paid = {"right": 0, "neat": 0, "all": 0}
    for problem, text in tiny_completions():
        if opens_again(text):
            assert rewards.total(problem, text) == 0
            continue
        if untagged(text):
            assert rewards.total(problem, text) <= first_rewards.total(problem, text)
            continue
        assert rewards.accuracy(problem, text) == float(
            first_rewards.correct(problem, text)
        ), (problem, text)
        if "</answer>" in text.rpartition("</think>")[0]:
            assert rewards.format(problem, text) == 0  # the first one believed the next
            continue
        assert rewards.format(problem, text) == first_rewards.format(problem, text)
        assert rewards.total(problem, text) == first_rewards.total(problem, text)
        paid["all"] += 1
        paid["right"] += rewards.accuracy(problem, text)
        paid["neat"] += rewards.format(problem, text)
    assert paid["all"] > 1200
    assert 0.05 < paid["right"] / paid["all"] < 0.95
    assert 0.05 < paid["neat"] / paid["all"] < 0.95


def test_the_first_rewards_are_what_they_were_on_any_tokens():
    tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
    rng, right = random.Random(0), 0
    for _ in range(800):
        ids = rng.choices(range(tokenizer.vocab_size), k=rng.randint(1, 12))
        text = tokenizer.decode(ids)
        for problem in (SUM, GAME, PUZZLE):
            mark = f"<answer>{problem.answer}" * (rng.random() < 0.3)
            tail = mark + "</answer>" * (rng.random() < 0.6)
            whole = text + tail
            if opens_again(whole):
                assert rewards.total(problem, whole) == 0
                continue
            if untagged(whole):
                most = first_rewards.total(problem, whole)
                assert rewards.total(problem, whole) <= most
                continue
            assert rewards.total(problem, whole) == first_rewards.total(problem, whole)
            right += rewards.accuracy(problem, whole)
    assert right > 50


def test_the_first_rewards_are_what_they_were_on_real_transcripts():
    found = []
    for path in sorted((ROOT / "results/data").glob("*-*.json")):
        found += rows(json.loads(path.read_text(encoding="utf-8")))
    assert len(found) > 20
    for row in found:
        numbers = list(map(int, re.findall(r"\d+", row["prompt"])))
        problem = Problem("arithmetic", "easy", "en", row["prompt"], "4", "")
        if row["prompt"].startswith(("numbers", "숫자")):
            problem = countdown.make(numbers[:-1], numbers[-1], "en")
            assert rewards.accuracy(problem, row["text"]) == row["right"]
        text = row["text"]
        assert not opens_again(text)
        assert rewards.total(problem, text) == first_rewards.total(problem, text)


def rows(value):
    """Every transcript in a result file: a dict with a prompt and a text."""
    if isinstance(value, dict):
        if {"prompt", "text", "right"} <= value.keys():
            return [value]
        value = list(value.values())
    if isinstance(value, list):
        return [row for item in value for row in rows(item)]
    return []


# ---- exploits that other projects have met ---------------------------------------


def answered(answer, thought="x"):
    return f"<think>{thought}</think><answer>{answer}</answer>"


@pytest.mark.parametrize(
    "problem, completion",
    [
        # a tag alone pays 0.1 (TinyZero), counted tags pay (open-r1)
        (GAME, "<answer></answer>"),
        (GAME, "<answer>anything</answer>"),
        (SUM, "<answer>x</answer>"),
        (GAME, "\n".join(TAGS)),
        # lists of steps pay (open-r1's reasoning steps)
        (SUM, "Step 1: First, Step 2: Next, Step 3: Finally,\n- \n- \n"),
        # eval believes it (TinyZero, nano-aha-moment, GRPO-Zero)
        (countdown.make([2, 3], 8, "en"), answered("2**3")),
        (countdown.make([2, 7], 3, "en"), answered("7//2")),
        (countdown.make([3, 8], 5, "en"), answered("-3+8")),
        (GAME, answered("3.4*5")),
        (GAME, answered("17")),
        (GAME, answered("3*4+5=17")),
        (GAME, answered("3*4+5\n3*4+5")),
        (GAME, answered("9**9**9**9")),
        (GAME, answered("3*4+(5)*1")),
        (GAME, answered("'3*4+5'")),
        (GAME, answered("__import__('os').getcwd()")),
        # the first answer counts, even a thought one (nano-aha-moment, GRPO-Zero)
        (GAME, "<think><answer>3*4+5</answer></think><answer>3+4+5</answer>"),
        (GAME, "<think>a</think><answer>3*4+5</answer><answer>1</answer>"),
        # the last line or the last answer counts, whatever stood before (TinyZero)
        (GAME, "<answer>3+4+5</answer>\n<answer>3*4+5</answer>"),
        # every class is named (Visual-RFT), every box is taken
        (SUM, answered("3 or 4 or 5")),
        (SUM, answered("3, 4, 5")),
        (SUM, answered("{3, 4, 5}")),
        (SUM, answered("4\n5")),
        (SUM, "\\boxed{3} \\boxed{4}"),
        (PUZZLE, answered("A=knight,A=knave,B=knave")),
        (PUZZLE, answered("A=knight or knave,B=knave")),
        (PUZZLE, answered("A=knight,B=knave,C=knight")),
        (PUZZLE, answered("A=knight")),
        (PUZZLE, answered("knight,knave")),
        # nearly right is right, and 4 is 400% (Math-Verify)
        (SUM, answered("4.0000001")),
        (SUM, answered("4%")),
        (SUM, answered("400")),
        # repeating the question is an answer
        (SUM, answered("2+2")),
        (SUM, answered("2*2")),
        (SUM, answered("2^2")),
        (SUM, answered("\\sqrt{16}")),
        # no answer, a cut-off one, a huge one
        (SUM, ""),
        (SUM, "<think>4</think>"),
        (SUM, "<think>2+2=4</think><answer>4"),
        (SUM, answered("4" * 1_000_000)),
    ],
)
def test_an_exploit_pays_nothing_for_accuracy(problem, completion):
    assert rewards.accuracy(problem, completion) == 0.0


@pytest.mark.parametrize(
    "completion",
    [
        "<think></think><answer>4</answer>",  # empty thoughts (TRL, Logic-RL)
        "<think>\n</think>\n<answer>\n</answer>",  # empty bodies (open-r1)
        "<think>a</think></think><answer>4</answer>",  # two ends (TRL)
        "<think>a<think>b</think></think><answer>4</answer>",  # nested (open-r1)
        "<think>a</think><answer>4</answer>\njunk",  # behind the end (open-r1)
        "<think>a</think><answer>4</answer>\n<answer>5</answer>",
        "<think>a</think>\n<answer>4</answer>",  # something between
        " <think>a</think><answer>4</answer>",  # something before
        "<think>a<answer>4</answer></think>",
        "<think>a</think><answer><think>4</answer>",
        "<think>a</answer></think><answer>4",  # closed before it is opened
        "\n".join(TAGS),
    ],
)
def test_an_exploit_pays_nothing_for_the_format(completion):
    assert rewards.format(SUM, completion) == 0.0


def test_a_megabyte_of_tags_is_scored_like_any_text():
    for text in [tag * 130_000 for tag in TAGS] + ["<answer>" * 9**5 + "</answer>"]:
        assert rewards.total(SUM, text) == 0.0
        assert rewards.language_consistency(SUM, text) == 0.0


# ---- language --------------------------------------------------------------------


@pytest.mark.parametrize(
    "language, thought, share",
    [
        ("en", "this is right", 1.0),
        ("ko", "이것은 맞아", 1.0),
        ("ko", "this is right", 0.0),
        ("en", "이것은 맞아", 0.0),
        ("en", "so 8-3=5,*7=35~35=0 yes", 1.0),  # numbers and operators: neutral
        ("ko", "8-3=5,*7=35~35=0 yes", 0.0),
        ("ko", "8-3=5,*7=35~35=0 맞아\n1+1=2 yes", 0.5),
        ("ko", "기사=A,B:A 참,B 거짓 아니", 1.0),  # names of people: neutral
        ("ko", r"\frac{1}{2}는 반이다", 1.0),  # LaTeX: neutral
        ("ko", "시도 sorted(xs)>[1,2] 맞아", 1.0),  # code: neutral
        ("ko", "ㅋㅋ 맞아", 1.0),  # single jamo are Korean
        ("en", "naïve Übung", 1.0),  # letters with accents are Latin
        ("en", "yes 好", 0.5),  # a third language is another language
        ("en", "да нет yes no", 0.5),
        ("ko", "맞아yes", 0.5),  # glued words are two
        ("en", "2+2=4", 1.0),  # no word mixes nothing
        ("en", "", 0.0),  # no thinking
        ("en", " \n ", 0.0),
    ],
)
def test_language_is_the_share_of_words_of_the_thinking(language, thought, share):
    problem = Problem("arithmetic", "easy", language, "2+2", "4", "2+2")
    text = answered("4 answers 정답", thought)  # the answer itself is not looked at
    assert rewards.language_consistency(problem, text) == share


@pytest.mark.parametrize(
    "thought, share",
    [
        ("y1e1s1", 0.0),
        ("y_e_s", 0.0),
        ("I1 t_h_i_n_k n0o", 0.0),
        ("yes17", 0.0),
        (r"\I \think \so", 0.0),
        (r"\yes", 0.0),
        ("y e s", 0.0),
        ("I t.h.i.n.k", 0.0),
        ("w-a-i-t", 0.0),
        ("y\u200be\u200bs", 0.0),  # zero-width spaces are taken away
        ("y\u00ade\u2060s", 0.0),  # so are soft hyphens and joiners
        ("y\u202ee\u202cs", 0.0),  # and signs of direction
        ("y\u3164e\u115fs", 0.0),  # and letters that are empty
        ("y\ufe0fe\U000e0100s", 0.0),  # and selectors of variants
        ("y\u0336e\u0336s\u0336", 0.0),  # struck out, still read
        ("y\u0301e\u0301s\u0301", 0.0),
        ("ｙｅｓ", 0.0),  # full width
        ("ʏᴇꜱ", 0.0),
        ("𝐲𝐞𝐬", 0.0),
        ("уеѕ", 0.0),  # Cyrillic that looks like Latin
        ("ⓨⓔⓢ", 0.0),
        ("⒴⒠⒮", 0.0),  # letters that are symbols
        ("\U0001f1fe\U0001f1ea\U0001f1f8", 0.0),  # those of flags
        ("\U0001f1f8\U0001f1f4 맞아", 0.5),
        ("\U0001f148\U0001f134", 0.0),  # in squares
        ("\U0001f188\U0001f174", 0.0),  # white on black
        ("⠽⠑⠎", 0.0),  # Braille
        ("ʸᵉˢ", 0.0),  # raised
        ("ₙₒₚₑ", 0.0),  # lowered
        ("ℯℓℊ", 0.0),
        ("да", 0.0),
        ("ναι", 0.0),
        ("はい", 0.0),
        ("是的", 0.0),
        ("㈀㉯", 1.0),  # Hangul in brackets and circles
        ("ﾡﾢ 맞아", 1.0),  # half width
        ("\u2800 맞아", 1.0),  # an empty cell of Braille
        ("⑴ ① ⒈ ☆ → ℃ 맞아", 1.0),
        ("맞아 y1e1s1", 0.5),  # one word, as "yes" is
        ("맞아 yes", 0.5),
        ("맞e아s", 2 / 3),  # 맞, 아 and the word es
        ("\u1106\u1161\u11bd\u110b\u1161", 1.0),  # 맞아 in single letters
        ("맞\u200b아", 1.0),
        ("맞아 🙂", 1.0),
        ("x=3, 2y+n1 맞아", 1.0),
        ("A,B,C:A 참", 1.0),
        ("R1", 1.0),
        (r"\frac{1}{2} \times 3 \le x 맞아", 1.0),
        ("17+5=22", 1.0),
        ("<answer>22</answer> 맞아", 1.0),  # tags are no words
        ("x² + ½ 맞아", 1.0),
    ],
)
def test_english_in_a_korean_thought_is_not_hidden(thought, share):
    problem = Problem("arithmetic", "easy", "ko", "2+2", "4", "2+2")
    assert rewards.language_consistency(problem, answered("4", thought)) == share
    assert readability.mixed_share(problem, answered("4", thought)) == 1 - share


@pytest.mark.parametrize(
    "thought", ["уеѕ", "н о", "네", "ㄴㅔ", "好", "\u1102\u1166", "㉮", "⠽⠑"]
)
def test_other_scripts_are_not_english(thought):
    problem = Problem("arithmetic", "easy", "en", "2+2", "4", "2+2")
    assert rewards.language_consistency(problem, answered("4", thought)) == 0.0


@pytest.mark.parametrize("language", ["en", "ko"])
def test_words_before_and_between_the_thoughts_are_looked_at(language):
    mine, other = {"en": ("yes", "맞아"), "ko": ("맞아", "yes")}[language]
    problem = Problem("arithmetic", "easy", language, "2+2", "4", "2+2")
    for text in (
        f"{other} <think>{mine}</think>4",
        f"<think>{mine}</think>{other}</think>4",
        f"<think>{mine}</think>{other}<think>",
        f"<think>{mine}</think><think>{other}",
        f"<answer>{other}</answer><think>{mine}",
    ):
        assert rewards.language_consistency(problem, text) == 0.5, text


INVISIBLE = (
    "\u200b\u200d\ufeff",  # no width
    "\u202a\u2066\u2069",  # direction
    "\u3164\u115f\u1160\uffa0",  # empty letters of Korean
    "\ufe0f\U000e0101",  # selectors of variants
    "\u00ad\u034f\u2800",
    "\x00\x1b",
    "\ue000",  # private use
    "\U000e0041",
    "\u0301\u20e3",  # marks without a letter
    " \n\u00a0\u2003",
)


@pytest.mark.parametrize("nothing", INVISIBLE)
def test_what_cannot_be_seen_is_no_thinking_and_no_answer(nothing):
    for problem in (SUM, replace(SUM, language="ko")):
        text = answered("4", nothing)
        assert rewards.format(problem, text) == 0.0
        assert rewards.language_consistency(problem, text) == 0.0
        assert readability.readability(problem, text) == 0.0
    assert rewards.format(SUM, answered(nothing)) == 0.0
    assert rewards.accuracy(SUM, answered(nothing)) == 0.0
    assert rewards.format(SUM, answered(f"4{nothing}", f"a{nothing}")) == 1.0


def test_a_long_row_of_marks_is_scored_in_little_work():
    text = answered("4", "e" + "\u0301\u0323" * 200_000 + "s")
    assert rewards.language_consistency(SUM, text) == 1.0


def test_an_unknown_language_is_an_error():
    with pytest.raises(ValueError, match="one of .* got 'fr'"):
        french = Problem("arithmetic", "easy", "fr", "2+2", "4", "2+2")
        rewards.language_consistency(french, "<think>oui</think>")


# ---- penalties -------------------------------------------------------------------


def test_the_length_penalty_never_rises_again():
    found = [rewards.length_penalty(n, 144, 32) for n in range(400)]
    assert found == sorted(found, reverse=True)
    assert found[:113] == [0.0] * 113 and found[113] == -1 / 32
    assert found[144:] == [-1.0] * 256
    assert all(str(value) != "-0.0" for value in found)


@pytest.mark.parametrize("wrong", [(1, 10, 0), (1, 10, 11), (-1, 10, 5), (1, 0, 0)])
def test_a_length_penalty_without_sense_is_an_error(wrong):
    with pytest.raises(ValueError, match="wanted 0 < buffer <= longest"):
        rewards.length_penalty(*wrong)


@pytest.mark.parametrize(
    "pieces, n, penalty",
    [
        ([], 3, 0.0),
        ([1, 2], 3, 0.0),
        ([1, 2, 3], 3, 0.0),
        ([5, 5, 5, 5, 5], 2, -0.75),
        ([1, 2, 1, 2, 1], 2, -0.5),
        ("a b c a b c".split(), 3, -0.25),
        ("aaaa", 1, -0.75),
    ],
)
def test_the_repetition_penalty_is_the_share_seen_before(pieces, n, penalty):
    assert rewards.repetition_penalty(pieces, n) == penalty


def test_an_n_gram_has_at_least_one_piece():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        rewards.repetition_penalty([1, 2], 0)


def test_both_penalties_agree_with_trl():
    other = pytest.importorskip("trl.rewards")
    rng = random.Random(0)
    ids = [[rng.randrange(4) for _ in range(rng.randrange(60))] for _ in range(200)]
    for longest, buffer in ((50, 20), (50, 50), (30, 1)):
        twin = other.get_soft_overlong_punishment(longest, buffer)
        mine = [rewards.length_penalty(len(row), longest, buffer) for row in ids]
        assert mine == pytest.approx(twin(completion_ids=ids), abs=1e-12)
    for n in (1, 2, 5):
        twin = other.get_repetition_penalty_reward(ngram_size=n)
        mine = [rewards.repetition_penalty(row, n) for row in ids]
        assert mine == pytest.approx(twin(completion_ids=ids), abs=1e-12)


# ---- sums of parts ---------------------------------------------------------------


def test_a_weighted_sum_of_the_two_first_rewards_is_total():
    parts = {
        "accuracy": (1.0, rewards.accuracy),
        "format": (rewards.FORMAT_WEIGHT, rewards.format),
    }
    reward, count, right = rewards.Weighted(parts), 0, 0.0
    for problem, text in tiny_completions():
        assert reward(problem, text) == rewards.total(problem, text)
        count, right = count + 1, right + rewards.accuracy(problem, text)
        if count == 500:
            break
    assert reward.means()["accuracy"] == right / count


def test_parts_are_logged_unweighted_and_forgotten():
    penalty = lambda problem, text: rewards.repetition_penalty(text.split(), 1)  # noqa: E731
    parts = {"accuracy": (1.0, rewards.accuracy), "again": (0.5, penalty)}
    reward = rewards.Weighted(parts)
    assert reward(SUM, "4") == 1.0
    assert reward(SUM, "5 5") == 0.5 * -0.5
    assert reward.means() == {"accuracy": 0.5, "again": -0.25}
    assert reward.means() == {}
    assert reward(SUM, "4") == 1.0 and reward.means()["accuracy"] == 1.0


def test_a_sum_of_no_parts_is_an_error():
    with pytest.raises(ValueError, match="at least one part"):
        rewards.Weighted({})


def test_a_plain_problem_does_not_judge_a_family_with_rules_of_its_own():
    game = countdown.make((3, 7, 8), 35, "en", answer="(8-3)*7")
    plain = Problem("countdown", "easy", "en", game.prompt, game.answer, "k", game.data)
    with pytest.raises(ValueError, match="with a check of its own"):
        plain.check("<answer>35</answer>")
    assert not game.check("<answer>35</answer>")
    assert game.check("<answer>7*(8-3)</answer>")
