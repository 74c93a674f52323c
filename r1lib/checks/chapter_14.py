"""Checks of chapter 14: distillation."""

import math

import torch

from r1lib.checks.exercise import (
    hint,
    items,
    loss,
    number,
    parts,
    report,
    tensor,
    truth,
)
from r1lib.distill import Spent, kl_loss
from r1lib.tokenizer import Tokenizer


def ex_14_1(divergences) -> None:
    """Forward and reverse KL of two lists of probabilities."""

    def both(got, nan="a divergence is no number: nan"):
        wanted = "return two numbers, (forward, reverse)"
        return [number(x, nan) for x in parts(got, 2, wanted)]

    def test(divergences):
        p, q = [0.5, 0.5], [0.9, 0.1]
        ahead = sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
        back = sum(b * math.log(b / a) for a, b in zip(p, q, strict=True))
        got = both(divergences(p, q))
        assert abs(got[0] - back) > 1e-6 or abs(got[1] - ahead) > 1e-6, (
            "the two are exchanged: forward weighs with the teacher's probabilities"
        )
        assert abs(got[0] - ahead) < 1e-6, f"forward is {ahead:.4f}, not {got[0]:.4f}"
        assert abs(got[1] - back) < 1e-6, f"reverse is {back:.4f}, not {got[1]:.4f}"
        got = both(divergences(p, p))
        assert max(map(abs, got)) < 1e-6, "nothing lies between p and p"
        reason = "what the teacher never writes costs the forward kind nothing"
        far = "a student that writes what the teacher never does is infinitely far away"
        with hint(f"{reason}: 0 log 0 = 0; {far}"):
            got = both(divergences([1.0, 0.0], [0.5, 0.5]), f"{reason}: 0 log 0 = 0")
        assert abs(got[0] - math.log(2)) < 1e-6, f"{reason}: 0 log 0 = 0"
        assert got[1] == math.inf, far
        reason = "what neither ever writes costs nothing in either direction"
        with hint(reason):
            got = both(divergences([1.0, 0.0], [1.0, 0.0]), reason)
        assert max(map(abs, got)) < 1e-6, reason

    report("14.1", test, divergences)


def ex_14_2(kl_rows) -> None:
    """The mean forward KL of each text, over its own tokens, with the shift by one."""

    def by_text(student, teacher, mask, kind="forward"):
        rows = zip(*(x.split(1) for x in (student, teacher, mask)), strict=True)
        return torch.stack([kl_loss(s, t, m, kind) for s, t, m in rows])

    def test(kl_rows):
        rng = torch.Generator().manual_seed(0)
        student, teacher = torch.randn(2, 3, 5, 7, generator=rng)
        mask = torch.tensor([[0, 0, 1, 1, 1], [0, 1, 1, 0, 0], [0, 0, 0, 0, 1]]).bool()
        got = kl_rows(student, teacher, mask)
        one_number = getattr(got, "shape", None) == ()
        assert not one_number, "return one number for each text, not one for the batch"
        got = tensor(got, (3,), torch.float32)

        def is_like(other):
            return torch.allclose(got, other, atol=1e-5)

        # one column more in front of the mask: logits t for token t
        padded = [torch.cat([x, x[:, :1]], 1) for x in (student, teacher)]
        ahead = torch.cat([mask[:, :1] & False, mask], 1)
        assert not is_like(by_text(*padded, ahead)), (
            "off by one: token t was predicted by the logits in column t - 1"
        )
        assert not is_like(by_text(student, teacher, mask, "reverse")), (
            "this is KL(student || teacher): the forward KL weighs with the teacher"
        )
        everywhere = torch.ones_like(mask)
        assert not is_like(by_text(student, teacher, everywhere)), (
            "only tokens under the mask count"
        )
        wanted = by_text(student, teacher, mask)
        counts = mask.sum(1)
        assert not is_like(wanted * counts), "divide by the masked tokens of each text"
        assert not is_like(wanted * counts / counts.sum()), (
            "divide by the masked tokens of each text, not by those of the batch"
        )
        assert is_like(wanted), f"{wanted.tolist()} here, not {got.tolist()}"
        same = tensor(kl_rows(student, student, mask), (3,), torch.float32)
        assert same.abs().max() < 1e-5, "nothing lies between a model and itself"

    report("14.2", test, kl_rows)


def ex_14_3(flops) -> None:
    """A bill in FLOPs by the rule of thumb, 2 for reading and writing, 6 to train."""

    def test(flops):
        cases = (
            (Spent(student_trained=10), 6_000, "a trained token costs 6 per parameter"),
            (Spent(student_written=10), 2_000, "a written token costs 2 per parameter"),
            (Spent(teacher_written=10), 14_000, "the teacher's tokens at its own size"),
            (Spent(teacher_read=10), 14_000, "what the teacher reads costs 2 as well"),
            (Spent(seconds=9.0), 0, "seconds are no FLOPs"),
            (Spent(1, 2, 3, 4, 5.0), 10_800, "add up all four kinds of tokens"),
        )
        for spent, wanted, reason in cases:
            got = number(flops(100, 700, spent))
            assert got == wanted, f"{reason}: {wanted:,} here, not {got:,}"

    report("14.3", test, flops)


