"""Claims about rejection sampling: what is kept, how it is mixed, what a kill costs."""

import ast
import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from r1lib import artifacts, sandbox
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Transformer
from r1lib.problem import Problem, draw, split_of
from r1lib.recipe import rejection
from r1lib.recipe.rejection import SIZES, Sizes
from r1lib.sandbox import Sandbox
from r1lib.tokenizer import Tokenizer
from r1lib.traces import collect, tables
from r1lib.world import instructions, programs, requests, web

ROOT = Path(__file__).resolve().parent.parent
TOKENIZER = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
GOOD = "<think>try 2+2=4~4=0 yes, it fits\n</think><answer>2+2</answer>"
SMOKE = replace(SIZES["smoke"], max_new_tokens=8, most_tokens=8)


def row(completion=GOOD, family="countdown", language="en", prompt="2,2>4", **changes):
    problem = Problem(family, "easy", language, prompt, "", "2,2>4")
    kept = {"source": "test", "seed": 0, "tokens": 9, "finished": True, "correct": True}
    return tables.row(problem, completion, **{**kept, **changes})


def model():
    torch.manual_seed(0)
    config = replace(PRESETS["smoke"], vocab_size=TOKENIZER.vocab_size)
    return Transformer(config)


def begin(folder, sizes=SMOKE, seed=0):
    return rejection.build(
        folder, model(), TOKENIZER, sizes, source="an untrained model", seed=seed
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A table that was built without a break, and the metrics of the building."""
    folder = tmp_path_factory.mktemp("whole") / "samples"
    return folder, list(begin(folder))


# --- the filters


@pytest.mark.parametrize(
    "name, kept, removed",
    [
        ("correct", row(), row(correct=False)),
        ("form", row(), row("<answer>2+2</answer>")),  # a lucky guess
        ("form", row(), row(GOOD + "<answer>2*2</answer>")),
        ("form", row("<answer>Paris.</answer>", "facts"), row("Paris.", "facts")),
        ("form", row(GOOD, "facts"), row("<think>x<answer>2</answer>", "facts")),
        ("language", row(), row(GOOD.replace("yes", "맞아"))),
        ("language", row(), row(language="ko")),
        (
            "language",
            row("<answer>나는 R1 tiny야.</answer>", "identity", "ko"),
            row("<answer>나는 DeepSeek야.</answer>", "identity", "ko"),
        ),
        ("length", row(tokens=160), row(tokens=161)),
        ("length", row(), row(finished=False)),
        (
            "repetition",
            row("<think>1+2=3 no\n2+2=4 yes\n</think><answer>2+2</answer>"),
            row("<think>1+2=3 no\n2+2=4 no\n1+2=3 no\n</think><answer>2+2</answer>"),
        ),
        (
            "repetition",
            row("<answer>2+2\n2+2</answer>"),  # only thinking is looked at
            row("<think>1+2=3 no\nagain 1+2=3 no\n</think><answer>2+2</answer>"),
        ),
    ],
)
def test_each_filter_by_itself(name, kept, removed):
    keep = rejection.chosen(Sizes())[name]
    assert keep([kept, removed]) == [True, False]


def test_doubles_and_too_many_of_a_prompt_are_removed():
    every = rejection.chosen(Sizes(keep=2))
    rows = [row(), row(), row("a"), row("b"), row("c", prompt="other")]
    assert every["unique"](rows) == [True, False, True, True, True]
    assert every["per prompt"](rows) == [True, True, False, False, True]


def test_the_funnel_runs_in_its_order_without_what_is_left_out():
    assert tuple(rejection.chosen(Sizes())) == rejection.FILTERS
    without = Sizes(filters=("per prompt", "form"))
    assert list(rejection.chosen(without)) == ["form", "per prompt"]
    with pytest.raises(ValueError, match="filters must be of .*, got 'nice'"):
        Sizes(filters=("nice",))


@pytest.mark.parametrize(
    "wrong, name",
    [
        (row(correct=False), "correct"),
        (row("<answer>2+2</answer>"), "form"),
        (row(language="ko"), "language"),
        (row(tokens=500), "length"),
        (row("<think>1\n1\n</think><answer>1</answer>"), "repetition"),
    ],
)
def test_the_filter_that_emptied_the_data_is_named(wrong, name):
    with pytest.raises(ValueError, match=f"'reasoning: {name}' removed all of the 2"):
        rejection.filtered("reasoning", [wrong, wrong], Sizes())


def test_sizes_without_sense_are_refused():
    for changes, message in (
        ({"times": 3}, "times must be even and at least 2, got 3"),
        ({"k": 0}, "at least 1"),
        ({"times": "4"}, "times must be a whole number, got '4'"),
        ({"times": None}, "times must be a whole number, got None"),
        ({"filters": None}, "filters must be a tuple, got None"),
        ({"filters": ("form", 5)}, "filters must be of"),
        ({"reasoning": 5}, "reasoning must be a tuple, got 5"),
        ({"reasoning": (("logic", -1, 2),)}, "wanted .family, easy, hard."),
        ({"reasoning": (("logic", 1),)}, "wanted .family, easy, hard."),
        ({"judged": ("chat",)}, "wanted .family, easy, hard."),
        ({"judged": (("chat", 1, 2.5),)}, "wanted .family, easy, hard."),
        ({"ratio": 0}, "ratio must be finite and above 0, got 0"),
    ):
        with pytest.raises(ValueError, match=message):
            given = SimpleNamespace(**vars(Sizes()) | changes)
            Sizes.__post_init__(given)  # past the check of types that only tests have


# --- the judge


def test_the_judge_is_asked_for_labels_and_nothing_else():
    tree = ast.parse((ROOT / "r1lib/recipe/rejection.py").read_text(encoding="utf-8"))
    read = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "judge"
    }
    assert read == {"prefer"}


def test_labels_keep_known_replies_and_refuse_noise():
    rng, right = random.Random(0), rejection.preferred(4, seed=0)
    asked = [draw(requests.SAMPLE["writing"], rng, "train") for _ in range(60)]
    good = [f"<answer>{instructions.references(p)[0]}</answer>" for p in asked]
    likes = [right(p, text) for p, text in zip(asked, good, strict=True)]
    assert likes == [right(p, text) for p, text in zip(asked, good, strict=True)]
    assert sum(likes) > 30  # a reply is as good as itself
    assert sum(right(p, "<answer>7 7 7</answer>") for p in asked) < 6
    other = rejection.preferred(4, seed=1)
    assert likes != [other(p, text) for p, text in zip(asked, good, strict=True)]


def test_programs_are_judged_by_their_tests():
    if why_not := sandbox.missing():
        pytest.skip(why_not)
    problem = programs.make((("sort", None), ("start", 42)), "en")
    with Sandbox() as box:
        right = rejection.judge_of("programs", box, 2, 0)
        assert right(problem, f"<answer>{problem.answer}</answer>")
        assert not right(problem, "<answer>def solve(xs):\n    return xs</answer>")
        assert not right(problem, "no program")


def test_who_is_judged_by_whom():
    sum_ = draw(web.SAMPLE["arithmetic"], random.Random(0), "train")
    text = f"<think>x\n</think><answer>{sum_.answer}</answer>"
    assert rejection.judge_of("arithmetic", None, 2, 0)(sum_, text)
    assert not rejection.judge_of("arithmetic", None, 2, 0)(sum_, "<answer>?</answer>")
    for family, *_ in Sizes().judged:
        assert family in rejection.GENERAL


# --- the general part


def test_known_replies_are_right_distinct_and_of_the_training_split():
    rows = rejection.known(TOKENIZER, 120, Sizes())
    assert rows == rejection.known(TOKENIZER, 120, Sizes())
    assert len({(r["prompt"], r["completion"]) for r in rows}) == 120
    thinks = Counter()
    for r in rows:
        assert r["correct"] and r["finished"] and r["source"] == rejection.KNOWN
        thinks[r["family"]] += r["completion"].startswith("<think>")
        problem = Problem(r["family"], r["level"], "", "", "", r["key"])
        assert split_of(problem) == "train"
    assert all(rejection.in_form(rows))
    assert set(Counter(r["family"] for r in rows)) == set(rejection.GENERAL)
    assert not any(thinks[family] for family in rejection.SIMPLE)
    assert thinks["writing"] and thinks["refusal"]


def test_answers_to_simple_requests_stand_alone():
    thought = "<think>question: Hello!\n</think><answer>Hello!</answer>"
    rows = [row(thought, "chat"), row(thought, "writing")]
    chat, writing = rejection.plain(rows, TOKENIZER)
    assert chat["completion"] == "<answer>Hello!</answer>"
    assert chat["tokens"] == len(TOKENIZER.encode("Hello!")) + 3  # two tags and eos
    assert writing == rows[1]


def test_a_sample_that_is_there_is_not_written_again():
    known = rejection.known(TOKENIZER, 3, Sizes())
    besides = known[:1]
    others = rejection.known(TOKENIZER, 3, Sizes(), 0, besides)
    assert others[:2] == known[1:] and besides[0] not in others


@pytest.mark.parametrize("n, liked", [(90, 4), (90, 100), (2, 0), (91, 31)])
def test_three_parts_of_reasoning_and_one_general(n, liked):
    reasoning = [row(prompt=str(i)) for i in range(n)]
    judged = [row("<answer>ok</answer>", "chat", prompt=str(i)) for i in range(liked)]
    rows = rejection.mix(reasoning, judged, TOKENIZER, Sizes())
    kinds = Counter(
        "general" if r["family"] in rejection.GENERAL else "reasoning" for r in rows
    )
    general = max(1, round(n / 3))
    assert kinds == {"reasoning": n, "general": general}
    sources = Counter(r["source"] for r in rows if r["family"] in rejection.GENERAL)
    assert sources["test"] == min(liked, general // 2)  # the judged ones
    assert rows == rejection.mix(reasoning, judged, TOKENIZER, Sizes())
    assert rows != rejection.mix(reasoning, judged, TOKENIZER, Sizes(), 1)


# --- all of it


def test_the_numbers_of_the_card_add_up(whole):
    folder, metrics = whole
    found = json.loads((folder / "statistics.json").read_text("utf-8"))
    work = folder.with_name("samples-work")
    sampled = {p.stem: len(collect.read(p)[1]) for p in work.iterdir()}
    assert sampled == {
        "countdown-easy": 8,
        "countdown-hard": 4,
        "arithmetic-easy": 8,
        "arithmetic-hard": 4,
        "chat-easy": 4,
        "chat-hard": 2,
    }
    reasoning = [f for f in found["filters"] if f["filter"].startswith("reasoning")]
    judged = [f for f in found["filters"] if f["filter"].startswith("judged")]
    assert reasoning[0]["in"] == 24 and judged[0]["in"] == 6
    for part in (reasoning, judged):
        for one, other in zip(part, part[1:], strict=False):
            assert one["out"] == other["in"]
        assert all(f["in"] - f["removed"] == f["out"] for f in part)
    kept = reasoning[-1]["out"]
    assert found["rows"] == kept + max(1, round(kept / 3))
    assert found["source"]["an untrained model"] >= kept
    assert sum(found["family"][f] for f in ("countdown", "arithmetic")) == kept
    assert [m["step"] for m in metrics] == list(range(1, SMOKE.steps + 1))


def test_only_training_problems(whole):
    for r in tables.load(whole[0]):
        problem = Problem(r["family"], r["level"], "", "", "", r["key"])
        assert split_of(problem) == "train"


def test_a_killed_build_ends_with_the_same_bytes(whole, tmp_path):
    wanted = {p.name: p.read_bytes() for p in whole[0].iterdir()}
    for stop, cut in ((1, 1), (3, 30), (6, 0)):
        folder = tmp_path / str(stop) / "samples"
        building = begin(folder)
        for _ in range(stop):
            last = next(building)
        building.close()
        path = (
            tmp_path
            / str(stop)
            / f"samples-work/{last['family']}-{last['level']}.jsonl"
        )
        written = path.read_bytes()
        path.write_bytes(written[: len(written) - cut])  # what a kill may leave
        assert not folder.exists()
        again = [m["step"] for m in begin(folder)]
        assert again == list(range(stop + (cut == 0), SMOKE.steps + 1))
        assert {p.name: p.read_bytes() for p in folder.iterdir()} == wanted
        assert list(begin(folder)) == []  # done is done


def test_another_seed_is_another_table_and_refuses_the_samples_of_the_first(tmp_path):
    next(begin(tmp_path / "samples"))
    with pytest.raises(ValueError, match="was begun with seed 0, not 1"):
        next(begin(tmp_path / "samples", seed=1))


def test_a_model_that_is_never_right_leaves_no_table(tmp_path):
    strict = replace(SMOKE, filters=rejection.FILTERS)
    with pytest.raises(ValueError, match="'reasoning: correct' removed all of the 24"):
        list(begin(tmp_path / "samples", strict))
    assert not (tmp_path / "samples").exists()


def test_where_the_judge_likes_nothing_the_card_says_so(tmp_path, monkeypatch):
    begun = begin(tmp_path / "t", replace(SMOKE, filters=("correct", "unique")))
    monkeypatch.setattr(rejection, "check", lambda problem, text, box=None: True)
    metrics = list(begun)
    emptied = "'judged: correct' removed all of the 6 rows"
    assert emptied in metrics[-1]["skipped"]
    assert emptied in (tmp_path / "t" / "README.md").read_text(encoding="utf-8")
    found = json.loads((tmp_path / "t" / "statistics.json").read_text("utf-8"))
    kept = found["filters"][-1]["out"]
    assert found["source"][rejection.KNOWN] == max(1, round(kept / 3))


def test_where_programs_cannot_run_one_line_says_so(tmp_path, monkeypatch):
    line = "code is skipped: no walls"
    monkeypatch.setattr(rejection.sandbox, "missing", lambda: line)
    reasoning = (("programs", 2, 0), ("countdown", 2, 0))
    metrics = list(begin(tmp_path / "t", replace(SMOKE, reasoning=reasoning)))
    assert metrics[0] == {"step": 1, "skipped": line}
    assert line in (tmp_path / "t" / "README.md").read_text(encoding="utf-8")
    families = {r["family"] for r in tables.load(tmp_path / "t")}
    assert "countdown" in families and "programs" not in families
    assert rejection.without_programs(SMOKE) is None
