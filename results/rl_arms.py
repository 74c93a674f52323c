"""The arms of the comparison in chapter 08: which of the loops of `rl` each one runs.

Every arm starts from the same base, draws the same problems in the same order, and pays
for the same number of completions. What an arm does not name is as in the recipe.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from r1lib import rewards
from r1lib.feedback.reward_model import RewardModel
from r1lib.recipe import pipeline
from r1lib.rl import dpo, grpo, ppo
from r1lib.rl.dpo import DPOConfig
from r1lib.rl.grpo import GRPOConfig, group_advantages
from r1lib.rl.ppo import PPOConfig
from r1lib.rl.reinforce import reinforce_advantages, rloo_advantages
from r1lib.rl.rollout import Rollout, measures, rollout, step_generators
from r1lib.training import optim
from results.rl_measure import CONFIG, Training

# Chosen on valid problems of seed 0 (docs/experiments.md)
VALUE_LR = 1e-3
DPO_LR = ITERATED_LR = 6e-4
PAIRS = 8  # of an optimizer step of DPO on the samples of the base


# ---- one loop of grpo, with another function in one place ---------------------------


def grpo_loop(policy, tokenizer, config, arm) -> Training:
    """GRPO, or whatever an arm makes of it."""
    optimizers = optim.adamw(policy, config.lr)
    loop = grpo.train(
        policy,
        tokenizer,
        pipeline.draw_mixed,
        config,
        optimizers,
        reward=rewards.total,
        advantages=arm.advantages,
        objective=arm.objective,
    )
    return Training(loop, policy, optimizers)


def plain(logprobs, old_logprobs, advantages, mask):
    """REINFORCE: A lp, without a ratio and without a clip."""
    return advantages * logprobs


# ---- PPO and DPO -------------------------------------------------------------------


def ppo_loop(policy, tokenizer, config, arm) -> Training:
    """PPO; its value model starts as the base, with a head that says 0."""
    settings = PPOConfig(
        steps=config.steps,
        prompts=config.prompts,
        group_size=config.group_size,
        max_new_tokens=config.max_new_tokens,
        lr=config.lr,
        value_lr=VALUE_LR,
        clip_low=config.clip_low,
        clip_high=config.clip_high,
        minibatches=config.minibatches,
        seed=config.seed,
    )
    value_model = RewardModel.of(policy)
    optimizers = optim.adamw(policy, config.lr)
    value_optimizers = optim.adamw(value_model, VALUE_LR)
    loop = ppo.train(
        policy,
        value_model,
        tokenizer,
        pipeline.draw_mixed,
        settings,
        optimizers,
        value_optimizers,
        reward=rewards.total,
    )
    return Training(loop, policy, optimizers, None, value_model, value_optimizers)


def sampled(policy, tokenizer, config: GRPOConfig, step: int) -> Rollout:
    """The rollout that `grpo.train` would make of this policy in this step."""
    rng, generator = step_generators(config.seed, step, policy.embed.weight.device)
    return rollout(
        policy,
        tokenizer,
        [pipeline.draw_mixed(rng) for _ in range(config.prompts)],
        config.group_size,
        rewards.total,
        max_new_tokens=config.max_new_tokens,
        temperature=config.temperature,
        generator=generator,
    )


def better_and_worse(batch: Rollout, group_size: int) -> list[dpo.Pair]:
    """Pair completions of each group, each used once: the best with the worst, and on.

    The second best meets the second worst, and so on while their rewards differ. Where
    rewards are 0 and 1 there are as many pairs as right answers, or as wrong ones.
    """
    rewards = batch.rewards.view(-1, group_size)
    pairs = []
    for n, group in enumerate(group_advantages(rewards, normalize_std=False)):
        order = group.argsort(stable=True, descending=True)
        for better, worse in zip(order, order.flip(0), strict=True):
            if not group[better] > group[worse]:
                break
            rows = (n * group_size + int(b) for b in (better, worse))
            pairs.append(dpo.pair_of(batch, *rows))
    return pairs


def dpo_loop(policy, tokenizer, config, arm) -> Training:
    """DPO offline: all samples are the base's, then one pass over their pairs."""
    reference, optimizers = copy.deepcopy(policy), optim.adamw(policy, DPO_LR)
    settings = DPOConfig(batch_size=PAIRS, lr=DPO_LR, seed=config.seed)

    def loop():
        pairs = []
        for step in range(config.steps):
            batch = sampled(reference, tokenizer, config, step)
            pairs += better_and_worse(batch, config.group_size)
            yield {"step": step + 1, **measures(batch)}, batch
        for metrics in dpo.train(policy, reference, pairs, settings, optimizers):
            step = config.steps + metrics["step"]
            yield {**of_pairs(metrics), "step": step, "pairs": len(pairs)}, None

    return Training(loop(), policy, optimizers, reference)


def iterated_loop(policy, tokenizer, config, arm) -> Training:
    """DPO online: pairs of fresh samples in each step; the base is the reference."""
    reference, optimizers = copy.deepcopy(policy), optim.adamw(policy, ITERATED_LR)
    settings = DPOConfig(batch_size=PAIRS, lr=ITERATED_LR, seed=config.seed)

    def loop():
        policy.train()
        for step in range(config.steps):
            batch = sampled(policy, tokenizer, config, step)
            pairs = better_and_worse(batch, config.group_size)
            schedule = (step, config.steps, config.warmup, config.decay)
            optim.set_lr(optimizers, optim.warmup_stable_decay(*schedule))
            metrics = {"pairs": len(pairs)}
            for part in parted(pairs, config.minibatches):
                found = dpo.update(policy, reference, optimizers, part, settings)
                metrics |= of_pairs(found)
            yield {"step": step + 1, **measures(batch), **metrics}, batch

    return Training(loop(), policy, optimizers, reference)


def of_pairs(metrics: dict) -> dict:
    """Rename DPO's accuracy, which is not that of answers."""
    return {{"accuracy": "pairs_right"}.get(k, k): v for k, v in metrics.items()}


def parted(items: list, parts: int) -> list[list]:
    """Deal items out into at most `parts` parts of about the same size."""
    return [items[i::parts] for i in range(min(parts, len(items)))]


# ---- the table ---------------------------------------------------------------------


@dataclass(frozen=True)
class Arm:
    """One row of the comparison: what differs from the recipe, and in which loop."""

    says: str
    changes: dict = field(default_factory=dict)  # fields of GRPOConfig
    loop: Callable = grpo_loop
    advantages: Callable | None = None
    objective: Callable | None = None

    def config(self, seed: int) -> GRPOConfig:
        """The settings of this arm for one seed."""
        return replace(CONFIG, seed=seed, **self.changes)

    def start(self, policy, tokenizer, config: GRPOConfig) -> Training:
        """Make the loop ready."""
        return self.loop(policy, tokenizer, config, self)


ARMS = {
    "grpo": Arm("the recipe: mean of the group, clip 0.2 and 0.28, token mean"),
    "reinforce": Arm(
        "baseline: mean of the whole batch; no ratio, no clip",
        advantages=reinforce_advantages,
        objective=plain,
    ),
    "rloo": Arm(
        "baseline: mean of the siblings; no ratio, no clip",
        advantages=rloo_advantages,
        objective=plain,
    ),
    "ppo": Arm("baseline: a value model, for each token", loop=ppo_loop),
    "dpo": Arm("pairs of right and wrong from samples of the base", loop=dpo_loop),
    "dpo-iterated": Arm("the same, sampled anew each step", loop=iterated_loop),
    "std": Arm("divided by the std of the group", {"normalize_std": True}),
}
