"""What `check` finds, shown on spoiled copies of a tiny book."""

import json
import re

import nbformat
import pytest
from tiny_book import chapter, edit

from tools import book as tool
from tools import provenance
from tools.book_check import problems
from tools.book_outputs import WIDGET_VIEW


def change_outputs(book, change):
    """Apply change(cell) to the code cells of the chapter as it lies on disk."""
    path = chapter(book)
    nb = nbformat.read(path, as_version=4)
    for cell in nb.cells:
        if cell.cell_type == "code":
            change(cell)
    nbformat.write(nb, path)


STALE = {
    "source": ("book/01_doubling.py", "double(21)", "double(20)"),
    "prose": ("book/01_doubling.py", "Doubling is easy", "Doubling is not easy"),
    "tag": ("book/01_doubling.py", '"slide", "nbval', '"nbval'),
    "library": ("r1lib/numbers.py", "return STEP * x", "return x * STEP"),
    "result": ("results/data/one.json", '"n": 1', '"n": 2'),
    "artifact": ("artifacts/base/weights", "1 2 3", "1 2 4"),
}


@pytest.mark.parametrize("what", STALE)
def test_stale_after_an_edit(book, what):
    path, old, new = STALE[what]
    edit(book.root / path, old, new)
    named = {"artifact": "artifacts changed", "result": "results changed"}
    named = named.get(what, "source changed")
    assert named in problems(book)["outputs_fresh"][0]
    assert not tool.is_fresh(book, book.sources()[0])


@pytest.mark.parametrize(
    "path, old, new",
    [
        ("r1lib/numbers.py", "Twice a number", "Two times a number"),
        ("r1lib/numbers.py", "(x: int) -> int", "(x: float) -> float"),
        ("r1lib/numbers.py", "return x\n", "return x + 1\n"),
        ("artifacts/other/weights", "4 5 6", "4 5 7"),
    ],
    ids=["docstring", "hint", "unused function", "unused artifact"],
)
def test_code_and_artifacts_fresh_after_a_harmless_edit(book, path, old, new):
    edit(book.root / path, old, new)
    found = "".join(problems(book).get("outputs_fresh", []))
    assert "code changed" not in found and "artifacts changed" not in found


def test_comment_in_a_final_cell_needs_a_build(book):
    edit(book.root / "r1lib/numbers.py", "a comment that stays", "another comment")
    assert "r1lib.numbers.double" in problems(book)["inputs_equal_source"][0]


def tamper(cell):
    for output in cell.outputs:
        if output.get("text") == "3 base\n":
            output["text"] = "4 base\n"


def add_output(**output):
    def change(cell):
        if cell.source.startswith("print(3"):
            cell.outputs = [nbformat.v4.new_output(**output)]

    return change


def unrun(cell):
    if cell.source.startswith("print(3"):
        cell.execution_count = None


def say_right(cell):
    if "check" in cell.metadata.get("tags", []):
        cell.outputs[0]["text"] = "Exercise 1.1: correct\n"


SPOILED = {
    "outputs_fresh": tamper,
    "executed_in_order": unrun,
    "no_errors_no_stderr": add_output(output_type="stream", name="stderr", text="oh"),
    "no_private_paths": add_output(output_type="stream", text="in /home/anna/r1lib"),
    "exact_outputs": lambda cell: cell.outputs.clear(),
    "small_files": add_output(output_type="stream", text="x" * 1_000_001),
    "checks_say_what_they_should": say_right,
}


@pytest.mark.parametrize("rule", SPOILED)
def test_spoiled_output_is_found(book, rule):
    change_outputs(book, SPOILED[rule])
    assert "chapters/01_doubling" in problems(book)[rule][0]


def test_an_address_in_memory_is_found(book):
    change_outputs(book, add_output(output_type="stream", text="<Generator at 0x7f2a>"))
    assert "at 0x7f2a>" in problems(book)["no_private_paths"][0]


def test_a_live_widget_and_its_state_are_found(book):
    view = {WIDGET_VIEW: {"model_id": "x"}, "text/plain": "Slider()"}
    change_outputs(book, add_output(output_type="display_data", data=view))
    path = chapter(book)
    nb = nbformat.read(path, as_version=4)
    nb.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}
    nbformat.write(nb, path)
    state, live = problems(book)["no_live_views"]
    assert "keeps the state" in state and "In [7] shows a live widget" in live


