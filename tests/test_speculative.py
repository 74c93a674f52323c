"""Claims about speculative decoding: fewer main steps, and the very same text."""

from dataclasses import replace

import pytest
import small
import torch

from r1lib import sampling, speculative
from r1lib.losses import token_logprobs
from r1lib.model.transformer import mtp_hidden

V = 7
CONFIG = replace(small.EXPERTS, vocab_size=V, init_std=0.4)
DENSE = replace(CONFIG, n_routed_experts=0)
GQA = replace(DENSE, attention="gqa", n_kv_heads=2, head_dim=6)
ALL = {"experts": CONFIG, "dense": DENSE, "gqa": GQA}
PROMPTS = [[3, 4, 5, 6, 3, 4, 6], [5], [6, 3, 5], [3, 4]]
STOP = (1, 4)


def make(config, seed=0):
    return small.model(config, seed).double().eval()


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


def two_laws(rows=50, seed=0):
    """Random p and q over a small vocabulary, some of q's and p's tokens impossible."""
    torch.manual_seed(seed)
    p, q = (torch.randn(rows, V, dtype=torch.float64) * 2 for _ in range(2))
    p[::3, 2], q[::4, 5] = float("-inf"), float("-inf")
    return p.softmax(-1), q.softmax(-1)


def law_of_a_step(p, q, residual):
    """Every way a step can go, enumerated: the law of the token that it writes."""
    law, rejected = torch.zeros_like(p), torch.zeros(len(p), 1, dtype=p.dtype)
    for token in range(V):
        draft = torch.full((len(p),), token)
        possible = q[:, token] > 0
        chance = torch.where(possible, speculative.acceptance(p, q, draft), 0.0)
        law[:, token] += q[:, token] * chance
        rejected[:, 0] += q[:, token] * (1 - chance)
    return law + rejected * residual


def test_the_rule_writes_exactly_the_law_of_the_main_model():
    p, q = two_laws()
    law = law_of_a_step(p, q, speculative.residual(p, q))
    torch.testing.assert_close(law, p, atol=1e-14, rtol=0)


def test_drawing_from_p_again_after_a_rejection_would_be_wrong():
    p, q = two_laws()
    assert (law_of_a_step(p, q, p) - p).abs().max() > 0.05


def test_accepted_is_what_the_two_laws_share():
    p, q = two_laws()
    drafts = torch.arange(V).expand(len(p), V)
    rates = [speculative.acceptance(p, q, drafts[:, t]) for t in range(V)]
    mean = (q * torch.stack(rates, 1).nan_to_num()).sum(1)
    torch.testing.assert_close(mean, torch.minimum(p, q).sum(1))


def test_equal_laws_are_always_accepted_and_leave_no_hole():
    p, _ = two_laws()
    draft = p.argmax(-1)
    assert speculative.acceptance(p, p, draft).eq(1).all()
    assert torch.equal(speculative.residual(p, p), p)


def test_greedy_laws_accept_the_right_guess_and_replace_a_wrong_one():
    logits = torch.tensor([[0.0, 3.0, 1.0], [2.0, 0.0, 1.0]])
    p, logp = speculative.probabilities(logits, 0.0)
    q, _ = speculative.probabilities(
        torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), 0.0
    )
    assert p.tolist() == [[0, 1, 0], [1, 0, 0]]
    assert speculative.acceptance(p, q, q.argmax(-1)).tolist() == [1, 0]
    assert speculative.residual(p, q)[1].tolist() == [1, 0, 0]
    torch.testing.assert_close(logp, logits.log_softmax(-1))
    with pytest.raises(ValueError, match="finite temperature >= 0, got -1"):
        speculative.probabilities(logits, -1.0)


@pytest.mark.parametrize("config", ALL.values(), ids=ALL)
@pytest.mark.parametrize("stop", [(), STOP], ids=["to the end", "stops"])
def test_greedy_text_is_that_of_plain_decoding(config, stop):
    model = make(config).float()
    plain = sampling.generate(
        model, PROMPTS, max_new_tokens=16, temperature=0.0, stop_ids=stop
    )
    fast, metrics = speculative.generate(
        model, PROMPTS, max_new_tokens=16, temperature=0.0, stop_ids=stop
    )
    assert [c.ids for c in fast] == [c.ids for c in plain]
    assert [c.finish for c in fast] == [c.finish for c in plain]
    for one, other in zip(fast, plain, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-5)
    longest = sum(len(c.ids) - 1 for c in plain)
    assert metrics["main_steps"] <= longest
    assert metrics["main_steps"] * metrics["tokens_per_step"] == pytest.approx(longest)


@pytest.mark.parametrize("config", ALL.values(), ids=ALL)
def test_logprobs_of_samples_are_those_of_a_full_forward(config):
    model = make(config)
    found, _ = speculative.generate(
        model,
        PROMPTS * 12,
        max_new_tokens=5,
        temperature=0.7,
        stop_ids=STOP,
        generator=dice(),
    )
    assert "stop" in {c.finish for c in found}
    for prompt, c in zip(PROMPTS * 12, found, strict=True):
        ids = torch.tensor([prompt + c.ids])
        with torch.no_grad():
            full = token_logprobs(model(ids), ids, 0.7)[0, len(prompt) :]
        assert c.logprobs == pytest.approx(full.tolist(), abs=1e-5)


