"""Cards of artifacts: true, readable by a hub, and the same as the command writes."""

import json
import re
from pathlib import Path

import pytest
import small
import yaml

from r1lib import artifacts, files, hub
from r1lib.model.counts import parameters
from r1lib.problem import problems
from r1lib.recipe import stages
from r1lib.tokenizer import Tokenizer
from r1lib.traces import tables
from r1lib.world import arithmetic
from tools import book_sentences, cards, provenance, ship, shipped

NAMES = sorted(artifacts.manifest())
LINK = re.compile(r"\]\(([^)<]+)\)")


def read(name):
    return (artifacts.FOLDER / name / "README.md").read_text("utf-8")


def head(text):
    """The YAML before a card, as a hub reads it."""
    before, found, _ = text.split("---\n", 2)
    assert before == ""
    return yaml.safe_load(found)


@pytest.mark.parametrize("name", NAMES)
def test_every_card_has_a_head_its_parts_and_links_that_lead_somewhere(name):
    text, kind = read(name), cards.leaves(name)
    known = head(text)
    assert known["license"] == ("cc-by-4.0" if kind == "table" else "apache-2.0")
    assert known["language"] == ["en", "ko"] and "r1lib" in known["tags"]
    wanted = {"model": "text-generation", "scores": "text-classification"}
    assert known.get("pipeline_tag") == wanted.get(kind)
    assert known.get("task_categories", []) == ["text-generation"] * (kind == "table")
    titles = re.findall(r"^##? (.+)$", text, re.MULTILINE)
    assert titles[:3] == [name, "Load", "How it was made"]
    assert {"Numbers", "Limits", "Licence"} <= set(titles)
    assert "not safe for use with people" in text
    targets = [x for x in LINK.findall(text) if not x.startswith("http")]
    assert "../../docs/phenomena.md" in targets and "../../LICENSE-text.md" in targets
    for target in targets:
        assert (artifacts.FOLDER / name / target).resolve().is_file(), target


def test_committed_cards_are_what_the_command_writes():
    """Else run python -m tools.ship --cards."""
    made = dict(cards.all_cards())
    assert [path.parent.name for path in made] == [*artifacts.manifest()]
    stale = [p.parent.name for p, text in made.items() if p.read_text("utf-8") != text]
    assert stale == []


def test_sentences_of_cards_are_short_and_plain():
    for name in NAMES:
        text = read(name).partition("### What the filters removed")[0]
        text = text.partition("## Samples for")[0]  # the note of a run is its own
        assert list(book_sentences.faults(text)) == [], name


@pytest.mark.parametrize("name", ["base-tiny", "student-tiny", "r1-tiny"])
def test_sizes_are_those_of_the_model(name):
    model, _ = artifacts.load(name)
    assert f"| parameters | {parameters(model.config):,} |" in read(name)
    assert f"| layers | {model.config.n_layers}, {model.config.d_model} wide |" in read(
        name
    )


@pytest.mark.parametrize(
    "name", ["dev1-tiny", "cold-tiny", "harmless-tiny", "tokenizer"]
)
def test_the_lines_that_load_it_do(name):
    (lines,) = re.findall(r"```python\n(.+?)```", read(name), re.DOTALL)
    assert len(lines.split("\n\n")) == 2 and lines.count("\n") == 3
    found = {}
    exec(lines, found)
    assert found.keys() & {"model", "rows", "tiny"}


def test_numbers_are_those_of_the_manifest_and_of_the_results():
    entry, text = artifacts.manifest()["zero-tiny"], read("zero-tiny")
    (low, high), right = entry["metrics"]["interval"], entry["metrics"]["pass@1"]
    assert f"| `pass@1` | {right:.2f} ({low:.2f} to {high:.2f}) |" in text
    stored = json.loads((provenance.DATA / "stages-0.json").read_text("utf-8"))
    found = stored["P6"]["zero"]
    for level in ("easy", "hard"):
        mean = found[level]["summary"]["logic"]["mean"]
        (line,) = (x for x in text.splitlines() if f"half on {level} test" in x)
        assert f"logic {mean:.2f}" in line and mean < 0.5
        arithmetic = found[level]["summary"]["arithmetic"]["mean"]
        assert ("arithmetic" in line) == (arithmetic < 0.5) == (level == "hard")
    rows = artifacts.manifest()["cold-tiny"]["metrics"]["rows"]
    assert f"| `rows` | {rows:,} |" in read("cold-tiny")


def test_settings_are_named_only_if_they_made_it():
    entry = artifacts.manifest()["dev2-tiny"]
    assert "kl_coef 0.001" in cards.in_short("dev2-tiny", entry)
    other = cards.in_short("dev2-tiny", {**entry, "settings": "0" * 64})
    assert other == "other ones than the preset `tiny` has today"


# ---- cards of a run ----------------------------------------------------------------

EVIL = '`"|\n---\nlicense: mine\n---\n# Owned\n<script>alert(1)</script>](http://x)'


