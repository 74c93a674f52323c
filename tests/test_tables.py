"""Claims about data: collected once, filtered with counts, written whole, read back."""

import json
import random
from dataclasses import replace

import pytest
import small
import torch

from r1lib.model.transformer import Transformer
from r1lib.problem import Problem, split_of
from r1lib.tokenizer import Tokenizer
from r1lib.traces import collect, filters, tables

TOKENIZER = Tokenizer([])


def row(completion="<think>2+2=4 yes\n</think><answer>4</answer>", **changes):
    language, prompt = changes.pop("language", "en"), changes.pop("prompt", "2+2")
    problem = Problem("arithmetic", "easy", language, prompt, "4", "2+2")
    kept = {"source": "test", "seed": 0, "tokens": 9, "finished": True, "correct": True}
    return tables.row(problem, completion, **{**kept, **changes})


# --- filters


def test_each_filter_keeps_what_it_says():
    cases = {
        filters.correct: [(row(), True), (row(correct=False), False)],
        filters.not_rambling(9): [
            (row(tokens=9), True),
            (row(tokens=10), False),
            (row(finished=False), False),
        ],
        filters.one_language: [
            (row(), True),
            (row(language="ko"), False),
            (row("<think>2+2=4 맞아\n</think><answer>4</answer>"), False),
            (row("<think>2+2=4 yes\n</think>맞아"), False),  # the summary counts too
            (row("<think>2+2=4\n</think><answer>4</answer>", language="ko"), True),
            (row("Paris."), True),
            (row("파리야."), False),
            (row("파리야.", language="ko"), True),
            (row(""), True),
        ],
        filters.not_repeated(): [
            (row("<think>1+2=3\n2+2=4\n</think>4"), True),
            (row("<think>\n1+2=3\n2+2=4\n1+2=3\n</think>4"), False),
            (row("a\n\n\nb"), True),
        ],
        filters.not_repeated(0.5): [(row("1\n1\n2\n"), True), (row("1\n1\n1"), False)],
    }
    for keep, wanted in cases.items():
        assert keep([r for r, _ in wanted]) == [flag for _, flag in wanted], keep


def test_the_first_of_equal_samples_stays():
    rows = [
        row("2 + 2 = 4", seed=0),
        row("2 + 2 = 4", seed=1),
        row("２+2=4", seed=2),
        row("2+2=4 Yes", seed=3),
        row("2+2=4 yes", seed=4),
        row("2 + 2 = 4", prompt="other"),
    ]
    exact = [True, False, True, True, True, True]
    loose = [True, False, False, True, False, True]
    assert filters.unique()(rows) == exact
    assert filters.unique(filters.normalised)(rows) == loose
    assert filters.unique()(rows) == exact  # nothing is remembered between calls
    assert filters.at_most(2)(rows) == [True, True, False, False, False, True]
    spaces = [row("12 3"), row("1 23")]  # a space between two numbers is no ornament
    assert filters.unique(filters.normalised)(spaces) == [True, True]


def test_the_funnel_counts_what_went_in_and_out():
    rows = [
        row("a"),
        row("a", correct=False),
        row("b", correct=False, tokens=50),
        row("c", tokens=50),
        row("d"),
        row("d"),
    ]
    steps = {
        "correct": filters.correct,
        "short": filters.not_rambling(20),
        "unique": filters.unique(),
    }
    kept, report = filters.apply(rows, steps)
    assert [r["completion"] for r in kept] == ["a", "d"]
    assert report == [
        {"filter": "correct", "in": 6, "removed": 2, "out": 4, "alone": 2},
        {"filter": "short", "in": 4, "removed": 1, "out": 3, "alone": 2},
        {"filter": "unique", "in": 3, "removed": 1, "out": 2, "alone": 2},
    ]


def test_the_filter_that_emptied_the_data_is_named():
    rows = [row(tokens=50), row(correct=False)]
    steps = {"correct": filters.correct, "short": filters.not_rambling(20)}
    message = r"'short' removed all of the 1 rows that reached it \(2 before"
    with pytest.raises(ValueError, match=message):
        filters.apply(rows, steps)
    with pytest.raises(ValueError, match="got no rows at all"):
        filters.apply([], steps)


