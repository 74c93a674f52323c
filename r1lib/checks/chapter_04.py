"""Checks of chapter 04: mixture of experts."""

import torch

from r1lib.checks.exercise import items, loss, number, parts, report, tensor
from r1lib.model import moe
from r1lib.model.config import ModelConfig


def ex_4_1(route_one) -> None:
    """Experts and weights of one token, chosen with the bias, weighed without."""

    def routed(got):
        wanted = "return two things: (experts, weights), both of them lists"
        experts, weights = (items(x, wanted) for x in parts(got, 2, wanted))
        assert len(experts) == len(weights), (
            f"{len(experts)} experts and {len(weights)} weights: each has its own"
        )
        return dict(zip(map(number, experts), map(number, weights), strict=True))

    def test(route_one):
        scores = [0.9, 0.2, 0.6, 0.5]
        chosen = routed(route_one(scores.copy(), [0.0] * 4, 2))
        assert sorted(chosen) == [0, 2], f"0 and 2 score highest, you chose {[*chosen]}"
        assert abs(sum(chosen.values()) - 1) < 1e-6, "the weights must sum to 1"
        chosen = routed(route_one(scores.copy(), [0.0, 0.7, -0.3, 0.0], 2))
        assert sorted(chosen) == [0, 1], "choose by score + bias"
        share = chosen[1]
        assert abs(share - 0.9 / 1.8) > 1e-6, "the bias must not get into the weights"
        assert abs(share - 0.2 / 1.1) < 1e-6, (
            "expert 1 weighs 0.2 / (0.9 + 0.2): the scores of the chosen, normalised"
        )

    report("4.1", test, route_one)


def ex_4_2(balance_of) -> None:
    """(max / mean load, idle experts) of a table of choices."""

    def balance(got):
        wanted = "return two things: (max over mean, idle experts)"
        return [number(x) for x in parts(got, 2, wanted)]

    def test(balance_of):
        ids = torch.tensor([[0, 1], [0, 2], [0, 1], [0, 3]])
        got = balance(balance_of(ids, 8))
        assert abs(got[0] - 2.0) > 1e-6, (
            "experts that nobody chose count for the mean: there are 8 of them"
        )
        assert abs(got[0] - 4.0) < 1e-6, f"4 of 8 choices, 8 experts: 4, not {got[0]}"
        assert got[1] == 4, f"four experts are idle, not {got[1]}"
        got = balance(balance_of(torch.tensor([[0, 1], [2, 3]]), 4))
        assert abs(got[0] - 1) < 1e-6 and got[1] == 0, "an even load is (1, 0)"

    report("4.2", test, balance_of)


def ex_4_3(my_balance_loss) -> None:
    """The balance loss of one sequence, and where its gradient goes."""

    def test(my_balance_loss):
        generator = torch.Generator().manual_seed(0)
        scores = torch.rand(9, 6, generator=generator).requires_grad_()
        got = loss(my_balance_loss(scores, 2))
        wanted = moe.balance_loss(scores.unsqueeze(0), 2)
        value, right_value = float(got.detach()), float(wanted.detach())
        assert abs(value - right_value * 2 / 6) > 1e-5, (
            "the load is a share of T * A / E: an even load must give 1"
        )
        assert abs(value - right_value) < 1e-5, (
            f"the loss is {right_value:.4f}, not {value:.4f}: P sums to 1 over the "
            "experts in each token"
        )
        (grad,) = torch.autograd.grad(got, scores, allow_unused=True)
        assert grad is not None, "the gradient must flow through the scores"
        (right,) = torch.autograd.grad(wanted, scores)
        assert torch.allclose(grad, right, atol=1e-6), "the gradient is another one"

    report("4.3", test, my_balance_loss)


def ex_4_4(dropped) -> None:
    """How many choices do not fit, first come first served."""

    def test(dropped):
        ids = torch.tensor([[0, 1], [0, 2], [0, 1], [0, 3]])
        got = number(dropped(ids, 4, 1.0))
        assert got == 2, (
            f"each expert has 2 places, expert 0 is wanted 4 times: 2, not {got}"
        )
        assert number(dropped(ids, 4, 2.0)) == 0, (
            "with four places each nothing is dropped"
        )
        got = number(dropped(ids, 4, 1.25))
        assert got == 1, f"1.25 * 2 places is rounded up to 3: 1, not {got}"
        assert number(dropped(ids, 8, 1.0)) == 4, "with 8 experts there is 1 place each"

    report("4.4", test, dropped)


