"""Are two expressions equal? sympy decides, in a process that can be killed.

Simplifying may take for ever, and a signal cannot stop it in a thread. So the question
goes, as a tree of plain data, to a worker process, which ends itself after some seconds
of computing (so a busy machine changes no verdict) and is killed if it stays silent. It
works from the trees that `answers` has read and bounded: no text is parsed by sympy,
nothing is evaluated, and nothing is rounded. One worker serves a whole run.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from fractions import Fraction

START_SECONDS = 120.0  # to import sympy on a busy machine; not part of any limit
MEMORY = 2 << 30  # bytes of address space (Linux)


class Worker:
    """A sympy process: `ask` it, and it answers or dies."""

    def __init__(self):
        self.owner = os.getpid()
        self.replies = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-I", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()
        if self._reply(START_SECONDS) != "ready":
            self.kill()
            raise RuntimeError("the algebra worker did not start; is sympy installed?")

    def _listen(self):
        for line in self.process.stdout:
            self.replies.put(line.strip())
        self.replies.put("dead")

    def _reply(self, seconds: float) -> str:
        try:
            return self.replies.get(timeout=max(seconds, 0.0))
        except queue.Empty:
            return "late"

    def ask(self, question: str, seconds: float) -> str:
        """Return "equal" or "unequal", or "unknown", "late", "dead"."""
        try:
            self.process.stdin.write(question + "\n")
            self.process.stdin.flush()
        except OSError:
            return "dead"
        return self._reply(seconds)

    def kill(self) -> None:
        """End the process, whatever it is doing, and wait until it is gone."""
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):  # a question that nobody read
            self.process.stdin.close()


_lock = threading.Lock()
_workers: list[Worker] = []  # none, or the one in use


def equal(
    first: tuple, second: tuple, seconds: float = 3.0, patience: float = 60.0
) -> bool | None:
    """Say whether two trees are the same expression; None where it stays unknown.

    Unknown: sympy cannot prove it, or needs more than `seconds` of computing, or there
    is no reply within `patience` seconds on the clock. The next question then starts
    another worker.

    >>> x, one = ("name", "x"), ("number", Fraction(1))
    >>> equal(("+", x, one), ("+", one, x))
    True
    """
    if patience <= 0:
        return None
    question = json.dumps([seconds, first, second], default=str)
    with _lock:
        if _workers and _workers[0].owner != os.getpid():  # that one is our parent's
            _workers.clear()
        if not _workers:
            _workers.append(Worker())
        reply = _workers[0].ask(question, patience)
        if reply in ("late", "dead"):
            _workers.pop().kill()
    return {"equal": True, "unequal": False}.get(reply)


# ---- what runs in the worker -----------------------------------------------------


def build(sympy, tree):
    """Turn a tree into a sympy expression, node by node."""
    kind, *parts = tree
    if kind == "number":
        value = Fraction(parts[0])
        return sympy.Rational(value.numerator, value.denominator)
    if kind == "name":
        known = {"pi": sympy.pi, "infty": sympy.Symbol("infty")}
        return known.get(parts[0], sympy.Symbol(parts[0]))
    if kind == "call":
        by_name = {"sin": sympy.sin, "cos": sympy.cos, "tan": sympy.tan}
        return (by_name | {"ln": sympy.log})[parts[0]](build(sympy, parts[1]))
    values = [build(sympy, part) for part in parts]
    if kind == "-":
        return -values[0]
    left, right = values
    if kind == "^":
        return left**right
    if kind == "/":
        return left / right
    return left + right if kind == "+" else left * right


def decide(sympy, first, second) -> str:
    """Prove that a difference is zero, or that it is not; never by rounding."""
    difference = build(sympy, first) - build(sympy, second)
    if difference.has(sympy.zoo, sympy.nan, sympy.oo):
        return "unequal"
    for simpler in (sympy.expand, sympy.cancel, sympy.simplify):
        difference = simpler(difference)
        if difference == 0:
            return "equal"
    zero = difference.equals(0)  # for numbers by their minimal polynomials
    return {True: "equal", False: "unequal"}.get(zero, "unknown")


def watch(limit: list[float]) -> None:
    """End this process when it has computed beyond the limit, if one is set."""
    while True:
        time.sleep(0.05)
        if any(time.process_time() > seconds for seconds in tuple(limit)):
            os._exit(1)


def serve() -> None:
    """Answer one question a line; end with the parent, or when a question hangs."""
    import sympy

    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    limit = []
    threading.Thread(target=watch, args=(limit,), daemon=True).start()
    print("ready", flush=True)
    for line in sys.stdin:
        seconds, *question = json.loads(line)
        limit[:] = [time.process_time() + seconds]
        try:
            reply = decide(sympy, *question)
        except (ArithmeticError, ValueError, TypeError, NotImplementedError):
            reply = "unknown"
        except (MemoryError, RecursionError):
            reply = "unknown"
        limit.clear()
        print(reply, flush=True)


if __name__ == "__main__":
    serve()
