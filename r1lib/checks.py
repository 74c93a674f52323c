"""Automatic checks of the book's exercises.

A chapter calls one check after each exercise. What the learner wrote is only ever
called, never read as text or evaluated. Before the first line is written a check
says so and does not fail, so a fresh chapter runs from top to bottom.

    def ex_9_1(group_advantages):
        def test():
            got = group_advantages(torch.tensor([[1.0, 0.0]]))
            assert got.sum().abs() < 1e-6, "subtract the mean of the group"
        report("9.1", test)
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import torch

from r1lib import chat, rewards, verifiers
from r1lib.model import moe
from r1lib.model.config import ModelConfig
from r1lib.model.layers import (
    apply_rope,
    apply_rope_half,
    rope_tables,
    to_neighbours,
)
from r1lib.model.transformer import Transformer
from r1lib.packing import Packed
from r1lib.pretrain import next_token_loss
from r1lib.rl import grpo
from r1lib.scaling import predict_loss
from r1lib.tasks import countdown
from r1lib.tokenizer import EOS, PAD, Tokenizer


def report(exercise: str, test: Callable[[], None]) -> None:
    """Print one line: not started yet, not right yet with the reason, or correct.

    A test raises AssertionError with a reason that helps; it returns if all is well.

    >>> report("9.1", lambda: None)
    Exercise 9.1: correct
    """
    print(f"Exercise {exercise}: {verdict(test)}")


def verdict(test: Callable[[], None]) -> str:
    """Run a test and say in a few words how it went."""
    try:
        test()
    except NotImplementedError:
        return "not started yet"
    except AssertionError as problem:
        return f"not right yet - {first_line(problem) or 'the result is another one'}"
    except Exception as problem:  # whatever a learner's code may raise
        what = f"{type(problem).__name__}: {first_line(problem)}".rstrip(": ")
        return f"not right yet - it raised {what}"
    return "correct"


def first_line(problem: Exception) -> str:
    return str(problem).strip().partition("\n")[0]


# ---- chapter 02 ------------------------------------------------------------------


def ex_2_1(best_pair) -> None:
    """The pair to join next, words weighted by how often they occur."""

    def test():
        got = best_pair({(5, 2, 3): 1, (2, 3): 1, (1, 2): 3})
        assert got != (2, 3), "a word that occurs three times counts three times"
        assert got == (1, 2), f"1,2 occurs 3 times and is the winner, not {got}"
        got = best_pair({(9, 4): 2, (7, 8): 2, (7, 6, 5): 2})
        assert got == (6, 5), f"in a tie the smallest pair wins: 6,5 and not {got}"
        assert best_pair({(5, 5, 5): 1, (1, 1): 1}) == (5, 5), "5,5,5 has 5,5 twice"
        assert best_pair({(1,): 9}) is None, "a single id has no pair: None"

    report("2.1", test)


def ex_2_2(cut_from_right) -> None:
    """Digits in threes, counted from the right."""

    def test():
        assert "".join(cut_from_right("1234567")) == "1234567", "a digit got lost"
        for digits, wanted in (
            ("1234567", ["1", "234", "567"]),
            ("123456", ["123", "456"]),
            ("42", ["42"]),
        ):
            got = list(cut_from_right(digits))
            assert "" not in got, f"{digits} gives an empty piece"
            assert got == wanted, f"{digits} is {wanted}, not {got}"

    report("2.2", test)


def ex_2_3(stream) -> None:
    """Text as early as it is certain, and never half a character."""

    def test():
        plain, text = Tokenizer([]), "a가🙂\n"
        given, seen = iter(plain.encode(text)), []
        for piece in stream(plain, given):
            assert "\ufffd" not in piece, "half a character got out; wait for the rest"
            seen.append((piece, len(list(given)) if piece == "🙂" else None))
        got = [piece for piece, _ in seen if piece]
        assert "".join(got) == "a가🙂", f"wanted 'a가🙂' so far, got {''.join(got)!r}"
        assert ("🙂", 1) in seen, "give a character out as soon as its last byte is in"
        half = plain.encode("가")[:2]
        assert "".join(stream(plain, half)) == "\ufffd", (
            "what is still incomplete at the end becomes U+FFFD"
        )
        assert "".join(stream(plain, [5, *plain.encode("b")])) == "<think>b", (
            "a special token has a text too"
        )

    report("2.3", test)


def ex_2_4(encode_by_rank) -> None:
    """One piece by nothing but a table from bytes to rank."""

    def test():
        texts = ["low lower lowest newer newest wider 가나 가나다 나다"] * 3
        tokenizer = Tokenizer.train(texts, 290)
        ranks = {text: i for i, text in tokenizer.bytes_of.items()}
        got = encode_by_rank(b"zz", ranks)
        assert got == tokenizer.encode("zz"), "what no merge joins stays single bytes"
        for piece in ("low", "lowest", "newestest", "wow", "가나다가", "eeeww"):
            got, wanted = encode_by_rank(piece.encode(), ranks), tokenizer.encode(piece)
            assert got == wanted, f"{piece!r} is {wanted}, not {got}"

    report("2.4", test)


def ex_2_5(examples) -> None:
    """One training example for each answer, prompted as it will be at inference."""

    def test():
        plain = Tokenizer([])
        say = ("<think>1+1=2</think>2", "<think>2+2=4</think>4")
        roles = ("user", "assistant") * 2
        texts = ("1+1", say[0], "twice?", say[1])
        messages = [
            {"role": role, "content": text}
            for role, text in zip(roles, texts, strict=True)
        ]
        got = list(examples(plain, messages))
        assert len(got) == 2, f"two answers give two examples, not {len(got)}"
        for i, (prompt, answer) in enumerate(got):
            assert answer[-1:] == [EOS], "an answer ends with eos: stopping is learned"
            full = [*chat.encode_answer(plain, say[i]), EOS]
            assert answer == full, f"answer {i + 1} is to be learned with its thinking"
            wanted = chat.for_inference(plain, messages[: 2 * i + 1])
            kept = Counter(prompt)[plain.special_ids["<think>"]]
            assert not kept, "earlier thinking is not in the prompt at inference"
            assert prompt == wanted, f"prompt {i + 1} is not that of inference"

    report("2.5", test)


# ---- chapter 03 ------------------------------------------------------------------


def ex_3_1(cache_bytes) -> None:
    """Bytes of cache for a token, from the fields of a published config.json."""

    def test():
        gqa = {"num_hidden_layers": 32, "num_attention_heads": 32}
        gqa |= {"num_key_value_heads": 8, "hidden_size": 4096}
        wide = {**gqa, "num_hidden_layers": 28, "num_attention_heads": 16}
        wide |= {"hidden_size": 1024, "head_dim": 128}
        mla = {**gqa, "num_hidden_layers": 61, "num_attention_heads": 128}
        mla |= {"num_key_value_heads": 128, "hidden_size": 7168}
        mla |= {"kv_lora_rank": 512, "qk_rope_head_dim": 64}
        got = cache_bytes(gqa)
        assert got != 65_536, "keys and values are both kept"
        assert got != 4 * 131_072, "only key and value heads are kept, not all heads"
        assert got == 131_072, f"Llama-3.1-8B keeps 131,072 bytes a token, not {got:,}"
        assert cache_bytes(wide) == 114_688, (
            "where a config gives head_dim it is not hidden_size / heads (Qwen3-0.6B)"
        )
        assert cache_bytes(mla) == 70_272, (
            "with MLA, one latent and one rotary key a layer: 70,272 for DeepSeek-V3"
        )

    report("3.1", test)


def ex_3_2(rope_half) -> None:
    """Rotary positions with pairs that are half a head apart."""

    def test():
        x = torch.randn(2, 5, 3, 8, generator=torch.Generator().manual_seed(0))
        cos, sin = tables = rope_tables(5, 8, 100.0)
        got = rope_half(x, cos, sin)
        assert got.shape == x.shape, f"wanted {tuple(x.shape)}, got {tuple(got.shape)}"
        other = apply_rope(x, tables[:, None])
        for neighbours in (other, to_neighbours(other)):
            assert not torch.allclose(got, neighbours, atol=1e-5), (
                "these are pairs of neighbours; pair number i with number i + K/2"
            )
        assert torch.allclose(got[:, 0], x[:, 0]), "position 0 turns by no angle"
        wanted = apply_rope_half(x, tables[:, None])
        assert torch.allclose(got.norm(dim=-1), x.norm(dim=-1), atol=1e-4), (
            "a rotation keeps the length of a vector: look at the signs"
        )
        assert torch.allclose(got, wanted, atol=1e-5), (
            "a pair (a, b) becomes (a cos - b sin, a sin + b cos)"
        )

    report("3.2", test)


def ex_3_3(window_mask) -> None:
    """Who may see whom: itself and window - 1 tokens before."""

    def test():
        got = window_mask(4, 4, 2)
        assert got.shape == (4, 4), f"wanted shape (4, 4), got {tuple(got.shape)}"
        assert got.dtype == torch.bool, "a mask is true or false"
        assert not got[0, 1], "a token sees a later one"
        assert got.diagonal().all(), "a token must see itself"
        assert not got[2, 0], "with a window of 2, token 2 does not see token 0"
        late = window_mask(2, 6, 3)
        wanted = [[False] * 2 + [True] * 3 + [False], [False] * 3 + [True] * 3]
        assert late.tolist() == wanted, (
            "the T queries are the last T of S tokens: query 0 of 2 is token 4 of 6"
        )

    report("3.3", test)


def ex_3_4(absorb) -> None:
    """Two matrices a head that hold all four of MLA's position-free part."""

    def test():
        dice = torch.Generator().manual_seed(0)
        kind = {"generator": dice, "dtype": torch.float64}
        H, D, K, V, C = 3, 7, 4, 5, 6
        w_q, w_key = torch.randn(H, K, D, **kind), torch.randn(H, K, C, **kind)
        w_value, w_out = torch.randn(H, V, C, **kind), torch.randn(D, H * V, **kind)
        got = absorb(w_q, w_key, w_value, w_out)
        assert isinstance(got, tuple) and len(got) == 2, "return two tensors"
        into, out = got
        shapes = tuple(into.shape), tuple(out.shape)
        assert shapes == ((H, C, D), (H, D, C)), (
            f"wanted shapes {(H, C, D)} and {(H, D, C)}, got {shapes}"
        )
        x, c = torch.randn(D, **kind), torch.randn(C, **kind)
        for h in range(H):
            score = (w_q[h] @ x) @ (w_key[h] @ c)
            assert torch.allclose((into[h] @ x) @ c, score), (
                "the first one must give the same score: (into x) . c"
            )
            result = w_out[:, h * V : (h + 1) * V] @ (w_value[h] @ c)
            assert torch.allclose(out[h] @ c, result), (
                "the second one takes a latent to a head's part of the output"
            )

    report("3.4", test)


