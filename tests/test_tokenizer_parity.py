"""Our tokenizer against tiktoken and Hugging Face's, and the work it does."""

import cProfile
import functools
import json
import pstats
import random
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
import regex

from r1lib.tokenizer import FIRST_BYTE, SMALLEST, Tokenizer, learn_merges
from r1lib.tokenizer.pretokenize import (
    ONE_PATTERN,
    PRETOKENIZERS,
    compiled,
    pretokenize,
)
from r1lib.world.general import FAMILIES, sample

tiktoken = pytest.importorskip("tiktoken")
hf = pytest.importorskip("tokenizers")
NAMES = list(PRETOKENIZERS)
ENGLISH = (
    "The quick brown fox didn't jump: it walked. In 2024 it cost 1,234,567.89 dollars!"
)
KOREAN = (
    "서울의 수도는 어디야? 훈민정음은 1446년에 반포되었다. ㅋㅋㅋ 값이 25,000원이야."
)
CODE = (
    "def solve(xs):\n\treturn [x**2 for x in xs if x % 2 == 0]  # ok\n\n\nprint('§')\n"
)
EMOJI = "🙂🙂 👩‍👩‍👧🏽 🇰🇷 ❤️‍🔥 1️⃣ e\u0301\u0301 \u200b\ufeff"
ASIAN = "東京タワーは333メートル、北京 2008年。ｶﾅ ゛ ・ 한국어と日本語 x京y"
TEXTS = {
    "English": ENGLISH,
    "Korean": KOREAN,
    "code": CODE,
    "emoji": EMOJI,
    "Han and kana": ASIAN,
    "empty": "",
    "special": "<|user|><think>2+2</think><|eos|>",
}


def noise(seed: int, n: int) -> str:
    """Random bytes read as text; what is not UTF-8 becomes U+FFFD."""
    return random.Random(seed).randbytes(n).decode("utf-8", errors="replace")


@functools.cache
def alphabet() -> list[str]:
    """Groups of characters whose neighbourhood decides where text is cut."""
    ranges = [(0, 256), (0x300, 0x370), (0x3040, 0x3100), (0x4E00, 0x4E80)]
    ranges += [(0xAC00, 0xAC80), (0x2000, 0x2070), (0x1F600, 0x1F640), (0x0660, 0x066A)]
    ranges += [(0x9FA0, 0x9FB0), (0xFF10, 0xFF70), (0xFDD0, 0xFDF2), (0xE000, 0xE004)]
    groups = ["".join(map(chr, range(a, b))) for a, b in ranges]
    groups = ["".join(c for c in g if unicodedata.category(c) != "Cn") for g in groups]
    return [
        *groups,
        " ",
        " \n\t\r",
        "0123456789",
        "abcXYZ",
        ".,!?'\"(){}-_",
        "\0\x01",
        "\u3097\u3098か・゛",
    ]


def random_text(rng: random.Random) -> str:
    """A short text in which every kind of character meets every other."""
    kinds = rng.choices(alphabet(), k=rng.randint(1, 30))
    return "".join(rng.choice(kind) * rng.choice((1, 1, 1, 2, 5)) for kind in kinds)


def byte_letters() -> dict[int, str]:
    """The visible character by which GPT-2 and its heirs write each byte."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [b for b in range(256) if b not in visible]
    return {b: chr(b) for b in visible} | {
        b: chr(256 + i) for i, b in enumerate(hidden)
    }


LETTERS = byte_letters()


def written(text: bytes) -> str:
    return "".join(LETTERS[b] for b in text)


def hf_cuts(name: str, byte_level: bool = True):
    """The same way of cutting, made of Hugging Face's parts."""
    parts = [
        hf.pre_tokenizers.Split(hf.Regex(p), behavior="isolated")
        for p in PRETOKENIZERS[name]
    ]
    if byte_level:
        parts.append(
            hf.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        )
    return hf.pre_tokenizers.Sequence(parts)


