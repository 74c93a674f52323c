"""Claims about search, on scripts whose numbers can be worked out by hand."""

import math
from types import SimpleNamespace

import pytest
from scripted import PROBLEM, Script, scorer

from r1lib import search
from r1lib.search import beams, forcing, tools, trees, votes
from r1lib.search.ledger import Ledger, OutOfTokens
from r1lib.search.paths import Continuation, Path

ONE, TWO = "<answer>1</answer>", "<answer>2</answer>"  # 18 characters: 19 tokens
TREE = {"": ["a\n", "b\n"], "a\n": ["a1", "a2"], "b\n": ["b1", "b2"]}
VALUES = {"a\n": 0.4, "b\n": 0.6, "a1": 0.0, "a2": 0.9, "b1": 0.5, "b2": 0.5}


def searches(ask, score, budget):
    """Every search of the room, ready to be called."""
    return {
        "best_of_n": lambda: search.best_of_n(PROBLEM, ask, score, budget),
        "weighted_vote": lambda: search.weighted_vote(PROBLEM, ask, score, budget),
        "beam": lambda: search.beam(PROBLEM, ask, score, budget),
        "lookahead": lambda: search.beam(PROBLEM, ask, score, budget, lookahead=2),
        "mcts": lambda: search.mcts(PROBLEM, ask, score, budget),
        "diverse": lambda: beams.diverse(PROBLEM, ask, score, budget),
        "refine": lambda: forcing.refine(PROBLEM, ask, score, budget),
        "self_consistency": lambda: votes.self_consistency(PROBLEM, ask, budget),
        "likeliest": lambda: votes.likeliest(PROBLEM, ask, budget),
        "force": lambda: forcing.force(PROBLEM, ask, budget, most=10**6),
        "calculator": lambda: tools.with_calculator(PROBLEM, ask, budget),
    }


ALL = sorted(searches(None, None, 1))
SCORED = [
    "best_of_n",
    "weighted_vote",
    "beam",
    "lookahead",
    "mcts",
    "diverse",
    "refine",
]


# --- one account of tokens


def test_tokens_are_those_of_the_policy_and_of_the_scorer():
    ask = Script({"": [ONE, TWO]})
    found = search.best_of_n(PROBLEM, ask, scorer({TWO: 0.9}, cost=5), 1000, n=3)
    assert (found.text, found.answer) == (TWO, "2")
    assert (found.tokens, found.scored) == (3 * (19 + 5), 3 * 5)
    assert [path.value for path in found.candidates] == [0.0, 0.9, 0.0]


@pytest.mark.parametrize(
    "budget, answers", [(24, 1), (47, 1), (48, 2), (119, 4), (120, 5)]
)
def test_as_many_answers_are_drawn_as_the_budget_pays_with_their_scores(
    budget, answers
):
    ask = Script({"": [ONE]})
    found = search.best_of_n(PROBLEM, ask, scorer({}, cost=5), budget)
    assert len(found.candidates) == answers and found.tokens == 24 * answers <= budget


@pytest.mark.parametrize("name", SCORED)
@pytest.mark.parametrize("cost", [0, 3, "read"])
def test_no_search_spends_more_than_its_budget(name, cost):
    for budget in range(1, 200):
        try:
            found = searches(Script(TREE), scorer(VALUES, cost), budget)[name]()
        except OutOfTokens as error:
            assert f"a budget of {budget} tokens" in str(error) and budget < 120
        else:
            assert 0 < found.tokens <= budget and 0 <= found.scored < found.tokens


def test_a_scorer_of_single_texts_is_paid_once_for_a_common_beginning():
    ledger = Ledger(PROBLEM, Script({}), scorer({}, cost="read"), 100)
    ledger.score([Path("ab\n", 3)])
    assert ledger.scored == 3
    ledger.score([Path("ab\ncd\n", 6), Path("ab\nx\n", 5), Path("y\n", 2)])
    assert ledger.scored == 3 + 3 + 2 + 2
    ledger.score([Path("ab\ncd\n", 6)])
    assert ledger.scored == 10


