"""Checkpoints: model.safetensors + config.json + tokenizer.json, and nothing else.

No pickle: safetensors holds numbers and cannot run code. A folder appears under its
name only when it is complete, and the weights remember which configuration and which
tokenizer they belong to. `load` also reads what transformers' `save_pretrained` wrote
for the families of `hub.families`, in one file or in shards.
"""

import json
import os
from pathlib import Path

import torch
from safetensors.torch import save as to_bytes

from r1lib import files
from r1lib.hub import export, published
from r1lib.hub.names import differences, weights
from r1lib.model.config import ModelConfig
from r1lib.model.transformer import Transformer
from r1lib.tokenizer import Tokenizer


def save_tensors(
    tensors: dict[str, torch.Tensor], path, note: dict | None = None
) -> None:
    """Write named tensors atomically, with a note of texts in the header."""
    tensors = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    files.write_bytes(path, _in_order(to_bytes(tensors, note or {})))


def _in_order(content: bytes) -> bytes:
    """Sort the note in the header: the same tensors shall be the same bytes."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(header.get("__metadata__", {}).items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at a multiple of 8
    return len(text).to_bytes(8, "little") + text + content[end:]


def load_tensors(path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Read what `save_tensors` wrote; a damaged or cut file is a ValueError.

    So are numbers of another kind than F32, BF16 and F16, and such as are not finite.
    """
    path = Path(path)
    try:
        published.header(path)
        found = published.tensors(path)
        for name, tensor in found.items():
            published.check_finite(name, tensor)
    except ValueError as error:
        named = str(path) in str(error)
        raise error if named else ValueError(f"{path}: {error}") from error
    return found, published.note(path)


def save(model: Transformer, folder, tokenizer: Tokenizer, dtype=torch.float32) -> None:
    """Write the three files of a checkpoint; the folder is complete or absent.

    With `dtype` bfloat16 the file is half as large and the weights are rounded.
    """
    if tokenizer.vocab_size != model.config.vocab_size:
        raise ValueError(
            f"the tokenizer has {tokenizer.vocab_size} ids, the model "
            f"{model.config.vocab_size}"
        )
    config = model.config.to_json()
    with files.new_folder(folder) as new:
        files.write_text(new / "config.json", config)
        tokenizer.save(new / "tokenizer.json")
        note = {
            "config": files.digest(config),
            "tokenizer": files.digest((new / "tokenizer.json").read_bytes()),
        }
        rounded = {name: t.to(dtype) for name, t in weights(model).items()}
        save_tensors(rounded, new / "model.safetensors", note)


def load_model(folder, device: str = "cpu") -> tuple[Transformer, Tokenizer]:
    """Read a checkpoint folder; whatever does not fit is named in a ValueError."""
    config, tensors, tokenizer = read(folder)
    model = Transformer(config)
    if tokenizer.vocab_size != model.config.vocab_size:
        raise ValueError(
            f"{folder}: the tokenizer has {tokenizer.vocab_size} ids, the model "
            f"{model.config.vocab_size}"
        )
    model.load_state_dict(tensors, strict=False)  # strictly compared above
    return model.to(device), tokenizer


def read(folder, more: dict | None = None):
    """Read a checkpoint of ours: (configuration, tensors, tokenizer), all in agreement.

    `more` names tensors that a language model lacks, each with a function that makes
    one of a configuration. What the headers say is compared before a tensor is read.
    """
    folder, path = Path(folder), Path(folder) / "model.safetensors"
    note = published.note(path)
    content = files.read_json(folder / "config.json")
    if "model_type" in content:
        raise ValueError(f"{folder} has no tokenizer of ours: read it with hub.load")
    for name in ("config", "tokenizer"):
        _check(folder / f"{name}.json", note.get(name))
    try:
        header = published.header(path)
        config = ModelConfig.from_dict(content)
        wanted = weights(published.empty_model(config, header))
        wanted |= {name: make(config) for name, make in (more or {}).items()}
        _compare(wanted, header)
        stored, _ = load_tensors(path)
    except ValueError as error:
        raise ValueError(f"{folder}: {files.line(error)}") from error
    return config, stored, Tokenizer.load(folder / "tokenizer.json")


def load(folder, dtype: torch.dtype = torch.float32) -> Transformer:
    """Read only the model of a checkpoint folder, ours or a published one."""
    folder = Path(folder)
    content = files.read_json(folder / "config.json")
    if "model_type" in content:
        return published.load(folder, content, dtype)
    return published.cast(load_model(folder)[0], dtype)