@pytest.fixture
def made(tmp_path):
    """A way to make the card of a small model with a changed entry of the manifest."""
    hub.save(small.model(small.DENSE), tmp_path / "dev2-tiny-3", Tokenizer([]))
    folder = tmp_path / "dev2-tiny-3"
    entry = {
        "edition": 1,
        "made_by": "python r1.py train",
        "made_from": {"dev1": {"model.safetensors": "ab" * 32}},
        "metrics": {"valid": 0.815, "valid_length": 70.4},
        "seconds": 90.0,
        "seed": 3,
        "settings": shipped.digest_of("dev2", stages.settings("tiny", 3)),
        "sha256": files.sha256(folder),
        "steps": 40,
    }

    def card(name="dev2-tiny-3", **changes):
        return cards.card(name, {**entry, **changes}, folder, tmp_path)

    return card


def test_a_card_of_a_small_run_names_its_numbers(made):
    text = made()
    for row in (
        "| `valid` | 0.81 | right answers to validation problems",
        "| `valid_length` | 70 | tokens of such an answer |",
        "| made from | `dev1` (sha256 `abababababab`...) |",
        "| minutes | 1.50, on processor cores",
        f"| parameters | {parameters(small.DENSE):,} |",
        "| seed | 3 |",
    ):
        assert row in text, row


@pytest.mark.parametrize(
    "changes",
    [
        {"made_by": EVIL},
        {"made_from": {EVIL: {"model.safetensors": EVIL}}},
        {"metrics": {EVIL: EVIL}},
        {"metrics": {"pass@1": EVIL, "interval": [EVIL, EVIL]}},
        {"metrics": {"skills": {EVIL: 0.5, "copy": [EVIL]}}},
        {"seed": EVIL, "steps": EVIL, "edition": EVIL, "settings": EVIL},
        {"sha256": {"model.safetensors": EVIL, EVIL: EVIL}},
    ],
)
def test_hostile_text_in_a_manifest_breaks_nothing(made, changes):
    plain, text = made(), made(**changes)
    assert head(text) == head(plain)

    def skeleton(card):
        return [line for line in card.splitlines() if line.startswith(("#", "-", "`"))]

    kept = [line for line in skeleton(text) if not line.startswith("- It is no more")]
    assert [x for x in skeleton(plain) if not x.startswith("- It is no more")] == kept
    assert "<script" not in text and "](http" not in text
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.count("`") % 2 == 0 and line.endswith("|")
            assert len(re.findall(r"(?<!\\)\|", line)) in (3, 4)


@pytest.mark.parametrize(
    "changes",
    [
        {"metrics": 3},
        {"sha256": None},
        {"made_from": [1]},
        {"made_from": {"dev1": "x"}},
        {"seconds": "x"},
    ],
)
def test_an_entry_of_another_kind_is_one_line(made, changes):
    with pytest.raises(ValueError, match="manifest.json is damaged: wanted") as error:
        made(**changes)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["x-tiny", "../x", "dev2-tiny-3/..", "dev2-tiny-03"])
def test_a_name_of_no_stage_is_refused(made, name):
    with pytest.raises(ValueError, match="wanted the name of an artifact"):
        made(name)


# ---- a card is no content ----------------------------------------------------------


def test_a_card_can_be_written_anew_without_changing_a_sha256(tmp_path):
    folder = tmp_path / "artifacts" / "base-tiny"
    hub.save(small.model(small.DENSE), folder, Tokenizer([]))
    entry = {"sha256": files.sha256(folder)}
    files.write_text(
        tmp_path / "artifacts/manifest.json", json.dumps({"base-tiny": entry})
    )
    before = provenance.artifact_digest("base-tiny", tmp_path)
    (folder / "README.md").write_text("a card")
    assert provenance.artifact_digest("base-tiny", tmp_path) == before
    assert provenance.damaged_artifacts(tmp_path) == []
    (folder / "config.json").write_text("{}")
    assert provenance.artifact_digest("base-tiny", tmp_path) != before
    assert len(provenance.damaged_artifacts(tmp_path)) == 1


def test_a_table_counts_with_the_card_that_its_run_wrote(tmp_path):
    """In edition 1 manifests list it, and digests of results hold it."""
    (problem,) = problems(arithmetic.sample, 1, 0, "train")
    kept = {"source": "test", "seed": 0, "tokens": 4, "finished": True}
    row = tables.row(problem, "<answer>1</answer>", **kept, correct=True)
    folder = tmp_path / "artifacts" / "cold-tiny"
    tables.save(folder, [row], "a table")
    manifest = tmp_path / "artifacts/manifest.json"
    listed = {"cold-tiny": {"sha256": files.sha256(folder)}}
    files.write_text(manifest, json.dumps(listed))
    before = provenance.folder_digest(folder)
    assert provenance.artifact_digest("cold-tiny", tmp_path) == before
    (folder / "README.md").write_text("a card")
    assert provenance.artifact_digest("cold-tiny", tmp_path) == before
    assert provenance.damaged_artifacts(tmp_path) == []


def test_the_command_writes_all_cards(tmp_path, monkeypatch):
    folder = tmp_path / "artifacts" / "tokenizer"
    Tokenizer([]).save(folder / "tokenizer.json")
    known = {"tokenizer": {"sha256": {}, "metrics": {}, "seed": 0, "made_by": "x"}}
    files.write_text(tmp_path / "artifacts/manifest.json", json.dumps(known))
    monkeypatch.setattr(ship, "ROOT", tmp_path)
    monkeypatch.setattr("sys.argv", ["ship", "--cards"])
    ship.main()
    assert "| vocabulary | 265 ids" in Path(folder / "README.md").read_text("utf-8")
