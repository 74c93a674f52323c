"""A calculator that the model may call: it writes "17*23=", and the result is written.

As in GSM8K (Cobbe et al. 2021, arXiv 2110.14168, appendix C), where sampling was
interrupted at each "=" inside a calculator annotation. What the model wrote is parsed
with `ast` by the verifiers and computed in exact fractions, bounded in length, nesting
and digits; it is never evaluated as code. What cannot be read is left to the model.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from r1lib.search.ledger import Ledger, SearchResult
from r1lib.search.paths import Path, at_least_one
from r1lib.verifiers import parse_expression, value
from r1lib.verifiers.answers import LONGEST
from r1lib.verifiers.notation import DIGITS

CALL = "="  # what the model writes behind an expression to have it computed


def calculate(expression: str) -> str | None:
    """Compute an expression of whole numbers with + - * / and brackets, else None.

    >>> calculate("17*23"), calculate("(1+2)/6"), calculate("2**9"), calculate("1/0")
    ('391', '1/2', None, None)
    """
    tree = parse_expression(expression)
    result = None if tree is None else value(tree)
    text = "" if result is None else str(result)
    return text if 0 < sum(map(str.isdigit, text)) <= DIGITS else None


def last_expression(text: str) -> str | None:
    """Return the sum at the end of a text, None where there is nothing to compute.

    >>> last_expression("so 2 apples cost 2*(3+4)"), last_expression("the target is 12")
    ('2*(3+4)', None)
    """
    tail = re.search(r"[0-9+\-*/() ]*\Z", text[-LONGEST:])[0].strip()
    expression = re.split(r"(?<=[\d)]) +(?=[\d(])", tail)[-1]  # "so 42 3+4": only 3+4
    return expression if re.search(r"\d *[-+*/]", expression) else None


def with_calculator(
    problem,
    ask: Callable,
    budget: int,
    *,
    calls: int = 64,
    read: Callable = last_expression,
    begin: str = "",
) -> SearchResult:
    """Answer once, with each sum computed as soon as the model has written its "=".

    `read(text)` returns the expression that a text ends with, or None. Results are
    written by the program and cost no tokens; after `calls` of them none are written.
    """
    ledger, path = Ledger(problem, ask, None, budget), Path(begin)
    for _ in range(at_least_one("calls", calls)):
        ((path,),) = ledger.ask([path], until=CALL)
        if path.finish != "until":
            break
        expression = read(path.text.removesuffix(CALL))
        result = None if expression is None else calculate(expression)
        path = replace(path, text=path.text + (result or ""))
    return ledger.to_the_end(path)
