"""Claims about GRPO: what is trained on, by how much, and that it learns."""

import itertools
import math
import random
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest
import small
import torch

from r1lib import losses
from r1lib.files import shown
from r1lib.losses import (
    cispo,
    clipped,
    entropy,
    fixed_length_mean,
    gspo,
    kl_k1,
    kl_k2,
    kl_k3,
    sapo,
    sequence_mean,
    sequence_sum,
    token_logprobs,
    token_mean,
    vespo,
)
from r1lib.problem import Problem
from r1lib.recipe import r1, stages
from r1lib.rl import grpo
from r1lib.rl.dapo import overlong_penalty, without_truncated
from r1lib.rl.dpo import dpo_loss, sequence_logprobs
from r1lib.rl.grpo import GRPOConfig, group_advantages, grpo_loss
from r1lib.rl.reinforce import maxrl_advantages, reinforce_advantages, rloo_advantages
from r1lib.rl.rollout import Rollout, collate, rollout
from r1lib.sampling import Completion, to_text
from r1lib.tokenizer import EOS, PAD, Tokenizer
from r1lib.training import limits, optim
from r1lib.training.batches import micro_batches
from r1lib.world import corpus, web
from results import code, distill, journey, preference_rl, rejection, traces

TOKENIZER = Tokenizer([])
N, G = 2, 3


def model(seed=0):
    return small.model(small.DENSE, seed)


def problem(text="2+2", answer="4"):
    return Problem("arithmetic", "easy", "en", text, answer, text)


def length_reward(_, text):
    return float(len(text))


def small_rollout(policy, temperature=1.0, reward=length_reward, **changes):
    with torch.no_grad():
        policy.head.weight[EOS] *= 6  # some rows stop early, some do not
    return rollout(
        policy,
        TOKENIZER,
        [problem("2+2"), problem("17+1=")],
        G,
        reward,
        max_new_tokens=8,
        temperature=temperature,
        generator=torch.Generator().manual_seed(7),
        **changes,
    )


# --- what a rollout holds


def test_logprobs_are_indexed_by_token_and_column_0_is_empty():
    logits, ids = torch.randn(2, 5, 11), torch.randint(11, (2, 5))
    found = token_logprobs(logits, ids)
    assert found.shape == ids.shape and found[:, 0].eq(0).all()
    for b, t in itertools.product(range(2), range(1, 5)):
        wanted = logits[b, t - 1].log_softmax(-1)[ids[b, t]]
        assert found[b, t].item() == pytest.approx(wanted.item(), abs=1e-6)


def test_logprobs_are_those_of_the_sampling_temperature():
    logits, ids = torch.randn(2, 5, 11), torch.randint(11, (2, 5))
    torch.testing.assert_close(
        token_logprobs(logits, ids, 0.7), token_logprobs(logits / 0.7, ids)
    )
    with pytest.raises(ValueError, match="above 0, got 0"):
        token_logprobs(logits, ids, 0)