def test_drafts_are_those_of_the_mtp_module_on_the_whole_text():
    model = make(DENSE)
    ids = torch.randint(3, V, (2, 9))
    whole = mtp_hidden(model, ids, model.hidden(ids))
    rows = [ids[0, :6].tolist(), ids[1, :4].tolist()]
    laid, cache, seen = speculative.left_pad(model, rows, room=5)
    hidden = speculative.read_main(model, laid, cache, seen)
    after = torch.stack((torch.cat((ids[0, 1:7],)), torch.tensor([0, 0, *ids[1, 1:5]])))
    found = speculative.read_mtp(model, hidden, after, cache, seen)
    torch.testing.assert_close(found[0], whole[0, :6], atol=1e-10, rtol=1e-10)
    torch.testing.assert_close(found[1, 2:], whole[1, :4], atol=1e-10, rtol=1e-10)
    cache.length += 6  # two more tokens; the second of row 0 is then rejected
    more = torch.stack((ids[0, 6:8], ids[1, 4:6]))
    hidden = speculative.read_main(model, more, cache, seen)
    after = torch.stack((ids[0, 7:9], ids[1, 5:7]))
    found = speculative.read_mtp(model, hidden, after, cache, seen)
    torch.testing.assert_close(found[0], whole[0, 6:8], atol=1e-10, rtol=1e-10)
    torch.testing.assert_close(found[1], whole[1, 4:6], atol=1e-10, rtol=1e-10)


def test_a_rejected_guess_leaves_no_trace():
    model = make(DENSE)
    ids = torch.randint(3, V, (1, 8))
    laid, cache, seen = speculative.left_pad(model, [ids[0, :5].tolist()], room=6)
    speculative.read_main(model, laid, cache, seen)
    cache.length += 5
    wrong = torch.stack((ids[0, 5], (ids[0, 6] + 1) % V)).unsqueeze(0)
    speculative.read_main(model, wrong, cache, seen)
    seen[:, 6] = False
    cache.length += 2
    found = speculative.read_main(model, ids[:, 6:], cache, seen)
    torch.testing.assert_close(found, model.hidden(ids)[:, 6:], atol=1e-10, rtol=1e-10)


def exact_law(model, prompt, length, temperature):
    """Probability of every text of `length` tokens, by the chain rule."""
    texts = torch.cartesian_prod(*[torch.arange(V)] * length)
    ids = torch.cat((torch.tensor(prompt).expand(len(texts), -1), texts), dim=1)
    with torch.no_grad():
        logp = token_logprobs(model(ids), ids, temperature)
    return logp[:, len(prompt) :].sum(1).exp()


@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_sampled_texts_follow_the_law_of_the_main_model(temperature):
    model, prompt, length, n = make(CONFIG), [3, 5, 4], 3, 20_000
    law = exact_law(model, prompt, length, temperature)
    assert law.sum().item() == pytest.approx(1.0, abs=1e-4)
    found, metrics = speculative.generate(
        model,
        [prompt] * n,
        max_new_tokens=length,
        temperature=temperature,
        generator=dice(),
    )
    places = torch.tensor([c.ids for c in found]) @ torch.tensor([V * V, V, 1])
    counts = torch.bincount(places, minlength=V**length).double()
    often = law * n >= 5  # the rest in one cell
    seen = torch.cat((counts[often], counts[~often].sum().view(1)))
    wanted = torch.cat((law[often], law[~often].sum().view(1))) * n
    free = len(seen) - 1
    chi_square = ((seen - wanted) ** 2 / wanted).sum().item()
    assert free > 20 and abs(chi_square - free) < 5 * (2 * free) ** 0.5
    assert 0.1 < metrics["acceptance"] < 0.95  # both branches were taken


def test_a_perfect_drafter_gives_two_tokens_a_step():
    model = make(DENSE)
    with torch.no_grad():
        model.norm.weight.zero_()
        model.mtp.norm.weight.zero_()  # all logits are 0: p and q are even
    found, metrics = speculative.generate(
        model, [[3, 4]] * 5, max_new_tokens=9, generator=dice()
    )
    assert metrics == {"main_steps": 20, "acceptance": 1.0, "tokens_per_step": 2.0}
    assert all(len(c.ids) == 9 for c in found)


def test_the_mode_of_the_model_is_left_as_it_was():
    model = make(CONFIG).train()
    speculative.generate(model, [[3]], max_new_tokens=2, generator=dice())
    assert model.training


@pytest.mark.parametrize(
    "prompts, new, words",
    [([], 3, "at least one prompt"), ([[]], 3, "empty"), ([[3]], 0, "got 0")],
)
def test_an_impossible_wish_is_refused(prompts, new, words):
    with pytest.raises(ValueError, match=words):
        speculative.generate(make(CONFIG), prompts, max_new_tokens=new)


def test_too_long_and_without_mtp_are_refused():
    with pytest.raises(ValueError, match="do not fit into 40 positions"):
        speculative.generate(make(CONFIG), [[3]], max_new_tokens=40)
    with pytest.raises(ValueError, match="no MTP module"):
        speculative.generate(make(replace(CONFIG, n_mtp=0)), [[3]], max_new_tokens=2)
