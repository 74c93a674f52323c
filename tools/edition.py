"""Make the next edition beside the published one, until it is whole.

    python -m tools.edition ../next      a clone to measure in; its results so far, too
    python -m tools.edition --keep ../next       take what was measured there

In the clone, results/data/ and artifacts/ hold the next edition only. Every command
works there as it does here, with R1_EDITION in front:

    R1_EDITION=2 python r1.py measure --list
    R1_EDITION=2 python r1.py train --seed 1 --out runs/seed-1

Here the files of the next edition lie in results/data/2/ and artifacts/2/, which no
chapter reads. Once it is whole, one commit moves them up and raises `PUBLISHED`.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

from r1lib import files
from r1lib.recipe import PUBLISHED

ROOT = Path(__file__).resolve().parent.parent
NEXT = str(PUBLISHED + 1)
PLACES = ("results/data", "artifacts")
FROZEN = "tokenizer"  # the same in all editions


def begin(folder: Path, root: Path = ROOT) -> None:
    """Clone the last commit into a new folder, with the next edition in its places."""
    if folder.exists():
        raise ValueError(f"{folder} is there already: choose another folder")
    subprocess.run(["git", "clone", "-q", root, folder], check=True)
    for place in PLACES:
        kept = folder / place / NEXT
        new = folder / f"{place}.new"
        shutil.copytree(kept, new) if kept.exists() else new.mkdir(parents=True)
        if place == "artifacts":
            carry_tokenizer(folder / place, new)
        files.remove(folder / place)
        new.rename(folder / place)


def carry_tokenizer(old: Path, new: Path) -> None:
    """Copy the tokenizer and its entry in the manifest, if they are not there yet."""
    if (new / FROZEN).exists():
        return
    shutil.copytree(old / FROZEN, new / FROZEN)
    entry = files.read_json(old / "manifest.json")[FROZEN]
    files.write_text(
        new / "manifest.json", json.dumps({FROZEN: entry}, indent=1) + "\n"
    )


def keep(folder: Path, root: Path = ROOT) -> list[str]:
    """Copy what a clone has made; returns the paths that are new or changed.

    Cards stay behind: their links hold in artifacts/ only (`tools.ship --cards`).
    """
    changed = []
    for place in PLACES:
        if not (folder / place).is_dir():
            raise ValueError(f"{folder} has no {place}: wanted a clone of the next one")
        for path in sorted((folder / place).rglob("*")):
            if (
                not path.is_file()
                or path.name.startswith(".")
                or path.name == files.CARD
            ):
                continue
            target = root / place / NEXT / path.relative_to(folder / place)
            content = path.read_bytes()
            if not target.exists() or target.read_bytes() != content:
                files.write_bytes(target, content)
                changed.append(target.relative_to(root).as_posix())
    return changed


def main(argv: list[str] | None = None) -> int:
    """Begin a clone, or keep what it has made."""
    made = argparse.ArgumentParser(
        "python -m tools.edition",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("folder", type=Path, help="the clone")
    made.add_argument("--keep", action="store_true", help="take what was measured")
    asked = made.parse_args(argv)
    try:
        if not asked.keep:
            begin(asked.folder)
            print(f"edition {NEXT} is made in {asked.folder}, with R1_EDITION={NEXT}")
            return 0
        for path in keep(asked.folder):
            print(f"kept {path}")
    except (ValueError, OSError, subprocess.CalledProcessError) as problem:
        print(f"edition: {files.line(problem)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