def test_rows_are_group_major_and_the_mask_covers_what_was_sampled():
    prompts = [[5, 6, 7], [5, 6, 7], [8], [8]]
    answers = [
        Completion([20, 21, EOS], [-1.0, -2.0, -3.0], "stop"),
        Completion([22], [-4.0], "length"),
        Completion([PAD, 23], [-5.0, -6.0], "length"),  # a sampled pad is a token
        Completion([EOS], [-7.0], "stop"),
    ]
    ids, mask, logprobs = collate(prompts, answers)
    assert ids.tolist() == [
        [5, 6, 7, 20, 21, EOS],
        [5, 6, 7, 22, PAD, PAD],
        [8, PAD, 23, PAD, PAD, PAD],
        [8, EOS, PAD, PAD, PAD, PAD],
    ]
    assert mask.int().tolist() == [
        [0, 0, 0, 1, 1, 1],
        [0, 0, 0, 1, 0, 0],
        [0, 1, 1, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
    ]
    assert logprobs[mask].tolist() == [-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0]
    assert logprobs[~mask].eq(0).all()


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_a_rollout_remembers_the_logprobs_that_training_computes(temperature):
    policy = model()
    batch = small_rollout(policy, temperature)
    assert 0 < sum(batch.finished) < N * G  # both kinds of ending are looked at
    with torch.no_grad():
        again = token_logprobs(policy(batch.ids), batch.ids, temperature)
    gap = (again - batch.old_logprobs)[batch.mask].abs()
    assert gap.max() < 1e-4
    assert batch.mask[:, 0].eq(False).all()
    wrong = token_logprobs(policy(batch.ids), batch.ids, 1.7 - temperature)
    assert (wrong - batch.old_logprobs)[batch.mask].abs().max() > 1e-2


def test_a_rollout_is_group_major_and_counts_the_stop_token():
    batch = small_rollout(model())
    prompts = [TOKENIZER.prompt("2+2"), TOKENIZER.prompt("17+1=")]
    for b in range(N * G):
        prompt = prompts[b // G]
        row = batch.ids[b]
        assert row[: len(prompt)].tolist() == prompt
        end = len(prompt) + int(batch.lengths[b])
        assert batch.mask[b].nonzero().squeeze(1).tolist() == list(
            range(len(prompt), end)
        )
        assert (row[end - 1] == EOS) == batch.finished[b]
        assert batch.rewards[b] == len(batch.texts[b])
        written = row[len(prompt) : end - batch.finished[b]]
        assert TOKENIZER.decode(written.tolist()) == batch.texts[b]


def test_rewards_see_the_problem_of_their_own_group():
    batch = small_rollout(model(), reward=lambda p, _: float(p.prompt == "2+2"))
    assert batch.rewards.view(N, G).tolist() == [[1.0] * G, [0.0] * G]


def test_text_leaves_out_the_stop_token_only():
    ids = TOKENIZER.encode("ab")
    assert to_text(TOKENIZER, Completion([*ids, EOS], [0.0] * 3, "stop")) == "ab"
    assert to_text(TOKENIZER, Completion(ids, [0.0] * 2, "length")) == "ab"


class Judge:
    """A reward without a name of its own."""

    def __call__(self, problem, text):
        return 1 / 0


def broken(problem, text):
    raise KeyError("no answer\x1b[31m" + "9" * 5000)


@pytest.mark.parametrize(
    "reward, named",
    [
        (broken, "reward 'broken' raised KeyError: 'no answer.*9"),
        (Judge(), "reward 'Judge' raised ZeroDivisionError: division by zero for"),
        (lambda p, t: len(t, p), "reward '<lambda>' raised TypeError: len"),
        (lambda *_: None, "raised TypeError: float.* not 'NoneType' for the compl"),
        (lambda *_: "much", "raised ValueError: could not convert .*'much' for the"),
    ],
)
def test_a_reward_that_raises_is_named_with_the_completion(reward, named):
    with pytest.raises(ValueError, match=named) as caught:
        small_rollout(model(), reward=reward)
    message = str(caught.value)
    first = small_rollout(model()).texts[0]
    assert message.endswith(f"for the completion {shown(first)}")
    assert len(message) < 600 and message.isprintable()
    assert isinstance(caught.value.__cause__, Exception)


def test_ctrl_c_in_a_reward_is_no_error_of_the_reward():
    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small_rollout(model(), reward=stop)


@pytest.mark.parametrize("rewards", [[1.0] * 5, [1.0] * 7, []])
def test_a_score_for_each_completion_is_wanted(rewards):
    with pytest.raises(ValueError, match=f"wanted 6 rewards, got {len(rewards)}"):
        small_rollout(model(), score=lambda *_: rewards)


def test_no_problems_is_an_error():
    with pytest.raises(ValueError, match="at least one problem"):
        rollout(model(), TOKENIZER, [], G, length_reward, max_new_tokens=4)


# --- advantages


def test_advantages_by_hand():
    # rewards 1 0 0: mean 1/3, std with Bessel sqrt(1/3)
    found = group_advantages(torch.tensor([[1.0, 0.0, 0.0]]), eps=0)
    root = 3**0.5
    wanted = torch.tensor([[2 / 3 * root, -root / 3, -root / 3]])
    torch.testing.assert_close(found, wanted)
    plain = group_advantages(torch.tensor([[1.0, 0.0, 0.0]]), normalize_std=False)
    torch.testing.assert_close(plain, torch.tensor([[2 / 3, -1 / 3, -1 / 3]]))


def test_advantages_compare_within_a_group_only():
    rewards = torch.rand(4, 5)
    found = group_advantages(rewards)
    torch.testing.assert_close(found.sum(1), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(found.std(1), torch.ones(4), atol=1e-2, rtol=0)
    rewards[1:] = 9.0  # other groups do not matter, agreeing ones give nothing
    assert torch.equal(group_advantages(rewards)[0], found[0])
    assert group_advantages(rewards)[1:].eq(0).all()


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.half])
@pytest.mark.parametrize("normalize_std", [True, False])
@pytest.mark.parametrize("paid", [0.1, -0.7, 1 / 3, 1000.1])
@pytest.mark.parametrize("size", [2, 7, 8])
def test_a_group_that_agrees_gets_exact_zeros(kind, normalize_std, paid, size):
    rewards = torch.full((3, size), paid, dtype=kind)
    rewards[1, 0] += 1 + abs(paid) / 8  # its neighbours still agree
    found = group_advantages(rewards, normalize_std=normalize_std)
    assert found.dtype == kind and found.isfinite().all()
    assert found[0].eq(0).all() and found[2].eq(0).all()
    assert found[1, 0] > 0 > found[1, 1]


def test_rounding_is_no_difference_and_a_small_difference_is_one():
    sums = [[0.1 + 0.2, 0.3, 0.7 - 0.4, 0.6 / 2]]
    sums = torch.tensor(sums, dtype=torch.float64)
    assert len(set(sums[0].tolist())) > 1
    assert group_advantages(sums).eq(0).all()
    assert group_advantages(sums.float()).eq(0).all()
    small = torch.tensor([[0.5, 0.5 + 1e-5, 0.5]])
    assert group_advantages(small, normalize_std=False)[0, 1] > 0


def test_a_step_on_rewards_that_agree_moves_no_weight():
    policy = model()
    batch = small_rollout(policy)
    before = [p.clone() for p in policy.parameters()]
    advantages = group_advantages(torch.full((N, G), 0.1)).flatten()
    config = GRPOConfig(prompts=N, group_size=G, minibatches=1, kl_coef=0.0)
    rows = torch.arange(N * G)
    grpo.update(policy, optim.adamw(policy, 0.1), batch, advantages, rows, config)
    assert all(map(torch.equal, policy.parameters(), before))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_reward_that_is_no_number_is_named(bad):
    rewards = torch.zeros(3, 4)
    rewards[1, 2] = bad
    with pytest.raises(ValueError, match=f"finite, got {bad} for answer 2 of group 1"):
        group_advantages(rewards)


def test_a_reward_that_is_no_number_stops_training_before_the_update():
    policy = model()
    before = [p.clone() for p in policy.parameters()]
    metrics = grpo.train(
        policy,
        TOKENIZER,
        lambda _: problem(),
        GRPOConfig(prompts=2, group_size=2, max_new_tokens=2, minibatches=1),
        optim.adamw(policy, 0.1),
        reward=lambda *_: float("nan"),
    )
    with pytest.raises(ValueError, match="got nan for answer 0 of group 0"):
        next(metrics)
    assert all(map(torch.equal, policy.parameters(), before))


def test_a_group_of_one_has_no_siblings():
    with pytest.raises(ValueError, match="at least 2 answers, got 1"):
        group_advantages(torch.ones(3, 1))
    with pytest.raises(ValueError, match="group_size must be at least 2, got 1"):
        GRPOConfig(group_size=1)
    with pytest.raises(ValueError, match="multiple of minibatches"):
        GRPOConfig(prompts=6, minibatches=4)


# --- the objective


@pytest.mark.parametrize(
    "advantage, ratio, value, slope",
    [
        (2.0, 1.5, 2 * 1.2, 0.0),  # good, already likelier: no reason to go on
        (2.0, 0.5, 2 * 0.5, 2 * 0.5),  # good, but less likely: bring it back
        (-2.0, 1.5, -2 * 1.5, -2 * 1.5),  # bad, yet likelier: full push down
        (-2.0, 0.5, -2 * 0.8, 0.0),  # bad, already less likely: enough
        (2.0, 1.1, 2 * 1.1, 2 * 1.1),  # inside: d ratio / d logprob = ratio
        (-2.0, 0.9, -2 * 0.9, -2 * 0.9),
    ],
)
def test_the_clip_only_removes_reasons_to_move_on(advantage, ratio, value, slope):
    logprobs = torch.tensor([[ratio]]).double().log().requires_grad_()
    objective = clipped(
        logprobs, torch.zeros(1, 1).double(), torch.tensor([[advantage]]).double()
    )
    objective.sum().backward()
    assert objective.item() == pytest.approx(value)
    assert logprobs.grad.item() == pytest.approx(slope)


def test_the_clip_may_be_wider_above_than_below():
    old = torch.zeros(1, 2)
    logprobs = torch.tensor([[1.27, 1.29]]).log().requires_grad_()
    objective = clipped(logprobs, old, torch.ones(1, 1), 0.2, 0.28)
    objective.sum().backward()
    assert logprobs.grad[0, 0] > 0 and logprobs.grad[0, 1] == 0


def on_policy():
    """Log-probs of a (4, 6) batch with a ragged mask and advantages that sum to 0."""
    torch.manual_seed(1)
    logprobs = (-torch.rand(4, 6).double()).requires_grad_()
    mask = torch.arange(6) < torch.tensor([6, 3, 3, 6])[:, None]
    mask[:, 0] = False
    advantages = torch.tensor([1.0, 1.0, -1.0, -1.0]).double()
    return logprobs, mask, advantages


def test_on_policy_the_loss_is_zero_and_its_gradient_is_not():
    logprobs, mask, advantages = on_policy()
    loss, metrics = grpo_loss(logprobs, logprobs.detach(), advantages, mask)
    loss.backward()
    assert abs(loss.item()) < 1e-12
    assert logprobs.grad.abs().sum() > 0.5
    assert logprobs.grad[~mask].eq(0).all()
    assert metrics["clip_fraction"] == 0


def test_at_ratio_one_the_gradient_is_that_of_reinforce():
    logprobs, mask, advantages = on_policy()
    loss, _ = grpo_loss(logprobs, logprobs.detach(), advantages, mask)
    (found,) = torch.autograd.grad(loss, logprobs)
    reinforce = -(advantages[:, None] * logprobs * mask).sum() / mask.sum()
    (wanted,) = torch.autograd.grad(reinforce, logprobs)
    torch.testing.assert_close(found, wanted)


def test_what_a_token_counts_in_each_mean():
    values, mask = torch.ones(2, 5), torch.zeros(2, 5, dtype=torch.bool)
    mask[0, 1:5], mask[1, 1:2] = True, True  # 4 tokens and 1
    values[0] = 3.0
    assert token_mean(values, mask).item() == pytest.approx((4 * 3 + 1) / 5)
    assert sequence_mean(values, mask).item() == pytest.approx((3 + 1) / 2)
    assert fixed_length_mean(values, mask, 10).item() == pytest.approx((12 + 1) / 20)
    empty = torch.zeros_like(mask)
    assert token_mean(values, empty) == 0 and sequence_mean(values, empty) == 0


def test_what_stands_under_a_closed_mask_never_counts():
    logprobs, mask, advantages = on_policy()
    with torch.no_grad():
        other = torch.where(mask, logprobs, -9.0)
        old = torch.where(mask, logprobs - 0.1, -3.0)
        for aggregate in (token_mean, sequence_mean):
            loss = [
                grpo_loss(x, old, advantages, mask, aggregate=aggregate)[0].item()
                for x in (logprobs, other)
            ]
            assert loss[0] == pytest.approx(loss[1], abs=1e-12)


BAD = (float("inf"), float("-inf"), float("nan"))


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("place", ["new", "old", "ref", "all"])
@pytest.mark.parametrize("kl_coef", [0.0, 0.1])
def test_what_is_masked_cannot_count_not_even_as_nan(bad, place, kl_coef):
    logprobs, mask, advantages = on_policy()
    clean = [logprobs.detach() - d for d in (0.0, 0.1, 1.0)]
    names = ("new", "old", "ref")
    dirty = [
        torch.where(mask, x, bad) if place in (name, "all") else x
        for name, x in zip(names, clean, strict=True)
    ]

    def run(new, old, ref, aggregate):
        new = new.clone().requires_grad_()
        kind = {"ref_logprobs": ref, "kl_coef": kl_coef, "aggregate": aggregate}
        loss, metrics = grpo_loss(new, old, advantages, mask, **kind)
        (slope,) = torch.autograd.grad(loss, new)
        return loss.item(), metrics, slope

    for aggregate in (token_mean, sequence_mean):
        loss, metrics, slope = run(*dirty, aggregate)
        same, equal, also = run(*clean, aggregate)
        assert loss == same and metrics == equal
        assert torch.equal(slope, also) and slope[~mask].eq(0).all()


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize(
    "mean", [token_mean, sequence_mean, lambda v, m: fixed_length_mean(v, m, 9)]
)
def test_an_aggregator_never_reads_what_is_masked(mean, bad):
    values, mask = torch.ones(2, 5).double(), torch.arange(5) < torch.tensor([[3], [0]])
    wanted = mean(values, mask)
    dirty = torch.where(mask, values, bad).requires_grad_()
    mean(dirty, mask).backward()
    assert mean(dirty, mask) == wanted > 0
    assert dirty.grad.isfinite().all() and dirty.grad[~mask].eq(0).all()
    assert mean(dirty, torch.zeros_like(mask)) == 0  # nothing to read


def test_sums_of_whole_completions_never_read_what_is_masked():
    mask = torch.tensor([[False, True, True], [False, False, False]])
    dirty = torch.tensor([[float("nan"), -1.0, -2.0], [float("-inf")] * 3])
    dirty.requires_grad_()
    found = sequence_logprobs(dirty, mask)
    found.sum().backward()
    assert found.tolist() == [-3.0, 0.0]
    assert torch.equal(dirty.grad, mask.float())
    with pytest.raises(ValueError, match="at least one pair"):
        dpo_loss(*[torch.zeros(0)] * 4)


def test_a_mask_without_a_token_makes_a_loss_of_zero():
    logprobs, mask, advantages = on_policy()
    nothing = torch.zeros_like(mask)
    loss, metrics = grpo_loss(logprobs, logprobs.detach(), advantages, nothing)
    loss.backward()
    assert loss == 0 and metrics["clip_fraction"] == 0 and logprobs.grad.eq(0).all()
    policy = model()
    batch = small_rollout(policy)
    batch.mask[:] = False
    _, metrics = gradients(policy, batch, torch.ones(N * G))
    assert metrics["grad_norm"] == 0
    with pytest.raises(ValueError, match="length must be at least 1, got 0"):
        fixed_length_mean(logprobs, mask, 0)


# --- what is refused before any work


@pytest.mark.parametrize(
    "changes",
    [
        {"minibatches": 0},
        {"minibatches": -1},
        {"prompts": 0, "minibatches": 1},
        {"steps": 0},
        {"steps": True},
        {"max_new_tokens": 0},
        {"micro_tokens": 0},
        {"temperature": 0.0},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"lr": -1e-4},
        {"lr": float("nan")},
        {"warmup": 1.5},
        {"decay": -0.1},
        {"clip_low": -0.2},
        {"clip_high": float("inf")},
        {"kl_coef": -0.1},
        {"seed": 2**64},
    ],
    ids=str,
)
def test_settings_without_sense_are_refused(changes):
    (name, *_) = changes
    with pytest.raises(ValueError, match=f"^{name} must be "):
        GRPOConfig(**changes)


