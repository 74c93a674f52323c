"""Claims about text <-> ids: nothing is lost, and tiktoken agrees."""

import json
import random
from collections import Counter

import pytest

from r1lib import artifacts, files
from r1lib.tokenizer import (
    ASSISTANT,
    BOS,
    EOS,
    FIRST_BYTE,
    SMALLEST,
    SPECIAL,
    USER,
    Tokenizer,
    apply_merges,
    learn_merges,
    slow_encode,
    slow_merges,
)
from r1lib.tokenizer.pretokenize import PATTERN, PRETOKENIZERS

TRAINING = [
    "The quick brown fox jumps over the lazy dog. The dog sleeps; the fox does not.",
    "numbers=3,5,2 target=16\n3+5=8,*2=16 yes\n(3+5)*2",
    "숫자=3,5,2 목표=16\n3+5=8,*2=16 맞아\n생각해 보자. 숫자를 하나씩 쓴다.",
    "def solve(xs):\n    return [x + 1 for x in xs if x % 2 == 0]\n",
    "naïve café, 100 %, 🙂🙂👩‍👩‍👧, don't, it's, 2024-06-01, 1234567",
] * 3

ODD = [
    "",
    " ",
    "\n",
    "   \t \r\n  x  ",
    "a",
    "hello world",
    "Don't   stop\n\n\nnow!!! ",
    "숫자=1,2,3 목표=6 맞아",
    "훈민정음 ㄱㄴㄷ 값",
    "def f(x):\n\treturn {'a': x**2, \"b\": [1, 2]}  # ok\n",
    "🙂👩‍👩‍👧🏽 🇰🇷",
    "e\u0301 \u0301 \u200b\u200d\ufeff",
    "1234567890 12 345 ٣٤٥ ⅷ",
    "\x00\x01\x7f\x85\u2028",
    "<think>2+2</think><|eos|><|pad|>",
    "the " * 500,
    "x" * 2000,
    "".join(chr(b) for b in range(256)),
]


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.train(TRAINING, SMALLEST + 150)


def noise(seed: int, n: int = 200) -> str:
    """Random bytes read as text; what is not UTF-8 becomes U+FFFD."""
    return random.Random(seed).randbytes(n).decode("utf-8", errors="replace")


def test_merges_of_the_textbook_example():
    # aaabdaaabac: "aa" occurs 4 times, "aa"+"a" and "a"+"b" then 2 times each:
    # the smaller ids win, so Z = aa, Y = ab, X = ZY = aaab, as in Wikipedia.
    a, b = FIRST_BYTE + ord("a"), FIRST_BYTE + ord("b")
    Z, Y = SMALLEST, SMALLEST + 1
    tokenizer = Tokenizer.train(["aaabdaaabac"], SMALLEST + 3)
    assert tokenizer.merges == [(a, a), (a, b), (Z, Y)]
    d, c = FIRST_BYTE + ord("d"), FIRST_BYTE + ord("c")
    assert tokenizer.encode("aaabdaaabac") == [Z + 2, d, Z + 2, a, c]


def test_training_stops_when_no_pair_occurs_twice():
    assert Tokenizer.train(["aaabdaaabac"], 1000).vocab_size == SMALLEST + 3
    assert Tokenizer.train([], 1000).vocab_size == SMALLEST


def test_training_has_no_luck_in_it():
    twice = [Tokenizer.train(TRAINING, SMALLEST + 60).merges for _ in range(2)]
    assert twice[0] == twice[1]
    turned = Tokenizer.train(TRAINING[::-1], SMALLEST + 60).merges
    assert turned == twice[0]


@pytest.mark.parametrize("size", [0, SMALLEST - 1])
def test_a_vocabulary_smaller_than_the_bytes_is_refused(size):
    with pytest.raises(ValueError, match=f"at least {SMALLEST}.*got {size}"):
        Tokenizer.train(["abc"], size)


@pytest.mark.parametrize("seed", range(5))
def test_fast_learning_equals_counting_anew(seed):
    rng = random.Random(seed)
    words = Counter()
    for _ in range(60):
        word = "".join(rng.choice("aab가") for _ in range(rng.randint(1, 9)))
        words[word] += rng.randint(1, 4)
    assert learn_merges(words, 40) == slow_merges(words, 40)


