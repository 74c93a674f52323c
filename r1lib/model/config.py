"""ModelConfig: every size of a model in one frozen record.

Names follow DeepSeek-V3's own inference code. `attention` is "mla" (multi-head latent
attention) or "gqa" (grouped queries, as in Llama and Qwen). A configuration checks
itself: whatever cannot be built is a ValueError that says which sizes do not fit.
"""

import json
from dataclasses import asdict, dataclass, fields

from r1lib.files import SHOWN, line, shown

LIMIT = 1 << 20  # no single size of a sane configuration is larger
ROPE_LIMIT = 1 << 27  # nor is a table of positions with more numbers
CHOICES = {
    "attention": ("mla", "gqa"),
    "gate": ("sigmoid", "softmax"),
    "rope_layout": ("interleaved", "half"),
    "rope_scaling": ("", "yarn", "llama3"),
}
TURNS = {  # the lower and the upper bound between which pairs are slowed
    "yarn": ("beta_slow", "beta_fast"),
    "llama3": ("low_freq_factor", "high_freq_factor"),
}
NEEDED = {  # a zero is no size here
    "all": ("vocab_size", "d_model", "n_layers", "n_heads", "max_positions"),
    "gqa": ("n_kv_heads", "head_dim"),
    "mla": ("kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim"),
    "experts": (
        "n_activated_experts",
        "n_expert_groups",
        "n_limited_groups",
        "moe_ffn_dim",
    ),
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
        for check in (self._sizes, self._attention, self._rope, self._experts):
            for problem in check():
                raise ValueError(problem)

    def _sizes(self):
        """Say which field is out of its range, or 0 without meaning "without"."""
        for name, allowed in CHOICES.items():
            if (value := getattr(self, name)) not in allowed:
                words = " or ".join(f'"{x}"' for x in allowed)
                yield f"{name} must be {words}, got {shown(value)}"
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type is int and not 0 <= value <= LIMIT:
                yield f"{field.name} must be in 0..{LIMIT}, got {shown(value)}"
            if field.type is float and not 0 <= value <= 1e12:  # no nan, no inf
                yield f"{field.name} must be in 0..1e12, got {shown(value)}"
        if self.n_mtp > 1:
            yield f"one MTP module at most is built, got n_mtp={self.n_mtp}"
        needed = NEEDED["all"] + NEEDED[self.attention]
        if self.n_routed_experts:
            needed += NEEDED["experts"]
        if self.n_dense_layers or not self.n_routed_experts:
            needed += ("ffn_dim",)
        for name in needed:
            if not getattr(self, name):
                yield f"{name} must be above 0, got {getattr(self, name)}"

    def _attention(self):
        if self.rope_dim % 2:
            name = "head_dim" if self.attention == "gqa" else "qk_rope_head_dim"
            yield f"rotary pairs: {name} must be even, got {self.rope_dim}"
        if self.attention == "gqa":
            yield from self._not_a_multiple("n_heads", "n_kv_heads")
        for name in ("attention_bias", "output_bias", "qk_norm"):
            if self.attention == "mla" and getattr(self, name):
                yield f'{name} exists only with attention "gqa"'

    def _rope(self):
        if self.max_positions * self.rope_dim > ROPE_LIMIT:
            yield (
                f"max_positions ({self.max_positions}) times rotary dimensions "
                f"({self.rope_dim}) must be at most {ROPE_LIMIT}"
            )
        if self.rope_scaling and (self.rope_factor < 1 or not self.original_positions):
            yield (
                f'rope_scaling "{self.rope_scaling}" needs rope_factor >= 1 and '
                f"original_positions > 0, got {self.rope_factor} and "
                f"{self.original_positions}"
            )
        if names := TURNS.get(self.rope_scaling):
            low, high = (getattr(self, name) for name in names)
            if not 0 < low < high:
                between = f"{names[0]} must be above 0 and below {names[1]}"
                yield f"{between}, got {low} and {high}"
        if self.rope_theta <= 1:
            yield f"rope_theta must be above 1, got {self.rope_theta}"

    def _experts(self):
        if not self.n_routed_experts:
            return
        yield from self._not_a_multiple("n_routed_experts", "n_expert_groups")
        size = self.n_routed_experts // self.n_expert_groups
        most = {
            "n_limited_groups": self.n_expert_groups,
            "n_activated_experts": size * self.n_limited_groups,
        }
        for name, limit in most.items():
            if getattr(self, name) > limit:
                yield f"{name} must be at most {limit}, got {getattr(self, name)}"
        if self.n_expert_groups > 1 and size < 2 and self.gate == "sigmoid":
            yield "a group is judged by its two best experts, it has only 1"

    def _not_a_multiple(self, whole: str, part: str):
        """Say so where one size does not divide another."""
        a, b = getattr(self, whole), getattr(self, part)
        if a % b:
            yield f"{whole} ({a}) must be a multiple of {part} ({b})"

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
    def from_dict(cls, content: dict) -> "ModelConfig":
        """Make a configuration of values of unknown origin: names and types first."""
        if not isinstance(content, dict):
            raise ValueError(f"a config is a JSON object, got {type(content).__name__}")
        types = {field.name: field.type for field in fields(cls)}
        if unknown := sorted(map(str, set(content) - set(types))):
            names = line(", ".join(unknown), SHOWN)
            raise ValueError(f"config has unknown fields: {names}")
        for name, value in content.items():
            wanted = (int, float) if types[name] is float else types[name]
            truth = isinstance(value, bool) and types[name] is not bool
            if truth or not isinstance(value, wanted):
                raise ValueError(
                    f"{name} must be {types[name].__name__}, got {shown(value)}"
                )
        return cls(**content)
