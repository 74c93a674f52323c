"""Shipped weights evaluated anew: honest intervals, the same problems, few if slow."""

import pytest
import torch

from r1lib import artifacts, evaluate
from r1lib.recipe import pipeline
from r1lib.world import scorecard
from results import compare, from_shipped
from results.compare import Number
from tools import measure


def drawn(chances, k: int, generator) -> dict:
    """A summary of k answers to each problem, as a result file has it."""
    right = (
        torch.rand(len(chances), k, generator=generator) < chances[:, None]
    ).float()
    means = right.mean(1)
    place = evaluate.interval(means, samples=300)
    return {"pass@1": means.mean().item(), "interval": place, "problems": len(chances)}


@pytest.mark.parametrize("n, k", [(200, 4), (40, 16)])
def test_the_interval_of_two_draws_holds_what_chance_does(n, k):
    """All the problems with fewer samples, and a fifth of them with as many."""
    generator, inside, shifted, tries = torch.Generator().manual_seed(0), 0, 0, 150
    for _ in range(tries):
        chances = torch.rand(200, generator=generator) ** 2
        stored, now = drawn(chances, 16, generator), drawn(chances[:n], k, generator)
        inside += compare.by_summary("x", stored, now, 16, k).within
        now["pass@1"] += 0.25
        shifted += compare.by_summary("x", stored, now, 16, k).within
    assert 0.89 < inside / tries < 1.0  # 95% are promised
    assert shifted / tries < 0.2


def test_fewer_problems_make_the_interval_wider():
    generator = torch.Generator().manual_seed(0)
    chances = torch.rand(200, generator=generator)
    stored, widths = drawn(chances, 16, generator), []
    for n in (200, 50, 10):
        now = drawn(chances[:n], 16, generator)
        low, high = compare.by_summary("x", stored, now, 16, 16).difference
        widths.append(high - low)
    assert widths == sorted(widths) and widths[0] < widths[-1] / 3


@pytest.mark.parametrize("n", [8, 60])
def test_the_paired_interval_holds_what_chance_does(n):
    generator, inside, shifted, tries = torch.Generator().manual_seed(0), 0, 0, 300
    for _ in range(tries):
        chances = torch.rand(n, generator=generator)
        both = (
            chances.repeat(2, 4, 1) > torch.rand(2, 4, n, generator=generator)
        ) * 1.0
        before, after = both.mean(1).tolist()
        inside += compare.by_problem("x", before, after).within
        more = [value + 0.5 for value in after]
        shifted += compare.by_problem("x", before, more).within
    assert 0.92 < inside / tries < 0.99  # 95% are promised
    assert shifted / tries < 0.2


def test_where_nothing_differs_the_interval_is_no_point():
    found = compare.by_problem("x", [0.5, 1.0] * 4, [0.5, 1.0] * 4)
    assert found.within and found.difference[0] < 0 < found.difference[1]


def test_greedy_answers_have_no_samples_to_compare():
    with pytest.raises(ValueError, match="wanted 2 samples"):
        compare.parts({"pass@1": 0.5, "interval": (0.4, 0.6)}, 1, 100)


def test_a_number_is_within_or_outside():
    near = Number("n", 0.5, (0.4, 0.6), 0.52, (-0.03, 0.07))
    far = Number("n", 0.5, (0.4, 0.6), 0.7, (0.1, 0.3))
    assert str(near).endswith("within") and str(far).endswith("outside")
    assert "0.500 [0.400, 0.600]" in str(near) and "+0.020 [-0.030, +0.070]" in str(
        near
    )
    assert "1 of 2 are within. Chance" in from_shipped.verdict([near, far])


def test_values_are_compared_of_the_same_problems():
    """Of each column, the stored values of just those problems that are asked."""
    every, some = (scorecard.questions(n, "easy", seed=1) for n in (12, 3))
    kept = from_shipped.places(every, {f: len(mine) for f, mine in some.items()})
    prompts = {}
    for size, asked in (("every", every), ("some", some)):
        rows = prompts[size] = {}
        for mine in asked.values():
            for problem in mine:
                for name in from_shipped.columns_of(problem):
                    rows.setdefault(name, []).append(problem.prompt)
    assert set(kept) == set(scorecard.COLUMNS)
    for name, where in kept.items():
        assert [prompts["every"][name][i] for i in where] == prompts["some"][name]


def test_fewer_problems_of_zero_are_the_first_of_each_game():
    every, some = (pipeline.held_out(n, "test") for n in (12, 3))
    assert [p.prompt for p in some] == [p.prompt for p in (*every[:3], *every[12:15])]


@pytest.mark.slow
def test_stored_cards_have_a_value_for_each_problem():
    """So the places of all problems are all the values that a file has."""
    cards = [job.ask.args[1]["easy"] for job in from_shipped.p6()]
    asked = scorecard.questions(cards[0].problems, "easy", seed=cards[0].draw)
    kept = from_shipped.places(asked, {f: len(mine) for f, mine in asked.items()})
    for card in cards:
        for name, values in card.known["values"].items():
            assert kept[name] == list(range(len(values))), name


@pytest.mark.slow
def test_a_model_is_measured_beside_its_stored_numbers():
    job = from_shipped.p5()[0]
    numbers = job.ask(*artifacts.load(job.artifact), 2)
    assert [n.name for n in numbers] == ["dev1, easy, mixed", "dev1, hard, mixed"]
    assert all(0 <= n.now <= 1 and n.within for n in numbers)


@pytest.mark.parametrize("claim", from_shipped.CLAIMS)
def test_other_weights_than_the_measured_are_refused(claim, monkeypatch):
    assert from_shipped.CLAIMS[claim]()
    manifest = {name: {**entry} for name, entry in artifacts.manifest().items()}
    for entry in manifest.values():
        entry["sha256"] = {}
        entry["metrics"] = {"pass@1": 0.5}
    monkeypatch.setattr(artifacts, "manifest", lambda: manifest)
    with pytest.raises(ValueError, match="measured with other weights"):
        from_shipped.CLAIMS[claim]()


def test_weights_of_another_edition_are_refused_in_one_line(monkeypatch, capsys):
    entry = {**artifacts.manifest()["r1-tiny"], "edition": 2}
    manifest = {**artifacts.manifest(), "r1-tiny": entry}
    monkeypatch.setattr(artifacts, "manifest", lambda: manifest)
    assert measure.main(["--from-shipped", "P6"]) == 1
    error = capsys.readouterr().err
    assert "stages-0 is of edition 1, and artifacts/r1-tiny of 2" in error
    assert error.count("\n") == 1


def jobs(asked: list[int]) -> list:
    def ask(model, tokenizer, n):
        asked.append(n)
        return []

    return [from_shipped.Job("x", "base-tiny", 96, 400, ask) for _ in range(2)]


@pytest.mark.parametrize(
    "seconds, most, n", [(1e9, None, 96), (1e9, 20, 20), (0, 20, 8)]
)
def test_a_machine_without_time_gets_fewer_problems(seconds, most, n):
    asked = []
    found = list(from_shipped.numbers_of(jobs(asked), most, seconds))
    assert asked == [from_shipped.FEWEST, n, n]  # the first is a trial
    assert [row[2] for row in found] == [n, n]
