"""The scaling study: a branch is the run that planned to end there."""

from dataclasses import replace

import pytest
import small
import torch

from r1lib.model import counts
from r1lib.training import batches, optim, pretrain
from results import scaling

CONFIG = replace(small.DENSE, vocab_size=64, n_kv_heads=2)
TEXT = [[1, *range(20, 20 + n % 7 + 2), 2] for n in range(80)]
BATCHES = list(pretrain.batches(TEXT, 4, seed=0))


def make():
    model = small.model(CONFIG)
    return model, optim.base_optimizers(model, 0.01, 3e-3)


def test_a_branch_is_the_run_that_planned_to_end_there(one_thread):
    found = {
        done["step"]: (model, losses)
        for done, model, losses in scaling.runs(*make(), BATCHES, (5, 10, 20))
    }
    for end, (branch, losses) in found.items():
        model, optimizers = make()
        plain = scaling.walk(model, optimizers, BATCHES, 0, end, end)
        assert [m["loss"] for m in plain] == losses
        for name, value in model.state_dict().items():
            assert torch.equal(value, branch.state_dict()[name]), (end, name)


def test_the_rate_rises_stays_and_falls_to_nothing():
    end = 100
    factors = [scaling.factor(step, end) for step in range(end + 1)]
    assert factors[0] == pytest.approx(1 / scaling.WARMUP) and factors[end] == 0
    assert set(factors[scaling.WARMUP : 70]) == {1.0}
    assert factors[85] == pytest.approx(0.5)
    assert [scaling.factor(s, None) for s in (50, 10**6)] == [1.0, 1.0]


def test_held_out_loss_leaves_padding_out():
    model, _ = make()
    rows = [[1, 20, 21, 22, 2], [1, 30, 2]]
    together, count = scaling.held_out_loss(model, [batches.pad(rows)])
    alone = [scaling.held_out_loss(model, [torch.tensor([row])]) for row in rows]
    assert count == 4 + 2
    assert together == pytest.approx((4 * alone[0][0] + 2 * alone[1][0]) / 6, abs=1e-5)


def test_sizes_are_what_their_names_say():
    for size in scaling.SIZES:
        config = scaling.config_of(size, 640)
        width, layers = map(int, size.split("x"))
        assert (config.d_model, config.n_layers) == (width, layers)
        wanted = layers * (10 * width * width + 2 * width) + width
        assert counts.body_parameters(config) == wanted


@pytest.mark.slow
def test_a_unit_says_what_it_measured():
    found = scaling.unit("32x2", seed=0, ends=(4, 8))
    one, two = found["scaling"]["points"]
    assert (one["step"], two["step"]) == (4, 8) and one["tokens"] < two["tokens"]
    n = found["scaling"]["parameters"]
    assert two["6ND"] == counts.six_nd(n, two["tokens"]) < two["flops"]
    assert one["loss"] < 6.6 and set(two["skills"]) > {"copy", "verification"}
    assert min(one["seconds"], two["seconds"]) > 0
