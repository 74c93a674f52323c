"""Claims about the experts: two gates, groups, balance, and nobody is dropped."""

import math
from dataclasses import replace

import pytest
import torch

from r1lib.model import moe
from r1lib.model.config import ModelConfig
from r1lib.model.transformer import Transformer, balance, rope_at, router_loads
from r1lib.training import batches, packing, pretrain

E, A, D, F = 8, 3, 6, 5
CONFIG = ModelConfig(
    vocab_size=41,
    d_model=24,
    n_layers=3,
    n_heads=2,
    max_positions=19,
    kv_lora_rank=14,
    qk_nope_head_dim=6,
    qk_rope_head_dim=4,
    v_head_dim=5,
    ffn_dim=22,
    n_routed_experts=E,
    n_shared_experts=1,
    n_activated_experts=A,
    moe_ffn_dim=9,
    n_mtp=1,
    init_std=0.3,
)


def experts(seed=2):
    torch.manual_seed(seed)
    return torch.nn.ModuleList(moe.SwiGLU(D, F).double() for _ in range(E))


def in_a_table(x, ids, weights, group):
    """The way that a GPU takes."""
    w_in = [torch.cat((e.w_gate.weight, e.w_up.weight)) for e in group]
    w_down = [e.w_down.weight for e in group]
    return moe.run_table(x, ids, weights, torch.stack(w_in), torch.stack(w_down))


def all_ways(ids):
    """Outputs and gradients of both fast ways and of the slow one, float64."""
    group = experts()
    x = torch.randn(len(ids), D, dtype=torch.float64, requires_grad=True)
    weights = torch.rand(*ids.shape, dtype=torch.float64, requires_grad=True)
    probe, inputs = torch.randn_like(x), (x, weights, *group.parameters())
    out = []
    for run in (moe.run_experts, in_a_table, moe.slow_experts):
        y = run(x, ids, weights, group)
        grads = torch.autograd.grad(
            (y * probe).sum(), inputs, allow_unused=True, materialize_grads=True
        )
        out.append((y, *grads))
    return zip(*out, strict=True)


def distinct(n, a, among=E, seed=0):
    """n rows of a different experts each, drawn from the first `among`."""
    torch.manual_seed(seed)
    return torch.stack([torch.randperm(among)[:a] for _ in range(n)])


@pytest.mark.parametrize(
    "ids",
    [
        distinct(11, A),
        distinct(9, A, among=4),  # four experts get nothing at all
        distinct(1, A),
        distinct(1, 1),
        torch.full((7, 1), 5),
        torch.tensor([[0, 1, 2]] * 13),  # all tokens to the same three
        distinct(10, E),  # every expert on every token
    ],
    ids=["usual", "empty", "one token", "one pair", "one expert", "three", "all"],
)
def test_the_fast_way_equals_the_slow_way(ids):
    for fast, table, slow in all_ways(ids):
        torch.testing.assert_close(fast, slow, atol=1e-12, rtol=1e-12)
        torch.testing.assert_close(table, slow, atol=1e-12, rtol=1e-12)


def spec(scores, bias, n_activated, n_groups, n_limited, normalize, scale, best):
    """Routing of one token, in the words of the papers: (experts, weights)."""
    size = len(scores) // n_groups
    chosen_by = [s + b for s, b in zip(scores, bias, strict=True)]
    groups = [list(range(g * size, (g + 1) * size)) for g in range(n_groups)]

    def worth(group):
        return sum(sorted((chosen_by[e] for e in group), reverse=True)[:best])

    opened = sorted(groups, key=worth, reverse=True)[:n_limited]
    candidates = sorted(
        (e for group in opened for e in group),
        key=lambda e: chosen_by[e],
        reverse=True,
    )
    ids = candidates[:n_activated]
    total = sum(scores[e] for e in ids) if normalize else 1.0
    return ids, [scores[e] / total * scale for e in ids]


