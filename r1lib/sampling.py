"""Sampling: many prompts at once, with a cache; finished rows leave the batch."""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from r1lib.model import decoding
from r1lib.model.transformer import Transformer, evaluating
from r1lib.tokenizer import PAD


@dataclass
class Completion:
    """What the policy wrote: ids (stop token included), and log p of each of them.

    `complete` also fills in the text, which starts with the `opening` it was given.
    """

    ids: list[int]
    logprobs: list[float]
    finish: str  # "stop": a stop token was sampled; "length": the budget ran out
    text: str = ""
    opening: int = 0  # tokens at the start of the text that were not sampled

    @property
    def tokens(self) -> int:
        """Length of the text in tokens, stop token included."""
        return self.opening + len(self.ids)


@dataclass(frozen=True)
class Sampling:
    """How `complete` asks a model."""

    max_new_tokens: int
    temperature: float = 1.0
    seed: int = 0
    at_once: int = 64  # prompts in one call of `generate`
    opening: str = ""  # every completion begins with this text
    steer: Callable | None = None  # as in `generate`


def sample_token(
    logits: Float[Tensor, "B V"],
    temperature: float = 1.0,
    top_p: float = 1.0,
    generator: torch.Generator | None = None,
    top_k: int = 0,
    min_p: float = 0.0,
) -> tuple[Int[Tensor, " B"], Float[Tensor, " B"]]:
    """Draw one token per row; temperature 0 takes the most likely one.

    The log-probability returned is that of softmax(logits / temperature) over the
    whole vocabulary, so training can compute the same number. Tokens are closed by
    top_k first, then top_p, then min_p; 0, 1 and 0 switch these off.
    """
    if not 0 <= temperature < math.inf or not 0 < top_p <= 1:
        raise ValueError(
            "wanted a finite temperature >= 0 and 0 < top_p <= 1, "
            f"got {temperature} and {top_p}"
        )
    if top_k < 0 or not 0 <= min_p <= 1:
        raise ValueError(
            f"wanted top_k >= 0 and 0 <= min_p <= 1, got {top_k} and {min_p}"
        )
    logits = logits.float()  # a bfloat16 model's too: 8 bits are too few to draw from
    logp = (logits / temperature if temperature else logits).log_softmax(-1)
    if temperature == 0:
        ids = logp.argmax(-1)
    else:
        allowed = keep_top_k(logp, top_k).log_softmax(-1) if top_k else logp
        allowed = allowed if top_p == 1 else keep_top_p(allowed, top_p)
        allowed = keep_min_p(allowed, min_p) if min_p else allowed
        ids = draw(allowed.exp(), generator)
    return ids, logp.gather(1, ids.unsqueeze(1)).squeeze(1)


def draw(
    weights: Float[Tensor, "B V"], generator: torch.Generator | None = None
) -> Int[Tensor, " B"]:
    """Draw one index a row, each with a probability in proportion to its weight.

    One uniform number a row is looked up in the running sum of the weights, in 64 bits:
    a token with one chance in a billion has its own place there. The Gumbel-max trick
    does the same with a random number for every weight, which takes far longer.
    Weights that are no finite numbers are a FloatingPointError.

    >>> draw(torch.tensor([[0.0, 2.0, 0.0]])).tolist()
    [1]
    """
    edges = weights.cumsum(-1, dtype=torch.float64)
    point = torch.rand(
        *(len(weights), 1),
        dtype=torch.float64,
        generator=generator,
        device=weights.device,
    )
    point *= edges[:, -1:]
    if not math.isfinite(point.sum().item()):
        raise FloatingPointError("wanted finite probabilities to draw from, got others")
    return torch.searchsorted(edges, point, right=True).squeeze(1)


def keep_top_k(logp: Float[Tensor, "B V"], top_k: int) -> Float[Tensor, "B V"]:
    """Close all but the k likeliest tokens (and those as likely as the k-th)."""
    last = logp.topk(min(top_k, logp.shape[-1]), dim=-1).values[:, -1:]
    return logp.masked_fill(logp < last, float("-inf"))


