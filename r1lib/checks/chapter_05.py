"""Checks of chapter 05: pre-training the base."""

import math

import torch

from r1lib.checks.exercise import number, parts, report, tensor
from r1lib.tokenizer import PAD
from r1lib.training.scaling import predict_loss


def ex_5_1(v3_rate) -> None:
    """V3's learning rate after so many trillion tokens, without the warm-up."""

    def test(v3_rate):
        def at(tokens):
            return number(v3_rate(tokens))

        assert math.isclose(at(5.0), 2.2e-4, rel_tol=1e-6), (
            f"after 5 trillion tokens it is still 2.2e-4, not {at(5.0):.3g}"
        )
        middle, late = at(12.15), at(13.225)
        assert math.isclose(middle, 1.21e-4, rel_tol=1e-6), (
            f"half-way down it is the mean of both ends, 1.21e-4, not {middle:.3g}"
        )
        straight = 2.2e-5 + 0.25 * (2.2e-4 - 2.2e-5)
        assert not math.isclose(late, straight, rel_tol=1e-3), (
            "that falls along a straight line; V3 falls along a cosine"
        )
        share = (1 + math.cos(0.75 * math.pi)) / 2
        wanted = 2.2e-5 + share * (2.2e-4 - 2.2e-5)
        assert math.isclose(late, wanted, rel_tol=1e-6), (
            f"after 13.225 trillion it is {wanted:.4g}, not {late:.4g}"
        )
        assert math.isclose(at(14.5), 2.2e-5, rel_tol=1e-6), (
            "from 14.3 to 14.633 trillion the rate stays at 2.2e-5"
        )
        assert math.isclose(at(14.7), 7.3e-6, rel_tol=1e-6), (
            "the last 0.167 trillion tokens have a rate of 7.3e-6"
        )

    report("5.1", test, v3_rate)


def ex_5_2(targets_of) -> None:
    """What each state of packed rows should predict, one or more tokens ahead."""

    def test(targets_of):
        ids = torch.tensor([[11, 12, 21, 22, 23, PAD], [31, 32, 33, 34, PAD, PAD]])
        owner = torch.tensor([[1, 1, 2, 2, 2, 0], [1, 1, 1, 1, 0, 0]])
        before = ids.clone()
        for ahead in (1, 2, 4):
            got = tensor(targets_of(ids, owner, ahead), (2, 6), ids.dtype)
            assert ids.equal(before), "it changes the ids that it was given: copy them"
            moved = torch.full_like(ids, PAD)
            moved[:, :-ahead] = ids[:, ahead:]
            wanted = torch.full_like(ids, PAD)
            same = owner[:, ahead:] == owner[:, :-ahead]
            wanted[:, :-ahead] = moved[:, :-ahead].where(same, PAD)
            if got.equal(wanted):
                continue
            round_the_end = ids.roll(-ahead, 1)
            by_token = ids.masked_fill(wanted.roll(ahead, 1) == PAD, PAD)
            if got.equal(moved):
                why = "a state predicts the first token of another document"
            elif got[:, -ahead:].equal(round_the_end[:, -ahead:]):
                why = "the last places get the first tokens of the row: roll goes round"
            elif got.equal(by_token):
                why = "it keeps targets at their own place; write them at the state"
            elif ahead > 1 and got.equal(tensor(targets_of(ids, owner, 1), (2, 6))):
                why = "it ignores `ahead`"
            else:
                why = f"wanted {wanted[0].tolist()}, got {got[0].tolist()}"
            raise AssertionError(f"{ahead} ahead: {why}")

    report("5.2", test, targets_of)


def ex_5_3(share_done) -> None:
    """How much of the fall of the loss is done when a skill is there for good."""

    def test(share_done):
        def made(losses, skills):
            rows = enumerate(zip(losses, skills, strict=True), 1)
            return [
                {"step": 100 * i, "loss": x, "skills": {"add": y, "copy": 1.0}}
                for i, (x, y) in rows
            ]

        rough = made((4.0, 2.0, 1.5, 1.0), (0.6, 0.4, 0.9, 0.8))
        got = number(share_done(rough, "add", 0.5, 6.0))
        assert abs(got - 0.4) > 1e-6, (
            "the skill falls below the level once more after that look"
        )
        assert abs(got - 4.5) > 1e-6, "give a share: divide by the whole fall"
        assert abs(got - 2.5 / 3) > 1e-6, (
            "the fall begins at `start`, not at the loss of the first look"
        )
        assert abs(got - 0.9) < 1e-6, f"4.5 of 5 nats are done, 0.9, not {got:.3f}"
        got = number(share_done(rough, "copy", 0.5, 6.0))
        assert abs(got - 0.4) < 1e-6, "a skill that is always there: 2 of 5 nats, 0.4"
        got = number(share_done(made((3.0, 2.0), (0.0, 0.5)), "add", 0.5, 4.0))
        assert abs(got - 1.0) < 1e-6, "a skill at the level has reached it (>=)"
        sunk = made((3.0, 2.0), (0.9, 0.1))
        assert share_done(sunk, "add", 0.5, 4.0) is None, (
            "a skill that is below the level in the end gives None"
        )

    report("5.3", test, share_done, may_be_none=True)


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
