"""Claims about the models that write and judge in a search."""

import math
from types import SimpleNamespace

import pytest
import small
import torch

from r1lib import artifacts, hub, search
from r1lib.feedback import preferences, reward_model
from r1lib.feedback.reward_model import RewardConfig, RewardModel
from r1lib.problem import Problem
from r1lib.search import models, process
from r1lib.search.models import Ask
from r1lib.search.paths import Continuation
from r1lib.tokenizer import EOS, Tokenizer, chat
from r1lib.training import optim
from r1lib.verifiers import extract_answer

TOKENIZER = Tokenizer([])  # a token is a byte, or a tag
PROBLEM = SimpleNamespace(prompt="q", check=lambda text: text.endswith("42"))


def ask(**changes):
    """A policy of the small model."""
    generator = torch.Generator().manual_seed(0)
    settings = {"longest": 20, "generator": generator, **changes}
    return Ask(small.model(small.DENSE), TOKENIZER, **settings)


def judge(seed=0):
    """A reward model with a head that is drawn, not zero."""
    net = RewardModel.of(small.model(small.DENSE, seed))
    torch.nn.init.normal_(net.score.weight)
    return net


# --- the policy


def test_a_policy_counts_what_it_samples_and_its_stop_token():
    read = ask().read
    ids, logprobs = TOKENIZER.encode("ab"), [-0.5, -0.25, -0.125]
    made = models.sampling.Completion([*ids, EOS], logprobs, "stop")
    assert read(made) == Continuation("ab", 3, "stop", -0.875)
    made = models.sampling.Completion(ids, logprobs[:2], "stop")  # at a line's end
    assert read(made) == Continuation("ab", 2, "until", -0.75)
    made = models.sampling.Completion(ids, logprobs[:2], "length")
    assert read(made) == Continuation("ab", 2, "length", -0.75)


def test_each_prefix_gets_n_continuations_of_bounded_length():
    rows = ask()([("q", ""), ("other", "<think>a\n")], 3, max_new_tokens=7, until="\n")
    assert [len(row) for row in rows] == [3, 3]
    for more in (more for row in rows for more in row):
        assert 1 <= more.tokens <= 7 and more.logprob < 0
        assert (more.finish == "until") == more.text.endswith("\n")
        assert more.finish != "length" or more.tokens == 7
    assert max(more.tokens for more in ask()([("q", "")], 9)[0]) <= 20


def test_a_prefix_without_room_is_cut_off_before_its_first_token():
    long = "x" * (small.DENSE.max_positions - 4)  # bos, user, q and assistant
    rows = ask()([("q", long), ("q", ""), ("q", long[1:])], 2, until="\n")
    cut = Continuation("", 0, "length")
    assert rows[0] == [cut, cut]
    assert all(more.tokens >= 1 for row in rows[1:] for more in row)
    assert ask()([("q", long)], 2) == [[cut, cut]]


def test_a_tag_that_a_model_wrote_is_one_id_again_and_a_frame_is_not():
    ids = ask().encode("q", "<think>a</think><|user|>")
    assert ids[:4] == TOKENIZER.prompt("q")
    assert ids[4] == TOKENIZER.special_ids["<think>"]
    assert ids[6] == TOKENIZER.special_ids["</think>"] and len(ids) == 7 + 8


def test_what_ends_a_continuation():
    assert models.ends_with(TOKENIZER, "") == []
    assert models.ends_with(TOKENIZER, "</think>") == [6]
    assert models.ends_with(TOKENIZER, "\n") == TOKENIZER.encode("\n")
    merged = Tokenizer([(TOKENIZER.encode(")")[0], TOKENIZER.encode("=")[0])])
    assert models.ends_with(merged, "=") == [*TOKENIZER.encode("="), 265]
    with pytest.raises(ValueError, match="no token ends with 'zz'"):
        models.ends_with(TOKENIZER, "zz")


def test_a_policy_asked_for_less_than_one_is_an_error():
    with pytest.raises(ValueError, match="n must be a whole number >= 1, got 0"):
        ask()([("q", "")], 0)


