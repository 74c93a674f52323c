"""How large a model is: parameters, active parameters, cache per token.

Computed with a pencil from a ModelConfig alone, so that 671 billion parameters cost no
memory. A router's correction biases are counted: a checkpoint holds them, although no
gradient reaches them (torch calls them buffers). The MTP module counts where `n_mtp`
is 1; the 671B of the DeepSeek-V3 report (arXiv 2412.19437) are without it.
"""

from r1lib.model.config import ModelConfig


def attention_parameters(c: ModelConfig) -> int:
    """Weights of one attention layer, with the norms inside it."""
    if c.attention == "gqa":
        q, kv = c.n_heads * c.head_dim, c.n_kv_heads * c.head_dim
        biases = c.attention_bias * (q + 2 * kv) + c.output_bias * c.d_model
        return 2 * c.d_model * (q + kv) + biases + c.qk_norm * 2 * c.head_dim
    q = c.n_heads * (c.qk_nope_head_dim + c.qk_rope_head_dim)
    rank = c.q_lora_rank
    queries = c.d_model * rank + rank + rank * q if rank else c.d_model * q
    latent = c.d_model * (c.kv_lora_rank + c.qk_rope_head_dim) + c.kv_lora_rank
    expand = c.kv_lora_rank * c.n_heads * (c.qk_nope_head_dim + c.v_head_dim)
    return queries + latent + expand + c.n_heads * c.v_head_dim * c.d_model


def ffn_parameters(c: ModelConfig, moe: bool, active: bool = False) -> int:
    """Weights of one feed-forward layer; `active`: only those one token passes."""
    if not moe:
        return 3 * c.d_model * c.ffn_dim
    routed = c.n_activated_experts if active else c.n_routed_experts
    experts = 3 * c.d_model * c.moe_ffn_dim * (routed + c.n_shared_experts)
    biases = c.n_routed_experts if c.gate == "sigmoid" else 0
    return experts + c.d_model * c.n_routed_experts + biases


def layer_parameters(c: ModelConfig, moe: bool, active: bool = False) -> int:
    """Weights of one block: attention, feed-forward, the two norms before them."""
    return attention_parameters(c) + ffn_parameters(c, moe, active) + 2 * c.d_model


def body_parameters(c: ModelConfig, active: bool = False) -> int:
    """Weights of all blocks and the last norm, without embedding, head and MTP."""
    dense = min(c.n_dense_layers, c.n_layers) if c.n_routed_experts else c.n_layers
    sparse = (c.n_layers - dense) * layer_parameters(c, True, active)
    return dense * layer_parameters(c, False) + sparse + c.d_model


def mtp_parameters(c: ModelConfig) -> int:
    """Weights of one MTP module: a block, the join, three norms; no second head."""
    block = layer_parameters(c, c.is_moe(c.n_layers))
    return block + 2 * c.d_model * c.d_model + 3 * c.d_model


def parameters(c: ModelConfig) -> int:
    """All numbers of a checkpoint; a tied head is the embedding and counts once.

    >>> from r1lib.model.presets import PRESETS
    >>> parameters(PRESETS["deepseek-v3"])
    671026419200
    """
    matrices = 1 if c.tie_embeddings else 2
    mtp = c.n_mtp * mtp_parameters(c)
    return matrices * c.vocab_size * c.d_model + body_parameters(c) + mtp


def active_parameters(c: ModelConfig, embedding: bool = False) -> int:
    """Weights that one token passes on its way to the logits: body and head.

    DeepSeek-V3: 36.6 billion; 37.6 with the embedding, of which a token reads one row
    only. The report's "37B" fits either. The MTP module is not part of it.
    """
    matrices = 2 if embedding and not c.tie_embeddings else 1
    return matrices * c.vocab_size * c.d_model + body_parameters(c, active=True)


def cache_numbers(c: ModelConfig) -> int:
    """Numbers that the cache keeps for one token, over all layers."""
    if c.attention == "mla":
        return c.n_layers * (c.kv_lora_rank + c.qk_rope_head_dim)
    return c.n_layers * 2 * c.n_kv_heads * c.head_dim


def cache_bytes(c: ModelConfig, bytes_per_number: int = 2) -> int:
    """Bytes of cache per token; two bytes a number is bfloat16.

    >>> from r1lib.model.presets import PRESETS
    >>> cache_bytes(PRESETS["deepseek-v3"])
    70272
    """
    return cache_numbers(c) * bytes_per_number


