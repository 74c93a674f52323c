"""Checkpoints: model.safetensors + config.json + tokenizer.json, and nothing else.

No pickle: safetensors holds numbers and cannot run code. A folder appears under its
name only when it is complete, and the weights remember which configuration and which
tokenizer they belong to.
"""

import hashlib
import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes

from r1lib import files
from r1lib.model.config import ModelConfig
from r1lib.model.transformer import Transformer
from r1lib.tokenizer import Tokenizer


def digest(content: str | bytes) -> str:
    """sha256 of text or bytes, as hex."""
    return hashlib.sha256(
        content.encode() if isinstance(content, str) else content
    ).hexdigest()


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
    """Read what `save_tensors` wrote; a damaged or cut file is a ValueError."""
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"no checkpoint at {path}")
    try:
        with safe_open(path, framework="pt") as file:
            return {
                name: file.get_tensor(name) for name in file.keys()
            }, file.metadata() or {}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged: {error}") from error


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
            "config": digest(config),
            "tokenizer": digest((new / "tokenizer.json").read_bytes()),
        }
        weights = {name: t.to(dtype) for name, t in model.state_dict().items()}
        save_tensors(weights, new / "model.safetensors", note)


def load_model(folder, device: str = "cpu") -> tuple[Transformer, Tokenizer]:
    """Read a checkpoint folder; whatever does not fit is named in a ValueError."""
    folder = Path(folder)
    weights, note = load_tensors(folder / "model.safetensors")
    config_text = _read(folder / "config.json", note.get("config"))
    _read(folder / "tokenizer.json", note.get("tokenizer"))
    model = Transformer(ModelConfig.from_json(config_text))
    tokenizer = Tokenizer.load(folder / "tokenizer.json")
    if tokenizer.vocab_size != model.config.vocab_size:
        raise ValueError(
            f"{folder}: the tokenizer has {tokenizer.vocab_size} ids, the model "
            f"{model.config.vocab_size}"
        )
    wanted = model.state_dict()
    if problems := _differences(wanted, weights):
        raise ValueError(f"{folder}: {'; '.join(problems)}")
    model.load_state_dict(weights)
    return model.to(device), tokenizer


def load(folder) -> Transformer:
    """Read only the model of a checkpoint folder."""
    return load_model(folder)[0]


def _read(path: Path, wanted: str | None) -> str:
    if not path.is_file():
        raise ValueError(f"no file {path}")
    content = path.read_bytes()
    if wanted and digest(content) != wanted:
        raise ValueError(f"{path} is not the one these weights were saved with")
    return content.decode("utf-8")


def _differences(wanted: dict, found: dict) -> list[str]:
    problems = [f"missing {n}" for n in sorted(set(wanted) - set(found))]
    problems += [f"unexpected {n}" for n in sorted(set(found) - set(wanted))]
    for name in sorted(set(wanted) & set(found)):
        if wanted[name].shape != found[name].shape:
            shapes = f"{tuple(wanted[name].shape)}, got {tuple(found[name].shape)}"
            problems.append(f"{name}: wanted shape {shapes}")
    return problems[:5]


HF_NAMES = {  # one part of a published name: ours
    "embed_tokens": "embed",
    "lm_head": "head",
    "input_layernorm": "attn_norm",
    "self_attn": "attn",
    "q_proj": "wq",
    "q_a_proj": "wq_a",
    "q_a_layernorm": "q_norm",
    "q_b_proj": "wq_b",
    "kv_a_proj_with_mqa": "wkv_a",
    "kv_a_layernorm": "kv_norm",
    "kv_b_proj": "wkv_b",
    "o_proj": "wo",
    "post_attention_layernorm": "ffn_norm",
    "mlp": "ffn",
    "gate": "router",
    "shared_experts": "shared",
    "gate_proj": "w_gate",
    "up_proj": "w_up",
    "down_proj": "w_down",
    "enorm": "embed_norm",
    "hnorm": "hidden_norm",
    "eh_proj": "join",
}


def from_hf_deepseek_v3(tensors: dict, config: ModelConfig) -> dict:
    """Give published DeepSeek-V3 tensors our names.

    Experts come one by one, as on the Hub, or fused, as transformers 5 holds them.
    The layer after the last is the MTP module; its copies of embed and head go.
    """
    renamed, extra = {}, f"layers.{config.n_layers}."
    for name, tensor in tensors.items():
        name = name.removeprefix("model.").replace(
            "gate.e_score_correction_", "router_"
        )
        if name.startswith(extra):
            name = name.removeprefix(extra).replace("shared_head.norm", "norm")
            if not config.n_mtp or name.startswith(("embed_tokens", "shared_head")):
                continue
            own = name.startswith(("enorm", "hnorm", "eh_proj", "norm"))
            name = f"mtp.{name}" if own else f"mtp.block.{name}"
        *stem, last = (HF_NAMES.get(part, part) for part in name.split("."))
        if stem[-1] != "experts":
            renamed[".".join((*stem, last))] = tensor
            continue
        kinds = ("w_gate", "w_up") if last == "gate_up_proj" else (last,)
        for e, fused in enumerate(tensor):
            for kind, weight in zip(kinds, fused.chunk(len(kinds)), strict=True):
                renamed[".".join((*stem, str(e), kind, "weight"))] = weight
    return renamed


def save_training(model, optimizers, folder, state: dict) -> None:
    """Write what a run needs to go on: weights, optimizer moments, and `state`."""
    tensors = {f"model.{n}": t for n, t in model.state_dict().items()}
    for i, optimizer in enumerate(optimizers):
        for key, moments in optimizer.state_dict()["state"].items():
            for name, value in moments.items():
                tensors[f"optimizer.{i}.{key}.{name}"] = torch.as_tensor(value)
    with files.new_folder(folder) as new:
        save_tensors(tensors, new / "training.safetensors")
        content = {"sha256": files.sha256(new), "state": state}
        files.write_text(new / "state.json", json.dumps(content))


def load_training(model, optimizers, folder) -> dict:
    """Restore what `save_training` wrote, in place; return its `state`."""
    path = Path(folder) / "training.safetensors"
    tensors, _ = load_tensors(path)
    written = files.read_json(Path(folder) / "state.json")
    if digest(path.read_bytes()) != written["sha256"][path.name]:
        raise ValueError(f"{path} is damaged: its sha256 is not the one written down")
    weights = {n[6:]: t for n, t in tensors.items() if n.startswith("model.")}
    if problems := _differences(model.state_dict(), weights):
        raise ValueError(f"{folder}: {'; '.join(problems)}")
    model.load_state_dict(weights)
    for i, optimizer in enumerate(optimizers):
        content = optimizer.state_dict()
        content["state"] = {}
        prefix = f"optimizer.{i}."
        for name in (n for n in tensors if n.startswith(prefix)):
            key, moment = name.removeprefix(prefix).split(".", 1)
            content["state"].setdefault(int(key), {})[moment] = tensors[name]
        optimizer.load_state_dict(content)
    return written["state"]
