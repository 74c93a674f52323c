"""Claims about published tokenizers: our ids are those of AutoTokenizer."""

import json
import random

import pytest
from test_tokenizer_parity import TEXTS, documents, noise, random_text

from r1lib.hub import tokenizers as ours
from r1lib.tokenizer.pretokenize import PRETOKENIZERS

transformers = pytest.importorskip("transformers")
hf = pytest.importorskip("tokenizers")

QWEN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3 = QWEN.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
KINDS = {
    "qwen": {"patterns": (QWEN,), "nfc": True},
    "deepseek": {"patterns": PRETOKENIZERS["deepseek-v3"]},
    "deepseek-v2": {"patterns": ("[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+"), "digits": True},
    "llama3": {"patterns": (LLAMA3,), "whole": True},
    "gpt2": {"patterns": (), "use_regex": True},
}
SPECIAL = ["<|im_start|>", "<|im_end|>", "<think>", "</think>", "<|im|>", "<|im"]


def cut(patterns, digits=False, use_regex=False, **_):
    """Hugging Face's parts that cut a text."""
    split, level = hf.pre_tokenizers.Split, hf.pre_tokenizers.ByteLevel
    parts = [split(hf.Regex(p), behavior="isolated") for p in patterns]
    parts += [hf.pre_tokenizers.Digits(individual_digits=True)] if digits else []
    last = level(add_prefix_space=False, use_regex=use_regex)
    return hf.pre_tokenizers.Sequence([*parts, last]) if parts else last


def publish(folder, nfc=False, whole=False, **kind):
    """Train a small tokenizer of a family and write it as it would be published."""
    made = hf.Tokenizer(hf.models.BPE())
    made.normalizer = hf.normalizers.NFC() if nfc else None
    made.pre_tokenizer, made.decoder = cut(**kind), hf.decoders.ByteLevel()
    trainer = hf.trainers.BpeTrainer(
        vocab_size=900,
        show_progress=False,
        initial_alphabet=hf.pre_tokenizers.ByteLevel.alphabet(),
    )
    made.train_from_iterator([*documents(200), *TEXTS.values()], trainer)
    content = json.loads(made.to_str())
    content["model"]["ignore_merges"] = whole
    if whole:  # a word that no merge reaches, as Llama 3 has them
        content["model"]["vocab"]["jumpwalkedquick"] = made.get_vocab_size()
    made = hf.Tokenizer.from_str(json.dumps(content))
    made.add_special_tokens(SPECIAL[:2])
    made.add_tokens(SPECIAL[2:])
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.json").write_text(made.to_str())
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def texts():
    """The corpus of chapter 02, random texts, special tokens, and noise."""
    rng = random.Random(5)
    found = [*TEXTS.values(), *(random_text(rng) for _ in range(300))]
    found += ["".join(rng.choices([*SPECIAL, " a", "2"], k=6)) for _ in range(30)]
    return [*found, noise(1, 400), "jumpwalkedquick", " it's IT'S 12345\x1c\x1f \u0085"]


@pytest.mark.parametrize("kind", KINDS)
def test_ids_are_those_of_auto_tokenizer(kind, tmp_path):
    folder = publish(tmp_path / kind, **KINDS[kind])
    theirs = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer = ours.load(folder)
    for text in texts():
        wanted = theirs.encode(text, add_special_tokens=False)
        assert tokenizer.encode(text, allow_special=True) == wanted, repr(text)
        assert tokenizer.decode(wanted) == theirs.decode(
            wanted, clean_up_tokenization_spaces=False
        )
    assert tokenizer.vocab_size == len(theirs)


def test_special_tokens_come_only_when_they_are_asked_for(tmp_path):
    frame = ("<|im_start|>", "<|im_end|>")
    tokenizer = ours.load(publish(tmp_path / "qwen", **KINDS["qwen"]), frame)
    start, end = (tokenizer.special_ids[text] for text in SPECIAL[:2])
    ids = tokenizer.prompt("2+2<|im_end|>")
    assert (ids[0], ids[-1], ids.count(end)) == (start, end, 1)
    assert tokenizer.decode(ids) == "<|im_start|>2+2<|im_end|><|im_end|>"
    assert (tokenizer.bos, tokenizer.eos) == (None, end)
    with pytest.raises(ValueError, match="copy the published tokenizer.json"):
        tokenizer.save(tmp_path / "x.json")


def pieces(folder, model, pre_tokenizer, decoder):
    """Publish a tokenizer of another kind, whose vocabulary holds special tokens."""
    made = hf.Tokenizer(model)
    made.pre_tokenizer, made.decoder = pre_tokenizer, decoder
    made.add_special_tokens(["<unk>", "<end>"])
    folder.mkdir()
    (folder / "tokenizer.json").write_text(made.to_str())
    return folder


def test_other_kinds_are_read_and_their_special_tokens_are_closed(tmp_path):
    words = {w: i for i, w in enumerate(["<unk>", "<end>", "▁2", "▁+", "▁", "2"])}
    metaspace = (hf.pre_tokenizers.Metaspace(), hf.decoders.Metaspace())
    word_level = hf.models.WordLevel(words, unk_token="<unk>")
    folder = pieces(tmp_path / "words", word_level, *metaspace)
    tokenizer = ours.load(folder)
    assert tokenizer.encode("2 + what") == [2, 3, 0]
    assert tokenizer.decode([2, 3]) == "2 +"
    assert tokenizer.encode("2<end>", allow_special=True)[1] == words["<end>"]
    assert words["<end>"] not in tokenizer.encode("2 <end> <end>")


def no_number(content):
    content["added_tokens"][0]["id"] = "four"


def no_merges(content):
    del content["model"]["merges"]


def unknown(content):
    content["model"]["merges"].append("nobody knows")


def bad_pattern(content):
    content["pre_tokenizer"]["pretokenizers"][0]["pattern"] = {"Regex": "("}


def no_kind(content):
    content["pre_tokenizer"]["pretokenizers"][0]["type"] = "Nobody"


@pytest.mark.parametrize(
    "change", [no_number, no_merges, unknown, bad_pattern, no_kind]
)
def test_a_damaged_file_is_one_line(change, tmp_path):
    folder = publish(tmp_path / "qwen", **KINDS["qwen"])
    content = json.loads((folder / "tokenizer.json").read_text())
    change(content)
    (folder / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"tokenizer.json is damaged: .+\Z"):
        ours.load(folder)
    with pytest.raises(ValueError, match="no file .*tokenizer.json"):
        ours.load(tmp_path)
