"""The arms of the comparison in chapter 08: which of the loops of `rl` each one runs.

Every arm starts from the same base, draws the same problems in the same order, and pays
for the same number of completions. What an arm does not name is as in the recipe.
"""

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import Tensor

from r1lib import rewards
from r1lib.feedback.reward_model import RewardModel
from r1lib.losses import (
    cispo,
    fixed_length_mean,
    gspo,
    gspo_ratio,
    sapo,
    sequence_mean,
    sequence_sum,
    token_mean,
    vespo,
)
from r1lib.recipe import pipeline
from r1lib.rl import dapo, dpo, grpo, ppo
from r1lib.rl.dpo import DPOConfig
from r1lib.rl.grpo import GRPOConfig, group_advantages
from r1lib.rl.ppo import PPOConfig
from r1lib.rl.reinforce import (
    maxrl_advantages,
    reinforce_advantages,
    rloo_advantages,
)
from r1lib.rl.rollout import Rollout, measures, rollout, step_generators
from r1lib.training import optim
from results.rl_measure import CONFIG, STEPS, Measured, Training

# Chosen by `results.variants look-...` on valid problems (results/data/variants-look-*)
VALUE_LR = 1e-3
DPO_LR, DPO_BETA = 6e-4, 0.1
ITERATED_LR = 6e-4
PAIRS = 8  # of an optimizer step of DPO on the samples of the base
BUFFER = 19  # tokens before the limit over which DAPO's penalty falls: a fifth of it


# ---- one loop of grpo, with another function in one place ---------------------------


def grpo_loop(policy, tokenizer, config, arm) -> Training:
    """GRPO, or whatever an arm makes of it."""
    reference = copy.deepcopy(policy) if config.kl_coef else None
    optimizers = optim.adamw(policy, config.lr)
    measured = Measured(arm.objective, arm.outside)
    loop = grpo.train(
        policy,
        tokenizer,
        arm.draw(config) if arm.draw else pipeline.draw_mixed,
        config,
        optimizers,
        reward=rewards.total,
        ref=reference,
        advantages=arm.advantages,
        objective=measured if arm.objective else None,
        aggregate=arm.aggregate,
    )
    return Training(measured.said(loop), policy, optimizers, reference)


def plain(logprobs, old_logprobs, advantages, mask):
    """REINFORCE: A lp, without a ratio and without a clip."""
    return advantages * logprobs


def maskless(objective):
    """Give an objective that needs no mask the form that `grpo_loss` calls."""
    return lambda logprobs, old, advantages, mask: objective(logprobs, old, advantages)


def outside_gspo(logprobs, old_logprobs, advantages, mask, low=3e-4, high=4e-4):
    """Where GSPO's minimum is the clipped side: whole completions."""
    moved = gspo_ratio(logprobs, old_logprobs, mask).expm1()
    return torch.where(advantages > 0, moved > high, moved < -low)


def twice(config: GRPOConfig) -> Callable:
    """Draw each problem twice in a row: two groups of 32 are one of 64."""
    kept = []

    def draw(rng):
        if kept:
            return kept.pop()
        kept.append(pipeline.draw_mixed(rng))
        return kept[-1]

    return draw


def compare_64(rewards: Tensor) -> Tensor:
    """Compare two neighbouring groups of 32 as one of 64."""
    together = rewards.view(-1, 2 * rewards.shape[1])
    return group_advantages(together, normalize_std=False).view_as(rewards)


# ---- DAPO --------------------------------------------------------------------------


class Refill:
    """DAPO's changes to a rollout: groups that agree are replaced, long answers pay.

    Without a `buffer` they do not pay.
    """

    def __init__(self, policy, tokenizer, config: GRPOConfig, buffer: int | None):
        self.policy, self.tokenizer, self.config = policy, tokenizer, config
        self.buffer = buffer
        self.calls, self.drawn, self.tokens, self.reward = 0, 0, 0, 0.0

    def draw(self, n: int) -> Rollout:
        """Sample n groups of other prompts; what they are depends on the call alone."""
        self.calls += 1
        rng = random.Random(f"refill-{self.config.seed}-{self.calls}")
        device = self.policy.embed.weight.device
        return rollout(
            self.policy,
            self.tokenizer,
            [pipeline.draw_mixed(rng) for _ in range(n)],
            self.config.group_size,
            rewards.total,
            max_new_tokens=self.config.max_new_tokens,
            temperature=self.config.temperature,
            generator=torch.Generator(device).manual_seed(rng.getrandbits(62)),
        )

    def __call__(self, batch: Rollout) -> Rollout:
        full, more = dapo.refilled(batch, self.config.group_size, self.draw)
        every = [batch, *more]
        self.drawn = sum(len(one.texts) for one in every)
        self.tokens = sum(int(one.lengths.sum()) for one in every)
        self.reward = torch.cat([one.rewards for one in every]).mean().item()
        if self.buffer is None:
            return full
        longest = self.config.max_new_tokens
        penalty = dapo.overlong_penalty(full.lengths, longest, self.buffer)
        return replace(full, rewards=full.rewards + penalty.to(full.rewards.device))


