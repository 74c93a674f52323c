"""`python r1.py chat`: text in, text out, without a terminal. The models are tiny."""

import io
import shutil
import sys

import pytest
import small
import torch

from r1lib import artifacts, hub
from r1lib.tokenizer import EOS, Tokenizer
from r1lib.tokenizer.chat import CLOSE, OPEN
from r1lib.world import arithmetic
from tools import chat, screen, talkers

TOKENIZER = Tokenizer([])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run whose base is finished: a model of random weights, and what it reads."""
    run = tmp_path_factory.mktemp("run")
    hub.save(small.model(small.DENSE), run / "base", TOKENIZER)
    (run / "base.json").write_text("{}")
    (run / "settings.json").write_text("{}")
    return run


class Writes(torch.nn.Module):
    """A head that makes a model write one text, whatever it is asked."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.count = [*TOKENIZER.encode(text, True), EOS], 0

    def forward(self, states):
        if states.dim() == 2:  # the last state of a prompt: a new answer
            self.count = 0
        logits = torch.zeros(*states.shape[:-1], TOKENIZER.vocab_size)
        logits[..., self.ids[self.count]] = 50.0
        self.count += 1
        return logits


def scripted(text, name="model"):
    model = small.model(small.DENSE)
    model.head = Writes(text)
    return talkers.Talker(name, model, TOKENIZER)


def typed(*lines):
    """Someone at the keyboard: an exception among the lines is raised."""
    waiting = iter([*lines, EOFError()])

    def read(_prompt):
        said = next(waiting)
        if isinstance(said, BaseException):
            raise said
        return said

    return read


def talk(read, *argv):
    """Run the program; return (exit code, what it printed)."""
    file = io.StringIO()
    code = chat.main([str(word) for word in argv], read, file)
    return code, file.getvalue()


def asked(models, *lines, width=80, colour=False, encoding="utf-8", drawn=()):
    """What is printed when these lines are asked of these models."""
    file = io.StringIO()
    there = screen.Screen(file, width, colour, encoding)
    questions = chat.questions(there, typed(*lines), True, iter(drawn))
    assert chat.Asking(there, models, 0.0).all(questions, True) == 0
    return file.getvalue()


# ---- what is printed -------------------------------------------------------------


def test_an_answer_is_printed_as_it_is_written_with_its_length():
    found = asked([scripted(f"{OPEN}3+4=7{CLOSE}7.")], "3+4?")
    assert f"\n{OPEN}3+4=7{CLOSE}7.\n[10 tokens, 7 of them thinking]\n" in found


def test_thinking_is_dim_where_there_are_colours_and_nowhere_else():
    model = scripted(f"{OPEN}a{CLOSE}b")
    found = asked([model], "x", colour=True)
    dim = [f"{screen.DIM}{part}{screen.PLAIN}" for part in (OPEN, "a", CLOSE)]
    assert "".join(dim) + "b" in found
    assert "\x1b" not in asked([model], "x")


@pytest.mark.parametrize("colour", [False, True])
def test_a_model_cannot_write_to_the_terminal(colour):
    hostile = "\x1b[2J\x1b]0;title\x07\r\x9b31m\u202eback\u200b\x00"
    found = asked([scripted(hostile)], "x", colour=colour)
    for code in (screen.DIM, screen.BOLD, screen.PLAIN):
        found = found.replace(code, "")
    assert all(letter.isprintable() or letter == "\n" for letter in found)
    assert "\\x1b[2J" in found and "\\u202e" in found


def test_a_letter_of_several_tokens_is_whole_and_broken_bytes_are_replaced():
    assert "\n안녕\n" in asked([scripted("안녕")], "x")
    model = scripted("")
    model.model.head.ids = [*TOKENIZER.encode("안")[:2], EOS]
    assert "\n\ufffd\n" in asked([model], "x")


def test_letters_that_the_terminal_lacks_are_written_as_numbers():
    found = asked([scripted("가 7")], "x", encoding="ascii")
    assert "\n\\uac00 7\n" in found and found.isascii()