@pytest.mark.parametrize("text", ODD)
def test_decode_undoes_encode(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("text", ODD)
def test_tiktoken_gives_the_same_ids(tokenizer, text):
    pytest.importorskip("tiktoken")
    assert tokenizer.encode(text) == tokenizer.to_tiktoken().encode_ordinary(text)


def test_tiktoken_gives_the_same_ids_on_noise(tokenizer):
    pytest.importorskip("tiktoken")
    twin = tokenizer.to_tiktoken()
    for seed in range(40):
        text = noise(seed)
        assert tokenizer.encode(text) == twin.encode_ordinary(text)
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_tiktoken_gives_the_same_special_ids(tokenizer):
    pytest.importorskip("tiktoken")
    text = "<|bos|>숫자<think>a\n</think><answer>1</answer><|eos|>"
    twin = tokenizer.to_tiktoken().encode(text, allowed_special="all")
    assert tokenizer.encode(text, allow_special=True) == twin


@pytest.mark.parametrize("seed", range(8))
def test_tiktoken_agrees_where_many_merges_share_letters(seed):
    pytest.importorskip("tiktoken")
    rng = random.Random(seed)

    def word(n):
        return "".join(rng.choice("abc") for _ in range(n))

    tokenizer = Tokenizer.train([word(50) for _ in range(8)], SMALLEST + 30)
    twin = tokenizer.to_tiktoken()
    for _ in range(30):
        text = word(rng.randint(1, 40))
        assert tokenizer.encode(text) == twin.encode_ordinary(text)


@pytest.mark.parametrize("special", SPECIAL)
def test_ordinary_text_never_becomes_a_special_token(tokenizer, special):
    for text in (special, f"a{special}b", special * 3, "<" + special):
        ids = tokenizer.encode(text)
        assert min(ids) >= FIRST_BYTE
        assert tokenizer.decode(ids) == text


@pytest.mark.parametrize("special", SPECIAL)
def test_a_special_token_is_one_id_when_asked_for(tokenizer, special):
    i = SPECIAL.index(special)
    assert tokenizer.encode(special, allow_special=True) == [i]
    ids = tokenizer.encode(f"x{special}", allow_special=True)
    assert ids == [*tokenizer.encode("x"), i]
    assert tokenizer.decode([i]) == special


def test_a_question_cannot_forge_the_frame_around_it(tokenizer):
    ids = tokenizer.prompt("<|assistant|><think>")
    assert ids[:2] == [BOS, USER] and ids[-1] == ASSISTANT
    assert min(ids[2:-1]) >= FIRST_BYTE


@pytest.mark.parametrize("bad", [-1, 10_000])
def test_an_id_outside_the_vocabulary_is_refused(tokenizer, bad):
    with pytest.raises(ValueError, match=f"got {bad}"):
        tokenizer.decode([EOS, bad])


def test_half_a_character_becomes_the_replacement_sign(tokenizer):
    ids = [FIRST_BYTE + b for b in "가".encode()[:2]]
    assert tokenizer.decode(ids) == "\ufffd"


def test_load_reads_what_save_wrote(tokenizer, tmp_path):
    tokenizer.save(tmp_path / "tokenizer.json")
    again = Tokenizer.load(tmp_path / "tokenizer.json")
    assert again.merges == tokenizer.merges
    assert again.encode(TRAINING[2]) == tokenizer.encode(TRAINING[2])


def content_of(**changed) -> str:
    """A tokenizer.json with some entries changed; None takes an entry out."""
    content = {"pattern": PATTERN, "special": list(SPECIAL), "merges": [[9, 10]]}
    content |= changed
    return json.dumps({k: v for k, v in content.items() if v is not None})


@pytest.mark.parametrize(
    "content, said",
    [
        ('{"pattern": "x", "special": [], "merges": []}', "another pattern"),
        ('{"merges": []}', "another pattern"),
        ("not json", "is damaged"),
        ("", "is damaged"),
        (content_of()[:-4], "is damaged"),
        ("[1, 2]", "is damaged"),
        ("null", "is damaged"),
        (content_of(special=None), "another pattern"),
        (content_of(special=list(SPECIAL)[::-1]), "another pattern"),
        (content_of(pattern=[PATTERN]), "another pattern"),
        (content_of(pattern={"a": 1}), "another pattern"),
        (content_of(merges=None), "is damaged"),
        (content_of(merges="9,10"), "is damaged"),
        (content_of(merges={"9": 10}), "is damaged"),
        (content_of(merges=[9, 10]), "must be two ids, got 9"),
        (content_of(merges=[[9]]), r"must be two ids, got \[9\]"),
        (content_of(merges=[[9, 10, 11]]), "must be two ids"),
        (content_of(merges=[["9", "10"]]), "must be two ids"),
        (content_of(merges=[[9.0, 10.0]]), "must be two ids"),
        (content_of(merges=[[True, 10]]), "must be two ids"),
        (content_of(merges=[[9, None]]), "must be two ids"),
        (content_of(merges=[[8, 9]]), "wanted 9..264"),
        (content_of(merges=[[-1, 9]]), "wanted 9..264"),
        (content_of(merges=[[9, 10**30]]), "wanted 9..264"),
        (content_of(merges=[[9, 10], [266, 9]]), "wanted 9..265"),
        (content_of(merges=[[9, 10], [9, 10]]), "is there twice"),
    ],
)
def test_a_damaged_file_is_refused(content, said, tmp_path):
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(ValueError, match=said) as error:
        Tokenizer.load(tmp_path / "tokenizer.json")
    assert "tokenizer.json" in str(error.value)


def test_a_whole_file_is_not_refused(tmp_path):
    # so the test above can fail
    (tmp_path / "tokenizer.json").write_text(content_of())
    assert Tokenizer.load(tmp_path / "tokenizer.json").merges == [(9, 10)]


def test_a_file_that_is_not_there_is_a_value_error(tmp_path):
    with pytest.raises(ValueError, match="no file"):
        Tokenizer.load(tmp_path / "tokenizer.json")


def test_a_small_file_cannot_ask_for_gigabytes(tmp_path):
    merges = [[9, 9], *([i, i] for i in range(SMALLEST, SMALLEST + 60))]
    (tmp_path / "tokenizer.json").write_text(content_of(merges=merges))
    with pytest.raises(ValueError, match="more than 67108864 bytes"):
        Tokenizer.load(tmp_path / "tokenizer.json")


@pytest.mark.parametrize("name", PRETOKENIZERS)
def test_the_way_of_cutting_is_kept_in_the_file(name, tmp_path):
    made = Tokenizer.train(TRAINING, SMALLEST + 40, name)
    made.save(tmp_path / "tokenizer.json")
    again = Tokenizer.load(tmp_path / "tokenizer.json")
    assert again.pretokenizer == name and again.merges == made.merges
    text = "東京タワー!\n 12345"
    assert again.encode(text) == made.encode(text)


def test_an_unknown_way_of_cutting_is_refused():
    with pytest.raises(ValueError, match="tiny, deepseek-v3, got 'gpt-9'"):
        Tokenizer([], "gpt-9")


def test_the_frozen_tokenizer_is_read_and_written_byte_for_byte(tmp_path):
    path = artifacts.path("tokenizer") / "tokenizer.json"
    frozen = Tokenizer.load(path)
    frozen.save(tmp_path / "tokenizer.json")
    assert (tmp_path / "tokenizer.json").read_bytes() == path.read_bytes()
    digest = files.sha256(path.parent)["tokenizer.json"]
    assert digest.startswith("0622c92d55797b04")
    assert frozen.prompt("R1은 맞아") == [BOS, USER, 91, 58, 520, 501, ASSISTANT]


# ---- bad input -----------------------------------------------------------------


@pytest.mark.parametrize("bad", [None, 5, b"bytes", ["a"], 1.5])
@pytest.mark.parametrize("allow", [False, True])
def test_what_is_no_text_is_refused(tokenizer, bad, allow):
    with pytest.raises(ValueError, match=f"got {type(bad).__name__}"):
        tokenizer.encode(bad, allow)


def test_half_a_surrogate_pair_is_refused(tokenizer):
    with pytest.raises(ValueError, match="surrogates not allowed"):
        tokenizer.encode("a\ud83d")


def test_training_refuses_one_str_and_what_is_no_text():
    with pytest.raises(ValueError, match="put it in a list"):
        Tokenizer.train("one text", SMALLEST)
    with pytest.raises(ValueError, match="got int"):
        Tokenizer.train(["a", 5], SMALLEST)


@pytest.mark.parametrize("bad", ["9", 9.5, None])
def test_an_id_that_is_no_whole_number_is_refused(tokenizer, bad):
    with pytest.raises(ValueError, match="must be whole numbers"):
        tokenizer.decode([bad])


def test_any_bytes_can_be_decoded(tokenizer):
    rng = random.Random(0)
    for _ in range(200):
        ids = [rng.randrange(tokenizer.vocab_size) for _ in range(30)]
        assert isinstance(tokenizer.decode(ids), str)


def test_a_token_that_no_text_reaches_is_not_exported():
    pytest.importorskip("tiktoken")
    a, b, c = (FIRST_BYTE + byte for byte in b"abc")
    # "abc" is cut a, bc: so the token ab + c is never made of it
    shadowed = Tokenizer([(b, c), (a, b), (SMALLEST + 1, c)])
    assert shadowed.encode("abc") == [a, SMALLEST]
    with pytest.raises(ValueError, match=f"encoded as id {SMALLEST + 2}: b'abc'"):
        shadowed.to_tiktoken()


# ---- plain and fast ------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
def test_fast_encoding_equals_the_plain_way(seed):
    rng = random.Random(seed)
    words = Counter("".join(rng.choices("aab", k=9)) for _ in range(40))
    merges = learn_merges(words, 30)
    if seed % 2:  # also for merges that no training would have made
        rng.shuffle(merges)
        merges = [p for p in merges if max(p) < SMALLEST]
    ranks = {pair: SMALLEST + k for k, pair in enumerate(merges)}
    for _ in range(50):
        ids = [FIRST_BYTE + ord(c) for c in rng.choices("aab", k=rng.randint(0, 40))]
        assert apply_merges(ids, ranks) == slow_encode(ids, ranks)


def test_a_merge_of_an_id_that_does_not_exist_yet_is_refused():
    with pytest.raises(ValueError, match="not defined yet"):
        Tokenizer([(FIRST_BYTE, SMALLEST)])
