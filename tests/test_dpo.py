"""Claims about DPO: its loss, the pairs it learns from, and that it learns them."""

import copy
import itertools
import math

import pytest
import small
import torch

from r1lib.problem import Problem
from r1lib.rl import dpo
from r1lib.rl.dpo import (
    DPOConfig,
    Pair,
    best_and_worst,
    dpo_loss,
    pair_logprobs,
)
from r1lib.rl.rollout import rollout
from r1lib.tokenizer import EOS, Tokenizer
from r1lib.training import optim
from results.rl_arms import better_and_worse

TOKENIZER = Tokenizer([])
PAIRS = [
    Pair([5, 6, 7], [20, 21, EOS], [30, EOS]),
    Pair([8], [22, EOS], [31, 32, 33, 34, EOS]),
    Pair([9, 10], [23, 24, 25, EOS], [35, 36, EOS]),
    Pair([11, 12, 13, 14], [26, EOS], [37, 38, EOS]),
]


def model(seed=0):
    return small.model(small.DENSE, seed)


# --- the loss


@pytest.mark.parametrize("beta", [0.01, 0.1, 5.0])
def test_at_the_reference_the_loss_is_log_2_and_its_slope_half_of_beta(beta):
    ref = -torch.rand(2, 4).double() * 30
    policy = ref.clone().requires_grad_()
    loss, metrics = dpo_loss(*policy, *ref, beta=beta)
    loss.backward()
    assert loss.item() == pytest.approx(math.log(2), rel=1e-12)
    assert metrics["margin"] == 0 and metrics["accuracy"] == 0
    assert policy.grad[0].tolist() == pytest.approx([-beta / 2 / 4] * 4)
    assert torch.equal(policy.grad[1], -policy.grad[0])


def test_only_what_changed_since_the_reference_counts():
    chosen, rejected, *ref = -torch.rand(4, 3).double() * 9
    loss, _ = dpo_loss(chosen, rejected, *ref)
    shift = torch.tensor([1.0, -20.0, 300.0]).double()
    for moved in (
        (chosen + shift, rejected, ref[0] + shift, ref[1]),
        (chosen, rejected + shift, ref[0], ref[1] + shift),
        (chosen + shift, rejected + shift, *ref),
    ):
        assert dpo_loss(*moved)[0].item() == pytest.approx(loss.item())


def test_a_policy_of_the_best_form_has_the_preferences_it_was_made_from():
    """Rafailov et al., eq. 4 and 6: exp(r / beta) * ref, and back again."""
    beta, reward = 0.5, torch.tensor([1.0, 0.2, -0.7]).double()
    ref = torch.tensor([0.2, 0.5, 0.3]).double().log()
    best = (ref + reward / beta).log_softmax(0)
    chosen, rejected = torch.tensor([0, 0, 1]), torch.tensor([1, 2, 2])
    parts = [x[rows] for x in (best, ref) for rows in (chosen, rejected)]
    _, metrics = dpo_loss(*parts, beta=beta)
    gap = (reward[chosen] - reward[rejected]).mean().item()
    assert metrics["margin"] == pytest.approx(gap)


def test_extreme_pairs_leave_finite_numbers():
    policy = torch.tensor([[-1e6, -1.0], [-1.0, -1e6]]).requires_grad_()
    loss, _ = dpo_loss(*policy, *torch.zeros(2, 2))
    loss.backward()
    assert loss.isfinite() and policy.grad.isfinite().all()


# --- pairs


def sampled(policy, rewards, group=3):
    paid = iter(rewards)
    return rollout(
        policy,
        TOKENIZER,
        [Problem("arithmetic", "easy", "en", t, "4", t) for t in ("2+2", "17+1=")],
        group,
        lambda *_: next(paid),
        max_new_tokens=8,
        generator=torch.Generator().manual_seed(7),
    )


def test_pairs_are_the_best_and_the_worst_of_a_group():
    batch = sampled(model(), [0.1, 1.1, 0.0, 1.1, 1.1, 0.1])
    found = best_and_worst(batch, 3)
    assert len(found) == 2
    for pair, prompt, best, worst in zip(
        found, ("2+2", "17+1="), (1, 3), (2, 5), strict=True
    ):
        assert pair.prompt == TOKENIZER.prompt(prompt)
        for ids, row in ((pair.chosen, best), (pair.rejected, worst)):
            assert ids == batch.ids[row][batch.mask[row]].tolist()
            assert len(ids) == batch.lengths[row]


def test_groups_that_agree_make_no_pair():
    assert best_and_worst(sampled(model(), [0.1] * 6), 3) == []
    assert len(best_and_worst(sampled(model(), [0.1] * 3 + [0.0, 0.1, 0.1]), 3)) == 1
    with pytest.raises(ValueError, match="at least 2 answers, got 1"):
        best_and_worst(sampled(model(), [0.0, 1.0], group=1), 1)
    with pytest.raises(ValueError, match="finite, got nan for answer 1 of group 0"):
        best_and_worst(sampled(model(), [0.0, math.nan, 1.0, 0.0, 0.0, 0.0]), 3)


def test_every_completion_is_in_one_pair_at_most():
    batch = sampled(model(), [0.0, 1.1, 0.1, 1.0, 0.1, 0.0, 1.1, 0.1], group=4)
    found = better_and_worse(batch, 4)
    chosen, rejected = (1, 3, 6, 4), (0, 2, 5, 7)
    assert [p.prompt for p in found] == [
        TOKENIZER.prompt(text) for text in ("2+2", "2+2", "17+1=")
    ]
    for pair, best, worst in zip(found, chosen, rejected, strict=False):
        assert pair.chosen == batch.ids[best][batch.mask[best]].tolist()
        assert pair.rejected == batch.ids[worst][batch.mask[worst]].tolist()


