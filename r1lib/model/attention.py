"""Attention: grouped-query, and DeepSeek's multi-head latent attention (MLA).

MLA (DeepSeek-V2, arXiv 2405.04434, section 2.1) caches one small latent per token
and one rotary key shared by all heads, instead of a key and a value per head. While
training, or reading a long prompt, keys and values are expanded from the latent
("naive"); while decoding, the expansion is absorbed into the query and the output, so
the cache is read as it is.

A cache is a plain tensor pair handed in by the caller; a layer never moves it on.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from r1lib.model.config import ModelConfig
from r1lib.model.layers import RMSNorm, apply_rope, apply_rope_half, yarn_mscale

ROPE = {"interleaved": apply_rope, "half": apply_rope_half}


class LayerCache:
    """Keys (or latents) and values of one layer for up to `positions` tokens.

    A shape is (heads, width) or (width,); the tokens of a head lie side by side, as
    the products of attention read them: (B, heads, positions, width).
    """

    def __init__(self, key_shape, value_shape, batch, positions, like: Tensor):
        self.key, self.value = (
            like.new_zeros(batch, *heads, positions, width)
            for *heads, width in (key_shape, value_shape)
        )

    def write(self, key, value, start: int) -> tuple[Tensor, Tensor]:
        """Store new entries at `start` and return everything up to their end."""
        end, room = start + key.shape[-2], self.key.shape[-2]
        if end > room:
            raise ValueError(f"the cache holds {room} tokens, {end} needed")
        self.key[..., start:end, :] = key
        self.value[..., start:end, :] = value
        return self.key[..., :end, :], self.value[..., :end, :]

    def select(self, rows: Tensor) -> None:
        """Keep (or repeat) the given rows of the batch."""
        self.key, self.value = self.key[rows], self.value[rows]


def attend(
    q: Float[Tensor, "B H T K"],
    k: Float[Tensor, "B #H S K"],
    v: Float[Tensor, "B #H S Y"],
    scale: float,
    mask: Bool[Tensor, "B 1 T S"] | None = None,
) -> Float[Tensor, "B H T Y"]:
    """softmax(q k^T * scale) v; without a mask, a token sees itself and all before."""
    T, S = q.shape[2], k.shape[2]
    if mask is None and T < S:  # the queries are the last T of S tokens
        mask = torch.ones(T, S, dtype=torch.bool, device=q.device).tril(S - T)
    return F.scaled_dot_product_attention(
        q, k, v, attn_mask=mask, is_causal=mask is None, scale=scale
    )


def attend_shared(
    q: Float[Tensor, "B 1 H K"],
    k: Float[Tensor, "B G S K"],
    v: Float[Tensor, "B G S Y"],
    scale: float,
    mask: Bool[Tensor, "B 1 1 S"] | None = None,
) -> Float[Tensor, "B 1 H Y"]:
    """Attention of one new token whose H query heads share G key and value heads.

    Heads that share a key are rows of one matrix, as if they were several tokens of one
    head, so the cache is read once and never copied.
    """
    B, _, H, K = q.shape
    G = k.shape[1]
    together = q.view(B, G, H // G, K)
    scores = (together @ k.transpose(-1, -2)) * scale  # (B, G, H / G, S)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return (scores.softmax(dim=-1) @ v).reshape(B, 1, H, -1)


class GroupedQueryAttention(nn.Module):
    """Several query heads share one key and value head (arXiv 2305.13245).

    As many key heads as query heads give multi-head attention (MHA), the original;
    a single key head gives multi-query attention (MQA, arXiv 1911.02150).
    Qwen2 adds biases to queries, keys and values; Qwen3 instead normalises each query
    and key head before it is turned.
    """

    def __init__(self, c: ModelConfig):
        super().__init__()
        self.n_heads, self.n_kv_heads = c.n_heads, c.n_kv_heads
        self.head_dim, self.turn = c.head_dim, ROPE[c.rope_layout]
        self.cache_shapes = ((c.n_kv_heads, c.head_dim),) * 2
        kv, bias = c.n_kv_heads * c.head_dim, c.attention_bias
        self.wq = nn.Linear(c.d_model, c.n_heads * c.head_dim, bias=bias)
        self.wk = nn.Linear(c.d_model, kv, bias=bias)
        self.wv = nn.Linear(c.d_model, kv, bias=bias)
        self.wo = nn.Linear(c.n_heads * c.head_dim, c.d_model, bias=c.output_bias)
        self.q_norm = RMSNorm(c.head_dim, c.norm_eps) if c.qk_norm else nn.Identity()
        self.k_norm = RMSNorm(c.head_dim, c.norm_eps) if c.qk_norm else nn.Identity()

    def forward(self, x, rope, mask=None, cache=None, start=0):
        B, T, _ = x.shape
        q = self.q_norm(self.wq(x).view(B, T, self.n_heads, self.head_dim))
        k = self.k_norm(self.wk(x).view(B, T, self.n_kv_heads, self.head_dim))
        v = self.wv(x).view(B, T, self.n_kv_heads, self.head_dim)
        q, k = self.turn(q, rope), self.turn(k, rope)
        k, v = k.transpose(1, 2), v.transpose(1, 2)  # (B, G, T, K)
        if cache is not None:
            k, v = cache.write(k, v, start)
        share = self.n_heads // self.n_kv_heads
        if share > 1 and T == 1:  # decoding: no need to copy keys
            y = attend_shared(q, k, v, self.head_dim**-0.5, mask)
            return self.wo(y.reshape(B, T, -1))
        k, v = (y.repeat_interleave(share, dim=1) for y in (k, v))
        y = attend(q.transpose(1, 2), k, v, self.head_dim**-0.5, mask)
        return self.wo(y.transpose(1, 2).reshape(B, T, -1))


def expand_latents(
    latents: Float[Tensor, "B S L"],
    weight: Float[Tensor, "O C"],
    n_heads: int,
    nope: int,
) -> tuple[Float[Tensor, "B S H K"], Float[Tensor, "B S H Y"]]:
    """Give every head its key and value, from the latent and the shared rotary key.

    DeepSeek-V3, eq. 1-5: a key is `nope` numbers expanded from the latent (its first C
    numbers), then the rotary key (the rest), the same for all heads.
    """
    latent, k_pe = latents.split(
        (weight.shape[1], latents.shape[2] - weight.shape[1]), -1
    )
    B, S, _ = latent.shape
    expanded = F.linear(latent, weight).view(B, S, n_heads, -1)
    k_nope, v = expanded.split((nope, expanded.shape[-1] - nope), dim=-1)
    k_pe = k_pe.unsqueeze(2).expand(B, S, n_heads, k_pe.shape[-1])
    return torch.cat((k_nope, k_pe), dim=-1), v


def naive_attention(
    q_nope: Float[Tensor, "B T H K"],
    q_pe: Float[Tensor, "B T H J"],
    latents: Float[Tensor, "B S L"],
    weight: Float[Tensor, "O C"],
    scale: float,
    mask: Bool[Tensor, "B 1 T S"] | None = None,
) -> Float[Tensor, "B H T Y"]:
    """Expand a key and a value for each head; best for many tokens at once.

    The definition, and the twin of `absorbed_attention`.
    """
    k, v = expand_latents(latents, weight, *q_nope.shape[2:])
    q = torch.cat((q_nope, q_pe), dim=-1)
    return attend(*(x.transpose(1, 2) for x in (q, k, v)), scale, mask)


def absorbed_attention(
    q_nope: Float[Tensor, "B T H K"],
    q_pe: Float[Tensor, "B T H J"],
    latents: Float[Tensor, "B S L"],
    weight: Float[Tensor, "O C"],
    scale: float,
    mask: Bool[Tensor, "B 1 T S"] | None = None,
) -> Float[Tensor, "B H T Y"]:
    """Move the queries into latent space instead; best for one token at a time.

    `naive_attention` is its twin. The letters are those of DeepSeek's model.py, which
    adds a second product for the rotary keys; here c runs on over them.
    """
    # t: queries, s: kept tokens, h: heads, d: numbers of a head, c: of a latent
    nope, C, T, S = q_nope.shape[3], weight.shape[1], q_nope.shape[1], latents.shape[1]
    w = weight.view(q_nope.shape[2], -1, C)
    w_key, w_value = w.split((nope, w.shape[1] - nope), dim=1)
    q_latent = torch.einsum("bthd,hdc->bthc", q_nope, w_key)
    q = torch.cat((q_latent, q_pe), dim=-1)
    scores = torch.einsum("bthc,bsc->bths", q, latents) * scale  # both parts at once
    if mask is None and T > 1:
        mask = torch.ones(1, 1, T, S, dtype=torch.bool, device=q.device).tril(S - T)
    if mask is not None:
        scores = scores.masked_fill(~mask.transpose(1, 2), float("-inf"))
    latent = latents[..., :C]  # what is mixed: a rotary key is no part of any value
    y = torch.einsum("bths,bsc->bthc", scores.softmax(dim=-1), latent)
    return torch.einsum("bthc,hdc->bhtd", y, w_value)


def crossover(c: ModelConfig) -> float:
    """Of many kept tokens, read so many at once, and both forms multiply equally often.

    A head with n queries and S kept tokens multiplies S C (K + Y) + n S (K + J + Y)
    times if naive, n C (K + Y) + n S (2 C + J) if absorbed: K and Y are the widths of
    a key without its rotary part and of a value, C that of a latent, J that of a rotary
    key. Both are equal at 1/n = 1/S + 1/X, with X = C (K + Y) / (2 C - K - Y), which is
    returned: the n for S without end. V3: X = 171, but n = 92 for S = 200. A prompt
    read from nothing (n = S) is always beyond it: there naive multiplies less.
    """
    each, C = c.qk_nope_head_dim + c.v_head_dim, c.kv_lora_rank
    return C * each / (2 * C - each) if 2 * C > each else float("inf")


def softmax_scale(c: ModelConfig) -> float:
    """Return 1/sqrt(width of a naive key), sharpened where YaRN stretches (MLA)."""
    scale = (c.qk_nope_head_dim + c.qk_rope_head_dim) ** -0.5
    if c.rope_scaling == "yarn" and c.mscale_all_dim:
        scale *= yarn_mscale(c.rope_factor, c.mscale_all_dim) ** 2
    return scale


class MultiHeadLatentAttention(nn.Module):
    """MLA with decoupled rotary keys (DeepSeek-V3, arXiv 2412.19437, eq. 1-11)."""

    def __init__(self, c: ModelConfig):
        super().__init__()
        self.n_heads, self.latent = c.n_heads, c.kv_lora_rank
        self.nope, self.rope = c.qk_nope_head_dim, c.qk_rope_head_dim
        self.scale, self.crossover = softmax_scale(c), crossover(c)
        self.turn = ROPE[c.rope_layout]
        self.cache_shapes = (self.latent + self.rope,), (0,)  # one tensor, no values
        q_out = c.n_heads * (self.nope + self.rope)
        kv_out = c.n_heads * (self.nope + c.v_head_dim)
        self.wq = None if c.q_lora_rank else nn.Linear(c.d_model, q_out, bias=False)
        if c.q_lora_rank:
            self.wq_a = nn.Linear(c.d_model, c.q_lora_rank, bias=False)
            self.q_norm = RMSNorm(c.q_lora_rank, 1e-6)
            self.wq_b = nn.Linear(c.q_lora_rank, q_out, bias=False)
        self.wkv_a = nn.Linear(c.d_model, self.latent + self.rope, bias=False)
        self.kv_norm = RMSNorm(self.latent, 1e-6)
        self.wkv_b = nn.Linear(self.latent, kv_out, bias=False)
        self.wo = nn.Linear(c.n_heads * c.v_head_dim, c.d_model, bias=False)

    def queries(self, x, rope):
        """Return the position-free and the rotary part of the queries."""
        q = self.wq(x) if self.wq else self.wq_b(self.q_norm(self.wq_a(x)))
        q = q.view(*x.shape[:2], self.n_heads, self.nope + self.rope)
        q_nope, q_pe = q.split((self.nope, self.rope), dim=-1)
        return q_nope, self.turn(q_pe, rope)

    def latents(self, x, rope):
        """Return what is cached: the normalised latent and the rotary key, joined."""
        latent, k_pe = self.wkv_a(x).split((self.latent, self.rope), dim=-1)
        k_pe = self.turn(k_pe.unsqueeze(2), rope).squeeze(2)
        return torch.cat((self.kv_norm(latent), k_pe), dim=-1)

    def forward(self, x, rope, mask=None, cache=None, start=0):
        (q_nope, q_pe), latents = self.queries(x, rope), self.latents(x, rope)
        if cache is not None:
            latents, _ = cache.write(latents, latents[..., :0], start)
        few = cache is not None and x.shape[1] < self.crossover
        attention = absorbed_attention if few else naive_attention
        y = attention(q_nope, q_pe, latents, self.wkv_b.weight, self.scale, mask)
        return self.wo(y.transpose(1, 2).reshape(*x.shape[:2], -1))
