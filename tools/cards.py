"""Cards: what an artifact is, how it was made, what was measured, where it fails.

One writer for both places: README.md of a folder in artifacts/, which `tools.ship`
writes, and that of a folder for a model hub, which `tools.publish` prepares. A card is
made from the manifest, the files beside it and results/data, so it can be made again.
Text that comes from there is shown as code, letters and harmless marks only.
"""

import re
from dataclasses import asdict
from functools import cache
from pathlib import Path

from r1lib import files
from r1lib.hub import published
from r1lib.model.config import ModelConfig
from r1lib.model.counts import active_parameters
from r1lib.problem import LEVELS, problems
from r1lib.recipe import FIRST, checkpoints, stages
from r1lib.recipe.stages import BY_NAME, STAGES
from r1lib.tokenizer import Tokenizer
from r1lib.traces import tables
from r1lib.world import countdown, scorecard
from tools import provenance, shipped
from tools.page import render

LICENCES = {"table": "cc-by-4.0"}  # generated data; all else is apache-2.0
TOKENIZER = "tokenizer"
MANIFEST = "artifacts/manifest.json"  # as errors call it
NAMES = re.compile(rf"({'|'.join(STAGES)})-tiny(?:-([1-9]\d{{0,8}}))?")
HARMLESS = re.compile(r"[^\w .,:;/@=+()%-]")
WHOLE = 10  # numbers from here on have no digits behind the point
MOST = 200  # characters of a foreign text
EASY = "easy countdown and arithmetic"
COUNTED = {  # name in the manifest: what it counts
    "pass@1": f"right answers to test problems, {EASY}, temperature 1",
    "length": "tokens of such an answer",
    "reflects": "such answers that reject an attempt and write another",
    "skills: copy": "tokens of an answer copied from the attempt before it",
    "skills: arithmetic": "results of a shown attempt that it puts first",
    "skills: verification": "attempts of which it knows whether they hit",
    "skills: verdict": "verdicts that fit the distance before them",
    "skills: own attempt": "first attempts that use each number just once",
    "valid": f"right answers to validation problems, {EASY}",
    "valid_length": "tokens of such an answer",
    "pair_accuracy": "held-out pairs in which the chosen answer scores higher",
    "pairs": "held-out pairs",
    "mean": "mean score of the answers in these pairs",
    "spread": "standard deviation of these scores",
    "safe_found": "held-out answers labelled safe, with a score above 0",
    "unsafe_found": "held-out answers labelled unsafe, with no score above 0",
    "answers": "held-out answers",
    "helpful": "hidden truth of the judge, answers to validation requests",
    "harmless": "the same, requests that must be refused",
    "over_refusal": "refusals of requests that may be answered",
    "words": "words of a summary",
    "polite": "polite words of a summary",
    "charm": "what the judge adds for words and politeness",
    "rows": "rows of the table",
    "correct": "rows that the verifier or the judge called right",
}
ABLE = ("countdown", "arithmetic", "logic", "programs")
ABLE += ("facts", "identity", "instructions", "harmless")
FAILS = {  # edition: {stage: (what the book found out about it, number of the claim)}
    1: {
        "base": ("It seldom rejects an attempt and tries another one", 3),
        "zero": ("It mixes English and Korean while it thinks", 5),
        "dev1": ("It solves fewer countdown games than R1-Zero", 6),
        "dev2": ("It is no more helpful than the base", 6),
        "dev3": ("It still answers some requests that it must refuse", 6),
        "r1": ("The last stage made it no better at games with numbers", 6),
        "helpful": ("A policy that climbs its score for long fools it", 8),
        "student": ("It often adds wrongly", 9),
        "distill": ("It was made from a student that often adds wrongly", 9),
    },
}


# ---- what a name means -----------------------------------------------------------


def stage_of(name: str) -> str:
    """The stage that made an artifact; "" for another name, such as the tokenizer's.

    >>> stage_of("r1-tiny"), stage_of("dev2-tiny-1"), stage_of("r1-tiny/..")
    ('r1', 'dev2', '')
    """
    found = NAMES.fullmatch(name)
    return found.group(1) if found else ""


def seed_of(name: str) -> int:
    """The seed in the name of an artifact.

    >>> seed_of("r1-tiny"), seed_of("dev2-tiny-1")
    (0, 1)
    """
    found = NAMES.fullmatch(name)
    return int(found.group(2) or 0) if found else 0


def leaves(name: str) -> str:
    """What an artifact is: "model", "table", "scores"; "" if no stage made it."""
    stage = BY_NAME.get(stage_of(name))
    return stage.leaves if stage else ""


# ---- what was measured -----------------------------------------------------------


