"""Evaluation: pass@1, pass@k, majority votes, intervals, paired differences."""

import math
from collections import Counter
from dataclasses import dataclass
from statistics import fmean, stdev

import torch
from jaxtyping import Float
from torch import Tensor

from r1lib.files import shown
from r1lib.problem import Problem
from r1lib.sampling import Sampling, completions

STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}  # 97.5% of t, by number of seeds


@dataclass
class Answers:
    """k completions of each problem: texts, verdicts and lengths in tokens, (N, k)."""

    problems: list[Problem]
    texts: list[list[str]]
    right: Float[Tensor, "N k"]
    lengths: Float[Tensor, "N k"]


def answer(
    model,
    tokenizer,
    problems: list[Problem],
    k: int = 1,
    *,
    max_new_tokens: int,
    temperature: float = 1.0,
    seed: int = 0,
    prefix: str = "",
    steer=None,
    batch: int = 512,
) -> Answers:
    """Sample k completions of each problem, each begun by `prefix`, and verify them."""
    if not problems:
        raise ValueError("evaluation needs at least one problem, got an empty list")
    if k < 1 or batch < 1:
        raise ValueError(f"k and batch must be at least 1, got {k} and {batch}")
    settings = Sampling(
        max_new_tokens,
        temperature,
        at_once=max(1, batch // k),
        opening=prefix,
        steer=steer,
    )
    rows = completions(
        model,
        tokenizer,
        [problem.prompt for problem in problems],
        k,
        settings,
        generator=torch.Generator(model.embed.weight.device).manual_seed(seed),
    )
    grouped = [[c.text for c in row] for row in rows]
    lengths = [[float(c.tokens) for c in row] for row in rows]
    right = [
        [float(p.check(t)) for t in row]
        for p, row in zip(problems, grouped, strict=True)
    ]
    return Answers(problems, grouped, torch.tensor(right), torch.tensor(lengths))


def pass_at_k(n: int, c: int, k: int) -> float:
    """Chance that k of n samples, c of them right, hold a right one (Codex, eq. 1).

    >>> pass_at_k(4, 1, 1), pass_at_k(4, 1, 4), round(pass_at_k(4, 1, 2), 3)
    (0.25, 1.0, 0.5)
    """
    if not 0 <= c <= n or not 1 <= k <= n:
        raise ValueError(f"wanted 0 <= c <= n and 1 <= k <= n, got n={n}, c={c}, k={k}")
    return 1.0 - math.comb(n - c, k) / math.comb(n, k)


def majority(answers: list):
    """Return the most frequent answer; None does not vote; the earliest wins a tie.

    >>> majority(["4", None, "5", "5"])
    '5'
    """
    votes = Counter(a for a in answers if a is not None)
    return max(votes, key=lambda a: votes[a]) if votes else None


def interval(
    values,
    seed: int = 0,
    samples: int = 1000,
    least: float = 0.0,
    most: float = 1.0,
) -> tuple[float, float]:
    """95% interval of the mean; values are one number per problem.

    It is a bootstrap: the problems are drawn anew `samples` times. Where all n values
    agree on v, every draw gives v, but n problems cannot say that no other differs. The
    fallback is Wilson's: up to z^2 / (n + z^2) of all problems may differ from v, with
    z = 1.96. These may be anywhere from `least` to `most`, or, if v is outside of
    that, from 0 to 2v. For 0 and 1 this is Wilson's interval of n out of n.

    >>> low, high = interval([1.0] * 8)
    >>> round(low, 3), high
    (0.676, 1.0)
    """
    try:
        values = torch.as_tensor(values, dtype=torch.float64)
    except (TypeError, RuntimeError):  # of no numbers
        raise ValueError(f"wanted a list of numbers, got {shown(values)}") from None
    if values.dim() != 1 or not len(values) or not values.isfinite().all():
        got = shown(values.tolist())
        raise ValueError(f"wanted one finite value or more, got {got}")
    if samples < 1 or not -math.inf < least < most < math.inf:
        raise ValueError(
            "wanted 1 sample or more and finite least < most, "
            f"got {samples}, {least} and {most}"
        )
    lowest, v = values.min().item(), values.max().item()
    if v - lowest <= 1e-9 * max(1.0, abs(v)):
        differ = 1.96**2 / (len(values) + 1.96**2)
        below, above = (v - least, most - v) if least <= v <= most else (abs(v),) * 2
        return v - differ * below, v + differ * above
    generator = torch.Generator().manual_seed(seed)
    draws = torch.randint(len(values), (samples, len(values)), generator=generator)
    means = values[draws].mean(1)
    low, high = torch.quantile(means, torch.tensor([0.025, 0.975]).double())
    return low.item(), high.item()


def paired(before: list[float], after: list[float]) -> dict:
    """By how much a column rose, problem by problem, with the interval of the mean.

    Where all differences agree, as when nothing changed, the interval is not a point:
    another problem might differ by the largest value of all, or by 1 (`interval`).

    >>> paired([0.0, 0.5, 1.0], [0.5, 1.0, 1.0])["difference"]
    0.3333333333333333
    """
    if len(before) != len(after):
        raise ValueError(
            f"wanted the same problems twice, got {len(before)} and {len(after)}"
        )
    gains = [b - a for a, b in zip(before, after, strict=True)]
    most = max([1.0, *map(abs, [*before, *after])])
    place = interval(gains, least=-most, most=most)
    return {"difference": fmean(gains), "interval": place}


def over_seeds(each: list[float]) -> tuple[float, float]:
    """Interval of 95% of the mean of two to five runs, as other seeds would change it.

    It is Student's: the mean, and so many standard errors to each side. For three
    values these are 4.3, as so few say little about their own spread.

    >>> low, high = over_seeds([0.1, 0.2, 0.3])
    >>> round(low, 3), round(high, 3)
    (-0.048, 0.448)
    """
    if len(each) not in STUDENT:
        raise ValueError(f"wanted {[*STUDENT]} values, got {len(each)}")
    half = STUDENT[len(each)] * stdev(each) / len(each) ** 0.5
    return fmean(each) - half, fmean(each) + half


def paired_seeds(before: list[list[float]], after: list[list[float]]) -> dict:
    """By how much runs differ: lists of one value per problem, a list for each seed.

    Returns `paired` of the means over seeds, `each`, the difference of each seed, and
    `clear`: whether two 95% intervals exclude 0. One is that of `paired`, over
    problems. The other is `over_seeds`, as another run would differ, too.

    >>> low, high = [[0.2, 0.1]] * 3, [[0.8, 0.9], [0.9, 0.8], [0.8, 0.8]]
    >>> found = paired_seeds(low, high)
    >>> round(found["difference"], 3), found["clear"]
    (0.683, True)
    """
    if len(before) != len(after) or len(after) not in STUDENT:
        wanted = f"wanted the same number of seeds twice, one of {list(STUDENT)}"
        raise ValueError(f"{wanted}, got {len(before)} and {len(after)}")
    means = [
        [fmean(row) for row in zip(*runs, strict=True)] for runs in (before, after)
    ]
    each = [fmean(b) - fmean(a) for a, b in zip(before, after, strict=True)]
    found = paired(*means)
    both = found["interval"], over_seeds(each)
    clear = all(low > 0 or high < 0 for low, high in both)
    return {**found, "each": each, "clear": clear}