@pytest.mark.parametrize("odd", [2.5, "2", None, True, float("nan")], ids=str)
def test_a_size_is_a_whole_number(odd):
    with pytest.raises(ValueError, match="^steps must be a whole number, got "):
        limits.whole(SimpleNamespace(steps=odd), "steps")


def test_a_refusal_is_short_and_plain():
    with pytest.raises(ValueError) as caught:
        limits.positive(SimpleNamespace(lr="\x1b[31m" + "9" * 5000), "lr")
    assert len(str(caught.value)) < 250 and str(caught.value).isprintable()


def test_a_kl_term_without_a_reference_is_refused_before_any_work():
    def draw(_):
        raise AssertionError("a problem was drawn")

    policy = model()
    config = GRPOConfig(prompts=2, group_size=2, minibatches=1, kl_coef=0.1)
    optimizers = optim.adamw(policy, 0.1)
    with pytest.raises(ValueError, match="kl_coef is 0.1: wanted a reference"):
        next(grpo.train(policy, TOKENIZER, draw, config, optimizers))
    batch, rows = small_rollout(policy), torch.arange(N * G)
    with pytest.raises(ValueError, match="needs ref_logprobs, got None"):
        grpo.update(policy, optimizers, batch, torch.ones(N * G), rows, config)
    with pytest.raises(ValueError, match="needs ref_logprobs, got None"):
        zeros, open_mask = torch.zeros(2, 3), torch.ones(2, 3, dtype=torch.bool)
        grpo_loss(zeros, zeros, torch.ones(2), open_mask, kl_coef=0.1)


