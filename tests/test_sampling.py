"""Claims about sampling: the cache changes nothing, and the dice are fair."""

from dataclasses import replace

import pytest
import small
import torch

from r1lib import speculative
from r1lib.losses import token_logprobs
from r1lib.model.transformer import Transformer, evaluating, new_model
from r1lib.sampling import (
    generate,
    keep_min_p,
    keep_top_k,
    keep_top_p,
    sample_token,
    slow_generate,
    stream,
)

MLA = replace(small.EXPERTS, vocab_size=23, n_mtp=0, init_std=0.3)
DENSE = replace(MLA, n_routed_experts=0)
GQA = replace(DENSE, attention="gqa", n_heads=4, n_kv_heads=2, head_dim=6)
BOTH = pytest.mark.parametrize("config", [MLA, GQA], ids=["mla", "gqa"])
PROMPTS = [[3, 4, 5, 6, 7, 8, 9], [10], [11, 12, 13], [3, 4]]
STOP = (1, 2)


def model(config, seed=0):
    return small.model(config, seed).eval()


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


@BOTH
@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("top_p", [1.0, 0.8])
def test_logprobs_of_samples_are_those_of_a_full_forward(config, temperature, top_p):
    net = model(config)
    found = generate(
        net,
        PROMPTS,
        max_new_tokens=12,
        temperature=temperature,
        top_p=top_p,
        stop_ids=STOP,
        generator=dice(),
        repeat=2,
    )
    assert {c.finish for c in found} == {"stop", "length"}
    for i, c in enumerate(found):
        prompt = PROMPTS[i // 2]
        ids = torch.tensor([prompt + c.ids])
        with torch.no_grad():
            full = token_logprobs(net(ids), ids, temperature)[0, len(prompt) :]
        assert c.logprobs == pytest.approx(full.tolist(), abs=1e-4)


@BOTH
@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_a_stream_is_what_generate_writes(config, temperature):
    net = small.model(config)
    how = {"max_new_tokens": 12, "temperature": temperature, "stop_ids": STOP}
    for seed in range(3):
        (found,) = generate(net, [PROMPTS[0]], generator=dice(seed), **how)
        ids = stream(net, PROMPTS[0], generator=dice(seed), **how)
        assert list(ids) == found.ids and net.training


def test_a_stream_that_is_closed_leaves_the_model_as_it_was():
    net = small.model(GQA)
    ids = stream(net, PROMPTS[0], max_new_tokens=5)
    next(ids)
    assert not net.training
    ids.close()
    assert net.training


@pytest.mark.parametrize("prompt, new", [([], 3), ([3, 4], 0), ([3] * 7, 34)])
def test_a_stream_without_a_prompt_or_without_room_is_refused(prompt, new):
    with pytest.raises(ValueError, match=f"got {len(prompt)} ids and {new} new ones"):
        next(stream(small.model(MLA), prompt, max_new_tokens=new))


@BOTH
def test_padding_changes_no_greedy_answer(config):
    net = model(config, seed=3)
    together = generate(net, PROMPTS, max_new_tokens=12, temperature=0.0, stop_ids=STOP)
    for prompt, c in zip(PROMPTS, together, strict=True):
        (alone,) = generate(
            net, [prompt], max_new_tokens=12, temperature=0.0, stop_ids=STOP
        )
        assert (alone.ids, alone.finish) == (c.ids, c.finish)
        assert alone.logprobs == pytest.approx(c.logprobs, abs=1e-4)


@BOTH
def test_greedy_takes_the_likeliest_token_each_time(config):
    net = model(config, seed=4)
    (found,) = generate(net, [PROMPTS[0]], max_new_tokens=6, temperature=0.0)
    ids = list(PROMPTS[0])
    for token in found.ids:
        with torch.no_grad():
            assert token == net(torch.tensor([ids]))[0, -1].argmax().item()
        ids.append(token)


def counting_down():
    """A model set by hand: after token n comes n-1, without a doubt."""
    net = model(replace(GQA, d_model=23))
    with torch.no_grad():
        net.embed.weight.copy_(torch.eye(23))
        net.head.weight.copy_(50 * torch.eye(23).roll(-1, 0))
        for block in net.layers:  # nothing is added to the embedding
            block.attn.wo.weight.zero_()
            block.ffn.w_down.weight.zero_()
    return net


@BOTH
def test_without_a_cache_prompt_by_prompt_it_is_the_same_greedy_text(config):
    net = model(config)
    free = generate(net, PROMPTS, max_new_tokens=12, temperature=0.0)
    stop = {free[0].ids[4]}
    fast, slow = (
        write(net, PROMPTS, max_new_tokens=12, temperature=0.0, stop_ids=stop)
        for write in (generate, slow_generate)
    )
    assert {c.finish for c in fast} == {"stop", "length"}
    for one, other in zip(fast, slow, strict=True):
        assert (one.ids, one.finish) == (other.ids, other.finish)
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-5)


