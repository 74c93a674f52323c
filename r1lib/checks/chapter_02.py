"""Checks of chapter 02: Tokenizer."""

from collections import Counter
from collections.abc import Iterable

import torch

from r1lib.checks.exercise import hint, items, parts, plain, report, shown, text
from r1lib.tokenizer import EOS, Tokenizer, chat


def ex_2_1(best_pair) -> None:
    """The pair to join next, words weighted by how often they occur."""

    def test(best_pair):
        def pair(words):
            got = plain(best_pair(words))
            return tuple(got) if isinstance(got, list) else got

        got = pair({(5, 2, 3): 1, (2, 3): 1, (1, 2): 3})
        assert got != (2, 3), "a word that occurs three times counts three times"
        assert got == (1, 2), f"1,2 occurs 3 times and is the winner, not {got}"
        got = pair({(9, 4): 2, (7, 8): 2, (7, 6, 5): 2})
        assert got == (6, 5), f"in a tie the smallest pair wins: 6,5 and not {got}"
        assert pair({(5, 5, 5): 1, (1, 1): 1}) == (5, 5), "5,5,5 has 5,5 twice"
        with hint(reason := "a single id has no pair: None"):
            assert pair({(1,): 9}) is None, reason

    report("2.1", test, best_pair, may_be_none=True)


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
