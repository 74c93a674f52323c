"""DeepSeek-V3 as transformers computes it, and as r1lib does: the same numbers.

Every parameter and buffer of a tiny model is drawn anew: norms of 1, biases of 0 and
scores of 0.5 would hide a swapped name or a wrong order.
"""

import pytest
import torch
from torch import nn

from r1lib import hub
from r1lib.model.config import ModelConfig
from r1lib.model.moe import route
from r1lib.model.transformer import Transformer, mtp_hidden

transformers = pytest.importorskip("transformers")
pytest.importorskip("transformers.models.deepseek_v3")

B, T = 3, 37
TOLERANCE = {"atol": 1e-4, "rtol": 1e-4}


def hf_config(**changes):
    sizes = {
        "vocab_size": 128,
        "hidden_size": 64,
        "intermediate_size": 96,
        "moe_intermediate_size": 24,
        "num_hidden_layers": 3,
        "first_k_dense_replace": 1,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "q_lora_rank": 20,
        "kv_lora_rank": 16,
        "qk_nope_head_dim": 12,
        "qk_rope_head_dim": 8,
        "v_head_dim": 10,
        "n_routed_experts": 16,
        "n_group": 4,
        "topk_group": 2,
        "num_experts_per_tok": 4,
        "n_shared_experts": 1,
        "routed_scaling_factor": 2.5,
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": 128,
        "attn_implementation": "eager",
        "experts_implementation": "eager",
        "num_mtp_layers": 0,
    }
    return transformers.DeepseekV3Config(**{**sizes, **changes})


def our_config(c, n_mtp=0) -> ModelConfig:
    return ModelConfig(
        vocab_size=c.vocab_size,
        d_model=c.hidden_size,
        n_layers=c.num_hidden_layers,
        n_heads=c.num_attention_heads,
        max_positions=c.max_position_embeddings,
        q_lora_rank=c.q_lora_rank or 0,
        kv_lora_rank=c.kv_lora_rank,
        qk_nope_head_dim=c.qk_nope_head_dim,
        qk_rope_head_dim=c.qk_rope_head_dim,
        v_head_dim=c.v_head_dim,
        ffn_dim=c.intermediate_size,
        n_dense_layers=c.first_k_dense_replace,
        n_routed_experts=c.n_routed_experts,
        n_shared_experts=c.n_shared_experts,
        n_activated_experts=c.num_experts_per_tok,
        n_expert_groups=c.n_group,
        n_limited_groups=c.topk_group,
        moe_ffn_dim=c.moe_intermediate_size,
        route_scale=c.routed_scaling_factor,
        norm_topk_prob=c.norm_topk_prob,
        n_mtp=n_mtp,
        norm_eps=c.rms_norm_eps,
    )


@torch.no_grad()
def draw_anew(module, seed):
    """Norms about 1, router rows about 1 long, router bias of both signs."""
    torch.manual_seed(seed)
    for name, x in (*module.named_parameters(), *module.named_buffers()):
        if name.endswith("inv_freq"):
            continue
        if "e_score_correction_bias" in name:
            x.normal_(-0.3, 0.3)  # some sums fall below 0, the value of a closed group
        elif x.dim() == 1:
            x.normal_(1.0, 0.2)
        else:
            x.normal_(0, x.shape[-1] ** -0.5)
    return module.eval()


def pair(seed=0, **changes):
    """The same tiny model twice: transformers' and ours."""
    c = hf_config(**changes)
    theirs = draw_anew(transformers.DeepseekV3ForCausalLM(c), seed)
    ours = Transformer(our_config(c)).eval()
    tensors = hub.from_hf_deepseek_v3(theirs.state_dict(), ours.config)
    ours.load_state_dict(tensors, strict=True)
    return theirs, ours, torch.randint(c.vocab_size, (B, T))


CASES = {
    "q-latent": {},
    "plain-q": {"q_lora_rank": None},
    "one-group": {"n_group": 1, "topk_group": 1},
    "two-shared": {"n_shared_experts": 2},
    "raw-weights": {"norm_topk_prob": False},
    "all-dense": {"first_k_dense_replace": 3},
}


@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
@torch.no_grad()
def test_hidden_states_and_logits_are_those_of_transformers(changes):
    theirs, ours, ids = pair(**changes)
    wanted = theirs(ids, output_hidden_states=True)
    x, states = ours.embed(ids), []
    for block in ours.layers:
        states.append(x)
        x = block(x, ours.rope[:, None, :T])
    states.append(ours.norm(x))
    assert len(states) == len(wanted.hidden_states)
    for state, their_state in zip(states, wanted.hidden_states, strict=True):
        torch.testing.assert_close(state, their_state, **TOLERANCE)
    torch.testing.assert_close(ours(ids), wanted.logits, **TOLERANCE)