def ex_3_5(temperature_for) -> None:
    """The temperature at which a distribution has a given entropy."""

    def test():
        def entropy(logits, temperature):
            logp = (logits / temperature).log_softmax(-1)
            return -(logp.exp() * logp).sum().item()

        logits = torch.tensor([3.0, 1.0, 0.5, -1.0, -2.0])
        for wanted in (0.2, 0.7, 1.2, 1.5):
            found = float(temperature_for(logits, wanted))
            assert found > 0, f"a temperature is positive, not {found}"
            got = entropy(logits, found)
            assert abs(got - wanted) < 1e-3, (
                f"at your temperature {found:.3f} the entropy is {got:.3f} nats, "
                f"not {wanted}"
            )

    report("3.5", test)


def ex_3_6(after_prefix) -> None:
    """Logits after several endings of one prefix, the prefix read once."""

    def test():
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
            wanted = model(torch.tensor([prefix + e for e in endings]))[:, -1]
        assert got.shape == (3, 31), f"wanted shape (3, 31), got {tuple(got.shape)}"
        assert torch.allclose(got[0], wanted[0], atol=1e-4), (
            "the first row is wrong already; who moves the cache on, and by how much?"
        )
        assert torch.allclose(got, wanted, atol=1e-4), (
            "row 0 is right, others are not: does each ending have a row of the cache?"
        )
        read = sum(ids.numel() for ids in fed)
        assert read <= 6 + 3 * 2, (
            f"right, but {read} tokens were read for a prefix of 6 and 3 endings of 2"
        )

    report("3.6", test)


