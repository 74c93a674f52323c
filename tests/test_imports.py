"""r1lib has one order: the rooms in its docstring, from top to bottom."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tools.library import Library, imports
from tools.rooms import floors, reading_order, rooms

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = Library(ROOT)
ROOMS = rooms(ROOT)
ORDER = [name for name, *_ in reading_order(ROOT)]
TINY_WORLD = {"world", "recipe", "checks", "plots"}  # may know games and stages
FAMILIES = ("countdown", "arithmetic", "logic", "programs", "refusal", "instructions")
EXCEPTIONS = {"r1lib/verifiers/__init__.py": {"countdown"}}  # countdown_correct


def modules():
    """Every module of r1lib, dotted, with its file."""
    for path in sorted((ROOT / "r1lib").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imported(name, path):
    """The r1lib modules that a module imports, wherever it does so."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    targets = imports(ast.parse(path.read_text(encoding="utf-8")), package)
    return {LIBRARY.split(target)[0] for target in targets} - {name}


def test_the_map_lists_every_room_once():
    assert len(set(ORDER)) == len(ORDER)
    assert set(ORDER) == set(ROOMS)


def test_nothing_is_re_exported():
    assert len(ast.parse((ROOT / "r1lib/__init__.py").read_text()).body) == 1


@pytest.mark.parametrize("name", sorted(ROOMS))
def test_a_room_imports_only_rooms_above_it(name):
    later = set(ORDER[ORDER.index(name) :])
    assert not ROOMS[name].uses & later


def test_no_module_of_a_room_imports_in_a_circle():
    graph = {name: imported(name, path) for name, path in modules()}
    packages = {name for name, path in modules() if path.name == "__init__.py"}
    for name, used in graph.items():  # a package and its parts are one thing
        graph[name] = {u for u in used if not (u in packages and name.startswith(u))}
    assert len(list(TopologicalSorter(graph).static_order())) == len(graph)


def test_the_order_can_be_broken():
    """The rules would notice: rooms do import earlier ones, on many floors."""
    assert sum(len(room.uses) for room in ROOMS.values()) > 20
    assert max(floors(ROOMS).values()) > 3


def strings(path):
    """The short string constants of a file that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize(
    "name, path",
    [
        (n, p)
        for n, p in modules()
        if n.count(".") and n.split(".")[1] not in TINY_WORLD
    ],
)
def test_only_the_tiny_world_knows_a_game_or_a_stage(name, path):
    rooms_used = {used.split(".")[1] for used in imported(name, path) if "." in used}
    assert not rooms_used & TINY_WORLD
    allowed = EXCEPTIONS.get(path.relative_to(ROOT).as_posix(), set())
    assert not {text for text in strings(path) if text in FAMILIES} - allowed
