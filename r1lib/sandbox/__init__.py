"""Run code that a model wrote, behind walls of the operating system; compare outside.

`run` starts a process of its own for each program: a fresh Python without ctypes, in a
server that `walls` has sealed. The program gets arguments and returns plain
data. Expected values never leave this process, which compares. So a program may do to
its own interpreter what it likes: the only way to a passed test is the right value.

The walls are Linux's. Elsewhere each program runs in a process with a time limit,
behind the seat belt of `belt`, which is no wall: `promise()` says what this
machine has. What stops which attack, and which test shows it: docs/sandbox.md.
"""

import json
import math
import os
import platform
import select
import signal
import struct
import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from r1lib.files import one_of, printable
from r1lib.sandbox.inside import read, write

LEVELS = ("none", "process", "limits", "filtered", "walled")
PROMISES = {
    "process": "no walls here: a process of its own, a time limit and a seat belt "
    "against accidents; hostile programs could get out",
    "limits": "limits on memory, files and time, but no isolation",
    "filtered": "the kernel refuses every system call but the few of a computation",
    "walled": "the kernel refuses every system call but the few of a computation; "
    "files and network are closed off a second time",
}
WALLS = ("landlock", "seccomp", "namespaces")
LONGEST = 10_000  # characters of a program
LONGEST_ERROR = 240  # characters; a hint shows HINT of each value
HINT = 80
LONGEST_COUNT = 15  # digits of the microseconds of a program
MOST_INPUT, MOST_OUTPUT = 16 * 2**20, 4 * 2**20  # bytes for, and from, one program
START = 60.0  # seconds for a server to start, on a machine that is busy
PATIENCE, GRACE = 20, 10.0  # killed after PATIENCE * timeout + GRACE, at the latest
HERE = Path(__file__).resolve().parent
DIED = "the server died"
TIMEOUT = "-24"  # the status of a program that SIGXCPU has ended
BOXES = weakref.WeakSet()  # all of this process, for a child that is forked from it


class Unavailable(RuntimeError):
    """The sandbox cannot reach the level asked for, so nothing was run."""


@dataclass(frozen=True)
class Outcome:
    """How a program did: tests passed, of how many, first error, processor seconds."""

    passed: int
    total: int
    error: str | None
    seconds: float
    level: str = "none"  # of the sandbox it ran in, one of LEVELS


@dataclass(frozen=True)
class Returned:
    """What a program gave back for each input, in the notation of `inside`."""

    texts: list[str | None]  # None where an exception or a limit came first
    error: str | None
    seconds: float


def level_of(walls) -> str:
    """Name the one of LEVELS that walls amount to; PROMISES says what it means."""
    if "limits" not in walls:
        return "process" if "belt" in walls else "none"
    if "seccomp" not in walls:
        return "limits"
    return "walled" if {"landlock", "namespaces"} <= set(walls) else "filtered"


