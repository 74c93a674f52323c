"""Checks of chapter 04: mixture of experts."""

import torch

from r1lib.checks.exercise import report
from r1lib.model import moe
from r1lib.model.config import ModelConfig


def ex_4_1(route_one) -> None:
    """Experts and weights of one token, chosen with the bias, weighed without."""

    def test():
        got = route_one([0.9, 0.2, 0.6, 0.5], [0.0, 0.0, 0.0, 0.0], 2)
        assert isinstance(got, tuple) and len(got) == 2, (
            "return two things: (experts, weights)"
        )
        assert sorted(got[0]) == [0, 2], f"0 and 2 score highest, you chose {got[0]}"
        assert abs(sum(got[1]) - 1) < 1e-6, "the weights must sum to 1"
        experts, weights = route_one([0.9, 0.2, 0.6, 0.5], [0.0, 0.7, -0.3, 0.0], 2)
        assert sorted(experts) == [0, 1], "choose by score + bias"
        share = dict(zip(experts, weights, strict=True))[1]
        assert abs(share - 0.9 / 1.8) > 1e-6, "the bias must not get into the weights"
        assert abs(share - 0.2 / 1.1) < 1e-6, (
            "expert 1 weighs 0.2 / (0.9 + 0.2): the scores of the chosen, normalised"
        )

    report("4.1", test)


def ex_4_2(balance_of) -> None:
    """(max / mean load, idle experts) of a table of choices."""

    def test():
        ids = torch.tensor([[0, 1], [0, 2], [0, 1], [0, 3]])
        got = balance_of(ids, 8)
        assert isinstance(got, tuple) and len(got) == 2, (
            "return two things: (max over mean, idle experts)"
        )
        assert abs(got[0] - 2.0) > 1e-6, (
            "experts that nobody chose count for the mean: there are 8 of them"
        )
        assert abs(got[0] - 4.0) < 1e-6, f"4 of 8 choices, 8 experts: 4, not {got[0]}"
        assert got[1] == 4, f"four experts are idle, not {got[1]}"
        got = balance_of(torch.tensor([[0, 1], [2, 3]]), 4)
        assert abs(got[0] - 1) < 1e-6 and got[1] == 0, "an even load is (1, 0)"

    report("4.2", test)


def ex_4_3(my_balance_loss) -> None:
    """The balance loss of one sequence, and where its gradient goes."""

    def test():
        generator = torch.Generator().manual_seed(0)
        scores = torch.rand(9, 6, generator=generator).requires_grad_()
        got = my_balance_loss(scores, 2)
        wanted = moe.balance_loss(scores.unsqueeze(0), 2)
        value, right_value = float(got.detach()), float(wanted.detach())
        assert abs(value - right_value * 2 / 6) > 1e-5, (
            "the load is a share of T * A / E: an even load must give 1"
        )
        assert abs(value - right_value) < 1e-5, (
            f"the loss is {right_value:.4f}, not {value:.4f}"
        )
        (grad,) = torch.autograd.grad(got, scores)
        (right,) = torch.autograd.grad(wanted, scores)
        assert torch.allclose(grad, right, atol=1e-6), "the gradient is another one"

    report("4.3", test)


def ex_4_4(dropped) -> None:
    """How many choices do not fit, first come first served."""

    def test():
        ids = torch.tensor([[0, 1], [0, 2], [0, 1], [0, 3]])
        got = dropped(ids, 4, 1.0)
        assert got == 2, (
            f"each expert has 2 places, expert 0 is wanted 4 times: 2, not {got}"
        )
        assert dropped(ids, 4, 2.0) == 0, "with four places each nothing is dropped"
        got = dropped(ids, 4, 1.25)
        assert got == 1, f"1.25 * 2 places is rounded up to 3: 1, not {got}"
        assert dropped(ids, 8, 1.0) == 4, "with 8 experts there is 1 place each"

    report("4.4", test)


def ex_4_5(layer_counts) -> None:
    """(total, active) weights of a layer of experts."""

    def test():
        for d, f, routed, shared, active in (
            (96, 32, 8, 2, 2),
            (7168, 2048, 256, 1, 8),
            (5, 3, 4, 0, 1),
        ):
            got = layer_counts(d, f, routed, shared, active)
            assert isinstance(got, tuple) and len(got) == 2, (
                "return two things: (total, active)"
            )
            one, router = 3 * d * f, d * routed
            total = one * (routed + shared) + router
            assert got[0] != total - router, "the router is missing"
            assert got[0] == total, f"total is {total:,}, not {got[0]:,}"
            used = one * (active + shared) + router
            assert got[1] != used - router + d * active, (
                "the router scores every expert, also those that are not chosen"
            )
            assert got[1] == used, f"active is {used:,}, not {got[1]:,}"

    report("4.5", test)


def ex_4_6(my_moe) -> None:
    """A whole layer of experts against the library's."""

    def test():
        sizes = {"d_model": 12, "moe_ffn_dim": 5, "n_routed_experts": 6}
        shape = {**sizes, "n_activated_experts": 3, "route_scale": 2.5}
        generator = torch.Generator().manual_seed(0)
        layer = moe.MoE(ModelConfig(**shape, n_shared_experts=1)).eval()
        with torch.no_grad():
            for x in (*layer.parameters(), layer.router_bias):
                x.copy_(torch.randn(x.shape, generator=generator) * 0.5)
            x = torch.randn(7, 12, generator=generator)
            experts = [_matrices(e) for e in layer.experts]
            given = (layer.router.weight, layer.router_bias, experts)
            got = my_moe(x, *given, _matrices(layer.shared), 3, 2.5)
            wanted, shared = layer(x), layer.shared(x)
        assert got.shape == (7, 12), f"wanted shape (7, 12), got {tuple(got.shape)}"
        assert not torch.allclose(got, wanted - shared, atol=1e-4), (
            "the shared expert is missing: every token passes it, with weight 1"
        )
        routed = (wanted - shared) / 2.5
        assert not torch.allclose(got, routed + shared, atol=1e-4), (
            "the scale 2.5 is missing: it multiplies the routed experts' weights"
        )
        assert torch.allclose(got, wanted, atol=1e-4), (
            "the result is another one: check who is chosen (score + bias), what it "
            "weighs (score / sum of the chosen scores), and silu(gate) * up"
        )

    state = torch.get_rng_state()  # a new layer draws weights
    report("4.6", test)
    torch.set_rng_state(state)


def _matrices(expert) -> tuple:
    """(gate, up, down) of a SwiGLU."""
    return tuple(getattr(expert, name).weight for name in ("w_gate", "w_up", "w_down"))
