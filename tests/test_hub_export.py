"""Exported folders, loaded by transformers without a network: same numbers, same text.

All parameters and buffers are drawn anew (`parity.draw_anew`), so that no norm of 1
and no bias of 0 hides a wrong name.
"""

import errno
import json
import os
import random
import socket
from dataclasses import replace

import pytest
import torch
from parity import draw_anew, transformers

from r1lib import artifacts, hub, sampling
from r1lib.hub import export
from r1lib.hub.names import published_name, weights
from r1lib.model import counts
from r1lib.model.config import ModelConfig
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Transformer, rope_of
from r1lib.problem import draw
from r1lib.tokenizer import EOS, SMALLEST, SPECIAL, Tokenizer, chat
from r1lib.tokenizer.pretokenize import PRETOKENIZERS
from r1lib.world import arithmetic, countdown

TEXTS = ["What is 12345 + 678? <think>17+5=22</think> 생각해 보자, didn't we?"] * 4
TOKENIZER = Tokenizer.train(TEXTS, SMALLEST + 30)
ROWS = SMALLEST + 35  # five more than the tokenizer has ids, as in published models
MLA = ModelConfig(
    vocab_size=ROWS,
    d_model=48,
    n_layers=3,
    n_heads=4,
    max_positions=256,
    kv_lora_rank=14,
    qk_nope_head_dim=12,
    qk_rope_head_dim=8,
    v_head_dim=10,
    ffn_dim=40,
    n_routed_experts=16,
    n_activated_experts=4,
    n_expert_groups=4,
    n_limited_groups=2,
    moe_ffn_dim=24,
    route_scale=2.5,
    norm_eps=1e-5,
)
DENSE = replace(PRESETS["student-llama-small"], vocab_size=ROWS, max_positions=256)
QWEN = replace(PRESETS["student-qwen-small"], vocab_size=ROWS, max_positions=256)
YARN = {"rope_scaling": "yarn", "rope_factor": 4.0, "original_positions": 32}
LLAMA3 = YARN | {"rope_scaling": "llama3", "rope_factor": 8.0}
V3, LLAMA, QWEN3 = "DeepseekV3ForCausalLM", "LlamaForCausalLM", "Qwen3ForCausalLM"
CASES = {
    "v3": (MLA, {}, V3),
    "v3-latent-queries": (MLA, {"q_lora_rank": 20, "n_shared_experts": 2}, V3),
    "v3-one-group": (MLA, {"n_expert_groups": 1, "n_limited_groups": 1}, V3),
    "v3-raw-weights": (MLA, {"norm_topk_prob": False, "rope_theta": 1e6}, V3),
    "v3-halves": (MLA, {"rope_layout": "half", "tie_embeddings": True}, V3),
    "v3-all-dense": (MLA, {"n_routed_experts": 0}, V3),
    "v3-yarn": (MLA, YARN | {"mscale": 1.0, "mscale_all_dim": 0.7}, V3),
    "qwen": (QWEN, {}, LLAMA),
    "qwen-neighbours": (QWEN, {"rope_layout": "interleaved"}, LLAMA),
    "qwen-yarn": (QWEN, YARN, LLAMA),
    "qwen3": (DENSE, {"qk_norm": True, "head_dim": 20}, QWEN3),
    "qwen3-all-at-once": (
        DENSE,
        {"qk_norm": True, "attention_bias": True, "rope_layout": "interleaved"},
        QWEN3,
    ),
    "llama": (DENSE, {}, LLAMA),
    "llama3-tied": (DENSE, LLAMA3 | {"tie_embeddings": True}, LLAMA),
    "llama-bias": (DENSE, {"attention_bias": True, "output_bias": True}, LLAMA),
}


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_):
        raise OSError("a test wants the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def drawn(config, seed=0):
    """A random model of ours, its table of positions as it has to be."""
    model = draw_anew(Transformer(config), seed)
    model.rope.copy_(rope_of(config))
    return model


def loaded(folder):
    """What transformers makes of a folder, with nothing missing and nothing left."""
    model, info = transformers.AutoModelForCausalLM.from_pretrained(
        folder, output_loading_info=True, attn_implementation="eager"
    )
    assert not any(info.values()), info
    return model.eval(), transformers.AutoTokenizer.from_pretrained(folder)


def close(found, wanted):
    """Equal within 1e-4 of the largest number."""
    return (found - wanted).abs().max() < 1e-4 * wanted.abs().max()


# ---- logits and text -----------------------------------------------------------


@pytest.mark.parametrize("config, changes, kind", CASES.values(), ids=CASES)
@torch.no_grad()
def test_transformers_and_we_read_the_same_logits(config, changes, kind, tmp_path):
    model = drawn(replace(config, **changes))
    hub.export_hf(model, tmp_path / "m", TOKENIZER)
    theirs, _ = loaded(tmp_path / "m")
    ids = torch.randint(ROWS, (2, 75))
    assert type(theirs).__name__ == kind
    assert close(theirs(ids).logits, model(ids))
    again = hub.load(tmp_path / "m").eval()
    assert close(again(ids), model(ids))
    assert again.config.n_mtp == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["student-qwen", "student-llama", "tiny"])
