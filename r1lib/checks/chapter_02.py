"""Checks of chapter 02: Tokenizer."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise

import torch

from r1lib.checks.exercise import hint, items, number, parts, report, shown, text
from r1lib.tokenizer import EOS, Tokenizer, chat, join


def ex_2_1(change) -> None:
    """What one join adds to the counts of pairs, against counting before and after."""

    def test(change):
        def given(ids, pair):
            got = change(list(ids), pair, 9)
            assert isinstance(got, Mapping), f"return a Counter, not {shown(got)}"
            return {key: n for key, n in got.items() if n}

        def counted(ids, pair):
            found = Counter(pairwise(join(ids, pair, 9)))
            found.subtract(Counter(pairwise(ids)))
            return {key: n for key, n in found.items() if n}

        rng = random.Random(0)
        cases = [
            ([7, 1, 2, 8], "three pairs go and two come"),
            ([1, 2], "at the ends of the list there is no neighbour"),
            ([1, 2, 1, 2], "two joins side by side make one pair of 9"),
            ([3, 4], "what is not there changes nothing"),
            ([], "an empty list has no pair"),
        ]
        cases += [
            ([rng.randint(1, 3) for _ in range(rng.randint(2, 12))], "count it by hand")
            for _ in range(200)
        ]
        for ids, why in cases:
            for pair in ((1, 2), (1, 1)):
                with hint(why):
                    got = given(ids, pair)
                wanted = counted(ids, pair)
                case = f"{ids}, {pair} -> 9"
                assert got == wanted, f"{case} adds {wanted}, not {got}: {why}"

    report("2.1", test, change)


def ex_2_2(cut_from_right) -> None:
    """Digits in threes, counted from the right."""

    def pieces(got):
        return [text(piece) for piece in items(got, "return a list of texts")]

    def test(cut_from_right):
        got = pieces(cut_from_right("1234567"))
        assert "".join(got) == "1234567", "a digit got lost"
        for digits, wanted in (
            ("1234567", ["1", "234", "567"]),
            ("123456", ["123", "456"]),
            ("42", ["42"]),
        ):
            got = pieces(cut_from_right(digits))
            assert "" not in got, f"{digits} gives an empty piece"
            assert got == wanted, f"{digits} is {wanted}, not {got}"

    report("2.2", test, cut_from_right)


def ex_2_3(stream) -> None:
    """Text as early as it is certain, and never half a character."""

    def test(stream):
        def pieces(tokenizer, ids):
            got = stream(tokenizer, ids)
            many = isinstance(got, Iterable) and not isinstance(got, torch.Tensor)
            assert many, f"yield pieces of text, not {shown(got)}"
            return (text(piece) for piece in got)

        tokenizer = Tokenizer([])
        given, seen = iter(tokenizer.encode("a가🙂\n")), []
        for piece in pieces(tokenizer, given):
            assert "\ufffd" not in piece, "half a character got out; wait for the rest"
            seen.append((piece, len(list(given)) if piece == "🙂" else None))
        got = "".join(piece for piece, _ in seen)
        late = "give a character out as soon as its last byte is in"
        assert got == "a가🙂", f"wanted 'a가🙂' so far, got {got!r}: {late}"
        assert ("🙂", 1) in seen, late
        half = tokenizer.encode("가")[:2]
        with hint(reason := "what is still incomplete at the end becomes U+FFFD"):
            assert "".join(pieces(tokenizer, half)) == "\ufffd", reason
        special = [5, *tokenizer.encode("b")]
        with hint(reason := "a special token has a text too"):
            assert "".join(pieces(tokenizer, special)) == "<think>b", reason
        with hint(reason := "a special token ends half a character: U+FFFD, its text"):
            assert "".join(pieces(tokenizer, [*half, 5])) == "\ufffd<think>", reason

    report("2.3", test, stream)


def ex_2_4(encode_by_rank) -> None:
    """One piece by nothing but a table from bytes to rank."""

    def test(encode_by_rank):
        texts = ["low lower lowest newer newest wider 가나 가나다 나다"] * 3
        tokenizer = Tokenizer.train(texts, 290)
        ranks = {piece: i for i, piece in tokenizer.bytes_of.items()}
        with hint(reason := "what no merge joins stays single bytes"):
            got = items(encode_by_rank(b"zz", ranks))
            assert got == tokenizer.encode("zz"), reason
        got = items(encode_by_rank(b"aaa", {b"a": 0, b"aa": 1}))
        assert got == [1, 0], "of equal pairs the leftmost is joined"
        for piece in ("low", "lowest", "newestest", "wow", "가나다가", "eeeww"):
            got = items(encode_by_rank(piece.encode(), ranks))
            wanted = tokenizer.encode(piece)
            assert got == wanted, (
                f"{piece!r} is {wanted}, not {got}: join the lowest rank first"
            )

    report("2.4", test, encode_by_rank)


def ex_2_5(examples) -> None:
    """One training example for each answer, prompted as it will be at inference."""

    def test(examples):
        tokenizer = Tokenizer([])
        say = ("<think>1+1=2</think>2", "<think>2+2=4</think>4")
        roles = ("user", "assistant") * 2
        texts = ("1+1", say[0], "twice?", say[1])
        messages = [
            {"role": role, "content": text}
            for role, text in zip(roles, texts, strict=True)
        ]
        got = items(examples(tokenizer, messages))
        assert len(got) == 2, f"two answers give two examples, not {len(got)}"
        for i, pair in enumerate(got):
            prompt, answer = map(items, parts(pair, 2, "give pairs (prompt, answer)"))
            assert answer[-1:] == [EOS], "an answer ends with eos: stopping is learned"
            full = [*chat.encode_answer(tokenizer, say[i]), EOS]
            assert answer == full, f"answer {i + 1} is to be learned with its thinking"
            wanted = chat.for_inference(tokenizer, messages[: 2 * i + 1])
            kept = Counter(prompt)[tokenizer.special_ids["<think>"]]
            assert not kept, "earlier thinking is not in the prompt at inference"
            assert prompt == wanted, f"prompt {i + 1} is not that of inference"

    report("2.5", test, examples)


def ex_2_6(cost) -> None:
    """Tokens for a word."""

    def test(cost):
        plain, pair = Tokenizer([]), tuple(Tokenizer([]).encode("ab"))
        got = number(cost(plain, "ab cd"))
        assert got != 1, "divide by the words, not by the letters"
        assert got == 2.5, f"'ab cd' is 5 bytes in 2 words: 2.5, not {got}"
        got = number(cost(Tokenizer([pair]), "ab ab"))
        assert got == 1.5, f"where `ab` is a token, 'ab ab' is 3 tokens: 1.5, not {got}"
        got = number(cost(plain, "a  b\n"))
        assert got == 2.5, "'a  b\\n' has two words: `text.split()` finds them"
        got = number(cost(plain, "가 나"))
        assert got == 3.5, f"'가 나' is 7 bytes in 2 words: 3.5, not {got}"
        with hint(reason := "a text without words costs 0"):
            assert number(cost(plain, "")) == 0, reason

    report("2.6", test, cost)
