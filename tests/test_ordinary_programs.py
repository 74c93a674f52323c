"""No right, ordinary program is refused: each passes its tests, its wrong relative not.

A failure in plain Python is a mistake of `ordinary_programs`; one in the sandbox alone
is a mistake of the sandbox.
"""

import json
import subprocess
import sys
from pathlib import Path

import ordinary_programs
import pytest

from r1lib import sandbox
from r1lib.sandbox import each

WHY_NOT = sandbox.missing()
PROGRAMS = ordinary_programs.all_programs()
NAMES = [program.name for program in PROGRAMS]
IN_PLAIN_PYTHON = """
import contextlib, copy, io, json
import ordinary_programs

def passes(code, tests):
    space = {"__name__": "program"}
    try:
        exec(compile(code, "<program>", "exec"), space)
        return all(same(space["solve"](*copy.deepcopy(a)), b) for a, b in tests)
    except Exception:
        return False

def same(result, expected):
    return type(result) is type(expected) and result == expected

with contextlib.redirect_stdout(io.StringIO()):
    rows = [
        (passes(p.code, p.tests), passes(p.wrong, p.tests))
        for p in ordinary_programs.all_programs()
    ]
print(json.dumps(rows))
"""


def test_there_are_enough_and_each_is_another():
    assert len(PROGRAMS) >= 200 and len(ordinary_programs.BASE) >= 100
    texts = [text for p in PROGRAMS for text in (p.code, p.wrong)]
    assert len(set(texts)) == len(texts) and len(set(NAMES)) == len(NAMES)
    assert all(program.tests for program in PROGRAMS)
    assert sum(not program.code.isascii() for program in PROGRAMS) >= 80


def test_they_are_right_and_wrong_in_plain_python():
    """In a process of its own, since a program may change its interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", IN_PLAIN_PYTHON],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    rows = json.loads(done.stdout)
    assert [n for n, (right, _) in zip(NAMES, rows, strict=True) if not right] == []
    assert [n for n, (_, wrong) in zip(NAMES, rows, strict=True) if wrong] == []


@pytest.fixture(scope="module")
def outcomes():
    """Outcomes of (right, wrong) by the name of the program, all from warm servers."""
    if WHY_NOT:
        pytest.skip(WHY_NOT)
    jobs = [(text, p.tests) for p in PROGRAMS for text in (p.code, p.wrong)]
    ran = each(jobs, lambda box, job: box.run(*job, 5.0))
    return dict(zip(NAMES, zip(ran[::2], ran[1::2], strict=True), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_the_sandbox_passes_a_right_program_and_fails_a_wrong_one(name, outcomes):
    right, wrong = outcomes[name]
    assert (right.passed, right.error) == (right.total, None)
    assert wrong.passed < wrong.total
