"""Claims about the last stage: what is labelled, what is paid, and when."""

import ast
import itertools
import math
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from r1lib import artifacts
from r1lib.feedback import preferences, reward_model
from r1lib.feedback.preferences import Pair
from r1lib.feedback.reward_model import RewardModel
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import Transformer
from r1lib.problem import Problem, split_of
from r1lib.recipe import checkpoints, labels, r1, scenarios, stages
from r1lib.rl import grpo
from r1lib.rl.grpo import GRPOConfig
from r1lib.sampling import Sampling, complete
from r1lib.tokenizer import Tokenizer
from r1lib.tokenizer.chat import summary
from r1lib.training import optim
from r1lib.world import draws, instructions, judge, requests

TOKENIZER = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
SUM = Problem("arithmetic", "easy", "en", "compute 2+2", "4", "2+2")
HELLO = requests.make("chat", 0, (), "en")
HARM = requests.make("refusal", 0, (("how", "steal a car"),), "en")
FINE = requests.make("refusal", 3, (), "en")  # kill time at the station
ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.usefixtures("one_thread")


def policy(seed=0):
    torch.manual_seed(seed)
    return Transformer(replace(PRESETS["smoke"], vocab_size=TOKENIZER.vocab_size))


def scorer(seed=0):
    """A reward model with a head that is drawn, not zero."""
    net = RewardModel.of(policy(seed))
    torch.nn.init.normal_(net.score.weight)
    return net


def said(problem):
    """A known reply in the format."""
    return f"<answer>{instructions.references(problem)[0]}</answer>"


# ---- labels --------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["recipe/labels.py", "recipe/scenarios.py", "feedback/preferences.py"]
)
def test_what_trains_never_reads_the_hidden_truth(name):
    """The two files that make labels and rewards know `prefer` and `safe` alone."""
    tree = ast.parse((ROOT / "r1lib" / name).read_text())
    read = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "judge"
    }
    assert read <= {"prefer", "safe"}
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "r1lib.world.judge"
        for alias in node.names
    }
    assert not names


def test_requests_are_of_their_split_and_of_every_family():
    for split in ("train", "valid"):
        found = draws.general_problems(60, 0, split)
        assert {split_of(p) for p in found} == {split}
        assert len({p.prompt for p in found}) == 60
        assert {p.family for p in found} == set(draws.SAMPLE)
    assert draws.general_problems(5, 0, "train") != draws.general_problems(
        5, 1, "train"
    )


def test_a_clear_preference_is_kept_with_the_better_answer_first():
    good, bad = said(HELLO), "<answer>The capital of Peru is Lima.</answer>"
    found = labels.pairs([HELLO], [[bad, good]], random.Random(0))
    assert [(p.chosen, p.rejected) for p in found] == [(good, bad)]
    assert found[0].gap == 1.0


def test_only_ties_are_refused():
    same = ["<think>a</think>" + said(HELLO), "<think>b</think>" + said(HELLO)]
    with pytest.raises(ValueError, match="wanted two answers to a request that differ"):
        labels.pairs([HELLO], [same], random.Random(0))
    near = [f"<answer>{reply}</answer>" for reply in ("zig zag", "zag zig")]
    with pytest.raises(ValueError, match="only ties among 1 pairs"):
        labels.pairs([HELLO], [near], random.Random(0), least_gap=1.0)


def test_the_margin_filter_makes_labels_better():
    """Unanimous labels meet the truth more often than single ones."""
    problems = draws.general_problems(60, 3, "train")
    rng = random.Random(0)
    rows = []
    for p in problems:
        reply = instructions.references(p)[0]
        cut = " ".join(reply.split()[: max(1, len(reply.split()) - 2)])
        rows.append([f"<answer>{t}</answer>" for t in (reply, cut, reply + " " + cut)])
    asked = {p.prompt: p for p in problems}

    def right(pairs):
        worth = [
            [judge.helpfulness(asked[p.prompt], t) for t in (p.chosen, p.rejected)]
            for p in pairs
        ]
        judged = [a > b for a, b in worth if a != b]
        return sum(judged) / len(judged), len(pairs)

    clear, kept = right(labels.pairs(problems, rows, rng))
    every, total = right(labels.pairs(problems, rows, rng, least_gap=-1.0, times=2))
    assert kept < total and clear > every + 0.02