def test_the_pieces_are_the_completion(folder):
    talker = talkers.load(str(folder))
    answer = talkers.Answer(talker, "hello", 3, 1.0)
    pieces = list(answer)
    assert "".join(text for text, _ in pieces) == answer.text
    ids = list(talkers.Answer(talker, "hello", 3, 1.0).ids)
    assert answer.tokens == len(ids)
    assert answer.text == TOKENIZER.decode([i for i in ids if i != EOS])


def test_a_drawn_question_is_shown_and_its_answer_judged():
    problem = arithmetic.make((3, 4), "+", "en")
    for said, verdict in ((f"<answer>{3 + 4}</answer>", "right"), ("8", "wrong")):
        found = asked([scripted(said)], "", drawn=[problem])
        assert f"> {problem.prompt}\n" in found and f", {verdict}]" in found


def test_an_answer_that_fills_the_context_is_called_cut_off():
    assert "cut off: no room after 48" in asked([scripted("a" * 80)], "x")


# ---- side by side ----------------------------------------------------------------


def test_models_stand_side_by_side_where_there_is_room():
    models = [scripted("short", "first"), scripted("가 " * 9 + "end", "second")]
    found = asked(models, "x", width=60).splitlines()
    assert any("first" in row and "second" in row for row in found)
    rows = [row for row in found if screen.BETWEEN in row]
    assert {row.index(screen.BETWEEN) for row in rows} == {28}
    assert all(sum(map(screen.cells, row)) == 28 + 3 + 28 for row in rows)
    assert any("end" in row for row in rows)


def test_models_follow_each_other_in_a_narrow_terminal():
    models = [scripted("one", "first"), scripted("two", "second")]
    found = asked(models, "x", width=40)
    assert "first\none\n" in found and "second\ntwo\n" in found


def test_a_column_breaks_at_spaces_and_cuts_what_has_none():
    column = screen.Column(6)
    column.add("one two\nabcdefgh", False)
    rows = ["".join(text for text, _ in column.row(i)) for i in range(4)]
    assert rows == ["one   ", "two   ", "abcdef", "gh    "]


# ---- what a person may do --------------------------------------------------------


class Interrupted(Writes):
    """Ctrl-C comes while the third token is computed."""

    def forward(self, states):
        if self.count == 2 and states.dim() == 3:
            raise KeyboardInterrupt
        return super().forward(states)


def interrupted(name="model"):
    talker = scripted("abcdef", name)
    talker.model.head = Interrupted("abcdef")
    talker.model.train()
    return talker


@pytest.mark.parametrize("count", [1, 2])
def test_ctrl_c_stops_an_answer_and_not_the_program(count):
    models = [interrupted(name) for name in "pq"[:count]]
    found = asked(models, "x", "y", "z")
    assert found.count("ab") == 3 * count and found.count("[stopped]") == 3
    assert all(talker.model.training for talker in models)


def test_ctrl_c_at_the_prompt_leaves():
    assert "never" not in asked([scripted("never")], KeyboardInterrupt(), "x")


def test_ctrl_c_twice_leaves_where_nobody_types():
    there = screen.Screen(io.StringIO())
    questions = iter([("x", None), ("y", None), ("z", None)])
    with pytest.raises(KeyboardInterrupt):
        chat.Asking(there, [interrupted()], 0.0).all(questions)
    assert there.file.getvalue().count("[stopped]") == 2


def test_the_end_of_the_input_leaves(folder):
    code, found = talk(typed(), folder)
    assert code == 0 and found.startswith("base: ")


@pytest.mark.parametrize("question", ["long " * 60, "half a letter: \udcff"])
def test_a_question_that_cannot_be_asked_is_one_line(question):
    found = asked([scripted("ok")], question, "x")
    assert len(found.strip().splitlines()) == 4 and "Error" not in found
    assert found.endswith("\n\nok\n[3 tokens]\n\n\n")  # the next one is answered


# ---- models that are not there ---------------------------------------------------


