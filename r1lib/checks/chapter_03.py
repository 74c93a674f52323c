"""Checks of chapter 03: the transformer and its memory."""

from dataclasses import replace

import torch

from r1lib.checks.exercise import hint, number, parts, report, tensor
from r1lib.model.attention import attend
from r1lib.model.config import ModelConfig
from r1lib.model.layers import rms_norm, swiglu
from r1lib.model.transformer import Transformer


def ex_3_1(mended_norm) -> None:
    """RMSNorm, with its mistake mended."""

    def test(mended_norm):
        dice = torch.Generator().manual_seed(0)
        x, weight = (torch.randn(size, generator=dice) for size in ((2, 5, 8), (8,)))
        got = tensor(mended_norm(x.clone(), weight.clone()), (2, 5, 8), x.dtype)
        by_length = x / x.norm(dim=-1, keepdim=True) * weight
        assert not torch.allclose(got, by_length, atol=1e-4), (
            "this divides by the length of the vector: take the mean of the squares"
        )
        wanted = rms_norm(x, weight, 1e-6)
        assert torch.allclose(got, wanted, atol=1e-4), (
            "each vector is divided by the root of its mean square, then scaled"
        )
        zeros = mended_norm(torch.zeros(1, 8), weight)
        assert not isinstance(zeros, torch.Tensor) or zeros.isfinite().all(), (
            "a vector of zeros gives 0 / 0: where is eps?"
        )
        tensor(zeros, (1, 8), x.dtype)

    report("3.1", test, mended_norm)


def ex_3_2(my_attend) -> None:
    """Causal attention of all heads at once, also with fewer queries than keys."""

    def test(my_attend):
        dice = torch.Generator().manual_seed(0)
        q, k = (torch.randn(2, 3, 5, 4, generator=dice) * 2 for _ in range(2))
        v = torch.randn(2, 3, 5, 6, generator=dice)

        def mixed(T, S):
            got = my_attend(
                q[:, :, S - T : S].clone(), k[:, :, :S].clone(), v[:, :, :S]
            )
            return tensor(got, (2, 3, T, 6), v.dtype)

        one = mixed(1, 1)
        assert torch.allclose(one, v[:, :, :1], atol=1e-5), (
            "with a single token the mixture is its value: do the shares sum to 1?"
        )
        got, wanted = mixed(5, 5), attend(q, k, v, 0.5)
        everything = (q @ k.transpose(-1, -2) / 2).softmax(-1) @ v
        assert not torch.allclose(got, everything, atol=1e-4), (
            "later tokens are seen: close them before the softmax"
        )
        assert not torch.allclose(got, attend(q, k, v, 1.0), atol=1e-4), (
            "the scores are not divided by the root of K"
        )
        assert torch.allclose(got, wanted, atol=1e-4), (
            "compare row 0: it sees token 0 only, with share 1; row t has t + 1 shares "
            "that sum to 1"
        )
        assert torch.allclose(mixed(2, 5), wanted[:, :, -2:], atol=1e-4), (
            "with 2 queries and 5 keys, query 0 is token 3 and sees tokens 0 to 3"
        )

    report("3.2", test, my_attend)


def ex_3_3(first_pass) -> None:
    """Ids, places and mask of a padded batch, with three mistakes mended."""

    def test(first_pass):
        prompts, pad, width = [[5, 9], [6, 7, 8, 4, 3], [2]], 1, 5
        got = parts(first_pass([list(p) for p in prompts], pad), 3, "return three")
        ids = tensor(got[0], (3, width), torch.long)
        places = tensor(got[1], (3, width), torch.long)
        mask = tensor(got[2], (3, 1, width, width), torch.bool)
        assert ids[:, -1].tolist() == [p[-1] for p in prompts], (
            "the logits are read in the last column: which token of a short prompt is "
            "there?"
        )
        wanted = [[pad] * (width - len(p)) + p for p in prompts]
        assert ids.tolist() == wanted, f"ids should be {wanted}, not {ids.tolist()}"
        for row, prompt in enumerate(prompts):
            n, seen = len(prompt), mask[row, 0]
            where = places[row, width - n :].tolist()
            assert where == list(range(n)), (
                f"a prompt of {n} begins at place 0, wherever its column is; here its "
                f"places are {where}"
            )
            assert not seen.triu(1).any(), "a token sees a later one"
            assert not seen[width - n :, : width - n].any(), "a real token sees padding"
            assert seen.any(dim=1).all(), (
                "a row of the mask is empty, and its softmax is not a number: let a "
                "pad see itself"
            )
            assert seen[width - n :, width - n :].equal(torch.ones(n, n).tril() > 0), (
                "a real token must see itself and all real tokens before it"
            )

    report("3.3", test, first_pass)