def test_limits_without_sense_are_refused():
    with pytest.raises(ValueError, match="most_tokens must be at least 1, got 0"):
        filters.not_rambling(0)
    with pytest.raises(ValueError, match="from 0 to 1, got 2"):
        filters.not_repeated(2)
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        filters.at_most(0)


# --- tables


def test_a_table_is_read_back_as_it_was_written(tmp_path):
    datasets = pytest.importorskip("datasets")
    rows = [row(), row('파리야. "|" \n', language="ko", seed=1, correct=False)]
    tables.save(tmp_path / "a", rows, "Two rows")
    assert tables.load(tmp_path / "a") == rows
    theirs = datasets.load_dataset(
        "parquet",
        data_files=str(tmp_path / "a" / "data.parquet"),
        cache_dir=str(tmp_path / "cache"),
        split="train",
    )
    assert theirs.to_list() == rows and theirs.column_names == list(tables.COLUMNS)
    tables.save(tmp_path / "b", rows, "Two rows")
    for name in ("data.parquet", "statistics.json", "README.md"):
        written = [(tmp_path / x / name).read_bytes() for x in "ab"]
        assert written[0] == written[1]  # the same rows are the same bytes


def test_the_card_says_what_was_removed_and_what_is_left(tmp_path):
    rows = [row("a"), row("a"), row("b", tokens=30), row("c", correct=False)]
    kept, report = filters.apply(
        rows, {"correct": filters.correct, "unique": filters.unique()}
    )
    tables.save(tmp_path / "t", kept, "Cold start", report, "Sampled from Zero.")
    card = (tmp_path / "t" / "README.md").read_text(encoding="utf-8")
    assert card.startswith("# Cold start\n\nSampled from Zero.\n")
    assert "2 rows of 1 prompts, 2 of them correct; 39 tokens (9 to 30, " in card
    assert "| correct | 4 | 1 | 3 | 1 |" in card
    assert "| unique | 3 | 1 | 2 | 1 |" in card
    assert "| language | en | 2 |" in card
    for name, (_, meaning) in tables.COLUMNS.items():
        assert f"| {name} | " in card and meaning in card
    found = json.loads((tmp_path / "t" / "statistics.json").read_text("utf-8"))
    assert found["filters"] == report and found["rows"] == 2


def test_a_failed_write_leaves_the_old_table(tmp_path):
    tables.save(tmp_path / "t", [row()], "One")
    broken = {**row(), "tokens": "many"}
    with pytest.raises(ValueError, match="tokens must be int64, got 'many'"):
        tables.save(tmp_path / "t", [broken], "Broken")
    assert tables.load(tmp_path / "t") == [row()]
    assert [path.name for path in tmp_path.iterdir()] == ["t"]


