"""Every row of the table by its name, in order."""

from benchmarks import experts, grpo, rewards, sampling, tokenizer, training
from benchmarks.harness import Row
from r1lib.files import shown

SCRIPTS = (grpo, sampling, training, experts, tokenizer, rewards)
ROWS: dict[str, Row] = {row.name: row for script in SCRIPTS for row in script.ROWS}
OTHERS = ("profile", "growth", "chapters")  # not beside anybody
NAMES = (*ROWS, *OTHERS)


def chosen(name: str | None) -> list[str]:
    """The names that one word asks for: all, one, or those that begin with it.

    >>> chosen("training")
    ['training-v3', 'training-dense']
    """
    if name is None:
        return list(NAMES)
    found = [known for known in NAMES if known == name]
    found = found or [known for known in NAMES if known.startswith(f"{name}-")]
    if not found:
        raise ValueError(
            f"no benchmark {shown(name)}; there are {', '.join(NAMES)}, "
            "and what these have in common in front of a '-'"
        )
    return found
