"""Our tasks and rewards with TRL's GRPOTrainer in place of our loop.

    python -m recipes.trl_grpo --dry-run
    accelerate launch -m recipes.trl_grpo --model Qwen/Qwen2.5-1.5B-Instruct
    python -m recipes.trl_grpo --smoke

Tier: gpu or cluster: accelerate spreads it over the GPUs that it is told of, and
`--vllm` lets vLLM sample beside the trainer. Smoke mode trains the book's tiny base on
a CPU, in the form in which `hub.export_hf` gives it to transformers.
"""

import random
import tempfile
from pathlib import Path

from r1lib import artifacts, hub
from r1lib.world.draws import draw_reasoning
from recipes import common, engines, plan, tasks, tinyzero_qwen

SMOKE = {
    "max_steps": 2,
    "per_device_train_batch_size": 4,
    "num_generations": 4,
    "max_completion_length": 24,
    "use_cpu": True,
    "bf16": False,
}
REAL = {
    "max_steps": tinyzero_qwen.SETTINGS.steps,
    "per_device_train_batch_size": 8,
    "gradient_accumulation_steps": 32,
    "num_generations": 8,
    "max_completion_length": 512,
    "gradient_checkpointing": True,
    "bf16": True,
}


def start(asked, folder: Path):
    """The folder or name of the model, and the problems to learn from."""
    if not asked.smoke:
        return asked.model, tasks.train_and_test(asked.table_name, asked.table)[0]
    model, tokenizer = artifacts.load("base-tiny")
    hub.export_hf(model, folder / "base", tokenizer)
    rng = random.Random(asked.seed)
    return str(folder / "base"), [draw_reasoning(rng) for _ in range(16)]


def train(asked, folder: Path) -> list[dict]:
    """Train with TRL; returns what it logged."""
    trl = engines.need("trl", "pip install trl accelerate")
    import datasets

    model, problems = start(asked, folder)
    settings = trl.GRPOConfig(
        output_dir=str(asked.out),
        seed=asked.seed,
        learning_rate=1e-4 if asked.smoke else 1e-6,
        loss_type="dapo",
        scale_rewards="none",  # as our loop: not divided by the group's std
        epsilon_high=0.28,
        use_vllm=asked.vllm,
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        **(SMOKE if asked.smoke else REAL),
    )
    trainer = trl.GRPOTrainer(
        model,
        reward_funcs=engines.trl_reward(problems),
        args=settings,
        train_dataset=datasets.Dataset.from_list(engines.table(problems)),
    )
    trainer.train()
    trainer.save_model(str(asked.out / "model"))
    return trainer.state.log_history


def main() -> None:
    """Plan, or train."""
    made = common.parser(__doc__, "Qwen/Qwen2.5-1.5B-Instruct", "trl-grpo")
    made.add_argument("--table-name", choices=tasks.TABLES, default="countdown")
    made.add_argument("--table", help="folder of the table, without a network")
    made.add_argument("--vllm", action="store_true", help="let vLLM sample")
    asked = made.parse_args()
    if asked.dry_run:
        c = common.preset_of(asked.model)
        given = (c, tinyzero_qwen.SETTINGS, tinyzero_qwen.PROMPT, tinyzero_qwen.WRITTEN)
        title = f"GRPO by TRL from {asked.model}"
        print(plan.reinforcement(title, *given, asked.gpu).text())
        return
    with tempfile.TemporaryDirectory() as folder:
        history = train(asked, Path(folder))
    rewards = [round(point["reward"], 3) for point in history if "reward" in point]
    print(f"wrote {asked.out}; rewards {rewards}")


if __name__ == "__main__":
    common.run(main)
