"""The sentences of a run's report: what came out, how it was measured, what next."""

import shlex

from r1lib.progress import minutes
from r1lib.recipe.stages import BY_NAME, RECIPE, STAGES

WHAT = {stage.name: stage.does for stage in RECIPE}
CARD_SAMPLES = 2  # of each problem of the scorecard


def models(results: dict) -> dict:
    """The stages that left a model, which was tested."""
    return {k: v for k, v in results["stages"].items() if "test" in v}


def families(results: dict) -> list[str]:
    """The games that a run was tested on."""
    tests = [found["test"] for found in models(results).values()]
    return sorted({name for t in tests for name in t if isinstance(t[name], dict)})


def headline(results: dict) -> str:
    """The heading of the page."""
    return {
        "tiny": "Your tiny DeepSeek-R1",
        "smoke": "A smoke run of the whole recipe",
    }.get(results["preset"], f"Your DeepSeek-R1, {results['preset']}")


def story(results: dict) -> str:
    """Say in a few sentences what came out, whatever it is."""
    tests = {name: found["test"] for name, found in models(results).items()}
    if not {"base", "zero"} <= set(tests):
        name, test = next(iter(tests.items()))
        share = f"{test['pass@1']:.0%} of the test problems"
        return f"After {WHAT.get(name, name)} the model answers {share} correctly."
    said = [compared(tests["base"], tests["zero"])]
    if not (zero := results["stages"]["zero"]).get("shipped"):
        said.append(f"R1-Zero, its result, took {minutes(60 * zero['minutes'])}.")
    said.append(lengths(tests))
    if "r1" in tests:
        said.append(
            f"R1, after all stages, answers {tests['r1']['pass@1']:.0%} correctly."
        )
        mixed = {
            name: card["easy"]["mixed"]["mean"]
            for name in ("zero", "r1")
            if "mixed" in (card := results["stages"][name]["card"])["easy"]
        }
        if len(mixed) == 2:
            said.append(
                "On easy reasoning problems its thinking switches language in "
                f"{mixed['r1']:.0%} of the answers, that of R1-Zero in "
                f"{mixed['zero']:.0%}."
            )
    return " ".join(said)


def compared(before: dict, after: dict) -> str:
    """Say how the share of right answers moved; overlapping intervals decide nothing.

    >>> before = {"pass@1": 0.2, "interval": [0.1, 0.3]}
    >>> after = {"pass@1": 0.7, "interval": [0.6, 0.8]}
    >>> compared(before, after)
    'Reinforcement learning raised the share of right answers from 20% to 70%.'
    """
    shares = before["pass@1"], after["pass@1"]
    verb, moved = "left", "about where it was: {:.0%} before, {:.0%} after"
    if before["interval"][1] < after["interval"][0]:
        verb, moved = "raised", "from {:.0%} to {:.0%}"
    elif after["interval"][1] < before["interval"][0]:
        verb, moved = "lowered", "from {:.0%} to {:.0%}"
    moved = moved.format(*shares)
    return f"Reinforcement learning {verb} the share of right answers {moved}."


def lengths(tests: dict) -> str:
    """Say how the mean answer of Zero compares in length with that of the base.

    >>> lengths({"base": {"length": 28.3}, "zero": {"length": 27.9}})
    'The mean answer kept its length, 28 tokens.'
    """
    before, after = (f"{tests[name]['length']:.0f}" for name in ("base", "zero"))
    if before == after:
        return f"The mean answer kept its length, {after} tokens."
    verb = "grew" if int(after) > int(before) else "shrank"
    moved = f"{verb} from {before} to {after} tokens"
    return f"The mean answer {moved}, although no reward depends on length."


def of_games(results: dict) -> str:
    """Say on what the numbers at the top of the page and the bars were measured."""
    test = next(iter(models(results).values()))["test"]
    text = f"Seed {results['seed']}. Measured on {test['problems']} test problems of "
    text += f"{' and '.join(families(results))} that no training saw, "
    text += f"{test['samples']} samples of each at temperature 1."
    if results["preset"] == "smoke":
        text += " This run only checks that every stage works; no claim may rest on it."
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


def others(results: dict) -> list[list[str]]:
    """Rows of (stage, what it left, minutes) for tables and reward models."""
    return [
        [name, left(name, found.get("last", {})), spent(found)]
        for name, found in results["stages"].items()
        if "test" not in found
    ]


def left(name: str, last: dict) -> str:
    """Say what a stage without a model of its own left.

    >>> left("samples", {"rows": 7775})
    'a table of 7,775 rows'
    >>> left("helpful", {"pair_accuracy": 0.786, "pairs": 667})
    'a reward model that orders 79% of 667 held-out pairs as the judge does'
    """
    if "rows" in last:
        return f"a table of {last['rows']:,} rows"
    if "pair_accuracy" in last:
        share = f"{last['pair_accuracy']:.0%} of {last['pairs']:,} held-out pairs"
        return f"a reward model that orders {share} as the judge does"
    parts = [
        f"{last[key]:.0%} of the {kind} ones"
        for key, kind in (("safe_found", "safe"), ("unsafe_found", "unsafe"))
        if key in last
    ]
    if parts:
        of = f"of {last['answers']:,} held-out answers"
        return f"a reward model that, {of}, recognises {' and '.join(parts)}"
    return {"table": "a table", "scores": "a reward model"}.get(
        BY_NAME[name].leaves if name in BY_NAME else "", "no model"
    )


def spent(found: dict) -> str:
    """Minutes of training of a stage, or that it was taken from artifacts/."""
    return "shipped" if found.get("shipped") else f"{found['minutes']:.1f}"


def next_steps(results: dict, folder) -> list[tuple[str, str]]:
    """Rows of (command, what it is good for) for a reader of the page."""
    preset, seed = results["preset"], results["seed"]
    run, train = shlex.quote(str(folder)), "python r1.py train"
    mine = f"{train} --preset {shlex.quote(preset)}"
    there = models(results)
    steps = [(f"python r1.py chat {run}", "Ask the last of these models something.")]
    if {"base", "zero", "r1"} <= set(there):
        steps = [
            (
                f"python r1.py chat --compare {run}",
                "Ask the base, R1-Zero and R1 the same question, side by side.",
            )
        ]
    if missing := [name for name in STAGES if name not in results["stages"]]:
        text = f"Train what this run does not have yet: {', '.join(missing)}."
        steps.append((f"{mine} --seed {seed} --out {run}", text))
    elif preset == "smoke":
        text = "Train the tiny R1, which does learn. The README says how long it takes."
        steps.append((train, text))
    else:
        again = shlex.quote(f"{folder}-seed-{seed + 1}")
        text = "Train another seed, and see which of the numbers above hold."
        steps.append((f"{mine} --seed {seed + 1} --out {again}", text))
    text = (
        "Open the book. Chapters 9 to 14 build these stages, 15 compares three seeds."
    )
    return [*steps, ("python r1.py lab", text)]
