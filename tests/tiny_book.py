"""A book of one short chapter with its own r1lib, for the tests of the tools."""

from pathlib import Path

from tools.book_source import Book

LIBRARY = {
    "r1lib/__init__.py": '"""A tiny r1lib."""\n',
    "r1lib/numbers.py": '''"""Numbers."""

STEP = 2


def double(x: int) -> int:
    """Twice a number.

    >>> double(2)
    4
    """
    # a comment that stays
    return STEP * x


def unused(x):
    return x
''',
    "r1lib/checks.py": '''"""Checks."""


def report(name, test):
    try:
        test()
    except NotImplementedError:
        print(f"Exercise {name}: not started yet")
    else:
        print(f"Exercise {name}: correct")
''',
}

HEAD = """# %% [markdown] tags=["slide"]
# # Doubling
#
# | | |
# |---|---|
# | You will build | a function |
# | You need | nothing |
# | Minutes to read | 1 |
# | Minutes to run | 1 |
# | Tier | laptop |
# | Paper sections | none |
#
# ![Two dots become four dots](../figures/dots.png)

# %% tags=["setup"]
from pathlib import Path

from r1lib.checks import report
from r1lib.numbers import STEP, double

WEIGHTS = Path("../artifacts") / "base"
RESULT = Path("../results/data") / "one.json"

# %% [markdown] tags=["slide"]
# ## The final form

# %%
# r1lib.numbers.double

# %% tags=["slide", "nbval-check-output"]
double(21)

# %% [markdown]
# ## More of it
"""

EXACT = """
# %% tags=["nbval-check-output"]
print({0}, WEIGHTS.name)
"""

TAIL = """
# %% [markdown]
# ## Summary
#
# Doubling is easy.
#
# ## Questions
#
# 1. Why?
# 2. How?
# 3. When?
#
# ## Exercises
"""

EXERCISE = """
# %% [markdown] tags=["exercise-text"]
# **Exercise 1.{0}** (easy, 5 min) Write `half_{0}`.

# %% tags=["exercise"]
def half_{0}(x):
    # BEGIN SOLUTION
    return x / STEP
    # END SOLUTION

# %% tags=["check"]
report("1.{0}", lambda: half_{0}(2))
"""

RESULT = """{"n": 1, "command": "python -m results.x 0", "seed": 0, "provenance": {
 "commit": "0123abc", "versions": {}, "weights": {}}}"""


def chapter_text() -> str:
    exact = "".join(EXACT.format(i) for i in range(5))
    return HEAD + exact + TAIL + "".join(EXERCISE.format(i) for i in range(1, 5))


def make(root: Path) -> Book:
    """Write the tiny book's sources, library, figure, artifact and result."""
    files = LIBRARY | {
        "book/01_doubling.py": chapter_text(),
        "figures/dots.png": "not really",
        "artifacts/base/weights": "1 2 3",
        "artifacts/other/weights": "4 5 6",
        "results/x.py": "",
        "results/data/one.json": RESULT,
        "README.md": "[Doubling](chapters/01_doubling.ipynb)\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Book(root)


def edit(path: Path, old: str, new: str):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def chapter(book, kind="chapters"):
    return book.output(kind, book.sources()[0])
