"""Claims about the comparison with math-verify: results/agreement.py and its file."""

import json
from pathlib import Path

import pytest

from r1lib.verifiers import math_equal
from results import agreement

FOUND = json.loads(
    (Path(__file__).resolve().parent.parent / "results/data/agreement.json").read_text(
        encoding="utf-8"
    )
)


def test_at_least_300_different_pairs_of_every_kind_are_compared():
    wanted = agreement.pairs()
    assert wanted == agreement.pairs()
    assert len(set(wanted)) == len(wanted) == FOUND["pairs"] >= 300
    assert {kind for kind, _, _ in wanted} == set(FOUND["kinds"])


def test_every_disagreement_is_listed_and_explained():
    assert FOUND["agree"] + len(FOUND["disagreements"]) == FOUND["pairs"]
    kinds = {row["kind"] for row in FOUND["disagreements"]}
    assert kinds == set(agreement.REASONS), "a reason too many or too few"
    for row in FOUND["disagreements"]:
        assert (
            row["why"] == agreement.REASONS[row["kind"]]
            and row["ours"] != row["math-verify"]
        )
    for name, kind in FOUND["kinds"].items():  # golds differ in a few pairs only
        assert kind["agree"] in (0, kind["pairs"]) or name.startswith("gold")


@pytest.mark.slow
def test_ours_still_says_what_the_file_says():
    differ = {(r["kind"], r["gold"], r["answer"]): r for r in FOUND["disagreements"]}
    agreed = {name: k["ours says equal"] for name, k in FOUND["kinds"].items()}
    for pair in agreement.pairs()[::3]:
        mine = math_equal(*pair[1:])
        if pair in differ:
            assert mine is differ[pair]["ours"], pair
        elif agreed[pair[0]] in (0, FOUND["kinds"][pair[0]]["pairs"]):
            assert mine is bool(agreed[pair[0]]), pair


@pytest.mark.slow
def test_math_verify_still_says_what_the_file_says():
    pytest.importorskip("math_verify")
    kinds, differ = agreement.compare(agreement.pairs()[::10])
    assert len(kinds) > 40 and len(differ) > 5
    assert all(row in FOUND["disagreements"] for row in differ)
