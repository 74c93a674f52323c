"""The course: quizzes to trust, pages that agree with the book, and its tools."""

import io
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tools import course, grading, quiz, slides
from tools.book_source import read_notebook

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted(course.chapters())
QUIZZES = {name: quiz.load(name) for name in quiz.chapters()}
BY_TOPIC = ("06", "12", "13", "15")  # their questions name a topic, not a section


def asked(argv, *answers):
    """(exit code, what was printed) of the verb; then the keyboard is at its end."""
    waiting, out = iter(answers), io.StringIO()

    def read(_prompt):
        try:
            return next(waiting)
        except StopIteration:
            raise EOFError from None

    return quiz.main(argv, read, out), out.getvalue()


# ---- the quizzes --------------------------------------------------------------------


def test_every_chapter_has_its_quiz():
    assert list(QUIZZES) == CHAPTERS and len(CHAPTERS) == 16
    for name, one in QUIZZES.items():
        assert (one.chapter, one.title) == (name, course.chapters()[name][0])


@pytest.mark.parametrize("name", QUIZZES)
def test_questions_are_complete(name):
    questions = QUIZZES[name].questions
    assert len(questions) >= 8
    assert len({one.question for one in questions}) == len(questions)
    for one in questions:
        texts = {" ".join(option.lower().split()) for option in one.options}
        assert len(texts) == 4, one.question
        assert len(one.explanation) > 40 and one.where and one.question.endswith("?")
        assert all(option.strip() and option[-1] not in ".;" for option in one.options)


@pytest.mark.parametrize("name", QUIZZES)
def test_the_right_answer_cannot_be_guessed_by_its_look(name):
    questions = QUIZZES[name].questions
    places = Counter(one.answer for one in questions)
    assert max(places.values()) - min(places[i] for i in range(4)) <= 1
    longest = [
        max(one.options, key=len) == one.options[one.answer] for one in questions
    ]
    assert sum(longest) <= len(questions) / 2
    letters = "".join(one.letter for one in questions)
    assert not re.search(r"(.)\1\1", letters), letters


def test_the_first_page_of_the_course_has_every_sheet():
    text = (ROOT / "course/README.md").read_text(encoding="utf-8")
    assert [name for name in QUIZZES if f"](quizzes/{name}.md)" not in text] == []


def test_answers_are_balanced_over_all_quizzes():
    places = Counter(q.answer for one in QUIZZES.values() for q in one.questions)
    assert max(places.values()) <= 1.15 * min(places.values())


@pytest.mark.parametrize("name", QUIZZES)
def test_the_place_of_an_answer_is_in_the_chapter(name):
    (source,) = (ROOT / "book").glob(f"{name}_*.py")
    text = source.read_text("utf-8")
    places = {f"section {n}" for n in re.findall(r"^# ## (\d+)\. ", text, re.M)}
    if re.search(r"^# ## Appendix: ", text, re.M):
        places.add("the appendix")
    for one in QUIZZES[name].questions:
        assert (one.where in places) != (name in BY_TOPIC), one.where


@pytest.mark.parametrize(
    "change",
    [
        {"options": ["a", "b", "c"]},
        {"answer": 4},
        {"answer": None},
        {"hint": "no such field"},
    ],
)
def test_a_damaged_quiz_is_one_line(tmp_path, change):
    content = json.loads(quiz.folder(ROOT).joinpath("01.json").read_text("utf-8"))
    content["questions"][0] |= change
    there = quiz.folder(tmp_path)
    there.mkdir(parents=True)
    (there / "01.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match="course/quizzes/01.json is damaged"):
        quiz.load("01", tmp_path)


# ---- the verb -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "argv, said",
    [
        (["99"], "no quiz for chapter '99'; there: 01 to 16"),
        (["../../x\n"], "no quiz for chapter '../../x'"),
        ([""], "no quiz for chapter ''"),
        (["01", "--fast"], "--fast"),
        (["01", "--print", "--key"], "not allowed with"),
        (["--print"], "which chapter?"),
    ],
)
def test_what_is_wrong_is_one_line(argv, said, capsys):
    assert asked(argv) == (1, "")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("quiz: ") and said in line


def test_a_quiz_is_taken_to_its_end():
    right = [one.letter for one in QUIZZES["09"].questions]
    code, said = asked(["9"], "x", *(letter.lower() for letter in right))
    assert code == 0 and "Please type one of A, B, C, D." in said
    assert said.count("Right.") == 10 and said.endswith("10 of 10 right.\n")


def test_wrong_and_skipped_answers_get_the_reason():
    first = QUIZZES["03"].questions[0]
    wrong = "ABCD"[(first.answer + 1) % 4]
    code, said = asked(["03"], wrong, *[""] * 9)
    assert code == 0 and said.endswith("\n0 of 10 right.\n")
    assert f"The answer is {first.letter}. {first.explanation}" in said


