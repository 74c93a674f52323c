"""Measure one unit, (arm, seed), of RL's variants: equal samples, one base, P11.

    python -m results.variants grpo 0        one arm of `rl_arms.ARMS`
    python -m results.variants base 0        the base that all arms of a seed start from
    python -m results.variants --all ...     what is missing; of all arms, or of these

An arm is 40 steps of 8 prompts x 16 completions of at most 96 tokens, on easy countdown
and arithmetic, some 90 seconds on one core. Then 48 test problems of each game are
answered 16 times at temperature 1. A unit writes results/data/variants-ARM-SEED.json; a
killed one begins anew. Peak memory is that of the whole process until training ends:
interpreter, libraries, models, optimizer, samples and activations; `before_gb` is the
same before anything is trained, so the difference is the price of training.
"""

from dataclasses import asdict

from r1lib import artifacts
from r1lib.progress import bar
from r1lib.recipe import checkpoints
from results import rl_measure
from results.rl_arms import ARMS
from results.rl_measure import base_of, card, followed

SHOWN = ("reward", "length", "margin")


def trained(arm: str, seed: int, config):
    """Train one arm: the policy, its tokenizer, and what is to be written down."""
    policy, tokenizer = artifacts.load(base_of(seed))
    before = checkpoints.peak_memory_gb()
    training = ARMS[arm].start(policy, tokenizer, config)
    history, failed = [], None
    try:
        for metrics in bar(followed(training.loop), None, f"{arm} {seed}", SHOWN):
            history.append(metrics)
    except FloatingPointError as error:
        failed = str(error)
    memory = {"before_gb": before, "peak_gb": checkpoints.peak_memory_gb()}
    found = {"history": history, "held": training.held(), "memory": memory}
    return policy, tokenizer, {**found, "failed": failed}


def unit(arm: str, seed: int) -> dict:
    """Train and grade one arm."""
    config = ARMS[arm].config(seed)
    policy, tokenizer, found = trained(arm, seed, config)
    after = card(policy, tokenizer, config.max_new_tokens)
    row = {"arm": arm, "says": ARMS[arm].says, "after": after}
    return {"P11": row, **found, "settings": asdict(config)}


def base(seed: int) -> dict:
    """Grade the base of a seed."""
    model, tokenizer = artifacts.load(base_of(seed))
    config = rl_measure.CONFIG
    after = card(model, tokenizer, config.max_new_tokens)
    return {"P11": {"arm": "base", "says": "before any RL", "after": after}}


def measured(name: str, seed: int) -> dict:
    """Measure what a name stands for: the base, or an arm."""
    return base(seed) if name == "base" else unit(name, seed)


def main() -> None:
    """Run one unit and write its file, or all that are missing."""
    names = ("base", *ARMS)
    rl_measure.main(__doc__, "variants", names, measured, lambda _, s: [base_of(s)])


if __name__ == "__main__":
    main()