@pytest.mark.parametrize("groups, limited", [(1, 1), (4, 2), (4, 4), (2, 1)])
@pytest.mark.parametrize("normalize, scale", [(True, 2.5), (False, 1.0)])
def test_both_gates_do_what_the_papers_say(groups, limited, normalize, scale):
    torch.manual_seed(3)
    logits = torch.randn(40, E, dtype=torch.float64)
    bias = torch.randn(E, dtype=torch.float64)
    arguments = (A, groups, limited, normalize, scale)
    v3 = moe.route(logits.sigmoid(), bias, *arguments)
    v2 = moe.route_softmax(logits.softmax(-1), *arguments)
    for (ids, weights), scores, add, best in (
        (v3, logits.sigmoid(), bias, 2),
        (v2, logits.softmax(-1), torch.zeros(E), 1),
    ):
        for n in range(len(logits)):
            wanted = spec(scores[n].tolist(), add.tolist(), *arguments, best)
            assert ids[n].tolist() == wanted[0]
            assert weights[n].tolist() == pytest.approx(wanted[1], rel=1e-12)


def test_a_group_is_worth_its_two_best_in_v3_and_its_best_in_v2():
    # Sums of two best: 0.9 + 0.1, 0.6 + 0.5. The best single expert is in the first.
    scores = torch.tensor([[0.9, 0.1, 0.0, 0.6, 0.5, 0.4]])
    ids, _ = moe.route(scores, torch.zeros(6), 2, n_groups=2, n_limited=1)
    assert sorted(ids[0].tolist()) == [3, 4]
    ids, _ = moe.route_softmax(scores, 2, n_groups=2, n_limited=1)
    assert sorted(ids[0].tolist()) == [0, 1]


def test_the_softmax_gate_of_v2_keeps_the_scores_as_weights():
    scores = torch.randn(5, E).softmax(-1)
    ids, weights = moe.route_softmax(scores, A, scale=16.0)
    torch.testing.assert_close(weights, 16 * scores.gather(1, ids))
    _, weights = moe.route_softmax(scores, A, normalize=True)
    torch.testing.assert_close(weights.sum(1), torch.ones(5))


def test_balance_loss_by_the_equations_of_the_paper():
    torch.manual_seed(4)
    B, T = 3, 7
    scores = torch.rand(B, T, E, dtype=torch.float64)
    mask = torch.rand(B, T) < 0.8
    total = 0.0
    for b in range(B):
        rows = [scores[b, t].tolist() for t in range(T) if mask[b, t]]
        for i in range(E):
            top = [sorted(row, reverse=True)[A - 1] for row in rows]
            f = sum(row[i] >= t for row, t in zip(rows, top, strict=True))
            f *= E / (A * len(rows))  # eq. 18
            p = sum(row[i] / sum(row) for row in rows) / len(rows)  # eq. 19, 20
            total += f * p / B  # eq. 17
    assert moe.balance_loss(scores, A, mask).item() == pytest.approx(total, rel=1e-12)


def test_balance_loss_is_one_when_even_and_e_over_a_when_collapsed():
    turns = torch.arange(E).repeat(A)  # every expert is chosen equally often
    even = torch.full((1, E * A, E), 0.1, dtype=torch.float64)
    for t in range(E * A):
        even[0, t, (turns[t] + torch.arange(A)) % E] = 0.9
    assert moe.balance_loss(even, A).item() == pytest.approx(1.0)
    collapsed = torch.full((1, 5, E), 1e-9, dtype=torch.float64)
    collapsed[..., :A] = 1.0
    assert moe.balance_loss(collapsed, A).item() == pytest.approx(E / A)


def test_each_sequence_is_balanced_by_itself_unless_laid_end_to_end():
    scores = torch.full((2, 4, 2), 0.1)
    scores[0, :, 0] = scores[1, :, 1] = 0.9  # each sequence has its own expert
    assert moe.balance_loss(scores, 1) > 1.7
    assert moe.balance_loss(scores.view(1, 8, 2), 1).item() == pytest.approx(1.0)