# ---- chapter 04 ------------------------------------------------------------------


def ex_4_1(route_one) -> None:
    """Experts and weights of one token, chosen with the bias, weighed without."""

    def test():
        got = route_one([0.9, 0.2, 0.6, 0.5], [0.0, 0.0, 0.0, 0.0], 2)
        assert isinstance(got, tuple) and len(got) == 2, (
            "return two things: (experts, weights)"
        )
        assert sorted(got[0]) == [0, 2], f"0 and 2 score highest, you chose {got[0]}"
        assert abs(sum(got[1]) - 1) < 1e-6, "the weights must sum to 1"
        experts, weights = route_one([0.9, 0.2, 0.6, 0.5], [0.0, 0.7, -0.3, 0.0], 2)
        assert sorted(experts) == [0, 1], "choose by score + bias"
        share = dict(zip(experts, weights, strict=True))[1]
        assert abs(share - 0.9 / 1.8) > 1e-6, "the bias must not get into the weights"
        assert abs(share - 0.2 / 1.1) < 1e-6, (
            "expert 1 weighs 0.2 / (0.9 + 0.2): the scores of the chosen, normalised"
        )

    report("4.1", test)


def ex_4_2(balance_of) -> None:
    """(max / mean load, idle experts) of a table of choices."""

    def test():
        ids = torch.tensor([[0, 1], [0, 2], [0, 1], [0, 3]])
        got = balance_of(ids, 8)
        assert isinstance(got, tuple) and len(got) == 2, (
            "return two things: (max over mean, idle experts)"
        )
        assert abs(got[0] - 2.0) > 1e-6, (
            "experts that nobody chose count for the mean: there are 8 of them"
        )
        assert abs(got[0] - 4.0) < 1e-6, f"4 of 8 choices, 8 experts: 4, not {got[0]}"
        assert got[1] == 4, f"four experts are idle, not {got[1]}"
        got = balance_of(torch.tensor([[0, 1], [2, 3]]), 4)
        assert abs(got[0] - 1) < 1e-6 and got[1] == 0, "an even load is (1, 0)"

    report("4.2", test)