def test_error_output_is_found(book):
    change_outputs(book, add_output(output_type="error", ename="E", evalue="oh"))
    assert "In [7] failed" in problems(book)["no_errors_no_stderr"][0]


def test_edited_notebook_is_found(book):
    edit(chapter(book), "double(21)", "double(22)")
    assert "'double(22)'" in problems(book)["inputs_equal_source"][0]


FORM = {
    "head_table": ("| Tier | laptop |", "| Level | laptop |"),
    "short_cells": ("print(3, ", "\n" * 40 + "print(3, "),
    "images_local_with_alt": ("Two dots become four dots", "dots"),
    "summary_and_questions": ("# 3. When?", "# When?"),
    "exercises": ("**Exercise 1.2** (easy, 5 min)", "**Exercise 1.2** (easy)"),
    "slides": ('tags=["slide"]', 'tags=["picture"]'),
}


@pytest.mark.parametrize("rule", FORM)
def test_breach_of_form_is_found(book, rule):
    edit(book.sources()[0], *FORM[rule])
    assert "chapters/01_doubling" in problems(book)[rule][0]


@pytest.mark.parametrize(
    "old, new",
    [
        ("../figures/dots.png", "../figures/none.png"),
        ("../figures/dots.png", "https://example.org/dots.png"),
        ("![Two dots become four dots](", '<img src="x.png">![Two dots become four]('),
    ],
)
def test_image_that_is_not_ours_is_found(book, old, new):
    edit(book.sources()[0], old, new)
    assert problems(book)["images_local_with_alt"]


@pytest.mark.parametrize("lost", ["# BEGIN SOLUTION", 'tags=["check"]'])
def test_exercise_without_solution_or_check_is_found(book, lost):
    text = book.sources()[0].read_text()
    for mark in (lost, "# END SOLUTION") if "SOLUTION" in lost else (lost,):
        text = re.sub(re.escape(mark), "", text, count=1)
    book.sources()[0].write_text(text)
    assert "exercise 1.1: no cell" in problems(book)["exercises"][0]


def test_missing_notebook_leftover_and_unlisted_chapter_are_found(book):
    chapter(book).rename(chapter(book).with_name("05_old.ipynb"))
    (book.root / "README.md").write_text("nothing, see [there](docs/none.md)")
    found = problems(book)
    assert "01_doubling.ipynb is missing" in found["both_notebooks_exist"][0]
    assert "05_old.ipynb has no source" in found["no_leftovers"][0]
    assert "01_doubling.ipynb" in found["listed_in_readme"][0]
    assert "docs/none.md" in str(found["local_links"])


def test_what_jupyterlab_leaves_beside_an_opened_file_is_no_problem(book):
    opened = [chapter(book), book.root / "results/data/one.json"]
    opened += [book.root / "artifacts/base/weights"]
    for path in opened:
        copy = path.with_name(".ipynb_checkpoints") / f"{path.stem}-checkpoint"
        copy.parent.mkdir()
        copy.with_suffix(path.suffix).write_bytes(path.read_bytes())
    assert chapter(book).read_text("utf-8").count("](../") > 1  # wrong from the copy
    assert problems(book) == {}
    (book.root / "results/data/.ipynb_checkpoints/old.json").write_text("{}")
    assert problems(book) == {}


def test_check_prints_each_problem_and_fails(book, capsys):
    edit(book.root / "artifacts/base/weights", "1 2 3", "1 2 4")
    assert tool.book_check.report(book) == 1
    assert "artifacts changed since it was executed: base" in capsys.readouterr().out


# ---- result files ------------------------------------------------------------------


def write_result(book, **content):
    path = book.root / "results/data/P1.json"
    path.write_text(json.dumps({"P1": content}))


def whole_result(book):
    made = provenance.block(["base"], book.root) | {"commit": "0123abc"}
    return {"command": "python -m results.x 0", "seeds": [0], "provenance": made}


@pytest.mark.parametrize("lost", ["command", "seeds", "provenance"])
def test_result_without_its_origin_is_found(book, lost):
    content = whole_result(book)
    del content[lost]
    write_result(book, **content)
    assert lost in problems(book)["results_fit"][0]


