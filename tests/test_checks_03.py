"""The checks of chapter 03 accept what is right, refuse common mistakes, say why."""

import pytest
import torch

from r1lib import checks
from r1lib.model.attention import attend
from r1lib.model.layers import rms_norm, swiglu


def mended_norm(x, weight, eps=1e-6, over=torch.mean):
    return x * (over(x.square(), -1, keepdim=True) + eps).rsqrt() * weight


def cache_bytes(c, both=2, heads="num_key_value_heads", latent=True, width=True):
    if latent and "kv_lora_rank" in c:
        numbers = c["kv_lora_rank"] + c["qk_rope_head_dim"]
    else:
        plain = c["hidden_size"] // c["num_attention_heads"]
        numbers = both * c[heads] * (c.get("head_dim", plain) if width else plain)
    return 2 * c["num_hidden_layers"] * numbers


def first_pass(prompts, pad, left=True, moved=True, hidden=True, own=True):
    width = max(map(len, prompts))
    pads = [[pad] * (width - len(p)) for p in prompts]
    rows = [a + p if left else p + a for a, p in zip(pads, prompts, strict=True)]
    ids = torch.tensor(rows)
    real = ids != pad
    places = (real if moved else torch.ones_like(ids)).cumsum(1) - 1
    seen = real if hidden else torch.ones_like(real)
    mask = seen[:, None].expand(-1, width, -1).tril()
    mask = mask | torch.eye(width, dtype=torch.bool) if own else mask
    return ids, places.clamp(min=0), mask[:, None]


def window_mask(T, S, window):
    ones = torch.ones(T, S, dtype=torch.bool)
    return ones.tril(S - T).triu(S - T - window + 1)


def absorb(w_q, w_key, w_value, w_out):
    H, V, _ = w_value.shape
    into = torch.einsum("hkc,hkd->hcd", w_key, w_q)
    return into, torch.einsum("dhv,hvc->hdc", w_out.view(-1, H, V), w_value)


def after_prefix(model, prefix, endings, moved=True, once=True):
    if not once:
        return model(torch.tensor([prefix + e for e in endings]))[:, -1]
    cache = model.new_cache(1, len(prefix) + len(endings[0]))
    model(torch.tensor([prefix]), cache)
    cache.length += len(prefix) if moved else 1
    cache.select(torch.zeros(len(endings), dtype=torch.long))
    return model(torch.tensor(endings), cache)[:, -1]


def first_ending_only(model, prefix, endings):
    return after_prefix(model, prefix, endings[:1] * len(endings))


def my_attend(q, k, v, mask=True, last=True, power=0.5, axis=-1):
    T, S, K = q.shape[2], *k.shape[2:]
    later = torch.ones(T, S, dtype=torch.bool).triu((S - T if last else 0) + 1)
    scores = q @ k.transpose(-1, -2) / K**power
    scores = scores.masked_fill(later, float("-inf")) if mask else scores
    return scores.softmax(axis).nan_to_num() @ v


def draw_top_p(probabilities, p, u, whole=True, short=0, by_id=True):
    order = sorted(range(len(probabilities)), key=lambda i: -probabilities[i])
    kept, total = [], 0.0
    for i in order:
        if total < p:
            kept.append(i)
            total += probabilities[i]
    kept = kept[: len(kept) - short] or kept
    place = u * sum(probabilities[i] for i in kept) if whole else u
    for i in sorted(kept) if by_id else kept:
        if place < probabilities[i]:
            return i
        place -= probabilities[i]
    return kept[-1]


def my_block(x, w, heads, after=True, joined=True, added=True, normed=True):
    (B, T, D), eps = x.shape, 1e-6
    y = rms_norm(x, w["attn_norm"], eps) if normed else x
    q, k, v = ((y @ w[n].T).view(B, T, heads, -1) for n in ("wq", "wk", "wv"))
    y = attend(*(z.transpose(1, 2) for z in (q, k, v)), q.shape[3] ** -0.5)
    y = (y.transpose(1, 2) if joined else y).reshape(B, T, D) @ w["wo"].T
    new = x + y if added else y
    y = rms_norm(new if after else x, w["ffn_norm"], eps)
    return new + swiglu(y @ w["w_gate"].T, y @ w["w_up"].T) @ w["w_down"].T


