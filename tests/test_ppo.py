"""Claims about PPO: advantages of tokens, the value model, and that it learns."""

import copy
import itertools
import math

import pytest
import small
import torch

from r1lib.feedback.reward_model import RewardModel
from r1lib.losses import sequence_mean, token_logprobs
from r1lib.problem import Problem
from r1lib.rl import ppo
from r1lib.rl.grpo import grpo_loss
from r1lib.rl.ppo import PPOConfig, gae, token_rewards, token_values, value_loss
from r1lib.rl.rollout import rollout
from r1lib.tokenizer import EOS, Tokenizer
from r1lib.training import optim

TOKENIZER = Tokenizer([])
NAN = float("nan")


def problem(text="2+2"):
    return Problem("arithmetic", "easy", "en", text, "4", text)


# --- advantages


def trajectory():
    """Three tokens; a small reward on the way, the large one at the end."""
    rewards = torch.tensor([[0.0, 0.5, 1.0]]).double()
    values = torch.tensor([[0.4, 0.8, 0.6]]).double()
    return rewards, values, torch.ones(1, 3, dtype=torch.bool)


def test_a_trajectory_by_hand():
    # deltas with gamma 0.9: 0 + 0.72 - 0.4, 0.5 + 0.54 - 0.8, 1 - 0.6
    # backwards with gamma lam = 0.45: 0.4, 0.24 + 0.18, 0.32 + 0.189
    advantages, returns = gae(*trajectory(), gamma=0.9, lam=0.5)
    assert advantages[0].tolist() == pytest.approx([0.509, 0.42, 0.4])
    assert returns[0].tolist() == pytest.approx([0.909, 1.22, 1.0])


@pytest.mark.parametrize("gamma", [1.0, 0.9, 0.0])
def test_lambda_1_is_monte_carlo_and_lambda_0_is_one_step(gamma):
    rewards, values, mask = trajectory()
    _, returns = gae(rewards, values, mask, gamma, lam=1.0)
    later = [sum(gamma**k * r for k, r in enumerate(rewards[0, t:])) for t in range(3)]
    assert returns[0].tolist() == pytest.approx([x.item() for x in later])
    advantages, _ = gae(rewards, values, mask, gamma, lam=0.0)
    after = torch.tensor([[0.8, 0.6, 0.0]]).double()
    torch.testing.assert_close(advantages, rewards + gamma * after - values)


def test_gae_is_its_definition_on_random_numbers():
    generator = torch.Generator().manual_seed(0)
    rewards, values = torch.randn(2, 4, 9, generator=generator).double()
    mask = torch.rand(4, 9, generator=generator) > 0.3  # with holes
    gamma, lam = 0.97, 0.8
    advantages, returns = gae(rewards, values, mask, gamma, lam)
    for b in range(4):
        r, v = rewards[b][mask[b]].tolist(), values[b][mask[b]].tolist()
        v.append(0.0)
        deltas = [r[t] + gamma * v[t + 1] - v[t] for t in range(len(r))]
        wanted = [
            sum((gamma * lam) ** k * d for k, d in enumerate(deltas[t:]))
            for t in range(len(r))
        ]
        assert advantages[b][mask[b]].tolist() == pytest.approx(wanted)
        assert returns[b][mask[b]].tolist() == pytest.approx(
            [a + x for a, x in zip(wanted, v[:-1], strict=True)]
        )


@pytest.mark.parametrize("fill", [7.0, NAN, math.inf, -math.inf])
@pytest.mark.parametrize("left, right", [(0, 4), (3, 0), (2, 1)])
def test_what_is_masked_cannot_count(fill, left, right):
    rewards, values, mask = trajectory()

    def pad(x, value):
        return torch.nn.functional.pad(x, (left, right), value=value)

    plain = gae(rewards, values, mask, 0.9, 0.7)
    padded = gae(pad(rewards, fill), pad(values, fill), pad(mask, False), 0.9, 0.7)
    for found, wanted in zip(padded, plain, strict=True):
        assert torch.equal(found, pad(wanted, 0.0))


def test_a_hole_in_the_mask_is_stepped_over():
    rewards, values, mask = trajectory()
    hole = torch.tensor([[True, False, True]])
    wanted = gae(rewards[:, ::2], values[:, ::2], mask[:, ::2], 0.9, 0.7)
    for found, exact in zip(gae(rewards, values, hole, 0.9, 0.7), wanted, strict=True):
        assert found[0, 1] == 0 and torch.equal(found[:, ::2], exact)


