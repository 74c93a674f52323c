"""How mathematics is written: plain numbers, and text -> tokens of one notation.

LaTeX, signs and units are rewritten so that each thing is written in one way only.
Digits and nesting are bounded here, before anything is computed.
"""

import re
from fractions import Fraction

from r1lib.trees import Refused

DEEPEST = 30  # nesting of brackets
DIGITS = 12  # digits of one number

FUNCTIONS = ("sqrt", "sin", "cos", "tan", "ln")
GREEK = "alpha beta gamma delta theta lambda mu phi omega sigma rho pi infty".split()
BETWEEN_ANSWERS = ("or", "and", "to", "vs", "not", "nor", "but", "if", "is", "by")
UNITS = {  # name -> what it measures, and how many of the first of its kind it is
    name: (kind, Fraction(size))
    for kind, units in {
        "length": "mm 1 cm 10 m 1000 meters 1000 km 1000000",
        "mass": "mg 1 g 1000 grams 1000 kg 1000000",
        "time": "s 1 seconds 1 min 60 minutes 60 h 3600 hours 3600 days 86400",
        "volume": "ml 1 mL 1 l 1000 L 1000 liters 1000",
        "angle": "degrees 1",
        "money": "cents 1 dollars 100",
        "won": "won 1 원 1",
        "things": "개 1",
        "people": "people 1 명 1",
        "any": "units 1",
    }.items()
    for name, size in zip(units.split()[::2], units.split()[1::2], strict=True)
}
TEXT = r"\\(?:text|mathrm|mbox|textbf)\s*\{([^{}]*)\}"
REWRITE = [  # one way to write each thing; the rest of the file knows only that one
    (r"^\$+|\$+$|^\\\(|\\\)$|^\\\[|\\\]$", ""),
    (TEXT, r" ⟨\1⟩ "),
    (r"\\left(?![a-z])|\\right(?![a-z])|\\[,;:! ]|~|\\q?quad(?![a-z])", " "),
    (r"\\[dtc]frac(?![a-z])", r"\\frac"),
    (r"(?<=\d)\{,\}(?=\d)", ","),
    (r"\\([%$])", r"\1"),
    (r"\\(?:cdot|times)(?![a-z])|[×·]", "*"),
    (r"\\div(?![a-z])", "/"),
    (r"−", "-"),
    (r"∞", r"\\infty "),
    (r"π", r"\\pi "),
    (r"\^\s*\{\s*\\circ\s*\}|\^\s*\\circ(?![a-z])|°", " ⟨degrees⟩ "),
    (r"\\(?:emptyset|varnothing)(?![a-z])", r"\\{\\}"),
    (r"(\\frac)\s*(\d)\s*(?=[\d{])", r"\1{\2}"),
    (r"(\\frac\{[^{}]*\})\s*(\d)", r"\1{\2}"),
    (r"(\\sqrt)\s*(\d)", r"\1{\2}"),
    (r"^\s*(?:[A-Za-z]\s*(?:=|\\in(?![a-z])))", ""),
]
THOUSANDS = re.compile(
    r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?)(?![\d,])", flags=re.ASCII
)
TOKEN = re.compile(
    r"(?P<number>\d+(?:\.\d+)?|\.\d+)|(?P<command>\\(?:[A-Za-z]+|[{}]))"
    r"|(?P<word>[A-Za-z]+|[가-힣]+)|⟨(?P<unit>[^⟨⟩]*)⟩|(?P<sign>[-+*/^(){}\[\],%$])",
    flags=re.ASCII,
)


def parse_number(text: str) -> Fraction | None:
    """Read one number exactly: 1/2, 0.5, 1,000, 10%, x=3, $5; else None."""
    text = text.strip().strip("$").strip()
    text = re.sub(r"^[A-Za-z]\s*=\s*", "", text)
    form = r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?(\s*/\s*[1-9]\d*)?%?"
    if len(text) > 2 * DIGITS or not re.fullmatch(form, text, flags=re.ASCII):
        return None
    percent = text.endswith("%")
    top, _, bottom = text.rstrip("%").replace(",", "").partition("/")
    number = Fraction(top.strip()) / (Fraction(bottom.strip()) if bottom else 1)
    return number / 100 if percent else number


def plain(text: str) -> str:
    """Rewrite LaTeX and signs so that each thing is written in one way only.

    >>> plain(r"$x = \\dfrac12$")
    '\\\\frac{1}{2}'
    """
    text = text.strip()
    for pattern, new in REWRITE:
        text = re.sub(pattern, new, text).strip()
    return text


def wording(text: str) -> str:
    """Return an answer in words without what LaTeX puts around it."""
    return re.sub(TEXT, r"\1", text).strip().strip("$").strip()


def tokens(text: str) -> list[tuple[str, str]]:
    """Cut text into (kind, text) tokens; thousands may have commas outside brackets."""
    found, at, depth = [], 0, 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        match = (depth == 0 and THOUSANDS.match(text, at)) or TOKEN.match(text, at)
        if not match:
            raise Refused(f"no such sign: {text[at]!r}")
        kind, word = match.lastgroup, match[match.lastgroup].strip()
        depth += (word in ("(", "[", "{", "\\{")) - (word in (")", "]", "}", "\\}"))
        if not 0 <= depth <= DEEPEST or sum(map(str.isdigit, word)) > DIGITS:
            raise Refused("nested too deep, closed too often, or too many digits")
        found += _spell(kind, word.replace(",", "") if kind == "number" else word)
        at = match.end()
    return found


def _spell(kind: str, word: str) -> list[tuple[str, str]]:
    """Say what a token means; a short word is variables side by side."""
    if kind == "unit" or (kind == "word" and len(word) > 1 or ord(word[0]) > 127):
        if word in UNITS:
            return [("unit", word)]
    if kind == "command" or word in (*FUNCTIONS, "pi"):
        word = word.removeprefix("\\")
        if word in FUNCTIONS:
            return [("function", word)]
        if word in GREEK:
            return [("name", word)]
        if word in ("frac", "{", "}", "cup"):
            return [("sign", "\\" + word)]
        raise Refused(f"no such command: {word}")
    if kind == "unit":  # \text{...} around something that is no unit
        return tokens(word)
    if kind != "word":
        return [(kind, word)]
    if len(word) > 3 or word in BETWEEN_ANSWERS or not word.isascii():
        raise Refused(f"a word, not mathematics: {word}")
    return [("name", letter) for letter in word]
