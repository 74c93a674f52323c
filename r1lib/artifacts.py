"""The tiny checkpoints that come with the book, each verified by its sha256."""

import hashlib
import json
from functools import cache
from pathlib import Path

from r1lib import hub

FOLDER = Path(__file__).resolve().parent.parent / "artifacts"


@cache
def manifest() -> dict:
    """Read artifacts/manifest.json: sha256, seed and metrics of each name."""
    return json.loads((FOLDER / "manifest.json").read_text())


def sha256(name: str) -> dict[str, str]:
    """Compute the sha256 of each file of an artifact."""
    files = sorted((FOLDER / name).iterdir())
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def path(name: str) -> Path:
    """Return the folder of a shipped checkpoint after checking every byte of it."""
    known = manifest()
    if name not in known:
        raise ValueError(f"no artifact {name!r}; there are {', '.join(sorted(known))}")
    if sha256(name) != known[name]["sha256"]:
        raise ValueError(
            f"artifact {name!r} differs from manifest.json: fetch it again"
        )
    return FOLDER / name


def load(name: str):
    """Return (model, tokenizer) of a shipped checkpoint."""
    return hub.load_model(path(name))
