"""The equations of the objectives, of what averages them, and of estimates of KL."""

import math
from functools import partial

import jaxtyping
import pytest
import torch

from r1lib.losses import (
    cispo,
    clip_fraction,
    clipped,
    fixed_length_mean,
    gspo,
    gspo_ratio,
    kl_k1,
    kl_k2,
    kl_k3,
    masked_importance,
    sapo,
    sequence_log_ratio,
    sequence_mean,
    sequence_sum,
    token_mean,
    truncated_importance,
    two_sided,
    vespo,
)
from r1lib.rl import ppo
from r1lib.rl.dpo import dpo_loss
from r1lib.rl.grpo import grpo_loss
from r1lib.rl.reinforce import reinforce_loss

NAN = float("nan")


def slope(objective, ratio, advantage, **settings):
    """Value of an objective of one token, and its slope in the token's log-prob."""
    logprobs = torch.tensor([[ratio]]).double().log().requires_grad_()
    old, advantages = torch.zeros(1, 1).double(), torch.tensor([[advantage]]).double()
    value = objective(logprobs, old, advantages, **settings)
    value.sum().backward()
    return value.item(), logprobs.grad.item()


# --- one token: every sign of the advantage on every side of the clip


@pytest.mark.parametrize(
    "objective", [clipped, two_sided, partial(two_sided, delta=1.3)]
)
@pytest.mark.parametrize(
    "advantage, ratio, value, moves",
    [
        (2.0, 1.25, 2 * 1.2, False),  # good and likelier already: enough
        (2.0, 0.5, 2 * 0.5, True),  # good, but less likely: bring it back
        (-2.0, 1.25, -2 * 1.25, True),  # bad, yet likelier: push it down
        (-2.0, 0.5, -2 * 0.8, False),  # bad and less likely already: enough
    ],
)
def test_the_four_cases_of_the_clip(objective, advantage, ratio, value, moves):
    found, push = slope(objective, ratio, advantage)
    assert found == pytest.approx(value)
    assert push == pytest.approx(ratio * advantage if moves else 0.0)


@pytest.mark.parametrize("ratio", [4.01, 9.0, 1e6])
def test_the_second_side_bounds_a_bad_token_that_became_likely(ratio):
    value, push = slope(clipped, ratio, -2.0)
    assert value == push == pytest.approx(-2 * ratio)  # without any limit
    assert slope(two_sided, ratio, -2.0) == (pytest.approx(-8.0), 0.0)
    assert slope(two_sided, ratio, 2.0) == slope(clipped, ratio, 2.0)
    assert slope(two_sided, 3.99, -2.0) == slope(clipped, 3.99, -2.0)


@pytest.mark.parametrize("delta", [1.2, 0.5, -1.0, NAN])
def test_a_second_side_inside_the_first_is_refused(delta):
    with pytest.raises(ValueError, match=r"above 1 \+ clip_high, got"):
        slope(two_sided, 1.0, 1.0, delta=delta)


@pytest.mark.parametrize("advantage", [2.0, -2.0])
@pytest.mark.parametrize("ratio", [0.01, 0.5, 1.0, 4.9, 5.1, 100.0])
def test_cispo_silences_no_token(ratio, advantage):
    value, push = slope(cispo, ratio, advantage)
    assert push == pytest.approx(min(ratio, 5) * advantage)
    assert value == pytest.approx(min(ratio, 5) * advantage * math.log(ratio))
    assert slope(cispo, ratio, advantage, cap=0.2)[1] == pytest.approx(
        min(ratio, 0.2) * advantage
    )


@pytest.mark.parametrize("advantage, tau", [(2.0, 1.0), (-2.0, 1.05)])
def test_sapo_is_a_soft_clip(advantage, tau):
    assert slope(sapo, 1.0, advantage)[1] == pytest.approx(advantage)
    pushes = [slope(sapo, r, advantage)[1] / r / advantage for r in (0.1, 0.5, 1.0)]
    assert 0 < pushes[0] < pushes[1] < pushes[2] == pytest.approx(1)
    pushes = [slope(sapo, r, advantage)[1] / r / advantage for r in (1.0, 2.0, 9.0)]
    assert pushes[0] > pushes[1] > pushes[2] > 0
    value, push = slope(sapo, 2.0, advantage)
    gate = 1 / (1 + math.exp(-tau))
    assert value == pytest.approx(4 / tau * gate * advantage)
    assert push == pytest.approx(4 * gate * (1 - gate) * 2 * advantage)


