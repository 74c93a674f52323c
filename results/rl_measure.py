"""What the RL measurements of chapter 08 share: a size, a curve, a card, and a queue.

All of them train the same bases on the same problems in the same order, with the same
number of completions, and are measured on the same test problems.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import torch

from r1lib import evaluate, rewards
from r1lib.problem import Problem
from r1lib.recipe import pipeline
from r1lib.rl.grpo import GRPOConfig
from r1lib.rl.rollout import Rollout
from r1lib.world import skills
from results import one_unit
from tools import provenance

STEPS = 40
CONFIG = GRPOConfig(steps=STEPS, prompts=8, group_size=16, max_new_tokens=96)
TESTS, SAMPLES = 48, 16  # held-out problems of each game, completions of each
SEEDS = (0, 1, 2)


def base_of(seed: int) -> str:
    """The artifact that the arms of a seed start from.

    >>> base_of(0), base_of(2)
    ('base-tiny', 'base-tiny-2')
    """
    return "base-tiny" + (f"-{seed}" if seed else "")


# ---- what is held, and what it costs ---------------------------------------------


@dataclass
class Training:
    """A loop that yields (metrics, rollout), and all that has to be in memory for it.

    A loop that takes a step without a rollout yields None in its place.
    """

    loop: Iterator[tuple[dict, Rollout | None]]
    policy: torch.nn.Module
    optimizers: list
    reference: torch.nn.Module | None = None
    value_model: torch.nn.Module | None = None
    value_optimizers: Iterable = ()

    def held(self) -> dict[str, int]:
        """Count the numbers in memory: parameters, gradients, optimizer states."""
        both = [*self.optimizers, *self.value_optimizers]
        states = [pair for optimizer in both for pair in optimizer.state.items()]
        return {
            "policy": size(self.policy),
            "reference": size(self.reference),
            "value model": size(self.value_model),
            "gradients": sum(parameter.numel() for parameter, _ in states),
            "optimizer states": sum(
                kept.numel()
                for _, state in states
                for kept in state.values()
                if torch.is_tensor(kept) and kept.dim()  # not the count of steps
            ),
        }


def size(model: torch.nn.Module | None) -> int:
    """Count parameters; no model has none."""
    return sum(p.numel() for p in model.parameters()) if model is not None else 0


def surprise(batch: Rollout) -> float:
    """Mean of -log p over the sampled tokens: an unbiased estimate of the entropy."""
    return -batch.old_logprobs[batch.mask].mean().item()


def followed(loop: Iterator[tuple[dict, Rollout | None]]) -> Iterator[dict]:
    """Yield the metrics of each step, with entropy, samples, tokens and seconds so far.

    `cpu_seconds` are those of this process alone; `seconds` pass on the wall, where
    other programs share the machine.
    """
    cpu, wall = time.process_time(), time.perf_counter()
    completions = tokens = 0
    for metrics, batch in loop:
        found = {}
        if batch is not None:
            completions += len(batch.texts)
            tokens += int(batch.lengths.sum())
            found["entropy"] = surprise(batch)
        yield {
            **metrics,
            **found,
            "completions": completions,
            "tokens": tokens,
            "cpu_seconds": time.process_time() - cpu,
            "seconds": time.perf_counter() - wall,
        }


# ---- what a model can do ---------------------------------------------------------


def habits(texts: list[str]) -> dict[str, float]:
    """Shares of the completions with each style and habit of the tiny web."""
    styles = [skills.style(text) for text in texts]
    found = {name: styles.count(name) / len(styles) for name in skills.STYLES}
    for name, has in (
        ("checks", skills.checks),
        ("tries again", skills.reflects),
        ("repeats", skills.repeats),
    ):
        found[name] = fmean(float(has(text)) for text in texts)
    found["format"] = fmean(rewards.format(None, text) for text in texts)
    return found


def graded(found: evaluate.Answers) -> dict:
    """pass@1, pass@k, tokens and habits, each problem's values, and each family's."""
    rows = {"all": range(len(found.problems))}
    for i, problem in enumerate(found.problems):
        rows.setdefault(problem.family, []).append(i)
    values = {
        "right": found.right.sum(1).int().tolist(),
        "tokens": found.lengths.mean(1).tolist(),
        "family": [problem.family for problem in found.problems],
    }
    parts = {name: graded_part(found, list(mine)) for name, mine in rows.items()}
    return {**parts, "values": values, "samples": found.right.shape[1]}


def graded_part(found: evaluate.Answers, rows: list[int]) -> dict:
    """Grade some of the problems."""
    k, right = found.right.shape[1], found.right[rows]
    once, ever = right.mean(1), right.amax(1)
    return {
        "pass@1": once.mean().item(),
        "pass@1 interval": evaluate.interval(once),
        f"pass@{k}": ever.mean().item(),
        f"pass@{k} interval": evaluate.interval(ever),
        "tokens": found.lengths[rows].mean().item(),
        "problems": len(rows),
        "habits": habits([text for i in rows for text in found.texts[i]]),
    }


def card(
    model, tokenizer, longest: int, split: str = "test", n: int | None = None
) -> dict:
    """Answer n held-out problems of each game, SAMPLES times each, and grade them."""
    asked = pipeline.held_out(TESTS if n is None else n, split)
    return card_of(model, tokenizer, asked, longest)


def card_of(
    model,
    tokenizer,
    asked: list[Problem],
    longest: int,
    k: int | None = None,
    opening: str = "",
) -> dict:
    """Answer given problems, each completion begun by an opening, and grade them."""
    found = evaluate.answer(
        model,
        tokenizer,
        asked,
        SAMPLES if k is None else k,
        max_new_tokens=longest,
        prefix=opening,
    )
    return graded(found)


# ---- one unit, or one after the other ----------------------------------------------


def path_of(script: str, name: str, seed: int, out: Path = provenance.DATA) -> Path:
    """The file of a unit.

    >>> path_of("thinking_less", "cheap", 0).name
    'thinking-less-cheap-0.json'
    """
    return out / f"{script.replace('_', '-')}-{name}-{seed}.json"


def main(
    doc: str,
    script: str,
    names: Iterable[str],
    unit: Callable[[str, int], dict],
    weights: Callable[[str, int], Iterable[str]],
) -> None:
    """Run one unit of a script and write its file, or all that are missing.

    `--all` runs every name, or the names behind it, for all seeds.
    `weights(name, seed)` are the artifacts that a unit reads.
    """
    if sys.argv[1:2] == ["--all"]:
        return run_missing(script, sys.argv[2:] or names)
    asked = one_unit.arguments(one_unit.parser(doc, name=list(names)))
    began = time.perf_counter()
    found = unit(asked.name, asked.seed)
    one_unit.write(
        path_of(script, asked.name, asked.seed, asked.out),
        found,
        f"results.{script} {asked.name} {asked.seed}",
        weights=("tokenizer", *weights(asked.name, asked.seed)),
        seed=asked.seed,
        minutes=(time.perf_counter() - began) / 60,
    )


def run_missing(script: str, names: Iterable[str]) -> None:
    """Run the units of a script that have no file yet, each in its own process.

    One that fails does not stop the others.
    """
    for name in names:
        for seed in SEEDS:
            if not path_of(script, name, seed).exists():
                unit = [f"results.{script}", name, str(seed)]
                subprocess.run([sys.executable, "-m", *unit])
