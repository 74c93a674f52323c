"""How large a model is: the numbers that its cache keeps for a token."""

from r1lib.model.config import ModelConfig


def cache_numbers(c: ModelConfig) -> int:
    """Count the numbers that the cache of a model keeps for one token, all layers.

    Times the bytes of a number (2 in bfloat16), times tokens, times sequences: memory.

    >>> cache_numbers(ModelConfig(n_layers=61, kv_lora_rank=512, qk_rope_head_dim=64))
    35136
    """
    if c.attention == "mla":
        return c.n_layers * (c.kv_lora_rank + c.qk_rope_head_dim)
    return c.n_layers * 2 * c.n_kv_heads * c.head_dim
