"""`python r1.py lab`: what JupyterLab would be started with. No server is started."""

import asyncio
import json
import platform
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_server.serverapp import ServerApp
from jupyterlab.labapp import LabApp
from traitlets.config import Config

from tools import lab
from tools.book_source import opened_metadata

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def root(tmp_path):
    """A small project: two chapters, one of them in Korean too, and a page."""
    names = ("chapters/01_a.ipynb", "chapters/02_b.ipynb", "chapters/ko/01_a.ipynb")
    for name in (*names, "docs/a b.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    return tmp_path


def address(arguments):
    """Where JupyterLab opens, as it reads these arguments itself."""
    app = LabApp()
    app.parse_command_line(arguments[2:])
    return app.default_url


@pytest.mark.parametrize(
    "extra, opened",
    [
        ([], "chapters/01_a.ipynb"),
        (["02"], "chapters/02_b.ipynb"),
        (["chapters/ko/01_a.ipynb"], "chapters/ko/01_a.ipynb"),
        (["--no-browser", "chapters/ko/01_a.ipynb"], "chapters/ko/01_a.ipynb"),
        (["--port", "8889", "02"], "chapters/02_b.ipynb"),
        (["docs"], "docs"),
        (["docs/a b.md"], "docs/a%20b.md"),
    ],
)
def test_lab_opens_what_was_asked_for(root, extra, opened):
    assert address(lab.arguments(root, extra)) == f"/lab/tree/{opened}"


def test_lab_opens_without_chapters(tmp_path):
    assert address(lab.arguments(tmp_path, [])) == "/lab"


def test_a_whole_path_may_be_given(root):
    path = str(root / "chapters" / "02_b.ipynb")
    assert address(lab.arguments(root, [path])).endswith("/chapters/02_b.ipynb")


def test_pictures_and_pages_beside_the_chapters_are_served(root, monkeypatch):
    monkeypatch.chdir(root)
    of_the_reader = Config(ServerApp={"root_dir": str(root / "docs")})
    server = ServerApp(config=of_the_reader)
    server.parse_command_line(lab.arguments(root, [])[2:])
    assert Path(server.root_dir).resolve() == root.resolve()


def test_a_notebook_is_read_with_the_version_of_this_python(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    nb = nbformat.v4.new_notebook(metadata=nbformat.from_dict(opened_metadata()))
    nb.metadata.language_info.version = "3.11.0"
    nbformat.write(nb, tmp_path / "a.ipynb")
    before = (tmp_path / "a.ipynb").read_bytes()
    server = ServerApp()
    server.parse_command_line(lab.arguments(tmp_path, [])[2:])
    contents = server.contents_manager_class(root_dir=str(tmp_path))
    read = asyncio.run(contents.get("a.ipynb"))["content"]
    assert read.metadata.language_info.version == platform.python_version()
    assert read.metadata == opened_metadata()
    assert asyncio.run(contents.get("a.ipynb", content=False))["content"] is None
    assert (tmp_path / "a.ipynb").read_bytes() == before


def test_options_are_passed_on(root):
    extra = ["--ip=0.0.0.0", "--port", "8889", "--no-browser", "02"]
    assert lab.arguments(root, extra)[-4:] == extra[:-1]


def overrides():
    """The settings that JupyterLab finds with our arguments, by plugin."""
    app = LabApp()
    app.parse_command_line(list(lab.SETTINGS))
    file = ROOT / app.app_settings_dir / "overrides.json"
    return json.loads(file.read_text(encoding="utf-8"))


def test_jupyterlab_asks_no_server_and_no_reader():
    (chosen,) = overrides().values()
    assert chosen == {"checkForUpdates": False, "fetchNews": "false"}


def test_settings_are_those_that_jupyterlab_has():
    schemas = Path(sys.prefix, "share/jupyter/lab/schemas")
    for plugin, settings in overrides().items():
        package, name = plugin.split(":")
        schema = json.loads((schemas / package / f"{name}.json").read_text("utf-8"))
        assert set(settings) <= set(schema["properties"])


@pytest.mark.parametrize(
    "extra, problem",
    [
        (["nowhere.ipynb"], "there is no nowhere.ipynb to open"),
        (["17"], "there is no 17 to open"),
        (["x\n\x1b[31m.ipynb"], "there is no x ?[31m.ipynb to open"),
        (["01", "02"], "lab opens one notebook, got 01 02"),
        ([str(ROOT.parent)], f"{ROOT.parent} is not in the folder of the book"),
    ],
)
def test_what_cannot_be_opened_is_said(root, extra, problem):
    with pytest.raises(ValueError) as caught:
        lab.arguments(root, extra)
    assert str(caught.value) == problem


def test_what_cannot_be_opened_is_one_line(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["lab", "chapters/99_none.ipynb"])
    assert lab.main() == 1
    assert capsys.readouterr().err == "r1: there is no chapters/99_none.ipynb to open\n"