@pytest.mark.parametrize("most", [1, 10_000])
def test_the_clip_fraction_does_not_depend_on_the_kl_term(most):
    policy, ref = model(), model(seed=1)
    batch = small_rollout(policy)
    batch.old_logprobs += torch.randn(batch.ids.shape) * batch.mask
    advantages = group_advantages(torch.tensor([[1.0, 0.0, 0.5], [1.0] * 3])).flatten()
    found = [
        gradients(policy, batch, advantages, ref=ref, kl_coef=k, micro_tokens=most)[1]
        for k in (0.0, 1e-9, 0.5)
    ]
    shares = [metrics["clip_fraction"] for metrics in found]
    assert shares[0] > 0.05 and shares == pytest.approx([shares[0]] * 3)
    ratio = (token_logprobs(policy(batch.ids), batch.ids) - batch.old_logprobs).exp()
    outside = ((ratio < 0.8) | (ratio > 1.28)) & (advantages[:, None] != 0) & batch.mask
    assert shares[0] == pytest.approx((outside.sum() / batch.mask.sum()).item())


def test_the_kl_term_pulls_towards_the_reference():
    logprobs, mask, advantages = on_policy()
    ref = logprobs.detach() + 0.5
    old = logprobs.detach()
    args = (logprobs, old, advantages, mask)
    plain, _ = grpo_loss(*args)
    loss, metrics = grpo_loss(*args, ref_logprobs=ref, kl_coef=0.1)
    k3 = 2.718281828**0.5 - 0.5 - 1
    assert metrics["kl"] == pytest.approx(k3)
    assert (loss - plain).item() == pytest.approx(0.1 * k3)
    (gradient,) = torch.autograd.grad(loss - plain, logprobs)
    assert gradient[mask].lt(0).all()  # descending raises what the reference likes more


