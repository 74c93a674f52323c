"""`python r1.py publish --dry-run`: folders for a model hub; nothing is uploaded.

A model becomes a folder that AutoModelForCausalLM and AutoTokenizer of transformers
load, with a card that says what it is, how it was made, and what was measured
(`tools.cards`); so does a table of texts. Each folder holds the licence. Whoever has an
account then runs `hf upload OWNER/NAME FOLDER`.
"""

import shutil
import sys
from pathlib import Path

from r1lib import artifacts, files, hub
from r1lib.files import line, shown
from r1lib.progress import bar
from tools import cards
from tools.arguments import Parser

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("model", "table")  # what a hub can hold
AFTER = """
examples:
  python r1.py publish --dry-run            the models and tables of seed 0
  python r1.py publish r1-tiny --dry-run    one of them
"""


def publishable() -> list[str]:
    """Names of the artifacts that a hub can hold: language models and tables."""
    return [name for name in artifacts.manifest() if cards.leaves(name) in KINDS]


def prepare(name: str, folder: Path) -> Path:
    """Write FOLDER/NAME, complete or not at all; a folder that is there is kept."""
    if name not in publishable():
        names = ", ".join(publishable())
        raise ValueError(f"wanted one of {names}, got {shown(name)}")
    place = folder / name
    if place.exists():
        raise ValueError(f"{place} exists: it would be lost; name another with --out")
    with files.new_folder(place) as new:
        entry, shipped = artifacts.manifest()[name], artifacts.path(name)
        if cards.leaves(name) == "table":
            for file in files.counted(entry["sha256"]):
                shutil.copyfile(shipped / file, new / file)
        else:
            model, tokenizer = artifacts.load(name)
            hub.export_hf(model, new / "model", tokenizer)
            for file in (new / "model").iterdir():
                file.rename(new / file.name)
            (new / "model").rmdir()
        told = cards.card(name, entry, shipped, hub=True)
        files.write_text(new / files.CARD, told)
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
