"""How mathematics is written: plain numbers, and text -> tokens of one notation.

LaTeX, signs and units are rewritten so that each thing is written in one way only.
Digits and nesting are bounded here, before anything is computed.
"""

import re
from fractions import Fraction

from r1lib.verifiers.trees import Refused
from r1lib.verifiers.units import UNITS, unit_of

DEEPEST = 30  # nesting of brackets
DIGITS = 12  # digits of one number

FUNCTIONS = ("sqrt", "sin", "cos", "tan", "ln")
GREEK = "alpha beta gamma delta theta lambda mu phi omega sigma rho pi infty".split()
BETWEEN_ANSWERS = ("or", "and", "to", "vs", "not", "nor", "but", "if", "is", "by")
VARIABLES = frozenset("pqrstuvwxyz")  # these letters make a product on their own
# What LaTeX and print write between thousands.
GAP = r"(?:\{,\}|,\s*\\!\s*|\\,\s*|[\u2009\u202f])"
TEXT = r"\\(?:text|textrm|textbf|textit|mathrm|mbox)\s*\{([^{}]*)\}"
LETTER = rf"[A-Za-z]|\\(?:{'|'.join(GREEK)})"
INDEX = r"_\s*(?:\w|\{\s*\w{1,3}\s*\})"
NAME = re.compile(
    rf"\s*((?:{LETTER})(?:\s*{INDEX}|\s*\(\s*[a-z]\s*\))?)\s*(?:=|\\in(?![a-z]))"
)
STYLE = r"\\(?:left|right|displaystyle|textstyle|limits|[bB]igg?[lr]?)(?![A-Za-z])\.?"
NEEDLESS = re.compile(  # braces of one word behind what takes no argument
    r"([<>≤≥≠=+*/-]|\\(?:angle|triangle|log|ln|sin|cos|tan|pm|mp))\s*\{\s*(\w+)\s*\}"
)
WRAPPED = r"\$\$(.*)\$\$|\$(.*)\$|\\\((.*)\\\)|\\\[(.*)\\\]"
REWRITE = [  # one way to write each thing; the rest of the file knows only that one
    (r"\\\\(?:\[[^\[\]]*\])?", " ¶ "),  # the end of a matrix row, before spaces go
    (TEXT, r" ⟨\1⟩ "),
    (r"(\d),?\s*\\!\s*(?=\d)|(\d)\{,\}(?=\d)", r"\1\2 ¦ "),  # no thousands: refused
    (r"\\!", ""),
    (rf"{STYLE}|\\[,;: ]|~|\\q?quad(?![a-z])", " "),
    (r"\\[dtc]frac(?![a-z])", r"\\frac"),
    (r"\\[dt]binom(?![a-z])", r"\\binom"),
    (r"\\%|⟨\s*per\s?cent\s*⟩|(?<=\d)\s*percent\b", "%"),
    (r"\\\$", "$"),
    (r"\\(?:cdot|times)(?![a-z])|[×·]", "*"),
    (r"\\div(?![a-z])|÷", "/"),
    (r"−", "-"),
    (r"∞", r"\\infty "),
    (r"π", r"\\pi "),
    (r"\\geq?(?![a-z])|\\geqslant(?![a-z])|≥", "≥"),
    (r"\\leq?(?![a-z])|\\leqslant(?![a-z])|≤", "≤"),
    (r"\\neq?(?![a-z])|≠", "≠"),
    (r"\\lt(?![a-z])", "<"),
    (r"\\gt(?![a-z])", ">"),
    (r"\^\s*\{\s*\\circ\s*\}|\^\s*\\circ(?![a-z])|°", " ⟨degrees⟩ "),
    (r"\\(?:emptyset|varnothing)(?![a-z])|∅", r"\\{\\}"),
    (r"(\\frac|\\binom)\s*(\d)\s*(?=[\dA-Za-z\\{])", r"\1{\2}"),
    (r"(\\(?:frac|binom)\{[^{}]*\})\s*(\d)", r"\1{\2}"),
    (r"(\\sqrt)\s*(\d)", r"\1{\2}"),
    (r"(?<=[A-Za-z^_}])\{\{([^{},]*)\}\}", r"{\1}"),  # needless braces
    (r"(?<![\\A-Za-z^_}\]])\{(\w+)\}(?=\s*[\^_])", r"\1"),
]
REWRITE = [(re.compile(pattern), new) for pattern, new in REWRITE]
LATEX_THOUSANDS = re.compile(
    rf"(?<![\d.,])(?<!\\!)\d{{1,3}}(?:{GAP}\d{{3}})+(?!\d|,\d{{3}}(?!\d)|{GAP}\d)",
    flags=re.ASCII,
)
THOUSANDS = re.compile(
    r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?)(?![\d,])", flags=re.ASCII
)
TOKEN = re.compile(
    r"(?P<number>\d+(?:\.\d+)?|\.\d+)|(?P<command>\\(?:[A-Za-z]+|[{}]))"
    r"|(?P<word>[A-Za-z]+|[가-힣]+|¢)|⟨(?P<text>[^⟨⟩]*)⟩|(?P<sign>[-+*/^(){}\[\],%$])",
    flags=re.ASCII,
)


