"""Write pairs of answers for a blind reading: which of two would you rather read?

    python -m results.pairs runs/seed-0 ../blind

R1-Zero's answer and Dev1's to the same test problem, both right, half of them in
English and half in Korean. Which is on top is drawn by seed. The folder gets pairs.md,
for the reader, and key.json, for whoever counts. This is a check for the makers of a
recipe; one reader's taste is no measurement, so no file of it is kept.
"""

import argparse
import json
import random
from pathlib import Path

from r1lib import evaluate, files
from r1lib.problem import problems
from r1lib.recipe import checkpoints
from r1lib.recipe.pipeline import FAMILIES
from results.coverage import LONGEST

PAIRS, DRAWN, SEED = 20, 96, 23
MODELS = ("zero", "dev1")
HEAD = """# Which of the two would you rather read?

Each page has a problem and two answers. Both are right. For each, write A or B: the one
in which a person can follow the thinking better.
"""


def right_answers(folder: Path, model: str, asked) -> list[str]:
    """The first sample of each problem, or "" where it is wrong."""
    policy, tokenizer = checkpoints.load(folder, model)
    found = evaluate.answer(policy, tokenizer, asked, max_new_tokens=LONGEST, seed=SEED)
    rows = zip(found.texts, found.right.tolist(), strict=True)
    return [texts[0] if right[0] else "" for texts, right in rows]


def drawn(folder: Path, pairs: int = PAIRS) -> list[dict]:
    """Pairs of right answers, as many in each language, in an order by seed."""
    asked = [p for d in FAMILIES.values() for p in problems(d, DRAWN, SEED, "test")]
    answers = {name: right_answers(folder, name, asked) for name in MODELS}
    rng, found = random.Random(SEED), []
    for language in ("en", "ko"):
        both = [
            {"prompt": p.prompt, "zero": zero, "dev1": dev1}
            for p, zero, dev1 in zip(asked, *answers.values(), strict=True)
            if p.language == language and zero and dev1
        ]
        if len(both) < pairs // 2:
            raise ValueError(
                f"wanted {pairs // 2} problems that both solve in {language!r}, "
                f"got {len(both)}"
            )
        found += rng.sample(both, pairs // 2)
    rng.shuffle(found)
    return [{**pair, "top": rng.choice(MODELS)} for pair in found]


def page(number: int, pair: dict) -> str:
    """One problem and its two answers."""
    other = MODELS[1 - MODELS.index(pair["top"])]
    answers = [("A", pair[pair["top"]]), ("B", pair[other])]
    blocks = [f"**{name}**\n\n```text\n{text}\n```" for name, text in answers]
    question = f"```text\n{pair['prompt']}\n```"
    return "\n\n".join([f"## {number}", question, *blocks])


def main() -> None:
    """Write both files."""
    made = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    made.add_argument("run", type=Path)
    made.add_argument("out", type=Path)
    asked = made.parse_args()
    pairs = drawn(asked.run)
    asked.out.mkdir(parents=True, exist_ok=True)
    pages = [page(i, pair) for i, pair in enumerate(pairs, 1)]
    files.write_text(asked.out / "pairs.md", "\n\n".join([HEAD, *pages]) + "\n")
    key = {str(i): "A" if p["top"] == "dev1" else "B" for i, p in enumerate(pairs, 1)}
    files.write_text(asked.out / "key.json", json.dumps(key, indent=1))
    print(f"wrote {len(pairs)} pairs")


if __name__ == "__main__":
    main()
