"""Collect samples of a model in a file that only grows, so that a kill costs little.

The first line holds the settings, every other one a row of `tables`, as JSON. A row is
known by (prompt, seed): what is there is never sampled again. A chunk of problems is
sampled from (seed, number of the chunk) alone, so that a collection that was killed
ends with the same bytes as one that was not. Chapter 12 builds this file.
"""

import json
import os
from pathlib import Path

from r1lib import files, sampling
from r1lib.files import shown
from r1lib.problem import Problem, check, split_of
from r1lib.traces import tables


def collect(
    path,
    model,
    tokenizer,
    problems: list[Problem],
    k: int,
    *,
    source: str,
    max_new_tokens: int,
    temperature: float = 1.0,
    seed: int = 0,
    at_once: int = 32,
    judge=check,
    opening: str = "",
    steer=None,
):
    """Sample k completions of each problem into the file `path`; yields metrics.

    `judge(problem, completion)` says whether one is right. `source` names the model and
    its version. Each completion begins with `opening`, and `steer` may hold the model's
    hand, as in `sampling.generate`; `source` should name both. A file begun with other
    settings, and a problem that is not one to train on, are ValueErrors.
    """
    prompts = [problem.prompt for problem in problems]
    if not problems or len(set(prompts)) < len(prompts):
        raise ValueError(f"wanted distinct prompts, got {len(prompts)} in all")
    if held := next((p for p in problems if split_of(p) != "train"), None):
        raise ValueError(f"{shown(held.prompt)} is held out: it is in {split_of(held)}")
    settings = {"source": source, "k": k, "max_new_tokens": max_new_tokens}
    settings |= {"temperature": temperature, "seed": seed, "at_once": at_once}
    settings["prompts"] = files.digest("\n".join(prompts))
    settings |= {"opening": opening} if opening else {}
    asking = sampling.Sampling(
        max_new_tokens, temperature, opening=opening, steer=steer
    )
    known = {(row["prompt"], row["seed"]) for row in begin(path, settings)}
    for start, part in missing(known, problems, k, at_once):
        rows = sampling.chunk(
            model,
            tokenizer,
            [problem.prompt for problem in part],
            k,
            asking,
            sampling.chunk_generator(model, seed, start),
        )
        new = [
            tables.row(
                problem,
                completion.text,
                source=source,
                seed=number,
                tokens=completion.tokens,
                finished=completion.finish == "stop",
                correct=bool(judge(problem, completion.text)),
            )
            for problem, row in zip(part, rows, strict=True)
            for number, completion in enumerate(row)
            if (problem.prompt, number) not in known
        ]
        append(path, new)
        done = min(start + at_once, len(problems))
        right = sum(row["correct"] for row in new) / len(new)
        yield {"problems": done, "samples": len(new), "correct": right}


def missing(known: set, problems: list[Problem], k: int, at_once: int):
    """Yield (number of its first problem, problems) of each chunk that lacks a sample.

    `known` has a pair (prompt, seed) for each sample in the file.
    """
    for start in range(0, len(problems), at_once):
        part = problems[start : start + at_once]
        if not all((p.prompt, s) in known for p in part for s in range(k)):
            yield start, part


def collected(folder):
    """Yield once, as metrics of step 0, what the collections of a folder have already.

    A table that was stopped and goes on counts its samples from before, too. Half a
    line, which a kill may have left, does not count.
    """
    paths = sorted(Path(folder).glob("*.jsonl"))
    rows = [row for path in paths for row in path.read_bytes().split(b"\n")[1:-1]]
    if rows:
        mark = b'"correct": true'  # in a text each quote has a backslash before it
        right = sum(mark in row for row in rows)
        yield {"step": 0, "samples": len(rows), "correct": right / len(rows)}


def begin(path, settings: dict) -> list[dict]:
    """Open a collection, new or known, and return its rows so far.

    The half line that a kill may have left at the end is cut off.
    """
    path = Path(path)
    if path.is_file():
        content = path.read_bytes()
        if content and not content.endswith(b"\n"):
            os.truncate(path, content.rfind(b"\n") + 1)
    if not path.is_file() or path.stat().st_size == 0:
        files.write_text(path, json.dumps(settings) + "\n")
    was, rows = read(path)
    for name in {**was, **settings}:
        if was.get(name) != settings.get(name):
            raise ValueError(
                f"{path} was begun with {name} {shown(was.get(name))}, not "
                f"{shown(settings.get(name))}; choose another file"
            )
    return rows


def read(path) -> tuple[dict, list[dict]]:
    """Read a collection: its settings and its rows; the line of a damage is named."""
    path, rows, seen = Path(path), [], set()
    if not path.is_file():
        raise ValueError(f"no collection at {path}")
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            content = json.loads(line)
            if not isinstance(content, dict):
                raise ValueError(f"wanted an object, got {shown(content)}")
            if rows:
                tables.check(content)
                key = (content["prompt"], content["seed"])
                if key in seen:
                    raise ValueError(
                        f"sample {key[1]} of {shown(key[0])} is there twice"
                    )
                seen.add(key)
        except (ValueError, RecursionError) as error:
            where = f"{path} is damaged in line {number}"
            raise ValueError(f"{where}: {shown(error)}") from error
        rows.append(content)
    if not rows:
        raise ValueError(f"{path} is empty")
    return rows[0], rows[1:]


def append(path, rows: list[dict]) -> None:
    """Add rows to the end of a collection, and see them onto the disk."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    with open(path, "ab") as file:
        file.write(text.encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())