def test_a_quiz_that_is_left_says_so(capsys):
    code, _ = asked(["03"], "A")
    assert code == 130
    assert capsys.readouterr().err.strip() == "quiz: stopped before the last question"


def test_without_a_chapter_all_are_listed():
    code, said = asked([])
    assert code == 0
    assert [line[:2] for line in said.splitlines()] == CHAPTERS


def test_a_sheet_holds_no_answers_and_the_key_all():
    questions = QUIZZES["05"].questions
    (_, sheet), (_, key) = asked(["05", "--print"]), asked(["05", "--key"])
    for one in questions:
        assert one.question in sheet and all(o in sheet for o in one.options)
        assert one.explanation in key and one.explanation not in sheet
    letters = re.findall(r"^\d+\. \*\*(.)\*\*", key, re.M)
    assert letters == [one.letter for one in questions]


# ---- pages --------------------------------------------------------------------------


def test_pages_that_are_made_are_up_to_date():
    assert course.stale() == [], "run python -m tools.course"


def test_minutes_and_chapters_of_each_syllabus_are_those_of_readme():
    known = course.chapters()
    for plan in course.syllabi():
        page = (ROOT / "course" / plan["file"]).read_text("utf-8")
        rows = re.findall(r"^\| .+? \| (\[.+?\)) \| (\d+) \|", page, re.M)
        assert len(rows) == len(plan["sessions"])
        for links, minutes in rows:
            named = re.findall(r"\[(\d\d)\]", links)
            assert int(minutes) == sum(known[name][2] for name in named)
    for name in ("syllabus-6-weeks.md", "syllabus-12-weeks.md"):
        (plan,) = (plan for plan in course.syllabi() if plan["file"] == name)
        assert [n for s in plan["sessions"] for n in s["chapters"]] == CHAPTERS


@pytest.mark.parametrize(
    "key, value, said", [("chapters", "17", "chapter 17"), ("homework", "1.9", "1.9")]
)
def test_a_syllabus_that_names_what_is_not_there_is_refused(key, value, said):
    plan = course.syllabi()[0]
    plan["sessions"][0] |= {key: [value]}
    with pytest.raises(ValueError, match=said):
        course.syllabus(plan)


def test_other_minutes_in_readme_make_a_syllabus_stale(tmp_path):
    for name in ("course", "book"):
        skip = shutil.ignore_patterns("slides")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=skip)
    text = (ROOT / "README.md").read_text("utf-8")
    minutes = course.chapters()["01"][2]
    other = text.replace(f"ipynb) | {minutes} |", f"ipynb) | {minutes + 1} |", 1)
    (tmp_path / "README.md").write_text(other, encoding="utf-8")
    assert "course/syllabus-1-day.md" in course.stale(tmp_path)
    assert course.main([], tmp_path) == 0 and course.stale(tmp_path) == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_guide_has_a_whole_page(name):
    page = (ROOT / "course/guide" / f"{name}.md").read_text("utf-8")
    parts = dict(re.findall(r"^## (.+)\n\n((?:(?!## ).*\n)+)", page, re.M))
    minutes = re.findall(r"^- (\d+) min: ", parts["A class of 90 minutes"], re.M)
    assert sum(map(int, minutes)) == 90
    assert len(re.findall(r"^- ", parts["Objectives"], re.M)) >= 3
    assert len(re.findall(r"^\| .+ \| .+ \|$", parts["Misconceptions"], re.M)) >= 5
    assert len(re.findall(r"^\d\. .+\?", parts["Discussion"], re.M)) >= 3
    assert parts["Demo"].strip()
    assert len(slides.notes(ROOT, name)) >= 5


# ---- slides -------------------------------------------------------------------------


def markdown(text, *tags):
    return {"cell_type": "markdown", "source": text, "metadata": {"tags": [*tags]}}


def test_notes_go_to_the_slide_with_their_heading():
    cells = [
        markdown("# Title", "slide"),
        markdown("## 1. The loss", "slide"),
        markdown("## 2. Hidden", "other"),
        markdown("text", "slide"),
    ]
    found = [("loss", "a"), ("hidden", "b"), ("nowhere", "c")]
    said = slides.with_notes([{}, {}, {}], cells, found)
    assert [one["notes"] for one in said] == [["c"], ["a"], ["b"]]


def test_a_slide_shows_what_folded_code_made_and_not_the_code(tmp_path):
    table = {"output_type": "execute_result", "data": {"text/markdown": "| a |\n|---|"}}
    cell = {"cell_type": "code", "source": "draw()", "outputs": [table]}
    for names, wanted in ((["slide"], True), (["slide", "hide-input"], False)):
        made = slides.slide(cell | {"metadata": {"tags": names}}, tmp_path)
        page = slides.render("slides.html.j2", title="x", slides=[made | {"notes": []}])
        assert "<th>a</th>" in page and ("draw()" in page) == wanted


