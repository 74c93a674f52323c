"""Measure one unit of engine mismatch, (arm, seed): one model samples, another learns.

    python -m results.mismatch same 0           R1-Zero whose sampler is its trainer
    python -m results.mismatch stale 0          it is the policy of 8 steps ago
    python -m results.mismatch stale-tis 0      truncated importance weights (TIS)
    python -m results.mismatch look 0           trains nothing: compares samplers

`look` compares samplers in bfloat16 and in eight bits with their trainer, on base, Zero
and a dense student. Without a correction the trainer takes its own log-probabilities as
the old ones, as if it had written the texts. An arm takes some two minutes on one core,
and writes results/data/mismatch-ARM-SEED.json.
"""

import copy
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import asdict, replace

import torch

from r1lib import artifacts, rewards, sampling
from r1lib.hub.fp8 import BLOCK
from r1lib.hub.published import cast
from r1lib.losses import kl_k3, token_logprobs, token_mean, truncated_importance
from r1lib.model.moe import MoE
from r1lib.problem import draw, problems
from r1lib.progress import bar
from r1lib.rl import grpo
from r1lib.rl.rollout import measures, parts, rollout, step_generators
from r1lib.training import optim
from r1lib.world import arithmetic, countdown
from results import one_unit

AGE, CAP, LARGEST = 8, 2.0, 448.0  # steps; of an importance weight; the largest E4M3
FAMILIES = (countdown.sample, arithmetic.sample)
ARMS = ("same", "stale", "stale-tis")
CONFIG = grpo.GRPOConfig(steps=40, prompts=8, max_new_tokens=96)


# ---- samplers ------------------------------------------------------------------


@torch.no_grad()
def eight_bits(model):
    """Round the matrices inside the layers to E4M3 in blocks, as V3 is published.

    Routers, embedding and head keep their numbers, and so does the arithmetic.
    """
    model = copy.deepcopy(model)
    for name, weight in model.named_parameters():
        if weight.dim() == 2 and "layers." in name and "router" not in name:
            for rows in weight.split(BLOCK):
                for block in rows.split(BLOCK, dim=1):
                    scale = block.abs().max() / LARGEST
                    block.copy_((block / scale).to(torch.float8_e4m3fn).float() * scale)
    return model


def sampler_of(kind: str, policy, old: deque):
    """The model that samples; `old` holds copies of the policy, the oldest first."""
    if kind == "bf16":
        return cast(copy.deepcopy(policy), torch.bfloat16)
    if kind == "fp8":
        return eight_bits(policy)
    return old[0] if kind == "stale" else policy


# ---- routing -------------------------------------------------------------------


def layers_of(model) -> dict[str, MoE]:
    """The layers with experts, by name."""
    return {n: m for n, m in model.named_modules() if isinstance(m, MoE)}


@contextmanager
def choosing(model, choose):
    """Let `choose(name, layer, scores)` pick the experts of each layer."""
    layers = layers_of(model)
    for name, layer in layers.items():
        layer.choose = lambda scores, n=name, m=layer: choose(n, m, scores)
    try:
        yield
    finally:
        for layer in layers.values():
            del layer.choose  # the method of the class again


@torch.no_grad()
def read(model, ids) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Logits of whole texts, and the experts that each layer chose, (B, T, A)."""
    chosen = {}

    def choose(name, layer, scores):
        found, weights = MoE.choose(layer, scores)
        chosen[name] = found.sort(-1).values.view(*ids.shape, -1)
        return found, weights

    with choosing(model, choose):
        return model(ids).float(), chosen


def replayed(model, chosen: dict, rows, width: int):
    """Run the given experts; their weights are still the trainer's own scores."""

    def choose(name, layer, scores):
        ids = chosen[name][rows, :width].flatten(0, 1)
        _, _, _, normalize, scale = layer.routing
        weights = scores.gather(1, ids)
        if normalize:
            weights = weights / (weights.sum(-1, keepdim=True) + 1e-20)
        return ids, weights * scale

    return choosing(model, choose)


