"""Claims about folders of unknown origin: read whole and right, or refused by name."""

import json
import math
import struct
from dataclasses import replace

import pytest
import torch

from r1lib import files, hub
from r1lib.hub.families import DEFAULTS, read_config
from r1lib.hub.names import published_name, weights
from r1lib.model.config import ModelConfig
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Transformer, balance, router_loads
from r1lib.tokenizer import SMALLEST, Tokenizer

LLAMA = {
    "model_type": "llama",
    "vocab_size": 40,
    "hidden_size": 24,
    "intermediate_size": 20,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 30,
    "rms_norm_eps": 1e-5,
    "rope_theta": 1e4,
    "tie_word_embeddings": False,
}
DEEPSEEK = {
    **LLAMA,
    "q_lora_rank": None,
    "kv_lora_rank": 14,
    "qk_nope_head_dim": 6,
    "qk_rope_head_dim": 4,
    "v_head_dim": 5,
    "first_k_dense_replace": 1,
    "moe_intermediate_size": 9,
    "n_routed_experts": 8,
    "n_shared_experts": 1,
    "num_experts_per_tok": 3,
    "routed_scaling_factor": 2.5,
    "norm_topk_prob": True,
}
V3 = {**DEEPSEEK, "model_type": "deepseek_v3", "n_group": 4, "topk_group": 2}
V2 = {**DEEPSEEK, "model_type": "deepseek_v2", "topk_method": "greedy"}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
YARN = {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 8}


def drawn(content, seed=0):
    torch.manual_seed(seed)
    return Transformer(read_config(content)).eval()


