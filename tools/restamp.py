"""Keep a measurement when the code it used was rewritten but does the same.

    python -m tools.restamp            the results whose code digest no longer fits

A result file remembers a digest of the code that made it. After a rewrite that
changes no number, measuring for hours again teaches nothing; so this runs
`tools.witness` in two copies of the project, that of the commit which last wrote the
result files and this one. Only if the two agree to the last bit is the digest
brought up to date, and the file says which commit really measured it.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from r1lib import files
from tools import provenance
from tools.code_digest import Library, entries, reach

ROOT = provenance.ROOT
WITNESS = ROOT / "tools" / "witness.py"


def git(*arguments: str) -> str:
    """Return what git prints."""
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def witness(copy: Path) -> dict[str, str]:
    """Run this project's witness on the library of another copy of the project."""
    done = subprocess.run(
        [sys.executable, "-c", WITNESS.read_text(encoding="utf-8")],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def reachable(names: Iterable[str]) -> set[tuple[str, str]]:
    """(module, definition) of all the library code that some names lead to."""
    reached = reach(names, Library(ROOT))
    return {(module, name) for module, defs in reached.items() for name in defs}


def stale_results() -> list[Path]:
    """Result files of which only the code digest no longer fits."""
    found = []
    for path in sorted((ROOT / "results").rglob("*.json")):
        known = json.loads(path.read_text(encoding="utf-8")).get("provenance")
        problems = provenance.stale(known) if known else []
        if problems and all(p.startswith("the code changed") for p in problems):
            found.append(path)
    return found


def is_witnessed(path: Path) -> bool:
    """Say whether the witness runs all the code that a result file used."""
    used = json.loads(path.read_text(encoding="utf-8"))["provenance"]["modules"]
    source = WITNESS.read_text(encoding="utf-8")
    return reachable(used) <= reachable(entries(source, Library(ROOT)))


def difference(commit: str) -> list[str]:
    """Names of the parts of the witness in which a commit and this copy differ.

    Both read the artifacts of this copy: it is the code that is compared.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        git("worktree", "add", "--detach", str(copy), commit)
        shutil.copytree(ROOT / "artifacts", copy / "artifacts", dirs_exist_ok=True)
        try:
            before, now = witness(copy), witness(ROOT)
        finally:
            git("worktree", "remove", "--force", str(copy))
    return sorted(k for k in before.keys() | now.keys() if before.get(k) != now.get(k))


def stamp(path: Path, commit: str) -> None:
    """Write the present digest, and the commit that really measured the file."""
    content = json.loads(path.read_text(encoding="utf-8"))
    block = content["provenance"]
    block["code"] = provenance.code_digest(block["modules"])
    block.setdefault("measured at", commit)
    files.write_text(path, json.dumps(content, indent=1, ensure_ascii=False))


def main() -> None:
    """Compare once for each commit that wrote stale results, then stamp them."""
    differs: dict[str, list[str]] = {}
    missed = False
    for path in stale_results():
        name = path.relative_to(ROOT).as_posix()
        if not is_witnessed(path):
            print(f"{name}: measure again, the witness does not run all of its code")
            missed = True
            continue
        commit = git("log", "-1", "--format=%h", "--", name)
        if commit not in differs:
            differs[commit] = difference(commit)
        if differs[commit]:
            parts = ", ".join(differs[commit])
            print(f"{name}: measure again, it differs from {commit} in: {parts}")
        else:
            stamp(path, commit)
            print(f"{name}: the same to the last bit as at {commit}")
    if missed or any(differs.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