def test_a_text_scored_in_place_of_a_shorter_one_counts_for_both():
    ledger = Ledger(PROBLEM, Script({}), scorer({"cd\n": 0.5}, cost="read"), 100)
    (path,) = ledger.score([Path("ab\n", 3)], [Path("ab\ncd\n", 6)])
    assert (path.text, path.value, ledger.scored) == ("ab\n", 0.5, 6)
    ledger.score([Path("ab\nef\n", 6)])
    assert ledger.scored == 6 + 3


def test_room_leaves_enough_for_the_score():
    ledger = Ledger(PROBLEM, Script({}), scorer({}, cost=5), 105)
    assert ledger.room(2) == 52
    ledger.score([Path("abcd", 10)])  # 5 a text, or 1/2 a token
    assert ledger.left == 100
    assert ledger.room(1) == 66 and ledger.room(10) == 5
    assert ledger.room(1, [Path("abcd", 20)]) == 60  # 60 + (20 + 60) / 2


def test_completions_are_drawn_together_once_the_price_of_a_score_is_known():
    ask = Script({"": [ONE]})
    ask.longest = 30
    search.best_of_n(PROBLEM, ask, scorer({}, cost=20), 1000, n=12)
    assert [n for _, n, _, _ in ask.asked] == [1, 11]
    ask.asked.clear()
    search.best_of_n(PROBLEM, ask, scorer({}, cost=20), 200, n=12)
    assert [n for _, n, _, _ in ask.asked] == [1, 2, 1, 1]  # 39 tokens each


def test_the_scorers_of_votes_without_a_scorer_cost_nothing():
    for name in ("self_consistency", "likeliest"):
        found = searches(Script({"": [ONE]}), None, 19 * 16 + 5)[name]()
        assert (found.tokens, found.scored) == (19 * 16, 0)


# --- votes and best of n


def test_the_first_of_equals_wins():
    ask = Script({"": [ONE, TWO, TWO, ONE]})
    assert search.best_of_n(PROBLEM, ask, scorer({}), 1000, n=4).answer == "1"
    ask = Script({"": [TWO, ONE, ONE, TWO]})
    assert votes.self_consistency(PROBLEM, ask, 1000, n=4).answer == "2"
    score = scorer({ONE: 0.5, TWO: 0.5})
    assert search.weighted_vote(PROBLEM, ask, score, 1000, n=4).answer == "2"


def test_weights_are_added_up_and_can_outvote_the_majority_and_the_best():
    ask = Script({"": [ONE, ONE, ONE, TWO, TWO, "3"]})
    score = scorer({ONE: 0.2, TWO: 0.35, "3": 0.65})
    found = search.weighted_vote(PROBLEM, ask, score, 1000, n=6)
    assert found.answer == "2" and found.text == TWO  # 0.6, 0.7, 0.65
    assert votes.self_consistency(PROBLEM, ask, 1000, n=6).answer == "1"
    assert search.best_of_n(PROBLEM, ask, score, 1000, n=6).answer == "3"


def test_the_text_of_a_vote_is_the_best_of_those_that_agree():
    ask = Script({"": ["1 ", "01", "2"]})
    score = scorer({"1 ": 0.1, "01": 0.3, "2": 0.35})

    problem = SimpleNamespace(prompt="q", ballot=int)
    found = search.weighted_vote(problem, ask, score, 1000, n=3)
    assert found.text == "01"  # 0.4 against 0.35


def test_what_has_no_answer_does_not_vote():
    ask = Script({"": ["none", "none", ONE]})
    assert votes.self_consistency(PROBLEM, ask, 1000, n=3).answer == "1"
    assert search.weighted_vote(PROBLEM, ask, scorer({}), 1000, n=3).answer == "1"
    found = votes.self_consistency(PROBLEM, Script({"": ["none"]}), 1000, n=3)
    assert (found.text, found.answer) == ("none", None)


def test_log_probabilities_are_compared_by_token():
    def ask(prefixes, n, max_new_tokens, until):
        texts = [Continuation("short 1", 2, "stop", -1.5)]
        return [[Continuation("long 2", 10, "stop", -5.0), *texts][:n]]

    ask.longest = 10
    found = votes.likeliest(PROBLEM, ask, 20, n=2)
    assert found.text == "long 2"
    assert [path.value for path in found.candidates] == [-0.5, -0.75]


def test_a_vote_with_negative_scores_is_an_error():
    score = scorer({ONE: -0.5})
    with pytest.raises(ValueError, match="scores >= 0, got -0.5"):
        search.weighted_vote(PROBLEM, Script({"": [ONE]}), score, 100)


