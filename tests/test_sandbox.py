"""Claims about the sandbox: nothing gets out, nothing hangs, only the answer scores."""

import json
import math
import os
import platform
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_hex

import attack_programs
import pytest

from r1lib import sandbox
from r1lib.rewards import code as code_rewards
from r1lib.sandbox import Sandbox, each, run
from r1lib.sandbox import inside as sandbox_inside
from r1lib.sandbox.inside import read, write
from results import fuzz

WHY_NOT = sandbox.missing("filtered")
needs_walls = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
SORT = "def solve(xs):\n    return sorted(xs)"
LAST_RESORT = 900  # seconds that a test waits for the end of a process
SORT_TESTS = [(([3, 1, 2],), [1, 2, 3]), (([],), []), (([5],), [5])]


class Place:
    """A secret, and everything around it where a thief could look for it."""

    def __init__(self, folder: Path):
        self.secret = "secret-" + token_hex(16)
        self.folder, self.note = folder, folder / "note"
        self.note.write_text(self.secret)
        (folder / self.secret).touch()
        folder.chmod(0o755)
        self.visits = 0
        tcp, unix = (
            socket.create_server(("127.0.0.1", 0)),
            socket.socket(socket.AF_UNIX),
        )
        unix.bind("\0" + token_hex(8))
        unix.listen()
        for server in (tcp, unix):
            threading.Thread(target=self.serve, args=(server,), daemon=True).start()
        self.owner = subprocess.Popen(
            [sys.executable, "-c", "input()"],
            env={"R1_SECRET": self.secret},
            stdin=subprocess.PIPE,
        )
        self.known = {
            "path": str(self.note),
            "port": tcp.getsockname()[1],
            "name": unix.getsockname()[1:].decode(),
            "pid": os.getpid(),
            "owner": self.owner.pid,
        }

    def serve(self, server):
        while True:
            connection, _ = server.accept()
            self.visits += 1
            with connection:
                connection.sendall(self.secret.encode())

    def state(self):
        """Everything that a vandal or a thief would change."""
        files = {p.name: p.lstat().st_mode for p in self.folder.iterdir()}
        return files, self.note.read_text(), self.visits, self.owner.poll()


@pytest.fixture(scope="module")
def place():
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        yield place
        place.owner.kill()
        place.owner.wait()


THIS = ".".join(map(str, sys.version_info[:2]))


def pythons():
    """The Pythons of this machine that this library knows, by version."""
    found = {THIS: sys.executable}
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for version in ("3.11", "3.12", "3.13"):
        names = [
            shutil.which(f"python{version}"),
            *pyenv.glob(f"{version}*/bin/python"),
        ]
        for name in filter(None, names):
            try:
                says = subprocess.run([name, "-V"], capture_output=True, text=True)
            except OSError:
                continue
            if says.stdout.startswith(f"Python {version}."):
                found.setdefault(version, str(name))
        found.setdefault(version, None)
    return dict(sorted(found.items()))


PYTHONS = pythons()
each_python = pytest.mark.parametrize("open_box", PYTHONS, indirect=True)


@pytest.fixture(scope="module")
def open_box(request):
    """A sandbox, on the Python of the tests or on that of a version."""
    version = getattr(request, "param", THIS)
    if PYTHONS[version] is None:
        pytest.skip(f"this machine has no Python {version}")
    with Sandbox("filtered", python=PYTHONS[version]) as box:
        yield box


def attacks():
    """Every attack on every Python; those on another Python than ours are slow."""
    for version in PYTHONS:
        for name in attack_programs.ALL:
            marks = [pytest.mark.slow] if version != THIS else []
            yield pytest.param(version, name, marks=marks, id=f"{name}-{version}")


def told(outcome):
    """An outcome without its seconds."""
    return outcome.passed, outcome.total, outcome.error


def processes(group):
    """The processes of a group that are alive."""
    alive = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            alive.append(int(folder.name))
    return alive


def test_there_are_enough_attacks():
    assert len(attack_programs.ALL) >= 60


@needs_walls
@pytest.mark.parametrize("open_box, name", [*attacks()], indirect=["open_box"])
def test_no_attack_scores_escapes_or_hangs(name, place, open_box):
    before = place.state()
    timeout = 1.0 if name in attack_programs.LOOPS else 20.0
    code = attack_programs.ALL[name]
    outcome = open_box.run(code, [((place.known,), place.secret)], timeout)
    assert (outcome.passed, outcome.total) == (0, 1)
    assert place.state() == before
    if name in attack_programs.LOOPS:
        assert outcome.error.startswith(("timeout", "more than"))
    elif outcome.error:
        assert not outcome.error.startswith("timeout"), "it should have failed at once"
    # the next program finds everything as it was
    assert told(open_box.run(SORT, SORT_TESTS, 10.0)) == (3, 3, None)