def ex_4_3(my_balance_loss) -> None:
    """The balance loss of one sequence, and where its gradient goes."""

    def test():
        generator = torch.Generator().manual_seed(0)
        scores = torch.rand(9, 6, generator=generator).requires_grad_()
        got = my_balance_loss(scores, 2)
        wanted = moe.balance_loss(scores.unsqueeze(0), 2)
        value, right_value = float(got.detach()), float(wanted.detach())
        assert abs(value - right_value * 2 / 6) > 1e-5, (
            "the load is a share of T * A / E: an even load must give 1"
        )
        assert abs(value - right_value) < 1e-5, (
            f"the loss is {right_value:.4f}, not {value:.4f}"
        )
        (grad,) = torch.autograd.grad(got, scores)
        (right,) = torch.autograd.grad(wanted, scores)
        assert torch.allclose(grad, right, atol=1e-6), "the gradient is another one"

    report("4.3", test)


def ex_4_4(dropped) -> None:
    """How many choices do not fit, first come first served."""

    def test():
        ids = torch.tensor([[0, 1], [0, 2], [0, 1], [0, 3]])
        got = dropped(ids, 4, 1.0)
        assert got == 2, (
            f"each expert has 2 places, expert 0 is wanted 4 times: 2, not {got}"
        )
        assert dropped(ids, 4, 2.0) == 0, "with four places each nothing is dropped"
        got = dropped(ids, 4, 1.25)
        assert got == 1, f"1.25 * 2 places is rounded up to 3: 1, not {got}"
        assert dropped(ids, 8, 1.0) == 4, "with 8 experts there is 1 place each"

    report("4.4", test)


def ex_4_5(layer_counts) -> None:
    """(total, active) weights of a layer of experts."""

    def test():
        for d, f, routed, shared, active in (
            (96, 32, 8, 2, 2),
            (7168, 2048, 256, 1, 8),
            (5, 3, 4, 0, 1),
        ):
            got = layer_counts(d, f, routed, shared, active)
            assert isinstance(got, tuple) and len(got) == 2, (
                "return two things: (total, active)"
            )
            one, router = 3 * d * f, d * routed
            total = one * (routed + shared) + router
            assert got[0] != total - router, "the router is missing"
            assert got[0] == total, f"total is {total:,}, not {got[0]:,}"
            used = one * (active + shared) + router
            assert got[1] != used - router + d * active, (
                "the router scores every expert, also those that are not chosen"
            )
            assert got[1] == used, f"active is {used:,}, not {got[1]:,}"

    report("4.5", test)


def ex_4_6(my_moe) -> None:
    """A whole layer of experts against the library's."""

    def test():
        sizes = {"d_model": 12, "moe_ffn_dim": 5, "n_routed_experts": 6}
        shape = {**sizes, "n_activated_experts": 3, "route_scale": 2.5}
        generator = torch.Generator().manual_seed(0)
        layer = moe.MoE(ModelConfig(**shape, n_shared_experts=1)).eval()
        with torch.no_grad():
            for x in (*layer.parameters(), layer.router_bias):
                x.copy_(torch.randn(x.shape, generator=generator) * 0.5)
            x = torch.randn(7, 12, generator=generator)
            experts = [_matrices(e) for e in layer.experts]
            given = (layer.router.weight, layer.router_bias, experts)
            got = my_moe(x, *given, _matrices(layer.shared), 3, 2.5)
            wanted, shared = layer(x), layer.shared(x)
        assert got.shape == (7, 12), f"wanted shape (7, 12), got {tuple(got.shape)}"
        assert not torch.allclose(got, wanted - shared, atol=1e-4), (
            "the shared expert is missing: every token passes it, with weight 1"
        )
        routed = (wanted - shared) / 2.5
        assert not torch.allclose(got, routed + shared, atol=1e-4), (
            "the scale 2.5 is missing: it multiplies the routed experts' weights"
        )
        assert torch.allclose(got, wanted, atol=1e-4), (
            "the result is another one: check who is chosen (score + bias), what it "
            "weighs (score / sum of the chosen scores), and silu(gate) * up"
        )

    state = torch.get_rng_state()  # a new layer draws weights
    report("4.6", test)
    torch.set_rng_state(state)


