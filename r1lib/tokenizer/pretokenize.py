"""Text -> pieces that no merge of the tokenizer crosses.

A way of cutting is a list of patterns: the first cuts the text, the next cuts each
piece, and so on. "tiny" is the book's own and needs only one pattern. "deepseek-v3" is
that of DeepSeek-V3 (the pre_tokenizer of its tokenizer.json): digits in threes, then
runs of Chinese characters and kana, then words and signs. Three patterns in turn are
not one with `|` between them: chapter 02 shows where they differ.
"""

import regex

from r1lib.files import one_of

PATTERN = (
    r"\p{N}{1,3}"
    r"|[^\r\n\p{L}\p{P}\p{S}\p{N}]?[\p{L}\p{M}]+"
    r"| ?[\p{P}\p{S}]+"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+|[^\p{L}\p{N}\p{P}\p{S}\s]"
)
DIGITS = r"\p{N}{1,3}"
KANA_HAN = r"\u3040-\u30ff\u4e00-\u9fa5"
SIGN_WORD = r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"
PRETOKENIZERS = {
    "tiny": (PATTERN,),
    "deepseek-v3": (
        DIGITS,
        rf"[{KANA_HAN}]+",
        SIGN_WORD + r"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
        r"| ?[\p{P}\p{S}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
}
KANA, ELSE = rf"&&[{KANA_HAN}]]", rf"&&[^{KANA_HAN}]]"  # ends of [[class]&&...]
LETTER, SIGN = r"[[\p{L}\p{M}]", r"[[\p{P}\p{S}]"
OTHER = r"[[^\s\p{L}\p{M}\p{N}\p{P}\p{S}]"
ONE_PATTERN = {  # the same cuts by one pattern, in the dialect of tiktoken
    "tiny": PATTERN,
    "deepseek-v3": rf"{DIGITS}|{SIGN_WORD}"
    rf"|{OTHER}{KANA}?{LETTER}{KANA}+|{SIGN}{KANA}+|{OTHER}{KANA}+(?!{LETTER}{KANA})"
    rf"|[[^\r\n\p{{L}}\p{{P}}\p{{S}}\p{{N}}]{ELSE}?{LETTER}{ELSE}+"
    rf"| ?{SIGN}{ELSE}+[\r\n]*"
    rf"|\s*[\r\n]+|\s+(?=\z|[\p{{N}}{KANA_HAN}])|\s+(?!\S)|\s+"
    rf"|{OTHER}{ELSE}+(?!{LETTER}{ELSE})",
}


def compiled(name: str) -> list[regex.Pattern]:
    """Prepare the patterns of a way of cutting for `pretokenize`."""
    one_of("pretokenizer", name, PRETOKENIZERS)
    return [regex.compile(f"({pattern})") for pattern in PRETOKENIZERS[name]]


def pretokenize(text: str, patterns: list[regex.Pattern]) -> list[str]:
    """Cut text by each pattern in turn, into its matches and what lies between them.

    >>> pretokenize("in 2024", compiled("tiny"))
    ['in', ' ', '202', '4']
    """
    pieces = [text]
    for pattern in patterns:
        pieces = [part for piece in pieces for part in pattern.split(piece) if part]
    return pieces


def stored(name: str) -> str | list[str]:
    """How tokenizer.json names a way of cutting: its one pattern, or a list of them."""
    patterns = PRETOKENIZERS[name]
    return patterns[0] if len(patterns) == 1 else list(patterns)
