"""Claims about sizes: published numbers, from a pencil and from empty models."""

import json
import math
from dataclasses import replace

import pytest
import torch

from r1lib.model import counts
from r1lib.model.config import LIMIT, ModelConfig
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Transformer, rope_of

V3 = PRESETS["deepseek-v3"]
PUBLISHED = {  # weights and router biases
    "deepseek-v3": 671_026_419_200,
    "deepseek-v2-lite": 15_706_484_224,
    "qwen2.5-0.5b": 494_032_768,
    "qwen2.5-1.5b": 1_543_714_304,
    "qwen3-0.6b": 596_049_920,
    "llama-3.2-1b": 1_235_814_400,
    "r1-distill-qwen-1.5b": 1_777_088_000,
    "r1-distill-llama-8b": 8_030_261_248,
}
CACHE = {  # bytes per token in bfloat16
    "deepseek-v3": 70_272,
    "deepseek-v2-lite": 31_104,
    "qwen2.5-0.5b": 12_288,
    "qwen2.5-1.5b": 28_672,
    "qwen3-0.6b": 114_688,
    "llama-3.2-1b": 32_768,
    "r1-distill-llama-8b": 131_072,
}


def without_storage(config):
    with torch.device("meta"):
        return Transformer(config)


def stored(model):
    """All numbers of a checkpoint; what two names share is counted once."""
    state = {id(x): x for x in model.parameters()}
    biases = (x for n, x in model.named_buffers() if n.endswith("router_bias"))
    return sum(x.numel() for x in state.values()) + sum(x.numel() for x in biases)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_size_is_counted_to_the_last_digit(name):
    assert counts.parameters(PRESETS[name]) == PUBLISHED[name]


@pytest.mark.parametrize("name", sorted(set(PRESETS) - {"deepseek-v3"}))
def test_the_pencil_agrees_with_the_model(name):
    model = without_storage(PRESETS[name])
    assert counts.parameters(PRESETS[name]) == stored(model)
    assert all(x.is_meta for x in (*model.parameters(), *model.buffers()))


@pytest.mark.slow
def test_all_671_billion_parameters_are_built_without_storage():
    deepseek = without_storage(V3)
    assert stored(deepseek) == 671_026_419_200
    # torch calls the 58 * 256 router biases buffers: no gradient reaches them
    assert sum(x.numel() for x in deepseek.parameters()) == 671_026_404_352
    assert all(x.is_meta for x in (*deepseek.parameters(), *deepseek.buffers()))


def test_the_attention_of_deepseek_is_as_warm_as_published():
    deepseek = without_storage(replace(V3, n_layers=1))
    assert deepseek.layers[0].attn.scale == pytest.approx(0.1352338, abs=5e-8)
    lite = replace(PRESETS["deepseek-v2-lite"], n_layers=1)
    assert without_storage(lite).layers[0].attn.scale == pytest.approx(
        0.1147214, abs=5e-8
    )


def test_the_cache_a_model_makes_is_the_cache_that_was_counted():
    for name, config in PRESETS.items():
        one = replace(config, n_layers=1, n_routed_experts=0, n_mtp=0)
        layer = without_storage(one).new_cache(1, 1).layers[0]
        numbers = layer.key.numel() + layer.value.numel()
        assert counts.cache_numbers(config) == config.n_layers * numbers, name
    assert V3.n_layers * (512 + 64) == counts.cache_numbers(V3)


@pytest.mark.parametrize("name", CACHE)
def test_the_cache_has_its_published_size(name):
    assert counts.cache_bytes(PRESETS[name]) == CACHE[name]
    assert counts.cache_bytes(PRESETS[name], 4) == 2 * CACHE[name]


def test_a_token_passes_37_of_671_billion_parameters():
    assert counts.active_parameters(V3) == 36_625_603_584 + 14_848
    assert counts.active_parameters(V3, embedding=True) == 37_552_282_624 + 14_848
    lite = PRESETS["deepseek-v2-lite"]
    assert counts.active_parameters(lite) == 2_451_435_008
    assert counts.active_parameters(lite, embedding=True) == 2_661_150_208


def test_the_parts_of_deepseek_v3_have_their_sizes():
    assert counts.attention_parameters(V3) == 187_107_328
    assert counts.ffn_parameters(V3, moe=False) == 396_361_728
    assert counts.layer_parameters(V3, moe=False) == 583_483_392
    assert counts.layer_parameters(V3, moe=True) == 11_507_286_016 + 256
    assert counts.layer_parameters(V3, moe=True, active=True) == 585_318_400 + 256
    assert counts.mtp_parameters(V3) == 11_610_068_224
    assert counts.parameters(replace(V3, n_mtp=1)) == 682_636_487_424


