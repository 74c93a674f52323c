"""GRPO as TRL computes it, and as r1lib does: advantages, losses and gradients.

A tiny Qwen2 stands in for the policy; TRL sees it with left-padded prompts, r1lib
sees each row without padding on the left.
"""

import copy
import json
from functools import partial

import parity
import pytest
import torch

from r1lib.losses import (
    cispo,
    clipped,
    fixed_length_mean,
    gspo,
    gspo_ratio,
    masked_importance,
    sapo,
    sequence_log_ratio,
    sequence_mean,
    sequence_sum,
    token_logprobs,
    token_mean,
    truncated_importance,
    two_sided,
    vespo,
)
from r1lib.rl import grpo
from r1lib.rl.dapo import overlong_penalty, without_truncated
from r1lib.rl.grpo import GRPOConfig, group_advantages, grpo_loss
from r1lib.rl.reinforce import batch_std_advantages, rloo_advantages
from r1lib.rl.rollout import Rollout

transformers = pytest.importorskip("transformers")
trl = pytest.importorskip("trl")
datasets = pytest.importorskip("datasets")

PAD, EOS, V = 0, 1, 64
N, G, LONGEST = 2, 3, 9  # prompts, group, most tokens of a completion
B = N * G
PROMPTS = [[5, 6, 7, 8, 9], [10, 11]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny Qwen2 with all its parameters drawn anew."""
    folder = tmp_path_factory.mktemp("qwen2")
    torch.manual_seed(0)
    parity.draw_evenly(parity.small_qwen2()).save_pretrained(folder)
    return folder


def settings(tmp_path, **changes):
    """What the trainers of TRL have in common."""
    return {
        "output_dir": str(tmp_path),
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "report_to": "none",
        "disable_dropout": True,
        "save_strategy": "no",
        "shuffle_dataset": False,
        "seed": 0,
        "per_device_train_batch_size": B,
        "num_generations": G,
        "max_completion_length": LONGEST,
        **changes,
    }


def rows_of(prompts):
    """Each prompt G times, as the rows of a data set."""
    texts = [" ".join(f"w{i}" for i in p) for p in prompts]
    return [{"prompt": text} for text in texts for _ in range(G)]


def trainer(folder, tmp_path, rewards=None, **changes):
    values = rewards or [0.0] * B
    made = trl.GRPOTrainer(
        model=str(folder),
        processing_class=parity.word_tokenizer(),
        reward_funcs=lambda completions, **_: values,
        args=trl.GRPOConfig(**settings(tmp_path, **{"loss_type": "dapo"} | changes)),
        train_dataset=datasets.Dataset.from_list(rows_of(PROMPTS)[::G] * 4),
    )
    made.current_gradient_accumulation_steps = 1  # set by train(), which we skip
    made.model.train()
    return made


def completions():
    """Six completions of different lengths; some stop, some run out of budget."""
    generator = torch.Generator().manual_seed(3)
    lengths = [4, 9, 1, 6, 2, 7]
    rows = [torch.randint(12, V, (n,), generator=generator).tolist() for n in lengths]
    return [row if len(row) == LONGEST else [*row[:-1], EOS] for row in rows]


def padded(rows, left):
    width = max(map(len, rows))
    ids, mask = torch.full((len(rows), width), PAD), torch.zeros(len(rows), width)
    for b, row in enumerate(rows):
        place = slice(width - len(row), width) if left else slice(0, len(row))
        ids[b, place] = torch.tensor(row)
        mask[b, place] = 1
    return ids, mask.long()


def batch():
    """TRL's inputs, and the same numbers by token for r1lib: ids, mask, old, ref."""
    prompts = [p for p in PROMPTS for _ in range(G)]
    answers = completions()
    torch.manual_seed(5)
    spread = [0.5 * torch.randn(2, len(a)) for a in answers]  # added to the log-probs
    advantages = group_advantages(torch.tensor([[1.0, 0.0, 0.0], [0.3, 1.1, 1.0]]))
    theirs = {"advantages": advantages.flatten()}
    theirs["prompt_ids"], theirs["prompt_mask"] = padded(prompts, left=True)
    theirs["completion_ids"], theirs["completion_mask"] = padded(answers, left=False)
    theirs["num_items_in_batch"] = theirs["completion_mask"].sum()
    ids, _ = padded([p + a for p, a in zip(prompts, answers, strict=True)], left=False)
    mask = torch.zeros_like(ids, dtype=torch.bool)
    for b in range(B):
        mask[b, len(prompts[b]) : len(prompts[b]) + len(answers[b])] = True
    return theirs, ids, mask, spread


def by_token(rows, mask):
    out = torch.zeros(mask.shape)
    out[mask] = torch.cat(list(rows))
    return out


AGGREGATES = {
    "grpo": sequence_mean,
    "bnpo": token_mean,
    "dr_grpo": partial(fixed_length_mean, length=LONGEST),
    "dapo": token_mean,
    "luspo": sequence_sum,
    "cispo": token_mean,
    "sapo": sequence_mean,
    "vespo": token_mean,
}
CAP = 1.4  # of CISPO; low enough to bind


def objective_of(loss_type, level, delta):
    """r1lib's objective for a loss type and a level of TRL."""

    def objective(logprobs, old, advantages, mask):
        if loss_type == "vespo":  # looks at whole completions in any case
            return vespo(logprobs, old, advantages, mask)
        if loss_type == "cispo":
            if level == "sequence":  # the weight of a token is that of its completion
                ratio = gspo_ratio(logprobs, old, mask).detach()
                old = logprobs.detach() - ratio
            return cispo(logprobs, old, advantages, CAP)
        if level == "sequence":
            logprobs = gspo_ratio(logprobs, old, mask)
            old = torch.zeros_like(logprobs)
        if loss_type == "sapo":
            return sapo(logprobs, old, advantages)
        if delta:
            return two_sided(logprobs, old, advantages, 0.2, 0.28, delta)
        return clipped(logprobs, old, advantages, 0.2, 0.28)

    return objective


def off_policy(model, temperature):
    """TRL's inputs, and by token for r1lib: ids, mask, old and reference log-probs."""
    theirs, ids, mask, spread = batch()
    with torch.no_grad():
        now = token_logprobs(model(ids).logits, ids, temperature)
    old = now + by_token([s[0] for s in spread], mask)
    ref = now + by_token([s[1] for s in spread], mask)
    for name, values in (("old", old), ("ref", ref)):
        theirs[f"{name}_per_token_logps"] = by_completion(values, mask)
    return theirs, ids, mask, old, ref


def by_completion(values, mask):
    """What is by token for r1lib, as TRL has it: completions only, padded by 0."""
    rows = [values[b][mask[b]] for b in range(len(mask))]
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)


