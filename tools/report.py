"""A run as one page to read: report.html, complete in itself, for light and dark.

Nothing is fetched when it is opened. The engine of the templates escapes every text,
whatever field it comes from. `tools.train` calls `write` when a run is finished.
"""

from pathlib import Path

import matplotlib

from r1lib import files, plots
from r1lib.progress import minutes
from r1lib.recipe import checkpoints
from r1lib.recipe.stages import BY_NAME, RECIPE
from r1lib.world import scorecard
from tools.page import macro, render
from tools.report_pieces import drawn, pieces

FIELDS = {  # of results.json, as far as the page needs them
    **dict.fromkeys(("preset", "command"), str),
    **dict.fromkeys(("settings", "stages", "provenance"), dict),
    "seed": int,
}
WHAT = {stage.name: stage.does for stage in RECIPE}
FORMS = {"length": "{:.0f}"}  # of a column; shares otherwise
CARD_SAMPLES = 2  # of each problem of the scorecard
FIRST = ("base", "zero", "r1")  # the models that a reader compares first
PAID = {"accuracy": "right", "liked": "liked", "safe": "safe", "length": "tokens"}
TRUTH = {"helpful": "helpful", "harmless": "harmless", "over_refusal": "over-refusal"}


def table(results: dict) -> list[list[str]]:
    """The table of a run as rows of text, the header first: easy problems / hard."""
    names = columns(results)
    rows = [["stage", *names, "minutes"]]
    for stage, stage_result in results["stages"].items():
        cells = []
        for name in names:
            means = [
                card[name]["mean"] for card in stage_result.get("card", {}).values()
            ]
            form = FORMS.get(name, "{:.2f}")
            cells.append(" / ".join(form.format(m).lstrip("0") or "0" for m in means))
        spent = (
            "shipped"
            if stage_result.get("shipped")
            else f"{stage_result['minutes']:.1f}"
        )
        rows.append([stage, *cells, spent])
    return rows


def columns(results: dict) -> list[str]:
    """The columns of the scorecard that were measured, in its order."""
    cards = [c["easy"] for c in (s.get("card") for s in models(results).values()) if c]
    return [name for name in scorecard.COLUMNS if any(name in card for card in cards)]


def models(results: dict) -> dict:
    """The stages that left a model, which was tested."""
    return {k: v for k, v in results["stages"].items() if "test" in v}


def families(results: dict) -> list[str]:
    """The games that a run was tested on."""
    tests = [found["test"] for found in models(results).values()]
    return sorted({name for t in tests for name in t if isinstance(t[name], dict)})


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
    files.write_text(folder / "report.html", page(results, records))
    return folder / "report.html"


def page(results: dict, records: dict[str, dict]) -> str:
    """Put the page together."""
    return render(
        "report.html.j2",
        title=f"R1 {results['preset']}, seed {results['seed']}",
        story=story(results),
        of_games=of_games(results),
        tiles=tiles(results),
        of_scorecard=of_scorecard(results),
        table=table(results),
        columns={name: scorecard.COLUMNS[name] for name in columns(results)},
        curves=curves(results, records),
        transcripts=transcripts(records.get("zero", {}).get("history", [])),
        settings=checkpoints.flat(results["settings"]),
        provenance=provenance(results),
    )


# ---- words -------------------------------------------------------------------


def story(results: dict) -> str:
    """Say in two sentences what came out, whatever it is."""
    stages = models(results)
    if not {"base", "zero"} <= set(stages):
        (name, found), *_ = stages.items()
        share = f"{found['test']['pass@1']:.0%} of the test problems"
        return f"After {WHAT.get(name, name)} the model answers {share} rightly."
    before, after = (stages[name]["test"] for name in ("base", "zero"))
    verb = "left about where it was"
    if before["interval"][1] < after["interval"][0]:
        verb = "raised"
    elif after["interval"][1] < before["interval"][0]:
        verb = "lowered"
    share = f"{before['pass@1']:.0%} before, {after['pass@1']:.0%} after"
    grew = "grew" if after["length"] > before["length"] else "shrank"
    lengths = f"from {before['length']:.0f} to {after['length']:.0f} tokens"
    return (
        f"{minutes(60 * stages['zero']['minutes'])} of pure reinforcement learning "
        f"{verb} the share of right answers: {share}. The mean completion {grew} "
        f"{lengths}; nothing rewards length."
    )


def of_games(results: dict) -> str:
    """Say on what the numbers at the top of the page and the bars were measured."""
    test = next(iter(models(results).values()))["test"]
    text = f"Measured on {test['problems']} test problems of "
    text += f"{' and '.join(families(results))} that no training saw, "
    text += f"{test['samples']} samples of each at temperature 1."
    if results["preset"] == "smoke":
        text += " This smoke run checks the mechanics; no claim may rest on it."
    return text


def of_scorecard(results: dict) -> str:
    """Say on what the table was measured."""
    return (
        "The scorecard: easy test problems / hard ones, up to "
        f"{results['settings']['cards']} of each family and level, {CARD_SAMPLES} "
        "samples of each at temperature 1. Of the shares, a 95% interval is at most "
        f"{widest(results):.2f} to either side."
    )


def widest(results: dict) -> float:
    """Half of the widest interval that a share of the scorecard has."""
    cards = [found["card"] for found in models(results).values()]
    ends = [
        column["interval"]
        for card in cards
        for level in card.values()
        for name, column in level.items()
        if name != "length"
    ]
    return max((high - low) / 2 for low, high in ends)


def tiles(results: dict) -> str:
    """The numbers that a reader looks for first: base, Zero and R1, as far as made."""
    tests = {k: v["test"] for k, v in models(results).items() if k in FIRST}
    labels = (
        ("right at the first try", "pass@1", "{:.0%}"),
        ("tokens in a completion", "length", "{:.0f}"),
        ("check, reject and try again", "reflects", "{:.0%}"),
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


# ---- parts -------------------------------------------------------------------


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
        text = f"{BY_NAME[name].paper}. Above what is rewarded, below the length."
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
                {"step": step, "right": one["right"], "pieces": pieces(one["text"])}
                for step, one in zip(steps, takes, strict=True)
            ],
        }
        for takes in zip(*(looks[i]["transcripts"] for i in chosen), strict=True)
    ]
    return macro("transcripts")(problems)


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
