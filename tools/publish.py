"""`python r1.py publish --dry-run`: folders for a model hub; nothing is uploaded.

A model becomes a folder that AutoModelForCausalLM and AutoTokenizer of transformers
load, with a card that says what it is, how it was made, and what was measured. A table
of texts keeps its own card. Each folder holds the licence. Whoever has an account then
runs `hf upload OWNER/NAME FOLDER`.
"""

import shutil
import sys
from pathlib import Path

from r1lib import artifacts, files, hub
from r1lib.files import line, shown
from r1lib.model.counts import parameters
from r1lib.problem import problems
from r1lib.progress import bar
from r1lib.recipe.stages import BY_NAME
from r1lib.world import countdown, scorecard
from tools.arguments import Parser
from tools.page import render

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "results" / "data"
LICENCES = {
    "model": ("apache-2.0", "Apache License 2.0: see the file LICENSE."),
    "table": (
        "cc-by-4.0",
        "CC BY 4.0, <https://creativecommons.org/licenses/by/4.0/>.",
    ),
}
AFTER = """
examples:
  python r1.py publish --dry-run            the models and tables of seed 0
  python r1.py publish r1-tiny --dry-run    one of them
"""


def stage_of(name: str) -> str:
    """The stage that made an artifact.

    >>> stage_of("r1-tiny"), stage_of("dev2-tiny-1")
    ('r1', 'dev2')
    """
    return name.partition("-tiny")[0]


def leaves(name: str) -> str:
    """What an artifact is: "model", "table", "scores"; "" if no stage made it."""
    stage = BY_NAME.get(stage_of(name))
    return stage.leaves if stage else ""


def publishable() -> list[str]:
    """Names of the artifacts that a hub can hold: language models and tables."""
    return [name for name in artifacts.manifest() if leaves(name) in LICENCES]


def measured(name: str, data: Path = DATA) -> list[list[str]]:
    """Rows of the scorecard of these very weights; none if others were measured."""
    entry, stage = artifacts.manifest()[name], stage_of(name)
    path = data / f"stages-{entry['seed']}.json"
    content = files.read_json(path) if path.exists() else {}
    if content.get("weights", {}).get(stage) != entry["sha256"]:
        return []
    levels = content["P6"][stage]
    summaries = [levels[level]["summary"] for level in ("easy", "hard")]
    return [
        [column, says, *(cell(summary.get(column)) for summary in summaries)]
        for column, says in scorecard.COLUMNS.items()
    ]


def cell(found: dict | None) -> str:
    """A mean with its interval.

    >>> cell({"mean": 0.664, "interval": [0.594, 0.729]})
    '0.66 (0.59 to 0.73)'
    """
    if found is None:
        return ""
    low, high = found["interval"]
    return f"{found['mean']:.2f} ({low:.2f} to {high:.2f})"


def card(name: str, weights: int = 0, data: Path = DATA) -> str:
    """The card of an artifact in Markdown; `weights` is a model's number of them."""
    entry, stage, kind = (
        artifacts.manifest()[name],
        BY_NAME[stage_of(name)],
        leaves(name),
    )
    text = artifacts.path(name) / "README.md"
    licence, words = LICENCES[kind]
    return render(
        "card.md.j2",
        title=name,
        licence=licence,
        licence_words=words,
        table=text.read_text("utf-8").strip() if kind == "table" else "",
        does=stage.does,
        paper=stage.paper,
        parameters=f"{weights:,}",
        question=problems(countdown.sample, 1, 0, "test", language="en")[0].prompt,
        made_by=entry["made_by"],
        made_from=", ".join(entry["made_from"]) or "weights drawn from the seed",
        seed=entry["seed"],
        steps=entry["steps"],
        digest=entry["sha256"].get("model.safetensors", ""),
        rows=measured(name, data) if kind == "model" else [],
    )


def prepare(name: str, folder: Path) -> Path:
    """Write FOLDER/NAME, complete or not at all; a folder that is there is kept."""
    if name not in publishable():
        names = ", ".join(publishable())
        raise ValueError(f"wanted one of {names}, got {shown(name)}")
    place = folder / name
    if place.exists():
        raise ValueError(f"{place} exists: it would be lost; name another with --out")
    with files.new_folder(place) as new:
        if leaves(name) == "table":
            weights = 0
            for file in artifacts.manifest()[name]["sha256"]:
                shutil.copyfile(artifacts.path(name) / file, new / file)
        else:
            model, tokenizer = artifacts.load(name)
            weights = parameters(model.config)
            hub.export_hf(model, new / "model", tokenizer)
            for file in (new / "model").iterdir():
                file.rename(new / file.name)
            (new / "model").rmdir()
        files.write_text(new / "README.md", card(name, weights))
        shutil.copyfile(ROOT / "LICENSE", new / "LICENSE")
        shutil.copyfile(ROOT / "LICENSE-text.md", new / "LICENSE-text.md")
    return place


def parser() -> Parser:
    """The command line."""
    made = Parser(
        prog="python r1.py publish",
        description="Prepare folders for a model hub; nothing is uploaded.",
        epilog=AFTER,
    )
    made.add_argument("names", nargs="*", metavar="name", help="default: all of seed 0")
    made.add_argument("--dry-run", action="store_true", help="required: only prepare")
    made.add_argument("--out", type=Path, default=Path("runs") / "publish")
    return made


def main(argv: list[str] | None = None) -> int:
    """Prepare what is named and say how to upload it; return an exit code."""
    asked = parser().parse_args(argv)
    try:
        if not asked.dry_run:
            raise ValueError("nothing is uploaded from here: add --dry-run")
        known = artifacts.manifest()
        names = asked.names or [n for n in publishable() if known[n]["seed"] == 0]
        done = ({"folder": prepare(name, asked.out)} for name in names)
        for _ in bar(done, len(names), "prepared"):
            pass
    except (ValueError, OSError) as problem:
        print(f"r1: {line(problem)}", file=sys.stderr)
        return 1
    print(f"prepared in {asked.out}: {', '.join(names)}")
    print("to upload one yourself: hf upload OWNER/NAME FOLDER")
    return 0


if __name__ == "__main__":
    sys.exit(main())
