"""Claims about distillation: what is compared, what is learned, what is refused."""

import random
from dataclasses import replace

import pytest
import small
import torch

from r1lib import distill
from r1lib.distill import DistillConfig, OnPolicyConfig, Spent
from r1lib.model import counts
from r1lib.problem import draw
from r1lib.tokenizer import Tokenizer
from r1lib.traces import tables
from r1lib.training import optim, sft
from r1lib.world import arithmetic

TOKENIZER = Tokenizer([])
SAME = (TOKENIZER, Tokenizer([]))
ROOM = replace(small.DENSE, max_positions=160)


def row(text="<think>2+2=4\n</think><answer>4</answer>", seed=0, correct=True):
    problem = draw(arithmetic.sample, random.Random(0), "train")
    return tables.row(
        problem,
        text,
        source="test",
        seed=seed,
        tokens=9,
        finished=True,
        correct=correct,
    )


def given(n=6):
    texts = [
        f"<think>{i}+1={i + 1}\n</think><answer>{i + 1}</answer>" for i in range(n)
    ]
    return sft.encode(TOKENIZER, [(f"{i}+1", text) for i, text in enumerate(texts)])


def logits(seed, shape=(2, 5, 7)):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).double()


MASK = torch.tensor([[0, 0, 1, 1, 1], [0, 1, 1, 0, 0]]).bool()


@pytest.mark.parametrize("temperature", [1.0, 2.5])
@pytest.mark.parametrize("kind", distill.KINDS)
def test_the_loss_is_that_of_a_slow_obvious_loop(kind, temperature):
    student, teacher = logits(0), logits(1)
    total, n = 0.0, 0
    for b in range(2):
        for t in range(5):
            if MASK[b, t]:  # token t was foretold in column t - 1
                p = (teacher[b, t - 1] / temperature).softmax(0)
                q = (student[b, t - 1] / temperature).softmax(0)
                p, q = (p, q) if kind == "forward" else (q, p)
                total += sum(
                    float(x * (x / y).log()) for x, y in zip(p, q, strict=True)
                )
                n += 1
    found = distill.kl_loss(student, teacher, MASK, kind, temperature)
    assert float(found) == pytest.approx(temperature**2 * total / n)


@pytest.mark.parametrize(("kind", "beta"), [("forward", 0), ("reverse", 1)])
def test_the_loss_and_its_gradient_are_those_of_trl(kind, beta):
    gkd = pytest.importorskip("trl.experimental.gkd")
    student, teacher = logits(0).requires_grad_(), logits(1)
    labels = torch.where(MASK, 1, -100)[:, 1:]
    theirs = gkd.GKDTrainer.generalized_jsd_loss(
        student[:, :-1], teacher[:, :-1], labels, beta=beta, temperature=2.0
    )
    (wanted,) = torch.autograd.grad(theirs, student)
    ours = distill.kl_loss(student, teacher, MASK, kind, 2.0)
    (found,) = torch.autograd.grad(ours, student)
    assert ours.item() == pytest.approx(4 * theirs.item())  # theirs is without T^2
    torch.testing.assert_close(found, 4 * wanted)


def test_forward_covers_what_the_teacher_might_say_and_reverse_picks_one_of_it():
    """A student with one peak, a teacher with two: where does the peak go?"""
    places = torch.arange(21.0)

    def peak(at):
        return -((places - at) ** 2) / 4

    teacher = torch.logaddexp(peak(5), peak(15)).view(1, 1, -1).repeat(1, 2, 1)
    mask = torch.tensor([[False, True]])
    best = {}
    for kind in distill.KINDS:
        losses = [
            distill.kl_loss(peak(at).expand(1, 2, -1), teacher, mask, kind)
            for at in range(21)
        ]
        best[kind] = int(torch.stack(losses).argmin())
    assert best["forward"] == 10 and best["reverse"] in (5, 15)


def test_parts_of_a_batch_give_the_gradient_of_the_whole():
    student, teacher = small.model(small.DENSE, 0), small.model(small.DENSE, 1)
    ids, mask = sft.collate(given())
    found = []
    for most in (10_000, 40):
        student.zero_grad()
        loss = distill.add_gradients(student, teacher, ids, mask, "forward", 1.0, most)
        found.append((loss, student.embed.weight.grad.clone()))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    torch.testing.assert_close(found[0][1], found[1][1], rtol=1e-4, atol=1e-7)
    assert all(p.grad is None for p in teacher.parameters())


