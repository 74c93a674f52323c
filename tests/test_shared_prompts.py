"""Completions that share a prompt: the same loss and gradient as row by row."""

from dataclasses import replace

import pytest
import torch
from test_decoding import CONFIGS, shaken

from r1lib.losses import token_logprobs
from r1lib.model.transformer import router_loads
from r1lib.tokenizer import PAD
from r1lib.training.shared_prompts import completion_logprobs, distinct_prompts


def rows_of(seed: int, prompts: int = 3, each: int = 4, longest: int = 9):
    """Prompts and completions of several lengths; some tokens are closed."""
    dice = torch.Generator().manual_seed(seed)

    def draw(n):
        return torch.randint(4, 40, (n,), generator=dice).tolist()

    def number(least, most):
        return int(torch.randint(least, most + 1, (1,), generator=dice))

    texts, marks = [], []
    for _ in range(prompts):
        prompt = draw(number(1, 6))
        for _ in range(each):
            new = draw(number(1, longest))
            texts.append(prompt + new)
            marks.append([False] * len(prompt) + [True] * len(new))
            if len(new) > 3:  # a token in the middle that nobody sampled
                marks[-1][len(prompt) + 2] = False
    width = max(map(len, texts))
    ids = torch.tensor([t + [PAD] * (width - len(t)) for t in texts])
    mask = torch.tensor([m + [False] * (width - len(m)) for m in marks])
    return ids, mask


def plain(model, ids, mask, temperature=1.0):
    return token_logprobs(model(ids), ids, temperature, mask)


def learned(model, logprobs_of, ids, mask, temperature):
    """Log-probabilities, and the gradient of a sum in which each token counts else."""
    model.zero_grad()
    found = logprobs_of(model, ids, mask, temperature)
    weights = torch.linspace(-1, 2, found.numel()).view_as(found)
    (found * weights.to(found.dtype)).sum().backward()
    grads = {
        n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None
    }
    return found.detach(), grads


def agree(model, ids, mask, temperature=1.0):
    exact = not model.config.n_routed_experts  # routers score in 32 bits
    one, grads = learned(model, completion_logprobs, ids, mask, temperature)
    other, wanted = learned(model, plain, ids, mask, temperature)
    close = {"atol": 1e-9, "rtol": 1e-8} if exact else {"atol": 2e-5, "rtol": 1e-4}
    torch.testing.assert_close(one, other, **close)
    assert grads.keys() == wanted.keys()
    for name, grad in grads.items():
        torch.testing.assert_close(grad, wanted[name], **close)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "name", ["mla and experts", "gqa", "qwen2", "compressed queries"]
)
def test_shared_prompts_change_neither_values_nor_gradients(name, seed):
    agree(shaken(CONFIGS[name]).double(), *rows_of(seed), 0.7)


def test_long_completions_take_the_naive_form_of_mla():
    model = shaken(replace(CONFIGS["mla"], max_positions=256)).double()
    assert model.layers[0].attn.crossover < 100
    agree(model, *rows_of(0, 2, 4, longest=160))


def test_completions_of_one_token_need_only_the_prompts():
    model = shaken(CONFIGS["gqa"]).double()
    agree(model, *rows_of(1, 3, 3, longest=1))


def test_rows_without_a_token_to_learn_from_get_zeros():
    model = shaken(CONFIGS["gqa"]).double()
    ids, mask = rows_of(2)
    mask[[0, 5]] = False
    agree(model, ids, mask)
    found = completion_logprobs(model, ids, torch.zeros_like(mask))
    assert not found.any() and found.requires_grad


def test_the_first_column_has_nothing_before_it():
    model = shaken(CONFIGS["gqa"]).double()
    ids, mask = rows_of(3)
    mask[0] = ids[0] != PAD
    agree(model, ids, mask)
    assert completion_logprobs(model, ids, mask)[0, 0] == 0


def test_each_prompt_is_read_once():
    model = shaken(CONFIGS["mla and experts"]).train()
    ids, mask = rows_of(0, prompts=2, each=8)
    completion_logprobs(model, ids, mask)
    read = router_loads(model)["layers.1.ffn"].sum() / 2  # two experts a token
    first = mask.int().argmax(1)
    prompts, of = distinct_prompts(ids, first)
    assert len(prompts) == 2 and of.tolist() == [0] * 8 + [1] * 8
    last = mask.shape[1] - 1 - mask.flip(1).int().argmax(1)
    assert read == sum(map(len, prompts)) + (last - first).sum()


def test_a_temperature_that_is_no_number_is_refused():
    model = shaken(CONFIGS["gqa"])
    with pytest.raises(ValueError, match="above 0, got 0"):
        completion_logprobs(model, *rows_of(0), 0)
