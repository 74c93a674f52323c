"""Claims about attention: every way to compute it gives the same numbers.

All in float64 from end to end, with rotary tables in float64 as well, so that
"the same" means ten digits, also where sequences are padded or begin late.
"""

from dataclasses import replace

import pytest
import torch
from test_model import DENSE_MLA, GQA, B, T, make, some_ids
from torch.nn import functional as F

from r1lib.model import attention
from r1lib.model.counts import cache_numbers
from r1lib.model.layers import angle_tables, rope_frequencies
from r1lib.model.transformer import Transformer
from r1lib.sampling import next_logits, read_prompts

KINDS = {
    "mla": DENSE_MLA,
    "mla-plain-q": replace(DENSE_MLA, q_lora_rank=0),
    "mha": replace(GQA, n_kv_heads=6),
    "gqa": GQA,
    "mqa": replace(GQA, n_kv_heads=1),
}
EVERY = pytest.mark.parametrize("config", KINDS.values(), ids=KINDS)
LATENT = pytest.mark.parametrize("q_lora_rank", [0, 10])
CLOSE = {"atol": 1e-10, "rtol": 1e-10}


def exact(config, seed=0):
    """A float64 model whose cos and sin are float64 as well."""
    model = make(config, seed)
    width = model.rope.shape[-1] * 2
    frequency = rope_frequencies(width, config.rope_theta).double()
    model.rope = angle_tables(config.max_positions, frequency)
    return model


def latent_parts(q_lora_rank, rows=B, queries=T, keys=T, offset=0):
    """Queries and latents of one MLA layer at positions from `offset` on."""
    c = replace(DENSE_MLA, q_lora_rank=q_lora_rank)
    torch.manual_seed(1)
    layer = attention.MultiHeadLatentAttention(c).double()
    for x in layer.parameters():
        torch.nn.init.normal_(x, 0.5, 0.5)
    x = torch.randn(rows, keys, c.d_model, dtype=torch.float64)
    tables = angle_tables(offset + keys, rope_frequencies(4, 1e4).double())
    tables = tables[:, None, offset:]
    q = layer.queries(x[:, keys - queries :], tables[:, :, keys - queries :])
    return *q, layer.latents(x, tables), layer.wkv_b.weight, layer.scale


@LATENT
@pytest.mark.parametrize("queries", [1, 3, T])
@pytest.mark.parametrize("offset", [0, 11])
def test_absorbed_attention_equals_naive(q_lora_rank, queries, offset):
    given = latent_parts(q_lora_rank, queries=queries, offset=offset)
    naive = attention.naive_attention(*given)
    absorbed = attention.absorbed_attention(*given)
    assert naive.shape == (B, DENSE_MLA.n_heads, queries, DENSE_MLA.v_head_dim)
    torch.testing.assert_close(absorbed, naive, **CLOSE)


@LATENT
@pytest.mark.parametrize("queries", [1, T])
def test_absorbed_attention_equals_naive_behind_a_mask(q_lora_rank, queries):
    given = latent_parts(q_lora_rank, queries=queries)
    mask = torch.rand(B, 1, queries, T) < 0.5
    mask[..., 2] = True  # nobody sees nothing
    naive = attention.naive_attention(*given, mask)
    absorbed = attention.absorbed_attention(*given, mask)
    torch.testing.assert_close(absorbed, naive, **CLOSE)
    assert (naive - attention.naive_attention(*given)).abs().max() > 1e-3


def deepseek_absorbed(q_nope, q_pe, latents, weight, scale, mask=None):
    """The absorbed branch of MLA.forward in inference/model.py of DeepSeek-V3."""
    heads, nope, latent = q_nope.shape[2], q_nope.shape[3], weight.shape[1]
    kv_cache, pe_cache = latents[..., :latent], latents[..., latent:]
    wkv_b = weight.view(heads, -1, latent)
    q_nope = torch.einsum("bshd,hdc->bshc", q_nope, wkv_b[:, :nope])
    scores = (
        torch.einsum("bshc,btc->bsht", q_nope, kv_cache)
        + torch.einsum("bshr,btr->bsht", q_pe, pe_cache)
    ) * scale
    if mask is not None:
        scores += mask.unsqueeze(1)
    x = torch.einsum("bsht,btc->bshc", scores.softmax(dim=-1), kv_cache)
    return torch.einsum("bshc,hdc->bshd", x, wkv_b[:, nope:])