def test_result_goes_stale_with_its_weights_and_not_with_code(book):
    write_result(book, **whole_result(book))
    edit(book.root / "r1lib/numbers.py", "STEP = 2", "STEP = 3")
    assert "results_fit" not in problems(book)
    edit(book.root / "artifacts/base/weights", "1 2 3", "1 2 4")
    assert "artifact base changed" in problems(book)["results_fit"][0]


@pytest.mark.parametrize(
    "key, value, said",
    [
        ("commit", "yesterday", "is no commit"),
        ("commit", None, "provenance lacks commit"),
        ("versions", [], "provenance lacks versions"),
        ("weights", {"zero": "0"}, "artifact zero is gone"),
    ],
)
def test_provenance_that_says_nothing_is_found(book, key, value, said):
    content = whole_result(book)
    content["provenance"][key] = value
    write_result(book, **content)
    assert said in problems(book)["results_fit"][0]


def test_a_result_of_an_older_form_is_one_line_that_says_what_to_do(book):
    """It had a digest of the code in place of a commit."""
    old = {"digest": "0" * 64, "measured at": "0123456789ab"}
    write_result(book, **whole_result(book) | {"provenance": old})
    (line,) = problems(book)["results_fit"]
    assert "provenance lacks commit, versions, weights" in line
    assert line.endswith("an older form, measure it again")


@pytest.mark.parametrize(
    "command, said",
    [
        ("python -m results.y 0", "no results/y.py"),
        ("python x.py", "runs no script"),
        ("python -m 'results.x", "No closing quotation"),
    ],
)
def test_command_that_nobody_can_run_is_found(book, command, said):
    write_result(book, **whole_result(book) | {"command": command})
    assert said in problems(book)["results_fit"][0]


def test_what_waits_for_the_next_edition_is_checked_and_read_by_no_chapter(book):
    folder = book.root / "results/data" / provenance.NEXT
    folder.mkdir()
    before = provenance.stored(book.root / "results/data")
    whole = {"provenance": {"edition": int(provenance.NEXT)}}
    (folder / "zero-0.json").write_text(json.dumps(whole))
    assert "next_edition_is_whole" not in problems(book)
    assert provenance.stored(book.root / "results/data") == before
    (folder / "zero-1.json").write_text(json.dumps({"provenance": {"edition": 1}}))
    (folder / "zero-2.json").write_text(json.dumps(whole | {"at": "/home/me/x"}))
    old, private = problems(book)["next_edition_is_whole"]
    assert "zero-1.json: wanted edition 2, got 1" in old
    assert "shows a path of this machine" in private


def test_artifact_that_differs_from_the_manifest_is_found(book):
    right = provenance.folder_digest(book.root / "artifacts/base/weights")
    manifest = {"base": {"sha256": {"weights": right}}, "gone": {"sha256": {"w": "0"}}}
    (book.root / "artifacts/manifest.json").write_text(json.dumps(manifest))
    edit(book.root / "artifacts/base/weights", "1 2 3", "1 2 4")
    assert problems(book)["artifacts_fit"] == [
        "artifacts/base/weights differs from the manifest",
        "artifacts/gone/w is missing",
        "artifacts/other is not in the manifest",
    ]


def test_a_chapter_that_mixes_editions_is_found(book):
    """A result that names no edition is of the first."""
    edit(book.sources()[0], '"one.json"', '"one.json", "two.json"')
    content = whole_result(book)
    write_result(book, **content)
    other = book.root / "results/data/two.json"
    for edition, said in ((1, None), (2, "one is of 1, two is of 2")):
        content["provenance"]["edition"] = edition
        other.write_text(json.dumps(content))
        found = problems(book).get("one_edition", [""])[0]
        assert found.endswith(said) if said else not found
    edit(book.sources()[0], '"one.json", "two.json"', '"one.json"')
    assert "one_edition" not in problems(book)


@pytest.mark.parametrize("edition", ["two", 0, True, [1]])
def test_an_edition_that_is_none_is_found(book, edition):
    content = whole_result(book)
    content["provenance"]["edition"] = edition
    write_result(book, **content)
    assert "is no edition" in problems(book)["results_fit"][0]
