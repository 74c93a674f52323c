"""The rooms of r1lib: files or folders at its root, and which imports which.

python -m tools.rooms                the table of docs/architecture.md
python -m tools.rooms --root OTHER   that of another copy of the project
"""

import argparse
import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from r1lib.traces.tables import markdown
from tools.library import imports

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Room:
    """One room: its lines, docstrings included, and the rooms that it imports."""

    name: str
    files: int = 0
    lines: int = 0
    functions: int = 0
    documented: int = 0  # of the functions and classes
    uses: set[str] = field(default_factory=set)


def rooms(root: Path = ROOT) -> dict[str, Room]:
    """Every room of the r1lib under a folder, by name."""
    library, by_name = root / "r1lib", {}
    for path in sorted(library.rglob("*.py")):
        inside = path.relative_to(library).with_suffix("").parts
        if inside == ("__init__",):
            continue
        room = by_name.setdefault(inside[0], Room(inside[0]))
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        room.files += 1
        room.lines += len(text.splitlines())
        kinds = (ast.FunctionDef, ast.ClassDef)
        nodes = [node for node in ast.walk(tree) if isinstance(node, kinds)]
        room.functions += len(nodes)
        room.documented += sum(ast.get_docstring(node) is not None for node in nodes)
        package = ".".join(("r1lib", *inside[:-1]))
        room.uses |= {name.split(".")[1] for name in imports(tree, package)}
    for room in by_name.values():
        room.uses = (room.uses & set(by_name)) - {room.name}
    return by_name


def floors(by_name: dict[str, Room]) -> dict[str, int]:
    """The floor of each room: 0 imports nothing, others stand above what they import.

    Rooms that import each other in a circle are a ValueError.
    """
    floor: dict[str, int] = {}
    while len(floor) < len(by_name):
        ready = [
            r for r in by_name.values() if r.name not in floor and r.uses <= set(floor)
        ]
        if not ready:
            circle = sorted(set(by_name) - set(floor))
            raise ValueError(f"rooms import each other: {', '.join(circle)}")
        for room in ready:
            floor[room.name] = 1 + max((floor[u] for u in room.uses), default=-1)
    return floor


def reading_order(root: Path = ROOT) -> list[tuple[str, str, str]]:
    """(room, chapters, what it is) for each line of the map in r1lib/__init__.py."""
    tree = ast.parse((root / "r1lib/__init__.py").read_text(encoding="utf-8"))
    return list(map_lines(ast.get_docstring(tree) or ""))


def map_lines(doc: str) -> Iterator[tuple[str, str, str]]:
    """Read lines such as `sampling     [03]  prompts -> completions`."""
    for line in doc.splitlines():
        name, _, rest = line.partition(" ")
        rest = rest.strip()
        if name and rest.startswith("["):
            chapters, _, about = rest[1:].partition("]")
            yield name, chapters.strip(), about.strip()


def table(root: Path = ROOT) -> str:
    """The rooms as a Markdown table, with a line of totals."""
    by_name = rooms(root)
    floor = floors(by_name)
    order = [name for name, *_ in reading_order(root)] or sorted(by_name)
    rows = []
    for name in order:
        room = by_name[name]
        uses = ", ".join(sorted(room.uses, key=order.index)) or "-"
        size = (str(n) for n in (floor[name], room.files, room.lines))
        rows.append([f"`{name}`", *size, uses])
    head = ("room", "floor", "files", "lines", "imports")
    return "\n".join([*markdown(head, rows), "", totals(by_name)])


def totals(by_name: dict[str, Room]) -> str:
    """One sentence: rooms, floors, imports between rooms, lines, docstrings."""
    lines = sum(room.lines for room in by_name.values())
    arrows = sum(len(room.uses) for room in by_name.values())
    share = sum(r.documented for r in by_name.values()) / sum(
        r.functions for r in by_name.values()
    )
    return (
        f"{len(by_name)} rooms on {max(floors(by_name).values()) + 1} floors, {arrows} "
        f"imports between rooms, {lines:,} lines; {share:.0%} of functions and classes "
        "have a docstring."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=ROOT, help="a copy of the project")
    print(table(parser.parse_args().root))


if __name__ == "__main__":
    main()