def gradient_of(model, loss):
    model.zero_grad()
    loss.backward()
    return torch.cat([p.grad.flatten() for p in model.parameters()])


def same(model, ours, theirs, tolerance=1e-6):
    """Compare losses and gradients, the latter relative to their norm."""
    assert ours.item() == pytest.approx(theirs.item(), rel=tolerance, abs=tolerance)
    wanted, found = gradient_of(model, theirs), gradient_of(model, ours)
    assert wanted.norm() > 1e-3
    assert (found - wanted).norm() < 1e-5 * wanted.norm()


@pytest.mark.parametrize("loss_type", AGGREGATES)
@pytest.mark.parametrize("level", ["token", "sequence"])
@pytest.mark.parametrize(
    "beta, delta, temperature",
    [(0.0, None, 1.0), (0.04, None, 0.7), (0.04, 1.5, 1.0), (0.0, 1.5, 0.7)],
)
def test_loss_and_gradient_are_those_of_trl(
    folder, tmp_path, loss_type, level, beta, delta, temperature
):
    made = trainer(
        folder,
        tmp_path,
        loss_type=loss_type,
        importance_sampling_level=level,
        beta=beta,
        delta=delta,
        temperature=temperature,
        epsilon=0.2,
        epsilon_high=CAP if loss_type == "cispo" else 0.28,
        use_bias_correction_kl=False,  # the paper's k3, not times the ratio
    )
    model = made.model
    theirs, ids, mask, old, ref = off_policy(model, temperature)
    loss, metrics = grpo_loss(
        token_logprobs(model(ids).logits, ids, temperature),
        old,
        theirs["advantages"],
        mask,
        ref_logprobs=ref if beta else None,
        kl_coef=beta,
        clip_low=0.2,
        clip_high=0.28,
        aggregate=AGGREGATES[loss_type],
        objective=objective_of(loss_type, level, delta),
    )
    assert 0.1 < metrics["clip_fraction"] < 0.9  # the clip had something to do
    # VESPO weighs by an exponential of a whole completion, and so rounding, too.
    tolerance = 4e-6 if loss_type == "vespo" else 1e-6
    same(model, loss, made._compute_loss(model, theirs), tolerance)