@pytest.mark.parametrize("kind", distill.KINDS)
def test_a_student_comes_near_to_its_teacher_and_the_teacher_stays(kind):
    student, teacher = small.model(small.DENSE, 0), small.model(small.DENSE, 1)
    before = [p.clone() for p in teacher.parameters()]
    config = DistillConfig(epochs=30, batch_size=6, lr=1e-2, kind=kind)
    optimizers = optim.adamw(student, config.lr)
    steps = distill.train(student, teacher, SAME, given(), config, optimizers)
    losses = [metrics["loss"] for metrics, _ in steps]
    assert len(losses) == 30 and losses[-1] < losses[0] / 3
    assert all(map(torch.equal, before, teacher.parameters()))


def test_the_bill_counts_every_token_once():
    student, teacher = small.model(small.DENSE, 0), small.model(small.DENSE, 1)
    config = DistillConfig(epochs=2, batch_size=4)
    optimizers = optim.adamw(student, 1e-3)
    loop = distill.train(student, teacher, SAME, given(), config, optimizers)
    bill = sum((spent for _, spent in loop), Spent())
    tokens = 2 * sum(len(example.ids) for example in given())
    assert (bill.student_trained, bill.teacher_read) == (tokens, tokens)
    assert (bill.student_written, bill.teacher_written) == (0, 0) and bill.seconds > 0


def test_flops_of_a_bill_are_those_of_its_parts():
    s, t = ROOM, replace(ROOM, d_model=32)
    assert Spent(student_trained=100).flops(s, t, 50) == counts.training_flops(
        s, 100, 50
    )
    assert Spent(teacher_read=100).flops(s, t, 50) == 2 * counts.read_flops(t, 50)
    assert Spent(student_written=3).flops(s, t, 50) == 3 * counts.decode_flops(s, 25)
    assert Spent(teacher_written=3).flops(s, t, 50) == 3 * counts.decode_flops(t, 25)


def an_arithmetic_problem(rng):
    return draw(arithmetic.sample, rng, "train")


def on_policy(start=0, steps=3, seed=0):
    student, teacher = small.model(ROOM, 0), small.model(ROOM, 1)
    config = OnPolicyConfig(
        steps=steps, prompts=4, max_new_tokens=8, seed=seed, lr=3e-3
    )
    optimizers = optim.adamw(student, config.lr)
    rest = (an_arithmetic_problem, config, optimizers, start)
    loop = distill.on_policy(student, teacher, SAME, *rest)
    return student, list(loop)


def test_on_policy_pulls_the_student_on_its_own_texts():
    _, seen = on_policy(steps=40)
    losses = [metrics["loss"] for metrics, _ in seen]
    assert sum(losses[-5:]) < 0.7 * sum(losses[:5])
    bill = seen[0][1]
    assert 4 <= bill.student_written <= 32
    assert bill.teacher_read == bill.student_trained > bill.student_written


def test_on_policy_repeats_itself_step_by_step():
    first, whole = on_policy()
    again, same = on_policy()
    assert [m["loss"] for m, _ in whole] == [m["loss"] for m, _ in same]
    assert all(map(torch.equal, first.parameters(), again.parameters()))
    assert [m["step"] for m, _ in on_policy(start=2)[1]] == [3]


def test_texts_go_over_to_a_student_with_another_tokenizer():
    trace = row("<think>it fits it fits\n</think><answer>4</answer>")
    other = Tokenizer.train(["it fits it fits"], 300)
    (ours,), _ = distill.examples([trace], TOKENIZER, 200)
    (theirs,), _ = distill.examples([trace], other, 200)
    assert len(theirs.ids) < len(ours.ids)
    for tokenizer, example in ((TOKENIZER, ours), (other, theirs)):
        learned = [i for i, m in zip(example.ids, example.mask, strict=True) if m]
        assert tokenizer.decode(learned[:-1]) == trace["completion"]


def test_a_trace_that_is_too_long_is_counted_and_never_cut():
    long = row("<think>" + "1+1=2\n" * 20 + "</think><answer>2</answer>", seed=1)
    found, left_out = distill.examples([row(), long], TOKENIZER, 100)
    assert left_out == 1 and len(found) == 1
    whole, _ = distill.examples([row(), long], TOKENIZER, 1000)
    assert found == whole[:1] and len(whole[1].ids) > 100


@pytest.mark.parametrize(
    ("rows", "positions", "message"),
    [
        ([], 100, "at least one trace, got an empty table"),
        ([row(), row(seed=1, correct=False)], 100, "1 of 2 traces were not found corr"),
        ([row()], 20, "reads 20 tokens, the shortest trace has"),
    ],
)
def test_traces_that_cannot_teach_are_refused(rows, positions, message):
    with pytest.raises(ValueError, match=message):
        distill.examples(rows, TOKENIZER, positions)


