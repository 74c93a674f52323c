"""What a model of the tiny world can do: single skills, habits, votes, a summary."""

import random
import re

import torch

from r1lib.evaluate import Answers, answer, interval, majority
from r1lib.model.transformer import evaluating
from r1lib.problem import STYLES, Problem
from r1lib.tokenizer import PAD
from r1lib.tokenizer.chat import thinking
from r1lib.world import corpus, countdown, spoken
from r1lib.world.countdown import AGAIN, WORDS

YES = tuple(words["yes"] for words in WORDS.values())


NO = tuple(words["no"] for words in WORDS.values())


ONCE_MORE = tuple(AGAIN.values())


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


def majority_right(answers: Answers) -> list[float]:
    """1.0 for each problem whose most frequent answer is right."""
    out = []
    for problem, row, right in zip(
        answers.problems, answers.texts, answers.right.tolist(), strict=True
    ):
        votes = [problem.ballot(text) for text in row]
        winner = majority(votes)
        out.append(right[votes.index(winner)] if winner is not None else 0.0)
    return out


def reflects(text: str) -> bool:
    """Whether a completion checks an attempt, rejects it, and writes another.

    Another line that begins with `again` does not count; the same sum without it does.

    >>> reflects("<think>1+2=3 no\\n2+2=4 yes\\n</think><answer>2+2</answer>")
    True
    >>> reflects("<think>1+2=3 no\\nagain 1+2=3 no\\n</think><answer>1+2</answer>")
    False
    """
    tried = [line for line in attempts(text) if not line.startswith(ONCE_MORE)]
    return any(line.endswith(NO) for line in tried[:-1])


def attempts(text: str) -> list[str]:
    """The lines of a thought, those that do a sum once more included.

    Words behind a verdict are left out, and so is a line that only says the answer.

    >>> attempts("<think>1+2=3~4=1 no, I am 1 away.\\n\\nagain 1+2=3</think>3")
    ['1+2=3~4=1 no', 'again 1+2=3']
    """
    lines = thinking(text).split("\n")
    return [spoken.bare(line) for line in lines if line and not spoken.ends(line)]


def sums(text: str) -> list[str]:
    """The sums of a thought, one a line, without their check and without `again`.

    >>> sums("<think>1+2=3~4=1 no\\nagain 1+2=3~4=1 no</think>")
    ['1+2=3', '1+2=3']
    """
    lines = attempts(text)
    for word in ONCE_MORE:
        lines = [line.removeprefix(word) for line in lines]
    return [line.partition("~")[0] for line in lines]


def style(text: str) -> str:
    """Say how somebody answered: a guess without a thought, one line, or several.

    >>> style("<answer>3</answer>"), style("<think>1+2=3\\n</think><answer>3</answer>")
    ('guess', 'short')
    """
    return STYLES[min(len(attempts(text)), 2)]


def checks(text: str) -> bool:
    """Whether a completion compares an attempt with what it should be, and says so.

    >>> checks("<think>1+2=3~4=1 no"), checks("<think>1+2=3</think>3")
    (True, False)
    """
    return any(line.endswith((*YES, *NO)) for line in attempts(text))


def tried(text: str) -> list[tuple[str, bool]]:
    """The sums of a thought, and whether each was written with its check.

    A sum that is written once more, now with a check, is checked and not repeated: so
    arithmetic is checked in the tiny web.

    >>> tried("<think>1+2=3\\n1+2=3~3=0 yes\\n")
    [('1+2=3', False), ('1+2=3', True)]
    """
    checked = ["~" in line for line in attempts(text)]
    return list(zip(sums(text), checked, strict=True))


def repeats(text: str) -> bool:
    """Whether a completion does a sum that it has done before, with `again` or without.

    >>> repeats("<think>1+2=3 no\\n2+2=4 yes"), repeats("<think>1+2=3 no\\n1+2=3 no")
    (False, True)
    """
    done = tried(text)
    return len(set(done)) < len(done)


def tries_another(text: str) -> bool:
    """Whether a completion rejects an attempt, and then writes one not written before.

    >>> tries_another("<think>1+2=3 no\\n1+2=3 no\\n"), tries_another("<think>1 no\\n2")
    (False, True)
    """
    done, rejected = set(), False
    for line, one in zip(attempts(text), sums(text), strict=True):
        if rejected and one not in done:
            return True
        done.add(one)
        rejected = rejected or line.endswith(NO)
    return False


def closes(text: str) -> bool:
    """Whether a completion that begins to think also comes to an end of it.

    >>> closes("<think>1+2=3\\n</think>"), closes("<think>1+2=3"), closes("<answer>3")
    (True, False, True)
    """
    return "</think>" in text or "<think>" not in text


def mixes(text: str, language: str) -> bool:
    """Whether a completion holds a verdict word of a language not asked for."""
    other = {"en": "ko", "ko": "en"}[language]
    return any(word in text for word in WORDS[other].values())


@torch.no_grad()
def measure(
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
    return {name: sum(marks) / len(marks) for name, marks in scores.items()}


def own_attempt(model, tokenizer, problems: list[Problem], seed: int = 0) -> float:
    """Share of first attempts, sampled, that use each given number just once."""
    longest = 2 + 5 * max(len(p.data[0]) for p in problems)
    texts = [
        t[0]
        for t in answer(
            model,
            tokenizer,
            problems,
            max_new_tokens=longest,
            seed=seed,
            prefix="<think>",
        ).texts
    ]
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


def repeated_share(texts: list[str]) -> float:
    """Share of the sums in all completions that were done before in the same one.

    >>> repeated_share(["<think>1+2=3 no\\nagain 1+2=3 no", "4"])
    0.5
    """
    written = [tried(text) for text in texts]
    new = sum(len(set(lines)) for lines in written)
    return 1 - new / max(1, sum(map(len, written))) if any(written) else 0.0


HABITS = {  # of a completion: what `summary` gives the share of
    "reflects": reflects,
    "tries another": tries_another,
    "repeats": repeats,
    "closes": closes,
}


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
        **{name: sum(map(has, texts)) / len(texts) for name, has in HABITS.items()},
        "repeated": repeated_share(texts),
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
