"""Each answer of docs/faq.md is under the heading that it names."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROW = re.compile(
    r"^\| [^|]+ \| [^|]+ \| \[(\d\d)\]\(\.\./chapters/(\w+)\.ipynb\) \| (.+?) \|$",
    re.MULTILINE,
)
PAGE = (ROOT / "docs" / "faq.md").read_text(encoding="utf-8")
ROWS = ROW.findall(PAGE)


def test_every_row_of_the_tables_is_read():
    rows = [line for line in PAGE.splitlines() if "](../chapters/" in line]
    assert len(ROWS) == len(rows) > 20


@pytest.mark.parametrize("number, chapter, heading", ROWS)
def test_the_heading_is_in_the_chapter(number, chapter, heading):
    assert chapter.startswith(number)
    text = (ROOT / "book" / f"{chapter}.py").read_text(encoding="utf-8")
    headings = re.findall(r"^# #+ (.+)$", text, re.MULTILINE)
    assert heading in headings, f"{heading!r} is no heading of chapter {number}"
