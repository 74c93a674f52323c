"""Checks of chapter 05: pre-training the base."""

import torch

from r1lib.checks.exercise import number, parts, report, tensor
from r1lib.losses import next_token_loss
from r1lib.tokenizer import PAD
from r1lib.training.packing import Packed
from r1lib.training.scaling import predict_loss


def ex_5_1(waste) -> None:
    """Share of a padded batch that is padding, documents in the order given."""

    def test(waste):
        got = number(waste([3, 5, 4, 4], 2))
        assert abs(got - 0.2) > 1e-6, (
            "that is all four in one batch; each batch is as wide as its own longest"
        )
        assert abs(got - 2 / 18) < 1e-6, f"2 of 10 + 8 places are padding, not {got}"
        assert abs(number(waste([3, 3, 3], 3))) < 1e-6, "equal lengths waste nothing"
        got = number(waste([6, 2, 4], 2))
        assert abs(got - 4 / 16) < 1e-6, "the last batch may be smaller: 4 of 16 here"

    report("5.1", test, waste)


def ex_5_2(my_loss) -> None:
    """Cross-entropy of the next token, pads left out."""

    def test(my_loss):
        dice = torch.Generator().manual_seed(0)
        logits = 3 * torch.randn(2, 5, 11, generator=dice)
        ids = torch.tensor([[4, 5, 6, 7, 8], [9, 10, 3, PAD, PAD]])
        got = number(my_loss(logits, ids))
        wanted = next_token_loss(logits, ids).item()
        flat = logits.log_softmax(-1).flatten(0, 1)
        same = -flat[torch.arange(10), ids.flatten()]
        unshifted = same.mean().item(), same[ids.flatten() != PAD].mean().item()
        assert abs(got + wanted) > 1e-4, "the sign is turned: a loss is to be lowered"
        assert all(abs(got - x) > 1e-4 for x in unshifted), (
            "token t has seen token t itself; it is asked for token t + 1"
        )
        padded = -flat.view(2, 5, 11)[:, :-1].gather(2, ids[:, 1:, None]).mean().item()
        assert abs(got - padded) > 1e-4, "padding is a target here; leave it out"
        assert abs(got - wanted) < 1e-4, f"the loss is {wanted:.4f}, not {got:.4f}"

    report("5.2", test, my_loss)


def ex_5_3(block_mask) -> None:
    """Each token sees its own document up to itself, in a row of several."""

    def test(block_mask):
        got = tensor(block_mask([2, 3], 6), (6, 6), torch.bool)
        assert not got.triu(1).any(), "a token sees a later one"
        assert not got[2, 1], "token 2 begins a document and sees the one before"
        assert got.diagonal().all(), (
            "each token sees itself, padding too, or its softmax has nothing to sum"
        )
        owner = torch.tensor([[1, 1, 2, 2, 2, 0]])
        wanted = Packed(torch.zeros_like(owner), owner).mask[0, 0]
        assert got.equal(wanted), "the mask of documents of 2 and 3 tokens is another"

    report("5.3", test, block_mask)


def ex_5_4(adamw_step) -> None:
    """One step of AdamW against torch's, several times over."""

    def test(adamw_step):
        dice = torch.Generator().manual_seed(0)
        p = torch.randn(4, generator=dice)
        theirs = p.clone().requires_grad_()
        optimizer = torch.optim.AdamW(
            [theirs], lr=0.1, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1
        )
        m, v = torch.zeros(4), torch.zeros(4)
        for t in (1, 2, 3):
            grad = torch.randn(4, generator=dice)
            theirs.grad = grad.clone()
            optimizer.step()
            got = adamw_step(p, grad, m, v, t)
            got = parts(got, 3, "return three things: (p, m, v)")
            mine = tensor(got[0], (4,), grad.dtype)
            if not torch.allclose(mine, theirs.detach(), atol=1e-5):
                why = first_slip(mine, p, grad) if t == 1 else "are m and v new means?"
                raise AssertionError(f"step {t} is another one: {why}")
            p, m, v = (tensor(x, (4,), grad.dtype) for x in got)

    def first_slip(mine, p, grad):
        """Which known mistake gives this first step; from m = v = 0 it is 0.1 long."""
        step, raw = 0.1 * grad.sign(), 0.1 * 0.1 * grad / (0.05 * grad**2).sqrt()
        known = {
            "m and v are not divided by 1 - beta^t": p - 0.01 * p - raw,
            "the decay takes p from after the step": (p - step) * 0.99,
            "the decay is added to the gradient": p - 0.1 * (grad + 0.1 * p).sign(),
            "the decay is missing": p - step,
        }
        for words, wrong in known.items():
            if torch.allclose(mine, wrong, atol=1e-4):
                return words
        return "are m and v each divided by their own 1 - beta^t?"

    report("5.4", test, adamw_step)


def ex_5_5(orthogonal) -> None:
    """The nearest orthogonal matrix, without a singular value decomposition."""

    def test(orthogonal):
        dice = torch.Generator().manual_seed(0)
        for shape in ((6, 6), (4, 9), (9, 4)):
            x = torch.randn(shape, generator=dice, dtype=torch.float64)
            got = orthogonal(x.clone())
            assert not isinstance(got, torch.Tensor) or got.isfinite().all(), (
                "it grows without bound: was x not scaled first?"
            )
            got = tensor(got, shape, x.dtype)
            u, _, v = torch.linalg.svd(x, full_matrices=False)
            lengths = torch.linalg.svdvals(got)
            assert (lengths - 1).abs().max() < 1e-3, (
                f"singular values end between {lengths.min():.3f} and "
                f"{lengths.max():.3f}, not at 1: more steps, or was x not scaled first?"
            )
            assert torch.allclose(got, u @ v, atol=1e-3), (
                "it is orthogonal, but turned: the singular vectors must stay"
            )

    report("5.5", test, orthogonal)


def ex_5_6(best_split) -> None:
    """Parameters and tokens that spend a budget of FLOPs best."""

    def test(best_split):
        for law, flops in (
            ({"E": 1.7, "A": 406.4, "alpha": 0.34, "B": 410.7, "beta": 0.28}, 1e21),
            ({"E": 0.6, "A": 30.0, "alpha": 0.5, "B": 5e3, "beta": 0.7}, 1e13),
        ):
            got = best_split(dict(law), flops)
            got = parts(got, 2, "return two things: (parameters, tokens)")
            n, d = (number(x) for x in got)
            assert n > 0 and d > 0, f"both are above 0, not {n:.3g} and {d:.3g}"
            assert abs(6 * n * d / flops - 1) < 1e-3, (
                f"6ND is {6 * n * d:.3g}, the budget {flops:.3g}"
            )
            least = predict_loss(law, n, d)
            for shift in (0.9, 1.1):
                other = predict_loss(law, n * shift, d / shift)
                assert least < other, (
                    f"with {shift} times the parameters the loss is lower: "
                    f"{other:.5f} instead of {least:.5f}"
                )

    report("5.6", test, best_split)