@pytest.mark.parametrize("taus", [(0.0, 1.0), (1.0, -1.0), (NAN, 1.0)])
def test_sapo_needs_a_positive_tau(taus):
    with pytest.raises(ValueError, match="tau must be above 0, got"):
        sapo(*[torch.zeros(1, 1)] * 3, *taus)


# --- whole completions


def ragged(seed=0, rows=4, width=6):
    """New and old log-probs, advantages (B, 1) and a mask with prompts and padding."""
    generator = torch.Generator().manual_seed(seed)
    new, old = -torch.rand(2, rows, width, generator=generator).double()
    advantages = torch.randn(rows, 1, generator=generator).double()
    ends = torch.tensor([width, 3, 4, 2])[:rows, None]
    mask = (torch.arange(width) < ends) & (torch.arange(width) >= 1)
    return new.requires_grad_(), old, advantages, mask


def test_the_ratio_of_a_completion_is_the_geometric_mean_of_its_tokens():
    new, old, _, mask = ragged()
    found = gspo_ratio(new, old, mask)
    for b in range(4):
        ratios = (new - old)[b][mask[b]].exp()
        assert found[b].exp().item() == pytest.approx(
            ratios.prod().item() ** (1 / len(ratios))
        )
        assert sequence_log_ratio(new, old, mask)[b].exp().item() == pytest.approx(
            ratios.prod().item()
        )


def test_gspo_clips_a_completion_as_a_whole():
    old, mask = torch.zeros(2, 4).double(), torch.ones(2, 4, dtype=torch.bool)
    mask[:, 0] = False
    new = torch.tensor([[0.0, 0.6, -0.3, -0.3], [0.0, 0.6, 0.1, -0.1]]).double()
    new.requires_grad_()
    good = torch.ones(2, 1).double()
    sequence_mean(gspo(new, old, good, mask, 0.2, 0.2), mask).backward()
    assert new.grad[0].tolist() == pytest.approx([0, *[1 / 6] * 3])  # 1/2 x 1/3
    assert new.grad[1].eq(0).all()  # exp(0.2) is above 1.2
    new.grad = None
    sequence_mean(clipped(new, old, good), mask).backward()
    assert new.grad[1, 1] == 0 and new.grad[1, 2:].gt(0).all()  # token by token


def test_vespo_weighs_a_completion_by_its_whole_ratio():
    mask = torch.ones(3, 2, dtype=torch.bool)
    old = torch.zeros(3, 2).double()
    half = 0.5 * torch.tensor([[1.0], [0.1], [4.0]]).double().log()
    new = half.expand(3, 2).clone().requires_grad_()
    for advantage, (k, c) in ((1.5, (2, 3)), (-1.5, (3, 2))):
        advantages = torch.full((3, 1), advantage).double()
        vespo(new, old, advantages, mask).sum().backward()
        for b, w in enumerate((1.0, 0.1, 4.0)):
            phi = w**k * math.exp(c * (1 - w))
            assert new.grad[b].tolist() == pytest.approx([phi * advantage] * 2)
        assert new.grad[0].abs().min() > new.grad[1:].abs().max()  # w = 1 counts most
        new.grad = None


def test_vespo_survives_completions_far_away():
    new = torch.tensor([[300.0, 300.0], [-300.0, -300.0]]).requires_grad_()
    mask = torch.ones(2, 2, dtype=torch.bool)
    vespo(new, torch.zeros(2, 2), torch.ones(2, 1), mask).sum().backward()
    assert new.grad.abs().max() < 1e-6 and new.grad.isfinite().all()


