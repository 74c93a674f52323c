"""The Korean edition: prose by cell, code and outputs of the English notebook."""

import re
from pathlib import Path

import nbformat
import pytest
from tiny_book import chapter, edit

from tools import book as tool
from tools import book_language
from tools.book_check import problems
from tools.book_language import LANGUAGES, prose_cells, read
from tools.book_source import Book, BookError, number_of, read_notebook

ROOT = Path(__file__).resolve().parent.parent
PROSE = {
    "0.1": "# 두 배\n\n![점 두 개가 점 네 개가 됩니다](../figures/dots.png)",
    "1.1": "## 완성된 꼴",
    "2.1": "## 더 많이",
    "5.1": "## 요약\n\n[읽어 보기](../README.md), [이 장](01_doubling.ipynb)",
}
LINKS = "[Read it](../README.md), [this chapter](01_doubling.ipynb)"
KO = "ko/01_doubling"


def write(book, prose):
    path = book.root / f"book/{KO}.md"
    path.parent.mkdir(exist_ok=True)
    blocks = [f"<!-- cell {name} -->\n\n{text}\n" for name, text in prose.items()]
    path.write_text("\n".join(blocks), encoding="utf-8")
    return path


@pytest.fixture
def korean(book):
    """The tiny book with a translation of all that it says but its exercises."""
    edit(book.sources()[0], "Doubling is easy.", LINKS)
    nb = read_notebook(chapter(book))
    for cell in nb.cells:
        cell.source = cell.source.replace(
            "Doubling is easy.",
            "[Read it](../README.md), [this chapter](01_doubling.ipynb)",
        )
    tool.write(nb, chapter(book))
    write(book, PROSE)
    tool.build_language(book, "ko")
    return book


def built(book):
    return nbformat.read(book.root / f"chapters/{KO}.ipynb", as_version=4)


def found(book):
    return problems(book).get("translations_fresh", [])


def rebuild_english(book):
    """Give the English notebook the text of its source; the outputs stay."""
    want = tool.notebook(book, book.sources()[0], "chapters")
    nb = read_notebook(chapter(book))
    by_place = [cell for cell in nb.cells if cell.cell_type == "code"]
    for cell, old in zip(
        [cell for cell in want.cells if cell.cell_type == "code"], by_place, strict=True
    ):
        cell.outputs, cell.execution_count = old.outputs, old.execution_count
    tool.write(want, chapter(book))
    tool.write_translations(book, "ko")


def test_a_whole_translation_is_fresh_and_says_nothing_in_english(korean):
    assert found(korean) == []
    nb = built(korean)
    text = "\n".join(c.source for c in nb.cells if c.cell_type == "markdown")
    assert "# 두 배" in text and "Doubling" not in text and "## Summary" not in text
    assert (
        text.count("[차례](../../README.ko.md) | [English](../01_doubling.ipynb)") == 2
    )


def test_code_and_outputs_are_those_of_the_english_notebook(korean):
    mine = [c for c in built(korean).cells if c.cell_type == "code"]
    theirs = [c for c in read_notebook(chapter(korean)).cells if c.cell_type == "code"]
    assert mine[0].execution_count is None and "os.chdir" in mine[0].source
    assert mine[1:] == theirs


def test_the_added_cell_goes_to_the_english_folder_and_only_once(
    korean, monkeypatch, capsys
):
    monkeypatch.chdir(korean.root / "chapters/ko")
    code = next(c.source for c in built(korean).cells if c.cell_type == "code")
    for _ in range(2):
        exec(code, {})
        assert Path.cwd() == (korean.root / "chapters").resolve()


def test_links_lead_where_the_english_ones_lead(korean):
    text = "\n".join(c.source for c in built(korean).cells)
    assert "](../../figures/dots.png)" in text and "](../../README.md)" in text
    assert "[이 장](01_doubling.ipynb)" in text
    edit(korean.root / f"book/{KO}.md", "../README.md", "../none.md")
    assert "cell 5.1 has other links than the English" in found(korean)[0]


def test_a_picture_is_not_stored_twice(korean):
    nb = read_notebook(chapter(korean))
    cell = next(c for c in nb.cells if c.source.startswith("print(3"))
    data = {"image/png": "iVBORw0KGgo=", "text/plain": "<Picture>"}
    shown = {"image/png": {"alt": "Three dots in a row"}}
    cell.outputs = [nbformat.v4.new_output("display_data", data=data, metadata=shown)]
    tool.write(nb, chapter(korean))
    tool.write_translations(korean, "ko")
    (said,) = next(
        c.outputs for c in built(korean).cells if c.source.startswith("print(3")
    )
    assert set(said.data) == {"text/markdown", "text/plain"}
    assert "](../01_doubling.ipynb)의 `In [7]`" in said.data["text/markdown"]
    assert "Three dots in a row" in said.data["text/markdown"]


def test_a_missing_cell_is_in_english_with_a_mark(korean):
    write(korean, {name: text for name, text in PROSE.items() if name != "2.1"})
    tool.build_language(korean, "ko")
    assert found(korean) == []
    cell = prose_cells(built(korean))["2.1"]
    mark = LANGUAGES["ko"].missing.format(name="2.1")
    assert cell.source == f"> {mark}\n\n## More of it"


