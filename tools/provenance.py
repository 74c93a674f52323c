"""What an executed notebook or a result file was made with: code, artifacts, results.

A script that writes a result adds, under the key "provenance",

    provenance.block(["r1lib.rl.grpo.train", "r1lib.evaluate"], artifacts=["tiny-base"])

or block_of_script(__file__, artifacts=[...]), which finds the names in its imports.
`python r1.py check` computes all of it again and names what no longer fits.
"""

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.code_digest import Library, digests, entries

ROOT = Path(__file__).resolve().parent.parent


def short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def code_digest(modules: Iterable[str], root: Path = ROOT) -> str:
    """One digest of the r1lib code that can be reached from modules or functions.

    Names are dotted: "r1lib.rl.grpo" for all of a module, "r1lib.rl.grpo.train" for
    one function and what it uses.
    """
    return short(json.dumps(digests(modules, Library(root))))


def artifact_digest(name: str, root: Path = ROOT) -> str:
    """The sha256 of an artifact: a file, or a folder by the digests of its files."""
    return folder_digest(root / "artifacts" / name)


def result_digest(name: str, root: Path = ROOT) -> str:
    """The sha256 of results/NAME.json, or of the result files in results/NAME/."""
    folder = root / "results" / name
    return folder_digest(
        folder if folder.is_dir() else folder.with_name(f"{folder.name}.json")
    )


def folder_digest(path: Path) -> str:
    """The sha256 of a file, or of the sorted names and digests of a folder's files."""
    if not path.exists():
        raise FileNotFoundError(f"{path.parent.name}/{path.name} does not exist")
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    files = [file for file in sorted(path.rglob("*")) if file.is_file()]
    lines = [
        f"{file.relative_to(path).as_posix()} {folder_digest(file)}"
        for file in files
        if not file.name.startswith(".")
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def block(
    modules: Iterable[str], artifacts: Iterable[str] = (), root: Path = ROOT
) -> dict[str, object]:
    """The "provenance" entry of a result file."""
    names = sorted(set(modules))
    return {
        "modules": names,
        "code": code_digest(names, root),
        "artifacts": {name: artifact_digest(name, root) for name in sorted(artifacts)},
    }


def block_of_script(
    script: str | Path, artifacts: Iterable[str] = (), root: Path = ROOT
) -> dict[str, object]:
    """The same for a script, from the r1lib names that it imports and uses."""
    source = Path(script).read_text(encoding="utf-8")
    return block(entries(source, Library(root)), artifacts, root)


def stale(recorded: dict, root: Path = ROOT) -> list[str]:
    """Why a result no longer fits this copy of the project; [] if it does."""
    problems = []
    modules = recorded.get("modules", [])
    if code_digest(modules, root) != recorded.get("code"):
        problems.append(f"the code changed that it used: {', '.join(modules)}")
    for name, digest in recorded.get("artifacts", {}).items():
        if not (root / "artifacts" / name).exists():
            problems.append(f"artifact {name} is gone")
        elif artifact_digest(name, root) != digest:
            problems.append(f"artifact {name} changed")
    return problems


def damaged_artifacts(root: Path) -> list[str]:
    """What differs between artifacts/ and the sha256 in its manifest."""
    manifest = root / "artifacts" / "manifest.json"
    if not manifest.exists():
        return []
    known = json.loads(manifest.read_text(encoding="utf-8"))
    folders = {path.name for path in manifest.parent.iterdir() if path.is_dir()}
    problems = [
        f"artifacts/{name} is not in the manifest" for name in folders - set(known)
    ]
    for name, entry in known.items():
        for file, digest in entry["sha256"].items():
            path = manifest.parent / name / file
            if not path.exists():
                problems.append(f"artifacts/{name}/{file} is missing")
            elif folder_digest(path) != digest:
                problems.append(f"artifacts/{name}/{file} differs from the manifest")
    return sorted(problems)


# ---- what a chapter uses -------------------------------------------------------


def chapter_uses(source: str, root: Path = ROOT) -> dict[str, dict[str, str]]:
    """Digests of the code, artifacts and results that a chapter's source names."""
    library = Library(root)
    patterns = list(literals(ast.parse(source)))
    used = {
        kind: sorted(n for n in names if any(p.fullmatch(n) for p in patterns))
        for kind, names in {
            "artifacts": stored(root / "artifacts"),
            "results": stored(root / "results"),
        }.items()
    }
    return {
        "code": digests(entries(source, library), library),
        "artifacts": {name: artifact_digest(name, root) for name in used["artifacts"]},
        "results": {name: result_digest(name, root) for name in used["results"]},
    }


def stored(folder: Path) -> set[str]:
    """The names by which a chapter can ask for something: "base", "p1/seed0", "p1"."""
    if not folder.is_dir():
        return set()
    if folder.name == "artifacts":
        return {path.name for path in folder.iterdir() if path.name != "manifest.json"}
    files = [path.relative_to(folder) for path in folder.rglob("*.json")]
    folders = {parent for file in files for parent in file.parents if parent.name}
    return {f.with_suffix("").as_posix() for f in files} | {
        f.as_posix() for f in folders
    }


def literals(tree: ast.AST) -> Iterator[re.Pattern]:
    """Each string of a source as a pattern: f-string {parts} and * match anything."""
    parts_of = {node: list(map(text, node.values)) for node in joined(tree)}
    inside = {id(value) for node in parts_of for value in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in inside:
            parts_of[node] = [text(node)]
    for parts in parts_of.values():
        name = re.sub(r"^(\.\./)*(artifacts|results)/", "", "".join(parts))
        name = name.removesuffix(".json").rstrip("/")
        if len(re.sub(r"[\W_]", "", name)) >= 2:  # "*-*" names nothing
            yield re.compile(re.escape(name).replace(r"\*", ".*"))


def joined(tree: ast.AST) -> list[ast.JoinedStr]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]


def text(node: ast.AST) -> str:
    """The text of a constant string; * for what is only known at run time."""
    if not isinstance(node, ast.Constant):
        return "*"
    return node.value if isinstance(node.value, str) else ""
