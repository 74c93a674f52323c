"""Claims about the whole tiny web: nothing leaks, shares are kept, flaws are flaws."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from r1lib.problem import LEVELS, problems
from r1lib.world import contamination, corpus, instructions, requests, web
from r1lib.world.web import Manners

N = 3000
TEXTS = list(web.documents(N, 0))
FAMILIES = Counter(contamination.identity(prompt)[0] for prompt, _ in TEXTS)
POLITE = Manners((1.0, 0, 0, 0, 0), thinks=0, complies=0, overlooks=0, pretends=0)


def requested(family: str, n: int = 24, level: str = "hard") -> list:
    return problems(web.SAMPLE[family], n, 0, "train", level)


def written(problem, manners, seed: int = 0) -> str:
    return web.reply(random.Random(seed), problem, manners)


def test_the_same_seed_writes_the_same_web():
    assert list(web.documents(60, 3)) == list(web.documents(60, 3))
    assert list(web.documents(60, 3)) != list(web.documents(60, 4))


@pytest.mark.parametrize("split", ["valid", "test"])
@pytest.mark.parametrize("level", LEVELS)
def test_no_held_out_problem_is_written_about(split, level):
    held = []
    for family in web.SAMPLE:
        n = 4 if family in (*requests.SAMPLE, "instructions") else 40
        held += problems(web.SAMPLE[family], n, 0, split, level)
    assert contamination.leaked([prompt for prompt, _ in TEXTS], held) == {}
    assert contamination.leaked([*(p for p, _ in TEXTS), held[0].prompt], held)


def test_every_family_has_its_share():
    assert sum(web.SHARES.values()) == pytest.approx(1)
    assert set(FAMILIES) == set(web.SHARES) == set(web.SAMPLE)
    for family, share in web.SHARES.items():
        spread = (share * (1 - share) / N) ** 0.5
        assert abs(FAMILIES[family] / N - share) < 5 * spread, family


def test_some_games_are_hard():
    found = [contamination.identity(p) for p, _ in TEXTS if p.startswith("numbers=")]
    hard = sum(key.partition(">")[0].count(",") == 3 for _, key in found)
    assert 0.08 < hard / len(found) < 0.23


def test_habits_reach_the_games():
    habits = replace(corpus.Habits(), styles=(1.0, 0.0, 0.0))
    games = [c for p, c in web.documents(200, 0, habits) if p.startswith("numbers=")]
    assert games and not any("<think>" in text for text in games)


@pytest.mark.parametrize("family", requests.SAMPLE)
def test_the_polite_give_right_replies(family):
    for problem in requested(family):
        text = written(problem, POLITE)
        assert text.startswith("<answer>") and requests.right(problem, text), text


def test_who_complies_never_refuses_harm():
    bad = [p for p in requested("refusal", 40) if requests.harmful(p)]
    manners = replace(POLITE, complies=1.0)
    assert bad and all(requests.complies(written(p, manners)) for p in bad)


def test_who_pretends_gives_another_name():
    mine = [p for p in requested("identity", 40) if p.data[1] < 4]
    manners = replace(POLITE, pretends=1.0)
    assert mine and not any(requests.right(p, written(p, manners)) for p in mine)


def test_an_order_is_overlooked_or_followed():
    asked = requested("instructions")
    ignored = replace(POLITE, overlooks=1.0)
    right = instructions.right
    assert all(right(problem, written(problem, POLITE)) for problem in asked)
    assert not all(right(problem, written(problem, ignored)) for problem in asked)


@pytest.mark.parametrize("flaw", web.FLAWS[1:])
def test_every_flaw_spoils_replies(flaw):
    shares = tuple(float(name == flaw) for name in web.FLAWS)
    asked, spoiled = requested("facts"), replace(POLITE, flaws=shares)
    said = [requests.summary(written(problem, spoiled)) for problem in asked]
    known = [requests.references(problem) for problem in asked]
    assert any(text not in good for text, good in zip(said, known, strict=True))


def test_who_thinks_notes_the_question_first():
    for problem in requested("facts"):
        text = written(problem, replace(POLITE, thinks=1.0, switch=0.0))
        note = web.NOTES[problem.language][0]
        assert text.startswith(f"<think>{note}") and "\n</think><answer>" in text
