"""Evaluation: pass@1, pass@k, majority votes, intervals, skills, reflection counts."""

import math
import random
import re
from collections import Counter
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from r1lib import sampling, verifiers
from r1lib.model.transformer import evaluating
from r1lib.problem import Problem
from r1lib.rl.rollout import to_text
from r1lib.tokenizer import EOS, PAD
from r1lib.tokenizer.chat import thinking
from r1lib.world import corpus, countdown, logic
from r1lib.world.countdown import AGAIN, WORDS

YES = tuple(words["yes"] for words in WORDS.values())
NO = tuple(words["no"] for words in WORDS.values())
ONCE_MORE = tuple(AGAIN.values())


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
    generator = torch.Generator(model.embed.weight.device).manual_seed(seed)
    start = tokenizer.encode(prefix, allow_special=True)
    texts, lengths = [], []
    at_once = max(1, batch // k)
    for i in range(0, len(problems), at_once):
        prompts = [
            tokenizer.prompt(p.prompt) + start for p in problems[i : i + at_once]
        ]
        found = sampling.generate(
            model,
            prompts,
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            stop_ids=(EOS,),
            generator=generator,
            repeat=k,
            steer=steer,
        )
        texts += [prefix + to_text(tokenizer, c) for c in found]
        lengths += [len(start) + len(c.ids) for c in found]
    grouped = [texts[i : i + k] for i in range(0, len(texts), k)]
    right = [
        [float(verifiers.correct(p, t)) for t in row]
        for p, row in zip(problems, grouped, strict=True)
    ]
    return Answers(
        problems,
        grouped,
        torch.tensor(right),
        torch.tensor(lengths).view(-1, k).float(),
    )


def never_give_up(tokenizer, avoid=()):
    """Return a `steer` that forbids `</think>` until a yes has been written.

    With the prefix "<think>" it forces a model into its long style: the control that
    tells "RL taught it" from "RL made it go on". No word of `avoid` may be begun.
    """
    end = tokenizer.special_ids["</think>"]
    yes = torch.tensor(_first_ids(tokenizer, YES))
    never = _first_ids(tokenizer, avoid)

    def steer(logits, written):
        said_yes = torch.isin(written, yes.to(written.device)).any(1)
        logits = logits.clone()
        logits[~said_yes, end] = float("-inf")
        logits[:, never] = float("-inf")
        return logits

    return steer


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


def ballot(problem: Problem, text: str):
    """What a completion votes for: the meaning of its answer, however it is spelled.

    A number's value, an expression's canonical form, who is a knight; None is no vote.
    """
    found = verifiers.extract_answer(text)
    if found is None:
        return None
    if problem.family == "countdown":
        return verifiers.canonical(found)
    if problem.family == "arithmetic":
        return verifiers.parse_number(found)
    if problem.family == "logic":
        return logic.read_answer(found, problem.data[0])
    return verifiers.meaning(found)


def majority_right(answers: Answers) -> list[float]:
    """1.0 for each problem whose most frequent answer is right."""
    out = []
    for problem, row, right in zip(
        answers.problems, answers.texts, answers.right.tolist(), strict=True
    ):
        votes = [ballot(problem, text) for text in row]
        winner = majority(votes)
        out.append(right[votes.index(winner)] if winner is not None else 0.0)
    return out


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
    values = torch.as_tensor(values, dtype=torch.float64)
    if not len(values) or not values.isfinite().all():
        raise ValueError(f"wanted one finite value or more, got {values.tolist()[:8]}")
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


def reflects(text: str) -> bool:
    """Whether a completion checks an attempt, rejects it, and tries another.

    >>> reflects("<think>1+2=3 no\\n2+2=4 yes\\n</think><answer>2+2</answer>")
    True
    >>> reflects("<think>1+2=3 no\\nagain 1+2=3 no\\n</think><answer>1+2</answer>")
    False
    """
    lines = thinking(text).split("\n")
    attempts = [x for x in lines if x and not x.startswith(ONCE_MORE)]
    return any(attempt.endswith(NO) for attempt in attempts[:-1])


def mixes(text: str, language: str) -> bool:
    """Whether a completion holds a verdict word of a language not asked for."""
    other = {"en": "ko", "ko": "en"}[language]
    return any(word in text for word in WORDS[other].values())


@torch.no_grad()
def skills(
    model, tokenizer, problems: list[Problem], seed: int = 0
) -> dict[str, float]:
    """Measure copying, arithmetic and verification apart, on given countdown problems.

    Each problem is shown with one clean attempt, a hit and a miss in turn. Arithmetic:
    is the most likely next token the right result? Copy: is each token of the answer
    that of the attempt? Verification: is a distance of 0 the most likely one just where
    the attempt hits? Verdict: is the right word likelier behind the right distance?
    """
    rng = random.Random(seed)
    words = [_first_ids(tokenizer, YES), _first_ids(tokenizer, NO)]
    rows, notes = [], []
    for i, problem in enumerate(problems):
        ids, note = _shown_attempt(tokenizer, rng, problem, hit=i % 2 == 0)
        rows.append(ids)
        notes.append(note)
    width = max(map(len, rows))
    ids = torch.tensor([r + [PAD] * (width - len(r)) for r in rows])
    with evaluating(model):  # or the load would count tokens that nobody trains on
        logits = model(ids.to(model.embed.weight.device)).cpu()
    best = logits.argmax(-1)
    zero = tokenizer.encode("0")[0]
    scores = {"copy": [], "arithmetic": [], "verification": [], "verdict": []}
    for b, note in enumerate(notes):
        for kind, t, right in note:
            if kind == "verification":
                scores[kind].append(float((int(best[b, t - 1]) == zero) == right))
            elif kind == "verdict":
                yes, no = (logits[b, t - 1, w].logsumexp(0) for w in words)
                scores[kind].append(float((yes > no) == right))
            else:
                scores[kind].append(float(best[b, t - 1] == ids[b, t]))
    return {name: sum(found) / len(found) for name, found in scores.items()}


def own_attempt(model, tokenizer, problems: list[Problem], seed: int = 0) -> float:
    """Share of first attempts, sampled, that use each given number just once."""
    longest = 2 + 5 * max(len(p.data[0]) for p in problems)
    kind = {"max_new_tokens": longest, "seed": seed, "prefix": "<think>"}
    texts = [t[0] for t in answer(model, tokenizer, problems, **kind).texts]
    tapes = [re.split(r"[~\n]", text)[0] for text in texts]
    used = [re.findall(r"(?<![=\d])\d+", tape) for tape in tapes]
    kept = [
        sorted(map(int, row)) == sorted(p.data[0])
        for row, p in zip(used, problems, strict=True)
    ]
    return sum(kept) / len(kept)


def _first_ids(tokenizer, words) -> list[int]:
    return [tokenizer.encode(word)[0] for word in words]


def _shown_attempt(tokenizer, rng, problem, hit: bool):
    """Return ids of a problem with one attempt, and what to test at which place."""
    while True:
        order, operations = corpus.choose_attempt(rng, problem, float(hit))
        results = countdown.run_tape(order, operations)
        if (results[-1] == problem.data[1]) == hit:
            break
    ids, note = tokenizer.prompt(problem.prompt), []
    ids += tokenizer.encode("<think>", allow_special=True)
    tape = countdown.write_tape(order, operations, results)
    for piece in tape.replace("=", "=|").replace(",", "|,").split("|"):
        if not piece.endswith("="):
            note.append(("arithmetic", len(ids), True))
        ids += tokenizer.encode(piece)
    ids += tokenizer.encode(f"~{problem.data[1]}=")
    note.append(("verification", len(ids), hit))
    ids += tokenizer.encode(str(abs(results[-1] - problem.data[1])))
    note.append(("verdict", len(ids), hit))
    word = WORDS[problem.language]["yes" if hit else "no"]
    ids += tokenizer.encode(word + "\n</think><answer>", allow_special=True)
    for i in tokenizer.encode(countdown.write_expression(order, operations)):
        note.append(("copy", len(ids), True))
        ids.append(i)
    return ids, note


def summary(answers: Answers) -> dict:
    """Numbers for a table: pass@1 with interval, by family too, lengths, habits."""
    per_problem = answers.right.mean(1)
    texts = [t for row in answers.texts for t in row]
    owners = [
        p for p, row in zip(answers.problems, answers.texts, strict=True) for _ in row
    ]
    out = {
        "problems": len(answers.problems),
        "samples": answers.right.shape[1],
        "pass@1": per_problem.mean().item(),
        "interval": interval(per_problem),
        "length": answers.lengths.mean().item(),
        "reflects": sum(map(reflects, texts)) / len(texts),
        "mixes": sum(mixes(t, p.language) for t, p in zip(texts, owners, strict=True))
        / len(texts),
    }
    for family in sorted({p.family for p in answers.problems}):
        mine = torch.tensor([p.family == family for p in answers.problems])
        out[family] = {
            "pass@1": per_problem[mine].mean().item(),
            "interval": interval(per_problem[mine]),
            "length": answers.lengths[mine].mean().item(),
        }
    return out
