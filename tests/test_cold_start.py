"""Claims about the cold start: who writes it, what is kept, and that nothing leaks."""

import random
from dataclasses import replace
from itertools import islice

import pytest
import small

from r1lib import evaluate, rewards, sandbox
from r1lib.problem import check, problems, split_of
from r1lib.recipe import cold_start
from r1lib.tokenizer import Tokenizer
from r1lib.traces import filters, tables
from r1lib.world import countdown, requests, web

TOKENIZER = Tokenizer([])
SMALL = replace(small.DENSE, n_layers=1, max_positions=512)
SMOKE = cold_start.SIZES["smoke"]
ASKED = list(cold_start.sources(SMOKE, 0))
NEEDS_SANDBOX = pytest.mark.skipif(
    sandbox.missing() is not None, reason="no sandbox on this machine"
)


def model(seed=0):
    return small.model(SMALL, seed)


def make(folder, **options):
    return cold_start.make(folder, model(0), model(1), TOKENIZER, SMOKE, **options)


def requests_of(family, n=40):
    return problems(web.SAMPLE[family], n, 1, "train", "hard")


def test_every_problem_is_one_to_train_on():
    found = [problem for _, asked, _ in ASKED for problem in asked]
    assert {p.family for p in found} == {*cold_start.REASONING, *cold_start.GENERAL}
    assert {split_of(p) for p in found} == {"train"}
    assert {p.language for p in found} == {"en", "ko"}
    first, second = ([p.prompt for p in ASKED[i][1]] for i in (0, 4))
    assert ASKED[0][0] != ASKED[4][0] and first != second  # each source has its own


def test_the_sources_are_those_of_the_paper():
    assert list(dict.fromkeys(source for source, *_ in ASKED)) == [
        "zero",
        "begun",
        "reflect",
        "person",
    ]


@pytest.mark.parametrize("family", cold_start.GENERAL)
def test_a_person_is_right_and_thinks_in_one_language(family):
    rows = cold_start.written(requests_of(family), TOKENIZER, check, 0)
    assert all(row["correct"] and row["finished"] for row in rows)
    asked = {problem.prompt: problem for problem in requests_of(family)}
    for row in rows:
        thinks = "<think>" in row["completion"]
        assert thinks == (family != "chat")
        if thinks:
            problem = asked[row["prompt"]]
            assert rewards.language_consistency(problem, row["completion"]) == 1
            assert rewards.format(problem, row["completion"]) == 1


def test_a_person_refuses_harm_and_only_harm():
    found = {True: 0, False: 0}
    for problem in requests_of("refusal"):
        text = cold_start.person(random.Random(0), problem)
        assert requests.refuses(text) == requests.harmful(problem)
        assert (cold_start.HARM[problem.language][1] in text) == requests.harmful(
            problem
        )
        found[requests.harmful(problem)] += 1
    assert min(found.values()) > 9


def test_what_is_kept_is_right_readable_and_one_for_each_prompt():
    problem = countdown.make((3, 7, 8), 35, "en")
    other = countdown.make((3, 7, 9), 42, "ko")
    known = {p.prompt: p for p in (problem, other)}
    hit = "<think>8-3=5,*7=35~35=0 yes\n</think><answer>(8-3)*7</answer>"
    mixed = "<think>9-3=6,*7=42~42=0 yes\n</think><answer>(9-3)*7</answer>"

    def row(problem, text, seed, **changes):
        kept = {"source": "zero", "seed": seed, "tokens": 30, "finished": True}
        kept["correct"] = problem.check(text)
        return tables.row(problem, text, **{**kept, **changes})

    rows = [
        row(problem, "<answer>8</answer>", 0),  # wrong
        row(problem, hit, 1, tokens=99),  # too long
        row(problem, "<answer>(8-3)*7</answer>", 2),  # a guess
        row(problem, hit, 3),
        row(problem, hit.replace("yes", "맞아"), 4),  # the same, once repaired
        row(other, mixed, 0),
    ]
    kept, report = cold_start.select(rows, known, TOKENIZER, 50)
    assert [(r["prompt"], r["seed"]) for r in kept] == [
        (problem.prompt, 3),
        (other.prompt, 0),
    ]
    assert "9-3=6,*7=42~42=0 맞아 목표" in kept[1]["completion"]
    assert [part["removed"] for part in report] == [1, 1, 1, 0, 0, 1, 0]
    for r in kept:
        encoded = TOKENIZER.encode(r["completion"], allow_special=True)
        assert r["tokens"] == len(encoded) + 1


def test_a_table_is_written_with_its_card(tmp_path):
    seen = list(make(tmp_path / "cold"))
    assert seen[-1]["step"] == cold_start.steps(SMOKE)
    steps = [metrics["step"] for metrics in seen]
    assert steps == sorted(steps)
    rows = tables.load(tmp_path / "cold")
    assert {row["source"] for row in rows} == {"person"}  # these models know nothing
    assert all(filters.correct(rows))
    assert "can be made readable" in (tmp_path / "cold" / "README.md").read_text()
    assert {p.name for p in tmp_path.iterdir()} == {"cold", "cold-work"}
    assert list(make(tmp_path / "cold")) == []  # nothing is done twice


def test_a_killed_collection_goes_on_and_ends_with_the_same_table(tmp_path):
    list(make(tmp_path / "whole"))
    list(islice(make(tmp_path / "part"), 2))
    work = tmp_path / "part-work"
    before = {path.name: path.read_bytes() for path in work.iterdir()}
    again = list(make(tmp_path / "part"))
    assert before and again[0]["step"] == 3  # the first two chunks are there
    whole, part = (tables.load(tmp_path / name) for name in ("whole", "part"))
    assert whole == part


def test_samples_of_other_weights_are_never_taken_for_these(tmp_path):
    list(islice(make(tmp_path / "cold"), 1))
    other = cold_start.make(tmp_path / "cold", model(0), model(2), TOKENIZER, SMOKE, 0)
    assert next(other)["step"] == 1  # sampled again: Zero is another one
    assert len(list((tmp_path / "cold-work").glob("zero-countdown-*"))) == 2


def test_a_base_that_is_held_begins_to_think():
    hand = cold_start._hand("reflect", TOKENIZER)
    asked = problems(countdown.sample, 4, 0, "train")
    found = evaluate.answer(
        model(),
        TOKENIZER,
        asked,
        2,
        max_new_tokens=20,
        prefix=hand["opening"],
        steer=hand["steer"],
    )
    assert all("</think>" not in t for row in found.texts for t in row)
    assert cold_start._hand("zero", TOKENIZER) == {}


@NEEDS_SANDBOX
def test_programs_are_judged_in_the_sandbox_or_not_at_all():
    (problem,) = problems(web.SAMPLE["programs"], 1, 0, "train")
    text = f"<answer>{problem.answer}</answer>"
    with sandbox.Sandbox() as box:
        assert problem.check(text, box)
        assert not problem.check("<answer>def solve(xs):</answer>", box)
    with pytest.raises(ValueError, match="wanted a sandbox"):
        problem.check(text)
