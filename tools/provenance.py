"""Where a number comes from: edition, commit, weights; and what a chapter reads.

A script that writes a result adds, under the key "provenance",

    provenance.block(weights=["base-tiny"])

beside its command, its seed and its settings. `python r1.py check` verifies that the
commit exists, that the command can be run and that the weights are still those.
"""

import ast
import json
import platform
import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from r1lib.files import CARD, counted, digest, is_stray
from r1lib.recipe import EDITION, FIRST, PUBLISHED

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path("results") / "data"  # one file for each unit of work
DATA = ROOT / RESULTS
NEXT = str(PUBLISHED + 1)  # folder of the next edition, which no chapter reads
COMMIT = re.compile(r"[0-9a-f]{7,40}")


# ---- what a result says about itself --------------------------------------------


def block(weights: Iterable[str] = (), root: Path = ROOT) -> dict[str, object]:
    """The "provenance" of a result: edition, commit, versions, sha256 of weights.

    `weights` are names of folders in artifacts/. Where files of the library or of the
    measuring scripts differ from the commit, "changed" names them.
    """
    code = ("r1lib", "results/*.py", "benchmarks")
    changed = git(root, "status", "--porcelain", "--", *code)
    return {
        "edition": EDITION,
        "commit": git(root, "rev-parse", "--short=12", "HEAD"),
        **({"changed": [line[3:] for line in changed.splitlines()]} if changed else {}),
        "versions": versions(),
        "weights": {name: artifact_digest(name, root) for name in sorted(weights)},
    }


def editions(content: dict) -> set[int]:
    """The editions that a result was measured in: one, if its rows agree.

    >>> editions({"provenance": {"edition": 2}}), editions({"P1": {"provenance": {}}})
    ({2}, {1})
    """
    rows = [content, *(row for row in content.values() if isinstance(row, dict))]
    blocks = [row["provenance"] for row in rows if "provenance" in row]
    named = [b.get("edition", FIRST) for b in blocks if isinstance(b, dict)]
    return {edition for edition in named if is_edition(edition)} or {FIRST}


def is_edition(value: object) -> bool:
    """Whether a value is the number of an edition: a whole number from 1 on."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= FIRST


def versions() -> dict[str, str]:
    """What a number may depend on besides the code."""
    import torch  # here: what only checks a book need not wait for it

    return {
        "python": platform.python_version(),
        "torch": torch.__version__.partition("+")[0],
        "system": f"{platform.system()} {platform.machine()}",
        "threads": str(torch.get_num_threads()),
    }


def git(root: Path, *arguments: str) -> str | None:
    """What git prints; None where there is no git or this is no checkout of it."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True
        )
    except FileNotFoundError:
        return None
    return done.stdout.rstrip("\n") if done.returncode == 0 else None


def problems(content: dict, root: Path = ROOT) -> list[str]:
    """Why nobody could make a result again; [] if somebody could."""
    recorded = content["provenance"]
    faults = command_problems(content.get("command"), root)
    if not isinstance(recorded, dict):
        return [*faults, "provenance is not an object: measure it again"]
    if absent := [
        key for key in ("commit", "versions", "weights") if not has(recorded, key)
    ]:
        lost = ", ".join(absent)
        return [*faults, f"provenance lacks {lost}: an older form, measure it again"]
    if not is_edition(edition := recorded.get("edition", FIRST)):
        faults.append(f"provenance: {edition!r:.60} is no edition")
    if not COMMIT.fullmatch(recorded["commit"]):
        faults.append(f"provenance: {recorded['commit']!r:.60} is no commit")
    elif recorded["commit"] in unknown_commits(root, (recorded["commit"],)):
        faults.append(f"provenance: there is no commit {recorded['commit']}")
    for name, wanted in recorded["weights"].items():
        if not (root / "artifacts" / name).exists():
            faults.append(f"artifact {name} is gone")
        elif artifact_digest(name, root) != wanted:
            faults.append(f"artifact {name} changed")
    return faults


def has(recorded: dict, key: str) -> bool:
    return isinstance(recorded.get(key), str if key == "commit" else dict)


def command_problems(command: object, root: Path) -> list[str]:
    """Why a command cannot be run here: it has to name a script of this project."""
    if not isinstance(command, str):
        return []  # that it is missing is said elsewhere
    try:
        words = shlex.split(command)
    except ValueError as problem:
        return [f"command {command!r:.80}: {problem}"]
    if words[:2] == ["python", "r1.py"] and len(words) > 2:
        return []
    if words[:2] == ["python", "-m"] and len(words) > 2:
        script = Path(*words[2].split(".")).with_suffix(".py")
        return [] if (root / script).is_file() else [f"command: no {script.as_posix()}"]
    return [f"command {command!r:.80} runs no script of this project"]


@cache
def unknown_commits(root: Path, commits: tuple[str, ...]) -> frozenset[str]:
    """Those of some commits that the history lacks; none where it is not whole."""
    if git(root, "rev-parse", "--is-shallow-repository") != "false":
        return frozenset()
    lost = [
        c for c in commits if git(root, "cat-file", "-e", f"{c}^{{commit}}") is None
    ]
    return frozenset(lost)


