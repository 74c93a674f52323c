"""A hint reaches the very mistake that it speaks of, also where that mistake raises."""

import math
from collections import Counter

import pytest
import torch

from r1lib import checks


def past_the_end(ids, pair, new):
    added = Counter()
    for i in range(1, len(ids) - 1):
        if (ids[i], ids[i + 1]) == pair:
            for k in (i - 1, i, i + 1):
                added[ids[k], ids[k + 1]] -= 1
            added.update([(ids[i - 1], new), (new, ids[i + 2])])
    if tuple(ids[:2]) == pair:
        added.update([pair, (new, ids[2])])
    return added


def ordinary_only(tokenizer, ids):
    """Text as it comes, but nobody thought of special tokens."""
    data = b""
    for i in ids:
        data += tokenizer.bytes_of[i]
        if text := data.decode(errors="ignore"):
            data = b""
            yield text
    if data:
        yield "\ufffd"


def strict_at_the_end(tokenizer, ids):
    data = b""
    for i in ids:
        data += tokenizer.bytes_of[i]
        if text := data.decode(errors="ignore"):
            data = b""
            yield text
    yield data.decode()


def always_head_dim(config):
    return (
        4
        * config["num_hidden_layers"]
        * config["num_key_value_heads"]
        * (config.get("head_dim", 128))
    )


def not_scaled(x):
    for _ in range(60):
        x = 1.5 * x - 0.5 * x @ x.T @ x
    return x


def not_scaled_few(x):
    for _ in range(5):
        x = 1.5 * x - 0.5 * x @ x.T @ x
    return x


def by_index(text):
    text = text[text.rindex("</think>") + 8 if "</think>" in text else 0 :]
    return text[text.index("<answer>") + 8 : text.index("</answer>")].strip()


def by_hash(outputs, expected):
    counts = [Counter((x, type(x)) for x in col) for col in zip(*outputs, strict=True)]
    weights = [
        sum(counts[t][x, type(x)] - 1 for t, x in enumerate(row) if x is not None)
        for row in outputs
    ]
    kept = []
    for t, wanted in enumerate(expected):
        votes = Counter()
        for row, weight in zip(outputs, weights, strict=True):
            votes[row[t], type(row[t])] += weight if row[t] is not None else 0
        mine = votes.pop((wanted, type(wanted)), 0)
        if mine > max(votes.values(), default=0) and mine >= votes.total():
            kept.append(t)
    return kept


def divided_by_zero(values, mask):
    kept = torch.where(mask, values, 0.0)
    return (kept.sum(1) / mask.sum(1)).mean()


def multiplied(values, mask):
    return ((values * mask).sum(1) / mask.sum(1).clamp(min=1)).mean()


def no_guard(rewards, mu, delta, squashed, divided):
    if squashed:
        rewards = [1 / (1 + math.exp((mu - r) / delta)) for r in rewards]
    found = [r - sum(rewards) / len(rewards) for r in rewards]
    spread = math.hypot(*found) / len(found) ** 0.5
    return [a / spread for a in found] if divided else found


def plain_kl(p, q):
    def kl(p, q):
        return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))

    return kl(p, q), kl(q, p)


def torch_kl(p, q):
    p, q = torch.tensor(p).double(), torch.tensor(q).double()
    return (p * (p / q).log()).sum(), (q * (q / p).log()).sum()


def plain_pair_loss(chosen, rejected):
    return math.log1p(math.exp(rejected - chosen))


def by_rows(reasoning, general, ratio):
    return round(len(reasoning) / ratio)


def gain_of_zero(gain, spread):
    return math.ceil((1.96 * spread / gain) ** 2)


def upside_down(p, q):
    first, second = (math.log(x / (1 - x)) for x in (p, q))
    return (second - first) / 2, (first + second) / 2


@pytest.mark.parametrize(
    "check, wrong, hint",
    [
        (checks.ex_2_1, past_the_end, "at the ends of the list there is no neighbour"),
        (checks.ex_2_3, ordinary_only, "a special token has a text too"),
        (checks.ex_2_3, strict_at_the_end, "becomes U+FFFD"),
        (checks.ex_3_7, always_head_dim, "with MLA, one latent"),
        (checks.ex_5_5, not_scaled, "was x not scaled first?"),
        (checks.ex_5_5, not_scaled_few, "was x not scaled first?"),
        (checks.ex_5_5, lambda x: x * math.inf, "was x not scaled first?"),
        (checks.ex_6_2, by_index, "</answer>: None"),
        (checks.ex_6_6, by_hash, "values may be lists"),
        (checks.ex_9_3, divided_by_zero, "must count as 0"),
        (checks.ex_9_3, multiplied, "where the mask is false still counts"),
        (checks.ex_12_3, by_rows, "count tokens, not rows"),
        (checks.ex_13_1, upside_down, "mind the sign"),
        (checks.ex_13_2, plain_pair_loss, "a lead of -1,000 costs 1,000"),
        (checks.ex_13_5, no_guard, "equal rewards give zeros"),
        (checks.ex_14_1, plain_kl, "0 log 0 = 0"),
        (checks.ex_14_1, torch_kl, "0 log 0 = 0"),
        (checks.ex_15_5, gain_of_zero, "raise ValueError"),
    ],
)
def test_a_hint_reaches_its_mistake(check, wrong, hint, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and hint in said, said
    assert said.count("\n") == 1