RIGHT = [
    (checks.ex_3_1, mended_norm),
    (checks.ex_3_7, cache_bytes),
    (checks.ex_3_3, first_pass),
    (checks.ex_3_4, my_block),
    (checks.ex_3_5, window_mask),
    (checks.ex_3_9, absorb),
    (checks.ex_3_6, after_prefix),
    (checks.ex_3_2, my_attend),
    (checks.ex_3_8, draw_top_p),
]


@pytest.mark.parametrize("check, solution", RIGHT)
def test_a_right_answer_is_accepted(check, solution, capsys):
    check(solution)
    assert capsys.readouterr().out.endswith(": correct\n")


@pytest.mark.parametrize(
    "check, wrong, reason",
    [
        (checks.ex_3_1, lambda x, w: mended_norm(x, w, over=torch.sum), "the mean of"),
        (checks.ex_3_1, lambda x, w: mended_norm(x, w, 0.0), "where is eps"),
        (checks.ex_3_1, lambda x, w: mended_norm(x, 2 * w), "then scaled"),
        (checks.ex_3_7, lambda c: cache_bytes(c, both=1), "keys and values are both"),
        (
            checks.ex_3_7,
            lambda c: cache_bytes(c, heads="num_attention_heads"),
            "only key and value heads",
        ),
        (checks.ex_3_7, lambda c: cache_bytes(c, width=False), "gives head_dim"),
        (checks.ex_3_7, lambda c: cache_bytes(c, latent=False), "one latent"),
        (checks.ex_3_3, lambda *a: first_pass(*a, left=False), "the last column"),
        (checks.ex_3_3, lambda *a: first_pass(*a, moved=False), "begins at place 0"),
        (checks.ex_3_3, lambda *a: first_pass(*a, hidden=False), "sees padding"),
        (checks.ex_3_3, lambda *a: first_pass(*a, own=False), "a row of the mask"),
        (checks.ex_3_3, lambda *a: first_pass(*a)[:2], "return three"),
        (checks.ex_3_4, lambda *a: my_block(*a, added=False), "must stay x"),
        (checks.ex_3_4, lambda *a: my_block(*a, normed=False), "x normed before it"),
        (checks.ex_3_4, lambda *a: my_block(*a, joined=False), "three are not"),
        (checks.ex_3_4, lambda *a: my_block(*a, after=False), "after the attention"),
        (checks.ex_3_5, lambda T, S, w: window_mask(T, S, w + 1), "does not see token"),
        (checks.ex_3_5, lambda T, S, w: window_mask(S, S, w)[:T], "the last T of S"),
        (checks.ex_3_5, lambda T, S, w: torch.ones(T, S) > 0, "sees a later one"),
        (checks.ex_3_9, lambda *w: absorb(*w)[0], "return two tensors"),
        (
            checks.ex_3_9,
            lambda *w: (2 * absorb(*w)[0], absorb(*w)[1]),
            "the same score",
        ),
        (checks.ex_3_6, lambda *a: after_prefix(*a, once=False), "tokens were read"),
        (checks.ex_3_6, lambda *a: after_prefix(*a, moved=False), "the cache moved on"),
        (checks.ex_3_6, first_ending_only, "row 0 is right"),
        (checks.ex_3_2, lambda *x: my_attend(*x, mask=False), "later tokens are seen"),
        (checks.ex_3_2, lambda *x: my_attend(*x, power=0), "divided by the root"),
        (checks.ex_3_2, lambda *x: my_attend(*x, last=False), "query 0 is token 3"),
        (checks.ex_3_2, lambda *x: my_attend(*x, axis=-2), "compare row 0"),
        (checks.ex_3_2, lambda q, k, v: 2 * my_attend(q, k, v), "a single token"),
        (checks.ex_3_8, lambda q, p, u: draw_top_p(q, 1, u), "2 is not kept"),
        (checks.ex_3_8, lambda *x: draw_top_p(*x, whole=False), "the whole length"),
        (checks.ex_3_8, lambda *x: draw_top_p(*x, by_id=False), "order of their ids"),
        (checks.ex_3_8, lambda q, p, u: 0, "p = 1 keeps all"),
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said


def test_checks_do_not_touch_the_global_random_numbers():
    torch.manual_seed(0)
    state = torch.get_rng_state()
    for check, solution in RIGHT:
        check(solution)
    assert torch.equal(torch.get_rng_state(), state)