# --- KL and entropy


def test_k3_is_never_negative_and_zero_only_where_both_agree():
    logprobs, ref = -3 * torch.rand(500).double(), -3 * torch.rand(500).double()
    assert kl_k3(logprobs, ref).gt(0).all()
    assert kl_k3(ref, ref).eq(0).all() and kl_k1(logprobs, ref).lt(0).any()


def test_estimators_of_kl_on_six_outcomes():
    torch.manual_seed(0)
    logits = torch.randn(6).double().requires_grad_()
    ref = torch.randn(6).double().log_softmax(-1)
    logp = logits.log_softmax(-1)
    p = logp.exp()
    true = (p * (logp - ref)).sum()
    for estimator in (kl_k1, kl_k3):
        expected = (p * estimator(logp, ref)).sum()
        assert expected.item() == pytest.approx(true.item(), abs=1e-12)
    assert (p * kl_k2(logp, ref)).sum().item() != pytest.approx(true.item(), abs=1e-3)
    (wanted,) = torch.autograd.grad(true, logits, retain_graph=True)
    fixed = p.detach()  # sampled outcomes: no gradient through the sampling
    (k2,) = torch.autograd.grad(
        (fixed * kl_k2(logp, ref)).sum(), logits, retain_graph=True
    )
    (k1,) = torch.autograd.grad((fixed * kl_k1(logp, ref)).sum(), logits)
    torch.testing.assert_close(k2, wanted)
    torch.testing.assert_close(k1, torch.zeros_like(k1), atol=1e-12, rtol=0)


@pytest.mark.parametrize("estimator", [kl_k1, kl_k2, kl_k3])
def test_a_token_closed_for_both_is_no_difference(estimator):
    logprobs = torch.tensor([float("-inf"), -1.0, -2.0]).requires_grad_()
    ref = torch.tensor([float("-inf"), -1.0, -1.0])
    found = estimator(logprobs, ref)
    found.sum().backward()
    assert found[:2].tolist() == [0, 0] and found[2] != 0
    assert logprobs.grad.isfinite().all()


def test_entropy_of_a_fair_and_of_a_loaded_die():
    found = entropy(torch.tensor([[0.0] * 6, [100.0] + [0.0] * 5]))
    assert found[0].item() == pytest.approx(1.791759, abs=1e-5)
    assert found[1].item() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("closed", [1, 3, 5])
