"""Checks of chapter 07: thinking longer at inference."""

from types import SimpleNamespace

from r1lib.checks.exercise import hint, items, number, parts, report, shown
from r1lib.search.ledger import OutOfTokens, SearchResult
from r1lib.search.paths import Continuation
from r1lib.verifiers import extract_answer


def ex_7_1(ceiling) -> None:
    """Verdicts of samples -> the share of problems with a right one."""

    def test(ceiling):
        for rows, wanted, reason in (
            ([[0, 1], [0, 0]], 0.5, "one right sample of two is enough"),
            ([[1, 1, 0, 1], [1, 0, 0, 0]], 1.0, "both problems have a right one"),
            ([[0, 0, 0]], 0.0, "nothing is right"),
            ([[1], [0], [0], [0]], 0.25, "one problem of four"),
        ):
            with hint(reason):
                got = number(ceiling([list(row) for row in rows]))
            assert abs(got - wanted) < 1e-9, f"{rows}: {reason}, {wanted} and not {got}"

    report("7.1", test, ceiling)


def ex_7_2(bill) -> None:
    """Steps as (tokens before, new tokens) -> all tokens of policy and scorer."""

    def test(bill):
        written = [(0, 10), (10, 5), (15, 20)]
        got = number(bill(list(written), True))
        assert abs(got - 35) > 1e-9, "35 is the policy alone: the scorer reads, too"
        assert abs(got - 70) < 1e-9, f"35 written and 35 read are 70, not {got}"
        got = number(bill(list(written), False))
        assert abs(got - 95) < 1e-9, (
            "without a cache the scorer reads 10, 15 and 35 tokens, and the policy "
            f"writes 35: 95, not {got}"
        )
        assert number(bill([(0, 7)], False)) == 14, "one step: 7 written and 7 read"

    report("7.2", test, bill)


def ex_7_3(choose_child) -> None:
    """Children as (total, visits) -> the one with the highest bound."""

    def test(choose_child):
        for children, c, wanted, reason in (
            ([(3.0, 4), (0.5, 1)], 1.4, 1, "one visit is hardly known"),
            ([(3.0, 4), (0.5, 1)], 0.0, 0, "with c = 0 only the mean counts"),
            ([(9.0, 9), (0.0, 0), (0.0, 0)], 1.0, 1, "no visit yet comes first"),
            ([(1.0, 2), (1.0, 2)], 1.0, 0, "of equals the first"),
            ([(0.2, 1), (5.0, 10), (0.9, 2)], 0.1, 2, "0.56 is above 0.55 and 0.36"),
        ):
            case = f"{children} with c = {c}: {reason}"
            with hint(case):
                got = number(choose_child(list(children), c))
            assert got == wanted, f"{case}, so child {wanted} and not {got}"

    report("7.3", test, choose_child)


def ex_7_4(decided_after) -> None:
    """Ballots in order -> how many are needed until the vote is decided."""

    def test(decided_after):
        for ballots, wanted, reason in (
            (list("aaaaa"), 3, "3 of 5 cannot be reached any more"),
            (list("abaab"), 4, "3 to 1 with one left"),
            (list("abab"), 4, "it is never decided"),
            (["a", None, "a", None, "a"], 4, "after 4 draws 2 to 0 with one left"),
            ([None, None, None], 3, "nobody votes"),
            (list("aab"), 2, "2 to 0 with one left"),
        ):
            case = f"{ballots}: {reason}"
            with hint(case):
                got = number(decided_after(list(ballots)))
            if ballots[1] is None and ballots[0]:
                assert got != 5, "None is no vote, and it uses up a draw"
            assert got == wanted, f"{case}: {wanted}, not {got}"

    report("7.4", test, decided_after)


def ex_7_5(step_labels) -> None:
    """Verdicts of rollouts -> soft labels, hard labels, the first hopeless step."""

    def test(step_labels):
        wanted = "return (soft labels, hard labels, index or None)"
        for rollouts, soft, hard, first, reason in (
            ([[1, 1], [1, 0], [0, 0]], [1, 0.5, 0], [1, 1, 0], 2, "the last one"),
            ([[1, 0], [0, 0], [0, 1]], [0.5, 0, 0.5], [1, 0, 1], None,
             "step 1 was bad luck: step 2 recovers"),
            ([[0, 0], [0, 0]], [0, 0], [0, 0], 0, "hopeless from the start"),
            ([[1, 0, 0, 1]], [0.5], [1], None, "one step, and it recovers"),
        ):  # fmt: skip
            case = f"{rollouts}: {reason}"
            with hint(case):
                got = parts(step_labels([list(row) for row in rollouts]), 3, wanted)
            for name, mine, right in (("soft", got[0], soft), ("hard", got[1], hard)):
                mine = [float(x) for x in items(mine, wanted)]
                right = [float(x) for x in right]
                assert mine == right, f"{case}: {name} labels {right}, not {mine}"
            assert got[2] == first, f"{case}: {first}, not {shown(got[2])}"

    report("7.5", test, step_labels)


def ex_7_6(mine) -> None:
    """A search of one's own keeps its budget, looks twice, and fails where it must."""

    def test(mine):
        for budget in (10, 35, 200, 1000):
            asked = _Asked(["4", "5", "5"])
            with hint(f"a policy that answers in 10 tokens, a budget of {budget}"):
                got = mine(_PROBLEM, asked, budget)
            assert isinstance(got, SearchResult), (
                f"return a SearchResult, not {shown(got)}"
            )
            assert asked.spent <= budget, (
                f"the budget was {budget}, and {asked.spent} tokens were written"
            )
            assert got.tokens == asked.spent, (
                f"{asked.spent} tokens were written, the result says {got.tokens}"
            )
            assert got.answer in ("4", "5"), "the answer is one that the policy gave"
        reason = "the first answer is an unlikely exception, all later ones agree on 5"
        with hint(reason):
            got = mine(_PROBLEM, _Asked(["5"], first="4"), 1000)
        assert got.answer == "5", f"{reason}: look at more than one, not {got.answer}"
        reason = "a policy that never stops: let `OutOfTokens` through"
        try:
            with hint(reason):
                got = mine(_PROBLEM, _Asked([]), 100)
        except OutOfTokens:
            return
        raise AssertionError(f"{reason}; there is no answer, but you returned one")

    report("7.6", test, mine)


_PROBLEM = SimpleNamespace(
    prompt="2+3", check=lambda text: "5" in text, ballot=extract_answer
)


class _Asked:
    """A policy that answers in turn, in 10 tokens each; without answers, never.

    `first`, if given, comes before all others, and is less likely.
    """

    longest = 10

    def __init__(self, answers, first=None):
        self.answers, self.first = answers, first
        self.turn = self.spent = 0

    def __call__(self, prefixes, n=1, *, max_new_tokens=10, until=""):
        return [[self.next(max_new_tokens) for _ in range(n)] for _ in prefixes]

    def next(self, most):
        if not self.answers or most < 10:
            tokens = min(most, 10)
            self.spent += tokens
            return Continuation("and", tokens, "length")
        self.spent += 10
        self.turn += 1
        rare = self.first is not None and self.turn == 1
        text = self.first if rare else self.answers[self.turn % len(self.answers)]
        return Continuation(f"<answer>{text}</answer>", 10, "stop", -20 if rare else -1)
