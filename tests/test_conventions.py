"""Files for other people's tools: what they run exists, and versions agree."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from tools import bootstrap

ROOT = Path(bootstrap.ROOT)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.md"))
RUNS = [
    *WORKFLOWS,
    ROOT / "Dockerfile",
    ROOT / ".devcontainer" / "devcontainer.json",
]


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.name)
def test_every_command_is_one_of_the_book(path):
    text = path.read_text("utf-8").replace('", "', " ")
    commands = re.findall(r"python r1\.py (\w+)", text)
    assert commands
    assert set(commands) <= set(bootstrap.verbs())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_try_three_systems_and_supported_pythons(path):
    (job,) = yaml.safe_load(path.read_text("utf-8"))["jobs"].values()
    matrix = job["strategy"]["matrix"]
    assert len(matrix["os"]) == 3
    supported = SpecifierSet(PROJECT["requires-python"])
    assert {supported.contains(version) for version in matrix["python"]} == {True}
    assert job["timeout-minutes"] >= 45
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert used and all(re.fullmatch(r"actions/[\w-]+@v\d+", name) for name in used)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_have_what_a_hoster_shows(path):
    _, head, body = path.read_text("utf-8").split("---\n", 2)
    known = yaml.safe_load(head)
    assert set(known) == {"name", "about"} and all(map(str.strip, known.values()))
    assert body.strip()


def test_the_citation_has_the_version_of_the_library():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == PROJECT["version"]
    assert "url" not in citation  # not known yet: nothing is invented


def test_hooks_run_what_the_tests_run():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    entries = " ".join(hook["entry"] for hook in hooks["repos"][0]["hooks"])
    for command in ("ruff check", "ruff format --check", "tools.book check"):
        assert command in entries


def test_the_user_of_the_container_owns_the_folder_of_the_book():
    """WORKDIR makes a folder as root, whatever USER says, and COPY keeps its owner."""
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    (folder,) = (row.split()[1] for row in lines if row.startswith("WORKDIR"))
    places = [
        next(i for i, row in enumerate(lines) if row.startswith(start))
        for start in ("USER reader", f"RUN mkdir {folder}", f"WORKDIR {folder}", "COPY")
    ]
    assert places == sorted(places)


def runs_what_it_reads(tree):
    """The calls and imports of a module that would run code out of a text or a file."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="exec" | "eval" | "compile" as name)):
                yield name
            case ast.Attribute(value=ast.Name(id="torch"), attr="load"):
                yield "torch.load"
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                module = [getattr(node, "module", None), *(part.name for part in names)]
                yield from {"pickle", "marshal", "shelve", "joblib"} & {*module}


def test_only_the_sandbox_runs_programs_and_nothing_reads_pickles():
    """As SECURITY.md promises."""
    found = {
        path.relative_to(ROOT).as_posix(): calls
        for folder in ("r1lib", "tools", "recipes", "results", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if (calls := [*runs_what_it_reads(ast.parse(path.read_text("utf-8")))])
    }
    assert found == {"r1lib/sandbox/inside.py": ["exec", "compile"]}
    for text in (
        "eval(x)",
        "import pickle",
        "from pickle import load",
        "torch.load(x)",
    ):
        assert [*runs_what_it_reads(ast.parse(text))], text