def _matrices(expert) -> tuple:
    """(gate, up, down) of a SwiGLU."""
    return tuple(getattr(expert, name).weight for name in ("w_gate", "w_up", "w_down"))


# ---- chapter 05 ------------------------------------------------------------------


def ex_5_1(my_loss) -> None:
    """Cross-entropy of the next token, pads left out."""

    def test():
        dice = torch.Generator().manual_seed(0)
        logits = 3 * torch.randn(2, 5, 11, generator=dice)
        ids = torch.tensor([[4, 5, 6, 7, 8], [9, 10, 3, PAD, PAD]])
        got, wanted = float(my_loss(logits, ids)), next_token_loss(logits, ids).item()
        flat = logits.log_softmax(-1).flatten(0, 1)
        same = -flat[torch.arange(10), ids.flatten()].mean().item()
        assert abs(got + wanted) > 1e-4, "the sign is turned: a loss is to be lowered"
        assert abs(got - same) > 1e-4, (
            "token t has seen token t itself; it is asked for token t + 1"
        )
        padded = -flat.view(2, 5, 11)[:, :-1].gather(2, ids[:, 1:, None]).mean().item()
        assert abs(got - padded) > 1e-4, "padding is a target here; leave it out"
        assert abs(got - wanted) < 1e-4, f"the loss is {wanted:.4f}, not {got:.4f}"

    report("5.1", test)


def ex_5_2(waste) -> None:
    """Share of a padded batch that is padding, documents in the order given."""

    def test():
        got = waste([3, 5, 4, 4], 2)
        assert abs(got - 0.2) > 1e-6, (
            "that is all four in one batch; each batch is as wide as its own longest"
        )
        assert abs(got - 2 / 18) < 1e-6, f"2 of 10 + 8 places are padding, not {got}"
        assert abs(waste([3, 3, 3], 3)) < 1e-6, "equal lengths waste nothing"
        got = waste([6, 2, 4], 2)
        assert abs(got - 4 / 16) < 1e-6, "the last batch may be smaller: 4 of 16 here"

    report("5.2", test)


def ex_5_3(block_mask) -> None:
    """Who sees whom in a row of several documents."""

    def test():
        got = block_mask([2, 3], 6)
        assert got.shape == (6, 6), f"wanted shape (6, 6), got {tuple(got.shape)}"
        assert got.dtype == torch.bool, "a mask is true or false"
        assert not got.triu(1).any(), "a token sees a later one"
        assert not got[2, 1], "token 2 begins a document and sees the one before"
        assert got.diagonal().all(), (
            "each token sees itself, padding too, or its softmax has nothing to sum"
        )
        owner = torch.tensor([[1, 1, 2, 2, 2, 0]])
        wanted = Packed(torch.zeros_like(owner), owner).mask[0, 0]
        assert got.equal(wanted), "the mask of documents of 2 and 3 tokens is another"

    report("5.3", test)


def ex_5_4(adamw_step) -> None:
    """One step of AdamW against torch's, several times over."""

    def test():
        dice = torch.Generator().manual_seed(0)
        p = torch.randn(4, generator=dice)
        theirs = p.clone().requires_grad_()
        kind = {"lr": 0.1, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.1}
        optimizer = torch.optim.AdamW([theirs], **kind)
        m, v = torch.zeros(4), torch.zeros(4)
        for t in (1, 2, 3):
            grad = torch.randn(4, generator=dice)
            theirs.grad = grad.clone()
            optimizer.step()
            got = adamw_step(p, grad, m, v, t)
            assert isinstance(got, tuple) and len(got) == 3, (
                "return three things: (p, m, v)"
            )
            p, m, v = got
            assert torch.allclose(p, theirs.detach(), atol=1e-5), (
                f"step {t} is another one: are m and v corrected by 1 - beta^t, and "
                "is the decay taken from p itself, not added to the gradient?"
            )

    report("5.4", test)


def ex_5_5(orthogonal) -> None:
    """The nearest orthogonal matrix, without a singular value decomposition."""

    def test():
        dice = torch.Generator().manual_seed(0)
        for shape in ((6, 6), (4, 9), (9, 4)):
            x = torch.randn(shape, generator=dice, dtype=torch.float64)
            got = orthogonal(x.clone())
            assert got.shape == x.shape, f"wanted {shape}, got {tuple(got.shape)}"
            u, _, v = torch.linalg.svd(x, full_matrices=False)
            lengths = torch.linalg.svdvals(got)
            assert (lengths - 1).abs().max() < 1e-3, (
                f"singular values end between {lengths.min():.3f} and "
                f"{lengths.max():.3f}, not at 1: more steps, or was x not scaled first?"
            )
            assert torch.allclose(got, u @ v, atol=1e-3), (
                "it is orthogonal, but turned: the singular vectors must stay"
            )

    report("5.5", test)