def publish(model, content, folder, shards=1, **changes):
    """Write a model as it would be published; `changes` replace tensors, None drops."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(content))
    named = {published_name(n, model.config): x for n, x in weights(model).items()}
    tensors = {n: x for n, x in (named | changes).items() if x is not None}
    names, places = sorted(tensors), {}
    for i in range(shards):
        file = f"model-{i + 1:05}-of-{shards:05}.safetensors"
        part = {name: tensors[name] for name in names[i::shards]}
        places |= dict.fromkeys(part, file)
        hub.save_tensors(part, folder / (file if shards > 1 else "model.safetensors"))
    if shards > 1:
        index = json.dumps({"metadata": {}, "weight_map": places})
        (folder / "model.safetensors.index.json").write_text(index)
    return folder


IDS = torch.arange(1, 19).view(2, 9)


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("content", [LLAMA, V3, V2], ids=["llama", "v3", "v2"])
def test_one_file_and_several_shards_give_the_same_model(content, shards, tmp_path):
    model = drawn(content)
    again = hub.load(publish(model, content, tmp_path / "m", shards)).eval()
    assert again.config == model.config
    assert torch.equal(again(IDS), model(IDS))
    assert all(not x.is_meta for x in (*again.parameters(), *again.buffers()))


def test_a_loaded_model_can_be_trained_and_shares_nothing_with_its_file(tmp_path):
    folder = publish(drawn(V3), V3, tmp_path / "m")
    before = (folder / "model.safetensors").read_bytes()
    model = hub.load(folder).train()
    model(IDS).square().mean().backward()
    with torch.no_grad():
        for x in model.parameters():
            x.sub_(0.1)
    assert sum(x.sum().item() for x in router_loads(model).values()) == 18 * 3
    assert (folder / "model.safetensors").read_bytes() == before
    assert not torch.equal(hub.load(folder).head.weight, model.head.weight)


def test_bfloat16_keeps_router_biases_exact(tmp_path):
    model = drawn(V3)
    model.layers[1].ffn.router_bias.copy_(torch.linspace(-1, 1, 8) / 3)
    again = hub.load(publish(model, V3, tmp_path / "m"), dtype=torch.bfloat16).eval()
    assert again.embed.weight.dtype == again.rope.dtype == torch.bfloat16
    layer = again.layers[1].ffn
    assert torch.equal(layer.router_bias, model.layers[1].ffn.router_bias)
    assert layer.load.dtype == torch.float32
    assert torch.nn.functional.cosine_similarity(
        again(IDS).float().flatten(), model(IDS).flatten(), dim=0
    ).gt(0.99)


def test_a_tied_head_is_the_embedding_after_loading(tmp_path):
    content = LLAMA | {"tie_word_embeddings": True}
    model = drawn(content)
    assert "head.weight" not in weights(model)
    for extra in ({}, {"lm_head.weight": model.embed.weight.clone()}):
        again = hub.load(publish(model, content, tmp_path / "m", **extra)).eval()
        assert again.head.weight is again.embed.weight
        assert torch.equal(again(IDS), model(IDS))
    other = {"lm_head.weight": torch.zeros(40, 24)}
    with pytest.raises(ValueError, match="lm_head is not the embedding"):
        hub.load(publish(model, content, tmp_path / "m", **other))


def test_a_tied_model_of_ours_is_saved_once_and_comes_back(tmp_path):
    config = replace(drawn(LLAMA).config, vocab_size=SMALLEST, tie_embeddings=True)
    torch.manual_seed(1)
    model = Transformer(config).eval()
    hub.save(model, tmp_path / "m", Tokenizer([]))
    tensors, _ = hub.load_tensors(tmp_path / "m" / "model.safetensors")
    assert "embed.weight" in tensors and "head.weight" not in tensors
    again = hub.load(tmp_path / "m").eval()
    assert again.head.weight is again.embed.weight
    assert torch.equal(again(IDS), model(IDS))
    hub.save_training(model, [], tmp_path / "t", {"step": 3})
    fresh = Transformer(config).eval()
    assert hub.load_training(fresh, [], tmp_path / "t") == {"step": 3}
    assert torch.equal(fresh(IDS), model(IDS))


def test_old_files_may_hold_rotary_frequencies(tmp_path):
    extra = {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(3)}
    hub.load(publish(drawn(LLAMA), LLAMA, tmp_path / "m", **extra))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"model.norm.weight": None}, "missing model.norm.weight"),
        ({"lm_head.weight": None}, "parameters described, .* missing lm_head.weight"),
        ({"extra": torch.zeros(3)}, "unexpected extra"),
        (
            {"model.layers.0.mlp.experts.0.up_proj.weight": torch.zeros(3)},
            "unexpected model.layers.0.mlp.experts.0.up_proj",
        ),
        (
            {"model.layers.0.self_attn.q_proj.bias": torch.zeros(24)},
            "unexpected model.layers.0.self_attn.q_proj.bias",
        ),
        (
            {"model.layers.1.self_attn.k_proj.weight": torch.zeros(24, 12)},
            r"k_proj.weight: wanted shape \(12, 24\), got \(24, 12\)",
        ),
        (
            {"model.norm.weight": torch.zeros(24, dtype=torch.int8)},
            "model.norm.weight: numbers must be F32, BF16, F16, got I8",
        ),
        (
            {"model.norm.weight": torch.zeros(24, dtype=torch.float8_e4m3fn)},
            "got F8_E4M3",
        ),
    ],
)
@pytest.mark.parametrize("shards", [1, 3])
def test_a_tensor_that_does_not_fit_is_named(changes, words, shards, tmp_path):
    with pytest.raises(ValueError, match=words):
        hub.load(publish(drawn(LLAMA), LLAMA, tmp_path / "m", shards, **changes))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_weights_that_are_not_finite_are_refused(value, dtype, tmp_path):
    norm = torch.ones(24, dtype=dtype)
    norm[3] = value
    folder = publish(drawn(LLAMA), LLAMA, tmp_path / "m", **{"model.norm.weight": norm})
    with pytest.raises(ValueError, match="m: model.norm.weight: 1 of 24 .*not finite"):
        hub.load(folder)


def test_a_cast_that_is_too_narrow_is_refused(tmp_path):
    wide = {"model.norm.weight": torch.full((24,), 1e30)}
    folder = publish(drawn(LLAMA), LLAMA, tmp_path / "m", **wide)
    assert hub.load(folder, dtype=torch.bfloat16).norm.weight.isfinite().all()
    with pytest.raises(
        ValueError, match=r"24 of 24 numbers are not finite \(float16\)"
    ):
        hub.load(folder, dtype=torch.float16)
    with pytest.raises(ValueError, match="dtype must be that of real numbers"):
        hub.load(folder, dtype=torch.int8)


KINDS = (torch.int64, torch.int8, torch.uint8, torch.bool, torch.float64)
KINDS += (torch.float8_e4m3fn, torch.float8_e5m2, torch.complex64)


@pytest.mark.parametrize("dtype", KINDS)
def test_other_numbers_are_refused_by_name(dtype, tmp_path):
    other = {"model.norm.weight": torch.ones(24).to(dtype)}
    with pytest.raises(ValueError, match="m: model.norm.weight: numbers must be F32"):
        hub.load(publish(drawn(LLAMA), LLAMA, tmp_path / "m", **other))


SHAPES = ([0], [1 << 63, 0], [0, 1 << 40, 1 << 40], [1] * 300, [], [24, 1], [12, 2])


@pytest.mark.parametrize("shape", SHAPES)
def test_an_absurd_shape_is_one_short_line(shape, tmp_path):
    folder = publish(drawn(LLAMA), LLAMA, tmp_path / "m")
    path = folder / "model.safetensors"
    content = path.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    header, size = json.loads(content[8:end]), 4 * math.prod(shape)
    begin = header["model.norm.weight"]["data_offsets"][0]
    entry = {"dtype": "F32", "shape": shape, "data_offsets": [begin, begin + size]}
    header["model.norm.weight"] = entry
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[end:])
    with pytest.raises(ValueError) as caught:
        hub.load(folder)
    assert len(str(caught.value)) < 800 and "\n" not in str(caught.value)


def test_a_name_in_a_file_cannot_write_to_the_terminal(tmp_path):
    extra = {"a\x1b[2J\n" + "b" * 9000: torch.zeros(2)}
    folder = publish(drawn(LLAMA), LLAMA, tmp_path / "m", **extra)
    with pytest.raises(ValueError, match="unexpected a") as caught:
        hub.load(folder)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 500


def test_a_layer_after_the_last_is_the_mtp_module_or_unexpected(tmp_path):
    content = V3 | {"num_hidden_layers": 3}
    config = replace(read_config(V3), n_mtp=1)
    longer = Transformer(config)
    again = hub.load(publish(longer, V3, tmp_path / "m"))
    assert again.config == config and again.mtp is not None
    with pytest.raises(ValueError, match="unexpected model.layers.2"):
        hub.load(publish(longer, V3 | {"num_hidden_layers": 1}, tmp_path / "m"))
    with pytest.raises(ValueError, match="missing model.layers.2"):
        hub.load(publish(drawn(V3), content, tmp_path / "m"))


HUGE = {
    "layers": {"num_hidden_layers": 1 << 20},
    "width": {"hidden_size": 1 << 20},
    "words": {"vocab_size": 1 << 20},
    "experts": {"n_routed_experts": 1 << 20, "n_group": 1, "topk_group": 1},
}


@pytest.mark.parametrize("changes", HUGE.values(), ids=HUGE)
def test_a_config_far_beyond_the_files_is_refused_before_it_is_built(
    changes, tmp_path, monkeypatch
):
    folder = publish(drawn(V3), V3 | changes, tmp_path / "m")

    def build(*_):
        raise AssertionError("a model was built")

    monkeypatch.setattr("r1lib.hub.published.Transformer", build)
    with pytest.raises(ValueError, match=r"describes [\d,]+ parameters .* hold [\d,]+"):
        hub.load(folder)


def test_many_tiny_layers_are_refused_for_their_number(tmp_path):
    """A large tensor hides the parameters of a million layers, not their names."""
    content = LLAMA | {"num_hidden_layers": 4000}
    big = {"extra": torch.zeros(20_000_000, dtype=torch.bfloat16)}
    with pytest.raises(ValueError, match="in 4,000 layers and experts"):
        hub.load(publish(drawn(LLAMA), content, tmp_path / "m", **big))


def test_our_own_folders_are_held_to_the_same_bound(tmp_path, monkeypatch):
    config = replace(drawn(LLAMA).config, vocab_size=SMALLEST)
    hub.save(Transformer(config), tmp_path / "m", Tokenizer([]))
    path = tmp_path / "m" / "model.safetensors"
    tensors, note = hub.load_tensors(path)
    text = replace(config, ffn_dim=1 << 19).to_json()
    (tmp_path / "m" / "config.json").write_text(text)
    hub.save_tensors(tensors, path, note | {"config": files.digest(text)})
    with pytest.raises(ValueError, match=r"describes [\d,]+ parameters .* hold [\d,]+"):
        hub.load(tmp_path / "m")


@pytest.mark.parametrize(
    "name",
    [
        "../m2/model.safetensors",
        "/etc/passwd",
        "a/b.safetensors",
        "..\\b.safetensors",
        "C:b.safetensors",
        ".safetensors",
        "model.bin",
        "..",
        "",
        7,
        None,
    ],
)
def test_an_index_may_name_files_of_its_own_folder_only(name, tmp_path):
    folder = publish(drawn(LLAMA), LLAMA, tmp_path / "m", shards=2)
    publish(drawn(LLAMA), LLAMA, tmp_path / "m2")
    index = folder / "model.safetensors.index.json"
    content = json.loads(index.read_text())
    content["weight_map"]["model.norm.weight"] = name
    index.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="is not a file of this folder"):
        hub.load(folder)


@pytest.mark.parametrize("text", ["[]", "{}", '{"weight_map": []}', "{", "[" * 99999])
def test_a_damaged_index_is_refused(text, tmp_path):
    folder = publish(drawn(LLAMA), LLAMA, tmp_path / "m", shards=2)
    (folder / "model.safetensors.index.json").write_text(text)
    with pytest.raises(ValueError, match="has no weight_map|is damaged"):
        hub.load(folder)


def test_an_index_and_its_shards_must_agree(tmp_path):
    folder = publish(drawn(LLAMA), LLAMA, tmp_path / "m", shards=2)
    index = folder / "model.safetensors.index.json"
    content = json.loads(index.read_text())
    places = content["weight_map"]
    old = places["model.norm.weight"]
    places["model.norm.weight"] = next(x for x in places.values() if x != old)
    index.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="holds model.norm|lacks model.norm"):
        hub.load(folder)
    (folder / old).unlink()
    with pytest.raises(ValueError, match="no checkpoint at"):
        hub.load(folder)


def test_pickled_weights_are_not_opened(tmp_path):
    folder = publish(drawn(LLAMA), LLAMA, tmp_path / "m")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ValueError, match="no checkpoint at .*model.safetensors"):
        hub.load(folder)


@pytest.mark.parametrize("kept", [0, 5, 100, -1], ids=lambda n: f"{n} bytes")
@pytest.mark.parametrize("shards", [1, 2])
def test_a_cut_weight_file_is_called_damaged(kept, shards, tmp_path):
    folder = publish(drawn(LLAMA), LLAMA, tmp_path / "m", shards)
    path = sorted(folder.glob("*.safetensors"))[0]
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match=f"{path.name} is damaged"):
        hub.load(folder)
    path.write_bytes(struct.pack("<Q", 1 << 62) + b"{}")
    with pytest.raises(ValueError, match=f"{path.name} is damaged"):
        hub.load(folder)


def test_a_published_folder_has_no_tokenizer_of_ours(tmp_path):
    folder = publish(drawn(LLAMA), LLAMA, tmp_path / "m")
    with pytest.raises(ValueError, match="hub.load"):
        hub.load_model(folder)


# --- config.json


@pytest.mark.parametrize("content", [LLAMA, V3, V2])
def test_an_unscaled_config_is_translated(content):
    config = read_config(content)
    assert (config.d_model, config.n_layers, config.vocab_size) == (24, 2, 40)
    assert config.rope_theta == 1e4 and config.rope_scaling == "" and not config.n_mtp


def test_each_family_has_its_own_parts():
    llama = read_config(LLAMA)
    assert llama.head_dim == 6 and llama.rope_layout == "half"
    assert not (llama.attention_bias or llama.output_bias or llama.qk_norm)
    both = read_config(LLAMA | {"attention_bias": True})
    assert both.attention_bias and both.output_bias
    qwen2 = read_config(LLAMA | {"model_type": "qwen2"})
    assert qwen2.attention_bias and not qwen2.output_bias
    qwen3 = read_config(LLAMA | {"model_type": "qwen3", "head_dim": 8})
    assert qwen3.qk_norm and qwen3.head_dim == 8 and not qwen3.attention_bias
    v3, v2 = read_config(V3), read_config(V2)
    assert (v3.gate, v3.n_expert_groups, v3.n_limited_groups) == ("sigmoid", 4, 2)
    assert (v2.gate, v2.n_expert_groups) == ("softmax", 1)
    assert v3.rope_layout == v2.rope_layout == "interleaved"


@pytest.mark.parametrize("where", ["rope_parameters", "rope_scaling"])
def test_scaled_positions_are_read_from_new_and_old_places(where):
    config = read_config(LLAMA | {where: LLAMA3})
    assert config.rope_scaling == "llama3" and config.rope_theta == 1e4
    assert (config.rope_factor, config.original_positions) == (8.0, 8192)
    config = read_config(LLAMA | {where: YARN | {"rope_theta": 5e5}})
    assert config.rope_scaling == "yarn" and config.rope_theta == 5e5
    assert config.mscale == config.mscale_all_dim == 0


SIZES = {
    *("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers"),
    *("num_attention_heads", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim"),
    *("v_head_dim", "moe_intermediate_size", "n_routed_experts", "n_shared_experts"),
}


@pytest.mark.parametrize("family", DEFAULTS)
def test_what_a_config_does_not_say_is_as_in_transformers(family):
    """Each setting left out by itself, but for sizes that the tensors have anyway."""
    transformers = pytest.importorskip("transformers")
    made = transformers.AutoConfig.for_model(family)
    content = made.to_dict() | {"rope_theta": 10_000.0}
    assert content.pop("rope_parameters")["rope_theta"] == content["rope_theta"]
    if family == "deepseek_v2":  # has no default
        content["num_experts_per_tok"] = 6
    wanted = read_config(content)
    for name, value in content.items():
        if name not in SIZES and value != 6 and name != "model_type":
            rest = {n: x for n, x in content.items() if n != name}
            assert read_config(rest) == wanted, name


def test_llama_2_says_nothing_of_theta(tmp_path):
    content = {n: x for n, x in LLAMA.items() if n != "rope_theta"}
    again = hub.load(publish(drawn(content), content, tmp_path / "m"))
    assert again.config.rope_theta == 10_000.0


def test_scaled_positions_grow_from_the_longest_where_nothing_else_is_said():
    yarn = {"rope_type": "yarn", "factor": 4.0}
    config = read_config(LLAMA | {"rope_scaling": yarn})
    assert config.original_positions == LLAMA["max_position_embeddings"]


WITHOUT = object()
BAD = [
    (LLAMA, {"model_type": "gpt2"}, "model_type must be .*'llama', got 'gpt2'"),
    (LLAMA, {"model_type": None}, "model_type must be"),
    (LLAMA, {"hidden_size": WITHOUT}, "config.json lacks hidden_size"),
    (LLAMA, {"hidden_size": "24"}, "hidden_size '24' for 4 heads"),
    (LLAMA, {"vocab_size": True}, "vocab_size must be int, got True"),
    (LLAMA, {"num_attention_heads": 5}, r"hidden_size \(24\) must be a multiple of"),
    (LLAMA, {"num_attention_heads": 0}, "for 0 heads"),
    (LLAMA, {"num_key_value_heads": 3}, r"n_heads \(4\) must be a multiple of .*\(3\)"),
    (LLAMA, {"head_dim": 7}, "head_dim must be even, got 7"),
    (LLAMA, {"vocab_size": 1 << 40}, "vocab_size must be in 0"),
    (LLAMA, {"num_hidden_layers": 0}, "n_layers must be above 0"),
    (LLAMA, {"rms_norm_eps": float("nan")}, "norm_eps must be in"),
    (LLAMA, {"hidden_act": "gelu"}, "hidden_act must be .*got 'gelu'"),
    (LLAMA, {"mlp_bias": True}, "mlp_bias must be"),
    (LLAMA, {"quantization_config": {"bits": 4}}, "quantization_config must be"),
    (LLAMA, {"use_sliding_window": True}, "use_sliding_window must be"),
    (LLAMA, {"layer_types": ["sliding_attention"]}, "layer_types must all be"),
    (LLAMA, {"layer_types": 3}, "layer_types"),
    (LLAMA, {"rope_theta": None}, "config.json lacks rope_theta"),
    (LLAMA, {"rope_theta": 10**400}, "rope_theta must be in"),
    (LLAMA, {"rope_scaling": {"type": "dynamic", "factor": 2.0}}, "got 'dynamic'"),
    (LLAMA, {"rope_scaling": {"type": []}}, r"got \[\]"),
    (LLAMA, {"rope_scaling": "yarn"}, "rope settings must be an object"),
    (LLAMA, {"rope_scaling": {"type": "yarn"}}, "lacks factor"),
    (LLAMA, {"rope_scaling": {"type": "llama3"}}, "lacks factor, low_freq_factor, hi"),
    (LLAMA, {"rope_scaling": YARN | {"factor": 0.5}}, "rope_factor >= 1"),
    (LLAMA, {"rope_scaling": YARN | {"beta_fast": 1}}, "beta_slow must be above 0"),
    (LLAMA, {"rope_scaling": YARN | {"attention_factor": 2.0}}, "attention_factor=2.0"),
    (LLAMA, {"rope_scaling": LLAMA3 | {"low_freq_factor": 5}}, "low_freq_factor must"),
    (LLAMA, {"model_type": "qwen3", "head_dim": None}, "config.json lacks head_dim"),
    (V3, {"n_routed_experts": 9}, r"n_routed_experts \(9\) must be a multiple of"),
    (V3, {"topk_group": 5}, "n_limited_groups must be at most n_expert_groups"),
    (V3, {"num_experts_per_tok": 5}, "n_activated_experts must be at most 4, got 5"),
    (V3, {"n_group": 8, "topk_group": 8}, "two best experts"),
    (V3, {"n_group": None}, "config.json lacks n_group"),
    (V3, {"scoring_func": "softmax"}, "scoring_func must be"),
    (V3, {"attention_bias": True}, "attention_bias must be"),
    (V3, {"moe_layer_freq": 2}, "moe_layer_freq must be"),
    (V3, {"qk_rope_head_dim": 3}, "qk_rope_head_dim must be even, got 3"),
    (V3, {"kv_lora_rank": 0}, "kv_lora_rank must be above 0"),
    (V2, {"topk_method": "noaux_tc"}, "topk_method must be"),
    (V2, {"topk_method": "group_limited_greedy"}, "config.json lacks n_group"),
]


@pytest.mark.parametrize("content, changes, words", BAD)
def test_a_config_that_cannot_be_built_is_refused(content, changes, words, tmp_path):
    content = {n: x for n, x in (content | changes).items() if x is not WITHOUT}
    with pytest.raises(ValueError, match=words):
        read_config(content)
    (tmp_path / "config.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=tmp_path.name):
        hub.load(tmp_path)


QWEN25 = {  # config.json as published, fields that only matter for training left out
    "architectures": ["Qwen2ForCausalLM"],
    "hidden_act": "silu",
    "hidden_size": 896,
    "initializer_range": 0.02,
    "intermediate_size": 4864,
    "max_position_embeddings": 32768,
    "max_window_layers": 24,
    "model_type": "qwen2",
    "num_attention_heads": 14,
    "num_hidden_layers": 24,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-06,
    "rope_theta": 1000000.0,
    "sliding_window": 32768,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
    "use_sliding_window": False,
    "vocab_size": 151936,
}
LLAMA32 = {
    "attention_bias": False,
    "head_dim": 64,
    "hidden_act": "silu",
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "max_position_embeddings": 131072,
    "mlp_bias": False,
    "model_type": "llama",
    "num_attention_heads": 32,
    "num_hidden_layers": 16,
    "num_key_value_heads": 8,
    "pretraining_tp": 1,
    "rms_norm_eps": 1e-05,
    "rope_scaling": LLAMA3 | {"factor": 32.0},
    "rope_theta": 500000.0,
    "tie_word_embeddings": True,
    "vocab_size": 128256,
}
DEEPSEEK_V3 = {
    "attention_bias": False,
    "first_k_dense_replace": 3,
    "hidden_act": "silu",
    "hidden_size": 7168,
    "intermediate_size": 18432,
    "kv_lora_rank": 512,
    "max_position_embeddings": 163840,
    "model_type": "deepseek_v3",
    "moe_intermediate_size": 2048,
    "moe_layer_freq": 1,
    "n_group": 8,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "norm_topk_prob": True,
    "num_attention_heads": 128,
    "num_experts_per_tok": 8,
    "num_hidden_layers": 61,
    "num_key_value_heads": 128,
    "num_nextn_predict_layers": 1,
    "q_lora_rank": 1536,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "rms_norm_eps": 1e-06,
    "rope_scaling": {
        "beta_fast": 32,
        "beta_slow": 1,
        "factor": 40,
        "mscale": 1.0,
        "mscale_all_dim": 1.0,
        "original_max_position_embeddings": 4096,
        "type": "yarn",
    },
    "rope_theta": 10000,
    "routed_scaling_factor": 2.5,
    "scoring_func": "sigmoid",
    "tie_word_embeddings": False,
    "topk_group": 4,
    "topk_method": "noaux_tc",
    "v_head_dim": 128,
    "vocab_size": 129280,
}
V2_LITE = DEEPSEEK_V3 | {
    "first_k_dense_replace": 1,
    "hidden_size": 2048,
    "intermediate_size": 10944,
    "model_type": "deepseek_v2",
    "moe_intermediate_size": 1408,
    "n_group": 1,
    "n_routed_experts": 64,
    "n_shared_experts": 2,
    "norm_topk_prob": False,
    "num_attention_heads": 16,
    "num_experts_per_tok": 6,
    "num_hidden_layers": 27,
    "num_key_value_heads": 16,
    "q_lora_rank": None,
    "rope_scaling": DEEPSEEK_V3["rope_scaling"]
    | {"mscale": 0.707, "mscale_all_dim": 0.707},
    "routed_scaling_factor": 1.0,
    "scoring_func": "softmax",
    "topk_group": 1,
    "topk_method": "greedy",
    "vocab_size": 102400,
}


@pytest.mark.parametrize(
    "content, preset",
    [
        (QWEN25, "qwen2.5-0.5b"),
        (LLAMA32, "llama-3.2-1b"),
        (DEEPSEEK_V3, "deepseek-v3"),
        (V2_LITE, "deepseek-v2-lite"),
    ],
)
def test_a_published_config_is_the_preset(content, preset):
    wanted = PRESETS[preset]
    found = read_config(json.loads(json.dumps(content)))
    assert replace(found, init_std=wanted.init_std) == wanted


@pytest.mark.parametrize(
    "given",
    [{"quant_method": "gptq"}, "fp8", {"quant_method": "fp8", "weight_block_size": 64}],
)
def test_weights_of_unknown_quantisation_are_refused_by_name(given):
    with pytest.raises(ValueError, match="quantization_config must be null, or fp8"):
        read_config(DEEPSEEK_V3 | {"quantization_config": given})


ODD = [None, True, -1, 0, 1, 2.5, 10**400, float("inf"), "", "x", [], [3], {}, {"a": 1}]


@pytest.mark.parametrize("content", [LLAMA | {"rope_scaling": YARN}, V3, V2])
def test_any_odd_value_gives_a_config_or_a_value_error(content):
    refused = 0
    for name in {**content, "head_dim": 6, "layer_types": [], "q_lora_rank": 8}:
        for value in ODD:
            try:
                read_config(content | {name: value})
            except ValueError:
                refused += 1
    assert refused > 8 * len(content)
    for name in YARN:
        for value in ODD:
            try:
                read_config(content | {"rope_scaling": YARN | {name: value}})
            except ValueError:
                refused += 1


@pytest.mark.parametrize("text", ["[1, 2]", "{", "7", "", '{"a":' * 5000, "\xff"])
def test_a_damaged_config_file_is_refused(text, tmp_path):
    (tmp_path / "config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError):
        hub.load(tmp_path)


def test_every_family_is_tested_above():
    tried = {content["model_type"] for content, _, _ in BAD}
    tried |= {changes.get("model_type") for _, changes, _ in BAD} | {"qwen2"}
    assert set(DEFAULTS) <= tried


def test_a_softmax_gate_has_no_bias_to_balance():
    model = drawn(V2).train()
    assert model.layers[1].ffn.router_bias is None
    assert not any("router_bias" in name for name in model.state_dict())
    model(IDS)
    (load,) = router_loads(model).values()
    assert load.sum() == 18 * 3
    balance(model, 0.1)
    assert load.sum() == 0


def test_our_own_config_names_are_not_a_published_config(tmp_path):
    (tmp_path / "config.json").write_text(ModelConfig().to_json())
    with pytest.raises(ValueError, match="no checkpoint at"):
        hub.load(tmp_path)
