"""Measure what one decoding step costs against the context, for kinds of attention.

    python -m results.attention            a minute; results/data/attention.json

One new token of one sequence attends to a cache that is already full, in float32: the
part of a step that grows with the context, without projections and feed-forward. All
kinds of one round are timed one after the other, and each number is the median over
the rounds, so that a busy moment of the machine hits them alike. Compare within a
context only, by the ratio to multi-head attention (MHA) of the same run.
"""

import argparse
import json
import statistics
import time

import torch

from r1lib import files
from r1lib.model import attention
from tools import provenance

HEADS, GROUPS, HEAD_DIM = 16, 4, 64  # MHA and GQA
NOPE, ROPE, VALUE, LATENT = 64, 32, 64, 256  # MLA, half of DeepSeek-V3's widths
CONTEXTS = (128, 512, 2048, 8192)
ROUNDS, SEEDS = 9, (0, 1, 2)


def kinds(context: int, seed: int) -> dict[str, tuple]:
    """Name -> (a function that makes one step, the tensors that its cache holds)."""
    dice = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(shape, generator=dice)

    kinds = {}
    for name, groups, key, value in (
        ("MHA", HEADS, HEAD_DIM, HEAD_DIM),
        ("GQA", GROUPS, HEAD_DIM, HEAD_DIM),
        ("MLA, expanded cache", HEADS, NOPE + ROPE, VALUE),
    ):
        given = (
            draw(1, 1, HEADS, key),
            draw(1, groups, context, key),
            draw(1, groups, context, value),
            key**-0.5,
        )
        kinds[name] = (attention.attend_shared, given, given[1:3])
    latents = draw(1, context, LATENT + ROPE)
    q_nope, q_pe = draw(1, 1, HEADS, NOPE), draw(1, 1, HEADS, ROPE)
    weight = draw(HEADS * (NOPE + VALUE), LATENT) * LATENT**-0.5
    given = (q_nope, q_pe, latents, weight, (NOPE + ROPE) ** -0.5)
    kinds["MLA, expanding anew"] = (attention.naive_attention, given, (latents,))
    kinds["MLA, absorbed"] = (attention.absorbed_attention, given, (latents,))
    return kinds


@torch.no_grad()
def measure(context: int, seed: int, rounds: int) -> dict[str, dict[str, float]]:
    """Median milliseconds of a step and bytes of the cache, for each kind."""
    steps = kinds(context, seed)
    spent = {name: [] for name in steps}
    for turn in range(rounds + 1):
        for name, (step, given, _) in steps.items():
            start = time.perf_counter()
            step(*given)
            if turn:  # the first one warms up
                spent[name].append(1000 * (time.perf_counter() - start))
    return {
        name: {
            "milliseconds": statistics.median(spent[name]),
            "cache_bytes": sum(x.numel() * x.element_size() for x in held),
        }
        for name, (_, _, held) in steps.items()
    }


def table(rounds: int) -> dict[str, dict]:
    """Context -> kind -> bytes, time, and ratio to MHA, of each seed and as median."""
    rows = {}
    for context in CONTEXTS:
        runs = [measure(context, seed, rounds) for seed in SEEDS]
        rows[str(context)] = {
            name: {
                "cache_bytes": runs[0][name]["cache_bytes"],
                "milliseconds": [run[name]["milliseconds"] for run in runs],
                "times_mha": sorted(
                    run[name]["milliseconds"] / run["MHA"]["milliseconds"]
                    for run in runs
                ),
            }
            for name in runs[0]
        }
    return rows


def main() -> None:
    """Measure, print the ratios and write results/data/attention.json."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    result = table(asked.rounds)
    for context, rows in result.items():
        for name, row in rows.items():
            ratio = statistics.median(row["times_mha"])
            print(f"{context:>6} {name:22}{row['cache_bytes']:>12,} B  x{ratio:.2f}")
    sizes = {"heads": HEADS, "groups": GROUPS, "head_dim": HEAD_DIM}
    sizes |= {"nope": NOPE, "rope": ROPE, "value": VALUE, "latent": LATENT}
    content = {
        "decode": result,
        "sizes": sizes,
        "seeds": SEEDS,
        "rounds": asked.rounds,
        "threads": asked.threads,
        "command": f"python -m results.attention --threads {asked.threads}",
        "provenance": provenance.block(),
    }
    path = provenance.DATA / "attention.json"
    files.write_text(path, json.dumps(content, indent=1))
    print(f"wrote {path.name}")


if __name__ == "__main__":
    main()
