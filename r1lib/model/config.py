"""ModelConfig: every size of a model in one frozen record, and named PRESETS.

Names follow DeepSeek-V3's own inference code. `attention` is "mla" (multi-head latent
attention) or "gqa" (grouped queries, as in Llama and Qwen). A configuration checks
itself: whatever cannot be built is a ValueError that says which sizes do not fit.
"""

import json
from dataclasses import asdict, dataclass, fields, replace

LIMIT = 1 << 20  # no single size of a sane configuration is larger
ROPE_LIMIT = 1 << 27  # nor is a table of positions with more numbers
CHOICES = {
    "attention": ("mla", "gqa"),
    "gate": ("sigmoid", "softmax"),
    "rope_layout": ("interleaved", "half"),
    "rope_scaling": ("", "yarn", "llama3"),
}


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of a model. Zero switches a part off (experts, MTP, the q latent)."""

    vocab_size: int = 1024
    d_model: int = 128
    n_layers: int = 4
    n_heads: int = 4
    max_positions: int = 512
    # attention
    attention: str = "mla"
    n_kv_heads: int = 4  # gqa only
    head_dim: int = 32  # gqa only
    q_lora_rank: int = 0
    kv_lora_rank: int = 32
    qk_nope_head_dim: int = 16
    qk_rope_head_dim: int = 16
    v_head_dim: int = 32
    rope_theta: float = 10_000.0
    # feed-forward
    ffn_dim: int = 384
    n_dense_layers: int = 1
    n_routed_experts: int = 8
    n_shared_experts: int = 1
    n_activated_experts: int = 2
    n_expert_groups: int = 1
    n_limited_groups: int = 1
    moe_ffn_dim: int = 64
    route_scale: float = 1.0
    norm_topk_prob: bool = True
    # the rest
    n_mtp: int = 1
    norm_eps: float = 1e-6
    init_std: float = 0.02
    # what the published families add; config.json names it only where it is used
    attention_bias: bool = False  # gqa: on queries, keys and values (Qwen2)
    output_bias: bool = False  # gqa: on the output projection
    qk_norm: bool = False  # gqa: RMSNorm of each query and key head (Qwen3)
    tie_embeddings: bool = False  # the head is the embedding
    gate: str = "sigmoid"  # "softmax" in DeepSeek-V2
    rope_layout: str = "interleaved"  # pairs (2i, 2i+1), or "half": (i, i + dim/2)
    rope_scaling: str = ""  # "yarn" (DeepSeek) or "llama3"
    rope_factor: float = 1.0  # how many times longer than the positions of training
    original_positions: int = 4096  # those positions
    beta_fast: float = 32.0  # yarn: pairs that turn more often keep their speed
    beta_slow: float = 1.0  # yarn: pairs that turn less often are slowed by the factor
    mscale: float = 0.0  # yarn: attention temperature; 0 is "not given"
    mscale_all_dim: float = 0.0
    low_freq_factor: float = 1.0  # llama3: turns below which a pair is slowed
    high_freq_factor: float = 4.0  # llama3: turns above which it keeps its speed

    def __post_init__(self):
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                words = " or ".join(f'"{x}"' for x in allowed)
                raise ValueError(f"{name} must be {words}, got {getattr(self, name)!r}")
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type is int and not 0 <= value <= LIMIT:
                raise ValueError(f"{field.name} must be in 0..{LIMIT}, got {value}")
            if field.type is float and not 0 <= value <= 1e12:  # no nan, no inf
                raise ValueError(f"{field.name} must be in 0..1e12, got {value}")
        if self.n_mtp > 1:
            raise ValueError(f"one MTP module at most is built, got n_mtp={self.n_mtp}")
        self._check_present()
        self._check_attention()
        self._check_rope()
        self._check_experts()

    def _check_present(self):
        """Refuse a zero where it does not mean "without"."""
        needed = ["vocab_size", "d_model", "n_layers", "n_heads", "max_positions"]
        if self.attention == "gqa":
            needed += ["n_kv_heads", "head_dim"]
        else:
            needed += ["kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim"]
            needed += ["v_head_dim"]
        if self.n_routed_experts:
            needed += ["n_activated_experts", "n_expert_groups", "n_limited_groups"]
            needed += ["moe_ffn_dim"]
        if self.n_dense_layers or not self.n_routed_experts:
            needed += ["ffn_dim"]
        for name in needed:
            if not getattr(self, name):
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")

    def _check_attention(self):
        if self.rope_dim % 2:
            name = "head_dim" if self.attention == "gqa" else "qk_rope_head_dim"
            raise ValueError(
                f"rotary positions turn pairs: {name} must be even, got {self.rope_dim}"
            )
        if self.attention == "gqa" and self.n_heads % self.n_kv_heads:
            raise ValueError(
                f"n_heads ({self.n_heads}) must be a multiple of "
                f"n_kv_heads ({self.n_kv_heads})"
            )
        for name in ("attention_bias", "output_bias", "qk_norm"):
            if self.attention == "mla" and getattr(self, name):
                raise ValueError(f'{name} exists only with attention "gqa"')

    def _check_rope(self):
        if self.max_positions * self.rope_dim > ROPE_LIMIT:
            raise ValueError(
                f"max_positions ({self.max_positions}) times rotary dimensions "
                f"({self.rope_dim}) must be at most {ROPE_LIMIT}"
            )
        if self.rope_scaling and (self.rope_factor < 1 or not self.original_positions):
            raise ValueError(
                f'rope_scaling "{self.rope_scaling}" needs rope_factor >= 1 and '
                f"original_positions > 0, got {self.rope_factor} and "
                f"{self.original_positions}"
            )
        bounds = {
            "yarn": ("beta_slow", "beta_fast"),
            "llama3": ("low_freq_factor", "high_freq_factor"),
        }
        if names := bounds.get(self.rope_scaling):
            low, high = (getattr(self, name) for name in names)
            if not 0 < low < high:
                raise ValueError(
                    f"{names[0]} must be above 0 and below {names[1]}, "
                    f"got {low} and {high}"
                )
        if self.rope_theta <= 1:
            raise ValueError(f"rope_theta must be above 1, got {self.rope_theta}")

    def _check_experts(self):
        if not self.n_routed_experts:
            return
        if self.n_routed_experts % self.n_expert_groups:
            raise ValueError(
                f"n_routed_experts ({self.n_routed_experts}) must be a multiple of "
                f"n_expert_groups ({self.n_expert_groups})"
            )
        size = self.n_routed_experts // self.n_expert_groups
        if self.n_limited_groups > self.n_expert_groups:
            raise ValueError(
                f"n_limited_groups must be at most n_expert_groups "
                f"({self.n_expert_groups}), got {self.n_limited_groups}"
            )
        if self.n_expert_groups > 1 and size < 2 and self.gate == "sigmoid":
            raise ValueError("a group is judged by its two best experts, it has only 1")
        if self.n_activated_experts > size * self.n_limited_groups:
            raise ValueError(
                f"n_activated_experts must be at most {size * self.n_limited_groups}, "
                f"got {self.n_activated_experts}"
            )

    @property
    def rope_dim(self) -> int:
        """Dimensions of a query and key head that turn with the position."""
        return self.qk_rope_head_dim if self.attention == "mla" else self.head_dim

    def is_moe(self, layer: int) -> bool:
        """Say whether a layer has experts: all but the first `n_dense_layers`."""
        return self.n_routed_experts > 0 and layer >= self.n_dense_layers

    def to_json(self) -> str:
        """Write the configuration as config.json holds it.

        Fields from `attention_bias` on appear only where they are not the default:
        the file of a model without them, and so its sha256, stays what it was.
        """
        names = [field.name for field in fields(self)]
        later, plain = names[names.index("attention_bias") :], ModelConfig()
        content = asdict(self)
        for name in later:
            if content[name] == getattr(plain, name):
                del content[name]
        return json.dumps(content, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "ModelConfig":
        """Read config.json; unknown names are an error, not ignored."""
        return cls.from_dict(json.loads(text))

    @classmethod
    def from_dict(cls, content: dict) -> "ModelConfig":
        """Make a configuration of values of unknown origin: names and types first."""
        if not isinstance(content, dict):
            raise ValueError(f"a config is a JSON object, got {type(content).__name__}")
        types = {field.name: field.type for field in fields(cls)}
        if unknown := sorted(set(content) - set(types)):
            raise ValueError(f"config has unknown fields: {', '.join(unknown)}")
        for name, value in content.items():
            wanted = (int, float) if types[name] is float else types[name]
            truth = isinstance(value, bool) and types[name] is not bool
            if truth or not isinstance(value, wanted):
                raise ValueError(
                    f"{name} must be {types[name].__name__}, got {value!r}"
                )
        return cls(**content)


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
