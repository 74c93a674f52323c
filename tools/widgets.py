"""The four small pages that move, made from recorded data.

    python -m tools.widgets       write widgets/*.html again

Each is one file of HTML without any other file: it works from a disk, offline. The web
edition of the book shows the same thing inside a chapter. Nothing is computed here but
what is read from results/data/.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from r1lib import files
from tools.page import TEMPLATES, render

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "widgets"
DATA = Path("results/data")
SEEDS = (0, 1, 2)
MODELS = {"base": "base", "R1-Zero": "zero", "R1": "r1"}


@dataclass(frozen=True)
class Widget:
    """One page: what it shows, the files that it is made from, how to read them."""

    title: str
    about: str
    chapter: str  # the source in book/ whose chapter shows it
    files: tuple[str, ...]
    read: Callable[[Path], dict]


def result(root: Path, name: str) -> dict:
    """One result file."""
    return files.read_json(root / DATA / f"{name}.json")


def zero(root: Path) -> dict:
    """What R1-Zero wrote as it was trained, and its curves, for each seed."""
    runs = []
    for seed in SEEDS:
        history = result(root, f"zero-{seed}")["history"]
        looks = [
            {
                "step": point["step"],
                "valid": point["valid"],
                "length": point["valid_length"],
                "texts": point["transcripts"],
            }
            for point in history
            if "valid" in point
        ]
        curve = [
            [p["step"], round(p["accuracy"], 3), round(p["length"], 1)]
            for p in history
            if "accuracy" in p
        ]
        runs.append({"seed": seed, "looks": looks, "curve": curve})
    settings = result(root, "zero-0")["settings"]
    return {"seeds": runs, "looks": 2 * settings["looks"]}  # of each of two games


def passing(root: Path) -> dict:
    """How many of the samples of each problem are right, for each model and seed."""
    one = result(root, "inference-base-0")
    n = one["settings"]["samples"]
    models = {
        name: [
            [round(share * n) for share in sampled(root, file, seed)["right"]]
            for seed in SEEDS
        ]
        for name, file in MODELS.items()
    }
    kinds = [f"{family}, {level}" for family, level, _ in one["problems"]]
    return {"samples": n, "kinds": kinds, "models": models}


def sampled(root: Path, model: str, seed: int) -> dict:
    """The answers that a model sampled freely."""
    return result(root, f"inference-{model}-{seed}")["P14"]["arms"]["sampled"]


def without_origin(name: str) -> Callable[[Path], dict]:
    """A reader of a file that was recorded for its widget."""
    dropped = {"command", "provenance", "seed", "model"}
    return lambda root: {
        key: value for key, value in result(root, name).items() if key not in dropped
    }


WIDGETS = {
    "zero": Widget(
        title="What R1-Zero writes while it learns",
        about="Move the step: the same problem, answered by the same model after more "
        "and more reinforcement learning. The first sample each time, unselected.",
        chapter="09_r1_zero",
        files=tuple(f"zero-{seed}" for seed in SEEDS),
        read=zero,
    ),
    "pass": Widget(
        title="pass@k: what k tries can do",
        about="Move k: the chance that at least one of k samples is right, for the "
        "base, R1-Zero and R1.",
        chapter="07_thinking_longer",
        files=tuple(f"inference-{m}-{s}" for m in MODELS.values() for s in SEEDS),
        read=passing,
    ),
    "experts": Widget(
        title="Which experts read which token",
        about="Choose a text, a layer and a token: the two experts out of eight that "
        "the router of the shipped base chooses.",
        chapter="04_experts",
        files=("widgets-routing-0",),
        read=without_origin("widgets-routing-0"),
    ),
    "clip": Widget(
        title="Advantage and clip, token by token",
        about="Groups of eight answers, and how far four optimizer steps move the "
        "probability of each token. Move the clip to see which tokens it stops.",
        chapter="08_rlhf_to_grpo",
        files=("widgets-clip-0",),
        read=without_origin("widgets-clip-0"),
    ),
}


def part(name: str) -> Markup:
    """A script or a style of the widgets, as it is."""
    source, _, _ = TEMPLATES.loader.get_source(TEMPLATES, f"widgets/{name}")
    return Markup(source)  # ours, not from outside


def script_data(content: dict) -> Markup:
    """JSON that cannot end the element around it, whatever a model wrote.

    >>> print(script_data({"text": "</script>"}))
    {"text":"\\u003c/script>"}
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))


def fragment(name: str, root: Path = ROOT) -> Markup:
    """The widget as a piece of a page."""
    widget = WIDGETS[name]
    many = f"{widget.files[0]}.json to {widget.files[-1]}.json"
    listed = many if len(widget.files) > 1 else f"{widget.files[0]}.json"
    html = render(
        "widgets/widget.html.j2",
        slug=name,
        title=widget.title,
        source=f"Recorded data: {DATA.as_posix()}/{listed}",
        data=script_data(widget.read(root)),
        css=part("common.css"),
        common=part("common.js"),
        script=part(f"{name}.js"),
    )
    return Markup(html)


def page(name: str, root: Path = ROOT, above: str = "") -> str:
    """The widget as a page of its own; `above` is the address of its {chapter}."""
    widget = WIDGETS[name]
    return render(
        "widgets/page.html.j2",
        title=widget.title,
        about=widget.about,
        above=above.format(chapter=widget.chapter),
        fragment=fragment(name, root),
    )


def main(root: Path = ROOT) -> int:
    """Write every page."""
    for name in WIDGETS:
        path = root / FOLDER / f"{name}.html"
        try:
            files.write_text(path, page(name, root))
        except (ValueError, KeyError) as problem:
            print(f"r1: {name}: {files.shown(problem)}", file=sys.stderr)
            return 1
        print(f"{FOLDER}/{path.name}: {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