@pytest.mark.skipif(sys.platform != "linux", reason="the thieves know Linux only")
@pytest.mark.parametrize("name", attack_programs.THIEVES)
def test_the_thieves_do_steal_where_nothing_stops_them(name, place):
    visits = place.visits
    code = attack_programs.THIEVES[name]
    show = "\nimport json, sys\nprint(solve(json.loads(sys.argv[1])))"
    command = [sys.executable, "-c", code + show, json.dumps(place.known)]
    env = {"R1_SECRET": place.secret}
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.stdout.strip() == place.secret, done.stderr
    assert (place.visits > visits) == name.startswith("connect")


IMPORT_AGAIN = """
import os, sys
from importlib.machinery import *
ENDS = (ExtensionFileLoader, EXTENSION_SUFFIXES), (SourceFileLoader, SOURCE_SUFFIXES)
sys.path_hooks.append(FileFinder.path_hook(*ENDS))
sys.meta_path.append(PathFinder)
folder = os.path.dirname(os.__file__)
sys.path += [folder, folder + "/lib-dynload"]
"""


@needs_walls
def test_programs_can_get_their_imports_back():
    code = IMPORT_AGAIN + "def solve():\n    return sys.path_hooks != [] and os.sep"
    with Sandbox("limits", walls=()) as box:
        assert box.run(code, [((), "/")], 10.0).passed == 1


@pytest.fixture(scope="module", params=["seccomp", "landlock,namespaces"])
def one_wall(request):
    """A sandbox that lacks the other wall."""
    walls = request.param.split(",")
    with Sandbox("limits", walls=walls) as box:
        if missing := set(walls) - set(box.walls):
            pytest.skip(f"this machine has no {missing}")
        yield box


@needs_walls
@pytest.mark.parametrize("name", attack_programs.THIEVES)
def test_each_wall_alone_stops_every_thief(name, one_wall, place):
    """Two walls that do not know of each other: either one would be enough.

    The thief may import again, so that it is stopped by a wall, not by a lack of files.
    """
    test = ((place.known,), place.secret)
    code = IMPORT_AGAIN + attack_programs.THIEVES[name]
    outcome = one_wall.run(code, [test], 10.0)
    assert outcome.passed == 0 and outcome.error


@needs_walls
def test_limits_are_set_before_the_first_line_of_a_program(open_box):
    code = """
import resource
NAMES = "NOFILE FSIZE CORE NPROC AS CPU".split()
FOUND = [resource.getrlimit(getattr(resource, "RLIMIT_" + name)) for name in NAMES]
def solve():
    return FOUND
"""
    back = open_box.call(code, [()], timeout=3.0)
    memory = sandbox_inside.MEMORY
    wanted = [(0, 0)] * 4 + [(memory, memory), (3, 4)]
    assert read(back.texts[0]) == wanted


@pytest.mark.slow
@needs_walls
def test_answers_after_the_limit_count_for_nothing_even_if_the_signal_is_ignored():
    code = """
import _signal, time
_signal.signal(_signal.SIGXCPU, _signal.SIG_IGN)
def solve(seconds):
    while time.process_time() < seconds:
        pass
    return 1
"""
    tests = [((0.1,), 1), ((1.5,), 1)]
    # the filter would have refused to ignore a signal
    with Sandbox("limits", walls=()) as unfiltered:
        late = unfiltered.run(code, tests, timeout=1.0)
        assert unfiltered.run(code, tests, timeout=3.0).passed == 2
    assert (late.passed, late.total) == (0, 2)
    assert late.error.startswith("timeout")


@needs_walls
def test_a_program_is_nobody_and_knows_nothing(open_box):
    code = """
import os, sys
def solve():
    return [dict(os.environ), sys.flags.isolated, "site" in sys.modules]
"""
    back = open_box.call(code, [()], timeout=10.0)
    assert read(back.texts[0]) == [{}, 1, False]


@needs_walls
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="root only")
def test_a_program_of_root_is_not_root(open_box):
    back = open_box.call(
        "import os\ndef solve():\n    return os.getresuid()", [()], 10.0
    )
    assert back.texts == [None]  # even the question is refused,
    status = [Path(f"/proc/{pid}/status") for pid in processes(open_box.server.pid)]
    uids = {re.search(r"Uid:\s+(\d+)", s.read_text())[1] for s in status}
    caps = {re.search(r"CapEff:\s+(\w+)", s.read_text())[1] for s in status}
    assert str(sandbox_inside.NOBODY) in uids and "0" * 16 in caps


@needs_walls
def test_after_the_seal_the_kernel_refuses_everything_but_a_few_calls(open_box):
    code = """
import os
TRIES = [lambda: os.stat("/"), lambda: os.open("/", 0), lambda: os.pipe(),
         lambda: os.getcwd(), lambda: os.times(), lambda: os.nice(1),
         lambda: os.sched_getaffinity(0), os.fork]
def solve(i):
    try:
        TRIES[i]()
    except OSError as error:
        return error.errno
    return 0
"""
    back = open_box.call(code, [(i,) for i in range(8)], 10.0)
    enosys, eagain = 38, 11
    assert [read(text) for text in back.texts[:4]] == [enosys] * 4
    assert read(back.texts[6]) == enosys and read(back.texts[7]) == eagain