def disagreement(one: dict, other: dict, mask) -> dict[str, float]:
    """Share of tokens whose experts differ: in a mean layer, and in any layer."""
    differs = [(one[name] != other[name]).any(-1)[mask] for name in one]
    table = torch.stack(differs) if differs else torch.zeros(1, int(mask.sum()))
    return {
        "layer": table.float().mean().item(),
        "any": table.any(0).float().mean().item(),
    }


# ---- comparing -----------------------------------------------------------------


def exact_kl(logits, other, mask) -> float:
    """Mean over sampled tokens of KL(sampler || trainer), over the whole vocabulary.

    Logits at t foretell the token at t + 1, so the mask moves to the left.
    """
    p, q = (x[:, :-1].log_softmax(-1)[mask[:, 1:]] for x in (logits, other))
    return (p.exp() * (p - q)).sum(-1).mean().item()


def look_at(name: str, kind: str, seed: int) -> dict:
    """Compare a sampler with its trainer on texts that the sampler wrote."""
    trainer, tokenizer = artifacts.load(name)
    sampler = sampler_of(kind, trainer.eval(), deque([trainer])).eval()
    batch = sampled(sampler, tokenizer, CONFIG, seed, 0)
    logits, chosen = read(sampler, batch.ids)
    own, mine = read(trainer, batch.ids)
    found = {
        "experts": disagreement(chosen, mine, batch.mask),
        "kl": exact_kl(logits, own, batch.mask),
    }
    if chosen:
        rows = torch.arange(len(batch.ids))
        with torch.no_grad(), replayed(trainer, chosen, rows, batch.ids.shape[1]):
            found["kl replayed"] = exact_kl(logits, trainer(batch.ids), batch.mask)
    ratio = token_logprobs(own, batch.ids, mask=batch.mask) - batch.old_logprobs
    found["largest ratio"] = ratio[batch.mask].abs().max().exp().item()
    return found | {"tokens": int(batch.mask.sum())}


def sampled(sampler, tokenizer, config, seed: int, step: int):
    """A rollout that (seed, step) decides, as in `grpo.train`."""
    rng, generator = step_generators(seed, step, "cpu")
    asked = [draw(rng.choice(FAMILIES), rng, "train") for _ in range(config.prompts)]
    return rollout(
        sampler,
        tokenizer,
        asked,
        config.group_size,
        rewards.total,
        max_new_tokens=config.max_new_tokens,
        generator=generator,
    )


# ---- learning ------------------------------------------------------------------


@torch.no_grad()
def own_logprobs(policy, batch, config):
    """What the trainer itself gives each token."""
    found = torch.zeros_like(batch.old_logprobs)
    for rows, width in parts(batch, torch.arange(len(found)), config.micro_tokens):
        ids, mask = batch.ids[rows, :width], batch.mask[rows, :width]
        found[rows, :width] = token_logprobs(policy(ids), ids, mask=mask)
    return found


def learn(policy, optimizers, batch, old, weights, config) -> dict:
    """The optimizer steps of one rollout, on a quarter of it each."""
    groups = batch.rewards.view(-1, config.group_size)
    advantages = grpo.group_advantages(groups, normalize_std=False).flatten()
    kept = {"clip_fraction": 0.0}
    for half in torch.arange(len(old)).chunk(config.minibatches):
        whole = batch.mask[half]

        def mean(values, mask, whole=whole):
            return token_mean(values, mask, whole)

        for rows, width in parts(batch, half, config.micro_tokens):
            cut = (rows, slice(width))
            ids, mask = batch.ids[cut], batch.mask[cut]
            logprobs = token_logprobs(policy(ids), ids, mask=mask)
            loss, metrics = grpo.grpo_loss(
                logprobs,
                old[cut],
                advantages[rows],
                mask,
                clip_low=config.clip_low,
                clip_high=config.clip_high,
                aggregate=mean,
                weights=None if weights is None else weights[cut],
            )
            loss.backward()
            share = float(mask.sum() / batch.mask.sum())
            kept["clip_fraction"] += metrics["clip_fraction"] * share
        kept["grad_norm"] = optim.guarded_step(policy, optimizers)
    return kept


