"""A run as one page to read: report.html, complete in itself, for light and dark.

Nothing is fetched when it is opened. The engine of the templates escapes every text,
whatever field it comes from. `tools.train` calls `write` when a run is finished.
"""

from pathlib import Path

import matplotlib

from r1lib import files, plots
from r1lib.recipe import checkpoints
from r1lib.recipe.stages import BY_NAME
from r1lib.world import scorecard
from tools import report_words as words
from tools.page import macro, render
from tools.report_pieces import drawn, pieces
from tools.report_words import families, models, spent

FIELDS = {  # of results.json, as far as the page needs them
    **dict.fromkeys(("preset", "command"), str),
    **dict.fromkeys(("settings", "stages", "provenance"), dict),
    "seed": int,
}
FORMS = {"length": "{:.0f}"}  # of a row; shares otherwise
UNITS = {"length": "length, tokens"}  # how a row is called where it is no share
FIRST = ("base", "zero", "r1")  # the models that a reader compares first
PAID = {"accuracy": "right", "liked": "liked", "safe": "safe", "length": "tokens"}
TRUTH = {"helpful": "helpful", "harmless": "harmless", "over_refusal": "over-refusal"}


def table(results: dict) -> list[list[str]]:
    """The scorecard as rows of text: a column for each model, easy problems / hard."""
    found = models(results)
    rows = [["easy / hard", *found]]
    for name in columns(results):
        cells = []
        for stage in found.values():
            card = stage.get("card") or {}
            means = [level[name]["mean"] for level in card.values() if name in level]
            form = FORMS.get(name, "{:.2f}")
            cells.append(" / ".join(form.format(m).lstrip("0") or "0" for m in means))
        rows.append([UNITS.get(name, name), *cells])
    return [*rows, ["training, minutes", *map(spent, found.values())]]


def columns(results: dict) -> list[str]:
    """The measures of the scorecard that were taken, in its order."""
    cards = [c["easy"] for c in (s.get("card") for s in models(results).values()) if c]
    return [name for name in scorecard.COLUMNS if any(name in card for card in cards)]


def as_text(rows: list[list[str]]) -> str:
    """Lay out rows of text in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def write(folder) -> Path:
    """Write report.html from what a run's folder holds; return its path."""
    folder = Path(folder)
    path = folder / "results.json"
    results = files.read_json(path, fields=FIELDS)
    versions = results["provenance"].get("versions")
    files.check_kind(versions, dict, path, " as provenance.versions")
    for stage, found in results["stages"].items():
        files.check_kind(found, dict, path, f" as {files.line(stage)}")
    if not models(results):
        raise ValueError(f"{path} is damaged: it has no model that was tested")
    records = {stage: checkpoints.record(folder, stage) for stage in results["stages"]}
    files.write_text(folder / "report.html", page(results, records, folder))
    return folder / "report.html"


def page(results: dict, records: dict[str, dict], folder="runs/tiny") -> str:
    """Put the page together; `folder` is where the run is, for the commands on it."""
    measured = columns(results)
    return render(
        "report.html.j2",
        title=words.headline(results),
        story=words.story(results),
        of_games=words.of_games(results),
        tiles=tiles(results),
        of_scorecard=words.of_scorecard(results),
        table=table(results),
        columns={UNITS.get(n, n): scorecard.COLUMNS[n] for n in measured},
        others=words.others(results),
        next_steps=words.next_steps(results, folder),
        through=through(results),
        curves=curves(results, records),
        transcripts=transcripts(records.get("zero", {}).get("history", [])),
        settings=checkpoints.flat(results["settings"]),
        provenance=provenance(results),
    )


# ---- parts -------------------------------------------------------------------


def tiles(results: dict) -> str:
    """The numbers that a reader looks for first: base, Zero and R1, as far as made."""
    tests = {k: v["test"] for k, v in models(results).items() if k in FIRST}
    labels = (
        ("answered correctly", "pass@1", "{:.0%}"),
        ("tokens in an answer, on average", "length", "{:.0f}"),
        ("reject an attempt and try another", "reflects", "{:.0%}"),
    )
    shown = [
        {
            "label": label,
            "values": [(form.format(t[name]), k) for k, t in tests.items()],
        }
        for label, name, form in (labels if tests else ())
    ]
    trained = (f for f in results["stages"].values() if not f.get("shipped"))
    total = sum(found["minutes"] for found in trained)
    return macro("tiles")(shown, f"{total:.1f}")