FILTER = """
import ctypes, importlib.util, os, sys
spec = importlib.util.spec_from_file_location("walls", sys.argv[1])
walls = importlib.util.module_from_spec(spec)
spec.loader.exec_module(walls)
walls.libc().prctl(walls.NO_NEW_PRIVILEGES, 1, 0, 0, 0)
os.close(walls.install_filter())
column = int(sys.argv[2])

def refused(*call):
    return walls.libc().syscall(*call) == -1 and ctypes.get_errno() == 38

getppid, mmap, mprotect, clone, futex, limits = map(int, sys.argv[3:])
if not refused(getppid):
    sys.exit("the filter does not work, so nothing else is tried")
known = [row[column] for row in walls.NUMBERS.values()]
known += [row[0][column] for row in walls.CONDITIONS.values()]
known += [335, 336]  # uretprobe, uprobe: the kernel ends a caller without a probe
others = [n for n in range(1024) if n not in known]
bad = [n for n in others if not refused(n, 0, 0, 0, 0, 0, 0)]
none = ctypes.c_long(-1)
bad += [] if refused(mmap, 0, 4096, 4, 0x22, none, 0) else ["mmap of code"]
bad += [] if refused(mmap, 0, 4096, 1, 2, 0, 0) else ["mmap of a file"]
bad += [] if refused(mprotect, 0, 4096, 4) else ["mprotect to code"]
bad += [] if refused(clone, 0x10000, 0, 0, 0, 0) else ["a thread"]
bad += [] if refused(futex, 0, 0, 0, 0, 0, 0) else ["to wait"]
bad += [] if refused(limits, 1, 7, 0, 0) else ["limits of others"]
sys.exit(repr(bad) if bad else "all refused")
"""


@needs_walls
@pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of x86_64")
def test_the_kernel_refuses_every_system_call_that_is_not_on_the_list():
    """By number, from native code: sockets, ptrace, kill, execve and all the others."""
    script = str(Path(sandbox.__file__).parent / "walls.py")
    getppid, numbers = "110", ["9", "10", "56", "202", "302"]
    done = subprocess.run(
        [sys.executable, "-c", FILTER, script, "0", getppid, *numbers],
        capture_output=True,
        text=True,
    )
    assert done.stderr.strip() == "all refused"


@needs_walls
def test_nothing_leaks_from_one_program_to_the_next(open_box):
    leave = """
import builtins, math, sys, json
builtins.left = math.left = sys.left = json.left = "left"
math.sqrt = None
def solve():
    return "left behind by the first"
"""
    find = """
import builtins, gc, math, sys, json
def solve():
    texts = [o for x in gc.get_objects() for o in gc.get_referents(x)]
    texts = [t for t in texts if type(t) is str and t[::-1].startswith("tsrif eht yb")]
    left = [hasattr(m, "left") for m in (builtins, math, sys, json)]
    return left, math.sqrt(4), texts
"""
    assert open_box.call(leave, [()], 10.0).error is None
    back = open_box.call(find, [()], 10.0)
    assert read(back.texts[0]) == ([False] * 4, 2.0, [])


@needs_walls
def test_a_server_serves_many_programs(open_box):
    open_box.start()
    group = open_box.server.pid
    for code in (
        SORT,
        attack_programs.LOOPS["loop"],
        attack_programs.EXITS["exit"],
        SORT,
    ):
        open_box.run(code, SORT_TESTS, 1.0)
    assert open_box.server.pid == group and len(processes(group)) == 2


@needs_walls
def test_a_program_that_could_wait_is_killed_with_its_whole_group(monkeypatch):
    """Behind the filter nothing can wait, so this one runs without it."""
    monkeypatch.setattr(sandbox, "GRACE", 0.0)
    wait = "import time\ndef solve():\n    time.sleep(1000)"
    with Sandbox("limits", walls=()) as box:
        group = box.server.pid
        assert (
            box.run(wait, [((), 1)], 0.1).error
            == "timeout: 2 seconds on the wall clock"
        )
        assert box.server is None
        deadline = time.monotonic() + LAST_RESORT
        while processes(group) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not processes(group)
        assert told(box.run("def solve():\n    return 1", [((), 1)], 1.0)) == (
            1,
            1,
            None,
        )


@needs_walls
def test_when_the_parent_is_killed_nothing_is_left():
    script = """
from r1lib.sandbox import Sandbox
box = Sandbox()
box.start()
print(box.server.pid, flush=True)
box.call("def solve():\\n    while True:\\n        pass", [()], 2.0)
"""
    root = Path(sandbox.__file__).parents[2]
    env = {**os.environ, "PYTHONPATH": str(root)}
    parent = subprocess.Popen(
        [sys.executable, "-c", script], env=env, stdout=subprocess.PIPE, text=True
    )
    group = int(parent.stdout.readline())
    deadline = time.monotonic() + LAST_RESORT
    while len(processes(group)) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + LAST_RESORT
    while processes(group) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not processes(group)