def test_the_gradient_of_the_balance_loss_lowers_the_busy_expert():
    logits = torch.zeros(1, 6, E)
    logits[..., 2] = 1.0
    logits.requires_grad_()
    moe.balance_loss(logits.sigmoid(), 1).backward()
    assert (logits.grad[..., 2] > 0).all()  # a step down the gradient lowers it
    others = [e for e in range(E) if e != 2]
    assert (logits.grad[..., others] < 0).all()


def test_masked_tokens_do_not_count_for_the_balance():
    scores = torch.rand(2, 5, E)
    mask = torch.ones(2, 5, dtype=torch.bool)
    mask[0, 3:] = mask[1, 4:] = False
    wanted = [moe.balance_loss(scores[b : b + 1, :n], A) for b, n in ((0, 3), (1, 4))]
    found = moe.balance_loss(scores, A, mask)
    torch.testing.assert_close(found, sum(wanted) / 2)


def make(seed=0):
    """A model whose tokens have much in common, so that they like the same experts."""
    torch.manual_seed(seed)
    model = Transformer(CONFIG)
    with torch.no_grad():
        model.embed.weight += torch.randn(CONFIG.d_model)
    return model


def test_watched_routers_tell_the_scores_and_change_nothing():
    model, ids = make(), torch.randint(1, 41, (2, 7))
    plain = model(ids)
    with moe.watch_routers(model) as seen:
        assert torch.equal(model(ids), plain)
        model(ids[:, :3])
    assert set(seen) == {"layers.1.ffn", "layers.2.ffn", "mtp.block.ffn"}
    assert [len(s) for s in seen["layers.1.ffn"]] == [14, 6]
    assert seen["mtp.block.ffn"] == []  # the main model does not use it
    x = model.layers[0](model.embed(ids), rope_at(model.rope, ids.shape[1]))
    block = model.layers[1]
    x = x + block.attn(block.attn_norm(x), rope_at(model.rope, ids.shape[1]))
    wanted = block.ffn.router(block.ffn_norm(x)).sigmoid().view(14, E)
    torch.testing.assert_close(seen["layers.1.ffn"][0], wanted)
    model(ids)
    assert len(seen["layers.1.ffn"]) == 2  # it no longer watches


def test_watching_ends_also_when_the_model_fails():
    model = make()
    with pytest.raises(ValueError, match="positions"):
        with moe.watch_routers(model):
            model(torch.ones(1, 99, dtype=torch.long))
    assert all(not m.router._forward_hooks for m in moe_layers(model))


def moe_layers(model):
    return [m for m in model.modules() if isinstance(m, moe.MoE)]


def busiest(model, ids):
    """Max over mean of the load, over all MoE layers of the main model."""
    for layer in moe_layers(model):
        layer.load.zero_()
    model.train()
    model(ids)
    loads = [layer.load for layer in moe_layers(model) if layer.load.sum()]
    return sum((load.max() / load.mean()).item() for load in loads) / len(loads)


def test_the_auxiliary_loss_balances_a_model_that_prefers_few_experts():
    model, ids = make(), torch.randint(1, 41, (8, 17))
    before = busiest(model, ids)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(40):
        with moe.watch_routers(model) as seen:
            model.hidden(ids)
        scores = [s[0].view(8, 17, E) for s in seen.values() if s]
        sum(moe.balance_loss(s, A) for s in scores).backward()
        optimizer.step()
        optimizer.zero_grad()
    assert before > 1.5 and busiest(model, ids) < 0.8 * before


def test_the_bias_does_the_same_without_touching_a_weight():
    model, ids = make(), torch.randint(1, 41, (8, 17))
    was = {name: p.clone() for name, p in model.named_parameters()}
    before = busiest(model, ids)
    for _ in range(60):
        balance(model, 0.01)
        model(ids)
    balance(model, 0.01)
    assert before > 1.5 and busiest(model, ids) < 0.8 * before
    assert all(torch.equal(was[name], p) for name, p in model.named_parameters())