# ---- sha256 of artifacts and results ---------------------------------------------


def artifact_digest(name: str, root: Path = ROOT) -> str:
    """The sha256 of an artifact: a file, or a folder by the digests of its files.

    Its card may be written anew. A table of edition 1 counts with the card that the
    manifest lists, which is the one that its run wrote.
    """
    folder, manifest = root / "artifacts" / name, root / "artifacts" / "manifest.json"
    if not folder.is_dir():
        return folder_digest(folder)
    known = json.loads(manifest.read_text("utf-8")) if manifest.exists() else {}
    listed = known.get(name, {}).get("sha256", {})
    cards = {CARD: listed[CARD]} if CARD in listed else {}
    return joint_digest({**counted(digests_of(folder)), **cards})


def result_digest(name: str, root: Path = ROOT) -> str:
    """The sha256 of results/data/NAME.json, or of the files in results/data/NAME/."""
    folder = root / RESULTS / name
    return folder_digest(
        folder if folder.is_dir() else folder.with_name(f"{folder.name}.json")
    )


def result_files(name: str, root: Path = ROOT) -> list[Path]:
    """The files that a chapter reads by one name: NAME.json, or all of NAME/."""
    folder = root / RESULTS / name
    if folder.is_dir():
        return kept(folder, "*.json")
    return [folder.with_name(f"{folder.name}.json")]


def kept(folder: Path, pattern: str) -> list[Path]:
    """The files below a folder that fit a pattern, without what does not count there.

    JupyterLab keeps a copy of each file that was opened, in .ipynb_checkpoints/, and
    what is measured for the next edition is in a folder of its own.
    """

    def counts(path: Path) -> bool:
        parts = path.relative_to(folder).parts
        return parts[0] != NEXT and not any(map(is_stray, parts))

    return list(filter(counts, sorted(folder.rglob(pattern))))


def folder_digest(path: Path) -> str:
    """The sha256 of a file, or of the sorted names and digests of a folder's files."""
    if not path.exists():
        raise FileNotFoundError(f"{path.parent.name}/{path.name} does not exist")
    if path.is_file():
        return digest(path.read_bytes())
    return joint_digest(digests_of(path))


def digests_of(folder: Path) -> dict[str, str]:
    """The sha256 of each file below a folder."""
    return {
        file.relative_to(folder).as_posix(): folder_digest(file)
        for file in kept(folder, "*")
        if file.is_file()
    }


def joint_digest(digests: dict[str, str]) -> str:
    """One sha256 for the names and the sha256 of some files."""
    names = sorted(digests, key=Path)
    return digest("\n".join(f"{name} {digests[name]}" for name in names))


def damaged_artifacts(root: Path, place: str = "artifacts") -> list[str]:
    """What differs between artifacts/ and the sha256 in its manifest; cards may."""
    manifest = root / place / "manifest.json"
    if not manifest.exists():
        return []
    known = json.loads(manifest.read_text(encoding="utf-8"))
    folders = {path.name for path in manifest.parent.iterdir() if path.is_dir()}
    found = [
        f"{place}/{name} is not in the manifest"
        for name in folders - set(known) - {NEXT}
        if not is_stray(name)
    ]
    for name, entry in known.items():
        for file, wanted in counted(entry.get("sha256", {})).items():
            path = manifest.parent / name / file
            if not path.exists():
                found.append(f"{place}/{name}/{file} is missing")
            elif folder_digest(path) != wanted:
                found.append(f"{place}/{name}/{file} differs from the manifest")
    return sorted(found)


# ---- what a chapter reads --------------------------------------------------------


def chapter_names(source: str, root: Path = ROOT) -> dict[str, list[str]]:
    """The artifacts and results that a chapter's source names."""
    patterns = list(literals(ast.parse(source)))
    folders = {"artifacts": root / "artifacts", "results": root / RESULTS}
    return {
        kind: sorted(n for n in stored(folder) if any(p.fullmatch(n) for p in patterns))
        for kind, folder in folders.items()
    }


def chapter_reads(source: str, root: Path = ROOT) -> dict[str, dict[str, str]]:
    """Digests of the artifacts and results that a chapter's source names."""
    names = chapter_names(source, root)
    return {
        "artifacts": {name: artifact_digest(name, root) for name in names["artifacts"]},
        "results": {name: result_digest(name, root) for name in names["results"]},
    }


def stored(folder: Path) -> set[str]:
    """The names by which a chapter can ask for something: "base", "p1/seed0", "p1"."""
    if not folder.is_dir():
        return set()
    if folder.name == "artifacts":
        names = {path.name for path in folder.iterdir()} - {"manifest.json", NEXT}
        return {name for name in names if not is_stray(name)}
    files = [path.relative_to(folder) for path in kept(folder, "*.json")]
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
        name = re.sub(r"^(\.\./)*(artifacts|results/data)/", "", "".join(parts))
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
