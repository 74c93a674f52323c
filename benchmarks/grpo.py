"""A GRPO step: `grpo.train` against TRL's GRPOTrainer.

32 prompts x 16 completions, sampled, scored, compared and learned from. In the rows
with exactly 64 tokens the stop token is closed on both sides and a coin that depends on
the text alone is the reward; one optimizer step follows. `grpo-natural` is R1-Zero on
its two games as `train` runs it: natural lengths, real rewards, four optimizer steps.
The learning rate is tiny, so that lengths stay what they are from round to round.

What both sides must agree on is their log-probabilities after a plain step along the
gradient. AdamW's first step is as long for a gradient of nearly 0 as for any other, in
a direction that rounding decides: one such weight, and tokens change their experts.

TRL may use its static or its dynamic cache, any way of transformers to run experts, and
one part or four for the gradient. It logs, saves and checkpoints nothing; only the time
between the beginning and the end of its steps counts.
"""

import tempfile
import time
import zlib
from dataclasses import replace
from functools import partial

import torch
from torch import nn

from benchmarks import floor, models
from benchmarks.harness import Row
from benchmarks.sides import Side
from r1lib import rewards, sampling
from r1lib.losses import token_logprobs
from r1lib.problem import Problem
from r1lib.rl import grpo
from r1lib.rl.grpo import GRPOConfig
from r1lib.rl.rollout import Rollout, collate
from r1lib.tokenizer import ASSISTANT, BOS, EOS, SPECIAL, USER
from r1lib.training import optim

LR, CHECK_LR = 1e-6, 0.03
PARTS = 4  # of the gradient, if TRL is to need less memory
ENDLESS = 10**6  # steps that are planned: nobody waits for the last one


class Endless(nn.Module):
    """A head that closes the stop token: its policy never stops by itself."""

    def __init__(self, head: nn.Module):
        super().__init__()
        self.head = head

    def forward(self, states):
        logits = self.head(states)
        return logits.index_fill(-1, torch.tensor([EOS]), -1e9)


def settings(natural: bool, small: bool) -> GRPOConfig:
    """What both sides do in one step; the four optimizer steps are the recipe's."""
    return GRPOConfig(
        steps=ENDLESS,
        prompts=4 if small else 32,
        group_size=4 if small else 16,
        max_new_tokens=6 if small else 144 if natural else 64,
        minibatches=(2 if small else 4) if natural else 1,
        lr=LR,
        warmup=0.0,
    )


def coin(_: Problem | None, text: str) -> float:
    """A reward that costs nothing: about half of all texts have it."""
    return float(zlib.crc32(text.encode()) % 2)


def policy(name: str, natural: bool, small: bool):
    """Our model as it samples: without the MTP module, and without an end if asked."""
    model = models.ours(name, small)
    model.mtp = None
    if not natural:
        model.head = Endless(model.head)
    return model


def rollout(name: str, natural: bool, small: bool) -> Rollout:
    """The same completions for both sides, with the log-probabilities of the model."""
    c, tokenizer = settings(natural, small), models.tokenizer()
    prompts = [tokenizer.prompt(p.prompt) for p in models.problems(c.prompts)]
    made = sampling.generate(
        policy(name, natural, small),
        prompts,
        max_new_tokens=c.max_new_tokens,
        stop_ids=(EOS,),
        repeat=c.group_size,
        generator=torch.Generator().manual_seed(0),
    )
    ids, mask, _ = collate([p for p in prompts for _ in range(c.group_size)], made)
    texts = [sampling.to_text(tokenizer, one) for one in made]
    with torch.no_grad():
        old = token_logprobs(models.ours(name, small)(ids), ids, mask=mask)
    scores = torch.tensor([coin(None, text) for text in texts])
    finished = [one.finish == "stop" for one in made]
    return Rollout(ids, mask, old, scores, texts, finished, mask.sum(1))


