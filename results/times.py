"""How long the units of the book took when they were measured, as their files say."""

from pathlib import Path

from r1lib import files
from results.units import RESULT, SHIPPED, Unit, at, shipped
from tools import provenance

MINUTES = f"{RESULT}minutes-0.json"  # of a whole run


def minutes(unit: Unit, seed: int, root: Path = provenance.ROOT) -> float | None:
    """How long a unit took when it was measured; None where nothing says so.

    Another seed of it serves where this one has not been measured. A stage of a run
    took what the manifest says; to ship one takes no time.
    """
    for other in (seed, *(s for s in unit.seeds if s != seed)):
        took = recorded(unit, other, root)
        if took is not None:
            return took
    return None


def recorded(unit: Unit, seed: int, root: Path) -> float | None:
    """The minutes that are written down for one seed of a unit."""
    if unit.name == "minutes" or unit.name.startswith("ship-"):
        return 0.0  # they read and copy
    path = MINUTES if unit.name == "train" else unit.made(seed)
    try:
        if path.startswith(RESULT):
            return time_in(files.read_json(root / path))
        manifest = files.read_json(root / "artifacts" / "manifest.json")
        name = at(shipped(unit.name.removeprefix("train-"))[0], seed)
        return manifest[name.removeprefix(SHIPPED)]["seconds"] / 60
    except (ValueError, KeyError):
        return None


def time_in(content: dict) -> float | None:
    """The minutes of a result: its own, those of its rows, or of its parts.

    >>> time_in({"minutes": {"base": 1.5, "RL": 2}}), time_in({"P1": {"minutes": 3}})
    (3.5, 3)
    >>> time_in({"history": [{"sample_seconds": 40, "train_seconds": 20}]}), time_in({})
    (1.0, None)
    """
    rows = [content[key] for key in content if key.startswith("P")]
    rows = [row for row in rows if isinstance(row, dict)]
    inner = [part for row in rows for part in row.values() if isinstance(part, dict)]
    for level in ([content], rows, inner):
        found = [part["minutes"] for part in level if "minutes" in part]
        if found:
            parts = [f.values() if isinstance(f, dict) else [f] for f in found]
            return sum(number for part in parts for number in part)
    steps = [*content.get("history", []), *content.get("verifiers", {}).values()]
    names = ("seconds", "sample_seconds", "train_seconds")
    seconds = [step[name] for step in steps for name in names if name in step]
    return sum(seconds) / 60 if seconds else None
