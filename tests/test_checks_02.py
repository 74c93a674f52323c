"""The checks of chapter 02 refuse the mistakes that learners make, and say why."""

import codecs
from collections import Counter
from itertools import pairwise

import pytest

from r1lib import checks
from r1lib.tokenizer import EOS, FIRST_BYTE, SPECIAL, chat, join


def neighbours_only(ids, pair, new):
    """Takes the pair itself away, and forgets the pairs that it had beside it."""
    made = Counter(p for p in pairwise(join(ids, pair, new)) if new in p)
    made[pair] -= len(ids) - len(join(ids, pair, new))
    return made


def each_join_alone(ids, pair, new):
    """As if no two joins were side by side."""
    added, i = Counter(), 0
    while i + 1 < len(ids):
        if (ids[i], ids[i + 1]) != pair:
            i += 1
            continue
        for k in range(max(i - 1, 0), min(i + 2, len(ids) - 1)):
            added[ids[k], ids[k + 1]] -= 1
        if i:
            added[ids[i - 1], new] += 1
        if i + 2 < len(ids):
            added[new, ids[i + 2]] += 1
        i += 2
    return added


def from_left(digits):
    return [digits[i : i + 3] for i in range(0, len(digits), 3)]


def empty_piece(digits):
    first = len(digits) % 3
    rest = range(first, len(digits), 3)
    return [digits[:first], *(digits[i : i + 3] for i in rest)]


def one_by_one(tokenizer, ids):
    for i in ids:
        yield tokenizer.decode([i])


def at_the_end(tokenizer, ids):
    yield tokenizer.decode(ids)


def half_kept(tokenizer, ids):
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for i in ids:
        yield SPECIAL[i] if i < FIRST_BYTE else decoder.decode(tokenizer.bytes_of[i])
    yield decoder.decode(b"", final=True)


def longest_first(piece, ranks):
    ids = []
    while piece:
        n = next(n for n in range(len(piece), 0, -1) if piece[:n] in ranks)
        ids.append(ranks[piece[:n]])
        piece = piece[n:]
    return ids


def rightmost(piece, ranks):
    parts = [bytes([b]) for b in piece]
    while found := [
        (ranks[left + right], -i)
        for i, (left, right) in enumerate(pairwise(parts))
        if left + right in ranks
    ]:
        i = -min(found)[1]
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return [ranks[part] for part in parts]


def with_thinking(tokenizer, messages):
    for i in (1, 3):
        ids, _ = chat.for_training(tokenizer, messages[: i + 1])
        answer = [*chat.encode_answer(tokenizer, messages[i]["content"]), EOS]
        yield ids[: -len(answer)], answer


def without_eos(tokenizer, messages):
    for i in (1, 3):
        answer = chat.encode_answer(tokenizer, messages[i]["content"])
        yield chat.for_inference(tokenizer, messages[:i]), answer


@pytest.mark.parametrize(
    "check, wrong, reason",
    [
        (checks.ex_2_6, lambda t, s: len(t.encode(s)) / len(s), "by the words, not"),
        (checks.ex_2_6, lambda t, s: len(t.encode(s)) / len(s.split(" ")), "two words"),
        (checks.ex_2_6, lambda t, s: len(t.encode(s)) / len(s.split()), "costs 0"),
        (checks.ex_2_6, lambda t, s: len(s.encode()) / len(s.split()), "is 3 tokens"),
        (checks.ex_2_1, neighbours_only, "three pairs go and two come"),
        (checks.ex_2_1, each_join_alone, "two joins side by side make one pair of 9"),
        (checks.ex_2_1, lambda *_: 5, "return a Counter, not 5"),
        (checks.ex_2_2, from_left, "1234567 is ['1', '234', '567']"),
        (checks.ex_2_2, empty_piece, "123456 gives an empty piece"),
        (checks.ex_2_3, one_by_one, "half a character got out"),
        (checks.ex_2_3, at_the_end, "wanted 'a가🙂' so far"),
        (checks.ex_2_3, half_kept, "a special token ends half a character"),
        (checks.ex_2_4, longest_first, " is ["),
        (checks.ex_2_4, rightmost, "of equal pairs the leftmost is joined"),
        (checks.ex_2_5, with_thinking, "earlier thinking is not in the prompt"),
        (checks.ex_2_5, without_eos, "stopping is learned"),
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said
