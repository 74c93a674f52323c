"""The tiny checkpoints that come with the book, each verified by its sha256."""

from functools import cache
from pathlib import Path

from r1lib import files, hub
from r1lib.files import shown

FOLDER = Path(__file__).resolve().parent.parent / "artifacts"


@cache
def manifest() -> dict:
    """Read artifacts/manifest.json: sha256, seed and metrics of each name."""
    path = FOLDER / "manifest.json"
    content = files.read_json(path)
    for name, entry in content.items():
        files.check_kind(entry, dict, path, f" as {files.line(name)}")
        files.check_kind(entry.get("sha256", {}), dict, path, f" as sha256 of {name}")
    return content


def path(name: str) -> Path:
    """Return the folder of a shipped checkpoint after checking every byte of it.

    Only the files that the manifest lists count: a system may leave others there, and
    a card may be written anew.
    """
    known = manifest()
    if name not in known:
        raise ValueError(f"no artifact {shown(name)}, only {', '.join(sorted(known))}")
    if "sha256" not in known[name]:
        raise ValueError(f"manifest.json is damaged: it lists no file of {shown(name)}")
    wanted, there = files.counted(known[name]["sha256"]), (FOLDER / name).is_dir()
    if not there or files.sha256(FOLDER / name, wanted) != wanted:
        found = f"artifact {shown(name)} differs from manifest.json"
        raise ValueError(f"{found}: fetch it again")
    return FOLDER / name


def load(name: str):
    """Return (model, tokenizer) of a shipped checkpoint."""
    return hub.load_model(path(name))
