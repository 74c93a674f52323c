"""GRPO on the word problems of GSM8K, with the loop of chapter 09.

    python -m recipes.gsm8k_grpo --dry-run
    python -m recipes.gsm8k_grpo --model Qwen/Qwen2.5-0.5B
    python -m recipes.gsm8k_grpo --smoke

Tier: gpu. It downloads the model (Apache-2.0) and GSM8K (MIT). A Qwen2.5 base solves
some of these problems without RL: report the accuracy before and after, as this does.
"""

from recipes import common, tinyzero_qwen


def main() -> None:
    """Plan, or train on the training split and measure on the test split."""
    tinyzero_qwen.main("gsm8k", __doc__, "Qwen/Qwen2.5-0.5B")


if __name__ == "__main__":
    common.run(main)
