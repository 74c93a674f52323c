"""The book's three kinds of training on many ranks: pre-training, SFT, GRPO.

    torchrun --nproc-per-node 4 -m recipes.distributed pretrain --way fsdp --out FOLDER
    python -m recipes.launch 2 recipes.distributed grpo --way ddp --out FOLDER

Tier: cluster, and any laptop, where gloo connects a few processes. Every rank draws the
same batch from the seed and works on its own part, so the number of ranks changes
neither losses nor weights. A checkpoint comes after every `--save-every` steps; the
same command goes on from the last one, on as many ranks as it is given. At the end
rank 0 writes FOLDER/model and FOLDER/history.json.
"""

import argparse
import copy
import json
import os
import random
import re
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn

from r1lib import artifacts, files, hub, rewards
from r1lib.losses import next_token_loss, token_logprobs, token_mean
from r1lib.model.moe import MoE
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import balance, mtp_hidden, new_model
from r1lib.rl import grpo
from r1lib.rl.rollout import parts, rollout
from r1lib.tokenizer import PAD
from r1lib.training import distributed, optim, pretrain, sft
from r1lib.training.batches import micro_batches, scheduled
from r1lib.world import web
from r1lib.world.draws import draw_reasoning

CHUNKS = 4  # a rollout is sampled in so many pieces, whatever the number of ranks
STEP = re.compile(r"step-(\d{6})")


def pre_training(model, tokenizer, task, optimizers, asked, start):
    """Pre-train on the tiny web; each rank reads its rows of every batch."""
    config = pretrain.PretrainConfig(asked.steps, asked.batch, seed=asked.seed)
    texts = web.documents(asked.steps * asked.batch, asked.seed)
    documents = pretrain.encode_documents(tokenizer, texts)
    stream = enumerate(pretrain.stream(documents, config))
    for step, ids in islice(stream, start, None):
        optim.set_lr(optimizers, optim.warmup_stable_decay(step, asked.steps))
        weight = config.mtp_weight if step % config.mtp_every == 0 else 0.0
        shares = [share_of(ids, ahead) for ahead in (1, 2)]
        mine = my_part(ids).to(model.embed.weight.device)

        def loss(model, mine=mine, weight=weight, shares=shares):
            hidden = model.hidden(mine)
            found = shares[0] * next_token_loss(model.head(hidden), mine)
            if not weight:
                return found
            extra = model.head(mtp_hidden(model, mine, hidden))
            return found + weight * shares[1] * next_token_loss(extra, mine, ahead=2)

        metrics = distributed.step(task, model, optimizers, [loss])
        add_loads(model)
        balance(model, config.bias_speed)
        yield {"step": step + 1, **metrics}


def my_part(rows: Sequence) -> Sequence:
    """Take every W-th row of a batch, the first one by rank; none may go without."""
    ranks = dist.get_world_size()
    if len(rows) < ranks:
        got = len(rows)
        raise ValueError(f"wanted at least a row for each of {ranks} ranks, got {got}")
    return rows[dist.get_rank() :: ranks]


def add_loads(model: nn.Module) -> None:
    """Add up what the experts of each rank have counted, for `balance`."""
    for module in model.modules():
        if isinstance(module, MoE):
            dist.all_reduce(module.load)


def share_of(ids, ahead: int) -> float:
    """Share of a batch's targets that this rank's rows hold."""
    mine = my_part(ids)
    return float((mine[:, ahead:] != PAD).sum() / (ids[:, ahead:] != PAD).sum())


def fine_tuning(model, tokenizer, task, optimizers, asked, start):
    """Fine-tune on the tiny web's answers; each rank learns its share of a batch."""
    pairs = web.documents(asked.steps * asked.batch, asked.seed)
    examples = sft.encode(tokenizer, pairs)
    config = sft.SFTConfig(1, asked.batch, seed=asked.seed)
    for step, batch in scheduled(examples, config, optimizers, start):
        mine = my_part(batch)
        total = sum(sum(example.mask) for example in batch)
        losses = list(sft_losses(mine, total, asked.tokens, model.embed.weight.device))
        yield {"step": step + 1, **distributed.step(task, model, optimizers, losses)}


def sft_losses(examples, total: int, most_tokens: int, device):
    """Yield one loss for each part of a rank's examples: its share of the mean."""
    lengths = torch.tensor([len(example.ids) for example in examples])
    for rows in micro_batches(lengths, torch.arange(len(examples)), most_tokens):
        ids, mask = sft.collate([examples[i] for i in rows.tolist()])
        ids, mask = ids.to(device), mask.to(device)

        def loss(model, ids=ids, mask=mask):
            logprobs = token_logprobs(model(ids), ids, mask=mask)
            return sft.sft_loss(logprobs, mask)[0] * mask.sum() / total

        yield loss


def reinforcement(model, tokenizer, task, optimizers, asked, start):
    """Run GRPO: each rank samples with a whole copy, and learns from what it wrote."""
    config = grpo.GRPOConfig(
        asked.steps, asked.batch, asked.group, asked.new_tokens, lr=3e-4
    )
    sampler = artifacts.load(asked.start)[0].to(model.embed.weight.device)
    for step in range(start, asked.steps):
        distributed.gather(model, sampler)
        factor = optim.warmup_stable_decay(step, asked.steps, config.warmup)
        optim.set_lr(optimizers, factor)
        batches = [
            sample(sampler, tokenizer, config, asked.seed, step, chunk)
            for chunk in my_part(range(CHUNKS))
        ]
        tokens = distributed.total(sum(int(b.mask.sum()) for b in batches))
        reward = distributed.total(sum(float(b.rewards.sum()) for b in batches))
        losses = [x for b in batches for x in grpo_losses(b, config, tokens)]
        metrics = distributed.step(task, model, optimizers, losses)
        reward /= config.prompts * config.group_size
        yield {"step": step + 1, "reward": reward, **metrics}


