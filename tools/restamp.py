"""Keep a measurement when the code it used was rewritten but does the same.

    python -m tools.restamp            the results whose code digest no longer fits

A result file remembers a digest of the code that made it. After a rewrite that
changes no number, measuring for hours again teaches nothing; so this runs
`tools.witness` in two copies of the project, that of the commit which last wrote the
result files and this one. Only if all the code of a result is run by parts of the
witness that agree to the last bit is the digest brought up to date, and the file says
which commit really measured it.
"""

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from r1lib import files
from tools import provenance
from tools.code_digest import DEFINITIONS, Library, entries, reach

ROOT = provenance.ROOT
WITNESS = ROOT / "tools" / "witness.py"


def git(*arguments: str) -> str:
    """Return what git prints."""
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@cache
def witness(copy: Path) -> dict[str, dict[str, str]]:
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


def parts_of(script: Path) -> list[str]:
    """Names of the functions that the witness lists as its parts."""
    for node in ast.parse(script.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and used_names(node.targets[0]) == {"PARTS"}:
            return [part.id for part in node.value.elts]
    raise ValueError(f"{script.name} has no PARTS")


def part_of_witness(names: Iterable[str]) -> str:
    """The source of the witness with these parts, what they call and import, alone."""
    tree = ast.parse(WITNESS.read_text(encoding="utf-8"))
    defs = {node.name: node for node in tree.body if isinstance(node, DEFINITIONS)}
    todo, kept = list(names), {}
    while todo:
        if (name := todo.pop()) not in kept:
            kept[name] = defs[name]
            todo += used_names(defs[name]) & set(defs)
    used = set().union(*map(used_names, kept.values()))
    body: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            node.names = [n for n in node.names if (n.asname or n.name) in used]
            body += [node] if node.names else []
    return ast.unparse(ast.Module([*body, *kept.values()], []))


def used_names(node: ast.AST) -> set[str]:
    """Every name that is mentioned in a piece of code."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def is_witnessed(path: Path, parts: Iterable[str]) -> bool:
    """Say whether these parts of the witness run all the code that a result used."""
    used = json.loads(path.read_text(encoding="utf-8"))["provenance"]["modules"]
    found = entries(part_of_witness(parts), Library(ROOT)) if parts else set()
    return reachable(used) <= reachable(found)


def agreement(commit: str) -> tuple[list[str], list[str]]:
    """Parts of the witness in which a commit and this copy agree; where others differ.

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
    agree = [part for part, found in now.items() if before.get(part) == found]
    differ = [
        f"{part}, {name}"
        for part, found in now.items()
        for name, value in found.items()
        if before.get(part, {}).get(name) != value
    ]
    return agree, differ


def stamp(path: Path, commit: str) -> None:
    """Write the present digest, and the commit that really measured the file."""
    content = json.loads(path.read_text(encoding="utf-8"))
    block = content["provenance"]
    block["code"] = provenance.code_digest(block["modules"])
    block.setdefault("measured at", commit)
    files.write_text(path, json.dumps(content, indent=1, ensure_ascii=False))


def main() -> None:
    """Compare once for each commit that wrote stale results, then stamp what fits."""
    seen: dict[str, tuple[list[str], list[str]]] = {}
    missed = False
    everything = parts_of(WITNESS)
    for path in stale_results():
        name = path.relative_to(ROOT).as_posix()
        if not is_witnessed(path, everything):
            print(f"{name}: measure again, the witness does not run all of its code")
            missed = True
            continue
        commit = git("log", "-1", "--format=%h", "--", name)
        if commit not in seen:
            seen[commit] = agreement(commit)
        agree, differ = seen[commit]
        if is_witnessed(path, agree):
            stamp(path, commit)
            print(f"{name}: the same to the last bit as at {commit}")
        else:
            missed = True
            where = "; ".join(differ)
            print(f"{name}: measure again, it differs from {commit} in: {where}")
    if missed:
        sys.exit(1)


if __name__ == "__main__":
    main()
