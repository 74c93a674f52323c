"""The page of chapter 08's RL: variants, spurious rewards, thinking less.

    python -m results.variants_table            write docs/variants.md
    python -m results.variants_table --check    say whether that page is up to date

Only what was measured is on it. A difference is paired by problem, its values averaged
over the seeds first. It is bold where two 95% intervals exclude 0: the bootstrap over
problems, which is the one shown, and Student's over the seeds, as another run of the
same arm differs too. All else is a tie.
"""

import json
import sys
from pathlib import Path
from statistics import fmean

from r1lib import evaluate
from r1lib.traces.tables import markdown
from results import pages, rl_measure, spurious, thinking_less
from results.rl_arms import ARMS
from results.rl_measure import SEEDS, path_of
from tools import provenance

PAGE = provenance.ROOT / "docs" / "variants.md"
RECIPE = "grpo"  # the arm whose name on the page is `recipe`
LAST = 5  # steps at the end of a curve that are averaged
STYLES = ("guess", "short", "long", "checks", "tries again", "repeats", "format")
INTRO = f"""# Variants of reinforcement learning, measured

Written by `python -m results.variants_table`; do not edit.

Everything here is read from `results/data/`. A cell holds the mean over the seeds, and
each seed in brackets. A difference is paired by problem, with its 95% interval over
problems. It is bold where this interval excludes 0, and that of the mean over three
seeds (Student's t) does too. The rest are ties:
with {2 * rl_measure.TESTS} problems and three runs, a few points are not a difference.
"""
VARIANTS = f"""
## One base, equal samples

Each arm takes 40 steps from the base of each seed, with 8 prompts x 16 completions of
at most 96 tokens. The problems are easy countdown and arithmetic. The learning rate is
that of the recipe (6e-4). Those of DPO and of PPO's value model were
[chosen on valid problems](experiments.md). "vs recipe" is the difference in pass@1.

`recipe` is that of this book, a variant of GRPO; its files are named `variants-grpo`.
GRPO as in its paper also divides by the std, clips at 0.2 on both sides, and averages
within each completion first. `std` adds the first of these three alone. `rloo` is RLOO
with one mean over all tokens.

"Outside" is the share of tokens whose ratio is outside the clip, below 0.8 or above
1.28. A token with an advantage of 0 is never counted as outside. The share is that of
the last of the four optimizer steps on each batch, where ratios have moved most, and
then the mean over all batches. `reinforce` and `rloo` have no clip: theirs is the share
that this range would leave outside.

Entropy is the mean of -log p of what was sampled in the last {LAST} steps. CPU seconds
are those of the training process, on a machine that others used too. It was busier for
`std`: compare the seconds of the other arms. Peak memory is
that of the process: 0.71 GB of it is there before training begins.
"""
SPURIOUS = """
## Spurious rewards

The same 40 steps from the same bases with the settings of `recipe`, and another reward.
The recipe itself pays 1 for a right answer and 0.1 for the format. pass@1 is the truth
on test problems; "vs base" is the difference to the base, then come the shares of
completions with each habit.
"""
LESS = """
## Thinking less

pass@1 and tokens on 48 test problems of each family, 4 samples. "own": the model begins
as it likes; "plain": without a thought; "thinking": asked for one by its opening.
"""


def load(script: str, name: str, folder: Path | None = None) -> list[dict]:
    """Read the files of a unit, one for each seed; [] unless all seeds are there."""
    paths = [path_of(script, name, s, folder or provenance.DATA) for s in SEEDS]
    if not all(path.exists() for path in paths):
        return []
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def each(values: list[float], form: str) -> str:
    """Write the mean, and in brackets each seed."""
    listed = ", ".join(format(value, form) for value in values)
    return f"{fmean(values):{form}} ({listed})"


def against(cards: list[dict], others: list[dict]) -> str:
    """Write the paired difference in pass@1 of two lists of cards, seed by seed."""
    both = [
        [
            [right / card["samples"] for right in card["values"]["right"]]
            for card in group
        ]
        for group in (others, cards)
    ]
    found = evaluate.paired_seeds(*both)
    low, high = found["interval"]
    text = f"{found['difference']:+.2f} [{low:+.2f}, {high:+.2f}]"
    return f"**{text}**" if found["clear"] else text


