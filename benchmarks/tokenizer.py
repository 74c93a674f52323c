"""Training and encoding: ours against the naive loop, tokenizers and tiktoken.

The text is 1 MB of made-up words, few of them frequent and most rare, the same on every
machine. The naive loop counts all pairs before each merge, as minbpe does; it is faster
than minbpe's, since it counts a word once, however often the word occurs. It takes
minutes, so its row has one round in a run. Hugging Face's tokenizers are written in
Rust, and so is tiktoken.
"""

import random
import time
from collections import Counter
from functools import cache, partial

from benchmarks.floor import Work
from benchmarks.harness import Row
from benchmarks.sides import Side
from r1lib.tokenizer import FIRST_BYTE, SMALLEST, Tokenizer, slow_merges
from r1lib.tokenizer.pretokenize import PATTERN, compiled, pretokenize

BYTES, VOCABULARY, SEED, FIRST = 2**20, 4096, 0, 20


def sizes(small: bool) -> tuple[int, int]:
    """Bytes of text and ids to learn."""
    return (20_000, SMALLEST + 60) if small else (BYTES, VOCABULARY)


@cache
def made_up(n_bytes: int, seed: int = SEED) -> str:
    """Text whose word number r occurs in proportion to 1 / r, as Zipf saw it."""
    rng = random.Random(seed)
    sounds = [a + b for a in "bdfgklmnprst" for b in ("a", "e", "i", "o", "ou", "ai")]
    lengths = rng.choices(range(1, 6), k=n_bytes // 25)
    words = ["".join(rng.choices(sounds, k=n)) for n in lengths]
    chance = [1 / (rank + 1) for rank in range(len(words))]
    return " ".join(rng.choices(words, chance, k=n_bytes // 4))[:n_bytes]


def trained(small: bool) -> Tokenizer:
    n_bytes, size = sizes(small)
    return Tokenizer.train([made_up(n_bytes)], size)


def work(unit: str, small: bool) -> Work:
    """No matrix product, and a megabyte moves in no time: there is no floor."""
    return Work(sizes(small)[0], unit)


# ---- training --------------------------------------------------------------------


def first_merges(merges: list) -> dict:
    return {"first merges": [tuple(pair) for pair in merges[:FIRST]]}


def train(small: bool) -> Side:
    def step():
        trained(small)

    return Side(lambda _: first_merges(trained(small).merges), {"train": step})


def train_naively(small: bool) -> Side:
    n_bytes, size = sizes(small)
    text, wanted = made_up(n_bytes), trained(small).merges

    def words() -> Counter:
        return Counter(pretokenize(text, compiled("tiny")))

    def step():
        began = time.perf_counter()
        merges = slow_merges(words(), size - SMALLEST)
        spent = time.perf_counter() - began
        if merges != [tuple(pair) for pair in wanted]:
            raise ValueError("the naive loop learned other merges")
        return spent

    return Side(lambda _: first_merges(slow_merges(words(), FIRST)), {"naive": step})


def hugging_face(text: str, size: int):
    """Train Hugging Face's BPE on the same pieces (its ties go by other numbers)."""
    import tokenizers
    from tokenizers import models, pre_tokenizers, trainers

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


def learned(small: bool) -> Side:
    """What is equal where ties may differ: ids, and how many tokens the text has."""
    n_bytes, _ = sizes(small)

    def answer(_):
        ours = trained(small)
        return compared(ours.vocab_size, len(ours.encode(made_up(n_bytes))))

    return Side(answer, {"train": lambda: trained(small) and None})


def compared(size: int, tokens: int) -> dict:
    import torch

    return {"ids": size, "tokens": torch.tensor([float(tokens)])}


def learned_by_tokenizers(small: bool) -> Side:
    n_bytes, size = sizes(small)
    text = made_up(n_bytes)

    def answer(_):
        twin = hugging_face(text, size)
        return compared(FIRST_BYTE + twin.get_vocab_size(), len(twin.encode(text).ids))

    return Side(answer, {"train": lambda: hugging_face(text, size) and None})


# ---- encoding --------------------------------------------------------------------


def encode(small: bool) -> Side:
    """Encode a text that is new: our tokenizer remembers pieces that it has met."""
    text, merges = made_up(sizes(small)[0]), trained(small).merges

    def step():
        fresh = Tokenizer(merges)
        began = time.perf_counter()
        fresh.encode(text)
        return time.perf_counter() - began

    return Side(lambda _: {"ids": Tokenizer(merges).encode(text)}, {"ours": step})


def encode_by_tiktoken(small: bool) -> Side:
    text, fast = made_up(sizes(small)[0]), trained(small).to_tiktoken()

    def step():
        fast.encode_ordinary(text)

    return Side(lambda _: {"ids": fast.encode_ordinary(text)}, {"tiktoken": step})


ROWS = [
    Row(
        "bpe-train",
        "BPE training, 1 MB to 4,096 ids",
        "a naive loop, as in minbpe",
        30.0,
        train,
        train_naively,
        partial(work, "bytes"),
        weights=(),
        once=True,
    ),
    Row(
        "bpe-train-rust",
        "BPE training, 1 MB to 4,096 ids",
        "Hugging Face tokenizers (Rust)",
        1.0,
        learned,
        learned_by_tokenizers,
        partial(work, "bytes"),
        tolerance=0.005,
        weights=(),
    ),
    Row(
        "bpe-encode",
        "BPE encoding, 1 MB",
        "tiktoken (Rust)",
        0.05,
        encode,
        encode_by_tiktoken,
        partial(work, "bytes"),
        weights=(),
    ),
]
