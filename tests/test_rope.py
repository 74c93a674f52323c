"""Claims about longer rotary positions: the published numbers, and both layouts."""

import math

import pytest
import torch

from r1lib.model import layers
from r1lib.model.layers import angle_tables, apply_rope, rope_frequencies, rope_tables

# (dim, theta, factor, original): DeepSeek-V3, its tiny relatives, an odd base
YARN = [
    (64, 10_000.0, 40.0, 4096),
    (8, 10_000.0, 4.0, 32),
    (64, 10_000.0, 1.0, 4096),
    (128, 1_000_000.0, 4.0, 32_768),
    (16, 500.0, 8.0, 100),
]
LLAMA = [  # Llama 3.1, Llama 3.2, a short one
    (128, 500_000.0, 8.0, 8192),
    (64, 500_000.0, 32.0, 8192),
    (16, 10_000.0, 4.0, 64),
]


def hugging_face(kind, dim, theta, factor, original, **more):
    """Frequencies and scale as transformers computes them."""
    transformers = pytest.importorskip("transformers")
    utils = pytest.importorskip("transformers.modeling_rope_utils")
    config = transformers.LlamaConfig(
        hidden_size=dim * 2,
        num_attention_heads=2,
        head_dim=dim,
        max_position_embeddings=int(original * factor),
        rope_parameters={
            "rope_type": kind,
            "rope_theta": theta,
            "factor": factor,
            "original_max_position_embeddings": original,
            **more,
        },
    )
    return utils.ROPE_INIT_FUNCTIONS[kind](config, device="cpu")


@pytest.mark.parametrize("sizes", YARN, ids=str)
@pytest.mark.parametrize("betas", [(32, 1), (8, 2)], ids=str)
def test_yarn_frequencies_are_those_of_transformers(sizes, betas):
    more = {"beta_fast": betas[0], "beta_slow": betas[1]}
    wanted, _ = hugging_face("yarn", *sizes, **more)
    found = layers.yarn_frequencies(*sizes, *betas)
    torch.testing.assert_close(found, wanted, rtol=4e-7, atol=0)


@pytest.mark.parametrize("sizes", LLAMA, ids=str)
@pytest.mark.parametrize("bounds", [(1.0, 4.0), (0.5, 2.0)], ids=str)
def test_llama3_frequencies_are_those_of_transformers(sizes, bounds):
    more = {"low_freq_factor": bounds[0], "high_freq_factor": bounds[1]}
    wanted, _ = hugging_face("llama3", *sizes, **more)
    found = layers.llama3_frequencies(*sizes, *bounds)
    torch.testing.assert_close(found, wanted, rtol=2e-6, atol=0)


@pytest.mark.parametrize("mscale, all_dim", [(1.0, 1.0), (0.707, 1.0), (1.0, 0.5)])
def test_scale_of_the_tables_is_that_of_transformers(mscale, all_dim):
    more = {"mscale": mscale, "mscale_all_dim": all_dim}
    _, wanted = hugging_face("yarn", *YARN[0], **more)
    found = layers.yarn_mscale(40.0, mscale) / layers.yarn_mscale(40.0, all_dim)
    assert found == pytest.approx(wanted, rel=1e-12)


def test_deepseek_v3_keeps_eleven_pairs_and_slows_nine_down_by_forty():
    plain = rope_frequencies(64, 1e4)
    ratio = plain / layers.yarn_frequencies(64, 1e4, 40.0, 4096)
    assert torch.equal(ratio[:11], torch.ones(11))
    torch.testing.assert_close(ratio[23:], torch.full((9,), 40.0))
    assert (ratio[10:24].diff() > 0).all()


@pytest.mark.parametrize(
    "width, factor, mscale, softmax_scale",
    [(192, 40.0, 1.0, 0.1352338), (192, 40.0, 0.707, 0.1147214)],
)
def test_softmax_scale_of_v3_and_v2_lite(width, factor, mscale, softmax_scale):
    found = width**-0.5 * layers.yarn_mscale(factor, mscale) ** 2
    assert found == pytest.approx(softmax_scale, abs=1e-7)


