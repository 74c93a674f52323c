"""Kill whole training runs at random moments, and compare them with one left alone.

    python -m results.kills 0     writes results/kills-0.json; some minutes

A run of the smoke preset is killed (SIGKILL, no warning) and begun again by the same
command until it ends; if it ends before all kills are spent, another one begins. Each
moment is drawn from the time that the stages still take, so that all stages have their
chance; the final test, which takes longer than they do, is met only now and then. Every
run must end with the weights, tables and numbers of the run that nobody killed.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from r1lib import files, runs
from r1lib.recipe import STAGES
from results import one_unit

CODE = ["r1lib.runs.finish", "r1lib.runs.resume", "r1lib.pipeline.run"]
KILLS = 20
THE_END = "the end"  # all stages are there, the run tests its models
CLOCK = ("minutes", "memory_gb", "sample_seconds", "train_seconds", "seconds")
EQUAL = (".safetensors", ".parquet")  # what has to be equal, byte by byte


def outputs(run: Path) -> dict[str, str]:
    """File -> sha256 of the weights and tables of a run."""
    return {
        f"{stage}/{name}": digest
        for stage in STAGES
        for name, digest in files.sha256(run / stage).items()
        if name.endswith(EQUAL)
    }


def timeless(value):
    """A report without what a clock or another load of the machine decides."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in CLOCK}
    return [timeless(v) for v in value] if isinstance(value, list) else value


def numbers(run: Path) -> dict:
    """What a finished run says about its stages."""
    return timeless(json.loads((run / "results.json").read_text("utf-8"))["stages"])


def train(run: Path, seed: int, seconds: float | None = None) -> bool:
    """Train into a folder, and kill it after so many seconds; True if it ended before.

    Raises RuntimeError, with its last lines, if training fails by itself.
    """
    command = [sys.executable, "-m", "tools.train", "--preset", "smoke"]
    command += ["--out", str(run), "--seed", str(seed)]
    kind = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, start_new_session=True, **kind) as process:
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return False
    if process.returncode:
        raise RuntimeError(f"training ended with {process.returncode}:\n{said[-2000:]}")
    return True


def begun(run: Path) -> str:
    """Name the stage that a run was in."""
    for stage in STAGES:
        if not runs.is_done(run, stage):
            return stage
    return THE_END


def clock(run: Path, began: float) -> dict[str, float]:
    """Seconds from the start of a run to where each stage began, and to the end."""
    written = [run / "settings.json", *(run / f"{stage}.json" for stage in STAGES)]
    moments = [path.stat().st_mtime - began for path in written]
    return dict(zip((*STAGES, THE_END), moments, strict=True))


def unit(folder: Path, seed: int, kills: int = KILLS) -> dict:
    """Spend all kills on runs in a folder, and compare each run that ends.

    Raises ValueError if one of them differs from the run that was left alone.
    """
    began, rng = time.time(), random.Random(seed)
    train(folder / "whole", seed)
    begins = clock(folder / "whole", began)
    wanted = outputs(folder / "whole"), numbers(folder / "whole")
    moments, ended = [], 0
    while len(moments) < kills or (folder / f"killed-{ended}").exists():
        run = folder / f"killed-{ended}"
        kill, left = len(moments) < kills, begins[THE_END] - begins[begun(run)]
        wait = begins[STAGES[0]] + left * rng.random() if kill and left else None
        if train(run, seed, wait):
            if (outputs(run), numbers(run)) != wanted:
                raise ValueError(f"after {moments} a run ended with other numbers")
            ended += 1
        else:
            moments.append({"run": ended, "seconds": wait, "stage": begun(run)})
            print(f"kill {len(moments)} in {moments[-1]['stage']}", flush=True)
    found = {
        "begins": begins,
        "kills": moments,
        "runs": ended,
        "files": len(wanted[0]),
        "equal": True,
    }
    return {"resume": found, "minutes": (time.time() - began) / 60}


def main() -> None:
    """Run one unit and write results/kills-SEED.json."""
    asked = one_unit.arguments(one_unit.parser(__doc__, threads=1))
    with tempfile.TemporaryDirectory() as folder:
        found = unit(Path(folder), asked.seed)
    path = asked.out / f"kills-{asked.seed}.json"
    rest = {"seed": asked.seed}
    one_unit.write(path, found, f"results.kills {asked.seed}", CODE, **rest)


if __name__ == "__main__":
    main()
