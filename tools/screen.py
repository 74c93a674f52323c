"""A terminal as `chat` needs it: safe letters, dim thinking, answers side by side.

Whatever a model or a file wrote is escaped before it is printed, so that it can neither
move the cursor nor change colours.
"""

import codecs
import locale
import os
import shutil
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TextIO

from r1lib.files import printable

DIM, BOLD, PLAIN = "\x1b[2m", "\x1b[1m", "\x1b[0m"
NARROWEST = 24  # letters of a column; where there are fewer, answers follow each other
BETWEEN = " | "


@dataclass(frozen=True)
class Screen:
    """Where text goes: how wide it is, whether it has colours, and its encoding."""

    file: TextIO
    width: int = 80
    colour: bool = False
    encoding: str = "utf-8"

    def safe(self, text: str) -> str:
        """Escape control characters, and letters that the terminal does not have.

        A new line stays one.
        """
        text = "\n".join(map(printable, text.split("\n")))
        return text.encode(self.encoding, "backslashreplace").decode(self.encoding)

    def write(self, text: str, style: str = "") -> None:
        """Print a text at once, in the style DIM or BOLD if the terminal has one."""
        text = self.safe(text)
        if style and self.colour and text:
            text = f"{style}{text}{PLAIN}"
        self.file.write(text)
        self.file.flush()


def of(file: TextIO) -> Screen:
    """The screen behind a file such as sys.stdout."""
    live = file.isatty()
    if live and os.name == "nt":
        os.system("")  # switches escape codes on in older consoles
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    width = shutil.get_terminal_size().columns
    return Screen(file, width, live and not plain, encoding_of(file))


def encoding_of(file: TextIO) -> str:
    """The encoding of a file, or of the terminal that it is.

    PYTHONUTF8, which r1.py sets, is about files. What the terminal shows is said by the
    locale, except on Windows, where Python writes to a console in Unicode.
    """
    named = file.encoding or "utf-8"
    if file.isatty() and os.name != "nt":
        named = locale.getencoding()
    try:
        return codecs.lookup(named).name
    except LookupError:
        return "ascii"


def cells(letter: str) -> int:
    """How many places of a line a letter takes: two for Korean, none for an accent.

    >>> cells("a"), cells("가"), cells("\u0301")
    (1, 2, 0)
    """
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


class Column:
    """Text that is wrapped at a width while it comes; each letter is dim or not."""

    def __init__(self, width: int):
        self.width, self.ended = width, False
        self.rows: list[list[tuple[str, bool]]] = [[]]

    def add(self, text: str, dim: bool) -> None:
        """Add text that is safe to print."""
        for letter in text:
            if letter == "\n":
                self.rows.append([])
                continue
            if self.used(self.rows[-1]) + cells(letter) > self.width:
                self.wrap()
            self.rows[-1].append((letter, dim))

    def used(self, row: list) -> int:
        return sum(cells(letter) for letter, _ in row)

    def wrap(self) -> None:
        """Begin a row; it takes over the word that the last one has begun."""
        row = self.rows[-1]
        spaces = [i for i, (letter, _) in enumerate(row) if letter == " "]
        cut = spaces[-1] + 1 if spaces else len(row)
        self.rows[-1:] = [row[:cut], row[cut:]]

    def has(self, number: int) -> bool:
        """Say whether a row can no longer change."""
        return self.ended or number < len(self.rows) - 1

    def row(self, number: int) -> Iterator[tuple[str, bool]]:
        """(text, dim) for the parts of a row, filled up with spaces."""
        row = self.rows[number] if number < len(self.rows) else []
        for dim, letters in groupby(row, key=lambda pair: pair[1]):
            yield "".join(letter for letter, _ in letters), dim
        yield " " * (self.width - self.used(row)), False


def column_width(screen: Screen, count: int) -> int:
    """The width of each of some columns; 0 if they would be too narrow to read."""
    width = (screen.width - len(BETWEEN) * (count - 1)) // count
    return width if width >= NARROWEST else 0


def side_by_side(screen: Screen, streams: list[Iterator[tuple[str, bool]]]) -> None:
    """Print streams of (text, dim) as columns, row by row while they come.

    Each stream gives one piece in turn. What there is when Ctrl-C comes is printed.
    """
    width, shown = column_width(screen, len(streams)), 0
    columns = [Column(width) for _ in streams]
    live = dict(zip(columns, streams, strict=True))
    try:
        while live:
            for column, pieces in list(live.items()):
                piece = next(pieces, None)
                if piece is None:
                    column.ended = True
                    del live[column]
                else:
                    column.add(screen.safe(piece[0]), piece[1])
            while shown < longest(columns) and all(c.has(shown) for c in columns):
                write_row(screen, columns, shown)
                shown += 1
    finally:
        for number in range(shown, longest(columns)):
            write_row(screen, columns, number)


def longest(columns: list[Column]) -> int:
    """How many rows the longest column has."""
    return max(len(column.rows) for column in columns)


def write_row(screen: Screen, columns: list[Column], number: int) -> None:
    """Print one row of all columns."""
    for place, column in enumerate(columns):
        screen.write(BETWEEN if place else "", DIM)
        for text, dim in column.row(number):
            screen.write(text, DIM if dim else "")
    screen.write("\n")
