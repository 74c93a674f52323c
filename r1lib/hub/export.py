"""Our models and our tokenizer in the words of transformers: the way out.

`hub.families` and `hub.names` read what others publish; this writes with the same
tables, and reads each configuration back before it is believed. Three families are
written: DeepSeek-V3 (multi-head latent attention, experts), Qwen3 (norms on queries and
keys) and Llama, which also takes what is Qwen2's: biases on queries, keys and values.
"""

import warnings
from dataclasses import fields, replace
from pathlib import Path

import torch
from torch import Tensor

from r1lib.hub.families import DEEPSEEK_SIZES, GROUPS, ROPE_SETTINGS, SIZES, read_config
from r1lib.hub.names import published_name, weights
from r1lib.model.config import ModelConfig
from r1lib.model.layers import to_halves
from r1lib.model.transformer import Transformer
from r1lib.tokenizer import ASSISTANT, BOS, EOS, PAD, SPECIAL, USER, Tokenizer
from r1lib.tokenizer.pretokenize import PRETOKENIZERS

ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"
BOOK_TOKENIZER = ARTIFACTS / "tokenizer" / "tokenizer.json"
MOST_ROWS = 1024  # no model of the book has more
CLASSES = {
    "deepseek_v3": "DeepseekV3ForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
    "llama": "LlamaForCausalLM",
}
EXPERTS = set(DEEPSEEK_SIZES.values()) - {
    "kv_lora_rank",
    "qk_nope_head_dim",
    "qk_rope_head_dim",
    "v_head_dim",
}
UNUSED = {  # fields that say nothing about a model with this attention
    "mla": {"n_kv_heads", "head_dim"},
    "gqa": set(DEEPSEEK_SIZES.values()) - {"n_routed_experts"}
    | {"q_lora_rank", "gate", "n_expert_groups", "n_limited_groups"},
}
# The layout of `chat`: earlier thinking is dropped. The turns are checked as there.
CHAT_TEMPLATE = (
    f"{SPECIAL[BOS]}"
    "{{ messages | selectattr('role', 'equalto', 'system')"
    " | map(attribute='content') | join('\n\n') }}"
    "{% for m in messages | rejectattr('role', 'equalto', 'system') %}"
    "{% if m.role != ('user', 'assistant')[loop.index0 % 2] %}"
    "{{ raise_exception('turns must be user, assistant, ..., got ' ~ m.role) }}"
    "{% elif m.role == 'user' %}"
    f"{SPECIAL[USER]}{{{{ m.content }}}}"
    "{% else %}"
    f"{SPECIAL[ASSISTANT]}{{{{ m.content.split('</think>')[-1] }}}}{SPECIAL[EOS]}"
    "{% endif %}{% endfor %}"
    f"{{% if add_generation_prompt %}}{SPECIAL[ASSISTANT]}{{% endif %}}"
)


def book_tokenizer(rows: int) -> Tokenizer | None:
    """The book's tokenizer for a model of `rows` ids; else a warning, and None."""
    tokenizer = Tokenizer.load(BOOK_TOKENIZER)
    if tokenizer.vocab_size <= rows <= MOST_ROWS:
        return tokenizer
    warnings.warn(
        f"no tokenizer is written: the book's has {tokenizer.vocab_size} ids, the "
        f"model {rows}; hand in its own, or copy its files",
        stacklevel=3,
    )
    return None


def as_published(c: ModelConfig, tokenizer: bool) -> ModelConfig:
    """Describe the same model by what transformers can build.

    Rotary pairs of dense models lie half a head apart. Biases on queries, keys and
    values alone are Qwen2's, but transformers 5 gives every folder of Qwen2 the cuts
    of Qwen's own tokenizer, whatever its tokenizer.json says; so where a `tokenizer`
    is written, an output bias of zeros makes a Llama of it.
    """
    if c.attention == "mla":
        return replace(c, n_mtp=0)
    zeros = c.attention_bias and (tokenizer or c.qk_norm)
    return replace(c, n_mtp=0, rope_layout="half", output_bias=c.output_bias or zeros)


def family(c: ModelConfig) -> str:
    """Name the family of transformers (its model_type) that can hold a model."""
    if c.attention == "mla":
        return "deepseek_v3"
    if c.qk_norm:
        return "qwen3"
    return "qwen2" if c.attention_bias and not c.output_bias else "llama"


def config_json(c: ModelConfig) -> dict:
    """Write a configuration as config.json of transformers; special ids not yet.

    What its family does not know is a ValueError: the result is read back.
    """
    names, dense = dict(SIZES), not c.n_routed_experts
    extra = {"num_key_value_heads": c.n_heads, "num_nextn_predict_layers": 0}
    if c.attention == "gqa":
        extra = {"num_key_value_heads": c.n_kv_heads, "head_dim": c.head_dim}
    else:
        names |= DEEPSEEK_SIZES | GROUPS
        extra["q_lora_rank"] = c.q_lora_rank or None
        extra["rope_interleave"] = c.rope_layout == "interleaved"
        # transformers knows this router by heart, vLLM asks for its name
        extra |= {"scoring_func": "sigmoid", "topk_method": "noaux_tc"}
        if not dense and (c.n_routed_experts < 2 or not c.n_shared_experts):
            raise ValueError(
                "deepseek_v3 needs a shared expert and two routed ones, got "
                f"{c.n_shared_experts} and {c.n_routed_experts}"
            )
    kind = c.rope_scaling or "default"
    rope = {n: getattr(c, ours) for n, ours in ROPE_SETTINGS[kind].items()}
    rope = {n: x for n, x in rope.items() if x}  # mscale 0 is "not given"
    content = {
        "model_type": family(c),
        "architectures": [CLASSES[family(c)]],
        **{theirs: getattr(c, ours) for theirs, ours in names.items()},
        **extra,
        "attention_bias": c.attention_bias,
        "hidden_act": "silu",
        "initializer_range": c.init_std,
        "rope_parameters": {"rope_type": kind, "rope_theta": c.rope_theta, **rope},
        "tie_word_embeddings": c.tie_embeddings,
    }
    if c.attention == "mla" and dense:
        content["first_k_dense_replace"] = c.n_layers
    _compare(c, read_config(content), content["model_type"])
    return content