def foreign(root):
    (root / "config.json").write_text('{"model_type": "llama"}')
    (root / "model.safetensors").write_bytes(b"x" * 20)


def damaged(root):
    shutil.copytree(artifacts.FOLDER / "r1-tiny", root, dirs_exist_ok=True)
    (root / "config.json").write_text("{}")


def unfinished(root):
    (root / "settings.json").write_text("{}")


FOLDERS = {"empty": lambda root: None, "run": unfinished}
FOLDERS |= {"foreign": foreign, "damaged": damaged}


@pytest.mark.parametrize("make", FOLDERS.values(), ids=FOLDERS)
@pytest.mark.parametrize("more", [[], ["--compare"], ["--demo"]])
def test_a_folder_without_a_model_is_one_line(tmp_path, capsys, make, more):
    make(tmp_path)
    assert talk(typed(), tmp_path, *more) == (1, "")
    said = capsys.readouterr().err
    assert said.startswith("chat: ") and said.count("\n") == 1


@pytest.mark.parametrize(
    "argv, word",
    [
        (["r2"], "base"),
        (["cold"], "cold-tiny"),
        (["helpful"], "score"),
        (["\x1b[2J"], "wanted"),
        (["r1", "zero", "--compare"], "--compare"),
        (["r1", "--compare"], "--compare"),
    ],
)
def test_a_name_that_is_no_model_is_one_line(capsys, argv, word):
    assert talk(typed(), *argv) == (1, "")
    said = capsys.readouterr().err
    assert word in said and said.count("\n") == 1 and "\x1b" not in said


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "hot"])
def test_a_senseless_temperature_is_one_line(capsys, value):
    with pytest.raises(SystemExit):
        chat.main(["--temperature", value])
    assert capsys.readouterr().err.count("\n") == 1


def test_help_shows_examples_and_every_option(capsys):
    with pytest.raises(SystemExit) as left:
        chat.main(["--help"])
    said = capsys.readouterr().out
    assert left.value.code == 0 and "python r1.py chat runs/tiny" in said
    assert "--compare" in said and "--demo" in said


# ---- with the models of the book -------------------------------------------------


def test_shipped_models_answer_in_the_language_of_the_question():
    code, found = talk(
        typed("How big are you?", "나는 여기 처음이야. 이름이 뭐야?"),
        "--temperature",
        0,
    )
    assert code == 0 and "small" in found and "야." in found


def test_a_run_is_compared_by_what_it_has_finished(folder):
    assert talkers.compared(str(folder)) == [str(folder / "base")]
    assert talkers.compared(None) == ["base", "zero", "r1"]


def test_the_tour_asks_all_its_questions():
    there = screen.Screen(io.StringIO())
    assert chat.Asking(there, [scripted("ok")], 0.0).all(chat.tour(there)) == 0
    found = there.file.getvalue()
    assert found.count("\n> ") == chat.TOUR.count("\n> ") == 7


# ---- terminals -------------------------------------------------------------------


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_colours_are_for_terminals_that_want_them(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert screen.of(Terminal()).colour
    assert not screen.of(io.StringIO()).colour
    monkeypatch.setenv("NO_COLOR", "1")
    assert not screen.of(Terminal()).colour


@pytest.mark.skipif(sys.platform == "win32", reason="a console there is Unicode")
@pytest.mark.parametrize(
    "named, found",
    [("ISO-8859-15", "iso8859-15"), ("UTF-8", "utf-8"), ("nonsense", "ascii")],
)
def test_the_locale_says_what_a_terminal_can_show(monkeypatch, named, found):
    monkeypatch.setattr(screen.locale, "getencoding", lambda: named)
    assert screen.encoding_of(Terminal()) == found
    assert screen.encoding_of(io.StringIO()) == "utf-8"


def test_a_terminal_without_korean_is_named():
    file = io.StringIO()
    chat.greet(screen.Screen(file, encoding="ascii"), [])
    assert "shows ascii only" in file.getvalue()
