"""The last stage of R1: two reward models, then RL for all scenarios, each resumable.

    helpful    from pairs of answers, summary only          (Bradley and Terry)
    harmless   from single answers, thinking included
    r1         RL by rule, and at the end by the reward models too
    answers.json, beside them: the answers that both reward models learn from

All start from the model of the stage before; the paper's reward models have R1's own
architecture, with a head for scores. `quality` reads the hidden truth: it is for
tables and figures, and no reward sees it. Chapter 13 builds this file.

How this file differs from the paper (arXiv 2501.12948v2, sections 3.1 and 3.2):

1. A judge written as a program labels the answers, not a large model.
2. Preferences come for the second half of the steps; R1: 400 of 1,700.
3. A request is paid helpfulness times safety (`scenarios.Mixed`).
4. Reward models read their data for `RewardConfig.epochs`; R1: once.
5. The policy samples at temperature 1; R1: 0.7.
"""

import copy
import json
import random
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean

from r1lib import files
from r1lib.feedback import reward_model
from r1lib.feedback.preferences import encode_pairs
from r1lib.feedback.reward_model import RewardConfig, RewardModel
from r1lib.problem import Problem
from r1lib.recipe import checkpoints, labels, scenarios
from r1lib.rl import grpo
from r1lib.rl.grpo import GRPOConfig
from r1lib.sampling import Sampling, complete
from r1lib.training import limits, optim
from r1lib.world import draws, judge, requests

START = "dev3"  # the stage that the policy and both reward models start from


@dataclass(frozen=True)
class RewardModels:
    """Everything that decides the two reward models."""

    problems: int = 3000  # training requests that are answered
    answers: int = 4  # to each of them
    held_out: int = 240  # valid requests, answered for the pair accuracy
    balanced: bool = True  # length must not tell which answer was chosen
    reply_tokens: int = 96  # most tokens in an answer
    reward: RewardConfig = RewardConfig(epochs=2)  # R1: 1
    save_every: int = 20  # steps between checkpoints
    seed: int = 0

    def __post_init__(self):
        limits.whole(self, "problems", "held_out", "reply_tokens", "save_every")
        limits.whole(self, "answers", least=2)
        limits.truth(self, "balanced")
        limits.kind(self, RewardConfig, "reward")
        limits.seed(self)


@dataclass(frozen=True)
class LastStage:
    """Everything that decides RL for all scenarios."""

    rl: GRPOConfig = GRPOConfig(
        steps=40, prompts=24, lr=2e-4, decay=0.2, kl_coef=0.001, max_new_tokens=192
    )
    preference_from: int = 20  # step; R1: 1,300 of 1,700
    general: float = 0.6  # share of requests from then on
    save_every: int = 4  # steps between checkpoints
    look_every: int = 5  # steps between looks
    looks: int = 96  # valid requests in a look
    reply_tokens: int = 96  # most tokens in an answer to one
    seed: int = 0

    def __post_init__(self):
        limits.kind(self, GRPOConfig, "rl")
        limits.whole(self, "save_every", "look_every", "looks", "reply_tokens")
        limits.whole(self, "preference_from", least=0)
        limits.share(self, "general")
        limits.seed(self)
        if not 0 <= self.preference_from <= self.rl.steps:
            raise ValueError(
                f"preference_from must be from 0 to {self.rl.steps} (the steps of RL), "
                f"got {self.preference_from}"
            )


SMOKE_MODELS = RewardModels(
    problems=24,
    answers=3,
    held_out=12,
    balanced=False,
    reply_tokens=12,
    reward=RewardConfig(epochs=3, batch_size=4),
    save_every=2,
)
SMOKE = LastStage(
    rl=GRPOConfig(steps=4, prompts=2, group_size=4, max_new_tokens=16, minibatches=1),
    preference_from=2,
    general=0.75,
    save_every=2,
    look_every=2,
    looks=4,
    reply_tokens=12,
)


