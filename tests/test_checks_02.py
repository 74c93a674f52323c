"""The checks of chapter 02 refuse the mistakes that learners make, and say why."""

import codecs
from collections import Counter

import pytest

from r1lib import checks
from r1lib.tokenizer import EOS, FIRST_BYTE, SPECIAL, chat


def unweighted(words):
    pairs = Counter(p for ids in words for p in zip(ids, ids[1:], strict=False))
    return min(pairs, key=lambda p: (-pairs[p], p), default=None)


def first_in_a_tie(words):
    pairs = Counter()
    for ids, n in words.items():
        for pair in zip(ids, ids[1:], strict=False):
            pairs[pair] += n
    return max(pairs, key=pairs.get, default=None)


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
        (checks.ex_2_1, unweighted, "counts three times"),
        (checks.ex_2_1, first_in_a_tie, "the smallest pair wins"),
        (checks.ex_2_2, from_left, "1234567 is ['1', '234', '567']"),
        (checks.ex_2_2, empty_piece, "123456 gives an empty piece"),
        (checks.ex_2_3, one_by_one, "half a character got out"),
        (checks.ex_2_3, at_the_end, "wanted 'a가🙂' so far"),
        (checks.ex_2_3, half_kept, "a special token ends half a character"),
        (checks.ex_2_4, longest_first, " is ["),
        (checks.ex_2_5, with_thinking, "earlier thinking is not in the prompt"),
        (checks.ex_2_5, without_eos, "stopping is learned"),
    ],
)
def test_a_wrong_answer_gets_its_reason(check, wrong, reason, capsys):
    check(wrong)
    said = capsys.readouterr().out
    assert "not right yet - " in said and reason in said
