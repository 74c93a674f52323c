"""The table of docs/speed.md, made from results/data/bench-*.json."""

from pathlib import Path

from benchmarks.rows import ROWS
from r1lib import files
from r1lib.traces.tables import markdown
from tools import provenance

PAGE = provenance.ROOT / "docs" / "speed.md"
BEGIN, END = "<!-- bench -->", "<!-- end of bench -->"
HEADER = ["what", "beside", "ours", "theirs", "ratio", "goal", "ours / floor"]
ABSENT = "not measured yet"


def path_of(name: str, folder: Path = provenance.DATA) -> Path:
    return folder / f"bench-{name}.json"


def seconds(x: float) -> str:
    """Seconds in two digits, in the unit that suits them.

    >>> seconds(1.75), seconds(0.00712), seconds(431.0)
    ('1.8 s', '7.1 ms', '430 s')
    """
    unit, x = ("ms", 1000 * x) if x < 1 else ("s", x)
    return f"{digits(x)} {unit}"


def digits(x: float) -> str:
    """Two digits, and no power of ten behind them.

    >>> digits(448.3), digits(0.0461)
    ('450', '0.046')
    """
    return f"{float(f'{x:.2g}'):g}"


def line(name: str, folder: Path) -> list[str]:
    """The cells of one row; the ratio is theirs / ours, with the range of rounds."""
    row, path = ROWS[name], path_of(name, folder)
    if not path.exists():
        return [row.what, row.peer, ABSENT, "", "", f"{row.goal:g}", ""]
    found = files.read_json(path)
    ratio, times = found["ratio"], found["times_floor"]["ours"]
    low, high = ratio["range"]
    return [
        row.what,
        row.peer,
        seconds(found["seconds"]["ours"]),
        seconds(found["seconds"]["theirs"]),
        f"{digits(ratio['median'])} ({digits(low)} to {digits(high)})",
        f"{row.goal:g}",
        digits(times) if times else "-",
    ]


def block(folder: Path = provenance.DATA) -> str:
    """The table, one line for each row, measured or not."""
    return "\n".join(markdown(HEADER, [line(name, folder) for name in ROWS]))


def rewritten(text: str, folder: Path = provenance.DATA) -> str:
    """The page with a new table between its two marks."""
    before, mark, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise ValueError(f"wanted {BEGIN} and {END} in the page, got one or none")
    return f"{before}{BEGIN}\n\n{block(folder)}\n\n{END}{after}"


def write(page: Path = PAGE, folder: Path = provenance.DATA) -> None:
    """Write the table into the page."""
    files.write_text(page, rewritten(page.read_text(encoding="utf-8"), folder))