@BOTH
@pytest.mark.parametrize("prompt", PROMPTS[1:3])
@pytest.mark.parametrize("seed", range(3))
def test_without_a_cache_the_same_dice_write_the_same_text(config, prompt, seed):
    net = model(config)
    fast, slow = (
        write(net, [prompt], max_new_tokens=15, temperature=0.8, generator=dice(seed))
        for write in (generate, slow_generate)
    )
    assert fast[0].ids == slow[0].ids
    assert fast[0].logprobs == pytest.approx(slow[0].logprobs, abs=1e-4)


def test_finished_rows_leave_and_results_stay_in_order():
    net, rows = counting_down(), []
    net.layers[0].register_forward_pre_hook(lambda _, given: rows.append(len(given[0])))
    prompts = [[9], [4], [12], [3], [6], [3]]
    found = generate(net, prompts, max_new_tokens=10, stop_ids=(2,))
    assert [c.ids for c in found] == [list(range(p - 1, 1, -1)) for (p,) in prompts]
    assert [c.finish for c in found] == ["stop"] * 6
    assert rows == sorted(rows, reverse=True)
    assert rows[:2] == [6, 4] and rows[-1] == 1


def test_who_leaves_first_does_not_change_the_others():
    net = model(GQA, seed=3)
    free = generate(net, PROMPTS, max_new_tokens=10, temperature=0.0)
    stop = {free[0].ids[0], free[2].ids[3]}
    for a, b in zip(
        free,
        generate(net, PROMPTS, stop_ids=stop, max_new_tokens=10, temperature=0.0),
        strict=True,
    ):
        end = next((i + 1 for i, x in enumerate(a.ids) if x in stop), len(a.ids))
        assert b.ids == a.ids[:end]
        assert b.finish == ("stop" if b.ids[-1] in stop else "length")


def test_repeat_is_group_major():
    net = model(GQA)
    once = generate(net, PROMPTS, max_new_tokens=5, temperature=0.0)
    found = generate(net, PROMPTS, repeat=3, max_new_tokens=5, temperature=0.0)
    assert [c.ids for c in found] == [c.ids for c in once for _ in range(3)]
    drawn = generate(net, [[3]], max_new_tokens=5, repeat=3, generator=dice())
    assert len({tuple(c.ids) for c in drawn}) == 3


def test_an_exhausted_budget_is_named_length():
    found = generate(model(GQA), PROMPTS, max_new_tokens=3, generator=dice())
    assert [len(c.ids) for c in found] == [3] * 4
    assert [c.finish for c in found] == ["length"] * 4
    assert [len(c.logprobs) for c in found] == [3] * 4


def test_a_stop_token_as_the_last_of_the_budget_is_a_stop():
    net = counting_down()
    (found,) = generate(net, [[5]], max_new_tokens=3, stop_ids=(2,))
    assert (found.ids, found.finish) == ([4, 3, 2], "stop")


@BOTH
def test_the_same_seed_gives_the_same_samples(config):
    net = model(config)
    twice = [
        generate(net, PROMPTS, max_new_tokens=8, stop_ids=STOP, generator=dice(s))
        for s in (1, 1, 2)
    ]
    assert twice[0] == twice[1] != twice[2]


def test_sampling_leaves_the_model_in_the_mode_it_had():
    net = model(GQA)
    for training in (True, False):
        net.train(training)
        generate(net, PROMPTS, max_new_tokens=2)
        assert net.training is training


@pytest.mark.parametrize("temperature", [1.0, 0.7, 2.0])
def test_tokens_come_as_often_as_their_probability_says(temperature):
    torch.manual_seed(0)
    logits, draws = torch.randn(7), 20_000
    ids, logp = sample_token(logits.expand(draws, 7), temperature, 1.0, dice())
    p = (logits / temperature).softmax(-1)
    counts = torch.bincount(ids, minlength=7)
    chi_square = ((counts - draws * p).square() / (draws * p)).sum().item()
    assert chi_square < 22.5  # 6 degrees of freedom: 99.9%
    torch.testing.assert_close(logp, p.log()[ids])