def test_the_defaults_of_grpo_loss_are_clipped_token_means(folder, tmp_path):
    made = trainer(folder, tmp_path, epsilon=0.1)
    theirs, ids, mask, old, _ = off_policy(made.model, 1.0)
    logprobs = token_logprobs(made.model(ids).logits, ids)
    found = grpo_loss(
        logprobs, old, theirs["advantages"], mask, clip_low=0.1, clip_high=0.1
    )
    same(made.model, found[0], made._compute_loss(made.model, theirs))


def test_gspo_and_its_own_clip_are_those_of_trl(folder, tmp_path):
    made = trainer(
        folder,
        tmp_path,
        loss_type="grpo",
        importance_sampling_level="sequence",
        epsilon=3e-4,
        epsilon_high=4e-4,
    )
    theirs, ids, mask, old, _ = off_policy(made.model, 1.0)
    new = token_logprobs(made.model(ids).logits, ids)
    found = -sequence_mean(gspo(new, old, theirs["advantages"][:, None], mask), mask)
    same(made.model, found, made._compute_loss(made.model, theirs))


MODES = {
    "token_truncate": (False, partial(truncated_importance, cap=1.3)),
    "sequence_truncate": (True, partial(truncated_importance, cap=1.3)),
    "token_mask": (False, partial(masked_importance, low=0.6, high=1.3)),
    "sequence_mask": (True, partial(masked_importance, low=0.6, high=1.3)),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("beta", [0.0, 0.04])
def test_corrections_of_a_sampler_that_differs_are_those_of_trl(
    folder, tmp_path, mode, beta
):
    made = trainer(folder, tmp_path, beta=beta, use_bias_correction_kl=False)
    model = made.model
    theirs, ids, mask, old, ref = off_policy(model, 1.0)
    sampler = ref  # any log-probs that differ
    made.use_vllm, made.vllm_importance_sampling_correction = True, True
    made.vllm_importance_sampling_mode = mode
    made.vllm_importance_sampling_clip_min = 0.6 if "mask" in mode else None
    made.vllm_importance_sampling_clip_max = 1.3
    answers = completions()
    written = [sampler[b][mask[b]].tolist() for b in range(B)]
    made._generate_single_turn = lambda *_, **__: (answers, written)
    scored = made._generate_and_score_completions(rows_of(PROMPTS))

    whole, weigh = MODES[mode]
    with torch.no_grad():
        trained = token_logprobs(model(ids).logits, ids)
    log_ratio = sequence_log_ratio(trained, sampler, mask)
    if not whole:
        log_ratio = torch.where(mask, trained - sampler, 0)
    weights = weigh(log_ratio)
    found = weights if whole else by_completion(weights, mask)
    wanted = scored["importance_sampling_ratio"] * (
        1 if whole else theirs["completion_mask"]
    )
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)

    theirs["importance_sampling_ratio"] = scored["importance_sampling_ratio"]
    loss, _ = grpo_loss(
        token_logprobs(model(ids).logits, ids),
        old,
        theirs["advantages"],
        mask,
        ref_logprobs=ref if beta else None,
        kl_coef=beta,
        weights=weights,
    )
    same(model, loss, made._compute_loss(model, theirs))


SCALES = {
    "group": group_advantages,
    "none": partial(group_advantages, normalize_std=False),
    "batch": batch_std_advantages,
}


@pytest.mark.parametrize("scale", SCALES)
def test_advantages_mask_and_count_are_those_of_trl(folder, tmp_path, scale):
    rewards = [1.0, 0.0, 0.1, 0.5, 0.5, 0.5]  # the second group agrees
    made = trainer(folder, tmp_path, rewards, scale_rewards=scale)
    made._generate_single_turn = lambda *_, **__: (completions(), None)
    found = made._generate_and_score_completions(rows_of(PROMPTS))
    ours = SCALES[scale](torch.tensor(rewards).view(N, G))
    torch.testing.assert_close(found["advantages"], ours.flatten(), rtol=0, atol=2e-6)
    theirs, _, mask, _ = batch()
    assert torch.equal(
        found["completion_mask"].bool(), theirs["completion_mask"].bool()
    )
    assert found["num_items_in_batch"] == mask.sum()  # the stop token counts for both


