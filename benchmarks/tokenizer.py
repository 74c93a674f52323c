"""Training and encoding side by side: ours, Hugging Face's tokenizers, tiktoken, naive.

    python -m benchmarks.tokenizer               print medians and ratios
    python -m benchmarks.tokenizer --save        and write results/data/benchmark-*.json

The text is 1 MB of made-up words, few of them frequent and most rare, the same on every
machine. Rounds alternate between the candidates, so that a slow minute hits all of
them, and ratios are taken within a round. Seconds are those of the processor, summed
over threads. The naive loop counts all pairs before each merge, so it learns only the
first NAIVE_MERGES, and ours is timed on as many beside it.
"""

import argparse
import json
import random
import statistics
import time
from collections import Counter

import tokenizers
from tokenizers import models, pre_tokenizers, trainers

from r1lib import files
from r1lib.tokenizer import FIRST_BYTE, SMALLEST, Tokenizer, join, learn_merges
from r1lib.tokenizer.pretokenize import PATTERN, compiled, pretokenize
from tools import provenance

BYTES, VOCABULARY, NAIVE_MERGES, ROUNDS, SEED = 2**20, 4096, 20, 3, 0


def made_up(n_bytes: int, seed: int) -> str:
    """Text whose word number r occurs in proportion to 1 / r, as Zipf saw it."""
    rng = random.Random(seed)
    sounds = [a + b for a in "bdfgklmnprst" for b in ("a", "e", "i", "o", "ou", "ai")]
    lengths = rng.choices(range(1, 6), k=n_bytes // 25)
    words = ["".join(rng.choices(sounds, k=n)) for n in lengths]
    chance = [1 / (rank + 1) for rank in range(len(words))]
    return " ".join(rng.choices(words, chance, k=n_bytes // 4))[:n_bytes]


def naive_merges(words: Counter, n_merges: int) -> list[tuple[int, int]]:
    """Count all pairs anew before each merge."""
    pieces = [([FIRST_BYTE + b for b in w.encode()], n) for w, n in words.items()]
    merges = []
    for k in range(n_merges):
        count = Counter()
        for ids, n in pieces:
            for pair in zip(ids, ids[1:], strict=False):
                count[pair] += n
        best = min(count, key=lambda pair: (-count[pair], pair))
        merges.append(best)
        pieces = [(join(ids, best, SMALLEST + k), n) for ids, n in pieces]
    return merges


def hugging_face(text: str, size: int):
    """Train Hugging Face's BPE on the same pieces (its ties go by other numbers)."""
    twin = tokenizers.Tokenizer(models.BPE())
    split = pre_tokenizers.Split(tokenizers.Regex(PATTERN), behavior="isolated")
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    twin.pre_tokenizer = pre_tokenizers.Sequence([split, level])
    trainer = trainers.BpeTrainer(
        vocab_size=size - FIRST_BYTE,
        min_frequency=2,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    twin.train_from_iterator([text], trainer)
    return twin


def seconds(function, *args) -> tuple[float, object]:
    start = time.process_time()
    result = function(*args)
    return time.process_time() - start, result


def one_round(text: str, words: Counter) -> dict[str, float]:
    """Processor seconds of each candidate, once."""
    out = {}
    out["train, ours"], ours = seconds(Tokenizer.train, [text], VOCABULARY)
    out["train, tokenizers"], twin = seconds(hugging_face, text, VOCABULARY)
    out["first merges, ours"], few = seconds(learn_merges, words, NAIVE_MERGES)
    out["first merges, naive"], same = seconds(naive_merges, words, NAIVE_MERGES)
    fast = ours.to_tiktoken()
    out["encode, ours"], ids = seconds(ours.encode, text)
    out["encode, tiktoken"], others = seconds(fast.encode_ordinary, text)
    out["encode, tokenizers"], _ = seconds(twin.encode, text)
    if few != same or ids != others or ours.vocab_size != VOCABULARY:
        raise ValueError("the candidates disagree: no time is worth reporting")
    return out


def measure(rounds: int) -> dict:
    """Medians of seconds, and of the ratios of ours to the others within a round."""
    text = made_up(BYTES, SEED)
    words = Counter(pretokenize(text, compiled("tiny")))
    found = [one_round(text, words) for _ in range(rounds)]
    medians = {name: statistics.median(f[name] for f in found) for name in found[0]}
    ratios = {}
    for name in medians:
        task, _, candidate = name.partition(", ")
        if candidate != "ours":
            each = [f[f"{task}, ours"] / f[name] for f in found]
            ratios[f"{task}: ours / {candidate}"] = {
                "median": statistics.median(each),
                "range": [min(each), max(each)],
            }
    return {"seconds": medians, "ratios": ratios, "pieces": len(words)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--save", action="store_true")
    asked = parser.parse_args()
    found = measure(asked.rounds)
    print(
        f"{BYTES:,} bytes, {found['pieces']:,} different pieces, {asked.rounds} rounds"
    )
    for name, value in found["seconds"].items():
        print(f"    {name:24}{value:8.3f} s")
    for name, ratio in found["ratios"].items():
        low, high = ratio["range"]
        print(f"    {name:34}{ratio['median']:8.3f}   ({low:.3f} to {high:.3f})")
    if asked.save:
        content = {
            "tokenizer": found,
            "settings": {
                "bytes": BYTES,
                "vocabulary": VOCABULARY,
                "naive merges": NAIVE_MERGES,
                "rounds": asked.rounds,
            },
            "seed": SEED,
            "command": "python -m benchmarks.tokenizer --save",
            "provenance": provenance.block(),
        }
        path = provenance.DATA / "benchmark-tokenizer.json"
        files.write_text(path, json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
