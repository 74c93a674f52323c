"""Log-probabilities of completions whose prompts are shared: each prompt is read once.

A group of GRPO is one prompt and many completions, and half of its tokens are copies of
that prompt. No token of a prompt sees what comes after it, so its keys and values are
the same in every copy. Here each distinct prompt is read once, and the completions of
all rows go on from there. Gradients flow back into the one copy and add up, so loss and
gradient are those of `token_logprobs(model(ids), ids, temperature, mask)`, the twin.
Logits are computed only where the mask asks for a log-probability.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from r1lib.losses import chosen_logprobs, token_logprobs
from r1lib.model.transformer import Cache, Transformer
from r1lib.tokenizer import PAD
from r1lib.training.batches import pad


class SharedKeys:
    """Keys and values of N prompts in one layer; B rows go on from them.

    In place of a `LayerCache`, but nothing is written in place: gradients flow through.
    """

    def __init__(self):
        self.kept: tuple[Tensor, Tensor] | None = None
        self.prompt_of: Int[Tensor, " B"] | None = None

    def write(self, key, value, start: int) -> tuple[Tensor, Tensor]:
        """Keep those of the prompts; put them before those of the completions."""
        if self.prompt_of is None:
            self.kept = (key, value)
            return self.kept
        return tuple(
            torch.cat((prompts[self.prompt_of], new), dim=-2)
            for prompts, new in zip(self.kept, (key, value), strict=True)
        )


def distinct_prompts(ids: Int[Tensor, "B T"], lengths: Int[Tensor, " B"]):
    """Prompts without their repetitions, as lists of ids, and which one a row has."""
    found: dict[tuple, int] = {}
    rows = zip(ids.tolist(), lengths.tolist(), strict=True)
    of = [found.setdefault(tuple(row[:n]), len(found)) for row, n in rows]
    return [list(prompt) for prompt in found], torch.tensor(of, device=ids.device)


def completion_logprobs(
    model: nn.Module,
    ids: Int[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    temperature: float = 1.0,
) -> Float[Tensor, "B T"]:
    """log p of each token under the mask at the sampling temperature, 0 elsewhere.

    What is before a row's first True is its prompt; rows with the same prompt share the
    work of reading it. Rows are padded on the right. A model that is no `Transformer`
    of ours, but gives logits for ids, reads whole rows.
    """
    wanted = mask.clone()
    wanted[:, 0] = False  # nothing foretells the first token
    has = wanted.any(1)
    if not isinstance(model, Transformer) or not has.any():
        return token_logprobs(model(ids), ids, temperature, mask)
    if not has.all():  # rows without a token to learn from are not read
        part = completion_logprobs(model, ids[has], mask[has], temperature)
        return part.new_zeros(ids.shape).index_copy(0, has.nonzero().squeeze(1), part)
    first = wanted.int().argmax(1)
    last = ids.shape[1] - 1 - wanted.flip(1).int().argmax(1)
    prompts, prompt_of = distinct_prompts(ids, first)
    # 1. Read the prompts.
    layers = [SharedKeys() for _ in model.layers]
    cache = Cache(layers)
    states = model.hidden(pad(prompts).to(ids.device), cache)
    before = states[prompt_of, first - 1].unsqueeze(1)  # foretells the first token
    # 2. Read the completions behind them, without their last tokens.
    cache.length, steps = states.shape[1], int((last - first).max())
    columns = first.unsqueeze(1) + torch.arange(steps + 1, device=ids.device)
    inside = columns <= last.unsqueeze(1)
    columns = columns.where(inside, 0)
    if steps:
        for layer in layers:
            layer.prompt_of = prompt_of
        place = torch.arange(cache.length, device=ids.device)
        prompt = (place < first.unsqueeze(1)).unsqueeze(1).expand(-1, steps, -1)
        own = torch.ones(steps, steps, dtype=torch.bool, device=ids.device).tril()
        seen = torch.cat((prompt, own.expand(len(ids), -1, -1)), dim=-1).unsqueeze(1)
        again = inside & (columns < last.unsqueeze(1))  # nothing follows a last token
        read = ids.gather(1, columns).where(again, PAD)[:, :-1]
        after = model.hidden(read, cache, positions=columns[:, :-1], attn_mask=seen)
        before = torch.cat((before, after), dim=1)
    # 3. Log-probabilities where they are asked for.
    asked = wanted.gather(1, columns) & inside
    targets = ids.gather(1, columns)[asked]
    chosen = chosen_logprobs(model.head(before[asked]), targets, temperature)
    return chosen.new_zeros(ids.shape).masked_scatter(wanted, chosen)
