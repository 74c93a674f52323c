"""Text <-> ids: byte-level BPE, written from scratch.

A token is a run of bytes. Training starts from the 256 single bytes and joins, again
and again, the pair of neighbours that occurs most often (Sennrich et al. 2016; on
bytes as in GPT-2). Text is first cut by PATTERN into pieces that no merge crosses:
digits in threes, words with the space before them, runs of punctuation.

Ids: special tokens first, then the 256 bytes, then the merges in training order.
Special tokens are never produced from ordinary text; a caller has to ask for them.
Chapter 02 builds this file.
"""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import regex

from r1lib import files

PATTERN = (
    r"\p{N}{1,3}"
    r"|[^\r\n\p{L}\p{P}\p{S}\p{N}]?[\p{L}\p{M}]+"
    r"| ?[\p{P}\p{S}]+"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+|[^\p{L}\p{N}\p{P}\p{S}\s]"
)
SPECIAL = (
    "<|pad|>",
    "<|bos|>",
    "<|eos|>",
    "<|user|>",
    "<|assistant|>",
    "<think>",
    "</think>",
    "<answer>",
    "</answer>",
)
PAD, BOS, EOS, USER, ASSISTANT = range(5)
FIRST_BYTE = len(SPECIAL)
SMALLEST = FIRST_BYTE + 256  # a vocabulary without a single merge


class Tokenizer:
    """Byte-level BPE: `merges[k]` joins two ids into id SMALLEST + k."""

    def __init__(self, merges: list[tuple[int, int]]):
        self.merges = list(merges)
        self.ranks = {pair: SMALLEST + k for k, pair in enumerate(self.merges)}
        self.bytes_of = {FIRST_BYTE + b: bytes([b]) for b in range(256)}
        for (left, right), new in self.ranks.items():
            if left not in self.bytes_of or right not in self.bytes_of:
                raise ValueError(
                    f"merge {left},{right} uses an id that is not defined yet"
                )
            self.bytes_of[new] = self.bytes_of[left] + self.bytes_of[right]
        self.special_ids = {text: i for i, text in enumerate(SPECIAL)}
        self._pieces = regex.compile(PATTERN)
        self._specials = regex.compile("(" + "|".join(map(regex.escape, SPECIAL)) + ")")
        self._cache: dict[str, list[int]] = {}

    @property
    def vocab_size(self) -> int:
        """Number of ids, special tokens included."""
        return SMALLEST + len(self.merges)

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int) -> "Tokenizer":
        """Learn merges until `vocab_size` ids exist, or no pair occurs twice.

        Ties go to the pair with the smaller ids, so the result has no luck in it.

        >>> Tokenizer.train(["aaabdaaabac"], SMALLEST + 3).encode("aaab")
        [267]
        """
        if vocab_size < SMALLEST:
            raise ValueError(
                f"vocab_size must be at least {SMALLEST} "
                f"({FIRST_BYTE} special tokens and 256 bytes), got {vocab_size}"
            )
        pattern = regex.compile(PATTERN)
        words = Counter(piece for text in texts for piece in pattern.findall(text))
        return cls(learn_merges(words, vocab_size - SMALLEST))

    def encode(self, text: str, allow_special: bool = False) -> list[int]:
        """Turn text into ids; with `allow_special`, "<think>" becomes one id."""
        if not allow_special:
            return self._encode_ordinary(text)
        ids = []
        for part in self._specials.split(text):
            special = self.special_ids.get(part)
            ids += self._encode_ordinary(part) if special is None else [special]
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """Turn ids into text; bytes that are not UTF-8 become the sign U+FFFD."""
        parts = []
        for i in ids:
            i = int(i)
            if not 0 <= i < self.vocab_size:
                raise ValueError(f"id must be in 0..{self.vocab_size - 1}, got {i}")
            parts.append(SPECIAL[i].encode() if i < FIRST_BYTE else self.bytes_of[i])
        return b"".join(parts).decode("utf-8", errors="replace")

    def prompt(self, question: str) -> list[int]:
        """Frame a question for the model: bos, user, the text, assistant."""
        return [BOS, USER, *self.encode(question), ASSISTANT]

    def _encode_ordinary(self, text: str) -> list[int]:
        ids = []
        for piece in self._pieces.findall(text):
            known = self._cache.get(piece)
            if known is None:
                known = self._merge([FIRST_BYTE + b for b in piece.encode("utf-8")])
                if len(self._cache) < 100_000:
                    self._cache[piece] = known
            ids += known
        return ids

    def _merge(self, ids: list[int]) -> list[int]:
        """Apply the merges to one piece, earliest merge first."""
        while len(ids) > 1:
            pair = min(
                zip(ids, ids[1:], strict=False), key=lambda p: self.ranks.get(p, 1e9)
            )
            if pair not in self.ranks:
                break
            ids = join(ids, pair, self.ranks[pair])
        return ids

    def save(self, path) -> None:
        """Write tokenizer.json: the pattern, the special tokens and the merges."""
        content = {"pattern": PATTERN, "special": SPECIAL, "merges": self.merges}
        files.write_text(path, json.dumps(content))

    @classmethod
    def load(cls, path) -> "Tokenizer":
        """Read what `save` wrote; another pattern or special list is an error."""
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        known = {"pattern": PATTERN, "special": list(SPECIAL)}
        if {name: content.get(name) for name in known} != known:
            raise ValueError(
                f"{path} was written for another pattern or special tokens"
            )
        return cls([tuple(pair) for pair in content["merges"]])

    def to_tiktoken(self):
        """Return the same tokenizer as a tiktoken.Encoding, the fast twin."""
        import tiktoken

        ranks = {text: i for i, text in self.bytes_of.items()}
        return tiktoken.Encoding(
            "r1lib",
            pat_str=PATTERN,
            mergeable_ranks=ranks,
            special_tokens=self.special_ids,
        )


def join(ids: list[int], pair: tuple[int, int], new: int) -> list[int]:
    """Replace each occurrence of `pair` by `new`, from left to right.

    >>> join([1, 1, 1, 2], (1, 1), 9)
    [9, 1, 2]
    """
    out, i = [], 0
    while i < len(ids):
        if i + 1 < len(ids) and (ids[i], ids[i + 1]) == pair:
            out.append(new)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out


def learn_merges(words: Counter, n_merges: int) -> list[tuple[int, int]]:
    """Find the merges; after each one only the words that held the pair change."""
    pieces = [[FIRST_BYTE + b for b in word.encode("utf-8")] for word in words]
    counts = list(words.values())
    pair_count, holders = Counter(), {}

    def add(index: int, sign: int) -> None:
        ids = pieces[index]
        for pair in zip(ids, ids[1:], strict=False):
            pair_count[pair] += sign * counts[index]
            holders.setdefault(pair, set()).add(index)

    for index in range(len(pieces)):
        add(index, +1)
    merges = []
    while len(merges) < n_merges and pair_count:
        pair = min(pair_count, key=lambda p: (-pair_count[p], p))
        if pair_count[pair] < 2:
            break
        for index in holders.pop(pair):
            add(index, -1)
            pieces[index] = join(pieces[index], pair, SMALLEST + len(merges))
            add(index, +1)
        merges.append(pair)
        pair_count = +pair_count
    return merges
