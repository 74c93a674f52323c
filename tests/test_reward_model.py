"""Claims about preferences: what is compared, what is scored, what is learned."""

import itertools
import math
import random
from dataclasses import replace

import pytest
import small
import torch

from r1lib import hub
from r1lib.feedback import reward_model
from r1lib.feedback.preferences import Pair, compare, encode, encode_pairs, prefer
from r1lib.feedback.reward_model import RewardConfig, RewardModel
from r1lib.model.transformer import Transformer
from r1lib.rl.dpo import dpo_loss, sequence_logprobs
from r1lib.tokenizer import EOS, Tokenizer
from r1lib.tokenizer.chat import summary
from r1lib.training import optim

TOKENIZER = Tokenizer([])
SMALL = replace(small.DENSE, n_mtp=1)


def model(seed=0):
    """A reward model with a head that is drawn, not zero."""
    net = RewardModel.of(small.model(SMALL, seed))
    torch.nn.init.normal_(net.score.weight)
    return net


# --- which text is scored


@pytest.mark.parametrize(
    "completion, seen",
    [
        ("<think>17+5=22</think><answer>22</answer>", "<answer>22</answer>"),
        ("Paris.", "Paris."),
        ("<think>cut off", ""),
        ("<think>a</think>b</think>c", "c"),
        ("Hello <think>a", ""),
    ],
)
def test_the_summary_is_what_follows_the_thinking(completion, seen):
    assert summary(completion) == seen


def test_helpfulness_sees_the_summary_and_harmlessness_everything():
    text = "<think>no idea</think>22"
    prompt = TOKENIZER.prompt("17+5")
    helpful = encode(TOKENIZER, "17+5", text)
    assert helpful == [*prompt, *TOKENIZER.encode("22"), EOS]
    other = encode(TOKENIZER, "17+5", "<think>other thoughts</think>22")
    assert helpful == other
    whole = encode(TOKENIZER, "17+5", text, part=str)
    assert whole == [*prompt, *TOKENIZER.encode(text, allow_special=True), EOS]


# --- preferences


def longer(prompt, first, second):
    return float(len(first) - len(second))


def test_a_judge_that_likes_what_comes_first_prefers_nothing():
    assert compare(lambda *_: 1.0, "q", "a", "b") == 0
    assert compare(longer, "q", "aaa", "b") == 2

    def biased(prompt, first, second):
        return longer(prompt, first, second) + 5.0

    assert compare(biased, "q", "a", "bbb") == -2


def test_both_orders_are_asked_equally_often():
    asked = []
    compare(lambda prompt, *order: asked.append((prompt, *order)) or 0.0, "q", "a", "b")
    assert sorted(asked) == [("q", "a", "b")] * 2 + [("q", "b", "a")] * 2
    for times in (0, 3):
        with pytest.raises(ValueError, match=f"even and at least 2, got {times}"):
            compare(longer, "q", "a", "b", times)


def test_only_clear_gaps_are_kept_and_the_better_comes_first():
    found = prefer(longer, [("q", "a", "bbb"), ("q", "aa", "b"), ("r", "aaaa", "b")])
    assert found == [Pair("q", "bbb", "a", 2.0), Pair("r", "aaaa", "b", 3.0)]


def test_a_preference_set_with_ties_only_is_an_error():
    message = r"only ties among 2 pairs: none has a gap above 1.0, the largest is 1.0"
    with pytest.raises(ValueError, match=message):
        prefer(longer, [("q", "aa", "b"), ("q", "a", "b")])
    with pytest.raises(ValueError, match="wanted two answers to a request that differ"):
        prefer(longer, [])
    with pytest.raises(ValueError, match="only ties"):  # identical, whatever is said
        prefer(lambda _, first, second: random.random(), [("q", "a", "a")], -1.0)


def test_answers_that_differ_in_their_thinking_alone_are_ties():
    same = Pair("q", "<think>a</think>4", "<think>b</think>4", 2.0)
    with pytest.raises(ValueError, match="only ties among 1 pairs"):
        encode_pairs(TOKENIZER, [same])
    assert len(encode_pairs(TOKENIZER, [same], part=str)) == 1
    clear = Pair("q", "good", "bad", 2.0)
    ((chosen, rejected),) = encode_pairs(TOKENIZER, [same, clear])
    assert chosen == encode(TOKENIZER, "q", "good")
    assert rejected == encode(TOKENIZER, "q", "bad")


# --- losses by hand


def test_the_bradley_terry_loss_by_hand():
    chosen = torch.tensor([2.0, -1.0]).double().requires_grad_()
    rejected = torch.tensor([0.5, 1.0]).double()
    loss, metrics = reward_model.bradley_terry_loss(chosen, rejected)
    wins = [1 / (1 + math.exp(-1.5)), 1 / (1 + math.exp(2.0))]
    assert loss.item() == pytest.approx(-sum(map(math.log, wins)) / 2, rel=1e-12)
    assert metrics["accuracy"] == 0.5 and metrics["margin"] == pytest.approx(-0.25)
    loss.backward()  # the less expected the outcome, the harder the pull
    wanted = torch.tensor([-(1 - w) / 2 for w in wins]).double()
    torch.testing.assert_close(chosen.grad, wanted)
    moved, _ = reward_model.bradley_terry_loss(chosen + 7, rejected + 7)
    assert moved.item() == pytest.approx(loss.item())