def test_a_balance_loss_joins_the_pretraining_loss():
    model, ids = make(), torch.randint(1, 41, (3, 9))
    with moe.watch_routers(model) as seen:
        loss, _ = pretrain.loss(model, ids, 0.0)
    extra = sum(moe.balance_loss(s[0].view(3, 9, E), A) for s in seen.values() if s)
    (loss + 0.01 * extra).backward()
    assert math.isfinite(loss.item())
    assert all(
        layer.router.weight.grad.abs().sum() > 0
        for layer in moe_layers(model)
        if layer is not model.mtp.block.ffn
    )


# --- padding is no token

ROWS = [[1, 20, 21, 22, 2], [1, 30, 2], [1, 31, 32, 2]]


def loads(model, read):
    """The load of every MoE layer after `read(model)`."""
    balance(model, 0.0)
    read(model)
    return {name: load.clone() for name, load in router_loads(model).items()}


def alone(read):
    """Read the rows one after the other: nothing is padded."""
    return lambda model: [read(model, torch.tensor([row])) for row in ROWS]


@pytest.mark.parametrize("gate", ["sigmoid", "softmax"])
@pytest.mark.parametrize("mtp_weight", [0.0, 0.3])
def test_the_load_counts_real_tokens_only(gate, mtp_weight):
    torch.manual_seed(0)
    model = Transformer(replace(CONFIG, gate=gate)).train()

    def read(model, ids):
        pretrain.loss(model, ids, mtp_weight)

    found = loads(model, lambda m: read(m, batches.pad(ROWS)))
    wanted = loads(model, alone(read))
    tokens = sum(map(len, ROWS))
    for name, load in found.items():
        assert torch.equal(load, wanted[name]), name
        mtp = name.startswith("mtp")
        real = (tokens - len(ROWS) if mtp_weight else 0) if mtp else tokens
        assert load.sum() == A * real


def test_packed_rows_count_the_load_of_the_rows_alone():
    torch.manual_seed(0)
    model = Transformer(CONFIG).train()
    rows = packing.pack(ROWS, 9)
    assert (rows.owner == 0).any()
    found = loads(model, lambda m: packing.loss(m, rows, 0.3))
    wanted = loads(model, alone(lambda m, ids: pretrain.loss(m, ids, 0.3)))
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_padding_moves_no_bias():
    torch.manual_seed(0)
    model = Transformer(CONFIG).train()
    biases = []
    for more in (0, 9):  # more columns of padding
        for layer in router_layers(model):
            layer.router_bias.zero_()
        balance(model, 0.0)
        model(torch.nn.functional.pad(batches.pad(ROWS), (0, more)))
        balance(model, 0.1)
        biases.append([layer.router_bias.clone() for layer in router_layers(model)])
    assert all(map(torch.equal, *biases)) and any(b.any() for b in biases[0])


def router_layers(model):
    return [m for n, m in model.named_modules() if isinstance(m, moe.MoE)]


def test_without_training_nothing_is_counted_and_the_mask_changes_no_output():
    torch.manual_seed(0)
    layer = moe.MoE(CONFIG)
    x, real = torch.randn(2, 3, 24), torch.tensor([[1, 1, 0], [0, 0, 0]]) > 0
    assert torch.equal(layer(x, real), layer(x))
    assert layer.load.sum() == A * (2 + 6)
    layer.eval()(x)
    assert layer.load.sum() == A * (2 + 6)


@pytest.mark.parametrize("bad", [float("inf"), float("nan")])
def test_the_auxiliary_loss_never_reads_what_is_masked(bad):
    torch.manual_seed(0)
    scores, mask = torch.rand(2, 5, E), torch.arange(5) < torch.tensor([[3], [0]])
    dirty = torch.where(mask[..., None], scores, bad).requires_grad_()
    found = moe.balance_loss(dirty, A, mask)
    found.backward()
    assert found == moe.balance_loss(scores, A, mask) > 0
    assert found == moe.balance_loss(scores[:1, :3], A) / 2  # an empty row adds 0
    assert dirty.grad.isfinite().all() and dirty.grad[~mask].eq(0).all()
