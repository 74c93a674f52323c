"""Published tables of problems as our Problems: GSM8K, MATH-500, Countdown.

Rows come from `datasets`, from the Hub or from a folder, and the licence is that of the
publisher: MIT for GSM8K and MATH-500; the page of Countdown-Tasks-3to4 names none.
"""

import random
from dataclasses import dataclass, replace

from r1lib import verifiers
from r1lib.files import line, shown
from r1lib.problem import Problem
from r1lib.world import countdown

TABLES = {  # name: repository, configuration, columns that are read
    "countdown": ("Jiayi-Pan/Countdown-Tasks-3to4", None, ("nums", "target")),
    "gsm8k": ("openai/gsm8k", "main", ("question", "answer")),
    "math-500": ("HuggingFaceH4/MATH-500", None, ("problem", "answer")),
}
FORM = (
    " Think inside <think> and </think> first. Then give the final answer inside "
    "<answer> and </answer>."
)


@dataclass(frozen=True)
class Maths(Problem):
    """A question whose gold answer is mathematics, often in LaTeX."""

    def check(self, completion: str, box=None) -> bool:
        """Say whether the one final answer equals the gold one, as mathematics."""
        answer = verifiers.extract_answer(completion)
        return answer is not None and verifiers.math_equal(self.answer, answer)


def rows(name: str, split: str, folder=None) -> list[dict]:
    """Read a table: from `folder` if one is given, else from the Hub or its cache.

    A folder holds what `datasets` saved, or parquet, JSON or CSV files. ValueError in
    one line where the table cannot be reached or has other columns.
    """
    import datasets

    if name not in TABLES:
        raise ValueError(f"table must be one of {', '.join(TABLES)}, got {shown(name)}")
    repository, configuration, columns = TABLES[name]
    try:
        if folder is None:
            found = datasets.load_dataset(repository, configuration, split=split)
        else:
            found = datasets.load_dataset(str(folder), split=split)
    except Exception as error:  # of many kinds: no network, no table, no such split
        where = "the Hub" if folder is None else folder
        raise ValueError(
            f"{repository} ({split}) was not read from {where}: {line(error, 200)}; "
            "without a network, copy the table here and name its folder with --table"
        ) from error
    if missing := set(columns) - set(found.column_names):
        raise ValueError(f"{repository}: no column {sorted(missing)[0]}")
    return found.select_columns(list(columns)).to_list()


def problem(name: str, row: dict) -> Problem:
    """Make one row a Problem.

    >>> problem("countdown", {"nums": [3, 5, 2], "target": 16}).check("(3+5)*2")
    False
    >>> made = problem("gsm8k", {"question": "How many?", "answer": "2+2 #### 1,004"})
    >>> made.check("<answer>1004</answer>")
    True
    """
    if name == "countdown":
        numbers, target = tuple(row["nums"]), row["target"]
        given = ", ".join(map(str, numbers))
        text = (
            f"Use each of the numbers {given} exactly once, with + - * / and "
            f"parentheses, to make {target}. The answer is the expression."
        )
        return replace(countdown.make(numbers, target, "en"), prompt=text + FORM)
    gold = row["answer"].rpartition("####")[2].strip()
    text = row["question"] if name == "gsm8k" else row["problem"]
    return Maths(name, "easy", "en", text + FORM, gold, text)


def problems(name: str, split: str, folder=None, limit: int | None = None) -> list:
    """Read a table as Problems, shuffled by a fixed seed; at most `limit` of them."""
    found = [problem(name, row) for row in rows(name, split, folder)]
    random.Random(0).shuffle(found)
    return found[:limit]


def train_and_test(name: str, folder=None, n_test: int = 512) -> tuple[list, list]:
    """Problems to learn from, and others that are never trained on.

    GSM8K has a test split; Countdown has none, so its test problems are cut off, and
    those whose numbers and target come up again in training are left out of training.
    """
    if name == "gsm8k":
        test = problems(name, "test", folder, n_test)
        return problems(name, "train", folder), test
    found = problems(name, "train", folder)
    test, train = found[:n_test], found[n_test:]
    held = {one.key for one in test}
    return [one for one in train if one.key not in held], test
