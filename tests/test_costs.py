"""Claims about costs: the pencil agrees with torch's counter and with the papers."""

from dataclasses import replace

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from r1lib.model import counts
from r1lib.model.config import ModelConfig
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Transformer

B, T = 2, 7
DENSE = ModelConfig(
    vocab_size=41,
    d_model=24,
    n_layers=2,
    n_heads=3,
    max_positions=19,
    q_lora_rank=10,
    kv_lora_rank=14,
    qk_nope_head_dim=6,
    qk_rope_head_dim=4,
    v_head_dim=5,
    ffn_dim=22,
    n_routed_experts=0,
    n_mtp=0,
)
PLAIN_Q = replace(DENSE, q_lora_rank=0)
GQA = replace(DENSE, attention="gqa", n_heads=6, n_kv_heads=2, head_dim=8)
# Every token takes every expert, so the table of experts has no empty place.
EXPERTS = replace(
    DENSE,
    n_routed_experts=4,
    n_activated_experts=4,
    n_shared_experts=2,
    moe_ffn_dim=9,
)
ALL = {"mla": DENSE, "plain-q": PLAIN_Q, "gqa": GQA, "experts": EXPERTS}


def counted(config, run) -> int:
    torch.manual_seed(0)
    model = Transformer(config).eval()
    plainly = sdpa_kernel(SDPBackend.MATH)  # in products that the counter knows
    with torch.no_grad(), plainly, FlopCounterMode(display=False) as counter:
        run(model)
    return counter.get_total_flops()


@pytest.mark.parametrize("config", ALL.values(), ids=ALL)
def test_reading_costs_what_torch_counts(config):
    everything = torch.ones(B, 1, T, T, dtype=torch.bool)  # no half is left out
    ids = torch.ones(B, T, dtype=torch.long)
    found = counted(config, lambda model: model(ids, attn_mask=everything))
    weights = 2 * counts.multiplied_weights(config) * B * T
    assert found == weights + counts.attention_flops(config, T) * B * T


@pytest.mark.parametrize("config", [DENSE, EXPERTS], ids=["mla", "experts"])
def test_decoding_costs_what_torch_counts(config):
    ids = torch.ones(1, 1, dtype=torch.long)

    def write(model):
        cache = model.new_cache(1, 12)
        cache.length = 11
        model(ids, cache)

    assert counted(config, write) == counts.decode_flops(config, 11)


def test_a_causal_text_costs_half_the_square():
    c = DENSE
    attention = counts.read_flops(c, T) - 2 * counts.multiplied_weights(c) * T
    by_token = sum(counts.attention_flops(c, keys) for keys in range(1, T + 1))
    assert attention == by_token


def test_multiplied_weights_are_the_matrices_of_the_model():
    for config in (DENSE, PLAIN_Q, GQA, EXPERTS):
        model = Transformer(config)
        matrices = sum(p.numel() for p in model.parameters() if p.dim() == 2)
        found = counts.multiplied_weights(config)
        assert found == matrices - model.embed.weight.numel()


def test_the_rule_of_thumb_is_the_exact_count_without_attention():
    c = replace(DENSE, n_heads=1, qk_nope_head_dim=1, qk_rope_head_dim=2, v_head_dim=1)
    exact = counts.training_flops(c, 1e6, 1)
    rule = counts.six_nd(counts.multiplied_weights(c), 1e6)
    assert rule < exact < 1.01 * rule


def test_deepseek_v3_cost_what_its_report_says():
    hours = sum(counts.V3_HOURS.values())
    assert hours == 2_788_000
    assert counts.dollars(hours) == 5_576_000
    per_trillion = counts.V3_HOURS["pre-training"] / 14.8
    assert per_trillion == pytest.approx(180_000, rel=1e-5)


def test_deepseek_v3_by_the_pencil():
    c = PRESETS["deepseek-v3"]
    assert counts.cache_bytes(c) == 70_272  # architecture of the report, bfloat16
    assert 131_072 * counts.cache_bytes(c) / 2**30 == pytest.approx(8.58, abs=0.01)
    flops = counts.training_flops(c, 14.8e12, 4096)
    rule = counts.six_nd(counts.active_parameters(c), 14.8e12)
    assert rule == pytest.approx(3.25e24, rel=0.01)
    assert 1.1 < flops / rule < 1.2
    # 240 of 320 numbers more a pair, but 70 times fewer numbers to read
    wide = counts.attention_flops(c, 1, absorbed=True) / counts.attention_flops(c, 1)
    assert wide == (512 + 512 + 64) / (192 + 128)


def test_memory_of_training():
    found = counts.training_bytes(10)
    assert found == {"weights": 20, "gradients": 20, "optimizer": 120}
    v3 = counts.training_bytes(10, weight=1, gradient=4, moment=2)
    assert sum(v3.values()) == 10 * (1 + 4 + 4 + 2 + 2)


def test_hours_and_utilization_are_inverse():
    hours = counts.gpu_hours(3.6e18, 1e15, 0.5)
    assert hours == pytest.approx(2.0)
    assert counts.utilization(3.6e18, hours, 1e15) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "wrong, words",
    [
        (lambda: counts.gpu_hours(1.0, 1.0, 1.5), "got 1.0 and 1.5"),
        (lambda: counts.gpu_hours(1.0, 0.0, 0.5), "wanted peak > 0"),
        (lambda: counts.utilization(1.0, 0.0, 1.0), "wanted hours > 0"),
        (lambda: counts.read_flops(DENSE, 0), "length must be at least 1, got 0"),
        (lambda: counts.decode_flops(DENSE, -1), "context must be at least 0, got -1"),
    ],
)
def test_an_impossible_cost_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        wrong()