def keep_top_p(logp: Float[Tensor, "B V"], top_p: float) -> Float[Tensor, "B V"]:
    """Close all but the smallest set of tokens whose probability reaches top_p."""
    values, order = logp.sort(dim=-1, descending=True)
    before = values.exp().cumsum(-1) - values.exp()
    closed = torch.zeros_like(logp, dtype=torch.bool).scatter(1, order, before >= top_p)
    return logp.masked_fill(closed, float("-inf"))


def keep_min_p(logp: Float[Tensor, "B V"], min_p: float) -> Float[Tensor, "B V"]:
    """Close tokens less than min_p times as likely as the likeliest (2407.01082)."""
    best = logp.max(dim=-1, keepdim=True).values
    return logp.masked_fill(logp < best + math.log(min_p), float("-inf"))


@torch.no_grad()
def generate(
    model: Transformer,
    prompts: list[list[int]],
    *,
    max_new_tokens: int,
    temperature: float = 1.0,
    top_p: float = 1.0,
    stop_ids=(),
    generator: torch.Generator | None = None,
    repeat: int = 1,
    steer=None,
    top_k: int = 0,
    min_p: float = 0.0,
) -> list[Completion]:
    """Continue each prompt, `repeat` times each, group-major.

    Prompts are padded on the left and read once; their cache is then repeated.
    `steer(logits, written)` may change the logits before a token is drawn, knowing
    the ids written so far, (B, t). However it ends, by an exception or by Ctrl-C too,
    the model is left in the mode that it was in. `slow_generate` is the naive twin.
    """
    check_room(model, prompts, max_new_tokens, repeat)
    with evaluating(model):
        return _generate(
            model,
            prompts,
            max_new_tokens,
            (temperature, top_p, generator, top_k, min_p),
            stop_ids,
            repeat,
            steer,
        )


def check_room(model, prompts, max_new_tokens: int, repeat: int = 1) -> None:
    """Refuse prompts that are empty, or do not fit into the model with what follows."""
    if not prompts or not all(prompts):
        raise ValueError("generate needs at least one prompt, and none may be empty")
    if max_new_tokens < 1 or repeat < 1:
        raise ValueError(
            "max_new_tokens and repeat must be at least 1, "
            f"got {max_new_tokens} and {repeat}"
        )
    longest = max(map(len, prompts))
    if longest + max_new_tokens > model.config.max_positions:
        raise ValueError(
            f"a prompt of {longest} ids and {max_new_tokens} new ones do not fit into "
            f"{model.config.max_positions} positions"
        )


@torch.no_grad()
def stream(
    model: Transformer,
    prompt: list[int],
    *,
    max_new_tokens: int,
    temperature: float = 1.0,
    top_p: float = 1.0,
    stop_ids=(),
    generator: torch.Generator | None = None,
) -> Iterator[int]:
    """Yield the ids of one completion as they are drawn, the stop token included.

    They are those of `generate` for this prompt alone. Until the iterator ends or is
    closed, the model stays in eval mode.
    """
    room = model.config.max_positions - len(prompt)
    if not prompt or not 1 <= max_new_tokens <= room:
        raise ValueError(
            f"wanted a prompt, and 1 to {room} new ids after it, got {len(prompt)} ids "
            f"and {max_new_tokens} new ones"
        )
    with evaluating(model):
        logits, cache, seen = read_prompts(model, [prompt], max_new_tokens, 1)
        decode = decoder(model)
        for left in reversed(range(max_new_tokens)):
            ids, _ = sample_token(logits, temperature, top_p, generator)
            yield int(ids)
            if int(ids) in stop_ids or not left:
                break
            logits = decode(ids, cache, seen)