def test_a_closed_token_has_no_entropy(closed):
    logits = torch.zeros(2, 6)
    logits[:, :closed] = float("-inf")
    logits.requires_grad_()
    found = entropy(logits)
    found.sum().backward()
    assert found[0].item() == pytest.approx(math.log(6 - closed), abs=1e-6)
    assert logits.grad.isfinite().all()


def test_the_logprob_of_a_closed_token_leaves_no_nan():
    logits = torch.randn(1, 3, 5)
    logits[0, 0, 2] = float("-inf")
    logits.requires_grad_()
    logprobs = token_logprobs(logits, torch.tensor([[1, 2, 3]]))
    assert logprobs[0, 1] == float("-inf")
    token_mean(logprobs, torch.tensor([[False, False, True]])).backward()
    assert logits.grad.isfinite().all() and logits.grad[0, 0].eq(0).all()


# --- the step


def test_micro_batches_hold_every_row_once_and_few_tokens():
    rng = torch.Generator().manual_seed(0)
    lengths = torch.randint(1, 30, (40,), generator=rng)
    rows = torch.arange(3, 37)
    cut = list(micro_batches(lengths, rows, 60))
    assert sorted(torch.cat(cut).tolist()) == rows.tolist()
    assert all(len(part) * lengths[part].max() <= 60 for part in cut)
    assert len(cut) > 3
    alone = list(micro_batches(lengths, rows, 1))  # one too long still goes through
    assert sorted(map(len, alone))[-1] == 1
    assert list(micro_batches(lengths, rows[:0], 60)) == []


def gradients(
    policy,
    batch,
    advantages,
    rows=None,
    ref=None,
    objective=None,
    aggregate=token_mean,
    **changes,
):
    """The gradient one `update` steps with, its learning rate being 0."""
    config = GRPOConfig(prompts=N, group_size=G, minibatches=1, **changes)
    seen = {}
    optimizer = torch.optim.SGD(policy.parameters(), lr=0.0)
    optimizer.register_step_pre_hook(
        lambda *_: seen.update(
            {n: p.grad.clone() for n, p in policy.named_parameters()}
        )
    )
    rows = torch.arange(N * G) if rows is None else rows
    metrics = grpo.update(
        policy,
        [optimizer],
        batch,
        advantages,
        rows,
        config,
        ref,
        objective,
        aggregate,
    )
    return seen, metrics


@pytest.mark.parametrize("kl_coef, temperature", [(0.0, 1.0), (0.1, 0.7)])
def test_the_step_does_not_depend_on_how_the_batch_is_cut(kl_coef, temperature):
    policy, ref = model(), model(seed=1)
    batch = small_rollout(policy, temperature)
    batch.old_logprobs += 0.2 * torch.randn(batch.ids.shape) * batch.mask
    rewards = torch.tensor([[1.0, 0.0, 0.5], [1.0, 1.0, 1.0]])  # the second agrees
    advantages = group_advantages(rewards).flatten()
    whole = token_logprobs(policy(batch.ids), batch.ids, temperature)
    loss, _ = grpo_loss(
        whole,
        batch.old_logprobs,
        advantages,
        batch.mask,
        ref_logprobs=token_logprobs(ref(batch.ids), batch.ids, temperature).detach(),
        kl_coef=kl_coef,
        clip_high=0.28,
    )
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0).item()
    wanted = {n: p.grad.clone() for n, p in policy.named_parameters()}
    policy.zero_grad()
    for most in (1, 40, 10_000):
        found, metrics = gradients(
            policy,
            batch,
            advantages,
            ref=ref,
            kl_coef=kl_coef,
            temperature=temperature,
            micro_tokens=most,
        )
        assert metrics["grad_norm"] == pytest.approx(norm, rel=1e-4)
        for name in wanted:
            torch.testing.assert_close(found[name], wanted[name], rtol=1e-3, atol=1e-6)


