"""Claims about evaluation: worked numbers, votes, intervals and skills."""

import itertools
import random

import pytest
import torch

from r1lib import evaluate
from r1lib.evaluate import Answers, interval, majority, pass_at_k
from r1lib.model.config import ModelConfig
from r1lib.model.transformer import Transformer
from r1lib.problem import Problem, problems
from r1lib.tokenizer import SMALLEST, Tokenizer
from r1lib.training import optim, pretrain
from r1lib.world import arithmetic, countdown, logic, skills
from r1lib.world.skills import majority_right

TEXT = " yes no 맞아 아니 <answer></answer>" + "".join(f"={n}" for n in range(100))
TOKENIZER = Tokenizer.train([TEXT] * 9, SMALLEST + 140)
GAMES = problems(countdown.sample, 6, 0, "test")


def wrap(answer):
    return f"<think>x</think><answer>{answer}</answer>"


@pytest.mark.parametrize(
    "n, c, k, chance",
    [
        (4, 1, 1, 1 / 4),
        (4, 1, 2, 1 / 2),
        (4, 1, 4, 1.0),
        (5, 2, 2, 1 - 3 / 10),  # 3 of the 10 pairs hold no right one
        (10, 3, 5, 1 - 21 / 252),
        (8, 0, 8, 0.0),
        (8, 8, 1, 1.0),
        (200, 1, 100, 0.5),
    ],
)
def test_pass_at_k_by_hand(n, c, k, chance):
    assert pass_at_k(n, c, k) == pytest.approx(chance)


def test_pass_at_k_is_the_share_of_lucky_draws():
    right = [True, True, False, False, False, False]
    draws = list(itertools.combinations(right, 3))
    assert pass_at_k(6, 2, 3) == pytest.approx(sum(map(any, draws)) / len(draws))


@pytest.mark.parametrize("n, c, k", [(4, 5, 1), (4, -1, 1), (4, 1, 0), (4, 1, 5)])
def test_an_impossible_pass_at_k_is_refused(n, c, k):
    with pytest.raises(ValueError, match=f"n={n}, c={c}, k={k}"):
        pass_at_k(n, c, k)


def test_the_majority_wins_the_earliest_breaks_ties_and_none_abstains():
    assert majority([4, 5, 5]) == 5
    assert majority([7, 4, 4, 7]) == 7
    assert majority([None, None, None, 3]) == 3
    assert majority([None, None]) is None and majority([]) is None


def test_votes_count_by_value_and_not_by_spelling():
    game = countdown.make([3, 4, 5], 17, "en")
    assert game.ballot(wrap("3*4+5")) == game.ballot(wrap("5+(4*3)"))
    assert game.ballot(wrap("3*4+5")) != game.ballot(wrap("3*5+4"))
    assert game.ballot(wrap("3**4")) is None and game.ballot("hm") is None
    total = arithmetic.make((1, 1), "+", "en")
    assert total.ballot(wrap("1")) == total.ballot(wrap("1.0"))
    assert total.ballot(wrap("1 or 2")) != total.ballot(wrap("1"))


def test_three_spellings_of_knights_and_knaves_outvote_two_equal_wrong_ones():
    puzzle = logic.make((("is", 1, False), ("same", 0, 1)), "en")
    right = ["A=knight,B=knave", "B=knave, A=knight", "A=기사, B=거짓"]
    wrong = ["A=knave,B=knave"] * 2
    votes = [puzzle.ballot(wrap(text)) for text in wrong + right]
    assert majority(votes) == (True, False) and len(set(votes)) == 2
    assert puzzle.ballot(wrap("A=knight")) is None
    assert puzzle.ballot(wrap("A=knight,A=knight,B=knave")) is None


@pytest.mark.parametrize(
    "same",
    [
        ("1/2", "0.5", "\\frac{1}{2}"),
        ("{1,2}", "\\{2, 1\\}", "{2,1,1.0}"),
        ("(1, 2)", "\\left(1.0,2\\right)"),
        ("60 min", "1 hour", "3600 seconds"),
        ("\\text{even}", "even", "even."),
        ("x > 3", "x>3", "$x\\gt 3$"),
    ],
)
def test_a_vote_in_mathematics_is_for_a_value(same):
    problem = Problem("mathematics", "easy", "en", "", same[0], "k")
    assert len({problem.ballot(wrap(text)) for text in same}) == 1
    assert problem.ballot(wrap("7")) != problem.ballot(wrap(same[0]))


