"""Completions as a table: one parquet file, its statistics, and a card that says what.

    data.parquet       the rows, readable by `datasets`, pandas and others
    statistics.json    what each filter removed, and of what kind the rows are
    README.md          the same for people, with the meaning of every column

The folder is complete or absent. The card follows from the statistics. Chapter 12
builds this file.
"""

import io
import json
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from r1lib import files
from r1lib.files import shown
from r1lib.problem import Problem

COLUMNS = {  # name: (type, meaning)
    "family": ("string", "kind of problem, such as countdown"),
    "level": ("string", "easy or hard"),
    "language": ("string", "language of the question, en or ko"),
    "key": ("string", "identity of the problem in every language and wording"),
    "prompt": ("string", "the question, without the frame"),
    "completion": ("string", "thinking and answer, without eos"),
    "source": ("string", "who wrote the completion"),
    "seed": ("int64", "number of the sample among those of its prompt"),
    "tokens": ("int64", "length of the completion in tokens, eos included"),
    "finished": ("bool", "it ended by itself and was not cut off"),
    "correct": ("bool", "the verifier or the judge called it right"),
}


def row(problem: Problem, completion: str, **rest) -> dict:
    """Make a row of a problem, a completion and the columns of its own."""
    names = ("family", "level", "language", "key", "prompt")
    made = {name: getattr(problem, name) for name in names}
    return check({**made, "completion": completion, **rest})


def check(row: dict) -> dict:
    """Return a row as it is; wrong columns and wrong types are a ValueError."""
    if odd := sorted(set(row) ^ set(COLUMNS)):
        raise ValueError(f"columns that a row lacks, or nobody knows: {shown(odd)}")
    kinds = {"string": str, "int64": int, "bool": bool}
    for name, (kind, _) in COLUMNS.items():
        if type(row[name]) is not kinds[kind]:
            raise ValueError(f"{name} must be {kind}, got {shown(row[name])}")
    return row


def save(folder, rows: list[dict], title: str, report=(), note: str = "") -> None:
    """Write the three files; `report` is what `filters.apply` returned.

    `note` says in a sentence how the samples were made. No rows are an error.
    """
    if not rows:
        raise ValueError(f"a table needs at least one row, got none for {shown(title)}")
    with warnings.catch_warnings():  # it looks for a widget that nobody asked for
        warnings.filterwarnings("ignore", message="IProgress not found")
        import datasets  # takes a second or two: only who needs tables waits for it
    import pyarrow.parquet

    kinds = {name: datasets.Value(kind) for name, (kind, _) in COLUMNS.items()}
    table = datasets.Dataset.from_list(
        [check(row) for row in rows], features=datasets.Features(kinds)
    )
    facts = {"title": title, "note": note, "filters": list(report), **statistics(rows)}
    with files.new_folder(folder) as new:
        content = io.BytesIO()
        pyarrow.parquet.write_table(table.data.table, content)
        files.write_bytes(new / "data.parquet", content.getvalue())
        files.write_text(new / "statistics.json", json.dumps(facts, indent=1))
        files.write_text(new / "README.md", card(facts))


def load(folder) -> list[dict]:
    """Read the rows of a table; what is no such table is a ValueError."""
    import pyarrow
    import pyarrow.parquet

    path = Path(folder) / "data.parquet"
    if not path.is_file():
        raise ValueError(f"no table at {path}")
    try:
        rows = pyarrow.parquet.read_table(path).to_pylist()
    except pyarrow.ArrowException as error:
        raise ValueError(f"{path} is damaged: {shown(error)}") from error
    try:
        return [check(row) for row in rows]
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {shown(error)}") from error


def statistics(rows: list[dict]) -> dict:
    """Count rows by family, level, language and source, and measure their lengths."""
    kinds = {
        name: dict(sorted(Counter(row[name] for row in rows).items()))
        for name in ("family", "level", "language", "source")
    }
    lengths = sorted(row["tokens"] for row in rows)
    tokens = {"min": lengths[0], "median": lengths[len(lengths) // 2]}
    tokens |= {"max": lengths[-1], "sum": sum(lengths)}
    prompts = len({row["prompt"] for row in rows})
    right = sum(row["correct"] for row in rows)
    return {
        "rows": len(rows),
        "prompts": prompts,
        "correct": right,
        "tokens": tokens,
        **kinds,
    }


def card(facts: dict) -> str:
    """Write the data card of a table, from its statistics, in Markdown."""
    tokens = facts["tokens"]
    sizes = f"{tokens['min']:,} to {tokens['max']:,}, median {tokens['median']:,}"
    lines = [
        f"# {facts['title']}\n",
        *([facts["note"] + "\n"] if facts["note"] else []),
        f"{facts['rows']:,} rows of {facts['prompts']:,} prompts, {facts['correct']:,} "
        f"of them correct; {tokens['sum']:,} tokens ({sizes} a row).\n",
    ]
    if facts["filters"]:
        head = ("filter", "in", "removed", "out", "alone")
        parts = [tuple(part[name] for name in head) for part in facts["filters"]]
        lines += ["## What the filters removed\n", *markdown(head, parts), ""]
        lines += ["`alone`: how many of all rows the filter would remove by itself.\n"]
    kinds = ("family", "level", "language", "source")
    parts = [(k, name, n) for k in kinds for name, n in facts[k].items()]
    head = ("column", "value", "rows")
    lines += ["## What the rows are\n", *markdown(head, parts), ""]
    parts = [(name, kind, what) for name, (kind, what) in COLUMNS.items()]
    lines += ["## Columns\n", *markdown(("column", "type", "meaning"), parts), ""]
    return "\n".join(lines)


def markdown(head: Iterable, rows: Iterable) -> list[str]:
    """Write a table in Markdown; a bar or a line break in a cell cannot break it.

    >>> markdown(("a",), [("x|y",)])
    ['| a |', '|---|', '| x\\\\|y |']
    """

    def line(cells) -> str:
        texts = (f"{c:,}" if isinstance(c, int) else str(c) for c in cells)
        safe = (" ".join(t.replace("|", "\\|").split()) for t in texts)
        return "| " + " | ".join(safe) + " |"

    return [line(head), "|" + "---|" * len(head), *map(line, rows)]