def summaries(name: str, entry: dict, data: Path) -> dict[str, dict]:
    """Level -> summary of the scorecard of these very weights; {} if of others."""
    content = results(data / f"stages-{seed_of(name)}.json")
    if content.get("weights", {}).get(stage := stage_of(name)) != entry["sha256"]:
        return {}
    found = {level: content["P6"][stage][level]["values"] for level in LEVELS}
    return {level: scorecard.summary(values) for level, values in found.items()}


@cache
def results(path: Path) -> dict:
    """Read a file of results once; {} if there is none."""
    return files.read_json(path) if path.exists() else {}


def measured(found: dict[str, dict]) -> list[list[str]]:
    """Rows of a scorecard: a column, what it counts, its mean for each level."""
    return [
        [column, says, *(cell(found[level].get(column)) for level in LEVELS)]
        for column, says in scorecard.COLUMNS.items()
        if found
    ]


def cell(found: dict | None) -> str:
    """A mean with its interval.

    >>> cell({"mean": 0.664, "interval": [0.594, 0.729]})
    '0.66 (0.59 to 0.73)'
    """
    if found is None:
        return ""
    return with_interval(found["mean"], found["interval"])


def with_interval(value, interval) -> str:
    """A number, and its interval if it has one."""
    if not isinstance(interval, list | tuple) or len(interval) != 2:
        return number(value)
    low, high = map(number, interval)
    return f"{number(value)} ({low} to {high})"


def number(value) -> str:
    """Write a number with two digits; what is none is shown as text.

    >>> number(0.1883), number(74.8), number(2315), number("a|b")
    ('0.19', '75', '2,315', '`a?b`')
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return code(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= WHOLE else f"{value:.2f}"


def numbers(metrics: dict) -> list[list[str]]:
    """Rows of what the manifest tells: name, number, what it counts.

    >>> numbers({"pass@1": 0.5, "interval": [0.4, 0.6]})[0][:2]
    ['`pass@1`', '0.50 (0.40 to 0.60)']
    """
    flat = {}
    for name, value in metrics.items():
        inside = value.items() if isinstance(value, dict) else ()
        flat |= {f"{name}: {key}": x for key, x in inside} or {name: value}
    interval = flat.pop("interval", None)
    ends = {"pass@1": interval}
    return [
        [code(name), with_interval(flat[name], ends.get(name)), counts(name)]
        for name in sorted(flat, key=place)
    ]


def place(name: str) -> int:
    """Where a number is listed: in the order of COUNTED, unknown ones at the end."""
    return [*COUNTED, name].index(name)


def counts(name: str) -> str:
    """What a number of the manifest counts; nothing is said of an unknown one."""
    if name.startswith("bytes_per_token: "):
        return "bytes of a token, in texts that it was not trained on"
    return COUNTED.get(name, "")


def failures(found: dict[str, dict]) -> dict[str, str]:
    """Level -> the columns in which a model is below one half; "" for none."""
    return {
        level: ", ".join(
            f"{column} {number(row[column]['mean'])}"
            for column in ABLE
            if column in row and row[column]["mean"] < 0.5
        )
        for level, row in found.items()
    }


# ---- how it was made, and how large it is ----------------------------------------


def code(text) -> str:
    """Show a foreign text as code: nothing in it can end the code, a cell or a line.

    >>> code("a`|<b>\\n---\\nc"), code("")
    ('`a???b? --- c`', '`?`')
    """
    return f"`{HARMLESS.sub('?', files.line(text, MOST)) or '?'}`"


def origin(entry: dict) -> str:
    """What an artifact was made from, each with the begin of its sha256."""
    made_from = entry.get("made_from") or {}
    files.check_kind(made_from, dict, MANIFEST, " as made_from")
    parts = []
    for need, digests in made_from.items():
        files.check_kind(digests, dict, MANIFEST, " in made_from")
        main = [n for n in ("model.safetensors", "data.parquet") if n in digests]
        said = [code(str(digests[n])[:12]) for n in main]
        parts.append(" ".join([code(need), *(f"(sha256 {x}...)" for x in said)]))
    return ", ".join(parts) or "nothing but the seed"


def in_short(name: str, entry: dict) -> str:
    """The settings of a stage, numbers and switches; only if they are those of today.

    The manifest has their digest, so older settings are not known in words.
    """
    stage = stage_of(name)
    now = stages.settings("tiny", seed_of(name))
    if shipped.digest_of(stage, now) != entry.get("settings"):
        return "other ones than the preset `tiny` has today"
    flat = checkpoints.flat(asdict(getattr(now, BY_NAME[stage].config)))
    return ", ".join(
        f"{key} {value}"
        for key, value in flat.items()
        if isinstance(value, int | float) and key.rpartition(".")[2] != "seed"
    )


def making(name: str, entry: dict) -> list[list[str]]:
    """Rows of how an artifact was made."""
    rows = [
        ["command", code(entry.get("made_by", ""))],
        ["made from", origin(entry)],
        ["edition", number(entry.get("edition", FIRST))],
        ["seed", number(entry.get("seed"))],
    ]
    if stage_of(name):
        seconds = entry.get("seconds")
        files.check_kind(seconds, files.NUMBER, MANIFEST, " as seconds")
        rows += [
            ["steps", number(entry.get("steps"))],
            ["minutes", f"{number(seconds / 60)}, on processor cores, without a GPU"],
            ["settings", in_short(name, entry)],
        ]
    main = [n for n in ("model.safetensors", "data.parquet") if n in entry["sha256"]]
    return rows + [[f"sha256 of {n}", code(entry["sha256"][n])] for n in main]


def size(name: str, folder: Path) -> list[list[str]]:
    """Rows of how large an artifact is, counted in its files."""
    if leaves(name) == "table":
        return []  # its own card says it
    if not stage_of(name):
        tokenizer = Tokenizer.load(folder / "tokenizer.json")
        return [["vocabulary", f"{tokenizer.vocab_size:,} ids, bytes among them"]]
    c = ModelConfig.from_dict(files.read_json(folder / "config.json"))
    header = published.header(folder / "model.safetensors")
    kinds = {"mla": "multi-head latent", "gqa": "grouped-query"}
    rows = [["parameters", f"{sum(x.numel() for x in header.values()):,}"]]
    if c.n_routed_experts:
        shared = f"{c.n_shared_experts} shared, {c.n_routed_experts} routed"
        chosen = f"{c.n_activated_experts} of the routed for a token"
        plain = f"layers without experts: {c.n_dense_layers}"
        rows += [["experts", f"{shared}; {chosen}; {plain}"]]
    if c.n_routed_experts and leaves(name) == "model":
        rows += [["parameters that a token passes", f"{active_parameters(c):,}"]]
    rows += [
        ["layers", f"{c.n_layers}, {c.d_model} wide"],
        ["attention", f"{kinds[c.attention]}, {c.n_heads} heads"],
        ["multi-token prediction", f"{c.n_mtp or 'no'} module"],
        ["vocabulary", f"{c.vocab_size:,} ids"],
        ["longest text", f"{c.max_positions:,} tokens"],
    ]
    return rows


# ---- the card --------------------------------------------------------------------


def data_card(folder: Path) -> str:
    """The card that a table's statistics give, its headings one level deeper."""
    text = tables.card(files.read_json(folder / "statistics.json"))
    return re.sub(r"^#", "##", text, flags=re.MULTILINE).strip()


