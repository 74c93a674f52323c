"""Claims about the model: two ways to compute a thing give one result."""

import json
from dataclasses import replace

import pytest
import torch

from r1lib.model import moe
from r1lib.model.config import ModelConfig
from r1lib.model.layers import apply_rope, apply_rope_half, rope_tables
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Transformer, balance, mtp_hidden, router_loads

B, T = 2, 7
MLA = ModelConfig(  # every size another one, so that a swapped axis fails
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
    n_dense_layers=1,
    n_routed_experts=8,
    n_shared_experts=1,
    n_activated_experts=3,
    n_expert_groups=4,
    n_limited_groups=2,
    moe_ffn_dim=9,
    route_scale=2.5,
    n_mtp=1,
)
MLA_PLAIN_Q = replace(MLA, q_lora_rank=0)
DENSE_MLA = replace(MLA, n_routed_experts=0)
GQA = replace(
    MLA,
    attention="gqa",
    n_heads=6,
    n_kv_heads=2,
    head_dim=8,
    n_routed_experts=0,
    n_mtp=0,
)
QWEN = replace(
    GQA,
    attention_bias=True,
    output_bias=True,
    qk_norm=True,
    rope_layout="half",
    rope_scaling="llama3",
    rope_factor=4.0,
    original_positions=12,
)
YARN_MLA = replace(
    DENSE_MLA,
    rope_scaling="yarn",
    rope_factor=4.0,
    original_positions=12,
    mscale=1.0,
    mscale_all_dim=0.7,
)
SOFTMAX = replace(MLA, gate="softmax")
DENSE = {"dense-mla": DENSE_MLA, "yarn": YARN_MLA, "gqa": GQA, "qwen": QWEN}  # float64
ALL = {"mla": MLA, "mla-plain-q": MLA_PLAIN_Q, "softmax": SOFTMAX, **DENSE}


def make(config, seed=0, dtype=torch.float64):
    """A model with nothing left at 0 or 1: weights, norms and router biases."""
    torch.manual_seed(seed)
    model = Transformer(config).to(dtype).eval()
    with torch.no_grad():
        for name, x in model.named_parameters():
            x.normal_(1.0 if x.dim() == 1 else 0.0, 0.3)
            if "router" in name:
                x.normal_(0, 1)
        for name, x in model.named_buffers():
            if name.endswith("router_bias"):
                x.normal_(0, 0.2)
    return model


def some_ids(config, rows=B, length=T):
    return torch.randint(1, config.vocab_size, (rows, length))


def cached_logits(model, ids, chunks):
    cache = model.new_cache(len(ids), ids.shape[1])
    out = []
    for chunk in ids.split(chunks, dim=1):
        out.append(model(chunk, cache))
        cache.length += chunk.shape[1]
    return torch.cat(out, dim=1)


@pytest.mark.parametrize("config", DENSE.values(), ids=DENSE)
@pytest.mark.parametrize("chunks", [[1] * T, [T], [3, 1, 2, 1], [2, 5]], ids=str)
def test_reading_with_a_cache_equals_reading_at_once(config, chunks):
    model = make(config)
    ids = some_ids(config)
    torch.testing.assert_close(
        cached_logits(model, ids, chunks), model(ids), atol=1e-10, rtol=1e-10
    )


@pytest.mark.parametrize("config", [MLA, MLA_PLAIN_Q, SOFTMAX])
def test_reading_with_a_cache_equals_reading_at_once_with_experts(config):
    model = make(config)  # the router works in float32, so not to the last digit
    ids = some_ids(config)
    torch.testing.assert_close(
        cached_logits(model, ids, [3, 1, 2, 1]), model(ids), atol=1e-5, rtol=1e-5
    )


@pytest.mark.parametrize("config", ALL.values(), ids=ALL)
def test_no_token_sees_a_later_one(config):
    model = make(config)
    x = model.embed(some_ids(config, rows=1)).detach().requires_grad_()
    rope = model.rope[:, None, :T]
    h = x
    for block in model.layers:
        h = block(h, rope)
    for t in range(T):
        (grad,) = torch.autograd.grad(h[0, t].square().sum(), x, retain_graph=True)
        reach = grad[0].abs().sum(-1)
        assert reach[t + 1 :].eq(0).all()
        assert reach[: t + 1].gt(0).all()


