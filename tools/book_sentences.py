"""Rules about the English prose: how long a sentence may be, and words to avoid.

A sentence has 30 words at most. A code span, a formula, an address and a quotation
count as one word; tables, blocks of code, headings, block quotes and pictures are no
prose. An item of a list is a paragraph of its own.
"""

import re
from collections.abc import Iterator

from tools.book_chapter import Chapter
from tools.book_form import wanted
from tools.book_language import prose_cells
from tools.book_source import Book

WORDS = 30  # of a sentence, at most
PAGES = ("README.md", "CHANGELOG.md", "docs/*.md")
AVOID = re.compile(r"\b(that which|told|stands(?! for\b)|a hand on|signs)\b", re.I)
ALLOWED = re.compile(r"\b(both|dollar|plus|minus) signs\b", re.I)  # signs of numbers

# What is no word becomes one word, which begins with a capital as a sentence may.
BLOCKS = (
    (re.compile(r"^ *```.*?^ *```|<!--.*?-->", re.S | re.M), "\n\n"),
    (
        re.compile(r"<summary>.*?</summary>|</?(?:details|br|p|div)\b[^>]*>", re.S),
        "\n\n",
    ),
    (re.compile(r"\$\$.*?\$\$(?=\s*[A-Z])", re.S), "Formula.\n"),
    (re.compile(r"\$\$.*?\$\$", re.S), "Formula"),
)
SPANS = (
    (re.compile(r"!\[[^\]]*\]\([^)]*\)"), ""),
    (re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)"), "Code"),
    (re.compile(r"(?<![\\$])\$(?=[^\s$])[^$]*?(?<=[^\s\\$])\$(?!\d)"), "Formula"),
    (re.compile(r"\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"<?https?://[^\s>)]+>?"), "Address"),
    (re.compile(r"[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}"), ""),
    (re.compile(r'["“][^"”]*?([.?!…])["”](?=\W+[A-Z])'), r"Quotation\1"),
    (re.compile(r'["“][^"”]*["”]'), "Quotation"),
)
ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
NO_PROSE = re.compile(r"\s*(?:\||#{1,6} |>|---+\s*$|<(?:img|a|/a)\b)")
# A full stop ends a sentence, unless it belongs to a short form; the other marks end
# one where no small letter follows.
SHORT = "e.g i.e vs cf al Fig fig Eq eq Sec sec Ch ch Dr Mr Mrs St resp approx".split()
STOP = "".join(rf"(?<!\b{re.escape(short)})" for short in SHORT) + r"(?<!\.)\."
END = re.compile(rf"(?:{STOP}|(?:\.\.\.|[?!…])(?=\W*\s[^a-z\s]))[)\]’']*\s+")


def paragraphs(text: str) -> Iterator[str]:
    """The paragraphs of prose in a page of Markdown, each on one line.

    >>> list(paragraphs("# Head\\n\\nOne\\ntwo.\\n\\n    code\\n\\n- three\\n- four"))
    ['One two.', 'three', 'four']
    """
    held: list[str] = []
    for pattern, instead in BLOCKS:
        text = pattern.sub(instead, text)
    after_blank, in_list = True, False
    for row in [*text.splitlines(), ""]:
        item, blank = ITEM.match(row), not row.strip()
        code = row.startswith("    ") and after_blank and not in_list
        if held and (item or blank or NO_PROSE.match(row)):
            yield " ".join(held)
            held = []
        after_blank = blank or code
        in_list = bool(item) or in_list and (blank or row.startswith(" "))
        if not (blank or code or NO_PROSE.match(row)):
            held.append(ITEM.sub("", row).strip())


def plain(paragraph: str) -> str:
    """A paragraph with one word in place of each code span, formula and quotation."""
    for pattern, instead in SPANS:
        paragraph = pattern.sub(instead, paragraph)
    return paragraph


def sentences(text: str) -> Iterator[str]:
    """The sentences of a page of Markdown, in order, without its markup.

    >>> list(sentences("It is 0.5, e.g. here. `x` is *not*! So (see Fig. 3) it ends."))
    ['It is 0.5, e.g. here.', 'Code is not!', 'So (see Fig. 3) it ends.']
    """
    for paragraph in map(plain, paragraphs(text)):
        start = 0
        for found in END.finditer(paragraph):
            yield paragraph[start : found.end()].strip()
            start = found.end()
        if paragraph[start:].strip():
            yield paragraph[start:].strip()


def count(sentence: str) -> int:
    """How many words a sentence has; a dash or an arrow is none."""
    return sum(any(map(str.isalnum, word)) for word in sentence.split())


def faults(text: str) -> Iterator[str]:
    """What is wrong with the sentences of a page, one line each."""
    for sentence in sentences(text):
        begins = " ".join(sentence.split()[:6])
        if (words := count(sentence)) > WORDS:
            yield f"{words} words, at most {WORDS} wanted: {begins!r}"
        for found in AVOID.finditer(ALLOWED.sub("", sentence)):
            yield f"{found[0]!r} is a word to avoid: {begins!r}"


def plain_pages(book: Book) -> list[str]:
    """The sentences of README.md and docs/ are short, in plain words."""
    return [
        f"{path.relative_to(book.root).as_posix()}: {fault}"
        for pattern in PAGES
        for path in sorted(book.root.glob(pattern))
        for fault in faults(path.read_text("utf-8"))
    ]


def plain_chapters(chapters: list[Chapter]) -> list[str]:
    """The sentences of the chapters are short, in plain words."""
    return [
        f"{label}: cell {name}: {fault}"
        for label, nb in wanted(chapters)
        for name, cell in prose_cells(nb).items()
        for fault in faults(cell.source)
    ]