def hf_twin(tokenizer: Tokenizer):
    """The same vocabulary and merges as a tokenizer of Hugging Face."""
    names = {i: written(text) for i, text in tokenizer.bytes_of.items()}
    merges = [(names[left], names[right]) for left, right in tokenizer.merges]
    vocabulary = {name: i for i, name in names.items()}
    twin = hf.Tokenizer(hf.models.BPE(vocab=vocabulary, merges=merges))
    twin.pre_tokenizer = hf_cuts(tokenizer.pretokenizer)
    return twin


def hf_trained(texts, vocab_size: int, name: str) -> list[tuple[int, int]]:
    """Merges that Hugging Face learns from the same pieces, as our ids.

    Its ties also go to the smaller ids. "Special tokens" come first in its numbering,
    in the order in which they are named: so the bytes get the ids that they have here.
    """
    twin = hf.Tokenizer(hf.models.BPE())
    twin.pre_tokenizer = hf_cuts(name)
    first = [f"special {i}" for i in range(FIRST_BYTE)]
    trainer = hf.trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        show_progress=False,
        special_tokens=first + [LETTERS[b] for b in range(256)],
    )
    twin.train_from_iterator(texts, trainer)
    model = json.loads(twin.to_str())["model"]
    return [tuple(model["vocab"][part] for part in pair) for pair in model["merges"]]


def documents(n: int, seed: int = 0) -> list[str]:
    """n texts of the tiny world in both languages, and as many of random letters."""
    rng = random.Random(seed)
    out = []
    for i in range(n):
        language = ("en", "ko")[i % 2]
        out.append("\n".join(sample(rng, FAMILIES[i % len(FAMILIES)], language)))
        out.append("".join(rng.choice("aab가나 b1") for _ in range(30)))
    return out + list(TEXTS.values())


@functools.cache
def trained(name: str) -> Tokenizer:
    return Tokenizer.train(documents(300), SMALLEST + 700, name)


# ---- cutting -------------------------------------------------------------------


def test_deepseek_cuts_as_its_published_file_does():
    # worked by hand from the three patterns of its tokenizer.json
    text = "x 12345, 東京タワー에서 can't\n\n  go"
    pieces = "x| |123|45|,| |東京タワー|에서| can|'t|\n\n| | go".split("|")
    assert pretokenize(text, compiled("deepseek-v3")) == pieces


def test_ten_thousand_random_texts_are_cut_as_hugging_face_cuts_them():
    rng, ours = random.Random(0), {name: compiled(name) for name in NAMES}
    theirs = {name: hf_cuts(name, byte_level=False) for name in NAMES}
    for _ in range(10_000):
        text = random_text(rng)
        for name in NAMES:
            pieces = [piece for piece, _ in theirs[name].pre_tokenize_str(text)]
            assert pretokenize(text, ours[name]) == pieces, (name, text)


def test_one_pattern_cuts_as_three_in_turn():
    rng, three = random.Random(1), compiled("deepseek-v3")
    one = regex.compile(ONE_PATTERN["deepseek-v3"], regex.V1)
    for _ in range(10_000):
        text = random_text(rng)
        assert one.findall(text) == pretokenize(text, three), text


def test_three_patterns_joined_by_a_bar_are_another_way_of_cutting():
    # so the tests above can fail
    rng, three = random.Random(2), compiled("deepseek-v3")
    joined = regex.compile("|".join(PRETOKENIZERS["deepseek-v3"]))
    texts = [random_text(rng) for _ in range(200)]
    assert any(joined.findall(text) != pretokenize(text, three) for text in texts)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_lost_by_cutting(name):
    rng, patterns = random.Random(3), compiled(name)
    for _ in range(1000):
        text = random_text(rng)
        assert "".join(pretokenize(text, patterns)) == text


# ---- training ------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_hugging_face_learns_the_same_merges(name):
    ours = trained(name).merges
    assert len(ours) == 700
    assert ours == hf_trained(documents(300), SMALLEST + 700, name)


@pytest.mark.parametrize("seed", range(10))
def test_hugging_face_breaks_ties_alike(seed):
    rng = random.Random(seed)
    texts = ["".join(rng.choice("aab\x00ÿ 가") for _ in range(60)) for _ in range(5)]
    ours = Tokenizer.train(texts, SMALLEST + 90).merges
    assert ours == hf_trained(texts, SMALLEST + 90, "tiny")


