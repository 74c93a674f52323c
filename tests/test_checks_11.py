"""The checks of chapter 11 refuse the mistakes that learners make, and say why."""

from statistics import fmean, variance

import pytest
import torch

from r1lib import checks, rewards
from r1lib.tokenizer import chat


def of_all_steps(history, name, answers, last=5):
    """Forgets `last`."""
    mean = fmean(step[name] for step in history)
    return mean, 2 * (mean * (1 - mean) / (answers * len(history))) ** 0.5


def of_one_step(history, name, answers, last=5):
    """The margin of a single step."""
    mean = fmean(step[name] for step in history[-last:])
    return mean, 2 * (mean * (1 - mean) / answers) ** 0.5


def of_the_asked_steps(history, name, answers, last=5):
    """Counts steps that the history does not have."""
    mean = fmean(step[name] for step in history[-last:])
    return mean, 2 * (mean * (1 - mean) / (answers * last)) ** 0.5


def inside_only(problem, text, enough=2):
    """Counts the words between the tags alone."""
    found = rewards.words(chat.thinking(text))
    mine = sum(bool(rewards.SCRIPT[problem.language].match(w)) for w in found)
    return mine / len(found) * min(1.0, mine / enough) if found else 0.0


def without_punishment(right, others):
    """Forgets that a part can be below zero."""
    return max(0.0, right - sum(weight * high for weight, _, high in others))


def plain(problem, text, enough=2):
    return rewards.language_consistency(problem, text)


def paid_by_length(problem, text, enough=2):
    """The share counts, and foreign words help to be enough."""
    words = len(rewards.WORD.findall(chat.thinking(text)))
    share = rewards.language_consistency(problem, text)
    return share * min(1.0, words / enough)


def too_early(steps, every):
    return [step // every * every for step in range(1, steps + 1)]


def outside(logprobs, old, advantages, mask, low=0.2, high=0.28):
    """Every token outside of the clip, whether it still moves or not."""
    ratio = (logprobs - old).exp()
    gone = (ratio < 1 - low) | (ratio > 1 + high)
    counted = mask & (advantages != 0)[:, None]
    return (gone & counted).sum().item() / max(1, counted.sum().item())


def of_the_whole_mask(logprobs, old, advantages, mask, low=0.2, high=0.28):
    """Tokens without advantage are in the denominator."""
    ratio, push = (logprobs - old).exp(), advantages[:, None]
    gone = ((push > 0) & (ratio > 1 + high)) | ((push < 0) & (ratio < 1 - low))
    return (gone & mask).sum().item() / max(1, mask.sum().item())


def a_share(problem, text):
    return rewards.language_consistency(problem, text)


def paid_without_words(problem, text):
    return float(rewards.language_consistency(problem, text) == 1.0)


def errors(first, second):
    gains = [b - a for a, b in zip(first, second, strict=True)]
    apart, n = variance(first) + variance(second), len(gains)
    return fmean(gains), (variance(gains) / n) ** 0.5, (apart / n) ** 0.5


def backwards(first, second):
    return errors(second, first)


def no_root(first, second):
    mean, paired, apart = errors(first, second)
    return mean, paired, apart**2


def never_paired(first, second):
    mean, _, apart = errors(first, second)
    return mean, apart, apart


@pytest.mark.parametrize(
    "check, wrong, reason",
    [
        (checks.ex_11_1, of_all_steps, "over the last 1 of four steps is 0.3"),
        (checks.ex_11_1, of_one_step, "N is all answers that were averaged"),
        (checks.ex_11_1, of_the_asked_steps, "the margin of 'right' over the last 9"),
        (checks.ex_11_2, without_punishment, "must stay below 0.7"),
        (checks.ex_11_2, lambda right, others: right, "must stay below 0.9"),
        (checks.ex_11_3, plain, "no word must pay nothing"),
        (checks.ex_11_3, paid_by_length, "with enough=2 pays 0.25, not 0.5"),
        (checks.ex_11_3, inside_only, "words before the thinking count, too"),
        (checks.ex_11_6, too_early, "the refresh comes at its end"),
        (checks.ex_11_6, lambda steps, every: [0], "one entry for each step"),
        (checks.ex_11_7, outside, "a bad one that became likelier still moves"),
        (checks.ex_11_7, of_the_whole_mask, "at clip 0.2 / 0.28 the share is"),
        (checks.ex_11_4, a_share, "one foreign word is too many"),
        (checks.ex_11_4, paid_without_words, "a thought without words pays nothing"),
        (checks.ex_11_5, backwards, "the second minus the first"),
        (checks.ex_11_5, no_root, "the error of two groups: take the square root"),
        (checks.ex_11_5, never_paired, "the error paired of"),
        (checks.ex_11_5, lambda a, b: 0.0, "return three numbers"),
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said, said


def nothing(*args, **kwargs):
    raise NotImplementedError


@pytest.mark.parametrize("number", range(1, 8))
def test_a_stub_is_not_started(number, capsys):
    vars(checks)[f"ex_11_{number}"](nothing)
    assert capsys.readouterr().out == f"Exercise 11.{number}: not started yet\n"


def test_checks_do_not_touch_the_global_random_numbers():
    torch.manual_seed(0)
    state = torch.get_rng_state()
    checks.ex_11_7(outside)
    assert torch.equal(torch.get_rng_state(), state)