def test_where_no_expert_rests_all_but_the_embedding_is_active():
    for name in ("qwen2.5-0.5b", "r1-distill-qwen-1.5b", "tiny-dense"):
        config = PRESETS[name]
        assert counts.active_parameters(config, True) == counts.parameters(config)
    every = replace(PRESETS["tiny"], n_activated_experts=8, n_mtp=0)
    assert counts.active_parameters(every, True) == counts.parameters(every)


def test_published_positions_are_scaled_as_their_family_does():
    """V3: pairs up to 10 keep their speed, pairs from 23 on are 40 times slower."""

    def slowed(config):
        config = replace(config, max_positions=2)
        plain = rope_of(replace(config, rope_scaling=""))
        angles = [torch.atan2(x[1, 1], x[0, 1]) for x in (plain, rope_of(config))]
        return angles[0] / angles[1]

    v3 = slowed(V3)
    torch.testing.assert_close(v3[:11], torch.ones(11))
    torch.testing.assert_close(v3[23:], torch.full((9,), 40.0), rtol=1e-4, atol=0)
    assert v3[10:24].diff().gt(0).all()
    llama = slowed(PRESETS["llama-3.2-1b"])
    turns = 8192 * 500_000.0 ** (-torch.arange(32) / 32) / (2 * math.pi)
    torch.testing.assert_close(llama[turns > 4], torch.ones(int((turns > 4).sum())))
    slow = llama[turns < 1]
    torch.testing.assert_close(slow, torch.full_like(slow, 32.0), rtol=1e-4, atol=0)
    between = llama[(turns > 1) & (turns < 4)]
    assert len(between) and (between.gt(1) & between.lt(32)).all()


def test_the_file_of_a_config_names_only_parts_that_are_used():
    """So the config.json of a tiny model, and its sha256, is what it always was."""
    assert "rope_scaling" not in PRESETS["tiny"].to_json()
    assert PRESETS["tiny"].to_json().count(":") == 27
    for config in PRESETS.values():
        assert ModelConfig.from_dict(json.loads(config.to_json())) == config
    text = PRESETS["qwen2.5-0.5b"].to_json()
    assert '"attention_bias": true' in text and "qk_norm" not in text


@pytest.mark.parametrize(
    "change, words",
    [
        ({"gate": "relu"}, 'gate must be "sigmoid" or "softmax"'),
        ({"rope_layout": "thirds"}, 'rope_layout must be "interleaved" or "half"'),
        ({"rope_scaling": "ntk"}, 'rope_scaling must be "" or "yarn" or "llama3"'),
        ({"n_heads": 0}, "n_heads must be above 0"),
        ({"n_expert_groups": 0}, "n_expert_groups must be above 0"),
        ({"ffn_dim": 0}, "ffn_dim must be above 0"),
        ({"norm_eps": float("nan")}, "norm_eps must be in"),
        ({"init_std": float("inf")}, "init_std must be in"),
        ({"rope_theta": 1.0}, "rope_theta must be above 1"),
        ({"max_positions": LIMIT, "qk_rope_head_dim": 130}, r"times .* \(130\) must"),
        ({"attention_bias": True}, 'attention_bias exists only with attention "gqa"'),
        ({"qk_norm": True}, "qk_norm exists only"),
        ({"attention": "gqa", "n_kv_heads": 3}, r"\(4\) must be a multiple of .*\(3\)"),
        ({"attention": "gqa", "head_dim": 5}, "head_dim must be even, got 5"),
        ({"rope_scaling": "yarn", "rope_factor": 0.5}, "needs rope_factor >= 1"),
        ({"rope_scaling": "yarn", "original_positions": 0}, "original_positions > 0"),
        ({"rope_scaling": "yarn", "beta_slow": 32.0}, "beta_slow must be above 0"),
        ({"rope_scaling": "llama3", "low_freq_factor": 4.0}, "low_freq_factor must"),
        ({"n_expert_groups": 8, "n_limited_groups": 8}, "two best experts"),
        ({"n_limited_groups": 2}, "n_limited_groups must be at most"),
    ],
)
def test_sizes_that_do_not_fit_together_are_named(change, words):
    with pytest.raises(ValueError, match=words):
        replace(ModelConfig(), **change)
