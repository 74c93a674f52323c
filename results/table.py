"""Write the results table of README.md from the measured files.

python -m results.table            rewrite the block between the two marks
python -m results.table --check    say whether the block is what the files say
"""

import json
import sys
from pathlib import Path

from r1lib import files

HERE = Path(__file__).resolve().parent
README = HERE.parent / "README.md"
BEGIN, END = "<!-- results -->", "<!-- end of results -->"
FORCED = ("forced", "forced, T=0.6", "forced, greedy", "nothing twice, T=0.6")
COLUMNS = ("pass@1", "countdown", "arithmetic", "length", "checks, tries again")


def load(name: str) -> dict:
    """Read results/NAME.json."""
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


def seeds_of(unit: str) -> list[int]:
    """List the seeds for which a unit has been measured."""
    return sorted(int(p.stem.split("-")[1]) for p in HERE.glob(f"{unit}-*.json"))


def row(label: str, found: dict) -> str:
    """Write one line: value and 95% interval, families, length, reflection."""
    low, high = found["interval"]
    cells = [
        f"{found['pass@1']:.3f} [{low:.3f}, {high:.3f}]",
        f"{found['countdown']['pass@1']:.3f}",
        f"{found['arithmetic']['pass@1']:.3f}",
        f"{found['length']:.0f}",
        f"{found['reflects']:.0%}",
    ]
    return "| " + " | ".join([label, *cells]) + " |"


def table() -> str:
    """Return the block: what was measured, on what, and the table itself."""
    base = load("base-0")["P1"]["controls"]
    lines = ["| model | " + " | ".join(COLUMNS) + " |", "|---|" + "---|" * len(COLUMNS)]
    lines.append(row("base, sampled", base["sampled"]))
    lines.append(row("base, greedy", base["greedy"]))
    for name in FORCED:
        lines.append(row(f"base, {name}", base[name]))
    for seed in seeds_of("zero"):
        lines.append(row(f"R1-Zero, seed {seed}", load(f"zero-{seed}")["P1"]["zero"]))
    best = base["sampled"]["pass@16"]
    note = (
        f"{base['sampled']['problems']} held-out problems, temperature 1 unless said "
        f"otherwise; the base's pass@16 is {best:.3f}. Forced: the base may not stop "
        "thinking before it has said yes; nothing twice: forced, and it may do no sum "
        "again. Every number is in `results/`."
    )
    return "\n".join([*lines, "", note])


def main() -> None:
    """Rewrite or check the block in README.md."""
    text = README.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    wanted = f"{head}{BEGIN}\n\n{table()}\n\n{END}{tail}"
    if "--check" in sys.argv[1:]:
        if wanted != text:
            sys.exit("README.md: the results table is not what results/ says")
        print("README.md: the results table is what results/ says")
    else:
        files.write_text(README, wanted)


if __name__ == "__main__":
    main()
