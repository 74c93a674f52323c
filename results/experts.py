"""Measure one unit of P13, (arm, seed): balance of experts, MTP, speculation.

    python -m results.experts none 0        nothing balances the experts
    python -m results.experts aux 0         the auxiliary loss, alpha = 0.01
    python -m results.experts bias 0        the bias of DeepSeek-V3, as in our base
    python -m results.experts no-mtp 0      as bias, without the MTP loss

Every unit pre-trains the tiny model for STEPS steps, about five minutes on one core,
and writes results/data/experts-ARM-SEED.json; a killed one begins anew. Loss, load and
acceptance are measured on documents and prompts of problems that no training sees.
"""

import random
import time
from dataclasses import asdict, dataclass, replace

import torch

from r1lib import artifacts, speculative
from r1lib.losses import next_token_loss
from r1lib.model.moe import balance_loss, watch_routers
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import (
    balance,
    evaluating,
    mtp_hidden,
    new_model,
    router_loads,
)
from r1lib.problem import STYLES, problems
from r1lib.progress import bar
from r1lib.recipe import pipeline, stages
from r1lib.tokenizer import EOS, PAD, Tokenizer
from r1lib.training import optim, pretrain
from r1lib.world import arithmetic, corpus, countdown
from results import one_unit

STEPS = 1500
DOCUMENTS = 512  # held-out documents of each family
PROMPTS = 64  # held-out prompts of each family that are continued
POINT = 50  # steps between points of the curve


@dataclass(frozen=True)
class Arm:
    """What an arm does to the experts, and how much of the MTP loss it pays."""

    alpha: float = 0.0  # factor of the auxiliary loss, summed over layers
    bias_speed: float = 0.0
    mtp_weight: float = 0.3


ARMS = {
    "none": Arm(),
    "aux": Arm(alpha=0.01),
    "bias": Arm(bias_speed=0.001),
    "no-mtp": Arm(bias_speed=0.001, mtp_weight=0.0),
}


def held_out(tokenizer) -> list[torch.Tensor]:
    """Padded batches of documents on valid problems, the same for every unit."""
    rng, texts = random.Random("experts"), []
    for family in (countdown, arithmetic):
        for problem in problems(family.sample, DOCUMENTS, 0, "valid"):
            style = rng.choices(STYLES, corpus.Habits().styles)[0]
            texts.append((problem.prompt, corpus.trace(rng, problem, style)))
    documents = pretrain.encode_documents(tokenizer, texts)
    return list(pretrain.batches(documents, 32, seed=0))


def auxiliary(model, seen: dict, ids) -> torch.Tensor:
    """The balance loss of all MoE layers that ran, padding left out."""
    layers, total = dict(model.named_modules()), torch.zeros(())
    for name, runs in seen.items():
        for scores in runs:
            scores = scores.view(len(ids), -1, scores.shape[-1])
            mask = ids[:, -scores.shape[1] :] != PAD  # MTP begins a token later
            total = total + balance_loss(scores, layers[name].routing[0], mask)
    return total


def train(model, documents, plan, arm: Arm):
    """Pre-train as `pretrain.train` does, with the arm's auxiliary loss beside it."""
    optimizers = optim.base_optimizers(model, plan.muon_lr, plan.adamw_lr)
    model.train()
    for step, ids in enumerate(pretrain.stream(documents, plan)):
        optim.set_lr(optimizers, optim.warmup_stable_decay(step, plan.steps))
        weight = plan.mtp_weight if step % plan.mtp_every == 0 else 0.0
        with watch_routers(model) as seen:
            total, metrics = pretrain.loss(model, ids, weight)
        if arm.alpha:
            total = total + arm.alpha * auxiliary(model, seen, ids)
        total.backward()
        metrics["grad_norm"] = optim.guarded_step(model, optimizers)
        loads = {n: x.clone() for n, x in router_loads(model).items()}
        balance(model, plan.bias_speed)
        yield {"step": step + 1, **metrics}, loads


