"""What is special to DeepSeek-V3, held against transformers: experts and MTP.

`test_parity_families` compares whole models of this family and of four others.
"""

import json
from dataclasses import replace

import pytest
import torch
from parity import TOLERANCE, B, T, draw_anew, load_state, some_ids, theirs
from torch import nn

from r1lib import hub
from r1lib.hub.families import read_config
from r1lib.hub.names import split_experts
from r1lib.model.moe import route
from r1lib.model.transformer import Transformer, mtp_hidden


def ours(reference, n_mtp=0):
    """An empty model of ours with the sizes of a transformers model."""
    config = read_config(reference.config.to_dict())
    return Transformer(replace(config, n_mtp=n_mtp)).eval()


@torch.no_grad()
def test_the_same_experts_are_chosen_and_not_by_chance():
    reference = theirs("DeepseekV3")
    model = ours(reference)
    load_state(model, reference.state_dict())
    gate, layer = reference.model.layers[1].mlp.gate, model.layers[1].ffn
    x = torch.randn(50, 64)
    _, weights, ids = gate(x)
    scores = layer.router(x).sigmoid()
    chosen_by = (scores + layer.router_bias).sort(1).values
    assert chosen_by.diff(dim=1).min() > 1e-6  # no ties that rounding could turn
    assert (chosen_by < 0).any()
    our_ids, our_weights = route(scores, layer.router_bias, *layer.routing)
    order, our_order = ids.argsort(1), our_ids.argsort(1)
    assert torch.equal(ids.gather(1, order), our_ids.gather(1, our_order))
    torch.testing.assert_close(
        weights.gather(1, order), our_weights.gather(1, our_order)
    )


@torch.no_grad()
def test_experts_saved_one_by_one_are_those_held_fused_in_memory(tmp_path):
    reference = theirs("DeepseekV3", seed=2)
    reference.save_pretrained(tmp_path)
    saved, _ = hub.load_tensors(tmp_path / "model.safetensors")
    assert "model.layers.1.mlp.experts.15.gate_proj.weight" in saved
    assert "model.layers.1.mlp.experts.gate_up_proj" in reference.state_dict()
    apart = split_experts(reference.state_dict(), ours(reference).config)
    assert set(apart) == set(saved)
    assert all(torch.equal(apart[name], saved[name]) for name in saved)


def with_mtp():
    """A model with DeepSeek's layer after the last; reference: transformers' own
    decoder layer between DeepSeek's norms and join."""
    longer = theirs("DeepseekV3", seed=3, num_hidden_layers=4)
    norm = type(longer.model.norm)
    extra = nn.ModuleDict({n: norm(64, 1e-5) for n in ("enorm", "hnorm", "last")})
    extra["eh_proj"] = nn.Linear(128, 64, bias=False)
    draw_anew(extra, seed=4)
    tensors = {
        name.replace("last", "shared_head.norm"): x
        for name, x in extra.state_dict().items()
    }
    tensors["embed_tokens.weight"] = longer.model.embed_tokens.weight
    tensors["shared_head.head.weight"] = longer.lm_head.weight
    tensors = {f"model.layers.3.{name}": x.detach() for name, x in tensors.items()}
    return longer, extra, tensors | longer.state_dict()


@torch.no_grad()
def test_the_mtp_layer_is_the_one_after_the_last(tmp_path):
    longer, extra, tensors = with_mtp()
    content = longer.config.to_dict() | {"num_hidden_layers": 3}
    (tmp_path / "config.json").write_text(json.dumps(content))
    tensors = {name: x.clone() for name, x in tensors.items()}
    hub.save_tensors(tensors, tmp_path / "model.safetensors")
    model = hub.load(tmp_path).eval()
    assert model.config.n_mtp == 1
    ids, hidden = some_ids(), torch.randn(B, T, 64)
    joined = torch.cat(
        (extra["enorm"](model.embed(ids[:, 1:])), extra["hnorm"](hidden[:, :-1])), -1
    )
    places = torch.arange(T - 1)[None]
    mask = torch.full((T - 1, T - 1), float("-inf")).triu(1)[None, None]
    x = extra["eh_proj"](joined)
    rope = longer.model.rotary_emb(x, places)
    x = longer.model.layers[3](x, attention_mask=mask, position_embeddings=rope)
    torch.testing.assert_close(
        mtp_hidden(model, ids, hidden), extra["last"](x), **TOLERANCE
    )


def test_a_tensor_too_many_or_too_few_is_named_as_published():
    reference = theirs("DeepseekV3")
    tensors, model = reference.state_dict(), ours(reference)
    bias = "model.layers.0.self_attn.q_b_proj.bias"
    with pytest.raises(ValueError, match=f"unexpected {bias}"):
        load_state(model, tensors | {bias: torch.zeros(80)})
    norm = tensors.pop("model.norm.weight")
    with pytest.raises(ValueError, match="missing model.norm.weight"):
        load_state(model, tensors)
    with pytest.raises(ValueError, match=r"model.norm.weight: wanted shape \(64,\)"):
        load_state(model, tensors | {"model.norm.weight": norm[:9]})
    fused = "model.layers.1.mlp.experts.down_proj"
    with pytest.raises(ValueError, match=rf"{fused}: wanted shape \(16, 64, 24\)"):
        load_state(model, tensors | {fused: tensors[fused][:3]})
