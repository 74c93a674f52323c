"""Read a folder that transformers' `save_pretrained` wrote: one file, or shards.

Such a folder may come from anywhere. No code of it is run and no pickle opened; file
names in an index may not leave the folder; what config.json describes is compared with
the headers of the weight files before a model is built; and every weight is finite.
"""

import re
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from r1lib import files
from r1lib.hub import fp8
from r1lib.hub.families import read_config
from r1lib.hub.names import has_mtp, is_copy, match, split_experts, weights
from r1lib.model.config import ModelConfig
from r1lib.model.counts import parameters
from r1lib.model.moe import MoE
from r1lib.model.transformer import Transformer, rope_of

FLOATS = ("F32", "BF16", "F16")
PART = 2**20  # numbers that are looked at together
DTYPES = (torch.float32, torch.bfloat16, torch.float16, torch.float64)
SHARD = re.compile(r"[\w-][\w.-]*\.safetensors")  # no other folder, no drive


def load(folder: Path, content: dict, dtype: torch.dtype) -> Transformer:
    """Build the model that config.json describes; errors name folder and tensor."""
    try:
        return _load(folder, content, dtype)
    except ValueError as error:
        raise ValueError(f"{folder}: {files.line(error)}") from error


def _load(folder: Path, content: dict, dtype: torch.dtype) -> Transformer:
    """Compare config and headers, build the empty model, then fill it by tensors."""
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be that of real numbers, got {dtype}")
    config = read_config(content)
    headers, places = {}, {}
    for path, one in _headers(folder, fp8.is_used(content)).items():
        headers |= one
        places |= dict.fromkeys(one, path)
    headers = fp8.without_scales(headers)
    config = replace(config, n_mtp=int(has_mtp(headers, config)))
    stored, headers = list(headers), split_experts(headers, config)
    model = empty_model(config, headers)
    names, head = match(headers, weights(model), config), None
    check_memory(config, dtype)
    model = _allocate(model, dtype)
    own = weights(model)
    with torch.no_grad():
        for name in stored:
            if is_copy(name, config) and name != "lm_head.weight":
                continue
            tensor = fp8.read(name, places, read_tensor)
            for part, values in split_experts({name: tensor}, config).items():
                if part in names:
                    own[names[part]].copy_(values)
                    check_finite(part, own[names[part]])
                elif part == "lm_head.weight":
                    head = values.to(dtype)
    if head is not None and not torch.equal(head, model.embed.weight):
        raise ValueError("tie_word_embeddings is true, lm_head is not the embedding")
    return model


def check_memory(config: ModelConfig, dtype: torch.dtype) -> None:
    """Refuse a model that does not fit into the free memory, if that is known."""
    needed = parameters(config) * dtype.itemsize
    if (free := free_bytes()) is not None and needed > free:
        raise ValueError(
            f"the weights need {needed / 1e9:,.1f} GB as {dtype}, {free / 1e9:,.1f} GB "
            "are free: choose a smaller model, or dtype=torch.bfloat16"
        )


def free_bytes() -> int | None:
    """Memory that is available now; None where the system does not say (not Linux)."""
    path = Path("/proc/meminfo")
    if not path.exists():
        return None
    line = re.search(r"MemAvailable:\s+(\d+) kB", path.read_text())
    return int(line[1]) * 1024 if line else None


def empty_model(config: ModelConfig, stored: dict[str, torch.Tensor]) -> Transformer:
    """Build a model without storage, to hold its names and shapes against `stored`.

    A description far beyond what the files hold is refused before: parameters bound
    the memory, layers and experts the number of modules.
    """
    described, held = parameters(config), sum(x.numel() for x in stored.values())
    sparse = max(config.n_layers - config.n_dense_layers, 0)
    modules = config.n_layers + sparse * config.n_routed_experts
    if described > 2 * held or modules > 2 * len(stored):
        raise ValueError(
            f"config.json describes {described:,} parameters in {modules:,} layers and "
            f"experts, the weight files hold {held:,} in {len(stored):,} tensors"
        )
    with torch.device("meta"):
        return Transformer(config)