def test_balancing_takes_away_what_length_tells():
    rng = random.Random(0)
    pairs = [
        Pair("q", " ".join("a" * n), " ".join("b" * m), 1.0)
        for n, m in ((rng.randint(4, 14), rng.randint(1, 9)) for _ in range(400))
    ]
    kept = labels.balanced(pairs, random.Random(1))
    chosen_longer = [labels.longer(p) > 0 for p in kept if labels.longer(p)]
    assert sum(chosen_longer) == len(chosen_longer) / 2
    assert abs(sum(map(labels.longer, kept)) / len(kept)) < 0.5
    assert sum(map(labels.longer, pairs)) / len(pairs) > 2
    assert 20 < len(kept) < len(pairs) and set(kept) <= set(pairs)
    with pytest.raises(ValueError, match="all 1 pairs"):
        labels.balanced([Pair("q", "a b", "a", 1.0)], rng)


def test_safety_labels_are_noisy_and_of_the_whole_answer():
    rng = random.Random(0)
    wicked = "<think>Easy.</think>" + said(HARM)
    shares = {}
    for name, problem, text in (
        ("refused", HARM, said(HARM)),
        ("helped", HARM, "<answer>Easy. Go at night.</answer>"),
        ("fine", FINE, said(FINE)),
        ("thought of it", HARM, wicked),
    ):
        found = [judge.safe(problem, text, rng) for _ in range(600)]
        shares[name] = sum(found) / 600
    assert 0.93 < shares["refused"] < 1 and 0.93 < shares["fine"] < 1
    assert 0 < shares["helped"] < 0.07
    assert 0.3 < shares["thought of it"] < 0.7
    rows = [[said(HARM), wicked, said(HARM)]]
    found = labels.safety(TOKENIZER, [HARM], rows, rng)
    assert len(found) == 2 and len(found[1][0]) > len(found[0][0])


# ---- the reward ------------------------------------------------------------------


def preference(**options):
    return scenarios.Preference(scorer(1), scorer(2), TOKENIZER, **options)


def test_a_rule_judges_what_a_rule_can():
    text = "<think>2+2=4 yes</think><answer>4</answer>"
    wrong = "<think>2+2=5 맞아</think><answer>5</answer>"
    score = scenarios.Mixed()
    assert score([SUM, SUM], [text, wrong]) == pytest.approx([1.7, 0.1])
    assert score.means() == {"accuracy": 0.5, "format": 1.0, "language": 0.5}
    assert score.means() == {}
    with pytest.raises(ValueError, match="no rule judges 'chat'; wanted reward models"):
        score([SUM, HELLO], [text, said(HELLO)])


def test_requests_are_paid_by_the_models_and_sums_are_not():
    liked, score = preference(), None
    score = scenarios.Mixed(liked)
    text = "<think>2+2=4 yes</think><answer>4</answer>"
    problems, texts = [HELLO, SUM, HARM], [said(HELLO), text, "Easy."]
    found = score(problems, texts)
    chosen = [HELLO, HARM], [said(HELLO), "Easy."]
    worth = [
        h * s
        for h, s in zip(liked.helpfulness(*chosen), liked.safety(*chosen), strict=True)
    ]
    assert found == pytest.approx([worth[0] + 0.7, 1.7, worth[1] + 0.6])
    assert score.means()["accuracy"] == 1.0


def test_many_scores_at_once_are_those_of_one_by_one():
    liked = preference()
    problems = [HELLO, HARM, FINE]
    texts = [said(HELLO), "<think>hm</think>" + said(HARM), said(FINE)]

    def one_by_one(model, part):
        for problem, text in zip(problems, texts, strict=True):
            row = preferences.encode(TOKENIZER, problem.prompt, text, part)
            yield reward_model.score_all(model, [row]).sigmoid().item()

    wanted = list(one_by_one(liked.helpful, summary))
    assert liked.helpfulness(problems, texts) == pytest.approx(wanted, abs=1e-5)
    wanted = list(one_by_one(liked.harmless, str))
    assert liked.safety(problems, texts) == pytest.approx(wanted, abs=1e-5)


def test_the_helpful_model_sees_the_summary_and_the_safety_model_everything():
    liked, texts = preference(), [f"<think>{x}</think>{said(HELLO)}" for x in "ab"]
    both = [HELLO, HELLO], texts
    assert len(set(liked.helpfulness(*both))) == 1
    assert len(set(liked.safety(*both))) == 2


def test_the_scale_is_that_of_the_policy():
    scores = preference().scores([HELLO, FINE], [said(HELLO), said(FINE)])
    mean, spread = scenarios.calibration(scores)
    found = preference(mean=mean, spread=spread).helpfulness(
        [HELLO, FINE], [said(HELLO), said(FINE)]
    )
    assert sum(found) == pytest.approx(1.0, abs=1e-4)  # symmetric about 0.5
    assert max(found) == pytest.approx(1 / (1 + math.exp(-1)), abs=1e-4)
    with pytest.raises(ValueError, match="scores all 2 answers alike"):
        scenarios.calibration([1.0, 1.0])
    with pytest.raises(ValueError, match="spread must be above 0, got 0"):
        preference(spread=0.0)


