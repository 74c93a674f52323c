"""Before any test: check r1lib's shapes at every call, and use two cores in all."""

import os
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest
import tiny_book
import torch

from tools import book as book_tool
from tools.book_source import Book
from tools.environment import try_lock

# Tiny tensors: more threads are slower. With workers, each of them has one.
torch.set_num_threads(1 if "PYTEST_XDIST_WORKER" in os.environ else 2)

CHECK = "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"


def with_shapes() -> list[str]:
    """The modules of r1lib that import jaxtyping."""
    root = Path(__file__).resolve().parent.parent
    files = (root / "r1lib").rglob("*.py")
    named = [file for file in files if "jaxtyping" in file.read_text("utf-8")]
    paths = [file.relative_to(root).with_suffix("") for file in named]
    return sorted(".".join(path.parts).removesuffix(".__init__") for path in paths)


try:
    import beartype
except ModuleNotFoundError:
    SHAPES = "NOT checked: pip install -r requirements-test.txt"
    warnings.warn(f"r1lib's shapes are {SHAPES}", stacklevel=1)
else:
    from beartype.claw import beartype_package
    from jaxtyping import install_import_hook

    SHAPES = "checked by jaxtyping and beartype"
    # The tower lets an int stand where a float is expected: eps=0.
    # What jaxtyping wraps takes up to three times as long: only modules with shapes.
    install_import_hook(with_shapes(), CHECK)
    beartype_package("r1lib", conf=beartype.BeartypeConf(is_pep484_tower=True))


def pytest_report_header():
    return f"r1lib shapes: {SHAPES}"


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items):
    """What needs a whole smoke run is slow, whoever asks for it."""
    for item in items:
        if {"smoke_run", "undisturbed"} & {*getattr(item, "fixturenames", ())}:
            item.add_marker("slow")


@pytest.fixture(scope="module")
def one_thread():
    """Equal weights are promised for one machine and one number of threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")  # of `r1.py train` and of its children
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def smoke_run(tmp_path_factory):
    """A smoke run that the command has trained and measured, one for all workers.

    In a process of its own, in which shapes are not checked: that is far quicker.
    """
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    folder, log = root / "smoke", root / "smoke.txt"
    command = [sys.executable, "-m", "tools.train", "--preset", "smoke", "--out"]
    with open(root / "smoke.lock", "a+") as lock:
        while not try_lock(lock):
            time.sleep(0.1)
        if not log.exists():
            made = subprocess.run(
                [*command, folder],
                cwd=Path(__file__).resolve().parent.parent,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                capture_output=True,
                text=True,
            )
            log.write_text(made.stderr if made.returncode else "", "utf-8")
    assert log.read_text("utf-8") == ""
    return folder


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A tiny book, executed once for all tests of the book's tool."""
    root = tmp_path_factory.mktemp("book")
    book = tiny_book.make(root)
    assert book_tool.build(book) == 0  # its kernel imports its own r1lib
    return book


@pytest.fixture
def book(built, tmp_path, monkeypatch):
    """A copy of the executed book that a test may spoil."""
    shutil.copytree(built.root, tmp_path / "copy")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "copy"))
    return Book(tmp_path / "copy")
