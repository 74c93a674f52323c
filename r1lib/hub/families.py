"""Published configurations in our words: config.json -> ModelConfig.

Five families as transformers' `save_pretrained` writes them: DeepSeek-V3 (R1 is one),
DeepSeek-V2, Qwen2, Qwen3, Llama. A setting that would change what a model computes and
that is not built here is refused by name, never skipped.
"""

from r1lib.files import shown
from r1lib.hub import fp8
from r1lib.model.config import ModelConfig

DEFAULTS = {  # what transformers takes where config.json is silent; sizes must be there
    "deepseek_v3": {
        "max_position_embeddings": 4096,
        "q_lora_rank": 1536,  # null means none
        "first_k_dense_replace": 3,
        "num_experts_per_tok": 8,
        "n_group": 8,
        "topk_group": 4,
        "routed_scaling_factor": 2.5,
        "norm_topk_prob": True,
    },
    "deepseek_v2": {
        "max_position_embeddings": 2048,
        "q_lora_rank": 1536,
        "first_k_dense_replace": 0,
        "routed_scaling_factor": 1.0,
        "norm_topk_prob": False,
    },
    "qwen2": {"max_position_embeddings": 32_768, "num_key_value_heads": 32},
    "qwen3": {
        "max_position_embeddings": 32_768,
        "num_key_value_heads": 32,
        "head_dim": 128,
    },
    "llama": {"max_position_embeddings": 2048},
}
COMMON = {"rope_theta": 10_000.0, "rms_norm_eps": 1e-6}  # defaults of all families
SIZES = {  # the same in all families
    "vocab_size": "vocab_size",
    "hidden_size": "d_model",
    "num_hidden_layers": "n_layers",
    "num_attention_heads": "n_heads",
    "max_position_embeddings": "max_positions",
    "intermediate_size": "ffn_dim",
    "rms_norm_eps": "norm_eps",
}
DEEPSEEK_SIZES = {
    "kv_lora_rank": "kv_lora_rank",
    "qk_nope_head_dim": "qk_nope_head_dim",
    "qk_rope_head_dim": "qk_rope_head_dim",
    "v_head_dim": "v_head_dim",
    "first_k_dense_replace": "n_dense_layers",
    "moe_intermediate_size": "moe_ffn_dim",
    "n_routed_experts": "n_routed_experts",
    "n_shared_experts": "n_shared_experts",
    "num_experts_per_tok": "n_activated_experts",
    "routed_scaling_factor": "route_scale",
    "norm_topk_prob": "norm_topk_prob",
}
GROUPS = {"n_group": "n_expert_groups", "topk_group": "n_limited_groups"}
ROPE_SETTINGS = {
    "default": {},
    "yarn": {
        "factor": "rope_factor",
        "original_max_position_embeddings": "original_positions",
        "beta_fast": "beta_fast",
        "beta_slow": "beta_slow",
        "mscale": "mscale",
        "mscale_all_dim": "mscale_all_dim",
    },
    "llama3": {
        "factor": "rope_factor",
        "original_max_position_embeddings": "original_positions",
        "low_freq_factor": "low_freq_factor",
        "high_freq_factor": "high_freq_factor",
    },
}
ROPE_NEEDED = {
    "yarn": ("factor",),
    "llama3": ("factor", "low_freq_factor", "high_freq_factor"),
}
NEUTRAL = {  # settings that may be written, as long as they change nothing
    "hidden_act": "silu",
    "mlp_bias": False,
    "use_sliding_window": False,
    "moe_layer_freq": 1,
    "partial_rotary_factor": 1.0,
    "pretraining_tp": 1,
}
ROPE_NEUTRAL = {"attention_factor": None, "truncate": True, "partial_rotary_factor": 1}


def _take(content: dict, names: dict) -> dict:
    if missing := [name for name in names if content.get(name) is None]:
        raise ValueError(f"config.json lacks {', '.join(missing)}")
    return {ours: content[theirs] for theirs, ours in names.items()}


def _choose(content: dict, name: str, default, allowed):
    """Return a setting that has few values; any other is refused."""
    value = content.get(name, default)
    if value not in allowed:
        words = " or ".join(repr(x) for x in allowed)
        raise ValueError(f"config.json: {name} must be {words}, got {shown(value)}")
    return value