class Sandbox:
    """A server behind walls, which runs programs one at a time; a context manager.

    Refuses to start (`Unavailable`) below `level`. Without a level, it takes what this
    machine has: at least "filtered", or else "process", where each program has a
    process of its own and the seat belt instead of a server. Programs run on `python`,
    by default the interpreter of this process.

    Threads may share one: their programs wait for each other. A process that was forked
    from this one gets a server of its own. After a program that had to be stopped, the
    whole process group is killed and the next program gets a new server.
    """

    def __init__(self, level: str | None = None, *, walls=WALLS, python=None):
        one_of("level", level, (None, *LEVELS[1:]))
        self.wanted, self.ask = level, ",".join(walls)
        self.python = os.path.realpath(python or sys.executable)
        self.walls, self.server, self.pipes = (), None, ()
        self.number, self.killed = 0, False
        self.lock, self.ending = threading.Lock(), threading.Lock()
        BOXES.add(self)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def level(self) -> str:
        """The level that has been reached, by the running server or by the belt."""
        return level_of(self.walls)

    def start(self) -> None:
        """Start the server if none is running; Unavailable if its level is too low."""
        with self.lock:
            self._start()

    def _start(self) -> None:
        if self.killed:
            raise Unavailable("this sandbox was ended")
        if self.server is not None:
            return
        answer = "" if self.wanted == "process" else self._start_server()
        reached, wanted = self.level, self.wanted or "filtered"
        if LEVELS.index(reached) >= LEVELS.index(wanted):
            self.wanted = wanted
            return
        self._close()
        if self.wanted not in (None, "process"):
            machine = f"this machine reaches {reached!r} ({answer})"
            raise Unavailable(f"level {wanted!r} is wanted, {machine}")
        self.wanted, self.walls = "process", ("belt",)

    def _start_server(self) -> str:
        """Start a server where there can be one; return what it says of its walls."""
        if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
            return f"{platform.system()} on {platform.machine()} has none"
        ends = []
        try:
            for _ in range(4):
                ends += os.pipe()
            inner_jobs, jobs, results, inner_results, status, inner_status, *life = ends
            inner = inner_status, life[0], inner_jobs, inner_results
            scripts = [HERE / "walls.py", HERE / "inside.py"]
            self.server = self._python(
                [*scripts, self.ask, *map(str, inner)],
                pass_fds=inner,
                start_new_session=True,
            )
        except OSError:
            for fd in ends:
                os.close(fd)
            raise
        for fd in inner:
            os.close(fd)
        self.jobs, self.results, self.status = jobs, results, status
        self.pipes = jobs, results, status, life[1]  # the last one closed kills all
        os.set_blocking(results, False)
        answer = self._first_line()
        self.walls = () if answer.startswith("failed") else tuple(answer.split(","))
        if self.wanted is None and self.level == "none":  # an accident, not a machine
            self._close()
            raise Unavailable(f"the server did not start ({answer})")
        return answer

    def _python(self, arguments, files=subprocess.DEVNULL, **options):
        """Start a bare Python, with no environment but what Windows insists on."""
        env = {k: v for k, v in os.environ.items() if k.upper() == "SYSTEMROOT"}
        options |= {"stdin": files, "stdout": files, "stderr": files}
        command = [self.python, "-I", "-S", "-B", *arguments]
        return subprocess.Popen(command, env=env, cwd="/", **options)

    def _first_line(self) -> str:
        poll = select.poll()
        poll.register(self.status, select.POLLIN)
        if not poll.poll(START * 1000):
            return "failed: slow"
        return clean(os.read(self.status, 1000))

    def stop(self) -> None:
        """Kill the server and everything it started."""
        self._kill()  # what another thread waits for ends, too
        with self.lock:
            self._close()

    def end(self) -> None:
        """Kill what runs, from any thread, and refuse to start again."""
        self.killed = True
        self._kill()

    def _kill(self) -> None:
        with self.ending:
            if self.pipes:  # not reaped: the number is ours
                os.killpg(self.server.pid, signal.SIGKILL)
            elif self.server is not None:
                self.server.kill()

    def _close(self) -> None:
        self._kill()
        with self.ending:
            if self.server is not None:
                with self.server:  # waits for it and closes its files
                    self._forget()

    def _forget(self) -> None:
        for fd in self.pipes:
            os.close(fd)
        self.server, self.pipes = None, ()

    def _leave_to_parent(self) -> None:
        """Give up, in a forked child, the server and the locks of its parent."""
        self.lock, self.ending = threading.Lock(), threading.Lock()
        self._forget()

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
        if len(code) > LONGEST:
            error = f"too long: {len(code)} characters, at most {LONGEST}"
            return Returned([None] * len(inputs), error, 0.0)
        job = json.dumps({"code": code, "entry": entry, "inputs": texts}).encode()
        if len(job) > MOST_INPUT:
            raise ValueError(f"a job may have {MOST_INPUT} bytes, got {len(job)}")
        with self.lock:
            try:
                self._start()
                run = self._in_belt if self.level == "process" else self._in_server
                output, status = run(job, math.ceil(timeout), timeout)
            except BaseException:  # interrupted: the answer must not meet the next job
                self._close()
                raise
        return returned(output, status, len(inputs), math.ceil(timeout))

    def _in_server(self, job, seconds, timeout):
        """Send a job; return its output, and its status line or why it was killed."""
        self.number = (self.number + 1) % 2**32
        header = struct.pack(">III", self.number, len(job), seconds)
        patience = PATIENCE * timeout + GRACE
        deadline, output = time.monotonic() + patience, bytearray()
        try:
            _send(self.jobs, header + job)
        except BrokenPipeError:
            return self._killed(output, DIED)
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
                number, _, rest = clean(line).partition(" ")
                ours = number == str(self.number)
                return (output, rest) if ours else self._killed(output, DIED)
        return self._killed(output, f"timeout: {patience:g} seconds on the wall clock")

    def _killed(self, output, why):
        self._close()
        return output, why

    def _in_belt(self, job, seconds, timeout):
        """Run a job in a process of its own, behind the seat belt; as `_in_server`."""
        arguments = HERE / "belt.py", str(seconds)
        self.server = server = self._python(arguments, subprocess.PIPE, bufsize=0)
        try:
            output, status = server.communicate(job, timeout + GRACE)
        except subprocess.TimeoutExpired as late:
            why = f"timeout: {timeout + GRACE:g} seconds on the wall clock"
            return late.output or b"", why
        finally:
            self._close()
        if len(output) > MOST_OUTPUT:
            return output[:MOST_OUTPUT], f"more than {MOST_OUTPUT} bytes of output"
        return output, clean(status) or f"-{abs(server.returncode)} 0"

    def run(
        self,
        code: str,
        tests: list,
        timeout: float = 2.0,
        entry: str = "solve",
        *,
        hints: bool = False,
    ) -> Outcome:
        """Run a program on tests (args, expected); see the function `run`."""
        wanted = [write(expected, ordered=False) for _, expected in tests]
        back = self.call(code, [args for args, _ in tests], timeout, entry)
        right = [a == b for a, b in zip(back.texts, wanted, strict=True)]
        error = back.error
        if hints and error is None and not all(right):
            wrong = right.index(False)
            error = hint(tests[wrong][1], back.texts[wrong])
        return Outcome(sum(right), len(tests), error, back.seconds, self.level)


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