def ex_3_4(my_block) -> None:
    """One block of a plain transformer, from its weights."""

    def test(my_block):
        dice = torch.Generator().manual_seed(0)
        like = {"generator": dice, "dtype": torch.float64}
        x = torch.randn(2, 5, 6, **like)
        w = {name: torch.rand(6, **like) + 0.5 for name in ("attn_norm", "ffn_norm")}
        w |= {name: torch.randn(6, 6, **like) for name in ("wq", "wk", "wv", "wo")}
        w |= {name: torch.randn(7, 6, **like) for name in ("w_gate", "w_up")}
        w |= {"w_down": torch.randn(6, 7, **like)}

        def mine(w, heads):
            copies = {name: weight.clone() for name, weight in w.items()}
            return tensor(my_block(x.clone(), copies, heads), x.shape, x.dtype)

        def without(*names):
            return w | {name: torch.zeros_like(w[name]) for name in names}

        assert torch.allclose(mine(without("wo", "w_down"), 1), x), (
            "with wo and w_down of zeros nothing is added: the stream must stay x"
        )
        assert torch.allclose(mine(without("w_down"), 1), block(x, w, 1, ffn=False)), (
            "the attention is wrong already for one head: is x normed before it, and "
            "its output added through wo?"
        )
        assert torch.allclose(mine(without("w_down"), 3), block(x, w, 3, ffn=False)), (
            "one head is right, three are not: which numbers does each head get, and "
            "do they come back in this order?"
        )
        assert torch.allclose(mine(w, 3), block(x, w, 3)), (
            "the attention is right: the second layer reads the normed stream after "
            "the attention was added, and is added to it"
        )

    report("3.4", test, my_block)


def block(x, w, heads, ffn=True):
    """What exercise 3.4 asks for; without `ffn` only its first half."""
    y = rms_norm(x, w["attn_norm"], 1e-6)
    three = (y @ w[name].T for name in ("wq", "wk", "wv"))
    q, k, v = (z.unflatten(2, (heads, -1)).transpose(1, 2) for z in three)
    y = attend(q, k, v, q.shape[3] ** -0.5).transpose(1, 2).flatten(2)
    x = x + y @ w["wo"].T
    y = rms_norm(x, w["ffn_norm"], 1e-6)
    added = swiglu(y @ w["w_gate"].T, y @ w["w_up"].T) @ w["w_down"].T
    return x + added if ffn else x


def ex_3_5(window_mask) -> None:
    """Each query sees itself and the window - 1 tokens before it."""

    def test(window_mask):
        got = tensor(window_mask(4, 4, 2), (4, 4), torch.bool)
        assert not got[0, 1], "a token sees a later one"
        assert got.diagonal().all(), "a token must see itself"
        assert not got[2, 0], "with a window of 2, token 2 does not see token 0"
        late = tensor(window_mask(2, 6, 3), (2, 6), torch.bool)
        wanted = [[False] * 2 + [True] * 3 + [False], [False] * 3 + [True] * 3]
        assert late.tolist() == wanted, (
            "the T queries are the last T of S tokens: query 0 of 2 is token 4 of 6"
        )

    report("3.5", test, window_mask)


def ex_3_6(after_prefix) -> None:
    """Logits after several endings of one prefix, the prefix read once."""

    def test(after_prefix):
        config = ModelConfig(vocab_size=31, d_model=16, n_layers=2, n_heads=2, n_mtp=0)
        config = replace(config, ffn_dim=24, n_routed_experts=0, init_std=0.4)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(5)
            model = Transformer(config).eval()
        prefix, endings, fed = [3, 14, 15, 9, 2, 6], [[5, 3], [5, 8], [9, 7]], []
        hook = model.embed.register_forward_hook(lambda _, x, y: fed.append(x[0]))
        with torch.no_grad():
            try:
                got = after_prefix(model, list(prefix), [list(e) for e in endings])
            finally:
                hook.remove()
            got = tensor(got, (3, 31), torch.float32)
            wanted = model(torch.tensor([prefix + e for e in endings]))[:, -1]
        assert torch.allclose(got[0], wanted[0], atol=1e-4), (
            "the first row is wrong already: is the cache moved on, and by how much?"
        )
        assert torch.allclose(got, wanted, atol=1e-4), (
            "row 0 is right, others are not: does each ending have a row of the cache?"
        )
        read = sum(ids.numel() for ids in fed)
        assert read <= 6 + 3 * 2, (
            f"right, but {read} tokens were read for a prefix of 6 and 3 endings of 2"
        )

    report("3.6", test, after_prefix)


