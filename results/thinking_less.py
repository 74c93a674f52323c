"""Measure one unit, (arm, seed), of thinking less: what a shorter thought costs.

    python -m results.thinking_less dev1 0     Dev1, which thinks about everything
    python -m results.thinking_less free 0     RL from Dev1; tokens cost nothing
    python -m results.thinking_less cheap 0    each token costs a little
    python -m results.thinking_less hybrid 0   Dev1's fine-tuning, half of the thoughts
    python -m results.thinking_less --all ...  what is missing; of all arms, or of these

An answer of n tokens pays 1 if it is right, and costs price * n / 144. At a price of
0.5 Dev1's thoughts about games are worth their tokens, and those about facts are not.
RL draws all three kinds alike.
`hybrid` starts from the base and reads the table that made Dev1, in as many steps: in
half of its rows the thought is now empty, and the others begin with a new line, so that
`<think></think>` or `<think>` and a new line asks for either (Qwen3, arXiv 2505.09388,
section 4.3). Each model answers test problems as it likes, and without a thought; the
hybrid one also where it has to think. A unit writes
results/data/thinking-less-ARM-SEED.json; a killed one begins anew.
"""

import random
from dataclasses import asdict, replace

from r1lib import artifacts, distill, rewards
from r1lib.problem import draw
from r1lib.progress import bar
from r1lib.recipe import stages
from r1lib.rl import grpo
from r1lib.rl.rollout import Rollout
from r1lib.tokenizer import chat
from r1lib.traces import tables
from r1lib.training import optim, sft
from r1lib.world import scorecard, web
from results import rl_measure
from results.rl_measure import Training, card_of, followed

FAMILIES = ("arithmetic", "countdown", "facts")
PRICES = {"free": 0.0, "cheap": 0.5}  # of the most tokens
ARMS = ("dev1", *PRICES, "hybrid")
LONGEST, PROBLEMS, SAMPLES, DRAW = 144, 48, 4, 1
NOTHING, THOUGHT = chat.OPEN + chat.CLOSE, chat.OPEN + "\n"
WAYS = {"own": "", "plain": chat.OPEN_ANSWER}  # how a completion begins
HYBRID_WAYS = {"own": "", "thinking": THOUGHT, "plain": NOTHING}
CONFIG = replace(rl_measure.CONFIG, steps=30, max_new_tokens=LONGEST, lr=stages.DEV2.lr)


def named(stage: str, seed: int) -> str:
    """The artifact of a stage and a seed.

    >>> named("dev1", 0), named("cold", 2)
    ('dev1-tiny', 'cold-tiny-2')
    """
    return f"{stage}-tiny" + (f"-{seed}" if seed else "")


def draw_three(rng: random.Random):
    """Draw a training problem, easy: a game, or a fact."""
    return draw(web.SAMPLE[rng.choice(FAMILIES)], rng, "train")


class Priced:
    """Take the price of its tokens off the reward of each answer; remember the rest."""

    def __init__(self, price: float, longest: int):
        self.price, self.longest, self.right = price, longest, 0.0

    def __call__(self, batch: Rollout) -> Rollout:
        self.right = batch.rewards.mean().item()
        cost = self.price * batch.lengths.to(batch.rewards.device) / self.longest
        return replace(batch, rewards=batch.rewards - cost)


def reinforced(policy, tokenizer, config, price: float) -> Training:
    """Make RL from a model ready, where tokens have a price."""
    optimizers = optim.adamw(policy, config.lr)
    priced = Priced(price, config.max_new_tokens)
    loop = grpo.train(
        policy,
        tokenizer,
        draw_three,
        config,
        optimizers,
        reward=rewards.accuracy,
        adjust=priced,
    )
    said = (({**metrics, "right": priced.right}, batch) for metrics, batch in loop)
    return Training(said, policy, optimizers)


def emptied(rows: list[dict], rng: random.Random) -> list[dict]:
    """Empty half of the thoughts, and mark the others by a new line.

    A row that never had a thought gets an empty one, too.
    """
    thoughtful = [i for i, row in enumerate(rows) if chat.thinking(row["completion"])]
    kept = set(rng.sample(thoughtful, len(thoughtful) // 2))
    found = []
    for i, row in enumerate(rows):
        text = row["completion"]
        thought = THOUGHT + chat.thinking(text) + "\n" + chat.CLOSE
        start = thought if i in kept else NOTHING
        found.append({**row, "completion": start + chat.summary(text)})
    return found


def fine_tuned(model, tokenizer, rows: list[dict], config):
    """Fine-tune as Dev1 was, on rows with emptied thoughts; yields metrics."""
    rows = emptied(rows, random.Random(f"empty-{config.seed}"))
    room = model.config.max_positions
    examples, _ = distill.examples(rows, tokenizer, room)
    optimizers = optim.adamw(model, config.lr)
    steps = -(-len(examples) // config.batch_size) * config.epochs
    for metrics in sft.train(model, examples, config, optimizers):
        yield {**metrics, "of": steps}


def cards(model, tokenizer, ways: dict[str, str]) -> dict:
    """Answer test problems, completions begun in each of the ways; grade them."""
    kind = {"families": FAMILIES, "seed": DRAW}
    asked = scorecard.questions(PROBLEMS, "easy", **kind).values()
    problems = [problem for family in asked for problem in family]
    return {
        way: card_of(model, tokenizer, problems, LONGEST, SAMPLES, opening)
        for way, opening in ways.items()
    }


def unit(arm: str, seed: int) -> dict:
    """Train one arm and grade it."""
    start = named("base" if arm == "hybrid" else "dev1", seed)
    model, tokenizer = artifacts.load(start)
    history, config, ways = [], None, WAYS
    if arm == "hybrid":
        config, ways = stages.settings("tiny", seed).dev1, HYBRID_WAYS
        rows = tables.load(artifacts.path(named("cold", seed)))
        steps = fine_tuned(model, tokenizer, rows, config)
        history = list(bar(steps, None, f"{arm} {seed}", ("loss",)))
    elif arm in PRICES:
        config = replace(CONFIG, seed=seed)
        training = reinforced(model, tokenizer, config, PRICES[arm])
        shown, steps = ("right", "length"), followed(training.loop)
        history = list(bar(steps, config.steps, f"{arm} {seed}", shown))
    row = {"arm": arm, "price": PRICES.get(arm), "start": start}
    row["after"] = cards(model, tokenizer, ways)
    settings = asdict(config) if config else {}
    return {"thinking less": row, "history": history, "settings": settings}


def weights(arm: str, seed: int) -> list[str]:
    """The artifacts that a unit reads."""
    read = ("base", "cold") if arm == "hybrid" else ("dev1",)
    return [named(stage, seed) for stage in read]


def main() -> None:
    """Run one unit and write its file, or all that are missing."""
    rl_measure.main(__doc__, "thinking_less", ARMS, unit, weights)


if __name__ == "__main__":
    main()
