"""What `python r1.py test` runs, with which arguments, and what it returns."""

import subprocess
import sys

import pytest

from tools import run_tests

CHECKS = ["ruff check", "ruff format", "book check"]


@pytest.fixture
def commands(monkeypatch):
    """The commands that were started; those with a word of `failing` return 3."""
    started, failing = [], []

    def start(command):
        started.append(command[2:])
        return subprocess.CompletedProcess(
            command, 3 * any(f in command for f in failing)
        )

    monkeypatch.setattr(run_tests.subprocess, "run", start)
    return started, failing


def test_without_arguments_everything_runs(commands):
    assert run_tests.main([]) == 0
    modules = [command[0] for command in commands[0]]
    assert modules == ["ruff", "ruff", "tools.book", "pytest"]
    assert commands[0][-1] == ["pytest", *run_tests.WORKERS]


def test_quick_leaves_out_what_is_slow_and_the_chapters():
    steps = run_tests.steps(["--quick"])
    assert list(steps) == [*CHECKS, "pytest"]
    assert steps["pytest"] == ["pytest", *run_tests.QUICK]
    said = " ".join(run_tests.QUICK)
    assert "-n 2" in said and "-m not slow" in said and "testpaths=tests" in said


@pytest.mark.parametrize("own", [["-k", "x"], ["tests/test_moe.py"], ["-m", "slow"]])
def test_with_arguments_only_pytest_runs(own):
    assert run_tests.steps(own) == {"pytest": ["pytest", *own]}
    quick = {"pytest": ["pytest", *run_tests.QUICK, *own]}
    assert run_tests.steps(["--quick", *own]) == quick
    assert run_tests.steps([*own, "--quick"]) == quick


@pytest.mark.parametrize("arguments", [[], ["--quick"]])
@pytest.mark.parametrize("failed", ["check", "--check", "tools.book", "pytest"])
def test_one_step_that_fails_is_named_and_the_others_run(
    commands, capsys, arguments, failed
):
    started, failing = commands
    failing.append(failed)
    assert run_tests.main(arguments) == 1
    assert len(started) == 4
    rows = capsys.readouterr().out.partition("== summary")[2].splitlines()[1:]
    assert [row[:12].strip() for row in rows] == [*CHECKS, "pytest"]
    wanted = sum(failed in command for command in started)
    assert sum("FAILED (3)" in row for row in rows) == wanted > 0


def test_a_summary_without_a_failure(commands, capsys):
    assert run_tests.main(["--quick", "-k", "x"]) == 0
    (row,) = capsys.readouterr().out.partition("== summary\n")[2].splitlines()
    assert row.split()[:2] == ["pytest", "ok"]


@pytest.mark.parametrize("quick", [[], ["--quick"]])
def test_a_file_that_is_not_there_is_one_line(commands, capsys, quick):
    assert run_tests.main([*quick, "tests/test_none.py::test_x", "-q"]) == 1
    said = capsys.readouterr().err
    assert said == "r1: there is no test file tests/test_none.py\n" and not commands[0]


def test_ctrl_c_is_one_line(capsys, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(run_tests.subprocess, "run", interrupted)
    assert run_tests.main(["--quick"]) == 130
    assert capsys.readouterr().err == "\nr1: stopped\n"


FILES = {
    "test_slow.py": "@pytest.mark.slow\ndef test_slow(): pass",
    "test_right.py": "def test_right(): pass",
    "test_wrong.py": "def test_wrong(): assert False",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("own", "code", "outcome"),
    [
        ([], 1, "1 failed, 1 passed"),
        (["-k", "right"], 0, "1 passed"),
        (["-m", "slow"], 0, "1 passed"),  # the later -m wins
        (["other"], 0, "2 passed"),
    ],
)
def test_pytest_understands_what_quick_says(tmp_path, own, code, outcome):
    ini = '[pytest]\nmarkers = ["slow: long"]\ntestpaths = ["tests", "other"]\n'
    (tmp_path / "pytest.toml").write_text(ini)
    for folder in ("tests", "other"):
        (tmp_path / folder).mkdir()
    for name, code_of_test in FILES.items():
        (tmp_path / "tests" / name).write_text(f"import pytest\n\n{code_of_test}\n")
    text = "def test_a(): pass\ndef test_b(): pass\n"
    (tmp_path / "other/test_other.py").write_text(text)
    command = [sys.executable, "-m", *run_tests.steps(["--quick", *own])["pytest"]]
    done = subprocess.run(
        [*command, "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == code and f"{outcome} in " in done.stdout
