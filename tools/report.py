"""A run as one page to read: report.html, complete in itself, for light and dark.

Nothing is fetched when it is opened. What a model wrote is escaped before anything
else happens to it. `tools.train` calls `write` when a run is finished.
"""

import html
from pathlib import Path

from r1lib import files, plots, runs, scorecard
from r1lib.progress import minutes
from r1lib.recipe import BY_NAME, RECIPE
from tools.report_pieces import facts, figure, folded, html_table, take

STYLE = Path(__file__).with_name("report.css")
WHAT = {stage.name: stage.does for stage in RECIPE}
FORMS = {"length": "{:.0f}"}  # of a column; shares otherwise


def table(results: dict) -> list[list[str]]:
    """The table of a run as rows of text, the header first: easy problems / hard."""
    names = columns(results)
    rows = [["stage", *names, "minutes"]]
    for stage, found in results["stages"].items():
        cells = []
        for name in names:
            means = [card[name]["mean"] for card in found.get("card", {}).values()]
            form = FORMS.get(name, "{:.2f}")
            cells.append(" / ".join(form.format(m).lstrip("0") or "0" for m in means))
        rows.append([stage, *cells, f"{found['minutes']:.1f}"])
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
    results = files.read_json(folder / "results.json")
    records = {stage: runs.record(folder, stage) for stage in results["stages"]}
    files.write_text(folder / "report.html", page(results, records))
    return folder / "report.html"


def page(results: dict, records: dict[str, dict]) -> str:
    """Put the page together."""
    e = html.escape
    title = f"R1 {results['preset']}, seed {results['seed']}"
    parts = [
        f"<h1>{e(title)}</h1>",
        f'<p class="lead">{e(story(results))}</p>',
        f'<p class="soft">{e(scope(results))}</p>',
        tiles(results),
        "<h2>Results</h2>",
        html_table(table(results)),
        curves(results, records),
        transcripts(records.get("zero", {}).get("history", [])),
        folded("Settings", facts(runs.flat(results["settings"]))),
        folded("What made it, and its checksums", facts(provenance(results))),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{e(title)}</title>\n<style>\n{STYLE.read_text(encoding='utf-8')}"
        "</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(filter(None, parts))
        + "\n</main>\n</body>\n</html>\n"
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


def scope(results: dict) -> str:
    """Say what was measured, and on what."""
    test = next(iter(models(results).values()))["test"]
    text = f"{test['problems']} test problems that no training saw, {test['samples']} "
    text += "samples each at temperature 1; intervals are 95% bootstrap over problems."
    if results["preset"] == "smoke":
        text += " This smoke run checks the mechanics; no claim may rest on it."
    return text


def tiles(results: dict) -> str:
    """The numbers that a reader looks for first, before and after."""
    tests = [found["test"] for found in models(results).values()]
    shown = (
        ("right at the first try", "pass@1", "{:.0%}"),
        ("tokens in a completion", "length", "{:.0f}"),
        ("check, reject and try again", "reflects", "{:.0%}"),
    )
    out = ""
    for what, name, form in shown:
        values = " → ".join(form.format(test[name]) for test in tests)
        out += f'<div class="tile"><b>{values}</b>{what}</div>'
    total = sum(found["minutes"] for found in results["stages"].values())
    out += f'<div class="tile"><b>{total:.1f}</b>minutes of training</div>'
    return f'<div class="tiles">{out}</div>'


# ---- parts -------------------------------------------------------------------


def curves(results: dict, records: dict) -> str:
    """The curves of each stage, and the bars that compare the finished models."""
    out = ["<h2>Curves</h2>"]
    if "base" in records:
        text = "Pre-training. Every skill is measured apart: copying, computing, and "
        text += "saying rightly whether a result is the wanted one."
        out.append(figure(plots.base_curves(records["base"]["history"]), text))
    for name in (n for n in ("zero", "dev2", "r1") if n in records):
        text = f"{BY_NAME[name].paper}. Above what is rewarded, below the length."
        out.append(figure(plots.zero_curves(records[name]["history"]), text))
    groups = {
        name: {
            stage: (found["test"][name]["pass@1"], *found["test"][name]["interval"])
            for stage, found in models(results).items()
        }
        for name in families(results)
    }
    text = "Each family of tasks, with 95% intervals."
    return "\n".join([*out, figure(plots.bars_with_intervals(groups), text)])


def transcripts(history: list[dict]) -> str:
    """The same held-out problems before, during and after, side by side."""
    looks = [point for point in history if point.get("transcripts")]
    if not looks:
        return ""
    chosen = sorted({0, min(1, len(looks) - 1), len(looks) // 2, len(looks) - 1})
    shown = [looks[i] for i in chosen]
    out = [
        "<h2>The same problems, before, during and after</h2>",
        "<p>Held-out problems, one sample each, none of them selected. A rejected "
        'attempt ends in <span class="no">no</span>, an accepted one in '
        '<span class="yes">yes</span>; 아니 and 맞아 say the same in Korean.</p>',
    ]
    for i, takes in enumerate(
        zip(*(look["transcripts"] for look in shown), strict=True)
    ):
        cells = [
            take(f"step {look['step']}", one)
            for look, one in zip(shown, takes, strict=True)
        ]
        out.append(
            f'<details class="problem"{" open" if i < 3 else ""}>'
            f"<summary>{html.escape(takes[0]['prompt'])}</summary>"
            f'<div class="takes">{"".join(cells)}</div></details>'
        )
    return "\n".join(out)


def provenance(results: dict) -> dict[str, object]:
    """What made this run, and the sha256 of what it left."""
    rows = {"command": results["command"], **results["versions"]}
    rows["digest of the code"] = results["provenance"]["code"]
    for stage, found in results["stages"].items():
        memory = found["memory_gb"]
        told = "not measured here" if memory is None else f"{memory:.2f} GB"
        rows[f"{stage}: peak memory of the process"] = told
        for name, digest in found["sha256"].items():
            rows[f"{stage}/{name}"] = f"sha256 {digest}"
    return rows
