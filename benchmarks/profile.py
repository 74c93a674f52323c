"""Where the time of one step goes, by kind of operation: a GRPO step, and pre-training.

Both steps are those of `train`: R1-Zero on its two games, and a batch of the tiny web
with Muon and, every fourth time, the MTP loss. The profiler slows things down, so it
gives shares only; the seconds are taken without it. Overhead is what is in no
operation, or in one that computes nothing: Python, autograd's bookkeeping, rewards,
views of tensors and new memory for them.
"""

import statistics
import time
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from benchmarks import grpo, models
from r1lib import sampling
from r1lib.training import optim, pretrain
from r1lib.training.pretrain import PretrainConfig
from r1lib.world import web

PRODUCTS = {"mm", "addmm", "bmm", "baddbmm", "addbmm", "dot", "mv", "_grouped_mm"}
MOVING = {"copy_", "cat", "stack", "index", "index_select", "gather", "scatter"}
MOVING |= {"scatter_", "index_copy", "index_copy_", "index_add", "index_add_", "clone"}
MOVING |= {"embedding_dense_backward", "_index_put_impl_", "index_put_", "contiguous"}
MOVING |= {"slice_backward", "select_backward", "scatter_add_", "_to_copy", "repeat"}
VIEWS = {"view", "as_strided", "slice", "select", "transpose", "t", "permute", "expand"}
VIEWS |= {"unsqueeze", "squeeze", "reshape", "einsum", "matmul", "linear", "detach"}
VIEWS |= {
    "empty",
    "empty_like",
    "empty_strided",
    "unbind",
    "split",
    "to",
    "_unsafe_view",
}
VIEWS |= {
    "resize_",
    "alias",
    "unflatten",
    "flatten",
    "narrow",
    "chunk",
    "numel",
    "item",
}
KINDS = ("matrix products", "attention", "optimizer", "sampling", "elementwise")
KINDS += ("moving", "overhead")
SAMPLING = "draw a token"  # the name of our own range


def kind_of(name: str, around: list[str]) -> str:
    """The kind of an operation, by its name and by the ranges that it is in.

    >>> kind_of("aten::mm", []), kind_of("aten::mm", ["Optimizer.step#Muon.step"])
    ('matrix products', 'optimizer')
    """
    operation = name.removeprefix("aten::")
    if operation == name or operation in VIEWS:
        return "overhead"
    if any(outer.startswith("Optimizer.step") for outer in around):
        return "optimizer"
    if SAMPLING in around:
        return "sampling"
    if operation in PRODUCTS:
        return "matrix products"
    if "scaled_dot_product" in operation or "attention" in operation:
        return "attention"
    return "moving" if operation in MOVING else "elementwise"


@contextmanager
def watched_sampling():
    """Mark what draws tokens as one range for the profiler."""
    plain = sampling.sample_token

    def watched(*args, **kwargs):
        with record_function(SAMPLING):
            return plain(*args, **kwargs)

    sampling.sample_token = watched
    try:
        yield
    finally:
        sampling.sample_token = plain


def around(event) -> list[str]:
    """The names of the ranges that an event is in."""
    found = []
    while (event := event.cpu_parent) is not None:
        found.append(event.name)
    return found


def shares(step: Callable[[], object]) -> dict[str, float]:
    """Run a step under the profiler; the share of its time that each kind takes."""
    with watched_sampling(), profile(activities=[ProfilerActivity.CPU]) as found:
        began = time.perf_counter()
        step()
        wall = (time.perf_counter() - began) * 1e6
    spent = Counter(dict.fromkeys(KINDS, 0.0))
    for event in found.events():
        spent[kind_of(event.name, around(event))] += event.self_cpu_time_total
    inside = sum(spent.values()) - spent["overhead"]
    spent["overhead"] = max(0.0, wall - inside)
    total = sum(spent.values())
    return {kind: spent[kind] / total for kind in KINDS}


def grpo_step(small: bool) -> Callable[[], object]:
    """As R1-Zero is trained; a small model knows nothing, so a coin rewards it."""
    natural = not small
    return grpo.ours("zero", natural, small).ways["step"]


def pretraining_step(small: bool) -> Callable[[], object]:
    """As the base is trained."""
    tokenizer, model = models.tokenizer(), models.ours("v3", small)
    c = PretrainConfig(batch_size=4 if small else 24)
    texts = web.documents(c.batch_size * (1 if small else 64), 0)
    optimizers = optim.base_optimizers(model, c.muon_lr, c.adamw_lr)
    documents = pretrain.encode_documents(tokenizer, texts)
    steps = pretrain.train(model, documents, c, optimizers)
    return lambda: next(steps)


STEPS = {"GRPO step": grpo_step, "pre-training step": pretraining_step}


def measure(*, small: bool, rounds: int, threads: int) -> dict:
    """Seconds and shares of each step; the shares are means over the rounds."""
    torch.set_num_threads(threads)
    found = {}
    for name, make in STEPS.items():
        step, seconds, parts = make(small), [], []
        step()  # warms up
        for _ in range(rounds):
            began = time.perf_counter()
            step()
            seconds.append(time.perf_counter() - began)
            parts.append(shares(step))
        mean = {kind: statistics.fmean(part[kind] for part in parts) for kind in KINDS}
        found[name] = {
            "seconds": statistics.median(seconds),
            "range": [min(seconds), max(seconds)],
            "shares": mean,
        }
    settings = {"small": small, "rounds": rounds, "threads": threads}
    return {"profile": found, "settings": settings}


def report(found: dict) -> str:
    """One line for each kind of each step."""
    lines = []
    for name, step in found["profile"].items():
        lines.append(f"{name}: {step['seconds']:.4g} s")
        ordered = sorted(step["shares"].items(), key=lambda pair: -pair[1])
        lines += [f"  {kind:20}{share:6.1%}" for kind, share in ordered]
    return "\n".join(lines)
