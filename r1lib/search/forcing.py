"""One answer at a time: thinking made longer or shorter, or an answer made again.

Budget forcing (Muennighoff et al. 2025, "s1", arXiv 2501.19393, section 3.1): where a
model would stop thinking too early, the end is taken away and "Wait" put in its place;
where it thinks for too long, the end is put there. Self-refinement (Madaan et al. 2023,
arXiv 2303.17651): the model sees its own answer and writes a better one; here a scorer
says whether it is better.
"""

from collections.abc import Callable
from dataclasses import replace

from r1lib.search.ledger import Ledger, SearchResult
from r1lib.search.paths import Path, at_least_one, ended
from r1lib.tokenizer.chat import CLOSE

AGAIN = "{question}\n\nAn earlier answer:\n{draft}\n\nCheck it, and answer again."


def force(
    problem,
    ask: Callable,
    budget: int,
    *,
    most: int,
    least: int = 0,
    wait: str = "Wait",
    begin: str = "<think>",
    close: str = CLOSE,
) -> SearchResult:
    """Answer after at least `least` and at most `most` tokens of thinking.

    `wait` is written where the model closes its thought before `least` tokens, `close`
    where it has not closed it after `most`. What the budget has left is for the answer.
    """
    if not 0 <= least <= at_least_one("most", most):
        raise ValueError(f"wanted 0 <= least <= most, got {least} and {most}")
    ledger, path = Ledger(problem, ask, None, budget), Path(begin)
    while True:
        ((path,),) = ledger.ask([path], until=CLOSE, most=most - path.tokens)
        if path.finish != "until" or path.tokens >= least:
            break
        path = replace(path, text=path.text.removesuffix(CLOSE) + wait)
    if path.finish == "length":
        path = replace(path, text=path.text + close, finish="until")
    return ledger.to_the_end(path)


def refine(
    problem,
    ask: Callable,
    score: Callable,
    budget: int,
    *,
    rounds: int = 3,
    again: str = AGAIN,
    begin: str = "",
) -> SearchResult:
    """Answer, then up to `rounds` times again with the best answer so far in sight.

    `again` is the question that shows it, with places for {question} and {draft}. An
    answer takes the place of the best one where its score is higher.
    """
    ledger = Ledger(problem, ask, score, budget)
    answers = ledger.draw(1, begin)
    best = answers[0]
    for _ in range(at_least_one("rounds", rounds)):
        if not ledger.affordable(1, paths=[Path(begin)]):
            break
        prompt = again.format(question=problem.prompt, draft=best.text)
        (paths,) = ledger.ask([Path(begin)], prompt=prompt)
        for answer in ledger.score([path for path in paths if ended(path)]):
            answers.append(answer)
            best = answer if answer.value > best.value else best
    return ledger.result(best, answers)