@torch.no_grad()
def slow_generate(
    model: Transformer,
    prompts: list[list[int]],
    *,
    max_new_tokens: int,
    temperature: float = 1.0,
    stop_ids=(),
    generator: torch.Generator | None = None,
) -> list[Completion]:
    """The naive twin of `generate`: prompt by prompt, all read anew for each token.

    No cache, no padding, no batch. At temperature 0, or for a single prompt with a
    generator in the same state, it writes what `generate` writes.
    """
    written = []
    with evaluating(model):
        for prompt in prompts:
            ids, logprobs, finish = [], [], "length"
            while finish == "length" and len(ids) < max_new_tokens:
                text = torch.tensor([[*prompt, *ids]], device=model.embed.weight.device)
                logits = model(text)[:, -1]
                token, logp = sample_token(logits, temperature, generator=generator)
                ids.append(int(token))
                logprobs.append(float(logp))
                finish = "stop" if ids[-1] in stop_ids else "length"
            written.append(Completion(ids, logprobs, finish))
    return written


def _generate(model, prompts, max_new_tokens, choice, stop_ids, repeat, steer):
    """Do the work of `generate`; `choice` is what `sample_token` takes after logits."""
    # 1. Make room for what is written: one row for each completion.
    device = model.embed.weight.device
    stop = torch.tensor(list(stop_ids), dtype=torch.long, device=device)
    batch = len(prompts) * repeat
    ids_out = torch.full((batch, max_new_tokens), PAD, device=device)
    logp_out = torch.zeros(batch, max_new_tokens, device=device)
    length = torch.zeros(batch, dtype=torch.long, device=device)
    rows = torch.arange(batch, device=device)  # which outputs the batch still holds
    is_open = torch.ones(batch, dtype=torch.bool, device=device)
    # 2. Prefill: read each prompt once, then repeat its cache.
    logits, cache, seen = read_prompts(model, prompts, max_new_tokens, repeat)
    decode = decoder(model)
    for t in range(max_new_tokens):
        # 3. Draw a token for each row of the batch, and write it down if still open.
        if steer is not None:
            logits = steer(logits, ids_out[rows, :t])
        ids, logp = sample_token(logits, *choice)
        ids_out[rows, t] = ids.where(is_open, PAD)
        logp_out[rows, t] = logp.where(is_open, 0.0)
        length[rows] += is_open
        is_open = is_open & ~torch.isin(ids, stop)
        # 4. Let the finished rows leave.
        still = int(is_open.sum())
        if t + 1 == max_new_tokens or not still:
            break
        if still < 0.85 * len(rows):  # copying the cache costs, idle rows too
            kept = is_open.nonzero().squeeze(1)
            cache.select(kept)
            rows, ids, seen, is_open = rows[kept], ids[kept], seen[kept], is_open[kept]
        # 5. Decode: feed the new tokens.
        logits = decode(ids, cache, seen)
    # 6. Cut each row to its length, and say how it ended.
    stopped = torch.isin(ids_out.gather(1, length.unsqueeze(1) - 1).squeeze(1), stop)
    columns = [x.tolist() for x in (ids_out, logp_out, length, stopped)]
    return [
        Completion(i[:n], lp[:n], "stop" if s else "length")
        for i, lp, n, s in zip(*columns, strict=True)
    ]


def read_prompts(model, prompts, room: int, repeat: int):
    """Feed left-padded prompts; return last logits, the cache, and what keys are real.

    `seen` is (B, S) for all S places of the cache: True for real tokens, and already
    True for the places that new tokens will take.
    """
    device, width = model.embed.weight.device, max(map(len, prompts))
    ids = torch.tensor(
        [[PAD] * (width - len(p)) + list(p) for p in prompts], device=device
    )
    padding = torch.tensor([width - len(p) for p in prompts], device=device)
    place = torch.arange(width + room, device=device)
    seen = place >= padding.unsqueeze(1)
    positions = (place[:width] - padding.unsqueeze(1)).clamp(min=0)
    causal = torch.ones(width, width, dtype=torch.bool, device=device).tril()
    itself = torch.eye(width, dtype=torch.bool, device=device)
    mask = (causal & seen[:, None, :width]) | itself  # a pad sees itself: no NaN
    cache = model.new_cache(len(prompts), width + room)
    hidden = model.hidden(ids, cache, positions=positions, attn_mask=mask.unsqueeze(1))
    cache.length += width
    again = torch.arange(len(prompts), device=device).repeat_interleave(repeat)
    cache.select(again)
    return model.head(hidden[again, -1]), cache, seen[again]


