"""Pairs for a blind reading: both right, both languages, in an order by seed."""

import json
import sys

import pytest

from results import pairs


@pytest.fixture
def answered(monkeypatch):
    """Every second problem is solved by Zero, and all by Dev1."""

    def right_answers(folder, model, asked):
        solved = [model == "dev1" or i % 2 == 0 for i in range(len(asked))]
        return [
            f"<think>{model}</think>{p.prompt[:9]}" if yes else ""
            for p, yes in zip(asked, solved, strict=True)
        ]

    monkeypatch.setattr(pairs, "right_answers", right_answers)


def test_pairs_are_of_the_same_problem_right_and_half_in_each_language(answered):
    found = pairs.drawn(None)
    assert len(found) == pairs.PAIRS and found == pairs.drawn(None)
    assert all(pair["zero"] and pair["dev1"] for pair in found)
    korean = sum(any("가" <= c <= "힣" for c in pair["prompt"]) for pair in found)
    assert korean == pairs.PAIRS // 2
    assert 3 < sum(pair["top"] == "dev1" for pair in found) < 17


def test_the_key_says_which_of_the_two_is_dev1(answered, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["pairs", "run", str(tmp_path)])
    pairs.main()
    key = json.loads((tmp_path / "key.json").read_text())
    pages = (tmp_path / "pairs.md").read_text().split("\n## ")[1:]
    assert len(key) == len(pages) == pairs.PAIRS
    for number, page in enumerate(pages, 1):
        first, second = page.split("**B**")
        mine = first if key[str(number)] == "A" else second
        assert "dev1" in mine and "zero" not in mine


def test_too_few_problems_that_both_solve_are_refused(monkeypatch):
    monkeypatch.setattr(pairs, "right_answers", lambda f, m, asked: [""] * len(asked))
    with pytest.raises(ValueError, match="wanted 10 problems that both solve in 'en'"):
        pairs.drawn(None)