def ex_14_4(pull) -> None:
    """The pull of softened probabilities on a student's logits, T (p_T - q_T)."""

    def test(pull):
        rng = torch.Generator().manual_seed(0)
        student, teacher = torch.randn(2, 2, 5, generator=rng)

        def right(z, w, temperature):
            q, p = ((x / temperature).softmax(-1) for x in (z, w))
            return temperature * (p - q)

        for temperature in (1.0, 4.0):
            wanted = right(student, teacher, temperature)
            plain = right(student, teacher, 1.0)
            got = tensor(pull(student, teacher, temperature), (2, 5), torch.float32)
            for other, reason in (
                (-wanted, "the sign: a token that the teacher likes more is pulled up"),
                (plain, "divide the logits by the temperature before the softmax"),
                (plain * temperature, "divide the logits before the softmax, too"),
                (wanted / temperature, "multiply by the temperature"),
                (wanted * temperature, "once by the temperature, not twice"),
            ):
                same = torch.allclose(other, wanted, atol=1e-6)  # at T = 1 some are
                assert same or not torch.allclose(got, other, atol=1e-6), reason
            first = ([f"{x:+.2f}" for x in row[0].tolist()] for row in (wanted, got))
            assert torch.allclose(got, wanted, atol=1e-6), (
                "T {:g}: {} in row 0, not {}".format(temperature, *first)
            )

    report("14.4", test, pull)


def ex_14_5(comparable) -> None:
    """May the distributions of two models be compared position by position?"""

    def test(comparable):
        first = Tokenizer([(100, 101), (102, 103)])
        same = Tokenizer([(100, 101), (102, 103)])
        turned = Tokenizer([(102, 103), (100, 101)])
        fewer = Tokenizer([(100, 101)])
        cuts = Tokenizer([(100, 101), (102, 103)], "deepseek-v3")
        assert truth(comparable(first, same)), (
            "two tokenizers with the same merges and cuts are one"
        )
        assert not truth(comparable(first, fewer)), "these have not even the same size"
        assert not truth(comparable(first, turned)), (
            "the same number of ids, but id 265 is another piece of text"
        )
        assert not truth(comparable(first, cuts)), (
            "the same merges, but another rule where text is cut before merging"
        )

    report("14.5", test, comparable)


def ex_14_6(halfway) -> None:
    """The generalised Jensen-Shannon divergence of two tensors of probabilities."""

    def between(p, q, beta):
        m = beta * p + (1 - beta) * q
        ahead, back = ((x * (x / m).log()).sum(-1) for x in (p, q))
        return beta * ahead + (1 - beta) * back

    def rows(got):
        shape = getattr(got, "shape", (2,))
        assert shape == (2,), "one number for each row: sum over the last axis"
        return tensor(got, (2,), torch.float64)

    def test(halfway):
        p = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]]).double()
        q = torch.tensor([[0.2, 0.2, 0.6], [0.3, 0.3, 0.4]]).double()
        for beta in (0.5, 0.1):
            wanted, exchanged = between(p, q, beta), between(q, p, beta)
            got = rows(halfway(p, q, beta))
            assert beta == 0.5 or not torch.allclose(got, exchanged, atol=1e-6), (
                "beta weighs the teacher, in the mixture and in the sum"
            )
            assert torch.allclose(got, wanted, atol=1e-6), (
                f"beta {beta}: {wanted.tolist()}, not {got.tolist()}"
            )
        assert torch.allclose(rows(halfway(p, q, 0.5)), rows(halfway(q, p, 0.5))), (
            "halfway between them, both directions are the same"
        )
        assert rows(halfway(p, p, 0.3)).abs().max() < 1e-6, (
            "nothing lies between p and p"
        )

    report("14.6", test, halfway)


def ex_14_7(lesson) -> None:
    """A choice of n rows to learn from, at most one for each prompt."""

    def test(lesson):
        rows = [
            {"prompt": f"{i // 2}", "tokens": 20 + i % 5, "family": "ab"[i % 4 > 1]}
            for i in range(12)
        ]  # six prompts, two rows each
        for n, wanted in ((1, 1), (4, 4), (6, 6), (9, 6)):
            got = items(lesson(list(rows), n))
            assert all(row in rows for row in got), "return rows that were given"
            prompts = [row["prompt"] for row in got]
            assert len(set(prompts)) == len(prompts), "a prompt is there twice"
            assert len(got) == wanted, (
                f"of 6 prompts, {n} rows asked for: {wanted} rows, not {len(got)}"
            )

    report("14.7", test, lesson)


def ex_14_8(token_loss) -> None:
    """On-policy distillation with sampled tokens: an advantage for each of them."""

    def gradient(token_loss, student, teacher, mask):
        student = student.clone().requires_grad_()
        got = loss(token_loss(student, teacher, mask))
        return torch.autograd.grad(got, student)[0]

    def test(token_loss):
        student = torch.tensor([[-0.5, -2.0, -1.0, -0.3], [-1.0, -0.2, -3.0, -0.7]])
        teacher = torch.tensor([[-9.0, -0.1, -2.5, -0.3], [-9.0, -2.2, -0.4, -9.0]])
        mask = torch.tensor([[False, True, True, True], [False, True, True, False]])
        got = gradient(token_loss, student, teacher, mask)
        wanted = (student - teacher) * mask / mask.sum()
        assert not got[~mask].any(), "a token outside the mask has a gradient"
        wrong = {
            "the sign: a likelier token for the teacher must become likelier": -wanted,
            "take the mean over the masked tokens": wanted * mask.sum(),
            "divide by the number of masked tokens": wanted * mask.sum() / mask.numel(),
            "detach the advantage, it is a reward": wanted + student * mask / 5,
            "the advantage is log p - log q": -teacher * mask / mask.sum(),
        }
        for reason, gradients in wrong.items():
            assert not torch.allclose(got, gradients, atol=1e-5), reason
        assert torch.allclose(got, wanted, atol=1e-5), (
            f"wanted the gradient {wanted.tolist()}, got {got.tolist()}"
        )

    report("14.8", test, token_loss)