def test_a_cell_whose_english_changed_is_named_and_shown_in_english(korean):
    edit(korean.sources()[0], "# ## More of it", "# ## Much more of it")
    rebuild_english(korean)
    (line,) = found(korean)
    assert line.startswith("book/ko/01_doubling.md: the English of cell 2.1 changed")
    cell = prose_cells(built(korean))["2.1"]
    assert LANGUAGES["ko"].changed.format(name="2.1") in cell.source
    assert "## Much more of it" in cell.source and "더 많이" not in cell.source
    now = re.search(r"write ([0-9a-f]{8}),", line)[1]
    path = korean.root / f"book/{KO}.md"
    path.write_text(
        re.sub(r"cell 2\.1 \w+", f"cell 2.1 {now}", path.read_text("utf-8"))
    )
    tool.build_language(korean, "ko")
    assert found(korean) == []
    assert prose_cells(built(korean))["2.1"].source == "## 더 많이"


def test_a_cell_that_is_gone_is_named(korean):
    edit(korean.sources()[0], "# %% [markdown]\n# ## More of it\n", "")
    rebuild_english(korean)
    assert "book/ko/01_doubling.md: cell 2.1 ('## 더 많이') is gone" in found(korean)


def test_a_cell_that_moved_keeps_its_translation(korean):
    head = "# %% [markdown]\n# ## More of it\n"
    edit(korean.sources()[0], head, "# %% [markdown]\n# ## New\n\n" + head)
    rebuild_english(korean)
    assert found(korean) == []
    cells = prose_cells(built(korean))
    assert cells["3.1"].source == "## 더 많이"
    assert LANGUAGES["ko"].missing.format(name="2.1") in cells["2.1"].source


def test_a_notebook_that_is_stale_or_absent_is_named(korean):
    path = korean.root / f"chapters/{KO}.ipynb"
    edit(path, "## 더 많이", "## 더")
    assert (
        "its notebook is stale: python r1.py build --language ko 01" in found(korean)[0]
    )
    path.unlink()
    assert "it has no notebook" in found(korean)[0]


def test_the_english_build_brings_the_korean_notebook_up_to_date(korean, monkeypatch):
    edit(korean.root / f"book/{KO}.md", "## 더 많이", "## 훨씬 더")
    monkeypatch.setattr(tool, "is_fresh", lambda *_: True)  # nothing to execute
    tool.build(korean)
    assert prose_cells(built(korean))["2.1"].source == "## 훨씬 더"


def test_a_cell_without_a_digest_is_named_until_it_is_built(korean):
    path = write(korean, PROSE)
    assert (
        "cell 0.1 has no digest: python r1.py build --language ko" in found(korean)[0]
    )
    tool.build_language(korean, "ko", "01")
    assert found(korean) == [] and all(piece.digest for piece in read(path))


@pytest.mark.parametrize(
    "text, said",
    [
        ("hello\n<!-- cell 0.1 -->\n", "text before the first"),
        ("<!-- cell 0.1 -->\na\n<!-- cell 0.1 -->\nb\n", "cell 0.1 is there twice"),
    ],
)
def test_a_damaged_translation_is_named(korean, text, said):
    (korean.root / f"book/{KO}.md").write_text(text, encoding="utf-8")
    assert said in found(korean)[0]
    with pytest.raises(BookError, match=said):
        tool.build_language(korean, "ko")


def test_a_name_that_no_cell_has_cannot_be_built(korean):
    write(korean, PROSE | {"9.9": "어디에도 없는 글"})
    with pytest.raises(BookError, match=r"there is no cell 9\.9"):
        tool.build_language(korean, "ko")


def test_an_unknown_language_is_one_line(korean, capsys, monkeypatch):
    monkeypatch.setattr(tool, "ROOT", korean.root)
    assert tool.main(["build", "--language", "xx", "01"]) == 1
    assert capsys.readouterr().err == "r1: there is no language 'xx'; one of: ko\n"
    assert tool.main(["build", "--language", "ko", "07"]) == 1
    assert capsys.readouterr().err == "r1: there is no book/ko/07_*.md\n"


def test_folders_and_files_that_belong_to_nothing_are_named(korean):
    for name in ("book/xx/01_doubling.md", "book/ko/05_none.md"):
        (korean.root / name).parent.mkdir(exist_ok=True)
        (korean.root / name).write_text("<!-- cell 0.1 -->\n")
    (korean.root / "chapters/ko/06_none.ipynb").write_text("{}")
    assert problems(korean)["translations_known"] == [
        "book/xx is no language that the tools know",
        "book/ko/05_none.md belongs to no chapter",
        "chapters/ko/06_none.ipynb has no translation",
    ]


# ---- the committed edition ---------------------------------------------------------


def test_a_committed_translation_is_mostly_korean():
    """A few cells may wait for a translator; a chapter in English needs no edition."""
    book = Book(ROOT)
    sources = book_language.translated(book, "ko")
    assert {"01", "09"} <= {number_of(source) for source in sources}
    for source in sources:
        cells = prose_cells(read_notebook(book.output("chapters", source)))
        pieces = read(book_language.translation(book, "ko", source))
        fresh = book_language.match(pieces, cells).fresh
        assert len(fresh) > 0.8 * len(cells), source.stem


def test_the_korean_readme_names_every_translation_and_is_linked():
    text = (ROOT / "README.ko.md").read_text("utf-8")
    made = sorted(path.name for path in (ROOT / "chapters/ko").glob("*.ipynb"))
    assert len(made) >= 2
    assert [name for name in made if f"](chapters/ko/{name})" not in text] == []
    assert "](README.ko.md)" in (ROOT / "README.md").read_text("utf-8")
