"""Five published families as transformers computes them, and as r1lib does.

Each tiny model is saved by `save_pretrained` and read back by `hub.load`, so that the
translation of config.json and the names of the tensors are tested as well.
"""

from dataclasses import replace

import pytest
import torch
from parity import LLAMA3, TOLERANCE, decoded, our_states, plain, some_ids, theirs, yarn

from r1lib import hub
from r1lib.model.transformer import rope_of

CASES = {
    "v3": ("DeepseekV3", {}),
    "v3-plain-q": ("DeepseekV3", {"q_lora_rank": None}),
    "v3-one-group": ("DeepseekV3", {"n_group": 1, "topk_group": 1}),
    "v3-two-shared-raw-weights": (
        "DeepseekV3",
        {"n_shared_experts": 2, "norm_topk_prob": False},
    ),
    "v3-all-dense-half": (
        "DeepseekV3",
        {"first_k_dense_replace": 3, "rope_interleave": False},
    ),
    "v3-yarn": (
        "DeepseekV3",
        {"rope_parameters": yarn(mscale=1.0, mscale_all_dim=1.0)},
    ),
    "v3-yarn-two-scales": (
        "DeepseekV3",
        {"rope_parameters": yarn(mscale=1.0, mscale_all_dim=0.5)},
    ),
    "v3-yarn-no-scales": ("DeepseekV3", {"rope_parameters": yarn()}),
    "v2-greedy": (
        "DeepseekV2",
        {
            "q_lora_rank": None,
            "n_shared_experts": 2,
            "rope_parameters": yarn(mscale=0.707, mscale_all_dim=0.707),
        },
    ),
    "v2-groups": (
        "DeepseekV2",
        {"topk_method": "group_limited_greedy", "n_group": 8, "topk_group": 3},
    ),
    "qwen2": ("Qwen2", {"rope_parameters": plain(1e6)}),
    "qwen2-tied": ("Qwen2", {"tie_word_embeddings": True}),
    "qwen2-yarn": ("Qwen2", {"rope_parameters": yarn()}),
    "qwen3": ("Qwen3", {"rope_parameters": plain(1e6)}),
    "qwen3-tied-bias": ("Qwen3", {"tie_word_embeddings": True, "attention_bias": True}),
    "llama": ("Llama", {"rope_parameters": plain(500_000.0)}),
    "llama3-tied": ("Llama", {"rope_parameters": LLAMA3, "tie_word_embeddings": True}),
    "llama-bias": ("Llama", {"attention_bias": True, "head_dim": 24}),
}


@pytest.mark.parametrize("family, changes", CASES.values(), ids=CASES)
@torch.no_grad()
def test_a_saved_model_gives_transformers_states_and_logits(family, changes, tmp_path):
    reference, ids = theirs(family, **changes), some_ids()
    reference.save_pretrained(tmp_path)
    model = hub.load(tmp_path).eval()
    wanted = reference(ids, output_hidden_states=True)
    states = our_states(model, ids)
    assert len(states) == len(wanted.hidden_states) == 4
    for state, their_state in zip(states, wanted.hidden_states, strict=True):
        torch.testing.assert_close(state, their_state, **TOLERANCE)
    torch.testing.assert_close(model(ids), wanted.logits, **TOLERANCE)
    pieces = decoded(model, ids, [40, 1, 1, 33])
    torch.testing.assert_close(pieces, wanted.logits, **TOLERANCE)


@pytest.mark.parametrize("case", ["v3-yarn", "v2-greedy", "qwen2-yarn", "llama3-tied"])
@torch.no_grad()
def test_without_the_scaling_the_logits_would_differ(case, tmp_path):
    family, changes = CASES[case]
    reference, ids = theirs(family, **changes), some_ids()
    reference.save_pretrained(tmp_path)
    model = hub.load(tmp_path).eval()
    model.rope.copy_(rope_of(replace(model.config, rope_scaling="")))
    assert (model(ids) - reference(ids).logits).abs().max() > 0.01


@torch.no_grad()
def test_greedy_decoding_writes_the_text_that_transformers_writes(tmp_path):
    reference, ids = theirs("Qwen3"), some_ids(rows=1, length=9)
    reference.save_pretrained(tmp_path)
    model = hub.load(tmp_path).eval()
    wanted = reference.generate(
        ids, max_new_tokens=20, do_sample=False, eos_token_id=None, pad_token_id=0
    )
    cache, text = model.new_cache(1, 30), ids
    for _ in range(20):
        logits = model(text[:, cache.length :], cache)
        cache.length = text.shape[1]
        text = torch.cat((text, logits[:, -1:].argmax(-1)), dim=1)
    assert torch.equal(text, wanted)
