"""The book's rewards in verl's form, and problems as rows of verl's parquet files.

    python -m recipes.verl_reward --table countdown --out data
    python -m verl.trainer.main_ppo data.train_files=data/train.parquet \\
        reward.custom_reward_function.path=recipes/verl_reward.py ...

verl calls `compute_score` for each completion. verl runs in an environment of its own
that also has r1lib (`pip install -e . --no-deps`); older versions of verl name the
setting custom_reward_function.path. The file is read alone, hence its imports.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from r1lib import rewards  # noqa: E402
from recipes import tasks  # noqa: E402


def row(name: str, content: dict, index: int, split: str) -> dict:
    """One row of a published table as verl wants it."""
    made = tasks.problem(name, content)
    return {
        "data_source": name,
        "prompt": [{"role": "user", "content": made.prompt}],
        "ability": "math",
        "reward_model": {"style": "rule", "ground_truth": json.dumps(content)},
        "extra_info": {"index": index, "split": split},
    }


def compute_score(data_source, solution_str, ground_truth, extra_info=None) -> dict:
    """Score one completion: `score` is what trains, the rest is logged."""
    problem = tasks.problem(data_source, json.loads(ground_truth))
    right = rewards.accuracy(problem, solution_str)
    form = rewards.format(problem, solution_str)
    return {"score": right + rewards.FORMAT_WEIGHT * form, "right": right, "form": form}


def main() -> None:
    """Write train.parquet and test.parquet of a table."""
    import datasets

    made = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    made.add_argument("--table", choices=tasks.TABLES, default="countdown")
    made.add_argument("--folder", help="of the table, without a network")
    made.add_argument("--out", type=Path, default=Path("data"))
    made.add_argument("--test", type=int, default=512)
    asked = made.parse_args()
    try:
        found = tasks.rows(asked.table, "train", asked.folder)
    except ValueError as error:
        sys.exit(str(error))
    asked.out.mkdir(parents=True, exist_ok=True)
    for split, part in (("test", found[: asked.test]), ("train", found[asked.test :])):
        rows = [row(asked.table, one, i, split) for i, one in enumerate(part)]
        path = asked.out / f"{split}.parquet"
        datasets.Dataset.from_list(rows).to_parquet(str(path))
        print(f"wrote {path}: {len(rows):,} rows")


if __name__ == "__main__":
    main()