def ex_4_5(layer_counts) -> None:
    """(stored, used) weights of a layer of experts."""

    def test(layer_counts):
        for d, f, routed, shared, active in (
            (96, 32, 8, 2, 2),
            (7168, 2048, 256, 1, 8),
            (5, 3, 4, 0, 1),
        ):
            got = layer_counts(d, f, routed, shared, active)
            got = parts(got, 2, "return two things: (stored, used)")
            got = [number(x) for x in got]
            one, router = 3 * d * f, d * routed
            stored = one * (routed + shared) + router
            assert got[0] != stored - router, "the router is missing"
            assert got[0] == stored, f"stored are {stored:,}, not {got[0]:,}"
            used = one * (active + shared) + router
            assert got[1] != used - router + d * active, (
                "the router scores every expert, also those that are not chosen"
            )
            assert got[1] == used, f"used are {used:,}, not {got[1]:,}"

    report("4.5", test, layer_counts)


def ex_4_6(my_moe) -> None:
    """A whole layer of experts against the library's."""

    def test(my_moe):
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
            got = tensor(got, (7, 12), x.dtype)
            wanted, shared = layer(x), layer.shared(x)
        assert not torch.allclose(got, wanted - shared, atol=1e-4), (
            "the shared expert is missing: every token passes it, with weight 1"
        )
        routed = (wanted - shared) / 2.5
        assert not torch.allclose(got, routed + shared, atol=1e-4), (
            "the scale 2.5 is missing: it multiplies the routed experts' weights"
        )
        assert not torch.allclose(got, wanted + x, atol=1e-4), (
            "leave the residual out: the block adds y to the stream, not this layer"
        )
        assert torch.allclose(got, wanted, atol=1e-4), (
            "the result is another one: check who is chosen (score + bias), what it "
            "weighs (score / sum of the chosen scores), and silu(gate) * up"
        )

    state = torch.get_rng_state()  # a new layer draws weights
    report("4.6", test, my_moe)
    torch.set_rng_state(state)


def ex_4_7(control) -> None:
    """Busiest over mean load at each step, while a bias moves against the load."""

    def loop(scores, speed, steps):
        bias, found = torch.zeros(scores.shape[1]), []
        for _ in range(steps):
            chosen = (scores + bias).argmax(-1)
            load = torch.bincount(chosen, minlength=scores.shape[1]).float()
            found.append(float(load.max() / load.mean()))
            bias = bias + speed * torch.sign(load.mean() - load)
        return found

    def test(control):
        def same(scores, speed, steps):
            wanted = f"return a list of {steps} numbers, one for each step"
            got = items(control(scores.clone(), speed, steps), wanted)
            assert len(got) == steps, f"{wanted}: you return {len(got)}"
            got, right = [number(x) for x in got], loop(scores, speed, steps)
            near = all(abs(a - b) < 1e-5 for a, b in zip(got, right, strict=True))
            return near, [round(x, 2) for x in got]

        slow = torch.tensor([[0.6, 0.5], [0.7, 0.3], [0.55, 0.54], [0.9, 0.1]])
        near, got = same(slow, 0.03, 4)
        assert got[:1] == [2.0], (
            "the first step has no bias: all four tokens choose expert 0, 2.0 times "
            f"the mean load, and you have {got[0]}"
        )
        assert got != [2.0] * 4, "the load stays: does the bias move, and against it?"
        assert near, f"loads of 4, 3, 2, 2 tokens are 2.0, 1.5, 1.0, 1.0, not {got}"
        near, got = same(torch.tensor([[0.6, 0.5]] * 3), 0.2, 4)
        assert near, f"a step of 0.2 flips all tokens back and forth: 2.0, not {got}"
        generator = torch.Generator().manual_seed(0)
        near, got = same(torch.rand(60, 5, generator=generator), 0.02, 12)
        assert near, (
            "with 60 tokens and five experts the loads differ: an expert moves by "
            "`speed`, however far its load is from the mean"
        )

    report("4.7", test, control)


def ex_4_8(few_machines) -> None:
    """Experts of one token, from its few best groups."""

    def test(few_machines):
        def chosen(scores, *limits):
            got = items(few_machines(list(scores), *limits), "return a list of experts")
            return sorted(number(x) for x in got)

        scores = [0.31, 0.92, 0.12, 0.20, 0.66, 0.60, 0.71, 0.08]
        got = chosen(scores, 1, 1, 3)
        assert got == [1, 4, 6], f"one group limits nothing: 1, 4 and 6, not {got}"
        got = chosen(scores, 4, 2, 3)
        assert got != [0, 1, 6], "a group is worth its two best experts, not its best"
        assert got != [1, 4, 6], "expert 6 is in a closed group"
        assert got == [1, 4, 5], f"the example of section 3 chooses 1, 4, 5, not {got}"
        scores = [0.5, 0.5, 0.5, 0.7, 0.7, 0.0]
        got = chosen(scores, 2, 1, 2)
        assert got == [3, 4], (
            "of a group of three only the two best count: 0.7 + 0.7 against 0.5 + 0.5"
        )

    report("4.8", test, few_machines)


def _matrices(expert) -> tuple:
    """(gate, up, down) of a SwiGLU."""
    return tuple(getattr(expert, name).weight for name in ("w_gate", "w_up", "w_down"))
