"""Command lines of the verbs: what is wrong with one is said in one line."""

import argparse
from collections.abc import Callable

from r1lib.files import line


class Parser(argparse.ArgumentParser):
    """A parser whose errors begin with `name` and end with a `hint`, in one line.

    A description is shown as it is written.
    """

    def __init__(self, *arguments, name: str = "r1", hint: str = "", **options):
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(*arguments, **options)
        self.name, self.hint = name, f" ({hint})" if hint else ""

    def error(self, message: str):
        """Say what is wrong, without the whole usage, and exit with 2."""
        self.exit(2, f"{self.name}: {line(message)}{self.hint}\n")


def at_least(least: int) -> Callable[[str], int]:
    """What turns a word of a command line into a whole number, `least` or more.

    >>> at_least(1)("3")
    3
    """

    def number(text: str) -> int:
        digits = text.isascii() and text.isdecimal() and len(text) <= 9
        if not digits or int(text) < least:
            wanted = f"wanted a whole number, {least} or more"
            raise argparse.ArgumentTypeError(f"{wanted}, got {text[:40]!r}")
        return int(text)

    return number