def test_nothing_is_scaled_where_nothing_is_stretched():
    assert layers.yarn_mscale(1.0) == layers.yarn_mscale(0.5) == 1.0
    plain = rope_frequencies(16, 100.0)
    torch.testing.assert_close(layers.yarn_frequencies(16, 100.0, 1.0, 64), plain)
    torch.testing.assert_close(layers.llama3_frequencies(16, 100.0, 1.0, 64), plain)


def test_llama3_blends_by_the_turns_within_the_original_length():
    # theta 1e4, dim 16: pair 3 turns 64 * 1e4^(-6/16) / 2 pi times, and so on
    for original in (64, 640):
        plain = rope_frequencies(16, 1e4)
        turns = original * plain / (2 * math.pi)
        ratio = plain / layers.llama3_frequencies(16, 1e4, 4.0, original)
        assert torch.equal(ratio[turns > 4], torch.ones(int((turns > 4).sum())))
        assert (ratio[turns < 1] == 4).all()
        middle = ratio[(turns > 1) & (turns < 4)]
        assert ((middle > 1) & (middle < 4)).all()


def test_tables_hold_cos_and_sin_and_the_scale_multiplies_both():
    frequency = rope_frequencies(6, 100.0)
    tables = angle_tables(5, frequency, 2.0)
    assert tables.shape == (2, 5, 3)
    for t in range(5):
        for i in range(3):
            angle = t * 100.0 ** (-2 * i / 6)
            wanted = [2 * math.cos(angle), 2 * math.sin(angle)]
            assert tables[:, t, i].tolist() == pytest.approx(wanted, abs=1e-5)
    assert torch.equal(rope_tables(5, 6, 100.0), angle_tables(5, frequency))
    assert angle_tables(5, frequency.double()).dtype == torch.float64


def test_both_layouts_are_one_rotation_after_reordering():
    x = torch.randn(2, 7, 3, 10, dtype=torch.float64)
    tables = angle_tables(7, rope_frequencies(10, 100.0).double())[:, None]
    halves = layers.apply_rope_half(layers.to_halves(x), tables)
    assert torch.equal(halves, apply_rope(x, tables))
    assert torch.equal(layers.to_neighbours(layers.to_halves(x)), x)
    assert not torch.allclose(layers.apply_rope_half(x, tables), apply_rope(x, tables))


def test_half_layout_is_that_of_llama():
    llama = pytest.importorskip("transformers.models.llama.modeling_llama")
    x = torch.randn(2, 7, 3, 10)
    tables = rope_tables(7, 10, 100.0)[:, None]
    cos, sin = (torch.cat((y, y), -1).expand(2, -1, -1) for y in tables)
    turned, _ = llama.apply_rotary_pos_emb(x, x, cos, sin, unsqueeze_dim=2)
    torch.testing.assert_close(layers.apply_rope_half(x, tables), turned)


def test_reordered_weights_give_reordered_queries():
    """The way a Llama checkpoint becomes one whose pairs are neighbours."""
    heads, width, d = 3, 8, 5
    weight, x = torch.randn(heads * width, d), torch.randn(2, 7, d)
    q = (x @ weight.T).view(2, 7, heads, width)
    moved = layers.to_neighbours(weight.view(heads, width, d), dim=1).reshape(-1, d)
    q_moved = (x @ moved.T).view(2, 7, heads, width)
    torch.testing.assert_close(q_moved, layers.to_neighbours(q))
    tables = rope_tables(7, width, 100.0)[:, None]
    torch.testing.assert_close(
        apply_rope(q_moved, tables), layers.apply_rope_half(q, tables)
    )


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: layers.yarn_frequencies(8, 1e4, 0.5, 64), "factor >= 1"),
        (lambda: layers.yarn_frequencies(8, 1e4, 2.0, 0), "original_positions >= 1"),
        (lambda: layers.yarn_frequencies(8, 1e4, 2.0, 64, 1.0, 32.0), "beta_slow <"),
        (lambda: layers.llama3_frequencies(8, 1e4, 0.5, 64), "factor >= 1"),
        (lambda: layers.llama3_frequencies(8, 1e4, 2.0, 64, 4.0, 1.0), "low < high"),
        (lambda: layers.to_halves(torch.zeros(2, 3)), "even size, got 3"),
        (lambda: layers.to_neighbours(torch.zeros(3, 2), dim=0), "even size, got 3"),
    ],
)
def test_what_cannot_be_stretched_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
