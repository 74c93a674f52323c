"""Claims about machines without walls: all runs, behind a seat belt, and says so."""

import subprocess
import sys
from pathlib import Path

import attack_programs
import pytest
from test_sandbox import PYTHONS, RIGHT, SORT, SORT_TESTS, THIS, place, told

from r1lib import sandbox
from r1lib.sandbox import Sandbox

ROOT = Path(sandbox.__file__).parents[2]
BELT = ROOT / "r1lib" / "sandbox" / "belt.py"
__all__ = ["place"]  # a fixture

# As on Windows: no modules of POSIX, no fork, no poll. Other libraries come before.
ELSEWHERE = """
import os, select, signal, sys, sysconfig, types
import matplotlib.font_manager, torch, tqdm, transformers
sysconfig.get_config_vars()
for name in "resource fcntl pwd grp termios pty tty".split():
    sys.modules[name] = None
for module, names in ((os, "fork killpg register_at_fork geteuid setsid wait4"),
                      (select, "poll epoll"), (signal, "SIGXCPU SIGALRM setitimer")):
    for name in names.split():
        delattr(module, name)
sys.platform = sys.argv[1]
locks = types.ModuleType("msvcrt")
locks.LK_NBLCK, locks.locking = 2, lambda *_: None
sys.modules["msvcrt"] = locks
"""
IMPORT_ALL = """
import importlib, pkgutil, r1lib
names = [m.name for m in pkgutil.walk_packages(r1lib.__path__, "r1lib.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""
RUN = """
from r1lib import sandbox
print(sandbox.promise())
print(sandbox.missing(), sandbox.missing("filtered"))
good = sandbox.run("def solve(x):\\n    return x + 1", [((1,), 2)], 20.0)
same = "def solve(x):\\n    return x"
many = sandbox.each([1, 2], lambda box, i: box.run(same, [((i,), i)]))
bad = sandbox.run("def solve(x):\\n    return open(x)", [(("/etc/passwd",), 1)], 20.0)
print(good.passed, good.level, len(many), bad.passed, bad.error, bad.level)
"""
DOCTOR = """
from tools import doctor
doctor.main()
"""
TRAIN = """
from tools import train
sys.exit(train.main(["--preset", "smoke", "--stage", "base", "--out", sys.argv[2]]))
"""


def elsewhere(script, system, *arguments):
    """Run a script as if this were another operating system; return its lines."""
    command = [sys.executable, "-c", ELSEWHERE + script, system, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module", params=PYTHONS)
def belted(request):
    """A sandbox without walls, on each Python of this machine."""
    if PYTHONS[request.param] is None:
        pytest.skip(f"this machine has no Python {request.param}")
    with Sandbox("process", python=PYTHONS[request.param]) as box:
        yield box


@pytest.fixture(scope="module")
def belt():
    with Sandbox("process") as box:
        yield box


@pytest.mark.slow
@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_everything_can_be_imported_and_programs_run(system):
    count, promise, missing, outcome = elsewhere(IMPORT_ALL + RUN, system)
    assert int(count) > 60
    assert promise.startswith("process: no walls here")
    assert missing.startswith("None code problems are skipped: level 'filtered'")
    assert outcome == "1 process 2 0 PermissionError: refused: open process"


def test_the_doctor_says_which_level_the_machine_has():
    lines = elsewhere(DOCTOR, "win32")
    (line,) = [line for line in lines if line.startswith("sandbox")]
    assert "process: no walls here" in line and "could get out" in line


@pytest.mark.slow
def test_training_runs_and_says_once_that_there_is_no_wall(tmp_path):
    lines = elsewhere(TRAIN, "win32", str(tmp_path / "run"))
    assert sum("no walls here" in line for line in lines) == 1
    assert (tmp_path / "run" / "results.json").is_file()
    assert not any("left out" in line for line in lines)


def test_the_belt_is_short():
    assert len(BELT.read_text().splitlines()) <= 85


@pytest.mark.parametrize("name", RIGHT)
def test_right_programs_pass_behind_the_belt(name, belted):
    outcome = belted.run(RIGHT[name], SORT_TESTS, 60.0)
    assert (*told(outcome), outcome.level) == (3, 3, None, "process")


@pytest.mark.parametrize(
    "code, word",
    [
        ("import os", "os"),
        ("import os.path as p", "os.path"),
        ("from sys import modules", "sys"),
        ("from sys import maxsize, _getframe as f", "sys"),
        ("from . import x", "."),
        ("from .os import x", "os"),
        ("open('x')", "open"),
        ("f = eval", "eval"),
        ("exec('1')", "exec"),
        ("compile('1', '', 'eval')", "compile"),
        ("__import__('os')", "__import__"),
        ("input()", "input"),
        ("().__class__.__base__.__subclasses__()", "__base__, __subclasses__"),
        ("getattr(len, '__self__')", "__self__"),
        ("'{0.__globals__}'.format(1)", "__globals__"),
        ("'\\x5f_globals_\\x5f'", "__globals__"),
        ("len.__ｓelf__", "__self__"),
        ("match len:\n    case object(__self__=x):\n        pass", "__self__"),
        ("__builtins__", "__builtins__"),
        ("class A:\n    def __getattribute__(s, n):\n        pass", "__getattribute__"),
    ],
)
def test_the_belt_refuses_before_the_program_runs(code, word, belt):
    outcome = belt.run(f"{code}\ndef solve(xs):\n    return sorted(xs)", SORT_TESTS)
    assert told(outcome) == (0, 3, f"PermissionError: refused: {word}")


@pytest.mark.parametrize(
    "code",
    [
        "def solve(input):\n    return sorted(input)",
        "def solve(xs):\n    open = sorted(xs)\n    return open",
        "def solve(xs):\n    # never open() or __globals__\n    return sorted(xs)",
        "import math as m\ndef solve(xs):\n    return sorted(xs, key=m.sqrt)",
        "if __name__ == '__main__':\n    pass\ndef solve(xs):\n    return sorted(xs)",
        f"import sys\nsys.setrecursionlimit(10**6)\n{SORT}",
        "from sys import stdin, maxsize\ndef solve(xs):\n    return sorted(xs)",
        f"import codecs\ncodecs.encode('a', 'rot13')\n{SORT}",
        """class Record:
    def __init__(self, **fields):
        self.__dict__.update(fields)
    def __getattr__(self, name):
        raise AttributeError(name)
    def __lshift__(self, other):
        return self
