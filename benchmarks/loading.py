"""Peak memory of loading a sharded checkpoint of 1 GB.

    python -m benchmarks.loading               print it
    python -m benchmarks.loading --save        and write results/data/benchmark-*.json

A random Qwen2 of half a billion bfloat16 parameters is written in shards, layer by
layer, and read by processes of their own: by `hub.load`, one tensor at a time; by the
naive way, in which all shards are read and the model is then filled; and by
transformers. The peak is the largest resident size (ru_maxrss) of a process, without
what it had before it began to load (Python and torch). Every page of the weights is
touched at the end, since transformers maps the files and reads them when they are used.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from r1lib import files, hub
from r1lib.hub.names import match, published_name, weights
from r1lib.hub.published import _allocate
from r1lib.model.counts import parameters
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Transformer
from tools import provenance

CONFIG = replace(PRESETS["qwen2.5-0.5b"], max_positions=512)
SHARD, SEED, LIMIT = 256 * 2**20, 0, 1.2
PUBLISHED = {
    "model_type": "qwen2",
    "architectures": ["Qwen2ForCausalLM"],
    "vocab_size": CONFIG.vocab_size,
    "hidden_size": CONFIG.d_model,
    "intermediate_size": CONFIG.ffn_dim,
    "num_hidden_layers": CONFIG.n_layers,
    "num_attention_heads": CONFIG.n_heads,
    "num_key_value_heads": CONFIG.n_kv_heads,
    "max_position_embeddings": CONFIG.max_positions,
    "rms_norm_eps": CONFIG.norm_eps,
    "rope_theta": CONFIG.rope_theta,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
}


def write(folder: Path) -> int:
    """Write the checkpoint, shard by shard; returns its bytes."""
    with torch.device("meta"):
        shapes = weights(Transformer(CONFIG))
    places, shard, number, total = {}, {}, 1, 0
    torch.manual_seed(SEED)
    for name, shape in shapes.items():
        theirs = published_name(name, CONFIG)
        shard[theirs] = (torch.randn(shape.shape) * 0.02).bfloat16()
        size = sum(tensor.nbytes for tensor in shard.values())
        if size >= SHARD or name == list(shapes)[-1]:
            file = f"model-{number:05}.safetensors"
            save_file(shard, folder / file, {"format": "pt"})
            places |= dict.fromkeys(shard, file)
            shard, number, total = {}, number + 1, total + size
    index = {"metadata": {"total_size": total}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "config.json").write_text(json.dumps(PUBLISHED))
    return total


def naive(folder: str):
    """Read every shard, then fill the model: the way that `hub.load` does not take."""
    tensors = {}
    for path in sorted(Path(folder).glob("*.safetensors")):
        tensors |= {name: x.clone() for name, x in load_file(path).items()}
    with torch.device("meta"):
        model = Transformer(CONFIG)
    model = _allocate(model, torch.bfloat16)
    own = weights(model)
    with torch.no_grad():
        for theirs, ours in match(tensors, own, CONFIG).items():
            own[ours].copy_(tensors[theirs])
    return model


def transformers(folder: str):
    """Read the folder by transformers."""
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)


WAYS = {
    "hub.load": lambda folder: hub.load(folder, torch.bfloat16),
    "naive": naive,
    "transformers": transformers,
}


def peak() -> int:
    """Largest resident size of this process so far, in bytes (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def one(way: str, folder: str) -> dict:
    """Load in this process; returns the peak before and after."""
    if way == "transformers":
        import transformers.models.qwen2  # noqa: F401
    before = peak()
    model = WAYS[way](folder)
    touched = [p.detach().flatten()[::1024].sum() for p in model.parameters()]
    assert all(x.isfinite() for x in touched)
    numel = sum(p.numel() for p in set(model.parameters()))
    return {"before": before, "after": peak(), "parameters": numel}


def child(way: str, folder: str):
    """Run `one`, or `write`, in a process of its own; returns what it printed last."""
    command = [sys.executable, "-m", "benchmarks.loading", "--one", way, folder]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(said.stdout.splitlines()[-1])


def measure() -> dict:
    """Write the checkpoint once, and load it in each way in a fresh process.

    Writing has a process too: on Linux a child inherits the peak of its parent.
    """
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        size = child("write", folder)
        for way in WAYS:
            found[way] = child(way, folder)
            used = found[way]["after"] - found[way]["before"]
            found[way]["times the checkpoint"] = used / size
    return {"bytes": size, "shard": SHARD, "ways": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--save", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("WAY", "FOLDER"))
    asked = parser.parse_args()
    if asked.one:
        way, folder = asked.one
        print(json.dumps(write(Path(folder)) if way == "write" else one(way, folder)))
        return
    found = measure()
    print(f"{found['bytes'] / 1e9:.2f} GB, {parameters(CONFIG):,} parameters")
    for way, row in found["ways"].items():
        print(f"    {way:14}{row['times the checkpoint']:6.2f} times the checkpoint")
    if asked.save:
        content = {
            "loading": found,
            "settings": {"limit": LIMIT},
            "seed": SEED,
            "command": "python -m benchmarks.loading --save",
            "provenance": provenance.block(),
        }
        path = provenance.DATA / "benchmark-loading.json"
        files.write_text(path, json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