def test_what_is_no_table_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one row, got none for 'Empty'"):
        tables.save(tmp_path / "t", [], "Empty")
    with pytest.raises(ValueError, match="no table at"):
        tables.load(tmp_path)
    (tmp_path / "data.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(ValueError, match="damaged"):
        tables.load(tmp_path)
    import pyarrow
    import pyarrow.parquet

    other = pyarrow.table({"text": ["a"]})
    pyarrow.parquet.write_table(other, tmp_path / "data.parquet")
    with pytest.raises(ValueError, match="columns .*'text'"):
        tables.load(tmp_path)


# --- collecting


def train_problems(n):
    made = (Problem("toy", "easy", "en", f"{i}+1", "", str(i)) for i in range(100))
    return [problem for problem in made if split_of(problem) == "train"][:n]


def begin(path, problems=None, k=3, **changes):
    torch.manual_seed(0)
    settings = {"source": "toy-1", "max_new_tokens": 5, "at_once": 2}
    return collect.collect(
        path,
        Transformer(replace(small.DENSE, n_layers=1)),
        TOKENIZER,
        problems or train_problems(5),
        k,
        judge=lambda problem, text: len(text) % 2 == 0,
        **{**settings, **changes},
    )


def test_every_sample_is_there_once_with_what_a_filter_needs(tmp_path):
    steps = list(begin(tmp_path / "s.jsonl"))
    assert [s["problems"] for s in steps] == [2, 4, 5]
    settings, rows = collect.read(tmp_path / "s.jsonl")
    keys = [(p.prompt, s) for p in train_problems(5) for s in range(3)]
    assert [(r["prompt"], r["seed"]) for r in rows] == keys
    assert settings["k"] == 3 and settings["source"] == "toy-1"
    for r in rows:
        assert r["correct"] == (len(r["completion"]) % 2 == 0)
        assert 1 <= r["tokens"] <= 5 and r["source"] == "toy-1"
        assert r["finished"] or r["tokens"] == 5
    assert len({r["completion"] for r in rows}) > 10  # samples differ
    tables.save(tmp_path / "t", rows, "Toy")
    assert tables.load(tmp_path / "t") == rows


def test_a_killed_collection_ends_with_the_same_bytes(tmp_path):
    list(begin(tmp_path / "whole.jsonl"))
    whole = (tmp_path / "whole.jsonl").read_bytes()
    rng = random.Random(0)
    places = [0, 1, *rng.sample(range(len(whole)), 8), len(whole) - 1, len(whole)]
    for place in places:  # wherever the kill cut the file
        path = tmp_path / f"{place}.jsonl"
        path.write_bytes(whole[:place])
        done = list(begin(path))
        assert path.read_bytes() == whole
        assert len(done) == 0 if place == len(whole) else len(done) >= 1


def test_a_completion_begins_with_what_was_put_in_its_mouth(tmp_path):
    def hold(logits, written):
        logits = torch.full_like(logits, -9.0)
        logits[:, 70] = 9.0
        return logits

    list(begin(tmp_path / "a", opening="<think>", steer=hold, source="begun"))
    settings, rows = collect.read(tmp_path / "a")
    assert settings["opening"] == "<think>"
    for row in rows:
        assert row["completion"].startswith("<think>" + TOKENIZER.decode([70]) * 2)
        ids = TOKENIZER.encode(row["completion"], allow_special=True)
        assert row["tokens"] == len(ids)
    list(begin(tmp_path / "b", source="begun"))
    with pytest.raises(ValueError, match="begun with opening"):
        list(begin(tmp_path / "a", source="begun"))


def test_what_is_there_is_not_sampled_again(tmp_path):
    path = tmp_path / "s.jsonl"
    next(begin(path))
    lines = path.read_text(encoding="utf-8").splitlines()
    marked = {**json.loads(lines[1]), "completion": "kept"}
    lines[1] = json.dumps(marked)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert sum(step["samples"] for step in begin(path)) == 9
    rows = collect.read(path)[1]
    assert rows[0]["completion"] == "kept" and len(rows) == 15


@pytest.mark.parametrize(
    "changes, name",
    [
        ({"source": "toy-2"}, "source 'toy-1', not 'toy-2'"),
        ({"temperature": 0.5}, "temperature 1.0, not 0.5"),
        ({"problems": train_problems(4)}, "prompts"),
        ({"seed": 1}, "seed 0, not 1"),
    ],
)
def test_a_collection_begun_otherwise_is_refused(tmp_path, changes, name):
    next(begin(tmp_path / "s.jsonl"))
    before = (tmp_path / "s.jsonl").read_bytes()
    with pytest.raises(ValueError, match=f"was begun with {name}"):
        next(begin(tmp_path / "s.jsonl", **changes))
    assert (tmp_path / "s.jsonl").read_bytes() == before


def test_held_out_problems_and_doubles_are_refused(tmp_path):
    made = (Problem("toy", "easy", "en", f"{i}+1", "", str(i)) for i in range(100))
    held = next(p for p in made if split_of(p) != "train")
    with pytest.raises(ValueError, match="is held out"):
        next(begin(tmp_path / "s.jsonl", [held]))
    with pytest.raises(ValueError, match="distinct prompts, got 2"):
        next(begin(tmp_path / "s.jsonl", train_problems(1) * 2))
    assert not (tmp_path / "s.jsonl").exists()


@pytest.mark.parametrize(
    "line, message",
    [
        ("{", "property name"),
        ("[1]", "wanted an object"),
        ('{"prompt": "2+2"}', "columns"),
        ("again", "is there twice"),
    ],
)
def test_a_damaged_line_is_named(tmp_path, line, message):
    path = tmp_path / "s.jsonl"
    settings, good = json.dumps({"k": 1}), json.dumps(row())
    lines = [settings, good, good if line == "again" else line, good]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=f"damaged in line 3: .*{message}"):
        collect.read(path)
    with pytest.raises(ValueError, match="no collection"):
        collect.read(tmp_path / "none.jsonl")