def dapo_loop(policy, tokenizer, config, arm, buffer=BUFFER) -> Training:
    """DAPO: it ends when it has drawn as many completions as the others."""
    optimizers = optim.adamw(policy, config.lr)
    refill = Refill(policy, tokenizer, config, buffer)
    drawn, kind = (policy, tokenizer, pipeline.draw_mixed), {"adjust": refill}
    loop = grpo.train(*drawn, config, optimizers, reward=rewards.total, **kind)
    budget = config.steps * config.prompts * config.group_size

    def until_spent():
        spent = 0
        for metrics, batch in loop:
            spent += refill.drawn
            found = {"drawn": refill.drawn, "drawn_tokens": refill.tokens}
            yield {**metrics, **found, "reward_of_all": refill.reward}, batch
            if spent >= budget:
                return

    return Training(until_spent(), policy, optimizers)


# ---- PPO and DPO -------------------------------------------------------------------


def ppo_loop(policy, tokenizer, config, arm, value_lr: float = VALUE_LR) -> Training:
    """PPO; its value model starts as the base, with a head that says 0."""
    settings = PPOConfig(
        steps=config.steps,
        prompts=config.prompts,
        group_size=config.group_size,
        max_new_tokens=config.max_new_tokens,
        lr=config.lr,
        value_lr=value_lr,
        clip_low=config.clip_low,
        clip_high=config.clip_high,
        minibatches=config.minibatches,
        seed=config.seed,
    )
    value_model = RewardModel.of(policy)
    optimizers = optim.adamw(policy, config.lr)
    value_optimizers = optim.adamw(value_model, value_lr)
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


def dpo_loop(policy, tokenizer, config, arm, lr=DPO_LR, beta=DPO_BETA) -> Training:
    """DPO offline: all samples are the base's, then one pass over their pairs."""
    reference, optimizers = copy.deepcopy(policy), optim.adamw(policy, lr)
    settings = DPOConfig(batch_size=PAIRS, lr=lr, beta=beta, seed=config.seed)

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


def iterated_loop(policy, tokenizer, config, arm, lr: float = ITERATED_LR) -> Training:
    """DPO online: pairs of fresh samples in each step; the base is the reference."""
    reference, optimizers = copy.deepcopy(policy), optim.adamw(policy, lr)
    settings = DPOConfig(batch_size=PAIRS, lr=lr, seed=config.seed)

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
    aggregate: Callable = token_mean
    outside: Callable | None = None  # as in `Measured`
    draw: Callable | None = None  # (config) -> a function that draws a problem

    def config(self, seed: int) -> GRPOConfig:
        """The settings of this arm for one seed."""
        return replace(CONFIG, seed=seed, **self.changes)

    def start(self, policy, tokenizer, config: GRPOConfig, *rate: float) -> Training:
        """Make the loop ready; `rate` is what a look asks for."""
        return self.loop(policy, tokenizer, config, self, *rate)


FIXED = partial(fixed_length_mean, length=CONFIG.max_new_tokens)
SEQUENCE = {"objective": gspo, "outside": outside_gspo}
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
    "dapo": Arm("groups that agree are refilled; long ones pay", loop=dapo_loop),
    "refill": Arm(
        "groups that agree are refilled", loop=partial(dapo_loop, buffer=None)
    ),
    "std": Arm("divided by the std of the group", {"normalize_std": True}),
    "maxrl": Arm("divided by the mean of the group", advantages=maxrl_advantages),
    "symmetric": Arm("clip 0.2 on both sides", {"clip_high": 0.2}),
    "clip-10": Arm("clip 10: as R1", {"clip_low": 10.0, "clip_high": 10.0}),
    "sequence-mean": Arm("each completion counts the same", aggregate=sequence_mean),
    "dr-grpo": Arm("sum over tokens, by a fixed length", aggregate=FIXED),
    "gspo": Arm("ratio of whole completions", aggregate=sequence_mean, **SEQUENCE),
    "cispo": Arm("the ratio is a capped weight", objective=maskless(cispo)),
    "sapo": Arm("a soft clip", objective=maskless(sapo), aggregate=sequence_mean),
    "kl-0.001": Arm("a KL term, gentle", {"kl_coef": 0.001}),
    "kl-0.04": Arm("a KL term, as in DeepSeekMath", {"kl_coef": 0.04}),
    "high-lr": Arm("ten times the learning rate", {"lr": 10 * CONFIG.lr}),
    "group-4": Arm("32 prompts x 4", {"prompts": 32, "group_size": 4}),
    "group-64": Arm(
        "2 prompts x 64",
        {"prompts": 4, "group_size": 32},
        draw=twice,
        advantages=compare_64,
    ),
    "group-8": Arm("16 prompts x 8", {"prompts": 16, "group_size": 8}),
    "vespo": Arm("soft weights of whole completions", objective=vespo),
    "luspo": Arm("GSPO, longer ones count more", aggregate=sequence_sum, **SEQUENCE),
}
LOOKS = {  # arm -> steps, and the rates that are tried on valid problems of seed 0
    "ppo": (20, ((3e-4,), (1e-3,), (3e-3,))),
    "dpo": (STEPS, ((3e-4, 0.1), (6e-4, 0.1), (1e-3, 0.1), (1e-3, 0.5))),  # and beta
    "dpo-iterated": (20, ((3e-4,), (6e-4,), (1e-3,))),
}