def test_a_mask_without_a_token_has_no_advantages():
    rewards, values, mask = trajectory()
    for found in gae(rewards * NAN, values * NAN, torch.zeros_like(mask)):
        assert found.eq(0).all()
    nothing = torch.zeros(2, 0)
    assert gae(nothing, nothing, nothing.bool())[0].shape == (2, 0)


@pytest.mark.parametrize("bad", [NAN, math.inf])
def test_what_is_no_number_is_named(bad):
    rewards, values, mask = trajectory()
    rewards[0, 2] = bad
    with pytest.raises(ValueError, match=f"rewards must be finite, got {bad} for tok"):
        gae(rewards, values, mask)
    with pytest.raises(ValueError, match="token 2 of completion 0"):
        gae(values, rewards, mask)


@pytest.mark.parametrize("settings", [(1.1, 1.0), (1.0, -0.1), (NAN, 1.0)])
def test_gamma_and_lambda_are_shares(settings):
    with pytest.raises(ValueError, match="gamma and lam from 0 to 1, got"):
        gae(*trajectory(), *settings)


def test_advantages_carry_no_gradient_into_the_value_model():
    rewards, values, mask = trajectory()
    for found in gae(rewards, values.requires_grad_(), mask):
        assert not found.requires_grad


def test_the_reward_is_at_the_last_token_and_the_penalty_at_each():
    mask = torch.tensor([[0, 1, 1, 0], [0, 0, 1, 1], [0, 1, 0, 0], [0, 0, 0, 0]]) > 0
    rewards = torch.tensor([1.0, 2.0, 3.0, 4.0])
    placed = [[0, 0, 1, 0], [0, 0, 0, 2], [0, 3, 0, 0], [0, 0, 0, 0]]
    assert token_rewards(rewards, mask).tolist() == placed
    penalty = torch.where(mask, 0.5, NAN)
    found = token_rewards(rewards, mask, penalty)
    assert torch.equal(found, torch.tensor(placed) - 0.5 * mask)


def test_whitened_values_have_mean_0_and_std_1():
    values, mask = torch.randn(3, 8) * 5 + 2, torch.rand(3, 8) > 0.4
    found = ppo.whiten(torch.where(mask, values, NAN), mask)
    assert found[~mask].eq(0).all()
    assert found[mask].mean().item() == pytest.approx(0, abs=1e-5)
    assert found[mask].std(correction=0).item() == pytest.approx(1, abs=1e-4)
    assert ppo.whiten(torch.full((3, 8), 0.3), mask).abs().max() < 1e-3
    assert ppo.whiten(values, torch.zeros_like(mask)).eq(0).all()


# --- losses


def error_of(value, old, target, clip):
    """The clipped error of one token, from PPO's programs, without tensors."""
    near = min(max(value, old - clip), old + clip)
    return max((value - target) ** 2, (near - target) ** 2) / 2


def test_the_value_loss_is_that_of_ppo_token_by_token():
    generator = torch.Generator().manual_seed(0)
    values, old, returns = torch.randn(3, 5, 7, generator=generator).double()
    mask = torch.rand(5, 7, generator=generator) > 0.3
    for clip in (0.2, 1.0):
        tokens = [
            error_of(*(x[b, t].item() for x in (values, old, returns)), clip)
            for b, t in mask.nonzero().tolist()
        ]
        loss, metrics = value_loss(values, old, returns, mask, clip)
        wanted = sum(tokens) / len(tokens)
        assert loss.item() == metrics["value_loss"] == pytest.approx(wanted, rel=1e-9)
    loss, _ = value_loss(values, old, returns, mask, math.inf)
    wanted = torch.nn.functional.mse_loss(values[mask], returns[mask]) / 2
    torch.testing.assert_close(loss, wanted)


@pytest.mark.parametrize(
    "value, target, slope",
    [
        (0.1, 1.0, -0.9),  # inside the clip: the error's own slope
        (0.5, 1.0, 0.0),  # moved far enough towards the target: no reason to go on
        (0.5, -1.0, 1.5),  # moved away from the target: come back
        (-0.5, 1.0, -1.5),
        (-0.5, -1.0, 0.0),
    ],
)
def test_the_cases_of_the_value_clip(value, target, slope):
    values = torch.tensor([[value]]).requires_grad_()
    mask = torch.ones(1, 1, dtype=torch.bool)
    value_loss(values, torch.zeros(1, 1), torch.tensor([[target]]), mask)[0].backward()
    assert values.grad.item() == pytest.approx(slope)


