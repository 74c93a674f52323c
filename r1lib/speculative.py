"""Speculative decoding: the MTP module guesses, the main model decides.

A main step reads two tokens at once: one that is certain, and a guess at the next,
drafted by the MTP module (DeepSeek-V3, arXiv 2412.19437, section 5.4.3). The rule of
Leviathan et al. (arXiv 2211.17192, section 2.3) accepts or replaces the guess so that
what comes out is distributed exactly as if the main model had written it alone; only
the number of main steps changes. Two tokens cost hardly more than one where decoding
waits for memory, as it does on a GPU with a large model.
"""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from r1lib.model.attention import LayerCache
from r1lib.model.transformer import Transformer, evaluating, rope_at
from r1lib.sampling import Completion, check_room, draw
from r1lib.tokenizer import PAD


def probabilities(
    logits: Float[Tensor, "*B V"], temperature: float
) -> tuple[Float[Tensor, "*B V"], Float[Tensor, "*B V"]]:
    """Return p to draw from, and the log-probabilities that a Completion reports.

    At temperature 0 all of p is on the most likely token, and the log-probabilities
    are those of temperature 1, as in `sampling.sample_token`.
    """
    if not 0 <= temperature < math.inf:
        raise ValueError(f"wanted a finite temperature >= 0, got {temperature}")
    logp = (logits / temperature if temperature else logits).log_softmax(-1)
    if temperature:
        return logp.exp(), logp
    best = logp.argmax(-1, keepdim=True)
    return torch.zeros_like(logp).scatter(-1, best, 1.0), logp


def acceptance(
    p: Float[Tensor, "B V"], q: Float[Tensor, "B V"], draft: Int[Tensor, " B"]
) -> Float[Tensor, " B"]:
    """Probability that a token drafted from q may stand for one of p: min(1, p/q).

    Averaged over q it is sum(min(p, q)): all that the two distributions share.
    """
    p, q = (x.gather(1, draft.unsqueeze(1)).squeeze(1) for x in (p, q))
    return (p / q).clamp(max=1.0)


def residual(p: Float[Tensor, "B V"], q: Float[Tensor, "B V"]) -> Float[Tensor, "B V"]:
    """Where to draw from after a rejection: what p has beyond q, max(0, p - q) / sum.

    Where the two are equal nothing is ever rejected, and p stands in.
    """
    beyond = (p - q).clamp(min=0)
    total = beyond.sum(-1, keepdim=True)
    return torch.where(total > 0, beyond / total.where(total > 0, 1.0), p)


def positions_and_mask(seen: Bool[Tensor, "B S"], start: int, count: int):
    """Return positions (B, T) and mask (B, 1, T, S) of the T = `count` places at start.

    `seen` says which places of the cache belong to the text: not the padding, not a
    rejected guess. A position is the number of such places before; a place that does
    not belong sees itself, so that no softmax is empty.
    """
    end = start + count
    positions = (seen.cumsum(1) - 1)[:, start:end].clamp(min=0)
    earlier = torch.ones(count, end, dtype=torch.bool, device=seen.device).tril(start)
    itself = torch.zeros_like(earlier)
    itself[:, start:].fill_diagonal_(True)
    return positions, (seen[:, None, None, :end] & earlier) | itself


def read_main(model, ids: Int[Tensor, "B T"], cache, seen) -> Float[Tensor, "B T D"]:
    """States of the main model for ids that continue its cache."""
    positions, mask = positions_and_mask(seen, cache.length, ids.shape[1])
    return model.hidden(ids, cache, positions=positions, attn_mask=mask)


def read_mtp(model, hidden, next_ids: Int[Tensor, "B T"], cache, seen):
    """States of the MTP module at the same places; its cache is the last layer's."""
    positions, mask = positions_and_mask(seen, cache.length, next_ids.shape[1])
    m = model.mtp
    pair = (m.embed_norm(model.embed(next_ids)), m.hidden_norm(hidden))
    rope = rope_at(model.rope, next_ids.shape[1], cache.length, positions)
    x = m.join(torch.cat(pair, dim=-1))
    return m.norm(m.block(x, rope, mask, cache.layers[-1], cache.length))