def test_the_first_of_many_pairs_is_the_best_and_the_worst():
    batch = sampled(model(), [0.1, 1.1, 0.0, 1.1, 1.1, 0.1])
    assert better_and_worse(batch, 3) == best_and_worst(batch, 3)
    assert better_and_worse(sampled(model(), [0.1] * 6), 3) == []
    with pytest.raises(ValueError, match="finite, got nan for answer 1 of group 0"):
        better_and_worse(sampled(model(), [0.0, math.nan, 1.0, 0.0, 0.0, 0.0]), 3)


@pytest.mark.parametrize(
    "parts", [([], [1], [2]), ([1], [], [2]), ([1], [2], [])], ids=str
)
def test_an_empty_part_of_a_pair_is_refused(parts):
    with pytest.raises(ValueError, match="at least one token, got"):
        Pair(*parts)


def test_a_completion_whose_mask_is_closed_makes_no_pair():
    batch = sampled(model(), [1.0, 0.0, 0.5] * 2)
    batch.mask[0] = False
    with pytest.raises(ValueError, match="two completions of at least one token"):
        best_and_worst(batch, 3)


def test_log_probs_of_pairs_do_not_depend_on_their_company():
    policy = model()
    with torch.no_grad():
        together = pair_logprobs(policy, PAIRS)
        alone = [pair_logprobs(policy, [pair]) for pair in PAIRS]
    for found, one in zip(together, zip(*alone, strict=True), strict=True):
        torch.testing.assert_close(found, torch.cat(one))
    with torch.no_grad():
        logp = policy(torch.tensor([[5, 6, 7, 30, EOS]])).log_softmax(-1)
    wanted = logp[0, 2, 30] + logp[0, 3, EOS]
    torch.testing.assert_close(together[1][0], wanted)


# --- the step


def gradients(policy, ref, **changes):
    seen = {}
    optimizer = torch.optim.SGD(policy.parameters(), lr=0.0)
    optimizer.register_step_pre_hook(
        lambda *_: seen.update(
            {n: p.grad.clone() for n, p in policy.named_parameters()}
        )
    )
    return seen, dpo.update(policy, ref, [optimizer], PAIRS, DPOConfig(**changes))


def test_the_step_does_not_depend_on_how_the_batch_is_cut():
    policy, ref = model(), model(1)
    loss, wanted = dpo_loss(
        *pair_logprobs(policy, PAIRS), *(x.detach() for x in pair_logprobs(ref, PAIRS))
    )
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0).item()
    exact = {n: p.grad.clone() for n, p in policy.named_parameters()}
    policy.zero_grad()
    for most in (1, 20, 10_000):
        found, metrics = gradients(policy, ref, micro_tokens=most)
        assert metrics == pytest.approx({**wanted, "grad_norm": norm}, rel=1e-4)
        for name in exact:
            torch.testing.assert_close(found[name], exact[name], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [{"beta": 0}, {"lr": -1.0}, {"epochs": 0}, {"batch_size": 0}, {"warmup": 2}],
    ids=str,
)
def test_settings_without_sense_are_refused(changes):
    with pytest.raises(ValueError, match=f"^{[*changes][0]} must be "):
        DPOConfig(**changes)


# --- it learns


def run(start=0, policy=None, optimizers=None, epochs=20):
    policy = policy or model()
    optimizers = optimizers or optim.adamw(policy, 0.003)
    config = DPOConfig(epochs=epochs, batch_size=2)
    return (
        dpo.train(policy, model(), PAIRS, config, optimizers, start),
        policy,
        optimizers,
    )


def test_dpo_learns_its_pairs_and_not_the_other_way_round():
    policy, before = model(), model()
    metrics = list(run(policy=policy)[0])
    assert metrics[0]["loss"] == pytest.approx(math.log(2), abs=1e-3)
    assert metrics[-1]["loss"] < 0.3 and metrics[-1]["accuracy"] == 1
    with torch.no_grad():
        (good, bad), (was_good, was_bad) = (
            pair_logprobs(m, PAIRS) for m in (policy, before)
        )
    assert ((good - was_good) > (bad - was_bad)).all()
    turned = [Pair(p.prompt, p.rejected, p.chosen) for p in PAIRS]
    with torch.no_grad():
        _, found = dpo_loss(
            *pair_logprobs(policy, turned), *pair_logprobs(before, turned)
        )
    assert found["accuracy"] == 0


def test_the_reference_does_not_move():
    ref = model()
    before = copy.deepcopy(ref.state_dict())
    config, policy = DPOConfig(batch_size=2), model()
    list(dpo.train(policy, ref, PAIRS, config, optim.adamw(policy, 0.01)))
    assert all(torch.equal(x, before[n]) for n, x in ref.state_dict().items())
    assert all(p.grad is None for p in ref.parameters())


def test_a_resumed_run_repeats_the_uninterrupted_one():
    whole, policy, _ = run(epochs=4)
    whole = list(whole)
    assert [m["step"] for m in whole] == list(range(1, 9))
    parts, stopped, optimizers = run(epochs=4)
    first = list(itertools.islice(parts, 3))
    rest, resumed, _ = run(3, stopped, optimizers, epochs=4)
    assert first + list(rest) == whole
    for p, q in zip(policy.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(p, q)


def test_no_pairs_is_an_error():
    policy = model()
    with pytest.raises(ValueError, match="at least one pair, got none"):
        next(dpo.train(policy, policy, [], DPOConfig(), optim.adamw(policy, 0.1)))