@pytest.mark.parametrize("config", DENSE.values(), ids=DENSE)
def test_padding_on_the_left_changes_nothing(config):
    model = make(config)
    ids, pads = some_ids(config), 3
    padded = torch.cat((torch.zeros(B, pads, dtype=torch.long), ids), dim=1)
    positions = (torch.arange(T + pads) - pads).clamp(min=0).expand(B, -1)
    causal = torch.ones(T + pads, T + pads, dtype=torch.bool).tril()
    causal[:, :pads] = False
    mask = causal | torch.eye(T + pads, dtype=torch.bool)
    mask = mask.expand(B, 1, -1, -1)
    logits = model(padded, positions=positions, attn_mask=mask)[:, pads:]
    torch.testing.assert_close(logits, model(ids), atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("config", DENSE.values(), ids=DENSE)
def test_only_the_distance_of_positions_counts(config):
    model = make(config).float()
    ids = some_ids(config)
    shifted = torch.arange(5, 5 + T).expand(B, T)
    torch.testing.assert_close(
        model(ids, positions=shifted), model(ids), atol=1e-4, rtol=1e-4
    )
    stretched = torch.arange(0, 2 * T, 2).expand(B, T)
    assert (model(ids, positions=stretched) - model(ids)).abs().max() > 1e-2


def test_rope_turns_neighbouring_pairs_by_their_angle():
    x = torch.randn(B, T, 3, 6, dtype=torch.float64)
    rope = rope_tables(T, 6, 100.0).double()[:, None]
    y = apply_rope(x, rope)
    pairs = torch.view_as_complex(x.unflatten(-1, (3, 2)))
    angle = torch.arange(T)[:, None] * 100.0 ** (-torch.arange(3) / 3)
    turned = pairs * torch.polar(torch.ones(T, 3), angle)[None, :, None]
    expected = torch.cat((turned.real, turned.imag), dim=-1)
    torch.testing.assert_close(y, expected, atol=1e-6, rtol=1e-6)


def test_the_two_layouts_are_one_rotation_of_reordered_heads():
    x = torch.randn(B, T, 3, 6, dtype=torch.float64)
    rope = rope_tables(T, 6, 100.0).double()[:, None]
    halves = torch.cat((x[..., 0::2], x[..., 1::2]), dim=-1)
    assert torch.equal(apply_rope_half(halves, rope), apply_rope(x, rope))


@pytest.mark.parametrize("config", DENSE.values(), ids=DENSE)
def test_more_positions_than_the_model_knows_are_refused(config):
    model = make(config)
    room = config.max_positions
    model(some_ids(config, length=room))
    with pytest.raises(ValueError, match=f"{room} positions, {room + 1} needed"):
        model(some_ids(config, length=room + 1))
    cache = model.new_cache(B, room + 5)
    cache.length = room
    with pytest.raises(ValueError, match=f"{room + 1} needed"):
        model(some_ids(config, length=1), cache)


def test_a_full_cache_is_refused():
    model = make(GQA)
    with pytest.raises(ValueError, match="holds 4 tokens, 7 needed"):
        model(some_ids(GQA), model.new_cache(B, 4))


def test_selected_rows_of_a_cache_go_on_as_if_alone():
    model = make(DENSE_MLA)
    ids = some_ids(DENSE_MLA, rows=3)
    cache = model.new_cache(3, T)
    model(ids[:, :-1], cache)
    cache.length += T - 1
    rows = torch.tensor([2, 0, 0, 1])
    cache.select(rows)
    torch.testing.assert_close(
        model(ids[rows, -1:], cache)[:, 0], model(ids)[rows, -1], atol=1e-10, rtol=1e-10
    )


def experts(n=8, seed=2):
    torch.manual_seed(seed)
    return torch.nn.ModuleList(moe.SwiGLU(6, 5).double() for _ in range(n))


def test_running_experts_together_equals_running_them_token_by_token():
    group, x = experts(), torch.randn(11, 6, dtype=torch.float64, requires_grad=True)
    ids = torch.stack([torch.randperm(8)[:3] for _ in range(11)])
    weights = torch.rand(11, 3, dtype=torch.float64)
    fast = moe.run_experts(x, ids, weights, group)
    slow = moe.slow_experts(x, ids, weights, group)
    torch.testing.assert_close(fast, slow, atol=1e-12, rtol=1e-12)
    inputs = (x, *group.parameters())
    probe = torch.randn_like(fast)
    for a, b in zip(
        torch.autograd.grad((fast * probe).sum(), inputs),
        torch.autograd.grad((slow * probe).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=1e-10)


def test_no_token_is_dropped_when_all_choose_the_same_expert():
    group, x = experts(), torch.randn(13, 6, dtype=torch.float64)
    ids = torch.full((13, 1), 5)
    y = moe.run_experts(x, ids, torch.ones(13, 1, dtype=torch.float64), group)
    torch.testing.assert_close(y, group[5](x))


def test_the_router_bias_chooses_experts_but_never_weighs_them():
    scores = torch.rand(9, 8)
    bias = torch.zeros(8)
    bias[6] = 10.0
    ids, weights = moe.route(scores, bias, 3)
    assert (ids == 6).any(1).all()
    chosen = scores.gather(1, ids)
    torch.testing.assert_close(weights, chosen / chosen.sum(1, keepdim=True))
    ids, weights = moe.route(scores, bias, 3, normalize=False, scale=2.5)
    torch.testing.assert_close(weights, 2.5 * scores.gather(1, ids))


def test_limited_routing_takes_the_groups_with_the_best_two_experts():
    # Groups of 3: sums of two best .9+.1, .6+.5, .7+.2. The best single expert (0.9)
    # sits in the group that is closed.
    scores = torch.tensor([[0.9, 0.1, 0.0, 0.6, 0.5, 0.4, 0.7, 0.35, 0.1]])
    ids, _ = moe.route(scores, torch.zeros(9), 4, n_groups=3, n_limited=2)
    assert sorted(ids[0].tolist()) == [3, 4, 5, 6]
    ids, _ = moe.route(scores, torch.zeros(9), 4)
    assert sorted(ids[0].tolist()) == [0, 3, 4, 6]


def test_softmax_routing_judges_a_group_by_its_best_expert():
    scores = torch.tensor([[0.3, 0.02, 0.01, 0.2, 0.19, 0.05, 0.15, 0.06, 0.02]])
    ids, weights = moe.route_softmax(scores, 4, n_groups=3, n_limited=2)
    assert sorted(ids[0].tolist()) == [0, 3, 4, 5]
    torch.testing.assert_close(weights, scores.gather(1, ids))  # they sum to 0.74
    _, weights = moe.route_softmax(
        scores, 4, n_groups=3, n_limited=2, normalize=True, scale=2.0
    )
    torch.testing.assert_close(weights, scores.gather(1, ids) * 2 / 0.74)
    ids, _ = moe.route_softmax(scores, 4)
    assert sorted(ids[0].tolist()) == [0, 3, 4, 6]


def test_closed_groups_stay_closed_when_every_score_is_negative():
    scores = torch.rand(20, 8)
    bias = torch.full((8,), -2.0)
    ids, _ = moe.route(scores, bias, 4, n_groups=4, n_limited=2)
    assert all(len({e // 2 for e in row}) == 2 for row in ids.tolist())


def test_the_bias_of_a_busy_expert_falls_and_that_of_an_idle_one_rises():
    load = torch.tensor([10.0, 0.0, 4.0, 2.0])  # mean 4
    bias = moe.update_bias(torch.zeros(4), load, 0.1)
    assert bias.tolist() == pytest.approx([-0.1, 0.1, 0.0, 0.1])


def test_balancing_spreads_a_load_that_sat_on_few_experts():
    config = replace(MLA, n_expert_groups=1, n_limited_groups=1, n_mtp=0)
    model = make(config, dtype=torch.float32).train()
    layer, x = model.layers[1].ffn, torch.randn(8, 16, config.d_model)
    layer.router_bias.copy_(torch.linspace(1, 0, 8))

    def share_of_the_busiest():
        layer(x)
        (load,) = router_loads(model).values()
        assert load.sum() == 8 * 16 * 3  # every token, every choice, no one dropped
        return (load.max() / load.sum()).item()

    before = share_of_the_busiest()
    for _ in range(60):
        balance(model, 0.02)
        after = share_of_the_busiest()
    assert before > 0.25 and after < 0.2  # an even share is 0.125


def test_loads_are_counted_in_training_only():
    model = make(MLA)
    model(some_ids(MLA))
    assert all(load.sum() == 0 for load in router_loads(model).values())


def test_mtp_at_t_reads_tokens_up_to_the_next_one_and_no_further():
    model = make(MLA)
    ids = torch.randperm(MLA.vocab_size)[:T]  # all different: each has its own row
    states = mtp_hidden(model, ids[None], model.hidden(ids[None]))
    assert states.shape == (1, T - 1, MLA.d_model)
    for t in range(T - 1):
        (grad,) = torch.autograd.grad(
            states[0, t].square().sum(), model.embed.weight, retain_graph=True
        )
        reach = grad[ids].abs().sum(-1)
        assert reach[: t + 2].gt(0).all()  # tokens 0..t+1
        assert reach[t + 2 :].eq(0).all()  # it predicts token t+2


def test_the_mtp_module_does_not_touch_the_main_model():
    model = make(MLA)
    ids = some_ids(MLA)
    before = model(ids)
    torch.nn.init.zeros_(model.mtp.join.weight)
    assert torch.equal(model(ids), before)


def test_a_model_without_mtp_says_so():
    with pytest.raises(ValueError, match="no MTP"):
        mtp_hidden(make(GQA), some_ids(GQA), torch.zeros(B, T, GQA.d_model))


def expected_count(c: ModelConfig) -> int:
    """Count parameters with a pencil: matrices, norms, experts, MTP."""
    D, H = c.d_model, c.n_heads
    if c.attention == "mla":
        qk = c.qk_nope_head_dim + c.qk_rope_head_dim
        R = c.q_lora_rank
        attention = D * R + R + R * H * qk if R else D * H * qk
        attention += D * (c.kv_lora_rank + c.qk_rope_head_dim) + c.kv_lora_rank
        attention += c.kv_lora_rank * H * (c.qk_nope_head_dim + c.v_head_dim)
        attention += H * c.v_head_dim * D
    else:
        attention = 2 * D * H * c.head_dim + 2 * D * c.n_kv_heads * c.head_dim
        if c.attention_bias:
            attention += (H + 2 * c.n_kv_heads) * c.head_dim
        attention += c.output_bias * D + c.qk_norm * 2 * c.head_dim
    sparse = 3 * D * c.moe_ffn_dim * (c.n_routed_experts + c.n_shared_experts)
    sparse += D * c.n_routed_experts
    ffn = [sparse if c.is_moe(i) else 3 * D * c.ffn_dim for i in range(c.n_layers + 1)]
    blocks = sum(attention + 2 * D + ffn[i] for i in range(c.n_layers))
    mtp = c.n_mtp * (attention + 2 * D + ffn[-1] + 2 * D * D + 3 * D)
    return 2 * c.vocab_size * D + D + blocks + mtp


@pytest.mark.parametrize("name, count", [("tiny", 798_944), ("tiny-dense", 566_112)])
def test_tiny_presets_have_the_stated_size(name, count):
    model = Transformer(PRESETS[name])
    assert sum(p.numel() for p in model.parameters()) == count


@pytest.mark.parametrize("config", ALL.values(), ids=ALL)
def test_the_parameters_are_those_of_the_paper_and_no_more(config):
    model = Transformer(config)
    assert sum(p.numel() for p in model.parameters()) == expected_count(config)


@pytest.mark.parametrize(
    "change, words",
    [
        ({"attention": "flash"}, 'must be "mla" or "gqa"'),
        ({"d_model": -1}, "d_model must be in 0"),
        ({"vocab_size": 1 << 40}, "vocab_size must be in 0"),
        ({"qk_rope_head_dim": 3}, "even"),
        ({"n_mtp": 2}, "one MTP module at most"),
        ({"n_expert_groups": 3}, "multiple of"),
        ({"n_activated_experts": 5}, "at most 4, got 5"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        replace(MLA, **change)


def test_a_configuration_survives_json():
    assert ModelConfig.from_dict(json.loads(MLA.to_json())) == MLA


@pytest.mark.parametrize(
    "text, words",
    [
        ('{"n_wings": 2}', "unknown fields: n_wings"),
        ('{"d_model": "24"}', "d_model must be int, got '24'"),
        ('{"d_model": 24.5}', "d_model must be int"),
        ('{"rope_theta": null}', "rope_theta must be float"),
    ],
)
def test_a_damaged_configuration_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        ModelConfig.from_dict(json.loads(text))
