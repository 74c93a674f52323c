"""Fine-tuning, reward models and DPO as TRL computes them: losses and gradients.

A tiny Qwen2 stands in for the model. TRL cuts, masks and pads its own data; r1lib gets
the same ids, and has to learn from the same tokens.
"""

import parity
import pytest
import torch

from r1lib import hub
from r1lib.feedback.reward_model import RewardModel, pair_loss
from r1lib.losses import token_logprobs
from r1lib.rl import dpo
from r1lib.rl.dpo import DPOConfig, Pair, dpo_loss, sequence_logprobs
from r1lib.training import sft

transformers = pytest.importorskip("transformers")
trl = pytest.importorskip("trl")
datasets = pytest.importorskip("datasets")

EOS = 1
PROMPTS = [[5, 6, 7, 8, 9], [10, 11], [12]]
GOOD = [[20, 21, 22], [23], [24, 25, 26, 27, 28, 29]]
BAD = [[30], [31, 32, 33, 34], [35, 36]]
SETTINGS = {
    "use_cpu": True,
    "bf16": False,
    "gradient_checkpointing": False,
    "report_to": "none",
    "save_strategy": "no",
    "per_device_train_batch_size": len(PROMPTS),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny Qwen2 with all its parameters drawn anew."""
    folder = tmp_path_factory.mktemp("qwen2")
    draw(parity.small_qwen2(), 0).save_pretrained(folder)
    return folder


def draw(model, seed):
    torch.manual_seed(seed)
    return parity.draw_evenly(model)


def text(ids):
    return " " + " ".join(f"w{i}" for i in ids)


def dataset(**columns):
    rows = {name: [text(ids) for ids in values] for name, values in columns.items()}
    return datasets.Dataset.from_dict(rows)


def inputs_of(trainer):
    """The batch that TRL makes of its data set: cut, masked and padded by itself."""
    rows = [trainer.train_dataset[i] for i in range(len(PROMPTS))]
    return dict(trainer.data_collator(rows))


def gradients(model, loss):
    """Gradients of all parameters that the loss reaches, by name."""
    model.zero_grad()
    loss.backward()
    found = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    return {name: grad.clone() for name, grad in found.items()}


def same(ours, theirs):
    assert set(ours) == set(theirs) and len(theirs) > 20
    for name, wanted in theirs.items():
        torch.testing.assert_close(ours[name], wanted, rtol=1e-4, atol=1e-6)


def test_fine_tuning_is_that_of_trl(folder, tmp_path):
    made = trl.SFTTrainer(
        model=str(folder),
        processing_class=parity.word_tokenizer(),
        args=trl.SFTConfig(output_dir=str(tmp_path), shuffle_dataset=False, **SETTINGS),
        train_dataset=dataset(prompt=PROMPTS, completion=GOOD),
    )
    theirs, model = inputs_of(made), made.model
    ids, mask = sft.collate(
        [
            sft.Example([*p, *c, EOS], [False] * len(p) + [True] * (len(c) + 1))
            for p, c in zip(PROMPTS, GOOD, strict=True)
        ]
    )
    assert torch.equal(theirs["input_ids"], ids)
    assert torch.equal(theirs["labels"] != -100, mask)  # the same tokens are learned
    wanted = made.compute_loss(model, theirs)
    their_grad = gradients(model, wanted)
    loss, _ = sft.sft_loss(token_logprobs(model(ids).logits, ids), mask)
    assert loss.item() == pytest.approx(wanted.item(), rel=1e-6)
    same(gradients(model, loss), their_grad)


def test_a_reward_model_and_its_loss_are_those_of_trl(folder, tmp_path):
    theirs = transformers.AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=1
    )
    made = trl.RewardTrainer(
        model=theirs,
        processing_class=parity.word_tokenizer(),
        args=trl.RewardConfig(output_dir=str(tmp_path), **SETTINGS),
        train_dataset=dataset(chosen=GOOD, rejected=BAD),
    )
    wanted = made.compute_loss(made.model, inputs_of(made))
    score, embed = torch.autograd.grad(
        wanted, (theirs.score.weight, theirs.get_input_embeddings().weight)
    )
    ours = RewardModel.of(hub.load(folder))
    with torch.no_grad():
        ours.score.weight.copy_(theirs.score.weight)
    pairs = [([*g, EOS], [*b, EOS]) for g, b in zip(GOOD, BAD, strict=True)]
    loss, metrics = pair_loss(ours, pairs)
    assert loss.item() == pytest.approx(wanted.item(), rel=1e-5)
    logged = made._metrics["eval"]  # where its model is not training
    assert metrics["accuracy"] == pytest.approx(logged["accuracy"][-1])
    assert metrics["margin"] == pytest.approx(logged["margin"][-1], rel=1e-4)
    found = torch.autograd.grad(loss, (ours.score.weight, ours.embed.weight))
    torch.testing.assert_close(found[0], score, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(found[1], embed, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("beta", [0.1, 0.5])
def test_dpo_is_that_of_trl(folder, tmp_path, beta):
    ref = transformers.AutoModelForCausalLM.from_pretrained(folder)
    made = trl.DPOTrainer(
        model=str(folder),
        ref_model=draw(ref, 1),
        processing_class=parity.word_tokenizer(),
        args=trl.DPOConfig(output_dir=str(tmp_path), beta=beta, **SETTINGS),
        train_dataset=dataset(prompt=PROMPTS, chosen=GOOD, rejected=BAD),
    )
    theirs, model = inputs_of(made), made.model
    wanted = made.compute_loss(model, dict(theirs))
    their_grad = gradients(model, wanted)
    ids, mask = theirs["input_ids"], theirs["completion_mask"].bool()
    assert mask.sum(1).tolist() == [len(x) + 1 for x in GOOD + BAD]

    def logprobs(net):
        found = token_logprobs(net(ids).logits, ids)
        return sequence_logprobs(found, mask).chunk(2)

    with torch.no_grad():
        fixed = logprobs(made.ref_model)
    loss, metrics = dpo_loss(*logprobs(model), *fixed, beta=beta)
    assert loss.item() == pytest.approx(wanted.item(), rel=1e-5)
    logged = made._metrics["eval"]  # where its model is not training
    assert metrics["margin"] == pytest.approx(logged["rewards/margins"][-1], rel=1e-4)
    assert metrics["accuracy"] == pytest.approx(logged["rewards/accuracies"][-1])
    same(gradients(model, loss), their_grad)


def test_two_whole_dpo_steps_are_those_of_trl(folder, tmp_path):
    ref = draw(transformers.AutoModelForCausalLM.from_pretrained(folder), 1)
    ref.save_pretrained(tmp_path / "ref")
    lr = 1e-3
    made = trl.DPOTrainer(
        model=str(folder),
        ref_model=ref,
        processing_class=parity.word_tokenizer(),
        args=trl.DPOConfig(
            output_dir=str(tmp_path),
            max_steps=2,
            learning_rate=lr,
            lr_scheduler_type="constant",
            disable_dropout=True,
            **SETTINGS,
        ),
        train_dataset=dataset(prompt=PROMPTS, chosen=GOOD, rejected=BAD),
    )
    made.train()
    policy, ref = hub.load(folder), hub.load(tmp_path / "ref")
    before = policy.embed.weight.detach().clone()
    pairs = [
        Pair(p, [*g, EOS], [*b, EOS])
        for p, g, b in zip(PROMPTS, GOOD, BAD, strict=True)
    ]
    optimizers = [torch.optim.AdamW(policy.parameters(), lr=lr, weight_decay=0.0)]
    for _ in range(2):
        dpo.update(policy, ref, optimizers, pairs, DPOConfig(micro_tokens=20))
    theirs = made.model.state_dict()
    assert (policy.embed.weight - before).abs().max() > lr
    for ours, name in (("embed", "model.embed_tokens"), ("head", "lm_head")):
        torch.testing.assert_close(
            getattr(policy, ours).weight, theirs[f"{name}.weight"], rtol=0, atol=1e-5
        )