@torch.no_grad()
def test_two_hundred_greedy_tokens_are_the_same(name, tmp_path):
    model = drawn(replace(PRESETS[name], vocab_size=ROWS), seed=1)
    hub.export_hf(model, tmp_path / "m", TOKENIZER)
    theirs, tokenizer = loaded(tmp_path / "m")
    question = [{"role": "user", "content": "What is 12345 + 678?"}]
    prompt = tokenizer.apply_chat_template(
        question, add_generation_prompt=True, return_tensors="pt"
    )
    wanted = theirs.generate(
        **prompt, max_new_tokens=200, do_sample=False, eos_token_id=None
    )[0, prompt["input_ids"].shape[1] :]
    ids = chat.for_inference(TOKENIZER, question)
    found = sampling.generate(model, [ids], max_new_tokens=200, temperature=0)[0].ids
    assert len(found) == 200
    assert found == wanted.tolist()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["zero-tiny", "r1-tiny", "distill-tiny"])
@torch.no_grad()
def test_a_shipped_model_writes_the_same_answers_there(name, tmp_path):
    model, tokenizer = artifacts.load(name)
    hub.export_hf(model, tmp_path / "m")  # with the tokenizer of the book
    theirs, their_tokenizer = loaded(tmp_path / "m")
    ids = torch.tensor([tokenizer.prompt("numbers=3,7,8 target=35")])
    assert (theirs(ids).logits - model.eval()(ids)).abs().max() < 1e-4
    rng, families = random.Random(0), (arithmetic, countdown)
    questions = [draw(families[i % 2].sample, rng, "test").prompt for i in range(8)]
    prompts = [tokenizer.prompt(text) for text in questions]
    ours = sampling.generate(
        model, prompts, max_new_tokens=200, temperature=0, stop_ids=(EOS,)
    )
    talks = [[{"role": "user", "content": text}] for text in questions]
    batch = their_tokenizer.apply_chat_template(
        talks, add_generation_prompt=True, padding=True, return_tensors="pt"
    )
    out = theirs.generate(**batch, max_new_tokens=200, do_sample=False)
    texts = their_tokenizer.batch_decode(
        out[:, batch["input_ids"].shape[1] :], skip_special_tokens=True
    )
    ended = [c.finish == "stop" for c in ours]  # a greedy search may go in circles
    cut = [c.ids[:-1] if end else c.ids for c, end in zip(ours, ended, strict=True)]
    assert sum(ended) >= 4 and texts == [tokenizer.decode(ids) for ids in cut]
    assert sum("</think>" in text for text in texts) >= sum(ended)


# ---- tokenizer and chat template -----------------------------------------------


def some_texts(seed, n):
    """Words, digits, Korean, signs, spaces and broken bytes in any order."""
    rng = random.Random(seed)
    parts = ["What", " is", "12345", "가나", "didn't", "  ", "\n\n", " ?!", "🙂", "\0"]
    parts += ["東京", "か・", "e\u0301", "678 ", "_a", ".b"]
    for _ in range(n):
        noise = rng.randbytes(6).decode("utf-8", errors="replace")
        yield "".join(rng.choices([*parts, noise], k=rng.randint(0, 12)))


@pytest.mark.parametrize("cuts", PRETOKENIZERS)
@pytest.mark.parametrize("name", ["student-qwen", "smoke"])
def test_their_tokenizer_gives_our_ids_and_our_text(name, cuts, tmp_path):
    ours = Tokenizer.train(TEXTS, SMALLEST + 30, cuts)
    model = drawn(replace(PRESETS[name], vocab_size=ROWS))
    hub.export_hf(model, tmp_path / "m", ours)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "m")
    assert len(theirs) == ours.vocab_size
    rng = random.Random(1)
    for text in some_texts(0, 60):
        assert theirs(text).input_ids == ours.encode(text), text
        mixed = text[:9] + rng.choice(SPECIAL) + text[9:]
        ids = ours.encode(mixed, allow_special=True)
        assert theirs(mixed).input_ids == ids, mixed
        assert theirs.decode(ids) == ours.decode(ids)
        # the frame cannot be forged where special tokens are split; the tags stay
        found = theirs(mixed, split_special_tokens=True).input_ids
        assert found == chat.encode_answer(ours, mixed)
        ids = [rng.randrange(ours.vocab_size) for _ in range(20)]
        assert theirs.decode(ids) == ours.decode(ids)
    assert theirs.convert_tokens_to_ids(list(SPECIAL)) == list(range(len(SPECIAL)))
    assert (theirs.pad_token_id, theirs.bos_token_id, theirs.eos_token_id) == (0, 1, 2)