def left_pad(model, prompts, room: int):
    """Pad prompts on the left; return ids, an empty cache, the MTP's in it, `seen`."""
    device, width = model.embed.weight.device, max(map(len, prompts))
    rows = [[PAD] * (width - len(p)) + list(p) for p in prompts]
    ids = torch.tensor(rows, device=device)
    padding = torch.tensor([width - len(p) for p in prompts], device=device)
    seen = torch.arange(width + room, device=device) >= padding.unsqueeze(1)
    cache = model.new_cache(len(prompts), width + room)
    shapes, like = model.mtp.block.attn.cache_shapes, model.embed.weight
    cache.layers.append(LayerCache(*shapes, len(prompts), width + room, like))
    return ids, cache, seen


class Writer:
    """What each row has written, and what that took."""

    def __init__(self, rows: int, stop_ids, longest: int):
        self.done = [Completion([], [], "length") for _ in range(rows)]
        self.stop, self.longest = set(stop_ids), longest
        self.steps = self.accepted = self.tokens = 0

    def write(self, rows: list[int], ids, logps, counts) -> list[int]:
        """Append the first `counts` ids to each row; return which of them go on."""
        given = zip(rows, ids.tolist(), logps.tolist(), counts.tolist(), strict=True)
        kept = []
        for place, (row, new, new_logps, count) in enumerate(given):
            one = self.done[row]
            for token, logp in zip(new[:count], new_logps[:count], strict=True):
                one.ids.append(token)
                one.logprobs.append(logp)
                self.tokens += 1
                one.finish = "stop" if token in self.stop else "length"
                if one.finish == "stop" or len(one.ids) == self.longest:
                    break
            else:
                kept.append(place)
        return kept


@torch.no_grad()
def generate(
    model: Transformer,
    prompts: list[list[int]],
    *,
    max_new_tokens: int,
    temperature: float = 1.0,
    stop_ids=(),
    generator: torch.Generator | None = None,
) -> tuple[list[Completion], dict[str, float]]:
    """Continue each prompt as `sampling.generate` does, in fewer main steps.

    Metrics: `acceptance`, the share of drafts that were accepted; `tokens_per_step`,
    tokens after the first for each main step of a row: 1 + acceptance, less what a
    completion's end cuts off; and `main_steps`, those of all rows together.
    """
    if model.mtp is None:
        raise ValueError("this model has no MTP module (n_mtp is 0) to draft with")
    check_room(model, prompts, max_new_tokens)
    with evaluating(model):
        return _generate(
            model, prompts, max_new_tokens, temperature, stop_ids, generator
        )


def _generate(model, prompts, max_new_tokens, temperature, stop_ids, generator):
    out = Writer(len(prompts), stop_ids, max_new_tokens)
    ids, cache, seen = left_pad(model, prompts, 2 * max_new_tokens)
    hidden = read_main(model, ids, cache, seen)
    p, logp = probabilities(model.head(hidden[:, -1]), temperature)
    sure = draw(p, generator)  # 1. written, but not yet read
    after = torch.cat((ids[:, 1:], sure.unsqueeze(1)), dim=1)
    state = read_mtp(model, hidden, after, cache, seen)[:, -1]
    cache.length += ids.shape[1]
    rows = list(range(len(prompts)))
    first = sure.unsqueeze(1)
    kept = out.write(rows, first, logp.gather(1, first), torch.ones_like(sure))
    out.tokens = 0  # the first token comes with the prompt
    while kept:
        which = torch.tensor(kept, device=seen.device)
        cache.select(which)
        rows, seen, sure = [rows[i] for i in kept], seen[which], sure[which]
        q, _ = probabilities(model.head(state[which]), temperature)
        draft = draw(q, generator)  # 2.
        hidden = read_main(model, torch.stack((sure, draft), dim=1), cache, seen)  # 3.
        p, logp = probabilities(model.head(hidden), temperature)
        chance = torch.rand(len(rows), generator=generator, device=seen.device)
        ok = chance < acceptance(p[:, 0], q, draft)  # 4.
        rest = torch.where(ok.unsqueeze(1), p[:, 1], residual(p[:, 0], q))
        sure = draw(rest, generator)  # 5.
        new = torch.stack((torch.where(ok, draft, sure), sure), dim=1)
        seen[:, cache.length + 1] = ok  # 6. a rejected draft is hidden
        state = read_mtp(model, hidden, new, cache, seen)
        state = state[torch.arange(len(rows)), ok.long()]
        cache.length += 2
        out.steps += len(rows)
        out.accepted += int(ok.sum())
        logps = logp.gather(2, new.unsqueeze(2)).squeeze(2)
        kept = out.write(rows, new, logps, 1 + ok.long())
    return out.done, {
        "main_steps": out.steps,
        "acceptance": out.accepted / max(1, out.steps),
        "tokens_per_step": out.tokens / max(1, out.steps),
    }