@needs_walls
def test_a_server_that_died_is_noticed_and_replaced(open_box):
    open_box.start()
    group = open_box.server.pid
    inside = next(pid for pid in processes(group) if pid != group)
    os.kill(inside, 9)
    assert open_box.run(SORT, SORT_TESTS, 30.0).error == "the server died"
    assert open_box.run(SORT, SORT_TESTS, 30.0).passed == 3


@needs_walls
def test_right_wrong_and_half_right_programs(open_box):
    assert told(open_box.run(SORT, SORT_TESTS)) == (3, 3, None)
    half = "def solve(xs):\n    return xs"
    assert told(open_box.run(half, SORT_TESTS)) == (2, 3, None)
    lame = "def solve(xs):\n    return sorted(xs) if xs[0] else 1"
    assert told(open_box.run(lame, SORT_TESTS)) == (
        2,
        3,
        "IndexError: list index out of range",
    )
    assert told(open_box.run("x = 1", SORT_TESTS)) == (0, 3, "KeyError: 'solve'")
    assert (
        open_box.run("def solve(", SORT_TESTS).error
        == "SyntaxError: '(' was never closed (<program>, line 1)"
    )
    assert told(open_box.run(SORT, [])) == (0, 0, None)
    two = "def add(a, b):\n    return a + b"
    assert open_box.run(two, [((1, 2), 3), (("a", "b"), "ab")], entry="add").passed == 2


@needs_walls
def test_what_was_right_before_a_crash_counts(open_box):
    code = "import os\ndef solve(x):\n    return os._exit(7) if x == 3 else x"
    outcome = open_box.run(code, [((i,), i) for i in range(1, 6)], 10.0)
    assert told(outcome) == (2, 5, "the process ended early, with 7")


@needs_walls
def test_each_test_gets_fresh_arguments(open_box):
    greedy = "def solve(xs):\n    xs.append(1)\n    return len(xs)"
    shared = [1, 2]
    assert (
        open_box.run(greedy, [((shared,), 3), ((shared,), 3), ((shared,), 3)]).passed
        == 3
    )
    assert shared == [1, 2]


@needs_walls
@pytest.mark.parametrize(
    "returned, expected, same",
    [
        ("1", 1, True),
        ("True", 1, False),
        ("1", True, False),
        ("1.0", 1, False),
        ("[1, True]", [1, 1], False),
        ("[1, True]", [1, True], True),
        ("(1, 2)", [1, 2], False),
        ("(1, 2)", (1, 2), True),
        ("{'a': True}", {"a": 1}, False),
        ("{'b': 2, 'a': 1}", {"a": 1, "b": 2}, True),  # dictionaries have no order
        ("{1: 2}", {True: 2}, False),
        ("{3, 1, 2}", {1, 2, 3}, True),
        ("frozenset({1})", {1}, False),
        ("float('nan')", math.nan, True),
        ("[float('nan')]", [math.nan], True),
        ("float('inf')", math.inf, True),
        ("-0.0", 0.0, True),
        ("0.1 + 0.2", 0.3, False),
        ("None", None, True),
        ("0", None, False),
        ("''", None, False),
        ("b'a'", "a", False),
        ("b'a'", b"a", True),
        ("chr(0xD800) + chr(10)", "\ud800\n", True),
        ("'é'", "é", True),
        ("1j", 1, False),
        ("2 ** 9000", 2**9000, True),
        ("range(3)", [0, 1, 2], False),
        ("type('L', (list,), {})([1])", [1], False),
        ("iter([1])", [1], False),
        ("solve", "solve", False),
    ],
)
def test_type_and_value_must_be_exact(returned, expected, same, open_box):
    code = f"def solve():\n    return {returned}"
    assert open_box.run(code, [((), expected)], 10.0).passed == same


def test_the_notation_keeps_types_and_order():
    values = [
        None,
        True,
        0,
        -1,
        2.5,
        "a\n",
        b"b",
        (1, [2]),
        {"b": 1, "a": {1}},
        frozenset(),
    ]
    for value in values:
        back = read(write(value))
        assert type(back) is type(value) and repr(back) == repr(value)
    assert list(read(write({"b": 1, "a": 2}))) == ["b", "a"]
    assert write({"b": 1, "a": 2}, ordered=False) == write(
        {"a": 2, "b": 1}, ordered=False
    )


@pytest.mark.parametrize(
    "value",
    [
        object(),
        1j,
        range(3),
        [len],
        1 << 10**5,
        "x" * 10**7,
        [0] * 10**7,
        {"a": {1: int}},
    ],
    ids="object complex range function int str list dict".split(),
)
def test_values_that_are_no_plain_data_are_refused(value):
    with pytest.raises(ValueError, match="plain data|too large|bits"):
        write(value)