def solve(xs):
    return sorted((Record(x=1) << 2) and xs)""",
    ],
)
def test_the_belt_lets_ordinary_programs_pass(code, belt):
    assert told(belt.run(code, SORT_TESTS, 60.0)) == (3, 3, None)


@pytest.mark.parametrize(
    "code",
    [
        "import sys\nsys.modules['os'].listdir('/')",
        "import sys as s\ngetattr(s, 'mod' + 'ules')['os']",
        "import sys\nsys._getframe(1)",
        "from sys import *\nmodules['os']",
    ],
)
def test_a_program_gets_no_more_of_sys_than_is_ordinary(code, belt):
    assert belt.run(f"{code}\n{SORT}", SORT_TESTS, 60.0).passed == 0


@pytest.mark.parametrize("name", attack_programs.THIEVES)
def test_the_belt_stops_the_thieves_that_are_known(name, belt, place):
    """No wall, but none of these gets through."""
    before = place.state()
    tests = [((place.known,), place.secret)]
    assert belt.run(attack_programs.THIEVES[name], tests, 60.0).passed == 0
    assert place.state() == before


def test_what_passes_the_reading_is_stopped_when_it_opens_something(belt):
    code = "import random\ndef solve(p):\n    return random._os.listdir(p)"
    assert belt.run(code, [(("/",), [])], 60.0).error == (
        "PermissionError: refused: os.listdir"
    )


def test_loops_crashes_and_syntax_errors_behind_the_belt(belt, monkeypatch):
    loop = "def solve(xs):\n    while 1:\n        pass"
    assert belt.run(loop, SORT_TESTS, 1.0).error == (
        "timeout: 1 seconds of processor time"
    )
    monkeypatch.setattr(sandbox, "GRACE", 1.0)
    inside_c = "def solve(xs):\n    return sum(range(10**15))"
    assert belt.run(inside_c, SORT_TESTS, 1.0).error == (
        "timeout: 2 seconds on the wall clock"
    )
    monkeypatch.undo()
    crash = "import random\ndef solve(xs):\n    random._os._exit(3)"
    assert belt.run(crash, SORT_TESTS, 60.0).error == "the process ended early, with -3"
    assert belt.run("def solve(", SORT_TESTS, 60.0).error == (
        "SyntaxError: '(' was never closed (<program>, line 1)"
    )
    deep = "x = " + "(" * 5000 + ")" * 5000
    assert belt.run(deep, SORT_TESTS, 60.0).passed == 0
    assert told(belt.run(SORT, SORT_TESTS, 60.0)) == (3, 3, None)


def test_the_level_is_part_of_an_outcome():
    assert sandbox.run(SORT, SORT_TESTS, 60.0, level="process").level == "process"
    assert sandbox.promise().partition(":")[0] in sandbox.LEVELS[1:]
    assert THIS in PYTHONS
