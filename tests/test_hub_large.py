"""Claims about large checkpoints: eight-bit weights, little memory, downloads."""

import sys
import types
from dataclasses import replace

import pytest
import torch
from test_hub_published import IDS, V3, publish

from r1lib import hub
from r1lib.hub import fp8, published
from r1lib.hub.families import read_config
from r1lib.hub.names import published_name, weights
from r1lib.model.transformer import Transformer
from recipes.download import download

EIGHT = {"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [128, 128]}
SIZES = {"hidden_size": 144, "moe_intermediate_size": 130, "intermediate_size": 272}
CONTENT = V3 | SIZES | {"quantization_config": EIGHT}


def in_blocks(weight):
    """Round a matrix to eight bits, block by block; returns what a file would hold.

    The naive twin of `fp8.widened`: a loop over blocks of 128 x 128.
    """
    rows, columns = (-(-size // 128) for size in weight.shape)
    scale, eight = torch.empty(rows, columns), torch.empty_like(weight)
    for r in range(rows):
        for c in range(columns):
            block = (slice(128 * r, 128 * r + 128), slice(128 * c, 128 * c + 128))
            scale[r, c] = weight[block].abs().max() / 448  # the largest E4M3
            eight[block] = weight[block] / scale[r, c]
            weight[block] = eight[block].to(torch.float8_e4m3fn).float() * scale[r, c]
    return eight.to(torch.float8_e4m3fn), scale


@torch.no_grad()
def eight_bit(content, folder, shards=1, **changes):
    """A model whose linear layers are published in eight bits, as DeepSeek-V3's are."""
    torch.manual_seed(0)
    model, stored = Transformer(read_config(content)).eval(), {}
    for name, tensor in weights(model).items():
        kept = ("embed", "head", "router", "join")
        if tensor.dim() == 2 and not any(part in name for part in kept):
            theirs = published_name(name, model.config)
            stored[theirs], stored[theirs + fp8.SCALE] = in_blocks(tensor)
    return model, publish(model, content, folder, shards, **(stored | changes))


@pytest.mark.parametrize("shards", [1, 3])
def test_eight_bit_weights_are_widened_block_by_block(shards, tmp_path):
    """With three shards many scales are in another file than their weights."""
    model, folder = eight_bit(CONTENT, tmp_path / "m", shards)
    again = hub.load(folder)
    assert torch.equal(again.eval()(IDS), model(IDS))
    name = "layers.1.ffn.experts.2.w_up.weight"
    assert torch.equal(again.state_dict()[name], model.state_dict()[name])
    half = hub.load(folder, dtype=torch.bfloat16).state_dict()[name]
    assert torch.equal(half, model.state_dict()[name].bfloat16())


ONE = "model.layers.0.self_attn.o_proj.weight"
WRONG = {
    "no scale": ({ONE + fp8.SCALE: None}, f"missing {ONE}_scale_inv"),
    "scale of nothing": ({"x" + fp8.SCALE: torch.ones(1, 1)}, "unexpected x_scale_inv"),
    "its shape": ({ONE + fp8.SCALE: torch.ones(1, 1)}, "wanted shape .2, 1., got"),
    "not finite": ({ONE + fp8.SCALE: torch.full((2, 1), 1e38)}, "are not finite"),
}


@pytest.mark.parametrize("changes, words", WRONG.values(), ids=WRONG)
def test_eight_bits_without_their_scales_are_refused(changes, words, tmp_path):
    _, folder = eight_bit(CONTENT, tmp_path / "m", **changes)
    with pytest.raises(ValueError, match=words):
        hub.load(folder)


def test_eight_bits_that_config_json_does_not_announce_are_refused(tmp_path):
    _, folder = eight_bit(V3 | SIZES, tmp_path / "m")
    with pytest.raises(ValueError, match="numbers must be F32.*got F8_E4M3"):
        hub.load(folder)


def test_tensors_are_read_one_at_a_time(tmp_path, monkeypatch):
    """When a tensor is read, none of those before it is still in memory."""
    _, folder = eight_bit(CONTENT, tmp_path / "m", 3)
    alive, most = [], []

    def read(path, name):
        tensor = published_read(path, name)
        alive.append(torch.utils.weak.WeakTensorKeyDictionary({tensor: name}))
        most.append(sum(len(list(seen.keys())) for seen in alive))
        return tensor

    published_read = published.read_tensor
    monkeypatch.setattr(published, "read_tensor", read)
    hub.load(folder)
    assert len(most) > 40 and max(most) <= 3  # a weight, its scale, the one before


def test_a_model_that_does_not_fit_is_refused_before_memory_is_taken(
    tmp_path, monkeypatch
):
    _, folder = eight_bit(CONTENT, tmp_path / "m")
    monkeypatch.setattr(published, "free_bytes", lambda: 100)
    with pytest.raises(ValueError, match="weights need .* GB as torch.float32, 0.0 GB"):
        hub.load(folder)
    monkeypatch.setattr(published, "free_bytes", lambda: None)  # nobody knows
    hub.load(folder)


def test_a_folder_without_a_config_is_named(tmp_path):
    with pytest.raises(ValueError, match="no file .*config.json"):
        hub.load(tmp_path)


def test_an_unknown_family_lists_the_known_ones():
    with pytest.raises(ValueError, match="'qwen2' or 'qwen3' or 'llama', got 'gpt2'"):
        read_config(V3 | {"model_type": "gpt2"})


def hub_that(raises, monkeypatch):
    """A huggingface_hub whose download fails, or notes what it was asked for."""
    errors = pytest.importorskip("huggingface_hub.errors")
    asked = {}

    def snapshot_download(repository, **rest):
        asked.update(rest, repository=repository)
        if raises:
            raise raises(errors)
        return "there"

    fake = types.SimpleNamespace(snapshot_download=snapshot_download, errors=errors)
    monkeypatch.setitem(sys.modules, "huggingface_hub", fake)
    return asked


def response(kind):
    def make(errors):
        error = getattr(errors, kind).__new__(getattr(errors, kind))
        return error

    return make


FAILURES = {
    "GatedRepoError": "a/b is gated: accept its licence at https://huggingface.co/a/b",
    "RepositoryNotFoundError": "no repository a/b, or it is private",
    "HfHubHTTPError": "a/b: not reached",
    "OfflineModeIsEnabled": "a/b: not reached",
    "LocalEntryNotFoundError": "a/b: not reached",
}


@pytest.mark.parametrize("kind", FAILURES)
def test_a_repository_that_cannot_be_fetched_is_one_line(kind, monkeypatch):
    hub_that(response(kind), monkeypatch)
    with pytest.raises(ValueError, match=FAILURES[kind]) as caught:
        download("a/b")
    assert "\n" not in str(caught.value)


def test_a_download_takes_numbers_and_settings_and_no_code(monkeypatch):
    asked = hub_that(None, monkeypatch)
    assert str(download("a/b", "here")) == "there"
    assert asked["allow_patterns"] == ["*.json", "*.safetensors"]
    with pytest.raises(ValueError, match="wanted owner/name"):
        download("../b/c")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ValueError, match="pip install huggingface_hub"):
        download("a/b")


def test_an_mtp_module_of_eight_bits_comes_too(tmp_path):
    content = CONTENT | {"num_hidden_layers": 2}
    config = replace(read_config(content), n_mtp=1)
    torch.manual_seed(0)
    model, stored = Transformer(config).eval(), {}
    name = f"model.layers.{config.n_layers}.self_attn.o_proj.weight"
    with torch.no_grad():
        stored[name], stored[name + fp8.SCALE] = in_blocks(
            model.mtp.block.attn.wo.weight
        )
    again = hub.load(publish(model, content, tmp_path / "m", **stored))
    assert torch.equal(again.mtp.block.attn.wo.weight, model.mtp.block.attn.wo.weight)