def train(arm: str, policy, tokenizer, config):
    """Run R1-Zero with a sampler that is not the trainer; yields metrics."""
    kind, _, correction = arm.partition("-")
    optimizers = optim.adamw(policy, config.lr)
    old = deque([copy.deepcopy(policy)], maxlen=AGE + 1)
    policy.train()
    for step in range(config.steps):
        sampler = sampler_of(kind, policy, old)
        batch = sampled(sampler, tokenizer, config, config.seed, step)
        _, theirs = read(sampler.eval(), batch.ids)
        _, mine = read(policy.eval(), batch.ids)
        own = own_logprobs(policy.train(), batch, config)
        ratio = torch.where(batch.mask, own - batch.old_logprobs, 0)
        weights = truncated_importance(ratio, CAP) if correction == "tis" else None
        optim.set_lr(
            optimizers, optim.warmup_stable_decay(step, config.steps, 0.03, 0.5)
        )
        metrics = learn(policy, optimizers, batch, own, weights, config)
        old.append(copy.deepcopy(policy))
        kl = token_mean(kl_k3(batch.old_logprobs, own), batch.mask).item()
        experts = disagreement(theirs, mine, batch.mask)
        yield {
            "step": step + 1,
            **measures(batch),
            "kl": kl,
            "experts": experts["any"],
            **metrics,
        }


def score(model, tokenizer, seed: int) -> dict[str, float]:
    """pass@1 on test problems of both games, 4 samples of each by the trainer."""
    found = {}
    for sample in FAMILIES:
        asked = problems(sample, 128, 0, "test")
        settings = sampling.Sampling(CONFIG.max_new_tokens, seed=seed)
        texts = sampling.complete(
            model, tokenizer, [p.prompt for p in asked], 4, settings
        )
        right = [[p.check(t) for t in row] for p, row in zip(asked, texts, strict=True)]
        name = asked[0].family
        found[name] = sum(map(sum, right)) / (4 * len(right))
    return found


def unit(arm: str, seed: int) -> dict:
    """Train one arm from the base of this seed and measure it."""
    began, name = time.perf_counter(), f"base-tiny-{seed}" if seed else "base-tiny"
    policy, tokenizer = artifacts.load(name)
    config = replace(CONFIG, seed=seed)
    before = score(policy, tokenizer, seed)
    shown = ("reward", "kl", "experts")
    loop = train(arm, policy, tokenizer, config)
    history = list(bar(loop, config.steps, f"{arm} {seed}", shown))
    return {
        "arm": arm,
        "before": before,
        "after": score(policy, tokenizer, seed),
        "history": history,
        "settings": asdict(config) | {"age": AGE, "cap": CAP},
        "minutes": (time.perf_counter() - began) / 60,
    }


def look(seed: int) -> dict:
    """Samplers beside their trainers, untrained; a dense model is the control."""
    base = f"base-tiny-{seed}" if seed else "base-tiny"
    names = {"base": base, "zero": "zero-tiny", "dense": "distill-tiny"}
    rows = [
        {"model": model, "sampler": kind, **look_at(name, kind, seed)}
        for model, name in names.items()
        for kind in ("same", "bf16", "fp8")
    ]
    return {"rows": rows, "settings": asdict(replace(CONFIG, seed=seed))}


def main() -> None:
    """Run one unit and write its file."""
    asked = one_unit.arguments(one_unit.parser(__doc__, arm=(*ARMS, "look")))
    arm, seed = asked.arm, asked.seed
    found = look(seed) if arm == "look" else unit(arm, seed)
    base = f"base-tiny-{seed}" if seed else "base-tiny"
    read_too = ("zero-tiny", "distill-tiny") if arm == "look" else ()
    path = asked.out / f"mismatch-{arm}-{seed}.json"
    names = ("tokenizer", base, *read_too)
    command = f"results.mismatch {arm} {seed}"
    one_unit.write(path, found, command, weights=names, seed=seed)


if __name__ == "__main__":
    main()