# GPU hours that DeepSeek-V3 reports (arXiv 2412.19437, table 1), on H800
V3_HOURS = {
    "pre-training": 2_664_000,
    "context extension": 119_000,
    "post-training": 5_000,
}
H800_DOLLARS = 2.0  # rent of one H800 for an hour, assumed there


def multiplied_weights(c: ModelConfig) -> int:
    """Weights that one token is multiplied with: all active matrices and the head.

    The active parameters without those that are added or scaled: norms and biases.
    """
    norms = 2 * c.d_model * c.n_layers + c.d_model
    if c.attention == "mla":
        norms += (c.q_lora_rank + c.kv_lora_rank) * c.n_layers
    else:
        width = (c.n_heads + 2 * c.n_kv_heads) * c.head_dim
        inside = c.qk_norm * 2 * c.head_dim
        inside += c.attention_bias * width + c.output_bias * c.d_model
        norms += inside * c.n_layers
    moe = sum(c.is_moe(i) for i in range(c.n_layers))
    biases = moe * c.n_routed_experts * (c.gate == "sigmoid")
    return active_parameters(c) - norms - biases


def attention_flops(c: ModelConfig, keys: float, absorbed: bool = False) -> float:
    """FLOPs of one token's scores and weighted sum over `keys` tokens, all layers.

    `absorbed` is MLA's way of decoding: wider dot products, on the latent itself.
    """
    if c.attention == "gqa":
        width = 2 * c.head_dim
    elif absorbed:
        width = 2 * c.kv_lora_rank + c.qk_rope_head_dim
    else:
        width = c.qk_nope_head_dim + c.qk_rope_head_dim + c.v_head_dim
    return 2 * c.n_layers * c.n_heads * width * keys


def read_flops(c: ModelConfig, length: int) -> float:
    """FLOPs of a forward pass over one text, in which a token sees those before it.

    The masked half of the attention is not counted, though simple code computes it.
    """
    _at_least("length", length, 1)
    pairs = length * (length + 1) / 2
    return 2 * multiplied_weights(c) * length + attention_flops(c, pairs)


def decode_flops(c: ModelConfig, context: int) -> float:
    """FLOPs of writing one token after `context` others, with a cache."""
    _at_least("context", context, 0)
    absorbed = c.attention == "mla"
    return 2 * multiplied_weights(c) + attention_flops(c, context + 1, absorbed)


def training_flops(c: ModelConfig, tokens: float, length: int) -> float:
    """FLOPs of training on `tokens` in texts of `length`: forward, twice that backward.

    The MTP module is left out, and so is what is computed twice to save memory.
    """
    return 3 * read_flops(c, length) * tokens / length


def six_nd(parameters: float, tokens: float) -> float:
    """The rule of thumb for training: 6 FLOPs for each (active) parameter and token.

    Kaplan et al., arXiv 2001.08361, section 2.1.

    >>> six_nd(1e9, 2e10)
    1.2e+20
    """
    return 6 * parameters * tokens


def training_bytes(
    parameters: int,
    weight: int = 2,
    gradient: int = 2,
    master: int = 4,
    moment: int = 4,
) -> dict[str, int]:
    """Memory of training with AdamW, without activations; arguments in bytes a number.

    The defaults are the usual mixed precision: bfloat16 weights and gradients, and a
    float32 copy and two float32 moments in the optimizer. DeepSeek-V3 keeps float32
    gradients and bfloat16 moments (section 3.3.1).

    >>> sum(training_bytes(1000).values())
    16000
    """
    return {
        "weights": weight * parameters,
        "gradients": gradient * parameters,
        "optimizer": (master + 2 * moment) * parameters,
    }


def gpu_hours(flops: float, peak: float, utilization: float) -> float:
    """Hours of one GPU for that many FLOPs.

    `peak` is in FLOPs a second; `utilization`, in (0, 1], says how much of it is used.
    """
    if not 0 < utilization <= 1 or peak <= 0:
        raise ValueError(
            f"wanted peak > 0 and 0 < utilization <= 1, got {peak} and {utilization}"
        )
    return flops / (peak * utilization) / 3600


def utilization(flops: float, hours: float, peak: float) -> float:
    """Say which share of the peak a run has used (MFU), from its GPU hours."""
    if hours <= 0 or peak <= 0:
        raise ValueError(f"wanted hours > 0 and peak > 0, got {hours} and {peak}")
    return flops / (hours * 3600 * peak)


def dollars(hours: float, price: float = H800_DOLLARS) -> float:
    """Rent for GPU hours.

    >>> f"{dollars(sum(V3_HOURS.values())):,.0f}"
    '5,576,000'
    """
    return hours * price


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