def over(history: list[dict], name: str, last: int = 0) -> float | None:
    """Mean of a metric over a curve, or over its last steps; None if it has none."""
    values = [point[name] for point in history if name in point]
    return fmean(values[-last:]) if values else None


def variant(name: str, units: list[dict], recipe: list[dict]) -> list[str]:
    """One row of the first table."""
    cards = [unit["P11"]["after"] for unit in units]
    theirs = [unit["P11"]["after"] for unit in recipe]
    row = ["recipe" if name == RECIPE else name, units[0]["P11"]["says"]]
    row += [each([c["all"]["pass@1"] for c in cards], ".2f")]
    row += ["" if name == RECIPE or not recipe else against(cards, theirs)]
    row += [each([c["all"]["pass@16"] for c in cards], ".2f")]
    row += [each([c["all"]["tokens"] for c in cards], ".0f")]
    if name == "base":
        return [*row, *[""] * 4]
    curves = [unit["history"] for unit in units]
    entropy = [over(curve, "entropy", LAST) for curve in curves]
    outside = [over(curve, "clip_fraction") for curve in curves]
    row += [each(entropy, ".2f"), "" if None in outside else each(outside, ".3f")]
    row += [each([curve[-1]["cpu_seconds"] for curve in curves], ".0f")]
    return [*row, each([unit["memory"]["peak_gb"] for unit in units], ".2f")]


def variants() -> list[str]:
    """The table of all arms that have every seed."""
    head = ["arm", "what differs", "pass@1", "vs recipe", "pass@16", "tokens"]
    head += ["entropy", "outside", "CPU seconds", "peak GB"]
    recipe = load("variants", RECIPE)
    found = {name: load("variants", name) for name in ("base", *ARMS)}
    rows = [variant(name, units, recipe) for name, units in found.items() if units]
    return markdown(head, rows)


def spurious_rewards() -> list[str]:
    """The table of all rewards that have every seed, behind the base and the recipe."""
    base, recipe = (
        [unit["P11"]["after"] for unit in load("variants", name)]
        for name in ("base", RECIPE)
    )
    found = {name: load("spurious", name) for name in spurious.REWARDS}
    cards = {
        name: [unit["spurious"]["after"] for unit in units]
        for name, units in found.items()
    }
    rows = []
    for name, mine in ({"base": base, "recipe": recipe} | cards).items():
        if not mine or not base:
            continue
        row = [name, each([c["all"]["pass@1"] for c in mine], ".2f")]
        row += ["" if name == "base" else against(mine, base)]
        row += [each([c["all"]["pass@16"] for c in mine], ".2f")]
        row += [
            f"{fmean(c['all']['habits'][habit] for c in mine):.2f}" for habit in STYLES
        ]
        rows.append(row)
    return markdown(["reward", "pass@1", "vs base", "pass@16", *STYLES], rows)


def less() -> list[str]:
    """The table of thinking less: a row for each arm and way."""
    rows = []
    for arm in thinking_less.ARMS:
        units = load("thinking_less", arm)
        ways = units[0]["thinking less"]["after"] if units else ()
        for way in ways:
            row = [arm, way]
            for family in thinking_less.FAMILIES:
                mine = [unit["thinking less"]["after"][way][family] for unit in units]
                row += [each([c["pass@1"] for c in mine], ".2f")]
                row += [f"{fmean(c['tokens'] for c in mine):.0f}"]
            rows.append(row)
    names = thinking_less.FAMILIES
    head = [column for name in names for column in (name, f"tokens, {name}")]
    return markdown(["arm", "way", *head], rows)


def page() -> str:
    """The whole page."""
    tables = [(VARIANTS, variants()), (SPURIOUS, spurious_rewards()), (LESS, less())]
    parts = [INTRO, *("\n".join([text, *table, ""]) for text, table in tables)]
    return "".join(parts)


def main() -> None:
    """Write the page, or compare it."""
    check = sys.argv[1:] == ["--check"]
    pages.write(PAGE, page(), "results.variants_table", check)


if __name__ == "__main__":
    main()
