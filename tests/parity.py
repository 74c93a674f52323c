"""Tiny random models of transformers, and the same models read by r1lib.

Every parameter and buffer is drawn anew: norms of 1, biases of 0 and scores of 0.5
would hide a swapped name or a wrong order.
"""

import pytest
import torch
from torch import Tensor, nn

from r1lib.hub.names import match, split_experts, weights

transformers = pytest.importorskip("transformers")
pytest.importorskip("transformers.models.deepseek_v3")

B, T = 2, 75  # longer than the 32 or 64 positions that scaled ropes stretch
TOLERANCE = {"atol": 1e-4, "rtol": 1e-4}

COMMON = {
    "vocab_size": 128,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 128,
    "rms_norm_eps": 1e-5,
    "attn_implementation": "eager",
}
DEEPSEEK = {
    **COMMON,
    "num_key_value_heads": 4,
    "moe_intermediate_size": 24,
    "first_k_dense_replace": 1,
    "q_lora_rank": 20,
    "kv_lora_rank": 16,
    "qk_nope_head_dim": 12,
    "qk_rope_head_dim": 8,
    "v_head_dim": 10,
    "n_routed_experts": 16,
    "num_experts_per_tok": 4,
    "n_shared_experts": 1,
    "experts_implementation": "eager",
}
SIZES = {
    "DeepseekV3": {
        **DEEPSEEK,
        "n_group": 4,
        "topk_group": 2,
        "routed_scaling_factor": 2.5,
        "num_mtp_layers": 0,
    },
    "DeepseekV2": {**DEEPSEEK, "routed_scaling_factor": 1.5},
    "Qwen2": {**COMMON, "num_key_value_heads": 2},
    "Qwen3": {**COMMON, "num_key_value_heads": 2, "head_dim": 24},
    "Llama": {**COMMON, "num_key_value_heads": 2},
}


def yarn(**changes):
    """YaRN's settings for four times 32 positions."""
    return {
        "rope_type": "yarn",
        "rope_theta": 10_000.0,
        "factor": 4.0,
        "original_max_position_embeddings": 32,
        "beta_fast": 32,
        "beta_slow": 1,
        **changes,
    }


def plain(theta):
    """Rotary settings without scaling."""
    return {"rope_type": "default", "rope_theta": theta}


LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10_000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}


@torch.no_grad()
def draw_anew(module, seed):
    """Norms about 1, router rows about 1 long, router bias of both signs."""
    torch.manual_seed(seed)
    for name, x in (*module.named_parameters(), *module.named_buffers()):
        if name.endswith("inv_freq"):
            continue
        if "e_score_correction_bias" in name:
            x.normal_(-0.3, 0.3)  # some sums fall below 0, the value of a closed group
        elif name.endswith("bias"):
            x.normal_(0, 0.5)
        elif x.dim() == 1:
            x.normal_(1.0, 0.2)
        else:
            x.normal_(0, x.shape[-1] ** -0.5)
    return module.eval()


def theirs(family, seed=0, **changes):
    """A tiny random model of a family, as transformers builds it."""
    config = getattr(transformers, f"{family}Config")(**{**SIZES[family], **changes})
    return draw_anew(getattr(transformers, f"{family}ForCausalLM")(config), seed)


def small_qwen2():
    """A Qwen2 of 64 words for the trainers of TRL: id 0 pads, id 1 ends."""
    config = transformers.Qwen2Config(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=40,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
        tie_word_embeddings=False,
    )
    return transformers.Qwen2ForCausalLM(config)


def word_tokenizer():
    """Words w2 to w63, each one token; prompts are padded on the left."""
    tokenizers = pytest.importorskip("tokenizers")
    words = {"<pad>": 0, "<eos>": 1} | {f"w{i}": i for i in range(2, 64)}
    raw = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="w2"))
    raw.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw,
        pad_token="<pad>",
        eos_token="<eos>",
        padding_side="left",
    )


@torch.no_grad()
def draw_evenly(model):
    """Norms about 1, all else about 0, everything with the same spread."""
    for x in model.parameters():
        x.normal_(1.0 if x.dim() == 1 else 0.0, 0.2)
    return model


def some_ids(seed=7, rows=B, length=T):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(128, (rows, length), generator=generator)


@torch.no_grad()
def our_states(model, ids):
    """What transformers calls hidden states: each layer's input, then the last norm."""
    x, states = model.embed(ids), []
    for block in model.layers:
        states.append(x)
        x = block(x, model.rope[:, None, : ids.shape[1]])
    return [*states, model.norm(x)]


@torch.no_grad()
def decoded(model, ids, chunks):
    """Logits of the same ids, read piece by piece with a cache."""
    cache, logits = model.new_cache(*ids.shape), []
    for chunk in ids.split(chunks, dim=1):
        logits.append(model(chunk, cache))
        cache.length += chunk.shape[1]
    return torch.cat(logits, 1)


def load_state(model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Copy what `state_dict()` of a transformers model holds into ours."""
    own, read = weights(model), split_experts(tensors, model.config)
    with torch.no_grad():
        for name, ours in match(read, own, model.config).items():
            own[ours].copy_(read[name])