# --- beams


def test_a_beam_of_one_takes_the_better_step_and_one_of_two_finds_the_better_answer():
    score = scorer(VALUES, cost=1)
    found = search.beam(PROBLEM, Script(TREE), score, 1000, width=1, expand=2)
    assert found.text == "b\nb1"  # of equal values the first
    assert found.tokens == 2 * (2 + 1) + 2 * (3 + 1)
    found = search.beam(PROBLEM, Script(TREE), score, 1000, width=2, expand=2)
    assert found.text == "a\na2"
    assert [path.text for path in found.candidates] == ["a\na2", "b\nb1"]
    assert found.tokens == 4 * 2 + 2 * 1 + 4 * 3 + 4 * 1  # four steps, two different


def test_lookahead_scores_a_step_by_where_it_leads():
    script = {"": ["a\n", "b\n"], "a\n": ["a2"], "b\n": ["b1"]}
    score = scorer(VALUES, cost=1)
    plain = search.beam(PROBLEM, Script(script), score, 1000, width=1, expand=2)
    assert plain.text == "b\nb1"
    ahead = search.beam(
        PROBLEM, Script(script), score, 1000, width=1, expand=2, lookahead=1
    )
    assert ahead.text == "a\na2"
    # two steps, both looked ahead from, two scores; then one step twice, one score
    assert ahead.tokens == 2 * 2 + 2 * 3 + 2 + 2 * 3 + 1


def test_diverse_groups_avoid_what_earlier_groups_wrote():
    script = {"": ["a\n", "b\n"], "a\n": ["a1"], "b\n": ["b1"]}
    score = scorer({"a\n": 0.9, "b\n": 0.6, "a1": 0.1, "b1": 0.2}, cost=1)
    texts = {}
    for penalty in (0, 0.29, 0.31):
        found = beams.diverse(
            PROBLEM, Script(script), score, 1000, width=2, expand=2, penalty=penalty
        )
        texts[penalty] = [path.text for path in found.candidates]
        assert found.tokens == 2 * (2 * 2 + 2) + 2 * (2 * 3 + 1)
    assert texts == {
        0: ["a\na1", "a\na1"],
        0.29: ["a\na1", "a\na1"],
        0.31: ["a\na1", "b\nb1"],
    }


def test_values_keep_their_size_under_a_penalty():
    paths = [Path("a\n", value=0.9), Path("b\n", value=0.6), Path("c\n", value=0.5)]
    taken = beams.Counter({"a": 2})
    assert beams.keep(paths, 2) == paths[:2]
    assert beams.keep(paths, 2, taken, 0.25) == [paths[1], paths[2]]
    assert beams.keep(paths, 2, taken, 0.15) == [paths[0], paths[1]]


# --- trees


def test_the_bound_by_hand():
    assert trees.uct(0.9, 1, 3, c=1.0) == 0.9 + math.sqrt(math.log(3))
    assert trees.uct(1.0, 2, 3, c=0.5) == 0.5 + 0.5 * math.sqrt(math.log(3) / 2)
    assert trees.uct(1.0, 4, 100, c=0) == 0.25
    assert trees.uct(0.0, 0, 1, c=0) == math.inf


def test_a_tree_by_hand():
    ledger, root = (
        Ledger(PROBLEM, Script(TREE), scorer(VALUES, 1), 1000),
        trees.Node(Path()),
    )

    def numbers():
        nodes, rows = [root], {}
        while nodes:
            node = nodes.pop(0)
            rows[node.path.text] = (node.visits, pytest.approx(node.total), node.closed)
            nodes += node.children
        return rows

    def step():
        return trees.simulate(ledger, root, 2, c=1.0).text

    assert step() == "a\na1"  # both steps are added, the first is rolled out
    assert numbers() == {"": (1, 0, False), "a\n": (1, 0, False), "b\n": (0, 0, False)}
    assert ledger.spent == 2 + 2 + 3 + 1
    assert step() == "b\nb1"  # what was never tried comes first
    b1 = {"b\nb1": (1, 0.5, True), "b\nb2": (0, 0, False)}
    assert numbers() == {
        "": (2, 0.5, False),
        "a\n": (1, 0, False),
        "b\n": (1, 0.5, False),
        **b1,
    }
    assert step() == "b\nb2"  # 0 + sqrt(ln 2) < 0.5 + sqrt(ln 2)
    assert numbers()["b\n"] == (2, 1.0, True)  # all its answers are known
    assert step() == "a\na2" and numbers()["a\n"] == (2, 0.9, False)
    assert step() == "a\na1" and numbers()[""] == (5, 1.9, True)
    assert ledger.spent == 24