@pytest.mark.parametrize(
    "problem, text, neat",
    [
        (HELLO, "<answer>Hi!</answer>", 1.0),
        (HELLO, "<think>hm</think><answer>Hi!</answer>", 1.0),
        (HELLO, "<think></think><answer>Hi!</answer>", 0.0),
        (HELLO, "<answer>Hi!</answer> and more", 0.0),
        (HELLO, "Hi!", 0.0),
        (SUM, "<answer>4</answer>", 0.0),
        (SUM, "<think>2+2=4</think><answer>4</answer>", 1.0),
    ],
)
def test_requests_need_no_thinking(problem, text, neat):
    assert scenarios.form(problem, text) == neat


def test_language_counts_where_somebody_thinks():
    assert scenarios.language(HELLO, said(HELLO)) == 1.0
    assert scenarios.language(HELLO, "<think>응 hi</think>" + said(HELLO)) == 0.5
    assert scenarios.language(SUM, "<answer>4</answer>") == 0.0


def test_draws_are_training_problems_of_every_scenario():
    rng = random.Random(0)
    found = [scenarios.draw_all(rng, 0.5) for _ in range(80)]
    general = [p.family in draws.SAMPLE for p in found]
    assert {split_of(p) for p in found} == {"train"} and 20 < sum(general) < 60
    rules = [draws.draw_reasoning(rng) for _ in range(20)]
    assert {p.family for p in rules} == set(draws.REASONING)


# ---- a whole rollout at once -------------------------------------------------------


def few_steps(**options):
    model = policy()
    config = GRPOConfig(
        steps=2, prompts=2, group_size=4, max_new_tokens=8, minibatches=1
    )
    optimizers = optim.adamw(model, config.lr)
    draw = draws.draw_reasoning
    loop = grpo.train(model, TOKENIZER, draw, config, optimizers, **options)
    return [batch.rewards.tolist() for _, batch in loop], model.state_dict()


def length(problem, text):
    return len(text) / 100


def test_scoring_a_rollout_at_once_changes_no_bit():
    def score(problems, texts):
        return [length(p, t) for p, t in zip(problems, texts, strict=True)]

    (one, first), (many, second) = few_steps(reward=length), few_steps(score=score)
    assert one == many and max(one[0]) > min(one[0])
    for name, weight in first.items():
        assert torch.equal(weight, second[name]), name


def test_a_score_is_asked_instead_of_the_reward():
    def never(problem, text):
        raise AssertionError("asked one by one")

    found, _ = few_steps(reward=never, score=lambda problems, texts: [0.5] * len(texts))
    assert found == [[0.5] * 8] * 2


# ---- the stages --------------------------------------------------------------------

RUN = stages.settings("smoke", 1)
MODELS, HOW = RUN.reward_models, RUN.last


def begun(folder):
    """A folder of a run in which the stage before is finished."""
    model = policy(3)
    optimizers = optim.adamw(model, 1e-3)
    checkpoints.resume(folder, "dev3", model, TOKENIZER, optimizers).finish()
    return folder


@pytest.fixture(scope="module")
def whole(one_thread, tmp_path_factory):
    """The last stage from start to end, at the smallest size."""
    folder = begun(tmp_path_factory.mktemp("whole"))
    both = list(r1.reward_models(folder, MODELS))
    steps = list(r1.r1(folder, HOW))
    return folder, both, steps


def test_reward_models_are_measured_on_what_they_never_saw(whole):
    folder, both, _ = whole
    last = checkpoints.record(folder, "helpful")["history"][-1]
    assert 0 <= last["pair_accuracy"] <= 1 and last["spread"] > 0 and last["pairs"] > 0
    assert {m["model"] for m in both} == {"helpful", "harmless"}
    last = checkpoints.record(folder, "harmless")["history"][-1]
    assert {"safe_found", "unsafe_found"} & set(last)
    net, _ = reward_model.load(folder / "helpful")
    start = checkpoints.load(folder, "dev3")[0].state_dict()
    moved = [
        (w - net.state_dict()[n]).abs().max().item()
        for n, w in start.items()
        if "weight" in n
    ]
    assert 0 < max(moved) < 0.1  # it began as the policy


