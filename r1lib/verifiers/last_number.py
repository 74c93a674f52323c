"""The last number of a text, whole or not at all.

A piece of a number is no number: not the 3 of `2/3`, the 4 of `pages 3-4`, the 30 of
`3:30`, the 5 of `1e5` or the 2 of `x_2`. Where the last number may be a piece of
something, or one of two answers, nothing is returned.
"""

import re

from r1lib.verifiers.notation import GAP
from r1lib.verifiers.units import UNITS

REACH = 200  # characters that are looked at before and behind the last digit

DIGIT = re.compile(r"[\d²³¹⁰⁴-⁹₀-₉½¼¾⅐-⅞①-⑳]")
WHOLE = rf"(?:\d{{1,3}}(?:(?:,|{GAP})\d{{3}})+(?!\d)|\d+)"
DECIMAL = rf"(?:{WHOLE}(?:\.\d+)?|\.\d+)"
NUMBER = re.compile(
    rf"[-+−]?(?:\d+ \d+/\d+|{DECIMAL}(?:(?:/| / ){DECIMAL})?)"
    r"(?:\s?\\?%|°|\^\{?\\circ\}?)?",
    flags=re.ASCII,
)
MARKS = re.compile(  # what is written around a number and is no part of it
    r"(?m:^[^\S\n]*(?:#{1,6}|\*)[^\S\n])|\\?\$|\\[()\[\];: ]|\\q?quad(?![a-z])"
    r"|\\(?:text|textbf|mathrm|mbox)\{"
    r"|(?<![A-Za-z\d_*])(\*{1,3}|__?|[`\"'])(?=[^\s*])[^*_`\"'\n]{1,99}(?<=\S)\1"
    r"(?![A-Za-z\d_*])"
)
UNIT = "|".join(sorted((u for u in UNITS if u.isalpha()), key=len, reverse=True))
UNIT = rf"(?:(?:{UNIT})(?![A-Za-z])|년|월|일|시간?|분)"
LARGE = "hundred|thousand|million|billion|trillion|dozen"
PART = "hal(?:f|ves)|thirds?|quarters?|fourths?|fifths?|tenths?|hundredths?"
BETWEEN = (  # two numbers: a range, a list, a ratio, a formula in words
    r",|;|:|&|~|\b(?:and|to|up to|vs|through|by|over|out of|in|times|plus|minus|mod)\b"
    r"|이?나|[와과대]|에서|부터|분의"
)
BAD_BEFORE = re.compile(
    r"[-+−–—‐‑‒*/×·÷^_<≤≥≠≈~±|(\[{&#√§№]\s*$|(?<![-=])>\s*$"  # an operator, a bracket
    r"|[<>!/~]=\s*$|\\(?!implies|therefore|[Rr]ightarrow)(?:.|[A-Za-z]*)\s*$"
    rf"|[\d)\]}}%°]\s*\(?(?:,\s*)?(?i:{BETWEEN})\s*(?:\w{{1,9}}\s*=)?\s*$"
    r"|[\d)\]}%°]\s*\(?(?:[^\W\d]+\s*)?,?\s*(?i:\bor\b|또는|혹은)\s*(?:\w+\s*=?\s*){0,2}$"
    r"|\d[.)]?[^\S\n]*\Z"  # two numbers side by side
    rf"|\d\s*{UNIT}(?:\s*and)?\s*$"  # 2 hours 30 minutes
    r"|\d(?:st|nd|rd|th)?\s+(?:of\s+)?[A-Z][a-z]+,?\s+$"  # 6 May 2024
    r"|(?<![A-Za-z'’])(?!a\s)[A-Za-z]\s*,?\s*$"  # x 4
    rf"|(?i:\b(?:about|around|approximately|approx|roughly|nearly|almost|not|instead of"
    r"|minus|negative|plus|times|power|mod|modulo|over|under|above|below|than"
    rf"|{LARGE})\.?\s+$)"
    r"|n['’]t\s+$|(?:약|대략|거의|마이너스|영하|제)\s*$",
)
GOOD_BEFORE = re.compile(r"(?:^|\s|[=:가-힣!?;,.>])$")
GOOD_AFTER = re.compile(r"$|\s|[.,;:](?=\s|$)|[가-힣。]|\\,")
BAD_AFTER = re.compile(
    r"\s*(?:[-+−–*/×·÷^_=<>≤≥≠≈~±|√{\[%°!?]|\\(?!,)|\((?!\w\w)|\((?i:mod|or)\b"
    r"|(?!(?:a|I)\s)[A-Za-z](?![A-Za-z'])"  # 4 x
    rf"|(?i:(?:and )?(?:(?:an?|one|two|three|four)[ -])?(?:{PART}|{LARGE})\b"
    r"|(?:or|per ?cent|squared|cubed|factorial|choose|plus|minus|mod|modulo|st|nd|rd|th"
    r"|divided|multiplied)\b)"
    r"|[만억조천백십]|번째|째|또는|혹은|이나|분의|퍼센트"
    r"|[가-힣]?\s?(?:이상|이하|초과|미만|쯤|정도|가량))"
)


def last_number(text: str) -> str | None:
    """Return the last number of a text as it is written there, or None.

    >>> last_number("first 3, then 5, so **1,234**"), last_number("It is −4.")
    ('1,234', '−4')
    >>> last_number("pages 3-4"), last_number("at 3:30"), last_number("2 or 3")
    (None, None, None)
    """
    last = max((match.start() for match in DIGIT.finditer(text)), default=None)
    if last is None:
        return None
    start = max(0, last - REACH)
    window = text[start : last + REACH]
    bare = MARKS.sub(_blank, window)
    for match in NUMBER.finditer(bare):
        if match.start() <= last - start < match.end():
            whole = match[0] == window[slice(*match.span())] and _is_whole(bare, match)
            return match[0] if whole and not (start and match.start() == 0) else None
    return None


def _blank(match: re.Match) -> str:
    """Write spaces for marks; what emphasis is around stays."""
    if not match[1]:
        return " " * len(match[0])
    size = len(match[1])
    return " " * size + match[0][size:-size] + " " * size


def _is_whole(text: str, match: re.Match) -> bool:
    """Say whether what is around a number leaves it a number of its own."""
    before, behind = text[: match.start()], text[match.end() :]
    if behind.startswith(")") and re.search(r"(?:^|[\s=:])\($", before):  # is (4)
        before, behind = before[:-1], behind[1:]
    if re.search(rf"\d\s*{UNIT},\s*$", before) and re.match(rf"\s*{UNIT}", behind):
        return False
    good = GOOD_BEFORE.search(before) and GOOD_AFTER.match(behind)
    return bool(good) and not (BAD_BEFORE.search(before) or BAD_AFTER.match(behind))
