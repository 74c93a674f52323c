"""Text <-> ids: byte-level BPE, written from scratch.

A token is a run of bytes. Training starts from the 256 single bytes and joins, again
and again, the pair of neighbours that occurs most often (Sennrich et al. 2016; on
bytes as in GPT-2). Text is first cut by `pretokenize` into pieces that no merge
crosses: digits in threes, words with the space before them, runs of punctuation.

Ids: special tokens first, then the 256 bytes, then the merges in training order.
Special tokens are never produced from ordinary text; a caller has to ask for them.
Chapter 02 builds this file.
"""

import heapq
import json
import operator
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

import regex

from r1lib import files
from r1lib.files import shown
from r1lib.tokenizer.pretokenize import (
    ONE_PATTERN,
    PRETOKENIZERS,
    compiled,
    pretokenize,
    stored,
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
MOST_BYTES = 2**26  # of all tokens together: a small file must not ask for gigabytes
GAP = -1  # an id that is none: between two pieces, or joined to its left neighbour


class Tokenizer:
    """Byte-level BPE: `merges[k]` joins two ids into id SMALLEST + k.

    `pretokenizer` names how text is cut before any merge, one of PRETOKENIZERS.
    """

    eos = EOS  # the id that ends a completion

    def __init__(self, merges: Iterable, pretokenizer: str = "tiny"):
        self.pretokenizer, self._patterns = pretokenizer, compiled(pretokenizer)
        self.ranks: dict[tuple[int, int], int] = {}
        total = 0
        self.bytes_of = {FIRST_BYTE + b: bytes([b]) for b in range(256)}
        for new, pair in enumerate(merges, SMALLEST):
            left, right = pair = check_merge(pair, new)
            if pair in self.ranks:
                raise ValueError(f"merge {left},{right} is there twice")
            total += len(self.bytes_of[left]) + len(self.bytes_of[right])
            if total > MOST_BYTES:
                raise ValueError(f"the tokens have more than {MOST_BYTES} bytes")
            self.ranks[pair] = new
            self.bytes_of[new] = self.bytes_of[left] + self.bytes_of[right]
        self.merges = list(self.ranks)
        self.special_ids = {text: i for i, text in enumerate(SPECIAL)}
        self._specials = regex.compile("(" + "|".join(map(regex.escape, SPECIAL)) + ")")
        self._cache: dict[str, list[int]] = {}

    @property
    def vocab_size(self) -> int:
        """Number of ids, special tokens included."""
        return SMALLEST + len(self.merges)

    @classmethod
    def train(
        cls, texts: Iterable, vocab_size: int, pretokenizer: str = "tiny"
    ) -> "Tokenizer":
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
        if isinstance(texts, str):
            raise ValueError("texts must be several str, got one; put it in a list")
        patterns, words = compiled(pretokenizer), Counter()
        for text in texts:
            words.update(pretokenize(check_text(text), patterns))
        return cls(learn_merges(words, vocab_size - SMALLEST), pretokenizer)

    def encode(self, text, allow_special: bool = False) -> list[int]:
        """Turn a str into ids; with `allow_special`, "<think>" becomes one id.

        The work grows with the length n as n log n, whatever the text. Raises
        ValueError for what is not a str, and for half a surrogate pair in it.
        """
        if not allow_special:
            return self._encode_ordinary(check_text(text))
        ids = []
        for part in self._specials.split(check_text(text)):
            special = self.special_ids.get(part)
            ids += self._encode_ordinary(part) if special is None else [special]
        return ids

    def decode(self, ids: Iterable) -> str:
        """Turn ids into text; bytes that are not UTF-8 become U+FFFD."""
        parts = []
        for i in ids:
            try:
                i = operator.index(i)
            except TypeError:
                raise ValueError(f"ids must be whole numbers, got {shown(i)}") from None
            if not 0 <= i < self.vocab_size:
                raise ValueError(f"id must be in 0..{self.vocab_size - 1}, got {i}")
            parts.append(SPECIAL[i].encode() if i < FIRST_BYTE else self.bytes_of[i])
        return b"".join(parts).decode("utf-8", errors="replace")

    def prompt(self, question: str) -> list[int]:
        """Frame a question for the model: bos, user, the text, assistant."""
        return [BOS, USER, *self.encode(question), ASSISTANT]

    def _encode_ordinary(self, text: str) -> list[int]:
        ids = []
        for piece in pretokenize(text, self._patterns):
            known = self._cache.get(piece)
            if known is None:
                start = [FIRST_BYTE + b for b in piece.encode("utf-8")]
                known = apply_merges(start, self.ranks)
                if len(piece) < 100 and len(self._cache) < 100_000:
                    self._cache[piece] = known
            ids += known
        return ids

    def save(self, path) -> None:
        """Write tokenizer.json: the pattern, the special tokens and the merges."""
        pattern = stored(self.pretokenizer)
        content = {"pattern": pattern, "special": SPECIAL, "merges": self.merges}
        files.write_text(path, json.dumps(content))

    @classmethod
    def load(cls, path) -> "Tokenizer":
        """Read what `save` wrote; whatever else the file holds is a ValueError."""
        content = files.read_json(path, fields={"merges": list})
        pattern = content.get("pattern")
        names = [name for name in PRETOKENIZERS if stored(name) == pattern]
        if not names or content.get("special") != list(SPECIAL):
            raise ValueError(f"{path} is of another pattern or other special tokens")
        try:
            return cls(content["merges"], names[0])
        except ValueError as error:
            raise ValueError(f"{path} is damaged: {shown(error)}") from None

    def to_tiktoken(self):
        """Return the same tokenizer as a tiktoken.Encoding, the fast twin.

        tiktoken looks a whole piece up before it merges, so a token that the merges
        themselves never reach is a ValueError; training does not make one.
        """
        import tiktoken

        for i, text in self.bytes_of.items():
            if apply_merges([FIRST_BYTE + b for b in text], self.ranks) != [i]:
                raise ValueError(f"no text is encoded as id {i}: {shown(text)}")
        return tiktoken.Encoding(
            "r1lib",
            pat_str=ONE_PATTERN[self.pretokenizer],
            mergeable_ranks={text: i for i, text in self.bytes_of.items()},
            special_tokens=self.special_ids,
        )


def check_text(text) -> str:
    """Return a str as it is; anything else is a ValueError."""
    if not isinstance(text, str):
        raise ValueError(f"text must be a str, got {type(text).__name__}")
    return text


def check_merge(pair, new: int) -> tuple[int, int]:
    """Return the merge that makes id `new` as a pair, or say what is wrong with it."""
    fits = isinstance(pair, list | tuple) and len(pair) == 2
    if not fits or any(type(i) is not int for i in pair):
        raise ValueError(f"a merge must be two ids, got {shown(pair)}"[:200])
    if not all(FIRST_BYTE <= i < new for i in pair):
        raise ValueError(
            f"merge {pair[0]},{pair[1]} uses an id that is not defined yet: "
            f"wanted {FIRST_BYTE}..{new - 1}"
        )
    return tuple(pair)


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


class Chain:
    """Pieces of ids as linked lists that know where each pair is and how often.

    A join touches the places of its pair and their neighbours, and nothing else.
    A GAP is the border of two pieces, or a place that its left neighbour swallowed.
    Pairs with a GAP are counted, and never joined.
    """

    def __init__(self, pieces: Iterable[list[int]], weights: Iterable[int]):
        self.ids, self.weights = [GAP], [0]
        for piece, weight in zip(pieces, weights, strict=True):
            self.ids += [*piece, GAP]
            self.weights += [weight] * (len(piece) + 1)
        self.left = list(range(-1, len(self.ids) - 1))
        self.right = list(range(1, len(self.ids) + 1))
        self.count, self.places = Counter(), defaultdict(list)
        for i, pair in enumerate(pairwise(self.ids)):
            self.count[pair] += self.weights[i]
            self.places[pair].append(i)

    def join(self, pair: tuple[int, int], new: int) -> set[tuple[int, int]]:
        """Replace each `pair` by `new`, from left to right; return the pairs made."""
        ids, left, right, made = self.ids, self.left, self.right, set()
        for i in sorted(self.places.pop(pair)):
            j = right[i]
            if (ids[i], ids[j]) != pair:
                continue  # the place is old, or in "aaa" the join before took it
            before, after = left[i], right[j]
            for k in (before, i, j):
                self.count[ids[k], ids[right[k]]] -= self.weights[k]
            ids[i], ids[j] = new, GAP
            right[i], left[after] = after, i
            for k in (before, i):
                now = ids[k], ids[right[k]]
                self.count[now] += self.weights[k]
                self.places[now].append(k)
                made.add(now)
        return {now for now in made if GAP not in now}


def apply_merges(ids: list[int], ranks: dict[tuple[int, int], int]) -> list[int]:
    """Apply the merges to one piece, earliest first: n ids cost n log n.

    The rank of a merge is the id that it makes. `slow_encode` is the naive twin.
    """
    chain = Chain([ids], [1])
    pair_of = {ranks[pair]: pair for pair in chain.places if pair in ranks}
    heap = sorted(pair_of)
    while heap:
        new = heapq.heappop(heap)
        for pair in chain.join(pair_of[new], new):
            if pair in ranks:
                pair_of[ranks[pair]] = pair
                heapq.heappush(heap, ranks[pair])
    return [i for i in chain.ids if i != GAP]


def learn_merges(words: Counter, n_merges: int) -> list[tuple[int, int]]:
    """Find the merges of words that occur so many times, most frequent pair first.

    The heap may say that a pair is more frequent than it is by now, never less. So
    what comes out on top is looked up, and put back where its count has fallen.
    `slow_merges` is the naive twin.
    """
    pieces = ([FIRST_BYTE + b for b in word.encode("utf-8")] for word in words)
    chain = Chain(pieces, words.values())
    heap = [(-n, pair) for pair, n in chain.count.items() if GAP not in pair]
    heapq.heapify(heap)
    merges = []
    while len(merges) < n_merges and heap and heap[0][0] <= -2:
        said, pair = heapq.heappop(heap)
        if (now := -chain.count[pair]) > said:
            heapq.heappush(heap, (now, pair))
            continue
        for made in chain.join(pair, SMALLEST + len(merges)):
            heapq.heappush(heap, (-chain.count[made], made))
        merges.append(pair)
    return merges


def slow_merges(words: Counter, n_merges: int) -> list[tuple[int, int]]:
    """The definition, and the naive twin of `learn_merges`: count anew for each merge.

    >>> slow_merges(Counter({"aaab": 2}), 2)
    [(106, 106), (106, 107)]
    """
    pieces = [([FIRST_BYTE + b for b in w.encode()], n) for w, n in words.items()]
    merges = []
    for new in range(SMALLEST, SMALLEST + n_merges):
        count = Counter()
        for ids, n in pieces:
            for pair in pairwise(ids):
                count[pair] += n
        best = min(count, key=lambda pair: (-count[pair], pair), default=None)
        if best is None or count[best] < 2:
            break
        merges.append(best)
        pieces = [(join(ids, best, new), n) for ids, n in pieces]
    return merges


def slow_encode(ids: list[int], ranks: dict[tuple[int, int], int]) -> list[int]:
    """The definition, and the naive twin of `apply_merges`: n ids cost n squared.

    Of the pairs that are present, join the one that was learned first; repeat.
    """
    while known := [pair for pair in pairwise(ids) if pair in ranks]:
        first = min(known, key=ranks.get)
        ids = join(ids, first, ranks[first])
    return ids
