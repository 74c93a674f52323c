"""ModelConfig: every size of a model in one frozen record, and named PRESETS.

Names follow DeepSeek-V3's own inference code. `attention` is "mla" (multi-head latent
attention) or "gqa" (grouped queries, as in Llama and Qwen).
"""

import json
from dataclasses import asdict, dataclass, fields

LIMIT = 1 << 20  # no single size of a sane configuration is larger


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

    def __post_init__(self):
        if self.attention not in ("mla", "gqa"):
            raise ValueError(
                f'attention must be "mla" or "gqa", got {self.attention!r}'
            )
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type is int and not 0 <= value <= LIMIT:
                raise ValueError(f"{field.name} must be in 0..{LIMIT}, got {value}")
        if self.qk_rope_head_dim % 2 or self.head_dim % 2:
            raise ValueError("rotary positions turn pairs: head sizes must be even")
        if self.n_mtp > 1:
            raise ValueError(f"one MTP module at most is built, got n_mtp={self.n_mtp}")
        self._check_experts()

    def _check_experts(self):
        if not self.n_routed_experts:
            return
        if self.n_routed_experts % self.n_expert_groups:
            raise ValueError(
                f"n_routed_experts ({self.n_routed_experts}) must be a multiple of "
                f"n_expert_groups ({self.n_expert_groups})"
            )
        reachable = (
            self.n_routed_experts // self.n_expert_groups * self.n_limited_groups
        )
        if self.n_activated_experts > reachable:
            raise ValueError(
                f"n_activated_experts must be at most {reachable}, "
                f"got {self.n_activated_experts}"
            )

    def is_moe(self, layer: int) -> bool:
        """Say whether a layer has experts: all but the first `n_dense_layers`."""
        return self.n_routed_experts > 0 and layer >= self.n_dense_layers

    def to_json(self) -> str:
        """Write the configuration as config.json holds it."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> "ModelConfig":
        """Read config.json; unknown names are an error, not ignored."""
        content = json.loads(text)
        types = {field.name: field.type for field in fields(cls)}
        if unknown := sorted(set(content) - set(types)):
            raise ValueError(f"config has unknown fields: {', '.join(unknown)}")
        for name, value in content.items():
            if not isinstance(
                value, (int, float) if types[name] is float else types[name]
            ):
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
