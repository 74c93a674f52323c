"""Draw the rooms of r1lib from their imports: python -m figures.make_architecture"""

from figures.sketch import CENTRE, arrow, box, sheet
from r1lib.plots import BLUE, GREEN, GREY, ORANGE, PURPLE
from tools.rooms import Room, floors, reading_order, rooms

WIDE, TALL, GAP, RISE = 1.75, 0.72, 0.28, 1.5
LEFT = 0.3
TINY_WORLD = ("world", "recipe")  # the rooms that know games and stages
NOTEBOOKS = ("checks", "plots", "progress")


def colour(name: str) -> str:
    """What kind of room it is."""
    if name in NOTEBOOKS:
        return GREY
    if name in TINY_WORLD:
        return ORANGE
    if name in ("rl", "search", "distill", "feedback", "traces"):
        return GREEN
    return PURPLE if name in ("verifiers", "sandbox", "rewards", "evaluate") else BLUE


def nearest(found: dict[str, Room], floor: dict[str, int]) -> list[tuple[str, str]]:
    """The imports that no other import implies: all arrows would hide the picture."""
    reach: dict[str, set[str]] = {}
    for name in sorted(found, key=floor.get):
        uses = found[name].uses
        reach[name] = uses.union(*(reach[u] for u in uses)) if uses else set()
    return [
        (name, used)
        for name, room in found.items()
        for used in sorted(room.uses)
        if not any(used in reach[other] for other in room.uses - {used})
    ]


def places(floor: dict[str, int], order: list[str]) -> dict[str, tuple[float, float]]:
    """The lower left corner of each room: floors from the bottom, rooms as read."""
    rows: dict[int, list[str]] = {}
    for name in order:
        rows.setdefault(floor[name], []).append(name)
    widest = max(map(len, rows.values())) * (WIDE + GAP)
    spots = {}
    for level, names in rows.items():
        start = LEFT + (widest - len(names) * (WIDE + GAP) + GAP) / 2
        for i, name in enumerate(names):
            spots[name] = (start + i * (WIDE + GAP), 0.3 + level * RISE)
    return spots


def draw(axes) -> None:
    """Every room on its floor, and an arrow to each that it needs at first hand."""
    for name, used in nearest(FOUND, FLOOR):
        (x, y), (u, v) = SPOTS[name], SPOTS[used]
        start, end = (x + WIDE / 2, y), (u + WIDE / 2, v + TALL)
        arrow(axes, start, end, colour(name), linewidth=1.1, alpha=0.75, zorder=0)
    for name, (x, y) in SPOTS.items():
        chapters = CHAPTERS.get(name, "")
        lines = [name, f"chapter {chapters}" if chapters.strip("-") else ""]
        box(axes, x, y, WIDE, TALL, colour(name), [line for line in lines if line])
    axes.text(WIDTH / 2, HEIGHT - 0.25, "an arrow: imports", fontsize=11, **CENTRE)


FOUND = rooms()
FLOOR = floors(FOUND)
MAP = reading_order()
CHAPTERS = {name: chapters for name, chapters, _ in MAP}
SPOTS = places(FLOOR, [name for name, *_ in MAP] or sorted(FOUND))
WIDTH = max(x for x, _ in SPOTS.values()) + WIDE + LEFT
HEIGHT = max(y for _, y in SPOTS.values()) + TALL + 0.7

if __name__ == "__main__":
    sheet("architecture.png", WIDTH, HEIGHT, draw)