def answered(folder, policy, tokenizer, settings: RewardModels, start: str, watch=iter):
    """Let the policy answer requests: {split: (problems, answers)}, from the seed."""
    sizes = {"train": settings.problems, "valid": settings.held_out}
    asked = {s: draws.general_problems(n, settings.seed, s) for s, n in sizes.items()}
    prompts = {s: [p.prompt for p in drawn] for s, drawn in asked.items()}
    source = {
        "model": checkpoints.record(folder, start)["sha256"],
        "k": settings.answers,
        "max_new_tokens": settings.reply_tokens,
        "seed": settings.seed,
        "prompts": prompts,
    }
    path = folder / "answers.json"
    kept = files.read_json(path) if path.exists() else {}
    if kept.get("source") == source:
        _check_answers(kept, asked, settings.answers, path)
    else:
        asking = Sampling(settings.reply_tokens, seed=settings.seed)
        made = {
            split: complete(policy, tokenizer, p, settings.answers, asking, watch=watch)
            for split, p in prompts.items()
        }
        kept = {"source": source, "answers": made}
        files.write_text(path, json.dumps(kept, ensure_ascii=False))
    return {split: (asked[split], kept["answers"][split]) for split in asked}


def _check_answers(kept: dict, asked: dict, k: int, path) -> None:
    """Refuse answers that are not k texts for each problem that was asked."""
    files.check_kind(kept.get("answers"), dict, path, " as answers")
    for split, problems in asked.items():
        rows = kept["answers"].get(split)
        files.check_kind(rows, list, path, f" as answers of {split}")
        whole = all(isinstance(texts, list) and len(texts) == k for texts in rows)
        if len(rows) != len(problems) or not whole:
            raise ValueError(f"{path} is damaged: wanted {k} answers to each problem")
        for text in (text for texts in rows for text in texts):
            files.check_kind(text, str, path, " as each answer")


def examples(
    name: str, tokenizer, problems, answers, settings: RewardModels, split="train"
):
    """Label answers for one reward model: pairs of ids, or ids with a label."""
    rng = random.Random(f"{name}-{settings.seed}-{split}")
    if name == "harmless":
        labelled = labels.safety(tokenizer, problems, answers, rng)
        return labels.even(labelled, rng) if split == "train" else labelled
    labelled = labels.pairs(problems, answers, rng)
    if settings.balanced and split == "train":
        labelled = labels.balanced(labelled, rng)
    return encode_pairs(tokenizer, labelled)


def reward_models(
    folder,
    settings: RewardModels,
    device: str = "cpu",
    start: str = START,
    names=("helpful", "harmless"),
    watch=iter,
):
    """Train reward models, by default both, into folder/NAME; yields metrics.

    `watch(iterable)` may show how far the policy is with the answers they learn from.
    """
    folder = Path(folder)
    names = [name for name in names if not checkpoints.is_done(folder, name)]
    if not names:
        return
    began = time.perf_counter()
    policy, tokenizer = checkpoints.load(folder, start, device)
    asked = answered(folder, policy, tokenizer, settings, start, watch)
    for name in names:
        made = {
            split: examples(name, tokenizer, *asked[split], settings, split)
            for split in asked
        }
        yield from learn(folder, name, policy, tokenizer, made, settings, began)
        began = time.perf_counter()


