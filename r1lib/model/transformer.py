"""Block and Transformer: the whole model, ids in, logits out."""

from contextlib import contextmanager

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from r1lib.model.attention import (
    GroupedQueryAttention,
    LayerCache,
    MultiHeadLatentAttention,
)
from r1lib.model.config import ModelConfig
from r1lib.model.layers import (
    RMSNorm,
    SwiGLU,
    angle_tables,
    llama3_frequencies,
    lookup_rope,
    rope_tables,
    yarn_frequencies,
    yarn_mscale,
)
from r1lib.model.moe import MoE, update_bias
from r1lib.model.mtp import MTPModule
from r1lib.tokenizer import PAD


def rope_of(c: ModelConfig) -> Float[Tensor, "2 T R"]:
    """Return cos and sin for every position and pair, scaled as the model asks."""
    size = (c.rope_dim, c.rope_theta)
    if not c.rope_scaling:
        return rope_tables(c.max_positions, *size)
    longer = (c.rope_factor, c.original_positions)
    if c.rope_scaling == "llama3":
        turns = (c.low_freq_factor, c.high_freq_factor)
        return angle_tables(c.max_positions, llama3_frequencies(*size, *longer, *turns))
    frequency = yarn_frequencies(*size, *longer, c.beta_fast, c.beta_slow)
    tables = angle_tables(c.max_positions, frequency)
    if not (c.mscale and c.mscale_all_dim):
        return tables * yarn_mscale(c.rope_factor)
    # DeepSeek moves the temperature into the attention's scale: this ratio is 1
    above, below = (yarn_mscale(c.rope_factor, m) for m in (c.mscale, c.mscale_all_dim))
    return tables * (above / below)


def rope_at(tables: Float[Tensor, "2 P R"], count: int, start=0, positions=None):
    """Return cos and sin of `count` places from `start`, or of the given positions."""
    end = start + count
    if positions is not None:
        # reading the largest position makes a GPU wait: skipped for one token
        end = int(positions.max()) + 1 if count > 1 else 0
    if end > tables.shape[1]:
        raise ValueError(f"the model knows {tables.shape[1]} positions, {end} needed")
    if positions is None:
        return tables[:, None, start:end]
    return lookup_rope(tables, positions)


def draw_weights(model: nn.Module, std: float) -> None:
    """Draw every matrix from a normal distribution; biases begin at 0, norms at 1."""
    for name, parameter in model.named_parameters():
        if parameter.is_meta:
            continue  # no storage, nothing to draw
        if parameter.dim() > 1:
            nn.init.normal_(parameter, std=std)
        elif name.endswith("bias"):
            nn.init.zeros_(parameter)


class Block(nn.Module):
    """Attention, then a feed-forward layer, each added to the residual stream."""

    def __init__(self, c: ModelConfig, moe: bool):
        super().__init__()
        self.attn_norm = RMSNorm(c.d_model, c.norm_eps)
        mla = c.attention == "mla"
        self.attn = MultiHeadLatentAttention(c) if mla else GroupedQueryAttention(c)
        self.ffn_norm = RMSNorm(c.d_model, c.norm_eps)
        self.ffn = MoE(c) if moe else SwiGLU(c.d_model, c.ffn_dim)

    def forward(self, x, rope, mask=None, cache=None, start=0, real=None):
        x = x + self.attn(self.attn_norm(x), rope, mask, cache, start)
        y = self.ffn_norm(x)
        return x + (self.ffn(y, real) if isinstance(self.ffn, MoE) else self.ffn(y))


class Cache:
    """One LayerCache per layer, and how many tokens they hold."""

    def __init__(self, layers: list):
        self.layers, self.length = layers, 0

    def select(self, rows: Tensor) -> None:
        """Keep (or repeat) the given rows of the batch in every layer."""
        for layer in self.layers:
            layer.select(rows)


class Transformer(nn.Module):
    """A decoder; `forward` always returns logits (B, T, V), `hidden` the states."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        c = self.config = config
        self.embed = nn.Embedding(c.vocab_size, c.d_model)
        self.layers = nn.ModuleList(Block(c, c.is_moe(i)) for i in range(c.n_layers))
        self.norm = RMSNorm(c.d_model, c.norm_eps)
        self.head = nn.Linear(c.d_model, c.vocab_size, bias=False)
        if c.tie_embeddings:
            self.head.weight = self.embed.weight
        self.mtp = MTPModule(c, Block(c, c.is_moe(c.n_layers))) if c.n_mtp else None
        self.register_buffer("rope", rope_of(c), persistent=False)
        draw_weights(self, c.init_std)

    def new_cache(self, batch: int, positions: int) -> Cache:
        """Make room for `positions` tokens of `batch` rows."""
        shapes, like = [x.attn.cache_shapes for x in self.layers], self.embed.weight
        return Cache([LayerCache(*pair, batch, positions, like) for pair in shapes])

    def hidden(
        self,
        ids: Int[Tensor, "B T"],
        cache: Cache | None = None,
        *,
        positions: Int[Tensor, "B T"] | None = None,
        attn_mask: Bool[Tensor, "B 1 T S"] | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Return the final normalised states; with a cache, ids continue it.

        The caller moves the cache on: `cache.length += ids.shape[1]`. In training mode
        the experts count their load: every token but PAD.
        """
        start = cache.length if cache is not None else 0
        rope = rope_at(self.rope, ids.shape[1], start, positions)
        x, real = self.embed(ids), ids != PAD
        for i, block in enumerate(self.layers):
            layer_cache = cache.layers[i] if cache is not None else None
            x = block(x, rope, attn_mask, layer_cache, start, real)
        return self.norm(x)

    def forward(self, ids, cache=None, *, positions=None, attn_mask=None):
        hidden = self.hidden(ids, cache, positions=positions, attn_mask=attn_mask)
        return self.head(hidden)


def new_model(config: ModelConfig, seed: int) -> Transformer:
    """Draw a model's parameters from a seed; what others draw is not changed by it."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return Transformer(config)


@contextmanager
def evaluating(model: nn.Module):
    """Put a model into eval mode; afterwards every module is as it was before.

    So it is when the block ends by an exception or by Ctrl-C, or when a generator that
    holds it is closed.

    >>> layer = nn.Dropout()
    >>> with evaluating(layer):
    ...     layer.training
    False
    >>> layer.training
    True
    """
    before = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield model
    finally:
        for module, training in before:
            module.training = training


def mtp_hidden(model: Transformer, ids, hidden) -> Float[Tensor, "B T D"]:
    """States for predicting two tokens ahead; the head at t stands for token t+2."""
    if model.mtp is None:
        raise ValueError("this model has no MTP module (n_mtp is 0)")
    embedding = model.embed(ids[:, 1:])
    rope, real = rope_at(model.rope, embedding.shape[1]), ids[:, 1:] != PAD
    return model.mtp(hidden[:, :-1], embedding, rope, real=real)


def router_loads(model: Transformer) -> dict[str, Tensor]:
    """Tokens per expert since the last `balance`, for each MoE layer by name.

    Padding is not counted, nor what the model reads outside training mode.
    """
    return {n: m.load for n, m in model.named_modules() if isinstance(m, MoE)}


def balance(model: Transformer, speed: float) -> None:
    """Update every router bias from the counted load, then count anew.

    A softmax gate has no bias: of its load only the count begins anew.
    """
    for module in model.modules():
        if isinstance(module, MoE):
            if module.router_bias is not None:
                module.router_bias.copy_(
                    update_bias(module.router_bias, module.load, speed)
                )
            module.load.zero_()
