"""Run code that a model wrote, behind walls of the operating system; compare outside.

`run` starts a process of its own for each program: a fresh Python without ctypes, in a
server that `sandbox_walls` has sealed. The program gets arguments and returns plain
data. Expected values never leave this process, which compares. So a program may do to
its own interpreter what it likes: the only way to a passed test is the right value.

What stops which attack, and which test shows it: docs/sandbox.md. Linux only; elsewhere
`missing()` says so in one line and nothing runs.
"""

import json
import math
import os
import platform
import select
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from r1lib.sandbox_inside import write

LEVELS = ("none", "limits", "filtered", "walled")
WALLS = ("landlock", "seccomp", "namespaces")
LONGEST = 10_000  # characters of a program
MOST_OUTPUT = 4 * 2**20  # bytes that one program may send
START = 60.0  # seconds for a server to start, on a machine that is busy
PATIENCE, GRACE = 20, 10.0  # killed after PATIENCE * timeout + GRACE, at the latest
HERE = Path(__file__).resolve().parent


class Unavailable(RuntimeError):
    """The sandbox cannot reach the level asked for, so nothing was run."""


@dataclass(frozen=True)
class Outcome:
    """How a program did: tests passed, of how many, first error, processor seconds."""

    passed: int
    total: int
    error: str | None
    seconds: float


@dataclass(frozen=True)
class Returned:
    """What a program gave back for each input, in the notation of `sandbox_inside`.

    None where it gave nothing (an exception, or it was stopped before).
    """

    texts: list[str | None]
    error: str | None
    seconds: float


def level_of(walls) -> str:
    """Name what a set of walls amounts to.

    "limits": a process with limits, which is no isolation. "filtered": the kernel
    refuses every system call but a few. "walled": files and network are closed off a
    second time, by something that is not the filter.
    """
    if "limits" not in walls:
        return "none"
    if "seccomp" not in walls:
        return "limits"
    return "walled" if {"landlock", "namespaces"} <= set(walls) else "filtered"


