"""Published tokenizers behind the methods of ours: any tokenizer.json of a fast one.

Hugging Face's `tokenizers`, which comes with transformers, does the work; chapter 02
shows that ours, asked for the same, gives the same ids. What is added here: text that a
user or a model wrote never becomes a special token, and a question has a frame.
"""

import json
from pathlib import Path

from r1lib import files
from r1lib.tokenizer import Tokenizer, check_text


class PublishedTokenizer(Tokenizer):
    """A published tokenizer: the methods of `Tokenizer`, the published ids.

    `frame` is the text before and after a question in `prompt`; it may hold special
    tokens, the question cannot.
    """

    def __init__(self, content: dict, settings: dict, frame: tuple[str, str]):
        added = content.get("added_tokens") or []
        self.frame = frame
        self.special_ids = {token["content"]: token["id"] for token in added}
        self._whole = _built(content)
        self._plain = _built(_without(content, self.special_ids))
        self.bos = self._named(settings, "bos_token")
        self.eos = self._named(settings, "eos_token")

    @property
    def vocab_size(self) -> int:
        """Number of ids; a model may have more rows."""
        return max(self._whole.get_vocab().values()) + 1

    def encode(self, text, allow_special: bool = False) -> list[int]:
        """Turn a str into ids, as `Tokenizer.encode`; no bos is put in front."""
        chosen = self._whole if allow_special else self._plain
        return chosen.encode(check_text(text), add_special_tokens=False).ids

    def decode(self, ids) -> str:
        """Turn ids into text, special tokens too; rows without a token are ""."""
        return self._whole.decode([int(i) for i in ids], skip_special_tokens=False)

    def prompt(self, question: str) -> list[int]:
        """Frame a question: bos where there is one, and the two texts of `frame`."""
        before, after = (self.encode(text, allow_special=True) for text in self.frame)
        start = [] if self.bos is None else [self.bos]
        return [*start, *before, *self.encode(question), *after]

    def save(self, path) -> None:
        """Refuse: a published file is copied as it is."""
        raise ValueError(f"copy the published tokenizer.json to {path} instead")

    def _named(self, settings: dict, name: str) -> int | None:
        token = settings.get(name)
        token = token.get("content") if isinstance(token, dict) else token
        return self.special_ids.get(token)


def load(folder, frame: tuple[str, str] = ("", "")) -> PublishedTokenizer:
    """Read tokenizer.json; tokenizer_config.json says which tokens begin and end.

    ValueError for a file that is damaged.
    """
    path = Path(folder) / "tokenizer.json"
    content = files.read_json(path, fields={"model": dict})
    beside = path.with_name("tokenizer_config.json")
    settings = files.read_json(beside) if beside.is_file() else {}
    try:
        return PublishedTokenizer(content, settings, frame)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path} is damaged: {files.shown(error)}") from error


def _built(content: dict):
    import tokenizers  # only who reads published models needs it

    try:
        return tokenizers.Tokenizer.from_str(json.dumps(content))
    except Exception as error:  # the library raises no narrower one
        raise ValueError(str(error)) from error


def _without(content: dict, special: dict) -> dict:
    """The same tokenizer without special tokens, so that no text becomes one."""
    model, words = content["model"], content["model"]["vocab"]
    if isinstance(words, dict):  # what stands for the unknown has to stay
        closed = set(special) - {model.get("unk_token")}
        words = {word: i for word, i in words.items() if word not in closed}
    return content | {"added_tokens": [], "model": model | {"vocab": words}}