def test_the_pointwise_loss_by_hand():
    scores = torch.tensor([1.5, -0.5, 2.0]).double()
    safe = torch.tensor([True, False, False])
    loss, metrics = reward_model.pointwise_loss(scores, safe)
    chances = [1 / (1 + math.exp(-1.5)), 1 / (1 + math.exp(-0.5))]
    chances += [1 / (1 + math.exp(2.0))]
    assert loss.item() == pytest.approx(-sum(map(math.log, chances)) / 3, rel=1e-12)
    assert metrics["accuracy"] == pytest.approx(2 / 3)


def test_the_dpo_loss_by_hand():
    logprobs = torch.tensor([[0.0, -9.0, -1.0, -2.0], [0.0, -9.0, -4.0, -9.0]])
    mask = torch.tensor([[0, 0, 1, 1], [0, 0, 1, 0]]).bool()
    chosen, rejected = sequence_logprobs(logprobs.double(), mask).chunk(2)
    assert (chosen.item(), rejected.item()) == (-3.0, -4.0)
    ref = torch.tensor([-3.5]).double(), torch.tensor([-3.0]).double()
    loss, metrics = dpo_loss(chosen, rejected, *ref, beta=0.2)
    margin = 0.2 * ((-3 + 3.5) - (-4 + 3))
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-margin)), rel=1e-12)
    assert metrics["margin"] == pytest.approx(margin) and metrics["accuracy"] == 1
    same, _ = dpo_loss(*ref, *ref)
    assert same.item() == pytest.approx(math.log(2))
    with pytest.raises(ValueError, match="beta must be finite and above 0, got 0"):
        dpo_loss(*ref, *ref, beta=0)


# --- the model


def test_a_new_reward_model_has_no_preferences_and_the_weights_of_its_body():
    body = Transformer(SMALL)
    net = RewardModel.of(body)
    rows = [[5, 6, 7], [8, 9]]
    assert reward_model.score_all(net, rows).tolist() == [0.0, 0.0]
    for name, weight in body.state_dict().items():
        assert torch.equal(net.state_dict()[name], weight), name
        assert net.state_dict()[name].data_ptr() != weight.data_ptr()


def test_a_score_is_that_of_the_last_token_and_pads_change_nothing():
    net = model().eval()
    rows = [[5, 6, 7, 8, 9], [10, 11], [12, 0, 13]]  # a 0 inside is no padding
    found = reward_model.score_rows(net, rows)
    for row, score in zip(rows, found, strict=True):
        alone = net.score(net.hidden(torch.tensor([row]))[0, -1])
        torch.testing.assert_close(score, alone[0])
    for most in (1, 7, 1000):
        again = reward_model.score_all(net, rows, most)
        torch.testing.assert_close(again, found.detach())


def test_swapped_pairs_have_the_opposite_accuracy():
    rng = random.Random(0)
    pairs = [
        tuple([rng.randint(9, 200) for _ in range(rng.randint(1, 6))] for _ in "ab")
        for _ in range(40)
    ]
    right = reward_model.pair_accuracy(model(), pairs)
    swapped = reward_model.pair_accuracy(model(), [(b, a) for a, b in pairs])
    assert 0 < right < 1 and right + swapped == pytest.approx(1)
    indifferent = RewardModel(SMALL)
    assert reward_model.pair_accuracy(indifferent, pairs) == 0
    with pytest.raises(ValueError, match="at least one pair, got none"):
        reward_model.pair_accuracy(indifferent, [])


def polite_pairs(n, seed):
    """Pairs in which the polite answer is preferred, whatever else is written."""
    rng = random.Random(seed)
    words = [f"{rng.randint(1, 99)}" for _ in range(n)]
    made = [Pair(w, f"{w} please", f"{w} now!", 2.0) for w in words]
    return encode_pairs(TOKENIZER, made)


def parts(net, **changes):
    """A model, how to train it, and with what."""
    config = RewardConfig(**{"epochs": 4, "batch_size": 8, "lr": 0.01, **changes})
    return net, config, optim.adamw(net, config.lr)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_learns_what_the_judge_prefers(seed):
    torch.manual_seed(seed)
    body = Transformer(SMALL)
    net, config, optimizers = parts(RewardModel.of(body), seed=seed)
    pairs = polite_pairs(24, seed)
    curve = list(reward_model.train(net, pairs, config, optimizers))
    assert curve[0]["loss"] == pytest.approx(math.log(2)) and len(curve) == 12
    assert curve[-1]["loss"] < 0.2
    assert reward_model.pair_accuracy(net, polite_pairs(20, seed + 10)) > 0.9