def export_hf(model: Transformer, folder, tokenizer: Tokenizer | None = None) -> None:
    """Write a model for transformers: AutoModelForCausalLM and AutoTokenizer load it.

    `hub.export` says which family it becomes; `load` reads the folder as well. Weights
    keep their dtype. The MTP module is left out: transformers knows one only as layer
    61. The tokenizer may have fewer ids than the model has rows, as in published
    models; without one, a model of at most 1,024 ids gets the book's, or a warning.

    ValueError for a folder that exists (it stays as it is), a tokenizer with too many
    ids, and whatever no family of transformers can hold.
    """
    folder, rows = Path(folder), model.config.vocab_size
    _check_absent(folder)
    if tokenizer is None:
        tokenizer = export.book_tokenizer(rows)
    elif tokenizer.vocab_size > rows:
        raise ValueError(f"the tokenizer has {tokenizer.vocab_size} ids, model {rows}")
    content, tensors = export.contents(model, tokenizer)
    with files.new_folder(folder) as new:
        for name, value in content.items():
            text = json.dumps(value, indent=1, ensure_ascii=False)
            files.write_text(new / name, text + "\n")
        save_tensors(tensors, new / "model.safetensors", {"format": "pt"})
        _check_absent(folder)  # one that another has made, or a killed writer left


def _check_absent(folder: Path) -> None:
    if os.path.lexists(folder):
        raise ValueError(f"{folder} exists: it would be lost; choose another name")


def _compare(wanted: dict[str, torch.Tensor], held: dict[str, torch.Tensor]) -> None:
    if problems := differences(wanted, held):
        raise ValueError("; ".join(problems))


def _check(path: Path, wanted: str | None) -> None:
    if not path.is_file():
        raise ValueError(f"no file {path}")
    if wanted and files.digest(path.read_bytes()) != wanted:
        raise ValueError(f"{path} is not the one these weights were saved with")


def save_training(model, optimizers, folder, state: dict) -> None:
    """Write what a run needs to go on: weights, optimizer moments, and `state`."""
    tensors = {f"model.{n}": t for n, t in weights(model).items()}
    for i, optimizer in enumerate(optimizers):
        for key, moments in optimizer.state_dict()["state"].items():
            for name, value in moments.items():
                tensors[f"optimizer.{i}.{key}.{name}"] = torch.as_tensor(value)
    with files.new_folder(folder) as new:
        save_tensors(tensors, new / "training.safetensors")
        content = {"sha256": files.sha256(new), "state": state}
        files.write_text(new / "state.json", json.dumps(content))


def load_training(model, optimizers, folder) -> dict:
    """Restore what `save_training` wrote, in place; return its `state`.

    ValueError for files that are damaged, or of another model or other optimizers.
    """
    path = Path(folder) / "training.safetensors"
    fields = {"sha256": dict, "state": dict}
    written = files.read_json(Path(folder) / "state.json", fields=fields)
    tensors, _ = load_tensors(path)
    if files.digest(path.read_bytes()) != written["sha256"].get(path.name):
        raise ValueError(f"{path} is damaged: its sha256 is not the one written down")
    own = {n[6:]: t for n, t in tensors.items() if n.startswith("model.")}
    try:
        _compare(weights(model), own)
        moments = [_moments(tensors, i, o) for i, o in enumerate(optimizers)]
    except ValueError as error:
        raise ValueError(f"{folder}: {files.line(error)}") from error
    model.load_state_dict(own, strict=False)
    for optimizer, content in zip(optimizers, moments, strict=True):
        optimizer.load_state_dict(content)
    return written["state"]


def _moments(tensors: dict[str, torch.Tensor], i: int, optimizer) -> dict:
    """Take the state of one optimizer out of a training file."""
    content = optimizer.state_dict()
    content["state"], prefix = {}, f"optimizer.{i}."
    known = {key for group in content["param_groups"] for key in group["params"]}
    for name in (n for n in tensors if n.startswith(prefix)):
        key, _, moment = name.removeprefix(prefix).partition(".")
        if not key.isdecimal() or int(key) not in known:
            raise ValueError(f"unexpected {files.line(name, files.SHOWN)}")
        content["state"].setdefault(int(key), {})[moment] = tensors[name]
    return content
