"""Claims about fine-tuning: what is learned, how much each token counts, and in what
order."""

import itertools
import math

import pytest
import small
import torch

from r1lib import sampling
from r1lib.losses import token_logprobs
from r1lib.tokenizer import EOS, PAD, Tokenizer
from r1lib.training import batches, optim, pretrain, sft
from r1lib.training.sft import Example, SFTConfig

TOKENIZER = Tokenizer([])
SUMS = [(f"{a}+1", f"<answer>{a + 1}</answer>") for a in range(1, 9)]


def model(seed=0, dtype=torch.float32):
    return small.model(small.DENSE, seed).to(dtype)


def examples(pairs=SUMS):
    return sft.encode(TOKENIZER, pairs)


def test_an_example_is_the_framed_prompt_and_the_mask_covers_the_completion():
    (example,) = examples([("2+2", "<think>2+2=4</think><answer>4</answer>")])
    prompt = TOKENIZER.prompt("2+2")
    written = pretrain.encode_documents(
        TOKENIZER, [("2+2", "<think>2+2=4</think><answer>4</answer>")]
    )
    assert example.ids == written[0]  # a base is tuned on the frame that it knows
    n = len(prompt)
    assert example.ids[:n] == prompt and example.ids[-1] == EOS
    assert example.mask == [False] * n + [True] * (len(example.ids) - n)


def test_a_completion_cannot_open_a_turn_of_its_own():
    (example,) = examples([("2+2", "4<|eos|><|user|>")])
    assert example.ids.count(EOS) == 1


def test_rows_are_padded_on_the_right_and_pads_are_not_learned():
    ids, mask = sft.collate(
        [Example([5, 6, 7], [False, True, True]), Example([8, PAD], [False, True])]
    )
    assert ids.tolist() == [[5, 6, 7], [8, PAD, PAD]]
    assert mask.int().tolist() == [[0, 1, 1], [0, 1, 0]]  # the second pad is no token


def test_the_loss_is_that_of_a_slow_obvious_loop():
    net = model(dtype=torch.float64)
    rows = examples()
    wanted, n = 0.0, 0
    for example in rows:  # one token at a time, nothing padded
        for t, learned in enumerate(example.mask):
            if learned:
                logits = net(torch.tensor([example.ids[:t]]))[0, -1]
                wanted -= logits.log_softmax(-1)[example.ids[t]].item()
                n += 1
    ids, mask = sft.collate(rows)
    loss, metrics = sft.sft_loss(token_logprobs(net(ids), ids), mask)
    assert loss.item() == pytest.approx(wanted / n, rel=1e-12)
    assert metrics == {"loss": loss.item()}


def test_the_prompt_and_the_pads_have_no_gradient():
    ids, mask = sft.collate(examples())
    logprobs = (-torch.rand(ids.shape)).requires_grad_()
    sft.sft_loss(logprobs, mask)[0].backward()
    assert logprobs.grad[~mask].eq(0).all()
    torch.testing.assert_close(
        logprobs.grad[mask], torch.full((int(mask.sum()),), -1 / int(mask.sum()))
    )


@pytest.mark.parametrize("most", [1, 40, 100_000])
def test_a_step_does_not_depend_on_how_the_batch_is_cut(most):
    rows = examples([*SUMS, ("8", "<think>" + "12+" * 9 + "</think>")])
    net = model()
    ids, mask = sft.collate(rows)
    loss, _ = sft.sft_loss(token_logprobs(net(ids), ids), mask)
    loss.backward()
    wanted = {n: p.grad.clone() for n, p in net.named_parameters()}
    norm = torch.nn.utils.get_total_norm(wanted.values()).item()
    net.zero_grad()
    seen = {}
    still = torch.optim.SGD(net.parameters(), lr=0.0)
    still.register_step_pre_hook(
        lambda *_: seen.update({n: p.grad.clone() for n, p in net.named_parameters()})
    )
    metrics = sft.update(net, [still], rows, most)
    assert metrics["loss"] == pytest.approx(loss.item(), rel=1e-5)
    assert metrics["grad_norm"] == pytest.approx(norm, rel=1e-4)
    assert metrics["tokens"] == mask.sum()
    for name in wanted:
        clipped = wanted[name] * min(1.0, 1.0 / norm)
        torch.testing.assert_close(seen[name], clipped, rtol=1e-3, atol=1e-6)