VARIANTS = {
    "GRPO": (None, sequence_mean),
    "Dr. GRPO": (None, partial(fixed_length_mean, length=8)),
    "GSPO": (partial(gspo, clip_low=0.05, clip_high=0.05), sequence_mean),
    "LUSPO": (partial(gspo, clip_low=0.05, clip_high=0.05), sequence_sum),
    "CISPO": (lambda new, old, a, _: cispo(new, old, a, 1.2), token_mean),
    "SAPO": (lambda new, old, a, _: sapo(new, old, a), sequence_mean),
    "VESPO": (vespo, token_mean),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_no_variant_depends_on_how_the_batch_is_cut(name):
    objective, aggregate = VARIANTS[name]
    policy, ref = model(), model(seed=1)
    batch = small_rollout(policy)
    batch.old_logprobs += 0.2 * torch.randn(batch.ids.shape) * batch.mask
    advantages = group_advantages(torch.tensor([[1.0, 0.0, 0.5], [0.0, 1.0, 1.0]]))
    loss, _ = grpo_loss(
        token_logprobs(policy(batch.ids), batch.ids),
        batch.old_logprobs,
        advantages.flatten(),
        batch.mask,
        ref_logprobs=token_logprobs(ref(batch.ids), batch.ids).detach(),
        kl_coef=0.1,
        clip_high=0.28,
        objective=objective,
        aggregate=aggregate,
    )
    loss.backward()
    torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
    wanted = {n: p.grad.clone() for n, p in policy.named_parameters()}
    policy.zero_grad()
    for most in (1, 10_000):
        found, _ = gradients(
            policy,
            batch,
            advantages.flatten(),
            ref=ref,
            objective=objective,
            aggregate=aggregate,
            kl_coef=0.1,
            micro_tokens=most,
        )
        for parameter in wanted:
            torch.testing.assert_close(
                found[parameter], wanted[parameter], rtol=1e-3, atol=1e-6
            )


def test_a_step_where_all_agree_changes_nothing():
    policy = model()
    batch = small_rollout(policy)
    before = [p.clone() for p in policy.parameters()]
    optimizers = optim.base_optimizers(policy, 0.1, 0.1)
    config = GRPOConfig(prompts=N, group_size=G, minibatches=1)
    rows = torch.arange(N * G)
    metrics = grpo.update(policy, optimizers, batch, torch.zeros(N * G), rows, config)
    assert metrics["grad_norm"] == 0
    for p, old in zip(policy.parameters(), before, strict=True):
        assert torch.equal(p, old)


def test_a_gradient_that_is_no_number_stops_the_run_and_changes_nothing():
    policy = model()
    batch = small_rollout(policy)
    batch.old_logprobs[0, batch.mask[0].nonzero()[0]] = float("nan")
    before = [p.clone() for p in policy.parameters()]
    config = GRPOConfig(prompts=N, group_size=G, minibatches=1)
    advantages = torch.tensor([1.0, -1.0, 0.0] * N)
    rows = torch.arange(N * G)
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        grpo.update(policy, optim.adamw(policy, 0.1), batch, advantages, rows, config)
    for p, old in zip(policy.parameters(), before, strict=True):
        assert torch.equal(p, old) and p.grad is None


# --- it learns


def share_of_digits(_, text):
    """A trivial reward: the share of a text's characters that are digits."""
    return sum(c in "0123456789" for c in text) / max(1, len(text))


def run_grpo(
    seed, steps=40, start=0, policy=None, optimizers=None, parts=None, **changes
):
    policy = policy or model(seed)
    optimizers = optimizers or optim.adamw(policy, 0.03)
    shape = {"prompts": 2, "group_size": 8, "max_new_tokens": 4, "minibatches": 1}
    config = GRPOConfig(steps=steps, seed=seed, **{**shape, **changes})
    metrics = grpo.train(
        policy,
        TOKENIZER,
        lambda rng: problem(f"{rng.randint(1, 9)}+1"),
        config,
        optimizers,
        reward=share_of_digits,
        start=start,
        ref=model(seed) if changes.get("kl_coef") else None,
        **(parts or {}),
    )
    return metrics, policy, optimizers


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_grpo_learns_to_write_what_is_rewarded(seed):
    rewards = [metrics["reward"] for metrics, _ in run_grpo(seed)[0]]
    assert sum(rewards[:3]) / 3 < 0.2
    assert sum(rewards[-3:]) / 3 > 0.8


@pytest.mark.parametrize("changes", [{"minibatches": 2}, {"kl_coef": 0.01}], ids=str)
def test_grpo_learns_off_policy_and_with_a_reference(changes):
    found = [metrics for metrics, _ in run_grpo(0, **changes)[0]]
    assert found[0]["reward"] < 0.2 and found[-1]["reward"] > 0.8
    if "minibatches" in changes:
        assert max(m["clip_fraction"] for m in found) > 0
    else:
        assert found[-1]["kl"] > found[0]["kl"]


def dapo_parts(batch):
    """A penalty for length, and no tokens of what was cut off."""
    penalty = overlong_penalty(batch.lengths, 4, 2)
    mask = without_truncated(batch.mask, batch.finished)
    return replace(batch, rewards=batch.rewards + penalty, mask=mask)


@pytest.mark.parametrize(
    "parts",
    [
        {"advantages": reinforce_advantages},
        {"advantages": rloo_advantages, "aggregate": sequence_mean},
        {"advantages": maxrl_advantages, "objective": VARIANTS["CISPO"][0]},
        {"objective": VARIANTS["GSPO"][0], "aggregate": sequence_mean},
    ],
    ids=["REINFORCE", "RLOO", "MaxRL and CISPO", "GSPO"],
)
def test_other_algorithms_are_the_same_loop_with_other_functions(parts):
    loop = run_grpo(0, steps=25, parts=parts, minibatches=2)[0]
    rewards = [metrics["reward"] for metrics, _ in loop]
    assert sum(rewards[:3]) / 3 < 0.2
    assert sum(rewards[-3:]) / 3 > 0.5


def test_a_rollout_is_adjusted_before_it_is_compared():
    seen = []

    def advantages(rewards):
        seen.append(rewards)
        return group_advantages(rewards, normalize_std=False)

    parts = {"adjust": dapo_parts, "advantages": advantages}
    (metrics, batch), (_, plain) = (
        next(run_grpo(0, steps=1, parts=p)[0]) for p in (parts, None)
    )
    assert torch.equal(batch.ids, plain.ids)  # the same samples
    wanted = plain.rewards + overlong_penalty(plain.lengths, 4, 2)
    assert torch.equal(batch.rewards, wanted) and torch.equal(seen[0].flatten(), wanted)
    cut_off = ~torch.tensor(plain.finished)
    assert cut_off.any() and batch.mask[cut_off].eq(False).all()
    assert metrics["reward"] == pytest.approx(wanted.mean().item())


def test_a_policy_that_never_stops_and_is_masked_for_it_learns_nothing():
    policy = model()
    policy.head = small.Endless(policy.head)
    before = [p.clone() for p in policy.parameters()]
    for metrics, batch in run_grpo(
        0, steps=2, policy=policy, parts={"adjust": dapo_parts}
    )[0]:
        assert metrics["finished"] == 0 and metrics["length"] == 4
        assert not batch.mask.any() and metrics["grad_norm"] == 0
    assert all(map(torch.equal, policy.parameters(), before))
    metrics, batch = next(run_grpo(0, steps=1, policy=policy)[0])
    assert batch.mask.sum(1).eq(4).all() and math.isfinite(metrics["grad_norm"])


def test_a_resumed_run_repeats_the_uninterrupted_one():
    whole, policy, _ = run_grpo(3, steps=6)
    whole = [m["reward"] for m, _ in whole]
    parts, stopped, optimizers = run_grpo(3, steps=6)
    first = [m["reward"] for m, _ in itertools.islice(parts, 3)]
    rest, resumed, _ = run_grpo(3, 6, 3, stopped, optimizers)
    assert first + [m["reward"] for m, _ in rest] == whole
    for p, q in zip(policy.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(p, q)


def test_training_reports_what_a_reader_wants_to_plot():
    (metrics, batch), *_ = itertools.islice(run_grpo(0)[0], 1)
    wanted = {"step", "reward", "length", "finished", "grad_norm", "clip_fraction"}
    assert wanted <= set(metrics) and metrics["step"] == 1
    assert isinstance(batch, Rollout) and metrics["clip_fraction"] == 0
    assert metrics["reward"] == pytest.approx(batch.rewards.mean().item())


def test_the_seed_of_the_run_and_no_other_decides_what_is_sampled():
    def ids(seed, noise):
        random.seed(noise)
        policy = model()
        torch.manual_seed(noise)
        return [batch.ids.tolist() for _, batch in run_grpo(seed, 2, policy=policy)[0]]

    assert ids(5, noise=1) == ids(5, noise=2)
    assert ids(5, noise=1)[0] != ids(6, noise=1)[0] != ids(5, noise=1)[1]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_logits_outside_the_mask_are_not_read(bad, temperature):
    """Neither the value nor the gradient of a loss can see them."""
    torch.manual_seed(0)
    mask = torch.tensor([[0, 0, 1, 1, 1], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]]) > 0
    ids = torch.randint(1, 7, mask.shape)
    logits = torch.randn(*mask.shape, 7)
    whole = losses.token_logprobs(logits, ids, temperature)
    foretells = torch.nn.functional.pad(mask[:, 1:], (0, 1))
    logits[~foretells] = bad
    logits.requires_grad_()
    found = losses.token_logprobs(logits, ids, temperature, mask)
    assert torch.equal(found, torch.where(mask, whole, 0))
    losses.sequence_mean(found, mask).backward()
    assert logits.grad.isfinite().all()
    assert not logits.grad[~foretells].any() and logits.grad[foretells].any()


@pytest.mark.parametrize(
    "make, changes",
    [
        (GRPOConfig, {"normalize_std": 1}),
        (GRPOConfig, {"normalize_std": "no"}),
        (r1.RewardModels, {"balanced": None}),
        (r1.RewardModels, {"reward": {"epochs": 2}}),
        (r1.LastStage, {"rl": {}}),
        (r1.LastStage, {"rl": None}),
        (stages.Settings, {"model": "huge"}),
        (stages.Settings, {"small": []}),
        (stages.Settings, {"dev2": GRPOConfig()}),
        (stages.Settings, {"samples": None}),
        (stages.Settings, {"device": 0}),
        (web.Manners, {"thinks": 1.5}),
        (corpus.Habits, {"patience": 0}),
        (corpus.Habits, {"slip": math.nan}),
        (traces.Sizes, {"k": -1}),
        (journey.Plan, {"steps": 0}),
        (journey.Plan, {"muon_lr": math.nan}),
        (code.Plan, {"model": "none"}),
        (code.Plan, {"waste": -0.5}),
        (preference_rl.Plan, {"pleases": 2}),
        (preference_rl.Plan, {"stage": r1.LastStage()}),
        (rejection.Plan, {"sizes": 5}),
        (distill.Plan, {"tokens": math.inf}),
        (distill.Plan, {"seed": -1}),
    ],
    ids=lambda x: getattr(x, "__qualname__", str(x)),
)
def test_no_settings_take_a_value_without_sense(make, changes):
    (name,) = changes  # given past the check of types that only the tests have
    with pytest.raises(ValueError, match=f"^{name} must be ") as caught:
        make.__post_init__(SimpleNamespace(**vars(make()) | changes))
    assert len(str(caught.value)) < 600
