"""Rewards by rule: (problem, completion text) -> a number from 0 to 1.

R1-Zero used two, added with equal weight: is the answer right, and is the thinking
where it belongs (arXiv 2501.12948v2, section 2.2). No neural reward model: it would
be exploited. Here the format counts `FORMAT_WEIGHT`, so that guessing in the right
format never beats being right.
"""

from r1lib import verifiers
from r1lib.tasks import Problem

FORMAT_WEIGHT = 0.1


def accuracy(problem: Problem, completion_text: str) -> float:
    """Return 1.0 for a right final answer, else 0.0."""
    return float(verifiers.correct(problem, completion_text))


def format(problem: Problem | None, completion_text: str) -> float:  # noqa: A001
    """Return 1.0 for exactly <think>something</think><answer>something</answer>.

    >>> format(None, "<think>2+2=4</think><answer>4</answer>"), format(None, "4")
    (1.0, 0.0)
    """
    tags = ("<think>", "</think>", "<answer>", "</answer>")
    if any(completion_text.count(tag) != 1 for tag in tags):
        return 0.0
    thought, _, rest = completion_text.partition("</think>")
    if not thought.startswith("<think>") or not rest.startswith("<answer>"):
        return 0.0
    answer, _, after = rest.removeprefix("<answer>").partition("</answer>")
    whole = thought.removeprefix("<think>").strip() and answer.strip() and not after
    return 1.0 if whole else 0.0


def total(problem: Problem, completion_text: str) -> float:
    """Accuracy plus a little for the format, the reward of R1-Zero."""
    right = accuracy(problem, completion_text)
    return right + FORMAT_WEIGHT * format(problem, completion_text)