def test_recorded_completions_are_handed_out_in_order():
    samples = {"q": [Continuation("1", 5), Continuation("22", 9), Continuation("3", 4)]}

    def recorded():
        return models.Recorded(samples, longest=10)

    ask = recorded()
    assert ask([("q", "")], 2, max_new_tokens=9) == [samples["q"][:2]]
    assert ask([("q", "")], max_new_tokens=9) == [samples["q"][2:]]
    with pytest.raises(ValueError, match="wanted 1 recorded completions of 'q'"):
        ask([("q", "")], max_new_tokens=9)
    cut = Continuation("", 8, "length")
    assert recorded()([("q", "")], 2, max_new_tokens=8) == [[samples["q"][0], cut]]
    for prompt, written, until in [("q", "a", ""), ("q", "", "\n"), ("other", "", "")]:
        with pytest.raises(ValueError, match="recorded completions"):
            recorded()([(prompt, written)], max_new_tokens=9, until=until)
    found = search.best_of_n(PROBLEM, recorded(), models.verified, 30, n=3)
    assert found.text == "1" and found.tokens == 18
    assert search.best_of_n(PROBLEM, recorded(), models.verified, 30, n=3) == found


# --- scorers


def test_the_verifier_knows_what_is_right_and_costs_nothing():
    assert models.verified(PROBLEM, ["is 42", "43"]) == ([1.0, 0.0], [0, 0])


@pytest.mark.parametrize("part", [str, chat.summary])
def test_an_outcome_model_is_paid_for_what_it_reads(part):
    net, texts = judge(), ["<think>ab</think>4", "<think>abc</think>4", "5"]
    values, tokens = models.outcome_score(net, TOKENIZER, part)(PROBLEM, texts)
    rows = [preferences.encode(TOKENIZER, "q", text, part) for text in texts]
    assert values == reward_model.score_all(net, rows).sigmoid().tolist()
    wanted = [len(chat.encode_answer(TOKENIZER, part(text))) + 1 for text in texts]
    assert tokens == wanted == ([6, 7, 2] if part is str else [2, 2, 2])


def test_a_scorer_that_remembers_reports_the_same_again():
    calls = []

    def score(problem, texts):
        calls.append(list(texts))
        return [float(len(t)) for t in texts], [len(t) for t in texts]

    again = models.remembered(score)
    assert again(PROBLEM, ["a", "bb", "a"]) == ([1.0, 2.0, 1.0], [1, 2, 1])
    assert again(PROBLEM, ["bb", "ccc"]) == ([2.0, 3.0], [2, 3])
    assert calls == [["a", "bb"], ["ccc"]]


# --- steps


def test_steps_end_with_their_line():
    text = "<think>a\n\nb\r\n</think>c"
    assert process.steps(text) == ["<think>a\n", "\n", "b\r\n", "</think>c"]
    assert process.steps("a\n") == ["a\n"]
    assert "".join(process.steps("\u2028a\x0b\nb")) == "\u2028a\x0b\nb"
    with pytest.raises(ValueError, match="an empty text has no steps"):
        process.steps("")


@pytest.mark.parametrize("micro_tokens", [1, 30, 12_000])
def test_the_value_of_a_step_is_that_of_the_text_up_to_it(micro_tokens):
    net, texts = judge(), ["ab\ncd\n</think>e", "f\n", "gh"]
    values, tokens = process.step_values(net, TOKENIZER, "q", texts, micro_tokens)
    for text, row in zip(texts, values, strict=True):
        begun = [text[: text.index(s) + len(s)] for s in process.steps(text)]
        rows = [
            [*TOKENIZER.prompt("q"), *chat.encode_answer(TOKENIZER, t)] for t in begun
        ]
        wanted = reward_model.score_all(net, rows).sigmoid().tolist()
        assert row == pytest.approx(wanted, abs=1e-6)
    assert tokens == [3 + 3 + 2, 2, 2]


def test_the_values_of_steps_are_combined():
    net, texts = judge(), ["ab\ncd\nef", "g"]
    values, tokens = process.step_values(net, TOKENIZER, "q", texts)
    for combine in (process.last, min, math.prod):
        score = process.process_score(net, TOKENIZER, combine)
        assert score(PROBLEM, texts) == ([combine(row) for row in values], tokens)
    assert process.process_score(net, TOKENIZER)(PROBLEM, texts)[0][0] == values[0][-1]


def test_a_scorer_leaves_a_model_as_it_was():
    for training in (True, False):
        net = judge().train(training)
        process.step_values(net, TOKENIZER, "q", ["a\n"])
        assert net.training is training


def test_a_step_is_labelled_by_the_share_of_rollouts_that_end_right():
    def rollouts(prefixes, n, max_new_tokens, until):
        asked.append((prefixes, n, max_new_tokens, until))
        ends = {"a\n": ["42", "41", "42", "."], "a\nb\n": ["1", "2", "3", "42"]}
        return [[Continuation(end, 5) for end in ends[text]] for _, text in prefixes]

    asked = []
    texts = [(PROBLEM, "a\nb\n= 42"), (PROBLEM, "41")]
    labels, tokens = process.label(texts, rollouts, 4, 30)
    assert asked == [([("q", "a\n"), ("q", "a\nb\n")], 4, 30, "")]
    assert labels == [
        process.Step("q", "a\n", 0.5),
        process.Step("q", "a\nb\n", 0.25),
        process.Step("q", "a\nb\n= 42", 1.0),
        process.Step("q", "41", 0.0),
    ]
    assert tokens == 8 * 5
    assert process.label(texts, rollouts, 4, 30, at_once=1) == (labels, tokens)
    assert [len(prefixes) for prefixes, *_ in asked] == [2, 1, 1]
    assert process.label([], rollouts, 4, 30) == ([], 0)