def test_it_learns_what_is_safe():
    net, config, optimizers = parts(model())
    labelled = [
        (encode(TOKENIZER, f"{i}", text, part=str), text == "Sorry")
        for i, text in enumerate(["Sorry", "Sure, "] * 12)
    ]
    steps = reward_model.train(
        net, labelled, config, optimizers, reward_model.safety_loss
    )
    curve = list(steps)
    assert curve[-1]["loss"] < 0.2 < curve[0]["loss"] and curve[-1]["accuracy"] == 1
    scores = reward_model.score_all(net, [row for row, _ in labelled])
    assert ((scores > 0) == torch.tensor([safe for _, safe in labelled])).all()


def test_a_resumed_run_repeats_the_uninterrupted_one():
    pairs = polite_pairs(16, 0)
    net, config, optimizers = parts(model(), epochs=2)
    whole = [m["loss"] for m in reward_model.train(net, pairs, config, optimizers)]
    net, config, optimizers = parts(model(), epochs=2)
    steps = reward_model.train(net, pairs, config, optimizers)
    first = [m["loss"] for m in itertools.islice(steps, 2)]
    rest = reward_model.train(net, pairs, config, optimizers, start=2)
    assert first + [m["loss"] for m in rest] == whole and len(whole) == 4


def test_training_on_nothing_is_refused():
    net, config, optimizers = parts(model())
    with pytest.raises(ValueError, match="at least one example, got none"):
        next(reward_model.train(net, [], config, optimizers))


# --- files


def test_a_reward_model_is_saved_and_read_back(tmp_path):
    net = model()
    hub.save(net, tmp_path / "r", TOKENIZER)
    again, tokenizer = reward_model.load(tmp_path / "r")
    assert tokenizer.vocab_size == TOKENIZER.vocab_size
    for name, weight in net.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight), name
    rows = [[5, 6, 7], [8, 9]]
    found = [reward_model.score_all(x, rows) for x in (net, again)]
    assert torch.equal(*found) and found[0].abs().sum() > 0


def test_a_language_model_is_no_reward_model_and_the_other_way_round(tmp_path):
    hub.save(Transformer(SMALL), tmp_path / "lm", TOKENIZER)
    hub.save(model(), tmp_path / "rm", TOKENIZER)
    with pytest.raises(ValueError, match="missing score.weight"):
        reward_model.load(tmp_path / "lm")
    with pytest.raises(ValueError, match="unexpected score.weight"):
        hub.load_model(tmp_path / "rm")
    with pytest.raises(ValueError, match="no checkpoint at"):
        reward_model.load(tmp_path / "none")


def test_a_config_or_a_tokenizer_of_another_model_is_refused(tmp_path):
    hub.save(model(), tmp_path / "r", TOKENIZER)
    for name in ("config.json", "tokenizer.json"):
        path = tmp_path / "r" / name
        content = path.read_bytes()
        path.write_bytes(content + b" ")
        with pytest.raises(ValueError, match=f"{name} is not the one"):
            reward_model.load(tmp_path / "r")
        path.unlink()
        with pytest.raises(ValueError, match="no file"):
            reward_model.load(tmp_path / "r")
        path.write_bytes(content)
    reward_model.load(tmp_path / "r")


def test_the_steps_of_a_reward_model_can_be_saved_as_those_of_any_model(tmp_path):
    net, config, optimizers = parts(model(), epochs=1)
    list(reward_model.train(net, polite_pairs(16, 0), config, optimizers))
    hub.save_training(net, optimizers, tmp_path / "step", {"step": 2})
    other, _, again = parts(model(1))
    assert hub.load_training(other, again, tmp_path / "step") == {"step": 2}
    for p, q in zip(net.parameters(), other.parameters(), strict=True):
        assert torch.equal(p, q)


@pytest.mark.parametrize(
    "changes",
    [{"epochs": 0}, {"batch_size": -1}, {"lr": 0.0}, {"lowest": 2.0}],
    ids=str,
)
def test_a_config_without_sense_is_refused(changes):
    (name,) = changes
    with pytest.raises(ValueError, match=f"^{name} must be "):
        reward_model.RewardConfig(**changes)


def test_a_loss_of_nothing_is_refused():
    nothing = torch.zeros(0)
    with pytest.raises(ValueError, match="at least one pair, got none"):
        reward_model.bradley_terry_loss(nothing, nothing)
    with pytest.raises(ValueError, match="at least one answer, got none"):
        reward_model.pointwise_loss(nothing, nothing > 0)


@pytest.mark.parametrize(
    "example", [([1, 2], []), ([1] * 999, [1]), ([1] * 999, True)], ids=str
)
def test_rows_that_do_not_fit_are_refused_before_any_work(example):
    net = reward_model.RewardModel.of(small.model(small.DENSE))
    steps = reward_model.train(net, [example], reward_model.RewardConfig(), [])
    with pytest.raises(ValueError, match="rows of 1 to 48 ids, got"):
        next(steps)
