"""Write the table of docs/r1_zero.md from the measured files.

python -m results.table            rewrite the block between the two marks
python -m results.table --check    say whether the block is what the files say
"""

import json
import sys

from r1lib.traces.tables import markdown
from results import pages
from tools import provenance

PAGE = provenance.ROOT / "docs" / "r1_zero.md"
BEGIN, END = "<!-- results -->", "<!-- end of results -->"
FORCED = {  # as the files name it: as the page does
    "forced": "forced",
    "forced, T=0.6": "forced, T=0.6",
    "forced, greedy": "forced, greedy",
    "nothing twice, T=0.6": "forced, never `again`, T=0.6",
    "no sum twice, T=0.6": "forced, no sum twice, T=0.6",
}
COLUMNS = ("countdown", "arithmetic", "tokens", "new attempts")


def load(name: str) -> dict:
    """Read results/data/NAME.json."""
    return json.loads((provenance.DATA / f"{name}.json").read_text(encoding="utf-8"))


def seeds_of(unit: str) -> list[int]:
    """List the seeds for which a unit has been measured."""
    return sorted(
        int(p.stem.split("-")[1]) for p in provenance.DATA.glob(f"{unit}-*.json")
    )


def row(label: str, seeds: list[dict]) -> list[str]:
    """Make one row: pass@1 and interval of each seed, then the rest in that order."""

    def of_each(form, *keys) -> str:
        cells = []
        for result in seeds:
            for key in keys:
                result = result[key]
            cells.append(format(result, form))
        return ", ".join(cells)

    cells = [
        "{:.3f} [{:.3f}, {:.3f}]".format(result["pass@1"], *result["interval"])
        for result in seeds
    ]
    cells += [of_each(".2f", game, "pass@1") for game in ("countdown", "arithmetic")]
    cells += [of_each(".0f", "length"), of_each(".0%", "reflects")]
    return [label, *cells]


def table() -> str:
    """Return the block: what was measured, on what, and the table itself."""
    seeds = seeds_of("zero")
    bases = [load(f"base-{seed}")["P1"]["controls"] for seed in seeds]
    zeros = [load(f"zero-{seed}")["P1"] for seed in seeds]
    columns = ["model", *(f"seed {seed}" for seed in seeds), *COLUMNS]
    rows = []
    for name, label in {"sampled": "sampled", "greedy": "greedy", **FORCED}.items():
        if all(name in base for base in bases):  # the first edition has one ban only
            rows.append(row(f"base, {label}", [base[name] for base in bases]))
    rows.append(row("**R1-Zero**, sampled", [zero["zero"] for zero in zeros]))
    rows.append(row("R1-Zero, greedy", [zero["greedy"] for zero in zeros]))
    best = ", ".join(f"{base['sampled']['pass@16']:.3f}" for base in bases)
    note = (
        f"pass@1 on {zeros[0]['zero']['problems']} held-out problems of countdown and "
        "arithmetic, with 95% intervals, at temperature 1 unless said otherwise; the "
        "other columns give the seeds one after another. Each seed has its own base; "
        f"their pass@16 is {best}. Forced: the base may not stop thinking before it "
        "has said yes; never `again`: forced, and the two words that announce a "
        "repeated sum have probability zero. Every number is in `results/data/`."
    )
    return "\n".join([*markdown(columns, rows), "", note])


def main() -> None:
    """Rewrite or check the block of the page."""
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    wanted = f"{head}{BEGIN}\n\n{table()}\n\n{END}{tail}"
    pages.write(PAGE, wanted, "results.table", check="--check" in sys.argv[1:])


if __name__ == "__main__":
    main()