@pytest.mark.parametrize("bad", [NAN, math.inf])
def test_the_losses_never_read_what_is_masked(bad):
    mask = torch.tensor([[False, True, True, False]])
    clean = [torch.tensor([[0.0, x, -x, 0.0]]) for x in (0.5, 0.3, 0.9)]
    dirty = [torch.where(mask, x, bad) for x in clean]
    for function in (value_loss, ppo.ppo_loss):
        for parts in (clean, dirty):
            parts[0].requires_grad_()
            parts[0].grad = None
            function(*parts, mask)[0].backward()
        assert torch.equal(clean[0].grad, dirty[0].grad)
        assert function(*clean, mask)[0] == function(*dirty, mask)[0]
        assert function(*dirty, torch.zeros_like(mask))[0] == 0


@pytest.mark.parametrize("clip", [0.0, -1.0, NAN])
def test_a_value_clip_is_above_0(clip):
    with pytest.raises(ValueError, match="clip must be above 0, got"):
        value_loss(*[torch.zeros(1, 1)] * 3, torch.ones(1, 1) > 0, clip)


def test_with_equal_advantages_in_a_completion_ppo_is_grpo():
    generator = torch.Generator().manual_seed(0)
    new, old = -torch.rand(2, 4, 6, generator=generator)
    mask = torch.rand(4, 6, generator=generator) > 0.3
    advantages = torch.randn(4, generator=generator)
    wanted = grpo_loss(new, old, advantages, mask, aggregate=sequence_mean)
    spread = advantages[:, None].expand(4, 6)
    found = ppo.ppo_loss(new, old, spread, mask, aggregate=sequence_mean)
    assert found[0] == wanted[0] and found[1] == wanted[1]


# --- the value model


def value_model(seed=5):
    """A value model whose head is not 0 any more."""
    model = RewardModel.of(small.model(small.DENSE, seed))
    torch.nn.init.normal_(model.score.weight)
    return model


def test_a_value_is_what_is_expected_before_the_token():
    model, ids = value_model(), torch.randint(2, 200, (2, 6))
    values = token_values(model, ids)
    assert values.shape == ids.shape and values[:, 0].eq(0).all()
    for t in range(1, 6):
        read = model.scores(ids[:, :t], torch.tensor([t, t]))
        torch.testing.assert_close(values[:, t], read)
        other = ids.clone()
        other[:, t:] = 7  # the token itself and what follows make no difference
        torch.testing.assert_close(token_values(model, other)[:, t], values[:, t])


def test_a_new_value_model_expects_nothing():
    policy = small.model(small.DENSE)
    assert token_values(RewardModel.of(policy), torch.ones(2, 4).long()).eq(0).all()


def test_explained_variance():
    mask = torch.tensor([[True, True, False]])
    returns = torch.tensor([[1.0, 3.0, NAN]])
    assert ppo.explained_variance(returns, returns, mask) == 1
    assert ppo.explained_variance(returns, torch.full((1, 3), 2.0), mask) == 0
    assert ppo.explained_variance(returns, torch.tensor([[3.0, 1.0, NAN]]), mask) == -3
    assert math.isnan(ppo.explained_variance(torch.ones(1, 3), returns, mask))


# --- the step


def sampled(policy, group=3, **settings):
    with torch.no_grad():
        policy.head.weight[EOS] *= 6  # some rows stop early, some do not
    return rollout(
        policy,
        TOKENIZER,
        [problem("2+2"), problem("17+1=")],
        group,
        lambda _, text: float(len(text)),
        max_new_tokens=8,
        generator=torch.Generator().manual_seed(7),
        **settings,
    )


def gradients(policy, critic, batch, config, ref=None):
    """Gradients of both models in one `update`, the learning rates being 0."""
    seen = {}
    optimizers = []
    for model in (policy, critic):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
        optimizer.register_step_pre_hook(
            lambda *_, model=model: seen.update(
                {
                    (model is policy, n): p.grad.clone()
                    for n, p in model.named_parameters()
                    if p.grad is not None
                }
            )
        )
        optimizers.append([optimizer])
    rows = torch.arange(len(batch.ids))
    compared = ppo.compare(batch, critic, config, ref)
    metrics = ppo.update(policy, critic, *optimizers, batch, compared, rows, config)
    return seen, metrics


def settings(**changes):
    shape = {"prompts": 2, "group_size": 3, "minibatches": 1, "max_new_tokens": 8}
    return PPOConfig(**shape | changes)


@pytest.mark.parametrize("changes", [{}, {"lam": 0.5, "kl_coef": 0.1}], ids=str)
def test_the_step_does_not_depend_on_how_the_batch_is_cut(changes):
    policy, critic, ref = small.model(small.DENSE), value_model(), value_model(1)
    batch = sampled(policy)
    batch.old_logprobs += 0.2 * torch.randn(batch.ids.shape) * batch.mask
    wanted, metrics = gradients(policy, critic, batch, settings(**changes), ref)
    assert metrics["clip_fraction"] > 0 and metrics["value_loss"] > 0
    assert {of_policy for of_policy, _ in wanted} == {True, False}
    for most in (1, 40):
        config = settings(micro_tokens=most, **changes)
        found, again = gradients(policy, critic, batch, config, ref)
        assert again == pytest.approx(metrics, rel=1e-4)
        for name in wanted:
            torch.testing.assert_close(found[name], wanted[name], rtol=1e-3, atol=1e-6)