def test_slides_hold_the_notes_as_text(book):
    guide = book.root / "course/guide/01.md"
    guide.parent.mkdir(parents=True)
    guide.write_text("# x\n\n## Speaker notes\n\n- **final form**: say <b>\n")
    assert slides.main(book.root) == 0
    page = (book.root / "course/slides/01_doubling.html").read_text("utf-8")
    assert page.count("<aside>") == 1 and "<aside>say &lt;b&gt;</aside>" in page


@pytest.mark.parametrize(
    "text",
    [
        "f",
        "\n\\sum_{s \\le t} a_s\n  + b",  # a formula of two lines
        r"\Big(\tfrac{a}{b} + \frac1T\Big) \bigl[ c \bigr]",
        r"\left(\frac{a}{b}\right) \leftarrow \text{all words}",
    ],
)
def test_a_formula_is_a_picture_as_large_as_the_text(text):
    drawn = slides.formula(text, {})
    assert drawn.startswith('<img style="height: ') and "svg+xml" in drawn
    height, down = re.search(
        r"height: (.+?)em; vertical-align: (.+?)em", drawn
    ).groups()
    assert 0.5 < float(height) < 4 and -2 < float(down) <= 0


def test_a_formula_that_cannot_be_drawn_is_shown_as_it_is():
    assert slides.formula(r"\nothing<", {}) == r"<code>\nothing&lt;</code>"


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_formula_of_the_slides_is_drawn(name, monkeypatch):
    plain, failed = slides.formula, []

    def formula(text, options):
        drawn = plain(text, options)
        failed.extend([text] if drawn.startswith("<code>") else [])
        return drawn

    monkeypatch.setattr(slides, "formula", formula)
    (path,) = (ROOT / "chapters").glob(f"{name}_*.ipynb")
    for cell in filter(slides.is_slide, read_notebook(path).cells):
        slides.slide(cell, path.parent)
    assert failed == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_most_notes_find_their_heading(name):
    (path,) = (ROOT / "chapters").glob(f"{name}_*.ipynb")
    cells = read_notebook(path).cells
    found = slides.notes(ROOT, name)
    many = [{} for cell in cells if slides.is_slide(cell)]
    said = slides.with_notes(many, cells, found)
    assert sum(len(one["notes"]) for one in said) == len(found)
    assert len(said[0]["notes"]) <= len(found) / 2


# ---- grading ------------------------------------------------------------------------


def test_an_assignment_is_open_and_its_tests_call_the_checks(tmp_path):
    written = grading.write("2", tmp_path)
    assert len(written) == 8
    nb = read_notebook(tmp_path / "02_tokenizer.ipynb")
    opened = grading.tagged(nb.cells, "exercise")
    assert len(opened) == 6
    assert all("NotImplementedError" in cell["source"] for cell in opened)
    assert not any(cell.get("outputs") for cell in nb.cells)
    text = (tmp_path / "tests/ex_2_1.py").read_text("utf-8")
    assert "checks.ex_2_1(*functions)" in text and "['change']" in text
    compile(text, "ex_2_1.py", "exec")


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_chapter_can_be_an_assignment(name, tmp_path):
    tests = [path for path in grading.write(name, tmp_path) if path.suffix == ".py"]
    assert len(tests) >= 4


def test_wrong_arguments_of_grading_are_one_line(tmp_path, capsys):
    assert grading.main(["77", str(tmp_path)]) == 1
    (tmp_path / "results.json").write_text('{"tests": [{"score": 1}]}')
    assert grading.main(["report", str(tmp_path / "results.json")]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert "no chapter '77'" in first and "no result of otter" in second


def test_the_report_says_what_the_checks_said(tmp_path, capsys):
    wrong = "x AssertionError: Exercise 2.1: not right yet - a | b"
    rows = [
        {"name": "Public Tests", "output": "all"},
        {"name": "exercise 2.1", "score": 0, "max_score": 1, "output": wrong},
        {"name": "exercise 2.2", "score": 2.0, "max_score": 2, "output": "fine"},
    ]
    (tmp_path / "r.json").write_text(json.dumps({"tests": rows}))
    assert grading.main(["report", str(tmp_path / "r.json")]) == 0
    said = capsys.readouterr().out
    assert "| exercise 2.1 | 0 of 1 | not right yet - a \\| b |" in said
    assert "| exercise 2.2 | 2 of 2 | correct |" in said
    assert "In all: 2 of 3 points." in said