@torch.no_grad()
def test_the_same_experts_are_chosen_and_not_by_chance():
    theirs, ours, _ = pair()
    gate, layer = theirs.model.layers[1].mlp.gate, ours.layers[1].ffn
    x = torch.randn(50, 64)
    _, weights, ids = gate(x)
    scores = layer.router(x).sigmoid()
    chosen_by = (scores + layer.router_bias).sort(1).values
    assert chosen_by.diff(dim=1).min() > 1e-6  # no ties that rounding could turn
    assert (chosen_by < 0).any()
    our_ids, our_weights = route(scores, layer.router_bias, *layer.how)
    order, our_order = ids.argsort(1), our_ids.argsort(1)
    assert torch.equal(ids.gather(1, order), our_ids.gather(1, our_order))
    torch.testing.assert_close(
        weights.gather(1, order), our_weights.gather(1, our_order)
    )


@torch.no_grad()
def test_decoding_with_our_cache_gives_transformers_logits():
    theirs, ours, ids = pair(seed=1)
    cache, logits = ours.new_cache(B, T), []
    for chunk in ids.split([20, 1, 1, 15], dim=1):
        logits.append(ours(chunk, cache))
        cache.length += chunk.shape[1]
    torch.testing.assert_close(torch.cat(logits, 1), theirs(ids).logits, **TOLERANCE)


@torch.no_grad()
def test_experts_saved_one_by_one_load_as_well_as_fused_ones(tmp_path):
    theirs, ours, ids = pair(seed=2)
    theirs.save_pretrained(tmp_path)
    tensors, _ = hub.load_tensors(tmp_path / "model.safetensors")
    assert "model.layers.1.mlp.experts.15.gate_proj.weight" in tensors
    assert "model.layers.1.mlp.experts.gate_up_proj" in theirs.state_dict()
    again = Transformer(ours.config).eval()
    again.load_state_dict(hub.from_hf_deepseek_v3(tensors, ours.config), strict=True)
    assert torch.equal(again(ids), ours(ids))


@torch.no_grad()
def test_the_mtp_layer_is_the_one_after_the_last():
    """Reference: transformers' own decoder layer between DeepSeek's norms and join."""
    c = hf_config()
    theirs = draw_anew(
        transformers.DeepseekV3ForCausalLM(hf_config(num_hidden_layers=4)), seed=3
    )
    norm = type(theirs.model.norm)
    extra = nn.ModuleDict({n: norm(64, 1e-5) for n in ("enorm", "hnorm", "last")})
    extra["eh_proj"] = nn.Linear(128, 64, bias=False)
    draw_anew(extra, seed=4)
    tensors = {
        name.replace("last", "shared_head.norm"): x
        for name, x in extra.state_dict().items()
    }
    tensors["embed_tokens.weight"] = theirs.model.embed_tokens.weight
    tensors["shared_head.head.weight"] = theirs.lm_head.weight
    tensors = {f"model.layers.3.{name}": x for name, x in tensors.items()}
    tensors |= theirs.state_dict()

    ours = Transformer(our_config(c, n_mtp=1)).eval()
    ours.load_state_dict(hub.from_hf_deepseek_v3(tensors, ours.config), strict=True)
    ids, hidden = torch.randint(128, (B, T)), torch.randn(B, T, 64)
    joined = torch.cat(
        (extra["enorm"](ours.embed(ids[:, 1:])), extra["hnorm"](hidden[:, :-1])), dim=-1
    )
    places = torch.arange(T - 1)[None]
    mask = torch.full((T - 1, T - 1), float("-inf")).triu(1)[None, None]
    x = extra["eh_proj"](joined)
    rope = theirs.model.rotary_emb(x, places)
    x = theirs.model.layers[3](x, attention_mask=mask, position_embeddings=rope)
    torch.testing.assert_close(
        mtp_hidden(ours, ids, hidden), extra["last"](x), **TOLERANCE
    )
    without = hub.from_hf_deepseek_v3(tensors, our_config(c))
    assert not any(name.startswith(("mtp", "layers.3")) for name in without)


def test_a_tensor_too_many_or_too_few_is_noticed():
    theirs, ours, _ = pair()
    tensors = theirs.state_dict()
    tensors["model.layers.0.self_attn.q_proj.bias"] = torch.zeros(80)
    with pytest.raises(RuntimeError, match="wq.bias"):
        ours.load_state_dict(hub.from_hf_deepseek_v3(tensors, ours.config))
