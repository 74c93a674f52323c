"""Train the tokenizer of the book and put it into artifacts/, the same every time.

    python -m tools.make_tokenizer

It reads text of every family, in both languages and in every style, and it is frozen
before any model is trained. The corpus may later be mixed anew without changing it:
what it reads, and how often, is written down here.
"""

import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from r1lib import files
from r1lib.problem import LANGUAGES, LEVELS, STYLES, draw
from r1lib.tokenizer import SPECIAL, Tokenizer
from r1lib.world import arithmetic, corpus, countdown, general, logic, programs
from tools import cards

ROOT = Path(__file__).resolve().parent.parent
VOCABULARY = 640
SEED = 0
HABITS = corpus.Habits(  # those of the day it was frozen: only shapes the text
    styles=(0.55, 0.12, 0.33),
    right_guess=0.10,
    hit=0.20,
    slip=0.06,
    false_yes=0.02,
    false_no=0.05,
    again=0.0,
    patience=1000,
    give_up=0.25,
    switch=0.10,
)
SAMPLERS = {
    "countdown": countdown.sample,
    "arithmetic": arithmetic.sample,
    "programs": programs.sample,
    "logic": logic.sample,
}
DOCUMENTS = {  # how many texts of each family are read
    "countdown": 1500,
    "arithmetic": 1500,
    "programs": 1000,
    "logic": 700,
    **dict.fromkeys(general.FAMILIES, 700),
}
NUMBERS = 1000  # how often every number is listed besides: rare ones are one token too
SPECIALS = re.compile("|".join(map(re.escape, SPECIAL)))


def texts_of(family: str, n: int, rng: random.Random) -> Iterator[str]:
    """Yield n training texts of a family, prompt and completion, evenly mixed."""
    for i in range(n):
        language = LANGUAGES[i % 2]
        if family in general.FAMILIES:
            yield "\n".join(general.sample(rng, family, language))
            continue
        level = LEVELS[i % 5 == 0]
        problem = draw(SAMPLERS[family], rng, "train", level, language)
        yield f"{problem.prompt}\n{trace(rng, problem, rng.choice(STYLES))}"


def trace(rng: random.Random, problem, style: str) -> str:
    """Write a completion as the family does."""
    if problem.family == "programs":
        return programs.trace(rng, problem, style)
    if problem.family == "logic":
        return logic.trace(rng, problem, style)
    return corpus.trace(rng, problem, style, HABITS)


def training_texts(seed: int = SEED) -> Iterator[str]:
    """Yield all that the tokenizer reads, cut at the special tokens."""
    for family, n in DOCUMENTS.items():
        for text in texts_of(family, n, random.Random(f"tokenizer-{seed}-{family}")):
            yield from SPECIALS.split(text)
    for _ in range(NUMBERS):
        yield ",".join(map(str, range(100)))


def check(tokenizer: Tokenizer) -> None:
    """Refuse a tokenizer that cuts a number of the tiny world or a verdict in two."""
    words = [word for pair in countdown.WORDS.values() for word in pair.values()]
    wanted = [*map(str, range(100)), *words]
    if cut := [text for text in wanted if len(tokenizer.encode(text)) != 1]:
        raise ValueError(f"wanted one token each, got more for {', '.join(cut)}")
    if tokenizer.vocab_size != VOCABULARY:
        raise ValueError(f"wanted {VOCABULARY} ids, got {tokenizer.vocab_size}")


def bytes_per_token(tokenizer: Tokenizer, n: int = 300) -> dict[str, float]:
    """Measure on texts it was not trained on how many bytes a token holds."""
    out = {}
    for family in DOCUMENTS:
        texts = list(texts_of(family, n, random.Random(f"measure-{family}")))
        ids = sum(len(tokenizer.encode(text, allow_special=True)) for text in texts)
        out[family] = round(sum(len(t.encode()) for t in texts) / ids, 3)
    return out


def make(root: Path = ROOT) -> Tokenizer:
    """Train, check, and write the artifact with its entry in the manifest."""
    tokenizer = Tokenizer.train(training_texts(), VOCABULARY)
    check(tokenizer)
    with files.new_folder(root / "artifacts" / "tokenizer") as folder:
        tokenizer.save(folder / "tokenizer.json")
        entry = {
            "sha256": files.sha256(folder),
            "seed": SEED,
            "made_by": "python -m tools.make_tokenizer",
            "metrics": {"bytes_per_token": bytes_per_token(tokenizer)},
        }
        told = cards.card(cards.TOKENIZER, entry, folder)
        files.write_text(folder / files.CARD, told)
    manifest = root / "artifacts" / "manifest.json"
    known = files.read_json(manifest) if manifest.exists() else {}
    known[cards.TOKENIZER] = entry
    files.write_text(manifest, json.dumps(known, indent=1, sort_keys=True) + "\n")
    return tokenizer


def main() -> int:
    tokenizer = make()
    print(f"artifacts/tokenizer: {tokenizer.vocab_size} ids; bytes per token:")
    for family, measured in bytes_per_token(tokenizer).items():
        print(f"    {family:12}{measured}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
