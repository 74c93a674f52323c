"""GRPO as TRL computes it, and as r1lib does: advantages, losses and gradients.

A tiny Qwen2 stands in for the policy; TRL sees it with left-padded prompts, r1lib
sees each row without padding on the left.
"""

import json

import parity
import pytest
import torch

from r1lib.losses import fixed_length_mean, sequence_mean, token_logprobs, token_mean
from r1lib.rl.grpo import group_advantages, grpo_loss

transformers = pytest.importorskip("transformers")
trl = pytest.importorskip("trl")
datasets = pytest.importorskip("datasets")
tokenizers = pytest.importorskip("tokenizers")

PAD, EOS, V = 0, 1, 64
N, G, LONGEST = 2, 3, 9  # prompts, group, most tokens of a completion
B = N * G
PROMPTS = [[5, 6, 7, 8, 9], [10, 11]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny Qwen2 with all its parameters drawn anew, and a word tokenizer."""
    folder = tmp_path_factory.mktemp("qwen2")
    torch.manual_seed(0)
    parity.draw_evenly(parity.small_qwen2()).save_pretrained(folder)
    words = {f"w{i}": i for i in range(V)}
    raw = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="w2"))
    raw.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="w0", eos_token="w1", padding_side="left"
    ).save_pretrained(folder)
    return folder


def trainer(folder, tmp_path, rewards=None, **changes):
    settings = {
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
        "loss_type": "dapo",
    }
    rows = [{"prompt": " ".join(f"w{i}" for i in p)} for p in PROMPTS]
    values = rewards or [0.0] * B
    made = trl.GRPOTrainer(
        model=str(folder),
        reward_funcs=lambda completions, **_: values,
        args=trl.GRPOConfig(**{**settings, **changes}),
        train_dataset=datasets.Dataset.from_list(rows * 4),
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
    "dapo": token_mean,
    "bnpo": token_mean,
    "grpo": sequence_mean,
    "dr_grpo": lambda values, mask: fixed_length_mean(values, mask, LONGEST),
}


@pytest.mark.parametrize("loss_type", AGGREGATES)
@pytest.mark.parametrize("beta", [0.0, 0.04])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_loss_and_gradient_are_those_of_trl(
    folder, tmp_path, loss_type, beta, temperature
):
    made = trainer(
        folder,
        tmp_path,
        loss_type=loss_type,
        beta=beta,
        temperature=temperature,
        epsilon=0.2,
        epsilon_high=0.28,
        use_bias_correction_kl=False,  # the paper's k3, not times the ratio
    )
    model = made.model
    theirs, ids, mask, spread = batch()
    with torch.no_grad():
        now = token_logprobs(model(ids).logits, ids, temperature)
    old = now + by_token([s[0] for s in spread], mask)
    ref = now + by_token([s[1] for s in spread], mask)
    width = theirs["completion_ids"].shape[1]
    for name, values in (("old", old), ("ref", ref)):
        rows = [values[b][mask[b]] for b in range(B)]
        rows = [torch.cat((r, torch.zeros(width - len(r)))) for r in rows]
        theirs[f"{name}_per_token_logps"] = torch.stack(rows)

    model.zero_grad()
    their_loss = made._compute_loss(model, theirs)
    their_loss.backward()
    their_grad = [p.grad.clone() for p in model.parameters()]

    model.zero_grad()
    our_loss, metrics = grpo_loss(
        token_logprobs(model(ids).logits, ids, temperature),
        old,
        theirs["advantages"],
        mask,
        ref_logprobs=ref if beta else None,
        kl_coef=beta,
        clip_low=0.2,
        clip_high=0.28,
        aggregate=AGGREGATES[loss_type],
    )
    our_loss.backward()
    assert 0.1 < metrics["clip_fraction"] < 0.9  # the clip had something to do
    assert our_loss.item() == pytest.approx(their_loss.item(), rel=1e-5, abs=1e-6)
    for p, wanted in zip(model.parameters(), their_grad, strict=True):
        torch.testing.assert_close(p.grad, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("scale", ["group", "none"])
def test_advantages_mask_and_count_are_those_of_trl(folder, tmp_path, scale):
    rewards = [1.0, 0.0, 0.1, 0.5, 0.5, 0.5]  # the second group agrees
    made = trainer(folder, tmp_path, rewards, scale_rewards=scale)
    made._generate_single_turn = lambda *_, **__: (completions(), None)
    rows = [{"prompt": " ".join(f"w{i}" for i in p)} for p in PROMPTS for _ in range(G)]
    found = made._generate_and_score_completions(rows)
    ours = group_advantages(
        torch.tensor(rewards).view(N, G), normalize_std=scale == "group"
    )
    torch.testing.assert_close(found["advantages"], ours.flatten(), rtol=0, atol=2e-6)
    theirs, _, mask, _ = batch()
    assert torch.equal(
        found["completion_mask"].bool(), theirs["completion_mask"].bool()
    )
    assert found["num_items_in_batch"] == mask.sum()  # the stop token counts for both


def test_the_defaults_of_trl_are_those_the_book_speaks_of():
    defaults = trl.GRPOConfig(output_dir="x", use_cpu=True, bf16=False)
    assert (defaults.beta, defaults.epsilon, defaults.loss_type) == (0.0, 0.2, "dapo")
    assert json.dumps(defaults.scale_rewards) == '"group"'