def ex_5_6(best_split) -> None:
    """Parameters and tokens that spend a budget of FLOPs best."""

    def test():
        for law, flops in (
            ({"E": 1.7, "A": 406.4, "alpha": 0.34, "B": 410.7, "beta": 0.28}, 1e21),
            ({"E": 0.6, "A": 30.0, "alpha": 0.5, "B": 5e3, "beta": 0.7}, 1e13),
        ):
            got = best_split(law, flops)
            assert isinstance(got, tuple) and len(got) == 2, (
                "return two things: (parameters, tokens)"
            )
            n, d = got
            assert abs(6 * n * d / flops - 1) < 1e-3, (
                f"6ND is {6 * n * d:.3g}, the budget {flops:.3g}"
            )
            least = predict_loss(law, n, d)
            for shift in (0.9, 1.1):
                other = predict_loss(law, n * shift, d / shift)
                assert least < other, (
                    f"with {shift} times the parameters the loss is lower: "
                    f"{other:.5f} instead of {least:.5f}"
                )

    report("5.6", test)


# ---- chapter 06 ------------------------------------------------------------------


def ex_6_1(find_answer) -> None:
    """One answer, in one place, after the thinking."""

    def test():
        for text, wanted, reason in (
            ("<answer> 4 </answer>", "4", "spaces at the ends are dropped"),
            (
                "<think><answer>5</answer></think><answer>4</answer>",
                "4",
                "only thought",
            ),
            ("<think>a</think>b</think><answer>4</answer>", "4", "the last </think>"),
            ("<answer>4</answer><answer>4</answer>", None, "two answers are none"),
            ("<answer>4</answer>5</answer>", None, "two closing tags are one too many"),
            ("<answer>4", None, "never closed"),
            ("</answer>4<answer>", None, "the wrong way round"),
            ("the answer is 4", None, "no tags, no answer"),
            ("<think><answer>4</answer></think>", None, "nothing follows the thinking"),
        ):
            got = find_answer(text)
            assert got == wanted, f"{text}: {wanted!r}, not {got!r} ({reason})"

    report("6.1", test)


def ex_6_2(my_number) -> None:
    """Written numbers as exact fractions, and nothing else."""

    def test():
        for text, wanted in (
            ("7", Fraction(7)),
            ("-7", Fraction(-7)),
            ("3/4", Fraction(3, 4)),
            ("0.75", Fraction(3, 4)),
            ("0.1", Fraction(1, 10)),
            ("75%", Fraction(3, 4)),
            ("1,000", Fraction(1000)),
            ("12,345,678", Fraction(12345678)),
        ):
            got = my_number(text)
            assert isinstance(got, Fraction), f"{text} is a Fraction, not {got!r}"
            assert got == wanted, f"{text} is {wanted}, not {got}"
        for text, reason in (
            ("", "empty"),
            ("3/0", "there is no such number"),
            ("12,34", "those are no thousands"),
            ("1 000", "two numbers"),
            ("2+2", "not written out"),
            ("1e2", "the notation of programs"),
            ("1_0", "the notation of programs"),
            ("3 or 4", "a hedge"),
            ("\uff13", "a digit of another script"),
            ("inf", "not a number with digits"),
            ("7" * 13, "too long to be looked at"),
        ):
            got = my_number(text)
            assert got is None, f"{text!r} is refused ({reason}), not {got}"

    report("6.2", test)


def ex_6_3(who_is_who) -> None:
    """The only consistent world, or None."""

    def test():
        pair = [lambda w: not w[1], lambda w: w[0] == w[1]]
        got = who_is_who(pair)
        assert got == (True, False), f"A says B is a knave, ...: not {got}"
        assert who_is_who([lambda w: not w[0]]) is None, "nobody can say: I am a knave"
        assert who_is_who([lambda w: w[0]]) is None, (
            "'I am a knight' fits a knight and a knave: two worlds are no answer"
        )
        three = [lambda w: sum(w) == 1, lambda w: w[0] and w[2], lambda w: sum(w) == 0]
        got = who_is_who(three)
        assert got == (True, False, False), f"one knight among three is A, not {got}"
        shy = [lambda w: 1 - w[1], lambda w: int(w[0] == w[1])]
        assert who_is_who(shy) == (True, False), "a statement may say 1 for true"

    report("6.3", test)


