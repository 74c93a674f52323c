"""The code digest changes with what can be reached, and with nothing else."""

import pytest

from tools import provenance
from tools.code_digest import Library, entries, reach

FILES = {
    "__init__.py": '"""Map."""\n',
    "base.py": """import math

SCALE = 2.0
OTHER = 3.0


def scaled(x: float) -> float:
    '''Times the scale.'''
    return SCALE * x


def unrelated(x):
    return OTHER * x
""",
    "deep/__init__.py": "",
    "deep/top.py": """from r1lib import base
from ..base import scaled as s
from .side import Thing


def through_module(x):
    return base.scaled(x)


def through_name(x):
    return s(x)


def through_class(x):
    return Thing().run(x)


def lazy(x):
    from r1lib.base import unrelated

    return unrelated(x)


def alone(x: Thing) -> Thing:
    return x
""",
    "deep/side.py": """from r1lib.base import OTHER


class Thing:
    '''A thing.'''

    def run(self, x):
        return x + OTHER
""",
}
TOP = "r1lib.deep.top."


@pytest.fixture
def root(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "r1lib" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def changes(root, name, path, old, new):
    """Does an edit of r1lib/path change the digest of r1lib.deep.top.name?"""
    before = provenance.code_digest([TOP + name], root)
    file = root / "r1lib" / path
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    return provenance.code_digest([TOP + name], root) != before


@pytest.mark.parametrize(
    "name", ["through_module", "through_name", "through_class", "lazy"]
)
def test_constant_three_steps_away_counts(root, name):
    constant = "SCALE = 2.0" if name.startswith("through_m") else "OTHER = 3.0"
    constant = "SCALE = 2.0" if name == "through_name" else constant
    assert changes(root, name, "base.py", constant, constant.replace(".0", ".5"))


@pytest.mark.parametrize("name", ["through_module", "through_name", "alone"])
def test_function_that_is_not_used_does_not_count(root, name):
    assert not changes(root, name, "base.py", "return OTHER", "return 1 + OTHER")


@pytest.mark.parametrize(
    "old, new",
    [
        ("Times the scale", "x, scaled"),
        ("    '''Times the scale.'''\n", ""),
        ("return SCALE * x", "return (SCALE\n            * x)  # a comment"),
        ("x: float) -> float", 'x: "Float[T, 3]") -> object'),
        ("def unrelated(x)", "def new(y):\n    return y\n\n\ndef unrelated(x)"),
    ],
    ids=["docstring", "no docstring", "layout and comment", "hint", "new function"],
)
def test_harmless_edits_do_not_count(root, old, new):
    assert not changes(root, "through_module", "base.py", old, new)


def test_operator_counts(root):
    assert changes(root, "through_module", "base.py", "SCALE * x", "SCALE + x")


@pytest.mark.parametrize(
    "code, follows",
    [
        ("def f(base):\n    return base.scaled", False),
        ("def f(x):\n    base = x\n    return base.scaled", False),
        ("def f(x, y=base.scaled):\n    return y", True),
        ("def f(x):\n    return [base for base in x], base.scaled", True),
        ("def f(x):\n    def g(base):\n        return x\n    return base.scaled", True),
        ("def f(x):\n    return lambda base: base.scaled", False),
    ],
)
def test_local_names_are_not_the_modules(root, code, follows):
    (root / "r1lib/more.py").write_text(f"from r1lib import base\n\n\n{code}\n")
    reached = reach(["r1lib.more.f"], Library(root))
    assert ("scaled" in reached.get("r1lib.base", {})) == follows


def test_hints_are_not_followed(root):
    assert set(reach([TOP + "alone"], Library(root))) == {"r1lib.deep.top"}


def test_whole_module_reaches_everything_in_it(root):
    reached = reach(["r1lib.base"], Library(root))
    assert set(reached["r1lib.base"]) == {"", "SCALE", "OTHER", "scaled", "unrelated"}


@pytest.mark.parametrize(
    "source, names",
    [
        ("from r1lib.base import scaled", {"r1lib.base.scaled"}),
        ("from r1lib import base\nbase.scaled(1)", {"r1lib.base.scaled"}),
        ("import r1lib.base\nr1lib.base.scaled(1)", {"r1lib.base.scaled"}),
        ("import r1lib.base as b\nb.OTHER + b.OTHER", {"r1lib.base.OTHER"}),
        ("from r1lib import base\nprint(base)", {"r1lib.base"}),
        ("import torch\ntorch.ones(1)", set()),
    ],
)  # fmt: skip
def test_entries_of_a_script(root, source, names):
    assert entries(source, Library(root)) == names


def test_misspelt_package_is_an_error(root):
    with pytest.raises(ValueError, match="there is no r2lib.base"):
        provenance.code_digest(["r2lib.base"], root)


def test_artifact_digest_sees_names_and_contents(tmp_path):
    folder = tmp_path / "artifacts/a"
    folder.mkdir(parents=True)
    (folder / "one").write_text("1")
    first = provenance.artifact_digest("a", tmp_path)
    (folder / "one").rename(folder / "two")
    second = provenance.artifact_digest("a", tmp_path)
    (folder / "two").write_text("2")
    assert len({first, second, provenance.artifact_digest("a", tmp_path)}) == 3


def test_chapter_uses_what_its_strings_name(root):
    for name in ("artifacts/base/w", "artifacts/zero/w", "results/p1/seed0.json"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("{}")
    (root / "results/P2.json").write_text("{}")
    source = 'load("base"); read(f"../results/p1/seed{seed}.json"); "P22"; "*"'
    source += '; f"{a}{b}"; f"{a}/{b}"'
    uses = provenance.chapter_uses(source, root)
    assert list(uses["artifacts"]) == ["base"]
    assert list(uses["results"]) == ["p1/seed0"]


def test_block_of_a_script_names_what_the_script_uses(root):
    script = root / "measure.py"
    script.write_text("from r1lib import base\nbase.scaled(3)\n")
    block = provenance.block_of_script(script, root=root)
    assert block["modules"] == ["r1lib.base.scaled"]
    assert provenance.stale(block, root) == []
    script_code = root / "r1lib/base.py"
    script_code.write_text(script_code.read_text().replace("SCALE * x", "SCALE"))
    assert "r1lib.base.scaled" in provenance.stale(block, root)[0]