def place_and_mask(cache, seen: Bool[Tensor, "B S"]):
    """Position of the next token of each row, (B, 1), and the keys it may see.

    The mask is None where no row has padding, else (B, 1, 1, S).
    """
    start = cache.length
    positions = seen[:, :start].sum(1, keepdim=True)
    return positions, None if seen[:, 0].all() else seen[:, None, None, : start + 1]


def next_logits(model, ids, cache, seen) -> Float[Tensor, "B V"]:
    """Feed one token per row and move the cache on."""
    positions, mask = place_and_mask(cache, seen)
    logits = model(ids.unsqueeze(1), cache, positions=positions, attn_mask=mask)
    cache.length += 1
    return logits[:, -1]


def decoder(model) -> Callable:
    """The fastest way from one token a row to the next logits.

    A small model spends more time between operations than in them, so its weights are
    laid out anew for a single token (`model.decoding`), when the first one is read. A
    large one waits for memory, and a copy of its weights would not fit: there it is
    `next_logits`, the twin.
    """
    if not decoding.can_lay_out(model):
        return partial(next_logits, model)
    step = None

    def decode(ids, cache, seen):
        nonlocal step
        step = step or decoding.Decoder(model)
        logits = step(ids, cache, *place_and_mask(cache, seen))
        cache.length += 1
        return logits

    return decode


def complete(
    model, tokenizer, prompts: list[str], k: int, settings: Sampling, **more
) -> list[list[str]]:
    """Ask a model: k texts for each prompt, row by row. `more` is as in `completions`.

    The framed prompt goes in; the stop token does not come out.
    """
    rows = completions(model, tokenizer, prompts, k, settings, **more)
    return [[completion.text for completion in row] for row in rows]


def completions(
    model,
    tokenizer,
    prompts: list[str],
    k: int,
    settings: Sampling,
    *,
    generator: torch.Generator | None = None,
    watch=iter,
) -> list[list[Completion]]:
    """What `complete` returns, with ids, log-probabilities and lengths.

    Without a generator each chunk of `at_once` prompts depends on (seed, place of its
    first prompt) alone. `watch(iterable)` may show how far it is.
    """
    if not prompts:
        raise ValueError("sampling needs at least one prompt, got an empty list")
    rows = []
    for start in watch(range(0, len(prompts), settings.at_once)):
        part = prompts[start : start + settings.at_once]
        own = generator or chunk_generator(model, settings.seed, start)
        rows += chunk(model, tokenizer, part, k, settings, own)
    return rows


def chunk_generator(model, seed: int, start: int) -> torch.Generator:
    """The generator of the chunk that begins with prompt number `start`."""
    number = random.Random(f"{seed}-{start}").getrandbits(62)
    return torch.Generator(model.embed.weight.device).manual_seed(number)


def chunk(
    model,
    tokenizer,
    prompts: list[str],
    k: int,
    settings: Sampling,
    generator: torch.Generator | None,
) -> list[list[Completion]]:
    """Sample k completions of each prompt in one batch."""
    opening = tokenizer.encode(settings.opening, allow_special=True)
    made = generate(
        model,
        [tokenizer.prompt(prompt) + opening for prompt in prompts],
        max_new_tokens=settings.max_new_tokens,
        temperature=settings.temperature,
        stop_ids=(tokenizer.eos,),
        generator=generator,
        repeat=k,
        steer=settings.steer,
    )
    for completion in made:
        completion.text = settings.opening + to_text(tokenizer, completion)
        completion.opening = len(opening)
    return [made[i : i + k] for i in range(0, len(made), k)]


def to_text(tokenizer, completion: Completion) -> str:
    """Decode a completion without its stop token."""
    ids = completion.ids[:-1] if completion.finish == "stop" else completion.ids
    return tokenizer.decode(ids)
