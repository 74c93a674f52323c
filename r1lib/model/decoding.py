"""Decoding: a small model with its weights laid out for one new token a row.

A decoding step of a small model is hundreds of tiny operations; more time passes
between them than in them. `Decoder` computes what `Transformer.forward` does for one
token and a cache, with fewer and larger operations:

1. Matrices that read the same vector become one: queries, keys and values; gate and up;
   all experts.
2. Rows are ordered so that all rotary parts of a token lie side by side, in halves, and
   are turned at once.
3. The weight of a norm goes into the matrix that reads it.
4. No operation prepares a gradient.

`Transformer.forward` is the definition and the twin; the results differ by rounding.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from r1lib.model.attention import GroupedQueryAttention, MultiHeadLatentAttention
from r1lib.model.layers import (
    RMSNorm,
    SwiGLU,
    apply_rope_half,
    rms_norm,
    swiglu,
    to_halves,
)
from r1lib.model.moe import MoE, run_weights
from r1lib.model.transformer import Block, Cache, Transformer

MOST = 20_000_000  # parameters: a copy of more would cost what it saves
PARTS = (Transformer, Block, GroupedQueryAttention, MultiHeadLatentAttention, RMSNorm)
PARTS += (SwiGLU, MoE, nn.Linear, nn.Embedding, nn.ModuleList, nn.Identity)


def can_lay_out(model: nn.Module) -> bool:
    """Whether a `Decoder` may stand in: a small model in float32, of our parts alone.

    A layer that was replaced, or that somebody watches by a hook, has to run itself.
    The head may be anything, and the MTP module takes no part.
    """
    if type(model) is not Transformer:
        return False
    weights = list(model.parameters())
    if sum(w.numel() for w in weights) > MOST:
        return False
    if any(w.dtype != torch.float32 for w in weights):
        return False
    aside = {*model.head.modules(), *(model.mtp.modules() if model.mtp else ())}
    watched = ("_forward_hooks", "_forward_pre_hooks", "forward")
    return all(
        type(m) in PARTS and not any(vars(m).get(name) for name in watched)
        for m in model.modules()
        if m not in aside
    )


def half_tables(rope: Float[Tensor, "2 P R"]) -> Float[Tensor, "P R4"]:
    """For each position the factors of x, then those of x with halves exchanged."""
    cos, sin = rope
    return torch.cat((cos, cos, -sin, sin), dim=-1)


def turn(x: Float[Tensor, "B N K"], factors: Float[Tensor, "B 1 K2"]):
    """`apply_rope_half` for one token: x cos + exchanged x sin."""
    cos, sin = factors.chunk(2, dim=-1)
    return torch.addcmul(x * cos, x.roll(x.shape[-1] // 2, dims=-1), sin)


def in_halves(weight: Tensor, heads: int, layout: str) -> Tensor:
    """Order the rows of each head as halves, as `ROPE[layout]` writes them."""
    split = weight.unflatten(0, (heads, -1))
    return (to_halves(split, dim=1) if layout == "interleaved" else split).flatten(0, 1)


def unit(x: Float[Tensor, "B D"], eps: float) -> Float[Tensor, "B D"]:
    """RMSNorm without its weight, and shorter by sqrt(D): `after` makes up for both."""
    return x * torch.rsqrt((x * x).sum(-1, keepdim=True) + x.shape[-1] * eps)


def after(norm: RMSNorm, *weights: Tensor) -> Tensor:
    """Join matrices that read what `norm` writes, so that they can read `unit`."""
    return torch.cat(weights) * (norm.weight * len(norm.weight) ** 0.5)


class Decoder:
    """A step of decoding: ids (B,), their cache and positions -> logits (B, V)."""

    def __init__(self, model: Transformer):
        self.model = model
        with torch.inference_mode():
            self.turns = half_tables(model.rope)
            self.layers = [step for block in model.layers for step in steps(block)]

    @torch.inference_mode()
    def __call__(
        self,
        ids: Int[Tensor, " B"],
        cache: Cache,
        positions: Int[Tensor, "B 1"],
        mask: Bool[Tensor, "B 1 1 S"] | None = None,
    ) -> Float[Tensor, "B V"]:
        """Feed one token a row; as elsewhere, the caller moves the cache on."""
        factors = self.turns.index_select(0, positions.squeeze(1)).unsqueeze(1)
        x = self.model.embed.weight.index_select(0, ids)
        for i, kept in enumerate(cache.layers):
            attend, feed = self.layers[2 * i : 2 * i + 2]
            x = x + attend(x, factors, kept, cache.length, mask)
            x = x + feed(x)
        return self.model.head(self.model.norm(x).unsqueeze(1)).squeeze(1)


def steps(block: Block) -> tuple:
    """Attention and feed-forward part of a block as functions, their norms inside."""
    mla = isinstance(block.attn, MultiHeadLatentAttention)
    attend = (mla_step if mla else gqa_step)(block.attn_norm, block.attn)
    moe = isinstance(block.ffn, MoE)
    return attend, (moe_step if moe else dense_step)(block.ffn_norm, block.ffn)


def weighted(scores: Float[Tensor, "*B S"], mask) -> Float[Tensor, "*B S"]:
    """Softmax over the keys that a row may see."""
    if mask is not None:
        scores = scores.masked_fill_(~mask, float("-inf"))
    return scores.softmax(dim=-1)


def mla_step(norm: RMSNorm, attn: MultiHeadLatentAttention):
    """Absorbed attention for one token; all rotary parts are turned together."""
    H, nope, R, C = attn.n_heads, attn.nope, attn.rope, attn.latent
    layout = "half" if attn.turn is apply_rope_half else "interleaved"
    latent, k_pe = attn.wkv_a.weight.split((C, R))
    k_pe = in_halves(k_pe, 1, layout)
    q = (attn.wq or attn.wq_b).weight.unflatten(0, (H, -1))
    q = q[:, :nope].flatten(0, 1), in_halves(q[:, nope:].flatten(0, 1), H, layout)
    if attn.wq:
        first, second = after(norm, latent, *q, k_pe), None
    else:  # queries are compressed before they are expanded
        first, second = after(norm, latent, attn.wq_a.weight, k_pe), torch.cat(q)
    w = attn.wkv_b.weight.view(H, -1, C)
    w_key = w[:, :nope] * attn.scale  # (H, d, C)
    w_value = w[:, nope:].transpose(1, 2).contiguous()  # (H, C, d)

    def step(x, factors, kept, start, mask):
        B, y = len(x), F.linear(unit(x, norm.eps), first)
        kept.key[:, start, :C] = attn.kv_norm(y[:, :C])
        rest = y[:, C:]
        if second is not None:
            y = F.linear(attn.q_norm(rest[:, :-R]), second)
            rest = torch.cat((y, rest[:, -R:]), dim=-1)
        rotary = turn(rest[:, H * nope :].view(B, H + 1, R), factors)
        kept.key[:, start, C:] = rotary[:, H]
        keys = kept.key[:, : start + 1]
        by_head = rest[:, : H * nope].view(B, H, nope).transpose(0, 1)  # (H, B, d)
        q_latent = torch.bmm(by_head, w_key).transpose(0, 1)
        q = torch.cat((q_latent, rotary[:, :H] * attn.scale), dim=-1)
        scores = torch.bmm(q, keys.transpose(1, 2))
        p = weighted(scores, None if mask is None else mask.squeeze(1))
        y = torch.bmm(p, keys[..., :C]).transpose(0, 1)  # (H, B, C)
        y = torch.bmm(y, w_value).transpose(0, 1).reshape(B, -1)
        return F.linear(y, attn.wo.weight)

    return step


def gqa_step(norm: RMSNorm, attn: GroupedQueryAttention):
    """Grouped-query attention for one token; queries and keys are turned together."""
    H, G, K = attn.n_heads, attn.n_kv_heads, attn.head_dim
    layout = "half" if attn.turn is apply_rope_half else "interleaved"

    def rows(name: str) -> list[Tensor]:
        q, k, v = (getattr(x, name) for x in (attn.wq, attn.wk, attn.wv))
        return [in_halves(q, H, layout), in_halves(k, G, layout), v]

    joined = after(norm, *rows("weight"))
    bias = torch.cat(rows("bias")) if attn.wq.bias is not None else None
    norms = (attn.q_norm, attn.k_norm) if isinstance(attn.q_norm, RMSNorm) else ()
    norms = [(in_halves(n.weight, 1, layout), n.eps) for n in norms]

    def step(x, factors, kept, start, mask):
        B, y = len(x), F.linear(unit(x, norm.eps), joined, bias)
        rotary = y[:, : (H + G) * K].view(B, H + G, K)
        if norms:
            parts = zip(rotary.split((H, G), dim=1), norms, strict=True)
            rotary = torch.cat([rms_norm(part, *n) for part, n in parts], dim=1)
        rotary = turn(rotary, factors)
        kept.key.select(2, start).copy_(rotary[:, H:])
        kept.value.select(2, start).copy_(y[:, (H + G) * K :].view(B, G, K))
        keys, values = (y.flatten(0, 1)[:, : start + 1] for y in (kept.key, kept.value))
        q = (rotary[:, :H] * K**-0.5).view(B * G, H // G, K)
        scores = torch.bmm(q, keys.transpose(1, 2)).view(B, G, H // G, -1)
        p = weighted(scores, mask).flatten(0, 1)
        y = torch.bmm(p, values).view(B, H * K)
        return F.linear(y, attn.wo.weight, attn.wo.bias)

    return step


def swiglu_of(y: Float[Tensor, "*B F2"]) -> Float[Tensor, "*B F"]:
    """SwiGLU of gate and up side by side."""
    return swiglu(*y.chunk(2, dim=-1))


def dense_step(norm: RMSNorm, ffn: SwiGLU):
    """SwiGLU with gate and up as one product."""
    w_in, w_down = after(norm, ffn.w_gate.weight, ffn.w_up.weight), ffn.w_down.weight
    return lambda x: F.linear(swiglu_of(F.linear(unit(x, norm.eps), w_in)), w_down)


def moe_step(norm: RMSNorm, moe: MoE):
    """The experts that each token asks for; few tokens fetch theirs one by one."""
    every, E = list(moe.experts), len(moe.experts)
    router = after(norm, moe.router.weight)
    w_in = [after(norm, e.w_gate.weight, e.w_up.weight) for e in every]
    w_in = torch.stack(w_in)  # (E, 2F, D)
    w_down = torch.stack([e.w_down.weight for e in every])  # (E, D, F)
    shared = dense_step(norm, moe.shared) if moe.shared is not None else None

    def step(x):
        short = unit(x, norm.eps)
        ids, weights = moe.choose(moe.scores(F.linear(short, router)))
        N, A = ids.shape
        if N * A > E:
            y = run_weights(short, ids, weights, w_in, w_down)
        else:  # fewer pairs than experts: fetch the weights of each pair
            chosen = ids.flatten()
            rows = short.unsqueeze(1).expand(N, A, -1).reshape(N * A, 1, -1)
            y = w_in.index_select(0, chosen).transpose(1, 2)
            y = swiglu_of(torch.bmm(rows, y))
            y = torch.bmm(y, w_down.index_select(0, chosen).transpose(1, 2))
            y = torch.bmm(weights.unsqueeze(1), y.view(N, A, -1)).squeeze(1)
        return y if shared is None else y + shared(x)

    return step
