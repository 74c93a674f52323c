"""Many answers without a scorer: the most frequent one, or the likeliest one.

Self-consistency (Wang et al. 2022, arXiv 2203.11171): sample several ways to think and
take the answer that most of them reach. Best-of-N by log-probability is the cheapest
choice among N: the policy has computed these numbers anyway.
"""

from collections.abc import Callable
from dataclasses import replace

from r1lib.evaluate import majority
from r1lib.search.ledger import Ledger, SearchResult
from r1lib.search.paths import best


def self_consistency(
    problem, ask: Callable, budget: int, *, n: int = 16, begin: str = ""
) -> SearchResult:
    """Draw up to n answers and return the most frequent one, the first of equals.

    Answers are equal where the problem's ballots are. The text is the first that gave
    the winning answer.
    """
    ledger = Ledger(problem, ask, None, budget)
    answers = ledger.draw(n, begin)
    votes = [problem.ballot(path.text) for path in answers]
    return ledger.result(answers[votes.index(majority(votes))], answers)


def likeliest(
    problem, ask: Callable, budget: int, *, n: int = 16, begin: str = ""
) -> SearchResult:
    """Draw up to n answers and return the one with the highest log p of a token.

    The mean, because a sum would prefer whatever is short.
    """
    ledger = Ledger(problem, ask, None, budget)
    answers = [replace(p, value=p.logprob / p.tokens) for p in ledger.draw(n, begin)]
    return ledger.result(best(answers), answers)
