"""Peak memory and seconds of each chapter, executed from top to bottom.

Each chapter has processes of its own: one that executes, and its kernel. Memory is the
kernel's largest resident set, so the libraries that it imports count.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXECUTE = """
import json, resource, sys
import nbformat
from nbclient import NotebookClient

nb = nbformat.read(sys.argv[1], 4)
where = {"metadata": {"path": sys.argv[2]}}
NotebookClient(nb, timeout=None, kernel_name="python3", resources=where).execute()
print(json.dumps(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
"""
UNIT = 1024 if sys.platform == "linux" else 1  # of ru_maxrss, in bytes
TINY = {
    "cells": [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": "one",
            "metadata": {},
            "outputs": [],
            "source": "x = bytearray(2**28)",
        }
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}


def execute(path: Path, folder: Path) -> tuple[float, float]:
    """Seconds and peak memory in GB of one notebook; a cell that fails is an error."""
    began = time.perf_counter()
    command = [sys.executable, "-c", EXECUTE, str(path), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = done.stderr.strip().split("\n")[-1]
        raise RuntimeError(f"{path.name} does not run: {last}")
    peak = json.loads(done.stdout.splitlines()[-1])
    return time.perf_counter() - began, peak * UNIT / 1e9


def notebooks(small: bool, folder: Path) -> list[Path]:
    """The chapters; with `small` a notebook of one cell, written to a folder."""
    if not small:
        return sorted((ROOT / "chapters").glob("[0-9]*.ipynb"))
    path = folder / "tiny.ipynb"
    path.write_text(json.dumps(TINY), "utf-8")
    return [path]


def measure(*, small: bool, rounds: int, threads: int) -> dict:
    """Each chapter once: `rounds` and `threads` are those of the other measurements."""
    with tempfile.TemporaryDirectory() as place:
        paths = notebooks(small, Path(place))
        found = {}
        for path in paths:
            seconds, peak = execute(path, path.parent)
            found[path.stem] = {"seconds": seconds, "memory_gb": peak}
    return {"chapters": found, "settings": {"small": small}}


def report(found: dict) -> str:
    """One line a chapter, and the largest."""
    rows = [
        f"{name:26}{one['memory_gb']:6.2f} GB {one['seconds']:8.0f} s"
        for name, one in found["chapters"].items()
    ]
    peaks = [one["memory_gb"] for one in found["chapters"].values()]
    middle, most = statistics.median(peaks), max(peaks)
    return "\n".join([*rows, f"median {middle:.2f} GB, largest {most:.2f} GB"])