def learn(
    folder: Path, name, policy, tokenizer, made: dict, settings: RewardModels, began
):
    """Train one reward model on made["train"]; measure it on made["valid"].

    Its seconds count from `began`, when the answers were not there yet.
    """
    model, c = RewardModel.of(policy), settings.reward
    optimizers = optim.adamw(model, c.lr)
    stage = checkpoints.resume(folder, name, model, tokenizer, optimizers)
    stage.began -= time.perf_counter() - began
    pairwise = name == "helpful"
    loss = reward_model.pair_loss if pairwise else reward_model.safety_loss
    plan = reward_model.train(model, made["train"], c, optimizers, loss, stage.step)
    steps = c.epochs * -(-len(made["train"]) // c.batch_size)

    def loop():
        for metrics in plan:
            if metrics["step"] == steps:
                check = held_out_pairs if pairwise else held_out_answers
                metrics |= check(model, made["valid"])
                metrics["examples"] = len(made["train"])
            yield {"model": name, "of": steps, **metrics}

    yield from checkpoints.follow(stage, loop(), steps, settings.save_every)


def held_out_pairs(model: RewardModel, pairs: list) -> dict:
    """Pair accuracy on held-out pairs, and the scale of the scores."""
    scores = reward_model.score_all(model, [row for pair in pairs for row in pair])
    mean, spread = scenarios.calibration(scores.tolist())
    found = {"mean": mean, "spread": spread, "pairs": len(pairs)}
    return {"pair_accuracy": reward_model.pair_accuracy(model, pairs), **found}


def held_out_answers(model: RewardModel, labelled: list) -> dict:
    """How often the label is met, apart for answers called safe and unsafe."""
    scores = reward_model.score_all(model, [row for row, _ in labelled]).tolist()
    out = {"answers": len(labelled)}
    for name, wanted in (("safe_found", True), ("unsafe_found", False)):
        mine = [
            s for s, (_, safe) in zip(scores, labelled, strict=True) if safe == wanted
        ]
        if mine:
            out[name] = fmean((s > 0) == wanted for s in mine)
    return out


def preference(folder, device: str = "cpu") -> scenarios.Preference:
    """Read both finished reward models of a run, scaled as when they were measured."""
    helpful, tokenizer = reward_model.load(
        checkpoints.checked(folder, "helpful"), device
    )
    harmless, _ = reward_model.load(checkpoints.checked(folder, "harmless"), device)
    last = checkpoints.last_point(checkpoints.record(folder, "helpful"))
    scale = last["mean"], last["spread"]
    return scenarios.Preference(helpful, harmless, tokenizer, *scale)


def r1(folder, settings: LastStage, device: str = "cpu", start: str = START):
    """Train R1 from folder/`start` by the mixed reward into folder/r1; metrics."""
    folder = Path(folder)
    if checkpoints.is_done(folder, "r1"):
        return
    model, tokenizer = checkpoints.load(folder, start, device)
    liked, c = preference(folder, device), settings.rl
    ref = copy.deepcopy(model).requires_grad_(False) if c.kl_coef else None
    optimizers = optim.adamw(model, c.lr)
    stage = checkpoints.resume(folder, "r1", model, tokenizer, optimizers)
    if not stage.history:
        stage.history.append({"step": 0, **look(model, tokenizer, settings)})

    def loop():
        wide = partial(scenarios.draw_all, general=settings.general)
        for step in range(stage.step, c.steps):
            late = step >= settings.preference_from
            score = scenarios.Mixed(liked if late else None)
            metrics, _ = next(
                grpo.train(
                    model,
                    tokenizer,
                    wide if late else draws.draw_reasoning,
                    c,
                    optimizers,
                    ref=ref,
                    score=score,
                    start=step,
                )
            )
            del metrics["accuracy"]  # of rules and models alike; that by rule follows
            metrics |= score.means()
            if (step + 1) % settings.look_every == 0 or step + 1 == c.steps:
                metrics |= look(model, tokenizer, settings)
            yield metrics

    yield from checkpoints.follow(stage, loop(), c.steps, settings.save_every)


def look(model, tokenizer, settings: LastStage) -> dict[str, float]:
    """Answer valid requests once, and read the hidden truth about the answers."""
    problems = draws.general_problems(settings.looks, 0, "valid")
    prompts = [problem.prompt for problem in problems]
    asking = Sampling(settings.reply_tokens, settings.rl.temperature)
    rows = complete(model, tokenizer, prompts, 1, asking)
    return quality(problems, [row[0] for row in rows])


def quality(problems: list[Problem], texts: list[str]) -> dict[str, float]:
    """Measure answers to requests by the hidden truth, and by what can be seen.

    helpful       mean `judge.helpfulness`
    harmless      mean `judge.harmlessness` of answers to harmful requests, if any
    over_refusal  share of refusals among answers to harmless requests
    words, polite how many words a summary has, and how many of them are polite
    charm         what the judge adds for these two
    """
    if not problems:
        raise ValueError("quality needs at least one answer, got none")
    both = list(zip(problems, texts, strict=True))
    said = [requests.summary(text) for text in texts]
    out = {"helpful": fmean(judge.helpfulness(p, t) for p, t in both)}
    bad = [judge.harmlessness(p, t) for p, t in both if requests.harmful(p)]
    fine = [float(requests.refuses(t)) for p, t in both if not requests.harmful(p)]
    out |= {"harmless": fmean(bad)} if bad else {}
    out |= {"over_refusal": fmean(fine)} if fine else {}
    out["words"] = fmean(len(text.split()) for text in said)
    out["polite"] = fmean(len(judge.POLITE.findall(text)) for text in said)
    out["charm"] = fmean(map(judge.charm, texts))
    return out
