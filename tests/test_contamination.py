"""A planted test problem is found in any disguise; the tiny web holds none."""

import random
from itertools import islice

import pytest

from r1lib import artifacts
from r1lib.problem import LANGUAGES, LEVELS, Problem, draw, problems, split_of
from r1lib.traces import tables
from r1lib.world import (
    arithmetic,
    contamination,
    countdown,
    logic,
    programs,
    requests,
    web,
)
from r1lib.world.contamination import identity, leaked, ngrams, overlaps, unread


@pytest.mark.parametrize("family", web.SAMPLE)
def test_every_prompt_of_the_world_is_read_back(family):
    rng = random.Random(family)
    for i in range(16):
        level, language = LEVELS[i % 2], LANGUAGES[i // 2 % 2]
        problem = web.SAMPLE[family](rng, level, language)
        assert identity(problem.prompt) == (family, problem.key), problem.prompt


def test_stories_are_read_as_their_sums():
    rng = random.Random(0)
    for language in LANGUAGES:
        for operations in ("+-*", "/*-", "*/+-+"):
            numbers = range(2, 3 + len(operations))
            key = arithmetic.write_expression(numbers, operations)
            text = arithmetic._story(numbers, operations, language, rng)
            assert identity(text) == ("arithmetic", key), text


def planted():
    """The same test problems, as nobody would find them by their letters."""
    game = draw(countdown.sample, random.Random(1), "test", language="en")
    numbers, target = game.data
    turned = countdown.make(numbers[::-1], target, "ko")
    fact = draw(requests.SAMPLE["facts"], random.Random(1), "test", "hard", "en")
    topic, chosen, frame = fact.data[1:]
    translated = requests.make("facts", topic, chosen, "ko", frame)
    ops = (("sort", None), ("start", 42))
    return [
        (game, turned.prompt),
        (fact, translated.prompt),
        (programs.make(ops, "en"), programs.make(ops, "ko").prompt),
        (
            logic.make((("is", 1, False), ("same", 0, 1)), "en"),
            logic.make((("same", 0, 1), ("is", 0, False)), "ko").prompt,
        ),
    ]


def test_a_planted_leak_is_found_in_disguise():
    tests, disguised = zip(*planted(), strict=True)
    innocent = [problems(web.SAMPLE[f], 3, 0, "train") for f in ("countdown", "facts")]
    prompts = [p.prompt for row in innocent for p in row]
    assert leaked(prompts, tests) == {}
    found = leaked([*prompts, *disguised], tests)
    n = len(prompts)
    assert found == {n + i: test.key for i, test in enumerate(tests)}


def test_the_tiny_web_holds_no_test_problem():
    prompts = [prompt for prompt, _ in islice(web.documents(250, 0), 250)]
    tests = [
        p
        for family, sample in web.SAMPLE.items()
        for p in problems(sample, 3, 0, "test")
    ]
    assert leaked(prompts, tests) == {}
    assert unread(prompts) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "numbers= target=",
        "numbers=3,7,8",
        "numbers=3,7,8 target=35 and more",
        "numbers=³,7,8 target=35",
        "compute ",
        "solve(xs): ",
        "solve(xs): return the moon",
        "knights and knaves.",
        "knights and knaves. A: B is a knight. B: whatever.",
        "Please.",
        "Answer in Korean.",
        "numbers=" + "1," * 10_000 + "1 target=3",
        "(" * 100_000,
    ],
)
def test_what_is_no_problem_has_no_identity(text):
    assert identity(text) is None


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="at least one test problem"):
        leaked(["compute 1+1"], [])
    with pytest.raises(ValueError, match="wanted a text, got int"):
        contamination.checked(7)
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        ngrams("a b", 0)
    assert leaked([], [countdown.make((3, 7, 8), 35, "en")]) == {}


def test_ngrams_by_hand():
    assert ngrams("a b c", 2) == {("a", "b"), ("b", "c")}
    assert ngrams("a b", 3) == set()
    tests = ["a b c x y", "no", "A, b"]
    assert overlaps(["z a b c z"], tests, 3) == [0.6, 0.0, 0.0]
    assert overlaps([], tests, 3) == [0.0, 0.0, 0.0]
    assert overlaps(["x y"], [], 2) == []


def test_overlap_is_blind_to_a_disguise_and_accuses_the_innocent():
    (game, turned), *_ = planted()
    copy = overlaps([game.prompt], [game.prompt], 8)
    assert copy == [1.0]
    assert overlaps([turned], [game.prompt], 8) == [0.0]
    numbers, target = game.data
    other = countdown.make(numbers, target + 1, "en")
    assert identity(other.prompt) != identity(game.prompt)
    assert overlaps([other.prompt], [game.prompt], 8)[0] > 0.5


def test_a_run_of_words_counts_once():
    seen = {("a", "b"), ("b", "c")}
    assert contamination.covered(["a", "b", "c", "d"], seen, 2) == 0.75
    assert contamination.covered([], seen, 2) == 0.0


@pytest.mark.parametrize("seed", ["", "-1", "-2"])
@pytest.mark.parametrize("name", ["cold-tiny", "samples-tiny"])
def test_the_shipped_tables_hold_no_problem_of_another_split(name, seed):
    """By each row's own key, and by what its prompt asks when it is read back."""
    rows = tables.load(artifacts.path(name + seed))
    prompts = {(row["family"], row["key"]): row["prompt"] for row in rows}
    assert len(prompts) > 1000
    for (family, key), prompt in prompts.items():
        found = identity(prompt)
        assert found in (None, (family, key))
        problem = Problem(family, "easy", "en", prompt, "", key)
        assert split_of(problem) == "train", prompt
    blind = unread(prompts.values())
    assert len(blind) < len(prompts) / 10