def test_a_search_in_a_tree_returns_its_best_answer_and_ends_where_all_is_known():
    found = search.mcts(PROBLEM, Script(TREE), scorer(VALUES, 1), 1000, expand=2)
    assert found.text == "a\na2" and found.tokens == 24 and len(found.candidates) == 5
    short = search.mcts(
        PROBLEM, Script(TREE), scorer(VALUES, 1), 1000, expand=2, simulations=3
    )
    assert short.text == "b\nb1" and short.tokens == 16


def test_a_higher_c_tries_more_of_what_is_uncertain():
    def visits(c):
        root = trees.Node(Path(), visits=10)
        root.children = [
            trees.Node(Path("good"), root, visits=8, total=4.8),
            trees.Node(Path("rare"), root, visits=2, total=0.6),
        ]
        return trees.select(root, c).path.text

    # 0.6 + c sqrt(ln 10 / 8) against 0.3 + c sqrt(ln 10 / 2): equal at c = 0.559
    assert visits(0.55) == "good" and visits(0.57) == "rare"


# --- what is wrong with a policy, a scorer, a number


@pytest.mark.parametrize("name", ALL)
def test_a_budget_smaller_than_one_completion_is_an_error(name):
    script = {"": [ONE], "<think>": ["</think>"], "<think></think>": [ONE]}
    ask = Script(script)
    with pytest.raises(ValueError, match="a budget of 10 tokens"):
        searches(ask, scorer({}), 10)[name]()


@pytest.mark.parametrize("name", ALL)
def test_a_policy_that_never_stops_is_an_error_within_the_budget(name):
    class Endless:
        longest = 30

        def __call__(self, prefixes, n, *, max_new_tokens, until):
            most = min(self.longest, max_new_tokens)
            row = [Continuation("step\n", 5, "until")] * n
            if until != "\n" or most < 5:
                row = [Continuation("x" * most, most, "length")] * n
            return [row for _ in prefixes]

    with pytest.raises(OutOfTokens, match="never stops") as error:
        searches(Endless(), scorer({}, cost=1), 500)[name]()
    assert 0 < error.value.tokens <= 500


@pytest.mark.parametrize("name", sorted(set(ALL) - {"force"}))
def test_a_policy_that_writes_nothing_is_an_error(name):
    def ask(prefixes, n, max_new_tokens, until):
        return [[Continuation("", 1)] * n for _ in prefixes]

    with pytest.raises(OutOfTokens, match="writes nothing"):
        searches(ask, scorer({}), 100)[name]()


def test_empty_answers_are_paid_for_and_not_chosen():
    ask = Script({"": ["\n ", ONE]})
    found = search.best_of_n(PROBLEM, ask, scorer({"\n ": 0.9}), 1000, n=2)
    assert found.text == ONE and found.tokens == 3 + 19 and len(found.candidates) == 1


@pytest.mark.parametrize("name", SCORED)
@pytest.mark.parametrize(
    "report, message",
    [
        (lambda n: ([math.nan] * n, 0), "finite numbers, got .*nan"),
        (lambda n: ([math.inf] * n, 0), "finite numbers, got .*inf"),
        (
            lambda n: ([0.5] * (n + 1), 0),
            r"a scorer must give \d+ finite numbers, got \d+",
        ),
        (lambda n: ([], 0), "finite numbers, got 0"),
        (lambda n: [0.5] * n, r"must return \(numbers, tokens\), got \[0.5"),
        (lambda n: (0.5, n), "wanted numbers as scores, got 0.5"),
        (lambda n: ([None] * n, 0), r"wanted numbers as scores, got \[None"),
        (lambda n: ([0.5] * n, -1), "tokens >= 0, got -1"),
        (lambda n: ([0.5] * n, 0.5), "tokens >= 0, got 0.5"),
        (lambda n: ([0.5] * n, [1] * (n + 1)), r"tokens of \d+ scored texts, got"),
    ],
)
def test_a_scorer_that_says_nonsense_is_an_error(name, report, message):
    with pytest.raises(ValueError, match=message):
        searches(Script(TREE), lambda _, texts: report(len(texts)), 1000)[name]()


