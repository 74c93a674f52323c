"""Measure one unit of P5, (arm, seed): reasoning RL from Dev1, in one language or not.

    python -m results.language with 0      the stage dev2 of the recipe
    python -m results.language without 0   its reward without language consistency

A unit starts from runs/seed-N/dev1 and takes some ten minutes on one core; the first is
there already, as runs/seed-N/dev2. It measures the scorecard's reasoning columns on
test problems, before and after, and writes results/data/language-ARM-SEED.json; a
killed one begins anew.
"""

import copy
import time
from dataclasses import asdict, replace
from pathlib import Path

from r1lib.progress import bar
from r1lib.recipe import checkpoints, pipeline, stages
from r1lib.rl import grpo
from r1lib.training import optim
from r1lib.world import scorecard
from r1lib.world.draws import draw_reasoning
from results import one_unit

PROBLEMS, SAMPLES, DRAW = 128, 4, 1  # of each family, of each problem; their seed
ARMS = {"with": {}, "without": {"language": 0.0}}


def card(model, tokenizer, config) -> dict:
    """Measure the reasoning columns, easy and hard; values of every problem."""
    result = {}
    for level in ("easy", "hard"):
        asked = scorecard.questions(
            PROBLEMS, level, families=scorecard.REASONING, seed=DRAW
        )
        longest = config.max_new_tokens
        values = scorecard.measure(
            model, tokenizer, asked, SAMPLES, max_new_tokens=longest, seed=config.seed
        )
        result[level] = {"summary": scorecard.summary(values), "values": values}
    return result


def train(policy, tokenizer, config):
    """Run the RL of an arm; the reference follows the policy as the stage has it."""
    ref, reward = copy.deepcopy(policy), pipeline.in_one_language(config)
    optimizers = optim.adamw(policy, config.lr)
    loop = grpo.train(
        policy, tokenizer, draw_reasoning, config, optimizers, reward=reward, ref=ref
    )
    for metrics, _ in loop:
        if metrics["step"] % config.refresh == 0:
            ref.load_state_dict(policy.state_dict())
        yield {**metrics, **reward.means()}


def stage_history(folder: Path) -> list[dict]:
    """What the stage dev2 has written at each step, without its looks."""
    looks = ("valid", "valid_length", "transcripts", "seconds")
    points = one_unit.curve(folder, "dev2")
    kept = [{k: v for k, v in p.items() if k not in looks} for p in points]
    return [point for point in kept if point["step"] > 0]


def unit(arm: str, seed: int, folder: Path) -> dict:
    """Train one arm from Dev1 of a seed's run and measure it."""
    began, settings = time.perf_counter(), stages.settings("tiny", seed)
    checkpoints.agree(folder, asdict(settings))
    model, tokenizer = checkpoints.load(folder, "dev1")
    config = replace(settings.dev2, **ARMS[arm])
    before = card(model, tokenizer, config)
    if arm == "with":
        model, _ = checkpoints.load(folder, "dev2")
        history = stage_history(folder)
    else:
        shown = ("reward", "right", "language", "length")
        steps = train(model, tokenizer, config)
        history = list(bar(steps, config.steps, f"{arm} {seed}", shown))
    after = card(model, tokenizer, config)
    row = {"arm": arm, "before": before, "after": after}
    row["weights"] = checkpoints.record(folder, "dev1")["sha256"]
    minutes = (time.perf_counter() - began) / 60
    return {
        "P5": row,
        "history": history,
        "settings": asdict(config),
        "minutes": minutes,
    }


def main() -> None:
    """Run one unit and write its file."""
    asked = one_unit.arguments(one_unit.parser(__doc__, arm=ARMS))
    result = unit(asked.arm, asked.seed, Path("runs") / f"seed-{asked.seed}")
    name = f"{asked.arm} {asked.seed}"
    path = asked.out / f"language-{name.replace(' ', '-')}.json"
    one_unit.write(path, result, f"results.language {name}", seed=asked.seed)


if __name__ == "__main__":
    main()