def read_config(content: dict) -> ModelConfig:
    """Translate a published config.json. Without MTP: the tensors tell whether it is.

    The rotary settings are read from `rope_parameters` (transformers 5), else from
    `rope_scaling` and `rope_theta`. What is absent is as in transformers, except for
    sizes: these must be there.
    """
    fp8.is_used(content)  # else refused
    for name, value in NEUTRAL.items():
        _choose(content, name, value, (value, None))
    kinds = content.get("layer_types") or []
    if not isinstance(kinds, list) or any(kind != "full_attention" for kind in kinds):
        raise ValueError('config.json: layer_types must all be "full_attention"')
    family = _choose(content, "model_type", None, tuple(DEFAULTS))
    content = COMMON | DEFAULTS[family] | content
    special = _deepseek if family.startswith("deepseek") else _dense
    tied = _choose(content, "tie_word_embeddings", False, (False, True))
    ours = _take(content, SIZES) | _rope(content)
    ours |= {"tie_embeddings": tied, "n_mtp": 0} | special(content)
    return ModelConfig.from_dict(ours)


def _rope(content: dict) -> dict:
    given = content.get("rope_parameters") or content.get("rope_scaling") or {}
    if not isinstance(given, dict):
        raise ValueError(
            f"config.json: rope settings must be an object, got {shown(given)}"
        )
    given = {name: value for name, value in given.items() if value is not None}
    theta = given.pop("rope_theta", content.get("rope_theta"))
    if theta is None:
        raise ValueError("config.json lacks rope_theta")
    kind = given.pop("rope_type", given.get("type", "default"))
    if given.pop("type", kind) != kind or kind not in list(ROPE_SETTINGS):
        known = ", ".join(ROPE_SETTINGS)
        raise ValueError(
            f"config.json: rope type must be one of {known}, got {shown(kind)}"
        )
    names, settings = ROPE_SETTINGS[kind], {"rope_theta": theta}
    for name, value in given.items():
        if name in names:
            settings[names[name]] = value
        elif name not in ROPE_NEUTRAL or value != ROPE_NEUTRAL[name]:
            setting = f"{shown(name)[1:-1]}={shown(value)}"
            raise ValueError(f"config.json: rope {kind} with {setting}: unknown")
    if names:
        _take(given, dict.fromkeys(ROPE_NEEDED[kind], ""))
        settings["rope_scaling"] = kind
        settings.setdefault("original_positions", content["max_position_embeddings"])
    return settings


def _deepseek(content: dict) -> dict:
    v2 = content["model_type"] == "deepseek_v2"
    gate = "softmax" if v2 else "sigmoid"
    methods = ("greedy", "group_limited_greedy") if v2 else ("noaux_tc",)
    _choose(content, "attention_bias", False, (False,))
    _choose(content, "scoring_func", gate, (gate,))
    method = _choose(content, "topk_method", methods[0], methods)
    layout = _choose(content, "rope_interleave", True, (True, False))
    return {
        **_take(content, DEEPSEEK_SIZES | ({} if method == "greedy" else GROUPS)),
        "q_lora_rank": content.get("q_lora_rank") or 0,
        "rope_layout": "interleaved" if layout else "half",
        "gate": gate,
    }


def _dense(content: dict) -> dict:
    family, heads = content["model_type"], content.get("num_key_value_heads")
    if family == "qwen3":
        _take(content, {"head_dim": "head_dim"})  # not hidden_size / heads here
    width = content.get("head_dim")
    if width is None:
        width = _head_dim(content["hidden_size"], content["num_attention_heads"])
    always = family == "qwen2"  # no setting there: queries, keys and values have it
    bias = always or _choose(content, "attention_bias", False, (False, True))
    return {
        "attention": "gqa",
        "n_kv_heads": content["num_attention_heads"] if heads is None else heads,
        "head_dim": width,
        "rope_layout": "half",
        "n_routed_experts": 0,
        "attention_bias": bias,
        "output_bias": bias and not always,
        "qk_norm": family == "qwen3",
    }


def _head_dim(width, heads) -> int:
    if not isinstance(width, int) or not isinstance(heads, int) or heads < 1:
        raise ValueError(
            f"config.json: hidden_size {shown(width)} for {shown(heads)} heads"
        )
    if width % heads:
        raise ValueError(
            f"config.json: hidden_size ({shown(width)}) must be a multiple of "
            f"num_attention_heads ({shown(heads)}) where head_dim is not given"
        )
    return width // heads