def test_deep_values_are_refused():
    deep = []
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(ValueError, match="too deep"):
        write(deep)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[" * 10**5,
        "NaN",
        "1.5",
        '{"tuple":1}',
        '{"set":[[]]}',
        '{"a":[]}',
        "{}",
    ]
    + ['{"tuple":[],"set":[]}', '{"float":1}', '{"dict":[1]}', "9" * 10**5]
    + ['{"float":"0x1p99999"}', '{"float":"-0x1p1024"}', '{"tuple":"ab"}', "1e999"]
    + [
        '{"bytes":"f"}',
        '{"x":"' + "[" * 10**5,
        "[" * 60 + "]" * 60,
        '"\\ud8',
        " " * 2**23,
    ],
    ids=lambda text: text[:12],
)
def test_hostile_notation_is_refused(text):
    with pytest.raises(ValueError):
        read(text)


@pytest.mark.parametrize("seed", range(3))
def test_hostile_bytes_from_the_box_raise_only_value_errors(seed):
    found = fuzz.fuzz(fuzz.of_box, 1.0, 300, seed)
    assert found["exceptions"] == [] and found["lowest"] == 0 < found["highest"]


@pytest.mark.parametrize("status", ["0 " + "9" * 5000, "0 ²", "", "-24", "9 9 9"])
def test_no_status_of_the_box_raises_an_exception(status):
    """From behind the belt it may be anything: the program can write it itself."""
    back = sandbox.returned(b"=1\n", status, 1, 1)
    assert (back.error, back.seconds) == (status, 0.0)


@pytest.mark.parametrize("value", [b"x", None, 5, ["1"]])
def test_what_is_no_text_is_no_value(value):
    with pytest.raises(ValueError, match="not a value"):
        read(value)


@needs_walls
def test_expected_values_never_reach_the_process(open_box, monkeypatch):
    """Everything that the parent sends is the program and the arguments."""
    sent = []
    plain = sandbox._send
    monkeypatch.setattr(
        sandbox, "_send", lambda p, job: (sent.append(job), plain(p, job))
    )
    outcome = open_box.run("def solve(a):\n    return a", [((1,), "the answer")], 10.0)
    assert outcome.passed == 0 and b"def solve" in sent[0]
    assert b"the answer" not in b"".join(sent)


def test_bad_calls_are_refused():
    with pytest.raises(ValueError, match="level must be one of"):
        Sandbox("none")
    with pytest.raises(ValueError, match="timeout must be in"):
        Sandbox().call(SORT, [], timeout=0)
    with pytest.raises(ValueError, match="not plain data"):
        Sandbox().run(SORT, [(([1],), object())])


@needs_walls
def test_below_the_level_asked_for_nothing_runs():
    with pytest.raises(sandbox.Unavailable, match="'filtered' is wanted.*'limits'"):
        Sandbox("filtered", walls=("landlock",)).start()
    with pytest.raises(sandbox.Unavailable, match="'walled' is wanted.*'filtered'"):
        Sandbox("walled", walls=("seccomp",)).run(SORT, SORT_TESTS)
    with Sandbox("limits", walls=()) as box:
        assert (box.level, box.walls) == ("limits", ("limits",))


def test_levels_are_what_the_walls_amount_to():
    assert sandbox.level_of(()) == "none"
    assert sandbox.level_of(("belt",)) == "process"
    assert sandbox.level_of(("limits", "landlock", "namespaces")) == "limits"
    assert sandbox.level_of(("limits", "seccomp")) == "filtered"
    assert sandbox.level_of(("limits", "landlock", "seccomp", "namespaces")) == "walled"


@needs_walls
def test_one_call_starts_runs_and_stops():
    assert told(run(SORT, SORT_TESTS, 10.0)) == (3, 3, None)
    assert run("import os", SORT_TESTS).error == "KeyError: 'solve'"


@needs_walls
def test_many_programs_come_back_in_order():
    codes = [f"def solve(x):\n    return x + {i}" for i in range(30)]
    codes[7], codes[11] = "def solve(x):\n    while 1: pass", "raise ValueError"
    jobs = [(code, [((1,), i + 1)]) for i, code in enumerate(codes)]
    outcomes = each(jobs, lambda box, job: box.run(*job, 1.0))
    assert [i for i, o in enumerate(outcomes) if not o.passed] == [7, 11]
    assert (
        outcomes[7].error.startswith("timeout") and "ValueError" in outcomes[11].error
    )
    assert each([], None) == []


@needs_walls
def test_processor_time_is_measured_outside_and_grows_with_the_work(open_box):
    """A program that forges every clock it can reach is measured all the same."""
    forge = "import time\ntime.process_time = time.time = lambda: 0.0\n"
    loop = "def solve(n):\n    while n:\n        n -= 1\n    return 0"
    small = open_box.run(forge + loop, [((1,), 0)], 30.0)
    large = open_box.run(forge + loop, [((3_000_000,), 0)], 30.0)
    assert small.passed == large.passed == 1
    assert 0 < 3 * small.seconds < large.seconds


def as_nobody(command):
    """Run a command as a user without any rights, in a world of its own files."""
    ids = {"user": 65534, "group": 65534, "extra_groups": []}
    return subprocess.run(
        command, capture_output=True, text=True, cwd="/", env={}, **ids
    )