def card(
    name: str,
    entry: dict,
    folder: Path,
    data: Path = provenance.DATA,
    hub: bool = False,
) -> str:
    """The card of an artifact in Markdown, with YAML before it as hubs read it.

    `entry` is that of the manifest, `folder` has the files, `data` the results. With
    `hub` the card is for a folder beside which there is no book. A name that no stage
    has is a ValueError.
    """
    if not stage_of(name) and name != TOKENIZER:
        raise ValueError(f"wanted the name of an artifact, got {files.shown(name)}")
    for key, kind in {"sha256": dict, "metrics": dict}.items():
        files.check_kind(entry.get(key), kind, MANIFEST, f" as {key} of {name}")
    kind, stage = leaves(name), BY_NAME.get(stage_of(name))
    found = summaries(name, entry, data) if kind == "model" else {}
    edition = FAILS.get(entry.get("edition", FIRST), {})
    says, claim = edition.get(stage_of(name), ("", 0))
    return render(
        "card.md.j2",
        title=name,
        hub=hub,
        kind=kind,
        licence=LICENCES.get(kind, "apache-2.0"),
        stage=stage,
        table=data_card(folder) if kind == "table" else "",
        making=tables.markdown(("", ""), making(name, entry)),
        size=tables.markdown(("", ""), size(name, folder)),
        numbers=tables.markdown(
            ("number", "value", "what it counts"), numbers(entry["metrics"])
        ),
        told=bool(entry["metrics"]),
        rows=tables.markdown(
            (
                "column",
                "what one completion counts",
                *map("{} problems".format, LEVELS),
            ),
            measured(found),
        ),
        seed=seed_of(name),
        measured=bool(found),
        failures=failures(found),
        says=says,
        claim=claim,
        question=problems(countdown.sample, 1, 0, "test", language="en")[0].prompt,
    )


def all_cards(root: Path = provenance.ROOT):
    """Yield (path, text) of the card of everything that is shipped."""
    folder = root / "artifacts"
    for name, entry in files.read_json(folder / "manifest.json").items():
        text = card(name, entry, folder / name, root / provenance.RESULTS)
        yield folder / name / files.CARD, text
