"""The recipe of R1, and the edition of what it makes.

A change of tokenizer, prompt format, texts or recipe makes the next edition. The
chapters read that of `PUBLISHED`. With R1_EDITION=2 in the environment, `train` and
`measure` make the next one: see CONTRIBUTING.md.
"""

import os

FIRST = 1  # of what was written before anything named its edition
PUBLISHED = 1


def edition() -> int:
    """The edition that this process makes: R1_EDITION, or the published one."""
    asked = os.environ.get("R1_EDITION", str(PUBLISHED))
    known = range(PUBLISHED, PUBLISHED + 2)
    if asked not in map(str, known):
        wanted = f"R1_EDITION must be {PUBLISHED} or {PUBLISHED + 1}"
        raise ValueError(f"{wanted}, got {asked[:40]!r}")
    return int(asked)


EDITION = edition()