@pytest.mark.parametrize(
    "rows, message",
    [
        ([], "wanted 1 continuations of each of 1 prefixes"),
        ([[]], r"got \[0\]"),
        ([[Continuation("a", 1)] * 2], r"got \[2\]"),
        ([["a"]], "wanted a Continuation, got 'a'"),
        ([[Continuation("a", 0)]], "from 1 to 50 tokens"),
        ([[Continuation("a", 51)]], "from 1 to 50 tokens"),
        ([[Continuation("a", 5, "eos")]], "must end by one of"),
        ([[(b"a", 5)]], "wanted a Continuation, got"),
        ([[Continuation("a", 5, "stop", math.nan)]], "finite log-probability, got"),
    ],
)
def test_a_policy_that_breaks_its_word_is_an_error(rows, message):
    with pytest.raises(ValueError, match=message):
        search.best_of_n(PROBLEM, lambda *_, **__: rows, scorer({}), 50, n=1)


@pytest.mark.parametrize("budget", [0, -5, True])
def test_a_budget_that_is_no_number_of_tokens_is_an_error(budget):
    for name in ALL:
        with pytest.raises(ValueError, match="budget must be a whole number >= 1"):
            searches(Script(TREE), scorer({}), budget)[name]()


def test_counts_below_one_are_errors():
    args = PROBLEM, Script(TREE), scorer({}), 100
    for call, keyword in [
        (search.best_of_n, "n"),
        (search.weighted_vote, "n"),
        (search.beam, "width"),
        (search.beam, "expand"),
        (search.beam, "depth"),
        (search.mcts, "expand"),
        (search.mcts, "simulations"),
        (beams.diverse, "groups"),
        (beams.diverse, "depth"),
        (forcing.refine, "rounds"),
    ]:
        with pytest.raises(ValueError, match=f"{keyword} must be a whole number >= 1"):
            call(*args, **{keyword: 0})
    for call, keywords in [
        (search.beam, {"lookahead": -1}),
        (search.mcts, {"c": math.nan}),
        (search.mcts, {"c": math.inf}),
        (beams.diverse, {"penalty": math.nan}),
        (beams.diverse, {"groups": 3}),
        (beams.diverse, {"penalty": -1.0}),
    ]:
        with pytest.raises(ValueError):
            call(*args, **keywords)


# --- one answer, longer or again


def thought(ask, budget=1000, **keywords):
    return forcing.force(PROBLEM, ask, budget, wait="Wait ", **keywords)


THINKING = {
    "<think>": ["ab</think>"],
    "<think>ab</think>": ["7"],
    "<think>abWait ": ["cd</think>"],
    "<think>abWait cd</think>": ["8"],
    "<think>abWait cdWait ": ["ef</think>"],
    "<think>abWait cdWait ef</think>": ["9"],
}  # "ab</think>" is 10 characters


@pytest.mark.parametrize(
    "least, text, tokens",
    [
        (0, "<think>ab</think>7", 12),
        (10, "<think>ab</think>7", 12),
        (11, "<think>abWait cd</think>8", 22),
        (20, "<think>abWait cd</think>8", 22),
        (21, "<think>abWait cdWait ef</think>9", 32),
    ],
)
def test_a_thought_that_ends_too_early_is_made_to_go_on(least, text, tokens):
    found = thought(Script(THINKING), least=least, most=30)
    assert (found.text, found.tokens, found.scored) == (text, tokens, 0)


def test_a_thought_that_is_too_long_is_closed():
    script = {"<think>": ["a long thought</think>"], "<think>a lo</think>": ["5"]}
    ask = Script(script)
    found = thought(ask, most=4)
    assert (found.text, found.answer, found.tokens) == ("<think>a lo</think>5", "5", 6)
    assert ask.asked == [(1, 1, 4, "</think>"), (1, 1, 996, "")]
    script["<think>a lo</think><answer>"] = ["6</answer>"]
    found = thought(Script(script), most=4, close="</think><answer>")
    assert found.text == "<think>a lo</think><answer>6</answer>"