def sample(sampler, tokenizer, config, seed: int, step: int, chunk: int):
    """Sample one piece of a rollout: (seed, step, chunk) decides what is drawn."""
    rng = random.Random(f"{seed}-{step}-{chunk}")
    problems = [draw_reasoning(rng) for _ in range(config.prompts // CHUNKS)]
    generator = torch.Generator(sampler.embed.weight.device)
    return rollout(
        sampler,
        tokenizer,
        problems,
        config.group_size,
        rewards.total,
        max_new_tokens=config.max_new_tokens,
        generator=generator.manual_seed(rng.getrandbits(62)),
    )


def grpo_losses(batch, config, tokens: float):
    """Yield one loss for each part of a rollout: its share of the mean over tokens."""
    groups = batch.rewards.view(-1, config.group_size)
    advantages = grpo.group_advantages(groups, normalize_std=False).flatten()

    def mean(values, mask):
        return token_mean(values, mask) * mask.sum() / tokens

    for rows, width in parts(batch, torch.arange(len(batch.ids)), config.micro_tokens):
        ids, mask, old = (
            x[rows, :width] for x in (batch.ids, batch.mask, batch.old_logprobs)
        )

        def loss(model, ids=ids, mask=mask, old=old, advantages=advantages[rows]):
            logprobs = token_logprobs(model(ids), ids, config.temperature, mask)
            return grpo.grpo_loss(logprobs, old, advantages, mask, aggregate=mean)[0]

        yield loss


KINDS = {"pretrain": pre_training, "sft": fine_tuning, "grpo": reinforcement}


def run(asked, device) -> list[dict]:
    """Train, from the last checkpoint if there is one; return the history."""
    model, tokenizer = begin(asked, device)
    whole = copy.deepcopy(model)
    task = distributed.wrap(model, asked.way)
    optimizers = optim.adamw(model, asked.lr)
    history = resume(asked, model, optimizers)
    loop = KINDS[asked.kind](model, tokenizer, task, optimizers, asked, len(history))
    for metrics in loop:
        history.append(metrics)
        if (step := metrics["step"]) % asked.save_every == 0:
            state = {"kind": asked.kind, "history": history}
            place = asked.out / f"step-{step:06d}"
            distributed.save(model, optimizers, place, state)
        if dist.get_rank() == 0:
            print(*(f"{k} {v:.6g}" for k, v in metrics.items()), flush=True)
        die(asked, step)
    distributed.gather(model, whole)
    if dist.get_rank() == 0:
        hub.save(whole, asked.out / "model", tokenizer)
        files.write_text(asked.out / "history.json", json.dumps(history))
    return history


def begin(asked, device):
    """The model that training starts from: new for pre-training, else a shipped one."""
    model, tokenizer = artifacts.load(asked.start)
    if asked.kind == "pretrain":
        config = replace(PRESETS[asked.model], vocab_size=tokenizer.vocab_size)
        model = new_model(config, asked.seed)
    elif model.mtp is not None:
        model.mtp.requires_grad_(False)  # as a checkpoint needs to know: not trained
    return model.to(device).train(), tokenizer


def resume(asked, model, optimizers) -> list[dict]:
    """Load the last checkpoint of the folder; return the history until then."""
    found = asked.out.glob("step-*") if asked.out.is_dir() else ()
    saved = sorted(path for path in found if STEP.fullmatch(path.name))
    if not saved:
        return []
    state = distributed.load(model, optimizers, saved[-1])
    if state["kind"] != asked.kind:
        raise ValueError(f"{asked.out} holds a run of {state['kind']}: choose another")
    return state["history"]


def die(asked, step: int) -> None:
    """For tests: kill a rank after a step, as a power failure would."""
    if os.environ.get("R1_KILL") == f"{dist.get_rank()} after {step}":
        os.kill(os.getpid(), signal.SIGKILL)


def arguments(given=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--way", choices=distributed.WAYS, default="fsdp")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", choices=PRESETS, default="smoke")
    parser.add_argument("--start", default="base-tiny")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--batch", type=int, default=8, help="rows, or prompts")
    parser.add_argument("--group", type=int, default=4)
    parser.add_argument("--new-tokens", type=int, default=48)
    parser.add_argument("--tokens", type=int, default=256, help="in one forward pass")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-every", type=int, default=2)
    return parser.parse_args(given)


def check(asked) -> None:
    """Refuse what the number of ranks does not divide."""
    ranks = dist.get_world_size()
    wanted = CHUNKS if asked.kind == "grpo" else asked.batch
    if wanted % ranks or asked.batch % wanted:
        raise ValueError(
            f"wanted a number of ranks that divides {wanted}, and a batch that "
            f"{wanted} divides, got {ranks} and {asked.batch}"
        )


def main() -> None:
    """Run one rank; a mistake of the caller is one line from each."""
    asked = arguments()
    torch.set_num_threads(1)
    with distributed.joined() as device:
        try:
            check(asked)
            run(asked, device)
        except ValueError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