def test_a_folder_of_qwen2_would_be_cut_as_qwen_cuts(tmp_path):
    """Why a student of Qwen's shape is written as a Llama.

    Should this fail one day, transformers reads tokenizer.json for Qwen2 as well, and
    `hub_export.as_published` need not add a bias of zeros.
    """
    hub.export_hf(drawn(QWEN), tmp_path / "m", TOKENIZER)
    path = tmp_path / "m" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_type": "qwen2"}))
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "m")
    assert type(theirs).__name__ == "Qwen2Tokenizer"
    assert theirs("12345").input_ids != TOKENIZER.encode("12345")


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "m"
    hub.export_hf(drawn(QWEN), folder, TOKENIZER)
    return transformers.AutoTokenizer.from_pretrained(folder)


def talk(*texts, system=()):
    said = zip(("user", "assistant") * len(texts), texts, strict=False)
    turns = [*(("system", text) for text in system), *said]
    return [{"role": role, "content": text} for role, text in turns]


def test_the_chat_template_frames_as_chat_does(template):
    rng = random.Random(0)
    pool = ("17+5", "<think>a</think>b", "no {{ thought }}", "\na</think>\n\nc", "생각")
    for _ in range(50):
        texts = rng.choices(pool[2:], k=2 * rng.randint(0, 3) + 1)
        texts[1::2] = rng.choices(pool, k=len(texts) // 2)
        texts[::2] = [text.replace("</think>", "") for text in texts[::2]]
        system = rng.choice(((), ("Be kind.",), ("Be kind.\n", " Be brief.")))
        messages = talk(*texts, system=system)
        found = template.apply_chat_template(
            messages, add_generation_prompt=True, return_dict=False
        )
        assert found == chat.for_inference(TOKENIZER, messages)
        without = template.apply_chat_template(messages, return_dict=False)
        assert without == found[:-1]


@pytest.mark.parametrize(
    "messages", [talk("a", "b")[1:], talk("a") * 2, [{"role": "tool", "content": "a"}]]
)
def test_the_chat_template_refuses_turns_in_a_wrong_order(template, messages):
    with pytest.raises(Exception, match="turns must be user, assistant, ..., got"):
        template.apply_chat_template(messages, add_generation_prompt=True)


def test_the_tags_of_an_answer_are_not_skipped(template):
    text = "<|assistant|><think>1</think><answer>2</answer><|eos|>"
    ids = TOKENIZER.encode(text, allow_special=True)
    shown = template.decode(ids, skip_special_tokens=True)
    assert shown == "<think>1</think><answer>2</answer>"


# ---- what is left out, and what is refused ---------------------------------------


def test_the_mtp_module_is_left_out_because_transformers_complains(tmp_path):
    model = drawn(MLA)
    hub.export_hf(model, tmp_path / "m", TOKENIZER)
    found, note = hub.load_tensors(tmp_path / "m" / "model.safetensors")
    assert note == {"format": "pt"} and not any("layers.3." in name for name in found)
    every = {published_name(name, MLA): x for name, x in weights(model).items()}
    hub.save_tensors(every, tmp_path / "m" / "model.safetensors", note)
    _, info = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path / "m", output_loading_info=True
    )
    assert "model.layers.3.eh_proj.weight" in info["unexpected_keys"]
    assert hub.load(tmp_path / "m").config.n_mtp == 1  # we would take it


def test_weights_keep_their_dtype(tmp_path):
    model = drawn(MLA)
    biases = model.layers[1].ffn.router_bias.clone()
    model = model.bfloat16()
    model.layers[1].ffn.router_bias = biases
    hub.export_hf(model, tmp_path / "m", TOKENIZER)
    theirs, _ = loaded(tmp_path / "m")
    assert theirs.dtype == theirs.lm_head.weight.dtype == torch.bfloat16
    gate = theirs.model.layers[1].mlp.gate
    assert torch.equal(gate.e_score_correction_bias, biases)
    assert torch.equal(theirs.lm_head.weight, model.head.weight)


def test_vllm_is_given_the_name_of_a_router():
    """Without it vLLM makes no room for the biases of the router, and stops."""
    sparse, dense = (
        export.config_json(export.as_published(config, tokenizer=True))
        for config in (MLA, DENSE)
    )
    assert (sparse["topk_method"], sparse["scoring_func"]) == ("noaux_tc", "sigmoid")
    assert "topk_method" not in dense


