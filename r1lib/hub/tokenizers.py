"""Published tokenizers in our words: tokenizer.json of byte-level BPE.

DeepSeek, Qwen and Llama 3 cut text by patterns, write bytes as visible characters, and
merge. Ours does the same with other ids, so a `PublishedTokenizer` is ours with a
vocabulary of its own. Whatever else such a file asks for is refused by name.
"""

import unicodedata
from pathlib import Path

import regex

from r1lib import files
from r1lib.files import shown
from r1lib.tokenizer import Tokenizer, apply_merges, check_text
from r1lib.tokenizer.pretokenize import pretokenize

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
VISIBLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
HIDDEN = [b for b in range(256) if b not in VISIBLE]
LETTERS = {chr(b): b for b in VISIBLE} | {chr(256 + i): b for i, b in enumerate(HIDDEN)}


class PublishedTokenizer(Tokenizer):
    """A published byte-level BPE: the same methods as ours, the published ids.

    `frame` is the text before and after a question in `prompt`; it may hold special
    tokens, the question cannot.
    """

    def __init__(self, content: dict, settings: dict, frame: tuple[str, str]):
        model, added = content["model"], content.get("added_tokens") or []
        self.frame, self._patterns = frame, [*map(_compiled, _patterns(content))]
        self._nfc, self._whole = _is_nfc(content), bool(model.get("ignore_merges"))
        self.special_ids = {token["content"]: token["id"] for token in added}
        words = {w: i for w, i in model["vocab"].items() if w not in self.special_ids}
        self.bytes_of = {i: _bytes(word) for word, i in words.items()}
        self.ids_of = {text: i for i, text in self.bytes_of.items()}
        self.bytes_of |= {i: text.encode() for text, i in self.special_ids.items()}
        self.merges = [_pair(merge, words) for merge in model["merges"]]
        self.ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        text_of = self.bytes_of
        self.made = [self.ids_of[text_of[a] + text_of[b]] for a, b in self.merges]
        if missing := [b for b in range(256) if bytes([b]) not in self.ids_of]:
            raise ValueError(f"the vocabulary has no token for byte {missing[0]}")
        longest = sorted(self.special_ids, key=len, reverse=True)
        self._specials = regex.compile(f"({'|'.join(map(regex.escape, longest))})")
        self.bos, self.eos = (
            self._named(settings, f"{x}_token") for x in ("bos", "eos")
        )
        self._cache: dict[str, list[int]] = {}

    @property
    def vocab_size(self) -> int:
        """Number of ids; a model may have more rows."""
        return max(self.bytes_of) + 1

    def encode(self, text, allow_special: bool = False) -> list[int]:
        """Turn a str into ids, as `Tokenizer.encode`; no bos is put in front."""
        special = allow_special and self.special_ids
        parts = self._specials.split(check_text(text)) if special else [text]
        ids = []
        for part in parts:
            known = self.special_ids.get(part) if special else None
            ids += self._encode_ordinary(check_text(part)) if known is None else [known]
        return ids

    def decode(self, ids) -> str:
        """Turn ids into text, special tokens too; rows without a token are ""."""
        found = (self.bytes_of.get(int(i), b"") for i in ids)
        return b"".join(found).decode("utf-8", errors="replace")

    def prompt(self, question: str) -> list[int]:
        """Frame a question: bos where there is one, and the two texts of `frame`."""
        before, after = (self.encode(text, allow_special=True) for text in self.frame)
        start = [] if self.bos is None else [self.bos]
        return [*start, *before, *self.encode(question), *after]

    def save(self, path) -> None:
        """Refuse: a published file is copied as it is."""
        raise ValueError(f"copy the published tokenizer.json to {path} instead")

    def _encode_ordinary(self, text: str) -> list[int]:
        text = unicodedata.normalize("NFC", text) if self._nfc else text
        ids = []
        for piece in pretokenize(text, self._patterns):
            if (known := self._cache.get(piece)) is None:
                known = self._merged(piece.encode("utf-8"))
                if len(piece) < 100 and len(self._cache) < 100_000:
                    self._cache[piece] = known
            ids += known
        return ids

    def _merged(self, piece: bytes) -> list[int]:
        if self._whole and piece in self.ids_of:  # Llama 3: whole words first
            return [self.ids_of[piece]]
        start = [self.ids_of[bytes([b])] for b in piece]
        return apply_merges(start, self.ranks, self.made)

    def _named(self, settings: dict, name: str) -> int | None:
        token = settings.get(name)
        token = token.get("content") if isinstance(token, dict) else token
        return self.special_ids.get(token)