def parse_number(text: str) -> Fraction | None:
    """Read one number exactly: 1/2, 0.5, 1,000, 10%, x=3, $5; else None."""
    text = re.sub(r"(?<!\.)\.(\$?)$", r"\1", text.strip()).strip("$").strip()
    text = re.sub(r"^[A-Za-z]\s*=\s*", "", text).replace("−", "-").replace("\\%", "%")
    text = join_thousands(text)
    form = r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?(\s*/\s*[1-9]\d*)?%?"
    if len(text) > 2 * DIGITS or not re.fullmatch(form, text, flags=re.ASCII):
        return None
    percent = text.endswith("%")
    top, _, bottom = text.rstrip("%").replace(",", "").partition("/")
    number = Fraction(top.strip()) / (Fraction(bottom.strip()) if bottom else 1)
    return number / 100 if percent else number


def join_thousands(text: str) -> str:
    """Close the gaps that LaTeX and print leave between thousands.

    >>> join_thousands(r"10,\\!080"), join_thousands(r"1{,}000.5")
    ('10080', '1000.5')
    """
    return LATEX_THOUSANDS.sub(lambda match: re.sub(GAP, "", match[0]), text)


def name_of(text: str) -> str | None:
    """Return the name in front of an answer, x of `x = 3`; None where there is none."""
    match = NAME.match(clean(text))
    return re.sub(r"[\s{}]", "", match[1]) if match else None


def clean(text: str) -> str:
    """Rewrite LaTeX and signs so that each thing is written in one way only."""
    text = _unwrapped(join_thousands(text.strip()))
    for pattern, new in REWRITE:
        text = pattern.sub(new, text)
    return text.strip()


def plain(text: str) -> str:
    """Rewrite LaTeX and signs, and drop a name in front.

    >>> plain(r"$x = \\dfrac12$")
    '\\\\frac{1}{2}'
    """
    text = clean(text)
    return text[match.end() :].strip() if (match := NAME.match(text)) else text


def _unwrapped(text: str) -> str:
    """Drop the signs of a formula around the whole text, and one full stop."""
    for _ in range(2):
        if not text.endswith(".."):
            text = text.removesuffix(".").strip()
        match = re.fullmatch(WRAPPED, text, flags=re.DOTALL)
        inside = next((part for part in match.groups() if part), "") if match else "$"
        if not re.search(r"(?<!\\)\$|\\[()\[\]](?!\s*\d+pt)", inside):
            text = inside.strip()
    return text


def wording(text: str) -> str:
    """Return an answer in words, without what LaTeX puts around it or ignores.

    >>> wording("x > 3"), wording(r"\\text{Monday}."), wording("x^{2} ")
    ('x>3', 'Monday', 'x^2')
    """
    text = re.sub(r"⟨\s*([^⟨⟩]*?)\s*⟩", r" \1 ", clean(text))
    text = re.sub(r"([\^_])\s*\{\s*(\w)\s*\}", r"\1\2", text)
    text = NEEDLESS.sub(r"\1 \2", text)
    text = re.sub(r"¶(?=\s*\\end)", "", " ".join(text.split()))
    text = re.sub(r"(\\[A-Za-z]+) (?![A-Za-z])|(?<=\d) (?=[A-Za-z])", r"\1", text)
    return re.sub(r"(?<!\w) | (?!\w)", "", text)


def tokens(text: str) -> list[tuple[str, str]]:
    """Cut text into (kind, text) tokens; thousands may have commas outside brackets."""
    parts, at, depth = [], 0, 0
    alone = not re.search(r"[^A-Za-z\s]", text)  # nothing but letters
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        match = (depth == 0 and THOUSANDS.match(text, at)) or TOKEN.match(text, at)
        if not match:
            raise Refused(f"no such sign: {text[at]!r}")
        kind, word = match.lastgroup, match[match.lastgroup].strip()
        if kind in ("word", "text") and unit_of(text[at:]):
            return [*parts, ("unit", text[at:])]
        depth += (word in ("(", "[", "{", "\\{")) - (word in (")", "]", "}", "\\}"))
        if not 0 <= depth <= DEEPEST or sum(map(str.isdigit, word)) > DIGITS:
            raise Refused("nested too deep, closed too often, or too many digits")
        if kind == "word" and alone and text.strip() != word[:1]:
            _want_variables(word)
        parts += _spell(kind, word.replace(",", "") if kind == "number" else word)
        at = match.end()
    return parts


def _want_variables(word: str) -> None:
    """Refuse letters that may be a word: xy is a product, but cat is not."""
    if word not in FUNCTIONS and word != "pi" and not VARIABLES.issuperset(word):
        raise Refused(f"a word, not a product: {word}")


def _spell(kind: str, word: str) -> list[tuple[str, str]]:
    """Say what a token means; a short word is variables side by side."""
    if kind == "command" or word in (*FUNCTIONS, "pi"):
        word = word.removeprefix("\\")
        if word in FUNCTIONS:
            return [("function", word)]
        if word in GREEK:
            return [("name", word)]
        if word in ("frac", "{", "}", "cup"):
            return [("sign", "\\" + word)]
        raise Refused(f"no such command: {word}")
    if kind == "text":  # \text{...} around a number or the letter of a choice
        if re.search(r"[A-Za-z]\s*[A-Za-z]", word):
            raise Refused(f"text, not mathematics: {word}")
        return tokens(word)
    if kind != "word":
        return [(kind, word)]
    short = len(word) == 1 or (len(word) <= 3 and word.islower())
    unit = len(word) > 1 and word in UNITS  # of a text that is no quantity: 3 cm^4
    if not short or unit or word in BETWEEN_ANSWERS or not word.isascii():
        raise Refused(f"a word, not mathematics: {word}")
    return [("name", letter) for letter in word]