class Sandbox:
    """A server behind walls, which runs programs one at a time; a context manager.

    Refuses to start (`Unavailable`) below `level`. After a program that had to be
    stopped, the whole process group is killed and the next program gets a new server.
    """

    def __init__(
        self, level: str = "filtered", *, allow_list: bool = True, walls=WALLS
    ):
        if level not in LEVELS[1:]:
            raise ValueError(f"level must be one of {LEVELS[1:]}, got {level!r}")
        self.wanted, self.allow_list, self.ask = level, allow_list, ",".join(walls)
        self.walls, self.server = (), None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def level(self) -> str:
        """The level that the running server has reached."""
        return level_of(self.walls)

    def start(self) -> None:
        """Start the server if none is running; Unavailable if its level is too low."""
        if self.server is not None:
            return
        if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
            raise Unavailable(f"{platform.system()} on {platform.machine()} has none")
        inner_jobs, self.jobs = os.pipe()
        self.results, inner_results = os.pipe()
        self.status, inner_status = os.pipe()
        inner_life, self.life = os.pipe()  # when our end closes, all of it is killed
        inner = (inner_status, inner_life, inner_jobs, inner_results)
        script, inside = HERE / "sandbox_walls.py", HERE / "sandbox_inside.py"
        python = [os.path.realpath(sys.executable), "-I", "-S", "-B", str(script)]
        self.server = subprocess.Popen(
            [*python, str(inside), self.ask, *map(str, inner)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            pass_fds=inner,
            start_new_session=True,
        )
        for fd in inner:
            os.close(fd)
        os.set_blocking(self.results, False)
        answer = self._first_line()
        self.walls = () if answer.startswith("failed") else tuple(answer.split(","))
        if LEVELS.index(self.level) < LEVELS.index(self.wanted):
            reached = self.level
            self.stop()
            raise Unavailable(
                f"level {self.wanted!r} is wanted, this machine reaches {reached!r} "
                f"({answer})"
            )

    def _first_line(self) -> str:
        ready, _, _ = select.select([self.status], [], [], START)
        return os.read(self.status, 1000).decode().strip() if ready else "failed: slow"

    def stop(self) -> None:
        """Kill the server and everything it started."""
        if self.server is None:
            return
        os.killpg(self.server.pid, signal.SIGKILL)  # not reaped: the number is ours
        self.server.wait()
        for fd in (self.jobs, self.results, self.status, self.life):
            os.close(fd)
        self.server = None

    def call(
        self, code: str, inputs: list[tuple], timeout: float = 2.0, entry: str = "solve"
    ) -> Returned:
        """Define a program and call `entry(*args)` for each args of `inputs`, in order.

        `timeout` is in seconds of processor time, rounded up to whole ones, for all of
        it together: a busy machine makes no program worse. Behind the filter a program
        cannot wait, only work; the clock on the wall is a second limit, far above.
        Each call gets fresh arguments.
        """
        if not 0 < timeout <= 60:
            raise ValueError(f"timeout must be in (0, 60] seconds, got {timeout}")
        texts = [write(list(args)) for args in inputs]
        if error := self._refused(code):
            return Returned([None] * len(inputs), error, 0.0)
        job = json.dumps({"code": code, "entry": entry, "inputs": texts}).encode()
        self.start()
        seconds = math.ceil(timeout)
        header = len(job).to_bytes(4, "big") + seconds.to_bytes(4, "big")
        try:
            patience = PATIENCE * timeout + GRACE
            output, status = self._exchange(header + job, patience)
        except BaseException:  # interrupted: the answer must not meet the next job
            self.stop()
            raise
        return _returned(output, status, len(inputs), seconds)

    def _refused(self, code):
        if len(code) > LONGEST:
            return f"too long: {len(code)} characters, at most {LONGEST}"
        return None

    def _exchange(self, job, patience):
        """Send a job; return its output, and its status line or why it was killed."""
        deadline, output = time.monotonic() + patience, bytearray()
        try:
            _send(self.jobs, job)
        except BrokenPipeError:
            return self._killed(output, "the server died")
        poll = select.poll()
        poll.register(self.results, select.POLLIN)
        poll.register(self.status, select.POLLIN)
        while (left := deadline - time.monotonic()) > 0:
            ready = dict(poll.poll(math.ceil(left * 1000)))
            line = os.read(self.status, 100) if self.status in ready else None
            _receive(self.results, output)  # all of it: a status means it has ended
            if len(output) > MOST_OUTPUT:
                return self._killed(output, f"more than {MOST_OUTPUT} bytes of output")
            if line is not None:
                dead = "the server died"
                return (output, line.decode()) if line else self._killed(output, dead)
        return self._killed(output, f"timeout: {patience:g} seconds on the wall clock")

    def _killed(self, output, why):
        self.stop()
        return output, why

    def run(
        self, code: str, tests: list, timeout: float = 2.0, entry: str = "solve"
    ) -> Outcome:
        """Run a program on tests (args, expected); see the function `run`."""
        wanted = [write(expected, ordered=False) for _, expected in tests]
        back = self.call(code, [args for args, _ in tests], timeout, entry)
        passed = sum(a == b for a, b in zip(back.texts, wanted, strict=True))
        return Outcome(passed, len(tests), back.error, back.seconds)


def _send(pipe, content):
    while content:
        content = content[os.write(pipe, content) :]


def _receive(pipe, output):
    """Move what is in a pipe to `output`, until it is empty or far too much."""
    while len(output) <= MOST_OUTPUT:
        try:
            part = os.read(pipe, 2**16)
        except BlockingIOError:
            return
        if not part:
            return
        output += part


def _returned(output, status, n, seconds) -> Returned:
    """Sort the lines of a program; the server's status says how it ended."""
    lines = output.decode("ascii", "replace").split("\n")[:-1][:n]
    texts = [line[1:] if line[:1] == "=" else None for line in lines]
    error = next((line[1:] for line in lines if line[:1] in ("!", "?")), None)
    code, _, used = status.partition(" ")
    if not used.strip().isdecimal():  # it was killed from here
        return Returned(texts + [None] * (n - len(texts)), status, 0.0)
    late = int(used) > 1.1e6 * seconds  # it ignored the signal of the limit
    texts = [] if late else texts
    if late or code == f"-{signal.SIGXCPU.value}":
        error = f"timeout: {seconds} seconds of processor time"
    elif len(texts) < n and error is None:
        error = f"the process ended early, with {code}"
    return Returned(texts + [None] * (n - len(texts)), error, int(used) / 1e6)


def run(
    code: str,
    tests: list[tuple[tuple, object]],
    timeout: float = 2.0,
    entry: str = "solve",
    *,
    level: str = "filtered",
    allow_list: bool = True,
) -> Outcome:
    """Count the tests (args, expected) whose result has the expected type and value.

    The program must define `entry`. `timeout` is in seconds of processor time for all
    tests together, see `Sandbox.call`; so is `Outcome.seconds`. ValueError where a test
    is not plain data, Unavailable where the machine does not reach `level`. For many
    programs use `run_many`.
    """
    with Sandbox(level, allow_list=allow_list) as box:
        return box.run(code, tests, timeout, entry)


def each(
    items: list,
    task,
    *,
    level: str = "filtered",
    allow_list: bool = True,
    workers: int = 2,
) -> list:
    """Compute `task(box, item)` for every item, on several warm servers, in order."""
    waiting, lock = iter(enumerate(items)), threading.Lock()
    done = [None] * len(items)

    def work():
        with Sandbox(level, allow_list=allow_list) as box:
            while True:
                with lock:
                    i, item = next(waiting, (None, None))
                if i is None:
                    return
                done[i] = task(box, item)

    with ThreadPoolExecutor(workers) as pool:
        for worker in [pool.submit(work) for _ in range(min(workers, len(items)))]:
            worker.result()
    return done


def run_many(
    jobs: list[tuple[str, list]],
    timeout: float = 2.0,
    entry: str = "solve",
    **options,
) -> list[Outcome]:
    """Run many (code, tests); outcomes in the order of the jobs; options of `each`."""
    return each(jobs, lambda box, job: box.run(*job, timeout, entry), **options)


def missing(level: str = "filtered") -> str | None:
    """Say in one line why this machine cannot run programs; None where it can."""
    try:
        with Sandbox(level):
            return None
    except Unavailable as error:
        return f"code problems are skipped: {error}"