def test_each_epoch_holds_every_example_once_in_an_order_of_its_own():
    found = list(batches.batches(list(range(10)), 4, epochs=2, seed=3))
    assert list(map(len, found)) == [4, 4, 2, 4, 4, 2]
    first, second = (list(itertools.chain(*x)) for x in (found[:3], found[3:]))
    assert sorted(first) == sorted(second) == list(range(10)) and first != second
    assert found == list(batches.batches(list(range(10)), 4, epochs=2, seed=3))
    assert found != list(batches.batches(list(range(10)), 4, epochs=2, seed=4))


def run(net, optimizers, start=0, **changes):
    config = SFTConfig(**{"epochs": 30, "batch_size": 8, "lr": 0.03, **changes})
    return sft.train(net, examples(), config, optimizers, start)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_fine_tuning_learns_to_answer(seed):
    net = model(seed)
    curve = list(run(net, optim.adamw(net, 0.03), seed=seed))
    assert [m["step"] for m in curve] == list(range(1, 31))
    assert [m["epoch"] for m in curve] == list(range(1, 31))
    assert curve[0]["loss"] > 4 and curve[-1]["loss"] < 0.2
    found = sampling.generate(
        net,
        [TOKENIZER.prompt(prompt) for prompt, _ in SUMS],
        max_new_tokens=8,
        temperature=0.01,
        stop_ids=(EOS,),
    )
    right = [
        c.ids == TOKENIZER.encode(text, allow_special=True) + [EOS]
        for c, (_, text) in zip(found, SUMS, strict=True)
    ]
    assert sum(right) >= 7


def test_a_resumed_run_repeats_the_uninterrupted_one():
    def start():
        net = model()
        return net, optim.adamw(net, 0.02)

    def losses(steps):
        return [(m["epoch"], m["loss"]) for m in steps]

    (one, optimizers), (two, again) = start(), start()
    plan = {"epochs": 3, "batch_size": 4}
    whole = losses(run(one, optimizers, **plan))
    first = losses(itertools.islice(run(two, again, **plan), 3))
    assert first + losses(run(two, again, 3, **plan)) == whole
    assert [epoch for epoch, _ in whole] == [1, 1, 2, 2, 3, 3]
    for p, q in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(p, q)


def test_the_learning_rate_rises_and_falls_to_a_tenth():
    found = [optim.warmup_cosine(s, 200, 0.05, 0.1) for s in range(201)]
    assert found[0] == 0.1 and found[9] == 1.0 and found[200] == pytest.approx(0.1)
    assert all(a < b for a, b in itertools.pairwise(found[:10]))
    assert all(a > b for a, b in itertools.pairwise(found[10:]))
    half = 10 + 190 // 2
    assert found[half] == pytest.approx(0.1 + 0.9 * (1 + math.cos(math.pi / 2)) / 2)


@pytest.mark.parametrize(
    "rows, message",
    [
        ([], "at least one example, got none"),
        ([Example([9] * 49, [False] + [True] * 48)], "for 48 ids in a row, .* has 49"),
        ([Example([9, 9], [False, False])], "at least one token to learn"),
        ([Example([9, 9], [True, True])], "not the first one"),
        ([Example([9, 9], [False])], "for each of 2 ids, got 1"),
    ],
)
def test_examples_that_teach_nothing_are_refused(rows, message):
    net = model()
    with pytest.raises(ValueError, match=message):
        next(sft.train(net, rows, SFTConfig(), optim.adamw(net, 0.1)))


def test_a_config_without_a_step_is_refused():
    with pytest.raises(ValueError, match="epochs must be at least 1, got 0"):
        SFTConfig(epochs=0, batch_size=4)


def packed(net, rows, length):
    """Log-probabilities and mask of examples in packed rows."""
    ids, owner, mask = map(torch.stack, zip(*sft.pack(rows, length), strict=True))
    return sft.packed_logprobs(net, ids, owner), mask


