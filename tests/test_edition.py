"""The next edition: its own recipe and numbers, and a clone to measure it in."""

import json
import os
import subprocess
import sys

import pytest

from r1lib.recipe import PUBLISHED
from tools import edition, provenance

ROOT = provenance.ROOT
NEXT = PUBLISHED + 1


def python(code: str, asked: str) -> subprocess.CompletedProcess:
    """Run code in a process that makes an edition."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "R1_EDITION": asked},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_a_process_can_make_the_next_edition():
    code = """
from r1lib.recipe import EDITION, checkpoints, stages
from tools import provenance
run = stages.settings("tiny", 1)
print(EDITION, checkpoints.WEIGHTS, checkpoints.stamped({})["edition"])
print(provenance.block()["edition"], run.spoken, run.cold.words, run.student.steps)
print(stages.command(run, "runs/seed-1"))
"""
    found = python(code, str(NEXT))
    assert found.stdout.splitlines() == [
        f"{NEXT} torch.bfloat16 {NEXT}",
        f"{NEXT} 0.35 True 12000",
        "python r1.py train --preset tiny --seed 1 --out runs/seed-1",
    ], found.stderr


@pytest.mark.parametrize("asked", ["0", str(NEXT + 1), "two", ""])
def test_another_edition_is_refused(asked):
    found = python("import r1lib.recipe", asked)
    assert found.returncode == 1
    wanted = f"R1_EDITION must be {PUBLISHED} or {NEXT}, got {asked!r}"
    assert found.stderr.splitlines()[-1] == f"ValueError: {wanted}"


def git(root, *words: str) -> None:
    """Run git as somebody."""
    somebody = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *somebody, *words], cwd=root, check=True)


def repository(root):
    """A small repository with the places of the editions."""
    tokenizer = root / "artifacts" / "tokenizer"
    tokenizer.mkdir(parents=True)
    (tokenizer / "tokenizer.json").write_text("{}")
    manifest = {"tokenizer": {"sha256": {}}, "base-tiny": {}}
    (root / "artifacts" / "manifest.json").write_text(json.dumps(manifest))
    (root / "artifacts" / "base-tiny").mkdir()
    (root / "artifacts" / "base-tiny" / "config.json").write_text("{}")
    (root / "results" / "data").mkdir(parents=True)
    (root / "results" / "data" / "zero-0.json").write_text("1")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "all")
    return root


def test_a_clone_holds_the_next_edition_alone_and_what_it_makes_is_kept(tmp_path):
    root, clone = repository(tmp_path / "book"), tmp_path / "next"
    edition.begin(clone, root)
    assert not (clone / "results/data/zero-0.json").exists()
    assert not (clone / "artifacts/base-tiny").exists()
    known = json.loads((clone / "artifacts/manifest.json").read_text())
    assert known == {"tokenizer": {"sha256": {}}}
    (clone / "results/data/zero-0.json").write_text("2")
    (clone / "results/data/.zero-1.json.tmp").write_text("half")
    (clone / "artifacts/tokenizer/README.md").write_text("a card")
    made = edition.keep(clone, root)
    assert f"results/data/{NEXT}/zero-0.json" in made and len(made) == 3
    assert (root / "results/data/zero-0.json").read_text() == "1"
    assert (root / f"results/data/{NEXT}/zero-0.json").read_text() == "2"
    assert edition.keep(clone, root) == []
    git(root, "add", "-A")
    git(root, "commit", "-qm", "kept")
    edition.begin(tmp_path / "later", root)
    assert (tmp_path / "later/results/data/zero-0.json").read_text() == "2"
    assert not (tmp_path / f"later/results/data/{NEXT}").exists()


def test_a_folder_that_is_there_or_is_no_clone_is_refused(tmp_path, capsys):
    assert edition.main([str(tmp_path)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert edition.main([str(tmp_path), "--keep"]) == 1
    assert "has no results/data" in capsys.readouterr().err