def test_the_penalty_is_k1_of_each_token_to_the_reference():
    policy, ref = small.model(small.DENSE), small.model(small.DENSE, 1)
    batch = sampled(policy)
    critic = RewardModel.of(policy)  # expects 0
    _, returns, _ = ppo.compare(batch, critic, settings(kl_coef=0.1), ref)
    with torch.no_grad():
        gap = batch.old_logprobs - token_logprobs(ref(batch.ids), batch.ids)
    for b in range(len(batch.ids)):
        here = batch.mask[b]
        later = gap[b][here].flip(0).cumsum(0).flip(0)  # of this and later tokens
        wanted = batch.rewards[b] - 0.1 * later
        torch.testing.assert_close(returns[b][here], wanted, rtol=1e-4, atol=1e-4)


def test_nothing_is_computed_when_a_reference_is_missing():
    def draw(_):
        raise AssertionError("a problem was drawn")

    policy, critic = small.model(small.DENSE), value_model()
    optimizers = (optim.adamw(policy, 0.1), optim.adamw(critic, 0.1))
    with pytest.raises(ValueError, match="wanted a reference model as ref, got None"):
        config = settings(kl_coef=0.1)
        next(ppo.train(policy, critic, TOKENIZER, draw, config, *optimizers))


@pytest.mark.parametrize(
    "changes",
    [
        {"group_size": 0},
        {"minibatches": 7},
        {"lam": 1.5},
        {"gamma": -0.1},
        {"value_lr": 0.0},
        {"value_clip": 0},
        {"kl_coef": NAN},
    ],
    ids=str,
)
def test_settings_without_sense_are_refused(changes):
    with pytest.raises(ValueError, match=f"{[*changes][0]}.* must be .*, got|must be"):
        settings(**changes)


# --- it learns


def share_of_digits(_, text):
    return sum(c in "0123456789" for c in text) / max(1, len(text))


def run(seed, steps=25, start=0, models=None, optimizers=None, **changes):
    policy = small.model(small.DENSE, seed)
    models = models or (policy, RewardModel.of(policy))
    optimizers = optimizers or [optim.adamw(m, 0.03) for m in models]
    shape = {"prompts": 16, "group_size": 1, "max_new_tokens": 4, "seed": seed}
    steps = ppo.train(
        *models,
        TOKENIZER,
        lambda rng: problem(f"{rng.randint(1, 9)}+1"),
        settings(steps=steps, **shape | changes),
        *optimizers,
        reward=share_of_digits,
        start=start,
        ref=copy.deepcopy(policy) if changes.get("kl_coef") else None,
    )
    return steps, models, optimizers


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed, changes",
    [(0, {}), (1, {"lam": 0.9}), (2, {"kl_coef": 0.001, "minibatches": 2})],
)
def test_ppo_learns_to_write_what_is_rewarded(seed, changes):
    metrics = [metrics for metrics, _ in run(seed, **changes)[0]]
    rewards = [m["reward"] for m in metrics]
    assert sum(rewards[:3]) / 3 < 0.2
    assert sum(rewards[-3:]) / 3 > 0.5


def test_a_resumed_run_repeats_the_uninterrupted_one():
    whole, models, _ = run(3, steps=6)
    whole = [m["reward"] for m, _ in whole]
    parts, stopped, optimizers = run(3, steps=6)
    first = [m["reward"] for m, _ in itertools.islice(parts, 3)]
    rest, resumed, _ = run(3, 6, 3, stopped, optimizers)
    assert first + [m["reward"] for m, _ in rest] == whole
    for model, again in zip(models, resumed, strict=True):
        for p, q in zip(model.parameters(), again.parameters(), strict=True):
            assert torch.equal(p, q)


def test_a_policy_that_never_stops_is_cut_off_and_trained():
    policy = small.model(small.DENSE)
    policy.head = small.Endless(policy.head)
    loop, *_ = run(0, steps=2, models=(policy, value_model()))
    for metrics, batch in loop:
        assert not any(batch.finished) and metrics["length"] == 4
        assert batch.mask.sum(1).tolist() == [4] * 16
        assert all(math.isfinite(metrics[n]) for n in ("grad_norm", "value_loss"))
