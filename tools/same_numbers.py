"""Does a refactor keep the numbers? Compare two copies of the project.

    python -m tools.same_numbers HEAD .          the last commit, and this folder
    python -m tools.same_numbers v1 HEAD         two commits

In each copy the shipped models write texts from fixed seeds, and `train --preset smoke`
runs to its end. Equal means: the same texts, and the same sha256 of every file of
weights and of every table. Exit code 1 where they differ, with the names of what does.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROMPTS = (
    "numbers 3 5 7, target 22",
    "숫자 8 2 11, 목표 27",
    "17 plus 5, times 2",
    "What is the capital of France?",
)
SEEDS = (0, 1)
TOKENS = 60
JUDGES = ("helpful", "harmless")  # reward models: they write nothing


def texts() -> dict[str, str]:
    """Model and seed -> sha256 of what a shipped model writes in this copy."""
    import torch

    from r1lib import artifacts
    from r1lib.sampling import generate
    from r1lib.tokenizer import EOS

    torch.set_num_threads(1)
    written = {}
    for name, entry in sorted(artifacts.manifest().items()):
        if "model.safetensors" not in entry["sha256"] or name.startswith(JUDGES):
            continue
        model, tokenizer = artifacts.load(name)
        for seed in SEEDS:
            completions = generate(
                model,
                [tokenizer.prompt(prompt) for prompt in PROMPTS],
                max_new_tokens=TOKENS,
                stop_ids=(EOS,),
                generator=torch.Generator().manual_seed(seed),
                repeat=4,
            )
            ids = json.dumps([completion.ids for completion in completions])
            written[f"{name}, seed {seed}"] = digest(ids.encode())
    return written


def weights(folder: Path) -> dict[str, str]:
    """File -> sha256 of all that a smoke run of this copy leaves in a folder."""
    train = [sys.executable, "-m", "tools.train", "--preset", "smoke"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*train, "--out", str(folder)], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"the smoke run failed: {done.stderr.strip()[-500:]}")
    files = [*folder.glob("*/*.safetensors"), *folder.glob("*/*.parquet")]
    return {
        file.relative_to(folder).as_posix(): digest(file.read_bytes())
        for file in sorted(files)
    }


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def numbers() -> dict[str, str]:
    """All that is compared, for the copy in the current folder."""
    with tempfile.TemporaryDirectory() as folder:
        return texts() | weights(Path(folder) / "run")


@contextmanager
def copy_of(name: str):
    """A folder as it is, or a commit checked out beside this copy for a while."""
    if Path(name).is_dir():
        yield Path(name).resolve()
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "copy"
        git = ["git", "-C", str(ROOT), "worktree"]
        add = [*git, "add", "--quiet", "--detach", str(place), name]
        done = subprocess.run(add, capture_output=True, text=True)
        if done.returncode:
            said = done.stderr.strip()
            raise SystemExit(f"wanted a folder or a commit, got {name!r}: {said}")
        try:
            yield place
        finally:
            subprocess.run([*git, "remove", "--force", str(place)], check=True)


def measure(name: str) -> dict[str, str]:
    """Run this script, as it is here, in another copy of the project."""
    script = Path(__file__).resolve()
    with copy_of(name) as place:
        environment = {**os.environ, "PYTHONPATH": str(place)}
        done = subprocess.run(
            [sys.executable, str(script), "--here"],
            cwd=place,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
    if done.returncode:
        raise SystemExit(f"{name}: could not be measured")
    return json.loads(done.stdout)


def main() -> int:
    """Compare two copies, or print the numbers of this one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", nargs="?", help="a commit or a folder")
    parser.add_argument("new", nargs="?", default=".", help="another (default: here)")
    parser.add_argument("--here", action="store_true", help="print, compare nothing")
    asked = parser.parse_args()
    if asked.here:
        print(json.dumps(numbers()))
        return 0
    if asked.old is None:
        parser.error("wanted two copies to compare, got none")
    old, new = measure(asked.old), measure(asked.new)
    differ = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    for key in differ:
        print(f"differs: {key}")
    print(f"{len(old)} numbers of {asked.old}, {len(differ)} of them differ")
    return int(bool(differ))


if __name__ == "__main__":
    sys.exit(main())