def load(folder, frame: tuple[str, str] = ("", "")) -> PublishedTokenizer:
    """Read tokenizer.json, and from tokenizer_config.json which tokens begin and end.

    ValueError for what is damaged, or is no byte-level BPE.
    """
    path = Path(folder) / "tokenizer.json"
    content = files.read_json(path, fields={"model": dict})
    beside = path.with_name("tokenizer_config.json")
    settings = files.read_json(beside) if beside.is_file() else {}
    model = content["model"]
    if model.get("type", "BPE") != "BPE" or model.get("byte_fallback"):
        kind = shown(model.get("type"))
        raise ValueError(f"{path}: wanted byte-level BPE, got a model of type {kind}")
    try:
        return PublishedTokenizer(content, settings, frame)
    except (KeyError, TypeError, AttributeError) as error:
        kind = type(error).__name__
        raise ValueError(f"{path} is damaged: {kind} {shown(error)}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {files.line(error)}") from error


def _patterns(content: dict) -> list[str]:
    """The patterns that cut a text, one after the other."""
    whole = content.get("pre_tokenizer") or {}
    parts = whole["pretokenizers"] if whole.get("type") == "Sequence" else [whole]
    found, last = [], parts[-1]
    if last.get("type") != "ByteLevel" or last.get("add_prefix_space"):
        raise ValueError(f"wanted a ByteLevel at the end, got {shown(last)}")
    for part in parts[:-1]:
        if part.get("type") == "Digits" and part.get("individual_digits"):
            found.append(r"\p{N}")
        elif part.get("behavior") == "Isolated" and not part.get("invert"):
            kind, pattern = next(iter(part["pattern"].items()))
            found.append(pattern if kind == "Regex" else regex.escape(pattern))
        else:
            raise ValueError(f"wanted Split or Digits in front, got {shown(part)}")
    return [*found, GPT2] if last.get("use_regex", True) else found


def _compiled(pattern: str) -> regex.Pattern:
    try:
        return regex.compile(f"({pattern})")
    except regex.error as error:
        raise ValueError(f"pattern {shown(pattern)}: {shown(error)}") from error


def _is_nfc(content: dict) -> bool:
    found = content.get("normalizer") or {"type": "Sequence", "normalizers": []}
    parts = found["normalizers"] if found.get("type") == "Sequence" else [found]
    if any(part != {"type": "NFC"} for part in parts):
        raise ValueError(f"wanted no normalizer, or NFC, got {shown(found)}")
    for token in content.get("added_tokens") or []:
        if token.get("lstrip") or token.get("rstrip") or token.get("single_word"):
            raise ValueError(f"token {shown(token['content'])} takes what is around it")
    return bool(parts)


def _bytes(word: str) -> bytes:
    if odd := [letter for letter in word if letter not in LETTERS]:
        raise ValueError(f"wanted bytes as letters, got {shown(odd[0])}: no ByteLevel")
    return bytes(LETTERS[letter] for letter in word)


def _pair(merge, words: dict[str, int]) -> tuple[int, int]:
    """The two ids of a merge, written "a b" or ["a", "b"]."""
    left, right = merge.split(" ") if isinstance(merge, str) else merge
    return words[left], words[right]