def test_both_reward_models_learn_from_the_same_answers(whole, tmp_path, monkeypatch):
    """Sampled once, and again only if the policy or the sizes are other ones."""
    folder = begun(tmp_path)
    copied = (whole[0] / "answers.json").read_bytes()
    (folder / "answers.json").write_bytes(copied)
    calls = []

    def counted(*given, **options):
        calls.append(given[4].max_new_tokens)
        return complete(*given, **options)

    monkeypatch.setattr(r1, "complete", counted)
    list(r1.reward_models(folder, MODELS, names=("harmless",)))
    assert calls == []
    checkpoints.forget(folder, ["harmless"])
    list(r1.reward_models(folder, replace(MODELS, reply_tokens=9), names=("harmless",)))
    assert calls == [9, 9]
    assert (folder / "answers.json").read_bytes() != copied


def test_truth_and_score_have_names_of_their_own(whole):
    looks = [
        m for m in checkpoints.record(whole[0], "r1")["history"] if "over_refusal" in m
    ]
    late = [m for m in looks if "liked" in m]
    assert late and all({"helpful", "liked", "safe"} <= set(m) for m in late)


def test_preferences_count_in_the_last_part_only(whole):
    _, _, steps = whole
    assert [m["step"] for m in steps] == [1, 2, 3, 4]
    assert ["liked" in m and "safe" in m for m in steps[:2]] == [False, False]
    paid = [m for m in steps[2:] if "safe" in m]
    assert paid and all("accuracy" in m for m in steps[:2])
    assert "over_refusal" in steps[1] and "over_refusal" in steps[3]


def test_a_stage_that_was_stopped_ends_with_the_same_weights(whole, tmp_path):
    folder = begun(tmp_path)
    for stop in (3, 1):  # in the middle of one model, and at the start again
        steps = r1.reward_models(folder, MODELS)
        list(itertools.islice(steps, stop))
        steps.close()
    list(r1.reward_models(folder, MODELS))
    steps = r1.r1(folder, HOW)
    list(itertools.islice(steps, 3))
    steps.close()
    assert [m["step"] for m in r1.r1(folder, HOW)] == [3, 4]
    for stage in ("helpful", "harmless", "r1"):
        now, then = (checkpoints.record(f, stage)["sha256"] for f in (folder, whole[0]))
        assert now == then, stage
    assert list(r1.r1(folder, HOW)) == []
    assert list(r1.reward_models(folder, MODELS)) == []


def test_stages_say_what_is_missing(tmp_path):
    with pytest.raises(ValueError, match="run `python r1.py train --stage dev3"):
        list(r1.reward_models(tmp_path, MODELS))
    begun(tmp_path)
    with pytest.raises(ValueError, match="no finished helpful in .*--stage helpful"):
        list(r1.r1(tmp_path, HOW))
    with pytest.raises(ValueError, match="answers must be at least 2, got 1"):
        replace(MODELS, answers=1)
    with pytest.raises(ValueError, match="general must be from 0 to 1, got 1.5"):
        replace(HOW, general=1.5)
    with pytest.raises(ValueError, match="preference_from must be from 0 to 4"):
        replace(HOW, preference_from=5)


def test_quality_reads_the_truth_of_answers():
    found = r1.quality(
        [HELLO, HARM, FINE],
        [said(HELLO), said(HARM), "Sorry, I cannot help with that."],
    )
    assert found["helpful"] == pytest.approx(
        (1 + 1 + judge.helpfulness(FINE, "Sorry, I cannot help with that.")) / 3
    )
    assert found["harmless"] == 1.0 and found["over_refusal"] == 0.5
    with pytest.raises(ValueError, match="at least one answer, got none"):
        r1.quality([], [])


def test_sampling_nothing_is_refused():
    asking, prompts = Sampling(4), [HELLO.prompt, SUM.prompt]
    with pytest.raises(ValueError, match="at least one prompt"):
        complete(policy(), TOKENIZER, [], 2, asking)
    rows = complete(policy(), TOKENIZER, prompts, 2, asking)
    again = complete(policy(), TOKENIZER, prompts, 2, asking)
    assert [len(row) for row in rows] == [2, 2] and rows == again


def test_safe_answers_do_not_drown_the_others():
    rng = random.Random(0)
    answers = [([i], i % 10 != 0) for i in range(100)]
    found = labels.even(answers, rng)
    assert sum(not safe for _, safe in found) == 10
    assert sum(safe for _, safe in found) == 30
    assert found == sorted(found), "the order stays"
    few = [([i], i > 1) for i in range(5)]  # two unsafe, three safe: nothing to drop
    assert labels.even(few, rng) == few
    with pytest.raises(ValueError, match="got 2 that are all labelled (safe|unsafe)"):
        labels.even([([1], True), ([2], True)], rng)
