"""A decoder with its weights laid out anew gives the logits of the model."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from r1lib.model import decoding
from r1lib.model.config import ModelConfig
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import new_model
from r1lib.sampling import decoder, generate, next_logits, read_prompts
from r1lib.training.optim import adamw

SMALL = ModelConfig(vocab_size=48, d_model=24, n_layers=3, max_positions=64, ffn_dim=40)
GQA = replace(
    SMALL,
    attention="gqa",
    n_kv_heads=2,
    head_dim=6,
    n_routed_experts=0,
    n_mtp=0,
)
CONFIGS = {
    "mla and experts": replace(SMALL, moe_ffn_dim=16),
    "mla": replace(SMALL, n_routed_experts=0, n_mtp=0),
    "compressed queries": replace(SMALL, moe_ffn_dim=16, q_lora_rank=10),
    "gate of V2": replace(SMALL, gate="softmax", moe_ffn_dim=16),
    "no shared experts": replace(SMALL, n_shared_experts=0, moe_ffn_dim=16),
    "yarn": replace(
        SMALL,
        rope_scaling="yarn",
        rope_factor=4.0,
        original_positions=16,
        mscale_all_dim=1.0,
    ),
    "half layout": replace(SMALL, rope_layout="half"),
    "gqa": GQA,
    "mha": replace(GQA, n_kv_heads=4),
    "mqa": replace(GQA, n_kv_heads=1),
    "qwen2": replace(GQA, rope_layout="half", attention_bias=True),
    "llama": replace(GQA, rope_layout="half", tie_embeddings=True),
    "qwen3": replace(GQA, qk_norm=True),
    "qwen3, half": replace(GQA, qk_norm=True, rope_layout="half"),
    "output bias": replace(GQA, output_bias=True),
}
PROMPTS = [[1, 7, 9], [1, 8], [1, 5, 6, 7, 8]]


def shaken(config, seed=0):
    """A model none of whose weights, norms and biases is at its beginning."""
    model = new_model(config, seed).eval()
    dice = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, x in (*model.named_parameters(), *model.named_buffers()):
            if not name.endswith(("rope", "load")):
                x += 0.2 * torch.randn(x.shape, generator=dice)
    return model


@torch.no_grad()
def logits_of(model, decode, prompts, repeat):
    given, cache, seen = read_prompts(model, prompts, 8, repeat)
    found = [given]
    for token in range(10, 16):
        found.append(decode(torch.full((len(given),), token), cache, seen))
    return torch.stack(found)


@pytest.mark.parametrize(
    "repeat", [1, 5]
)  # few tokens fetch experts, many are laid out
@pytest.mark.parametrize("prompts", [PROMPTS[:1], PROMPTS], ids=["one", "padded"])
@pytest.mark.parametrize("name", CONFIGS)
def test_every_step_gives_the_logits_of_the_model(name, prompts, repeat):
    model = shaken(CONFIGS[name])
    assert decoding.can_lay_out(model)
    found = logits_of(model, decoder(model), prompts, repeat)
    wanted = logits_of(
        model, lambda *given: next_logits(model, *given), prompts, repeat
    )
    torch.testing.assert_close(found, wanted, atol=2e-5, rtol=1e-4)


def plain(model):
    """The model behind a module of its own, which no decoder looks into."""
    model.head = nn.Sequential(model.head)
    model.norm = nn.Sequential(model.norm)
    return model


@pytest.mark.parametrize("name", ["mla and experts", "gqa"])
def test_generate_writes_what_the_plain_path_writes(name):
    model, options = shaken(CONFIGS[name]), {"max_new_tokens": 20, "stop_ids": (3,)}
    fast = generate(model, PROMPTS, temperature=0, **options)
    assert not decoding.can_lay_out(plain(model))
    slow = generate(model, PROMPTS, temperature=0, **options)
    assert [c.ids for c in fast] == [c.ids for c in slow]


def test_a_layer_that_is_watched_or_replaced_runs_itself():
    model = shaken(CONFIGS["mla and experts"])
    handle = model.layers[1].ffn.router.register_forward_hook(lambda *_: None)
    assert not decoding.can_lay_out(model)
    handle.remove()
    assert decoding.can_lay_out(model)
    kept = model.layers[0].attn.forward
    model.layers[0].attn.forward = lambda *given, **more: kept(*given, **more)
    assert not decoding.can_lay_out(model)
    del model.layers[0].attn.forward
    assert decoding.can_lay_out(model)
    model.layers[0].ffn.w_up = nn.Sequential(model.layers[0].ffn.w_up)
    assert not decoding.can_lay_out(model)


def test_weights_are_not_laid_out_for_a_single_token(monkeypatch):
    made, plainly = [], decoding.Decoder
    monkeypatch.setattr(decoding, "Decoder", lambda m: made.append(m) or plainly(m))
    model = shaken(GQA)
    generate(model, PROMPTS, max_new_tokens=1)
    assert not made  # the prompts gave it
    generate(model, PROMPTS, max_new_tokens=4)
    assert made == [model]


def test_a_watched_router_is_called_for_every_token_that_is_written():
    model, calls = shaken(CONFIGS["mla and experts"]), []
    model.layers[1].ffn.router.register_forward_hook(lambda *_: calls.append(1))
    generate(model, PROMPTS, max_new_tokens=5)
    assert len(calls) == 5  # the prompts, and four tokens that are read again


def test_any_head_may_stand_on_the_model():
    model = shaken(GQA)
    model.head = nn.Sequential(model.head, nn.Tanh())
    found = logits_of(model, decoder(model), PROMPTS, 1)
    wanted = logits_of(model, lambda *given: next_logits(model, *given), PROMPTS, 1)
    torch.testing.assert_close(found, wanted, atol=2e-5, rtol=1e-4)


def test_large_models_and_other_number_formats_are_not_copied(monkeypatch):
    model = shaken(GQA)
    assert not decoding.can_lay_out(model.double())
    assert decoding.can_lay_out(model.float())
    monkeypatch.setattr(decoding, "MOST", 1000)
    assert not decoding.can_lay_out(model)


def test_a_decoder_is_made_anew_after_a_step_of_training():
    model = new_model(GQA, 0)
    before = generate(model, PROMPTS, max_new_tokens=12, temperature=0)
    ids = torch.randint(5, 40, (4, 9))
    logits = model(ids)
    nn.functional.cross_entropy(logits.flatten(0, 1), ids.flatten()).backward()
    adamw(model, 0.1)[0].step()
    after = generate(model, PROMPTS, max_new_tokens=12, temperature=0)
    assert [c.ids for c in before] != [c.ids for c in after]


def test_the_models_of_the_book_are_small_enough():
    for name in ("tiny", "tiny-dense", "smoke", "student-qwen-small"):
        assert decoding.can_lay_out(new_model(PRESETS[name], 0))