@LATENT
@pytest.mark.parametrize("queries", [1, T])
def test_absorbed_attention_equals_the_code_of_deepseek(q_lora_rank, queries):
    given = latent_parts(q_lora_rank, queries=queries)
    # DeepSeek's mask is added to the scores, and one query needs none
    mask = torch.full((T, T), float("-inf")).triu(1) if queries > 1 else None
    theirs = deepseek_absorbed(*given, mask).transpose(1, 2)
    torch.testing.assert_close(attention.absorbed_attention(*given), theirs, **CLOSE)
    single = [x.float() for x in given[:4]]
    ours = attention.absorbed_attention(*single, given[4])
    torch.testing.assert_close(ours.double(), theirs, atol=1e-6, rtol=1e-5)


def test_only_the_distance_to_a_key_counts():
    near, far = (latent_parts(10, offset=o) for o in (0, 300))
    a, b = attention.naive_attention(*near), attention.naive_attention(*far)
    torch.testing.assert_close(a, b, **CLOSE)
    assert (near[1] - far[1]).abs().max() > 1e-2  # the rotary parts did turn


def test_expanded_keys_share_their_rotary_part():
    q_nope, q_pe, latents, weight, _ = latent_parts(0)
    H, nope = q_nope.shape[2:]
    k, v = attention.expand_latents(latents, weight, H, nope)
    assert k.shape == (B, T, H, nope + q_pe.shape[-1])
    assert v.shape == (B, T, H, DENSE_MLA.v_head_dim)
    for head in range(H):
        assert torch.equal(k[:, :, head, nope:], latents[..., -q_pe.shape[-1] :])


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
@pytest.mark.parametrize("masked", [False, True])
def test_shared_keys_equal_repeated_ones(groups, masked):
    torch.manual_seed(0)
    q = torch.randn(B, 1, 6, 5, dtype=torch.float64)
    k = torch.randn(B, groups, T, 5, dtype=torch.float64)
    v = torch.randn(B, groups, T, 4, dtype=torch.float64)
    mask = torch.rand(B, 1, 1, T) < 0.6 if masked else None
    if masked:
        mask[..., 0] = True
    found = attention.attend_shared(q, k, v, 0.3, mask)
    k, v = (x.repeat_interleave(6 // groups, dim=1) for x in (k, v))
    wanted = F.scaled_dot_product_attention(q.transpose(1, 2), k, v, mask, scale=0.3)
    torch.testing.assert_close(found, wanted.transpose(1, 2), **CLOSE)


def test_grouped_attention_with_equal_keys_is_multi_head_attention():
    grouped, full = exact(GQA), exact(KINDS["mha"])
    tensors = grouped.state_dict()
    for name, x in tensors.items():
        if name.endswith(("wk.weight", "wv.weight")):
            heads = x.view(GQA.n_kv_heads, GQA.head_dim, -1)
            tensors[name] = heads.repeat_interleave(3, dim=0).flatten(0, 1)
    full.load_state_dict(tensors)
    ids = some_ids(GQA)
    torch.testing.assert_close(grouped(ids), full(ids), **CLOSE)


@pytest.mark.parametrize("heads", [1, 3])
def test_multi_head_attention_is_that_of_torch(heads):
    """The same weights in torch.nn.MultiheadAttention, which has no rotary part."""
    c = replace(GQA, n_heads=heads, n_kv_heads=heads, head_dim=8, d_model=8 * heads)
    ours = attention.GroupedQueryAttention(c).double()
    theirs = torch.nn.MultiheadAttention(
        c.d_model, heads, bias=False, batch_first=True, dtype=torch.float64
    )
    with torch.no_grad():
        theirs.in_proj_weight.copy_(
            torch.cat([w.weight for w in (ours.wq, ours.wk, ours.wv)])
        )
        theirs.out_proj.weight.copy_(ours.wo.weight)
    x = torch.randn(B, T, c.d_model, dtype=torch.float64)
    still = torch.stack((torch.ones(1, T, 4), torch.zeros(1, T, 4))).double()
    later = torch.ones(T, T, dtype=torch.bool).triu(1)
    wanted, _ = theirs(x, x, x, attn_mask=later, need_weights=False)
    torch.testing.assert_close(ours(x, still), wanted, **CLOSE)


@EVERY
@pytest.mark.parametrize("chunks", [[1] * T, [T], [3, 1, 2, 1]], ids=str)
def test_cached_equals_full(config, chunks):
    model = exact(config)
    ids = some_ids(config)
    cache, out = model.new_cache(B, T), []
    for chunk in ids.split(chunks, dim=1):
        out.append(model(chunk, cache))
        cache.length += chunk.shape[1]
    torch.testing.assert_close(torch.cat(out, dim=1), model(ids), **CLOSE)


@EVERY
@torch.no_grad()
def test_left_padded_prompts_decode_as_if_alone(config):
    model, room = exact(config), 5
    ids = some_ids(config, length=T + room)
    lengths = [T, 1, 4, T - 1]
    ids = ids[torch.zeros(len(lengths), dtype=torch.long)]
    prompts = [row[:n].tolist() for row, n in zip(ids, lengths, strict=True)]
    logits, cache, seen = read_prompts(model, prompts, room, 1)
    for step in range(room):
        ends = [n + step for n in lengths]
        for b, end in enumerate(ends):
            alone = model(ids[b : b + 1, :end])[0, -1]
            torch.testing.assert_close(logits[b], alone, **CLOSE)
        if step + 1 < room:
            new = torch.stack([ids[b, end] for b, end in enumerate(ends)])
            logits = next_logits(model, new, cache, seen)


@EVERY
@torch.no_grad()
def test_positions_may_begin_anywhere(config):
    model, ids = exact(config), some_ids(config)
    late = torch.arange(T).expand(B, T) + torch.tensor([[12], [5]])
    torch.testing.assert_close(model(ids, positions=late), model(ids), **CLOSE)
    cache = model.new_cache(B, T)
    first = model(ids[:, :4], cache, positions=late[:, :4])
    cache.length += 4
    rest = model(ids[:, 4:], cache, positions=late[:, 4:])
    torch.testing.assert_close(torch.cat((first, rest), 1), model(ids), **CLOSE)
    stretched = torch.arange(0, 2 * T, 2).expand(B, T)
    assert (model(ids, positions=stretched) - model(ids)).abs().max() > 1e-3


@EVERY
def test_no_logit_depends_on_a_later_embedding(config):
    """d logits[t] / d embedding[s] is exactly 0 for s > t, and not for s <= t."""
    model = exact(config)
    x = model.embed(some_ids(config, rows=1)).detach().requires_grad_()
    h = x
    for block in model.layers:
        h = block(h, model.rope[:, None, :T])
    logits = model.head(model.norm(h))
    for t in range(T):
        for logit in logits[0, t, :3]:
            (grad,) = torch.autograd.grad(logit, x, retain_graph=True)
            reach = grad[0].abs().sum(-1)
            assert reach[t + 1 :].eq(0).all()
            assert reach[: t + 1].gt(0).all()


@EVERY
@torch.no_grad()
def test_no_logit_of_a_cached_step_depends_on_another_row(config):
    model, ids = exact(config), some_ids(config)
    other = ids.clone()
    other[1] = (ids[1] + 1) % config.vocab_size
    found = []
    for batch in (ids, other):
        cache = model.new_cache(B, T)
        model(batch[:, :-1], cache)
        cache.length += T - 1
        found.append(model(batch[:, -1:], cache))
    assert torch.equal(found[0][0], found[1][0])
    assert not torch.equal(found[0][1], found[1][1])


@EVERY
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_cache_holds_as_many_bytes_as_the_formula_says(config, dtype):
    model = Transformer(config).to(dtype)
    cache = model.new_cache(3, 11)
    tensors = [x for layer in cache.layers for x in (layer.key, layer.value)]
    held = sum(x.numel() * x.element_size() for x in tensors)
    assert held == cache_numbers(config) * dtype.itemsize * 3 * 11


@pytest.mark.parametrize(
    "sizes, numbers",
    [
        ({"n_layers": 61, "kv_lora_rank": 512, "qk_rope_head_dim": 64}, 35_136),
        ({"n_layers": 80, "n_kv_heads": 8, "head_dim": 128}, 163_840),
        ({"n_layers": 24, "n_kv_heads": 2, "head_dim": 64}, 6_144),
    ],
    ids=["deepseek-v3", "qwen2.5-72b", "qwen2.5-0.5b"],
)
def test_published_models_keep_these_numbers_for_a_token(sizes, numbers):
    if "n_kv_heads" in sizes:
        sizes = {"attention": "gqa", "n_heads": 16, **sizes}
    assert cache_numbers(replace(DENSE_MLA, **sizes)) == numbers
