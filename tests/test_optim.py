"""Claims about the optimizers: who moves what, how far, and when."""

import pytest
import torch

from r1lib.model.config import ModelConfig
from r1lib.model.transformer import Transformer
from r1lib.training import optim

SMALL = ModelConfig(d_model=16, n_layers=2, ffn_dim=24, moe_ffn_dim=8)


def test_newton_schulz_keeps_directions_and_evens_out_lengths():
    for shape in ((5, 9), (9, 5), (6, 6)):
        torch.manual_seed(0)
        m = torch.randn(3, *shape)
        u, s, v = torch.linalg.svd(optim.orthogonalize(m), full_matrices=False)
        assert s.min() > 0.5 and s.max() < 1.3
        together = optim.orthogonalize(m)
        for one, part in zip(m, together, strict=True):
            alone = optim.orthogonalize(one[None])[0]
            torch.testing.assert_close(alone, part, atol=1e-5, rtol=1e-5)
            a, _, b = torch.linalg.svd(one, full_matrices=False)
            turned = a.T @ part @ b.T  # diagonal in the singular vectors of m
            off = turned - torch.diag(turned.diagonal())
            assert off.abs().max() < 1e-4 and turned.diagonal().min() > 0.5


def test_muon_moves_matrices_as_torch_does():
    torch.manual_seed(0)
    shapes = [(6, 4), (6, 4), (4, 7), (5, 5)]
    start = [torch.randn(shape) for shape in shapes]
    grads = [[torch.randn(shape) for shape in shapes] for _ in range(4)]

    def run(kind, **changes):
        params = [torch.nn.Parameter(x.clone()) for x in start]
        optimizer = kind(params, lr=0.1, momentum=0.9, **changes)
        for step in grads:
            for p, grad in zip(params, step, strict=True):
                p.grad = grad.clone()
            optimizer.step()
        return params

    ours, theirs = run(optim.Muon), run(torch.optim.Muon, weight_decay=0.0)
    for p, q, x in zip(ours, theirs, start, strict=True):  # theirs works in bfloat16
        torch.testing.assert_close(p, q, atol=1e-2, rtol=0)
        assert (p - x).abs().max() > 0.1


def test_muon_takes_matrices_only_and_leaves_unused_ones_alone():
    with pytest.raises(ValueError, match="matrices only"):
        optim.Muon([torch.nn.Parameter(torch.zeros(3))], lr=0.1)
    unused = torch.nn.Parameter(torch.ones(2, 3))
    optim.Muon([unused], lr=0.1).step()
    assert unused.eq(1).all()


def test_long_gradients_are_cut_to_length_one():
    policy = Transformer(SMALL)
    for p in policy.parameters():
        p.grad = torch.full_like(p, 3.0)
    sgd = torch.optim.SGD(policy.parameters(), lr=1.0)
    before = torch.cat([p.detach().flatten().clone() for p in policy.parameters()])
    norm = optim.guarded_step(policy, [sgd])
    after = torch.cat([p.detach().flatten() for p in policy.parameters()])
    assert norm == pytest.approx(3.0 * len(before) ** 0.5, rel=1e-4)
    assert (after - before).norm().item() == pytest.approx(1.0, rel=1e-3)
    assert all(p.grad is None for p in policy.parameters())


def test_every_parameter_has_exactly_one_optimizer():
    policy = Transformer(SMALL)
    adamw, muon = optim.base_optimizers(policy, 0.1, 0.1)
    names = {id(p): n for n, p in policy.named_parameters()}
    held = [
        [names[id(p)] for group in o.param_groups for p in group["params"]]
        for o in (adamw, muon)
    ]
    assert sorted(held[0] + held[1]) == sorted(names.values())
    assert {"embed.weight", "head.weight", "norm.weight"} <= set(held[0])
    assert any("router" in n for n in held[0]) and any("wkv_b" in n for n in held[1])


def test_the_learning_rate_rises_stays_and_falls():
    factors = [optim.warmup_stable_decay(s, 50, 0.1, 0.2) for s in range(51)]
    assert factors[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert set(factors[5:41]) == {1.0} and factors[45] == pytest.approx(0.5)
    assert factors[50] == 0
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.4)
    for factor in (0.5, 0.25):  # always of the first rate, never of the last
        optim.set_lr([optimizer], factor)
        assert optimizer.param_groups[0]["lr"] == pytest.approx(0.4 * factor)