def check_finite(name: str, tensor: torch.Tensor) -> None:
    """Refuse numbers that are infinite or none, also after a cast that was too narrow.

    >>> check_finite("norm.weight", torch.tensor([1.0, float("nan")]))
    Traceback (most recent call last):
    ValueError: norm.weight: 1 of 2 numbers are not finite (float32)
    """
    parts = tensor.flatten().split(PART)  # a mask of all numbers would need memory
    if odd := tensor.numel() - sum(int(part.isfinite().sum()) for part in parts):
        kind = str(tensor.dtype).removeprefix("torch.")
        many = f"{odd:,} of {tensor.numel():,} numbers are not finite ({kind})"
        raise ValueError(f"{files.line(name, files.SHOWN)}: {many}")


def cast(model: Transformer, dtype: torch.dtype) -> Transformer:
    """Give the weights another dtype; router biases and load counts stay as they are.

    Rounded, a bias would choose other experts and a count would stop at 256.
    """
    kept = [(m, m.router_bias, m.load) for m in model.modules() if isinstance(m, MoE)]
    model = model.to(dtype)
    for layer, bias, load in kept:
        layer.router_bias, layer.load = bias, load
    return model


def _allocate(model: Transformer, dtype: torch.dtype) -> Transformer:
    """Give a model without storage its memory, and its tables their values."""
    model = cast(model, dtype).to_empty(device="cpu")
    if model.config.tie_embeddings:
        model.head.weight = model.embed.weight
    model.rope.copy_(rope_of(model.config))
    for module in model.modules():
        if isinstance(module, MoE):
            module.load.zero_()
    return model


def _headers(folder: Path, eight: bool) -> dict[Path, dict[str, torch.Tensor]]:
    """Read names and shapes of every weight file, as tensors without storage."""
    kinds = (*FLOATS, fp8.KIND) if eight else FLOATS
    single = folder / "model.safetensors"
    index = folder / f"{single.name}.index.json"
    if single.is_file() or not index.is_file():
        return {single: header(single, kinds)}
    places = files.read_json(index, fields={"weight_map": dict})["weight_map"]
    if not places:
        raise ValueError(f"{index.name} has no weight_map")
    for name in places.values():
        if not isinstance(name, str) or not SHARD.fullmatch(name):
            raise ValueError(
                f"{index.name}: {files.shown(name)} is not a file of this folder"
            )
    headers = {folder / name: {} for name in sorted(set(places.values()))}
    for path in headers:
        headers[path] = header(path, kinds)
        wanted = {name for name, file in places.items() if file == path.name}
        if odd := sorted(wanted ^ set(headers[path])):
            here = "lacks" if odd[0] in wanted else "holds"
            raise ValueError(f"{path.name} {here} {odd[0]}, against {index.name}")
    return headers


def _open(path: Path):
    if not path.is_file():
        raise ValueError(f"no checkpoint at {path}")
    try:
        return safe_open(path, framework="pt")
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged: {files.shown(error)}") from error


def header(path: Path, kinds=FLOATS) -> dict[str, torch.Tensor]:
    """Read the names of a weight file, and shapes as tensors without storage.

    ValueError for tensors without numbers, and for numbers of other kinds.
    """
    stored = {}
    with _open(path) as file:
        for name in file.keys():  # noqa: SIM118
            part, label = file.get_slice(name), files.line(name, files.SHOWN)
            if (kind := part.get_dtype()) not in kinds:
                known = ", ".join(kinds)
                raise ValueError(f"{label}: numbers must be {known}, got {kind}")
            if not all(shape := part.get_shape()):
                got = files.shown(tuple(shape))
                raise ValueError(f"{label}: wanted sizes above 0, got {got}")
            stored[name] = torch.empty(shape, device="meta")
    return stored


def tensors(path: Path) -> dict[str, torch.Tensor]:
    """Read the tensors of a weight file."""
    with _open(path) as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def read_tensor(path: Path, name: str) -> torch.Tensor:
    """Read one tensor; the file is closed at once, so that its pages can go."""
    with _open(path) as file:
        return file.get_tensor(name)


def note(path: Path) -> dict[str, str]:
    """Read the texts in the header of a weight file."""
    with _open(path) as file:
        return file.metadata() or {}