OBJECTIVES = {
    "clipped": lambda new, old, a, _: clipped(new, old, a),
    "two_sided": lambda new, old, a, _: two_sided(new, old, a),
    "cispo": lambda new, old, a, _: cispo(new, old, a),
    "sapo": lambda new, old, a, _: sapo(new, old, a),
    "gspo": gspo,
    "vespo": vespo,
}
AGGREGATES = {
    "token_mean": token_mean,
    "sequence_mean": sequence_mean,
    "sequence_sum": sequence_sum,
    "fixed_length_mean": partial(fixed_length_mean, length=9),
}


@pytest.mark.parametrize("aggregate", AGGREGATES)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_at_ratio_one_every_objective_is_reinforce(objective, aggregate):
    new, _, advantages, mask = ragged()
    loss, metrics = grpo_loss(
        new,
        new.detach(),
        advantages.squeeze(1),
        mask,
        objective=OBJECTIVES[objective],
        aggregate=AGGREGATES[aggregate],
    )
    (found,) = torch.autograd.grad(loss, new)
    loss, _ = reinforce_loss(
        new, advantages.squeeze(1), mask, aggregate=AGGREGATES[aggregate]
    )
    (wanted,) = torch.autograd.grad(loss, new)
    torch.testing.assert_close(found, wanted)
    assert wanted.abs().sum() > 0.1 and metrics["clip_fraction"] == 0


@pytest.mark.parametrize("bad", [NAN, math.inf, -math.inf])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_no_objective_reads_what_is_masked(objective, bad):
    new, old, advantages, mask = ragged()
    ref = old - 0.1

    def run(fill):
        inputs = [torch.where(mask, x.detach(), fill) for x in (new, old, ref)]
        inputs[0].requires_grad_()
        loss, metrics = grpo_loss(
            inputs[0],
            inputs[1],
            advantages.squeeze(1),
            mask,
            ref_logprobs=inputs[2],
            kl_coef=0.1,
            objective=OBJECTIVES[objective],
            weights=torch.where(mask, 0.5, fill).double(),
        )
        return loss, metrics, torch.autograd.grad(loss, inputs[0])[0]

    clean, dirty = run(0.0), run(bad)
    assert clean[0] == dirty[0] != 0 and clean[1] == dirty[1]
    assert torch.equal(clean[2], dirty[2]) and clean[2][~mask].eq(0).all()


@pytest.mark.parametrize("bad", [NAN, math.inf])
def test_ratios_of_completions_never_read_what_is_masked(bad):
    new, old, _, mask = ragged()
    dirty = torch.where(mask, new, bad).detach().requires_grad_()
    for function in (gspo_ratio, sequence_log_ratio):
        assert torch.equal(function(dirty, old, mask), function(new, old, mask))
        (grad,) = torch.autograd.grad(function(dirty, old, mask).sum(), dirty)
        assert grad.isfinite().all() and grad[~mask].eq(0).all()
    nothing = torch.zeros_like(mask)
    assert gspo_ratio(dirty, old, nothing).eq(0).all()