@needs_walls
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="root only")
def test_it_needs_no_root(tmp_path):
    """The same walls, by a user without rights."""
    python = os.path.realpath(sys.executable)
    if as_nobody(["test", "-x", python]).returncode:
        pytest.skip(f"{python} is not for other users")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(Path(sandbox.__file__).parent, Path(folder, "r1lib"))
        os.chmod(folder, 0o755)
        script = f"""
import sys
sys.path.insert(0, {folder!r})
from r1lib.sandbox import Sandbox
with Sandbox() as box:
    good = box.run("def solve(x): return x", [((1,), 1)], 10.0)
    bad = box.run("def solve(x): return open(x).read()", [(("/etc/passwd",), 1)], 10.0)
    print(box.level, good.passed, bad.passed, bad.error)
"""
        done = as_nobody([python, "-c", script])
    level, good, bad, *_ = done.stdout.split()
    assert level in ("filtered", "walled") and (good, bad) == ("1", "0"), done.stderr


# ---- programs that are right on every Python, and texts that are safe to show ----

RIGHT = {
    "Hangul name": "def solve(xs):\n    결과 = sorted(xs)\n    return 결과",
    "accented name": "def solve(é):\n    return sorted(é)",
    "wide name": "def solve(ｘｓ):\n    return sorted(xs)",
    "named character": 'def solve(xs):\n    x = "\\N{BULLET}"\n    return sorted(xs)',
    "bad escape": 'def solve(xs):\n    x = "\\d"\n    return sorted(xs)',
    "is with a number": "def solve(xs):\n    return 0 if xs is 1 else sorted(xs)",
    "call of a text": 'def solve(xs):\n    return sorted(xs) or (xs and "a"(1)) or []',
    "number before if": "def solve(xs):\n    return 1if 0else sorted(xs)",
    "assert of a tuple": 'def solve(xs):\n    assert (xs, "x")\n    return sorted(xs)',
    "warning": """
import warnings
def solve(xs):
    warnings.simplefilter("always")
    warnings.warn("shown to nobody")
    return sorted(xs)""",
    "traceback": """
import traceback
def solve(xs):
    try:
        raise KeyError("결과")
    except KeyError:
        return sorted(xs) if "KeyError" in traceback.format_exc() else 0""",
    "codecs": """
def solve(xs):
    for name in "latin-1 cp949 euc-kr utf-16 utf-7 big5 punycode idna".split():
        assert "a".encode(name).decode(name) == "a"
    return sorted(xs)""",
    "huge numbers": """
import sys
sys.set_int_max_str_digits(0)
def solve(xs):
    assert int(str(7 ** 30_000)) // 3 ** 9_000 and 10 ** 40_000 // 7 ** 20_000
    return sorted(xs)""",
    "dates": """
from datetime import datetime
def solve(xs):
    assert datetime.strptime("2024-05-06", "%Y-%m-%d").weekday() == 0
    return sorted(xs)""",
    "dataclass, enum, future": """
from __future__ import annotations
import dataclasses, enum
@dataclasses.dataclass(order=True)
class Row:
    x: int
class Kind(enum.Enum):
    A = enum.auto()
def solve(xs):
    return [row.x for row in sorted(map(Row, xs))]""",
    "dispatch on types": """
import functools, typing
@functools.singledispatch
def f(x):
    return 0
@f.register
def _(x: list):
    return sorted(x)
def solve(xs):
    return f(xs)""",
    "special methods": """
class Box:
    TEMPLATE = "{0}"
    def __init__(self, numbers):
        self._items = numbers
    def __eq__(self, other):
        return self.TEMPLATE.format(self._items) == str(other)
def solve(xs):
    return sorted(xs) if Box(xs) == xs else 0""",
}


@needs_walls
@each_python
@pytest.mark.parametrize("name", RIGHT)
def test_right_programs_are_right_on_every_python(name, open_box):
    assert told(open_box.run(RIGHT[name], SORT_TESTS, 20.0)) == (3, 3, None)


@needs_walls
@each_python
@pytest.mark.parametrize(
    "code, error",
    [
        ("from math import nothing", "ImportError: cannot import name 'nothing'"),
        ("import numpy", "ModuleNotFoundError: No module named 'numpy'"),
        ("import json.nothing", "ModuleNotFoundError: No module named 'json.nothing'"),
        ("import sqlite3", "ModuleNotFoundError: No module named 'sqlite3'"),
        ("'x'.encode('nothing')", "LookupError: unknown encoding: nothing"),
        ("'\\N{NOTHING}'", "SyntaxError: (unicode error)"),
        ("import json\nraise ValueError(json.__file__)", "ValueError: ..."),
        ("import sys\nraise ValueError(sys.argv)", "ValueError: ['..."),
        ("import sys\nraise ValueError(sys.executable)", "ValueError: ..."),
        (
            "import sys, os\nraise ValueError(os.path.dirname(sys.prefix))",
            "ValueError: ...",
        ),
        (
            "import sys, os\nfile = sys.modules['__main__'].__file__\n"
            "raise ValueError(os.path.dirname(os.path.dirname(file)))",
            "ValueError: ...",
        ),
        ("import json\nraise ValueError(json.__spec__)", "ValueError: ModuleSpec("),
        (
            "import traceback\nraise ValueError(traceback.format_stack())",
            "ValueError: ['  File \"...",
        ),
    ],
)
def test_messages_name_no_path_of_this_machine(code, error, open_box):
    got = open_box.run(code, SORT_TESTS, 20.0).error
    assert got.startswith(error)
    for path in (sys.prefix, sys.base_prefix, os.path.dirname(os.__file__)):
        assert path not in got
    assert str(Path(sandbox.__file__).parent) not in got and ".so" not in got