def test_an_answer_without_a_closed_thought_is_left_as_it_is():
    found = thought(Script({"<think>": ["no end 3"]}), most=20, least=20)
    assert (found.text, found.tokens) == ("<think>no end 3", 9)


def test_limits_of_thinking_that_cannot_be_kept_are_errors():
    for least, most in [(5, 4), (-1, 4), (0, 0)]:
        with pytest.raises(ValueError, match="most"):
            thought(Script(THINKING), least=least, most=most)


def test_a_refined_answer_is_taken_where_its_score_is_higher():
    def ask(prefixes, n, max_new_tokens, until):
        ((prompt, _),) = prefixes
        prompts.append(prompt)
        return [[Continuation(texts[len(prompts) - 1], 3)]]

    prompts, texts = [], ["first", "worse", "better", "again"]
    score = scorer({"first": 0.5, "worse": 0.4, "better": 0.6, "again": 0.6}, cost=2)
    found = forcing.refine(
        PROBLEM, ask, score, 1000, rounds=3, again="{question}|{draft}"
    )
    assert found.text == "better" and found.tokens == 4 * (3 + 2)
    assert prompts == ["q", "q|first", "q|first", "q|better"]
    prompts.clear()
    assert forcing.refine(PROBLEM, ask, score, 12, rounds=3).tokens == 10


def test_a_draft_with_braces_is_only_text():
    ask = Script({"": ["{question.__class__} {0}"]})
    assert "{0}" in forcing.refine(PROBLEM, ask, scorer({}), 1000, rounds=1).text


# --- the calculator


@pytest.mark.parametrize(
    "expression, result",
    [
        ("17*23", "391"),
        ("2*(3+4)-20", "-6"),
        ("7/2", "7/2"),
        ("8/2", "4"),
        ("999999*999999", "999998000001"),
        ("9999999*9999999", None),  # more than 12 digits
        ("1/0", None),
        ("2**3", None),
        ("2//3", None),
        ("1e9*2", None),
        ("__import__('os')", None),
        ("(" * 99 + "1" + ")" * 99, None),
        ("9" * 13 + "+1", None),
        ("1+" * 400 + "1", None),
        ("", None),
        ("1 2+3", None),
    ],
)
def test_only_bounded_sums_are_computed(expression, result):
    assert tools.calculate(expression) == result


@pytest.mark.parametrize(
    "text, expression",
    [
        ("so 3+4", "3+4"),
        ("3+4=7, and 2*(3 + 4)", "2*(3 + 4)"),
        ("10+8=18,-14", None),
        ("1+1=2 3+4", "3+4"),
        ("6 (3+4)*2", "(3+4)*2"),
        ("6 + 4 - 2", "6 + 4 - 2"),
        ("target 12", None),
        ("x+y", None),
        ("", None),
        ("1+1 " * 100_000, "1+1"),
        ("1+" * 100_000 + "1", ("1+" * 100_000 + "1")[-tools.LONGEST :]),
    ],
)
def test_the_sum_at_the_end_of_a_text_is_read(text, expression):
    assert tools.last_expression(text) == expression


def test_results_are_written_by_the_program_and_cost_nothing():
    script = {
        "": ["2*21="],
        "2*21=42": [", 42+1="],
        "2*21=42, 42+1=43": [" so 12="],
        "2*21=42, 42+1=43 so 12=": [ONE],
    }
    found = tools.with_calculator(PROBLEM, Script(script), 1000)
    assert found.text == "2*21=42, 42+1=43 so 12=" + ONE
    assert found.tokens == 5 + 7 + 7 + 19
    script["2*21="] = ["0 " + ONE]
    found = tools.with_calculator(PROBLEM, Script(script), 1000, read=lambda text: None)
    assert found.text == "2*21=0 " + ONE


def test_calls_are_bounded():
    script = {"": ["1+1="], "1+1=2": [" 1+1="], "1+1=2 1+1=2": [" 1+1=1"]}
    found = tools.with_calculator(PROBLEM, Script(script), 100, calls=2)
    assert found.text == "1+1=2 1+1=2 1+1=1"  # the third is the model's own
    with pytest.raises(ValueError, match="calls must be a whole number >= 1"):
        tools.with_calculator(PROBLEM, Script(script), 100, calls=0)