def test_top_p_keeps_the_smallest_set_that_reaches_it():
    logp = torch.tensor([[0.1, 0.5, 0.15, 0.25]]).log()
    for top_p, kept in ((0.4, [1]), (0.5, [1]), (0.6, [1, 3]), (0.8, [1, 2, 3])):
        found = keep_top_p(logp, top_p)
        assert found.isfinite().nonzero()[:, 1].tolist() == kept
    ids, chosen = sample_token(logp.expand(2000, 4), 1.0, 0.6, dice())
    assert set(ids.tolist()) == {1, 3}
    share = (ids == 1).float().mean().item()
    assert share == pytest.approx(2 / 3, abs=0.04)
    torch.testing.assert_close(chosen, logp[0, ids])  # of the whole vocabulary


def test_top_k_keeps_the_k_likeliest_tokens():
    logp = torch.tensor([[0.1, 0.5, 0.15, 0.25], [0.25, 0.25, 0.3, 0.2]]).log()
    for k, kept in ((1, [[1], [2]]), (2, [[1, 3], [0, 1, 2]]), (9, [[0, 1, 2, 3]] * 2)):
        found = keep_top_k(logp, k).isfinite()
        assert [row.nonzero().flatten().tolist() for row in found] == kept
    ids, chosen = sample_token(logp[:1].expand(2000, 4), 1.0, 1.0, dice(), 2)
    assert set(ids.tolist()) == {1, 3}
    share = (ids == 1).float().mean().item()
    assert share == pytest.approx(2 / 3, abs=0.04)
    torch.testing.assert_close(chosen, logp[0, ids])  # of the whole vocabulary


def test_min_p_asks_for_a_share_of_the_best():
    logp = torch.tensor([[0.1, 0.5, 0.15, 0.25], [0.25, 0.25, 0.31, 0.19]]).log()
    for min_p, kept in (
        (0.1, [[0, 1, 2, 3], [0, 1, 2, 3]]),  # a sure model closes more tokens
        (0.4, [[1, 3], [0, 1, 2, 3]]),
        (0.7, [[1], [0, 1, 2]]),
        (1.0, [[1], [2]]),
    ):
        found = keep_min_p(logp, min_p).isfinite()
        assert [row.nonzero().flatten().tolist() for row in found] == kept
    ids, _ = sample_token(logp[:1].expand(500, 4), 1.0, 1.0, dice(), 0, 0.4)
    assert set(ids.tolist()) == {1, 3}


def test_filters_together_are_those_of_transformers():
    process = pytest.importorskip("transformers.generation.logits_process")
    torch.manual_seed(0)
    logits = 3 * torch.randn(40, 17)
    for k, p, m in ((5, 1.0, 0.0), (0, 0.8, 0.0), (0, 1.0, 0.2), (9, 0.7, 0.15)):
        wanted = logits / 0.8
        for on, make in (
            (k, lambda: process.TopKLogitsWarper(k)),  # noqa: B023
            (p < 1, lambda: process.TopPLogitsWarper(p)),  # noqa: B023
            (m, lambda: process.MinPLogitsWarper(m)),  # noqa: B023
        ):
            wanted = make()(None, wanted) if on else wanted
        shares = wanted.softmax(-1)
        for row in range(0, 40, 8):
            many = logits[row].expand(4000, 17)
            ids, _ = sample_token(many, 0.8, p, dice(row), k, m)
            found = torch.bincount(ids, minlength=17) / 4000
            assert not found[shares[row] == 0].any()
            torch.testing.assert_close(found, shares[row], atol=0.04, rtol=0)


def test_switched_off_filters_change_not_one_bit():
    logits = torch.randn(300, 19)
    for top_p in (1.0, 0.9):
        a = sample_token(logits, 0.7, top_p, dice())
        b = sample_token(logits, 0.7, top_p, dice(), 0, 0.0)
        assert torch.equal(a[0], b[0]) and torch.equal(a[1], b[1])
    ids, _ = sample_token(logits, 0.7, 0.9, dice(), 19, 1e-30)
    assert torch.equal(ids, sample_token(logits, 0.7, 0.9, dice())[0])


