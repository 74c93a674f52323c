"""Kill whole training runs at random moments, and compare them with one left alone.

    python -m results.kills 0     writes results/data/kills-0.json; some minutes

A run of the smoke preset is killed (SIGKILL, no warning) and begun again by the same
command until it ends; if it ends before all kills are spent, another one begins. For
each kill a stage is drawn from those that are not finished, and a moment from the time
that it takes, so that all stages have their chance. Every run must end with the
weights, tables and numbers of the run that nobody killed.
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

from r1lib import files
from r1lib.recipe import checkpoints
from r1lib.recipe.stages import STAGES
from results import one_unit

KILLS = 20
THE_END = "the end"  # all stages are there, the run tests its models
PLACES = (*STAGES, THE_END)
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


def train(run: Path, seed: int, stage: str = "", seconds: float = 0.0) -> bool:
    """Train into a folder, and kill it some seconds into a stage; True if it ended.

    Without a stage it is left alone. Raises RuntimeError, with its last lines, if
    training fails by itself.
    """
    command = [sys.executable, "-m", "tools.train", "--preset", "smoke"]
    command += ["--out", str(run), "--seed", str(seed)]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        with subprocess.Popen(
            command, start_new_session=True, stdout=said, stderr=subprocess.STDOUT
        ) as process:
            while stage and process.poll() is None:
                if PLACES.index(begun(run)) >= PLACES.index(stage):
                    time.sleep(seconds)
                    os.killpg(process.pid, signal.SIGKILL)
                    break
                time.sleep(0.01)
            code = process.wait()
        if stage and code == -signal.SIGKILL:
            return False
        if code:
            said.seek(0)
            raise RuntimeError(f"training ended with {code}:\n{said.read()[-2000:]}")
    return True


def begun(run: Path) -> str:
    """Name the stage that a run was in."""
    for stage in STAGES:
        if not checkpoints.is_done(run, stage):
            return stage
    return THE_END


def clock(run: Path, began: float) -> dict[str, float]:
    """Seconds from the start of a run to where each stage began, and to the end."""
    written = [run / "settings.json", *(run / f"{stage}.json" for stage in STAGES)]
    moments = [path.stat().st_mtime - began for path in written]
    return dict(zip(PLACES, moments, strict=True))


def choose(rng, at: str, spent: set, begins: dict) -> tuple[str, float]:
    """Draw a stage, and seconds from its beginning, for a run that is at some place.

    No stage is drawn twice in a run, so a short one cannot hold it up; ("", 0) if none
    is left. A stage that is under way begins when the imports are over.
    """
    left = [stage for stage in PLACES[PLACES.index(at) : -1] if stage not in spent]
    if not left:
        return "", 0.0
    stage = rng.choice(left)
    spent.add(stage)
    takes = begins[PLACES[PLACES.index(stage) + 1]] - begins[stage]
    return stage, rng.random() * takes + (begins[STAGES[0]] if stage == at else 0.0)


def unit(folder: Path, seed: int, kills: int = KILLS) -> dict:
    """Spend all kills on runs in a folder, and compare each run that ends.

    Raises ValueError if one of them differs from the run that was left alone.
    """
    began, rng = time.perf_counter(), random.Random(seed)
    train(folder / "whole", seed)
    begins = clock(folder / "whole", began)
    wanted = outputs(folder / "whole"), numbers(folder / "whole")
    moments, ended, spent = [], 0, set()
    while len(moments) < kills or (folder / f"killed-{ended}").exists():
        run, stage, seconds = folder / f"killed-{ended}", "", 0.0
        if len(moments) < kills:
            stage, seconds = choose(rng, begun(run), spent, begins)
        if train(run, seed, stage, seconds):
            if (outputs(run), numbers(run)) != wanted:
                raise ValueError(f"after {moments} a run ended with other numbers")
            ended, spent = ended + 1, set()
        else:
            moments.append({"run": ended, "seconds": seconds, "stage": begun(run)})
            print(f"kill {len(moments)} in {moments[-1]['stage']}", flush=True)
    result = {
        "begins": begins,
        "kills": moments,
        "runs": ended,
        "files": len(wanted[0]),
        "equal": True,
    }
    return {"resume": result, "minutes": (time.perf_counter() - began) / 60}


def main() -> None:
    """Run one unit and write results/data/kills-SEED.json."""
    asked = one_unit.arguments(one_unit.parser(__doc__, threads=1))
    with tempfile.TemporaryDirectory() as folder:
        result = unit(Path(folder), asked.seed)
    path = asked.out / f"kills-{asked.seed}.json"
    one_unit.write(path, result, f"results.kills {asked.seed}", seed=asked.seed)


if __name__ == "__main__":
    main()