def pseudo_words(n_bytes: int, seed: int = 0) -> str:
    """Text of made-up words, few of them frequent and most rare, as in any language."""
    rng = random.Random(seed)
    sounds = [a + b for a in "bdfgklmnprst" for b in ("a", "e", "i", "o", "ou", "ai")]
    words = [
        "".join(rng.choices(sounds, k=rng.randint(1, 5))) for _ in range(n_bytes // 25)
    ]
    chance = [1 / (rank + 1) for rank in range(len(words))]
    return " ".join(rng.choices(words, chance, k=n_bytes // 5))[:n_bytes]


@pytest.mark.slow
def test_a_megabyte_gives_hugging_faces_4096_tokens():
    text = pseudo_words(2**20)
    assert len(text) == 2**20
    ours = Tokenizer.train([text], 4096)
    assert ours.vocab_size == 4096
    assert ours.merges == hf_trained([text], 4096, "tiny")


def notes(function, *args) -> int:
    """How often a place of a pair was written down: work, not seconds."""
    profile = cProfile.Profile()
    profile.runcall(function, *args)
    return sum(
        calls[0]
        for (_, _, name), (*_, callers) in pstats.Stats(profile).stats.items()
        if name == "<method 'append' of 'list' objects>"
        for (file, _, _), calls in callers.items()
        if Path(file).parent.name == "tokenizer"
    )


def test_training_does_not_look_again_at_pairs_that_do_not_change():
    busy = Counter({"abab": 5, "abc": 4, "bcab": 3, "abcd": 9})
    idle = Counter({f"{a}{b}{a}": 1 for a in "efghijklm" for b in "nopqrstuvwxyz"})
    assert learn_merges(busy + idle, 4) == learn_merges(busy, 4)  # idle ones are rarer
    ids = sum(len(word) + 1 for word in idle)
    assert notes(learn_merges, busy + idle, 4) == notes(learn_merges, busy, 4) + ids


# ---- encoding ------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", TEXTS)
def test_both_twins_encode_alike(name, kind):
    tokenizer, text = trained(name), TEXTS[kind]
    ids = tokenizer.encode(text)
    assert ids == tokenizer.to_tiktoken().encode_ordinary(text)
    assert ids == hf_twin(tokenizer).encode(text).ids
    assert tokenizer.decode(ids) == text


@pytest.mark.parametrize("name", NAMES)
def test_both_twins_encode_noise_alike(name):
    tokenizer, rng = trained(name), random.Random(4)
    fast, other = tokenizer.to_tiktoken(), hf_twin(tokenizer)
    for seed in range(100):
        for text in (noise(seed, 200), random_text(rng)):
            ids = tokenizer.encode(text)
            assert ids == fast.encode_ordinary(text), (seed, text)
            assert ids == other.encode(text).ids, (seed, text)


def test_a_megabyte_is_encoded_as_tiktoken_does():
    tokenizer = trained("tiny")
    text = ("\n".join(documents(300)) * 40)[: 2**20]
    assert len(text) == 2**20
    assert tokenizer.encode(text) == tokenizer.to_tiktoken().encode_ordinary(text)


@pytest.mark.slow
def test_a_megabyte_of_one_letter_is_encoded_as_tiktoken_does():
    tokenizer = Tokenizer.train(["a" * 100, "b"], SMALLEST + 5)
    ids = tokenizer.encode("a" * 2**20)
    assert ids == tokenizer.to_tiktoken().encode_ordinary("a" * 2**20)
    assert tokenizer.decode(ids) == "a" * 2**20


@pytest.mark.parametrize("letter", ["a", " ", "가", "7", "\n", "!", "\0"])
def test_the_work_of_encoding_grows_with_the_length_and_not_its_square(letter):
    tokenizer = Tokenizer.train([letter * 100, letter * 37], SMALLEST + 8)
    for n in (1000, 20_000):
        ids = len((letter * n).encode())
        work = notes(tokenizer.encode, letter * n)
        assert work <= 3 * ids + 10
        seen = letter == "\0" and n > 1000  # a piece of its own, known by now
        assert work > 0 or seen