@torch.no_grad()
def changed(logits: torch.Tensor, batch: Rollout) -> dict[str, torch.Tensor]:
    """What a model says after one optimizer step, and what the step has changed."""
    new = token_logprobs(logits, batch.ids, mask=batch.mask)
    return {
        "log-probabilities after the step": new,
        "their change": new - batch.old_logprobs,
    }


# ---- ours ------------------------------------------------------------------------


def ours(name: str, natural: bool, small: bool) -> Side:
    c, model = settings(natural, small), policy(name, natural, small)
    pool, reward = models.problems(c.prompts), rewards.total if natural else coin
    turns = iter(range(10**9))
    steps = grpo.train(
        model,
        models.tokenizer(),
        lambda _: pool[next(turns) % len(pool)],
        c,
        optim.adamw(model, LR),
        reward=reward,
    )

    def answer(_):
        batch, learner = rollout(name, natural, small), models.ours(name, small)
        learner.mtp = None
        learner.train()
        compared = grpo.group_advantages(
            batch.rewards.view(c.prompts, c.group_size), normalize_std=False
        )
        rows = torch.arange(len(batch.ids))
        optimizers = [torch.optim.SGD(learner.parameters(), lr=CHECK_LR)]
        grpo.update(learner, optimizers, batch, compared.flatten(), rows, c)
        with torch.no_grad():
            return changed(learner(batch.ids), batch)

    def step():
        _, batch = next(steps)
        if not natural and int(batch.lengths.min()) < c.max_new_tokens:
            raise ValueError(f"wanted {c.max_new_tokens} tokens in every completion")

    return Side(answer, {"step": step})


# ---- TRL's -----------------------------------------------------------------------


def asked(problem: Problem) -> str:
    """A prompt as TRL gets it: the frame in words, as our tokenizer frames it."""
    return f"{SPECIAL[BOS]}{SPECIAL[USER]}{problem.prompt}{SPECIAL[ASSISTANT]}"


class Trainer:
    """TRL's trainer with the settings of a row; gradients of a step in `parts`."""

    def __init__(
        self, model, folder: str, c: GRPOConfig, natural: bool, parts: int, **changes
    ):
        import datasets
        import transformers
        import trl

        pool = {asked(p): p for p in models.problems(c.prompts)}
        reward = rewards.total if natural else coin

        def score(prompts, completions, completion_ids, **_):
            self.shortest = min(map(len, completion_ids))
            pairs = zip(prompts, completions, strict=True)
            return [reward(pool[prompt], text) for prompt, text in pairs]

        self.minibatches, self.clock = c.minibatches, clock()
        self.least = 0 if natural else c.max_new_tokens
        rows = c.prompts * c.group_size
        kind = {
            "learning_rate": LR,
            "max_steps": 2 * c.minibatches,
            "generation_kwargs": {"min_new_tokens": self.least} if self.least else {},
            **changes,
        }
        self.made = trl.GRPOTrainer(
            model=model,
            processing_class=models.their_tokenizer(models.tokenizer()),
            reward_funcs=score,
            train_dataset=datasets.Dataset.from_list([{"prompt": x} for x in pool]),
            callbacks=[self.clock],
            args=trl.GRPOConfig(
                output_dir=folder,
                use_cpu=True,
                bf16=False,
                gradient_checkpointing=False,
                report_to="none",
                logging_strategy="no",
                save_strategy="no",
                disable_tqdm=True,
                disable_dropout=True,
                shuffle_dataset=False,
                seed=0,
                per_device_train_batch_size=rows // c.minibatches // parts,
                gradient_accumulation_steps=parts,
                steps_per_generation=c.minibatches * parts,
                num_generations=c.group_size,
                max_completion_length=c.max_new_tokens,
                temperature=c.temperature,
                beta=c.kl_coef,
                epsilon=c.clip_low,
                epsilon_high=c.clip_high,
                loss_type="dapo",
                scale_rewards="none",
                lr_scheduler_type="constant",
                adam_beta2=0.95,
                max_grad_norm=1.0,
                **kind,
            ),
        )
        self.made.remove_callback(transformers.PrinterCallback)

    def seconds(self) -> float:
        """Train for two GRPO steps; return the seconds of the second one."""
        self.made.train()
        if self.shortest < self.least:
            raise ValueError(f"wanted {self.least} tokens each, got {self.shortest}")
        return self.clock.ended[-1] - self.clock.began[-self.minibatches]

    def learn(self, batch: Rollout):
        """Learn from given completions and rewards; return the model."""
        rows = zip(batch.ids, batch.mask, strict=True)
        written = [ids[mask].tolist() for ids, mask in rows]
        self.made._generate_single_turn = lambda *_, **__: (written, None)
        self.made.reward_funcs[0] = lambda completions, **_: batch.rewards.tolist()
        self.made.train()
        return self.made.model


