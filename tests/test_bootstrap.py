"""r1.py: arguments, stamps, recovery. Nothing is downloaded and nothing installed."""

import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

import r1
from tools import bootstrap, environment
from tools.environment import SetupError

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("requirements.txt", "requirements-test.txt", "constraints.txt")


def start(root, *arguments, **variables):
    """Run r1.py of a project folder as a person would."""
    return subprocess.run(
        [sys.executable, root / "r1.py", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | variables,
    )


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of what the set-up needs, without an environment."""
    for name in (*NEEDED, "pyproject.toml", "r1.py"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    return tmp_path


@pytest.fixture
def ready(project, monkeypatch):
    """A project whose .venv seems to work; what the set-up does is written down."""
    done = []
    monkeypatch.setattr(environment, "venv_version", lambda: "3.11")
    monkeypatch.setattr(environment, "install", lambda names, lock: done.append(names))
    monkeypatch.setattr(environment, "make_venv", lambda cut_off: done.append("venv"))
    (project / ".venv").mkdir()
    return done


# ---- arguments -------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, word",
    [(["nonsense"], "nonsense"), (["doctor", "--fast"], "--fast"), (["-v"], "-v")],
)
def test_senseless_arguments_give_one_line(arguments, word):
    done = start(ROOT, *arguments)
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1 and word in done.stderr


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_names_the_verbs(arguments):
    done = start(ROOT, *arguments)
    assert done.returncode == 0
    assert "python r1.py test " in done.stdout and "python r1.py lab " in done.stdout


def test_verbs_are_those_whose_module_exists():
    for verb, (module, *_) in bootstrap.VERBS.items():
        exists = (ROOT / f"{module.replace('.', '/')}.py").exists()
        assert (verb in bootstrap.verbs()) == exists


@pytest.mark.parametrize(
    "argv, command",
    [
        (["test", "-k", "x"], ["-m", "tools.run_tests", "-k", "x"]),
        (["test", "--quick"], ["-m", "tools.run_tests", "--quick"]),
        (["build", "09"], ["-m", "tools.book", "build", "09"]),
        (["check"], ["-m", "tools.book", "check"]),
    ],
)
def test_arguments_are_passed_on(argv, command):
    assert bootstrap.command_for(argv) == command


def test_person_settings_win_over_defaults(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert bootstrap.child_environment("lab")["OMP_NUM_THREADS"] == "7"
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert int(bootstrap.child_environment("lab")["OMP_NUM_THREADS"]) <= 4
    assert bootstrap.child_environment("test")["OMP_NUM_THREADS"] == "1"
    assert "OMP_NUM_THREADS" not in bootstrap.child_environment("train")


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 10, 13), (3, 14, 0)])
def test_unsupported_python_is_named(version):
    assert f"{version[0]}.{version[1]}" in r1.version_problem(version)


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 1), (3, 13, 9)])
def test_supported_python_is_fine(version):
    assert r1.version_problem(version) is None


# ---- stamps and recovery ---------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["requirements.txt", "constraints.txt", "pyproject.toml"]
)
def test_stamp_depends_on_each_file(project, name):
    before = environment.stamp(["requirements.txt"], "3.11")
    (project / name).write_text("# changed\n")
    assert environment.stamp(["requirements.txt"], "3.11") != before


def test_stamp_depends_on_python_and_folder(project, tmp_path, monkeypatch):
    before = environment.stamp(["requirements.txt"], "3.11")
    assert environment.stamp(["requirements.txt"], "3.12") != before
    monkeypatch.setattr(
        environment, "ROOT", shutil.copytree(project, tmp_path / "moved")
    )
    assert environment.stamp(["requirements.txt"], "3.11") != before


def test_second_start_installs_nothing(ready):
    environment.set_up()
    environment.set_up()
    assert ready == [["requirements.txt"]]


def test_tests_add_their_own_requirements(ready):
    environment.set_up(with_tests=True)
    environment.set_up()
    assert ready == [
        ["requirements.txt"],
        ["requirements.txt", "requirements-test.txt"],
    ]


def test_new_pins_are_installed(ready, project):
    environment.set_up()
    (project / "constraints.txt").write_text("torch==9\n")
    environment.set_up()
    assert ready == [["requirements.txt"]] * 2


def test_installation_that_was_cut_off_starts_over(ready, project):
    (project / ".venv/installing").touch()
    environment.set_up()
    assert ready[0] == "venv"


def test_failed_installation_leaves_no_stamp(ready, project, monkeypatch):
    def fail(requirements, lock):
        raise SetupError("no network")

    monkeypatch.setattr(environment, "install", fail)
    with pytest.raises(SetupError):
        environment.set_up()
    assert not (project / ".venv/stamp").exists()


def test_full_disk_is_one_line(project, monkeypatch, capsys):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda _: usage(9, 8, 10**9))
    assert bootstrap.main(["check"]) == 1
    line = "r1: the first set-up needs 4 GB of disk, and 1.0 GB are free\n"
    assert capsys.readouterr().err == line
    assert not (project / ".venv").exists()


def test_interrupt_is_one_line_and_130(project, monkeypatch, capsys):
    def interrupted(interrupted=False):
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "make_venv", interrupted)
    assert bootstrap.main(["check"]) == 130
    assert capsys.readouterr().err.strip().count("\n") == 0


def test_lock_is_held_and_freed(project):
    with environment.lock(), open(project / ".venv.lock", "a+") as second:
        assert not environment.try_lock(second)
    with environment.lock():
        pass


def test_only_an_installation_that_began_to_write_is_marked(project):
    marker = project / ".venv/installing"
    marker.parent.mkdir()
    environment.watch("Collecting torch==2.13.0\n")
    assert not marker.exists()
    environment.watch("Installing collected packages: numpy, torch\n")
    assert marker.exists()


@pytest.mark.parametrize(
    "story, words",
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("Failed: NewConnectionError(...)\nERROR: No matching", "no network"),
        ("x\nERROR: No matching distribution found for torch", "No matching"),
    ],
)
def test_pip_failure_has_a_reason(story, words):
    reason = environment.reason(story)
    assert words in reason and "\n" not in reason


def test_python_that_does_not_run_is_no_environment(project):
    assert environment.venv_version() is None
    python = environment.venv_python()
    python.parent.mkdir(parents=True)
    python.write_text("not a program")
    python.chmod(0o755)
    assert environment.venv_version() is None


@pytest.mark.slow
def test_real_environment_recovers_and_fails_in_one_line(project):
    """A real .venv in place of one that was cut off; no packages to be had."""
    nothing = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}
    (project / ".venv").mkdir()
    (project / ".venv/installing").touch()
    for expected in ("cut off: making it again", "installing packages"):
        done = start(project, "check", **nothing)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1 and "r1: pip failed" in done.stderr
        assert expected in done.stdout
        assert not (project / ".venv/stamp").exists()
    assert "making" not in done.stdout