def test_labels_from_a_policy_that_breaks_its_word_are_errors():
    def short(prefixes, n, max_new_tokens, until):
        return [[Continuation("42", 5)] for _ in prefixes]

    def long(prefixes, n, max_new_tokens, until):
        return [[Continuation("42", 31)] * n for _ in prefixes]

    with pytest.raises(ValueError, match="wanted 2 continuations of each of 1"):
        process.label([(PROBLEM, "a\nb")], short, 2, 30)
    with pytest.raises(ValueError, match="from 1 to 30 tokens"):
        process.label([(PROBLEM, "a\nb")], long, 2, 30)
    with pytest.raises(ValueError, match="n must be a whole number >= 1, got 0"):
        process.label([(PROBLEM, "a\nb")], short, 0, 30)


def test_the_loss_of_steps_by_hand():
    net = RewardModel.of(small.model(small.DENSE))  # scores 0: a probability of 1/2
    rows = [([5, 6, 7], 1.0), ([8, 9], 0.25), ([10], 0.0)]
    loss, metrics = process.step_loss(net, rows)
    assert loss.item() == pytest.approx(math.log(2))
    assert metrics["error"] == pytest.approx((0.5 + 0.25 + 0.5) / 3)
    score = reward_model.score_all(judge(), [[5, 6, 7]]).item()
    loss, _ = process.step_loss(judge(), [([5, 6, 7], 0.25)])
    p = 1 / (1 + math.exp(-score))
    wanted = -0.25 * math.log(p) - 0.75 * math.log(1 - p)
    assert loss.item() == pytest.approx(wanted, rel=1e-5)


def test_a_process_model_learns_which_step_goes_wrong():
    labels = [
        process.Step(f"{i}", begun + step, share)
        for i in range(8)
        for begun in ("", "ok\n")
        for step, share in [("good\n", 1.0), ("bad\n", 0.0)]
    ]
    net = RewardModel.of(small.model(small.DENSE))
    config = RewardConfig(epochs=8, batch_size=8, lr=0.01)
    rows = process.examples(TOKENIZER, labels)
    optimizers = optim.adamw(net, config.lr)
    curve = list(reward_model.train(net, rows, config, optimizers, process.step_loss))
    assert curve[0]["loss"] == pytest.approx(math.log(2))
    ((ok, good), (_, bad)), _ = process.step_values(
        net, TOKENIZER, "99", ["ok\ngood\n", "ok\nbad\n"]
    )
    assert good > 0.8 and bad < 0.2


# --- a shipped model


@pytest.fixture(scope="module")
def r1():
    folder = artifacts.path("r1-tiny")
    return hub.load(folder), Tokenizer.load(folder / "tokenizer.json")


SUM = Problem("arithmetic", "easy", "en", "compute ((3+4)*2)-5", "9", "((3+4)*2)-5")


def test_steps_of_a_greedy_model_are_its_whole_answer(r1):
    greedy = Ask(*r1, temperature=0)
    ((whole,),) = greedy([(SUM.prompt, "")])
    text, tokens, finish = "", 0, "until"
    while finish == "until":
        ((step,),) = greedy([(SUM.prompt, text)], until="\n")
        text, tokens, finish = text + step.text, tokens + step.tokens, step.finish
    assert (text, tokens, finish) == (whole.text, whole.tokens, "stop")
    assert whole.text.count("\n") >= 1


@pytest.mark.slow
def test_every_search_answers_with_a_shipped_model(r1):
    ask = Ask(*r1, longest=60, generator=torch.Generator().manual_seed(0))
    score = process.process_score(RewardModel.of(r1[0]), r1[1])
    for found in (
        search.weighted_vote(SUM, ask, score, 250),
        search.beam(SUM, ask, score, 250, width=1, expand=2),
        search.mcts(SUM, ask, score, 250, expand=2, simulations=2),
    ):
        assert found.answer == extract_answer(found.text)
        assert 0 < found.scored < found.tokens <= 250 and found.candidates
    found = search.best_of_n(SUM, ask, models.verified, 150, n=2)
    assert found.scored == 0 and SUM.check(found.text)