@needs_walls
@pytest.mark.parametrize(
    "method, text",
    [
        ("__str__", "raise self"),
        ("__str__", "raise SystemExit"),
        ("__repr__", "return 1 / 0"),
        ("__str__", "return None"),
        ("__str__", "return self.__str__()"),
    ],
)
def test_an_exception_whose_text_raises_ends_only_its_test(method, text, open_box):
    code = f"""
class Bad(Exception):
    def {method}(self):
        {text}
def solve(x):
    if x == 1:
        raise Bad() if {method == "__str__"} else KeyError(Bad())
    return x"""
    outcome = open_box.run(code, [((i,), i) for i in range(4)], 20.0)
    assert outcome.passed == 3 and "whose text raises" in outcome.error


@needs_walls
@pytest.mark.parametrize(
    "text",
    ["\x1b[2J\x1b[31m", "a\rb", "\x9b31m", "\x07\x00", "\u202eabc", "\ud800\x7f"],
)
def test_no_control_character_of_a_program_reaches_the_terminal(text, open_box):
    error = open_box.run(f"raise ValueError({text!a})", SORT_TESTS, 20.0).error
    assert error.startswith("ValueError: ") and error.isprintable() and error.isascii()
    name = f"raise type({text!a} * 99, (Exception,), {{}})('x' * 10**6)"
    if "\0" not in text and "\ud800" not in text:
        error = open_box.run(name, SORT_TESTS, 20.0).error
        assert error.isprintable() and len(error) <= sandbox.LONGEST_ERROR


@needs_walls
def test_a_korean_message_can_be_read(open_box):
    error = open_box.run("raise ValueError('값이 없다')", SORT_TESTS, 20.0).error
    assert error == "ValueError: 값이 없다"


@needs_walls
def test_a_wrong_value_gives_a_hint_where_it_is_asked_for(open_box):
    pair = "def solve(xs):\n    return tuple(sorted(xs))"
    tests = [(([2, 1],), [1, 2])]
    assert run(pair, tests, 20.0).error == "wanted [1, 2], got (1, 2)"
    assert run(pair, tests, 20.0, hints=False).error is None
    assert open_box.run(pair, tests, 20.0).error is None  # as in every reward
    first = "def solve(x):\n    return x + (x == 2) * 5"
    error = run(first, [((i,), i) for i in range(4)], 20.0).error
    assert error == "wanted 2, got 7"
    long = run("def solve(xs):\n    return xs * 10**4", tests, 20.0).error
    assert long.startswith("wanted [1, 2], got [2, 1, 2, 1") and len(long) < 200
    ill = "def solve(xs):\n    return '\\x1b[31m'"
    assert run(ill, tests, 20.0).error == r"wanted [1, 2], got '\x1b[31m'"
    assert sandbox.hint([1], '{"float":"0x1p99999"}').startswith(
        "wanted [1], got not a"
    )


# ---- threads, forks, interruptions, many open files --------------------------------


def adds(i):
    return f"def solve(x):\n    return x + {i}", [((1,), 1 + i), ((2,), 2 + i)]


