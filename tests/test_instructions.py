"""Claims about instructions: a program scores them, and no test prompt leaks."""

import random
from collections import Counter
from itertools import product

import pytest
from test_requests import HOSTILE, fact

from r1lib.problem import LANGUAGES, LEVELS, Problem, split_of
from r1lib.world import instructions, requests

SNOW = fact("What color is snow?")


def some(n=60, seed=0):
    rng = random.Random(seed)
    for i in range(n):
        yield instructions.sample(rng, LEVELS[i % 2], LANGUAGES[i // 2 % 2])


def bare(problem):
    return requests.make(*problem.data[:3], problem.language)


def test_every_problem_has_a_right_reply_and_an_unaware_one_breaks_an_order():
    for problem in some(80):
        assert problem.family == "instructions"
        assert len(problem.data[3]) == 1 + (problem.level == "hard")
        assert instructions.right(problem, problem.answer)
        unaware = requests.references(bare(problem))
        assert not all(instructions.follows(problem, reply) for reply in unaware)


def test_every_kind_and_both_reply_languages_appear():
    kinds, targets = Counter(), Counter()
    for problem in some(300):
        kinds.update(kind for kind, _ in problem.data[3])
        targets[problem.language, instructions.target(problem)] += 1
    assert set(kinds) == set(instructions.SAY) and min(kinds.values()) > 10
    assert len(targets) == 4


def test_no_prompt_of_training_is_a_prompt_of_valid_or_test():
    prompts, sides = {}, Counter()
    for problem in some(1200):
        side = split_of(problem)
        known = prompts.setdefault(problem.prompt, (problem.key, side))
        assert known == (problem.key, side)
    sides.update(side for _, side in set(prompts.values()))
    assert 0.85 < sides["train"] / sides.total() < 0.95
    assert sides["valid"] > 10 and sides["test"] > 10


def test_language_wording_and_the_order_of_orders_do_not_change_the_split():
    seen = 0
    for problem in some(120):
        family, topic, chosen, orders = problem.data
        for wording in (0, 1):
            base = requests.make(
                family, topic, chosen, problem.language, wording=wording
            )
            twin = instructions.make(base, orders[::-1])
            assert twin.key == problem.key and split_of(twin) == split_of(problem)
        other = LANGUAGES[problem.language == "en"]
        if (words := requests.translated(problem, other)) is not None:
            base = requests.make(family, topic, words, other)
            twin = instructions.make(base, orders)
            assert twin.key == problem.key and twin.prompt != problem.prompt
            seen += 1
    assert seen > 50


BY_HAND = [
    ("words", 3, "en", "It is white.", "It is very white."),
    ("words", 2, "ko", "눈은 하얀색이야.", "그 눈은 하얀색이야."),
    ("language", "ko", "en", "하얀색이야, 8", "하얀색 yes"),
    ("language", "ko", "en", "나는 R1 tiny야.", "I am R1 tiny."),
    ("language", "en", "ko", "It is white.", "It is белый 白."),
    ("start", 0, "en", "Well, it is white.", "Wellness is white."),
    ("start", 2, "ko", "들어 봐. 하얀색이야.", "하얀색이야. 들어 봐."),
    ("end", 1, "en", 'White. That is all."', "That is all white."),
    ("end", 0, "ko", "하얀색이야. 끝!", "하얀색이야. 끝났어"),
    ("shout", 0, "en", "White!", "White! Yes."),
    ("quotes", 0, "en", '"White."', 'It is "white".'),
]


@pytest.mark.parametrize("kind, wanted, language, good, bad", BY_HAND)
def test_checks_by_hand(kind, wanted, language, good, bad):
    assert instructions.follows_one(good, kind, wanted, language)
    assert not instructions.follows_one(bad, kind, wanted, language)
    for nothing in ("", " \n", "!", '""', "..."):
        assert not instructions.follows_one(nothing, kind, wanted, language)


def test_only_the_summary_counts_and_right_wants_the_content_too():
    problem = instructions.make(SNOW, (("words", 2), ("shout", 0)))
    assert problem.prompt == (
        "What color is snow? Use at most 2 words. End with an exclamation mark."
    )
    assert instructions.follows(problem, "<think>a b c d.</think>White!")
    assert instructions.follows(problem, "Black!")
    assert instructions.right(problem, "White!")
    assert not instructions.right(problem, "Black!")
    assert instructions.share_followed(problem, "It is white!") == 0.5
    assert instructions.share_followed(problem, "<think>White!") == 0.0


def test_the_reply_is_wanted_in_the_language_asked_for():
    problem = instructions.make(SNOW, (("language", "ko"),))
    assert instructions.target(problem) == "ko"
    assert instructions.target(SNOW) == "en"
    assert "하얀색이야." in instructions.references(problem)
    assert instructions.references(SNOW) == requests.references(SNOW)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_gives_a_verdict(text):
    for kind, language in product(instructions.SAY, LANGUAGES):
        wanted = instructions.argument(random.Random(0), kind)
        base = requests.make(*SNOW.data[:3], language)
        problem = instructions.make(base, ((kind, wanted),))
        assert instructions.share_followed(problem, text) in (0.0, 1.0)
        assert instructions.right(problem, text) in (True, False)


def test_bad_arguments_say_what_was_wanted_and_got():
    with pytest.raises(ValueError, match="level must be one of .* got 'odd'"):
        instructions.sample(random.Random(0), "odd", "en")
    with pytest.raises(ValueError, match="wanted a general problem .* got 'chess'"):
        instructions.make(Problem("chess", "easy", "en", "", "", ""), (("words", 2),))
    with pytest.raises(ValueError, match="orders of .* got 'facts' and .*whisper"):
        instructions.make(SNOW, (("whisper", 0),))
    with pytest.raises(ValueError, match="at most one order of a kind"):
        instructions.make(SNOW, (("words", 2), ("words", 3)))
    with pytest.raises(ValueError, match="instruction must be one of .* got 'sing'"):
        instructions.follows_one("la", "sing", 0, "en")