def test_wrong_traces_are_taken_where_they_are_asked_for():
    rows = [row(correct=False)]
    found, _ = distill.examples(rows, TOKENIZER, 200, unverified=True)
    assert len(found) == 1


def test_distributions_over_different_tokens_are_not_compared():
    other = Tokenizer.train(["abab abab abab"], 268)
    distill.check_same_tokenizer(TOKENIZER, Tokenizer([]))
    with pytest.raises(
        ValueError, match=r"student \(265 ids\) and teacher \(268 ids\)"
    ):
        distill.check_same_tokenizer(TOKENIZER, other)
    with pytest.raises(ValueError, match=r"one shape, got \(2, 5, 7\) and \(2, 5, 8\)"):
        distill.kl_loss(logits(0), logits(0, (2, 5, 8)), MASK)


def test_a_teacher_whose_ids_mean_other_things_teaches_nothing():
    """Two tokenizers of one size: nothing would fail, and the student learn noise."""
    both = [Tokenizer([(100, 101), (102, 103)]), Tokenizer([(102, 103), (100, 101)])]
    student, teacher = small.model(ROOM, 0), small.model(ROOM, 1)
    before = [p.clone() for p in student.parameters()]
    optimizers, once = optim.adamw(student, 1e-3), OnPolicyConfig(steps=1)
    for loop in (
        distill.train(student, teacher, both, given(), DistillConfig(), optimizers),
        distill.on_policy(student, teacher, both, None, once, optimizers),
    ):
        with pytest.raises(ValueError, match="differ, so their distributions cannot"):
            next(loop)
    assert all(map(torch.equal, before, student.parameters()))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ({"kind": "sideways"}, "got 'sideways'"),
        ({"temperature": 0}, "above 0, got 0"),
        ({"packed": 512}, "unpacked rows, got packed=512"),
    ],
)
def test_settings_that_mean_nothing_are_refused(kind, message):
    with pytest.raises(ValueError, match=message):
        DistillConfig(**kind)
    if "kind" in kind:
        with pytest.raises(ValueError, match=message):
            distill.kl_loss(logits(0), logits(1), MASK, **kind)


# --- what is masked, closed or without sense


@pytest.mark.parametrize("kind", ["forward", "reverse"])
@pytest.mark.parametrize("bad", [float("inf"), float("-inf"), float("nan")])
def test_logits_outside_the_mask_are_never_read(kind, bad):
    torch.manual_seed(0)
    student, teacher = torch.randn(2, 1, 4, 5)
    mask = torch.tensor([[False, False, True, False]])
    read = torch.tensor([False, True, False, False])[:, None]
    dirty = torch.where(read, student, bad).requires_grad_()
    found = distill.kl_loss(dirty, torch.where(read, teacher, bad), mask, kind)
    found.backward()
    assert found == distill.kl_loss(student, teacher, mask, kind) > 0
    assert dirty.grad.isfinite().all() and dirty.grad[0, [0, 2, 3]].eq(0).all()
    assert distill.kl_loss(dirty, teacher, torch.zeros_like(mask), kind) == 0


@pytest.mark.parametrize("kind", ["forward", "reverse"])
def test_a_token_closed_for_both_adds_nothing(kind):
    student, teacher = torch.randn(2, 1, 2, 5)
    mask = torch.tensor([[False, True]])
    wanted = distill.kl_loss(student[..., :4], teacher[..., :4], mask, kind)
    closed = torch.tensor([False] * 4 + [True])
    student = student.masked_fill(closed, float("-inf")).requires_grad_()
    teacher = teacher.masked_fill(closed, float("-inf"))
    found = distill.kl_loss(student, teacher, mask, kind)
    found.backward()
    assert found.item() == pytest.approx(wanted.item())
    assert student.grad.isfinite().all()


@pytest.mark.parametrize(
    "config, changes",
    [
        (distill.DistillConfig, {"temperature": float("nan")}),
        (distill.DistillConfig, {"temperature": 0.0}),
        (distill.DistillConfig, {"epochs": 0}),
        (distill.OnPolicyConfig, {"prompts": 0}),
        (distill.OnPolicyConfig, {"steps": -1}),
        (distill.OnPolicyConfig, {"lr": -1.0}),
        (distill.OnPolicyConfig, {"kind": "sideways"}),
    ],
    ids=str,
)
def test_settings_without_sense_are_refused(config, changes):
    (name,) = changes
    with pytest.raises(ValueError, match=f"^{name} must be "):
        config(**changes)
