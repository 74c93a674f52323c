"""Claims about packing: nothing lost, nothing leaks, and the loss is the same."""

from dataclasses import replace

import pytest
import small
import torch

from r1lib import losses
from r1lib.model import transformer
from r1lib.model.moe import MoE
from r1lib.tokenizer import PAD
from r1lib.training import batches, packing, pretrain

EXPERTS = replace(small.EXPERTS, n_layers=3, init_std=0.4)
MLA = replace(EXPERTS, n_routed_experts=0)
GQA = replace(MLA, attention="gqa", n_heads=4, n_kv_heads=2, head_dim=6)
KINDS = {"gqa": GQA, "mla": MLA, "experts": EXPERTS}
EXACT = {"atol": 1e-10, "rtol": 0}


def make(config):
    """A float64 model; its routers too, which otherwise round scores to float32."""
    model = small.model(config).double().eval()
    for layer in model.modules():
        if isinstance(layer, MoE):
            layer.scores = torch.sigmoid
    return model


def documents(n=7):
    dice = torch.Generator().manual_seed(1)
    sizes = torch.randint(3, 13, (n,), generator=dice).tolist()
    return [torch.randint(9, 60, (s,), generator=dice).tolist() for s in sizes]


def pieces(rows):
    """(row, first, end) of each document of packed rows."""
    for b, owner in enumerate(rows.owner.tolist()):
        for n in range(1, max(owner) + 1):
            yield b, owner.index(n), len(owner) - owner[::-1].index(n)


def test_every_document_is_there_once_and_whole():
    given = documents(60)
    rows = packing.pack(given, 20)
    found = [rows.ids[b, start:end].tolist() for b, start, end in pieces(rows)]
    assert sorted(found) == sorted(given)
    assert rows.ids[rows.owner == 0].eq(PAD).all()
    assert rows.ids.shape[1] == 20
    assert len(rows.ids) <= 1.05 * sum(map(len, given)) / 20 + 1


def test_a_document_goes_where_the_least_room_is_left():
    rows = packing.pack([[1] * 6, [2] * 4, [3] * 3, [4]], 7)
    assert rows.ids.tolist() == [[1] * 6 + [4], [2] * 4 + [3] * 3]
    assert rows.owner.tolist() == [[1] * 6 + [2], [1] * 4 + [2] * 3]


def test_positions_mask_and_targets_by_hand():
    rows = packing.Packed(
        torch.tensor([[11, 12, 21, 22, 23, 0]]), torch.tensor([[1, 1, 2, 2, 2, 0]])
    )
    assert rows.positions.tolist() == [[0, 1, 0, 1, 2, 0]]
    assert rows.targets().tolist() == [[PAD, 12, PAD, 22, 23, PAD]]
    assert rows.targets(2).tolist() == [[PAD, PAD, PAD, PAD, 23, PAD]]
    seen = [[s for s in range(6) if rows.mask[0, 0, t, s]] for t in range(6)]
    assert seen == [[0], [0, 1], [2], [2, 3], [2, 3, 4], [5]]


@pytest.mark.parametrize("config", KINDS.values(), ids=KINDS)
@torch.no_grad()
def test_packed_and_kept_apart_is_each_document_alone(config):
    model, rows = make(config), packing.pack(documents(), 30)
    apart, mixed = (
        model(rows.ids, positions=rows.positions, attn_mask=rows.mask),
        model(rows.ids),
    )
    assert rows.owner.max() > 1
    for b, start, end in pieces(rows):
        alone = model(rows.ids[b : b + 1, start:end])[0]
        torch.testing.assert_close(apart[b, start:end], alone, **EXACT)
        same = torch.allclose(mixed[b, start:end], alone, atol=1e-3)
        assert same == (start == 0)  # the first of a row has nobody before it


@pytest.mark.parametrize("config", KINDS.values(), ids=KINDS)
def test_loss_and_gradient_are_those_of_padded_documents(config):
    given, model = documents(), make(config)
    for weight in (0.0, 0.3):
        packed, found = packing.loss(model, packing.pack(given, 30), weight)
        padded, wanted = pretrain.loss(model, batches.pad(given), weight)
        assert found.keys() == wanted.keys()
        torch.testing.assert_close(packed, padded, **EXACT)
        parameters = [p for _, p in model.named_parameters()]
        ours = torch.autograd.grad(
            packed, parameters, allow_unused=True, materialize_grads=True
        )
        theirs = torch.autograd.grad(
            padded, parameters, allow_unused=True, materialize_grads=True
        )
        for a, b in zip(ours, theirs, strict=True):
            torch.testing.assert_close(a, b, **EXACT)


def test_without_the_mask_the_loss_is_another_one():
    model, rows = make(GQA), packing.pack(documents(), 30)
    apart, _ = packing.loss(model, rows)
    mixed, _ = packing.loss(model, rows, apart=False)
    assert abs(apart - mixed) > 1e-3
    logits, borders = model(rows.ids), rows.targets()
    torch.testing.assert_close(mixed, losses.next_token_loss(logits, borders))


@pytest.mark.parametrize("apart", [True, False])
def test_no_token_is_asked_for_the_first_token_of_a_document(apart):
    model, rows = make(EXPERTS), packing.pack(documents(), 30)
    first = rows.positions == 0
    other = packing.Packed(rows.ids.clone(), rows.owner)
    hidden = model.hidden(rows.ids)
    logits = model.head(hidden)
    wanted = losses.next_token_loss(logits, rows.targets())
    other.ids[first & (rows.owner > 0)] = 5  # another target, the same logits
    torch.testing.assert_close(
        losses.next_token_loss(logits, other.targets()), wanted, **EXACT
    )
    ahead = model.head(packing.mtp_hidden(model, rows, hidden, apart))
    with_two = losses.next_token_loss(ahead, rows.targets(2), ahead=2)
    torch.testing.assert_close(
        losses.next_token_loss(ahead, other.targets(2), ahead=2), with_two, **EXACT
    )


def test_mtp_of_one_long_text_is_the_library_s():
    model, rows = make(EXPERTS), packing.pack(documents(), 30)
    hidden = model.hidden(rows.ids)
    found = packing.mtp_hidden(model, rows, hidden, apart=False)
    torch.testing.assert_close(found, transformer.mtp_hidden(model, rows.ids, hidden))


def test_what_cannot_be_packed_is_refused():
    for bad, said in (
        ([], "got no documents"),
        ([[1, 2], []], "of 1 to 4 tokens, got 0 to 2"),
        ([[1] * 5], "got 5 to 5"),
    ):
        with pytest.raises(ValueError, match=said):
            packing.pack(bad, 4)
