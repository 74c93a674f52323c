"""What the book's tool makes of a source, shown on a tiny book."""

import ast
import platform
import subprocess
import sys

import nbformat
import pytest
import tiny_book
from tiny_book import chapter, edit

from tools import book as tool
from tools import run_tests, slides
from tools.book_chapter import python_source, without_magics
from tools.book_check import problems
from tools.book_source import BookError, links, number_of, opened_metadata, stub


def source_of(book, kind="chapters"):
    nb = nbformat.read(chapter(book, kind), as_version=4)
    return [cell.source for cell in nb.cells]


def test_fresh_book_has_no_problems(book):
    assert problems(book) == {}


def test_second_build_executes_nothing(book, capsys):
    before = chapter(book).read_bytes()
    assert tool.build(book) == 0
    assert "built" not in capsys.readouterr().out
    assert chapter(book).read_bytes() == before


def outputs_of(book, kind="chapters"):
    nb = nbformat.read(chapter(book, kind), as_version=4)
    return [(c.execution_count, c.outputs) for c in nb.cells if c.cell_type == "code"]


def test_new_prose_keeps_the_outputs_and_executes_nothing(book, monkeypatch):
    before = outputs_of(book)
    edit(book.sources()[0], "# # Doubling\n", "# # Doubling anew\n")
    monkeypatch.setattr(tool, "execute", None)
    assert tool.build(book, prose=True) == 0
    assert any("# Doubling anew" in source for source in source_of(book))
    assert outputs_of(book) == before and any(outputs for _, outputs in before)
    assert problems(book) == {}


@pytest.mark.parametrize(
    "place, old, new, said",
    [
        ("source", "double(21)", "double(22)", "its code changed"),
        ("r1lib/numbers.py", "return STEP * x", "return x * STEP", "its code changed"),
        ("artifacts/base/weights", "1 2 3", "1 2 4", "what it reads changed"),
    ],
)
def test_prose_alone_is_refused_where_code_or_data_changed(book, place, old, new, said):
    before = chapter(book).read_bytes()
    path = book.sources()[0] if place == "source" else book.root / place
    edit(path, old, new)
    with pytest.raises(BookError, match=f"{said}: build it without --prose"):
        tool.build(book, "01", prose=True)
    assert chapter(book).read_bytes() == before


def test_final_cell_is_the_library_without_docstring(book):
    assert (
        "# r1lib.numbers.double\n"
        "def double(x: int) -> int:\n"
        "    # a comment that stays\n"
        "    return STEP * x"
    ) in source_of(book)


def test_chapter_has_stubs_and_solutions_have_answers(book):
    stubbed = 'def half_1(x):\n    raise NotImplementedError("exercise: your turn")'
    assert stubbed in source_of(book)
    assert "def half_1(x):\n    return x / STEP" in source_of(book, "solutions")


def test_solutions_hold_only_what_exercises_need(book):
    sources = source_of(book, "solutions")
    assert "# Solutions: Doubling" in sources
    assert "## Exercises" in sources
    assert not any("double(21)" in source for source in sources)


def test_code_of_a_folded_cell_is_hidden_until_it_is_opened(book):
    edit(book.sources()[0], 'tags=["setup"]', 'tags=["setup", "hide-input"]')
    for kind in ("chapters", "solutions"):
        cells = tool.notebook(book, book.sources()[0], kind).cells
        hidden = [c for c in cells if c.metadata.get("jupyter", {}) != {}]
        assert [c.metadata["tags"] for c in hidden] == [["setup", "hide-input"]]
        assert hidden[0].metadata["jupyter"] == {"source_hidden": True}


def test_cell_ids_depend_on_their_own_text_only(book):
    before = {c.id for c in nbformat.read(chapter(book), as_version=4).cells}
    edit(book.sources()[0], "## More of it", "## Even more")
    want = tool.notebook(book, book.sources()[0], "chapters")
    assert len(before - {cell.id for cell in want.cells}) == 1


