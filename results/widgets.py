"""Record what two widgets of the web edition show: routing, and one step of GRPO.

    python -m results.widgets routing 0    which experts the shipped base chooses
    python -m results.widgets clip 0       the ratios of tokens after one step

Both start from shipped weights and take seconds. They write
results/data/widgets-WHAT-SEED.json.
"""

import random

import torch

from r1lib import artifacts, rewards
from r1lib.losses import token_logprobs
from r1lib.model.moe import watch_routers
from r1lib.model.transformer import evaluating
from r1lib.problem import draw, problems
from r1lib.recipe import stages
from r1lib.rl import grpo
from r1lib.rl.rollout import rollout, step_generators
from r1lib.training import optim, pretrain
from r1lib.world import arithmetic, corpus, countdown
from results import one_unit

BASES = ("base-tiny", "base-tiny-1", "base-tiny-2")
TEXTS = 3  # held-out texts of each family, in both languages
GROUPS, GROUP_SIZE = 6, 8
DIGITS = 4


def shown(tokenizer, ids: list[int]) -> list[str]:
    """The text of each token: its bytes, where they are no whole character."""
    return [tokenizer.decode([i]) for i in ids]


def routing(model, tokenizer, seed: int) -> dict:
    """Experts and weights of every token of held-out texts, for each layer."""
    rng, texts = random.Random(seed), []
    for family in (countdown, arithmetic):
        for problem in problems(family.sample, TEXTS, seed, "valid"):
            trace = corpus.trace(rng, problem, "long")
            texts.append((problem.prompt, trace))
    named = dict(model.named_modules())
    rows = []
    for ids in pretrain.encode_documents(tokenizer, texts):
        ids = [int(i) for i in ids]
        with torch.no_grad(), evaluating(model), watch_routers(model) as seen:
            model.hidden(torch.tensor([ids]))
        layers = {}
        for name in (n for n in seen if n.startswith("layers")):
            chosen, weights = named[name].choose(seen[name][0])
            layers[name.split(".")[1]] = {
                "experts": chosen.tolist(),
                "weights": [
                    [round(w, DIGITS) for w in row] for row in weights.tolist()
                ],
            }
        rows.append({"tokens": shown(tokenizer, ids), "layers": layers})
    return {"experts": model.config.n_routed_experts, "texts": rows}


def clip(model, tokenizer, seed: int) -> dict:
    """The ratio of every token before each optimizer step of the recipe, and after."""
    config = stages.settings("tiny", seed).zero
    rng, generator = step_generators(seed, 0, "cpu")
    asked = [draw(countdown.sample, rng, "train") for _ in range(GROUPS)]
    batch = rollout(
        model,
        tokenizer,
        asked,
        GROUP_SIZE,
        rewards.total,
        max_new_tokens=config.max_new_tokens,
        generator=generator,
    )
    compared = grpo.group_advantages(
        batch.rewards.view(GROUPS, GROUP_SIZE), normalize_std=config.normalize_std
    ).flatten()
    optimizers = optim.adamw(model, config.lr)
    after = []  # ratios after each of the optimizer steps on this one rollout
    for _ in range(config.minibatches):
        rows = torch.arange(compared.numel())
        grpo.update(model, optimizers, batch, compared, rows, config)
        with torch.no_grad():
            new = token_logprobs(model(batch.ids), batch.ids, 1.0, batch.mask)
        after.append((new - batch.old_logprobs).exp())
    groups = [
        {
            "prompt": problem.prompt,
            "rewards": [
                round(r, DIGITS)
                for r in batch.rewards[n * GROUP_SIZE : (n + 1) * GROUP_SIZE].tolist()
            ],
            "completions": [
                completion(tokenizer, batch, after, n * GROUP_SIZE + g)
                for g in range(GROUP_SIZE)
            ],
        }
        for n, problem in enumerate(asked)
    ]
    return {
        "clip_low": config.clip_low,
        "clip_high": config.clip_high,
        "lr": config.lr,
        "groups": groups,
    }


def completion(tokenizer, batch, after: list, row: int) -> dict:
    """Tokens of one completion, and their ratios after each optimizer step."""
    mask = batch.mask[row]
    return {
        "tokens": shown(tokenizer, batch.ids[row][mask].tolist()),
        "ratios": [
            [round(x, DIGITS) for x in ratio[row][mask].tolist()] for ratio in after
        ],
    }


UNITS = {"routing": routing, "clip": clip}


def main() -> None:
    """Run one unit and write its file."""
    asked = one_unit.arguments(one_unit.parser(__doc__, threads=1, what=UNITS))
    name = BASES[asked.seed]
    torch.manual_seed(asked.seed)
    measured = UNITS[asked.what](*artifacts.load(name), asked.seed)
    one_unit.write(
        asked.out / f"widgets-{asked.what}-{asked.seed}.json",
        {**measured, "model": name},
        f"results.widgets {asked.what} {asked.seed}",
        weights=[name],
        seed=asked.seed,
    )


if __name__ == "__main__":
    main()