def test_the_majority_is_right_only_if_its_own_answer_is():
    game = countdown.make([3, 4, 5], 17, "en")
    total = Problem("arithmetic", "easy", "en", "2+2", "4", "k")
    rows = [
        [wrap("3*5+4"), wrap("3*4+5"), wrap("5+3*4")],  # two ways to say the right one
        [wrap("5"), wrap("5"), wrap("4")],
        ["?", "?", "?"],
    ]
    right = torch.tensor([[0.0, 1.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    answers = Answers([game, total, total], rows, right, torch.ones(3, 3))
    assert majority_right(answers) == [1.0, 0.0, 0.0]


def test_an_interval_covers_the_truth_about_19_times_in_20():
    rng = random.Random(0)
    covered = 0
    for seed in range(200):
        values = [float(rng.random() < 0.3) for _ in range(100)]
        low, high = interval(values, seed, samples=300)
        covered += low <= 0.3 <= high
    assert 0.90 <= covered / 200 <= 0.99


def test_an_interval_is_narrower_with_more_problems_and_the_same_each_time():
    few, many = [0.0, 1.0] * 10, [0.0, 1.0] * 1000
    (a, b), (c, d) = interval(few), interval(many)
    assert d - c < (b - a) / 5 and c < 0.5 < d
    assert interval(few) == (a, b)
    assert interval([1.0] * 9)[1] - interval([1.0] * 90)[1] == 0
    assert interval([1.0] * 9)[0] < interval([1.0] * 90)[0] < 1


@pytest.mark.parametrize(
    "values, wanted",
    [
        ([1.0] * 8, (0.6756, 1.0)),  # Wilson's interval of 8 of 8
        ([0.0] * 8, (0.0, 0.3244)),  # and of 0 of 8
        ([1], (0.2065, 1.0)),  # one problem says little
        ([0.5] * 8, (0.3378, 0.6622)),  # half of the samples right, everywhere
        ([0.1 + 0.2, 0.3] * 4, (0.2027, 0.5271)),  # equal up to rounding
        ([144.0] * 8, (97.2842, 190.7158)),  # a length: from 0 to twice as many
        ([-3.0] * 8, (-3.9732, -2.0268)),
    ],
    ids=str,
)
def test_an_interval_of_values_that_agree_is_no_point(values, wanted):
    assert interval(values) == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("n", [8, 40])
def test_an_interval_of_all_or_nothing_is_wilsons(n):
    z = 1.959964
    centre, half = (n + z * z / 2) / (n + z * z), z * z / 2 / (n + z * z)
    assert interval([1.0] * n) == pytest.approx((centre - half, centre + half), 1e-4)
    assert interval([0.0] * n) == pytest.approx((0, 2 * half), 1e-4)


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [float("inf")]], ids=str)
def test_an_interval_needs_finite_values(values):
    with pytest.raises(ValueError, match="one finite value or more, got"):
        interval(values)


def test_nobody_is_asked_no_time():
    total = Problem("arithmetic", "easy", "en", "2+2", "4", "k")
    with pytest.raises(ValueError, match="k and batch must be at least 1, got 0 and"):
        evaluate.answer(None, None, [total], 0, max_new_tokens=4)


@pytest.mark.parametrize(
    "thinking, verdict",
    [
        ("1+2=3?4 no\n2+2=4?4 yes\n", True),
        ("1+2=3?4 아니\n2+2=4?4 맞아\n", True),
        ("1+2=3?4 no\n1+3=4?4 no\n", True),
        ("1+2=3?4 no\n", False),  # rejects, and gives up
        ("2+2=4?4 yes\n", False),
        ("2+2=4?4 yes\n1+3=4?4 no\n", False),  # nothing follows the "no"
        ("I know\nnothing\n", False),
        ("", False),
    ],
)
def test_reflection_is_to_reject_and_then_to_try_again(thinking, verdict):
    assert skills.reflects(f"<think>{thinking}</think><answer>2+2</answer>") is verdict


def test_only_what_is_thought_counts_as_reflection():
    assert not skills.reflects("<answer>1</answer></think>a no\nb yes")


def test_mixing_is_a_verdict_word_of_the_other_language():
    assert skills.mixes("1+2=3 no\n", "ko") and not skills.mixes("1+2=3 no\n", "en")
    assert skills.mixes("1+2=3 맞아\n", "en")
    assert not skills.mixes("1+2=3 아니\n2+2=4 맞아\n", "ko")


class Oracle(torch.nn.Module):
    """Sees the next token of the text it is shown, and says what `edit` makes of it."""

    def __init__(self, edit=lambda token: token):
        super().__init__()
        self.embed = torch.nn.Embedding(1, 1)
        self.edit = edit

    def forward(self, ids):
        following = ids.roll(-1, 1).tolist()
        said = torch.tensor([[self.edit(i) for i in row] for row in following])
        return 9.0 * torch.nn.functional.one_hot(said, TOKENIZER.vocab_size).float()


YES, NO = (TOKENIZER.encode(word)[0] for word in (" yes", " no"))
DIGITS = {TOKENIZER.encode(str(n))[0] for n in range(100)}


def oracle_skills(edit):
    return skills.measure(Oracle(edit), TOKENIZER, GAMES)


def test_the_words_of_the_verdict_begin_with_different_tokens():
    words = skills.YES + skills.NO
    assert len({TOKENIZER.encode(word)[0] for word in words}) == len(words)


def test_an_oracle_has_every_skill():
    found = oracle_skills(lambda token: token)
    every = ("copy", "arithmetic", "verification", "verdict")
    assert found == dict.fromkeys(every, 1.0)


def test_skills_are_told_apart():
    opposite = {
        TOKENIZER.encode(yes)[0]: TOKENIZER.encode(no)[0]
        for yes, no in zip(skills.YES, skills.NO, strict=True)
    }
    optimist = {no: yes for yes, no in opposite.items()}
    found = oracle_skills(
        lambda token: optimist.get(token, token)
    )  # hits and misses in turn
    assert found["verdict"] == 0.5 and found["verification"] == 1.0
    assert found["copy"] == found["arithmetic"] == 1.0
    found = oracle_skills(lambda token: 1 if token in DIGITS else token)
    assert found["arithmetic"] == 0.0 and found["verification"] == 0.5
    assert 0.0 < found["copy"] < 1.0  # signs and brackets are copied still
    assert found["verdict"] == 1.0


def learned(problem, answer):
    """A small model that has learnt one problem and its answer by heart."""
    torch.manual_seed(0)
    config = ModelConfig(
        vocab_size=TOKENIZER.vocab_size,
        d_model=32,
        n_layers=1,
        n_heads=2,
        max_positions=80,
        attention="gqa",
        n_kv_heads=2,
        head_dim=16,
        ffn_dim=48,
        n_routed_experts=0,
        n_mtp=0,
    )
    model = Transformer(config)
    rows = pretrain.encode_documents(TOKENIZER, [(problem.prompt, answer)] * 4)
    plan = pretrain.PretrainConfig(steps=40, batch_size=4)
    for _ in pretrain.train(model, rows, plan, optim.adamw(model, 0.02)):
        pass
    return model


def test_an_own_attempt_is_by_the_rules_if_it_uses_the_given_numbers_once():
    own, other = countdown.make([3, 4], 7, "en"), countdown.make([3, 5], 7, "en")
    model = learned(own, "<think>3+4=7~7=0 yes\n</think><answer>3+4</answer>")
    assert skills.own_attempt(model, TOKENIZER, [own, own]) == 1.0
    assert skills.own_attempt(model, TOKENIZER, [own, other]) == 0.5  # 3+4 again


def test_an_own_attempt_needs_no_check_behind_it():
    own = countdown.make([3, 4], 7, "en")
    model = learned(own, "<think>3+4=7\n4+3=7\n</think><answer>3+4</answer>")
    assert skills.own_attempt(model, TOKENIZER, [own]) == 1.0


def test_answers_hold_k_texts_verdicts_and_lengths_per_problem():
    own = countdown.make([3, 4], 7, "en")
    other = countdown.make([3, 5], 8, "en")
    text = wrap("3+4")
    model = learned(own, text)
    found = evaluate.answer(
        model, TOKENIZER, [own, other, own], k=2, max_new_tokens=40, temperature=0.0
    )
    assert found.texts[0] == [text, text] == found.texts[2]
    assert found.right.tolist()[0] == [1.0, 1.0] == found.right.tolist()[2]
    assert found.right.tolist()[1] == [0.0, 0.0]
    tokens = len(TOKENIZER.encode(text, allow_special=True)) + 1  # and the stop token
    assert found.lengths[0].tolist() == [tokens, tokens]
    in_parts = evaluate.answer(
        model,
        TOKENIZER,
        [own, other, own],
        2,
        max_new_tokens=40,
        temperature=0,
        batch=2,
    )
    assert in_parts.texts == found.texts
    report = skills.summary(found)
    assert report["pass@1"] == pytest.approx(2 / 3) and report["problems"] == 3
    assert report["countdown"]["pass@1"] == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="at least one problem"):
        evaluate.answer(model, TOKENIZER, [], max_new_tokens=4)