def test_what_was_cut_off_is_masked_as_in_trl(folder, tmp_path):
    made = trainer(folder, tmp_path, mask_truncated_completions=True)
    made._generate_single_turn = lambda *_, **__: (completions(), None)
    found = made._generate_and_score_completions(rows_of(PROMPTS))
    _, _, mask, _ = batch()
    finished = [row[-1] == EOS for row in completions()]
    assert 0 < sum(finished) < B
    ours = without_truncated(mask, finished)
    assert found["completion_mask"].sum(1).tolist() == ours.sum(1).tolist()
    assert found["num_items_in_batch"] == ours.sum()


@pytest.mark.parametrize("longest, buffer", [(9, 4), (30, 30), (7, 1)])
def test_the_overlong_penalty_is_that_of_trl(longest, buffer):
    from trl.rewards import get_soft_overlong_punishment

    theirs = get_soft_overlong_punishment(longest, buffer)
    lengths = torch.arange(1, 40)
    ours = overlong_penalty(lengths, longest, buffer)
    assert ours.tolist() == pytest.approx(theirs([[1] * n for n in lengths.tolist()]))


def test_rloo_is_that_of_trl(folder, tmp_path):
    rewards = [1.0, 0.0, 0.1, 0.5, 0.5, 0.5]
    made = trl.RLOOTrainer(
        model=str(folder),
        processing_class=parity.word_tokenizer(),
        reward_funcs=lambda completions, **_: rewards,
        args=trl.RLOOConfig(**settings(tmp_path), beta=0.0, epsilon=0.2),
        train_dataset=datasets.Dataset.from_list(rows_of(PROMPTS)),
    )
    made.model.train()
    made._generate_single_turn = lambda *_, **__: completions()
    scored = made._generate_and_score_completions(rows_of(PROMPTS))
    ours = rloo_advantages(torch.tensor(rewards).view(N, G)).flatten()
    torch.testing.assert_close(scored["advantages"], ours, rtol=0, atol=1e-6)

    theirs, ids, mask, old, _ = off_policy(made.model, 1.0)
    old = torch.where(mask, old, 0) - 0.02 * mask  # some completions are clipped
    theirs |= {"old_logps": old.sum(1), "advantages": ours}
    new = token_logprobs(made.model(ids).logits, ids)
    log_ratio = sequence_log_ratio(new, old, mask)
    none = torch.zeros_like(log_ratio)
    found = -clipped(log_ratio, none, ours[:, None]).mean()
    same(made.model, found, made._compute_loss(made.model, theirs))


class Logits(torch.nn.Module):
    """A model of transformers that answers as ours do, with logits."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids):
        return self.model(ids).logits


def test_two_whole_steps_are_those_of_trl(folder, tmp_path):
    """One batch, two optimizer steps: the second has ratios, a clip and a KL."""
    rewards, lr = [1.0, 0.0, 0.1, 0.5, 0.7, 0.2], 1e-3
    made = trainer(
        folder,
        tmp_path,
        rewards,
        beta=0.04,
        use_bias_correction_kl=False,
        num_iterations=2,
        epsilon=0.01,
        max_steps=2,
        learning_rate=lr,
        lr_scheduler_type="constant",
        max_grad_norm=1.0,
    )
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    before = [p.detach().clone() for p in model.parameters()]
    made._generate_single_turn = lambda *_, **__: (completions(), None)
    made.train()

    _, ids, mask, _ = batch()
    policy, ref = Logits(model), Logits(copy.deepcopy(model))
    with torch.no_grad():
        old = token_logprobs(policy(ids), ids)
    config = GRPOConfig(
        prompts=N,
        group_size=G,
        minibatches=1,
        kl_coef=0.04,
        clip_low=0.01,
        clip_high=0.01,
        micro_tokens=30,
    )
    sampled = Rollout(
        ids, mask, old, torch.tensor(rewards), [""] * B, [True] * B, mask.sum(1)
    )
    advantages = group_advantages(torch.tensor(rewards).view(N, G)).flatten()
    optimizers = [torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.0)]
    for _ in range(2):
        rows = torch.arange(B)
        found = grpo.update(policy, optimizers, sampled, advantages, rows, config, ref)
    assert found["clip_fraction"] > 0.1 and found["kl"] > 0
    for ours, theirs, old in zip(
        model.parameters(), made.model.parameters(), before, strict=True
    ):
        assert (ours - old).abs().max() > lr
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


def test_the_defaults_of_trl_are_those_the_book_speaks_of():
    defaults = trl.GRPOConfig(output_dir="x", use_cpu=True, bf16=False)
    assert (defaults.beta, defaults.epsilon, defaults.loss_type) == (0.0, 0.2, "dapo")
    assert json.dumps(defaults.scale_rewards) == '"group"'
