"""The two small models of the book, and the same ones in transformers.

"v3" is the base, shaped as DeepSeek-V3; "dense" is the student, shaped as Qwen2. The
peer gets what transformers does best on a CPU: SDPA, float32, Qwen2's own class.
"""

import json
import random
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

import torch

from r1lib import artifacts, files, hub
from r1lib.hub import export
from r1lib.model.config import ModelConfig
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Transformer, new_model
from r1lib.problem import Problem
from r1lib.recipe.pipeline import draw_mixed
from r1lib.tokenizer import BOS, EOS, PAD, SPECIAL, Tokenizer

TRAINED = {"v3": "base-tiny", "dense": "student-tiny", "zero": "zero-tiny"}
WORDS = {"v3": "V3-shaped", "dense": "dense", "zero": "R1-Zero"}
SMALL = {
    "v3": PRESETS["smoke"],
    "dense": PRESETS["student-qwen-small"],
    "zero": PRESETS["smoke"],
}
EXPERTS = ("grouped_mm", "batched_mm", "eager")  # how transformers may run experts


def tokenizer() -> Tokenizer:
    """The tokenizer of the book."""
    return Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")


def ours(name: str, small: bool) -> Transformer:
    """Our model, as shipped; a smaller one that nobody has trained if `small`."""
    if not small:
        return artifacts.load(TRAINED[name])[0]
    config = replace(SMALL[name], vocab_size=tokenizer().vocab_size, init_std=0.1)
    return new_model(config, 0)


def config_of(name: str, small: bool) -> ModelConfig:
    """The configuration of a model, without its MTP module: no peer trains it."""
    return replace(ours(name, small).config, n_mtp=0)


def theirs(model: Transformer, experts: str | None = None):
    """The same weights as a model of transformers, with SDPA and float32.

    Written as `hub.export_hf` writes them, but without a tokenizer: a dense student is
    then a Qwen2 and not a Llama with biases of zeros, which would be slower.
    """
    import transformers

    contents, tensors = export.contents(model, None)
    options = {"experts_implementation": experts} if experts else {}
    with tempfile.TemporaryDirectory() as folder:
        text = json.dumps(contents["config.json"])
        files.write_text(Path(folder) / "config.json", text)
        hub.save_tensors(tensors, Path(folder) / "model.safetensors", {"format": "pt"})
        found, info = transformers.AutoModelForCausalLM.from_pretrained(
            folder,
            attn_implementation="sdpa",
            dtype=torch.float32,
            output_loading_info=True,
            **options,
        )
    if any(info.values()):
        raise ValueError(f"transformers did not read every weight: {info}")
    return found


def ways_of(model: Transformer) -> tuple[str | None, ...]:
    """How transformers can run this model's experts; None if it has none."""
    return EXPERTS if model.config.n_routed_experts else (None,)


def their_tokenizer(ours: Tokenizer):
    """The same tokenizer for TRL, which pads prompts on the left."""
    import tokenizers
    import transformers

    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizers.Tokenizer.from_str(
            json.dumps(export.tokenizer_json(ours))
        ),
        pad_token=SPECIAL[PAD],
        bos_token=SPECIAL[BOS],
        eos_token=SPECIAL[EOS],
        padding_side="left",
    )


def problems(n: int) -> list[Problem]:
    """The problems of every row that samples: countdown and arithmetic, as Zero's."""
    rng, found = random.Random(0), {}
    while len(found) < n:
        problem = draw_mixed(rng)
        found.setdefault(problem.prompt, problem)
    return list(found.values())


def left_padded(prompts: list[list[int]]):
    """Prompts as transformers takes them: ids and mask, padded on the left."""
    width = max(map(len, prompts))
    ids = torch.tensor([[PAD] * (width - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
    return ids, mask


def quiet() -> None:
    """Let the peers work without bars, logs and warnings."""
    import datasets
    import transformers

    warnings.simplefilter("ignore")
    datasets.disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
