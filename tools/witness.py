"""A little of everything that a measurement does, as one number for each part.

    python -m tools.witness

Pre-trains the tiny model for two steps, gives it one step of reinforcement learning,
lets it answer and marks the answers, distils it into a student, then walks all stages
at the smoke preset, with fixed seeds on one thread. Two copies of the project that
print the same line do the same arithmetic, to the last bit, on this machine.
"""

import hashlib
import inspect
import json
import random
import tempfile
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch

from r1lib import (
    artifacts,
    distill,
    evaluate,
    labels,
    optim,
    pipeline,
    pretrain,
    recipe,
    reward_model,
    rewards,
    runs,
    sandbox,
    scorecard,
    sft,
    tables,
)
from r1lib.model.transformer import new_model
from r1lib.rl import grpo
from r1lib.tasks import LEVELS, corpus, countdown, problems, requests
from r1lib.tokenizer import Tokenizer

DOCUMENTS = 2000  # enough to hold every family and style of the corpus
PROBLEMS = 20  # of each game


def short(content: object) -> str:
    """Digest of anything that json can write, or of a model's weights."""
    if isinstance(content, torch.nn.Module):
        parts = [t.detach().numpy().tobytes() for t in content.state_dict().values()]
        return hashlib.sha256(b"".join(parts)).hexdigest()[:12]
    text = json.dumps(content, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def read_and_train() -> dict[str, str]:
    """Corpus, tokens, weights after two steps of pre-training."""
    tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
    texts = list(corpus.documents(DOCUMENTS, 0))
    documents = pretrain.encode_documents(tokenizer, texts)
    config = artifacts.load("base-tiny")[0].config  # older copies have it, too
    model = new_model(config, 0)
    c = replace(recipe.settings("tiny").pretrain, steps=2, mtp_every=2)
    optimizers = optim.base_optimizers(model, c.muon_lr, c.adamw_lr)
    for _ in pretrain.train(model, documents, c, optimizers):
        pass
    return {
        "corpus": short(texts),
        "tokens": short([d.tolist() if torch.is_tensor(d) else d for d in documents]),
        "pretrain": short(model),
    }


def reinforce_and_answer() -> dict[str, str]:
    """Answers and rewards of the shipped base, then weights after a step of RL."""
    model, tokenizer = artifacts.load("base-tiny")
    how = recipe.settings("tiny")
    asked = pipeline.held_out(PROBLEMS, "test")
    found = evaluate.answer(
        model, tokenizer, asked, 4, max_new_tokens=how.zero.max_new_tokens
    )
    forced = evaluate.answer(
        model,
        tokenizer,
        asked,
        1,
        max_new_tokens=how.zero.max_new_tokens,
        prefix="<think>",
        steer=evaluate.never_give_up(tokenizer),
    )
    paid = [
        [rewards.total(p, t) for t in texts]
        for p, texts in zip(asked, found.texts, strict=True)
    ]
    watched = problems(countdown.sample, PROBLEMS, 0, "valid")
    skills = pipeline.skills(model, tokenizer, watched)
    config = replace(how.zero, steps=1, prompts=8)
    optimizers = optim.adamw(model, config.lr)
    for _ in grpo.train(model, tokenizer, pipeline.draw_mixed, config, optimizers):
        pass
    return {
        "answers": short([found.texts, forced.texts]),
        "summary": short(evaluate.summary(found)),
        "rewards": short(paid),
        "skills": short(skills),
        "zero": short(model),
    }


def mark() -> dict[str, str]:
    """Scorecard, votes and labels of a few answers of the shipped base."""
    model, tokenizer = artifacts.load("base-tiny")
    asked = {level: scorecard.questions(3, level, seed=1) for level in LEVELS}
    kind = {"max_new_tokens": 64}
    with nullcontext() if sandbox.missing() else sandbox.Sandbox() as box:
        cards = [
            scorecard.measure(model, tokenizer, asked[level], 2, box=box, **kind)
            for level in LEVELS
        ]
    games = [p for name in scorecard.REASONING for p in asked["easy"][name]]
    found = evaluate.answer(model, tokenizer, games, 4, **kind)
    general = labels.general_problems(40, 0, "train")
    said = labels.answers(model, tokenizer, general, 3, max_new_tokens=48)
    pairs = labels.pairs(general, said, random.Random(0))
    known = [
        requests.right(p, t) for p, row in zip(general, said, strict=True) for t in row
    ]
    return {
        "scorecard": short([cards, [scorecard.summary(card) for card in cards]]),
        "paired": short(scorecard.paired(*(card["length"][:20] for card in cards))),
        "votes": short(evaluate.majority_right(found)),
        "labels": short([[pair.chosen, pair.rejected, pair.gap] for pair in pairs]),
        "requests": short(known),
    }


def teach() -> dict[str, str]:
    """Weights and bill of a student after two steps of each way to distil."""
    teacher, tokenizer = artifacts.load("r1-tiny")
    rows = tables.load(artifacts.path("samples-tiny"))[:48]
    both = tokenizer, tokenizer
    # older copies take no tokenizer, or that of the student alone
    checked = "tokenizers" in inspect.signature(distill.train).parameters
    out = {}
    for way in ("texts", *distill.KINDS, "own"):
        student, _ = artifacts.load("student-tiny")
        room = student.config.max_positions
        given, too_long = distill.examples(rows, tokenizer, room)
        kind = {"epochs": 1, "batch_size": 24}
        optimizers = optim.adamw(student, 1e-3)
        if way == "texts":
            loop = sft.train(student, given, sft.SFTConfig(**kind), optimizers)
            out[way] = short([too_long, [metrics["loss"] for metrics in loop]])
        elif way == "own":
            config = distill.OnPolicyConfig(steps=2, prompts=4, max_new_tokens=48)
            ids = both if checked else tokenizer
            rest = (pipeline.draw_mixed, config, optimizers)
            loop = distill.on_policy(student, teacher, ids, *rest)
            out[way] = bill_of(loop)
        else:
            config = distill.DistillConfig(**kind, kind=way)
            ids = (both,) if checked else ()
            loop = distill.train(student, teacher, *ids, given, config, optimizers)
            out[way] = bill_of(loop)
        out[way] += short(student)
    return out


def bill_of(loop) -> str:
    """Digest of the losses and the counted tokens of a way to distil."""
    return short([[m["loss"], {**vars(spent), "seconds": 0}] for m, spent in loop])


def walk() -> dict[str, str]:
    """What each stage leaves at the smoke preset; of a model also its test results."""
    how, out = recipe.settings("smoke"), {}
    with tempfile.TemporaryDirectory() as folder:
        for stage in recipe.RECIPE:
            for _ in pipeline.run(stage.name, folder, how):
                pass
            out[stage.name] = left(Path(folder), stage, how)
    return out


def left(folder: Path, stage: recipe.Stage, how: recipe.Settings) -> str:
    """Digest of the model, the reward model or the table that a stage has left."""
    if stage.leaves == "table":
        return short(tables.load(folder / stage.name))
    if stage.leaves == "scores":
        return short(reward_model.load(folder / stage.name)[0])
    model, tokenizer = runs.load(folder, stage.name)
    return short(model) + short(pipeline.test(model, tokenizer, how))


PARTS = (read_and_train, reinforce_and_answer, mark, teach, walk)


def main() -> None:
    """Print one line of json: part -> what it did -> digest."""
    torch.set_num_threads(1)
    print(json.dumps({part.__name__: part() for part in PARTS}))


if __name__ == "__main__":
    main()
