"""What a model costs: arithmetic, memory, GPU hours, dollars.

Counted with a pencil from a ModelConfig, so that a model of 671 billion parameters
costs nothing here. One multiplication and one addition are two FLOPs. A test holds the
counts against torch's own counter, digit by digit.
"""

from r1lib.model import counts
from r1lib.model.config import ModelConfig

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
    return counts.active_parameters(c) - norms - biases


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


def cache_bytes(c: ModelConfig, tokens: int, bytes_per_number: int = 2) -> int:
    """Memory of the keys and values (or latents) of `tokens` tokens."""
    return counts.cache_bytes(c, bytes_per_number) * tokens


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
