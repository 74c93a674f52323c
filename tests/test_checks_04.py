"""The checks of chapter 04 refuse the mistakes that learners make, and say why."""

import pytest
import torch

from r1lib import checks
from r1lib.model import moe


def route(scores, bias, n, *, choose=True, weigh=False):
    """Routing with its usual mistakes: no bias at all, or a bias in the weights."""
    add = bias if choose else [0.0] * len(bias)
    key = [s + b for s, b in zip(scores, add, strict=True)]
    chosen = sorted(range(len(key)), key=key.__getitem__, reverse=True)[:n]
    value = key if weigh else scores
    total = sum(value[i] for i in chosen)
    return chosen, [value[i] / total for i in chosen]


def without_bias(scores, bias, n):
    return route(scores, bias, n, choose=False)


def biased_weights(scores, bias, n):
    return route(scores, bias, n, weigh=True)


def raw_weights(scores, bias, n):
    chosen, _ = route(scores, bias, n)
    return chosen, [scores[i] for i in chosen]


def only_the_chosen(ids, n_experts):
    load = torch.bincount(ids.flatten()).float()
    return (load.max() / load.mean()).item(), 0


def no_idle(ids, n_experts):
    load = torch.bincount(ids.flatten(), minlength=n_experts).float()
    return (load.max() / load.mean()).item(), 0


def not_scaled(scores, n):
    return moe.balance_loss(scores.unsqueeze(0), n) * n / scores.shape[1]


def without_gradient(scores, n):
    right = moe.balance_loss(scores.unsqueeze(0), n)
    return right.detach() + 0 * scores.sum()


def rounded_down(ids, n_experts, factor):
    places = int(factor * ids.numel() / n_experts)
    load = torch.bincount(ids.flatten(), minlength=n_experts)
    return int((load - places).clamp(min=0).sum())


def no_router(d, f, routed, shared, active):
    return 3 * d * f * (routed + shared), 3 * d * f * (active + shared)


def router_of_the_chosen(d, f, routed, shared, active):
    total = 3 * d * f * (routed + shared) + d * routed
    return total, 3 * d * f * (active + shared) + d * active


def layer(x, router, bias, experts, shared, n, scale, *, use_shared=True):
    def run(u, matrices):
        gate, up, down = matrices
        return moe.swiglu(u @ gate.T, u @ up.T) @ down.T

    ids, weights = moe.route((x @ router.T).sigmoid(), bias, n, scale=scale)
    rows = [
        sum(w * run(u, experts[i]) for i, w in zip(chosen.tolist(), ws, strict=True))
        for u, chosen, ws in zip(x, ids, weights, strict=True)
    ]
    return torch.stack(rows) + (run(x, shared) if use_shared else 0)


def forgets_shared(*given):
    return layer(*given, use_shared=False)


def forgets_scale(*given):
    return layer(*given[:-1], 1.0)


def forgets_bias(x, router, bias, *given):
    return layer(x, router, torch.zeros_like(bias), *given)


def with_residual(x, *given):
    return x + layer(x, *given)


def control(scores, speed, steps, move=torch.sign, early=False):
    bias, found = torch.zeros(scores.shape[1]), []
    for _ in range(steps + early):
        chosen = (scores + bias).argmax(-1)
        load = torch.bincount(chosen, minlength=scores.shape[1]).float()
        found.append((load.max() / load.mean()).item())
        bias = bias + speed * move(load.mean() - load)
    return found[early:]


def towards_the_load(scores, speed, steps):
    return control(scores, speed, steps, lambda gap: -gap.sign())


def in_proportion(scores, speed, steps):
    return control(scores, speed, steps, lambda gap: gap / gap.abs().max().clamp(min=1))


def moved_too_early(scores, speed, steps):
    return control(scores, speed, steps, early=True)


def never_moved(scores, speed, steps):
    return control(scores, 0.0, steps)


def few_machines(scores, n_groups, n_limited, n_activated, best=2):
    size = len(scores) // n_groups
    parts = [range(g * size, (g + 1) * size) for g in range(n_groups)]
    worth = [sum(sorted(scores[i] for i in part)[-best:]) for part in parts]
    order = sorted(range(n_groups), key=worth.__getitem__, reverse=True)[:n_limited]
    left = [i for g in order for i in parts[g]]
    return sorted(left, key=scores.__getitem__, reverse=True)[:n_activated]


def group_by_its_best(*given):
    return few_machines(*given, best=1)


def group_by_its_sum(*given):
    return few_machines(*given, best=3)


def without_groups(scores, n_groups, n_limited, n_activated):
    return few_machines(scores, 1, 1, n_activated)


@pytest.mark.parametrize(
    "check, wrong, reason",
    [
        (checks.ex_4_1, without_bias, "choose by score + bias"),
        (checks.ex_4_1, biased_weights, "the bias must not get into the weights"),
        (checks.ex_4_1, raw_weights, "the weights must sum to 1"),
        (checks.ex_4_1, lambda s, b, n: [0, 2], "return two things"),
        (checks.ex_4_2, only_the_chosen, "experts that nobody chose count"),
        (checks.ex_4_2, no_idle, "four experts are idle, not 0"),
        (checks.ex_4_3, not_scaled, "an even load must give 1"),
        (checks.ex_4_3, without_gradient, "the gradient is another one"),
        (checks.ex_4_4, rounded_down, "rounded up to 3"),
        (checks.ex_4_4, lambda ids, e, f: 0, "is wanted 4 times"),
        (checks.ex_4_5, no_router, "the router is missing"),
        (checks.ex_4_5, router_of_the_chosen, "scores every expert"),
        (checks.ex_4_6, forgets_shared, "the shared expert is missing"),
        (checks.ex_4_6, forgets_scale, "the scale 2.5 is missing"),
        (checks.ex_4_6, with_residual, "leave the residual out"),
        (checks.ex_4_6, forgets_bias, "the result is another one"),
        (checks.ex_4_7, towards_the_load, "and against it?"),
        (checks.ex_4_7, never_moved, "does the bias move"),
        (checks.ex_4_7, in_proportion, "however far"),
        (checks.ex_4_7, moved_too_early, "the first step has no bias"),
        (checks.ex_4_7, lambda x, speed, n: control(x, speed, n)[-1:], "of 4 numbers"),
        (checks.ex_4_8, group_by_its_best, "worth its two best"),
        (checks.ex_4_8, group_by_its_sum, "only the two best count"),
        (checks.ex_4_8, without_groups, "in a closed group"),
        (checks.ex_4_8, lambda *given: [0], "one group limits nothing"),
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said


def test_the_right_layer_is_right(capsys):
    checks.ex_4_6(layer)
    assert capsys.readouterr().out == "Exercise 4.6: correct\n"


def test_a_right_control_loop_is_right(capsys):
    checks.ex_4_7(control)
    assert capsys.readouterr().out == "Exercise 4.7: correct\n"


def test_right_groups_are_right(capsys):
    checks.ex_4_8(few_machines)
    assert capsys.readouterr().out == "Exercise 4.8: correct\n"


def test_checks_do_not_touch_the_global_random_numbers():
    torch.manual_seed(0)
    state = torch.get_rng_state()
    checks.ex_4_6(layer)
    assert torch.equal(torch.get_rng_state(), state)