def test_a_forced_model_goes_on_until_it_has_said_yes():
    steer = skills.never_give_up(TOKENIZER, avoid=["again "])
    end, again = TOKENIZER.special_ids["</think>"], TOKENIZER.encode("again ")[0]
    yes, no = (TOKENIZER.encode(word) for word in (" yes", " no"))
    width = max(len(yes), len(no))
    written = torch.tensor(
        [row + TOKENIZER.encode("=1") * (width - len(row)) for row in (yes, no)]
    )
    logits = torch.zeros(2, TOKENIZER.vocab_size)
    steered = steer(logits, written)
    assert steered[0, end] == 0 and steered[1, end] == float("-inf")
    assert (steered[:, again] == float("-inf")).all()
    assert steered.isinf().sum() == 3, "nothing else is forbidden"
    assert (logits == 0).all(), "the caller's logits stay as they are"


def test_without_a_word_to_avoid_only_stopping_is_forbidden():
    steer = skills.never_give_up(TOKENIZER)
    written = torch.tensor([TOKENIZER.encode("=1=2")])
    steered = steer(torch.zeros(1, TOKENIZER.vocab_size), written)
    assert steered.isinf().nonzero().tolist() == [
        [0, TOKENIZER.special_ids["</think>"]]
    ]


@pytest.mark.parametrize("values", [None, 3, "abc", ["a"], [[1, 2]], [None], object()])
def test_an_interval_of_no_numbers_is_refused(values):
    with pytest.raises(ValueError):
        interval(values)


