"""One side of a row, in this process or in one of its own."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from r1lib.recipe.checkpoints import peak_memory_gb

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
PATIENCE = 60.0  # seconds for a process to end by itself


@dataclass(frozen=True)
class Side:
    """One way, or several, to do a row's work.

    `answer(way)` computes, in one of them, what both sides have to agree on: tensors,
    numbers, ids, texts, by name. Each function of `ways` does the work once. It returns
    its seconds where the harness should not count all that it did, or else None.
    `close` ends what the side has started.
    """

    answer: Callable[[str], dict]
    ways: dict[str, Callable[[], float | None]]
    close: Callable[[], None] = lambda: None


def peak_gb() -> float | None:
    """Peak memory of this process in GB; None where nobody counts it.

    Linux hands the peak of a parent down to its children, but not in this file.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return peak_memory_gb()
    found = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(found[0]) * 1024 / 1e9 if found else peak_memory_gb()


class Here:
    """A side in this process: for tests, and inside the process of a side."""

    def __init__(self, make: Callable[[], Side], threads: int):
        torch.set_num_threads(threads)
        self.side = make()
        self.made = peak_gb()

    def answer(self, way: str) -> dict:
        """Return what the other side has to agree with; tensors as arrays."""
        found = self.side.answer(way)
        return {
            name: x.detach().numpy() if isinstance(x, Tensor) else x
            for name, x in found.items()
        }

    def ways(self) -> list[str]:
        return list(self.side.ways)

    def seconds(self, way: str) -> float:
        """Do the work once and return the seconds on the wall."""
        began = time.perf_counter()
        own = self.side.ways[way]()
        return time.perf_counter() - began if own is None else own

    def memory(self) -> dict[str, float | None]:
        """Peak memory of the process in GB: when the side was made, and so far."""
        return {"made": self.made, "peak": peak_gb()}

    def close(self) -> None:
        self.side.close()


def serve(pipe, make: Callable[[], Side], threads: int) -> None:
    """Answer calls of `Process` until there are none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    try:
        here = Here(make, threads)
    except Exception as error:
        pipe.send((False, f"{type(error).__name__}: {error}"))
        return
    pipe.send((True, None))
    while (asked := pipe.recv()) is not None:
        try:
            pipe.send((True, getattr(here, asked[0])(*asked[1:])))
        except Exception as error:
            pipe.send((False, f"{type(error).__name__}: {error}"))
    here.close()


class Process:
    """The same, in a process of its own."""

    def __init__(self, make: Callable[[], Side], threads: int):
        context = multiprocessing.get_context("spawn")
        self.pipe, inner = context.Pipe()
        self.process = context.Process(target=serve, args=(inner, make, threads))
        before = {name: os.environ.get(name) for name in THREADS}
        os.environ.update(dict.fromkeys(THREADS, str(threads)))
        try:
            self.process.start()
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
        inner.close()
        try:
            self._reply()
        except BaseException:
            self.close()
            raise

    def _reply(self):
        try:
            fine, reply = self.pipe.recv()
        except EOFError:
            raise RuntimeError("the process of a side died") from None
        if not fine:
            raise RuntimeError(reply)
        return reply

    def _ask(self, *asked):
        self.pipe.send(asked)
        return self._reply()

    def answer(self, way: str) -> dict:
        return self._ask("answer", way)

    def ways(self) -> list[str]:
        return self._ask("ways")

    def seconds(self, way: str) -> float:
        return self._ask("seconds", way)

    def memory(self) -> dict[str, float | None]:
        return self._ask("memory")

    def close(self) -> None:
        """Let the process end; kill it if it does not."""
        with suppress(OSError):
            self.pipe.send(None)
        self.process.join(PATIENCE)
        self.process.terminate()
        self.process.join()
        self.pipe.close()