def curve(steps, total: int, label: str) -> list[dict]:
    """Run the training; every POINT steps keep the mean loss and the mean balance."""
    points, losses, loads = [], [], {}
    for metrics, now in bar(steps, total, label, ("loss",)):
        losses.append(metrics["loss"])
        for name, load in now.items():
            loads[name] = loads.get(name, 0) + load
        if metrics["step"] % POINT == 0 or metrics["step"] == total:
            point = {"step": metrics["step"], "loss": sum(losses) / len(losses)}
            main = {n: x for n, x in loads.items() if n.startswith("layers")}
            points.append({**point, "max/mean": max_over_mean(main)})
            losses, loads = [], {}
    return points


def max_over_mean(loads: dict) -> float:
    """Load of the busiest expert over the mean load, averaged over layers."""
    return sum((x.max() / x.mean()).item() for x in loads.values()) / len(loads)


@torch.no_grad()
def measure(model, batches) -> dict:
    """Held-out loss of the next token and the one after, and the load of experts."""
    layers = dict(model.named_modules())
    sums, counts, loads = {1: 0.0, 2: 0.0}, {1: 0, 2: 0}, {}
    for ids in batches:
        with evaluating(model), watch_routers(model) as seen:
            hidden = model.hidden(ids)
        for ahead, states in ((1, hidden), (2, mtp_hidden(model, ids, hidden))):
            n = int((ids[:, ahead:] != PAD).sum())
            loss = next_token_loss(model.head(states), ids, ahead)
            sums[ahead] += loss.item() * n
            counts[ahead] += n
        real = (ids != PAD).flatten()
        for name, runs in seen.items():
            for scores in runs:
                chosen = layers[name].choose(scores)[0][real].flatten()
                load = torch.bincount(chosen, minlength=scores.shape[1])
                loads[name] = loads.get(name, 0) + load
    loads = {name: x.double() for name, x in loads.items()}
    return {
        "loss": sums[1] / counts[1],
        "mtp_loss": sums[2] / counts[2],
        "tokens": counts[1],
        "max/mean": max_over_mean(loads),
        "idle": sum((x < 0.1 * x.mean()).sum().item() for x in loads.values()),
        "load": {name: x.tolist() for name, x in loads.items()},
    }


def speculate(model, tokenizer, seed: int) -> dict:
    """Acceptance of MTP's drafts and tokens per main step, sampled and greedy."""
    result = {}
    asked = pipeline.held_out(PROMPTS, "valid")
    prompts = [tokenizer.prompt(problem.prompt) for problem in asked]
    longest = stages.settings("tiny").zero.max_new_tokens
    for name, temperature in (("sampled", 1.0), ("greedy", 0.0)):
        _, result[name] = speculative.generate(
            model,
            prompts,
            max_new_tokens=longest,
            temperature=temperature,
            stop_ids=(EOS,),
            generator=torch.Generator().manual_seed(seed),
        )
    return result


def unit(name: str, seed: int, steps: int) -> dict:
    """Train one arm and measure it."""
    began, arm = time.perf_counter(), ARMS[name]
    tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
    config = replace(PRESETS["tiny"], vocab_size=tokenizer.vocab_size)
    model = new_model(config, seed)
    plan = pretrain.PretrainConfig(
        steps=steps,
        mtp_weight=arm.mtp_weight,
        bias_speed=arm.bias_speed,
        seed=seed,
    )
    texts = corpus.documents(plan.steps * plan.batch_size, seed)
    documents = pretrain.encode_documents(tokenizer, texts)
    history = curve(train(model, documents, plan, arm), steps, f"{name} {seed}")
    result = {
        "arm": name,
        **asdict(arm),
        "held out": measure(model, held_out(tokenizer)),
    }
    if arm.mtp_weight:
        result["speculation"] = speculate(model, tokenizer, seed)
    return {
        "P13": result,
        "history": history,
        "settings": asdict(plan),
        "minutes": (time.perf_counter() - began) / 60,
    }


def main() -> None:
    """Run one unit and write its file."""
    parser = one_unit.parser(__doc__, arm=ARMS)
    parser.add_argument("--steps", type=int, default=STEPS)
    asked = one_unit.arguments(parser)
    one_unit.write(
        asked.out / f"experts-{asked.arm}-{asked.seed}.json",
        unit(asked.arm, asked.seed, asked.steps),
        f"results.experts {asked.arm} {asked.seed}",
        seed=asked.seed,
    )


if __name__ == "__main__":
    main()
