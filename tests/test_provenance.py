"""Where a number comes from, and what a chapter reads."""

import argparse
import ast
import importlib
import json
import shlex
import sys

import pytest

from r1lib.recipe import EDITION
from tools import provenance
from tools.library import Library, imports

ROOT = provenance.ROOT


def committed():
    """Every committed result, by its name."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(provenance.DATA.glob("*.json"))
    }


COMMANDS = sorted({content["command"] for content in committed().values()})


def test_every_result_says_where_it_comes_from():
    assert len(committed()) > 200  # the check is not of an empty folder
    for name, content in committed().items():
        assert provenance.problems(content) == [], name


class Parsed(Exception):
    pass


@pytest.mark.parametrize("script", sorted({c.split()[2] for c in COMMANDS}))
def test_commands_of_results_parse(script, monkeypatch):
    """Each script takes its committed command lines, and refuses others."""
    module, parse = importlib.import_module(script), argparse.ArgumentParser.parse_args

    def stop(self, *arguments, **named):
        parse(self, *arguments, **named)
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", stop)
    for command in COMMANDS:
        words = shlex.split(command)
        if words[2] == script:
            monkeypatch.setattr(sys, "argv", words[2:])
            with pytest.raises(Parsed):
                module.main()
    monkeypatch.setattr(sys, "argv", [script, "--no-such-option"])
    with pytest.raises(SystemExit):
        module.main()


def test_a_block_names_commit_versions_and_weights(monkeypatch):
    block = provenance.block(["tokenizer"])
    assert list(block["weights"]) == ["tokenizer"] and block["edition"] == EDITION
    assert {"python", "torch"} <= block["versions"].keys()
    assert block["commit"] is None or provenance.COMMIT.fullmatch(block["commit"])
    monkeypatch.setattr(provenance, "git", lambda root, *arguments: " M r1lib/a.py")
    assert provenance.block()["changed"] == ["r1lib/a.py"]


def test_a_commit_that_does_not_exist_is_found():
    if (
        provenance.git(provenance.ROOT, "rev-parse", "--is-shallow-repository")
        != "false"
    ):
        pytest.skip("the history is not here")
    lost = "0123456789ab"
    assert provenance.unknown_commits(ROOT, (lost,)) == {lost}


def test_without_git_no_commit_is_called_unknown(tmp_path):
    assert provenance.unknown_commits(tmp_path, ("0123456789ab",)) == frozenset()
    assert provenance.git(tmp_path, "rev-parse", "HEAD") is None


def test_artifact_digest_sees_names_and_contents(tmp_path):
    folder = tmp_path / "artifacts/a"
    folder.mkdir(parents=True)
    (folder / "one").write_text("1")
    first = provenance.artifact_digest("a", tmp_path)
    (folder / "one").rename(folder / "two")
    second = provenance.artifact_digest("a", tmp_path)
    (folder / "two").write_text("2")
    assert len({first, second, provenance.artifact_digest("a", tmp_path)}) == 3


@pytest.mark.parametrize(
    "litter", [".DS_Store", ".ipynb_checkpoints/one", "Thumbs.db", "one~"]
)
def test_litter_changes_no_digest(tmp_path, litter):
    folder = tmp_path / "artifacts/a"
    folder.mkdir(parents=True)
    (folder / "one").write_text("1")
    (tmp_path / "artifacts/manifest.json").write_text('{"a": {"sha256": {}}}')
    before = provenance.artifact_digest("a", tmp_path)
    (folder / litter).parent.mkdir(exist_ok=True)
    (folder / litter).write_text("2")
    (tmp_path / "artifacts/.ipynb_checkpoints").mkdir()
    assert provenance.artifact_digest("a", tmp_path) == before
    assert provenance.damaged_artifacts(tmp_path) == []
    assert provenance.stored(tmp_path / "artifacts") == {"a"}


def test_chapter_reads_what_its_strings_name(tmp_path):
    names = ("artifacts/base/w", "artifacts/zero/w", "results/data/p1/seed0.json")
    for name in (*names, "results/data/P2.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    source = 'load("base"); read(f"../results/data/p1/seed{seed}.json"); "P22"; "*"'
    source += '; f"{a}{b}"; f"{a}/{b}"'
    reads = provenance.chapter_reads(source, tmp_path)
    assert list(reads["artifacts"]) == ["base"]
    assert list(reads["results"]) == ["p1/seed0"]


@pytest.mark.parametrize(
    "source, names",
    [
        ("from r1lib.base import scaled", ["r1lib.base.scaled"]),
        ("import r1lib.base as b", ["r1lib.base"]),
        ("def f():\n    from r1lib import base", ["r1lib.base"]),
        ("from .side import Thing", ["r1lib.deep.side.Thing"]),
        ("from ..base import scaled", ["r1lib.base.scaled"]),
        ("import torch", []),
    ],
)
def test_imports_of_a_file(source, names):
    assert list(imports(ast.parse(source), "r1lib.deep")) == names


def test_a_dotted_name_is_split_at_its_module():
    library = Library(ROOT)
    split = library.split("r1lib.rl.grpo.group_advantages")
    assert split == ("r1lib.rl.grpo", "group_advantages")
    assert library.split("r2lib.base") == ("", "")
