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
