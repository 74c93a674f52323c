"""Writing tokens: `sampling.generate` against `generate` of transformers.

Prompts of the two games, of different lengths; a batch of 512 is 32 prompts x 16
completions, as in a GRPO step. Every completion has the same number of tokens at
temperature 1: nothing stops. transformers writes no log-probabilities and may take its
dynamic or its static cache, and any of its ways to run experts.
"""

from functools import partial

import torch

from benchmarks import floor, models
from benchmarks.harness import Row
from benchmarks.sides import Side
from r1lib import sampling

GROUP, NEW, SMALL_NEW, CHECKED = 16, 64, 4, 16  # tokens; greedy ones that must agree
BATCHES = {512: 4.0, 64: 3.0, 1: 3.0}  # and the goals, V3-shaped
DENSE = {512: 3.0, 64: 3.0, 1: 3.0}


def sizes(batch: int, small: bool) -> tuple[int, int, int]:
    """Prompts, completions of each, and new tokens."""
    repeat = min(batch, 2 if small else GROUP)
    return (
        min(batch // repeat, 2) if small else batch // repeat,
        repeat,
        (SMALL_NEW if small else NEW),
    )


def prompts(n: int) -> list[list[int]]:
    tokenizer = models.tokenizer()
    return [tokenizer.prompt(p.prompt) for p in models.problems(n)]


def probe() -> torch.Tensor:
    """Ids for which both sides give logits."""
    return torch.randint(10, 600, (3, 20), generator=torch.Generator().manual_seed(1))


def ours(name: str, batch: int, small: bool) -> Side:
    model, (n, repeat, new) = models.ours(name, small).eval(), sizes(batch, small)
    asked, generator = prompts(n), torch.Generator().manual_seed(0)

    @torch.no_grad()
    def answer(_):
        made = sampling.generate(
            model, asked, max_new_tokens=min(new, CHECKED), temperature=0
        )
        return {"logits": model(probe()), "greedy ids": [c.ids for c in made]}

    def write():
        sampling.generate(
            model, asked, max_new_tokens=new, repeat=repeat, generator=generator
        )

    return Side(answer, {"cache": write})


def theirs(name: str, batch: int, small: bool) -> Side:
    models.quiet()
    (n, repeat, new), mine = sizes(batch, small), models.ours(name, small)
    kinds = {kind: models.theirs(mine, kind).eval() for kind in models.ways_of(mine)}
    ids, mask = models.left_padded(prompts(n))

    def written(model, length: int, **options):
        return model.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=length,
            eos_token_id=None,
            pad_token_id=0,
            **options,
        )

    @torch.no_grad()
    def answer(way):
        model, cache = ways[way]
        few = min(new, CHECKED)
        rows = written(model, few, do_sample=False, cache_implementation=cache)
        return {
            "logits": model(probe()).logits,
            "greedy ids": rows[:, ids.shape[1] :].tolist(),
        }

    def write(model, cache: str | None):
        rows = written(
            model,
            new,
            do_sample=True,
            temperature=1.0,
            top_k=0,
            top_p=1.0,
            num_return_sequences=repeat,
            cache_implementation=cache,
        )
        if rows.shape != (n * repeat, ids.shape[1] + new):
            raise ValueError(f"wanted {new} new tokens in each row, got {rows.shape}")

    ways = {}
    for kind, model in kinds.items():
        for name, cache in (("dynamic", None), ("static", "static")):
            ways[f"{name} cache" + (f", {kind}" if kind else "")] = (model, cache)
    return Side(answer, {way: partial(write, *pair) for way, pair in ways.items()})


def work(name: str, batch: int, small: bool) -> floor.Work:
    n, repeat, new = sizes(batch, small)
    longest = max(map(len, prompts(n)))
    return floor.decoding(models.config_of(name, small), n * repeat, longest, new)


ROWS = [
    Row(
        f"sampling-{name}-{batch}",
        f"sampling, {models.WORDS[name]}, batch {batch}",
        "transformers generate",
        goal,
        partial(ours, name, batch),
        partial(theirs, name, batch),
        partial(work, name, batch),
        weights=("tokenizer", models.TRAINED[name]),
    )
    for name, goals in (("v3", BATCHES), ("dense", DENSE))
    for batch, goal in goals.items()
]