def test_generate_hands_the_filters_on():
    net, options = model(GQA), {"max_new_tokens": 6, "generator": dice()}
    greedy = generate(net, PROMPTS, max_new_tokens=6, temperature=0.0)
    for only_the_best in ({"top_k": 1}, {"min_p": 1.0}):
        found = generate(net, PROMPTS, **options, **only_the_best)
        assert [c.ids for c in found] == [c.ids for c in greedy]
    free = generate(net, PROMPTS, **options)
    assert [c.ids for c in free] != [c.ids for c in greedy]


def test_temperature_zero_is_the_limit_of_low_temperatures():
    logits = torch.randn(50, 9)
    ids, logp = sample_token(logits, 0.0)
    assert torch.equal(ids, logits.argmax(-1))
    torch.testing.assert_close(logp, logits.log_softmax(-1).max(-1).values)
    assert torch.equal(sample_token(logits, 1e-4, 1.0, dice())[0], ids)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"temperature": -0.1}, "temperature >= 0"),
        ({"top_p": 0.0}, "top_p <= 1"),
        ({"top_p": 1.1}, "top_p <= 1"),
        ({"top_k": -1}, "top_k >= 0"),
        ({"min_p": -0.1}, "min_p <= 1"),
        ({"min_p": 1.1}, "min_p <= 1"),
        ({"max_new_tokens": 0}, "at least 1"),
        ({"repeat": 0}, "at least 1"),
        ({"max_new_tokens": 34}, "a prompt of 7 ids and 34 new ones do not fit"),
        ({"prompts": []}, "at least one prompt"),
        ({"prompts": [[3], []]}, "none may be empty"),
    ],
)
def test_what_cannot_work_is_refused(changes, words):
    options = {"prompts": PROMPTS, "max_new_tokens": 4, **changes}
    with pytest.raises(ValueError, match=words):
        generate(model(GQA), **options)


def test_the_last_position_of_the_model_can_be_used():
    (found,) = generate(model(GQA), [PROMPTS[0]], max_new_tokens=33)
    assert len(found.ids) == 33


# --- however it ends, the model is as it was before


class Stop(BaseException):
    """As Ctrl-C: no Exception, so a bare `except Exception` would miss it."""


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, Stop])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("way", ["plain", "speculative", "block"])
def test_an_interrupted_model_is_left_in_the_mode_it_was_in(
    monkeypatch, error, training, way
):
    net = small.model(small.EXPERTS)
    net.train(training)
    net.layers[0].eval()  # a part that is frozen stays so

    def interrupt(*_, **__):
        assert not net.training
        raise error

    modes = [module.training for module in net.modules()]
    monkeypatch.setattr(type(net), "hidden", interrupt)
    with pytest.raises(error):
        if way == "plain":
            generate(net, [[1, 20]], max_new_tokens=2)
        elif way == "speculative":
            speculative.generate(net, [[1, 20]], max_new_tokens=2)
        else:
            with evaluating(net):
                net(torch.tensor([[1, 20]]))
    assert [module.training for module in net.modules()] == modes


def test_a_steer_that_fails_in_the_middle_leaves_the_mode():
    net = small.model(small.DENSE).train()

    def steer(logits, written):
        if written.shape[1] == 2:
            raise KeyboardInterrupt
        return logits

    with pytest.raises(KeyboardInterrupt):
        generate(net, [[1, 20]], max_new_tokens=5, steer=steer)
    assert all(module.training for module in net.modules())


def test_a_closed_generator_leaves_the_mode():
    net = small.model(small.DENSE).train()

    def watch():
        with evaluating(net):
            yield net.training
            yield net.training

    looks = watch()
    assert next(looks) is False
    looks.close()
    assert net.training


def test_a_new_model_takes_nothing_from_the_common_generator():
    torch.manual_seed(7)
    wanted = torch.rand(3)
    torch.manual_seed(7)
    first, second, other = (new_model(small.DENSE, seed) for seed in (0, 0, 1))
    assert torch.equal(torch.rand(3), wanted)
    assert torch.equal(first.embed.weight, second.embed.weight)
    assert not torch.equal(first.embed.weight, other.embed.weight)
    torch.manual_seed(0)
    assert torch.equal(first.embed.weight, Transformer(small.DENSE).embed.weight)


@pytest.mark.parametrize("temperature", [float("nan"), float("inf"), -1.0])
def test_a_temperature_that_is_no_number_is_refused(temperature):
    with pytest.raises(ValueError, match="finite temperature >= 0"):
        sample_token(torch.zeros(1, 3), temperature)