@pytest.mark.parametrize(
    "options", [{"samples": 0}, {"least": 1.0}, {"most": float("nan")}], ids=str
)
def test_an_interval_refuses_options_without_sense(options):
    with pytest.raises(ValueError, match="wanted 1 sample or more"):
        interval([0.0, 1.0], **options)


def test_no_problems_are_no_pair():
    with pytest.raises(ValueError, match="wanted one finite value or more, got"):
        evaluate.paired([], [])


def test_a_difference_is_clear_where_problems_and_seeds_agree():
    before = [[0.1, 0.2, 0.1, 0.3]] * 3
    seeds = [[0.6, 0.6, 0.6, 0.8], [0.5, 0.5, 0.5, 0.7], [0.7, 0.7, 0.7, 0.9]]
    found = evaluate.paired_seeds(before, seeds)
    assert found["each"] == pytest.approx([0.475, 0.375, 0.575]) and found["clear"]
    assert found["difference"] == pytest.approx(0.475)
    one_lucky = [before[0], before[1], [1.0, 0.9, 1.0, 1.0]]
    assert not evaluate.paired_seeds(before, one_lucky)["clear"]
    one_problem = [[0.1, 0.2, 0.7, 0.3]] * 3
    assert not evaluate.paired_seeds(before, one_problem)["clear"]


def test_an_interval_over_seeds_is_students():
    low, high = evaluate.over_seeds([0.1, 0.2, 0.3])
    assert (low + high) / 2 == pytest.approx(0.2)
    assert high - low == pytest.approx(2 * 4.303 * 0.1 / 3**0.5)
    assert evaluate.over_seeds([0.5] * 3) == pytest.approx((0.5, 0.5))


@pytest.mark.parametrize("count", [0, 1, 6])
def test_an_interval_over_seeds_wants_two_to_five(count):
    with pytest.raises(ValueError, match="wanted .* values, got"):
        evaluate.over_seeds([0.5] * count)


@pytest.mark.parametrize("seeds", [(3, 2), (1, 1), (0, 0)])
def test_seeds_that_cannot_be_compared_are_refused(seeds):
    before, after = ([[0.5, 0.5]] * n for n in seeds)
    with pytest.raises(ValueError, match="wanted the same number of seeds twice"):
        evaluate.paired_seeds(before, after)
