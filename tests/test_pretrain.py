"""Claims about pre-training: what is predicted, from what, and that it learns."""

import pytest
import small
import torch

from r1lib import losses
from r1lib.tokenizer import PAD
from r1lib.training import optim, pretrain


def model(seed=0):
    return small.model(small.EXPERTS, seed)


def test_pads_change_no_loss():
    net = model().eval()
    ids = torch.randint(9, 60, (2, 6))
    padded = torch.cat((ids, torch.zeros(2, 3, dtype=torch.long)), dim=1)
    for ahead in (1, 2):
        with torch.no_grad():
            plain = losses.next_token_loss(net(ids), ids, ahead)
            filled = losses.next_token_loss(net(padded), padded, ahead)
        torch.testing.assert_close(plain, filled)


def test_the_loss_looks_one_token_ahead_and_mtp_two():
    ids = torch.tensor([[9, 10, 11, 12]])
    for ahead in (1, 2):
        logits = torch.zeros(1, 4, 20)
        for t in range(4 - ahead):
            logits[0, t, ids[0, t + ahead]] = 50.0
        assert losses.next_token_loss(logits, ids, ahead) < 1e-6
        assert losses.next_token_loss(logits, ids, 3 - ahead) > 10


def test_batches_hold_each_document_once_an_epoch():
    rows = [[i + 9] * (i % 5 + 1) for i in range(24)]
    found = [
        row[row > 0].tolist()
        for ids in pretrain.batches(rows, 4, seed=1)
        for row in ids
    ]
    assert sorted(found) == sorted(rows)
    with pytest.raises(ValueError, match="at least 4 documents, got 3"):
        next(pretrain.stream(rows[:3], pretrain.PretrainConfig(batch_size=4)))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_pretraining_learns_a_text_by_heart(seed):
    net = model(seed)
    text = [[1, *range(20, 28), 2]] * 8
    plan = pretrain.PretrainConfig(steps=30, batch_size=4, seed=seed)
    optimizers = optim.base_optimizers(net, 0.05, 0.03)
    curve = list(pretrain.train(net, text, plan, optimizers))
    assert curve[0]["loss"] > 4 and curve[-1]["loss"] < 0.5
    mtp = [metrics["mtp_loss"] for metrics in curve if "mtp_loss" in metrics]
    assert mtp[0] > 4 and mtp[-1] < 2
    assert [metrics["step"] for metrics in curve] == list(range(1, 31))
    assert all(metrics["tokens"] == 40 for metrics in curve)


def test_without_mtp_the_main_model_learns_the_same_way():
    ids = torch.randint(9, 60, (3, 7))
    net = model()
    plain, metrics = pretrain.loss(net, ids, 0.0)
    both, more = pretrain.loss(net, ids, 0.3)
    assert metrics["loss"] == more["loss"] == plain.item()
    assert both.item() == pytest.approx(more["loss"] + 0.3 * more["mtp_loss"])


# --- orders and masks


def orders(seed, epochs=4):
    """The order of each epoch of `stream`."""
    documents = [[1, i] for i in range(20, 36)]
    config = pretrain.PretrainConfig(steps=8 * epochs, batch_size=2, seed=seed)
    rows = [tuple(b.flatten().tolist()) for b in pretrain.stream(documents, config)]
    return [tuple(rows[i : i + 8]) for i in range(0, len(rows), 8)]


def test_no_epoch_of_a_seed_has_the_order_of_another():
    found = [order for seed in (0, 1, 2, 10, 11) for order in orders(seed)]
    assert len(set(found)) == len(found) == 20
    assert orders(1) == orders(1)


@pytest.mark.parametrize("bad", [float("inf"), float("-inf"), float("nan")])
def test_logits_before_padding_are_never_read(bad):
    torch.manual_seed(0)
    ids, logits = torch.tensor([[1, 5, 2, PAD], [1, 2, PAD, PAD]]), torch.randn(2, 4, 9)
    for ahead in (1, 2):
        real = torch.zeros(2, 4, dtype=torch.bool)
        real[:, :-ahead] = ids[:, ahead:] != PAD
        dirty = torch.where(real[..., None], logits, bad).requires_grad_()
        found = losses.next_token_loss(dirty, ids, ahead)
        found.backward()
        assert found == losses.next_token_loss(logits, ids, ahead) > 0
        assert dirty.grad.isfinite().all() and dirty.grad[~real].eq(0).all()


def test_where_nothing_follows_the_loss_is_zero():
    logits = torch.full((1, 2, 9), float("nan"), requires_grad=True)
    for ids, ahead in (([[1, PAD]], 1), ([[1, 2]], 2), ([[PAD, PAD]], 1)):
        found = losses.next_token_loss(logits, torch.tensor(ids), ahead)
        found.backward()
        assert found == 0 and logits.grad.eq(0).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": 0},
        {"batch_size": 0},
        {"mtp_every": 0},
        {"muon_lr": 0.0},
        {"adamw_lr": float("nan")},
        {"mtp_weight": -0.1},
        {"bias_speed": float("inf")},
        {"seed": -1},
    ],
    ids=str,
)
def test_a_plan_without_sense_is_refused(changes):
    (name,) = changes
    with pytest.raises(ValueError, match=f"^{name} must be "):
        pretrain.PretrainConfig(**changes)


@pytest.mark.parametrize("odd", [[], [1] * 49], ids=len)
def test_documents_that_do_not_fit_are_refused_before_any_work(odd):
    net = small.model(small.DENSE)
    config = pretrain.PretrainConfig(steps=1, batch_size=2)
    steps = pretrain.train(net, [[1, 2], [1, 3], odd], config, optimizers=[])
    with pytest.raises(ValueError, match="of 1 to 48 tokens, got"):
        next(steps)


@pytest.mark.parametrize("ahead", [1, 2])
def test_a_head_that_is_asked_for_real_tokens_only_changes_nothing(ahead):
    torch.manual_seed(0)
    states = torch.randn(3, 6, 8, dtype=torch.float64, requires_grad=True)
    head = torch.nn.Linear(8, 11, bias=False).double()
    ids = torch.tensor(
        [[1, 4, 5, 6, 7, 2], [1, 9, 2, PAD, PAD, PAD], [1, 2] + [PAD] * 4]
    )
    whole = losses.next_token_loss(head(states), ids, ahead)
    few = losses.next_token_loss(states, ids, ahead, head=head)
    torch.testing.assert_close(few, whole, atol=1e-14, rtol=1e-14)
    inputs = (states, head.weight)
    for a, b in zip(
        torch.autograd.grad(few, inputs),
        torch.autograd.grad(whole, inputs),
        strict=True,
    ):
        torch.testing.assert_close(a, b, atol=1e-14, rtol=1e-12)
