"""Rollout: problems x group -> one padded batch with mask, log-probs and rewards.

The three invariants of docs/notation.md hold here: columns are tokens; rows are
group-major, so `rewards.view(N, G)` is legal; the mask is True exactly on tokens that
the policy sampled, the stop token included.
"""

import random
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from r1lib import sampling
from r1lib.files import shown
from r1lib.problem import Problem
from r1lib.sampling import Sampling, chunk
from r1lib.tokenizer import PAD
from r1lib.training.batches import micro_batches


@dataclass
class Rollout:
    """A batch of B = N * G completions, prompt first, padded on the right."""

    ids: Int[Tensor, "B T"]
    mask: Bool[Tensor, "B T"]
    old_logprobs: Float[Tensor, "B T"]
    rewards: Float[Tensor, " B"]
    texts: list[str]
    finished: list[bool]
    lengths: Int[Tensor, " B"]


def collate(prompts: list[list[int]], completions: list[sampling.Completion]):
    """Lay prompts and completions into (B, T) tensors: ids, mask, old_logprobs."""
    rows = [p + c.ids for p, c in zip(prompts, completions, strict=True)]
    width = max(map(len, rows))
    ids = torch.full((len(rows), width), PAD)
    mask = torch.zeros(len(rows), width, dtype=torch.bool)
    logprobs = torch.zeros(len(rows), width)
    for b, (row, prompt, c) in enumerate(zip(rows, prompts, completions, strict=True)):
        ids[b, : len(row)] = torch.tensor(row)
        mask[b, len(prompt) : len(row)] = True
        logprobs[b, len(prompt) : len(row)] = torch.tensor(c.logprobs)
    return ids, mask, logprobs


def step_generators(
    seed: int, step: int, device
) -> tuple[random.Random, torch.Generator]:
    """Generators for problems and for tokens that (seed, step) alone decides."""
    rng = random.Random(f"{seed}-{step}")
    return rng, torch.Generator(device).manual_seed(rng.getrandbits(62))


def score_one(reward, problem: Problem, text: str) -> float:
    """Call `reward(problem, text)`; what it raises is a ValueError with the text."""
    try:
        return float(reward(problem, text))
    except Exception as error:
        name = getattr(reward, "__name__", type(reward).__name__)
        raise ValueError(
            f"reward {shown(name)} raised {type(error).__name__}: {shown(error)} "
            f"for the completion {shown(text)}"
        ) from error


def measures(batch: Rollout) -> dict[str, float]:
    """Return what every algorithm reports of its samples: means over completions."""
    return {
        "reward": batch.rewards.mean().item(),
        "accuracy": (batch.rewards >= 1).float().mean().item(),
        "length": batch.lengths.float().mean().item(),
        "finished": sum(batch.finished) / len(batch.finished),
    }


def parts(batch: Rollout, rows: Int[Tensor, " R"], most_tokens: int):
    """Cut rows of a rollout into parts of at most `most_tokens` tokens each.

    Yields the rows of a part, and its width: the columns that its longest row needs.
    """
    ends = batch.ids.shape[1] - batch.mask.flip(1).int().argmax(1)
    for part in micro_batches(ends.cpu(), rows.cpu(), most_tokens):
        yield part, int(ends[part].max())


def rollout(
    model,
    tokenizer,
    problems: list[Problem],
    group_size: int,
    reward,
    *,
    max_new_tokens: int,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
    score=None,
) -> Rollout:
    """Sample `group_size` completions of each problem and score them by `reward`.

    `score(problems, texts)`, if given, scores all of them in one call instead. A
    `reward` that raises is a ValueError that names it and shows the completion.
    """
    if not problems:
        raise ValueError("rollout needs at least one problem, got an empty list")
    settings = Sampling(max_new_tokens, temperature)
    asked = [problem.prompt for problem in problems]
    rows = chunk(model, tokenizer, asked, group_size, settings, generator)
    completions = [completion for row in rows for completion in row]
    texts = [completion.text for completion in completions]
    repeated = [p for p in problems for _ in range(group_size)]
    if score is None:
        rewards = [
            score_one(reward, p, t) for p, t in zip(repeated, texts, strict=True)
        ]
    else:
        rewards = score(repeated, texts)
    if len(rewards) != len(texts):
        raise ValueError(f"wanted {len(texts)} rewards, got {len(rewards)}")
    ids, mask, logprobs = collate(
        [tokenizer.prompt(p.prompt) for p in repeated], completions
    )
    device = model.embed.weight.device
    return Rollout(
        ids.to(device),
        mask.to(device),
        logprobs.to(device),
        torch.tensor(rewards, dtype=torch.float32, device=device),
        texts,
        [c.finish == "stop" for c in completions],
        torch.tensor([len(c.ids) for c in completions]),
    )
