"""The script of P13 trains as the library does, and measures what it says."""

from dataclasses import replace
from itertools import islice

import pytest
import small
import torch

from r1lib.training import batches, optim, pretrain
from results import experts

CONFIG = replace(small.EXPERTS, n_layers=3)
TEXT = [[1, *range(20, 20 + n % 7 + 2), 2] for n in range(64)]
PLAN = pretrain.PretrainConfig(steps=8, batch_size=4, mtp_every=2)


def make():
    return small.model(CONFIG)


def test_the_arm_bias_is_the_training_of_the_base():
    plain, ours = make(), make()
    optimizers = optim.base_optimizers(plain, PLAN.muon_lr, PLAN.adamw_lr)
    wanted = list(pretrain.train(plain, TEXT, PLAN, optimizers))
    found = list(experts.train(ours, TEXT, PLAN, experts.ARMS["bias"]))
    assert [m["loss"] for m, _ in found] == [m["loss"] for m in wanted]
    for (name, a), b in zip(
        ours.state_dict().items(), plain.state_dict().values(), strict=True
    ):
        assert torch.equal(a, b), name


def test_the_auxiliary_arm_trains_another_router():
    plain, aux = make(), make()
    for model, arm in ((plain, "none"), (aux, "aux")):
        list(islice(experts.train(model, TEXT, PLAN, experts.ARMS[arm]), 4))
    layers = plain.layers[1].ffn, aux.layers[1].ffn
    assert not torch.equal(layers[0].router.weight, layers[1].router.weight)


def test_held_out_loss_and_load_leave_padding_out():
    model = make()
    rows = [[1, 20, 21, 22, 2], [1, 30, 2]]
    together = experts.measure(model, [batches.pad(rows)])
    alone = [experts.measure(model, [torch.tensor([row])]) for row in rows]
    assert together["tokens"] == 4 + 2
    wanted = (4 * alone[0]["loss"] + 2 * alone[1]["loss"]) / 6
    assert together["loss"] == pytest.approx(wanted, abs=1e-5)
    for name, load in together["load"].items():
        assert sum(load) == 8 * CONFIG.n_activated_experts
        parts = [one["load"][name] for one in alone]
        assert load == [a + b for a, b in zip(*parts, strict=True)]


def test_curve_has_a_point_for_the_last_step():
    steps = experts.train(make(), TEXT, PLAN, experts.ARMS["none"])
    points = experts.curve(steps, 8, "test")
    assert [p["step"] for p in points] == [8]
    assert points[0]["max/mean"] >= 1
