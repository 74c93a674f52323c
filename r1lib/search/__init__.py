"""Thinking longer at inference: tokens in, one better answer out.

Four searches with one interface. `ask` writes text, `score` judges it, `budget` is the
most tokens that both may take together; `search.ledger` says what counts.

    best_of_n       n answers, the one with the highest score
    weighted_vote   n answers, the one with the highest sum of scores
    beam            step by step, only the best paths go on
    mcts            a tree of steps that grows where results are good or few

All say ValueError where nothing was finished: the budget is smaller than one completion
with its score, or the policy never stops. None of them knows what a problem is about: a
step is a line, and a problem has a `prompt`, a `check` and a `ballot` of its own.
Chapter 07 builds this room.
"""

import math
from collections import defaultdict
from collections.abc import Callable

from r1lib.search import beams, trees
from r1lib.search.ledger import Ledger, SearchResult
from r1lib.search.paths import Path, at_least_one, best, ended


def best_of_n(
    problem,
    ask: Callable,
    score: Callable,
    budget: int,
    *,
    n: int = 16,
    begin: str = "",
) -> SearchResult:
    """Draw up to n answers and return the one with the highest score, first of equals.

    Cobbe et al. 2021 (arXiv 2110.14168). All answers start with `begin`.
    """
    ledger = Ledger(problem, ask, score, budget)
    answers = ledger.draw(n, begin)
    return ledger.result(best(answers), answers)


def weighted_vote(
    problem,
    ask: Callable,
    score: Callable,
    budget: int,
    *,
    n: int = 16,
    begin: str = "",
) -> SearchResult:
    """Draw up to n answers; equal ones add their scores, and the highest sum wins.

    Li et al. 2022 (arXiv 2206.02336). Answers are equal where the problem's ballots
    are. The text is the best one that gave the winning answer; scores must be >= 0.
    """
    ledger = Ledger(problem, ask, score, budget)
    answers, sums = ledger.draw(n, begin), defaultdict(float)
    if worst := min(0.0, *(path.value for path in answers)):
        raise ValueError(f"a vote needs scores >= 0, got {worst}")
    votes = [problem.ballot(path.text) for path in answers]
    for vote, path in zip(votes, answers, strict=True):
        if vote is not None:
            sums[vote] += path.value
    winner = max(sums, key=sums.get) if sums else None
    agreed = [p for p, vote in zip(answers, votes, strict=True) if vote == winner]
    return ledger.result(best(agreed), answers)


def beam(
    problem,
    ask: Callable,
    score: Callable,
    budget: int,
    *,
    width: int = 4,
    expand: int = 4,
    lookahead: int = 0,
    depth: int = 64,
    begin: str = "",
) -> SearchResult:
    """Write width * expand next steps, keep the width best, until these are answers.

    Snell et al. 2024 (arXiv 2408.03314, section 5.2). `lookahead` steps are written
    behind each path before it is scored, and dropped again. Of equal steps one is kept.
    """
    ledger = Ledger(problem, ask, score, budget)
    n = at_least_one("width", width) * at_least_one("expand", expand)
    if lookahead < 0:
        raise ValueError(f"lookahead must be at least 0 steps, got {lookahead}")
    paths, done = [Path(begin)], []
    for _ in range(at_least_one("depth", depth)):
        steps = beams.next_steps(ledger, paths, n)
        ahead = beams.look_ahead(ledger, steps, lookahead)
        kept = beams.keep(ledger.score(steps, ahead), width)
        done += [path for path in kept if ended(path)]
        paths = [path for path in kept if path.finish == "until"]
        if not paths or len(done) >= width:
            break
    if not done:
        raise ledger.too_little()
    return ledger.result(best(done), done)


def mcts(
    problem,
    ask: Callable,
    score: Callable,
    budget: int,
    *,
    expand: int = 4,
    c: float = math.sqrt(2),
    simulations: int = 64,
    begin: str = "",
) -> SearchResult:
    """Grow a tree of steps and return the best answer that a simulation came to.

    Each simulation walks to a leaf by the bound `trees.uct`, adds `expand` next steps,
    writes the first to its end, and backs the score up; scores should be in [0, 1].
    It ends where the dearest simulation so far would not fit into the budget any more.
    """
    ledger, root = Ledger(problem, ask, score, budget), trees.Node(Path(begin))
    answers, dearest = [], 1
    if not 0 <= c < math.inf:
        raise ValueError(f"c must be finite and at least 0, got {c}")
    for _ in range(at_least_one("simulations", simulations)):
        before = ledger.spent
        if root.closed or ledger.left < dearest:
            break
        if answer := trees.simulate(ledger, root, expand, c):
            answers.append(answer)
        dearest = max(dearest, ledger.spent - before)
    if not answers:
        raise ledger.too_little()
    return ledger.result(best(answers), answers)