def _compare(c: ModelConfig, again: ModelConfig, name: str) -> None:
    """Refuse a configuration that does not come back as it was."""
    skip = {"init_std"} | UNUSED[c.attention]
    skip |= set() if c.n_routed_experts else EXPERTS - {"n_routed_experts"}
    for settings in ROPE_SETTINGS.values():
        skip |= set(settings.values())
    skip -= set(ROPE_SETTINGS[c.rope_scaling or "default"].values())
    for field in (f.name for f in fields(c) if f.name not in skip):
        wanted, got = getattr(c, field), getattr(again, field)
        if wanted != got:
            raise ValueError(f"{name} cannot hold {field}={wanted!r}, only {got!r}")


def tensors(model: Transformer, published: ModelConfig) -> dict[str, Tensor]:
    """Return the weights under their published names, without the MTP module."""
    renamed, c = {}, model.config
    for name, x in weights(model).items():
        part = name.split(".")[-2]
        turned = {"wq": c.n_heads, "wk": c.n_kv_heads, "q_norm": 1, "k_norm": 1}
        if c.rope_layout != published.rope_layout and part in turned:
            x = to_halves(x.unflatten(0, (turned[part], -1)), 1).flatten(0, 1)
        if not name.startswith("mtp."):
            renamed[published_name(name, c)] = x
    if published.output_bias and not c.output_bias:
        for layer in range(c.n_layers):
            name = published_name(f"layers.{layer}.attn.wo.bias", c)
            renamed[name] = torch.zeros_like(model.norm.weight)
    return renamed


def byte_letters() -> list[str]:
    """Return the visible character by which tokenizer.json writes each byte (GPT-2).

    Visible bytes stand for themselves, the others for the characters from 256 on.
    """
    visible = {*range(33, 127), *range(161, 173), *range(174, 256)}
    hidden = [b for b in range(256) if b not in visible]
    return [chr(b if b in visible else 256 + hidden.index(b)) for b in range(256)]


def tokenizer_json(tokenizer: Tokenizer) -> dict:
    """Write a tokenizer as tokenizer.json of Hugging Face's tokenizers.

    pad, bos, eos, user and assistant are special there: decoding may skip them, and
    encoding with `split_special_tokens` reads them as text. The four tags are not: they
    are part of an answer. Two ids with the same text are a ValueError.
    """
    letters = byte_letters()
    text = {i: "".join(letters[b] for b in x) for i, x in tokenizer.bytes_of.items()}
    vocabulary = {name: i for i, name in (dict(enumerate(SPECIAL)) | text).items()}
    if len(vocabulary) != tokenizer.vocab_size:
        raise ValueError(
            f"{tokenizer.vocab_size} ids have only {len(vocabulary)} texts: "
            "tokenizer.json needs one text for each"
        )
    cuts = [
        {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated"}
        | {"invert": False}
        for pattern in PRETOKENIZERS[tokenizer.pretokenizer]
    ]
    level = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}
    level |= {"trim_offsets": True}
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": i, "content": name, **plain, "special": i <= ASSISTANT}
            for i, name in enumerate(SPECIAL)
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [*cuts, level]},
        "post_processor": None,
        "decoder": level,
        "model": {
            "type": "BPE",
            "vocab": vocabulary,
            "merges": [[text[left], text[right]] for left, right in tokenizer.merges],
        },
    }


def contents(
    model: Transformer, tokenizer: Tokenizer | None
) -> tuple[dict[str, dict], dict[str, Tensor]]:
    """Return the JSON files of an exported folder by name, and its tensors."""
    c = as_published(model.config, tokenizer is not None)
    ids = {"pad": PAD, "bos": BOS, "eos": EOS}
    config = config_json(c) | {
        "dtype": str(model.embed.weight.dtype).removeprefix("torch."),
        **{f"{name}_token_id": i if tokenizer else None for name, i in ids.items()},
    }
    written = {"config.json": config}
    if tokenizer is not None:
        written["tokenizer.json"] = tokenizer_json(tokenizer)
        written["tokenizer_config.json"] = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            **{f"{name}_token": SPECIAL[i] for name, i in ids.items()},
            "model_max_length": c.max_positions,
            "model_input_names": ["input_ids", "attention_mask"],
            "padding_side": "left",
            "clean_up_tokenization_spaces": False,
            "chat_template": CHAT_TEMPLATE,
        }
    return written, tensors(model, c)