def ex_3_7(cache_bytes) -> None:
    """Bytes of cache for a token, from the fields of a published config.json."""

    def test(cache_bytes):
        gqa = {"num_hidden_layers": 32, "num_attention_heads": 32}
        gqa |= {"num_key_value_heads": 8, "hidden_size": 4096}
        wide = {**gqa, "num_hidden_layers": 28, "num_attention_heads": 16}
        wide |= {"hidden_size": 1024, "head_dim": 128}
        mla = {**gqa, "num_hidden_layers": 61, "num_attention_heads": 128}
        mla |= {"num_key_value_heads": 128, "hidden_size": 7168}
        mla |= {"kv_lora_rank": 512, "qk_rope_head_dim": 64}
        got = number(cache_bytes(gqa))
        assert got != 65_536, "keys and values are both kept"
        assert got != 4 * 131_072, "only key and value heads are kept, not all heads"
        assert got == 131_072, f"Llama-3.1-8B keeps 131,072 bytes a token, not {got:,}"
        reason = "where a config gives head_dim it is not hidden_size / heads"
        with hint(reason):
            assert number(cache_bytes(wide)) == 114_688, f"{reason} (Qwen3-0.6B)"
        reason = "with MLA, one latent and one rotary key a layer"
        with hint(reason):
            got = number(cache_bytes(mla))
            assert got == 70_272, f"{reason}: 70,272 for DeepSeek-V3, not {got:,}"

    report("3.7", test, cache_bytes)


def ex_3_8(draw_top_p) -> None:
    """One token drawn from the smallest set that reaches p."""

    def test(draw_top_p):
        def drawn(probabilities, p, u):
            return number(draw_top_p(list(probabilities), p, u))

        even = [0.5, 0.3, 0.2]
        got = [drawn(even, 1.0, u) for u in (0.0, 0.49, 0.61, 0.9)]
        assert got == [0, 0, 1, 2], (
            f"p = 1 keeps all: u = 0, 0.49, 0.61, 0.9 draw 0, 0, 1, 2, not {got}"
        )
        got = drawn(even, 0.8, 0.95)
        assert got != 2, "with p = 0.8 the tokens 0 and 1 are enough: 2 is not kept"
        got = drawn(even, 0.8, 0.6)
        assert got == 0, (
            "the kept tokens fill the whole length: 0.6 of 0.8 is 0.48, in token 0, "
            f"and you draw {got}"
        )
        assert drawn(even, 0.6, 0.9) == 1, (
            "the set has to reach p: 0.5 is less than 0.6, so token 1 is kept too"
        )
        mixed = [0.1, 0.05, 0.6, 0.25]
        got = [drawn(mixed, 0.9, u) for u in (0.05, 0.5, 0.9)]
        assert got == [0, 2, 3], (
            "kept are 0, 2 and 3, in the order of their ids: u = 0.05, 0.5, 0.9 draw "
            f"0, 2, 3, not {got}"
        )

    report("3.8", test, draw_top_p)


def ex_3_9(absorb) -> None:
    """Two matrices a head that hold all four of MLA's position-free part."""

    def test(absorb):
        dice = torch.Generator().manual_seed(0)
        like = {"generator": dice, "dtype": torch.float64}
        H, D, K, V, C = 3, 7, 4, 5, 6
        w_q, w_key = torch.randn(H, K, D, **like), torch.randn(H, K, C, **like)
        w_value, w_out = torch.randn(H, V, C, **like), torch.randn(D, H * V, **like)
        got = parts(absorb(w_q, w_key, w_value, w_out), 2, "return two tensors")
        into = tensor(got[0], (H, C, D), w_q.dtype)
        out = tensor(got[1], (H, D, C), w_q.dtype)
        x, c = torch.randn(D, **like), torch.randn(C, **like)
        for h in range(H):
            score = (w_q[h] @ x) @ (w_key[h] @ c)
            assert torch.allclose((into[h] @ x) @ c, score), (
                "the first one must give the same score: (into x) . c"
            )
            result = w_out[:, h * V : (h + 1) * V] @ (w_value[h] @ c)
            assert torch.allclose(out[h] @ c, result), (
                "the second one takes a latent to a head's part of the output"
            )

    report("3.9", test, absorb)
