"""Claims about thinking in whole words: another form of the same attempts."""

import random

import pytest

from r1lib.problem import LANGUAGES, problems
from r1lib.recipe import cold_start, stages
from r1lib.tokenizer.chat import thinking
from r1lib.world import arithmetic, corpus, countdown, skills, spoken, web
from r1lib.world.rewrite import readable

FAMILIES = {"countdown": countdown, "arithmetic": arithmetic}
SPEAKS = corpus.Habits(spoken=1.0)


def traces(family, habits, n=60):
    rng = random.Random(3)
    for problem in problems(FAMILIES[family].sample, n, 0, "train"):
        yield problem, corpus.trace(rng, problem, "long", habits)


@pytest.mark.parametrize("family", FAMILIES)
def test_both_forms_are_rewritten_into_each_other(family):
    found = 0
    for problem, text in traces(family, corpus.Habits()):
        few, many = readable(problem, text), readable(problem, text, words=True)
        assert (few is None) == (many is None)
        if few is None:
            continue
        found += 1
        assert readable(problem, many) == few and many != few
        assert readable(problem, few, words=True) == many
        assert readable(problem, many, words=True) == many
        assert skills.sums(many) == skills.sums(few)
        assert problem.check(many)
    assert found > 20


@pytest.mark.parametrize("family", FAMILIES)
def test_whoever_speaks_is_measured_as_whoever_does_not(family):
    """Attempts, checks, repeats and reflection are those of the bare notes."""
    for problem, text in traces(family, SPEAKS):
        lines = thinking(text).split("\n")
        assert lines.pop() == spoken.end(problem.language, said(text))
        bare = "<think>" + "\n".join(map(spoken.bare, lines)) + "\n</think>"
        for measure in (skills.attempts, skills.sums, skills.style):
            assert measure(text) == measure(bare)
        for measure in (skills.checks, skills.repeats, skills.reflects):
            assert measure(text) == measure(bare)


def said(text):
    return text.partition("<answer>")[2].removesuffix("</answer>")


def test_every_verdict_has_words_that_can_be_taken_away():
    for language in LANGUAGES:
        for family in FAMILIES:
            for yes in (True, False):
                words = spoken.meaning(language, family, yes, 7)
                assert spoken.bare(f"8-3=5~12=7 no{words}") == "8-3=5~12=7 no"
        assert spoken.ends(spoken.end(language, "(8-3)*7"))
    assert spoken.bare("I am 3 away") == "I am 3 away"
    assert not spoken.ends("So I write (8-3)*7. And so on")


def test_the_web_speaks_as_often_as_it_is_asked_to():
    def share(habits):
        texts = [text for _, text in web.documents(2000, 0, habits)]
        thoughts = [t for t in texts if "=" in thinking(t)]
        ends = [spoken.ends(thinking(t).split("\n")[-1]) for t in thoughts]
        return sum(ends) / len(ends)

    assert share(corpus.Habits()) == 0
    assert 0.2 < share(corpus.Habits(spoken=0.35)) < 0.45  # programs have "=" too


def test_hard_countdown_is_asked_for_the_cold_start_of_the_next_edition():
    def hard(size):
        return sum(
            len(asked)
            for source, asked, _ in cold_start.sources(size, 0)
            if source == "zero" and asked[0].level == "hard"
        )

    assert hard(stages.SETTINGS["tiny"].cold) == 0
    assert hard(stages.SECOND.cold) == 300