@torch.no_grad()
def test_a_model_of_another_vocabulary_is_written_alone_and_says_so(tmp_path):
    model = drawn(QWEN)
    with pytest.warns(UserWarning, match=f"no tokenizer .*, the model {ROWS}"):
        hub.export_hf(model, tmp_path / "m")
    names = sorted(path.name for path in (tmp_path / "m").iterdir())
    assert names == ["config.json", "model.safetensors"]
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "m").eval()
    ids = torch.randint(ROWS, (2, 20))
    assert type(theirs).__name__ == "Qwen2ForCausalLM"  # nothing to be cut wrongly
    assert close(theirs(ids).logits, model(ids))
    assert hub.load(tmp_path / "m").config == QWEN


@pytest.mark.parametrize("rows, fits", [(639, False), (640, True), (1024, True)])
def test_the_book_s_tokenizer_is_for_models_of_the_book(rows, fits):
    if fits:
        assert export.book_tokenizer(rows).vocab_size == 640
    else:
        with pytest.warns(UserWarning):
            assert export.book_tokenizer(rows) is None


BAD = [
    (MLA, {"gate": "softmax"}, "deepseek_v3 cannot hold gate='softmax'"),
    (MLA, {"n_shared_experts": 0}, "needs a shared expert and two routed ones"),
    (
        MLA,
        {"n_routed_experts": 1, "n_activated_experts": 1}
        | {"n_expert_groups": 1, "n_limited_groups": 1},
        "needs a shared expert and two routed ones, got 1 and 1",
    ),
    (DENSE, {"n_routed_experts": 8}, "llama cannot hold n_routed_experts=8, only 0"),
    (DENSE, {"output_bias": True}, "llama cannot hold output_bias=True, only False"),
    (DENSE, {"vocab_size": SMALLEST}, f"the tokenizer has {SMALLEST + 30} ids"),
]


@pytest.mark.parametrize("config, changes, words", BAD)
def test_what_no_family_holds_is_refused_and_nothing_written(
    config, changes, words, tmp_path
):
    model = drawn(replace(config, **changes))
    with pytest.raises(ValueError, match=words):
        hub.export_hf(model, tmp_path / "m", TOKENIZER)
    assert list(tmp_path.iterdir()) == []


def test_two_ids_with_one_text_are_refused(tmp_path):
    a = SMALLEST - 256 + ord("a")
    pairs = [(a, a), (SMALLEST, a), (a, SMALLEST)]  # "aa" + "a" is "a" + "aa"
    with pytest.raises(ValueError, match="268 ids have only 267 texts"):
        hub.export_hf(drawn(QWEN), tmp_path / "m", Tokenizer(pairs))


def make_folder(path):
    path.mkdir()
    (path / "mine").write_text("kept")


@pytest.mark.parametrize(
    "make",
    [make_folder, lambda p: p.write_text("kept"), lambda p: p.symlink_to("nowhere")],
    ids=["folder", "file", "dangling link"],
)
def test_what_exists_is_never_written_over(make, tmp_path):
    make(tmp_path / "m")
    before = os.lstat(tmp_path / "m")
    with pytest.raises(ValueError, match="m exists: it would be lost"):
        hub.export_hf(drawn(QWEN), tmp_path / "m", TOKENIZER)
    after = os.lstat(tmp_path / "m")
    assert [p.name for p in tmp_path.iterdir()] == ["m"]
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_folder_that_a_killed_writer_left_aside_is_not_lost(tmp_path):
    make_folder(tmp_path / ".m.old")
    with pytest.raises(ValueError, match="m exists"):
        hub.export_hf(drawn(QWEN), tmp_path / "m", TOKENIZER)
    assert (tmp_path / "m" / "mine").read_text() == "kept"


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def fsync(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="No space"):
        hub.export_hf(drawn(QWEN), tmp_path / "m", TOKENIZER)
    assert list(tmp_path.iterdir()) == []


# ---- presets -------------------------------------------------------------------


def test_students_are_smaller_than_their_teacher():
    students = {n: c for n, c in PRESETS.items() if n.startswith("student-")}
    teacher = counts.parameters(replace(PRESETS["tiny"], n_mtp=0))
    for shape in ("qwen", "llama"):
        names = [f"student-{shape}{size}" for size in ("-small", "", "-large")]
        sizes = [counts.parameters(students[name]) for name in names]
        assert sizes[0] < sizes[1] < sizes[2]
    assert all(counts.parameters(config) < teacher for config in students.values())
    for config in students.values():
        assert config.attention == "gqa" and config.rope_layout == "half"
        assert config.n_routed_experts == config.n_mtp == 0
    assert PRESETS["student-qwen"].attention_bias
    assert PRESETS["student-qwen"].tie_embeddings
    assert not PRESETS["student-llama"].attention_bias
