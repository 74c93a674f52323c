"""Published names of tensors, and ours.

One table serves all families: they share transformers' names. Experts come one by one,
as files hold them, or fused, as transformers 5 holds them in memory.
"""

from torch import Tensor, nn

from r1lib.files import SHOWN, line
from r1lib.model.config import ModelConfig

NAMES = {  # one part of our name: the published one
    "embed": "embed_tokens",
    "attn_norm": "input_layernorm",
    "attn": "self_attn",
    "wq": "q_proj",
    "wk": "k_proj",
    "wv": "v_proj",
    "wo": "o_proj",
    "wq_a": "q_a_proj",
    "wq_b": "q_b_proj",
    "wkv_a": "kv_a_proj_with_mqa",
    "kv_norm": "kv_a_layernorm",
    "wkv_b": "kv_b_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn": "mlp",
    "router": "gate",
    "router_bias": "gate.e_score_correction_bias",
    "shared": "shared_experts",
    "w_gate": "gate_proj",
    "w_up": "up_proj",
    "w_down": "down_proj",
}
MTP_NAMES = {
    "embed_norm": "enorm",
    "hidden_norm": "hnorm",
    "join": "eh_proj",
    "norm": "shared_head.norm",
}


def published_name(name: str, c: ModelConfig) -> str:
    """Say how a tensor of ours is called in a published file.

    >>> published_name("layers.1.attn.wq.weight", ModelConfig())
    'model.layers.1.self_attn.q_proj.weight'
    """
    if name == "head.weight":
        return "lm_head.weight"
    if name.startswith("mtp."):  # stored as the layer after the last
        first, _, rest = name.removeprefix("mtp.").partition(".")
        extra = f"layers.{c.n_layers}."
        if first != "block":
            return f"model.{extra}{MTP_NAMES[first]}.{rest}"
        name = extra + rest
    names = NAMES | ({"q_norm": "q_a_layernorm"} if c.attention == "mla" else {})
    return "model." + ".".join(names.get(part, part) for part in name.split("."))


def weights(model: nn.Module) -> dict[str, Tensor]:
    """Return what a checkpoint holds of a model: a tied head is not stored twice."""
    state = model.state_dict()
    if model.config.tie_embeddings:
        del state["head.weight"]
    return state


def has_mtp(names, c: ModelConfig) -> bool:
    """Say whether a published file holds the layer after the last."""
    return any(name.startswith(f"model.layers.{c.n_layers}.") for name in names)


def is_copy(name: str, c: ModelConfig) -> bool:
    """Say whether a published tensor repeats another, or what a config says anyway."""
    extra = f"model.layers.{c.n_layers}."
    copies = [f"{extra}embed_tokens.weight", f"{extra}shared_head.head.weight"]
    copies += ["lm_head.weight"] if c.tie_embeddings else []
    return name in copies or name.endswith(".rotary_emb.inv_freq")


def split_experts(tensors: dict[str, Tensor], c: ModelConfig) -> dict[str, Tensor]:
    """Take apart the experts that transformers 5 holds in memory as one tensor.

    `experts.gate_up_proj` is (E, 2F, D), gates above ups; `experts.down_proj` is
    (E, D, F). Files hold one tensor for each expert, and pass unchanged.
    """
    split = {}
    shapes = {
        "gate_up_proj": (c.n_routed_experts, 2 * c.moe_ffn_dim, c.d_model),
        "down_proj": (c.n_routed_experts, c.d_model, c.moe_ffn_dim),
    }
    for name, tensor in tensors.items():
        stem, _, last = name.rpartition(".")
        if not stem.endswith(".mlp.experts") or last not in shapes:
            split[name] = tensor
            continue
        if tensor.shape != shapes[last]:
            shape = tuple(tensor.shape)
            raise ValueError(f"{name}: wanted shape {shapes[last]}, got {shape}")
        kinds = ("gate_proj", "up_proj") if last == "gate_up_proj" else (last,)
        for e, expert in enumerate(tensor):
            for kind, weight in zip(kinds, expert.chunk(len(kinds)), strict=True):
                split[f"{stem}.{e}.{kind}.weight"] = weight
    return split


def match(
    held: dict[str, Tensor], wanted: dict[str, Tensor], c: ModelConfig
) -> dict[str, str]:
    """Map published names to ours, for the tensors that `wanted` asks for.

    Whatever is missing, unexpected or of another shape is a ValueError that names it.
    """
    names = {published_name(name, c): name for name in wanted}
    published = {name: wanted[ours] for name, ours in names.items()}
    held = {name: x for name, x in held.items() if not is_copy(name, c)}
    if problems := differences(published, held):
        raise ValueError("; ".join(problems))
    return names


def differences(wanted: dict, stored: dict) -> list[str]:
    """List tensors that are missing, unexpected or of another shape: the first five."""
    sizes = [sum(x.numel() for x in which.values()) for which in (wanted, stored)]
    problems = [f"missing {n}" for n in sorted(set(wanted) - set(stored))]
    problems += [f"unexpected {n}" for n in sorted(set(stored) - set(wanted))]
    for name in sorted(set(wanted) & set(stored)):
        if wanted[name].shape != stored[name].shape:
            shapes = f"{tuple(wanted[name].shape)}, got {tuple(stored[name].shape)}"
            problems.append(f"{name}: wanted shape {shapes}")
    if sizes[0] > sizes[1]:
        problems = [f"{sizes[0]:,} parameters described, {sizes[1]:,} held", *problems]
    return [line(problem, SHOWN) for problem in problems[:6]]