def test_failing_cell_is_named(book, capsys):
    edit(book.sources()[0], "print(3, ", "print(1 / 0, ")
    with pytest.raises(
        BookError, match=r"01_doubling.py: .*In \[7\] failed(.|\n)*1 / 0"
    ):
        tool.build(book)


def test_stderr_is_refused(book):
    edit(book.sources()[0], "print(3, ", "import sys; print('oh', file=sys.stderr); (")
    with pytest.raises(BookError, match=r"In \[7\] wrote to stderr:\noh"):
        tool.build(book)


LIVE = "{'application/vnd.jupyter.widget-view+json': {'model_id': 'x'}, %s}"


def test_of_a_widget_only_the_still_form_is_kept(book):
    bundle = LIVE % "'text/html': '<b>42</b>', 'text/plain': '42'"
    edit(book.sources()[0], "double(21)", f"display({bundle}, raw=True)")
    tool.build(book)
    cells = nbformat.read(chapter(book), as_version=4).cells
    (output,) = next(c.outputs for c in cells if c.source.startswith("display("))
    assert output.data == {"text/html": "<b>42</b>", "text/plain": "42"}


def test_a_widget_without_a_still_form_is_refused(book):
    bundle = LIVE % "'text/plain': 'Slider()'"
    edit(book.sources()[0], "double(21)", f"display({bundle}, raw=True)")
    with pytest.raises(BookError, match=r"In \[3\] shows a widget without a still"):
        tool.build(book)


def test_new_neighbour_changes_the_line_of_links_only(book):
    second = book.root / "book/02_halving.py"
    second.write_text("# %% [markdown]\n# # Halving\n", encoding="utf-8")
    assert "the line of links is old" in str(problems(book)["links_fresh"])
    before = nbformat.read(chapter(book), as_version=4)
    tool.refresh(book)
    after = nbformat.read(chapter(book), as_version=4)
    line = "[Contents](../README.md) | [Halving >](02_halving.ipynb)"
    assert after.cells[0].source == after.cells[-1].source == line
    assert after.cells[1:-1] == before.cells[1:-1]
    assert "outputs_fresh" not in problems(book)


def test_metadata_that_jupyterlab_would_add_is_written_without_running(book):
    whole = chapter(book).read_text(encoding="utf-8")
    nb = nbformat.read(chapter(book), as_version=4)
    assert nb.metadata.language_info.version == platform.python_version()
    del nb.metadata["language_info"]
    tool.write(nb, chapter(book))
    (said,) = problems(book)["opened_without_a_change"]
    assert said.startswith("chapters/01_doubling: its kernelspec or language_info")
    assert tool.build(book) == 0
    assert chapter(book).read_text(encoding="utf-8") == whole


def test_metadata_is_what_the_kernel_says():
    from ipykernel.ipkernel import IPythonKernel

    assert opened_metadata()["language_info"] == IPythonKernel.language_info


@pytest.mark.parametrize(
    "code",
    [
        "# BEGIN SOLUTION\nx = 1\n# END SOLUTION",
        "def f():\n    # BEGIN SOLUTION\n    return 1",
        "def f():\n    # END SOLUTION\n    return 1",
        "def f():\n    # BEGIN SOLUTION\n    # BEGIN SOLUTION\n    # END SOLUTION",
    ],
)
def test_broken_solution_region_is_an_error(code):
    with pytest.raises(BookError):
        stub(code)


@pytest.mark.parametrize(
    "line, reason",
    [
        ("# r1lib.numbers.triple", "does not define triple"),
        ("# r1lib.letters.a", "not a top-level name"),
        ("# r1lib.numbers.double\nx = 1", "holds only such lines"),
    ],
)
def test_broken_final_cell_is_a_problem(book, line, reason):
    edit(book.sources()[0], "# r1lib.numbers.double", line)
    assert reason in problems(book)["sources_readable"][0]


def test_slides_are_one_file_with_everything_inside(book):
    prose = "Twice: $2x$ and <script>alert(1)</script>"
    edit(chapter(book), "## The final form", f"## The final form\\n\\n{prose}")
    assert slides.main(book.root) == 0
    page = (book.root / "course/slides/01_doubling.html").read_text(encoding="utf-8")
    assert page.count("<section>") == 3
    assert "data:image/svg+xml" in page and "data:image/png" in page
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    assert 'src="../' not in page and "http" not in page
    assert '<pre class="out">42</pre>' in page


