"""The last number of a text, whole or not at all.

A piece of a number is no number: not the 3 of `2/3`, the 4 of `pages 3-4`, the 30 of
`3:30`, the 5 of `1e5` or the 2 of `x_2`. Where a number may be a piece of something,
or one of two answers, nothing is returned.
"""

import re

from r1lib.verifiers.notation import GAP
from r1lib.verifiers.units import UNITS

REACH = 200  # characters that are looked at before and behind the last digit

DIGIT = re.compile(r"[\d²³¹⁰⁴-⁹₀-₉½¼¾⅐-⅞①-⑳]")
WHOLE = rf"(?:\d{{1,3}}(?:(?:,|{GAP})\d{{3}})+(?!\d)|\d+)"
DECIMAL = rf"(?:{WHOLE}(?:\.\d+)?|\.\d+)"
NUMBER = re.compile(
    rf"[-+−]?(?:\d+ \d+/\d+|{DECIMAL}(?:(?:/| / ){DECIMAL})?)(?:\s?\\?%|°)?",
    flags=re.ASCII,
)
MARKS = re.compile(r"(?:\*{1,3}|_{1,2}|`|\"|'|\$\$?|\\\$|(?:\\\(|\\\[)\s?)?$")
CLOSING = re.compile(r"(?:\*{1,3}|_{1,2}|`|\"|'|\$\$?|\s?\\[)\]])?")
EMPHASIS = ("*", "**", "***", "_", "__", "`", '"', "'")
JOINED = r"(?:,|;|&|~|/|\b(?:or|and|to|vs|through|by)\b|또는|혹은|이나|와|과)"
UNIT_WORDS = "|".join(sorted((u for u in UNITS if u.isalpha()), key=len, reverse=True))
MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    "|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
WORDS_BEFORE = (
    "about|around|approximately|roughly|nearly|almost|approx|not|minus|plus|times|over"
    "|under|negative|least|most|than|above|below|between|from|root|power|mod|modulo"
    "|choose|half|point|comma|base|and a|hundred|thousand|million|maybe|perhaps"
    "|possibly|probably|step|pages?|chapter|section|figure|table|version|problem"
    "|question|example|line|case|part"
)
WORDS_AFTER = (
    "hundred|thousand|million|billion|trillion|dozen|percent|per|hal(?:f|ves)|thirds?"
    "|quarters?|fourths?|fifths?|tenths?|hundredths?|squared|cubed|factorial|choose"
    "|times|over|plus|minus|mod|modulo|point|or|to|am|pm|a\\.m|p\\.m|and (?:an?|one|two"
    "|three) |o'clock|st|nd|rd|th|vs|divided|multiplied|more|less"
)
BAD_BEFORE = re.compile(
    rf"[-+−–—‐‑‒*/×·÷^_<>≤≥≠≈~±|(\[{{\\&#√§№]\s*$"  # an operator or an open bracket
    rf"|[\d)\]}}%°]\s*(?:,\s*)?{JOINED}\s*(?:\w{{1,9}}\s*=)?\s*$"  # of two answers
    r"|\d[.):]?\s*$"  # two numbers side by side
    rf"|\d\s*(?:{UNIT_WORDS})\s*(?:,|and)?\s*$"  # 2 hours 30 minutes
    r"|(?<![A-Za-z'’])[A-Za-z]\s*,?\s*$"  # x 4
    rf"|\b(?:{WORDS_BEFORE}|{MONTHS})\.?\s+$"
    r"|(?:약|대략|거의|마이너스|영하|최소|최대|제)\s*$",
    flags=re.IGNORECASE,
)
GOOD_BEFORE = re.compile(r"(?:^|\s|[=:가-힣!?;,.])$")
GOOD_AFTER = re.compile(r"$|\s|[.,;:](?=\s|$|\*\*|\$|\\[)\]])|[가-힣。]")
BAD_AFTER = re.compile(
    rf"\s*(?:[-+−–*/×·÷^_=<>≤≥≠≈~±|√\\({{\[%°!?]"
    r"|[A-Za-z](?![A-Za-z'])"  # 4 x
    rf"|(?:{WORDS_AFTER}|{MONTHS})(?![A-Za-z])"
    r"|[만억조천백십년월일시분초배](?!간)|번째|번|째|또는|혹은|이나|분의|에서|부터|퍼센트|도(?:\s|$))",
    flags=re.IGNORECASE,
)


def last_number(text: str) -> str | None:
    """Return the last number of a text as it is written there, or None.

    >>> last_number("first 3, then 5, so 1,234"), last_number("It is −4.")
    ('1,234', '−4')
    >>> last_number("pages 3-4"), last_number("at 3:30"), last_number("2 or 3")
    (None, None, None)
    """
    last = max((match.start() for match in DIGIT.finditer(text)), default=None)
    if last is None:
        return None
    start = max(0, last - REACH)
    window = text[start : last + REACH]
    for match in NUMBER.finditer(window):
        if match.start() <= last - start < match.end():
            return _whole(window, match, cut=start > 0)
    return None


def _whole(text: str, match: re.Match, cut: bool) -> str | None:
    """Return the number if what is around it leaves it a number of its own."""
    if cut and match.start() == 0:
        return None
    before, behind = text[: match.start()], text[match.end() :]
    opened, closed = MARKS.search(before)[0], CLOSING.match(behind)[0]
    if (opened in EMPHASIS or closed in EMPHASIS) and closed != opened:
        return None
    before, behind = before.removesuffix(opened), behind.removeprefix(closed)
    if not GOOD_BEFORE.search(before) or BAD_BEFORE.search(before):
        return None
    if not GOOD_AFTER.match(behind) or BAD_AFTER.match(behind):
        return None
    return match[0]
