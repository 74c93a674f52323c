"""Checks of chapter 02: Tokenizer."""

from collections import Counter

from r1lib import chat
from r1lib.checks.exercise import report
from r1lib.tokenizer import EOS, Tokenizer


def ex_2_1(best_pair) -> None:
    """The pair to join next, words weighted by how often they occur."""

    def test():
        got = best_pair({(5, 2, 3): 1, (2, 3): 1, (1, 2): 3})
        assert got != (2, 3), "a word that occurs three times counts three times"
        assert got == (1, 2), f"1,2 occurs 3 times and is the winner, not {got}"
        got = best_pair({(9, 4): 2, (7, 8): 2, (7, 6, 5): 2})
        assert got == (6, 5), f"in a tie the smallest pair wins: 6,5 and not {got}"
        assert best_pair({(5, 5, 5): 1, (1, 1): 1}) == (5, 5), "5,5,5 has 5,5 twice"
        assert best_pair({(1,): 9}) is None, "a single id has no pair: None"

    report("2.1", test)


def ex_2_2(cut_from_right) -> None:
    """Digits in threes, counted from the right."""

    def test():
        assert "".join(cut_from_right("1234567")) == "1234567", "a digit got lost"
        for digits, wanted in (
            ("1234567", ["1", "234", "567"]),
            ("123456", ["123", "456"]),
            ("42", ["42"]),
        ):
            got = list(cut_from_right(digits))
            assert "" not in got, f"{digits} gives an empty piece"
            assert got == wanted, f"{digits} is {wanted}, not {got}"

    report("2.2", test)


def ex_2_3(stream) -> None:
    """Text as early as it is certain, and never half a character."""

    def test():
        plain, text = Tokenizer([]), "a가🙂\n"
        given, seen = iter(plain.encode(text)), []
        for piece in stream(plain, given):
            assert "\ufffd" not in piece, "half a character got out; wait for the rest"
            seen.append((piece, len(list(given)) if piece == "🙂" else None))
        got = [piece for piece, _ in seen if piece]
        assert "".join(got) == "a가🙂", f"wanted 'a가🙂' so far, got {''.join(got)!r}"
        assert ("🙂", 1) in seen, "give a character out as soon as its last byte is in"
        half = plain.encode("가")[:2]
        assert "".join(stream(plain, half)) == "\ufffd", (
            "what is still incomplete at the end becomes U+FFFD"
        )
        assert "".join(stream(plain, [5, *plain.encode("b")])) == "<think>b", (
            "a special token has a text too"
        )

    report("2.3", test)


def ex_2_4(encode_by_rank) -> None:
    """One piece by nothing but a table from bytes to rank."""

    def test():
        texts = ["low lower lowest newer newest wider 가나 가나다 나다"] * 3
        tokenizer = Tokenizer.train(texts, 290)
        ranks = {text: i for i, text in tokenizer.bytes_of.items()}
        got = encode_by_rank(b"zz", ranks)
        assert got == tokenizer.encode("zz"), "what no merge joins stays single bytes"
        for piece in ("low", "lowest", "newestest", "wow", "가나다가", "eeeww"):
            got, wanted = encode_by_rank(piece.encode(), ranks), tokenizer.encode(piece)
            assert got == wanted, f"{piece!r} is {wanted}, not {got}"

    report("2.4", test)


def ex_2_5(examples) -> None:
    """One training example for each answer, prompted as it will be at inference."""

    def test():
        plain = Tokenizer([])
        say = ("<think>1+1=2</think>2", "<think>2+2=4</think>4")
        roles = ("user", "assistant") * 2
        texts = ("1+1", say[0], "twice?", say[1])
        messages = [
            {"role": role, "content": text}
            for role, text in zip(roles, texts, strict=True)
        ]
        got = list(examples(plain, messages))
        assert len(got) == 2, f"two answers give two examples, not {len(got)}"
        for i, (prompt, answer) in enumerate(got):
            assert answer[-1:] == [EOS], "an answer ends with eos: stopping is learned"
            full = [*chat.encode_answer(plain, say[i]), EOS]
            assert answer == full, f"answer {i + 1} is to be learned with its thinking"
            wanted = chat.for_inference(plain, messages[: 2 * i + 1])
            kept = Counter(prompt)[plain.special_ids["<think>"]]
            assert not kept, "earlier thinking is not in the prompt at inference"
            assert prompt == wanted, f"prompt {i + 1} is not that of inference"

    report("2.5", test)
