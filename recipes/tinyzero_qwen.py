"""TinyZero with the loop of chapter 09: R1-Zero on Countdown, from a Qwen2.5 base.

    python -m recipes.tinyzero_qwen --dry-run --model Qwen/Qwen2.5-1.5B
    python -m recipes.tinyzero_qwen --model Qwen/Qwen2.5-1.5B
    python -m recipes.tinyzero_qwen --smoke

Tier: gpu. It downloads the model (Apache-2.0; the 3B has Qwen's research licence) and
Countdown-Tasks-3to4. TinyZero reports that 0.5B fails to learn to reason, and that 3B
does for less than $30 (github.com/Jiayi-Pan/TinyZero). Learning is not measured here;
`--dry-run` computes what it costs.
"""

import random
from dataclasses import replace

from r1lib.rl import grpo
from r1lib.training import optim
from recipes import common, plan, tasks

SETTINGS = grpo.GRPOConfig(
    steps=200,
    prompts=32,
    group_size=8,
    max_new_tokens=512,
    lr=1e-6,
    decay=0.0,
    minibatches=2,
    micro_tokens=8192,
)
SMOKE = grpo.GRPOConfig(
    steps=2, prompts=4, group_size=2, max_new_tokens=6, lr=1e-4, minibatches=2
)
PROMPT, WRITTEN = 96, 320  # tokens of a prompt and of a mean completion, for the plan


def main(table: str = "countdown", doc: str = __doc__, model="Qwen/Qwen2.5-1.5B"):
    """Plan, or train and measure on problems that training has not seen."""
    made = common.parser(doc, model, f"{table}-grpo")
    made.add_argument("--table", help="folder of the table, without a network")
    asked = made.parse_args()
    if asked.dry_run:
        c = common.preset_of(asked.model)
        title = f"GRPO on {table} from {asked.model}"
        found = plan.reinforcement(title, c, SETTINGS, PROMPT, WRITTEN, asked.gpu)
        print(found.text())
        return
    config = SMOKE if asked.smoke else SETTINGS
    policy, tokenizer, folder = common.start(asked, common.BASE)
    train, test = read(table, asked)
    before = common.accuracy(policy, tokenizer, test, config.max_new_tokens)
    loop = grpo.train(
        policy,
        tokenizer,
        lambda rng: rng.choice(train),
        config,
        optim.adamw(policy, config.lr),
    )
    metrics = (found for found, _ in loop)
    shown = ("reward", "accuracy", "length")
    history = common.follow(metrics, config.steps, table, shown, policy)
    after = common.accuracy(policy, tokenizer, test, config.max_new_tokens)
    common.finish(asked, policy, tokenizer, folder, history, before=before, after=after)


def read(table: str, asked) -> tuple[list, list]:
    """Problems of the table; in smoke mode a few made-up ones of the same columns."""
    if not asked.smoke:
        return tasks.train_and_test(table, asked.table)
    rng, rows = random.Random(asked.seed), []
    for _ in range(12):
        numbers = [rng.randint(1, 9) for _ in range(3)]
        question = "+".join(map(str, numbers))
        rows.append(
            {"nums": numbers, "target": sum(numbers)}
            if table == "countdown"
            else {"question": question, "answer": f"#### {sum(numbers)}"}
        )
    found = [tasks.problem(table, row) for row in rows]
    found = [replace(p, prompt=p.prompt[:60]) for p in found]
    return found[:8], found[8:]


if __name__ == "__main__":
    common.run(main)