def ex_6_4(catching_inputs) -> None:
    """Few inputs on which every mutant differs from the right program."""

    def right(xs):
        return sorted(set(xs), reverse=True)

    def neighbours(xs):
        return sorted(
            (x for i, x in enumerate(xs) if xs[i : i + 1] != xs[i + 1 : i + 2]),
            reverse=True,
        )

    mutants = {
        "one that keeps duplicates": lambda xs: sorted(xs, reverse=True),
        "one that sorts upwards": lambda xs: sorted(set(xs)),
        "one that does not sort": lambda xs: list(dict.fromkeys(xs)),
        "one that only turns the list round": lambda xs: list(dict.fromkeys(xs))[::-1],
        "one that only looks at neighbours": neighbours,
        "one that returns None for an empty list": lambda xs: right(xs) or None,
        "one that loses a zero": lambda xs: [x for x in right(xs) if x],
        "one that compares numbers as texts": lambda xs: sorted(set(xs), key=str)[::-1],
        "one that returns at most five numbers": lambda xs: right(xs)[:5],
    }

    def test():
        lists = catching_inputs()
        assert isinstance(lists, list) and all(type(xs) is list for xs in lists), (
            "return a list of lists"
        )
        assert len(lists) <= 6, f"at most six lists, not {len(lists)}"
        numbers = [x for xs in lists for x in xs]
        assert all(type(x) is int and 0 <= x <= 99 for x in numbers), "0 to 99 only"
        for name, mutant in mutants.items():
            caught = any(mutant(list(xs)) != right(xs) for xs in lists)
            assert caught, f"{name} passes all of your tests"

    report("6.4", test)


def ex_6_5(margin) -> None:
    """How far any right answer is above any wrong one."""

    def test():
        accuracy = {"accuracy": (1.0, 0.0, 1.0)}
        small = {**accuracy, "format": (0.1, 0.0, 1.0)}
        got = margin(small)
        assert abs(got - 0.9) < 1e-9, (
            f"right without format 1.0, wrong with format 0.1: 0.9, not {got}"
        )
        fines = {**small, "repetition": (0.1, -1.0, 0.0)}
        got = margin(fines)
        assert abs(got - 0.8) < 1e-9, (
            f"a penalty can lower a right answer: 0.8, not {got}"
        )
        turned = {**accuracy, "length": (-0.2, 0.0, 1.0)}
        got = margin(turned)
        assert abs(got - 0.8) < 1e-9, (
            f"with a negative weight the highest value is the worst: 0.8, not {got}"
        )
        equal = {**accuracy, "a": (1.0, 0.0, 1.0), "b": (0.5, 0.2, 0.6)}
        assert abs(margin(equal) + 0.2) < 1e-9, "this mixture can be fooled, by 0.2"

    report("6.5", test)


def ex_6_6(trusted) -> None:
    """Tests that most programs agree with, as `code_reward.agreed` keeps them."""

    def test():
        outputs = [
            [1, 2, None, 5],
            [1, 3, None, 5],
            [1, 3, None, 6],
            [9, 2, None, None],
        ]
        got = list(trusted(outputs, [1, 3, 4, 5]))
        assert 2 not in got, "nobody returned anything for test 2: no votes, not kept"
        assert 1 not in got, "test 1 has two votes against two: more are needed"
        assert 3 in got, "test 3: two of three votes; who returned nothing has none"
        assert got == [0, 3], f"wanted [0, 3], got {got}"
        split = [[1], [1], [2], [3], [4]]
        assert list(trusted(split, [1])) == [], "two of five votes are less than half"
        got = list(trusted([[True], [True], [1]], [1]))
        assert got == [], "True and 1 are different values"
        assert list(trusted([[[1, 2]], [[1, 2]]], [[1, 2]])) == [0], (
            "values may be lists"
        )

    report("6.6", test)


# ---- chapter 09 ------------------------------------------------------------------


def ex_9_1(clip_case) -> None:
    """Objective of one token, and whether it still moves with the ratio."""

    def test():
        for ratio, advantage, objective, moves in (
            (1.0, 1.0, 1.0, True),
            (0.5, 1.0, 0.5, True),
            (1.5, 1.0, 1.2, False),
            (0.5, -1.0, -0.8, False),
            (1.5, -1.0, -1.5, True),
            (1.1, -2.0, -2.2, True),
        ):
            got = clip_case(ratio, advantage)
            assert isinstance(got, tuple) and len(got) == 2, (
                "return two things: (objective, moves)"
            )
            case = f"ratio {ratio} and advantage {advantage:+}"
            assert abs(got[0] - objective) < 1e-6, (
                f"the objective at {case} is {objective}, not {got[0]}"
            )
            assert bool(got[1]) == moves, (
                f"at {case} the objective {'still moves' if moves else 'is flat'}"
            )

    report("9.1", test)