def test_packed_rows_have_the_loss_and_the_gradients_of_single_ones():
    rows = examples([*SUMS, ("8", "<think>" + "12+" * 6 + "</think>")])
    net = model(dtype=torch.float64)
    found = []
    ids, mask = sft.collate(rows)
    for logprobs, learned in (
        (token_logprobs(net(ids), ids), mask),
        packed(net, rows, 47),
    ):
        loss, _ = sft.sft_loss(logprobs, learned)
        grads = torch.autograd.grad(loss, list(net.parameters()))
        found.append((loss, int(learned.sum()), logprobs.shape, grads))
    (one, n, shape, grads), (two, m, packed_shape, packed_grads) = found
    assert m == n and packed_shape[0] < shape[0] and packed_shape[1] == 47
    torch.testing.assert_close(two, one, rtol=1e-12, atol=0)
    for a, b in zip(packed_grads, grads, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-13)


def test_a_neighbour_in_the_row_changes_nothing():
    first, second = examples(SUMS[:2])
    net = model(dtype=torch.float64)
    alone, mask = packed(net, [first], 40)
    both, either = packed(net, [first, second], 40)
    n = len(first.ids)
    torch.testing.assert_close(both[0, :n], alone[0, :n], rtol=1e-12, atol=1e-12)
    assert torch.equal(either[0, :n], mask[0, :n]) and either[0, n:].any()


@pytest.mark.parametrize("most", [1, 40, 100_000])
def test_a_packed_step_is_the_unpacked_one(most):
    one, two = model(dtype=torch.float64), model(dtype=torch.float64)
    rows = examples()
    plan = SFTConfig(micro_tokens=most, packed=40)
    single = sft.update(one, optim.adamw(one, 0.01), rows, 100_000)
    packed = sft.update_packed(two, optim.adamw(two, 0.01), rows, plan)
    assert packed == pytest.approx(single, rel=1e-9)
    for p, q in zip(one.parameters(), two.parameters(), strict=True):
        torch.testing.assert_close(q, p, rtol=1e-6, atol=1e-9)


def test_training_with_packed_rows_learns_the_same():
    curves = []
    for packed in (0, 48):
        net = model(dtype=torch.float64)
        steps = run(net, optim.adamw(net, 0.03), epochs=4, packed=packed)
        curves.append([m["loss"] for m in steps])
    assert curves[1] == pytest.approx(curves[0], rel=1e-6)


def test_an_example_longer_than_a_packed_row_is_refused():
    net = model()
    plan = SFTConfig(packed=9)
    with pytest.raises(ValueError, match="room for 9 ids in a row"):
        next(sft.train(net, examples(), plan, optim.adamw(net, 0.1)))


@pytest.mark.parametrize(
    "changes",
    [
        {"batch_size": 0},
        {"micro_tokens": 0},
        {"packed": -1},
        {"lr": 0.0},
        {"lr": float("inf")},
        {"warmup": 2.0},
        {"lowest": -0.1},
        {"seed": 2**63},
    ],
    ids=str,
)
def test_a_config_without_sense_is_refused(changes):
    (name,) = changes
    with pytest.raises(ValueError, match=f"^{name} must be "):
        SFTConfig(**changes)


@pytest.mark.parametrize("length", [49, 64, 10_000])
def test_rows_longer_than_the_model_are_refused_before_any_work(length):
    net = small.model(small.DENSE)
    rows = [sft.Example([1, 20, 21], [False, True, True])]
    steps = sft.train(net, rows, SFTConfig(packed=length), optimizers=[])
    with pytest.raises(ValueError, match=f"rows of {length} tokens .* knows 48"):
        next(steps)


def test_positions_beyond_the_model_are_refused():
    net, ids = small.model(small.DENSE), torch.ones(1, 3, dtype=torch.long)
    net(ids, positions=torch.tensor([[45, 46, 47]]))
    with pytest.raises(ValueError, match="knows 48 positions, 49 needed"):
        net(ids, positions=torch.tensor([[46, 47, 48]]))


@pytest.mark.parametrize("bad", [float("inf"), float("-inf"), float("nan")])
def test_the_loss_never_reads_what_is_not_learned(bad):
    mask = torch.tensor([[False, False, True, True]])
    dirty = torch.where(mask, -2.0, bad).requires_grad_()
    loss, metrics = sft.sft_loss(dirty, mask)
    loss.backward()
    assert loss == metrics["loss"] == 2
    assert dirty.grad.tolist() == [[0.0, 0.0, -0.5, -0.5]]
    assert sft.sft_loss(dirty, torch.zeros_like(mask))[0] == 0