def clean(raw: bytes) -> str:
    """Read bytes of the box as text for a terminal, control characters escaped."""
    return printable(bytes(raw).strip().decode("utf-8", "backslashreplace"))


def hint(expected, text: str | None) -> str:
    """Say what was wanted and what a program gave instead, both cut short."""
    try:
        got = repr(read(text))
    except ValueError as error:
        got = str(error)
    return f"wanted {repr(expected):.{HINT}}, got {got:.{HINT}}"


def returned(output: bytes | bytearray, status: str, n: int, seconds: int) -> Returned:
    """Sort the lines of a program with n inputs; its status says how it ended.

    The status is "CODE MICROSECONDS", or else a reason why it was killed from here. No
    bytes raise an exception, whatever they are.
    """
    lines = bytes(output).split(b"\n")[:-1][:n]
    values = [line[1:] if line[:1] == b"=" else None for line in lines]
    texts = [v if v is None else v.decode("ascii", "replace") for v in values]
    said = (line[1:1000] for line in lines if line[:1] in (b"!", b"?"))
    error = next((clean(line)[:LONGEST_ERROR] for line in said), None)
    code, _, used = status.partition(" ")
    ended = used.isdecimal() and len(used) <= LONGEST_COUNT
    late = ended and int(used) > 1.1e6 * seconds  # it ignored the signal of the limit
    if late:
        texts = []
    if not ended:  # it was killed from here
        error = status
    elif late or code == TIMEOUT:
        error = f"timeout: {seconds} seconds of processor time"
    elif len(texts) < n and error is None:
        error = f"the process ended early, with {code}"
    texts += [None] * (n - len(texts))
    return Returned(texts, error, int(used) / 1e6 if ended else 0.0)


def run(
    code: str,
    tests: list[tuple[tuple, object]],
    timeout: float = 2.0,
    entry: str = "solve",
    *,
    level: str | None = None,
    hints: bool = True,
) -> Outcome:
    """Count the tests (args, expected) whose result has the expected type and value.

    The program must define `entry`. `timeout` is in seconds of processor time for all
    tests together, see `Sandbox.call`; so is `Outcome.seconds`. With `hints`, a wrong
    value is an error that shows both values: good for a reader, while the outcome of a
    reward must not hold the answer. ValueError where a test is not plain data,
    Unavailable where the machine does not reach `level`. For many programs use
    `each`.
    """
    with Sandbox(level) as box:
        return box.run(code, tests, timeout, entry, hints=hints)


def each(items: list, task, *, level: str | None = None, workers: int = 2) -> list:
    """Compute `task(box, item)` for every item, on several warm servers, in order.

    An exception, Ctrl-C too, ends what runs and leaves the rest of the items undone.
    """
    boxes = [Sandbox(level) for _ in range(min(workers, len(items)))]
    waiting, lock = iter(enumerate(items)), threading.Lock()
    done = [None] * len(items)

    def work(box):
        with box:
            while not box.killed:
                with lock:
                    i, item = next(waiting, (None, None))
                if i is None:
                    return
                done[i] = task(box, item)

    with ThreadPoolExecutor(max(1, len(boxes))) as pool:
        try:
            workers = [pool.submit(work, box) for box in boxes]
            for worker in wait(workers, return_when=FIRST_EXCEPTION).done:
                worker.result()
        except BaseException:
            for box in boxes:
                box.end()
            raise
    return done


def missing(level: str | None = None) -> str | None:
    """Say in one line why this machine cannot run programs; None where it can."""
    try:
        with Sandbox(level):
            return None
    except Unavailable as error:
        return f"code problems are skipped: {error}"


def promise() -> str:
    """Say in one line which level this machine has, and what that promises."""
    try:
        with Sandbox() as box:
            return f"{box.level}: {PROMISES[box.level]}"
    except Unavailable as error:
        return f"none: {error}"


def _after_fork() -> None:
    for box in list(BOXES):
        box._leave_to_parent()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_after_fork)