def ex_9_2(leave_one_out) -> None:
    """Each reward minus the mean of its siblings."""

    def test():
        got = leave_one_out(torch.tensor([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]]))
        assert got.shape == (2, 3), f"wanted shape (2, 3), got {tuple(got.shape)}"
        assert got[1].abs().max() < 1e-6, "a group that agrees must get zeros"
        assert abs(got[0, 0] - 2 / 3) > 1e-3, (
            "that is the mean of the whole group; leave the answer itself out"
        )
        wanted = torch.tensor([[1.0, -0.5, -0.5], [0.0, 0.0, 0.0]])
        assert torch.allclose(got, wanted, atol=1e-6), (
            "for rewards 1, 0, 0 the result is 1, -0.5, -0.5: no division by the spread"
        )

    report("9.2", test)


def ex_9_3(sequence_mean) -> None:
    """Mean over each completion, then over completions."""

    def test():
        values = torch.tensor([[9.0, 1.0, 3.0, 9.0], [9.0, 6.0, 9.0, 9.0]])
        mask = torch.tensor([[0, 1, 1, 0], [0, 1, 0, 0]]).bool()
        got = float(sequence_mean(values, mask))
        assert abs(got - 10 / 3) > 1e-4, (
            "that is the mean over all tokens; average each completion first"
        )
        assert abs(got - 4.0) < 1e-5, f"means 2 and 6 give 4, not {got:.3f}"
        values[0, 0] = float("inf")
        got = float(sequence_mean(values, mask))
        assert abs(got - 4.0) < 1e-5, "a place where the mask is false still counts"
        mask[1] = False
        got = float(sequence_mean(values, mask))
        assert abs(got - 1.0) < 1e-5, "a row without true places must count as 0"

    report("9.3", test)


def ex_9_4(cheat, naive_correct) -> None:
    """A completion that a careless verifier believes and ours refuses."""

    def test():
        for numbers, target in (((3, 7, 8), 35), ((1, 5, 9), 14), ((6, 6, 6), 30)):
            text = cheat(numbers, target)
            problem = countdown.make(numbers, target, "en")
            assert isinstance(text, str), "return the text of a completion"
            assert rewards.format(problem, text) == 1.0, (
                "the format is not perfect: <think>something</think>, then one "
                "<answer>something</answer>"
            )
            assert naive_correct(text, list(numbers), target), (
                f"the careless verifier does not believe it for {problem.prompt}"
            )
            assert not verifiers.correct(problem, text), (
                f"that is an honest solution of {problem.prompt}; cheat"
            )

    report("9.4", test)


def ex_9_5(vote) -> None:
    """The most frequent answer; None does not vote; the first wins a tie."""

    def test():
        assert vote(["4", "5", "5"]) == "5", "the most frequent answer wins"
        assert vote([None, None, "7"]) == "7", "None must not vote"
        assert vote(["b", "a", "a", "b"]) == "b", "in a tie the first one wins"
        assert vote([None, None]) is None and vote([]) is None, "no votes give None"

    report("9.5", test)


def ex_9_6(loss) -> None:
    """The GRPO loss with KL: value and gradient on random numbers."""

    def test():
        generator = torch.Generator().manual_seed(0)
        shape = (6, 9)
        old, ref = (-torch.rand(shape, generator=generator) for _ in range(2))
        start = old + 0.5 * torch.randn(shape, generator=generator)
        advantages = torch.randn(6, generator=generator)
        mask = torch.rand(shape, generator=generator) > 0.3

        def both(function):
            logprobs = start.clone().requires_grad_()
            value = function(logprobs)
            value.backward()
            return value.item(), logprobs.grad

        got, grad = both(lambda x: loss(x, old, ref, advantages, mask))
        plain, _ = both(lambda x: grpo.grpo_loss(x, old, advantages, mask)[0])
        kind = {"ref_logprobs": ref, "kl_coef": 0.04}
        wanted, right = both(
            lambda x: grpo.grpo_loss(x, old, advantages, mask, **kind)[0]
        )
        assert abs(got + wanted) > 1e-4, "the sign is turned: a loss is to be lowered"
        assert abs(got - plain) > 1e-5, "the KL term is missing"
        assert abs(got - wanted) < 1e-5, f"the loss is {wanted:.4f}, not {got:.4f}"
        assert torch.allclose(grad, right, atol=1e-6), (
            "the value is right, the gradient is not: did you detach something?"
        )

    report("9.6", test)