OTHER = ["[]", "null", "{}", "3", "{", '{"cells": 3, "nbformat": 4}', '{"cells": []}']


@pytest.mark.parametrize("text", [*OTHER, '{"cells": [{}], "nbformat": 4}'])
def test_a_notebook_of_another_kind_is_one_line(book, capsys, text):
    chapter(book).write_text(text)
    (said,) = problems(book)["sources_readable"]
    assert said.startswith("chapters/01_doubling.ipynb is damaged: ")
    assert slides.main(book.root) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("r1: chapters/01_doubling.ipynb is damaged: ")


@pytest.mark.parametrize(
    "code",
    [
        "x = (10\n     % 7)",
        "x = (10\n% 7)\ny = (\n    3\n    % 2\n)",
        "x = 10 \\\n% 7",
        "text = '''\n% 7\n!ls\n%time\n'''",
        "if True:\n    x = [\n        1,\n        5\n        % 3,\n    ]",
    ],
)
def test_lines_that_look_like_magics_stay(code):
    assert without_magics(code) == code


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("!ls -l", "pass"),
        ("if True:\n    %time f()\n    y = 2", "if True:\n    pass\n    y = 2"),
        ("%%bash\nls\n% 7", "pass"),
        ("names = !ls\nx = (9\n% 7)", "pass\nx = (9\n% 7)"),
    ],
)
def test_magics_are_left_out(code, wanted):
    assert without_magics(code) == wanted


def test_the_source_of_a_chapter_keeps_its_expressions(book):
    source = book.sources()[0]
    old = source.read_text(encoding="utf-8")
    source.write_text(f"{old}\n# %%\nrest = (\n    10\n    % 7\n)\n", "utf-8")
    code = python_source(book, source)
    assert "    10\n    % 7\n" in code and ast.parse(code)


def test_an_appendix_needs_no_exercises_no_slides_and_no_solutions(book):
    text = tiny_book.chapter_text().partition("# ## Exercises")[0]
    text = text.replace('"slide", ', "").replace(' tags=["slide"]', "")
    (book.root / "book/B_more.py").write_text(text, encoding="utf-8")
    (source,) = book.sources("B")
    assert book.sources()[-1] == source and number_of(source) == "B"
    assert links(book, source, "chapters").source == "[Contents](../README.md)"
    assert problems(book) == {
        "both_notebooks_exist": [
            "chapters/B_more.ipynb is missing: python r1.py build B"
        ],
        "listed_in_readme": ["README.md does not link to chapters/B_more.ipynb"],
    }


@pytest.mark.parametrize("number", ["99", "x", "\x1b[2J" + "9" * 999, "[0-9]"])
def test_a_chapter_that_is_not_there_is_one_line(capsys, number):
    assert tool.main(["build", number]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("r1: there is no book/") and len(said) < 300


def test_a_folder_that_cannot_be_written_is_one_line(capsys, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied", "chapters")

    monkeypatch.setattr(tool, "build", refuse)
    assert tool.main(["build"]) == 1
    assert capsys.readouterr().err == "r1: Permission denied: chapters\n"


def nbval(book, *folders):
    """Run a book's notebooks as `python r1.py test` runs ours."""
    flags = ["-q", "--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider"]
    flags += run_tests.WORKERS  # each notebook whole, in one of them
    return subprocess.run(
        [sys.executable, "-m", "pytest", *flags, *folders],
        cwd=book.root,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_stubs_and_solutions_pass_nbval(book):
    done = nbval(book, "chapters", "solutions")
    assert done.returncode == 0 and "25 passed" in done.stdout


@pytest.mark.slow
def test_solution_that_is_wrong_fails_nbval(book):
    edit(chapter(book, "solutions"), "return x / STEP", "raise NotImplementedError")
    done = nbval(book, "solutions")
    assert done.returncode == 1 and "4 failed" in done.stdout