def clock():
    """A callback of transformers: when did each optimizer step begin and end?"""
    import transformers

    class Clock(transformers.TrainerCallback):
        def __init__(self):
            self.began, self.ended = [], []

        def on_step_begin(self, *_, **__):
            self.began.append(time.perf_counter())

        def on_step_end(self, *_, **__):
            self.ended.append(time.perf_counter())

    return Clock()


def theirs(name: str, natural: bool, small: bool) -> Side:
    models.quiet()
    c, mine = settings(natural, small), models.ours(name, small)
    kinds, folder, trainers = models.ways_of(mine), tempfile.TemporaryDirectory(), {}
    ways = {kind or "dynamic cache": (kind, 1, {}) for kind in kinds}
    ways["static cache"] = (kinds[0], 1, {"cache_implementation": "static"})
    ways["in parts"] = (kinds[0], PARTS, {})

    def made(way: str, c: GRPOConfig, **more) -> Trainer:
        kind, parts, changes = ways[way]
        model = models.theirs(mine, kind)
        return Trainer(model, folder.name, c, natural, parts, **changes, **more)

    def answer(way):
        batch, one = rollout(name, natural, small), replace(c, minibatches=1)
        # one optimizer step: with more of them, TRL shuffles before it cuts
        plain = {"learning_rate": CHECK_LR, "max_steps": 1, "optim": "sgd"}
        learned = made(way, one, **plain).learn(batch)
        with torch.no_grad():
            return changed(learned(batch.ids).logits, batch)

    def step(way):
        if way not in trainers:
            trainers[way] = made(way, c)
        return trainers[way].seconds()

    return Side(answer, {way: partial(step, way) for way in ways})


# ---- the floor -------------------------------------------------------------------


def work(name: str, natural: bool, small: bool) -> floor.Work:
    """Read each prompt once, write, learn from all texts.

    With natural lengths: as many tokens as the mean completion has. Groups that agree
    are still learned from in this count, so that the floor of a run of ours that skips
    many of them may be lower.
    """
    c, config = settings(natural, small), models.config_of(name, small)
    batch = rollout(name, natural, small)
    rows, new = len(batch.ids), round(float(batch.lengths.float().mean()))
    prompt = round(float((~batch.mask).sum() / rows))
    reading = floor.Work(0, "", floor.forward(config, c.prompts * prompt))
    writing = floor.decoding(config, rows, prompt, new)
    learning = floor.training_step(config, rows, prompt + new, rows * new)
    return floor.together([reading, writing, learning], rows * new, "tokens")


ROWS = [
    Row(
        f"grpo-{label}",
        what,
        "TRL GRPOTrainer",
        goal,
        partial(ours, name, natural),
        partial(theirs, name, natural),
        partial(work, name, natural),
        tolerance=1e-3,
        weights=("tokenizer", models.TRAINED[name]),
    )
    for label, name, natural, goal, what in (
        ("dense", "dense", False, 3.0, "GRPO step, dense student, 32 x 16 x 64 tokens"),
        ("v3", "v3", False, 4.0, "GRPO step, V3-shaped base, 32 x 16 x 64 tokens"),
        ("natural", "zero", True, 5.0, "GRPO step, R1-Zero, natural lengths"),
    )
]
