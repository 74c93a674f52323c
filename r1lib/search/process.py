"""A process reward model: is this step one from which the answer is still reached?

Step labels come from the policy itself (Math-Shepherd, Wang et al. 2023, arXiv
2312.08935, section 3.3): go on from a step several times; the share of right answers is
its label, the paper's soft estimation, and its hard one is whether there is any. A
reward model learns the labels as probabilities; people wrote them for the first such
models (Uesato et al. 2022, arXiv 2211.14275; Lightman et al. 2023, arXiv 2305.20050).
R1's authors name the limits of such models among what they tried without success
(arXiv 2501.12948, section 4.2 in v1).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch.nn import functional as F

from r1lib.feedback import reward_model
from r1lib.feedback.reward_model import RewardModel
from r1lib.model.transformer import evaluating
from r1lib.search.paths import asked, at_least_one
from r1lib.tokenizer import Tokenizer, chat
from r1lib.training.batches import micro_batches, pad


@dataclass(frozen=True)
class Step:
    """The beginning of an answer, and the share of right answers that start with it."""

    prompt: str
    text: str
    share: float


def steps(text: str) -> list[str]:
    """Cut a text into its steps, each with the end of its line.

    >>> steps("<think>2+2=4\\n</think>4")
    ['<think>2+2=4\\n', '</think>4']
    """
    if not text:
        raise ValueError("an empty text has no steps")
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def label(
    answers: Sequence, ask: Callable, n: int, max_new_tokens: int, at_once: int = 64
) -> tuple[list[Step], int]:
    """Label each step of (problem, text) by n rollouts from it; return labels, tokens.

    Rollouts start from `at_once` steps together. The whole text, behind its last step,
    needs none: its label is the problem's check.
    """
    at_least_one("n", n)
    begun = [
        (problem, part)
        for problem, text in answers
        for part in list(accumulate(steps(text)))[:-1]
    ]
    labels, tokens = [], 0
    for start in range(0, len(begun), at_least_one("at_once", at_once)):
        part = begun[start : start + at_once]
        prefixes = [(problem.prompt, text) for problem, text in part]
        rows = asked(ask, prefixes, n, max_new_tokens, "")
        for (problem, text), row in zip(part, rows, strict=True):
            right = sum(problem.check(text + more.text) for more in row)
            labels.append(Step(problem.prompt, text, right / n))
        tokens += sum(more.tokens for row in rows for more in row)
    checked = [(problem.prompt, text, problem.check(text)) for problem, text in answers]
    labels += [Step(prompt, text, float(right)) for prompt, text, right in checked]
    return labels, tokens


def encode(tokenizer: Tokenizer, prompt: str, text: str) -> tuple[list[int], list[int]]:
    """Return the ids of a question with an answer, and where each of its steps ends."""
    ids, ends = tokenizer.prompt(prompt), []
    for part in steps(text):  # one by one: a step has the same ids in every answer
        ids += chat.encode_answer(tokenizer, part)
        ends.append(len(ids))
    return ids, ends


def examples(tokenizer: Tokenizer, labels: Iterable) -> list[tuple[list[int], float]]:
    """Return (ids, share) of labelled steps, what `step_loss` learns from."""
    return [(encode(tokenizer, s.prompt, s.text)[0], s.share) for s in labels]


def step_loss(model: RewardModel, examples: list[tuple[list[int], float]]):
    """Cross-entropy between the labels of steps and the sigmoid of their scores.

    The loss for `reward_model.train`; its minimum is the entropy of the labels, not 0.
    """
    scores = reward_model.score_rows(model, [row for row, _ in examples])
    shares = torch.tensor([share for _, share in examples], device=scores.device)
    loss = F.binary_cross_entropy_with_logits(scores, shares.to(scores.dtype))
    error = (scores.sigmoid() - shares).abs().mean().item()
    return loss, {"loss": loss.item(), "error": error}


def last(values: Sequence[float]) -> float:
    """Return the value of the last step (Snell et al. 2024, arXiv 2408.03314)."""
    return values[-1]


def process_score(
    model: RewardModel, tokenizer: Tokenizer, combine: Callable = last
) -> Callable:
    """Return a scorer that combines the values of all steps of a text.

    `combine` is `last`, `min` (Math-Shepherd) or `math.prod` (Lightman et al. 2023). A
    text costs the tokens that the model reads of it; the question is not counted.
    """

    def score(problem, texts: list[str]) -> tuple[list[float], list[int]]:
        values, tokens = step_values(model, tokenizer, problem.prompt, texts)
        return [combine(row) for row in values], tokens

    return score


@torch.no_grad()
def step_values(
    model: RewardModel,
    tokenizer: Tokenizer,
    prompt: str,
    texts: list[str],
    micro_tokens: int = 12_000,
) -> tuple[list[list[float]], list[int]]:
    """Return the value of each step of each text, and the tokens of each text.

    One pass reads a text once and has a value at the last token of each step.
    """
    rows, ends = zip(*(encode(tokenizer, prompt, text) for text in texts), strict=True)
    lengths, values = torch.tensor([len(row) for row in rows]), [[]] * len(rows)
    reward_model.check_rows(list(rows), model.config)
    with evaluating(model):  # or the load would count tokens that nobody trains on
        for part in micro_batches(lengths, torch.arange(len(rows)), micro_tokens):
            ids = pad([rows[i] for i in part.tolist()]).to(model.embed.weight.device)
            scores = model.score(model.hidden(ids)).squeeze(-1).sigmoid().cpu()
            for i, row in zip(part.tolist(), scores, strict=True):
                values[i] = row[torch.tensor(ends[i]) - 1].tolist()
    question = len(tokenizer.prompt(prompt))
    return values, [len(row) - question for row in rows]