@pytest.fixture
def no_types(monkeypatch):
    """Outside the tests nobody checks the shapes of the signatures."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.mark.usefixtures("no_types")
def test_shapes_that_do_not_fit_are_refused_by_name():
    new, old, advantages, mask = ragged()
    one = torch.zeros(3)
    for call, message in (
        (lambda: grpo_loss(new, old, advantages, mask), r"advantages \(4, 1\)"),
        (lambda: grpo_loss(new, old[:, :3], one, mask), r"old \(4, 3\)"),
        (lambda: grpo_loss(new, old, one, mask), r"advantages \(3,\)"),
        (lambda: grpo_loss(new, old, one, mask[:3]), r"mask \(3, 6\)"),
        (lambda: reinforce_loss(new, advantages, mask), r"advantages \(4, 1\)"),
        (lambda: ppo.gae(new, old[:1], mask), r"values \(1, 6\)"),
        (lambda: ppo.gae(new[0], old[0], mask), r"rewards \(6,\)"),
        (lambda: ppo.value_loss(new, old, advantages, mask), r"returns \(4, 1\)"),
        (lambda: ppo.ppo_loss(new, old, advantages, mask), r"advantages \(4, 1\)"),
        (lambda: dpo_loss(one, one, one, one[:1]), r"ref_rejected \(1,\)"),
    ):
        with pytest.raises(ValueError, match=f"wanted tensors of one shape.*{message}"):
            call()


# --- averages


def test_what_one_token_counts_under_each_average():
    mask = torch.zeros(2, 5, dtype=torch.bool)
    mask[0, 1:5], mask[1, 1:2] = True, True  # 4 tokens and 1
    wanted = {
        "token_mean": (1 / 5, 1 / 5),  # all the same
        "sequence_mean": (1 / 8, 1 / 2),  # a token of a long completion counts less
        "sequence_sum": (1 / 2, 1 / 2),
        "fixed_length_mean": (1 / 18, 1 / 18),
    }
    for name, aggregate in AGGREGATES.items():
        values = torch.ones(2, 5, requires_grad=True)
        aggregate(values, mask).backward()
        weights = (values.grad[0, 1].item(), values.grad[1, 1].item())
        assert weights == pytest.approx(wanted[name]), name
        assert values.grad[~mask].eq(0).all()


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_a_value_for_a_whole_completion_is_one_for_each_token(aggregate):
    *_, mask = ragged()
    values = torch.randn(4, 1)
    found = AGGREGATES[aggregate](values, mask)
    torch.testing.assert_close(found, AGGREGATES[aggregate](values.expand(4, 6), mask))


@pytest.mark.parametrize("aggregate", AGGREGATES)
@pytest.mark.parametrize("cuts", [(1, 3), (2, 2), (1, 1, 1, 1), (4,)])
def test_parts_add_up_to_the_whole(aggregate, cuts):
    *_, mask = ragged()
    values = torch.randn(4, 6).double().requires_grad_()
    function = AGGREGATES[aggregate]
    whole = function(values, mask)
    (wanted,) = torch.autograd.grad(whole, values)
    narrow = [slice(0, int(m.any(0).nonzero().max()) + 1) for m in mask.split(cuts)]
    parts = sum(
        function(v[:, place], m[:, place], whole=mask)
        for v, m, place in zip(
            values.split(cuts), mask.split(cuts), narrow, strict=True
        )
    )
    (found,) = torch.autograd.grad(parts, values)
    torch.testing.assert_close(parts, whole)
    torch.testing.assert_close(found, wanted)


def test_a_token_mean_of_each_part_alone_is_bnpo_and_depends_on_the_cut():
    *_, mask = ragged()
    values = torch.arange(24.0).view(4, 6)
    parts = [token_mean(values[rows], mask[rows]) for rows in ([0, 1], [2, 3])]
    assert abs(sum(parts) / 2 - token_mean(values, mask)) > 0.1


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_a_batch_without_tokens_is_zero(aggregate):
    mask = torch.zeros(2, 3, dtype=torch.bool)
    values = torch.full((2, 3), NAN, requires_grad=True)
    found = AGGREGATES[aggregate](values, mask)
    found.backward()
    assert found == 0 and values.grad.eq(0).all()
    assert clip_fraction(values, values, torch.ones(2, 1), mask) == 0


def test_padding_changes_no_loss_and_no_gradient():
    new, old, advantages, mask = ragged()

    def run(left, right):
        def pad(x, fill):
            return torch.nn.functional.pad(x, (left, right), value=fill)

        inputs = pad(new.detach(), 7.0).requires_grad_()
        others = (pad(old, -5.0), advantages.squeeze(1), pad(mask, False))
        found = {}
        for name, objective in OBJECTIVES.items():
            for kind, aggregate in AGGREGATES.items():
                loss, _ = grpo_loss(
                    inputs, *others, objective=objective, aggregate=aggregate
                )
                (grad,) = torch.autograd.grad(loss, inputs)
                found[name, kind] = loss, grad[:, left : left + 6]
        return found

    plain = run(0, 0)
    for padded in (run(0, 5), run(3, 0), run(2, 1)):
        for name, (loss, grad) in padded.items():
            torch.testing.assert_close(loss, plain[name][0])
            torch.testing.assert_close(grad, plain[name][1])


# --- where the sampler differs from the trainer


def categorical(seed=3, outcomes=6):
    """Logits of a policy, and log-probs of something else, over a few outcomes."""
    generator = torch.Generator().manual_seed(seed)
    drawn = 1.5 * torch.randn(2, outcomes, generator=generator).double()
    return drawn[0].requires_grad_(), drawn[1].log_softmax(0)


def test_importance_weights_make_the_sampler_s_mean_the_trainer_s():
    logits, sampler = categorical()
    trainer = logits.log_softmax(0).detach()
    gain = torch.rand(6).double()
    log_ratio = (trainer - sampler)[None]
    wanted = (trainer.exp() * gain).sum()

    def mean(weights):
        return (sampler.exp() * weights[0] * gain).sum()

    assert abs((sampler.exp() * gain).sum() - wanted) > 1e-3  # without correction
    assert mean(truncated_importance(log_ratio, 1e9)).item() == pytest.approx(wanted)
    assert mean(masked_importance(log_ratio, 0.0, 1e9)).item() == pytest.approx(wanted)
    assert mean(truncated_importance(log_ratio, 1.5)) < wanted  # bounded, but biased
    assert mean(masked_importance(log_ratio, 0.0, 1.5)) < mean(
        truncated_importance(log_ratio, 1.5)
    )


def test_importance_weights_are_bounded_and_have_no_gradient():
    log_ratio = torch.tensor([[-math.inf, -3.0, 0.0, 1.0, 50.0, 1000.0]])
    log_ratio.requires_grad_()
    truncated = truncated_importance(log_ratio, 2.0)
    masked = masked_importance(log_ratio, 0.5, 3.0)
    assert not truncated.requires_grad and not masked.requires_grad
    assert truncated[0].tolist() == pytest.approx([0, math.exp(-3), 1, 2, 2, 2])
    assert masked[0].tolist() == pytest.approx([0, 0, 1, math.e, 0, 0])


# --- KL, exactly, over a few outcomes


def expected(estimate, logp):
    """The mean under the policy, without gradient through the sampling."""
    return (logp.detach().exp() * estimate).sum()


def test_the_mean_of_k1_and_of_k3_is_the_kl_and_k3_upside_down_is_not():
    logits, ref = categorical()
    logp = logits.log_softmax(0)
    exact = (logp.exp() * (logp - ref)).sum().item()
    assert expected(kl_k1(logp, ref), logp).item() == pytest.approx(exact)
    assert expected(kl_k3(logp, ref), logp).item() == pytest.approx(exact)
    log_ratio = logp - ref  # the wrong way round: reference and policy exchanged
    upside_down = torch.expm1(log_ratio) - log_ratio
    assert abs(expected(upside_down, logp).item() - exact) > 0.3 * exact
    one = torch.tensor([1.0])
    assert kl_k3(one, torch.zeros(1)).item() == pytest.approx(1 / math.e)


def test_the_gradients_of_estimates_of_kl():
    logits, ref = categorical()
    logp = logits.log_softmax(0)
    ratio = (logp - logp.detach()).exp()  # 1, with the gradient of the policy

    def grad(loss):
        return torch.autograd.grad(loss, logits, retain_graph=True)[0]

    reverse = grad((logp.exp() * (logp - ref)).sum())
    forward = grad((ref.exp() * (ref - logp)).sum())
    assert (reverse - forward).abs().max() > 0.01
    zero = torch.zeros_like(reverse)
    for estimate, wanted in (
        (kl_k1(logp, ref), zero),  # as a loss it does nothing on average
        (kl_k2(logp, ref), reverse),
        (kl_k3(logp, ref), forward),  # a true gradient, but of the other KL
        (kl_k1(logp, ref) * ratio, reverse),
        (kl_k3(logp, ref) * ratio, reverse),
    ):
        torch.testing.assert_close(grad(expected(estimate, logp)), wanted)
