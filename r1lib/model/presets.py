"""PRESETS: configurations by name, the book's own and those of published models."""

from dataclasses import replace

from r1lib.model.config import ModelConfig

PRESETS: dict[str, ModelConfig] = {
    "tiny": ModelConfig(
        d_model=96,
        kv_lora_rank=32,
        qk_nope_head_dim=16,
        qk_rope_head_dim=8,
        v_head_dim=24,
        ffn_dim=256,
        n_routed_experts=8,
        n_shared_experts=2,
        n_activated_experts=2,
        moe_ffn_dim=32,
    ),
    "tiny-dense": ModelConfig(
        d_model=96,
        attention="gqa",
        head_dim=24,
        ffn_dim=192,
        n_routed_experts=0,
        n_mtp=0,
    ),
    "smoke": ModelConfig(d_model=32, n_layers=2, ffn_dim=64, moe_ffn_dim=16),
}

_DEEPSEEK_YARN = {  # V3 report, section 4.3: 4,096 positions to 128K, in two phases
    "max_positions": 163_840,
    "rope_scaling": "yarn",
    "rope_factor": 40.0,
    "original_positions": 4096,
}
_QWEN = ModelConfig(
    vocab_size=151_936,
    attention="gqa",
    max_positions=32_768,
    head_dim=128,
    rope_theta=1e6,
    rope_layout="half",
    n_routed_experts=0,
    n_mtp=0,
)
_QWEN_1_5B = replace(
    _QWEN,
    d_model=1536,
    n_layers=28,
    n_heads=12,
    n_kv_heads=2,
    ffn_dim=8960,
    attention_bias=True,
    tie_embeddings=True,
)
_LLAMA = ModelConfig(
    vocab_size=128_256,
    n_heads=32,
    attention="gqa",
    max_positions=131_072,
    n_kv_heads=8,
    rope_theta=500_000.0,
    rope_layout="half",
    rope_scaling="llama3",
    original_positions=8192,
    norm_eps=1e-5,
    n_routed_experts=0,
    n_mtp=0,
)
# Sizes as in the config.json published with each model. "deepseek-v3" is the main
# model, the 671B of the paper; `replace(config, n_mtp=1)` adds the MTP module. R1 and
# R1-Zero have the same sizes.
PRESETS |= {
    "deepseek-v3": ModelConfig(
        vocab_size=129_280,
        d_model=7168,
        n_layers=61,
        n_heads=128,
        q_lora_rank=1536,
        kv_lora_rank=512,
        qk_nope_head_dim=128,
        qk_rope_head_dim=64,
        v_head_dim=128,
        ffn_dim=18_432,
        n_dense_layers=3,
        n_routed_experts=256,
        n_shared_experts=1,
        n_activated_experts=8,
        n_expert_groups=8,
        n_limited_groups=4,
        moe_ffn_dim=2048,
        route_scale=2.5,
        n_mtp=0,
        init_std=0.006,
        mscale=1.0,
        mscale_all_dim=1.0,
        **_DEEPSEEK_YARN,
    ),
    "deepseek-v2-lite": ModelConfig(
        vocab_size=102_400,
        d_model=2048,
        n_layers=27,
        n_heads=16,
        kv_lora_rank=512,
        qk_nope_head_dim=128,
        qk_rope_head_dim=64,
        v_head_dim=128,
        ffn_dim=10_944,
        n_routed_experts=64,
        n_shared_experts=2,
        n_activated_experts=6,
        moe_ffn_dim=1408,
        norm_topk_prob=False,
        gate="softmax",
        n_mtp=0,
        mscale=0.707,
        mscale_all_dim=0.707,
        **_DEEPSEEK_YARN,
    ),
    "qwen2.5-0.5b": replace(
        _QWEN_1_5B,
        d_model=896,
        n_layers=24,
        n_heads=14,
        head_dim=64,
        ffn_dim=4864,
    ),
    "qwen2.5-1.5b": _QWEN_1_5B,
    "qwen3-0.6b": replace(
        _QWEN,
        d_model=1024,
        n_layers=28,
        n_heads=16,
        max_positions=40_960,
        n_kv_heads=8,
        ffn_dim=3072,
        qk_norm=True,
        tie_embeddings=True,
    ),
    "llama-3.2-1b": replace(
        _LLAMA,
        d_model=2048,
        n_layers=16,
        head_dim=64,
        ffn_dim=8192,
        tie_embeddings=True,
        rope_factor=32.0,
    ),
    "r1-distill-qwen-1.5b": replace(
        _QWEN_1_5B,
        max_positions=131_072,
        rope_theta=10_000.0,
        tie_embeddings=False,
    ),
    "r1-distill-llama-8b": replace(
        _LLAMA,
        d_model=4096,
        n_layers=32,
        head_dim=128,
        ffn_dim=14_336,
        rope_factor=8.0,
    ),
}
# Students for distillation, smaller than the teacher "tiny", shaped as those of the
# paper: Qwen2.5 (biases, tied embeddings) and Llama. Use with its tokenizer's size:
# `replace(config, vocab_size=tokenizer.vocab_size)`.
_STUDENT = ModelConfig(
    d_model=64,
    attention="gqa",
    n_kv_heads=2,
    head_dim=16,
    rope_layout="half",
    ffn_dim=192,
    n_routed_experts=0,
    n_mtp=0,
)
_SMALLER = {"d_model": 48, "n_layers": 3, "head_dim": 12, "ffn_dim": 144}
_LARGER = {"d_model": 96, "head_dim": 24, "ffn_dim": 256}
_STUDENT_QWEN = replace(_STUDENT, attention_bias=True, tie_embeddings=True)
_STUDENT_LLAMA = replace(_STUDENT, norm_eps=1e-5)
PRESETS |= {
    "student-qwen-small": replace(_STUDENT_QWEN, **_SMALLER),
    "student-qwen": _STUDENT_QWEN,
    "student-qwen-large": replace(_STUDENT_QWEN, **_LARGER),
    "student-qwen3": replace(_STUDENT, qk_norm=True, tie_embeddings=True),
    "student-llama-small": replace(_STUDENT_LLAMA, **_SMALLER),
    "student-llama": _STUDENT_LLAMA,
    "student-llama-large": replace(_STUDENT_LLAMA, **_LARGER),
}