@needs_walls
def test_threads_that_share_a_sandbox_get_their_own_answers(open_box):
    def work(kind):
        for i in range(40):
            code, tests = adds(2 * i + kind)
            other = adds(2 * i + kind + 1)[1]
            seen.append((open_box.run(code, tests, 20.0).passed == 2, True))
            seen.append((open_box.run(code, other, 20.0).passed == 0, True))

    seen = []
    threads = [threading.Thread(target=work, args=(kind,)) for kind in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [(True, True)] * 320


@needs_walls
def test_a_sandbox_may_be_stopped_by_another_thread(monkeypatch):
    sent, plain = threading.Event(), sandbox._send
    monkeypatch.setattr(sandbox, "_send", lambda *job: (plain(*job), sent.set()))
    loop = "def solve():\n    while True:\n        pass"
    with Sandbox() as box, ThreadPoolExecutor(1) as pool:
        running = pool.submit(box.run, loop, [((), 1)], 60.0)
        sent.wait()
        box.stop()
        assert running.result().error == "the server died"
        assert box.run(SORT, SORT_TESTS, 20.0).passed == 3


@needs_walls
def test_a_forked_child_gets_a_server_of_its_own(open_box):
    open_box.start()
    group = open_box.server.pid
    reader, writer = os.pipe()
    if (pid := os.fork()) == 0:
        try:
            alone = open_box.server is None
            good = sum(open_box.run(*adds(i), 20.0).passed for i in range(20))
            bad = sum(open_box.run(SORT, adds(i)[1], 20.0).passed for i in range(5))
            other = open_box.server.pid != group
            open_box.stop()
            os.write(writer, json.dumps([alone, good, bad, other]).encode())
        finally:
            os._exit(0)
    good = sum(open_box.run(*adds(i), 20.0).passed for i in range(20))
    os.waitpid(pid, 0)
    assert json.loads(os.read(reader, 100)) == [True, 40, 0, True]
    os.close(reader)
    os.close(writer)
    assert good == 40 and open_box.server.pid == group
    assert open_box.run(SORT, SORT_TESTS, 20.0).passed == 3


@needs_walls
def test_an_answer_to_another_job_is_not_taken(open_box, monkeypatch):
    pack = struct.pack
    monkeypatch.setattr(
        sandbox.struct, "pack", lambda form, n, *rest: pack(form, n + 1, *rest)
    )
    outcome = open_box.run(SORT, SORT_TESTS, 20.0)
    monkeypatch.undo()
    assert outcome.error == "the server died"
    assert open_box.run(SORT, SORT_TESTS, 20.0).passed == 3


@needs_walls
def test_inputs_without_bound_are_refused(open_box):
    with pytest.raises(ValueError, match="a job may have"):
        open_box.call(SORT, [("x" * 190_000,)] * 100)
    assert open_box.run("#" * 10_001, SORT_TESTS).error.startswith("too long: 10001")


@needs_walls
def test_an_exception_ends_what_runs_and_the_queue(monkeypatch):
    """Ctrl-C arrives as an exception; a program that would go on is killed."""
    started, seen = threading.Event(), []

    def task(box, item):
        seen.append(item)
        if item == 0:
            started.wait()
            raise KeyboardInterrupt
        started.set()
        return box.run("def solve():\n    while 1: pass", [((), 1)], 60.0)

    with pytest.raises(KeyboardInterrupt):
        sandbox.each(list(range(1000)), task, workers=2)
    assert len(seen) < 5


@needs_walls
def test_ctrl_c_in_each_does_not_wait_for_the_queue():
    script = """
import threading, _thread
from r1lib import sandbox
LOOP = "def solve():\\n    while 1: pass"
plain = sandbox.Sandbox._in_server
def started(*args):
    print("started", flush=True)
    return plain(*args)
sandbox.Sandbox._in_server = started
try:
    sandbox.each([LOOP] * 1000, lambda box, code: box.run(code, [((), 1)], 60.0))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    root = Path(sandbox.__file__).parents[2]
    done = subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.stdout.readline() == "started\n"
    done.send_signal(signal.SIGINT)
    rest = done.stdout.read().split()
    done.wait()
    assert rest[-1] == "interrupted" and rest.count("started") < 10


@needs_walls
def test_it_works_with_more_than_a_thousand_open_files():
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1500:
        pytest.skip(f"this machine allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (1500, hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        assert run(SORT, SORT_TESTS, 20.0).passed == 3
        before = len(os.listdir("/proc/self/fd"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(held) + 4, hard))
        with pytest.raises(OSError, match="open files"):
            Sandbox().start()
        resource.setrlimit(resource.RLIMIT_NOFILE, (1500, hard))
        assert len(os.listdir("/proc/self/fd")) == before  # none is left behind
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for fd in held:
            os.close(fd)


# ---- the documents -------------------------------------------------------------------

ROOT = Path(sandbox.__file__).parents[2]
TESTS = "\n".join(
    (ROOT / "tests" / name).read_text(encoding="utf-8")
    for name in ("test_sandbox.py", "test_sandbox_belt.py", "test_code_reward.py")
)


def page(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_test_that_the_page_names_is_there():
    named = set(re.findall(r"`(test_\w+)`", page("docs/sandbox.md")))
    assert len(named) > 10
    assert [test for test in named if f"def {test}(" not in TESTS] == []


def test_every_group_of_attacks_and_each_attack_that_the_page_names_is_there():
    named = re.findall(r"`([A-Z]{4,})`(?:: ([^|;`]+))?", page("docs/sandbox.md"))
    assert len(named) > 15
    for group, attacks in named:
        known = getattr(attack_programs, group)
        for attack in filter(None, map(str.strip, attacks.split(","))):
            begins, _, ends = attack.partition("...")
            assert any(begins.strip() in name for name in known), (group, attack)
            assert not ends.strip()


def test_every_file_and_function_that_the_page_names_is_there():
    text = page("docs/sandbox.md")
    paths = set(re.findall(r"(?:r1lib|tests)/[\w/]+\.py", text))
    assert len(paths) > 4 and [p for p in paths if not (ROOT / p).is_file()] == []
    for name in re.findall(r"`sandbox\.(\w+)", text):
        assert hasattr(sandbox, name) or hasattr(Sandbox, name), name
    for name in re.findall(r"`code\.(\w+)`", text):
        assert hasattr(code_rewards, name), name