@matplotlib.rc_context({"text.parse_math": False})  # "$" in a name is no formula
def curves(results: dict, records: dict) -> list[tuple[dict, str]]:
    """Draw the curves of each stage, and the bars that compare the finished models.

    Each comes with its caption. A stage that was taken from artifacts/ has no curve.
    """
    out = []
    records = {name: r for name, r in records.items() if not r.get("shipped")}
    if "base" in records:
        text = "Pre-training. Every skill is measured apart: copying, computing, and "
        text += "saying rightly whether a result is the wanted one."
        out.append((drawn(plots.base_curves(records["base"]["history"])), text))
    for name in (n for n in ("zero", "dev2") if n in records):
        text = f"{BY_NAME[name].paper}, {BY_NAME[name].does}. Above: the mean reward, "
        text += "a weighted sum, and the share of right answers. Below: the length."
        out.append((drawn(plots.zero_curves(records[name]["history"])), text))
    if "r1" in records:
        out += last_curves(records["r1"]["history"])
    for name in families(results):
        text = f"The {name} problems of the numbers at the top, with 95% intervals "
        text += "(bootstrap over problems)."
        bars = {
            stage: {
                name: (found["test"][name]["pass@1"], *found["test"][name]["interval"])
            }
            for stage, found in models(results).items()
        }
        out.append((drawn(plots.bars_with_intervals(bars)), text))
    return out


def last_curves(history: list[dict]) -> list[tuple[dict, str]]:
    """What R1 was paid for, and what its answers were worth, where it was measured."""
    paper, out = BY_NAME["r1"].paper, []
    for names, text in (
        (PAID, "Training: right by rule; liked and safe by the reward models."),
        (TRUTH, "Held-out requests, by the hidden truth that no reward sees."),
    ):
        there = {k: label for k, label in names.items() if plots.column(history, k)}
        if there:
            picture = plots.compared_curves({"r1": [history]}, there)
            out.append((drawn(picture), f"{paper}. {text}"))
    return out


def transcripts(history: list[dict]) -> str:
    """The same held-out problems before, during and after, side by side."""
    looks = [point for point in history if point.get("transcripts")]
    if not looks:
        return ""
    chosen = sorted({0, min(1, len(looks) - 1), len(looks) // 2, len(looks) - 1})
    steps = [looks[i]["step"] for i in chosen]
    problems = [
        {
            "prompt": takes[0]["prompt"],
            "takes": [
                take(f"step {step}", one)
                for step, one in zip(steps, takes, strict=True)
            ],
        }
        for takes in zip(*(looks[i]["transcripts"] for i in chosen), strict=True)
    ]
    return macro("transcripts")(problems)


def through(results: dict) -> str:
    """One and the same problem through all models, for each that they were asked."""
    asked = {
        name: m["answers"] for name, m in models(results).items() if m.get("answers")
    }
    problems = [
        {
            "prompt": answers[0]["prompt"],
            "takes": [
                take(name, one) for name, one in zip(asked, answers, strict=True)
            ],
        }
        for answers in zip(*asked.values(), strict=True)
    ]
    return macro("through")(problems) if problems else ""


def take(label: str, answer: dict) -> dict:
    """What a page shows of one answer."""
    right = answer["right"]
    return {"label": label, "right": right, "pieces": pieces(answer["text"])}


def provenance(results: dict) -> dict[str, object]:
    """What made this run, and the sha256 of what it left."""
    made = results["provenance"]
    rows = {"command": results["command"], **made["versions"]}
    rows["commit"] = made.get("commit") or "not a git checkout"
    for stage, found in results["stages"].items():
        memory = found["memory_gb"]
        size = "not measured here" if memory is None else f"{memory:.2f} GB"
        rows[f"{stage}: peak memory of the process"] = size
        for name, digest in found["sha256"].items():
            rows[f"{stage}/{name}"] = f"sha256 {digest}"
    return rows
